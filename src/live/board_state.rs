//! What an event or a snapshot changes on the board: pure, so that replays,
//! repeats and reorderings are tested without a browser.
//!
//! It holds no orders, only where each one stands; the steps that it gives
//! carry them on to the signals.

use std::collections::VecDeque;

use super::{
    part::{Part, Place},
    table::Table,
};
use crate::domain::{FoodOrder, Lane, OrderId, OrderNumber, UnixMillis, Version, screen::Sort};

/// How many closed orders are remembered, so that a late repeat does not bring
/// one back.
const CLOSED_REMEMBERED: usize = 2_000;

/// One thing to do to the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A ticket comes.
    Insert(FoodOrder),
    /// A ticket changes, and perhaps moves.
    Update(FoodOrder),
    /// An order for later has fired: its ticket changes, and comes into a lane.
    Fire(FoodOrder),
    /// A ticket goes.
    Remove(OrderId),
}

/// What an event or a snapshot changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What to do, in this order.
    pub steps: Vec<Step>,
    /// The lanes whose list changed, by [`index`].
    pub touched: [bool; 4],
    /// Whether the list of orders for later changed.
    pub later: bool,
    /// Tickets that came into a lane.
    pub new: u32,
    /// Tickets that were cancelled.
    pub cancelled: u32,
    /// Tickets that went in any other way.
    pub gone: u32,
}

/// What of a lane is not drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// How many tickets.
    pub count: usize,
    /// Since when the one has stood that has stood longest.
    pub oldest: Option<UnixMillis>,
    /// Whether one of them is past its promise.
    pub late: bool,
}

/// A lane's place from left to right.
#[must_use]
pub fn index(lane: Lane) -> usize {
    match lane {
        Lane::New => 0,
        Lane::Preparing => 1,
        Lane::Ready => 2,
        Lane::Out => 3,
    }
}

/// Rush, then when it was promised (or sent, where nothing was), unless the screen
/// goes by age, then when it was placed; the id makes it total.
pub type Rank = (bool, UnixMillis, UnixMillis, OrderId);

#[derive(Clone, Copy, Debug)]
struct Entry {
    version: Version,
    number: OrderNumber,
    /// None while it is for later.
    lane: Option<Lane>,
    rank: Rank,
    fires_at: UnixMillis,
    since: UnixMillis,
    promised: Option<UnixMillis>,
    /// Cancelled, and nobody has said yet that they saw it.
    cancelled: bool,
}

impl Entry {
    /// Still to be made, and past its promise.
    fn is_late(&self, now: UnixMillis) -> bool {
        !self.cancelled
            && matches!(self.lane, Some(Lane::New | Lane::Preparing))
            && self.promised.is_some_and(|promised| now > promised)
    }
}

/// Where every ticket on the board stands. The stream alone sees to what a page
/// filters by: channel and service stay the same all through an order's life, and
/// an order is of each station that ever had a line of it, so an edit may bring
/// it here but never takes it away.
#[derive(Clone, Debug, Default)]
pub struct BoardState {
    part: Part,
    sort: Sort,
    entries: Table<Entry>,
    lanes: [Vec<Rank>; 4],
    closed: Table<Version>,
    closed_in_turn: VecDeque<OrderId>,
}

impl BoardState {
    /// The board of a screen that makes `part` of each order, and has them in this order.
    #[must_use]
    pub fn of(part: Part, sort: Sort) -> Self {
        Self { part, sort, ..Self::default() }
    }

    /// What of each order the screen makes.
    #[must_use]
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The orders for later, the one that fires next first.
    #[must_use]
    pub fn later(&self) -> Vec<(UnixMillis, OrderId)> {
        let mut later: Vec<(UnixMillis, OrderId)> = Vec::new();
        for (id, entry) in self.entries.iter().filter(|(_, entry)| entry.lane.is_none()) {
            // There are few, and a sort is much to fetch.
            let place = later.partition_point(|other| *other < (entry.fires_at, *id));
            later.insert(place, (entry.fires_at, *id));
        }
        later
    }

    /// Whether no lane has a ticket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lanes.iter().all(Vec::is_empty)
    }

    /// The tickets of `lane`, the most urgent first.
    #[must_use]
    pub fn lane(&self, lane: Lane) -> Vec<OrderId> {
        self.lanes[index(lane)].iter().map(|rank| rank.3).collect()
    }

    /// The ranks of the tickets of `lane`, the most urgent first.
    #[must_use]
    pub fn ranks(&self, lane: Lane) -> &[Rank] {
        &self.lanes[index(lane)]
    }

    /// The lane of ticket `id`, and its place there.
    #[must_use]
    pub fn place(&self, id: OrderId) -> Option<(Lane, usize)> {
        let entry = self.entries.get(id)?;
        let place = self.ranks(entry.lane?).binary_search(&entry.rank).ok()?;
        Some((entry.lane?, place))
    }

    /// What there is in `lane` below its first `drawn` tickets.
    #[must_use]
    pub fn rest(&self, lane: Lane, drawn: usize, now: UnixMillis) -> Rest {
        Self::rest_in(self.below(lane, drawn), now)
    }

    /// The same of the tickets `ids`, wherever they stand.
    #[must_use]
    pub fn rest_of(&self, ids: &[OrderId], now: UnixMillis) -> Rest {
        Self::rest_in(ids.iter().filter_map(|id| self.entries.get(*id)), now)
    }

    fn rest_in<'a>(entries: impl Iterator<Item = &'a Entry>, now: UnixMillis) -> Rest {
        let mut rest = Rest::default();
        for entry in entries {
            rest.count += 1;
            if !entry.cancelled && entry.since <= now {
                rest.oldest = Some(rest.oldest.map_or(entry.since, |at| at.min(entry.since)));
            }
            rest.late |= entry.is_late(now);
        }
        rest
    }

    /// What the orders in `lane` below its first `drawn` tickets are called.
    pub fn rest_numbers(&self, lane: Lane, drawn: usize) -> impl Iterator<Item = OrderNumber> {
        self.below(lane, drawn).map(|entry| entry.number)
    }

    fn below(&self, lane: Lane, drawn: usize) -> impl Iterator<Item = &Entry> {
        self.ranks(lane).iter().skip(drawn).filter_map(|rank| self.entries.get(rank.3))
    }

    /// How many tickets there are, those of orders for later and of cancelled
    /// ones that nobody has acknowledged among them.
    #[must_use]
    pub fn tickets(&self) -> usize {
        self.entries.iter().count()
    }

    /// How many open orders stand in `lane`.
    #[must_use]
    pub fn open_in(&self, lane: Lane) -> usize {
        self.entries
            .iter()
            .filter(|(_, entry)| entry.lane == Some(lane) && !entry.cancelled)
            .count()
    }

    /// How many tickets are still to be made and past their promise.
    #[must_use]
    pub fn late(&self, now: UnixMillis) -> usize {
        self.entries.iter().filter(|(_, entry)| entry.is_late(now)).count()
    }

    /// Since when the ticket has stood that has stood longest in `lane`. An order
    /// for later stands from when the kitchen needs to begin.
    #[must_use]
    pub fn oldest(&self, lane: Lane, now: UnixMillis) -> Option<UnixMillis> {
        self.entries
            .iter()
            .filter(|(_, entry)| entry.lane == Some(lane) && !entry.cancelled && entry.since <= now)
            .map(|(_, entry)| entry.since)
            .min()
    }

    /// Takes in one order as an event brought it. The higher version wins.
    pub fn apply(&mut self, order: FoodOrder) -> Outcome {
        self.apply_all(vec![order])
    }

    /// Takes in orders as events brought them, one after the other.
    pub fn apply_all(&mut self, orders: Vec<FoodOrder>) -> Outcome {
        let mut outcome = Outcome::default();
        for order in orders {
            self.take_in(order, &mut outcome);
        }
        outcome
    }

    fn take_in(&mut self, order: FoodOrder, outcome: &mut Outcome) {
        let known = self.entries.get(order.id).map(|entry| entry.version);
        if known.or(self.closed.get(order.id).copied()) >= Some(order.version) {
            return;
        }
        let place = self.part.place(&order);
        if place != Place::Off {
            return self.put(order, place, outcome);
        }
        let (id, version) = (order.id, order.version);
        if self.take(id, outcome) {
            outcome.steps.push(Step::Remove(id));
            outcome.gone += 1;
        }
        self.remember(id, version);
    }

    /// Takes in every order on the board as the server has them: what is not
    /// among them goes.
    pub fn replace(&mut self, orders: Vec<FoodOrder>) -> Outcome {
        let mut outcome = Outcome::default();
        self.closed.clear();
        self.closed_in_turn.clear();
        let mut there = Table::default();
        for order in &orders {
            if self.part.place(order) != Place::Off {
                there.insert(order.id, ());
            }
        }
        let gone: Vec<OrderId> = self
            .entries
            .iter()
            .filter(|(id, _)| there.get(*id).is_none())
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.take(id, &mut outcome);
            outcome.steps.push(Step::Remove(id));
            outcome.gone += 1;
        }
        for order in orders {
            match self.part.place(&order) {
                Place::Off => self.remember(order.id, order.version),
                place => self.put(order, place, &mut outcome),
            }
        }
        outcome
    }

    fn put(&mut self, order: FoodOrder, place: Place, outcome: &mut Outcome) {
        let times = &order.times;
        let promised = times.promised();
        let sent_at = times.sent_at();
        let fires_at = times.fired_at.or(times.fires_at).unwrap_or(sent_at);
        let lane = if let Place::Lane(lane) = place { Some(lane) } else { None };
        let first = match self.sort {
            Sort::Due => promised.unwrap_or(sent_at),
            Sort::Age => times.placed_at,
        };
        let entry = Entry {
            version: order.version,
            number: order.number,
            lane,
            rank: (!order.flags.rush, first, times.placed_at, order.id),
            fires_at,
            since: match lane {
                Some(Lane::Ready) => times.ready_at,
                Some(Lane::Out) => times.out_for_delivery_at,
                _ => None,
            }
            .unwrap_or(fires_at),
            promised,
            cancelled: order.flags.cancel_unseen,
        };
        let before = self.entries.insert(order.id, entry);
        if before.is_none_or(|before| (before.lane, before.rank) != (lane, entry.rank)) {
            if let Some(before) = before {
                self.unlist(&before, outcome);
            }
            if let Some(lane) = lane {
                let list = &mut self.lanes[index(lane)];
                let place = list.partition_point(|rank| *rank < entry.rank);
                list.insert(place, entry.rank);
                outcome.touched[index(lane)] = true;
            }
        }
        outcome.later |= lane.is_none();
        if entry.cancelled && before.is_none_or(|before| !before.cancelled) {
            outcome.cancelled += 1;
            // The lane's counts leave it out.
            if let Some(lane) = lane {
                outcome.touched[index(lane)] = true;
            }
        }
        let comes = before.is_none_or(|before| before.lane.is_none()) && lane.is_some();
        outcome.new += u32::from(comes && !entry.cancelled);
        outcome.steps.push(match before {
            None => Step::Insert(order),
            Some(_) if comes => Step::Fire(order),
            Some(_) => Step::Update(order),
        });
    }

    fn take(&mut self, id: OrderId, outcome: &mut Outcome) -> bool {
        let Some(entry) = self.entries.remove(id) else { return false };
        self.unlist(&entry, outcome);
        true
    }

    fn unlist(&mut self, entry: &Entry, outcome: &mut Outcome) {
        let Some(lane) = entry.lane else {
            outcome.later = true;
            return;
        };
        let list = &mut self.lanes[index(lane)];
        if let Ok(place) = list.binary_search(&entry.rank) {
            list.remove(place);
        }
        outcome.touched[index(lane)] = true;
    }

    fn remember(&mut self, id: OrderId, version: Version) {
        if self.closed.insert(id, version).is_none() {
            self.closed_in_turn.push_back(id);
        }
        if self.closed_in_turn.len() > CLOSED_REMEMBERED
            && let Some(oldest) = self.closed_in_turn.pop_front()
        {
            self.closed.remove(oldest);
        }
    }
}

#[cfg(test)]
mod tests;
