//! When an order will be ready, as its customer is told: a range, that widens
//! when the kitchen is behind, and never a time that has passed.

use crate::domain::{FoodOrder, OrderStatus, UnixMillis};

const MINUTE: i64 = 60_000;
/// No range is narrower, in minutes: nobody knows better.
const NARROWEST: i64 = 5;
/// What is still to be done takes so many minutes at least: begun, and not begun.
const LEFT: [i64; 2] = [2, 6];
/// Estimates of orders that are late go by steps of so many minutes, so that
/// they do not run away from whoever looks at them.
const STEP: i64 = 5;
/// The widest range, in minutes.
const WIDEST: i64 = 30;

/// When an order will be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Estimate {
    /// Not before.
    pub(super) from: UnixMillis,
    /// Hardly after.
    pub(super) to: UnixMillis,
    /// Whether that is later than it was promised.
    pub(super) late: bool,
}

/// When `order` will be ready, as things stand at `now`; none when it is, or
/// never will be, or nothing was promised.
pub(super) fn of(order: &FoodOrder, now: UnixMillis) -> Option<Estimate> {
    let begun = match order.status {
        OrderStatus::Placed | OrderStatus::Accepted => false,
        OrderStatus::Preparing => true,
        _ => return None,
    };
    let promised = order.times.promised_at.or(order.times.due_at)?;
    let soonest = UnixMillis(up(now.0, MINUTE)).plus(LEFT[usize::from(!begun)] * MINUTE);
    if soonest <= promised {
        let warned = order.times.warn_at.unwrap_or(promised);
        let to = UnixMillis(up(promised.0, MINUTE));
        let from = UnixMillis(down(warned.0, MINUTE)).min(to.plus(-NARROWEST * MINUTE));
        // What is behind us is no estimate any more.
        let from = from.max(soonest);
        return Some(Estimate { from, to: to.max(from.plus(NARROWEST * MINUTE)), late: false });
    }
    let behind = soonest.since(promised) / MINUTE;
    let from = UnixMillis(up(soonest.0, STEP * MINUTE));
    let width = up((NARROWEST + behind / 2).min(WIDEST), STEP);
    Some(Estimate { from, to: from.plus(width * MINUTE), late: true })
}

fn up(value: i64, step: i64) -> i64 {
    down(value.saturating_add(step - 1), step)
}

fn down(value: i64, step: i64) -> i64 {
    value.div_euclid(step) * step
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing;

    /// Placed at minute 0, warned at 11, late after 15.
    fn order(status: OrderStatus) -> FoodOrder {
        let mut order = testing::order(7);
        order.status = status;
        order.times.placed_at = UnixMillis(0);
        order.times.warn_at = Some(UnixMillis(11 * MINUTE));
        order.times.promised_at = Some(UnixMillis(15 * MINUTE));
        order
    }

    /// The estimate at a minute, in minutes.
    fn at(status: OrderStatus, minute: i64) -> (i64, i64, bool) {
        let it = of(&order(status), UnixMillis(minute * MINUTE)).expect("an estimate");
        (it.from.0 / MINUTE, it.to.0 / MINUTE, it.late)
    }

    #[test]
    fn what_was_promised_is_a_range() {
        assert_eq!(at(OrderStatus::Placed, 0), (10, 15, false));
        assert_eq!(at(OrderStatus::Preparing, 12), (14, 19, false));
    }

    #[test]
    fn what_cannot_be_kept_is_said_before_it_has_passed() {
        assert_eq!(at(OrderStatus::Preparing, 13), (15, 20, false));
        assert_eq!(at(OrderStatus::Preparing, 14), (20, 25, true));
        assert_eq!(at(OrderStatus::Accepted, 10), (20, 25, true), "nobody has begun it");
        let (from, to, late) = at(OrderStatus::Preparing, 60);
        assert!(late && from == 65 && to == 95, "{from} to {to}");
    }

    #[test]
    fn what_is_ready_or_over_has_none() {
        for status in OrderStatus::ALL {
            let some = of(&order(status), UnixMillis(0)).is_some();
            let waits = [OrderStatus::Placed, OrderStatus::Accepted, OrderStatus::Preparing];
            assert_eq!(some, waits.contains(&status), "{status}");
        }
    }

    proptest! {
        #[test]
        fn no_estimate_is_behind_us_or_empty(
            now in 0..10_000_000_i64,
            begun: bool,
            warn in 0..5_000_000_i64,
            more in 0..5_000_000_i64,
        ) {
            let status = if begun { OrderStatus::Preparing } else { OrderStatus::Accepted };
            let mut order = order(status);
            order.times.warn_at = Some(UnixMillis(warn));
            order.times.promised_at = Some(UnixMillis(warn + more));
            let Estimate { from, to, late } = of(&order, UnixMillis(now)).expect("an estimate");
            prop_assert!(from < to && to.0 > now);
            let beyond = to.since(UnixMillis(warn + more));
            prop_assert!(late || beyond <= (NARROWEST + 1) * MINUTE);
            // It never comes nearer as an order gets later.
            let then = of(&order, UnixMillis(now + MINUTE)).expect("an estimate");
            prop_assert!(then.to >= to);
        }
    }
}
