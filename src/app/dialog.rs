//! The dialog: all about an order, why it is cancelled, what is for later, and
//! what was closed today.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement, HtmlElement};

use super::{
    Ui,
    html::{Html, Spots, effect},
    keys,
    panels::closed,
    text::{self, REASONS, WHY_CANCELLED},
    words::Word,
};
use crate::{
    domain::{FoodOrder, OrderId, OrderStatus, Version},
    live::{Action, Ticket, actions, api, board_state::BoardState, listen},
};

/// What is asked for when the list of closed orders opens; so many of them follow.
const CLOSED_URL: &str = "/api/orders?status=closed&since=day&limit=";
/// How many closed orders are listed at first, and at most.
const LISTED: [usize; 2] = [200, 1_000];

/// What the dialog is about.
#[derive(Debug, Default)]
pub enum Dialog {
    /// It is closed.
    #[default]
    None,
    /// Why this order is to be cancelled, or rejected when nobody has accepted
    /// it yet. It cannot be undone, so it is asked.
    Cancel(OrderId),
    /// All about this order, and what happened to it.
    Details(OrderId, History),
    /// What is for later.
    Scheduled,
    /// What was closed today is on its way.
    Loading,
    /// It could not be loaded.
    Failed(String),
    /// What was closed today, the newest first; whether there are others, and why
    /// bringing one back was refused.
    Closed(Vec<FoodOrder>, bool, Option<String>),
    /// What each key does.
    Keys,
}

/// What happened to an order, as the server writes it.
#[derive(Debug, Default)]
pub enum History {
    /// It is on its way.
    #[default]
    Loading,
    /// It could not be loaded.
    Away,
    /// This.
    Here(String),
}

/// The element's id.
pub const ID: &str = "dialog";

/// What the dialog says.
pub fn spots(ui: Ui, spots: &mut Spots) {
    spots.content(ID, move || content(ui));
    spots.class(ID, move || {
        let keys = ui.dialog.with(|dialog| matches!(dialog, Dialog::Keys));
        if keys { "dialog is-keys" } else { "dialog" }.to_owned()
    });
}

/// Lets the dialog open and close as [`Ui::dialog`] says.
pub fn follow(ui: Ui) {
    details_follow(ui);
    // Where the keyboard is in it; whoever presses beside every button gives that up.
    let act = Rc::new(RefCell::new(None::<String>));
    for event in ["focusin", "pointerdown"] {
        let act = Rc::clone(&act);
        listen(event, move |event| {
            let there = event.target().and_then(|it| it.dyn_into::<Element>().ok());
            let button = there.and_then(|it| it.closest("dialog [data-act]").ok()?);
            act.replace(button.and_then(|it| it.get_attribute("data-act")));
        });
    }
    effect(move || {
        let wanted = !ui.dialog.with(|dialog| matches!(dialog, Dialog::None));
        if wanted {
            // It is written anew with what it is about.
            ui.live.changes.track();
        }
        let element = document().get_element_by_id(ID);
        let Some(Ok(element)) = element.map(JsCast::dyn_into::<HtmlDialogElement>) else { return };
        if wanted && !element.open() {
            let _ = element.show_modal();
        } else if wanted {
            // What had the focus may just have been written over.
            let lost = document().active_element().is_none_or(|it| it.tag_name() == "BODY");
            let act = act.borrow().clone().filter(|_| lost);
            let find = |selector: &str| element.query_selector(selector).ok().flatten();
            let there = act.and_then(|act| {
                find(&["[data-act='", &act, "']"].concat()).or_else(|| find("button"))
            });
            if let Some(Ok(there)) = there.map(JsCast::dyn_into::<HtmlElement>) {
                let _ = there.focus();
            }
        } else if !wanted && element.open() {
            element.close();
        }
    });
}

/// Keeps the details up to date with their order, and their history with them.
fn details_follow(ui: Ui) {
    let asked = Cell::new(None);
    effect(move || {
        let id = ui.dialog.with(|dialog| match dialog {
            Dialog::Details(id, _) => Some(*id),
            _ => None,
        });
        let Some(id) = id else { return asked.set(None) };
        ui.live.changes.track();
        let Some(row) = ui.live.row(id) else { return ui.dialog.set(Dialog::None) };
        let now = Some((id, row.with(|ticket| ticket.order.version)));
        if asked.replace(now) == now {
            return;
        }
        api::spawn(Box::pin(async move {
            let language = ui.words.language.as_str();
            let written = api::fragment(&format!("/orders/{id}/timeline?lang={language}")).await;
            ui.dialog.update(|dialog| {
                if let Dialog::Details(shown, history) = dialog
                    && *shown == id
                {
                    *history = written.map_or(History::Away, History::Here);
                }
            });
        }));
    });
}

fn content(ui: Ui) -> String {
    let mut html = Html::default();
    ui.dialog.with(|dialog| match dialog {
        Dialog::None => {}
        Dialog::Cancel(id) => cancel(ui, *id, &mut html),
        Dialog::Details(id, history) => {
            if let Some(row) = ui.live.row(*id) {
                row.with(|ticket| details(ui, ticket, history, &mut html));
            }
        }
        Dialog::Scheduled => scheduled(ui, &mut html),
        Dialog::Loading => {
            titled(ui, ui.say(Word::ClosedToday), &mut html);
            html.raw("<p>").text(ui.say(Word::HistoryLoading)).raw("</p>");
        }
        Dialog::Failed(why) => {
            titled(ui, ui.say(Word::ClosedToday), &mut html);
            html.raw("<p>").text(&ui.words.with(Word::ListFailed, why)).raw("</p>");
            html.raw("<button type=\"button\" class=\"button wide\" data-act=\"closed\">");
            html.text(ui.say(Word::Retry)).raw("</button>");
        }
        Dialog::Keys => keys::help(ui, &mut html),
        Dialog::Closed(orders, more, refused) => {
            closed_orders(ui, (orders, *more), refused.as_deref(), &mut html);
        }
    });
    html.done()
}

fn cancel(ui: Ui, id: OrderId, html: &mut Html) {
    let asked = ui
        .live
        .row(id)
        .map(|row| row.with_untracked(|ticket| (ticket.order.number.0, ticket.order.status)));
    let Some((number, status)) = asked else { return };
    let placed = status == OrderStatus::Placed;
    let title = if placed { Word::RejectTitle } else { Word::CancelTitle };
    html.raw("<h2 id=\"dialog-title\">").text(&ui.words.with(title, &number.to_string()));
    html.raw("</h2><p>").text(ui.say(Word::WhyCancel)).raw("</p><ul class=\"reasons\">");
    for (place, (_, reason)) in (0..).zip(REASONS.into_iter().take(WHY_CANCELLED)) {
        html.raw("<li><button type=\"button\" class=\"button wide\" data-act=\"reason-");
        html.number(place).raw("\">").text(ui.say(reason)).raw("</button></li>");
    }
    html.raw("</ul><button type=\"button\" class=\"button wide\" data-act=\"close\" autofocus>");
    html.text(ui.say(Word::KeepOrder)).raw("</button>");
}

/// The head of a dialog that is called `title`.
fn titled(ui: Ui, title: &str, html: &mut Html) {
    html.raw("<header class=\"dialog-head\"><h2 id=\"dialog-title\">").text(title);
    html.raw("</h2><button type=\"button\" class=\"button square\" data-act=\"close\"");
    html.raw(" aria-label=\"").text(ui.say(Word::Close)).raw("\">").icon("close");
    html.raw("</button></header>");
}

/// All about an order, and what can be done with it that has no place on its ticket.
fn details(ui: Ui, Ticket { order, mark }: &Ticket, history: &History, html: &mut Html) {
    titled(ui, &ui.words.with(Word::OrderDetails, &order.number.to_string()), html);
    html.raw("<div data-order=\"").text(&order.id.to_string()).raw("\">");
    html.raw("<p class=\"sub\">");
    if !order.customer.name.is_empty() {
        html.raw("<bdi>").text(&order.customer.name).raw("</bdi> · ");
    }
    html.raw(text::service(order.fulfilment.service)).raw(" · ");
    html.raw(text::status(order.status)).raw("</p>");
    if let Some((_, failure)) = &mark.refused {
        html.raw("<p class=\"refused\" role=\"alert\">").text(&failure.words).raw("</p>");
    }
    let before_kitchen = matches!(order.status, OrderStatus::Placed | OrderStatus::Accepted);
    let recall = ui.live.read(|board| board.part().recall(order).is_some());
    let placed = order.status == OrderStatus::Placed;
    let flags = &order.flags;
    html.raw("<div class=\"acts\">");
    for (there, act, icon, word) in [
        (flags.scheduled, "fire", "", Word::FireNow),
        (true, "rush", "rush", if flags.rush { Word::RushOff } else { Word::RushOn }),
        (
            before_kitchen || flags.held,
            "hold",
            "pause",
            if flags.held { Word::HoldOff } else { Word::HoldOn },
        ),
        (recall, "recall", "back", Word::RecallOrder),
        (true, "cancel", "close", if placed { Word::RejectOrder } else { Word::CancelOrder }),
    ] {
        if there && order.status.is_open() {
            html.raw("<button type=\"button\" class=\"button\" data-act=\"").raw(act);
            html.raw(if mark.pending.is_some() { "\" aria-disabled=\"true\">" } else { "\">" });
            if !icon.is_empty() {
                html.icon(icon);
            }
            html.text(ui.say(word)).raw("</button>");
        }
    }
    html.raw("</div>");
    match history {
        History::Loading => html.raw("<p>").text(ui.say(Word::HistoryLoading)).raw("</p>"),
        History::Away => html.raw("<p>").text(ui.say(Word::HistoryAway)).raw("</p>"),
        History::Here(written) => html.fragment(written),
    };
    html.raw("</div>");
}

/// What is for later, the one that fires next first.
fn scheduled(ui: Ui, html: &mut Html) {
    ui.live.changes.track();
    titled(ui, ui.say(Word::ScheduledTitle), html);
    let later = ui.live.read(BoardState::later);
    if later.is_empty() {
        html.raw("<p>").text(ui.say(Word::ScheduledNone)).raw("</p>");
    }
    html.raw("<ul class=\"closed\">");
    for (fires_at, id) in later {
        let Some(row) = ui.live.row(id) else { continue };
        row.with(|Ticket { order, mark }| {
            html.raw("<li data-order=\"").text(&id.to_string()).raw("\"><span class=\"sub\">");
            html.text(ui.say(Word::FiresAt)).raw(" ").text(&ui.time_of_day(fires_at, false));
            html.raw("</span><button type=\"button\" class=\"button number\"");
            html.raw(" data-act=\"details\">").number(order.number.0);
            html.raw("</button><span class=\"closed-who\"><bdi>").text(&order.customer.name);
            html.raw("</bdi><span class=\"sub\">").raw(text::service(order.fulfilment.service));
            if let Some(at) = order.times.due_at {
                html.raw(" · ").text(ui.say(Word::DueAt)).raw(" ").text(&ui.time_of_day(at, false));
            }
            if let Some((_, failure)) = &mark.refused {
                html.raw(" · ").text(&failure.words);
            }
            html.raw("</span></span><button type=\"button\" class=\"button\" data-act=\"fire\"");
            html.raw(if mark.pending.is_some() { " aria-disabled=\"true\">" } else { ">" });
            html.text(ui.say(Word::FireNow)).raw("<span class=\"unseen\"> ");
            html.number(order.number.0).raw("</span></button></li>");
        });
    }
    html.raw("</ul>");
}

fn closed_orders(
    ui: Ui,
    (orders, more): (&[FoodOrder], bool),
    refused: Option<&str>,
    html: &mut Html,
) {
    titled(ui, ui.say(Word::ClosedToday), html);
    if let Some(why) = refused {
        html.raw("<p class=\"refused\" role=\"alert\">").text(why).raw("</p>");
    }
    if orders.is_empty() {
        html.raw("<p>").text(ui.say(Word::NoneClosed)).raw("</p>");
    }
    html.raw("<ul class=\"closed\">");
    for (place, order) in (0..).zip(orders) {
        html.raw("<li>");
        closed::row(ui, order, html);
        if closed::can_come_back(order) {
            html.raw("<button type=\"button\" class=\"button\" data-act=\"bring-");
            html.number(place).raw("\">").icon("back").text(ui.say(Word::RecallOrder));
            html.raw("<span class=\"unseen\">");
            html.text(&ui.words.with(Word::OfOrder, &order.number.to_string()));
            html.raw("</span></button>");
        }
        html.raw("</li>");
    }
    html.raw("</ul>");
    if more {
        closed::more(ui, orders.len(), LISTED[1], "closed-more", html);
    }
    html.raw("<footer class=\"keys\"><span><kbd>Z</kbd> ").text(ui.say(Word::KeyUndo));
    html.raw(" · <kbd>R</kbd> ").text(ui.say(Word::KeyHelp));
    html.raw("</span><button type=\"button\" class=\"button\" data-act=\"keys\">");
    let on = ui.keys.get();
    html.text(ui.say(if on { Word::SingleKeysOff } else { Word::SingleKeysOn }));
    html.raw("</button></footer>");
}

/// Does what a button says that is about the dialog; whether it is one.
pub fn act(ui: Ui, act: &str) -> bool {
    match act {
        "closed" | "recall-list" => load_closed(ui, LISTED[0]),
        "closed-more" => load_closed(ui, LISTED[1]),
        "scheduled" => ui.dialog.set(Dialog::Scheduled),
        "close" => ui.dialog.set(Dialog::None),
        _ => {
            if let Some(place) = act.strip_prefix("reason-").and_then(|it| it.parse().ok()) {
                cancel_because(ui, place);
            } else if let Some(place) = act.strip_prefix("bring-").and_then(|it| it.parse().ok()) {
                bring_back(ui, place);
            } else {
                return false;
            }
        }
    }
    true
}

/// Cancels the order that the dialog asks about, or rejects it when nobody has
/// accepted it yet.
fn cancel_because(ui: Ui, place: usize) {
    let asked = ui.dialog.with_untracked(|dialog| match dialog {
        Dialog::Cancel(id) => Some(*id),
        _ => None,
    });
    let Some(id) = asked else { return };
    ui.dialog.set(Dialog::None);
    let (Some(row), Some(reason)) = (ui.live.row(id), REASONS.get(place)) else {
        return;
    };
    let placed = row.with_untracked(|ticket| ticket.order.status == OrderStatus::Placed);
    let to = if placed { OrderStatus::Rejected } else { OrderStatus::Cancelled };
    ui.live.act(id, Action::Go { to, reason: Some(reason.0.to_owned()) });
}

fn load_closed(ui: Ui, most: usize) {
    ui.dialog.set(Dialog::Loading);
    let then = move |answer: Result<String, api::Failure>| {
        let orders = answer.map_err(|failure| failure.why).and_then(|text| api::orders(&text));
        let list =
            orders.map_or_else(Dialog::Failed, |(orders, more)| Dialog::Closed(orders, more, None));
        if ui.dialog.with_untracked(|dialog| matches!(dialog, Dialog::Loading)) {
            ui.dialog.set(list);
        }
    };
    api::ask("GET", [CLOSED_URL, &most.to_string()].concat(), None, Box::new(then));
}

/// Brings the order at `place` of the list back.
fn bring_back(ui: Ui, place: usize) {
    let listed = ui.dialog.with_untracked(|dialog| match dialog {
        Dialog::Closed(orders, ..) => orders.get(place).map(|order| (order.id, order.version)),
        _ => None,
    });
    let Some((id, version)) = listed else { return };
    let then = move |refused| match refused {
        None => ui.dialog.set(Dialog::None),
        Some(why) => ui.dialog.update(|dialog| {
            if let Dialog::Closed(_, _, refused) = dialog {
                *refused = Some(why);
            }
        }),
    };
    recall(ui, id, version, Box::new(then));
}

/// Brings a closed order back; `then` is told why not.
pub(super) fn recall(ui: Ui, id: OrderId, version: Version, then: Box<dyn FnOnce(Option<String>)>) {
    api::spawn(Box::pin(async move {
        let why = Some("recall");
        let actor = ui.live.actor();
        match actions::transition(actor, id, OrderStatus::Ready, version, why).await {
            Ok(order) => {
                ui.live.say(ui.words.with(Word::OrderIsBack, &order.number.to_string()));
                then(None);
            }
            Err(failure) => then(Some(failure.words)),
        }
    }));
}
