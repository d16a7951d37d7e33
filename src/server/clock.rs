//! The server's clock: the system's, or in a demo one that starts at another
//! time of day and may run faster. All times of orders come from here.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use crate::domain::UnixMillis;

/// The server's clock. Cheap to clone; all clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<RwLock<Source>>);

#[derive(Clone, Copy, Debug)]
enum Source {
    System,
    /// Stands still until it is moved.
    Manual(UnixMillis),
    /// Runs from `start`, which was at `since`, `rate` times as fast as time.
    Running {
        start: UnixMillis,
        since: Instant,
        rate: u32,
    },
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(RwLock::new(Source::System)))
    }

    /// A clock that stands at `at` until it is moved.
    #[must_use]
    pub fn manual(at: UnixMillis) -> Self {
        Self(Arc::new(RwLock::new(Source::Manual(at))))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        match self.source() {
            Source::System => system_now(),
            Source::Manual(at) => at,
            Source::Running { start, since, rate } => {
                let millis = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
                start.plus(millis.saturating_mul(i64::from(rate)))
            }
        }
    }

    /// How fast it runs: 1 but in a demo.
    #[must_use]
    pub fn rate(&self) -> u32 {
        match self.source() {
            Source::Running { rate, .. } => rate,
            Source::System | Source::Manual(_) => 1,
        }
    }

    /// Sets it to `at`, where it stands.
    pub fn set(&self, at: UnixMillis) {
        self.replace(Source::Manual(at));
    }

    /// Lets it run on from where it is, `rate` times as fast as time.
    pub fn run(&self, rate: u32) {
        let start = self.now();
        self.replace(Source::Running { start, since: Instant::now(), rate });
    }

    fn source(&self) -> Source {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, source: Source) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = source;
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
fn system_now() -> UnixMillis {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
