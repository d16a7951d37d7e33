//! The program as a process: how it is started, stopped, continued and killed.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::shim::Shim;

/// What every run has configured otherwise, so that seconds are enough for what takes
/// hours else.
const SETTINGS: [&str; 15] = [
    "server.log=warn",
    "server.drain_ms=500",
    "stream.heartbeat_ms=300",
    "stream.retry_ms=100",
    "stream.write_timeout_ms=1000",
    "stream.ring_mib=1",
    "orders.time_zone=UTC",
    // The clock jumps by days: nobody is to be forgotten for that.
    "access.session_idle_min=43200",
    "access.session_max_days=365",
    "log.keep_keys_hours=8760",
    "webhooks.allow_hosts=127.0.0.1",
    "webhooks.timeout_ms=1000",
    "webhooks.retry=200ms, 200ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, \
     300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms, 300ms",
    "privacy.erase_after_days=0",
    "kitchen.unseen_after_s=0",
];

/// Where a run has what.
pub(crate) struct Place {
    /// The program's file.
    pub(crate) binary: PathBuf,
    /// The run's own folder.
    pub(crate) folder: PathBuf,
    /// The store.
    pub(crate) data: PathBuf,
}

impl Place {
    fn log_path(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// What the program has written of itself.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Runs one of the program's own commands to its end; what it printed.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = Command::new(&self.binary)
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.binary.display()))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
        }
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(said)
        } else {
            Err(format!("{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr)))
        }
    }
}

/// One that runs; it ends when this is dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Held open: who closes it takes the program's output away.
    _output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts it and waits until it says where it listens. It is started by the thread
    /// that calls, and ends with it.
    pub(crate) async fn start(place: &Place, shim: Option<&Shim>) -> Result<Self, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let log: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(place.log_path())
            .map_err(|error| said(&error))?;
        let mut command = Command::new(&place.binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&place.data)
            .current_dir(&place.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        for setting in SETTINGS {
            command.args(["--set", setting]);
        }
        if let Some(shim) = shim {
            shim.put_under(&mut command);
        }
        let mut child = command.spawn().map_err(|error| said(&error))?;
        let Some(output) = child.stdout.take() else { return Err("no output".to_owned()) };
        let first = tokio::task::spawn_blocking(move || {
            let (mut output, mut line) = (BufReader::new(output), String::new());
            let read = output.read_line(&mut line);
            read.map(|_| (output, line))
        });
        let first = tokio::time::timeout(Duration::from_secs(30), first).await;
        if let Ok(Ok(Ok((output, line)))) = first
            && let Some(address) = line.trim().strip_prefix("listening on http://")
            && let Ok(address) = address.parse()
        {
            let program = Self { child, address, _output: output };
            return match shim {
                Some(shim) if !shim.is_under(program.child.id()) => {
                    Err("the layer under it did not take hold".to_owned())
                }
                _ => Ok(program),
            };
        }
        let _ = child.kill();
        let _ = child.wait();
        let log = place.log();
        Err(format!("it did not begin: {}", log.lines().last().unwrap_or_default()))
    }

    fn signal(&self, name: &str) {
        // One that is gone needs no signal.
        let _ = Command::new("kill").args([name, &self.child.id().to_string()]).status();
    }

    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to end, as a supervisor does; whether it did, and well.
    pub(crate) async fn stop(mut self) -> bool {
        self.signal("-TERM");
        for _ in 0..600 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.success();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }
}

impl Drop for Program {
    /// Without a word, as a crash is.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program's file, by its path from the present folder.
pub(crate) fn find(binary: &Path) -> Result<PathBuf, String> {
    binary.canonicalize().map_err(|error| format!("{}: {error}", binary.display()))
}
