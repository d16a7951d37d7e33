//! A long run: the program under a restaurant's load, with readers who come and go, while
//! the log is pruned; and whether it holds as much at the end as after the warm-up, and
//! everybody has had everything once and in order.
//!
//! `scripts/soak` runs it. It is one thread, so that server and harness fit on two cores.
//!
//! | module | holds |
//! |---|---|
//! | [`history`] | a store as it is after a day |
//! | [`crowd`] | who reads, comes and goes |
//! | [`ledger`] | what one of them has had, and whether that is right |
//! | [`staff`] | who changes orders |
//! | [`watch`] | what the server holds |
//! | [`proof`] | that faults would be seen |
//! | `http`, `inflate`, `sample`, `system`, `target` | what the load tool brings |

#![expect(clippy::print_stdout, reason = "its figures are its output")]
#![expect(clippy::print_stderr, reason = "what goes wrong is said at once")]

mod crowd;
mod history;
#[path = "../../examples/load/http.rs"]
#[expect(dead_code, reason = "the load tool needs more of it")]
mod http;
#[path = "../../examples/load/inflate.rs"]
#[expect(unused_imports, reason = "those of its tests, which the load tool runs")]
mod inflate;
mod ledger;
mod proof;
#[path = "../../examples/load/sample.rs"]
#[expect(dead_code, unused_imports, reason = "the load tool needs more of it, for tests too")]
mod sample;
mod staff;
#[path = "../../examples/load/system.rs"]
#[expect(dead_code, unused_imports, reason = "the load tool needs more of it, for tests too")]
mod system;
#[path = "../../examples/load/target.rs"]
#[expect(dead_code, reason = "the load tool needs more of it")]
mod target;
mod watch;
mod wrongs;

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use mio::{Events, Poll, Token};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::signal::unix::{SignalKind, signal};

use crowd::Crowd;
use staff::{Staff, float};
use target::Target;
use watch::{Sample, Trend, WAL_KIB, mib};
use wrongs::Wrongs;

/// The memory for recent events is full before the warm-up is over, and some streams are
/// old enough to be ended by the server.
const SETTINGS: [&str; 3] = ["orders.time_zone=UTC", "stream.ring_mib=4", "stream.max_age_min=2"];
/// How long it sleeps at most when nothing comes.
const NAP: Duration = Duration::from_millis(5);
/// Orders that are open at a time, for each change a second: each is then in every state
/// for twelve seconds.
const OPEN_FOR_RATE: u32 = 12;
/// The warm-up: a fifth of the time, and at least this.
const WARM_UP: Duration = Duration::from_mins(2);
/// What is awaited at the beginning and at the end comes within this, or never.
const PATIENCE: Duration = Duration::from_mins(2);
/// Descriptors that may be open beyond those of before: connections to the store that
/// are opened when they are first needed.
const SPARE_FILES: f64 = 16.0;
/// A run that did less of what it was to do than this part shows nothing.
const HALF: f64 = 0.5;

/// Runs the program for long under load, and says whether it holds more and more.
#[derive(Debug, Parser)]
#[command(name = "soak")]
struct Options {
    /// For how many minutes, 3 to 1440
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(3..=1440))]
    minutes: u32,
    /// How many read at a time, 100 to 15000
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=15_000))]
    streams: u32,
    /// Changes a second, 1 to 10000
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    changes: u32,
    /// Who comes when, and what is done with which order: the same for the same number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// By how many per cent what is held may grow after the warm-up
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    growth: u32,
    /// Settings of the server that differ, such as `stream.ring_mib=16`
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The program
    #[arg(long, default_value = "target/release/live-orders")]
    binary: PathBuf,
}

/// Whether somebody has told it to end.
static ENDED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let options = Options::parse();
    thread::spawn(listen);
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Waits until somebody tells it to end.
fn listen() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
        return;
    };
    runtime.block_on(async {
        let Ok(mut terminated) = signal(SignalKind::terminate()) else { return };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        ENDED.store(true, Ordering::Relaxed);
    });
}

/// Goes on unless somebody has told it to end. What was started and written goes with
/// whoever owns it.
fn unless_ended() -> anyhow::Result<()> {
    if ENDED.load(Ordering::Relaxed) {
        bail!("ended before its time");
    }
    Ok(())
}

/// Everything that is looked at in turns.
struct Soak {
    poll: Poll,
    events: Events,
    crowd: Crowd,
    staff: Staff,
    wrongs: Wrongs,
    streams: usize,
}

impl Soak {
    fn turn(&mut self) -> anyhow::Result<()> {
        unless_ended()?;
        self.staff.turn()?;
        self.crowd.turn()?;
        match self.poll.poll(&mut self.events, Some(NAP)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            let Token(index) = event.token();
            if index < self.streams {
                self.crowd.read(index, event, &mut self.wrongs);
            } else if let Some(order) =
                self.staff.read(index - self.streams, event, &mut self.wrongs)
            {
                self.crowd.note(order);
            }
        }
        Ok(())
    }

    /// Goes on until `done`; whether it came to that in time.
    fn until(&mut self, done: impl Fn(&Self) -> bool) -> anyhow::Result<bool> {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            if Instant::now() > deadline {
                return Ok(false);
            }
            self.turn()?;
        }
        Ok(true)
    }

    /// What the server holds after `at`.
    fn look(&self, process: u32, folder: &Path, at: Duration) -> anyhow::Result<Sample> {
        let head = self.crowd.head().unwrap_or_default();
        Ok(Sample {
            at,
            streams: self.crowd.connected(),
            open: self.staff.open(),
            changes: self.staff.changes,
            deliveries: self.crowd.tally.deliveries,
            cut: self.crowd.tally.cut,
            kept: self.staff.floor.map(|floor| head.0.saturating_sub(floor.0)),
            ..Sample::take(process, folder)?
        })
    }
}

/// Runs it; whether all was well.
fn run(options: &Options) -> anyhow::Result<bool> {
    proof::show()?;
    let binary = options.binary.canonicalize().with_context(|| {
        format!("there is no {}; build it with `make build`", options.binary.display())
    })?;
    let files = u64::from(options.streams) + 512;
    let allowed = rlimit::increase_nofile_limit(u64::MAX)?;
    ensure!(allowed >= files, "needs {files} open files, and may have {allowed}");
    let time = Duration::from_mins(options.minutes.into());
    let folder = tempfile::tempdir()?;

    // What becomes old while the past is written and while it ends is there, too.
    let span = time + 2 * PATIENCE;
    let past = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let events = runtime.block_on(history::fill(folder.path(), options.changes, span))?;
    drop(runtime);
    println!("yesterday: {events} changes, written in {:.0} s", past.elapsed().as_secs_f64());

    let settings: Vec<&str> = SETTINGS
        .into_iter()
        .chain(history::SETTINGS)
        .chain(options.set.iter().map(String::as_str))
        .collect();
    let mut target = Target::start_with(Some(binary.clone()), folder.path(), &settings)?;
    let process = target.process().context("a process of its own")?;
    let before = Sample::take(process, folder.path())?;

    let poll = Poll::new()?;
    let streams = usize::try_from(options.streams)?;
    let mut random = StdRng::seed_from_u64(options.seed);
    let registry = || poll.registry().try_clone();
    let crowd =
        Crowd::new(target.address, registry()?, streams, StdRng::seed_from_u64(random.random()));
    let load = (usize::try_from(options.changes * OPEN_FOR_RATE)?, f64::from(options.changes));
    let staff = Staff::new(target.address, registry()?, streams, load, random);
    let events = Events::with_capacity(1024);
    let mut soak = Soak { poll, events, crowd, staff, wrongs: Wrongs::default(), streams };

    ensure!(
        soak.until(|soak| soak.crowd.kitchen_is_open())?,
        "the boards and screens did not open"
    );
    soak.staff.begin();
    let samples = go_on(&mut soak, process, folder.path(), time)?;

    // Then everybody must come to have what there is by then. Retention goes on meanwhile,
    // and some are always on their way back.
    soak.staff.stop();
    soak.crowd.settle();
    let idle = soak.until(|soak| soak.staff.is_idle())?;
    let goal = soak.crowd.head().unwrap_or_default();
    let told = soak.until(|soak| soak.crowd.behind(goal) == 0)? && idle;
    let behind = soak.crowd.behind(goal);
    soak.until(|soak| soak.crowd.lacks(&soak.staff.stands()).is_none())?;
    let lacking = soak.crowd.lacks(&soak.staff.stands());
    soak.staff.leave();
    soak.crowd.leave();
    let after = settled(process, folder.path(), before.files + SPARE_FILES)?;
    let stopped = stop(&mut target)?;
    let check = Command::new(&binary)
        .args(["check", "--data"])
        .arg(folder.path())
        .current_dir(folder.path())
        .output()?;

    let mut report = Report { sound: true };
    report.load(&soak, &samples, options);
    report.retention(&soak);
    report.held(&samples, time, f64::from(options.growth) / 100.0);
    let closed = format!(
        "descriptors before the first stream {}, after the last {}; own memory {} and {} MiB",
        before.files,
        after.files,
        mib(before.own),
        mib(after.own)
    );
    report.say(after.files <= before.files + SPARE_FILES, &closed);
    let Wrongs { order, refused } = soak.wrongs;
    report.say(order == 0, &format!("missing, doubled or out of order: {order}"));
    report.say(refused == 0, &format!("requests and streams that were refused: {refused}"));
    report.say(told, &format!("streams without all up to the end: {behind}"));
    report.say(
        lacking.is_none(),
        &lacking.unwrap_or_else(|| {
            "every board, screen and customer knows the last of every order".to_owned()
        }),
    );
    let (acknowledged, seen) = (soak.staff.changes, soak.crowd.tally.changes);
    let told = format!("changes: {acknowledged} acknowledged, {seen} seen by the first board");
    report.say(acknowledged == seen, &told);
    report.say(stopped, "the server stopped when it was told to");
    let found = String::from_utf8_lossy(&check.stdout);
    report.say(check.status.success(), &format!("live-orders check: {}", found.trim()));
    println!("\n{}", if report.sound { "passed" } else { "FAILED" });
    Ok(report.sound)
}

/// The run itself, with a line for each tenth of it.
fn go_on(
    soak: &mut Soak,
    process: u32,
    folder: &Path,
    time: Duration,
) -> anyhow::Result<Vec<Sample>> {
    let begun = Instant::now();
    let every = (time / 600).clamp(Duration::from_secs(1), Duration::from_secs(5));
    let mut samples = Vec::new();
    let (mut next, mut tenth) = (every, 1);
    let mut last = soak.look(process, folder, Duration::ZERO)?;
    println!("\n{}", Sample::HEADING);
    loop {
        soak.turn()?;
        let at = begun.elapsed();
        if at < next && at < time {
            continue;
        }
        next += every;
        let sample = soak.look(process, folder, at)?;
        samples.push(sample);
        if at >= time * tenth / 10 {
            println!("{}", sample.row(&last));
            last = sample;
            tenth += 1;
        }
        if at >= time {
            return Ok(samples);
        }
    }
}

/// What the server holds once it has no more than `files` descriptors, or has not given
/// them back for too long.
#[expect(clippy::disallowed_methods, reason = "the system tells nobody of a closed descriptor")]
fn settled(process: u32, folder: &Path, files: f64) -> anyhow::Result<Sample> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        unless_ended()?;
        let sample = Sample::take(process, folder)?;
        if sample.files <= files || Instant::now() > deadline {
            return Ok(sample);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Stops the server as a supervisor does; whether it ended well.
#[expect(clippy::disallowed_methods, reason = "there is nothing to await but its end")]
fn stop(target: &mut Target) -> anyhow::Result<bool> {
    let process = target.process().context("a process of its own")?;
    Command::new("kill").args(["-TERM", &process.to_string()]).status()?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        unless_ended()?;
        if let Some(status) = target.has_ended()? {
            return Ok(status.success());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(false)
}

/// What is said at the end.
struct Report {
    sound: bool,
}

impl Report {
    fn say(&mut self, good: bool, what: &str) {
        println!("{} {what}", if good { "ok    " } else { "FAILED" });
        self.sound &= good;
    }

    fn load(&mut self, soak: &Soak, samples: &[Sample], options: &Options) {
        let Some(end) = samples.last() else { return };
        let took = end.at.as_secs_f64();
        let rate = float(end.changes) / took;
        println!(
            "\nload: {rate:.1} changes a second, {:.0} deliveries a second, {} other requests",
            float(end.deliveries) / took,
            soak.staff.others
        );
        if rate < f64::from(options.changes) * HALF {
            let due = options.changes;
            self.say(false, &format!("{due} changes a second were to be made: this shows nothing"));
        }
        let tally = soak.crowd.tally;
        println!(
            "streams: {} opened by {} customers and others, {} resumed; {} cut off by their \
             reader, {} ended by the server with a word, {} without; {} changes by retention",
            tally.opened,
            tally.customers,
            tally.resumed,
            tally.cut,
            tally.rotated,
            tally.dropped,
            tally.erasures
        );
        self.say(tally.dropped == 0, "no stream was ended by the server without a word");
    }

    fn retention(&mut self, soak: &Soak) {
        let (begun, ended) = (soak.staff.first_floor, soak.staff.floor);
        let pruned = ended.zip(begun).map_or(0, |(ended, begun)| ended.0 - begun.0);
        let erased = soak.crowd.tally.erasures;
        let told = format!("retention: {pruned} events pruned, {erased} orders erased");
        self.say(pruned > 0 && erased > 0, &told);
    }

    fn held(&mut self, samples: &[Sample], time: Duration, most: f64) {
        let warm = (time / 5).max(WARM_UP);
        let begin = samples.partition_point(|sample| sample.at < warm);
        let steady = samples.get(begin..).unwrap_or_default();
        println!(
            "after a warm-up of {:.1} min, medians of the first and last quarter:",
            warm.as_secs_f64() / 60.0
        );
        let of = |figure: fn(&Sample) -> f64| Trend::of(steady, figure);
        let tell = |trend: Trend| {
            format!("{:.0}, then {:.0}: {:+.2} %", trend.first, trend.last, trend.growth() * 100.0)
        };
        for (what, judged, trend) in [
            ("own memory, KiB", true, of(|it| it.own)),
            ("all resident, KiB", false, of(|it| it.resident)),
            ("descriptors", true, of(|it| it.files)),
            ("threads", false, of(|it| it.threads)),
        ] {
            match trend {
                Some(trend) if judged => {
                    self.say(trend.growth() <= most, &format!("{what}: {}", tell(trend)));
                }
                Some(trend) => println!("       {what}: {}", tell(trend)),
                None => self.say(false, &format!("{what}: too little was seen")),
            }
        }
        let wal = samples.iter().map(|sample| sample.wal).max().unwrap_or_default();
        let told = format!("WAL at most {} MiB, of {}", mib(float(wal)), mib(float(WAL_KIB)));
        self.say(wal <= WAL_KIB, &told);
    }
}
