//! Queries of filters: a filter's own query makes the same filter, and the server
//! lists by it what the filter says, and refuses what it refuses.

use std::{collections::BTreeSet, fmt::Write as _};

use hyper::Method;
use live_orders::{
    domain::FoodOrder,
    wire::{EventFacts, StreamFilter},
};
use serde_json::json;

use super::Target;
use crate::{
    mutate::Mutator,
    server::{Server, kind, order},
};

struct Queries {
    server: Server,
    orders: Vec<FoodOrder>,
    broken: bool,
}

pub(super) fn make(broken: bool) -> Box<dyn Target> {
    let mut server = Server::start();
    let mut orders = Vec::new();
    for (service, channel, station, location) in [
        ("pickup", "web", "grill", "main"),
        ("delivery", "web", "fry", "main"),
        ("dine_in", "kiosk", "grill", "airport"),
        ("curbside", "phone", "a&b=c", "main"),
        ("pickup", "kiosk", "ü", "airport"),
    ] {
        let body = json!({
            "items": [{"name": "Soup", "quantity": 1, "station": station}],
            "source": {"channel": channel},
            "location": location,
            "fulfilment": {"type": service},
        });
        let body = body.to_string();
        let placed = server.ask(Method::POST, "/api/orders", &[], Some(body.as_bytes()));
        orders.push(order(placed.expect("an answer").text().as_bytes()).expect("an order"));
    }
    Box::new(Queries { server, orders, broken })
}

/// The filter of `query` as it is written for programs; none where it is refused.
fn filter(query: &str) -> Option<StreamFilter> {
    let mut filter = StreamFilter::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !filter.add(&name, &value).ok()? {
            return None;
        }
    }
    Some(filter)
}

impl Target for Queries {
    fn mutator(&self) -> Mutator {
        let words = &[
            "types=",
            "station=",
            "channel=",
            "service=",
            "location=",
            "status=",
            "order=",
            "&",
            ",",
            "=",
            "%",
            "%2C",
            "%26",
            "%FF",
            "+",
            "grill",
            "fry",
            "web",
            "kiosk",
            "main",
            "airport",
            "open",
            "closed",
            "placed",
            "ready",
            "order.placed",
            "order.updated",
            "pickup",
            "curbside",
            "a%26b%3Dc",
            "%C3%BC",
            "0197f2a0-6c1e-7d3a-9f10-000000000001",
            "#",
            "?",
            ";",
            "%00",
        ];
        Mutator { words, json: false }
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        // As it may stand in an address.
        let mut query = String::new();
        for byte in input.iter().take(4000) {
            if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(byte) {
                query.push(char::from(*byte));
            } else {
                let _ = write!(query, "%{byte:02X}");
            }
        }
        let filter = filter(&query);
        if let Some(filter) = &filter {
            let mut own = filter.to_query();
            if self.broken
                && let Some((first, _)) = own.rsplit_once(',')
            {
                own = first.to_owned();
            }
            let again = self::filter(&own);
            if again.as_ref() != Some(filter) {
                return Err(format!("{filter:?} is written as {own:?}, which is {again:?}"));
            }
            for order in &self.orders {
                // A list without kinds of event shows what a stream would send of it.
                let sends = filter.matches(&EventFacts::of(order));
                if filter.types.is_empty() && sends != filter.shows(order) {
                    return Err("a list and a stream differ".to_owned());
                }
            }
        }
        let path = format!("/api/orders?{query}");
        let answer = self.server.ask(Method::GET, &path, &[], None)?;
        let kind = kind(&answer, None)?;
        let others = ["limit", "since", "q"];
        let names: BTreeSet<String> =
            form_urlencoded::parse(query.as_bytes()).map(|it| it.0.into_owned()).collect();
        if others.iter().any(|it| names.contains(*it)) {
            return Ok(kind);
        }
        if filter.is_some() != (answer.status == 200) {
            return Err(format!("{kind} for {filter:?}"));
        }
        let Some(filter) = filter else {
            let parameter = answer.json()["parameter"].as_str().unwrap_or("?").to_owned();
            if kind != "400 invalid_parameter" || !names.contains(&parameter) {
                return Err(format!("{kind} of {parameter:?}, which nobody has sent"));
            }
            return Ok(format!("{kind} {}", if parameter.len() < 9 { &parameter } else { "" }));
        };
        let listed = answer.json();
        let listed = listed["orders"].as_array().ok_or("no list")?;
        let listed: BTreeSet<_> = listed.iter().filter_map(|it| it["id"].as_str()).collect();
        let shown = self.orders.iter().filter(|it| filter.shows(it)).map(|it| it.id.to_string());
        let shown: BTreeSet<_> = shown.collect();
        if !shown.iter().map(String::as_str).eq(listed.iter().copied()) {
            return Err(format!("{filter:?} shows {shown:?} and lists {listed:?}"));
        }
        Ok(format!("{kind} {} {names:?}", listed.len()))
    }
}
