//! The dialog: why is an order cancelled, and what was closed last.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};

use super::{
    Ui,
    html::{Html, Spots, effect},
    keys, text,
};
use crate::domain::{FoodOrder, OrderId, OrderStatus};

/// The reasons that a kitchen gives for cancelling.
pub const REASONS: [&str; 5] =
    ["Customer asked", "Item is 86'd", "Kitchen too busy", "Closing", "Duplicate or test"];

/// What the dialog is about.
#[derive(Debug, Default)]
pub enum Dialog {
    /// It is closed.
    #[default]
    None,
    /// Why this order is to be cancelled, or rejected when nobody has accepted
    /// it yet. It cannot be undone, so it is asked.
    Cancel(OrderId),
    /// What was closed last is on its way.
    Loading,
    /// It could not be loaded.
    Failed(String),
    /// What was closed last, the newest first; and why bringing one back was refused.
    Closed(Vec<FoodOrder>, Option<String>),
    /// What each key does.
    Keys,
}

/// The element's id.
pub const ID: &str = "dialog";

/// What the dialog says.
pub fn spots(ui: Ui, spots: &mut Spots) {
    spots.content(ID, move || content(ui));
}

/// Lets the dialog open and close as [`Ui::dialog`] says.
pub fn follow(ui: Ui) {
    effect(move || {
        let wanted = !ui.dialog.with(|dialog| matches!(dialog, Dialog::None));
        let element = document().get_element_by_id(ID);
        let Some(Ok(element)) = element.map(JsCast::dyn_into::<HtmlDialogElement>) else { return };
        if wanted && !element.open() {
            let _ = element.show_modal();
        } else if wanted {
            // What had the focus has just been written over.
            let first = element.query_selector("button").ok().flatten();
            if let Some(Ok(first)) = first.map(JsCast::dyn_into::<HtmlElement>) {
                let _ = first.focus();
            }
        } else if !wanted && element.open() {
            element.close();
        }
    });
}

fn content(ui: Ui) -> String {
    let mut html = Html::default();
    ui.dialog.with(|dialog| match dialog {
        Dialog::None => {}
        Dialog::Cancel(id) => cancel(ui, *id, &mut html),
        Dialog::Loading => {
            head(&mut html);
            html.raw("<p>Loading…</p>");
        }
        Dialog::Failed(why) => {
            head(&mut html);
            html.raw("<p>The list could not be loaded: ").text(why).raw(
                "</p><button type=\"button\" class=\"button wide\" data-act=\"closed\">Retry</button>",
            );
        }
        Dialog::Keys => keys::help(ui, &mut html),
        Dialog::Closed(orders, refused) => closed(ui, orders, refused.as_deref(), &mut html),
    });
    html.done()
}

fn cancel(ui: Ui, id: OrderId, html: &mut Html) {
    let asked = ui
        .live
        .row(id)
        .map(|row| row.with_untracked(|ticket| (ticket.order.number.0, ticket.order.status)));
    let Some((number, status)) = asked else { return };
    html.raw("<h2 id=\"dialog-title\">");
    html.raw(if status == OrderStatus::Placed { "Reject order " } else { "Cancel order " });
    html.number(number).raw(
        "</h2><p>Why? The reason goes into the order’s history. This cannot be undone.</p>\
         <ul class=\"reasons\">",
    );
    for (place, reason) in (0..).zip(REASONS) {
        html.raw("<li><button type=\"button\" class=\"button wide\" data-act=\"reason-");
        html.number(place).raw("\">").raw(reason).raw("</button></li>");
    }
    html.raw(
        "</ul><button type=\"button\" class=\"button wide\" data-act=\"close\" autofocus>\
         Keep the order</button>",
    );
}

fn head(html: &mut Html) {
    html.raw(
        "<header class=\"dialog-head\"><h2 id=\"dialog-title\">Closed last</h2>\
         <button type=\"button\" class=\"button square\" data-act=\"close\" aria-label=\"Close\">",
    );
    html.icon("close").raw("</button></header>");
}

fn closed(ui: Ui, orders: &[FoodOrder], refused: Option<&str>, html: &mut Html) {
    head(html);
    if let Some(why) = refused {
        html.raw("<p class=\"refused\" role=\"alert\">").text(why).raw("</p>");
    }
    html.raw(if orders.is_empty() { "<p>No order has been closed yet.</p>" } else { "" });
    html.raw("<ul class=\"closed\">");
    for (place, order) in (0..).zip(orders) {
        let at = order.times.closed_at.unwrap_or(order.last_change.at);
        let items: u32 = order.items.iter().map(|item| item.quantity).sum();
        html.raw("<li><span class=\"sub\">").text(&ui.time_of_day(at, false));
        html.raw("</span><b class=\"number\">").number(order.number.0);
        html.raw("</b><span class=\"closed-who\"><bdi>").text(&order.customer.name);
        html.raw("</bdi><span class=\"sub\">").raw(text::service(order.fulfilment.service));
        html.raw(" · ").text(&text::count(u64::from(items), "item")).raw(" · ");
        html.raw(text::status(order.status)).raw("</span></span>");
        if order.status == OrderStatus::Completed {
            html.raw("<button type=\"button\" class=\"button\" data-act=\"bring-");
            html.number(place).raw("\">").icon("back").raw("Recall<span class=\"unseen\"> order ");
            html.number(order.number.0).raw("</span></button>");
        }
        html.raw("</li>");
    }
    html.raw(
        "</ul><footer class=\"keys\"><span>Single keys: <kbd>Z</kbd> undo, <kbd>R</kbd> this \
         list</span><button type=\"button\" class=\"button\" data-act=\"keys\">",
    );
    html.raw(if ui.keys.get() { "Switch single keys off" } else { "Switch single keys on" })
        .raw("</button></footer>");
}
