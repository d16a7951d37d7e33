//! Readers that the hub does not reach back to: page by page out of the store.

use std::time::Instant;

use bytes::Bytes;

use super::{Term, farewell};
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

    /// What comes next for a reader whose stream goes on for `term`.
    pub(super) async fn next(&mut self, term: &Term) -> Page {
        loop {
            if let Some(reason) = term.over(Instant::now()) {
                return Page::End(self.farewell(reason));
            }
            match self.app.hub.join(&self.filter, self.after) {
                Join::Seat(seat) => return Page::Seat(seat),
                Join::Closed => {
                    return Page::End(self.farewell(ByeReason::Shutdown));
                }
                Join::Store => {}
            }
            let wall = self.filter.wall.clone();
            let Ok(page) = self.app.store.events_behind(wall, self.after, PAGE).await else {
                return Page::Gone;
            };
            if page.floor > self.after {
                // Pruned while it was being read.
                return Page::Gone;
            }
            // Who has the last of theirs has everything.
            let end = |seq: Seq| if seq >= page.last { page.head } else { seq };
            let end = end(page.events.last().map_or(self.after, |event| event.seq));
            if end <= self.after {
                return Page::Gone;
            }
            // The store may be a moment ahead of the hub.
            self.app.hub.reach(end).await;
            let mut frames = Vec::new();
            let mut whole = true;
            for event in &page.events {
                if frames.len() >= PAGE_BYTES {
                    whole = false;
                    break;
                }
                if self.filter.matches(&event.facts) {
                    self.app.hub.encode_into(&mut frames, event);
                }
                self.after = event.seq;
            }
            if whole {
                self.after = end;
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

    fn farewell(&self, reason: ByeReason) -> Bytes {
        farewell(&self.app, &self.filter.wall, self.after, reason)
    }
}
