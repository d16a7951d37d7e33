//! How many orders are open, and how the last hour went: for each location and
//! channel by itself, because not everybody may know of all. Test orders are on the
//! board, and in no figure of the hour.

use std::collections::{HashMap, VecDeque};

use crate::{
    domain::{Ageing, Channel, FoodOrder, Location, OrderId, UnixMillis},
    wire::{Stats, Wall},
};

/// The time that the figures look back.
pub(super) const HOUR_MILLIS: i64 = 60 * 60 * 1000;

/// Parts above which those that say nothing any more are let go of.
const PARTS: usize = 64;

/// Kept in step with the log, one change at a time.
#[derive(Default)]
pub(super) struct Figures(HashMap<(Location, Channel), Part>);

/// The figures of one location and channel.
#[derive(Default)]
struct Part {
    open: u64,
    /// When orders were placed, oldest first.
    placed: VecDeque<UnixMillis>,
    /// Orders that were made, by when they were last made.
    made: HashMap<OrderId, Made>,
}

struct Made {
    at: UnixMillis,
    ticket_millis: i64,
    late: bool,
}

impl Figures {
    /// How many orders on this side of `wall` are on the board.
    pub(super) fn open(&self, wall: &Wall) -> u64 {
        self.parts(wall).map(|part| part.open).sum()
    }

    /// Takes in an order as it stood at the start. Orders come in any order.
    pub(super) fn preload(&mut self, order: &FoodOrder) {
        self.part_of(order).preload(order);
    }

    /// Takes in a change.
    pub(super) fn apply(&mut self, order: &FoodOrder) {
        self.part_of(order).apply(order);
        // A channel is whatever somebody calls it.
        if self.0.len() > PARTS && order.last_change.from.is_none() {
            let since = order.last_change.at.plus(-HOUR_MILLIS);
            self.0.retain(|_, part| part.says_something(since));
        }
    }

    /// How the hour before `now` went on this side of `wall`.
    pub(super) fn stats(&self, wall: &Wall, now: UnixMillis) -> Stats {
        let since = now.plus(-HOUR_MILLIS);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (mut placed, mut ready, mut late, mut sum) = (0, 0, 0, 0_i64);
        for part in self.parts(wall) {
            placed += part.placed.iter().rev().take_while(|at| **at >= since).count();
            for made in part.made.values().filter(|made| made.at >= since) {
                ready += 1;
                late += usize::from(made.late);
                sum = sum.saturating_add(made.ticket_millis);
            }
        }
        Stats {
            placed: count(placed),
            ready: count(ready),
            average_ticket_ms: i64::try_from(ready)
                .ok()
                .filter(|ready| *ready > 0)
                .map(|ready| sum / ready),
            late: count(late),
        }
    }

    fn parts(&self, wall: &Wall) -> impl Iterator<Item = &Part> {
        self.0.iter().filter(|((location, channel), _)| wall.lets(location, channel)).map(|it| it.1)
    }

    fn part_of(&mut self, order: &FoodOrder) -> &mut Part {
        self.0.entry((order.location.clone(), order.source.channel.clone())).or_default()
    }
}

impl Part {
    fn says_something(&self, since: UnixMillis) -> bool {
        self.open > 0
            || self.placed.back().is_some_and(|at| *at >= since)
            || self.made.values().any(|made| made.at >= since)
    }

    fn preload(&mut self, order: &FoodOrder) {
        if order.is_on_board() {
            self.open += 1;
        }
        if order.is_test() {
            return;
        }
        let placed_at = order.times.placed_at;
        let place = self.placed.partition_point(|at| *at <= placed_at);
        self.placed.insert(place, placed_at);
        self.note_made(order);
    }

    fn apply(&mut self, order: &FoodOrder) {
        match (order.was_on_board(), order.is_on_board()) {
            (false, true) => self.open += 1,
            (true, false) => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        if order.is_test() {
            return;
        }
        if order.last_change.from.is_none() {
            self.placed.push_back(order.times.placed_at);
        }
        self.note_made(order);
        self.forget(order.last_change.at);
    }

    fn note_made(&mut self, order: &FoodOrder) {
        let Some(at) = order.times.ready_at else {
            // Recalled to the kitchen: it is not made after all.
            self.made.remove(&order.id);
            return;
        };
        let made = Made {
            at,
            ticket_millis: at.since(order.times.sent_at()),
            late: order.ageing(at) == Ageing::Late,
        };
        self.made.insert(order.id, made);
    }

    /// Lets go of what is older than an hour.
    fn forget(&mut self, now: UnixMillis) {
        let since = now.plus(-HOUR_MILLIS);
        while self.placed.front().is_some_and(|at| *at < since) {
            self.placed.pop_front();
        }
        // A sweep over all is worth it only now and then.
        if self.made.len() > 2 * self.placed.len() + 64 {
            self.made.retain(|_, made| made.at >= since);
        }
    }
}
