//! The client: every stream on one thread that never sleeps. A client that
//! waits to be woken makes fast servers look half as fast.

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use socket2::SockRef;

use super::count::Counter;

/// One buffer for all the streams.
const BUFFER_BYTES: usize = 512 * 1024;
/// Streams that are being opened at one time, unless all are to come at once.
pub(super) const GENTLY: usize = 128;

/// A stream to be opened.
pub(super) struct Wanted {
    /// The path with its query.
    pub(super) path: String,
    /// The id of the last event that it has.
    pub(super) last_event_id: Option<String>,
    pub(super) counter: Counter,
    /// It reads the head of the answer and never again.
    pub(super) stuck: bool,
}

struct Stream {
    socket: TcpStream,
    phase: Phase,
    counter: Counter,
    stuck: bool,
}

enum Phase {
    /// Not connected yet: the request that is to be sent.
    Connecting(Vec<u8>),
    /// What has come of the answer's head.
    Head(Vec<u8>),
    Open,
    /// Not read from any longer.
    Stuck,
    Closed,
}

/// Every stream to one server.
pub(super) struct Client {
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    streams: Vec<Stream>,
    opened: usize,
    /// Events that have come, over all streams.
    deliveries: u64,
    /// For each delivery the number of its event and when it came.
    arrivals: Option<Vec<(u32, Instant)>>,
}

impl Client {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(512),
            buffer: vec![0; BUFFER_BYTES],
            streams: Vec::new(),
            opened: 0,
            deliveries: 0,
            arrivals: None,
        })
    }

    /// Opens streams, `at_once` at a time, and waits until each has its head.
    pub(super) fn open(
        &mut self,
        address: SocketAddr,
        wanted: impl IntoIterator<Item = Wanted>,
        at_once: usize,
        deadline: Instant,
    ) -> anyhow::Result<()> {
        for wanted in wanted {
            while self.streams.len() - self.opened >= at_once {
                self.turn(deadline)?;
            }
            self.begin(address, wanted)?;
        }
        while self.opened < self.streams.len() {
            self.turn(deadline)?;
        }
        Ok(())
    }

    /// Begins to connect; does not wait for anything.
    pub(super) fn begin(&mut self, address: SocketAddr, wanted: Wanted) -> anyhow::Result<()> {
        let Wanted { path, last_event_id, counter, stuck } = wanted;
        let mut request =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n");
        if let Some(id) = last_event_id {
            request.extend(["last-event-id: ", &id, "\r\n"]);
        }
        request.push_str("\r\n");
        let mut socket = TcpStream::connect(address).context("cannot connect")?;
        // Closed without a trace: ports must not run out between two runs.
        SockRef::from(&socket).set_linger(Some(Duration::ZERO))?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, Token(self.streams.len()), interest)?;
        let phase = Phase::Connecting(request.into_bytes());
        self.streams.push(Stream { socket, phase, counter, stuck });
        Ok(())
    }

    /// Reads until so many events have come in all.
    pub(super) fn until(&mut self, deliveries: u64, deadline: Instant) -> anyhow::Result<()> {
        while self.deliveries < deliveries {
            self.turn(deadline)?;
        }
        if self.deliveries > deliveries {
            bail!("{} events came where {deliveries} were due", self.deliveries);
        }
        Ok(())
    }

    /// Reads until `moment`.
    pub(super) fn read_until(&mut self, moment: Instant) -> anyhow::Result<()> {
        while Instant::now() < moment {
            self.turn(moment + Duration::from_secs(1))?;
        }
        Ok(())
    }

    /// Notes from now on when each event comes.
    pub(super) fn note_arrivals(&mut self) {
        self.arrivals = Some(Vec::new());
    }

    /// What was noted.
    pub(super) fn take_arrivals(&mut self) -> Vec<(u32, Instant)> {
        self.arrivals.take().unwrap_or_default()
    }

    /// That every stream that reads has had every event before number `due`.
    pub(super) fn check(&self, due: u32) -> anyhow::Result<()> {
        for (index, stream) in self.streams.iter().enumerate() {
            if !stream.stuck && stream.counter.due() != due {
                bail!("stream {index} waits for event {}, not {due}", stream.counter.due());
            }
        }
        Ok(())
    }

    /// Looks once at every socket that has something.
    fn turn(&mut self, deadline: Instant) -> anyhow::Result<()> {
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        if self.events.is_empty() && Instant::now() > deadline {
            bail!(
                "gave up: {} of {} streams open, {} events so far",
                self.opened,
                self.streams.len(),
                self.deliveries
            );
        }
        for event in &self.events {
            let Token(index) = event.token();
            let Some(stream) = self.streams.get_mut(index) else { continue };
            let registry = self.poll.registry();
            let step = stream.step(event, registry, &mut self.buffer, &mut self.arrivals);
            match step.with_context(|| format!("stream {index}"))? {
                Step::Opened(count) => {
                    self.opened += 1;
                    self.deliveries += u64::from(count);
                }
                Step::Came(count) => self.deliveries += u64::from(count),
            }
        }
        Ok(())
    }
}

/// What came of looking at a socket.
enum Step {
    /// The head of the answer, and behind it so many events.
    Opened(u32),
    Came(u32),
}

impl Stream {
    fn step(
        &mut self,
        event: &mio::event::Event,
        registry: &mio::Registry,
        buffer: &mut [u8],
        arrivals: &mut Option<Vec<(u32, Instant)>>,
    ) -> anyhow::Result<Step> {
        if let Phase::Connecting(request) = &self.phase {
            if !event.is_writable() {
                if let Some(error) = self.socket.take_error()? {
                    return Err(error).context("cannot connect");
                }
                return Ok(Step::Came(0));
            }
            if self.socket.peer_addr().is_err() {
                let error = self.socket.take_error()?;
                return Err(error.unwrap_or_else(|| io::ErrorKind::NotConnected.into()))
                    .context("cannot connect");
            }
            // A new socket has room for so little.
            self.socket.write_all(request)?;
            registry.reregister(&mut self.socket, event.token(), Interest::READABLE)?;
            self.phase = Phase::Head(Vec::new());
        }
        if matches!(self.phase, Phase::Stuck | Phase::Closed) {
            return Ok(Step::Came(0));
        }
        let (mut came, mut opened) = (0, false);
        loop {
            let length = match self.socket.read(buffer) {
                Ok(0) if matches!(self.phase, Phase::Open) => {
                    self.phase = Phase::Closed;
                    bail!("the server closed it");
                }
                Ok(0) => bail!("the server closed it before it answered"),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            let piece = buffer.get(..length).unwrap_or_default();
            if let Phase::Head(head) = &mut self.phase {
                head.extend_from_slice(piece);
                let Some(end) = memchr::memmem::find(head, b"\r\n\r\n") else { continue };
                if !head.starts_with(b"HTTP/1.1 200") {
                    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
                    bail!("refused: {}", String::from_utf8_lossy(line));
                }
                opened = true;
                let rest = head.split_off(end + 4);
                self.phase = Phase::Open;
                if self.stuck {
                    registry.deregister(&mut self.socket)?;
                    self.phase = Phase::Stuck;
                    return Ok(Step::Opened(0));
                }
                came += self.take_in(&rest, arrivals)?;
            } else {
                came += self.take_in(piece, arrivals)?;
            }
            // Less than fits is all there was; the next bytes bring an event of their own.
            if length < buffer.len() {
                break;
            }
        }
        Ok(if opened { Step::Opened(came) } else { Step::Came(came) })
    }

    fn take_in(
        &mut self,
        piece: &[u8],
        arrivals: &mut Option<Vec<(u32, Instant)>>,
    ) -> anyhow::Result<u32> {
        let first = self.counter.due();
        let count = self.counter.count(piece).map_err(|wrong| anyhow::anyhow!("{wrong:?}"))?;
        if let (Some(arrivals), 1..) = (arrivals, count) {
            let now = Instant::now();
            arrivals.extend((first..first + count).map(|number| (number, now)));
        }
        Ok(count)
    }
}
