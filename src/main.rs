//! The program: see the library.

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;
use live_orders::server::{
    cli::Cli,
    files::Unusable,
    run::{Ending, run},
};

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
