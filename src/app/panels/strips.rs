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
    spots.content("paused", move || {
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
        html.done()
    });
    // Which orders: read out when it begins, and not again with every second.
    spots.content("unseen", move || {
        let mut html = Html::default();
        ui.live.aside.track();
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
        html.done()
    });
}
