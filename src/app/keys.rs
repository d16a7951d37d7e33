//! What keys and bump bars do, which are keyboards too; and the list of them, in
//! which every key can be taught.
//!
//! A key presses the button that says what it does, so that keys and fingers do
//! the same. A screen's profile may say otherwise which key does what; at `/` the
//! device remembers it.

use std::cell::Cell;

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::{
    Ui,
    dialog::Dialog,
    grid,
    html::{Html, effect},
    press,
    words::Word,
};
use crate::{
    domain::{
        Lane, OrderId, OrderStatus,
        screen::{Digits, KEY_ACTIONS, View},
    },
    live::{api, listen},
    wire::BoardSettings,
};

/// Keys that do the same as the first one of their action.
const ALSO: [(&str, &str); 8] = [
    ("bump", "Space"),
    ("bump", "NumpadEnter"),
    ("bump", BUMP_BAR),
    ("undo", "Backspace"),
    ("undo", "NumpadSubtract"),
    ("search", "NumpadDivide"),
    ("help", "?"),
    ("slot_10", "Numpad0"),
];
/// Bumps on a bump bar alone: on a keyboard it begins every chord.
const BUMP_BAR: &str = "ControlLeft";
/// Where this device remembers the keys that it was taught, for a page that is no screen.
const TAUGHT: &str = "key-map";

/// What keys do.
#[derive(Clone, Copy)]
pub struct Keys {
    map: StoredValue<KeyMap>,
    bumps: bool,
    /// Whether the screen has single keys at all.
    single: bool,
    /// Whether the page is a screen's.
    screen: bool,
    /// The action whose key is asked for.
    asks: RwSignal<Option<usize>>,
    /// How teaching the last key went.
    told: RwSignal<Option<String>>,
    /// The item of the selected ticket that keys act on, from 0.
    item: StoredValue<Option<u32>>,
}

impl Keys {
    /// The keys that the page begins with.
    #[must_use]
    pub fn new(settings: &BoardSettings) -> Self {
        let mut map = KeyMap::default();
        if let Some(screen) = &settings.screen {
            map.bump_bar = screen.bump_bar;
            for binding in &screen.keys {
                if let Some(action) = action(&binding.action) {
                    map.teach(action, &binding.code);
                }
            }
        }
        let screen = settings.screen.as_ref();
        Self {
            map: StoredValue::new(map),
            bumps: screen.is_some_and(|screen| screen.digits == Digits::Bump),
            single: screen.is_none_or(|screen| screen.single_keys),
            screen: screen.is_some(),
            asks: RwSignal::new(None),
            told: RwSignal::new(None),
            item: StoredValue::new(None),
        }
    }
}

fn action(name: &str) -> Option<usize> {
    KEY_ACTIONS.iter().position(|(action, _)| *action == name)
}

/// Which key does what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct KeyMap {
    bump_bar: bool,
    /// Keys that differ, by their action's place among all.
    taught: Vec<(usize, String)>,
}

impl KeyMap {
    /// `code` does `action` from now on, and nothing else does but what is taught later.
    fn teach(&mut self, action: usize, code: &str) {
        self.taught.retain(|(other, taken)| *other != action && taken != code);
        self.taught.push((action, code.to_owned()));
    }

    /// What the key does whose code is `code`, and whose usual name `usual`.
    fn action(&self, code: &str, usual: &str) -> Option<&'static str> {
        if let Some((action, _)) = self.taught.iter().find(|(_, taken)| taken == code) {
            return KEY_ACTIONS.get(*action).map(|(name, _)| *name);
        }
        let mut all = KEY_ACTIONS.iter().chain(&ALSO);
        let (name, code) = all.find(|(_, code)| *code == usual)?;
        let taught = self.taught.iter().any(|(other, _)| action(name) == Some(*other));
        (!taught && (*code != BUMP_BAR || self.bump_bar)).then_some(*name)
    }

    /// The codes of the keys that do `action`.
    fn codes(&self, action: usize) -> Vec<&str> {
        let Some((name, _)) = KEY_ACTIONS.get(action) else { return Vec::new() };
        if let Some((_, code)) = self.taught.iter().find(|(other, _)| *other == action) {
            return vec![code];
        }
        let all = KEY_ACTIONS.iter().chain(&ALSO).filter(|(other, _)| other == name);
        let codes = all.map(|(_, code)| *code);
        codes.filter(|code| self.action(code, code) == Some(*name)).collect()
    }

    /// As this device remembers it.
    fn remembered(&mut self, text: &str) {
        for part in text.split(' ') {
            if let Some((name, code)) = part.split_once('=')
                && let Some(action) = action(name)
            {
                self.teach(action, code);
            }
        }
    }

    fn to_remember(&self) -> String {
        let mut text = String::new();
        for (action, code) in &self.taught {
            if let Some((name, _)) = KEY_ACTIONS.get(*action) {
                text = [&text, *name, "=", code, " "].concat();
            }
        }
        text
    }
}

/// The code under which a key is known here: letters by what is written on them,
/// because that is what people are told, everything else by its place.
fn usual(code: &str, key: &str) -> String {
    let letter = key.chars().next().filter(|_| key.len() == 1).unwrap_or_default();
    match letter {
        'a'..='z' | 'A'..='Z' => ["Key", &key.to_ascii_uppercase()].concat(),
        '?' => key.to_owned(),
        _ if code.starts_with("Digit") => code.to_owned(),
        '/' => "Slash".to_owned(),
        '[' => "BracketLeft".to_owned(),
        ']' => "BracketRight".to_owned(),
        _ => match code.strip_prefix("Numpad") {
            Some(digit) if letter.is_ascii_digit() => ["Digit", digit].concat(),
            // Digits that are off, and do what is written below them.
            Some(digit) if digit.len() == 1 => key.to_owned(),
            _ => code.to_owned(),
        },
    }
}

/// What is written on the key `code`, as far as that can be known.
fn written(ui: Ui, code: &str) -> String {
    let same = match code {
        "ArrowLeft" => "←",
        "ArrowRight" => "→",
        "ArrowUp" => "↑",
        "ArrowDown" => "↓",
        "Slash" => "/",
        "BracketLeft" => "[",
        "BracketRight" => "]",
        "NumpadSubtract" => "Num −",
        "NumpadDivide" => "Num ÷",
        "NumpadEnter" => return ["Num ", ui.say(Word::CapEnter)].concat(),
        "PageUp" => return [ui.say(Word::CapPage), " ↑"].concat(),
        "PageDown" => return [ui.say(Word::CapPage), " ↓"].concat(),
        "ControlLeft" => return [ui.say(Word::CapControl), " ←"].concat(),
        "Enter" => ui.say(Word::CapEnter),
        "Space" => ui.say(Word::CapSpace),
        "Backspace" => ui.say(Word::CapBackspace),
        "Home" => ui.say(Word::CapHome),
        "End" => ui.say(Word::CapEnd),
        "Escape" => "Esc",
        _ => "",
    };
    match (code.strip_prefix("Key"), code.strip_prefix("Digit")) {
        _ if !same.is_empty() => same.to_owned(),
        (Some(name), _) | (_, Some(name)) => name.to_owned(),
        _ => code.replacen("Numpad", "Num ", 1),
    }
}

/// Listens to keys from now on.
pub fn follow(ui: Ui) {
    ui.keys.set(ui.keymap.single && press::keys_remembered());
    if !ui.keymap.screen
        && let Some(text) = press::storage().and_then(|it| it.get_item(TAUGHT).ok().flatten())
    {
        ui.keymap.map.update_value(|map| map.remembered(&text));
    }
    listen("keydown", move |event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>()
            && key(ui, event)
        {
            event.prevent_default();
        }
    });
    let marks = Cell::new(false);
    effect(move || {
        ui.grid.arranged.track();
        ui.live.changes.track();
        let selected = ui.grid.selected.get();
        // Most of the time nobody uses keys.
        if !marks.replace(selected.is_some()) && selected.is_none() {
            return;
        }
        // What changed is on the page by then.
        crate::live::later(0, move || mark(ui, selected));
    });
    effect(move || {
        if ui.dialog.with(|dialog| !matches!(dialog, Dialog::Keys)) {
            ui.keymap.asks.set(None);
            ui.keymap.told.set(None);
        }
    });
}

/// A key was pressed; whether that means anything here.
fn key(ui: Ui, event: &KeyboardEvent) -> bool {
    let (code, name) = (event.code(), event.key());
    let target = press::element(event);
    let is = |what| target.as_ref().is_some_and(|it| it.closest(what).ok().flatten().is_some());
    // A button that has the focus is pressed again and again by a key that
    // something lies on; and the focus goes on to the next ticket by itself.
    if event.repeat() && matches!(name.as_str(), "Enter" | " ") && is("button") {
        return true;
    }
    if let Some(action) = ui.keymap.asks.get_untracked() {
        learn(ui, action, &code);
        return true;
    }
    let chord = event.ctrl_key() || event.meta_key() || event.alt_key();
    let asking = ui.dialog.with_untracked(|dialog| !matches!(dialog, Dialog::None));
    if asking || (chord && code != BUMP_BAR) || !ui.keys.get_untracked() {
        return false;
    }
    if is("input, textarea, select, [contenteditable]") {
        return false;
    }
    // Whoever stands on a button presses that one.
    if matches!(name.as_str(), "Enter" | " ") && is("a, button, summary") {
        return false;
    }
    let did = ui.keymap.map.with_value(|map| map.action(&code, &usual(&code, &name)));
    let Some(action) = did else { return false };
    let moves = matches!(action, "left" | "right" | "up" | "down" | "next_page" | "previous_page");
    if event.repeat() && !moves {
        return true;
    }
    act(ui, action, event.shift_key())
}

/// Does what a key does; whether it does anything.
fn act(ui: Ui, action: &str, shift: bool) -> bool {
    let in_grid = ui.grid.view.get_untracked() == View::Grid;
    let selected = ui.grid.selected.get_untracked();
    match action {
        "bump" => bump(ui, selected),
        "recall" => act_by_name(ui, "closed"),
        "left" | "right" => {
            let rtl = document()
                .document_element()
                .is_some_and(|it| it.get_attribute("dir").as_deref() == Some("rtl"));
            step(ui, (action == "right") != rtl);
        }
        "up" | "down" => return item(ui, selected, action == "down"),
        "item" => {
            if let (Some(id), Some(item)) = (selected, ui.keymap.item.get_value()) {
                press_in(id, &format!(".items > li:nth-child({}) button", item + 1));
            }
        }
        "start" => {
            let waits = |id: &OrderId| {
                ui.live.row(*id).is_some_and(|row| {
                    row.with_untracked(|ticket| {
                        matches!(ticket.order.status, OrderStatus::Placed | OrderStatus::Accepted)
                    })
                })
            };
            if let Some(id) = selected.filter(waits)
                && !press_in(id, "[data-act='start']")
            {
                on_ticket(ui, id, "bump");
            }
        }
        "print" => print(selected),
        "hold" | "rush" | "details" => {
            if let Some(id) = selected {
                on_ticket(ui, id, action);
            }
        }
        "first" | "last" => end(ui, action == "last"),
        "next_page" | "previous_page" => {
            if !in_grid {
                return false;
            }
            let next = action == "next_page";
            act_by_name(ui, if next { "page-next" } else { "page-previous" });
        }
        "grid" => grid::show(ui, View::Grid),
        "columns" => grid::show(ui, View::Columns),
        "next_station" | "previous_station" => station(action == "next_station"),
        "clear" => {
            if selected.is_none() {
                return false;
            }
            choose(ui, None);
        }
        _ => match action.strip_prefix("slot_").and_then(|slot| slot.parse().ok()) {
            Some(slot) => digit(ui, slot, shift),
            None => act_by_name(ui, &action.replace('_', "-")),
        },
    }
    true
}

/// Prints the ticket of order `id` and nothing else: see the style sheet.
fn print(id: Option<OrderId>) {
    let (Some(card), Some(page)) = (id.and_then(card), document().document_element()) else {
        return;
    };
    let _ = card.set_attribute("data-print", "");
    let _ = page.set_attribute("data-printing", "");
    let _ = window().print();
    let _ = page.remove_attribute("data-printing");
    let _ = card.remove_attribute("data-print");
}

/// Presses the button of the board that says `act`; does it without one, if there is none.
pub fn act_by_name(ui: Ui, act: &str) {
    let button = ["[data-act='", act, "']"].concat();
    match document().query_selector(&button).ok().flatten() {
        Some(button) if button.closest("[data-order]").ok().flatten().is_none() => click(button),
        _ => press::on_board(ui, act),
    }
}

/// The same on the ticket of order `id`.
fn on_ticket(ui: Ui, id: OrderId, act: &str) {
    if !press_in(id, &["[data-act='", act, "']"].concat()) {
        press::on_ticket(ui, id, act, None);
    }
}

/// Presses `button` of the ticket of order `id`; whether it has one.
fn press_in(id: OrderId, button: &str) -> bool {
    let button = card(id).and_then(|card| card.query_selector(button).ok().flatten());
    let there = button.is_some();
    if let Some(button) = button {
        click(button);
    }
    there
}

fn click(button: Element) {
    if let Ok(button) = button.dyn_into::<HtmlElement>() {
        button.click();
    }
}

fn card(id: OrderId) -> Option<Element> {
    document().query_selector(&[".stage ", &press::shown_as(id)].concat()).ok().flatten()
}

/// The tickets that keys go through, in their order.
fn tickets(ui: Ui) -> Vec<OrderId> {
    if ui.grid.view.get_untracked() == View::Grid {
        return ui.grid.seats().iter().map(|seat| seat.id).collect();
    }
    let mut ids = Vec::new();
    for lane in Lane::ALL {
        ui.live.lane(lane).with_untracked(|rows| ids.extend(rows.iter().map(|row| row.id)));
    }
    ids
}

fn choose(ui: Ui, id: Option<OrderId>) {
    ui.keymap.item.set_value(None);
    ui.grid.choose(id, ui.live.local_now());
}

/// Bumps the selected ticket; without one, that of the first slot. Lanes have no
/// slots: there it is selected first.
fn bump(ui: Ui, selected: Option<OrderId>) {
    let first = || tickets(ui).first().copied();
    if let Some(id) = selected {
        on_ticket(ui, id, "bump");
        // Nothing is left that would hold the board still.
        ui.grid.release();
    } else if ui.grid.view.get_untracked() == View::Grid {
        digit_bump(ui, 1);
    } else {
        choose(ui, first());
    }
}

/// The ticket in `slot`, which stays empty for a moment when its ticket goes.
fn in_slot(ui: Ui, slot: usize) -> Option<OrderId> {
    if ui.grid.view.get_untracked() == View::Grid {
        ui.grid.seats().iter().find(|seat| seat.slot == slot).map(|seat| seat.id)
    } else {
        tickets(ui).get(slot - 1).copied()
    }
}

fn digit_bump(ui: Ui, slot: usize) {
    if let Some(id) = in_slot(ui, slot) {
        on_ticket(ui, id, "bump");
    }
}

/// A digit selects its slot or bumps it, as the screen has it; with shift it
/// takes it back one step.
fn digit(ui: Ui, slot: usize, shift: bool) {
    let Some(id) = in_slot(ui, slot.max(1)) else { return };
    if shift {
        press_in(id, "[data-act='recall']");
    } else if ui.keymap.bumps && ui.grid.view.get_untracked() == View::Grid {
        digit_bump(ui, slot);
    } else {
        choose(ui, Some(id));
    }
}

/// Selects the ticket after or before the selected one; where the page of the
/// grid ends, the next one is turned to.
fn step(ui: Ui, forward: bool) {
    let ids = tickets(ui);
    let selected = ui.grid.selected.get_untracked();
    let at = ids.iter().position(|id| Some(*id) == selected);
    let to = match at {
        None if forward => Some(0),
        None => ids.len().checked_sub(1),
        Some(at) if forward => Some(at + 1),
        Some(at) => at.checked_sub(1),
    };
    if let Some(id) = to.and_then(|to| ids.get(to)) {
        return choose(ui, Some(*id));
    }
    let (page, pages) = ui.grid.page();
    if ui.grid.view.get_untracked() == View::Grid && pages > 1 {
        let to = if forward { page + 1 } else { page + pages - 1 };
        ui.grid.turn(to % pages);
        let ids = tickets(ui);
        choose(ui, if forward { ids.first() } else { ids.last() }.copied());
    }
}

/// Selects the very first or last ticket.
fn end(ui: Ui, last: bool) {
    if ui.grid.view.get_untracked() == View::Grid {
        ui.grid.turn(if last { usize::MAX } else { 0 });
    }
    let ids = tickets(ui);
    choose(ui, if last { ids.last() } else { ids.first() }.copied());
}

/// Goes down or up in the selected ticket's items; whether there is one.
fn item(ui: Ui, selected: Option<OrderId>, down: bool) -> bool {
    let Some(id) = selected else { return false };
    let list = card(id).and_then(|card| card.query_selector(".items").ok().flatten());
    let count = list.map_or(0, |list| list.child_element_count());
    let at = ui.keymap.item.get_value();
    let to = match at {
        None if down => Some(0),
        Some(at) if down => Some((at + 1).min(count.saturating_sub(1))),
        Some(at) => at.checked_sub(1),
        None => None,
    };
    ui.keymap.item.set_value(to.filter(|_| count > 0));
    ui.grid.choose(selected, ui.live.local_now());
    mark(ui, selected);
    true
}

/// Follows the link to the station after or before the one that is shown.
fn station(next: bool) {
    let here = document().query_selector(".filters [aria-current]").ok().flatten();
    let to = here.and_then(|here| {
        if next { here.next_element_sibling() } else { here.previous_element_sibling() }
    });
    if let Some(to) = to {
        click(to);
    }
}

/// Marks the `selected` ticket and its item, and takes the keyboard there if it
/// was on another ticket or nowhere.
fn mark(ui: Ui, selected: Option<OrderId>) {
    let marked = || document().query_selector(".stage [aria-current]").ok().flatten();
    let card = selected.and_then(card);
    if selected.is_some_and(|id| ui.live.row(id).is_none()) {
        ui.grid.choose(None, 0);
    }
    let item = ui.keymap.item.get_value().and_then(|item| {
        card.as_ref()?.query_selector(&format!(".items > li:nth-child({})", item + 1)).ok()?
    });
    while let Some(before) = marked() {
        let _ = before.remove_attribute("aria-current");
    }
    for it in card.iter().chain(&item) {
        let _ = it.set_attribute("aria-current", "true");
    }
    let Some(card) = card else { return };
    let focused = document().active_element();
    let elsewhere = focused.is_some_and(|it| {
        it.closest(".tickets").ok().flatten().is_none()
            && it.tag_name() != "BODY"
            && it.tag_name() != "H2"
    });
    let there = document().active_element().is_some_and(|it| it == card);
    if !elsewhere
        && !there
        && let Ok(card) = card.dyn_into::<HtmlElement>()
    {
        let _ = card.set_attribute("tabindex", "-1");
        let _ = card.focus();
    }
}

/// Does what a button of the list of keys says; whether it is one.
pub fn pressed(ui: Ui, act: &str) -> bool {
    if act == "help" {
        ui.dialog.set(Dialog::Keys);
    } else if let Some(action) = act.strip_prefix("learn-").and_then(|it| it.parse().ok()) {
        ui.keymap.told.set(None);
        ui.keymap.asks.set(Some(action));
    } else {
        return false;
    }
    true
}

/// The way to the list of keys, for whoever does not know that `?` is one.
pub fn help_button(html: &mut Html, ui: Ui) {
    html.raw("<button type=\"button\" class=\"button square help\" data-act=\"help\"");
    html.raw(" aria-keyshortcuts=\"? F1\" aria-label=\"").text(ui.say(Word::Keys));
    html.raw("\">?</button>");
}

/// What an action is called.
fn called(ui: Ui, action: usize) -> String {
    let first = KEY_ACTIONS.len() - 10;
    match action.checked_sub(first) {
        Some(slot) => ui.words.with(Word::KeySlot, &(slot + 1).to_string()),
        None => Word::ALL
            .get(Word::KeyBump as usize + action)
            .map_or_else(String::new, |word| ui.say(*word).to_owned()),
    }
}

/// The list of all keys.
pub fn help(ui: Ui, html: &mut Html) {
    html.raw("<header class=\"dialog-head\"><h2 id=\"dialog-title\">").text(ui.say(Word::Keys));
    html.raw(
        "</h2><button type=\"button\" class=\"button square\" data-act=\"close\" aria-label=\"",
    );
    html.text(ui.say(Word::CloseKeys)).raw("\">").icon("close").raw("</button></header>");
    let asks = ui.keymap.asks.get();
    html.raw("<p class=\"learn\" role=\"status\">");
    if let Some(action) = asks {
        html.raw("<b>").text(&ui.words.with(Word::PressKey, &called(ui, action))).raw("</b> ");
        html.text(ui.say(Word::EscapeKeeps));
    } else if let Some(told) = ui.keymap.told.get() {
        html.text(&told);
    }
    html.raw("</p><ul class=\"key-list\">");
    for action in 0..KEY_ACTIONS.len() {
        html.raw("<li><span>").text(&called(ui, action)).raw("</span><span>");
        ui.keymap.map.with_value(|map| {
            for code in map.codes(action) {
                html.raw("<kbd>").text(&written(ui, code)).raw("</kbd> ");
            }
        });
        html.raw("</span><button type=\"button\" class=\"button\" data-act=\"learn-");
        html.text(&action.to_string());
        html.raw(if asks == Some(action) { "\" autofocus>" } else { "\">" });
        html.text(ui.say(Word::TeachKey)).raw("<span class=\"unseen\"> ");
        html.text(&called(ui, action)).raw("</span></button></li>");
    }
    html.raw("</ul><p>").text(ui.say(Word::ShiftGoesBack));
    html.raw("</p><button type=\"button\" class=\"button wide\" data-act=\"keys\">");
    let on = ui.keys.get();
    html.text(ui.say(if on { Word::SingleKeysOff } else { Word::SingleKeysOn })).raw("</button>");
}

/// Takes `code` as the key of `action`, and has it kept.
fn learn(ui: Ui, action: usize, code: &str) {
    // Modifiers are pressed on the way to a key; alone they can be one on a bump bar.
    if matches!(code, "ShiftLeft" | "ShiftRight" | "AltLeft" | "AltRight" | "MetaLeft") {
        return;
    }
    ui.keymap.asks.set(None);
    let known = code.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !code.is_empty();
    if code == "Escape" || !known {
        return;
    }
    ui.keymap.map.update_value(|map| map.teach(action, code));
    let tell = move |told: String| ui.keymap.told.set(Some(told));
    tell([&*called(ui, action), ": ", &written(ui, code)].concat());
    if ui.keymap.screen {
        let code = code.to_owned();
        api::spawn(Box::pin(async move {
            if let Err(why) = keep(ui.panels.screen(), action, code).await {
                tell(ui.words.with(Word::KeyNotKept, &why));
            }
        }));
    } else if let Some(storage) = press::storage() {
        let text = ui.keymap.map.with_value(KeyMap::to_remember);
        let _ = storage.set_item(TAUGHT, &text);
    }
}

/// Writes into the profile of `screen`, as it is now, that the key `code` does
/// `action`: another device may have been taught another key meanwhile.
async fn keep(screen: String, action: usize, code: String) -> Result<(), String> {
    let Some((name, _)) = KEY_ACTIONS.get(action) else { return Ok(()) };
    let url = ["/api/screens/", &screen].concat();
    // Once more for whoever changes the profile at the same time.
    if write_key(&url, name, &code).await.is_err() {
        write_key(&url, name, &code).await?;
    }
    Ok(())
}

async fn write_key(url: &str, action: &str, code: &str) -> Result<(), String> {
    let broken = |_: JsValue| crate::words::say(Word::Unreadable).to_owned();
    let profile = js_sys::JSON::parse(&api::answer("GET", url, None).await?).map_err(broken)?;
    let get = |of: &JsValue, name: &str| js_sys::Reflect::get(of, &name.into());
    let drop = |of: &js_sys::Object, name: &JsValue| js_sys::Reflect::delete_property(of, name);
    let version = get(&profile, "version").map_err(broken)?;
    let keys: js_sys::Object = get(&profile, "keys").and_then(JsCast::dyn_into).unwrap_or_default();
    // A key does one thing.
    for other in js_sys::Object::keys(&keys).iter() {
        if js_sys::Reflect::get(&keys, &other).map_err(broken)? == code {
            drop(&keys, &other).map_err(broken)?;
        }
    }
    js_sys::Reflect::set(&keys, &action.into(), &code.into()).map_err(broken)?;
    let profile: js_sys::Object = profile.dyn_into().map_err(broken)?;
    for (name, value) in [("keys", keys.as_ref()), ("expected_version", &version)] {
        js_sys::Reflect::set(&profile, &name.into(), value).map_err(broken)?;
    }
    for name in ["version", "changed_at"] {
        drop(&profile, &name.into()).map_err(broken)?;
    }
    let body = js_sys::JSON::stringify(&profile).map_err(broken)?;
    api::answer("PUT", url, Some(body.into())).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn does(map: &KeyMap, code: &str, key: &str) -> Option<&'static str> {
        map.action(code, &usual(code, key))
    }

    #[test]
    fn letters_are_what_is_written_on_them_and_digits_where_they_are() {
        let map = KeyMap::default();
        // A German and a French keyboard.
        assert_eq!(does(&map, "KeyY", "z"), Some("undo"));
        assert_eq!(does(&map, "Digit7", "/"), Some("slot_7"));
        assert_eq!(does(&map, "Digit2", "é"), Some("slot_2"));
        assert_eq!(does(&map, "Minus", "?"), Some("help"));
        assert_eq!(does(&map, "NumpadDivide", "/"), Some("search"));
        // Letters that Latin has not.
        assert_eq!(does(&map, "KeyR", "ق"), Some("recall"));
        assert_eq!(does(&map, "Numpad3", "3"), Some("slot_3"));
        assert_eq!(does(&map, "Numpad7", "Home"), Some("first"));
        assert_eq!(does(&map, "NumpadSubtract", "-"), Some("undo"));
        assert_eq!(does(&map, "KeyQ", "q"), None);
    }

    #[test]
    fn control_bumps_on_a_bump_bar_alone() {
        let mut map = KeyMap::default();
        assert_eq!(does(&map, "ControlLeft", "Control"), None);
        map.bump_bar = true;
        assert_eq!(does(&map, "ControlLeft", "Control"), Some("bump"));
        let bump = action("bump").expect("an action");
        assert_eq!(map.codes(bump), ["Enter", "Space", "NumpadEnter", "ControlLeft"]);
    }

    #[test]
    fn a_taught_key_takes_the_place_of_the_usual_ones() {
        let mut map = KeyMap::default();
        let (bump, rush) = (action("bump").expect("one"), action("rush").expect("one"));
        map.teach(bump, "KeyB");
        assert_eq!(map.action("KeyB", "KeyB"), Some("bump"));
        assert_eq!(does(&map, "Enter", "Enter"), None);
        assert_eq!(does(&map, "Space", " "), None);
        // A key does one thing.
        map.teach(rush, "KeyB");
        assert_eq!(map.action("KeyB", "KeyB"), Some("rush"));
        assert_eq!(does(&map, "Enter", "Enter"), Some("bump"));
        map.teach(rush, "KeyZ");
        assert_eq!(does(&map, "KeyZ", "z"), Some("rush"));
        assert_eq!(map.codes(action("undo").expect("one")), ["Backspace", "NumpadSubtract"]);
    }

    #[test]
    fn a_device_remembers_what_it_was_taught() {
        let mut map = KeyMap::default();
        map.teach(action("bump").expect("one"), "F9");
        map.teach(action("slot_10").expect("one"), "KeyQ");
        let mut read = KeyMap::default();
        read.remembered(&map.to_remember());
        assert_eq!(read, map);
        read.remembered("nothing=F1 bump");
        assert_eq!(read, map);
    }

    #[test]
    fn every_action_has_a_name() {
        let named = Word::KeySlot as usize - Word::KeyBump as usize;
        assert_eq!(named, KEY_ACTIONS.len() - 10);
        assert_eq!(KEY_ACTIONS[KEY_ACTIONS.len() - 10].0, "slot_1");
        assert!(ALSO.iter().all(|(name, _)| action(name).is_some()));
    }
}
