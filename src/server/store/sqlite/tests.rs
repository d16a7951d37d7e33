//! What needs a look into the files: what is in them after an erasure, and beside
//! whom else reads them.

use std::{io::Write as _, pin::pin, sync::Arc};

use futures_util::poll;
use rusqlite::Connection;

use super::*;
use crate::{
    domain::{Actor, ActorKind, Customer, Promise, testing},
    server::store::{Committed, Fingerprint},
};

const HOUR: Duration = Duration::from_hours(1);
const NAME: &str = "Zacharias-Quux";

struct Deaf;

impl CommitSink for Deaf {
    fn committed(&self, _: &[Committed]) {}

    fn announce(&self) {}
}

fn open(folder: &Path, patience: Duration) -> SqliteStore {
    SqliteStore::open_with(folder, Purpose::Service, Arc::new(Deaf), patience).expect("a store")
}

fn placement(store: &SqliteStore, key: Option<&str>) -> Placement {
    let id = OrderId(uuid::Uuid::now_v7());
    let mut order = testing::new_order(vec![testing::item("grill", "Soup", 1)]);
    order.customer = Customer { name: NAME.to_owned(), phone: None };
    Placement {
        fingerprint: Fingerprint::of_order(&order),
        order,
        id,
        at: UnixMillis(1000),
        business_day: 20_261_123,
        key: key.map(str::to_owned),
        by: None,
        promise: Promise::default(),
        tracking: store.tracking_key().digest(id),
        paused: None,
    }
}

async fn place(store: &SqliteStore) -> OrderId {
    store.place(placement(store, None)).await.expect("placed").id
}

fn wish(order: OrderId) -> Erasure {
    let actor = Actor { kind: ActorKind::Staff, id: "desk".to_owned() };
    Erasure { order, while_open: true, actor, at: UnixMillis(2000) }
}

/// Somebody who reads the store as it is now.
fn reader(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join(FILE)).expect("a store");
    connection
        .execute_batch("BEGIN; SELECT count(*) FROM orders; SELECT count(*) FROM log")
        .expect("read");
    connection
}

/// Whether the files of a store hold `text`.
fn hold(folder: &Path, text: &str) -> bool {
    ["", "-wal"].iter().any(|suffix| {
        let bytes = std::fs::read(folder.join([FILE, suffix].concat())).unwrap_or_default();
        memchr::memmem::find(&bytes, text.as_bytes()).is_some()
    })
}

#[tokio::test]
async fn whoever_reads_holds_up_the_answer_to_an_erasure_and_no_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), HOUR);
    let id = place(&store).await;
    let reader = reader(folder.path());
    let mut erasing = pin!(store.erase(wish(id)));
    assert!(poll!(&mut erasing).is_pending());
    // Each of them is written after it, and the last two not with it.
    for _ in 0..3 {
        place(&store).await;
    }
    let order = store.order(id).await.expect("read").expect("there");
    assert!(order.erased.0, "nobody else reads it any more");
    assert!(poll!(&mut erasing).is_pending(), "it is not gone yet");
    drop(reader);
    let erased = erasing.await.expect("erased");
    assert!(erased.from_disk);
    // The others have the same name.
    for event in store.events(Seq(0), 10).await.expect("read").events {
        let order: FoodOrder = serde_json::from_slice(&event.order_json).expect("an order");
        assert_eq!(order.customer.name.is_empty(), order.id == id);
    }
}

#[tokio::test]
async fn what_a_reader_has_kept_is_gone_with_the_next_start_or_the_next_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Duration::ZERO);
    let id = place(&store).await;
    let reader = reader(folder.path());
    assert!(!store.erase(wish(id)).await.expect("erased").from_disk, "and says so");
    assert!(!store.erase(wish(id)).await.expect("erased").from_disk, "asked again, too");
    assert!(hold(folder.path(), NAME));

    // As a power cut leaves it.
    let cut = tempfile::tempdir().expect("a folder");
    for suffix in ["", "-wal"] {
        let file = [FILE, suffix].concat();
        std::fs::copy(folder.path().join(&file), cut.path().join(&file)).expect("copied");
    }
    assert!(hold(cut.path(), NAME));
    let started = open(cut.path(), HOUR);
    assert!(!hold(cut.path(), NAME));
    assert!(started.erase(wish(id)).await.expect("it is").from_disk);

    // Nor does the log, while somebody reads at the start.
    drop(started);
    for suffix in ["", "-wal"] {
        let file = [FILE, suffix].concat();
        std::fs::copy(folder.path().join(&file), cut.path().join(&file)).expect("copied");
    }
    let late = self::reader(cut.path());
    let started = open(cut.path(), HOUR);
    let mut again = pin!(started.erase(wish(id)));
    assert!(poll!(&mut again).is_pending());
    drop(late);
    assert!(again.await.expect("it is").from_disk);
    assert!(!hold(cut.path(), NAME));

    drop(reader);
    while !store.erase(wish(id)).await.expect("it is").from_disk {}
    assert!(!hold(folder.path(), NAME));
}

#[tokio::test]
async fn an_order_that_cannot_be_read_keeps_no_other_from_being_erased() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), HOUR);
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(place(&store).await);
    }
    {
        let other = Connection::open(folder.path().join(FILE)).expect("a store");
        let damage = |table: &str, column: &str, id: OrderId| {
            let sql = format!("UPDATE {table} SET data = '{{' WHERE {column} = ?1");
            assert_eq!(other.execute(&sql, [id.0.as_bytes()]).expect("written"), 1);
        };
        damage("orders", "id", ids[0]);
        damage("log", "order_id", ids[1]);
    }
    let erase = || store.erase_old(UnixMillis(5000), UnixMillis(6000));
    assert_eq!(erase().await.expect("erased"), 2);
    assert_eq!(erase().await.expect("erased"), 0);
    for (id, erased) in [(ids[1], false), (ids[2], true), (ids[3], true)] {
        let order = store.order(id).await.expect("read").expect("there");
        assert_eq!(order.erased.0, erased);
    }
    // Positions are as if nothing had been tried.
    assert_eq!(store.events(Seq(4), 10).await.expect("read").head, Seq(6));
}

#[tokio::test]
async fn an_idempotency_key_is_kept_as_a_digest() {
    const KEY: &str = "ana@example.org";
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), HOUR);
    let first = placement(&store, Some(KEY));
    let id = store.place(first.clone()).await.expect("placed").id;
    assert!(!hold(folder.path(), KEY));
    drop(store);
    // As an earlier version has kept it.
    {
        let store = Connection::open(folder.path().join(FILE)).expect("a store");
        store
            .execute_batch(&format!(
                "UPDATE idempotency_keys SET key = '{KEY}';
                 INSERT INTO meta (key, value) VALUES ('keys_to_digest', '1');"
            ))
            .expect("written");
    }
    assert!(hold(folder.path(), KEY));
    let store = open(folder.path(), HOUR);
    assert!(!hold(folder.path(), KEY));
    let again = Placement { id: OrderId(uuid::Uuid::now_v7()), ..first };
    let again = store.place(again).await.expect("a repeat");
    assert!(again.replayed && again.id == id);
    let sought = Sought { key: Some(KEY.to_owned()), source: None };
    assert_eq!(store.placed_before(sought).await.expect("read").map(|it| it.id), Some(id));
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let above = tempfile::tempdir().expect("a folder");
    let folder = above.path().join("data");
    let store = open(&folder, HOUR);
    place(&store).await;
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 4, "the database, its two files, and the lock");
}

/// A commit whose `fsync` failed: its frames stand in the log, and SQLite has forgotten them.
#[test]
fn what_a_failed_commit_has_left_in_the_log_is_not_found_by_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| {
        let place = folder.path().join(name);
        std::fs::create_dir(&place).expect("a folder");
        place.join("orders.db")
    };
    let wal = |file: &Path| file.with_extension("db-wal");
    let copy = |from: &Path, to: &Path| {
        std::fs::copy(from, to).expect("copied");
        std::fs::copy(wal(from), wal(to)).expect("copied");
    };
    let rows = |file: &Path| -> i64 {
        let found = Connection::open(file).expect("a database");
        found.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).expect("a number")
    };

    let written = place("written");
    let connection = schema::connect(&written).expect("a database");
    connection.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").expect("written");
    let before = place("before");
    copy(&written, &before);
    let begun = std::fs::metadata(wal(&written)).expect("a log").len();
    connection.execute("INSERT INTO t VALUES (zeroblob(20000))", []).expect("written");
    let log = std::fs::read(wal(&written)).expect("a log");
    let left = &log[usize::try_from(begun).expect("a place")..];

    let server = schema::connect(&before).expect("a database");
    let count = |of: &Connection| of.query_row("SELECT count(*) FROM t", [], |row| row.get(0));
    assert_eq!(count(&server), Ok(1_i64));
    let mut file = std::fs::OpenOptions::new().append(true).open(wal(&before)).expect("a log");
    file.write_all(left).expect("written");
    assert_eq!(count(&server), Ok(1), "it knows nothing of that");
    let killed = place("killed");
    copy(&before, &killed);
    assert_eq!(rows(&killed), 2, "the next start does");

    schema::write_nothing(&server).expect("written");
    assert_eq!(count(&server), Ok(1));
    let killed_later = place("killed later");
    copy(&before, &killed_later);
    assert_eq!(rows(&killed_later), 1);
}
