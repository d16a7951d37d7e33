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
pub struct Part {
    stations: Vec<Station>,
    /// The one among them that has what nobody has routed. Every screen shows
    /// that, and none can say that another has not made it.
    shared: Option<Station>,
}

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
        Self { stations, shared: None }
    }

    /// What the screen of `page` makes. Expo and dispatch put whole orders
    /// together, whichever stations they are told of.
    #[must_use]
    pub fn of_page(page: &BoardPage) -> Self {
        let Some(screen) = &page.settings.screen else {
            return Self::new(page.filter.stations.clone());
        };
        if screen.role != Role::Prep {
            return Self::default();
        }
        Self { stations: page.filter.stations.clone(), shared: screen.shared.clone() }
    }

    /// Whether it is every station's work.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.stations.is_empty()
    }

    /// The stations; none for all.
    #[must_use]
    pub fn stations(&self) -> &[Station] {
        &self.stations
    }

    /// The stations that nobody but this part makes.
    fn own(&self) -> Vec<Station> {
        let own = self.stations.iter().filter(|it| Some(*it) != self.shared.as_ref());
        own.cloned().collect()
    }

    /// The stations that a bump of `order` speaks for: what nobody has routed is
    /// ticked line by line, but where the ticket has nothing else.
    fn bumps(&self, order: &FoodOrder) -> Self {
        let own = Self::new(self.own());
        match &self.shared {
            Some(shared) if own.progress(order).lines == 0 => Self::new(vec![shared.clone()]),
            _ => own,
        }
    }

    /// Whether `item` belongs to it.
    #[must_use]
    pub fn has(&self, item: &OrderItem) -> bool {
        self.is_whole() || self.stations.contains(&item.station)
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
            && (self.items(order).any(is_new) || (of_all && order.waits_for(&self.stations)))
    }

    /// Whether nobody of this part has said that they know `of` something of `order`.
    #[must_use]
    pub fn wants_to_know(&self, of: Acknowledged, order: &FoodOrder) -> bool {
        match of {
            Acknowledged::Cancel => order.flags.cancel_unseen && order.waits_for(&self.stations),
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
        if order.is_for_later() {
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
        let part = self.bumps(order);
        let status = match order.status {
            _ if part.progress(order).lines == 0 || part.is_done(order) => return None,
            OrderStatus::Accepted => ItemStatus::Doing,
            OrderStatus::Preparing => ItemStatus::Done,
            _ => return None,
        };
        Some(part.mark(status))
    }

    /// What brings `order` back to be made.
    #[must_use]
    pub fn recall(&self, order: &FoodOrder) -> Option<Action> {
        if self.is_whole() {
            let ready = order.status == OrderStatus::Ready;
            let to = OrderStatus::Preparing;
            return ready.then_some(Action::Go { to, reason: None });
        }
        let part = self.bumps(order);
        let made = part.is_done(order) || order.status == OrderStatus::Ready;
        (made && part.progress(order).lines > 0).then(|| part.mark(ItemStatus::Todo))
    }

    fn mark(&self, status: ItemStatus) -> Action {
        Action::Stations { stations: self.stations.clone(), status }
    }

    /// What says that whoever is at this screen knows `of` something of `order`: for
    /// what is made here, and when that is known for what nobody has routed.
    #[must_use]
    pub fn know(&self, of: Acknowledged, order: &FoodOrder) -> Action {
        let own = Self::new(self.own());
        let stations = match (of, &self.shared) {
            (Acknowledged::Allergens, _) => Vec::new(),
            (_, Some(shared)) if !own.wants_to_know(of, order) => vec![shared.clone()],
            _ => own.stations,
        };
        Action::Know { of, stations }
    }
}

#[cfg(test)]
mod tests;
