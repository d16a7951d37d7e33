//! What is still to be made, by station; and the tickets that have an item.

use std::cell::Cell;

use leptos::prelude::*;
use web_sys::Element;

use crate::{
    app::{
        Ui, grid,
        html::{Html, effect},
        press,
        words::Word,
    },
    domain::{OrderId, Station},
    live::{
        all_day::{add, needs},
        board_state::index,
    },
};

/// On a ticket that has the item that somebody looks for.
const MARKED: &str = "data-marked";
/// Begins what a press on an item does; its name follows.
const ACT: &str = "day-";

/// The totals; told once a second, because twenty orders a second are not read.
pub(super) fn body(ui: Ui) -> String {
    ui.live.local.track();
    let (mut totals, mut marked) = (Vec::new(), None);
    ui.panels.with(&mut |state| {
        ui.live.each(&mut |ticket| add(&mut totals, &ticket.order, &state.stations));
        marked.clone_from(&state.marked);
    });
    let mut html = Html::default();
    if totals.is_empty() {
        html.raw("<p>").text(ui.say(Word::NothingToMake)).raw("</p>");
    }
    let mut before = None;
    for total in &totals {
        if before != Some(&total.station) {
            html.raw(if before.is_some() { "</ul><h3>" } else { "<h3>" });
            html.raw("<bdi>").text(total.station.as_str()).raw("</bdi></h3><ul class=\"totals\">");
        }
        before = Some(&total.station);
        html.raw("<li><button type=\"button\" class=\"total\" data-act=\"day-").text(&total.name);
        html.raw(if marked.as_ref() == Some(&total.name) {
            "\" aria-pressed=\"true\"><b>"
        } else {
            "\" aria-pressed=\"false\"><b>"
        });
        html.number(total.quantity).raw("</b> <bdi>").text(&total.name);
        html.raw("</bdi> <span class=\"sub\">");
        html.text(&ui.words.count(Word::Orders, u64::from(total.orders)));
        html.raw("</span></button></li>");
    }
    html.raw(if before.is_some() { "</ul>" } else { "" }).done()
}

/// Keeps the marks on the tickets in line with what somebody looks for.
pub(super) fn follow(ui: Ui) {
    let marks = Cell::new(false);
    effect(move || {
        ui.panels.track();
        ui.live.changes.track();
        ui.live.local.track();
        ui.panels.with(&mut |state| match &state.marked {
            Some(name) => {
                marks.set(true);
                mark(ui, &state.stations, name);
            }
            None if marks.take() => unmark(),
            None => {}
        });
    });
}

fn mark(ui: Ui, stations: &[Station], name: &str) {
    for ticket in drawn("[data-order]") {
        let id = ticket.get_attribute("data-order").and_then(|id| id.parse().ok());
        let row = id.and_then(|id| ui.live.row(id));
        let has = row
            .is_some_and(|row| row.with_untracked(|ticket| needs(&ticket.order, stations, name)));
        if has == ticket.has_attribute(MARKED) {
            continue;
        }
        let _ =
            if has { ticket.set_attribute(MARKED, "") } else { ticket.remove_attribute(MARKED) };
    }
}

fn unmark() {
    for ticket in drawn("[data-marked]") {
        let _ = ticket.remove_attribute(MARKED);
    }
}

/// Every element that `selector` finds.
pub(super) fn drawn(selector: &str) -> Vec<Element> {
    use wasm_bindgen::JsCast as _;
    let Ok(list) = document().query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|place| list.get(place)?.dyn_into().ok()).collect()
}

/// A press on an item marks its tickets and shows the first; another one ends it.
pub(super) fn act(ui: Ui, act: &str) -> bool {
    let Some(name) = act.strip_prefix(ACT) else { return false };
    let mut first: Option<(usize, usize, OrderId)> = None;
    ui.panels.change(&mut |state| {
        let again = state.marked.as_deref() == Some(name);
        state.marked = (!again).then(|| name.to_owned());
        if again {
            return;
        }
        ui.live.each(&mut |ticket| {
            if needs(&ticket.order, &state.stations, name)
                && let Some((lane, place)) = ui.live.read(|board| board.place(ticket.order.id))
            {
                let here = (index(lane), place, ticket.order.id);
                first = Some(first.map_or(here, |first| first.min(here)));
            }
        });
    });
    if let Some((_, _, id)) = first {
        ui.live.draw_order(id);
        grid::turn_to(ui, id);
        crate::live::later(0, move || {
            let ticket = drawn(&press::shown_as(id));
            if let Some(ticket) = ticket.first() {
                ticket.scroll_into_view();
            }
        });
    }
    true
}
