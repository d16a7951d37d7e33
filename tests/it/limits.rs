//! Every limit of what a client may send, at it and over it.

use hyper::Method;
use live_orders::domain::limits;
use serde_json::{Value, json};

use crate::support::{TestServer, burger, request};

fn with(path: &[&str], value: Value) -> Value {
    let mut body = burger();
    let mut at = &mut body;
    for step in path {
        at = match step.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[*step],
        };
    }
    *at = value;
    body
}

#[tokio::test]
async fn what_is_at_a_limit_is_taken_and_what_is_over_it_is_refused() {
    let server = TestServer::start().await;
    let line = json!({"name": "x", "quantity": 1});
    let extra = json!({"kind": "add", "name": "x"});
    // Two bytes each, so that characters are counted and not bytes.
    let text = |length: usize| json!("ü".repeat(length));
    let cases: [(&[&str], Value, Value); 18] = [
        (&["items"], json!(vec![&line; limits::ITEMS]), json!(vec![&line; limits::ITEMS + 1])),
        (
            &["items", "0", "modifiers"],
            json!(vec![&extra; limits::MODIFIERS]),
            json!(vec![&extra; limits::MODIFIERS + 1]),
        ),
        (
            &["items", "0", "allergens"],
            json!(vec!["nuts"; limits::ALLERGENS]),
            json!(vec!["nuts"; limits::ALLERGENS + 1]),
        ),
        (&["items", "0", "quantity"], json!(limits::QUANTITY), json!(limits::QUANTITY + 1)),
        (&["items", "0", "unit_price"], json!(limits::AMOUNT), json!(limits::AMOUNT + 1)),
        (&["tip"], json!(limits::AMOUNT), json!(limits::AMOUNT + 1)),
        (&["items", "0", "name"], text(limits::ITEM_NAME), text(limits::ITEM_NAME + 1)),
        (&["items", "0", "note"], text(limits::NOTE), text(limits::NOTE + 1)),
        (&["items", "0", "station"], text(limits::LABEL), text(limits::LABEL + 1)),
        (
            &["items", "0", "allergens"],
            json!([text(limits::LABEL)]),
            json!([text(limits::LABEL + 1)]),
        ),
        (&["location"], text(limits::LABEL), text(limits::LABEL + 1)),
        (
            &["source"],
            json!({"channel": text(limits::LABEL)}),
            json!({"channel": text(limits::LABEL + 1)}),
        ),
        (
            &["source"],
            json!({"external_id": text(limits::KEY)}),
            json!({"external_id": text(limits::KEY + 1)}),
        ),
        (
            &["customer"],
            json!({"name": text(limits::CUSTOMER_NAME)}),
            json!({"name": text(limits::CUSTOMER_NAME + 1)}),
        ),
        (
            &["customer"],
            json!({"phone": text(limits::PHONE)}),
            json!({"phone": text(limits::PHONE + 1)}),
        ),
        (
            &["fulfilment"],
            json!({"address": text(limits::ADDRESS)}),
            json!({"address": text(limits::ADDRESS + 1)}),
        ),
        (
            &["fulfilment"],
            json!({"table": text(limits::LABEL)}),
            json!({"table": text(limits::LABEL + 1)}),
        ),
        (
            &["fulfilment"],
            json!({"instructions": text(limits::NOTE)}),
            json!({"instructions": text(limits::NOTE + 1)}),
        ),
    ];
    for (path, at, over) in cases {
        let taken = server.post("/api/orders", &with(path, at)).await;
        assert_eq!(taken.status, 201, "{path:?}: {}", taken.text());
        let refused = server.post("/api/orders", &with(path, over)).await;
        let pointers = refused.pointers();
        assert_eq!(pointers.len(), 1, "{path:?}");
        assert!(pointers[0].starts_with(&format!("/{}", path.join("/"))), "{pointers:?}");
    }
}

#[tokio::test]
async fn the_dearest_order_there_can_be_does_not_overflow() {
    let server = TestServer::start().await;
    let extra = json!({"kind": "add", "name": "x", "quantity": limits::QUANTITY, "unit_price": limits::AMOUNT});
    let line = json!({"name": "x", "quantity": limits::QUANTITY, "unit_price": limits::AMOUNT,
                      "modifiers": vec![&extra; limits::MODIFIERS]});
    let order = server.place(&json!({"items": vec![&line; limits::ITEMS]})).await;
    let one = i128::from(limits::AMOUNT);
    let quantity = i128::from(limits::QUANTITY);
    let expected =
        (one + one * quantity * limits::MODIFIERS as i128) * quantity * limits::ITEMS as i128;
    assert_eq!(i128::from(order.money.subtotal.0), expected);
}

#[tokio::test]
async fn a_due_time_is_near() {
    let server = TestServer::start().await;
    let now = server.place(&burger()).await.times.placed_at.0;
    let minute = 60_000;
    for (due_at, status) in [
        (now + 30 * minute, 201),
        (now - limits::DUE_BEHIND_MILLIS + minute, 201),
        (now + limits::DUE_AHEAD_MILLIS - minute, 201),
        (now - limits::DUE_BEHIND_MILLIS - minute, 422),
        (now + limits::DUE_AHEAD_MILLIS + minute, 422),
        (i64::MIN, 422),
    ] {
        let body = with(&["fulfilment"], json!({"due_at": due_at}));
        assert_eq!(server.post("/api/orders", &body).await.status, status, "{due_at}");
    }
}

/// An order with blanks around it, of `length` bytes.
fn padded(length: usize) -> bytes::Bytes {
    let order = burger().to_string();
    format!("{order}{}", " ".repeat(length - order.len())).into()
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = TestServer::start().await;
    let largest = request(Method::POST, "/api/orders", &[], Some(padded(limits::BODY_BYTES)));
    assert_eq!(server.send(largest).await.status, 201);
    for length in [limits::BODY_BYTES + 1, limits::BODY_BYTES * 3] {
        let larger = request(Method::POST, "/api/orders", &[], Some(padded(length)));
        server.send(larger).await.problem(413, "body_too_large");
        let path = "/api/orders/0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f/transitions";
        let larger = request(Method::POST, path, &[], Some(padded(length)));
        server.send(larger).await.problem(413, "body_too_large");
    }
    assert_eq!(server.all_orders().await.len(), 1);
}

#[tokio::test]
async fn a_filter_or_a_page_that_is_too_large_is_refused() {
    let server = TestServer::start().await;
    let stations =
        |count: usize| (0..count).map(|it| format!("s{it}")).collect::<Vec<_>>().join(",");
    let most = stations(limits::FILTER_VALUES);
    assert_eq!(server.get(&format!("/api/orders?station={most}")).await.status, 200);
    let more = stations(limits::FILTER_VALUES + 1);
    for path in ["/api/orders", "/api/events", "/live-orders"] {
        let refused = server.get(&format!("{path}?station={more}")).await;
        assert_eq!(refused.problem(400, "invalid_parameter")["parameter"], "station");
    }
    for limit in ["0", "1001", "-1", "ten", "", "99999999999999999999"] {
        for path in ["/api/orders", "/api/events"] {
            let refused = server.get(&format!("{path}?limit={limit}")).await;
            assert_eq!(refused.problem(400, "invalid_parameter")["parameter"], "limit");
        }
    }
    assert_eq!(server.get("/api/events?limit=1000").await.status, 200);
}

/// The limits as users read them are the limits that hold.
#[test]
fn every_limit_is_documented_as_it_is() {
    // Whatever the table's columns and the lines' ends are.
    let text = include_str!("../../docs/api.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let thousands = |number: i64| {
        let digits = number.to_string();
        let groups: Vec<_> =
            digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
        groups.join(",")
    };
    let (note, label, key) = (limits::NOTE, limits::LABEL, limits::KEY);
    assert_eq!(
        (limits::DUE_BEHIND_MILLIS, limits::DUE_AHEAD_MILLIS),
        (86_400_000, 366 * 86_400_000)
    );
    for documented in [
        format!("A body has at most {} KiB", limits::BODY_BYTES / 1024),
        format!("| `items` | 1 to {} |", limits::ITEMS),
        format!("| `items[].name` | 1 to {} characters |", limits::ITEM_NAME),
        format!("| `items[].quantity` | 1 to {} |", limits::QUANTITY),
        format!("| `items[].unit_price` | 0 to {},", thousands(limits::AMOUNT)),
        format!("`discount` | 0 to {} |", thousands(limits::AMOUNT)),
        format!("| `items[].modifiers` | up to {}:", limits::MODIFIERS),
        format!("`name` (1 to {} characters)", limits::ITEM_NAME),
        format!("`quantity` (1 to {}, or 1)", limits::QUANTITY),
        format!("`unit_price` (0 to {}, or 0)", thousands(limits::AMOUNT)),
        format!(
            "| `items[].allergens` | up to {} texts of 1 to {label} characters |",
            limits::ALLERGENS
        ),
        format!("| `items[].note` | up to {note} characters |"),
        format!("| `source.external_id` | up to {key} characters,"),
        "| `fulfilment.due_at` | a time, at most one day ago and 366 days ahead |".to_owned(),
        format!(
            "| `fulfilment.table`, `address`, `instructions` | up to {label}, {}, {note} characters |",
            limits::ADDRESS
        ),
        format!(
            "| `customer.name`, `customer.phone` | up to {}, {} characters |",
            limits::CUSTOMER_NAME,
            limits::PHONE
        ),
        format!("A *label* has 1 to {label} characters and no comma"),
        format!("`Idempotency-Key` (1 to {key} visible ASCII characters;"),
        format!("`reason` has up to {note} characters"),
        format!("`actor.id` 1 to {label}"),
        format!("at most {} values", limits::FILTER_VALUES),
        format!("or the first `limit` (1 to {}) of them", limits::PAGE),
        format!("`limit` (1 to {}, or 100)", limits::PAGE),
    ] {
        assert!(text.contains(&documented), "docs/api.md does not say: {documented}");
    }
}

#[tokio::test]
async fn what_a_change_says_has_its_limits_too() {
    let server = TestServer::start().await;
    let text = |length: usize| "ü".repeat(length);
    for (reason, actor, pointer) in [
        (limits::NOTE + 1, limits::LABEL, "/reason"),
        (limits::NOTE, limits::LABEL + 1, "/actor/id"),
        (limits::NOTE, 0, "/actor/id"),
        (limits::NOTE, limits::LABEL, ""),
    ] {
        let order = server.place(&burger()).await;
        let body = json!({"to": "accepted", "expected_version": 1, "reason": text(reason),
                          "actor": {"kind": "staff", "id": text(actor)}});
        let answer = server.post(&format!("/api/orders/{}/transitions", order.id), &body).await;
        if pointer.is_empty() {
            let change = answer.order().last_change;
            assert_eq!((change.reason, change.actor.id), (Some(text(reason)), text(actor)));
        } else {
            assert_eq!(answer.pointers(), [pointer]);
        }
    }
}
