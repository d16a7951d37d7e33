//! What the kitchen as a whole is told: whether new orders are taken, and
//! which orders no screen has shown.
//!
//! Both ride on every heartbeat, so a reader that has just come knows them at
//! once, and a change sends one out of turn.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    clock::Clock,
    hub::Hub,
    store::{Seen, Setting, Store, Unavailable},
};
use crate::{
    domain::{FoodOrder, Intake, OrderId, OrderNumber, OrderStatus, Station, UnixMillis},
    wire::Unseen,
};

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
    /// Orders that some station has not shown yet.
    waiting: Mutex<HashMap<OrderId, Waiting>>,
}

struct Waiting {
    number: OrderNumber,
    since: UnixMillis,
    stations: Vec<Station>,
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
        Self { store, hub, clock, settings, waiting: Mutex::default() }
    }

    /// Sets the intake switch as it was when the server stopped.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn restore(&self) -> Result<(), Unavailable> {
        let intake = self.store.setting(Setting::Intake).await?;
        let intake = intake.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        self.hub.tell(self.clock.now(), |state| state.intake = intake);
        Ok(())
    }

    /// The intake switch as it stands.
    #[must_use]
    pub fn intake(&self) -> Intake {
        self.hub.kitchen().intake.at(self.clock.now())
    }

    /// Sets the intake switch. Durable when this returns.
    ///
    /// # Errors
    /// The store cannot write.
    pub async fn set_intake(&self, intake: Intake) -> Result<(), Unavailable> {
        let json = serde_json::to_string(&intake)
            .map_err(|_| Unavailable("the switch cannot be written".to_owned()))?;
        self.store.set(Setting::Intake, json).await?;
        tracing::info!(state = intake.state.as_str(), "kitchen.intake");
        self.hub.tell(self.clock.now(), |state| state.intake = intake);
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
        {
            let mut waiting = self.waiting();
            for order in &orders {
                let Some(entry) = waiting.get_mut(order) else { continue };
                entry.stations.retain(|it| !stations.is_empty() && !stations.contains(it));
                if entry.stations.is_empty() {
                    waiting.remove(order);
                }
            }
        }
        self.tick();
        let seen = orders.into_iter().map(|order| Seen { order, screen: screen.to_owned(), at });
        self.store.note_seen(seen.collect()).await
    }

    /// Takes in an order as a commit left it.
    pub fn note(&self, order: &FoodOrder) {
        if self.settings.unseen_after.is_none() {
            return;
        }
        let untouched = matches!(order.status, OrderStatus::Placed | OrderStatus::Accepted)
            && !order.flags.scheduled;
        let mut waiting = self.waiting();
        if !untouched {
            waiting.remove(&order.id);
        } else if order.last_change.at == order.times.sent_at() {
            // Just placed, or just fired.
            wait(&mut waiting, order, order.times.sent_at());
        }
    }

    /// Takes in an order of before the start. Screens have some time to show it again.
    pub fn preload(&self, order: &FoodOrder) {
        let untouched = matches!(order.status, OrderStatus::Placed | OrderStatus::Accepted);
        if self.settings.unseen_after.is_some() && untouched && !order.flags.scheduled {
            wait(&mut self.waiting(), order, self.clock.now());
        }
    }

    /// Raises the alarm for what no screen has shown in time, and ends it.
    pub fn tick(&self) {
        let Some(after) = self.settings.unseen_after else { return };
        let now = self.clock.now();
        let mut unseen: Vec<Unseen> = self
            .waiting()
            .iter()
            .filter(|(_, entry)| now.since(entry.since) >= after)
            .map(|(id, entry)| Unseen {
                id: *id,
                number: entry.number,
                stations: entry.stations.clone(),
                since: entry.since,
            })
            .collect();
        unseen.sort_by_key(|it| (it.since, it.id));
        self.hub.tell(now, |state| state.unseen = unseen);
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<OrderId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait(waiting: &mut HashMap<OrderId, Waiting>, order: &FoodOrder, since: UnixMillis) {
    let stations = order.stations().into_iter().cloned().collect();
    waiting.insert(order.id, Waiting { number: order.number, since, stations });
}
