//! What a reader asks for, and by the documents' own words what it is to be told.

use serde::Serialize;

use super::history::{Event, Order};

/// What a reader asks for; an empty list asks for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Filter {
    pub(crate) types: &'static [&'static str],
    pub(crate) stations: &'static [&'static str],
    pub(crate) channels: &'static [&'static str],
    pub(crate) services: &'static [&'static str],
    pub(crate) statuses: &'static [&'static str],
}

/// A filter that asks for all.
pub(crate) const ALL: Filter =
    Filter { types: &[], stations: &[], channels: &[], services: &[], statuses: &[] };

fn takes(wanted: &[&str], value: &str) -> bool {
    wanted.is_empty() || wanted.contains(&value)
}

impl Filter {
    /// Its parameters, each as `&name=value`.
    pub(crate) fn parameters(&self) -> String {
        let lists = [
            ("types", self.types),
            ("station", self.stations),
            ("channel", self.channels),
            ("service", self.services),
            ("status", self.statuses),
        ];
        let named = lists.iter().filter(|(_, values)| !values.is_empty());
        named.fold(String::new(), |all, (name, values)| all + "&" + name + "=" + &values.join(","))
    }

    /// As an object of lists, as webhooks take it.
    pub(crate) fn object(&self) -> serde_json::Value {
        let mut object = serde_json::Map::new();
        for (name, values) in [("types", self.types), ("channel", self.channels)] {
            if !values.is_empty() {
                object.insert(name.to_owned(), values.into());
            }
        }
        object.into()
    }

    /// Whether its reader is told of `event`.
    pub(crate) fn wants(&self, event: &Event) -> bool {
        let change = &event.order.last_change;
        let left = change.from.as_deref().is_some_and(|from| self.statuses.contains(&from));
        takes(self.types, &event.kind)
            && (left || takes(self.statuses, &change.to))
            && self.is_about(&event.order)
    }

    /// Whether a list has `order`, which is open.
    pub(crate) fn shows(&self, order: &Order) -> bool {
        takes(self.statuses, &order.status) && self.is_about(order)
    }

    fn is_about(&self, order: &Order) -> bool {
        takes(self.channels, &order.source.channel)
            && takes(self.services, &order.fulfilment.service)
            && (self.stations.is_empty()
                || order.items.iter().any(|item| self.stations.contains(&&*item.station)))
    }
}
