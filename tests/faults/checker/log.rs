//! The log in itself: whole, and each order's versions one legal path.

use std::collections::{HashMap, HashSet};

use super::history::{Event, History, Order};
use super::{Broken, Verdict, rules};

/// What the log is to call `order`'s last change.
fn kind_of(order: &Order) -> String {
    let change = &order.last_change;
    if change.from.as_ref() == Some(&change.to) {
        "order.updated".to_owned()
    } else {
        format!("order.{}", change.to)
    }
}

pub(super) fn check(history: &History, verdict: &mut Verdict) {
    let mut orders: HashMap<&str, &Event> = HashMap::new();
    let mut numbers = HashSet::new();
    for (event, seq) in history.log.iter().zip(1..) {
        let order = &event.order;
        let at = format!("{} (order {} version {})", event.seq, order.id, order.version);
        if event.seq != seq {
            verdict.say(Broken::Gap, format!("{at} stands at place {seq}"));
        }
        if event.kind != kind_of(order) {
            verdict.say(Broken::Differs, format!("{at} is called {}", event.kind));
        }
        match orders.insert(&order.id, event) {
            None => {
                let first = order.version == 1
                    && order.status == "placed"
                    && order.last_change.from.is_none();
                if !first {
                    verdict.say(Broken::Illegal, format!("{at} is the first of its order"));
                }
                // The business day begins at four.
                let day = (order.times.placed_at / 3_600_000 - 4).div_euclid(24);
                if !numbers.insert((&order.location, day, order.number)) {
                    verdict.say(Broken::NumberTwice, format!("{} at {at}", order.number));
                }
            }
            Some(before) => {
                if let Some(why) = rules::forbids(&before.order, order) {
                    verdict.say(Broken::Illegal, format!("{at}: {why}"));
                }
                let what = &order.last_change.what;
                if !rules::leaves_the_rest(&before.whole, &event.whole, what) {
                    let why = format!("{at}: {what} has changed what nobody changed");
                    verdict.say(Broken::Illegal, why);
                }
            }
        }
    }
}
