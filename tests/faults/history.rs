//! What every client saw, as plain data: the checker reads nothing else, and what a
//! broken run saw is left in a file.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::filter::Filter;

/// All that was seen in one run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct History {
    /// What clients wanted to be placed.
    pub(crate) posts: Vec<Post>,
    /// What staff wanted to be changed.
    pub(crate) changes: Vec<Change>,
    /// What those were told who looked at one order.
    pub(crate) looks: Vec<Look>,
    /// What readers of streams were told, and clients that poll.
    pub(crate) readers: Vec<Reader>,
    /// What receivers of webhooks were sent.
    pub(crate) hooks: Vec<Hook>,
    /// How many faults there were that may have lost a receiver's answer, or the note of it.
    pub(crate) disturbances: u64,
    /// The log, when all was over.
    pub(crate) log: Vec<Event>,
    /// The open orders that the server lists then, by filter.
    pub(crate) lists: BTreeMap<String, Vec<Digest>>,
    /// Where the log ended.
    pub(crate) head: u64,
    /// What nobody may see at all: a panic, an answer that there is not, a store that its
    /// own check finds fault with.
    pub(crate) odd: Vec<String>,
}

/// The bytes of an order, in short: the log, the streams, the lists and the webhooks
/// carry the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(crate) struct Digest(u64);

impl Digest {
    pub(crate) fn of(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// An order that somebody wanted to be placed, under a key of its own unless that is what
/// is wrong with it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Post {
    /// What it is known by: its customer's name, and its key where that is its own.
    pub(crate) key: String,
    /// What was asked for: the order has all of it, and more.
    pub(crate) asked: Value,
    /// What each answer told that said yes.
    pub(crate) acknowledged: Vec<Told>,
    /// Whether nothing of it may be there: it has to be refused, or an answer said for good
    /// that it is not placed, and no other was lost.
    pub(crate) refused: bool,
}

/// What an answer that said yes told of an order.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Told {
    pub(crate) order: String,
    pub(crate) version: u64,
    pub(crate) digest: Digest,
}

impl Told {
    /// What `body` tells; none where it is not an order.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Head {
            id: String,
            version: u64,
        }
        let text = std::str::from_utf8(body).ok()?;
        let Head { id, version } = serde_json::from_str(text).ok()?;
        // Whoever places an order is told the address of its page too, behind the rest.
        let digest = match text.rsplit_once(",\"tracking_url\":") {
            Some((order, _)) => Digest::of(&format!("{order}}}")),
            None => Digest::of(text),
        };
        Some(Self { order: id, version, digest })
    }
}

/// What somebody wants of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Wish {
    /// That it goes to this status.
    To(String),
    /// That one line is marked.
    Line { line: u32, status: String },
    /// That a station's lines are marked.
    Station { station: String, status: String },
    /// That it goes before all others, or not.
    Rush(bool),
    /// That nobody need be told any more that it is cancelled.
    Know,
}

/// A change that somebody wanted, signed so that the log tells it from all others.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Change {
    /// How it is signed.
    pub(crate) sign: String,
    /// Of which order.
    pub(crate) order: String,
    /// The version that it changes.
    pub(crate) expected: u64,
    /// What was wanted.
    pub(crate) wish: Wish,
    /// What the answer told, if there was one that said yes.
    pub(crate) acknowledged: Option<Told>,
    /// Whether an answer said for good that it is not done, and no other was lost.
    pub(crate) refused: bool,
}

/// What somebody was told who looked how an order stands.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Look {
    pub(crate) order: String,
    /// The version that was acknowledged before they asked; 0 where none was.
    pub(crate) at_least: u64,
    /// The version that they were told; none where they were told that it is not there.
    pub(crate) told: Option<u64>,
}

/// One reader over all its connections.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Reader {
    pub(crate) name: String,
    pub(crate) filter: Filter,
    /// Whether it was to have all from the beginning on.
    pub(crate) from_earliest: bool,
    /// What it was told, in the order in which it was.
    pub(crate) heard: Vec<Heard>,
}

/// What a reader was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Heard {
    /// The stream is open, and goes on after this position.
    Opened { after: u64 },
    /// An event.
    Event { seq: u64, kind: String, digest: Digest },
    /// Everything up to here was told.
    Reached { seq: u64 },
    /// Open orders, in place of all that was known.
    Snapshot { seq: u64, reason: String, orders: Vec<Digest> },
    /// The connection is gone.
    Broken,
}

/// One webhook.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Hook {
    pub(crate) name: String,
    pub(crate) filter: Filter,
    /// What its receiver accepted, in the order in which it came.
    pub(crate) accepted: Vec<Delivery>,
}

/// One message that a receiver accepted.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delivery {
    /// Its id, by which a repeat is known.
    pub(crate) message: String,
    /// Whether it was signed with the webhook's secret.
    pub(crate) signed: bool,
    pub(crate) seq: u64,
    pub(crate) kind: String,
    pub(crate) digest: Digest,
}

/// One row of the log.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) seq: u64,
    pub(crate) kind: String,
    pub(crate) digest: Digest,
    /// What the checker goes by.
    #[serde(skip)]
    pub(crate) order: Arc<Order>,
    /// All that is told of the order.
    #[serde(rename = "order")]
    pub(crate) whole: Value,
}

impl Event {
    /// The event that has `text` for its order.
    pub(crate) fn parse(seq: u64, kind: &str, text: &str) -> Result<Self, serde_json::Error> {
        let whole: Value = serde_json::from_str(text)?;
        let order = Arc::new(Order::deserialize(&whole)?);
        Ok(Self { seq, kind: kind.to_owned(), digest: Digest::of(text), order, whole })
    }
}

/// What the checker looks at in an order. Written down anew, so that it does not agree
/// with the program by sharing its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) number: u32,
    pub(crate) location: String,
    pub(crate) version: u64,
    pub(crate) status: String,
    pub(crate) source: Source,
    pub(crate) fulfilment: Fulfilment,
    pub(crate) customer: Customer,
    pub(crate) items: Vec<Item>,
    pub(crate) flags: Flags,
    pub(crate) times: Times,
    pub(crate) last_change: LastChange,
}

impl Order {
    pub(crate) fn is_open(&self) -> bool {
        ["placed", "accepted", "preparing", "ready", "out_for_delivery"].contains(&&*self.status)
    }

    pub(crate) fn is_on_board(&self) -> bool {
        self.is_open() || self.flags.cancel_unseen
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) channel: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fulfilment {
    #[serde(rename = "type")]
    pub(crate) service: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) quantity: u32,
    pub(crate) station: String,
    pub(crate) status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flags {
    pub(crate) rush: bool,
    pub(crate) held: bool,
    pub(crate) cancel_unseen: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) placed_at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastChange {
    pub(crate) from: Option<String>,
    pub(crate) to: String,
    pub(crate) what: String,
    pub(crate) actor: Actor,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Actor {
    pub(crate) kind: String,
    pub(crate) id: String,
}
