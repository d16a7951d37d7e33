//! A server that is stopped while everybody looks on: whether each stream is
//! told so, and how long that takes.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::{
    client::{Client, Ending, GENTLY, Reading},
    crowd::{self, Guests},
    system::{self, Used},
    target::Target,
};

/// Orders before the streams are opened, for those that follow one.
const ORDERS_BEFORE: u32 = 200;
/// Pause between two orders once streams are open: each goes to most of them.
const PAUSE: Duration = Duration::from_millis(200);
/// How long the streams may take to open.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long the server may take to end.
const MOST: Duration = Duration::from_mins(1);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Streams to open, 1 to 50000
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    streams: u32,
    /// Sets a key of the server's configuration; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// The program to start [default: live-orders beside this one's folder]
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
}

/// Stops a server; an error when a stream was not told.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let files = rlimit::increase_nofile_limit(u64::MAX)?;
    let wanted = u64::from(options.streams) + 512;
    ensure!(files >= wanted, "needs {wanted} open files, and may have {files}");
    let folder = tempfile::tempdir()?;
    let settings: Vec<&str> = options.settings.iter().map(String::as_str).collect();
    let mut target = Target::start_with(options.server.clone(), folder.path(), &settings)?;
    let process = target.process().context("a process of its own")?;
    let guests = Guests::arrive(target.address, Duration::ZERO)?;
    guests.wait_for(ORDERS_BEFORE)?;
    let orders = guests.orders();
    guests.leave()?;
    let guests = Guests::arrive(target.address, PAUSE)?;
    let count = usize::try_from(options.streams)?;
    let mut client = Client::calm()?;
    let stream = |index| crowd::wanted(index, &orders, Reading::AwaitsEnd(Box::default()));
    let begun = Instant::now();
    client.open(target.address, (0..count).map(stream), GENTLY, begun + PATIENCE)?;
    println!("{count} streams, opened in {:.2} s", begun.elapsed().as_secs_f64());
    // Whatever a server does once a stream is open.
    client.read_until(Instant::now() + Duration::from_millis(500))?;
    let early = client.endings().filter(|ending| ending.bye.is_some() || ending.ended).count();
    ensure!(early == 0, "{early} streams have ended too early");

    let (used, own, all) = (Used::of(process), Used::of(std::process::id()), Used::by_all());
    let sent = Instant::now();
    let kill = Command::new("kill").args(["-TERM", &process.to_string()]).status()?;
    ensure!(kill.success(), "the server cannot be told to stop");
    let (mut ended, mut server) = (None, used);
    while ended.is_none() && sent.elapsed() < MOST {
        client.drain(Duration::from_millis(5))?;
        server = Used::if_running(process).unwrap_or(server);
        ended = target.has_ended()?.map(|status| (status, sent.elapsed()));
    }
    // What is still on its way.
    while client.endings().any(|ending| !ending.ended) && sent.elapsed() < MOST {
        client.drain(Duration::from_millis(5))?;
    }
    let took = sent.elapsed().as_secs_f64();
    // Whoever orders just then is told that nobody is there any more.
    let _ = guests.leave();

    let byes: Vec<Duration> =
        client.endings().filter_map(|it| Some(it.bye?.duration_since(sent))).collect();
    let told = |of: Option<&Duration>| of.map_or(f64::NAN, |it| it.as_secs_f64() * 1000.0);
    println!(
        "{} got bye: the first after {:.1} ms, the last after {:.1} ms",
        byes.len(),
        told(byes.iter().min()),
        told(byes.iter().max())
    );
    let (status, after) = ended.context("the server did not end")?;
    println!("the process ended after {:.1} ms: {status}", told(Some(&after)));
    println!("cores busy: {}", system::busy(took, server.since(used).all(), own, all));
    let untold = |it: &&Ending| it.bye.is_none() || !it.ended || it.wrong.is_some();
    let failed: Vec<&Ending> = client.endings().filter(untold).collect();
    let example = failed.first().map(|it| (it.bye.is_some(), it.ended, it.wrong.as_deref()));
    ensure!(
        failed.is_empty(),
        "{} streams ended otherwise; of the first (bye, ended, error): {example:?}",
        failed.len()
    );
    ensure!(status.success(), "it did not end well");
    Ok(())
}
