//! Every other body that changes an order, the intake or a screen: what is refused
//! changes nothing, and what is taken is one step on, and read back the same.
//!
//! An input is `{"to": where, "body": …}`. A version that is expected as 1 stands
//! for the present one.

use hyper::Method;
use serde_json::{Value, json};

use super::{Fault, Target, orders::WORDS};
use crate::{
    mutate::Mutator,
    server::{Server, kind, order},
};

struct Bodies {
    server: Server,
    fault: Option<Fault>,
}

pub(super) fn make(fault: Option<Fault>) -> Box<dyn Target> {
    Box::new(Bodies { server: Server::start(), fault })
}

impl Bodies {
    fn read(&mut self, path: &str) -> Result<Value, String> {
        let answer = self.server.ask(Method::GET, path, &[], None)?;
        if answer.status == 404 { Ok(Value::Null) } else { Ok(answer.json()) }
    }

    /// An order, and what else there may be to be changed.
    fn read_both(&mut self, order: &str, other: Option<&str>) -> Result<(Value, Value), String> {
        let other = other.map_or(Ok(Value::Null), |path| self.read(path))?;
        Ok((self.read(order)?, other))
    }
}

impl Target for Bodies {
    fn mutator(&self) -> Mutator {
        Mutator { words: WORDS, json: true }
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let Ok(mut input) = serde_json::from_slice::<Value>(input) else {
            return Ok("nothing".to_owned());
        };
        let to = input["to"].as_str().unwrap_or_default().to_owned();
        let mut body = input.get_mut("body").map(Value::take).unwrap_or_default();
        let new = json!({
            "items": [
                {"name": "Soup", "quantity": 2, "station": "grill"},
                {"name": "Fries", "quantity": 1, "station": "fry", "allergens": ["gluten"]},
                {"name": "Tea", "quantity": 1, "station": "bar"}
            ],
            "fulfilment": {"type": "curbside"}
        });
        let new = new.to_string();
        let placed = self.server.ask(Method::POST, "/api/orders", &[], Some(new.as_bytes()))?;
        let mut placed = order(placed.text().as_bytes())?;
        let at = format!("/api/orders/{}", placed.id);
        if to != "transitions" {
            let accept = json!({"to": "accepted", "expected_version": 1}).to_string();
            let path = format!("{at}/transitions");
            let accepted = self.server.ask(Method::POST, &path, &[], Some(accept.as_bytes()))?;
            placed = order(accepted.text().as_bytes())?;
        }
        if let Some(expected) = body.get_mut("expected_version").filter(|it| **it == 1) {
            *expected = json!(placed.version);
        }
        let (method, path, of_order) = match to.as_str() {
            "transitions" | "stations" | "acknowledge" | "fire" | "arrived" | "erase" => {
                (Method::POST, format!("{at}/{to}"), true)
            }
            "edit" => (Method::PATCH, at.clone(), true),
            "item" => (Method::PATCH, format!("{at}/items/1"), true),
            "seen-one" => (Method::POST, format!("{at}/seen"), false),
            "seen" => {
                if let Some(orders) = body.get_mut("orders").filter(|it| **it == json!(["this"])) {
                    *orders = json!([placed.id]);
                }
                (Method::POST, "/api/seen".to_owned(), false)
            }
            "intake" => (Method::PUT, "/api/intake".to_owned(), false),
            "screen" => (Method::PUT, "/api/screens/grill".to_owned(), false),
            _ => return Ok("nowhere".to_owned()),
        };
        if to == "screen" {
            self.server.ask(Method::DELETE, &path, &[], None)?;
        }
        // What it is about, besides the order.
        let other = matches!(to.as_str(), "intake" | "screen").then(|| path.clone());
        let before = self.read_both(&at, other.as_deref())?;
        let sent = body.to_string();
        let answer = self.server.ask(method, &path, &[], Some(sent.as_bytes()))?;
        let kind = kind(&answer, Some(&body))?;
        let taken = answer.status < 300;
        let (mut after, mut other) = self.read_both(&at, other.as_deref())?;
        if self.fault == Some(Fault::Read) && taken && of_order {
            after["number"] = json!(9);
        }
        if self.fault == Some(Fault::Leaves) && !taken && to == "intake" {
            other["reason"] = json!("left behind");
        }
        if !taken && (&after, &other) != (&before.0, &before.1) {
            return Err(format!(
                "refused, and changed all the same: {before:?} to {after} and {other}"
            ));
        }
        if of_order && taken {
            let changed = order(answer.text().as_bytes())?;
            let read = order(after.to_string().as_bytes())?;
            if changed != read {
                return Err(format!("answered {} and read {after}", answer.text()));
            }
            let step = changed.version.0 - placed.version.0;
            if step > 1 || (step == 0 && changed != placed) {
                return Err(format!("{step} versions in one change"));
            }
        }
        if taken && matches!(to.as_str(), "screen" | "intake") && other != answer.json() {
            return Err(format!("put as {} and read as {other}", answer.text()));
        }
        if to == "intake" {
            let open = json!({"state": "open"}).to_string();
            self.server.ask(Method::PUT, "/api/intake", &[], Some(open.as_bytes()))?;
        }
        Ok(format!("{to} {kind}"))
    }
}
