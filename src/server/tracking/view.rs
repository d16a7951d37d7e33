//! All that a customer may see of an order, as the markup of one part of the page.
//!
//! What is not here is nowhere on the page: no telephone number, no address, no
//! name but the customer's own first, nothing that staff has written, no id, and
//! nothing of any other order.

use jiff::tz::TimeZone;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    estimate::{self, Estimate},
    texts::Texts,
    token_of,
};
use crate::{
    app::{
        html::Html,
        text::{REASONS, time_of_day},
        words::Word,
    },
    domain::{
        FoodOrder, ItemStatus, Modifier, ModifierKind, OrderItem, OrderStatus, Service, UnixMillis,
        limits, screen::Language,
    },
    server::{hex, language, orders::utc_offset_seconds, state::App},
};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// Letters of a first name that are shown.
const NAME: usize = 40;

/// The icon of a page.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 \
                    16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23276fb8'/%3E%3Cpath \
                    d='M8 4v4l3 2' fill='none' stroke='%23fff' stroke-width='1.6'/%3E%3C/svg%3E";
/// The same when something is to be fetched.
const ICON_READY: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 \
                          0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%230b7a58'/%3E%3Cpath \
                          d='M4 8.5l3 3 5-6' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E";

/// What a page shows of an order.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(super) struct View {
    /// Another one whenever something else is shown; says nothing else.
    pub(super) id: String,
    /// The page's title.
    pub(super) title: String,
    /// What it looks like: `wait`, `ready`, `done` or `stop`.
    pub(super) tone: &'static str,
    /// The page's icon.
    pub(super) icon: &'static str,
    /// When it was so, as a time of day.
    pub(super) at: String,
    /// The markup.
    pub(super) view: String,
    /// Whether something may be typed into it.
    #[serde(skip)]
    pub(super) asks: bool,
}

impl View {
    /// What is shown of `order` now.
    pub(super) fn of(order: &FoodOrder, app: &App, texts: &Texts) -> Self {
        Self::at(order, &token_of(app, order), app.clock.now(), &app.page.time_zone, texts)
    }

    /// What is shown of `order` at `now`, on the page whose address ends in `token`.
    pub(super) fn at(
        order: &FoodOrder,
        token: &str,
        now: UnixMillis,
        zone: &TimeZone,
        texts: &Texts,
    ) -> Self {
        let writer = Writer { order, token, now, zone, texts };
        let view = writer.view();
        let tone = writer.tone();
        let title = writer.title();
        let mut digest = Sha256::new();
        for part in [&title, tone, &view] {
            digest.update(part);
            digest.update([0]);
        }
        let id = hex::encode(&digest.finalize()[..8]);
        let icon = if tone == "ready" { ICON_READY } else { ICON };
        let asks = order.customer_may_arrive();
        Self { id, title, tone, icon, at: writer.time(now), view, asks }
    }

    /// The whole of it, for the page's script.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

struct Writer<'a> {
    order: &'a FoodOrder,
    token: &'a str,
    now: UnixMillis,
    zone: &'a TimeZone,
    texts: &'a Texts,
}

/// A step of an order's way.
struct Step<'a> {
    name: &'a str,
    at: Option<UnixMillis>,
}

impl Writer<'_> {
    fn tone(&self) -> &'static str {
        match self.order.status {
            OrderStatus::Ready => "ready",
            OrderStatus::Completed => "done",
            OrderStatus::Rejected
            | OrderStatus::Expired
            | OrderStatus::Cancelled
            | OrderStatus::Failed => "stop",
            _ => "wait",
        }
    }

    fn title(&self) -> String {
        let number = self.order.number.to_string();
        let sentence = self.sentence();
        match self.tone() {
            "ready" => format!("✓ {} · {number}", self.texts.ready),
            _ => format!("{sentence} · {number}"),
        }
    }

    fn sentence(&self) -> String {
        let FoodOrder { status, fulfilment, flags, times, .. } = self.order;
        let due = times.promised_at.or(times.due_at).filter(|_| flags.scheduled);
        match (due, status) {
            (Some(due), OrderStatus::Placed | OrderStatus::Accepted) => {
                self.texts.is_for_later.replacen("{}", &self.time(due), 1)
            }
            _ => self.texts.sentence(*status, fulfilment.service).to_owned(),
        }
    }

    fn view(&self) -> String {
        let (order, texts) = (self.order, self.texts);
        let mut html = Html::default();
        html.raw("<p class=\"place\"><bdi>").text(order.location.as_str()).raw("</bdi></p><h1>");
        html.text(&self.sentence()).raw("</h1>");
        self.estimate(&mut html);
        self.why(&mut html);
        html.raw("<p class=\"number\">");
        fill(&mut html, &texts.order, |html| {
            html.raw("<b>").number(order.number.0).raw("</b>");
        });
        if let Some(name) = first_name(&order.customer.name) {
            html.raw(" <span>");
            fill(&mut html, &texts.for_name, |html| {
                html.raw("<bdi>").text(&name).raw("</bdi>");
            });
            html.raw("</span>");
        }
        html.raw("</p>");
        self.arrival(&mut html);
        if self.tone() != "stop" {
            self.steps(&mut html);
        }
        self.allergies(&mut html);
        html.raw("<h2>").text(&texts.your_order).raw("</h2><ul class=\"items\">");
        for line in &order.items {
            self.line(&mut html, line);
        }
        html.raw("</ul>");
        if order.customer_may_cancel() {
            // It is asked once more on a page of its own: a link changes nothing.
            html.raw("<p><a class=\"act\" href=\"").text(self.token).raw("/cancel\">");
            html.text(&texts.cancel).raw("</a></p>");
        }
        html.done()
    }

    fn estimate(&self, html: &mut Html) {
        let texts = self.texts;
        let Some(Estimate { from, to, late }) = estimate::of(self.order, self.now) else { return };
        if self.order.flags.scheduled && !late {
            // The sentence has said for when.
            return;
        }
        let template = if late {
            &texts.now_about
        } else if self.order.times.due_at.is_some() {
            &texts.planned_for
        } else {
            &texts.ready_about
        };
        let range = format!("{}–{}", self.time(from), self.clock(to));
        html.raw(if late { "<p class=\"eta late\">" } else { "<p class=\"eta\">" });
        fill(html, template, |html| {
            html.raw("<bdi dir=\"ltr\">").text(&range).raw("</bdi>");
        });
        html.raw("</p>");
    }

    /// For who has it brought to their car: to say that they are here, or that they
    /// have said so.
    fn arrival(&self, html: &mut Html) {
        let (order, texts) = (self.order, self.texts);
        if order.customer_may_arrive() {
            // From the page, so that it is right behind whatever a proxy puts before it.
            html.raw("<form method=\"post\" action=\"").text(self.token);
            html.raw("/arrived\"><label for=\"note\">").text(&texts.here_label);
            html.raw("</label><input id=\"note\" name=\"note\" maxlength=\"");
            html.text(&limits::ARRIVED_NOTE.to_string());
            html.raw("\" autocomplete=\"off\" dir=\"auto\"><button class=\"act first\">");
            html.text(&texts.here).raw("</button></form>");
        } else if let Some(at) = order.here_since() {
            html.raw("<p class=\"here\">");
            fill(html, &texts.is_here, |html| {
                html.raw("<bdi dir=\"ltr\">").text(&self.time(at)).raw("</bdi>");
            });
            if let Some(note) = &order.fulfilment.arrived_note {
                html.raw(" <small class=\"note\"><bdi>").text(note).raw("</bdi></small>");
            }
            html.raw("</p>");
        }
    }

    /// Why it was called off, as far as it is one of the reasons that a board
    /// offers: what somebody has written in their own words is for the staff. Boards
    /// send the names of these; earlier ones sent what they said, in their language.
    fn why(&self, html: &mut Html) {
        if self.tone() != "stop" {
            return;
        }
        let texts = self.texts;
        let known = [
            (Word::ReasonCustomer, &texts.because_customer),
            (Word::ReasonCustomerOnline, &texts.because_customer),
            (Word::ReasonSoldOut, &texts.because_sold_out),
            (Word::ReasonBusy, &texts.because_busy),
            (Word::ReasonClosing, &texts.because_closing),
            (Word::ReasonDuplicate, &texts.because_duplicate),
        ];
        let said = self.order.last_change.reason.as_deref().unwrap_or_default();
        let named = REASONS.iter().find(|(name, _)| *name == said).map(|(_, word)| *word);
        // What was called off before reasons had names stands in words.
        let tables = [Language::English, Language::German, Language::Arabic].map(language::words);
        let because = known
            .into_iter()
            .find(|(word, _)| {
                named == Some(*word) || tables.iter().any(|table| table.say(*word) == said)
            })
            .map(|(_, because)| because);
        html.raw("<p class=\"eta\">");
        if let Some(because) = because {
            html.text(because).raw(" ");
        }
        html.text(&texts.please_ask).raw("</p>");
    }

    fn steps(&self, html: &mut Html) {
        let (order, texts, times) = (self.order, self.texts, &self.order.times);
        let reached = match order.status {
            OrderStatus::Placed | OrderStatus::Accepted => 0,
            OrderStatus::Preparing => 1,
            OrderStatus::Ready => 2,
            OrderStatus::OutForDelivery => 3,
            _ => 4,
        };
        let last = match order.fulfilment.service {
            Service::Delivery => {
                Step { name: &texts.on_its_way, at: times.out_for_delivery_at.or(times.closed_at) }
            }
            Service::DineIn => Step { name: &texts.served, at: times.closed_at },
            Service::Pickup | Service::Curbside => {
                Step { name: &texts.collected, at: times.closed_at }
            }
        };
        let steps = [
            Step { name: &texts.received, at: Some(times.placed_at) },
            Step { name: &texts.preparing, at: times.preparing_at },
            Step { name: &texts.ready, at: times.ready_at },
            last,
        ];
        html.raw("<ol class=\"steps\" aria-label=\"").text(&texts.progress).raw("\">");
        for (place, step) in steps.iter().enumerate() {
            let (class, said) = match place.cmp(&reached) {
                std::cmp::Ordering::Less => ("<li class=\"past\">", &texts.step_done),
                std::cmp::Ordering::Equal => {
                    ("<li class=\"now\" aria-current=\"step\">", &texts.step_now)
                }
                std::cmp::Ordering::Greater => ("<li>", &texts.step_next),
            };
            html.raw(class).raw("<span>").text(step.name).raw("</span> <span class=\"heard\">");
            html.text(said).raw("</span>");
            if let Some(at) = step.at.filter(|_| place <= reached) {
                html.raw(" <time dir=\"ltr\">").text(&self.time(at)).raw("</time>");
            }
            html.raw("</li>");
        }
        html.raw("</ol>");
    }

    /// What the kitchen has been told of allergies; that it knows only when
    /// somebody has said so.
    fn allergies(&self, html: &mut Html) {
        let allergens = self.order.allergens();
        if allergens.is_empty() {
            return;
        }
        let known = self.order.flags.allergens_seen;
        let template = if known { &self.texts.allergy_known } else { &self.texts.allergy_noted };
        html.raw("<p class=\"allergy\">");
        fill(html, template, |html| {
            for (place, allergen) in allergens.iter().enumerate() {
                html.raw(if place == 0 { "<b><bdi>" } else { ", <b><bdi>" });
                html.text(allergen).raw("</bdi></b>");
            }
        });
        html.raw("</p>");
    }

    fn line(&self, html: &mut Html, line: &OrderItem) {
        let void = line.status == ItemStatus::Void;
        html.raw(if void { "<li class=\"void\">" } else { "<li>" });
        html.raw("<b>").number(line.quantity).raw("×</b> <span><bdi>").text(&line.name);
        html.raw("</bdi>");
        if void {
            html.raw(" (").text(&self.texts.taken_off).raw(")");
        }
        for modifier in &line.modifiers {
            html.raw("<small>");
            self.modifier(html, modifier);
            html.raw("</small>");
        }
        // Who adds a line later is the staff, and so is who writes its note.
        let own = !line.added.0 && line.added_at.is_none();
        if let Some(note) = line.note.as_ref().filter(|_| own) {
            html.raw("<small class=\"note\"><bdi>").text(note).raw("</bdi></small>");
        }
        html.raw("</span></li>");
    }

    fn modifier(&self, html: &mut Html, modifier: &Modifier) {
        let texts = self.texts;
        let template = match modifier.kind {
            ModifierKind::No => &texts.without,
            ModifierKind::Add => &texts.with,
            ModifierKind::Extra => &texts.extra,
            ModifierKind::Sub => &texts.instead,
        };
        fill(html, template, |html| {
            if modifier.quantity > 1 {
                html.number(modifier.quantity).raw("× ");
            }
            html.raw("<bdi>").text(&modifier.name).raw("</bdi>");
        });
    }

    /// `at` as a time of day, with its date where that is another day.
    fn time(&self, at: UnixMillis) -> String {
        let day = |at: UnixMillis| {
            let second = at.0.div_euclid(1000) + i64::from(utc_offset_seconds(at, self.zone));
            second.div_euclid(DAY_MILLIS / 1000)
        };
        if day(at) == day(self.now) {
            return self.clock(at);
        }
        let date = jiff::Timestamp::from_millisecond(at.0)
            .map(|at| self.zone.to_datetime(at).date().to_string())
            .unwrap_or_default();
        format!("{date} {}", self.clock(at))
    }

    fn clock(&self, at: UnixMillis) -> String {
        time_of_day(at, utc_offset_seconds(at, self.zone), false)
    }
}

/// Writes `template` with what `value` writes in the place of `{}`.
fn fill(html: &mut Html, template: &str, value: impl FnOnce(&mut Html)) {
    let (before, after) = template.split_once("{}").unwrap_or((template, ""));
    html.text(before);
    value(html);
    html.text(after);
}

/// What somebody is called by, of the name that they gave.
fn first_name(name: &str) -> Option<String> {
    let first: String = name.split_whitespace().next()?.chars().take(NAME).collect();
    Some(first)
}

#[cfg(test)]
mod tests;
