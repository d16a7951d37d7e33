//! Pages of other origins: those that are listed use the API and the stream, and
//! nothing else; all others are told nothing.

use hyper::{HeaderMap, Method};
use live_orders::server::{
    access::{
        roles::{Role, Scope},
        routes::{self, Facts},
    },
    config::Config,
};
use serde_json::json;

use crate::{
    access::{bearer, key},
    support::{
        Answer, Client, TestServer, burger, cookie, id_of, order_of, request, session_of, within,
    },
};

const SHOP: &str = "http://shop.localhost:8080";
const EVIL: &str = "http://evil.localhost:8080";

fn open_to_the_shop(config: &mut Config) {
    config.cors.origins = vec![SHOP.parse().expect("an origin")];
}

/// What a browser adds to what a page of `origin` sends, of the same site.
fn from(origin: &str) -> [(&'static str, &str); 2] {
    [("origin", origin), ("sec-fetch-site", "same-site")]
}

async fn ask(client: Client, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    client.send(request(method, path, headers, None)).await
}

fn varies_by_origin(headers: &HeaderMap) -> bool {
    let all = headers.get_all("vary").iter().filter_map(|it| it.to_str().ok());
    all.flat_map(|it| it.split(',')).any(|it| it.trim().eq_ignore_ascii_case("origin"))
}

/// What `headers` tell a page of another origin.
fn told(headers: &HeaderMap) -> Vec<String> {
    let names = headers.keys().map(ToString::to_string);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[track_caller]
fn is_for_the_shop(headers: &HeaderMap) {
    let header = |name: &str| headers.get(name).map(|it| it.to_str().expect("ASCII"));
    assert_eq!(header("access-control-allow-origin"), Some(SHOP), "{headers:?}");
    assert_eq!(header("access-control-allow-credentials"), Some("true"));
    let exposed = header("access-control-expose-headers").expect("names");
    for name in ["location", "idempotency-replayed", "retry-after", "ratelimit", "ratelimit-policy"]
    {
        assert!(exposed.split(", ").any(|it| it == name), "{name}: {exposed}");
    }
    assert!(varies_by_origin(headers), "{headers:?}");
}

#[track_caller]
fn is_for_nobody_else(headers: &HeaderMap) {
    assert_eq!(told(headers), Vec::<String>::new());
}

fn asks_first<'a>(origin: &'a str, method: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", "content-type,idempotency-key"),
    ]
}

#[tokio::test]
async fn nobody_is_told_anything_unless_somebody_has_said_so() {
    let server = TestServer::start().await;
    let read = ask(server.client, Method::GET, "/api/orders", &from(SHOP)).await;
    assert_eq!(read.status, 200, "it is the browser that keeps it from the page");
    is_for_nobody_else(&read.headers);
    assert!(!varies_by_origin(&read.headers));
    let asked = ask(server.client, Method::OPTIONS, "/api/orders", &asks_first(SHOP, "POST")).await;
    asked.problem(405, "method_not_allowed");
    is_for_nobody_else(&asked.headers);
    server.post_with(&burger(), &from(SHOP)).await.problem(403, "cross_site");
}

/// Over a socket that was taken from the HTTP library too, where the head of the
/// answer is written by other hands.
#[tokio::test]
async fn a_listed_page_follows_the_stream_and_resumes_either_way() {
    for take_sockets in [true, false] {
        let server = TestServer::start_with(|config| {
            open_to_the_shop(config);
            config.stream.take_sockets = take_sockets;
        })
        .await;
        let path = "/live-orders";
        let mut stream =
            within("a stream", server.stream_at(path, &from(SHOP))).await.expect("a stream");
        is_for_the_shop(&stream.headers);
        assert_eq!(stream.headers.contains_key("transfer-encoding"), !take_sockets);
        let vary: Vec<_> = stream.headers.get_all("vary").iter().collect();
        assert!(vary.iter().any(|it| *it == "accept-encoding"), "{vary:?}");
        stream.expect("hello").await;
        let first = server.place(&burger()).await;
        let frame = stream.next().await;
        assert_eq!(order_of(&frame).id, first.id);
        drop(stream);

        let second = server.place(&burger()).await;
        let known = id_of(&frame).to_string();
        let again = [&from(SHOP)[..], &[("last-event-id", &*known)]].concat();
        let mut again = within("a stream", server.stream_at(path, &again)).await.expect("a stream");
        is_for_the_shop(&again.headers);
        again.expect("hello").await;
        assert_eq!(order_of(&again.next().await).id, second.id);

        let unlisted =
            within("a stream", server.stream_at(path, &from(EVIL))).await.expect("a stream");
        is_for_nobody_else(&unlisted.headers);
        assert!(varies_by_origin(&unlisted.headers));
    }
}

#[tokio::test]
async fn a_browser_that_asks_first_is_told_what_a_listed_page_may_send() {
    let server = TestServer::start_with(open_to_the_shop).await;
    // It asks without a cookie.
    let nobody = Client { session: None, ..server.client };
    for path in ["/api/orders", "/api/orders/1/transitions", "/live-orders"] {
        let answer = ask(nobody, Method::OPTIONS, path, &asks_first(SHOP, "POST")).await;
        assert_eq!((answer.status, answer.text()), (204, ""), "{path}");
        is_for_the_shop(&answer.headers);
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let methods = answer.header("access-control-allow-methods");
            assert!(methods.split(", ").any(|it| it == method), "{methods}");
        }
        for name in ["authorization", "content-type", "idempotency-key", "last-event-id"] {
            let names = answer.header("access-control-allow-headers");
            assert!(names.split(", ").any(|it| it == name), "{names}");
        }
        assert!(!answer.header("access-control-max-age").is_empty());
    }
    for (origin, path) in [
        (EVIL, "/api/orders"),
        ("null", "/api/orders"),
        ("http://shop.localhost:8081", "/api/orders"),
        ("https://shop.localhost:8080", "/api/orders"),
        // What is for people is for no page of another origin.
        (SHOP, "/login"),
        (SHOP, "/orders/new"),
        (SHOP, "/access/keys"),
    ] {
        let answer = ask(nobody, Method::OPTIONS, path, &asks_first(origin, "POST")).await;
        is_for_nobody_else(&answer.headers);
        assert!(answer.status >= 400, "{origin} {path}: {}", answer.status);
    }
    // Whoever just asks what there is, is no browser before a request.
    let plain = ask(nobody, Method::OPTIONS, "/api/orders", &[("origin", SHOP)]).await;
    plain.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_listed_page_reads_every_answer_and_others_none() {
    let server = TestServer::start_with(open_to_the_shop).await;
    let nobody = Client { session: None, ..server.client };
    for (client, path, status) in [
        (server.client, "/api/orders", 200),
        (server.client, "/api/orders?nothing=1", 400),
        (server.client, "/api/orders/none", 404),
        (server.client, "/api/nothing", 404),
        (nobody, "/api/orders", 401),
        (nobody, "/live-orders", 401),
    ] {
        let answer = ask(client, Method::GET, path, &from(SHOP)).await;
        assert_eq!(answer.status, status, "{path}");
        is_for_the_shop(&answer.headers);
        let answer = ask(client, Method::GET, path, &from(EVIL)).await;
        assert_eq!(answer.status, status, "{path}");
        is_for_nobody_else(&answer.headers);
        let own = ask(client, Method::GET, path, &[]).await;
        is_for_nobody_else(&own.headers);
        assert!(varies_by_origin(&answer.headers) && varies_by_origin(&own.headers), "{path}");
    }
    for path in ["/", "/login", "/access", "/orders/new", "/favicon.svg", "/health/live", "/t/none"]
    {
        let page = ask(server.client, Method::GET, path, &from(SHOP)).await;
        is_for_nobody_else(&page.headers);
        assert!(!varies_by_origin(&page.headers), "{path}");
    }
}

#[tokio::test]
async fn a_listed_page_places_orders_as_whoever_is_logged_in() {
    let server = TestServer::start_with(open_to_the_shop).await;
    let key = [&from(SHOP)[..], &[("idempotency-key", "k-1")]].concat();
    let placed = server.post_with(&burger(), &key).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
    assert!(!placed.header("location").is_empty());
    is_for_the_shop(&placed.headers);
    let again = server.post_with(&burger(), &key).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    is_for_the_shop(&again.headers);
    // By an older browser, which names the origin alone.
    assert_eq!(server.post_with(&burger(), &[("origin", SHOP)]).await.status, 201);
    for origin in [EVIL, "null", "http://shop.localhost:8081"] {
        let refused = server.post_with(&burger(), &from(origin)).await;
        refused.problem(403, "cross_site");
        is_for_nobody_else(&refused.headers);
        server.post_with(&burger(), &[("origin", origin)]).await.problem(403, "cross_site");
    }
    // One that says which site it is of, but not which page, is of none that is listed.
    let site = [("sec-fetch-site", "same-site")];
    server.post_with(&burger(), &site).await.problem(403, "cross_site");
    assert_eq!(server.all_orders().await.len(), 2);
}

/// Whose session it is decides as ever, and a key is told how it stands.
#[tokio::test]
async fn a_listed_page_may_what_its_user_may() {
    let server = TestServer::start_with(open_to_the_shop).await;
    let session = session_of(server.data(), "cook", Role::Cook, &[]).expect("a session");
    let cook = cookie(session);
    let (_, key) = key(&server, Some("web"), &Scope::ALL, &[]);
    let bearer = bearer(&key);
    let post = async |with: (&str, &str), origin| {
        let headers = [&from(origin)[..], &[with]].concat();
        server.post_with(&burger(), &headers).await
    };
    within("the server to notice", async {
        while post(("authorization", &bearer), SHOP).await.status == 401 {}
    })
    .await;
    let refused = post(("cookie", &cook), SHOP).await;
    refused.problem(403, "not_allowed");
    is_for_the_shop(&refused.headers);
    let placed = post(("authorization", &bearer), SHOP).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
    assert!(!placed.header("ratelimit").is_empty());
    is_for_the_shop(&placed.headers);
    // No page makes a browser send a key that the page does not have.
    let placed = post(("authorization", &bearer), EVIL).await;
    assert_eq!(placed.status, 201);
    is_for_nobody_else(&placed.headers);
}

fn address(row: &Facts) -> String {
    row.path.replace("{id}", "999").replace("{item}", "1").replace("{name}", "none")
}

/// Every route that changes something: the API is open to a listed page, no form is.
#[tokio::test]
async fn a_listed_page_sends_no_form() {
    let server = TestServer::start_with(open_to_the_shop).await;
    for row in routes::table().into_iter().filter(|row| row.method != Method::GET) {
        let path = address(&row);
        for (origin, listed) in [(SHOP, true), (EVIL, false)] {
            let body = json!({"nothing": "of this"}).to_string();
            let sent = request(row.method.clone(), &path, &from(origin), Some(body.into()));
            let answer = server.client.send(sent).await;
            let what = format!("{origin}: {} {path}: {}", row.method, answer.status);
            let api = path.starts_with("/api/");
            let refused = answer.status == 403;
            assert_eq!(refused, !(api && listed), "{what}");
            assert_eq!(told(&answer.headers).is_empty(), !(api && listed), "{what}");
        }
    }
    assert_eq!(server.get("/account").await.status, 200, "nobody was logged out");
}
