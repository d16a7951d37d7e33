//! How far the board can be trusted, in words: a chip that is always there,
//! and a bar over the filters when the chip would be overlooked.

use leptos::prelude::*;

use super::{Ui, text};
use crate::live::freshness::State;

/// The chip in the header. It keeps its place and width in every state.
pub fn chip(ui: Ui) -> impl IntoView {
    let live = ui.live;
    let words = move || match live.state.get() {
        State::Connecting => "Connecting…".to_owned(),
        State::Live | State::Interrupted | State::LiveAgain { .. } => "Live".to_owned(),
        State::CatchingUp { changes } => {
            format!("Catching up – {}", text::count(u64::from(changes), "change"))
        }
        State::Reconnecting => {
            let silent = live.now.get().since(live.last_sign.get()).max(0) / 1000;
            format!("Reconnecting… last update {silent} s ago")
        }
        State::NotLive => "Not live".to_owned(),
        State::Offline { .. } => "Offline".to_owned(),
    };
    view! {
        <div class=move || format!("chip {}", look(live.state.get()))>
            <span class="dot"></span>
            <span class="chip-words">{words}</span>
            <span class="clock">{move || ui.time_of_day(live.now.get(), true)}</span>
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
    let live = ui.live;
    let words = Memo::new(move |_| match live.state.get() {
        State::NotLive => {
            Some(format!("Not live – last update {}", ui.time_of_day(live.last_sign.get(), true)))
        }
        State::Offline { device } => Some(format!(
            "Offline since {}. Orders shown may be out of date.{}",
            ui.time_of_day(live.last_sign.get(), false),
            if device { " No network on this device." } else { "" }
        )),
        State::LiveAgain { new: 0, cancelled: 0 } => {
            Some("Live again. Nothing new while offline".to_owned())
        }
        State::LiveAgain { new, cancelled: 0 } => {
            Some(format!("Live again. {new} new while offline"))
        }
        State::LiveAgain { new, cancelled } => {
            Some(format!("Live again. {new} new, {cancelled} cancelled while offline"))
        }
        _ => live.notice.with(|notice| notice.as_ref().map(|(text, _)| text.clone())),
    });
    move || {
        words.get().map(|words| {
            let state = live.state.get();
            view! {
                <section class=format!("bar {}", look(state)) aria-label="Connection">
                    <span>{words}</span>
                    {matches!(state, State::Offline { .. } | State::NotLive)
                        .then(|| view! {
                            <button type="button" class="button" on:click=move |_| live.reconnect()>
                                "Retry"
                            </button>
                        })}
                </section>
            }
        })
    }
}
