//! How much of everything the kitchen still has to make: pure.

use crate::domain::{FoodOrder, ItemStatus, Lane, Station};

/// What is still to be made of one item at one station.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// Whether `order` is with the kitchen.
fn is_to_be_made(order: &FoodOrder) -> bool {
    order.status.is_open()
        && !order.flags.scheduled
        && matches!(order.lane(), Some(Lane::New | Lane::Preparing))
}

/// What of `order` is still to be made at one of `stations`, or anywhere when
/// there are none.
fn to_make<'a>(
    order: &'a FoodOrder,
    stations: &'a [Station],
) -> impl Iterator<Item = (&'a Station, &'a str, u32)> {
    let made = !is_to_be_made(order);
    let items = order.items.iter().filter(move |item| {
        !made
            && matches!(item.status, ItemStatus::Todo | ItemStatus::Doing)
            && (stations.is_empty() || stations.contains(&item.station))
    });
    items.map(|item| (&item.station, item.name.as_str(), item.quantity))
}

/// Whether `order` still needs the item `name`.
#[must_use]
pub fn needs(order: &FoodOrder, stations: &[Station], name: &str) -> bool {
    to_make(order, stations).any(|(_, other, _)| other == name)
}

/// Adds `order` to `totals`.
pub fn add(totals: &mut Vec<Total>, order: &FoodOrder, stations: &[Station]) {
    let mut counted: Vec<(&Station, &str)> = Vec::new();
    for (station, name, quantity) in to_make(order, stations) {
        let first = !counted.contains(&(station, name));
        if first {
            counted.push((station, name));
        }
        let same = |total: &&mut Total| total.station == *station && total.name == name;
        if let Some(total) = totals.iter_mut().find(same) {
            total.quantity += quantity;
            total.orders += u32::from(first);
        } else {
            let (station, name) = (station.clone(), name.to_owned());
            totals.push(Total { station, name, quantity, orders: 1 });
        }
    }
}

/// Puts them by station, and there what is needed most first.
pub fn sort(totals: &mut [Total]) {
    totals.sort_by(|one, other| {
        (&one.station, other.quantity, &one.name).cmp(&(&other.station, one.quantity, &other.name))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        OrderStatus,
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
        sort(&mut totals);
        let row = |it: Total| (it.station.to_string(), it.name, it.quantity, it.orders);
        totals.into_iter().map(row).collect()
    }

    fn row(station: &str, name: &str, quantity: u32, orders: u32) -> (String, String, u32, u32) {
        (station.to_owned(), name.to_owned(), quantity, orders)
    }

    #[test]
    fn items_add_up_by_station_and_the_most_comes_first() {
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
                row("grill", "Steak", 9, 1),
                row("grill", "Burger", 4, 2),
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
        order.flags.scheduled = true;
        assert_eq!(totals(&[order], &[]), []);
    }
}
