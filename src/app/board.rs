//! The board: every open order, in the lane where it stands.

use leptos::prelude::*;

use super::{
    Ui, connection, dialog, focus, header,
    html::{Html, Spots},
    lane, pile, press, text,
};
use crate::{
    domain::Lane,
    live::{LiveBoard, freshness::State},
    wire::BoardPage,
};

/// The element around the lanes.
pub const LANES_ID: &str = "lanes";

/// The whole page, as `page` has it.
#[must_use]
pub fn render(page: BoardPage) -> String {
    let (settings, stations) = (page.settings.clone(), page.stations.clone());
    let filter = page.filter.clone();
    let query = filter.to_query();
    let mut html = Html::default();
    html.raw("<div id=\"board\" data-query=\"").text(&query).raw("\" class=\"");
    let ui = ui(page, query);
    let mut spots = spots(ui);
    let spots = &mut spots;
    html.class(spots, "board").raw("\">");
    header::header(&mut html, spots, &settings);
    header::filters(&mut html, spots, &stations, &filter);
    html.raw("<main class=\"stage\"><div class=\"lanes\" id=\"lanes\">");
    for it in Lane::ALL {
        lane::lane(&mut html, spots, ui, it);
    }
    html.raw("</div><section class=\"nothing\" id=\"nothing\" aria-label=\"No orders\">");
    html.content(spots, "nothing").raw("</section></main><section id=\"undo\" class=\"");
    html.class(spots, "undo")
        .raw("\" aria-label=\"Undo\"><span class=\"words\" id=\"undo-words\">");
    html.content(spots, "undo-words").raw("</span><span class=\"left\" id=\"undo-left\">");
    html.content(spots, "undo-left").raw(
        "</span><button type=\"button\" class=\"button\" data-act=\"undo\" aria-keyshortcuts=\"z\">",
    );
    html.icon("back").raw(
        "Undo <kbd>Z</kbd></button></section>\
         <dialog class=\"dialog\" id=\"dialog\" aria-labelledby=\"dialog-title\"></dialog>\
         <p class=\"unseen\" role=\"status\" id=\"polite\"></p>\
         <p class=\"unseen\" role=\"alert\" id=\"alert\"></p></div>",
    );
    html.done()
}

/// Takes over what [`render`] made of the same `page`.
pub fn take_over(page: BoardPage) {
    let board = document().get_element_by_id("board");
    let query = board.and_then(|board| board.get_attribute("data-query")).unwrap_or_default();
    let ui = ui(page, query);
    // First, because it asks where things are: what others write comes after.
    pile::follow(ui);
    spots(ui).follow();
    dialog::follow(ui);
    press::follow(ui);
    focus::follow(ui);
    ui.live.start();
}

fn ui(page: BoardPage, query: String) -> Ui {
    let settings = &page.settings;
    let (promises, utc_offset_s) = (settings.promises, settings.utc_offset_s);
    let station = match page.filter.stations.as_slice() {
        [station] => Some(station.clone()),
        _ => None,
    };
    Ui {
        live: LiveBoard::new(page, query),
        promises,
        utc_offset_s,
        station: StoredValue::new(station),
        dialog: RwSignal::new(dialog::Dialog::None),
        keys: RwSignal::new(true),
        pressed: StoredValue::new(None),
    }
}

fn spots(ui: Ui) -> Spots {
    let pulse = ui.live.pulse;
    let mut spots = Spots::default();
    spots.class("board", move || {
        let mut class = connection::with_look("board ", ui);
        if ui.live.empty.get() {
            class.push_str(" is-empty");
        }
        class
    });
    header::spots(ui, &mut spots);
    connection::spots(ui, &mut spots);
    spots.class(LANES_ID, move || {
        let replaying = pulse.with(|pulse| matches!(pulse.state, State::CatchingUp { .. }));
        if replaying { "lanes is-replaying" } else { "lanes" }.to_owned()
    });
    lane::spots(ui, &mut spots);
    spots.content("nothing", move || nothing(ui));
    undo(ui, &mut spots);
    dialog::spots(ui, &mut spots);
    // Some of it comes over the network: it is text, not markup.
    spots.content("polite", move || Html::default().text(&ui.live.polite.get()).done());
    spots.content("alert", move || Html::default().text(&ui.live.alert.get()).done());
    spots
}

/// What stands in the place of the lanes when there is no ticket. An empty
/// board must prove that it is live.
fn nothing(ui: Ui) -> String {
    let mut html = Html::default();
    if !ui.live.empty.get() {
        return html.done();
    }
    let now = ui.live.now.get();
    let (open, silent_ms) = ui.live.pulse.with(|pulse| (pulse.open, pulse.silent_ms));
    html.raw("<p class=\"big\">");
    if ui.live.filtered() {
        ui.station.with_value(|station| match station {
            Some(station) => html.raw("No ").text(station.as_str()).raw(" items."),
            None => html.raw("No orders match this filter."),
        });
        html.raw("</p><p>").text(&text::count(open, "order"));
        html.raw(" elsewhere. <a class=\"button\" href=\"/\">Show all</a></p>");
    } else {
        html.raw("All caught up</p>");
    }
    html.raw("<p class=\"clock\">").text(&ui.time_of_day(now, false));
    html.raw("</p><p class=\"sub\">checked ");
    html.text(&(silent_ms / 1000).to_string()).raw(" s ago</p>").done()
}

/// The bar that takes the last bump back. It goes by itself, so the list of
/// closed orders and the ticket's own Recall do the same without a hurry.
fn undo(ui: Ui, spots: &mut Spots) {
    let pulse = ui.live.pulse;
    spots.class("undo", move || {
        let there = pulse.with(|pulse| pulse.undo.is_some());
        if there { "undo" } else { "undo is-away" }.to_owned()
    });
    spots.content("undo-words", move || {
        pulse.with(|pulse| {
            let mut html = Html::default();
            if let Some(undo) = &pulse.undo {
                html.raw("Order ").number(undo.number.0);
                match &undo.refused {
                    Some(failure) => html.raw(": ").text(&failure.words),
                    None => html.raw(" is ").raw(text::status(undo.from)),
                };
            }
            html.done()
        })
    });
    spots.content("undo-left", move || {
        let now = ui.live.local.get();
        pulse.with(|pulse| {
            let mut html = Html::default();
            if let Some(undo) = &pulse.undo {
                let left = (undo.until.since(now).max(0) + 999) / 1000;
                html.text(&left.to_string()).raw(" s");
            }
            html.done()
        })
    });
}
