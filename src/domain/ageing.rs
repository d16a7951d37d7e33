//! When a ticket turns from on time to late, the same for every screen and figure.

use serde::{Deserialize, Serialize};

use super::{
    order::{FoodOrder, Service},
    time::UnixMillis,
};

/// How long an order may take, by service, when the customer was promised no
/// time. Milliseconds from placed to ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promises {
    /// For pickup.
    pub pickup: i64,
    /// For delivery.
    pub delivery: i64,
    /// For tables.
    pub dine_in: i64,
    /// For the car park.
    pub curbside: i64,
}

/// Of the promised time, the share in percent after which a ticket warns.
const WARN_AFTER_PERCENT: i64 = 70;

/// How a ticket stands against its promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ageing {
    /// Less than 70 % of the promised time is gone.
    OnTime,
    /// At least 70 % of it is gone.
    Warn,
    /// The promise is broken.
    Late,
}

impl Promises {
    /// How long an order of `service` may take.
    #[must_use]
    pub fn of(&self, service: Service) -> i64 {
        match service {
            Service::Pickup => self.pickup,
            Service::Delivery => self.delivery,
            Service::DineIn => self.dine_in,
            Service::Curbside => self.curbside,
        }
    }

    /// When `order` was promised to be ready: its due time, or else the time
    /// its service may take.
    #[must_use]
    pub fn promised_at(&self, order: &FoodOrder) -> UnixMillis {
        let usual = order.times.placed_at.plus(self.of(order.fulfilment.service));
        order.times.due_at.unwrap_or(usual)
    }

    /// How `order` stands at `now`. An order that is made stands as it stood then.
    #[must_use]
    pub fn ageing(&self, order: &FoodOrder, now: UnixMillis) -> Ageing {
        let now = order.times.ready_at.unwrap_or(now);
        let promised = self.promised_at(order);
        // An order due tomorrow does not warn today: the kitchen needs no
        // more than the usual time, so the warning counts back from the promise.
        let allowed =
            promised.since(order.times.placed_at).clamp(0, self.of(order.fulfilment.service));
        let warn_at = promised.plus(-allowed * (100 - WARN_AFTER_PERCENT) / 100);
        if now > promised {
            Ageing::Late
        } else if now >= warn_at {
            Ageing::Warn
        } else {
            Ageing::OnTime
        }
    }
}
