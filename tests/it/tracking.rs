//! `/t/{token}`: the customer's page, what it says and what it keeps to itself.

use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::{HeaderMap, Method, Request};
use live_orders::{
    domain::{ActorKind, FoodOrder, LastChange, OrderStatus, Service, UnixMillis, change::Action},
    wire::frame::Frame,
};
use serde_json::{Value, json};

use crate::{
    orders::full,
    replay::{Offline, change, channel, new_order, station},
    support::{
        Answer, Client, EventStream, TestServer, burger, order_for, order_of, post_form, request,
        within,
    },
};

/// Places an order; it, and the path of its page.
async fn place(client: Client, body: &Value) -> (FoodOrder, String) {
    let answer = client.post("/api/orders", body).await;
    let page = answer.json()["tracking_url"].as_str().expect("an address").to_owned();
    (answer.order(), page)
}

async fn page_in(client: Client, path: &str, language: &str) -> Answer {
    let headers = [("accept-language", language)];
    client.send(request(Method::GET, path, &headers, None)).await
}

async fn follow(client: Client, path: &str, known: &str) -> EventStream {
    let path = format!("{path}/events");
    let headers = [("last-event-id", known)];
    let stream = client.stream_at(&path, &headers);
    within("a stream", stream).await.expect("a stream")
}

fn state(frame: &Frame) -> Value {
    assert_eq!(frame.event, "state", "{frame:?}");
    let state: Value = serde_json::from_str(&frame.data).expect("JSON");
    assert_eq!(state["id"], frame.id);
    state
}

/// What is the same in every answer with another nonce.
fn without_nonce(answer: &Answer) -> (String, HeaderMap) {
    let policy = answer.header("content-security-policy").to_owned();
    let nonce = policy.split_once("'nonce-").expect("a nonce").1;
    let nonce = nonce.split_once('\'').expect("its end").0;
    let mut headers = answer.headers.clone();
    headers.insert("content-security-policy", policy.replace(nonce, "").parse().expect("text"));
    headers.remove("date");
    (answer.text().replace(nonce, ""), headers)
}

#[tokio::test]
async fn whoever_has_placed_an_order_is_given_its_page_and_nobody_else() {
    let server = TestServer::start().await;
    let mut stream = server.stream("snapshot=1").await;
    let key = [("idempotency-key", "k-1")];
    let first = server.post_with(&full(), &key).await;
    let page = first.json()["tracking_url"].as_str().expect("an address").to_owned();
    let token = page.strip_prefix("/t/").expect("a path").to_owned();
    assert_eq!(token.len(), 32);
    // A repeat is given it again, by its key and by the channel's id.
    for headers in [&key[..], &[]] {
        let again = server.post_with(&full(), headers).await;
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.body, first.body);
    }
    let order = server.go(&first.order(), OrderStatus::Accepted).await;
    let placed = stream.until("order.accepted").await;
    assert_eq!(placed.data, serde_json::to_string(&order).expect("JSON"));
    let seen = String::from_utf8(stream.bytes.clone()).expect("UTF-8");
    let mut all = vec![("stream".to_owned(), seen)];
    for path in [
        format!("/api/orders/{}", order.id),
        "/api/orders".to_owned(),
        "/api/events?after=earliest".to_owned(),
        "/api/events?snapshot=1".to_owned(),
        format!("/orders/{}/timeline?lang=en", order.id),
        "/".to_owned(),
    ] {
        let answer = server.get(&path).await;
        all.push((path, answer.text().to_owned()));
    }
    for (path, text) in all {
        assert!(!text.contains(&token) && !text.contains("tracking"), "{path}: {text}");
    }
    // Nor does the store hold it.
    let folder = server.stop().await.expect("a folder");
    let file = std::fs::read(folder.path().join("orders.db")).expect("a file");
    assert!(memchr::memmem::find(&file, token.as_bytes()).is_none());
}

#[tokio::test]
async fn two_orders_have_nothing_in_common() {
    let server = TestServer::start().await;
    let (one, first) = place(server.client, &burger()).await;
    let (_, second) = place(server.client, &burger()).await;
    assert_ne!(first, second);
    assert!(!first.contains(&one.id.0.simple().to_string()));
    let (first, second) = (server.get(&first).await, server.get(&second).await);
    assert!(first.text().contains("<b>101</b>") && !first.text().contains("102"));
    assert!(second.text().contains("<b>102</b>"));
}

#[tokio::test]
async fn a_page_is_kept_nowhere_and_loads_nothing() {
    let server = TestServer::start().await;
    let (order, path) = place(server.client, &full()).await;
    let page = server.get(&path).await;
    assert_eq!(page.status, 200, "{}", page.text());
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "same-origin"),
        ("x-robots-tag", "noindex, nofollow"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'nonce-"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("form-action 'self'"), "{policy}");
    let text = page.text();
    for part in ["Cheeseburger", "no <bdi>onion", "sauce on the side", "gluten", "for <bdi>Ana<"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    // Neither what is another's affair, nor what helps to guess another page.
    let id = order.id.to_string();
    for secret in ["555-0134", "Long Street", "ring twice", "Ana K", "W-48213", &id, "grill"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    assert!(!text.contains("src=") && !text.contains("style=\""));
    assert!(text.contains("<noscript><meta http-equiv=\"refresh\""));
    for path in [format!("{path}/state"), format!("{path}/events")] {
        let stream = server.stream_at(&path, &[]);
        let headers = within("an answer", stream).await.expect("an answer").headers;
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert!(headers["cache-control"].to_str().expect("text").starts_with("no-store"));
    }
    // Everybody else's pages say what they said before.
    assert_eq!(server.get("/").await.header("referrer-policy"), "same-origin");
}

#[tokio::test]
async fn an_address_that_leads_nowhere_says_nothing_of_why() {
    let server = TestServer::start().await;
    let (_, page) = place(server.client, &burger()).await;
    let guess = page.replace(['0', '1', '2', '3', '4', '5', '6', '7'], "8").replace('a', "b");
    let unknown = without_nonce(&server.get("/t/00000000000000000000000000000000").await);
    assert!(unknown.0.contains("There is nothing here"), "{}", unknown.0);
    for path in [
        guess.as_str(),
        "/t/x",
        "/t/%00",
        "/t/%FF",
        "/t/..%2f",
        &format!("/t/{}", "a".repeat(4000)),
    ] {
        for path in [path.to_owned(), format!("{path}/state"), format!("{path}/events")] {
            let answer = server.get(&path).await;
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(without_nonce(&answer), unknown, "{path}");
        }
    }
    let upper = page.to_uppercase().replace("/T/", "/t/");
    if upper != page {
        assert_eq!(server.get(&upper).await.status, 404);
    }
}

#[tokio::test]
async fn a_customer_reads_their_language() {
    let server = TestServer::start().await;
    let (_, path) = place(server.client, &burger()).await;
    for (asked, begin, sentence) in [
        ("", "<html lang=\"en\" dir=\"ltr\">", "We have your order"),
        ("fr", "<html lang=\"en\" dir=\"ltr\">", "We have your order"),
        ("fr,de;q=0.5", "<html lang=\"de\" dir=\"ltr\">", "Ihre Bestellung ist da"),
        ("ar-EG,ar;q=0.9,en;q=0.1", "<html lang=\"ar\" dir=\"rtl\">", "وصلنا طلبك"),
    ] {
        let page = page_in(server.client, &path, asked).await;
        assert!(page.text().contains(begin) && page.text().contains(sentence), "{asked}");
        let state = page_in(server.client, &format!("{path}/state"), asked).await.json();
        assert!(state["view"].as_str().expect("markup").contains(sentence), "{asked}");
    }
    let server = TestServer::start_with(|config| {
        config.language = "de".parse().expect("a language");
        config.tracking.base_url = "https://orders.example.com".to_owned();
        config.tracking.contact = "<Main St> 1".to_owned();
    })
    .await;
    let (_, address) = place(server.client, &burger()).await;
    let path = address.strip_prefix("https://orders.example.com").expect("a whole address");
    let page = page_in(server.client, path, "fr").await;
    assert!(page.text().contains("Ihre Bestellung ist da"), "as the board is");
    assert!(page.text().contains("&lt;Main St&gt; 1"));
}

#[tokio::test]
async fn a_page_is_told_of_its_own_order_and_of_no_other() {
    let server = TestServer::start().await;
    let (mine, path) = place(server.client, &full()).await;
    let mut stream = follow(server.client, &path, "").await;
    // As of the board's stream: a proxy that kept it until it is long would keep it for ever.
    assert_eq!(stream.headers["x-accel-buffering"], "no");
    let first = stream.next().await;
    assert!(state(&first)["view"].as_str().expect("markup").contains("We have your order"));
    // Others come and go, and the next thing that is heard is of this one.
    for _ in 0..3 {
        let (other, _) = place(server.client, &burger()).await;
        server.go(&other, OrderStatus::Accepted).await;
    }
    let mine = server.go(&mine, OrderStatus::Accepted).await;
    let mine = server.go(&mine, OrderStatus::Preparing).await;
    let accepted = stream.next().await;
    assert_eq!(state(&accepted)["tone"], "wait");
    let preparing = stream.next().await;
    assert!(state(&preparing)["title"].as_str().expect("a title").contains("making it"));
    let mine = server.go(&mine, OrderStatus::Ready).await;
    let ready = state(&stream.next().await);
    assert_eq!(ready["tone"], "ready");
    assert_eq!(ready["title"], "✓ Ready · 101");
    // It is the page itself, and neither position nor figures.
    let page = server.get(&path).await;
    assert!(page.text().contains(ready["view"].as_str().expect("markup")));
    let heard = String::from_utf8(stream.bytes.clone()).expect("UTF-8");
    let epoch = server.get("/health/ready").await.json()["cursor"].as_str().expect("a cursor")[..8]
        .to_owned();
    let id = mine.id.to_string();
    for secret in ["heartbeat", "open", &epoch, &id, "555-0134", "\"version\"", "Long Street"] {
        assert!(!heard.contains(secret), "{secret}: {heard}");
    }
    // Who comes back with what it has is sent nothing twice.
    let known = ready["id"].as_str().expect("an id");
    let mut again = follow(server.client, &path, known).await;
    assert_eq!(again.next().await.event, "beat");
    server.go(&mine, OrderStatus::Completed).await;
    assert_eq!(state(&again.next().await)["tone"], "done");
    let mut stale = follow(server.client, &path, known).await;
    assert_eq!(state(&stale.next().await)["tone"], "done");
    // When the server stops, the page is told to come back.
    server.begin_stop();
    assert_eq!(again.until("bye").await.data, "{}");
    assert!(again.reader.retry.is_some());
    again.end().await;
}

#[tokio::test]
async fn a_page_hears_a_beat_when_nothing_happens() {
    let server = TestServer::start_with(|config| {
        config.stream.heartbeat = std::time::Duration::from_millis(100);
    })
    .await;
    let (_, path) = place(server.client, &burger()).await;
    let mut stream = follow(server.client, &path, "").await;
    state(&stream.next().await);
    let beat = stream.next().await;
    assert_eq!(beat.event, "beat");
    let beat: Value = serde_json::from_str(&beat.data).expect("JSON");
    assert_eq!(beat.as_object().expect("an object").len(), 1, "the time alone: {beat}");
}

/// A page without a network, by a clock that the test sets.
async fn at(service: &Offline, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let answer = tower::ServiceExt::oneshot(service.router.clone(), request).await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

#[tokio::test]
async fn a_page_ends_a_day_after_its_order() {
    const HOUR: i64 = 60 * 60 * 1000;
    let service = Offline::new(1 << 20);
    let order = new_order(station("grill"), channel("web"), Service::Pickup);
    let placed = service.app.orders.place(order, None).await.expect("placed");
    let order: FoodOrder = serde_json::from_slice(&placed.order_json).expect("an order");
    let path = service.app.orders.token(placed.id).path();
    let later = |hours: i64| {
        let now: UnixMillis = service.app.clock.now();
        service.app.clock.set(now.plus(hours * HOUR));
    };
    later(100);
    let (status, page) = at(&service, &path).await;
    assert_eq!(status, 200, "an open one stays");
    assert!(page.contains("Taking a bit longer"), "{page}");
    let reason = Some("Customer asked".to_owned());
    let cancel = Action::Transition { to: OrderStatus::Cancelled, reason };
    change(&service.app, &order, cancel).await;
    later(23);
    let (status, page) = at(&service, &path).await;
    assert_eq!(status, 200);
    assert!(page.contains("It was cancelled as you wished."), "{page}");
    later(1);
    for path in [path.clone(), format!("{path}/state"), format!("{path}/events")] {
        let (status, page) = at(&service, &path).await;
        assert_eq!(status, 410);
        assert!(page.contains("This order is done") && !page.contains("<script"), "{page}");
    }
}

#[tokio::test]
async fn a_customer_calls_off_what_nobody_has_answered() {
    let server = TestServer::start().await;
    let stranger = Client { session: None, ..server.client };
    let (order, path) = place(server.client, &full()).await;
    let address = format!("{path}/cancel");
    let token = path.strip_prefix("/t/").expect("a path");
    let link = format!("href=\"{token}/cancel\"");
    assert!(stranger.get(&path).await.text().contains(&link));
    let asks = stranger.get(&address).await;
    assert_eq!(asks.status, 200);
    for part in ["Cancel order 101?", "method=\"post\" action=\"cancel\"", "href=\"../"] {
        assert!(asks.text().contains(part), "{part} is not in {}", asks.text());
    }
    assert_eq!(server.all_orders().await[&order.id], order, "to ask changes nothing");

    let mut stream = server.stream("types=order.cancelled").await;
    let done = post_form(stranger, &address, &[]).await;
    assert_eq!((done.status, done.header("location")), (303, format!("../{token}").as_str()));
    assert_eq!(done.header("referrer-policy"), "no-referrer");
    let cancelled = order_of(&stream.until("order.cancelled").await);
    assert!(cancelled.is_on_board() && cancelled.flags.cancel_unseen, "the kitchen is told");
    let LastChange { actor, reason, .. } = &cancelled.last_change;
    assert_eq!((actor.kind, actor.id.as_str()), (ActorKind::Customer, "web"));
    assert_eq!(reason.as_deref(), Some("customer_cancelled"));
    let page = stranger.get(&path).await;
    assert!(page.text().contains("It was cancelled as you wished."), "{}", page.text());
    assert!(!page.text().contains("/cancel\""));
    // Once more: it is as it was, and says so.
    for again in [post_form(stranger, &address, &[]).await, stranger.get(&address).await] {
        assert_eq!((again.status, again.header("location")), (303, done.header("location")));
    }
    assert_eq!(server.get(&format!("/api/orders/{}", order.id)).await.order(), cancelled);
}

#[tokio::test]
async fn what_the_kitchen_has_taken_on_is_called_off_by_telephone() {
    let server = TestServer::start_with(|config| {
        config.tracking.contact = "Main St 1, +49 30 1234567".to_owned();
    })
    .await;
    let (order, path) = place(server.client, &burger()).await;
    let address = format!("{path}/cancel");
    let accepted = server.go(&order, OrderStatus::Accepted).await;
    assert!(!server.get(&path).await.text().contains("/cancel\""));
    for (answer, status) in
        [(server.get(&address).await, 200), (post_form(server.client, &address, &[]).await, 409)]
    {
        assert_eq!(answer.status, status);
        assert!(answer.text().contains("The kitchen has taken your order on."));
        assert!(answer.text().contains("href=\"tel:+49301234567\""), "{}", answer.text());
        assert!(!answer.text().contains("<form"));
    }
    assert_eq!(server.get(&format!("/api/orders/{}", order.id)).await.order(), accepted);
    // Who makes it before they say so has begun it.
    let (order, path) = place(server.client, &burger()).await;
    let mark = json!({"status": "doing", "expected_version": order.version});
    let line = format!("/api/orders/{}/items/1", order.id);
    let begun = server.patch(&line, &mark).await.order();
    assert_eq!(begun.status, OrderStatus::Placed);
    assert_eq!(post_form(server.client, &format!("{path}/cancel"), &[]).await.status, 409);
    assert_eq!(server.get(&format!("/api/orders/{}", order.id)).await.order(), begun);
}

#[tokio::test]
async fn a_customer_says_that_they_are_here() {
    let server = TestServer::start().await;
    let stranger = Client { session: None, ..server.client };
    let (order, path) = place(server.client, &order_for("curbside")).await;
    let (address, token) = (format!("{path}/arrived"), path.strip_prefix("/t/").expect("a path"));
    let page = stranger.get(&path).await;
    assert!(page.text().contains(&format!("action=\"{token}/arrived\"")), "{}", page.text());
    assert!(page.text().contains("http-equiv=\"refresh\" content=\"60\""));
    let mut stream = follow(stranger, &path, "").await;
    state(&stream.next().await);
    // A field takes no more, so what is more is left out.
    let note = format!("<b>silver\r\nestate {}", "x".repeat(80));
    let done = post_form(stranger, &address, &[("note", &note)]).await;
    assert_eq!((done.status, done.header("location")), (303, format!("../{token}").as_str()));
    let here = server.get(&format!("/api/orders/{}", order.id)).await.order();
    let kept = here.fulfilment.arrived_note.as_deref().expect("a note");
    assert!(kept.starts_with("<b>silver estate x") && kept.chars().count() == 60, "{kept}");
    assert_eq!(here.last_change.actor.kind, ActorKind::Customer);
    let told = state(&stream.next().await)["view"].as_str().expect("markup").to_owned();
    assert!(told.contains("that you are here") && told.contains("&lt;b&gt;silver"), "{told}");
    assert!(!told.contains("<form"));
    // Pressed twice, with something else: nothing changes.
    let again = post_form(stranger, &address, &[("note", "red van")]).await;
    assert_eq!(again.status, 303);
    assert_eq!(server.get(&format!("/api/orders/{}", order.id)).await.order(), here);
    assert!(stranger.get(&path).await.text().contains("content=\"20\""));
    // Nobody waits outside for what is fetched inside.
    let (order, path) = place(server.client, &burger()).await;
    assert!(!stranger.get(&path).await.text().contains("<form"));
    assert_eq!(post_form(stranger, &format!("{path}/arrived"), &[]).await.status, 303);
    assert_eq!(server.get(&format!("/api/orders/{}", order.id)).await.order(), order);
}

#[tokio::test]
async fn an_address_that_leads_nowhere_does_nothing() {
    let server = TestServer::start().await;
    for what in ["cancel", "arrived"] {
        let path = format!("/t/00000000000000000000000000000000/{what}");
        let answer = post_form(server.client, &path, &[]).await;
        assert_eq!(answer.status, 404, "{what}");
        assert!(answer.text().contains("There is nothing here"), "{what}");
    }
}

#[tokio::test]
async fn orders_of_before_there_were_pages_have_one_too() {
    let server = TestServer::start().await;
    let key = [("idempotency-key", "k-1")];
    let first = server.post_with(&full(), &key).await;
    let folder = server.stop().await.expect("a folder");
    {
        let file = folder.path().join("orders.db");
        let connection = rusqlite::Connection::open(file).expect("the database");
        connection.execute("UPDATE orders SET tracking = NULL", []).expect("written");
    }
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    let again = server.post_with(&full(), &key).await;
    assert_eq!(again.body, first.body);
    let page = again.json()["tracking_url"].as_str().expect("an address").to_owned();
    assert_eq!(server.get(&page).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn what_a_channel_may_send_is_not_what_it_is_given() {
    let server = TestServer::start().await;
    let mut body = burger();
    body["tracking_url"] = json!("/t/0");
    assert_eq!(server.post("/api/orders", &body).await.pointers(), ["/tracking_url"]);
}
