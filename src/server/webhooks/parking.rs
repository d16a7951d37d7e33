//! Orders whose events wait in the store alone: which, and until when. Pure.

use std::collections::{BTreeSet, HashMap};

use crate::domain::{OrderId, UnixMillis};

/// The orders that wait, and when the next event of each is due.
#[derive(Debug, Default)]
pub(super) struct Parking {
    due_of: HashMap<OrderId, UnixMillis>,
    by_due: BTreeSet<(UnixMillis, OrderId)>,
}

impl Parking {
    /// Has `order` wait until `due`; one that waits already goes on as it did.
    pub(super) fn put(&mut self, order: OrderId, due: UnixMillis) {
        if !self.holds(order) {
            self.due_of.insert(order, due);
            self.by_due.insert((due, order));
        }
    }

    /// Has `order` wait no longer.
    pub(super) fn take(&mut self, order: OrderId) {
        if let Some(due) = self.due_of.remove(&order) {
            self.by_due.remove(&(due, order));
        }
    }

    pub(super) fn holds(&self, order: OrderId) -> bool {
        self.due_of.contains_key(&order)
    }

    pub(super) fn len(&self) -> usize {
        self.due_of.len()
    }

    /// When the first is due.
    pub(super) fn first_due(&self) -> Option<UnixMillis> {
        self.by_due.first().map(|(due, _)| *due)
    }

    /// The first that are due, `most` of them.
    pub(super) fn due(&self, now: UnixMillis, most: usize) -> Vec<OrderId> {
        let due = self.by_due.iter().take_while(|(due, _)| *due <= now);
        due.take(most).map(|(_, order)| *order).collect()
    }

    /// Has none wait longer than until `now`.
    pub(super) fn hasten(&mut self, now: UnixMillis) {
        for due in self.due_of.values_mut() {
            *due = (*due).min(now);
        }
        self.by_due = self.due_of.iter().map(|(order, due)| (*due, *order)).collect();
    }
}
