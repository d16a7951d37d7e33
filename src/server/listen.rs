//! Connections: accepted, served, drained.
//!
//! `axum::serve` leaves Nagle's algorithm on, which holds small frames back
//! for tens of milliseconds, and lets a client that reads nothing pin its
//! memory for good. Here every connection has Nagle off, a small unsent
//! buffer in the kernel, a time-out for the request's head and one for writing.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Connections that may wait to be accepted. Fewer send a storm of
/// reconnecting screens into seconds of back-off.
const BACKLOG: i32 = 4096;
/// Bytes that the kernel holds for a client that reads nothing.
const UNSENT_BYTES: u32 = 64 * 1024;
/// Bytes of an answer that are held back while they wait to be written.
const BUFFER_BYTES: usize = 64 * 1024;
/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How connections behave.
#[derive(Clone, Copy, Debug)]
pub struct ListenSettings {
    /// How long a client may read nothing.
    pub write_timeout: Duration,
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
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((socket, _)) => {
                let router = router.clone();
                connections.spawn(connection(socket, router, settings, shutdown.clone()));
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
    router: Router,
    settings: ListenSettings,
    shutdown: CancellationToken,
) {
    if let Err(error) = prepare(&socket) {
        tracing::debug!(error = %error, "http.socket.options.failed");
    }
    let mut socket = TimeoutStream::new(socket);
    socket.set_write_timeout(Some(settings.write_timeout));
    let socket = Box::pin(socket);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router));
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, "http.connection.ended");
    }
}

fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    Ok(())
}
