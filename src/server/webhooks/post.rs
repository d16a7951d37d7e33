//! Sends one message: to a checked address, without following anybody anywhere.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use axum::http::{HeaderMap, HeaderValue, Method, Request, header};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};
use tokio_util::task::AbortOnDropHandle;

use super::{guard::Allowed, target::Target};

/// Bytes of an answer's head that are taken.
const HEAD_BYTES: usize = 16 * 1024;
/// Bytes of an answer's body that are read, so that its sender need not see the
/// connection break off, and how long that may take. What it says is no matter.
const BODY_BYTES: usize = 16 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_millis(500);

/// How long one address may keep the next one waiting: what is going to answer at
/// all has mostly done so by then.
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// Addresses of one host that are tried.
const ADDRESSES: usize = 8;
/// After how long the certificate authorities are read again: they are renewed
/// with the machine, while this program runs on.
const AUTHORITIES_FOR: Duration = Duration::from_hours(6);

/// Sends messages.
pub(super) struct Post {
    allowed: Allowed,
    timeout: Duration,
    tls: Mutex<Option<(TlsConnector, Instant)>>,
}

/// What a receiver answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) status: u16,
    /// For how many milliseconds it asked to be left alone.
    pub(super) retry_after: Option<i64>,
}

impl Post {
    /// Sends to public addresses and what is `allowed`, each time within `timeout`.
    pub(super) fn new(allowed: Allowed, timeout: Duration) -> Self {
        Self { allowed, timeout, tls: Mutex::default() }
    }

    /// Posts `body` to `url`.
    ///
    /// # Errors
    /// Why there is no answer, for people.
    pub(super) async fn send(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answered, String> {
        // Anew each time: what is allowed may have changed since it was kept.
        let target = Target::parse(url, &self.allowed)
            .map_err(|rule| format!("its address is not called: it must be {rule}"))?;
        match timeout(self.timeout, self.exchange(&target, headers, body)).await {
            Ok(answered) => answered,
            Err(_) => Err(format!("no answer within {} ms", self.timeout.as_millis())),
        }
    }

    async fn exchange(
        &self,
        target: &Target,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answered, String> {
        let addresses = self.resolve(target).await?;
        let socket = connect(&addresses, TcpStream::connect::<SocketAddr>).await?;
        let _ = socket.set_nodelay(true);
        let request = request(target, headers, body).ok_or("its address is no address")?;
        if target.secure {
            let name = ServerName::try_from(target.host.clone())
                .map_err(|_| "its host is no name for TLS".to_owned())?;
            let socket = self
                .tls(tls)
                .await?
                .connect(name, socket)
                .await
                .map_err(|error| format!("TLS failed: {error}"))?;
            speak(socket, request).await
        } else {
            speak(socket, request).await
        }
    }

    /// The addresses of `target`, all of them checked. The connection goes to
    /// one of these and nobody asks again: a name that leads elsewhere the next
    /// time leads nowhere.
    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, String> {
        let host = target.host.as_str();
        let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, target.port)],
            Err(_) => tokio::net::lookup_host((host, target.port))
                .await
                .map_err(|_| "its host was not found".to_owned())?
                .collect(),
        };
        if addresses.is_empty() {
            return Err("its host was not found".to_owned());
        }
        self.allowed.check(host, addresses).map_err(|(address, what)| {
            format!(
                "its host leads to {address}, which is not public ({what}); webhooks.allow_hosts \
                 can name it"
            )
        })
    }

    /// Who speaks TLS, with the certificate authorities of this machine as `read`
    /// finds them. What fails is tried again the next time.
    async fn tls(
        &self,
        read: impl FnOnce() -> Result<TlsConnector, String> + Send + 'static,
    ) -> Result<TlsConnector, String> {
        let known = self.tls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((tls, at)) = &known
            && at.elapsed() < AUTHORITIES_FOR
        {
            return Ok(tls.clone());
        }
        // They are files, and some machines have hundreds.
        let read = tokio::task::spawn_blocking(read).await;
        match read.unwrap_or_else(|_| Err("it is being stopped".to_owned())) {
            Ok(tls) => {
                let fresh = Some((tls.clone(), Instant::now()));
                *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
                Ok(tls)
            }
            Err(why) => known.map(|(tls, _)| tls).ok_or(why),
        }
    }
}

fn tls() -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        tracing::warn!(error = %error, "webhook.authorities.failed");
    }
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("this machine knows no certificate authorities: install its CA certificates, \
                    or name a file of them in SSL_CERT_FILE"
            .to_owned());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The first of `addresses` that lets itself be connected to. One that says
/// nothing holds back the next for a moment, and not for all the time there is.
async fn connect<S, F>(
    addresses: &[SocketAddr],
    connect: impl Fn(SocketAddr) -> F,
) -> Result<S, String>
where
    F: Future<Output = io::Result<S>>,
{
    let mut left = addresses.iter().take(ADDRESSES).copied();
    let mut trying = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    trying.extend(left.next().map(&connect));
    while !trying.is_empty() {
        match timeout(NEXT_ADDRESS, trying.next()).await {
            Ok(Some(Ok(socket))) => return Ok(socket),
            Ok(Some(Err(error))) => last = error,
            Ok(None) | Err(_) => {}
        }
        trying.extend(left.next().map(&connect));
    }
    Err(format!("cannot connect: {}", last.kind()))
}

fn request(target: &Target, headers: HeaderMap, body: Vec<u8>) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target.path.parse().ok()?;
    *request.headers_mut() = headers;
    let host = HeaderValue::try_from(target.authority.as_str()).ok()?;
    request.headers_mut().insert(header::HOST, host);
    Some(request)
}

async fn speak(
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answered, String> {
    let broken = |error: hyper::Error| {
        let what = if error.is_timeout() { "took too long" } else { "broke off" };
        format!("the connection {what} before there was an answer")
    };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(socket))
        .await
        .map_err(broken)?;
    // Ends with this request, however that ends.
    let _connection = AbortOnDropHandle::new(tokio::spawn(async move {
        let _ = connection.await;
    }));
    let response: Response<Incoming> = sender.send_request(request).await.map_err(broken)?;
    let answered = Answered {
        status: response.status().as_u16(),
        retry_after: retry_after(response.headers()),
    };
    let rest = Limited::new(response.into_body(), BODY_BYTES).collect();
    let _ = timeout(BODY_TIMEOUT, rest).await;
    Ok(answered)
}

/// `Retry-After` in milliseconds: it is seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<i64> {
    let raw = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = raw.parse::<u32>() {
        return Some(i64::from(seconds) * 1000);
    }
    let at = httpdate::parse_http_date(raw).ok()?;
    let since_epoch = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let now = crate::server::clock::Clock::system().now();
    i64::try_from(since_epoch.as_millis()).ok().map(|at| (at - now.0).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post() -> Post {
        Post::new(Allowed::default(), Duration::from_secs(5))
    }

    #[tokio::test]
    async fn nobody_inside_is_called() {
        for (url, what) in [
            ("https://127.0.0.1:1/", "loopback"),
            ("https://[::1]:1/", "loopback"),
            ("https://[::ffff:10.0.0.1]/", "private"),
            ("https://169.254.169.254/latest", "link-local"),
            ("https://localhost:1/", "loopback"),
            ("http://8.8.8.8/", "https"),
        ] {
            let refused = post().send(url, HeaderMap::new(), Vec::new()).await.expect_err(url);
            assert!(refused.contains(what), "{url}: {refused}");
        }
    }

    #[tokio::test]
    async fn an_address_that_says_nothing_does_not_keep_the_others_from_their_turn() {
        let addresses: Vec<SocketAddr> =
            (1..=9).map(|port| SocketAddr::from(([192, 0, 2, 1], port))).collect();
        let tried = Mutex::new(0);
        let answers = |silent: u16, good: u16| {
            let tried = &tried;
            move |address: SocketAddr| async move {
                *tried.lock().expect("not poisoned") += 1;
                match address.port() {
                    port if port == good => Ok(port),
                    port if port <= silent => std::future::pending().await,
                    _ => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
                }
            }
        };
        assert_eq!(connect(&addresses, answers(2, 5)).await, Ok(5));
        assert_eq!(std::mem::take(&mut *tried.lock().expect("not poisoned")), 5);
        let refused = connect(&addresses, answers(0, 9)).await;
        assert_eq!(refused, Err("cannot connect: connection refused".to_owned()));
        assert_eq!(*tried.lock().expect("not poisoned"), ADDRESSES, "not the ninth too");
    }

    fn trusting_nobody() -> Result<TlsConnector, String> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }

    #[tokio::test]
    async fn authorities_that_could_not_be_read_are_read_again() {
        let post = post();
        let missing = || Err("there are none".to_owned());
        assert_eq!(post.tls(missing).await.err().as_deref(), Some("there are none"));
        assert!(post.tls(trusting_nobody).await.is_ok(), "they have been installed");
        assert!(post.tls(missing).await.is_ok(), "they were read a moment ago");
        let old = Instant::now().checked_sub(AUTHORITIES_FOR);
        if let (Some((_, at)), Some(old)) = (post.tls.lock().expect("not poisoned").as_mut(), old) {
            *at = old;
        }
        assert!(post.tls(missing).await.is_ok(), "those of before are better than none");
    }

    #[test]
    fn a_receiver_says_when_in_seconds_or_with_a_date() {
        let after = |raw: &str| {
            let value = HeaderValue::from_str(raw).expect("a value");
            retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, value)]))
        };
        assert_eq!(after("120"), Some(120_000));
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0), "it is past");
        let ahead = after("Fri, 31 Dec 9999 23:59:59 GMT").expect("a time");
        assert!(ahead > 86_400_000);
        for raw in ["", "soon", "-1", "1.5"] {
            assert_eq!(after(raw), None, "{raw}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
