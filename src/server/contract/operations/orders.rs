//! Placing orders, reading them, and following along.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{filtered, switch, whole};
use crate::{
    domain::{FoodOrder, limits},
    server::{
        contract::{
            answers::PlacedOrder,
            bodies::PlaceOrder,
            operation::{Group, Operation, event},
        },
        error::Code,
        reads,
    },
    wire::{Bye, EventKind, Heartbeat, Hello, Snapshot},
};

/// What an `Idempotency-Key` is.
pub(super) const KEY: &str = r#"^"?[!#-~][!-~]{0,197}"?$"#;

pub(super) fn all() -> Vec<Operation> {
    vec![place(), list(), one(), stream(), events()]
}

/// An order that says something of everything.
pub(super) fn example() -> Value {
    json!({
        "source": {"channel": "web", "external_id": "A-1042"},
        "fulfilment": {"type": "delivery", "address": "12 Harbour Street", "instructions": "Ring twice"},
        "customer": {"name": "Ana", "phone": "+44 20 7946 0000"},
        "items": [
            {
                "name": "Cheeseburger",
                "quantity": 2,
                "unit_price": 950,
                "station": "grill",
                "modifiers": [{"kind": "no", "name": "Onion"}],
                "allergens": ["milk"],
                "note": "Cut in half"
            },
            {"name": "Lemonade", "quantity": 1, "unit_price": 350}
        ],
        "currency": "EUR",
        "tip": 200
    })
}

fn place() -> Operation {
    let key = json!({"type": "string", "pattern": KEY, "examples": ["web-A-1042"]});
    Operation::new(Method::POST, "/api/orders", "placeOrder", Group::Orders, "Place an order")
        .text(
            "The answer comes when the order is on the disk. Send it again when the answer was \
             lost: with the same `Idempotency-Key`, or the same `source.external_id`, there is no \
             second order, and the answer is the first one.",
        )
        .header(
            "Idempotency-Key",
            false,
            key,
            "By it a repeat is known: 1 to 200 visible ASCII characters.",
        )
        .takes::<PlaceOrder>(example())
        .answers::<PlacedOrder>(StatusCode::CREATED, "The order, durable.")
        .with_header("Location", "The address of the order.", true)
        .with_header("Idempotency-Replayed", "`true` where the order was placed before.", false)
        .refuses(&[
            Code::InvalidIdempotencyKey,
            Code::IdempotencyKeyReused,
            Code::IdempotencyKeyInFlight,
            Code::ExternalIdReused,
            Code::IntakePaused,
            Code::OutsideYourLocations,
            Code::OtherChannel,
        ])
}

fn list() -> Operation {
    let since = json!({"anyOf": [{"const": "day"}, {"$ref": "#/components/schemas/UnixMillis"}]});
    let most = i64::try_from(limits::PAGE).unwrap_or(i64::MAX);
    filtered(Operation::new(Method::GET, "/api/orders", "listOrders", Group::Orders, "List orders"))
        .text(
            "Read at one moment: every open order that matches, the first placed first. With a \
             `status` that is not open, with `since` or with `q`: the last changed first, 100 \
             unless `limit` says otherwise.",
        )
        .query("limit", false, whole(1, most), "How many at most.")
        .query(
            "since",
            false,
            since,
            "Leaves out what has not changed since: a time in milliseconds, or `day` for when the \
             business day began.",
        )
        .query(
            "q",
            false,
            json!({
                "type": "string",
                "minLength": 1,
                "maxLength": limits::CUSTOMER_NAME,
                "pattern": super::super::newtypes::FILLED
            }),
            "What an order is called: its number, or a part of the customer's name.",
        )
        .answers::<reads::Orders<'_>>(StatusCode::OK, "The orders, and the position they stand at.")
        .refuses(&[Code::OutsideYourLocations, Code::OtherChannel])
}

fn one() -> Operation {
    let path = "/api/orders/{id}";
    Operation::new(Method::GET, path, "readOrder", Group::Orders, "Read an order")
        .text("With its history, oldest first, and the screens that have shown it.")
        .answers::<reads::WithHistory<'_>>(StatusCode::OK, "The order.")
}

fn after() -> Value {
    json!({
        "type": "string",
        "pattern": "^(earliest|[0-9a-f]{8}-(0|[1-9][0-9]{0,18}))$",
        "examples": ["9f3a01c4-42"]
    })
}

fn stream() -> Operation {
    let kinds = EventKind::ALL.map(|kind| {
        event::<FoodOrder>(
            kind.as_str(),
            "The whole order after the change; `id:` is its position.",
        )
    });
    let mut events = vec![
        event::<Hello>("hello", "First, with `retry:`."),
        event::<Snapshot>(
            "snapshot",
            "Where it was asked for, or where the position is not known or no longer kept.",
        ),
    ];
    events.extend(kinds);
    events.push(event::<Heartbeat>(
        "heartbeat",
        "When the stream has caught up, then every `heartbeat_ms`, and at once when something in \
         it changes.",
    ));
    events.push(event::<Bye>("bye", "Before the server ends the stream."));
    filtered(Operation::new(
        Method::GET,
        "/live-orders",
        "followOrders",
        Group::Stream,
        "Follow along by Server-Sent Events",
    ))
    .text(
        "Begins now, after a position, or with a snapshot, and goes on until one side ends it. \
         Everything that matches up to an `id:` has been sent before it; come back with the last \
         one, and nothing is lost. With `Accept-Encoding: gzip` each frame is compressed and \
         still readable at once.",
    )
    .query(
        "after",
        false,
        after(),
        "Continues after this event or cursor; `earliest` for all that is kept.",
    )
    .query("snapshot", false, switch(), "`1` begins with every open order that matches.")
    .header(
        "Last-Event-ID",
        false,
        json!({"type": "string"}),
        "As browsers send it by themselves; wins over `after`. What is no position of this log is \
         answered with a snapshot.",
    )
    .streams("The stream. `x-events` has the shape of each event's `data:`.", events)
    .refuses(&[
        Code::TooManyStreams,
        Code::TooManyOwnStreams,
        Code::OutsideYourLocations,
        Code::OtherChannel,
    ])
}

fn events() -> Operation {
    let most = i64::try_from(limits::PAGE).unwrap_or(i64::MAX);
    filtered(Operation::new(
        Method::GET,
        "/api/events",
        "pollEvents",
        Group::Stream,
        "Follow along by poll",
    ))
    .text(
        "The events of the stream for clients that cannot hold one. Go on with `after` set to \
         `cursor`. Where the stream would begin with a snapshot, so does this.",
    )
    .query(
        "after",
        false,
        after(),
        "Continues after this event or cursor; `earliest` for all that is kept.",
    )
    .query(
        "limit",
        false,
        whole(1, most),
        "How many events of the log are looked at; 100 by default.",
    )
    .query("snapshot", false, switch(), "`1` begins with every open order that matches.")
    .answers::<reads::Events<'_>>(StatusCode::OK, "The events.")
    .refuses(&[Code::OutsideYourLocations, Code::OtherChannel])
}
