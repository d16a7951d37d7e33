//! What people write who mean no good, through every field, parameter, header and
//! path: it is text, which comes back as it was sent, or it is refused. Nothing
//! breaks, frames stay frames, and the store is what it was.

use std::{collections::BTreeSet, path::Path, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, header::HeaderValue};
use live_orders::{
    domain::{FoodOrder, OrderStatus, text::clean},
    server::{
        access::routes::{self, Face},
        config::Config,
    },
    wire::EventId,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    headers::elements,
    support::{Answer, Client, EventStream, TestServer, burger, post_form, read, request, within},
};

/// Texts that are something else to who is careless with them.
const PAYLOADS: [&str; 41] = [
    // Markup, for wherever it would stand.
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title></textarea></script><svg onload=alert(1)>",
    "<!--<script>",
    "javascript:alert(1)",
    "&lt;b&gt; &#60; &amp;",
    "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "expression(alert(1)); } * { display: none",
    // Frames of a stream.
    "x\r\n\r\nid: 99\r\nevent: order.placed\r\ndata: {}\r\n\r\n",
    "x\ndata: y\n\nevent: bye\ndata: {}\n\n",
    "x\rdata: y\r\rretry: 1\r\r",
    "data: x\u{2028}id: 7\u{2029}event: bye\u{85}",
    "id: 1\u{b}\u{c}\u{1c}\u{1d}\u{1e}data: x",
    ":comment",
    // SQL.
    "'; DROP TABLE orders; --",
    "' OR '1'='1",
    "\"; ATTACH DATABASE '/tmp/payload.db' AS x; --",
    "%' ESCAPE '\\",
    "x'); DELETE FROM log; --",
    "\\'; PRAGMA writable_schema=1; --",
    // Paths.
    "../../../../etc/passwd",
    "..\\..\\..\\windows\\win.ini",
    "/etc/passwd\0.css",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "file:///etc/passwd",
    // Headers.
    "x\r\nSet-Cookie: live-orders-session=1",
    "x%0d%0aLocation:%20https://evil.example",
    "//evil.example/",
    // What is not what it looks like.
    "\u{202e}gnp.exe\u{202c} \u{2066}x\u{2069} \u{200f}",
    "\u{feff}\u{200b}\u{200d}\u{fffd}",
    "e\u{301}\u{301}\u{301}\u{301}\u{301} \u{1f469}\u{200d}\u{1f373}",
    "a\0b\u{1}\u{7f}\u{1b}[31m",
    // Names that mean something to a program.
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "null",
    "-1",
    "1e999",
    "NaN",
    "*",
];

/// Longer than anything may be.
fn endless() -> String {
    "ab<".repeat(2000)
}

/// All of them, one that is too long, and ones that are nothing.
fn all() -> impl Iterator<Item = String> {
    PAYLOADS.into_iter().map(str::to_owned).chain([endless(), String::new(), "  ".to_owned()])
}

/// `text` where only some characters may stand in an address.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02X}"))
}

/// Nothing broke, and the answer is one.
#[track_caller]
fn holds(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.text());
    assert!(std::str::from_utf8(&answer.body).is_ok(), "{what}");
    if answer.header("content-type").contains("json") && !answer.body.is_empty() {
        answer.json();
    }
    for set in answer.headers.get_all("set-cookie") {
        let set = set.to_str().expect("ASCII");
        assert!(set.contains("; HttpOnly"), "{what}: {set}");
    }
    if let Some(location) = answer.headers.get("location") {
        let location = location.to_str().expect("ASCII");
        let here = location.starts_with('/') && !location.starts_with("//");
        assert!(here && !location.contains('\\'), "{what}: {location}");
    } else {
        assert!(!(300..400).contains(&answer.status) || answer.status == 304, "{what}: no way");
    }
    if answer.header("content-type").starts_with("text/html") {
        let text = answer.text();
        assert!(!text.contains("<!--<script>") && !text.contains("<script>alert"), "{what}");
        for element in elements(text) {
            let handler = element.attributes.iter().any(|(name, _)| name.starts_with("on"));
            assert!(!handler && element.get("src") != Some("x"), "{what}: {element:?}");
        }
    }
}

/// What a folder and a store are made of.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    files: BTreeSet<String>,
    tables: BTreeSet<String>,
}

fn made_of(data: &Path) -> Made {
    let files = std::fs::read_dir(data).expect("a folder");
    let files = files.map(|it| it.expect("a file").file_name().to_string_lossy().into_owned());
    let files = files.filter(|it| !it.ends_with("-wal") && !it.ends_with("-shm")).collect();
    let mut tables = BTreeSet::new();
    for file in ["orders.db", "access.db"] {
        let store = rusqlite::Connection::open(data.join(file)).expect("a store");
        let sound: String =
            store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
        assert_eq!(sound, "ok", "{file}");
        let mut names =
            store.prepare("SELECT name || coalesce(sql, '') FROM sqlite_schema").expect("a query");
        let names = names.query_map([], |row| row.get::<_, String>(0)).expect("names");
        tables.extend(names.map(|it| format!("{file}: {}", it.expect("a name"))));
    }
    Made { files, tables }
}

/// A server that is looked at before and after.
struct Watched {
    server: TestServer,
    before: Made,
    stream: EventStream,
}

impl Watched {
    async fn start() -> Self {
        // The stream is read when everything else is done.
        let patient =
            |config: &mut Config| config.connections.write_timeout = Duration::from_mins(10);
        let server = TestServer::start_with(patient).await;
        let mut stream = server.stream("").await;
        stream.expect("hello").await;
        server.place(&burger()).await;
        let before = made_of(server.data());
        Self { server, before, stream }
    }

    /// The store is whole, and the stream has said all that the log says, each event
    /// in a frame of its own with no field that somebody has brought along.
    async fn end(mut self) {
        let log = self.server.log().await;
        for (id, order) in &log {
            let frame = self.stream.next().await;
            assert!(frame.event.starts_with("order."), "{frame:?}");
            assert_eq!(frame.id.parse::<EventId>().as_ref(), Ok(id));
            // What tells of a person is no longer what it was when it was sent.
            if !order.erased.0 {
                assert_eq!(read::<FoodOrder>(&frame), *order);
            }
        }
        let text = std::str::from_utf8(&self.stream.bytes).expect("UTF-8");
        assert!(!text.contains(['\r', '\0', '\u{2028}', '\u{2029}', '\u{85}']));
        for line in text.split('\n') {
            let ours = ["id: ", "event: order.", "event: he", "data: {", "retry: "];
            assert!(line.is_empty() || ours.iter().any(|it| line.starts_with(it)), "{line}");
        }
        assert_eq!(self.stream.reader.retry, Some(2000));
        assert_eq!(made_of(self.server.data()), self.before);
        self.server.stop().await;
    }
}

/// The fields of an order that take text, as JSON pointers into the order that
/// [`order_with`] makes.
const FIELDS: [&str; 15] = [
    "/location",
    "/source/channel",
    "/source/external_id",
    "/fulfilment/table",
    "/fulfilment/address",
    "/fulfilment/instructions",
    "/customer/name",
    "/customer/phone",
    "/items/0/name",
    "/items/0/station",
    "/items/0/note",
    "/items/0/allergens/0",
    "/items/0/modifiers/0/name",
    // No free text: refused.
    "/currency",
    "/fulfilment/type",
];

fn order_with(field: &str, text: &str) -> Value {
    let mut order = json!({
        "location": "main",
        "currency": "EUR",
        "source": {"channel": "web", "external_id": null},
        "fulfilment": {"type": "delivery", "table": "7", "address": "x", "instructions": "x"},
        "customer": {"name": "Ana", "phone": "555"},
        "items": [{
            "name": "Soup", "quantity": 1, "station": "grill", "note": "x", "allergens": ["nut"],
            "modifiers": [{"kind": "add", "name": "salt"}],
        }],
    });
    *order.pointer_mut(field).expect("a field") = text.into();
    order
}

#[tokio::test]
async fn every_field_of_an_order_is_text_or_refused() {
    let watched = Watched::start().await;
    let client = watched.server.client;
    let mut taken = 0;
    for field in FIELDS {
        for text in all() {
            let what = format!("{field}: {text:?}");
            let answer = client.post("/api/orders", &order_with(field, &text)).await;
            holds(&answer, &what);
            if answer.status != 201 {
                // Two payloads are one external id when they are cleaned.
                assert!([422, 200].contains(&answer.status), "{what}: {}", answer.text());
                continue;
            }
            taken += 1;
            let order = answer.json();
            let said = order.pointer(field).and_then(Value::as_str).unwrap_or_default();
            assert_eq!(said, clean(&text), "{what}");
            let path = format!("/api/orders/{}", order["id"].as_str().expect("an id"));
            let again = client.get(&path).await.json();
            assert_eq!(again.pointer(field), order.pointer(field), "{what}");
            let page = client.get(order["tracking_url"].as_str().expect("an address")).await;
            holds(&page, &what);
            let timeline = path.replace("/api", "");
            holds(&client.get(&format!("{timeline}/timeline?lang=en")).await, &what);
        }
    }
    assert!(taken > 400, "{taken} were taken");
    holds(&client.get("/").await, "the board");
    holds(&client.get("/screens/new").await, "stations to choose from");
    watched.end().await;
}

/// An object of names that mean something, where a name is chosen by who sends it.
#[tokio::test]
async fn every_name_of_a_field_is_refused() {
    let watched = Watched::start().await;
    let client = watched.server.client;
    for name in all() {
        let mut order = burger();
        order[&name] = json!({"x": 1});
        let answer = client.post("/api/orders", &order).await;
        holds(&answer, &name);
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        assert_eq!(answer.pointers(), [pointer], "{name}");
    }
    watched.end().await;
}

#[tokio::test]
async fn whatever_is_done_to_an_order_is_text_or_refused() {
    let watched = Watched::start().await;
    let client = watched.server.client;
    for text in all() {
        let order = client.place(&burger()).await;
        let path = format!("/api/orders/{}", order.id);
        let version = |order: &FoodOrder| json!(order.version);
        // Who it is signed with, and why.
        let actor = json!({"kind": "staff", "id": text});
        let body = json!({"to": "accepted", "expected_version": version(&order), "actor": actor});
        let answer = client.post(&format!("{path}/transitions"), &body).await;
        holds(&answer, &format!("actor {text:?}"));
        if answer.status == 200 {
            assert_eq!(answer.order().last_change.actor.id, clean(&text));
        } else {
            assert_eq!(answer.status, 422, "{text:?}: {}", answer.text());
        }
        let order = client.get(&path).await.order();
        for (address, method, body) in [
            ("/seen", Method::POST, json!({"screen": text, "stations": [text]})),
            ("/items/1", Method::PATCH, json!({"status": text, "expected_version": 1})),
            (
                "/stations",
                Method::POST,
                json!({"stations": [text], "status": "done", "expected_version": version(&order)}),
            ),
            (
                "/acknowledge",
                Method::POST,
                json!({"of": text, "stations": [text], "expected_version": version(&order)}),
            ),
            ("/fire", Method::POST, json!({"expected_version": text, "actor": actor})),
            (
                "",
                Method::PATCH,
                json!({
                "add": [{"name": text, "quantity": 1, "note": text, "allergens": [text],
                    "modifiers": [{"kind": "no", "name": text}]}],
                "expected_version": version(&order)}),
            ),
        ] {
            let address = format!("{path}{address}");
            let sent = request(method, &address, &[], Some(body.to_string().into()));
            holds(&client.send(sent).await, &format!("{address} {text:?}"));
        }
        let order = client.get(&path).await.order();
        if let Some(added) = order.items.get(1) {
            assert_eq!((&added.name, added.note.as_deref()), (&clean(&text), Some(&*clean(&text))));
        }
        let body = json!({
            "to": "cancelled", "expected_version": order.version, "reason": text,
        });
        let answer = client.post(&format!("{path}/transitions"), &body).await;
        holds(&answer, &format!("reason {text:?}"));
        if answer.status == 200 {
            let reason = answer.order().last_change.reason.unwrap_or_default();
            assert_eq!(reason, clean(&text));
        }
        let timeline = client.get(&format!("/orders/{}/timeline?lang=en", order.id)).await;
        holds(&timeline, &format!("timeline {text:?}"));
        assert_eq!(timeline.status, 200);
        let body = json!({"while_open": true, "actor": actor});
        holds(&client.post(&format!("{path}/erase"), &body).await, &format!("erase {text:?}"));
        for body in [
            json!({"state": "paused", "minutes": 5, "reason": text, "actor": actor}),
            json!({"state": text, "minutes": text}),
            json!({"state": "open"}),
        ] {
            holds(&client.put("/api/intake", &body).await, &format!("intake {text:?}"));
        }
        let body = json!({"screen": text, "orders": [text]});
        holds(&client.post("/api/seen", &body).await, &format!("seen {text:?}"));
    }
    watched.end().await;
}

#[tokio::test]
async fn screens_webhooks_and_secrets_are_text_or_refused() {
    let watched = Watched::start().await;
    let client = watched.server.client;
    for (number, text) in all().enumerate() {
        let what = format!("{text:?}");
        let name = format!("screen-{number}");
        let body = json!({"title": text});
        let made = client.put(&format!("/api/screens/{name}"), &body).await;
        holds(&made, &what);
        if made.status == 201 {
            let title = made.json()["title"].as_str().expect("a title").to_owned();
            assert!(title == clean(&text) || clean(&text).is_empty(), "{what}: {title}");
            holds(&client.get(&format!("/screens/{name}")).await, &what);
            holds(&client.get(&format!("/screens/{name}/edit")).await, &what);
            holds(&client.get(&format!("/screens/{name}/delete")).await, &what);
        }
        let body = json!({"stations": [text], "channels": [text]});
        let made = client.put(&format!("/api/screens/s{name}"), &body).await;
        holds(&made, &what);
        if made.status == 201 {
            assert_eq!(made.json()["stations"], json!([clean(&text)]), "{what}");
            holds(&client.get(&format!("/screens/s{name}")).await, &what);
            holds(&client.get(&format!("/screens/s{name}/edit")).await, &what);
        }
        let body = json!({
            "name": text, "role": text, "language": text, "theme": text, "keys": {&text: text},
            "quiet_hours": {"from": text, "until": text}, "sounds": {&text: true},
        });
        holds(&client.put("/api/screens/x", &body).await, &what);
        holds(&client.put(&format!("/api/screens/{}", encoded(&text)), &json!({})).await, &what);

        for url in
            [text.clone(), format!("https://hooks.example.com/{text}"), format!("https://{text}/")]
        {
            let body = json!({"url": url});
            let made = client.post("/api/webhooks", &body).await;
            holds(&made, &what);
            assert!([201, 422].contains(&made.status), "{what}: {}", made.text());
            if made.status == 201 {
                assert_eq!(made.json()["url"], url.trim(), "{what}");
                delete_webhook(client, &made).await;
            }
        }
        let body = json!({
            "url": "https://hooks.example.com/", "description": text,
            "filter": {"station": [text], "channel": [text]},
        });
        let made = client.post("/api/webhooks", &body).await;
        holds(&made, &what);
        if made.status == 201 {
            let told = made.json();
            assert_eq!(told["description"].as_str().unwrap_or_default(), clean(&text), "{what}");
            assert_eq!(told["filter"]["station"], json!([clean(&text)]), "{what}");
            delete_webhook(client, &made).await;
        }
        for filter in ["types", "service", "location", "status", "order", &text] {
            let body = json!({"url": "https://hooks.example.com/", "filter": {filter: [text]}});
            let made = client.post("/api/webhooks", &body).await;
            holds(&made, &what);
            delete_webhook(client, &made).await;
        }
        let path = format!("/api/channel-secrets/{}", encoded(&text));
        let body = json!({"secret": text});
        holds(&client.post(&path, &body).await, &what);
        let made = client.post(&path, &json!({})).await;
        holds(&made, &what);
        if made.status == 201 {
            assert_eq!(made.json()["channel"], clean(&text), "{what}");
        }
        holds(&client.send(request(Method::DELETE, &path, &[], None)).await, &what);
        let path = format!("/api/hooks/{}", encoded(&text));
        holds(&client.post(&path, &burger()).await, &what);
    }
    for path in ["/screens", "/screens/new", "/access/approve", "/api/screens", "/api/webhooks"] {
        holds(&client.get(path).await, path);
    }
    watched.end().await;
}

async fn delete_webhook(client: Client, made: &Answer) {
    if made.status == 201 {
        let made = made.json();
        let path = format!("/api/webhooks/{}", made["id"].as_str().expect("an id"));
        assert_eq!(client.send(request(Method::DELETE, &path, &[], None)).await.status, 204);
    }
}

/// A page's text, as somebody reads it.
fn read_by_people(html: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .into_iter()
        .fold(html.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// A form: where it is sent, what else it is filled in with, and each of its fields.
type Fields = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

const FORMS: [Fields; 10] = [
    ("/access/keys", &[("scopes", "stream")], &["name", "channel", "locations", "scopes"]),
    (
        "/access/users",
        &[("password", "correct horse battery")],
        &["name", "locations", "role", "password"],
    ),
    ("/access/users/1", &[("do", "save"), ("role", "manager")], &["locations", "role", "do"]),
    ("/access/approve", &[], &["code", "screen", "name", "locations", "role"]),
    ("/login", &[], &["name", "password", "next"]),
    ("/setup", &[], &["link", "name", "password"]),
    ("/account", &[], &["password", "new_password"]),
    (
        "/screens",
        &[("name", "Not A Name")],
        &[
            "title",
            "role",
            "stations",
            "more_stations",
            "channels",
            "more_channels",
            "services",
            "sort",
            "language",
            "theme",
            "digits",
            "announce",
            "view",
            "page_size",
            "distance_m",
            "volume",
            "quiet_from",
            "quiet_until",
            "key_undo",
            "name",
            "expected_version",
        ],
    ),
    (
        "/orders/new",
        &[("do", "add")],
        &[
            "line",
            "item",
            "channel",
            "service",
            "table",
            "address",
            "name",
            "phone",
            "allergens",
            "more_allergens",
            "instructions",
            "due",
            "back",
            "key",
            "drop",
            "do",
        ],
    ),
    (
        "/orders/new/preview",
        &[],
        &[
            "line",
            "item",
            "channel",
            "service",
            "table",
            "address",
            "name",
            "phone",
            "allergens",
            "more_allergens",
            "instructions",
        ],
    ),
];

#[tokio::test]
async fn every_form_shows_what_was_typed_and_does_nothing_else() {
    let watched = Watched::start().await;
    let client = watched.server.client;
    for text in all() {
        for (path, fixed, fields) in FORMS {
            for field in fields {
                let what = format!("{path} {field}: {text:?}");
                let kept = fixed.iter().filter(|(name, _)| name != field).copied();
                let form: Vec<_> = kept.chain([(*field, &*text)]).collect();
                let answer = post_form(client, path, &form).await;
                holds(&answer, &what);
                let shown = read_by_people(&String::from_utf8_lossy(&answer.body));
                if path == "/access/keys" && *field == "name" && answer.status == 200 {
                    assert!(shown.contains(&format!("<bdi>{}</bdi>", clean(&text))), "{what}");
                }
            }
        }
        // Orders that are placed by the form.
        let form = [
            ("do", "place"),
            ("line", "1 Soup"),
            ("channel", "phone"),
            ("service", "delivery"),
            ("name", &text),
            ("address", &text),
            ("instructions", &text),
            ("back", &text),
        ];
        let answer = post_form(client, "/orders/new", &form).await;
        holds(&answer, &text);
        assert!([303, 422].contains(&answer.status), "{text:?}: {}", answer.status);
        if answer.status == 303 {
            holds(&client.get(answer.header("location")).await, &text);
        }
    }
    for path in [
        "/access/users",
        "/access/keys",
        "/access/screens",
        "/access/webhooks",
        "/access/secrets",
        "/access/audit",
        "/access/approve",
        "/screens",
        "/orders/new",
        "/account",
    ] {
        holds(&client.get(path).await, path);
    }
    // Nobody was made or let in on the way, and the one manager still is one.
    assert_eq!(client.get("/access/users").await.status, 200);
    watched.end().await;
}

/// The parameters of all addresses; those that an address does not take are refused.
const PARAMETERS: [&str; 23] = [
    "types",
    "station",
    "channel",
    "service",
    "location",
    "status",
    "order",
    "after",
    "snapshot",
    "limit",
    "since",
    "q",
    "item",
    "lang",
    "view",
    "next",
    "link",
    "code",
    "placed",
    "back",
    "expected_version",
    "v",
    "",
];

#[tokio::test]
async fn every_parameter_and_every_part_of_a_path_is_text_or_refused() {
    let watched = Watched::start().await;
    let client = watched.server.client;
    let mut connection = client.connect().await.expect("a connection");
    let order = client.place(&burger()).await.id.to_string();
    let rows = routes::table().into_iter().filter(|row| row.method == Method::GET);
    let rows: Vec<_> = rows.filter(|row| row.path != "/live-orders").collect();
    // What is no UTF-8, what is longer than it need be, and half of a character.
    let raw = ["%ff", "%c0%ae%c0%ae%c0%af", "%ed%a0%80", "%00", "%e2%82", "..%2f..%2f", "%", "%zz"];
    let mut turn = 0;
    for row in &rows {
        let path = row.path.replace("{id}", &order).replace("{name}", "grill");
        let path = path.replace("{token}", "none");
        for parameter in PARAMETERS {
            // Each takes its turn at another text.
            turn += 1;
            let texts = all().map(|text| encoded(&text)).chain(raw.map(str::to_owned));
            let few = if row.face == Face::Person { 4 } else { 8 };
            for text in texts.skip(turn % few).step_by(few) {
                let path = format!("{path}?{parameter}={text}");
                let asked = connection.send(request(Method::GET, &path, &[], None));
                let answer = within("an answer", asked).await.expect("an answer");
                holds(&answer, &path);
            }
        }
    }
    for row in routes::table().into_iter().filter(|row| row.path.contains('{')) {
        let texts = all().map(|text| encoded(&text)).chain(raw.map(str::to_owned));
        for text in texts.filter(|text| !text.is_empty()) {
            let mut path = row.path.to_owned();
            while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
                path.replace_range(from..=to, &text);
            }
            let body = json!({}).to_string().into();
            let body = Some(body).filter(|_| row.method != Method::GET);
            let what = format!("{} {path}", row.method);
            let asked = connection.send(request(row.method.clone(), &path, &[], body));
            let answer = within("an answer", asked).await.expect("an answer");
            holds(&answer, &what);
            if row.method == Method::GET && row.face == Face::Program {
                assert_ne!(answer.status, 200, "{what}");
            }
        }
    }
    for path in [
        "/../Cargo.toml",
        "/pkg/../../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fLeptos.toml",
        "/pkg/%2e%2e/%2e%2e/Cargo.toml",
        "//etc/passwd",
        "/fonts/..%5c..%5cCargo.toml",
        "/\u{fe}",
    ] {
        let path = path.replace('\u{fe}', "%fe");
        let answer = client.get(&path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
    watched.end().await;
}

/// A stream is asked for what it cannot give, and is none.
#[tokio::test]
async fn a_stream_takes_no_payload_for_a_filter_or_a_position() {
    let watched = Watched::start().await;
    let client = watched.server.client;
    for text in all() {
        for parameter in ["types", "service", "status", "order", "after", "snapshot", "x"] {
            let path = format!("/live-orders?{parameter}={}", encoded(&text));
            let mut connection = client.connect().await.expect("a connection");
            let asked = connection.begin(request(Method::GET, &path, &[], None));
            let status = within("an answer", asked).await.expect("an answer").status();
            let empty = text.is_empty() && parameter != "x";
            assert!(status.as_u16() == 400 || empty && status == 200, "{path}: {status}");
        }
        // A label may be anything, and says nothing in the frames.
        for parameter in ["station", "channel", "location"] {
            let query = format!("{parameter}={}", encoded(&text));
            if let Ok(mut stream) = within("a stream", client.try_stream(&query, None)).await {
                stream.expect("hello").await;
                assert!(!stream.bytes.contains(&b'\r'));
            }
        }
    }
    // The id that a browser sends is of its own making too.
    for bytes in header_values() {
        let mut headers = request(Method::GET, "/live-orders", &[], None);
        headers.headers_mut().insert("last-event-id", bytes.clone());
        let mut connection = client.connect().await.expect("a connection");
        let response = within("an answer", connection.begin(headers)).await.expect("an answer");
        assert_eq!(response.status(), 200, "{bytes:?}");
    }
    watched.end().await;
}

/// Every payload as far as a header can carry it, as bytes, and some that are no text.
fn header_values() -> Vec<HeaderValue> {
    let texts = all().filter_map(|text| HeaderValue::from_bytes(text.as_bytes()).ok());
    let raw =
        [&b"\xff\xfe"[..], b"\xc0\xae\xc0\xae", b"\xed\xa0\x80", b"\"", b"\\\"", b"\t", b";,="];
    texts.chain(raw.into_iter().filter_map(|raw| HeaderValue::from_bytes(raw).ok())).collect()
}

#[tokio::test]
async fn every_header_is_text_or_refused() {
    let watched = Watched::start().await;
    let client = watched.server.client;
    let values = header_values();
    assert!(values.len() > 35);
    let cookies = ["live-orders-session", "live-orders-screen", "live-orders-waiting", "theme"];
    // Each header takes its turn at another address.
    let mut turn = 0;
    for value in &values {
        let mut sent: Vec<(Method, &str, &str, HeaderValue)> = Vec::new();
        for name in [
            "idempotency-key",
            "content-type",
            "origin",
            "sec-fetch-site",
            "host",
            "x-forwarded-for",
            "x-forwarded-proto",
            "forwarded",
            "webhook-id",
            "webhook-signature",
            "webhook-timestamp",
            "authorization",
            "content-encoding",
            "expect",
            "x-actor",
        ] {
            turn += 1;
            let path = ["/api/orders", "/api/hooks/web", "/login"][turn % 3];
            sent.push((Method::POST, path, name, value.clone()));
        }
        for name in [
            "accept-language",
            "referer",
            "host",
            "if-none-match",
            "accept-encoding",
            "accept",
            "range",
            "user-agent",
            "authorization",
            "last-event-id",
            "x-forwarded-host",
        ] {
            turn += 1;
            let paths = ["/", "/orders/new", "/pair", "/t/none", "/favicon.svg", "/api/orders"];
            sent.push((Method::GET, paths[turn % paths.len()], name, value.clone()));
        }
        for cookie in cookies {
            let mut pair = format!("{cookie}=").into_bytes();
            pair.extend_from_slice(value.as_bytes());
            let Ok(pair) = HeaderValue::from_bytes(&pair) else { continue };
            for path in ["/", "/pair", "/login", "/pair/again", "/api/orders"] {
                sent.push((Method::GET, path, "cookie", pair.clone()));
            }
        }
        for (method, path, name, value) in sent {
            let what = format!("{method} {path} {name}: {value:?}");
            let posts = method == Method::POST;
            let body = if posts { burger().to_string() } else { String::new() };
            let mut asked = request(method, path, &[], Some(Bytes::from(body)).filter(|_| posts));
            if name == "host" {
                let status = with_host(client, &asked, &value).await;
                assert!(status < 500, "{what}: {status}");
                continue;
            }
            asked
                .headers_mut()
                .insert(name.parse::<hyper::header::HeaderName>().expect("a name"), value);
            let answer = client.send(asked).await;
            holds(&answer, &what);
            if name == "cookie" && path == "/api/orders" {
                assert_eq!(answer.status, 401, "{what}");
            }
        }
    }
    watched.end().await;
}

/// What is answered to a request that names a host of its own.
async fn with_host(client: Client, asked: &Request<Full<Bytes>>, host: &HeaderValue) -> u16 {
    let mut raw = format!("{} {} HTTP/1.1\r\nhost: ", asked.method(), asked.uri()).into_bytes();
    raw.extend_from_slice(host.as_bytes());
    raw.extend_from_slice(b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    status_of(&speak(client, &raw).await).expect("a status")
}

/// What is answered to bytes that are nearly a request, until the server hangs up.
async fn speak(client: Client, bytes: &[u8]) -> Vec<u8> {
    within("the server to hang up", async {
        let mut socket = TcpStream::connect(client.address).await.expect("a connection");
        let (mut from, mut to) = socket.split();
        let mut said = Vec::new();
        // It may be answered, and hung up on, before it is all sent.
        let writes = to.write_all(bytes);
        let reads = from.read_to_end(&mut said);
        let _ = futures_util::future::join(writes, reads).await;
        said
    })
    .await
}

fn status_of(said: &[u8]) -> Option<u16> {
    let line = said.strip_prefix(b"HTTP/1.1 ")?;
    std::str::from_utf8(line.get(..3)?).ok()?.parse().ok()
}

/// What no client that is one would send.
#[tokio::test]
async fn what_is_no_request_is_refused_and_hurts_nobody() {
    let watched = Watched::start().await;
    let client = watched.server.client;
    let long = "x".repeat(2_000_000);
    let many = "x-y: z\r\n".repeat(5000);
    let head = "GET /health/live HTTP/1.1\r\nhost: x\r\n";
    for (what, bytes) in [
        ("a long address", format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()),
        ("a long query", format!("GET /api/orders?q={long} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()),
        ("a long header", format!("{head}x: {long}\r\n\r\n").into_bytes()),
        ("a long cookie", format!("{head}cookie: live-orders-session={long}\r\n\r\n").into_bytes()),
        ("a long name", format!("{head}{long}: x\r\n\r\n").into_bytes()),
        ("many headers", format!("{head}{many}\r\n").into_bytes()),
        ("a long method", format!("{long} / HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()),
        ("a NUL", b"GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("a NUL in a header", b"GET / HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n".to_vec()),
        ("a bare CR", b"GET / HTTP/1.1\r\nhost: x\r\nx: a\rb: c\r\n\r\n".to_vec()),
        ("a folded header", b"GET / HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n\r\n".to_vec()),
        ("a space before a colon", b"GET / HTTP/1.1\r\nhost : x\r\n\r\n".to_vec()),
        ("two lengths",
            b"POST /api/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx".to_vec()),
        ("a negative length",
            b"POST /api/orders HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n".to_vec()),
        ("a chunk without a size",
            b"POST /api/orders HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec()),
        ("raw bytes in an address", b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("a line feed in an address", b"GET /x\ny HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n".to_vec()),
    ] {
        let said = speak(client, &bytes).await;
        if let Some(status) = status_of(&said) {
            assert!((400..500).contains(&status), "{what}: {}", String::from_utf8_lossy(&said));
            let heads = String::from_utf8_lossy(&said).matches("HTTP/1.1 ").count();
            assert_eq!(heads, 1, "{what}: one answer to one request");
        } else {
            // What was said to somebody who goes on talking may get lost.
            let lost = said.is_empty() && bytes.len() > 100_000;
            assert!(lost, "{what}: {:?}", String::from_utf8_lossy(&said));
        }
        assert_eq!(client.get("/health/live").await.status, 200, "{what}");
    }
    // Two ways to say where a body ends: what would be another request is none.
    let smuggled = b"POST /api/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 60\r\n\
        transfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let said = speak(client, smuggled).await;
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains("\"live\""), "{said}");
    watched.end().await;
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let watched = Watched::start().await;
    let client = watched.server.client;
    let deep = "[".repeat(100_000);
    let objects = "{\"a\":".repeat(20_000);
    let twice = br#"{"items":[{"name":"Soup","quantity":1}],"items":[]}"#;
    for (what, body, statuses) in [
        ("nothing", &b""[..], &[400][..]),
        ("depth", deep.as_bytes(), &[400]),
        ("objects in objects", objects.as_bytes(), &[400]),
        ("overlong", b"{\"items\":[{\"name\":\"\xc0\xaf\",\"quantity\":1}]}", &[400]),
        (
            "a surrogate in bytes",
            b"{\"items\":[{\"name\":\"\xed\xa0\x80\",\"quantity\":1}]}",
            &[400],
        ),
        ("half a surrogate pair", br#"{"items":[{"name":"\ud800","quantity":1}]}"#, &[400]),
        ("half a character", b"{\"items\":[{\"name\":\"\xe2\x82\",\"quantity\":1}]}", &[400]),
        ("a mark of bytes' order", b"\xef\xbb\xbf{}", &[400]),
        ("two documents", b"{}{}", &[400]),
        ("a comment", b"{/*x*/}", &[400]),
        ("a huge number", br#"{"items":[{"name":"Soup","quantity":1e999}]}"#, &[400, 422]),
        (
            "a long number",
            br#"{"items":[{"name":"Soup","quantity":11111111111111111111}]}"#,
            &[422],
        ),
        ("a fraction", br#"{"items":[{"name":"Soup","quantity":1.5}]}"#, &[422]),
        ("one name twice", twice, &[422]),
        ("a string", b"\"x\"", &[422]),
        ("null", b"null", &[422]),
    ] {
        for path in ["/api/orders", "/api/seen", "/api/webhooks"] {
            let sent = request(Method::POST, path, &[], Some(body.to_vec().into()));
            let answer = client.send(sent).await;
            holds(&answer, what);
            if path == "/api/orders" {
                assert!(statuses.contains(&answer.status), "{what}: {}", answer.text());
            }
            assert!([400, 422].contains(&answer.status), "{what} {path}: {}", answer.text());
        }
    }
    // A NUL that JSON can say is dropped like every control character.
    let nul = br#"{"items":[{"name":"So\u0000up\u001b","quantity":1}]}"#;
    let order = client.send(request(Method::POST, "/api/orders", &[], Some(nul.to_vec().into())));
    assert_eq!(order.await.order().items[0].name, "Soup");
    let open = client.all_orders().await;
    assert!(open.values().all(|order| order.status == OrderStatus::Placed));
    watched.end().await;
}
