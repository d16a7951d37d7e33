//! The board: every open order, in the lane where it stands.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::{
    Ui, connection,
    dialog::{Dialog, dialog},
    focus, header,
    html::{Html, live, span},
    lane::lane,
    press, text,
};
use crate::{
    domain::{Lane, Station},
    live::{LiveBoard, freshness::State},
    wire::{BoardPage, StreamFilter},
};

/// The whole page, as `page` has it.
pub fn board(page: BoardPage) -> impl IntoView {
    let settings = page.settings.clone();
    let (stations, filter) = (page.stations.clone(), page.filter.clone());
    let live_board = LiveBoard::new(page);
    let ui = Ui {
        live: live_board,
        promises: settings.promises,
        utc_offset_s: settings.utc_offset_s,
        station: StoredValue::new(only_station(&filter)),
        dialog: RwSignal::new(Dialog::None),
        keys: RwSignal::new(true),
        pressed: StoredValue::new(None),
    };
    Effect::new(move |_| {
        ui.keys.set(press::keys_remembered());
        crate::live::listen("keydown", move |event| {
            if let Ok(event) = event.dyn_into() {
                press::key(ui, &event);
            }
        });
    });
    let (came, went) = focus::keeper(ui);
    let class = live(move || {
        let mut class = String::from("board ");
        class.push_str(connection::look(live_board.pulse.with(|pulse| pulse.state)));
        if live_board.tickets() == 0 {
            class.push_str(" is-empty");
        }
        class
    });
    let busy = live(move || {
        let replaying =
            live_board.pulse.with(|pulse| matches!(pulse.state, State::CatchingUp { .. }));
        if replaying { "true" } else { "false" }.to_owned()
    });
    view! {
        <div class=class on:click=move |event| press::pressed(ui, &event)>
            {header::header(ui, &settings)}
            {header::filters(ui, stations, &filter)}
            <main class="stage">
                <div class="lanes" aria-busy=busy on:focusin=came on:focusout=went>
                    {Lane::ALL.map(|it| lane(ui, it)).into_iter().collect::<Vec<_>>()}
                </div>
                <section class="nothing" aria-label="No orders" inner_html=nothing(ui, &filter)>
                </section>
            </main>
            {undo(ui)}
            {dialog(ui)}
            <p class="unseen" role="status" inner_html=said(live_board.polite)></p>
            <p class="unseen" role="alert" inner_html=said(live_board.alert)></p>
        </div>
    }
}

/// What is read out.
fn said(text: RwSignal<String>) -> super::html::Live {
    live(move || Html::default().text(&text.get()).done())
}

/// The one station that `filter` asks for.
fn only_station(filter: &StreamFilter) -> Option<Station> {
    match filter.stations.as_slice() {
        [station] => Some(station.clone()),
        _ => None,
    }
}

/// What stands in the place of the lanes when there is no ticket. An empty
/// board must prove that it is live.
fn nothing(ui: Ui, filter: &StreamFilter) -> super::html::Live {
    let what = match only_station(filter) {
        _ if *filter == StreamFilter::default() => None,
        Some(station) => Some(format!("No {station} items.")),
        None => Some("No orders match this filter.".to_owned()),
    };
    live(move || {
        let mut html = Html::default();
        if ui.live.tickets() > 0 {
            return html.done();
        }
        let now = ui.live.now.get();
        let (open, last_sign) = ui.live.pulse.with(|pulse| (pulse.open, pulse.last_sign));
        html.raw("<p class=\"big\">");
        if let Some(what) = &what {
            html.text(what).raw("</p><p>").text(&text::count(open, "order"));
            html.raw(" on other stations. <a class=\"button\" href=\"/\">Show all</a></p>");
        } else {
            html.raw("All caught up</p>");
        }
        html.raw("<p class=\"clock\">").text(&ui.time_of_day(now, false));
        html.raw("</p><p class=\"sub\">checked ");
        html.text(&(now.since(last_sign).max(0) / 1000).to_string()).raw(" s ago</p>").done()
    })
}

/// The bar that takes the last bump back. It goes by itself, so the list of
/// closed orders and the ticket's own Recall do the same without a hurry.
fn undo(ui: Ui) -> impl IntoView {
    let pulse = ui.live.pulse;
    let class = live(move || {
        let there = pulse.with(|pulse| pulse.undo.is_some());
        if there { "undo" } else { "undo is-away" }.to_owned()
    });
    let words = live(move || {
        pulse.with(|pulse| match &pulse.undo {
            Some(undo) => {
                let mut html = Html::default();
                html.raw("Order ").number(undo.number.0);
                match &undo.refused {
                    Some(why) => html.raw(": not saved – ").text(why),
                    None => html.raw(" is ").raw(text::status(undo.from)),
                };
                html.done()
            }
            None => String::new(),
        })
    });
    let left = live(move || {
        let now = ui.live.local.get();
        pulse.with(|pulse| match &pulse.undo {
            Some(undo) => format!("{} s", (undo.until.since(now).max(0) + 999) / 1000),
            None => String::new(),
        })
    });
    let button = Html::default().icon("back").raw("Undo <kbd>Z</kbd>").done();
    view! {
        <section class=class aria-label="Undo">
            {span("words", words)}
            {span("left", left)}
            <button type="button" class="button" data-act="undo" aria-keyshortcuts="z"
                inner_html=button></button>
        </section>
    }
}
