//! The header: whose board it is, how it stands, whether it is live; and the
//! station filter below it.

use leptos::prelude::*;

use super::{
    Ui, connection,
    html::{Html, live},
    text,
};
use crate::{
    domain::{Lane, Station},
    wire::{BoardSettings, Stats, StreamFilter},
};

/// The header's first row.
pub fn header(ui: Ui, settings: &BoardSettings) -> impl IntoView + use<> {
    let mut place = Html::default();
    place.raw("<h1><bdi>").text(&settings.location).raw("</bdi></h1>");
    if settings.demo {
        place.raw("<span class=\"tag\">Demo data</span>");
    }
    let counts = live(move || {
        let mut html = Html::default();
        for lane in Lane::ALL {
            html.raw("<a class=\"count\" href=\"#lane-").raw(text::lane_slug(lane)).raw("\"><b>");
            html.text(&in_lane(ui, lane).to_string()).raw("</b><span>");
            html.raw(if lane == Lane::Preparing { "Prep" } else { text::lane(lane) });
            html.raw("</span></a>");
        }
        html.done()
    });
    let late = live(move || {
        let late = late(ui);
        let mut html = Html::default();
        html.raw(if late > 0 {
            "<div class=\"count is-some\"><b>"
        } else {
            "<div class=\"count\"><b>"
        });
        html.text(&late.to_string()).raw("</b><span>Late</span></div>").done()
    });
    let figures = live(move || {
        let (open, stats) = ui.live.pulse.with(|pulse| (pulse.open, pulse.stats));
        let mut html = Html::default();
        for (name, figure) in [
            ("Open", open.to_string()),
            ("Orders / h", stats.placed.to_string()),
            ("Avg ticket", stats.average_ticket_ms.map_or_else(nothing, text::span)),
            ("Late share", late_share(stats)),
        ] {
            html.raw("<div><dt>").raw(name).raw("</dt><dd>").text(&figure).raw("</dd></div>");
        }
        html.done()
    });
    let mut themes = Html::default();
    themes
        .raw("<span class=\"theme-auto\">")
        .icon("auto")
        .raw("</span><span class=\"theme-dark\">");
    themes.icon("dark").raw("</span><span class=\"theme-light\">").icon("light").raw("</span>");
    view! {
        <header class="top">
            <div class="place" inner_html=place.done()></div>
            <nav class="counts" aria-label="Lanes" inner_html=counts></nav>
            <div class="lates" inner_html=late></div>
            <dl class="figures" inner_html=figures></dl>
            {connection::chip(ui)}
            <button type="button" class="button square theme" data-act="theme" aria-label="Theme"
                title="Theme" inner_html=themes.done()></button>
        </header>
    }
}

/// How many open orders stand in `lane`; follows it.
pub fn in_lane(ui: Ui, lane: Lane) -> usize {
    ui.live.lane(lane).track();
    ui.live.read(|board| board.open_in(lane))
}

/// Tickets past their promise; follows the clock and the lanes.
fn late(ui: Ui) -> usize {
    let now = ui.live.now.get();
    let _ = ui.live.tickets();
    ui.live.read(|board| board.late(now))
}

fn nothing() -> String {
    "–".to_owned()
}

fn late_share(stats: Stats) -> String {
    let (late, ready) = (u64::from(stats.late), u64::from(stats.ready));
    if ready == 0 { nothing() } else { format!("{} %", (late * 100 + ready / 2) / ready) }
}

/// The header's second row: the stations as links, so that they work without
/// a script and can be bookmarked on a screen.
pub fn filters(ui: Ui, mut stations: Vec<Station>, filter: &StreamFilter) -> impl IntoView + use<> {
    for station in &filter.stations {
        if !stations.contains(station) {
            stations.push(station.clone());
        }
    }
    // Few, and a whole sort is more for the browser to fetch than these lines.
    for end in (1..stations.len()).rev() {
        for place in 0..end {
            if stations[place] > stations[place + 1] {
                stations.swap(place, place + 1);
            }
        }
    }
    let mut html = Html::default();
    let mut link = |stations: Vec<Station>, name: &str| {
        let here = filter.stations == stations;
        let query = StreamFilter { stations, ..filter.clone() }.to_query();
        html.raw("<a class=\"filter\" href=\"/");
        if !query.is_empty() {
            html.raw("?").text(&query);
        }
        html.raw(if here { "\" aria-current=\"page\"><bdi>" } else { "\"><bdi>" });
        html.text(name).raw("</bdi></a>");
    };
    link(Vec::new(), "All");
    for station in &stations {
        link(vec![station.clone()], station.as_str());
    }
    let recall = Html::default().icon("back").raw("Recall").done();
    view! {
        <div class="second">
            <nav class="filters" aria-label="Stations" inner_html=html.done()></nav>
            <button type="button" class="button recall-open" aria-keyshortcuts="r"
                data-act="closed" inner_html=recall></button>
            {connection::bar(ui)}
        </div>
    }
}
