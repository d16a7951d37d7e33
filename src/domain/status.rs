//! The one state machine of an order, used by the server to decide and by the
//! browser to offer.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::order::Service;

/// Where an order stands.
///
/// ```text
/// placed           → accepted | rejected | expired | cancelled
/// accepted         → preparing | cancelled
/// preparing        → ready | cancelled | failed | accepted (recall, while nothing is made)
/// ready            → completed | out_for_delivery (delivery only) | preparing (recall) | cancelled
/// out_for_delivery → completed | failed | cancelled | ready (recall)
/// completed        → ready (recall)
/// rejected, expired, cancelled, failed: closed for good
/// ```
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Taken in and durable; nobody has answered yet.
    Placed,
    /// The restaurant will make it.
    Accepted,
    /// In the kitchen.
    Preparing,
    /// Made, waiting to be handed out.
    Ready,
    /// With the courier.
    OutForDelivery,
    /// Handed over.
    Completed,
    /// The restaurant will not make it.
    Rejected,
    /// Nobody answered in time.
    Expired,
    /// Called off by customer or staff.
    Cancelled,
    /// Could not be made or delivered.
    Failed,
}

use OrderStatus::{
    Accepted, Cancelled, Completed, Expired, Failed, OutForDelivery, Placed, Preparing, Ready,
    Rejected,
};

impl OrderStatus {
    /// Every status, in the order of an order's life.
    pub const ALL: [Self; 10] = [
        Placed,
        Accepted,
        Preparing,
        Ready,
        OutForDelivery,
        Completed,
        Rejected,
        Expired,
        Cancelled,
        Failed,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Placed => "placed",
            Accepted => "accepted",
            Preparing => "preparing",
            Ready => "ready",
            OutForDelivery => "out_for_delivery",
            Completed => "completed",
            Rejected => "rejected",
            Expired => "expired",
            Cancelled => "cancelled",
            Failed => "failed",
        }
    }

    /// Where an order of this status may go from here. The first one that is
    /// [forward](Self::next) leads.
    #[must_use]
    pub fn allowed(self, service: Service) -> &'static [Self] {
        match self {
            Placed => &[Accepted, Rejected, Expired, Cancelled],
            Accepted => &[Preparing, Cancelled],
            Preparing => &[Ready, Cancelled, Failed, Accepted],
            Ready if service == Service::Delivery => {
                &[OutForDelivery, Completed, Preparing, Cancelled]
            }
            Ready => &[Completed, Preparing, Cancelled],
            OutForDelivery => &[Completed, Failed, Cancelled, Ready],
            Completed => &[Ready],
            Rejected | Expired | Cancelled | Failed => &[],
        }
    }

    /// Whether an order may go from here to `to`.
    #[must_use]
    pub fn may_become(self, to: Self, service: Service) -> bool {
        self.allowed(service).contains(&to)
    }

    /// Where a bump takes the ticket, if it can be bumped.
    #[must_use]
    pub fn next(self, service: Service) -> Option<Self> {
        match self {
            Completed => None,
            _ => self.allowed(service).first().copied(),
        }
    }

    /// Where a recall takes the ticket, if it can be recalled.
    #[must_use]
    pub fn recall(self) -> Option<Self> {
        match self {
            Preparing => Some(Accepted),
            Ready => Some(Preparing),
            OutForDelivery | Completed => Some(Ready),
            _ => None,
        }
    }

    /// Whether going from here to `to` brings a ticket back.
    #[must_use]
    pub fn is_recall(self, to: Self) -> bool {
        self.recall() == Some(to)
    }

    /// Whether somebody still has work with it.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.lane().is_some()
    }

    /// The lane of the board that shows it; none when it is closed.
    #[must_use]
    pub fn lane(self) -> Option<Lane> {
        match self {
            Placed | Accepted => Some(Lane::New),
            Preparing => Some(Lane::Preparing),
            Ready => Some(Lane::Ready),
            OutForDelivery => Some(Lane::Out),
            Completed | Rejected | Expired | Cancelled | Failed => None,
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for OrderStatus {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == raw).ok_or(
            "placed, accepted, preparing, ready, out_for_delivery, completed, rejected, \
             expired, cancelled or failed",
        )
    }
}

/// A column of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Placed or accepted: not started.
    New,
    /// Being made.
    Preparing,
    /// To be handed out.
    Ready,
    /// With the courier.
    Out,
}

impl Lane {
    /// The lanes from left to right.
    pub const ALL: [Self; 4] = [Self::New, Self::Preparing, Self::Ready, Self::Out];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_serde() {
        for status in OrderStatus::ALL {
            let json = serde_json::to_string(&status).expect("serialises");
            assert_eq!(json, format!("\"{status}\""));
            assert_eq!(status.as_str().parse::<OrderStatus>(), Ok(status));
        }
    }

    #[test]
    fn a_closed_order_goes_nowhere_but_back_from_completed() {
        for status in OrderStatus::ALL {
            for service in Service::ALL {
                let allowed = status.allowed(service);
                if !status.is_open() {
                    let expected: &[OrderStatus] = if status == Completed { &[Ready] } else { &[] };
                    assert_eq!(allowed, expected, "{status}");
                }
                assert!(!allowed.contains(&status), "{status} to itself");
                if let Some(next) = status.next(service) {
                    assert!(status.may_become(next, service) && !status.is_recall(next));
                }
                if let Some(back) = status.recall() {
                    assert!(status.may_become(back, service));
                }
            }
        }
    }

    #[test]
    fn only_a_delivery_goes_out() {
        for service in Service::ALL {
            assert_eq!(Ready.may_become(OutForDelivery, service), service == Service::Delivery);
        }
    }
}
