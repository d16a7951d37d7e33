//! Those who change orders: place them, take them through their states, say what they
//! have seen. Each has one connection and one request under way.

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use live_orders::wire::{EventId, Seq};
use mio::{Interest, Registry, Token, event::Event, net::TcpStream};
use rand::{Rng as _, rngs::StdRng};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{crowd::Followed, http, ledger::Stand, sample, wrongs::Wrongs};

/// Connections: enough for a disk on which a commit takes a while, for many share one.
pub(crate) const HANDS: usize = 48;
/// One order in so many is called off.
const CALLED_OFF: u32 = 20;
/// How often a screen says what it shows, and how often somebody asks where the log begins.
const SEEN_EVERY: Duration = Duration::from_secs(1);
const ASKED_EVERY: Duration = Duration::from_secs(5);
/// How far behind its rate the load may be before the rest is given up.
const BACKLOG: Duration = Duration::from_secs(1);
/// How long a connection may have been idle to be used again: the server closes those
/// that ask for nothing for ten seconds, and a request must not cross with that.
const IDLE: Duration = Duration::from_secs(3);
/// Orders that one request tells of at most.
const SEEN_AT_ONCE: usize = 1000;

/// A step in an order's life.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    To(&'static str),
    Rush,
    Acknowledge,
}

/// What becomes of most orders, after they are placed, and of the others.
pub(crate) const LIFE: [Step; 5] = [
    Step::To("accepted"),
    Step::Rush,
    Step::To("preparing"),
    Step::To("ready"),
    Step::To("completed"),
];
const CUT_SHORT: [Step; 3] = [Step::To("accepted"), Step::To("cancelled"), Step::Acknowledge];

/// An order that is worked on.
#[derive(Debug)]
struct Ticket {
    id: String,
    version: u32,
    stations: Vec<String>,
    /// What is still to be done with it.
    left: &'static [Step],
}

impl Ticket {
    fn stand(&self) -> Stand<'_> {
        Stand {
            id: &self.id,
            version: self.version,
            stations: &self.stations,
            called_off: matches!(self.left, [Step::Acknowledge]),
        }
    }
}

/// What is asked for.
#[derive(Debug)]
enum Task {
    Place,
    Step(Ticket),
    Seen,
    /// Where the log begins.
    Floor,
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    version: u32,
    tracking_url: Option<String>,
    items: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    station: Option<String>,
}

/// One who works.
struct Hand {
    socket: Option<TcpStream>,
    connected: bool,
    to_send: Vec<u8>,
    came: Vec<u8>,
    task: Option<Task>,
    /// When it was last answered.
    used_at: Instant,
}

/// Everybody who works.
pub(crate) struct Staff {
    address: SocketAddr,
    registry: Registry,
    /// The token of the first one's connection.
    base: usize,
    hands: Vec<Hand>,
    open: Vec<Ticket>,
    /// How many orders are to be open.
    target: usize,
    /// Changes a second.
    rate: f64,
    /// When it began, as far as the rate goes.
    begun: Option<Instant>,
    under_way: u64,
    /// Orders so far.
    number: u32,
    unseen: Vec<String>,
    seen_at: Instant,
    asked_at: Instant,
    random: StdRng,
    /// Changes that were acknowledged, from the beginning and for the rate.
    pub(crate) changes: u64,
    counted: u64,
    /// Other requests that were answered.
    pub(crate) others: u64,
    /// Where the log begins, and where it did when that was first asked.
    pub(crate) floor: Option<Seq>,
    pub(crate) first_floor: Option<Seq>,
}

impl Staff {
    pub(crate) fn new(
        address: SocketAddr,
        registry: Registry,
        base: usize,
        (target, rate): (usize, f64),
        random: StdRng,
    ) -> Self {
        let now = Instant::now();
        let hand = || Hand {
            socket: None,
            connected: false,
            to_send: Vec::new(),
            came: Vec::new(),
            task: None,
            used_at: now,
        };
        Self {
            address,
            registry,
            base,
            hands: (0..HANDS).map(|_| hand()).collect(),
            open: Vec::new(),
            target,
            rate,
            begun: None,
            under_way: 0,
            number: 0,
            unseen: Vec::new(),
            seen_at: now,
            asked_at: now,
            random,
            changes: 0,
            counted: 0,
            others: 0,
            floor: None,
            first_floor: None,
        }
    }

    /// How many orders are open.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// All orders that are open, as they were acknowledged.
    pub(crate) fn stands(&self) -> Vec<Stand<'_>> {
        self.open.iter().map(Ticket::stand).collect()
    }

    /// Begins to work.
    pub(crate) fn begin(&mut self) {
        self.begun = Some(Instant::now());
    }

    /// Begins nothing any more.
    pub(crate) fn stop(&mut self) {
        self.begun = None;
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.hands.iter().all(|hand| hand.task.is_none())
    }

    /// Everybody goes home.
    pub(crate) fn leave(&mut self) {
        self.hands.clear();
    }

    /// Has those who are free do what is due.
    pub(crate) fn turn(&mut self) -> anyhow::Result<()> {
        let Some(begun) = self.begun else { return Ok(()) };
        let now = Instant::now();
        for index in 0..self.hands.len() {
            if self.hands.get(index).is_none_or(|hand| hand.task.is_some()) {
                continue;
            }
            if now.duration_since(self.seen_at) > SEEN_EVERY && !self.unseen.is_empty() {
                self.seen_at = now;
                let most = self.unseen.len().min(SEEN_AT_ONCE);
                let orders: Vec<_> = self.unseen.drain(..most).collect();
                let body = json!({"screen": "pass", "orders": orders}).to_string();
                self.ask(index, "POST", "/api/seen", "", &body, Task::Seen)?;
                continue;
            }
            if now.duration_since(self.asked_at) > ASKED_EVERY {
                self.asked_at = now;
                self.ask(index, "GET", "/api/events?after=earliest&limit=1", "", "", Task::Floor)?;
                continue;
            }
            let due = now.duration_since(begun).as_secs_f64() * self.rate;
            let done = float(self.counted + self.under_way);
            if done >= due {
                return Ok(());
            }
            if due - done > BACKLOG.as_secs_f64() * self.rate {
                // What could not be done in time is not made up for by a flood.
                self.begun = Some(now);
                self.counted = 0;
            }
            self.under_way += 1;
            self.work(index)?;
        }
        Ok(())
    }

    /// The next change: an order where there are too few, or a step of any that is open.
    fn work(&mut self, index: usize) -> anyhow::Result<()> {
        if self.open.len() < self.target {
            self.number += 1;
            let key = format!("idempotency-key: soak-{}\r\n", self.number);
            let body = sample::request(self.number);
            return self.ask(index, "POST", "/api/orders", &key, &body, Task::Place);
        }
        let chosen = self.random.random_range(0..self.open.len());
        let ticket = self.open.swap_remove(chosen);
        let step = ticket.left.first().context("an order that is over")?;
        let order = format!("/api/orders/{}", ticket.id);
        let version = ticket.version;
        let (method, path, body) = match step {
            Step::To(to) => (
                "POST",
                format!("{order}/transitions"),
                json!({"to": to, "expected_version": version}),
            ),
            Step::Rush => ("PATCH", order, json!({"rush": true, "expected_version": version})),
            Step::Acknowledge => (
                "POST",
                format!("{order}/acknowledge"),
                json!({"of": "cancel", "expected_version": version}),
            ),
        };
        self.ask(index, method, &path, "", &body.to_string(), Task::Step(ticket))
    }

    fn ask(
        &mut self,
        index: usize,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
        task: Task,
    ) -> anyhow::Result<()> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{}{headers}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address,
            http::admission(),
            body.len()
        );
        let hand = self.hands.get_mut(index).context("nobody")?;
        hand.to_send = request.into_bytes();
        hand.task = Some(task);
        if hand.used_at.elapsed() > IDLE {
            hand.socket = None;
        }
        if hand.socket.is_none() {
            let mut socket = TcpStream::connect(self.address).context("cannot connect")?;
            socket.set_nodelay(true)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.registry.register(&mut socket, Token(self.base + index), interest)?;
            hand.socket = Some(socket);
            hand.came.clear();
            hand.connected = false;
        }
        if hand.connected { hand.send() } else { Ok(()) }
    }

    /// Goes on with what `index` has under way; the order that was placed, if one was.
    pub(crate) fn read(
        &mut self,
        index: usize,
        event: &Event,
        wrongs: &mut Wrongs,
    ) -> Option<Followed> {
        let hand = self.hands.get_mut(index)?;
        match hand.advance(event) {
            Ok(Advance::Waits) => None,
            Ok(Advance::Closed) => {
                hand.socket = None;
                let task = hand.task.take();
                self.count(task.as_ref());
                if let Some(task) = task {
                    wrongs.refused(format!("closed without an answer: {task:?}"));
                }
                None
            }
            Err(error) => {
                hand.socket = None;
                let task = hand.task.take();
                self.count(task.as_ref());
                wrongs.refused(format!("{task:?}: {error:#}"));
                None
            }
            Ok(Advance::Answered(status, body)) => {
                let task = hand.task.take()?;
                hand.used_at = Instant::now();
                self.count(Some(&task));
                let said = format!("{task:?}: {status} {:.300}", String::from_utf8_lossy(&body));
                self.take(task, status, &body).unwrap_or_else(|error| {
                    wrongs.refused(format!("{said}: {error:#}"));
                    None
                })
            }
        }
    }

    fn count(&mut self, task: Option<&Task>) {
        if let Some(Task::Place | Task::Step(_)) = task {
            self.under_way -= 1;
            self.counted += 1;
        }
    }

    fn take(&mut self, task: Task, status: u16, body: &[u8]) -> anyhow::Result<Option<Followed>> {
        match task {
            Task::Place => {
                ensure!(status == 201, "not placed");
                let Answer { id, version, tracking_url, items } = serde_json::from_slice(body)?;
                let stations = items.into_iter().filter_map(|it| it.station).collect();
                let page = tracking_url.context("no page")?;
                let cut_short = self.random.random_range(0..CALLED_OFF) == 0;
                let left: &[Step] = if cut_short { &CUT_SHORT } else { &LIFE };
                self.open.push(Ticket { id: id.clone(), version, stations, left });
                self.unseen.push(id.clone());
                self.changes += 1;
                Ok(Some(Followed { id, page }))
            }
            Task::Step(mut ticket) => {
                ensure!(status == 200, "not changed");
                let Answer { id, version, .. } = serde_json::from_slice(body)?;
                ensure!(id == ticket.id && version == ticket.version + 1, "another change");
                self.changes += 1;
                ticket.version = version;
                ticket.left = ticket.left.get(1..).unwrap_or_default();
                if !ticket.left.is_empty() {
                    self.open.push(ticket);
                }
                Ok(None)
            }
            Task::Seen => {
                ensure!(status == 204, "not noted");
                self.others += 1;
                Ok(None)
            }
            Task::Floor => {
                ensure!(status == 200, "not told");
                let page: Value = serde_json::from_slice(body)?;
                let first = page["events"][0]["id"].as_str().context("no event")?;
                let first: EventId = first.parse().map_err(anyhow::Error::msg)?;
                self.floor = Some(Seq(first.seq.0.saturating_sub(1)));
                self.first_floor = self.first_floor.or(self.floor);
                self.others += 1;
                Ok(None)
            }
        }
    }
}

/// What came of looking at a connection.
enum Advance {
    Waits,
    Closed,
    Answered(u16, Vec<u8>),
}

impl Hand {
    fn send(&mut self) -> anyhow::Result<()> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        while !self.to_send.is_empty() {
            match socket.write(&self.to_send) {
                Ok(length) => drop(self.to_send.drain(..length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn advance(&mut self, event: &Event) -> anyhow::Result<Advance> {
        let Some(socket) = &mut self.socket else { return Ok(Advance::Waits) };
        if !self.connected {
            if let Some(error) = socket.take_error()? {
                return Err(error).context("cannot connect");
            }
            if !event.is_writable() || socket.peer_addr().is_err() {
                return Ok(Advance::Waits);
            }
            self.connected = true;
        }
        self.send()?;
        let Some(socket) = &mut self.socket else { return Ok(Advance::Waits) };
        let mut piece = [0; 4096];
        loop {
            match socket.read(&mut piece) {
                Ok(0) => return Ok(Advance::Closed),
                Ok(length) => self.came.extend_from_slice(piece.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        let Some(end) = memchr::memmem::find(&self.came, b"\r\n\r\n") else {
            return Ok(Advance::Waits);
        };
        let head = std::str::from_utf8(self.came.get(..end).unwrap_or_default())?;
        let status = head.get(9..12).and_then(|it| it.parse().ok()).context("no status")?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let length: usize = length.unwrap_or_default();
        if self.came.len() < end + 4 + length {
            return Ok(Advance::Waits);
        }
        let mut body = std::mem::take(&mut self.came);
        body.drain(..end + 4);
        ensure!(body.len() == length, "more than an answer");
        Ok(Advance::Answered(status, body))
    }
}

/// A count, for figures.
pub(crate) fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
