//! What a button does. One listener for the whole board: a button
//! says what it does in `data-act`, and its ticket which order in `data-order`.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent, Storage};

use super::{
    Ui,
    dialog::{Dialog, History, REASONS},
    grid, keys, panels, sound, text,
    words::Word,
};
use crate::{
    domain::{ItemId, ItemStatus, Lane, OrderId, OrderStatus, Version, change::Acknowledged},
    live::{
        Action,
        actions::{self, Barred},
        api, later, listen,
    },
};

/// What is asked for when the list of closed orders opens.
const CLOSED_URL: &str = "/api/orders?status=closed&since=day&limit=200";
/// Where this device remembers that single keys are off.
const KEYS: &str = "keys";

/// Listens to buttons from now on.
pub fn follow(ui: Ui) {
    listen("click", move |event| {
        if let Ok(event) = event.dyn_into() {
            pressed(ui, &event);
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
    if let Some(id) = order_of(&button) {
        on_ticket(ui, id, &act, Some(event));
    } else {
        on_board(ui, &act);
    }
}

/// The order whose ticket `element` is on.
#[must_use]
pub fn order_of(element: &Element) -> Option<OrderId> {
    element.closest("[data-order]").ok()??.get_attribute("data-order")?.parse().ok()
}

/// Does the next thing to order `id`, or says what stands in its way.
pub fn bump(ui: Ui, id: OrderId) {
    let word = match ui.live.bump(id) {
        None => return,
        Some(Barred::Held) => Word::HeldSaid,
        Some(Barred::Allergens) => Word::AllergensSaid,
    };
    if let Some(row) = ui.live.row(id) {
        let number = row.with_untracked(|ticket| ticket.order.number.to_string());
        ui.live.alarm(&ui.words.with(word, &number));
    }
}

/// Does `act` to order `id`; by a pointer, if there is an `event`.
pub(super) fn on_ticket(ui: Ui, id: OrderId, act: &str, event: Option<&MouseEvent>) {
    let live = ui.live;
    let Some(row) = live.row(id) else { return };
    match act {
        // A press that was held has done it by now.
        "bump" if ui.hold_to_bump && event.is_some_and(|event| event.detail() != 0) => {}
        "bump" if event.is_none_or(|event| !twice(ui, event)) => bump(ui, id),
        "recall" => live.recall(id),
        "details" => ui.dialog.set(Dialog::Details(id, History::Loading)),
        "changed" => live.know(id, Acknowledged::Change),
        "allergens" => live.know(id, Acknowledged::Allergens),
        "rush" => live.act(id, Action::Rush(!row.with_untracked(|it| it.order.flags.rush))),
        "hold" => live.act(id, Action::Hold(!row.with_untracked(|it| it.order.flags.held))),
        "fire" => live.act(id, Action::Fire),
        "cancel" => ui.dialog.set(Dialog::Cancel(id)),
        "retry" => live.settle(id, true),
        "dismiss" => live.settle(id, false),
        "send-again" => live.settle_refused(id, true),
        "let-go" => live.settle_refused(id, false),
        "seen" => live.know(id, Acknowledged::Cancel),
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

/// Does `act`, which concerns no order.
pub(super) fn on_board(ui: Ui, act: &str) {
    if grid::pressed(ui, act) || keys::pressed(ui, act) {
        return;
    }
    match act {
        "undo" => ui.live.undo_last(),
        "reconnect" => ui.live.reconnect(),
        "closed" | "recall-list" => load_closed(ui),
        "scheduled" => ui.dialog.set(Dialog::Scheduled),
        "close" => ui.dialog.set(Dialog::None),
        "theme" => next_theme(ui),
        "keys" => switch_keys(ui),
        "to-new" => {
            if let Some(first) = ui.live.fresh(Lane::New).first() {
                show(ui, *first);
            }
        }
        _ if panels::act(ui, act) || sound::act(ui, act) => {}
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

pub(super) fn element(event: &web_sys::Event) -> Option<Element> {
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
    ui.live.act(id, Action::Go { to, reason: Some(ui.say(*reason).to_owned()) });
}

fn load_closed(ui: Ui) {
    ui.dialog.set(Dialog::Loading);
    let then = move |answer: Result<String, api::Failure>| {
        let orders = answer.map_err(|failure| failure.why).and_then(|text| api::orders(&text));
        let list = orders.map_or_else(Dialog::Failed, |orders| Dialog::Closed(orders, None));
        if ui.dialog.with_untracked(|dialog| matches!(dialog, Dialog::Loading)) {
            ui.dialog.set(list);
        }
    };
    api::ask("GET", CLOSED_URL.to_owned(), None, Box::new(then));
}

/// Brings the order at `place` of the list back.
fn bring_back(ui: Ui, place: usize) {
    let listed = ui.dialog.with_untracked(|dialog| match dialog {
        Dialog::Closed(orders, _) => orders.get(place).map(|order| (order.id, order.version)),
        _ => None,
    });
    let Some((id, version)) = listed else { return };
    let then = move |refused| match refused {
        None => ui.dialog.set(Dialog::None),
        Some(why) => ui.dialog.update(|dialog| {
            if let Dialog::Closed(_, refused) = dialog {
                *refused = Some(why);
            }
        }),
    };
    recall(ui, id, version, Box::new(then));
}

/// Brings a closed order back; `then` is told why not.
pub(super) fn recall(ui: Ui, id: OrderId, version: Version, then: Box<dyn FnOnce(Option<String>)>) {
    api::spawn(Box::pin(async move {
        let why = Some("recall");
        let actor = ui.live.actor();
        match actions::transition(actor, id, OrderStatus::Ready, version, why).await {
            Ok(order) => {
                ui.live.say(ui.words.with(Word::OrderIsBack, &order.number.to_string()));
                then(None);
            }
            Err(failure) => then(Some(failure.words)),
        }
    }));
}

pub(super) fn storage() -> Option<Storage> {
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
pub(super) fn show(ui: Ui, id: OrderId) {
    ui.live.draw_order(id);
    grid::turn_to(ui, id);
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
pub(super) fn keys_remembered() -> bool {
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
    let (next, word) = match root.get_attribute("data-theme").as_deref() {
        Some("dark") => ("light", Word::ThemeLight),
        Some("light") => ("auto", Word::ThemeAuto),
        _ => ("dark", Word::ThemeDark),
    };
    let _ = root.set_attribute("data-theme", next);
    if let Some(storage) = storage() {
        let _ = storage.set_item("theme", next);
    }
    ui.live.say(ui.say(word).to_owned());
}
