//! What of an order waits to be sent, and what came of it when it was not as
//! wished: on the ticket, where whoever did it looks.

use super::{
    html::Html,
    text,
    words::{Word, say, spoken},
};
use crate::{
    domain::{ItemStatus, OrderStatus},
    live::{Ticket, outbox::Wish},
};

/// Writes what waits of the order; nothing when nothing does.
pub fn waiting(html: &mut Html, Ticket { order, mark }: &Ticket) {
    let Some(waiting) = &mark.waiting else { return };
    let mut wishes = String::new();
    for wish in &waiting.wishes {
        let named = |item| order.items.iter().find(|line| line.id == item);
        let wish = match wish {
            Wish::Status(to) => Some(text::status(*to)),
            Wish::Item(item) => named(*item).map(|line| line.name.as_str()),
            Wish::Stations(ItemStatus::Done) => Some(say(Word::WishDone)),
            Wish::Stations(ItemStatus::Todo) => Some(say(Word::WishRecalled)),
            Wish::Stations(_) => Some(text::status(OrderStatus::Preparing)),
            Wish::Other => None,
        };
        wishes.push_str(if wishes.is_empty() { "" } else { ", " });
        wishes.push_str(wish.unwrap_or(say(Word::SomeChange)));
    }
    let Some(why) = &waiting.refused else {
        let word = if waiting.lost { Word::WaitingAgain } else { Word::Waiting };
        html.raw("<div class=\"waiting\"><p><bdi>").text(&spoken().with(word, &wishes));
        html.raw("</bdi></p>");
        button(html, "let-go", Word::TakeBack, order.number.0);
        html.raw("</div>");
        return;
    };
    html.raw("<div class=\"refused\" role=\"group\"><p><b>");
    html.text(&spoken().with(Word::NotDone, &wishes)).raw("</b> ");
    html.text(&spoken().with(Word::Meanwhile, text::status(order.status))).raw(" <bdi>");
    html.text(&spoken().with(Word::ByWhom, &order.last_change.actor.id));
    html.raw("</bdi>. <span class=\"sub\">").text(why).raw("</span></p>");
    button(html, "send-again", Word::Retry, order.number.0);
    html.raw(" ");
    button(html, "let-go", Word::Dismiss, order.number.0);
    html.raw("</div>");
}

fn button(html: &mut Html, act: &'static str, word: Word, number: u32) {
    html.raw("<button type=\"button\" class=\"button\" data-act=\"").raw(act).raw("\">");
    html.raw(say(word)).raw("<span class=\"unseen\"> ").number(number).raw("</span></button>");
}
