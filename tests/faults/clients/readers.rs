//! Readers of the stream, as browsers are: whoever is cut off comes back with the last id.

use std::{sync::atomic::Ordering, time::Duration};

use http_body_util::BodyExt as _;
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::{Value, value::RawValue};
use tokio::time::timeout;

use super::{
    Ear, Until,
    http::{Ask, Client, Door},
    lock, moment, seq_of,
    stream::{Frame, Frames},
};
use crate::history::{Digest, Heard};

/// Who hears nothing for so long, no heartbeat either, comes anew.
const SILENCE: Duration = Duration::from_secs(3);

/// How a reader comes for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comes {
    Now,
    Earliest,
    WithSnapshot,
}

impl Comes {
    fn parameter(self) -> &'static str {
        match self {
            Self::Now => "",
            Self::Earliest => "&after=earliest",
            Self::WithSnapshot => "&snapshot=1",
        }
    }
}

/// Reads until it has come to where `until` says, and on to the heartbeat after that.
pub(crate) async fn read(door: Door, comes: Comes, gzip: bool, ear: Ear, until: Until, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let filter = lock(&ear).filter.parameters();
    let path = format!(
        "/live-orders?{}",
        format!("{}{filter}", comes.parameter()).trim_start_matches('&')
    );
    let mut client = Client::new(door);
    let mut last_id = String::new();
    loop {
        let mut headers = Vec::new();
        if !last_id.is_empty() {
            headers.push(("last-event-id", &*last_id));
        }
        if gzip {
            headers.push(("accept-encoding", "gzip"));
        }
        let ask = Ask { headers: &headers, ..Ask::get(&path) };
        let opened = client.open(ask).await;
        if let Some(mut response) = opened.filter(|response| response.status() == 200) {
            client.door.common.streams.fetch_add(1, Ordering::Relaxed);
            let mut frames = Frames::new(response.headers().contains_key("content-encoding"));
            while let Ok(Some(Ok(piece))) = timeout(SILENCE, response.body_mut().frame()).await {
                let Ok(piece) = piece.into_data() else { break };
                let came = frames.push(&piece).unwrap_or_else(|error| {
                    client.door.common.say_odd(format!("{path}: {error}"));
                    Vec::new()
                });
                for frame in came {
                    // What came behind the last event was heard by then, too.
                    let over = frame.event == "heartbeat" && has_come_to(&last_id, &until);
                    hear(&frame, &mut last_id, &ear, &client);
                    if over {
                        return;
                    }
                }
            }
            lock(&ear).heard.push(Heard::Broken);
        }
        moment(&mut random, 20..150).await;
    }
}

fn has_come_to(last_id: &str, until: &Until) -> bool {
    until.borrow().is_some_and(|until| seq_of(last_id).is_some_and(|seq| seq >= until))
}

fn hear(frame: &Frame, last_id: &mut String, ear: &Ear, client: &Client) {
    if !frame.id.is_empty() {
        frame.id.clone_into(last_id);
    }
    let seq = seq_of(&frame.id);
    let heard = match (&*frame.event, seq) {
        ("hello", _) => {
            let hello: Value = serde_json::from_str(&frame.data).unwrap_or_default();
            // Where a snapshot follows, that is the position.
            match (hello["cursor"].as_str().and_then(seq_of), seq) {
                (Some(after), Some(_)) => Some(Heard::Opened { after }),
                (Some(_), None) => return,
                _ => None,
            }
        }
        ("heartbeat" | "bye", Some(seq)) => Some(Heard::Reached { seq }),
        ("snapshot", Some(seq)) => snapshot(seq, &frame.data),
        ("bye", None) => return,
        (event, Some(seq)) if event.starts_with("order.") => {
            Some(Heard::Event { seq, kind: event.to_owned(), digest: Digest::of(&frame.data) })
        }
        _ => None,
    };
    match heard {
        Some(heard) => lock(ear).heard.push(heard),
        None => client.door.common.say_odd(format!("what is this: {frame:.300?}")),
    }
}

fn snapshot(seq: u64, data: &str) -> Option<Heard> {
    #[derive(serde::Deserialize)]
    struct Snapshot<'a> {
        reason: String,
        #[serde(borrow)]
        orders: Vec<&'a RawValue>,
    }
    let snapshot: Snapshot<'_> = serde_json::from_str(data).ok()?;
    let orders = snapshot.orders.iter().map(|order| Digest::of(order.get())).collect();
    Some(Heard::Snapshot { seq, reason: snapshot.reason, orders })
}
