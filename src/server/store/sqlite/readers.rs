//! Reading beside the writer: a few connections, each used by one read at a time.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::super::Unavailable;
use crate::wire::Epoch;

/// Reads at one time. SQLite reads are short and the machine is small; more
/// would only hold more page caches.
const CONNECTIONS: usize = 4;

/// The readers of one database.
#[derive(Clone)]
pub(super) struct Readers(Arc<Shared>);

struct Shared {
    file: PathBuf,
    epoch: Epoch,
    permits: Semaphore,
    /// Connections that nobody uses now; opened when first needed.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(file: PathBuf, epoch: Epoch) -> Self {
        Self(Arc::new(Shared {
            file,
            epoch,
            permits: Semaphore::new(CONNECTIONS),
            idle: Mutex::new(Vec::new()),
        }))
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
                Unavailable("it cannot be read now".to_owned())
            };
            let _permit = shared.permits.acquire().await.map_err(|_| unavailable(None))?;
            let worker = Arc::clone(&shared);
            tokio::task::spawn_blocking(move || worker.run(query))
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
        Ok(connection)
    }
}
