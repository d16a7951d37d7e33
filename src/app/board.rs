//! The board: every open order, in the lane where it stands.

use leptos::prelude::*;

use super::{
    Ui, connection, dialog,
    extras::{self, Extras},
    focus,
    grid::{self, Grid},
    header, hold,
    html::{Html, Spots, effect},
    keys::Keys,
    lane, panels, pile, press, text,
    words::{self, Word, Words, say, spoken},
};
use crate::{
    domain::{ItemStatus, Lane, Station, screen::View},
    live::{Action, LiveBoard, freshness::State},
    wire::{BoardPage, Offset},
};

const BUSY: &str = "aria-busy";

/// The whole page, as `page` has it.
#[must_use]
pub fn render(page: BoardPage, words: Words) -> String {
    words::speak(words);
    let (settings, stations) = (page.settings.clone(), page.stations.clone());
    let filter = page.filter.clone();
    let query = filter.to_query();
    let mut html = Html::default();
    html.raw("<div id=\"board\" data-query=\"").text(&query).raw("\" class=\"");
    let ui = ui(page, query, words);
    let mut spots = spots(ui);
    extras::spots(ui, &mut spots);
    let spots = &mut spots;
    html.class(spots, "board").raw("\">");
    header::header(&mut html, spots, &settings);
    header::filters(&mut html, spots, ui, &stations, &filter, &settings);
    panels::above(ui, &mut html, spots);
    html.raw("<main class=\"stage\"><div class=\"lanes\" id=\"lanes\">");
    for it in Lane::ALL {
        lane::lane(&mut html, spots, ui, it);
    }
    html.raw("</div>");
    grid::grid(&mut html, spots, ui);
    html.raw("<section class=\"nothing\" id=\"nothing\" aria-label=\"")
        .raw(say(Word::NoOrders))
        .raw("\">");
    html.content(spots, "nothing").raw("</section></main>");
    panels::beside(&mut html, spots);
    html.raw("<section id=\"undo\" class=\"");
    html.class(spots, "undo").raw("\" aria-label=\"").raw(say(Word::Undo));
    html.raw("\"><span class=\"words\" id=\"undo-words\">");
    html.content(spots, "undo-words").raw("</span><span class=\"left\" id=\"undo-left\">");
    html.content(spots, "undo-left").raw(
        "</span><button type=\"button\" class=\"button\" data-act=\"undo\" aria-keyshortcuts=\"z\">",
    );
    html.icon("back").raw(say(Word::Undo)).raw(
        " <kbd>Z</kbd></button></section>\
         <dialog id=\"dialog\" aria-labelledby=\"dialog-title\" class=\"",
    );
    html.class(spots, dialog::ID).raw(
        "\"></dialog>\
         <p class=\"unseen\" role=\"status\" id=\"polite\"></p>\
         <p class=\"unseen\" role=\"alert\" id=\"alert\"></p></div>",
    );
    html.done()
}

/// Takes over what [`render`] made of the same `page`.
pub fn take_over(mut page: BoardPage, load: extras::Load) {
    let words = Words::of_page(page.settings.language, std::mem::take(&mut page.words));
    words::speak(words);
    let board = document().get_element_by_id("board");
    let query = board.and_then(|board| board.get_attribute("data-query")).unwrap_or_default();
    let ui = ui(page, query, words);
    // First, because it asks where things are: what others write comes after.
    pile::follow(ui);
    spots(ui).follow();
    effect(move || busy(ui));
    press::follow(ui);
    hold::follow(ui);
    grid::follow(ui);
    focus::follow(ui);
    ui.live.start();
    extras::fetch(ui, load);
}

fn ui(page: BoardPage, query: String, words: Words) -> Ui {
    let settings = &page.settings;
    let offset = Offset::of(settings);
    let hold_to_bump = settings.screen.as_ref().is_some_and(|screen| screen.hold_to_bump);
    let panels = panels::Panels::new(&page);
    let (grid, keymap) = (Grid::new(settings), Keys::new(settings));
    let ui = Ui {
        live: LiveBoard::new(page, query),
        words,
        offset,
        hold_to_bump,
        dialog: RwSignal::new(dialog::Dialog::None),
        extras: Extras::new(),
        keys: RwSignal::new(true),
        panels,
        pressed: StoredValue::new(None),
        grid,
        keymap,
    };
    if grid.view.get_untracked() == View::Grid {
        // What the page says is of the tickets that are laid out.
        let _ = grid::rows(ui, false, 0);
    }
    ui
}

fn spots(ui: Ui) -> Spots {
    let mut spots = Spots::default();
    spots.class("board", move || {
        let mut class = connection::with_look("board ", ui);
        if is_empty(ui) {
            class.push_str(" is-empty");
        }
        if ui.grid.is_on() {
            class.push_str(" is-grid");
        }
        // Said here, for a style that asks what an element holds is worked out
        // for the whole board whenever anything in it changes.
        if connection::has_bar(ui) {
            class.push_str(" has-bar");
        }
        ui.panels.track();
        if ui.panels.open() != panels::Panel::None {
            class.push_str(" has-panel");
        }
        class
    });
    header::spots(ui, &mut spots);
    connection::spots(ui, &mut spots);
    lane::spots(ui, &mut spots);
    grid::spots(ui, &mut spots);
    spots.content("nothing", move || nothing(ui));
    undo(ui, &mut spots);
    // Some of it comes over the network: it is text, not markup.
    spots.content("polite", move || Html::default().text(&ui.live.polite.get()).done());
    spots.content("alert", move || Html::default().text(&ui.live.alert.get()).done());
    spots
}

/// Tells whoever cannot see it that the board is catching up.
fn busy(ui: Ui) {
    let replaying = ui.live.pulse.with(|pulse| matches!(pulse.state, State::CatchingUp { .. }));
    let stage = document().query_selector(".stage").ok().flatten();
    if let Some(stage) = stage.filter(|stage| stage.has_attribute(BUSY) != replaying) {
        let _ = if replaying {
            stage.set_attribute(BUSY, "true")
        } else {
            stage.remove_attribute(BUSY)
        };
    }
}

/// Whether there is no ticket to be seen, on whichever page.
fn is_empty(ui: Ui) -> bool {
    ui.live.empty.get() || (ui.grid.is_on() && ui.grid.none.get())
}

/// What stands in the place of the lanes when there is no ticket. An empty
/// board must prove that it is live.
fn nothing(ui: Ui) -> String {
    let mut html = Html::default();
    if !is_empty(ui) {
        return html.done();
    }
    let now = ui.live.now.get();
    let (open, silent_ms) = ui.live.pulse.with(|pulse| (pulse.open, pulse.silent_ms));
    html.raw("<p class=\"big\">");
    if ui.live.filtered() {
        ui.live.read(|board| match board.part().stations() {
            [] => html.raw(say(Word::NoMatch)),
            stations => {
                let names: Vec<&str> = stations.iter().map(Station::as_str).collect();
                html.text(&spoken().with(Word::NoItemsOf, &names.join(", ")))
            }
        });
        let elsewhere = spoken().with(Word::Elsewhere, &spoken().count(Word::Orders, open));
        html.raw("</p><p>").text(&elsewhere).raw(" <a class=\"button\" href=\"/\">");
        html.raw(say(Word::ShowAll)).raw("</a></p>");
    } else {
        html.raw(say(Word::AllCaughtUp)).raw("</p>");
    }
    html.raw("<p class=\"clock\">").text(&ui.time_of_day(now, false));
    html.raw("</p><p class=\"sub\">");
    html.text(&spoken().with(Word::CheckedAgo, &(silent_ms / 1000).to_string())).raw("</p>").done()
}

/// The bar that takes the last bump back. It goes by itself, so the list of
/// closed orders and the ticket's own Recall do the same without a hurry.
fn undo(ui: Ui, spots: &mut Spots) {
    let pulse = ui.live.pulse;
    spots.class("undo", move || {
        let there = pulse.with(|pulse| pulse.undo.is_some());
        if there { "undo" } else { "undo is-away" }.to_owned()
    });
    spots.content("undo-words", move || {
        pulse.with(|pulse| {
            let mut html = Html::default();
            if let Some(undo) = &pulse.undo {
                let number = undo.number.to_string();
                let made_here =
                    matches!(undo.did, Action::Stations { status: ItemStatus::Done, .. });
                if undo.refused.is_none() && made_here {
                    return html.text(&ui.words.with(Word::DoneWords, &number)).done();
                }
                match &undo.refused {
                    Some(failure) => {
                        html.text(&spoken().with(Word::OrderColon, &number)).text(&failure.words)
                    }
                    None => html
                        .text(&spoken().with(Word::OrderIs, &number))
                        .raw(" ")
                        .raw(text::status(undo.from)),
                };
            }
            html.done()
        })
    });
    spots.content("undo-left", move || {
        let now = ui.live.local.get();
        pulse.with(|pulse| {
            let mut html = Html::default();
            if let Some(undo) = &pulse.undo {
                let left = (undo.until.since(now).max(0) + 999) / 1000;
                html.text(&left.to_string()).raw(" s");
            }
            html.done()
        })
    });
}
