//! The pages, as many browsers ask for them at once.

use live_orders::{
    domain::{OrderStatus, UnixMillis},
    server::clock::Clock,
};
use serde_json::json;

use crate::support::{TestServer, burger, within};

/// A page is begun on one thread and may end on another; nothing of it may
/// belong to one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_pages_at_once_are_all_whole() {
    let server = TestServer::start().await;
    let client = server.client;
    let mut numbers = Vec::new();
    for _ in 0..40 {
        numbers.push(client.place(&burger()).await.number.0);
    }
    let pages: Vec<_> = (0..64).map(|_| tokio::spawn(client.get("/"))).collect();
    for page in pages {
        let page = within("a page", page).await.expect("no panic");
        assert_eq!(page.status, 200);
        for number in &numbers {
            assert!(page.text().contains(&format!("<span class=\"number\">{number}</span>")));
        }
        assert!(page.text().contains("</html>"));
    }
    server.stop().await;
}

/// One thread answers here: what one page has said in its language is not what
/// the next one says.
#[tokio::test]
async fn a_history_speaks_the_language_that_is_asked_for() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    server.go(&order, OrderStatus::Accepted).await;
    let history = async |language: &str| {
        let url = format!("/orders/{}/timeline?lang={language}", order.id);
        server.get(&url).await.text().to_owned()
    };
    let german = history("de").await;
    assert!(!german.contains("<span class=\"what\"></span>"), "{german}");
    let arabic = json!({"language": "ar"});
    assert_eq!(server.put("/api/screens/pass", &arabic).await.status, 201);
    assert_eq!(server.get("/screens/pass").await.status, 200);
    assert_eq!(history("de").await, german);
    assert_ne!(history("ar").await, german);
    assert_eq!(history("de").await, german);
}

#[tokio::test]
async fn a_history_tells_where_lines_took_the_order_and_only_what_is_known() {
    let clock = Clock::manual(UnixMillis(1_790_000_000_000));
    let server = TestServer::start_by(&clock).await;
    let two = json!({"items": [
        {"name": "Burger", "quantity": 2, "station": "grill"},
        {"name": "Fries", "quantity": 1, "station": "fry"},
    ]});
    let mut order = server.go(&server.place(&two).await, OrderStatus::Accepted).await;
    for station in ["grill", "fry"] {
        let url = format!("/api/orders/{}/stations", order.id);
        let body = json!({
            "stations": [station], "status": "done", "expected_version": order.version,
        });
        order = server.post(&url, &body).await.order();
    }
    let steps = async || {
        let page = server.get(&format!("/orders/{}/timeline?lang=en", order.id)).await;
        let steps = page.text().split("<span class=\"what\">").skip(1);
        steps.map(|step| step.split("</span>").next().unwrap_or_default().to_owned()).collect()
    };
    let whole: Vec<String> = steps().await;
    assert_eq!(whole[2], "<bdi>Burger done</bdi> · being made");
    assert_eq!(whole[3], "<bdi>Fries done</bdi> · ready");

    // The beginning of the log is no longer kept.
    let store = rusqlite::Connection::open(server.data().join("orders.db")).expect("a store");
    store.execute("DELETE FROM log WHERE seq < 4", []).expect("pruned");
    assert_eq!(steps().await, ["ready"], "nothing was added");

    // What nobody acknowledged is cleared away, and nobody knew of it.
    let cancelled = server.go(&server.place(&two).await, OrderStatus::Cancelled).await;
    let mut stream = server.stream(&format!("order={}", cancelled.id)).await;
    clock.set(cancelled.last_change.at.plus(5 * 60 * 60 * 1000));
    stream.until("order.updated").await;
    let page = server.get(&format!("/orders/{}/timeline?lang=en", cancelled.id)).await;
    assert!(page.text().contains("Cleared away"), "{}", page.text());
    assert!(!page.text().contains("Acknowledged"), "{}", page.text());
}
