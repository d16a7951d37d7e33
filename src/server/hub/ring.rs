//! The recent events as ready-made frames, whoever wants them.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use crate::wire::{EventFacts, Seq, StreamFilter};

/// The events after some position up to the head, without a gap.
pub(super) struct Ring {
    /// Consecutive positions, the last one the head.
    events: VecDeque<Entry>,
    bytes: usize,
    capacity: usize,
    head: Seq,
}

struct Entry {
    facts: Arc<EventFacts>,
    frame: Bytes,
}

impl Ring {
    /// An empty ring at `head` that keeps `capacity` bytes of frames.
    pub(super) fn new(head: Seq, capacity: usize) -> Self {
        Self { events: VecDeque::new(), bytes: 0, capacity, head }
    }

    pub(super) fn head(&self) -> Seq {
        self.head
    }

    /// The position that the ring begins after.
    fn floor(&self) -> Seq {
        Seq(self.head.0 - self.events.len() as u64)
    }

    /// Adds the event after the head.
    pub(super) fn push(&mut self, seq: Seq, facts: &EventFacts, frame: Bytes) {
        debug_assert_eq!(seq, self.head.next(), "the log has no gap");
        self.head = seq;
        self.keep(facts, frame);
    }

    /// Adds an event of before the start; the last one added is the head.
    pub(super) fn preload(&mut self, seq: Seq, facts: &EventFacts, frame: Bytes) {
        debug_assert!(seq <= self.head);
        self.keep(facts, frame);
    }

    fn keep(&mut self, facts: &EventFacts, frame: Bytes) {
        self.bytes += frame.len();
        self.events.push_back(Entry { facts: Arc::new(facts.clone()), frame });
        while self.bytes > self.capacity && self.events.len() > 1 {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= oldest.frame.len();
            }
        }
    }

    /// The frames after `after` that match `filter`, about `limit` bytes of
    /// them, and the position up to which they are complete; `None` when the
    /// ring does not reach back that far.
    pub(super) fn after(
        &self,
        after: Seq,
        filter: &StreamFilter,
        limit: usize,
    ) -> Option<(Vec<Bytes>, Seq)> {
        let skip = usize::try_from(after.0.checked_sub(self.floor().0)?).ok()?;
        let mut frames = Vec::new();
        let mut bytes = 0;
        let mut reached = after;
        for entry in self.events.iter().skip(skip) {
            if bytes >= limit {
                break;
            }
            reached = reached.next();
            if filter.matches(&entry.facts) {
                bytes += entry.frame.len();
                frames.push(entry.frame.clone());
            }
        }
        Some((frames, reached))
    }
}
