//! The rules of the domain under whatever happens.

use live_orders::{
    domain::{
        Actor, ActorKind, Busy, Change, Channel, Currency, Customer, FoodOrder, Fulfilment, ItemId,
        ItemStatus, Location, MinorUnits, Modifier, ModifierKind, NewItem, NewOrder, OrderId,
        OrderNumber, OrderStatus, Promise, Promises, Refusal, Service, Source, Station, Thresholds,
        UnixMillis, Version,
        change::{Acknowledged, Action, Due, Edit},
    },
    wire::{EventFacts, EventKind, StreamFilter},
};
use proptest::{collection::vec, option, prelude::*, sample::select, sample::subsequence};

fn label() -> impl Strategy<Value = String> {
    // Whatever survives as a label: any script, blanks inside, signs of a query.
    "[a-z0-9 &=+%;?#/.ü陳]{1,12}"
        .prop_filter("a label has no blanks around it", |it| it.trim() == it)
}

fn modifier() -> impl Strategy<Value = Modifier> {
    (select(ModifierKind::ALL.to_vec()), 1..20_u32, 0..5000_i64).prop_map(
        |(kind, quantity, price)| Modifier {
            kind,
            name: "x".to_owned(),
            quantity,
            unit_price: MinorUnits(price),
        },
    )
}

fn item() -> impl Strategy<Value = NewItem> {
    let station =
        prop_oneof![label().prop_map(|it| Station::parse(&it).expect("a label")), station()];
    let allergens = subsequence(vec!["peanut".to_owned(), "gluten".to_owned()], 0..=2);
    (1..20_u32, 0..5000_i64, vec(modifier(), 0..3), station, allergens).prop_map(
        |(quantity, price, modifiers, station, allergens)| NewItem {
            name: "x".to_owned(),
            quantity,
            unit_price: MinorUnits(price),
            station,
            modifiers,
            allergens,
            note: None,
        },
    )
}

prop_compose! {
    fn order()(
        items in vec(item(), 1..5),
        service in select(Service::ALL.to_vec()),
        (location, channel) in (label(), label()),
        amounts in prop::array::uniform4(0..2000_i64),
        // Often the whole of it, so that voiding a line leaves less than that.
        free in any::<bool>(),
        due_at in option::of(0..10_000_i64),
        id in any::<u128>(),
    ) -> FoodOrder {
        let [tax, tip, fees, discount] = amounts.map(MinorUnits);
        let mut order = NewOrder {
            location: Location::parse(&location).expect("a label"),
            source: Source { channel: Channel::parse(&channel).expect("a label"), external_id: None, accept_by: None, placed_at: None },
            fulfilment: Fulfilment { service, due_at: due_at.map(UnixMillis), ..Fulfilment::default() },
            customer: Customer::default(),
            items,
            currency: Currency::parse("EUR").expect("a currency"),
            tax, tip, fees, discount: MinorUnits(0), rush: false,
        };
        let promise = Promise {
            fires_at: due_at.map(UnixMillis),
            warn_at: Some(UnixMillis(1000)),
            promised_at: due_at.map(UnixMillis),
        };
        let total = order.money().total;
        order.discount = if free { total } else { discount.min(total) };
        order.place(OrderId(uuid::Uuid::from_u128(id)), OrderNumber(101), UnixMillis(1000), promise)
    }
}

fn same() -> Thresholds {
    "6/10".parse().expect("allowed")
}

fn station() -> impl Strategy<Value = Station> {
    select(vec!["grill", "fry"]).prop_map(|name| Station::parse(name).expect("a label"))
}

prop_compose! {
    fn edit()(
        add in vec(item(), 0..3),
        remove in vec((1..6_u32).prop_map(ItemId), 0..2),
        quantities in vec(((1..6_u32).prop_map(ItemId), 1..9_u32), 0..3),
        // Also as far ahead as clocks of tests stand.
        due_at in option::of(prop_oneof![0..9_000_000_i64, 1_790_000_000_000..1_790_009_000_000_i64].prop_map(UnixMillis)),
    ) -> Edit {
        let promises = Promises { pickup: same(), delivery: same(), dine_in: same(), curbside: same() };
        let due = due_at.map(|at| Due { at, promises, busy: Busy::NOT });
        Edit { add, remove, quantities, due }
    }
}

pub(crate) fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => select(OrderStatus::ALL.to_vec()).prop_map(|to| Action::Transition { to, reason: None }),
        1 => (1..6_u32, select(ItemStatus::ALL.to_vec()))
            .prop_map(|(item, status)| Action::Item { item: ItemId(item), status }),
        1 => (vec(station(), 1..3), select(vec![ItemStatus::Todo, ItemStatus::Doing, ItemStatus::Done]))
            .prop_map(|(stations, status)| Action::Stations { stations, status }),
        1 => (any::<Option<bool>>(), any::<Option<bool>>())
            .prop_map(|(rush, held)| Action::Flags { rush, held }),
        1 => Just(Action::Fire),
        1 => edit().prop_map(Action::Edit),
        1 => (
            select(vec![Acknowledged::Cancel, Acknowledged::Change, Acknowledged::Allergens]),
            vec(station(), 0..2),
        )
            .prop_map(|(of, stations)| Action::Acknowledge { of, stations }),
        1 => option::of(Just("silver estate".to_owned())).prop_map(|note| Action::Arrive { note }),
    ]
}

/// Whether something of `order` is made, and nothing is left to make.
fn is_made(order: &FoodOrder) -> bool {
    let is = |it: ItemStatus| order.items.iter().filter(move |line| line.status == it).count();
    is(ItemStatus::Done) > 0 && is(ItemStatus::Todo) + is(ItemStatus::Doing) == 0
}

fn adds_up(order: &FoodOrder) {
    let money = order.money;
    let lines: i64 = order
        .items
        .iter()
        .filter(|item| item.status != ItemStatus::Void)
        .map(|item| {
            let extras: i64 =
                item.modifiers.iter().map(|it| it.unit_price.0 * i64::from(it.quantity)).sum();
            (item.unit_price.0 + extras) * i64::from(item.quantity)
        })
        .sum();
    assert_eq!(money.subtotal.0, lines);
    let sum = lines + money.tax.0 + money.tip.0 + money.fees.0 - money.discount.0;
    assert_eq!(money.total.0, sum.max(0));
    assert!(money.discount.0 >= 0);
}

proptest! {
    #[test]
    fn an_order_keeps_the_rules_whatever_is_tried(
        placed in order(),
        tries in vec((action(), prop::bool::weighted(0.9)), 0..60),
    ) {
        let mut order = placed.clone();
        adds_up(&order);
        for (tick, (action, fresh)) in (2..).zip(tries) {
            let now = UnixMillis(tick * 1000);
            let version = if fresh { order.version } else { order.version.next() };
            let actor = Actor { kind: ActorKind::Staff, id: "test".to_owned() };
            let change = Change { action: action.clone(), expected_version: version, actor };
            let decided = change.decide(&order, now);
            if !fresh {
                prop_assert_eq!(decided, Err(Refusal::StaleVersion { current: order.version }));
                continue;
            }
            let service = order.fulfilment.service;
            let after = match decided {
                Err(Refusal::IllegalTransition { from, to, allowed }) => {
                    prop_assert_eq!(from, order.status);
                    prop_assert!(!allowed.contains(&to));
                    prop_assert_eq!(allowed, order.allowed());
                    continue;
                }
                Err(Refusal::OrderIsClosed { .. }) => {
                    let out = order.status == OrderStatus::OutForDelivery;
                    let kept = matches!(action, Action::Edit(_) | Action::Item { status: ItemStatus::Void, .. });
                    prop_assert!(!order.status.is_open() || (out && kept));
                    continue;
                }
                Err(refusal) => {
                    let item = matches!(
                        (&action, &refusal),
                        (Action::Item { .. } | Action::Edit(_), Refusal::UnknownItem { .. } | Refusal::ItemIsVoid { .. })
                            | (Action::Edit(_), Refusal::NothingLeft | Refusal::TooManyItems)
                            | (Action::Item { .. }, Refusal::NothingLeft)
                            | (Action::Stations { .. }, Refusal::NothingAtStation)
                            | (Action::Arrive { .. }, Refusal::NotCurbside)
                    );
                    prop_assert!(item, "{:?}", refusal);
                    continue;
                }
                Ok(None) => continue,
                Ok(Some(after)) => after,
            };
            prop_assert_eq!(after.version, order.version.next());
            prop_assert_eq!(after.last_change.from, Some(order.status));
            prop_assert_eq!(after.last_change.to, after.status);
            prop_assert_eq!(after.last_change.at, now);
            match action {
                Action::Transition { to, .. } => {
                    // What was made before it was accepted is ready with the answer.
                    let was_made = to == OrderStatus::Accepted && is_made(&order);
                    prop_assert_eq!(after.status, if was_made { OrderStatus::Ready } else { to });
                    prop_assert!(order.status.may_become(to, service));
                    prop_assert_eq!(EventKind::of(&after), EventKind::Became(after.status));
                    prop_assert_eq!(after.flags.recalled, order.status.is_recall(to));
                    if to == OrderStatus::Cancelled && order.is_begun() {
                        prop_assert!(!after.unaware.is_empty(), "whoever makes it must know");
                    }
                }
                // What becomes of its lines may begin the order, make it ready or bring it back.
                Action::Stations { .. } | Action::Edit(_) | Action::Item { .. } => {
                    use OrderStatus::{Accepted, Preparing, Ready};
                    let ways = [(Accepted, Preparing), (Accepted, Ready), (Preparing, Ready), (Ready, Preparing), (Preparing, Accepted)];
                    prop_assert!(after.status == order.status || ways.contains(&(order.status, after.status)));
                }
                Action::Flags { .. } | Action::Fire | Action::Acknowledge { .. } | Action::Arrive { .. } => {
                    prop_assert_eq!(after.status, order.status);
                    prop_assert_eq!(EventKind::of(&after), EventKind::Updated);
                }
            }
            // What is open has something to make, and is ready when all of it is made.
            prop_assert!(after.items.iter().any(|line| line.status != ItemStatus::Void));
            prop_assert!(!is_made(&after) || ![OrderStatus::Accepted, OrderStatus::Preparing].contains(&after.status));
            // What was confirmed is what is there.
            let of_stations = |order: &FoodOrder| -> Vec<(Station, String)> {
                let lines = order.items.iter().filter(|line| line.status != ItemStatus::Void);
                lines.flat_map(|it| it.allergens.iter().map(|name| (it.station.clone(), name.clone()))).collect()
            };
            if order.flags.allergens_seen && after.flags.allergens_seen {
                let known = of_stations(&order);
                prop_assert!(of_stations(&after).iter().all(|it| known.contains(it)));
            }
            prop_assert_eq!(after.was_on_board(), order.is_on_board());
            prop_assert_eq!(after.is_on_board(), after.lane().is_some());
            prop_assert!(after.revision >= order.revision && after.revision <= order.revision + 1);
            prop_assert!(after.items.iter().all(|it| it.quantity_before.is_none()) || after.flags.changed);
            let told = after.flags.changed || after.flags.cancel_unseen;
            prop_assert!(after.unaware.is_empty() || told || !after.status.is_open());
            // A ticket's timers begin once, and an order that is open is not closed.
            prop_assert_eq!(after.times.placed_at, placed.times.placed_at);
            let unbegun = after.status == OrderStatus::Accepted && after.flags.recalled;
            prop_assert!(order.times.preparing_at.is_none() || after.times.preparing_at == order.times.preparing_at || unbegun);
            prop_assert!(order.times.arrived_at.is_none() || after.times.arrived_at == order.times.arrived_at);
            prop_assert!(after.times.arrived_at.is_none() || service == Service::Curbside);
            prop_assert_eq!(after.status.is_open(), after.times.closed_at.is_none());
            let made = matches!(after.status, OrderStatus::Ready | OrderStatus::OutForDelivery | OrderStatus::Completed);
            prop_assert!(!made || after.times.ready_at.is_some());
            adds_up(&after);
            // What is written is read back.
            let json = serde_json::to_string(&after).expect("serialises");
            prop_assert_eq!(&serde_json::from_str::<FoodOrder>(&json).expect("parses"), &after);
            order = after;
        }
        prop_assert!(order.version >= Version::FIRST);
    }
}

prop_compose! {
    fn filter()(
        types in subsequence(EventKind::ALL.to_vec(), 0..4),
        (stations, channels, locations) in (vec(label(), 0..3), vec(label(), 0..3), vec(label(), 0..3)),
        statuses in subsequence(OrderStatus::ALL.to_vec(), 0..5),
        services in subsequence(Service::ALL.to_vec(), 0..3),
        orders in vec(any::<u128>(), 0..3),
    ) -> StreamFilter {
        fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
            let mut list = Vec::new();
            for value in values {
                if !list.contains(&value) {
                    list.push(value);
                }
            }
            list
        }
        StreamFilter {
            types,
            stations: distinct(stations.iter().map(|it| Station::parse(it).expect("a label"))),
            channels: distinct(channels.iter().map(|it| Channel::parse(it).expect("a label"))),
            locations: distinct(locations.iter().map(|it| Location::parse(it).expect("a label"))),
            statuses,
            services,
            orders: distinct(orders.into_iter().map(|it| OrderId(uuid::Uuid::from_u128(it)))),
            ..StreamFilter::default()
        }
    }
}

proptest! {
    #[test]
    fn a_filter_that_is_written_is_read_back(mut filter in filter()) {
        let query = filter.to_query();
        let mut back = StreamFilter::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            prop_assert_eq!(back.add(&name, &value), Ok(true));
        }
        // The order in which values are named does not make another filter.
        filter.types.sort_unstable();
        filter.stations.sort_unstable();
        filter.channels.sort_unstable();
        filter.locations.sort_unstable();
        filter.statuses.sort_unstable();
        filter.services.sort_unstable();
        filter.orders.sort_unstable();
        prop_assert_eq!(back, filter);
    }

    /// Against the rule as it is told: each list has one of its values, or is empty.
    #[test]
    fn a_filter_wants_what_it_says(
        filter in filter(),
        order in order(),
        change in option::of(select(OrderStatus::ALL.to_vec())),
        // Values that are there, so that filters agree often enough.
        hits in prop::array::uniform4(any::<bool>()),
    ) {
        let mut filter = filter;
        let mut order = order;
        if let Some(to) = change {
            let actor = Actor { kind: ActorKind::Staff, id: "test".to_owned() };
            let action = Action::Transition { to, reason: None };
            let change = Change { action, expected_version: order.version, actor };
            if let Ok(Some(after)) = change.decide(&order, UnixMillis(2000)) {
                order = after;
            }
        }
        let [station, channel, location, id] = hits;
        if station { filter.stations.push(order.items[0].station.clone()); }
        if channel { filter.channels.push(order.source.channel.clone()); }
        if location { filter.locations.push(order.location.clone()); }
        if id { filter.orders.push(order.id); }

        let static_facts = [
            filter.stations.is_empty() || order.items.iter().any(|it| filter.stations.contains(&it.station)),
            filter.channels.is_empty() || filter.channels.contains(&order.source.channel),
            filter.locations.is_empty() || filter.locations.contains(&order.location),
            filter.services.is_empty() || filter.services.contains(&order.fulfilment.service),
            filter.orders.is_empty() || filter.orders.contains(&order.id),
        ]
        .into_iter()
        .all(|it| it);
        let stands = filter.statuses.is_empty() || filter.statuses.contains(&order.status);
        let left = order.last_change.from.is_some_and(|from| filter.statuses.contains(&from));
        let kind = filter.types.is_empty() || filter.types.contains(&EventKind::of(&order));
        prop_assert_eq!(filter.shows(&order), static_facts && stands);
        prop_assert_eq!(filter.matches(&EventFacts::of(&order)), static_facts && kind && (stands || left));
    }
}
