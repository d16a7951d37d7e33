//! Notices that somebody has changed the screen's profile: what hangs on the wall is
//! loaded by nobody.

use leptos::prelude::*;

use crate::{
    app::Ui,
    domain::Version,
    live::{
        api::{self, Failure},
        freshness::State,
        later,
    },
    wire::lean::{Json, Lean as _},
};

/// How often it is looked.
const LOOK_EVERY_MS: u32 = 60_000;

/// How soon again, where that made no sense.
const SOON_MS: u32 = 5_000;

/// Looks from now on.
pub(super) fn follow(ui: Ui) {
    let mut profile = None;
    ui.panels.with(&mut |state| profile = state.profile);
    if let Some(shown) = profile {
        look_later(ui, shown);
    }
}

fn look_later(ui: Ui, shown: Version) {
    later(LOOK_EVERY_MS, move || look_when_live(ui, shown));
}

fn look_when_live(ui: Ui, shown: Version) {
    let state = ui.live.pulse.with_untracked(|pulse| pulse.state);
    if matches!(state, State::Live | State::LiveAgain { .. }) && !document().hidden() {
        look(ui, shown);
        look_later(ui, shown);
    } else {
        later(SOON_MS, move || look_when_live(ui, shown));
    }
}

fn look(ui: Ui, shown: Version) {
    let then = move |answer: Result<String, Failure>| {
        let profile = answer.ok().and_then(|text| Json::parse(&text));
        let version = profile.and_then(|mut profile| Version::read(profile.take("version")?));
        if let Some(version) = version.filter(|version| *version != shown) {
            ui.live.load_anew(["profile ", &version.0.to_string()].concat());
        }
    };
    let url = ["/api/screens/", &ui.panels.screen()].concat();
    api::ask("GET", url, None, Box::new(then));
}
