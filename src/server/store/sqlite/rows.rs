//! Rows and what they mean.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, Row, Rows, Transaction, params, types::Type};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    super::{EventPage, History, Seen, Setting, StoredEvent, StoredOrders, Wanted},
    sides::{self, Asked},
};
use crate::{
    domain::{Channel, FoodOrder, Location, OrderId, OrderStatus, Station, UnixMillis},
    server::{hex, tracking::TokenDigest},
    wire::{Epoch, EventFacts, EventId, Seq, StreamFilter},
};

/// A page of events is cut after this many bytes of orders, so that a slow
/// reader far behind costs little memory.
const PAGE_BYTES: usize = 256 * 1024;

/// Orders that are looked into at most for one list: whoever asks for a name among
/// all that there ever were is told that there may be more.
const LOOKED_AT: usize = 10_000;

pub(super) const EVENT_COLUMNS: &str =
    "seq, order_id, kind, from_status, to_status, location, channel, stations, service, data";

/// One value of the `meta` table.
pub(super) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
        .optional()
}

/// Where a setting stands in the `meta` table.
pub(super) fn setting_key(name: Setting) -> &'static str {
    match name {
        Setting::Intake => "intake",
    }
}

/// Sets one value of the `meta` table.
pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )?;
    Ok(())
}

/// By what an idempotency key is kept: clients may put into one who has ordered.
pub(super) fn key_digest(key: &str) -> String {
    format!("sha256:{}", hex::encode(&Sha256::digest(key)))
}

/// Up to where the log is no longer kept, and where it ends.
pub(super) fn bounds(connection: &Connection) -> rusqlite::Result<(Seq, Seq)> {
    let floor = meta(connection, "floor")?.and_then(|raw| raw.parse().ok()).unwrap_or(0);
    let head: Option<u64> =
        connection.prepare_cached("SELECT max(seq) FROM log")?.query_row([], |row| row.get(0))?;
    Ok((Seq(floor), Seq(head.unwrap_or(floor).max(floor))))
}

/// Events after `after`, at most `limit`.
pub(super) fn events(
    connection: &Connection,
    after: Seq,
    limit: usize,
) -> rusqlite::Result<EventPage> {
    let transaction = connection.unchecked_transaction()?;
    let (floor, head) = bounds(&transaction)?;
    let events = {
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT {EVENT_COLUMNS} FROM log WHERE seq > ?1 ORDER BY seq LIMIT ?2"
        ))?;
        page(statement.query(params![after.0, limit])?)?
    };
    Ok(EventPage { events, floor, last: head, head })
}

/// As many of `rows` as make a page.
pub(super) fn page(mut rows: Rows<'_>) -> rusqlite::Result<Vec<StoredEvent>> {
    let mut events = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let event = event(row)?;
        bytes += event.order_json.len();
        events.push(event);
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(events)
}

/// The orders on the board that `filter` shows, the first placed first.
pub(super) fn open_orders(
    connection: &Connection,
    epoch: Epoch,
    filter: &StreamFilter,
) -> rusqlite::Result<StoredOrders> {
    let transaction = connection.unchecked_transaction()?;
    let all = Wanted { limit: usize::MAX, since: None, called: None };
    orders(&transaction, epoch, filter, &all, (&sides::open(filter), usize::MAX))
}

/// Orders that `filter` shows and `wanted` asks for, the last changed first.
pub(super) fn list(
    connection: &Connection,
    epoch: Epoch,
    filter: &StreamFilter,
    wanted: &Wanted,
) -> rusqlite::Result<StoredOrders> {
    let transaction = connection.unchecked_transaction()?;
    let asked = sides::last_changed(&transaction, filter, wanted.since)?;
    orders(&transaction, epoch, filter, wanted, (&asked, LOOKED_AT))
}

/// Orders that `filter` shows and `wanted` calls among the first `most` that a
/// query gives.
fn orders(
    transaction: &Transaction<'_>,
    epoch: Epoch,
    filter: &StreamFilter,
    wanted: &Wanted,
    (asked, most): (&Asked, usize),
) -> rusqlite::Result<StoredOrders> {
    let (_, head) = bounds(transaction)?;
    let last = sides::last(transaction, &filter.wall, head)?;
    // The rest of what somebody asks for is in the query.
    let looks = !filter.stations.is_empty()
        || !filter.services.is_empty()
        || !filter.orders.is_empty()
        || wanted.called.is_some();
    let mut orders = Vec::new();
    let mut more = false;
    let mut statement = transaction.prepare_cached(&asked.sql)?;
    let mut rows = statement.query(asked.parameters())?;
    let mut looked_at = 0;
    while let Some(row) = rows.next()? {
        if orders.len() == wanted.limit || looked_at == most {
            more = true;
            break;
        }
        let json: String = row.get(0)?;
        if looks {
            looked_at += 1;
            let order = parse(&json)?;
            if !filter.shows(&order) || !wanted.calls(&order) {
                continue;
            }
        }
        orders.push(Bytes::from(json));
    }
    Ok(StoredOrders { orders, cursor: EventId { epoch, seq: last }, head, more })
}

/// One order as it is, as JSON.
pub(super) fn order(connection: &Connection, id: OrderId) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT data FROM orders WHERE id = ?1")?
        .query_row([id.0.as_bytes()], |row| row.get(0))
        .optional()
}

/// The order whose tracking page has this token, as JSON.
pub(super) fn tracked(
    connection: &Connection,
    token: TokenDigest,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT data FROM orders WHERE tracking = ?1")?
        .query_row([token.0], |row| row.get(0))
        .optional()
}

/// One order with its history.
pub(super) fn history(connection: &Connection, id: OrderId) -> rusqlite::Result<Option<History>> {
    let transaction = connection.unchecked_transaction()?;
    let Some(json) = order(&transaction, id)? else {
        return Ok(None);
    };
    let events = transaction
        .prepare_cached(&format!(
            "SELECT {EVENT_COLUMNS} FROM log WHERE order_id = ?1 ORDER BY seq"
        ))?
        .query_map([id.0.as_bytes()], event)?
        .collect::<rusqlite::Result<Vec<StoredEvent>>>()?;
    let seen = transaction
        .prepare_cached("SELECT screen, at FROM seen WHERE order_id = ?1 ORDER BY at, screen")?
        .query_map([id.0.as_bytes()], |row| {
            Ok(Seen { order: id, screen: row.get(0)?, at: UnixMillis(row.get(1)?) })
        })?
        .collect::<rusqlite::Result<Vec<Seen>>>()?;
    Ok(Some(History { order_json: Bytes::from(json), events, seen }))
}

/// Orders that are on the board, or changed at or after `since`.
pub(super) fn recent(
    connection: &Connection,
    since: UnixMillis,
) -> rusqlite::Result<Vec<FoodOrder>> {
    connection
        .prepare_cached("SELECT data FROM orders WHERE changed_at >= ?1 OR open = 1")?
        .query_map([since.0], |row| parse(&row.get::<_, String>(0)?))?
        .collect()
}

/// The channels of orders that were placed at or after `since`, and when.
const ARRIVALS: &str = "SELECT channel, placed_at FROM orders \
                        WHERE changed_at >= ?1 AND placed_at >= ?1 ORDER BY placed_at, row";

/// When orders were placed, and through which channel, the first first.
pub(super) fn arrivals(
    connection: &Connection,
    since: UnixMillis,
) -> rusqlite::Result<Vec<(Channel, UnixMillis)>> {
    connection
        .prepare_cached(ARRIVALS)?
        .query_map([since.0], |row| {
            Ok((channel(row.get_ref(0)?.as_str()?)?, UnixMillis(row.get(1)?)))
        })?
        .collect()
}

/// An order from its JSON.
pub(super) fn parse(json: &str) -> rusqlite::Result<FoodOrder> {
    serde_json::from_str(json).map_err(|error| damaged("data", error))
}

/// An id from its sixteen bytes.
pub(super) fn order_id(bytes: &[u8]) -> rusqlite::Result<OrderId> {
    Uuid::from_slice(bytes).map(OrderId).map_err(|error| damaged("order_id", error))
}

/// A location as it stands in a column.
pub(super) fn location(label: &str) -> rusqlite::Result<Location> {
    Location::parse(label).map_err(|rule| damaged("location", rule))
}

/// A channel as it stands in a column.
pub(super) fn channel(label: &str) -> rusqlite::Result<Channel> {
    Channel::parse(label).map_err(|rule| damaged("channel", rule))
}

/// Stations as one column: a label has no comma.
pub(super) fn join_stations(stations: &[Station]) -> String {
    stations.iter().map(Station::as_str).collect::<Vec<_>>().join(",")
}

/// An event from a row of [`EVENT_COLUMNS`].
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    let status = |raw: &str| -> rusqlite::Result<OrderStatus> {
        raw.parse().map_err(|allowed: &str| damaged("status", allowed))
    };
    let from: Option<String> = row.get(3)?;
    let facts = EventFacts {
        kind: row
            .get_ref(2)?
            .as_str()?
            .parse()
            .map_err(|allowed: &str| damaged("kind", allowed))?,
        order: order_id(row.get_ref(1)?.as_blob()?)?,
        from: from.as_deref().map(status).transpose()?,
        to: status(row.get_ref(4)?.as_str()?)?,
        location: location(row.get_ref(5)?.as_str()?)?,
        channel: channel(row.get_ref(6)?.as_str()?)?,
        stations: row
            .get_ref(7)?
            .as_str()?
            .split(',')
            .map(Station::parse)
            .collect::<Result<_, _>>()
            .map_err(|rule| damaged("stations", rule))?,
        service: row
            .get_ref(8)?
            .as_str()?
            .parse()
            .map_err(|allowed: &str| damaged("service", allowed))?,
    };
    let json: String = row.get(9)?;
    Ok(StoredEvent { seq: Seq(row.get(0)?), facts, order_json: Bytes::from(json) })
}

fn damaged(
    column: &str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    let error: Box<dyn std::error::Error + Send + Sync> = error.into();
    rusqlite::Error::FromSqlConversionFailure(
        0,
        Type::Text,
        format!("a damaged row: {column}: {error}").into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_lately_is_read_off_an_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let opened = super::super::schema::open(&folder.path().join("orders.db"), false);
        let connection = opened.expect("a store").connection;
        let step: String = connection
            .query_row(&format!("EXPLAIN QUERY PLAN {ARRIVALS}"), [7], |row| row.get(3))
            .expect("a plan");
        assert!(step.contains("orders_by_change"), "{step}");
    }
}
