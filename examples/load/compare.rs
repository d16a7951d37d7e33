//! This project's fan-out beside others, on the same machine, in turn.
//!
//! Every peer is a process of its own that carries the same order, pinned to
//! one core; the client has the other. Each run goes through all the peers
//! before the next begins, so that whatever moves the machine moves them all,
//! and what counts is the ratio to `raw`, the limit, in the same run. Every
//! stream checks the number of every event: one that is missing, doubled or
//! out of order fails the comparison. The clients of `engine-gzip` inflate every
//! stream first, which no other's do: its server's figures are comparable, its
//! client's are not.
//!
//! | module | holds |
//! |---|---|
//! | [`server`] | a peer: started, told what to publish, ended |
//! | [`scenarios`] | what is done to a peer and what of it is measured |
//! | [`table`] | medians, spread and ratios |

mod scenarios;
mod server;
mod table;

use std::path::PathBuf;

use clap::Args;

use scenarios::{Scenario, Trial};
use server::{DURABLE_STREAMS_HINT, Launcher, Name, Nchan};
use table::Results;

use crate::system::Pins;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Who takes part
    #[arg(long, value_delimiter = ',', default_values = ["raw", "engine", "engine-gzip", "engine-hyper", "axum", "axum-arc", "nchan", "durable-streams"])]
    peers: Vec<Name>,
    /// What is measured
    #[arg(long, value_delimiter = ',', default_values = ["one", "burst", "cpu", "memory", "latency", "storm", "stuck", "single"])]
    scenarios: Vec<Scenario>,
    /// How often, 1 to 50
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    runs: u32,
    /// Streams that follow along, 1 to 50000
    #[arg(long, value_delimiter = ',', default_values = ["100", "1000", "10000"], value_parser = clap::value_parser!(u32).range(1..=50_000))]
    streams: Vec<u32>,
    /// Clients of the storm, 1 to 50000
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    storm: u32,
    /// Streams that follow one order each, 1 to 50000
    #[arg(long, value_delimiter = ',', default_values = ["2000", "6000", "18000"], value_parser = clap::value_parser!(u32).range(1..=50_000))]
    single: Vec<u32>,
    /// How long each measurement lasts, in seconds, 1 to 60
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Sets a key of this project's configuration; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// nginx's program [default: where packages put it]
    #[arg(long, value_name = "FILE")]
    nginx: Option<PathBuf>,
    /// nginx's module nchan [default: where packages put it]
    #[arg(long, value_name = "FILE")]
    nchan_module: Option<PathBuf>,
    /// Electric's durable-streams-server [default: on the search path]
    #[arg(long, value_name = "FILE")]
    durable_streams: Option<PathBuf>,
}

/// Measures all, prints the table; an error when a count was wrong.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let pins = Pins::take();
    let nchan = Nchan::find(options.nginx.as_deref(), options.nchan_module.as_deref());
    let mut names = options.peers.clone();
    if nchan.is_none() && names.contains(&Name::Nchan) {
        println!("{}\n", Nchan::HINT);
        names.retain(|name| *name != Name::Nchan);
    }
    let durable_streams = server::find_durable_streams(options.durable_streams.as_deref());
    if durable_streams.is_none() && names.contains(&Name::DurableStreams) {
        println!("{DURABLE_STREAMS_HINT}\n");
        names.retain(|name| *name != Name::DurableStreams);
    }
    let launcher = Launcher { pins, settings: options.settings.clone(), nchan, durable_streams };
    let mut results = Results::default();
    let mut failures = Vec::new();
    for run in 0..options.runs {
        for step in steps(options) {
            // Not always the same one first.
            let count = names.len();
            names.rotate_left(1.min(count));
            for &name in &names {
                if matches!(step, Step::Single(_)) && !name.is_engine() {
                    continue;
                }
                eprintln!("run {}: {} {step:?}", run + 1, name.as_str());
                let mut trial =
                    Trial { options, launcher: &launcher, results: &mut results, name, run };
                let done = match step {
                    Step::Following(streams) => trial.following(streams),
                    Step::Storm => trial.storm(),
                    Step::Stuck => trial.stuck(),
                    Step::Single(streams) => trial.single(streams),
                };
                if let Err(error) = done {
                    let failure = format!("run {}: {} {step:?}: {error:#}", run + 1, name.as_str());
                    eprintln!("{failure}");
                    failures.push(failure);
                }
            }
        }
    }
    let pinned = if pins.pinned() {
        "server and client pinned to a core each"
    } else {
        "not pinned to cores: only Linux with taskset and two cores can"
    };
    println!(
        "{} runs of {} s, {pinned}. Median **×ratio to raw** (least–greatest).\n\n{results}",
        options.runs, options.seconds
    );
    anyhow::ensure!(failures.is_empty(), "not everything went well:\n{}", failures.join("\n"));
    Ok(())
}

/// What every peer does once in a run.
#[derive(Clone, Copy, Debug)]
enum Step {
    Following(u32),
    Storm,
    Stuck,
    Single(u32),
}

fn steps(options: &Options) -> Vec<Step> {
    use Scenario::{Burst, Cpu, Latency, Memory, One};
    let wants = |scenario| options.scenarios.contains(&scenario);
    let mut steps = Vec::new();
    if [One, Burst, Cpu, Memory, Latency].into_iter().any(wants) {
        steps.extend(options.streams.iter().map(|streams| Step::Following(*streams)));
    }
    if wants(Scenario::Storm) {
        steps.push(Step::Storm);
    }
    if wants(Scenario::Stuck) {
        steps.push(Step::Stuck);
    }
    if wants(Scenario::Single) {
        steps.extend(options.single.iter().map(|streams| Step::Single(*streams)));
    }
    steps
}
