use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{
    Actor, ActorKind, Channel, Currency, Customer, Fulfilment, Location, MinorUnits, NewItem,
    NewOrder, Promise, Service, Source, Station, UnixMillis,
    change::{Acknowledged, Action, Change},
};

fn placed(number: u32) -> FoodOrder {
    let item = |name: &str, station: &str| NewItem {
        name: name.to_owned(),
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
        fulfilment: Fulfilment { service: Service::Pickup, ..Fulfilment::default() },
        customer: Customer::default(),
        items: vec![item("Soup", "hot"), item("Fries", "fry")],
        currency: Currency::parse("EUR").expect("valid"),
        tax: MinorUnits(0),
        tip: MinorUnits(0),
        fees: MinorUnits(0),
        discount: MinorUnits(0),
        rush: false,
    }
    .place(
        OrderId(uuid::Uuid::from_u128(u128::from(number))),
        OrderNumber(number),
        UnixMillis(1_000),
        Promise::default(),
    )
}

fn to(order: &FoodOrder, to: OrderStatus) -> Request {
    Request {
        method: "POST",
        path: format!("/api/orders/{}/transitions", order.id),
        body: json!({"to": to.as_str(), "actor": {"kind": "staff", "id": "grill"}}).to_string(),
    }
}

fn tick(order: &FoodOrder, item: u32, status: ItemStatus) -> Request {
    Request {
        method: "PATCH",
        path: format!("/api/orders/{}/items/{item}", order.id),
        body: json!({"status": status.as_str(), "actor": {"kind": "staff", "id": "grill"}})
            .to_string(),
    }
}

fn of(order: &FoodOrder, method: &'static str, way: &str, body: &serde_json::Value) -> Request {
    Request { method, path: format!("/api/orders/{}{way}", order.id), body: body.to_string() }
}

/// An order on the server, with every version that it has had.
struct Kept {
    versions: Vec<FoodOrder>,
    /// Which action of the board's made which version.
    made: Vec<(u64, Version)>,
}

impl Kept {
    fn new(number: u32) -> Self {
        let mut placed = placed(number);
        // One of them is for later.
        placed.flags.scheduled = number.is_multiple_of(2);
        Self { versions: vec![placed], made: Vec::new() }
    }

    fn now(&self) -> &FoodOrder {
        self.versions.last().expect("it was placed")
    }

    /// What the server's own rules make of `request`; none when it would not.
    fn take(
        &mut self,
        request: &Request,
        version: Version,
        actor: &str,
        key: Option<u64>,
    ) -> Option<Version> {
        let action = match request.wish() {
            Wish::Status(to) => Action::Transition { to, reason: None },
            Wish::Item(item) => {
                Action::Item { item, status: request.field("status").expect("a status") }
            }
            Wish::Stations(_) | Wish::Other => Self::other(request),
        };
        let actor = Actor { kind: ActorKind::Staff, id: actor.to_owned() };
        let change = Change { action, expected_version: version, actor };
        if let Some(next) = change.decide(self.now(), UnixMillis(2_000)).ok()? {
            self.made.extend(key.map(|key| (key, next.version)));
            self.versions.push(next);
        }
        Some(self.now().version)
    }

    fn other(request: &Request) -> Action {
        let stations: Vec<String> = request.field("stations").unwrap_or_default();
        let stations =
            stations.iter().map(|station| Station::parse(station).expect("valid")).collect();
        let flag = |name| request.field::<Option<bool>>(name).flatten();
        match request.way().0 {
            Some("stations") => {
                Action::Stations { stations, status: request.field("status").expect("a status") }
            }
            Some("acknowledge") => {
                let of: String = request.field("of").expect("of what");
                Action::Acknowledge { of: of.parse().expect("known"), stations }
            }
            Some("fire") => Action::Fire,
            way => {
                assert_eq!(way, None, "what else is there?");
                Action::Flags { rush: flag("rush"), held: flag("held") }
            }
        }
    }

    fn history(&self) -> Json {
        let steps: Vec<_> = self
            .versions
            .iter()
            .map(|order| {
                json!({
                    "version": order.version, "to": order.last_change.to,
                    "actor": order.last_change.actor, "items": order.items,
                })
            })
            .collect();
        Json::parse(&json!(steps).to_string()).expect("JSON")
    }
}

/// What becomes of something that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Answered,
    NeverArrives,
    AnswerLost,
    Busy,
    /// The page is loaded anew before there is an answer.
    Reloaded {
        arrived: bool,
    },
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Act {
        order: usize,
        what: u8,
    },
    Other {
        order: usize,
        what: u8,
    },
    /// The stream brings what it has not yet, each version or the last alone.
    Stream {
        whole: bool,
    },
    Send(Fate),
    Reload,
    /// The page looks what the device remembers.
    Look,
    /// The device has room for what waits, or not.
    Room(bool),
    Retry(usize),
    Dismiss(usize),
}

const ORDERS: usize = 2;

fn step() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![
        4 => Just(Fate::Answered),
        1 => Just(Fate::NeverArrives),
        2 => Just(Fate::AnswerLost),
        1 => Just(Fate::Busy),
        1 => any::<bool>().prop_map(|arrived| Fate::Reloaded { arrived }),
    ];
    prop_oneof![
        5 => (0..ORDERS, any::<u8>()).prop_map(|(order, what)| Step::Act { order, what }),
        2 => (0..ORDERS, any::<u8>()).prop_map(|(order, what)| Step::Other { order, what }),
        2 => any::<bool>().prop_map(|whole| Step::Stream { whole }),
        6 => fate.prop_map(Step::Send),
        1 => Just(Step::Reload),
        2 => Just(Step::Look),
        1 => any::<bool>().prop_map(Step::Room),
        1 => (0..ORDERS).prop_map(Step::Retry),
        1 => (0..ORDERS).prop_map(Step::Dismiss),
    ]
}

struct World {
    server: Vec<Kept>,
    /// The versions that the board has seen.
    board: Vec<usize>,
    outbox: Outbox,
    device: BTreeMap<u64, String>,
    has_room: bool,
    /// Every action ever put in: of which order and what.
    all: BTreeMap<u64, (usize, Request)>,
    dismissed: Vec<u64>,
    /// What somebody had done again.
    retried: Vec<u64>,
    clock: u64,
}

impl World {
    fn new() -> Self {
        Self {
            server: (0..ORDERS)
                .map(|place| Kept::new(101 + u32::try_from(place).unwrap()))
                .collect(),
            board: vec![0; ORDERS],
            outbox: Outbox::default(),
            device: BTreeMap::new(),
            has_room: true,
            all: BTreeMap::new(),
            dismissed: Vec::new(),
            retried: Vec::new(),
            clock: 0,
        }
    }

    fn remember(&mut self) {
        let (device, has_room) = (&mut self.device, self.has_room);
        self.outbox.save(&mut |key, text| {
            let kept = has_room || text.is_none();
            match text {
                Some(text) if has_room => drop(device.insert(key, text)),
                Some(_) => {}
                None => drop(device.remove(&key)),
            }
            kept
        });
    }

    /// What the device remembers, in any order, as a browser has it.
    fn remembered(&self) -> Vec<Entry> {
        let entry = |(key, text): (&u64, &String)| Entry::parse(*key, text).expect("its own text");
        self.device.iter().rev().map(entry).collect()
    }

    fn look(&mut self) {
        let before = self.outbox.clone();
        self.outbox.take_up(self.remembered());
        assert_eq!(self.outbox.entries(), before.entries(), "a look takes nothing away");
    }

    fn reload(&mut self) {
        let mut outbox = Outbox::default();
        outbox.take_up(self.remembered());
        if self.outbox.is_saved() {
            assert_eq!(outbox.entries(), self.outbox.entries(), "all that waits is remembered");
        } else {
            // The page said so.
            let lost = self.outbox.entries().iter().map(|entry| entry.key);
            self.dismissed.extend(lost.filter(|key| outbox.get(*key).is_none()));
        }
        self.outbox = outbox;
        self.stream(false);
    }

    fn stream(&mut self, whole: bool) {
        for (kept, seen) in self.server.iter().zip(&mut self.board) {
            let last = kept.versions.len() - 1;
            let from = if whole { *seen + 1 } else { last };
            for order in kept.versions.get(from..).unwrap_or_default() {
                self.outbox.seen(order);
            }
            *seen = last;
        }
        self.remember();
    }

    /// What somebody would press who sees `order`.
    fn request(order: &FoodOrder, what: u8) -> Request {
        let next = order.status.next(order.fulfilment.service);
        let actor = json!({"kind": "staff", "id": "grill"});
        let FoodOrder { flags, .. } = order;
        match what % 11 {
            5 => return of(order, "PATCH", "", &json!({"rush": !flags.rush, "actor": actor})),
            6 => return of(order, "PATCH", "", &json!({"held": !flags.held, "actor": actor})),
            7 | 8 => {
                let status = if what.is_multiple_of(2) { "done" } else { "doing" };
                let body = json!({"stations": ["hot"], "status": status, "actor": actor});
                return of(order, "POST", "/stations", &body);
            }
            9 => {
                let body = json!({"of": "allergens", "actor": actor});
                return of(order, "POST", "/acknowledge", &body);
            }
            10 => return of(order, "POST", "/fire", &json!({"actor": actor})),
            _ => {}
        }
        match (what % 5, next) {
            (0..=2, Some(next)) => to(order, next),
            (3, _) => tick(order, 1, ItemStatus::Done),
            (4, _) if order.status == OrderStatus::Preparing => to(order, OrderStatus::Cancelled),
            (_, Some(_)) => tick(order, 2, ItemStatus::Done),
            (_, None) => to(order, OrderStatus::Ready),
        }
    }

    fn send(&mut self, fate: Fate) {
        let Some(key) = self.outbox.next() else { return };
        let (request, version) = self.outbox.sending(key).expect("it waits");
        self.remember();
        let place = self.all[&key].0;
        let arrives =
            !matches!(fate, Fate::NeverArrives | Fate::Busy | Fate::Reloaded { arrived: false });
        let took = arrives.then(|| self.server[place].take(&request, version, "grill", Some(key)));
        match (fate, took.flatten()) {
            (Fate::Reloaded { .. }, _) => self.reload(),
            (Fate::Busy, _) => self.outbox.not_now(key),
            (Fate::Answered, Some(version)) => self.outbox.done(key, version),
            (Fate::Answered, None) => {
                let kept = &self.server[place];
                let made = request.is_made_in(version, kept.history());
                self.outbox.looked(key, kept.now(), made, "somebody was faster");
            }
            _ => self.outbox.lost(key),
        }
        self.remember();
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Act { order: place, what } => {
                let order = &self.server[place].versions[self.board[place]];
                let mut shown = order.clone();
                for entry in self.outbox.of(order.id) {
                    entry.request.apply(&mut shown);
                }
                let request = Self::request(&shown, what);
                let (id, number, version) = (order.id, order.number, order.version);
                self.clock += 1;
                if let Ok(key) = self.outbox.put(self.clock, id, number, version, request.clone()) {
                    self.all.insert(key, (place, request));
                }
            }
            Step::Other { order, what } => {
                let kept = &mut self.server[order];
                let request = Self::request(kept.now(), what);
                let version = kept.now().version;
                kept.take(&request, version, "expo", None);
            }
            Step::Stream { whole } => self.stream(whole),
            Step::Send(fate) => self.send(fate),
            Step::Reload => self.reload(),
            Step::Look => self.look(),
            Step::Room(has_room) => self.has_room = has_room,
            Step::Retry(place) => {
                let id = self.server[place].now().id;
                let refused = self.outbox.of(id).filter(|entry| entry.refused.is_some());
                self.retried.extend(refused.map(|entry| entry.key));
                let order = &self.server[place].versions[self.board[place]];
                self.outbox.retry(order.id, order.version);
            }
            Step::Dismiss(place) => {
                let before: Vec<u64> = self.outbox.entries().iter().map(|it| it.key).collect();
                self.outbox.dismiss(self.server[place].now().id);
                let gone = before.into_iter().filter(|key| self.outbox.get(*key).is_none());
                self.dismissed.extend(gone);
            }
        }
        self.remember();
        for kept in &self.server {
            for (key, _) in &kept.made {
                let times = kept.made.iter().filter(|(other, _)| other == key).count();
                // Of what says nothing in the history, somebody may be told that it
                // is not so any more, and have it done again.
                let tells = matches!(self.all[key].1.wish(), Wish::Status(_) | Wish::Item(_));
                let again = self.retried.contains(key) && !tells;
                assert!(times == 1 || again, "{key} was carried out twice");
            }
        }
    }

    /// The network is good for long enough.
    fn settle(&mut self) {
        self.stream(true);
        while self.outbox.next().is_some() {
            self.run(Step::Send(Fate::Answered));
            self.stream(true);
        }
        for (key, (place, request)) in &self.all {
            let kept = &self.server[*place];
            let made = kept.made.iter().any(|(it, _)| it == key);
            let is_so = kept.versions.iter().any(|order| request.is_done_in(order));
            let waits = self.outbox.get(*key).is_some_and(|entry| {
                self.outbox.of(entry.order).next().is_some_and(|first| first.refused.is_some())
            });
            assert!(
                made || is_so || waits || self.dismissed.contains(key),
                "{key} is lost: {request:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_done_twice(
        steps in proptest::collection::vec(step(), 1..60)
    ) {
        let mut world = World::new();
        for step in steps {
            world.run(step);
        }
        world.settle();
    }

    #[test]
    fn a_ticket_shows_what_the_server_will_make_of_what_waits(
        whats in proptest::collection::vec(any::<u8>(), 1..12)
    ) {
        let mut kept = Kept::new(101);
        let mut shown = kept.now().clone();
        for what in whats {
            let request = World::request(kept.now(), what);
            let version = kept.now().version;
            if kept.take(&request, version, "grill", None).is_some() {
                request.apply(&mut shown);
            }
            let look = |order: &FoodOrder| {
                let lines: Vec<_> = order.items.iter().map(|line| line.status).collect();
                (order.status, lines)
            };
            prop_assert_eq!(look(&shown), look(kept.now()), "{:?}", request);
        }
    }

    #[test]
    fn what_is_remembered_is_what_was_put_in(
        expected in proptest::option::of(1_u32..9), sent: bool,
        why in proptest::option::of("[a-z:!– ]{0,20}"), body in "\\{[a-z\"\\\\:é ]{1,20}\\}",
    ) {
        let order = placed(7);
        let entry = Entry {
            key: 9, order: order.id, number: order.number,
            request: Request { method: "PATCH", path: "/api/orders/x".to_owned(), body },
            expected: expected.map(Version), sent, refused: why,
        };
        prop_assert_eq!(Entry::parse(9, &entry.to_text()), Some(entry));
    }
}

#[test]
fn a_chain_goes_by_the_version_that_the_one_before_made() {
    let order = placed(101);
    let mut outbox = Outbox::default();
    let put = |outbox: &mut Outbox, status| {
        outbox.put(1, order.id, order.number, order.version, to(&order, status)).expect("room")
    };
    let first = put(&mut outbox, OrderStatus::Accepted);
    let second = put(&mut outbox, OrderStatus::Preparing);
    assert_eq!(outbox.next(), Some(first));
    let (request, version) = outbox.sending(first).expect("it waits");
    assert!(request.body_for(version).starts_with("{\"expected_version\":1,\""));
    assert_eq!(outbox.next(), None, "the second has no version yet");
    outbox.done(first, Version(2));
    assert_eq!(outbox.sending(second).map(|it| it.1), Some(Version(2)));
}

#[test]
fn the_same_once_more_takes_back_a_switch_and_nothing_else() {
    let order = placed(101);
    let stations = |status: &str| {
        let body = json!({"stations": ["hot"], "status": status});
        of(&order, "POST", "/stations", &body)
    };
    let mut outbox = Outbox::default();
    let mut press = |request: Request| {
        if !outbox.is_again(order.id, &request) {
            outbox.put(1, order.id, order.number, order.version, request).expect("room");
        }
        outbox.of(order.id).count()
    };
    assert_eq!(press(stations("doing")), 1);
    assert_eq!(press(stations("doing")), 1, "it is begun, once");
    assert_eq!(press(stations("done")), 2);
    assert_eq!(press(of(&order, "POST", "/acknowledge", &json!({"of": "change"}))), 3);
    assert_eq!(press(of(&order, "POST", "/acknowledge", &json!({"of": "change"}))), 3);
    assert_eq!(press(of(&order, "POST", "/fire", &json!({}))), 4);
    assert_eq!(press(of(&order, "POST", "/fire", &json!({}))), 4);
    assert_eq!(press(tick(&order, 1, ItemStatus::Done)), 5);
    assert_eq!(press(tick(&order, 1, ItemStatus::Done)), 4, "ticked by mistake");
    assert_eq!(press(of(&order, "PATCH", "", &json!({"rush": true}))), 5);
    assert_eq!(press(of(&order, "PATCH", "", &json!({"rush": true}))), 4);
}

#[test]
fn what_was_refused_is_not_among_what_will_be_sent() {
    let (one, other) = (placed(101), placed(102));
    let mut outbox = Outbox::default();
    for order in [&one, &one, &other] {
        let request = to(order, OrderStatus::Accepted);
        outbox.put(1, order.id, order.number, order.version, request).expect("room");
    }
    assert_eq!(outbox.to_send().count(), 3);
    let first = outbox.next().expect("it waits");
    outbox.refuse(first, "somebody was faster");
    let left: Vec<OrderId> = outbox.to_send().map(|entry| entry.order).collect();
    assert_eq!(left, [other.id], "nor what waits behind it");
}

#[test]
fn what_is_taken_back_is_what_was_done_last_here_and_never_sent() {
    let (one, other) = (placed(101), placed(102));
    let mut outbox = Outbox::default();
    let mut keys = Vec::new();
    for order in [&one, &other, &one] {
        let request = to(order, OrderStatus::Accepted);
        keys.push(outbox.put(1, order.id, order.number, order.version, request).expect("room"));
    }
    let last =
        |outbox: &Outbox, here: OrderId| outbox.last_unsent(|it| it == here).map(|it| it.key);
    assert_eq!(outbox.last_unsent(|_| true).map(|it| it.key), Some(keys[2]));
    assert_eq!(last(&outbox, other.id), Some(keys[1]));
    outbox.forget(keys[2]);
    outbox.sending(keys[0]);
    outbox.lost(keys[0]);
    assert_eq!(last(&outbox, one.id), None, "it may have been carried out");
    outbox.refuse(keys[1], "somebody was faster");
    assert_eq!(outbox.last_unsent(|_| true), None);
}

#[test]
fn what_was_refused_holds_up_its_own_order_alone() {
    let (one, other) = (placed(101), placed(102));
    let mut outbox = Outbox::default();
    for order in [&one, &one, &other] {
        let request = to(order, OrderStatus::Accepted);
        outbox.put(1, order.id, order.number, order.version, request).expect("room");
    }
    let first = outbox.next().expect("it waits");
    outbox.sending(first);
    outbox.refuse(first, "somebody was faster");
    let next = outbox.next().and_then(|key| outbox.get(key)).map(|entry| entry.order);
    assert_eq!(next, Some(other.id));
    outbox.retry(one.id, Version(4));
    assert_eq!(outbox.next(), Some(first));
    outbox.refuse(first, "again");
    outbox.dismiss(one.id);
    assert_eq!(outbox.of(one.id).count(), 0, "what came after went by it");
    assert_eq!(outbox.entries().len(), 1);
}

#[test]
fn what_a_full_device_does_not_remember_is_not_thrown_away() {
    let (one, other) = (placed(101), placed(102));
    let mut outbox = Outbox::default();
    for order in [&one, &other] {
        let request = to(order, OrderStatus::Accepted);
        outbox.put(1, order.id, order.number, order.version, request).expect("room");
    }
    let mut full = |_, text: Option<String>| text.is_none();
    outbox.save(&mut full);
    assert!(!outbox.is_saved());
    // Taking one back needs no room; the other one waits on.
    let [first, second] = [0, 1].map(|place| outbox.entries()[place].key);
    outbox.forget(second);
    outbox.save(&mut full);
    outbox.take_up(Vec::new());
    assert_eq!(outbox.next(), Some(first));
    assert!(!outbox.is_saved(), "the page has to say so");
    // As soon as there is room, it is remembered.
    let mut kept = Vec::new();
    outbox.save(&mut |key, _| {
        kept.push(key);
        true
    });
    assert_eq!(kept, [first]);
    assert!(outbox.is_saved());
    outbox.take_up(Vec::new());
    assert_eq!(outbox.next(), None, "another tab has sent it");
}

#[test]
fn what_is_being_sent_is_not_sent_beside_that() {
    let order = placed(101);
    let mut outbox = Outbox::default();
    let request = to(&order, OrderStatus::Accepted);
    let key = outbox.put(1, order.id, order.number, order.version, request).expect("room");
    assert!(outbox.sending(key).is_some());
    assert_eq!(outbox.sending(key), None);
    outbox.lost(key);
    assert!(outbox.sending(key).is_some());
}

#[test]
fn what_waits_behind_something_given_up_is_sent() {
    let order = placed(101);
    let mut outbox = Outbox::default();
    let put = |outbox: &mut Outbox, status| {
        outbox.put(1, order.id, order.number, order.version, to(&order, status)).expect("room")
    };
    let first = put(&mut outbox, OrderStatus::Accepted);
    let second = put(&mut outbox, OrderStatus::Preparing);
    outbox.sending(first);
    outbox.forget(first);
    assert_eq!(outbox.sending(second).map(|it| it.1), Some(order.version));
}

#[test]
fn nothing_waits_behind_what_nobody_has_decided_on() {
    let (order, other) = (placed(101), placed(102));
    let mut outbox = Outbox::default();
    let put = |outbox: &mut Outbox, order: &FoodOrder, status| {
        outbox.put(1, order.id, order.number, order.version, to(order, status))
    };
    let first = put(&mut outbox, &order, OrderStatus::Accepted).expect("room");
    outbox.sending(first);
    outbox.refuse(first, "somebody was faster");
    let refused = put(&mut outbox, &order, OrderStatus::Preparing);
    assert_eq!(refused, Err(Word::DecideFirst));
    assert!(put(&mut outbox, &other, OrderStatus::Accepted).is_ok());
    outbox.dismiss(order.id);
    assert!(put(&mut outbox, &order, OrderStatus::Preparing).is_ok());
}

#[test]
fn what_lost_the_one_before_it_is_told_of() {
    let order = placed(101);
    let mut outbox = Outbox::default();
    for status in [OrderStatus::Accepted, OrderStatus::Preparing] {
        let request = to(&order, status);
        outbox.put(1, order.id, order.number, order.version, request).expect("room");
    }
    let second = outbox.entries()[1].clone();
    let mut outbox = Outbox::default();
    outbox.take_up(vec![second.clone()]);
    assert!(outbox.get(second.key).is_some_and(|entry| entry.refused.is_some()));
}

#[test]
fn only_so_many_wait() {
    let order = placed(101);
    let mut outbox = Outbox::default();
    let mut put = || {
        let request = to(&order, OrderStatus::Accepted);
        outbox.put(1, order.id, order.number, order.version, request)
    };
    for _ in 0..MOST {
        assert!(put().is_ok());
    }
    assert_eq!(put(), Err(Word::TooManyWait));
}

#[test]
fn whatever_can_be_asked_for_is_known_when_it_is_done() {
    let mut order = placed(101);
    let cases = [
        of(&order, "POST", "/stations", &json!({"stations": ["hot"], "status": "done"})),
        of(&order, "PATCH", "", &json!({"rush": true})),
        of(&order, "POST", "/acknowledge", &json!({"of": "allergens"})),
        of(&order, "POST", "/fire", &json!({"actor": {"kind": "staff", "id": "grill"}})),
        tick(&order, 1, ItemStatus::Done),
        to(&order, OrderStatus::Preparing),
    ];
    order.flags.scheduled = true;
    for request in &cases {
        assert!(!request.is_done_in(&order), "{request:?}");
    }
    order.flags.scheduled = false;
    order.flags.rush = true;
    order.flags.allergens_seen = true;
    order.items[0].status = ItemStatus::Done;
    order.status = OrderStatus::Preparing;
    assert!(Acknowledged::Allergens.is_known(&order));
    for request in &cases {
        assert!(request.is_done_in(&order), "{request:?}");
    }
    let both =
        of(&order, "POST", "/stations", &json!({"stations": ["hot", "fry"], "status": "done"}));
    assert!(!both.is_done_in(&order));
}
