//! Who is let in, to what, and for how long.

use bytes::Bytes;
use hyper::Method;
use live_orders::{
    domain::{FoodOrder, Location, OrderStatus, UnixMillis},
    server::{
        access::{
            register::{self, By, KeyId, NewKey, NewPaired, Register},
            roles::{Right, Role, Scope},
            routes::{self, Face, Needs},
            secret::Secret,
        },
        clock::Clock,
    },
};
use serde_json::{Value, json};

use crate::support::{
    Answer, Client, MANAGER, TestServer, burger, cookie, now, order_of, post_form, request,
    session_of, within,
};

/// Who asks, in the table's test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Nobody,
    User(Role),
    /// Bound to the location `main`.
    Bound(Role),
    /// A paired screen.
    Screen(Role),
    /// One that is bound to the location `main`.
    BoundScreen(Role),
    Key(&'static [Scope]),
    /// With every scope, bound to the location `main`.
    BoundKey,
    /// With every scope, for a channel over which no order has come.
    ChannelKey,
}

const ASKS: [Asks; 20] = [
    Asks::Nobody,
    Asks::User(Role::Viewer),
    Asks::User(Role::Cook),
    Asks::User(Role::Expo),
    Asks::User(Role::Manager),
    Asks::Bound(Role::Viewer),
    Asks::Bound(Role::Cook),
    Asks::Bound(Role::Expo),
    Asks::Bound(Role::Manager),
    Asks::Screen(Role::Viewer),
    Asks::Screen(Role::Cook),
    Asks::BoundScreen(Role::Expo),
    Asks::Key(&[Scope::OrdersWrite]),
    Asks::Key(&[Scope::OrdersRead]),
    Asks::Key(&[Scope::Stream]),
    Asks::Key(&[Scope::Screens]),
    Asks::Key(&[Scope::Webhooks]),
    Asks::Key(&Scope::ALL),
    Asks::BoundKey,
    Asks::ChannelKey,
];

/// What a route takes, and how it refuses: written down here once more, so that
/// nobody opens a door by the way.
struct Wanted {
    method: Method,
    path: &'static str,
    needs: Needs,
    face: Face,
}

impl Wanted {
    fn names_order(&self) -> bool {
        self.path.contains("/orders/{id}")
    }
}

/// Every route that there should be.
fn wanted() -> Vec<Wanted> {
    let right = |name: &str| {
        let right = Right::ALL.into_iter().find(|right| right.as_str() == name);
        Needs::Right(right.unwrap_or_else(|| panic!("{name} is no right")))
    };
    include_str!("access/table.txt")
        .lines()
        .map(|line| {
            let words: Vec<&'static str> = line.split_whitespace().collect();
            let [method, path, needs, face] = words[..] else { panic!("{line:?}") };
            Wanted {
                method: method.parse().expect("a method"),
                path,
                needs: match needs {
                    "nothing" => Needs::Nothing,
                    "name" => Needs::Name,
                    needs => right(needs),
                },
                face: if face == "person" { Face::Person } else { Face::Program },
            }
        })
        .collect()
}

/// There is no route that is not in the table, and none that takes less.
#[test]
fn the_routes_are_those_that_were_thought_about() {
    let say = |method: &Method, path: &str, needs: Needs, face: Face| {
        format!("{method} {path} {needs:?} {face:?}")
    };
    let mut there: Vec<String> =
        routes::table().iter().map(|row| say(&row.method, row.path, row.needs, row.face)).collect();
    let mut wanted: Vec<String> =
        wanted().iter().map(|row| say(&row.method, row.path, row.needs, row.face)).collect();
    there.sort();
    wanted.sort();
    assert_eq!(there, wanted, "a new route is to be written down in tests/it/access/table.txt");
}

impl Asks {
    /// Whether they have a right, written out here once more.
    fn has(self, right: Right) -> bool {
        let role = |role: Role| match right {
            Right::Read | Right::Follow => true,
            Right::Work => role != Role::Viewer,
            Right::Direct | Right::Place | Right::Switch => {
                matches!(role, Role::Expo | Role::Manager)
            }
            Right::Arrange | Right::Admit | Right::Erase | Right::Connect => role == Role::Manager,
        };
        // What concerns every location.
        let of_all =
            matches!(right, Right::Switch | Right::Arrange | Right::Admit | Right::Connect);
        match self {
            Self::Nobody => false,
            Self::User(own) | Self::Screen(own) => role(own),
            Self::Bound(own) | Self::BoundScreen(own) => role(own) && !of_all,
            Self::BoundKey | Self::ChannelKey => Self::Key(&Scope::ALL).has(right) && !of_all,
            Self::Key(scopes) => match right {
                Right::Read => scopes.contains(&Scope::OrdersRead),
                Right::Follow => scopes.contains(&Scope::Stream),
                Right::Work | Right::Direct | Right::Place => scopes.contains(&Scope::OrdersWrite),
                Right::Arrange => scopes.contains(&Scope::Screens),
                Right::Connect => scopes.contains(&Scope::Webhooks),
                Right::Switch | Right::Admit | Right::Erase => false,
            },
        }
    }

    /// Whether an order of the location `main` is one of theirs, and one of another.
    fn sees(self) -> (bool, bool) {
        match self {
            Self::Bound(_) | Self::BoundScreen(_) | Self::BoundKey => (true, false),
            Self::ChannelKey => (false, false),
            _ => (true, true),
        }
    }

    /// The header that says who they are.
    fn header(self, server: &TestServer) -> Vec<(&'static str, String)> {
        let user = |name: String, role, locations: &[&str]| {
            let session = session_of(server.data(), &name, role, locations).expect("a session");
            vec![("cookie", cookie(session))]
        };
        match self {
            Self::Nobody => vec![("cookie", "theme=dark".to_owned())],
            Self::User(role) => user(format!("{role}"), role, &[]),
            Self::Bound(role) => user(format!("{role} of main"), role, &["main"]),
            Self::Screen(role) => vec![("cookie", paired(server, role, &[]))],
            Self::BoundScreen(role) => vec![("cookie", paired(server, role, &["main"]))],
            Self::Key(scopes) => vec![("authorization", bearer(&key(server, None, scopes, &[]).1))],
            Self::BoundKey => {
                vec![("authorization", bearer(&key(server, None, &Scope::ALL, &["main"]).1))]
            }
            Self::ChannelKey => {
                vec![("authorization", bearer(&key(server, Some("web"), &Scope::ALL, &[]).1))]
            }
        }
    }
}

/// The cookie of a screen that is paired as the command line does it.
fn paired(server: &TestServer, role: Role, bound: &[&str]) -> String {
    let register = Register::open(server.data()).expect("a register");
    let token = Secret::random();
    let new = NewPaired {
        code: None,
        screen: None,
        name: format!("screen of {role}"),
        role,
        locations: locations(bound),
    };
    let given = register.change(|to| {
        let id = register::pair(to, &new, &by())?;
        register::give_token(to, id, token)
    });
    assert!(given.expect("written"));
    format!("live-orders-screen={}", token.reveal())
}

fn locations(names: &[&str]) -> Vec<Location> {
    names.iter().map(|name| Location::parse(name).expect("a location")).collect()
}

pub(crate) fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

/// A key that is made as the command line makes it.
pub(crate) fn key(
    server: &TestServer,
    channel: Option<&str>,
    scopes: &[Scope],
    bound: &[&str],
) -> (KeyId, String) {
    let register = Register::open(server.data()).expect("a register");
    let new = NewKey {
        name: "partner".to_owned(),
        channel: channel.map(|name| live_orders::domain::Channel::parse(name).expect("a channel")),
        scopes: scopes.to_vec(),
        locations: locations(bound),
    };
    register.change(|to| register::make_key(to, &new, &by())).expect("a key")
}

fn by() -> By {
    By::here("tests", UnixMillis(now()))
}

async fn ask(
    client: Client,
    method: &Method,
    path: &str,
    headers: &[(&str, String)],
    body: Option<Value>,
) -> Answer {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let body = body.map(|body| Bytes::from(body.to_string()));
    client.send(request(method.clone(), path, &headers, body)).await
}

/// Waits until the server knows whoever brings these headers, as it notices what
/// other processes change a moment later.
async fn is_known(client: Client, headers: &[(&'static str, String)]) {
    within("the server to notice", async {
        while ask(client, &Method::GET, "/account", headers, None).await.status != 200 {}
    })
    .await;
}

fn order_at(location: &str) -> Value {
    json!({"items": [{"name": "Soup", "quantity": 1}], "location": location})
}

/// A route's address with everything filled in; `order` where it names one.
fn address(row: &Wanted, order: &FoodOrder) -> String {
    let order = order.id.to_string();
    let id = if row.names_order() { order.as_str() } else { "999" };
    let path = row.path.replace("{id}", id).replace("{item}", "1").replace("{name}", "none");
    match row.path {
        "/orders/{id}/timeline" => format!("{path}?lang=en"),
        "/api/routing" => format!("{path}?item=Soup"),
        _ => path,
    }
}

/// Every route × everybody × an order of their own location and one of another's.
#[tokio::test]
async fn every_route_lets_in_whom_its_row_says_and_nobody_else() {
    let server = TestServer::start().await;
    let client = server.client;
    let here = client.place(&order_at("main")).await;
    let there = client.place(&order_at("airport")).await;
    for asks in ASKS {
        let headers = asks.header(&server);
        if asks != Asks::Nobody {
            is_known(client, &headers).await;
        }
        for row in wanted() {
            // It would end what the rest of the rows is asked with.
            if row.path == "/logout" {
                continue;
            }
            let orders = if row.names_order() { vec![&here, &there] } else { vec![&here] };
            for order in orders {
                let (sees_main, sees_others) = asks.sees();
                let sees = if order.id == there.id { sees_others } else { sees_main };
                let foreign = row.names_order() && !sees;
                let path = address(&row, order);
                let what = format!("{asks:?}: {} {path}", row.method);
                let changes = row.method != Method::GET;
                // A body that nothing takes: what is let in is refused for that.
                let body = changes.then(|| json!({"nothing": "of this"}));
                let answer = if row.path == "/live-orders" {
                    let status = stream_status(client, &headers).await;
                    expect(asks, &row, foreign, status, None, &what);
                    continue;
                } else {
                    ask(client, &row.method, &path, &headers, body).await
                };
                let code = code_of(&answer);
                expect(asks, &row, foreign, answer.status, code.as_deref(), &what);
            }
        }
    }
}

fn code_of(answer: &Answer) -> Option<String> {
    let problem: Value = serde_json::from_slice(&answer.body).ok()?;
    problem["code"].as_str().map(str::to_owned)
}

async fn stream_status(client: Client, headers: &[(&str, String)]) -> u16 {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut connection = within("a connection", client.connect()).await.expect("a connection");
    let asked = connection.begin(request(Method::GET, "/live-orders", &headers, None));
    within("an answer", asked).await.expect("an answer").status().as_u16()
}

#[track_caller]
fn expect(asks: Asks, row: &Wanted, foreign: bool, status: u16, code: Option<&str>, what: &str) {
    let allowed = match row.needs {
        Needs::Nothing => true,
        Needs::Name => asks != Asks::Nobody,
        Needs::Right(right) => asks.has(right),
    };
    let person = row.face == Face::Person;
    match (allowed, asks) {
        (true, _) if foreign => {
            assert_eq!((status, code), (404, Some("order_not_found")), "{what}");
        }
        (true, _) => {
            // Its own refusals are the route's; what it must not say is who may come in.
            assert_ne!(code, Some("not_allowed"), "{what}");
            if row.needs != Needs::Nothing {
                assert!(!matches!(status, 401 | 403), "{what}: {status} {code:?}");
            }
            assert_ne!(code, Some("order_not_found"), "{what}");
            assert!(status < 500, "{what}: {status}");
        }
        // A person is shown the way in.
        (false, Asks::Nobody) if person => assert_eq!(status, 303, "{what}"),
        (false, Asks::Nobody) => assert_eq!(status, 401, "{what}: {code:?}"),
        (false, _) => assert_eq!(status, 403, "{what}: {code:?}"),
    }
}

#[tokio::test]
async fn whoever_is_not_known_is_told_so_in_a_way_that_programs_understand() {
    let server = TestServer::start().await;
    let nobody = Client { session: None, ..server.client };
    let refused = nobody.get("/api/orders").await;
    refused.problem(401, "not_authenticated");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    let wrong = [("authorization", bearer(&format!("lo_{}", "0".repeat(64))))];
    ask(nobody, &Method::GET, "/api/orders", &wrong, None).await.problem(401, "not_authenticated");
    let page = nobody.get("/screens/grill?view=grid").await;
    assert_eq!(
        (page.status, page.header("location")),
        (303, "/login?next=%2Fscreens%2Fgrill%3Fview%3Dgrid")
    );
    assert_eq!(nobody.get("/health/live").await.status, 200);
    let ready = nobody.get("/health/ready").await;
    assert_eq!(ready.json(), json!({"status": "ready"}), "how much has happened is not told");
    // What is the same for everybody is asked for by nobody in particular.
    nobody.get("/favicon.nothing").await.problem(404, "not_found");
}

/// A wall and not a convenience: by no way does somebody who is bound to one
/// location see anything of another's.
#[tokio::test]
async fn nothing_comes_through_the_wall() {
    let server = TestServer::start().await;
    let client = server.client;
    let here = client.place(&order_at("main")).await;
    let session = session_of(server.data(), "bound", Role::Expo, &["main"]).expect("a session");
    let bound = Client { session: Some(session), ..client };
    is_known(bound, &[("cookie", cookie(session))]).await;
    let mut stream = bound.stream("snapshot=1").await;
    stream.expect("hello").await;
    let snapshot = stream.expect("snapshot").await;
    assert!(snapshot.data.contains(&here.id.to_string()));

    let secret = "Zebulon Quartermain";
    let mut order = order_at("airport");
    order["customer"] = json!({"name": secret});
    let there = client.place(&order).await;
    let there = client.go(&there, OrderStatus::Accepted).await;
    let id = there.id;
    let after = here.id;
    for path in [
        "/api/orders".to_owned(),
        "/api/orders?status=accepted".to_owned(),
        "/api/orders?status=open,closed&since=day".to_owned(),
        "/api/orders?q=zebulon".to_owned(),
        format!("/api/orders?order={id}"),
        "/api/events?after=earliest".to_owned(),
        "/api/events?snapshot=1".to_owned(),
        "/api/events?after=00000000-1".to_owned(),
        format!("/api/events?after=earliest&order={id}"),
        "/".to_owned(),
        format!("/?q={after}"),
        "/screens".to_owned(),
        "/screens/new".to_owned(),
    ] {
        let answer = bound.get(&path).await;
        assert!(!answer.text().contains(secret), "{path}");
        assert!(!answer.text().contains(&id.to_string()), "{path}");
        assert!(!answer.text().contains("airport"), "{path}");
    }
    for path in [format!("/api/orders/{id}"), format!("/orders/{id}/timeline?lang=en")] {
        bound.get(&path).await.problem(404, "order_not_found");
    }
    // What is asked for by name is refused, whether there is such a location or not.
    for location in ["airport", "nowhere"] {
        for path in ["/api/orders", "/api/events", "/live-orders"] {
            let refused = bound.get(&format!("{path}?location={location}")).await;
            refused.problem(403, "outside_your_locations");
        }
    }
    // Nor is anything changed there.
    let transition = json!({"to": "preparing", "expected_version": there.version});
    let path = format!("/api/orders/{id}/transitions");
    bound.post(&path, &transition).await.problem(404, "order_not_found");
    bound.post("/api/orders", &order_at("airport")).await.problem(403, "outside_your_locations");
    let seen = json!({"screen": "spy", "orders": [id]});
    assert_eq!(bound.post("/api/seen", &seen).await.status, 204);
    assert_eq!(client.get(&format!("/api/orders/{id}")).await.json()["seen"], json!([]));
    let pause = json!({"state": "paused", "minutes": 5});
    bound.put("/api/intake", &pause).await.problem(403, "not_allowed");

    // The stream goes on with what is of here, and counts nothing else.
    let next = client.place(&order_at("main")).await;
    let heard = loop {
        let frame = stream.next_or_beat().await;
        if frame.event != "heartbeat" {
            break frame;
        }
        let beat: Value = serde_json::from_str(&frame.data).expect("JSON");
        assert_eq!((&beat["open"], &beat["stats"]["placed"]), (&json!(1), &json!(1)), "{beat}");
    };
    assert_eq!(order_of(&heard).id, next.id);
    assert!(!String::from_utf8_lossy(&stream.bytes).contains("airport"));
    // And so does whoever comes back with an id, or follows that very order.
    let mut again = bound.stream("after=earliest").await;
    again.expect("hello").await;
    let heard: Vec<_> = again.orders(2).await.into_iter().map(|order| order.id).collect();
    assert_eq!(heard, [here.id, next.id]);
    let mut one = bound.stream(&format!("after=earliest&order={id}")).await;
    one.expect("hello").await;
    let beat: Value = serde_json::from_str(&one.expect("heartbeat").await.data).expect("JSON");
    assert_eq!(beat["open"], 2, "{beat}");
    assert!(beat["stats"]["placed"].as_u64() <= Some(2), "{beat}");
}

/// What there is of the location `airport`, each word of it found nowhere else.
const ELSEWHERE: [&str; 11] = [
    "airport",
    "Zebulon",
    "Xylocarp",
    "yurt",
    "zeppelin",
    "quagga",
    "vexed-note",
    "Z-9041",
    "jackdaw.example",
    "Quartermain",
    "screen of cook",
];

/// Puts them there: an order, and who and what belongs to the location; the order, and
/// the id of the webhook.
async fn fill_elsewhere(server: &TestServer) -> (FoodOrder, String) {
    let order = json!({
        "location": "airport",
        "source": {"channel": "zeppelin", "external_id": "Z-9041"},
        "customer": {"name": "Zebulon"},
        "items": [{"name": "Xylocarp stew", "quantity": 1, "station": "yurt", "note": "vexed-note",
                   "modifiers": [{"kind": "add", "name": "quagga"}]}],
    });
    let order = server.place(&order).await;
    let hook = json!({"url": "https://jackdaw.example/", "filter": {"location": ["airport"]}});
    let hook = server.post("/api/webhooks", &hook).await.json();
    let secret = server.post("/api/channel-secrets/zeppelin", &json!({})).await;
    assert_eq!(secret.status, 201, "{}", secret.text());
    session_of(server.data(), "Quartermain", Role::Cook, &["airport"]).expect("a session");
    key(server, Some("zeppelin"), &Scope::ALL, &["airport"]);
    paired(server, Role::Cook, &["airport"]);
    (order, hook["id"].as_str().expect("an id").to_owned())
}

/// Every address that is read, with everything filled in that there is elsewhere; a
/// customer's page with `token`, which is of here.
fn addresses(order: &FoodOrder, hook: &str, token: &str) -> Vec<String> {
    let read = wanted().into_iter().filter(|row| row.method == Method::GET);
    // They have no end, and are read by themselves.
    let read = read.filter(|row| !["/live-orders", "/t/{token}/events"].contains(&row.path));
    let mut addresses = vec![
        format!("/orders/new?placed={}", order.id),
        "/api/orders?status=open,closed&since=day".to_owned(),
        "/api/events?after=earliest".to_owned(),
        "/api/events?snapshot=1".to_owned(),
    ];
    for row in read {
        let ids = match row.path {
            path if path.contains("webhooks") => vec![hook.to_owned()],
            path if path.starts_with("/access/") => (1..=4).map(|id| id.to_string()).collect(),
            _ => vec![order.id.to_string()],
        };
        let ids = if row.path.contains("{id}") { ids } else { vec![String::new()] };
        addresses.extend(ids.iter().map(|id| {
            let path = row.path.replace("{id}", id).replace("{name}", "grill");
            let path = path.replace("{token}", token).replace("{channel}", "zeppelin");
            match row.path {
                "/orders/{id}/timeline" => format!("{path}?lang=en"),
                "/api/routing" => format!("{path}?item=Soup"),
                _ => path,
            }
        }));
    }
    addresses
}

/// Wherever anything is read: a route that is added and looks over the wall is found here.
#[tokio::test]
async fn whatever_is_read_by_whoever_is_bound_names_nothing_of_elsewhere() {
    let server = TestServer::start().await;
    let client = server.client;
    assert_eq!(server.put("/api/screens/grill", &json!({"stations": ["grill"]})).await.status, 201);
    let here = client.post("/api/orders", &order_at("main")).await;
    let token = here.json()["tracking_url"].as_str().expect("an address").to_owned();
    let token = token.rsplit('/').next().expect("a token");
    let (there, hook) = fill_elsewhere(&server).await;
    let addresses = addresses(&there, &hook, token);
    let typed = [("line", "xylocarp stew")];

    // Whoever is bound to none reads all of it there, or nothing would be shown below.
    let mut seen = String::new();
    for path in &addresses {
        seen.push_str(client.get(path).await.text());
    }
    for word in ELSEWHERE {
        assert!(seen.contains(word), "{word} is read nowhere");
    }
    let preview = post_form(client, "/orders/new/preview", &typed).await;
    assert!(preview.text().contains("Xylocarp stew"), "{}", preview.text());

    for asks in [Asks::Bound(Role::Manager), Asks::BoundScreen(Role::Expo), Asks::BoundKey] {
        let headers = asks.header(&server);
        is_known(client, &headers).await;
        let mut read = 0;
        for path in &addresses {
            let answer = ask(client, &Method::GET, path, &headers, None).await;
            let what = format!("{asks:?}: {path}");
            assert!(answer.status < 500, "{what}: {}", answer.status);
            read += usize::from(answer.status == 200);
            let (text, id) = (answer.text(), there.id.to_string());
            for word in ELSEWHERE.into_iter().chain([id.as_str()]) {
                // What is asked for by name may be named in the answer.
                let asked = path.contains(word);
                assert!(asked || !text.contains(word), "{what} names {word}: {text}");
            }
        }
        assert!(read > 20, "{asks:?} reads {read} of {}", addresses.len());
        // What is known of items elsewhere completes nothing that is typed here.
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
        let mut headers: Vec<_> = headers.iter().map(|(name, it)| (*name, it.as_str())).collect();
        headers.push(("content-type", "application/x-www-form-urlencoded"));
        headers.push(("sec-fetch-site", "same-origin"));
        let typed = request(Method::POST, "/orders/new/preview", &headers, Some(form.into()));
        let preview = client.send(typed).await;
        assert_eq!(preview.status, 200, "{asks:?}");
        let text = preview.text();
        assert!(text.contains("xylocarp stew") && !text.contains("yurt"), "{asks:?}: {text}");
        assert!(!text.contains("Xylocarp"), "{asks:?}: {text}");
    }
}

/// An alarm is for whoever can do something about it.
#[tokio::test]
async fn no_alarm_and_no_frame_tells_of_an_order_elsewhere() {
    let server = TestServer::start_with(|config| config.kitchen.unseen_after = Some(1)).await;
    let client = server.client;
    let (there, _) = fill_elsewhere(&server).await;
    let here = client.place(&order_at("main")).await;
    let session = session_of(server.data(), "bound", Role::Expo, &["main"]).expect("a session");
    let bound = Client { session: Some(session), ..client };
    is_known(bound, &[("cookie", cookie(session))]).await;
    let alarm = async |client: Client, count: usize| {
        let mut stream = client.stream("snapshot=1").await;
        within("the alarm", async {
            loop {
                let beat: Value =
                    serde_json::from_str(&stream.until("heartbeat").await.data).expect("JSON");
                let unseen = beat["unseen"].as_array().cloned().unwrap_or_default();
                if unseen.len() >= count {
                    let ids: Vec<_> = unseen.iter().map(|it| it["id"].clone()).collect();
                    return (ids, String::from_utf8_lossy(&stream.bytes).into_owned());
                }
            }
        })
        .await
    };
    let (all, heard) = alarm(client, 2).await;
    assert!(all.contains(&json!(there.id)) && heard.contains("Zebulon"), "{heard}");
    let (own, heard) = alarm(bound, 1).await;
    assert_eq!(own, [json!(here.id)]);
    for word in ELSEWHERE {
        assert!(!heard.contains(word), "{word}: {heard}");
    }
}

/// The form has no field for a location: what a browser is made to send beside it is not
/// read, and the order is one of whoever sends it.
#[tokio::test]
async fn a_form_places_nothing_at_another_location() {
    let server = TestServer::start().await;
    for (name, own) in [("Mo", "main"), ("Ana", "beach")] {
        let session = session_of(server.data(), name, Role::Expo, &[own]).expect("a session");
        let bound = Client { session: Some(session), ..server.client };
        is_known(bound, &[("cookie", cookie(session))]).await;
        let key = uuid::Uuid::now_v7().to_string();
        let fields = [
            ("key", key.as_str()),
            ("do", "place"),
            ("line", "2 Soup"),
            ("location", "airport"),
            ("fulfilment.location", "airport"),
        ];
        let placed = post_form(bound, "/orders/new?location=airport", &fields).await;
        assert_eq!(placed.status, 303, "{}", placed.text());
        let orders = server.all_orders().await;
        let by_them = orders.values().filter(|it| it.last_change.actor.id == name);
        let at: Vec<_> = by_them.map(|order| order.location.as_str()).collect();
        assert_eq!(at, [own]);
    }
    assert_eq!(server.all_orders().await.len(), 2);
}

#[tokio::test]
async fn a_key_is_for_its_channel_alone() {
    let server = TestServer::start().await;
    let client = server.client;
    let (_, web) = key(&server, Some("web"), &Scope::ALL, &[]);
    let (_, kiosk) = key(&server, Some("kiosk"), &Scope::ALL, &[]);
    let (web, kiosk) = ([("authorization", bearer(&web))], [("authorization", bearer(&kiosk))]);
    is_known(client, &kiosk).await;
    let (get, post) = (Method::GET, Method::POST);
    let place = async |headers: &[(&'static str, String)], body: Value| {
        ask(client, &post, "/api/orders", headers, Some(body)).await
    };
    // It need not say which channel it is.
    let order = place(&web, burger()).await.order();
    assert_eq!(order.source.channel.as_str(), "web");
    assert_eq!(order.last_change.actor.id, "web");
    let other = json!({"items": burger()["items"], "source": {"channel": "kiosk"}});
    place(&web, other.clone()).await.problem(403, "other_channel");
    let theirs = place(&kiosk, other).await.order();
    let path = format!("/api/orders/{}", theirs.id);
    ask(client, &get, &path, &web, None).await.problem(404, "order_not_found");
    let list = ask(client, &get, "/api/orders", &web, None).await.json();
    assert_eq!(list["orders"].as_array().map(Vec::len), Some(1));

    // The idempotency keys of one are not those of another.
    let keyed = |headers: &[(&'static str, String)]| {
        [headers, &[("idempotency-key", "one".to_owned())]].concat()
    };
    let first = place(&keyed(&web), burger()).await;
    let second = place(&keyed(&kiosk), burger()).await;
    assert_ne!(first.order().id, second.order().id);
    assert_eq!(place(&keyed(&web), burger()).await.header("idempotency-replayed"), "true");

    // What it does is signed with its name, whatever it says.
    let body = json!({"to": "accepted", "expected_version": 1,
                      "actor": {"kind": "staff", "id": "the boss"}});
    let path = format!("/api/orders/{}/transitions", order.id);
    let accepted = ask(client, &post, &path, &web, Some(body)).await.order();
    assert_eq!(accepted.last_change.actor.id, "partner");
}

#[tokio::test]
async fn a_cook_does_not_cancel_and_signs_with_their_own_name() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    let session = session_of(server.data(), "Mo", Role::Cook, &[]).expect("a session");
    let cook = Client { session: Some(session), ..server.client };
    is_known(cook, &[("cookie", cookie(session))]).await;
    cook.transition(&order, OrderStatus::Cancelled).await.problem(403, "not_allowed");
    let body = json!({"to": "accepted", "expected_version": 1,
                      "actor": {"kind": "staff", "id": "somebody else"}});
    let accepted = cook.post(&format!("/api/orders/{}/transitions", order.id), &body).await;
    assert_eq!(accepted.order().last_change.actor.id, "Mo");
    let placed = server.get(&format!("/api/orders/{}", order.id)).await.json();
    assert_eq!(placed["history"][0]["actor"], json!({"kind": "staff", "id": MANAGER}));
}

/// At a board of no screen a manager says no other name than the board's, which is nobody's.
#[tokio::test]
async fn a_manager_at_a_board_signs_with_their_own_name_and_may_sign_for_others() {
    let server = TestServer::start().await;
    let sign = async |who: &str| {
        let order = server.place(&burger()).await;
        let body = json!({"to": "accepted", "expected_version": 1,
                          "actor": {"kind": "staff", "id": who}});
        let path = format!("/api/orders/{}/transitions", order.id);
        server.post(&path, &body).await.order().last_change.actor.id
    };
    assert_eq!(sign("board").await, MANAGER);
    assert_eq!(sign("grill").await, "grill");
}

/// What is made, when it is begun and whether at all is not for a cook to decide, by
/// whichever way.
#[tokio::test]
async fn a_cook_makes_orders_and_decides_nothing_about_them() {
    let server = TestServer::start().await;
    let client = server.client;
    let session = session_of(server.data(), "Mo", Role::Cook, &[]).expect("a session");
    let cook = Client { session: Some(session), ..client };
    is_known(cook, &[("cookie", cookie(session))]).await;
    let later = json!({"items": [{"name": "Soup", "quantity": 1}, {"name": "Tea", "quantity": 1}],
                       "fulfilment": {"type": "pickup", "due_at": now() + 6 * 3_600_000}});
    let soup_and_tea = json!({"items": later["items"]});
    let placed = client.place(&soup_and_tea).await;
    let on_hold = client.place(&soup_and_tea).await;
    let hold = json!({"held": true, "expected_version": 1});
    let on_hold = client.patch(&format!("/api/orders/{}", on_hold.id), &hold).await.order();
    let scheduled = client.place(&later).await;
    let begin = [
        ("transitions", json!({"to": "preparing"})),
        ("items/1", json!({"status": "doing"})),
        ("items/1", json!({"status": "done"})),
        ("stations", json!({"stations": ["kitchen"], "status": "doing"})),
        ("stations", json!({"stations": ["kitchen"], "status": "done"})),
    ];
    let decide = [
        ("transitions", json!({"to": "rejected"})),
        ("transitions", json!({"to": "expired"})),
        ("transitions", json!({"to": "cancelled"})),
        ("transitions", json!({"to": "failed"})),
        ("items/1", json!({"status": "void"})),
        ("", json!({"rush": true})),
        ("", json!({"held": false})),
        ("", json!({"remove": [1]})),
        ("fire", json!({})),
    ];
    for order in [&placed, &on_hold, &scheduled] {
        let waits = order.id != placed.id;
        for (way, body) in decide.iter().chain(begin.iter().filter(|_| waits)) {
            let mut body = body.clone();
            body["expected_version"] = json!(order.version);
            let path = format!("/api/orders/{}/{way}", order.id);
            let path = path.trim_end_matches('/');
            let answer = if way.is_empty() || way.starts_with("items") {
                cook.patch(path, &body).await
            } else {
                cook.post(path, &body).await
            };
            assert_eq!(
                (answer.status, code_of(&answer).as_deref()),
                (403, Some("not_allowed")),
                "{path} {body}"
            );
        }
        let now: FoodOrder = client.get(&format!("/api/orders/{}", order.id)).await.read();
        assert_eq!(now.version, order.version);
    }
    // Who has seen another version is told that, whatever they wish.
    let early = json!({"to": "cancelled", "expected_version": 2});
    let path = format!("/api/orders/{}/transitions", placed.id);
    cook.post(&path, &early).await.problem(412, "stale_version");
    // The kitchen's own work is theirs.
    let accepted = cook.go(&placed, OrderStatus::Accepted).await;
    let preparing = cook.go(&accepted, OrderStatus::Preparing).await;
    let ready = cook.go(&preparing, OrderStatus::Ready).await;
    cook.go(&ready, OrderStatus::Completed).await;
}

/// A screen where nobody works keeps no alarm from those who do.
#[tokio::test]
async fn what_a_viewer_shows_nobody_has_seen() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    let session = session_of(server.data(), "lobby", Role::Viewer, &[]).expect("a session");
    let lobby = Client { session: Some(session), ..server.client };
    is_known(lobby, &[("cookie", cookie(session))]).await;
    let seen = json!({"screen": "lobby", "orders": [order.id]});
    assert_eq!(lobby.post("/api/seen", &seen).await.status, 204);
    let one = json!({"screen": "lobby"});
    assert_eq!(lobby.post(&format!("/api/orders/{}/seen", order.id), &one).await.status, 204);
    assert_eq!(server.get(&format!("/api/orders/{}", order.id)).await.json()["seen"], json!([]));
}

/// What another process takes back is noticed, and what is open with it ends.
#[tokio::test]
async fn the_stream_of_a_key_that_is_taken_back_ends() {
    let server = TestServer::start().await;
    let (id, key) = key(&server, None, &Scope::ALL, &[]);
    let headers = [("authorization", bearer(&key))];
    is_known(server.client, &headers).await;
    let mut connection = server.client.connect().await.expect("a connection");
    let authorization = bearer(&key);
    let asked = [("authorization", authorization.as_str())];
    let mut stream = server.client.stream_with("", &asked, &mut connection).await;
    stream.expect("hello").await;
    let register = Register::open(server.data()).expect("a register");
    assert!(register.change(|of| register::revoke_key(of, id, &by())).expect("written"));
    let bye = stream.until("bye").await;
    assert!(bye.data.contains("revoked"), "{}", bye.data);
    stream.end().await;
    let refused = ask(server.client, &Method::GET, "/api/orders", &headers, None).await;
    refused.problem(401, "not_authenticated");
}

/// Addresses stand in logs and in histories, so what lets somebody in stands in none.
#[tokio::test]
async fn a_key_in_an_address_opens_nothing() {
    let server = TestServer::start().await;
    let nobody = Client { session: None, ..server.client };
    let (_, key) = key(&server, None, &Scope::ALL, &[]);
    is_known(nobody, &[("authorization", bearer(&key))]).await;
    let names = ["access_token", "key", "api_key", "apikey", "token", "bearer", "authorization"];
    for name in names {
        for value in [key.clone(), format!("Bearer%20{key}")] {
            for path in ["/api/orders", "/api/events", "/live-orders", "/api/webhooks"] {
                let refused = nobody.get(&format!("{path}?{name}={value}")).await;
                refused.problem(401, "not_authenticated");
            }
            let path = format!("/api/orders?{name}={value}");
            nobody.post(&path, &burger()).await.problem(401, "not_authenticated");
            assert_eq!(nobody.get(&format!("/?{name}={value}")).await.status, 303, "{name}");
        }
    }
    assert_eq!(server.all_orders().await.len(), 0);
}

/// By that a key is found that nobody needs any more.
#[tokio::test]
async fn a_key_s_list_says_when_each_was_last_used() {
    let clock = Clock::manual(UnixMillis(now()));
    let server = TestServer::start_by(&clock).await;
    let (used, secret) = key(&server, None, &Scope::ALL, &[]);
    let (unused, _) = key(&server, Some("web"), &Scope::ALL, &[]);
    let headers = [("authorization", bearer(&secret))];
    let before = server.get("/access/keys").await;
    assert_eq!(before.text().matches("never used").count(), 2, "{}", before.text());
    is_known(server.client, &headers).await;
    let used_at = clock.now().plus(3_600_000);
    clock.set(used_at);
    assert_eq!(ask(server.client, &Method::GET, "/api/orders", &headers, None).await.status, 200);
    // It is noted once a minute.
    clock.set(used_at.plus(60_000));
    let told = jiff::Timestamp::from_millisecond(used_at.0).expect("a time");
    let told = format!("last used <time datetime=\"{told}\">");
    let list = within("the list to say so", async {
        loop {
            let list = server.get("/access/keys").await;
            if list.text().contains(&told) {
                return list;
            }
        }
    })
    .await;
    assert_eq!(list.text().matches("never used").count(), 1, "{}", list.text());
    // Nor does it change by being looked at.
    let register = Register::open(server.data()).expect("a register");
    let keys = register.look(register::keys).expect("read");
    let at = |id: KeyId| keys.iter().find(|key| key.id == id).expect("a key").used_at;
    assert_eq!((at(used), at(unused)), (Some(used_at), None));
}

#[tokio::test]
async fn a_key_that_writes_too_much_is_told_when_it_may_again() {
    let server = TestServer::start_with(|config| config.access.writes_per_minute = 2).await;
    let (_, key) = key(&server, Some("web"), &Scope::ALL, &[]);
    let headers = [("authorization", bearer(&key))];
    is_known(server.client, &headers).await;
    let place =
        async || ask(server.client, &Method::POST, "/api/orders", &headers, Some(burger())).await;
    for left in [1, 0] {
        let placed = place().await;
        assert_eq!(placed.status, 201, "{}", placed.text());
        assert_eq!(placed.header("ratelimit-policy"), "\"writes\";q=2;w=60");
        assert!(placed.header("ratelimit").starts_with(&format!("\"writes\";r={left};t=")));
    }
    let refused = place().await;
    refused.problem(429, "too_many_requests");
    let wait: u32 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=30).contains(&wait), "{wait}");
    // It may read, and others may write.
    let read = ask(server.client, &Method::GET, "/api/orders", &headers, None).await;
    assert_eq!(read.status, 200);
    server.place(&burger()).await;
}

/// Not placing alone: whatever is no reading counts, and is refused before anything is done.
#[tokio::test]
async fn a_key_that_may_write_no_more_changes_nothing_in_any_way() {
    let server = TestServer::start_with(|config| config.access.writes_per_minute = 1).await;
    let order = server.place(&burger()).await;
    let (_, key) = key(&server, None, &Scope::ALL, &[]);
    let headers = [("authorization", bearer(&key))];
    is_known(server.client, &headers).await;
    let go = async |to: &str, version: u32| {
        let path = format!("/api/orders/{}/transitions", order.id);
        let body = json!({"to": to, "expected_version": version});
        ask(server.client, &Method::POST, &path, &headers, Some(body)).await
    };
    let accepted = go("accepted", 1).await;
    assert!(accepted.header("ratelimit").starts_with("\"writes\";r=0;t="));
    let accepted = accepted.order();
    go("preparing", 2).await.problem(429, "too_many_requests");
    for row in wanted().into_iter().filter(|row| row.method != Method::GET) {
        let path = address(&row, &order);
        let refused = ask(server.client, &row.method, &path, &headers, Some(json!({}))).await;
        let code = code_of(&refused);
        let what = format!("{} {path}", row.method);
        assert_eq!((refused.status, code.as_deref()), (429, Some("too_many_requests")), "{what}");
        assert!(!refused.header("retry-after").is_empty(), "{what}");
    }
    let path = format!("/api/orders/{}", order.id);
    let read = ask(server.client, &Method::GET, &path, &headers, None).await;
    assert_eq!(read.order(), accepted);
}
