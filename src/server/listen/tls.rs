//! Connections over TLS, with HTTP/2 where the client can.
//!
//! The handshake chooses between HTTP/2 and HTTP/1.1. Who speaks plain HTTP to
//! this port is answered too, by a router that sends them where they should be.

use std::{
    convert::Infallible,
    fmt,
    pin::pin,
    sync::{Arc, LazyLock},
    time::Duration,
};

use anyhow::Context as _;
use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::{CryptoProvider, ring},
    },
    server::TlsStream,
};
use tokio_util::{sync::CancellationToken, task::task_tracker::TaskTrackerToken};
use tower_service::Service as _;

use super::{BUFFER_BYTES, HEAD_TIMEOUT, ListenSettings, Patient, connection, prepare};
use crate::server::stream::{Cut, Peer, Secured};

mod files;
mod h2;
mod keeper;
mod names;
mod own;
mod paced;
mod validity;

pub use files::Files;
pub use keeper::{Keeper, Look};
pub use names::{address_of_this_machine, is_host_name};
pub use own::{OwnCa, Trusted};

/// What the first byte of a TLS connection is.
const HANDSHAKE: u8 = 22;
/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(ring::default_provider()));

/// Where connections come in over TLS. Cheap to clone.
#[derive(Clone)]
pub struct TlsDoor {
    acceptor: TlsAcceptor,
    /// For those who speak plain HTTP.
    plain: Router,
}

impl fmt::Debug for TlsDoor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TlsDoor").finish_non_exhaustive()
    }
}

impl TlsDoor {
    /// A door with the certificate that `keeper` has at each moment, and with
    /// `plain` for those who speak plain HTTP.
    ///
    /// # Errors
    /// There is no randomness to be had.
    pub fn new(keeper: Arc<Keeper>, plain: Router) -> anyhow::Result<Self> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_safe_default_protocol_versions()
            .context("cannot begin TLS")?
            .with_no_client_auth()
            .with_cert_resolver(keeper);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Screens that come back need no new signature, and cost no memory meanwhile.
        config.ticketer = ring::Ticketer::new().context("cannot begin TLS")?;
        config.send_tls13_tickets = 1;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), plain })
    }

    /// Serves one connection to its end.
    pub(super) async fn enter(
        self,
        socket: TcpStream,
        peer: Peer,
        router: Router,
        settings: ListenSettings,
        shutdown: CancellationToken,
        open: TaskTrackerToken,
    ) {
        let mut first = [0];
        match socket.peek(&mut first).await {
            Ok(1) if first == [HANDSHAKE] => {}
            Ok(1) => return connection(socket, peer, self.plain, settings, shutdown, open).await,
            _ => return,
        }
        if let Err(error) = prepare(&socket, settings.write_timeout) {
            tracing::debug!(error = %error, "http.socket.options.failed");
        }
        let cut = Cut::default();
        let patient = Patient::new(socket, settings.write_timeout, cut.clone());
        let handshake = self.acceptor.accept(patient);
        let shaken = tokio::select! {
            shaken = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake) => shaken,
            () = shutdown.cancelled() => return,
        };
        match shaken {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                h2::serve(stream, peer, router, settings, shutdown).await;
            }
            Ok(Ok(stream)) => http1(stream, (peer, cut), router, shutdown).await,
            Ok(Err(error)) => tracing::debug!(error = %error, "tls.handshake.failed"),
            Err(_) => tracing::debug!("tls.handshake.timeout"),
        }
    }
}

async fn http1(
    stream: TlsStream<Patient>,
    (peer, cut): (Peer, Cut),
    router: Router,
    shutdown: CancellationToken,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(cut.clone());
        request.extensions_mut().insert(Secured);
        async move {
            match router.call(request).await {
                Ok(response) => Ok::<_, Infallible>(response),
                Err(never) => match never {},
            }
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
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
