//! One column of the board: how it stands, its tickets, and what of it is not
//! drawn. The browser draws as much of it as somebody can come near; see
//! [`pile`](super::pile).

use leptos::prelude::*;

use super::{
    Ui,
    header::in_lane,
    html::{Html, Spots},
    text,
    ticket::ticket,
};
use crate::{domain::Lane, live::Row};

/// The element of `lane` that is called `part`.
#[must_use]
pub fn part(part: &str, lane: Lane) -> String {
    [part, "-", text::lane_slug(lane)].concat()
}

/// What of the lanes follows signals, but for their tickets.
pub fn spots(ui: Ui, spots: &mut Spots) {
    for lane in Lane::ALL {
        spots.content(&part("count", lane), move || in_lane(ui, lane).to_string());
        spots.content(&part("oldest", lane), move || oldest(ui, lane));
        spots.content(&part("fresh", lane), move || fresh(ui, lane));
        spots.content(&part("more", lane), move || more(ui, lane));
        spots.content(&part("numbers", lane), move || numbers(ui, lane));
    }
}

/// A lane with its tickets, the most urgent first.
pub fn lane(html: &mut Html, spots: &mut Spots, ui: Ui, lane: Lane) {
    let slug = text::lane_slug(lane);
    html.raw("<section class=\"lane lane-").raw(slug).raw("\" id=\"lane-").raw(slug);
    html.raw("\" aria-labelledby=\"title-").raw(slug).raw("\"><header class=\"lane-head\">");
    html.raw("<h2 id=\"title-").raw(slug).raw("\" tabindex=\"-1\">").raw(text::lane(lane));
    html.raw("</h2><span class=\"lane-count\" id=\"count-").raw(slug).raw("\">");
    html.content(spots, &part("count", lane)).raw("</span><span class=\"oldest\" id=\"oldest-");
    html.raw(slug).raw("\">").content(spots, &part("oldest", lane));
    html.raw("</span><button type=\"button\" class=\"to-new\"");
    html.raw(" data-act=\"to-new\" id=\"fresh-").raw(slug).raw("\">");
    html.content(spots, &part("fresh", lane))
        .raw("</button></header><div class=\"pile\" id=\"pile-");
    html.raw(slug).raw("\">");
    tickets(html, ui, &ui.live.lane(lane).get_untracked());
    html.raw("<div class=\"rest\"><button type=\"button\" class=\"more\" data-act=\"more-")
        .raw(slug);
    html.raw("\" id=\"more-").raw(slug).raw("\">").content(spots, &part("more", lane));
    html.raw("</button><p class=\"numbers\" id=\"numbers-").raw(slug).raw("\">");
    html.content(spots, &part("numbers", lane)).raw("</p></div>");
    // Whoever has no script cannot ask for more. With one, this is not even parsed.
    let undrawn = ui.live.undrawn(lane);
    if !undrawn.is_empty() {
        html.raw("<noscript>");
        tickets(html, ui, &undrawn);
        html.raw("</noscript>");
    }
    html.raw("</div></section>");
}

fn tickets(html: &mut Html, ui: Ui, rows: &[Row]) {
    html.raw("<ul class=\"tickets\">");
    for row in rows {
        ticket(html, ui, row);
    }
    html.raw("</ul>");
}

/// For how long the ticket has stood that has stood longest.
fn oldest(ui: Ui, lane: Lane) -> String {
    let now = ui.live.now.get();
    ui.live.lane(lane).track();
    let since = ui.live.read(|board| board.oldest(lane, now));
    since.map_or_else(String::new, |since| ["oldest ", &text::span(now.since(since))].concat())
}

/// A lane is sorted by urgency: what has just come may be far below.
fn fresh(ui: Ui, lane: Lane) -> String {
    let mut html = Html::default();
    let count = if lane == Lane::New { ui.live.fresh(lane).len() } else { 0 };
    if count > 0 {
        html.raw("<span>").text(&count.to_string()).raw(" new<span class=\"unseen\">, show");
        html.raw("</span></span>");
    }
    html.done()
}

/// How many tickets are not drawn, and how long the oldest of them has stood.
fn more(ui: Ui, lane: Lane) -> String {
    let now = ui.live.now.get();
    ui.live.lane(lane).track();
    let rest = ui.live.rest(lane, now);
    let mut html = Html::default();
    if rest.count > 0 {
        html.raw(if rest.late { "<span class=\"is-late\">+" } else { "+" });
        html.text(&rest.count.to_string()).raw(" more");
        if let Some(since) = rest.oldest {
            html.raw(" (oldest ").text(&text::span(now.since(since))).raw(")");
        }
        html.raw(if rest.late { " <b>Late</b></span>" } else { "" });
    }
    html.done()
}

/// What they are called, so that a search in the page finds them. Told by the
/// second: nobody reads it while it is out of sight.
fn numbers(ui: Ui, lane: Lane) -> String {
    ui.live.now.track();
    let drawn = ui.live.drawn(lane);
    let mut html = Html::default();
    ui.live.read(|board| {
        for (place, number) in board.rest_numbers(lane, drawn).enumerate() {
            html.raw(if place == 0 { "<span class=\"unseen\">Orders </span>" } else { ", " });
            html.number(number.0);
        }
    });
    html.done()
}
