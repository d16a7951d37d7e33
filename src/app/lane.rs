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
    view! {
        <section class=format!("lane lane-{slug}") id=format!("lane-{slug}")
            aria-labelledby=format!("title-{slug}")>
            <header class="lane-head" inner_html=head></header>
            <ul class="tickets">
                <For each=move || rows.get() key=|row| row.id.0 children=move |row| ticket(ui, row)/>
            </ul>
        </section>
    }
}
