//! The program: see the library.

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;
use live_orders::server::{
    cli::Cli,
    files::Unusable,
    run::{Ending, run},
};

/// glibc's has an arena for each few threads, and what is freed in one is of no use to the
/// others: over an hour under load it held more and more (docs/reliability.md). SQLite uses
/// it too.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// It could not begin, or what it looked at has faults.
const FAILED: u8 = 1;
/// A file in the data folder cannot be used: another start will not mend that.
const UNUSABLE: u8 = 3;

fn main() -> ExitCode {
    match Cli::parse().task().and_then(run) {
        Ok(Ending::Well) => ExitCode::SUCCESS,
        Ok(Ending::Faults) => FAILED.into(),
        Err(error) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "live-orders: {error:#}");
            if error.is::<Unusable>() { UNUSABLE.into() } else { FAILED.into() }
        }
    }
}
