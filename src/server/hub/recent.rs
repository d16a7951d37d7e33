//! The recent events, with what filters look at.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use crate::{
    domain::OrderId,
    wire::{EventFacts, Seq, StreamFilter},
};

/// The events after some position up to the head, without a gap. What is in
/// here is in every feed that wants it, and nothing else is.
pub(super) struct Recent {
    /// Consecutive positions, the last one the head.
    events: VecDeque<Entry>,
    /// Where the events of each order stand, oldest first.
    by_order: HashMap<OrderId, VecDeque<Seq>>,
    bytes: usize,
    capacity: usize,
    /// The position that it begins after.
    floor: Seq,
    head: Seq,
}

struct Entry {
    facts: EventFacts,
    frame: Bytes,
}

impl Recent {
    /// None yet, up to `head`; it keeps `capacity` bytes of frames, and one event at least.
    pub(super) fn new(head: Seq, capacity: usize) -> Self {
        Self {
            events: VecDeque::new(),
            by_order: HashMap::new(),
            bytes: 0,
            capacity,
            floor: head,
            head,
        }
    }

    pub(super) fn head(&self) -> Seq {
        self.head
    }

    /// The position that it begins after.
    pub(super) fn floor(&self) -> Seq {
        self.floor
    }

    /// Adds the event after the head, or, before the first of those, the
    /// events up to it in order.
    pub(super) fn push(&mut self, seq: Seq, facts: &EventFacts, frame: Bytes) {
        debug_assert!(seq <= self.head.next(), "the log has no gap");
        if self.events.is_empty() {
            self.floor = Seq(seq.0.saturating_sub(1));
        }
        self.head = self.head.max(seq);
        self.bytes += frame.len();
        self.by_order.entry(facts.order).or_default().push_back(seq);
        self.events.push_back(Entry { facts: facts.clone(), frame });
        while self.bytes > self.capacity && self.events.len() > 1 {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= oldest.frame.len();
                self.floor = self.floor.next();
                self.forget(oldest.facts.order);
            }
        }
    }

    /// Where the last event of `order` stands that is before `seq`.
    pub(super) fn last_before(&self, order: OrderId, seq: Seq) -> Option<Seq> {
        let events = self.by_order.get(&order)?;
        events.iter().rev().find(|at| **at < seq).copied()
    }

    /// Lets go of everything up to `seq`.
    pub(super) fn forget_up_to(&mut self, seq: Seq) {
        while self.floor < seq
            && let Some(oldest) = self.events.pop_front()
        {
            self.bytes -= oldest.frame.len();
            self.floor = self.floor.next();
            self.forget(oldest.facts.order);
        }
    }

    /// The oldest event of an order is gone.
    fn forget(&mut self, order: OrderId) {
        if let Some(events) = self.by_order.get_mut(&order) {
            events.pop_front();
            if events.is_empty() {
                self.by_order.remove(&order);
            }
        }
    }

    /// The events that match `filter`. They share the memory of those here.
    pub(super) fn matching(&self, filter: &StreamFilter) -> Vec<(Seq, Bytes)> {
        let matches = |entry: &&Entry| filter.matches(&entry.facts);
        if filter.orders.is_empty() {
            let first = self.floor.next().0;
            let entries = (first..).zip(&self.events).filter(|(_, entry)| matches(entry));
            return entries.map(|(seq, entry)| (Seq(seq), entry.frame.clone())).collect();
        }
        let of_orders = filter.orders.iter().filter_map(|order| self.by_order.get(order));
        let mut wanted: Vec<Seq> = of_orders.flatten().copied().collect();
        wanted.sort_unstable();
        let entries = wanted.into_iter().filter_map(|seq| {
            let index = usize::try_from(seq.0.checked_sub(self.floor.0 + 1)?).ok()?;
            self.events.get(index).filter(matches).map(|entry| (seq, entry.frame.clone()))
        });
        entries.collect()
    }
}
