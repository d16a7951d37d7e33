//! What every answer says to browsers, and what no markup holds: over every page of
//! the table of routes, as everybody, and over every way in which a page is refused.

use std::collections::HashMap;

use hyper::{HeaderMap, Method};
use live_orders::{
    domain::{OrderStatus, UnixMillis},
    server::{
        access::{
            roles::Role,
            routes::{self, Face},
        },
        clock::Clock,
        config::TlsMode,
    },
};
use serde_json::json;

use crate::support::{
    Answer, Client, TestServer, burger, cookie, post_form, post_form_from, request, session_of,
    within,
};

/// What stays in a browser: it holds nothing of a person, and its address changes
/// with it or it is asked for anew each time.
const KEPT: [&str; 4] =
    ["/worker.js", "/screens/{name}/scale.css", "/api/openapi.json", "/api/reference"];

/// The sources of a policy, by directive.
fn policy_of(headers: &HeaderMap) -> HashMap<String, Vec<String>> {
    let all: Vec<_> = headers.get_all("content-security-policy").iter().collect();
    let [policy] = all[..] else { panic!("not one policy: {all:?}") };
    let policy = policy.to_str().expect("ASCII");
    let directives = policy.split(';').map(|it| {
        let mut words = it.split_whitespace().map(str::to_owned);
        (words.next().expect("a directive"), words.collect::<Vec<_>>())
    });
    let map: HashMap<_, _> = directives.collect();
    assert_eq!(map.len(), policy.split(';').count(), "a directive counts once: {policy}");
    map
}

/// An element of a page: its name and its attributes.
#[derive(Debug)]
pub(crate) struct Element {
    name: String,
    pub(crate) attributes: Vec<(String, String)>,
}

impl Element {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }
}

/// The elements of `html`, which quotes every value with `"` or not at all. What
/// stands in a script or a style is no markup.
pub(crate) fn elements(html: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if !rest.starts_with(|it: char| it.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.find(|it: char| it.is_whitespace() || it == '>' || it == '/');
        let name = rest[..end.expect("the end of a name")].to_ascii_lowercase();
        rest = &rest[name.len()..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches(|it: char| it.is_whitespace() || it == '/');
            if let Some(after) = rest.strip_prefix('>') {
                rest = after;
                break;
            }
            let end = rest.find(|it: char| it.is_whitespace() || "=>/".contains(it));
            let attribute = rest[..end.expect("the end of a tag")].to_ascii_lowercase();
            rest = &rest[attribute.len()..];
            let mut value = String::new();
            if let Some(after) = rest.strip_prefix("=\"") {
                let (quoted, after) = after.split_once('"').expect("the end of a value");
                quoted.clone_into(&mut value);
                rest = after;
            } else if let Some(after) = rest.strip_prefix('=') {
                let end = after.find(|it: char| it.is_whitespace() || it == '>').expect("an end");
                after[..end].clone_into(&mut value);
                rest = &after[end..];
            }
            attributes.push((attribute, value));
        }
        if ["script", "style"].contains(&&*name) {
            let end = rest.find(&format!("</{name}")).expect("its end");
            rest = &rest[end..];
        }
        found.push(Element { name, attributes });
    }
    found
}

#[track_caller]
fn markup_is_plain(html: &str, nonce: Option<&str>, what: &str) {
    for element in elements(html) {
        let Element { name, attributes } = &element;
        for (attribute, value) in attributes {
            assert!(!attribute.starts_with("on"), "{what}: {element:?}");
            assert_ne!(attribute, "style", "{what}: {element:?}");
            let value = value.trim().to_ascii_lowercase();
            assert!(!value.starts_with("javascript:"), "{what}: {element:?}");
        }
        match name.as_str() {
            "script" if element.get("type") == Some("application/json") => {}
            "script" | "style" => {
                assert!(nonce.is_some() && element.get("nonce") == nonce, "{what}: {element:?}");
            }
            "iframe" | "object" | "embed" | "base" | "frame" | "applet" => {
                panic!("{what}: {element:?}");
            }
            _ => {}
        }
        for address in ["src", "href", "action", "formaction"] {
            let Some(value) = element.get(address) else { continue };
            let here = value.is_empty()
                || value.starts_with(['/', '#', '?']) && !value.starts_with("//")
                // Beside the page, whatever a proxy has put before it.
                || value.starts_with(|it: char| it == '.' || it.is_ascii_alphanumeric())
                    && !value.contains(':')
                || value.starts_with("data:image/svg+xml")
                // The page that leads from plain HTTP to the board.
                || what.contains("/trust") && value.starts_with("https://127.0.0.1:");
            assert!(here, "{what}: {element:?}");
        }
    }
}

/// Whether a connection is encrypted, and whether the answer may be kept.
#[derive(Clone, Copy, Debug, Default)]
struct Expected {
    secured: bool,
    kept: bool,
}

#[track_caller]
fn is_sound(answer: &Answer, expected: Expected, what: &str) {
    let what = &format!("{what}: {}", answer.status);
    let headers = &answer.headers;
    assert!(answer.status < 500 || answer.status == 503, "{what}: {}", answer.text());
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    let referrer = answer.header("referrer-policy");
    assert!(["same-origin", "no-referrer"].contains(&referrer), "{what}: {referrer}");
    for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
        assert_eq!(answer.header(name), "same-origin", "{what}: {name}");
    }
    let off = answer.header("permissions-policy");
    for feature in ["camera", "microphone", "geolocation", "payment", "usb"] {
        assert!(off.contains(&format!("{feature}=()")), "{what}: {feature} in {off}");
    }
    for name in ["server", "x-powered-by", "via", "access-control-allow-origin"] {
        assert!(!headers.contains_key(name), "{what}: {name}");
    }
    let kept = answer.header("cache-control");
    assert!(expected.kept || kept.contains("no-store"), "{what}: {kept}");

    let policy = policy_of(headers);
    let sources = |directive: &str| policy.get(directive).map(Vec::as_slice).unwrap_or_default();
    let text = String::from_utf8_lossy(&answer.body);
    let board = text.contains("data-page=\"board\"");
    for (directive, sources) in &policy {
        for source in sources {
            let what = format!("{what}: {directive} {source}");
            assert!(!source.contains('*') && !source.starts_with("http"), "{what}");
            assert!(!["'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'"].contains(&&**source));
            assert!(source != "'wasm-unsafe-eval'" || board && directive == "script-src", "{what}");
            assert!(source != "data:" || directive == "img-src", "{what}");
        }
    }
    for directive in ["default-src", "frame-ancestors", "base-uri"] {
        assert_eq!(sources(directive), ["'none'"], "{what}: {directive}");
    }
    let forms = sources("form-action");
    assert!(forms == ["'none'"] || forms == ["'self'"], "{what}: form-action {forms:?}");
    let nonces: Vec<_> =
        policy.values().flatten().filter_map(|it| it.strip_prefix("'nonce-")).collect();
    assert!(nonces.iter().all(|it| it.len() > 20 && *it == nonces[0]), "{what}: {nonces:?}");
    let nonce = nonces.first().map(|it| it.trim_end_matches('\''));
    if answer.header("content-type").starts_with("text/html") {
        markup_is_plain(&text, nonce, what);
    } else {
        assert_eq!(nonce, None, "{what}");
    }
    for set in headers.get_all("set-cookie") {
        cookie_is_sound(set.to_str().expect("ASCII"), expected.secured, what);
    }
}

#[track_caller]
fn cookie_is_sound(cookie: &str, secured: bool, what: &str) {
    let mut parts = cookie.split("; ");
    let (name, _) = parts.next().and_then(|it| it.split_once('=')).expect("a pair");
    let attributes: Vec<_> = parts.collect();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(attributes.contains(&attribute), "{what}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{what}: {cookie}");
    assert_eq!(attributes.contains(&"Secure"), secured, "{what}: {cookie}");
    assert_eq!(name.starts_with("__Host-"), secured, "{what}: {cookie}");
}

async fn get(client: Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    client.send(request(Method::GET, path, headers, None)).await
}

/// Every route that is read, as everybody, over a connection that is encrypted and
/// one that is not.
#[tokio::test]
async fn every_page_says_what_it_may_and_is_kept_nowhere() {
    let server = TestServer::start_with(|config| {
        config.proxy.trusted = vec!["127.0.0.1".parse().expect("a network")];
    })
    .await;
    let placed = server.post("/api/orders", &burger()).await;
    let token = placed.json()["tracking_url"].as_str().expect("an address").to_owned();
    let token = token.rsplit('/').next().expect("a token");
    let order = placed.order().id.to_string();
    assert_eq!(server.put("/api/screens/grill", &json!({"role": "prep"})).await.status, 201);
    let hook = json!({"url": "https://hooks.example.com/"});
    let hook = server.post("/api/webhooks", &hook).await.json()["id"].clone();
    let hook = hook.as_str().expect("an id");
    let cook = session_of(server.data(), "cook", Role::Cook, &[]).expect("a session");
    within("the server to notice", async {
        let own = cookie(cook);
        while get(server.client, "/account", &[("cookie", &own)]).await.status != 200 {}
    })
    .await;
    let manager = server.session.expect("a session");
    let mut pages = 0;
    for (who, session) in [("manager", Some(manager)), ("cook", Some(cook)), ("nobody", None)] {
        for secured in [false, true] {
            let own = session.map_or("theme=dark".to_owned(), |session| {
                format!("{}{}", if secured { "__Host-" } else { "" }, cookie(session))
            });
            let scheme = if secured { "https" } else { "http" };
            let headers = [("cookie", own.as_str()), ("x-forwarded-proto", scheme)];
            for row in routes::table().into_iter().filter(|row| row.method == Method::GET) {
                // They have no end; their heads are looked at below.
                if ["/live-orders", "/t/{token}/events"].contains(&row.path) {
                    continue;
                }
                let id = match row.path {
                    path if path.contains("webhooks") => hook,
                    path if path.starts_with("/access/users") => "1",
                    _ => order.as_str(),
                };
                let path = row.path.replace("{id}", id).replace("{token}", token);
                let names = if path.contains("{name}") { &["grill", "none"][..] } else { &[""] };
                for name in names {
                    let mut path = path.replace("{name}", name);
                    if row.path.ends_with("timeline") {
                        path.push_str("?lang=en");
                    }
                    let what = format!("{who}, {scheme}: {path}");
                    let answer = get(server.client, &path, &headers).await;
                    is_sound(&answer, Expected { secured, kept: KEPT.contains(&row.path) }, &what);
                    let person = row.face == Face::Person && !row.path.starts_with("/trust");
                    if person && who == "manager" && *name != "none" {
                        // The back office begins with users, and there is no key and no
                        // channel's secret here.
                        let good = match row.path {
                            "/access" => &[303][..],
                            "/access/keys/{id}/revoke" | "/access/secrets/{channel}/delete" => {
                                &[404]
                            }
                            _ => &[200, 204, 410],
                        };
                        let good = good.contains(&answer.status);
                        assert!(good, "{what}: {}", answer.status);
                        pages += 1;
                    }
                }
            }
        }
    }
    assert!(pages > 30, "{pages} pages");
    let stream = within("a stream", server.stream("")).await;
    let open = |headers: HeaderMap| Answer { status: 200, headers, body: Vec::new().into() };
    is_sound(&open(stream.headers.clone()), Expected::default(), "the stream");
    let path = format!("/t/{token}/events");
    let stream = within("a stream", server.stream_at(&path, &[])).await.expect("a stream");
    is_sound(&open(stream.headers.clone()), Expected::default(), "a customer's stream");
}

#[tokio::test]
async fn every_refusal_says_the_same() {
    let clock = Clock::manual(UnixMillis(1_790_000_000_000));
    let server = TestServer::start_by(&clock).await;
    let client = server.client;
    let nobody = Client { session: None, ..client };
    let placed = client.post("/api/orders", &burger()).await;
    let path = placed.json()["tracking_url"].as_str().expect("an address").to_owned();
    let check = |answer: Answer, status: u16, what: &str| {
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        is_sound(&answer, Expected::default(), what);
    };
    check(client.get("/nothing").await, 404, "no address");
    check(client.get("/pkg/none.js").await, 404, "no file");
    check(client.get("/screens/none/edit").await, 404, "no screen");
    check(client.get("/t/none").await, 404, "no order");
    check(client.post("/", &json!({})).await, 405, "no such method");
    check(nobody.get("/access").await, 303, "the way in");
    check(nobody.get("/screens/%C3%BC?%0d%0ax").await, 303, "the way in from anywhere");
    check(nobody.get("/api/orders").await, 401, "nobody");
    check(nobody.get("/setup?link=0").await, 410, "a link that is over");
    let far = [("sec-fetch-site", "cross-site")];
    let foreign = post_form_from(client, "/access/users", &[("name", "Eve")], &far).await;
    check(foreign, 403, "another site's form");
    check(client.post_with(&burger(), &far).await, 403, "another site's request");
    let wrong = [("name", "test"), ("password", "wrong horse battery")];
    check(post_form(client, "/login", &wrong).await, 401, "a wrong password");
    let short = [("name", "Bo"), ("role", "cook"), ("password", "short")];
    check(post_form(client, "/access/users", &short).await, 422, "a short password");
    check(client.post("/login", &json!({})).await, 415, "no form");
    let large = "x".repeat(300_000);
    check(post_form(client, "/access/keys", &[("name", &large)]).await, 413, "a large form");
    check(client.post("/api/orders", &json!([large])).await, 413, "a large body");
    let code = post_form(client, "/access/approve", &[("code", "ABCD-EFGH")]).await;
    check(code, 422, "no such code");
    check(post_form(client, "/orders/new", &[("do", "place")]).await, 422, "an empty order");

    let order = client.go(&placed.order(), OrderStatus::Rejected).await;
    clock.set(order.last_change.at.plus(25 * 60 * 60 * 1000));
    // The session of the test is as old, so the customer is asked for.
    check(nobody.get(&path).await, 410, "a page that is over");
    server.stop().await;

    // A store that cannot be read.
    let server = TestServer::start().await;
    let placed = server.post("/api/orders", &burger()).await;
    let path = placed.json()["tracking_url"].as_str().expect("an address").to_owned();
    let store = rusqlite::Connection::open(server.data().join("orders.db")).expect("a store");
    store.execute_batch("ALTER TABLE orders RENAME TO away").expect("out of the way");
    for path in ["/", "/orders/new", "/api/orders", &path] {
        check(server.get(path).await, 503, path);
    }
    store.execute_batch("ALTER TABLE away RENAME TO orders").expect("back");
    check(server.get("/").await, 200, "the board again");
}

/// The page for devices that are to trust this server, over plain HTTP, and what is
/// answered there to everything else.
#[tokio::test]
async fn plain_http_beside_https_says_the_same() {
    let server =
        TestServer::start_with(|config| config.tls.mode = TlsMode::SelfSigned(Vec::new())).await;
    let nobody = Client { session: None, ..server.client };
    for (path, status) in [
        ("/trust", 200),
        ("/trust/page.css", 200),
        ("/trust/ca.crt", 200),
        ("/health/live", 200),
        ("/", 308),
        ("/api/orders", 308),
        ("/nothing", 308),
    ] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        is_sound(&answer, Expected::default(), path);
    }
}
