//! As much of HTTP as a load client needs: it must cost little, or it measures itself.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{PoisonError, RwLock},
};

use anyhow::{Context as _, bail};
use live_orders::server::{
    access::{
        register::{self, By, NewUser, Register},
        roles::Role,
    },
    clock::Clock,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Connects without Nagle's algorithm.
async fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let socket = TcpStream::connect(address).await.context("cannot connect")?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Reads up to the end of an answer's head: the head, and what came behind it.
async fn head(socket: &mut TcpStream) -> anyhow::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Ok((String::from_utf8(bytes)?, rest));
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            bail!("the server closed the connection");
        }
    }
}

/// What lets this program in at the server that it has started, as lines of a
/// request's head; nothing at one that runs already.
static ADMISSION: RwLock<String> = RwLock::new(String::new());

/// From now on requests are those of a manager of the server with its store in `folder`.
pub(crate) fn let_in(folder: &Path) -> anyhow::Result<()> {
    let register = Register::open(folder)?;
    let at = Clock::system().now();
    let by = By::here("load", at);
    let (name, role) = ("load".to_owned(), Role::Manager);
    let new = NewUser { name, role, locations: Vec::new(), password: None };
    let session = register.change(|to| {
        register::make_user(to, &new, &by)?;
        let user = register::user_called(to, &new.name)?;
        user.map_or(Ok(None), |user| register::begin_session(to, &user, at))
    })?;
    let session = session.context("a user")?.reveal();
    *ADMISSION.write().unwrap_or_else(PoisonError::into_inner) =
        format!("cookie: live-orders-session={session}\r\n");
    Ok(())
}

/// Lines of a request's head that let it in, if any are needed.
pub(crate) fn admission() -> String {
    ADMISSION.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Opens a stream: its connection, and what has come of it already.
pub(crate) async fn open_stream(
    address: SocketAddr,
    query: &str,
) -> anyhow::Result<(TcpStream, Vec<u8>)> {
    let mut socket = connect(address).await?;
    let request =
        format!("GET /live-orders{query} HTTP/1.1\r\nhost: {address}\r\n{}\r\n", admission());
    socket.write_all(request.as_bytes()).await?;
    let (head, rest) = head(&mut socket).await?;
    if !head.starts_with("HTTP/1.1 200") {
        bail!("the stream was refused: {}", head.lines().next().unwrap_or_default());
    }
    Ok((socket, rest))
}

/// A connection that posts orders, one after the other.
pub(crate) struct Poster {
    address: SocketAddr,
    socket: TcpStream,
}

impl Poster {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self { address, socket: connect(address).await? })
    }

    /// Posts `body` and waits until it is acknowledged; the answer's body.
    pub(crate) async fn post(&mut self, body: &str) -> anyhow::Result<Vec<u8>> {
        let request = format!(
            "POST /api/orders HTTP/1.1\r\nhost: {}\r\n{}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            admission(),
            body.len()
        );
        self.socket.write_all(request.as_bytes()).await?;
        let (head, mut rest) = head(&mut self.socket).await?;
        if !head.starts_with("HTTP/1.1 201") {
            bail!("the order was refused: {}", head.lines().next().unwrap_or_default());
        }
        let length: usize = head
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then_some(value.trim())
            })
            .and_then(|value| value.parse().ok())
            .context("an answer without a length")?;
        while rest.len() < length {
            if self.socket.read_buf(&mut rest).await? == 0 {
                bail!("the server closed the connection");
            }
        }
        Ok(rest)
    }
}
