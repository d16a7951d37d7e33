use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::domain::{
    Actor, ActorKind, Channel, Currency, Customer, Fulfilment, ItemId, ItemStatus, Location,
    MinorUnits, NewItem, NewOrder, OrderNumber, OrderStatus, Promise, Service, Source, Station,
    change::{Acknowledged, Action, Change},
};

/// What an order is promised that is placed at `at`.
fn promise(at: UnixMillis) -> Promise {
    Promise { promised_at: Some(at.plus(600_000)), ..Promise::default() }
}

fn actor() -> Actor {
    Actor { kind: ActorKind::Staff, id: "board".to_owned() }
}

fn placed(number: u32, station: &str, rush: bool) -> FoodOrder {
    let item = NewItem {
        name: "Soup".to_owned(),
        quantity: 1,
        unit_price: MinorUnits(500),
        station: Station::parse(station).expect("valid"),
        modifiers: Vec::new(),
        allergens: Vec::new(),
        note: None,
    };
    NewOrder {
        location: Location::parse("main").expect("valid"),
        source: Source {
            channel: Channel::parse("web").expect("valid"),
            external_id: None,
            accept_by: None,
            placed_at: None,
        },
        fulfilment: Fulfilment { service: Service::Delivery, ..Fulfilment::default() },
        customer: Customer::default(),
        items: vec![item],
        currency: Currency::parse("EUR").expect("valid"),
        tax: MinorUnits(0),
        tip: MinorUnits(0),
        fees: MinorUnits(0),
        discount: MinorUnits(0),
        rush,
    }
    .place(
        OrderId(uuid::Uuid::from_u128(u128::from(number))),
        OrderNumber(number),
        UnixMillis(i64::from(number) * 1_000),
        promise(UnixMillis(i64::from(number) * 1_000)),
    )
}

fn went(order: &FoodOrder, to: OrderStatus) -> FoodOrder {
    let action = Action::Transition { to, reason: None };
    Change { action, expected_version: order.version, actor: actor() }
        .decide(order, UnixMillis(1_000_000))
        .expect("legal")
        .expect("changes")
}

fn board() -> BoardState {
    BoardState::default()
}

/// What the signals would show, kept by following the steps.
#[derive(Default)]
struct Shown(HashMap<OrderId, FoodOrder>);

impl Shown {
    fn follow(&mut self, outcome: Outcome) {
        for step in outcome.steps {
            match step {
                Step::Insert(order) => {
                    assert!(self.0.insert(order.id, order).is_none(), "inserted twice");
                }
                Step::Update(order) | Step::Fire(order) => {
                    assert!(self.0.insert(order.id, order).is_some(), "updated before inserted");
                }
                Step::Remove(id) => {
                    assert!(self.0.remove(&id).is_some(), "removed before inserted");
                }
            }
        }
    }

    /// Every lane lists exactly the tickets that are shown, in order.
    fn check(&self, board: &BoardState) {
        let listed: Vec<OrderId> =
            Lane::ALL.into_iter().flat_map(|lane| board.lane(lane)).collect();
        assert_eq!(listed.len(), self.0.len());
        for lane in Lane::ALL {
            let ranks: Vec<_> = board
                .lane(lane)
                .iter()
                .map(|id| {
                    let order = &self.0[id];
                    (!order.flags.rush, order.times.promised(), order.times.placed_at)
                })
                .collect();
            assert!(ranks.is_sorted(), "{lane:?}: {ranks:?}");
        }
    }
}

#[test]
fn a_screen_goes_by_promise_or_by_age() {
    let (mut first, second) = (placed(1, "grill", false), placed(2, "grill", false));
    first.times.promised_at = second.times.promised_at.map(|at| at.plus(60_000));
    for (sort, order) in [(Sort::Due, [second.id, first.id]), (Sort::Age, [first.id, second.id])] {
        let mut board = BoardState::of(Part::default(), sort);
        board.replace(vec![first.clone(), second.clone()]);
        assert_eq!(board.lane(Lane::New), order, "{sort:?}");
    }
}

#[test]
fn a_ticket_moves_along_the_lanes_and_leaves() {
    let mut board = board();
    let mut order = placed(1, "grill", false);
    assert_eq!(board.apply(order.clone()).steps, [Step::Insert(order.clone())]);
    for (to, lane) in [
        (OrderStatus::Accepted, Lane::New),
        (OrderStatus::Preparing, Lane::Preparing),
        (OrderStatus::Ready, Lane::Ready),
        (OrderStatus::OutForDelivery, Lane::Out),
    ] {
        order = went(&order, to);
        let outcome = board.apply(order.clone());
        assert_eq!(outcome.steps, [Step::Update(order.clone())]);
        assert_eq!(outcome.touched[index(lane)], lane != Lane::New, "only a move touches a list");
        assert_eq!(board.lane(lane), [order.id]);
    }
    order = went(&order, OrderStatus::Completed);
    assert_eq!(board.apply(order.clone()).steps, [Step::Remove(order.id)]);
    assert_eq!(board.tickets(), 0);
    order = went(&order, OrderStatus::Ready);
    assert_eq!(board.apply(order.clone()).steps, [Step::Insert(order)], "recalled");
}

#[test]
fn what_comes_together_is_taken_in_one_after_the_other() {
    let mut board = BoardState::default();
    let first = placed(1, "grill", false);
    let accepted = went(&first, OrderStatus::Accepted);
    let second = placed(2, "grill", false);
    let rejected = went(&second, OrderStatus::Rejected);
    let outcome = board.apply_all(vec![first.clone(), second.clone(), accepted.clone(), rejected]);
    assert_eq!(
        outcome.steps,
        [
            Step::Insert(first.clone()),
            Step::Insert(second.clone()),
            Step::Update(accepted),
            Step::Remove(second.id),
        ]
    );
    assert_eq!((outcome.new, outcome.gone), (2, 1));
    assert_eq!(board.lane(Lane::New), [first.id]);
    assert_eq!(board.apply_all(vec![second]), Outcome::default());
}

#[test]
fn rush_comes_first_then_the_oldest_promise() {
    let mut board = board();
    for (number, rush) in [(3, false), (1, false), (4, true), (2, false)] {
        board.apply(placed(number, "grill", rush));
    }
    let numbers: Vec<u128> = board.lane(Lane::New).iter().map(|id| id.0.as_u128()).collect();
    assert_eq!(numbers, [4, 1, 2, 3]);
}

#[test]
fn a_late_repeat_does_not_bring_a_closed_order_back() {
    let mut board = board();
    let first = placed(1, "grill", false);
    let rejected = went(&first, OrderStatus::Rejected);
    board.apply(first.clone());
    board.apply(rejected.clone());
    assert_eq!(board.apply(first.clone()), Outcome::default());
    // Nor one that this board has never shown.
    let mut fresh = self::board();
    fresh.apply(rejected);
    assert_eq!(fresh.apply(first), Outcome::default());
}

fn known(order: &FoodOrder) -> FoodOrder {
    let action = Action::Acknowledge { of: Acknowledged::Cancel, stations: Vec::new() };
    Change { action, expected_version: order.version, actor: actor() }
        .decide(order, UnixMillis(1_000_000))
        .expect("legal")
        .expect("changes")
}

#[test]
fn a_cancelled_ticket_stays_until_somebody_has_seen_it() {
    let mut board = board();
    let order = placed(1, "grill", false);
    board.apply(order.clone());
    let cancelled = went(&order, OrderStatus::Cancelled);
    let outcome = board.apply(cancelled.clone());
    assert_eq!((outcome.cancelled, outcome.steps), (1, vec![Step::Update(cancelled.clone())]));
    assert_eq!(board.apply(cancelled.clone()), Outcome::default(), "once");
    assert_eq!((board.open_in(Lane::New), board.late(UnixMillis(i64::MAX))), (0, 0));
    let again = board.replace(vec![cancelled.clone()]);
    assert_eq!((again.new, again.cancelled, again.gone), (0, 0, 0));
    assert_eq!(board.lane(Lane::New), [order.id]);
    assert_eq!(board.apply(known(&cancelled)).steps, [Step::Remove(order.id)]);
    assert_eq!(board.apply(cancelled.clone()), Outcome::default());
    // A board that comes later shows it too.
    let mut late = self::board();
    let outcome = late.replace(vec![cancelled.clone()]);
    assert_eq!((outcome.new, outcome.cancelled), (0, 1));
    assert_eq!(outcome.steps, [Step::Insert(cancelled)]);
}

#[test]
fn a_snapshot_of_an_older_database_wins() {
    let mut board = board();
    let old = placed(1, "grill", false);
    board.apply(went(&went(&old, OrderStatus::Accepted), OrderStatus::Preparing));
    assert_eq!(board.replace(vec![old.clone()]).steps, [Step::Update(old)]);
    assert_eq!((board.lane(Lane::New).len(), board.lane(Lane::Preparing).len()), (1, 0));
}

#[test]
fn late_and_oldest_are_told_by_the_clock() {
    let mut board = board();
    board.apply(placed(1, "grill", false));
    board.apply(placed(2, "grill", false));
    assert_eq!(board.late(UnixMillis(601_000)), 0);
    assert_eq!(board.late(UnixMillis(601_001)), 1);
    assert_eq!(board.oldest(Lane::New, UnixMillis(601_001)), Some(UnixMillis(1_000)));
    assert_eq!(board.oldest(Lane::Ready, UnixMillis(601_001)), None);
}

#[test]
fn an_order_for_later_stands_from_when_the_kitchen_needs_to_begin() {
    let mut board = board();
    let mut later = placed(1, "grill", false);
    later.times.fires_at = Some(UnixMillis(6_600_000));
    board.apply(later.clone());
    assert_eq!(board.oldest(Lane::New, UnixMillis(6_599_999)), None);
    assert_eq!(board.oldest(Lane::New, UnixMillis(6_700_000)), Some(UnixMillis(6_600_000)));
}

#[test]
fn a_snapshot_counts_what_it_takes_away() {
    let mut board = board();
    for number in 1..4 {
        board.apply(placed(number, "grill", false));
    }
    let outcome = board.replace(vec![placed(3, "grill", false), placed(4, "grill", false)]);
    assert_eq!((outcome.new, outcome.cancelled, outcome.gone), (1, 0, 2));
}

/// Histories of a few orders, made by the rules of the domain: what a log holds.
fn log() -> impl Strategy<Value = Vec<FoodOrder>> {
    let step = (1..6_u32, any::<prop::sample::Index>(), any::<bool>());
    prop::collection::vec(step, 1..60).prop_map(|steps| {
        let mut latest: HashMap<u32, FoodOrder> = HashMap::new();
        let mut log = Vec::new();
        for (number, choice, tick) in steps {
            let next = match latest.get(&number) {
                None => placed(number, if number % 2 == 0 { "bar" } else { "grill" }, number == 3),
                Some(order) if tick && order.status.is_open() => {
                    let status = if order.items[0].status == ItemStatus::Done {
                        ItemStatus::Todo
                    } else {
                        ItemStatus::Done
                    };
                    let action = Action::Item { item: ItemId(1), status };
                    Change { action, expected_version: order.version, actor: actor() }
                        .decide(order, UnixMillis(9))
                        .expect("legal")
                        .expect("changes")
                }
                Some(order) if tick && order.flags.cancel_unseen => known(order),
                Some(order) => {
                    let allowed = order.allowed();
                    if allowed.is_empty() {
                        continue;
                    }
                    went(order, allowed[choice.index(allowed.len())])
                }
            };
            latest.insert(number, next.clone());
            log.push(next);
        }
        log
    })
}

/// Every open order that is there after `log`.
fn open_after(log: &[FoodOrder]) -> HashMap<OrderId, FoodOrder> {
    let mut open: HashMap<OrderId, FoodOrder> = HashMap::new();
    for order in log {
        open.insert(order.id, order.clone());
    }
    open.retain(|_, order| order.is_on_board());
    open
}

proptest! {
    /// However often and in whatever order the log arrives, once all of it has
    /// arrived the board shows what is open, in the lanes where it stands.
    #[test]
    fn repeats_and_reorderings_converge(
        log in log(),
        arrival in prop::collection::vec(any::<prop::sample::Index>(), 0..120),
        shuffle in any::<u128>(),
    ) {
        let mut board = board();
        let mut shown = Shown::default();
        for index in arrival {
            shown.follow(board.apply(index.get(&log).clone()));
            shown.check(&board);
        }
        let mut rest: Vec<&FoodOrder> = log.iter().collect();
        rest.sort_by_key(|order| {
            (order.id.0.as_u128() ^ u128::from(order.version.0)).wrapping_mul(shuffle | 1)
        });
        for order in rest {
            shown.follow(board.apply(order.clone()));
            shown.check(&board);
        }
        shown.check(&board);
        prop_assert_eq!(shown.0, open_after(&log));
    }

    /// A connection that breaks anywhere and resumes from an earlier position,
    /// or with a snapshot, ends where an unbroken one ends.
    #[test]
    fn cuts_replays_and_snapshots_converge(
        log in log(),
        cut in any::<prop::sample::Index>(),
        back in 0..10_usize,
        with_snapshot in any::<bool>(),
    ) {
        let mut board = board();
        let mut shown = Shown::default();
        let cut = cut.index(log.len() + 1);
        for order in &log[..cut] {
            shown.follow(board.apply(order.clone()));
        }
        let resume = if with_snapshot {
            // Read somewhat later than the cut: what lies between is never sent.
            let at = (cut + back).min(log.len());
            shown.follow(board.replace(open_after(&log[..at]).into_values().collect()));
            at
        } else {
            cut.saturating_sub(back)
        };
        for order in &log[resume..] {
            shown.follow(board.apply(order.clone()));
            shown.check(&board);
        }
        prop_assert_eq!(shown.0, open_after(&log));
    }
}

#[test]
fn an_order_for_later_waits_in_no_lane_and_is_new_when_it_fires() {
    let mut board = board();
    let mut later = placed(2, "grill", false);
    later.flags.scheduled = true;
    later.times.fires_at = Some(UnixMillis(6_600_000));
    let outcome = board.apply(later.clone());
    assert_eq!((outcome.new, outcome.later, outcome.touched), (0, true, [false; 4]));
    assert_eq!(outcome.steps, [Step::Insert(later.clone())]);
    assert_eq!((board.tickets(), board.is_empty()), (1, true));
    let mut sooner = placed(1, "grill", false);
    sooner.flags.scheduled = true;
    sooner.times.fires_at = Some(UnixMillis(5_000_000));
    board.apply(sooner.clone());
    let listed: Vec<OrderId> = board.later().into_iter().map(|(_, id)| id).collect();
    assert_eq!(listed, [sooner.id, later.id]);

    let change = Change { action: Action::Fire, expected_version: later.version, actor: actor() };
    let fired = change.decide(&later, UnixMillis(3_000_000)).expect("legal").expect("changes");
    let outcome = board.apply(fired.clone());
    assert_eq!((outcome.new, outcome.later), (1, true));
    assert_eq!(outcome.steps, [Step::Fire(fired)]);
    assert_eq!((board.lane(Lane::New), board.later().len()), (vec![later.id], 1));
    assert_eq!(board.oldest(Lane::New, UnixMillis(3_000_001)), Some(UnixMillis(3_000_000)));

    let rejected = went(&sooner, OrderStatus::Rejected);
    let outcome = board.apply(rejected);
    assert_eq!((outcome.gone, outcome.later), (1, true));
}
