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
use tokio::{
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::Common;

/// How long a client waits before it takes an answer for lost.
const PATIENCE: Duration = Duration::from_millis(1500);
/// After so long one that insists asks again.
const AGAIN: Duration = Duration::from_millis(100);

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

impl Answer {
    /// Whether it says that nothing can be written now, and that nothing was changed:
    /// where that is not known, the code is another.
    pub(crate) fn changed_nothing(&self) -> bool {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        self.status == 503 && problem["code"] == "store_unavailable"
    }
}

/// A client with one connection at a time.
pub(crate) struct Client {
    pub(crate) door: Door,
    patience: Duration,
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
#[derive(Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<String>,
    /// The answers that there are to it.
    pub(crate) due: &'static [u16],
}

/// The answers to who reads. That it cannot be done now is due to everybody.
const TO_READERS: &[u16] = &[200, 503];
/// To who places an order: its twin may be under way.
pub(crate) const TO_ORDERS: &[u16] = &[201, 409, 503];
/// To who places an order that is not to be had.
pub(crate) const TO_WHAT_IS_REFUSED: &[u16] = &[409, 422, 503];
/// To who changes an order, or looks at it. That it is not there is due to whom it was
/// not acknowledged; the checker goes by that.
pub(crate) const TO_CHANGES: &[u16] = &[200, 404, 409, 412, 503];
pub(crate) const TO_A_LOOK: &[u16] = &[200, 404, 503];

impl<'a> Ask<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, headers: &[], body: None, due: TO_READERS }
    }

    pub(crate) fn post(path: &'a str, body: &serde_json::Value, due: &'static [u16]) -> Self {
        Self { method: Method::POST, path, headers: &[], body: Some(body.to_string()), due }
    }
}

impl Client {
    pub(crate) fn new(door: Door) -> Self {
        Self::patient(door, PATIENCE)
    }

    /// One that waits for so long: where nothing is in the way, a slow machine may be.
    pub(crate) fn patient(door: Door, patience: Duration) -> Self {
        Self { door, patience, connection: None }
    }

    /// Asks until there is an answer that says whether it is done, for as long as this
    /// client is patient.
    pub(crate) async fn insist(&mut self, ask: Ask<'_>) -> Result<Answer, String> {
        let until = Instant::now() + self.patience;
        loop {
            match self.send(ask.clone()).await {
                Some(answer) if answer.status != 503 => return Ok(answer),
                _ if Instant::now() < until => sleep(AGAIN).await,
                Some(_) => return Err(format!("{} {}: still 503", ask.method, ask.path)),
                None => return Err(format!("{} {}: no answer", ask.method, ask.path)),
            }
        }
    }

    /// Asks; an answer that does not come in time or not whole is none, and takes the
    /// connection with it.
    pub(crate) async fn send(&mut self, ask: Ask<'_>) -> Option<Answer> {
        let (what, due) = (format!("{} {}", ask.method, ask.path), ask.due);
        let answer = timeout(self.patience, self.try_send(ask)).await.ok().and_then(Result::ok);
        let (status, body) = answer.as_ref().map_or((0, &[][..]), |it| (it.status, &it.body));
        self.door.common.answered(status, due, &what, body);
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
        let (what, due) = (format!("{} {}", ask.method, ask.path), ask.due);
        let response = timeout(self.patience, self.begin(ask)).await.ok().and_then(Result::ok);
        let status = response.as_ref().map_or(0, |response| response.status().as_u16());
        self.door.common.answered(status, due, &what, &[]);
        response
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
