//! `GET /health/live` and `GET /health/ready`.

use crate::support::{TestServer, burger};

#[tokio::test]
async fn it_is_live_and_ready_and_says_up_to_where() {
    let server = TestServer::start().await;
    let live = server.get("/health/live").await;
    assert_eq!((live.status, live.text()), (200, r#"{"status":"live"}"#));
    server.place(&burger()).await;
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status, 200);
    let ready = ready.json();
    assert_eq!(ready["status"], "ready");
    assert!(ready["cursor"].as_str().expect("a cursor").ends_with("-1"), "{ready}");
}

/// Somebody else holds the database's write lock, and does not let go.
#[tokio::test]
async fn it_is_not_ready_while_it_cannot_write() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    let lock = rusqlite::Connection::open(server.data().join("orders.db")).expect("the database");
    lock.execute_batch("BEGIN IMMEDIATE").expect("its lock");
    let body = burger();
    let (ready, placed) =
        tokio::join!(server.get("/health/ready"), server.post("/api/orders", &body));
    ready.problem(503, "store_unavailable");
    placed.problem(503, "store_unavailable");
    assert!(!placed.header("retry-after").is_empty());
    assert_eq!(server.get("/health/live").await.status, 200, "it lives all the same");
    assert_eq!(server.get("/api/orders").await.status, 200, "and can be read");
    lock.execute_batch("ROLLBACK").expect("let go");
    assert_eq!(server.get("/health/ready").await.status, 200);
    server.place(&burger()).await;
    let orders = server.all_orders().await;
    assert_eq!(orders.len(), 2, "what was refused was not placed");
    assert!(orders.contains_key(&order.id));
}
