//! What the board does besides showing orders and moving them on: dialogs,
//! panels, keys, sound; undo, and bumps that have to be held.
//!
//! In a release this is a module of its own, which the browser fetches as soon as
//! the board is live: nobody waits for the list of keys to see an order. So
//! nothing outside calls into it but through [`act`], which keeps what is pressed
//! before it is there.

use std::pin::Pin;

use leptos::prelude::*;

use super::{Ui, dialog, hold, html::Spots, keys, panels, sound};
use crate::live::{api, known, later};

/// Fetches the module and calls [`begin`]; whether that went well.
pub type Load = fn(Ui) -> Pin<Box<dyn Future<Output = bool>>>;
/// Does what a button says; whether it is about any of this.
type Act = fn(Ui, &str) -> bool;

/// How long is waited before the module is asked for again, at most.
const LONGEST_WAIT_MS: u32 = 30_000;

/// What has come of the module. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Extras {
    act: StoredValue<Option<Act>>,
    /// What was pressed last, before it was there.
    pressed: StoredValue<Option<String>>,
}

impl Extras {
    /// It is not there yet.
    #[must_use]
    pub fn new() -> Self {
        Self { act: StoredValue::new(None), pressed: StoredValue::new(None) }
    }
}

impl Default for Extras {
    fn default() -> Self {
        Self::new()
    }
}

/// What of it follows signals.
pub fn spots(ui: Ui, spots: &mut Spots) {
    dialog::spots(ui, spots);
    panels::spots(ui, spots);
    sound::spots(ui, spots);
}

/// Fetches it with `load`, as often as it takes.
pub fn fetch(ui: Ui, load: Load) {
    try_fetch(ui, load, 500);
}

fn try_fetch(ui: Ui, load: Load, wait_ms: u32) {
    api::spawn(Box::pin(async move {
        if !load(ui).await {
            let longer = (2 * wait_ms).min(LONGEST_WAIT_MS);
            later(longer, move || try_fetch(ui, load, longer));
        }
    }));
}

/// It is there: it takes over what the server wrote of it.
pub fn begin(ui: Ui) {
    let mut spots = Spots::default();
    self::spots(ui, &mut spots);
    // Since the server wrote, something may have changed.
    spots.catch_up();
    hold::follow_held(ui);
    dialog::follow(ui);
    keys::follow(ui);
    panels::follow(ui);
    sound::follow(ui);
    known::forget_old(ui.live.local_now());
    ui.extras.act.set_value(Some(do_act));
    if let Some(root) = document().get_element_by_id(super::ROOT_ID) {
        let _ = root.set_attribute("data-extras", "");
    }
    if let Some(pressed) = ui.extras.pressed.try_update_value(Option::take).flatten() {
        do_act(ui, &pressed);
    }
}

/// Does `act`, now or when the module is there.
pub fn act(ui: Ui, act: &str) {
    match ui.extras.act.get_value() {
        Some(does) => drop(does(ui, act)),
        None => ui.extras.pressed.set_value(Some(act.to_owned())),
    }
}

fn do_act(ui: Ui, act: &str) -> bool {
    if act == "undo" {
        ui.live.undo_last();
        return true;
    }
    keys::pressed(ui, act) || dialog::act(ui, act) || panels::act(ui, act) || sound::act(ui, act)
}
