//! Says so, and ends the program, when nothing comes of an input.

use std::{
    process,
    sync::{
        OnceLock,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

/// How long one step of an input may take. It is no measure of speed: it turns waiting
/// for ever into a failure.
const PATIENCE: Duration = Duration::from_mins(3);

static STEPS: OnceLock<Sender<Option<&'static str>>> = OnceLock::new();

/// Watches from now on, until the program ends.
pub(crate) fn begin() {
    let (steps, taken) = mpsc::channel();
    if STEPS.set(steps).is_err() {
        return;
    }
    thread::spawn(move || {
        let mut target = "";
        loop {
            match taken.recv_timeout(PATIENCE) {
                Ok(next) => target = next.unwrap_or(target),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("{target}: nothing has come of an input for {PATIENCE:?}");
                    eprintln!("  repeat it: scripts/fuzz target/fuzz/{target}/last");
                    process::exit(1);
                }
            }
        }
    });
}

/// The next input is one of `target`.
pub(crate) fn feeds(target: &'static str) {
    send(Some(target));
}

/// A step of an input is done.
pub(crate) fn goes_on() {
    send(None);
}

fn send(step: Option<&'static str>) {
    if let Some(steps) = STEPS.get() {
        // It hears as long as this program runs.
        let _ = steps.send(step);
    }
}
