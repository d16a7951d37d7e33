//! Queries of filters: a filter's own query makes the same filter; and what the server
//! takes, lists and sends by one is what the documents say, written a second time.

use std::{collections::BTreeSet, fmt::Write as _};

use hyper::Method;
use live_orders::{
    domain::{FoodOrder, OrderStatus},
    wire::{EventFacts, EventKind, StreamFilter},
};
use regex::Regex;
use serde_json::json;

use super::{Fault, Target, orders::Texts};
use crate::{
    mutate::Mutator,
    server::{Server, kind, order},
};

// What the fault harness goes by, which shares no code with the program.
#[path = "../../faults/filter.rs"]
#[expect(dead_code, reason = "filters of the fault harness, of which this needs a part")]
mod filter;
#[path = "../../faults/history.rs"]
#[expect(dead_code, reason = "orders of the fault harness, of which this needs a part")]
mod history;

use filter::Filter;
use history::{Event, Order};

/// Values of one parameter.
const MOST: usize = 33;
const OPEN: [&str; 5] = ["placed", "accepted", "preparing", "ready", "out_for_delivery"];
const CLOSED: [&str; 5] = ["completed", "rejected", "expired", "cancelled", "failed"];
const SERVICES: [&str; 4] = ["pickup", "delivery", "dine_in", "curbside"];

struct Queries {
    server: Server,
    orders: Vec<Order>,
    /// What has happened to them, and what may have: as the program knows it, and anew.
    events: Vec<(EventFacts, Event)>,
    texts: Texts,
    id: Regex,
    fault: Option<Fault>,
}

pub(super) fn make(fault: Option<Fault>) -> Box<dyn Target> {
    let mut server = Server::start();
    let mut orders: Vec<Order> = Vec::new();
    let mut events = Vec::new();
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
        let placed = placed.expect("an answer").text().to_owned();
        orders.push(serde_json::from_str(&placed).expect("an order"));
        let mut order = order(placed.as_bytes()).expect("an order");
        events.push(event(&order));
        order.last_change.from = Some(order.status);
        order.last_change.to = OrderStatus::Accepted;
        order.status = OrderStatus::Accepted;
        events.push(event(&order));
    }
    let id = Regex::new("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$").expect("a pattern");
    Box::new(Queries { server, orders, events, texts: Texts::default(), id, fault })
}

/// The last change of `order`, as the program knows it, and anew.
fn event(order: &FoodOrder) -> (EventFacts, Event) {
    let text = serde_json::to_string(order).expect("serialises");
    let kind = EventKind::of(order).to_string();
    (EventFacts::of(order), Event::parse(1, &kind, &text).expect("an order"))
}

/// What a query asks for, as docs/api.md has it.
#[derive(Debug)]
struct Asked {
    filter: Filter,
    locations: Vec<String>,
    orders: Vec<String>,
}

impl Asked {
    fn is_about(&self, order: &Order) -> bool {
        let takes = |wanted: &[String], value| wanted.is_empty() || wanted.contains(value);
        takes(&self.locations, &order.location) && takes(&self.orders, &order.id)
    }

    fn shows(&self, order: &Order) -> bool {
        self.filter.shows(order) && self.is_about(order)
    }

    fn wants(&self, event: &Event) -> bool {
        self.filter.wants(event) && self.is_about(&event.order)
    }
}

/// Lists as the harness has them: for as long as the program runs. They are short.
fn for_ever(values: &[String]) -> &'static [&'static str] {
    let values = values.iter().map(|value| &*value.clone().leak());
    values.collect::<Vec<_>>().leak()
}

impl Queries {
    /// What `query` asks for; none where it is to be refused.
    fn asked(&self, query: &str) -> Option<Asked> {
        let names = ["types", "station", "channel", "service", "status", "location", "order"];
        let mut lists = [const { Vec::new() }; 7];
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let list = &mut lists[names.iter().position(|it| *it == name)?];
            if value.split(',').count() > MOST {
                return None;
            }
            for value in value.split(',') {
                for value in self.values(&name, value)? {
                    if !list.contains(&value) {
                        list.push(value);
                    }
                }
            }
            if list.len() > MOST {
                return None;
            }
        }
        let [types, stations, channels, services, statuses, locations, orders] = lists;
        let filter = Filter {
            types: for_ever(&types),
            stations: for_ever(&stations),
            channels: for_ever(&channels),
            services: for_ever(&services),
            statuses: for_ever(&statuses),
        };
        Some(Asked { filter, locations, orders })
    }

    /// What one value of the parameter `name` stands for.
    fn values(&self, name: &str, value: &str) -> Option<Vec<String>> {
        let is_status = |it: &str| OPEN.contains(&it) || CLOSED.contains(&it);
        let one = vec![value.to_owned()];
        match (name, value) {
            ("status", "open") => Some(OPEN.map(str::to_owned).to_vec()),
            ("status", "closed") => Some(CLOSED.map(str::to_owned).to_vec()),
            ("status", status) => is_status(status).then_some(one),
            ("service", service) => SERVICES.contains(&service).then_some(one),
            ("order", order) => self.id.is_match(order).then_some(one),
            ("types", kind) => {
                let kind = kind.strip_prefix("order.")?;
                (is_status(kind) || ["updated", "erased"].contains(&kind)).then_some(one)
            }
            // A label.
            _ => {
                let label = self.texts.kept(value);
                (!label.is_empty() && value.chars().count() <= 40).then_some(vec![label])
            }
        }
    }
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
            if self.fault == Some(Fault::Query)
                && let Some((first, _)) = own.rsplit_once(',')
            {
                own = first.to_owned();
            }
            let again = self::filter(&own);
            if again.as_ref() != Some(filter) {
                return Err(format!(
                    "the filter of {query} is written as {own:?}, which is {again:?}"
                ));
            }
        }
        let asked = self.asked(&query);
        if filter.is_some() != asked.is_some() {
            return Err(format!("{query} asks for {asked:?} and is read as {filter:?}"));
        }
        if let (Some(filter), Some(asked)) = (&filter, &asked) {
            for (facts, event) in &self.events {
                if filter.matches(facts) != asked.wants(event) {
                    return Err(format!("{query} asks for {asked:?}, and {facts:?} is another"));
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
        if asked.is_some() != (answer.status == 200) {
            return Err(format!("{kind} for {asked:?}"));
        }
        let Some(asked) = asked else {
            let parameter = answer.json()["parameter"].as_str().unwrap_or("?").to_owned();
            if kind != "400 invalid_parameter" || !names.contains(&parameter) {
                return Err(format!("{kind} of {parameter:?}, which nobody has sent"));
            }
            return Ok(format!("{kind} {}", if parameter.len() < 9 { &parameter } else { "" }));
        };
        let listed = answer.json();
        let listed = listed["orders"].as_array().ok_or("no list")?;
        let mut listed: BTreeSet<_> = listed.iter().filter_map(|it| it["id"].as_str()).collect();
        if self.fault == Some(Fault::Listed) {
            listed.pop_first();
        }
        let shown = self.orders.iter().filter(|it| asked.shows(it)).map(|it| it.id.as_str());
        let shown: BTreeSet<_> = shown.collect();
        if shown != listed {
            return Err(format!("a list of {asked:?} has {listed:?} and not {shown:?}"));
        }
        Ok(format!("{kind} {} {names:?}", listed.len()))
    }
}
