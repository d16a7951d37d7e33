//! One order to every stream: how long until all of them have it.

use std::{
    cell::{Cell, RefCell},
    fmt,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::{io::AsyncReadExt as _, sync::Notify, task::LocalSet};

use super::{
    figures::Spread,
    http::{Poster, open_stream},
    target::Target,
};

/// Streams that are being opened at one time.
const OPENING: usize = 64;
/// What a stream reads at once at most.
const READ_BYTES: usize = 16 * 1024;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Streams to open, 1 to 20000
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) streams: u32,
    /// Orders to post, one at a time, 1 to 100000
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    orders: u32,
    /// Orders before those that count, to warm up, 0 to 10000
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    warm_up: u32,
    /// Pause between two orders, in milliseconds, 0 to 10000
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pause_ms: u64,
    /// What the streams filter by, such as station=grill&status=open
    #[arg(long, default_value = "")]
    filter: String,
}

/// What came of it.
pub(crate) struct Report {
    streams: u32,
    orders: u32,
    /// From the request to the order on every stream.
    everywhere: Spread,
    /// From the request to its acknowledgement.
    acknowledged: Spread,
    /// The sum of the times until an order was everywhere.
    busy: Duration,
    opening: Duration,
    server_memory_kib: Option<u64>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deliveries = f64::from(self.streams) * f64::from(self.orders);
        writeln!(out, "{} streams, opened in {:.2} s", self.streams, self.opening.as_secs_f64())?;
        if let Some(memory) = self.server_memory_kib {
            writeln!(out, "server memory with all of them open: {memory} KiB")?;
        }
        writeln!(out, "{} orders, one at a time", self.orders)?;
        writeln!(out, "  durable:         {}", self.acknowledged)?;
        writeln!(out, "  on every stream: {}", self.everywhere)?;
        write!(
            out,
            "  deliveries a second while under way: {:.0}",
            deliveries / self.busy.as_secs_f64()
        )
    }
}

/// Opens the streams, posts the orders, and takes the times.
pub(crate) async fn run(target: &Target, options: &Options) -> anyhow::Result<Report> {
    // All on one thread: nothing here is `Send`, and nothing needs a lock.
    LocalSet::new().run_until(measure(target, options)).await
}

async fn measure(target: &Target, options: &Options) -> anyhow::Result<Report> {
    // Orders of another run, or of other people, are not counted.
    let mark = format!("load-{}-", std::process::id());
    let board = Rc::new(Board::new(options.streams));
    let begun = Instant::now();
    open(target.address, options, &mark, &board).await?;
    let opening = begun.elapsed();
    let server_memory_kib = target.process().and_then(resident_kib);

    let mut poster = Poster::connect(target.address).await?;
    let (mut everywhere, mut acknowledged) = (Spread::default(), Spread::default());
    let mut busy = Duration::ZERO;
    for number in 0..options.warm_up + options.orders {
        let body = order(&mark, number);
        let posted = Instant::now();
        poster.post(&body).await?;
        let durable = posted.elapsed();
        let arrived = board.everywhere(number).await?;
        let took = arrived.duration_since(posted);
        if number >= options.warm_up {
            acknowledged.add(durable);
            everywhere.add(took);
            busy += took;
        }
        tokio::time::sleep(Duration::from_millis(options.pause_ms)).await;
    }
    Ok(Report {
        streams: options.streams,
        orders: options.orders,
        everywhere,
        acknowledged,
        busy,
        opening,
        server_memory_kib,
    })
}

/// An order of everyday size.
fn order(mark: &str, number: u32) -> String {
    format!(
        r#"{{"source":{{"channel":"web","external_id":"{mark}{number}"}},"customer":{{"name":"Ana K"}},"items":[{{"name":"Cheeseburger","quantity":2,"unit_price":950,"station":"grill","modifiers":[{{"kind":"no","name":"onion"}}]}}]}}"#
    )
}

/// Opens every stream and leaves a task behind with each.
async fn open(
    address: SocketAddr,
    options: &Options,
    mark: &str,
    board: &Rc<Board>,
) -> anyhow::Result<()> {
    let query =
        if options.filter.is_empty() { String::new() } else { format!("?{}", options.filter) };
    // In the order's JSON as the server writes it.
    let needle: Rc<[u8]> = format!("\"external_id\":\"{mark}").into_bytes().into();
    let mut opened = 0;
    while opened < options.streams {
        let batch = (options.streams - opened).min(OPENING as u32);
        let opening = (0..batch).map(|_| open_stream(address, &query));
        for stream in futures_util::future::join_all(opening).await {
            let (socket, rest) = stream?;
            let board = Rc::clone(board);
            let counter = Counter::new(Rc::clone(&needle));
            tokio::task::spawn_local(follow(socket, rest, counter, board));
        }
        opened += batch;
    }
    Ok(())
}

/// Reads one stream to its end, and notes each order on the board.
async fn follow(
    mut socket: tokio::net::TcpStream,
    begun: Vec<u8>,
    mut counter: Counter,
    board: Rc<Board>,
) {
    let mut have = 0;
    let mut buffer = begun;
    loop {
        for _ in 0..counter.count(&buffer) {
            board.note(have);
            have += 1;
        }
        buffer.clear();
        buffer.reserve(READ_BYTES);
        match socket.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return board.lost(),
            Ok(_) => {}
        }
    }
}

/// Which orders are on how many streams.
struct Board {
    streams: u32,
    /// For each order how many streams have it, and when the last one got it.
    orders: RefCell<Vec<(u32, Instant)>>,
    lost: Cell<bool>,
    news: Notify,
}

impl Board {
    fn new(streams: u32) -> Self {
        Self { streams, orders: RefCell::default(), lost: Cell::new(false), news: Notify::new() }
    }

    /// One more stream has this order.
    fn note(&self, number: usize) {
        let now = Instant::now();
        let mut orders = self.orders.borrow_mut();
        if orders.len() <= number {
            orders.resize(number + 1, (0, now));
        }
        if let Some(order) = orders.get_mut(number) {
            *order = (order.0 + 1, now);
            if order.0 == self.streams {
                self.news.notify_one();
            }
        }
    }

    /// A stream has ended.
    fn lost(&self) {
        self.lost.set(true);
        self.news.notify_one();
    }

    /// When the last stream got this order.
    async fn everywhere(&self, number: u32) -> anyhow::Result<Instant> {
        let number = usize::try_from(number).context("so many orders")?;
        loop {
            if self.lost.get() {
                bail!("a stream was cut");
            }
            let order = self.orders.borrow().get(number).copied();
            if let Some((_, at)) = order.filter(|(streams, _)| *streams == self.streams) {
                return Ok(at);
            }
            self.news.notified().await;
        }
    }
}

/// Counts how often some bytes come in a stream, wherever it is cut.
struct Counter {
    needle: Rc<[u8]>,
    /// The end of the last piece, where the needle may have begun.
    carried: Vec<u8>,
}

impl Counter {
    fn new(needle: Rc<[u8]>) -> Self {
        Self { needle, carried: Vec::new() }
    }

    fn count(&mut self, piece: &[u8]) -> usize {
        let first = self.needle.first().copied().unwrap_or_default();
        self.carried.extend_from_slice(piece);
        let mut found = 0;
        let mut at = 0;
        while let Some(next) = self.carried.iter().skip(at).position(|byte| *byte == first) {
            at += next;
            let rest = self.carried.get(at..).unwrap_or_default();
            if rest.len() < self.needle.len() {
                break;
            }
            let here = rest.starts_with(&self.needle);
            found += usize::from(here);
            at += if here { self.needle.len() } else { 1 };
        }
        let keep = self.carried.len().saturating_sub(self.needle.len() - 1).max(at);
        self.carried.drain(..keep.min(self.carried.len()));
        found
    }
}

/// Resident memory of a process, where the system tells it.
fn resident_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::Counter;

    #[test]
    fn it_counts_across_every_cut() {
        let text = b"xab-abab--a-ab";
        for first in 0..text.len() {
            for second in first..text.len() {
                let mut counter = Counter::new(Rc::from(&b"ab"[..]));
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                let found: usize = pieces.into_iter().map(|piece| counter.count(piece)).sum();
                assert_eq!(found, 4, "{first} {second}");
            }
        }
    }
}
