//! A contiguous log of frames that readers with the same filter share.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use slab::Slab;

use super::Hub;
use crate::wire::{Seq, StreamFilter};

/// The frames that match one filter, since the feed was made.
pub(super) struct Feed {
    filter: StreamFilter,
    capacity: usize,
    log: Mutex<FeedLog>,
}

struct FeedLog {
    /// Pieces whose bytes follow each other.
    pieces: VecDeque<Piece>,
    /// Where the first piece begins, counted in bytes since the feed was made.
    base: u64,
    /// Where the last piece ends.
    tail: u64,
    /// Who waits for more; one slot a reader, so that waiting allocates nothing.
    waiting: Slab<Arc<AtomicWaker>>,
    /// Whether something has come that nobody was woken for.
    stirred: bool,
    closed: bool,
}

struct Piece {
    start: u64,
    bytes: Bytes,
    /// Who has this piece has everything up to here.
    reached: Seq,
}

impl Feed {
    pub(super) fn new(filter: StreamFilter, capacity: usize) -> Self {
        Self {
            filter,
            capacity,
            log: Mutex::new(FeedLog {
                pieces: VecDeque::new(),
                base: 0,
                tail: 0,
                waiting: Slab::new(),
                stirred: false,
                closed: false,
            }),
        }
    }

    pub(super) fn filter(&self) -> &StreamFilter {
        &self.filter
    }

    /// Adds whole frames without waking anybody, each with the position up to which a reader that has
    /// it has everything.
    pub(super) fn append(&self, frames: impl IntoIterator<Item = (Seq, Bytes)>) {
        let mut log = self.lock();
        let before = log.tail;
        for (reached, bytes) in frames {
            let start = log.tail;
            log.tail += bytes.len() as u64;
            log.pieces.push_back(Piece { start, bytes, reached });
        }
        if log.tail == before {
            return;
        }
        log.stirred = true;
        while log.tail - log.base > self.capacity as u64 && log.pieces.len() > 1 {
            if let Some(oldest) = log.pieces.pop_front() {
                log.base = oldest.start + oldest.bytes.len() as u64;
            }
        }
    }

    /// Wakes who waits, if anything has come since they were last woken.
    pub(super) fn wake(&self) {
        let mut log = self.lock();
        if std::mem::take(&mut log.stirred) {
            log.wake();
        }
    }

    /// No more will come.
    pub(super) fn close(&self) {
        let mut log = self.lock();
        log.closed = true;
        log.wake();
    }

    fn lock(&self) -> MutexGuard<'_, FeedLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FeedLog {
    fn wake(&mut self) {
        for (_, waiting) in &self.waiting {
            waiting.wake();
        }
    }
}

/// A place in a feed. The feed goes when its last reader does.
pub struct FeedReader {
    hub: Arc<Hub>,
    feed: Arc<Feed>,
    position: u64,
    reached: Seq,
    slot: usize,
    waker: Arc<AtomicWaker>,
}

/// What a reader finds at its place.
pub enum Next {
    /// The next whole frames.
    Frames(Bytes),
    /// The feed no longer keeps what comes next: catch up after this position.
    Behind(Seq),
    /// The hub has closed, and everything before that has been read.
    Closed,
}

impl FeedReader {
    /// A reader at the end of `feed` that has everything up to `reached`.
    pub(super) fn new(hub: Arc<Hub>, feed: Arc<Feed>, reached: Seq) -> Self {
        let waker = Arc::new(AtomicWaker::new());
        let (position, slot) = {
            let mut log = feed.lock();
            (log.tail, log.waiting.insert(Arc::clone(&waker)))
        };
        Self { hub, feed, position, reached, slot, waker }
    }

    /// The position up to which everything has been read.
    #[must_use]
    pub fn reached(&self) -> Seq {
        self.reached
    }

    /// What comes next; waits for it when the reader is at the end.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        let next = self.next();
        if next.is_ready() {
            return next;
        }
        // Looks again after registering: what came in between woke nobody.
        self.waker.register(context.waker());
        self.next()
    }

    fn next(&mut self) -> Poll<Next> {
        let log = self.feed.lock();
        if self.position < log.base {
            return Poll::Ready(Next::Behind(self.reached));
        }
        if self.position == log.tail {
            return if log.closed { Poll::Ready(Next::Closed) } else { Poll::Pending };
        }
        let index = log.pieces.partition_point(|piece| piece.start < self.position);
        let Some(piece) = log.pieces.get(index) else {
            return Poll::Ready(Next::Behind(self.reached));
        };
        self.position = piece.start + piece.bytes.len() as u64;
        self.reached = self.reached.max(piece.reached);
        Poll::Ready(Next::Frames(piece.bytes.clone()))
    }
}

impl Drop for FeedReader {
    fn drop(&mut self) {
        self.feed.lock().waiting.remove(self.slot);
        self.hub.leave(&self.feed);
    }
}
