//! The simulation and the driver against a small server in memory that decides
//! with the domain's own rules.

mod driving;
mod playing;

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::{
    DemoSettings,
    simulation::{Action, Outcome},
};
use crate::domain::{
    Busy, Change, Currency, FoodOrder, Fulfilment, Location, NewOrder, OrderId, OrderNumber,
    Promises, Refusal, UnixMillis,
    change::{Action as DomainAction, Edit},
};

/// A Thursday noon.
const NOON: UnixMillis = UnixMillis(1_780_574_400_000);

fn settings(seed: u64) -> DemoSettings {
    DemoSettings {
        seed,
        speed: 1,
        shift_minutes: None,
        orders_per_day: 600,
        utc_offset_s: 7200,
        location: Location::parse("main").expect("valid"),
        currency: Currency::parse("EUR").expect("valid"),
    }
}

/// Every order, by the domain's rules alone.
#[derive(Debug, Default)]
struct Model {
    orders: BTreeMap<OrderId, FoodOrder>,
    keys: HashMap<String, OrderId>,
}

/// What the default configuration promises.
fn promises() -> Promises {
    let of = |raw: &str| raw.parse().expect("allowed");
    Promises {
        pickup: of("11/15"),
        delivery: of("14/20"),
        dine_in: of("13/18"),
        curbside: of("11/15"),
    }
}

impl Model {
    fn place(&mut self, key: String, order: NewOrder, at: UnixMillis) -> &FoodOrder {
        let count = self.orders.len();
        let id = *self
            .keys
            .entry(key)
            .or_insert_with(|| OrderId(Uuid::from_u128(u128::try_from(count).expect("small"))));
        let number = OrderNumber(101 + u32::try_from(count).expect("small"));
        let Fulfilment { service, due_at, .. } = order.fulfilment;
        let promise = promises().promise(service, due_at, at, Busy::NOT);
        self.orders.entry(id).or_insert_with(|| order.place(id, number, at, promise))
    }

    fn change(
        &mut self,
        id: OrderId,
        change: &Change,
        at: UnixMillis,
    ) -> Result<&FoodOrder, Refusal> {
        let order = self.orders.get_mut(&id).expect("an order that was placed");
        if let Some(after) = change.decide(order, at)? {
            *order = after;
        }
        Ok(order)
    }

    fn carry_out(&mut self, action: &Action, at: UnixMillis) -> Result<Outcome, Refusal> {
        let order = match action {
            Action::Place { key, order } => self.place(key.clone(), (**order).clone(), at),
            Action::Look { order } => &self.orders[order],
            Action::Transition { order, expected_version, to, reason, actor } => {
                let action = DomainAction::Transition { to: *to, reason: reason.clone() };
                let change =
                    Change { action, expected_version: *expected_version, actor: actor.clone() };
                self.change(*order, &change, at)?
            }
            Action::Item { order, expected_version, item, status, actor } => {
                let action = DomainAction::Item { item: *item, status: *status };
                let change =
                    Change { action, expected_version: *expected_version, actor: actor.clone() };
                self.change(*order, &change, at)?
            }
            Action::Recount { order, expected_version, item, quantity, actor } => {
                let edit = Edit { quantities: vec![(*item, *quantity)], ..Edit::default() };
                let change = Change {
                    action: DomainAction::Edit(edit),
                    expected_version: *expected_version,
                    actor: actor.clone(),
                };
                self.change(*order, &change, at)?
            }
            Action::Mark { order, expected_version, rush, held, actor } => {
                let action = DomainAction::Flags { rush: *rush, held: *held };
                let change =
                    Change { action, expected_version: *expected_version, actor: actor.clone() };
                self.change(*order, &change, at)?
            }
            Action::Acknowledge { order, expected_version, of, actor } => {
                let action = DomainAction::Acknowledge { of: *of, stations: Vec::new() };
                let change =
                    Change { action, expected_version: *expected_version, actor: actor.clone() };
                self.change(*order, &change, at)?
            }
        };
        Ok(Outcome::Stands(Box::new(order.clone())))
    }

    fn open(&self) -> usize {
        self.orders.values().filter(|order| order.status.is_open()).count()
    }
}
