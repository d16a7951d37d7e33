//! `live-orders check` and `live-orders backup`: on stores that rest and stores that
//! are written to, sound ones and others.

use std::{
    collections::HashMap,
    path::Path,
    process::{Command, Output},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use live_orders::{
    domain::{FoodOrder, OrderId, OrderStatus},
    server::upkeep,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::support::{
    Client, Program, TestServer, burger, cursor_of, program, read, request, within,
};

/// An order that has been through much and is erased, two more, and all that points
/// to orders.
pub(crate) async fn live_through_an_evening(client: Client) {
    let order = serve_an_evening(client).await;
    erase(client, order).await;
}

pub(crate) async fn erase(client: Client, order: OrderId) {
    client.post(&format!("/api/orders/{order}/erase"), &json!({})).await.order();
}

/// The same before anything is erased; the order that is to be.
pub(crate) async fn serve_an_evening(client: Client) -> OrderId {
    let soup = json!({
        "items": [
            {"name": "Soup", "quantity": 2, "station": "hot", "note": "no salt"},
            {"name": "Cake", "quantity": 1, "station": "cold"},
        ],
        "customer": {"name": "Ana", "phone": "555"},
        "source": {"channel": "web", "external_id": "w-1"},
        "fulfilment": {"type": "delivery", "address": "12 Long Street"},
    });
    let order = client.post_with(&soup, &[("idempotency-key", "one")]).await.order();
    let order = client.go(&order, OrderStatus::Accepted).await;
    let change = json!({"rush": true, "expected_version": order.version});
    let path = format!("/api/orders/{}", order.id);
    let order = client.patch(&path, &change).await.order();
    let order = client.go(&order, OrderStatus::Preparing).await;
    let order = client.go(&order, OrderStatus::Ready).await;
    let order = client.go(&order, OrderStatus::Preparing).await;
    let order = client.go(&order, OrderStatus::Ready).await;
    let order = client.go(&order, OrderStatus::OutForDelivery).await;
    let order = client.go(&order, OrderStatus::Completed).await;
    client.place(&burger()).await;
    let cancelled = client.place(&burger()).await;
    client.go(&cancelled, OrderStatus::Cancelled).await;
    let seen = json!({"screen": "expo", "orders": [cancelled.id]});
    assert_eq!(client.post("/api/seen", &seen).await.status, 204);
    let screen = json!({"name": "grill", "stations": ["hot"]});
    assert_eq!(client.put("/api/screens/grill", &screen).await.status, 201);
    order.id
}

/// A store that an evening has left.
pub(crate) async fn store() -> TempDir {
    let server = TestServer::start().await;
    live_through_an_evening(server.client).await;
    server.stop().await.expect("a folder")
}

fn run(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(program());
    command.args(arguments).arg("--data").arg(data).current_dir(std::env::temp_dir());
    command.output().expect("it runs")
}

/// What `check` says of the store in `data`, line by line, and whether that it is sound.
fn check(data: &Path) -> (bool, Vec<String>) {
    let Output { status, stdout, stderr } = run(&["check"], data);
    let said = String::from_utf8(stdout).expect("UTF-8");
    assert_eq!(String::from_utf8_lossy(&stderr), "", "{said}");
    assert!(matches!(status.code(), Some(0 | 1)), "{status}: {said}");
    (status.success(), said.lines().map(str::to_owned).collect())
}

#[track_caller]
fn assert_sound(data: &Path) -> String {
    let (sound, said) = check(data);
    assert!(sound && said.len() == 1, "{said:?}");
    said[0].clone()
}

fn backup(data: &Path, to: &Path) -> Output {
    run(&["backup", "--to", to.to_str().expect("UTF-8")], data)
}

fn database(folder: &Path, file: &str) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join(file)).expect("a database")
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for file in ["orders.db", "access.db"] {
        std::fs::copy(folder.join(file), copy.path().join(file)).expect("copied");
    }
    copy
}

#[tokio::test]
async fn a_sound_store_is_told_to_be_sound_and_is_not_touched() {
    let folder = store().await;
    let before = crate::refusals::contents(folder.path());
    let said = assert_sound(folder.path());
    let orders = "sound; looked at orders.db: 3 orders (1 erased), 13 events (after 0 up to 13), \
                  1 idempotency keys, 1 days of numbers, 1 screens, 0 webhooks; access.db: 1 users, ";
    assert!(said.starts_with(orders), "{said}");
    assert_eq!(crate::refusals::contents(folder.path()), before);

    // What was let go of is no gap.
    let database = database(folder.path(), "orders.db");
    let prune = "DELETE FROM log WHERE seq <= 4; UPDATE meta SET value = '4' WHERE key = 'floor'";
    database.execute_batch(prune).expect("pruned");
    drop(database);
    let said = assert_sound(folder.path());
    assert!(said.contains("9 events (after 4 up to 13)"), "{said}");
}

#[tokio::test]
async fn each_fault_is_told_with_its_place() {
    let folder = store().await;
    let copy_column = "UPDATE orders SET data = json_set(data, ";
    let cases = [
        ("DELETE FROM log WHERE seq = 5", "event 6: before it the log has a gap: 5"),
        ("DELETE FROM log WHERE seq IN (5, 6)", "event 7: before it the log has a gap: 5 to 6"),
        ("DELETE FROM log WHERE seq = 5", "event 6: version 6 follows version 4"),
        ("UPDATE log SET kind = 'order.ready' WHERE seq = 2", "event 2: its columns do not say"),
        ("UPDATE log SET stations = 'x' WHERE seq = 2", "event 2: its columns do not say"),
        ("UPDATE log SET at = at + 1 WHERE seq = 2", "event 2: its columns do not say"),
        ("UPDATE log SET data = 'x' WHERE seq = 2", "event 2: it cannot be read"),
        (
            "UPDATE log SET data = json_set(data, '$.version', 9) WHERE seq = 2",
            "event 2: version 9 follows version 1",
        ),
        (
            "UPDATE log SET to_status = 'completed', kind = 'order.completed', data = \
             json_set(data, '$.status', 'completed', '$.last_change.to', 'completed') \
             WHERE seq = 2",
            "event 2: no order goes from placed to completed",
        ),
        (
            "UPDATE log SET from_status = 'ready', data = \
             json_set(data, '$.last_change.from', 'ready') WHERE seq = 4",
            "event 4: it goes from ready, and the order was accepted",
        ),
        (
            "UPDATE log SET data = json_set(data, '$.customer.name', 'Ana') WHERE seq = 1",
            "event 1: its order is erased, and it still tells of a person",
        ),
        (&format!("{copy_column}'$.revision', 7) WHERE row = 2"), "it is not as event 10 left it"),
        ("UPDATE orders SET status = 'ready' WHERE row = 2", "its column status does not say"),
        ("UPDATE orders SET open = 0 WHERE row = 2", "its column open does not say"),
        ("UPDATE orders SET erased = 0 WHERE row = 1", "its column erased does not say"),
        ("UPDATE orders SET external_id = 'w' WHERE row = 2", "its column external_id does not"),
        ("UPDATE orders SET tracking = NULL WHERE row = 2", "its column tracking does not say"),
        ("UPDATE orders SET data = '{}' WHERE row = 2", "the order in row 2 cannot be read"),
        ("DELETE FROM orders WHERE row = 2", "log: it tells of an order that there is not"),
        ("DELETE FROM orders WHERE row = 1", "idempotency_keys: a key is of an order that there"),
        ("DELETE FROM orders WHERE row = 3", "seen: an order was seen that there is not"),
        ("UPDATE numbers SET last = 102", "numbers: location main goes on with another number"),
        (
            &format!("{copy_column}'$.number', 101 + 1) WHERE row = 3"),
            "its number 102 was not the next one of its day",
        ),
        ("UPDATE orders SET location = 'x' WHERE row = 2", "its column location does not say"),
        ("UPDATE sides SET last = last + 1", "its last event is "),
        ("UPDATE sides SET pruned = last", "is said to be gone, and the log begins after 0"),
        ("DELETE FROM sides", "sides: orders are of a location and channel that is not there"),
        ("DELETE FROM meta WHERE key = 'floor'", "meta: it does not say where the log begins"),
        ("UPDATE screens SET data = 'x'", "screens: a row cannot be read"),
        (
            "INSERT INTO webhooks (id, url, filter, secret, state, since, cursor, created_at) \
             VALUES ('x', 'x', 'x', 'x', 'on', 0, 0, 0)",
            "webhooks: a row cannot be read",
        ),
        ("CREATE TABLE more (x)", "orders.db: table more is not of live-orders"),
        ("DROP INDEX log_of_order", "orders.db: index log_of_order is missing"),
        (
            "DROP INDEX orders_open; CREATE INDEX orders_open ON orders (placed_at)",
            "orders.db: index orders_open is not as live-orders makes it",
        ),
    ];
    for (harm, expected) in cases {
        let copy = copy_of(folder.path());
        database(copy.path(), "orders.db").execute_batch(harm).expect(harm);
        let (sound, said) = check(copy.path());
        assert!(!sound && said.len() > 1, "{harm}: {said:?}");
        assert!(said.iter().any(|line| line.contains(expected)), "{harm}: {said:?}");
        let verdict = said.last().expect("a verdict");
        assert!(verdict.contains(" fault") && verdict.contains("looked at"), "{verdict}");
        assert!(!said.concat().contains("Ana"), "it quotes nobody: {said:?}");
    }
}

#[tokio::test]
async fn a_register_that_is_not_sound_is_told_too() {
    let folder = store().await;
    let cases = [
        ("UPDATE users SET role = 'king'", "access.db users: a row cannot be read"),
        ("DROP TABLE audit", "access.db: table audit is missing"),
        (
            "PRAGMA foreign_keys = OFF; DELETE FROM users",
            "access.db sessions: a row belongs to none of users",
        ),
    ];
    for (harm, expected) in cases {
        let copy = copy_of(folder.path());
        database(copy.path(), "access.db").execute_batch(harm).expect(harm);
        let (sound, said) = check(copy.path());
        assert!(!sound && said[0].starts_with(expected), "{harm}: {said:?}");
    }
    // A page in the middle is noise: told, and not a reason to stop at once.
    let copy = copy_of(folder.path());
    let file = copy.path().join("access.db");
    let mut bytes = std::fs::read(&file).expect("it is there");
    bytes[4096..8192].fill(0xA5);
    std::fs::write(&file, bytes).expect("written");
    assert!(!check(copy.path()).0);
    let nothing = tempfile::tempdir().expect("a folder");
    let output = run(&["check"], nothing.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no store in"));
    assert_eq!(nothing.path().read_dir().expect("a folder").count(), 0);
}

/// Posts until it is told to stop; what was acknowledged.
struct Storm {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<HashMap<OrderId, FoodOrder>>>,
    progress: Arc<Notify>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Storm {
    fn begin(client: Client) -> Self {
        let (stop, acknowledged, progress) = <(Arc<_>, Arc<Mutex<_>>, Arc<Notify>)>::default();
        let tasks = (0..8)
            .map(|_| {
                let (stop, acknowledged, progress) =
                    (Arc::clone(&stop), Arc::clone(&acknowledged), Arc::clone(&progress));
                tokio::spawn(post(client, stop, acknowledged, progress))
            })
            .collect();
        Self { stop, acknowledged, progress, tasks }
    }

    fn acknowledged(&self) -> HashMap<OrderId, FoodOrder> {
        self.acknowledged.lock().expect("a lock").clone()
    }

    async fn until(&self, count: usize) {
        within("orders to be acknowledged", async {
            while self.acknowledged.lock().expect("a lock").len() < count {
                self.progress.notified().await;
            }
        })
        .await;
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            within("a client to stop", task).await.expect("no panic");
        }
    }
}

async fn post(
    client: Client,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<HashMap<OrderId, FoodOrder>>>,
    progress: Arc<Notify>,
) {
    let mut connection = client.connect().await.expect("a connection");
    let line = json!({"name": "Soup", "quantity": 1, "note": "n".repeat(400)});
    let body = json!({"items": vec![line; 8]}).to_string();
    while !stop.load(Ordering::Relaxed) {
        let post = request(hyper::Method::POST, "/api/orders", &[], Some(body.clone().into()));
        let order = connection.send(post).await.expect("an answer").order();
        acknowledged.lock().expect("a lock").insert(order.id, order);
        progress.notify_one();
    }
}

#[tokio::test]
async fn a_backup_under_load_holds_what_was_acknowledged_and_can_be_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::serve(folder.path(), &[]);
    live_through_an_evening(program.client).await;
    let storm = Storm::begin(program.client);
    storm.until(300).await;
    let before = storm.acknowledged();
    let old = cursor_of(&program.client.stream("").await.expect("hello").await).to_string();

    let (data, to) = (folder.path().to_owned(), folder.path().with_extension("backup"));
    let made = {
        let (data, to) = (data.clone(), to.clone());
        tokio::task::spawn_blocking(move || backup(&data, &to))
    };
    let output = within("a backup", made).await.expect("no panic");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("copied orders.db ("), "{said}");
    assert!(said.contains("access.db"), "{said}");
    // The one that is written to is sound as well, at every moment.
    let running = tokio::task::spawn_blocking(move || check(&data));
    let (sound, told) = within("a check", running).await.expect("no panic");
    assert!(sound, "{told:?}");
    let count = storm.acknowledged().len();
    storm.until(count + 1).await;
    storm.end().await;
    drop(program);

    let _removed = Removed(&to);
    assert_sound(&to);
    #[cfg(unix)]
    for (path, expected) in [("", 0o700), ("orders.db", 0o600), ("access.db", 0o600)] {
        use std::os::unix::fs::PermissionsExt as _;
        let permissions = to.join(path).metadata().expect("it is there").permissions();
        assert_eq!(permissions.mode() & 0o777, expected, "{path}");
    }
    let files = to.read_dir().expect("a folder").count();
    assert_eq!(files, 2, "no log, nothing that is left over");

    let restored = TestServer::start_in(&to, |_| {}).await;
    let there = restored.all_orders().await;
    for (id, order) in &before {
        assert_eq!(there.get(id), Some(order));
    }
    let mut stream = restored.stream_from("", Some(&old)).await;
    stream.expect("hello").await;
    let snapshot: Value = read(&stream.expect("snapshot").await);
    assert_eq!(snapshot["reason"], "unknown_id");
    assert!(snapshot["orders"].as_array().expect("orders").len() > before.len());
    restored.place(&burger()).await;
    restored.stop().await;
    assert_sound(&to);
}

struct Removed<'a>(&'a Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0);
    }
}

#[tokio::test]
async fn a_backup_overwrites_nothing_and_leaves_nothing_half_done() {
    let folder = store().await;
    let place = tempfile::tempdir().expect("a folder");
    let refused = |to: &Path, expected: &str| {
        let before = crate::refusals::contents(place.path());
        let output = backup(folder.path(), to);
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{reason}");
        assert!(reason.contains(expected) && reason.trim_end().lines().count() == 1, "{reason}");
        assert_eq!(crate::refusals::contents(place.path()), before);
    };
    // The orders alone, as one file.
    let file = place.path().join("orders.db");
    assert!(backup(folder.path(), &file).status.success());
    refused(&file, "is there already");
    assert_sound(place.path());
    refused(place.path(), "is there already");
    refused(&place.path().join("nowhere").join("deeper"), "cannot write");
    std::fs::create_dir(place.path().join("all.partial")).expect("a folder");
    refused(&place.path().join("all"), "of a backup that is not finished");
    std::fs::remove_dir(place.path().join("all.partial")).expect("removed");
    // An empty folder is as good as none.
    std::fs::create_dir(place.path().join("all")).expect("a folder");
    assert!(backup(folder.path(), &place.path().join("all")).status.success());
    assert_sound(&place.path().join("all"));

    // What is damaged is not copied as if it were sound.
    let harmed = copy_of(folder.path());
    let orders = harmed.path().join("orders.db");
    let mut bytes = std::fs::read(&orders).expect("it is there");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xA5);
    std::fs::write(&orders, bytes).expect("written");
    let output = backup(harmed.path(), &place.path().join("harmed"));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the store is damaged"));
    assert!(!place.path().join("harmed").exists());
    assert!(!place.path().join("harmed.partial").exists());
}

#[tokio::test]
async fn what_a_killed_server_leaves_is_checked_and_copied_with_its_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Program::serve(folder.path(), &[]);
    live_through_an_evening(program.client).await;
    program.kill();
    let (file, log) = (folder.path().join("orders.db"), folder.path().join("orders.db-wal"));
    let before = (std::fs::read(&file).expect("a file"), std::fs::read(&log).expect("a log"));
    let said = assert_sound(folder.path());
    assert!(said.contains("13 events"), "{said}");
    let to = folder.path().join("copy");
    assert!(backup(folder.path(), &to).status.success());
    assert!(assert_sound(&to).contains("13 events"));
    let after = (std::fs::read(&file).expect("a file"), std::fs::read(&log).expect("a log"));
    assert!(before == after, "what was read is as it was");
    assert_eq!(upkeep::check(folder.path()).expect("a report").text.lines().count(), 1);
}
