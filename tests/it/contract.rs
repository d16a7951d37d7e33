//! The description of the API, and what had to be put right for it to be true.

use hyper::Method;
use serde_json::json;

use crate::support::{Client, TestServer, burger, request};

#[tokio::test]
async fn the_description_is_there_for_everybody_and_is_fetched_once() {
    let server = TestServer::start().await;
    let client = Client { session: None, ..server.client };
    let answer = client.get("/api/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/api/orders"]["post"].is_object());
    let known = [("if-none-match", answer.header("etag"))];
    let again = client.send(request(Method::GET, "/api/openapi.json", &known, None)).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let gzip = [("accept-encoding", "gzip")];
    let packed = client.send(request(Method::GET, "/api/openapi.json", &gzip, None)).await;
    assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"));
    assert!(packed.body.len() * 4 < answer.body.len());
}

#[tokio::test]
async fn the_reference_is_a_whole_page_without_a_script() {
    let server = TestServer::start().await;
    let client = Client { session: None, ..server.client };
    let page = client.get("/api/reference").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'nonce-"),
        "{policy}"
    );
    for told in ["id=\"placeOrder\"", "id=\"code-stale_version\"", "id=\"schema-FoodOrder\""] {
        assert!(page.text().contains(told), "{told}");
    }
    // No event handler and no script of anybody else's.
    assert!(!page.text().contains(" onclick") && !page.text().contains("src=\"http"));
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_point() {
    let server = TestServer::start().await;
    let mut body = burger();
    body["items"][0]["quantity"] = json!(2.0);
    let order = server.place(&body).await;
    assert_eq!(order.items[0].quantity, 2);
    body["items"][0]["quantity"] = json!(2.5);
    let refused = server.post("/api/orders", &body).await;
    assert_eq!(refused.pointers(), ["/items/0/quantity"]);
    body["items"][0]["quantity"] = json!(1e300);
    let refused = server.post("/api/orders", &body).await;
    assert_eq!(refused.pointers(), ["/items/0/quantity"]);
}

#[tokio::test]
async fn a_name_is_as_long_as_it_was_sent() {
    let server = TestServer::start().await;
    // Each of these is two letters when it is small.
    let name = "%C4%B0".repeat(120);
    assert_eq!(server.get(&format!("/api/orders?q={name}")).await.status, 200);
    let longer = server.get(&format!("/api/orders?q={name}a")).await;
    longer.problem(400, "invalid_parameter");
}
