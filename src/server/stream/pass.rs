//! What a stream was let in by, and that can be taken back while it is open.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{server::hub::Hub, wire::ByeReason};

/// For how long a stream that was taken back may go on with what it has begun to
/// send, and say `bye`. Whoever takes nothing is cut off after that.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// In a request's extensions: whoever let the request in keeps a clone, under
/// whatever key it goes by, and ends with it what the request has opened.
#[derive(Clone, Debug, Default)]
pub struct Pass(Arc<CancellationToken>);

impl Pass {
    /// Takes it back: every stream that was opened with it says `bye` and ends.
    pub fn revoke(&self, hub: &Hub) {
        self.0.cancel();
        hub.nudge();
    }

    /// Whether somebody still goes by it besides whoever gave it.
    pub(in crate::server) fn is_held(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(in crate::server) fn is_revoked(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// In a request's extensions: what ends its connection, or its stream of one with
/// many, whatever is unsent.
#[derive(Clone, Debug, Default)]
pub struct Cut(CancellationToken);

impl Cut {
    /// Ends it.
    pub fn make(&self) {
        self.0.cancel();
    }

    /// Whether it was made.
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is made.
    pub async fn made(self) {
        self.0.cancelled_owned().await;
    }
}

/// How long a stream may go on.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// When the server ends it.
    pub(super) ends_at: Instant,
    /// What it was let in by, if that can be taken back.
    pub(super) pass: Option<Pass>,
}

impl Term {
    /// Why the server is to end it now, if it is.
    pub(super) fn over(&self, now: Instant) -> Option<ByeReason> {
        if self.is_revoked() {
            return Some(ByeReason::Revoked);
        }
        (now >= self.ends_at).then_some(ByeReason::Rotated)
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.pass.as_ref().is_some_and(Pass::is_revoked)
    }

    /// Has `cut` made a moment after the pass is taken back. Never done before that.
    pub(super) async fn cut_off(self, cut: Cut) {
        match self.pass {
            Some(pass) => pass.0.cancelled().await,
            None => std::future::pending().await,
        }
        tokio::time::sleep(GRACE).await;
        cut.make();
    }
}
