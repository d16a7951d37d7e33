//! Whoever is behind a wall learns nothing of what is beyond it, not even when it
//! happens; and whatever they ask for, nobody else waits for it.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use live_orders::{
    domain::{Channel, FoodOrder, Location, Service, UnixMillis},
    server::access::{
        register::{self, By, NewKey, Register},
        roles::{Role, Scope},
    },
    wire::{EventId, Seq, Wall},
};
use serde_json::{Value, json};

use crate::{
    replay::{Offline, channel, new_order, station},
    support::{
        Client, TestServer, burger, cursor_of, id_of, now, order_of, request, session_of, within,
    },
};

fn order_at(location: &str) -> Value {
    json!({"items": [{"name": "Soup", "quantity": 1}], "location": location})
}

/// A cook who is bound to `location`, and known to the server.
async fn bound_to(server: &TestServer, location: &str) -> Client {
    let name = format!("cook of {location}");
    let session = session_of(server.data(), &name, Role::Cook, &[location]);
    let client = Client { session, ..server.client };
    within("the server to notice", async { while client.get("/account").await.status != 200 {} })
        .await;
    client
}

/// A key with every scope.
fn key(server: &TestServer, name: &str) -> String {
    let register = Register::open(server.data()).expect("a register");
    let scopes = Scope::ALL.to_vec();
    let new = NewKey { name: name.to_owned(), channel: None, scopes, locations: Vec::new() };
    let by = By::here("tests", UnixMillis(now()));
    register.change(|to| register::make_key(to, &new, &by)).expect("a key").1
}

/// Every position that somebody is told who only asks, a heartbeat's the last.
async fn positions(client: Client) -> Vec<Value> {
    let mut told = Vec::new();
    for path in [
        "/api/orders",
        "/api/orders?status=closed",
        "/api/events",
        "/api/events?after=earliest",
        "/api/events?snapshot=1",
        "/health/ready",
    ] {
        let answer = client.get(path).await.json();
        told.push(json!([answer["cursor"], answer["more"]]));
    }
    for query in ["", "snapshot=1", "after=earliest", "station=none"] {
        let mut stream = client.stream(query).await;
        let hello = stream.expect("hello").await;
        told.push(json!(cursor_of(&hello)));
        if query == "snapshot=1" {
            told.push(json!(id_of(&stream.expect("snapshot").await)));
        }
        let beat = stream.until("heartbeat").await;
        told.push(json!(beat.id));
        let beat = stream.until("heartbeat").await;
        told.push(json!(beat.id));
    }
    told
}

#[tokio::test]
async fn what_happens_elsewhere_moves_no_position_that_is_told() {
    for gzip in [false, true] {
        let mut server = TestServer::start_with(|config| {
            config.stream.heartbeat = Duration::from_millis(100);
        })
        .await;
        server.client.gzip = gzip;
        let own = server.place(&order_at("main")).await;
        server.place(&order_at("airport")).await;
        let main = bound_to(&server, "main").await;
        let beach = bound_to(&server, "beach").await;
        let before = (positions(main).await, positions(beach).await);
        let epoch = server.log().await[0].0.epoch;
        let at = |seq: u64| json!(EventId { epoch, seq: Seq(seq) });
        assert_eq!((&before.0[0], &before.1[0]), (&json!([at(1), false]), &json!([at(0), false])));
        for _ in 0..3 {
            server.place(&order_at("airport")).await;
        }
        assert_eq!((positions(main).await, positions(beach).await), before);

        // Nor does asking for a position tell whether something is there.
        for seq in [2, 5, 99] {
            let id = EventId { epoch, seq: Seq(seq) };
            let answer = main.get(&format!("/api/events?after={id}")).await.json();
            assert_eq!(answer["snapshot"]["reason"], "unknown_id", "{seq}");
            assert_eq!(answer["cursor"], at(1));
            let mut stream = main.stream_from("", Some(&id.to_string())).await;
            let hello = stream.expect("hello").await;
            assert_eq!(json!(cursor_of(&hello)), at(1), "{seq}");
            stream.expect("snapshot").await;
        }

        // What is theirs comes, live and later, once and from wherever they stand.
        let mut live = main.stream("").await;
        live.expect("hello").await;
        let known = EventId { epoch, seq: Seq(1) }.to_string();
        let nothing = EventId { epoch, seq: Seq(0) }.to_string();
        let next = server.place(&order_at("main")).await;
        assert_eq!(order_of(&live.next().await), next);
        let mut later = main.stream_from("", Some(&known)).await;
        later.expect("hello").await;
        assert_eq!(order_of(&later.next().await), next);
        assert_eq!(later.until("heartbeat").await.id, EventId { epoch, seq: Seq(6) }.to_string());
        let mut all = main.stream_from("", Some(&nothing)).await;
        all.expect("hello").await;
        assert_eq!(all.orders(2).await, [own.clone(), next.clone()]);
        let first = server.place(&order_at("beach")).await;
        let mut of_beach = beach.stream_from("", Some(&nothing)).await;
        of_beach.expect("hello").await;
        assert_eq!(order_of(&of_beach.next().await), first);

        // A poller gets all of it, whatever it asks for at a time, and comes to an end.
        let (mut after, mut orders) = ("earliest".to_owned(), Vec::<FoodOrder>::new());
        loop {
            let page = main.get(&format!("/api/events?limit=1&after={after}")).await.json();
            orders.extend(
                page["events"]
                    .as_array()
                    .expect("events")
                    .iter()
                    .map(|event| serde_json::from_value(event["order"].clone()).expect("an order")),
            );
            page["cursor"].as_str().expect("a cursor").clone_into(&mut after);
            if page["more"] == false {
                break;
            }
            assert!(orders.len() < 3);
        }
        assert_eq!(orders, [own, next]);
        server.stop().await;
    }
}

/// What is pruned elsewhere is nothing to whoever is behind a wall; what is theirs is
/// a snapshot.
#[tokio::test]
async fn a_log_is_kept_for_each_side_of_a_wall() {
    let service = Offline::new(1);
    let place = async |location: &str| {
        let mut order = new_order(station("grill"), channel("web"), Service::default());
        order.location = Location::parse(location).expect("a location");
        service.app.orders.place(order, None).await.expect("placed");
        service.app.clock.set(service.app.clock.now().plus(1000));
    };
    for location in ["main", "airport", "main", "airport"] {
        place(location).await;
    }
    let behind = |location: &str| Wall {
        locations: vec![Location::parse(location).expect("a location")],
        channel: None,
    };
    let page = async |wall: Wall, after: u64| {
        service.app.store.events_behind(wall, Seq(after), 10).await.expect("read")
    };
    let before = service.app.clock.now().plus(-2500);
    assert_eq!(service.app.store.prune(before, before).await.expect("pruned"), 2);
    for (wall, floor, last) in [
        (behind("main"), 1, 3),
        (behind("airport"), 2, 4),
        (behind("beach"), 0, 0),
        (Wall::default(), 2, 4),
        (Wall { channel: Channel::parse("web").ok(), locations: Vec::new() }, 2, 4),
    ] {
        let page = page(wall.clone(), floor).await;
        assert_eq!((page.floor, page.last, page.head), (Seq(floor), Seq(last), Seq(4)), "{wall:?}");
        let theirs = page.events.iter();
        assert!(theirs.clone().all(|it| wall.lets(&it.facts.location, &it.facts.channel)));
        assert_eq!(theirs.map(|it| it.seq).max().unwrap_or_default(), Seq(last), "{wall:?}");
    }
    let sides = service.app.store.sides().await.expect("read");
    assert_eq!(sides.iter().map(|side| side.2).max(), Some(Seq(4)));
}

#[tokio::test]
async fn one_key_shuts_nobody_else_out() {
    let server = TestServer::start_with(|config| {
        config.stream.limits.most_each = Some(70);
    })
    .await;
    server.place(&burger()).await;
    let cook = bound_to(&server, "main").await;
    let bearer = format!("Bearer {}", key(&server, "greedy"));
    let own = [("authorization", bearer.as_str())];
    let open = async |query: &str| {
        let mut connection = server.client.connect().await.expect("a connection");
        let path = format!("/live-orders?{query}");
        let response = connection.begin(request(Method::GET, &path, &own, None)).await;
        let response = response.expect("an answer");
        (response.status().as_u16(), (connection, response))
    };
    let mut held = Vec::new();
    let mut refused = 0;
    within("the key to be known", async { while open("station=s1").await.0 == 401 {} }).await;
    for number in 1..=80 {
        let (status, stream) = open(&format!("station=s{number}")).await;
        match status {
            200 => held.push(stream),
            status => {
                assert_eq!(status, 429, "{number}");
                refused += 1;
            }
        }
    }
    assert!(refused >= 16, "{refused}");
    let asked = request(Method::GET, "/live-orders?station=another", &own, None);
    let answer = server.client.send(asked).await;
    let problem = answer.problem(429, "too_many_own_streams");
    assert_eq!(answer.header("retry-after"), "2");
    assert!(problem["detail"].as_str().expect("a detail").contains("filters"), "{problem}");
    // Everybody else has their streams all the same.
    for query in ["", "station=grill"] {
        cook.stream(query).await.expect("hello").await;
    }
    drop(held);
}

#[tokio::test]
async fn lists_behind_a_wall_show_what_is_theirs_in_order() {
    let server = TestServer::start().await;
    let mut placed = Vec::new();
    for (location, channel) in [
        ("main", "web"),
        ("airport", "web"),
        ("main", "kiosk"),
        ("airport", "kiosk"),
        ("main", "web"),
    ] {
        let mut order = order_at(location);
        order["source"] = json!({"channel": channel});
        placed.push(server.place(&order).await);
    }
    let cancelled = json!({"to": "cancelled", "reason": "x", "expected_version": 1});
    for order in &placed {
        let path = format!("/api/orders/{}/transitions", order.id);
        assert_eq!(server.post(&path, &cancelled).await.status, 200);
    }
    let main = bound_to(&server, "main").await;
    let list = async |client: Client, query: &str| {
        let answer = client.get(&format!("/api/orders?{query}")).await.json();
        let orders = answer["orders"].as_array().expect("orders").clone();
        let number = |order: &Value| {
            placed.iter().position(|it| json!(it.id) == order["id"]).expect("one of them")
        };
        (orders.iter().map(number).collect::<Vec<_>>(), answer["more"] == true)
    };
    let whole = |orders: &[usize]| (orders.to_vec(), false);
    assert_eq!(list(main, "status=closed").await, whole(&[4, 2, 0]));
    assert_eq!(list(main, "status=closed,open").await, whole(&[4, 2, 0]));
    assert_eq!(list(main, "status=closed&limit=2").await, (vec![4, 2], true));
    assert_eq!(list(main, "status=closed&channel=web").await, whole(&[4, 0]));
    assert_eq!(list(main, "status=closed&location=main&since=day").await, whole(&[4, 2, 0]));
    assert_eq!(list(main, "status=failed").await, whole(&[]));
    let ids = format!("status=closed&order={},{}", placed[0].id, placed[1].id);
    assert_eq!(list(main, &ids).await, whole(&[0]));
    assert_eq!(list(server.client, &ids).await, whole(&[1, 0]));
    assert_eq!(list(server.client, "status=closed&location=airport").await, whole(&[3, 1]));
    assert_eq!(list(server.client, "status=closed").await, whole(&[4, 3, 2, 1, 0]));
    let nowhere = bound_to(&server, "beach").await;
    assert_eq!(list(nowhere, "status=closed").await, whole(&[]));
}

#[tokio::test]
async fn whoever_may_not_work_is_asked_for_nothing_more_when_they_show_orders() {
    let server = TestServer::start().await;
    let here = server.place(&order_at("main")).await;
    let there = server.place(&order_at("airport")).await;
    let cook = bound_to(&server, "main").await;
    let body = json!({"screen": "grill", "orders": [here.id, there.id]});
    assert_eq!(cook.post("/api/seen", &body).await.status, 204);
    let seen = async |id| {
        let order = server.get(&format!("/api/orders/{id}")).await.json();
        order["seen"].as_array().expect("a list").len()
    };
    assert_eq!((seen(here.id).await, seen(there.id).await), (1, 0));
    let viewer = session_of(server.data(), "viewer", Role::Viewer, &["airport"]);
    let viewer = Client { session: viewer, ..server.client };
    within("the server to notice", async { while viewer.get("/account").await.status != 200 {} })
        .await;
    let body = Bytes::from(body.to_string());
    let sent = viewer.send(request(Method::POST, "/api/seen", &[], Some(body))).await;
    assert_eq!(sent.status, 204);
    assert_eq!(seen(there.id).await, 0);
}
