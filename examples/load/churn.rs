//! Streams that come and go in great numbers: whether the server gives back
//! what it took for them.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::{
    client::{Client, GENTLY, Reading},
    crowd::{self, Guests},
    system::{self, Used},
    target::Target,
};

/// Orders before anything is measured: they fill the memory for recent events,
/// so that it does not grow with them afterwards.
const ORDERS_BEFORE: u32 = 3000;
/// That memory, as small as it can be set.
const SMALL_RING: &str = "stream.ring_mib=1";
/// Orders that come while a wave is open.
const ORDERS_A_WAVE: u32 = 20;
/// Pause between two orders once the waves come.
const PAUSE: Duration = Duration::from_millis(5);
/// One in so many streams goes before it has been answered.
const HASTY: usize = 20;
/// How long a wave may take to open.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long descriptors may take to come back.
const SETTLING: Duration = Duration::from_secs(20);
/// Descriptors that may be open beyond those of before: connections to the
/// store that are opened when they are first needed.
const SPARE_FILES: usize = 16;
/// How much larger than after the warm-up the server may be, by that size.
const GROWTH: f64 = 1.2;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Streams that come and go in all, 1 to 10000000
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    streams: u32,
    /// Streams that are open at one time, 1 to 15000
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    at_once: u32,
    /// Waves before memory is first compared, 1 to 1000: what an allocator keeps
    /// for the next one grows for some waves, and then no more
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    warm_up: u32,
    /// The program to start [default: live-orders beside this one's folder]
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
}

/// What the server holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    memory_kib: f64,
    files: usize,
}

impl Held {
    fn by(process: u32) -> anyhow::Result<Self> {
        let unknown = "this system does not tell what a process holds";
        let memory_kib = system::memory_kib(process, "VmRSS").context(unknown)?;
        Ok(Self { memory_kib, files: system::open_files(process).context(unknown)? })
    }

    /// What it holds when it has no more than `files` descriptors, or when it
    /// has not given them back for too long.
    #[expect(
        clippy::disallowed_methods,
        reason = "the system tells nobody when a descriptor is closed"
    )]
    fn settled(process: u32, files: usize) -> anyhow::Result<Self> {
        let deadline = Instant::now() + SETTLING;
        loop {
            let held = Self::by(process)?;
            if held.files <= files || Instant::now() > deadline {
                return Ok(held);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn say(self, when: &str) {
        println!(
            "{when}: {:.1} MiB resident, {} descriptors",
            self.memory_kib / 1024.0,
            self.files
        );
    }
}

/// Lets them come and go; an error when the server has kept something.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let files = rlimit::increase_nofile_limit(u64::MAX)?;
    let wanted = u64::from(options.at_once) + 512;
    ensure!(files >= wanted, "needs {wanted} open files, and may have {files}");
    ensure!(
        options.streams > options.warm_up.saturating_mul(options.at_once),
        "after {} waves of {} nothing is left of {} streams",
        options.warm_up,
        options.at_once,
        options.streams
    );
    let folder = tempfile::tempdir()?;
    let target = Target::start_with(options.server.clone(), folder.path(), &[SMALL_RING])?;
    let process = target.process().context("a process of its own")?;
    Held::by(process)?.say("at the start");

    let guests = Guests::arrive(target.address, Duration::ZERO)?;
    guests.wait_for(ORDERS_BEFORE)?;
    guests.leave()?;
    let begun = Held::by(process)?;
    begun.say(&format!("after {ORDERS_BEFORE} orders"));

    let (used, own, all) = (Used::of(process), Used::of(std::process::id()), Used::by_all());
    let (mut came, mut orders, mut waves, mut warm) = (0, 0, 0, None);
    let since = Instant::now();
    while came < options.streams {
        let guests = Guests::arrive(target.address, PAUSE)?;
        let count = options.at_once.min(options.streams - came);
        wave(&target, usize::try_from(count)?, &guests)?;
        came += count;
        orders += guests.posted();
        guests.leave()?;
        waves += 1;
        if waves == 1 || waves == options.warm_up {
            let held = Held::settled(process, begun.files + SPARE_FILES)?;
            held.say(&format!("after {came} streams"));
            warm = Some(held);
        } else {
            eprintln!("{came} streams: {:?}", Held::by(process)?);
        }
    }
    let took = since.elapsed().as_secs_f64();
    let warm = warm.context("no wave")?;
    let end = Held::settled(process, warm.files)?;
    end.say(&format!("after {came} streams and {orders} orders, in {took:.1} s"));
    let peak = system::memory_kib(process, "VmHWM").unwrap_or_default();
    println!("at most: {:.1} MiB resident", peak / 1024.0);
    let server = Used::of(process).since(used).all();
    println!("cores busy: {}", system::busy(took, server, own, all));

    ensure!(
        warm.files <= begun.files + SPARE_FILES && end.files <= warm.files,
        "{} descriptors before, {} after the warm-up, {} at the end",
        begun.files,
        warm.files,
        end.files
    );
    let growth = end.memory_kib / warm.memory_kib;
    ensure!(growth <= GROWTH, "memory has grown to {growth:.2} of what it was after the warm-up");
    Ok(())
}

/// So many streams come, are read while orders come, and go.
fn wave(target: &Target, count: usize, guests: &Guests) -> anyhow::Result<()> {
    guests.wait_for(1)?;
    let orders = guests.orders();
    let stream = |index| crowd::wanted(index, &orders, Reading::Forgets);
    let mut client = Client::calm()?;
    let hasty = count / HASTY;
    let deadline = Instant::now() + PATIENCE;
    client.open(target.address, (0..count - hasty).map(stream), GENTLY, deadline)?;
    let due = guests.posted() + ORDERS_A_WAVE;
    while guests.posted() < due {
        client.read_until(Instant::now() + Duration::from_millis(10))?;
    }
    for index in 0..hasty {
        client.begin(target.address, stream(index))?;
        // Some have sent their request by then, and some have not.
        if index.is_multiple_of(8) {
            client.drain(Duration::from_millis(1))?;
        }
    }
    Ok(())
}
