//! The database file: made, recognised, brought up to date.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, bail};
use rusqlite::{Connection, params};

use super::rows;
use crate::{
    server::{
        files::{self, Depth, Kind, Looked},
        tracking::TrackingKey,
    },
    wire::{Epoch, Seq},
};

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
    "
    CREATE TABLE webhooks (
        id TEXT PRIMARY KEY,
        url TEXT NOT NULL,
        description TEXT,
        filter TEXT NOT NULL,
        secret TEXT NOT NULL,
        previous_secret TEXT,
        previous_until INTEGER,
        state TEXT NOT NULL,
        why TEXT,
        since INTEGER NOT NULL,
        cursor INTEGER NOT NULL,
        missed INTEGER,
        failing_since INTEGER,
        held_until INTEGER,
        delivered_at INTEGER,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE webhook_waiting (
        webhook TEXT NOT NULL,
        seq INTEGER NOT NULL,
        order_id BLOB NOT NULL,
        kind TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        failed_at INTEGER,
        next_at INTEGER NOT NULL,
        PRIMARY KEY (webhook, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE webhook_attempts (
        id INTEGER PRIMARY KEY,
        webhook TEXT NOT NULL,
        seq INTEGER,
        order_id BLOB,
        kind TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        at INTEGER NOT NULL,
        took_ms INTEGER NOT NULL,
        status INTEGER,
        error TEXT,
        outcome TEXT NOT NULL,
        next_at INTEGER
    ) STRICT;
    CREATE INDEX webhook_attempts_of ON webhook_attempts (webhook, id);
    CREATE INDEX webhook_attempts_by_age ON webhook_attempts (at);

    CREATE TABLE channel_secrets (
        channel TEXT PRIMARY KEY,
        secret TEXT NOT NULL,
        previous_secret TEXT,
        previous_until INTEGER,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE orders ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX orders_to_erase ON orders (changed_at) WHERE erased = 0;
    ALTER TABLE orders ADD COLUMN tracking BLOB;
    CREATE UNIQUE INDEX orders_by_tracking ON orders (tracking);
    CREATE TABLE erasures (
        order_id BLOB PRIMARY KEY
    ) STRICT, WITHOUT ROWID;

    -- What was deleted before there was secure_delete may still be legible.
    INSERT INTO meta (key, value) SELECT 'to_compact', '1' WHERE EXISTS (SELECT 1 FROM orders);
",
    "
    -- SQL has no SHA-256: the program does it, see `digest_keys`.
    INSERT INTO meta (key, value) VALUES ('keys_to_digest', '1') ON CONFLICT DO NOTHING;

    ALTER TABLE webhook_waiting ADD COLUMN due_at INTEGER;
    ALTER TABLE webhook_waiting ADD COLUMN not_before INTEGER;
    CREATE INDEX webhook_waiting_of ON webhook_waiting (webhook, order_id, seq);

    -- All secrets that are still good, and not only the last one before.
    ALTER TABLE webhooks ADD COLUMN former TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE channel_secrets ADD COLUMN former TEXT NOT NULL DEFAULT '[]';
    UPDATE webhooks SET former = json_array(json_array(previous_secret, previous_until))
        WHERE previous_secret IS NOT NULL AND previous_until IS NOT NULL;
    UPDATE channel_secrets SET former = json_array(json_array(previous_secret, previous_until))
        WHERE previous_secret IS NOT NULL AND previous_until IS NOT NULL;
    ALTER TABLE webhooks DROP COLUMN previous_secret;
    ALTER TABLE webhooks DROP COLUMN previous_until;
    ALTER TABLE channel_secrets DROP COLUMN previous_secret;
    ALTER TABLE channel_secrets DROP COLUMN previous_until;

    ALTER TABLE channel_secrets ADD COLUMN locations TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE channel_secrets ADD COLUMN used_at INTEGER;
    CREATE TABLE signatures_seen (
        channel TEXT NOT NULL,
        id TEXT NOT NULL,
        sent INTEGER NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (channel, id, sent)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX signatures_seen_by_age ON signatures_seen (until);

    -- Whoever is bound to locations or to a channel reads what is theirs off an
    -- index, and is shown positions of their own alone.
    CREATE TABLE sides (
        location TEXT NOT NULL,
        channel TEXT NOT NULL,
        -- The last event there, and the last of those that are no longer kept.
        last INTEGER NOT NULL,
        pruned INTEGER NOT NULL,
        PRIMARY KEY (location, channel)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE orders ADD COLUMN location TEXT NOT NULL DEFAULT '';
    UPDATE orders SET location = json_extract(data, '$.location');
    CREATE INDEX orders_by_side ON orders (location, channel, status, changed_at);
    CREATE INDEX log_by_side ON log (location, channel);
    -- What was pruned before this was noted: all that may have been.
    INSERT INTO sides (location, channel, last, pruned)
        SELECT location, channel, max(seq),
            coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'floor'), 0)
        FROM log GROUP BY location, channel;
    -- Where nothing is kept any more, something up to the floor is gone.
    INSERT OR IGNORE INTO sides (location, channel, last, pruned)
        SELECT DISTINCT location, channel, floor, floor FROM orders,
            (SELECT coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'floor'), 0)
                AS floor);

    -- Two locations may number their orders alike.
    DROP INDEX orders_by_external_id;
    CREATE UNIQUE INDEX orders_by_external_id ON orders (location, channel, external_id)
        WHERE external_id IS NOT NULL;
",
];

/// How long another program that has locked the database is waited for.
pub(super) const BUSY_FOR: Duration = Duration::from_secs(5);

/// How the database is recognised.
pub(super) const KIND: Kind = Kind {
    file: super::FILE,
    what: "a store of live-orders",
    application_id: APPLICATION_ID,
    migrations: MIGRATIONS,
    identity: Some("SELECT value FROM meta WHERE key = 'epoch'"),
};

/// Where the key of tracking pages stands in the `meta` table.
pub(super) const TRACKING_KEY: &str = "tracking_key";
/// Stands there when the file is to be written anew.
const TO_COMPACT: &str = "to_compact";

/// Stands there while idempotency keys are to be digested.
const KEYS_TO_DIGEST: &str = "keys_to_digest";

/// An open database.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) epoch: Epoch,
    pub(super) head: Seq,
    pub(super) floor: Seq,
    pub(super) demo: bool,
    pub(super) tracking_key: TrackingKey,
    /// Whether the write-ahead log was emptied.
    pub(super) emptied: bool,
}

/// Looks at `file` without changing it; none where there is none.
///
/// # Errors
/// One line: it is none of ours, damaged, of a later version, or cannot be read.
pub(super) fn look(file: &Path) -> anyhow::Result<Option<Looked>> {
    files::look(&KIND, file.parent().unwrap_or(Path::new("")), Depth::Pages)
}

/// Opens `file` for the writer, making it where it is missing; `demo` marks a new one.
pub(super) fn open(file: &Path, demo: bool) -> anyhow::Result<Opened> {
    let name = file.display();
    let damaged = || format!("{name} is not a store of live-orders, or it is damaged");
    // Recognised before anything is written: what is refused stays as it is.
    let version = look(file)?.map_or(0, |looked| looked.version);
    if let Some(folder) = file.parent() {
        files::begin(&KIND, folder)?;
    }
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
    digest_keys(&transaction).with_context(|| format!("cannot migrate {name}"))?;
    let tracking_key = tracking_key(&transaction).with_context(damaged)?;
    transaction.commit().with_context(|| format!("cannot write {name}"))?;
    compact(&connection);
    // Whoever stopped between an erasure and its end has left what it erased there.
    let emptied = empty_wal(&connection).unwrap_or(false);
    let opened = opened(connection, tracking_key).with_context(damaged)?;
    Ok(Opened { emptied, ..opened })
}

/// Opens `file`, which a server uses, as it stands.
pub(super) fn open_beside(file: &Path) -> anyhow::Result<Opened> {
    let name = file.display();
    // Opening it makes one, or prepares one for writing that is somebody else's.
    if look(file)?.is_none() {
        bail!("there is no {name}");
    }
    let connection = connect(file).with_context(|| format!("cannot open {name}"))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
    if usize::try_from(version?).is_ok_and(|version| version < MIGRATIONS.len()) {
        bail!("{name} is used by a server of an earlier version; stop that first");
    }
    let damaged = || format!("{name} is not a store of live-orders, or it is damaged");
    let key = rows::meta(&connection, TRACKING_KEY).with_context(damaged)?;
    let key = key.and_then(|raw| TrackingKey::parse(&raw)).with_context(damaged)?;
    opened(connection, key).with_context(damaged)
}

fn opened(connection: Connection, tracking_key: TrackingKey) -> anyhow::Result<Opened> {
    let epoch = rows::meta(&connection, "epoch")?.and_then(|raw| raw.parse().ok());
    let epoch = epoch.context("it has no epoch")?;
    let (floor, head) = rows::bounds(&connection)?;
    let demo = rows::meta(&connection, "demo")?.as_deref() == Some("1");
    Ok(Opened { connection, epoch, head, floor, demo, tracking_key, emptied: false })
}

/// The key of tracking pages, which is made with the store; orders of before
/// there was one are given their pages too.
fn tracking_key(connection: &Connection) -> rusqlite::Result<TrackingKey> {
    let kept = rows::meta(connection, TRACKING_KEY)?.and_then(|raw| TrackingKey::parse(&raw));
    let key = if let Some(key) = kept {
        key
    } else {
        let key = TrackingKey::random();
        rows::set_meta(connection, TRACKING_KEY, &key.write())?;
        // By another key: it is lost, and with it the addresses.
        connection.execute("UPDATE orders SET tracking = NULL", [])?;
        key
    };
    let ids: Vec<Vec<u8>> = connection
        .prepare("SELECT id FROM orders WHERE tracking IS NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut write = connection.prepare("UPDATE orders SET tracking = ?2 WHERE id = ?1")?;
    for id in ids {
        write.execute(params![id, key.digest(rows::order_id(&id)?).0])?;
    }
    Ok(key)
}

/// Has the idempotency keys of an earlier version, which kept them as they were sent,
/// digested: repeats of what was sent before the upgrade are known by them.
fn digest_keys(connection: &Connection) -> rusqlite::Result<()> {
    if rows::meta(connection, KEYS_TO_DIGEST)?.is_none() {
        return Ok(());
    }
    let keys: Vec<String> = connection
        .prepare("SELECT key FROM idempotency_keys")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut write = connection.prepare("UPDATE idempotency_keys SET key = ?2 WHERE key = ?1")?;
    for key in keys {
        write.execute([&key, &rows::key_digest(&key)])?;
    }
    connection.execute("DELETE FROM meta WHERE key = ?1", [KEYS_TO_DIGEST])?;
    Ok(())
}

/// Writes the file anew without what was deleted from it, if that is still to be
/// done. Where there is no room for it, the next start tries again.
fn compact(connection: &Connection) {
    let compact = || -> rusqlite::Result<()> {
        if rows::meta(connection, TO_COMPACT)?.is_some() {
            connection.execute_batch("VACUUM")?;
            connection.execute("DELETE FROM meta WHERE key = ?1", [TO_COMPACT])?;
        }
        Ok(())
    };
    if let Err(error) = compact() {
        tracing::warn!(error = %error, "store.compact.failed");
    }
}

/// Moves all of the write-ahead log into the file and empties it; whether that was
/// possible. Whoever reads a page as it was is not waited for, because no order
/// could be written meanwhile.
pub(super) fn empty_wal(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        let busy: bool = row.get(0)?;
        Ok(!busy)
    });
    connection.busy_timeout(BUSY_FOR)?;
    emptied
}

/// Commits a page as it is. What a commit that failed has left in the write-ahead log
/// stood at the same place.
pub(super) fn write_nothing(connection: &Connection) -> rusqlite::Result<()> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    connection.pragma_update(None, "user_version", version)
}

/// A connection for the writer: every commit is on the disk when it returns.
pub(super) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_FOR)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What is deleted or written over is gone, and not only out of sight.
    connection.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Deletes a store of demo data; refuses one with real orders.
pub(super) fn empty_demo(file: &Path) -> anyhow::Result<()> {
    if !file.exists() {
        return Ok(());
    }
    let demo = match look(file)? {
        None => true,
        Some(looked) => {
            looked.version == 0 || rows::meta(&looked.connection, "demo")?.as_deref() == Some("1")
        }
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
