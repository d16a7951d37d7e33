//! The certificate of the moment: what new connections are shown. Those that
//! there are go on with the one that they began with.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use jiff::Timestamp;
use tokio_rustls::rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_util::sync::CancellationToken;

use super::{
    files::{Files, Stamp},
    own::OwnCa,
    validity::{self, DAY_S},
};

/// How long before its end a certificate is warned of.
const SOON_DAYS: i64 = 14;

/// Keeps the certificate of the moment.
#[derive(Debug)]
pub struct Keeper {
    current: RwLock<Arc<CertifiedKey>>,
    source: Source,
    /// Why the last one was refused, if it was, and with which stamp.
    refused: Mutex<Option<(Option<Stamp>, String)>>,
}

#[derive(Debug)]
enum Source {
    /// With the stamp of what is shown.
    Files(Files, Mutex<Option<Stamp>>),
    Own(Box<OwnCa>),
}

/// What looking for another certificate came to.
#[derive(Debug)]
pub enum Look {
    /// It is the same, or is of no use as it was before.
    Same,
    /// There is another, which is shown from now on.
    Another,
    /// There is another that is of no use; the old one stays.
    Refused(anyhow::Error),
}

impl Keeper {
    /// Keeps what is in `files`.
    ///
    /// # Errors
    /// One line: why that is of no use.
    pub fn of_files(files: Files) -> anyhow::Result<Self> {
        let stamp = files.stamp();
        let current = RwLock::new(Arc::new(files.load()?));
        let source = Source::Files(files, Mutex::new(Some(stamp)));
        Ok(Self { current, source, refused: Mutex::default() })
    }

    /// Keeps what `ca` signs for this machine.
    ///
    /// # Errors
    /// One line: why it cannot.
    pub fn of_own(ca: OwnCa) -> anyhow::Result<Self> {
        let current = RwLock::new(Arc::new(ca.certificate()?));
        Ok(Self { current, source: Source::Own(Box::new(ca)), refused: Mutex::default() })
    }

    /// Looks for another certificate: files that were written anew, or a
    /// certificate of our own that ends soon or lacks a name of this machine. Files
    /// that were refused are tried each time: what was wrong may be mended without a
    /// trace in them, as a permission is. They are refused once, until they are
    /// written again or there is another reason.
    pub fn look(&self) -> Look {
        if let Source::Files(files, seen) = &self.source {
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.as_ref() == Some(&files.stamp()) {
                return Look::Same;
            }
        }
        self.load(false)
    }

    /// The same whatever files look like from outside, and with an answer each
    /// time: somebody asks.
    pub fn look_again(&self) -> Look {
        self.load(true)
    }

    fn load(&self, asked: bool) -> Look {
        let mut stamp = None;
        let found = match &self.source {
            Source::Files(files, seen) => {
                // Before they are read: what is written meanwhile is seen next time.
                stamp = Some(files.stamp());
                let found = files.load();
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                *seen = stamp.filter(|_| found.is_ok());
                found
            }
            Source::Own(ca) => {
                if ca.is_good(&self.current()) {
                    return Look::Same;
                }
                ca.certificate()
            }
        };
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(found) => {
                *refused = None;
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                let same = current.cert == found.cert;
                *current = Arc::new(found);
                if same { Look::Same } else { Look::Another }
            }
            Err(error) => {
                let why = Some((stamp, format!("{error:#}")));
                if *refused == why && !asked {
                    return Look::Same;
                }
                *refused = why;
                Look::Refused(error)
            }
        }
    }

    /// Looks every now and then, and reads it anew when somebody says so by `SIGHUP`.
    pub async fn watch(self: Arc<Self>, every: Duration, shutdown: CancellationToken) {
        let mut told = Told::new();
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut days = tokio::time::interval(Duration::from_secs(DAY_S.unsigned_abs()));
        loop {
            let asked = tokio::select! {
                _ = ticks.tick() => false,
                () = told.again() => true,
                _ = days.tick() => {
                    self.warn_of_its_end();
                    continue;
                }
                () = shutdown.cancelled() => return,
            };
            let keeper = Arc::clone(&self);
            let look = move || if asked { keeper.look_again() } else { keeper.look() };
            match tokio::task::spawn_blocking(look).await {
                Ok(Look::Same) | Err(_) => {}
                Ok(Look::Another) => {
                    tracing::info!("tls.certificate.changed");
                    self.warn_of_its_end();
                }
                Ok(Look::Refused(error)) => {
                    tracing::error!(error = format!("{error:#}"), "tls.certificate.refused");
                }
            }
        }
    }

    /// Browsers refuse a certificate after its end. It is served all the same: a
    /// kitchen with a warning is better off than one without orders.
    fn warn_of_its_end(&self) {
        let Some(ends_at) = self.current().cert.first().and_then(|it| validity::ends_at(it)) else {
            return;
        };
        let left = ends_at - Timestamp::now().as_second();
        let end = Timestamp::from_second(ends_at).map(|end| end.to_string()).unwrap_or_default();
        if left < 0 {
            tracing::warn!(end, "tls.certificate.expired");
        } else if left < SOON_DAYS * DAY_S {
            tracing::warn!(end, days = left / DAY_S, "tls.certificate.ends_soon");
        }
    }

    fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Keeper {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

/// Hears `SIGHUP`, where there is such a thing.
struct Told {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Told {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    async fn again(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn write(folder: &Path, name: &str) -> Vec<u8> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("names");
        let certificate = params.self_signed(&key).expect("a certificate");
        std::fs::write(folder.join("cert.pem"), certificate.pem()).expect("written");
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).expect("written");
        certificate.der().to_vec()
    }

    fn files(folder: &Path) -> Files {
        Files { cert: folder.join("cert.pem"), key: folder.join("key.pem") }
    }

    fn shown(keeper: &Keeper) -> Vec<u8> {
        keeper.current().cert[0].to_vec()
    }

    #[test]
    fn files_that_are_written_anew_are_taken_and_broken_ones_refused_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = write(folder.path(), "first.local");
        let keeper = Keeper::of_files(files(folder.path())).expect("a certificate");
        assert!(matches!(keeper.look(), Look::Same));

        let second = write(folder.path(), "second.example.local");
        assert!(matches!(keeper.look(), Look::Another));
        assert!(shown(&keeper) == second && first != second);

        std::fs::write(folder.path().join("cert.pem"), "half a certifi").expect("written");
        let Look::Refused(why) = keeper.look() else { panic!("it is broken") };
        assert!(why.to_string().contains("cert.pem"), "{why:#}");
        assert!(matches!(keeper.look(), Look::Same), "one line, not one every few seconds");
        assert_eq!(shown(&keeper), second);

        std::fs::remove_file(folder.path().join("key.pem")).expect("removed");
        assert!(matches!(keeper.look(), Look::Refused(_)));
        assert_eq!(shown(&keeper), second);

        let third = write(folder.path(), "third.a.longer.name.local");
        assert!(matches!(keeper.look(), Look::Another));
        assert_eq!(shown(&keeper), third);
    }

    #[test]
    fn what_was_refused_is_taken_once_it_is_mended() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "first.local");
        let keeper = Keeper::of_files(files(folder.path())).expect("a certificate");
        let second = write(folder.path(), "second.example.local");
        let cert = folder.path().join("cert.pem");
        let whole = std::fs::read(&cert).expect("read");
        std::fs::write(&cert, vec![b'x'; whole.len()]).expect("written");
        let [refused_at, _] = files(folder.path()).stamp();
        assert!(matches!(keeper.look(), Look::Refused(_)));
        assert!(matches!(keeper.look(), Look::Same), "said once");
        assert!(matches!(keeper.look_again(), Look::Refused(_)), "and to whoever asks");
        // As long, and by its time as old: nothing but its content tells of it.
        std::fs::write(&cert, whole).expect("written");
        set_stamp(&cert, refused_at);
        assert!(matches!(keeper.look(), Look::Another));
        assert_eq!(shown(&keeper), second);
    }

    #[test]
    fn whoever_says_so_has_it_read_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "first.local");
        let keeper = Keeper::of_files(files(folder.path())).expect("a certificate");
        let before = files(folder.path()).stamp();
        // As long, and by its time as old as the one before.
        let mut second = write(folder.path(), "other.local");
        while files(folder.path()).stamp().map(|it| it.map(|it| it.1))
            != before.map(|it| it.map(|it| it.1))
        {
            second = write(folder.path(), "other.local");
        }
        for (name, stamp) in [("cert.pem", before[0]), ("key.pem", before[1])] {
            set_stamp(&folder.path().join(name), stamp);
        }
        assert!(matches!(keeper.look(), Look::Same));
        assert_ne!(shown(&keeper), second);
        assert!(matches!(keeper.look_again(), Look::Another));
        assert_eq!(shown(&keeper), second);
        assert!(matches!(keeper.look_again(), Look::Same));
    }

    /// Gives a file the time of change that it had.
    fn set_stamp(path: &Path, stamp: Option<(std::time::SystemTime, u64)>) {
        let (at, _) = stamp.expect("a stamp");
        let file = std::fs::File::options().append(true).open(path).expect("a file");
        file.set_modified(at).expect("set");
    }

    #[test]
    fn what_is_of_no_use_is_said_in_one_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = || {
            let error = files(folder.path()).load().expect_err("refused");
            let line = format!("{error:#}");
            assert_eq!(line.lines().count(), 1, "{line}");
            line
        };
        assert!(refused().starts_with("cannot read the certificate"));
        write(folder.path(), "orders.local");
        let key = folder.path().join("key.pem");
        let other = KeyPair::generate().expect("a key").serialize_pem();
        std::fs::write(&key, other).expect("written");
        assert!(refused().contains("does not belong to"));
        std::fs::write(&key, "secret").expect("written");
        assert!(refused().starts_with("there is no private key in"));
        std::fs::remove_file(&key).expect("removed");
        assert!(refused().starts_with("cannot read the key"));
        std::fs::write(folder.path().join("cert.pem"), "").expect("written");
        assert!(refused().starts_with("there is no certificate in"));
    }
}
