//! The simulation alone.

use super::{super::opens_at, super::simulation::Simulation, super::simulation::Step, *};
use crate::domain::{Actor, ActorKind, ItemStatus, OrderStatus, Service, ageing::Ageing, limits};

const MINUTE: i64 = 60_000;

/// What was done, and what became of it.
struct Played {
    model: Model,
    steps: Vec<Step>,
    /// When each order was ready for good, and how it stood against its promise.
    ready: HashMap<OrderId, (UnixMillis, Ageing)>,
    simulation: Simulation,
}

fn play(settings: &DemoSettings, until: UnixMillis) -> Played {
    let simulation = Simulation::new(settings, opens_at(NOON, settings));
    let mut played =
        Played { model: Model::default(), steps: Vec::new(), ready: HashMap::new(), simulation };
    played.go_on(until);
    played
}

impl Played {
    fn go_on(&mut self, until: UnixMillis) {
        while self.simulation.next_at().is_some_and(|at| at < until) {
            let Some(step) = self.simulation.advance() else { continue };
            let outcome = self
                .model
                .carry_out(&step.action, step.at)
                .unwrap_or_else(|refusal| panic!("{step:?}: {refusal:?}"));
            if let Outcome::Stands(order) = &outcome
                && order.times.ready_at == Some(step.at)
            {
                self.ready.insert(order.id, (step.at, order.ageing(step.at)));
            }
            self.simulation.settle(step.ticket, outcome);
            self.steps.push(step);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[test]
fn the_same_seed_gives_the_same_day_and_another_seed_another() {
    let rush = opens_at(NOON, &settings(1));
    let one = play(&settings(1), rush).steps;
    assert!(one.len() > 1000, "{}", one.len());
    assert_eq!(one, play(&settings(1), rush).steps);
    assert_ne!(one, play(&settings(2), rush).steps);
}

#[test]
fn the_day_does_not_depend_on_how_the_answers_are_gathered() {
    let settings = settings(4);
    let rush = opens_at(NOON, &settings);
    let one = play(&settings, rush).steps;
    let mut simulation = Simulation::new(&settings, rush);
    let mut model = Model::default();
    let mut steps = Vec::new();
    loop {
        let batch = super::super::driver::next_batch(&mut simulation, rush);
        if batch.is_empty() {
            break;
        }
        for step in &batch {
            let outcome = model.carry_out(&step.action, step.at).expect("legal");
            simulation.settle(step.ticket, outcome);
        }
        steps.extend(batch);
    }
    assert_eq!(one.len(), steps.len());
    assert_eq!(one, steps);
}

#[test]
fn the_demo_opens_in_the_rush_with_work_in_every_lane() {
    let mut counts = Vec::new();
    for seed in 0..12 {
        let settings = settings(seed);
        let rush = opens_at(NOON, &settings);
        let played = play(&settings, rush);
        assert_eq!(played.model.open(), played.simulation.open());
        let lanes = |wanted: OrderStatus| {
            played.model.orders.values().filter(|order| order.status == wanted).count()
        };
        counts.push(played.model.open());
        assert!(lanes(OrderStatus::Preparing) > 0 && lanes(OrderStatus::Ready) > 0);
    }
    let mean = share(counts.iter().sum(), counts.len());
    assert!((20.0..36.0).contains(&mean), "{counts:?}");
}

#[test]
fn the_rush_is_neither_all_green_nor_all_red() {
    let (mut on_time, mut warn, mut late) = (0, 0, 0);
    for seed in 0..16 {
        let settings = settings(seed);
        let rush = opens_at(NOON, &settings);
        let played = play(&settings, rush.plus(3 * 60 * MINUTE));
        let mut day = [0_usize; 3];
        for (at, ageing) in played.ready.values() {
            if at.since(rush).abs() > 90 * MINUTE {
                continue;
            }
            match ageing {
                Ageing::OnTime => day[0] += 1,
                Ageing::Warn => day[1] += 1,
                Ageing::Late => day[2] += 1,
            }
        }
        on_time += day[0];
        warn += day[1];
        late += day[2];
    }
    let all = on_time + warn + late;
    let (on_time, warn, late) = (share(on_time, all), share(warn, all), share(late, all));
    assert!((0.73..0.87).contains(&on_time), "{on_time}");
    assert!((0.09..0.20).contains(&warn), "{warn}");
    assert!((0.025..0.09).contains(&late), "{late}");
}

#[test]
fn a_few_orders_are_called_off_changed_and_brought_back() {
    let (mut all, mut off, mut changed, mut recalled, mut reasons) = (0, 0, 0, 0, HashMap::new());
    for seed in 0..8 {
        let settings = settings(seed);
        let played = play(&settings, opens_at(NOON, &settings).plus(5 * 60 * MINUTE));
        all += played.model.orders.len();
        for order in played.model.orders.values() {
            if matches!(order.status, OrderStatus::Cancelled | OrderStatus::Rejected) {
                off += 1;
                let reason = order.last_change.reason.clone().expect("somebody says why");
                *reasons.entry(reason).or_insert(0) += 1;
            }
        }
        for step in &played.steps {
            match &step.action {
                Action::Item { status: ItemStatus::Void, .. } | Action::Recount { .. } => {
                    changed += 1;
                }
                Action::Transition { reason: Some(reason), .. }
                    if reason == "Bumped by mistake" =>
                {
                    recalled += 1;
                }
                _ => {}
            }
        }
    }
    let off = share(off, all);
    assert!((0.015..0.04).contains(&off), "{off}");
    let changed = share(changed, all);
    assert!((0.015..0.05).contains(&changed), "{changed}");
    let recalled = share(recalled, all);
    assert!((0.01..0.03).contains(&recalled), "{recalled}");
    assert!(reasons.len() >= 4, "{reasons:?}");
}

#[test]
fn some_orders_wait_and_some_are_made_before_all_others() {
    let (mut all, mut held, mut released, mut hurried, mut scheduled) = (0, 0, 0, 0, 0);
    for seed in 0..8 {
        let settings = settings(seed);
        let played = play(&settings, opens_at(NOON, &settings).plus(6 * 60 * MINUTE));
        all += played.model.orders.len();
        for Step { at, action, .. } in &played.steps {
            match action {
                Action::Mark { held: Some(true), .. } => held += 1,
                Action::Mark { held: Some(false), .. } => released += 1,
                Action::Mark { rush: Some(true), .. } => hurried += 1,
                Action::Place { order, .. } => {
                    let due_at = order.fulfilment.due_at.expect("promised");
                    scheduled += usize::from(due_at.since(*at) > 90 * MINUTE);
                }
                _ => {}
            }
        }
        // What waited was made in the end.
        assert_eq!(played.model.open(), 0);
    }
    assert!((0.01..0.04).contains(&share(held, all)), "{held} of {all}");
    assert!(released > 0 && released <= held, "{released} of {held}");
    assert!((0.003..0.03).contains(&share(hurried, all)), "{hurried} of {all}");
    assert!(scheduled > 0);
}

#[test]
fn the_day_ends_with_nothing_left_and_the_next_one_begins() {
    let settings = settings(9);
    let rush = opens_at(NOON, &settings);
    let mut played = play(&settings, rush.plus(6 * 60 * MINUTE));
    assert_eq!(played.model.open(), 0);
    let orders = played.model.orders.len();
    let opening = played.simulation.asleep_until().expect("the night");
    assert!(opening > rush && opening.since(rush) < 24 * 60 * MINUTE);
    played.go_on(rush.plus(24 * 60 * MINUTE));
    assert!(played.model.orders.len() > orders + 200);
    assert!(played.model.open() > 10);
    assert_eq!(played.simulation.asleep_until(), None);
}

#[test]
fn nobody_is_forgotten() {
    for seed in 20..26 {
        let settings = settings(seed);
        let rush = opens_at(NOON, &settings);
        let played = play(&settings, rush);
        for order in played.model.orders.values().filter(|order| order.status.is_open()) {
            let due_at = order.times.due_at.expect("promised");
            let stale = rush.since(due_at.max(order.times.placed_at));
            assert!(stale < 60 * MINUTE, "{order:?}");
        }
        // Everybody was made something, and what was made was ticked.
        for order in played.model.orders.values() {
            if order.status == OrderStatus::Completed {
                let made = order
                    .items
                    .iter()
                    .all(|item| matches!(item.status, ItemStatus::Done | ItemStatus::Void));
                assert!(made, "{order:?}");
            }
        }
    }
}

#[test]
fn every_text_keeps_within_the_limits() {
    let settings = settings(3);
    for step in play(&settings, opens_at(NOON, &settings)).steps {
        match step.action {
            Action::Place { key, order } => {
                assert!(key.len() <= limits::KEY);
                let external_id = order.source.external_id.unwrap_or_default();
                assert!(external_id.len() <= limits::KEY);
                let fulfilment = order.fulfilment;
                assert!(fulfilment.address.unwrap_or_default().chars().count() <= limits::ADDRESS);
                assert!(fulfilment.table.unwrap_or_default().chars().count() <= limits::LABEL);
                let due_in = fulfilment.due_at.expect("promised").since(step.at);
                assert!((5 * MINUTE..12 * 60 * MINUTE).contains(&due_in), "{due_in}");
            }
            Action::Transition { reason, actor, .. } => {
                assert!(reason.unwrap_or_default().chars().count() <= limits::NOTE);
                assert!(actor.id.chars().count() <= limits::LABEL);
            }
            Action::Item { actor, .. }
            | Action::Recount { actor, .. }
            | Action::Mark { actor, .. }
            | Action::Acknowledge { actor, .. } => {
                assert!(actor.id.chars().count() <= limits::LABEL);
            }
            Action::Look { .. } => {}
        }
    }
}

#[test]
fn a_ticket_that_a_person_touches_is_left_to_them_for_a_while() {
    let settings = settings(5);
    let rush = opens_at(NOON, &settings);
    let mut played = play(&settings, rush);
    let order = played
        .model
        .orders
        .values()
        .find(|order| order.status == OrderStatus::Preparing)
        .expect("something is being made")
        .clone();
    let bump = Change {
        action: DomainAction::Transition { to: OrderStatus::Ready, reason: None },
        expected_version: order.version,
        actor: Actor { kind: ActorKind::Staff, id: "board".to_owned() },
    };
    let bumped = played.model.change(order.id, &bump, rush).expect("legal").clone();
    played.simulation.notice(&bumped, rush);
    let before = played.steps.len();
    played.go_on(rush.plus(19_000));
    let touched = |step: &Step| match &step.action {
        Action::Transition { order: id, .. }
        | Action::Item { order: id, .. }
        | Action::Recount { order: id, .. }
        | Action::Mark { order: id, .. }
        | Action::Acknowledge { order: id, .. }
        | Action::Look { order: id } => *id == order.id,
        Action::Place { .. } => false,
    };
    assert!(!played.steps[before..].iter().any(touched));
    played.go_on(rush.plus(60 * MINUTE));
    let first = played.steps[before..].iter().find(|step| touched(step)).expect("taken up again");
    assert!(matches!(first.action, Action::Look { .. }));
    assert!(!played.model.orders[&order.id].status.is_open());
}

#[test]
fn a_conflict_is_a_person_at_work() {
    let settings = settings(6);
    let rush = opens_at(NOON, &settings);
    let mut played = play(&settings, rush);
    let mut bumped = None;
    while bumped.is_none() {
        let Some(step) = played.simulation.advance() else { continue };
        if let Action::Transition { order, to: OrderStatus::Ready, .. } = &step.action {
            bumped = Some((*order, step.at));
            played.simulation.settle(step.ticket, Outcome::Conflict);
        } else {
            let outcome = played.model.carry_out(&step.action, step.at).expect("legal");
            played.simulation.settle(step.ticket, outcome);
        }
    }
    let (order, at) = bumped.expect("found");
    played.go_on(at.plus(90 * MINUTE));
    assert!(!played.model.orders[&order].status.is_open());
}

#[test]
fn an_order_from_outside_is_worked_like_any_other() {
    let settings = settings(8);
    let rush = opens_at(NOON, &settings);
    let mut played = play(&settings, rush);
    let mut foreign = played.model.orders.values().next().expect("an order").clone();
    for (index, service) in Service::ALL.into_iter().enumerate() {
        foreign.id = OrderId(Uuid::from_u128(1 << 100 | u128::try_from(index).expect("small")));
        foreign.version = crate::domain::Version::FIRST;
        foreign.status = OrderStatus::Placed;
        foreign.fulfilment.service = service;
        foreign.times.due_at = None;
        foreign.items[0].name = "Grandmother's soup".to_owned();
        foreign.items[0].station = crate::domain::Station::parse("kitchen").expect("valid");
        for item in &mut foreign.items {
            item.status = ItemStatus::Todo;
        }
        played.model.orders.insert(foreign.id, foreign.clone());
        played.simulation.notice(&foreign, rush);
        // Seen twice, made once.
        played.simulation.notice(&foreign, rush);
    }
    played.go_on(rush.plus(3 * MINUTE));
    for order in played.model.orders.values().filter(|order| order.id.0.as_u128() >= 1 << 100) {
        assert!(order.version > crate::domain::Version::FIRST, "{order:?}");
    }
    played.go_on(rush.plus(120 * MINUTE));
    for order in played.model.orders.values().filter(|order| order.id.0.as_u128() >= 1 << 100) {
        assert_eq!(order.status, OrderStatus::Completed);
    }
}
