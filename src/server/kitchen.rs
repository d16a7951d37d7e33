//! What the kitchen as a whole is told: whether new orders are taken, and
//! which orders no screen has shown.
//!
//! Both ride on every heartbeat, so a reader that has just come knows them at
//! once, and a change sends one out of turn.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{
    clock::Clock,
    hub::{Hub, Missing},
    store::{Seen, Setting, Store, Unavailable},
};
use crate::{
    domain::{
        Actor, Channel, FoodOrder, Intake, ItemStatus, LastChange, Location, OrderId, OrderItem,
        OrderNumber, OrderStatus, Station, UnixMillis, Version, What,
    },
    wire::Unseen,
};

/// How long readers are not told again out of turn of what no screen shows. Each
/// time costs a write to every one of them.
const ALARM_EVERY: Duration = Duration::from_secs(1);

/// What the kitchen is watched for.
#[derive(Clone, Copy, Debug)]
pub struct KitchenSettings {
    /// After how many milliseconds an order that no screen has shown raises an
    /// alarm; none: never.
    pub unseen_after: Option<i64>,
}

/// What the kitchen as a whole is told.
pub struct Kitchen {
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    clock: Clock,
    settings: KitchenSettings,
    /// Orders that some station has neither shown nor begun yet.
    waiting: Mutex<HashMap<OrderId, Waiting>>,
    /// When readers were last told out of turn of what no screen shows.
    told: Mutex<Turn>,
    /// Held by whoever moves the intake switch, so that what is told last is
    /// what was kept last.
    switching: tokio::sync::Mutex<()>,
}

/// The intake switch as the store keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    intake: Intake,
    /// Who moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<Actor>,
}

/// When something was done that is not to be done too often.
#[derive(Default)]
struct Turn(Option<Instant>);

impl Turn {
    fn has_come(&self, now: Instant) -> bool {
        self.0.is_none_or(|at| now.saturating_duration_since(at) >= ALARM_EVERY)
    }
}

struct Waiting {
    number: OrderNumber,
    /// Each station, and since when it has something of the order to make.
    stations: Vec<(Station, UnixMillis)>,
    location: Location,
    channel: Channel,
}

impl Kitchen {
    /// A kitchen that takes orders and waits for none.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        hub: Arc<Hub>,
        clock: Clock,
        settings: KitchenSettings,
    ) -> Self {
        Self {
            store,
            hub,
            clock,
            settings,
            waiting: Mutex::default(),
            told: Mutex::default(),
            switching: tokio::sync::Mutex::default(),
        }
    }

    /// Sets the intake switch as it was when the server stopped.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn restore(&self) -> Result<(), Unavailable> {
        if let Some(json) = self.store.setting(Setting::Intake).await? {
            match serde_json::from_str::<Kept>(&json) {
                Ok(kept) => self.hub.tell_intake(self.clock.now(), kept.intake),
                // A kitchen that takes orders can be told to stop; one that does not
                // start takes none for no reason that anybody gave.
                Err(error) => tracing::error!(%error, "kitchen.intake.unreadable: it is open"),
            }
        }
        Ok(())
    }

    /// The intake switch as it stands.
    #[must_use]
    pub fn intake(&self) -> Intake {
        self.hub.intake().at(self.clock.now())
    }

    /// Has `actor` set the intake switch. Durable when this returns.
    ///
    /// # Errors
    /// The store cannot write.
    pub async fn set_intake(&self, intake: Intake, actor: Actor) -> Result<(), Unavailable> {
        let (state, by) = (intake.state.as_str(), actor.id.clone());
        let kept = Kept { intake, actor: Some(actor) };
        let json = serde_json::to_string(&kept)
            .map_err(|_| Unavailable::new("the switch cannot be written"))?;
        let _turn = self.switching.lock().await;
        self.store.set(Setting::Intake, json).await?;
        tracing::info!(state, by, "kitchen.intake");
        self.hub.tell_intake(self.clock.now(), kept.intake);
        Ok(())
    }

    /// A screen shows `orders`; of these stations alone, unless there are none.
    ///
    /// # Errors
    /// The store cannot write.
    pub async fn seen(
        &self,
        screen: &str,
        stations: &[Station],
        orders: Vec<OrderId>,
    ) -> Result<(), Unavailable> {
        let at = self.clock.now();
        let seen = orders.iter().map(|order| Seen { order: *order, screen: screen.to_owned(), at });
        // The alarm ends when it is on the disk who has shown the order.
        self.store.note_seen(seen.collect()).await?;
        {
            let mut waiting = self.waiting();
            for order in &orders {
                let Some(entry) = waiting.get_mut(order) else { continue };
                entry.stations.retain(|(it, _)| !stations.is_empty() && !stations.contains(it));
                if entry.stations.is_empty() {
                    waiting.remove(order);
                }
            }
        }
        self.tick();
        Ok(())
    }

    /// Takes in an order as a commit left it.
    pub fn note(&self, order: &FoodOrder) {
        if self.settings.unseen_after.is_none() {
            return;
        }
        let LastChange { what, to, at, .. } = order.last_change;
        if what == What::Status && to == OrderStatus::Preparing {
            // Whoever begins it as a whole has all of it before them.
            self.waiting().remove(&order.id);
            return;
        }
        let sent = order.version == Version::FIRST || order.times.fired_at == Some(at);
        let mut waiting = self.waiting();
        wait(&mut waiting, order, at, |added_at| sent || added_at == Some(at));
    }

    /// Takes in an order of before the start. Screens have some time to show it again.
    pub fn preload(&self, order: &FoodOrder) {
        let begun = |line: &OrderItem| matches!(line.status, ItemStatus::Doing | ItemStatus::Done);
        let as_a_whole = order.status == OrderStatus::Preparing && !order.items.iter().any(begun);
        if self.settings.unseen_after.is_some() && !as_a_whole {
            wait(&mut self.waiting(), order, self.clock.now(), |_| true);
        }
    }

    /// Raises the alarm for what no screen has shown in time, and ends it; when
    /// that was done a moment ago, one of the next ticks does it.
    pub fn tick(&self) {
        let Some(after) = self.settings.unseen_after else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.has_come(Instant::now()) {
            return;
        }
        let now = self.clock.now();
        let mut unseen: Vec<Missing> = self
            .waiting()
            .iter()
            .filter_map(|(id, Waiting { number, stations, location, channel })| {
                let late = stations.iter().filter(|(_, since)| now.since(*since) >= after);
                let since = late.clone().map(|(_, since)| *since).min()?;
                let stations = late.map(|(station, _)| station.clone()).collect();
                let unseen = Unseen { id: *id, number: *number, stations, since };
                Some(Missing { unseen, location: location.clone(), channel: channel.clone() })
            })
            .collect();
        unseen.sort_by_key(|it| (it.unseen.since, it.unseen.id));
        if self.hub.tell_unseen(now, unseen) {
            *told = Turn(Some(Instant::now()));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<OrderId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has the stations of those lines of `order` waited for that are `new` by when they
/// were added; none any longer that has begun all of its own.
fn wait(
    waiting: &mut HashMap<OrderId, Waiting>,
    order: &FoodOrder,
    since: UnixMillis,
    new: impl Fn(Option<UnixMillis>) -> bool,
) {
    let to_make = matches!(
        order.status,
        OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing
    );
    let before = waiting.remove(&order.id).map(|entry| entry.stations);
    if !to_make || order.is_for_later() {
        return;
    }
    let mut stations = before.unwrap_or_default();
    let lines = || order.items.iter().filter(|line| line.status == ItemStatus::Todo);
    for line in lines().filter(|line| new(line.added_at)) {
        if !stations.iter().any(|(station, _)| *station == line.station) {
            stations.push((line.station.clone(), since));
        }
    }
    stations.retain(|(station, _)| lines().any(|line| line.station == *station));
    if !stations.is_empty() {
        let (location, channel) = (order.location.clone(), order.source.channel.clone());
        waiting.insert(order.id, Waiting { number: order.number, stations, location, channel });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ActorKind, IntakeState};

    #[test]
    fn nobody_is_told_more_than_once_a_second() {
        let at = Instant::now();
        assert!(Turn::default().has_come(at));
        assert!(!Turn(Some(at)).has_come(at + ALARM_EVERY / 2));
        assert!(Turn(Some(at)).has_come(at + ALARM_EVERY));
    }

    #[test]
    fn the_switch_is_kept_with_who_moved_it_and_read_as_it_was_kept_before() {
        let intake = Intake {
            state: IntakeState::Paused,
            until: Some(UnixMillis(1000)),
            extra_min: 0,
            reason: Some("oven".to_owned()),
        };
        let before = serde_json::to_string(&intake).expect("serialises");
        let kept: Kept = serde_json::from_str(&before).expect("parses");
        assert_eq!((kept.intake, kept.actor), (intake.clone(), None));
        let actor = Actor { kind: ActorKind::Staff, id: "expo".to_owned() };
        let kept = Kept { intake: intake.clone(), actor: Some(actor.clone()) };
        let json = serde_json::to_string(&kept).expect("serialises");
        let kept: Kept = serde_json::from_str(&json).expect("parses");
        assert_eq!((kept.intake, kept.actor), (intake, Some(actor)));
    }
}
