//! Strips above the board, for what concerns the whole kitchen.

use leptos::prelude::*;

use super::intake;
use crate::{
    app::{
        Ui,
        html::{Html, Spots},
        text,
        words::Word,
    },
    domain::{IntakeState, Station},
    live::aside::Things,
};

/// So many orders that are on no screen are named; the others are counted.
const NAMED: usize = 3;

/// What the strips say.
pub(super) fn spots(ui: Ui, spots: &mut Spots) {
    let mut paused = Steady::default();
    spots.content("paused", move || {
        if let Some(said) = paused.stays(ui) {
            return said;
        }
        let intake = intake::now(ui);
        let mut html = Html::default();
        if let Some(until) = intake.until.filter(|_| intake.state == IntakeState::Paused) {
            let until = ui.time_of_day(until, false);
            html.raw("<div class=\"strip\"><span class=\"says\">");
            html.text(&ui.words.with(Word::IntakePausedUntil, &until));
            if let Some(reason) = &intake.reason {
                html.raw(" – <bdi>").text(reason).raw("</bdi>");
            }
            html.raw("</span><button type=\"button\" class=\"button\" data-act=\"intake-open\"");
            ui.panels.track();
            let pending = intake::pending(ui);
            html.raw(if pending { " aria-disabled=\"true\">" } else { ">" });
            html.text(ui.say(if pending { Word::SavingSwitch } else { Word::Resume }));
            html.raw("</button></div>");
        }
        paused.says(html.done())
    });
    // Which orders: read out when it begins, and not again with every second.
    let mut alarm = Steady::default();
    spots.content("unseen", move || {
        ui.live.aside.track();
        if let Some(said) = alarm.stays(ui) {
            return said;
        }
        let mut html = Html::default();
        ui.live.aside.with(&mut |Things { unseen, .. }| {
            if unseen.is_empty() {
                return;
            }
            html.raw("<div class=\"strip is-alarm\">").icon("warning").raw("<span class=\"says\">");
            for (place, order) in unseen.iter().take(NAMED).enumerate() {
                let names: Vec<&str> = order.stations.iter().map(Station::as_str).collect();
                let words = ui.words.with(Word::UnseenOn, &order.number.to_string());
                html.raw(if place == 0 { "" } else { " · " });
                html.text(&words.replacen("[]", &names.join(", "), 1));
                html.raw(" <span class=\"for\" data-since=\"").text(&order.since.0.to_string());
                html.raw("\" aria-hidden=\"true\">");
                let now = ui.live.now.get_untracked();
                html.text(&text::span(now.since(order.since))).raw("</span>");
            }
            if unseen.len() > NAMED {
                let more = unseen.len() - NAMED;
                html.raw(" · ").text(&ui.words.with(Word::AndMore, &more.to_string()));
            }
            html.raw("</span></div>");
        });
        alarm.says(html.done())
    });
}

/// What a strip says. It moves the tickets when it comes and when it goes, so it
/// stays as it is while somebody is on them.
#[derive(Default)]
struct Steady(String);

impl Steady {
    /// What it goes on saying; nothing when it may change.
    fn stays(&self, ui: Ui) -> Option<String> {
        if !ui.grid.is_held(ui.live) {
            return None;
        }
        // Asked again every second until nobody is.
        ui.live.local.track();
        Some(self.0.clone())
    }

    fn says(&mut self, says: String) -> String {
        self.0.clone_from(&says);
        says
    }
}
