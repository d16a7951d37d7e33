//! Connections: accepted, served, drained.
//!
//! `axum::serve` leaves Nagle's algorithm on, which holds small frames back
//! for tens of milliseconds, and lets a client that reads nothing pin its
//! memory for good. Here every connection has Nagle off, a small unsent
//! buffer in the kernel, a time-out for the request's head and one for writing;
//! and a stream's socket can be taken from hyper (see [`super::stream`]). With
//! [`tls`] a connection is more than a socket, and stays hyper's.

use std::{
    convert::Infallible,
    future::{Future as _, poll_fn},
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use axum::{Router, body::Body, http::response};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};
use tower_service::Service as _;

use super::stream::{Cut, Peer, Takeable, Taken};

mod patient;
pub mod tls;

pub use patient::Patient;
use tls::TlsDoor;

/// Connections that may wait to be accepted. Fewer send a storm of
/// reconnecting screens into seconds of back-off.
const BACKLOG: i32 = 4096;
/// Bytes that the kernel holds for a client that reads nothing.
const UNSENT_BYTES: u32 = 64 * 1024;
/// Bytes of an answer that are held back while they wait to be written.
const BUFFER_BYTES: usize = 64 * 1024;
/// How long a client may confirm nothing at least, because packets get lost.
#[cfg(target_os = "linux")]
const UNCONFIRMED: Duration = Duration::from_secs(10);
/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How connections behave.
#[derive(Clone, Copy, Debug)]
pub struct ListenSettings {
    /// How long a client may read nothing.
    pub write_timeout: Duration,
    /// How many connections there may be; a stream counts as one, another as two.
    pub most: usize,
    /// How long requests may take to finish once the server stops.
    pub drain: Duration,
}

/// Listens on `address`.
///
/// # Errors
/// The address is taken or is none of this machine's.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves `router` until `shutdown`, then lets requests finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: ListenSettings,
    shutdown: CancellationToken,
) {
    accept(listener, router, None, settings, shutdown).await;
}

/// Serves `router` over TLS until `shutdown`, then lets requests finish.
pub async fn serve_tls(
    listener: TcpListener,
    router: Router,
    door: TlsDoor,
    settings: ListenSettings,
    shutdown: CancellationToken,
) {
    accept(listener, router, Some(door), settings, shutdown).await;
}

async fn accept(
    listener: TcpListener,
    router: Router,
    door: Option<TlsDoor>,
    settings: ListenSettings,
    shutdown: CancellationToken,
) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            // Each open file that is left is one that something else may need.
            Ok(_) if connections.len() >= settings.most => {
                tracing::warn!(connections = connections.len(), "http.connections.full");
            }
            Ok((socket, peer)) => {
                let (router, door) = (router.clone(), door.clone());
                let open = connections.token();
                let shutdown = shutdown.clone();
                connections.spawn(async move {
                    // A connection that asks nothing costs next to nothing:
                    // browsers open some ahead of time, and a storm opens them all.
                    let asks = tokio::select! {
                        asks = tokio::time::timeout(HEAD_TIMEOUT, socket.readable()) => asks,
                        () = shutdown.cancelled() => return,
                    };
                    if matches!(asks, Ok(Ok(()))) {
                        let peer = Peer(peer.ip());
                        if let Some(door) = door {
                            let begun = door.enter(socket, peer, router, settings, shutdown, open);
                            Box::pin(begun).await;
                            return;
                        }
                        Box::pin(connection(socket, peer, router, settings, shutdown, open)).await;
                    }
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "http.accept.failed");
                // Out of descriptors: waiting for some to come back beats spinning.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(settings.drain, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "http.drain.incomplete");
    }
}

async fn connection(
    socket: TcpStream,
    peer: Peer,
    router: Router,
    settings: ListenSettings,
    shutdown: CancellationToken,
    open: TaskTrackerToken,
) {
    if let Err(error) = prepare(&socket, settings.write_timeout) {
        tracing::debug!(error = %error, "http.socket.options.failed");
    }
    // Where the service leaves a stream that wants the socket.
    let slot: Arc<Mutex<Option<(response::Parts, Taken)>>> = Arc::default();
    let cut = Cut::default();
    let patient = Patient::new(socket, settings.write_timeout, cut.clone());
    let service = {
        let slot = Arc::clone(&slot);
        service_fn(move |request: Request<Incoming>| {
            let (slot, mut router) = (Arc::clone(&slot), router.clone());
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Takeable);
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(cut.clone());
            async move {
                let mut response = match router.call(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                };
                if let Some(taken) = response.extensions_mut().remove::<Taken>() {
                    let (head, _) = response.into_parts();
                    *lock(&slot) = Some((head, taken));
                    // Held back for good: the connection comes apart.
                    return std::future::pending().await;
                }
                Ok::<_, Infallible>(response)
            }
        })
    };
    let io = TokioIo::new(patient);
    let mut serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(io, service);
    let mut stopping = pin!(shutdown.cancelled());
    let mut stopped = false;
    let ended = poll_fn(|context| {
        if !stopped && stopping.as_mut().poll(context).is_ready() {
            stopped = true;
            Pin::new(&mut serving).graceful_shutdown();
        }
        match Pin::new(&mut serving).poll(context) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if lock(&slot).is_some() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    match ended {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(error = %error, "http.connection.ended"),
        None => {
            let socket = serving.into_parts().io.into_inner().into_inner();
            let taken = lock(&slot).take();
            if let Some((head, taken)) = taken {
                taken.run(head, socket, open).await;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn prepare(socket: &TcpStream, write_timeout: Duration) -> io::Result<()> {
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        let socket = SockRef::from(socket);
        socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
        // A screen that was switched off confirms nothing any more.
        socket.set_tcp_user_timeout(Some(write_timeout.max(UNCONFIRMED)))?;
    }
    Ok(())
}
