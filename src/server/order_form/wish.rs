//! What the form says, as the API would be sent it, and refusals of that as the
//! form's own fields.

use jiff::civil::Time;
use serde_json::{Map, Value, json};

use super::{known::Known, lines};
use crate::{
    app::text,
    domain::{NewOrder, OrderId, OrderNumber, Service, Station, UnixMillis, order::FoodOrder},
    server::{
        access::principal::Caller,
        error::{FieldError, Problem},
        forms::Form,
        ingest::{self, Defaults},
        orders::utc_offset_seconds,
        state::App,
    },
};

/// An order as somebody wishes it.
pub(super) struct Wish {
    /// What was typed, by which a repeat is known: it stays the same whatever is
    /// ordered meanwhile.
    pub(super) sent: Value,
    /// The same with what is known of its items.
    pub(super) body: Value,
    /// What an order of whoever wishes it has that does not say.
    defaults: Defaults,
    /// The service that was chosen.
    pub(super) service: Service,
    /// When it is due, if that can be read.
    pub(super) due_at: Option<UnixMillis>,
    /// What no body can say.
    errors: Vec<FieldError>,
}

/// What was typed as lines, the one that is being typed last.
pub(super) fn typed(form: &Form) -> Vec<&str> {
    let lines = form.all("item").chain(std::iter::once(form.text("line")));
    lines.map(str::trim).filter(|line| !line.is_empty()).collect()
}

impl Wish {
    /// What `form` says at `now`.
    pub(super) fn of(
        app: &App,
        caller: &Caller,
        form: &Form,
        known: &Known,
        now: UnixMillis,
    ) -> Self {
        let mut errors = Vec::new();
        let service: Service = form.text("service").parse().unwrap_or_default();
        let due_at = match due(app, form.text("due"), now) {
            Ok(due_at) => due_at,
            Err((due_at, detail)) => {
                errors.push(FieldError { pointer: "/due".to_owned(), detail });
                due_at
            }
        };
        let mut fulfilment = Map::new();
        fulfilment.insert("type".to_owned(), service.as_str().into());
        if let Some(due_at) = due_at {
            fulfilment.insert("due_at".to_owned(), due_at.0.into());
        }
        // What belongs to another service stays in the form and out of the order.
        let mut say = |name: &str, of: &[Service]| {
            let text = form.text(name);
            if !text.trim().is_empty() && (of.is_empty() || of.contains(&service)) {
                fulfilment.insert(name.to_owned(), text.into());
            }
        };
        say("table", &[Service::DineIn]);
        say("address", &[Service::Delivery]);
        say("instructions", &[]);
        let allergens = form.names("allergens", "more_allergens");
        let lines: Vec<Value> = typed(form)
            .into_iter()
            .map(|line| {
                let mut item = lines::item(line);
                if !allergens.is_empty() {
                    // They are the guest's, and every station has to know.
                    item["allergens"] = allergens.clone().into();
                }
                item
            })
            .collect();
        if lines.is_empty() {
            let detail = "is empty: an order has one item at least".to_owned();
            errors.push(FieldError { pointer: "/line".to_owned(), detail });
        }
        let channel = Some(form.text("channel")).filter(|it| !it.is_empty()).unwrap_or("phone");
        let sent = json!({
            "items": lines,
            "source": {"channel": channel},
            "fulfilment": fulfilment,
            "customer": {"name": form.text("name"), "phone": form.text("phone")},
            "rush": form.is_on("rush"),
        });
        let mut body = sent.clone();
        for item in body["items"].as_array_mut().into_iter().flatten() {
            complete(app, known, item);
        }
        let defaults = ingest::defaults(app, caller);
        Self { sent, body, defaults, service, due_at, errors }
    }

    /// What it is read with: now, and not when it was typed.
    pub(super) fn defaults(&self, app: &App) -> Defaults {
        Defaults { now: app.clock.now(), ..self.defaults.clone() }
    }

    /// The order, or everything that is wrong with it by the form's fields.
    pub(super) fn order(&self, app: &App) -> Result<NewOrder, Vec<FieldError>> {
        let read = ingest::new_order(&self.body, &self.defaults(app));
        let mut errors = self.errors.clone();
        match read {
            Ok(order) if errors.is_empty() => return Ok(order),
            Err(Problem::InvalidFields(refused)) => {
                for error in refused.into_iter().filter_map(of_field) {
                    if !errors.contains(&error) {
                        errors.push(error);
                    }
                }
            }
            Ok(_) | Err(_) => {}
        }
        Err(errors)
    }

    /// The order as it would stand on a ticket, without what is wrong with it; none
    /// as long as there is nothing to make.
    pub(super) fn ticket(&self, app: &App, now: UnixMillis) -> Option<FoodOrder> {
        let defaults = self.defaults(app);
        let order = match ingest::new_order(&self.body, &defaults) {
            Ok(order) => order,
            Err(Problem::InvalidFields(errors)) => {
                let mut body = self.body.clone();
                for error in errors.iter().rev() {
                    leave_out(&mut body, &error.pointer);
                }
                if let Some(lines) = body["items"].as_array_mut() {
                    lines.retain(|line| !line.is_null());
                }
                ingest::new_order(&body, &defaults).ok()?
            }
            Err(_) => return None,
        };
        let promise = app.orders.promise(self.service, self.due_at, now);
        Some(order.place(OrderId(uuid::Uuid::nil()), OrderNumber(0), now, promise))
    }
}

/// Calls `item` what it is called here, and sends it where the last one went, if the
/// routing table does not say.
fn complete(app: &App, known: &Known, item: &mut Value) {
    let Some(typed) = item["name"].as_str().map(str::to_owned) else { return };
    let Some((name, station)) = known.item(&typed) else { return };
    if let Some(station) = station.filter(|_| !app.orders.routing().of(&typed).named) {
        item["station"] = Station::as_str(station).into();
    }
    item["name"] = name.into();
}

/// The time that was typed as one of the business day; with why it is refused.
fn due(
    app: &App,
    typed: &str,
    now: UnixMillis,
) -> Result<Option<UnixMillis>, (Option<UnixMillis>, String)> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    // Some browsers send seconds.
    let time = typed.get(..5).filter(|_| typed.len() == 8).unwrap_or(typed);
    let Ok(time) = Time::strptime("%H:%M", time) else {
        return Err((None, "must be a time such as 18:30".to_owned()));
    };
    let due_at = app.orders.today_at(time, now);
    // This minute is not over.
    if due_at.plus(60_000) <= now {
        let offset = utc_offset_seconds(now, &app.page.time_zone);
        let clock = text::time_of_day(now, offset, false);
        return Err((Some(due_at), format!("is past: it is {clock} now")));
    }
    Ok(Some(due_at))
}

/// A refusal of the body as one of a field of the form.
fn of_field(FieldError { pointer, detail }: FieldError) -> Option<FieldError> {
    let mut parts = pointer.trim_start_matches('/').split('/');
    let first = parts.next().unwrap_or_default();
    let field = match first {
        // That there are none is told already.
        "items" => match parts.next() {
            None if detail.contains(", not 0") => return None,
            None => "line".to_owned(),
            Some(place) => {
                let detail = match parts.next() {
                    Some("quantity") => format!("The number {detail}"),
                    Some("modifiers") => format!("What is different {detail}"),
                    Some("note") => format!("The note {detail}"),
                    Some("allergens") => {
                        return Some(FieldError { pointer: "/allergens".to_owned(), detail });
                    }
                    _ => format!("The name {detail}"),
                };
                return Some(FieldError { pointer: format!("/item-{place}"), detail });
            }
        },
        "source" => "channel".to_owned(),
        "fulfilment" | "customer" => match parts.next() {
            Some("due_at") => "due".to_owned(),
            Some("type") => "service".to_owned(),
            Some(field) => field.to_owned(),
            None => first.to_owned(),
        },
        _ => first.to_owned(),
    };
    Some(FieldError { pointer: format!("/{field}"), detail })
}

/// Takes what `pointer` leads to out of `body`; of an item the whole line.
fn leave_out(body: &mut Value, pointer: &str) {
    let mut parts = pointer.trim_start_matches('/').split('/');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match (body.get_mut(first), second.parse::<usize>()) {
        (Some(Value::Array(lines)), Ok(place)) => {
            // A line with two faults is gone already: null is no item either way.
            if let Some(line) = lines.get_mut(place) {
                *line = Value::Null;
            }
        }
        (Some(Value::Object(fields)), _) => {
            fields.remove(second);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_beside_the_field_that_it_is_about() {
        let field = |pointer: &str| {
            let detail = "has at most 3 characters, not 4".to_owned();
            of_field(FieldError { pointer: pointer.to_owned(), detail }).map(|it| it.pointer)
        };
        for (pointer, expected) in [
            ("/items/2/name", "/item-2"),
            ("/items/0/modifiers/1/name", "/item-0"),
            ("/items/0/allergens/14", "/allergens"),
            ("/items", "/line"),
            ("/fulfilment/due_at", "/due"),
            ("/fulfilment/table", "/table"),
            ("/customer/phone", "/phone"),
            ("/source/channel", "/channel"),
        ] {
            assert_eq!(field(pointer).as_deref(), Some(expected), "{pointer}");
        }
        let none = FieldError {
            pointer: "/items".to_owned(),
            detail: "has 1 to 100 entries, not 0".to_owned(),
        };
        assert_eq!(of_field(none), None);
    }

    #[test]
    fn a_preview_leaves_out_what_is_wrong() {
        let mut body = json!({"items": [1, 2], "customer": {"name": "A", "phone": "B"}});
        leave_out(&mut body, "/items/0/name");
        leave_out(&mut body, "/customer/phone");
        assert_eq!(body, json!({"items": [null, 2], "customer": {"name": "A"}}));
    }
}
