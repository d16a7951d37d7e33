//! Every operation of the API, by group. Each route for programs has one; a test sees
//! to that.

use serde_json::{Value, json};

use super::operation::Operation;
use crate::domain::limits;

mod changes;
mod kitchen;
mod orders;
mod others;
mod webhooks;

/// Every operation, in the order in which they are told.
pub(super) fn all() -> Vec<Operation> {
    let groups = [orders::all(), changes::all(), kitchen::all(), webhooks::all(), others::all()];
    groups.into_iter().flatten().collect()
}

/// The parameters that make a filter.
fn filtered(operation: Operation) -> Operation {
    let several = |items: Value| json!({"type": "array", "items": items, "minItems": 1, "maxItems": limits::FILTER_VALUES});
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    operation
        .query(
            "station",
            false,
            several(reference("Station")),
            "Orders with an item of one of these stations.",
        )
        .query("channel", false, several(reference("Channel")), "Orders of these channels.")
        .query("service", false, several(reference("Service")), "Orders of these services.")
        .query("location", false, several(reference("Location")), "Orders of these locations.")
        .query("order", false, several(reference("OrderId")), "These orders alone.")
        .query(
            "status",
            false,
            several(reference("StatusFilter")),
            "Orders in these statuses; `open` and `closed` stand for all such. A stream also gets \
             the change that takes an order out of them.",
        )
        .query(
            "types",
            false,
            several(reference("EventKind")),
            "Events of these types. They do not narrow lists and snapshots.",
        )
}

/// A whole number from `least` to `most`.
fn whole(least: i64, most: i64) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

/// A switch in a query.
fn switch() -> Value {
    json!({"type": "string", "enum": ["0", "1"]})
}
