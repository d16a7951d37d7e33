//! Everybody who reads: boards, screens of stations, and customers, who come and go, are
//! cut off at any moment, and come back for what they have missed.

use std::{
    collections::VecDeque,
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use live_orders::wire::{Seq, frame::FrameReader};
use mio::{Interest, Registry, Token, event::Event, net::TcpStream};
use rand::{Rng as _, rngs::StdRng};
use socket2::SockRef;

use crate::{
    http,
    inflate::Inflater,
    ledger::{Follows, Kind, Ledger, Stand},
    wrongs::Wrongs,
};

/// One stream in so many is a whole board: 40 of 2,000.
const BOARDS: usize = 50;
/// One in so many is the screen of a station.
const SCREENS: usize = 16;
const STATIONS: [&str; 6] = ["grill", "fry", "cold", "oven", "bar", "pastry"];
/// Between the first connections of two streams.
const ARRIVALS: Duration = Duration::from_millis(4);
/// How long a connection lasts in the mean until it is cut off.
const UNCUT: Duration = Duration::from_secs(100);
/// How long whoever was cut off stays away at most.
const AWAY_MILLIS: u64 = 4000;
/// How long a customer lingers at most when the order is over.
const LINGER_MILLIS: u64 = 10_000;
/// How long a customer looks on in any case.
const VISIT: Duration = Duration::from_mins(4);
/// When to look again whether there is somebody to follow.
const NOBODY_YET: Duration = Duration::from_millis(500);
/// One buffer for all.
const BUFFER_BYTES: usize = 128 * 1024;

/// An order that a customer may follow.
#[derive(Clone, Debug)]
pub(crate) struct Followed {
    pub(crate) id: String,
    /// Where its page is.
    pub(crate) page: String,
}

/// What the readers have had, all together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Connections that were answered.
    pub(crate) opened: u64,
    /// Of those, such as went on with the last id.
    pub(crate) resumed: u64,
    /// Connections that were cut off by the reader.
    pub(crate) cut: u64,
    /// Those that the server ended with a word, and without.
    pub(crate) rotated: u64,
    pub(crate) dropped: u64,
    /// Customers who have come.
    pub(crate) customers: u64,
    /// Changes that came, over all streams.
    pub(crate) deliveries: u64,
    /// Changes and erasures that the first board has had.
    pub(crate) changes: u64,
    pub(crate) erasures: u64,
}

/// One who reads.
struct Seat {
    ledger: Ledger,
    path: String,
    gzip: bool,
    customer: bool,
    line: Option<Line>,
    /// When it connects, while it is not connected.
    comes_at: Instant,
    /// When it is cut off.
    cut_at: Instant,
    /// When the customer has seen enough; somebody else takes the seat then.
    leaves_at: Option<Instant>,
}

/// A connection.
struct Line {
    socket: TcpStream,
    phase: Phase,
    gzip: Option<Inflater>,
    frames: FrameReader,
    /// Whether the server has said that it is about to end.
    bye: bool,
}

enum Phase {
    Connecting(Vec<u8>),
    Head(Vec<u8>),
    Open,
}

/// What came of looking at a connection.
enum Outcome {
    Fine,
    Ended,
}

/// Everybody who reads.
pub(crate) struct Crowd {
    address: SocketAddr,
    registry: Registry,
    seats: Vec<Seat>,
    boards: usize,
    buffer: Vec<u8>,
    room: Vec<u8>,
    random: StdRng,
    /// Orders to follow, the newest last.
    fresh: VecDeque<Followed>,
    /// Whether people still come, go and are cut off.
    lively: bool,
    pub(crate) tally: Tally,
}

impl Crowd {
    pub(crate) fn new(
        address: SocketAddr,
        registry: Registry,
        streams: usize,
        random: StdRng,
    ) -> Self {
        let now = Instant::now();
        let boards = streams.div_ceil(BOARDS);
        let screens = streams.div_ceil(SCREENS);
        let seats = (0..streams)
            .map(|index| {
                let pause = ARRIVALS * u32::try_from(index).unwrap_or_default();
                let (follows, path) = if index < boards {
                    // Some begin as a board does that is opened, with what is there.
                    let begin = if index % 2 == 1 { "?snapshot=1" } else { "" };
                    (Follows::Everything, begin.to_owned())
                } else if index < boards + screens {
                    let (name, open) = (STATIONS[index % STATIONS.len()], index / 2 % 2 == 1);
                    let only = if open { "&status=open" } else { "" };
                    (Follows::Station { name, open }, format!("?station={name}{only}"))
                } else {
                    (Follows::Nothing, String::new())
                };
                Seat {
                    ledger: Ledger::new(follows),
                    path: format!("/live-orders{path}"),
                    gzip: index % 4 < 2,
                    customer: index >= boards + screens,
                    line: None,
                    comes_at: now + pause,
                    cut_at: now,
                    leaves_at: None,
                }
            })
            .collect();
        Self {
            address,
            registry,
            seats,
            boards,
            buffer: vec![0; BUFFER_BYTES],
            room: vec![0; BUFFER_BYTES],
            random,
            fresh: VecDeque::new(),
            lively: true,
            tally: Tally::default(),
        }
    }

    /// Whether every board and every screen is there: from then on they miss no change.
    pub(crate) fn kitchen_is_open(&self) -> bool {
        let mut kitchen = self.seats.iter().filter(|seat| !seat.customer);
        kitchen.all(|seat| seat.ledger.position().is_some())
    }

    /// How many connections there are.
    pub(crate) fn connected(&self) -> usize {
        self.seats.iter().filter(|seat| seat.line.is_some()).count()
    }

    /// An order that was just placed.
    pub(crate) fn note(&mut self, order: Followed) {
        self.fresh.push_back(order);
        if self.fresh.len() > 300 {
            self.fresh.pop_front();
        }
    }

    /// From now on nobody goes.
    pub(crate) fn settle(&mut self) {
        self.lively = false;
    }

    /// The furthest position that a board has.
    pub(crate) fn head(&self) -> Option<Seq> {
        let boards = self.seats.iter().take(self.boards);
        boards.filter_map(|seat| seat.ledger.position()).max()
    }

    /// How many of the streams that are told positions have not everything up to `head`.
    pub(crate) fn behind(&self, head: Seq) -> usize {
        let told = self.seats.iter().filter(|seat| {
            !matches!(seat.ledger.follows(), Follows::Page { .. } | Follows::Nothing)
        });
        told.filter(|seat| seat.ledger.position().is_none_or(|at| at < head)).count()
    }

    /// Whether any of them lacks something of the orders that are open: what, in words, of
    /// the first.
    pub(crate) fn lacks(&self, open: &[Stand<'_>]) -> Option<String> {
        self.seats.iter().find_map(|seat| {
            let what = seat.ledger.lacks(open)?;
            Some(format!("{:?}: {what}", seat.ledger.follows()))
        })
    }

    /// Everybody goes home.
    pub(crate) fn leave(&mut self) {
        self.seats.clear();
    }

    /// Lets people come and go whose time it is.
    pub(crate) fn turn(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        for index in 0..self.seats.len() {
            let Some(seat) = self.seats.get_mut(index) else { break };
            if seat.line.is_none() {
                if seat.comes_at <= now && self.prepare(index, now) {
                    self.connect(index, now)?;
                }
            } else if self.lively && seat.leaves_at.is_some_and(|at| at <= now) {
                seat.hang_up(self.random.random());
                seat.leaves_at = None;
                seat.ledger = Ledger::new(Follows::Nothing);
                seat.path.clear();
                seat.comes_at = now;
            } else if self.lively && seat.cut_at <= now {
                seat.hang_up(self.random.random());
                seat.comes_at =
                    now + Duration::from_millis(self.random.random_range(0..AWAY_MILLIS));
                self.tally.cut += 1;
            }
        }
        Ok(())
    }

    /// Finds a new customer something to follow; whether somebody can connect.
    fn prepare(&mut self, index: usize, now: Instant) -> bool {
        let Some(seat) = self.seats.get_mut(index) else { return false };
        if !seat.customer || seat.leaves_at.is_some() {
            return true;
        }
        if self.fresh.is_empty() {
            seat.comes_at = now + NOBODY_YET;
            return false;
        }
        let chosen = self.random.random_range(0..self.fresh.len());
        let Some(order) = self.fresh.get(chosen) else { return false };
        let Followed { id, page } = order.clone();
        let (follows, path) = match index % 3 {
            0 => (Follows::Page { id }, format!("{page}/events")),
            rest => {
                let whole = rest == 2;
                let begin = if whole { "&snapshot=1" } else { "" };
                let path = format!("/live-orders?order={id}{begin}");
                (Follows::Order { id, whole }, path)
            }
        };
        seat.ledger = Ledger::new(follows);
        seat.path = path;
        seat.leaves_at = Some(now + VISIT);
        self.tally.customers += 1;
        true
    }

    fn connect(&mut self, index: usize, now: Instant) -> anyhow::Result<()> {
        let Some(seat) = self.seats.get_mut(index) else { return Ok(()) };
        let mut request = format!(
            "GET {} HTTP/{}\r\nhost: {}\r\naccept: text/event-stream\r\n{}",
            seat.path,
            // What goes through hyper comes in chunks otherwise.
            if matches!(seat.ledger.follows(), Follows::Page { .. }) { "1.0" } else { "1.1" },
            self.address,
            http::admission()
        );
        if let Some(id) = seat.ledger.last_id() {
            request.extend(["last-event-id: ", id, "\r\n"]);
        }
        if seat.gzip {
            request.push_str("accept-encoding: gzip\r\n");
        }
        request.push_str("\r\n");
        let mut socket = TcpStream::connect(self.address).context("cannot connect")?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry.register(&mut socket, Token(index), interest)?;
        let uncut = UNCUT.mul_f64(-(1.0 - self.random.random::<f64>()).ln());
        seat.cut_at = now + uncut.max(Duration::from_millis(5));
        seat.ledger.begin();
        seat.line = Some(Line {
            socket,
            phase: Phase::Connecting(request.into_bytes()),
            gzip: None,
            frames: FrameReader::default(),
            bye: false,
        });
        Ok(())
    }

    /// Reads what has come for `index`.
    pub(crate) fn read(&mut self, index: usize, event: &Event, wrongs: &mut Wrongs) {
        let Some(seat) = self.seats.get_mut(index) else { return };
        let before = self.tally;
        let mut desk =
            Desk { buffer: &mut self.buffer, room: &mut self.room, tally: &mut self.tally };
        let outcome = seat.read(event, &mut desk, wrongs);
        if index > 0 {
            (self.tally.changes, self.tally.erasures) = (before.changes, before.erasures);
        }
        let now = Instant::now();
        let soon =
            |random: &mut StdRng| now + Duration::from_millis(random.random_range(0..AWAY_MILLIS));
        match outcome {
            Ok(Outcome::Fine) => {
                if seat.customer && seat.ledger.has_ended() {
                    let linger = Duration::from_millis(self.random.random_range(0..LINGER_MILLIS));
                    seat.leaves_at = seat.leaves_at.map(|at| at.min(now + linger));
                }
            }
            Ok(Outcome::Ended) => {
                let bye = seat.line.as_ref().is_some_and(|line| line.bye);
                let count = if bye { &mut self.tally.rotated } else { &mut self.tally.dropped };
                *count += 1;
                seat.line = None;
                seat.comes_at = soon(&mut self.random);
            }
            Err(error) => {
                wrongs.refused(format!("{}: {error:#}", seat.path));
                seat.line = None;
                seat.comes_at = soon(&mut self.random);
            }
        }
    }
}

/// What all share while one of them is looked at.
struct Desk<'a> {
    buffer: &'a mut [u8],
    room: &'a mut [u8],
    tally: &'a mut Tally,
}

impl Seat {
    /// Goes, with a word to the system or without: then what is under way is thrown away.
    fn hang_up(&mut self, politely: bool) {
        if let Some(line) = self.line.take()
            && !politely
        {
            let _ = SockRef::from(&line.socket).set_linger(Some(Duration::ZERO));
        }
    }

    fn read(
        &mut self,
        event: &Event,
        desk: &mut Desk<'_>,
        wrongs: &mut Wrongs,
    ) -> anyhow::Result<Outcome> {
        let Some(line) = &mut self.line else { return Ok(Outcome::Fine) };
        if let Phase::Connecting(request) = &line.phase {
            // An event may be of the connection that had this seat before.
            if let Some(error) = line.socket.take_error()? {
                return Err(error).context("cannot connect");
            }
            if !event.is_writable() || line.socket.peer_addr().is_err() {
                return Ok(Outcome::Fine);
            }
            // A new socket has room for so little.
            line.socket.write_all(request)?;
            line.phase = Phase::Head(Vec::new());
        }
        loop {
            let length = match line.socket.read(desk.buffer) {
                Ok(0) if matches!(line.phase, Phase::Open) => return Ok(Outcome::Ended),
                Ok(0) => anyhow::bail!("closed before it was answered"),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Outcome::Fine);
                }
                Err(error)
                    if error.kind() == io::ErrorKind::ConnectionReset
                        && matches!(line.phase, Phase::Open) =>
                {
                    return Ok(Outcome::Ended);
                }
                Err(error) => return Err(error.into()),
            };
            let piece = desk.buffer.get(..length).unwrap_or_default();
            let rest;
            let piece = if let Phase::Head(head) = &mut line.phase {
                head.extend_from_slice(piece);
                let Some(end) = memchr::memmem::find(head, b"\r\n\r\n") else { continue };
                anyhow::ensure!(
                    head.get(8..12) == Some(b" 200"),
                    "answered {:.300}",
                    String::from_utf8_lossy(head)
                );
                rest = head.split_off(end + 4);
                let packed = memchr::memmem::find(head, b"content-encoding: gzip").is_some();
                line.gzip = packed.then(Inflater::new);
                line.phase = Phase::Open;
                desk.tally.opened += 1;
                desk.tally.resumed += u64::from(self.ledger.last_id().is_some());
                rest.as_slice()
            } else {
                piece
            };
            let ledger = &mut self.ledger;
            let (frames, bye, tally) = (&mut line.frames, &mut line.bye, &mut *desk.tally);
            let mut take = |plain: &[u8]| {
                for frame in frames.push(plain) {
                    match ledger.take(&frame) {
                        Ok(Kind::Change | Kind::Last) => {
                            tally.deliveries += 1;
                            tally.changes += 1;
                        }
                        Ok(Kind::Erasure) => {
                            tally.deliveries += 1;
                            tally.erasures += 1;
                        }
                        Ok(Kind::Bye) => *bye = true,
                        Ok(Kind::Other) => {}
                        Err(wrong) => wrongs.order(wrong),
                    }
                }
                Ok(())
            };
            match &mut line.gzip {
                Some(inflater) => inflater.inflate(piece, desk.room, take)?,
                None => take(piece)?,
            }
        }
    }
}
