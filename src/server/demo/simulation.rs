//! The demo's day as a sequence of events in virtual time, without I/O: it
//! says what somebody would do next, and is told what became of it.
//!
//! It expects every action to work, and plans on as if it had; the answer only
//! brings the order's id and version. So the same seed and the same beginning
//! give the same day, however fast the server answers. When the answer is
//! another one, or an order changes that nobody here changed, a person is at
//! work on that ticket: the staff keep their hands off it for a while, look at
//! it again, and go on from what it has become.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, VecDeque},
};

use super::{
    DemoSettings, arrivals,
    arrivals::Day,
    baskets::{self, Baskets, Moment},
    chance::{Chance, millis, minutes},
    kitchen::{Job, Kitchen},
    menu,
};
use crate::domain::{
    Actor, ActorKind, FoodOrder, ItemId, ItemStatus, NewOrder, OrderId, OrderStatus, Service,
    UnixMillis, Version, change::Acknowledged,
};

/// A ticket of the simulation, whether the server knows its order yet or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TicketId(pub(super) u64);

/// What somebody does, and when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// When, in virtual time.
    pub(super) at: UnixMillis,
    /// With which ticket; the answer goes back under this id.
    pub(super) ticket: TicketId,
    /// What.
    pub(super) action: Action,
}

/// What somebody does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// A customer orders.
    Place {
        /// The key that makes a repeat harmless.
        key: String,
        /// What is ordered.
        order: Box<NewOrder>,
    },
    /// Somebody takes an order to another status.
    Transition {
        /// Which order.
        order: OrderId,
        /// The version they see.
        expected_version: Version,
        /// Where to.
        to: OrderStatus,
        /// Why.
        reason: Option<String>,
        /// Who.
        actor: Actor,
    },
    /// Somebody marks a line.
    Item {
        /// Of which order.
        order: OrderId,
        /// The version they see.
        expected_version: Version,
        /// Which line.
        item: ItemId,
        /// As what.
        status: ItemStatus,
        /// Who.
        actor: Actor,
    },
    /// The guest wants another number of something.
    Recount {
        /// Of which order.
        order: OrderId,
        /// The version they see.
        expected_version: Version,
        /// Which line.
        item: ItemId,
        /// How many now.
        quantity: u32,
        /// Who.
        actor: Actor,
    },
    /// Somebody has it made before all others, or has it wait, or no longer.
    Mark {
        /// Which order.
        order: OrderId,
        /// The version they see.
        expected_version: Version,
        /// Before all others; none where that stays.
        rush: Option<bool>,
        /// Not to be begun yet; none where that stays.
        held: Option<bool>,
        /// Who.
        actor: Actor,
    },
    /// Somebody says that they know.
    Acknowledge {
        /// Of which order.
        order: OrderId,
        /// The version they see.
        expected_version: Version,
        /// Of what.
        of: Acknowledged,
        /// Who.
        actor: Actor,
    },
    /// Somebody looks at an order again.
    Look {
        /// Which one.
        order: OrderId,
    },
}

/// What became of a step.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// The order as it now stands.
    Stands(Box<FoodOrder>),
    /// Somebody else was faster.
    Conflict,
    /// The server does not want it, or no longer knows the order.
    Refused,
}

/// How long nobody touches a ticket that a person has just touched, at 1×.
const HANDS_OFF_MILLIS: i64 = 20_000;

/// Of how many closed orders the last version is remembered, so that a late
/// word of one does not look like news.
const REMEMBERED: usize = 4096;

/// How often somebody looks for forgotten tickets.
const ROUND_MINUTES: f64 = 10.0;

/// After how many minutes without a move a ticket counts as forgotten.
const FORGOTTEN_MINUTES: f64 = 60.0;

/// The simulation of one restaurant.
pub(super) struct Simulation {
    seed: u64,
    speed: u32,
    orders_per_day: u32,
    utc_offset_s: i32,
    now: UnixMillis,
    day: Day,
    next_opening: UnixMillis,
    events: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
    tickets: BTreeMap<TicketId, Ticket>,
    by_order: HashMap<OrderId, TicketId>,
    closed: HashMap<OrderId, Version>,
    closed_in_turn: VecDeque<OrderId>,
    last_ticket: u64,
    kitchen: Kitchen,
    slow: Vec<(UnixMillis, UnixMillis)>,
    baskets: Baskets,
    guests: Chance,
    staff: Chance,
    /// Apart from the others, so that they draw what they drew without it.
    marks: Chance,
}

/// What is known of an order that somebody still has work with.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "marks that have nothing to do with each other")]
struct Ticket {
    order: Option<OrderId>,
    version: Version,
    status: OrderStatus,
    service: Service,
    lines: Vec<TicketLine>,
    /// Before all others.
    rush: bool,
    /// Not to be begun until the guest says so.
    held: bool,
    /// From when on it is made.
    fire_at: UnixMillis,
    /// In the kitchen's queues.
    fired: bool,
    /// Somebody has begun, or is about to.
    begun: bool,
    /// Bumped by mistake; about to be brought back.
    bumped_early: bool,
    /// To be brought back once after it was handed out.
    comes_back: bool,
    /// Cancelled, and somebody is about to say that they know.
    to_acknowledge: bool,
    /// An answer is awaited.
    in_flight: bool,
    /// Plans of an earlier number are off.
    plan: u32,
    /// A person is at work on it.
    hands_off: bool,
    /// When it last moved.
    moved_at: UnixMillis,
}

#[derive(Debug)]
struct TicketLine {
    item: ItemId,
    quantity: u32,
    station: String,
    minutes: f64,
    status: ItemStatus,
    /// Made, whether somebody has ticked it or not.
    cooked: bool,
    /// Ticked only when the whole ticket is bumped.
    ticked_late: bool,
}

impl TicketLine {
    fn is_finished(&self) -> bool {
        self.cooked || matches!(self.status, ItemStatus::Done | ItemStatus::Void)
    }
}

impl Ticket {
    /// Whether something is ticked, and nothing is left to tick.
    fn is_ticked(&self) -> bool {
        let status = |wanted: ItemStatus| self.lines.iter().any(|line| line.status == wanted);
        status(ItemStatus::Done) && !status(ItemStatus::Todo) && !status(ItemStatus::Doing)
    }

    fn is_made(&self) -> bool {
        self.lines.iter().all(TicketLine::is_finished)
    }

    fn is_at_hand(&self) -> bool {
        !self.hands_off && self.order.is_some()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    at: UnixMillis,
    sequence: u64,
    event: Event,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    /// A day begins.
    Open,
    /// An order comes in, and the next is on its way.
    Arrive,
    /// One of a group orders.
    ArriveInGroup,
    /// Somebody orders the same thing again by mistake.
    ArriveAgain(Box<NewOrder>),
    /// A dish is sold out for the rest of the day.
    SellOut,
    /// Somebody looks for forgotten tickets.
    Round,
    /// A dish leaves its station. What is on the fire is not a matter of plans.
    Cooked { ticket: TicketId, line: usize, station: String },
    /// Something that somebody means to do with a ticket.
    Planned { ticket: TicketId, plan: u32, intent: Intent },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intent {
    Accept,
    Fire,
    Begin,
    Tick { line: usize, status: ItemStatus },
    BumpTooEarly,
    BringBack,
    Bump,
    HandOver,
    Deliver,
    ComeBack,
    Void { line: usize },
    Recount { line: usize },
    Hold(bool),
    Rush,
    Know(Acknowledged),
    Reject { reason: &'static str },
    Cancel { reason: &'static str, by: ActorKind, even_ready: bool },
    LookAgain,
}

impl Simulation {
    /// A simulation that begins with the day that `at` falls on.
    pub(super) fn new(settings: &DemoSettings, at: UnixMillis) -> Self {
        let mut guests = Chance::new(settings.seed, 1);
        let day = Day::around(at, settings.utc_offset_s, settings.orders_per_day, &mut guests);
        let mut simulation = Self {
            seed: settings.seed,
            speed: settings.speed,
            orders_per_day: settings.orders_per_day,
            utc_offset_s: settings.utc_offset_s,
            now: day.opens(),
            day,
            next_opening: day.opens(),
            events: BinaryHeap::new(),
            sequence: 0,
            tickets: BTreeMap::new(),
            by_order: HashMap::new(),
            closed: HashMap::new(),
            closed_in_turn: VecDeque::new(),
            last_ticket: 0,
            kitchen: Kitchen::default(),
            slow: Vec::new(),
            baskets: Baskets::new(settings.seed, settings.location.clone(), settings.currency),
            guests,
            staff: Chance::new(settings.seed, 3),
            marks: Chance::new(settings.seed, 4),
        };
        simulation.plan_day(day);
        simulation
    }

    /// When the next event is due; none would mean that the world has ended.
    pub(super) fn next_at(&self) -> Option<UnixMillis> {
        self.events.peek().map(|Reverse(entry)| entry.at)
    }

    /// Whether the next event needs an answer that has not come yet.
    pub(super) fn awaits_answer(&self) -> bool {
        let Some(Reverse(entry)) = self.events.peek() else { return false };
        match &entry.event {
            Event::Cooked { ticket, .. } | Event::Planned { ticket, .. } => {
                self.tickets.get(ticket).is_some_and(|ticket| ticket.in_flight)
            }
            Event::Round => self.tickets.values().any(|ticket| ticket.in_flight),
            _ => false,
        }
    }

    /// Lets the next event happen; the step that follows from it, if any.
    pub(super) fn advance(&mut self) -> Option<Step> {
        let Reverse(entry) = self.events.pop()?;
        self.now = self.now.max(entry.at);
        let (ticket, action) = match entry.event {
            Event::Open => {
                let day =
                    Day::around(entry.at, self.utc_offset_s, self.orders_per_day, &mut self.guests);
                self.plan_day(day);
                None
            }
            Event::Arrive => {
                self.plan_arrival();
                self.order()
            }
            Event::ArriveInGroup => self.order(),
            Event::ArriveAgain(order) => self.order_again(&order),
            Event::SellOut => {
                self.sell_out();
                None
            }
            Event::Round => {
                self.look_for_forgotten();
                None
            }
            Event::Cooked { ticket, line, station } => {
                self.cooked(ticket, line, &station);
                None
            }
            Event::Planned { ticket, plan, intent } => {
                let current = self.tickets.get(&ticket).is_some_and(|ticket| ticket.plan == plan);
                if current { self.act(ticket, intent).map(|action| (ticket, action)) } else { None }
            }
        }?;
        if let Some(ticket) = self.tickets.get_mut(&ticket) {
            ticket.in_flight = true;
            ticket.moved_at = self.now;
        }
        Some(Step { at: self.now, ticket, action })
    }

    /// Takes in what became of a step.
    pub(super) fn settle(&mut self, id: TicketId, outcome: Outcome) {
        let Some(ticket) = self.tickets.get_mut(&id) else { return };
        ticket.in_flight = false;
        match outcome {
            Outcome::Stands(order) => {
                ticket.order = Some(order.id);
                self.by_order.insert(order.id, id);
                if ticket.hands_off || ticket.status != order.status {
                    self.take_up(id, &order);
                } else {
                    ticket.version = order.version;
                    let ends = !ticket.comes_back && !ticket.to_acknowledge;
                    if !ticket.status.is_open() && ends {
                        self.retire(id);
                    }
                }
            }
            Outcome::Conflict => self.keep_hands_off(id),
            Outcome::Refused => self.retire(id),
        }
    }

    /// Takes in an order as somebody has seen it at `at`, whoever made it.
    pub(super) fn notice(&mut self, order: &FoodOrder, at: UnixMillis) {
        self.now = self.now.max(at);
        if let Some(&id) = self.by_order.get(&order.id) {
            let Some(ticket) = self.tickets.get_mut(&id) else { return };
            if order.version > ticket.version {
                ticket.version = order.version;
                ticket.status = order.status;
                // What the server does when the time comes is nobody's work.
                let by_itself = order.last_change.actor.kind == ActorKind::System;
                if by_itself && order.status.is_open() {
                    return;
                }
                if order.status.is_open() {
                    self.keep_hands_off(id);
                } else {
                    self.retire(id);
                }
            }
            return;
        }
        let is_old = self.closed.get(&order.id).is_some_and(|version| order.version <= *version);
        if is_old || !order.status.is_open() {
            return;
        }
        let id = self.adopt(order);
        if order.version == Version::FIRST {
            self.take_up(id, order);
        } else {
            self.keep_hands_off(id);
        }
    }

    /// When the next day opens, if all is done until then.
    pub(super) fn asleep_until(&self) -> Option<UnixMillis> {
        (self.tickets.is_empty() && self.now > self.day.closes()).then_some(self.next_opening)
    }

    /// How many orders are open.
    pub(super) fn open(&self) -> usize {
        self.tickets.values().filter(|ticket| ticket.status.is_open()).count()
    }

    // The day.

    fn plan_day(&mut self, day: Day) {
        self.day = day;
        self.baskets.restock();
        self.staff_kitchen(day.opens());
        for (at, count) in day.bursts(&mut self.guests) {
            for _ in 0..count {
                let delay = minutes(self.guests.between(0.0, 4.0));
                self.schedule(at.plus(delay), Event::ArriveInGroup);
            }
        }
        self.slow = [(11.75, 13.25), (18.25, 19.75)]
            .into_iter()
            .map(|(from, to)| {
                let begins = day.hour(self.staff.between(from, to));
                (begins, begins.plus(minutes(20.0)))
            })
            .collect();
        let sold_out_at = day.hour(self.guests.between(17.5, 20.5));
        self.schedule(sold_out_at, Event::SellOut);
        if let Some(first) = day.next_arrival(day.opens(), &mut self.guests) {
            self.schedule(first, Event::Arrive);
        }
        self.schedule(day.opens().plus(minutes(ROUND_MINUTES)), Event::Round);
        let tomorrow =
            Day::around(day.tomorrow(), self.utc_offset_s, self.orders_per_day, &mut self.guests);
        self.next_opening = tomorrow.opens();
        self.schedule(self.next_opening, Event::Open);
    }

    fn staff_kitchen(&mut self, at: UnixMillis) {
        // What an average order keeps busy at each station, from orders like
        // those that will come.
        const SAMPLE: u32 = 2000;
        let mut sample = self.baskets.sample(self.seed);
        let mut busy: BTreeMap<String, f64> =
            menu::MENU.iter().map(|dish| (dish.station.to_owned(), 0.0)).collect();
        let moment = Moment { at, closes: self.day.closes(), lunch: false, backlog_minutes: 0.0 };
        for _ in 0..SAMPLE {
            let Some(basket) = sample.next(moment) else { continue };
            for item in &basket.order.items {
                *busy.entry(item.station.as_str().to_owned()).or_default() +=
                    baskets::making_minutes(&item.name, item.quantity);
            }
        }
        let rate = arrivals::staffed_rate(at, self.utc_offset_s, self.orders_per_day);
        for (station, minutes) in busy {
            // The mean of times that spread to the right is above their median.
            let mean = minutes / f64::from(SAMPLE) * (COOKING_SPREAD * COOKING_SPREAD / 2.0).exp();
            self.kitchen.staff(&station, mean * rate);
        }
    }

    fn plan_arrival(&mut self) {
        if let Some(next) = self.day.next_arrival(self.now, &mut self.guests) {
            self.schedule(next, Event::Arrive);
        }
    }

    fn sell_out(&mut self) {
        let favourites: Vec<&'static str> =
            menu::by_popularity().skip(4).take(14).map(|(dish, _)| dish.name).collect();
        if let Some(dish) = self.guests.pick(&favourites) {
            self.baskets.sell_out(dish);
        }
    }

    fn look_for_forgotten(&mut self) {
        let limit = self.now.plus(-minutes(FORGOTTEN_MINUTES));
        let forgotten: Vec<TicketId> = self
            .tickets
            .iter()
            .filter(|(_, ticket)| ticket.moved_at < limit && ticket.fire_at < limit)
            .map(|(id, _)| *id)
            .collect();
        for id in forgotten {
            self.keep_hands_off(id);
        }
        let next = self.now.plus(minutes(ROUND_MINUTES));
        if next < self.next_opening {
            self.schedule(next, Event::Round);
        }
    }

    // Orders.

    fn order(&mut self) -> Option<(TicketId, Action)> {
        let lunch = self.now >= self.day.hour(11.0) && self.now < self.day.hour(14.5);
        let moment = Moment {
            at: self.now,
            closes: self.day.closes(),
            lunch,
            backlog_minutes: self.kitchen.backlog_minutes(),
        };
        let basket = self.baskets.next(moment)?;
        if basket.fire_at.is_none() && self.guests.yes(DUPLICATES) {
            let delay = millis(self.guests.between(15.0, 50.0));
            let again = Event::ArriveAgain(Box::new(basket.order.clone()));
            self.schedule(self.now.plus(delay), again);
        }
        let id = self.place(&basket.order, basket.fire_at);
        self.plan_mishaps(id, &basket.order);
        self.plan_marks(id);
        Some((id, self.post(id, basket.order)))
    }

    fn order_again(&mut self, order: &NewOrder) -> Option<(TicketId, Action)> {
        let order = self.baskets.repeat(order)?;
        let id = self.place(&order, None);
        let delay = minutes(self.guests.between(1.0, 3.0));
        let by = if self.guests.yes(0.5) { ActorKind::Customer } else { ActorKind::Staff };
        self.intend(id, delay, Intent::Cancel { reason: "Ordered twice", by, even_ready: true });
        Some((id, self.post(id, order)))
    }

    fn post(&self, id: TicketId, order: NewOrder) -> Action {
        let key = format!("demo-{}-{}-{}", self.seed, self.day.opens().0, id.0);
        Action::Place { key, order: Box::new(order) }
    }

    fn place(&mut self, order: &NewOrder, fire_at: Option<UnixMillis>) -> TicketId {
        let lines = (1..)
            .zip(&order.items)
            .map(|(line, item)| {
                self.line(ItemId(line), item.station.as_str(), &item.name, item.quantity)
            })
            .collect();
        let id = self.add(order.fulfilment.service, lines, order.rush, fire_at);
        // Staff who type an order in have accepted it.
        let delay = if order.source.channel.as_str() == "pos" {
            millis(self.staff.between(0.8, 2.5))
        } else {
            self.notice_delay()
        };
        self.intend(id, delay, Intent::Accept);
        id
    }

    fn line(&mut self, item: ItemId, station: &str, name: &str, quantity: u32) -> TicketLine {
        let median = baskets::making_minutes(name, quantity);
        TicketLine {
            item,
            quantity,
            station: station.to_owned(),
            minutes: self.staff.log_normal(median, COOKING_SPREAD).min(median * 3.0),
            status: ItemStatus::Todo,
            cooked: false,
            ticked_late: self.staff.yes(0.10),
        }
    }

    fn add(
        &mut self,
        service: Service,
        lines: Vec<TicketLine>,
        rush: bool,
        fire_at: Option<UnixMillis>,
    ) -> TicketId {
        self.last_ticket += 1;
        let id = TicketId(self.last_ticket);
        let ticket = Ticket {
            order: None,
            version: Version::FIRST,
            status: OrderStatus::Placed,
            service,
            lines,
            rush,
            held: false,
            fire_at: fire_at.unwrap_or(self.now),
            fired: false,
            begun: false,
            bumped_early: false,
            comes_back: false,
            to_acknowledge: false,
            in_flight: false,
            plan: 0,
            hands_off: false,
            moved_at: self.now,
        };
        self.tickets.insert(id, ticket);
        id
    }

    fn adopt(&mut self, order: &FoodOrder) -> TicketId {
        let lines = order
            .items
            .iter()
            .map(|item| self.line(item.id, item.station.as_str(), &item.name, item.quantity))
            .collect();
        let usual = minutes(12.0);
        let fire_at = order.times.due_at.map(|due_at| due_at.plus(-usual));
        let id = self.add(order.fulfilment.service, lines, order.flags.rush, fire_at);
        if let Some(ticket) = self.tickets.get_mut(&id) {
            ticket.order = Some(order.id);
            ticket.version = order.version;
            ticket.status = order.status;
        }
        self.by_order.insert(order.id, id);
        id
    }

    /// What goes wrong with an order, decided when it comes in.
    fn plan_mishaps(&mut self, id: TicketId, order: &NewOrder) {
        let last_hour = self.now >= self.day.last_hour();
        let share = CANCELS * if last_hour { 2.5 } else { 1.0 };
        if self.guests.yes(share) {
            let causes = [(0_u8, 45.0), (1, 25.0), (2, 20.0)];
            let (delay, intent) = match self.guests.weighted(causes.into_iter()) {
                Some(0) => (
                    self.guests.between(0.3, 4.0),
                    Intent::Cancel {
                        reason: "Changed their mind",
                        by: ActorKind::Customer,
                        even_ready: false,
                    },
                ),
                Some(1) => (
                    self.guests.between(6.0, 9.0),
                    Intent::Cancel {
                        reason: "Waited too long",
                        by: ActorKind::Customer,
                        even_ready: true,
                    },
                ),
                _ if self.guests.yes(0.5) => {
                    (self.guests.between(0.1, 0.3), Intent::Reject { reason: "Sold out" })
                }
                _ => (
                    self.guests.between(0.7, 3.0),
                    Intent::Cancel { reason: "Sold out", by: ActorKind::Staff, even_ready: false },
                ),
            };
            self.intend(id, minutes(delay), intent);
        } else if order.items.len() > 1 && self.guests.yes(CHANGES) {
            let last = u32::try_from(order.items.len() - 1).unwrap_or_default();
            let line = usize::try_from(self.guests.whole(0, last)).unwrap_or_default();
            let delay = minutes(self.guests.between(0.8, 4.0));
            let fewer = self.guests.yes(0.6);
            self.intend(
                id,
                delay,
                if fewer { Intent::Void { line } } else { Intent::Recount { line } },
            );
        }
    }

    /// Some guests ask the kitchen to wait for the rest of the table, and some
    /// to hurry.
    fn plan_marks(&mut self, id: TicketId) {
        if self.marks.yes(HOLDS) {
            let delay = millis(self.marks.between(3.0, 12.0));
            self.intend(id, delay, Intent::Hold(true));
        } else if self.marks.yes(RUSHES) {
            let delay = millis(self.marks.between(20.0, 180.0));
            self.intend(id, delay, Intent::Rush);
        }
    }

    // What the staff do.

    fn act(&mut self, id: TicketId, intent: Intent) -> Option<Action> {
        let ticket = self.tickets.get(&id)?;
        if let Intent::LookAgain = intent {
            return ticket.order.map(|order| Action::Look { order });
        }
        if !ticket.is_at_hand() {
            return None;
        }
        let status = ticket.status;
        match intent {
            Intent::Accept if status == OrderStatus::Placed => {
                let fire_in = ticket.fire_at.since(self.now).max(millis(1.5));
                self.intend(id, fire_in, Intent::Fire);
                self.go(id, OrderStatus::Accepted, None, staff("counter"))
            }
            Intent::Reject { reason } if status == OrderStatus::Placed => {
                self.go(id, OrderStatus::Rejected, Some(reason), staff("counter"))
            }
            Intent::Fire => {
                self.fire(id);
                None
            }
            Intent::Begin if status == OrderStatus::Accepted => {
                if self.staff.yes(WRONG_BUMPS) {
                    let delay = millis(self.staff.between(50.0, 200.0));
                    self.intend(id, delay, Intent::BumpTooEarly);
                }
                let who = self.first_station(id);
                self.go(id, OrderStatus::Preparing, None, staff(&who))
            }
            Intent::Tick { line, status } => self.tick(id, line, status),
            Intent::BumpTooEarly if status == OrderStatus::Preparing && !ticket.is_made() => {
                self.tickets.get_mut(&id)?.bumped_early = true;
                let delay = millis(self.staff.between(10.0, 60.0));
                self.intend(id, delay, Intent::BringBack);
                self.go(id, OrderStatus::Ready, None, staff("expo"))
            }
            Intent::BringBack if status == OrderStatus::Ready => self.bring_back(id),
            Intent::Bump if status == OrderStatus::Preparing && ticket.is_made() => {
                self.plan_hand_over(id);
                self.go(id, OrderStatus::Ready, None, staff("expo"))
            }
            // The first station has not pressed its button yet.
            Intent::Bump if status == OrderStatus::Accepted && ticket.is_made() => {
                self.intend(id, millis(8.0), Intent::Bump);
                None
            }
            Intent::HandOver if status == OrderStatus::Ready => self.hand_over(id),
            Intent::Deliver if status == OrderStatus::OutForDelivery => {
                let courier = courier(id);
                if self.staff.yes(UNDELIVERED) {
                    let reason = Some("Nobody at the door");
                    return self.go(id, OrderStatus::Failed, reason, courier);
                }
                self.go(id, OrderStatus::Completed, None, courier)
            }
            Intent::ComeBack if status == OrderStatus::Completed => {
                self.tickets.get_mut(&id)?.comes_back = false;
                let delay = minutes(self.staff.between(1.0, 3.0));
                self.intend(id, delay, Intent::HandOver);
                self.go(id, OrderStatus::Ready, Some("Wrong bag handed out"), staff("counter"))
            }
            Intent::Void { line } => self.void(id, line),
            Intent::Recount { line } => self.recount(id, line),
            Intent::Hold(true) if !ticket.fired && !ticket.held && status.is_open() => {
                self.hold(id)
            }
            Intent::Hold(false) if ticket.held && status.is_open() => self.release(id),
            Intent::Rush if !ticket.begun && !ticket.rush && status.is_open() => {
                self.tickets.get_mut(&id)?.rush = true;
                self.mark(id, Some(true), None)
            }
            Intent::Know(of) => self.acknowledge(id, of),
            Intent::Cancel { reason, by, even_ready } => {
                let early = matches!(
                    status,
                    OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing
                );
                if !(early || even_ready && status == OrderStatus::Ready) {
                    return None;
                }
                let actor = match by {
                    ActorKind::Staff => staff("counter"),
                    kind => Actor { kind, id: "guest".to_owned() },
                };
                self.tickets.get_mut(&id)?.to_acknowledge = true;
                let delay = millis(self.staff.between(8.0, 45.0));
                self.intend(id, delay, Intent::Know(Acknowledged::Cancel));
                self.go(id, OrderStatus::Cancelled, Some(reason), actor)
            }
            _ => None,
        }
    }

    fn hold(&mut self, id: TicketId) -> Option<Action> {
        self.tickets.get_mut(&id)?.held = true;
        let delay = minutes(self.marks.between(2.0, 6.0));
        self.intend(id, delay, Intent::Hold(false));
        self.mark(id, None, Some(true))
    }

    fn release(&mut self, id: TicketId) -> Option<Action> {
        let ticket = self.tickets.get_mut(&id)?;
        ticket.held = false;
        let (status, fire_in) = (ticket.status, ticket.fire_at.since(self.now).max(millis(1.5)));
        // Where nobody has accepted it yet, that plans it.
        if status != OrderStatus::Placed {
            self.intend(id, fire_in, Intent::Fire);
        }
        self.mark(id, None, Some(false))
    }

    /// Takes a ticket to another status, as far as the state machine allows it.
    fn go(
        &mut self,
        id: TicketId,
        to: OrderStatus,
        reason: Option<&str>,
        actor: Actor,
    ) -> Option<Action> {
        let ticket = self.tickets.get_mut(&id)?;
        let order = ticket.order?;
        if !ticket.status.may_become(to, ticket.service) {
            return None;
        }
        ticket.status = to;
        Some(Action::Transition {
            order,
            expected_version: ticket.version,
            to,
            reason: reason.map(str::to_owned),
            actor,
        })
    }

    fn fire(&mut self, id: TicketId) {
        let Some(ticket) = self.tickets.get_mut(&id) else { return };
        let due = matches!(ticket.status, OrderStatus::Accepted | OrderStatus::Preparing);
        if ticket.fired || ticket.held || !due {
            return;
        }
        ticket.fired = true;
        let rush = ticket.rush;
        let jobs: Vec<(String, Job)> = ticket
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.is_finished())
            .map(|(index, line)| {
                (line.station.clone(), Job { ticket: id, line: index, minutes: line.minutes })
            })
            .collect();
        for (station, job) in &jobs {
            self.kitchen.enqueue(station, *job, rush);
        }
        for (station, _) in &jobs {
            self.cook(station);
        }
    }

    /// Puts on what `station` has room for.
    fn cook(&mut self, station: &str) {
        while let Some(job) = self.kitchen.start(station) {
            if !self.put_on(station, job) {
                self.kitchen.finish(station);
            }
        }
    }

    /// Begins one dish; not one that nobody waits for any more.
    fn put_on(&mut self, station: &str, job: Job) -> bool {
        let slow = self.slow.iter().any(|(from, to)| (*from..*to).contains(&self.now));
        let Some(ticket) = self.tickets.get_mut(&job.ticket) else { return false };
        let wanted = ticket.status.is_open()
            && ticket.lines.get(job.line).is_some_and(|line| !line.is_finished());
        if !wanted {
            return false;
        }
        if !ticket.begun {
            ticket.begun = true;
            let delay = millis(self.staff.between(1.0, 6.0));
            self.intend(job.ticket, delay, Intent::Begin);
        }
        if self.staff.yes(0.55) {
            let delay = millis(self.staff.between(7.0, 16.0));
            let intent = Intent::Tick { line: job.line, status: ItemStatus::Doing };
            self.intend(job.ticket, delay, intent);
        }
        let takes = minutes(job.minutes * if slow { SLOW_FACTOR } else { 1.0 });
        let event =
            Event::Cooked { ticket: job.ticket, line: job.line, station: station.to_owned() };
        self.schedule(self.now.plus(takes), event);
        true
    }

    fn cooked(&mut self, id: TicketId, index: usize, station: &str) {
        self.kitchen.finish(station);
        if let Some(ticket) = self.tickets.get_mut(&id) {
            let was_made = ticket.is_made();
            if let Some(line) = ticket.lines.get_mut(index) {
                line.cooked = true;
                let tick_now = !line.ticked_late;
                let is_made = !was_made && ticket.is_made() && !ticket.bumped_early;
                if tick_now {
                    let delay = millis(self.staff.between(2.0, 12.0));
                    let intent = Intent::Tick { line: index, status: ItemStatus::Done };
                    self.intend(id, delay, intent);
                }
                if is_made {
                    self.plan_bump(id);
                }
            }
        }
        self.cook(station);
    }

    fn tick(&mut self, id: TicketId, index: usize, status: ItemStatus) -> Option<Action> {
        let actor_station = self.tickets.get(&id)?.lines.get(index)?.station.clone();
        let ticket = self.tickets.get_mut(&id)?;
        let order = ticket.order?;
        let line = ticket.lines.get_mut(index)?;
        let forward = match status {
            ItemStatus::Doing => line.status == ItemStatus::Todo && !line.cooked,
            ItemStatus::Done => matches!(line.status, ItemStatus::Todo | ItemStatus::Doing),
            ItemStatus::Todo | ItemStatus::Void => false,
        };
        if !forward || !ticket.status.is_open() {
            return None;
        }
        line.status = status;
        let (item, expected_version) = (line.item, ticket.version);
        if status == ItemStatus::Done {
            self.follow_lines(id);
        }
        Some(Action::Item { order, expected_version, item, status, actor: staff(&actor_station) })
    }

    /// Goes on with a ticket whose last line was just marked: the server takes its
    /// order to ready by itself.
    fn follow_lines(&mut self, id: TicketId) {
        let Some(ticket) = self.tickets.get_mut(&id) else { return };
        let being_made = matches!(ticket.status, OrderStatus::Accepted | OrderStatus::Preparing);
        if being_made && ticket.is_ticked() {
            ticket.status = OrderStatus::Ready;
            self.plan_hand_over(id);
        }
    }

    fn void(&mut self, id: TicketId, index: usize) -> Option<Action> {
        let ticket = self.tickets.get_mut(&id)?;
        let order = ticket.order?;
        let remaining = ticket.lines.iter().filter(|line| line.status != ItemStatus::Void).count();
        let early = matches!(
            ticket.status,
            OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing
        );
        let was_made = ticket.is_made();
        let expected_version = ticket.version;
        let line = ticket.lines.get_mut(index)?;
        if remaining < 2 || !early || line.is_finished() {
            return None;
        }
        line.status = ItemStatus::Void;
        let item = line.item;
        if !was_made && ticket.is_made() {
            self.plan_bump(id);
        }
        self.follow_lines(id);
        self.plan_to_know(id);
        let actor = staff("counter");
        Some(Action::Item { order, expected_version, item, status: ItemStatus::Void, actor })
    }

    /// The guest wants one more of a line that nobody has finished.
    fn recount(&mut self, id: TicketId, index: usize) -> Option<Action> {
        let ticket = self.tickets.get_mut(&id)?;
        let order = ticket.order?;
        let early = matches!(ticket.status, OrderStatus::Placed | OrderStatus::Accepted);
        let expected_version = ticket.version;
        let line = ticket.lines.get_mut(index)?;
        if !early || line.is_finished() {
            return None;
        }
        line.quantity += 1;
        let (item, quantity) = (line.item, line.quantity);
        self.plan_to_know(id);
        Some(Action::Recount { order, expected_version, item, quantity, actor: staff("counter") })
    }

    fn mark(&self, id: TicketId, rush: Option<bool>, held: Option<bool>) -> Option<Action> {
        let ticket = self.tickets.get(&id)?;
        let (order, expected_version) = (ticket.order?, ticket.version);
        Some(Action::Mark { order, expected_version, rush, held, actor: staff("expo") })
    }

    fn plan_to_know(&mut self, id: TicketId) {
        let delay = millis(self.staff.between(15.0, 60.0));
        self.intend(id, delay, Intent::Know(Acknowledged::Change));
    }

    /// Somebody at the board says that they know.
    fn acknowledge(&mut self, id: TicketId, of: Acknowledged) -> Option<Action> {
        let who = self.first_station(id);
        let ticket = self.tickets.get_mut(&id)?;
        let order = ticket.order?;
        match of {
            Acknowledged::Cancel if !std::mem::take(&mut ticket.to_acknowledge) => return None,
            Acknowledged::Cancel => {}
            _ if !ticket.status.is_open() => return None,
            _ => {}
        }
        let expected_version = ticket.version;
        Some(Action::Acknowledge { order, expected_version, of, actor: staff(&who) })
    }

    fn bring_back(&mut self, id: TicketId) -> Option<Action> {
        let ticket = self.tickets.get_mut(&id)?;
        ticket.bumped_early = false;
        if ticket.is_ticked() {
            // Made meanwhile: there is nothing to bring back.
            self.plan_hand_over(id);
            return None;
        }
        if ticket.is_made() {
            self.plan_bump(id);
        }
        self.go(id, OrderStatus::Preparing, Some("Bumped by mistake"), staff("expo"))
    }

    fn plan_bump(&mut self, id: TicketId) {
        let pack = self.staff.between(30.0, 90.0);
        let bump = self.staff.between(5.0, 30.0);
        let Some(ticket) = self.tickets.get(&id) else { return };
        let late: Vec<usize> = ticket
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| {
                line.ticked_late && matches!(line.status, ItemStatus::Todo | ItemStatus::Doing)
            })
            .map(|(index, _)| index)
            .collect();
        for line in late {
            let delay = millis(pack + bump - self.staff.between(0.5, 3.0));
            self.intend(id, delay, Intent::Tick { line, status: ItemStatus::Done });
        }
        self.intend(id, millis(pack + bump), Intent::Bump);
    }

    fn plan_hand_over(&mut self, id: TicketId) {
        let Some(ticket) = self.tickets.get(&id) else { return };
        let waits = match ticket.service {
            Service::Pickup | Service::Curbside => self.staff.log_normal(3.6, 0.6).min(30.0),
            Service::DineIn => self.staff.between(0.7, 2.0),
            // Sent for when the order was accepted; some are late all the same.
            Service::Delivery if self.staff.yes(0.06) => self.staff.between(10.0, 20.0),
            Service::Delivery => self.staff.exponential(4.0).min(20.0) + 0.4,
        };
        self.intend(id, minutes(waits), Intent::HandOver);
    }

    fn hand_over(&mut self, id: TicketId) -> Option<Action> {
        let ticket = self.tickets.get_mut(&id)?;
        match ticket.service {
            Service::Delivery => {
                let drive = minutes(self.staff.log_normal(7.0, 0.3).min(20.0));
                self.intend(id, drive, Intent::Deliver);
                self.go(id, OrderStatus::OutForDelivery, None, courier(id))
            }
            service => {
                if self.staff.yes(WRONG_BAGS) {
                    ticket.comes_back = true;
                    let delay = minutes(self.staff.between(2.0, 6.0));
                    self.intend(id, delay, Intent::ComeBack);
                }
                let who = if service == Service::DineIn { "floor" } else { "counter" };
                self.go(id, OrderStatus::Completed, None, staff(who))
            }
        }
    }

    // When a person was at work.

    /// Drops all plans for a ticket, until somebody has looked at it again.
    fn keep_hands_off(&mut self, id: TicketId) {
        let Some(ticket) = self.tickets.get_mut(&id) else { return };
        ticket.plan += 1;
        ticket.hands_off = true;
        ticket.bumped_early = false;
        ticket.comes_back = false;
        ticket.to_acknowledge = false;
        ticket.moved_at = self.now;
        self.intend(id, HANDS_OFF_MILLIS * i64::from(self.speed), Intent::LookAgain);
    }

    /// Goes on with a ticket from what its order has become.
    fn take_up(&mut self, id: TicketId, order: &FoodOrder) {
        if !order.status.is_open() {
            if let Some(ticket) = self.tickets.get_mut(&id) {
                ticket.version = order.version;
            }
            self.retire(id);
            return;
        }
        let accept_in = self.notice_delay();
        let Some(ticket) = self.tickets.get_mut(&id) else { return };
        ticket.plan += 1;
        ticket.hands_off = false;
        ticket.version = order.version;
        ticket.status = order.status;
        ticket.rush = order.flags.rush;
        ticket.held = order.flags.held;
        for line in &mut ticket.lines {
            if let Some(item) = order.items.iter().find(|item| item.id == line.item) {
                line.status = item.status;
            }
        }
        let unticked: Vec<usize> = ticket
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| {
                line.cooked && matches!(line.status, ItemStatus::Todo | ItemStatus::Doing)
            })
            .map(|(index, _)| index)
            .collect();
        let (fired, begun, made) = (ticket.fired, ticket.begun, ticket.is_made());
        let held = ticket.held;
        let fire_in = ticket.fire_at.since(self.now).max(millis(1.5));
        if held {
            self.intend(id, minutes(2.0), Intent::Hold(false));
        }
        match order.status {
            OrderStatus::Placed => self.intend(id, accept_in, Intent::Accept),
            OrderStatus::Accepted if !fired => self.intend(id, fire_in, Intent::Fire),
            OrderStatus::Accepted => {
                if begun {
                    self.intend(id, millis(3.0), Intent::Begin);
                }
                if made {
                    self.plan_bump(id);
                }
            }
            OrderStatus::Preparing => {
                for line in unticked {
                    let delay = millis(self.staff.between(2.0, 12.0));
                    self.intend(id, delay, Intent::Tick { line, status: ItemStatus::Done });
                }
                if !fired && !made {
                    self.intend(id, millis(1.5), Intent::Fire);
                } else if made {
                    self.plan_bump(id);
                }
            }
            OrderStatus::Ready => self.plan_hand_over(id),
            OrderStatus::OutForDelivery => {
                let drive = minutes(self.staff.log_normal(7.0, 0.3).min(20.0));
                self.intend(id, drive, Intent::Deliver);
            }
            _ => {}
        }
    }

    /// Forgets a ticket that nobody has work with any more.
    fn retire(&mut self, id: TicketId) {
        let Some(ticket) = self.tickets.remove(&id) else { return };
        let Some(order) = ticket.order else { return };
        self.by_order.remove(&order);
        if self.closed.insert(order, ticket.version).is_none() {
            self.closed_in_turn.push_back(order);
        }
        while self.closed_in_turn.len() > REMEMBERED {
            if let Some(oldest) = self.closed_in_turn.pop_front() {
                self.closed.remove(&oldest);
            }
        }
    }

    // Small things.

    /// From the sound of a new ticket until somebody has pressed the button.
    fn notice_delay(&mut self) -> i64 {
        millis(self.staff.log_normal(12.0, 0.5).min(90.0) + self.staff.between(0.0, 45.0))
    }

    fn first_station(&self, id: TicketId) -> String {
        self.tickets
            .get(&id)
            .and_then(|ticket| ticket.lines.first())
            .map_or_else(|| "expo".to_owned(), |line| line.station.clone())
    }

    fn intend(&mut self, ticket: TicketId, delay_millis: i64, intent: Intent) {
        let Some(plan) = self.tickets.get(&ticket).map(|ticket| ticket.plan) else { return };
        self.schedule(self.now.plus(delay_millis.max(0)), Event::Planned { ticket, plan, intent });
    }

    fn schedule(&mut self, at: UnixMillis, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse(Entry { at, sequence: self.sequence, event }));
    }
}

/// How much the time for the same dish differs (σ of its logarithm).
const COOKING_SPREAD: f64 = 0.40;
/// How much longer everything takes while the kitchen is out of step.
const SLOW_FACTOR: f64 = 1.4;
/// Orders that are called off, besides those placed twice.
const CANCELS: f64 = 0.0225;
/// Orders that are placed twice.
const DUPLICATES: f64 = 0.0025;
/// Orders that lose a line after they were sent.
const CHANGES: f64 = 0.045;
/// Orders that are to wait.
const HOLDS: f64 = 0.03;
/// Orders that are to be made before all others, after they were placed.
const RUSHES: f64 = 0.02;
/// Tickets that are bumped before they are made.
const WRONG_BUMPS: f64 = 0.02;
/// Orders that come back to the counter.
const WRONG_BAGS: f64 = 0.006;
/// Deliveries that find nobody.
const UNDELIVERED: f64 = 0.004;

fn staff(id: &str) -> Actor {
    Actor { kind: ActorKind::Staff, id: id.to_owned() }
}

fn courier(ticket: TicketId) -> Actor {
    Actor { kind: ActorKind::Partner, id: format!("courier-{:02}", ticket.0 % 12 + 1) }
}
