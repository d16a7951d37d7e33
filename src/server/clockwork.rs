//! What the server does by itself when the time comes: it sends orders for
//! later to the kitchen, lets orders expire that nobody answered, and clears away
//! cancelled ones that nobody acknowledged for hours.
//!
//! It holds nothing of its own that could be lost: what is due follows from the
//! orders, which it reads at the start and hears of at every commit. What it
//! does is a change like any other, in the log, by the system.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    kitchen::Kitchen,
    store::{ChangeError, Store, Unavailable},
};
use crate::domain::{
    Actor, ActorKind, Change, FoodOrder, OrderId, OrderStatus, Refusal, UnixMillis,
    change::{Acknowledged, Action},
};

/// How often it looks at the clock.
const TICK: Duration = Duration::from_millis(250);
/// For how long a cancelled order waits for somebody to acknowledge it.
const CANCELLED_MILLIS: i64 = 4 * 60 * 60 * 1000;

/// What is due to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    Fire,
    Expire,
    ClearAway,
}

impl Rule {
    fn action(self) -> Action {
        match self {
            Self::Fire => Action::Fire,
            Self::Expire => Action::Transition {
                to: OrderStatus::Expired,
                reason: Some("not answered in time".to_owned()),
            },
            Self::ClearAway => {
                Action::Acknowledge { of: Acknowledged::Cancel, stations: Vec::new() }
            }
        }
    }
}

/// When something is due, and what.
type Due = (UnixMillis, Rule);

/// What is due to `order` next.
fn due(order: &FoodOrder) -> Option<Due> {
    let expire = order.source.accept_by.filter(|_| order.status == OrderStatus::Placed);
    let fire = order.times.fires_at.filter(|_| order.flags.scheduled && order.status.is_open());
    let clear = order.times.closed_at.filter(|_| order.flags.cancel_unseen);
    [
        expire.map(|at| (at, Rule::Expire)),
        fire.map(|at| (at, Rule::Fire)),
        clear.map(|at| (at.plus(CANCELLED_MILLIS), Rule::ClearAway)),
    ]
    .into_iter()
    .flatten()
    .min()
}

/// What came of what was due.
enum Carried {
    /// It is done, or no longer due.
    Out,
    /// The order cannot be read.
    Unread(Unavailable),
    /// Nothing can be written.
    Unwritten,
}

/// The clockwork of one server.
pub struct Clockwork {
    store: Arc<dyn Store>,
    kitchen: Arc<Kitchen>,
    clock: Clock,
    agenda: Mutex<Agenda>,
}

#[derive(Default)]
struct Agenda {
    by_order: HashMap<OrderId, Due>,
    in_turn: BTreeSet<(UnixMillis, OrderId)>,
}

impl Agenda {
    /// Puts `due` in the place of `noted`, unless a commit was faster.
    fn correct(&mut self, id: OrderId, noted: Due, due: Option<Due>) {
        if self.by_order.get(&id) == Some(&noted) {
            self.put(id, due);
        }
    }

    fn put(&mut self, id: OrderId, due: Option<Due>) {
        let before = match due {
            Some(due) => self.by_order.insert(id, due),
            None => self.by_order.remove(&id),
        };
        if let Some((at, _)) = before {
            self.in_turn.remove(&(at, id));
        }
        if let Some((at, _)) = due {
            self.in_turn.insert((at, id));
        }
    }
}

impl Clockwork {
    /// A clockwork with nothing to do yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, kitchen: Arc<Kitchen>, clock: Clock) -> Self {
        Self { store, kitchen, clock, agenda: Mutex::default() }
    }

    /// Takes in an order as it stands.
    pub fn note(&self, order: &FoodOrder) {
        self.agenda().put(order.id, due(order));
    }

    /// Runs until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // What could not be read is told of once.
        let mut told = HashSet::new();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = shutdown.cancelled() => return,
            }
            self.kitchen.tick();
            let mut passed_over = HashSet::new();
            while let Some((id, noted)) = self.next_due(&passed_over) {
                match self.carry_out(id, noted).await {
                    Carried::Out => {}
                    // One damaged row must not keep all others waiting.
                    Carried::Unread(Unavailable { why, .. }) => {
                        if told.insert(id) {
                            tracing::error!(order = %id, %why, "clockwork.order.unreadable");
                        }
                        passed_over.insert(id);
                    }
                    // The disk is at fault: it is tried again at the next tick.
                    Carried::Unwritten => break,
                }
            }
        }
    }

    fn next_due(&self, but: &HashSet<OrderId>) -> Option<(OrderId, Due)> {
        let now = self.clock.now();
        let agenda = self.agenda();
        let mut due = agenda.in_turn.iter().take_while(|(at, _)| *at <= now);
        let (_, id) = due.find(|(_, id)| !but.contains(id))?;
        agenda.by_order.get(id).map(|noted| (*id, *noted))
    }

    /// Does to order `id` what is due to it.
    async fn carry_out(&self, id: OrderId, noted: Due) -> Carried {
        let order = match self.store.order(id).await {
            Ok(order) => order,
            Err(unavailable) => return Carried::Unread(unavailable),
        };
        let now = self.clock.now();
        let due = order.as_ref().and_then(due);
        // As it stands, which may be newer than what was noted.
        if due != Some(noted) {
            self.agenda().correct(id, noted, due);
            return Carried::Out;
        }
        let Some(order) = order else { return Carried::Out };
        let actor = Actor { kind: ActorKind::System, id: "clock".to_owned() };
        let change = Change { action: noted.1.action(), expected_version: order.version, actor };
        match self.store.change(id, change, now).await {
            // What it did comes back through the commit, which puts down what is next.
            Ok(_) | Err(ChangeError::Refused(Refusal::StaleVersion { .. })) => Carried::Out,
            Err(ChangeError::Refused(_) | ChangeError::NotFound) => {
                self.agenda().correct(id, noted, None);
                Carried::Out
            }
            Err(ChangeError::Unavailable(_)) => Carried::Unwritten,
        }
    }

    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
