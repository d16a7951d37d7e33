//! What goes over the wire, byte by byte: changes here are changes for every client.

use std::time::Duration;

use hyper::Method;
use live_orders::domain::OrderStatus;
use serde_json::{Value, json};

use crate::{
    orders::full,
    support::{Answer, TestServer, burger, cursor_of, request},
};

/// `text` without what is another with each run.
fn redacted(text: &str, known: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (from, to) in known {
        text = text.replace(from, to);
    }
    // Times: thirteen digits in a row.
    let mut out = String::new();
    let mut digits = String::new();
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        out.push_str(if digits.len() == 13 { "[time]" } else { &digits });
        digits.clear();
        out.push(character);
    }
    out
}

fn told(what: &str, answer: &Answer) -> String {
    let body: Value = answer.json();
    let body = serde_json::to_string_pretty(&body).expect("JSON");
    format!("{what}\n{} {}\n{body}\n\n", answer.status, answer.header("content-type"))
}

#[tokio::test]
async fn problems() {
    let server = TestServer::start().await;
    // One item can be taken off it.
    let mut two = full();
    let items = two["items"].as_array_mut().expect("items");
    items.push(json!({"name": "Cola", "quantity": 1}));
    let order = server.post_with(&two, &[("idempotency-key", "k-1")]).await.order();
    let cancelled = server.place(&burger()).await;
    let cancelled = server.go(&cancelled, OrderStatus::Cancelled).await;
    let transitions = |id: &str| format!("/api/orders/{id}/transitions");
    let (id, closed) = (order.id.to_string(), cancelled.id.to_string());
    let mut other = two;
    other["rush"] = json!(false);
    let mut wrong = full();
    wrong["subtotal"] = json!(1);
    wrong["items"][0]["prize"] = json!(950);
    let plain = [("content-type", "text/plain")];
    let voided = {
        let change = json!({"status": "void", "expected_version": 1});
        server.patch(&format!("/api/orders/{id}/items/1"), &change).await.order()
    };

    let mut text = String::new();
    let mut tell = |what: &str, answer: Answer| text.push_str(&told(what, &answer));
    let large = Some(vec![b' '; 256 * 1024 + 1].into());
    tell("an unknown address", server.get("/nothing").await);
    tell(
        "a method that is not taken",
        server.send(request(Method::PUT, "/api/orders", &[], None)).await,
    );
    tell(
        "not JSON",
        server.send(request(Method::POST, "/api/orders", &plain, Some("x".into()))).await,
    );
    tell(
        "bad JSON",
        server.send(request(Method::POST, "/api/orders", &[], Some("{".into()))).await,
    );
    tell("too large", server.send(request(Method::POST, "/api/orders", &[], large)).await);
    tell("fields that break rules", server.post("/api/orders", &wrong).await);
    tell("one field that breaks a rule", server.post("/api/orders", &json!({})).await);
    tell("an unknown parameter", server.get("/live-orders?stations=grill").await);
    tell("an unknown value", server.get("/live-orders?types=order.made").await);
    tell("a position that is none", server.get("/live-orders?after=1").await);
    tell("a key that is none", server.post_with(&burger(), &[("idempotency-key", "a b")]).await);
    tell("a repeated key", server.post_with(&other, &[("idempotency-key", "k-1")]).await);
    tell("a repeated external id", server.post("/api/orders", &other).await);
    tell("an unknown order", server.get("/api/orders/1").await);
    let done = json!({"status": "done", "expected_version": voided.version});
    tell("an unknown item", server.patch(&format!("/api/orders/{id}/items/9"), &done).await);
    tell("a void item", server.patch(&format!("/api/orders/{id}/items/1"), &done).await);
    tell(
        "an item of a closed order",
        server.patch(&format!("/api/orders/{closed}/items/1"), &done).await,
    );
    let ready = json!({"to": "ready", "expected_version": 2});
    tell("an illegal transition", server.post(&transitions(&id), &ready).await);
    tell("a transition of a closed order", server.post(&transitions(&closed), &ready).await);
    let stale = json!({"to": "accepted", "expected_version": 1});
    tell("a stale version", server.post(&transitions(&id), &stale).await);
    insta::assert_snapshot!("problems", redacted(&text, &[(&id, "[id]"), (&closed, "[id]")]));
}

#[tokio::test]
async fn frames() {
    let server = TestServer::start_with(|config| {
        config.stream.heartbeat = Duration::from_millis(100);
    })
    .await;
    let mut stream = server.stream("snapshot=1").await;
    let hello = stream.expect("hello").await;
    stream.expect("snapshot").await;
    let order = server.place(&full()).await;
    stream.expect("order.placed").await;
    let change = json!({"to": "accepted", "expected_version": 1, "reason": "as usual"});
    server.post(&format!("/api/orders/{}/transitions", order.id), &change).await.order();
    stream.expect("order.accepted").await;
    stream.expect("heartbeat").await;
    let mut later = server.stream("snapshot=1").await;
    later.expect("hello").await;
    later.expect("snapshot").await;
    server.begin_stop();
    stream.expect("bye").await;

    // How many heartbeats came in between is chance.
    let text = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let mut last_beat = "";
        let mut frames = Vec::new();
        for frame in text.split_inclusive("\n\n") {
            if frame.contains("event: heartbeat") {
                last_beat = frame;
                continue;
            }
            if frame.contains("event: bye") {
                frames.push(last_beat);
            }
            frames.push(frame);
        }
        frames.concat()
    };
    let text = format!("{}---\n{}", text(&stream.bytes), text(&later.bytes));
    let retry = stream.reader.retry.expect("a retry").to_string();
    let epoch = cursor_of(&hello).epoch.to_string();
    let known = [
        (order.id.to_string(), "[id]".to_owned()),
        (epoch, "[epoch]".to_owned()),
        (
            format!("\"version\":\"{}\"", live_orders::VERSION),
            "\"version\":\"[version]\"".to_owned(),
        ),
        (
            format!("retry: {retry}\nid: [epoch]-2\nevent: bye"),
            "retry: [retry]\nid: [epoch]-2\nevent: bye".to_owned(),
        ),
        (format!("\"retry_ms\":{retry}"), "\"retry_ms\":[retry]".to_owned()),
    ];
    let known: Vec<_> = known.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    insta::assert_snapshot!("frames", redacted(&text, &known));
    server.stop().await;
}

#[tokio::test]
async fn answers() {
    let server = TestServer::start().await;
    let placed = server.post("/api/orders", &full()).await;
    let order = placed.order();
    let mut text = told("POST /api/orders", &placed);
    server.go(&order, OrderStatus::Accepted).await;
    for path in [
        format!("/api/orders/{}", order.id),
        "/api/orders?limit=1".to_owned(),
        "/api/events?after=earliest&types=order.accepted".to_owned(),
        "/api/events?snapshot=1&station=nowhere".to_owned(),
        "/health/ready".to_owned(),
    ] {
        let answer = server.get(&path).await;
        text.push_str(&told(&format!("GET {path}"), &answer));
    }
    let ready = server.get("/health/ready").await.json();
    let epoch =
        ready["cursor"].as_str().and_then(|it| it.split_once('-')).expect("an id").0.to_owned();
    let id = order.id.to_string();
    let page = placed.json()["tracking_url"].as_str().expect("an address").to_owned();
    let known = [(id.as_str(), "[id]"), (&epoch, "[epoch]"), (&page, "/t/[token]")];
    insta::assert_snapshot!("answers", redacted(&text, &known));
}
