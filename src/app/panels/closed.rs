//! One closed order in a list: when, which, whose, and who closed it.

use crate::{
    app::{Ui, html::Html, text, words::Word},
    domain::{FoodOrder, OrderStatus},
};

/// Writes it, without what can be done with it.
pub fn row(ui: Ui, order: &FoodOrder, html: &mut Html) {
    let at = order.times.closed_at.unwrap_or(order.last_change.at);
    let items: u32 = order.items.iter().map(|item| item.quantity).sum();
    html.raw("<span class=\"sub\">").text(&ui.time_of_day(at, false));
    html.raw("</span><b class=\"number\">").number(order.number.0);
    html.raw("</b><span class=\"closed-who\"><bdi>").text(&order.customer.name);
    html.raw("</bdi><span class=\"sub\">").raw(text::service(order.fulfilment.service));
    html.raw(" · ").text(&ui.words.count(Word::ItemCount, u64::from(items))).raw(" · ");
    html.raw(text::status(order.status)).raw(" · <bdi>").text(&order.last_change.actor.id);
    html.raw("</bdi></span></span>");
}

/// Says that there are more than the `listed` orders, and leads to at most `most`
/// of them by `act`.
pub fn more(ui: Ui, listed: usize, most: usize, act: &'static str, html: &mut Html) {
    if listed < most {
        html.raw("<button type=\"button\" class=\"button wide\" data-act=\"").raw(act);
        html.raw("\">").text(ui.say(Word::ListMore)).raw("</button>");
    } else {
        html.raw("<p>").text(&ui.words.with(Word::ListEnds, &listed.to_string())).raw("</p>");
    }
}

/// Whether a closed order can be brought back.
#[must_use]
pub fn can_come_back(order: &FoodOrder) -> bool {
    order.status == OrderStatus::Completed
}
