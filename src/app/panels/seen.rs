//! Tells the server which orders are on this screen, while somebody can see it: as
//! a ticket, or counted by the line "+7 more (oldest 6:20)", which is never hidden.
//! An order on the second page of a full screen is not one that nobody has. At most
//! once a second, and each order once.

use leptos::prelude::*;

use super::all_day::drawn;
use crate::{
    app::{Ui, grid, html::effect, text},
    domain::{
        Lane, OrderId, Station, UnixMillis,
        screen::{Role, View},
    },
    live::{
        api::{self, Failure},
        freshness::State,
    },
    wire::{BoardPage, lean::push_text},
};

/// The stations that a screen stands in for when it shows an order: its own, or
/// all where it shows all. Where orders are put together or handed over, nobody
/// makes them: such a screen stands in for none, and says so by its role.
pub(super) fn stands_in_for(page: &BoardPage) -> Vec<Station> {
    let role = page.settings.screen.as_ref().map(|screen| screen.role);
    match role {
        Some(role @ (Role::Expo | Role::Dispatch)) => {
            Station::parse(role.as_str()).into_iter().collect()
        }
        _ => page.filter.stations.clone(),
    }
}

/// Tells it from now on.
pub(super) fn follow(ui: Ui) {
    effect(move || {
        ui.live.local.track();
        tell(ui);
        times(ui);
    });
}

fn tell(ui: Ui) {
    // The server is told when it is there, and of what somebody can see.
    let state = ui.live.pulse.with_untracked(|pulse| pulse.state);
    let there = matches!(state, State::Live | State::LiveAgain { .. } | State::CatchingUp { .. });
    if !there || document().hidden() {
        return;
    }
    let drawn = drawn("[data-order]").into_iter();
    let drawn = drawn.filter_map(|it| it.get_attribute("data-order")?.parse().ok());
    let orders = drawn.chain(counted(ui)).filter_map(|id: OrderId| {
        let since = |row: ArcRwSignal<crate::live::Ticket>| {
            row.with_untracked(|ticket| ticket.order.whole_since())
        };
        Some((id, ui.live.row(id).map(since)?))
    });
    let (orders, mut next): (Vec<_>, _) = (orders.collect(), Vec::new());
    ui.live.aside.with(&mut |things| {
        things.seen.drawn(&orders);
        next = things.seen.to_tell();
    });
    if next.is_empty() {
        return;
    }
    let mut body = String::from("{\"screen\":");
    let screen = ui.panels.screen();
    push_text(&mut body, &if screen.is_empty() { ui.live.actor() } else { screen });
    body.push_str(",\"stations\":[");
    ui.panels.with(&mut |state| {
        for (place, station) in state.shows.iter().enumerate() {
            body.push_str(if place == 0 { "" } else { "," });
            push_text(&mut body, station.as_str());
        }
    });
    body.push_str("],\"orders\":[");
    for (place, id) in next.iter().enumerate() {
        body.push_str(if place == 0 { "\"" } else { ",\"" });
        body.push_str(&id.to_string());
        body.push('"');
    }
    body.push_str("]}");
    let then = move |answer: Result<String, Failure>| {
        ui.live.aside.with(&mut |things| things.seen.answered(answer.is_ok()));
    };
    api::ask("POST", "/api/seen".to_owned(), Some(body), Box::new(then));
}

/// The tickets that the line below the others counts.
fn counted(ui: Ui) -> Vec<OrderId> {
    if ui.grid.view.get_untracked() == View::Grid {
        return grid::hidden(ui);
    }
    let mut ids = Vec::new();
    for lane in Lane::ALL {
        let drawn = ui.live.drawn(lane);
        ui.live.read(|board| ids.extend(board.ranks(lane).iter().skip(drawn).map(|rank| rank.3)));
    }
    ids
}

/// For how long each order of the alarm has been on no screen. Beside what is
/// read out, so that it is not read out anew.
fn times(ui: Ui) {
    let now = ui.live.now.get_untracked();
    for place in drawn("#unseen [data-since]") {
        let since = place.get_attribute("data-since").and_then(|it| it.parse().ok());
        if let Some(since) = since.map(UnixMillis) {
            place.set_text_content(Some(&text::span(now.since(since))));
        }
    }
}
