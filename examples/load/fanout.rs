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
const OPENING: u32 = 64;
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
        let sent = Instant::now();
        poster.post(&body).await?;
        let durable = sent.elapsed();
        let arrived = board.everywhere(number).await?;
        let took = arrived.duration_since(sent);
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
    let needle = Rc::new(Needle::new(format!("\"external_id\":\"{mark}").as_bytes()));
    let mut opened = 0;
    while opened < options.streams {
        let batch = (options.streams - opened).min(OPENING);
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
    needle: Rc<Needle>,
    /// The end of the last piece, where the needle may have begun.
    carried: Vec<u8>,
}

/// Bytes to look for, with how far each byte of a text lets the search jump
/// (Horspool): most of an order is never looked at.
struct Needle {
    bytes: Vec<u8>,
    jumps: [usize; 256],
}

impl Needle {
    fn new(bytes: &[u8]) -> Self {
        let mut jumps = [bytes.len(); 256];
        for (index, byte) in bytes.iter().enumerate().take(bytes.len() - 1) {
            jumps[usize::from(*byte)] = bytes.len() - 1 - index;
        }
        Self { bytes: bytes.to_vec(), jumps }
    }

    /// How often it is in `text`, and the end of the last time.
    fn count(&self, text: &[u8]) -> (usize, usize) {
        let (mut found, mut end, mut at) = (0, 0, 0);
        while let Some(window) = text.get(at..at + self.bytes.len()) {
            if window == self.bytes {
                found += 1;
                at += self.bytes.len();
                end = at;
            } else {
                at += window.last().map_or(1, |last| self.jumps[usize::from(*last)]);
            }
        }
        (found, end)
    }
}

impl Counter {
    fn new(needle: Rc<Needle>) -> Self {
        Self { needle, carried: Vec::new() }
    }

    fn count(&mut self, piece: &[u8]) -> usize {
        let overlap = self.needle.bytes.len() - 1;
        // First what begins in the pieces before: of this one it can have no
        // more than all but one byte, and nothing that begins there fits.
        let before = self.carried.len();
        self.carried.extend_from_slice(piece.get(..overlap).unwrap_or(piece));
        let (across, end) = self.needle.count(&self.carried);
        let rest = piece.get(end.saturating_sub(before)..).unwrap_or_default();
        let (within, rest_end) = self.needle.count(rest);
        if piece.len() >= overlap {
            self.carried.clear();
            let left = rest.get(rest_end..).unwrap_or_default();
            self.carried.extend_from_slice(&left[left.len().saturating_sub(overlap)..]);
        } else {
            self.carried.drain(..end);
        }
        let keep = self.carried.len().min(overlap);
        self.carried.drain(..self.carried.len() - keep);
        across + within
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

    use super::{Counter, Needle};

    #[test]
    fn it_counts_across_every_cut() {
        let text = b"xabc-abcabc--ab-a-bc-abc";
        let needle = Rc::new(Needle::new(b"abc"));
        for first in 0..text.len() {
            for second in first..text.len() {
                for third in second..text.len() {
                    let mut counter = Counter::new(Rc::clone(&needle));
                    let cuts = [0, first, second, third, text.len()];
                    let pieces = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]);
                    let found: usize = pieces.map(|piece| counter.count(piece)).sum();
                    assert_eq!(found, 4, "{first} {second} {third}");
                }
            }
        }
    }
}
