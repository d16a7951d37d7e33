//! What of an order is a screen's to make, and what it can do with it: pure. A
//! prep screen works on the lines of its stations, every other one on all.

use super::actions::Action;
use crate::{
    domain::{
        FoodOrder, ItemStatus, Lane, OrderItem, OrderStatus, Station, change::Acknowledged,
        screen::Role,
    },
    wire::BoardPage,
};

/// The stations whose work a screen shows; none where it shows all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part(Vec<Station>);

/// Where a screen shows an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a lane.
    Lane(Lane),
    /// Among the orders for later.
    Later,
    /// Nowhere.
    Off,
}

/// How far something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Lines that are to be made.
    pub lines: u32,
    /// How many of them are.
    pub done: u32,
}

impl Progress {
    /// How far those of `items` are that are to be made.
    pub fn of<'a>(items: impl Iterator<Item = &'a OrderItem>) -> Self {
        let mut progress = Self::default();
        for item in items.filter(|item| item.status != ItemStatus::Void) {
            progress.lines += 1;
            progress.done += u32::from(item.status == ItemStatus::Done);
        }
        progress
    }

    /// Whether there was something to make, and it is made.
    #[must_use]
    pub fn is_done(self) -> bool {
        self.lines > 0 && self.done == self.lines
    }
}

impl Part {
    /// The work of `stations`; of all when there are none.
    #[must_use]
    pub fn new(stations: Vec<Station>) -> Self {
        Self(stations)
    }

    /// What the screen of `page` makes. Expo and dispatch put whole orders
    /// together, whichever stations they are told of.
    #[must_use]
    pub fn of_page(page: &BoardPage) -> Self {
        let whole = page.settings.screen.as_ref().is_some_and(|screen| screen.role != Role::Prep);
        Self(if whole { Vec::new() } else { page.filter.stations.clone() })
    }

    /// Whether it is every station's work.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// The stations; none for all.
    #[must_use]
    pub fn stations(&self) -> &[Station] {
        &self.0
    }

    /// Whether `item` belongs to it.
    #[must_use]
    pub fn has(&self, item: &OrderItem) -> bool {
        self.is_whole() || self.0.contains(&item.station)
    }

    /// Its lines of `order`.
    pub fn items<'a>(&'a self, order: &'a FoodOrder) -> impl Iterator<Item = &'a OrderItem> {
        order.items.iter().filter(|item| self.has(item))
    }

    /// How far its lines of `order` are.
    #[must_use]
    pub fn progress(&self, order: &FoodOrder) -> Progress {
        Progress::of(self.items(order))
    }

    /// Whether some stations have made their part of an order that is not made.
    #[must_use]
    pub fn is_done(&self, order: &FoodOrder) -> bool {
        !self.is_whole()
            && matches!(order.status, OrderStatus::Accepted | OrderStatus::Preparing)
            && self.progress(order).is_done()
    }

    /// Whether something of `order` has changed that nobody of this part has
    /// said they know of. What concerns no line, such as another due time,
    /// concerns everybody.
    #[must_use]
    pub fn has_change(&self, order: &FoodOrder) -> bool {
        let is_new = |item: &OrderItem| item.quantity_before.is_some();
        let of_all = !order.unaware.is_empty() || !order.items.iter().any(is_new);
        order.flags.changed
            && (self.items(order).any(is_new) || (of_all && order.waits_for(&self.0)))
    }

    /// Whether nobody of this part has said that they know `of` something of `order`.
    #[must_use]
    pub fn wants_to_know(&self, of: Acknowledged, order: &FoodOrder) -> bool {
        match of {
            Acknowledged::Cancel => order.flags.cancel_unseen && order.waits_for(&self.0),
            Acknowledged::Change => self.has_change(order),
            Acknowledged::Allergens => !of.is_known(order),
        }
    }

    /// Where a screen of this part shows `order`. What is called off stays where
    /// it stood, until somebody at this part knows; what its channel wants an answer to waits for it in a lane,
    /// however late it is to be made; what is made here is out of the way.
    #[must_use]
    pub fn place(&self, order: &FoodOrder) -> Place {
        let Some(lane) = order.lane() else { return Place::Off };
        if order.flags.cancel_unseen {
            let known = !self.wants_to_know(Acknowledged::Cancel, order);
            return if known { Place::Off } else { Place::Lane(lane) };
        }
        let unanswered = order.status == OrderStatus::Placed && order.source.accept_by.is_some();
        if order.flags.scheduled && !unanswered {
            return Place::Later;
        }
        if self.is_done(order) {
            return Place::Lane(Lane::Ready);
        }
        let nothing_left = self.progress(order).lines == 0 && !self.has_change(order);
        if nothing_left && !self.is_whole() { Place::Off } else { Place::Lane(lane) }
    }

    /// What a bump does to `order`.
    #[must_use]
    pub fn bump(&self, order: &FoodOrder) -> Option<Action> {
        if self.is_whole() || order.status == OrderStatus::Placed {
            let to = order.status.next(order.fulfilment.service)?;
            return Some(Action::Go { to, reason: None });
        }
        let status = match order.status {
            _ if self.progress(order).lines == 0 || self.is_done(order) => return None,
            OrderStatus::Accepted => ItemStatus::Doing,
            OrderStatus::Preparing => ItemStatus::Done,
            _ => return None,
        };
        Some(self.mark(status))
    }

    /// What brings `order` back to be made.
    #[must_use]
    pub fn recall(&self, order: &FoodOrder) -> Option<Action> {
        if self.is_whole() {
            let ready = order.status == OrderStatus::Ready;
            let to = OrderStatus::Preparing;
            return ready.then_some(Action::Go { to, reason: None });
        }
        let made = self.is_done(order) || order.status == OrderStatus::Ready;
        (made && self.progress(order).lines > 0).then(|| self.mark(ItemStatus::Todo))
    }

    fn mark(&self, status: ItemStatus) -> Action {
        Action::Stations { stations: self.0.clone(), status }
    }

    /// What says that whoever is at this screen knows.
    #[must_use]
    pub fn know(&self, of: Acknowledged) -> Action {
        let stations = match of {
            Acknowledged::Change | Acknowledged::Cancel => self.0.clone(),
            Acknowledged::Allergens => Vec::new(),
        };
        Action::Know { of, stations }
    }
}

#[cfg(test)]
mod tests;
