//! Erasing what tells of a person: from every answer, every reader and every file.

use std::{path::Path, process::Command, sync::Arc};

use http_body_util::BodyExt as _;
use live_orders::{
    domain::{
        Actor, ActorKind, Customer, FoodOrder, Fulfilment, NewItem, NewOrder, OrderId, OrderStatus,
        Service, UnixMillis, change::Action,
    },
    server::store::{EraseError, Erasure, Store},
    wire::{
        EventKind, StreamFilter,
        frame::{Frame, FrameReader},
    },
};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::{
    replay::{Offline, block_on, change, channel, new_order, station},
    support::{
        Client, PATIENCE, Program, TestServer, burger, cursor_of, id_of, order_for, order_of,
        program, within,
    },
};

/// What a customer has told, each word of it found nowhere else.
pub(crate) const SECRETS: [&str; 7] = [
    "Zacharias-Quux",
    "555-987-0134",
    "77 Xylophone Crescent",
    "behind-the-qwerty",
    "for-my-wizard-son",
    "she-rang-vexed",
    "window-jinx",
];

pub(crate) fn personal() -> Value {
    let [name, phone, address, instructions, note, _, table] = SECRETS;
    json!({
        "source": {"channel": "web", "external_id": "W-1"},
        "fulfilment": {"type": "delivery", "address": address, "instructions": instructions,
                       "table": table},
        "customer": {"name": name, "phone": phone},
        "items": [{"name": "Cheeseburger", "quantity": 2, "unit_price": 950, "note": note}],
    })
}

/// Cancels an order, for a reason in somebody's own words.
async fn cancel(client: Client, order: &FoodOrder) -> FoodOrder {
    let path = format!("/api/orders/{}/transitions", order.id);
    let body = json!({"to": "cancelled", "expected_version": order.version, "reason": SECRETS[5]});
    client.post(&path, &body).await.order()
}

async fn erase(client: Client, order: &FoodOrder) -> FoodOrder {
    client.post(&format!("/api/orders/{}/erase", order.id), &json!({})).await.order()
}

/// Which of the secrets the files of a store hold.
fn in_files(folder: &Path) -> Vec<&'static str> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        bytes.extend(std::fs::read(entry.expect("an entry").path()).expect("a file"));
    }
    let is_there = |secret: &&str| memchr::memmem::find(&bytes, secret.as_bytes()).is_some();
    SECRETS.into_iter().filter(is_there).collect()
}

#[track_caller]
pub(crate) fn tells_nothing(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} still tells {secret}: {text}");
    }
}

#[tokio::test]
async fn an_erased_order_is_anonymous_wherever_it_is_read() {
    let server = TestServer::start().await;
    let mut live = server.stream("snapshot=1").await;
    live.until("snapshot").await;
    let placed = server.place(&personal()).await;
    let before = cancel(server.client, &placed).await;
    let neighbour = server.place(&burger()).await;
    assert_eq!(in_files(server.data()), SECRETS, "the test looks where they are");

    let after = erase(server.client, &before).await;
    assert!(after.erased.0);
    assert_eq!((after.id, after.number, after.times), (before.id, before.number, before.times));
    assert_eq!((&after.money, after.status), (&before.money, before.status));
    assert_eq!(after.items[0].name, "Cheeseburger");
    assert_eq!(after.source, before.source);
    assert_eq!(in_files(server.data()), [""; 0], "all of it is gone from the disk");

    // A board that is open is told by an event of its own.
    let heard = live.until("order.erased").await;
    assert_eq!(order_of(&heard), after);
    // Everybody who comes later never hears of it.
    let mut stream = server.stream("after=earliest").await;
    cursor_of(&stream.next().await);
    let mut ids = Vec::new();
    for _ in 0..4 {
        let frame = stream.next().await;
        tells_nothing("the stream", &frame.data);
        ids.push(id_of(&frame).seq.0);
    }
    assert_eq!(ids, [1, 2, 3, 4]);
    for path in [
        format!("/api/orders/{}", after.id),
        "/api/orders?status=cancelled".to_owned(),
        "/api/orders?q=zacharias".to_owned(),
        "/api/events?after=earliest".to_owned(),
        "/api/events?snapshot=1".to_owned(),
        format!("/orders/{}/timeline?lang=en", after.id),
        "/".to_owned(),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        tells_nothing(&path, answer.text());
    }
    let history = server.get(&format!("/api/orders/{}", after.id)).await.json();
    let steps = history["history"].as_array().expect("a history");
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[2]["type"], "order.erased");
    assert_eq!(history["erased"], true);
    for event in server.log().await {
        assert_eq!(event.1.erased.0, event.1.id == after.id, "{event:?}");
    }

    // Once is enough, and an order that is there no longer to be found is not found.
    assert_eq!(erase(server.client, &after).await, after);
    assert_eq!(server.log().await.len(), 4);
    let other = "/api/orders/0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f/erase";
    server.post(other, &json!({})).await.problem(404, "order_not_found");
    assert_eq!(server.get(&format!("/api/orders/{}", neighbour.id)).await.order(), neighbour);

    // Nor does it come back with the next start.
    let folder = server.stop().await.expect("a folder");
    assert_eq!(in_files(folder.path()), [""; 0]);
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    for (_, order) in server.log().await {
        tells_nothing("the log", &serde_json::to_string(&order).expect("JSON"));
    }
    server.stop().await;
}

#[tokio::test]
async fn what_somebody_works_on_is_erased_only_if_that_is_said() {
    let server = TestServer::start().await;
    let order = server.place(&personal()).await;
    let path = format!("/api/orders/{}/erase", order.id);
    let problem = server.post(&path, &json!({})).await.problem(409, "order_is_open");
    assert_eq!(problem["status_of_order"], "placed");
    assert_eq!(server.post(&path, &json!({"while_opne": true})).await.pointers(), ["/while_opne"]);
    let body = json!({"while_open": true, "actor": {"kind": "staff", "id": "desk"}});
    let erased = server.post(&path, &body).await.order();
    assert_eq!(erased.last_change.actor.id, "desk");
    assert_eq!(in_files(server.data()), [""; 0]);
    // It goes on as every other; what is written into it from now on is new.
    let accepted = server.go(&erased, OrderStatus::Accepted).await;
    assert!(accepted.erased.0);
    let cancelled = cancel(server.client, &accepted).await;
    assert!(!cancelled.erased.0);
    assert_eq!(in_files(server.data()), [SECRETS[5]]);
    assert!(erase(server.client, &cancelled).await.erased.0);
    assert_eq!(in_files(server.data()), [""; 0]);
}

#[tokio::test]
async fn where_a_customer_stood_is_erased_with_the_rest() {
    let server = TestServer::start().await;
    let order = server.place(&order_for("curbside")).await;
    let path = format!("/api/orders/{}/arrived", order.id);
    let here = server.post(&path, &json!({"note": SECRETS[3]})).await.order();
    assert_eq!(here.fulfilment.arrived_note.as_deref(), Some(SECRETS[3]));
    assert_eq!(in_files(server.data()), [SECRETS[3]]);
    let erased = erase(server.client, &cancel(server.client, &here).await).await;
    assert!(erased.erased.0 && erased.fulfilment.arrived_note.is_none());
    assert_eq!(erased.times.arrived_at, here.times.arrived_at, "when stays");
    assert_eq!(in_files(server.data()), [""; 0]);
}

#[tokio::test]
async fn a_request_to_erase_need_not_say_more() {
    let server = TestServer::start().await;
    let order = cancel(server.client, &server.place(&personal()).await).await;
    let path = format!("/api/orders/{}/erase", order.id);
    let request = |headers: &[(&str, &str)], body: &'static [u8]| {
        crate::support::request(hyper::Method::POST, &path, headers, Some(body.into()))
    };
    let plain = [("content-type", "text/plain")];
    server.send(request(&plain, b"{}")).await.problem(415, "unsupported_media_type");
    server
        .send(request(&[("content-type", "")], b"{}"))
        .await
        .problem(415, "unsupported_media_type");
    let answer = server.send(request(&[("content-type", "")], b"")).await;
    assert!(answer.order().erased.0);
}

#[tokio::test]
async fn a_repeat_of_an_erased_order_finds_it_and_another_order_does_not() {
    let server = TestServer::start().await;
    let key = [("idempotency-key", "k-1")];
    let first = server.post_with(&personal(), &key).await;
    let order = cancel(server.client, &first.order()).await;
    let erased = erase(server.client, &order).await;
    let page = first.json()["tracking_url"].clone();
    for headers in [&key[..], &[]] {
        let again = server.post_with(&personal(), headers).await;
        assert_eq!(again.status, 201, "{}", again.text());
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.json()["tracking_url"], page);
        tells_nothing("a repeat", again.text());
        let again = again.order();
        // As it was placed, as far as that is known.
        assert_eq!((again.id, again.version.0), (erased.id, 1));
        assert!(again.erased.0);
    }
    // An order of other things is never taken for it.
    let mut other = personal();
    other["items"][0]["quantity"] = json!(3);
    server.post_with(&other, &key).await.problem(422, "idempotency_key_reused");
    server.post("/api/orders", &other).await.problem(422, "external_id_reused");
    assert_eq!(server.log().await.len(), 3, "nothing was placed");
    // Its page is over at once.
    assert_eq!(server.get(page.as_str().expect("a path")).await.status, 410);
}

#[tokio::test]
async fn a_repeat_finds_its_order_whatever_was_done_to_it_since_it_was_erased() {
    let server = TestServer::start().await;
    let key = [("idempotency-key", "k-1")];
    let first = server.post_with(&personal(), &key).await.order();
    let path = format!("/api/orders/{}", first.id);
    let while_open = json!({"while_open": true});
    let erased = server.post(&format!("{path}/erase"), &while_open).await.order();
    let repeated = async || {
        for headers in [&key[..], &[]] {
            let again = server.post_with(&personal(), headers).await;
            assert_eq!(again.status, 201, "{}", again.text());
            assert_eq!(again.order().id, first.id);
        }
        let mut other = personal();
        other["items"][0]["quantity"] = json!(3);
        server.post_with(&other, &key).await.problem(422, "idempotency_key_reused");
    };
    repeated().await;
    // As a board cancels: by the name of a reason, which tells of nobody.
    let go = |order: &FoodOrder, to: &str, reason: &str| {
        let body = json!({"to": to, "expected_version": order.version, "reason": reason});
        let path = format!("{path}/transitions");
        async move { server.client.post(&path, &body).await.order() }
    };
    let cancelled = go(&erased, "cancelled", "too_busy").await;
    assert!(cancelled.erased.0);
    assert_eq!(cancelled.last_change.reason.as_deref(), Some("too_busy"));
    repeated().await;
    server.stop().await;

    let server = TestServer::start().await;
    let first = server.post_with(&personal(), &key).await.order();
    let path = format!("/api/orders/{}/erase", first.id);
    let erased = server.post(&path, &while_open).await.order();
    assert!(!cancel(server.client, &erased).await.erased.0, "in somebody's own words");
    let again = server.post_with(&personal(), &key).await;
    assert_eq!(again.status, 201, "{}", again.text());
    assert_eq!(again.order().id, first.id);
}

#[tokio::test]
async fn an_erasure_says_so_while_somebody_keeps_the_bytes() {
    let server = TestServer::start().await;
    let order = cancel(server.client, &server.place(&personal()).await).await;
    let reader = rusqlite::Connection::open(server.data().join("orders.db")).expect("a store");
    reader.execute_batch("BEGIN; SELECT count(*) FROM orders").expect("read");
    let path = format!("/api/orders/{}/erase", order.id);
    let answer = server.post(&path, &json!({})).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert!(answer.order().erased.0);
    tells_nothing("the answer", answer.text());
    assert!(!in_files(server.data()).is_empty());
    drop(reader);
    let again = server.post(&path, &json!({})).await;
    assert_eq!((again.status, again.order()), (200, answer.order()));
    assert_eq!(in_files(server.data()), [""; 0]);
}

#[tokio::test]
async fn what_an_earlier_version_has_left_behind_goes_with_the_first_start() {
    let server = TestServer::start().await;
    let order = server.place(&burger()).await;
    let folder = server.stop().await.expect("a folder");
    {
        let store = rusqlite::Connection::open(folder.path().join("orders.db")).expect("a store");
        let earlier = format!(
            "PRAGMA secure_delete = OFF;
             CREATE TABLE past (name TEXT);
             INSERT INTO past VALUES ('{}'), ('{}');
             DROP TABLE past;
             DROP INDEX orders_to_erase; ALTER TABLE orders DROP COLUMN erased;
             DROP INDEX orders_by_tracking; ALTER TABLE orders DROP COLUMN tracking;
             DROP INDEX webhook_waiting_of;
             ALTER TABLE webhook_waiting DROP COLUMN due_at;
             ALTER TABLE webhook_waiting DROP COLUMN not_before;
             ALTER TABLE webhooks DROP COLUMN former;
             ALTER TABLE webhooks ADD COLUMN previous_secret TEXT;
             ALTER TABLE webhooks ADD COLUMN previous_until INTEGER;
             ALTER TABLE channel_secrets DROP COLUMN former;
             ALTER TABLE channel_secrets ADD COLUMN previous_secret TEXT;
             ALTER TABLE channel_secrets ADD COLUMN previous_until INTEGER;
             ALTER TABLE channel_secrets DROP COLUMN locations;
             ALTER TABLE channel_secrets DROP COLUMN used_at;
             DROP TABLE signatures_seen;
             DROP TABLE erasures; DROP TABLE sides; DROP INDEX log_by_side;
             DROP INDEX orders_by_side; DROP INDEX orders_by_external_id;
             CREATE UNIQUE INDEX orders_by_external_id ON orders (channel, external_id)
                 WHERE external_id IS NOT NULL;
             ALTER TABLE orders DROP COLUMN location;
             PRAGMA user_version = 4;",
            SECRETS[0], SECRETS[1]
        );
        store.execute_batch(&earlier).expect("the store of an earlier version");
    }
    assert_eq!(in_files(folder.path()), SECRETS[..2], "deleted is not gone");
    let server = TestServer::start_in(folder.path(), |_| {}).await;
    assert_eq!(in_files(folder.path()), [""; 0]);
    assert_eq!(server.get(&format!("/api/orders/{}", order.id)).await.order(), order);
    server.stop().await;
}

/// The order of a customer who has told everything.
fn secret_order(secret: &str) -> NewOrder {
    let mut order = new_order(station("grill"), channel("web"), Service::Delivery);
    order.customer = Customer { name: secret.to_owned(), phone: Some(secret.to_owned()) };
    order.fulfilment = Fulfilment {
        address: Some(secret.to_owned()),
        instructions: Some(secret.to_owned()),
        ..order.fulfilment
    };
    let line = NewItem { note: Some(secret.to_owned()), ..order.items.remove(0) };
    order.items = vec![line];
    order
}

async fn place(service: &Offline, secret: &str) -> FoodOrder {
    let placed = service.app.orders.place(secret_order(secret), None).await.expect("placed");
    serde_json::from_slice(&placed.order_json).expect("an order")
}

fn wish(order: &FoodOrder, at: UnixMillis) -> Erasure {
    let actor = Actor { kind: ActorKind::Staff, id: "desk".to_owned() };
    Erasure { order: order.id, while_open: true, actor, at }
}

#[tokio::test]
async fn what_nobody_has_touched_for_long_is_erased_by_itself() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let service = Offline::new(1 << 20);
    let store = Arc::clone(&service.app.store);
    let begun = service.app.clock.now();
    let closed = place(&service, "closed").await;
    let forgotten = place(&service, "forgotten").await;
    let mut later = secret_order("later");
    later.fulfilment.due_at = Some(begun.plus(60 * DAY));
    let later = service.app.orders.place(later, None).await.expect("placed");
    service.app.clock.set(begun.plus(DAY));
    let cancelled = Action::Transition { to: OrderStatus::Cancelled, reason: None };
    change(&service.app, &closed, cancelled).await;
    assert_eq!(store.erase_old(begun, begun.plus(2 * DAY)).await.expect("read"), 0);

    let now = begun.plus(10 * DAY);
    let count = store.erase_old(begun.plus(DAY / 2), now).await.expect("erased");
    let id = "retention".to_owned();
    assert_eq!(count, 1, "the one that was forgotten, and not the one that was closed since");
    assert_eq!(how(&store, forgotten.id).await, (true, id.clone()));
    assert!(!how(&store, closed.id).await.0 && !how(&store, later.id).await.0);
    let now = begun.plus(20 * DAY);
    assert_eq!(store.erase_old(begun.plus(2 * DAY), now).await.expect("erased"), 1);
    assert_eq!(how(&store, closed.id).await, (true, id));
    assert!(!how(&store, later.id).await.0, "what is due later is still to be made");
    assert_eq!(store.erase_old(begun.plus(2 * DAY), now).await.expect("read"), 0);
    // It does not stand among those of today.
    let today = service.poll("after=earliest").await;
    assert_eq!(today["events"].as_array().map(Vec::len), Some(6));
    let unknown = Erasure { order: OrderId(uuid()), ..wish(&closed, now) };
    assert!(matches!(store.erase(unknown).await, Err(EraseError::NotFound)));
}

/// Whether an order is erased, and who had to do with it last.
async fn how(store: &Arc<dyn Store>, id: OrderId) -> (bool, String) {
    let order = store.order(id).await.expect("read").expect("an order");
    (order.erased.0, order.last_change.actor.id)
}

fn uuid() -> uuid::Uuid {
    uuid::Uuid::nil()
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Place,
    Go(Index, Index),
    Erase(Index),
    /// Somebody comes who has everything up to some event.
    Join(Index, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Place),
        5 => any::<(Index, Index)>().prop_map(|(order, to)| Step::Go(order, to)),
        2 => any::<Index>().prop_map(Step::Erase),
        3 => any::<(Index, bool)>().prop_map(|(after, types)| Step::Join(after, types)),
    ]
}

/// Reads a stream until what comes `is_last`; heartbeats do not count.
async fn read_until(body: &mut axum::body::Body, is_last: impl Fn(&Frame) -> bool) -> Vec<Frame> {
    let mut reader = FrameReader::default();
    let mut frames = Vec::new();
    loop {
        let piece = within("a piece", body.frame()).await.expect("more").expect("bytes");
        let mut last = false;
        for frame in reader.push(&piece.into_data().expect("data")) {
            last |= is_last(&frame);
            frames.extend((frame.event != "heartbeat").then_some(frame));
        }
        if last {
            return frames;
        }
    }
}

/// Reads a stream until its first heartbeat, which says that it has caught up.
async fn caught_up(mut body: axum::body::Body) -> Vec<Frame> {
    read_until(&mut body, |frame| frame.event == "heartbeat").await
}

fn secret(number: usize) -> String {
    format!("secret{number}of")
}

/// Every event is there, once and in order, and tells of nobody who was erased.
fn is_whole(frames: &[Frame], after: u64, head: u64, erased: &[usize]) {
    let ids: Vec<u64> = frames
        .iter()
        .filter(|frame| frame.event != "hello")
        .map(|frame| id_of(frame).seq.0)
        .collect();
    assert_eq!(ids, (after + 1..=head).collect::<Vec<_>>());
    for frame in frames {
        for number in erased {
            assert!(!frame.data.contains(&secret(*number)), "{number} in {frame:?}");
        }
    }
}

async fn play(steps: Vec<Step>, ring: usize) {
    let service = Offline::new(ring);
    let everything = StreamFilter::default();
    let first = service.poll("after=earliest").await["cursor"].as_str().expect("text").to_owned();
    let epoch = first.split_once('-').expect("an id").0.to_owned();
    let mut orders: Vec<FoodOrder> = Vec::new();
    let mut erased: Vec<usize> = Vec::new();
    let mut head = 0_u64;
    // Has its seat, and takes nothing until the end.
    let mut slow = service.open(&everything, Some(&format!("{epoch}-0"))).await;
    read_until(&mut slow, |frame| frame.event == "heartbeat").await;
    for step in steps {
        service.app.clock.set(service.app.clock.now().plus(1000));
        match step {
            Step::Place => {
                orders.push(place(&service, &secret(orders.len())).await);
                head += 1;
            }
            Step::Go(order, to) if !orders.is_empty() => {
                let order = order.get_mut(&mut orders);
                let allowed = order.status.allowed(order.fulfilment.service);
                if !allowed.is_empty() {
                    let action = Action::Transition { to: *to.get(allowed), reason: None };
                    *order = change(&service.app, order, action).await;
                    head += 1;
                }
            }
            Step::Erase(order) if !orders.is_empty() => {
                let number = order.index(orders.len());
                let wish = wish(&orders[number], service.app.clock.now());
                let json = service.app.store.erase(wish).await.expect("erased").order_json;
                if !erased.contains(&number) {
                    erased.push(number);
                    head += 1;
                }
                orders[number] = serde_json::from_slice(&json).expect("an order");
            }
            Step::Join(after, packed) => {
                let after = after.index(usize::try_from(head).expect("few") + 1) as u64;
                let id = format!("{epoch}-{after}");
                // Packed or not, who follows reads the same log.
                let filter = if packed {
                    StreamFilter { types: EventKind::ALL.to_vec(), ..everything.clone() }
                } else {
                    everything.clone()
                };
                let frames = caught_up(service.open(&filter, Some(&id)).await).await;
                is_whole(&frames, after, head, &erased);
            }
            _ => {}
        }
    }
    let frames = caught_up(service.open(&everything, Some(&format!("{epoch}-0"))).await).await;
    is_whole(&frames, 0, head, &erased);
    if head > 0 {
        let is_last = |frame: &Frame| frame.id == format!("{epoch}-{head}");
        is_whole(&read_until(&mut slow, is_last).await, 0, head, &erased);
    }
    let polled = service.poll("after=earliest&limit=1000").await;
    let events = polled["events"].as_array().expect("events");
    assert_eq!(events.len() as u64, head);
    for (index, event) in (1..).zip(events) {
        assert_eq!(event["id"], format!("{epoch}-{index}"));
        for number in &erased {
            let is_theirs = event["order"]["id"] == orders[*number].id.to_string();
            assert!(!is_theirs || event["order"]["erased"] == true, "{event}");
            assert!(!event.to_string().contains(&secret(*number)), "{event}");
        }
    }
    // And nobody else has lost anything.
    for (number, order) in orders.iter().enumerate() {
        let stored = service.app.store.order(order.id).await.expect("read").expect("there");
        assert_eq!(&stored, order);
        assert_eq!(stored.customer.name == secret(number), !erased.contains(&number));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever happens and whatever is erased, whoever reads finds every event
    /// at its place, and in none of them whom they should not.
    #[test]
    fn readers_find_every_event_and_nobody_who_was_erased(
        steps in vec(step(), 1..50),
        ring in prop::sample::select(vec![1_usize, 3000, 1 << 20]),
    ) {
        block_on(play(steps, ring));
    }
}

fn erase_command(data: &Path, order: &FoodOrder, flags: &[&str]) -> (bool, String) {
    let mut command = Command::new(program());
    command.args(["erase", "--order", &order.id.to_string(), "--data"]).arg(data).args(flags);
    let output = command.current_dir(std::env::temp_dir()).output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).expect("UTF-8"))
}

#[tokio::test]
async fn the_command_line_erases_whether_the_server_runs_or_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (open, closed) = {
        let mut program = Program::serve(folder.path(), &[]);
        let open = program.client.place(&personal()).await;
        let (done, said) = erase_command(folder.path(), &open, &[]);
        assert!(!done && said.contains("the order is placed") && said.contains("--while-open"));
        let closed = cancel(program.client, &open).await;
        let mut stream = program.client.stream("").await;
        stream.expect("hello").await;
        let (data, order) = (folder.path().to_owned(), closed.clone());
        let erasing = tokio::task::spawn_blocking(move || erase_command(&data, &order, &[]));
        let erased = order_of(&stream.until("order.erased").await);
        assert_eq!(erased.last_change.actor.id, "command line");
        let (done, said) = within("the command", erasing).await.expect("it ran");
        assert!(done, "{said}");
        assert_eq!(said, format!("order {} is erased\n", closed.id));
        assert_eq!(in_files(folder.path()), [""; 0]);
        let mut next = personal();
        next["source"]["external_id"] = json!("W-2");
        let open = program.client.place(&next).await;
        program.terminate();
        program.wait();
        (open, closed)
    };
    // On its own now.
    assert!(erase_command(folder.path(), &closed, &[]).0, "it is already");
    let (done, said) = erase_command(folder.path(), &open, &[]);
    assert!(!done && said.contains("--while-open"), "{said}");
    assert!(!in_files(folder.path()).is_empty());
    let (done, said) = erase_command(folder.path(), &open, &["--while-open"]);
    assert!(done, "{said}");
    assert_eq!(in_files(folder.path()), [""; 0]);
    let nowhere = folder.path().join("nowhere");
    let (done, said) = erase_command(&nowhere, &open, &[]);
    assert!(!done && said.contains("there is no store in"), "{said}");
    assert!(!nowhere.exists());
    assert!(PATIENCE.as_secs() > 30, "longer than the command waits");
}
