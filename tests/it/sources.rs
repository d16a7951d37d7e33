//! Whether orders still come: channels that are quiet, and test orders.

use live_orders::domain::OrderStatus;
use serde_json::{Value, json};

use crate::support::{Client, TestServer, config, within};

fn from(channel: &str) -> Value {
    json!({"source": {"channel": channel}, "items": [{"name": "Soup", "quantity": 1}]})
}

/// The source `channel` as the server tells of it; null where it does not.
async fn source(client: Client, channel: &str) -> Value {
    let told = client.get("/api/sources").await.json();
    let sources = told["sources"].as_array().expect("sources").clone();
    sources.into_iter().find(|it| it["channel"] == channel).unwrap_or_default()
}

/// What a heartbeat says to a reader that comes now.
async fn beat(client: Client, query: &str) -> Value {
    let frame = client.stream(query).await.until("heartbeat").await;
    serde_json::from_str(&frame.data).expect("JSON")
}

/// Has every order of the store in `data` have been placed `minutes` ago, and one
/// more for each that came after it.
fn age(data: &std::path::Path, minutes: i64) {
    let store = rusqlite::Connection::open(data.join("orders.db")).expect("a store");
    let sql = "UPDATE orders SET placed_at = placed_at - 60000 * (?1 + (SELECT max(row) FROM orders) - row)";
    store.execute(sql, [minutes]).expect("aged");
}

#[tokio::test]
async fn each_channel_says_when_its_last_order_came_and_how_many_today() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/api/sources").await.json()["sources"], json!([]));
    server.place(&from("web")).await;
    server.place(&from("till")).await;
    let last = server.place(&from("web")).await;
    let web = source(server.client, "web").await;
    let at = json!(last.times.placed_at);
    let expected = json!({"channel": "web", "last_order_at": at, "today": 2, "quiet": false});
    assert_eq!(web, expected);
    assert_eq!(source(server.client, "till").await["today"], 1);
    // A repeat is no order.
    let key = [("idempotency-key", "k-1")];
    for _ in 0..2 {
        server.post_with(&from("till"), &key).await.order();
    }
    assert_eq!(source(server.client, "till").await["today"], 2);

    let told = server.get("/api/sources").await.json();
    let folder = server.stop().await.expect("a folder");
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    assert_eq!(server.get("/api/sources").await.json()["sources"], told["sources"]);
    server.post("/api/sources", &json!({})).await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_channel_that_is_silent_is_told_of_at_once_until_it_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    // Half a day from now, so that none begins while the test runs.
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let starts = jiff::civil::time((now.hour() + 12) % 24, 0, 0, 0);
    let configure = |config: &mut live_orders::server::config::Config| {
        config.orders.business_day_starts = starts;
    };
    let server = TestServer::start_in(folder.path(), configure).await;
    for _ in 0..9 {
        server.place(&from("web")).await;
    }
    let till = server.place(&from("till")).await;
    server.stop().await;
    // One a minute, the last 21 minutes ago.
    age(folder.path(), 20);

    let server = TestServer::start_in(folder.path(), configure).await;
    let mut stream = server.stream("").await;
    let mut told = async |wanted: bool| {
        within("what is told of the channel", async {
            loop {
                let frame = stream.until("heartbeat").await;
                let beat: Value = serde_json::from_str(&frame.data).expect("JSON");
                if beat.get("quiet").is_some() == wanted {
                    return beat;
                }
            }
        })
        .await
    };
    let beat_of_all = told(true).await;
    let web = source(server.client, "web").await;
    assert_eq!((&web["quiet"], &web["today"]), (&json!(true), &json!(9)));
    let usual = web["usual_gap_ms"].as_i64().expect("enough orders to know");
    assert!((59_000..61_000).contains(&usual), "{usual}");
    assert_eq!(beat_of_all["quiet"], json!(["web"]), "one order tells nothing of the till");
    let own = beat(server.client, &format!("order={}", till.id)).await;
    assert_eq!(own.get("quiet"), None, "whoever follows an order is told of no channel");

    server.place(&from("web")).await;
    told(false).await;
    assert_eq!(source(server.client, "web").await["quiet"], false);
}

#[tokio::test]
async fn nobody_is_quiet_where_that_is_switched_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let flags = [("kitchen.quiet_after_s".to_owned(), "0".to_owned())];
    let off = live_orders::server::config::Config::load(None, [], &flags).expect("allowed");
    assert_eq!(off.sources.quiet_after, None);
    assert_eq!(config(folder.path()).sources.quiet_after, Some(900_000));
}

#[tokio::test]
async fn a_test_order_is_an_order_that_counts_in_no_figure() {
    let server = TestServer::start().await;
    let web = server.place(&from("web")).await;
    let test = server.place(&from("test")).await;
    assert_eq!(source(server.client, "test").await, Value::Null);
    for order in [web, test] {
        let mut order = order;
        for to in [OrderStatus::Accepted, OrderStatus::Preparing, OrderStatus::Ready] {
            order = server.go(&order, to).await;
        }
    }
    let figures = async |client: Client| {
        within("the figures", async {
            loop {
                let beat = beat(client, "").await;
                if beat["stats"]["ready"] == 1 {
                    return (beat["open"].clone(), beat["stats"]["placed"].clone());
                }
            }
        })
        .await
    };
    assert_eq!(figures(server.client).await, (json!(2), json!(1)));
    // And those that are filled from the store.
    let folder = server.stop().await.expect("a folder");
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    assert_eq!(figures(server.client).await, (json!(2), json!(1)));
}
