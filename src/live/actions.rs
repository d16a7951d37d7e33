//! What staff do to an order. An action is marked on its ticket at once, and
//! taken as done only when the *stream* brings the order's new version: what
//! the board shows is never ahead of what every other board shows. A refused
//! one stays on the ticket with its reason until somebody retries or dismisses it.

use leptos::{prelude::*, task::spawn_local};

use super::{api, board::LiveBoard};
use crate::domain::{
    Actor, ActorKind, FoodOrder, ItemId, ItemStatus, OrderId, OrderNumber, OrderStatus, Version,
};

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
}

/// What a ticket shows of actions on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The action under way.
    pub pending: Option<Action>,
    /// The version that will confirm it, once the server has answered.
    pub confirmed_by: Option<Version>,
    /// The action that was refused, and why.
    pub refused: Option<(Action, String)>,
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
    pub until: i64,
    /// Why the last try was refused.
    pub refused: Option<String>,
    /// Whether a try is under way.
    pub pending: bool,
}

/// Who this board acts as.
fn actor() -> Actor {
    Actor { kind: ActorKind::Staff, id: "board".to_owned() }
}

/// Takes order `id` to status `to`.
///
/// # Errors
/// Why the server refused, in words for the page.
pub async fn transition(
    id: OrderId,
    to: OrderStatus,
    expected_version: Version,
    reason: Option<&str>,
) -> Result<FoodOrder, String> {
    let body = api::TransitionBody { to, expected_version, reason, actor: actor() };
    api::send("POST", &format!("/api/orders/{id}/transitions"), &body).await
}

impl LiveBoard {
    /// Begins `action` on order `id`. Nothing happens while another is under way.
    pub fn act(self, id: OrderId, action: Action) {
        let Some(row) = self.row(id) else { return };
        if row.mark.with_untracked(|mark| mark.pending.is_some()) {
            return;
        }
        row.mark.update(|mark| {
            mark.pending = Some(action.clone());
            mark.confirmed_by = None;
            mark.refused = None;
            mark.fresh_until = None;
        });
        let (version, before) = row.order.with_untracked(|order| (order.version, order.status));
        spawn_local(async move {
            let answer = match &action {
                Action::Go { to, reason } => transition(id, *to, version, reason.as_deref()).await,
                Action::Tick { item, status } => {
                    let body = api::ItemBody { status: *status, expected_version: version };
                    api::send("PATCH", &format!("/api/orders/{id}/items/{item}"), &body).await
                }
            };
            match answer {
                Ok(order) => {
                    if order.status.is_recall(before) {
                        self.offer_undo(&order, before);
                    }
                    self.saved(id, order.version);
                }
                Err(detail) => {
                    let Some(row) = self.row(id) else { return };
                    self.alarm(&format!(
                        "Order {}: not saved, {detail}",
                        row.order.with_untracked(|order| order.number)
                    ));
                    row.mark.update(|mark| {
                        mark.pending = None;
                        mark.refused = Some((action, detail));
                    });
                }
            }
        });
    }

    /// Takes back the refused action of order `id`, and does it again if `retry`.
    pub fn settle(self, id: OrderId, retry: bool) {
        let Some(row) = self.row(id) else { return };
        let refused = row.mark.try_update(|mark| mark.refused.take()).flatten();
        if let Some((action, _)) = refused.filter(|_| retry) {
            self.act(id, action);
        }
    }

    fn offer_undo(self, order: &FoodOrder, before: OrderStatus) {
        self.undo.set(Some(Undo {
            id: order.id,
            number: order.number,
            from: order.status,
            to: before,
            version: order.version,
            until: self.local_now() + UNDO_MS,
            refused: None,
            pending: false,
        }));
    }

    /// Takes back the last bump, if that is still offered.
    pub fn undo_last(self) {
        let Some(undo) = self.undo.get_untracked().filter(|undo| !undo.pending) else { return };
        self.undo.update(|undo| {
            if let Some(undo) = undo {
                undo.pending = true;
                undo.refused = None;
            }
        });
        spawn_local(async move {
            // Whoever ticked an item since did not take the bump back.
            let version = self
                .row(undo.id)
                .map(|row| row.order.with_untracked(|order| (order.version, order.status)))
                .filter(|(_, status)| *status == undo.from)
                .map_or(undo.version, |(version, _)| version.max(undo.version));
            match transition(undo.id, undo.to, version, Some("undo")).await {
                Ok(order) => {
                    self.say(format!("Order {} is back", order.number));
                    self.undo.set(None);
                }
                Err(detail) => self.undo.update(|shown| {
                    if let Some(shown) = shown.as_mut().filter(|shown| shown.id == undo.id) {
                        shown.pending = false;
                        shown.refused = Some(detail);
                        shown.until = self.local_now() + UNDO_MS;
                    }
                }),
            }
        });
    }
}
