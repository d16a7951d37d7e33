//! What stands in the register, and how it is changed.

use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};

use super::super::{
    roles::{Role, Scope},
    secret::{Digest, Secret},
};
use crate::domain::{Channel, Location, ScreenName, UnixMillis};

/// Lines of the list of who did what that are kept.
const AUDIT_KEPT: i64 = 10_000;

/// A user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserId(pub i64);
/// A paired device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScreenId(pub i64);
/// An API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub i64);

/// Somebody who may log in.
#[derive(Clone, Debug)]
pub struct User {
    /// Which.
    pub id: UserId,
    /// What they log in as.
    pub name: String,
    /// What they are let in as.
    pub role: Role,
    /// What they are bound to; empty for all.
    pub locations: Vec<Location>,
    /// What is kept of their password; none while they have none.
    pub password: Option<String>,
    /// Whether they are let in no longer.
    pub disabled: bool,
}

impl User {
    /// Whether they can let others in, at all locations.
    #[must_use]
    pub fn runs_the_place(&self) -> bool {
        self.role == Role::Manager && !self.disabled && self.locations.is_empty()
    }
}

/// A log-in.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// What is kept of its token.
    pub token: Digest,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub created_at: UnixMillis,
    /// When it was last used, as far as the disk knows.
    pub used_at: UnixMillis,
}

/// A device that was let in.
#[derive(Clone, Debug)]
pub struct Paired {
    /// Which.
    pub id: ScreenId,
    /// What is kept of its token; none until it has come for it.
    pub token: Option<Digest>,
    /// The code of the device that it waits for, where another process has let it in.
    pub code: Option<String>,
    /// The screen that it opens; none for the board with all orders.
    pub screen: Option<ScreenName>,
    /// What it is called in the history of orders.
    pub name: String,
    /// What it is let in as.
    pub role: Role,
    /// What it is bound to; empty for all.
    pub locations: Vec<Location>,
    /// When it was let in.
    pub created_at: UnixMillis,
    /// When it was last heard of, as far as the disk knows.
    pub used_at: UnixMillis,
}

/// An API key.
#[derive(Clone, Debug)]
pub struct Key {
    /// Which.
    pub id: KeyId,
    /// What is kept of it.
    pub token: Digest,
    /// How it begins, to tell it from others.
    pub begins: String,
    /// What it is called.
    pub name: String,
    /// The channel whose orders it is for; none for all.
    pub channel: Option<Channel>,
    /// What it is for.
    pub scopes: Vec<Scope>,
    /// What it is bound to; empty for all.
    pub locations: Vec<Location>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last used, as far as the disk knows.
    pub used_at: Option<UnixMillis>,
    /// When it was taken back.
    pub revoked_at: Option<UnixMillis>,
}

/// A line of the list of who did what.
#[derive(Clone, Debug)]
pub struct Deed {
    /// Its number: later ones have higher ones.
    pub number: i64,
    /// When.
    pub at: UnixMillis,
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
    /// To whom or what.
    pub subject: String,
    /// From where, as far as that is known.
    pub address: Option<String>,
}

/// Which lines of the list of who did what somebody wants.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// What this one has done; none for everybody.
    pub who: Option<String>,
    /// What begins so, up to its full stop; none for all.
    pub kind: Option<String>,
    /// What was done before the line of this number; none for the last.
    pub before: Option<i64>,
}

/// A user who is to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What they log in as.
    pub name: String,
    /// What they are let in as.
    pub role: Role,
    /// What they are bound to; empty for all.
    pub locations: Vec<Location>,
    /// What is kept of their password.
    pub password: Option<String>,
}

/// A key that is to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What it is called.
    pub name: String,
    /// The channel whose orders it is for; none for all.
    pub channel: Option<Channel>,
    /// What it is for.
    pub scopes: Vec<Scope>,
    /// What it is bound to; empty for all.
    pub locations: Vec<Location>,
}

/// A device that is to be let in.
#[derive(Clone, Debug)]
pub struct NewPaired {
    /// The code that it shows, where the server is to look for it.
    pub code: Option<String>,
    /// The screen that it opens; none for the board with all orders.
    pub screen: Option<ScreenName>,
    /// What it is called.
    pub name: String,
    /// What it is let in as.
    pub role: Role,
    /// What it is bound to; empty for all.
    pub locations: Vec<Location>,
}

/// What a key begins with, so that it is known for one wherever it turns up.
pub const KEY_PREFIX: &str = "lo_";

/// Sessions that one user may have; beyond that the one goes that was not used for longest.
const SESSIONS: u32 = 50;

/// Who does something, and when.
#[derive(Clone, Debug)]
pub struct By {
    /// Who.
    pub who: String,
    /// When.
    pub at: UnixMillis,
    /// From where, as far as that is known.
    pub address: Option<IpAddr>,
}

impl By {
    /// Somebody or something that is at no address.
    #[must_use]
    pub fn here(who: &str, at: UnixMillis) -> Self {
        Self { who: who.to_owned(), at, address: None }
    }

    /// Adds to the list of who did what.
    ///
    /// # Errors
    /// The database's.
    pub fn note(&self, to: &Connection, what: &str, subject: &str) -> rusqlite::Result<()> {
        let address = self.address.map(|address| address.to_string());
        to.prepare_cached(
            "INSERT INTO audit (at, who, what, subject, address) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![self.at.0, self.who, what, subject, address])?;
        to.prepare_cached("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1")?
            .execute([AUDIT_KEPT])?;
        Ok(())
    }
}

/// Makes a user; none when there is one of this name.
///
/// # Errors
/// The database's.
pub fn make_user(to: &Connection, new: &NewUser, by: &By) -> rusqlite::Result<Option<UserId>> {
    let made = to
        .prepare_cached(
            "INSERT INTO users (name, role, locations, password, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            new.name,
            new.role.as_str(),
            written(&new.locations),
            new.password,
            by.at.0
        ])?;
    if made == 0 {
        return Ok(None);
    }
    let id = UserId(to.last_insert_rowid());
    by.note(to, "user.made", &format!("{} ({})", new.name, rank(new.role, &new.locations)))?;
    Ok(Some(id))
}

/// The user of this name.
///
/// # Errors
/// The database's.
pub fn user_called(of: &Connection, name: &str) -> rusqlite::Result<Option<User>> {
    of.prepare_cached(&format!("{USERS} WHERE name = ?1"))?.query_row([name], user).optional()
}

/// Sets a password. Whoever is logged in as this user is not any more, but for
/// the session `keep`.
///
/// # Errors
/// The database's.
pub fn set_password(
    of: &Connection,
    user: &User,
    password: &str,
    keep: Option<Digest>,
    by: &By,
) -> rusqlite::Result<()> {
    of.prepare_cached("UPDATE users SET password = ?2 WHERE id = ?1")?
        .execute(params![user.id.0, password])?;
    end_others(of, user, keep)?;
    by.note(of, "user.password", &user.name)
}

/// Lets a user in no longer, or again.
///
/// # Errors
/// The database's.
pub fn set_disabled(of: &Connection, user: &User, disabled: bool, by: &By) -> rusqlite::Result<()> {
    of.prepare_cached("UPDATE users SET disabled = ?2 WHERE id = ?1")?
        .execute(params![user.id.0, disabled])?;
    if disabled {
        of.prepare_cached("DELETE FROM sessions WHERE user = ?1")?.execute([user.id.0])?;
    }
    by.note(of, if disabled { "user.disabled" } else { "user.enabled" }, &user.name)
}

/// Sets what a user is let in as.
///
/// # Errors
/// The database's.
pub fn set_role(
    of: &Connection,
    user: &User,
    role: Role,
    locations: &[Location],
    by: &By,
) -> rusqlite::Result<()> {
    of.prepare_cached("UPDATE users SET role = ?2, locations = ?3 WHERE id = ?1")?
        .execute(params![user.id.0, role.as_str(), written(locations)])?;
    let (before, after) = (rank(user.role, &user.locations), rank(role, locations));
    by.note(of, "user.role", &format!("{} ({before} → {after})", user.name))
}

/// Whether nobody would be left who could let others in, if `user` could not.
///
/// # Errors
/// The database's.
pub fn is_last_manager(of: &Connection, user: UserId) -> rusqlite::Result<bool> {
    let mut managers = users(of)?;
    managers.retain(User::runs_the_place);
    Ok(managers.iter().all(|manager| manager.id == user) && !managers.is_empty())
}

/// Begins a session of `user`; its secret. None when they are let in no longer, or have
/// another password than when they were read.
///
/// # Errors
/// The database's.
pub fn begin_session(
    of: &Connection,
    user: &User,
    at: UnixMillis,
) -> rusqlite::Result<Option<Secret>> {
    let secret = Secret::random();
    let begun = of
        .prepare_cached(
            "INSERT INTO sessions (token, user, created_at, used_at)
             SELECT ?1, id, ?3, ?3 FROM users WHERE id = ?2 AND disabled = 0 AND password IS ?4",
        )?
        .execute(params![secret.digest().0, user.id.0, at.0, user.password])?;
    of.prepare_cached(
        "DELETE FROM sessions WHERE user = ?1 AND token NOT IN
             (SELECT token FROM sessions WHERE user = ?1 ORDER BY used_at DESC LIMIT ?2)",
    )?
    .execute(params![user.id.0, SESSIONS])?;
    Ok((begun > 0).then_some(secret))
}

/// Ends a session.
///
/// # Errors
/// The database's.
pub fn end_session(of: &Connection, token: Digest) -> rusqlite::Result<()> {
    of.prepare_cached("DELETE FROM sessions WHERE token = ?1")?.execute([token.0])?;
    Ok(())
}

/// Ends every session of `user` but `keep`.
///
/// # Errors
/// The database's.
pub fn end_sessions(
    of: &Connection,
    user: &User,
    keep: Option<Digest>,
    by: &By,
) -> rusqlite::Result<()> {
    end_others(of, user, keep)?;
    by.note(of, "user.sessions", &user.name)
}

fn end_others(of: &Connection, user: &User, keep: Option<Digest>) -> rusqlite::Result<()> {
    let keep = keep.map_or_else(Vec::new, |digest| digest.0.to_vec());
    of.prepare_cached("DELETE FROM sessions WHERE user = ?1 AND token <> ?2")?
        .execute(params![user.id.0, keep])?;
    Ok(())
}

/// Ends sessions that were not used after `idle_since` or did not begin after `began_before`.
///
/// # Errors
/// The database's.
pub fn end_old_sessions(
    of: &Connection,
    idle_since: UnixMillis,
    began_before: UnixMillis,
) -> rusqlite::Result<usize> {
    of.prepare_cached("DELETE FROM sessions WHERE used_at <= ?1 OR created_at <= ?2")?
        .execute([idle_since.0, began_before.0])
}

/// Lets a device in, which comes for its token by itself.
///
/// # Errors
/// The database's.
pub fn pair(to: &Connection, new: &NewPaired, by: &By) -> rusqlite::Result<ScreenId> {
    to.prepare_cached(
        "INSERT INTO paired (screen, name, role, locations, created_at, used_at, code)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
    )?
    .execute(params![
        new.screen.as_ref().map(ScreenName::as_str),
        new.name,
        new.role.as_str(),
        written(&new.locations),
        by.at.0,
        new.code
    ])?;
    let id = ScreenId(to.last_insert_rowid());
    by.note(to, "screen.paired", &format!("{} ({})", new.name, rank(new.role, &new.locations)))?;
    Ok(id)
}

/// Gives a device its token. Whether it is let in still.
///
/// # Errors
/// The database's.
pub fn give_token(of: &Connection, screen: ScreenId, token: Secret) -> rusqlite::Result<bool> {
    let given = of
        .prepare_cached("UPDATE paired SET token = ?2, code = NULL WHERE id = ?1")?
        .execute(params![screen.0, token.digest().0])?;
    Ok(given > 0)
}

/// Lets a device in no longer. Whether it was.
///
/// # Errors
/// The database's.
pub fn unpair(of: &Connection, screen: ScreenId, by: &By) -> rusqlite::Result<bool> {
    let name: Option<String> = of
        .prepare_cached("DELETE FROM paired WHERE id = ?1 RETURNING name")?
        .query_row([screen.0], |row| row.get(0))
        .optional()?;
    if let Some(name) = &name {
        by.note(of, "screen.revoked", name)?;
    }
    Ok(name.is_some())
}

/// Makes a key: which it is, and the key itself, which is shown once.
///
/// # Errors
/// The database's.
pub fn make_key(to: &Connection, new: &NewKey, by: &By) -> rusqlite::Result<(KeyId, String)> {
    let secret = Secret::random();
    let key = format!("{KEY_PREFIX}{}", secret.reveal());
    let begins: String = key.chars().take(KEY_PREFIX.len() + 6).collect();
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
    to.prepare_cached(
        "INSERT INTO keys (token, begins, name, channel, scopes, locations, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        secret.digest().0,
        begins,
        new.name,
        new.channel.as_ref().map(Channel::as_str),
        scopes.join(","),
        written(&new.locations),
        by.at.0
    ])?;
    let id = KeyId(to.last_insert_rowid());
    let bound = [new.channel.as_ref().map(Channel::as_str), Some(&*written(&new.locations))];
    let bound: Vec<&str> = bound.into_iter().flatten().filter(|it| !it.is_empty()).collect();
    let at = if bound.is_empty() { String::new() } else { format!(" of {}", bound.join(",")) };
    by.note(to, "key.made", &format!("{} ({begins}…, {}{at})", new.name, scopes.join(" ")))?;
    Ok((id, key))
}

/// Takes a key back. Whether it was good.
///
/// # Errors
/// The database's.
pub fn revoke_key(of: &Connection, key: KeyId, by: &By) -> rusqlite::Result<bool> {
    let told: Option<String> = of
        .prepare_cached(
            "UPDATE keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL
             RETURNING name || ' (' || begins || '…)'",
        )?
        .query_row([key.0, by.at.0], |row| row.get(0))
        .optional()?;
    if let Some(told) = &told {
        by.note(of, "key.revoked", told)?;
    }
    Ok(told.is_some())
}

/// Whose last use is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// A session.
    Session,
    /// A paired device.
    Screen,
    /// A key.
    Key,
}

/// Notes when something was last used.
///
/// # Errors
/// The database's.
pub fn note_use(
    of: &Connection,
    what: Used,
    token: Digest,
    at: UnixMillis,
) -> rusqlite::Result<()> {
    let statement = match what {
        Used::Session => "UPDATE sessions SET used_at = max(used_at, ?2) WHERE token = ?1",
        Used::Screen => "UPDATE paired SET used_at = max(used_at, ?2) WHERE token = ?1",
        Used::Key => "UPDATE keys SET used_at = max(coalesce(used_at, 0), ?2) WHERE token = ?1",
    };
    of.prepare_cached(statement)?.execute(params![token.0, at.0])?;
    Ok(())
}

const USERS: &str = "SELECT id, name, role, locations, password, disabled FROM users";

/// Every user, by name.
///
/// # Errors
/// The database's.
pub fn users(of: &Connection) -> rusqlite::Result<Vec<User>> {
    of.prepare_cached(&format!("{USERS} ORDER BY name"))?.query_map([], user)?.collect()
}

/// Every session.
///
/// # Errors
/// The database's.
pub fn sessions(of: &Connection) -> rusqlite::Result<Vec<Session>> {
    let session = |row: &Row<'_>| {
        Ok(Session {
            token: Digest(row.get(0)?),
            user: UserId(row.get(1)?),
            created_at: UnixMillis(row.get(2)?),
            used_at: UnixMillis(row.get(3)?),
        })
    };
    of.prepare_cached("SELECT token, user, created_at, used_at FROM sessions")?
        .query_map([], session)?
        .collect()
}

/// Every paired device, by name.
///
/// # Errors
/// The database's.
pub fn paired(of: &Connection) -> rusqlite::Result<Vec<Paired>> {
    let device = |row: &Row<'_>| {
        let screen: Option<String> = row.get(2)?;
        let screen = screen.map(|name| ScreenName::parse(&name)).transpose();
        Ok(Paired {
            id: ScreenId(row.get(0)?),
            token: row.get::<_, Option<[u8; 32]>>(1)?.map(Digest),
            screen: screen.map_err(|rule| damaged(2, rule))?,
            name: row.get(3)?,
            role: parsed(row, 4)?,
            locations: locations(row, 5)?,
            created_at: UnixMillis(row.get(6)?),
            used_at: UnixMillis(row.get(7)?),
            code: row.get(8)?,
        })
    };
    of.prepare_cached(
        "SELECT id, token, screen, name, role, locations, created_at, used_at, code FROM paired
         ORDER BY name, id",
    )?
    .query_map([], device)?
    .collect()
}

/// Every key, the newest first; also those that were taken back.
///
/// # Errors
/// The database's.
pub fn keys(of: &Connection) -> rusqlite::Result<Vec<Key>> {
    let key = |row: &Row<'_>| {
        let channel: Option<String> = row.get(4)?;
        let channel = channel.map(|raw| Channel::parse(&raw)).transpose();
        let scopes: String = row.get(5)?;
        let scopes = scopes.split(',').map(str::parse).collect::<Result<_, &str>>();
        Ok(Key {
            id: KeyId(row.get(0)?),
            token: Digest(row.get(1)?),
            begins: row.get(2)?,
            name: row.get(3)?,
            channel: channel.map_err(|rule| damaged(4, rule))?,
            scopes: scopes.map_err(|rule| damaged(5, rule))?,
            locations: locations(row, 6)?,
            created_at: UnixMillis(row.get(7)?),
            used_at: row.get::<_, Option<i64>>(8)?.map(UnixMillis),
            revoked_at: row.get::<_, Option<i64>>(9)?.map(UnixMillis),
        })
    };
    of.prepare_cached(
        "SELECT id, token, begins, name, channel, scopes, locations, created_at, used_at,
         revoked_at FROM keys ORDER BY id DESC",
    )?
    .query_map([], key)?
    .collect()
}

/// At most `limit` lines of who did what, the newest first.
///
/// # Errors
/// The database's.
pub fn deeds(of: &Connection, sought: &Sought, limit: usize) -> rusqlite::Result<Vec<Deed>> {
    let deed = |row: &Row<'_>| {
        Ok(Deed {
            number: row.get(0)?,
            at: UnixMillis(row.get(1)?),
            who: row.get(2)?,
            what: row.get(3)?,
            subject: row.get(4)?,
            address: row.get(5)?,
        })
    };
    let Sought { who, kind, before } = sought;
    of.prepare_cached(
        "SELECT id, at, who, what, subject, address FROM audit
         WHERE id < ?1 AND (?2 IS NULL OR who = ?2)
         AND (?3 IS NULL OR substr(what, 1, length(?3) + 1) = ?3 || '.')
         ORDER BY id DESC LIMIT ?4",
    )?
    .query_map(params![before.unwrap_or(i64::MAX), who, kind, limit], deed)?
    .collect()
}

/// Everybody who stands in the list of who did what, by name.
///
/// # Errors
/// The database's.
pub fn doers(of: &Connection) -> rusqlite::Result<Vec<String>> {
    of.prepare_cached("SELECT DISTINCT who FROM audit ORDER BY who COLLATE NOCASE LIMIT 500")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.get(0)?),
        name: row.get(1)?,
        role: parsed(row, 2)?,
        locations: locations(row, 3)?,
        password: row.get(4)?,
        disabled: row.get(5)?,
    })
}

/// A role and where it is good, for the list of who did what.
fn rank(role: Role, locations: &[Location]) -> String {
    if locations.is_empty() {
        role.to_string()
    } else {
        format!("{role} of {}", written(locations))
    }
}

/// Locations as one column: a label has no comma.
fn written(locations: &[Location]) -> String {
    locations.iter().map(Location::as_str).collect::<Vec<_>>().join(",")
}

fn locations(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<Location>> {
    let text: String = row.get(column)?;
    let labels = text.split(',').filter(|label| !label.is_empty()).map(Location::parse);
    labels.collect::<Result<_, _>>().map_err(|rule| damaged(column, rule))
}

fn parsed<T: std::str::FromStr<Err = &'static str>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|rule| damaged(column, rule))
}

/// What cannot be read lets nobody in.
fn damaged(column: usize, rule: &str) -> rusqlite::Error {
    let why = format!("a damaged register: {rule}");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}
