//! What may stand in a value that is more than its JSON type says: the rules of the
//! domain's newtypes, as JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{
    domain::{
        Channel, Currency, ItemId, Location, MinorUnits, OrderId, OrderNumber, ScreenName, Station,
        TimeOfDay, UnixMillis, Version, limits, screen::Tenths,
    },
    wire::{EventId, EventKind},
};

/// A text of which something is left when control characters and the white space at
/// its ends are taken off.
pub(super) const FILLED: &str = r"[^\s\x00-\x1f\x7f-\x9f]";
/// The same without a comma.
const LABEL: &str = r"^[^,]*[^,\s\x00-\x1f\x7f-\x9f][^,]*$";

macro_rules! described {
    ($($type:ident: $schema:tt)+) => {
        $(impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })+
    };
}

described! {
    OrderId: {
        "description": "A UUID version 7, in lower case: ids sort by when they were made.",
        "type": "string",
        "format": "uuid",
        "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        "examples": ["0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f"]
    }
    OrderNumber: {
        "description": "What is called out: from 101, anew for each location and business day.",
        "type": "integer",
        "minimum": 1
    }
    Version: {
        "description": "1 when it is made, one more with each change. The higher one is the newer.",
        "type": "integer",
        "minimum": 1,
        "maximum": u32::MAX
    }
    ItemId: {
        "description": "An item of an order: 1 for the first.",
        "type": "integer",
        "minimum": 1,
        "maximum": u32::MAX
    }
    Location: {
        "description": "A restaurant, kitchen or counter: a label.",
        "type": "string",
        "minLength": 1,
        "maxLength": limits::LABEL,
        "pattern": LABEL
    }
    Channel: {
        "description": "Where an order came from, such as web, pos or kiosk: a label.",
        "type": "string",
        "minLength": 1,
        "maxLength": limits::LABEL,
        "pattern": LABEL
    }
    Station: {
        "description": "Where an item is made, such as grill or bar: a label.",
        "type": "string",
        "minLength": 1,
        "maxLength": limits::LABEL,
        "pattern": LABEL
    }
    ScreenName: {
        "description": "What a screen is called in addresses.",
        "type": "string",
        "pattern": "^[a-z0-9-]{1,40}$",
        "not": {"const": "new"}
    }
    Currency: {
        "description": "An ISO 4217 code.",
        "type": "string",
        "pattern": "^[A-Z]{3}$",
        "examples": ["EUR"]
    }
    MinorUnits: {
        "description": "Money in whole minor units of the currency: 950 with EUR is 9.50 €.",
        "type": "integer",
        "minimum": 0,
        "format": "int64"
    }
    UnixMillis: {
        "description": "A time in milliseconds since 1970-01-01 UTC.",
        "type": "integer",
        "format": "int64",
        "minimum": i64::MIN,
        "maximum": i64::MAX
    }
    EventId: {
        "description": "A position in the log: which log, and where in it.",
        "type": "string",
        "pattern": "^[0-9a-f]{8}-(0|[1-9][0-9]{0,18})$",
        "examples": ["9f3a01c4-42"]
    }
    EventKind: {
        "description": "What happened to an order.",
        "type": "string",
        "enum": EventKind::ALL.map(EventKind::as_str)
    }
    TimeOfDay: {
        "description": "Hours and minutes, by the location's clock.",
        "type": "string",
        "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$",
        "examples": ["22:00"]
    }
    Tenths: {
        "description": "A number with one digit after the point.",
        "type": "number"
    }
}
