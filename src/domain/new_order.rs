//! An order as it is placed: checked, but without what only the server can give.

use serde::Serialize;

use super::{
    ageing::Promise,
    ids::{ItemId, Location, OrderId, OrderNumber, Station, Version},
    money::{Currency, MinorUnits, Money},
    order::{
        Actor, ActorKind, Added, Customer, Erased, Flags, FoodOrder, Fulfilment, ItemStatus,
        LastChange, Modifier, OrderItem, Source, Times, What, line_price,
    },
    status::OrderStatus,
    time::UnixMillis,
};

/// An order as it is placed. Every rule of [`limits`](super::limits) holds for
/// it already: it is made only by parsing a request.
///
/// Serialised, it is the fingerprint by which a repeat with the same
/// idempotency key is known to be the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewOrder {
    /// Where it is to be made.
    pub location: Location,
    /// Where it came from.
    pub source: Source,
    /// How it gets to the customer.
    pub fulfilment: Fulfilment,
    /// Whose it is.
    pub customer: Customer,
    /// What is to be made, at least one.
    pub items: Vec<NewItem>,
    /// The currency of every amount.
    pub currency: Currency,
    /// Tax that is not already in the prices.
    pub tax: MinorUnits,
    /// For the staff.
    pub tip: MinorUnits,
    /// Delivery, service, packaging.
    pub fees: MinorUnits,
    /// Taken off, as a positive amount.
    pub discount: MinorUnits,
    /// Before all others.
    pub rush: bool,
}

/// One line of an order as it is placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewItem {
    /// What it is.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// The price of one, without modifiers.
    pub unit_price: MinorUnits,
    /// Where it is made.
    pub station: Station,
    /// What is different from the menu.
    pub modifiers: Vec<Modifier>,
    /// What somebody is allergic to.
    pub allergens: Vec<String>,
    /// In the customer's words.
    pub note: Option<String>,
}

impl NewItem {
    /// The line `id` of an order.
    #[must_use]
    pub fn into_line(self, id: ItemId) -> OrderItem {
        OrderItem {
            id,
            name: self.name,
            quantity: self.quantity,
            unit_price: self.unit_price,
            station: self.station,
            modifiers: self.modifiers,
            allergens: self.allergens,
            note: self.note,
            status: ItemStatus::Todo,
            quantity_before: None,
            added_at: None,
            added: Added::default(),
        }
    }
}

impl NewOrder {
    /// What it costs.
    #[must_use]
    pub fn money(&self) -> Money {
        Money {
            currency: self.currency,
            subtotal: MinorUnits(0),
            tax: self.tax,
            tip: self.tip,
            fees: self.fees,
            discount: self.discount,
            total: MinorUnits(0),
        }
        .with_subtotal(
            self.items
                .iter()
                .map(|item| line_price(item.unit_price, &item.modifiers, item.quantity))
                .sum(),
        )
    }

    /// The order as it stands right after it was placed, with what only the
    /// server can give: its id, its number, the time and what it is promised.
    #[must_use]
    pub fn place(
        self,
        id: OrderId,
        number: OrderNumber,
        at: UnixMillis,
        promise: Promise,
    ) -> FoodOrder {
        let money = self.money();
        let items = (1..).zip(self.items).map(|(line, item)| item.into_line(ItemId(line)));
        let items: Vec<OrderItem> = items.collect();
        let Promise { fires_at, warn_at, promised_at } = promise;
        FoodOrder {
            id,
            number,
            location: self.location,
            version: Version::FIRST,
            status: OrderStatus::Placed,
            times: Times {
                placed_at: at,
                due_at: self.fulfilment.due_at,
                fires_at,
                warn_at,
                promised_at,
                ..Times::default()
            },
            last_change: LastChange {
                from: None,
                to: OrderStatus::Placed,
                what: What::Status,
                at,
                actor: Actor {
                    kind: ActorKind::Customer,
                    id: self.source.channel.as_str().to_owned(),
                },
                reason: None,
            },
            source: self.source,
            fulfilment: self.fulfilment,
            customer: self.customer,
            revision: 0,
            items,
            money,
            unaware: Vec::new(),
            erased: Erased::default(),
            flags: Flags { rush: self.rush, scheduled: fires_at.is_some(), ..Flags::default() },
        }
    }
}
