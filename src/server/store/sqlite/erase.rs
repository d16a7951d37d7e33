//! Erasing what tells of a person, everywhere in the database.

use std::path::Path;

use anyhow::{Context as _, bail};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::{
    super::{EraseError, Erasure, Fingerprint},
    FILE, rows,
    schema::empty_wal,
    writer::{Draft, append, as_placed, text},
};
use crate::domain::{Actor, ActorKind, FoodOrder, OrderId, OrderStatus, UnixMillis};

/// Orders that one step of a sweep erases, so that others do not wait for it.
const STEP: usize = 100;

/// Erases one order; its JSON after that.
pub(super) fn one(
    connection: &Connection,
    draft: &mut Draft,
    Erasure { order: id, while_open, actor, at }: &Erasure,
) -> rusqlite::Result<Result<String, EraseError>> {
    connection
        .prepare_cached("DELETE FROM erasures WHERE order_id = ?1")?
        .execute([id.0.as_bytes()])?;
    let Some(json) = rows::order(connection, *id)? else {
        return Ok(Err(EraseError::NotFound));
    };
    let order = rows::parse(&json)?;
    if order.erased.0 {
        return Ok(Ok(json));
    }
    if order.status.is_open() && !while_open {
        return Ok(Err(EraseError::Open(order.status)));
    }
    erase(connection, draft, order, actor.clone(), *at).map(Ok)
}

/// Erases the oldest orders that nobody has touched since `before`; how many.
/// One that is open all the same is one that everybody has forgotten, unless it
/// is due later.
pub(super) fn old(
    connection: &Connection,
    draft: &mut Draft,
    before: UnixMillis,
    at: UnixMillis,
) -> rusqlite::Result<u64> {
    let mut found = Vec::new();
    {
        let mut statement = connection.prepare_cached(
            "SELECT row, open, data FROM orders WHERE erased = 0 AND changed_at < ?1 \
             ORDER BY changed_at",
        )?;
        let mut rows = statement.query([before.0])?;
        while found.len() < STEP
            && let Some(row) = rows.next()?
        {
            let (number, open): (i64, bool) = (row.get(0)?, row.get(1)?);
            match row.get_ref(2)?.as_str().map_err(rusqlite::Error::from).and_then(rows::parse) {
                Ok(order) if open && order.times.due_at.is_some_and(|due| due >= before) => {}
                Ok(order) => found.push((number, order)),
                Err(_) => draft.damaged.push(number),
            }
        }
    }
    let actor = Actor { kind: ActorKind::System, id: "retention".to_owned() };
    let mut erased = 0;
    for (row, order) in found {
        // What of an order cannot be read is read before anything is appended.
        connection.execute_batch("SAVEPOINT one")?;
        match erase(connection, draft, order, actor.clone(), at) {
            Ok(_) => erased += 1,
            Err(rusqlite::Error::FromSqlConversionFailure(..)) => {
                connection.execute_batch("ROLLBACK TO one")?;
                draft.damaged.push(row);
            }
            Err(error) => return Err(error),
        }
        connection.execute_batch("RELEASE one")?;
    }
    Ok(erased)
}

fn erase(
    connection: &Connection,
    draft: &mut Draft,
    order: FoodOrder,
    actor: Actor,
    at: UnixMillis,
) -> rusqlite::Result<String> {
    let id = order.id;
    let placed = rows::parse(text(&as_placed(connection, id)?)?)?;
    let fingerprint = Fingerprint::of_erased(&placed);
    erase_log(connection, id)?;
    let order = order.erase(actor, at);
    let order_json = append(connection, draft, &order)?;
    // It was last changed when somebody last had to do with it: an erasure puts
    // no order back among those of today.
    connection
        .prepare_cached("UPDATE orders SET erased = 1, fingerprint = ?2, data = ?3 WHERE id = ?1")?
        .execute(params![id.0.as_bytes(), fingerprint.bytes(), text(&order_json)?])?;
    let json = text(&order_json)?.to_owned();
    draft.note(order, order_json);
    draft.erased = true;
    Ok(json)
}

/// Every event keeps its position, its kind and its time.
fn erase_log(connection: &Connection, id: OrderId) -> rusqlite::Result<()> {
    let events: Vec<(u64, String)> = connection
        .prepare_cached("SELECT seq, data FROM log WHERE order_id = ?1")?
        .query_map([id.0.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut write = connection.prepare_cached("UPDATE log SET data = ?2 WHERE seq = ?1")?;
    for (seq, json) in events {
        let then = rows::parse(&json)?.without_person();
        let json = serde_json::to_string(&then)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        write.execute(params![seq, json])?;
    }
    Ok(())
}

/// The orders that the command line has asked to have erased.
pub(super) fn asked(connection: &Connection) -> rusqlite::Result<Vec<OrderId>> {
    connection
        .prepare_cached("SELECT order_id FROM erasures")?
        .query_map([], |row| rows::order_id(row.get_ref(0)?.as_blob()?))?
        .collect()
}

/// Asks the server that runs on the store in `folder` to erase order `id`, and
/// waits for it with `wait`, which says whether to look again.
///
/// # Errors
/// One line: there is no such order, it is open, or no server has done it.
pub fn ask(
    folder: &Path,
    id: OrderId,
    while_open: bool,
    mut wait: impl FnMut() -> bool,
) -> anyhow::Result<()> {
    let file = folder.join(FILE);
    let unreadable = || format!("cannot use the store {}", file.display());
    let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(unreadable)?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).with_context(unreadable)?;
    let standing = || -> anyhow::Result<Option<(OrderStatus, bool)>> {
        let json = rows::order(&connection, id).with_context(unreadable)?;
        let order = json.map(|json| rows::parse(&json)).transpose().with_context(unreadable)?;
        Ok(order.map(|order| (order.status, order.erased.0)))
    };
    match standing()? {
        None => bail!("there is no order {id}"),
        Some((status, false)) if status.is_open() && !while_open => bail!(still_open(status)),
        Some((_, erased)) => {
            if !erased {
                connection
                    .execute(
                        "INSERT OR IGNORE INTO erasures (order_id) VALUES (?1)",
                        [id.0.as_bytes()],
                    )
                    .with_context(unreadable)?;
            }
        }
    }
    let mut done = false;
    while wait() {
        let waits = connection
            .query_row("SELECT 1 FROM erasures WHERE order_id = ?1", [id.0.as_bytes()], |_| Ok(()))
            .optional()
            .with_context(unreadable)?;
        done = waits.is_none() && standing()?.is_some_and(|(_, erased)| erased);
        if done && empty_wal(&connection).with_context(unreadable)? {
            return Ok(());
        }
    }
    if done {
        bail!(NOT_FROM_DISK);
    }
    bail!("the server that uses this folder has not erased it yet; it will as soon as it can")
}

/// What is said when somebody reads what was erased for too long.
pub const NOT_FROM_DISK: &str = "the order is erased for everybody who reads it from now on, and its bytes are still in the \
     files: another program reads the store; they go when it is done and the server runs, or with \
     the next start";

/// Why an open order is not erased just so.
pub fn still_open(status: OrderStatus) -> String {
    format!(
        "the order is {status}, and whoever works on it may need its notes and its address; close \
         it first, or erase it all the same with --while-open"
    )
}
