use super::*;
use crate::domain::{
    ActorKind, Channel, Currency, Customer, Fulfilment, Location, MinorUnits, NewOrder, OrderId,
    OrderNumber, Promise, Service, Source,
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

fn order(promise: Promise) -> FoodOrder {
    let new = NewOrder {
        location: Location::parse("main").expect("a location"),
        source: Source {
            channel: Channel::parse("web").expect("a channel"),
            external_id: None,
            accept_by: None,
            placed_at: None,
        },
        fulfilment: Fulfilment { service: Service::Pickup, ..Fulfilment::default() },
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

fn wish(order: &FoodOrder, action: Action) -> Change {
    let actor = Actor { kind: ActorKind::Staff, id: "grill".to_owned() };
    Change { action, expected_version: order.version, actor }
}

#[track_caller]
fn after(order: &FoodOrder, action: Action) -> FoodOrder {
    let after = wish(order, action).decide(order, AT.plus(1000)).expect("allowed");
    after.expect("something changed")
}

fn refused(order: &FoodOrder, action: Action) -> Refusal {
    wish(order, action).decide(order, AT).expect_err("refused")
}

fn to(to: OrderStatus) -> Action {
    Action::Transition { to, reason: None }
}

fn at(name: &str, status: ItemStatus) -> Action {
    Action::Stations { stations: vec![station(name)], status }
}

#[test]
fn the_last_station_makes_the_order_ready() {
    let accepted = after(&order(Promise::default()), to(OrderStatus::Accepted));
    let begun = after(&accepted, at("grill", ItemStatus::Done));
    assert_eq!(begun.status, OrderStatus::Preparing);
    assert_eq!(begun.last_change.what, What::Station);
    let ready = after(&begun, at("fry", ItemStatus::Done));
    assert_eq!(ready.status, OrderStatus::Ready);
    let back = after(&ready, at("fry", ItemStatus::Todo));
    assert_eq!((back.status, back.flags.recalled), (OrderStatus::Preparing, true));
    assert_eq!(back.times.placed_at, ready.times.placed_at);
}

#[test]
fn a_station_without_a_line_has_nothing_to_bump() {
    let accepted = after(&order(Promise::default()), to(OrderStatus::Accepted));
    assert_eq!(refused(&accepted, at("bar", ItemStatus::Done)), Refusal::NothingAtStation);
    let placed = order(Promise::default());
    let refusal = refused(&placed, at("grill", ItemStatus::Done));
    assert!(matches!(refusal, Refusal::IllegalTransition { from: OrderStatus::Placed, .. }));
}

#[test]
fn a_cancelled_order_stays_on_the_board_until_somebody_says_so() {
    let placed = order(Promise::default());
    let cancelled = after(&placed, to(OrderStatus::Cancelled));
    assert!(cancelled.is_on_board() && cancelled.was_on_board());
    let know = Action::Acknowledge { of: Acknowledged::Cancel, stations: Vec::new() };
    let known = after(&cancelled, know.clone());
    assert!(!known.is_on_board() && known.was_on_board());
    assert_eq!(wish(&known, know).decide(&known, AT), Ok(None), "said once");
    let rejected = after(&placed, to(OrderStatus::Rejected));
    assert!(!rejected.is_on_board());
}

#[test]
fn an_edit_shows_what_was_there_until_each_station_knows() {
    let accepted = after(&order(Promise::default()), to(OrderStatus::Accepted));
    let edit = Edit {
        add: vec![item("Cola", "bar")],
        remove: vec![ItemId(2)],
        quantities: vec![(ItemId(1), 3)],
        due_at: None,
    };
    let edited = after(&accepted, Action::Edit(edit));
    let before: Vec<Option<u32>> = edited.items.iter().map(|line| line.quantity_before).collect();
    assert_eq!(before, [Some(2), Some(2), Some(0)]);
    assert_eq!(edited.items[1].status, ItemStatus::Void);
    assert_eq!(edited.items[2].added_at, Some(AT.plus(1000)));
    assert_eq!((edited.revision, edited.flags.changed), (1, true));
    assert_eq!(edited.money.subtotal, MinorUnits(3 * 500 + 2 * 500));

    let know = |name: &str| Action::Acknowledge {
        of: Acknowledged::Change,
        stations: vec![station(name)],
    };
    let grill = after(&edited, know("grill"));
    assert!(grill.flags.changed, "the others have not seen it");
    let fry = after(&grill, know("fry"));
    let bar = after(&fry, know("bar"));
    assert!(!bar.flags.changed);
    assert_eq!(bar.revision, 1);
}

#[test]
fn another_due_time_is_acknowledged_by_each_station() {
    let accepted = after(&order(Promise::default()), to(OrderStatus::Accepted));
    let edit = Edit { due_at: Some(AT.plus(7_200_000)), ..Edit::default() };
    let moved = after(&accepted, Action::Edit(edit));
    let know = |name: &str| Action::Acknowledge {
        of: Acknowledged::Change,
        stations: vec![station(name)],
    };
    let grill = after(&moved, know("grill"));
    assert!(grill.flags.changed, "fry does not know");
    assert_eq!(wish(&grill, know("grill")).decide(&grill, AT), Ok(None), "said once");
    assert!(!after(&grill, know("fry")).flags.changed);
    let all = Action::Acknowledge { of: Acknowledged::Change, stations: Vec::new() };
    let known = after(&moved, all);
    assert!(!known.flags.changed && known.unaware.is_empty());
}

#[test]
fn what_was_begun_stays_cancelled_until_each_station_knows() {
    let mut begun = after(&order(Promise::default()), to(OrderStatus::Accepted));
    begun = after(&begun, at("grill", ItemStatus::Doing));
    let cancelled = after(&begun, to(OrderStatus::Cancelled));
    let know = |names: &[&str]| Action::Acknowledge {
        of: Acknowledged::Cancel,
        stations: names.iter().map(|name| station(name)).collect(),
    };
    let grill = after(&cancelled, know(&["grill"]));
    assert!(grill.flags.cancel_unseen, "fry does not know");
    assert_eq!(grill.lane(), cancelled.lane(), "it stays where it stood");
    assert!(!grill.waits_for(&[station("grill")]) && grill.waits_for(&[station("fry")]));
    assert!(!after(&grill, know(&["fry"])).is_on_board());
    assert!(!after(&grill, know(&[])).is_on_board(), "a manager speaks for all");
    // What nobody has begun is nobody's loss: one who reads it is enough.
    let unbegun = after(&order(Promise::default()), to(OrderStatus::Cancelled));
    assert!(!after(&unbegun, know(&["fry"])).is_on_board());
}

#[test]
fn what_the_kitchen_never_saw_need_not_be_acknowledged() {
    let later = Promise { fires_at: Some(AT.plus(9_000_000)), ..Promise::default() };
    let scheduled = order(later);
    assert!(!after(&scheduled, to(OrderStatus::Cancelled)).is_on_board());
    let fired = after(&scheduled, Action::Fire);
    assert!(after(&fired, to(OrderStatus::Cancelled)).is_on_board());
    // Whoever was asked to answer has it before them.
    let mut asked = scheduled;
    asked.source.accept_by = Some(AT.plus(60_000));
    assert!(after(&asked, to(OrderStatus::Cancelled)).is_on_board());
}

#[test]
fn the_last_line_makes_the_order_ready_however_it_is_marked() {
    let item = |id: u32, status: ItemStatus| Action::Item { item: ItemId(id), status };
    let accepted = after(&order(Promise::default()), to(OrderStatus::Accepted));
    let preparing = after(&accepted, to(OrderStatus::Preparing));

    let one = after(&preparing, item(1, ItemStatus::Done));
    assert_eq!(one.status, OrderStatus::Preparing);
    let ready = after(&one, item(2, ItemStatus::Done));
    assert_eq!((ready.status, ready.last_change.what), (OrderStatus::Ready, What::Item));
    assert_eq!(ready.times.ready_at, Some(AT.plus(1000)));
    let back = after(&ready, item(2, ItemStatus::Todo));
    assert_eq!(back.status, OrderStatus::Preparing, "it was not made after all");

    // Taken off instead of made, one way and the other.
    assert_eq!(after(&one, item(2, ItemStatus::Void)).status, OrderStatus::Ready);
    let remove = Edit { remove: vec![ItemId(2)], ..Edit::default() };
    assert_eq!(after(&one, Action::Edit(remove.clone())).status, OrderStatus::Ready);

    // A single station that is done at once.
    let single = after(&accepted, Action::Edit(remove));
    let done = after(&single, at("grill", ItemStatus::Done));
    assert_eq!(done.status, OrderStatus::Ready);
    assert_eq!(done.times.preparing_at, done.times.ready_at);

    // Who brought it back as a whole is not overruled by what changes nothing.
    let recalled = after(&ready, to(OrderStatus::Preparing));
    let due = Edit { due_at: Some(AT.plus(7_200_000)), ..Edit::default() };
    assert_eq!(after(&recalled, Action::Edit(due)).status, OrderStatus::Preparing);
    let rush = Action::Flags { rush: Some(true), held: None };
    assert_eq!(after(&recalled, rush).status, OrderStatus::Preparing);
}

#[test]
fn what_is_ready_is_made_further_when_there_is_to_be_more_of_it() {
    let mut ready = after(&order(Promise::default()), to(OrderStatus::Accepted));
    for status in [OrderStatus::Preparing, OrderStatus::Ready] {
        ready = after(&ready, to(status));
    }
    let count = |quantity: u32| Edit { quantities: vec![(ItemId(1), quantity)], ..Edit::default() };
    let more = after(&ready, Action::Edit(count(5)));
    assert_eq!(more.status, OrderStatus::Preparing);
    assert_eq!(more.items[0].status, ItemStatus::Todo);
    assert_eq!(after(&ready, Action::Edit(count(1))).status, OrderStatus::Ready);
}

#[test]
fn what_is_ready_is_made_further_when_something_is_added() {
    let mut ready = after(&order(Promise::default()), to(OrderStatus::Accepted));
    for status in [OrderStatus::Preparing, OrderStatus::Ready] {
        ready = after(&ready, to(status));
    }
    let add = Edit { add: vec![item("Cola", "bar")], ..Edit::default() };
    let edited = after(&ready, Action::Edit(add.clone()));
    assert_eq!(edited.status, OrderStatus::Preparing);
    assert_eq!(edited.times.ready_at, None);
    let done = after(&ready, to(OrderStatus::Completed));
    let refusal = refused(&done, Action::Edit(add));
    assert_eq!(refusal, Refusal::OrderIsClosed { status: OrderStatus::Completed });
}

#[test]
fn an_edit_leaves_something_to_make_and_not_too_much() {
    let placed = order(Promise::default());
    let none = Edit { remove: vec![ItemId(1), ItemId(2)], ..Edit::default() };
    assert_eq!(refused(&placed, Action::Edit(none)), Refusal::NothingLeft);
    let many = Edit { add: vec![item("Cola", "bar"); limits::ITEMS], ..Edit::default() };
    assert_eq!(refused(&placed, Action::Edit(many)), Refusal::TooManyItems);
    let unknown = Edit { quantities: vec![(ItemId(9), 1)], ..Edit::default() };
    let refusal = refused(&placed, Action::Edit(unknown));
    assert_eq!(refusal, Refusal::UnknownItem { item: ItemId(9) });
}

#[test]
fn an_order_for_later_fires_once_and_keeps_its_promise() {
    let due = AT.plus(3_600_000);
    let promise = Promise {
        fires_at: Some(AT.plus(3_000_000)),
        warn_at: Some(AT.plus(3_400_000)),
        promised_at: Some(due),
    };
    let scheduled = order(promise);
    assert!(scheduled.flags.scheduled);
    let fired = after(&scheduled, Action::Fire);
    assert!(!fired.flags.scheduled);
    assert_eq!(fired.times.sent_at(), AT.plus(1000));
    assert_eq!(fired.times.promised_at, Some(due));
    assert_eq!(wish(&fired, Action::Fire).decide(&fired, AT), Ok(None));
    let accepted = after(&scheduled, to(OrderStatus::Accepted));
    assert!(accepted.flags.scheduled, "accepted, and still for later");
    let begun = after(&accepted, to(OrderStatus::Preparing));
    assert!(!begun.flags.scheduled && begun.times.fired_at.is_some());
}

#[test]
fn another_due_time_moves_all_that_counts_back_from_it() {
    let promise = Promise {
        fires_at: Some(AT.plus(3_000_000)),
        warn_at: Some(AT.plus(3_400_000)),
        promised_at: Some(AT.plus(3_600_000)),
    };
    let due = |millis: i64| Action::Edit(Edit { due_at: Some(AT.plus(millis)), ..Edit::default() });
    let later = after(&order(promise), due(7_200_000));
    assert_eq!(later.times.fires_at, Some(AT.plus(6_600_000)));
    assert_eq!(later.times.warn_at, Some(AT.plus(7_000_000)));
    assert!(later.flags.scheduled && later.flags.changed);
    let sooner = after(&order(promise), due(600_000));
    assert!(!sooner.flags.scheduled, "its preparation begins now");
    assert_eq!(sooner.times.fired_at, Some(AT.plus(1000)));
}

#[test]
fn beginning_ends_a_hold() {
    let accepted = after(&order(Promise::default()), to(OrderStatus::Accepted));
    let held = after(&accepted, Action::Flags { rush: Some(true), held: Some(true) });
    assert!(held.flags.held && held.flags.rush);
    assert_eq!(held.last_change.what, What::Flags);
    let begun = after(&held, to(OrderStatus::Preparing));
    assert!(!begun.flags.held && begun.flags.rush);
    let same = Action::Flags { rush: None, held: Some(true) };
    assert_eq!(wish(&held, same).decide(&held, AT), Ok(None), "it is held already");
}
