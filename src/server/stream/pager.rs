//! Readers that the hub does not reach back to: page by page out of the store.

use std::time::Instant;

use bytes::Bytes;

use super::farewell;
use crate::{
    server::{
        hub::{Join, Seat},
        state::App,
    },
    wire::{ByeReason, Seq, StreamFilter},
};

/// Events that are read at once at most.
const PAGE: usize = 128;
/// Bytes after which a page ends: it stays until its reader has taken it.
const PAGE_BYTES: usize = 64 * 1024;

/// A reader that catches up. A page is read when the one before is gone, so
/// what it has not taken yet is in the store and not in memory.
pub(super) struct Pager {
    pub(super) app: App,
    filter: StreamFilter,
    after: Seq,
    spoke_at: Instant,
}

/// What comes next.
pub(super) enum Page {
    /// These whole frames.
    Frames(Bytes),
    /// The reader has caught up: it goes on from its seat.
    Seat(Seat),
    /// The stream says this and ends.
    End(Bytes),
    /// The stream ends. Its reader comes back with its id, and is told then
    /// what it can be told.
    Gone,
}

impl Pager {
    /// A reader with `filter` that has everything up to `after`.
    pub(super) fn new(app: App, filter: StreamFilter, after: Seq) -> Self {
        Self { app, filter, after, spoke_at: Instant::now() }
    }

    /// The reader's seat, if the hub reaches back to it.
    pub(super) fn seat(&self) -> Option<Seat> {
        match self.app.hub.join(&self.filter, self.after) {
            Join::Seat(seat) => Some(seat),
            Join::Store | Join::Closed => None,
        }
    }

    /// What comes next for a reader; `over` is why its stream is to end, if it is.
    pub(super) async fn next(&mut self, over: Option<ByeReason>) -> Page {
        if let Some(reason) = over {
            return Page::End(farewell(&self.app, self.after, reason));
        }
        loop {
            match self.app.hub.join(&self.filter, self.after) {
                Join::Seat(seat) => return Page::Seat(seat),
                Join::Closed => {
                    return Page::End(farewell(&self.app, self.after, ByeReason::Shutdown));
                }
                Join::Store => {}
            }
            let Ok(page) = self.app.store.events(self.after, PAGE).await else {
                return Page::Gone;
            };
            let Some(last) = page.events.last().filter(|_| page.floor <= self.after) else {
                // Pruned while it was being read.
                return Page::Gone;
            };
            // The store may be a moment ahead of the hub.
            self.app.hub.reach(last.seq).await;
            let mut frames = Vec::new();
            for event in &page.events {
                if self.filter.matches(&event.facts) {
                    self.app.hub.encode_into(&mut frames, event);
                }
                self.after = event.seq;
                if frames.len() >= PAGE_BYTES {
                    break;
                }
            }
            if !frames.is_empty() {
                self.spoke_at = Instant::now();
                return Page::Frames(Bytes::from(frames));
            }
            // Nothing for this reader for long: it must not take that for silence.
            if self.spoke_at.elapsed() >= self.app.stream.heartbeat {
                self.spoke_at = Instant::now();
                let now = self.app.clock.now();
                return Page::Frames(self.app.hub.heartbeat_at(&self.filter, self.after, now));
            }
        }
    }
}
