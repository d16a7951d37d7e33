//! What an event or a snapshot changes on the board: pure, so that replays,
//! repeats and reorderings are tested without a browser.
//!
//! It holds no orders, only where each one stands; the steps that it gives
//! carry them on to the signals.

use std::collections::VecDeque;

use super::table::Table;
use crate::domain::{
    FoodOrder, Lane, OrderId, OrderNumber, OrderStatus, Promises, UnixMillis, Version,
};

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
    /// Tickets that came.
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

/// Rush, then when it was promised, then when it was placed; the id makes it total.
pub type Rank = (bool, UnixMillis, UnixMillis, OrderId);

#[derive(Clone, Copy, Debug)]
struct Entry {
    version: Version,
    number: OrderNumber,
    lane: Lane,
    rank: Rank,
    since: UnixMillis,
    /// Cancelled, and nobody has said yet that they saw it.
    cancelled: bool,
}

impl Entry {
    /// Still to be made, and past its promise.
    fn is_late(&self, now: UnixMillis) -> bool {
        !self.cancelled && matches!(self.lane, Lane::New | Lane::Preparing) && now > self.rank.1
    }
}

/// Where every ticket on the board stands.
#[derive(Clone, Debug)]
pub struct BoardState {
    promises: Promises,
    entries: Table<Entry>,
    lanes: [Vec<Rank>; 4],
    closed: Table<Version>,
    closed_in_turn: VecDeque<OrderId>,
}

impl BoardState {
    /// An empty board. What a page may filter by stays the same all through an
    /// order's life, so the stream alone sees to it.
    #[must_use]
    pub fn new(promises: Promises) -> Self {
        Self {
            promises,
            entries: Table::default(),
            lanes: [const { Vec::new() }; 4],
            closed: Table::default(),
            closed_in_turn: VecDeque::new(),
        }
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
        let place = self.ranks(entry.lane).binary_search(&entry.rank).ok()?;
        Some((entry.lane, place))
    }

    /// How many tickets there are, cancelled ones that nobody has seen among them.
    #[must_use]
    pub fn tickets(&self) -> usize {
        self.lanes.iter().map(Vec::len).sum()
    }

    /// What there is in `lane` below its first `drawn` tickets.
    #[must_use]
    pub fn rest(&self, lane: Lane, drawn: usize, now: UnixMillis) -> Rest {
        let mut rest = Rest::default();
        for entry in self.below(lane, drawn) {
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

    /// How many open orders are on the board.
    #[must_use]
    pub fn open(&self) -> usize {
        self.entries.iter().filter(|(_, entry)| !entry.cancelled).count()
    }

    /// How many open orders stand in `lane`.
    #[must_use]
    pub fn open_in(&self, lane: Lane) -> usize {
        self.entries.iter().filter(|(_, entry)| entry.lane == lane && !entry.cancelled).count()
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
            .filter(|(_, entry)| entry.lane == lane && !entry.cancelled && entry.since <= now)
            .map(|(_, entry)| entry.since)
            .min()
    }

    /// Takes in one order as an event brought it. The higher version wins.
    pub fn apply(&mut self, order: FoodOrder) -> Outcome {
        let mut outcome = Outcome::default();
        let known = self.entries.get(order.id).map(|entry| entry.version);
        if known.or(self.closed.get(order.id).copied()) >= Some(order.version) {
            return outcome;
        }
        match order.status.lane() {
            Some(lane) => self.put(order, lane, &mut outcome),
            None if order.status == OrderStatus::Cancelled && known.is_some() => {
                self.cancel(order, &mut outcome);
            }
            None => {
                let (id, version) = (order.id, order.version);
                if self.take(id, &mut outcome) {
                    outcome.steps.push(Step::Remove(id));
                    outcome.gone += 1;
                }
                self.remember(id, version);
            }
        }
        outcome
    }

    /// Takes in every open order as the server has them: what is not among
    /// them goes, but for the cancelled tickets that nobody has seen.
    pub fn replace(&mut self, orders: Vec<FoodOrder>) -> Outcome {
        let mut outcome = Outcome::default();
        self.closed.clear();
        self.closed_in_turn.clear();
        let mut there = Table::default();
        for order in &orders {
            there.insert(order.id, ());
        }
        let gone: Vec<OrderId> = self
            .entries
            .iter()
            .filter(|(id, entry)| !entry.cancelled && there.get(*id).is_none())
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.take(id, &mut outcome);
            outcome.steps.push(Step::Remove(id));
            outcome.gone += 1;
        }
        for order in orders {
            if let Some(lane) = order.status.lane() {
                self.put(order, lane, &mut outcome);
            }
        }
        outcome
    }

    /// Somebody has seen that order `id` is cancelled.
    pub fn acknowledge(&mut self, id: OrderId) -> Outcome {
        let mut outcome = Outcome::default();
        if let Some(entry) = self.entries.get(id).copied().filter(|entry| entry.cancelled) {
            self.take(id, &mut outcome);
            outcome.steps.push(Step::Remove(id));
            self.remember(id, entry.version);
        }
        outcome
    }

    fn put(&mut self, order: FoodOrder, lane: Lane, outcome: &mut Outcome) {
        let times = &order.times;
        let promised = self.promises.promised_at(&order);
        let begin = promised.plus(-self.promises.of(order.fulfilment.service));
        let entry = Entry {
            version: order.version,
            number: order.number,
            lane,
            rank: (!order.flags.rush, promised, times.placed_at, order.id),
            since: match lane {
                Lane::New | Lane::Preparing => None,
                Lane::Ready => times.ready_at,
                Lane::Out => times.out_for_delivery_at,
            }
            .unwrap_or(begin.max(times.placed_at)),
            cancelled: false,
        };
        let before = self.entries.insert(order.id, entry);
        if before.is_none_or(|before| (before.lane, before.rank) != (lane, entry.rank)) {
            if let Some(before) = before {
                self.unlist(&before, outcome);
            }
            let list = &mut self.lanes[index(lane)];
            let place = list.partition_point(|rank| *rank < entry.rank);
            list.insert(place, entry.rank);
            outcome.touched[index(lane)] = true;
        }
        if before.is_some() {
            outcome.steps.push(Step::Update(order));
        } else {
            outcome.new += 1;
            outcome.steps.push(Step::Insert(order));
        }
    }

    /// Marks a ticket as cancelled; it stays where it is until somebody has seen it.
    fn cancel(&mut self, order: FoodOrder, outcome: &mut Outcome) {
        if let Some(entry) = self.entries.get_mut(order.id) {
            outcome.cancelled += u32::from(!entry.cancelled);
            entry.cancelled = true;
            entry.version = order.version;
            // The lane's counts leave it out.
            outcome.touched[index(entry.lane)] = true;
            outcome.steps.push(Step::Update(order));
        }
    }

    fn take(&mut self, id: OrderId, outcome: &mut Outcome) -> bool {
        let Some(entry) = self.entries.remove(id) else { return false };
        self.unlist(&entry, outcome);
        true
    }

    fn unlist(&mut self, entry: &Entry, outcome: &mut Outcome) {
        let list = &mut self.lanes[index(entry.lane)];
        if let Ok(place) = list.binary_search(&entry.rank) {
            list.remove(place);
        }
        outcome.touched[index(entry.lane)] = true;
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
