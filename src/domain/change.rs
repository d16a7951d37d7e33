//! What may happen to an order that stands, and the rules that decide it. Every
//! store engine calls [`Change::decide`] inside its transaction, so the rules
//! are the same everywhere.

use super::{
    ids::{ItemId, Version},
    order::{Actor, FoodOrder, ItemStatus, LastChange, OrderItem},
    status::OrderStatus,
    time::UnixMillis,
};

/// A wish to change an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is to happen.
    pub action: Action,
    /// The version that whoever wishes it has seen.
    pub expected_version: Version,
    /// Who wishes it.
    pub actor: Actor,
}

/// What is to happen to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Go to another status.
    Transition {
        /// Which.
        to: OrderStatus,
        /// Why.
        reason: Option<String>,
    },
    /// Mark one line.
    Item {
        /// Which line.
        item: ItemId,
        /// As what.
        status: ItemStatus,
    },
}

/// Why a change was refused. The order is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody else changed it first.
    StaleVersion {
        /// The version that stands.
        current: Version,
    },
    /// The state machine has no such way.
    IllegalTransition {
        /// Where the order stands.
        from: OrderStatus,
        /// Where it was to go.
        to: OrderStatus,
        /// Where it may go.
        allowed: &'static [OrderStatus],
    },
    /// The order has no such line.
    UnknownItem {
        /// The line asked for.
        item: ItemId,
    },
    /// The line was taken off, and stays off.
    ItemIsVoid {
        /// The line asked for.
        item: ItemId,
    },
    /// Lines of a closed order cannot be marked.
    OrderIsClosed {
        /// Where the order stands.
        status: OrderStatus,
    },
}

impl Change {
    /// The order after this change, at `at`; `None` when it would change nothing.
    ///
    /// # Errors
    /// The first rule that forbids it. A stale version comes before all
    /// others: who saw an old state cannot judge the new one.
    pub fn decide(&self, order: &FoodOrder, at: UnixMillis) -> Result<Option<FoodOrder>, Refusal> {
        if self.expected_version != order.version {
            return Err(Refusal::StaleVersion { current: order.version });
        }
        let mut after = order.clone();
        let reason = match &self.action {
            Action::Transition { to, reason } => {
                go(&mut after, *to, at)?;
                reason.clone()
            }
            Action::Item { item, status } => {
                if !mark(&mut after, *item, *status)? {
                    return Ok(None);
                }
                None
            }
        };
        after.version = order.version.next();
        after.last_change = LastChange {
            from: Some(order.status),
            to: after.status,
            at,
            actor: self.actor.clone(),
            reason,
        };
        Ok(Some(after))
    }
}

/// Takes `order` to status `to`.
fn go(order: &mut FoodOrder, to: OrderStatus, at: UnixMillis) -> Result<(), Refusal> {
    let from = order.status;
    let service = order.fulfilment.service;
    if !from.may_become(to, service) {
        return Err(Refusal::IllegalTransition { from, to, allowed: from.allowed(service) });
    }
    let recall = from.is_recall(to);
    let times = &mut order.times;
    match to {
        OrderStatus::Accepted => times.accepted_at = Some(at),
        // A recalled ticket keeps the time it was begun.
        OrderStatus::Preparing => {
            times.preparing_at.get_or_insert(at);
            times.ready_at = None;
        }
        OrderStatus::Ready if recall => {
            times.closed_at = None;
            times.out_for_delivery_at = None;
        }
        OrderStatus::Ready => times.ready_at = Some(at),
        OrderStatus::OutForDelivery => times.out_for_delivery_at = Some(at),
        OrderStatus::Completed
        | OrderStatus::Rejected
        | OrderStatus::Expired
        | OrderStatus::Cancelled
        | OrderStatus::Failed => times.closed_at = Some(at),
        OrderStatus::Placed => {}
    }
    order.status = to;
    order.flags.recalled = recall;
    order.flags.changed = false;
    Ok(())
}

/// Marks one line; whether that changed anything.
fn mark(order: &mut FoodOrder, item: ItemId, status: ItemStatus) -> Result<bool, Refusal> {
    if !order.status.is_open() {
        return Err(Refusal::OrderIsClosed { status: order.status });
    }
    let line =
        order.items.iter_mut().find(|line| line.id == item).ok_or(Refusal::UnknownItem { item })?;
    if line.status == status {
        return Ok(false);
    }
    if line.status == ItemStatus::Void {
        return Err(Refusal::ItemIsVoid { item });
    }
    line.status = status;
    if status == ItemStatus::Void {
        order.flags.changed = true;
        let subtotal = order.items.iter().map(OrderItem::price).sum();
        order.money = order.money.with_subtotal(subtotal);
    }
    Ok(true)
}
