//! Staff who change orders, several the same: each change names the version that its
//! author has seen, and is signed so that the log tells it from all others.

use std::sync::atomic::Ordering;

use hyper::Method;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::{
    Known,
    http::{Ask, Client, Door},
    moment,
};
use crate::history::{Change, Told, Wish};

/// Whoever is not answered gives up then; long after all faults are over.
const TRIES: usize = 200;

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
fn request(order: &str, wish: &Wish) -> (Method, String, Value) {
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
pub(crate) async fn work(door: Door, seed: u64, index: u64) -> Vec<Change> {
    let mut random = StdRng::seed_from_u64(seed.wrapping_mul(1000) + 500 + index);
    let mut client = Client::new(door);
    let mut changes = Vec::new();
    while !client.door.common.is_closing() {
        moment(&mut random, 5..50).await;
        let Some(order) = client.door.common.pick(&mut random) else { continue };
        let sign = format!("staff {seed}-{index}-{}", changes.len());
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
        let mut unsure = false;
        for _ in 0..TRIES {
            let ask = Ask {
                method: method.clone(),
                path: &path,
                headers: &[],
                body: Some(body.to_string()),
            };
            match client.send(ask).await {
                None => unsure = true,
                Some(answer) if answer.status == 503 => unsure = true,
                Some(answer) if answer.status == 200 => {
                    client.door.common.acknowledged.fetch_add(1, Ordering::Relaxed);
                    change.acknowledged = Told::read(&answer.body);
                    let Some(known) = Known::read(&answer.body) else {
                        client.door.common.say_odd(format!("{path}: a 200 without an order"));
                        break;
                    };
                    client.door.common.learn(known);
                    break;
                }
                Some(answer) => {
                    change.refused = !unsure;
                    if answer.status == 404 {
                        client.door.common.forget(&order.id);
                    } else if answer.status == 412 && random.random_bool(0.8) {
                        look(&mut client, &order.id).await;
                    }
                    break;
                }
            }
            moment(&mut random, 20..150).await;
        }
        changes.push(change);
    }
    changes
}

/// Looks how an order stands that somebody else has changed.
async fn look(client: &mut Client, id: &str) {
    if let Some(answer) = client.send(Ask::get(&format!("/api/orders/{id}"))).await
        && answer.status == 200
        && let Some(known) = Known::read(&answer.body)
    {
        client.door.common.learn(known);
    }
}
