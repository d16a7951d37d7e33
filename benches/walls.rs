//! Reads behind a wall, on a store with 50,000 orders in two locations, one of which
//! has five hundred of them, the oldest: off the indexes, and as they were without.
//!
//! ```text
//! cargo bench --bench walls
//! ```

#![expect(clippy::expect_used, reason = "what is measured is known to work")]

use std::sync::{Arc, LazyLock};

use divan::Bencher;
use live_orders::{
    domain::{FoodOrder, Location},
    server::store::{CommitSink, Committed, SqliteStore, Store as _, Wanted, sqlite::Purpose},
    wire::{Seq, StreamFilter, Wall},
};
use rusqlite::{Connection, params};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Orders in all, and those of the smaller location.
const ORDERS: u64 = 50_000;
const FEW: u64 = 500;
/// What a page of a list or of events has.
const PAGE: usize = 100;

fn main() {
    divan::main();
}

struct Deaf;

impl CommitSink for Deaf {
    fn committed(&self, _: &[Committed]) {}

    fn announce(&self) {}
}

struct Shop {
    runtime: Runtime,
    store: SqliteStore,
    plain: TempDir,
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let plain = tempfile::tempdir().expect("a folder");
    let open = || SqliteStore::open(plain.path(), Purpose::Service, Arc::new(Deaf));
    drop(open().expect("a store"));
    fill(&mut connect(&plain));
    let runtime = Runtime::new().expect("a runtime");
    Shop { store: open().expect("a store"), runtime, plain }
});

fn connect(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("orders.db")).expect("a store")
}

fn fill(connection: &mut Connection) {
    let transaction = connection.transaction().expect("begun");
    for seq in 1..=ORDERS {
        let at = 1_790_000_000_000_i64 + i64::try_from(seq).expect("few");
        let location = if seq <= FEW { "airport" } else { "main" };
        let id = Uuid::from_u128(seq.into());
        let line = |id: u32| {
            json!({"id": id, "name": "Cheeseburger", "quantity": 1, "unit_price": 950,
                   "station": "grill", "modifiers": [], "allergens": [], "status": "todo"})
        };
        let data = json!({
            "id": id.to_string(), "number": 101, "location": location, "version": 1, "status": "completed",
            "source": {"channel": "web"}, "fulfilment": {"type": "pickup"},
            "customer": {"name": "Ana K"}, "items": [line(1), line(2), line(3)],
            "money": {"currency": "EUR", "subtotal": 2850, "tax": 0, "tip": 0, "fees": 0,
                      "discount": 0, "total": 2850},
            "flags": {"rush": false, "held": false, "recalled": false, "changed": false},
            "times": {"placed_at": at},
            "last_change": {"to": "completed", "at": at,
                            "actor": {"kind": "staff", "id": "api"}},
        })
        .to_string();
        transaction
            .prepare_cached(
                "INSERT INTO orders (id, status, open, channel, fingerprint, placed_at, \
                 changed_at, data, tracking, location) \
                 VALUES (?1, 'completed', 0, 'web', x'', ?2, ?2, ?3, ?1, ?4)",
            )
            .and_then(|mut it| it.execute(params![id.as_bytes(), at, data, location]))
            .expect("an order");
        transaction
            .prepare_cached(
                "INSERT INTO log (seq, order_id, kind, to_status, location, channel, stations, \
                 service, at, data) VALUES (?1, ?2, 'order.completed', 'completed', ?3, 'web', \
                 'grill', 'pickup', ?4, ?5)",
            )
            .and_then(|mut it| it.execute(params![seq, id.as_bytes(), location, at, data]))
            .expect("an event");
    }
    transaction
        .execute_batch(
            "INSERT INTO sides SELECT location, channel, max(seq), 0 FROM log \
             GROUP BY location, channel",
        )
        .expect("sides");
    transaction.commit().expect("written");
}

fn wall() -> Wall {
    Wall { locations: vec![Location::parse("airport").expect("a location")], channel: None }
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn a_list(bencher: Bencher<'_, '_>) {
    let Shop { runtime, store, .. } = &*SHOP;
    bencher.bench(|| {
        let filter = StreamFilter { wall: wall(), ..StreamFilter::default() };
        let wanted = Wanted { limit: PAGE, since: None, called: None };
        let listed = runtime.block_on(store.list(filter, wanted)).expect("read");
        assert_eq!(listed.orders.len(), PAGE);
    });
}

/// Each order that was changed later is read and parsed before one is found.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn a_list_without_an_index(bencher: Bencher<'_, '_>) {
    let connection = connect(&SHOP.plain);
    let filter = StreamFilter { wall: wall(), ..StreamFilter::default() };
    bencher.bench_local(|| {
        let mut statement = connection
            .prepare_cached("SELECT data FROM orders ORDER BY changed_at DESC")
            .expect("a query");
        let orders = statement
            .query_map([], |row| row.get::<_, String>(0))
            .expect("rows")
            .map(|json| json.expect("a row"))
            .filter(|json| {
                let order: FoodOrder = serde_json::from_str(json).expect("an order");
                filter.shows(&order)
            });
        assert_eq!(orders.take(PAGE).count(), PAGE);
    });
}

/// The last events of a location where little happens, from the first position on.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn what_a_poller_has_missed(bencher: Bencher<'_, '_>) {
    let Shop { runtime, store, .. } = &*SHOP;
    bencher.bench(|| {
        let after = Seq(FEW - 50);
        let page = runtime.block_on(store.events_behind(wall(), after, PAGE)).expect("read");
        assert_eq!((page.events.len(), page.last), (50, Seq(FEW)));
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn what_a_poller_has_missed_without_an_index(bencher: Bencher<'_, '_>) {
    let Shop { runtime, store, .. } = &*SHOP;
    let filter = StreamFilter { wall: wall(), ..StreamFilter::default() };
    bencher.bench(|| {
        let (mut after, mut found) = (Seq(FEW - 50), 0);
        loop {
            let page = runtime.block_on(store.events(after, PAGE)).expect("read");
            found += page.events.iter().filter(|it| filter.matches(&it.facts)).count();
            let Some(last) = page.events.last() else { break };
            after = last.seq;
        }
        assert_eq!(found, 50);
    });
}
