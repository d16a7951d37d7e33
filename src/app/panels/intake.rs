//! Whether new orders are taken: a chip in the header that counts down, and the
//! switch. What is not open ends by itself, always.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{Panel, toggle};
use crate::{
    app::{
        Ui,
        html::{Html, Spots, effect},
        text,
        words::Word,
    },
    domain::{Intake, IntakeState},
    live::api::{self, Failure},
    wire::lean::{Lean, push_text},
};

/// The field's id.
const REASON: &str = "intake-reason";
/// How many minutes a busy kitchen promises on top, and for how long.
const BUSY: [(u32, u32); 6] = [(10, 30), (20, 30), (30, 30), (10, 60), (20, 60), (30, 60)];
/// For how many minutes a pause lasts.
const PAUSES: [u32; 3] = [15, 30, 60];

/// The switch while somebody moves it.
#[derive(Clone, Debug, Default)]
pub struct Switching {
    /// Whether the server has not answered yet.
    pub pending: bool,
    /// Why it did not do what was asked.
    pub refused: Option<String>,
}

/// How the switch stands now; follows it and the clock.
pub(super) fn now(ui: Ui) -> Intake {
    let at = ui.live.now.get();
    let mut intake = Intake::default();
    ui.live.aside.track();
    ui.live.aside.with(&mut |things| intake = things.intake.at(at));
    intake
}

/// The chip.
pub(super) fn spots(ui: Ui, spots: &mut Spots) {
    spots.class("intake", move || {
        let open = now(ui).state == IntakeState::Open;
        if open { "switch" } else { "switch is-some" }.to_owned()
    });
    spots.content("intake", move || {
        let intake = now(ui);
        let mut html = Html::default();
        if intake.state == IntakeState::Open {
            html.raw("<span>").text(ui.say(Word::Intake)).raw("</span> <b>");
            html.text(ui.say(Word::IntakeOpen)).raw("</b>");
        } else {
            html.raw("<b>").text(&name(ui, &intake)).raw("</b> <span>");
            let left = intake.until.map_or(0, |until| until.since(ui.live.now.get()));
            html.text(&text::span(left)).raw("</span>");
        }
        html.done()
    });
}

/// Has it read out when somebody else moves the switch.
pub(super) fn follow(ui: Ui) {
    let mut said = None;
    effect(move || {
        let intake = now(ui);
        let now = (intake.state, intake.extra_min);
        if said.replace(now).is_some_and(|before| before != now) {
            ui.live.say([ui.say(Word::Intake), ": ", &name(ui, &intake)].concat());
        }
    });
}

fn name(ui: Ui, intake: &Intake) -> String {
    match intake.state {
        IntakeState::Open => ui.say(Word::IntakeOpen).to_owned(),
        IntakeState::Busy => ui.words.with(Word::IntakeBusy, &intake.extra_min.to_string()),
        IntakeState::Paused => ui.say(Word::IntakePaused).to_owned(),
    }
}

/// Why, in the panel's head.
pub(super) fn field(ui: Ui, html: &mut Html) {
    html.raw("<label class=\"field\">").text(ui.say(Word::IntakeReason));
    html.raw("<input id=\"intake-reason\" maxlength=\"120\" autocomplete=\"off\"></label>");
}

/// The choices.
pub(super) fn body(ui: Ui) -> String {
    let (intake, mut switching) = (now(ui), Switching::default());
    ui.panels.with(&mut |state| switching.clone_from(&state.switching));
    let mut html = Html::default();
    html.raw("<p role=\"status\">");
    if switching.pending {
        html.text(ui.say(Word::SavingSwitch));
    } else {
        html.text(&name(ui, &intake));
        if let Some(until) = intake.until {
            let until = ui.time_of_day(until, false);
            html.raw(" ").text(&ui.words.with(Word::Until, &until));
        }
        if let Some(reason) = &intake.reason {
            html.raw(" – <bdi>").text(reason).raw("</bdi>");
        }
    }
    html.raw("</p>");
    if let Some(why) = &switching.refused {
        html.raw("<p class=\"refused\" role=\"alert\">").text(why).raw("</p>");
    }
    let choice = |html: &mut Html, act: &str, words: &str| {
        html.raw("<button type=\"button\" class=\"button\" data-act=\"intake-").text(act);
        html.raw(if switching.pending { "\" aria-disabled=\"true\">" } else { "\">" });
        html.text(words).raw("</button>");
    };
    html.raw("<div class=\"choices is-one\">");
    choice(&mut html, "open", ui.say(Word::IntakeTake));
    html.raw("</div><h3>").text(ui.say(Word::IntakeLonger)).raw("</h3><div class=\"choices\">");
    for (extra, minutes) in BUSY {
        let words = ui.words.with(Word::IntakeBusyFor, &extra.to_string());
        let words = words.replacen("[]", &minutes.to_string(), 1);
        choice(
            &mut html,
            &["busy-", &extra.to_string(), "-", &minutes.to_string()].concat(),
            &words,
        );
    }
    html.raw("</div><h3>").text(ui.say(Word::IntakeNone)).raw("</h3><div class=\"choices\">");
    for minutes in PAUSES {
        let words = ui.words.with(Word::IntakePauseFor, &minutes.to_string());
        choice(&mut html, &["pause-", &minutes.to_string()].concat(), &words);
    }
    html.raw("</div>");
    super::sources::body(ui, &mut html);
    html.done()
}

/// Moves the switch.
pub(super) fn act(ui: Ui, act: &str) -> bool {
    let Some(choice) = act.strip_prefix("intake-") else { return false };
    let mut parts = choice.split('-');
    let state = parts.next();
    let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok()).unwrap_or_default();
    let mut body = match state {
        Some("busy") => {
            let (extra, minutes) = (number(), number());
            format!("{{\"state\":\"busy\",\"extra_min\":{extra},\"minutes\":{minutes}")
        }
        Some("pause") => format!("{{\"state\":\"paused\",\"minutes\":{}", number()),
        _ => "{\"state\":\"open\"".to_owned(),
    };
    if pending(ui) {
        return true;
    }
    let field = document().get_element_by_id(REASON);
    let field = field.and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
    let reason = field.map_or_else(String::new, |field| field.value());
    if !reason.trim().is_empty() {
        body.push_str(",\"reason\":");
        push_text(&mut body, reason.trim());
    }
    body.push('}');
    ui.panels.change(&mut |state| state.switching = Switching { pending: true, refused: None });
    let then = move |answer: Result<String, Failure>| {
        let refused = answer.as_ref().err().map(|failure| failure.words.clone());
        if let Some(intake) = answer.ok().and_then(|answer| Intake::parse(&answer)) {
            ui.live.aside.set_intake(&intake);
        }
        // Who pressed Resume on the strip has no panel yet that says why not.
        let is_there = ui.panels.open() == Panel::Intake;
        if is_there != refused.is_some() {
            toggle(ui, Panel::Intake);
        }
        ui.panels.change(&mut |state| {
            state.switching = Switching { pending: false, refused: refused.clone() };
        });
    };
    api::ask("PUT", "/api/intake".to_owned(), Some(body), Box::new(then));
    true
}

/// Whether the server has yet to answer.
pub(super) fn pending(ui: Ui) -> bool {
    let mut pending = false;
    ui.panels.with(&mut |state| pending = state.switching.pending);
    pending
}
