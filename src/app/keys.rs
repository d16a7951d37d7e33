//! The single keys: Z takes the last bump back, R opens the list of closed
//! orders. They can be switched off, in that list, for people whose software
//! types letters by itself.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use super::Ui;

/// Where this device remembers that they are off.
const STORED: &str = "keys";

/// Whether they are on, as this device remembers it.
#[must_use]
pub fn remembered() -> bool {
    let stored = window().local_storage().ok().flatten().and_then(|it| it.get_item(STORED).ok());
    stored.flatten().as_deref() != Some("off")
}

/// Switches them.
pub fn switch(ui: Ui) {
    let on = !ui.keys.get_untracked();
    ui.keys.set(on);
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(STORED, if on { "on" } else { "off" });
    }
}

/// A key was pressed. Nothing happens while somebody writes, a dialog is open
/// or the key is part of a chord.
pub fn pressed(ui: Ui, event: &KeyboardEvent) {
    let chord = event.ctrl_key() || event.meta_key() || event.alt_key();
    if chord || event.repeat() || !ui.keys.get_untracked() {
        return;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let busy = target
        .and_then(|element| element.closest("dialog, input, textarea, select").ok().flatten())
        .is_some();
    if busy {
        return;
    }
    match event.key().as_str() {
        "z" | "Z" => ui.live.undo_last(),
        "r" | "R" => ui.recalling.set(true),
        _ => {}
    }
}
