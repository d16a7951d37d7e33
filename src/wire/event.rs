//! A change to an order as every reader gets it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::event_id::EventId;
use crate::domain::{FoodOrder, OrderStatus, What};

/// What happened, as the `event:` field names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The order came to this status.
    Became(OrderStatus),
    /// Items or flags changed; the status did not.
    Updated,
    /// What tells of a person was erased, here and in all events before.
    Erased,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Became(OrderStatus::Placed),
        Self::Became(OrderStatus::Accepted),
        Self::Became(OrderStatus::Preparing),
        Self::Became(OrderStatus::Ready),
        Self::Became(OrderStatus::OutForDelivery),
        Self::Became(OrderStatus::Completed),
        Self::Became(OrderStatus::Rejected),
        Self::Became(OrderStatus::Expired),
        Self::Became(OrderStatus::Cancelled),
        Self::Became(OrderStatus::Failed),
        Self::Updated,
        Self::Erased,
    ];

    /// The kind of the change that made `order` what it is.
    #[must_use]
    pub fn of(order: &FoodOrder) -> Self {
        if order.last_change.what == What::Erased {
            Self::Erased
        } else if order.last_change.from == Some(order.last_change.to) {
            Self::Updated
        } else {
            Self::Became(order.last_change.to)
        }
    }

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Became(OrderStatus::Placed) => "order.placed",
            Self::Became(OrderStatus::Accepted) => "order.accepted",
            Self::Became(OrderStatus::Preparing) => "order.preparing",
            Self::Became(OrderStatus::Ready) => "order.ready",
            Self::Became(OrderStatus::OutForDelivery) => "order.out_for_delivery",
            Self::Became(OrderStatus::Completed) => "order.completed",
            Self::Became(OrderStatus::Rejected) => "order.rejected",
            Self::Became(OrderStatus::Expired) => "order.expired",
            Self::Became(OrderStatus::Cancelled) => "order.cancelled",
            Self::Became(OrderStatus::Failed) => "order.failed",
            Self::Updated => "order.updated",
            Self::Erased => "order.erased",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == raw).ok_or(
            "order.placed, order.accepted, order.preparing, order.ready, \
             order.out_for_delivery, order.completed, order.rejected, order.expired, \
             order.cancelled, order.failed, order.updated or order.erased",
        )
    }
}

impl Serialize for EventKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        raw.parse().map_err(serde::de::Error::custom)
    }
}

/// One row of the log. It carries the whole order, so that a repeat or a
/// replay is harmless: the higher version wins.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEvent {
    /// Its position.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The order after it.
    pub order: FoodOrder,
}

#[cfg(test)]
mod tests {
    use super::EventKind;

    #[test]
    fn every_kind_reads_back() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse::<EventKind>(), Ok(kind));
        }
    }
}
