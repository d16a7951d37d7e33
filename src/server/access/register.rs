//! Who may come in, on the disk: users, their sessions, paired screens, keys,
//! and the list of who did what. A database of its own beside the orders', so
//! that a backup of orders holds no password and another process can let
//! somebody in, or out, while the server runs.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Context as _;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::server::{
    files::{self, Depth, Kind},
    folder,
    store::sqlite::make_folder,
};

mod check;
mod rows;

pub use check::check;
pub use rows::*;

/// Its name in the data folder.
const FILE: &str = "access.db";
/// Marks the file as this program's (`LvAc` in ASCII).
const APPLICATION_ID: i32 = 0x4C76_4163;

/// The steps from an empty file to the present schema. Never change one that
/// was released: add another.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE users (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        role TEXT NOT NULL,
        locations TEXT NOT NULL,
        password TEXT,
        disabled INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE sessions (
        token BLOB PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        created_at INTEGER NOT NULL,
        used_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_of_user ON sessions (user);

    CREATE TABLE paired (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token BLOB UNIQUE,
        code TEXT,
        screen TEXT,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        locations TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        used_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE keys (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token BLOB NOT NULL UNIQUE,
        begins TEXT NOT NULL,
        name TEXT NOT NULL,
        channel TEXT,
        scopes TEXT NOT NULL,
        locations TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        used_at INTEGER,
        revoked_at INTEGER
    ) STRICT;

    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        subject TEXT NOT NULL
    ) STRICT;
",
    "
    ALTER TABLE audit ADD COLUMN address TEXT;
",
];

/// How the database is recognised.
pub const KIND: Kind = Kind {
    file: FILE,
    what: "a register of live-orders",
    application_id: APPLICATION_ID,
    migrations: MIGRATIONS,
    identity: None,
};

/// Refuses what lies in `folder` under the register's name and is none, without
/// changing it.
///
/// # Errors
/// One line: what it is, and what to do.
pub fn look(folder: &Path) -> anyhow::Result<()> {
    files::look(&KIND, folder, Depth::Pages).map(drop)
}

/// The database.
pub struct Register(Mutex<Connection>);

impl Register {
    /// Opens the one in `folder`, which is made where it is missing. Several
    /// processes may have it open.
    ///
    /// # Errors
    /// One line: it cannot be opened, or is none.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        // Before the folder is closed to others: if this is no good, it stays as it is.
        look(folder)?;
        make_folder(folder)?;
        let file = folder.join(FILE);
        let name = file.display();
        if !file.exists() {
            files::begin(&KIND, folder)?;
            folder::share_file(folder, FILE);
        }
        folder::close_file(folder, FILE);
        let connection = Connection::open(&file).with_context(|| format!("cannot open {name}"))?;
        Self::prepared(connection).with_context(|| format!("cannot use {name}"))
    }

    /// One that is kept nowhere.
    ///
    /// # Errors
    /// There is no memory.
    pub fn in_memory() -> anyhow::Result<Self> {
        Self::prepared(Connection::open_in_memory()?)
    }

    fn prepared(mut connection: Connection) -> anyhow::Result<Self> {
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: usize =
            transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version < MIGRATIONS.len() {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            for migration in MIGRATIONS.iter().skip(version) {
                transaction.execute_batch(migration)?;
            }
            transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
        }
        transaction.commit()?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Runs `work` in one transaction. Durable when this returns.
    ///
    /// # Errors
    /// The database's, or that of `work`: nothing was written.
    pub fn change<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.change_and(work, |_| ()).map(|(done, ())| done)
    }

    /// The same, and then `look` at what has become of it, before anybody else
    /// changes it again.
    pub(super) fn change_and<T, L>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
        look: impl FnOnce(&Connection) -> L,
    ) -> rusqlite::Result<(T, L)> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        let looked = look(&connection);
        Ok((done, looked))
    }

    /// Looks at the database as it stands.
    pub fn look<T>(&self, look: impl FnOnce(&Connection) -> T) -> T {
        look(&self.lock())
    }

    /// Another number after another process has changed it.
    pub(super) fn version(&self) -> rusqlite::Result<i64> {
        self.lock().pragma_query_value(None, "data_version", |row| row.get(0))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
