//! What the system knows of a process, and how to pin one to a core.

use std::{path::Path, process::Command};

/// Of a second; the kernel's promise to programs on every architecture that matters here.
const TICK: f64 = 0.01;

/// What a process has used of the processor, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Used {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl Used {
    /// Both together.
    pub(crate) fn all(self) -> f64 {
        self.user + self.system
    }

    /// What was used since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self { user: self.user - before.user, system: self.system - before.system }
    }

    /// What everybody on this machine has used.
    pub(crate) fn by_all() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<f64> =
            line.split_ascii_whitespace().filter_map(|ticks| ticks.parse().ok()).collect();
        let [user, nice, system, _idle, _waiting, interrupts, softly, ..] = ticks[..] else {
            return None;
        };
        Some(Self { user: (user + nice) * TICK, system: (system + interrupts + softly) * TICK })
    }

    /// What `process` has used; nothing where the system does not tell.
    pub(crate) fn of(process: u32) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        Self::parse(&stat).unwrap_or_default()
    }

    /// What `process` has used, as long as it runs.
    pub(crate) fn if_running(process: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        if stat.rsplit_once(')')?.1.trim_start().starts_with('Z') {
            return None;
        }
        Self::parse(&stat)
    }

    fn parse(stat: &str) -> Option<Self> {
        // The name before it may hold anything, parentheses and blanks too.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace().skip(11);
        let mut seconds =
            || fields.next()?.parse::<u32>().ok().map(|ticks| f64::from(ticks) * TICK);
        Some(Self { user: seconds()?, system: seconds()? })
    }
}

/// A figure of `/proc/<process>/status` in KiB: `VmRSS`, or `VmHWM` for its peak.
pub(crate) fn memory_kib(process: u32, name: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// How many descriptors `process` has open.
pub(crate) fn open_files(process: u32) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{process}/fd")).ok()?.count())
}

/// How many cores were kept busy by the server, which has used `server` seconds
/// in the last `took`, by this program, which had used `own` before, and by others.
pub(crate) fn busy(took: f64, server: f64, own: Used, all: Option<Used>) -> String {
    let own = Used::of(std::process::id()).since(own).all();
    let others = all.zip(Used::by_all()).map(|(before, after)| after.since(before).all());
    let others = others.map_or(f64::NAN, |all| (all - server - own).max(0.0));
    format!(
        "{:.2} by the server, {:.2} by this program, {:.2} by others",
        server / took,
        own / took,
        others / took
    )
}

/// What TCP holds of the kernel's memory, over all sockets of the machine, in KiB.
pub(crate) fn socket_memory_kib() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/net/sockstat").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let (_, pages) = line.rsplit_once("mem ")?;
    let pages: u32 = pages.trim().parse().ok()?;
    // Pages of 4 KiB, as everywhere that this is likely to run.
    Some(f64::from(pages) * 4.0)
}

/// Cores to pin the server and the client to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pins {
    possible: bool,
}

impl Pins {
    /// Pins this process, all of which is the client, to the second core,
    /// where there is one and the tool to do so.
    pub(crate) fn take() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let own = std::process::id().to_string();
        let pinned = cores > 1
            && Command::new("taskset")
                .args(["-c", "-p", "1", &own])
                .output()
                .is_ok_and(|output| output.status.success());
        Self { possible: pinned }
    }

    /// Whether servers and client have a core each.
    pub(crate) fn pinned(self) -> bool {
        self.possible
    }

    /// A command that runs `program` on the server's core.
    pub(crate) fn server(self, program: &Path) -> Command {
        if !self.possible {
            return Command::new(program);
        }
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(program);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_process_are_read() {
        let stat = "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 1234 56 0 0 20 0 1 0";
        let used = Used::parse(stat).expect("read");
        assert!((used.user - 12.34).abs() < 1e-9 && (used.system - 0.56).abs() < 1e-9);
        assert_eq!(Used::parse("nothing"), None);
    }
}
