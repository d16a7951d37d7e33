//! The description of the API, and what had to be put right for it to be true.

use std::collections::{BTreeMap, BTreeSet};

use hyper::Method;
use live_orders::server::webhooks::{Secret, guard::Allowed};
use serde_json::{Value, json};

use crate::{
    hooks::{self, Signed},
    support::{Answer, Client, TestServer, burger, request, within},
};

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

/// An operation as the description has it.
struct Described {
    method: Method,
    path: String,
    told: Value,
}

impl Described {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The codes with which it says to refuse by this status.
    fn codes(&self, status: &str) -> Vec<&str> {
        let schema = &self.told["responses"][status]["content"]["application/problem+json"];
        let code = schema.pointer("/schema/allOf/1/properties/code/enum");
        let codes = code.and_then(Value::as_array).into_iter().flatten();
        codes.map(|code| code.as_str().expect("a code")).collect()
    }
}

/// Every operation of the description that `server` gives.
async fn described(server: &TestServer) -> Vec<Described> {
    let document = server.get("/api/openapi.json").await.json();
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, operations)| {
        operations.as_object().expect("operations").iter().map(|(method, told)| Described {
            method: method.to_uppercase().parse().expect("a method"),
            path: path.clone(),
            told: told.clone(),
        })
    });
    operations.collect()
}

/// Whose order the example of one is.
const CHANNEL: &str = "web";

/// What there is for an operation to be asked about.
struct Asked {
    order: String,
    token: String,
    webhook: String,
    secret: Secret,
}

impl Asked {
    async fn on(server: &TestServer) -> Self {
        let placed = server.post("/api/orders", &burger()).await;
        let token = placed.json()["tracking_url"].as_str().expect("an address").to_owned();
        let hook = server.post("/api/webhooks", &json!({"url": "http://127.0.0.1:1/"})).await;
        let profile = server.put("/api/screens/grill", &json!({"stations": ["grill"]})).await;
        assert_eq!((hook.status, profile.status), (201, 201));
        Self {
            order: placed.order().id.to_string(),
            token: token.rsplit('/').next().expect("a token").to_owned(),
            webhook: hook.json()["id"].as_str().expect("an id").to_owned(),
            secret: hooks::secret_of(server.client, CHANNEL).await,
        }
    }

    /// Asks for `operation` as its description shows it; what is refused of it at once.
    async fn ask(&self, server: &TestServer, operation: &Described) -> Option<Answer> {
        let Described { method, path, told } = operation;
        let example = told.pointer("/requestBody/content/application~1json/example");
        if path == "/api/hooks/{channel}" {
            let order = example.expect("an example");
            let mut signed = Signed::new(&self.secret, "one", hooks::now(), order);
            CHANNEL.clone_into(&mut signed.channel);
            return Some(signed.send(server.client).await);
        }
        let id = if path.contains("webhooks") { &self.webhook } else { &self.order };
        let mut path = path.replace("{id}", id).replace("{item}", "1").replace("{name}", "grill");
        path = path.replace("{token}", &self.token).replace("{channel}", CHANNEL);
        match path.as_str() {
            // From the very first event on, which no memory has.
            "/live-orders" | "/api/events" => path.push_str("?after=earliest"),
            "/api/routing" => path.push_str("?item=Soup"),
            _ => {}
        }
        let body = example.map(|example| example.to_string().into());
        let mut connection = within("a connection", server.client.connect()).await.expect("one");
        let asked = request(method.clone(), &path, &[], body);
        // What is streamed has no end to wait for.
        let response = within(&path, connection.begin(asked)).await.expect("an answer");
        if response.status().is_success() {
            return None;
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = http_body_util::BodyExt::collect(response.into_body());
        let body = within(&path, body).await.expect("a body").to_bytes();
        Some(Answer { status, headers, body })
    }

    /// Which of `operations` are refused with `503` now, and by which code.
    async fn refused<'a>(
        &self,
        server: &TestServer,
        operations: impl IntoIterator<Item = &'a Described>,
    ) -> BTreeMap<String, String> {
        let mut refused = BTreeMap::new();
        for operation in operations {
            let Some(answer) = self.ask(server, operation).await else { continue };
            if answer.status != 503 {
                continue;
            }
            let code = answer.json()["code"].as_str().expect("a code").to_owned();
            answer.problem(503, &code);
            let after: u64 = answer.header("retry-after").parse().expect("seconds");
            assert!(after > 0, "{}: {code}", operation.name());
            refused.insert(operation.name(), code);
        }
        refused
    }
}

/// A server for whatever its description names, which receivers of webhooks may be beside.
async fn server(most_streams: usize) -> TestServer {
    TestServer::start_with(|config| {
        config.stream.limits.most = most_streams;
        config.webhooks.allowed = Allowed::parse(["127.0.0.1"]).expect("a list");
    })
    .await
}

/// What is described as refusing with `code`, each by that.
fn refusing(operations: &[Described], code: &str) -> BTreeMap<String, String> {
    let refusing = operations.iter().filter(|it| it.codes("503").contains(&code));
    let refusing: BTreeMap<_, _> = refusing.map(|it| (it.name(), code.to_owned())).collect();
    assert!(!refusing.is_empty(), "{code}");
    refusing
}

/// Whoever is told to come back later has written that for something that happens: the
/// four below, and no other. (What is not known is in the tests of the disk.)
#[tokio::test]
async fn what_is_described_as_paused_is_refused_so() {
    let server = server(100).await;
    let operations = described(&server).await;
    let codes: BTreeSet<&str> = operations.iter().flat_map(|it| it.codes("503")).collect();
    let shown = ["intake_paused", "outcome_unknown", "store_unavailable", "too_many_streams"];
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), shown, "another one is to be shown here");
    let asked = Asked::on(&server).await;
    let pause = json!({"state": "paused", "minutes": 5, "reason": "oven"});
    let intake = server.put("/api/intake", &pause).await.json();
    let described = refusing(&operations, "intake_paused");
    for operation in operations.iter().filter(|it| described.contains_key(&it.name())) {
        let refused = asked.ask(&server, operation).await.expect("a refusal");
        let problem = refused.problem(503, "intake_paused");
        assert_eq!(problem["paused_until"], intake["until"], "{}", operation.name());
        assert!(!refused.header("retry-after").is_empty(), "{}", operation.name());
    }
    // Whatever is read goes on.
    let reads = operations.iter().filter(|it| it.method == Method::GET);
    assert_eq!(asked.refused(&server, reads).await, BTreeMap::new());
}

#[tokio::test]
async fn what_is_described_as_too_many_streams_is_refused_so_and_nothing_else_is() {
    let server = server(1).await;
    let operations = described(&server).await;
    let asked = Asked::on(&server).await;
    let held = server.stream("").await;
    let reads = operations.iter().filter(|it| it.method == Method::GET);
    let refused = asked.refused(&server, reads).await;
    assert_eq!(refused, refusing(&operations, "too_many_streams"));
    drop(held);
}

/// Each in the form that its description shows, on a store that nothing can be read from
/// nor written to: what works without it is not described as if it did not.
#[tokio::test]
async fn what_is_described_as_needing_the_store_is_refused_without_it_and_nothing_else_is() {
    let server = server(100).await;
    let operations = described(&server).await;
    let asked = Asked::on(&server).await;
    {
        let store = rusqlite::Connection::open(server.data().join("orders.db")).expect("a store");
        let tables: Vec<String> = store
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .and_then(|mut tables| tables.query_map([], |row| row.get(0))?.collect())
            .expect("its tables");
        assert!(tables.iter().any(|it| it == "orders"), "{tables:?}");
        for table in tables {
            let away = format!("ALTER TABLE {table} RENAME TO no_{table}");
            store.execute_batch(&away).expect("renamed");
        }
    }
    let refused = asked.refused(&server, &operations).await;
    assert_eq!(refused, refusing(&operations, "store_unavailable"));
}
