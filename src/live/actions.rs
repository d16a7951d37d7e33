//! What staff do to an order. An action is marked on its ticket at once, and
//! taken as done only when the *stream* brings the order's new version: what
//! the board shows is never ahead of what every other board shows. A refused
//! one stays on the ticket with its reason until somebody retries or dismisses it;
//! one whose answer was lost waits to be sent again, see [`replay`].

use leptos::prelude::*;

use super::{
    api::{self, Failure},
    board::{LiveBoard, Ticket},
    outbox::Request,
    part::Part,
    replay::{self, Placed, Waiting},
};
use crate::{
    domain::{
        FoodOrder, ItemId, ItemStatus, OrderId, OrderNumber, OrderStatus, Station, UnixMillis,
        Version, change::Acknowledged,
    },
    wire::lean::push_text,
    words::{Word, spoken},
};

/// How long the undo bar stays.
const UNDO_MS: i64 = 10_000;

/// How often an action is sent whose order others change at the same time.
const TRIES: u32 = 3;
/// For how long the second press of a held order's bump begins it.
const ANYWAY_MS: u32 = 5_000;

/// One thing to do to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Take it to another status.
    Go {
        /// Which.
        to: OrderStatus,
        /// Why.
        reason: Option<String>,
    },
    /// Mark one of its lines.
    Tick {
        /// Which.
        item: ItemId,
        /// As what.
        status: ItemStatus,
    },
    /// Mark all lines of some stations.
    Stations {
        /// Which.
        stations: Vec<Station>,
        /// As what.
        status: ItemStatus,
    },
    /// Put it before all others, or no longer.
    Rush(bool),
    /// Have it wait, or no longer.
    Hold(bool),
    /// Send it to the kitchen before its time.
    Fire,
    /// Say that one knows.
    Know {
        /// Of what.
        of: Acknowledged,
        /// For which stations; for all when there are none.
        stations: Vec<Station>,
    },
}

impl Action {
    /// Whether `order` is as this action would have it.
    #[must_use]
    pub fn is_done_in(&self, order: &FoodOrder) -> bool {
        match self {
            Self::Go { to, .. } => order.status == *to,
            Self::Tick { item, status } => {
                order.items.iter().any(|line| line.id == *item && line.status == *status)
            }
            Self::Stations { stations, status } => {
                to_make(order, stations).all(|line| line.2 == *status)
            }
            Self::Rush(on) => order.flags.rush == *on,
            Self::Hold(on) => order.flags.held == *on,
            Self::Fire => !order.flags.scheduled,
            Self::Know { of, stations } => !Part::new(stations.clone()).wants_to_know(*of, order),
        }
    }

    /// What of `order` it is about. Where somebody else was faster, and this is
    /// what it was, the action means what it meant; none where whoever saw
    /// another order would decide anew.
    #[must_use]
    pub fn about(&self, order: &FoodOrder) -> Option<Vec<u32>> {
        let mut about = Vec::new();
        match self {
            Self::Go { .. } | Self::Fire => return None,
            // It stays called off, whoever else knows that by now.
            Self::Know { of: Acknowledged::Cancel, .. } => {
                return order.flags.cancel_unseen.then_some(about);
            }
            Self::Tick { item, .. } => {
                for line in order.items.iter().filter(|line| line.id == *item) {
                    about.extend([line.quantity, line.status as u32]);
                }
            }
            Self::Stations { stations, .. } => {
                // Another station may have begun.
                about.push(match order.status {
                    OrderStatus::Accepted => OrderStatus::Preparing as u32,
                    status => status as u32,
                });
                for (item, quantity, status) in to_make(order, stations) {
                    about.extend([item.0, quantity, status as u32]);
                }
            }
            Self::Rush(_) | Self::Hold(_) => {
                about.extend([u32::from(order.flags.rush), u32::from(order.flags.held)]);
            }
            Self::Know { .. } => about.push(order.revision),
        }
        order.status.is_open().then_some(about)
    }

    /// What takes it back, done to `before`; none where nothing would be as it was.
    pub(super) fn back(&self, before: &FoodOrder) -> Option<Self> {
        match self {
            Self::Go { to, .. } if to.is_recall(before.status) => {
                let after = FoodOrder { status: *to, ..before.clone() };
                let back = Self::Go { to: before.status, reason: Some("undo".to_owned()) };
                after.allowed().contains(&before.status).then_some(back)
            }
            Self::Stations { stations, status: ItemStatus::Doing }
                if to_make(before, stations).all(|line| line.2 == ItemStatus::Todo) =>
            {
                Some(Self::Stations { stations: stations.clone(), status: ItemStatus::Todo })
            }
            Self::Stations { stations, status: ItemStatus::Done } => {
                let begun = to_make(before, stations).any(|line| line.2 != ItemStatus::Todo);
                let status = if begun { ItemStatus::Doing } else { ItemStatus::Todo };
                Some(Self::Stations { stations: stations.clone(), status })
            }
            _ => None,
        }
    }

    /// The request that does it to order `id`, as the screen `actor`.
    #[must_use]
    pub fn request(&self, id: OrderId, actor: &str) -> Request {
        let mut body = String::from("{");
        let (method, way) = match self {
            Self::Go { to, reason } => {
                push_field(&mut body, "to", to.as_str());
                if let Some(reason) = reason {
                    push_field(&mut body, "reason", reason);
                }
                ("POST", "/transitions".to_owned())
            }
            Self::Tick { item, status } => {
                push_field(&mut body, "status", status.as_str());
                ("PATCH", ["/items/", &item.to_string()].concat())
            }
            Self::Stations { stations, status } => {
                push_field(&mut body, "status", status.as_str());
                push_stations(&mut body, stations);
                ("POST", "/stations".to_owned())
            }
            Self::Rush(on) => {
                body.push_str(if *on { "\"rush\":true," } else { "\"rush\":false," });
                ("PATCH", String::new())
            }
            Self::Hold(on) => {
                body.push_str(if *on { "\"held\":true," } else { "\"held\":false," });
                ("PATCH", String::new())
            }
            Self::Fire => ("POST", "/fire".to_owned()),
            Self::Know { of, stations } => {
                push_field(&mut body, "of", of.as_str());
                if !stations.is_empty() {
                    push_stations(&mut body, stations);
                }
                ("POST", "/acknowledge".to_owned())
            }
        };
        push_actor(&mut body, actor);
        Request { method, path: api::path_of(id) + &way, body }
    }
}

/// What of `order` is to be made at `stations`, and how far each line is.
fn to_make<'a>(
    order: &'a FoodOrder,
    stations: &'a [Station],
) -> impl Iterator<Item = (ItemId, u32, ItemStatus)> {
    let lines = order.items.iter();
    let lines =
        lines.filter(|line| line.status != ItemStatus::Void && stations.contains(&line.station));
    lines.map(|line| (line.id, line.quantity, line.status))
}

/// Adds a field of text, which others follow, to a request.
fn push_field(body: &mut String, name: &'static str, text: &str) {
    for part in ["\"", name, "\":"] {
        body.push_str(part);
    }
    push_text(body, text);
    body.push(',');
}

/// Adds the stations that it is about, which others follow, to a request.
fn push_stations(body: &mut String, stations: &[Station]) {
    let mut begin = "\"stations\":[";
    for station in stations {
        body.push_str(begin);
        push_text(body, station.as_str());
        begin = ",";
    }
    body.push_str("],");
}

/// Adds who acts, the last field of a request.
fn push_actor(body: &mut String, actor: &str) {
    body.push_str("\"actor\":{\"kind\":\"staff\",\"id\":");
    push_text(body, actor);
    body.push_str("}}");
}

/// What stands in the way of a bump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// Nobody has said that they have seen its allergens.
    Allergens,
    /// It is held, and nobody has said that it is to be begun anyway.
    Held,
}

/// What a ticket shows of actions on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The action under way.
    pub pending: Option<Action>,
    /// The version that will confirm it, once the server has answered.
    pub confirmed_by: Option<Version>,
    /// The action that is not known to be saved, and why.
    pub refused: Option<(Action, Failure)>,
    /// What waits to be sent, or came to nothing when it was.
    pub waiting: Option<Waiting>,
    /// Whether somebody has pressed the bump of a held order once: the next
    /// press begins it anyway.
    pub anyway: bool,
    /// When somebody else moved the order on last, by the local clock.
    pub turned_at: i64,
    /// When the ticket stops being marked as new, by the local clock.
    pub fresh_until: Option<i64>,
    /// Whether it came while the screen was away, and nobody has done anything with it since.
    pub came_while_away: bool,
}

/// A bump that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// Of which order.
    pub id: OrderId,
    /// What it is called.
    pub number: OrderNumber,
    /// What the bump did.
    pub did: Action,
    /// Where the bump took it.
    pub from: OrderStatus,
    /// What takes it back.
    pub back: Action,
    /// The version that the bump made.
    pub version: Version,
    /// When it is no longer offered, by the local clock.
    pub until: UnixMillis,
    /// Why the last try did not succeed.
    pub refused: Option<Failure>,
    /// Whether a try is under way.
    pub pending: bool,
}

/// Takes order `id` to status `to`, as the screen `actor`.
///
/// # Errors
/// It was refused, or there is no answer.
pub async fn transition(
    actor: String,
    id: OrderId,
    to: OrderStatus,
    expected_version: Version,
    reason: Option<&str>,
) -> Result<FoodOrder, Failure> {
    let action = Action::Go { to, reason: reason.map(str::to_owned) };
    let request = action.request(id, &actor);
    let body = request.body_for(expected_version);
    api::change(request.method, &request.path, body).await
}

impl LiveBoard {
    /// What stands in the way of the bump of `ticket`, if anything does.
    #[must_use]
    pub fn barred(self, Ticket { order, mark }: &Ticket) -> Option<Barred> {
        let begun = !matches!(order.status, OrderStatus::Accepted | OrderStatus::Preparing);
        if begun {
            None
        } else if self.is_careful() && !order.flags.allergens_seen && !order.allergens().is_empty()
        {
            Some(Barred::Allergens)
        } else if order.flags.held && !mark.anyway {
            Some(Barred::Held)
        } else {
            None
        }
    }

    /// Does the next thing to order `id`; what stands in its way, if anything
    /// does. A held order is begun by the second press.
    pub fn bump(self, id: OrderId) -> Option<Barred> {
        let row = self.row(id)?;
        let (bump, barred) = row.with_untracked(|ticket| {
            // What waits is as good as done to whoever goes on working.
            let bump = self.read(|board| board.part().bump(&ticket.as_wanted()));
            (bump, self.barred(ticket))
        });
        let bump = bump?;
        match barred {
            None => self.act(id, bump),
            Some(Barred::Held) => {
                row.update(|ticket| ticket.mark.anyway = true);
                self.changed_something();
                // Whoever presses again much later does not mean that press.
                super::later(ANYWAY_MS, move || {
                    if row.with_untracked(|ticket| ticket.mark.anyway) {
                        row.update(|ticket| ticket.mark.anyway = false);
                        self.changed_something();
                    }
                });
            }
            Some(Barred::Allergens) => {}
        }
        barred
    }

    /// Brings order `id` back to be made, where that can be.
    pub fn recall(self, id: OrderId) {
        let Some(row) = self.row(id) else { return };
        let recall = |ticket: &Ticket| {
            // What waits is done to whoever goes on working: it queues behind.
            self.read(|board| board.part().recall(&ticket.as_wanted()))
        };
        if let Some(recall) = row.with_untracked(recall) {
            self.act(id, recall);
        }
    }

    /// Says for whoever is at this screen that they know `of` something of order `id`.
    pub fn know(self, id: OrderId, of: Acknowledged) {
        let Some(row) = self.row(id) else { return };
        let know = |ticket: &Ticket| self.read(|board| board.part().know(of, &ticket.order));
        self.act(id, row.with_untracked(know));
    }

    /// Begins `action` on order `id`. Nothing happens while another is under
    /// way. Without a server it waits until there is one.
    pub fn act(self, id: OrderId, action: Action) {
        let Some(row) = self.row(id) else { return };
        if row.with_untracked(|ticket| ticket.mark.pending.is_some()) {
            return;
        }
        let (about, back) =
            row.with_untracked(|Ticket { order, .. }| (action.about(order), action.back(order)));
        let key = match self.put_in(&row, action.request(id, &self.actor())) {
            Placed::Now(key) => key,
            Placed::Later => return,
            Placed::Barred(failure) => return self.refused(id, action, failure),
        };
        row.update(|ticket| {
            ticket.mark = Mark { pending: Some(action.clone()), ..Mark::default() };
        });
        self.changed_something();
        api::spawn(Box::pin(async move {
            let mut tries = 0;
            let answer = loop {
                let answer = self.send(key).await;
                tries += 1;
                // Another station was faster with its own part of the order.
                if tries < TRIES
                    && about.is_some()
                    && matches!(&answer, Err(failure) if failure.is_stale())
                    && let Some(now) = api::order(id).await
                    && action.about(&now) == about
                {
                    replay::go_by(key, now.version);
                    continue;
                }
                break answer;
            };
            match answer {
                Ok(order) => {
                    if let Some(back) = back {
                        self.offer_undo(&order, action, back);
                    }
                    self.saved(id, order.version);
                }
                Err(failure) if failure.answered() => {
                    replay::give_up(key);
                    self.refused(id, action, failure);
                }
                // It waits, or the stream has brought it and it does not.
                Err(_) => {
                    row.update(|ticket| ticket.mark.pending = None);
                    self.mark_waiting(id);
                }
            }
        }));
    }

    fn refused(self, id: OrderId, action: Action, failure: Failure) {
        let Some(row) = self.row(id) else { return };
        let number = row.with_untracked(|ticket| ticket.order.number);
        let begin = spoken().with(Word::OrderColon, &number.to_string());
        self.alarm(&[begin, failure.words.clone()].concat());
        row.update(|ticket| {
            ticket.mark.pending = None;
            ticket.mark.refused = Some((action, failure));
        });
        self.changed_something();
    }

    /// Takes back the refused action of order `id`, and does it again if `retry`.
    pub fn settle(self, id: OrderId, retry: bool) {
        let Some(row) = self.row(id) else { return };
        let refused = row.try_update(|ticket| ticket.mark.refused.take()).flatten();
        self.changed_something();
        if let Some((action, _)) = refused.filter(|_| retry) {
            self.act(id, action);
        }
    }

    fn offer_undo(self, order: &FoodOrder, did: Action, back: Action) {
        let undo = Undo {
            id: order.id,
            number: order.number,
            did,
            from: order.status,
            back,
            version: order.version,
            until: UnixMillis(self.local_now()).plus(UNDO_MS),
            refused: None,
            pending: false,
        };
        self.pulse.update(|pulse| pulse.undo = Some(undo));
    }

    /// Takes back the last bump, if that is still offered; or else what was done
    /// last and waits.
    pub fn undo_last(self) {
        let undo = self.pulse.with_untracked(|pulse| pulse.undo.clone());
        if undo.is_none() {
            self.take_back_last();
        }
        let Some(undo) = undo.filter(|undo| !undo.pending) else { return };
        self.pulse.update(|pulse| {
            if let Some(undo) = &mut pulse.undo {
                undo.pending = true;
                undo.refused = None;
            }
        });
        // Whoever ticked an item since did not take the bump back.
        let stands = |Ticket { order, .. }: &Ticket| {
            let made_here = matches!(
                order.status,
                OrderStatus::Accepted | OrderStatus::Preparing | OrderStatus::Ready
            );
            ((made_here || order.status == undo.from) && undo.did.is_done_in(order))
                .then_some(order.version)
        };
        let version = self.row(undo.id).and_then(|row| row.with_untracked(stands));
        let version = version.map_or(undo.version, |version| version.max(undo.version));
        self.undoing(undo.id);
        api::spawn(Box::pin(async move {
            let request = undo.back.request(undo.id, &self.actor());
            let body = request.body_for(version);
            let answer = api::change(request.method, &request.path, body).await;
            // Of this try or of one before it, the answer may have been lost.
            let is_back = |Ticket { order, .. }: &Ticket| {
                order.version > undo.version && undo.back.is_done_in(order)
            };
            let row = self.row(undo.id);
            let done = answer.is_ok() || row.is_some_and(|row| row.with_untracked(is_back));
            if done {
                self.say(spoken().with(Word::OrderIsBack, &undo.number.to_string()));
            }
            let until = UnixMillis(self.local_now()).plus(UNDO_MS);
            self.pulse.update(|pulse| match (&mut pulse.undo, answer) {
                // Another bump has taken the place meanwhile.
                (Some(shown), _) if shown.version != undo.version || shown.id != undo.id => {}
                (Some(shown), Err(failure)) if !done => {
                    shown.pending = false;
                    shown.refused = Some(failure);
                    shown.until = until;
                }
                (shown, _) => *shown = None,
            });
        }));
    }
}

#[cfg(test)]
mod tests;
