//! Webhooks out: a receiver that fails, stalls, redirects and goes away, and a
//! server that is killed in between. Every event arrives, in order per order.

use std::{
    collections::HashMap,
    net::SocketAddr,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, Response},
};
use http_body_util::BodyExt as _;
use hyper::Method;
use hyper_util::rt::TokioIo;
use live_orders::{
    domain::{FoodOrder, OrderId, OrderStatus, UnixMillis},
    server::{
        config::Config,
        webhooks::{
            Keys, Secret,
            guard::Allowed,
            signature::{ID, SIGNATURE, Signed, TIMESTAMP},
        },
    },
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::{
    privacy::{SECRETS, personal, tells_nothing},
    support::{
        Answer, Client, Program, TestServer, burger, program, request, serve_command, within,
    },
};

/// A request that has come to the receiver.
#[derive(Clone, Debug)]
struct Received {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    fn id(&self) -> &str {
        self.header(ID)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn order(&self) -> FoodOrder {
        serde_json::from_value(self.json()["data"].clone()).expect("an order")
    }

    fn kind(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }

    /// Whether it is signed with `secret`, about now.
    fn is_signed_with(&self, secret: &str) -> bool {
        let keys = Keys::new(Secret::parse(secret).expect("a secret"));
        let timestamp = self.header(TIMESTAMP);
        let sent: i64 = timestamp.parse().expect("seconds");
        let signature = self.header(SIGNATURE);
        let signed = Signed { id: self.id(), timestamp, signature, body: &self.body };
        keys.check(&signed, UnixMillis(sent * 1000)).is_ok()
    }
}

/// What the receiver does with a request.
enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    /// It takes the request and says nothing.
    Silence,
    /// It says so when it is told to.
    Later(Arc<tokio::sync::Notify>, u16),
}

type Mood = dyn Fn(&Received) -> Reply + Send + Sync;

/// A receiver of webhooks, on a port of this machine.
struct Receiver {
    address: SocketAddr,
    came: mpsc::UnboundedReceiver<Received>,
    mood: Arc<Mutex<Arc<Mood>>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Ears {
    tell: mpsc::UnboundedSender<Received>,
    mood: Arc<Mutex<Arc<Mood>>>,
}

impl Receiver {
    async fn start(mood: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (tell, came) = mpsc::unbounded_channel();
        let mood: Arc<Mutex<Arc<Mood>>> = Arc::new(Mutex::new(Arc::new(mood)));
        let ears = Ears { tell, mood: Arc::clone(&mood) };
        let router = axum::Router::new().fallback(hear).with_state(ears);
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { address, came, mood, task }
    }

    async fn accepting() -> Self {
        Self::start(|_| Reply::Status(204)).await
    }

    fn url(&self) -> String {
        format!("http://{}/hook?shop=1", self.address)
    }

    /// From now on it does this.
    fn becomes(&self, mood: impl Fn(&Received) -> Reply + Send + Sync + 'static) {
        *self.mood.lock().expect("not poisoned") = Arc::new(mood);
    }

    async fn next(&mut self) -> Received {
        within("a request at the receiver", self.came.recv()).await.expect("it listens")
    }

    /// Whether nothing has come that was not asked for.
    fn is_quiet(&mut self) -> bool {
        self.came.try_recv().is_err()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hear(State(ears): State<Ears>, request: Request) -> Response<Body> {
    let path = request.uri().to_string();
    let headers = request.headers().clone();
    let body = request.into_body().collect().await.expect("a body").to_bytes();
    let message = Received { path, headers, body };
    let mood = Arc::clone(&ears.mood.lock().expect("not poisoned"));
    let reply = mood(&message);
    // A test that has ended listens no more.
    let _ = ears.tell.send(message);
    let mut response = Response::new(Body::from("what it says is no matter"));
    match reply {
        Reply::Status(status) => *response.status_mut() = status.try_into().expect("a status"),
        Reply::With(status, name, value) => {
            *response.status_mut() = status.try_into().expect("a status");
            response.headers_mut().insert(name, value.parse().expect("a value"));
        }
        Reply::Silence => std::future::pending().await,
        Reply::Later(told, status) => {
            told.notified().await;
            *response.status_mut() = status.try_into().expect("a status");
        }
    }
    response
}

/// The loopback address is allowed, and what fails is tried again soon.
fn impatient(config: &mut Config) {
    config.webhooks.allowed = Allowed::parse(["127.0.0.1"]).expect("a list");
    config.webhooks.schedule = "20ms, 20ms, 50ms, 50ms, 100ms, 100ms, 200ms, 200ms, 500ms, 500ms"
        .parse()
        .expect("a schedule");
}

/// The same for a program.
const IMPATIENT: [&str; 2] = [
    "webhooks.allow_hosts=127.0.0.1",
    "webhooks.retry=20ms, 20ms, 50ms, 50ms, 100ms, 100ms, 200ms, 200ms, 500ms, 500ms",
];

/// Makes a webhook that goes to `receiver`: its id and its secret.
async fn hook(client: Client, receiver: &Receiver, mut body: Value) -> (String, String) {
    body["url"] = json!(receiver.url());
    let made = client.post("/api/webhooks", &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let text = |name: &str| made[name].as_str().expect("text").to_owned();
    (text("id"), text("secret"))
}

async fn webhook(client: Client, id: &str) -> Value {
    let answer = client.get(&format!("/api/webhooks/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn deliveries(client: Client, id: &str) -> Vec<Value> {
    let answer = client.get(&format!("/api/webhooks/{id}/deliveries?limit=500")).await;
    answer.json()["deliveries"].as_array().expect("a list").clone()
}

/// Asks again until the webhook is as `is_so` says.
async fn until(client: Client, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    within("the webhook to be so", async {
        loop {
            let webhook = webhook(client, id).await;
            if is_so(&webhook) {
                return webhook;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

async fn patch(client: Client, id: &str, body: &Value) -> Answer {
    client.patch(&format!("/api/webhooks/{id}"), body).await
}

async fn act(client: Client, id: &str, what: &str, body: &Value) -> Answer {
    client.post(&format!("/api/webhooks/{id}/{what}"), body).await
}

#[tokio::test]
async fn an_event_is_posted_and_signed() {
    let mut receiver = Receiver::accepting().await;
    let server = TestServer::start_with(impatient).await;
    let (id, secret) = hook(server.client, &receiver, json!({"description": "the till"})).await;
    let order = server.place(&burger()).await;

    let message = receiver.next().await;
    assert_eq!(message.path, "/hook?shop=1");
    assert_eq!(message.header("content-type"), "application/json");
    assert_eq!(message.header("host"), receiver.address.to_string());
    assert!(message.header("user-agent").starts_with("live-orders/"));
    assert!(message.is_signed_with(&secret));
    assert_eq!(message.kind(), "order.placed");
    assert_eq!(message.order(), order);
    let events = server.log().await;
    assert_eq!(message.json()["id"], json!(events[0].0));

    let webhook = until(server.client, &id, |webhook| webhook["behind"] == 0).await;
    assert_eq!(webhook["state"], "on");
    assert_eq!(webhook["waiting"], 0);
    assert_eq!(webhook["description"], "the till");
    assert!(webhook.get("secret").is_none(), "it is told once: {webhook}");
    let attempts = deliveries(server.client, &id).await;
    assert_eq!(attempts.len(), 1, "{attempts:?}");
    assert_eq!(attempts[0]["outcome"], "delivered");
    assert_eq!(attempts[0]["status"], 204);
    assert_eq!(attempts[0]["order"], json!(order.id));
    let all = server.get("/api/webhooks").await.json();
    assert_eq!(all["webhooks"], json!([webhook]));
}

#[tokio::test]
async fn only_what_its_filter_wants_is_sent() {
    let mut receiver = Receiver::accepting().await;
    let server = TestServer::start_with(impatient).await;
    let filter = json!({"types": ["order.accepted", "order.preparing"], "channel": ["web"]});
    let (id, _) = hook(server.client, &receiver, json!({"filter": filter})).await;
    assert_eq!(webhook(server.client, &id).await["filter"], filter);
    let other = server.place(&burger()).await;
    server.go(&other, OrderStatus::Accepted).await;
    let mut wanted = burger();
    wanted["source"] = json!({"channel": "web"});
    let wanted = server.place(&wanted).await;
    let wanted = server.go(&wanted, OrderStatus::Accepted).await;
    assert_eq!(receiver.next().await.order(), wanted);
    server.go(&wanted, OrderStatus::Preparing).await;
    assert_eq!(receiver.next().await.kind(), "order.preparing");
    assert!(receiver.is_quiet());
}

#[tokio::test]
async fn whoever_was_sent_an_order_is_told_that_it_is_to_be_forgotten() {
    let mut receiver = Receiver::accepting().await;
    let mut other = Receiver::accepting().await;
    let server = TestServer::start_with(impatient).await;
    let filter = json!({"types": ["order.placed"], "status": ["placed"]});
    hook(server.client, &receiver, json!({"filter": filter})).await;
    hook(server.client, &other, json!({"filter": {"location": ["airport"]}})).await;
    let order = server.place(&burger()).await;
    receiver.next().await;
    for status in [OrderStatus::Accepted, OrderStatus::Cancelled] {
        server.go(&server.get(&format!("/api/orders/{}", order.id)).await.order(), status).await;
    }
    let erase = format!("/api/orders/{}/erase", order.id);
    let erased = server.post(&erase, &json!({})).await;
    assert_eq!(erased.status, 200, "{}", erased.text());
    let message = receiver.next().await;
    assert_eq!((message.kind(), message.order().id), ("order.erased".to_owned(), order.id));
    assert!(other.is_quiet(), "it knows nothing of this order");
}

/// What waits is read when it is sent, so an erasure is in time for all of it: for what
/// has failed once already, and for what was never sent.
#[tokio::test]
async fn what_waits_while_its_order_is_erased_is_sent_without_the_person() {
    let mut failing = Receiver::start(|_| Reply::Status(500)).await;
    let mut absent = Receiver::accepting().await;
    let patient = |config: &mut Config| {
        impatient(config);
        config.webhooks.schedule = "1h".parse().expect("a schedule");
    };
    let server = TestServer::start_with(patient).await;
    let (failed, _) = hook(server.client, &failing, json!({})).await;
    let (behind, _) = hook(server.client, &absent, json!({})).await;
    patch(server.client, &behind, &json!({"state": "off"})).await;
    let order = server.place(&personal()).await;
    let first = failing.next().await;
    let told = String::from_utf8_lossy(&first.body).into_owned();
    let in_it = SECRETS.iter().filter(|secret| told.contains(**secret)).count();
    // All but the reason of a cancellation.
    assert_eq!(in_it, SECRETS.len() - 1, "there is something to erase: {told}");
    until(server.client, &failed, |webhook| webhook["waiting"] == 1).await;
    let path = format!("/api/orders/{}", order.id);
    let body = json!({"to": "cancelled", "expected_version": 1, "reason": SECRETS[5]});
    server.post(&format!("{path}/transitions"), &body).await.order();
    assert!(absent.is_quiet(), "who is off is sent nothing");
    assert!(server.post(&format!("{path}/erase"), &json!({})).await.order().erased.0);

    failing.becomes(|_| Reply::Status(200));
    patch(server.client, &failed, &json!({"state": "off"})).await;
    for (receiver, id) in [(&mut failing, &failed), (&mut absent, &behind)] {
        patch(server.client, id, &json!({"state": "on"})).await;
        for kind in ["order.placed", "order.cancelled", "order.erased"] {
            let message = receiver.next().await;
            assert_eq!((message.kind(), message.order().id), (kind.to_owned(), order.id));
            tells_nothing(kind, &String::from_utf8_lossy(&message.body));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_the_webhook_as_alive_as_it_was() {
    let mut receiver = Receiver::start(|_| Reply::Silence).await;
    let server = TestServer::start_with(impatient).await;
    let (id, _) = hook(server.client, &receiver, json!({})).await;
    let first = server.place(&burger()).await;
    let stalled = receiver.next().await;
    // The courier waits a moment for the answer before it stops, and meanwhile
    // whoever asked for the change is gone.
    let body = json!({"description": "the till"});
    let patching = patch(server.client, &id, &body);
    let hung_up = tokio::time::timeout(Duration::from_millis(200), patching).await;
    assert!(hung_up.is_err(), "it takes as long as the farewell");
    receiver.becomes(|_| Reply::Status(200));
    let again = receiver.next().await;
    assert_eq!(again.id(), stalled.id());
    assert_eq!(again.order(), first);
    until(server.client, &id, |webhook| webhook["waiting"] == 0 && webhook["behind"] == 0).await;
}

#[tokio::test]
async fn what_fails_is_sent_again_with_the_same_id_and_holds_back_its_order_alone() {
    let failures = Arc::new(Mutex::new(3));
    let mut receiver = Receiver::accepting().await;
    let server = TestServer::start_with(impatient).await;
    let (id, secret) = hook(server.client, &receiver, json!({})).await;
    let first = server.place(&burger()).await;
    let placed = receiver.next().await;
    receiver.becomes(move |message| {
        let mut left = failures.lock().expect("not poisoned");
        if message.order().id == first.id && *left > 0 {
            *left -= 1;
            return Reply::Status(500);
        }
        Reply::Status(200)
    });
    let first = placed.order();
    let first = server.go(&first, OrderStatus::Accepted).await;
    let first = server.go(&first, OrderStatus::Preparing).await;
    let second = server.place(&burger()).await;

    let mut of_first = Vec::new();
    let mut of_second = 0;
    while of_first.len() < 5 || of_second < 1 {
        let message = receiver.next().await;
        assert!(message.is_signed_with(&secret));
        if message.order().id == second.id {
            of_second += 1;
        } else {
            of_first.push((message.kind(), message.id().to_owned()));
        }
    }
    let kinds: Vec<&str> = of_first.iter().map(|(kind, _)| kind.as_str()).collect();
    let accepted = "order.accepted";
    assert_eq!(kinds, [accepted, accepted, accepted, accepted, "order.preparing"]);
    assert!(of_first[..4].iter().all(|(_, id)| *id == of_first[0].1), "{of_first:?}");
    assert_ne!(of_first[3].1, of_first[4].1);
    until(server.client, &id, |webhook| webhook["waiting"] == 0 && webhook["behind"] == 0).await;
    let failed = deliveries(server.client, &id).await;
    let failed: Vec<&Value> = failed.iter().filter(|it| it["outcome"] == "failed").collect();
    assert_eq!(failed.len(), 3);
    for attempt in failed {
        assert_eq!(attempt["error"], "it answered 500");
        assert_eq!(attempt["order"], json!(first.id));
        assert!(attempt["next_at"].as_i64() > attempt["at"].as_i64());
    }
}

#[tokio::test]
async fn a_receiver_that_says_nothing_is_left_and_asked_again() {
    let mut receiver = Receiver::start(|_| Reply::Silence).await;
    let server = TestServer::start_with(|config| {
        impatient(config);
        config.webhooks.timeout = Duration::from_millis(200);
    })
    .await;
    let (id, _) = hook(server.client, &receiver, json!({})).await;
    server.place(&burger()).await;
    let stalled = receiver.next().await;
    receiver.becomes(|_| Reply::Status(200));
    let again = receiver.next().await;
    assert_eq!(again.id(), stalled.id());
    until(server.client, &id, |webhook| webhook["waiting"] == 0).await;
    let attempts = deliveries(server.client, &id).await;
    let first = attempts.last().expect("attempts");
    assert_eq!(first["error"], "no answer within 200 ms");
    assert!(first.get("status").is_none());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut elsewhere = Receiver::accepting().await;
    let target = elsewhere.url();
    let mut receiver = Receiver::start(move |_| Reply::With(308, "location", target.clone())).await;
    let server = TestServer::start_with(impatient).await;
    let (id, _) = hook(server.client, &receiver, json!({})).await;
    server.place(&burger()).await;
    let redirected = receiver.next().await;
    receiver.next().await;
    receiver.becomes(|_| Reply::Status(200));
    until(server.client, &id, |webhook| webhook["behind"] == 0 && webhook["waiting"] == 0).await;
    while let Ok(again) = receiver.came.try_recv() {
        assert_eq!(again.id(), redirected.id());
    }
    assert!(elsewhere.is_quiet(), "nobody is sent elsewhere");
    let attempts = deliveries(server.client, &id).await;
    let error = attempts.last().expect("attempts")["error"].as_str().expect("why");
    assert!(error.contains("308") && error.contains("not followed"), "{error}");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_switched_off_and_misses_nothing_when_it_is_back() {
    let mut receiver = Receiver::start(|_| Reply::Status(410)).await;
    let server = TestServer::start_with(impatient).await;
    let (id, _) = hook(server.client, &receiver, json!({})).await;
    let order = server.place(&burger()).await;
    receiver.next().await;
    let off = until(server.client, &id, |webhook| webhook["state"] == "off").await;
    assert!(off["why"].as_str().expect("why").contains("410"), "{off}");
    assert!(off["since"].as_i64() > Some(0));
    let order = server.go(&order, OrderStatus::Accepted).await;
    server.go(&order, OrderStatus::Preparing).await;
    assert!(receiver.is_quiet(), "who is off is sent nothing");

    receiver.becomes(|_| Reply::Status(200));
    let on = patch(server.client, &id, &json!({"state": "on"})).await.json();
    assert_eq!(on["state"], "on");
    assert!(on.get("why").is_none());
    for kind in ["order.placed", "order.accepted", "order.preparing"] {
        assert_eq!(receiver.next().await.kind(), kind);
    }
}

#[tokio::test]
async fn a_receiver_that_accepts_nothing_for_too_long_is_switched_off_and_says_so() {
    let mut receiver = Receiver::start(|_| Reply::Status(500)).await;
    let server = TestServer::start_with(|config| {
        impatient(config);
        config.webhooks.broken_after_millis = 100;
    })
    .await;
    let (id, _) = hook(server.client, &receiver, json!({})).await;
    server.place(&burger()).await;
    let broken = until(server.client, &id, |webhook| webhook["state"] == "broken").await;
    assert!(broken["why"].as_str().expect("why").contains("it answered 500"), "{broken}");
    assert_eq!(broken["waiting"], 1);
    let first = receiver.next().await;
    receiver.becomes(|_| Reply::Status(200));
    patch(server.client, &id, &json!({"state": "on"})).await;
    until(server.client, &id, |webhook| webhook["waiting"] == 0).await;
    let mut last = receiver.next().await;
    while let Ok(next) = receiver.came.try_recv() {
        last = next;
    }
    assert_eq!(last.id(), first.id());
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it() {
    let mut receiver =
        Receiver::start(|_| Reply::With(429, "retry-after", "3600".to_owned())).await;
    let server = TestServer::start_with(impatient).await;
    let (id, _) = hook(server.client, &receiver, json!({})).await;
    server.place(&burger()).await;
    receiver.next().await;
    let held = until(server.client, &id, |webhook| webhook.get("held_until").is_some()).await;
    let attempt = deliveries(server.client, &id).await.remove(0);
    let at = attempt["at"].as_i64().expect("a time");
    assert!(attempt["next_at"].as_i64().expect("a time") >= at + 3_600_000, "{attempt}");
    assert!(held["held_until"].as_i64().expect("a time") >= at + 3_600_000, "{held}");
    // It spoke for all of itself: another order waits too.
    server.place(&burger()).await;
    assert!(receiver.is_quiet());
}

#[tokio::test]
async fn nobody_inside_is_called_unless_named() {
    let server = TestServer::start().await;
    for url in [
        "http://127.0.0.1:9/",
        "http://pos.lan/",
        "ftp://example.com/",
        "https://user:word@example.com/",
        "nonsense",
    ] {
        let refused = server.post("/api/webhooks", &json!({"url": url})).await;
        assert_eq!(refused.pointers(), ["/url"], "{url}");
    }
    for (url, what) in [
        ("https://127.0.0.1:9/", "loopback"),
        ("https://localhost:9/", "loopback"),
        ("https://[::ffff:127.0.0.1]:9/", "loopback"),
        ("https://169.254.169.254/latest/meta-data", "link-local"),
        ("https://0x7f.1:9/", "loopback"),
    ] {
        let made = server.post("/api/webhooks", &json!({"url": url})).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let id = made.json()["id"].as_str().expect("an id").to_owned();
        let tested = act(server.client, &id, "test", &json!({})).await.json();
        assert_eq!(tested["delivered"], false);
        let error = tested["error"].as_str().expect("why");
        assert!(error.contains(what), "{url}: {error}");
        let listed = deliveries(server.client, &id).await;
        assert_eq!(listed[0]["type"], "webhook.test");
        assert_eq!(listed[0]["error"], error);
    }
}

#[tokio::test]
async fn a_test_is_a_signed_message_that_concerns_no_order() {
    let mut receiver = Receiver::accepting().await;
    let server = TestServer::start_with(impatient).await;
    let (id, secret) = hook(server.client, &receiver, json!({})).await;
    let path = format!("/api/webhooks/{id}/test");
    let tested = server.send(request(Method::POST, &path, &[], None)).await.json();
    assert_eq!(tested["delivered"], true);
    assert_eq!(tested["status"], 204);
    let message = receiver.next().await;
    assert_eq!(message.kind(), "webhook.test");
    assert!(message.is_signed_with(&secret));
}

#[tokio::test]
async fn while_a_secret_is_changed_over_both_are_good() {
    let mut receiver = Receiver::accepting().await;
    let server = TestServer::start_with(impatient).await;
    let (id, first) = hook(server.client, &receiver, json!({})).await;
    let rotated = act(server.client, &id, "rotate", &json!({"overlap_hours": 1})).await.json();
    let second = rotated["secret"].as_str().expect("a secret").to_owned();
    assert_ne!(first, second);
    assert!(rotated["previous_secret_until"].as_i64() > Some(0));
    server.place(&burger()).await;
    let message = receiver.next().await;
    assert_eq!(message.header(SIGNATURE).split(' ').count(), 2);
    assert!(message.is_signed_with(&first) && message.is_signed_with(&second));

    let last = act(server.client, &id, "rotate", &json!({"overlap_hours": 0})).await.json();
    let last = last["secret"].as_str().expect("a secret").to_owned();
    server.place(&burger()).await;
    let message = receiver.next().await;
    assert!(message.is_signed_with(&last) && !message.is_signed_with(&second));
}

#[tokio::test]
async fn what_was_sent_can_be_sent_again() {
    let mut receiver = Receiver::accepting().await;
    let server = TestServer::start_with(impatient).await;
    let (id, _) = hook(server.client, &receiver, json!({})).await;
    let order = server.place(&burger()).await;
    server.go(&order, OrderStatus::Accepted).await;
    let sent = [receiver.next().await, receiver.next().await];
    until(server.client, &id, |webhook| webhook["behind"] == 0).await;

    let listed = deliveries(server.client, &id).await;
    let number = &listed.last().expect("deliveries")["id"];
    let replayed = act(server.client, &id, "replay", &json!({"delivery": number})).await;
    assert_eq!(replayed.status, 202, "{}", replayed.text());
    assert_eq!(receiver.next().await.id(), sent[0].id());

    let event = sent[1].json()["id"].clone();
    act(server.client, &id, "replay", &json!({"event": event})).await;
    assert_eq!(receiver.next().await.id(), sent[1].id());

    act(server.client, &id, "replay", &json!({"after": "earliest"})).await;
    for before in &sent {
        assert_eq!(receiver.next().await.id(), before.id());
    }
    until(server.client, &id, |webhook| webhook["waiting"] == 0).await;
    assert!(receiver.is_quiet());

    let refused = act(server.client, &id, "replay", &json!({"delivery": 9999})).await;
    refused.problem(404, "delivery_not_found");
    let refused = act(server.client, &id, "replay", &json!({"after": "00000000-7"})).await;
    refused.problem(409, "event_not_kept");
    let refused = act(server.client, &id, "replay", &json!({})).await;
    assert_eq!(refused.pointers(), [""]);
}

#[tokio::test]
async fn a_webhook_can_begin_with_what_is_kept_and_be_changed_and_deleted() {
    let mut receiver = Receiver::accepting().await;
    let mut other = Receiver::accepting().await;
    let server = TestServer::start_with(impatient).await;
    let order = server.place(&burger()).await;
    let (id, _) = hook(server.client, &receiver, json!({"after": "earliest"})).await;
    assert_eq!(receiver.next().await.order(), order);

    patch(server.client, &id, &json!({"state": "off"})).await;
    let order = server.go(&order, OrderStatus::Accepted).await;
    let changed = json!({"url": other.url(), "description": "", "filter": {"order": [order.id]},
                         "state": "on"});
    let changed = patch(server.client, &id, &changed).await.json();
    assert_eq!(changed["filter"], json!({"order": [order.id]}));
    assert_eq!(other.next().await.order(), order);

    let path = format!("/api/webhooks/{id}");
    let deleted = server.send(request(Method::DELETE, &path, &[], None)).await;
    assert_eq!(deleted.status, 204);
    server.get(&path).await.problem(404, "webhook_not_found");
    server.go(&order, OrderStatus::Preparing).await;
    assert!(receiver.is_quiet() && other.is_quiet());
    patch(server.client, &id, &json!({})).await.problem(404, "webhook_not_found");
    act(server.client, "wh_x", "test", &json!({})).await.problem(404, "webhook_not_found");
}

#[tokio::test]
async fn a_key_with_the_scope_sets_webhooks_up_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Program::serve(&data, &[]);
    let made = |scopes: &str| {
        let (done, key, why) = say(&data, &["key", "create", "--scopes", scopes]);
        assert!(done, "{why}");
        format!("Bearer {}", key.trim())
    };
    let (hooks, reads) = (made("webhooks"), made("orders:read"));
    let body = Bytes::from(json!({"url": "https://till.example.com/hooks"}).to_string());
    let ask = async |path: &str, key: &str, body: &Bytes| {
        let headers = [("authorization", key)];
        let post = request(Method::POST, path, &headers, Some(body.clone()));
        server.client.send(post).await
    };
    // What another process has let in is noticed soon.
    within("the key to be known", async {
        while ask("/api/webhooks", &hooks, &body).await.status != 201 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    within("the other key to be known", async {
        while ask("/api/webhooks", &reads, &body).await.status != 403 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let order = Bytes::from(burger().to_string());
    ask("/api/orders", &hooks, &order).await.problem(403, "not_allowed");
}

#[tokio::test]
async fn what_is_no_webhook_is_refused_field_by_field() {
    let server = TestServer::start().await;
    let body = json!({"filter": {"types": ["order.eaten", "order.ready"], "colour": ["red"]},
                      "after": "yesterday", "retries": 3});
    let refused = server.post("/api/webhooks", &body).await;
    let mut pointers = refused.pointers();
    pointers.sort();
    assert_eq!(pointers, ["/after", "/filter/colour", "/filter/types/0", "/retries", "/url"]);
    let refused = server.get("/api/webhooks/wh_00000000000000000000/deliveries").await;
    refused.problem(404, "webhook_not_found");
}

/// What the receiver has had of each order, in the order it came.
#[derive(Default)]
struct Book(HashMap<OrderId, Vec<(u32, String)>>);

impl Book {
    fn note(&mut self, message: &Received) {
        let order = message.order();
        self.0.entry(order.id).or_default().push((order.version.0, message.id().to_owned()));
    }
}

/// A receiver that accepts two requests of three, so that the next kill always
/// finds something that waits.
fn moody() -> impl Fn(&Received) -> Reply + Send + Sync {
    let count = Mutex::new(0);
    move |_| {
        let mut count = count.lock().expect("not poisoned");
        *count += 1;
        if *count % 3 == 0 { Reply::Status(503) } else { Reply::Status(200) }
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_between_loses_nothing_and_keeps_the_order() {
    const ROUNDS: usize = 5;
    const ORDERS: usize = 12;
    let folder = tempfile::tempdir().expect("a folder");
    let mut receiver = Receiver::start(moody()).await;
    let mut server = Program::serve(folder.path(), &IMPATIENT);
    let (id, _) = hook(server.client, &receiver, json!({})).await;
    let mut book = Book::default();
    for _ in 0..ROUNDS {
        for _ in 0..ORDERS {
            let order = server.client.place(&burger()).await;
            let order = server.client.go(&order, OrderStatus::Accepted).await;
            server.client.go(&order, OrderStatus::Preparing).await;
        }
        // Some of it has come, and some has not.
        for _ in 0..ORDERS {
            book.note(&receiver.next().await);
        }
        server.kill();
        server = Program::serve(folder.path(), &IMPATIENT);
    }
    receiver.becomes(|_| Reply::Status(200));
    until(server.client, &id, |webhook| webhook["behind"] == 0 && webhook["waiting"] == 0).await;
    while let Ok(message) = receiver.came.try_recv() {
        book.note(&message);
    }
    let events = server.client.log().await;
    assert_eq!(events.len(), ROUNDS * ORDERS * 3);
    assert_eq!(book.0.len(), ROUNDS * ORDERS);
    for (order, mut came) in book.0 {
        let versions: Vec<u32> = came.iter().map(|(version, _)| *version).collect();
        assert!(versions.is_sorted(), "{order}: {versions:?}");
        // The same event has the same id, whoever has sent it.
        came.dedup();
        let versions: Vec<u32> = came.iter().map(|(version, _)| *version).collect();
        assert_eq!(versions, [1, 2, 3], "{order}: {came:?}");
    }
}

/// What a receiver has been sent, and what of that it has accepted.
#[derive(Clone, Default)]
struct Ledger(Arc<Mutex<HashMap<OrderId, Vec<Line>>>>);

/// One request: the order's version, the message's id, and whether it was accepted.
type Line = (u32, String, bool);

impl Ledger {
    /// A receiver that does with its requests what `fault` says of their number,
    /// from 1, and accepts the others.
    fn keeper(
        &self,
        fault: impl Fn(usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> impl Fn(&Received) -> Reply + Send + Sync + 'static {
        let (ledger, count) = (self.clone(), AtomicUsize::new(0));
        move |message| {
            let fault = fault(count.fetch_add(1, Ordering::Relaxed) + 1);
            let (order, id) = (message.order(), message.id().to_owned());
            let line = (order.version.0, id, fault.is_none());
            let mut lines = ledger.0.lock().expect("not poisoned");
            lines.entry(order.id).or_default().push(line);
            fault.unwrap_or(Reply::Status(204))
        }
    }

    /// Refuses what must not be: something lost, out of order, or twice by another id.
    fn check(&self, who: &str, orders: usize, versions: &[u32]) {
        let lines = self.0.lock().expect("not poisoned");
        assert_eq!(lines.len(), orders, "{who}");
        for (order, lines) in &*lines {
            assert!(lines.is_sorted_by_key(|line| line.0), "{who}: {order}: {lines:?}");
            let mut accepted: Vec<u32> =
                lines.iter().filter(|line| line.2).map(|line| line.0).collect();
            accepted.dedup();
            assert_eq!(accepted, versions, "{who}: {order}: {lines:?}");
            let mut ids: Vec<(u32, &str)> =
                lines.iter().map(|line| (line.0, line.1.as_str())).collect();
            ids.dedup();
            assert_eq!(ids.len(), versions.len(), "{who}: {order}: {lines:?}");
        }
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_receivers_do_and_however_often_the_server_is_killed_nothing_is_lost() {
    const ROUNDS: usize = 4;
    const ORDERS: usize = 6;
    let waits = format!("webhooks.retry={}", ["40ms"; 20].join(", "));
    let settings = ["webhooks.allow_hosts=127.0.0.1", "webhooks.timeout_ms=150", &waits];
    let folder = tempfile::tempdir().expect("a folder");
    let mut elsewhere = Receiver::accepting().await;
    let target = elsewhere.url();
    let ledgers: [Ledger; 6] = std::array::from_fn(|_| Ledger::default());
    let [steady, bursts, stalls, redirects, busy, gone] = &ledgers;
    let mut receivers = [
        ("accepts", Receiver::start(steady.keeper(|_| None)).await),
        (
            "fails in bursts",
            Receiver::start(
                bursts.keeper(|number| {
                    (4..=9).contains(&(number % 14)).then_some(Reply::Status(500))
                }),
            )
            .await,
        ),
        (
            "stalls",
            Receiver::start(stalls.keeper(|number| (number % 9 == 5).then_some(Reply::Silence)))
                .await,
        ),
        (
            "redirects",
            Receiver::start(redirects.keeper(move |number| {
                (number % 4 == 2).then(|| Reply::With(307, "location", target.clone()))
            }))
            .await,
        ),
        (
            "is busy",
            Receiver::start(busy.keeper(|number| match number % 20 {
                7 => Some(Reply::With(429, "retry-after", "1".to_owned())),
                15 => Some(Reply::With(503, "retry-after", "0".to_owned())),
                _ => None,
            }))
            .await,
        ),
        (
            "is gone for a time",
            Receiver::start(
                gone.keeper(|number| (number % 25 == 10).then_some(Reply::Status(410))),
            )
            .await,
        ),
    ];
    let mut server = Program::serve(folder.path(), &settings);
    let mut hooks = Vec::new();
    for (_, receiver) in &receivers {
        hooks.push(hook(server.client, receiver, json!({})).await.0);
    }
    for _ in 0..ROUNDS {
        for _ in 0..ORDERS {
            let order = server.client.place(&burger()).await;
            let order = server.client.go(&order, OrderStatus::Accepted).await;
            server.client.go(&order, OrderStatus::Preparing).await;
        }
        // Each has had some of it, and none all.
        for (_, receiver) in &mut receivers {
            receiver.next().await;
        }
        server.kill();
        server = Program::serve(folder.path(), &settings);
        for id in &hooks {
            patch(server.client, id, &json!({"state": "on"})).await;
        }
    }
    for ((who, _), id) in receivers.iter().zip(&hooks) {
        within(who, async {
            loop {
                let webhook = webhook(server.client, id).await;
                match webhook["state"].as_str() {
                    Some("on") if webhook["behind"] == 0 && webhook["waiting"] == 0 => break,
                    Some("on") => tokio::task::yield_now().await,
                    _ => drop(patch(server.client, id, &json!({"state": "on"})).await),
                }
            }
        })
        .await;
    }
    assert_eq!(server.client.log().await.len(), ROUNDS * ORDERS * 3);
    for ((who, _), ledger) in receivers.iter().zip(&ledgers) {
        ledger.check(who, ROUNDS * ORDERS, &[1, 2, 3]);
    }
    assert!(elsewhere.is_quiet(), "nobody is sent elsewhere");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_switched_off_while_the_server_stops_says_so() {
    let told = Arc::new(tokio::sync::Notify::new());
    let waits = Arc::clone(&told);
    let mut receiver = Receiver::start(move |_| Reply::Later(Arc::clone(&waits), 410)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let program = serve_command(&folder.path().join("data"), &IMPATIENT);
    let mut command = Command::new("sh");
    command.args(["-c", "log=$1; shift; exec \"$@\" 2>\"$log\"", "sh"]).arg(&log);
    command.arg(program.get_program()).args(program.get_args()).current_dir(folder.path());
    let mut server = Program::start(command);
    let (id, _) = hook(server.client, &receiver, json!({})).await;
    server.client.place(&burger()).await;
    receiver.next().await;
    server.terminate();
    // It is waited for who has not answered yet; by then no more is taken up.
    within("its last word", async {
        while !std::fs::read_to_string(&log).expect("a log").contains("server.stopping") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    told.notify_one();
    server.wait();
    let log = std::fs::read_to_string(&log).expect("a log");
    let said = log.lines().find(|line| line.contains("webhook.switched_off"));
    assert!(said.expect("a line").contains(&id), "{log}");
}

#[tokio::test]
async fn a_server_that_is_stopped_goes_on_where_it_was() {
    let mut receiver = Receiver::accepting().await;
    let server = TestServer::start_with(impatient).await;
    let (id, _) = hook(server.client, &receiver, json!({})).await;
    let first = server.place(&burger()).await;
    assert_eq!(receiver.next().await.order(), first);
    let folder = server.stop().await.expect("a folder");
    let server = TestServer::start_in(folder.path(), impatient).await;
    let second = server.place(&burger()).await;
    assert_eq!(receiver.next().await.order(), second);
    until(server.client, &id, |webhook| webhook["behind"] == 0).await;
    assert!(receiver.is_quiet(), "what was accepted is not sent again");
    server.stop().await;
}

/// Makes every event in the log older than anything is kept.
fn age(folder: &std::path::Path) {
    rusqlite::Connection::open(folder.join("orders.db"))
        .and_then(|store| store.execute("UPDATE log SET at = 1", []))
        .expect("a store");
}

#[tokio::test]
async fn the_log_is_kept_for_a_webhook_that_is_on_and_not_for_one_that_is_off() {
    let mut failing = Receiver::start(|_| Reply::Status(500)).await;
    let mut absent = Receiver::accepting().await;
    let slow = |config: &mut Config| {
        impatient(config);
        config.webhooks.schedule = "1h".parse().expect("a schedule");
    };
    let server = TestServer::start_with(slow).await;
    let (on, _) = hook(server.client, &failing, json!({})).await;
    let (off, _) = hook(server.client, &absent, json!({})).await;
    patch(server.client, &off, &json!({"state": "off"})).await;
    let order = server.place(&burger()).await;
    failing.next().await;
    until(server.client, &on, |webhook| webhook["waiting"] == 1).await;
    let folder = server.stop().await.expect("a folder");
    age(folder.path());

    let server = TestServer::start_in(folder.path(), slow).await;
    assert_eq!(server.log().await.len(), 1, "it waits to be sent again");
    failing.becomes(|_| Reply::Status(200));
    patch(server.client, &on, &json!({"state": "off"})).await;
    patch(server.client, &on, &json!({"state": "on"})).await;
    assert_eq!(failing.next().await.order(), order);
    until(server.client, &on, |webhook| webhook["waiting"] == 0).await;
    assert!(webhook(server.client, &off).await.get("missed_up_to").is_none());
    server.stop().await;

    let server = TestServer::start_in(folder.path(), slow).await;
    let missed = until(server.client, &off, |webhook| webhook.get("missed_up_to").is_some()).await;
    assert_eq!(missed["behind"], 0);
    assert!(webhook(server.client, &on).await.get("missed_up_to").is_none());
    patch(server.client, &off, &json!({"state": "on"})).await;
    let second = server.place(&burger()).await;
    assert_eq!(absent.next().await.order(), second, "it goes on with what there is");
    server.stop().await;
}

/// Runs the program on the store in `data` and gives what it says.
fn say(data: &std::path::Path, arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(program());
    command.args(arguments).arg("--data").arg(data).current_dir(std::env::temp_dir());
    let output = command.output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn webhooks_can_be_made_without_a_server() {
    let mut receiver = Receiver::accepting().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (done, _, why) = say(folder.path(), &["webhook", "create", "--url", &receiver.url()]);
    assert!(!done && why.contains("webhooks.allow_hosts"), "{why}");
    let url = receiver.url();
    let filter = "types=order.placed&channel=web,api";
    let create = ["webhook", "create", "--url", &url, "--filter", filter, "--set", IMPATIENT[0]];
    let (done, made, why) = say(folder.path(), &create);
    assert!(done, "{why}");
    let word = |line: usize| made.lines().nth(line).and_then(|it| it.split_whitespace().last());
    let (id, secret) = (word(0).expect("an id"), word(1).expect("a secret"));
    let (_, listed, _) = say(folder.path(), &["webhook", "list"]);
    assert!(listed.starts_with(id) && listed.contains(&url), "{listed}");
    assert!(!listed.contains(secret), "{listed}");

    let mut server = Program::serve(folder.path(), &IMPATIENT);
    let order = server.client.place(&burger()).await;
    let message = receiver.next().await;
    assert_eq!(message.order(), order);
    assert!(message.is_signed_with(secret));
    // Beside it too, and it notices.
    let (done, listed, why) = say(folder.path(), &["webhook", "list"]);
    assert!(done && listed.starts_with(id), "{why}");
    let (_, tried, _) = say(folder.path(), &["webhook", "deliveries", id]);
    assert!(tried.contains(&format!("{}\tdelivered", order.id)), "{tried}");
    let (done, _, why) = say(folder.path(), &["webhook", "replay", id, "--after", "earliest"]);
    assert!(!done && why.contains(&format!("POST /api/webhooks/{id}/replay")), "{why}");
    assert!(say(folder.path(), &["webhook", "off", id]).0);
    assert_eq!(webhook(server.client, id).await["state"], "off");
    let (_, rotated, _) = say(folder.path(), &["webhook", "rotate", id, "--overlap-hours", "0"]);
    let other = rotated.split_whitespace().last().expect("a secret");
    assert!(say(folder.path(), &["webhook", "on", id]).0);
    within("the server to notice", async {
        loop {
            let order = server.client.place(&burger()).await;
            let message = receiver.next().await;
            assert_eq!(message.order(), order, "it goes on where it was");
            if message.is_signed_with(other) && !message.is_signed_with(secret) {
                break;
            }
        }
    })
    .await;
    let (_, made, _) = say(folder.path(), &create);
    let second = made.split_whitespace().nth(1).expect("an id");
    let order = server.client.place(&burger()).await;
    for _ in 0..2 {
        assert_eq!(receiver.next().await.order(), order);
    }
    assert!(say(folder.path(), &["webhook", "delete", second]).0);
    server.kill();
    assert!(say(folder.path(), &["webhook", "replay", id, "--after", "earliest"]).0);

    let (done, _, why) = say(folder.path(), &["webhook", "delete", id]);
    assert!(done, "{why}");
    let (done, _, why) = say(folder.path(), &["webhook", "delete", id]);
    assert!(!done && why.contains("there is no webhook"), "{why}");
    let (_, listed, _) = say(folder.path(), &["webhook", "list"]);
    assert_eq!(listed, "");
}

#[test]
fn a_configuration_that_allows_nonsense_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = serve_command(folder.path(), &["webhooks.allow_hosts=http://x"]);
    let output = command.output().expect("the program runs");
    assert!(!output.status.success());
    let why = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(why.contains("webhooks.allow_hosts"), "{why}");
}

/// A receiver that speaks TLS as `localhost`, with its certificate.
async fn secure_receiver() -> (SocketAddr, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("its certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        loop {
            let Ok((socket, _)) = listener.accept().await else { return };
            // Whoever does not trust the certificate breaks off here.
            let Ok(socket) = acceptor.accept(socket).await else { continue };
            let answer = hyper::service::service_fn(async |_| {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = axum::http::StatusCode::NO_CONTENT;
                Ok::<_, std::convert::Infallible>(response)
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), answer)
                .await;
        }
    });
    (address, made.cert.pem())
}

#[tokio::test]
async fn over_tls_only_who_is_who_they_say_is_told() {
    let (receiver, certificate) = secure_receiver().await;
    let (_, stranger) = secure_receiver().await;
    let folder = tempfile::tempdir().expect("a folder");
    for (trusted, host, why) in [
        (&certificate, "localhost", None),
        (&certificate, "127.0.0.1", Some("TLS failed")),
        (&stranger, "localhost", Some("TLS failed")),
    ] {
        let file = folder.path().join("authorities.pem");
        std::fs::write(&file, trusted).expect("written");
        let allow = ["webhooks.allow_hosts=localhost, 127.0.0.1"];
        let mut command = serve_command(&folder.path().join("data"), &allow);
        command.env("SSL_CERT_FILE", &file).env_remove("SSL_CERT_DIR");
        let server = Program::start(command);
        let url = format!("https://{host}:{}/", receiver.port());
        let made = server.client.post("/api/webhooks", &json!({"url": url})).await.json();
        let id = made["id"].as_str().expect("an id");
        let tested = act(server.client, id, "test", &json!({})).await.json();
        assert_eq!(tested["delivered"], why.is_none(), "{tested}");
        if let Some(why) = why {
            let error = tested["error"].as_str().expect("why");
            assert!(error.starts_with(why), "{error}");
        }
    }
}
