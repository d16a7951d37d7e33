//! What may happen to an order that stands, and the rules that decide it. Every
//! store engine calls [`Change::decide`] inside its transaction, so the rules
//! are the same everywhere.

use std::str::FromStr;

use super::{
    ageing::{Busy, Promises},
    ids::{ItemId, Station, Version},
    limits,
    new_order::NewItem,
    order::{Actor, Added, Erased, FoodOrder, ItemStatus, LastChange, OrderItem, Service, What},
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
    /// Mark one line. The last line that is made makes the order ready, whoever
    /// marks it and however.
    Item {
        /// Which line.
        item: ItemId,
        /// As what.
        status: ItemStatus,
    },
    /// Mark every line of some stations, as a prep screen does that bumps its
    /// part. The first station that begins starts the order.
    Stations {
        /// Which.
        stations: Vec<Station>,
        /// As what; not as void.
        status: ItemStatus,
    },
    /// Set or take off marks; what is `None` stays.
    Flags {
        /// Before all others.
        rush: Option<bool>,
        /// Not to be begun yet.
        held: Option<bool>,
    },
    /// Send an order for later to the kitchen now.
    Fire,
    /// Change what is to be made, or when it is due.
    Edit(Edit),
    /// Say that one knows.
    Acknowledge {
        /// Of what.
        of: Acknowledged,
        /// Of a change or a cancellation: for these stations alone; for all when
        /// there are none.
        stations: Vec<Station>,
    },
    /// The customer has come, to have it brought to their car. Only the first time
    /// counts.
    Arrive {
        /// Where the car stands, or what it looks like.
        note: Option<String>,
    },
}

/// A change of what is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// New lines.
    pub add: Vec<NewItem>,
    /// Lines to take off.
    pub remove: Vec<ItemId>,
    /// Lines of which there are to be another number.
    pub quantities: Vec<(ItemId, u32)>,
    /// When it is due instead.
    pub due: Option<Due>,
}

/// Another due time, and what it is promised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: UnixMillis,
    /// How long orders may take.
    pub promises: Promises,
    /// How much longer they take now.
    pub busy: Busy,
}

/// What somebody says they know of.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// That it is cancelled.
    Cancel,
    /// What has changed.
    Change,
    /// Its allergens.
    Allergens,
}

impl Acknowledged {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Change => "change",
            Self::Allergens => "allergens",
        }
    }

    /// Whether all of it is known in `order`.
    #[must_use]
    pub fn is_known(self, order: &FoodOrder) -> bool {
        match self {
            Self::Cancel => !order.flags.cancel_unseen,
            Self::Change => !order.flags.changed,
            Self::Allergens => order.flags.allergens_seen,
        }
    }
}

impl FromStr for Acknowledged {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        [Self::Cancel, Self::Change, Self::Allergens]
            .into_iter()
            .find(|of| of.as_str() == raw)
            .ok_or("cancel, change or allergens")
    }
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
    /// The order has no line of these stations.
    NothingAtStation,
    /// The order would have more lines than an order may have.
    TooManyItems,
    /// Nothing would be left to make.
    NothingLeft,
    /// Nobody waits in a car for it.
    NotCurbside,
}

impl Change {
    /// Whether this decides about `order`, instead of being the kitchen's work on it:
    /// what is made, when it is begun, and whether at all.
    #[must_use]
    pub fn directs(&self, order: &FoodOrder) -> bool {
        let waits = !order.is_begun() && (order.flags.held || order.is_for_later());
        match &self.action {
            Action::Transition { to, .. } => match to {
                OrderStatus::Rejected
                | OrderStatus::Expired
                | OrderStatus::Cancelled
                | OrderStatus::Failed => true,
                OrderStatus::Placed | OrderStatus::Accepted => false,
                OrderStatus::Preparing
                | OrderStatus::Ready
                | OrderStatus::OutForDelivery
                | OrderStatus::Completed => waits,
            },
            Action::Item { status, .. } => {
                *status == ItemStatus::Void || waits && *status != ItemStatus::Todo
            }
            Action::Stations { status, .. } => waits && *status != ItemStatus::Todo,
            Action::Flags { .. } | Action::Fire | Action::Edit(_) => true,
            Action::Acknowledge { .. } | Action::Arrive { .. } => false,
        }
    }

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
        let mut why = None;
        let what = match &self.action {
            Action::Transition { to, reason } => {
                transition(&mut after, *to, at)?;
                why.clone_from(reason);
                What::Status
            }
            Action::Item { item, status } => {
                mark_item(&mut after, *item, *status, at)?;
                What::Item
            }
            Action::Stations { stations, status } => {
                mark_stations(&mut after, stations, *status, at)?;
                What::Station
            }
            Action::Flags { rush, held } => {
                must_be_open(&after)?;
                after.flags.rush = rush.unwrap_or(after.flags.rush);
                after.flags.held = held.unwrap_or(after.flags.held);
                What::Flags
            }
            Action::Fire => {
                must_be_open(&after)?;
                fire(&mut after, at);
                What::Fired
            }
            Action::Edit(edit) => {
                self::edit(&mut after, edit, at)?;
                follow_lines(&mut after, is_made(order), at)?;
                What::Edited
            }
            Action::Acknowledge { of, stations } => {
                if *of != Acknowledged::Cancel {
                    must_be_open(&after)?;
                }
                acknowledge(&mut after, *of, stations);
                // Who asks later why it was called off is still told.
                if *of == Acknowledged::Cancel {
                    why.clone_from(&order.last_change.reason);
                }
                What::Acknowledged
            }
            Action::Arrive { note } => {
                arrive(&mut after, note.as_deref(), at)?;
                What::Arrived
            }
        };
        if matches!(what, What::Edited | What::Item) && order.is_for_later() {
            unmark(&mut after);
        }
        after.flags.allergens_seen &= !has_new_allergens(order, &after);
        if after == *order {
            return Ok(None);
        }
        if is_edited(order, &after) {
            after.revision = order.revision.saturating_add(1);
        }
        after.version = order.version.next();
        after.last_change = LastChange {
            from: Some(order.status),
            to: after.status,
            what,
            at,
            actor: self.actor.clone(),
            reason: why,
        };
        // What was written since is to be erased in its turn.
        after.erased = Erased(order.erased.0 && !after.tells_of_a_person());
        Ok(Some(after))
    }
}

impl FoodOrder {
    /// Whether boards showed it before its last change.
    #[must_use]
    pub fn was_on_board(&self) -> bool {
        let LastChange { from, what, .. } = &self.last_change;
        if *what == What::Erased {
            return self.is_on_board();
        }
        match from {
            None => false,
            // Nothing else changes a cancelled order.
            Some(OrderStatus::Cancelled) => *what == What::Acknowledged,
            Some(from) => from.is_open(),
        }
    }
}

fn must_be_open(order: &FoodOrder) -> Result<(), Refusal> {
    if order.status.is_open() {
        Ok(())
    } else {
        Err(Refusal::OrderIsClosed { status: order.status })
    }
}

/// Takes `order` to status `to`, and further where its lines say so: whoever made
/// it before it was accepted need not make it again.
///
/// # Errors
/// It cannot go there.
pub fn transition(order: &mut FoodOrder, to: OrderStatus, at: UnixMillis) -> Result<(), Refusal> {
    let was_made = is_made(order);
    go(order, to, at)?;
    follow_lines(order, was_made, at)
}

/// Marks one line, and takes `order` along.
///
/// # Errors
/// There is no such line, or it cannot be marked so any more.
pub fn mark_item(
    order: &mut FoodOrder,
    item: ItemId,
    status: ItemStatus,
    at: UnixMillis,
) -> Result<(), Refusal> {
    must_be_open(order)?;
    if order.status == OrderStatus::OutForDelivery && status == ItemStatus::Void {
        return Err(Refusal::OrderIsClosed { status: order.status });
    }
    let was_made = is_made(order);
    mark(order, item, status)?;
    must_have_something(order)?;
    follow_lines(order, was_made, at)
}

/// Takes `order` to status `to`.
fn go(order: &mut FoodOrder, to: OrderStatus, at: UnixMillis) -> Result<(), Refusal> {
    let from = order.status;
    if !order.allowed().contains(&to) {
        return Err(Refusal::IllegalTransition { from, to, allowed: order.allowed() });
    }
    let recall = from.is_recall(to);
    if to == OrderStatus::Preparing {
        // Who begins it has seen it, and waits for nothing any longer.
        fire(order, at);
        order.flags.held = false;
    }
    if from == OrderStatus::Ready && to == OrderStatus::Preparing && is_made(order) {
        // Stations go by their lines: who is to make it again must see that.
        for line in order.items.iter_mut().filter(|line| line.status == ItemStatus::Done) {
            line.status = ItemStatus::Doing;
        }
    }
    let times = &mut order.times;
    match to {
        OrderStatus::Accepted => {
            times.accepted_at.get_or_insert(at);
            times.preparing_at = None;
        }
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
    if to == OrderStatus::Cancelled {
        call_off(order, from);
    }
    Ok(())
}

/// Has the kitchen say that it knows `order` is called off, which stood at
/// `from`: all that may have begun it, or else whoever reads it first. What it
/// never saw it need not know of.
fn call_off(order: &mut FoodOrder, from: OrderStatus) {
    let asked = from == OrderStatus::Placed && order.source.accept_by.is_some();
    order.flags.cancel_unseen = asked || !order.flags.scheduled;
    order.unaware = if order.is_begun() { at_work(order) } else { Vec::new() };
}

/// The stations that have something of `order` to make.
fn at_work(order: &FoodOrder) -> Vec<Station> {
    let mut stations = Vec::new();
    for line in order.items.iter().filter(|line| line.status != ItemStatus::Void) {
        if !stations.contains(&line.station) {
            stations.push(line.station.clone());
        }
    }
    stations
}

/// Whether something of `order` is made, and nothing is left to make.
fn is_made(order: &FoodOrder) -> bool {
    let status = |wanted: ItemStatus| order.items.iter().filter(move |it| it.status == wanted);
    let done = status(ItemStatus::Done).count();
    done > 0 && done + status(ItemStatus::Void).count() == order.items.len()
}

/// Takes `order` along with its lines, which `were_made` or not before: to ready
/// when all are made, and back when one is not made after all. Whoever
/// bumped it without a look at its lines is not overruled by them.
fn follow_lines(order: &mut FoodOrder, were_made: bool, at: UnixMillis) -> Result<(), Refusal> {
    match (were_made, is_made(order)) {
        (_, true) => {
            if order.status == OrderStatus::Accepted {
                go(order, OrderStatus::Preparing, at)?;
            }
            if order.status == OrderStatus::Preparing {
                go(order, OrderStatus::Ready, at)?;
            }
        }
        (true, false) if order.status == OrderStatus::Ready => make_further(order, at)?,
        _ => {}
    }
    Ok(())
}

/// Takes `order`, which is ready, back to be made: there is more to it than there
/// was. Nobody recalls it.
fn make_further(order: &mut FoodOrder, at: UnixMillis) -> Result<(), Refusal> {
    go(order, OrderStatus::Preparing, at)?;
    order.flags.recalled = false;
    Ok(())
}

/// Sends `order` to the kitchen, if it waits for its time.
fn fire(order: &mut FoodOrder, at: UnixMillis) {
    if std::mem::take(&mut order.flags.scheduled) {
        order.times.fired_at = Some(at);
    }
}

/// Marks one line.
fn mark(order: &mut FoodOrder, item: ItemId, status: ItemStatus) -> Result<(), Refusal> {
    let line = line(order, item)?;
    if line.status == status {
        return Ok(());
    }
    if line.status == ItemStatus::Void {
        return Err(Refusal::ItemIsVoid { item });
    }
    line.status = status;
    if status == ItemStatus::Void {
        line.quantity_before.get_or_insert(line.quantity);
        changed(order);
    }
    Ok(())
}

/// Refuses to leave nothing to make.
fn must_have_something(order: &FoodOrder) -> Result<(), Refusal> {
    if order.items.iter().all(|line| line.status == ItemStatus::Void) {
        return Err(Refusal::NothingLeft);
    }
    Ok(())
}

/// Whether something of `after` has an allergen that its station had not to
/// think of in `before`: nobody can have confirmed that.
fn has_new_allergens(before: &FoodOrder, after: &FoodOrder) -> bool {
    let known = |station: &Station, allergen: &String| {
        let mut lines = before.items.iter().filter(|line| line.status != ItemStatus::Void);
        lines.any(|line| line.station == *station && line.allergens.contains(allergen))
    };
    let mut lines = after.items.iter().filter(|line| line.status != ItemStatus::Void);
    lines.any(|line| line.allergens.iter().any(|allergen| !known(&line.station, allergen)))
}

fn line(order: &mut FoodOrder, item: ItemId) -> Result<&mut OrderItem, Refusal> {
    order.items.iter_mut().find(|line| line.id == item).ok_or(Refusal::UnknownItem { item })
}

/// Marks every line of `stations`, and takes `order` along.
///
/// # Errors
/// It has nothing at these stations, or is closed.
pub fn mark_stations(
    order: &mut FoodOrder,
    stations: &[Station],
    status: ItemStatus,
    at: UnixMillis,
) -> Result<(), Refusal> {
    must_be_open(order)?;
    let were_made = is_made(order);
    let mut any = false;
    let mut differs = false;
    let mut was_begun = false;
    for line in &mut order.items {
        if line.status != ItemStatus::Void && stations.contains(&line.station) {
            any = true;
            differs |= line.status != status;
            was_begun |= line.status == ItemStatus::Doing;
            line.status = status;
        }
    }
    if !any {
        return Err(Refusal::NothingAtStation);
    }
    let idle =
        order.items.iter().all(|it| matches!(it.status, ItemStatus::Todo | ItemStatus::Void));
    match (order.status, status) {
        (OrderStatus::Placed | OrderStatus::Accepted, ItemStatus::Doing | ItemStatus::Done) => {
            go(order, OrderStatus::Preparing, at)?;
        }
        // The one that began it has not begun it after all.
        (OrderStatus::Preparing, ItemStatus::Todo) if was_begun && idle => {
            go(order, OrderStatus::Accepted, at)?;
        }
        // A recall, also of what was bumped as a whole and never marked.
        (OrderStatus::Ready, ItemStatus::Todo) => go(order, OrderStatus::Preparing, at)?,
        (OrderStatus::Ready, ItemStatus::Doing) if differs => make_further(order, at)?,
        _ => {}
    }
    follow_lines(order, were_made, at)
}

/// Whether something else is to be made, or at another time.
fn is_edited(before: &FoodOrder, after: &FoodOrder) -> bool {
    let to_make = |order: &FoodOrder| -> Vec<(ItemId, u32, bool)> {
        let line = |line: &OrderItem| (line.id, line.quantity, line.status == ItemStatus::Void);
        order.items.iter().map(line).collect()
    };
    before.times.due_at != after.times.due_at || to_make(before) != to_make(after)
}

/// Changes what is to be made.
fn edit(order: &mut FoodOrder, edit: &Edit, at: UnixMillis) -> Result<(), Refusal> {
    // What is out of the kitchen's hands cannot change any more.
    if !order.status.is_open() || order.status == OrderStatus::OutForDelivery {
        return Err(Refusal::OrderIsClosed { status: order.status });
    }
    for item in &edit.remove {
        mark(order, *item, ItemStatus::Void)?;
    }
    let mut more = !edit.add.is_empty();
    for (item, quantity) in &edit.quantities {
        let line = line(order, *item)?;
        if line.status == ItemStatus::Void {
            return Err(Refusal::ItemIsVoid { item: *item });
        }
        if line.quantity != *quantity {
            line.quantity_before.get_or_insert(line.quantity);
            if *quantity > line.quantity {
                line.status = ItemStatus::Todo;
                more = true;
            }
            line.quantity = *quantity;
            changed(order);
        }
    }
    if order.items.len() + edit.add.len() > limits::ITEMS {
        return Err(Refusal::TooManyItems);
    }
    let last = order.items.iter().map(|line| line.id.0).max().unwrap_or(0);
    for (id, item) in (last.saturating_add(1)..).zip(&edit.add) {
        let mut line = item.clone().into_line(ItemId(id));
        line.quantity_before = Some(0);
        line.added_at = Some(at);
        line.added = Added(true);
        order.items.push(line);
        changed(order);
    }
    must_have_something(order)?;
    if let Some(due) = edit.due.filter(|due| order.times.due_at != Some(due.at)) {
        move_due(order, due, at);
    }
    if order.status == OrderStatus::Ready && more {
        make_further(order, at)?;
    }
    Ok(())
}

/// Has `order` due at another time, and promised anew. What nobody has begun and
/// is due late enough is for later from now on; what was, and is due soon, is not.
fn move_due(order: &mut FoodOrder, Due { at: due_at, promises, busy }: Due, at: UnixMillis) {
    let promise = promises.promise_anew(order, due_at, at, busy);
    let times = &mut order.times;
    times.warn_at = promise.warn_at;
    times.promised_at = promise.promised_at;
    times.due_at = Some(due_at);
    times.fires_at = promise.fires_at;
    order.fulfilment.due_at = Some(due_at);
    order.flags.changed = true;
    // It concerns no line, and so every station.
    order.unaware = at_work(order);
    if promise.fires_at.is_some() {
        order.flags.scheduled = true;
    } else {
        fire(order, at);
    }
}

/// Lets go of what tells that `order` has changed: nobody who makes it has seen
/// it as it was.
fn unmark(order: &mut FoodOrder) {
    order.flags.changed = false;
    order.unaware.clear();
    for line in &mut order.items {
        line.quantity_before = None;
        line.added_at = None;
    }
}

/// Notes that what is to be made is not what it was.
fn changed(order: &mut FoodOrder) {
    order.flags.changed = true;
    let subtotal = order.items.iter().map(OrderItem::price).sum();
    order.money = order.money.with_subtotal(subtotal);
}

/// Notes that whoever ordered it has come.
fn arrive(order: &mut FoodOrder, note: Option<&str>, at: UnixMillis) -> Result<(), Refusal> {
    if order.fulfilment.service != Service::Curbside {
        return Err(Refusal::NotCurbside);
    }
    must_be_open(order)?;
    if order.times.arrived_at.is_none() {
        order.times.arrived_at = Some(at);
        order.fulfilment.arrived_note = note.map(str::to_owned);
    }
    Ok(())
}

fn acknowledge(order: &mut FoodOrder, of: Acknowledged, stations: &[Station]) {
    let speaks_for = |station: &Station| stations.is_empty() || stations.contains(station);
    match of {
        Acknowledged::Allergens => order.flags.allergens_seen = true,
        Acknowledged::Cancel if !order.flags.cancel_unseen => {}
        Acknowledged::Cancel => {
            order.unaware.retain(|station| !speaks_for(station));
            order.flags.cancel_unseen = !order.unaware.is_empty();
        }
        Acknowledged::Change => {
            order.unaware.retain(|station| !speaks_for(station));
            for line in order.items.iter_mut().filter(|line| speaks_for(&line.station)) {
                line.quantity_before = None;
            }
            // Other stations may not have seen their part of it yet.
            order.flags.changed = !order.unaware.is_empty()
                || order.items.iter().any(|line| line.quantity_before.is_some());
        }
    }
}

#[cfg(test)]
mod tests;
