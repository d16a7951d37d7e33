//! One peer under load: started, told what to publish, ended.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use tempfile::TempDir;

use crate::{
    peer::control::Ready,
    sample::{EVENT, OPEN_ORDERS, Ticket},
    system::{self, Pins, Used},
};

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Ready-made bytes into sockets: the limit
    Raw,
    /// This project's server
    Engine,
    /// This project's server, whose clients take gzip
    EngineGzip,
    /// This project's server, which leaves its sockets to hyper
    EngineHyper,
    /// axum's `Sse` over a broadcast channel, each stream serialising for itself
    Axum,
    /// axum's `Sse` over a broadcast channel, JSON made once and shared
    AxumArc,
    /// nginx with the nchan module
    Nchan,
    /// Electric's server of durable streams
    DurableStreams,
}

impl Name {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Engine => "engine",
            Self::EngineGzip => "engine-gzip",
            Self::EngineHyper => "engine-hyper",
            Self::Axum => "axum",
            Self::AxumArc => "axum-arc",
            Self::Nchan => "nchan",
            Self::DurableStreams => "durable-streams",
        }
    }

    pub(super) fn is_engine(self) -> bool {
        matches!(self, Self::Engine | Self::EngineGzip | Self::EngineHyper)
    }
}

/// How peers are started.
pub(super) struct Launcher {
    pub(super) pins: Pins,
    /// Keys of this project's configuration.
    pub(super) settings: Vec<String>,
    pub(super) nchan: Option<Nchan>,
    /// The program of Electric's server.
    pub(super) durable_streams: Option<PathBuf>,
}

pub(super) const DURABLE_STREAMS_HINT: &str =
    "durable-streams is left out: no such program (cargo install durable-streams)";

/// Finds the program of Electric's server: as named, or on the search path.
pub(super) fn find_durable_streams(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.to_owned()).filter(|path| path.exists());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("durable-streams-server"))
        .find(|path| path.exists())
}

/// Where nginx and its module are.
pub(super) struct Nchan {
    program: PathBuf,
    module: PathBuf,
}

impl Nchan {
    pub(super) const HINT: &str = "nchan is left out: no nginx with it (Debian: apt-get install nginx-light libnginx-mod-nchan)";

    /// Finds them: as named, or where packages put them.
    pub(super) fn find(program: Option<&Path>, module: Option<&Path>) -> Option<Self> {
        let programs = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/nginx/sbin/nginx"];
        let modules = [
            "/usr/lib/nginx/modules/ngx_nchan_module.so",
            "/usr/share/nginx/modules/ngx_nchan_module.so",
            "/usr/lib64/nginx/modules/ngx_nchan_module.so",
            "/usr/local/nginx/modules/ngx_nchan_module.so",
        ];
        let first = |named: Option<&Path>, usual: &[&str]| match named {
            Some(named) => Some(named.to_owned()).filter(|path| path.exists()),
            None => usual.iter().map(PathBuf::from).find(|path| path.exists()),
        };
        Some(Self { program: first(program, &programs)?, module: first(module, &modules)? })
    }
}

/// A peer that runs. Ended when this is dropped.
pub(super) struct Server {
    child: Child,
    control: Control,
    ready: Ready,
    published: u32,
    /// Its working directory.
    _folder: TempDir,
}

enum Control {
    Pipe { input: ChildStdin, _output: BufReader<ChildStdout> },
    Posts(Posts),
}

impl Launcher {
    pub(super) fn start(&self, name: Name) -> anyhow::Result<Server> {
        match name {
            Name::Nchan => self.start_nchan(self.nchan.as_ref().context(Nchan::HINT)?),
            Name::DurableStreams => {
                let program = self.durable_streams.as_ref().context(DURABLE_STREAMS_HINT)?;
                self.start_durable_streams(program)
            }
            Name::Raw => self.start_peer("raw", &[]),
            Name::Axum => self.start_peer("axum", &[]),
            Name::AxumArc => self.start_peer("axum-arc", &[]),
            Name::Engine | Name::EngineGzip => self.start_peer("engine", &[]),
            Name::EngineHyper => self.start_peer("engine", &["stream.take_sockets=false"]),
        }
    }

    fn start_peer(&self, name: &str, settings: &[&str]) -> anyhow::Result<Server> {
        let folder = tempfile::tempdir()?;
        let mut command = self.pins.server(&std::env::current_exe()?);
        command.args(["peer", name]);
        if name == "engine" {
            for setting in self.settings.iter().map(String::as_str).chain(settings.iter().copied())
            {
                command.args(["--set", setting]);
            }
        }
        let mut child = start(command.stdin(Stdio::piped()).stdout(Stdio::piped()), &folder)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let mut said = String::new();
        let begun = pipes.context("no pipes").and_then(|(input, output)| {
            let mut output = BufReader::new(output);
            output.read_line(&mut said)?;
            Ok((Control::Pipe { input, _output: output }, said.parse::<Ready>()?))
        });
        match begun {
            Ok((control, ready)) => {
                Ok(Server { child, control, ready, published: 0, _folder: folder })
            }
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error).with_context(|| format!("{name} did not start"))
            }
        }
    }

    fn start_nchan(&self, nchan: &Nchan) -> anyhow::Result<Server> {
        let folder = tempfile::tempdir()?;
        // Free a moment ago, and most likely still.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let module = nchan.module.display();
        let files = rlimit::getrlimit(rlimit::Resource::NOFILE)?.1.min(65_536);
        let connections = files.saturating_sub(100);
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log error.log crit;
            load_module {module};
            worker_rlimit_nofile {files};
            events {{ worker_connections {connections}; }}
            http {{
                access_log off;
                tcp_nodelay on;
                client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                keepalive_requests 1000000000;
                client_header_buffer_size 16k;
                client_body_buffer_size 16k;
                nchan_shared_memory_size 256m;
                server {{
                    listen {address} backlog=4096;
                    location = /publish {{
                        nchan_publisher; nchan_channel_id orders;
                        nchan_message_buffer_length 1100; nchan_message_timeout 1h;
                    }}
                    location = /events {{
                        nchan_subscriber eventsource; nchan_channel_id orders;
                        nchan_subscriber_first_message newest;
                    }}
                }}
            }}"
        );
        std::fs::write(folder.path().join("nginx.conf"), config)?;
        let mut command = self.pins.server(&nchan.program);
        command.arg("-p").arg(folder.path()).args(["-c", "nginx.conf"]);
        let ready = Ready { address, path: "/events".to_owned(), id_prefix: String::new() };
        started(&mut command, folder, ready, |socket| {
            let head = format!("accept: text/json\r\nx-eventsource-event: {EVENT}\r\n");
            Posts::new(socket, format!("POST /publish HTTP/1.1\r\nhost: {address}\r\n{head}"))
        })
    }

    fn start_durable_streams(&self, program: &Path) -> anyhow::Result<Server> {
        let folder = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = self.pins.server(program);
        command.args(["--port", &address.port().to_string(), "--data-dir", "data"]);
        // The fan-out is measured, not the disk.
        command.args(["--durability", "memory"]);
        let path = "/orders?offset=now&live=sse".to_owned();
        let ready = Ready { address, path, id_prefix: String::new() };
        started(&mut command, folder, ready, |socket| {
            let head =
                format!("/orders HTTP/1.1\r\nhost: {address}\r\ncontent-type: text/plain\r\n");
            let mut posts = Posts::new(socket, format!("POST {head}"))?;
            posts.send(format!("PUT {head}content-length: 0\r\n\r\n").as_bytes())?;
            posts.unanswered += 1;
            posts.settle()?;
            Ok(posts)
        })
    }
}

/// Starts a server that is published to by HTTP, and connects to it.
fn started(
    command: &mut Command,
    folder: TempDir,
    ready: Ready,
    publisher: impl FnOnce(TcpStream) -> anyhow::Result<Posts>,
) -> anyhow::Result<Server> {
    let null = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = start(null, &folder)?;
    let deadline = Instant::now() + Duration::from_secs(10);
    let connected = loop {
        if let Ok(socket) = TcpStream::connect(ready.address) {
            break publisher(socket);
        }
        if Instant::now() > deadline || child.try_wait()?.is_some() {
            break Err(anyhow::anyhow!("it does not listen"));
        }
        std::thread::yield_now();
    };
    match connected {
        Ok(posts) => {
            let control = Control::Posts(posts);
            Ok(Server { child, control, ready, published: 0, _folder: folder })
        }
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(error).context("it did not start")
        }
    }
}

fn start(command: &mut Command, folder: &TempDir) -> anyhow::Result<Child> {
    command.current_dir(folder.path());
    command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))
}

impl Server {
    pub(super) fn address(&self) -> SocketAddr {
        self.ready.address
    }

    /// Where a stream is that goes on after the event `id`, and the id that it
    /// sends in its head.
    pub(super) fn path_after(&self, id: &str) -> (String, Option<String>) {
        if self.ready.path.contains("offset=now") {
            return (self.ready.path.replace("now", id), None);
        }
        (self.ready.path.clone(), Some(id.to_owned()))
    }

    /// Where its streams are.
    pub(super) fn path(&self) -> &str {
        &self.ready.path
    }

    /// Events published so far; each is numbered, from 1.
    pub(super) fn published(&self) -> u32 {
        self.published
    }

    pub(super) fn used(&self) -> Used {
        Used::of(self.child.id())
    }

    pub(super) fn memory_kib(&self) -> Option<f64> {
        system::memory_kib(self.child.id(), "VmRSS")
    }

    pub(super) fn peak_kib(&self) -> Option<f64> {
        system::memory_kib(self.child.id(), "VmHWM")
    }

    /// Has it publish so many events.
    pub(super) fn publish(&mut self, count: u32) -> anyhow::Result<()> {
        self.publish_about(count, OPEN_ORDERS)
    }

    /// Has it publish so many events about the first `orders` orders in turn.
    pub(super) fn publish_about(&mut self, count: u32, orders: u32) -> anyhow::Result<()> {
        match &mut self.control {
            Control::Pipe { input, .. } => {
                input.write_all(format!("publish {count} {orders}\n").as_bytes())?;
            }
            Control::Posts(posts) => posts.post(self.published, count, orders)?,
        }
        self.published += count;
        Ok(())
    }

    /// The id of the newest event.
    pub(super) fn newest_id(&mut self) -> anyhow::Result<String> {
        match &mut self.control {
            Control::Pipe { .. } => Ok(format!("{}{}", self.ready.id_prefix, self.published)),
            Control::Posts(posts) => {
                posts.settle()?;
                Ok(posts.newest_id.clone())
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that publishes by HTTP, without waiting for the answers.
struct Posts {
    socket: TcpStream,
    /// What every request begins with, up to its length.
    head: String,
    unanswered: u32,
    /// What has come of an answer that is not whole yet.
    answers: Vec<u8>,
    newest_id: String,
}

impl Posts {
    fn new(socket: TcpStream, head: String) -> anyhow::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, head, unanswered: 0, answers: Vec::new(), newest_id: String::new() })
    }

    fn post(&mut self, published: u32, count: u32, orders: u32) -> anyhow::Result<()> {
        let mut requests = Vec::new();
        for number in published..published + count {
            let body = Ticket::new(number + 1, number % orders).json();
            requests.extend_from_slice(self.head.as_bytes());
            let length = format!("content-length: {}\r\n\r\n", body.len());
            requests.extend_from_slice(length.as_bytes());
            requests.extend_from_slice(&body);
        }
        self.unanswered += count;
        self.send(&requests)?;
        self.read()
    }

    fn send(&mut self, mut rest: &[u8]) -> anyhow::Result<()> {
        while !rest.is_empty() {
            match self.socket.write(rest) {
                Ok(length) => rest = rest.get(length..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.read()?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits until every event has been acknowledged.
    fn settle(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.unanswered > 0 {
            self.read()?;
            if Instant::now() > deadline {
                bail!("{} events were never acknowledged", self.unanswered);
            }
        }
        Ok(())
    }

    /// Takes in the answers that are there.
    fn read(&mut self) -> anyhow::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => bail!("the publisher's connection was closed"),
                Ok(length) => {
                    self.answers.extend_from_slice(buffer.get(..length).unwrap_or_default());
                    while let Some((id, length)) = answer(&self.answers)? {
                        self.answers.drain(..length);
                        self.newest_id = id.unwrap_or_default();
                        self.unanswered =
                            self.unanswered.checked_sub(1).context("an answer too many")?;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The first whole answer in `bytes`: the id that it names, and its length.
fn answer(bytes: &[u8]) -> anyhow::Result<Option<(Option<String>, usize)>> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    let line = head.lines().next().unwrap_or_default();
    if !line.starts_with("HTTP/1.1 2") {
        bail!("an event was refused: {line}");
    }
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length: usize = field("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    let Some(body) = bytes.get(end + 4..end + 4 + length) else { return Ok(None) };
    let body = String::from_utf8_lossy(body);
    // nchan names it in the body, Electric in a field of the head.
    let named = body
        .split_once("\"last_message_id\": \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(id, _)| id.to_owned());
    Ok(Some((named.or_else(|| field("stream-next-offset")), end + 4 + length)))
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn an_answer_is_taken_when_it_is_whole() {
        let body = "{\"messages\": 1, \"last_message_id\": \"17:0\" }";
        let one = format!("HTTP/1.1 202 Accepted\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        for cut in 0..one.len() {
            assert!(answer(&one.as_bytes()[..cut]).expect("well-formed").is_none(), "{cut}");
        }
        let two = format!("{one}{one}");
        let taken = answer(two.as_bytes()).expect("well-formed").expect("whole");
        assert_eq!(taken, (Some("17:0".to_owned()), one.len()));
        let empty = b"HTTP/1.1 204 No Content\r\nStream-Next-Offset: 5_10\r\n\r\n";
        let taken = answer(empty).expect("well-formed").expect("whole");
        assert_eq!(taken, (Some("5_10".to_owned()), empty.len()));
        assert!(answer(b"HTTP/1.1 404 Not Found\r\n\r\n").is_err());
    }
}
