//! An order by its number or its customer's name: at once among those that are
//! open, and by the server among those that were closed this business day.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::{Panel, closed, show};
use crate::{
    app::{Ui, html::Html, words::Word},
    domain::{FoodOrder, OrderId},
    live::{
        api::{self, Failure},
        later,
    },
};

/// The field's id.
pub(super) const FIELD: &str = "search-field";
/// Begins what a press on an open order does; its id follows.
const SHOW: &str = "show-";
/// How many closed orders are listed at first, and at most.
const LISTED: [usize; 2] = [20, 1_000];
/// The server is asked when nobody has typed for this long.
const PAUSE_MS: u32 = 250;

/// What was found among the closed orders.
#[derive(Clone, Debug, Default)]
pub enum Found {
    /// Nothing yet.
    #[default]
    Nothing,
    /// It has not answered, or refused.
    Failed(String),
    /// These; whether there are others, and why bringing one back was refused.
    Closed(Vec<FoodOrder>, bool, Option<String>),
}

/// The field, in the panel's head.
pub(super) fn field(ui: Ui, html: &mut Html) {
    html.raw("<label class=\"field\">").text(ui.say(Word::NumberOrName));
    html.raw(
        "<input id=\"search-field\" type=\"search\" maxlength=\"120\" autocomplete=\"off\" \
         spellcheck=\"false\" enterkeyhint=\"search\"></label>",
    );
}

fn lower(text: &str) -> String {
    // The browser knows every script's letters.
    String::from(js_sys::JsString::from(text).to_lower_case())
}

/// The open orders that are meant, by number.
fn open(ui: Ui) -> Vec<(OrderId, u32, String)> {
    let mut wanted = String::new();
    ui.panels.with(&mut |state| wanted = lower(&state.wanted));
    let mut found: Vec<(OrderId, u32, String)> = Vec::new();
    ui.live.each(&mut |ticket| {
        if ticket.order.is_called(&wanted, lower) {
            let order = &ticket.order;
            let place = found.partition_point(|(_, number, _)| *number < order.number.0);
            found.insert(place, (order.id, order.number.0, order.customer.name.clone()));
        }
    });
    found
}

/// What has been found.
pub(super) fn body(ui: Ui) -> String {
    let mut html = Html::default();
    if wanted(ui).is_empty() {
        return html.done();
    }
    let open = open(ui);
    if !open.is_empty() {
        html.raw("<h3>").text(ui.say(Word::OpenOrders)).raw("</h3><ul class=\"totals\">");
        for (id, number, name) in &open {
            html.raw("<li><button type=\"button\" class=\"total\" data-act=\"show-");
            html.text(&id.to_string()).raw("\"><b>").number(*number).raw("</b> <bdi>").text(name);
            html.raw("</bdi> <span class=\"sub\">").text(ui.say(Word::ShowTicket));
            html.raw("</span></button></li>");
        }
        html.raw("</ul>");
    }
    html.raw("<div role=\"status\">");
    ui.panels.with(&mut |state| match &state.found {
        Found::Nothing => {
            html.raw("<p>").text(ui.say(Word::Searching)).raw("</p>");
        }
        Found::Failed(why) => {
            html.raw("<p>").text(&ui.words.with(Word::SearchFailed, why)).raw("</p>");
        }
        Found::Closed(orders, ..) if orders.is_empty() && open.is_empty() => {
            html.raw("<p>").text(ui.say(Word::NothingFound)).raw("</p>");
        }
        Found::Closed(orders, more, refused) => {
            if !orders.is_empty() {
                html.raw("<h3>").text(ui.say(Word::ClosedToday)).raw("</h3>");
            }
            list(ui, orders, refused.as_deref(), &mut html);
            if *more {
                closed::more(ui, orders.len(), LISTED[1], "found-more", &mut html);
            }
        }
    });
    html.raw("</div>").done()
}

/// Closed orders: when, which, whose, who closed them; and a way back.
fn list(ui: Ui, orders: &[FoodOrder], refused: Option<&str>, html: &mut Html) {
    if let Some(why) = refused {
        html.raw("<p class=\"refused\" role=\"alert\">").text(why).raw("</p>");
    }
    html.raw("<ul class=\"closed\">");
    for (place, order) in (0..).zip(orders) {
        html.raw("<li>");
        closed::row(ui, order, html);
        if closed::can_come_back(order) {
            html.raw("<button type=\"button\" class=\"button\" data-act=\"found-");
            html.number(place).raw("\">").icon("back").text(ui.say(Word::BringBack));
            html.raw("<span class=\"unseen\"> ").number(order.number.0).raw("</span></button>");
        }
        html.raw("</li>");
    }
    html.raw("</ul>");
}

/// What is searched for.
fn wanted(ui: Ui) -> String {
    let mut wanted = String::new();
    ui.panels.with(&mut |state| state.wanted.trim().clone_into(&mut wanted));
    wanted
}

/// Somebody typed.
pub(super) fn typed(ui: Ui, now: &str) {
    ui.panels.change(&mut |state| {
        now.clone_into(&mut state.wanted);
        state.found = Found::Nothing;
    });
    let asked = wanted(ui);
    later(PAUSE_MS, move || {
        if !asked.is_empty() && wanted(ui) == asked {
            ask(ui, asked, LISTED[0]);
        }
    });
}

fn ask(ui: Ui, asked: String, most: usize) {
    let called = String::from(js_sys::encode_uri_component(&asked));
    let most = most.to_string();
    let url = ["/api/orders?status=closed&since=day&limit=", &most, "&q=", &called].concat();
    let then = move |answer: Result<String, Failure>| {
        let orders = answer.map_err(|failure| failure.why).and_then(|text| api::orders(&text));
        let mut found = Some(match orders {
            Ok((orders, more)) => Found::Closed(orders, more, None),
            Err(why) => Found::Failed(why),
        });
        if wanted(ui) == asked {
            ui.panels.change(&mut |state| state.found = found.take().unwrap_or_default());
        }
    };
    api::ask("GET", url, None, Box::new(then));
}

/// Enter shows the first order that was found.
pub(super) fn enter(ui: Ui, event: &KeyboardEvent) {
    let typing = document().active_element().is_some_and(|it| it.id() == FIELD);
    if typing
        && ui.panels.open() == Panel::Search
        && let Some((id, ..)) = open(ui).first()
    {
        event.prevent_default();
        show(ui, *id);
    }
}

/// Shows an open order, or brings a closed one back.
pub(super) fn act(ui: Ui, act: &str) -> bool {
    if let Some(id) = act.strip_prefix(SHOW).and_then(|id| id.parse().ok()) {
        show(ui, id);
        return true;
    }
    if act == "found-more" {
        ask(ui, wanted(ui), LISTED[1]);
        return true;
    }
    let Some(place) = act.strip_prefix("found-").and_then(|it| it.parse::<usize>().ok()) else {
        return false;
    };
    let mut listed = None;
    ui.panels.with(&mut |state| {
        if let Found::Closed(orders, ..) = &state.found {
            listed = orders.get(place).map(|order| (order.id, order.version));
        }
    });
    if let Some((id, version)) = listed {
        let then = move |why: Option<String>| {
            if why.is_none() {
                return later(0, move || show(ui, id));
            }
            ui.panels.change(&mut |state| {
                if let Found::Closed(_, _, refused) = &mut state.found {
                    refused.clone_from(&why);
                }
            });
        };
        crate::app::dialog::recall(ui, id, version, Box::new(then));
    }
    true
}
