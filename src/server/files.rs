//! The database files in the data folder, looked at from outside: whether they are
//! what they should be, without changing anything, and whole copies of them.
//!
//! SQLite puts files in order when it opens them: it plays a write-ahead log back,
//! whosever that is, and writes into a database before anybody can ask what it is.
//! So whatever is refused is refused here, before it is opened for writing.

use std::{
    ffi::OsString,
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, config::DbConfig};

mod copy;
mod faults;

pub use copy::{Place, copy};
pub use faults::{Faults, integrity, schema};

/// What SQLite's files begin with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// How long their header is.
const HEADER: usize = 100;
/// A larger file is not read through at every start.
const READ_THROUGH: u64 = 256 * 1024 * 1024;

/// A sort of database that lies in a data folder.
#[derive(Debug)]
pub struct Kind {
    /// The file's name.
    pub file: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// What marks it as this program's.
    pub application_id: i32,
    /// The steps from an empty file to the present schema.
    pub migrations: &'static [&'static str],
    /// A query for what tells one of these from another, where something does.
    pub identity: Option<&'static str>,
}

/// A file that cannot be used, and that another start will not mend.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

impl Unusable {
    /// With what is wrong, where, and what to do.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// How much of a file is read before it is taken for sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What tells whose it is.
    Header,
    /// Its pages, unless it is very large.
    Pages,
}

/// A database that was recognised.
#[derive(Debug)]
pub struct Looked {
    /// Reads and writes nothing.
    pub connection: Connection,
    /// How many of the schema's steps it has behind it.
    pub version: usize,
    /// Whether there was no write-ahead log: what is read is the file alone, and not
    /// what a server that begins meanwhile writes.
    alone: Option<PathBuf>,
}

impl Looked {
    /// Whether a server began to write while this was read.
    #[must_use]
    pub fn was_overtaken(&self) -> bool {
        self.alone.as_ref().is_some_and(|log| log.exists())
    }
}

/// Looks at the database of this kind in `folder`; none where there is none.
///
/// # Errors
/// One line. [`Unusable`] where the file is torn, foreign, damaged or of a later
/// version; something else where it could not be read now.
pub fn look(kind: &Kind, folder: &Path, depth: Depth) -> anyhow::Result<Option<Looked>> {
    be_no_file(folder)?;
    let file = folder.join(kind.file);
    let (log, shared) = (beside(&file, "-wal"), beside(&file, "-shm"));
    let had_shared = shared.exists();
    let looked = recognise(kind, &file, &log, depth);
    if looked.is_err() && !had_shared {
        // Reading with a write-ahead log makes one. It holds nothing of its own.
        let _ = std::fs::remove_file(&shared);
    }
    looked
}

/// Refuses a data folder that is a file, as a backup of the orders alone is.
///
/// # Errors
/// One line: [`Unusable`].
pub fn be_no_file(folder: &Path) -> anyhow::Result<()> {
    if folder.is_file() {
        return Err(Unusable::new(format!(
            "the data folder {} is a file; name a folder with --data (a backup in one file: put \
             it into a folder, as orders.db)",
            folder.display()
        ))
        .into());
    }
    Ok(())
}

/// A file that SQLite keeps beside a database.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

fn length(file: &Path) -> u64 {
    file.metadata().map_or(0, |it| it.len())
}

fn recognise(kind: &Kind, file: &Path, log: &Path, depth: Depth) -> anyhow::Result<Option<Looked>> {
    let name = file.display();
    let logged = length(log) > 0;
    let head = match head(file) {
        Ok(head) => head,
        Err(error) if error.kind() == ErrorKind::NotFound && !logged => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Unusable(format!(
                "{name} is missing, but what was last written to it is there in {}; put it back, \
                 or move that file away",
                log.display()
            ))
            .into());
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {name}")),
    };
    head.refuse(kind, file, log)?;

    // While somebody has it open there is one, be it empty.
    let alone = !log.exists();
    let connection = connect(file, alone).map_err(|error| unreadable(kind, file, &error))?;
    if logged {
        refuse_foreign_log(kind, file, log, &connection)?;
    }
    let looked = Looked {
        version: recognise_within(kind, file, &connection)?,
        connection,
        alone: alone.then(|| log.to_owned()),
    };
    if depth == Depth::Pages {
        read_through(kind, file, log, &looked.connection)?;
    }
    Ok(Some(looked))
}

/// What the first bytes of a file say.
struct Head {
    bytes: Vec<u8>,
    length: u64,
}

fn head(file: &Path) -> std::io::Result<Head> {
    let opened = File::open(file)?;
    let length = opened.metadata()?.len();
    let mut bytes = Vec::with_capacity(HEADER);
    opened.take(HEADER as u64).read_to_end(&mut bytes)?;
    Ok(Head { bytes, length })
}

impl Head {
    fn number(&self, at: usize) -> u32 {
        number(&self.bytes, at)
    }

    /// How long a page is; none where that is none.
    fn page(&self) -> Option<u64> {
        match self.number(16) >> 16 {
            1 => Some(65_536),
            size if size >= 512 && size.is_power_of_two() => Some(u64::from(size)),
            _ => None,
        }
    }

    /// Refuses what can be told without SQLite, which would touch it.
    fn refuse(&self, kind: &Kind, file: &Path, log: &Path) -> Result<(), Unusable> {
        let name = file.display();
        let what = kind.what;
        if self.bytes.is_empty() {
            return Err(Unusable(format!(
                "{name} is empty, as after a copy that was cut off; put a backup in its place, or \
                 delete it if nothing was ever in it"
            )));
        }
        let marked = self.number(68).cast_signed();
        // Before it is used for the first time it may have no mark in the file yet.
        let foreign = marked != kind.application_id && marked != 0;
        if !self.bytes.starts_with(MAGIC) || foreign {
            return Err(Unusable(format!("{name} is not {what}; name another folder with --data")));
        }
        let damaged = |how: &str| Unusable(damaged(kind, file, how));
        let page = self.page().ok_or_else(|| damaged("its header makes no sense"))?;
        let logged = length(log);
        if logged == 0 {
            // The count of pages holds where the change counter says so.
            let counted = self.number(24) == self.number(92);
            let whole = u64::from(self.number(28)) * page;
            if self.bytes.len() < HEADER || (counted && self.length < whole) {
                let length = self.length;
                return Err(damaged(&format!("{length} of its {whole} bytes are there")));
            }
            return Ok(());
        }
        // A log is begun only after the file says that it has one.
        if self.bytes.get(18) != Some(&2) {
            return Err(foreign_log(file, log));
        }
        let begins = head_of_log(log);
        if begins.is_some_and(|log_page| log_page != page) {
            return Err(foreign_log(file, log));
        }
        Ok(())
    }
}

/// The length of the pages in a write-ahead log; none where SQLite would not take it
/// for one, and would pass over it.
fn head_of_log(log: &Path) -> Option<u64> {
    let mut bytes = [0; 32];
    File::open(log).ok()?.read_exact(&mut bytes).ok()?;
    matches!(number(&bytes, 0), 0x377F_0682 | 0x377F_0683).then(|| u64::from(number(&bytes, 8)))
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|it| it.try_into().ok());
    four.map_or(0, u32::from_be_bytes)
}

/// A connection that changes nothing; `alone` if there is no write-ahead log, which
/// SQLite would make.
fn connect(file: &Path, alone: bool) -> rusqlite::Result<Connection> {
    let path = file.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(file.to_owned()))?;
    let mut uri = "file:".to_owned();
    for character in path.chars() {
        match character {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            other => uri.push(other),
        }
    }
    if alone {
        uri.push_str("?immutable=1");
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // Else whoever closes it last writes the log into the file.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

fn recognise_within(kind: &Kind, file: &Path, connection: &Connection) -> anyhow::Result<usize> {
    let name = file.display();
    let read = || -> rusqlite::Result<(i32, usize, i64)> {
        Ok((
            connection.pragma_query_value(None, "application_id", |row| row.get(0))?,
            connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
        ))
    };
    let (application, version, tables) = read().map_err(|error| unreadable(kind, file, &error))?;
    let unused = application == 0 && version == 0 && tables == 0;
    if application != kind.application_id && !unused {
        let what = kind.what;
        return Err(
            Unusable(format!("{name} is not {what}; name another folder with --data")).into()
        );
    }
    let known = kind.migrations.len();
    if version > known {
        return Err(Unusable(format!(
            "{name} was written by a later version of live-orders (schema {version}, this one \
             knows {known}); run that version or a later one"
        ))
        .into());
    }
    Ok(version)
}

/// Refuses a write-ahead log that was written to another database of this kind.
fn refuse_foreign_log(
    kind: &Kind,
    file: &Path,
    log: &Path,
    with_log: &Connection,
) -> Result<(), Unusable> {
    let Some(query) = kind.identity else { return Ok(()) };
    let identity = |of: &Connection| -> rusqlite::Result<Option<String>> {
        of.query_row(query, [], |row| row.get(0)).optional()
    };
    // The file alone may be in the middle of being written to, or too new to say.
    let Ok(Some(alone)) = connect(file, true).and_then(|connection| identity(&connection)) else {
        return Ok(());
    };
    match identity(with_log) {
        Ok(Some(identity)) if identity == alone => Ok(()),
        Ok(_) => Err(foreign_log(file, log)),
        Err(error) if is_damage(&error) => Err(Unusable(format!(
            "{} does not belong to {}, or one of them is damaged; move both away, and put a \
             backup in their place",
            log.display(),
            file.display()
        ))),
        // Told when it is read for what it is.
        Err(_) => Ok(()),
    }
}

fn foreign_log(file: &Path, log: &Path) -> Unusable {
    Unusable(format!(
        "{} does not belong to {}, and would overwrite what is in it; move it away (a backup is \
         restored without it)",
        log.display(),
        file.display()
    ))
}

/// Looks for pages that make no sense.
fn read_through(
    kind: &Kind,
    file: &Path,
    log: &Path,
    connection: &Connection,
) -> anyhow::Result<()> {
    if length(file) + length(log) > READ_THROUGH {
        tracing::info!(file = kind.file, "store.large: `live-orders check` reads it through");
        return Ok(());
    }
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| unreadable(kind, file, &error))?;
    if found == "ok" {
        return Ok(());
    }
    Err(Unusable(damaged(kind, file, &one_line(&found))).into())
}

/// What SQLite tells of a file in one line.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "***").collect();
    words.join(" ")
}

fn damaged(kind: &Kind, file: &Path, how: &str) -> String {
    format!(
        "{} is not {}, or it is damaged ({how}); put a backup in its place",
        file.display(),
        kind.what
    )
}

/// Why a file could not be read: it is no good, or it cannot be had now.
fn unreadable(kind: &Kind, file: &Path, error: &rusqlite::Error) -> anyhow::Error {
    let why = one_line(&error.to_string());
    if is_damage(error) {
        Unusable(damaged(kind, file, &why)).into()
    } else {
        anyhow::anyhow!("cannot read {}: {why}", file.display())
    }
}

/// Whether the file is no good, and not only out of reach for now.
fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    !matches!(
        code,
        None | Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
        )
    )
}

/// Makes a file of this kind, with nothing in it but its mark, where there is none.
/// It comes into being at once: nobody finds it half made.
///
/// # Errors
/// The disk's.
pub fn begin(kind: &Kind, folder: &Path) -> anyhow::Result<()> {
    let file = folder.join(kind.file);
    if file.exists() {
        return Ok(());
    }
    let cannot = || format!("cannot write {}", file.display());
    let begun = folder.join(format!("{}.{}", kind.file, std::process::id()));
    let made = copy::create(&begun).with_context(cannot).and_then(|()| {
        let connection = Connection::open(&begun).with_context(cannot)?;
        connection
            .pragma_update(None, "application_id", kind.application_id)
            .with_context(cannot)?;
        drop(connection);
        copy::put(&begun, &file).or_else(|error| {
            // Somebody else was quicker, and made the same.
            if file.exists() { Ok(()) } else { Err(error).with_context(cannot) }
        })
    });
    let _ = std::fs::remove_file(&begun);
    made
}
