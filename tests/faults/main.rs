//! The fault harness: the program under load from many clients, while it is killed,
//! stopped, cut off, refused by its disk and given another time of day; and a checker
//! that reads what everybody saw. `scripts/faults` runs it, docs/reliability.md tells
//! what it shows.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it says what it does to whoever runs it"
)]

mod checker;
mod clients;
mod deceit;
mod disk;
mod filter;
mod history;
mod plan;
mod program;
mod proxy;
mod run;
mod shim;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    checker::Broken,
    deceit::Deceit,
    disk::SmallDisk,
    plan::Plan,
    run::{Outcome, Setting, Tally},
    shim::Shim,
};

/// How many of what is broken are told one by one.
const TOLD: usize = 20;

/// Runs the program under faults and checks what everybody saw.
#[derive(Parser)]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, one after another.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// For how many seconds there are faults, for each seed.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Breaks a guarantee on purpose: drop, repeat, swap, forge, smuggle or no-sync.
    #[arg(long)]
    sabotage: Option<Deceit>,
    /// Breaks each in turn, and fails unless each is noticed.
    #[arg(long)]
    self_test: bool,
    /// The program.
    #[arg(long, default_value = "target/release/live-orders")]
    binary: PathBuf,
    /// Where each run makes its folder.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Where what a broken run saw is left.
    #[arg(long, default_value = "target/faults")]
    leave: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    // By this thread, which is there to the end: the program ends with whoever started it.
    let ended = runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
        // What a run has made goes with the run, whichever of these it is.
        tokio::select! {
            ended = go(&arguments) => ended,
            _ = tokio::signal::ctrl_c() => Err("interrupted".to_owned()),
            _ = terminated.recv() => Err("terminated".to_owned()),
        }
    });
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => fail(&why),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("faults: {why}");
    ExitCode::FAILURE
}

/// Does what is asked; whether all held.
async fn go(arguments: &Arguments) -> Result<bool, String> {
    let said = |error: std::io::Error| error.to_string();
    let own = tempfile::Builder::new()
        .prefix("live-orders-faults-")
        .tempdir_in(&arguments.folder)
        .map_err(said)?;
    let library = match Shim::compile(own.path()) {
        Ok(library) => Some(library),
        Err(why) => {
            not_tried(&format!("power cuts, clock jumps, a disk that refuses ({why})"))?;
            None
        }
    };
    let test = own.path().join("disk");
    std::fs::create_dir(&test).map_err(said)?;
    if SmallDisk::mount(&test).is_none() {
        let what = "a real disk that is full (none can be mounted here)";
        match &library {
            Some(_) => println!("made up: {what}"),
            None => not_tried(what)?,
        }
    }
    let mut setting = Setting {
        binary: program::find(&arguments.binary)?,
        folder: own.path().to_owned(),
        library,
        deceit: arguments.sabotage,
    };
    if arguments.self_test {
        return self_test(arguments, &mut setting).await;
    }
    let mut sum = Tally::default();
    let mut broken = Vec::new();
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.seeds) {
        let outcome = one(arguments, &setting, seed).await;
        match outcome {
            Ok(outcome) => {
                sum.add(&outcome.tally);
                if !outcome.verdict.holds() {
                    broken.push(seed);
                }
            }
            Err(why) => {
                println!("seed {seed}: BROKEN: it could not begin: {why}");
                broken.push(seed);
            }
        }
    }
    tell(&sum, arguments, &broken);
    // What they have done is counted by the layer alone.
    let idle = if setting.library.is_some() { sum.idle() } else { Vec::new() };
    for name in &idle {
        println!("BROKEN: {name}: it was done, and did nothing");
    }
    Ok(broken.is_empty() && idle.is_empty())
}

/// Says what is left out here; where nobody reads that (`CI` is set), it is a failure.
fn not_tried(what: &str) -> Result<(), String> {
    if std::env::var_os("CI").is_some_and(|set| !set.is_empty()) {
        return Err(format!("not tried: {what}"));
    }
    println!("not tried: {what}");
    Ok(())
}

fn command(arguments: &Arguments, seed: u64, deceit: Option<Deceit>) -> String {
    let sabotage = deceit.map_or_else(String::new, |deceit| format!(" --sabotage {deceit}"));
    format!("scripts/faults --seed {seed} --seconds {}{sabotage}", arguments.seconds)
}

/// Runs one seed and says what came of it.
async fn one(arguments: &Arguments, setting: &Setting, seed: u64) -> Result<Outcome, String> {
    let mut plan = Plan::draw(seed, Duration::from_secs(arguments.seconds));
    if setting.deceit == Some(Deceit::NoSync) {
        plan = plan.with_lies();
    }
    let outcome = run::run(setting, &plan).await?;
    let (tally, verdict) = (&outcome.tally, &outcome.verdict);
    let faults: u64 = tally.faults.values().sum();
    println!(
        "seed {seed}: {faults} faults, {} requests, {} acknowledged, {} streams, {} events, {} delivered: {}",
        tally.requests,
        tally.acknowledged,
        tally.streams,
        tally.events,
        tally.delivered,
        if verdict.holds() { "holds" } else { "BROKEN" },
    );
    if !verdict.holds() {
        for (broken, count) in verdict.counts() {
            println!("  {broken}: {count}");
        }
        for (broken, what) in verdict.broken.iter().take(TOLD) {
            println!("    {broken}: {what:.500}");
        }
        match run::leave(&arguments.leave, seed, &outcome) {
            Ok(path) => println!("  what everybody saw: {}", path.display()),
            Err(error) => println!("  what everybody saw could not be kept: {error}"),
        }
        println!("  again: {}", command(arguments, seed, setting.deceit));
    }
    Ok(outcome)
}

/// Says what was done in all, and what came of it.
fn tell(sum: &Tally, arguments: &Arguments, broken: &[u64]) {
    let first = arguments.seed;
    println!();
    println!("seeds                   {first} to {}", first.saturating_add(arguments.seeds - 1));
    for (name, count) in &sum.faults {
        println!("{name:<24}{count}");
    }
    let rest = [
        ("faults in all", sum.faults.values().sum()),
        ("writes refused by disk", sum.refused_writes),
        ("writes without room", sum.no_room),
        ("syncs refused by disk", sum.refused_syncs),
        ("writes lost by power", sum.taken_back),
        ("times told wrong", sum.shifted),
        ("requests", sum.requests),
        ("without an answer", sum.unanswered),
        ("acknowledged", sum.acknowledged),
        ("orders refused", sum.refused),
        ("streams opened", sum.streams),
        ("events in the log", sum.events),
        ("events delivered", sum.delivered),
        ("to webhooks again", sum.repeats),
    ];
    for (name, count) in rest {
        println!("{name:<24}{count}");
    }
    let count = |which| sum.broken.get(&which).copied().unwrap_or(0);
    let (lost, doubled) = (count(Broken::Lost), count(Broken::Doubled));
    print!("lost {lost}, doubled {doubled}, out of order {}: ", count(Broken::OutOfOrder));
    if broken.is_empty() {
        println!("it holds");
    } else {
        println!("BROKEN with {broken:?}");
        for seed in broken {
            println!("  {}", command(arguments, *seed, arguments.sabotage));
        }
    }
}

/// Deceives the clients in each way; whether each is noticed for what it is.
async fn self_test(arguments: &Arguments, setting: &mut Setting) -> Result<bool, String> {
    let mut noticed_all = true;
    for deceit in Deceit::ALL {
        if deceit == Deceit::NoSync && setting.library.is_none() {
            println!("not tried: {deceit}");
            continue;
        }
        setting.deceit = Some(deceit);
        println!("--- {deceit} ---");
        let outcome = one(arguments, setting, arguments.seed).await?;
        let expected = match deceit {
            Deceit::Drop | Deceit::Forge | Deceit::NoSync => Broken::Lost,
            Deceit::Repeat => Broken::Doubled,
            Deceit::Swap => Broken::OutOfOrder,
            Deceit::Smuggle => Broken::Undead,
        };
        let noticed = outcome.verdict.count(expected) > 0;
        println!("{deceit}: {}", if noticed { "noticed" } else { "NOT NOTICED" });
        noticed_all &= noticed;
    }
    setting.deceit = None;
    println!("--- none ---");
    let outcome = one(arguments, setting, arguments.seed).await?;
    Ok(noticed_all && outcome.verdict.holds())
}
