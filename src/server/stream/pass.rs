//! What a stream was let in by, and that can be taken back while it is open.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::server::hub::Hub;

/// In a request's extensions: whoever let the request in keeps a clone, under
/// whatever key it goes by, and ends with it what the request has opened.
#[derive(Clone, Debug, Default)]
pub struct Pass(Arc<AtomicBool>);

impl Pass {
    /// Takes it back: every stream that was opened with it says `bye` and ends.
    pub fn revoke(&self, hub: &Hub) {
        self.0.store(true, Ordering::Release);
        hub.nudge();
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
