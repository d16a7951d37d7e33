//! The program is killed in the middle of a storm of orders, again and again.
//! What it has acknowledged is there, once; what it has not is there once or
//! not at all; and readers that come back have what it has.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use hyper::Method;
use live_orders::{
    domain::{FoodOrder, OrderId, OrderStatus, Version},
    wire::{Snapshot, StreamFilter},
};
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

use crate::support::{Client, Connection, Program, order_of, read, request, within};

const ROUNDS: usize = 10;
const POSTS: usize = 2000;
/// How many orders are acknowledged before the next kill; never the same number.
const KILL_AFTER: [usize; ROUNDS] = [1, 90, 400, 170, 700, 33, 1100, 250, 520, 880];

/// What a round's clients know.
#[derive(Default)]
struct Book {
    /// What was acknowledged: the order that each key placed.
    placed: Mutex<HashMap<String, FoodOrder>>,
    /// Changes that were acknowledged: the version that each order has at least.
    changed: Mutex<HashMap<OrderId, Version>>,
    /// Keys that were sent.
    sent: Mutex<HashSet<String>>,
    acknowledged: AtomicUsize,
    /// Told with each acknowledgement.
    progress: Notify,
}

fn order_of_key(key: &str) -> Value {
    json!({"items": [{"name": "Soup", "quantity": 1}], "source": {"channel": "web"},
           "customer": {"name": key}})
}

async fn post(connection: &mut Connection, key: &str) -> Result<(bool, FoodOrder), String> {
    let headers = [("idempotency-key", key)];
    let body = order_of_key(key).to_string();
    let request = request(Method::POST, "/api/orders", &headers, Some(body.into()));
    let answer = connection.send(request).await?;
    assert_eq!(answer.status, 201, "{}", answer.text());
    Ok((answer.header("idempotency-replayed") == "true", answer.order()))
}

/// What a client does with the order it has placed.
#[derive(Clone, Copy)]
enum Then {
    Accept,
    Add,
    Nothing,
}

/// One client: an order, and what it does with it then. The program dies
/// at any time; whoever has no answer knows nothing.
async fn customer(client: Client, key: String, then: Then, book: Arc<Book>) -> Result<(), String> {
    let mut connection = client.connect().await?;
    book.sent.lock().expect("not poisoned").insert(key.clone());
    let (_, order) = post(&mut connection, &key).await?;
    let id = order.id;
    book.placed.lock().expect("not poisoned").insert(key, order);
    book.acknowledged.fetch_add(1, Ordering::SeqCst);
    book.progress.notify_one();
    let path = format!("/api/orders/{id}");
    let change = match then {
        Then::Accept => {
            let body = json!({"to": "accepted", "expected_version": 1}).to_string();
            request(Method::POST, &format!("{path}/transitions"), &[], Some(body.into()))
        }
        Then::Add => {
            let add = json!([{"name": "Bread", "quantity": 1}]);
            let body = json!({"add": add, "expected_version": 1}).to_string();
            request(Method::PATCH, &path, &[], Some(body.into()))
        }
        Then::Nothing => return Ok(()),
    };
    let order = connection.send(change).await?.order();
    book.changed.lock().expect("not poisoned").insert(id, order.version);
    Ok(())
}

/// In the middle of it somebody moves the switch, and a screen shows an order.
async fn aside(client: Client, round: usize, shown: Option<OrderId>) -> Result<(), String> {
    let mut connection = client.connect().await?;
    let busy = json!({"state": "busy", "minutes": 60, "extra_min": round + 1});
    let busy = request(Method::PUT, "/api/intake", &[], Some(busy.to_string().into()));
    assert_eq!(connection.send(busy).await?.status, 200);
    if let Some(id) = shown {
        let seen = json!({"screen": format!("screen {round}"), "orders": [id]});
        let seen = request(Method::POST, "/api/seen", &[], Some(seen.to_string().into()));
        assert_eq!(connection.send(seen).await?.status, 204);
    }
    Ok(())
}

/// A reader over the whole time: it is cut with each kill, and comes back with
/// its last id. It ends when it has come to where `until` says.
async fn reader(
    query: &'static str,
    mut address: watch::Receiver<Client>,
    mut until: watch::Receiver<Option<u64>>,
) -> Reader {
    let mut reader = Reader::default();
    loop {
        let client = *address.borrow_and_update();
        let Ok(mut stream) = client.try_stream(query, reader.last_id.as_deref()).await else {
            // It is down; the next one announces itself.
            address.changed().await.expect("the test goes on");
            continue;
        };
        loop {
            let frame = tokio::select! {
                frame = stream.poll() => frame,
                _ = until.changed() => continue,
            };
            let Some(frame) = frame else { break };
            let seq = crate::support::id_of(&frame).seq.0;
            reader.last_id = Some(frame.id.clone());
            match frame.event.as_str() {
                "hello" | "heartbeat" => {}
                "snapshot" => panic!("its id was good: {:?}", read::<Snapshot>(&frame).reason),
                _ => {
                    let order = order_of(&frame);
                    let before = reader.orders.insert(order.id, order.clone());
                    let newer = before.is_none_or(|before| before.version < order.version);
                    assert!(newer, "each change once, in order: {frame:?}");
                    reader.seqs.push(seq);
                }
            }
            if until.borrow().is_some_and(|end| seq >= end) {
                return reader;
            }
        }
    }
}

#[derive(Default)]
struct Reader {
    last_id: Option<String>,
    orders: HashMap<OrderId, FoodOrder>,
    seqs: Vec<u64>,
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_a_storm_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = ["stream.heartbeat_ms=500", "stream.ring_mib=1", "orders.time_zone=UTC"];
    rlimit::increase_nofile_limit(2 * POSTS as u64).expect("enough open files");
    let mut program = Program::serve(folder.path(), &settings);
    let (announce, address) = watch::channel(program.client);
    let (end, until) = watch::channel(None);
    let mut readers = Vec::new();
    for query in [
        "after=earliest",
        "after=earliest&status=placed",
        "after=earliest&types=order.accepted",
        "after=earliest&channel=web",
    ] {
        readers.push((query, tokio::spawn(reader(query, address.clone(), until.clone()))));
    }
    let book = Arc::new(Book::default());
    let mut answered_aside = 0;
    for (round, kill_after) in KILL_AFTER.into_iter().enumerate() {
        let mut customers = JoinSet::new();
        let before = book.acknowledged.load(Ordering::SeqCst);
        let shown = book.placed.lock().expect("not poisoned").values().next().map(|it| it.id);
        let mut other = tokio::spawn(aside(program.client, round, shown));
        // In the storm it may have no answer in any round.
        let before_the_storm = round % 2 == 0;
        if before_the_storm {
            let answered = within("the other client", &mut other).await.expect("no panic");
            other = tokio::spawn(async { answered });
        }
        for index in 0..POSTS {
            let key = format!("round-{round}-order-{index}");
            let then = [Then::Accept, Then::Add, Then::Nothing][index % 3];
            customers.spawn(customer(program.client, key, then, Arc::clone(&book)));
        }
        let enough = async {
            while book.acknowledged.load(Ordering::SeqCst) < before + kill_after {
                book.progress.notified().await;
            }
        };
        within("enough orders", enough).await;
        program.kill();
        let results = within("everybody to notice", customers.join_all()).await;
        let failed = results.iter().filter(|result| result.is_err()).count();
        assert!(failed > 0, "it was killed in the middle");

        program = Program::serve(folder.path(), &settings);
        announce.send(program.client).expect("readers");
        // Everything that was acknowledged in this round is there, and the same.
        if within("the other client", other).await.expect("no panic").is_ok() {
            answered_aside += 1;
            let intake = program.client.get("/api/intake").await.json();
            assert_eq!(intake["extra_min"], json!(round + 1));
            if let Some(id) = shown {
                let order = program.client.get(&format!("/api/orders/{id}")).await.json();
                let screens = order["seen"].as_array().expect("screens");
                let screen = json!(format!("screen {round}"));
                assert!(screens.iter().any(|seen| seen["screen"] == screen), "{order}");
            }
        }
        let mut connection = program.client.connect().await.expect("a connection");
        let known = book.placed.lock().expect("not poisoned").clone();
        let unknown: Vec<String> = {
            let sent = book.sent.lock().expect("not poisoned");
            sent.iter().filter(|key| !known.contains_key(*key)).cloned().collect()
        };
        let prefix = format!("round-{round}-");
        for (key, order) in known.iter().filter(|(key, _)| key.starts_with(&prefix)) {
            let (replayed, again) = post(&mut connection, key).await.expect("an answer");
            assert!(replayed, "{key} was acknowledged");
            assert_eq!(&again, order);
        }
        // Of those without an answer some try again, as clients do; others give up.
        let mut again = unknown.iter().filter(|key| key.starts_with(&prefix));
        for key in again.by_ref().take(25) {
            let (_, order) = post(&mut connection, key).await.expect("an answer");
            book.placed.lock().expect("not poisoned").insert(key.clone(), order);
        }
    }
    assert!(answered_aside > 0, "some had an answer");
    check_log(program.client, &book).await;

    let log = program.client.log().await;
    let head = log.last().expect("events").0.seq.0;
    end.send(Some(head)).expect("readers");
    for (query, task) in readers {
        let reader = within("a reader to have everything", task).await.expect("it did not panic");
        let mut filter = StreamFilter::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let _ = filter.add(&name, &value);
        }
        let wanted = |order: &FoodOrder| filter.matches(&live_orders::wire::EventFacts::of(order));
        let expected: Vec<u64> =
            log.iter().filter(|(_, order)| wanted(order)).map(|(id, _)| id.seq.0).collect();
        assert_eq!(reader.seqs, expected, "{query:?}");
        if filter.is_everything() {
            assert_eq!(reader.orders, program.client.all_orders().await);
        }
    }
}

/// The log has no gap, every order's versions are whole and legal, each key
/// has one order at most, and what was acknowledged is in it.
async fn check_log(client: Client, book: &Book) {
    let log = client.log().await;
    let mut orders: HashMap<OrderId, FoodOrder> = HashMap::new();
    for ((id, order), seq) in log.iter().zip(1..) {
        assert_eq!(id.seq.0, seq, "the log has no gap");
        match orders.insert(order.id, order.clone()) {
            None => {
                assert_eq!(order.version, Version::FIRST);
                assert_eq!(order.status, OrderStatus::Placed);
            }
            Some(before) => {
                assert_eq!(order.version, before.version.next());
                assert_eq!(order.last_change.from, Some(before.status));
                let service = order.fulfilment.service;
                let edited = order.revision == before.revision + 1;
                assert!(edited || before.status.may_become(order.status, service));
            }
        }
    }
    let mut by_key: HashMap<&str, OrderId> = HashMap::new();
    let mut numbers = HashSet::new();
    for order in orders.values() {
        let double = by_key.insert(&order.customer.name, order.id);
        assert_eq!(double, None, "{} was placed twice", order.customer.name);
        // The business day begins at four in the morning.
        let day = (order.times.placed_at.0 / 3_600_000 - 4) / 24;
        assert!(numbers.insert((day, order.number)), "{} was given twice", order.number);
    }
    let sent = book.sent.lock().expect("not poisoned").clone();
    assert!(by_key.keys().all(|key| sent.contains(*key)));
    for (key, order) in &*book.placed.lock().expect("not poisoned") {
        assert_eq!(by_key.get(key.as_str()), Some(&order.id), "{key} was acknowledged");
    }
    for (id, version) in &*book.changed.lock().expect("not poisoned") {
        assert!(orders[id].version >= *version, "a change was acknowledged");
    }
    // The list says the same as the log.
    let list = client.get("/api/orders").await.json();
    let listed: Vec<FoodOrder> = serde_json::from_value(list["orders"].clone()).expect("orders");
    assert_eq!(listed.len(), orders.values().filter(|order| order.status.is_open()).count());
    for order in listed {
        assert_eq!(orders.get(&order.id), Some(&order));
    }
}
