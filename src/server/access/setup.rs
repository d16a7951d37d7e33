//! The first manager, whom nobody is there to let in: a link that is printed
//! at the start, good once and not for long.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::secret::{Digest, Secret};
use crate::domain::UnixMillis;

/// How long the link is good for.
const GOOD_FOR_MILLIS: i64 = 15 * 60_000;

/// The link, while there is one.
#[derive(Debug, Default)]
pub struct Setup(Mutex<Option<Link>>);

#[derive(Clone, Copy, Debug)]
struct Link {
    digest: Digest,
    until: UnixMillis,
}

impl Setup {
    /// A new link, in the place of any other.
    pub fn begin(&self, now: UnixMillis) -> Secret {
        let secret = Secret::random();
        *self.lock() = Some(Link { digest: secret.digest(), until: now.plus(GOOD_FOR_MILLIS) });
        secret
    }

    /// Whether `secret` is that of the link, and the link is still good.
    pub fn is_good(&self, secret: Option<Secret>, now: UnixMillis) -> bool {
        let good = |link: Link| {
            now < link.until && secret.is_some_and(|secret| secret.digest() == link.digest)
        };
        self.lock().is_some_and(good)
    }

    /// Uses the link up, if it is still good; what to give back if it was not
    /// needed after all.
    pub(super) fn take(&self, secret: Option<Secret>, now: UnixMillis) -> Option<Used> {
        let mut link = self.lock();
        let digest = secret?.digest();
        link.take_if(|link| now < link.until && digest == link.digest).map(Used)
    }

    /// Makes a link good again that was used for nothing.
    pub(super) fn give_back(&self, Used(link): Used) {
        self.lock().get_or_insert(link);
    }

    /// There is a manager: no link is good any more.
    pub(super) fn end(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Link>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A link that was used.
pub(super) struct Used(Link);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_once_and_not_for_long() {
        let setup = Setup::default();
        let begun = UnixMillis(1_000_000);
        let secret = Some(setup.begin(begun));
        assert!(setup.is_good(secret, begun));
        assert!(!setup.is_good(Some(Secret::random()), begun));
        assert!(!setup.is_good(None, begun));
        assert!(!setup.is_good(secret, begun.plus(GOOD_FOR_MILLIS)), "too late");
        assert!(setup.take(secret, begun.plus(GOOD_FOR_MILLIS)).is_none(), "too late");
        let used = setup.take(secret, begun).expect("the first time");
        assert!(setup.take(secret, begun).is_none(), "the second time");
        setup.give_back(used);
        assert!(setup.is_good(secret, begun));
        setup.end();
        assert!(!setup.is_good(secret, begun));
    }
}
