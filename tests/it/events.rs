//! `GET /api/events`: the stream for clients that poll.

use std::sync::Arc;

use live_orders::{
    domain::{OrderStatus, UnixMillis},
    server::store::{CommitSink, Committed, SqliteStore, Store as _, sqlite::Purpose},
    wire::{EventId, Seq},
};
use serde_json::{Value, json};

use crate::support::{TestServer, burger, order_for, order_of};

fn ids(page: &Value) -> Vec<u64> {
    let events = page["events"].as_array().expect("events");
    let seq = |event: &Value| {
        let id: EventId = event["id"].as_str().expect("an id").parse().expect("an event id");
        id.seq.0
    };
    events.iter().map(seq).collect()
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let server = TestServer::start().await;
    for _ in 0..7 {
        server.place(&burger()).await;
    }
    let first = server.get("/api/events?after=earliest&limit=3").await.json();
    assert_eq!(ids(&first), [1, 2, 3]);
    assert_eq!(first["more"], true);
    let cursor = first["cursor"].as_str().expect("a cursor");
    let second = server.get(&format!("/api/events?after={cursor}")).await.json();
    assert_eq!(ids(&second), [4, 5, 6, 7]);
    assert_eq!(second["more"], false);
    let cursor = second["cursor"].as_str().expect("a cursor");
    let third = server.get(&format!("/api/events?after={cursor}")).await.json();
    assert!(ids(&third).is_empty());
    assert_eq!(third["cursor"].as_str(), Some(cursor));
    let now = server.get("/api/events").await.json();
    assert_eq!((ids(&now).len(), &now["cursor"]), (0, &third["cursor"]));
}

#[tokio::test]
async fn a_poll_and_a_stream_say_the_same() {
    let server = TestServer::start().await;
    let order = server.place(&order_for("delivery")).await;
    server.place(&burger()).await;
    server.go(&order, OrderStatus::Accepted).await;
    for query in ["", "types=order.accepted", "status=placed", "status=preparing"] {
        let page = server.get(&format!("/api/events?after=earliest&{query}")).await.json();
        let events = page["events"].as_array().expect("events");
        let mut stream = server.stream(&format!("after=earliest&{query}")).await;
        stream.expect("hello").await;
        for event in events {
            let frame = stream.next().await;
            assert_eq!(event["id"], frame.id);
            assert_eq!(event["type"], frame.event);
            assert_eq!(event["order"], serde_json::to_value(order_of(&frame)).expect("JSON"));
        }
        let cursor: EventId = page["cursor"].as_str().expect("a cursor").parse().expect("an id");
        assert_eq!(cursor.seq, Seq(3), "a filter does not hold the cursor back");
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_continued_from_gets_a_snapshot_and_the_reason() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    let cursor = server.get("/api/events").await.json()["cursor"].clone();
    let epoch = cursor.as_str().and_then(|it| it.split_once('-')).expect("an id").0.to_owned();
    for (after, reason) in [
        ("00000000-1".to_owned(), "unknown_id"),
        (format!("{epoch}-2"), "unknown_id"),
        (format!("{epoch}-18446744073709551615"), "unknown_id"),
    ] {
        let page = server.get(&format!("/api/events?after={after}")).await.json();
        assert_eq!(page["snapshot"]["reason"], reason, "{after}");
        assert_eq!(page["snapshot"]["orders"], json!([order]));
        assert_eq!(page["cursor"], cursor);
    }
    let page = server.get("/api/events?snapshot=1").await.json();
    assert_eq!(page["snapshot"]["reason"], "requested");
}

struct Nobody;

impl CommitSink for Nobody {
    fn committed(&self, _changes: &[Committed]) {}

    fn announce(&self) {}
}

#[tokio::test]
async fn events_that_are_no_longer_kept_are_answered_with_a_snapshot() {
    let server = TestServer::start().await;
    let mut stream = server.stream("").await;
    let hello = stream.expect("hello").await;
    let order = server.place(&burger()).await;
    let last = stream.next().await;
    drop(stream);
    let folder = server.stop().await.expect("a folder");
    {
        let path = folder.path().to_owned();
        let open = move || SqliteStore::open(&path, Purpose::Service, Arc::new(Nobody));
        let store = tokio::task::spawn_blocking(open).await.expect("no panic").expect("the store");
        let end = UnixMillis(i64::MAX);
        assert_eq!(store.prune(end, end).await.expect("pruned"), 1);
        assert_eq!(store.prune(end, end).await.expect("nothing left"), 0);
    }
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    // Over the poll, over the stream, and whoever has it all just goes on.
    let page = server.get(&format!("/api/events?after={}", hello.id)).await.json();
    assert_eq!(page["snapshot"]["reason"], "pruned");
    assert_eq!(page["snapshot"]["orders"], json!([order]));
    let mut stream = server.stream_from("", Some(&hello.id)).await;
    stream.expect("hello").await;
    let snapshot = stream.expect("snapshot").await;
    let snapshot: Value = serde_json::from_str(&snapshot.data).expect("JSON");
    assert_eq!(snapshot["reason"], "pruned");
    assert_eq!(snapshot["orders"], json!([order]));
    let mut current = server.stream_from("", Some(&last.id)).await;
    current.expect("hello").await;
    let mut earliest = server.stream("after=earliest").await;
    earliest.expect("hello").await;
    let next = server.go(&order, OrderStatus::Accepted).await;
    for mut stream in [stream, current, earliest] {
        let frame = stream.next().await;
        assert!(frame.id.ends_with("-2"), "ids go on where they were: {frame:?}");
        assert_eq!(order_of(&frame), next);
    }
    server.stop().await;
}

/// A backup is made without its epoch, as docs/deployment.md says. The restored
/// log goes on from an earlier position, which the first one has used otherwise.
#[tokio::test]
async fn a_restored_backup_is_another_log() {
    let server = TestServer::start().await;
    let kept = server.place(&burger()).await;
    let folder = server.stop().await.expect("a folder");
    let restored = tempfile::tempdir().expect("another folder");
    let backup = restored.path().join("orders.db");
    std::fs::copy(folder.path().join("orders.db"), &backup).expect("copied");
    let database = rusqlite::Connection::open(&backup).expect("a database");
    database.execute("DELETE FROM meta WHERE key = 'epoch'", []).expect("without its epoch");
    drop(database);

    let server = TestServer::start_in(folder.path(), |_| {}).await;
    server.place(&burger()).await;
    let cursor = server.get("/api/events").await.json()["cursor"].clone();
    let cursor = cursor.as_str().expect("a cursor");
    server.stop().await;

    let server = TestServer::start_in(restored.path(), |_| {}).await;
    let instead = server.place(&burger()).await;
    let page = server.get(&format!("/api/events?after={cursor}")).await.json();
    assert_eq!(page["snapshot"]["reason"], "unknown_id");
    assert_eq!(page["snapshot"]["orders"], json!([kept, instead]));
    let restored_cursor = page["cursor"].as_str().expect("a cursor").to_owned();
    server.stop().await;
    // Only the first opening makes a new one.
    let server = TestServer::start_in(restored.path(), |_| {}).await;
    let page = server.get(&format!("/api/events?after={restored_cursor}")).await.json();
    assert_eq!(page["cursor"], json!(restored_cursor));
    assert_eq!(page.get("snapshot"), None);
}

#[tokio::test]
async fn a_parameter_that_is_not_understood_is_refused() {
    let server = TestServer::start().await;
    let cases = [
        ("after=", "after"),
        ("after=1", "after"),
        ("after=latest", "after"),
        ("after=9F3A01C4-1", "after"),
        ("after=9f3a01c4-01", "after"),
        ("after=9f3a01c4--1", "after"),
        ("after=9f3a01c4-18446744073709551616", "after"),
        ("after=earliest&after=earliest", "after"),
        ("snapshot=yes", "snapshot"),
        ("types=order.made", "types"),
        ("types=order.placed,", "types"),
        ("types=ready", "types"),
        ("status=done", "status"),
        ("status=", "status"),
        ("station=", "station"),
        ("station=%0D%0A", "station"),
        ("channel=,", "channel"),
        ("location=", "location"),
        ("order=1", "order"),
        ("order=0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f,x", "order"),
        ("stations=grill", "stations"),
        ("Station=grill", "Station"),
        ("=", ""),
        ("last-event-id=9f3a01c4-1", "last-event-id"),
        ("station=grill&%00=1", "\0"),
    ];
    for (query, parameter) in cases {
        for path in ["/api/events", "/live-orders"] {
            let refused = server.get(&format!("{path}?{query}")).await;
            let problem = refused.problem(400, "invalid_parameter");
            assert_eq!(problem["parameter"], parameter, "{path}?{query}");
        }
    }
    // What only the other one takes.
    server.get("/live-orders?limit=1").await.problem(400, "invalid_parameter");
    server.get("/api/orders?after=earliest").await.problem(400, "invalid_parameter");
    server.get("/api/orders?status=done").await.problem(400, "invalid_parameter");
}
