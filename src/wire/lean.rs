//! Reads the wire's JSON with little code, for the browser.
//!
//! The server reads and writes by serde. Its machinery, made anew for every
//! type, would be a third of all that a browser fetches before its board is
//! live; this does the same for the few types that a browser reads. That the
//! two agree is tested on whatever serde writes.

use crate::{
    domain::{
        Actor, ActorKind, Added, Channel, Currency, Customer, Erased, Flags, FoodOrder, Fulfilment,
        Intake, IntakeState, ItemId, ItemStatus, LastChange, Location, MinorUnits, Modifier,
        ModifierKind, Money, OrderId, OrderItem, OrderNumber, OrderStatus, Service, Source,
        Station, Times, UnixMillis, Version, What,
        screen::{Announce, Digits, Language, Role, Sort, Sounds, View},
    },
    wire::{
        BoardPage, BoardSettings, Bye, ByeReason, ClockChange, EventId, Heartbeat, Hello,
        KeyBinding, ScreenSettings, Snapshot, SnapshotReason, SourceHealth, SourceList, Stats,
        StreamFilter, Unseen,
    },
};

/// How deep lists and objects may lie in each other.
const DEPTH: u8 = 32;

/// A JSON value. Numbers are whole: the wire has no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; what follows its point is left out.
    Number(i64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Map(Vec<(String, Json)>),
}

impl Json {
    /// The value that `text` holds, if it is JSON.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
        let value = reader.value(DEPTH)?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    }

    /// Takes the value of `name` out of an object.
    pub fn take(&mut self, name: &str) -> Option<Self> {
        let Self::Map(entries) = self else { return None };
        let place = entries.iter().position(|(key, _)| key == name)?;
        Some(entries.swap_remove(place).1)
    }

    /// The value of `name`; a field that is not there counts as `null`.
    fn field(&mut self, name: &str) -> Self {
        self.take(name).unwrap_or(Self::Null)
    }

    fn number(self) -> Option<i64> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    fn text(self) -> Option<String> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Whether `word` comes next; then it is behind.
    fn eat(&mut self, word: &str) -> bool {
        let next = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes()));
        if next {
            self.at += word.len();
        }
        next
    }

    fn value(&mut self, depth: u8) -> Option<Json> {
        let depth = depth.checked_sub(1)?;
        self.space();
        match self.peek()? {
            b'"' => self.text().map(Json::Text),
            b'[' => self.list(depth),
            b'{' => self.map(depth),
            b't' if self.eat("true") => Some(Json::Bool(true)),
            b'f' if self.eat("false") => Some(Json::Bool(false)),
            b'n' if self.eat("null") => Some(Json::Null),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: u8) -> Option<Json> {
        self.at += 1;
        let mut list = Vec::new();
        self.space();
        if self.eat("]") {
            return Some(Json::List(list));
        }
        loop {
            list.push(self.value(depth)?);
            self.space();
            if self.eat("]") {
                return Some(Json::List(list));
            }
            if !self.eat(",") {
                return None;
            }
        }
    }

    fn map(&mut self, depth: u8) -> Option<Json> {
        self.at += 1;
        let mut map = Vec::new();
        self.space();
        if self.eat("}") {
            return Some(Json::Map(map));
        }
        loop {
            self.space();
            let name = self.text()?;
            self.space();
            if !self.eat(":") {
                return None;
            }
            map.push((name, self.value(depth)?));
            self.space();
            if self.eat("}") {
                return Some(Json::Map(map));
            }
            if !self.eat(",") {
                return None;
            }
        }
    }

    fn number(&mut self) -> Option<Json> {
        let negative = self.eat("-");
        let mut number: i64 = 0;
        let begin = self.at;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            // Downwards, because the smallest number has no positive twin.
            number = number.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
            self.at += 1;
        }
        if self.at == begin {
            return None;
        }
        while matches!(self.peek(), Some(b'.' | b'e' | b'E' | b'+' | b'-' | b'0'..=b'9')) {
            self.at += 1;
        }
        Some(Json::Number(if negative { number } else { number.checked_neg()? }))
    }

    fn text(&mut self) -> Option<String> {
        if !self.eat("\"") {
            return None;
        }
        let mut text = Vec::new();
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return String::from_utf8(text).ok(),
                b'\\' => {
                    let character = self.escape()?;
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                byte => text.push(byte),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let kind = self.peek()?;
        self.at += 1;
        Some(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.four()?;
                // Half of a character beyond the first 65,536: the other half follows.
                let code = if (0xD800..0xDC00).contains(&first) && self.eat("\\u") {
                    let second = self.four()?;
                    0x1_0000 + ((first - 0xD800) << 10) + second.checked_sub(0xDC00)?
                } else {
                    first
                };
                char::from_u32(code)?
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn four(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code * 16 + char::from(self.peek()?).to_digit(16)?;
            self.at += 1;
        }
        Some(code)
    }
}

/// What can be read of JSON.
pub trait Lean: Sized {
    /// What `json` says, if it says such a thing.
    fn read(json: Json) -> Option<Self>;

    /// What `text` says.
    #[must_use]
    fn parse(text: &str) -> Option<Self> {
        Self::read(Json::parse(text)?)
    }
}

impl<T: Lean> Lean for Option<T> {
    fn read(json: Json) -> Option<Self> {
        if json == Json::Null { Some(None) } else { T::read(json).map(Some) }
    }
}

impl<T: Lean> Lean for Vec<T> {
    fn read(json: Json) -> Option<Self> {
        let list = match json {
            Json::List(list) => list,
            Json::Null => Vec::new(),
            _ => return None,
        };
        let mut read = Self::with_capacity(list.len());
        for json in list {
            read.push(T::read(json)?);
        }
        Some(read)
    }
}

impl Lean for bool {
    fn read(json: Json) -> Option<Self> {
        match json {
            Json::Bool(value) => Some(value),
            // A mark that the order's time did not know yet.
            Json::Null => Some(false),
            _ => None,
        }
    }
}

impl Lean for i64 {
    fn read(json: Json) -> Option<Self> {
        json.number()
    }
}

impl Lean for String {
    fn read(json: Json) -> Option<Self> {
        json.text()
    }
}

macro_rules! whole {
    ($($number:ty),*) => {$(
        impl Lean for $number {
            fn read(json: Json) -> Option<Self> {
                // What was written before there was such a field has none of it.
                let number = if json == Json::Null { 0 } else { json.number()? };
                Self::try_from(number).ok()
            }
        }
    )*};
}

macro_rules! wrapped {
    ($($outer:ident),*) => {$(
        impl Lean for $outer {
            fn read(json: Json) -> Option<Self> {
                Lean::read(json).map(Self)
            }
        }
    )*};
}

macro_rules! by_name {
    ($($name:ident via $parse:path),*) => {$(
        impl Lean for $name {
            fn read(json: Json) -> Option<Self> {
                $parse(&json.text()?).ok()
            }
        }
    )*};
}

macro_rules! name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}

macro_rules! structs {
    ($($name:ident { $($field:ident $(as $wire:literal)?),* })*) => {$(
        impl Lean for $name {
            fn read(mut json: Json) -> Option<Self> {
                Some(Self { $($field: Lean::read(json.field(name!($field $($wire)?)))?),* })
            }
        }
    )*};
}

/// What can be written as JSON, as far as a browser has to: orders, to remember
/// them.
pub trait LeanWrite {
    /// Adds this to `json`.
    fn write(&self, json: &mut String);

    /// Whether a field of this is left out.
    fn is_nothing(&self) -> bool {
        false
    }
}

impl<T: LeanWrite> LeanWrite for Option<T> {
    fn write(&self, json: &mut String) {
        if let Some(value) = self {
            value.write(json);
        }
    }

    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T: LeanWrite> LeanWrite for Vec<T> {
    fn write(&self, json: &mut String) {
        json.push('[');
        for (place, value) in self.iter().enumerate() {
            json.push_str(if place > 0 { "," } else { "" });
            value.write(json);
        }
        json.push(']');
    }
}

impl LeanWrite for bool {
    fn write(&self, json: &mut String) {
        json.push_str(if *self { "true" } else { "false" });
    }
}

impl LeanWrite for Added {
    fn write(&self, json: &mut String) {
        self.0.write(json);
    }

    fn is_nothing(&self) -> bool {
        !self.0
    }
}

impl LeanWrite for Erased {
    fn write(&self, json: &mut String) {
        self.0.write(json);
    }

    fn is_nothing(&self) -> bool {
        !self.0
    }
}

impl LeanWrite for String {
    fn write(&self, json: &mut String) {
        push_text(json, self);
    }
}

impl LeanWrite for OrderId {
    fn write(&self, json: &mut String) {
        push_text(json, &self.to_string());
    }
}

macro_rules! write_numbers {
    ($($number:ident $(. $inner:tt)?),*) => {$(
        impl LeanWrite for $number {
            fn write(&self, json: &mut String) {
                json.push_str(&self$(.$inner)?.to_string());
            }
        }
    )*};
}

macro_rules! write_names {
    ($($name:ident),*) => {$(
        impl LeanWrite for $name {
            fn write(&self, json: &mut String) {
                push_text(json, self.as_str());
            }
        }
    )*};
}

/// Adds a field to an object, unless there is nothing to say. One function for
/// all, for the browser's sake.
#[inline(never)]
fn push_field(json: &mut String, name: &'static str, value: &dyn LeanWrite) {
    if value.is_nothing() {
        return;
    }
    if !json.ends_with('{') {
        json.push(',');
    }
    push_text(json, name);
    json.push(':');
    value.write(json);
}

macro_rules! write_structs {
    ($($name:ident { $($field:ident $(as $wire:literal)?),* })*) => {$(
        impl LeanWrite for $name {
            fn write(&self, json: &mut String) {
                json.push('{');
                $(push_field(json, name!($field $($wire)?), &self.$field);)*
                json.push('}');
            }
        }
    )*};
}

macro_rules! both_ways {
    ($($all:tt)*) => {
        structs! { $($all)* }
        write_structs! { $($all)* }
    };
}

write_numbers!(u32, UnixMillis.0, Version.0, OrderNumber.0, ItemId.0, MinorUnits.0);
write_names!(
    OrderStatus,
    Service,
    ItemStatus,
    ModifierKind,
    ActorKind,
    What,
    Channel,
    Location,
    Station,
    Currency
);
whole!(u32, u64, i32);
wrapped!(UnixMillis, Version, OrderNumber, ItemId, MinorUnits, Erased, Added);
by_name!(
    OrderId via str::parse,
    EventId via str::parse,
    OrderStatus via str::parse,
    Service via str::parse,
    ItemStatus via str::parse,
    ModifierKind via str::parse,
    ActorKind via str::parse,
    IntakeState via str::parse,
    What via str::parse,
    Role via str::parse,
    View via str::parse,
    Sort via str::parse,
    Language via str::parse,
    Digits via str::parse,
    Announce via str::parse,
    Channel via Channel::parse,
    Location via Location::parse,
    Station via Station::parse,
    Currency via Currency::parse
);
both_ways! {
    FoodOrder {
        id, number, location, version, status, source, fulfilment, customer, unaware, revision,
        items,
        money, flags, erased, times, last_change
    }
    Source { channel, external_id, accept_by, placed_at }
    Fulfilment { service as "type", due_at, table, address, instructions, arrived_note }
    Customer { name, phone }
    OrderItem {
        id, name, quantity, unit_price, station, modifiers, allergens, note, status,
        quantity_before, added_at, added
    }
    Modifier { kind, name, quantity, unit_price }
    Money { currency, subtotal, tax, tip, fees, discount, total }
    Flags { rush, held, recalled, changed, scheduled, cancel_unseen, allergens_seen }
    Times {
        placed_at, accepted_at, preparing_at, ready_at, out_for_delivery_at, closed_at, due_at,
        fires_at, fired_at, warn_at, promised_at, arrived_at
    }
    LastChange { from, to, what, at, actor, reason }
    Actor { kind, id }
}
structs! {
    Hello { cursor, server_time, heartbeat_ms, version }
    Heartbeat { server_time, open, stats, intake, unseen, quiet }
    Unseen { id, number, stations, since }
    SourceList { server_time, sources }
    SourceHealth { channel, last_order_at, today, usual_gap_ms, quiet }
    Intake { state, until, extra_min, reason }
    Snapshot { reason, cursor, server_time, orders }
    Bye { reason, retry_ms }
    Stats { placed, ready, average_ticket_ms, late }
    BoardPage { orders, cursor, server_time, open, stations, stats, intake, words, filter, settings }
    BoardSettings {
        version, location, currency, heartbeat_ms, utc_offset_s, clock_change, clock_rate,
        language, demo, view, screen, actor
    }
    ClockChange { at, utc_offset_s }
    ScreenSettings {
        name, version, title, warning, role, shared, view, sort, page_size, columns, sounds, volume, digits, bump_bar, single_keys, keys, announce, hold_to_bump, acknowledge_allergens, quiet_from, quiet_until
    }
    Sounds { new, changed, cancelled, ready, late, offline }
    KeyBinding { action, code }
}

/// Only what a board goes by: its stream's address says the rest.
impl Lean for StreamFilter {
    fn read(mut json: Json) -> Option<Self> {
        let stations = Lean::read(json.field("stations"))?;
        let statuses = Lean::read(json.field("statuses"))?;
        Some(Self { stations, statuses, ..Self::default() })
    }
}

impl Lean for SnapshotReason {
    fn read(json: Json) -> Option<Self> {
        Some(match json.text()?.as_str() {
            "requested" => Self::Requested,
            "unknown_id" => Self::UnknownId,
            "pruned" => Self::Pruned,
            _ => return None,
        })
    }
}

impl Lean for ByeReason {
    fn read(json: Json) -> Option<Self> {
        Some(match json.text()?.as_str() {
            "shutdown" => Self::Shutdown,
            "rotated" => Self::Rotated,
            "revoked" => Self::Revoked,
            _ => return None,
        })
    }
}

/// Adds `text` to `json` as a JSON string.
pub fn push_text(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                json.push('\\');
                json.push(character);
            }
            // `clean` leaves no other control character in what people write.
            character if character.is_control() => json.push(' '),
            character => json.push(character),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests;
