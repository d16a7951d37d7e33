//! Orders for tests.

use super::{
    Channel, Currency, Customer, FoodOrder, Fulfilment, Location, MinorUnits, NewItem, NewOrder,
    OrderId, OrderNumber, Promise, Source, Station, UnixMillis,
};

/// The line `quantity` × `name` of `station`.
pub(crate) fn item(station: &str, name: &str, quantity: u32) -> NewItem {
    NewItem {
        name: name.to_owned(),
        quantity,
        unit_price: MinorUnits(500),
        station: Station::parse(station).expect("valid"),
        modifiers: Vec::new(),
        allergens: Vec::new(),
        note: None,
    }
}

/// An order of `items` that somebody wishes.
pub(crate) fn new_order(items: Vec<NewItem>) -> NewOrder {
    NewOrder {
        location: Location::parse("main").expect("valid"),
        source: Source {
            channel: Channel::parse("web").expect("valid"),
            external_id: None,
            accept_by: None,
            placed_at: None,
        },
        fulfilment: Fulfilment::default(),
        customer: Customer::default(),
        items,
        currency: Currency::parse("EUR").expect("valid"),
        tax: MinorUnits(0),
        tip: MinorUnits(0),
        fees: MinorUnits(0),
        discount: MinorUnits(0),
        rush: false,
    }
}

/// An order that has just been placed.
pub(crate) fn order_of(number: u32, items: Vec<NewItem>) -> FoodOrder {
    let at = UnixMillis(i64::from(number) * 1_000);
    new_order(items).place(
        OrderId(uuid::Uuid::from_u128(u128::from(number))),
        OrderNumber(number),
        at,
        Promise { promised_at: Some(at.plus(600_000)), ..Promise::default() },
    )
}

/// A small order that has just been placed.
pub(crate) fn order(number: u32) -> FoodOrder {
    order_of(number, vec![item("grill", "Soup", 1)])
}
