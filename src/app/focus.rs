//! Keeps the keyboard where it was when tickets move: on the same button of
//! the same order, or, when that order has left, on the next one of its lane.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement};

use super::{Ui, html::effect};
use crate::live::{later, listen};

/// Where the keyboard was.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    order: String,
    act: String,
    lane: String,
    /// How far down the lane.
    row: u32,
}

/// Follows the keyboard from now on.
pub fn follow(ui: Ui) {
    let place = StoredValue::new(None::<Place>);
    effect(move || {
        ui.live.changes.track();
        if place.with_value(Option::is_none) {
            return;
        }
        // What changed is in the page by the next frame.
        later(0, move || {
            if let Some(place) = place.get_value() {
                restore(&place);
            }
        });
    });
    listen("focusin", move |event| {
        place.set_value(element(&event).and_then(|element| find(&element)));
    });
    // Whoever presses beside every button gives the focus away; a ticket that
    // moves only loses it.
    listen("pointerdown", move |_| place.set_value(None));
}

fn element(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

fn find(element: &Element) -> Option<Place> {
    let ticket = element.closest("[data-order]").ok()??;
    let lane = ticket.closest(".lane, .grid").ok()??;
    let mut row = 0;
    let mut above = ticket.previous_element_sibling();
    while let Some(ticket) = above {
        row += 1;
        above = ticket.previous_element_sibling();
    }
    Some(Place {
        order: ticket.get_attribute("data-order")?,
        // A ticket that keys have selected has the focus as a whole.
        act: element
            .get_attribute("data-act")
            .or_else(|| element.has_attribute("data-order").then(String::new))?,
        lane: lane.id(),
        row,
    })
}

fn nothing_focused() -> bool {
    document().active_element().is_none_or(|element| element.tag_name() == "BODY")
}

fn restore(place: &Place) {
    if !nothing_focused() {
        return;
    }
    let Place { order, act, lane, row } = place;
    let same = format!("#{lane} [data-order='{order}']");
    let title = ["#", lane, " h2"].concat();
    if act.is_empty() {
        return focus(&[same, title]);
    }
    let same = [&same, " [data-act='", act, "']"].concat();
    // Bumped away by this keyboard: what stands in its place now comes next.
    let next = format!("#{lane} .tickets > :nth-child({}) [data-act='bump']", row + 1);
    let last = ["#", lane, " .tickets > :last-child [data-act='bump']"].concat();
    focus(&[same, next, last, title]);
}

/// Takes the keyboard to the first of `selectors` that there is.
fn focus(selectors: &[String]) {
    for selector in selectors {
        let found = document().query_selector(selector).ok().flatten();
        if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            let _ = element.focus();
            return;
        }
    }
}
