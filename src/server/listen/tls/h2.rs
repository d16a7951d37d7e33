//! One HTTP/2 connection.
//!
//! What a client may make the server hold is bounded: by the limits below, by a
//! socket that must take something within the write time-out, by pings that must be
//! answered, and by [`paced`](super::paced) for a client whose socket takes all
//! but whose streams take nothing.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{
    Request, Uri,
    body::Incoming,
    header::{HOST, HeaderValue},
    rt::Executor,
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::{MissedTickBehavior, Sleep};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use super::{
    super::{ListenSettings, Patient},
    paced::{Paced, Progress},
};
use crate::server::stream::{Peer, Secured};

/// Streams of one connection at a time: a browser's tabs, each with its own.
const MOST_STREAMS: u32 = 256;
/// Bytes of a request's headers.
const MOST_HEADER_BYTES: u32 = 16 * 1024;
/// Bytes of one request's body, and of all of a connection, that may be under way.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// Bytes of an answer that wait for the socket.
const SEND_BUFFER_BYTES: usize = 32 * 1024;
/// Streams that a client opens and resets at once before the connection ends,
/// and those that the server had to reset.
const MOST_RESETS: usize = 20;
const MOST_ERRORS: usize = 256;
/// How often it is looked whether a connection is still used.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// After how many such looks without a request it ends.
const LOOKS: u32 = 4;

tokio::task_local! {
    /// How far the answer of the stream has come whose task this is.
    static PROGRESS: Arc<Progress>;
}

/// Serves a connection to its end.
pub(super) async fn serve(
    stream: TlsStream<Patient>,
    peer: Peer,
    router: Router,
    settings: ListenSettings,
    shutdown: CancellationToken,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        let mut request = request.map(Body::new);
        as_in_http1(&mut request);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(Secured);
        async move {
            let progress = PROGRESS.try_with(Arc::clone).unwrap_or_default();
            request.extensions_mut().insert(progress.cut.clone());
            let response = match router.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            Ok::<_, Infallible>(response.map(|body| Paced::new(body, progress)))
        }
    });
    let streams = Streams { counts: Arc::default(), patience: settings.write_timeout };
    let serving = http2::Builder::new(streams.clone())
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(MOST_HEADER_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .max_pending_accept_reset_streams(MOST_RESETS)
        .max_local_error_reset_streams(MOST_ERRORS)
        .keep_alive_interval(settings.write_timeout)
        .keep_alive_timeout(settings.write_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut idle = Idle::default();
    let mut leaving = false;
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error = %error, "http.connection.ended");
                }
                return;
            }
            () = shutdown.cancelled(), if !leaving => {
                leaving = true;
                serving.as_mut().graceful_shutdown();
            }
            _ = looks.tick() => match idle.looks(&streams) {
                // It was told to go, and has not.
                looks if looks > LOOKS => return,
                LOOKS if !leaving => {
                    leaving = true;
                    serving.as_mut().graceful_shutdown();
                }
                _ => {}
            },
        }
    }
}

/// Lets a request look as it does over HTTP/1.1: the host in its header, and
/// nothing but the path in its address.
fn as_in_http1(request: &mut Request<Body>) {
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    if let Some(host) = authority.and_then(|it| HeaderValue::try_from(it).ok()) {
        request.headers_mut().insert(HOST, host);
    }
    if let Some(path) = request.uri().path_and_query().cloned() {
        *request.uri_mut() = Uri::from(path);
    }
}

/// For how long a connection has not been used.
#[derive(Default)]
struct Idle {
    begun: usize,
    looks: u32,
}

impl Idle {
    /// Looks at `streams`; how many looks have found nothing.
    fn looks(&mut self, streams: &Streams) -> u32 {
        let begun = streams.counts.begun.load(Ordering::Relaxed);
        let used = streams.counts.open.load(Ordering::Relaxed) > 0 || begun != self.begun;
        self.begun = begun;
        self.looks = if used { 0 } else { self.looks + 1 };
        self.looks
    }
}

/// Runs the streams of a connection, each as a task, and ends one whose client
/// takes nothing of it.
#[derive(Clone)]
struct Streams {
    counts: Arc<Counts>,
    patience: Duration,
}

#[derive(Default)]
struct Counts {
    open: AtomicUsize,
    begun: AtomicUsize,
}

/// One stream that is counted; it is not any more when this is dropped.
struct Open(Arc<Counts>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        self.counts.open.fetch_add(1, Ordering::Relaxed);
        self.counts.begun.fetch_add(1, Ordering::Relaxed);
        let open = Open(Arc::clone(&self.counts));
        let patience = self.patience;
        tokio::spawn(async move {
            let _open = open;
            let progress = Arc::<Progress>::default();
            let mut stream = pin!(PROGRESS.scope(Arc::clone(&progress), stream));
            let mut waiting: Option<(u32, Pin<Box<Sleep>>)> = None;
            let mut cut = pin!(progress.cut.clone().made());
            poll_fn(|context| {
                if stream.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                if cut.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                let Some(piece) = progress.waits_with() else {
                    waiting = None;
                    return Poll::Pending;
                };
                if waiting.as_ref().is_none_or(|(since, _)| *since != piece) {
                    waiting = Some((piece, Box::pin(tokio::time::sleep(patience))));
                }
                match &mut waiting {
                    // Dropped before its end, the stream is reset.
                    Some((_, sleep)) => sleep.as_mut().poll(context),
                    None => Poll::Pending,
                }
            })
            .await;
        });
    }
}
