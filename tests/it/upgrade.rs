//! A server that goes on where another one stopped: after a while, with another
//! configuration, with the store of an earlier version.

use std::path::Path;

use live_orders::{
    domain::{FoodOrder, OrderId, OrderStatus, UnixMillis},
    server::{clock::Clock, config::Config},
};
use serde_json::{Value, json};

use crate::support::{TestServer, now, within};

const MINUTE: i64 = 60_000;

fn store(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("orders.db")).expect("a store")
}

async fn read(server: &TestServer, id: OrderId) -> FoodOrder {
    server.get(&format!("/api/orders/{id}")).await.read()
}

#[tokio::test]
async fn what_became_due_while_the_server_was_away_is_done_when_it_is_back() {
    let server = TestServer::start().await;
    let item = json!([{"name": "Soup", "quantity": 1}]);
    let hour = now() + 60 * MINUTE;
    let asked = json!({"items": item, "source": {"accept_by": hour}});
    let asked = server.place(&asked).await;
    let later = json!({"items": item, "fulfilment": {"due_at": hour + 60 * MINUTE}});
    let later = server.place(&later).await;
    assert!(later.flags.scheduled);
    let folder = server.stop().await.expect("a folder");
    // As if the hour had passed.
    store(folder.path())
        .execute_batch(
            "UPDATE orders SET data = json_set(data, '$.source.accept_by', 1)
             WHERE json_extract(data, '$.source.accept_by') IS NOT NULL;
             UPDATE orders SET data = json_set(data, '$.times.fires_at', 1)
             WHERE json_extract(data, '$.times.fires_at') IS NOT NULL;",
        )
        .expect("moved");

    let server = TestServer::start_in(folder.path(), |_| {}).await;
    let (expired, fired) = within("what is due", async {
        loop {
            let (asked, later) = (read(&server, asked.id).await, read(&server, later.id).await);
            if asked.status == OrderStatus::Expired && !later.flags.scheduled {
                return (asked, later);
            }
        }
    })
    .await;
    assert_eq!(expired.last_change.actor.id, "clock");
    assert_eq!(fired.status, OrderStatus::Placed);
    assert_eq!(fired.last_change.actor.id, "clock");
    assert!(fired.times.fired_at.is_some());
}

#[tokio::test]
async fn a_repeat_is_answered_when_its_time_has_passed() {
    let at = UnixMillis(1_790_000_000_000);
    let clock = Clock::manual(at);
    let server = TestServer::start_by(&clock).await;
    let mut stream = server.stream("types=order.expired").await;
    let item = json!([{"name": "Soup", "quantity": 1}]);
    let accept_by = at.plus(MINUTE);
    let source = json!({"channel": "web", "external_id": "w-1", "accept_by": accept_by});
    let by_id = json!({"items": item, "source": source});
    let first = server.place(&by_id).await;
    let by_key = json!({"items": item, "source": {"channel": "web", "accept_by": accept_by}});
    let key = [("idempotency-key", "k-1")];
    let second = server.post_with(&by_key, &key).await.order();
    clock.set(accept_by.plus(1));
    for _ in 0..2 {
        stream.until("order.expired").await;
    }

    for (body, headers, order) in [(&by_id, &[][..], &first), (&by_key, &key[..], &second)] {
        let again = server.post_with(body, headers).await;
        assert_eq!(again.status, 201, "{}", again.text());
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.order().id, order.id);
    }
    // What is no repeat is as invalid as before.
    let mut other = by_id.clone();
    other["items"][0]["quantity"] = json!(2);
    assert_eq!(server.post("/api/orders", &other).await.pointers(), ["/source/accept_by"]);
    assert_eq!(server.post("/api/orders", &by_key).await.pointers(), ["/source/accept_by"]);
}

#[tokio::test]
async fn a_repeat_is_answered_when_its_items_would_go_elsewhere_by_now() {
    let server = TestServer::start().await;
    let body = json!({"items": [{"name": "Cheeseburger", "quantity": 1}]});
    let key = [("idempotency-key", "k-1")];
    let first = server.post_with(&body, &key).await.order();
    let folder = server.stop().await.expect("a folder");

    let flag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let flags = [flag("routing.grill", "*burger"), flag("orders.currency", "USD")];
    let other = Config::load(None, [], &flags).expect("allowed").orders;
    let server = TestServer::start_in(folder.path(), |config| {
        config.orders.routing = other.routing;
        config.orders.currency = other.currency;
    })
    .await;
    let again = server.post_with(&body, &key).await;
    assert_eq!(again.header("idempotency-replayed"), "true", "{}", again.text());
    assert_eq!(again.order(), first);
    let other = json!({"items": [{"name": "Cheeseburger", "quantity": 2}]});
    server.post_with(&other, &key).await.problem(422, "idempotency_key_reused");
}

/// Every open order, the first placed first.
async fn open(server: &TestServer) -> Vec<FoodOrder> {
    let mut list = server.get("/api/orders").await.json();
    serde_json::from_value(list["orders"].take()).expect("orders")
}

/// The store of the first schema, and the time some minutes after it was written.
fn first_schema() -> (tempfile::TempDir, Clock) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let written = include_str!("stores/schema-1.sql");
    store(folder.path()).execute_batch(written).expect("the store as it was written");
    (folder, Clock::manual(UnixMillis(1_795_399_107_682).plus(20 * MINUTE)))
}

#[tokio::test]
async fn the_store_of_the_first_schema_is_opened_and_what_is_open_is_promised() {
    let (folder, clock) = first_schema();
    let server = TestServer::start_at(folder.path(), |_| {}, clock.clone()).await;
    let orders = open(&server).await;
    let [soup, cake] = &orders[..] else { panic!("two are open: {orders:?}") };
    let placed_at = soup.times.placed_at;
    assert_eq!(soup.times.warn_at, Some(placed_at.plus(11 * MINUTE)));
    assert_eq!(soup.times.promised_at, Some(placed_at.plus(15 * MINUTE)));
    let due_at = cake.times.due_at.expect("a due time");
    let ahead = due_at.since(cake.times.warn_at.expect("a warning"));
    assert!((0..=6 * MINUTE).contains(&ahead), "{ahead}");
    assert_eq!(cake.times.promised_at, Some(due_at));
    assert!(orders.iter().all(|order| !order.flags.scheduled && order.times.fires_at.is_none()));
    // Whoever reads the log is told the same.
    let polled = server.get("/api/events?after=earliest").await.json();
    assert_eq!(polled["events"][0]["order"], json!(soup));
    let closed = server.get("/api/orders?status=cancelled").await.json();
    assert_eq!(closed["orders"][0]["times"].get("promised_at"), None);

    // A repeat finds what was placed then, by its key and by the channel's id.
    let body = json!({
        "items": [{"name": "Soup", "quantity": 2, "unit_price": 450, "station": "hot"}],
        "source": {"channel": "web"},
    });
    let again = server.post_with(&body, &[("idempotency-key", "old-key")]).await;
    assert_eq!(again.header("idempotency-replayed"), "true", "{}", again.text());
    assert_eq!(again.order().id, soup.id);
    let body = json!({
        "items": [{"name": "Cake", "quantity": 1, "unit_price": 300, "station": "cold"}],
        "source": {"channel": "web", "external_id": "w-2"},
        "fulfilment": {"type": "delivery", "due_at": due_at},
    });
    let again = server.post("/api/orders", &body).await;
    assert_eq!(again.header("idempotency-replayed"), "true", "{}", again.text());

    // Once is enough, but for another due time.
    let soon = clock.now().plus(10 * MINUTE);
    let edit = json!({"due_at": soon, "expected_version": cake.version});
    let moved = server.patch(&format!("/api/orders/{}", cake.id), &edit).await.order();
    assert_eq!(moved.times.warn_at, Some(soon.plus(-6 * MINUTE)));
    server.stop().await;
    let otherwise = |config: &mut Config| {
        config.orders.promises.pickup = "1/2".parse().expect("allowed");
    };
    let server = TestServer::start_at(folder.path(), otherwise, clock).await;
    assert_eq!(open(&server).await, [soup.clone(), moved]);
    let value: Value = server.get("/api/orders?service=delivery").await.json();
    assert_eq!(value["orders"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_was_completed_before_the_upgrade_is_promised_when_it_is_recalled() {
    let (folder, clock) = first_schema();
    // As if the one that was cancelled had been handed over.
    store(folder.path())
        .execute_batch(
            "UPDATE orders SET status = 'completed', data = json_set(data, '$.status', \
             'completed', '$.times.ready_at', changed_at) WHERE status = 'cancelled'",
        )
        .expect("completed");
    let server = TestServer::start_at(folder.path(), |_| {}, clock.clone()).await;
    let closed = server.get("/api/orders?status=completed").await.json();
    let completed: FoodOrder =
        serde_json::from_value(closed["orders"][0].clone()).expect("an order");
    let back = server.go(&completed, OrderStatus::Ready).await;
    assert_eq!(back.times.promised_at, Some(back.times.placed_at.plus(15 * MINUTE)));
}
