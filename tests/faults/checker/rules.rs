//! The state machine as docs/api.md has it, written down anew: a fault in the program's
//! own would otherwise be taken for the rule.

use serde_json::Value;

use super::history::{Order, Wish};

/// Whether an order may be taken from one status to the other.
fn leads(from: &str, to: &str, service: &str) -> bool {
    match from {
        "placed" => ["accepted", "rejected", "expired", "cancelled"].contains(&to),
        "accepted" => ["preparing", "cancelled"].contains(&to),
        "preparing" => ["ready", "cancelled", "failed", "accepted"].contains(&to),
        "ready" => {
            ["completed", "preparing", "cancelled"].contains(&to)
                || to == "out_for_delivery" && service == "delivery"
        }
        "out_for_delivery" => ["completed", "failed", "cancelled", "ready"].contains(&to),
        "completed" => to == "ready",
        _ => false,
    }
}

fn is_made(order: &Order) -> bool {
    let mut left = order.items.iter().filter(|item| item.status != "void").peekable();
    left.peek().is_some() && left.all(|item| item.status == "done")
}

fn statuses(order: &Order) -> Vec<&str> {
    order.items.iter().map(|item| &*item.status).collect()
}

/// Why `after` cannot be the next version of `before`.
pub(super) fn forbids(before: &Order, after: &Order) -> Option<String> {
    let change = &after.last_change;
    let (from, to) = (&*before.status, &*after.status);
    if after.version != before.version + 1 {
        return Some(format!("version {} follows {}", after.version, before.version));
    }
    if change.from.as_deref() != Some(from) || change.to != to {
        return Some(format!("says {:?} to {}, was {from} to {to}", change.from, change.to));
    }
    let marks = (before.flags.rush, before.flags.held) == (after.flags.rush, after.flags.held);
    let lines_stay = statuses(before) == statuses(after);
    let may = match &*change.what {
        "status" => marks && passes(before, after),
        "item" | "station" => marks && before.is_open() && follows(before, after),
        "flags" => lines_stay && from == to && before.is_open(),
        "acknowledged" => marks && lines_stay && from == to && !after.flags.cancel_unseen,
        _ => false,
    };
    (!may).then(|| {
        format!("{}: {from} to {to}, {:?} to {:?}", change.what, statuses(before), statuses(after))
    })
}

/// Whether a change that is called `what` has touched nothing but what is its own: not a
/// price, a note or an allergen, nor whose order it is or when it was placed.
pub(super) fn leaves_the_rest(before: &Value, after: &Value, what: &str) -> bool {
    rest(before, what) == rest(after, what)
}

/// What no change that is called `what` touches. The rest has rules of its own.
fn rest(order: &Value, what: &str) -> Value {
    const STEPS: [&str; 5] =
        ["accepted_at", "preparing_at", "ready_at", "out_for_delivery_at", "closed_at"];
    fn leave_out(part: Option<&mut Value>, names: &[&str]) {
        if let Some(part) = part.and_then(Value::as_object_mut) {
            part.retain(|name, _| !names.contains(&&**name));
        }
    }
    let mut rest = order.clone();
    leave_out(Some(&mut rest), &["version", "status", "last_change"]);
    if ["status", "item", "station"].contains(&what) {
        leave_out(rest.get_mut("times"), &STEPS);
        leave_out(rest.get_mut("flags"), &["recalled"]);
        for line in rest.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
            leave_out(Some(line), &["status"]);
        }
    }
    if ["status", "acknowledged"].contains(&what) {
        // Who is to be told that it is called off.
        leave_out(Some(&mut rest), &["unaware"]);
        leave_out(rest.get_mut("flags"), &["cancel_unseen"]);
    }
    if what == "flags" {
        leave_out(rest.get_mut("flags"), &["rush", "held"]);
    }
    rest
}

/// A change of status. Lines go along only where what was made is made again, and what
/// was made before it was accepted is ready with the answer.
fn passes(before: &Order, after: &Order) -> bool {
    let (from, to) = (&*before.status, &*after.status);
    let taken_back = from == "ready" && to == "preparing";
    let lines = if taken_back && is_made(before) {
        !after.items.iter().any(|item| item.status == "done")
    } else {
        statuses(before) == statuses(after)
    };
    let some_made = before.items.iter().any(|item| item.status == "done");
    let unbegun = !(from == "preparing" && to == "accepted" && some_made);
    let along = is_made(before) && to == "ready" && ["placed", "accepted"].contains(&from);
    lines && unbegun && (leads(from, to, &before.fulfilment.service) || along)
}

/// Lines were marked: how the order goes along.
fn follows(before: &Order, after: &Order) -> bool {
    let whole = after.last_change.what == "station";
    let (lines_before, lines_after) = (statuses(before), statuses(after));
    let marked = || lines_before.iter().zip(&lines_after).filter(|(one, other)| one != other);
    if !whole && marked().count() != 1 {
        return false;
    }
    // A station that has not begun after all begins nothing, whatever the others do.
    let left = marked().all(|(_, status)| *status == "todo");
    match (&*before.status, &*after.status) {
        ("accepted" | "preparing", "ready") => is_made(after),
        // What is made is ready; and what is ready and not made was said to be so as a whole.
        (from, to) if from == to => {
            !(is_made(after) && ["accepted", "preparing"].contains(&to))
                && (from != "placed" || !whole || left)
        }
        ("ready", "preparing") => !is_made(after),
        ("accepted", "preparing") => whole && began(after),
        ("preparing", "accepted") => whole && !began(after),
        _ => false,
    }
}

/// Whether `order` is as `wish` would have it. What was made before it was accepted is
/// ready with the answer.
pub(super) fn is_so(order: &Order, wish: &Wish) -> bool {
    let has = |wanted: &[&str]| wanted.contains(&&*order.status);
    match wish {
        Wish::To(to) => {
            order.status == *to
                || ["accepted", "preparing"].contains(&&**to) && has(&["ready"]) && is_made(order)
        }
        Wish::Line { line, status } => {
            order.items.iter().any(|item| item.id == *line && item.status == *status)
        }
        // Who begins it takes it along, and who has not begun it after all takes it back.
        Wish::Station { station, status } => {
            let mut lines =
                order.items.iter().filter(|item| item.station == *station && item.status != "void");
            let along =
                if status == "todo" { !has(&["ready"]) } else { !has(&["placed", "accepted"]) };
            along && lines.all(|item| item.status == *status)
        }
        Wish::Rush(rush) => order.flags.rush == *rush,
        Wish::Know => !order.flags.cancel_unseen,
    }
}

/// What the log is to call what was done for `wish`.
pub(super) fn name_of(wish: &Wish) -> &'static str {
    match wish {
        Wish::To(_) => "status",
        Wish::Line { .. } => "item",
        Wish::Station { .. } => "station",
        Wish::Rush(_) => "flags",
        Wish::Know => "acknowledged",
    }
}

fn began(order: &Order) -> bool {
    order.items.iter().any(|item| item.status == "doing" || item.status == "done")
}
