//! What a finger on a ticket does before it is a press: no ticket moves under
//! it, and on a screen that asks for it, a bump has to be held.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, MouseEvent};

use super::{Ui, press};
use crate::live::{later, listen};

/// How long a bump is held.
const HOLD_MS: u32 = 400;
/// Who moves this far away, in pixels, has changed their mind.
const FAR: i32 = 40;
/// The class of a bump that is being held.
const HOLDING: &str = "is-holding";

/// A bump that is being held.
struct Held {
    /// Which press it is: a bump that was let go and pressed again was not held.
    press: u32,
    /// By which finger. Another one that comes or goes has nothing to do with it.
    pointer: Option<f64>,
    button: Element,
    /// Where the finger went down: the button may be written anew meanwhile.
    at: (i32, i32),
}

/// The bumps that are being held.
#[derive(Default)]
struct Holding {
    presses: u32,
    held: Vec<Held>,
}

impl Holding {
    /// Lets go of what `ends`; whether there was such a thing.
    fn let_go(&mut self, ends: &dyn Fn(&Held) -> bool) -> bool {
        let Some(place) = self.held.iter().position(ends) else { return false };
        let held = self.held.swap_remove(place);
        let _ = held.button.class_list().remove_1(HOLDING);
        true
    }
}

/// Follows fingers from now on.
pub fn follow(ui: Ui) {
    let down = Rc::new(Cell::new(false));
    let is_down = Rc::clone(&down);
    listen("pointerdown", move |event| {
        if within(&event, ".stage").is_some() {
            is_down.set(true);
            ui.live.touched(true);
        }
    });
    for event in ["pointerup", "pointercancel"] {
        let down = Rc::clone(&down);
        listen(event, move |_| {
            if down.take() {
                ui.live.touched(false);
            }
        });
    }
}

/// Follows bumps that are held, where they have to be.
pub fn follow_held(ui: Ui) {
    if !ui.hold_to_bump {
        return;
    }
    let holding = Rc::new(RefCell::new(Holding::default()));
    let there = Rc::clone(&holding);
    listen("pointerdown", move |event| {
        let Some(button) = within(&event, "[data-act='bump']") else { return };
        let Some(id) = press::order_of(&button) else { return };
        let _ = button.class_list().add_1(HOLDING);
        let mut holding = there.borrow_mut();
        holding.presses += 1;
        let press = holding.presses;
        let at = place(&event);
        holding.held.push(Held { press, pointer: pointer(&event), button, at });
        let held = Rc::clone(&there);
        later(HOLD_MS, move || {
            // Let go of first: a bump draws tickets anew.
            let held = held.borrow_mut().let_go(&|held| held.press == press);
            if held {
                press::bump(ui, id);
            }
        });
    });
    let there = Rc::clone(&holding);
    listen("pointermove", move |event| {
        let (x, y) = place(&event);
        let far = |(left, top): (i32, i32)| (x - left).abs() > FAR || (y - top).abs() > FAR;
        let off = |held: &Held| held.pointer == pointer(&event) && far(held.at);
        there.borrow_mut().let_go(&off);
    });
    for event in ["pointerup", "pointercancel"] {
        let there = Rc::clone(&holding);
        listen(event, move |event| {
            there.borrow_mut().let_go(&|held| held.pointer == pointer(&event));
        });
    }
}

fn within(event: &Event, selector: &str) -> Option<Element> {
    press::element(event)?.closest(selector).ok()?
}

/// Which finger `event` is about.
fn pointer(event: &Event) -> Option<f64> {
    Reflect::get(event, &"pointerId".into()).ok()?.as_f64()
}

/// Where it is.
fn place(event: &Event) -> (i32, i32) {
    event.dyn_ref::<MouseEvent>().map_or((0, 0), |event| (event.client_x(), event.client_y()))
}
