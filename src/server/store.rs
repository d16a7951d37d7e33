//! 3 · The log: what is durable, behind one trait, so that a second engine can
//! stand in without touching a caller.
//!
//! An engine keeps an append-only log of changes, and beside it the current
//! state of each order, written in the same transaction. It decides a command
//! inside that transaction by the rules of [`crate::domain`], so they are the
//! same for every engine. After the commit it tells its [`CommitSink`], in commit
//! order, then answers whoever sent the command, then has the sink announce it.
//! Readers of the store may see a commit a moment before the sink hears of it.

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::tracking::{TokenDigest, TrackingKey};
use crate::{
    domain::{
        Actor, Change, Channel, FoodOrder, Location, NewOrder, OrderId, OrderStatus, Profile,
        Promise, Promises, Refusal, Screen, ScreenName, UnixMillis, Version,
    },
    wire::{Epoch, EventFacts, EventId, Seq, StreamFilter, Wall},
};

mod fingerprint;
pub mod sqlite;
pub mod webhooks;

pub use fingerprint::Fingerprint;
pub use sqlite::SqliteStore;
pub use webhooks::WebhookStore;

/// Locations with channels, and where the last event of each stands.
pub type Sides = Vec<(Location, Channel, Seq)>;

/// Which orders of a list somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// So many at most.
    pub limit: usize,
    /// Those that have changed at or after this; none for all.
    pub since: Option<UnixMillis>,
    /// Those that are called so, by number or name, in lower case; none for all.
    pub called: Option<String>,
}

impl Wanted {
    /// Whether somebody who asks for a number or a name means `order`.
    #[must_use]
    pub fn calls(&self, order: &FoodOrder) -> bool {
        self.called.as_ref().is_none_or(|called| order.is_called(called, str::to_lowercase))
    }
}

/// Where orders are kept. Every future may be dropped at any time; a command
/// whose future was dropped may still be carried out.
pub trait Store: Send + Sync + 'static {
    /// Which log this is.
    fn epoch(&self) -> Epoch;

    /// Places an order, or finds the one that the same key or the same
    /// external id has placed before. Durable when this returns.
    fn place(&self, placement: Placement) -> BoxFuture<'_, Result<Placed, PlaceError>>;

    /// The order that the same key or the same external id has placed before.
    fn placed_before(
        &self,
        sought: Sought,
    ) -> BoxFuture<'_, Result<Option<PlacedBefore>, Unavailable>>;

    /// Changes an order. Durable when this returns.
    fn change(
        &self,
        id: OrderId,
        change: Change,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<Bytes, ChangeError>>;

    /// Makes the tokens of tracking pages.
    fn tracking_key(&self) -> TrackingKey;

    /// The order whose tracking page has this token.
    fn tracked(&self, token: TokenDigest) -> BoxFuture<'_, Result<Option<FoodOrder>, Unavailable>>;

    /// Erases what tells of a person from an order, its events and whatever else
    /// is kept of it, and appends an event that says so. When this returns, nobody
    /// reads it any more, and the answer says whether the bytes are gone from the
    /// disk. An order that is erased stays as it is, and is answered like that.
    fn erase(&self, erasure: Erasure) -> BoxFuture<'_, Result<Erased, EraseError>>;

    /// The same for orders that nobody has touched since `before`, the oldest
    /// first and some at a time, without waiting for the disk. How many there were.
    /// One that cannot be read is left, and the log says so.
    fn erase_old(
        &self,
        before: UnixMillis,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<u64, Unavailable>>;

    /// The orders that somebody on this machine has asked to have erased, by the
    /// command line: see [`sqlite::ask_to_erase`].
    fn erasures_asked(&self) -> BoxFuture<'_, Result<Vec<OrderId>, Unavailable>>;

    /// Events after a position in order, at most `limit`.
    fn events(&self, after: Seq, limit: usize) -> BoxFuture<'_, Result<EventPage, Unavailable>>;

    /// The same as it is on this side of `wall`: no other event, and no position
    /// that would tell of one.
    fn events_behind(
        &self,
        wall: Wall,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<EventPage, Unavailable>>;

    /// Every location with every channel that orders of it came over, and the
    /// position of the last event there.
    fn sides(&self) -> BoxFuture<'_, Result<Sides, Unavailable>>;

    /// Those of `orders` that there are on this side of `wall`.
    fn of_these(
        &self,
        wall: Wall,
        orders: Vec<OrderId>,
    ) -> BoxFuture<'_, Result<Vec<OrderId>, Unavailable>>;

    /// The orders on the board that `filter` shows and the position they stand at, read at one moment.
    fn snapshot(&self, filter: StreamFilter) -> BoxFuture<'_, Result<StoredOrders, Unavailable>>;

    /// Orders of any status that `filter` shows and `wanted` asks for, the last
    /// changed first, and the position they stand at, read at one moment.
    fn list(
        &self,
        filter: StreamFilter,
        wanted: Wanted,
    ) -> BoxFuture<'_, Result<StoredOrders, Unavailable>>;

    /// One order with what is still kept of its history, oldest first.
    fn history(&self, id: OrderId) -> BoxFuture<'_, Result<Option<History>, Unavailable>>;

    /// One order as it is.
    fn order(&self, id: OrderId) -> BoxFuture<'_, Result<Option<FoodOrder>, Unavailable>>;

    /// Notes which screens have shown which orders. An order that there is not,
    /// a screen that has shown it before, and one more than are noted change nothing.
    fn note_seen(&self, seen: Vec<Seen>) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// A setting that outlives the process: none when it was never set.
    fn setting(&self, name: Setting) -> BoxFuture<'_, Result<Option<String>, Unavailable>>;

    /// Sets a setting. Durable when this returns.
    fn set(&self, name: Setting, value: String) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// Promises what is on the board and was placed by a version that promised
    /// nothing, as if it had. Before anybody reads; how many orders there were.
    fn promise_the_old(&self, promises: Promises) -> BoxFuture<'_, Result<u64, Unavailable>>;

    /// Every order on the board, and those that were changed at or after `since`.
    fn recent(&self, since: UnixMillis) -> BoxFuture<'_, Result<Vec<FoodOrder>, Unavailable>>;

    /// When orders were placed, at or after `since`, and through which channel, the
    /// first first.
    fn arrivals(
        &self,
        since: UnixMillis,
    ) -> BoxFuture<'_, Result<Vec<(Channel, UnixMillis)>, Unavailable>>;

    /// Lets go of events of before `before`, and of idempotency keys of before
    /// `keys_before`. The orders themselves stay. How many events went.
    fn prune(
        &self,
        before: UnixMillis,
        keys_before: UnixMillis,
    ) -> BoxFuture<'_, Result<u64, Unavailable>>;

    /// Every screen, by name.
    fn screens(&self) -> BoxFuture<'_, Result<Vec<Screen>, Unavailable>>;

    /// The screen of this name.
    fn screen(&self, name: ScreenName) -> BoxFuture<'_, Result<Option<Screen>, Unavailable>>;

    /// Keeps a screen: makes it where `expected` is none, changes it where it
    /// stands at that version. Durable when this returns.
    fn put_screen(
        &self,
        name: ScreenName,
        profile: Profile,
        expected: Option<Version>,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<Screen, ScreenError>>;

    /// Lets go of a screen, if it stands at version `expected` where one is
    /// said. Durable when this returns.
    fn delete_screen(
        &self,
        name: ScreenName,
        expected: Option<Version>,
    ) -> BoxFuture<'_, Result<(), ScreenError>>;

    /// What is kept of webhooks.
    fn webhooks(&self) -> &dyn WebhookStore;

    /// Whether a write would be durable now.
    fn check(&self) -> BoxFuture<'_, Result<(), Unavailable>>;
}

/// Who hears of commits. Must be quick; the next commit waits for it.
pub trait CommitSink: Send + Sync + 'static {
    /// These changes are durable. Called in commit order, before whoever sent
    /// the commands is answered.
    fn committed(&self, changes: &[Committed]);

    /// Whoever sent the commands is answered: now is the time for work that
    /// they need not wait for, such as waking all who follow along.
    fn announce(&self);
}

/// A change that is durable, with the order that it made.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The row of the log.
    pub event: StoredEvent,
    /// The order after it.
    pub order: FoodOrder,
}

/// A row of the log. The order's JSON is serialised once, when it is appended:
/// the log, the order's row, the stream and the answer share it.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its position.
    pub seq: Seq,
    /// What filters look at.
    pub facts: EventFacts,
    /// The order after it, as JSON.
    pub order_json: Bytes,
}

/// An order to be placed.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The order.
    pub order: NewOrder,
    /// The id it gets, unless it was placed before.
    pub id: OrderId,
    /// The time.
    pub at: UnixMillis,
    /// The business day that its number counts in, as `yyyymmdd`.
    pub business_day: i32,
    /// The client's idempotency key.
    pub key: Option<String>,
    /// Who has sent it, where that is not the channel's customer.
    pub by: Option<Actor>,
    /// What tells another order from a repeat of this one.
    pub fingerprint: Fingerprint,
    /// What it is promised.
    pub promise: Promise,
    /// By what its tracking page is found.
    pub tracking: TokenDigest,
    /// Why no new order is taken now; then only a repeat is answered.
    pub paused: Option<Paused>,
}

/// What an order may have been placed by before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The client's idempotency key.
    pub key: Option<String>,
    /// The channel and its own id of the order.
    pub source: Option<(Location, Channel, String)>,
}

/// An order that was placed before.
#[derive(Clone, Debug)]
pub struct PlacedBefore {
    /// Its id.
    pub id: OrderId,
    /// What tells another order from a repeat of this one.
    pub fingerprint: Fingerprint,
    /// When it was placed.
    pub placed_at: UnixMillis,
    /// The order as it was placed, as JSON.
    pub order_json: Bytes,
}

/// No new order is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// Until when.
    pub until: UnixMillis,
    /// For how long from now, in milliseconds.
    pub for_millis: i64,
    /// Why, in the words of whoever paused.
    pub reason: Option<String>,
}

/// A wish to erase what tells of a person from an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Which order.
    pub order: OrderId,
    /// Even if somebody still has work with it, and may need what goes.
    pub while_open: bool,
    /// Who wishes it.
    pub actor: Actor,
    /// When.
    pub at: UnixMillis,
}

/// An order that is erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The order as it is, as JSON.
    pub order_json: Bytes,
    /// Whether its bytes are gone from the disk; if not, they go by themselves when
    /// whoever reads an old state of the store is done.
    pub from_disk: bool,
}

/// A setting that outlives the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The intake switch, as JSON.
    Intake,
}

/// A screen has shown an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which order.
    pub order: OrderId,
    /// Which screen.
    pub screen: String,
    /// When.
    pub at: UnixMillis,
}

/// An order that is durable.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its id.
    pub id: OrderId,
    /// The order as it was placed, as JSON.
    pub order_json: Bytes,
    /// Whether it was there before.
    pub replayed: bool,
}

/// Why an order was not placed.
#[derive(Clone, Debug)]
pub enum PlaceError {
    /// The key, or the channel's external id, belongs to another order.
    KeyReused {
        /// Whether by `Idempotency-Key`; else by external id.
        by_key: bool,
        /// The order it belongs to.
        order: OrderId,
    },
    /// No new order is taken now.
    Paused(Paused),
    /// Nothing was written.
    Unavailable(Unavailable),
}

/// Why an order was not changed.
#[derive(Clone, Debug)]
pub enum ChangeError {
    /// There is no such order.
    NotFound,
    /// The rules forbid it.
    Refused(Refusal),
    /// Nothing was written.
    Unavailable(Unavailable),
}

/// Why an order was not erased.
#[derive(Clone, Debug)]
pub enum EraseError {
    /// There is no such order.
    NotFound,
    /// Somebody still has work with it.
    Open(OrderStatus),
    /// Nothing was written.
    Unavailable(Unavailable),
}

/// Why a screen was not changed.
#[derive(Clone, Debug)]
pub enum ScreenError {
    /// There is no such screen.
    NotFound,
    /// It stands at another version.
    Stale(Version),
    /// There are as many as there may be.
    TooMany,
    /// Nothing was written.
    Unavailable(Unavailable),
}

/// The engine cannot do its work now; nothing is lost, and it may work again later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the order store is not available: {why}")]
pub struct Unavailable {
    /// What the trouble is.
    pub why: String,
    /// Whether what was to be written may stand there all the same, or come to stand
    /// there when the program is started again: nobody can say now.
    pub unsure: bool,
}

impl Unavailable {
    /// Nothing was changed.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), unsure: false }
    }

    /// What became of it is not known.
    pub fn unsure(why: impl Into<String>) -> Self {
        Self { why: why.into(), unsure: true }
    }

    /// The same, of whoever has written something before.
    #[must_use]
    pub fn behind_a_write(self) -> Self {
        Self { unsure: true, ..self }
    }
}

/// Events after a position.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events, in order; of those on this side of the wall without a gap.
    pub events: Vec<StoredEvent>,
    /// The position of the last event on this side of the wall that is no longer
    /// kept; without a wall, the log begins after it.
    pub floor: Seq,
    /// The position of the last event on this side of the wall when they were read.
    pub last: Seq,
    /// The newest position of all when they were read. Nobody behind a wall is told it.
    pub head: Seq,
}

/// Orders with the position they stand at.
#[derive(Clone, Debug)]
pub struct StoredOrders {
    /// The orders, each as JSON.
    pub orders: Vec<Bytes>,
    /// Where the log stood, as far as it is to be known on this side of the wall:
    /// there is no event here between this and `head`.
    pub cursor: EventId,
    /// Where the log stood.
    pub head: Seq,
    /// Whether there were more than asked for, or may be more than were looked at.
    pub more: bool,
}

/// One order with its history.
#[derive(Clone, Debug)]
pub struct History {
    /// The order as it is, as JSON.
    pub order_json: Bytes,
    /// What happened to it, oldest first.
    pub events: Vec<StoredEvent>,
    /// Which screens have shown it, the first first.
    pub seen: Vec<Seen>,
}
