//! What staff do besides bumping, and what the server does by itself.

use hyper::Method;
use live_orders::{
    domain::{ActorKind, FoodOrder, OrderStatus, UnixMillis},
    server::clock::Clock,
};
use serde_json::{Value, json};

use crate::support::{Client, TestServer, order_for, order_of, request, within};

fn two_stations() -> Value {
    json!({"items": [
        {"name": "Burger", "quantity": 2, "unit_price": 900, "station": "grill"},
        {"name": "Fries", "quantity": 1, "unit_price": 300, "station": "fry"},
    ]})
}

/// When servers begin whose clock the test moves.
const AT: UnixMillis = UnixMillis(1_790_000_000_000);
const MINUTE: i64 = 60_000;

async fn edit(client: Client, order: &FoodOrder, mut body: Value) -> FoodOrder {
    body["expected_version"] = json!(order.version);
    client.patch(&format!("/api/orders/{}", order.id), &body).await.order()
}

#[tokio::test]
async fn whoever_waits_in_a_car_says_so_once() {
    let clock = Clock::manual(AT);
    let server = TestServer::start_by(&clock).await;
    let mut stream = server.stream("types=order.updated").await;
    let order = server.place(&order_for("curbside")).await;
    let url = format!("/api/orders/{}/arrived", order.id);
    clock.set(AT.plus(MINUTE));
    let note = json!({"note": "silver estate\nbay 4", "actor": {"kind": "partner", "id": "app"}});
    let here = server.post(&url, &note).await.order();
    assert_eq!(here.times.arrived_at, Some(AT.plus(MINUTE)));
    assert_eq!(here.fulfilment.arrived_note.as_deref(), Some("silver estate bay 4"));
    assert_eq!((here.last_change.what.as_str(), here.status), ("arrived", order.status));
    assert_eq!(here.last_change.actor.kind, ActorKind::Partner);
    assert_eq!(order_of(&stream.until("order.updated").await), here);
    // Again, and later, and with something else to say, or with nothing.
    clock.set(AT.plus(2 * MINUTE));
    assert_eq!(server.post(&url, &json!({"note": "red van"})).await.order(), here);
    let bare = request(Method::POST, &url, &[("content-type", "")], None);
    assert_eq!(server.send(bare).await.order(), here);
    // It stays through all that follows, and what has changed meanwhile is no matter.
    let accepted = server.go(&here, OrderStatus::Accepted).await;
    assert_eq!(server.post(&url, &json!({})).await.order(), accepted);
    assert_eq!(accepted.times.arrived_at, here.times.arrived_at);
    let shown = server.get(&format!("/orders/{}/timeline?lang=en", order.id)).await;
    for part in ["Here since", "silver estate bay 4", "Customer is here"] {
        assert!(shown.text().contains(part), "{part} is not in {}", shown.text());
    }

    let long = json!({"note": "x".repeat(61)});
    assert_eq!(server.post(&url, &long).await.pointers(), ["/note"]);
    let preparing = server.go(&accepted, OrderStatus::Preparing).await;
    let ready = server.go(&preparing, OrderStatus::Ready).await;
    server.go(&ready, OrderStatus::Completed).await;
    let closed = server.post(&url, &json!({})).await.problem(409, "order_is_closed");
    assert_eq!(closed["status_of_order"], "completed");
    let pickup = server.place(&order_for("pickup")).await;
    let url = format!("/api/orders/{}/arrived", pickup.id);
    server.post(&url, &json!({})).await.problem(409, "not_curbside");
}

#[tokio::test]
async fn an_order_of_before_anybody_could_arrive_is_read() {
    let server = TestServer::start().await;
    let order = server.place(&order_for("curbside")).await;
    let folder = server.stop().await.expect("a folder");
    {
        let file = folder.path().join("orders.db");
        let connection = rusqlite::Connection::open(file).expect("the database");
        let stored: String = connection
            .query_row("SELECT data FROM orders", [], |row| row.get(0))
            .expect("an order");
        assert!(!stored.contains("arrived"), "what is not there is not written: {stored}");
    }
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    let url = format!("/api/orders/{}/arrived", order.id);
    let here = server.post(&url, &json!({})).await.order();
    assert!(here.times.arrived_at.is_some() && here.fulfilment.arrived_note.is_none());
    server.stop().await;
}

#[tokio::test]
async fn stations_bump_their_parts_and_the_last_makes_it_ready() {
    let server = TestServer::start().await;
    let accepted = server.go(&server.place(&two_stations()).await, OrderStatus::Accepted).await;
    let url = format!("/api/orders/{}/stations", accepted.id);
    let bump = async |order: &FoodOrder, station: &str, status: &str| {
        let body = json!({
            "stations": [station], "status": status, "expected_version": order.version,
            "actor": {"kind": "staff", "id": station},
        });
        server.post(&url, &body).await
    };
    let grill = bump(&accepted, "grill", "done").await.order();
    assert_eq!(grill.status, OrderStatus::Preparing);
    let ready = bump(&grill, "fry", "done").await.order();
    assert_eq!(ready.status, OrderStatus::Ready);
    let back = bump(&ready, "fry", "todo").await.order();
    assert_eq!(back.status, OrderStatus::Preparing);
    assert!(back.flags.recalled);

    bump(&back, "bar", "done").await.problem(409, "nothing_at_station");
    bump(&ready, "fry", "done").await.problem(412, "stale_version");
    assert_eq!(bump(&back, "fry", "void").await.pointers(), ["/status"]);
    let none = json!({"stations": [], "status": "done", "expected_version": back.version});
    assert_eq!(server.post(&url, &none).await.pointers(), ["/stations"]);

    // Who did it stays in the history.
    let history = server.get(&format!("/api/orders/{}", accepted.id)).await.json();
    let steps = history["history"].as_array().expect("a history");
    let actors: Vec<_> = steps.iter().map(|step| step["actor"]["id"].as_str()).collect();
    assert_eq!(actors[2..], [Some("grill"), Some("fry"), Some("fry")]);
    assert_eq!(steps[2]["what"], "station");
}

#[tokio::test]
async fn what_is_changed_after_sending_is_marked_until_each_station_knows() {
    let server = TestServer::start().await;
    let accepted = server.go(&server.place(&two_stations()).await, OrderStatus::Accepted).await;
    let edited = edit(
        server.client,
        &accepted,
        json!({
            "add": [{"name": "Cola", "quantity": 1, "unit_price": 250, "station": "bar"}],
            "remove": [2],
            "quantities": [{"item": 1, "quantity": 3}],
        }),
    )
    .await;
    assert_eq!((edited.revision, edited.flags.changed), (1, true));
    assert_eq!(edited.money.subtotal.0, 3 * 900 + 250);
    let before: Vec<_> = edited.items.iter().map(|item| item.quantity_before).collect();
    assert_eq!(before, [Some(2), Some(1), Some(0)]);

    let url = format!("/api/orders/{}/acknowledge", edited.id);
    let mut order = edited;
    for station in ["grill", "fry", "bar"] {
        assert!(order.flags.changed);
        let body = json!({
            "of": "change", "stations": [station], "expected_version": order.version,
        });
        order = server.post(&url, &body).await.order();
    }
    assert!(!order.flags.changed);

    let address = format!("/api/orders/{}", order.id);
    let nothing = json!({"expected_version": order.version});
    assert_eq!(server.patch(&address, &nothing).await.pointers(), [""]);
    let both = json!({"expected_version": order.version, "rush": true, "remove": [1]});
    assert_eq!(server.patch(&address, &both).await.pointers(), [""]);
    let all = json!({"expected_version": order.version, "remove": [1, 3]});
    server.patch(&address, &all).await.problem(409, "nothing_left");
    let bad = json!({
        "expected_version": order.version, "quantities": [{"item": 1, "quantity": 0}],
        "add": [{"name": "", "quantity": 1}],
    });
    assert_eq!(
        server.patch(&address, &bad).await.pointers(),
        ["/add/0/name", "/quantities/0/quantity"]
    );
}

#[tokio::test]
async fn rush_and_hold_are_marks_and_beginning_ends_a_hold() {
    let server = TestServer::start().await;
    let accepted = server.go(&server.place(&two_stations()).await, OrderStatus::Accepted).await;
    let held = edit(server.client, &accepted, json!({"rush": true, "held": true})).await;
    assert!(held.flags.rush && held.flags.held);
    let begun = server.go(&held, OrderStatus::Preparing).await;
    assert!(begun.flags.rush && !begun.flags.held);
}

#[tokio::test]
async fn a_cancelled_order_stays_until_it_is_acknowledged() {
    let server = TestServer::start().await;
    let placed = server.place(&two_stations()).await;
    let cancelled = server.go(&placed, OrderStatus::Cancelled).await;
    assert!(cancelled.flags.cancel_unseen);
    let there = async || {
        let page = server.get("/api/events?snapshot=1").await.json();
        page["snapshot"]["orders"].as_array().map(Vec::len)
    };
    assert_eq!(there().await, Some(1));
    let body = json!({"of": "cancel", "expected_version": cancelled.version});
    let known = server.post(&format!("/api/orders/{}/acknowledge", placed.id), &body).await.order();
    assert!(!known.flags.cancel_unseen);
    assert_eq!(there().await, Some(0));
}

#[tokio::test]
async fn an_order_for_later_waits_and_fires_when_its_time_has_come() {
    let clock = Clock::manual(AT);
    let server = TestServer::start_by(&clock).await;
    let due = AT.plus(60 * MINUTE);
    let mut body = two_stations();
    body["fulfilment"] = json!({"due_at": due});
    let placed = server.place(&body).await;
    assert!(placed.flags.scheduled);
    let fires_at = placed.times.fires_at.expect("a time");
    assert_eq!(fires_at, due.plus(-15 * MINUTE));

    // Due so much sooner that its preparation begins in five minutes.
    let mut stream = server.stream("").await;
    let soon = AT.plus(20 * MINUTE);
    let moved = edit(server.client, &placed, json!({"due_at": soon})).await;
    assert!(moved.flags.scheduled);
    assert_eq!(moved.times.fires_at, Some(AT.plus(5 * MINUTE)));
    clock.set(AT.plus(5 * MINUTE));
    let fired = within("it to fire", async {
        loop {
            let frame = stream.next().await;
            if let Ok(order) = serde_json::from_str::<FoodOrder>(&frame.data)
                && !order.flags.scheduled
                && order.id == placed.id
            {
                return order;
            }
        }
    })
    .await;
    assert_eq!(fired.last_change.actor.kind, ActorKind::System);
    assert_eq!(fired.times.fired_at, Some(AT.plus(5 * MINUTE)));
    assert_eq!(fired.times.promised_at, Some(soon));

    // And by hand.
    let second = server.place(&body).await;
    let url = format!("/api/orders/{}/fire", second.id);
    let fired = server.post(&url, &json!({"expected_version": second.version})).await.order();
    assert!(!fired.flags.scheduled);
}

#[tokio::test]
async fn an_order_that_nobody_answers_expires() {
    let clock = Clock::manual(AT);
    let server = TestServer::start_by(&clock).await;
    let mut stream = server.stream("types=order.expired").await;
    let mut body = two_stations();
    body["source"] = json!({"channel": "aggregator", "accept_by": AT.plus(MINUTE)});
    let placed = server.place(&body).await;
    clock.set(AT.plus(MINUTE));
    let frame = stream.until("order.expired").await;
    let expired: FoodOrder = serde_json::from_str(&frame.data).expect("an order");
    assert_eq!((expired.id, expired.status), (placed.id, OrderStatus::Expired));

    body["source"] = json!({"channel": "aggregator", "accept_by": AT.plus(-1)});
    assert_eq!(server.post("/api/orders", &body).await.pointers(), ["/source/accept_by"]);
}

#[tokio::test]
async fn a_paused_kitchen_takes_no_order_and_answers_for_those_it_has() {
    let server = TestServer::start().await;
    let key = [("idempotency-key", "k-1")];
    let first = server.post_with(&two_stations(), &key).await.order();

    let pause = json!({"state": "paused", "minutes": 15, "reason": "oven is down"});
    let intake = server.put("/api/intake", &pause).await.json();
    assert_eq!(intake["state"], "paused");
    let refused = server.post("/api/orders", &two_stations()).await;
    let problem = refused.problem(503, "intake_paused");
    assert!(problem["detail"].as_str().expect("text").contains("oven is down"));
    assert_eq!(problem["paused_until"], intake["until"]);
    let after: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((890..=900).contains(&after), "{after}");
    // What was placed before is answered as before.
    let again = server.post_with(&two_stations(), &key).await.order();
    assert_eq!(again.id, first.id);

    // It outlives the server.
    let folder = server.stop().await.expect("a folder");
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    assert_eq!(server.get("/api/intake").await.json(), intake);
    let snapshot = server.stream("").await.until("heartbeat").await;
    let beat: Value = serde_json::from_str(&snapshot.data).expect("JSON");
    assert_eq!(beat["intake"], intake);

    server.put("/api/intake", &json!({"state": "busy", "minutes": 30, "extra_min": 20})).await;
    let order = server.place(&two_stations()).await;
    let promised = order.times.promised_at.expect("a promise");
    assert_eq!(promised.since(order.times.placed_at), 35 * 60_000);
    server.put("/api/intake", &json!({"state": "open"})).await;
    let order = server.place(&two_stations()).await;
    let promised = order.times.promised_at.expect("a promise");
    assert_eq!(promised.since(order.times.placed_at), 15 * 60_000);

    for (body, pointer) in [
        (json!({"state": "shut"}), "/state"),
        (json!({"state": "paused"}), "/minutes"),
        (json!({"state": "paused", "minutes": 0}), "/minutes"),
        (json!({"state": "busy", "minutes": 5, "extra_min": 999}), "/extra_min"),
        (json!({"state": "open", "since": 5}), "/since"),
    ] {
        assert_eq!(server.put("/api/intake", &body).await.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn an_order_that_no_screen_shows_raises_an_alarm_until_one_does() {
    let server = TestServer::start_with(|config| config.kitchen.unseen_after = Some(1)).await;
    let order = server.place(&two_stations()).await;
    let beat = alarm(&server, &["grill", "fry"]).await;
    assert_eq!(beat["unseen"][0]["number"], order.number.0);

    let seen = async |screen: &str, stations: &[&str]| {
        let body = json!({"screen": screen, "stations": stations, "orders": [order.id]});
        assert_eq!(server.post("/api/seen", &body).await.status, 204);
    };
    seen("fry-1", &["fry"]).await;
    alarm(&server, &["grill"]).await;
    seen("grill-1", &["grill"]).await;
    alarm(&server, &[]).await;

    let url = format!("/api/orders/{}/seen", order.id);
    assert_eq!(server.post(&url, &json!({"screen": "expo"})).await.status, 204);
    let read = server.get(&format!("/api/orders/{}", order.id)).await.json();
    let screens: Vec<_> =
        read["seen"].as_array().expect("screens").iter().map(|it| it["screen"].clone()).collect();
    assert_eq!(screens, ["fry-1", "grill-1", "expo"]);

    let unknown = "/api/orders/0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f/seen";
    server.post(unknown, &json!({"screen": "expo"})).await.problem(404, "order_not_found");
    let none = json!({"screen": "", "orders": []});
    assert_eq!(server.post("/api/seen", &none).await.pointers(), ["/orders", "/screen"]);
}

#[tokio::test]
async fn an_alarm_stays_when_it_cannot_be_kept_who_has_shown_the_order() {
    let server = TestServer::start_with(|config| config.kitchen.unseen_after = Some(1)).await;
    let order = server.place(&two_stations()).await;
    let is_unseen = async |filter: &str| {
        let frame = server.stream(filter).await.until("heartbeat").await;
        let beat: Value = serde_json::from_str(&frame.data).expect("JSON");
        beat["unseen"][0]["id"] == json!(order.id)
    };
    within("the alarm", async { while !is_unseen("").await {} }).await;
    let own = format!("order={}", order.id);
    assert!(!is_unseen(&own).await, "whoever follows an order is told of no alarm");

    let store = rusqlite::Connection::open(server.data().join("orders.db")).expect("a store");
    store.execute_batch("ALTER TABLE seen RENAME TO elsewhere").expect("renamed");
    let body = json!({"screen": "expo", "orders": [order.id]});
    server.post("/api/seen", &body).await.problem(503, "store_unavailable");
    assert!(is_unseen("").await);
    store.execute_batch("ALTER TABLE elsewhere RENAME TO seen").expect("renamed");
    assert_eq!(server.post("/api/seen", &body).await.status, 204);
    within("the alarm to end", async { while is_unseen("").await {} }).await;
}

#[tokio::test]
async fn no_more_screens_are_noted_than_anybody_has() {
    let server = TestServer::start().await;
    let order = server.place(&two_stations()).await;
    for number in 0..40 {
        let body = json!({"screen": format!("screen {number}"), "orders": [order.id]});
        assert_eq!(server.post("/api/seen", &body).await.status, 204);
    }
    let read = server.get(&format!("/api/orders/{}", order.id)).await.json();
    assert_eq!(read["seen"].as_array().map(Vec::len), Some(32));
    assert_eq!(read["seen"][0]["screen"], "screen 0");
}

#[tokio::test]
async fn whoever_moves_the_switch_is_told_what_they_have_set() {
    let server = TestServer::start_by(&Clock::manual(AT)).await;
    let wishes = (1..=20).map(|minutes| {
        let client = server.client;
        let actor = json!({"kind": "staff", "id": format!("screen {minutes}")});
        let body = json!({"state": "paused", "minutes": minutes, "actor": actor});
        let until = AT.plus(minutes * MINUTE);
        tokio::spawn(async move { (client.put("/api/intake", &body).await, until) })
    });
    for wish in wishes.collect::<Vec<_>>() {
        let (answer, until) = wish.await.expect("an answer");
        assert_eq!((answer.status, &answer.json()["until"]), (200, &json!(until)));
    }
    let told = server.get("/api/intake").await.json();
    let store = rusqlite::Connection::open(server.data().join("orders.db")).expect("a store");
    let kept: String = store
        .query_row("SELECT value FROM meta WHERE key LIKE '%intake%'", [], |row| row.get(0))
        .expect("a switch");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!((&kept["state"], &kept["until"]), (&told["state"], &told["until"]));
    assert_eq!(kept["actor"]["kind"], "staff");
}

#[tokio::test]
async fn items_that_name_no_station_are_routed() {
    let server = TestServer::start_with(|config| {
        let flag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let flags = [flag("routing.grill", "*burger"), flag("routing.fry", "Fries")];
        let routed = live_orders::server::config::Config::load(None, [], &flags).expect("allowed");
        config.orders.routing = routed.orders.routing;
    })
    .await;
    let order = server
        .place(&json!({"items": [
            {"name": "Cheeseburger", "quantity": 1},
            {"name": "Fries", "quantity": 1, "station": "wok"},
            {"name": "Lemonade", "quantity": 1},
        ]}))
        .await;
    let stations: Vec<_> = order.items.iter().map(|item| item.station.as_str()).collect();
    assert_eq!(stations, ["grill", "wok", "unrouted"]);
    let route = server.get("/api/routing?item=fries").await.json();
    assert_eq!(route, json!({"item": "fries", "station": "fry", "named": true}));
    server.get("/api/routing").await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_stream_is_narrowed_to_services() {
    let server = TestServer::start().await;
    let place = async |service: &str| {
        let mut body = two_stations();
        body["fulfilment"] = json!({"type": service});
        server.place(&body).await
    };
    let mut stream = server.stream("service=delivery,dine_in").await;
    place("pickup").await;
    let delivery = place("delivery").await;
    let frame = stream.until("order.placed").await;
    let order: FoodOrder = serde_json::from_str(&frame.data).expect("an order");
    assert_eq!(order.id, delivery.id);
    let list = server.get("/api/orders?service=pickup").await.json();
    assert_eq!(list["orders"].as_array().map(Vec::len), Some(1));
    server.get("/live-orders?service=drone").await.problem(400, "invalid_parameter");
}

/// The heartbeat that says of the first order that it is on no screen of `wanted`.
async fn alarm(server: &TestServer, wanted: &[&str]) -> Value {
    let mut stream = server.stream("").await;
    within("the alarm", async {
        loop {
            let frame = stream.until("heartbeat").await;
            let beat: Value = serde_json::from_str(&frame.data).expect("JSON");
            let stations = beat["unseen"][0]["stations"].as_array().cloned();
            if stations.unwrap_or_default() == wanted {
                return beat;
            }
        }
    })
    .await
}

async fn seen(server: &TestServer, order: &FoodOrder, stations: &[&str]) {
    let body = json!({"screen": "a screen", "stations": stations, "orders": [order.id]});
    assert_eq!(server.post("/api/seen", &body).await.status, 204);
}

#[tokio::test]
async fn what_one_station_begins_is_still_unseen_at_the_other() {
    let server = TestServer::start_with(|config| config.kitchen.unseen_after = Some(1)).await;
    let accepted = server.go(&server.place(&two_stations()).await, OrderStatus::Accepted).await;
    alarm(&server, &["grill", "fry"]).await;
    let url = format!("/api/orders/{}/stations", accepted.id);
    let begin = json!({
        "stations": ["grill"], "status": "doing", "expected_version": accepted.version,
    });
    let at_the_grill = server.post(&url, &begin).await.order();
    assert_eq!(at_the_grill.status, OrderStatus::Preparing);
    alarm(&server, &["fry"]).await;

    // A server that starts anew waits for the same.
    let folder = server.stop().await.expect("a folder");
    let unseen = |config: &mut live_orders::server::config::Config| {
        config.kitchen.unseen_after = Some(1);
    };
    let server = TestServer::start_in(folder.path(), unseen).await;
    alarm(&server, &["fry"]).await;

    // And for what is added when all have shown it.
    seen(&server, &at_the_grill, &[]).await;
    alarm(&server, &[]).await;
    let add = json!({"add": [{"name": "Cola", "quantity": 1, "station": "bar"}]});
    let more = edit(server.client, &at_the_grill, add).await;
    alarm(&server, &["bar"]).await;
    server.go(&more, OrderStatus::Ready).await;
    alarm(&server, &[]).await;

    // Whoever begins it as a whole, as expo does, has all of it before them.
    let accepted = server.go(&server.place(&two_stations()).await, OrderStatus::Accepted).await;
    alarm(&server, &["grill", "fry"]).await;
    server.go(&accepted, OrderStatus::Preparing).await;
    alarm(&server, &[]).await;
}

#[tokio::test]
async fn an_order_for_later_that_wants_an_answer_has_to_be_seen() {
    let clock = Clock::manual(AT);
    let server = TestServer::start_by(&clock).await;
    let mut body = two_stations();
    body["fulfilment"] = json!({"due_at": AT.plus(120 * MINUTE)});
    server.place(&body).await;
    body["source"] = json!({"accept_by": AT.plus(3 * MINUTE)});
    let asked = server.place(&body).await;
    assert!(asked.flags.scheduled);
    clock.set(AT.plus(MINUTE));
    alarm(&server, &["grill", "fry"]).await;
    let accepted = server.go(&asked, OrderStatus::Accepted).await;
    assert!(accepted.flags.scheduled, "it has been answered, and the kitchen has time");
    alarm(&server, &[]).await;
}

#[tokio::test]
async fn what_is_due_tomorrow_after_all_waits_until_then() {
    let clock = Clock::manual(AT);
    let server = TestServer::start_by(&clock).await;
    server.put("/api/intake", &json!({"state": "busy", "minutes": 30, "extra_min": 20})).await;
    let placed = server.place(&two_stations()).await;
    assert_eq!(placed.times.promised_at, Some(AT.plus(35 * MINUTE)));
    let tomorrow = AT.plus(24 * 60 * MINUTE);
    let moved = edit(server.client, &placed, json!({"due_at": tomorrow})).await;
    assert!(moved.flags.scheduled);
    // It will not be busy then.
    assert_eq!(moved.times.fires_at, Some(tomorrow.plus(-15 * MINUTE)));
    let soon = edit(server.client, &moved, json!({"due_at": AT.plus(40 * MINUTE)})).await;
    assert_eq!(soon.times.fires_at, Some(AT.plus(5 * MINUTE)));
}

#[tokio::test]
async fn a_damaged_order_keeps_no_other_waiting() {
    let clock = Clock::manual(AT);
    let server = TestServer::start_by(&clock).await;
    let mut body = two_stations();
    body["fulfilment"] = json!({"due_at": AT.plus(60 * MINUTE)});
    let damaged = server.place(&body).await;
    let whole = server.place(&body).await;
    let store = rusqlite::Connection::open(server.data().join("orders.db")).expect("a store");
    let changed = store
        .execute("UPDATE orders SET data = '{}' WHERE id = ?1", [damaged.id.0.as_bytes()])
        .expect("damaged");
    assert_eq!(changed, 1);
    let mut stream = server.stream(&format!("order={}", whole.id)).await;
    clock.set(AT.plus(50 * MINUTE));
    let fired: FoodOrder =
        serde_json::from_str(&stream.until("order.updated").await.data).expect("an order");
    assert!(!fired.flags.scheduled);
}
