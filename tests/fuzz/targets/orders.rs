//! `POST /api/orders`: what is taken is in limits, adds up, is all that was sent and
//! nothing else, and is read back the same: at once, when it is sent again, and after a
//! restart.

use std::collections::BTreeMap;

use hyper::Method;
use live_orders::domain::{FoodOrder, limits};
use regex::Regex;
use serde_json::{Map, Value, json};

use super::{Fault, Target, Wrong};
use crate::{
    mutate::{Mutator, paths_of},
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

/// What stands in an order that says all that can be said, deep down. Where the parts of
/// one are kept otherwise to see whether that is noticed, they are to be among them.
const DEEP: [&str; 8] = [
    "/location",
    "/source/external_id",
    "/fulfilment/instructions",
    "/customer/phone",
    "/items/0/note",
    "/items/0/allergens/1",
    "/items/0/modifiers/1/kind",
    "/items/1/name",
];

struct Orders {
    server: Server,
    texts: Texts,
    fed: u64,
    /// What was placed, as it was shown and as it was sent.
    placed: BTreeMap<String, (Value, Vec<u8>)>,
    fault: Option<Fault>,
}

pub(super) fn make(fault: Option<Fault>) -> Box<dyn Target> {
    let (server, texts) = (Server::start(), Texts::default());
    Box::new(Orders { server, texts, fed: 0, placed: BTreeMap::new(), fault })
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
        let first = answer.json();
        let mut shown = first.clone();
        let fields = shown.as_object_mut().ok_or("no object")?;
        fields.remove("tracking_url").ok_or("no page to track it by")?;
        let placed = order(shown.to_string().as_bytes())?;
        in_limits(&placed)?;
        if !replayed {
            self.has_what_was_sent(&shown, &body)?;
            if self.fault == Some(Fault::Kept) {
                self.sees_what_is_kept_otherwise(&shown, &body)?;
            }
        }
        // As it is read.
        let path = format!("/api/orders/{}", placed.id);
        let mut read = self.server.ask(Method::GET, &path, &[], None)?.json();
        let fields = read.as_object_mut().ok_or("no object")?;
        fields.remove("history").ok_or("no history")?;
        fields.remove("seen");
        if self.fault == Some(Fault::Read) {
            shown["number"] = Value::from(0);
        }
        if read != shown {
            return Err(format!("placed as {shown} and read as {read}"));
        }
        // As it is sent again, which places no other.
        let again = self.server.ask(Method::POST, "/api/orders", &headers, Some(input))?;
        let second = again.json();
        if again.header("idempotency-replayed") != "true" || second != first {
            return Err(format!("answered with {first} and sent again {} {second}", again.status));
        }
        self.placed.insert(placed.id.to_string(), (shown, input.to_vec()));
        Ok(kind)
    }

    fn end(&mut self) -> Result<(), Wrong> {
        self.server.reopen();
        if let Some((shown, _)) = self.placed.values_mut().next()
            && self.fault == Some(Fault::Restarted)
        {
            shown["number"] = Value::from(0);
        }
        for (id, (shown, input)) in &self.placed {
            let wrong = |what| Wrong { what, input: Some(input.clone()) };
            let path = format!("/api/orders/{id}");
            let mut read = self.server.ask(Method::GET, &path, &[], None).map_err(wrong)?.json();
            if let Some(fields) = read.as_object_mut() {
                fields.remove("history");
                fields.remove("seen");
            }
            if read != *shown {
                return Err(wrong(format!("acknowledged as {shown}, and after a restart {read}")));
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

impl Orders {
    /// `shown` is what was sent, in the same order, and nothing else but what the server
    /// alone can say.
    fn has_what_was_sent(&self, shown: &Value, body: &Value) -> Result<(), String> {
        let mut told = shown.clone();
        let fields = told.as_object_mut().ok_or("no object")?;
        for own in ["id", "number", "times", "last_change"] {
            fields.remove(own).ok_or_else(|| format!("no {own}"))?;
        }
        // Whether it is for later follows from how long it takes.
        told["flags"].as_object_mut().and_then(|it| it.remove("scheduled")).ok_or("no flags")?;
        let kept = self.kept(body);
        if told != kept {
            return Err(format!("kept as {told} and not as {kept}"));
        }
        if shown["times"]["due_at"] != shown["fulfilment"]["due_at"] {
            return Err(format!("due at two times: {shown}"));
        }
        Ok(())
    }

    /// What is kept of `body`, by docs/api.md.
    fn kept(&self, body: &Value) -> Value {
        let text = |value: &Value| value.as_str().map(|it| self.texts.kept(it));
        let some = |value: &Value| text(value).filter(|it| !it.is_empty());
        let label = |value: &Value, usual: &str| text(value).unwrap_or(usual.to_owned());
        let amount = |value: &Value| whole(value).unwrap_or(0);
        let mut subtotal = 0;
        let mut lines = Vec::new();
        for item in list(&body["items"]) {
            let mut price = amount(&item["unit_price"]);
            let mut modifiers = Vec::new();
            for modifier in list(&item["modifiers"]) {
                let quantity = whole(&modifier["quantity"]).unwrap_or(1);
                price += amount(&modifier["unit_price"]) * quantity;
                modifiers.push(json!({
                    "kind": modifier["kind"],
                    "name": text(&modifier["name"]),
                    "quantity": quantity,
                    "unit_price": amount(&modifier["unit_price"]),
                }));
            }
            subtotal += price * amount(&item["quantity"]);
            lines.push(json!({
                "id": lines.len() + 1,
                "name": text(&item["name"]),
                "quantity": amount(&item["quantity"]),
                "unit_price": amount(&item["unit_price"]),
                "station": label(&item["station"], "kitchen"),
                "modifiers": modifiers,
                "allergens": list(&item["allergens"]).iter().map(text).collect::<Vec<_>>(),
                "note": some(&item["note"]),
                "status": "todo",
            }));
        }
        let (source, fulfilment) = (&body["source"], &body["fulfilment"]);
        let amounts = ["tax", "tip", "fees", "discount"].map(|name| amount(&body[name]));
        let [tax, tip, fees, discount] = amounts;
        let mut order = json!({
            "location": label(&body["location"], "main"),
            "version": 1,
            "status": "placed",
            "source": {
                "channel": label(&source["channel"], "api"),
                "external_id": some(&source["external_id"]),
                "accept_by": whole(&source["accept_by"]),
                "placed_at": whole(&source["placed_at"]),
            },
            "fulfilment": {
                "type": label(&fulfilment["type"], "pickup"),
                "due_at": whole(&fulfilment["due_at"]),
                "table": some(&fulfilment["table"]),
                "address": some(&fulfilment["address"]),
                "instructions": some(&fulfilment["instructions"]),
            },
            "customer": {
                "name": label(&body["customer"]["name"], ""),
                "phone": some(&body["customer"]["phone"]),
            },
            "revision": 0,
            "items": lines,
            "money": {
                "currency": label(&body["currency"], "EUR"),
                "subtotal": subtotal,
                "tax": tax,
                "tip": tip,
                "fees": fees,
                "discount": discount,
                "total": subtotal + tax + tip + fees - discount,
            },
            "flags": {
                "rush": body["rush"].as_bool().unwrap_or_default(),
                "held": false,
                "recalled": false,
                "changed": false,
                "cancel_unseen": false,
                "allergens_seen": false,
            },
        });
        leave_out_nothing(&mut order);
        order
    }

    /// Keeps each part of `shown` otherwise, one after another: that is to be seen of
    /// every one.
    fn sees_what_is_kept_otherwise(&self, shown: &Value, body: &Value) -> Result<(), String> {
        let mut paths = Vec::new();
        paths_of(shown, String::new(), &mut paths);
        let own = ["/id", "/number", "/times", "/last_change", "/flags/scheduled"];
        paths.retain(|path| !own.iter().any(|own| path.starts_with(own)));
        for path in &paths {
            let mut other = shown.clone();
            match other.pointer_mut(path) {
                Some(Value::String(text)) => text.push('x'),
                Some(Value::Bool(flag)) => *flag = !*flag,
                Some(Value::Array(entries)) => {
                    let by = entries.len().min(1);
                    entries.rotate_left(by);
                }
                Some(place @ Value::Number(_)) => *place = json!(whole(place).map(|it| it + 1)),
                _ => continue,
            }
            if other != *shown && self.has_what_was_sent(&other, body).is_ok() {
                return Err(format!("nobody sees that {path} is kept otherwise"));
            }
        }
        if DEEP.iter().all(|path| paths.iter().any(|it| it == path)) {
            return Err("every part that is kept otherwise is seen".to_owned());
        }
        Ok(())
    }
}

/// What is made of texts, as docs/api.md has it.
pub(super) struct Texts {
    dropped: Regex,
    breaks: Regex,
}

impl Default for Texts {
    fn default() -> Self {
        let pattern = |pattern| Regex::new(pattern).expect("a pattern");
        Self {
            dropped: pattern(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"),
            breaks: pattern(r"[\t\n\r\x{85}\x{2028}\x{2029}]+"),
        }
    }
}

impl Texts {
    pub(super) fn kept(&self, sent: &str) -> String {
        let shown = self.dropped.replace_all(sent, "");
        self.breaks.replace_all(&shown, " ").trim().to_owned()
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// JSON has one kind of numbers: 5.0 is 5.
fn whole(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "what is taken is whole and not as large")]
    value.as_i64().or_else(|| value.as_f64().map(|it| it as i64))
}

/// Takes out the fields that have nothing to say.
fn leave_out_nothing(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let all = std::mem::take(fields).into_iter().filter(|(_, it)| !it.is_null());
            *fields = all.collect::<Map<_, _>>();
            fields.values_mut().for_each(leave_out_nothing);
        }
        Value::Array(entries) => entries.iter_mut().for_each(leave_out_nothing),
        _ => {}
    }
}
