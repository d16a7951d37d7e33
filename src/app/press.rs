//! What a button does. One listener for the whole board: a button
//! says what it does in `data-act`, and its ticket which order in `data-order`.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent, Storage};

use super::{
    Ui,
    dialog::{Dialog, History},
    extras, grid, text,
    words::Word,
};
use crate::{
    domain::{ItemId, ItemStatus, Lane, OrderId, change::Acknowledged},
    live::{Action, actions::Barred, later, listen},
};

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
    // Said at once when somebody presses Escape; that it has closed is said later, when
    // the next key may have opened it again.
    listen("cancel", move |_| ui.dialog.set(Dialog::None));
    listen("close", move |_| {
        if document().query_selector("dialog[open]").is_ok_and(|open| open.is_none()) {
            ui.dialog.set(Dialog::None);
        }
    });
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
    let Some(row) = ui.live.row(id) else { return };
    let number = row.with_untracked(|ticket| ticket.order.number.to_string());
    // Whoever presses now reached for what was there before.
    if ui.live.has_just_turned(id) || ui.grid.has_just_moved(id, ui.live.local_now()) {
        return ui.live.note(ui.words.with(Word::JustChanged, &number));
    }
    let word = match ui.live.bump(id) {
        None => return,
        Some(Barred::Held) => Word::HeldSaid,
        Some(Barred::Allergens) => Word::AllergensSaid,
    };
    ui.live.alarm(&ui.words.with(word, &number));
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
    if grid::pressed(ui, act) {
        return;
    }
    match act {
        "reconnect" => ui.live.reconnect(),
        "theme" => next_theme(ui),
        "keys" => switch_keys(ui),
        "to-new" => {
            if let Some(first) = ui.live.fresh(Lane::New).first() {
                show(ui, *first);
            }
        }
        _ => {
            let lane = act.strip_prefix("more-");
            match Lane::ALL.into_iter().find(|it| lane == Some(text::lane_slug(*it))) {
                Some(lane) => show_more(ui, lane),
                None => extras::act(ui, act),
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
    show_within(ui, id, 2);
}

/// What finds the ticket of order `id` on the page.
pub(super) fn shown_as(id: OrderId) -> String {
    ["[data-order='", &id.to_string(), "']"].concat()
}

fn show_within(ui: Ui, id: OrderId, tries: u32) {
    if tries == 0 {
        return;
    }
    ui.live.draw_order(id);
    grid::turn_to(ui, id);
    later(0, move || {
        let Ok(Some(ticket)) = document().query_selector(&shown_as(id)) else {
            // A second that was due already has folded up again what nobody had come near.
            return show_within(ui, id, tries - 1);
        };
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
