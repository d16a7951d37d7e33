//! A server of a target's own, its clock standing still, and what each of its
//! answers has to be.

use bytes::Bytes;
use hyper::Method;
use live_orders::{
    domain::{FoodOrder, UnixMillis},
    server::{clock::Clock, error::Code},
    wire::lean::Lean as _,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    support::{Answer, Connection, TestServer, request},
    watch,
};

/// The time at which everything happens.
pub(crate) const NOW: i64 = 1_790_000_000_000;

/// A server that one target asks one thing after another.
pub(crate) struct Server {
    runtime: Runtime,
    running: Option<TestServer>,
    connection: Option<Connection>,
    folder: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self { runtime, running: None, connection: None, folder };
        server.open();
        server
    }

    fn open(&mut self) {
        let clock = Clock::manual(UnixMillis(NOW));
        let start = TestServer::start_at(self.folder.path(), |_| {}, clock);
        self.running = Some(self.runtime.block_on(start));
    }

    /// Stops it, and starts it again on what it has written.
    pub(crate) fn reopen(&mut self) {
        self.connection = None;
        if let Some(server) = self.running.take() {
            self.runtime.block_on(server.stop());
        }
        self.open();
        watch::goes_on();
    }

    fn client(&self) -> &TestServer {
        self.running.as_ref().expect("a server")
    }

    /// What it answers. It always answers, and never that it is at fault.
    pub(crate) fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &[u8])],
        body: Option<&[u8]>,
    ) -> Result<Answer, String> {
        let mut asked = request(method, path, &[], body.map(Bytes::copy_from_slice));
        for (name, value) in headers {
            let value = hyper::header::HeaderValue::from_bytes(value);
            let value = value.map_err(|_| "a header that nobody can send".to_owned())?;
            let name: hyper::header::HeaderName = name.parse().expect("a name");
            asked.headers_mut().insert(name, value);
        }
        let client = self.client().client;
        let known = self.connection.take();
        let (connection, answer) = self.runtime.block_on(async {
            let mut connection = match known {
                Some(connection) => connection,
                None => client.connect().await?,
            };
            let answer = connection.send(asked).await?;
            Ok::<_, String>((connection, answer))
        })?;
        watch::goes_on();
        let stays = answer.header("connection") != "close";
        self.connection = Some(connection).filter(|_| stays);
        if answer.status >= 500 {
            return Err(format!("{}: {}", answer.status, answer.text()));
        }
        Ok(answer)
    }

    /// The first frames of the stream of who has had `last_id`, up to the first heartbeat:
    /// the event, id and data of each.
    pub(crate) fn stream(
        &mut self,
        last_id: &[u8],
    ) -> Result<Vec<(String, String, String)>, String> {
        let client = self.client().client;
        let mut asked = request(Method::GET, "/live-orders", &[], None);
        let value = hyper::header::HeaderValue::from_bytes(last_id);
        let value = value.map_err(|_| "a header that nobody can send".to_owned())?;
        asked.headers_mut().insert("last-event-id", value);
        self.runtime.block_on(async {
            use http_body_util::BodyExt as _;
            let mut connection = client.connect().await?;
            let response = connection.begin(asked).await?;
            if response.status() != 200 {
                return Err(format!("a stream that answers {}", response.status()));
            }
            let mut body = response.into_body();
            let mut reader = live_orders::wire::frame::FrameReader::default();
            let mut frames: Vec<(String, String, String)> = Vec::new();
            // Where a reader has caught up, it is told so by a heartbeat. One that never
            // comes is noticed by whoever watches.
            while !frames.iter().any(|(event, ..)| event == "heartbeat") {
                let frame = body.frame().await.ok_or("a stream that ends")?;
                let piece = frame.map_err(|error| error.to_string())?.into_data();
                let piece = piece.map_err(|_| "trailers")?;
                let read = reader.push(&piece).into_iter();
                frames.extend(read.map(|it| (it.event, it.id, it.data)));
            }
            Ok(frames)
        })
    }
}

/// What kind of answer it is; for a refusal whether it is told as it has to be: a
/// code that there is, and pointers to what is in `body`, or to what is missing there.
pub(crate) fn kind(answer: &Answer, body: Option<&Value>) -> Result<String, String> {
    let status = answer.status;
    if (200..300).contains(&status) {
        return Ok(status.to_string());
    }
    let wrong = |what: &str| Err(format!("{what}: {status} {}", answer.text()));
    if answer.header("content-type") != "application/problem+json" {
        return wrong("a refusal that is no problem");
    }
    let problem: Value = serde_json::from_slice(&answer.body).map_err(|it| it.to_string())?;
    let code = problem["code"].as_str().unwrap_or_default();
    let Some(known) = Code::ALL.iter().find(|it| it.as_str() == code) else {
        return wrong("a code that there is not");
    };
    if known.status() != status || problem["status"] != status {
        return wrong("a status that is not the code's");
    }
    let mut kind = format!("{status} {code}");
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    if known == &Code::InvalidFields && errors.is_empty() {
        return wrong("a refusal of no field");
    }
    for error in errors {
        let pointer = error["pointer"].as_str().unwrap_or("?");
        let detail = error["detail"].as_str().unwrap_or_default();
        if !points(body.unwrap_or(&Value::Null), pointer, detail) {
            return wrong("a pointer to nothing");
        }
        kind.push(' ');
        let words: Vec<&str> = detail.split(' ').take(3).collect();
        kind.extend(pointer.chars().filter(|it| !it.is_ascii_digit()).take(40));
        kind.push(' ');
        kind.extend(words.join(" ").chars().filter(|it| !it.is_ascii_digit()));
    }
    Ok(kind)
}

/// Whether `pointer` is of a value in `body`, or of a field that is required and
/// not in an object that is there.
fn points(body: &Value, pointer: &str, detail: &str) -> bool {
    if body.pointer(pointer).is_some() {
        return true;
    }
    let parent = pointer.rsplit_once('/').and_then(|(parent, _)| body.pointer(parent));
    detail.starts_with("is required") && parent.is_some_and(Value::is_object)
}

/// The order in an answer, which serde and the browser's reader read alike.
pub(crate) fn order(json: &[u8]) -> Result<FoodOrder, String> {
    let order: FoodOrder = serde_json::from_slice(json).map_err(|it| it.to_string())?;
    let text = std::str::from_utf8(json).map_err(|it| it.to_string())?;
    if FoodOrder::parse(text).as_ref() != Some(&order) {
        return Err("the browser reads another order".to_owned());
    }
    Ok(order)
}
