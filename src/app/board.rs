//! The board: every open order, in the lane where it stands.

use leptos::{ev, prelude::*};

use super::{Ui, cancel, connection, focus, header, keys, lane::lane, recall, text, undo::undo};
use crate::{
    domain::{Lane, Station},
    live::{LiveBoard, freshness::State},
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
        keys: RwSignal::new(true),
        pressed: StoredValue::new(None),
    };
    Effect::new(move |_| {
        ui.keys.set(keys::remembered());
        let _ = window_event_listener(ev::keydown, move |event| keys::pressed(ui, &event));
    });
    let (came, went) = focus::keeper(ui);
    let class = move || {
        let empty = if live.tickets() == 0 { " is-empty" } else { "" };
        format!("board {}{empty}", connection::look(live.state.get()))
    };
    let busy = move || matches!(live.state.get(), State::CatchingUp { .. }).then_some("true");
    view! {
        <div class=class>
            {header::header(ui, settings.location, settings.demo)}
            {header::filters(ui, stations, &filter)}
            <main class="stage">
                <div class="lanes" aria-busy=busy on:focusin=came on:focusout=went>
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
