//! What is done to a peer, and what of it is measured.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::ValueEnum;

use super::{
    Options,
    server::{Launcher, Name, Server},
    table::{OTHERS, Results, WIRE},
};
use crate::{
    client::{Client, GENTLY, Reading, Wanted},
    count::Counter,
    figures::Spread,
    sample::order_id,
    system::{self, Used},
};

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// One event at a time; the next when every stream has it
    One,
    /// Bursts of 16 events
    Burst,
    /// The server's processor time for a delivery
    Cpu,
    /// The server's memory for a stream that waits
    Memory,
    /// Steady 20 and 100 events a second: how late they are
    Latency,
    /// Everybody comes back at once and is behind
    Storm,
    /// One reader in ten never reads
    Stuck,
    /// Each stream follows one order of its own
    Single,
}

/// Events of a burst.
const BURST: u32 = 16;
/// Streams that are opened before memory is first looked at, so that what a
/// server makes once is not counted with the streams.
const FIRST: u32 = 16;
/// Events that a client of the storm is behind.
const BEHIND: u32 = 1000;
/// Streams of which one in ten never reads.
const WITH_STUCK: u32 = 1000;
/// How long until what is due must have come.
const PATIENCE: Duration = Duration::from_mins(2);
/// Nobody compares a server that is slower than this.
const MOST_EVENTS: u32 = 1_000_000;

/// A stream that is read as `name` is.
fn wanted(name: Name, path: String, reading: Reading) -> Wanted {
    let gzip = name == Name::EngineGzip;
    Wanted { path, last_event_id: None, gzip, reading, polite: false }
}

/// One peer in one run.
pub(super) struct Trial<'a> {
    pub(super) options: &'a Options,
    pub(super) launcher: &'a Launcher,
    pub(super) results: &'a mut Results,
    pub(super) name: Name,
    pub(super) run: u32,
}

/// A peer with streams that are open.
struct Session {
    server: Server,
    client: Client,
    /// Those that read.
    readers: u32,
    /// Events that have come when all that was published is everywhere.
    due: u64,
}

/// What came of publishing for a while.
struct Published {
    events: u32,
    took: Duration,
    used: Used,
    /// Bytes of the streams, as they were sent.
    bytes: u64,
    /// How many cores other programs have kept busy meanwhile.
    others: Option<f64>,
}

impl Session {
    /// Publishes `size` events and waits until every reader has them.
    fn round(&mut self, size: u32) -> anyhow::Result<()> {
        self.server.publish(size)?;
        self.due += u64::from(size) * u64::from(self.readers);
        self.client.until(self.due, Instant::now() + PATIENCE)
    }

    /// Rounds until `window` is over.
    fn rounds(&mut self, size: u32, window: Duration) -> anyhow::Result<Published> {
        let (begun, used, before) = (Instant::now(), self.server.used(), self.server.published());
        let bytes = self.client.bytes();
        let (own, all) = (Used::of(std::process::id()), Used::by_all());
        while begun.elapsed() < window && self.server.published() - before < MOST_EVENTS {
            self.round(size)?;
        }
        let took = begun.elapsed();
        self.client.check(self.server.published() + 1)?;
        let events = self.server.published() - before;
        let used = self.server.used().since(used);
        let own = Used::of(std::process::id()).since(own);
        let others = all.zip(Used::by_all()).map(|(before, after)| {
            (after.since(before).all() - used.all() - own.all()).max(0.0) / took.as_secs_f64()
        });
        let bytes = self.client.bytes() - bytes;
        Ok(Published { events, took, used, bytes, others })
    }

    /// `rate` events a second for a while: how late each delivery was.
    fn steadily(&mut self, rate: u32, window: Duration) -> anyhow::Result<Spread> {
        let first = self.server.published() + 1;
        let mut sent = Vec::new();
        self.client.note_arrivals();
        let begun = Instant::now();
        loop {
            let count = u32::try_from(sent.len())?;
            let next = begun + Duration::from_secs(1) * count / rate;
            if next >= begun + window {
                break;
            }
            self.client.read_until(next)?;
            sent.push(Instant::now());
            self.server.publish(1)?;
            self.due += u64::from(self.readers);
        }
        self.client.until(self.due, Instant::now() + PATIENCE)?;
        self.client.check(self.server.published() + 1)?;
        let mut late = Spread::default();
        for (number, at) in self.client.take_arrivals() {
            let index = usize::try_from(number - first)?;
            let sent = sent.get(index).context("an event that nobody sent")?;
            late.add(at.duration_since(*sent));
        }
        Ok(late)
    }
}

impl Trial<'_> {
    fn wants(&self, scenario: Scenario) -> bool {
        self.options.scenarios.contains(&scenario)
    }

    fn add(&mut self, figure: &str, value: f64) {
        self.results.add(figure, self.name, self.run, value);
    }

    /// Opens `streams`, of which every `stuck`th never reads.
    fn open(&mut self, streams: u32, stuck: Option<u32>) -> anyhow::Result<Session> {
        let mut server = self.launcher.start(self.name)?;
        let mut client = Client::new()?;
        let path = server.path().to_owned();
        let name = self.name;
        let wanted = |due: u32, index: u32| {
            let stuck = stuck.is_some_and(|stuck| index % stuck == stuck - 1);
            let counter = Counter::new(due, 1);
            let reading = if stuck { Reading::Stuck } else { Reading::Counts(counter) };
            wanted(name, path.clone(), reading)
        };
        let first = FIRST.min(streams);
        let deadline = Instant::now() + PATIENCE;
        // None of these is stuck: they show that the server has woken up.
        let early = (0..first).map(|_| wanted(1, 0));
        client.open(server.address(), early, GENTLY, deadline)?;
        server.publish(BURST)?;
        let due = u64::from(BURST) * u64::from(first);
        client.until(due, deadline)?;
        let before = server.memory_kib();
        let address = server.address();
        let rest: Vec<Wanted> = (first..streams).map(|index| wanted(BURST + 1, index)).collect();
        let stuck = rest.iter().filter(|wanted| matches!(wanted.reading, Reading::Stuck)).count();
        client.open(address, rest, GENTLY, deadline)?;
        // Whatever a server does once a stream is open.
        client.read_until(Instant::now() + Duration::from_millis(300))?;
        let after = server.memory_kib();
        if let (Some(before), Some(after)) = (before, after)
            && self.wants(Scenario::Memory)
            && stuck == 0
            && streams > first
        {
            let kib = (after - before) / f64::from(streams - first);
            self.add(&format!("{streams} streams: memory a stream, KiB"), kib);
        }
        let readers = streams - u32::try_from(stuck)?;
        Ok(Session { server, client, readers, due })
    }

    /// Everything that wants so many streams that follow along.
    pub(super) fn following(&mut self, streams: u32) -> anyhow::Result<()> {
        let mut session = self.open(streams, None)?;
        let window = Duration::from_secs(self.options.seconds);
        for (scenario, size, figure) in
            [(Scenario::One, 1, "one at a time"), (Scenario::Burst, BURST, "bursts of 16")]
        {
            if !self.wants(scenario) && !self.wants(Scenario::Cpu) {
                continue;
            }
            session.rounds(size, window / 6)?;
            let published = session.rounds(size, window)?;
            let deliveries = f64::from(published.events) * f64::from(streams);
            if self.wants(scenario) {
                let rate = deliveries / published.took.as_secs_f64();
                self.add(&format!("{streams} streams: {figure}, deliveries/s"), rate);
                #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 bytes")]
                let bytes = published.bytes as f64 / deliveries;
                self.add(&format!("{streams} streams: {figure}, {WIRE}"), bytes);
            }
            if let Some(others) = published.others {
                // A figure that was taken while others were busy says little.
                let title = format!("{streams} streams: {figure}, {OTHERS}");
                self.add(&title, others);
            }
            if self.wants(Scenario::Cpu) {
                let micros = |seconds: f64| seconds * 1e6 / deliveries;
                let Used { user, .. } = published.used;
                let all = published.used.all();
                let title = format!("{streams} streams: {figure}, CPU a delivery");
                self.add(&format!("{title}, user µs"), micros(user));
                self.add(&format!("{title}, user + system µs"), micros(all));
            }
        }
        if self.wants(Scenario::Latency) {
            for rate in [20, 100] {
                let late = session.steadily(rate, window)?;
                self.late(&format!("{streams} streams: {rate} events/s"), &late);
            }
        }
        Ok(())
    }

    fn late(&mut self, title: &str, late: &Spread) {
        for percent in [50, 99] {
            let millis = late.percentile(percent).as_secs_f64() * 1000.0;
            self.add(&format!("{title}, p{percent} ms"), millis);
        }
    }

    /// Everybody comes back at once, a thousand events behind.
    pub(super) fn storm(&mut self) -> anyhow::Result<()> {
        let clients = self.options.storm;
        let mut server = self.launcher.start(self.name)?;
        let mut client = Client::new()?;
        let name = self.name;
        let wanted = |due, (path, last_event_id)| {
            let reading = Reading::Counts(Counter::new(due, 1));
            Wanted { last_event_id, ..wanted(name, path, reading) }
        };
        let path = server.path().to_owned();
        // One is there from the beginning: what it has, the others can get.
        let deadline = Instant::now() + PATIENCE;
        client.open(server.address(), [wanted(1, (path, None))], GENTLY, deadline)?;
        server.publish(1)?;
        client.until(1, deadline)?;
        let id = server.newest_id()?;
        for ten in 1..=u64::from(BEHIND / 10) {
            server.publish(10)?;
            client.until(1 + 10 * ten, deadline)?;
        }
        let (memory, used) = (server.memory_kib(), server.used());
        let begun = Instant::now();
        for _ in 0..clients {
            client.begin(server.address(), wanted(2, server.path_after(&id)))?;
        }
        let due = 1 + u64::from(BEHIND) * u64::from(clients + 1);
        client.until(due, Instant::now() + PATIENCE)?;
        let took = begun.elapsed();
        client.check(BEHIND + 2)?;
        let title = format!("storm of {clients}");
        self.add(&format!("{title}: all caught up, s"), took.as_secs_f64());
        self.add(&format!("{title}: server CPU, s"), server.used().since(used).all());
        if let (Some(before), Some(peak)) = (memory, server.peak_kib()) {
            self.add(&format!("{title}: peak memory growth, MiB"), (peak - before) / 1024.0);
        }
        Ok(())
    }

    /// One reader in ten never reads.
    pub(super) fn stuck(&mut self) -> anyhow::Result<()> {
        let mut session = self.open(WITH_STUCK, Some(10))?;
        let window = Duration::from_secs(self.options.seconds);
        let stuck = f64::from(WITH_STUCK - session.readers);
        let (memory, kernel) = (session.server.memory_kib(), system::socket_memory_kib());
        // So far everybody's buffers have room.
        let before = session.steadily(100, window)?.percentile(99);
        session.rounds(BURST, window * 2)?;
        let late = session.steadily(100, window)?;
        let title = format!("{WITH_STUCK} streams, 10 % never read");
        if let (Some(before), Some(after)) = (memory, session.server.memory_kib()) {
            self.add(&format!("{title}: memory growth, MiB"), (after - before) / 1024.0);
        }
        if let (Some(before), Some(after)) = (kernel, system::socket_memory_kib()) {
            self.add(&format!("{title}: kernel memory each, KiB"), (after - before) / stuck);
        }
        self.late(&format!("{title}: 100 events/s to the others"), &late);
        let ratio = late.percentile(99).as_secs_f64() / before.as_secs_f64();
        self.add(&format!("{title}: that p99 by the one before they stopped"), ratio);
        Ok(())
    }

    /// Each stream follows one order of its own; each event is about one order.
    pub(super) fn single(&mut self, streams: u32) -> anyhow::Result<()> {
        let mut server = self.launcher.start(self.name)?;
        let mut client = Client::new()?;
        let path = server.path().to_owned();
        let name = self.name;
        let wanted = (0..streams).map(|order| {
            let reading = Reading::Counts(Counter::new(order + 1, streams));
            wanted(name, format!("{path}?order={}", order_id(order)), reading)
        });
        client.open(server.address(), wanted, GENTLY, Instant::now() + PATIENCE)?;
        let window = Duration::from_secs(self.options.seconds);
        let (begun, used) = (Instant::now(), server.used());
        while begun.elapsed() < window && server.published() < MOST_EVENTS {
            server.publish_about(1, streams)?;
            client.until(u64::from(server.published()), Instant::now() + PATIENCE)?;
        }
        let events = f64::from(server.published());
        let used = server.used().since(used);
        let rate = events / begun.elapsed().as_secs_f64();
        let title = format!("{streams} single-order streams");
        self.add(&format!("{title}: CPU an event, µs"), used.all() * 1e6 / events);
        self.add(&format!("{title}: events/s"), rate);
        Ok(())
    }
}
