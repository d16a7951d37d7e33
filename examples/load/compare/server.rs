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

use super::system::{self, Pins, Used};
use crate::{
    peer::control::Ready,
    sample::{EVENT, OPEN_ORDERS, Ticket},
};

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Ready-made bytes into sockets: the limit
    Raw,
    /// This project's server
    Engine,
    /// This project's server, which leaves its sockets to hyper
    EngineHyper,
    /// axum's `Sse` over a broadcast channel, each stream serialising for itself
    Axum,
    /// axum's `Sse` over a broadcast channel, JSON made once and shared
    AxumArc,
    /// nginx with the nchan module
    Nchan,
}

impl Name {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Engine => "engine",
            Self::EngineHyper => "engine-hyper",
            Self::Axum => "axum",
            Self::AxumArc => "axum-arc",
            Self::Nchan => "nchan",
        }
    }

    pub(super) fn is_engine(self) -> bool {
        matches!(self, Self::Engine | Self::EngineHyper)
    }
}

/// How peers are started.
pub(super) struct Launcher {
    pub(super) pins: Pins,
    /// Keys of this project's configuration.
    pub(super) settings: Vec<String>,
    pub(super) nchan: Option<Nchan>,
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
            Name::Raw => self.start_peer("raw", &[]),
            Name::Axum => self.start_peer("axum", &[]),
            Name::AxumArc => self.start_peer("axum-arc", &[]),
            Name::Engine => self.start_peer("engine", &[]),
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
        let mut child = start(command.stdin(Stdio::null()).stdout(Stdio::null()), &folder)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Ok(socket) = TcpStream::connect(address) {
                let ready = Ready { address, path: "/events".to_owned(), id_prefix: String::new() };
                let control = Control::Posts(Posts::new(socket, address)?);
                return Ok(Server { child, control, ready, published: 0, _folder: folder });
            }
            if Instant::now() > deadline || child.try_wait()?.is_some() {
                let _ = child.kill();
                let _ = child.wait();
                bail!("nginx did not start");
            }
            std::thread::yield_now();
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
    address: SocketAddr,
    socket: TcpStream,
    unanswered: u32,
    /// What has come of answers that is not understood yet.
    answers: Vec<u8>,
    newest_id: String,
}

impl Posts {
    fn new(socket: TcpStream, address: SocketAddr) -> anyhow::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let (answers, newest_id) = (Vec::new(), String::new());
        Ok(Self { address, socket, unanswered: 0, answers, newest_id })
    }

    fn post(&mut self, published: u32, count: u32, orders: u32) -> anyhow::Result<()> {
        let mut requests = Vec::new();
        for number in published..published + count {
            let body = Ticket::new(number + 1, number % orders).json();
            let head = format!(
                "POST /publish HTTP/1.1\r\nhost: {}\r\naccept: text/json\r\nx-eventsource-event: {EVENT}\r\ncontent-length: {}\r\n\r\n",
                self.address,
                body.len()
            );
            requests.extend_from_slice(head.as_bytes());
            requests.extend_from_slice(&body);
        }
        let mut rest = &requests[..];
        while !rest.is_empty() {
            match self.socket.write(rest) {
                Ok(length) => rest = rest.get(length..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.read()?,
                Err(error) => return Err(error.into()),
            }
        }
        self.unanswered += count;
        self.read()
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
                Ok(0) => bail!("nginx closed the publisher's connection"),
                Ok(length) => self.understand(buffer.get(..length).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn understand(&mut self, piece: &[u8]) -> anyhow::Result<()> {
        const BEFORE: &[u8] = b"\"last_message_id\": \"";
        self.answers.extend_from_slice(piece);
        while let Some(at) = memchr::memmem::find(&self.answers, BEFORE) {
            let id = self.answers.get(at + BEFORE.len()..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'"', id) else { break };
            let id = String::from_utf8_lossy(id.get(..end).unwrap_or_default()).into_owned();
            self.answers.drain(..at + BEFORE.len() + id.len());
            self.newest_id = id;
            self.unanswered = self.unanswered.checked_sub(1).context("an answer too many")?;
        }
        Ok(())
    }
}
