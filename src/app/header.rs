//! The header: whose board it is, how it stands, whether it is live; and the
//! station filter below it.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::{
    Ui,
    html::{Html, Spots},
    lane::part,
    text,
};
use crate::{
    domain::{Lane, Station},
    wire::{BoardSettings, Stats, StreamFilter},
};

/// How the board stands.
pub fn spots(ui: Ui, spots: &mut Spots) {
    for lane in Lane::ALL {
        spots.content(&part("in", lane), move || in_lane(ui, lane).to_string());
    }
    spots.content("lates", move || {
        let late = late(ui);
        let mut html = Html::default();
        html.raw(if late > 0 {
            "<div class=\"count is-some\"><b>"
        } else {
            "<div class=\"count\"><b>"
        });
        html.text(&late.to_string()).raw("</b><span>Late</span></div>").done()
    });
    spots.content("figures", move || {
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
}

/// The header's first row.
pub fn header(html: &mut Html, spots: &mut Spots, settings: &BoardSettings) {
    html.raw("<header class=\"top\"><div class=\"place\"><h1><bdi>").text(&settings.location);
    html.raw("</bdi></h1>");
    html.raw(if settings.demo { "<span class=\"tag\">Demo data</span>" } else { "" });
    html.raw("</div><nav class=\"counts\" aria-label=\"Lanes\">");
    for lane in Lane::ALL {
        let slug = text::lane_slug(lane);
        html.raw("<a class=\"count\" href=\"#lane-").raw(slug).raw("\"><b id=\"in-").raw(slug);
        html.raw("\">").content(spots, &part("in", lane)).raw("</b><span>");
        html.raw(if lane == Lane::Preparing { "Prep" } else { text::lane(lane) });
        html.raw("</span></a>");
    }
    html.raw("</nav><div class=\"lates\" id=\"lates\">");
    html.content(spots, "lates").raw("</div><dl class=\"figures\" id=\"figures\">");
    html.content(spots, "figures").raw("</dl><div id=\"chip\" class=\"").class(spots, "chip");
    html.raw("\"><span class=\"dot\"></span><span id=\"chip-words\">");
    html.content(spots, "chip-words").raw("</span><span class=\"clock\" id=\"clock\">");
    html.content(spots, "clock").raw(
        "</span></div><button type=\"button\" class=\"button square theme\" data-act=\"theme\" \
         aria-label=\"Theme\" title=\"Theme\"><span class=\"theme-auto\">",
    );
    html.icon("auto").raw("</span><span class=\"theme-dark\">").icon("dark");
    html.raw("</span><span class=\"theme-light\">").icon("light");
    html.raw("</span></button></header>");
}

/// The header's second row: the stations as links, so that they work without
/// a script and can be bookmarked on a screen.
pub fn filters(html: &mut Html, spots: &mut Spots, stations: &[Station], filter: &StreamFilter) {
    html.raw("<div class=\"second\"><nav class=\"filters\" aria-label=\"Stations\">");
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
    let names: BTreeSet<&Station> = stations.iter().chain(&filter.stations).collect();
    for station in names {
        link(vec![station.clone()], station.as_str());
    }
    html.raw(
        "</nav><button type=\"button\" class=\"button recall-open\" aria-keyshortcuts=\"r\" \
         data-act=\"closed\">",
    );
    html.icon("back").raw("Recall</button><section id=\"bar\" class=\"").class(spots, "bar");
    html.raw("\" aria-label=\"Connection\"><span id=\"bar-words\">").content(spots, "bar-words");
    html.raw(
        "</span><button type=\"button\" class=\"button\" data-act=\"reconnect\">Retry</button>\
         </section></div>",
    );
}

/// How many open orders stand in `lane`; follows it.
#[must_use]
pub fn in_lane(ui: Ui, lane: Lane) -> usize {
    ui.live.lane(lane).track();
    ui.live.read(|board| board.open_in(lane))
}

/// Tickets past their promise; follows the clock and the lanes.
fn late(ui: Ui) -> usize {
    let now = ui.live.now.get();
    for lane in Lane::ALL {
        ui.live.lane(lane).track();
    }
    ui.live.read(|board| board.late(now))
}

fn nothing() -> String {
    "–".to_owned()
}

fn late_share(stats: Stats) -> String {
    let (late, ready) = (u64::from(stats.late), u64::from(stats.ready));
    let share = (late * 100 + ready / 2).checked_div(ready);
    share.map_or_else(nothing, |share| format!("{share} %"))
}
