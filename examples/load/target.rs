//! The server under load: one that runs, or one that is started for it.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

/// The server under load. One that was started is ended when this is dropped.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    started: Option<Started>,
}

struct Started {
    child: Child,
    _output: BufReader<ChildStdout>,
    /// Its store, where that goes with it.
    _folder: Option<TempDir>,
}

impl Target {
    /// The server at `url`, or one that is started from `program`.
    pub(crate) fn of(url: Option<&str>, program: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(url) = url else {
            let folder = tempfile::tempdir()?;
            let path = folder.path().to_owned();
            return Self::start(program, &path, Some(folder), &[]);
        };
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let address: SocketAddr = address
            .parse()
            .with_context(|| format!("{url} is no address such as 127.0.0.1:3000"))?;
        ensure!(address.ip().is_loopback(), "{url} is not on this machine");
        Ok(Self { address, started: None })
    }

    /// A server that is started from `program` on a store in `folder`.
    pub(crate) fn start_in(program: Option<PathBuf>, folder: &Path) -> anyhow::Result<Self> {
        Self::start(program, folder, None, &[])
    }

    /// The same, with keys of its configuration set.
    pub(crate) fn start_with(
        program: Option<PathBuf>,
        folder: &Path,
        settings: &[&str],
    ) -> anyhow::Result<Self> {
        Self::start(program, folder, None, settings)
    }

    fn start(
        program: Option<PathBuf>,
        folder: &Path,
        own: Option<TempDir>,
        settings: &[&str],
    ) -> anyhow::Result<Self> {
        crate::http::let_in(folder)?;
        let program = program.map_or_else(beside, Ok)?;
        // It is started in another folder.
        let program = program.canonicalize().unwrap_or(program);
        // All streams come from one address.
        let limits = ["stream.max=1000000", "stream.max_per_address=0", "stream.max_each=0"];
        let settings = limits.iter().chain(settings).flat_map(|setting| ["--set", setting]);
        let mut child = Command::new(&program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .args(settings)
            .env("LIVE_ORDERS_SERVER_LOG", "warn")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| {
                let name = program.display();
                format!("cannot start {name}; build it with `make build`")
            })?;
        let mut output = BufReader::new(child.stdout.take().context("it has no output")?);
        let mut line = String::new();
        let begun = output.read_line(&mut line);
        // From here on it is ended whatever happens.
        let started = Started { child, _output: output, _folder: own };
        begun.context("it did not say where it listens")?;
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .and_then(|address| address.parse().ok())
            .context("it did not say where it listens")?;
        Ok(Self { address, started: Some(started) })
    }

    /// The process that was started, if one was.
    pub(crate) fn process(&self) -> Option<u32> {
        self.started.as_ref().map(|started| started.child.id())
    }

    /// How the process that was started has ended, if it has.
    pub(crate) fn has_ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let started = self.started.as_mut().context("a process of its own")?;
        Ok(started.child.try_wait()?)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The release build that stands beside the folder of this program.
fn beside() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let folder = this.parent().and_then(|examples| examples.parent()).context("no folder")?;
    Ok(folder.join(format!("live-orders{}", std::env::consts::EXE_SUFFIX)))
}
