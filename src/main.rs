//! The program: see the library.

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;
use live_orders::server::{cli::Cli, run::run};

fn main() -> ExitCode {
    match Cli::parse().task().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "live-orders: {error:#}");
            ExitCode::FAILURE
        }
    }
}
