//! The order that every peer of a comparison carries, and how it is known
//! again among everything else that a peer sends.

use live_orders::domain::OrderId;
use serde::Serialize;
use uuid::Uuid;

/// Stands in every event once, before its number, and in nothing else that a
/// peer sends: one byte, so that no cut of the stream can part it.
pub(crate) const MARK: u8 = b'~';
/// Digits of the number behind the mark.
pub(crate) const DIGITS: usize = 8;
/// The `event:` field.
pub(crate) const EVENT: &str = "order.preparing";
/// Orders that the events are about, one after the other.
pub(crate) const OPEN_ORDERS: u32 = 500;

/// An order as the kitchen sees it, of everyday size.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ticket {
    id: OrderId,
    number: u32,
    version: u32,
    status: &'static str,
    channel: String,
    service: String,
    customer: String,
    items: Vec<Line>,
    total: u32,
    placed_at: u64,
    /// The mark and the event's number: at the end, so that who has it has the order.
    reason: String,
}

#[derive(Clone, Debug, Serialize)]
struct Line {
    name: String,
    quantity: u32,
    station: String,
    modifiers: Vec<String>,
    note: Option<String>,
}

impl Ticket {
    /// The order of the event `number`, which is about `order`.
    pub(crate) fn new(number: u32, order: u32) -> Self {
        let line = |name: &str, station: &str, modifier: &str, note: Option<&str>| Line {
            name: name.to_owned(),
            quantity: 1 + order % 3,
            station: station.to_owned(),
            modifiers: vec![modifier.to_owned()],
            note: note.map(str::to_owned),
        };
        Self {
            id: order_id(order),
            // Always of three digits: every event has one size.
            number: 101 + order % 899,
            version: 3,
            status: "preparing",
            channel: "web".to_owned(),
            service: "pickup".to_owned(),
            customer: "Ana K".to_owned(),
            items: vec![
                line("Cheeseburger", "grill", "no onion", Some("cut in half")),
                line("Fries", "fry", "extra salt", None),
                line("Lemonade", "bar", "no ice", None),
            ],
            total: 2350,
            placed_at: 1_760_000_000_000,
            reason: format!("{}{number:0DIGITS$}", char::from(MARK)),
        }
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        // It has no map and no float: nothing in it can fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The id of the order `order`, the same in every process.
pub(crate) fn order_id(order: u32) -> OrderId {
    OrderId(Uuid::from_u128(0x0197_f2a0_6c1e_7d3a_9f10_0000_0000_0000 | u128::from(order)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_of_everyday_size_and_marked_once() {
        for number in [0, 1, 99_999_999] {
            let json = Ticket::new(number, number % OPEN_ORDERS).json();
            assert!((400..=560).contains(&json.len()), "{}", json.len());
            assert_eq!(json.iter().filter(|byte| **byte == MARK).count(), 1);
            assert!(json.ends_with(format!("~{number:08}\"}}").as_bytes()));
        }
    }
}
