//! The database file: made, recognised, brought up to date.

use std::path::Path;

use anyhow::{Context as _, bail};
use rusqlite::{Connection, OpenFlags};

use super::rows;
use crate::wire::{Epoch, Seq};

/// Marks the file as a store of this program (`LvOr` in ASCII).
const APPLICATION_ID: i32 = 0x4C76_4F72;

/// The steps from an empty file to the present schema; `user_version` counts
/// those that are done. Never change one that was released: add another.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE log (
        seq INTEGER PRIMARY KEY,
        order_id BLOB NOT NULL,
        kind TEXT NOT NULL,
        from_status TEXT,
        to_status TEXT NOT NULL,
        location TEXT NOT NULL,
        channel TEXT NOT NULL,
        stations TEXT NOT NULL,
        at INTEGER NOT NULL,
        data TEXT NOT NULL
    ) STRICT;
    CREATE INDEX log_of_order ON log (order_id, seq);

    CREATE TABLE orders (
        row INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        status TEXT NOT NULL,
        open INTEGER NOT NULL,
        channel TEXT NOT NULL,
        external_id TEXT,
        fingerprint BLOB NOT NULL,
        placed_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        data TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX orders_by_external_id ON orders (channel, external_id)
        WHERE external_id IS NOT NULL;
    CREATE INDEX orders_open ON orders (placed_at) WHERE open = 1;
    CREATE INDEX orders_by_change ON orders (changed_at);
    CREATE INDEX orders_by_status ON orders (status, changed_at);

    CREATE TABLE idempotency_keys (
        key TEXT PRIMARY KEY,
        order_id BLOB NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);

    CREATE TABLE numbers (
        location TEXT NOT NULL,
        business_day INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (location, business_day)
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE log ADD COLUMN service TEXT NOT NULL DEFAULT 'pickup';
    UPDATE log SET service = json_extract(data, '$.fulfilment.type')
        WHERE json_extract(data, '$.fulfilment.type') <> 'pickup';

    CREATE TABLE seen (
        order_id BLOB NOT NULL,
        screen TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (order_id, screen)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX seen_by_age ON seen (at);
",
    "
    CREATE TABLE screens (
        name TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        data TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
",
];

/// An open database.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) epoch: Epoch,
    pub(super) head: Seq,
    pub(super) floor: Seq,
    pub(super) demo: bool,
}

/// Opens `file` for the writer, making it where it is missing; `demo` marks a new one.
pub(super) fn open(file: &Path, demo: bool) -> anyhow::Result<Opened> {
    let name = file.display();
    let damaged = || format!("{name} is not a store of live-orders, or it is damaged");
    // Recognised before anything is written: a foreign file stays as it is.
    let version = {
        let connection = Connection::open(file).with_context(|| format!("cannot open {name}"))?;
        recognise(&connection, file)?
    };
    let mut connection = connect(file).with_context(|| format!("cannot write {name}"))?;
    let transaction = connection.transaction().with_context(|| format!("cannot write {name}"))?;
    if version == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    if (1..MIGRATIONS.len()).contains(&version) {
        tracing::info!(
            from = version,
            to = MIGRATIONS.len(),
            "store.migrating: this may take minutes"
        );
    }
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(migration).with_context(|| format!("cannot migrate {name}"))?;
    }
    if version < MIGRATIONS.len() {
        transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    }
    if version == 0 {
        rows::set_meta(&transaction, "floor", "0")?;
        rows::set_meta(&transaction, "demo", if demo { "1" } else { "0" })?;
    }
    // A backup is made without its epoch (docs/deployment.md): once restored it
    // is another log, and a position in the old one must not be taken for one in it.
    if rows::meta(&transaction, "epoch").with_context(damaged)?.is_none() {
        rows::set_meta(&transaction, "epoch", &Epoch(rand::random()).to_string())?;
    }
    transaction.commit().with_context(|| format!("cannot write {name}"))?;
    let epoch = rows::meta(&connection, "epoch")
        .with_context(damaged)?
        .and_then(|raw| raw.parse().ok())
        .with_context(damaged)?;
    let (floor, head) = rows::bounds(&connection).with_context(damaged)?;
    let demo = rows::meta(&connection, "demo").with_context(damaged)?.as_deref() == Some("1");
    Ok(Opened { connection, epoch, head, floor, demo })
}

/// A connection for the writer: every commit is on the disk when it returns.
pub(super) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// How many migrations `file` has behind it; refuses what is not ours.
fn recognise(connection: &Connection, file: &Path) -> anyhow::Result<usize> {
    let name = file.display();
    let unreadable = || format!("{name} is not a store of live-orders, or it is damaged");
    let application: i32 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .with_context(unreadable)?;
    let version: usize = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .with_context(unreadable)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .with_context(unreadable)?;
    let empty = application == 0 && version == 0 && tables == 0;
    if application != APPLICATION_ID && !empty {
        bail!("{name} is not a store of live-orders; name another folder with --data");
    }
    if version > MIGRATIONS.len() {
        bail!(
            "{name} was written by a later version of live-orders (schema {version}, this one \
             knows {}); run that version or a later one",
            MIGRATIONS.len()
        );
    }
    Ok(version)
}

/// Deletes a store of demo data; refuses one with real orders.
pub(super) fn empty_demo(file: &Path) -> anyhow::Result<()> {
    if !file.exists() {
        return Ok(());
    }
    let demo = {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .with_context(|| format!("cannot open {}", file.display()))?;
        recognise(&connection, file)? == 0
            || rows::meta(&connection, "demo")?.as_deref() == Some("1")
    };
    if !demo {
        bail!(
            "{} holds real orders, and a demo would mix its own among them; name another folder \
             with --data",
            file.display()
        );
    }
    for suffix in ["-wal", "-shm", ""] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("cannot remove the last demo's data");
            }
            _ => {}
        }
    }
    Ok(())
}
