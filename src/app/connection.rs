//! How far the board can be trusted, in words: a chip that is always there,
//! and a bar over the filters when the chip would be overlooked.

use leptos::prelude::*;

use super::{
    Ui,
    html::{live, span},
    text,
};
use crate::live::freshness::State;

/// The chip in the header. It keeps its place and width in every state.
pub fn chip(ui: Ui) -> impl IntoView {
    let class = live(move || {
        let mut class = String::from("chip ");
        class.push_str(look(ui.live.pulse.with(|pulse| pulse.state)));
        class
    });
    let words = live(move || {
        let now = ui.live.now.get();
        ui.live.pulse.with(|pulse| match pulse.state {
            State::Connecting => "Connecting…".to_owned(),
            State::Live | State::Interrupted | State::LiveAgain { .. } => "Live".to_owned(),
            State::CatchingUp { changes } => {
                format!("Catching up – {}", text::count(u64::from(changes), "change"))
            }
            State::Reconnecting => {
                let silent = now.since(pulse.last_sign).max(0) / 1000;
                format!("Reconnecting… last update {silent} s ago")
            }
            State::NotLive => "Not live".to_owned(),
            State::Offline { .. } => "Offline".to_owned(),
        })
    });
    let clock = live(move || ui.time_of_day(ui.live.now.get(), true));
    view! {
        <div class=class>
            <span class="dot"></span>
            {span("chip-words", words)}
            {span("clock", clock)}
        </div>
    }
}

/// The class of a state.
#[must_use]
pub fn look(state: State) -> &'static str {
    match state {
        State::Connecting => "is-connecting",
        State::Live | State::LiveAgain { .. } => "is-live",
        State::Interrupted => "is-interrupted",
        State::CatchingUp { .. } => "is-catching-up",
        State::Reconnecting => "is-reconnecting",
        State::NotLive => "is-not-live",
        State::Offline { .. } => "is-offline",
    }
}

/// The bar. It lies over the filters, which lead nowhere without a server, so
/// that no ticket moves under a finger.
pub fn bar(ui: Ui) -> impl IntoView {
    let words = move || {
        ui.live.pulse.with(|pulse| match pulse.state {
            State::NotLive => {
                format!("Not live – last update {}", ui.time_of_day(pulse.last_sign, true))
            }
            State::Offline { device } => format!(
                "Offline since {}. Orders shown may be out of date.{}",
                ui.time_of_day(pulse.last_sign, false),
                if device { " No network on this device." } else { "" }
            ),
            State::LiveAgain { new: 0, cancelled: 0 } => {
                "Live again. Nothing new while offline".to_owned()
            }
            State::LiveAgain { new, cancelled: 0 } => {
                format!("Live again. {new} new while offline")
            }
            State::LiveAgain { new, cancelled } => {
                format!("Live again. {new} new, {cancelled} cancelled while offline")
            }
            _ => pulse.notice.clone().map_or_else(String::new, |(text, _)| text),
        })
    };
    let class = live(move || {
        let mut class = String::from(if words().is_empty() { "bar is-away " } else { "bar " });
        class.push_str(look(ui.live.pulse.with(|pulse| pulse.state)));
        class
    });
    view! {
        <section class=class aria-label="Connection">
            {span("", live(words))}
            <button type="button" class="button" data-act="reconnect">"Retry"</button>
        </section>
    }
}
