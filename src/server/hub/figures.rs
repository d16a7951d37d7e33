//! How many orders are open, and how the last hour went: for each location and
//! channel by itself, because not everybody may know of all. Test orders are on the
//! board, and in no figure of the hour.

use std::collections::{BTreeMap, HashMap};

use crate::{
    domain::{Ageing, Channel, FoodOrder, Location, OrderId, UnixMillis},
    wire::{Stats, Wall},
};

/// The time that the figures look back.
pub(super) const HOUR_MILLIS: i64 = 60 * 60 * 1000;

/// Figures are of the hour to this much.
const SLICE_MILLIS: i64 = 10 * 1000;

/// Parts above which those that say nothing any more are let go of.
const PARTS: usize = 64;

/// Kept in step with the log, one change at a time.
#[derive(Default)]
pub(super) struct Figures(HashMap<(Location, Channel), Part>);

/// The figures of one location and channel. What it holds grows with the orders that are
/// open and not with those of the hour.
#[derive(Default)]
struct Part {
    open: u64,
    /// What happened, by the number of its slice.
    slices: BTreeMap<i64, Slice>,
    /// What stands in the slices of orders that are on the board: they may be recalled, and
    /// made again.
    made: HashMap<OrderId, Made>,
}

/// What happened in one slice of time.
#[derive(Default)]
struct Slice {
    /// Orders that were placed.
    placed: u32,
    /// Orders that were made, the last time each; how many of them late, and how long all
    /// of them took.
    ready: u32,
    late: u32,
    ticket_millis: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Made {
    at: UnixMillis,
    ticket_millis: i64,
    late: bool,
}

/// The slice that `at` is in.
fn slice_of(at: UnixMillis) -> i64 {
    at.0.div_euclid(SLICE_MILLIS)
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
        let since = slice_of(now.plus(-HOUR_MILLIS));
        let mut hour = Slice::default();
        for slice in self.parts(wall).flat_map(|part| part.slices.range(since..)) {
            let Slice { placed, ready, late, ticket_millis } = slice.1;
            hour.placed = hour.placed.saturating_add(*placed);
            hour.ready = hour.ready.saturating_add(*ready);
            hour.late = hour.late.saturating_add(*late);
            hour.ticket_millis = hour.ticket_millis.saturating_add(*ticket_millis);
        }
        Stats {
            placed: hour.placed,
            ready: hour.ready,
            average_ticket_ms: hour.ticket_millis.checked_div(hour.ready.into()),
            late: hour.late,
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
        self.open > 0 || self.slices.range(slice_of(since)..).next().is_some()
    }

    fn preload(&mut self, order: &FoodOrder) {
        if order.is_on_board() {
            self.open += 1;
        }
        if !order.is_test() {
            self.slice(order.times.placed_at).placed += 1;
            self.note_made(order, false);
        }
    }

    fn apply(&mut self, order: &FoodOrder) {
        let (was, is) = (order.was_on_board(), order.is_on_board());
        match (was, is) {
            (false, true) => self.open += 1,
            (true, false) => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        if order.is_test() {
            return;
        }
        let is_new = order.last_change.from.is_none();
        if is_new {
            self.slice(order.times.placed_at).placed += 1;
        }
        self.note_made(order, !was && !is_new);
        let since = slice_of(order.last_change.at.plus(-HOUR_MILLIS));
        while self.slices.first_entry().is_some_and(|first| *first.key() < since) {
            self.slices.pop_first();
        }
    }

    /// Takes in when `order` was made. One that was `closed` until now stands in its slice
    /// already, where it has been made.
    fn note_made(&mut self, order: &FoodOrder, closed: bool) {
        let made = order.times.ready_at.map(|at| Made {
            at,
            ticket_millis: at.since(order.times.sent_at()),
            late: order.ageing(at) == Ageing::Late,
        });
        let before = if closed { made } else { self.made.remove(&order.id) };
        if made != before {
            // Recalled to the kitchen it is not made after all.
            if let Some(Made { at, ticket_millis, late }) = before
                && let Some(slice) = self.slices.get_mut(&slice_of(at))
            {
                slice.ready = slice.ready.saturating_sub(1);
                slice.late = slice.late.saturating_sub(late.into());
                slice.ticket_millis = slice.ticket_millis.saturating_sub(ticket_millis);
            }
            if let Some(Made { at, ticket_millis, late }) = made {
                let slice = self.slice(at);
                slice.ready += 1;
                slice.late += u32::from(late);
                slice.ticket_millis = slice.ticket_millis.saturating_add(ticket_millis);
            }
        }
        if let Some(made) = made
            && order.is_on_board()
        {
            self.made.insert(order.id, made);
        }
    }

    fn slice(&mut self, at: UnixMillis) -> &mut Slice {
        self.slices.entry(slice_of(at)).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::OrderStatus;

    const MINUTE: i64 = 60 * 1000;

    /// `order` as it goes on to `to` at `at`: only what figures go by.
    fn go(order: &mut FoodOrder, to: OrderStatus, at: i64) {
        let at = UnixMillis(at);
        order.last_change.from = Some(order.status);
        order.last_change.to = to;
        order.last_change.at = at;
        match to {
            OrderStatus::Preparing => order.times.ready_at = None,
            OrderStatus::Ready if order.times.ready_at.is_none() => {
                order.times.ready_at = Some(at);
            }
            _ => {}
        }
        order.status = to;
    }

    fn told(figures: &Figures, now: i64) -> (u64, u32, u32, Option<i64>) {
        let wall = Wall::default();
        let stats = figures.stats(&wall, UnixMillis(now));
        (figures.open(&wall), stats.placed, stats.ready, stats.average_ticket_ms)
    }

    #[test]
    fn an_order_is_made_once_however_often_it_is_recalled() {
        use OrderStatus::{Completed, Preparing, Ready};
        let mut figures = Figures::default();
        let mut order = crate::domain::testing::order(0);
        figures.apply(&order);
        assert_eq!(told(&figures, 0), (1, 1, 0, None));
        // To the kitchen, to the pass, and out of what was handed out already.
        for (to, at, made) in [
            (Preparing, 1, None),
            (Ready, 2, Some(2)),
            (Preparing, 3, None),
            (Ready, 5, Some(5)),
            (Completed, 6, Some(5)),
            (Ready, 7, Some(5)),
            (Completed, 8, Some(5)),
            (Ready, 9, Some(5)),
            (Preparing, 10, None),
            (Ready, 20, Some(20)),
            (Completed, 21, Some(20)),
        ] {
            go(&mut order, to, at * MINUTE);
            figures.apply(&order);
            let open = u64::from(to != Completed);
            let expected = (open, 1, u32::from(made.is_some()), made.map(|it| it * MINUTE));
            assert_eq!(told(&figures, at * MINUTE), expected, "{to:?} at {at}");
        }
    }

    #[test]
    fn an_hour_later_nothing_is_left_of_it() {
        let mut figures = Figures::default();
        for number in 0..500 {
            let mut order = crate::domain::testing::order(number);
            let at = i64::from(number) * MINUTE;
            order.times.placed_at = UnixMillis(at);
            order.last_change.at = UnixMillis(at);
            figures.apply(&order);
            go(&mut order, OrderStatus::Ready, at + 1);
            figures.apply(&order);
            go(&mut order, OrderStatus::Completed, at + 2);
            figures.apply(&order);
        }
        let now = 499 * MINUTE + 2;
        assert_eq!(told(&figures, now), (0, 61, 61, Some(1)));
        assert_eq!(told(&figures, now + 30 * MINUTE), (0, 31, 31, Some(1)));
        assert_eq!(told(&figures, now + 61 * MINUTE), (0, 0, 0, None));
        let part = figures.0.values().next().expect("a part");
        assert!(part.slices.len() <= 61 && part.made.is_empty());
    }

    #[test]
    fn a_start_takes_up_where_the_program_ended() {
        use OrderStatus::{Completed, Ready};
        let (mut before, mut after) = (Figures::default(), Figures::default());
        let mut orders = Vec::new();
        for number in 0..6 {
            let mut order = crate::domain::testing::order(number);
            before.apply(&order);
            for to in [Ready, Completed].into_iter().take(number as usize % 3) {
                go(&mut order, to, MINUTE);
                before.apply(&order);
            }
            orders.push(order);
        }
        for order in orders.iter().rev() {
            after.preload(order);
        }
        assert_eq!(told(&after, MINUTE), told(&before, MINUTE));
        // What is recalled then is known, too.
        for (order, to) in orders.iter_mut().zip([Ready, OrderStatus::Preparing, Ready]) {
            go(order, to, 2 * MINUTE);
            before.apply(order);
            after.apply(order);
            assert_eq!(told(&after, 2 * MINUTE), told(&before, 2 * MINUTE));
        }
    }
}
