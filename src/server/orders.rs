//! 2 · Commands: what can be done with orders, whoever asks for it.

use std::sync::Arc;

use bytes::Bytes;
use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time},
    tz::TimeZone,
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    clock::Clock,
    ingest::Defaults,
    kitchen::Kitchen,
    store::{ChangeError, Fingerprint, Paused, PlaceError, Placed, Placement, Store},
    tracking::{Token, TrackingKey},
};
use crate::{
    domain::{
        Actor, Change, Channel, Currency, FoodOrder, Location, NewOrder, OrderId, Promise,
        Promises, Refusal, Routing, Service, UnixMillis, change::Action,
    },
    wire::ClockChange,
};

/// How often a change is tried that somebody else is faster than.
const TRIES: u32 = 8;

/// What the configuration says of orders.
#[derive(Clone, Debug)]
pub struct OrderSettings {
    /// Location of orders that name none.
    pub location: Location,
    /// Currency of orders that name none.
    pub currency: Currency,
    /// Channel of orders that name none.
    pub channel: Channel,
    /// Stations of items that name none.
    pub routing: Routing,
    /// What orders are promised.
    pub promises: Promises,
    /// Time zone of the location.
    pub time_zone: TimeZone,
    /// When the business day begins.
    pub business_day_starts: Time,
}

impl OrderSettings {
    /// When the business day began that `at` is in.
    #[must_use]
    pub fn day_began(&self, at: UnixMillis) -> UnixMillis {
        let began = self.business_date(at).to_datetime(self.business_day_starts);
        let zoned = self.time_zone.to_ambiguous_zoned(began).compatible();
        zoned.map_or(at, |zoned| UnixMillis(zoned.timestamp().as_millisecond()))
    }

    fn business_date(&self, at: UnixMillis) -> Date {
        let local = local(at, &self.time_zone);
        if local.time() < self.business_day_starts {
            local.date().saturating_sub(1.day())
        } else {
            local.date()
        }
    }
}

/// Places orders and changes them.
pub struct Orders {
    store: Arc<dyn Store>,
    clock: Clock,
    kitchen: Arc<Kitchen>,
    settings: OrderSettings,
    tracking: TrackingKey,
}

impl Orders {
    /// Commands for `store` by the time of `clock`, as far as `kitchen` takes them.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        kitchen: Arc<Kitchen>,
        settings: OrderSettings,
    ) -> Self {
        let tracking = store.tracking_key();
        Self { store, clock, kitchen, settings, tracking }
    }

    /// What an order has that does not say otherwise.
    #[must_use]
    pub fn defaults(&self) -> Defaults {
        let OrderSettings { location, currency, channel, routing, promises, .. } =
            self.settings.clone();
        let now = self.clock.now();
        let busy = self.kitchen.intake().busy(now);
        Defaults { location, channel, currency, routing, promises, busy, now }
    }

    /// Stations of items that name none.
    #[must_use]
    pub fn routing(&self) -> &Routing {
        &self.settings.routing
    }

    /// Places `order`, or finds the one that `key` or its external id has
    /// placed before. Durable when this returns.
    ///
    /// # Errors
    /// The key or the external id belongs to another order; no order is taken
    /// now; the store cannot write.
    pub async fn place(&self, order: NewOrder, key: Option<String>) -> Result<Placed, PlaceError> {
        let fingerprint = Fingerprint::of_order(&order);
        self.place_as(order, key, fingerprint, None).await
    }

    /// Places `order`, which was read from `body` and sent `by` somebody, where
    /// that is not the channel's customer; else as [`place`](Self::place).
    ///
    /// # Errors
    /// As [`place`](Self::place).
    pub async fn place_sent(
        &self,
        order: NewOrder,
        key: Option<String>,
        body: &Value,
        by: Option<Actor>,
    ) -> Result<Placed, PlaceError> {
        let fingerprint = Fingerprint::of_body(body).and(Fingerprint::of_order(&order));
        self.place_as(order, key, fingerprint, by).await
    }

    async fn place_as(
        &self,
        order: NewOrder,
        key: Option<String>,
        fingerprint: Fingerprint,
        by: Option<Actor>,
    ) -> Result<Placed, PlaceError> {
        let at = self.clock.now();
        let id = OrderId(Uuid::now_v7());
        let placement = Placement {
            promise: self.promise(order.fulfilment.service, order.fulfilment.due_at, at),
            paused: self.paused(at),
            id,
            tracking: self.tracking.digest(id),
            at,
            business_day: self.business_day(at),
            fingerprint,
            key,
            by,
            order,
        };
        self.store.place(placement).await
    }

    /// What an order is promised that comes at `at`.
    #[must_use]
    pub fn promise(&self, service: Service, due_at: Option<UnixMillis>, at: UnixMillis) -> Promise {
        let busy = self.kitchen.intake().busy(at);
        self.settings.promises.promise(service, due_at, at, busy)
    }

    /// Why no order is taken at `at`, if none is.
    #[must_use]
    pub fn paused(&self, at: UnixMillis) -> Option<Paused> {
        let intake = self.kitchen.intake();
        let until = intake.paused_until(at)?;
        Some(Paused { until, for_millis: until.since(at), reason: intake.reason })
    }

    /// The secret by which whoever placed order `id` follows it.
    #[must_use]
    pub fn token(&self, id: OrderId) -> Token {
        self.tracking.token(id)
    }

    /// Changes an order. Durable when this returns.
    ///
    /// # Errors
    /// There is no such order; the rules forbid it; the store cannot write.
    pub async fn change(&self, id: OrderId, change: Change) -> Result<Bytes, ChangeError> {
        self.store.change(id, change, self.clock.now()).await
    }

    /// Has `actor` change an order as it stands, at whatever version that is. `wish`
    /// is asked anew when somebody else was faster; where it has none, nothing happens
    /// and there is no answer. Durable when this returns.
    ///
    /// # Errors
    /// There is no such order; the rules forbid it; the store cannot write.
    pub async fn change_standing(
        &self,
        id: OrderId,
        actor: &Actor,
        wish: impl Fn(&FoodOrder) -> Option<Action>,
    ) -> Result<Option<Bytes>, ChangeError> {
        let mut tries = 0;
        loop {
            let order = self.store.order(id).await.map_err(ChangeError::Unavailable)?;
            let order = order.ok_or(ChangeError::NotFound)?;
            let Some(action) = wish(&order) else { return Ok(None) };
            let change = Change { action, expected_version: order.version, actor: actor.clone() };
            tries += 1;
            match self.change(id, change).await {
                Err(ChangeError::Refused(Refusal::StaleVersion { .. })) if tries < TRIES => {}
                changed => return changed.map(Some),
            }
        }
    }

    /// The business day that `at` is in, as `yyyymmdd`: the day that the
    /// location's clock showed when business began.
    fn business_day(&self, at: UnixMillis) -> i32 {
        let day = self.settings.business_date(at);
        i32::from(day.year()) * 10_000 + i32::from(day.month()) * 100 + i32::from(day.day())
    }

    /// When the business day began that `at` is in.
    #[must_use]
    pub fn day_began(&self, at: UnixMillis) -> UnixMillis {
        self.settings.day_began(at)
    }

    /// When the location's clock shows `time` in the business day that `at` is in:
    /// what is before it begins is after midnight.
    #[must_use]
    pub fn today_at(&self, time: Time, at: UnixMillis) -> UnixMillis {
        let date = self.settings.business_date(at);
        let early = time < self.settings.business_day_starts;
        let date = if early { date.saturating_add(1.day()) } else { date };
        let zoned = self.settings.time_zone.to_ambiguous_zoned(date.to_datetime(time)).compatible();
        zoned.map_or(at, |zoned| UnixMillis(zoned.timestamp().as_millisecond()))
    }
}

/// What the clock on the wall of `zone` shows at `at`.
fn local(at: UnixMillis, zone: &TimeZone) -> jiff::civil::DateTime {
    let timestamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    zone.to_datetime(timestamp)
}

/// When the clocks of `zone` change after `at`, if they ever do.
#[must_use]
pub fn clock_change(at: UnixMillis, zone: &TimeZone) -> Option<ClockChange> {
    let after = Timestamp::from_millisecond(at.0).ok()?;
    let change = zone.following(after).next()?;
    let utc_offset_s = change.offset().seconds();
    Some(ClockChange { at: UnixMillis(change.timestamp().as_millisecond()), utc_offset_s })
}

/// How far `zone` is from UTC at `at`, in seconds east.
#[must_use]
pub fn utc_offset_seconds(at: UnixMillis, zone: &TimeZone) -> i32 {
    let timestamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    zone.to_offset(timestamp).seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_are_changed_where_they_are() {
        let summer = UnixMillis(1_784_635_200_000); // 2026-07-21
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let change = clock_change(summer, &berlin).expect("a change");
        // The last Sunday of October at one o'clock, by UTC.
        assert_eq!(change.at, UnixMillis(1_792_890_000_000));
        assert_eq!(change.utc_offset_s, 3_600);
        assert_eq!(utc_offset_seconds(change.at.plus(-1), &berlin), 7_200);
        assert_eq!(utc_offset_seconds(change.at, &berlin), 3_600);
        assert_eq!(clock_change(summer, &TimeZone::UTC), None);
    }
}
