//! What staff do to an order. An action is marked on its ticket at once, and
//! taken as done only when the *stream* brings the order's new version: what
//! the board shows is never ahead of what every other board shows. A refused
//! one stays on the ticket with its reason until somebody retries or dismisses it;
//! one whose answer was lost waits to be sent again, see [`replay`](super::replay).

use leptos::prelude::*;

use super::{
    api::{self, Failure},
    board::LiveBoard,
    outbox::Request,
    replay::{self, Placed, Waiting},
};
use crate::domain::{
    FoodOrder, ItemId, ItemStatus, OrderId, OrderNumber, OrderStatus, UnixMillis, Version,
    change::Acknowledged,
};
use crate::wire::lean::push_text;

/// How long the undo bar stays.
const UNDO_MS: i64 = 10_000;

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
    /// Say that one knows.
    Know(Acknowledged),
}

impl Action {
    /// The request that does this to order `id`, as the screen `actor`.
    #[must_use]
    pub fn request(&self, id: OrderId, actor: &str) -> Request {
        let mut body = String::from("{");
        let (method, way) = match self {
            Self::Go { to, reason } => {
                push_field(&mut body, "to", to.as_str());
                if let Some(reason) = reason {
                    push_field(&mut body, "reason", reason);
                }
                ("POST", "transitions".to_owned())
            }
            Self::Tick { item, status } => {
                push_field(&mut body, "status", status.as_str());
                ("PATCH", format!("items/{item}"))
            }
            Self::Know(of) => {
                push_field(&mut body, "of", of.as_str());
                ("POST", "acknowledge".to_owned())
            }
        };
        push_actor(&mut body, actor);
        Request { method, path: format!("/api/orders/{id}/{way}"), body }
    }

    /// Whether `order` is as this action would have it.
    #[must_use]
    pub fn is_done_in(&self, order: &FoodOrder) -> bool {
        match self {
            Self::Go { to, .. } => order.status == *to,
            Self::Tick { item, status } => {
                order.items.iter().any(|line| line.id == *item && line.status == *status)
            }
            Self::Know(of) => of.is_known(order),
        }
    }
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
    /// When the ticket stops being marked as new, by the local clock.
    pub fresh_until: Option<i64>,
}

/// A bump that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// Of which order.
    pub id: OrderId,
    /// What it is called.
    pub number: OrderNumber,
    /// Where the bump took it.
    pub from: OrderStatus,
    /// Where undo takes it back to.
    pub to: OrderStatus,
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

/// Adds a field of text, which others follow, to a request.
fn push_field(body: &mut String, name: &'static str, text: &str) {
    for part in ["\"", name, "\":"] {
        body.push_str(part);
    }
    push_text(body, text);
    body.push(',');
}

/// Adds who acts, the last field of a request.
fn push_actor(body: &mut String, actor: &str) {
    body.push_str("\"actor\":{\"kind\":\"staff\",\"id\":");
    push_text(body, actor);
    body.push_str("}}");
}

impl LiveBoard {
    /// Begins `action` on order `id`. Nothing happens while another is under
    /// way. Without a server it waits until there is one.
    pub fn act(self, id: OrderId, action: Action) {
        let Some(row) = self.row(id) else { return };
        if row.with_untracked(|ticket| ticket.mark.pending.is_some()) {
            return;
        }
        let before = row.with_untracked(|ticket| ticket.order.status);
        let request = action.request(id, &self.actor());
        let key = match self.put_in(&row, request) {
            Placed::Now(key) => key,
            Placed::Later => return,
            Placed::Full(failure) => return self.refused(id, action, failure),
        };
        row.update(|ticket| {
            ticket.mark = Mark { pending: Some(action.clone()), ..Mark::default() };
        });
        self.changed_something();
        api::spawn(Box::pin(async move {
            match self.send(key).await {
                Ok(order) => {
                    if order.status.is_recall(before) {
                        self.offer_undo(&order, before);
                    }
                    self.saved(id, order.version);
                }
                Err(failure) if failure.answered => {
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
        self.alarm(&format!("Order {number}: {}", failure.words));
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

    fn offer_undo(self, order: &FoodOrder, before: OrderStatus) {
        let undo = Undo {
            id: order.id,
            number: order.number,
            from: order.status,
            to: before,
            version: order.version,
            until: UnixMillis(self.local_now()).plus(UNDO_MS),
            refused: None,
            pending: false,
        };
        self.pulse.update(|pulse| pulse.undo = Some(undo));
    }

    /// Takes back the last bump, if that is still offered.
    pub fn undo_last(self) {
        let undo = self.pulse.with_untracked(|pulse| pulse.undo.clone());
        let Some(undo) = undo.filter(|undo| !undo.pending) else { return };
        self.pulse.update(|pulse| {
            if let Some(undo) = &mut pulse.undo {
                undo.pending = true;
                undo.refused = None;
            }
        });
        // Whoever ticked an item since did not take the bump back.
        let version = self
            .row(undo.id)
            .map(|row| row.with_untracked(|ticket| (ticket.order.version, ticket.order.status)))
            .filter(|(_, status)| *status == undo.from)
            .map_or(undo.version, |(version, _)| version.max(undo.version));
        api::spawn(Box::pin(async move {
            let answer = transition(self.actor(), undo.id, undo.to, version, Some("undo")).await;
            if let Ok(order) = &answer {
                self.say(format!("Order {} is back", order.number));
            }
            let until = UnixMillis(self.local_now()).plus(UNDO_MS);
            self.pulse.update(|pulse| match (&mut pulse.undo, answer) {
                // Another bump has taken the place meanwhile.
                (Some(shown), _) if shown.version != undo.version || shown.id != undo.id => {}
                (Some(shown), Err(failure)) => {
                    shown.pending = false;
                    shown.refused = Some(failure);
                    shown.until = until;
                }
                (shown, _) => *shown = None,
            });
        }));
    }
}
