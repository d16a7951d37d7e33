//! What the store keeps of webhooks: where they go, how far each has come, what
//! waits to be sent again, what was tried, and the secrets of channels that sign.

use std::collections::HashMap;

use futures_util::future::BoxFuture;

use super::Unavailable;
use crate::{
    domain::{Channel, Location, OrderId, UnixMillis},
    server::webhooks::{Keys, WebhookId},
    wire::{EventKind, Seq, StreamFilter},
};

/// The part of a [`Store`](super::Store) that webhooks need. What changes
/// something is durable when it returns.
pub trait WebhookStore: Send + Sync {
    /// Every webhook, the first made first.
    fn all(&self) -> BoxFuture<'_, Result<Vec<Webhook>, Unavailable>>;

    /// What the couriers of those that are on go by.
    fn plans(&self) -> BoxFuture<'_, Result<HashMap<WebhookId, Plan>, Unavailable>>;

    /// One webhook with how many events wait to be sent again.
    fn one(&self, id: WebhookId) -> BoxFuture<'_, Result<Option<Webhook>, Unavailable>>;

    /// Keeps a new one; false when there are `most` already.
    fn add(&self, webhook: Webhook, most: usize) -> BoxFuture<'_, Result<bool, Unavailable>>;

    /// Changes address, description, filter and secrets, and does with it what
    /// [`WebhookStore::switch`] does where `switch` is one; nothing else.
    fn save(
        &self,
        webhook: Webhook,
        switch: Option<Switch>,
    ) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// Lets go of a webhook and all that is kept of it; false when there is none.
    fn remove(&self, id: WebhookId) -> BoxFuture<'_, Result<bool, Unavailable>>;

    /// Switches a webhook on or off. One that is switched on tries everything
    /// that waits at once, and as if for the first time.
    fn switch(&self, id: WebhookId, switch: Switch) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// Sets where a webhook goes on, and drops what waits.
    fn rewind(&self, id: WebhookId, after: Seq) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// Has one event wait to be sent.
    fn enqueue(&self, id: WebhookId, waiting: Waiting) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// The orders of which something waits.
    fn orders_waiting(&self, id: WebhookId) -> BoxFuture<'_, Result<Vec<OrderId>, Unavailable>>;

    /// What waits of `orders`.
    fn waiting(
        &self,
        id: WebhookId,
        orders: Vec<OrderId>,
    ) -> BoxFuture<'_, Result<Vec<Waiting>, Unavailable>>;

    /// Notes how far a webhook has come, all at once.
    fn record(&self, id: WebhookId, progress: Progress) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// Notes one attempt that concerns no event.
    fn note_attempt(
        &self,
        id: WebhookId,
        attempt: Attempt,
    ) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// Attempts before the one with the number `before`, the last first.
    fn attempts(
        &self,
        id: WebhookId,
        before: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Attempted>, Unavailable>>;

    /// One attempt.
    fn attempt(
        &self,
        id: WebhookId,
        number: u64,
    ) -> BoxFuture<'_, Result<Option<Attempted>, Unavailable>>;

    /// Lets go of attempts of before `before` and of all but the last `most` of
    /// each webhook, and of secrets that are no longer good at `now`.
    fn tidy(
        &self,
        before: UnixMillis,
        most: usize,
        now: UnixMillis,
    ) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// The channels that sign, by name.
    fn channels(&self) -> BoxFuture<'_, Result<Vec<SigningChannel>, Unavailable>>;

    /// One of them.
    fn channel(
        &self,
        channel: Channel,
    ) -> BoxFuture<'_, Result<Option<SigningChannel>, Unavailable>>;

    /// Keeps a channel's secrets in the place of those it had.
    fn put_channel(&self, channel: SigningChannel) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// Notes at `now` that a message was let through, to be remembered until
    /// `until`; false when it was before.
    fn let_through(
        &self,
        seen: Seen,
        now: UnixMillis,
        until: UnixMillis,
    ) -> BoxFuture<'_, Result<bool, Unavailable>>;

    /// Forgets a message that was let through: nothing came of it.
    fn forget(&self, seen: Seen) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// Lets go of a channel's secrets; false when it has none.
    fn remove_channel(&self, channel: Channel) -> BoxFuture<'_, Result<bool, Unavailable>>;
}

/// Where events are sent to, and how far that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Its address.
    pub url: String,
    /// What it is for, in somebody's words.
    pub description: Option<String>,
    /// Which events it wants.
    pub filter: StreamFilter,
    /// Its secrets.
    pub keys: Keys,
    /// Whether it is on.
    pub switch: Switch,
    /// Every event up to here was taken up: it was sent, is not wanted, or waits.
    pub cursor: Seq,
    /// How many events wait.
    pub waiting: u64,
    /// Up to here, events were let go of before it could be sent them.
    pub missed: Option<Seq>,
    /// Since when nothing was accepted though something was sent.
    pub failing_since: Option<UnixMillis>,
    /// Until when the receiver has asked to be left alone.
    pub held_until: Option<UnixMillis>,
    /// When something was last accepted.
    pub delivered_at: Option<UnixMillis>,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// What a courier goes by: when another process has changed it, the courier goes on
/// with what it is then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The address, the filter and the secrets, as they are kept.
    pub kept: [String; 4],
}

/// Whether a webhook is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Whether it is.
    pub state: SwitchState,
    /// Why it is not.
    pub why: Option<String>,
    /// Since when it stands so.
    pub since: UnixMillis,
}

impl Switch {
    /// On since `since`.
    #[must_use]
    pub fn on(since: UnixMillis) -> Self {
        Self { state: SwitchState::On, why: None, since }
    }

    /// Turned on or off by somebody at `now`; none where it is so already.
    #[must_use]
    pub fn turned(&self, on: bool, now: UnixMillis) -> Option<Self> {
        match (on, self.state) {
            (true, SwitchState::On) | (false, SwitchState::Off) => None,
            (true, _) => Some(Self::on(now)),
            (false, _) => {
                let why = Some("somebody switched it off".to_owned());
                Some(Self { state: SwitchState::Off, why, since: now })
            }
        }
    }
}

/// Whether a webhook is on, and who switched it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchState {
    /// Events are sent.
    On,
    /// Somebody switched it off, or its receiver did.
    Off,
    /// It was switched off because it failed for too long.
    Broken,
}

impl SwitchState {
    /// Every one.
    const ALL: [Self; 3] = [Self::On, Self::Off, Self::Broken];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Broken => "broken",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// An event that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its position.
    pub seq: Seq,
    /// Of which order.
    pub order: OrderId,
    /// What happened.
    pub kind: EventKind,
    /// How often it was tried when it was due.
    pub attempts: u32,
    /// When it first failed.
    pub failed_at: Option<UnixMillis>,
    /// Not before this.
    pub next_at: UnixMillis,
    /// When it would have been tried, had the receiver not come back.
    pub due_at: Option<UnixMillis>,
    /// The receiver has asked not to be sent it before this.
    pub not_before: Option<UnixMillis>,
}

/// How far a webhook has come since this was last noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// As in [`Webhook`].
    pub cursor: Seq,
    /// As in [`Webhook`].
    pub failing_since: Option<UnixMillis>,
    /// As in [`Webhook`].
    pub held_until: Option<UnixMillis>,
    /// As in [`Webhook`].
    pub delivered_at: Option<UnixMillis>,
    /// Events up to here were no longer kept when it came to them.
    pub missed: Option<Seq>,
    /// What waits now, or waits otherwise than before.
    pub put: Vec<Waiting>,
    /// What waits no more.
    pub done: Vec<Seq>,
    /// What was tried.
    pub attempts: Vec<Attempt>,
    /// It was switched off.
    pub off: Option<Switch>,
    /// The receiver is back: all that waits is due from here on, but for what it
    /// has asked to have later.
    pub hastened: Option<UnixMillis>,
}

/// One attempt to send something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The event and its order; none for a test.
    pub event: Option<(Seq, OrderId)>,
    /// What was sent.
    pub kind: String,
    /// The how-manieth it was, from 1.
    pub attempt: u32,
    /// When it began.
    pub at: UnixMillis,
    /// How long it took.
    pub took_ms: i64,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// What came of it.
    pub outcome: Verdict,
    /// When it is tried again.
    pub next_at: Option<UnixMillis>,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver accepted it.
    Delivered,
    /// It is tried again.
    Failed,
    /// It is not tried again: the receiver accepts others, and this one not for days.
    GivenUp,
}

impl Verdict {
    const ALL: [Self; 3] = [Self::Delivered, Self::Failed, Self::GivenUp];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }

    /// The verdict with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == name)
    }
}

/// An attempt that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// Its number: later ones have higher ones.
    pub number: u64,
    /// What it was.
    pub attempt: Attempt,
}

/// A channel that signs its orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningChannel {
    /// The channel.
    pub channel: Channel,
    /// Its secrets.
    pub keys: Keys,
    /// Where it may place orders; none: everywhere.
    pub locations: Vec<Location>,
    /// When it first got one.
    pub created_at: UnixMillis,
    /// When an order of it was last let through.
    pub used_at: Option<UnixMillis>,
}

/// What tells one signed message from all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The channel that has signed it.
    pub channel: Channel,
    /// Its id.
    pub id: String,
    /// When it says that it was sent, in seconds.
    pub sent: i64,
}
