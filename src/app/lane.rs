//! One column of the board.

use leptos::prelude::*;

use super::{Ui, header::in_lane, text, ticket::ticket};
use crate::domain::Lane;

/// A lane with its tickets, the most urgent first.
pub fn lane(ui: Ui, lane: Lane) -> impl IntoView {
    let ids = ui.live.lane(lane);
    let slug = text::lane_slug(lane);
    let oldest = move || {
        let now = ui.live.now.get();
        ids.track();
        ui.live
            .read(|board| board.oldest(lane))
            .map(|since| format!("oldest {}", text::span(now.since(since))))
    };
    view! {
        <section class=format!("lane lane-{slug}") id=format!("lane-{slug}")
            aria-labelledby=format!("title-{slug}")>
            <header class="lane-head">
                <h2 id=format!("title-{slug}") tabindex="-1">{text::lane(lane)}</h2>
                <span class="lane-count">{move || in_lane(ui, lane)}</span>
                <span class="oldest">{oldest}</span>
            </header>
            <ul class="tickets">
                <For each=move || ids.get() key=|id| id.0 children=move |id| ticket(ui, id)/>
            </ul>
        </section>
    }
}
