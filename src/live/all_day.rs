//! How much of everything the kitchen still has to make: pure.

use crate::domain::{FoodOrder, ItemStatus, Lane, OrderItem, Station};

/// What is still to be made of one item at one station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// Where it is made.
    pub station: Station,
    /// What it is called.
    pub name: String,
    /// How many of it.
    pub quantity: u32,
    /// In how many orders.
    pub orders: u32,
}

/// Whether `order` is with the kitchen, and is to be made.
fn is_to_be_made(order: &FoodOrder) -> bool {
    order.status.is_open()
        && !order.flags.scheduled
        && !order.is_test()
        && matches!(order.lane(), Some(Lane::New | Lane::Preparing))
}

/// Whether `item` is still to be made at one of `stations`, or anywhere when
/// there are none.
fn is_missing(item: &OrderItem, stations: &[Station]) -> bool {
    matches!(item.status, ItemStatus::Todo | ItemStatus::Doing)
        && (stations.is_empty() || stations.contains(&item.station))
}

/// Whether `order` still needs the item `name`.
#[must_use]
pub fn needs(order: &FoodOrder, stations: &[Station], name: &str) -> bool {
    is_to_be_made(order)
        && order.items.iter().any(|item| item.name == name && is_missing(item, stations))
}

/// Adds `order` to `totals`, which stay sorted by station and name.
pub fn add(totals: &mut Vec<Total>, order: &FoodOrder, stations: &[Station]) {
    if !is_to_be_made(order) {
        return;
    }
    for (line, item) in order.items.iter().enumerate() {
        if !is_missing(item, stations) {
            continue;
        }
        let same = |other: &&OrderItem| {
            other.station == item.station && other.name == item.name && is_missing(other, stations)
        };
        let first = !order.items.iter().take(line).any(|other| same(&other));
        let place = totals
            .partition_point(|total| (&total.station, &total.name) < (&item.station, &item.name));
        match totals.get_mut(place) {
            Some(total) if total.station == item.station && total.name == item.name => {
                total.quantity += item.quantity;
                total.orders += u32::from(first);
            }
            _ => {
                let (station, name) = (item.station.clone(), item.name.clone());
                totals.insert(place, Total { station, name, quantity: item.quantity, orders: 1 });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Channel, OrderStatus,
        order::TEST_CHANNEL,
        testing::{item, order_of},
    };

    fn station(name: &str) -> Station {
        Station::parse(name).expect("valid")
    }

    fn totals(orders: &[FoodOrder], stations: &[Station]) -> Vec<(String, String, u32, u32)> {
        let mut totals = Vec::new();
        for order in orders {
            add(&mut totals, order, stations);
        }
        let row = |it: Total| (it.station.to_string(), it.name, it.quantity, it.orders);
        totals.into_iter().map(row).collect()
    }

    fn row(station: &str, name: &str, quantity: u32, orders: u32) -> (String, String, u32, u32) {
        (station.to_owned(), name.to_owned(), quantity, orders)
    }

    #[test]
    fn items_add_up_by_station() {
        let orders = [
            order_of(1, vec![item("grill", "Burger", 2), item("fry", "Fries", 1)]),
            order_of(2, vec![item("grill", "Burger", 1), item("grill", "Burger", 1)]),
            order_of(3, vec![item("grill", "Steak", 9), item("bar", "Burger", 1)]),
        ];
        assert_eq!(
            totals(&orders, &[]),
            [
                row("bar", "Burger", 1, 1),
                row("fry", "Fries", 1, 1),
                row("grill", "Burger", 4, 2),
                row("grill", "Steak", 9, 1),
            ]
        );
        assert_eq!(totals(&orders, &[station("fry")]), [row("fry", "Fries", 1, 1)]);
    }

    #[test]
    fn only_what_is_still_to_be_made_counts() {
        let mut order = order_of(
            1,
            vec![item("grill", "Burger", 2), item("grill", "Steak", 1), item("grill", "Soup", 1)],
        );
        order.items[0].status = ItemStatus::Done;
        order.items[1].status = ItemStatus::Void;
        order.items[2].status = ItemStatus::Doing;
        assert_eq!(totals(&[order.clone()], &[]), [row("grill", "Soup", 1, 1)]);
        assert!(needs(&order, &[], "Soup"));
        assert!(!needs(&order, &[], "Burger"));
        assert!(!needs(&order, &[station("bar")], "Soup"));
        for status in [OrderStatus::Ready, OrderStatus::Cancelled] {
            let gone = FoodOrder { status, ..order.clone() };
            assert_eq!(totals(&[gone], &[]), []);
        }
        let mut test = order.clone();
        test.source.channel = Channel::parse(TEST_CHANNEL).expect("valid");
        assert_eq!(totals(&[test], &[]), []);
        order.flags.scheduled = true;
        assert_eq!(totals(&[order], &[]), []);
    }
}
