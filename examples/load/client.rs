//! The client: every stream on one thread. For a comparison it never sleeps: a
//! client that waits to be woken makes fast servers look half as fast.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use live_orders::wire::frame::FrameReader;
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use socket2::SockRef;

use crate::{count::Counter, inflate::Inflater};

/// One buffer for all the streams.
const BUFFER_BYTES: usize = 512 * 1024;
/// Streams that are being opened at one time, unless all are to come at once.
pub(crate) const GENTLY: usize = 128;

/// A stream to be opened.
pub(crate) struct Wanted {
    /// The path with its query.
    pub(crate) path: String,
    /// The id of the last event that it has.
    pub(crate) last_event_id: Option<String>,
    /// Whether it asks for gzip; it insists on getting it then.
    pub(crate) gzip: bool,
    pub(crate) reading: Reading,
    /// Whether it is closed as a browser does it, and not without a trace.
    pub(crate) polite: bool,
}

/// What is done with what comes.
pub(crate) enum Reading {
    /// The numbers of the events are checked.
    Counts(Counter),
    /// It is read and forgotten.
    Forgets,
    /// The last frame and the end are waited for.
    AwaitsEnd(Box<Ending>),
    /// The head of the answer is read, and nothing behind it ever.
    Stuck,
}

/// How a stream ended.
#[derive(Default)]
pub(crate) struct Ending {
    frames: FrameReader,
    /// When `bye` came.
    pub(crate) bye: Option<Instant>,
    /// Whether the connection has ended.
    pub(crate) ended: bool,
    /// What went wrong.
    pub(crate) wrong: Option<String>,
}

struct Stream {
    socket: TcpStream,
    phase: Phase,
    gzip: Option<Inflater>,
    reading: Reading,
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

/// What all streams share while one of them is looked at.
struct Desk {
    buffer: Vec<u8>,
    inflated: Vec<u8>,
    /// For each delivery the number of its event and when it came.
    arrivals: Option<Vec<(u32, Instant)>>,
    /// Bytes that came behind the heads of the answers, as they were sent.
    bytes: u64,
}

/// Every stream to one server.
pub(crate) struct Client {
    poll: Poll,
    events: Events,
    /// How long it may sleep when nothing comes.
    nap: Duration,
    desk: Desk,
    streams: Vec<Stream>,
    opened: usize,
    /// Events that have come, over all streams that count.
    deliveries: u64,
}

impl Client {
    /// One that never sleeps.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(512),
            nap: Duration::ZERO,
            desk: Desk {
                buffer: vec![0; BUFFER_BYTES],
                inflated: vec![0; BUFFER_BYTES],
                arrivals: None,
                bytes: 0,
            },
            streams: Vec::new(),
            opened: 0,
            deliveries: 0,
        })
    }

    /// One that leaves the processor to others when nothing comes.
    pub(crate) fn calm() -> anyhow::Result<Self> {
        Ok(Self { nap: Duration::from_millis(1), ..Self::new()? })
    }

    /// Opens streams, `at_once` at a time, and waits until each has its head.
    pub(crate) fn open(
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
    pub(crate) fn begin(&mut self, address: SocketAddr, wanted: Wanted) -> anyhow::Result<()> {
        let Wanted { path, last_event_id, gzip, reading, polite } = wanted;
        let mut request =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n");
        if let Some(id) = last_event_id {
            request.extend(["last-event-id: ", &id, "\r\n"]);
        }
        if gzip {
            request.push_str("accept-encoding: gzip\r\n");
        }
        request.push_str(&crate::http::admission());
        request.push_str("\r\n");
        let mut socket = TcpStream::connect(address).context("cannot connect")?;
        if !polite {
            // Closed without a trace: ports must not run out between two runs.
            SockRef::from(&socket).set_linger(Some(Duration::ZERO))?;
        }
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, Token(self.streams.len()), interest)?;
        let phase = Phase::Connecting(request.into_bytes());
        let gzip = gzip.then(Inflater::new);
        self.streams.push(Stream { socket, phase, gzip, reading });
        Ok(())
    }

    /// Reads until so many events have come in all.
    pub(crate) fn until(&mut self, deliveries: u64, deadline: Instant) -> anyhow::Result<()> {
        while self.deliveries < deliveries {
            self.turn(deadline)?;
        }
        if self.deliveries > deliveries {
            bail!("{} events came where {deliveries} were due", self.deliveries);
        }
        Ok(())
    }

    /// Reads until `moment`.
    pub(crate) fn read_until(&mut self, moment: Instant) -> anyhow::Result<()> {
        while Instant::now() < moment {
            self.turn(moment + Duration::from_secs(1))?;
        }
        Ok(())
    }

    /// Reads what there is, and no longer than for `most`.
    pub(crate) fn drain(&mut self, most: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + most;
        while self.turn(end + Duration::from_secs(1))? && Instant::now() < end {}
        Ok(())
    }

    /// Bytes of streams that have come, as they were sent.
    pub(crate) fn bytes(&self) -> u64 {
        self.desk.bytes
    }

    /// How those streams ended that wait for it.
    pub(crate) fn endings(&self) -> impl Iterator<Item = &Ending> {
        self.streams.iter().filter_map(|stream| match &stream.reading {
            Reading::AwaitsEnd(ending) => Some(&**ending),
            _ => None,
        })
    }

    /// Notes from now on when each event comes.
    pub(crate) fn note_arrivals(&mut self) {
        self.desk.arrivals = Some(Vec::new());
    }

    /// What was noted.
    pub(crate) fn take_arrivals(&mut self) -> Vec<(u32, Instant)> {
        self.desk.arrivals.take().unwrap_or_default()
    }

    /// That every stream that counts has had every event before number `due`.
    pub(crate) fn check(&self, due: u32) -> anyhow::Result<()> {
        for (index, stream) in self.streams.iter().enumerate() {
            if let Reading::Counts(counter) = &stream.reading
                && counter.due() != due
            {
                bail!("stream {index} waits for event {}, not {due}", counter.due());
            }
        }
        Ok(())
    }

    /// Looks once at every socket that has something; whether one had.
    fn turn(&mut self, deadline: Instant) -> anyhow::Result<bool> {
        match self.poll.poll(&mut self.events, Some(self.nap)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
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
            let step = stream.step(event, self.poll.registry(), &mut self.desk);
            match step.or_else(|error| stream.failed(error)) {
                Ok(Step::Opened(count)) => {
                    self.opened += 1;
                    self.deliveries += u64::from(count);
                }
                Ok(Step::Came(count)) => self.deliveries += u64::from(count),
                Err(error) => return Err(error).with_context(|| format!("stream {index}")),
            }
        }
        Ok(!self.events.is_empty())
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
        desk: &mut Desk,
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
            let length = match self.socket.read(&mut desk.buffer) {
                Ok(0) if matches!(self.phase, Phase::Open) => {
                    self.ended()?;
                    break;
                }
                Ok(0) => bail!("the server closed it before it answered"),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            if let Phase::Head(head) = &mut self.phase {
                head.extend_from_slice(desk.buffer.get(..length).unwrap_or_default());
                let Some(end) = memchr::memmem::find(head, b"\r\n\r\n") else { continue };
                if !head.starts_with(b"HTTP/1.1 200") {
                    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
                    bail!("refused: {}", String::from_utf8_lossy(line));
                }
                let rest = head.split_off(end + 4);
                let packed = memchr::memmem::find(head, b"content-encoding: gzip").is_some();
                ensure!(packed == self.gzip.is_some(), "another encoding than it asked for");
                opened = true;
                self.phase = Phase::Open;
                if matches!(self.reading, Reading::Stuck) {
                    registry.deregister(&mut self.socket)?;
                    self.phase = Phase::Stuck;
                    return Ok(Step::Opened(0));
                }
                came += self.take_in(&rest, desk)?;
            } else {
                // Out of the desk while it is taken in.
                let buffer = std::mem::take(&mut desk.buffer);
                let taken = self.take_in(buffer.get(..length).unwrap_or_default(), desk);
                desk.buffer = buffer;
                came += taken?;
            }
            // Less than fits is all there was; the next bytes bring an event of their own.
            if length < desk.buffer.len() && !event.is_read_closed() {
                break;
            }
        }
        Ok(if opened { Step::Opened(came) } else { Step::Came(came) })
    }

    /// The server has closed it.
    fn ended(&mut self) -> anyhow::Result<()> {
        self.phase = Phase::Closed;
        let Reading::AwaitsEnd(ending) = &mut self.reading else { bail!("the server closed it") };
        ending.ended = true;
        // The server waits a moment for this.
        let _ = self.socket.shutdown(Shutdown::Write);
        Ok(())
    }

    /// An error ends everything, but for a stream whose end is the point.
    fn failed(&mut self, error: anyhow::Error) -> anyhow::Result<Step> {
        match (&mut self.reading, &self.phase) {
            (Reading::AwaitsEnd(ending), Phase::Open) => {
                self.phase = Phase::Closed;
                ending.ended = true;
                ending.wrong = Some(format!("{error:#}"));
                Ok(Step::Came(0))
            }
            _ => Err(error),
        }
    }

    /// Takes in what came; how many events it completes.
    fn take_in(&mut self, piece: &[u8], desk: &mut Desk) -> anyhow::Result<u32> {
        desk.bytes += piece.len() as u64;
        let reading = &mut self.reading;
        let arrivals = &mut desk.arrivals;
        match &mut self.gzip {
            Some(_) if matches!(reading, Reading::Forgets) => Ok(0),
            Some(inflater) => {
                let mut count = 0;
                inflater.inflate(piece, &mut desk.inflated, |plain| {
                    count += reading.take_in(plain, arrivals)?;
                    Ok(())
                })?;
                Ok(count)
            }
            None => reading.take_in(piece, arrivals),
        }
    }
}

impl Reading {
    fn take_in(
        &mut self,
        piece: &[u8],
        arrivals: &mut Option<Vec<(u32, Instant)>>,
    ) -> anyhow::Result<u32> {
        match self {
            Self::Counts(counter) => {
                let first = counter.due();
                let count = counter.count(piece).map_err(|wrong| anyhow::anyhow!("{wrong:?}"))?;
                if let (Some(arrivals), 1..) = (arrivals, count) {
                    let now = Instant::now();
                    arrivals.extend((first..first + count).map(|number| (number, now)));
                }
                Ok(count)
            }
            Self::AwaitsEnd(ending) => {
                for frame in ending.frames.push(piece) {
                    ensure!(ending.bye.is_none(), "{} came after bye", frame.event);
                    if frame.event == "bye" {
                        ending.bye = Some(Instant::now());
                    }
                }
                Ok(0)
            }
            Self::Forgets | Self::Stuck => Ok(0),
        }
    }
}
