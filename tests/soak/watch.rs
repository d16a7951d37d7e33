//! What the server holds, looked at from outside every few seconds, and what is made of it.

use std::{path::Path, time::Duration};

use anyhow::Context as _;

use crate::{staff::float, system};

/// How large the write-ahead log may become: what `journal_size_limit` of the store's
/// connection cuts it back to. It is written back from 16 MiB on, in vain as long as
/// somebody reads an old page.
pub(crate) const WAL_KIB: u64 = 64 * 1024;

/// What the server holds at one moment, and what has been done by then.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) at: Duration,
    /// Memory that is the program's own: neither files nor anything shared. In KiB, as all.
    pub(crate) own: f64,
    /// All that is resident.
    pub(crate) resident: f64,
    pub(crate) files: f64,
    pub(crate) threads: f64,
    pub(crate) wal: u64,
    pub(crate) store: u64,
    /// Streams that are connected.
    pub(crate) streams: usize,
    /// Orders that are open.
    pub(crate) open: usize,
    pub(crate) changes: u64,
    pub(crate) deliveries: u64,
    pub(crate) cut: u64,
    /// Events that the log holds, as far as it is known.
    pub(crate) kept: Option<u64>,
    /// Seconds of the processor, by the server and by this program.
    pub(crate) server_busy: f64,
    pub(crate) own_busy: f64,
}

impl Sample {
    /// What `process` holds, with its store in `folder`.
    pub(crate) fn take(process: u32, folder: &Path) -> anyhow::Result<Self> {
        let unknown = "this system does not tell what a process holds";
        let memory = |name| system::memory_kib(process, name).context(unknown);
        let files = system::open_files(process).context(unknown)?;
        let (mut wal, mut store) = (0, 0);
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let size = entry.metadata().map_or(0, |it| it.len()).div_ceil(1024);
            match entry.path().extension().and_then(|it| it.to_str()) {
                Some("db-wal") => wal = size.max(wal),
                Some("db") => store += size,
                _ => {}
            }
        }
        Ok(Self {
            // What was swapped out is held all the same.
            own: memory("RssAnon")? + memory("VmSwap").unwrap_or_default(),
            resident: memory("VmRSS")?,
            files: float(u64::try_from(files)?),
            threads: memory("Threads")?,
            wal,
            store,
            server_busy: system::Used::of(process).all(),
            own_busy: system::Used::of(std::process::id()).all(),
            ..Self::default()
        })
    }

    /// The heading of [`row`](Self::row).
    pub(crate) const HEADING: &str = "\
| minute | changes/s | deliveries/s | cut off/s | streams | open orders | own memory, MiB | resident, MiB | descriptors | threads | WAL, MiB | store, MiB | events kept | cores: server, harness |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

    /// A line of the table: this moment, and the rates since `before`.
    pub(crate) fn row(&self, before: &Self) -> String {
        let took = self.at.saturating_sub(before.at).as_secs_f64().max(0.001);
        let rate = |now: u64, before: u64| float(now - before) / took;
        format!(
            "| {:.1} | {:.1} | {:.0} | {:.1} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.2}, {:.2} |",
            self.at.as_secs_f64() / 60.0,
            rate(self.changes, before.changes),
            rate(self.deliveries, before.deliveries),
            rate(self.cut, before.cut),
            self.streams,
            self.open,
            mib(self.own),
            mib(self.resident),
            self.files,
            self.threads,
            mib(float(self.wal)),
            mib(float(self.store)),
            self.kept.map_or_else(|| "?".to_owned(), |kept| kept.to_string()),
            (self.server_busy - before.server_busy) / took,
            (self.own_busy - before.own_busy) / took,
        )
    }
}

pub(crate) fn mib(kib: f64) -> String {
    format!("{:.1}", kib / 1024.0)
}

/// A figure after the warm-up and at the end: medians of the first and of the last
/// quarter of what was seen in between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trend {
    pub(crate) first: f64,
    pub(crate) last: f64,
}

impl Trend {
    /// The trend of `figure`; none where too little was seen.
    pub(crate) fn of(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> Option<Self> {
        let quarter = samples.len() / 4;
        if quarter == 0 {
            return None;
        }
        let median = |part: &[Sample]| {
            let mut values: Vec<f64> = part.iter().map(&figure).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied()
        };
        Some(Self {
            first: median(samples.get(..quarter)?)?,
            last: median(samples.get(samples.len() - quarter..)?)?,
        })
    }

    /// By what share it has grown.
    pub(crate) fn growth(self) -> f64 {
        self.last / self.first - 1.0
    }
}
