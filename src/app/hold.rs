//! What a finger on a ticket does before it is a press: no ticket moves under
//! it, and on a screen that asks for it, a bump has to be held.

use std::{cell::Cell, rc::Rc};

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

use super::{Ui, press};
use crate::live::{later, listen};

/// How long a bump is held.
const HOLD_MS: u32 = 400;
/// The class of a bump that is being held.
const HOLDING: &str = "is-holding";

/// Follows fingers from now on.
pub fn follow(ui: Ui) {
    let down = Rc::new(Cell::new(false));
    // How often something was pressed or let go: a bump that was let go and
    // pressed again was not held.
    let presses = Rc::new(Cell::new(0_u32));
    let (is_down, counted) = (Rc::clone(&down), Rc::clone(&presses));
    listen("pointerdown", move |event| {
        let within = |selector| element(&event)?.closest(selector).ok()?;
        if within(".stage").is_some() {
            is_down.set(true);
            ui.live.touched(true);
        }
        if let Some(button) = within("[data-act='bump']").filter(|_| ui.hold_to_bump) {
            let press = counted.get() + 1;
            counted.set(press);
            let counted = Rc::clone(&counted);
            let _ = button.class_list().add_1(HOLDING);
            later(HOLD_MS, move || {
                let _ = button.class_list().remove_1(HOLDING);
                let id = press::order_of(&button);
                if let (Some(id), true) = (id, counted.get() == press) {
                    press::bump(ui, id);
                }
            });
        }
    });
    for event in ["pointerup", "pointercancel"] {
        let (down, presses) = (Rc::clone(&down), Rc::clone(&presses));
        listen(event, move |_| {
            presses.set(presses.get() + 1);
            if let Ok(Some(button)) = document().query_selector(".is-holding") {
                let _ = button.class_list().remove_1(HOLDING);
            }
            if down.take() {
                ui.live.touched(false);
            }
        });
    }
}

fn element(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}
