//! The pages, as many browsers ask for them at once.

use live_orders::domain::OrderStatus;
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
