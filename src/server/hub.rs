//! 4 · Fan-out: each commit is encoded once, kept for a while, and wakes whoever reads on.
//!
//! A reader is a cursor: a position and a filter. The hub keeps the recent
//! events in one [`Ring`] as ready-made frames. Readers with the same filter
//! share one [`Feed`], a contiguous log of the frames that match it (and of
//! heartbeats), in which each has a position and nothing else: no queue, so
//! nothing is dropped for a slow reader and nothing piles up for it. A reader
//! behind its feed catches up from the ring, and behind the ring from the
//! store ([`Hub::catch_up`] says which), until it meets the feed again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::watch;

use super::store::{CommitSink, Committed, StoredEvent};
use crate::{
    domain::{FoodOrder, Promises, UnixMillis},
    wire::{Epoch, EventId, Heartbeat, Seq, Stats, StreamFilter, frame},
};

mod feed;
mod figures;
mod ring;

use feed::Feed;
pub use feed::{FeedReader, Next};
use figures::Figures;
use ring::Ring;

/// Bytes that a stream is handed at once at most.
pub const BURST_BYTES: usize = 256 * 1024;

/// How much the hub keeps.
#[derive(Clone, Copy, Debug)]
pub struct HubSettings {
    /// Bytes of frames that the ring keeps, and the feed of all events.
    pub ring_bytes: usize,
    /// Bytes of frames that a filtered feed keeps.
    pub feed_bytes: usize,
    /// When a ticket is late, for the figures.
    pub promises: Promises,
}

/// Where commits go out from.
pub struct Hub {
    epoch: Epoch,
    settings: HubSettings,
    state: Mutex<State>,
    /// The newest position that has gone out, for those who wait for one. The
    /// store's readers see a commit a moment before the hub hears of it.
    gone_out: watch::Sender<Seq>,
}

/// One lock for what must agree: the ring, every feed and the figures stand at
/// the same position whenever it is free.
struct State {
    ring: Ring,
    /// Feeds that have readers, by filter; the one of all events always is.
    feeds: HashMap<StreamFilter, Served>,
    figures: Figures,
    closing: bool,
}

struct Served {
    feed: Arc<Feed>,
    readers: usize,
}

/// What a reader behind its feed gets.
pub enum CatchUp {
    /// These frames, which may be none; then ask again after `reached`.
    Frames {
        /// The matching frames, in order.
        frames: Vec<Bytes>,
        /// Everything up to here has been handed out.
        reached: Seq,
    },
    /// These frames, and then it goes on with the feed.
    Joined {
        /// The matching frames, in order.
        frames: Vec<Bytes>,
        /// Its place in the feed.
        reader: FeedReader,
    },
    /// The ring does not reach back that far: read the store.
    FromStore,
    /// The hub has closed, and the reader is too far behind to be shown the
    /// rest in the time that is left: it comes back with its id.
    Closed,
}

impl Hub {
    /// A hub for the log `epoch`, which stands at `head`.
    #[must_use]
    pub fn new(epoch: Epoch, head: Seq, settings: HubSettings) -> Arc<Self> {
        let everything = Served {
            feed: Arc::new(Feed::new(StreamFilter::default(), settings.ring_bytes)),
            readers: 0,
        };
        Arc::new(Self {
            epoch,
            settings,
            state: Mutex::new(State {
                ring: Ring::new(head, settings.ring_bytes),
                feeds: HashMap::from([(StreamFilter::default(), everything)]),
                figures: Figures::new(settings.promises),
                closing: false,
            }),
            gone_out: watch::Sender::new(head),
        })
    }

    /// Fills the ring with events of before the start, oldest first and up to
    /// the head, so that readers who come back need not go to the store.
    pub fn preload(&self, events: &[StoredEvent]) {
        let mut state = self.lock();
        for event in events {
            let frame = self.encode(event);
            state.ring.preload(event.seq, &event.facts, frame);
        }
    }

    /// Fills the figures with orders of before the start.
    pub fn preload_figures(&self, orders: &[FoodOrder]) {
        let mut state = self.lock();
        for order in orders {
            state.figures.preload(order);
        }
    }

    /// Which log this is.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The newest position that has gone out.
    #[must_use]
    pub fn head(&self) -> Seq {
        self.lock().ring.head()
    }

    /// Waits until everything up to `seq` has gone out. A reader that begins
    /// at a position which the store has just shown waits here for a moment;
    /// otherwise it would be sent what it has.
    pub async fn reach(&self, seq: Seq) {
        // Fails only when the hub is gone, and it is not: this borrows it.
        let _ = self.gone_out.subscribe().wait_for(|gone_out| *gone_out >= seq).await;
    }

    /// How the hour before `now` went.
    #[must_use]
    pub fn stats(&self, now: UnixMillis) -> Stats {
        self.lock().figures.stats(now)
    }

    /// What a reader with `filter` that has everything up to `after` gets next.
    #[must_use]
    pub fn catch_up(self: &Arc<Self>, filter: &StreamFilter, after: Seq) -> CatchUp {
        let mut state = self.lock();
        let Some((frames, reached)) = state.ring.after(after, filter, BURST_BYTES) else {
            return if state.closing { CatchUp::Closed } else { CatchUp::FromStore };
        };
        if reached < state.ring.head() {
            return if state.closing {
                CatchUp::Closed
            } else {
                CatchUp::Frames { frames, reached }
            };
        }
        let closing = state.closing;
        let served = state.feeds.entry(filter.clone()).or_insert_with(|| Served {
            feed: Arc::new(Feed::new(filter.clone(), self.settings.feed_bytes)),
            readers: 0,
        });
        served.readers += 1;
        if closing {
            served.feed.close();
        }
        // Joined while the lock is held: nothing can come between the last
        // frame from the ring and the first from the feed.
        let reader = FeedReader::new(Arc::clone(self), Arc::clone(&served.feed), reached);
        CatchUp::Joined { frames, reader }
    }

    /// Encodes the frame of an event.
    #[must_use]
    pub fn encode(&self, event: &StoredEvent) -> Bytes {
        let mut frame = Vec::with_capacity(event.order_json.len() + 96);
        self.encode_into(&mut frame, event);
        Bytes::from(frame)
    }

    fn encode_into(&self, out: &mut Vec<u8>, event: &StoredEvent) {
        let id = EventId { epoch: self.epoch, seq: event.seq };
        frame::push_event(out, &id.to_string(), event.facts.kind.as_str(), &event.order_json);
    }

    /// Sends every reader a heartbeat. It stands in the feeds behind all events
    /// up to the id it carries.
    pub fn heartbeat(&self, now: UnixMillis) {
        let state = self.lock();
        let head = state.ring.head();
        let beat = Heartbeat {
            server_time: now,
            open: state.figures.open(),
            stats: state.figures.stats(now),
        };
        let id = EventId { epoch: self.epoch, seq: head };
        let mut frame = Vec::new();
        let data = serde_json::to_vec(&beat).unwrap_or_default();
        frame::push_event(&mut frame, &id.to_string(), Heartbeat::NAME, &data);
        let frame = Bytes::from(frame);
        for served in state.feeds.values() {
            served.feed.append([(head, frame.clone())]);
            served.feed.wake();
        }
    }

    /// Ends every feed: readers get what is left of it and then know.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        for served in state.feeds.values() {
            served.feed.close();
        }
    }

    /// A reader of `feed` has gone.
    fn leave(&self, feed: &Feed) {
        let mut state = self.lock();
        if let Some(served) = state.feeds.get_mut(feed.filter()) {
            served.readers -= 1;
            if served.readers == 0 && !feed.filter().is_everything() {
                state.feeds.remove(feed.filter());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CommitSink for Hub {
    fn committed(&self, changes: &[Committed]) {
        // All frames of a commit stand in one buffer: the ring and the feed of
        // all events share its memory.
        let mut buffer = Vec::new();
        let mut ends = Vec::with_capacity(changes.len());
        for change in changes {
            self.encode_into(&mut buffer, &change.event);
            ends.push(buffer.len());
        }
        let buffer = Bytes::from(buffer);
        let mut start = 0;
        let frames: Vec<Bytes> = ends
            .into_iter()
            .map(|end| buffer.slice(std::mem::replace(&mut start, end)..end))
            .collect();

        let mut state = self.lock();
        for (change, frame) in changes.iter().zip(&frames) {
            state.ring.push(change.event.seq, &change.event.facts, frame.clone());
            state.figures.apply(&change.order);
        }
        let head = state.ring.head();
        for served in state.feeds.values() {
            if served.feed.filter().is_everything() {
                served.feed.append([(head, buffer.clone())]);
                continue;
            }
            served.feed.append(
                changes
                    .iter()
                    .zip(&frames)
                    .filter(|(change, _)| served.feed.filter().matches(&change.event.facts))
                    .map(|(change, frame)| (change.event.seq, frame.clone())),
            );
        }
        drop(state);
        self.gone_out.send_replace(head);
    }

    fn announce(&self) {
        for served in self.lock().feeds.values() {
            served.feed.wake();
        }
    }
}
