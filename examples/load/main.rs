//! Puts load on a server of this machine and says how it bears it.
//!
//! ```text
//! make build
//! cargo run --release --example load -- fanout --streams 1000 --orders 200
//! cargo run --release --example load -- compare --streams 1000,10000
//! cargo run --release --example load -- posts
//! cargo run --release --example load -- churn
//! cargo run --release --example load -- drain
//! ```
//!
//! `compare` sets the fan-out beside others and beside what the machine can do
//! at most; `posts` does the same with durable orders.
//!
//! `churn` has streams come and go and looks at what the server keeps of them;
//! `drain` stops the server and looks whether every stream is told.
//!
//! All but `compare` load the whole program. Without `--url` `fanout` starts a server of its own (`--server`, by default the
//! release build beside it) on a fresh store and a free port, and ends it
//! again. It only ever talks to this machine, opens a bounded number of
//! streams, and stops by itself after `--limit-s` seconds at most.
//!
//! `fanout` opens streams, posts orders one at a time, and takes for each order
//! the time from its request to the moment when *every* stream has it. The
//! client runs on one thread, so that on a machine with two cores the server
//! has the other one. What it measures is therefore an upper bound: reading
//! from all the streams, one after the other, is in it.
//!
//! | module | holds |
//! |---|---|
//! | [`target`] | the server under load: found, or started |
//! | [`http`] | as much of HTTP as a load client needs |
//! | [`fanout`] | one order to every stream |
//! | [`compare`] | the fan-out beside others |
//! | [`client`] | every stream on one thread |
//! | [`inflate`] | gzip as it comes |
//! | [`count`] | how many events a stream has had, and whether the right ones |
//! | [`system`] | processor time, memory, cores |
//! | [`peer`] | the others, each in a process of its own |
//! | [`sample`] | the orders that all of them carry |
//! | [`posts`] | durable orders, beside the disk and a commit for each |
//! | [`churn`] | streams that come and go |
//! | [`drain`] | a server that is stopped |
//! | [`crowd`] | streams of every kind, and orders meanwhile |
//! | [`figures`] | medians and the like |

#![expect(clippy::print_stdout, reason = "its figures are its output")]
#![expect(clippy::print_stderr, reason = "how far it is, for whoever waits")]

mod churn;
mod client;
mod compare;
mod count;
mod crowd;
mod drain;
mod fanout;
mod figures;
mod http;
mod inflate;
mod peer;
mod posts;
mod sample;
mod system;
mod target;

use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

/// Puts load on a server of this machine and says how it bears it.
#[derive(Debug, Parser)]
#[command(name = "load")]
struct Cli {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Time until an order is on every one of many streams
    Fanout {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        fanout: fanout::Options,
    },
    /// The fan-out beside others: medians, spread, and ratios to the limit
    Compare(compare::Options),
    /// Durable orders a second, beside the disk and a commit for each
    Posts(posts::Options),
    /// What a server keeps of streams that have come and gone
    Churn(churn::Options),
    /// How a server takes leave of many streams
    Drain(drain::Options),
    /// One of the servers that `compare` starts
    #[command(hide = true)]
    Peer(peer::Options),
}

/// What every mode takes.
#[derive(Debug, Args)]
struct Common {
    /// A server that runs already, on this machine, such as 127.0.0.1:3000
    #[arg(long, value_name = "ADDRESS", conflicts_with = "server")]
    url: Option<String>,
    /// The program to start [default: live-orders beside this one's folder]
    #[arg(long, value_name = "FILE")]
    server: Option<std::path::PathBuf>,
    /// When to give up, in seconds, 1 to 600
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=600))]
    limit_s: u64,
}

fn main() -> anyhow::Result<()> {
    let Cli { mode } = Cli::parse();
    match mode {
        Mode::Compare(options) => compare::run(&options)?,
        Mode::Posts(options) => posts::run(&options)?,
        Mode::Churn(options) => churn::run(&options)?,
        Mode::Drain(options) => drain::run(&options)?,
        Mode::Peer(options) => peer::run(&options)?,
        Mode::Fanout { common, fanout } => {
            let files = u64::from(fanout.streams) + 256;
            let allowed = rlimit::increase_nofile_limit(files)?;
            anyhow::ensure!(allowed >= files, "needs {files} open files, and may have {allowed}");
            let target = target::Target::of(common.url.as_deref(), common.server)?;
            let limit = Duration::from_secs(common.limit_s);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let report = runtime
                .block_on(async {
                    tokio::time::timeout(limit, fanout::run(&target, &fanout)).await
                })
                .with_context(|| format!("not done after {} s", limit.as_secs()))??;
            println!("{report}");
        }
    }
    Ok(())
}
