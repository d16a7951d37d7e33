//! Whole copies of databases that are in use.

use std::{
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};

use crate::server::folder;

/// Pages that are copied at a time.
const STEP: i32 = 256;

/// Makes a file that is there for this user of the machine alone, and was not.
pub(super) fn create(file: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// Gives what is at `from` the name `to`, which nothing may have.
pub(super) fn put(from: &Path, to: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(from, to) {
        Ok(()) => std::fs::remove_file(from),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Not every file system has links.
        Err(_) if to.exists() => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => std::fs::rename(from, to),
    }
}

/// Copies what `source` reads to the new file `to`, as it stands at this moment, and
/// has `finish` done to the copy. It is on the disk when this returns.
///
/// The copy is made page by page within one reading transaction. A writer goes on
/// beside that, and what it writes does not make the copy begin again.
///
/// # Errors
/// One line: it cannot be read or written, or the copy is damaged, as what was copied is.
pub fn copy(source: &Connection, to: &Path, finish: &str) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", to.display());
    create(to).with_context(cannot)?;
    let mut copy = Connection::open(to).with_context(cannot)?;
    // It is brought to the disk as a whole, below.
    copy.pragma_update(None, "synchronous", "OFF").with_context(cannot)?;
    let reading = source.unchecked_transaction().context("cannot read the store")?;
    // A transaction begins with the first thing that is read.
    reading
        .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .context("cannot read the store")?;
    let backup = Backup::new(&reading, &mut copy).with_context(cannot)?;
    loop {
        match backup.step(STEP).with_context(cannot)? {
            StepResult::Done => break,
            StepResult::More => {}
            _ => bail!("the store is locked by another program; try again"),
        }
    }
    drop(backup);
    drop(reading);
    // One file that any tool can copy, and that no log that lies about belongs to.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
        .with_context(cannot)?;
    copy.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(())).with_context(cannot)?;
    copy.execute_batch(finish).with_context(cannot)?;
    let found: String =
        copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).with_context(cannot)?;
    if found != "ok" {
        bail!("the store is damaged; `live-orders check` says where. No backup was made");
    }
    drop(copy);
    File::open(to).and_then(|file| file.sync_all()).with_context(cannot)
}

/// Where a copy goes: nothing is seen there before it is whole.
#[derive(Debug)]
pub struct Place {
    to: PathBuf,
    partial: PathBuf,
    folder: bool,
}

impl Place {
    /// At `to`, which must not be there yet: a folder, or a file where it ends in `.db`.
    /// A folder that is there and empty will do.
    ///
    /// # Errors
    /// One line: there is something, or it cannot be written.
    pub fn reserve(to: &Path) -> anyhow::Result<Self> {
        let folder = to.extension().is_none_or(|it| it != "db");
        let empty = folder && to.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        if to.symlink_metadata().is_ok() && !empty {
            bail!("{} is there already, and is not overwritten; name another place", to.display());
        }
        let Some(name) = to.file_name() else {
            bail!("--to {:?}: it takes a folder, or a file that ends in .db", to.display())
        };
        let mut partial = name.to_owned();
        partial.push(".partial");
        let partial = to.with_file_name(partial);
        let made = if folder {
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&partial)
        } else {
            create(&partial)
        };
        match made {
            // Of another backup that goes on, or of one that was cut off.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
                "{} is there, of a backup that is not finished; delete it if none is being made",
                partial.display()
            ),
            made => made.with_context(|| format!("cannot write {}", to.display()))?,
        }
        Ok(Self { to: to.to_owned(), partial, folder })
    }

    /// Where the copy of `file` is written; none if there is place for one alone, which
    /// is not this.
    #[must_use]
    pub fn of(&self, file: &str, first: bool) -> Option<PathBuf> {
        if self.folder {
            Some(self.partial.join(file))
        } else {
            first.then(|| self.partial.clone())
        }
    }

    /// Has the copy seen where it belongs. It is on the disk when this returns.
    ///
    /// # Errors
    /// One line: something is there by now, or the disk's.
    pub fn finish(self) -> anyhow::Result<()> {
        let cannot = || format!("cannot write {}", self.to.display());
        if self.folder {
            folder::sync(&self.partial).with_context(cannot)?;
            // Takes the place of an empty folder and of nothing else.
            std::fs::rename(&self.partial, &self.to).with_context(cannot)?;
        } else {
            put(&self.partial, &self.to).with_context(cannot)?;
        }
        let parent = self.to.parent().filter(|it| !it.as_os_str().is_empty());
        folder::sync(parent.unwrap_or(Path::new("."))).with_context(cannot)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nothing is there any more once it is finished.
        let _ = if self.folder {
            std::fs::remove_dir_all(&self.partial)
        } else {
            std::fs::remove_file(&self.partial)
        };
    }
}
