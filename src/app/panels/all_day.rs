//! What is still to be made, by station; and the tickets that have an item.

use leptos::prelude::*;
use web_sys::Element;

use super::Panel;
use crate::{
    app::{
        Ui,
        html::{Html, effect},
        words::Word,
    },
    live::all_day::{add, needs, sort},
};

/// On a ticket that has the item that somebody looks for.
const MARKED: &str = "data-marked";
/// Begins what a press on an item does; its name follows.
const ACT: &str = "day-";

/// The totals; told once a second, because twenty orders a second are not read.
pub(super) fn body(ui: Ui) -> String {
    ui.live.local.track();
    let (marked, mut totals) = (ui.panels.marked.get(), Vec::new());
    ui.panels.stations.with_value(|stations| {
        ui.live.each(|ticket| add(&mut totals, &ticket.order, stations));
    });
    sort(&mut totals);
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
    effect(move || {
        let marked = ui.panels.marked.get();
        ui.live.changes.track();
        ui.live.local.track();
        let Some(name) = marked else { return unmark() };
        for ticket in drawn("[data-order]") {
            let id = ticket.get_attribute("data-order").and_then(|id| id.parse().ok());
            let row = id.and_then(|id| ui.live.row(id));
            let has = ui.panels.stations.with_value(|stations| {
                row.is_some_and(|row| {
                    row.with_untracked(|ticket| needs(&ticket.order, stations, &name))
                })
            });
            if has == ticket.has_attribute(MARKED) {
                continue;
            }
            let _ = if has {
                ticket.set_attribute(MARKED, "")
            } else {
                ticket.remove_attribute(MARKED)
            };
        }
    });
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
    if ui.panels.open.get_untracked() != Panel::AllDay {
        return true;
    }
    let again = ui.panels.marked.with_untracked(|marked| marked.as_deref() == Some(name));
    ui.panels.marked.set((!again).then(|| name.to_owned()));
    if again {
        return true;
    }
    let mut first = None;
    ui.panels.stations.with_value(|stations| {
        ui.live.each(|ticket| {
            if needs(&ticket.order, stations, name) {
                let place = ui.live.read(|board| board.place(ticket.order.id));
                let rank = place.map(|(lane, place)| (lane as u8, place, ticket.order.id));
                first = match (first, rank) {
                    (Some(first), Some(rank)) => Some(std::cmp::min(first, rank)),
                    (first, rank) => first.or(rank),
                };
            }
        });
    });
    if let Some((_, _, id)) = first {
        ui.live.draw_order(id);
        crate::live::later(0, move || {
            let ticket = drawn(&format!("[data-order='{id}']"));
            if let Some(ticket) = ticket.first() {
                ticket.scroll_into_view();
            }
        });
    }
    true
}
