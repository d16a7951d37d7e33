//! Whether a store is sound: its pages, its log, and each order as its log leads to.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::{
    rows,
    schema::{KIND, TRACKING_KEY},
    screens, sides, webhooks,
    writer::FIRST_NUMBER,
};
use crate::{
    domain::{FoodOrder, Location, OrderId, OrderStatus, Service, Version, What},
    server::{
        files::{Faults, integrity, schema},
        tracking::TrackingKey,
    },
    wire::{Epoch, EventFacts, Seq},
};

/// Rows that belong to an order, and where they are.
const OF_ORDERS: [(&str, &str); 3] = [
    ("idempotency_keys", "a key is of an order that there is not"),
    ("seen", "an order was seen that there is not"),
    ("webhook_waiting", "an event waits of an order that there is not"),
];

/// Reads all that is in a store of the present schema, as it stands at one moment, and
/// notes what is wrong with it; what was read, in words.
///
/// # Errors
/// It cannot be read at all.
pub fn check(connection: &Connection, faults: &mut Faults) -> rusqlite::Result<String> {
    let reading = connection.unchecked_transaction()?;
    integrity(&KIND, &reading, faults)?;
    schema(&KIND, &reading, faults)?;
    let log = log(&reading, faults)?;
    let (orders, erased) = orders(&reading, &log, faults)?;
    for (table, what) in OF_ORDERS {
        let strays = count(
            &reading,
            &format!("SELECT count(*) FROM {table} WHERE order_id NOT IN (SELECT id FROM orders)"),
        )?;
        for _ in 0..strays {
            faults.add(place(table), what);
        }
    }
    sides_of(&reading, &log, faults)?;
    let hooks = hooks(&reading, &log, faults)?;
    let screens = screens::all(&reading).map(|screens| screens.len());
    if screens.is_err() {
        faults.add(place("screens"), "a row cannot be read");
    }
    let Log { floor, head, events, .. } = log;
    let keys = count(&reading, "SELECT count(*) FROM idempotency_keys")?;
    let days = count(&reading, "SELECT count(*) FROM numbers")?;
    Ok(format!(
        "{orders} orders ({erased} erased), {events} events (after {floor} up to {head}), {keys} \
         idempotency keys, {days} days of numbers, {} screens, {hooks} webhooks",
        screens.unwrap_or(0)
    ))
}

fn place(table: &str) -> String {
    format!("{} {table}", KIND.file)
}

fn count(connection: &Connection, query: &str) -> rusqlite::Result<u64> {
    connection.query_row(query, [], |row| row.get(0))
}

/// What the log has led an order to.
struct Reached {
    seq: Seq,
    version: Version,
    status: OrderStatus,
}

/// What is known of the log.
struct Log {
    floor: u64,
    head: u64,
    events: u64,
    reached: HashMap<OrderId, Reached>,
}

/// Reads the log from its floor to its head.
fn log(connection: &Connection, faults: &mut Faults) -> rusqlite::Result<Log> {
    let floor = rows::meta(connection, "floor")?.and_then(|raw| raw.parse().ok());
    if floor.is_none() {
        faults.add(place("meta"), "it does not say where the log begins");
    }
    let floor = floor.unwrap_or(0);
    // A copy has none until it is used.
    if rows::meta(connection, "epoch")?.is_some_and(|raw| raw.parse::<Epoch>().is_err()) {
        faults.add(place("meta"), "its epoch cannot be read");
    }
    let mut log = Log { floor, head: floor, events: 0, reached: HashMap::new() };
    let query = format!("SELECT {}, at FROM log ORDER BY seq", rows::EVENT_COLUMNS);
    let mut statement = connection.prepare(&query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let seq: u64 = row.get(0)?;
        let here = format!("{} event {seq}", KIND.file);
        if seq <= floor {
            faults.add(&here, format_args!("the log is no longer kept up to {floor}"));
        } else if seq > log.head + 1 {
            let (first, last) = (log.head + 1, seq - 1);
            let missing =
                if first == last { first.to_string() } else { format!("{first} to {last}") };
            faults.add(&here, format_args!("before it the log has a gap: {missing}"));
        }
        log.head = log.head.max(seq);
        log.events += 1;
        match event(row, &mut log.reached, floor) {
            Ok(found) => found.into_iter().for_each(|what| faults.add(&here, what)),
            Err(_) => faults.add(&here, "it cannot be read"),
        }
    }
    Ok(log)
}

/// What is wrong with an event.
fn event(
    row: &Row<'_>,
    reached: &mut HashMap<OrderId, Reached>,
    floor: u64,
) -> rusqlite::Result<Vec<String>> {
    let event = rows::event(row)?;
    let at: i64 = row.get(10)?;
    let order = rows::parse(std::str::from_utf8(&event.order_json)?)?;
    let mut found = Vec::new();
    if EventFacts::of(&order) != event.facts || order.last_change.at.0 != at {
        found.push("its columns do not say what its order says".to_owned());
    }
    let (from, to) = (order.last_change.from, order.last_change.to);
    if order.status != to {
        found.push(format!("its order is {}, and came to {to}", order.status));
    }
    let version = order.version;
    match reached.get(&order.id) {
        Some(before) => {
            if version != before.version.next() {
                found.push(format!("version {version} follows version {}", before.version));
            }
            if from != Some(before.status) {
                let from = from.map_or("nothing", OrderStatus::as_str);
                found.push(format!("it goes from {from}, and the order was {}", before.status));
            }
        }
        // What came before was let go of.
        None if version != Version::FIRST && floor == 0 => {
            found.push(format!("the order begins with version {version}"));
        }
        None if version == Version::FIRST && from.is_some() => {
            found.push("the order begins with a change".to_owned());
        }
        None => {}
    }
    if let Some(from) = from
        && !leads(from, to, order.fulfilment.service)
    {
        found.push(format!("no order goes from {from} to {to}"));
    }
    reached.insert(order.id, Reached { seq: event.seq, version, status: order.status });
    Ok(found)
}

/// Whether one change may take an order from one status to the other. What is made
/// before it was begun, or accepted, is ready at once.
fn leads(from: OrderStatus, to: OrderStatus, service: Service) -> bool {
    let at_once =
        to == OrderStatus::Ready && matches!(from, OrderStatus::Placed | OrderStatus::Accepted);
    from == to || at_once || from.may_become(to, service)
}

const ORDER_COLUMNS: &str = "id, status, open, location, channel, external_id, placed_at, \
                             changed_at, erased, tracking, data, length(fingerprint)";

/// How many orders there are, and how many of them are erased.
fn orders(connection: &Connection, log: &Log, faults: &mut Faults) -> rusqlite::Result<(u64, u64)> {
    let key = rows::meta(connection, TRACKING_KEY)?.and_then(|raw| TrackingKey::parse(&raw));
    if key.is_none() {
        faults.add(place("meta"), "the key of tracking pages cannot be read");
    }
    let mut last = connection.prepare("SELECT data FROM log WHERE seq = ?1")?;
    let mut personal = connection.prepare("SELECT seq, data FROM log WHERE order_id = ?1")?;
    let mut numbers = Numbers::default();
    let (mut found, mut erased) = (0, 0);
    let mut statement =
        connection.prepare(&format!("SELECT {ORDER_COLUMNS} FROM orders ORDER BY row"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        found += 1;
        let Ok((order, json)) = order(row) else {
            faults.add(place("orders"), format_args!("the order in row {found} cannot be read"));
            continue;
        };
        let here = format!("{} order {}", KIND.file, order.id);
        for column in disagreeing(row, &order, key.as_ref())? {
            faults.add(&here, format_args!("its column {column} does not say what the order says"));
        }
        match log.reached.get(&order.id) {
            Some(reached) => {
                let replayed: String = last.query_row([reached.seq.0], |row| row.get(0))?;
                if replayed != json {
                    let seq = reached.seq.0;
                    faults.add(&here, format_args!("it is not as event {seq} left it"));
                }
            }
            None if log.floor == 0 => faults.add(&here, "the log does not tell of it"),
            None => {}
        }
        if let Some(rule) = numbers.take(&order) {
            faults.add(&here, rule);
        }
        if order.erased.0 {
            erased += 1;
            let mut events = personal.query([order.id.0.as_bytes()])?;
            while let Some(event) = events.next()? {
                let seq: u64 = event.get(0)?;
                // What cannot be read was told before.
                if rows::parse(event.get_ref(1)?.as_str()?)
                    .is_ok_and(|then| !then.erased.0 || then.tells_of_a_person())
                {
                    let event = format!("{} event {seq}", KIND.file);
                    faults.add(event, "its order is erased, and it still tells of a person");
                }
            }
            if order.tells_of_a_person() {
                faults.add(&here, "it is erased, and still tells of a person");
            }
        }
    }
    let strays = count(
        connection,
        "SELECT count(DISTINCT order_id) FROM log WHERE order_id NOT IN (SELECT id FROM orders)",
    )?;
    for _ in 0..strays {
        faults.add(place("log"), "it tells of an order that there is not");
    }
    numbers.compare(connection, faults)?;
    Ok((found, erased))
}

fn order(row: &Row<'_>) -> rusqlite::Result<(FoodOrder, String)> {
    let json: String = row.get("data")?;
    Ok((rows::parse(&json)?, json))
}

/// The columns of an order that do not say what its JSON says.
fn disagreeing(
    row: &Row<'_>,
    order: &FoodOrder,
    key: Option<&TrackingKey>,
) -> rusqlite::Result<Vec<&'static str>> {
    let changed_at: i64 = row.get("changed_at")?;
    let last = &order.last_change;
    let tracking: Option<[u8; 32]> = row.get("tracking")?;
    let fingerprint: usize = row.get("length(fingerprint)")?;
    let agree = [
        ("id", row.get_ref("id")?.as_blob()? == order.id.0.as_bytes()),
        ("status", row.get_ref("status")?.as_str()? == order.status.as_str()),
        ("open", row.get::<_, bool>("open")? == order.is_on_board()),
        ("location", row.get_ref("location")?.as_str()? == order.location.as_str()),
        ("channel", row.get_ref("channel")?.as_str()? == order.source.channel.as_str()),
        ("external_id", row.get::<_, Option<String>>("external_id")? == order.source.external_id),
        ("placed_at", row.get::<_, i64>("placed_at")? == order.times.placed_at.0),
        // An erasure is no change that puts an order among those of today.
        ("changed_at", changed_at == last.at.0 || last.what == What::Erased),
        ("erased", row.get::<_, bool>("erased")? == order.erased.0),
        ("tracking", key.is_none_or(|key| tracking == Some(key.digest(order.id).0))),
        ("fingerprint", fingerprint > 0),
    ];
    Ok(agree.into_iter().filter(|(_, agrees)| !agrees).map(|(column, _)| column).collect())
}

/// The numbers of orders, counted again as they were given. When a business day began
/// is known by its first number alone: what time it was there may have been set anew.
#[derive(Default)]
struct Numbers(HashMap<Location, Vec<u32>>);

impl Numbers {
    /// What is wrong with the number of an order that came after those before.
    fn take(&mut self, order: &FoodOrder) -> Option<String> {
        let days = self.0.entry(order.location.clone()).or_default();
        let number = order.number.0;
        if number == FIRST_NUMBER {
            days.push(number);
            return None;
        }
        // A clock that is put back may go on with the day before.
        match days.iter_mut().rev().find(|last| **last + 1 == number) {
            Some(last) => {
                *last = number;
                None
            }
            None => Some(format!("its number {number} was not the next one of its day")),
        }
    }

    /// Compares with what the store would go on with.
    fn compare(self, connection: &Connection, faults: &mut Faults) -> rusqlite::Result<()> {
        let mut kept: HashMap<String, Vec<u32>> = HashMap::new();
        let mut statement = connection.prepare("SELECT location, last FROM numbers")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            kept.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
        for (location, mut days) in self.0 {
            let mut kept = kept.remove(location.as_str()).unwrap_or_default();
            days.sort_unstable();
            kept.sort_unstable();
            if days != kept {
                let what = format!("location {location} goes on with another number than its last");
                faults.add(place("numbers"), what);
            }
        }
        for location in kept.keys() {
            faults.add(place("numbers"), format_args!("location {location} has no orders"));
        }
        Ok(())
    }
}

/// Whether what is known of each location with each channel is what the log says: whoever
/// reads behind a wall is told by it where they stand.
fn sides_of(connection: &Connection, log: &Log, faults: &mut Faults) -> rusqlite::Result<()> {
    let Ok(sides) = sides::all(connection) else {
        faults.add(place("sides"), "a row cannot be read");
        return Ok(());
    };
    let mut newest =
        connection.prepare("SELECT max(seq) FROM log WHERE location = ?1 AND channel = ?2")?;
    for side in &sides {
        let here =
            format!("{} location {}, channel {}", place("sides"), side.location, side.channel);
        let newest: Option<u64> =
            newest.query_row([side.location.as_str(), side.channel.as_str()], |row| row.get(0))?;
        let last = side.last.0;
        match newest {
            Some(newest) if newest != last => {
                faults.add(&here, format_args!("its last event is {newest}, and {last} is noted"));
            }
            None if last > log.floor => {
                faults.add(&here, format_args!("the log does not have its last event {last}"));
            }
            _ => {}
        }
        if side.pruned.0 > log.floor {
            let (pruned, floor) = (side.pruned.0, log.floor);
            faults.add(
                &here,
                format_args!("{pruned} is said to be gone, and the log begins after {floor}"),
            );
        }
    }
    let strays = count(
        connection,
        "SELECT count(*) FROM (SELECT DISTINCT location, channel FROM orders
             EXCEPT SELECT location, channel FROM sides)",
    )?;
    for _ in 0..strays {
        faults.add(place("sides"), "orders are of a location and channel that is not there");
    }
    Ok(())
}

/// How many webhooks there are.
fn hooks(connection: &Connection, log: &Log, faults: &mut Faults) -> rusqlite::Result<usize> {
    if webhooks::channels(connection).is_err() {
        faults.add(place("channel_secrets"), "a row cannot be read");
    }
    let Ok(hooks) = webhooks::all(connection) else {
        faults.add(place("webhooks"), "a row cannot be read");
        return Ok(0);
    };
    for hook in &hooks {
        let here = format!("{} webhook {}", KIND.file, hook.id);
        let cursor = hook.cursor.0;
        if cursor > log.head {
            let head = log.head;
            faults.add(&here, format_args!("it stands at {cursor}, and the log ends at {head}"));
        } else if cursor < log.floor && hook.missed.is_none() {
            let floor = log.floor;
            faults.add(&here, format_args!("it stands at {cursor}, before the log's {floor}"));
        }
    }
    let query = format!("SELECT count(*) FROM webhook_waiting WHERE seq > {}", log.head);
    for _ in 0..count(connection, &query)? {
        faults.add(place("webhook_waiting"), "an event waits that the log does not have");
    }
    Ok(hooks.len())
}
