//! `POST /api/orders`: what is taken is in limits, adds up, has what was sent, and
//! is read back the same: at once, when it is sent again, and after a restart.

use std::collections::BTreeMap;

use hyper::Method;
use live_orders::domain::{FoodOrder, limits};
use serde_json::Value;

use super::Target;
use crate::{
    mutate::Mutator,
    server::{Server, kind, order},
};

/// What means something in an order, besides its fields.
pub(crate) const WORDS: &[&str] = &[
    "items",
    "name",
    "quantity",
    "unit_price",
    "modifiers",
    "kind",
    "allergens",
    "note",
    "station",
    "location",
    "source",
    "channel",
    "external_id",
    "accept_by",
    "placed_at",
    "fulfilment",
    "type",
    "due_at",
    "table",
    "address",
    "instructions",
    "customer",
    "phone",
    "currency",
    "subtotal",
    "tax",
    "tip",
    "fees",
    "discount",
    "total",
    "rush",
    "pickup",
    "delivery",
    "dine_in",
    "curbside",
    "add",
    "no",
    "extra",
    "sub",
    "side",
    "EUR",
    "JPY",
    "KWD",
    "main",
    "web",
    "test",
    "grill",
    "*",
    ",",
];

struct Orders {
    server: Server,
    fed: u64,
    placed: BTreeMap<String, Value>,
    broken: bool,
}

pub(super) fn make(broken: bool) -> Box<dyn Target> {
    Box::new(Orders { server: Server::start(), fed: 0, placed: BTreeMap::new(), broken })
}

impl Target for Orders {
    fn mutator(&self) -> Mutator {
        Mutator { words: WORDS, json: true }
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        self.fed += 1;
        let key = format!("key-{}", self.fed);
        let headers: [(&str, &[u8]); 1] = [("idempotency-key", key.as_bytes())];
        let answer = self.server.ask(Method::POST, "/api/orders", &headers, Some(input))?;
        let body: Option<Value> = serde_json::from_slice(input).ok();
        let kind = kind(&answer, body.as_ref())?;
        if body.is_none() != kind.starts_with("400 bad_json") {
            return Err(format!("{kind} for what is JSON: {}", body.is_some()));
        }
        let (Some(body), 201) = (body, answer.status) else { return Ok(kind) };
        let replayed = answer.header("idempotency-replayed") == "true";
        let mut shown = answer.json();
        let fields = shown.as_object_mut().ok_or("no object")?;
        fields.remove("tracking_url").ok_or("no page to track it by")?;
        let placed = order(shown.to_string().as_bytes())?;
        in_limits(&placed)?;
        if !replayed {
            has_what_was_sent(&placed, &body)?;
        }
        // As it is read.
        let path = format!("/api/orders/{}", placed.id);
        let mut read = self.server.ask(Method::GET, &path, &[], None)?.json();
        let fields = read.as_object_mut().ok_or("no object")?;
        fields.remove("history").ok_or("no history")?;
        fields.remove("seen");
        if self.broken {
            shown["number"] = Value::from(0);
        }
        if read != shown {
            return Err(format!("placed as {shown} and read as {read}"));
        }
        // As it is sent again, which places no other.
        let again = self.server.ask(Method::POST, "/api/orders", &headers, Some(input))?;
        let second = again.json();
        if again.header("idempotency-replayed") != "true" || second["id"] != shown["id"] {
            return Err(format!("sent again it is {} {second}", again.status));
        }
        self.placed.insert(placed.id.to_string(), shown);
        Ok(kind)
    }

    fn end(&mut self) -> Result<(), String> {
        self.server.reopen();
        for (id, shown) in &self.placed {
            let path = format!("/api/orders/{id}");
            let mut read = self.server.ask(Method::GET, &path, &[], None)?.json();
            if let Some(fields) = read.as_object_mut() {
                fields.remove("history");
                fields.remove("seen");
            }
            if read != *shown {
                return Err(format!("acknowledged as {shown} and after a restart {read}"));
            }
        }
        Ok(())
    }
}

fn in_limits(order: &FoodOrder) -> Result<(), String> {
    let fits = |what: &str, text: &str, most: usize| {
        let good = text.chars().count() <= most && !text.chars().any(char::is_control);
        if good { Ok(()) } else { Err(format!("{what} is beyond its limit: {text:?}")) }
    };
    let within = |what: &str, good: bool| {
        if good { Ok(()) } else { Err(format!("{what} is beyond its limit")) }
    };
    within("items", (1..=limits::ITEMS).contains(&order.items.len()))?;
    let mut subtotal = 0_i128;
    for item in &order.items {
        fits("name", &item.name, limits::ITEM_NAME)?;
        within("name", !item.name.is_empty())?;
        within("quantity", (1..=limits::QUANTITY).contains(&item.quantity))?;
        within("modifiers", item.modifiers.len() <= limits::MODIFIERS)?;
        within("allergens", item.allergens.len() <= limits::ALLERGENS)?;
        let mut price = i128::from(item.unit_price.0);
        for modifier in &item.modifiers {
            fits("modifier", &modifier.name, limits::ITEM_NAME)?;
            within("modifier", (1..=limits::QUANTITY).contains(&modifier.quantity))?;
            price += i128::from(modifier.unit_price.0) * i128::from(modifier.quantity);
        }
        subtotal += price * i128::from(item.quantity);
    }
    let money = order.money;
    within("subtotal", i128::from(money.subtotal.0) == subtotal)?;
    let total = subtotal + i128::from(money.tax.0 + money.tip.0 + money.fees.0)
        - i128::from(money.discount.0);
    within("total", i128::from(money.total.0) == total && total >= 0)?;
    fits("customer", &order.customer.name, limits::CUSTOMER_NAME)?;
    fits("location", order.location.as_str(), limits::LABEL)?;
    fits("channel", order.source.channel.as_str(), limits::LABEL)
}

/// What tells of the order is as it was sent; what is left out, the server says.
fn has_what_was_sent(order: &FoodOrder, body: &Value) -> Result<(), String> {
    let same = |what: &str, sent: &Value, kept: f64| match sent.as_f64() {
        #[expect(clippy::float_cmp, reason = "whole numbers that a float tells apart")]
        Some(sent) if sent != kept => Err(format!("{what} is {kept} and was sent as {sent}")),
        _ => Ok(()),
    };
    #[expect(clippy::cast_precision_loss, reason = "amounts are much smaller")]
    let amount = |amount: i64| amount as f64;
    let items = body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if items.len() != order.items.len() {
        return Err(format!("{} items of {}", order.items.len(), items.len()));
    }
    for (kept, sent) in order.items.iter().zip(items) {
        same("quantity", &sent["quantity"], f64::from(kept.quantity))?;
        same("unit_price", &sent["unit_price"], amount(kept.unit_price.0))?;
        let modifiers = sent["modifiers"].as_array().map_or(0, Vec::len);
        if modifiers != kept.modifiers.len() {
            return Err(format!("{} modifiers of {modifiers}", kept.modifiers.len()));
        }
    }
    for (name, kept) in [
        ("tax", order.money.tax),
        ("tip", order.money.tip),
        ("fees", order.money.fees),
        ("discount", order.money.discount),
        ("total", order.money.total),
        ("subtotal", order.money.subtotal),
    ] {
        same(name, &body[name], amount(kept.0))?;
    }
    let due = order.fulfilment.due_at.map_or(-1, |at| at.0);
    same("due_at", &body["fulfilment"]["due_at"], amount(due))?;
    let rush = body["rush"].as_bool().unwrap_or_default();
    if order.flags.rush != rush {
        return Err("rush is another".to_owned());
    }
    Ok(())
}
