//! The header: whose board it is, how it stands, whether it is live; and the
//! station filter below it.

use leptos::prelude::*;

use super::{Ui, connection, icons::icon, text};
use crate::{
    domain::{Lane, Station},
    wire::{Stats, StreamFilter},
};

/// The header's first row.
pub fn header(ui: Ui, location: String, demo: bool) -> impl IntoView {
    let live = ui.live;
    view! {
        <header class="top">
            <div class="place">
                <h1><bdi>{location}</bdi></h1>
                {demo.then(|| view! { <span class="tag">"Demo data"</span> })}
            </div>
            <nav class="counts" aria-label="Lanes">
                {Lane::ALL.map(|lane| view! {
                    <a class=format!("count count-{}", text::lane_slug(lane))
                        href=format!("#lane-{}", text::lane_slug(lane))>
                        <b>{move || in_lane(ui, lane)}</b>
                        <span>{if lane == Lane::Preparing { "Prep" } else { text::lane(lane) }}</span>
                    </a>
                }).into_iter().collect_view()}
            </nav>
            <div class=move || late_class(ui)>
                <b>{move || late(ui)}</b>
                <span>"Late"</span>
            </div>
            <dl class="figures" aria-label="The last hour">
                <div><dt>"Open"</dt><dd>{move || live.open.get()}</dd></div>
                <div><dt>"Orders / h"</dt><dd>{move || live.stats.get().placed}</dd></div>
                <div><dt>"Avg ticket"</dt><dd>{move || average(live.stats.get())}</dd></div>
                <div><dt>"Late share"</dt><dd>{move || late_share(live.stats.get())}</dd></div>
            </dl>
            {connection::chip(ui)}
            <button type="button" class="button square theme" aria-label="Theme" title="Theme"
                on:click=move |_| next_theme(ui)>
                <span class="theme-auto">{icon("#i-auto")}</span>
                <span class="theme-dark">{icon("#i-dark")}</span>
                <span class="theme-light">{icon("#i-light")}</span>
            </button>
        </header>
    }
}

/// How many open orders stand in `lane`; follows it.
pub fn in_lane(ui: Ui, lane: Lane) -> usize {
    ui.live.lane(lane).track();
    ui.live.read(|board| board.open_in(lane))
}

fn late_class(ui: Ui) -> &'static str {
    if late(ui) > 0 { "count count-late is-some" } else { "count count-late" }
}

/// Tickets past their promise; follows the clock and the lanes.
fn late(ui: Ui) -> usize {
    let now = ui.live.now.get();
    let _ = ui.live.tickets();
    ui.live.read(|board| board.late(now))
}

fn average(stats: Stats) -> String {
    stats.average_ticket_ms.map_or_else(|| "–".to_owned(), text::span)
}

fn late_share(stats: Stats) -> String {
    if stats.ready == 0 {
        return "–".to_owned();
    }
    format!(
        "{} %",
        (u64::from(stats.late) * 100 + u64::from(stats.ready) / 2) / u64::from(stats.ready)
    )
}

/// The header's second row: the stations as links, so that they work without
/// a script and can be bookmarked on a screen.
pub fn filters(ui: Ui, stations: Vec<Station>, filter: &StreamFilter) -> impl IntoView + use<> {
    let link = |stations: Vec<Station>, name: String| {
        let here = filter.stations == stations;
        let query = StreamFilter { stations, ..filter.clone() }.to_query();
        let href = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
        view! {
            <a class="filter" href=href aria-current=here.then_some("page")><bdi>{name}</bdi></a>
        }
    };
    let mut names = stations;
    for station in &filter.stations {
        if !names.contains(station) {
            names.push(station.clone());
        }
    }
    names.sort();
    let all = link(Vec::new(), "All".to_owned());
    let each = names
        .into_iter()
        .map(|station| link(vec![station.clone()], station.as_str().to_owned()))
        .collect_view();
    view! {
        <div class="second">
            <nav class="filters" aria-label="Stations">{all} {each}</nav>
            <button type="button" class="button recall-open" aria-keyshortcuts="r"
                on:click=move |_| ui.recalling.set(true)>
                {icon("#i-back")} "Recall"
            </button>
            {connection::bar(ui)}
        </div>
    }
}

/// Automatic, dark, light, and round again; remembered on this device.
fn next_theme(ui: Ui) {
    let Some(root) = document().document_element() else { return };
    let next = match root.get_attribute("data-theme").as_deref() {
        Some("dark") => "light",
        Some("light") => "auto",
        _ => "dark",
    };
    let _ = root.set_attribute("data-theme", next);
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item("theme", next);
    }
    ui.live.say(format!("Theme: {next}"));
}
