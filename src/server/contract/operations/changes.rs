//! Changing orders.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::{
    domain::FoodOrder,
    server::{
        contract::{
            bodies::{
                Acknowledge, Arrived, ChangeStatus, EditOrder, Erase, Fire, MarkItem, MarkStations,
                SeenAll, SeenOne,
            },
            operation::{Group, Operation},
        },
        error::Code,
    },
};

fn change(
    method: Method,
    path: &'static str,
    id: &'static str,
    title: &'static str,
    codes: &[Code],
) -> Operation {
    Operation::new(method, path, id, Group::Changes, title)
        .answers::<FoodOrder>(StatusCode::OK, "The order after the change.")
        .refuses(codes)
}

/// What refuses a change of items.
const CLOSED: [Code; 2] = [Code::StaleVersion, Code::OrderIsClosed];

pub(super) fn all() -> Vec<Operation> {
    let mut all = decisions();
    all.extend(work());
    all
}

/// What is decided about an order.
fn decisions() -> Vec<Operation> {
    vec![
        change(
            Method::POST,
            "/api/orders/{id}/transitions",
            "changeStatus",
            "Change the status",
            &[Code::StaleVersion, Code::IllegalTransition],
        )
        .text(
            "Along the state machine: `accepted`, `preparing`, `ready`, and so on. A step back is \
             a recall. To reject, expire, cancel or fail an order takes the right `direct`, and so does \
             beginning one that is held or for later.",
        )
        .takes::<ChangeStatus>(json!({"to": "accepted", "expected_version": 1})),
        change(
            Method::PATCH,
            "/api/orders/{id}",
            "editOrder",
            "Mark or edit",
            &[
                &CLOSED[..],
                &[Code::ItemNotFound, Code::ItemIsVoid, Code::NothingLeft, Code::TooManyItems],
            ]
            .concat(),
        )
        .text(
            "Sets rush or hold; or changes what is to be made, or when. Not after the order is \
             out or closed. What was ready goes back to `preparing` when there is more to make.",
        )
        .takes::<EditOrder>(json!({
            "add": [{"name": "Fries", "quantity": 1, "unit_price": 400}],
            "expected_version": 2
        })),
    ]
}

/// The kitchen's work, and what is done with an order besides.
fn work() -> Vec<Operation> {
    vec![
        change(
            Method::PATCH,
            "/api/orders/{id}/items/{item}",
            "markItem",
            "Mark an item",
            &[
                &CLOSED[..],
                &[Code::ItemNotFound, Code::ItemIsVoid, Code::NothingLeft, Code::IllegalTransition],
            ]
            .concat(),
        )
        .text(
            "With its last item an order becomes ready. An item that is void stays so, and takes \
             its price off the order.",
        )
        .takes::<MarkItem>(json!({"status": "done", "expected_version": 3})),
        change(
            Method::POST,
            "/api/orders/{id}/stations",
            "markStations",
            "Mark all items of stations",
            &[&CLOSED[..], &[Code::NothingAtStation, Code::IllegalTransition]].concat(),
        )
        .text("As a station does that begins, or bumps, its part of the order.")
        .takes::<MarkStations>(
            json!({"stations": ["grill"], "status": "done", "expected_version": 3}),
        ),
        change(
            Method::POST,
            "/api/orders/{id}/fire",
            "fireOrder",
            "Fire an order for later",
            &CLOSED,
        )
        .text("Sends it to the kitchen now.")
        .takes::<Fire>(json!({"expected_version": 1})),
        change(Method::POST, "/api/orders/{id}/acknowledge", "acknowledge", "Acknowledge", &CLOSED)
            .text("Somebody knows of a change, of a cancellation, or of the allergens.")
            .takes::<Acknowledge>(
                json!({"of": "change", "stations": ["grill"], "expected_version": 4}),
            ),
        change(
            Method::POST,
            "/api/orders/{id}/arrived",
            "customerArrived",
            "The customer is here",
            &[Code::OrderIsClosed, Code::NotCurbside],
        )
        .text(
            "To have it brought to their car. Only the first time counts; once said, it is \
             answered as it is.",
        )
        .may_take::<Arrived>(json!({"note": "blue Polo, by the gate"})),
        change(
            Method::POST,
            "/api/orders/{id}/erase",
            "eraseOrder",
            "Erase personal data",
            &[Code::OrderIsOpen],
        )
        .text(
            "Empties what tells of a person, in the order and in all its events: `\"erased\": \
             true` from then on. Ids, items, times and money stay. Once erased, it is answered as \
             it is.",
        )
        .may_take::<Erase>(json!({"while_open": true}))
        .answers::<FoodOrder>(
            StatusCode::ACCEPTED,
            "It is told to nobody any more, and leaves the disk when another program has done \
             reading it.",
        ),
        Operation::new(
            Method::POST,
            "/api/orders/{id}/seen",
            "seeOrder",
            Group::Changes,
            "A screen shows an order",
        )
        .takes::<SeenOne>(json!({"screen": "grill-1", "stations": ["grill"]}))
        .answers_nothing(StatusCode::NO_CONTENT, "It is noted."),
        Operation::new(
            Method::POST,
            "/api/seen",
            "seeOrders",
            Group::Changes,
            "A screen shows these orders",
        )
        .takes::<SeenAll>(
            json!({"screen": "grill-1", "orders": ["0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f"]}),
        )
        .answers_nothing(StatusCode::NO_CONTENT, "It is noted."),
    ]
}
