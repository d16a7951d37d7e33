//! All about an order and what happened to it, written for the board's details. Few ask for it,
//! so the browser's module does not know how to write it.

use std::fmt::Write as _;

use axum::{
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::header,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;

use super::{error::Problem, ingest::order_id, language, query::Query, reads, state::App};
use crate::{
    app::{
        html::{FRAGMENT, Html},
        text,
        words::{self, Word, Words},
    },
    domain::{
        ActorKind, FoodOrder, ItemId, ItemStatus, LastChange, UnixMillis, Version, What,
        screen::Language,
    },
};

/// What a step needs of the order as it was.
#[derive(Deserialize)]
struct Then {
    version: Version,
    last_change: LastChange,
    items: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    id: ItemId,
    name: String,
    quantity: u32,
    status: ItemStatus,
}

/// `GET /orders/{id}/timeline?lang=…`: the order's history and the screens that
/// have shown it, as markup for a page that is there.
pub(super) async fn timeline(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let language = query.required("lang")?.parse().unwrap_or(Language::English);
    query.finish(&["lang"])?;
    let stored = app.store.history(order_id(id)?).await?.ok_or(Problem::OrderNotFound)?;
    let settings = app.board_settings(language);
    // From here on nothing waits, so that no other page speaks in between.
    words::speak(language::words(language));
    let page = Page { words: language::words(language), utc_offset_s: settings.utc_offset_s };
    let mut html = Html::default();
    let order: FoodOrder = reads::parse(&stored.order_json)?;
    html.raw(FRAGMENT);
    page.facts(&mut html, &order);
    html.raw("</dl><h3>").text(page.words.say(Word::History)).raw("</h3><ol class=\"timeline\">");
    let mut before: Option<Then> = None;
    for event in &stored.events {
        let then: Then = reads::parse(&event.order_json)?;
        page.step(&mut html, &then, before.as_ref());
        before = Some(then);
    }
    html.raw("</ol><p class=\"shown-on\">");
    if stored.seen.is_empty() {
        html.text(page.words.say(Word::ShownNowhere));
    } else {
        html.text(page.words.say(Word::ShownOn));
        for (place, seen) in stored.seen.iter().enumerate() {
            html.raw(if place == 0 { " <bdi>" } else { ", <bdi>" }).text(&seen.screen);
            html.raw("</bdi> ").text(&page.time(seen.at));
        }
    }
    html.raw("</p>");
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, html.done()).into_response())
}

struct Page {
    words: Words,
    utc_offset_s: i32,
}

impl Page {
    fn time(&self, at: UnixMillis) -> String {
        text::time_of_day(at, self.utc_offset_s, true)
    }

    fn facts(&self, html: &mut Html, order: &FoodOrder) {
        let (times, how) = (&order.times, &order.fulfilment);
        let time = |at| text::time_of_day(at, self.utc_offset_s, false);
        let differs = |promised: &UnixMillis| Some(*promised) != times.due_at;
        // To the second where two clocks are compared.
        let source_at = order.source.placed_at.map(|at| self.time(at));
        let received = if source_at.is_some() {
            (Word::ReceivedAt, Some(self.time(times.placed_at)))
        } else {
            (Word::PlacedAt, Some(time(times.placed_at)))
        };
        for (word, fact) in [
            (Word::From, Some(order.source.channel.as_str().to_owned())),
            (Word::SourceAt, source_at),
            received,
            (Word::FiresAt, times.fires_at.filter(|_| order.flags.scheduled).map(time)),
            (Word::DueAt, times.due_at.map(time)),
            (Word::PromisedAt, times.promised_at.filter(differs).map(time)),
            (Word::HereSince, times.arrived_at.map(time)),
            (Word::HereWhere, how.arrived_note.clone()),
            (Word::Phone, order.customer.phone.clone()),
            (Word::Address, how.address.clone()),
            (Word::Instructions, how.instructions.clone()),
        ] {
            if let Some(fact) = fact {
                html.raw("<div><dt>").text(self.words.say(word)).raw("</dt><dd><bdi>").text(&fact);
                html.raw("</bdi></dd></div>");
            }
        }
    }

    fn step(&self, html: &mut Html, then: &Then, before: Option<&Then>) {
        let LastChange { from, to, what, at, actor, reason } = &then.last_change;
        html.raw("<li><time>").text(&self.time(*at)).raw("</time> <span class=\"what\">");
        match what {
            What::Status => html.text(self.words.say(Word::of_status(*to))),
            What::Item | What::Station | What::Edited => {
                // Its lines may have taken the order along.
                let went = *from != Some(*to);
                match self.lines(then, before).as_str() {
                    "" if went => &mut *html,
                    "" => html.text(self.words.say(Word::StepEdited)),
                    lines => html.raw("<bdi>").text(lines).raw(if went {
                        "</bdi> · "
                    } else {
                        "</bdi>"
                    }),
                };
                if went {
                    html.text(self.words.say(Word::of_status(*to)));
                }
                &mut *html
            }
            What::Flags => html.text(self.words.say(Word::StepFlags)),
            What::Fired => html.text(self.words.say(Word::StepFired)),
            What::Acknowledged if actor.kind == ActorKind::System => {
                html.text(self.words.say(Word::StepCleared))
            }
            What::Acknowledged => html.text(self.words.say(Word::StepKnown)),
            What::Arrived => html.text(self.words.say(Word::StepArrived)),
            What::Erased => html.text(self.words.say(Word::StepErased)),
        };
        if *what != What::Acknowledged
            && let Some(why) = reason
        {
            let why = text::reason(self.words, why);
            html.raw(" – <bdi>").text(why).raw("</bdi>");
        }
        html.raw("</span> <bdi class=\"by\">").text(&actor.id).raw("</bdi></li>");
    }

    /// Which lines are not what they were; none where nobody knows any longer what
    /// they were.
    fn lines(&self, then: &Then, before: Option<&Then>) -> String {
        let mut said = String::new();
        if before.is_none() && then.version != Version::FIRST {
            return said;
        }
        for line in &then.items {
            let was = before.and_then(|before| before.items.iter().find(|was| was.id == line.id));
            let part = if said.is_empty() { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = match was {
                None => write!(said, "{part}+{} {}", line.quantity, line.name),
                Some(was) if was.status != line.status => {
                    let status = self.words.say(match line.status {
                        ItemStatus::Todo => Word::ItemTodo,
                        ItemStatus::Doing => Word::ItemDoing,
                        ItemStatus::Done => Word::ItemDone,
                        ItemStatus::Void => Word::ItemVoid,
                    });
                    write!(said, "{part}{} {status}", line.name)
                }
                Some(was) if was.quantity != line.quantity => {
                    write!(said, "{part}{} {} → {}", line.name, was.quantity, line.quantity)
                }
                Some(_) => Ok(()),
            };
        }
        said
    }
}
