//! Durable orders a second, beside what the disk does at most one after the
//! other, and beside a commit for each order.

use std::{
    cell::Cell,
    fmt::Write as _,
    fs::File,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::Args;
use live_orders::{
    domain::{OrderId, OrderNumber, Promise, UnixMillis},
    server::store::{
        CommitSink, Committed, Fingerprint, Placement, SqliteStore, Store, sqlite::Purpose,
    },
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    client::{Client, GENTLY, Reading, Wanted},
    figures::{Runs, short},
    http::Poster,
    sample,
    system::{self, Used},
    target::Target,
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where the disk is that is measured [default: the system's folder for temporary files]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Clients at one time, each with one order under way, 1 to 1024
    #[arg(long, value_delimiter = ',', default_values = ["1", "16", "64", "256"], value_parser = clap::value_parser!(u32).range(1..=1024))]
    clients: Vec<u32>,
    /// Connections at one time, each with one order under way, 1 to 1024
    #[arg(long, value_delimiter = ',', default_values = ["1", "16", "256"], value_parser = clap::value_parser!(u32).range(1..=1024))]
    connections: Vec<u32>,
    /// How often, 1 to 50
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    runs: u32,
    /// How long each measurement lasts, in seconds, 1 to 60
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// The program to start [default: live-orders beside this one's folder]
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
    /// Streams that are open and read while orders come over HTTP, 0 to 50000
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(0..=50_000))]
    streams: u32,
    /// Connections that orders come over meanwhile, 1 to 1024
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    stream_connections: u32,
    /// Leaves out the orders over HTTP
    #[arg(long)]
    no_http: bool,
}

/// A way to make an order durable.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Append and `fdatasync`, one after the other.
    Append,
    /// A transaction and a commit for each order, one after the other.
    CommitEach,
    /// This project's store, so many at a time.
    Store(u32),
    /// This project's program, over so many connections.
    Http(u32),
    /// The same, while so many streams are open and read.
    WithStreams { connections: u32, streams: u32, gzip: bool },
}

impl Way {
    fn title(self) -> String {
        match self {
            Self::Append => "append and fdatasync".to_owned(),
            Self::CommitEach => "SQLite, a commit for each".to_owned(),
            Self::Store(clients) => format!("store, {clients} at a time"),
            Self::Http(connections) => format!("HTTP, {connections} connections"),
            Self::WithStreams { connections, streams, gzip } => {
                let packed = if gzip { " that take gzip" } else { "" };
                format!("HTTP, {connections} connections, {streams} streams{packed}")
            }
        }
    }
}

/// Measures all, in turn, and prints a table.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let files = rlimit::increase_nofile_limit(u64::MAX)?;
    let wanted = u64::from(options.streams) + 2500;
    anyhow::ensure!(files >= wanted, "needs {wanted} open files, and may have {files}");
    let folder = match &options.folder {
        Some(folder) => TempDir::new_in(folder)?,
        None => TempDir::new()?,
    };
    let window = Duration::from_secs(options.seconds);
    let mut ways = vec![Way::Append, Way::CommitEach];
    ways.extend(options.clients.iter().map(|clients| Way::Store(*clients)));
    if !options.no_http {
        ways.extend(options.connections.iter().map(|connections| Way::Http(*connections)));
        if options.streams > 0 {
            let (connections, streams) = (options.stream_connections, options.streams);
            if !options.connections.contains(&connections) {
                ways.push(Way::Http(connections));
            }
            ways.extend([false, true].map(|gzip| Way::WithStreams { connections, streams, gzip }));
        }
    }
    let mut rates: Vec<Vec<f64>> = Vec::new();
    for run in 0..options.runs {
        let mut this = Vec::new();
        for way in &ways {
            eprintln!("run {}: {}", run + 1, way.title());
            let place = TempDir::new_in(folder.path())?;
            let rate = match way {
                Way::Append => append(place.path(), window),
                Way::CommitEach => commit_each(place.path(), window),
                Way::Store(clients) => store(place.path(), *clients, window),
                Way::Http(connections) => {
                    http(options.server.clone(), place.path(), *connections, None, window)
                }
                Way::WithStreams { connections, streams, gzip } => {
                    let readers = Some((*streams, *gzip));
                    http(options.server.clone(), place.path(), *connections, readers, window)
                }
            };
            this.push(rate.with_context(|| way.title())?);
        }
        rates.push(this);
    }
    println!("{}", table(&ways, &rates));
    print!("{}", slowed(&ways, &rates));
    Ok(())
}

/// Medians, spread, and ratios within a run to the two ways that stand first.
fn table(ways: &[Way], rates: &[Vec<f64>]) -> String {
    let mut text =
        "| | durable orders/s | × append and fdatasync | × a commit for each |\n|---|---|---|---|"
            .to_owned();
    for (index, way) in ways.iter().enumerate() {
        let of = |run: &Vec<f64>| run.get(index).copied();
        let runs: Runs = rates.iter().filter_map(of).collect();
        let ratio = |base: usize| {
            let ratios: Runs =
                rates.iter().filter_map(|run| Some(of(run)? / run.get(base)?)).collect();
            ratios.median().map(short).unwrap_or_default()
        };
        let (least, greatest) = runs.range().unwrap_or_default();
        let _ = write!(
            text,
            "\n| {} | {} ({}–{}) | {} | {} |",
            way.title(),
            short(runs.median().unwrap_or_default()),
            short(least),
            short(greatest),
            ratio(0),
            ratio(1)
        );
    }
    text
}

/// What is left of the orders a second when streams are open, within a run.
fn slowed(ways: &[Way], rates: &[Vec<f64>]) -> String {
    let mut text = String::new();
    for (index, way) in ways.iter().enumerate() {
        let Way::WithStreams { connections, .. } = way else { continue };
        let alone = ways.iter().position(|it| matches!(it, Way::Http(it) if it == connections));
        let ratios: Runs =
            rates.iter().filter_map(|it| Some(it.get(index)? / it.get(alone?)?)).collect();
        if let (Some(median), Some((least, greatest))) = (ratios.median(), ratios.range()) {
            let (median, least, greatest) = (short(median), short(least), short(greatest));
            let title = way.title();
            let _ = writeln!(text, "\n{title}: **×{median}** of none ({least}–{greatest})");
        }
    }
    text
}

/// Does `one` again and again for a while; how often in a second.
fn again(window: Duration, mut one: impl FnMut(u32) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < window {
        one(count)?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

fn append(folder: &Path, window: Duration) -> anyhow::Result<f64> {
    let mut file = File::create(folder.join("log"))?;
    let json = as_json(&sample::new_order()?)?;
    again(window, |_| {
        file.write_all(json.as_bytes())?;
        Ok(file.sync_data()?)
    })
}

fn commit_each(folder: &Path, window: Duration) -> anyhow::Result<f64> {
    let connection = rusqlite::Connection::open(folder.join("orders.db"))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.execute_batch(
        "CREATE TABLE log (seq INTEGER PRIMARY KEY, order_id BLOB NOT NULL, kind TEXT NOT NULL, \
         at INTEGER NOT NULL, data TEXT NOT NULL) STRICT; \
         CREATE INDEX log_of_order ON log (order_id, seq); \
         CREATE TABLE orders (row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, \
         status TEXT NOT NULL, open INTEGER NOT NULL, placed_at INTEGER NOT NULL, \
         changed_at INTEGER NOT NULL, data TEXT NOT NULL) STRICT; \
         CREATE INDEX orders_open ON orders (placed_at) WHERE open = 1; \
         CREATE INDEX orders_by_change ON orders (changed_at);",
    )?;
    let order = sample::new_order()?;
    again(window, |number| {
        let id = Uuid::now_v7();
        let order =
            order.clone().place(OrderId(id), OrderNumber(101), UnixMillis(0), Promise::default());
        let json = as_json(&order)?;
        let at = i64::from(number);
        let transaction = connection.unchecked_transaction()?;
        transaction
            .prepare_cached(
                "INSERT INTO log (order_id, kind, at, data) VALUES (?1, 'order.placed', ?2, ?3)",
            )?
            .execute((id.as_bytes(), at, &json))?;
        transaction
            .prepare_cached(
                "INSERT INTO orders (id, status, open, placed_at, changed_at, data) \
                 VALUES (?1, 'placed', 1, ?2, ?2, ?3)",
            )?
            .execute((id.as_bytes(), at, &json))?;
        Ok(transaction.commit()?)
    })
}

fn store(folder: &Path, clients: u32, window: Duration) -> anyhow::Result<f64> {
    let store: Arc<dyn Store> =
        Arc::new(SqliteStore::open(folder, Purpose::Service, Arc::new(Deaf))?);
    let order = sample::new_order()?;
    let key = store.tracking_key();
    together(clients, window, move |_| {
        let (store, order, key) = (Arc::clone(&store), order.clone(), key.clone());
        async move || {
            let id = Uuid::now_v7();
            let mut fingerprint = [0; 32];
            fingerprint[..16].copy_from_slice(id.as_bytes());
            let placement = Placement {
                by: None,
                order: order.clone(),
                id: OrderId(id),
                at: UnixMillis(1_760_000_000_000),
                business_day: 20_251_009,
                key: None,
                fingerprint: Fingerprint::kept(fingerprint.to_vec()),
                promise: Promise::default(),
                tracking: key.digest(OrderId(id)),
                paused: None,
            };
            let placed = store.place(placement).await;
            placed.map(drop).map_err(|error| anyhow::anyhow!("{error:?}"))
        }
    })
}

fn http(
    server: Option<PathBuf>,
    folder: &Path,
    connections: u32,
    readers: Option<(u32, bool)>,
    window: Duration,
) -> anyhow::Result<f64> {
    let target = Target::start_in(server, folder)?;
    let address = target.address;
    let process = target.process().context("a process of its own")?;
    let readers =
        readers.map(|(streams, gzip)| Readers::open(address, streams, gzip)).transpose()?;
    let next = Rc::new(Cell::new(0));
    let (used, own, all) = (Used::of(process), Used::of(std::process::id()), Used::by_all());
    let begun = Instant::now();
    let rate = together(connections, window, move |_| {
        let (mut poster, next) = (None, Rc::clone(&next));
        async move || {
            let body = sample::request(next.replace(next.get() + 1));
            if poster.is_none() {
                poster = Some(Poster::connect(address).await?);
            }
            poster.as_mut().context("connected")?.post(&body).await.map(drop)
        }
    })?;
    let took = begun.elapsed().as_secs_f64();
    let server = Used::of(process).since(used).all();
    eprintln!("  cores busy: {}", system::busy(took, server, own, all));
    if let Some(readers) = readers {
        let (streams, bytes) = (f64::from(readers.streams), readers.close()?);
        let deliveries = rate * took * streams;
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 bytes")]
        let each = bytes as f64 / deliveries;
        eprintln!("  about {each:.0} bytes a delivery");
    }
    Ok(rate)
}

/// Streams that are read on a thread of their own. Light, so that it is the
/// server that is measured: what comes is forgotten, and now and then.
struct Readers {
    streams: u32,
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<anyhow::Result<u64>>,
}

/// How long readers let their sockets fill.
const BETWEEN_READS: Duration = Duration::from_millis(10);

/// When nothing has come for so long, nothing more is due.
const QUIET: Duration = Duration::from_millis(500);
/// When streams that lag are waited for no longer.
const LATEST: Duration = Duration::from_secs(20);

impl Readers {
    /// Returns when all are open.
    #[expect(clippy::disallowed_methods, reason = "a pause is what makes the readers light")]
    fn open(address: SocketAddr, streams: u32, gzip: bool) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut client = Client::calm()?;
        let wanted = || Wanted {
            path: "/live-orders".to_owned(),
            last_event_id: None,
            gzip,
            reading: Reading::Forgets,
            polite: false,
        };
        let deadline = Instant::now() + Duration::from_mins(1);
        client.open(address, (0..streams).map(|_| wanted()), GENTLY, deadline)?;
        client.drain(Duration::from_millis(300))?;
        let thread = {
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                let before = client.bytes();
                while !stop.load(Ordering::Relaxed) {
                    client.drain(Duration::from_millis(500))?;
                    thread::sleep(BETWEEN_READS);
                }
                let ended = Instant::now();
                let mut last = ended;
                // What the last orders have brought, and how late it was.
                while last.elapsed() < QUIET && ended.elapsed() < LATEST {
                    let have = client.bytes();
                    client.drain(Duration::from_millis(50))?;
                    if client.bytes() > have {
                        last = Instant::now();
                    }
                }
                let late = last.duration_since(ended).as_secs_f64();
                eprintln!("  every stream had every order {late:.2} s after the last one");
                Ok(client.bytes() - before)
            })
        };
        Ok(Self { streams, stop, thread })
    }

    /// The bytes that have come; an error when a stream was cut.
    fn close(self) -> anyhow::Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow::anyhow!("the readers' thread is gone"))?
    }
}

/// So many clients, each doing its thing again and again for a while; how
/// often in a second in all.
fn together<C, F>(clients: u32, window: Duration, client: C) -> anyhow::Result<f64>
where
    C: Fn(u32) -> F,
    F: AsyncFnMut() -> anyhow::Result<()> + 'static,
{
    // One thread is enough for all of them: it only passes on and waits.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = Arc::new(AtomicU32::new(0));
    let local = tokio::task::LocalSet::new();
    let took = local.block_on(&runtime, async {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..clients)
            .map(|number| {
                let (mut one, done) = (client(number), Arc::clone(&done));
                tokio::task::spawn_local(async move {
                    while begun.elapsed() < window {
                        one().await?;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        for task in tasks {
            task.await.context("a client stopped")??;
        }
        anyhow::Ok(begun.elapsed())
    })?;
    Ok(f64::from(done.load(Ordering::Relaxed)) / took.as_secs_f64())
}

/// Nobody follows along.
struct Deaf;

impl CommitSink for Deaf {
    fn committed(&self, _: &[Committed]) {}

    fn announce(&self) {}
}

fn as_json(value: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_run() {
        let ways = [Way::Append, Way::CommitEach, Way::Store(16)];
        let rates = [vec![100.0, 50.0, 400.0], vec![10.0, 5.0, 80.0], vec![200.0, 100.0, 600.0]];
        let table = table(&ways, &rates);
        let last = table.lines().last().expect("a row");
        assert_eq!(last, "| store, 16 at a time | 400 (80.0–600) | 4.00 | 8.00 |");
    }

    #[test]
    fn streams_are_set_against_none() {
        let with = Way::WithStreams { connections: 16, streams: 9, gzip: true };
        let rates = [vec![1.0, 100.0, 80.0], vec![1.0, 200.0, 140.0]];
        assert_eq!(
            slowed(&[Way::Append, Way::Http(16), with], &rates),
            "\nHTTP, 16 connections, 9 streams that take gzip: **×0.750** of none (0.700–0.800)\n"
        );
        assert_eq!(slowed(&[Way::Append, Way::Http(1), with], &rates), "");
    }

    #[test]
    fn each_way_makes_orders_durable() {
        let window = Duration::from_millis(20);
        let folder = || TempDir::new().expect("a folder");
        assert!(append(folder().path(), window).expect("appends") > 0.0);
        assert!(commit_each(folder().path(), window).expect("commits") > 0.0);
        assert!(store(folder().path(), 4, window).expect("stores") > 0.0);
    }
}
