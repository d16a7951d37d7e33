//! Requests with an idempotency key that are being worked on.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// The keys of requests that are being worked on. What has been worked on is
/// known to the store.
#[derive(Clone, Debug, Default)]
pub struct KeysInFlight(Arc<Keys>);

#[derive(Debug, Default)]
struct Keys {
    taken: Mutex<HashSet<String>>,
    /// Told when one is free again.
    freed: Notify,
}

impl Keys {
    fn taken(&self) -> MutexGuard<'_, HashSet<String>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that is taken until this is dropped.
#[derive(Debug)]
pub struct InFlight {
    keys: KeysInFlight,
    key: String,
}

impl KeysInFlight {
    /// Takes `key`, unless somebody has it.
    #[must_use]
    pub fn enter(&self, key: &str) -> Option<InFlight> {
        let entered = self.0.taken().insert(key.to_owned());
        entered.then(|| InFlight { keys: self.clone(), key: key.to_owned() })
    }

    /// Waits until nobody has `key`.
    pub async fn free(&self, key: &str) {
        loop {
            // Before it is looked, so that nothing is missed in between.
            let freed = self.0.freed.notified();
            if !self.0.taken().contains(key) {
                return;
            }
            freed.await;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.keys.0.taken().remove(&self.key);
        self.keys.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::KeysInFlight;

    #[test]
    fn a_key_is_free_again_when_its_request_is_done() {
        let keys = KeysInFlight::default();
        let first = keys.enter("a").expect("free");
        assert!(keys.enter("a").is_none());
        assert!(keys.enter("b").is_some());
        drop(first);
        assert!(keys.enter("a").is_some());
    }

    #[tokio::test]
    async fn whoever_waits_for_a_key_is_told_when_it_is_free() {
        let keys = KeysInFlight::default();
        keys.free("a").await;
        let (first, other) = (keys.enter("a").expect("free"), keys.enter("b").expect("free"));
        let waits = tokio::spawn({
            let keys = keys.clone();
            async move { keys.free("a").await }
        });
        tokio::task::yield_now().await;
        drop(other);
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(first);
        waits.await.expect("told");
    }
}
