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
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use slab::Slab;

use super::{
    Hub,
    pack::{self, CHAIN, Packer, SHORTEST, packed_together},
};
use crate::{
    server::sync::{AtomicBool, AtomicWaker, Mutex, MutexGuard},
    wire::{Seq, StreamFilter},
};

/// Bytes that a reader who waits for a wake-up is handed at once.
const POLLED_BYTES: usize = 16 * 1024;

/// Bytes that become one block. What a reader has missed is cut where the log
/// crosses a multiple of it, so that others who have missed it are given the same.
const CELL_BYTES: u64 = 32 * 1024;

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
    /// Frames whose bytes follow each other.
    pieces: VecDeque<Piece>,
    /// What of them there is as blocks of a chain, in order.
    blocks: VecDeque<Block>,
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
    /// One frame.
    bytes: Bytes,
    /// Who has this piece has everything up to here.
    reached: Seq,
}

impl Piece {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// Some pieces as one block for all who are in its chain.
struct Block {
    start: u64,
    end: u64,
    reached: Seq,
    chain: u32,
    /// Whether the chain begins with it.
    first: bool,
    bytes: Bytes,
}

/// Pieces that are in no chain that their reader is in.
struct Loose {
    /// The part that they become.
    part: usize,
    start: u64,
    pieces: Vec<Bytes>,
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

/// Some bytes of a feed, and where who has them stands. Never much: who has
/// been sent a part of them is held the rest of them.
#[derive(Clone, Debug)]
pub struct Part {
    /// One frame, or a block of whole frames.
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
                blocks: VecDeque::new(),
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

    /// Adds frames without telling anybody, each with the position up to which
    /// a reader that has it has everything; and lets go of what is not after `floor`.
    pub(super) fn append(&self, frames: impl IntoIterator<Item = (Seq, Bytes)>, floor: Seq) {
        let mut log = self.lock();
        for (reached, bytes) in frames {
            let start = log.tail;
            log.tail += bytes.len() as u64;
            log.pieces.push_back(Piece { start, bytes, reached });
            log.stirred = true;
        }
        log.trim(floor);
    }

    /// Lets go of what is not after `floor`, and of what was packed with it.
    pub(super) fn forget(&self, floor: Seq) {
        let mut log = self.lock();
        log.trim(floor);
        log.break_chain = Some(0);
    }

    /// Publishes a heartbeat, as it is and as a block, that says that everything
    /// up to `head` is before it.
    pub(super) fn beat(&self, (frame, packed): (Bytes, Bytes), head: Seq, floor: Seq) {
        let mut log = self.lock();
        let number = log.beat.as_ref().map_or(0, |beat| beat.number).wrapping_add(1);
        log.beat = Some(Beat { number, at: log.after(head), frame, packed, head });
        // It stands in nobody's chain.
        log.break_chain = Some(0);
        log.stirred = true;
        log.trim(floor);
    }

    /// The place of a reader that has everything up to `after`, which is not
    /// before what is kept.
    fn place(&self, after: Seq) -> Place {
        let log = self.lock();
        let beat = log.beat.as_ref().map_or(0, |beat| beat.number);
        Place { position: log.after(after), reached: after, beat, chain: 0 }
    }

    /// What comes after `place`, about `limit` bytes of it; as blocks if it is
    /// to be `packed`.
    fn next(&self, place: Place, limit: u64, packed: bool) -> Next {
        if packed {
            self.pack();
        }
        let log = self.lock();
        if place.position < log.base {
            return Next::Behind;
        }
        let mut parts: Vec<Part> = Vec::new();
        // One run of them at most: each costs time that others wait for.
        let mut loose: Option<Loose> = None;
        let mut at = place;
        let mut index = log.pieces.partition_point(|piece| piece.start < at.position);
        let more = loop {
            // Who has sat down since it was made may have later news already.
            if let Some(beat) = &log.beat
                && beat.at == at.position
                && beat.number != at.beat
                && beat.head >= at.reached
            {
                at = Place { beat: beat.number, reached: beat.head, chain: 0, ..at };
                let bytes = if packed { &beat.packed } else { &beat.frame };
                parts.push(Part { bytes: bytes.clone(), after: at });
            }
            let Some(piece) = log.pieces.get(index) else { break false };
            if at.position - place.position >= limit {
                break true;
            }
            let after = Place { position: piece.end(), reached: piece.reached, chain: 0, ..at };
            match log.block(at).filter(|_| packed) {
                Some(block) => {
                    let Block { end: position, reached, chain, .. } = *block;
                    at = Place { position, reached, chain, ..at };
                    parts.push(Part { bytes: block.bytes.clone(), after: at });
                    index = log.pieces.partition_point(|piece| piece.start < position);
                    continue;
                }
                None if packed => match &mut loose {
                    None => {
                        let (part, pieces) = (parts.len(), vec![piece.bytes.clone()]);
                        loose = Some(Loose { part, start: piece.start, pieces });
                        parts.push(Part { bytes: Bytes::new(), after });
                    }
                    Some(run)
                        if run.part + 1 == parts.len()
                            && run.start / CELL_BYTES == piece.start / CELL_BYTES =>
                    {
                        run.pieces.push(piece.bytes.clone());
                        if let Some(part) = parts.last_mut() {
                            part.after = after;
                        }
                    }
                    Some(_) => break true,
                },
                None => parts.push(Part { bytes: piece.bytes.clone(), after }),
            }
            at = after;
            index += 1;
        };
        let (closed, age) = (log.closed, pack::age());
        drop(log);
        if let Some(Loose { part, start, pieces }) = loose
            && let Some(part) = parts.get_mut(part)
        {
            part.bytes = packed_together((self.id, start, part.after.position), age, &pieces);
        }
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
        let (pieces, mut chains) = {
            let mut log = self.lock();
            let first = log.pieces.partition_point(|piece| piece.start < packing.done);
            let pieces: Vec<_> = log
                .pieces
                .range(first..)
                .map(|piece| (piece.end(), piece.reached, piece.bytes.clone()))
                .collect();
            if pieces.is_empty() {
                return;
            }
            // Each break costs all the others, so newcomers wait for a few blocks.
            if log.break_chain.is_some_and(|least| packing.length >= least) {
                log.break_chain = None;
                packing.length = CHAIN;
            }
            (pieces, log.chains)
        };
        let mut blocks = Vec::new();
        let mut plain = Vec::new();
        let last = pieces.len() - 1;
        for (index, (end, reached, bytes)) in pieces.into_iter().enumerate() {
            plain.extend_from_slice(&bytes);
            if index < last && (plain.len() as u64) < CELL_BYTES {
                continue;
            }
            let first = packing.length >= CHAIN;
            if first {
                packing.packer.reset();
                chains = chains.wrapping_add(1).max(1);
                packing.chain = chains;
                packing.length = 0;
            }
            packing.length += 1;
            packing.done = end;
            let (start, bytes) = (end - plain.len() as u64, packing.packer.block(&plain));
            blocks.push(Block { start, end, reached, chain: packing.chain, first, bytes });
            plain.clear();
        }
        let mut log = self.lock();
        log.chains = chains;
        log.blocks.extend(blocks);
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

    /// Has everybody look, though nothing has come.
    pub(super) fn nudge(&self) {
        self.lock().wake();
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

    /// Where the first frame after `reached` begins.
    fn after(&self, reached: Seq) -> u64 {
        let next = self.pieces.partition_point(|piece| piece.reached <= reached);
        self.pieces.get(next).map_or(self.tail, |piece| piece.start)
    }

    /// The block that a reader at `place` can go on with.
    fn block(&self, place: Place) -> Option<&Block> {
        let index = self.blocks.partition_point(|block| block.start < place.position);
        self.blocks.get(index).filter(|block| {
            block.start == place.position && (block.first || block.chain == place.chain)
        })
    }

    fn trim(&mut self, floor: Seq) {
        while let Some(oldest) = self.pieces.pop_front_if(|piece| piece.reached <= floor) {
            self.base = oldest.end();
        }
        while self.blocks.pop_front_if(|block| block.start < self.base).is_some() {}
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
    /// A seat in `feed` for a reader that has everything up to `after`. The
    /// hub counts it already.
    pub(super) fn new(hub: Arc<Hub>, feed: Arc<Feed>, after: Seq) -> Self {
        let place = feed.place(after);
        Self { hub, feed, packed: false, place }
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
        self.feed.next(self.place, limit as u64, self.packed)
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
