//! `PATCH /api/orders/{id}/items/{item}`.

use live_orders::domain::{FoodOrder, ItemStatus, MinorUnits, OrderStatus};
use serde_json::{Value, json};

use crate::support::{Answer, TestServer, burger, order_of};

fn two_lines() -> Value {
    json!({"items": [{"name": "Burger", "quantity": 2, "unit_price": 900},
                     {"name": "Cola", "quantity": 1, "unit_price": 300}], "tip": 100})
}

async fn mark(server: &TestServer, order: &FoodOrder, item: u32, status: &str) -> Answer {
    let path = format!("/api/orders/{}/items/{item}", order.id);
    server.patch(&path, &json!({"status": status, "expected_version": order.version})).await
}

#[tokio::test]
async fn an_item_is_ticked_and_everybody_hears_of_it() {
    let server = TestServer::start().await;
    let order = server.place(&two_lines()).await;
    let mut stream = server.stream("").await;
    stream.expect("hello").await;
    let doing = mark(&server, &order, 2, "doing").await.order();
    assert_eq!(doing.version.0, 2);
    assert_eq!(doing.items[1].status, ItemStatus::Doing);
    assert_eq!(doing.items[0].status, ItemStatus::Todo);
    let done = mark(&server, &doing, 2, "done").await.order();
    let undone = mark(&server, &done, 2, "todo").await.order();
    assert_eq!(undone.version.0, 4);
    for expected in [doing, done, undone] {
        let frame = stream.expect("order.updated").await;
        assert_eq!(order_of(&frame), expected);
    }
}

#[tokio::test]
async fn a_mark_that_changes_nothing_makes_no_version_and_no_event() {
    let server = TestServer::start().await;
    let order = server.place(&two_lines()).await;
    let mut stream = server.stream("").await;
    stream.expect("hello").await;
    assert_eq!(mark(&server, &order, 1, "todo").await.order(), order);
    let next = mark(&server, &order, 1, "done").await.order();
    assert_eq!(stream.orders(1).await, [next]);
}

#[tokio::test]
async fn a_void_item_costs_nothing_and_stays_void() {
    let server = TestServer::start().await;
    let order = server.place(&two_lines()).await;
    let voided = mark(&server, &order, 1, "void").await.order();
    assert!(voided.flags.changed);
    assert_eq!(voided.money.subtotal, MinorUnits(300));
    assert_eq!(voided.money.total, MinorUnits(400));
    mark(&server, &voided, 1, "todo").await.problem(409, "item_is_void");
    let accepted = server.go(&voided, OrderStatus::Accepted).await;
    assert!(accepted.flags.changed, "until somebody says that they know");
}

#[tokio::test]
async fn a_discount_takes_off_no_more_than_is_left_and_stays_what_was_granted() {
    let server = TestServer::start().await;
    let mut body = two_lines();
    body["discount"] = json!(1500);
    let order = server.place(&body).await;
    let voided = mark(&server, &order, 1, "void").await.order();
    assert_eq!(voided.money.total, MinorUnits(0));
    assert_eq!(voided.money.discount, MinorUnits(1500));
    let path = format!("/api/orders/{}", order.id);
    let add = json!({
        "add": [{"name": "Steak", "quantity": 1, "unit_price": 2000}],
        "expected_version": voided.version,
    });
    let money = server.patch(&path, &add).await.order().money;
    assert_eq!((money.discount, money.total), (MinorUnits(1500), MinorUnits(900)));
}

#[tokio::test]
async fn what_cannot_be_marked_is_refused() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    mark(&server, &order, 2, "done").await.problem(404, "item_not_found");
    mark(&server, &order, 0, "done").await.problem(404, "item_not_found");
    let path = format!("/api/orders/{}/items/first", order.id);
    let change = json!({"status": "done", "expected_version": 1});
    let problem = server.patch(&path, &change).await.problem(404, "item_not_found");
    assert_eq!(problem["detail"], "the order has no item \"first\"");
    let path = format!("/api/orders/{}/items/1", order.id);
    let cases: Vec<(Value, &[&str])> = vec![
        (json!({}), &["/status", "/expected_version"]),
        (json!({"status": "burnt", "expected_version": 1}), &["/status"]),
        (json!({"status": "done", "expected_version": 1, "to": "done"}), &["/to"]),
    ];
    for (body, pointers) in cases {
        assert_eq!(server.patch(&path, &body).await.pointers(), pointers, "{body}");
    }
    let cancelled = server.go(&order, OrderStatus::Cancelled).await;
    let stale = mark(&server, &order, 1, "done").await.problem(412, "stale_version");
    assert_eq!(stale["current_version"], 2);
    let closed = mark(&server, &cancelled, 1, "done").await.problem(409, "order_is_closed");
    assert_eq!(closed["status_of_order"], "cancelled");
}

#[tokio::test]
async fn the_last_item_is_not_taken_off() {
    let server = TestServer::start().await;
    let order = server.place(&two_lines()).await;
    let one = mark(&server, &order, 1, "void").await.order();
    mark(&server, &one, 2, "void").await.problem(409, "nothing_left");
}
