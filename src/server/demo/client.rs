//! A small HTTP client for the server's public API: one connection that is
//! kept and made anew when it is gone.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::http::{Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// A connection to the server.
#[derive(Debug)]
pub(super) struct Client {
    server: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// What the server answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// A request, apart from where it goes.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) key: Option<String>,
    pub(super) body: Bytes,
}

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer that is read, in bytes: a page of events with large orders.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;

impl Client {
    /// A client that has not connected yet.
    pub(super) fn new(server: SocketAddr) -> Self {
        Self { server, sender: None }
    }

    /// Sends `call` and reads the answer. After an error nobody knows whether
    /// the server has done it.
    ///
    /// # Errors
    /// When the server cannot be reached, is too slow or breaks off.
    pub(super) async fn send(&mut self, call: &Call) -> anyhow::Result<Answer> {
        let answer = match timeout(PATIENCE, self.exchange(call)).await {
            Ok(answer) => answer,
            Err(_) => Err(anyhow::anyhow!("no answer in {} s", PATIENCE.as_secs())),
        };
        if answer.is_err() {
            self.sender = None;
        }
        answer
    }

    async fn exchange(&mut self, call: &Call) -> anyhow::Result<Answer> {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        sender.ready().await.context("the connection is gone")?;
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header(header::HOST, self.server.to_string())
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "live-orders demo");
        if !call.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(key) = &call.key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Full::new(call.body.clone())).context("building a request")?;
        let response = sender.send_request(request).await.context("sending a request")?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES)
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!("reading an answer: {error}"))?
            .to_bytes();
        self.sender = Some(sender);
        Ok(Answer { status, body })
    }

    async fn connect(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.server).await.context("connecting")?;
        stream.set_nodelay(true).context("connecting")?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.context("connecting")?;
        // Ends with the sender.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "demo.connection.broken");
            }
        });
        Ok(sender)
    }
}
