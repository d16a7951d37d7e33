//! Who places orders: each under a key of its own, asked for again until there is an
//! answer, by some even after there was one, and by some twice at once. Some are not to be
//! had: a field of theirs is broken, or their key was acknowledged for another order.

use std::sync::atomic::Ordering;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::{
    Known, Tries,
    http::{Ask, Client, Door, TO_ORDERS, TO_WHAT_IS_REFUSED},
    lock, moment,
};
use crate::history::{Post, Told};

const CHANNELS: [&str; 3] = ["web", "kiosk", "phone"];
const SERVICES: [&str; 4] = ["pickup", "delivery", "dine_in", "curbside"];
const STATIONS: [&str; 3] = ["grill", "fry", "bar"];

fn order_of(key: &str, random: &mut StdRng) -> (Value, bool) {
    let lines: Vec<Value> = (0..random.random_range(1..=3))
        .map(|_| {
            let station = STATIONS[random.random_range(0..STATIONS.len())];
            let mut line =
                json!({"name": "Soup", "quantity": random.random_range(1..4), "station": station});
            if random.random_bool(0.5) {
                let price = random.random_range(100..2000);
                line["unit_price"] = price.into();
                line["modifiers"] =
                    json!([{"kind": "extra", "name": "bread", "quantity": 2, "unit_price": price / 10}]);
                line["allergens"] = json!(["gluten", format!("allergen of {key}")]);
                line["note"] = format!("note of {key}").into();
            }
            line
        })
        .collect();
    let mut source = json!({"channel": CHANNELS[random.random_range(0..CHANNELS.len())]});
    // Some channels name their orders instead of sending a key.
    let named = random.random_bool(0.3);
    if named {
        source["external_id"] = key.into();
    }
    let service = SERVICES[random.random_range(0..SERVICES.len())];
    let phone = format!("555-{:04}", random.random_range(0..10_000));
    let order = json!({"items": lines, "source": source,
                       "fulfilment": {"type": service, "address": format!("{phone} Mill Lane")},
                       "customer": {"name": key, "phone": phone}});
    (order, named)
}

/// Breaks a rule by one field of `order`.
fn break_a_field(order: &mut Value, random: &mut StdRng) {
    match random.random_range(0..6) {
        0 => order["items"] = json!([]),
        1 => order["items"][0]["name"] = " ".into(),
        2 => order["fulfilment"]["type"] = "balloon".into(),
        // The last one: those before it are as they should be.
        _ => {
            let last = order["items"].as_array_mut().and_then(|lines| lines.last_mut());
            if let Some(line) = last {
                line["quantity"] = 0.into();
            }
        }
    }
}

/// One that places orders until closing time.
pub(crate) async fn place(door: Door, seed: u64, index: u64) {
    let mut random = StdRng::seed_from_u64(seed.wrapping_mul(1000) + index);
    let (mut client, mut second) = (Client::new(door.clone()), Client::new(door));
    for count in 0.. {
        moment(&mut random, 10..70).await;
        if client.door.common.is_closing() {
            return;
        }
        let key = format!("{seed}-{index}-{count}");
        if random.random_bool(0.1) {
            let key = format!("broken-{key}");
            let (mut order, named) = order_of(&key, &mut random);
            break_a_field(&mut order, &mut random);
            let header = (!named).then(|| key.clone());
            let writer = Writer { order, header, due: Some("invalid_fields"), unsure: false };
            writer.be_refused(&mut client, key, &mut random).await;
            continue;
        }
        let (order, named) = order_of(&key, &mut random);
        let mut post = Post { key: key.clone(), asked: order.clone(), ..Post::default() };
        let header = (!named).then(|| key.clone());
        let mut writer = Writer { order, header, due: None, unsure: false };
        if random.random_bool(0.05) {
            let mut twin = Post { key: key.clone(), ..Post::default() };
            let mut other = writer.clone();
            tokio::join!(writer.ask(&mut client, &mut post), other.ask(&mut second, &mut twin));
            post.acknowledged.append(&mut twin.acknowledged);
            writer.unsure |= other.unsure;
        }
        if post.acknowledged.is_empty() {
            // Some never learn what became of it.
            if random.random_bool(0.05) {
                writer.ask(&mut client, &mut post).await;
            } else {
                writer.insist(&mut client, &mut post, &mut random).await;
            }
        }
        if random.random_bool(0.1) {
            writer.ask(&mut client, &mut post).await;
        }
        post.refused &= !writer.unsure && post.acknowledged.is_empty();
        let acknowledged = !post.acknowledged.is_empty();
        lock(&client.door.common.posts).push(post);
        if acknowledged && random.random_bool(0.15) {
            let marker = format!("other-{key}");
            let (mut order, _) = order_of(&marker, &mut random);
            order["source"] = writer.order["source"].clone();
            let due = if named { "external_id_reused" } else { "idempotency_key_reused" };
            let again = Writer { order, due: Some(due), unsure: false, ..writer };
            again.be_refused(&mut client, marker, &mut random).await;
        }
    }
}

/// One order on its way.
#[derive(Clone)]
struct Writer {
    order: Value,
    /// The key in the header; without one, the order's name at its channel is the key.
    header: Option<String>,
    /// The code by which it has to be refused, if it has to be.
    due: Option<&'static str>,
    /// Whether an answer was lost, or left it open: it may have been placed. What is sure
    /// of a later request says nothing of that one, which may have come to the disk with
    /// the process before.
    unsure: bool,
}

impl Writer {
    /// Asks for what is not to be had until that is said. Whatever is answered, and even if
    /// nothing is, nothing of it may come into the log: there it would be known by `key`.
    async fn be_refused(mut self, client: &mut Client, key: String, random: &mut StdRng) {
        let mut post = Post { key, asked: self.order.clone(), refused: true, ..Post::default() };
        self.insist(client, &mut post, random).await;
        lock(&client.door.common.posts).push(post);
    }

    /// Asks until there is an answer for good.
    async fn insist(&mut self, client: &mut Client, post: &mut Post, random: &mut StdRng) {
        let mut tries = Tries::new();
        while tries.next() {
            if self.ask(client, post).await {
                return;
            }
            // Who is told that nothing was changed may leave it at that.
            if self.due.is_none() && post.refused && random.random_bool(0.3) {
                return;
            }
            moment(random, 20..150).await;
        }
        client.door.common.say_odd(format!("{}: never answered", post.key));
    }

    /// Asks once; whether there is an answer for good.
    async fn ask(&mut self, client: &mut Client, post: &mut Post) -> bool {
        let key = &post.key;
        let headers: Vec<(&str, &str)> =
            self.header.iter().map(|header| ("idempotency-key", &**header)).collect();
        let due = if self.due.is_some() { TO_WHAT_IS_REFUSED } else { TO_ORDERS };
        let ask = Ask { headers: &headers, ..Ask::post("/api/orders", &self.order, due) };
        let Some(answer) = client.send(ask).await else {
            self.unsure = true;
            return false;
        };
        match (answer.status, self.due) {
            (201, _) => {
                let (Some(known), Some(told)) =
                    (Known::read(&answer.body), Told::read(&answer.body))
                else {
                    client.door.common.say_odd(format!("{key}: a 201 without an order"));
                    return true;
                };
                client.door.common.acknowledge(&told);
                post.acknowledged.push(told);
                if !answer.headers.contains_key("idempotency-replayed") {
                    client.door.common.learn(known);
                } else if post.refused && !self.unsure && post.acknowledged.len() == 1 {
                    client.door.common.say_odd(format!(
                        "{key}: placed before, by a request that had changed nothing"
                    ));
                }
                true
            }
            // Its twin is under way.
            (409, _) => false,
            // Nothing can be written. What is said of this order holds, unless it is asked for
            // again and placed.
            (503, _) => {
                let sure = answer.changed_nothing();
                post.refused |= sure;
                self.unsure |= !sure;
                false
            }
            (422, Some(due)) => {
                let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                if problem["code"] != due {
                    let code = &problem["code"];
                    client.door.common.say_odd(format!("{key}: {code}, and not {due}"));
                }
                client.door.common.refused.fetch_add(1, Ordering::Relaxed);
                true
            }
            _ => {
                post.refused = true;
                true
            }
        }
    }
}
