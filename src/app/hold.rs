//! What a finger on a ticket does before it is a press: no ticket moves under
//! it, and on a screen that asks for it, a bump has to be held.

use std::{cell::RefCell, rc::Rc};

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

#[derive(Default)]
struct Fingers {
    down: bool,
    presses: u32,
    held: Vec<Held>,
}

impl Fingers {
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
    let fingers = Rc::new(RefCell::new(Fingers::default()));
    let there = Rc::clone(&fingers);
    listen("pointerdown", move |event| {
        let within = |selector| press::element(&event)?.closest(selector).ok()?;
        if within(".stage").is_some() {
            there.borrow_mut().down = true;
            ui.live.touched(true);
        }
        let button = within("[data-act='bump']").filter(|_| ui.hold_to_bump);
        let Some(button) = button else { return };
        let Some(id) = press::order_of(&button) else { return };
        let _ = button.class_list().add_1(HOLDING);
        let mut fingers = there.borrow_mut();
        fingers.presses += 1;
        let press = fingers.presses;
        let at = place(&event);
        fingers.held.push(Held { press, pointer: pointer(&event), button, at });
        let held = Rc::clone(&there);
        later(HOLD_MS, move || {
            if held.borrow_mut().let_go(&|held| held.press == press) {
                press::bump(ui, id);
            }
        });
    });
    if ui.hold_to_bump {
        let there = Rc::clone(&fingers);
        listen("pointermove", move |event| {
            let (x, y) = place(&event);
            let far = |(left, top): (i32, i32)| (x - left).abs() > FAR || (y - top).abs() > FAR;
            let off = |held: &Held| held.pointer == pointer(&event) && far(held.at);
            there.borrow_mut().let_go(&off);
        });
    }
    for event in ["pointerup", "pointercancel"] {
        let there = Rc::clone(&fingers);
        listen(event, move |event| {
            let mut fingers = there.borrow_mut();
            fingers.let_go(&|held| held.pointer == pointer(&event));
            if std::mem::take(&mut fingers.down) {
                ui.live.touched(false);
            }
        });
    }
}

/// Which finger `event` is about.
fn pointer(event: &Event) -> Option<f64> {
    Reflect::get(event, &"pointerId".into()).ok()?.as_f64()
}

/// Where it is.
fn place(event: &Event) -> (i32, i32) {
    event.dyn_ref::<MouseEvent>().map_or((0, 0), |event| (event.client_x(), event.client_y()))
}
