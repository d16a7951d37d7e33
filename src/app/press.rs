//! What a button or a key does. One listener for the whole board: a button
//! says what it does in `data-act`, and its ticket which order in `data-order`.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, MouseEvent, Storage};

use super::{
    Ui,
    dialog::{Dialog, REASONS},
    text,
};
use crate::{
    domain::{ItemId, ItemStatus, Lane, OrderId, OrderStatus},
    live::{Action, actions, api, later, listen},
};

/// What is asked for when the list of closed orders opens.
const CLOSED_URL: &str = "/api/orders?status=closed&limit=30";
/// Where this device remembers that single keys are off.
const KEYS: &str = "keys";

/// Listens to buttons and keys from now on.
pub fn follow(ui: Ui) {
    ui.keys.set(keys_remembered());
    listen("click", move |event| {
        if let Ok(event) = event.dyn_into() {
            pressed(ui, &event);
        }
    });
    listen("keydown", move |event| {
        if let Ok(event) = event.dyn_into() {
            key(ui, &event);
        }
    });
    // Escape closes it too.
    listen("close", move |_| ui.dialog.set(Dialog::None));
}

/// Somebody pressed something.
fn pressed(ui: Ui, event: &MouseEvent) {
    let Some(button) = element(event).and_then(|it| it.closest("[data-act]").ok().flatten()) else {
        return;
    };
    let act = button.get_attribute("data-act").unwrap_or_default();
    let order = || -> Option<OrderId> {
        button.closest("[data-order]").ok()??.get_attribute("data-order")?.parse().ok()
    };
    if let Some(id) = order() {
        on_ticket(ui, id, &act, event);
    } else {
        on_board(ui, &act);
    }
}

fn on_ticket(ui: Ui, id: OrderId, act: &str, event: &MouseEvent) {
    let live = ui.live;
    let Some(row) = live.row(id) else { return };
    match act {
        "bump" if !twice(ui, event) => {
            let to = row
                .with_untracked(|ticket| ticket.order.status.next(ticket.order.fulfilment.service));
            if let Some(to) = to {
                live.act(id, Action::Go { to, reason: None });
            }
        }
        "recall" => live.act(id, Action::Go { to: OrderStatus::Preparing, reason: None }),
        "cancel" => ui.dialog.set(Dialog::Cancel(id)),
        "retry" => live.settle(id, true),
        "dismiss" => live.settle(id, false),
        "seen" => live.acknowledge(id),
        _ => {
            let item = act.strip_prefix("item-").and_then(|item| item.parse().ok()).map(ItemId);
            let done = row.with_untracked(|ticket| {
                let mut items = ticket.order.items.iter();
                items.find(|it| Some(it.id) == item).map(|it| it.status == ItemStatus::Done)
            });
            if let (Some(item), Some(done)) = (item, done) {
                let status = if done { ItemStatus::Todo } else { ItemStatus::Done };
                live.act(id, Action::Tick { item, status });
            }
        }
    }
}

fn on_board(ui: Ui, act: &str) {
    match act {
        "undo" => ui.live.undo_last(),
        "reconnect" => ui.live.reconnect(),
        "closed" => load_closed(ui),
        "close" => ui.dialog.set(Dialog::None),
        "theme" => next_theme(ui),
        "keys" => switch_keys(ui),
        "to-new" => {
            if let Some(first) = ui.live.fresh(Lane::New).first() {
                show(ui, *first);
            }
        }
        _ => {
            let lane = act.strip_prefix("more-");
            let lane = Lane::ALL.into_iter().find(|it| lane == Some(text::lane_slug(*it)));
            if let Some(lane) = lane {
                return show_more(ui, lane);
            }
            if let Some(place) = act.strip_prefix("reason-").and_then(|it| it.parse().ok()) {
                cancel(ui, place);
            } else if let Some(place) = act.strip_prefix("bring-").and_then(|it| it.parse().ok()) {
                bring_back(ui, place);
            }
        }
    }
}

/// A key was pressed. Z takes the last bump back, R opens the list of closed
/// orders; not while the dialog is open, as part of a chord or when single
/// keys are off.
fn key(ui: Ui, event: &KeyboardEvent) {
    let chord = event.ctrl_key() || event.meta_key() || event.alt_key();
    let asking = ui.dialog.with_untracked(|dialog| !matches!(dialog, Dialog::None));
    if chord || asking || event.repeat() || !ui.keys.get_untracked() {
        return;
    }
    match event.key().as_str() {
        "z" | "Z" => ui.live.undo_last(),
        "r" | "R" => load_closed(ui),
        _ => {}
    }
}

fn element(event: &web_sys::Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// Whether this press is the second of a double press: the first one may have
/// moved the next ticket under the finger, which nobody meant.
fn twice(ui: Ui, event: &MouseEvent) -> bool {
    const AGAIN_MS: i64 = 400;
    const NEAR: i32 = 40;
    // A key is pressed on what has the focus, wherever that is.
    if event.detail() == 0 {
        return false;
    }
    let (now, x, y) = (ui.live.local_now(), event.client_x(), event.client_y());
    let before = ui.pressed.try_update_value(|pressed| pressed.replace((now, x, y))).flatten();
    before.is_some_and(|(at, left, top)| {
        now - at < AGAIN_MS && (x - left).abs() < NEAR && (y - top).abs() < NEAR
    })
}

/// Cancels the order that the dialog asks about, or rejects it when nobody has
/// accepted it yet.
fn cancel(ui: Ui, place: usize) {
    let asked = ui.dialog.with_untracked(|dialog| match dialog {
        Dialog::Cancel(id) => Some(*id),
        _ => None,
    });
    let Some(id) = asked else { return };
    ui.dialog.set(Dialog::None);
    let (Some(row), Some(reason)) = (ui.live.row(id), REASONS.get(place)) else { return };
    let placed = row.with_untracked(|ticket| ticket.order.status == OrderStatus::Placed);
    let to = if placed { OrderStatus::Rejected } else { OrderStatus::Cancelled };
    ui.live.act(id, Action::Go { to, reason: Some((*reason).to_owned()) });
}

fn load_closed(ui: Ui) {
    ui.dialog.set(Dialog::Loading);
    api::spawn(Box::pin(async move {
        let list = match api::closed(CLOSED_URL).await {
            Ok(orders) => Dialog::Closed(orders, None),
            Err(why) => Dialog::Failed(why),
        };
        if ui.dialog.with_untracked(|dialog| matches!(dialog, Dialog::Loading)) {
            ui.dialog.set(list);
        }
    }));
}

/// Brings the order at `place` of the list back.
fn bring_back(ui: Ui, place: usize) {
    let listed = ui.dialog.with_untracked(|dialog| match dialog {
        Dialog::Closed(orders, _) => orders.get(place).map(|order| (order.id, order.version)),
        _ => None,
    });
    let Some((id, version)) = listed else { return };
    api::spawn(Box::pin(async move {
        let why = Some("recall");
        match actions::transition(id, OrderStatus::Ready, version, why).await {
            Ok(order) => {
                ui.live.say(format!("Order {} is back", order.number));
                ui.dialog.set(Dialog::None);
            }
            Err(failure) => ui.dialog.update(|dialog| {
                if let Dialog::Closed(_, refused) = dialog {
                    *refused = Some(failure.words);
                }
            }),
        }
    }));
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Draws more of `lane`, and takes the keyboard to the first ticket of it.
fn show_more(ui: Ui, lane: Lane) {
    let first = ui.live.undrawn(lane).first().map(|row| row.id);
    ui.live.draw_more(lane);
    if let Some(first) = first {
        show(ui, first);
    }
}

/// Brings order `id` into view, drawn or not, and the keyboard with it.
fn show(ui: Ui, id: OrderId) {
    ui.live.draw_order(id);
    // What is drawn is on the page before anything else happens.
    later(0, move || {
        let ticket = format!("[data-order='{id}']");
        let Ok(Some(ticket)) = document().query_selector(&ticket) else { return };
        ticket.scroll_into_view();
        let first = ticket.query_selector("button").ok().flatten();
        if let Some(Ok(first)) = first.map(JsCast::dyn_into::<HtmlElement>) {
            let _ = first.focus();
        }
    });
}

/// Whether single keys are on, as this device remembers it.
fn keys_remembered() -> bool {
    storage().and_then(|it| it.get_item(KEYS).ok().flatten()).as_deref() != Some("off")
}

fn switch_keys(ui: Ui) {
    let on = !ui.keys.get_untracked();
    ui.keys.set(on);
    if let Some(storage) = storage() {
        let _ = storage.set_item(KEYS, if on { "on" } else { "off" });
    }
}

/// Automatic, dark, light, and round again; remembered on this device.
fn next_theme(ui: Ui) {
    let Some(root) = document().document_element() else { return };
    let next = match root.get_attribute("data-theme").as_deref() {
        Some("dark") => "light",
        Some("light") => "auto",
        _ => "dark",
    };
    let _ = root.set_attribute("data-theme", next);
    if let Some(storage) = storage() {
        let _ = storage.set_item("theme", next);
    }
    ui.live.say(format!("Theme: {next}"));
}
