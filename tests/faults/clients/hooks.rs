//! Receivers of webhooks: what they accept they note before they answer.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    HeaderMap, Request, Response, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use ring::hmac;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

use super::{lock, seq_of};
use crate::history::{Delivery, Digest, Hook};

/// All receivers of a run: each at an address of its own, `/0`, `/1`.
pub(crate) struct Receivers {
    pub(crate) address: SocketAddr,
    pub(crate) book: Arc<Book>,
    task: JoinHandle<()>,
}

/// What they share.
pub(crate) struct Book {
    pub(crate) hooks: Mutex<Vec<Hook>>,
    /// What each webhook is signed with, in the same order.
    secrets: Mutex<Vec<hmac::Key>>,
    /// Whether they refuse.
    pub(crate) trouble: AtomicBool,
    /// Told with each that is accepted.
    pub(crate) news: Notify,
}

#[derive(Deserialize)]
struct Message<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Receivers {
    pub(crate) async fn start(hooks: Vec<Hook>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let book = Arc::new(Book {
            hooks: Mutex::new(hooks),
            secrets: Mutex::default(),
            trouble: AtomicBool::new(false),
            news: Notify::new(),
        });
        let shared = Arc::clone(&book);
        let task = tokio::spawn(async move {
            loop {
                let Ok((socket, _)) = listener.accept().await else { continue };
                let book = Arc::clone(&shared);
                let service = service_fn(move |request| receive(request, Arc::clone(&book)));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
            }
        });
        Ok(Self { address, book, task })
    }
}

impl Book {
    /// Notes the next webhook's secret, as it was told; none where it is not one.
    pub(crate) fn trust(&self, secret: &str) -> Option<()> {
        let secret = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        lock(&self.secrets).push(hmac::Key::new(hmac::HMAC_SHA256, &secret));
        Some(())
    }

    /// Whether the message is signed as docs/webhooks.md has it. When it was is not asked:
    /// the clock is one of the faults.
    fn is_signed(&self, index: usize, headers: &HeaderMap, body: &[u8]) -> bool {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let named =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let (Some(message), Some(sent), Some(signatures)) = named else { return false };
        let signed = [message.as_bytes(), b".", sent.as_bytes(), b".", body].concat();
        let secrets = lock(&self.secrets);
        let Some(secret) = secrets.get(index) else { return false };
        let mut tags = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
        tags.any(|tag| {
            STANDARD.decode(tag).is_ok_and(|tag| hmac::verify(secret, &signed, &tag).is_ok())
        })
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(
    request: Request<Incoming>,
    book: Arc<Book>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let status = if book.trouble.load(Ordering::SeqCst) {
        503
    } else {
        accept(request, &book).await.map_or(400, |()| 204)
    };
    let mut response = Response::new(Empty::new());
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    Ok(response)
}

/// Notes a message; none where it did not come whole.
async fn accept(request: Request<Incoming>, book: &Book) -> Option<()> {
    let index: usize = request.uri().path().trim_start_matches('/').parse().ok()?;
    let (head, body) = request.into_parts();
    let message = head.headers.get("webhook-id")?.to_str().ok()?.to_owned();
    let body = body.collect().await.ok()?.to_bytes();
    let sent: Message<'_> = serde_json::from_slice(&body).ok()?;
    let delivery = Delivery {
        message,
        signed: book.is_signed(index, &head.headers, &body),
        seq: seq_of(&sent.id)?,
        kind: sent.kind,
        digest: Digest::of(sent.data.get()),
    };
    lock(&book.hooks).get_mut(index)?.accepted.push(delivery);
    book.news.notify_one();
    Some(())
}
