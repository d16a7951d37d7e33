//! The order that every peer of a comparison carries, and how it is known
//! again among everything else that a peer sends.

use live_orders::domain::{
    Channel, Currency, Customer, Fulfilment, Location, MinorUnits, NewItem, NewOrder, OrderId,
    Source, Station,
};
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
    /// The order of the event `number`, which is about `order`. No two orders
    /// are alike: text that repeats itself would flatter whoever compresses it.
    pub(crate) fn new(number: u32, order: u32) -> Self {
        let mut chance = Chance::of(order);
        let mut total = 0;
        let items = (0..=chance.below(4))
            .map(|_| {
                let dish = Dish::any(&mut chance);
                let quantity = 1 + chance.below(3);
                total += quantity * dish.price;
                Line {
                    name: dish.name.to_owned(),
                    quantity,
                    station: dish.station.to_owned(),
                    modifiers: dish.modifiers.iter().map(ToString::to_string).collect(),
                    note: dish.note.map(str::to_owned),
                }
            })
            .collect();
        Self {
            id: order_id(order),
            number: 101 + order % 899,
            version: 2 + chance.below(6),
            status: "preparing",
            channel: chance.one_of(&CHANNELS).to_owned(),
            service: chance.one_of(&SERVICES).to_owned(),
            customer: customer(&mut chance),
            items,
            total,
            placed_at: 1_760_000_000_000 + u64::from(order) * 7_919 + u64::from(chance.below(7000)),
            reason: format!("{}{number:0DIGITS$}", char::from(MARK)),
        }
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        // It has no map and no float: nothing in it can fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The body of a request that places an order; each `number` has one of its own.
pub(crate) fn request(number: u32) -> String {
    let mut chance = Chance::of(number);
    let items: Vec<_> = (0..=chance.below(4))
        .map(|_| {
            let dish = Dish::any(&mut chance);
            let modifiers: Vec<_> = dish
                .modifiers
                .iter()
                .map(|name| serde_json::json!({ "kind": "no", "name": name }))
                .collect();
            let mut item = serde_json::json!({
                "name": dish.name,
                "quantity": 1 + chance.below(3),
                "unit_price": dish.price,
                "station": dish.station,
                "modifiers": modifiers,
            });
            if let Some(note) = dish.note {
                item["note"] = note.into();
            }
            item
        })
        .collect();
    serde_json::json!({
        "source": { "channel": chance.one_of(&CHANNELS) },
        "customer": { "name": customer(&mut chance) },
        "items": items,
    })
    .to_string()
}

/// An order of two lines, for where it is not the text that counts.
pub(crate) fn new_order() -> anyhow::Result<NewOrder> {
    let label = anyhow::Error::msg;
    let item = |name: &str, station: &str| -> anyhow::Result<NewItem> {
        Ok(NewItem {
            name: name.to_owned(),
            quantity: 2,
            unit_price: MinorUnits(950),
            station: Station::parse(station).map_err(label)?,
            modifiers: Vec::new(),
            allergens: Vec::new(),
            note: None,
        })
    };
    Ok(NewOrder {
        location: Location::parse("main").map_err(label)?,
        source: Source {
            channel: Channel::parse("web").map_err(label)?,
            external_id: None,
            accept_by: None,
            placed_at: None,
        },
        fulfilment: Fulfilment::default(),
        customer: Customer { name: "Ana K".to_owned(), phone: None },
        items: vec![item("Cheeseburger", "grill")?, item("Fries", "fry")?],
        currency: Currency::parse("EUR").map_err(label)?,
        tax: MinorUnits(0),
        tip: MinorUnits(0),
        fees: MinorUnits(0),
        discount: MinorUnits(0),
        rush: false,
    })
}

const CHANNELS: [&str; 4] = ["web", "kiosk", "phone", "app"];
const SERVICES: [&str; 4] = ["pickup", "delivery", "dine_in", "curbside"];
const FIRST_NAMES: [&str; 32] = [
    "Ana", "Bela", "Chidi", "Dmitri", "Elif", "Farid", "Greta", "Hana", "Ines", "Jonas", "Kofi",
    "Lena", "Mateo", "Nadia", "Omar", "Priya", "Quentin", "Rosa", "Sven", "Tomoko", "Ulla",
    "Viktor", "Wanda", "Ximena", "Yusuf", "Zofia", "Amara", "Bruno", "Carla", "Diego", "Esther",
    "Felix",
];
/// What the kitchen makes, where, and for how much.
const DISHES: [(&str, &str, u32); 32] = [
    ("Cheeseburger", "grill", 950),
    ("Double cheeseburger", "grill", 1250),
    ("Grilled chicken sandwich", "grill", 1090),
    ("Ribeye", "grill", 2690),
    ("Halloumi burger", "grill", 1020),
    ("Lamb skewer", "grill", 1340),
    ("Fries", "fry", 390),
    ("Sweet potato fries", "fry", 470),
    ("Onion rings", "fry", 430),
    ("Chicken wings, 6", "fry", 720),
    ("Chicken wings, 12", "fry", 1290),
    ("Fish and chips", "fry", 1380),
    ("Calamari", "fry", 890),
    ("Caesar salad", "cold", 980),
    ("Greek salad", "cold", 920),
    ("Tomato soup", "cold", 640),
    ("Coleslaw", "cold", 340),
    ("Bruschetta", "cold", 590),
    ("Tuna tartare", "cold", 1460),
    ("Margherita", "oven", 990),
    ("Pizza diavola", "oven", 1240),
    ("Pizza with four cheeses", "oven", 1280),
    ("Lasagne", "oven", 1190),
    ("Baked aubergine", "oven", 1080),
    ("Lemonade", "bar", 420),
    ("Iced tea", "bar", 390),
    ("Espresso", "bar", 240),
    ("Sparkling water", "bar", 310),
    ("Draught lager", "bar", 480),
    ("Chocolate cake", "pastry", 560),
    ("Tiramisu", "pastry", 610),
    ("Apple crumble", "pastry", 540),
];
const MODIFIERS: [&str; 16] = [
    "onion",
    "pickles",
    "extra cheese",
    "bacon",
    "well done",
    "medium rare",
    "extra salt",
    "garlic mayo",
    "ice",
    "oat milk",
    "gluten-free bun",
    "chilli",
    "coriander",
    "dressing on the side",
    "half portion",
    "extra napkins",
];
const NOTES: [&str; 12] = [
    "cut in half",
    "allergic to sesame",
    "sauce in a small cup, please",
    "as hot as it gets",
    "for a child",
    "goes out first",
    "birthday, candle on top",
    "no cutlery",
    "pack it apart from the rest",
    "not too crisp",
    "with the starters",
    "ring twice, the bell is broken",
];

/// A line of an order, before anybody has written it down.
struct Dish {
    name: &'static str,
    station: &'static str,
    price: u32,
    modifiers: Vec<&'static str>,
    note: Option<&'static str>,
}

impl Dish {
    fn any(chance: &mut Chance) -> Self {
        let (name, station, price) = chance.one_of(&DISHES);
        let modifiers = (0..chance.below(3)).map(|_| chance.one_of(&MODIFIERS)).collect();
        let note = (chance.below(4) == 0).then(|| chance.one_of(&NOTES));
        Self { name, station, price, modifiers, note }
    }
}

fn customer(chance: &mut Chance) -> String {
    let initial = char::from(b'A' + u8::try_from(chance.below(26)).unwrap_or_default());
    format!("{} {initial}", chance.one_of(&FIRST_NAMES))
}

/// What chance has in store for one number: in every process the same
/// (the mixing function of `SplitMix64`).
struct Chance(u64);

impl Chance {
    fn of(number: u32) -> Self {
        Self(u64::from(number) << 32)
    }

    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        u32::try_from(mixed % u64::from(end.max(1))).unwrap_or_default()
    }

    fn one_of<T: Copy, const N: usize>(&mut self, all: &[T; N]) -> T {
        let index = self.below(u32::try_from(N).unwrap_or(u32::MAX));
        all[usize::try_from(index).unwrap_or_default() % N]
    }
}

/// The id of the order `order`, the same in every process.
pub(crate) fn order_id(order: u32) -> OrderId {
    OrderId(Uuid::from_u128(0x0197_f2a0_6c1e_7d3a_9f10_0000_0000_0000 | u128::from(order)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_order_is_of_everyday_size_and_marked_once() {
        let mut bytes = 0;
        for number in 0..1000 {
            let json = Ticket::new(number, number % OPEN_ORDERS).json();
            assert!((250..=900).contains(&json.len()), "{}", json.len());
            assert_eq!(json.iter().filter(|byte| **byte == MARK).count(), 1);
            assert!(json.ends_with(format!("~{number:08}\"}}").as_bytes()));
            bytes += json.len();
        }
        assert!((400_000..=560_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn no_two_orders_are_alike() {
        let texts: HashSet<String> = (0..OPEN_ORDERS)
            .map(|order| {
                let ticket = Ticket::new(0, order);
                serde_json::to_string(&(ticket.customer, ticket.items)).expect("JSON")
            })
            .collect();
        assert!(texts.len() > 490, "{}", texts.len());
        assert_ne!(request(1), request(2));
        assert_eq!(request(1), request(1));
    }
}
