//! What a stream says besides changes: hello, snapshot, heartbeat, bye.

use serde::{Deserialize, Serialize};

use super::event_id::EventId;
use crate::domain::{FoodOrder, Intake, OrderId, OrderNumber, Station, UnixMillis};

/// The first event of every stream.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The position that the stream continues from.
    pub cursor: EventId,
    /// The server's clock.
    pub server_time: UnixMillis,
    /// How often a heartbeat comes, in milliseconds.
    pub heartbeat_ms: u64,
    /// The server's version; a page of another version should be loaded anew.
    pub version: String,
}

impl Hello {
    /// The `event:` field.
    pub const NAME: &str = "hello";
}

/// The open orders at one position of the log, read in one transaction.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Why it is sent.
    pub reason: SnapshotReason,
    /// The position; the stream continues after it.
    pub cursor: EventId,
    /// The server's clock.
    pub server_time: UnixMillis,
    /// Every open order that matches the reader's filter. Last, because all
    /// that comes before is each reader's own.
    pub orders: Vec<FoodOrder>,
}

impl Snapshot {
    /// The `event:` field.
    pub const NAME: &str = "snapshot";
}

/// Why a snapshot is sent.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotReason {
    /// The reader asked with `snapshot=1`.
    Requested,
    /// The reader's id is of another log or from the future.
    UnknownId,
    /// The events after the reader's id are no longer kept.
    Pruned,
}

/// Proof of life. Its `id:` is the position that the stream has reached: every
/// event up to it that matches the filter has been sent before it.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The server's clock.
    pub server_time: UnixMillis,
    /// How many orders are on the board, whatever the filter.
    pub open: u64,
    /// How the last hour went.
    pub stats: Stats,
    /// Whether new orders are taken.
    pub intake: Intake,
    /// Orders that no screen of one of their stations has shown in time, the
    /// oldest first; at most [`UNSEEN_MOST`](Self::UNSEEN_MOST).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Unseen>,
    /// Channels that have been silent for much longer than usual. As text, which a
    /// browser reads anyway: who wants to know more of them asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiet: Vec<String>,
}

/// An order that should be on a screen and is on none.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// Which.
    pub id: OrderId,
    /// What it is called.
    pub number: OrderNumber,
    /// The stations none of whose screens has shown it.
    pub stations: Vec<Station>,
    /// Since when it should have been shown.
    pub since: UnixMillis,
}

impl Heartbeat {
    /// The `event:` field.
    pub const NAME: &str = "heartbeat";
    /// How many unseen orders one heartbeat names.
    pub const UNSEEN_MOST: usize = 20;
}

/// How the last 60 minutes went.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Orders placed.
    pub placed: u32,
    /// Orders that became ready; a recalled one counts once, when it was last made.
    pub ready: u32,
    /// Mean time from placed to ready of those, in milliseconds; none when there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_ticket_ms: Option<i64>,
    /// How many of those became ready after they were promised.
    pub late: u32,
}

/// The last event of a stream that the server ends on purpose.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye {
    /// Why.
    pub reason: ByeReason,
    /// When to come back, in milliseconds, as in the `retry:` field. Spread
    /// out, so that clients do not come back all at once.
    pub retry_ms: u64,
}

impl Bye {
    /// The `event:` field.
    pub const NAME: &str = "bye";
}

/// Why the server ends a stream.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByeReason {
    /// The server stops.
    Shutdown,
    /// The stream has reached its greatest age.
    Rotated,
    /// What it was opened with was taken back.
    Revoked,
}
