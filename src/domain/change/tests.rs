use super::*;
use crate::domain::{
    ActorKind, Channel, Currency, Customer, Fulfilment, Location, MinorUnits, NewOrder, OrderId,
    OrderNumber, Promise, Service, Source, Thresholds,
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

/// Due at `at` in a kitchen that warns after 6 minutes and is late after 10.
fn due(at: UnixMillis) -> Action {
    let same: Thresholds = "6/10".parse().expect("allowed");
    let promises = Promises { pickup: same, delivery: same, dine_in: same, curbside: same };
    let due = Some(Due { at, promises, busy: Busy::NOT });
    Action::Edit(Edit { due, ..Edit::default() })
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
        due: None,
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
    let moved = after(&accepted, due(AT.plus(7_200_000)));
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
    assert_eq!(after(&recalled, due(AT.plus(7_200_000))).status, OrderStatus::Preparing);
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
    let later = after(&order(promise), due(AT.plus(7_200_000)));
    assert_eq!(later.times.fires_at, Some(AT.plus(6_600_000)));
    assert_eq!(later.times.warn_at, Some(AT.plus(6_960_000)));
    assert!(later.flags.scheduled);
    let sooner = after(&order(promise), due(AT.plus(600_000)));
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

fn line(id: u32, status: ItemStatus) -> Action {
    Action::Item { item: ItemId(id), status }
}

fn knows_allergens() -> Action {
    Action::Acknowledge { of: Acknowledged::Allergens, stations: Vec::new() }
}

#[test]
fn an_allergen_that_is_added_is_not_one_that_was_confirmed() {
    let with = |name: &str, at: &str, allergen: &str| NewItem {
        allergens: vec![allergen.to_owned()],
        ..item(name, at)
    };
    let add = |item: NewItem| Action::Edit(Edit { add: vec![item], ..Edit::default() });
    let pad_thai = after(&order(Promise::default()), add(with("Pad thai", "wok", "gluten")));
    let seen = after(&pad_thai, knows_allergens());
    assert!(seen.flags.allergens_seen);
    assert!(!after(&seen, add(with("Satay", "grill", "peanut"))).flags.allergens_seen);
    assert!(!after(&seen, add(with("Bread", "fry", "gluten"))).flags.allergens_seen, "not there");
    assert!(after(&seen, add(with("Noodles", "wok", "gluten"))).flags.allergens_seen);
    assert!(after(&seen, add(item("Cola", "bar"))).flags.allergens_seen);
    // Whoever confirmed that there is none has not seen the first.
    let none = after(&order(Promise::default()), knows_allergens());
    assert!(!after(&none, add(with("Satay", "grill", "peanut"))).flags.allergens_seen);
}

/// An order that was bumped as a whole: no line of it is marked.
fn bumped_whole() -> FoodOrder {
    let ways = [OrderStatus::Accepted, OrderStatus::Preparing, OrderStatus::Ready];
    ways.into_iter().fold(order(Promise::default()), |order, status| after(&order, to(status)))
}

#[test]
fn a_station_recalls_what_was_bumped_as_a_whole() {
    let back = after(&bumped_whole(), at("fry", ItemStatus::Todo));
    assert_eq!((back.status, back.flags.recalled), (OrderStatus::Preparing, true));
    assert_eq!(back.times.ready_at, None);
}

#[test]
fn what_is_recalled_as_a_whole_is_to_be_made_again_by_its_stations() {
    let mut made = after(&order(Promise::default()), to(OrderStatus::Accepted));
    for name in ["grill", "fry"] {
        made = after(&made, at(name, ItemStatus::Done));
    }
    let recalled = after(&made, to(OrderStatus::Preparing));
    assert!(recalled.items.iter().all(|line| line.status == ItemStatus::Doing));
    let again = after(&recalled, at("grill", ItemStatus::Done));
    assert_eq!(after(&again, at("fry", ItemStatus::Done)).status, OrderStatus::Ready);
    // Where something is left to make, that is what was called back.
    let begun = after(&order(Promise::default()), to(OrderStatus::Accepted));
    let half = after(&begun, at("grill", ItemStatus::Done));
    let ready = after(&half, to(OrderStatus::Ready));
    assert_eq!(after(&ready, to(OrderStatus::Preparing)).items, half.items);
}

#[test]
fn what_somebody_makes_without_having_begun_it_stays_cancelled_until_each_station_knows() {
    let accepted = after(&order(Promise::default()), to(OrderStatus::Accepted));
    let ticked = after(&accepted, line(2, ItemStatus::Done));
    assert_eq!(ticked.status, OrderStatus::Accepted);
    let cancelled = after(&ticked, to(OrderStatus::Cancelled));
    let of = Acknowledged::Cancel;
    let grill = after(&cancelled, Action::Acknowledge { of, stations: vec![station("grill")] });
    assert!(grill.is_on_board(), "fry is making it");
}

#[test]
fn what_was_made_before_it_was_accepted_is_ready_with_the_answer() {
    let mut placed = order(Promise::default());
    for id in [1, 2] {
        placed = after(&placed, line(id, ItemStatus::Done));
    }
    assert_eq!(placed.status, OrderStatus::Placed, "nobody has answered");
    let ready = after(&placed, to(OrderStatus::Accepted));
    assert_eq!((ready.status, ready.last_change.to), (OrderStatus::Ready, OrderStatus::Ready));
    assert!(ready.times.accepted_at.is_some() && ready.times.ready_at.is_some());
}

#[test]
fn the_last_line_is_not_taken_off_and_none_when_it_is_out() {
    let accepted = after(&order(Promise::default()), to(OrderStatus::Accepted));
    let one = after(&accepted, line(2, ItemStatus::Void));
    assert_eq!(refused(&one, line(1, ItemStatus::Void)), Refusal::NothingLeft);
    let ready = after(&one, at("grill", ItemStatus::Done));
    assert_eq!(ready.status, OrderStatus::Ready);
    assert_eq!(refused(&ready, line(1, ItemStatus::Void)), Refusal::NothingLeft);

    let mut out = bumped_whole();
    out.fulfilment.service = Service::Delivery;
    let out = after(&out, to(OrderStatus::OutForDelivery));
    let closed = Refusal::OrderIsClosed { status: OrderStatus::OutForDelivery };
    assert_eq!(refused(&out, line(1, ItemStatus::Void)), closed);
    after(&out, line(1, ItemStatus::Done));
}

#[test]
fn what_is_moved_far_enough_is_for_later_and_promised_anew() {
    let accepted = after(&order(Promise::default()), to(OrderStatus::Accepted));
    let tomorrow = AT.plus(86_400_000);
    let moved = after(&accepted, due(tomorrow));
    assert!(moved.flags.scheduled && moved.flags.changed, "the kitchen has seen it");
    assert_eq!(moved.times.fires_at, Some(tomorrow.plus(-600_000)));
    assert_eq!(moved.times.warn_at, Some(tomorrow.plus(-240_000)), "it had none");
    assert_eq!(moved.times.promised_at, Some(tomorrow));
    let back = after(&moved, due(AT.plus(300_000)));
    assert!(!back.flags.scheduled);
    assert_eq!((back.times.fires_at, back.times.fired_at), (None, Some(AT.plus(1000))));
    // A little later is not worth the wait, and what was begun does not wait.
    assert!(!after(&accepted, due(AT.plus(1_200_000))).flags.scheduled);
    for begun in [at("grill", ItemStatus::Doing), line(1, ItemStatus::Doing)] {
        assert!(!after(&after(&accepted, begun), due(tomorrow)).flags.scheduled);
    }
}

#[test]
fn a_start_is_taken_back_while_nothing_is_made() {
    let accepted = after(&order(Promise::default()), to(OrderStatus::Accepted));
    let begun = after(&accepted, to(OrderStatus::Preparing));
    let back = after(&begun, to(OrderStatus::Accepted));
    assert_eq!((back.status, back.flags.recalled), (OrderStatus::Accepted, true));
    assert_eq!(back.times.preparing_at, None, "nobody has begun it");
    assert_eq!(back.times.accepted_at, accepted.times.accepted_at);
    assert_eq!(
        after(&begun, line(1, ItemStatus::Done)).allowed().last(),
        Some(&OrderStatus::Failed)
    );
    let refusal = refused(&after(&begun, line(1, ItemStatus::Done)), to(OrderStatus::Accepted));
    assert!(matches!(refusal, Refusal::IllegalTransition { from: OrderStatus::Preparing, .. }));

    // The same by a station, which began it, and has not when another one has too.
    let grill = after(&accepted, at("grill", ItemStatus::Doing));
    assert_eq!(after(&grill, at("grill", ItemStatus::Todo)).status, OrderStatus::Accepted);
    let both = after(&grill, at("fry", ItemStatus::Doing));
    assert_eq!(after(&both, at("grill", ItemStatus::Todo)).status, OrderStatus::Preparing);
    let made = after(&begun, at("grill", ItemStatus::Done));
    assert_eq!(after(&made, at("grill", ItemStatus::Todo)).status, OrderStatus::Preparing);
}

#[test]
fn what_went_out_by_mistake_comes_back_as_it_was() {
    let mut ready = bumped_whole();
    ready.fulfilment.service = Service::Delivery;
    let out = after(&ready, to(OrderStatus::OutForDelivery));
    let back = after(&out, to(OrderStatus::Ready));
    assert_eq!((back.status, back.flags.recalled), (OrderStatus::Ready, true));
    assert_eq!(back.times, ready.times);
}

#[test]
fn what_is_made_further_is_not_recalled() {
    let add = Edit { add: vec![item("Cola", "bar")], ..Edit::default() };
    let more = after(&bumped_whole(), Action::Edit(add));
    assert_eq!((more.status, more.flags.recalled), (OrderStatus::Preparing, false));
    let mut made = after(&order(Promise::default()), to(OrderStatus::Accepted));
    for name in ["grill", "fry"] {
        made = after(&made, at(name, ItemStatus::Done));
    }
    let unmade = after(&made, line(1, ItemStatus::Todo));
    assert_eq!((unmade.status, unmade.flags.recalled), (OrderStatus::Preparing, false));
}

#[test]
fn what_no_kitchen_has_seen_is_edited_without_marks() {
    let later = Promise { fires_at: Some(AT.plus(9_000_000)), ..Promise::default() };
    let scheduled = order(later);
    let edit = Edit {
        add: vec![item("Cola", "bar")],
        quantities: vec![(ItemId(1), 3)],
        ..Edit::default()
    };
    let edited = after(&scheduled, Action::Edit(edit.clone()));
    assert_eq!((edited.revision, edited.flags.changed), (1, false));
    let voided = after(&edited, line(2, ItemStatus::Void));
    let moved = after(&voided, due(AT.plus(300_000)));
    assert!(!moved.flags.scheduled && !moved.flags.changed && moved.unaware.is_empty());
    assert!(moved.items.iter().all(|it| it.quantity_before.is_none() && it.added_at.is_none()));
    // Whoever is asked to answer it has it before them.
    let mut asked = scheduled;
    asked.source.accept_by = Some(AT.plus(60_000));
    assert!(after(&asked, Action::Edit(edit)).flags.changed);
}

#[test]
fn only_a_cancellation_keeps_its_reason_when_somebody_knows_of_it() {
    let go = |to: OrderStatus| Action::Transition { to, reason: Some("why".to_owned()) };
    let accepted = after(&order(Promise::default()), go(OrderStatus::Accepted));
    assert_eq!(after(&accepted, knows_allergens()).last_change.reason, None);
    let cancelled = after(&accepted, go(OrderStatus::Cancelled));
    let of = Acknowledged::Cancel;
    let known = after(&cancelled, Action::Acknowledge { of, stations: Vec::new() });
    assert_eq!(known.last_change.reason.as_deref(), Some("why"));
}

#[test]
fn only_who_waits_in_a_car_arrives_and_only_once() {
    let arrive = |note: &str| Action::Arrive { note: Some(note.to_owned()) };
    let mut placed = order(Promise::default());
    assert_eq!(refused(&placed, arrive("van")), Refusal::NotCurbside);
    assert!(!placed.customer_may_arrive());
    placed.fulfilment.service = Service::Curbside;
    let json = serde_json::to_string(&placed).expect("serialises");
    assert!(!json.contains("arrived"), "an order is written as it was before: {json}");
    assert!(placed.customer_may_arrive());
    let here = after(&placed, arrive("silver estate"));
    assert_eq!(here.times.arrived_at, Some(AT.plus(1000)));
    assert_eq!(here.here_since(), here.times.arrived_at);
    assert_eq!((here.last_change.what, here.status), (What::Arrived, placed.status));
    assert_eq!(here.revision, placed.revision, "nothing else is to be made");
    assert!(!here.customer_may_arrive());
    assert_eq!(wish(&here, arrive("red van")).decide(&here, AT.plus(5000)), Ok(None));
    let cancelled = after(&here, to(OrderStatus::Cancelled));
    let status = OrderStatus::Cancelled;
    assert_eq!(refused(&cancelled, arrive("van")), Refusal::OrderIsClosed { status });
    assert_eq!(cancelled.here_since(), None, "nobody waits for what is off");
}

#[test]
fn a_customer_calls_off_what_nobody_has_taken_on() {
    let placed = order(Promise::default());
    assert!(placed.customer_may_cancel());
    let line = Action::Item { item: ItemId(1), status: ItemStatus::Doing };
    assert!(!after(&placed, line).customer_may_cancel(), "somebody makes it");
    assert!(!after(&placed, to(OrderStatus::Accepted)).customer_may_cancel());
    assert!(!after(&placed, to(OrderStatus::Cancelled)).customer_may_cancel());
}
