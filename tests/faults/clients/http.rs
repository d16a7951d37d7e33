//! A client of HTTP/1.1 whose connection may go at any time.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Method, Request, Response,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

use super::Common;

/// How long a client waits before it takes an answer for lost.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Where the program is reached, and as whom.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) cookie: Arc<str>,
    pub(crate) common: Arc<Common>,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A client with one connection at a time.
pub(crate) struct Client {
    pub(crate) door: Door,
    connection: Option<Connection>,
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    task: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is asked: the method, the address, headers and a body.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<String>,
}

impl<'a> Ask<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, headers: &[], body: None }
    }

    pub(crate) fn post(path: &'a str, body: &serde_json::Value) -> Self {
        Self { method: Method::POST, path, headers: &[], body: Some(body.to_string()) }
    }
}

impl Client {
    pub(crate) fn new(door: Door) -> Self {
        Self { door, connection: None }
    }

    /// Asks; an answer that does not come in time or not whole is none, and takes the
    /// connection with it.
    pub(crate) async fn send(&mut self, ask: Ask<'_>) -> Option<Answer> {
        let what = format!("{} {}", ask.method, ask.path);
        let answer = timeout(PATIENCE, self.try_send(ask)).await.ok().and_then(Result::ok);
        let (status, body) = answer.as_ref().map_or((0, &[][..]), |it| (it.status, &it.body));
        self.door.common.answered(status, &what, body);
        if answer.is_none() {
            self.connection = None;
        }
        answer
    }

    async fn try_send(&mut self, ask: Ask<'_>) -> Result<Answer, String> {
        let response = self.begin(ask).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?;
        Ok(Answer { status, headers, body: body.to_bytes() })
    }

    /// Asks for something that comes bit by bit.
    pub(crate) async fn open(&mut self, ask: Ask<'_>) -> Option<Response<Incoming>> {
        self.connection = None;
        timeout(PATIENCE, self.begin(ask)).await.ok().and_then(Result::ok)
    }

    async fn begin(&mut self, ask: Ask<'_>) -> Result<Response<Incoming>, String> {
        if self.connection.as_ref().is_none_or(|connection| connection.sender.is_closed()) {
            let socket =
                TcpStream::connect(self.door.address).await.map_err(|error| error.to_string())?;
            let (sender, connection) =
                http1::handshake(TokioIo::new(socket)).await.map_err(|error| error.to_string())?;
            let task = tokio::spawn(async move {
                let _ = connection.await;
            });
            self.connection = Some(Connection { sender, task });
        }
        let Some(connection) = &mut self.connection else { return Err("no connection".to_owned()) };
        let mut request = Request::builder()
            .method(ask.method)
            .uri(ask.path)
            .header("host", self.door.address.to_string())
            .header("cookie", &*self.door.cookie);
        // A form says so itself.
        let declared = ask.headers.iter().any(|(name, _)| *name == "content-type");
        if ask.body.is_some() && !declared {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::from(ask.body.unwrap_or_default()));
        let request = request.body(body).map_err(|error| error.to_string())?;
        connection.sender.ready().await.map_err(|error| error.to_string())?;
        connection.sender.send_request(request).await.map_err(|error| error.to_string())
    }
}
