//! One column of the board.

use leptos::prelude::*;

use super::{
    Ui,
    header::in_lane,
    html::{Html, live},
    text,
    ticket::ticket,
};
use crate::domain::Lane;

/// A lane with its tickets, the most urgent first.
#[must_use]
pub fn lane(ui: Ui, lane: Lane) -> impl IntoView {
    let rows = ui.live.lane(lane);
    let slug = text::lane_slug(lane);
    let head = live(move || {
        let now = ui.live.now.get();
        let mut html = Html::default();
        html.raw("<h2 id=\"title-").raw(slug).raw("\" tabindex=\"-1\">").raw(text::lane(lane));
        html.raw("</h2><span class=\"lane-count\">").text(&in_lane(ui, lane).to_string());
        html.raw("</span>");
        if let Some(since) = ui.live.read(|board| board.oldest(lane, now)) {
            html.raw("<span class=\"oldest\">oldest ").text(&text::span(now.since(since)));
            html.raw("</span>");
        }
        html.done()
    });
    // A lane is sorted by urgency: what has just come may be far below.
    let fresh = live(move || {
        let mut html = Html::default();
        let count = if lane == Lane::New { ui.live.fresh(lane) } else { 0 };
        if count > 0 {
            html.raw("<span>").text(&count.to_string()).raw(" new<span class=\"unseen\">, show");
            html.raw("</span></span>");
        }
        html.done()
    });
    view! {
        <section class=format!("lane lane-{slug}") id=format!("lane-{slug}")
            aria-labelledby=format!("title-{slug}")>
            <header class="lane-head">
                <div class="lane-title" inner_html=head></div>
                <button type="button" class="to-new" data-act="to-new" inner_html=fresh></button>
            </header>
            <ul class="tickets">
                <For each=move || rows.get() key=|row| row.id.0 children=move |row| ticket(ui, row)/>
            </ul>
        </section>
    }
}
