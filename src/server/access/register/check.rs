//! Whether the register is sound.

use rusqlite::Connection;

use super::{KIND, rows};
use crate::server::files::{Faults, integrity, schema};

/// Reads all that is in the register, as it stands at one moment, and notes what is
/// wrong with it; what was read, in words.
///
/// # Errors
/// It cannot be read at all.
pub fn check(connection: &Connection, faults: &mut Faults) -> rusqlite::Result<String> {
    let reading = connection.unchecked_transaction()?;
    integrity(&KIND, &reading, faults)?;
    schema(&KIND, &reading, faults)?;
    let mut counts = Vec::new();
    let mut count = |table: &str, found: rusqlite::Result<usize>| match found {
        Ok(found) => counts.push(format!("{found} {table}")),
        Err(_) => {
            faults.add(format_args!("{} {table}", KIND.file), "a row cannot be read");
        }
    };
    count("users", rows::users(&reading).map(|it| it.len()));
    count("sessions", rows::sessions(&reading).map(|it| it.len()));
    count("paired", rows::paired(&reading).map(|it| it.len()));
    count("keys", rows::keys(&reading).map(|it| it.len()));
    Ok(counts.join(", "))
}
