//! The recent events, with what filters look at.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::wire::{EventFacts, Seq, StreamFilter};

/// The events after some position up to the head, without a gap. What is in
/// here is in every feed that wants it, and nothing else is.
pub(super) struct Recent {
    /// Consecutive positions, the last one the head.
    events: VecDeque<Entry>,
    bytes: usize,
    capacity: usize,
    head: Seq,
}

struct Entry {
    facts: EventFacts,
    frame: Bytes,
    /// Where its frame begins in the feed of all events.
    start: u64,
}

impl Recent {
    /// None yet, up to `head`; it keeps `capacity` bytes of frames, and one event at least.
    pub(super) fn new(head: Seq, capacity: usize) -> Self {
        Self { events: VecDeque::new(), bytes: 0, capacity, head }
    }

    pub(super) fn head(&self) -> Seq {
        self.head
    }

    /// The position that it begins after.
    pub(super) fn floor(&self) -> Seq {
        Seq(self.head.0 - self.events.len() as u64)
    }

    /// Adds the event after the head, or, before the first of those, one of
    /// the events up to it.
    pub(super) fn push(&mut self, seq: Seq, facts: &EventFacts, frame: Bytes, start: u64) {
        debug_assert!(seq <= self.head.next(), "the log has no gap");
        self.head = self.head.max(seq);
        self.bytes += frame.len();
        self.events.push_back(Entry { facts: facts.clone(), frame, start });
        while self.bytes > self.capacity && self.events.len() > 1 {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= oldest.frame.len();
            }
        }
    }

    /// Where the event after `after` begins in the feed of all events; `None`
    /// at the head. `after` must not be before the floor.
    pub(super) fn start_after(&self, after: Seq) -> Option<u64> {
        let index = usize::try_from(after.0.checked_sub(self.floor().0)?).ok()?;
        self.events.get(index).map(|entry| entry.start)
    }

    /// The events that match `filter`.
    pub(super) fn matching<'a>(
        &'a self,
        filter: &'a StreamFilter,
    ) -> impl Iterator<Item = (Seq, Bytes)> + 'a {
        let first = self.floor().next().0;
        (first..).zip(&self.events).filter(|(_, entry)| filter.matches(&entry.facts)).map(
            |(seq, entry)| {
                // A copy: a slice would keep all the rest of its commit.
                (Seq(seq), Bytes::copy_from_slice(&entry.frame))
            },
        )
    }
}
