//! Compression that all readers of a feed share.
//!
//! Compressing each stream by itself costs memory and time for each, so servers
//! rarely do it. But readers of a feed see the same bytes, and deflate can be
//! cut into blocks at byte borders: a block is made once and sent to all. What
//! a block may refer back to is the blocks of its *chain*; the first of a chain
//! refers to nothing, so that whoever comes anew can begin with it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

/// Blocks that one chain has at most. More of them save little (a chain of 64
/// is a fifth smaller) and hold back whoever comes in between for longer.
pub(super) const CHAIN: u32 = 16;

/// Blocks that a chain has at least before it ends for somebody who comes anew.
pub(super) const SHORTEST: u32 = 4;

/// Compressors that are not in use. One takes a quarter of a megabyte to make.
static POOL: Mutex<Vec<Compress>> = Mutex::new(Vec::new());
/// How many of those are kept.
const POOLED: usize = 8;

/// A deflate stream that is made block by block.
pub(super) struct Packer(Compress);

impl Packer {
    pub(super) fn new() -> Self {
        Self(Compress::new(Compression::fast(), false))
    }

    /// From here on nothing refers to what was before.
    pub(super) fn reset(&mut self) {
        self.0.reset();
    }

    /// The next block, whole: whoever has it can read all of `plain`.
    pub(super) fn block(&mut self, plain: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(plain.len() / 4 + 64);
        let begun = self.0.total_in();
        loop {
            let done = usize::try_from(self.0.total_in() - begun).unwrap_or(plain.len());
            let left = plain.get(done..).unwrap_or_default();
            // Fails only when there is neither input nor room.
            let _ = self.0.compress_vec(left, &mut out, FlushCompress::Sync);
            let all = self.0.total_in() - begun == plain.len() as u64;
            // Room that is left says that nothing waits to be written.
            if all && out.len() < out.capacity() {
                return Bytes::from(out);
            }
            out.reserve(out.capacity().max(64));
        }
    }
}

/// What a gzip stream begins with: deflate, no name, no time.
pub const GZIP_HEAD: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];

/// `plain` as a block that refers to nothing before it.
#[must_use]
pub fn packed_alone(plain: &[u8]) -> Bytes {
    let mut packer = {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        pool.pop().map_or_else(Packer::new, Packer)
    };
    packer.reset();
    let block = packer.block(plain);
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.len() < POOLED {
        pool.push(packer.0);
    }
    block
}

/// When pieces were taken that are to be packed: between which two of the times that
/// everything was let go of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Age(u64);

/// Which pieces of a log: the feed, and from where to where.
type Run = (u64, u64, u64);

/// Blocks of what readers had missed. Who comes back is rarely alone.
static SHELF: LazyLock<Mutex<Shelf>> = LazyLock::new(Mutex::default);
/// Bytes of those that are kept.
const SHELF_BYTES: usize = 4 * 1024 * 1024;
/// How long they are: those who were cut off together are back together.
const SHELVED_FOR: Duration = Duration::from_secs(30);
/// Less than this is packed again sooner than it is looked up.
const SHELVED_BYTES: u64 = 4 * 1024;

#[derive(Default)]
struct Shelf {
    /// How often everything was let go of because some of it is to be known no longer.
    age: Age,
    blocks: HashMap<Run, Bytes>,
    /// Since when each is here, oldest first.
    runs: VecDeque<(Run, Instant)>,
    bytes: usize,
}

impl Shelf {
    /// Keeps what was made of pieces of `age`, unless it may have in it what has been let
    /// go of since.
    fn put_if_good(&mut self, run: Run, age: Age, block: Bytes, now: Instant) {
        if age == self.age {
            self.put(run, block, now);
        }
    }

    fn put(&mut self, run: Run, block: Bytes, now: Instant) {
        self.bytes += block.len();
        if let Some(double) = self.blocks.insert(run, block) {
            self.bytes -= double.len();
        } else {
            self.runs.push_back((run, now));
        }
        self.tidy(now);
    }

    /// Lets go of what has been here for long, and of the oldest of what is too much.
    fn tidy(&mut self, now: Instant) {
        let goes = |bytes, since| bytes > SHELF_BYTES || now.duration_since(since) >= SHELVED_FOR;
        while let Some((oldest, _)) = self.runs.pop_front_if(|(_, at)| goes(self.bytes, *at)) {
            self.bytes -= self.blocks.remove(&oldest).map_or(0, |block| block.len());
        }
    }
}

/// Lets go of what readers had missed some time ago. To be called now and then.
pub(super) fn tidy() {
    SHELF.lock().unwrap_or_else(PoisonError::into_inner).tidy(Instant::now());
}

/// Lets go of what readers had missed: something of it is to be known no longer. To be
/// called when nobody can take it from a log any more.
pub(super) fn forget() {
    let mut shelf = SHELF.lock().unwrap_or_else(PoisonError::into_inner);
    let age = Age(shelf.age.0 + 1);
    *shelf = Shelf { age, ..Shelf::default() };
}

/// Goes with pieces that are taken from a log now, while that is locked.
pub(super) fn age() -> Age {
    SHELF.lock().unwrap_or_else(PoisonError::into_inner).age
}

/// The pieces of `run`, taken at `age`, as a block that refers to nothing before it, made
/// once for all who ask for the same soon.
pub(super) fn packed_together(run: Run, age: Age, pieces: &[Bytes]) -> Bytes {
    let shared = run.2 - run.1 >= SHELVED_BYTES;
    let shelf = || SHELF.lock().unwrap_or_else(PoisonError::into_inner);
    if shared && let Some(block) = shelf().blocks.get(&run) {
        return block.clone();
    }
    let block = match pieces {
        [one] => packed_alone(one),
        many => packed_alone(&many.concat()),
    };
    if shared {
        shelf().put_if_good(run, age, block.clone(), Instant::now());
    }
    block
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::DeflateDecoder;
    use proptest::prelude::*;

    use super::*;

    fn unpacked(blocks: &[Bytes]) -> Vec<u8> {
        let mut plain = Vec::new();
        // The end of the last block is no end of the stream.
        let _ = DeflateDecoder::new(&blocks.concat()[..]).read_to_end(&mut plain);
        plain
    }

    proptest! {
        #[test]
        fn blocks_read_as_what_they_were_made_of(
            texts in prop::collection::vec("[a-z]{0,2000}", 1..40),
            resets in prop::collection::vec(any::<bool>(), 40),
        ) {
            let mut packer = Packer::new();
            let mut blocks = Vec::new();
            for (text, reset) in texts.iter().zip(resets) {
                if reset {
                    packer.reset();
                }
                blocks.push(packer.block(text.as_bytes()));
                blocks.push(packed_alone(text.as_bytes()));
                // What came in between is in the reader's window: start anew.
                packer.reset();
            }
            let expected: String = texts.iter().map(|text| text.repeat(2)).collect();
            prop_assert_eq!(unpacked(&blocks), expected.into_bytes());
        }
    }

    #[test]
    fn a_chain_is_smaller_than_its_blocks_alone() {
        let event = "id: 1-2\nevent: order.placed\ndata: {\"items\":[\"Cheeseburger\"]}\n\n";
        let mut packer = Packer::new();
        let chained: usize = (0..16).map(|_| packer.block(event.as_bytes()).len()).sum();
        let alone: usize = (0..16).map(|_| packed_alone(event.as_bytes()).len()).sum();
        assert!(chained * 2 < alone, "{chained} and {alone}");
    }

    #[test]
    fn what_is_large_comes_whole() {
        let plain: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        assert_eq!(unpacked(&[packed_alone(&plain)]), plain);
    }

    #[test]
    fn what_was_taken_before_everything_was_let_go_of_is_not_kept() {
        let mut shelf = Shelf { age: Age(1), ..Shelf::default() };
        let now = Instant::now();
        shelf.put_if_good((1, 0, 9), Age(0), Bytes::from_static(b"a name"), now);
        assert_eq!((shelf.blocks.len(), shelf.bytes), (0, 0));
        shelf.put_if_good((1, 0, 9), Age(1), Bytes::from_static(b"no name"), now);
        assert_eq!((shelf.blocks.len(), shelf.bytes), (1, 7));
    }

    #[test]
    fn a_shelf_keeps_the_newest_and_never_too_much_or_for_long() {
        let mut shelf = Shelf::default();
        let block = Bytes::from(vec![0; SHELF_BYTES / 4]);
        let begun = Instant::now();
        for start in (0..9).chain([8, 8]) {
            shelf.put((1, start, start + 1), block.clone(), begun + Duration::from_secs(start));
        }
        let kept = |shelf: &Shelf| {
            let mut kept: Vec<u64> = shelf.blocks.keys().map(|run| run.1).collect();
            kept.sort_unstable();
            assert_eq!((shelf.runs.len(), shelf.bytes), (kept.len(), kept.len() * block.len()));
            kept
        };
        assert_eq!(kept(&shelf), [5, 6, 7, 8]);
        shelf.tidy(begun + SHELVED_FOR + Duration::from_secs(6));
        assert_eq!(kept(&shelf), [7, 8]);
        // What is larger than the shelf is not kept at all.
        shelf.put((2, 0, 9), Bytes::from(vec![0; SHELF_BYTES + 1]), begun);
        assert_eq!(kept(&shelf), [0; 0]);
    }
}
