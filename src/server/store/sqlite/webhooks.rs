//! Webhooks: a row each, what waits, what was tried, and channels that sign.

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};

use super::{
    super::{
        Unavailable,
        webhooks::{
            Attempt, Attempted, Plan, Progress, Seen, SigningChannel, Switch, SwitchState, Verdict,
            Waiting, Webhook, WebhookStore,
        },
    },
    SqliteStore, rows,
};
use crate::{
    domain::{Channel, OrderId, UnixMillis},
    server::webhooks::{Keys, Secret, WebhookId},
    wire::Seq,
};

const COLUMNS: &str = "id, url, description, filter, secret, former, state, why, since, cursor, \
                       missed, failing_since, held_until, delivered_at, created_at, \
                       (SELECT count(*) FROM webhook_waiting WHERE webhook = webhooks.id)";

const CHANNEL_COLUMNS: &str = "channel, secret, former, locations, created_at, used_at";

const ATTEMPT_COLUMNS: &str =
    "id, seq, order_id, kind, attempt, at, took_ms, status, error, outcome, next_at";

impl WebhookStore for SqliteStore {
    fn all(&self) -> BoxFuture<'_, Result<Vec<Webhook>, Unavailable>> {
        self.readers.read(|connection, _| all(connection))
    }

    fn plans(&self) -> BoxFuture<'_, Result<HashMap<WebhookId, Plan>, Unavailable>> {
        self.readers.read(|connection, _| {
            connection
                .prepare_cached(
                    "SELECT id, url, filter, secret, former FROM webhooks WHERE state = 'on'",
                )?
                .query_map([], |row| {
                    let id = WebhookId::parse(row.get_ref(0)?.as_str()?);
                    let kept = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
                    Ok((id.ok_or_else(|| damaged("id", "no id"))?, Plan { kept }))
                })?
                .collect()
        })
    }

    fn one(&self, id: WebhookId) -> BoxFuture<'_, Result<Option<Webhook>, Unavailable>> {
        self.readers.read(move |connection, _| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM webhooks WHERE id = ?1"))?
                .query_row([id.as_str()], webhook)
                .optional()
        })
    }

    fn add(&self, webhook: Webhook, most: usize) -> BoxFuture<'_, Result<bool, Unavailable>> {
        self.run_errand(move |connection| add(connection, &webhook, most))
    }

    fn save(
        &self,
        webhook: Webhook,
        switch: Option<Switch>,
    ) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.run_errand(move |connection| {
            connection.execute(
                "UPDATE webhooks SET url = ?2, description = ?3, filter = ?4, secret = ?5, \
                 former = ?6 WHERE id = ?1",
                params![
                    webhook.id.as_str(),
                    webhook.url,
                    webhook.description,
                    json(&webhook.filter)?,
                    webhook.keys.current.reveal(),
                    former(&webhook.keys)?,
                ],
            )?;
            switch.iter().try_for_each(|switch| turn(connection, &webhook.id, switch))
        })
    }

    fn remove(&self, id: WebhookId) -> BoxFuture<'_, Result<bool, Unavailable>> {
        self.run_errand(move |connection| {
            let id = [id.as_str()];
            connection.execute("DELETE FROM webhook_waiting WHERE webhook = ?1", id)?;
            connection.execute("DELETE FROM webhook_attempts WHERE webhook = ?1", id)?;
            Ok(connection.execute("DELETE FROM webhooks WHERE id = ?1", id)? > 0)
        })
    }

    fn switch(&self, id: WebhookId, switch: Switch) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.run_errand(move |connection| turn(connection, &id, &switch))
    }

    fn rewind(&self, id: WebhookId, after: Seq) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.run_errand(move |connection| {
            connection.execute("DELETE FROM webhook_waiting WHERE webhook = ?1", [id.as_str()])?;
            connection.execute(
                "UPDATE webhooks SET cursor = ?2 WHERE id = ?1",
                params![id.as_str(), after.0],
            )?;
            Ok(())
        })
    }

    fn enqueue(&self, id: WebhookId, waiting: Waiting) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.run_errand(move |connection| put_waiting(connection, &id, &waiting))
    }

    fn orders_waiting(&self, id: WebhookId) -> BoxFuture<'_, Result<Vec<OrderId>, Unavailable>> {
        self.readers.read(move |connection, _| {
            connection
                .prepare_cached("SELECT DISTINCT order_id FROM webhook_waiting WHERE webhook = ?1")?
                .query_map([id.as_str()], |row| rows::order_id(row.get_ref(0)?.as_blob()?))?
                .collect()
        })
    }

    fn waiting(
        &self,
        id: WebhookId,
        orders: Vec<OrderId>,
    ) -> BoxFuture<'_, Result<Vec<Waiting>, Unavailable>> {
        self.readers.read(move |connection, _| {
            let mut waiting = Vec::new();
            let mut find = connection.prepare_cached(
                "SELECT seq, order_id, kind, attempts, failed_at, next_at, due_at, not_before \
                 FROM webhook_waiting WHERE webhook = ?1 AND order_id = ?2 ORDER BY seq",
            )?;
            for order in &orders {
                for found in
                    find.query_map(params![id.as_str(), order.0.as_bytes()], waiting_event)?
                {
                    waiting.push(found?);
                }
            }
            Ok(waiting)
        })
    }

    fn record(&self, id: WebhookId, progress: Progress) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.run_errand(move |connection| record(connection, &id, &progress))
    }

    fn note_attempt(
        &self,
        id: WebhookId,
        attempt: Attempt,
    ) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.run_errand(move |connection| put_attempt(connection, &id, &attempt))
    }

    fn attempts(
        &self,
        id: WebhookId,
        before: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Attempted>, Unavailable>> {
        self.readers.read(move |connection, _| {
            let before = before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
            connection
                .prepare_cached(&format!(
                    "SELECT {ATTEMPT_COLUMNS} FROM webhook_attempts \
                     WHERE webhook = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
                ))?
                .query_map(params![id.as_str(), before, limit], attempted)?
                .collect()
        })
    }

    fn attempt(
        &self,
        id: WebhookId,
        number: u64,
    ) -> BoxFuture<'_, Result<Option<Attempted>, Unavailable>> {
        self.readers.read(move |connection, _| {
            let Ok(number) = i64::try_from(number) else { return Ok(None) };
            connection
                .prepare_cached(&format!(
                    "SELECT {ATTEMPT_COLUMNS} FROM webhook_attempts \
                     WHERE webhook = ?1 AND id = ?2"
                ))?
                .query_row(params![id.as_str(), number], attempted)
                .optional()
        })
    }

    fn tidy(
        &self,
        before: UnixMillis,
        most: usize,
        now: UnixMillis,
    ) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.run_errand(move |connection| {
            connection.execute("DELETE FROM webhook_attempts WHERE at < ?1", [before.0])?;
            let ids = connection
                .prepare_cached("SELECT id FROM webhooks")?
                .query_map([], |row| row.get::<_, String>(0))?
                .collect::<rusqlite::Result<Vec<String>>>()?;
            for id in ids {
                connection
                    .prepare_cached(
                        "DELETE FROM webhook_attempts WHERE webhook = ?1 AND id <= (
                             SELECT id FROM webhook_attempts WHERE webhook = ?1
                             ORDER BY id DESC LIMIT 1 OFFSET ?2
                         )",
                    )?
                    .execute(params![id, most])?;
            }
            for (table, key) in [("webhooks", "id"), ("channel_secrets", "channel")] {
                tidy_secrets(connection, table, key, now)?;
            }
            connection.execute("DELETE FROM signatures_seen WHERE until <= ?1", [now.0]).map(drop)
        })
    }

    fn channels(&self) -> BoxFuture<'_, Result<Vec<SigningChannel>, Unavailable>> {
        self.readers.read(|connection, _| channels(connection))
    }

    fn channel(
        &self,
        channel: Channel,
    ) -> BoxFuture<'_, Result<Option<SigningChannel>, Unavailable>> {
        self.readers.read(move |connection, _| {
            connection
                .prepare_cached(&format!(
                    "SELECT {CHANNEL_COLUMNS} FROM channel_secrets WHERE channel = ?1"
                ))?
                .query_row([channel.as_str()], signing_channel)
                .optional()
        })
    }

    fn put_channel(&self, channel: SigningChannel) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.run_errand(move |connection| {
            connection.execute(
                "INSERT INTO channel_secrets (channel, secret, former, locations, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (channel) DO UPDATE SET secret = excluded.secret, \
                 former = excluded.former, locations = excluded.locations",
                params![
                    channel.channel.as_str(),
                    channel.keys.current.reveal(),
                    former(&channel.keys)?,
                    json(&channel.locations)?,
                    channel.created_at.0,
                ],
            )?;
            Ok(())
        })
    }

    fn let_through(
        &self,
        seen: Seen,
        now: UnixMillis,
        until: UnixMillis,
    ) -> BoxFuture<'_, Result<bool, Unavailable>> {
        self.run_errand(move |connection| {
            let new = connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO signatures_seen (channel, id, sent, until) \
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    seen.channel.as_str(),
                    rows::key_digest(&seen.id),
                    seen.sent,
                    until.0
                ])?;
            connection
                .prepare_cached("UPDATE channel_secrets SET used_at = ?2 WHERE channel = ?1")?
                .execute(params![seen.channel.as_str(), now.0])?;
            Ok(new > 0)
        })
    }

    fn forget(&self, seen: Seen) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.run_errand(move |connection| {
            connection
                .prepare_cached(
                    "DELETE FROM signatures_seen WHERE channel = ?1 AND id = ?2 AND sent = ?3",
                )?
                .execute(params![seen.channel.as_str(), rows::key_digest(&seen.id), seen.sent])
                .map(drop)
        })
    }

    fn remove_channel(&self, channel: Channel) -> BoxFuture<'_, Result<bool, Unavailable>> {
        self.run_errand(move |connection| {
            let gone = connection
                .execute("DELETE FROM channel_secrets WHERE channel = ?1", [channel.as_str()])?;
            Ok(gone > 0)
        })
    }
}

/// Every webhook, the oldest first.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Webhook>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM webhooks ORDER BY created_at, id"))?
        .query_map([], webhook)?
        .collect()
}

/// Every channel that signs.
pub(super) fn channels(connection: &Connection) -> rusqlite::Result<Vec<SigningChannel>> {
    connection
        .prepare_cached(&format!("SELECT {CHANNEL_COLUMNS} FROM channel_secrets ORDER BY channel"))?
        .query_map([], signing_channel)?
        .collect()
}

/// The last position that may be let go of without a webhook that is on missing
/// something; none when there is no such webhook.
pub(super) fn held(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached(
            "SELECT min(min(cursor, coalesce(
                 (SELECT min(seq) - 1 FROM webhook_waiting WHERE webhook = webhooks.id), cursor
             ))) FROM webhooks WHERE state = 'on'",
        )?
        .query_row([], |row| row.get(0))
}

/// Says of webhooks that are off and had not come up to `floor` that they have
/// missed what was before it, and has them go on there.
pub(super) fn pruned(connection: &Connection, floor: u64) -> rusqlite::Result<()> {
    let behind = "(cursor < ?1 OR EXISTS (SELECT 1 FROM webhook_waiting \
                  WHERE webhook = webhooks.id AND seq <= ?1))";
    let told = connection
        .prepare_cached(&format!("SELECT id FROM webhooks WHERE missed IS NULL AND {behind}"))?
        .query_map([floor], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    for webhook in told {
        tracing::warn!(webhook, up_to_seq = floor, "webhook.events.missed");
    }
    connection
        .prepare_cached(&format!(
            "UPDATE webhooks SET missed = ?1, cursor = max(cursor, ?1) WHERE {behind}"
        ))?
        .execute([floor])?;
    connection.prepare_cached("DELETE FROM webhook_waiting WHERE seq <= ?1")?.execute([floor])?;
    Ok(())
}

fn add(connection: &Connection, webhook: &Webhook, most: usize) -> rusqlite::Result<bool> {
    let kept: usize =
        connection.query_row("SELECT count(*) FROM webhooks", [], |row| row.get(0))?;
    if kept >= most {
        return Ok(false);
    }
    connection.execute(
        "INSERT INTO webhooks (id, url, description, filter, secret, former, state, why, since, \
         cursor, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            webhook.id.as_str(),
            webhook.url,
            webhook.description,
            json(&webhook.filter)?,
            webhook.keys.current.reveal(),
            former(&webhook.keys)?,
            webhook.switch.state.as_str(),
            webhook.switch.why,
            webhook.switch.since.0,
            webhook.cursor.0,
            webhook.created_at.0,
        ],
    )?;
    Ok(true)
}

/// Switches it; one that is switched on tries everything that waits at once.
fn turn(connection: &Connection, id: &WebhookId, switch: &Switch) -> rusqlite::Result<()> {
    set_switch(connection, id, switch)?;
    if switch.state == SwitchState::On {
        connection.execute(
            "UPDATE webhooks SET failing_since = NULL, held_until = NULL WHERE id = ?1",
            [id.as_str()],
        )?;
        connection.execute(
            "UPDATE webhook_waiting SET attempts = 0, failed_at = NULL, next_at = ?2, \
             due_at = NULL, not_before = NULL WHERE webhook = ?1",
            params![id.as_str(), switch.since.0],
        )?;
    }
    Ok(())
}

fn set_switch(connection: &Connection, id: &WebhookId, switch: &Switch) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE webhooks SET state = ?2, why = ?3, since = ?4 WHERE id = ?1",
        params![id.as_str(), switch.state.as_str(), switch.why, switch.since.0],
    )?;
    if switch.state != SwitchState::On {
        // What it misses while it is off is told anew.
        connection.execute("UPDATE webhooks SET missed = NULL WHERE id = ?1", [id.as_str()])?;
    }
    Ok(())
}

fn put_waiting(connection: &Connection, id: &WebhookId, waiting: &Waiting) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO webhook_waiting (webhook, seq, order_id, kind, attempts, failed_at, \
             next_at, due_at, not_before) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (webhook, seq) DO UPDATE SET attempts = excluded.attempts, \
             failed_at = excluded.failed_at, next_at = excluded.next_at, \
             due_at = excluded.due_at, not_before = excluded.not_before",
        )?
        .execute(params![
            id.as_str(),
            waiting.seq.0,
            waiting.order.0.as_bytes(),
            waiting.kind.as_str(),
            waiting.attempts,
            waiting.failed_at.map(|at| at.0),
            waiting.next_at.0,
            waiting.due_at.map(|at| at.0),
            waiting.not_before.map(|at| at.0),
        ])?;
    Ok(())
}

fn record(connection: &Connection, id: &WebhookId, progress: &Progress) -> rusqlite::Result<()> {
    let changed = connection
        .prepare_cached(
            "UPDATE webhooks SET cursor = ?2, failing_since = ?3, held_until = ?4, \
             delivered_at = ?5, missed = coalesce(?6, missed) WHERE id = ?1",
        )?
        .execute(params![
            id.as_str(),
            progress.cursor.0,
            progress.failing_since.map(|at| at.0),
            progress.held_until.map(|at| at.0),
            progress.delivered_at.map(|at| at.0),
            progress.missed.map(|seq| seq.0),
        ])?;
    if changed == 0 {
        // It was deleted; nothing is kept of it.
        return Ok(());
    }
    if let Some(now) = progress.hastened {
        connection
            .prepare_cached(
                "UPDATE webhook_waiting SET due_at = coalesce(due_at, next_at), \
                 next_at = max(?2, coalesce(not_before, ?2)) \
                 WHERE webhook = ?1 AND next_at > max(?2, coalesce(not_before, ?2))",
            )?
            .execute(params![id.as_str(), now.0])?;
    }
    for waiting in &progress.put {
        put_waiting(connection, id, waiting)?;
    }
    for seq in &progress.done {
        connection
            .prepare_cached("DELETE FROM webhook_waiting WHERE webhook = ?1 AND seq = ?2")?
            .execute(params![id.as_str(), seq.0])?;
    }
    for attempt in &progress.attempts {
        put_attempt(connection, id, attempt)?;
    }
    if let Some(switch) = &progress.off {
        set_switch(connection, id, switch)?;
    }
    Ok(())
}

fn put_attempt(connection: &Connection, id: &WebhookId, attempt: &Attempt) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO webhook_attempts (webhook, seq, order_id, kind, attempt, at, \
             took_ms, status, error, outcome, next_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            id.as_str(),
            attempt.event.map(|(seq, _)| seq.0),
            attempt.event.map(|(_, order)| *order.0.as_bytes()),
            attempt.kind,
            attempt.attempt,
            attempt.at.0,
            attempt.took_ms,
            attempt.status,
            attempt.error,
            attempt.outcome.as_str(),
            attempt.next_at.map(|at| at.0),
        ])?;
    Ok(())
}

fn waiting_event(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    let time = |index: usize| -> rusqlite::Result<Option<UnixMillis>> {
        Ok(row.get::<_, Option<i64>>(index)?.map(UnixMillis))
    };
    let kind = row.get_ref(2)?.as_str()?.parse();
    Ok(Waiting {
        seq: Seq(row.get(0)?),
        order: rows::order_id(row.get_ref(1)?.as_blob()?)?,
        kind: kind.map_err(|allowed: &str| damaged("kind", allowed))?,
        attempts: row.get(3)?,
        failed_at: time(4)?,
        next_at: UnixMillis(row.get(5)?),
        due_at: time(6)?,
        not_before: time(7)?,
    })
}

fn webhook(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    let time = |index: usize| -> rusqlite::Result<Option<UnixMillis>> {
        Ok(row.get::<_, Option<i64>>(index)?.map(UnixMillis))
    };
    let id = WebhookId::parse(row.get_ref(0)?.as_str()?).ok_or_else(|| damaged("id", "no id"))?;
    let filter = serde_json::from_str(row.get_ref(3)?.as_str()?)
        .map_err(|error| damaged("filter", error))?;
    let state = SwitchState::named(row.get_ref(6)?.as_str()?)
        .ok_or_else(|| damaged("state", "no state"))?;
    Ok(Webhook {
        id,
        url: row.get(1)?,
        description: row.get(2)?,
        filter,
        keys: keys(row, 4)?,
        switch: Switch { state, why: row.get(7)?, since: UnixMillis(row.get(8)?) },
        cursor: Seq(row.get(9)?),
        missed: row.get::<_, Option<u64>>(10)?.map(Seq),
        failing_since: time(11)?,
        held_until: time(12)?,
        delivered_at: time(13)?,
        created_at: UnixMillis(row.get(14)?),
        waiting: row.get(15)?,
    })
}

fn signing_channel(row: &Row<'_>) -> rusqlite::Result<SigningChannel> {
    let channel =
        Channel::parse(row.get_ref(0)?.as_str()?).map_err(|rule| damaged("channel", rule))?;
    let locations = serde_json::from_str(row.get_ref(3)?.as_str()?)
        .map_err(|error| damaged("locations", error))?;
    Ok(SigningChannel {
        channel,
        keys: keys(row, 1)?,
        locations,
        created_at: UnixMillis(row.get(4)?),
        used_at: row.get::<_, Option<i64>>(5)?.map(UnixMillis),
    })
}

fn attempted(row: &Row<'_>) -> rusqlite::Result<Attempted> {
    let seq: Option<u64> = row.get(1)?;
    let order = match row.get_ref(2)?.as_blob_or_null()? {
        Some(bytes) => Some(rows::order_id(bytes)?),
        None => None,
    };
    let outcome = Verdict::named(row.get_ref(9)?.as_str()?)
        .ok_or_else(|| damaged("outcome", "no outcome"))?;
    Ok(Attempted {
        number: row.get(0)?,
        attempt: Attempt {
            event: seq.map(Seq).zip(order),
            kind: row.get(3)?,
            attempt: row.get(4)?,
            at: UnixMillis(row.get(5)?),
            took_ms: row.get(6)?,
            status: row.get(7)?,
            error: row.get(8)?,
            outcome,
            next_at: row.get::<_, Option<i64>>(10)?.map(UnixMillis),
        },
    })
}

/// The secrets in two columns from `first` on.
fn keys(row: &Row<'_>, first: usize) -> rusqlite::Result<Keys> {
    let current = secret(row.get_ref(first)?.as_str()?)?;
    Ok(Keys { current, former: former_of(row.get_ref(first + 1)?.as_str()?)? })
}

fn secret(raw: &str) -> rusqlite::Result<Secret> {
    Secret::parse(raw).map_err(|rule| damaged("secret", rule))
}

/// The secrets before the present one, with their ends, as a column.
fn former(keys: &Keys) -> rusqlite::Result<String> {
    let former = keys.former.iter().map(|(secret, until)| (secret.reveal(), until.0));
    json(&former.collect::<Vec<(String, i64)>>())
}

fn former_of(raw: &str) -> rusqlite::Result<Vec<(Secret, UnixMillis)>> {
    let former: Vec<(String, i64)> =
        serde_json::from_str(raw).map_err(|error| damaged("former", error))?;
    former.into_iter().map(|(raw, until)| Ok((secret(&raw)?, UnixMillis(until)))).collect()
}

/// Lets go of the secrets in `table` that are no longer good.
fn tidy_secrets(
    connection: &Connection,
    table: &str,
    key: &str,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    let kept = connection
        .prepare_cached(&format!("SELECT {key}, former FROM {table} WHERE former <> '[]'"))?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    for (id, raw) in kept {
        let mut left = former_of(&raw)?;
        let all = left.len();
        left.retain(|(_, until)| *until > now);
        if left.len() < all {
            let left: Vec<(String, i64)> =
                left.into_iter().map(|(secret, until)| (secret.reveal(), until.0)).collect();
            connection
                .prepare_cached(&format!("UPDATE {table} SET former = ?2 WHERE {key} = ?1"))?
                .execute(params![id, json(&left)?])?;
        }
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn damaged(
    column: &str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    let error: Box<dyn std::error::Error + Send + Sync> = error.into();
    rusqlite::Error::FromSqlConversionFailure(
        0,
        Type::Text,
        format!("a damaged webhook: {column}: {error}").into(),
    )
}
