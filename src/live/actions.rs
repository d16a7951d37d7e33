//! What staff do to an order. An action is marked on its ticket at once, and
//! taken as done only when the *stream* brings the order's new version: what
//! the board shows is never ahead of what every other board shows. A refused
//! one stays on the ticket with its reason until somebody retries or dismisses it;
//! one whose answer was lost, until the stream shows that it was carried out.

use leptos::prelude::*;

use super::{
    api::{self, Failure},
    board::LiveBoard,
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
    /// Whether the stream has shown what is under way as done, whatever came after.
    pub seen_done: bool,
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
    let mut body = format!("{{\"to\":\"{to}\",\"expected_version\":{expected_version}");
    push_actor(&mut body, &actor);
    if let Some(reason) = reason {
        body.push_str(",\"reason\":");
        push_text(&mut body, reason);
    }
    body.push('}');
    api::change("POST", &format!("/api/orders/{id}/transitions"), body).await
}

/// Adds who acts, as a field of a request.
fn push_actor(body: &mut String, actor: &str) {
    body.push_str(",\"actor\":{\"kind\":\"staff\",\"id\":\"");
    // A screen's name has nothing in it that JSON would need escaped.
    body.push_str(actor);
    body.push_str("\"}");
}

impl LiveBoard {
    /// Begins `action` on order `id`. Nothing happens while another is under way.
    pub fn act(self, id: OrderId, action: Action) {
        let Some(row) = self.row(id) else { return };
        if row.with_untracked(|ticket| ticket.mark.pending.is_some()) {
            return;
        }
        let (version, before) =
            row.with_untracked(|ticket| (ticket.order.version, ticket.order.status));
        row.update(|ticket| {
            ticket.mark = Mark { pending: Some(action.clone()), ..Mark::default() };
        });
        self.changed_something();
        api::spawn(Box::pin(async move {
            let answer = match &action {
                Action::Go { to, reason } => {
                    transition(self.actor(), id, *to, version, reason.as_deref()).await
                }
                Action::Know(of) => {
                    let of = of.as_str();
                    let mut body = format!("{{\"of\":\"{of}\",\"expected_version\":{version}");
                    push_actor(&mut body, &self.actor());
                    body.push('}');
                    api::change("POST", &format!("/api/orders/{id}/acknowledge"), body).await
                }
                Action::Tick { item, status } => {
                    let status = status.as_str();
                    let mut body =
                        format!("{{\"status\":\"{status}\",\"expected_version\":{version}");
                    push_actor(&mut body, &self.actor());
                    body.push('}');
                    api::change("PATCH", &format!("/api/orders/{id}/items/{item}"), body).await
                }
            };
            match answer {
                Ok(order) => {
                    if order.status.is_recall(before) {
                        self.offer_undo(&order, before);
                    }
                    self.saved(id, order.version);
                }
                Err(failure) => self.refused(id, action, failure),
            }
        }));
    }

    fn refused(self, id: OrderId, action: Action, failure: Failure) {
        let Some(row) = self.row(id) else { return };
        // Only the answer was lost: the stream has brought what was asked for.
        if !failure.answered && row.with_untracked(|ticket| ticket.mark.seen_done) {
            row.update(|ticket| ticket.mark.pending = None);
            return self.changed_something();
        }
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
