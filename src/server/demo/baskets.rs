//! What comes in with an order: who, how, by which channel, and what to eat.

use super::{
    chance::{Chance, minutes},
    menu::{self, Course, Dish},
    people,
};
use crate::domain::{
    Channel, Currency, Customer, Fulfilment, Location, MinorUnits, Modifier, ModifierKind, NewItem,
    NewOrder, Service, Source, Station, UnixMillis,
};

/// Draws orders. One of them lasts as long as the demo, so that no channel
/// gives an id twice.
#[derive(Debug)]
pub(super) struct Baskets {
    chance: Chance,
    location: Location,
    currency: Currency,
    channels: Vec<ChannelIds>,
    sold_out: Vec<&'static str>,
}

/// What shapes an order besides chance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// When it comes in.
    pub(super) at: UnixMillis,
    /// When the kitchen closes; nothing is promised for later.
    pub(super) closes: UnixMillis,
    /// Whether it is time for lunch, when more people eat at a table.
    pub(super) lunch: bool,
    /// What the queue adds to every promise just now, in minutes.
    pub(super) backlog_minutes: f64,
}

/// An order and what is planned for it.
#[derive(Clone, Debug)]
pub(super) struct Basket {
    /// As it is posted.
    pub(super) order: NewOrder,
    /// From when on the kitchen makes it, when that is not at once.
    pub(super) fire_at: Option<UnixMillis>,
}

/// The ids that one channel gives its orders.
#[derive(Debug)]
struct ChannelIds {
    channel: Channel,
    style: IdStyle,
    last: u64,
}

#[derive(Clone, Copy, Debug)]
enum IdStyle {
    Web,
    Pos,
    Kiosk,
    /// Orders by telephone have no id but ours.
    None,
    /// Five hexadecimal digits.
    Short,
    /// Eight digits.
    Long,
}

/// A share of all orders by service.
const SERVICES: [(Service, f64); 4] = [
    (Service::Pickup, 36.0),
    (Service::Delivery, 40.0),
    (Service::DineIn, 20.0),
    (Service::Curbside, 4.0),
];

/// Lines an order has, and how often.
const LINES: [(u32, f64); 5] = [(1, 7.0), (2, 55.0), (3, 26.0), (4, 7.0), (5, 5.0)];

/// How orders are promised: in steps of this many minutes.
const PROMISE_STEP: f64 = 5.0;

impl Baskets {
    /// A source of orders for this place.
    pub(super) fn new(seed: u64, location: Location, currency: Currency) -> Self {
        let mut chance = Chance::new(seed, 2);
        let channels = [
            ("web", IdStyle::Web, 48_000),
            ("pos", IdStyle::Pos, 0),
            ("kiosk", IdStyle::Kiosk, 10),
            ("phone", IdStyle::None, 0),
            ("aggregator-a", IdStyle::Short, 0x000A_3000),
            ("aggregator-b", IdStyle::Long, 20_400_000),
        ]
        .into_iter()
        .filter_map(|(name, style, first)| {
            let channel = Channel::parse(name).ok()?;
            Some(ChannelIds { channel, style, last: first + u64::from(chance.whole(0, 900)) })
        })
        .collect();
        Self { chance, location, currency, channels, sold_out: Vec::new() }
    }

    /// Another source of orders of the same kind, to look at without using up this one.
    pub(super) fn sample(&self, seed: u64) -> Self {
        Self::new(seed ^ 1, self.location.clone(), self.currency)
    }

    /// Takes a dish off the menu until [`restock`](Self::restock).
    pub(super) fn sell_out(&mut self, dish: &'static str) {
        self.sold_out.push(dish);
    }

    /// Puts everything back on the menu.
    pub(super) fn restock(&mut self) {
        self.sold_out.clear();
    }

    /// The next order; none when nothing is left to sell.
    pub(super) fn next(&mut self, moment: Moment) -> Option<Basket> {
        let service = self.service(moment.lunch);
        let channel = self.channel_of(service);
        let catering = self.chance.yes(0.015);
        let mut items = self.lines();
        let first = items.first_mut()?;
        if catering {
            first.quantity = self.chance.whole(10, 35);
        }
        if self.chance.yes(0.03) {
            self.warn_of_allergy(&mut items);
        }
        let promise = self.promise(&items, service, moment.backlog_minutes);
        let fire_at = self.scheduled(catering, promise, moment);
        let due_at = fire_at.unwrap_or(moment.at).plus(promise);
        let source = self.source(channel)?;
        let mut order = NewOrder {
            location: self.location.clone(),
            fulfilment: self.fulfilment(service, due_at),
            customer: self.customer(service, source.channel.as_str()),
            source,
            items,
            currency: self.currency,
            tax: MinorUnits(0),
            tip: MinorUnits(0),
            fees: MinorUnits(0),
            discount: MinorUnits(0),
            rush: fire_at.is_none() && self.chance.yes(0.015),
        };
        self.charge(&mut order);
        Some(Basket { order, fire_at })
    }

    /// The same order once more, as when somebody pressed the button twice.
    pub(super) fn repeat(&mut self, order: &NewOrder) -> Option<NewOrder> {
        let source = self.source(order.source.channel.as_str())?;
        Some(NewOrder { source, ..order.clone() })
    }

    fn service(&mut self, lunch: bool) -> Service {
        let weights = SERVICES.into_iter().map(|(service, weight)| {
            (service, if lunch && service == Service::DineIn { weight * 1.8 } else { weight })
        });
        self.chance.weighted(weights).unwrap_or_default()
    }

    fn channel_of(&mut self, service: Service) -> &'static str {
        let weights: &[(&str, f64)] = match service {
            Service::Delivery => {
                &[("web", 30.0), ("phone", 8.0), ("aggregator-a", 37.0), ("aggregator-b", 25.0)]
            }
            Service::Pickup => &[
                ("web", 36.0),
                ("kiosk", 20.0),
                ("pos", 20.0),
                ("phone", 14.0),
                ("aggregator-a", 10.0),
            ],
            Service::DineIn => &[("pos", 78.0), ("kiosk", 22.0)],
            Service::Curbside => &[("web", 85.0), ("phone", 15.0)],
        };
        self.chance.weighted(weights.iter().copied()).unwrap_or("web")
    }

    fn source(&mut self, channel: &str) -> Option<Source> {
        let step = u64::from(self.chance.whole(1, 4));
        let ids = self.channels.iter_mut().find(|ids| ids.channel.as_str() == channel)?;
        Some(Source {
            channel: ids.channel.clone(),
            external_id: ids.next(step),
            accept_by: None,
            placed_at: None,
        })
    }

    fn lines(&mut self) -> Vec<NewItem> {
        let mut count = self.chance.weighted(LINES.into_iter()).unwrap_or(2);
        while (5..9).contains(&count) && self.chance.yes(0.35) {
            count += 1;
        }
        let mut dishes: Vec<&'static Dish> = Vec::new();
        for line in 0..count {
            let course = if line == 0 && self.chance.yes(0.93) {
                Some(Course::Main)
            } else if line > 0 && self.chance.yes(0.55) {
                Some(if self.chance.yes(0.5) { Course::Side } else { Course::Drink })
            } else {
                None
            };
            let choices = menu::by_popularity().filter(|(dish, _)| {
                course.is_none_or(|course| dish.course == course)
                    && !self.sold_out.contains(&dish.name)
                    && !dishes.iter().any(|other| other.name == dish.name)
            });
            // The borrow of `sold_out` ends here, before the draw.
            let choices: Vec<(&'static Dish, f64)> = choices.collect();
            if let Some(dish) = self.chance.weighted(choices.into_iter()) {
                dishes.push(dish);
            }
        }
        dishes.into_iter().filter_map(|dish| self.line(dish)).collect()
    }

    fn line(&mut self, dish: &'static Dish) -> Option<NewItem> {
        let quantity = match () {
            () if !self.chance.yes(0.06) => 1,
            () if self.chance.yes(0.8) => 2,
            () => self.chance.whole(3, 5),
        };
        let modifiers = if self.chance.yes(0.65) { self.modifiers(dish) } else { Vec::new() };
        let note = if self.chance.yes(0.06) {
            self.chance.pick(dish.options.notes).map(|note| (*note).to_owned())
        } else {
            None
        };
        Some(NewItem {
            name: dish.name.to_owned(),
            quantity,
            unit_price: MinorUnits(dish.price),
            station: Station::parse(dish.station).ok()?,
            modifiers,
            allergens: Vec::new(),
            note,
        })
    }

    fn modifiers(&mut self, dish: &Dish) -> Vec<Modifier> {
        let count =
            self.chance.weighted([(1, 55.0), (2, 30.0), (3, 15.0)].into_iter()).unwrap_or(1);
        let mut modifiers: Vec<Modifier> = Vec::new();
        for _ in 0..count {
            let kinds = [
                (ModifierKind::No, 45.0),
                (ModifierKind::Add, 30.0),
                (ModifierKind::Extra, 15.0),
                (ModifierKind::Sub, 10.0),
            ];
            let kind = self.chance.weighted(kinds.into_iter()).unwrap_or(ModifierKind::No);
            let options = dish.options;
            let choice = match kind {
                ModifierKind::No => self.chance.pick(options.no).map(|name| (*name, 0)),
                ModifierKind::Add => self.chance.pick(options.add).copied(),
                ModifierKind::Extra => self.chance.pick(options.extra).copied(),
                ModifierKind::Sub => self.chance.pick(options.sub).copied(),
            };
            let Some((name, price)) = choice else { continue };
            // Nobody leaves out what they also want more of.
            let is_same = |other: &Modifier| {
                // No cream goes with no whipped cream either.
                let is_no = kind == ModifierKind::No || other.kind == ModifierKind::No;
                other.name == name
                    || is_no && (other.name.contains(name) || name.contains(&other.name))
            };
            if modifiers.iter().any(is_same) {
                continue;
            }
            let quantity = if kind == ModifierKind::Add && self.chance.yes(0.08) { 2 } else { 1 };
            modifiers.push(Modifier {
                kind,
                name: name.to_owned(),
                quantity,
                unit_price: MinorUnits(price),
            });
        }
        modifiers
    }

    fn warn_of_allergy(&mut self, items: &mut [NewItem]) {
        let Some(first) = self.chance.pick(people::ALLERGENS) else { return };
        let second = if self.chance.yes(0.25) { self.chance.pick(people::ALLERGENS) } else { None };
        let mut allergens = vec![(*first).to_owned()];
        allergens.extend(second.filter(|other| *other != first).map(|other| (*other).to_owned()));
        for item in items.iter_mut().filter(|item| item.station.as_str() != "bar") {
            item.allergens.clone_from(&allergens);
        }
    }

    /// How long the customer is told that it takes, in milliseconds.
    fn promise(&mut self, items: &[NewItem], service: Service, backlog_minutes: f64) -> i64 {
        let longest =
            items.iter().map(|item| making_minutes(&item.name, item.quantity)).fold(0.0, f64::max);
        // What is told is what the slowest dish usually takes with everything
        // around it, some minutes to spare, and more for a full kitchen.
        let around = match service {
            Service::Pickup | Service::Curbside => 7.6,
            Service::DineIn => 8.1,
            Service::Delivery => 8.6,
        };
        let quoted = around + 1.3 * longest + backlog_minutes;
        // A quote is rounded up as often as it is rounded down.
        let steps = (quoted / PROMISE_STEP + self.chance.between(-0.2, 0.2)).round();
        minutes(PROMISE_STEP * steps.max(2.0))
    }

    /// From when on an order for later is made; none for one that is wanted now.
    fn scheduled(&mut self, catering: bool, promise: i64, moment: Moment) -> Option<UnixMillis> {
        let ahead = if catering {
            self.chance.between(120.0, 300.0)
        } else if self.chance.yes(0.08) {
            self.chance.between(15.0, 45.0)
        } else {
            return None;
        };
        let quarter = minutes(15.0);
        let wanted = moment.at.plus(minutes(ahead) + promise);
        let due_at = UnixMillis(wanted.0 - wanted.0.rem_euclid(quarter));
        let fire_at = due_at.plus(-promise);
        (due_at < moment.closes && fire_at > moment.at).then_some(fire_at)
    }

    fn fulfilment(&mut self, service: Service, due_at: UnixMillis) -> Fulfilment {
        let mut fulfilment = Fulfilment { service, due_at: Some(due_at), ..Fulfilment::default() };
        match service {
            Service::Pickup => {}
            Service::Delivery => {
                let street = self.chance.pick(people::STREETS).copied().unwrap_or_default();
                fulfilment.address = Some(format!("{street} {}", self.chance.whole(1, 180)));
                if self.chance.yes(0.35) {
                    fulfilment.instructions =
                        self.chance.pick(people::COURIER_NOTES).map(|note| (*note).to_owned());
                }
            }
            Service::DineIn => {
                let table = self.chance.whole(1, 28);
                fulfilment.table = Some(if table > 24 {
                    format!("Terrace {}", table - 24)
                } else {
                    table.to_string()
                });
            }
            Service::Curbside => {
                fulfilment.instructions =
                    self.chance.pick(people::CAR_NOTES).map(|note| (*note).to_owned());
            }
        }
        fulfilment
    }

    fn customer(&mut self, service: Service, channel: &str) -> Customer {
        // At the counter and at a table hardly anybody is asked.
        let asked = match (service, channel) {
            (Service::DineIn, _) => 0.1,
            (_, "pos" | "kiosk") => 0.6,
            _ => 1.0,
        };
        let name = if self.chance.yes(asked) {
            self.chance.pick(people::NAMES).copied().unwrap_or_default()
        } else {
            ""
        };
        let reachable = matches!(channel, "web" | "phone") || service == Service::Delivery;
        let phone = (reachable && !name.is_empty() && self.chance.yes(0.9))
            .then(|| format!("555-01{:02}", self.chance.whole(0, 99)));
        Customer { name: name.to_owned(), phone }
    }

    fn charge(&mut self, order: &mut NewOrder) {
        let subtotal: i64 = order
            .items
            .iter()
            .map(|item| {
                let modifiers: MinorUnits = item
                    .modifiers
                    .iter()
                    .map(|modifier| modifier.unit_price.times(modifier.quantity))
                    .sum();
                (item.unit_price + modifiers).times(item.quantity).0
            })
            .sum();
        let service = order.fulfilment.service;
        if service == Service::Delivery {
            let fee = self.chance.pick(&[199, 249, 299, 399]).copied().unwrap_or(249);
            order.fees = MinorUnits(if subtotal > 4000 { 0 } else { fee });
        }
        if matches!(service, Service::Delivery | Service::DineIn) && self.chance.yes(0.4) {
            let share = i64::from(self.chance.whole(8, 18));
            // People leave round sums.
            order.tip = MinorUnits((subtotal * share / 100 + 25) / 50 * 50);
        }
        if order.source.channel.as_str() == "web" && self.chance.yes(0.08) {
            order.discount = MinorUnits(subtotal / 10);
        }
        // Where prices are shown without tax.
        if matches!(self.currency.as_str(), "USD" | "CAD") {
            order.tax = MinorUnits((subtotal - order.discount.0) * 825 / 10_000);
        }
    }
}

impl ChannelIds {
    fn next(&mut self, step: u64) -> Option<String> {
        self.last += step;
        let last = self.last;
        match self.style {
            IdStyle::Web => Some(format!("W-{last}")),
            IdStyle::Pos => Some(format!("{last:04}")),
            IdStyle::Kiosk => Some(format!("K-{last}")),
            IdStyle::None => None,
            // Factors without a divisor in common with the range: the ids look
            // random and none comes twice before all have come.
            IdStyle::Short => Some(format!("{:05X}", (last * 611_957) % 0x0010_0000)),
            IdStyle::Long => Some(format!("{:08}", (last * 15_485_863) % 100_000_000)),
        }
    }
}

/// Median minutes to make `quantity` of what is called `name`, once there is
/// room at its station.
pub(super) fn making_minutes(name: &str, quantity: u32) -> f64 {
    // What the menu does not know is taken as a dish like any other.
    let one = menu::find(name).map_or(5.0, |dish| dish.minutes);
    // Made together, up to what fits side by side.
    one * (1.0 + 0.2 * f64::from(quantity.saturating_sub(1))).min(2.5)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::limits;

    const AT: UnixMillis = UnixMillis(1_780_574_400_000);

    fn orders(seed: u64, count: usize) -> Vec<Basket> {
        let location = Location::parse("main").expect("valid");
        let currency = Currency::parse("EUR").expect("valid");
        let mut baskets = Baskets::new(seed, location, currency);
        let moment =
            Moment { at: AT, closes: AT.plus(8 * 3_600_000), lunch: false, backlog_minutes: 2.0 };
        (0..count).map(|_| baskets.next(moment).expect("something to sell")).collect()
    }

    fn share(part: usize, whole: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let share = part as f64 / whole as f64;
        share
    }

    #[test]
    fn every_order_keeps_within_the_limits() {
        for basket in orders(3, 4000) {
            let order = basket.order;
            assert!((1..=limits::ITEMS).contains(&order.items.len()));
            for item in &order.items {
                assert!((1..=limits::QUANTITY).contains(&item.quantity));
                assert!(item.name.chars().count() <= limits::ITEM_NAME);
                assert!(item.modifiers.len() <= limits::MODIFIERS);
                assert!(item.allergens.len() <= limits::ALLERGENS);
                assert!((0..=limits::AMOUNT).contains(&item.unit_price.0));
                assert!(item.note.as_deref().unwrap_or_default().chars().count() <= limits::NOTE);
                assert_eq!(crate::domain::text::clean(&item.name), item.name);
            }
            assert!(order.customer.name.chars().count() <= limits::CUSTOMER_NAME);
            for amount in [order.tax, order.tip, order.fees, order.discount] {
                assert!((0..=limits::AMOUNT).contains(&amount.0));
            }
            let due_at = order.fulfilment.due_at.expect("every order is promised");
            assert!(due_at > AT && due_at.since(AT) < limits::DUE_AHEAD_MILLIS);
            assert!(serde_json::to_vec(&order).expect("serialises").len() < limits::BODY_BYTES);
        }
    }

    #[test]
    fn no_channel_gives_an_id_twice() {
        let mut seen = HashSet::new();
        for basket in orders(5, 20_000) {
            let Source { channel, external_id, .. } = basket.order.source;
            if let Some(external_id) = external_id {
                assert!(seen.insert((channel, external_id.clone())), "{external_id}");
            }
        }
    }

    #[test]
    fn orders_are_shaped_as_measured() {
        let drawn = orders(11, 6000);
        let count = drawn.len();
        let lines: Vec<usize> = drawn.iter().map(|basket| basket.order.items.len()).collect();
        let with =
            |wanted: usize| share(lines.iter().filter(|lines| **lines == wanted).count(), count);
        assert!((0.05..0.09).contains(&with(1)), "{}", with(1));
        assert!((0.51..0.59).contains(&with(2)), "{}", with(2));
        assert!((0.23..0.29).contains(&with(3)), "{}", with(3));

        let items: Vec<&NewItem> = drawn.iter().flat_map(|basket| &basket.order.items).collect();
        let of_items = |test: &dyn Fn(&NewItem) -> bool| {
            share(items.iter().filter(|item| test(item)).count(), items.len())
        };
        let modified = of_items(&|item| !item.modifiers.is_empty());
        assert!((0.58..0.70).contains(&modified), "{modified}");
        let several = of_items(&|item| item.quantity > 1);
        assert!((0.045..0.085).contains(&several), "{several}");
        let noted = of_items(&|item| item.note.is_some());
        assert!((0.04..0.08).contains(&noted), "{noted}");

        let of_orders = |test: &dyn Fn(&Basket) -> bool| {
            share(drawn.iter().filter(|basket| test(basket)).count(), count)
        };
        let delivered = of_orders(&|basket| basket.order.fulfilment.service == Service::Delivery);
        assert!((0.36..0.44).contains(&delivered), "{delivered}");
        let later = of_orders(&|basket| basket.fire_at.is_some());
        assert!((0.06..0.11).contains(&later), "{later}");
        let allergic =
            of_orders(&|basket| !basket.order.items.iter().all(|item| item.allergens.is_empty()));
        assert!((0.02..0.04).contains(&allergic), "{allergic}");

        // The ten best sellers make the bulk of what is sold.
        let mut sold: Vec<usize> = menu::MENU
            .iter()
            .map(|dish| items.iter().filter(|item| item.name == dish.name).count())
            .collect();
        sold.sort_unstable_by(|one, other| other.cmp(one));
        let best = share(sold.iter().take(10).sum(), items.len());
        assert!((0.55..0.80).contains(&best), "{best}");
    }

    #[test]
    fn the_menu_is_served_from_six_stations() {
        let stations: HashSet<&str> = menu::MENU.iter().map(|dish| dish.station).collect();
        assert_eq!(stations, HashSet::from(menu::STATIONS));
        assert!((35..=50).contains(&menu::MENU.len()));
    }

    #[test]
    fn what_is_sold_out_is_not_ordered() {
        let location = Location::parse("main").expect("valid");
        let mut baskets = Baskets::new(1, location, Currency::parse("EUR").expect("valid"));
        let moment = Moment { at: AT, closes: AT, lunch: true, backlog_minutes: 0.0 };
        baskets.sell_out("Cheeseburger");
        let ordered = |baskets: &mut Baskets| {
            (0..300).any(|_| {
                let basket = baskets.next(moment).expect("something to sell");
                basket.order.items.iter().any(|item| item.name == "Cheeseburger")
            })
        };
        assert!(!ordered(&mut baskets));
        baskets.restock();
        assert!(ordered(&mut baskets));
    }
}
