//! A contiguous log of frames that readers with the same filter share.
//!
//! A reader is a [`Place`] in it and nothing else: no queue, so nothing is
//! dropped for a slow one and nothing piles up for it. Heartbeats are not part
//! of the log. There is only the newest, at the place where it was published:
//! whoever comes by that place is given it, whoever comes later is not, so
//! nobody hears an old one.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use futures_util::task::AtomicWaker;
use slab::Slab;

use super::{
    Hub,
    pack::{CHAIN, Packer, SHORTEST, packed_alone},
};
use crate::wire::{Seq, StreamFilter};

/// Bytes that a reader who waits for a wake-up is handed at once.
const POLLED_BYTES: usize = 64 * 1024;

/// The frames that match one filter, as far back as the hub keeps events.
pub(super) struct Feed {
    id: u64,
    filter: StreamFilter,
    log: Mutex<FeedLog>,
    /// Makes the blocks of readers that take them compressed, as long as there
    /// are any. Locked before the log.
    packing: Mutex<Option<Packing>>,
}

struct Packing {
    packer: Packer,
    /// Up to where there are blocks.
    done: u64,
    chain: u32,
    /// Blocks of the chain so far.
    length: u32,
}

struct FeedLog {
    /// Pieces whose bytes follow each other. Each holds whole frames.
    pieces: VecDeque<Piece>,
    /// Where the first piece begins, counted in bytes since the feed was made.
    base: u64,
    /// Where the last piece ends.
    tail: u64,
    beat: Option<Beat>,
    /// Who waits for more; one slot a reader, so that waiting allocates nothing.
    waiting: Slab<Arc<AtomicWaker>>,
    /// Who serves many readers at a time, and is told once for all of them.
    watchers: Vec<Arc<dyn Watcher>>,
    /// Whether something has come that nobody was told of.
    stirred: bool,
    closed: bool,
    /// Readers that take blocks.
    packed_readers: usize,
    /// Whether a new chain is to begin, once the present one has so many blocks.
    break_chain: Option<u32>,
    /// Chains so far; never used again.
    chains: u32,
}

struct Piece {
    start: u64,
    bytes: Bytes,
    /// Who has this piece has everything up to here.
    reached: Seq,
    packed: Option<Packed>,
}

/// A piece as a block for all who are in its chain.
#[derive(Clone)]
struct Packed {
    chain: u32,
    /// Whether the chain begins with it.
    first: bool,
    bytes: Bytes,
}

impl Piece {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// The newest heartbeat.
struct Beat {
    number: u32,
    at: u64,
    frame: Bytes,
    packed: Bytes,
    head: Seq,
}

/// Serves many readers of a feed.
pub trait Watcher: Send + Sync {
    /// Something has come, or the feed has closed. Called under the feed's
    /// lock: to be noted and nothing else.
    fn stir(&self);
}

/// How far a reader has come. Always between two frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In bytes since the feed was made.
    position: u64,
    /// The reader has everything up to here that it wants.
    reached: Seq,
    /// The last heartbeat that it was given or has passed.
    beat: u32,
    /// The chain of the last block that it was given, if that was one of a chain.
    chain: u32,
}

impl Place {
    /// Up to where the reader has everything that it wants.
    #[must_use]
    pub fn reached(&self) -> Seq {
        self.reached
    }
}

/// Some bytes of a feed, and where who has them stands.
#[derive(Clone, Debug)]
pub struct Part {
    /// Whole frames.
    pub bytes: Bytes,
    /// The place behind them.
    pub after: Place,
}

/// What a reader finds at its place.
#[derive(Debug)]
pub enum Next {
    /// It has everything.
    Nothing,
    /// What comes next; whether there is still something to be seen after it.
    Parts(Vec<Part>, bool),
    /// What comes next is no longer kept: it is in the store.
    Behind,
    /// The hub has closed, and everything before that has been read.
    Closed,
}

impl Feed {
    pub(super) fn new(filter: StreamFilter) -> Self {
        static FEEDS: AtomicU64 = AtomicU64::new(0);
        Self {
            id: FEEDS.fetch_add(1, Ordering::Relaxed),
            filter,
            log: Mutex::new(FeedLog {
                pieces: VecDeque::new(),
                base: 0,
                tail: 0,
                beat: None,
                waiting: Slab::new(),
                watchers: Vec::new(),
                stirred: false,
                closed: false,
                packed_readers: 0,
                break_chain: None,
                chains: 0,
            }),
            packing: Mutex::new(None),
        }
    }

    pub(super) fn filter(&self) -> &StreamFilter {
        &self.filter
    }

    /// Where the next frame will begin.
    pub(super) fn tail(&self) -> u64 {
        self.lock().tail
    }

    /// Adds whole frames without telling anybody, each with the position up to
    /// which a reader that has it has everything; and lets go of what is not
    /// after `floor`.
    pub(super) fn append(&self, frames: impl IntoIterator<Item = (Seq, Bytes)>, floor: Seq) {
        let mut log = self.lock();
        for (reached, bytes) in frames {
            let start = log.tail;
            log.tail += bytes.len() as u64;
            log.pieces.push_back(Piece { start, bytes, reached, packed: None });
            log.stirred = true;
        }
        log.trim(floor);
    }

    /// Publishes a heartbeat, as it is and as a block, that says that everything
    /// up to `head` is before it.
    pub(super) fn beat(&self, (frame, packed): (Bytes, Bytes), head: Seq, floor: Seq) {
        let mut log = self.lock();
        let number = log.beat.as_ref().map_or(0, |beat| beat.number).wrapping_add(1);
        log.beat = Some(Beat { number, at: log.tail, frame, packed, head });
        // It stands in nobody's chain.
        log.break_chain = Some(0);
        log.stirred = true;
        log.trim(floor);
    }

    /// The place of a reader that has everything up to `after`: where the first
    /// event after it begins, which is at `position` if that is known.
    fn place(&self, after: Seq, position: Option<u64>) -> Option<Place> {
        let log = self.lock();
        let position = position.unwrap_or_else(|| {
            let next = log.pieces.partition_point(|piece| piece.reached <= after);
            log.pieces.get(next).map_or(log.tail, |piece| piece.start)
        });
        let beat = log.beat.as_ref().map_or(0, |beat| beat.number);
        // What is gone from here is in the store alone.
        (position >= log.base).then_some(Place { position, reached: after, beat, chain: 0 })
    }

    /// What comes after `place`, about `limit` bytes of it.
    fn next(&self, place: Place, limit: usize) -> Next {
        let log = self.lock();
        if place.position < log.base {
            return Next::Behind;
        }
        let mut parts = Vec::new();
        let mut size = 0;
        let mut at = place;
        let mut index = log.pieces.partition_point(|piece| piece.end() <= at.position);
        let more = loop {
            if let Some(beat) = &log.beat
                && beat.at == at.position
                && beat.number != at.beat
            {
                at = Place { beat: beat.number, reached: at.reached.max(beat.head), ..at };
                parts.push(Part { bytes: beat.frame.clone(), after: at });
            }
            let Some(piece) = log.pieces.get(index) else { break false };
            if size >= limit {
                break true;
            }
            // A reader may begin in the middle of a commit.
            let skip = usize::try_from(at.position - piece.start).unwrap_or(usize::MAX);
            let bytes = piece.bytes.slice(skip.min(piece.bytes.len())..);
            size += bytes.len();
            at = Place { position: piece.end(), reached: piece.reached, ..at };
            parts.push(Part { bytes, after: at });
            index += 1;
        };
        match (parts.is_empty(), log.closed) {
            (false, closed) => Next::Parts(parts, more || closed),
            (true, true) => Next::Closed,
            (true, false) => Next::Nothing,
        }
    }

    /// What comes after `place`, about `limit` bytes of it before compression, as blocks.
    fn next_packed(&self, place: Place, limit: usize) -> Next {
        self.pack();
        let log = self.lock();
        if place.position < log.base {
            return Next::Behind;
        }
        // What is in no chain that the reader is in: compressed for it alone,
        // when the log is free again.
        let mut alone: Vec<Bytes> = Vec::new();
        let mut blocks: Vec<(Vec<Bytes>, Part)> = Vec::new();
        let mut size = 0;
        let mut at = place;
        let mut index = log.pieces.partition_point(|piece| piece.end() <= at.position);
        let more = loop {
            if let Some(beat) = &log.beat
                && beat.at == at.position
                && beat.number != at.beat
            {
                let before = at;
                at =
                    Place { beat: beat.number, reached: at.reached.max(beat.head), chain: 0, ..at };
                if !alone.is_empty() {
                    let part = Part { bytes: Bytes::new(), after: before };
                    blocks.push((std::mem::take(&mut alone), part));
                }
                blocks.push((Vec::new(), Part { bytes: beat.packed.clone(), after: at }));
            }
            let Some(piece) = log.pieces.get(index) else { break false };
            if size >= limit {
                break true;
            }
            let skip = usize::try_from(at.position - piece.start).unwrap_or(usize::MAX);
            let before = at;
            at = Place { position: piece.end(), reached: piece.reached, ..at };
            size += piece.bytes.len();
            match &piece.packed {
                Some(packed) if skip == 0 && (packed.first || packed.chain == at.chain) => {
                    if !alone.is_empty() {
                        let part = Part { bytes: Bytes::new(), after: before };
                        blocks.push((std::mem::take(&mut alone), part));
                    }
                    at.chain = packed.chain;
                    let part = Part { bytes: packed.bytes.clone(), after: at };
                    blocks.push((Vec::new(), part));
                }
                _ => {
                    at.chain = 0;
                    alone.push(piece.bytes.slice(skip.min(piece.bytes.len())..));
                }
            }
            index += 1;
        };
        let closed = log.closed;
        drop(log);
        if !alone.is_empty() {
            blocks.push((alone, Part { bytes: Bytes::new(), after: at }));
        }
        let parts: Vec<Part> = blocks
            .into_iter()
            .map(|(plain, part)| match &plain[..] {
                [] => part,
                [one] => Part { bytes: packed_alone(one), ..part },
                many => Part { bytes: packed_alone(&many.concat()), ..part },
            })
            .collect();
        match (parts.is_empty(), closed) {
            (false, closed) => Next::Parts(parts, more || closed),
            (true, true) => Next::Closed,
            (true, false) => Next::Nothing,
        }
    }

    /// Makes the blocks that are missing.
    fn pack(&self) {
        let mut packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(packing) = &mut *packing else { return };
        let (plain, broken, mut chains) = {
            let mut log = self.lock();
            let first = log.pieces.partition_point(|piece| piece.start < packing.done);
            let plain: Vec<(u64, Bytes)> =
                log.pieces.range(first..).map(|it| (it.start, it.bytes.clone())).collect();
            if plain.is_empty() {
                return;
            }
            // Each break costs all the others, so newcomers wait for a few blocks.
            let broken = log.break_chain.is_some_and(|least| packing.length >= least);
            if broken {
                log.break_chain = None;
            }
            (plain, broken, log.chains)
        };
        if broken {
            packing.length = CHAIN;
        }
        let mut blocks = Vec::with_capacity(plain.len());
        for (start, plain) in plain {
            let first = packing.length >= CHAIN;
            if first {
                packing.packer.reset();
                chains = chains.wrapping_add(1).max(1);
                packing.chain = chains;
                packing.length = 0;
            }
            packing.length += 1;
            packing.done = start + plain.len() as u64;
            let bytes = packing.packer.block(&plain);
            blocks.push((start, Packed { chain: packing.chain, first, bytes }));
        }
        let mut log = self.lock();
        log.chains = chains;
        for (start, block) in blocks {
            let index = log.pieces.partition_point(|piece| piece.start < start);
            if let Some(piece) = log.pieces.get_mut(index).filter(|piece| piece.start == start) {
                piece.packed = Some(block);
            }
        }
    }

    /// One more reader takes blocks.
    fn begin_packing(&self) {
        let mut packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut log = self.lock();
        log.packed_readers += 1;
        log.break_chain.get_or_insert(SHORTEST);
        // Feeds of single orders have few readers and there are many of them:
        // a compressor for each would cost more than it saves.
        if packing.is_none() && self.filter.orders.is_empty() {
            let done = log.tail;
            *packing = Some(Packing { packer: Packer::new(), done, chain: 0, length: CHAIN });
        }
    }

    fn end_packing(&self) {
        let mut packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut log = self.lock();
        log.packed_readers -= 1;
        if log.packed_readers == 0 {
            *packing = None;
        }
    }

    /// Tells whoever waits, if anything has come since they were last told.
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
    fn wake(&self) {
        for (_, waiting) in &self.waiting {
            waiting.wake();
        }
        for watcher in &self.watchers {
            watcher.stir();
        }
    }

    fn trim(&mut self, floor: Seq) {
        while self.pieces.front().is_some_and(|piece| piece.reached <= floor) {
            if let Some(oldest) = self.pieces.pop_front() {
                self.base = oldest.end();
            }
        }
    }
}

/// A reader's place in a feed. The feed goes when its last reader does.
pub struct Seat {
    hub: Arc<Hub>,
    feed: Arc<Feed>,
    packed: bool,
    /// How far the reader has come.
    pub place: Place,
}

impl Seat {
    /// A seat in `feed` for a reader that has everything up to `after`, if the
    /// feed reaches back that far. The hub counts it already.
    pub(super) fn new(
        hub: Arc<Hub>,
        feed: Arc<Feed>,
        after: Seq,
        position: Option<u64>,
    ) -> Option<Self> {
        let place = feed.place(after, position)?;
        Some(Self { hub, feed, packed: false, place })
    }

    /// What the reader wants.
    #[must_use]
    pub fn filter(&self) -> &StreamFilter {
        self.feed.filter()
    }

    /// From now on what comes next comes as blocks of a deflate stream.
    #[must_use]
    pub fn packed(mut self) -> Self {
        if !self.packed {
            self.packed = true;
            self.feed.begin_packing();
        }
        self
    }

    /// The reader was given something besides what its feed holds.
    pub fn interrupted(&mut self) {
        self.place.chain = 0;
    }

    /// What comes next, about `limit` bytes of it.
    #[must_use]
    pub fn next(&self, limit: usize) -> Next {
        if self.packed {
            self.feed.next_packed(self.place, limit)
        } else {
            self.feed.next(self.place, limit)
        }
    }

    /// Who is at the same place in the same form is given the same.
    #[must_use]
    pub fn key(&self) -> (u64, bool, Place) {
        (self.feed.id, self.packed, self.place)
    }

    /// Tells feeds apart; never used again.
    #[must_use]
    pub fn feed_id(&self) -> u64 {
        self.feed.id
    }

    /// Has `watcher` told of what comes.
    pub fn watch(&self, watcher: Arc<dyn Watcher>) {
        self.feed.lock().watchers.push(watcher);
    }

    /// Has `watcher` told no longer.
    pub fn unwatch(&self, watcher: &Arc<dyn Watcher>) {
        self.feed.lock().watchers.retain(|other| !Arc::ptr_eq(other, watcher));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.packed {
            self.feed.end_packing();
        }
        self.hub.leave(&self.feed);
    }
}

/// A reader that waits for itself.
pub struct FeedReader {
    seat: Seat,
    slot: usize,
    waker: Arc<AtomicWaker>,
}

impl FeedReader {
    /// A reader at `seat`.
    #[must_use]
    pub fn new(seat: Seat) -> Self {
        let waker = Arc::new(AtomicWaker::new());
        let slot = seat.feed.lock().waiting.insert(Arc::clone(&waker));
        Self { seat, slot, waker }
    }

    /// The position up to which everything has been read.
    #[must_use]
    pub fn reached(&self) -> Seq {
        self.seat.place.reached
    }

    /// What the reader wants.
    #[must_use]
    pub fn filter(&self) -> &StreamFilter {
        self.seat.filter()
    }

    /// The reader was given something besides what its feed holds.
    pub fn interrupted(&mut self) {
        self.seat.interrupted();
    }

    /// What comes next; waits for it when the reader is at the end.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Read> {
        let read = self.read();
        if read.is_ready() {
            return read;
        }
        // Looks again after registering: what came in between woke nobody.
        self.waker.register(context.waker());
        self.read()
    }

    fn read(&mut self) -> Poll<Read> {
        match self.seat.next(POLLED_BYTES) {
            Next::Nothing => Poll::Pending,
            Next::Behind => Poll::Ready(Read::Behind(self.reached())),
            Next::Closed => Poll::Ready(Read::Closed),
            Next::Parts(parts, _) => {
                if let Some(last) = parts.last() {
                    self.seat.place = last.after;
                }
                Poll::Ready(Read::Frames(joined(&parts)))
            }
        }
    }
}

impl Drop for FeedReader {
    fn drop(&mut self) {
        self.seat.feed.lock().waiting.remove(self.slot);
    }
}

/// What a [`FeedReader`] reads.
pub enum Read {
    /// The next whole frames.
    Frames(Bytes),
    /// What comes after this position is no longer kept: it is in the store.
    Behind(Seq),
    /// The hub has closed, and everything before that has been read.
    Closed,
}

/// The bytes of `parts` in one piece.
#[must_use]
pub fn joined(parts: &[Part]) -> Bytes {
    if let [one] = parts {
        return one.bytes.clone();
    }
    let mut all = BytesMut::with_capacity(parts.iter().map(|part| part.bytes.len()).sum());
    for part in parts {
        all.extend_from_slice(&part.bytes);
    }
    all.freeze()
}

/// Tells a thread once, however often it is stirred before it looks.
#[derive(Debug, Default)]
pub struct Once(AtomicBool);

impl Once {
    /// Whether this is the first time since [`Once::look`].
    #[must_use]
    pub fn set(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// From here on it may be set again.
    pub fn look(&self) {
        self.0.store(false, Ordering::Release);
    }
}
