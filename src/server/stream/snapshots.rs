//! Snapshots: each is read and written once for all who join at the same place.
//!
//! A snapshot is by far the largest thing that a stream begins with, and screens
//! that come back come together. Whoever wants the same orders as somebody who
//! is just being sent them is sent the same bytes, as long as nothing has
//! happened since. They are counted until the last of their readers has them, so
//! that readers who take their time cannot fill the memory with old ones.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::Mutex;

use super::{Encoding, Full, frames};
use crate::{
    server::{error::Problem, state::App, store::StoredOrders},
    wire::{EventId, Seq, StreamFilter},
};

/// Bytes of snapshots that there may be at a time.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The snapshots that are being sent.
#[derive(Debug, Default)]
pub struct Snapshots {
    /// Locked while one is made: who comes meanwhile most likely wants the same.
    newest: Mutex<HashMap<(StreamFilter, Encoding), Weak<Snapshot>>>,
    held: Arc<AtomicUsize>,
}

/// The orders of one, as they go out.
#[derive(Debug)]
struct Snapshot {
    /// The position that they stand at.
    head: Seq,
    /// What is told of that.
    cursor: EventId,
    orders: Bytes,
    held: Arc<AtomicUsize>,
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.held.fetch_sub(self.orders.len(), Ordering::Relaxed);
    }
}

/// What a reader holds of a snapshot.
struct Share(Arc<Snapshot>);

impl AsRef<[u8]> for Share {
    fn as_ref(&self) -> &[u8] {
        &self.0.orders
    }
}

impl Snapshots {
    /// Bytes of snapshots that are being sent.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// The orders that `filter` shows now, to be sent behind what
    /// [`frames::begin_snapshot`] writes, and the position that they stand at, as it
    /// is and as it is told.
    pub(super) async fn take(
        &self,
        app: &App,
        filter: &StreamFilter,
        encoding: Encoding,
    ) -> Result<(Seq, EventId, Bytes), Problem> {
        let mut newest = self.newest.lock().await;
        let key = (filter.clone(), encoding);
        let known = newest.get(&key).and_then(Weak::upgrade);
        let snapshot = match known.filter(|known| known.head >= app.hub.head()) {
            Some(snapshot) => snapshot,
            None if self.held() >= MOST_BYTES => {
                return Err(Problem::TooManyStreams(Full::Snapshots));
            }
            None => {
                let stored = app.store.snapshot(filter.clone()).await?;
                let orders = encoding.more(frames::orders_of_snapshot(&stored.orders));
                let held = Arc::clone(&self.held);
                held.fetch_add(orders.len(), Ordering::Relaxed);
                let StoredOrders { head, cursor, .. } = stored;
                let snapshot = Arc::new(Snapshot { head, cursor, orders, held });
                newest.retain(|_, other| other.strong_count() > 0);
                newest.insert(key, Arc::downgrade(&snapshot));
                snapshot
            }
        };
        Ok((snapshot.head, snapshot.cursor, Bytes::from_owner(Share(snapshot))))
    }
}
