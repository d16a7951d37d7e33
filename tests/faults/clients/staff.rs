//! Staff who change orders, several the same: each change names the version that its
//! author has seen, and is signed so that the log tells it from all others.

use hyper::Method;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::{
    Known, Tries,
    http::{Ask, Client, Door, TO_A_LOOK, TO_CHANGES},
    lock, moment,
};
use crate::history::{Change, Told, Wish};

/// What is wished of an order.
fn wish(order: &Known, random: &mut StdRng) -> Wish {
    let one = |values: &[&str], random: &mut StdRng| {
        values[random.random_range(0..values.len())].to_owned()
    };
    if order.status == "cancelled" {
        return Wish::Know;
    }
    match random.random_range(0..100) {
        0..55 => {
            let forward = match &*order.status {
                "placed" => "accepted",
                "accepted" => "preparing",
                "preparing" => "ready",
                "ready" if random.random_bool(0.3) => "out_for_delivery",
                _ => "completed",
            };
            Wish::To(forward.to_owned())
        }
        // Recalls, calls off, and what there is no way to.
        55..70 => {
            let all = ["accepted", "preparing", "ready", "rejected", "cancelled", "failed"];
            Wish::To(one(&all, random))
        }
        70..80 if !order.lines.is_empty() => {
            let line = order.lines[random.random_range(0..order.lines.len())].0;
            Wish::Line { line, status: one(&["todo", "doing", "done", "done"], random) }
        }
        70..92 if !order.lines.is_empty() => {
            let (_, station) = order.lines[random.random_range(0..order.lines.len())].clone();
            Wish::Station { station, status: one(&["todo", "doing", "done", "done"], random) }
        }
        _ => Wish::Rush(random.random_bool(0.5)),
    }
}

/// How `wish` is asked for: a method, where, and the body but for version and author.
pub(crate) fn request(order: &str, wish: &Wish) -> (Method, String, Value) {
    let path = format!("/api/orders/{order}");
    match wish {
        Wish::To(to) => (Method::POST, format!("{path}/transitions"), json!({"to": to})),
        Wish::Line { line, status } => {
            (Method::PATCH, format!("{path}/items/{line}"), json!({"status": status}))
        }
        Wish::Station { station, status } => {
            let body = json!({"stations": [station], "status": status});
            (Method::POST, format!("{path}/stations"), body)
        }
        Wish::Rush(rush) => (Method::PATCH, path, json!({"rush": rush})),
        Wish::Know => (Method::POST, format!("{path}/acknowledge"), json!({"of": "cancel"})),
    }
}

/// One of the staff, until closing time.
pub(crate) async fn work(door: Door, seed: u64, index: u64) {
    let mut random = StdRng::seed_from_u64(seed.wrapping_mul(1000) + 500 + index);
    let mut client = Client::new(door);
    let mut count = 0;
    while !client.door.common.is_closing() {
        moment(&mut random, 5..50).await;
        let Some(order) = client.door.common.pick(&mut random) else { continue };
        let sign = format!("staff {seed}.{index}.{count}");
        count += 1;
        let wish = wish(&order, &mut random);
        let (method, path, mut body) = request(&order.id, &wish);
        body["expected_version"] = order.version.into();
        body["actor"] = json!({"kind": "staff", "id": sign});
        let mut change = Change {
            sign,
            order: order.id.clone(),
            expected: order.version,
            wish,
            acknowledged: None,
            refused: false,
        };
        let (mut unsure, mut answered) = (false, false);
        let mut tries = Tries::new();
        while tries.next() {
            let ask = Ask {
                method: method.clone(),
                path: &path,
                headers: &[],
                body: Some(body.to_string()),
                due: TO_CHANGES,
            };
            let at_least = client.door.common.acknowledged_up_to(&order.id);
            let answer = client.send(ask).await;
            answered = answer.as_ref().is_some_and(|answer| answer.status != 503);
            match answer {
                None => unsure = true,
                // Nothing can be written; where that is said, nothing was.
                Some(answer) if answer.status == 503 => {
                    unsure |= !answer.changed_nothing();
                    // Who is told that may leave it at that.
                    if !unsure && random.random_bool(0.3) {
                        (change.refused, answered) = (true, true);
                        break;
                    }
                }
                Some(answer) if answer.status == 200 => {
                    let (Some(told), Some(known)) =
                        (Told::read(&answer.body), Known::read(&answer.body))
                    else {
                        client.door.common.say_odd(format!("{path}: a 200 without an order"));
                        break;
                    };
                    client.door.common.acknowledge(&told);
                    client.door.common.learn(known);
                    change.acknowledged = Some(told);
                    break;
                }
                Some(answer) => {
                    change.refused = !unsure;
                    match answer.status {
                        404 => missing(&client, &order.id, at_least),
                        412 => {
                            stale(&client, &order.id, at_least, &answer.body);
                            if random.random_bool(0.8) {
                                look(&mut client, &order.id).await;
                            }
                        }
                        _ => {}
                    }
                    break;
                }
            }
            moment(&mut random, 20..150).await;
        }
        if !answered {
            let sign = &change.sign;
            client.door.common.say_odd(format!("{sign}: never answered"));
        }
        lock(&client.door.common.changes).push(change);
    }
}

/// An order is not there.
fn missing(client: &Client, id: &str, at_least: u64) {
    client.door.common.looked(id, at_least, None);
    client.door.common.forget(id);
}

/// An order was changed since: a refusal tells to which version.
fn stale(client: &Client, id: &str, at_least: u64, body: &[u8]) {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    match problem["current_version"].as_u64() {
        Some(current) => client.door.common.looked(id, at_least, Some(current)),
        None => client.door.common.say_odd(format!("{id}: a 412 without a version")),
    }
}

/// Looks how an order stands that somebody else has changed.
async fn look(client: &mut Client, id: &str) {
    let at_least = client.door.common.acknowledged_up_to(id);
    let path = format!("/api/orders/{id}");
    let ask = Ask { due: TO_A_LOOK, ..Ask::get(&path) };
    let Some(answer) = client.send(ask).await else { return };
    match (answer.status, Known::read(&answer.body)) {
        (200, Some(known)) => {
            client.door.common.looked(id, at_least, Some(known.version));
            client.door.common.learn(known);
        }
        (200, None) => client.door.common.say_odd(format!("{id}: a 200 without an order")),
        (404, _) => missing(client, id, at_least),
        _ => {}
    }
}
