//! Screens: one row each, the profile as JSON.

use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};

use super::{super::ScreenError, rows};
use crate::domain::{Profile, Screen, ScreenName, UnixMillis, Version, limits};

/// A screen that is to be kept.
pub(super) struct Put {
    pub(super) name: ScreenName,
    pub(super) profile: Profile,
    pub(super) expected: Option<Version>,
    pub(super) at: UnixMillis,
}

/// Every screen, by name.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Screen>> {
    connection
        .prepare_cached("SELECT name, version, changed_at, data FROM screens ORDER BY name")?
        .query_map([], screen)?
        .collect()
}

/// The screen of this name.
pub(super) fn one(connection: &Connection, name: &ScreenName) -> rusqlite::Result<Option<Screen>> {
    connection
        .prepare_cached("SELECT name, version, changed_at, data FROM screens WHERE name = ?1")?
        .query_row([name.as_str()], screen)
        .optional()
}

/// Makes or changes a screen.
pub(super) fn put(
    connection: &Connection,
    put: &Put,
) -> rusqlite::Result<Result<Screen, ScreenError>> {
    let version = match (version(connection, &put.name)?, put.expected) {
        // A form that shows the one that was let go of must not pass for this one's.
        (None, None) => gone(connection, &put.name)?.map_or(Version::FIRST, Version::next),
        (None, Some(_)) => return Ok(Err(ScreenError::NotFound)),
        (Some(current), Some(expected)) if current == expected => current.next(),
        (Some(current), _) => return Ok(Err(ScreenError::Stale(current))),
    };
    if put.expected.is_none() {
        let kept: usize = connection
            .prepare_cached("SELECT count(*) FROM screens")?
            .query_row([], |row| row.get(0))?;
        if kept >= limits::SCREENS {
            return Ok(Err(ScreenError::TooMany));
        }
    }
    let data = serde_json::to_string(&put.profile)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection
        .prepare_cached(
            "INSERT INTO screens (name, version, changed_at, data) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET version = excluded.version,
             changed_at = excluded.changed_at, data = excluded.data",
        )?
        .execute(params![put.name.as_str(), version.0, put.at.0, data])?;
    Ok(Ok(Screen {
        name: put.name.clone(),
        version,
        changed_at: put.at,
        profile: put.profile.clone(),
    }))
}

/// Lets go of a screen.
pub(super) fn delete(
    connection: &Connection,
    name: &ScreenName,
    expected: Option<Version>,
) -> rusqlite::Result<Result<(), ScreenError>> {
    match version(connection, name)? {
        None => return Ok(Err(ScreenError::NotFound)),
        Some(current) if expected.is_some_and(|expected| expected != current) => {
            return Ok(Err(ScreenError::Stale(current)));
        }
        Some(current) => rows::set_meta(connection, &gone_key(name), &current.0.to_string())?,
    }
    connection.prepare_cached("DELETE FROM screens WHERE name = ?1")?.execute([name.as_str()])?;
    Ok(Ok(()))
}

/// The version at which a screen of this name was last let go of.
fn gone(connection: &Connection, name: &ScreenName) -> rusqlite::Result<Option<Version>> {
    let version = rows::meta(connection, &gone_key(name))?;
    Ok(version.and_then(|version| version.parse().ok()).map(Version))
}

fn gone_key(name: &ScreenName) -> String {
    format!("screen {name} gone")
}

fn version(connection: &Connection, name: &ScreenName) -> rusqlite::Result<Option<Version>> {
    connection
        .prepare_cached("SELECT version FROM screens WHERE name = ?1")?
        .query_row([name.as_str()], |row| row.get(0).map(Version))
        .optional()
}

fn screen(row: &Row<'_>) -> rusqlite::Result<Screen> {
    let damaged = |column: &str, why: String| {
        let why = format!("a damaged screen: {column}: {why}");
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, why.into())
    };
    let name = ScreenName::parse(row.get_ref(0)?.as_str()?)
        .map_err(|rule| damaged("name", rule.to_owned()))?;
    let profile = serde_json::from_str(row.get_ref(3)?.as_str()?)
        .map_err(|error| damaged("data", error.to_string()))?;
    Ok(Screen { name, version: Version(row.get(1)?), changed_at: UnixMillis(row.get(2)?), profile })
}
