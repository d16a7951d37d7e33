//! The board: every open order, in the lane where it stands.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use super::{Ui, cancel, connection, focus, header, lane::lane, recall, text, undo::undo};
use crate::{
    domain::{Lane, Station},
    live::LiveBoard,
    wire::{BoardPage, StreamFilter},
};

/// The whole page, as `page` has it.
pub fn board(page: BoardPage) -> impl IntoView {
    let settings = page.settings.clone();
    let (stations, filter) = (page.stations.clone(), page.filter.clone());
    let live = LiveBoard::new(page);
    let ui = Ui {
        live,
        promises: settings.promises,
        utc_offset_s: settings.utc_offset_s,
        station: StoredValue::new(only_station(&filter)),
        cancelling: RwSignal::new(None),
        recalling: RwSignal::new(false),
    };
    Effect::new(move |_| {
        let _ = window_event_listener(ev::keydown, move |event| key(ui, &event));
    });
    let (came, went) = focus::keeper(ui);
    let class = move || {
        let empty = if live.tickets() == 0 { " is-empty" } else { "" };
        format!("board {}{empty}", connection::look(live.state.get()))
    };
    view! {
        <div class=class>
            {header::header(ui, settings.location, settings.demo)}
            {header::filters(ui, stations, &filter)}
            <main class="stage">
                <div class="lanes" on:focusin=came on:focusout=went>
                    {Lane::ALL.map(|it| lane(ui, it)).into_iter().collect_view()}
                </div>
                {nothing(ui, &filter)}
            </main>
            {undo(ui)}
            {cancel::dialog(ui)}
            {recall::dialog(ui)}
            <p class="unseen" role="status">{move || live.polite.get()}</p>
            <p class="unseen" role="alert">{move || live.alert.get()}</p>
        </div>
    }
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
fn nothing(ui: Ui, filter: &StreamFilter) -> impl IntoView + use<> {
    let live = ui.live;
    let filtered = *filter != StreamFilter::default();
    let what = match only_station(filter) {
        Some(station) => format!("No {station} items."),
        None => "No orders match this filter.".to_owned(),
    };
    let elsewhere = move || match live.open.get() {
        0 => "No orders on other stations.".to_owned(),
        open => format!("{} on other stations.", text::count(open, "order")),
    };
    let checked = move || {
        let ago = live.now.get().since(live.last_sign.get()).max(0) / 1000;
        format!("checked {ago} s ago")
    };
    view! {
        <section class="nothing" aria-label="No orders">
            {if filtered {
                view! {
                    <p class="big">{what}</p>
                    <p>{elsewhere} " " <a class="button" href="/">"Show all"</a></p>
                }.into_any()
            } else {
                view! { <p class="big">"All caught up"</p> }.into_any()
            }}
            <p class="clock big">{move || ui.time_of_day(live.now.get(), false)}</p>
            <p class="sub">{checked}</p>
        </section>
    }
}

/// The single keys: Z takes the last bump back, R opens the list of closed
/// orders. Not while somebody writes or a dialog is open.
fn key(ui: Ui, event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.repeat() {
        return;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let busy = target
        .and_then(|element| element.closest("dialog, input, textarea, select").ok().flatten())
        .is_some();
    if busy {
        return;
    }
    match event.key().as_str() {
        "z" | "Z" => ui.live.undo_last(),
        "r" | "R" => ui.recalling.set(true),
        _ => {}
    }
}
