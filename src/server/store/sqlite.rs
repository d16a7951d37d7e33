//! The embedded engine: SQLite in a folder of the machine.
//!
//! One thread writes. It takes everything that waits, carries it out in one
//! transaction and commits once for all (group commit), so that a lone command
//! never waits for company and many share one `fsync`. Readers have
//! connections of their own; in WAL mode they and the writer do not block each
//! other.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::sync::{mpsc, oneshot};

use super::{
    ChangeError, CommitSink, EraseError, Erased, Erasure, EventPage, History, PlaceError, Placed,
    PlacedBefore, Placement, ScreenError, Seen, Setting, Sides, Sought, Store, StoredOrders,
    Unavailable, Wanted, WebhookStore,
};
use crate::{
    domain::{
        Change, Channel, FoodOrder, OrderId, Profile, Promises, Screen, ScreenName, UnixMillis,
        Version,
    },
    server::{
        files::{self, Kind},
        folder,
        tracking::{TokenDigest, TrackingKey},
    },
    wire::{Epoch, Seq, StreamFilter, Wall},
};

mod check;
mod erase;
mod errand;
mod readers;
mod rows;
mod schema;
mod screens;
mod sides;
#[cfg(test)]
mod tests;
mod webhooks;
mod writer;

pub use check::check;
pub use erase::{NOT_FROM_DISK, ask as ask_to_erase, still_open};
use readers::Readers;
use writer::{Job, Reply, Writer};

/// The database's name in the data folder.
const FILE: &str = "orders.db";
/// Locked by the process that uses the folder.
const LOCK: &str = "lock";
/// Commands that may wait for the writer before senders wait too.
const QUEUE: usize = 4096;
/// How long the answer to an erasure waits for whoever still reads what it erases:
/// no longer than clients wait for any answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Orders in an SQLite database.
pub struct SqliteStore {
    epoch: Epoch,
    head_at_start: Seq,
    demo: bool,
    tracking_key: TrackingKey,
    jobs: mpsc::Sender<Job>,
    readers: Readers,
    writer: Option<thread::JoinHandle<()>>,
    /// Held as long as the store is open; none beside a server that holds it.
    lock: Option<File>,
}

/// What a new store is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Real orders. A store of demo data is opened too, and says so.
    Service,
    /// A demo: refuses a store with real orders, empties one with demo data.
    Demo,
}

impl SqliteStore {
    /// Opens the store in `folder`, which is made where it is missing, and
    /// brings its schema up to date. `sink` hears of every commit from now on.
    ///
    /// # Errors
    /// One line that says what to do: the folder cannot be written, another
    /// process uses it, the file is no store of this program or is of a later
    /// version.
    pub fn open(
        folder: &Path,
        purpose: Purpose,
        sink: Arc<dyn CommitSink>,
    ) -> anyhow::Result<Self> {
        Self::open_with(folder, purpose, sink, PATIENCE)
    }

    fn open_with(
        folder: &Path,
        purpose: Purpose,
        sink: Arc<dyn CommitSink>,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let file = folder.join(FILE);
        if folder.is_dir() && !folder.join(LOCK).exists() {
            // Nobody has used this folder: where it holds something else, it is not
            // closed to anybody, and not even a lock is left in it.
            schema::look(&file)?;
        }
        make_folder(folder)?;
        let lock = lock(folder)?;
        if purpose == Purpose::Demo {
            schema::empty_demo(&file)?;
        }
        if !file.exists() {
            schema::look(&file)?;
            files::begin(&schema::KIND, folder)?;
            folder::share_file(folder, FILE);
        }
        folder::close_file(folder, LOCK);
        folder::close_file(folder, FILE);
        let opened = schema::open(&file, purpose == Purpose::Demo)?;
        Self::new(opened, file, sink, Some(lock), patience)
    }

    /// Opens the store in `folder` for a command, beside the server that uses it
    /// if there is one. Then nothing that concerns the log may be written: the
    /// server alone knows where its end is.
    ///
    /// # Errors
    /// As [`open`](Self::open), or the server is of another version.
    pub fn open_beside(folder: &Path, sink: Arc<dyn CommitSink>) -> anyhow::Result<Self> {
        match Self::open(folder, Purpose::Service, Arc::clone(&sink)) {
            Err(error) if is_in_use(&error) => {
                let file = folder.join(FILE);
                Self::new(schema::open_beside(&file)?, file, sink, None, PATIENCE)
            }
            opened => opened,
        }
    }

    /// Whether a server uses the store at the same time.
    #[must_use]
    pub fn is_beside(&self) -> bool {
        self.lock.is_none()
    }

    fn new(
        opened: schema::Opened,
        file: PathBuf,
        sink: Arc<dyn CommitSink>,
        lock: Option<File>,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (epoch, head_at_start, demo) = (opened.epoch, opened.head, opened.demo);
        let tracking_key = opened.tracking_key.clone();
        let readers = Readers::new(file.clone(), epoch)?;
        let writer = Writer::new(opened, file, sink, patience);
        let handle = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(queue))
            .context("cannot start the store's writer")?;
        Ok(Self {
            epoch,
            head_at_start,
            demo,
            tracking_key,
            jobs,
            readers,
            writer: Some(handle),
            lock,
        })
    }

    /// The newest position when the store was opened.
    #[must_use]
    pub fn head_at_start(&self) -> Seq {
        self.head_at_start
    }

    /// Whether it holds demo data.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.demo
    }

    /// Sends a job to the writer and waits for its answer.
    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let stopped = "its writer has stopped";
        self.jobs.send(job(reply)).await.map_err(|_| Unavailable::new(stopped))?;
        answer.await.map_err(|_| Unavailable::unsure(stopped))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // The writer ends when its queue is closed; what is queued is done first.
        let (closed, _) = mpsc::channel(1);
        self.jobs = closed;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Store for SqliteStore {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn place(&self, placement: Placement) -> BoxFuture<'_, Result<Placed, PlaceError>> {
        async move {
            self.ask(|reply| Job::Place { placement: Box::new(placement), reply })
                .await
                .unwrap_or_else(|gone| Err(PlaceError::Unavailable(gone)))
        }
        .boxed()
    }

    fn placed_before(
        &self,
        sought: Sought,
    ) -> BoxFuture<'_, Result<Option<PlacedBefore>, Unavailable>> {
        self.readers.read(move |connection, _| writer::placed_before(connection, &sought))
    }

    fn change(
        &self,
        id: OrderId,
        change: Change,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<Bytes, ChangeError>> {
        async move {
            self.ask(|reply| Job::Change { id, change: Box::new(change), at, reply })
                .await
                .unwrap_or_else(|gone| Err(ChangeError::Unavailable(gone)))
        }
        .boxed()
    }

    fn tracking_key(&self) -> TrackingKey {
        self.tracking_key.clone()
    }

    fn tracked(&self, token: TokenDigest) -> BoxFuture<'_, Result<Option<FoodOrder>, Unavailable>> {
        self.readers.read(move |connection, _| {
            rows::tracked(connection, token)?.map(|json| rows::parse(&json)).transpose()
        })
    }

    fn erase(&self, erasure: Erasure) -> BoxFuture<'_, Result<Erased, EraseError>> {
        let erasure = Box::new(erasure);
        async move {
            self.ask(|reply| Job::Erase { erasure, reply })
                .await
                .unwrap_or_else(|gone| Err(EraseError::Unavailable(gone)))
        }
        .boxed()
    }

    fn erase_old(
        &self,
        before: UnixMillis,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<u64, Unavailable>> {
        async move { self.ask(|reply| Job::EraseOld { before, at, reply }).await? }.boxed()
    }

    fn erasures_asked(&self) -> BoxFuture<'_, Result<Vec<OrderId>, Unavailable>> {
        self.readers.read(|connection, _| erase::asked(connection))
    }

    fn events(&self, after: Seq, limit: usize) -> BoxFuture<'_, Result<EventPage, Unavailable>> {
        self.readers.read(move |connection, _| rows::events(connection, after, limit))
    }

    fn events_behind(
        &self,
        wall: Wall,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<EventPage, Unavailable>> {
        self.readers.read(move |connection, _| sides::events(connection, &wall, after, limit))
    }

    fn sides(&self) -> BoxFuture<'_, Result<Sides, Unavailable>> {
        self.readers.read(|connection, _| {
            let sides = sides::all(connection)?.into_iter();
            Ok(sides.map(|side| (side.location, side.channel, side.last)).collect())
        })
    }

    fn of_these(
        &self,
        wall: Wall,
        orders: Vec<OrderId>,
    ) -> BoxFuture<'_, Result<Vec<OrderId>, Unavailable>> {
        self.readers.read(move |connection, _| sides::of_these(connection, &wall, orders))
    }

    fn snapshot(&self, filter: StreamFilter) -> BoxFuture<'_, Result<StoredOrders, Unavailable>> {
        self.readers.read(move |connection, epoch| rows::open_orders(connection, epoch, &filter))
    }

    fn list(
        &self,
        filter: StreamFilter,
        wanted: Wanted,
    ) -> BoxFuture<'_, Result<StoredOrders, Unavailable>> {
        self.readers.read(move |connection, epoch| rows::list(connection, epoch, &filter, &wanted))
    }

    fn history(&self, id: OrderId) -> BoxFuture<'_, Result<Option<History>, Unavailable>> {
        self.readers.read(move |connection, _| rows::history(connection, id))
    }

    fn order(&self, id: OrderId) -> BoxFuture<'_, Result<Option<FoodOrder>, Unavailable>> {
        self.readers.read(move |connection, _| {
            rows::order(connection, id)?.map(|json| rows::parse(&json)).transpose()
        })
    }

    fn note_seen(&self, seen: Vec<Seen>) -> BoxFuture<'_, Result<(), Unavailable>> {
        async move { self.ask(|reply| Job::Seen { seen, reply }).await? }.boxed()
    }

    fn setting(&self, name: Setting) -> BoxFuture<'_, Result<Option<String>, Unavailable>> {
        self.readers.read(move |connection, _| rows::meta(connection, rows::setting_key(name)))
    }

    fn set(&self, name: Setting, value: String) -> BoxFuture<'_, Result<(), Unavailable>> {
        async move { self.ask(|reply| Job::Set { name, value, reply }).await? }.boxed()
    }

    fn promise_the_old(&self, promises: Promises) -> BoxFuture<'_, Result<u64, Unavailable>> {
        async move { self.ask(|reply| Job::Promise { promises, reply }).await? }.boxed()
    }

    fn recent(&self, since: UnixMillis) -> BoxFuture<'_, Result<Vec<FoodOrder>, Unavailable>> {
        self.readers.read(move |connection, _| rows::recent(connection, since))
    }

    fn arrivals(
        &self,
        since: UnixMillis,
    ) -> BoxFuture<'_, Result<Vec<(Channel, UnixMillis)>, Unavailable>> {
        self.readers.read(move |connection, _| rows::arrivals(connection, since))
    }

    fn prune(
        &self,
        before: UnixMillis,
        keys_before: UnixMillis,
    ) -> BoxFuture<'_, Result<u64, Unavailable>> {
        async move { self.ask(|reply| Job::Prune { before, keys_before, reply }).await? }.boxed()
    }

    fn screens(&self) -> BoxFuture<'_, Result<Vec<Screen>, Unavailable>> {
        self.readers.read(|connection, _| screens::all(connection))
    }

    fn screen(&self, name: ScreenName) -> BoxFuture<'_, Result<Option<Screen>, Unavailable>> {
        self.readers.read(move |connection, _| screens::one(connection, &name))
    }

    fn put_screen(
        &self,
        name: ScreenName,
        profile: Profile,
        expected: Option<Version>,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<Screen, ScreenError>> {
        let put = Box::new(screens::Put { name, profile, expected, at });
        async move {
            self.ask(|reply| Job::PutScreen { put, reply })
                .await
                .unwrap_or_else(|gone| Err(ScreenError::Unavailable(gone)))
        }
        .boxed()
    }

    fn delete_screen(
        &self,
        name: ScreenName,
        expected: Option<Version>,
    ) -> BoxFuture<'_, Result<(), ScreenError>> {
        async move {
            self.ask(|reply| Job::DeleteScreen { name, expected, reply })
                .await
                .unwrap_or_else(|gone| Err(ScreenError::Unavailable(gone)))
        }
        .boxed()
    }

    fn webhooks(&self) -> &dyn WebhookStore {
        self
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Unavailable>> {
        async move { self.ask(|reply| Job::Check { reply }).await? }.boxed()
    }
}

/// How the database is recognised.
pub const KIND: &Kind = &schema::KIND;

/// What is done to a copy: without its epoch, it begins one of its own once it is
/// used, and nobody takes a position in the log for one in it.
pub const FINISH_COPY: &str = "DELETE FROM meta WHERE key = 'epoch'";

/// Makes the data folder where it is missing.
///
/// # Errors
/// One line: it is none, or cannot be made.
pub fn make_folder(folder: &Path) -> anyhow::Result<()> {
    files::be_no_file(folder)?;
    folder::make(folder)
        .with_context(|| format!("cannot make the data folder {}", folder.display()))
}

/// Whether there is a store in `folder`.
#[must_use]
pub fn is_in(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// Another process uses the folder.
#[derive(Debug, thiserror::Error)]
#[error("the data folder {} is in use by another live-orders; stop that one, or name another folder with --data", .0.display())]
struct InUse(PathBuf);

/// Whether `error`, with which a store was not opened, says that another process uses it.
#[must_use]
pub fn is_in_use(error: &anyhow::Error) -> bool {
    error.is::<InUse>()
}

/// Locks `folder` for this process; the lock goes with the process, however it ends.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let path: PathBuf = folder.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot write in the data folder {}", folder.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(InUse(folder.to_owned()).into()),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}
