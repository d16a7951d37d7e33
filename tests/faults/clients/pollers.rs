//! Clients that poll the events, and the log as it is in the end, which is read so too.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Ear, Until,
    http::{Ask, Client, Door},
    lock, moment, seq_of,
};
use crate::history::{Digest, Event, Heard};

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    events: Vec<Row<'a>>,
    cursor: String,
    more: bool,
    #[serde(default)]
    snapshot: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Row<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    order: &'a RawValue,
}

/// Polls until it has come to where `until` says.
pub(crate) async fn poll(door: Door, ear: Ear, until: Until, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let filter = lock(&ear).filter.parameters();
    let mut client = Client::new(door);
    let mut after = "earliest".to_owned();
    loop {
        let limit = random.random_range(1..=100);
        let path = format!("/api/events?limit={limit}&after={after}{filter}");
        let answer = client.send(Ask::get(&path)).await.filter(|answer| answer.status == 200);
        if let Some(answer) = answer {
            let Ok(page) = serde_json::from_slice::<Page<'_>>(&answer.body) else {
                client.door.common.say_odd(format!("{path}: no page"));
                return;
            };
            let mut reader = lock(&ear);
            if page.snapshot.is_some() {
                let reason = "a poll".to_owned();
                reader.heard.push(Heard::Snapshot { seq: 0, reason, orders: Vec::new() });
            }
            for row in page.events {
                let digest = Digest::of(row.order.get());
                let seq = seq_of(&row.id).unwrap_or(0);
                reader.heard.push(Heard::Event { seq, kind: row.kind, digest });
            }
            let seq = seq_of(&page.cursor).unwrap_or(0);
            reader.heard.push(Heard::Reached { seq });
            after = page.cursor;
            if until.borrow().is_some_and(|until| seq >= until) {
                return;
            }
            if page.more {
                continue;
            }
        }
        moment(&mut random, 40..200).await;
    }
}

/// The log from its beginning to its end.
pub(crate) async fn log(client: &mut Client) -> Result<Vec<Event>, String> {
    let mut log = Vec::new();
    let mut after = "earliest".to_owned();
    loop {
        let path = format!("/api/events?limit=1000&after={after}");
        let answer = client.insist(Ask::get(&path)).await?;
        let page: Page<'_> =
            serde_json::from_slice(&answer.body).map_err(|error| format!("the log: {error}"))?;
        for row in page.events {
            let seq = seq_of(&row.id).ok_or("the log: an id that is none")?;
            let event = Event::parse(seq, &row.kind, row.order.get());
            log.push(event.map_err(|error| format!("the log at {seq}: {error}"))?);
        }
        after = page.cursor;
        if !page.more {
            return Ok(log);
        }
    }
}

/// The open orders that a list with these parameters has, and where it stands.
pub(crate) async fn list(
    client: &mut Client,
    parameters: &str,
) -> Result<(u64, Vec<Digest>), String> {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        orders: Vec<&'a RawValue>,
        cursor: String,
    }
    let path = format!("/api/orders?{}", parameters.trim_start_matches('&'));
    let answer = client.insist(Ask::get(path.trim_end_matches('?'))).await?;
    let list: List<'_> =
        serde_json::from_slice(&answer.body).map_err(|error| format!("{path}: {error}"))?;
    let at = seq_of(&list.cursor).ok_or("a list without a position")?;
    Ok((at, list.orders.iter().map(|order| Digest::of(order.get())).collect()))
}
