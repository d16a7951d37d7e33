//! The fault harness's own rules: what its checker makes of made-up histories, and that
//! a seed draws the same plan again. `scripts/faults` runs the harness.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use self::harness::{
    checker::{Broken, Verdict, check},
    filter::{ALL, Filter},
    history::{
        Change, Delivery, Digest, Event, Heard, History, Hook, Look, Order, Post, Reader, Told,
        Wish,
    },
    plan::Plan,
};

#[path = "../faults"]
#[expect(dead_code, reason = "the harness itself uses the rest")]
pub(crate) mod harness {
    pub(crate) mod checker;
    pub(crate) mod filter;
    pub(crate) mod history;
    pub(crate) mod plan;
    pub(crate) mod shim;
}

/// A log as it grows, one order after another.
#[derive(Default)]
struct Book {
    history: History,
}

impl Book {
    fn push(&mut self, order: Order) -> Told {
        let seq = self.history.log.len() as u64 + 1;
        let change = &order.last_change;
        let kind = if change.from.as_ref() == Some(&change.to) { "updated" } else { &*change.to };
        let text = format!("{seq} {}", order.id);
        let event = Event {
            seq,
            kind: format!("order.{kind}"),
            digest: Digest::of(&text),
            whole: serde_json::to_value(&order).expect("an order"),
            order: Arc::new(order),
        };
        let (order, version) = (event.order.id.clone(), event.order.version);
        let told = Told { order, version, digest: event.digest };
        self.history.head = seq;
        self.history.log.push(event);
        told
    }

    /// Places an order under `key`, and has that acknowledged.
    fn place(&mut self, key: &str) -> Order {
        let number = self.history.log.len() + 101;
        let order: Value = json!({
            "id": format!("id of {key}"), "number": number, "location": "main", "version": 1,
            "status": "placed", "source": {"channel": "web"}, "fulfilment": {"type": "pickup"},
            "customer": {"name": key},
            "items": [{"id": 1, "name": "Soup", "quantity": 1, "station": "grill", "status": "todo"}],
            "flags": {"rush": false, "held": false, "cancel_unseen": false},
            "times": {"placed_at": 1_790_000_000_000_i64},
            "last_change": {"from": null, "to": "placed", "what": "status",
                            "actor": {"kind": "staff", "id": "faults"}},
        });
        let order: Order = serde_json::from_value(order).expect("an order");
        let acknowledged = vec![self.push(order.clone())];
        let asked = json!({"customer": {"name": key}, "items": [{"name": "Soup", "quantity": 1}]});
        let key = key.to_owned();
        self.history.posts.push(Post { key, asked, acknowledged, refused: false });
        order
    }

    /// Takes an order to `to`, signed, and has that acknowledged.
    fn go(&mut self, order: &Order, to: &str, sign: &str) -> Order {
        let mut after = order.clone();
        after.version += 1;
        to.clone_into(&mut after.status);
        after.last_change.from = Some(order.status.clone());
        to.clone_into(&mut after.last_change.to);
        sign.clone_into(&mut after.last_change.actor.id);
        let status = after.items[0].status.clone();
        let wish = match &*after.last_change.what {
            "item" => Wish::Line { line: 1, status },
            "station" => Wish::Station { station: "grill".to_owned(), status },
            _ => Wish::To(to.to_owned()),
        };
        let told = self.push(after.clone());
        self.history.changes.push(Change {
            sign: sign.to_owned(),
            order: order.id.clone(),
            expected: order.version,
            wish,
            acknowledged: Some(told),
            refused: false,
        });
        after
    }

    /// A reader that was told all that is for it, and all of it in order.
    fn reader(&mut self, filter: Filter) -> &mut Vec<Heard> {
        let told = self.history.log.iter().filter(|event| filter.wants(event)).map(heard);
        let mut heard = vec![Heard::Opened { after: 0 }];
        heard.extend(told);
        heard.push(Heard::Reached { seq: self.history.head });
        let name = "reader".to_owned();
        self.history.readers.push(Reader { name, filter, from_earliest: true, heard });
        &mut self.history.readers.last_mut().expect("a reader").heard
    }

    fn hook(&mut self) -> &mut Vec<Delivery> {
        let accepted = self.history.log.iter().map(|event| Delivery {
            message: format!("message {}", event.seq),
            signed: true,
            seq: event.seq,
            kind: event.kind.clone(),
            digest: event.digest,
        });
        let accepted = accepted.collect();
        self.history.hooks.push(Hook { name: "webhook".to_owned(), filter: ALL, accepted });
        &mut self.history.hooks.last_mut().expect("a webhook").accepted
    }

    #[track_caller]
    fn finds(&self, expected: &[Broken]) {
        let verdict = check(&self.history);
        let mut found: Vec<Broken> = verdict.counts().into_keys().collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{:?}", verdict.broken);
    }
}

fn heard(event: &Event) -> Heard {
    Heard::Event { seq: event.seq, kind: event.kind.clone(), digest: event.digest }
}

/// Two orders, one of which is taken along.
fn evening() -> Book {
    let mut book = Book::default();
    let order = book.place("a");
    book.place("b");
    let order = book.go(&order, "accepted", "sign 1");
    book.go(&order, "preparing", "sign 2");
    book
}

#[test]
fn what_is_as_it_should_be_holds() {
    let mut book = evening();
    book.reader(ALL);
    book.reader(Filter { types: &["order.placed"], ..ALL });
    book.hook();
    let open: Vec<Digest> = [1, 3].map(|index: usize| book.history.log[index].digest).to_vec();
    book.history.lists.insert(String::new(), open);
    book.finds(&[]);
}

#[test]
fn an_acknowledged_order_that_is_not_there_is_lost() {
    let mut book = evening();
    let mut gone = book.history.posts[1].clone();
    gone.key = "c".to_owned();
    gone.acknowledged[0].order = "id of c".to_owned();
    book.history.posts.push(gone);
    book.finds(&[Broken::Lost]);
}

#[test]
fn an_order_without_an_answer_may_be_there_or_not() {
    let mut book = evening();
    book.history.posts[0].acknowledged.clear();
    book.history.posts.push(Post { key: "c".to_owned(), ..Post::default() });
    book.finds(&[]);
}

#[test]
fn a_key_that_made_two_orders_is_found() {
    let mut book = evening();
    let mut twin = book.place("a");
    book.history.posts.pop();
    book.finds_after(|log| {
        twin.id = "another".to_owned();
        let last = log.last_mut().expect("an event");
        last.order = Arc::new(twin);
    });
}

impl Book {
    #[track_caller]
    fn finds_after(mut self, change: impl FnOnce(&mut Vec<Event>)) {
        change(&mut self.history.log);
        self.finds(&[Broken::TwoOrders]);
    }
}

#[test]
fn what_was_refused_and_is_there_is_found() {
    let refused = |key: &str| Post { key: key.to_owned(), refused: true, ..Post::default() };
    let mut book = evening();
    book.history.posts.push(refused("other-b"));
    book.finds(&[]);
    // As an order, whatever its sender was answered.
    let mut book = evening();
    book.history.posts[1] = refused("b");
    book.finds(&[Broken::Undead]);
    let mut book = evening();
    book.history.posts[1].refused = true;
    book.finds(&[Broken::Undead]);
    // As a part of the order that has its key.
    let mut book = evening();
    book.history.posts.push(refused("other-b"));
    book.history.log[1].whole["items"][0]["note"] = "note of other-b".into();
    book.finds(&[Broken::Undead]);
}

#[test]
fn what_nobody_has_done_is_found() {
    let mut book = evening();
    book.history.posts.pop();
    book.history.changes.pop();
    book.finds(&[Broken::MadeUp]);
}

#[test]
fn a_change_that_is_there_twice_is_found() {
    let mut book = evening();
    let order = (*book.history.log[3].order).clone();
    book.go(&order, "ready", "sign 2");
    book.history.changes.pop();
    // The second was made of another version, too, and is not what was asked for.
    book.finds(&[Broken::Doubled, Broken::LostUpdate, Broken::Differs]);
}

#[test]
fn of_two_changes_of_one_version_one_is_a_lost_update() {
    let mut book = evening();
    let other = Change { sign: "sign 3".to_owned(), ..book.history.changes[1].clone() };
    book.history.changes.push(other);
    book.finds(&[Broken::LostUpdate]);
}

#[test]
fn an_acknowledged_change_that_is_not_there_is_lost() {
    let mut book = evening();
    let mut gone = Change { sign: "sign 3".to_owned(), ..book.history.changes[1].clone() };
    gone.expected += 1;
    let digest = Digest::of("gone");
    gone.acknowledged =
        Some(Told { order: gone.order.clone(), version: gone.expected + 1, digest });
    book.history.changes.push(gone);
    book.finds(&[Broken::Lost]);
}

#[test]
fn a_change_may_be_acknowledged_as_what_was_so_already_where_it_was() {
    let (prepared, unprepared) = (Wish::To("preparing".to_owned()), Wish::To("ready".to_owned()));
    let marked = |status: &str| Wish::Line { line: 1, status: status.to_owned() };
    let all =
        |status: &str| Wish::Station { station: "grill".to_owned(), status: status.to_owned() };
    for (wish, found) in [
        (prepared, &[][..]),
        (unprepared, &[Broken::Lost]),
        (marked("todo"), &[]),
        (marked("done"), &[Broken::Lost]),
        (all("todo"), &[]),
        (all("doing"), &[Broken::Lost]),
        (Wish::Rush(false), &[]),
        (Wish::Rush(true), &[Broken::Lost]),
        (Wish::Know, &[]),
    ] {
        let mut book = evening();
        let last = &book.history.changes[1];
        let (told, expected) = (last.acknowledged.clone(), last.expected + 1);
        let sign = "sign 3".to_owned();
        let idle = Change { sign, wish, expected, acknowledged: told, ..last.clone() };
        book.history.changes.push(idle);
        book.finds(found);
    }
}

#[test]
fn an_older_state_than_was_acknowledged_is_found() {
    let look = |at_least: u64, told: Option<u64>| {
        let mut book = evening();
        book.history.looks.push(Look { order: "id of a".to_owned(), at_least, told });
        book
    };
    look(2, Some(2)).finds(&[]);
    look(2, Some(3)).finds(&[]);
    look(0, None).finds(&[]);
    look(2, Some(1)).finds(&[Broken::Stale]);
    look(1, None).finds(&[Broken::Lost]);
}

#[test]
fn what_is_not_what_was_asked_for_is_found() {
    let mut book = evening();
    book.history.posts[1].asked["items"][0]["quantity"] = 2.into();
    book.finds(&[Broken::Differs]);
    let mut book = evening();
    book.history.posts[1].asked["items"][0]["note"] = "no salt".into();
    book.finds(&[Broken::Differs]);
    let mut book = evening();
    book.history.changes[1].wish = Wish::To("ready".to_owned());
    book.finds(&[Broken::Differs]);
    let mut book = evening();
    book.history.changes[1].wish = Wish::Rush(false);
    book.finds(&[Broken::Differs]);
}

#[test]
fn an_answer_that_tells_something_else_than_the_log_is_found() {
    let mut book = evening();
    book.history.posts[1].acknowledged[0].digest = Digest::of("another");
    book.finds(&[Broken::Differs]);
    let mut book = evening();
    let change = book.history.changes[1].acknowledged.as_mut().expect("an answer");
    change.digest = Digest::of("another");
    book.finds(&[Broken::Differs]);
}

#[test]
fn an_answer_is_the_logs_order_but_for_the_address_of_its_page() {
    let order = r#"{"id":"a","version":1,"customer":{"name":"Ana"}}"#;
    let answer = r#"{"id":"a","version":1,"customer":{"name":"Ana"},"tracking_url":"/t/x"}"#;
    let digest = |text: &str| Told::read(text.as_bytes()).expect("an order").digest;
    assert_eq!((digest(order), digest(answer)), (Digest::of(order), Digest::of(order)));
}

#[test]
fn a_step_that_the_state_machine_does_not_have_is_found() {
    let mut book = evening();
    let order = (*book.history.log[1].order).clone();
    book.go(&order, "completed", "sign 3");
    book.finds(&[Broken::Illegal]);
}

#[test]
fn a_station_of_an_order_that_nobody_accepted_may_leave_it_and_not_begin_it() {
    let marked = |was: &str, is: &str| {
        let mut book = evening();
        let mut order = (*book.history.log[1].order).clone();
        for (version, (what, status)) in [("item", was), ("station", is)].into_iter().enumerate() {
            status.clone_into(&mut order.items[0].status);
            what.clone_into(&mut order.last_change.what);
            order = book.go(&order, "placed", &format!("mark {version}"));
        }
        book
    };
    marked("doing", "todo").finds(&[]);
    marked("todo", "doing").finds(&[Broken::Illegal, Broken::Differs]);
}

#[test]
fn a_change_that_takes_another_one_back_is_found() {
    let mut book = evening();
    let mut order = (*book.history.log[3].order).clone();
    order.flags.rush = true;
    book.go(&order, "ready", "sign 3");
    book.finds(&[Broken::Illegal]);
}

#[test]
fn a_change_that_touches_something_else_is_found() {
    let touched = |name: &str, value: Value| {
        let mut book = evening();
        let last = book.history.log.last_mut().expect("an event");
        *last.whole.pointer_mut(name).expect("a part of an order") = value;
        book
    };
    touched("/last_change/actor/id", "sign 3".into()).finds(&[]);
    touched("/flags/cancel_unseen", true.into()).finds(&[]);
    touched("/flags/held", true.into()).finds(&[Broken::Illegal]);
    touched("/customer/name", "c".into()).finds(&[Broken::Illegal]);
    touched("/times/placed_at", 1.into()).finds(&[Broken::Illegal]);
    touched("/items/0/quantity", 2.into()).finds(&[Broken::Illegal]);
    touched("/items/0", json!({"price": 950})).finds(&[Broken::Illegal]);
    let mut book = evening();
    for (event, total) in book.history.log.iter_mut().zip([900, 900, 900, 950]) {
        event.whole["money"] = json!({"total": total});
    }
    book.finds(&[Broken::Illegal]);
}

#[test]
fn a_version_that_is_left_out_is_found() {
    let mut book = evening();
    let mut order = (*book.history.log[3].order).clone();
    order.version += 1;
    book.go(&order, "ready", "sign 3");
    book.finds(&[Broken::Illegal]);
}

#[test]
fn a_gap_in_the_log_is_found() {
    let mut book = evening();
    book.history.log.remove(1);
    book.history.posts.pop();
    let verdict = check(&book.history);
    assert_eq!(verdict.count(Broken::Gap), 2, "{:?}", verdict.broken);
}

#[test]
fn a_number_that_is_given_twice_is_found() {
    let mut book = evening();
    let mut order = book.place("c");
    order.number = 101;
    book.history.log.last_mut().expect("an event").order = Arc::new(order);
    book.finds(&[Broken::NumberTwice]);
}

#[test]
fn an_event_that_a_reader_was_not_told_is_lost() {
    let mut book = evening();
    book.reader(ALL).remove(2);
    book.finds(&[Broken::Lost]);
}

#[test]
fn an_event_that_a_reader_was_told_twice_is_found() {
    let mut book = evening();
    let heard = book.reader(ALL);
    heard.insert(2, heard[1].clone());
    book.finds(&[Broken::Doubled]);
}

#[test]
fn an_event_that_comes_after_a_later_one_is_found() {
    let mut book = evening();
    book.reader(ALL).swap(2, 3);
    book.finds(&[Broken::OutOfOrder]);
}

#[test]
fn a_heartbeat_that_promises_what_comes_later_is_found() {
    let mut book = evening();
    book.reader(ALL).insert(2, Heard::Reached { seq: 2 });
    book.finds(&[Broken::OutOfOrder]);
}

#[test]
fn an_event_that_is_not_for_a_reader_is_a_leak() {
    let mut book = evening();
    let other = heard(&book.history.log[2]);
    book.reader(Filter { types: &["order.placed"], ..ALL }).insert(3, other);
    book.finds(&[Broken::Leak]);
}

#[test]
fn an_event_that_says_something_else_is_found() {
    let mut book = evening();
    let digest = Digest::of("something else");
    book.reader(ALL)[1] = Heard::Event { seq: 1, kind: "order.placed".to_owned(), digest };
    book.finds(&[Broken::Differs]);
}

#[test]
fn a_position_that_is_known_no_more_is_found() {
    let mut book = evening();
    book.reader(ALL).insert(3, Heard::Opened { after: 1 });
    book.finds(&[Broken::Forgotten]);
}

#[test]
fn a_snapshot_in_place_of_what_was_missed_is_found_also_where_one_was_requested() {
    let mut book = evening();
    let open = [1, 3].map(|index: usize| book.history.log[index].digest);
    let reason = "requested".to_owned();
    let snapshot = Heard::Snapshot { seq: 4, reason, orders: open.to_vec() };
    let heard = book.reader(ALL);
    heard.splice(3..5, [Heard::Broken, snapshot]);
    book.finds(&[Broken::Forgotten]);
}

#[test]
fn a_reader_that_never_came_to_the_end_is_found() {
    let mut book = evening();
    let heard = book.reader(ALL);
    heard.truncate(3);
    book.finds(&[Broken::Behind]);
}

#[test]
fn a_snapshot_that_leaves_an_order_out_is_found() {
    let mut book = evening();
    let digest = book.history.log[0].digest;
    let reason = "requested".to_owned();
    let heard = book.reader(ALL);
    heard.splice(0..3, [Heard::Snapshot { seq: 2, reason, orders: vec![digest] }]);
    book.history.readers[0].from_earliest = false;
    book.finds(&[Broken::Differs]);
}

#[test]
fn a_board_that_shows_something_else_than_the_list_went_astray() {
    let mut book = evening();
    book.reader(ALL);
    let old: Vec<Digest> = [0, 1].map(|index: usize| book.history.log[index].digest).to_vec();
    book.history.lists.insert(String::new(), old);
    book.finds(&[Broken::Astray]);
}

#[test]
fn a_message_that_is_not_signed_is_found() {
    let mut book = evening();
    book.hook()[1].signed = false;
    book.finds(&[Broken::MadeUp]);
}

#[test]
fn a_webhook_that_was_not_sent_something_is_found() {
    let mut book = evening();
    book.hook().remove(1);
    book.finds(&[Broken::Lost]);
}

#[test]
fn a_webhook_is_sent_an_orders_events_in_order_and_others_as_they_come() {
    let mut book = evening();
    book.hook().swap(1, 2);
    book.finds(&[]);
    let mut book = evening();
    book.hook().swap(2, 3);
    book.finds(&[Broken::OutOfOrder]);
}

#[test]
fn a_webhook_may_repeat_the_last_of_an_order_under_its_id() {
    let mut book = evening();
    let accepted = book.hook();
    accepted.insert(3, accepted[2].clone());
    // It may where an answer was lost.
    book.finds(&[Broken::Doubled]);
    book.history.disturbances = 1;
    book.finds(&[]);
    let accepted = &mut book.history.hooks[0].accepted;
    accepted.push(accepted[0].clone());
    book.finds(&[Broken::OutOfOrder]);
    let mut book = evening();
    let accepted = book.hook();
    accepted.insert(3, Delivery { message: "other".to_owned(), ..accepted[2].clone() });
    book.finds(&[Broken::Doubled]);
}

#[test]
fn a_run_that_stops_short_says_why_and_what_was_odd_until_then() {
    let mut book = evening();
    book.history.odd.push("it panicked".to_owned());
    let verdict = Verdict::stuck("no answer".to_owned(), &book.history);
    assert_eq!(
        verdict.counts().into_iter().collect::<Vec<_>>(),
        [(Broken::Stuck, 1), (Broken::Odd, 1)]
    );
}

#[test]
fn what_nobody_may_see_at_all_is_told() {
    let mut book = evening();
    book.history.odd.push("it panicked".to_owned());
    book.finds(&[Broken::Odd]);
}

#[test]
fn a_seed_draws_the_same_again_and_another_something_else() {
    let length = Duration::from_secs(8);
    let drawn = |seed| Plan::draw(seed, length).steps;
    assert_eq!(drawn(7), drawn(7));
    assert_ne!(drawn(7), drawn(8));
}

#[test]
fn of_twenty_seeds_every_kind_of_fault_comes() {
    let mut names: Vec<&str> = (1..=20)
        .flat_map(|seed| Plan::draw(seed, Duration::from_secs(8)).steps)
        .map(|(_, act)| act.name())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 17, "{names:?}");
}
