//! Who places orders: each under a key of its own, asked for again until there is an
//! answer, by some even after there was one, and by some twice at once.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::{
    Known, Tries,
    http::{Ask, Client, Door, TO_ORDERS},
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

/// One that places orders until closing time.
pub(crate) async fn place(door: Door, seed: u64, index: u64) {
    let mut random = StdRng::seed_from_u64(seed.wrapping_mul(1000) + index);
    let (mut client, mut second) = (Client::new(door.clone()), Client::new(door));
    for count in 0.. {
        if client.door.common.is_closing() {
            return;
        }
        let key = format!("{seed}-{index}-{count}");
        let (order, named) = order_of(&key, &mut random);
        let mut post = Post { key: key.clone(), asked: order.clone(), ..Post::default() };
        let mut writer = Writer { order, named, unsure: false };
        if random.random_bool(0.05) {
            let mut twin = Post::default();
            let mut other = Writer { order: writer.order.clone(), ..writer };
            tokio::join!(
                writer.ask(&mut client, &key, &mut post),
                other.ask(&mut second, &key, &mut twin)
            );
            post.acknowledged.append(&mut twin.acknowledged);
            writer.unsure |= other.unsure;
        }
        // Some never learn what became of it.
        let asks_once = random.random_bool(0.05);
        let mut tries = if asks_once { Tries::one() } else { Tries::new() };
        let mut answered = !post.acknowledged.is_empty();
        while !answered && tries.next() {
            answered = writer.ask(&mut client, &key, &mut post).await;
            moment(&mut random, 20..150).await;
        }
        if !answered && !asks_once {
            client.door.common.say_odd(format!("{key}: never answered"));
        }
        if random.random_bool(0.1) {
            writer.ask(&mut client, &key, &mut post).await;
        }
        post.refused &= !writer.unsure && post.acknowledged.is_empty();
        lock(&client.door.common.posts).push(post);
        moment(&mut random, 10..70).await;
    }
}

struct Writer {
    order: Value,
    named: bool,
    /// Whether an answer was lost: it may have been placed.
    unsure: bool,
}

impl Writer {
    /// Asks once; whether there is an answer for good.
    async fn ask(&mut self, client: &mut Client, key: &str, post: &mut Post) -> bool {
        let headers = [("idempotency-key", key)];
        let mut ask = Ask::post("/api/orders", &self.order, TO_ORDERS);
        if !self.named {
            ask.headers = &headers;
        }
        let Some(answer) = client.send(ask).await else {
            self.unsure = true;
            return false;
        };
        match answer.status {
            201 => {
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
                }
                true
            }
            // Its twin is under way, or nothing can be written.
            409 | 503 => {
                self.unsure |= answer.status == 503;
                false
            }
            _ => {
                post.refused = true;
                true
            }
        }
    }
}
