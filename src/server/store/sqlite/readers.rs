//! Reading beside the writer: a few connections, each used by one read at a time.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use futures_util::{FutureExt as _, future::BoxFuture};
use rusqlite::{Connection, OpenFlags};
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

use super::super::Unavailable;
use crate::wire::Epoch;

/// Reads at one time. SQLite reads are short and the machine is small; more
/// would only hold more page caches.
const CONNECTIONS: usize = 4;
/// What one of them keeps of what it has read, in KiB; less than none, by which SQLite knows
/// that it is no number of pages. The way to a row is in it, and the system has the rest:
/// those that are used seldom would go on filling theirs for hours.
const CACHE: i32 = -512;

/// The readers of one database.
#[derive(Clone)]
pub(super) struct Readers(Arc<Shared>);

struct Shared {
    file: PathBuf,
    epoch: Epoch,
    /// As many threads as there are connections, of their own: those that are shared with
    /// everything else that may block become more and more over time, and each keeps what
    /// its share of the reads has left in its stack and in the allocator.
    threads: Option<Runtime>,
    /// Connections that nobody uses now; opened when first needed.
    idle: Mutex<Vec<Connection>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            // Whoever is the last may be one of them, or a task: neither may wait.
            threads.shutdown_background();
        }
    }
}

impl Readers {
    pub(super) fn new(file: PathBuf, epoch: Epoch) -> anyhow::Result<Self> {
        let threads = Builder::new_current_thread()
            .max_blocking_threads(CONNECTIONS)
            .thread_name("store-reader")
            .build()
            .context("cannot start the store's readers")?;
        let idle = Mutex::new(Vec::new());
        Ok(Self(Arc::new(Shared { file, epoch, threads: Some(threads), idle })))
    }

    /// Runs `query` on a thread that may block.
    pub(super) fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection, Epoch) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, Unavailable>> {
        let shared = Arc::clone(&self.0);
        async move {
            // What went wrong inside is for the log, and what of it quotes a
            // row, which may hold a customer's name, not even for that.
            let unavailable = |code: Option<rusqlite::ErrorCode>| {
                tracing::error!(sqlite.code = ?code, "store.read.failed");
                Unavailable::new("it cannot be read now")
            };
            let Some(threads) = &shared.threads else { return Err(unavailable(None)) };
            // Whoever asks may never look for the answer: it is read all the same. Who no
            // longer waits for it has nothing read, where that has not begun: else whoever
            // asks and goes, again and again, would keep everybody waiting.
            let worker = Arc::clone(&shared);
            AbortOnDropHandle::new(threads.spawn_blocking(move || worker.run(query)))
                .await
                .map_err(|_| unavailable(None))?
                .map_err(|error| unavailable(error.sqlite_error_code()))
        }
        .boxed()
    }
}

impl Shared {
    fn run<T>(
        &self,
        query: impl FnOnce(&Connection, Epoch) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = query(&connection, self.epoch);
        // A connection that failed is closed; the next read opens a fresh one.
        if result.is_ok() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        result
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", CACHE)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use futures_util::FutureExt as _;

    use super::*;

    /// As the requests of a webhook that are under way while it reads on.
    #[tokio::test]
    async fn whoever_does_not_look_for_an_answer_keeps_nobody_else_from_theirs() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("orders.db");
        Connection::open(&file).expect("a database");
        let readers = Readers::new(file, Epoch(1)).expect("readers");
        let one = || readers.read(|of, _| of.query_row("SELECT 1", [], |row| row.get::<_, i64>(0)));
        let mut forgotten: Vec<_> = (0..3 * CONNECTIONS).map(|_| one()).collect();
        for asked in &mut forgotten {
            // Looked at once, and then not again.
            let _ = asked.now_or_never();
        }
        let found = tokio::time::timeout(Duration::from_secs(30), one()).await;
        assert_eq!(found.expect("an answer").expect("a number"), 1);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("orders.db");
        Connection::open(&file).expect("a database");
        let readers = Readers::new(file, Epoch(1)).expect("readers");
        let (go, stop) = std::sync::mpsc::channel::<()>();
        let stop = Arc::new(Mutex::new(stop));
        // Every thread has something to do until it is let go.
        let busy: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let stop = Arc::clone(&stop);
                tokio::spawn(readers.read(move |_, _| {
                    let _ = stop.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    Ok(())
                }))
            })
            .collect();
        let carried_out = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let one = || {
            let carried_out = Arc::clone(&carried_out);
            readers.read(move |_, _| Ok(carried_out.fetch_add(1, Ordering::SeqCst)))
        };
        for busy in &busy {
            assert!(!busy.is_finished());
        }
        // They are in the queue before those are, as `spawn` begins them in order.
        tokio::task::yield_now().await;
        for _ in 0..100 {
            assert!(one().now_or_never().is_none(), "asked, and gone");
        }
        let mut last = one();
        assert!((&mut last).now_or_never().is_none());
        drop(go);
        assert_eq!(last.await.expect("read"), 0, "nothing was read before it");
        assert_eq!(carried_out.load(Ordering::SeqCst), 1);
        for busy in busy {
            busy.await.expect("no panic").expect("read");
        }
    }
}
