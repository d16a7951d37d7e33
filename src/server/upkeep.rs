//! What is done with a data folder from the command line, also while a server runs on
//! it: looking whether it is sound, and copying it.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context as _, bail};

use super::{
    access::register,
    files::{self, Depth, Faults, Kind, Looked, Place, Unusable},
    store::sqlite,
};

/// How often something is read again because a server began meanwhile.
const AGAIN: usize = 5;

/// What a look at a data folder has found.
#[derive(Debug)]
pub struct Report {
    /// A line for each fault, and one with the verdict.
    pub text: String,
    /// Whether there is no fault.
    pub sound: bool,
}

/// Has `read` read the database of this kind in `folder`; none where there is none.
fn read<T>(
    kind: &Kind,
    folder: &Path,
    mut read: impl FnMut(&Looked) -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    for _ in 0..AGAIN {
        let Some(looked) = files::look(kind, folder, Depth::Header)? else { return Ok(None) };
        let result = read(&looked);
        if !looked.was_overtaken() {
            return result.map(Some);
        }
    }
    bail!("servers come and go in {}; try again", folder.display())
}

fn no_store(folder: &Path) -> anyhow::Error {
    anyhow::anyhow!("there is no store in {}; name its folder with --data", folder.display())
}

/// Looks whether what is in `folder` is sound. Changes nothing.
///
/// # Errors
/// One line: there is no store, it is of an earlier version, or it cannot be read now.
pub fn check(folder: &Path) -> anyhow::Result<Report> {
    let (mut said, mut lines, mut count) = (Vec::new(), Vec::new(), 0);
    let checks: [(&Kind, Check); 2] =
        [(sqlite::KIND, sqlite::check), (&register::KIND, register::check)];
    for (kind, check) in checks {
        match check_one(kind, folder, check) {
            Ok(None) if kind.file == sqlite::KIND.file => return Err(no_store(folder)),
            // Nobody can log in yet.
            Ok(None) => said.push(format!("no {}", kind.file)),
            Ok(Some((read, faults))) => {
                said.push(format!("{}: {read}", kind.file));
                count += faults.count();
                lines.extend(faults.lines());
            }
            // What cannot be opened at all is the first fault there is.
            Err(error) if error.is::<Unusable>() => {
                said.push(format!("{}: nothing", kind.file));
                count += 1;
                lines.push(format!("{error:#}"));
            }
            Err(error) => return Err(error),
        }
    }
    let mut text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
    let verdict = match count {
        0 => "sound".to_owned(),
        1 => "1 fault".to_owned(),
        count => format!("{count} faults"),
    };
    // Writing to text cannot fail.
    let _ = writeln!(text, "{verdict}; looked at {}", said.join("; "));
    Ok(Report { text, sound: count == 0 })
}

type Check = fn(&rusqlite::Connection, &mut Faults) -> rusqlite::Result<String>;

fn check_one(kind: &Kind, folder: &Path, check: Check) -> anyhow::Result<Option<(String, Faults)>> {
    read(kind, folder, |looked| {
        if looked.version < kind.migrations.len() {
            bail!(
                "{} is of an earlier version of live-orders (schema {}, this one makes {}); start \
                 this one on it once, which brings it up to date, and check it then",
                folder.join(kind.file).display(),
                looked.version,
                kind.migrations.len()
            );
        }
        let mut faults = Faults::default();
        let read = check(&looked.connection, &mut faults).unwrap_or_else(|_| {
            faults.add(kind.file, "it cannot be read to its end");
            "what could be read".to_owned()
        });
        Ok((read, faults))
    })
}

/// Copies what is in `folder` to `to`; what was done, in words.
///
/// # Errors
/// One line: there is no store, something is at `to`, or it could not be copied.
pub fn backup(folder: &Path, to: &Path) -> anyhow::Result<String> {
    anyhow::ensure!(sqlite::is_in(folder), no_store(folder));
    let place = Place::reserve(to)?;
    let kinds = [(sqlite::KIND, sqlite::FINISH_COPY), (&register::KIND, "")];
    let mut said = Vec::new();
    for (kind, finish) in kinds {
        let Some(file) = place.of(kind.file, kind.file == sqlite::KIND.file) else { continue };
        let copied = read(kind, folder, |looked| {
            // Of the last time, where a server began in the middle of it.
            let _ = std::fs::remove_file(&file);
            files::copy(&looked.connection, &file, finish)
        })?;
        if copied.is_some() {
            let bytes = file.metadata().context("cannot read the copy")?.len();
            said.push(format!("{} ({} KB)", kind.file, bytes.div_ceil(1000)));
        }
    }
    place.finish()?;
    Ok(format!("copied {} to {}\n", said.join(" and "), to.display()))
}
