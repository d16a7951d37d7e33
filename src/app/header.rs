//! The header: whose board it is, how it stands, whether it is live; and the
//! station filter below it.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::{
    Ui, grid,
    html::{Html, Spots},
    keys,
    lane::part,
    text,
    words::{Word, say},
};
use crate::{
    domain::{Channel, Lane, Station, order::TEST_CHANNEL, screen::View},
    wire::{BoardSettings, ScreenSettings, Stats, StreamFilter},
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
        html.text(&late.to_string())
            .raw("</b><span>")
            .raw(say(Word::Late))
            .raw("</span></div>")
            .done()
    });
    let pulse = ui.live.pulse;
    spots.content("later", move || match pulse.with(|pulse| pulse.later) {
        0 => String::new(),
        later => Html::default().text(&ui.words.with(Word::Scheduled, &later.to_string())).done(),
    });
    spots.content("skew", move || {
        let minutes = pulse.with(|pulse| pulse.clock_is_fast);
        let word = if minutes > 0 { Word::ClockFast } else { Word::ClockSlow };
        let minutes = minutes.unsigned_abs();
        if minutes == 0 {
            return String::new();
        }
        Html::default().icon("warning").text(&ui.words.with(word, &minutes.to_string())).done()
    });
    spots.content("figures", move || {
        let (open, stats) = ui.live.pulse.with(|pulse| (pulse.open, pulse.stats));
        let mut html = Html::default();
        for (name, figure) in [
            (Word::FigureOpen, open.to_string()),
            (Word::FigureOrders, stats.placed.to_string()),
            (Word::FigureTicket, stats.average_ticket_ms.map_or_else(nothing, text::span)),
            (Word::FigureLate, late_share(stats)),
        ] {
            html.raw("<div><dt>").raw(say(name)).raw("</dt><dd>").text(&figure).raw("</dd></div>");
        }
        html.done()
    });
}

/// Where the server puts the name of whoever is logged in, as the way to their
/// account. The browser has nothing to do with it.
pub const YOU: &str = "<a class=\"button\" href=\"/account\" hidden></a>";

/// The header's first row.
pub fn header(html: &mut Html, spots: &mut Spots, settings: &BoardSettings) {
    html.raw("<header class=\"top\"><div class=\"place");
    // Without more to say, the location stands below the screen's name.
    let two = settings.screen.is_some() && !settings.demo;
    html.raw(if two { " is-two\"><h1><bdi>" } else { "\"><h1><bdi>" });
    match &settings.screen {
        None => html.text(&settings.location).raw("</bdi></h1>"),
        Some(screen) => html
            .text(&screen.title)
            .raw("</bdi></h1><bdi class=\"sub\">")
            .text(&settings.location)
            .raw("</bdi>"),
    };
    if settings.demo {
        html.raw("<span class=\"tag\">").raw(say(Word::DemoData)).raw("</span>");
    }
    html.raw("</div><nav class=\"counts\" aria-label=\"").raw(say(Word::Lanes)).raw("\">");
    for lane in Lane::ALL {
        let slug = text::lane_slug(lane);
        html.raw("<a class=\"count\" href=\"#lane-").raw(slug).raw("\"><b id=\"in-").raw(slug);
        html.raw("\">").content(spots, &part("in", lane)).raw("</b><span>");
        html.raw(if lane == Lane::Preparing {
            say(Word::LanePreparingShort)
        } else {
            text::lane(lane)
        });
        html.raw("</span></a>");
    }
    html.raw("</nav><div class=\"lates\" id=\"lates\">");
    html.content(spots, "lates").raw("</div><dl class=\"figures\" id=\"figures\">");
    html.content(spots, "figures").raw("</dl><div id=\"chip\" class=\"").class(spots, "chip");
    html.raw("\"><span class=\"dot\"></span><span id=\"chip-words\">");
    html.content(spots, "chip-words").raw("</span><span class=\"clock\" id=\"clock\">");
    html.content(spots, "clock").raw("</span></div>");
    for (act, id) in [("intake", "intake"), ("sound", "sound")] {
        html.raw("<button type=\"button\" data-act=\"").raw(act).raw("\" id=\"").raw(id);
        html.raw("\" class=\"").class(spots, id).raw("\">").content(spots, id).raw("</button>");
    }
    html.raw(
        "<button type=\"button\" class=\"button square theme\" data-act=\"theme\" aria-label=\"",
    );
    html.raw(say(Word::Theme)).raw("\" title=\"").raw(say(Word::Theme));
    html.raw("\"><span class=\"theme-auto\">");
    html.icon("auto").raw("</span><span class=\"theme-dark\">").icon("dark");
    html.raw("</span><span class=\"theme-light\">").icon("light");
    html.raw("</span></button></header>");
}

/// The header's second row: what the board shows, and how it is told otherwise.
pub fn filters(
    html: &mut Html,
    spots: &mut Spots,
    ui: Ui,
    stations: &[Station],
    filter: &StreamFilter,
    settings: &BoardSettings,
) {
    html.raw("<div class=\"second\"><div class=\"lead\"><section id=\"bar\" class=\"");
    html.class(spots, "bar").raw("\" aria-label=\"").raw(say(Word::Connection));
    html.raw("\"><span id=\"bar-words\">").content(spots, "bar-words");
    html.raw("</span><button type=\"button\" class=\"button\" data-act=\"reconnect\">");
    html.raw(say(Word::Retry)).raw("</button></section>");
    if settings.screen.is_none() {
        links(html, stations, filter, settings);
    }
    html.raw(match &settings.screen {
        None => "<nav class=\"of-screens",
        Some(screen) if screen.warning.is_none() => "<nav class=\"of-screens is-screen",
        Some(_) => "<nav class=\"of-screens is-screen is-far",
    });
    html.raw("\" aria-label=\"").raw(say(Word::Screens)).raw("\">");
    if let Some(screen) = &settings.screen {
        shows(html, filter, screen);
    }
    html.raw("<a class=\"button screens\" href=\"/screens\">").icon("screen");
    html.raw("<span>").raw(say(Word::Screens)).raw("</span></a>");
    new_order(html);
    html.raw(YOU).raw("</nav></div>");
    tools(html, spots, ui);
    html.raw("</div>");
}

/// What can be done with the whole board, with a server and without one.
fn tools(html: &mut Html, spots: &mut Spots, ui: Ui) {
    html.raw(
        "<div class=\"tools\"><button type=\"button\" class=\"button\" data-act=\"all-day\" \
         aria-keyshortcuts=\"a\">",
    );
    html.text(say(Word::AllDay)).raw(
        "</button><button type=\"button\" class=\"button\" data-act=\"search\" \
         aria-keyshortcuts=\"/\">",
    );
    html.text(say(Word::Search)).raw(
        "</button><button type=\"button\" class=\"button recall-open\" \
         aria-keyshortcuts=\"r\" data-act=\"closed\">",
    );
    html.icon("back").raw(say(Word::Recall)).raw("</button>");
    grid::freeze(html, spots);
    keys::help_button(html, ui);
    html.raw(
        "<button type=\"button\" class=\"button later-open\" data-act=\"scheduled\" id=\"later\">",
    );
    html.content(spots, "later").raw("</button><p class=\"skew\" id=\"skew\">");
    html.content(spots, "skew").raw("</p></div>");
}

/// The way to the page on which orders are entered.
fn new_order(html: &mut Html) {
    html.raw(
        "<a class=\"button\" href=\"/orders/new\" data-act=\"new-order\" \
         aria-keyshortcuts=\"n\">",
    );
    html.raw(say(Word::KeyNewOrder)).raw("</a>");
}

/// What the screen shows, as its profile says, and what of it cannot be read.
fn shows(html: &mut Html, filter: &StreamFilter, screen: &ScreenSettings) {
    let stations = filter.stations.iter().map(Station::as_str);
    // Every screen shows test orders, so that goes without saying.
    let channels = filter.channels.iter().map(Channel::as_str).filter(|it| *it != TEST_CHANNEL);
    let names: Vec<&str> = stations.chain(channels).collect();
    html.raw("<p class=\"shows\">");
    html.raw(if names.is_empty() { say(Word::AllOrders) } else { "" });
    html.text(&names.join(" · ")).raw("</p>");
    if let Some(warning) = &screen.warning {
        html.raw("<a class=\"far\" href=\"/screens/").text(&screen.name);
        html.raw("/edit#who-reads\">").icon("warning").raw("<span>").text(warning);
        html.raw("</span></a>");
    }
}

/// The stations as links, so that they work without a script and can be
/// bookmarked on a screen.
fn links(html: &mut Html, stations: &[Station], filter: &StreamFilter, settings: &BoardSettings) {
    html.raw("<nav class=\"filters\" aria-label=\"").raw(say(Word::Stations)).raw("\">");
    let mut link = |stations: Vec<Station>, name: &str| {
        let here = filter.stations == stations;
        let mut query = StreamFilter { stations, ..filter.clone() }.to_query();
        if settings.view == View::Grid {
            query.push_str(if query.is_empty() { "view=grid" } else { "&view=grid" });
        }
        html.raw("<a class=\"filter\" href=\"/");
        if !query.is_empty() {
            html.raw("?").text(&query);
        }
        html.raw(if here { "\" aria-current=\"page\"><bdi>" } else { "\"><bdi>" });
        html.text(name).raw("</bdi></a>");
    };
    link(Vec::new(), say(Word::All));
    let names: BTreeSet<&Station> = stations.iter().chain(&filter.stations).collect();
    for station in names {
        link(vec![station.clone()], station.as_str());
    }
    html.raw("</nav>");
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
