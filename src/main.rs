//! The program: see the library.

use std::process::ExitCode;

use clap::Parser as _;
use live_orders::server::{cli::Cli, run::run};

fn main() -> ExitCode {
    match Cli::parse().task().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("live-orders: {error:#}");
            ExitCode::FAILURE
        }
    }
}
