//! A server of a test's own, and clients for it.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Method, Request, Response,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use live_orders::{
    domain::{FoodOrder, Location, OrderId, OrderStatus, UnixMillis},
    server::{
        access::{
            register::{self, By, NewUser, Register},
            roles::Role,
            secret::Secret,
        },
        clock::Clock,
        config::Config,
        listen,
        run::run_with,
        store::sqlite::Purpose,
    },
    wire::{
        EventId, Hello,
        frame::{Frame, FrameReader},
    },
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpStream, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must come. Generous: it is not a measure of
/// speed, it only turns waiting for ever into a failure.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for `future`; fails with `what` when it does not come.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for {what}"))
}

/// The configuration of a test's server, with its store in `data`.
pub(crate) fn config(data: &Path) -> Config {
    let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let data = data.to_str().expect("a path in UTF-8");
    let flags = [
        set("server.listen", "127.0.0.1:0"),
        set("server.data", data),
        set("orders.time_zone", "UTC"),
        // So that frames come as the test expects them; who tests heartbeats sets it.
        set("stream.heartbeat_ms", "60000"),
    ];
    Config::load(None, [], &flags).expect("the test's configuration is allowed")
}

/// The manager as whom tests do what they do.
pub(crate) const MANAGER: &str = "test";

/// A session of a manager on the server with its store in `data`, running or
/// not. None where nothing can be written there.
pub(crate) fn let_in(data: &Path) -> Option<Secret> {
    session_of(data, MANAGER, Role::Manager, &[])
}

/// A session of a user with this name and role, who is made where there is none.
pub(crate) fn session_of(
    data: &Path,
    name: &str,
    role: Role,
    locations: &[&str],
) -> Option<Secret> {
    let register = Register::open(data).ok()?;
    let location = |name: &&str| Location::parse(name).expect("a location");
    let locations = locations.iter().map(location).collect();
    let new = NewUser { name: name.to_owned(), role, locations, password: None };
    let at = UnixMillis(now());
    let by = By::here("tests", at);
    let session = register.change(|to| {
        register::make_user(to, &new, &by)?;
        let user = register::user_called(to, name)?.expect("it was made");
        register::begin_session(to, &user, at)
    });
    session.ok().flatten()
}

/// The time.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
    i64::try_from(since.as_millis()).expect("a time")
}

/// A server in this process, on a port and a store of its own.
pub(crate) struct TestServer {
    pub(crate) client: Client,
    shutdown: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
    folder: Option<TempDir>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server that is configured otherwise.
    pub(crate) async fn start_with(configure: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self::start_in(folder.path(), configure).await;
        server.folder = Some(folder);
        server
    }

    /// A server by a clock that the test moves.
    pub(crate) async fn start_by(clock: &Clock) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self::start_at(folder.path(), |_| {}, clock.clone()).await;
        server.folder = Some(folder);
        server
    }

    /// A server on the store in `data`.
    pub(crate) async fn start_in(data: &Path, configure: impl FnOnce(&mut Config)) -> Self {
        Self::start_at(data, configure, Clock::system()).await
    }

    /// The same, by a clock that the test moves.
    pub(crate) async fn start_at(
        data: &Path,
        configure: impl FnOnce(&mut Config),
        clock: Clock,
    ) -> Self {
        let mut config = config(data);
        configure(&mut config);
        let listener = listen::bind(config.listen).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let session = let_in(&config.data);
        let shutdown = CancellationToken::new();
        let task =
            tokio::spawn(run_with(config, Purpose::Service, listener, clock, shutdown.clone()));
        let server =
            Self { client: Client { address, gzip: false, session }, shutdown, task, folder: None };
        let live = within("the server to answer", server.client.get("/health/ready")).await;
        assert_eq!(live.status, 200, "{}", live.text());
        server
    }

    /// Tells the server to stop.
    pub(crate) fn begin_stop(&self) {
        self.shutdown.cancel();
    }

    /// Stops the server; its store is closed when this returns.
    pub(crate) async fn stop(self) -> Option<TempDir> {
        self.shutdown.cancel();
        within("the server to stop", self.task)
            .await
            .expect("the server did not panic")
            .expect("the server ran");
        self.folder
    }

    /// Where its store is.
    pub(crate) fn data(&self) -> &Path {
        self.folder.as_ref().expect("a folder of its own").path()
    }
}

impl std::ops::Deref for TestServer {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// An HTTP client of one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    /// Whether its streams come compressed.
    pub(crate) gzip: bool,
    /// What it is let in by, if by anything.
    pub(crate) session: Option<Secret>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub(crate) fn json(&self) -> Value {
        self.read()
    }

    pub(crate) fn read<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The order in the answer, which must be a good one.
    #[track_caller]
    pub(crate) fn order(&self) -> FoodOrder {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.text());
        self.read()
    }

    /// The problem in the answer, which must be of this status and code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        problem
    }

    /// The pointers of a problem with fields, in the order they are told.
    #[track_caller]
    pub(crate) fn pointers(&self) -> Vec<String> {
        let problem = self.problem(422, "invalid_fields");
        let errors = problem["errors"].as_array().expect("errors");
        errors
            .iter()
            .map(|error| error["pointer"].as_str().expect("a pointer").to_owned())
            .collect()
    }
}

impl Client {
    /// The address of the stream that `query` asks for.
    fn stream_path(query: &str) -> String {
        format!("/live-orders{}{query}", if query.is_empty() { "" } else { "?" })
    }

    /// A connection that takes one request after another.
    pub(crate) async fn connect(self) -> Result<Connection, String> {
        let socket = TcpStream::connect(self.address).await.map_err(|error| error.to_string())?;
        socket.set_nodelay(true).map_err(|error| error.to_string())?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(socket)).await.map_err(|error| error.to_string())?;
        let task = tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Connection { address: self.address, session: self.session, sender, task })
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn send(self, request: Request<Full<Bytes>>) -> Answer {
        let what = format!("an answer to {} {}", request.method(), request.uri());
        within(&what, async {
            let mut connection = self.connect().await.expect("a connection");
            connection.send(request).await.expect("an answer")
        })
        .await
    }

    pub(crate) async fn get(self, path: &str) -> Answer {
        self.send(request(Method::GET, path, &[], None)).await
    }

    pub(crate) async fn post(self, path: &str, body: &Value) -> Answer {
        self.send(request(Method::POST, path, &[], Some(body.to_string().into()))).await
    }

    pub(crate) async fn put(self, path: &str, body: &Value) -> Answer {
        self.send(request(Method::PUT, path, &[], Some(body.to_string().into()))).await
    }

    pub(crate) async fn patch(self, path: &str, body: &Value) -> Answer {
        self.send(request(Method::PATCH, path, &[], Some(body.to_string().into()))).await
    }

    pub(crate) async fn post_with(self, body: &Value, headers: &[(&str, &str)]) -> Answer {
        self.send(request(Method::POST, "/api/orders", headers, Some(body.to_string().into())))
            .await
    }

    /// Places an order that must be taken.
    #[track_caller]
    pub(crate) fn place(self, body: &Value) -> impl Future<Output = FoodOrder> {
        let body = body.clone();
        async move {
            let answer = self.post("/api/orders", &body).await;
            assert_eq!(answer.status, 201, "{}", answer.text());
            answer.order()
        }
    }

    pub(crate) async fn transition(self, order: &FoodOrder, to: OrderStatus) -> Answer {
        let path = format!("/api/orders/{}/transitions", order.id);
        self.post(&path, &json!({"to": to, "expected_version": order.version})).await
    }

    /// Takes an order to a status that it must be able to go to.
    pub(crate) async fn go(self, order: &FoodOrder, to: OrderStatus) -> FoodOrder {
        self.transition(order, to).await.order()
    }

    /// Every order there is, by id.
    pub(crate) async fn all_orders(self) -> HashMap<OrderId, FoodOrder> {
        let mut state = HashMap::new();
        for event in self.log().await {
            state.insert(event.1.id, event.1);
        }
        state
    }

    /// The whole log, by poll.
    pub(crate) async fn log(self) -> Vec<(EventId, FoodOrder)> {
        let mut events = Vec::new();
        let mut after = "earliest".to_owned();
        loop {
            let page = self.get(&format!("/api/events?limit=1000&after={after}")).await.json();
            assert!(page.get("snapshot").is_none(), "the log is whole: {page}");
            for event in page["events"].as_array().expect("events") {
                let id = event["id"].as_str().expect("an id").parse().expect("an event id");
                let order = serde_json::from_value(event["order"].clone()).expect("an order");
                events.push((id, order));
            }
            page["cursor"].as_str().expect("a cursor").clone_into(&mut after);
            if page["more"] == false {
                return events;
            }
        }
    }

    /// A stream that must be opened.
    pub(crate) async fn stream(self, query: &str) -> EventStream {
        self.stream_from(query, None).await
    }

    /// A stream of a reader that comes back with the last id it has.
    pub(crate) async fn stream_from(self, query: &str, last_id: Option<&str>) -> EventStream {
        within("a stream to open", self.try_stream(query, last_id)).await.expect("a stream")
    }

    pub(crate) async fn try_stream(
        self,
        query: &str,
        last_id: Option<&str>,
    ) -> Result<EventStream, String> {
        let mut headers: Vec<_> = last_id.map(|id| ("last-event-id", id)).into_iter().collect();
        if self.gzip {
            headers.push(("accept-encoding", "gzip, deflate, br"));
        }
        self.stream_at(&Self::stream_path(query), &headers).await
    }

    /// A stream at an address of its own.
    pub(crate) async fn stream_at(
        self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<EventStream, String> {
        let mut connection = self.connect().await?;
        self.open_stream(path, headers, &mut connection)
            .await
            .map(|stream| EventStream { _connection: Some(connection), ..stream })
    }

    /// A stream that must be opened, on a connection that is there, by a request
    /// with these headers.
    pub(crate) async fn stream_with(
        self,
        query: &str,
        headers: &[(&str, &str)],
        connection: &mut Connection,
    ) -> EventStream {
        let path = Self::stream_path(query);
        let opened = self.open_stream(&path, headers, connection);
        within("a stream to open", opened).await.expect("a stream")
    }

    async fn open_stream(
        self,
        path: &str,
        headers: &[(&str, &str)],
        connection: &mut Connection,
    ) -> Result<EventStream, String> {
        let response = connection.begin(request(Method::GET, path, headers, None)).await?;
        if response.status() != 200 {
            return Err(format!("a stream that answers {}", response.status()));
        }
        let encoded = response.headers().get("content-encoding").is_some_and(|it| it == "gzip");
        if encoded != self.gzip {
            return Err(format!("a stream with {:?}", response.headers()));
        }
        Ok(EventStream {
            headers: response.headers().clone(),
            gunzip: self.gzip.then(Gunzip::default),
            body: response.into_body(),
            reader: FrameReader::default(),
            ready: VecDeque::new(),
            bytes: Vec::new(),
            _connection: None,
        })
    }
}

/// A connection that takes one request after another.
pub(crate) struct Connection {
    address: SocketAddr,
    session: Option<Secret>,
    sender: SendRequest<Full<Bytes>>,
    task: JoinHandle<()>,
}

impl Connection {
    pub(crate) async fn begin(
        &mut self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, String> {
        let host = self.address.to_string().parse().expect("a host");
        request.headers_mut().insert("host", host);
        // Who brings something of their own comes by that.
        let own = ["cookie", "authorization"].iter().any(|it| request.headers().contains_key(*it));
        if let Some(session) = self.session.filter(|_| !own) {
            let cookie = cookie(session).parse().expect("a cookie");
            request.headers_mut().insert("cookie", cookie);
        }
        self.sender.ready().await.map_err(|error| error.to_string())?;
        self.sender.send_request(request).await.map_err(|error| error.to_string())
    }

    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let response = self.begin(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?;
        Ok(Answer { status, headers, body: body.to_bytes() })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The cookie of a session.
pub(crate) fn cookie(session: Secret) -> String {
    format!("live-orders-session={}", session.reveal())
}

/// A request; a body is declared as JSON unless `headers` say otherwise.
pub(crate) fn request(
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Bytes>,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path);
    let declared = headers.iter().any(|(name, _)| *name == "content-type");
    if body.is_some() && !declared {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        if !value.is_empty() {
            request = request.header(*name, *value);
        }
    }
    request.body(Full::new(body.unwrap_or_default())).expect("a request")
}

/// A reader of a stream.
pub(crate) struct EventStream {
    pub(crate) headers: HeaderMap,
    gunzip: Option<Gunzip>,
    body: Incoming,
    pub(crate) reader: FrameReader,
    ready: VecDeque<Frame>,
    /// Everything that has come, as it came.
    pub(crate) bytes: Vec<u8>,
    _connection: Option<Connection>,
}

/// Reads a gzip stream as it comes: whatever was sent can be read at once.
#[derive(Default)]
pub(crate) struct Gunzip {
    head: Vec<u8>,
    inflate: Option<flate2::Decompress>,
}

impl Gunzip {
    const HEAD: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];

    pub(crate) fn push(&mut self, mut piece: &[u8]) -> Bytes {
        // A header that is cut comes with the next piece.
        let missing = Self::HEAD.len() - self.head.len();
        let (head, rest) = piece.split_at(missing.min(piece.len()));
        self.head.extend_from_slice(head);
        piece = rest;
        let mut plain = Vec::new();
        if piece.is_empty() {
            return plain.into();
        }
        assert_eq!(self.head, Self::HEAD);
        let inflate = self.inflate.get_or_insert_with(|| flate2::Decompress::new(false));
        let begun = inflate.total_in();
        loop {
            let done = usize::try_from(inflate.total_in() - begun).expect("a small piece");
            plain.reserve(64 * 1024);
            inflate
                .decompress_vec(&piece[done..], &mut plain, flate2::FlushDecompress::None)
                .expect("a deflate stream");
            let all = inflate.total_in() - begun == piece.len() as u64;
            if all && plain.len() < plain.capacity() {
                return plain.into();
            }
        }
    }
}

impl EventStream {
    /// The next event; `None` when the stream has ended or was cut.
    pub(crate) async fn poll(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            let mut piece = self.body.frame().await?.ok()?.into_data().ok()?;
            if let Some(gunzip) = &mut self.gunzip {
                piece = gunzip.push(&piece);
            }
            self.bytes.extend_from_slice(&piece);
            self.ready.extend(self.reader.push(&piece));
        }
    }

    /// The next event, which must come, heartbeats too.
    pub(crate) async fn next_or_beat(&mut self) -> Frame {
        within("an event", self.poll()).await.expect("an event before the end")
    }

    /// The next event besides heartbeats, which must come.
    pub(crate) async fn next(&mut self) -> Frame {
        loop {
            let frame = self.next_or_beat().await;
            if frame.event != "heartbeat" {
                return frame;
            }
        }
    }

    /// The next event of this kind, whatever comes before it.
    pub(crate) async fn until(&mut self, event: &str) -> Frame {
        loop {
            let frame = self.next_or_beat().await;
            if frame.event == event {
                return frame;
            }
        }
    }

    /// The next event, which must be of this kind. Heartbeats in between do not
    /// count: the first one comes when a server begins, whenever that is.
    #[track_caller]
    pub(crate) fn expect(&mut self, event: &str) -> impl Future<Output = Frame> {
        let event = event.to_owned();
        async move {
            loop {
                let frame = within(&event, self.poll()).await;
                let frame = frame.unwrap_or_else(|| panic!("no {event}"));
                if frame.event == event {
                    return frame;
                }
                assert_eq!(frame.event, "heartbeat", "instead of {event}: {frame:?}");
            }
        }
    }

    /// The orders of the next `count` events, which must all be of orders but
    /// for heartbeats, which come when their time has come.
    pub(crate) async fn orders(&mut self, count: usize) -> Vec<FoodOrder> {
        let mut orders = Vec::new();
        while orders.len() < count {
            let frame = self.next().await;
            if frame.event != "heartbeat" {
                orders.push(order_of(&frame));
            }
        }
        orders
    }

    /// The end, with no event before it.
    pub(crate) async fn end(&mut self) {
        let frame = within("the end of the stream", self.poll()).await;
        assert_eq!(frame, None);
    }
}

/// The order of an event.
#[track_caller]
pub(crate) fn order_of(frame: &Frame) -> FoodOrder {
    assert!(frame.event.starts_with("order."), "{frame:?}");
    serde_json::from_str(&frame.data).unwrap_or_else(|error| panic!("{error}: {frame:?}"))
}

/// What the data of an event says.
#[track_caller]
pub(crate) fn read<T: DeserializeOwned>(frame: &Frame) -> T {
    serde_json::from_str(&frame.data).unwrap_or_else(|error| panic!("{error}: {frame:?}"))
}

/// The id of an event.
#[track_caller]
pub(crate) fn id_of(frame: &Frame) -> EventId {
    frame.id.parse().unwrap_or_else(|_| panic!("no id: {frame:?}"))
}

/// The position that a hello names. It is its id too, unless a snapshot follows.
#[track_caller]
pub(crate) fn cursor_of(hello: &Frame) -> EventId {
    read::<Hello>(hello).cursor
}

/// The smallest order there is.
pub(crate) fn burger() -> Value {
    json!({"items": [{"name": "Cheeseburger", "quantity": 2}]})
}

/// An order of a service.
pub(crate) fn order_for(service: &str) -> Value {
    json!({"items": [{"name": "Soup", "quantity": 1}], "fulfilment": {"type": service}})
}

/// The program itself, as a process.
pub(crate) struct Program {
    child: Child,
    pub(crate) client: Client,
    /// Held open: who closes it takes the program's output away.
    _output: BufReader<ChildStdout>,
}

impl Program {
    /// `live-orders serve` on the store in `data`.
    pub(crate) fn serve(data: &Path, settings: &[&str]) -> Self {
        Self::start(serve_command(data, settings))
    }

    /// Starts `command` and waits until it says where it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        let session = let_in_by(&command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        output.read_line(&mut line).expect("its first line");
        let address =
            line.trim().strip_prefix("listening on http://").and_then(|it| it.parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the program did not begin: {line:?}");
        };
        Self { child, client: Client { address, gzip: false, session }, _output: output }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, as a supervisor does.
    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends it a signal, named as `kill` has it.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([name, &self.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("it has ended")
    }

    /// Ends it as a power cut would: without a word.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it has ended");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A session on the server that `command` starts.
pub(crate) fn let_in_by(command: &Command) -> Option<Secret> {
    let data = command.get_args().skip_while(|it| *it != "--data").nth(1)?;
    let_in(Path::new(data))
}

/// The program's file.
pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_live-orders"))
}

/// `live-orders serve` on the store in `data`, in a folder without a configuration.
pub(crate) fn serve_command(data: &Path, settings: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.current_dir(std::env::temp_dir());
    command
}

/// Sends a form as a browser does from a page of this server.
pub(crate) async fn post_form(client: Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    post_form_from(client, path, fields, &[("sec-fetch-site", "same-origin")]).await
}

/// The same with headers that say where it comes from.
pub(crate) async fn post_form_from(
    client: Client,
    path: &str,
    fields: &[(&str, &str)],
    from: &[(&str, &str)],
) -> Answer {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02X}"))
    };
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend_from_slice(from);
    client.send(request(Method::POST, path, &headers, Some(body.join("&").into()))).await
}
