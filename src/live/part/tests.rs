use super::*;
use crate::{
    domain::{
        Actor, ActorKind, Busy, Channel, Currency, Customer, Fulfilment, ItemId, Location,
        MinorUnits, NewItem, NewOrder, OrderId, OrderNumber, Promise, Promises, Service, Source,
        Thresholds, UnixMillis,
        change::{self, Change, Due, Edit},
    },
    live::actions::Action,
};

const AT: UnixMillis = UnixMillis(1_000_000);

fn station(name: &str) -> Station {
    Station::parse(name).expect("a station")
}

fn item(name: &str, at: &str) -> NewItem {
    NewItem {
        name: name.to_owned(),
        quantity: 2,
        unit_price: MinorUnits(500),
        station: station(at),
        modifiers: Vec::new(),
        allergens: Vec::new(),
        note: None,
    }
}

fn placed(accept_by: Option<UnixMillis>, promise: Promise) -> FoodOrder {
    let new = NewOrder {
        location: Location::parse("main").expect("a location"),
        source: Source {
            channel: Channel::parse("web").expect("a channel"),
            external_id: None,
            accept_by,
            placed_at: None,
        },
        fulfilment: Fulfilment::default(),
        customer: Customer::default(),
        items: vec![item("Burger", "grill"), item("Fries", "fry")],
        currency: Currency::parse("EUR").expect("a currency"),
        tax: MinorUnits(0),
        tip: MinorUnits(0),
        fees: MinorUnits(0),
        discount: MinorUnits(0),
        rush: false,
    };
    new.place(OrderId(uuid::Uuid::from_u128(7)), OrderNumber(101), AT, promise)
}

#[track_caller]
fn after(order: &FoodOrder, action: change::Action) -> FoodOrder {
    let actor = Actor { kind: ActorKind::Staff, id: "grill".to_owned() };
    let change = Change { action, expected_version: order.version, actor };
    change.decide(order, AT).expect("allowed").expect("something changed")
}

fn went(order: &FoodOrder, to: OrderStatus) -> FoodOrder {
    after(order, change::Action::Transition { to, reason: None })
}

/// What the domain makes of an action of a screen.
fn did(order: &FoodOrder, action: Action) -> FoodOrder {
    after(
        order,
        match action {
            Action::Go { to, reason } => change::Action::Transition { to, reason },
            Action::Stations { stations, status } => change::Action::Stations { stations, status },
            other => panic!("no bump: {other:?}"),
        },
    )
}

fn due(at: UnixMillis) -> Due {
    let same: Thresholds = "6/10".parse().expect("allowed");
    let promises = Promises { pickup: same, delivery: same, dine_in: same, curbside: same };
    Due { at, promises, busy: Busy::NOT }
}

fn grill() -> Part {
    let stations = vec![station("grill"), station("unrouted")];
    Part { stations, shared: Some(station("unrouted")) }
}

fn fry() -> Part {
    Part::new(vec![station("fry")])
}

#[test]
fn a_station_accepts_begins_and_ends_its_part() {
    let (whole, grill, fry) = (Part::default(), grill(), fry());
    let mut order = placed(None, Promise::default());
    let bumped = |part: &Part, order: &FoodOrder| did(order, part.bump(order).expect("a bump"));
    order = bumped(&grill, &order);
    assert_eq!(order.status, OrderStatus::Accepted);
    order = bumped(&grill, &order);
    assert_eq!((order.status, order.items[0].status), (OrderStatus::Preparing, ItemStatus::Doing));
    order = bumped(&grill, &order);
    assert_eq!((order.status, order.items[1].status), (OrderStatus::Preparing, ItemStatus::Todo));
    // Out of the way here, still to be made there, and in one piece for whoever hands out.
    assert_eq!(grill.place(&order), Place::Lane(Lane::Ready));
    assert_eq!(grill.bump(&order), None);
    assert_eq!(fry.place(&order), Place::Lane(Lane::Preparing));
    assert_eq!(whole.place(&order), Place::Lane(Lane::Preparing));
    let recalled = did(&order, grill.recall(&order).expect("a recall"));
    assert_eq!(grill.place(&recalled), Place::Lane(Lane::Preparing));
    order = bumped(&fry, &order);
    assert_eq!(order.status, OrderStatus::Ready);
    for part in [&whole, &grill, &fry] {
        assert_eq!(part.place(&order), Place::Lane(Lane::Ready));
    }
    assert_eq!(fry.bump(&order), None, "a cook does not hand out");
    let recalled = did(&order, fry.recall(&order).expect("a recall"));
    assert_eq!(
        (recalled.status, recalled.items[0].status),
        (OrderStatus::Preparing, ItemStatus::Done)
    );
    assert_eq!(fry.place(&recalled), Place::Lane(Lane::Preparing));
}

#[test]
fn a_change_concerns_the_stations_whose_lines_it_changes() {
    let order = went(&placed(None, Promise::default()), OrderStatus::Accepted);
    let edit = Edit { quantities: vec![(ItemId(2), 3)], ..Edit::default() };
    let order = after(&order, change::Action::Edit(edit));
    assert!(!grill().has_change(&order));
    assert!(fry().has_change(&order));
    assert!(Part::default().has_change(&order));
    let edit = Edit { due: Some(due(AT.plus(1))), ..Edit::default() };
    let order = after(
        &went(&placed(None, Promise::default()), OrderStatus::Accepted),
        change::Action::Edit(edit),
    );
    assert!(grill().has_change(&order), "another due time concerns everybody");
}

#[test]
fn a_part_that_was_taken_off_stays_until_it_was_seen() {
    let order = went(&placed(None, Promise::default()), OrderStatus::Accepted);
    let edit = Edit { remove: vec![ItemId(1)], ..Edit::default() };
    let order = after(&order, change::Action::Edit(edit));
    assert_eq!(grill().place(&order), Place::Lane(Lane::New));
    assert_eq!(grill().bump(&order), None);
    let of = Acknowledged::Change;
    let known = after(&order, change::Action::Acknowledge { of, stations: vec![station("grill")] });
    assert_eq!(grill().place(&known), Place::Off);
    assert_eq!(fry().place(&known), Place::Lane(Lane::New));
}

#[test]
fn what_was_begun_goes_from_a_screen_when_its_own_cook_knows() {
    let order = went(&placed(None, Promise::default()), OrderStatus::Accepted);
    let begun = did(&order, grill().bump(&order).expect("a bump"));
    let cancelled = went(&begun, OrderStatus::Cancelled);
    let Action::Know { of, stations } = grill().know(Acknowledged::Cancel, &cancelled) else {
        panic!()
    };
    let known = after(&cancelled, change::Action::Acknowledge { of, stations });
    assert_eq!(grill().place(&known), Place::Off);
    for part in [fry(), Part::default()] {
        assert_eq!(part.place(&known), Place::Lane(Lane::Preparing));
    }
    let know = |part: Part, order: &FoodOrder| part.know(Acknowledged::Cancel, order);
    assert!(know(grill(), &cancelled).is_done_in(&known));
    assert!(!know(fry(), &known).is_done_in(&known));
    let Action::Know { of, stations } = know(Part::default(), &known) else { panic!() };
    let known = after(&known, change::Action::Acknowledge { of, stations });
    assert_eq!(fry().place(&known), Place::Off, "expo speaks for all");
}

#[test]
fn more_of_what_one_station_made_comes_back_to_it() {
    let mut order = went(&placed(None, Promise::default()), OrderStatus::Accepted);
    let remove = Edit { remove: vec![ItemId(2)], ..Edit::default() };
    order = after(&order, change::Action::Edit(remove));
    for _ in 0..2 {
        order = did(&order, grill().bump(&order).expect("a bump"));
    }
    assert_eq!(order.status, OrderStatus::Ready);
    let more = Edit { quantities: vec![(ItemId(1), 5)], ..Edit::default() };
    order = after(&order, change::Action::Edit(more));
    assert_eq!(grill().place(&order), Place::Lane(Lane::Preparing));
    order = did(&order, grill().bump(&order).expect("a bump"));
    assert_eq!(order.status, OrderStatus::Ready);
}

#[test]
fn another_due_time_beside_a_changed_line_still_concerns_everybody() {
    let order = went(&placed(None, Promise::default()), OrderStatus::Accepted);
    let edit =
        Edit { quantities: vec![(ItemId(1), 3)], due: Some(due(AT.plus(1))), ..Edit::default() };
    let order = after(&order, change::Action::Edit(edit));
    assert!(fry().has_change(&order));
    let of = Acknowledged::Change;
    let known = after(&order, change::Action::Acknowledge { of, stations: vec![station("fry")] });
    assert!(!fry().has_change(&known) && grill().has_change(&known));
}

#[test]
fn an_order_for_later_is_in_no_lane_unless_somebody_has_to_answer() {
    let promise = Promise { fires_at: Some(AT.plus(9_000_000)), ..Promise::default() };
    let order = placed(None, promise);
    assert_eq!(Part::default().place(&order), Place::Later);
    assert_eq!(Part::default().place(&after(&order, change::Action::Fire)), Place::Lane(Lane::New));
    let asked = placed(Some(AT.plus(60_000)), promise);
    assert_eq!(Part::default().place(&asked), Place::Lane(Lane::New));
    assert_eq!(Part::default().place(&went(&asked, OrderStatus::Accepted)), Place::Later);
    let cancelled = went(&order, OrderStatus::Cancelled);
    assert_eq!(Part::default().place(&cancelled), Place::Off, "no cook ever saw it");
    let cancelled = went(&asked, OrderStatus::Cancelled);
    assert_eq!(Part::default().place(&cancelled), Place::Lane(Lane::New), "somebody has to know");
}

#[test]
fn what_another_station_does_leaves_what_is_meant_here() {
    let order = went(&placed(None, Promise::default()), OrderStatus::Accepted);
    let bump = grill().bump(&order).expect("a bump");
    let elsewhere =
        change::Action::Stations { stations: vec![station("fry")], status: ItemStatus::Doing };
    let begun = after(&order, elsewhere);
    assert!(bump.about(&order).is_some());
    assert_eq!(bump.about(&order), bump.about(&begun));
    assert_eq!(bump.about(&went(&order, OrderStatus::Cancelled)), None);
    let edit = Edit { add: vec![item("Steak", "grill")], ..Edit::default() };
    let more = after(&order, change::Action::Edit(edit));
    assert_ne!(bump.about(&order), bump.about(&more), "nobody has seen the steak");
    assert_eq!(Part::default().bump(&order).expect("a bump").about(&order), None);
}

#[test]
fn a_bump_leaves_what_nobody_has_routed_to_whoever_makes_it() {
    let (grill, bar) =
        (grill(), Part { stations: vec![station("bar"), station("unrouted")], ..grill() });
    let add = Edit { add: vec![item("Lemonade", "unrouted")], ..Edit::default() };
    let placed = after(&placed(None, Promise::default()), change::Action::Edit(add));
    let all = change::Action::Acknowledge { of: Acknowledged::Change, stations: Vec::new() };
    let mut order = went(&after(&placed, all), OrderStatus::Accepted);
    for _ in 0..2 {
        order = did(&order, grill.bump(&order).expect("a bump"));
    }
    let lemonade = |order: &FoodOrder| order.items[2].status;
    assert_eq!((order.items[0].status, lemonade(&order)), (ItemStatus::Done, ItemStatus::Todo));
    // It is still there, and its own part is done.
    assert_eq!(grill.place(&order), Place::Lane(Lane::Preparing));
    assert_eq!(grill.bump(&order), None);
    assert!(grill.recall(&order).is_some());
    // Where a ticket has nothing else, the bump is of that.
    order = did(&order, bar.bump(&order).expect("a bump"));
    assert_eq!((lemonade(&order), order.items[1].status), (ItemStatus::Done, ItemStatus::Todo));
    assert_eq!(grill.place(&order), Place::Lane(Lane::Ready));
}

#[test]
fn nobody_speaks_for_what_nobody_has_routed_with_the_first_press() {
    let (grill, fry) =
        (grill(), Part { stations: vec![station("fry"), station("unrouted")], ..grill() });
    let mut order = went(&placed(None, Promise::default()), OrderStatus::Accepted);
    let add = Edit {
        add: vec![item("Lemonade", "unrouted")],
        quantities: vec![(ItemId(1), 3), (ItemId(2), 3)],
        ..Edit::default()
    };
    order = after(&order, change::Action::Edit(add));
    let mut press = |part: &Part| {
        let Action::Know { of, stations } = part.know(Acknowledged::Change, &order) else {
            panic!()
        };
        order = after(&order, change::Action::Acknowledge { of, stations: stations.clone() });
        (stations, part.has_change(&order))
    };
    assert_eq!(press(&grill), (vec![station("grill")], true), "the lemonade is new to it");
    assert_eq!(press(&grill), (vec![station("unrouted")], false));
    assert_eq!(press(&fry), (vec![station("fry")], false));
}

#[test]
fn a_bump_that_begins_is_taken_back() {
    let order = went(&placed(None, Promise::default()), OrderStatus::Accepted);
    for part in [grill(), Part::default()] {
        let bump = part.bump(&order).expect("a bump");
        let back = bump.back(&order).expect("an undo");
        let undone = did(&did(&order, bump), back);
        assert_eq!((undone.status, &undone.items), (OrderStatus::Accepted, &order.items));
        assert_eq!(undone.times.preparing_at, None);
    }
    // What is made in part would not be as it was.
    let tick = change::Action::Item { item: ItemId(1), status: ItemStatus::Done };
    let ticked = after(&order, tick);
    for part in [grill(), Part::default()] {
        assert_eq!(part.bump(&ticked).and_then(|bump| bump.back(&ticked)), None);
    }
    let mut out = order;
    out.fulfilment.service = Service::Delivery;
    for to in [OrderStatus::Preparing, OrderStatus::Ready] {
        out = went(&out, to);
    }
    let bump = Part::default().bump(&out).expect("a bump");
    let back = bump.back(&out).expect("an undo");
    assert_eq!(did(&did(&out, bump), back).status, OrderStatus::Ready);
}
