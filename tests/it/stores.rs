//! A store of each schema that there was: it opens, everything in it is as it was, and
//! it is sound.
//!
//! A store is kept as the SQL that makes it again, in `stores/schema-N.sql`, and a
//! register in `stores/access-N.sql`. Where they come from, and how one is made when the
//! schema changes, is told in docs/architecture.md.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use live_orders::{
    domain::UnixMillis,
    server::{
        access::register::{self, By, NewKey, Register},
        clock::Clock,
        files::Kind,
        store::sqlite,
        upkeep,
        webhooks::command::{Errand, run},
    },
};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{
    support::{TestServer, burger, config},
    upkeep::{erase, serve_an_evening},
};

/// When the stores that are kept are written.
const WRITTEN_AT: UnixMillis = UnixMillis(1_795_400_000_000);

const STORE: (&Kind, &str) = (sqlite::KIND, "schema");
const REGISTER: (&Kind, &str) = (&register::KIND, "access");

fn fixture((_, name): (&Kind, &str), version: usize) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/stores");
    folder.join(format!("{name}-{version}.sql"))
}

/// Makes the database of this version that is kept, in `folder`.
fn restore(kind: (&Kind, &str), version: usize, folder: &Path) -> Connection {
    let file = fixture(kind, version);
    let sql = std::fs::read_to_string(&file).unwrap_or_else(|_| {
        panic!(
            "{} is missing: the schema was raised. Keep a store of the new one: cargo test --test \
             it keep_a_store -- --ignored",
            file.display()
        )
    });
    let connection = Connection::open(folder.join(kind.0.file)).expect("a database");
    connection.execute_batch(&sql).expect("the database as it was kept");
    let kept: usize =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("its version");
    assert_eq!(kept, version, "{}", file.display());
    connection
}

/// Each row that `query` gives, as text.
fn rows(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).expect(query);
    let rows = statement.query_map([], |row| row.get(0)).expect(query);
    rows.collect::<Result<_, _>>().expect(query)
}

/// What is in a table, by the names of its columns, as SQL has it.
struct Table {
    columns: Vec<String>,
    rows: Vec<BTreeMap<String, String>>,
}

/// All that is in a database.
fn everything(of: &Connection) -> BTreeMap<String, Table> {
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE \
                 'sqlite\\_%' ESCAPE '\\'";
    let table = |name: String| {
        let columns = rows(of, &format!("SELECT name FROM pragma_table_info('{name}')"));
        let fields: Vec<_> = columns.iter().map(|it| format!("'{it}', quote({it})")).collect();
        let fields = fields.join(", ");
        let texts = rows(of, &format!("SELECT json_object({fields}) FROM {name}"));
        let rows = texts.iter().map(|it| serde_json::from_str(it).expect("an object")).collect();
        (name, Table { columns, rows })
    };
    rows(of, names).into_iter().map(table).collect()
}

/// Everything that was there `before` is there `after`, by the columns that both have, but
/// for those that are `brought_up`.
#[track_caller]
fn assert_kept(
    before: BTreeMap<String, Table>,
    mut after: BTreeMap<String, Table>,
    brought_up: &[&str],
) {
    for (name, before) in before {
        let after = after.remove(&name).expect("a table that is kept");
        let stays = |column: &String| {
            let is_brought_up = brought_up.contains(&&*format!("{name}.{column}"));
            before.columns.contains(column) && after.columns.contains(column) && !is_brought_up
        };
        let sorted = |table: &Table| {
            let mut rows = table.rows.clone();
            for row in &mut rows {
                row.retain(|column, _| stays(column));
            }
            rows.sort();
            rows
        };
        let (mut before, mut after) = (sorted(&before), sorted(&after));
        if name == "meta" {
            // It tries there whether it can write, and notes what it has done itself.
            before.retain(|row| row["key"] != "'checked'");
            after.retain(|row| before.contains(row));
        }
        assert_eq!(after, before, "{name}");
    }
}

/// What the migrations and the program as it begins put in place of something else:
/// digests for keys, and what old orders are promised, which is looked at as JSON.
const BROUGHT_UP: [&str; 3] = ["idempotency_keys.key", "log.data", "orders.data"];

/// `order` without what it was given as it was brought up to date, where it was `kept`
/// from a version that promised nothing: a promise, and marks that there were not.
fn as_kept(mut order: Value, kept: &Value) -> Value {
    if kept.get("revision").is_some() {
        return order;
    }
    let times = ["warn_at", "promised_at"].map(|name| ("/times", name));
    let flags = ["scheduled", "cancel_unseen", "allergens_seen"].map(|name| ("/flags", name));
    let others = [("", "revision"), ("/last_change", "what")];
    for (place, name) in others.into_iter().chain(times).chain(flags) {
        let is_new = kept.pointer(place).is_some_and(|it| it.get(name).is_none());
        if let Some(Value::Object(fields)) = order.pointer_mut(place)
            && is_new
        {
            fields.remove(name);
        }
    }
    order
}

#[tokio::test]
async fn a_store_of_each_schema_opens_whole_and_sound() {
    for version in 1..=sqlite::KIND.migrations.len() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = restore(STORE, version, folder.path());
        let json = |query: &str| -> Vec<Value> {
            let texts = rows(&connection, query);
            texts.iter().map(|it| serde_json::from_str(it).expect("JSON")).collect()
        };
        let events = json(
            "SELECT json_object('seq', seq, 'type', kind, 'order', json(data)) FROM log ORDER BY \
             seq",
        );
        let orders = json("SELECT data FROM orders ORDER BY row");
        assert!(events.len() > 3 && orders.len() >= 3, "{version}: {events:?}");
        let before = everything(&connection);
        let last = rows(&connection, "SELECT CAST(max(at) AS TEXT) FROM log");
        let last: i64 = last[0].parse().expect("a time");
        drop(connection);

        let clock = Clock::manual(UnixMillis(last + 1000));
        let server = TestServer::start_at(folder.path(), |_| {}, clock.clone()).await;
        let page = server.get("/api/events?limit=1000&after=earliest").await.json();
        let page = page["events"].as_array().expect("events");
        assert_eq!(page.len(), events.len(), "schema {version}");
        for (read, kept) in page.iter().zip(&events) {
            let id = read["id"].as_str().and_then(|id| id.rsplit_once('-')).expect("an id");
            assert_eq!(id.1, kept["seq"].to_string(), "schema {version}");
            assert_eq!(read["type"], kept["type"], "schema {version}");
            let order = as_kept(read["order"].clone(), &kept["order"]);
            assert_eq!(order, kept["order"], "schema {version}, event {}", id.1);
        }
        for kept in &orders {
            let id = kept["id"].as_str().expect("an id");
            let mut read = server.get(&format!("/api/orders/{id}")).await.json();
            for besides in ["history", "seen"] {
                read.as_object_mut().and_then(|it| it.remove(besides)).expect(besides);
            }
            assert_eq!(as_kept(read, kept), *kept, "schema {version}, order {id}");
        }
        server.stop().await;
        let connection = Connection::open(folder.path().join(STORE.0.file)).expect("a database");
        assert_kept(before, everything(&connection), &BROUGHT_UP);
        drop(connection);

        let server = TestServer::start_at(folder.path(), |_| {}, clock).await;
        server.place(&burger()).await;
        server.stop().await;
        let report = upkeep::check(folder.path()).expect("a report");
        assert!(report.sound, "schema {version}: {}", report.text);
        let screens = format!(" {} screens", usize::from(version >= 3));
        let webhooks = format!(" {} webhooks", usize::from(version >= 4));
        assert!(report.text.contains(&screens) && report.text.contains(&webhooks), "{version}");
    }
}

#[tokio::test]
async fn a_register_of_each_schema_opens_whole_and_sound() {
    for version in 1..=register::KIND.migrations.len() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = restore(REGISTER, version, folder.path());
        let names = "SELECT name FROM users UNION ALL SELECT name FROM keys ORDER BY 1";
        let before = rows(&kept, names);
        assert!(before.len() >= 2, "{before:?}");
        let all = everything(&kept);
        drop(kept);
        let opened = Register::open(folder.path()).expect("it opens");
        assert_kept(all, opened.look(everything), &[]);
        assert!(opened.look(register::users).expect("users").len() == 1);
        assert!(opened.look(register::keys).expect("keys").len() == 1);
        drop(opened);
        // A register is looked at beside its store.
        TestServer::start_in(folder.path(), |_| {}).await.stop().await;
        let report = upkeep::check(folder.path()).expect("a report");
        assert!(report.sound && report.text.contains("access.db: "), "{version}: {}", report.text);
    }
}

#[tokio::test]
async fn a_store_of_an_earlier_schema_is_not_checked_before_it_is_brought_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(restore(STORE, 1, folder.path()));
    let error = upkeep::check(folder.path()).expect_err("an earlier one");
    assert!(error.to_string().contains("is of an earlier version"), "{error:#}");
}

/// A database as the SQL that makes it again in schema `version`: what of its rows there
/// was a place for then. What is in these rows is the present program's, so of an earlier
/// schema it is no store that anybody has had.
fn dump(of: &Connection, kind: &Kind, version: usize) -> String {
    let model = Connection::open_in_memory().expect("memory");
    for migration in &kind.migrations[..version] {
        model.execute_batch(migration).expect("a schema");
    }
    let mut sql = vec![
        format!("-- {} as schema {version} keeps it; see docs/architecture.md.", kind.what),
        format!("PRAGMA application_id = {};", kind.application_id),
        format!("PRAGMA user_version = {version};"),
        "BEGIN TRANSACTION;".to_owned(),
    ];
    let own = "name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let made = |sort: &str| {
        format!("SELECT sql FROM sqlite_schema WHERE type = '{sort}' AND {own} ORDER BY rowid")
    };
    for table in rows(&model, &made("table")) {
        sql.push(format!("{table};"));
    }
    let tables =
        format!("SELECT name FROM sqlite_schema WHERE type = 'table' AND {own} ORDER BY rowid");
    for table in rows(&model, &tables) {
        let names = rows(&model, &format!("SELECT name FROM pragma_table_info('{table}')"));
        let quoted: Vec<String> = names.iter().map(|name| format!("quote({name})")).collect();
        let values = quoted.join(" || ',' || ");
        for row in rows(of, &format!("SELECT {values} FROM {table}")) {
            sql.push(format!("INSERT INTO {table} ({}) VALUES ({row});", names.join(", ")));
        }
    }
    for index in rows(&model, &made("index")) {
        sql.push(format!("{index};"));
    }
    sql.push("COMMIT;\n".to_owned());
    sql.join("\n")
}

/// Writes what is kept of the present schema, and of earlier ones of which nothing is.
#[tokio::test]
#[ignore = "writes files: for whoever raises the schema"]
async fn keep_a_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::manual(WRITTEN_AT);
    let begin = || TestServer::start_at(folder.path(), |_| {}, clock.clone());
    let server = begin().await;
    let later = json!({
        "items": [{"name": "Pie", "quantity": 1, "allergens": ["nuts"]}],
        "fulfilment": {"type": "dine_in", "table": "7"},
        "customer": {"name": "Bo"},
    });
    server.post_with(&later, &[("idempotency-key", "old-key")]).await.order();
    let order = serve_an_evening(server.client).await;
    let paused = json!({"intake": "paused"});
    server.put("/api/intake", &paused).await;
    server.put("/api/intake", &json!({"intake": "open"})).await;
    server.stop().await;
    let settings = config(folder.path());
    let hook = Errand::Create {
        url: "https://example.org/hook".to_owned(),
        description: Some("a hook".to_owned()),
        filter: Some("channel=web".to_owned()),
        after: None,
    };
    let secret = Errand::CreateSecret {
        channel: "web".to_owned(),
        secret: None,
        overlap_hours: 1,
        locations: Vec::new(),
    };
    let both = move || [hook, secret].map(|errand| run(&settings, errand).expect("done"));
    tokio::task::spawn_blocking(both).await.expect("no panic");
    let store = || Connection::open(folder.path().join("orders.db")).expect("a store");
    // Nobody is to be written to.
    store().execute_batch("UPDATE webhooks SET state = 'off'").expect("off");

    // What the fifth schema brought, besides columns and tables.
    let erased_since = 5;
    let write = |kind: (&Kind, &str), version: usize, of: &Connection| {
        let file = fixture(kind, version);
        if !file.exists() {
            std::fs::write(file, dump(of, kind.0, version)).expect("written");
        }
    };
    // The server that begins next makes another one.
    store().execute_batch("DELETE FROM meta WHERE key = 'tracking_key'").expect("deleted");
    for version in 1..erased_since {
        write(STORE, version, &store());
    }
    let server = begin().await;
    erase(server.client, order).await;
    server.stop().await;
    let key = NewKey {
        name: "till".to_owned(),
        channel: None,
        scopes: vec!["orders:write".parse().expect("a scope")],
        locations: Vec::new(),
    };
    let by = By::here("tests", WRITTEN_AT);
    let register = Register::open(folder.path()).expect("a register");
    register.change(|to| register::make_key(to, &key, &by)).expect("a key");
    drop(register);
    for version in erased_since..=sqlite::KIND.migrations.len() {
        write(STORE, version, &store());
    }
    let register = Connection::open(folder.path().join("access.db")).expect("a register");
    for version in 1..=register::KIND.migrations.len() {
        write(REGISTER, version, &register);
    }
}
