//! What is wrong with a database: found, and told in a line each.

use std::{collections::BTreeMap, fmt::Display};

use rusqlite::Connection;

use super::{Kind, one_line};

/// Faults that are told one by one.
const TOLD: usize = 100;

/// What is wrong. It quotes nothing that a person may have written.
#[derive(Debug, Default)]
pub struct Faults {
    lines: Vec<String>,
    count: usize,
}

impl Faults {
    /// Notes what is wrong at `place`.
    pub fn add(&mut self, place: impl Display, what: impl Display) {
        self.count += 1;
        if self.lines.len() < TOLD {
            self.lines.push(format!("{place}: {what}"));
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// A line for each, and one for those that are not told.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let untold = self.count - self.lines.len();
        let rest = (untold > 0).then(|| format!("and {untold} more"));
        self.lines.iter().cloned().chain(rest)
    }
}

/// Has SQLite look at every page, index and reference.
///
/// # Errors
/// It cannot be read at all.
pub fn integrity(
    kind: &Kind,
    connection: &Connection,
    faults: &mut Faults,
) -> rusqlite::Result<()> {
    let found = connection
        .prepare("PRAGMA integrity_check(100)")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    for line in found.iter().filter(|line| *line != "ok") {
        faults.add(kind.file, one_line(line));
    }
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        faults.add(
            format_args!("{} {table}", kind.file),
            format_args!("a row belongs to none of {parent}"),
        );
    }
    Ok(())
}

/// Compares tables and indices with what this program makes.
///
/// # Errors
/// They cannot be read at all.
pub fn schema(kind: &Kind, connection: &Connection, faults: &mut Faults) -> rusqlite::Result<()> {
    let model = Connection::open_in_memory()?;
    for migration in kind.migrations {
        model.execute_batch(migration)?;
    }
    let (expected, found) = (parts(&model)?, parts(connection)?);
    for (part, made) in &found {
        match expected.get(part) {
            None => faults.add(kind.file, format_args!("{part} is not of live-orders")),
            Some(expected) if expected != made => {
                faults.add(kind.file, format_args!("{part} is not as live-orders makes it"));
            }
            Some(_) => {}
        }
    }
    for part in expected.keys().filter(|part| !found.contains_key(*part)) {
        faults.add(kind.file, format_args!("{part} is missing"));
    }
    Ok(())
}

/// Every table and index by name, with how it was made; SQLite's own left out.
fn parts(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    connection
        .prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")?
        .query_map([], |row| {
            let (sort, name): (String, String) = (row.get(0)?, row.get(1)?);
            let sql: Option<String> = row.get(2)?;
            Ok((format!("{sort} {name}"), one_line(&sql.unwrap_or_default())))
        })?
        .collect()
}
