//! Reading on one side of a wall.
//!
//! A *side* is a location with a channel: every order is of one side for as long as
//! it lives, and a wall, like a filter by location or channel, lets some sides
//! through. There are few of them, each with an index of its own orders and
//! events, so whoever asks for some reads those, in order, and nothing of the others.

use rusqlite::{
    Connection, params, params_from_iter,
    types::{ToSql, Value},
};

use super::{super::EventPage, rows};
use crate::{
    domain::{Channel, Location, OrderId, OrderStatus, UnixMillis},
    wire::{EventFacts, Seq, StreamFilter, Wall},
};

/// Parts that one query is put together of at most. With more, which takes many
/// locations and channels, all rows are gone through.
const ARMS: usize = 200;

/// One location with one channel.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) location: Location,
    pub(super) channel: Channel,
    /// The position of the last event there.
    pub(super) last: Seq,
    /// The position of the last event there that is no longer kept.
    pub(super) pruned: Seq,
}

/// A query with what it is asked with.
pub(super) struct Asked {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Asked {
    pub(super) fn parameters(&self) -> impl rusqlite::Params {
        params_from_iter(&self.values)
    }
}

/// Every side there is.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Side>> {
    connection
        .prepare_cached("SELECT location, channel, last, pruned FROM sides")?
        .query_map([], |row| {
            Ok(Side {
                location: rows::location(row.get_ref(0)?.as_str()?)?,
                channel: rows::channel(row.get_ref(1)?.as_str()?)?,
                last: Seq(row.get(2)?),
                pruned: Seq(row.get(3)?),
            })
        })?
        .collect()
}

fn behind(connection: &Connection, wall: &Wall) -> rusqlite::Result<Vec<Side>> {
    let mut sides = all(connection)?;
    sides.retain(|side| wall.lets(&side.location, &side.channel));
    Ok(sides)
}

/// Notes an event.
pub(super) fn note(
    connection: &Connection,
    EventFacts { location, channel, .. }: &EventFacts,
    at: Seq,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sides (location, channel, last, pruned) VALUES (?1, ?2, ?3, 0)
             ON CONFLICT (location, channel) DO UPDATE SET last = excluded.last",
        )?
        .execute(params![location.as_str(), channel.as_str(), at.0])?;
    Ok(())
}

/// Notes that what is up to `floor` will be kept no longer.
pub(super) fn prune(connection: &Connection, floor: Seq) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE sides SET pruned = gone.last FROM (
                 SELECT location, channel, max(seq) AS last FROM log NOT INDEXED
                 WHERE seq <= ?1 GROUP BY location, channel
             ) AS gone
             WHERE sides.location = gone.location AND sides.channel = gone.channel",
        )?
        .execute([floor.0])?;
    Ok(())
}

/// The position of the last event on this side of `wall` in the log that ends at `head`.
pub(super) fn last(connection: &Connection, wall: &Wall, head: Seq) -> rusqlite::Result<Seq> {
    if wall.is_open() {
        return Ok(head);
    }
    Ok(behind(connection, wall)?.iter().map(|side| side.last).max().unwrap_or(Seq::START))
}

/// Events on this side of `wall` after `after`, at most `limit`.
pub(super) fn events(
    connection: &Connection,
    wall: &Wall,
    after: Seq,
    limit: usize,
) -> rusqlite::Result<EventPage> {
    if wall.is_open() {
        return rows::events(connection, after, limit);
    }
    let transaction = connection.unchecked_transaction()?;
    let (_, head) = rows::bounds(&transaction)?;
    let sides = behind(&transaction, wall)?;
    let floor = sides.iter().map(|side| side.pruned).max().unwrap_or(Seq::START);
    let last = sides.iter().map(|side| side.last).max().unwrap_or(Seq::START);
    let newer: Vec<&Side> = sides.iter().filter(|side| side.last > after).collect();
    let mut events = Vec::new();
    if !newer.is_empty() && limit > 0 {
        let asked = events_asked(&newer, wall, after, limit);
        let mut statement = transaction.prepare_cached(&asked.sql)?;
        events = rows::page(statement.query(asked.parameters())?)?;
    }
    Ok(EventPage { events, floor, last, head })
}

fn events_asked(sides: &[&Side], wall: &Wall, after: Seq, limit: usize) -> Asked {
    let columns = rows::EVENT_COLUMNS;
    let mut values = Vec::new();
    let mut sql = if sides.len() <= ARMS {
        let arm =
            format!("SELECT {columns} FROM log WHERE location = ? AND channel = ? AND seq > ?");
        for side in sides {
            values.extend([text(side.location.as_str()), text(side.channel.as_str())]);
            values.push(Value::Integer(signed(after)));
        }
        vec![arm; sides.len()].join(" UNION ALL ")
    } else {
        values.push(Value::Integer(signed(after)));
        let only = StreamFilter { wall: wall.clone(), ..StreamFilter::default() };
        format!("SELECT {columns} FROM log WHERE seq > ?{}", of_sides(&only, &mut values))
    };
    sql.push_str(" ORDER BY seq LIMIT ?");
    values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    Asked { sql, values }
}

/// A query for the orders of these statuses that `filter` may show and that have
/// changed at or after `since`, the last changed first. Each of its parts is read
/// off an index in order, and only as far as somebody reads, however many orders
/// the years have left.
pub(super) fn last_changed(
    connection: &Connection,
    filter: &StreamFilter,
    since: Option<UnixMillis>,
) -> rusqlite::Result<Asked> {
    let statuses = &filter.statuses;
    let statuses = if statuses.is_empty() { &OrderStatus::ALL[..] } else { statuses };
    let since = since.map_or_else(String::new, |at| format!(" AND changed_at >= {}", at.0));
    let mut values = Vec::new();
    let mut arms = Vec::new();
    let select = "SELECT data, changed_at, row FROM orders WHERE ";
    if filter.orders.is_empty() {
        let narrows =
            !filter.wall.is_open() || !filter.locations.is_empty() || !filter.channels.is_empty();
        let mut sides = if narrows { behind(connection, &filter.wall)? } else { Vec::new() };
        sides.retain(|side| {
            (filter.locations.is_empty() || filter.locations.contains(&side.location))
                && (filter.channels.is_empty() || filter.channels.contains(&side.channel))
        });
        if narrows && sides.len() * statuses.len() <= ARMS {
            for side in &sides {
                for status in statuses {
                    values.extend([text(side.location.as_str()), text(side.channel.as_str())]);
                    arms.push(format!(
                        "{select}location = ? AND channel = ? AND status = '{status}'{since}"
                    ));
                }
            }
        } else {
            for status in statuses {
                let of_sides = of_sides(filter, &mut values);
                arms.push(format!("{select}status = '{status}'{since}{of_sides}"));
            }
        }
        if arms.is_empty() {
            arms.push(format!("{select}0"));
        }
    } else {
        values.extend(filter.orders.iter().map(|id| Value::Blob(id.0.as_bytes().to_vec())));
        let listed = vec!["?"; values.len()].join(", ");
        let of_sides = of_sides(filter, &mut values);
        arms.push(format!("{select}id IN ({listed}){of_sides}{since}"));
    }
    let sql = format!("{} ORDER BY changed_at DESC, row DESC", arms.join(" UNION ALL "));
    Ok(Asked { sql, values })
}

/// A query for the orders on the board that `filter` may show, the first placed first.
pub(super) fn open(filter: &StreamFilter) -> Asked {
    let mut values = Vec::new();
    let mut sql = "SELECT data FROM orders WHERE open = 1".to_owned();
    if !filter.statuses.is_empty() {
        sql.push_str(&listed("status", filter.statuses.iter().map(|it| it.as_str()), &mut values));
    }
    sql.push_str(&of_sides(filter, &mut values));
    sql.push_str(" ORDER BY placed_at, row");
    Asked { sql, values }
}

/// What of `filter` can be asked of a row's location and channel.
fn of_sides(filter: &StreamFilter, values: &mut Vec<Value>) -> String {
    let mut sql = String::new();
    for locations in [&filter.wall.locations, &filter.locations] {
        if !locations.is_empty() {
            sql.push_str(&listed("location", locations.iter().map(Location::as_str), values));
        }
    }
    if !filter.channels.is_empty() {
        sql.push_str(&listed("channel", filter.channels.iter().map(Channel::as_str), values));
    }
    if let Some(channel) = &filter.wall.channel {
        sql.push_str(&listed("channel", [channel.as_str()].into_iter(), values));
    }
    sql
}

fn listed<'a>(column: &str, of: impl Iterator<Item = &'a str>, values: &mut Vec<Value>) -> String {
    let before = values.len();
    values.extend(of.map(text));
    format!(" AND {column} IN ({})", vec!["?"; values.len() - before].join(", "))
}

/// Those of `orders` that there are on this side of `wall`.
pub(super) fn of_these(
    connection: &Connection,
    wall: &Wall,
    mut orders: Vec<OrderId>,
) -> rusqlite::Result<Vec<OrderId>> {
    let only = StreamFilter { wall: wall.clone(), ..StreamFilter::default() };
    let mut values = Vec::new();
    let of_sides = of_sides(&only, &mut values);
    let mut statement =
        connection.prepare_cached(&format!("SELECT 1 FROM orders WHERE id = ?{of_sides}"))?;
    let mut failed = None;
    orders.retain(|id| {
        let id = id.0.as_bytes();
        let id: [&dyn ToSql; 1] = [id];
        let values = id.into_iter().chain(values.iter().map(|value| value as &dyn ToSql));
        statement.exists(params_from_iter(values)).unwrap_or_else(|error| {
            failed = Some(error);
            false
        })
    });
    failed.map_or(Ok(orders), Err)
}

fn text(label: &str) -> Value {
    Value::Text(label.to_owned())
}

fn signed(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store with two locations and two channels.
    fn store(folder: &std::path::Path) -> Connection {
        let opened = super::super::schema::open(&folder.join("orders.db"), false);
        let connection = opened.expect("a store").connection;
        for (seq, (location, channel)) in
            [("main", "web"), ("main", "kiosk"), ("airport", "web")].into_iter().enumerate()
        {
            connection
                .execute(
                    "INSERT INTO sides VALUES (?1, ?2, ?3, 0)",
                    params![location, channel, seq + 1],
                )
                .expect("written");
        }
        connection
    }

    fn wall(location: &str) -> Wall {
        let locations = vec![Location::parse(location).expect("a location")];
        Wall { locations, channel: None }
    }

    fn plan(connection: &Connection, asked: &Asked) -> Vec<String> {
        let mut statement =
            connection.prepare(&format!("EXPLAIN QUERY PLAN {}", asked.sql)).expect("a query");
        let steps = statement.query_map(asked.parameters(), |row| row.get(3)).expect("a plan");
        steps.collect::<rusqlite::Result<_>>().expect("its steps")
    }

    #[test]
    fn whatever_narrows_a_list_is_read_off_an_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = store(folder.path());
        let main = StreamFilter { wall: wall("main"), ..StreamFilter::default() };
        let web = vec![Channel::parse("web").expect("a channel")];
        let of_web = StreamFilter { channels: web, ..StreamFilter::default() };
        let failed = StreamFilter { statuses: vec![OrderStatus::Failed], ..main.clone() };
        let every = OrderStatus::ALL.len();
        for (filter, index, arms) in [
            (StreamFilter::default(), "orders_by_status", every),
            (main, "orders_by_side", 2 * every),
            (of_web, "orders_by_side", 2 * every),
            (failed, "orders_by_side", 2),
        ] {
            let asked = last_changed(&connection, &filter, Some(UnixMillis(7))).expect("a query");
            let steps = plan(&connection, &asked);
            let searches = steps.iter().filter(|step| step.contains(index)).count();
            assert_eq!(searches, arms, "{steps:?}");
            for step in steps {
                assert!(!step.contains("SCAN") && !step.contains("TEMP"), "{step}");
            }
        }
    }

    #[test]
    fn the_events_of_one_side_are_read_off_an_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = store(folder.path());
        let wall = wall("main");
        let sides = behind(&connection, &wall).expect("sides");
        let asked = events_asked(&sides.iter().collect::<Vec<_>>(), &wall, Seq(0), 10);
        let steps = plan(&connection, &asked);
        assert_eq!(steps.iter().filter(|step| step.contains("log_by_side")).count(), 2);
        for step in steps {
            assert!(!step.contains("SCAN") && !step.contains("TEMP"), "{step}");
        }
    }

    #[test]
    fn whoever_is_behind_a_wall_is_told_of_their_own_positions() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = store(folder.path());
        let head = Seq(9);
        for (location, own) in [("main", 2), ("airport", 3), ("beach", 0)] {
            assert_eq!(last(&connection, &wall(location), head).expect("read"), Seq(own));
        }
        assert_eq!(last(&connection, &Wall::default(), head).expect("read"), head);
    }
}
