//! Which events a reader wants.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::event::EventKind;
use crate::domain::{Channel, FoodOrder, Location, OrderId, OrderStatus, Service, Station, limits};

/// Which events a reader wants. An empty list wants all; the values of one list
/// are alternatives, and every list must agree.
///
/// A filter by status also wants the change that takes an order *out of* the
/// wanted statuses, so that a reader knows to let it go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamFilter {
    /// Kinds of event. They do not narrow a snapshot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<EventKind>,
    /// Orders with at least one item of one of these stations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stations: Vec<Station>,
    /// Orders of these channels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// Orders that get to the customer in one of these ways.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Orders of these locations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// Orders that come to, stand in or leave these statuses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<OrderStatus>,
    /// These orders alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<OrderId>,
    /// What the reader may see at all. Nobody asks for it: the server adds it,
    /// and whatever goes by the filter goes by the wall.
    #[serde(skip)]
    pub wall: Wall,
}

/// What somebody may see at all, whatever they ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wall {
    /// Orders of these locations alone, in order; empty for all.
    pub locations: Vec<Location>,
    /// Orders of this channel alone; none for all.
    pub channel: Option<Channel>,
}

impl Wall {
    /// Whether there is none.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.locations.is_empty() && self.channel.is_none()
    }

    /// Whether every order of `channel` is on this side of it, wherever it is made.
    #[must_use]
    pub fn lets_channel_everywhere(&self, channel: &Channel) -> bool {
        self.locations.is_empty() && self.channel.as_ref().is_none_or(|own| own == channel)
    }

    /// Whether an order of `location` that came over `channel` is on this side of it.
    #[must_use]
    pub fn lets(&self, location: &Location, channel: &Channel) -> bool {
        wants(&self.locations, location) && self.channel.as_ref().is_none_or(|own| own == channel)
    }
}

/// What a filter looks at in one event, so that it need not parse the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFacts {
    /// What happened.
    pub kind: EventKind,
    /// To which order.
    pub order: OrderId,
    /// Where it is made.
    pub location: Location,
    /// Where it came from.
    pub channel: Channel,
    /// How it gets to the customer.
    pub service: Service,
    /// Its stations.
    pub stations: Vec<Station>,
    /// The status before; none when the order was placed.
    pub from: Option<OrderStatus>,
    /// The status after.
    pub to: OrderStatus,
}

impl EventFacts {
    /// The facts of the change that made `order` what it is.
    #[must_use]
    pub fn of(order: &FoodOrder) -> Self {
        Self {
            kind: EventKind::of(order),
            order: order.id,
            location: order.location.clone(),
            channel: order.source.channel.clone(),
            service: order.fulfilment.service,
            stations: order.stations().into_iter().cloned().collect(),
            from: order.last_change.from,
            to: order.last_change.to,
        }
    }
}

/// A parameter that a filter cannot be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The parameter's name.
    pub parameter: String,
    /// What is wrong with it and what is allowed.
    pub detail: String,
}

fn wants<T: PartialEq>(wanted: &[T], value: &T) -> bool {
    wanted.is_empty() || wanted.contains(value)
}

impl StreamFilter {
    /// The parameters that make a filter.
    pub const PARAMETERS: [&str; 7] =
        ["types", "station", "channel", "service", "location", "status", "order"];

    /// Whether it wants everything.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a reader with this filter gets an event with these facts.
    #[must_use]
    pub fn matches(&self, facts: &EventFacts) -> bool {
        let status = self.statuses.is_empty()
            || self.statuses.contains(&facts.to)
            || facts.from.is_some_and(|from| self.statuses.contains(&from));
        status
            && self.wall.lets(&facts.location, &facts.channel)
            && wants(&self.types, &facts.kind)
            && wants(&self.channels, &facts.channel)
            && wants(&self.services, &facts.service)
            && wants(&self.locations, &facts.location)
            && wants(&self.orders, &facts.order)
            && (self.stations.is_empty()
                || facts.stations.iter().any(|station| self.stations.contains(station)))
    }

    /// Whether a reader with this filter may have been sent the order with these
    /// facts as it was at some time, whatever has become of it since.
    #[must_use]
    pub fn may_know(&self, facts: &EventFacts) -> bool {
        // What an edit or a change of status can alter is not looked at.
        self.wall.lets(&facts.location, &facts.channel)
            && wants(&self.channels, &facts.channel)
            && wants(&self.locations, &facts.location)
            && wants(&self.orders, &facts.order)
    }

    /// Whether a list or snapshot with this filter has `order`.
    #[must_use]
    pub fn shows(&self, order: &FoodOrder) -> bool {
        self.wall.lets(&order.location, &order.source.channel)
            && wants(&self.statuses, &order.status)
            && wants(&self.channels, &order.source.channel)
            && wants(&self.services, &order.fulfilment.service)
            && wants(&self.locations, &order.location)
            && wants(&self.orders, &order.id)
            && (self.stations.is_empty()
                || order.items.iter().any(|item| self.stations.contains(&item.station)))
    }

    /// Adds what one query parameter asks for: `value` is a list parted by
    /// commas. Whether `name` is a parameter of a filter at all.
    ///
    /// # Errors
    /// A value that the parameter does not take, with those it takes.
    pub fn add(&mut self, name: &str, value: &str) -> Result<bool, FilterError> {
        match name {
            "types" => {
                extend(&mut self.types, name, value, |raw| raw.parse().map(|kind| vec![kind]))
            }
            "station" => extend(&mut self.stations, name, value, |raw| {
                Station::parse(raw).map(|it| vec![it])
            }),
            "channel" => extend(&mut self.channels, name, value, |raw| {
                Channel::parse(raw).map(|it| vec![it])
            }),
            "service" => {
                extend(&mut self.services, name, value, |raw| raw.parse().map(|it| vec![it]))
            }
            "location" => extend(&mut self.locations, name, value, |raw| {
                Location::parse(raw).map(|it| vec![it])
            }),
            "status" => extend(&mut self.statuses, name, value, statuses),
            "order" => extend(&mut self.orders, name, value, |raw| raw.parse().map(|id| vec![id])),
            _ => return Ok(false),
        }
        .map(|()| true)
    }

    /// The filter as a query string, without `?`; empty when it wants everything.
    #[must_use]
    pub fn to_query(&self) -> String {
        let mut query = String::new();
        push(&mut query, "types", self.types.iter().map(|it| it.as_str().to_owned()));
        push(&mut query, "station", self.stations.iter().map(|it| it.as_str().to_owned()));
        push(&mut query, "channel", self.channels.iter().map(|it| it.as_str().to_owned()));
        push(&mut query, "service", self.services.iter().map(|it| it.as_str().to_owned()));
        push(&mut query, "location", self.locations.iter().map(|it| it.as_str().to_owned()));
        push(&mut query, "status", self.statuses.iter().map(|it| it.as_str().to_owned()));
        push(&mut query, "order", self.orders.iter().map(ToString::to_string));
        query
    }
}

/// The statuses that one word of a `status` parameter stands for.
fn statuses(raw: &str) -> Result<Vec<OrderStatus>, &'static str> {
    match raw {
        "open" => Ok(OrderStatus::ALL.into_iter().filter(|it| it.is_open()).collect()),
        "closed" => Ok(OrderStatus::ALL.into_iter().filter(|it| !it.is_open()).collect()),
        _ => raw.parse().map(|status| vec![status]).map_err(|_| {
            "open, closed, placed, accepted, preparing, ready, out_for_delivery, completed, \
             rejected, expired, cancelled or failed"
        }),
    }
}

fn extend<T: Ord>(
    list: &mut Vec<T>,
    name: &str,
    value: &str,
    parse: impl Fn(&str) -> Result<Vec<T>, &'static str>,
) -> Result<(), FilterError> {
    let too_many = || FilterError {
        parameter: name.to_owned(),
        detail: format!("{name} takes at most {} values", limits::FILTER_VALUES),
    };
    if value.split(',').count() > limits::FILTER_VALUES {
        return Err(too_many());
    }
    // Put together aside: what is refused leaves the filter as it was.
    let mut wanted = Vec::new();
    for raw in value.split(',') {
        let parsed = parse(raw).map_err(|allowed| FilterError {
            parameter: name.to_owned(),
            detail: format!("{raw:?} is not a value of {name}; it takes {allowed}"),
        })?;
        for value in parsed {
            if !list.contains(&value) && !wanted.contains(&value) {
                wanted.push(value);
            }
        }
    }
    if list.len() + wanted.len() > limits::FILTER_VALUES {
        return Err(too_many());
    }
    list.append(&mut wanted);
    // Who wants the same in another order wants the same.
    list.sort_unstable();
    Ok(())
}

/// Adds `name=a,b` to `query`, percent-encoded; nothing when there are no values.
fn push(query: &mut String, name: &str, values: impl Iterator<Item = String>) {
    let values: Vec<String> = values.collect();
    if values.is_empty() {
        return;
    }
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    for byte in values.join(",").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            query.push(char::from(byte));
        } else {
            let _ = write!(query, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_leaves_the_filter_as_it_was() {
        let mut filter = StreamFilter::default();
        filter.add("station", "grill").expect("allowed");
        let before = filter.clone();
        let many: Vec<String> = (0..limits::FILTER_VALUES).map(|it| format!("s{it}")).collect();
        filter.add("station", &many.join(",")).expect_err("too many");
        filter.add("status", "open,nonsense").expect_err("no status");
        assert_eq!(filter, before);
    }
}
