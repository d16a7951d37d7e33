//! The hub's hand-over, in every order.
//!
//! Compiles the server's own files of the hub and of the streams a second time,
//! with locks, wakers and waits whose every step a scheduler decides, and plays
//! small kitchens with them in a great many orders. Each reader is held against
//! the log, and one that sleeps for ever is a deadlock that shuttle reports.
//!
//! ```text
//! scripts/model                          as scripts/test does it
//! scripts/model --seconds 600 resume     for longer, other orders, one scenario
//! scripts/model --seed 7 resume          the orders of one seed
//! ```

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test may stop at the first thing that is not as it should be, and says so"
)]

use std::{
    env, iter,
    num::NonZero,
    panic::{self, AssertUnwindSafe},
    process::{Command, ExitCode, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use live_orders::{domain, wire};
use shuttle::{
    Config, FailurePersistence, Runner,
    scheduler::{PctScheduler, RandomScheduler},
};

use faults::Fault;
use server::stream::scenarios::{ALL, SENT, Scenario};

mod faults;
mod judge;
mod sync;
mod world;

#[path = "../../src/server"]
#[expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the server's own files, of which the model needs a part"
)]
mod server {
    pub(crate) use crate::sync;

    pub(crate) mod hub;

    pub(crate) mod error {
        pub(crate) use crate::world::Problem;
    }

    pub(crate) mod state {
        pub(crate) use crate::world::App;
    }

    pub(crate) mod store {
        pub(crate) use live_orders::server::store::{CommitSink, Committed, StoredEvent};
    }

    /// The stream as `live_orders` puts it together, without its HTTP.
    pub(crate) mod stream {
        use std::{
            pin::Pin,
            task::{Context, Poll},
            time::{Duration, Instant},
        };

        use bytes::Bytes;
        use http_body::Body as _;

        use crate::{
            faults::{self, Fault},
            wire::{ByeReason, Seq, StreamFilter, Wall},
            world::App,
        };

        mod begin;
        mod body;
        mod encoding;
        mod frames;
        mod inbox;
        mod pager;
        mod pass;
        mod resume;
        // In here, because it takes hold of what is private to streams.
        #[path = "../../../tests/model/scenarios.rs"]
        pub(crate) mod scenarios;

        use encoding::Encoding;
        use pass::{Cut, Pass, Term};

        struct Reader {
            app: App,
            encoding: Encoding,
            term: Term,
        }

        impl Reader {
            fn over(&self, now: Instant) -> Option<ByeReason> {
                self.term.over(now)
            }
        }

        struct Prelude {
            own: Vec<u8>,
            shared: Option<Bytes>,
        }

        fn farewell(app: &App, wall: &Wall, reached: Seq, reason: ByeReason) -> Bytes {
            let none = Wall::default();
            let wall = if faults::is(Fault::TellsOfOthers) { &none } else { wall };
            frames::bye(app.hub.told(wall, reached), reason, Duration::ZERO)
        }

        /// A stream that somebody reads.
        struct Stream(body::StreamBody);

        impl Stream {
            /// The next bytes; none at the end.
            fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
                Pin::new(&mut self.0).poll_frame(context).map(|frame| {
                    let frame = frame?.expect("nothing fails here");
                    Some(frame.into_data().expect("there are no trailers"))
                })
            }
        }

        /// Opens one: where it says that it begins, and whether with a snapshot.
        async fn open(
            app: &App,
            filter: StreamFilter,
            after: resume::After,
            encoding: Encoding,
            pass: Option<Pass>,
        ) -> (Stream, Seq, bool) {
            let begun = begin::begin(app, &filter, after, false, encoding).await;
            let begun = begun.expect("the store can be read");
            let term = Term { ends_at: Instant::now() + Duration::from_hours(1), pass };
            let reader = Reader { app: app.clone(), encoding, term };
            let pager = pager::Pager::new(app.clone(), filter, begun.after);
            let prelude = Prelude { own: Vec::new(), shared: None };
            let body = body::StreamBody::new(reader, pager, prelude, None);
            (Stream(body), begun.told, begun.snapshot.is_some())
        }
    }
}

/// Orders of each scenario and scheduler in the short run.
const ORDERS: usize = 800;
/// How often two who wait change places at moments that matter, at most.
const DEPTHS: [usize; 3] = [2, 3, 5];
/// In how many orders of a scenario a fault is looked for.
const FAULTY_ORDERS: usize = 200;

/// Who decides what goes on.
#[derive(Clone, Copy, Debug)]
enum Scheduler {
    Random,
    /// Priorities that change at so many places: finds what needs few changes.
    Pct(usize),
}

/// Plays the hub's hand-over in a great many orders.
#[derive(Parser)]
struct Arguments {
    /// For how many seconds; else the orders of one seed.
    #[arg(long)]
    seconds: Option<u64>,
    /// The first seed; without --seconds this one alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Makes the fault of this number, and says who sees it.
    #[arg(long, hide = true)]
    fault: Option<usize>,
    /// Asked by cargo of its own harness.
    #[arg(long, hide = true)]
    quiet: bool,
    /// Scenarios; else all of them.
    scenarios: Vec<String>,
}

fn main() -> ExitCode {
    let Arguments { seconds, seed, fault, scenarios: names, .. } = Arguments::parse();
    if let Some(number) = fault {
        let Some(fault) = Fault::ALL.get(number) else {
            eprintln!("there is no fault {number}");
            return ExitCode::FAILURE;
        };
        return look_for(*fault);
    }
    if let Some(unknown) = names.iter().find(|name| ALL.iter().all(|it| it.name != **name)) {
        eprintln!("there is no scenario {unknown}; there are:");
        for scenario in ALL {
            eprintln!("  {scenario}");
        }
        return ExitCode::FAILURE;
    }
    let wanted: Vec<&Scenario> = ALL
        .iter()
        .filter(|it| names.is_empty() || names.iter().any(|name| name == it.name))
        .collect();
    let began = Instant::now();
    let until = seconds.map(|seconds| began + Duration::from_secs(seconds));
    let orders = AtomicUsize::new(0);
    let first = seed.unwrap_or(1);
    let mut last = first;
    let mut held;
    loop {
        let failed = at_once(&wanted, |scenario| !holds(scenario, last, &orders));
        held = failed.is_empty();
        if last == first {
            wanted.iter().filter(|it| !failed.contains(&it.name)).for_each(|it| println!("{it}"));
        }
        if !held || until.is_none_or(|until| Instant::now() >= until) {
            break;
        }
        last += 1;
    }
    println!(
        "{} orders of {} scenarios, {} events sent, seeds {first} to {last}, {} s",
        orders.into_inner(),
        wanted.len(),
        SENT.load(Ordering::Relaxed),
        began.elapsed().as_secs()
    );
    if names.is_empty() && seed.is_none() && held {
        held = (0..Fault::ALL.len()).all(is_seen);
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Has `look` see each of `scenarios`, as many at a time as there are cores. The
/// names of those of which it says so.
fn at_once(
    scenarios: &[&'static Scenario],
    look: impl Fn(&'static Scenario) -> bool + Sync,
) -> Vec<&'static str> {
    let turn = AtomicUsize::new(0);
    let work = || {
        let next = || scenarios.get(turn.fetch_add(1, Ordering::Relaxed));
        iter::from_fn(next).filter(|it| look(it)).map(|it| it.name).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|it| it.join().expect("nobody stumbles")).collect()
    })
}

fn config(quiet: bool) -> Config {
    let mut config = Config::new();
    // A compressor's tables lie on the stack for a moment.
    config.stack_size = 256 * 1024;
    config.silence_warnings = true;
    if quiet {
        config.failure_persistence = FailurePersistence::None;
    }
    config
}

/// Plays `scenario` in many orders. Whether all was well.
fn runs(scenario: &'static Scenario, by: Scheduler, seed: u64, count: usize, quiet: bool) -> bool {
    let log = scenario.log();
    let play = move || scenario.play(&log);
    let run = AssertUnwindSafe(|| match by {
        Scheduler::Random => {
            Runner::new(RandomScheduler::new_from_seed(seed, count), config(quiet)).run(play)
        }
        Scheduler::Pct(depth) => {
            Runner::new(PctScheduler::new_from_seed(seed, depth, count), config(quiet)).run(play)
        }
    });
    panic::catch_unwind(run).is_ok()
}

/// Whether `scenario` holds in the orders of `seed`.
fn holds(scenario: &'static Scenario, seed: u64, orders: &AtomicUsize) -> bool {
    let count = ORDERS / scenario.share;
    let schedulers = DEPTHS.map(Scheduler::Pct).into_iter().chain([Scheduler::Random]);
    schedulers.into_iter().all(|by| {
        orders.fetch_add(count, Ordering::Relaxed);
        let holds = runs(scenario, by, seed, count, false);
        if !holds {
            eprintln!("{} does not hold: {by:?}, seed {seed}", scenario.name);
            eprintln!("  again: scripts/model --seed {seed} {}", scenario.name);
        }
        holds
    })
}

/// Says which scenarios do not hold with `fault` in them.
fn look_for(fault: Fault) -> ExitCode {
    faults::set(Some(fault));
    let everything: Vec<_> = ALL.iter().collect();
    let seen = at_once(&everything, |scenario| {
        let count = FAULTY_ORDERS / scenario.share;
        [Scheduler::Random, Scheduler::Pct(3)].iter().any(|by| !runs(scenario, *by, 1, count, true))
    });
    println!("{}", seen.join(", "));
    ExitCode::SUCCESS
}

/// Whether a scenario fails with the fault of this number. In a process of its own:
/// what shuttle says of each failure is not to be heard here.
fn is_seen(number: usize) -> bool {
    let program = env::current_exe().expect("this program");
    let mut looks = Command::new(program);
    looks.args(["--fault", &number.to_string()]).stderr(Stdio::null());
    let said = looks.output().expect("it runs").stdout;
    let seen = String::from_utf8_lossy(&said).trim().to_owned();
    let fault = Fault::ALL[number];
    if seen.is_empty() {
        eprintln!("nobody sees it: {fault}");
    } else {
        println!("a fault on purpose: {fault} (seen in {seen})");
    }
    !seen.is_empty()
}
