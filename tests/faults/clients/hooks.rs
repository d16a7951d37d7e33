//! Receivers of webhooks: what they accept they note before they answer.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
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
    let message = request.headers().get("webhook-id")?.to_str().ok()?.to_owned();
    let body = request.into_body().collect().await.ok()?.to_bytes();
    let sent: Message<'_> = serde_json::from_slice(&body).ok()?;
    let delivery = Delivery {
        message,
        seq: seq_of(&sent.id)?,
        kind: sent.kind,
        digest: Digest::of(sent.data.get()),
    };
    lock(&book.hooks).get_mut(index)?.accepted.push(delivery);
    book.news.notify_one();
    Some(())
}
