//! Bodies into checked values. Parse, don't validate: what comes out keeps
//! every rule of [`limits`], and what does not come out is a list of every
//! rule that was broken, each with a pointer to its field.

use std::{ops::RangeInclusive, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    domain::{
        Actor, ActorKind, Busy, Change, Channel, Currency, Customer, Fulfilment, Intake,
        IntakeState, ItemId, ItemStatus, Location, MinorUnits, Modifier, ModifierKind, Money,
        NewItem, NewOrder, OrderId, OrderStatus, Promises, Routing, Service, Source, Station,
        UnixMillis, Version,
        change::{Acknowledged, Action, Due, Edit},
        limits, text,
    },
    server::{
        access::principal::unsaid,
        error::{FieldError, Problem},
    },
};

mod screen;
mod webhook;
pub(in crate::server) use screen::{WishedScreen, screen};
pub(in crate::server) use webhook::{
    Replay, Successor, WishedWebhook, replay, successor, webhook, webhook_change,
};

/// What an order has that does not say otherwise.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Its location.
    pub location: Location,
    /// Its channel.
    pub channel: Channel,
    /// Its currency.
    pub currency: Currency,
    /// Its items' stations.
    pub routing: Routing,
    /// How long orders may take.
    pub promises: Promises,
    /// How much longer they take now.
    pub busy: Busy,
    /// The time that a due time must be near.
    pub now: UnixMillis,
}

/// The order that `body` places.
pub(in crate::server) fn new_order(body: &Value, defaults: &Defaults) -> Result<NewOrder, Problem> {
    let mut errors = Errors::default();
    let order = errors.new_order(body, defaults);
    errors.finish(order)
}

/// The location and the channel that `body` names and the channel's own id of the order,
/// as far as they can be read, whatever else is wrong with it.
pub(super) fn external_id(
    body: &Value,
    defaults: &Defaults,
) -> Option<(Location, Channel, String)> {
    let source = body.get("source")?;
    let id = text::clean(source.get("external_id")?.as_str()?);
    let channel = match source.get("channel").and_then(Value::as_str) {
        Some(channel) => Channel::parse(channel).ok()?,
        None => defaults.channel.clone(),
    };
    let location = match body.get("location").and_then(Value::as_str) {
        Some(location) => Location::parse(location).ok()?,
        None => defaults.location.clone(),
    };
    (!id.is_empty()).then_some((location, channel, id))
}

/// The change of status that `body` wishes.
pub(super) fn transition(body: &Value) -> Result<Change, Problem> {
    let mut errors = Errors::default();
    let change = errors.object(Pointer::ROOT, body, &["to", "expected_version", "reason", "actor"]);
    let change = change.and_then(|fields| {
        let to = fields.required(&mut errors, "to", Errors::parsed::<OrderStatus>);
        let reason = fields.optional(&mut errors, "reason", text_of(limits::NOTE)).flatten();
        let (expected_version, actor) = who(&mut errors, &fields);
        Some(Change {
            action: Action::Transition { to: to?, reason },
            expected_version: expected_version?,
            actor: actor?,
        })
    });
    errors.finish(change)
}

/// The mark that `body` puts on `item`.
pub(super) fn mark_item(body: &Value, item: ItemId) -> Result<Change, Problem> {
    let mut errors = Errors::default();
    let change = errors.object(Pointer::ROOT, body, &["status", "expected_version", "actor"]);
    let change = change.and_then(|fields| {
        let status = fields.required(&mut errors, "status", Errors::parsed::<ItemStatus>);
        let (expected_version, actor) = who(&mut errors, &fields);
        Some(Change {
            action: Action::Item { item, status: status? },
            expected_version: expected_version?,
            actor: actor?,
        })
    });
    errors.finish(change)
}

/// The marks that `body` sets, or what it changes of what is to be made.
pub(super) fn edit(body: &Value, defaults: &Defaults) -> Result<Change, Problem> {
    const FLAGS: [&str; 2] = ["rush", "held"];
    const EDITS: [&str; 4] = ["add", "remove", "quantities", "due_at"];
    let mut errors = Errors::default();
    let known = [&["expected_version", "actor"], &FLAGS[..], &EDITS[..]].concat();
    let change = errors.object(Pointer::ROOT, body, &known).and_then(|fields| {
        let has = |names: &[&str]| names.iter().any(|name| fields.get(name).is_some());
        let (flags, edits) = (has(&FLAGS), has(&EDITS));
        if flags == edits {
            let detail = "has either rush or held, or some of add, remove, quantities and due_at";
            errors.refuse::<()>(Pointer::ROOT, detail);
        }
        let rush = fields.optional(&mut errors, "rush", Errors::boolean);
        let held = fields.optional(&mut errors, "held", Errors::boolean);
        let add = fields.or(&mut errors, "add", Vec::new(), |errors, at, value| {
            errors.items(&at, value, defaults)
        });
        let remove = fields.or(&mut errors, "remove", Vec::new(), |errors, at, value| {
            let values = errors.array(&at, value, &(1..=limits::ITEMS))?;
            errors.each(&at, values, Errors::item_id)
        });
        let quantities = fields.or(&mut errors, "quantities", Vec::new(), |errors, at, value| {
            let values = errors.array(&at, value, &(1..=limits::ITEMS))?;
            errors.each(&at, values, Errors::new_quantity)
        });
        let due_at = fields.optional(&mut errors, "due_at", |errors, at, value| {
            errors.due_at(at, value, defaults.now)
        });
        let (expected_version, actor) = who(&mut errors, &fields);
        let action = if flags {
            Action::Flags { rush, held }
        } else {
            let (add, remove, quantities) = (add?, remove?, quantities?);
            let due = due_at.map(|at| Due { at, promises: defaults.promises, busy: defaults.busy });
            Action::Edit(Edit { add, remove, quantities, due })
        };
        Some(Change { action, expected_version: expected_version?, actor: actor? })
    });
    errors.finish(change)
}

/// The mark that `body` puts on all lines of some stations.
pub(super) fn mark_stations(body: &Value) -> Result<Change, Problem> {
    let mut errors = Errors::default();
    let known = ["stations", "status", "expected_version", "actor"];
    let change = errors.object(Pointer::ROOT, body, &known).and_then(|fields| {
        let stations = fields
            .required(&mut errors, "stations", |errors, at, value| errors.stations(&at, value, 1));
        let status =
            fields.required(&mut errors, "status", |errors, at, value| {
                match errors.parsed::<ItemStatus>(at.clone(), value)? {
                    ItemStatus::Void => errors.refuse(at, "must be todo, doing or done"),
                    status => Some(status),
                }
            });
        let (expected_version, actor) = who(&mut errors, &fields);
        Some(Change {
            action: Action::Stations { stations: stations?, status: status? },
            expected_version: expected_version?,
            actor: actor?,
        })
    });
    errors.finish(change)
}

/// Whether `body` has an order erased that somebody still has work with, and who
/// wishes it.
pub(in crate::server) fn erasure(body: &Value) -> Result<(bool, Actor), Problem> {
    let mut errors = Errors::default();
    let fields = errors.object(Pointer::ROOT, body, &["while_open", "actor"]);
    let erasure = fields.and_then(|fields| {
        let while_open = fields.or(&mut errors, "while_open", false, Errors::boolean);
        let actor = actor(&mut errors, &fields);
        Some((while_open?, actor?))
    });
    errors.finish(erasure)
}

/// That `body` sends an order to the kitchen.
pub(super) fn fire(body: &Value) -> Result<Change, Problem> {
    let mut errors = Errors::default();
    let fields = errors.object(Pointer::ROOT, body, &["expected_version", "actor"]);
    let change = fields.and_then(|fields| {
        let (expected_version, actor) = who(&mut errors, &fields);
        Some(Change { action: Action::Fire, expected_version: expected_version?, actor: actor? })
    });
    errors.finish(change)
}

/// What `body` says of where the customer has come to, and who says so.
pub(super) fn arrival(body: &Value) -> Result<(Option<String>, Actor), Problem> {
    let mut errors = Errors::default();
    let fields = errors.object(Pointer::ROOT, body, &["note", "actor"]);
    let arrival = fields.and_then(|fields| {
        let note = fields.or(&mut errors, "note", None, text_of(limits::ARRIVED_NOTE));
        let actor = actor(&mut errors, &fields);
        Some((note?, actor?))
    });
    errors.finish(arrival)
}

/// What `body` says that somebody knows of.
pub(super) fn acknowledge(body: &Value) -> Result<Change, Problem> {
    let mut errors = Errors::default();
    let known = ["of", "stations", "expected_version", "actor"];
    let change = errors.object(Pointer::ROOT, body, &known).and_then(|fields| {
        let of = fields.required(&mut errors, "of", Errors::parsed::<Acknowledged>);
        let stations = fields.or(&mut errors, "stations", Vec::new(), |errors, at, value| {
            errors.stations(&at, value, 0)
        });
        let (expected_version, actor) = who(&mut errors, &fields);
        Some(Change {
            action: Action::Acknowledge { of: of?, stations: stations? },
            expected_version: expected_version?,
            actor: actor?,
        })
    });
    errors.finish(change)
}

/// What a screen shows.
#[derive(Debug)]
pub(super) struct SeenBy {
    /// Its name.
    pub(super) screen: String,
    /// Its stations; none means all.
    pub(super) stations: Vec<Station>,
    /// The orders that it shows.
    pub(super) orders: Vec<OrderId>,
}

/// What `body` says that a screen shows.
pub(super) fn seen(body: &Value) -> Result<SeenBy, Problem> {
    let mut errors = Errors::default();
    let known = ["screen", "stations", "orders"];
    let seen = errors.object(Pointer::ROOT, body, &known).and_then(|fields| {
        let orders = fields.required(&mut errors, "orders", |errors, at, value| {
            let values = errors.array(&at, value, &(1..=limits::PAGE))?;
            errors.each(&at, values, Errors::parsed)
        });
        errors.seen_by(&fields, orders)
    });
    errors.finish(seen)
}

/// That the screen which `body` names shows `order`.
pub(super) fn seen_one(body: &Value, order: OrderId) -> Result<SeenBy, Problem> {
    let mut errors = Errors::default();
    let fields = errors.object(Pointer::ROOT, body, &["screen", "stations"]);
    let seen = fields.and_then(|fields| errors.seen_by(&fields, Some(vec![order])));
    errors.finish(seen)
}

/// The intake switch as `body` sets it, and who does.
pub(super) fn intake(body: &Value, now: UnixMillis) -> Result<(Intake, Actor), Problem> {
    let mut errors = Errors::default();
    let known = ["state", "minutes", "extra_min", "reason", "actor"];
    let intake = errors.object(Pointer::ROOT, body, &known).and_then(|fields| {
        let state = fields.required(&mut errors, "state", Errors::parsed::<IntakeState>);
        let minutes = |errors: &mut Errors, at, value: &Value| {
            errors.whole(at, value, &(1..=limits::INTAKE_MINUTES))
        };
        let for_minutes = fields.optional(&mut errors, "minutes", minutes);
        let extra_min = fields.or(&mut errors, "extra_min", 10, |errors, at, value| {
            errors.whole(at, value, &(1..=limits::BUSY_MINUTES))
        });
        let reason = fields.optional(&mut errors, "reason", text_of(limits::NOTE)).flatten();
        let actor = actor(&mut errors, &fields);
        let (state, extra_min) = (state?, u32::try_from(extra_min?).ok()?);
        if state == IntakeState::Open {
            return Some((Intake::default(), actor?));
        }
        // What is not open has an end, or it is forgotten until the next morning.
        let Some(minutes) = for_minutes else {
            if fields.get("minutes").is_none() {
                let detail = "is required: for how many minutes, 1 to 1440";
                errors.refuse::<()>(Pointer::ROOT.field("minutes"), detail);
            }
            return None;
        };
        let extra_min = if state == IntakeState::Busy { extra_min } else { 0 };
        let until = Some(now.plus(minutes * 60_000));
        Some((Intake { state, until, extra_min, reason }, actor?))
    });
    errors.finish(intake)
}

/// Whoever wishes a change, and the version they have seen.
fn who(errors: &mut Errors, fields: &Fields<'_>) -> (Option<Version>, Option<Actor>) {
    let expected = fields.required(errors, "expected_version", |errors, at, value| {
        errors.whole(at, value, &(1..=i64::from(u32::MAX)))
    });
    let expected = expected.and_then(|number| u32::try_from(number).ok()).map(Version);
    (expected, actor(errors, fields))
}

/// Whoever does something.
fn actor(errors: &mut Errors, fields: &Fields<'_>) -> Option<Actor> {
    fields.or(errors, "actor", unsaid(), Errors::actor)
}

/// Where a value stands in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pointer(String);

impl Pointer {
    const ROOT: Self = Self(String::new());

    fn field(&self, name: &str) -> Self {
        Self(format!("{}/{}", self.0, name.replace('~', "~0").replace('/', "~1")))
    }

    fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }
}

/// A JSON object whose fields are all known.
struct Fields<'a> {
    at: Pointer,
    values: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The field's value; `null` is as good as absent.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    /// A field that must be there.
    fn required<T>(
        &self,
        errors: &mut Errors,
        name: &str,
        read: impl FnOnce(&mut Errors, Pointer, &'a Value) -> Option<T>,
    ) -> Option<T> {
        let at = self.at.field(name);
        match self.get(name) {
            Some(value) => read(errors, at, value),
            None => errors.refuse(at, "is required"),
        }
    }

    /// A field that may be absent: `None` then, and when it is refused.
    fn optional<T>(
        &self,
        errors: &mut Errors,
        name: &str,
        read: impl FnOnce(&mut Errors, Pointer, &'a Value) -> Option<T>,
    ) -> Option<T> {
        self.get(name).and_then(|value| read(errors, self.at.field(name), value))
    }

    /// A field with a default: `None` only when it is refused.
    fn or<T>(
        &self,
        errors: &mut Errors,
        name: &str,
        default: T,
        read: impl FnOnce(&mut Errors, Pointer, &'a Value) -> Option<T>,
    ) -> Option<T> {
        match self.get(name) {
            Some(value) => read(errors, self.at.field(name), value),
            None => Some(default),
        }
    }
}

/// The whole number that `value` is. JSON has one kind of numbers: 5.0 is 5, and there
/// are clients that write it so.
fn whole(value: &Value) -> Option<i64> {
    /// Beyond this, a float does not tell one whole number from the next.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| {
        let number = value.as_f64().filter(|it| it.fract() == 0.0 && it.abs() <= EXACT)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and in range, as the line before says"
        )]
        Some(number as i64)
    })
}

/// Reads text of at most `most` characters; `None` inside when nothing is left of it.
fn text_of(most: usize) -> impl Fn(&mut Errors, Pointer, &Value) -> Option<Option<String>> {
    move |errors, at, value| {
        errors.text(at, value, most).map(|text| Some(text).filter(|text| !text.is_empty()))
    }
}

/// Every rule that was broken so far.
#[derive(Default)]
struct Errors(Vec<FieldError>);

impl Errors {
    fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Problem::InvalidFields(self.0)),
        }
    }

    fn refuse<T>(&mut self, at: Pointer, detail: impl Into<String>) -> Option<T> {
        self.0.push(FieldError { pointer: at.0, detail: detail.into() });
        None
    }

    fn object<'a>(&mut self, at: Pointer, value: &'a Value, known: &[&str]) -> Option<Fields<'a>> {
        let Value::Object(values) = value else {
            return self.refuse(at, "must be an object");
        };
        for name in values.keys().filter(|name| !known.contains(&name.as_str())) {
            self.refuse::<()>(
                at.field(name),
                format!("is not a field; there are {}", known.join(", ")),
            );
        }
        Some(Fields { at, values })
    }

    fn array<'a>(
        &mut self,
        at: &Pointer,
        value: &'a Value,
        count: &RangeInclusive<usize>,
    ) -> Option<&'a [Value]> {
        match value {
            Value::Array(values) if count.contains(&values.len()) => Some(values),
            Value::Array(values) => self.refuse(
                at.clone(),
                format!("has {} to {} entries, not {}", count.start(), count.end(), values.len()),
            ),
            _ => self.refuse(at.clone(), "must be an array"),
        }
    }

    fn whole(&mut self, at: Pointer, value: &Value, range: &RangeInclusive<i64>) -> Option<i64> {
        match whole(value) {
            Some(number) if range.contains(&number) => Some(number),
            _ => self.refuse(
                at,
                format!("must be a whole number from {} to {}", range.start(), range.end()),
            ),
        }
    }

    fn boolean(&mut self, at: Pointer, value: &Value) -> Option<bool> {
        match value.as_bool() {
            Some(value) => Some(value),
            None => self.refuse(at, "must be true or false"),
        }
    }

    /// Text, cleaned, of at most `most` characters as it was sent.
    fn text(&mut self, at: Pointer, value: &Value, most: usize) -> Option<String> {
        let Value::String(raw) = value else {
            return self.refuse(at, "must be a string");
        };
        let length = raw.chars().count();
        if length > most {
            return self.refuse(at, format!("has at most {most} characters, not {length}"));
        }
        Some(text::clean(raw))
    }

    /// Text of which something is left.
    fn filled_text(&mut self, at: Pointer, value: &Value, most: usize) -> Option<String> {
        let text = self.text(at.clone(), value, most)?;
        if text.is_empty() {
            return self.refuse(at, "must not be empty");
        }
        Some(text)
    }

    /// One of a few words.
    fn parsed<T: FromStr<Err = &'static str>>(&mut self, at: Pointer, value: &Value) -> Option<T> {
        let Value::String(raw) = value else {
            return self.refuse(at, "must be a string");
        };
        match raw.parse() {
            Ok(value) => Some(value),
            Err(allowed) => self.refuse(at, format!("must be {allowed}")),
        }
    }

    fn label<T>(
        &mut self,
        at: Pointer,
        value: &Value,
        parse: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        let Value::String(raw) = value else {
            return self.refuse(at, "must be a string");
        };
        match parse(raw) {
            Ok(label) => Some(label),
            Err(rule) => self.refuse(at, format!("must be {rule}")),
        }
    }

    fn quantity(&mut self, at: Pointer, value: &Value) -> Option<u32> {
        let number = self.whole(at, value, &(1..=i64::from(limits::QUANTITY)))?;
        u32::try_from(number).ok()
    }

    fn amount(&mut self, at: Pointer, value: &Value) -> Option<MinorUnits> {
        self.whole(at, value, &(0..=limits::AMOUNT)).map(MinorUnits)
    }

    /// A sum that the client computed: it may be larger than one amount.
    fn sum(&mut self, at: Pointer, value: &Value) -> Option<MinorUnits> {
        self.whole(at, value, &(0..=i64::MAX)).map(MinorUnits)
    }

    fn actor(&mut self, at: Pointer, value: &Value) -> Option<Actor> {
        let fields = self.object(at, value, &["kind", "id"])?;
        let kind = fields.required(self, "kind", Self::parsed::<ActorKind>);
        let id = fields
            .required(self, "id", |errors, at, value| errors.filled_text(at, value, limits::LABEL));
        Some(Actor { kind: kind?, id: id? })
    }

    fn new_order(&mut self, body: &Value, defaults: &Defaults) -> Option<NewOrder> {
        let fields = self.object(
            Pointer::ROOT,
            body,
            &[
                "items",
                "location",
                "source",
                "fulfilment",
                "customer",
                "currency",
                "subtotal",
                "tax",
                "tip",
                "fees",
                "discount",
                "total",
                "rush",
            ],
        )?;
        let items =
            fields.required(self, "items", |errors, at, value| errors.items(&at, value, defaults));
        let location =
            fields.or(self, "location", defaults.location.clone(), |errors, at, value| {
                errors.label(at, value, Location::parse)
            });
        let channel = defaults.channel.clone();
        let source = Source {
            channel: channel.clone(),
            external_id: None,
            accept_by: None,
            placed_at: None,
        };
        let source = fields.or(self, "source", source, |errors, at, value| {
            errors.source(at, value, channel, defaults.now)
        });
        let fulfilment =
            fields.or(self, "fulfilment", Fulfilment::default(), |errors, at, value| {
                errors.fulfilment(at, value, defaults.now)
            });
        let customer = fields.or(self, "customer", Customer::default(), Self::customer);
        let currency = fields.or(self, "currency", defaults.currency, |errors, at, value| {
            errors.label(at, value, Currency::parse)
        });
        let zero = MinorUnits(0);
        let tax = fields.or(self, "tax", zero, Self::amount);
        let tip = fields.or(self, "tip", zero, Self::amount);
        let fees = fields.or(self, "fees", zero, Self::amount);
        let discount = fields.or(self, "discount", zero, Self::amount);
        let rush = fields.or(self, "rush", false, Self::boolean);
        let subtotal = fields.optional(self, "subtotal", Self::sum);
        let total = fields.optional(self, "total", Self::sum);
        let order = NewOrder {
            location: location?,
            source: source?,
            fulfilment: fulfilment?,
            customer: customer?,
            items: items?,
            currency: currency?,
            tax: tax?,
            tip: tip?,
            fees: fees?,
            discount: discount?,
            rush: rush?,
        };
        self.check_money(&order.money(), order.discount, subtotal, total);
        Some(order)
    }

    /// Money that the client sends must add up.
    fn check_money(
        &mut self,
        money: &Money,
        discount: MinorUnits,
        subtotal: Option<MinorUnits>,
        total: Option<MinorUnits>,
    ) {
        if subtotal.is_some_and(|sent| sent != money.subtotal) {
            let detail = format!("must be {}: the items with their modifiers", money.subtotal.0);
            self.refuse::<()>(Pointer::ROOT.field("subtotal"), detail);
        }
        let before_discount = money.subtotal + money.tax + money.tip + money.fees;
        if discount > before_discount {
            let detail = format!("takes off more than the {} that it costs", before_discount.0);
            self.refuse::<()>(Pointer::ROOT.field("discount"), detail);
        } else if total.is_some_and(|sent| sent != money.total) {
            let detail =
                format!("must be {}: subtotal + tax + tip + fees - discount", money.total.0);
            self.refuse::<()>(Pointer::ROOT.field("total"), detail);
        }
    }

    fn source(
        &mut self,
        at: Pointer,
        value: &Value,
        default: Channel,
        now: UnixMillis,
    ) -> Option<Source> {
        let fields =
            self.object(at, value, &["channel", "external_id", "accept_by", "placed_at"])?;
        let channel = fields.or(self, "channel", default, |errors, at, value| {
            errors.label(at, value, Channel::parse)
        });
        let external_id = fields.optional(self, "external_id", text_of(limits::KEY)).flatten();
        let latest = now.plus(limits::ACCEPT_AHEAD_MILLIS).0;
        let accept_by = fields.optional(self, "accept_by", |errors, at, value| {
            match whole(value) {
                Some(millis) if (now.0..=latest).contains(&millis) => Some(UnixMillis(millis)),
                _ => errors.refuse(
                    at,
                    "must be a time in milliseconds since 1970 (UTC), from now on and at most a day ahead",
                ),
            }
        });
        let placed =
            now.plus(-limits::SOURCE_BEHIND_MILLIS).0..=now.plus(limits::SOURCE_AHEAD_MILLIS).0;
        let placed_at = fields.optional(self, "placed_at", |errors, at, value| {
            match whole(value) {
                Some(millis) if placed.contains(&millis) => Some(UnixMillis(millis)),
                _ => errors.refuse(
                    at,
                    "must be a time in milliseconds since 1970 (UTC), at most a day ago and five minutes ahead",
                ),
            }
        });
        Some(Source { channel: channel?, external_id, accept_by, placed_at })
    }

    fn fulfilment(&mut self, at: Pointer, value: &Value, now: UnixMillis) -> Option<Fulfilment> {
        let known = ["type", "due_at", "table", "address", "instructions"];
        let fields = self.object(at, value, &known)?;
        let service = fields.or(self, "type", Service::default(), Self::parsed::<Service>);
        let due_at =
            fields.optional(self, "due_at", |errors, at, value| errors.due_at(at, value, now));
        let table = fields.optional(self, "table", text_of(limits::LABEL)).flatten();
        let address = fields.optional(self, "address", text_of(limits::ADDRESS)).flatten();
        let instructions = fields.optional(self, "instructions", text_of(limits::NOTE)).flatten();
        let service = service?;
        Some(Fulfilment { service, due_at, table, address, instructions, arrived_note: None })
    }

    fn due_at(&mut self, at: Pointer, value: &Value, now: UnixMillis) -> Option<UnixMillis> {
        let earliest = now.plus(-limits::DUE_BEHIND_MILLIS).0;
        let latest = now.plus(limits::DUE_AHEAD_MILLIS).0;
        match whole(value) {
            Some(millis) if (earliest..=latest).contains(&millis) => Some(UnixMillis(millis)),
            _ => self.refuse(
                at,
                "must be a time in milliseconds since 1970 (UTC), at most a day ago and a year ahead",
            ),
        }
    }

    /// A list of stations, of at least `least`.
    fn stations(&mut self, at: &Pointer, value: &Value, least: usize) -> Option<Vec<Station>> {
        let values = self.array(at, value, &(least..=limits::FILTER_VALUES))?;
        self.each(at, values, |errors, at, value| errors.label(at, value, Station::parse))
    }

    fn item_id(&mut self, at: Pointer, value: &Value) -> Option<ItemId> {
        let number = self.whole(at, value, &(1..=i64::from(u32::MAX)))?;
        u32::try_from(number).ok().map(ItemId)
    }

    fn new_quantity(&mut self, at: Pointer, value: &Value) -> Option<(ItemId, u32)> {
        let fields = self.object(at, value, &["item", "quantity"])?;
        let item = fields.required(self, "item", Self::item_id);
        let quantity = fields.required(self, "quantity", Self::quantity);
        Some((item?, quantity?))
    }

    /// Who has seen `orders`.
    fn seen_by(&mut self, fields: &Fields<'_>, orders: Option<Vec<OrderId>>) -> Option<SeenBy> {
        let screen = fields.required(self, "screen", |errors, at, value| {
            errors.filled_text(at, value, limits::LABEL)
        });
        let stations = fields
            .or(self, "stations", Vec::new(), |errors, at, value| errors.stations(&at, value, 0));
        Some(SeenBy { screen: screen?, stations: stations?, orders: orders? })
    }

    fn customer(&mut self, at: Pointer, value: &Value) -> Option<Customer> {
        let fields = self.object(at, value, &["name", "phone"])?;
        let name = fields.optional(self, "name", text_of(limits::CUSTOMER_NAME)).flatten();
        let phone = fields.optional(self, "phone", text_of(limits::PHONE)).flatten();
        Some(Customer { name: name.unwrap_or_default(), phone })
    }

    fn items(&mut self, at: &Pointer, value: &Value, defaults: &Defaults) -> Option<Vec<NewItem>> {
        let values = self.array(at, value, &(1..=limits::ITEMS))?;
        self.each(at, values, |errors, at, value| errors.item(at, value, defaults))
    }

    /// Reads every entry, so that each that breaks a rule is told.
    fn each<T>(
        &mut self,
        at: &Pointer,
        values: &[Value],
        read: impl Fn(&mut Self, Pointer, &Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let read: Vec<Option<T>> = values
            .iter()
            .enumerate()
            .map(|(index, value)| read(self, at.index(index), value))
            .collect();
        read.into_iter().collect()
    }

    fn item(&mut self, at: Pointer, value: &Value, defaults: &Defaults) -> Option<NewItem> {
        let known = ["name", "quantity", "unit_price", "station", "modifiers", "allergens", "note"];
        let fields = self.object(at, value, &known)?;
        let name = fields.required(self, "name", |errors, at, value| {
            errors.filled_text(at, value, limits::ITEM_NAME)
        });
        let quantity = fields.required(self, "quantity", Self::quantity);
        let unit_price = fields.or(self, "unit_price", MinorUnits(0), Self::amount);
        let station = fields
            .optional(self, "station", |errors, at, value| errors.label(at, value, Station::parse));
        let modifiers = fields.or(self, "modifiers", Vec::new(), |errors, at, value| {
            let values = errors.array(&at, value, &(0..=limits::MODIFIERS))?;
            errors.each(&at, values, Self::modifier)
        });
        let allergens = fields.or(self, "allergens", Vec::new(), |errors, at, value| {
            let values = errors.array(&at, value, &(0..=limits::ALLERGENS))?;
            errors
                .each(&at, values, |errors, at, value| errors.filled_text(at, value, limits::LABEL))
        });
        let note = fields.optional(self, "note", text_of(limits::NOTE)).flatten();
        let name = name?;
        let station = match (station, fields.get("station")) {
            (Some(station), _) => station,
            (None, None) => defaults.routing.of(&name).station.clone(),
            (None, Some(_)) => return None,
        };
        Some(NewItem {
            name,
            quantity: quantity?,
            unit_price: unit_price?,
            station,
            modifiers: modifiers?,
            allergens: allergens?,
            note,
        })
    }

    fn modifier(&mut self, at: Pointer, value: &Value) -> Option<Modifier> {
        let fields = self.object(at, value, &["kind", "name", "quantity", "unit_price"])?;
        let kind = fields.required(self, "kind", Self::parsed::<ModifierKind>);
        let name = fields.required(self, "name", |errors, at, value| {
            errors.filled_text(at, value, limits::ITEM_NAME)
        });
        let quantity = fields.or(self, "quantity", 1, Self::quantity);
        let unit_price = fields.or(self, "unit_price", MinorUnits(0), Self::amount);
        Some(Modifier { kind: kind?, name: name?, quantity: quantity?, unit_price: unit_price? })
    }
}
