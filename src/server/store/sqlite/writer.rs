//! The one thread that writes: group commit.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};

use super::{
    super::{
        ChangeError, CommitSink, Committed, Fingerprint, PlaceError, Placed, PlacedBefore,
        Placement, ScreenError, Seen, Setting, Sought, StoredEvent, Unavailable,
    },
    rows, schema, screens,
};
use crate::{
    domain::{
        Busy, Change, FoodOrder, OrderId, OrderNumber, OrderStatus, Promise, Promises, Screen,
        ScreenName, UnixMillis, Version, limits,
    },
    wire::{EventFacts, Seq},
};

/// Commands that share one commit at most, so that the first of them does not
/// wait too long for the last.
const BATCH: usize = 512;
/// The first number of a business day.
const FIRST_NUMBER: u32 = 101;
/// Events that one step of pruning deletes, so that orders do not wait for it.
const PRUNE_STEP: u64 = 2000;

pub(super) type Reply<T> = oneshot::Sender<T>;

/// What the writer can be asked for.
pub(super) enum Job {
    Place {
        placement: Box<Placement>,
        reply: Reply<Result<Placed, PlaceError>>,
    },
    Change {
        id: OrderId,
        change: Box<Change>,
        at: UnixMillis,
        reply: Reply<Result<Bytes, ChangeError>>,
    },
    Prune {
        before: UnixMillis,
        keys_before: UnixMillis,
        reply: Reply<Result<u64, Unavailable>>,
    },
    Seen {
        seen: Vec<Seen>,
        reply: Reply<Result<(), Unavailable>>,
    },
    Promise {
        promises: Promises,
        reply: Reply<Result<u64, Unavailable>>,
    },
    Set {
        name: Setting,
        value: String,
        reply: Reply<Result<(), Unavailable>>,
    },
    PutScreen {
        put: Box<screens::Put>,
        reply: Reply<Result<Screen, ScreenError>>,
    },
    DeleteScreen {
        name: ScreenName,
        expected: Option<Version>,
        reply: Reply<Result<(), ScreenError>>,
    },
    Check {
        reply: Reply<Result<(), Unavailable>>,
    },
}

/// What came of a job; told when it is durable.
enum Outcome {
    Place(Result<Placed, PlaceError>),
    Change(Result<Bytes, ChangeError>),
    Count(u64),
    PutScreen(Result<Box<Screen>, ScreenError>),
    DeleteScreen(Result<(), ScreenError>),
    Done,
}

pub(super) struct Writer {
    connection: Connection,
    file: PathBuf,
    /// The newest position that is committed.
    head: Seq,
    /// Up to where the log is no longer kept.
    floor: Seq,
    sink: Arc<dyn CommitSink>,
}

/// What one transaction has done so far.
struct Draft {
    head: Seq,
    floor: Seq,
    committed: Vec<Committed>,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        file: PathBuf,
        head: Seq,
        floor: Seq,
        sink: Arc<dyn CommitSink>,
    ) -> Self {
        Self { connection, file, head, floor, sink }
    }

    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(first) = queue.blocking_recv() {
            batch.push(first);
            while batch.len() < BATCH {
                match queue.try_recv() {
                    Ok(job) => batch.push(job),
                    Err(_) => break,
                }
            }
            self.write(&mut batch);
        }
        // Leaves one file behind that any tool can copy.
        let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /// Carries out `batch` in one transaction. Where that fails, each job gets
    /// a transaction of its own, so that one bad job harms no other; but not
    /// where the disk is at fault, which fails for all.
    fn write(&mut self, batch: &mut Vec<Job>) {
        let mut outcomes = self.transact(batch);
        // A connection that was opened while nothing could be written stays
        // read-only: the disk may be fine again and only the connection old.
        if outcomes.as_ref().is_err_and(is_read_only) {
            self.reconnect();
            outcomes = self.transact(batch);
        }
        match outcomes {
            Ok(outcomes) => {
                for (job, outcome) in batch.drain(..).zip(outcomes) {
                    job.answer(outcome);
                }
                self.sink.announce();
            }
            Err(error) if batch.len() == 1 || is_the_disk(&error) => {
                let unavailable = self.recover(&error);
                for job in batch.drain(..) {
                    job.fail(&unavailable);
                }
            }
            Err(error) => {
                self.recover(&error);
                for job in batch.drain(..) {
                    self.write(&mut vec![job]);
                }
            }
        }
    }

    fn transact(&mut self, batch: &[Job]) -> rusqlite::Result<Vec<Outcome>> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut draft = Draft { head: self.head, floor: self.floor, committed: Vec::new() };
        let outcomes = batch
            .iter()
            .map(|job| job.carry_out(&transaction, &mut draft))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        transaction.commit()?;
        self.head = draft.head;
        self.floor = draft.floor;
        if !draft.committed.is_empty() {
            self.sink.committed(&draft.committed);
        }
        Ok(outcomes)
    }

    /// After a failure: a fresh connection, where one is to be had, so that a
    /// full or broken disk that works again is used again.
    fn recover(&mut self, error: &rusqlite::Error) -> Unavailable {
        tracing::error!(error = %error, "store.write.failed");
        self.reconnect();
        Unavailable(explain(error).to_owned())
    }

    fn reconnect(&mut self) {
        match schema::connect(&self.file) {
            Ok(connection) => self.connection = connection,
            Err(error) => tracing::error!(error = %error, "store.reopen.failed"),
        }
    }
}

fn is_read_only(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly)
}

/// Whether every other write would fail as this one did.
fn is_the_disk(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode;
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
        )
    )
}

/// What the disk's trouble is, for whoever must act on it.
fn explain(error: &rusqlite::Error) -> &'static str {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::ReadOnly) => "the data folder cannot be written",
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            "the disk does not answer as it should"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has locked the database"
        }
        _ => "the database refused the write",
    }
}

impl Job {
    fn carry_out(&self, connection: &Connection, draft: &mut Draft) -> rusqlite::Result<Outcome> {
        match self {
            Self::Place { placement, .. } => {
                place(connection, draft, placement).map(Outcome::Place)
            }
            Self::Change { id, change, at, .. } => {
                apply(connection, draft, *id, change, *at).map(Outcome::Change)
            }
            Self::Prune { before, keys_before, .. } => {
                prune(connection, draft, *before, *keys_before).map(Outcome::Count)
            }
            Self::Promise { promises, .. } => {
                promise_the_old(connection, promises).map(Outcome::Count)
            }
            Self::Seen { seen, .. } => note_seen(connection, seen).map(|()| Outcome::Done),
            Self::Set { name, value, .. } => {
                rows::set_meta(connection, rows::setting_key(*name), value)?;
                Ok(Outcome::Done)
            }
            Self::PutScreen { put, .. } => {
                screens::put(connection, put).map(|put| Outcome::PutScreen(put.map(Box::new)))
            }
            Self::DeleteScreen { name, expected, .. } => {
                screens::delete(connection, name, *expected).map(Outcome::DeleteScreen)
            }
            Self::Check { .. } => {
                // Another value each time: SQLite writes nothing where a row
                // stays as it is, and then a full disk would not be noticed.
                connection
                    .prepare_cached(
                        "INSERT INTO meta (key, value) VALUES ('checked', 'a') ON CONFLICT (key) \
                         DO UPDATE SET value = CASE value WHEN 'a' THEN 'b' ELSE 'a' END",
                    )?
                    .execute([])?;
                Ok(Outcome::Done)
            }
        }
    }

    /// Tells whoever asked; they may be gone, and that is their affair.
    fn answer(self, outcome: Outcome) {
        match (self, outcome) {
            (Self::Place { reply, .. }, Outcome::Place(result)) => drop(reply.send(result)),
            (Self::Change { reply, .. }, Outcome::Change(result)) => drop(reply.send(result)),
            (Self::Prune { reply, .. } | Self::Promise { reply, .. }, Outcome::Count(count)) => {
                drop(reply.send(Ok(count)));
            }
            (Self::PutScreen { reply, .. }, Outcome::PutScreen(result)) => {
                drop(reply.send(result.map(|screen| *screen)));
            }
            (Self::DeleteScreen { reply, .. }, Outcome::DeleteScreen(result)) => {
                drop(reply.send(result));
            }
            (
                Self::Seen { reply, .. } | Self::Set { reply, .. } | Self::Check { reply },
                Outcome::Done,
            ) => drop(reply.send(Ok(()))),
            (job, _) => job.fail(&Unavailable("it answered something else".to_owned())),
        }
    }

    fn fail(self, error: &Unavailable) {
        match self {
            Self::Place { reply, .. } => {
                drop(reply.send(Err(PlaceError::Unavailable(error.clone()))));
            }
            Self::Change { reply, .. } => {
                drop(reply.send(Err(ChangeError::Unavailable(error.clone()))));
            }
            Self::PutScreen { reply, .. } => {
                drop(reply.send(Err(ScreenError::Unavailable(error.clone()))));
            }
            Self::DeleteScreen { reply, .. } => {
                drop(reply.send(Err(ScreenError::Unavailable(error.clone()))));
            }
            Self::Prune { reply, .. } | Self::Promise { reply, .. } => {
                drop(reply.send(Err(error.clone())));
            }
            Self::Seen { reply, .. } | Self::Set { reply, .. } | Self::Check { reply } => {
                drop(reply.send(Err(error.clone())));
            }
        }
    }
}

/// An order that a repeat could mean.
struct Known {
    id: OrderId,
    fingerprint: Fingerprint,
    placed_at: UnixMillis,
    by_key: bool,
}

fn place(
    connection: &Connection,
    draft: &mut Draft,
    placement: &Placement,
) -> rusqlite::Result<Result<Placed, PlaceError>> {
    let Placement { key, order, .. } = placement;
    let external_id = order.source.external_id.as_deref();
    let source = external_id.map(|id| (order.source.channel.as_str(), id));
    if let Some(known) = find_repeat(connection, key.as_deref(), source)? {
        if !known.fingerprint.agrees(&placement.fingerprint) {
            return Ok(Err(PlaceError::KeyReused { by_key: known.by_key, order: known.id }));
        }
        if let (Some(key), false) = (&placement.key, known.by_key) {
            remember_key(connection, key, known.id, placement.at)?;
        }
        let order_json = as_placed(connection, known.id)?;
        return Ok(Ok(Placed { id: known.id, order_json, replayed: true }));
    }
    if let Some(paused) = &placement.paused {
        return Ok(Err(PlaceError::Paused(paused.clone())));
    }
    let number = next_number(connection, placement)?;
    let Placement { id, at, promise, .. } = *placement;
    let order = placement.order.clone().place(id, number, at, promise);
    let order_json = append(connection, draft, &order)?;
    connection
        .prepare_cached(
            "INSERT INTO orders (id, status, open, channel, external_id, fingerprint, placed_at, \
             changed_at, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
        )?
        .execute(params![
            order.id.0.as_bytes(),
            order.status.as_str(),
            order.is_on_board(),
            order.source.channel.as_str(),
            order.source.external_id,
            placement.fingerprint.bytes(),
            order.times.placed_at.0,
            text(&order_json)?,
        ])?;
    if let Some(key) = &placement.key {
        remember_key(connection, key, order.id, placement.at)?;
    }
    let id = order.id;
    draft.note(order, order_json.clone());
    Ok(Ok(Placed { id, order_json, replayed: false }))
}

/// The order that was placed before by what is sought.
pub(super) fn placed_before(
    connection: &Connection,
    Sought { key, source }: &Sought,
) -> rusqlite::Result<Option<PlacedBefore>> {
    let source = source.as_ref().map(|(channel, id)| (channel.as_str(), id.as_str()));
    let Some(known) = find_repeat(connection, key.as_deref(), source)? else { return Ok(None) };
    let order_json = as_placed(connection, known.id)?;
    let Known { id, fingerprint, placed_at, .. } = known;
    Ok(Some(PlacedBefore { id, fingerprint, placed_at, order_json }))
}

/// The order that a repeat means: by its key, or else by its channel and the
/// channel's own id.
fn find_repeat(
    connection: &Connection,
    key: Option<&str>,
    source: Option<(&str, &str)>,
) -> rusqlite::Result<Option<Known>> {
    let known = |by_key: bool| {
        move |row: &rusqlite::Row<'_>| {
            let id = rows::order_id(row.get_ref(0)?.as_blob()?)?;
            let fingerprint = Fingerprint::kept(row.get(1)?);
            let placed_at = UnixMillis(row.get(2)?);
            Ok(Known { id, fingerprint, placed_at, by_key })
        }
    };
    if let Some(key) = key {
        let found = connection
            .prepare_cached(
                "SELECT orders.id, orders.fingerprint, orders.placed_at FROM idempotency_keys
                 JOIN orders ON orders.id = idempotency_keys.order_id
                 WHERE idempotency_keys.key = ?1",
            )?
            .query_row([key], known(true))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some((channel, external_id)) = source else {
        return Ok(None);
    };
    connection
        .prepare_cached(
            "SELECT id, fingerprint, placed_at FROM orders \
             WHERE channel = ?1 AND external_id = ?2",
        )?
        .query_row([channel, external_id], known(false))
        .optional()
}

fn remember_key(
    connection: &Connection,
    key: &str,
    order: OrderId,
    at: UnixMillis,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO idempotency_keys (key, order_id, at) VALUES (?1, ?2, ?3)")?
        .execute(params![key, order.0.as_bytes(), at.0])?;
    Ok(())
}

/// The order as the first answer gave it; as it is now where that is no longer kept.
fn as_placed(connection: &Connection, id: OrderId) -> rusqlite::Result<Bytes> {
    let first: Option<String> = connection
        .prepare_cached(
            "SELECT data FROM log WHERE order_id = ?1 AND kind = 'order.placed' \
             ORDER BY seq LIMIT 1",
        )?
        .query_row([id.0.as_bytes()], |row| row.get(0))
        .optional()?;
    let json = match first {
        Some(json) => json,
        None => rows::order(connection, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?,
    };
    Ok(Bytes::from(json))
}

fn next_number(connection: &Connection, placement: &Placement) -> rusqlite::Result<OrderNumber> {
    let location = placement.order.location.as_str();
    connection
        .prepare_cached(
            "INSERT INTO numbers (location, business_day, last) VALUES (?1, ?2, ?3)
             ON CONFLICT (location, business_day) DO UPDATE SET last = last + 1
             RETURNING last",
        )?
        .query_row(params![location, placement.business_day, FIRST_NUMBER], |row| {
            row.get(0).map(OrderNumber)
        })
}

fn apply(
    connection: &Connection,
    draft: &mut Draft,
    id: OrderId,
    change: &Change,
    at: UnixMillis,
) -> rusqlite::Result<Result<Bytes, ChangeError>> {
    let Some(json) = rows::order(connection, id)? else {
        return Ok(Err(ChangeError::NotFound));
    };
    let order = match change.decide(&rows::parse(&json)?, at) {
        Err(refusal) => return Ok(Err(ChangeError::Refused(refusal))),
        Ok(None) => return Ok(Ok(Bytes::from(json))),
        Ok(Some(order)) => order,
    };
    let order_json = append(connection, draft, &order)?;
    connection
        .prepare_cached(
            "UPDATE orders SET status = ?2, open = ?3, changed_at = ?4, data = ?5 WHERE id = ?1",
        )?
        .execute(params![
            id.0.as_bytes(),
            order.status.as_str(),
            order.is_on_board(),
            at.0,
            text(&order_json)?,
        ])?;
    draft.note(order, order_json.clone());
    Ok(Ok(order_json))
}

/// Writes the next row of the log.
fn append(
    connection: &Connection,
    draft: &mut Draft,
    order: &FoodOrder,
) -> rusqlite::Result<Bytes> {
    let json = serde_json::to_string(order)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let facts = EventFacts::of(order);
    connection
        .prepare_cached(
            "INSERT INTO log (seq, order_id, kind, from_status, to_status, location, channel, \
             stations, service, at, data) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            draft.head.next().0,
            order.id.0.as_bytes(),
            facts.kind.as_str(),
            facts.from.map(OrderStatus::as_str),
            facts.to.as_str(),
            facts.location.as_str(),
            facts.channel.as_str(),
            rows::join_stations(&facts.stations),
            facts.service.as_str(),
            order.last_change.at.0,
            json,
        ])?;
    draft.head = draft.head.next();
    Ok(Bytes::from(json))
}

impl Draft {
    /// Notes the change that [`append`] has just written, for the sink.
    fn note(&mut self, order: FoodOrder, order_json: Bytes) {
        let event = StoredEvent { seq: self.head, facts: EventFacts::of(&order), order_json };
        self.committed.push(Committed { event, order });
    }
}

fn note_seen(connection: &Connection, seen: &[Seen]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO seen (order_id, screen, at)
         SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM orders WHERE id = ?1)
         AND (SELECT count(*) FROM seen WHERE order_id = ?1) < ?4
         ON CONFLICT DO NOTHING",
    )?;
    for Seen { order, screen, at } in seen {
        statement.execute(params![order.0.as_bytes(), screen, at.0, limits::SEEN_BY])?;
    }
    Ok(())
}

/// Promises what is on the board, or may be recalled to it, and was placed by a
/// version that promised nothing, as if it had: it wrote no revision either, so none
/// is promised twice. Its last event tells of it too. It is no change that anybody
/// made: whoever has read that event is not sent it again, and boards load anew
/// with the new version of the program.
fn promise_the_old(connection: &Connection, promises: &Promises) -> rusqlite::Result<u64> {
    let old: Vec<String> = connection
        .prepare(
            "SELECT data FROM orders WHERE json_extract(data, '$.revision') IS NULL AND (open = 1 \
             OR (status = 'completed' AND changed_at > \
             (SELECT max(changed_at) FROM orders) - 86400000))",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for json in &old {
        let mut order = rows::parse(json)?;
        let (service, times) = (order.fulfilment.service, &mut order.times);
        // The kitchen has it already: it does not fire.
        let Promise { fires_at: _, warn_at, promised_at } =
            promises.promise(service, times.due_at, times.placed_at, Busy::NOT);
        times.warn_at = times.warn_at.or(warn_at);
        times.promised_at = times.promised_at.or(promised_at);
        let json = serde_json::to_string(&order)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let id = order.id.0.as_bytes();
        connection.execute("UPDATE orders SET data = ?2 WHERE id = ?1", params![id, json])?;
        connection.execute(
            "UPDATE log SET data = ?2 WHERE seq = (SELECT max(seq) FROM log WHERE order_id = ?1)",
            params![id, json],
        )?;
    }
    Ok(old.len() as u64)
}

/// Deletes the oldest events, a step at a time: the log stays without a gap
/// from its floor to its head.
fn prune(
    connection: &Connection,
    draft: &mut Draft,
    before: UnixMillis,
    keys_before: UnixMillis,
) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("DELETE FROM idempotency_keys WHERE at < ?1")?
        .execute([keys_before.0])?;
    connection.prepare_cached("DELETE FROM seen WHERE at < ?1")?.execute([before.0])?;
    let last = draft.head.0.min(draft.floor.0 + PRUNE_STEP);
    let first_kept: Option<u64> = connection
        .prepare_cached("SELECT min(seq) FROM log WHERE seq <= ?1 AND at >= ?2")?
        .query_row(params![last, before.0], |row| row.get(0))?;
    let floor = first_kept.map_or(last, |seq| seq.saturating_sub(1));
    let pruned = floor.saturating_sub(draft.floor.0);
    if pruned > 0 {
        connection.prepare_cached("DELETE FROM log WHERE seq <= ?1")?.execute([floor])?;
        rows::set_meta(connection, "floor", &floor.to_string())?;
        draft.floor = Seq(floor);
    }
    Ok(pruned)
}

fn text(json: &Bytes) -> rusqlite::Result<&str> {
    std::str::from_utf8(json).map_err(rusqlite::Error::Utf8Error)
}
