//! HTTPS: both versions of HTTP over it, certificates that change, what plain
//! HTTP is answered beside it, and proxies before it.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response,
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use live_orders::{
    domain::UnixMillis,
    server::{
        access::{
            register::{self, By, Register},
            roles::Role,
            secret::Secret,
        },
        config::{Config, TlsMode},
        listen::tls::Files,
        proxy::ProxySettings,
    },
    wire::frame::{Frame, FrameReader},
};
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use crate::{
    doors::{PASSWORD, make_user},
    processes::refusal,
    support::{
        Answer, Client, TestServer, burger, cookie, now, order_of, request, serve_command,
        session_of, within,
    },
};

/// The version of HTTP that a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// A client that trusts one certificate and nothing else.
#[derive(Clone)]
struct Secure {
    client: Client,
    trusts: CertificateDer<'static>,
}

/// A connection of somebody who has logged in.
struct Sender {
    connection: Connection,
    session: Option<Secret>,
}

/// A connection of either version.
enum Connection {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Secure {
    /// A client that trusts the authority which `server` offers.
    async fn of(server: &TestServer) -> Self {
        let answer = server.get("/trust/ca.crt").await;
        assert_eq!(answer.header("content-type"), "application/x-x509-ca-cert");
        let trusts = CertificateDer::from_pem_slice(&answer.body).expect("a certificate");
        Self { client: server.client, trusts }
    }

    async fn shake_hands(&self, version: Version) -> Result<TlsStream<TcpStream>, String> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusts.clone()).map_err(|error| error.to_string())?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let protocol: &[u8] = if version == Version::Two { b"h2" } else { b"http/1.1" };
        config.alpn_protocols = vec![protocol.to_vec()];
        let socket =
            TcpStream::connect(self.client.address).await.map_err(|error| error.to_string())?;
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await;
        let stream = stream.map_err(|error| error.to_string())?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        Ok(stream)
    }

    async fn connect(&self, version: Version) -> Sender {
        let stream = within("a handshake", self.shake_hands(version)).await.expect("a handshake");
        let io = TokioIo::new(stream);
        let connection = match version {
            Version::One => {
                let (sender, connection) = http1::handshake(io).await.expect("a connection");
                tokio::spawn(connection);
                Connection::One(sender)
            }
            Version::Two => {
                let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    // Little is on its way that nobody has asked for.
                    .initial_stream_window_size(2048)
                    .handshake(io)
                    .await
                    .expect("a connection");
                tokio::spawn(connection);
                Connection::Two(sender)
            }
        };
        Sender { connection, session: self.client.session }
    }

    async fn send(
        &self,
        version: Version,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let mut sender = self.connect(version).await;
        let body = body.map(|body| Bytes::from(body.to_string()));
        let response = sender.begin(request(method, path, &[], body)).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = within("a body", response.into_body().collect()).await.expect("a body");
        Answer { status, headers, body: body.to_bytes() }
    }

    async fn get(&self, version: Version, path: &str) -> Answer {
        self.send(version, Method::GET, path, None).await
    }
}

impl Sender {
    async fn begin(&mut self, mut request: Request<Full<Bytes>>) -> Response<Incoming> {
        if let Some(session) = self.session {
            let cookie = format!("__Host-{}", cookie(session)).parse().expect("a cookie");
            request.headers_mut().insert("cookie", cookie);
        }
        let answer = async {
            match &mut self.connection {
                Connection::One(sender) => {
                    request.headers_mut().insert("host", "localhost".parse().expect("a host"));
                    sender.ready().await.expect("ready");
                    sender.send_request(request).await
                }
                Connection::Two(sender) => {
                    let path = request.uri().path_and_query().expect("a path").to_string();
                    let uri = format!("https://localhost{path}").parse().expect("an address");
                    *request.uri_mut() = uri;
                    sender.ready().await.expect("ready");
                    sender.send_request(request).await
                }
            }
        };
        within("an answer", answer).await.expect("an answer")
    }

    async fn stream(&mut self, query: &str, last_id: Option<&str>) -> Reading {
        let headers: Vec<_> = last_id.map(|id| ("last-event-id", id)).into_iter().collect();
        let path = format!("/live-orders{query}");
        let response = self.begin(request(Method::GET, &path, &headers, None)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Reading {
            body: response.into_body(),
            reader: FrameReader::default(),
            ready: VecDeque::new(),
        }
    }
}

/// A stream that is read.
struct Reading {
    body: Incoming,
    reader: FrameReader,
    ready: VecDeque<Frame>,
}

impl Reading {
    /// The next event; `None` when the stream is cut off.
    async fn poll(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            let piece = self.body.frame().await?.ok()?.into_data().ok()?;
            self.ready.extend(self.reader.push(&piece));
        }
    }

    /// The next event of an order.
    async fn order(&mut self) -> Frame {
        loop {
            let frame = within("an event", self.poll()).await.expect("an event before the end");
            if frame.event.starts_with("order.") {
                return frame;
            }
        }
    }
}

fn self_signed(config: &mut Config) {
    config.tls.mode = TlsMode::SelfSigned(Vec::new());
}

/// Writes another certificate and its key into `folder`.
fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("names");
    let certificate = params.self_signed(&key).expect("a certificate");
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).expect("written");
    std::fs::write(folder.join("cert.pem"), certificate.pem()).expect("written");
    certificate.der().clone()
}

fn files(folder: &Path) -> TlsMode {
    TlsMode::Files(Files { cert: folder.join("cert.pem"), key: folder.join("key.pem") })
}

#[tokio::test]
async fn orders_are_placed_streamed_and_resumed_over_both_versions() {
    let server = TestServer::start_with(self_signed).await;
    let secure = Secure::of(&server).await;
    for version in [Version::One, Version::Two] {
        let mut sender = secure.connect(version).await;
        let mut stream = sender.stream("", None).await;
        let placed = secure.send(version, Method::POST, "/api/orders", Some(&burger())).await;
        assert_eq!(placed.status, 201, "{version:?}: {}", placed.text());
        let heard = stream.order().await;
        assert_eq!(order_of(&heard).id, placed.order().id, "{version:?}");
        drop((stream, sender));

        let missed = secure.send(version, Method::POST, "/api/orders", Some(&burger())).await;
        let mut sender = secure.connect(version).await;
        let mut stream = sender.stream("", Some(&heard.id)).await;
        assert_eq!(order_of(&stream.order().await).id, missed.order().id, "{version:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_page_and_its_files_come_over_both_versions() {
    let server = TestServer::start_with(self_signed).await;
    let secure = Secure::of(&server).await;
    for version in [Version::One, Version::Two] {
        let page = secure.get(version, "/").await;
        assert_eq!(page.status, 200, "{version:?}");
        assert!(page.text().contains("</html>"), "it is whole");
        assert_eq!(page.header("strict-transport-security"), "", "not with a certificate of ours");
    }
    // More than a stream's window, and than what is handed out at once.
    for _ in 0..60 {
        server_place(&secure).await;
    }
    let list = secure.get(Version::Two, "/api/orders?limit=100").await;
    assert!(list.body.len() > 20_000, "{}", list.body.len());
    assert_eq!(list.json()["orders"].as_array().map(Vec::len), Some(60));
    server.stop().await;
}

async fn server_place(secure: &Secure) {
    let placed = secure.send(Version::One, Method::POST, "/api/orders", Some(&burger())).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
}

#[tokio::test]
async fn whoever_logs_in_over_https_gets_a_cookie_that_stays_there() {
    let server = TestServer::start_with(self_signed).await;
    make_user(server.data(), "Mo", Role::Cook);
    let secure = Secure::of(&server).await;
    let nobody = Secure { client: Client { session: None, ..secure.client }, ..secure };
    for version in [Version::One, Version::Two] {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("name", "Mo"), ("password", PASSWORD)])
            .finish();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        let asked = request(Method::POST, "/login", &headers, Some(form.into()));
        let entered = nobody.connect(version).await.begin(asked).await;
        assert_eq!(entered.status(), 303, "{version:?}");
        let set = entered.headers()["set-cookie"].to_str().expect("ASCII");
        let mut parts = set.split("; ");
        let session = parts.next().expect("a pair");
        assert!(session.starts_with("__Host-live-orders-session="), "{version:?}: {set}");
        let attributes: Vec<_> = parts.collect();
        for attribute in ["Secure", "Path=/", "HttpOnly", "SameSite=Lax"] {
            assert!(attributes.contains(&attribute), "{version:?}: {set}");
        }
        assert!(!set.contains("Domain"), "{version:?}: {set}");
        // The same without the prefix could have been set by whoever speaks plain HTTP.
        let plain = session.replace("__Host-", "");
        for (cookie, status) in [(session, 200), (&*plain, 303)] {
            let asked = request(Method::GET, "/account", &[("cookie", cookie)], None);
            let answer = nobody.connect(version).await.begin(asked).await;
            assert_eq!(answer.status(), status, "{version:?}: {cookie}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn thirty_streams_share_a_connection() {
    let server = TestServer::start_with(self_signed).await;
    let secure = Secure::of(&server).await;
    let mut sender = secure.connect(Version::Two).await;
    let mut streams = Vec::new();
    for _ in 0..30 {
        streams.push(sender.stream("", None).await);
    }
    let placed = secure.send(Version::Two, Method::POST, "/api/orders", Some(&burger())).await;
    for stream in &mut streams {
        assert_eq!(order_of(&stream.order().await).id, placed.order().id);
    }
    // At the end each is told to come back, and the connection ends by itself.
    server.begin_stop();
    for stream in &mut streams {
        let mut last = None;
        while let Some(frame) = within("the end", stream.poll()).await {
            last = Some(frame.event);
        }
        assert_eq!(last.as_deref(), Some("bye"));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_stream_that_is_not_read_ends_when_its_reader_is_let_in_no_longer() {
    let server = TestServer::start_with(|config| {
        self_signed(config);
        config.stream.limits.most = 2;
        // Nothing else ends it while the test lasts.
        config.connections.write_timeout = Duration::from_mins(10);
    })
    .await;
    let secure = Secure::of(&server).await;
    for version in [Version::One, Version::Two] {
        let guest = format!("guest by {version:?}");
        let mut sender = secure.connect(version).await;
        sender.session = session_of(server.data(), &guest, Role::Viewer, &[]);
        let stuck = within("to be known", async {
            loop {
                let asked = request(Method::GET, "/live-orders?after=earliest", &[], None);
                let response = sender.begin(asked).await;
                if response.status() == 200 {
                    return response;
                }
                let _ = response.into_body().collect().await;
            }
        })
        .await;
        let mut neighbour = secure.connect(version).await.stream("", None).await;
        // More than all that is between the two can hold.
        let note = "x".repeat(490);
        let line = serde_json::json!({"name": "Soup", "quantity": 1, "note": note});
        let long = serde_json::json!({"items": vec![line; 100]});
        for _ in 0..40 {
            let placed = secure.send(version, Method::POST, "/api/orders", Some(&long)).await;
            assert_eq!(placed.status, 201, "{}", placed.text());
            neighbour.order().await;
        }
        let register = Register::open(server.data()).expect("a register");
        let by = By::here("tests", UnixMillis(now()));
        let disabled = register.change(|to| {
            let user = register::user_called(to, &guest)?.expect("a user");
            register::set_disabled(to, &user, true, &by)
        });
        disabled.expect("written");
        // There is room for another stream when the one that is not read has been let go.
        let another = within("a place for another stream", async {
            loop {
                let mut sender = secure.connect(version).await;
                let asked = request(Method::GET, "/live-orders", &[], None);
                let response = sender.begin(asked).await;
                if response.status() == 200 {
                    return (sender, response);
                }
                assert_eq!(response.status(), 503);
            }
        })
        .await;
        drop((stuck, another, neighbour));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_stream_that_is_not_read_is_reset_and_its_neighbour_goes_on() {
    let server = TestServer::start_with(|config| {
        self_signed(config);
        config.stream.limits.most = 2;
        config.connections.write_timeout = Duration::from_secs(1);
    })
    .await;
    let secure = Secure::of(&server).await;
    let mut sender = secure.connect(Version::Two).await;
    let mut stuck = sender.stream("", None).await;
    let mut neighbour = sender.stream("", None).await;
    // More than the window of the one, and all read by the other.
    let mut placed = Vec::new();
    for _ in 0..20 {
        let answer = secure.send(Version::Two, Method::POST, "/api/orders", Some(&burger())).await;
        placed.push(answer.order().id);
        assert_eq!(order_of(&neighbour.order().await).id, placed[placed.len() - 1]);
    }
    // There is room for another stream when the one that is not read has been let go.
    let another = within("a place for another stream", async {
        loop {
            let response = sender.begin(request(Method::GET, "/live-orders", &[], None)).await;
            if response.status() == 200 {
                return response;
            }
            assert_eq!(response.status(), 503);
        }
    })
    .await;
    let mut heard = 0;
    while let Some(frame) = within("the end", stuck.poll()).await {
        heard += usize::from(frame.event.starts_with("order."));
    }
    assert!(heard < placed.len(), "it was cut off: {heard}");
    let last = secure.send(Version::Two, Method::POST, "/api/orders", Some(&burger())).await;
    assert_eq!(order_of(&neighbour.order().await).id, last.order().id, "on the same connection");
    drop(another);
    server.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_streams_of_the_old_one_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let trusts = write_certificate(folder.path());
    let server = TestServer::start_with(|config| {
        config.tls.mode = files(folder.path());
        config.tls.look_every = Duration::from_millis(10);
        config.tls.hsts_days = Some(2);
    })
    .await;
    let old = Secure { client: server.client, trusts };
    let mut one = old.connect(Version::One).await;
    let mut two = old.connect(Version::Two).await;
    let mut streams = [one.stream("", None).await, two.stream("", None).await];

    // Not of one piece: the old one stays.
    std::fs::write(folder.path().join("cert.pem"), "half a certifi").expect("written");
    assert_eq!(old.get(Version::Two, "/health/live").await.status, 200);

    let trusts = write_certificate(folder.path());
    let new = Secure { client: server.client, trusts };
    within("the new certificate", async {
        while new.shake_hands(Version::Two).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    old.shake_hands(Version::Two).await.expect_err("the old one is shown no more");

    let placed = new.send(Version::Two, Method::POST, "/api/orders", Some(&burger())).await;
    assert_eq!(placed.header("strict-transport-security"), "max-age=172800");
    for stream in &mut streams {
        assert_eq!(order_of(&stream.order().await).id, placed.order().id);
    }
    assert_eq!(server.get("/trust").await.status, 404, "there is nothing of ours to trust");
    server.stop().await;
}

#[tokio::test]
async fn plain_http_on_the_same_port_is_sent_to_https_but_for_trust_and_health() {
    let server = TestServer::start_with(self_signed).await;
    let port = server.client.address.port();
    let sent = server.get("/screens?saved=grill").await;
    assert_eq!(sent.status, 308);
    assert_eq!(sent.header("location"), format!("https://127.0.0.1:{port}/screens?saved=grill"));
    assert_eq!(sent.header("cache-control"), "no-store");
    let posted = server.post("/api/orders", &burger()).await;
    assert_eq!(posted.status, 308, "no order comes in unencrypted");
    assert_eq!(server.get("/live-orders").await.status, 308);
    assert_eq!(server.get("/health/live").await.status, 200);

    let page = server.get("/trust").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Trust this server") && page.text().contains("<svg"));
    assert!(!page.text().contains("<script"));
    assert_eq!(
        server.get("/trust/page.css").await.header("content-type"),
        "text/css; charset=utf-8"
    );
    let german = request(Method::GET, "/trust", &[("accept-language", "de-DE")], None);
    assert!(server.client.send(german).await.text().contains("Diesem Server vertrauen"));

    // What it shows is what is to be trusted.
    let secure = Secure::of(&server).await;
    let over = secure.get(Version::Two, "/trust").await;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&secure.trusts);
    let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    assert!(over.text().contains(&bytes.join(":")));
    server.stop().await;
}

#[tokio::test]
async fn without_encryption_there_is_nothing_to_trust() {
    let server = TestServer::start().await;
    for path in ["/trust", "/trust/ca.crt", "/trust/page.css"] {
        server.get(path).await.problem(404, "not_found");
    }
    server.stop().await;
}

#[tokio::test]
async fn another_address_sends_plain_http_to_https() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = ["tls.mode=self-signed", "tls.redirect=127.0.0.1:0"];
    let mut child = serve_command(folder.path(), &settings)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut line = || lines.next().expect("a line").expect("UTF-8");
    let redirecting = line();
    let from = redirecting.strip_prefix("redirecting http://").expect("where from");
    let (from, to) = from.split_once(" to https, port ").expect("where to");
    assert_eq!(line(), format!("listening on https://127.0.0.1:{to}"));
    let client = Client { address: from.parse().expect("an address"), gzip: false, session: None };
    let sent = client.get("/").await;
    assert_eq!(sent.header("location"), format!("https://127.0.0.1:{to}/"));
    assert_eq!(client.get("/trust").await.status, 200);
    assert_eq!(client.get("/health/ready").await.status, 200);
    child.kill().expect("it was running");
    child.wait().expect("it has ended");
}

#[test]
fn what_cannot_encrypt_is_refused_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    write_certificate(folder.path());
    let other = KeyPair::generate().expect("a key").serialize_pem();
    std::fs::write(&key, other).expect("written");
    let flags = |names: &[(&str, &Path)]| {
        let mut command = serve_command(&folder.path().join("data"), &[]);
        for (name, path) in names {
            command.arg(name).arg(path);
        }
        refusal(command)
    };
    assert!(flags(&[("--tls-cert", &cert)]).contains("tls.cert needs its key"));
    let mismatch = flags(&[("--tls-cert", &cert), ("--tls-key", &key)]);
    assert!(mismatch.contains("does not belong to the certificate"), "{mismatch}");
    let missing = folder.path().join("missing.pem");
    let unread = flags(&[("--tls-cert", &cert), ("--tls-key", &missing)]);
    assert!(unread.contains("cannot read the key"), "{unread}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = format!("tls.redirect={}", taken.local_addr().expect("its address"));
    let data = folder.path().join("other");
    let refused = refusal(serve_command(&data, &["tls.mode=self-signed", &taken]));
    assert!(refused.contains("name another address with tls.redirect"), "{refused}");
}

/// How many streams are let in, one for each of `clients` as a proxy names them.
async fn let_in(trusted: &[&str], clients: &[&str]) -> usize {
    let server = TestServer::start_with(|config| {
        config.stream.limits.most_per_address = Some(1);
        let trusted = trusted.iter().map(|it| it.parse().expect("a network")).collect();
        config.proxy = ProxySettings { trusted, ..ProxySettings::default() };
    })
    .await;
    let mut open = Vec::new();
    for client in clients {
        let mut connection = server.client.connect().await.expect("a connection");
        let headers = [("x-forwarded-for", *client)];
        let asked = request(Method::GET, "/live-orders", &headers, None);
        let response = within("an answer", connection.begin(asked)).await.expect("an answer");
        if response.status() == 200 {
            open.push((connection, response));
        } else {
            assert_eq!(response.status(), 503);
        }
    }
    let count = open.len();
    drop(open);
    server.stop().await;
    count
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_told_apart_and_nobody_else() {
    let clients = ["203.0.113.1", "203.0.113.2", "203.0.113.2", "6.6.6.6, 203.0.113.1"];
    assert_eq!(let_in(&["127.0.0.0/8"], &clients).await, 2);
    assert_eq!(let_in(&[], &clients).await, 1);
    assert_eq!(let_in(&["10.0.0.0/8"], &clients).await, 1);
}

#[tokio::test]
async fn a_demo_is_played_over_https_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = crate::support::config(folder.path());
    self_signed(&mut config);
    let listener = live_orders::server::listen::bind(config.listen).expect("a port");
    let client =
        Client { address: listener.local_addr().expect("its address"), gzip: false, session: None };
    let shutdown = tokio_util::sync::CancellationToken::new();
    let purpose = live_orders::server::store::sqlite::Purpose::Demo;
    let clock = live_orders::server::clock::Clock::system();
    let run =
        live_orders::server::run::run_with(config, purpose, listener, clock, shutdown.clone());
    let run = tokio::spawn(run);
    let answer = client.get("/trust/ca.crt").await;
    let trusts = CertificateDer::from_pem_slice(&answer.body).expect("a certificate");
    let secure = Secure { client, trusts };
    let mut sender = secure.connect(Version::Two).await;
    let mut stream = sender.stream("", None).await;
    stream.order().await;
    shutdown.cancel();
    within("the end", run).await.expect("no panic").expect("it ran");
}
