//! The one thread that writes: group commit.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};

use super::{
    super::{
        ChangeError, CommitSink, Committed, EraseError, Erased, Erasure, Fingerprint, PlaceError,
        Placed, PlacedBefore, Placement, ScreenError, Seen, Setting, Sought, StoredEvent,
        Unavailable,
    },
    erase,
    errand::{Errand, Fruit},
    rows, schema, screens, sides, webhooks,
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
pub(super) const FIRST_NUMBER: u32 = 101;
/// Events that one step of pruning deletes, so that orders do not wait for it.
const PRUNE_STEP: u64 = 2000;
/// How often it is tried to empty the write-ahead log while somebody reads what was
/// erased. Each try costs orders less than a millisecond.
const EMPTY_EVERY: Duration = Duration::from_millis(250);
/// How often it is tried to write over what a commit that failed has left behind.
const SETTLE_EVERY: Duration = Duration::from_millis(250);

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
    Erase {
        erasure: Box<Erasure>,
        reply: Reply<Result<Erased, EraseError>>,
    },
    EraseOld {
        before: UnixMillis,
        at: UnixMillis,
        reply: Reply<Result<u64, Unavailable>>,
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
    /// Anything that needs nothing of the log.
    Errand(Box<dyn Errand>),
    Check {
        reply: Reply<Result<(), Unavailable>>,
    },
}

/// What came of a job; told when it is durable.
enum Outcome {
    Place(Result<Placed, PlaceError>),
    Change(Result<Bytes, ChangeError>),
    Erase(Result<Erased, EraseError>),
    Count(u64),
    PutScreen(Result<Box<Screen>, ScreenError>),
    DeleteScreen(Result<(), ScreenError>),
    Errand(Fruit),
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
    /// When it is next tried to empty the write-ahead log, which may hold what was
    /// erased since; none when it holds nothing of the kind.
    to_empty: Option<Instant>,
    /// Whether it was said that it cannot be emptied.
    told: bool,
    /// Erasures that are answered when it is empty.
    held: Vec<Held>,
    /// How long they are held at most.
    patience: Duration,
    /// What a commit that failed has left in the write-ahead log, if anything; none of
    /// it is seen, and all of it is carried out if the program starts anew.
    doubt: Option<Doubt>,
    /// Rows of orders that cannot be read, and that this was said of.
    damaged: BTreeSet<i64>,
}

/// What was to be written may come to stand there, or not: nobody knows until it is
/// written over.
struct Doubt {
    /// Why it could not be written over.
    why: &'static str,
    /// When that is tried next.
    settle_at: Instant,
}

/// An erasure that is durable and not yet gone from the disk.
struct Held {
    job: Job,
    outcome: Outcome,
    until: Instant,
}

/// What came to the writer.
enum Came {
    Job(Job),
    /// It is time to try again.
    Time,
    /// Nobody will send anything again.
    End,
}

/// What one transaction has done so far.
pub(super) struct Draft {
    head: Seq,
    floor: Seq,
    committed: Vec<Committed>,
    /// Whether something was erased.
    pub(super) erased: bool,
    /// Rows of orders that are to be erased and cannot be read.
    pub(super) damaged: Vec<i64>,
}

impl Writer {
    /// A writer on what was `opened`, which holds answers to erasures for `patience`
    /// at most while somebody reads what they erase.
    pub(super) fn new(
        opened: schema::Opened,
        file: PathBuf,
        sink: Arc<dyn CommitSink>,
        patience: Duration,
    ) -> Self {
        let schema::Opened { connection, head, floor, emptied, .. } = opened;
        Self {
            connection,
            file,
            head,
            floor,
            sink,
            to_empty: (!emptied).then(Instant::now),
            told: false,
            held: Vec::new(),
            patience,
            doubt: None,
            damaged: BTreeSet::new(),
        }
    }

    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            match receive(&mut queue, self.wakes_at()) {
                Came::Job(first) => batch.push(first),
                Came::Time => {
                    self.tidy();
                    continue;
                }
                Came::End => break,
            }
            while batch.len() < BATCH {
                match queue.try_recv() {
                    Ok(job) => batch.push(job),
                    Err(_) => break,
                }
            }
            self.write(&mut batch);
            self.tidy();
        }
        self.settle();
        // Leaves one file behind that any tool can copy.
        let emptied = schema::empty_wal(&self.connection).unwrap_or(false);
        for Held { job, outcome, .. } in self.held.drain(..) {
            job.answer(outcome.gone(emptied));
        }
    }

    /// When there is something to do that nobody asks for.
    fn wakes_at(&self) -> Option<Instant> {
        let settle_at = self.doubt.as_ref().map(|doubt| doubt.settle_at);
        self.to_empty.into_iter().chain(settle_at).min()
    }

    /// Does what is due that nobody asks for.
    fn tidy(&mut self) {
        let now = Instant::now();
        if self.doubt.as_ref().is_some_and(|doubt| doubt.settle_at <= now) {
            self.settle();
        }
        if self.to_empty.is_some_and(|at| at <= now) {
            self.empty();
        }
    }

    /// Carries out `batch` in one transaction. Where that fails, each job gets
    /// a transaction of its own, so that one bad job harms no other; but not
    /// where the disk is at fault, which fails for all.
    fn write(&mut self, batch: &mut Vec<Job>) {
        self.settle();
        // Whatever was said now, a repeat of what was left behind may come to stand there.
        if let Some(Doubt { why, .. }) = self.doubt {
            let unavailable = Unavailable::unsure(why);
            for job in batch.drain(..) {
                job.fail(&unavailable);
            }
            return;
        }
        let mut outcomes = self.transact(batch);
        // A connection that was opened while nothing could be written stays
        // read-only: the disk may be fine again and only the connection old.
        if outcomes.as_ref().is_err_and(|failure| is_read_only(&failure.error)) {
            let _ = self.reconnect();
            outcomes = self.transact(batch);
        }
        match outcomes {
            Ok(outcomes) => {
                let until = Instant::now() + self.patience;
                let before = self.held.len();
                for (job, outcome) in batch.drain(..).zip(outcomes) {
                    // What was erased before may not be gone from the disk either.
                    if self.to_empty.is_some() && matches!(outcome, Outcome::Erase(Ok(_))) {
                        self.held.push(Held { job, outcome, until });
                    } else {
                        job.answer(outcome);
                    }
                }
                self.sink.announce();
                if self.held.len() > before {
                    self.empty();
                }
            }
            Err(failure) if batch.len() == 1 || is_the_disk(&failure.error) => {
                let unavailable = self.recover(&failure);
                for job in batch.drain(..) {
                    job.fail(&unavailable);
                }
            }
            Err(failure) => {
                self.recover(&failure);
                for job in batch.drain(..) {
                    self.write(&mut vec![job]);
                }
            }
        }
    }

    /// Has the write-ahead log, which holds pages as they were, emptied after an
    /// erasure, and answers whoever waits for that. Somebody who reads an old page keeps
    /// it from being emptied; no order waits for them, it is tried again.
    fn empty(&mut self) {
        let emptied = match schema::empty_wal(&self.connection) {
            Ok(emptied) => emptied,
            Err(error) => {
                if !std::mem::replace(&mut self.told, true) {
                    tracing::warn!(error = %error, "store.checkpoint.failed");
                }
                false
            }
        };
        let now = Instant::now();
        if emptied {
            self.told = false;
            self.to_empty = None;
        } else {
            self.to_empty = Some(now + EMPTY_EVERY);
        }
        for Held { job, outcome, .. } in
            self.held.extract_if(.., |held| emptied || held.until <= now)
        {
            job.answer(outcome.gone(emptied));
        }
    }

    fn transact(&mut self, batch: &[Job]) -> Result<Vec<Outcome>, Failure> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut draft = Draft {
            head: self.head,
            floor: self.floor,
            committed: Vec::new(),
            erased: false,
            damaged: Vec::new(),
        };
        let outcomes = batch
            .iter()
            .map(|job| job.carry_out(&transaction, &mut draft))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        transaction.commit().map_err(Failure::at_commit)?;
        self.head = draft.head;
        self.floor = draft.floor;
        if draft.erased {
            self.to_empty = Some(Instant::now());
        }
        for row in draft.damaged {
            if self.damaged.insert(row) {
                tracing::error!(row, "orders.erase.damaged: this row of orders cannot be read");
            }
        }
        if !draft.committed.is_empty() {
            self.sink.committed(&draft.committed);
        }
        Ok(outcomes)
    }

    /// After a failure: a fresh connection, where one is to be had, so that a
    /// full or broken disk that works again is used again.
    fn recover(&mut self, Failure { error, written }: &Failure) -> Unavailable {
        if let Err(error) = self.reconnect() {
            tracing::error!(error = %error, "store.reopen.failed");
        }
        let why = explain(error);
        if *written {
            self.doubt = Some(Doubt { why, settle_at: Instant::now() });
            self.settle();
        }
        let unsure = self.doubt.is_some();
        tracing::error!(error = %error, unsure, "store.write.failed");
        Unavailable { why: why.to_owned(), unsure }
    }

    /// Writes over what a commit that failed has left in the write-ahead log, where the
    /// next start would find it whole.
    fn settle(&mut self) {
        let Some(doubt) = &mut self.doubt else { return };
        match schema::write_nothing(&self.connection) {
            Ok(()) => {
                self.doubt = None;
                tracing::info!(
                    "store.overwritten: nothing of what failed will come to stand there"
                );
            }
            Err(error) => {
                *doubt = Doubt { why: explain(&error), settle_at: Instant::now() + SETTLE_EVERY };
                tracing::debug!(error = %error, "store.overwrite.failed");
                // The one there is may be as it was when the disk failed.
                let _ = self.reconnect();
            }
        }
    }

    fn reconnect(&mut self) -> rusqlite::Result<()> {
        self.connection = schema::connect(&self.file)?;
        Ok(())
    }
}

/// What comes next from `queue`, until `until` where one is said.
fn receive(queue: &mut mpsc::Receiver<Job>, until: Option<Instant>) -> Came {
    /// Wakes a thread that is parked.
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let Some(until) = until else {
        return queue.blocking_recv().map_or(Came::End, Came::Job);
    };
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(came) = queue.poll_recv(&mut Context::from_waker(&waker)) {
            return came.map_or(Came::End, Came::Job);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Came::Time;
        }
        thread::park_timeout(left);
    }
}

/// Why a transaction came to nothing.
struct Failure {
    error: rusqlite::Error,
    /// Whether all of it may stand in the write-ahead log, up to the mark of its end:
    /// SQLite writes that and brings it to the disk then, and forgets it where the disk
    /// says no, but it takes nothing back.
    written: bool,
}

impl Failure {
    fn at_commit(error: rusqlite::Error) -> Self {
        use rusqlite::{ErrorCode, ffi::SQLITE_IOERR_WRITE};
        let before_the_mark =
            matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DiskFull
                        | ErrorCode::ReadOnly
                        | ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                )
            ) || error.sqlite_error().is_some_and(|it| it.extended_code == SQLITE_IOERR_WRITE);
        Self { error, written: !before_the_mark }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self { error, written: false }
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

impl Outcome {
    /// The same; an erasure says whether it is gone `from_disk`.
    fn gone(self, from_disk: bool) -> Self {
        match self {
            Self::Erase(Ok(erased)) => Self::Erase(Ok(Erased { from_disk, ..erased })),
            other => other,
        }
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
            Self::Erase { erasure, .. } => {
                let erased = erase::one(connection, draft, erasure)?;
                let order_json = erased.map(Bytes::from);
                Ok(Outcome::Erase(
                    order_json.map(|order_json| Erased { order_json, from_disk: true }),
                ))
            }
            Self::EraseOld { before, at, .. } => {
                erase::old(connection, draft, *before, *at).map(Outcome::Count)
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
            Self::Errand(errand) => errand.carry_out(connection).map(Outcome::Errand),
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
            (Self::Erase { reply, .. }, Outcome::Erase(result)) => drop(reply.send(result)),
            (
                Self::Prune { reply, .. }
                | Self::Promise { reply, .. }
                | Self::EraseOld { reply, .. },
                Outcome::Count(count),
            ) => {
                drop(reply.send(Ok(count)));
            }
            (Self::PutScreen { reply, .. }, Outcome::PutScreen(result)) => {
                drop(reply.send(result.map(|screen| *screen)));
            }
            (Self::DeleteScreen { reply, .. }, Outcome::DeleteScreen(result)) => {
                drop(reply.send(result));
            }
            (Self::Errand(errand), Outcome::Errand(fruit)) => errand.answer(fruit),
            (
                Self::Seen { reply, .. } | Self::Set { reply, .. } | Self::Check { reply },
                Outcome::Done,
            ) => drop(reply.send(Ok(()))),
            (job, _) => job.fail(&Unavailable::unsure("it answered something else")),
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
            Self::Errand(errand) => errand.fail(error),
            Self::Erase { reply, .. } => {
                drop(reply.send(Err(EraseError::Unavailable(error.clone()))));
            }
            Self::Prune { reply, .. }
            | Self::Promise { reply, .. }
            | Self::EraseOld { reply, .. } => {
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

impl Known {
    /// Whether `placement` is of this order. Of one that was ever erased, only what
    /// was left of it can be compared, whatever has been written into it since.
    fn is(&self, placement: &Placement) -> bool {
        let Placement { order, at, promise, fingerprint, .. } = placement;
        let left = || {
            let placed = order.clone().place(self.id, OrderNumber(0), *at, *promise);
            Fingerprint::of_erased(&placed)
        };
        self.fingerprint.agrees(fingerprint) || self.fingerprint.agrees(&left())
    }
}

fn place(
    connection: &Connection,
    draft: &mut Draft,
    placement: &Placement,
) -> rusqlite::Result<Result<Placed, PlaceError>> {
    let Placement { key, order, .. } = placement;
    let external_id = order.source.external_id.as_deref();
    let source = external_id.map(|id| [order.location.as_str(), order.source.channel.as_str(), id]);
    if let Some(known) = find_repeat(connection, key.as_deref(), source)? {
        if !known.is(placement) {
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
    let mut order = placement.order.clone().place(id, number, at, promise);
    if let Some(by) = &placement.by {
        order.last_change.actor = by.clone();
    }
    let order_json = append(connection, draft, &order)?;
    connection
        .prepare_cached(
            "INSERT INTO orders (id, status, open, channel, external_id, fingerprint, placed_at, \
             changed_at, data, tracking, location) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10)",
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
            placement.tracking.0,
            order.location.as_str(),
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
    let source = source.as_ref();
    let source = source.map(|(location, channel, id)| [location.as_str(), channel.as_str(), id]);
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
    source: Option<[&str; 3]>,
) -> rusqlite::Result<Option<Known>> {
    let known = |by_key: bool| {
        move |row: &rusqlite::Row<'_>| {
            let id = rows::order_id(row.get_ref(0)?.as_blob()?)?;
            let fingerprint = Fingerprint::kept(row.get(1)?);
            Ok(Known { id, fingerprint, placed_at: UnixMillis(row.get(2)?), by_key })
        }
    };
    if let Some(key) = key {
        let found = connection
            .prepare_cached(
                "SELECT orders.id, orders.fingerprint, orders.placed_at
                 FROM idempotency_keys
                 JOIN orders ON orders.id = idempotency_keys.order_id
                 WHERE idempotency_keys.key = ?1",
            )?
            .query_row([rows::key_digest(key)], known(true))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some(source) = source else {
        return Ok(None);
    };
    connection
        .prepare_cached(
            "SELECT id, fingerprint, placed_at FROM orders \
             WHERE location = ?1 AND channel = ?2 AND external_id = ?3",
        )?
        .query_row(source, known(false))
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
        .execute(params![rows::key_digest(key), order.0.as_bytes(), at.0])?;
    Ok(())
}

/// The order as the first answer gave it; as it is now where that is no longer kept.
pub(super) fn as_placed(connection: &Connection, id: OrderId) -> rusqlite::Result<Bytes> {
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
            "UPDATE orders SET status = ?2, open = ?3, changed_at = ?4, data = ?5, erased = ?6 \
             WHERE id = ?1",
        )?
        .execute(params![
            id.0.as_bytes(),
            order.status.as_str(),
            order.is_on_board(),
            at.0,
            text(&order_json)?,
            order.erased.0,
        ])?;
    draft.note(order, order_json.clone());
    Ok(Ok(order_json))
}

/// Writes the next row of the log.
pub(super) fn append(
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
    sides::note(connection, &facts, draft.head)?;
    Ok(Bytes::from(json))
}

impl Draft {
    /// Notes the change that [`append`] has just written, for the sink.
    pub(super) fn note(&mut self, order: FoodOrder, order_json: Bytes) {
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
    // What a webhook that is on has not been sent yet stays for it.
    let held = webhooks::held(connection)?.unwrap_or(floor);
    let floor = floor.min(held.max(draft.floor.0));
    let pruned = floor.saturating_sub(draft.floor.0);
    if pruned > 0 {
        sides::prune(connection, Seq(floor))?;
        connection.prepare_cached("DELETE FROM log WHERE seq <= ?1")?.execute([floor])?;
        rows::set_meta(connection, "floor", &floor.to_string())?;
        webhooks::pruned(connection, floor)?;
        draft.floor = Seq(floor);
    }
    Ok(pruned)
}

pub(super) fn text(json: &Bytes) -> rusqlite::Result<&str> {
    std::str::from_utf8(json).map_err(rusqlite::Error::Utf8Error)
}
