//! Requests with an idempotency key that are being worked on.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// The keys of requests that are being worked on. What has been worked on is
/// known to the store.
#[derive(Clone, Debug, Default)]
pub struct KeysInFlight(Arc<Mutex<HashSet<String>>>);

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
        let entered = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
        entered.then(|| InFlight { keys: self.clone(), key: key.to_owned() })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
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
}
