//! How far the board can be trusted, in words: a chip that is always there,
//! and a bar over the filters when the chip would be overlooked.

use leptos::prelude::*;

use super::{
    Ui,
    html::Spots,
    words::{Word, say, spoken},
};
use crate::live::freshness::State;

/// The chip in the header, which keeps its place and width in every state, and
/// the bar. The bar lies over the filters, which lead nowhere without a server,
/// so that no ticket moves under a finger; not over the tools, which work without one.
pub fn spots(ui: Ui, spots: &mut Spots) {
    let pulse = ui.live.pulse;
    let now = ui.live.now;
    spots.class("chip", move || with_look("chip ", ui));
    spots.content("chip-words", move || {
        pulse.with(|pulse| match pulse.state {
            State::Connecting => say(Word::Connecting).to_owned(),
            State::Live | State::Interrupted | State::LiveAgain { .. } => {
                say(Word::Live).to_owned()
            }
            State::CatchingUp { changes } => {
                let words = spoken();
                words.with(Word::CatchingUp, &words.count(Word::Changes, u64::from(changes)))
            }
            State::Reconnecting => {
                spoken().with(Word::Reconnecting, &(pulse.silent_ms / 1000).to_string())
            }
            State::NotLive => say(Word::NotLive).to_owned(),
            State::Offline { .. } => say(Word::Offline).to_owned(),
        })
    });
    spots.content("clock", move || ui.time_of_day(now.get(), true));
    spots.class("bar", move || with_look(if has_bar(ui) { "bar " } else { "bar is-away " }, ui));
    spots.content("bar-words", move || bar(ui));
}

/// Whether the bar says anything.
#[must_use]
pub fn has_bar(ui: Ui) -> bool {
    !bar(ui).is_empty()
}

/// What the bar says; nothing when it is away.
fn bar(ui: Ui) -> String {
    ui.live.pulse.with(|pulse| match pulse.state {
        State::NotLive => spoken().with(Word::NotLiveSince, &ui.time_of_day(pulse.whole_at, true)),
        State::Offline { device } => {
            let (waiting, kept) = pulse.waiting;
            let told = (waiting > 0).then(|| spoken().count(Word::ActionsWaiting, waiting as u64));
            [
                &*spoken().with(Word::OfflineSince, &ui.time_of_day(pulse.whole_at, false)),
                say(if device { Word::NoNetwork } else { Word::NoServer }),
                told.as_deref().unwrap_or_default(),
                if kept { "" } else { say(Word::NotKept) },
            ]
            .join(" ")
        }
        State::LiveAgain { new, cancelled, gone } => {
            let told: Vec<String> =
                [(new, Word::ManyNew), (cancelled, Word::ManyCancelled), (gone, Word::ManyGone)]
                    .into_iter()
                    .filter(|(count, _)| *count > 0)
                    .map(|(count, what)| spoken().with(what, &count.to_string()))
                    .collect();
            let told =
                if told.is_empty() { say(Word::NothingNew).to_owned() } else { told.join(", ") };
            spoken().with(Word::WhileOffline, &told)
        }
        _ => pulse.notice.clone().map_or_else(String::new, |(text, _)| text),
    })
}

/// `class` and that of the state.
#[must_use]
pub fn with_look(class: &str, ui: Ui) -> String {
    let look = match ui.live.pulse.with(|pulse| pulse.state) {
        State::Connecting => "is-connecting",
        State::Live | State::LiveAgain { .. } => "is-live",
        State::Interrupted => "is-interrupted",
        State::CatchingUp { .. } => "is-catching-up",
        State::Reconnecting => "is-reconnecting",
        State::NotLive => "is-not-live",
        State::Offline { .. } => "is-offline",
    };
    let mut class = class.to_owned();
    class.push_str(look);
    class
}
