use super::*;
use crate::{
    app::text::WHY_CANCELLED,
    domain::{
        Actor, ActorKind, Change, Customer, NewItem,
        change::{Action, Edit},
        testing,
    },
};

const MINUTE: i64 = 60_000;
/// 2026-11-23 18:30 in UTC.
const NOW: UnixMillis = UnixMillis(1_795_458_600_000);

fn placed() -> FoodOrder {
    let mut order = testing::order_of(
        142,
        vec![testing::item("grill", "Pad thai", 2), testing::item("fry", "Spring rolls", 1)],
    );
    order.customer = Customer { name: "Ana K".to_owned(), phone: Some("555-0134".to_owned()) };
    order.fulfilment.address = Some("12 Long Street".to_owned());
    order.fulfilment.instructions = Some("ring twice".to_owned());
    order.items[0].allergens = vec!["peanut".to_owned()];
    order.items[0].note = Some("sauce apart".to_owned());
    order.items[0].modifiers = vec![Modifier {
        kind: ModifierKind::No,
        name: "onion".to_owned(),
        quantity: 1,
        unit_price: crate::domain::MinorUnits(0),
    }];
    order.times.placed_at = NOW;
    order.times.warn_at = Some(NOW.plus(11 * MINUTE));
    order.times.promised_at = Some(NOW.plus(15 * MINUTE));
    order
}

fn view(order: &FoodOrder, now: UnixMillis, language: Language) -> View {
    View::at(order, "0123", now, &TimeZone::UTC, Texts::of(language))
}

/// What is read of it.
fn read(order: &FoodOrder, now: UnixMillis) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for character in view(order, now, Language::English).view.chars() {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            character if !inside => plain.push(character),
            _ => {}
        }
    }
    plain
}

#[test]
fn a_customer_sees_what_is_theirs_and_nothing_else() {
    let mut order = placed();
    order.last_change.reason = Some("a difficult one".to_owned());
    order.last_change.actor = Actor { kind: ActorKind::Staff, id: "Maria".to_owned() };
    let text = read(&order, NOW);
    for part in [
        "We have your order",
        "Order 142",
        "for Ana",
        "2× Pad thai",
        "no onion",
        "sauce apart",
        "peanut",
        "main",
        "18:40–18:45",
        "Received now 18:30",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let whole = view(&order, NOW, Language::English).to_json();
    for secret in ["Ana K", "555", "Long", "ring twice", "difficult", "Maria", "web", "grill"] {
        assert!(!whole.contains(secret), "{secret} is in {whole}");
    }
    assert!(!whole.contains(&order.id.to_string()));
}

#[test]
fn each_status_is_said_for_each_service_in_each_language() {
    let mut order = placed();
    for language in [Language::English, Language::German, Language::Arabic] {
        let mut said = std::collections::BTreeSet::new();
        for service in Service::ALL {
            for status in OrderStatus::ALL {
                order.fulfilment.service = service;
                order.status = status;
                order.times.ready_at = Some(NOW);
                order.times.closed_at = Some(NOW);
                let View { view, title, .. } = view(&order, NOW, language);
                assert!(!view.contains("{}") && !title.contains("{}"), "{view}");
                let sentence = view.split_once("<h1>").and_then(|(_, it)| it.split_once('<'));
                let sentence = sentence.expect("a sentence").0;
                assert!(!sentence.is_empty());
                said.insert(sentence.to_owned());
            }
        }
        // Ready is said in four ways, and completed in three.
        assert_eq!(said.len(), 8 + 4 + 3, "{said:?}");
    }
}

#[test]
fn steps_have_their_times_as_far_as_the_order_has_come() {
    let mut order = placed();
    order.status = OrderStatus::Ready;
    order.times.preparing_at = Some(NOW.plus(2 * MINUTE));
    order.times.ready_at = Some(NOW.plus(9 * MINUTE));
    let later = NOW.plus(10 * MINUTE);
    let text = read(&order, later);
    for step in
        ["Received done 18:30", "Preparing done 18:32", "Ready now 18:39", "Collected to come"]
    {
        assert!(text.contains(step), "{step} is not in {text}");
    }
    let page = view(&order, later, Language::English);
    assert_eq!((page.title.as_str(), page.tone), ("✓ Ready · 142", "ready"));
    assert_eq!(page.icon, ICON_READY);
    assert!(!text.contains("about"), "what is ready has no estimate: {text}");
    // Recalled, it is not ready after all.
    order.status = OrderStatus::Preparing;
    order.times.ready_at = None;
    let text = read(&order, later);
    assert!(text.contains("Ready to come") && !text.contains("18:39"), "{text}");
    assert_eq!(view(&order, later, Language::English).icon, ICON);
}

#[test]
fn who_waits_longer_is_told_so() {
    let mut order = placed();
    order.status = OrderStatus::Preparing;
    let text = read(&order, NOW.plus(20 * MINUTE));
    assert!(text.contains("Taking a bit longer – now about 18:55–19:05"), "{text}");
}

#[test]
fn an_order_for_later_says_for_when_and_on_which_day() {
    let mut order = placed();
    order.flags.scheduled = true;
    let due = NOW.plus(24 * 60 * MINUTE);
    order.times.due_at = Some(due);
    order.times.promised_at = Some(due);
    let text = read(&order, NOW);
    assert!(text.contains("We start in time for 2026-11-24 18:30"), "{text}");
}

#[test]
fn a_reason_in_somebodys_own_words_is_for_the_staff() {
    let mut order = placed();
    order.status = OrderStatus::Cancelled;
    for (reason, told) in [
        ("Item is 86'd", "Something in it is sold out."),
        ("Ausverkauft", "Something in it is sold out."),
        ("sold_out", "Something in it is sold out."),
        ("customer_called", "It was cancelled as you wished."),
        ("customer_cancelled", "It was cancelled as you wished."),
        ("drunk again", "Please ask"),
        ("sold_out", "Something in it is sold out."),
    ] {
        order.last_change.reason = Some(reason.to_owned());
        let text = read(&order, NOW);
        assert!(text.contains(told) && !text.contains("drunk"), "{text}");
    }
}

#[test]
fn each_reason_that_a_board_sends_is_told() {
    let mut order = placed();
    order.status = OrderStatus::Rejected;
    let mut told = std::collections::BTreeSet::new();
    for (name, _) in &REASONS[..WHY_CANCELLED] {
        order.last_change.reason = Some((*name).to_owned());
        told.insert(read(&order, NOW));
    }
    order.last_change.reason = None;
    told.insert(read(&order, NOW));
    assert_eq!(told.len(), WHY_CANCELLED + 1, "{told:?}");
}

#[test]
fn a_note_that_staff_has_added_is_for_the_kitchen() {
    let mut order = placed();
    order.times.fires_at = Some(NOW.plus(90 * MINUTE));
    order.flags.scheduled = true;
    let noted =
        |note: &str| NewItem { note: Some(note.to_owned()), ..testing::item("fry", "Chips", 1) };
    for (later, note) in [(true, "the complainer"), (false, "table of the boss")] {
        order.flags.scheduled = later;
        let edit = Edit { add: vec![noted(note)], ..Edit::default() };
        let change = Change {
            action: Action::Edit(edit),
            expected_version: order.version,
            actor: Actor { kind: ActorKind::Staff, id: "Maria".to_owned() },
        };
        order = change.decide(&order, NOW).expect("allowed").expect("a change");
        // Nothing tells it from the others by time while the order is for later.
        assert_eq!(order.items.last().and_then(|line| line.added_at).is_none(), later);
        let text = read(&order, NOW);
        assert!(text.contains("Chips") && !text.contains(note), "{text}");
        assert!(text.contains("sauce apart"), "{text}");
    }
}

#[test]
fn that_the_kitchen_knows_is_said_when_it_does() {
    let mut order = placed();
    assert!(read(&order, NOW).contains("We saw the allergy: peanut"));
    order.flags.allergens_seen = true;
    assert!(read(&order, NOW).contains("The kitchen knows of the allergy: peanut"));
}

#[test]
fn what_a_customer_can_do_is_offered_while_it_can_be_done() {
    let mut order = placed();
    let shown = |order: &FoodOrder| view(order, NOW, Language::English).view;
    let (cancel, arrive) = ("href=\"0123/cancel\"", "action=\"0123/arrived\"");
    assert!(shown(&order).contains(cancel) && !shown(&order).contains(arrive));
    order.fulfilment.service = Service::Curbside;
    assert!(shown(&order).contains(arrive));
    assert!(view(&order, NOW, Language::English).asks);
    order.status = OrderStatus::Preparing;
    assert!(!shown(&order).contains(cancel) && shown(&order).contains(arrive));
    order.times.arrived_at = Some(NOW.plus(MINUTE));
    order.fulfilment.arrived_note = Some("silver <estate>".to_owned());
    let text = read(&order, NOW.plus(3 * MINUTE));
    assert!(text.contains("You told us at 18:31 that you are here."), "{text}");
    assert!(text.contains("silver &lt;estate&gt;") && !shown(&order).contains(arrive));
    order.status = OrderStatus::Completed;
    assert!(!shown(&order).contains("here"), "nobody waits for what they have");
}

#[test]
fn what_a_customer_writes_is_text() {
    let mut order = placed();
    let hostile = "<img/src=x/onerror=alert(1)>";
    hostile.clone_into(&mut order.customer.name);
    hostile.clone_into(&mut order.items[0].name);
    order.items[0].note = Some(hostile.to_owned());
    order.items[0].allergens = vec![hostile.to_owned()];
    hostile.clone_into(&mut order.items[0].modifiers[0].name);
    let View { view, .. } = view(&order, NOW, Language::English);
    assert!(!view.contains("<img"), "{view}");
    assert_eq!(view.matches("&lt;img").count(), 5);
}

#[test]
fn what_shows_the_same_has_the_same_id() {
    let mut order = placed();
    let id = |order: &FoodOrder| view(order, NOW, Language::English).id;
    let before = id(&order);
    order.version = order.version.next();
    order.customer.phone = None;
    assert_eq!(id(&order), before);
    order.status = OrderStatus::Ready;
    assert_ne!(id(&order), before);
}
