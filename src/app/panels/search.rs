//! An order by its number or its customer's name: at once among those that are
//! open, and by the server among those that were closed this business day.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::{Panel, closed, show};
use crate::{
    app::{Ui, html::Html, words::Word},
    domain::{FoodOrder, OrderId},
    live::{api, later},
};

/// The field's id.
pub(super) const FIELD: &str = "search-field";
/// Begins what a press on an open order does; its id follows.
const SHOW: &str = "show-";
/// The server is asked when nobody has typed for this long.
const PAUSE_MS: u32 = 250;

/// What was found among the closed orders.
#[derive(Clone, Debug, Default)]
pub enum Found {
    /// Nobody has asked.
    #[default]
    Nothing,
    /// The server has been asked.
    Loading,
    /// It has not answered, or refused.
    Failed(String),
    /// These; and why bringing one back was refused.
    Closed(Vec<FoodOrder>, Option<String>),
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

/// The open orders that are meant, the most urgent lane first.
fn open(ui: Ui) -> Vec<(OrderId, u32, String)> {
    let wanted = lower(&ui.panels.wanted.get_untracked());
    let mut found = Vec::new();
    ui.live.each(|ticket| {
        if ticket.order.is_called(&wanted, lower) {
            let order = &ticket.order;
            found.push((order.id, order.number.0, order.customer.name.clone()));
        }
    });
    found.sort_by_key(|(_, number, _)| *number);
    found
}

/// What has been found.
pub(super) fn body(ui: Ui) -> String {
    let mut html = Html::default();
    let wanted = ui.panels.wanted.get();
    if wanted.trim().is_empty() {
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
    ui.panels.found.with(|found| match found {
        Found::Nothing | Found::Loading => {
            html.raw("<p>").text(ui.say(Word::Searching)).raw("</p>");
        }
        Found::Failed(why) => {
            html.raw("<p>").text(&ui.words.with(Word::SearchFailed, why)).raw("</p>");
        }
        Found::Closed(orders, _) if orders.is_empty() && open.is_empty() => {
            html.raw("<p>").text(ui.say(Word::NothingFound)).raw("</p>");
        }
        Found::Closed(orders, refused) => {
            if !orders.is_empty() {
                html.raw("<h3>").text(ui.say(Word::ClosedToday)).raw("</h3>");
            }
            list(ui, orders, refused.as_deref(), &mut html);
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

/// Somebody typed.
pub(super) fn typed(ui: Ui, wanted: String) {
    ui.panels.found.set(Found::Nothing);
    ui.panels.wanted.set(wanted.clone());
    later(PAUSE_MS, move || {
        let same = ui.panels.wanted.with_untracked(|now| *now == wanted);
        if same && !wanted.trim().is_empty() {
            ask(ui, wanted);
        }
    });
}

fn ask(ui: Ui, wanted: String) {
    ui.panels.found.set(Found::Loading);
    api::spawn(Box::pin(async move {
        let called = String::from(js_sys::encode_uri_component(wanted.trim()));
        let url = ["/api/orders?status=closed&since=day&limit=20&q=", &called].concat();
        let found = match api::closed(&url).await {
            Ok(orders) => Found::Closed(orders, None),
            Err(why) => Found::Failed(why),
        };
        if ui.panels.wanted.with_untracked(|now| *now == wanted) {
            ui.panels.found.set(found);
        }
    }));
}

/// Enter shows the first order that was found.
pub(super) fn enter(ui: Ui, event: &KeyboardEvent) {
    let typing = document().active_element().is_some_and(|it| it.id() == FIELD);
    if typing
        && ui.panels.open.get_untracked() == Panel::Search
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
    let Some(place) = act.strip_prefix("found-").and_then(|it| it.parse::<usize>().ok()) else {
        return false;
    };
    let listed = ui.panels.found.with_untracked(|found| match found {
        Found::Closed(orders, _) => orders.get(place).map(|order| (order.id, order.version)),
        _ => None,
    });
    if let Some((id, version)) = listed {
        crate::app::press::recall(ui, id, version, move |refused| match refused {
            None => later(0, move || show(ui, id)),
            Some(why) => ui.panels.found.update(|found| {
                if let Found::Closed(_, refused) = found {
                    *refused = Some(why);
                }
            }),
        });
    }
    true
}
