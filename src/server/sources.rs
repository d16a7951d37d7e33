//! Whether orders still come: for each channel when its last one came, how many
//! today, and whether it has been silent for much longer than usual.
//!
//! Kept in memory, from the commits; at the start from the store. What decides is
//! [`Rhythm`]. Nobody is quiet while no orders are taken, nor before the first
//! order of a business day: then the kitchen was closed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{extract::State, response::Response};

use super::{
    access::principal::Caller, error::Problem, hub::Hub, orders::OrderSettings, reads::answer,
    state::App,
};
use crate::{
    domain::{Channel, FoodOrder, UnixMillis, order::TEST_CHANNEL, rhythm::Rhythm},
    wire::{SourceHealth, SourceList},
};

/// How often it is looked whether somebody has become quiet.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// So many channels are known at most. Whoever sends orders names them.
const MOST: usize = 64;
/// How far back the store is asked at the start, in milliseconds.
pub const LOOK_BACK_MILLIS: i64 = 7 * 24 * 60 * 60 * 1000;

/// How channels are watched.
#[derive(Clone, Copy, Debug)]
pub struct SourceSettings {
    /// How many milliseconds every silence has to exceed to be one; none: nobody
    /// is ever quiet.
    pub quiet_after: Option<i64>,
}

/// The channels.
pub struct Sources {
    hub: Arc<Hub>,
    settings: SourceSettings,
    orders: OrderSettings,
    state: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    channels: BTreeMap<Channel, Source>,
    /// Since when orders are taken, if they were not at some time.
    listening_since: UnixMillis,
}

#[derive(Default)]
struct Source {
    rhythm: Rhythm,
    last: UnixMillis,
    /// Which business day is counted, by when it began.
    day: UnixMillis,
    today: u32,
}

impl Sources {
    /// No channel yet.
    #[must_use]
    pub fn new(hub: Arc<Hub>, settings: SourceSettings, orders: OrderSettings) -> Self {
        Self { hub, settings, orders, state: Mutex::default() }
    }

    /// Takes in an order as a commit left it.
    pub fn note(&self, order: &FoodOrder) {
        if order.last_change.from.is_none() {
            self.came(&order.source.channel, order.times.placed_at);
        }
    }

    /// An order of `channel` came.
    pub fn came(&self, channel: &Channel, at: UnixMillis) {
        // What is sent by hand says nothing of whoever sends orders.
        if channel.as_str() == TEST_CHANNEL {
            return;
        }
        let day = self.orders.day_began(at);
        let mut known = self.known();
        if !known.channels.contains_key(channel) && known.channels.len() >= MOST {
            let longest_away = known.channels.iter().min_by_key(|(_, source)| source.last);
            if let Some(channel) = longest_away.map(|(channel, _)| channel.clone()) {
                known.channels.remove(&channel);
            }
        }
        let source = known.channels.entry(channel.clone()).or_default();
        source.rhythm.note(at);
        source.last = at;
        source.today = if source.day == day { source.today.saturating_add(1) } else { 1 };
        source.day = day;
    }

    /// Looks at `now` whether somebody has become quiet, or is not any more.
    pub fn look(&self, now: UnixMillis, paused: bool) {
        if paused {
            self.known().listening_since = now;
        }
        let quiet = self.at(now).sources.into_iter().filter(|source| source.quiet);
        self.hub.tell_quiet(now, quiet.map(|source| source.channel).collect());
    }

    /// How all of them stand at `now`.
    #[must_use]
    pub fn at(&self, now: UnixMillis) -> SourceList {
        let day = self.orders.day_began(now);
        let known = self.known();
        let sources = known.channels.iter().map(|(channel, source)| {
            let today = if source.day == day { source.today } else { 0 };
            let quiet = self.settings.quiet_after.is_some_and(|least| {
                today > 0 && source.rhythm.is_quiet(now, known.listening_since, least)
            });
            SourceHealth {
                channel: channel.clone(),
                last_order_at: source.last,
                today,
                usual_gap_ms: source.rhythm.usual_gap(),
                quiet,
            }
        });
        SourceList { server_time: now, sources: sources.collect() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at the channels until the server stops.
pub async fn watch(app: App) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.shutdown.cancelled() => return,
        }
        let now = app.clock.now();
        app.sources.look(now, app.kitchen.intake().paused_until(now).is_some());
    }
}

/// `GET /api/sources`: how the channels stand that orders come from.
/// Channels are watched over all locations, so those who are bound to one see none.
pub(super) async fn list(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let mut known = app.sources.at(app.clock.now());
    known.sources.retain(|source| caller.wall.lets_channel_everywhere(&source.channel));
    answer(&known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Currency, Location, Promises, Routing, Station},
        server::hub::HubSettings,
        wire::{Epoch, Seq},
    };

    const MINUTE: i64 = 60_000;

    fn sources() -> Sources {
        let thresholds = || "11/15".parse().expect("thresholds");
        let orders = OrderSettings {
            location: Location::parse("main").expect("a label"),
            currency: Currency::parse("EUR").expect("a currency"),
            channel: Channel::parse("api").expect("a label"),
            routing: Routing::new([], Station::parse("kitchen").expect("a label")).expect("none"),
            promises: Promises {
                pickup: thresholds(),
                delivery: thresholds(),
                dine_in: thresholds(),
                curbside: thresholds(),
            },
            time_zone: jiff::tz::TimeZone::UTC,
            business_day_starts: jiff::civil::time(4, 0, 0, 0),
        };
        let hub = Hub::new(Epoch(1), Seq(0), HubSettings { ring_bytes: 1024 });
        Sources::new(hub, SourceSettings { quiet_after: Some(15 * MINUTE) }, orders)
    }

    /// So many minutes after ten on some day.
    fn at(minute: i64) -> UnixMillis {
        UnixMillis((20_000 * 24 + 10) * 60 * MINUTE + minute * MINUTE)
    }

    fn channel(name: &str) -> Channel {
        Channel::parse(name).expect("a label")
    }

    fn quiet(sources: &Sources) -> Vec<String> {
        sources.hub.quiet().iter().map(Channel::to_string).collect()
    }

    #[test]
    fn a_channel_that_stops_is_told_and_one_that_comes_back_is_not() {
        let sources = sources();
        for minute in 0..20 {
            sources.came(&channel("web"), at(minute));
            sources.came(&channel("till"), at(minute));
        }
        for minute in 20..35 {
            sources.came(&channel("till"), at(minute));
        }
        sources.look(at(34), false);
        assert!(quiet(&sources).is_empty());
        sources.look(at(35), false);
        assert_eq!(quiet(&sources), ["web"]);
        let [till, web] = &sources.at(at(35)).sources[..] else { panic!("two channels") };
        assert_eq!((till.today, till.quiet), (35, false));
        assert_eq!((web.today, web.quiet, web.last_order_at), (20, true, at(19)));
        assert_eq!(web.usual_gap_ms, Some(MINUTE));
        sources.came(&channel("web"), at(36));
        sources.look(at(36), false);
        assert!(quiet(&sources).is_empty());
    }

    #[test]
    fn nobody_is_quiet_while_no_orders_are_taken_nor_on_another_day() {
        let sources = sources();
        for minute in 0..20 {
            sources.came(&channel("web"), at(minute));
        }
        sources.look(at(60), true);
        assert!(quiet(&sources).is_empty());
        sources.look(at(75), false);
        assert!(quiet(&sources).is_empty());
        sources.look(at(76), false);
        assert_eq!(quiet(&sources).len(), 1);
        // At four in the morning another day begins.
        let next_day = at(18 * 60);
        sources.look(next_day, false);
        assert!(quiet(&sources).is_empty());
        assert_eq!(sources.at(next_day).sources[0].today, 0);
        sources.came(&channel("web"), next_day);
        assert_eq!(sources.at(next_day).sources[0].today, 1);
    }

    #[test]
    fn tests_are_no_orders_and_channels_are_not_without_number() {
        let sources = sources();
        sources.came(&channel(TEST_CHANNEL), at(0));
        assert_eq!(sources.at(at(1)).sources, []);
        for number in 0..100 {
            sources.came(&channel(&format!("c{number}")), at(number));
        }
        let known = sources.at(at(200)).sources;
        assert_eq!(known.len(), MOST);
        assert!(known.iter().all(|it| it.last_order_at >= at(36)));
    }
}
