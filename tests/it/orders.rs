//! `POST /api/orders`, `GET /api/orders` and `GET /api/orders/{id}`.

use std::sync::Arc;

use hyper::Method;
use live_orders::domain::{FoodOrder, MinorUnits, OrderStatus, Service};
use serde_json::{Value, json};

use crate::support::{EventStream, TestServer, burger, order_of, request, within};

/// An order with everything in it.
pub(crate) fn full() -> Value {
    json!({
        "location": "main",
        "source": {"channel": "web", "external_id": "W-48213"},
        "fulfilment": {"type": "delivery", "address": "12 Long Street", "instructions": "ring twice"},
        "customer": {"name": "Ana K", "phone": "555-0134"},
        "items": [{
            "name": "Cheeseburger", "quantity": 2, "unit_price": 950, "station": "grill",
            "allergens": ["gluten", "milk"],
            "modifiers": [
                {"kind": "no", "name": "onion"},
                {"kind": "add", "name": "bacon", "quantity": 2, "unit_price": 150},
            ],
            "note": "sauce on the side",
        }],
        "currency": "EUR", "subtotal": 2500, "tax": 100, "tip": 200, "fees": 50, "discount": 25,
        "total": 2825, "rush": true,
    })
}

#[tokio::test]
async fn the_smallest_order_gets_every_default() {
    let server = TestServer::start().await;
    let answer = server.post("/api/orders", &burger()).await;
    assert_eq!(answer.status, 201);
    let order = answer.order();
    assert_eq!(answer.header("location"), format!("/api/orders/{}", order.id));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("idempotency-replayed"), "");
    assert_eq!(order.number.0, 101);
    assert_eq!(order.version.0, 1);
    assert_eq!(order.status, OrderStatus::Placed);
    assert_eq!(order.location.as_str(), "main");
    assert_eq!(order.source.channel.as_str(), "api");
    assert_eq!(order.fulfilment.service, Service::Pickup);
    assert_eq!(order.items[0].station.as_str(), "kitchen");
    assert_eq!(order.money.currency.as_str(), "EUR");
    assert!(order.times.placed_at.0 > 1_700_000_000_000);
}

#[tokio::test]
async fn a_full_order_is_kept_as_it_was_sent_and_its_money_adds_up() {
    let server = TestServer::start().await;
    let order = server.place(&full()).await;
    assert_eq!(order.money.subtotal, MinorUnits(2 * (950 + 2 * 150)));
    assert_eq!(order.money.total, MinorUnits(2500 + 100 + 200 + 50 - 25));
    assert_eq!(order.items[0].modifiers[0].quantity, 1);
    assert_eq!(order.customer.phone.as_deref(), Some("555-0134"));
    assert!(order.flags.rush);
    let read: FoodOrder = server.get(&format!("/api/orders/{}", order.id)).await.read();
    assert_eq!(read, order);
}

#[tokio::test]
async fn numbers_count_for_each_location() {
    let server = TestServer::start().await;
    let mut numbers = Vec::new();
    for location in ["main", "main", "harbour", "main", "harbour"] {
        let mut body = burger();
        body["location"] = json!(location);
        numbers.push(server.place(&body).await.number.0);
    }
    assert_eq!(numbers, [101, 102, 101, 103, 102]);
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    let server = TestServer::start().await;
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
    {
        let body = burger().to_string();
        let headers = [("content-type", content_type)];
        let request = request(Method::POST, "/api/orders", &headers, Some(body.into()));
        server.send(request).await.problem(415, "unsupported_media_type");
    }
    for content_type in
        ["application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"]
    {
        let body = burger().to_string();
        let headers = [("content-type", content_type)];
        let request = request(Method::POST, "/api/orders", &headers, Some(body.into()));
        assert_eq!(server.send(request).await.status, 201, "{content_type}");
    }
}

#[tokio::test]
async fn bad_json_is_refused() {
    let server = TestServer::start().await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let bodies: [&[u8]; 7] = [
        b"",
        b"{",
        b"{\"items\":[}",
        b"{\"items\":[]}x",
        b"{'items':[]}",
        b"{\"items\":\"\xFF\"}",
        deep.as_bytes(),
    ];
    for body in bodies {
        let body = Some(body.to_vec().into());
        let answer = server.send(request(Method::POST, "/api/orders", &[], body)).await;
        answer.problem(400, "bad_json");
    }
}

#[tokio::test]
async fn every_rule_that_is_broken_is_told_with_its_pointer() {
    let server = TestServer::start().await;
    let item = |field: &str, value: Value| {
        let mut body = burger();
        body["items"][0][field] = value;
        body
    };
    let top = |field: &str, value: Value| {
        let mut body = burger();
        body[field] = value;
        body
    };
    let cases: Vec<(Value, &[&str])> = vec![
        // Not an object at all.
        (json!([]), &[""]),
        (json!("order"), &[""]),
        (json!(null), &[""]),
        // Missing fields.
        (json!({}), &["/items"]),
        (json!({"items": null}), &["/items"]),
        (json!({"items": []}), &["/items"]),
        (json!({"items": [{}]}), &["/items/0/name", "/items/0/quantity"]),
        // Unknown fields, wherever they stand.
        (top("itmes", json!([])), &["/itmes"]),
        (top("a/b~c", json!(1)), &["/a~1b~0c"]),
        (top("source", json!({"chanel": "web"})), &["/source/chanel"]),
        (top("customer", json!({"email": "a@example.org"})), &["/customer/email"]),
        (top("fulfilment", json!({"kind": "pickup"})), &["/fulfilment/kind"]),
        (item("price", json!(1)), &["/items/0/price"]),
        (
            item("modifiers", json!([{"kind": "no", "name": "onion", "nmae": 1}])),
            &["/items/0/modifiers/0/nmae"],
        ),
        // Wrong types.
        (top("items", json!({})), &["/items"]),
        (json!({"items": [1, "x"]}), &["/items/0", "/items/1"]),
        (item("name", json!(7)), &["/items/0/name"]),
        (item("name", json!("")), &["/items/0/name"]),
        (item("name", json!(" \r\n\0 ")), &["/items/0/name"]),
        (item("quantity", json!("2")), &["/items/0/quantity"]),
        (item("quantity", json!(1.5)), &["/items/0/quantity"]),
        (item("quantity", json!(0)), &["/items/0/quantity"]),
        (item("quantity", json!(-1)), &["/items/0/quantity"]),
        (item("unit_price", json!(9.5)), &["/items/0/unit_price"]),
        (item("unit_price", json!(-1)), &["/items/0/unit_price"]),
        (item("unit_price", json!(u64::MAX)), &["/items/0/unit_price"]),
        (item("station", json!("a,b")), &["/items/0/station"]),
        (item("allergens", json!("gluten")), &["/items/0/allergens"]),
        (item("allergens", json!(["gluten", 1])), &["/items/0/allergens/1"]),
        (
            item("modifiers", json!([{"kind": "without", "name": "x"}])),
            &["/items/0/modifiers/0/kind"],
        ),
        (
            item("modifiers", json!([{}])),
            &["/items/0/modifiers/0/kind", "/items/0/modifiers/0/name"],
        ),
        (item("note", json!(["x"])), &["/items/0/note"]),
        (top("location", json!("")), &["/location"]),
        (top("source", json!("web")), &["/source"]),
        (top("source", json!({"channel": "a,b"})), &["/source/channel"]),
        (top("customer", json!({"name": 1, "phone": 2})), &["/customer/name", "/customer/phone"]),
        (top("fulfilment", json!({"type": "drone"})), &["/fulfilment/type"]),
        (top("fulfilment", json!({"due_at": "19:30"})), &["/fulfilment/due_at"]),
        (top("fulfilment", json!({"due_at": 1_793_370_600})), &["/fulfilment/due_at"]),
        (top("currency", json!("euro")), &["/currency"]),
        (top("rush", json!("yes")), &["/rush"]),
        // Money that does not add up.
        (top("tip", json!(-5)), &["/tip"]),
        (top("subtotal", json!(1)), &["/subtotal"]),
        (top("total", json!(1)), &["/total"]),
        (top("discount", json!(1)), &["/discount"]),
        (
            json!({"items": [{"name": "x", "quantity": 1, "unit_price": 100}],
                "subtotal": 99, "total": 101}),
            &["/subtotal", "/total"],
        ),
        // Several at once, in several places.
        (
            json!({"items": [{"name": "x", "quantity": 0}, {"quantity": 1}], "rsuh": true, "tip": "2"}),
            &["/rsuh", "/items/0/quantity", "/items/1/name", "/tip"],
        ),
    ];
    for (body, pointers) in cases {
        let answer = server.post("/api/orders", &body).await;
        assert_eq!(answer.pointers(), pointers, "{body}");
    }
    let listed = server.get("/api/orders").await.json();
    assert_eq!(listed["orders"], json!([]), "nothing that was refused was placed");
}

#[tokio::test]
async fn a_field_that_is_null_is_as_good_as_absent() {
    let server = TestServer::start().await;
    let order = server
        .place(&json!({"items": [{"name": "Soup", "quantity": 1, "note": null}], "tip": null,
                       "customer": null, "total": null}))
        .await;
    assert_eq!(order.items[0].note, None);
}

/// What somebody would send to break out of a frame.
const HOSTILE: &str = "a\r\nid: 9\0\u{2028}data: x\n\n\u{85}b";
/// What is left of it.
const HARMLESS: &str = "a id: 9 data: x b";

#[tokio::test]
async fn control_characters_are_cleaned_out_of_every_text_field() {
    let server = TestServer::start().await;
    let mut stream = server.stream("").await;
    stream.expect("hello").await;
    let body = json!({
        "location": HOSTILE,
        "source": {"channel": HOSTILE, "external_id": HOSTILE},
        "fulfilment": {"type": "dine_in", "table": HOSTILE, "address": HOSTILE, "instructions": HOSTILE},
        "customer": {"name": HOSTILE, "phone": HOSTILE},
        "items": [{"name": HOSTILE, "quantity": 1, "station": HOSTILE, "allergens": [HOSTILE],
                   "modifiers": [{"kind": "sub", "name": HOSTILE}], "note": HOSTILE}],
    });
    let order = server.place(&body).await;
    let texts = |order: &FoodOrder| {
        let line = &order.items[0];
        [
            Some(order.location.to_string()),
            Some(order.source.channel.to_string()),
            order.source.external_id.clone(),
            order.fulfilment.table.clone(),
            order.fulfilment.address.clone(),
            order.fulfilment.instructions.clone(),
            Some(order.customer.name.clone()),
            order.customer.phone.clone(),
            Some(line.name.clone()),
            Some(line.station.to_string()),
            Some(line.allergens[0].clone()),
            Some(line.modifiers[0].name.clone()),
            line.note.clone(),
        ]
    };
    for text in texts(&order) {
        assert_eq!(text.as_deref(), Some(HARMLESS));
    }

    let path = format!("/api/orders/{}/transitions", order.id);
    let actor = json!({"kind": "staff", "id": HOSTILE});
    let change =
        json!({"to": "accepted", "expected_version": 1, "reason": HOSTILE, "actor": actor});
    let accepted = server.post(&path, &change).await.order();
    assert_eq!(accepted.last_change.reason.as_deref(), Some(HARMLESS));
    assert_eq!(accepted.last_change.actor.id, HARMLESS);

    let path = format!("/api/orders/{}/items/1", order.id);
    let change = json!({"status": "doing", "expected_version": 2, "actor": actor});
    let ticked = server.patch(&path, &change).await.order();
    assert_eq!(ticked.last_change.actor.id, HARMLESS);

    // One event each, and nothing of the text in any frame but in its data.
    for expected in [order, accepted, ticked] {
        assert_eq!(order_of(&stream.next().await), expected);
    }
    assert!(!stream.bytes.iter().any(|byte| matches!(byte, b'\r' | 0)));
    let lines = String::from_utf8(stream.bytes.clone()).expect("UTF-8");
    for line in lines.lines() {
        let field = line.split(':').next().expect("a field");
        assert!(["", "id", "event", "data", "retry"].contains(&field), "{line}");
    }
    assert_eq!(lines.lines().filter(|line| line.starts_with("event: order.")).count(), 3);
}

#[tokio::test]
async fn text_in_any_script_comes_back_as_it_was_sent() {
    let server = TestServer::start().await;
    let mut stream = server.stream("").await;
    stream.expect("hello").await;
    for name in
        ["Žluťoučký kůň", "محمد", "陳大文", "👩‍🍳 naïve", "</script><b>\"'&\\", "\u{FEFF}data: x"]
    {
        let body = json!({"items": [{"name": name, "quantity": 1}], "customer": {"name": name}});
        let order = server.place(&body).await;
        assert_eq!(order.items[0].name, name);
        assert_eq!(order_of(&stream.next().await).customer.name, name);
    }
}

#[tokio::test]
async fn the_same_key_gives_the_same_order_back() {
    let server = TestServer::start().await;
    let mut stream = server.stream("").await;
    stream.expect("hello").await;
    let key = [("idempotency-key", "k-1")];
    let first = server.post_with(&full(), &key).await;
    assert_eq!(first.status, 201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = server.post_with(&full(), &key).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.body, first.body);

    // As the first answer gave it, even after the order has moved on.
    let order = first.order();
    let accepted = server.go(&order, OrderStatus::Accepted).await;
    let quoted = server.post_with(&full(), &[("idempotency-key", "\"k-1\"")]).await;
    assert_eq!(quoted.body, first.body, "a quoted key is the same key");

    // The stream has had one order and one change.
    assert_eq!(stream.orders(2).await, [order, accepted]);
    let next = server.place(&burger()).await;
    assert_eq!(stream.orders(1).await, [next]);
}

#[tokio::test]
async fn the_same_key_survives_a_restart() {
    let server = TestServer::start().await;
    let key = [("idempotency-key", "k-1")];
    let first = server.post_with(&burger(), &key).await;
    let folder = server.stop().await.expect("a folder");
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    let again = server.post_with(&burger(), &key).await;
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    server.stop().await;
}

#[tokio::test]
async fn the_same_key_with_another_order_is_refused() {
    let server = TestServer::start().await;
    let key = [("idempotency-key", "k-1")];
    let order = server.post_with(&burger(), &key).await.order();
    let mut other = burger();
    other["items"][0]["quantity"] = json!(3);
    let refused = server.post_with(&other, &key).await;
    let problem = refused.problem(422, "idempotency_key_reused");
    assert_eq!(problem["order_id"], order.id.to_string());
    assert_eq!(server.all_orders().await.len(), 1);
}

#[tokio::test]
async fn the_same_external_id_of_a_channel_gives_the_same_order_back() {
    let server = TestServer::start().await;
    let body = |channel: &str, external_id: &str, quantity: u32| {
        json!({"items": [{"name": "Soup", "quantity": quantity}],
               "source": {"channel": channel, "external_id": external_id}})
    };
    let first = server.post("/api/orders", &body("web", "W-1", 1)).await;
    let again = server.post("/api/orders", &body("web", "W-1", 1)).await;
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let keyed = server.post_with(&body("web", "W-1", 1), &[("idempotency-key", "k-1")]).await;
    assert_eq!(keyed.body, first.body, "a key that comes later means the same order");

    let refused = server.post("/api/orders", &body("web", "W-1", 2)).await;
    let problem = refused.problem(422, "external_id_reused");
    assert_eq!(problem["order_id"], first.order().id.to_string());
    let other = server.post("/api/orders", &body("kiosk", "W-1", 2)).await;
    assert_ne!(other.order().id, first.order().id, "another channel's ids are its own");
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let server = TestServer::start().await;
    let long = "k".repeat(201);
    for key in ["two words", "\"\"", "ключ", long.as_str()] {
        let answer = server.post_with(&burger(), &[("idempotency-key", key)]).await;
        answer.problem(400, "invalid_idempotency_key");
    }
    let longest = "k".repeat(200);
    let answer = server.post_with(&burger(), &[("idempotency-key", &longest)]).await;
    assert_eq!(answer.status, 201);
}

/// Somebody else holds the database's write lock, so that the first of two
/// requests stays in flight until it is let go.
#[tokio::test]
async fn the_same_key_while_the_first_is_in_flight_is_a_conflict() {
    let server = TestServer::start().await;
    let lock = rusqlite::Connection::open(server.data().join("orders.db")).expect("the database");
    lock.execute_batch("BEGIN IMMEDIATE").expect("its lock");
    let key = [("idempotency-key", "k-1")];
    let body = burger();
    let one = std::pin::pin!(server.post_with(&body, &key));
    let two = std::pin::pin!(server.post_with(&body, &key));
    let either = futures_util::future::select(one, two).await;
    let (refused, waiting) = either.factor_first();
    refused.problem(409, "idempotency_key_in_flight");
    lock.execute_batch("ROLLBACK").expect("let go");
    let placed = within("the first request", waiting).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
    let replayed = server.post_with(&body, &key).await;
    assert_eq!(replayed.body, placed.body);
    assert_eq!(server.all_orders().await.len(), 1);
}

#[tokio::test]
async fn many_at_once_with_the_same_key_place_one_order() {
    let server = TestServer::start().await;
    let client = server.client;
    let body = Arc::new(json!({"items": [{"name": "Soup", "quantity": 1}],
                               "source": {"channel": "web", "external_id": "W-7"}}));
    let mut posts = tokio::task::JoinSet::new();
    for index in 0..40 {
        let body = Arc::clone(&body);
        posts.spawn(async move {
            // Some by key, some by external id alone.
            let key = if index % 2 == 0 { "k-7" } else { "" };
            client.post_with(&body, &[("idempotency-key", key)]).await
        });
    }
    let mut ids = std::collections::HashSet::new();
    for answer in posts.join_all().await {
        match answer.status {
            201 => drop(ids.insert(answer.order().id)),
            _ => drop(answer.problem(409, "idempotency_key_in_flight")),
        }
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(server.all_orders().await.len(), 1);
}

#[tokio::test]
async fn a_list_has_the_orders_that_are_asked_for_and_their_position() {
    let server = TestServer::start().await;
    let mut orders = Vec::new();
    for (station, channel, location) in
        [("grill", "web", "main"), ("fry", "kiosk", "main"), ("grill", "kiosk", "harbour")]
    {
        let body = json!({"items": [{"name": "x", "quantity": 1, "station": station}],
                          "source": {"channel": channel}, "location": location});
        orders.push(server.place(&body).await);
    }
    let cancelled = server.go(&orders[2], OrderStatus::Cancelled).await;
    let [first, second] = [orders[0].id, orders[1].id];
    let ids = async |query: &str| -> Vec<_> {
        let list = server.get(&format!("/api/orders?{query}")).await.json();
        assert!(list["cursor"].as_str().expect("a cursor").ends_with("-4"), "{list}");
        let orders: Vec<FoodOrder> =
            serde_json::from_value(list["orders"].clone()).expect("orders");
        orders.into_iter().map(|order| order.id).collect()
    };
    assert_eq!(ids("").await, [first, second]);
    assert_eq!(ids("status=open").await, [first, second]);
    assert_eq!(ids("station=grill").await, [first]);
    assert_eq!(ids("channel=kiosk").await, [second]);
    assert_eq!(ids("location=harbour").await, []);
    assert_eq!(ids("status=cancelled").await, [cancelled.id]);
    assert_eq!(ids("status=closed&location=harbour").await, [cancelled.id]);
    assert_eq!(ids("status=open,closed").await, [cancelled.id, second, first]);
    assert_eq!(ids("status=placed&station=grill,fry&limit=1").await, [first]);
    let cut = server.get("/api/orders?limit=1").await.json();
    assert_eq!(cut["more"], true);
}

#[tokio::test]
async fn a_list_of_the_day_and_by_number_or_name() {
    let server = TestServer::start().await;
    let mut orders = Vec::new();
    for name in ["Ana Žižek", "Bo", "Joana"] {
        let mut body = burger();
        body["customer"] = json!({"name": name});
        orders.push(server.place(&body).await);
    }
    let cancelled = server.go(&orders[2], OrderStatus::Cancelled).await;
    let ids = async |query: &str| -> Vec<_> {
        let list = server.get(&format!("/api/orders?{query}")).await.json();
        let orders: Vec<FoodOrder> =
            serde_json::from_value(list["orders"].clone()).expect("orders");
        orders.into_iter().map(|order| order.id).collect()
    };
    let [ana, bo] = [orders[0].id, orders[1].id];
    assert_eq!(ids("q=ANA&status=open,closed").await, [cancelled.id, ana]);
    assert_eq!(ids("q=ana").await, [ana]);
    assert_eq!(ids("q=%C5%BDi%C5%BE").await, [ana]);
    assert_eq!(ids("q=102").await, [bo]);
    assert_eq!(ids("q=10").await, []);
    assert_eq!(ids("status=closed&since=day").await, [cancelled.id]);
    let at = cancelled.last_change.at.0;
    assert_eq!(ids(&format!("status=closed&since={at}")).await, [cancelled.id]);
    assert_eq!(ids(&format!("status=closed&since={}", at + 1)).await, []);
    assert_eq!(ids(&format!("status=closed&q=joana&since={}", at + 1)).await, []);
    for (parameter, value) in [("since", "today"), ("q", ""), ("q", "%20")] {
        let answer = server.get(&format!("/api/orders?{parameter}={value}")).await;
        assert_eq!(answer.problem(400, "invalid_parameter")["parameter"], parameter);
    }
}

#[tokio::test]
async fn one_order_has_its_history() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    let order = server.go(&order, OrderStatus::Accepted).await;
    let order = server.go(&order, OrderStatus::Preparing).await;
    let read = server.get(&format!("/api/orders/{}", order.id)).await.json();
    let history = read["history"].as_array().expect("a history");
    let types: Vec<_> = history.iter().map(|step| step["type"].as_str().expect("a type")).collect();
    assert_eq!(types, ["order.placed", "order.accepted", "order.preparing"]);
    for (step, version) in history.iter().zip(1..) {
        assert_eq!(step["version"], version);
        assert!(step["id"].as_str().expect("an id").ends_with(&format!("-{version}")));
    }
}

#[tokio::test]
async fn an_unknown_order_is_not_found() {
    let server = TestServer::start().await;
    for id in ["0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f", "1", "x", "%2e%2e", "%00"] {
        server.get(&format!("/api/orders/{id}")).await.problem(404, "order_not_found");
        let path = format!("/api/orders/{id}/transitions");
        let change = json!({"to": "accepted", "expected_version": 1});
        server.post(&path, &change).await.problem(404, "order_not_found");
        let path = format!("/api/orders/{id}/items/1");
        let change = json!({"status": "done", "expected_version": 1});
        server.patch(&path, &change).await.problem(404, "order_not_found");
    }
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_told_as_problems() {
    let server = TestServer::start().await;
    for path in
        ["/nothing", "/api", "/api/orders/", "/api/orders/1/2/3", "/live-orders/", "/api/%ff"]
    {
        server.get(path).await.problem(404, "not_found");
        server.post(path, &burger()).await.problem(404, "not_found");
    }
    let cases = [
        (Method::DELETE, "/api/orders", "GET,HEAD,POST"),
        (Method::PUT, "/api/orders/1", "GET,HEAD,PATCH"),
        (Method::GET, "/api/orders/1/stations", "POST"),
        (Method::GET, "/api/orders/1/fire", "POST"),
        (Method::GET, "/api/orders/1/acknowledge", "POST"),
        (Method::GET, "/api/orders/1/arrived", "POST"),
        (Method::GET, "/t/0/arrived", "POST"),
        (Method::PUT, "/t/0/cancel", "GET,HEAD,POST"),
        (Method::GET, "/api/orders/1/seen", "POST"),
        (Method::GET, "/api/seen", "POST"),
        (Method::POST, "/api/intake", "GET,HEAD,PUT"),
        (Method::POST, "/api/routing", "GET,HEAD"),
        (Method::GET, "/api/orders/1/transitions", "POST"),
        (Method::POST, "/api/orders/1/items/1", "PATCH"),
        (Method::POST, "/api/events", "GET,HEAD"),
        (Method::POST, "/live-orders", "GET,HEAD"),
        (Method::POST, "/health/live", "GET,HEAD"),
        (Method::DELETE, "/", "GET,HEAD"),
    ];
    for (method, path, allowed) in cases {
        let answer = server.send(request(method, path, &[], None)).await;
        answer.problem(405, "method_not_allowed");
        let mut methods: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed, "{path}");
    }
}

#[tokio::test]
async fn the_stream_has_every_order_before_its_answer_is_there() {
    let server = TestServer::start().await;
    let mut streams: Vec<EventStream> = Vec::new();
    for _ in 0..3 {
        let mut stream = server.stream("").await;
        stream.expect("hello").await;
        streams.push(stream);
    }
    for _ in 0..5 {
        let order = server.place(&burger()).await;
        for stream in &mut streams {
            assert_eq!(stream.orders(1).await, std::slice::from_ref(&order));
        }
    }
}

/// What is no text at all is an unknown order like any other, told as all refusals are.
#[tokio::test]
async fn an_id_that_is_no_text_is_an_unknown_order() {
    let server = TestServer::start().await;
    server.get("/api/orders/%FF").await.problem(404, "order_not_found");
    let accept = json!({"to": "accepted", "expected_version": 1});
    server.post("/api/orders/%FF/transitions", &accept).await.problem(404, "order_not_found");
    let done = json!({"status": "done", "expected_version": 1});
    server.patch("/api/orders/%FF/items/1", &done).await.problem(404, "order_not_found");
}
