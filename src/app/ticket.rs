//! One order: what it is, how it stands, what can be done with it.
//!
//! What a button does is not told here but by its `data-act`; see
//! [`press`](super::press).

use leptos::prelude::*;
use web_sys::Element;

use super::{Ui, html::Html, text};
use crate::{
    domain::{
        Ageing, FoodOrder, ItemStatus, ModifierKind, OrderId, OrderItem, OrderStatus, Promises,
        Service, Station, UnixMillis,
    },
    live::{Action, Mark, Row, Ticket},
};

/// What a ticket's head says at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    OnTime,
    Warn,
    Late,
    Ready,
    Out,
    Cancelled,
}

impl Face {
    fn of(order: &FoodOrder, promises: &Promises, now: UnixMillis) -> Self {
        match order.status {
            OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing => {
                match promises.ageing(order, now) {
                    Ageing::OnTime => Self::OnTime,
                    Ageing::Warn => Self::Warn,
                    Ageing::Late => Self::Late,
                }
            }
            OrderStatus::Ready => Self::Ready,
            OrderStatus::OutForDelivery | OrderStatus::Completed => Self::Out,
            _ => Self::Cancelled,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::OnTime => "ticket is-on-time",
            Self::Warn => "ticket is-warn",
            Self::Late => "ticket is-late",
            Self::Ready => "ticket is-ready is-made",
            Self::Out => "ticket is-out is-made",
            Self::Cancelled => "ticket is-cancelled is-made",
        }
    }

    /// The word beside the digits: colour is never alone.
    fn word(self) -> &'static str {
        match self {
            Self::OnTime => "",
            Self::Warn => "Left",
            Self::Late => "Late",
            Self::Ready => "Ready",
            Self::Out => "Out",
            Self::Cancelled => "Off",
        }
    }

    fn digits(self, order: &FoodOrder, promises: &Promises, now: UnixMillis) -> String {
        let times = &order.times;
        let since = match self {
            Self::OnTime => None,
            Self::Warn => return text::span(promises.promised_at(order).since(now)),
            Self::Late => {
                let mut late = text::span(now.since(promises.promised_at(order)));
                late.insert(0, '+');
                return late;
            }
            Self::Ready => times.ready_at,
            Self::Out => times.out_for_delivery_at,
            Self::Cancelled => times.closed_at,
        };
        text::span(now.since(since.unwrap_or(times.placed_at)))
    }
}

/// The parts of a ticket that change, and how a browser finds them in it.
const PARTS: [&str; 7] =
    [".timer > b", ".digits", ".spoken", ".title", ".about", ".elsewhere", "footer"];
/// How many of [`PARTS`] change with the time: the first ones, all of them text.
const TIMED: usize = 3;

/// What a ticket says.
struct Says {
    /// Its class, and then the parts that change with the time.
    timed: [String; 1 + TIMED],
    /// The other parts, as markup.
    lasting: [Html; PARTS.len() - TIMED],
    /// The lines of the order.
    lines: Vec<Line>,
}

/// One line of the order: a button, and what changes when it is ticked.
#[derive(PartialEq, Eq)]
struct Line {
    class: &'static str,
    pressed: &'static str,
    rest: Html,
}

impl Line {
    fn write(&self, html: &mut Html) {
        html.raw("<button type=\"button\" class=\"").raw(self.class);
        html.raw("\" aria-pressed=\"").raw(self.pressed).raw("\"").html(&self.rest);
    }

    /// Brings `item` into line, where `before` stands.
    fn show(&self, before: &Self, item: &Element) {
        let button = item.first_element_child().filter(|_| self.rest == before.rest);
        if let Some(button) = button {
            // The same button, which keeps the keyboard.
            button.set_class_name(self.class);
            let _ = button.set_attribute("aria-pressed", self.pressed);
        } else {
            let mut html = Html::default();
            self.write(&mut html);
            item.set_inner_html(html.as_str());
        }
    }
}

impl Says {
    fn of(ui: Ui, ticket: &Ticket, now: UnixMillis) -> Self {
        let order = &ticket.order;
        Self {
            timed: timed(ui, ticket, now),
            lasting: [title(order), about(ui, ticket), elsewhere(ui, order), foot(ticket)],
            lines: lines(ui, ticket),
        }
    }

    fn write(&self, html: &mut Html, id: OrderId) {
        let [class, word, digits, spoken] = &self.timed;
        let [title, about, elsewhere, foot] = &self.lasting;
        let id = &id.to_string();
        html.raw("<li class=\"").text(class).raw("\" data-order=\"").text(id);
        html.raw("\"><article aria-labelledby=\"order-").text(id);
        html.raw("\"><header class=\"head\"><h3 id=\"order-").text(id);
        html.raw("\"><span class=\"title\">").html(title);
        html.raw("</span><span class=\"unseen spoken\">").text(spoken);
        html.raw("</span></h3><span class=\"timer\" aria-hidden=\"true\"><b>").text(word);
        html.raw("</b><span class=\"digits\">").text(digits).raw("</span></span></header>");
        html.raw("<div class=\"details\"><div class=\"about\">").html(about).raw("</div>");
        html.raw("<ul class=\"items\" aria-label=\"Items\">").html(&listed(&self.lines));
        html.raw("</ul><div class=\"elsewhere\">").html(elsewhere).raw("</div></div><footer>");
        html.html(foot).raw("</footer></article></li>");
    }
}

fn timed(ui: Ui, Ticket { order, mark }: &Ticket, now: UnixMillis) -> [String; 1 + TIMED] {
    let face = Face::of(order, &ui.promises, now);
    let mut class = face.class().to_owned();
    for (on, name) in [
        (mark.fresh_until.is_some(), " is-new"),
        (mark.pending.is_some(), " is-pending"),
        (mark.refused.is_some(), " is-refused"),
    ] {
        class.push_str(if on { name } else { "" });
    }
    // Read out by the minute, not by the second.
    let minutes = now.since(order.times.placed_at).max(0) / 60_000;
    let mut spoken = String::from(", ");
    spoken.push_str(&text::count(minutes.unsigned_abs(), "minute"));
    spoken.push_str(if face == Face::Late { ", late" } else { "" });
    [class, face.word().to_owned(), face.digits(order, &ui.promises, now), spoken]
}

/// Writes the ticket of one order as it stands now.
pub fn ticket(html: &mut Html, ui: Ui, row: &Row) {
    let now = ui.live.now.get_untracked();
    row.ticket.with_untracked(|ticket| Says::of(ui, ticket, now)).write(html, row.id);
}

/// A ticket on the page, which the browser keeps up to date part by part.
pub struct Drawn {
    item: Element,
    parts: [Option<Element>; PARTS.len()],
    list: Option<Element>,
    /// What stands on the page.
    says: Says,
}

impl Drawn {
    /// Takes over `item`, which [`ticket`] wrote at `now`.
    #[must_use]
    pub fn take_over(ui: Ui, item: Element, ticket: &Ticket, now: UnixMillis) -> Self {
        Self::of(item, Says::of(ui, ticket, now))
    }

    /// A ticket that the page does not have yet.
    #[must_use]
    pub fn make(ui: Ui, id: OrderId, ticket: &Ticket, now: UnixMillis) -> Option<Self> {
        let holder = document().create_element("ul").ok()?;
        let (says, mut html) = (Says::of(ui, ticket, now), Html::default());
        says.write(&mut html, id);
        holder.set_inner_html(html.as_str());
        Some(Self::of(holder.first_element_child()?, says))
    }

    fn of(item: Element, says: Says) -> Self {
        let part = |part| item.query_selector(part).ok().flatten();
        Self { parts: PARTS.map(part), list: part(".items"), item, says }
    }

    /// Where it is on the page.
    #[must_use]
    pub fn item(&self) -> &Element {
        &self.item
    }

    /// Shows `ticket` as it stands.
    pub fn show(&mut self, ui: Ui, ticket: &Ticket, now: UnixMillis) {
        self.show_time(ui, ticket, now);
        let Says { lasting, lines, .. } = Says::of(ui, ticket, now);
        let parts = self.parts.iter().skip(TIMED);
        for ((part, said), says) in parts.zip(&mut self.says.lasting).zip(lasting) {
            if let Some(part) = part.as_ref().filter(|_| *said != says) {
                part.set_inner_html(says.as_str());
                *said = says;
            }
        }
        let Some(list) = &self.list else { return };
        let changed = self.says.lines.iter().zip(&lines).filter(|(said, says)| said != says);
        // One line that is ticked, or all of them when the order is made.
        if self.says.lines.len() != lines.len() || changed.count() > 2 {
            list.set_inner_html(listed(&lines).as_str());
        } else {
            let mut next = list.first_element_child();
            for (said, says) in self.says.lines.iter().zip(&lines) {
                let Some(line) = next else { break };
                if said != says {
                    says.show(said, &line);
                }
                next = line.next_element_sibling();
            }
        }
        self.says.lines = lines;
    }

    /// Shows what changes with the time.
    pub fn show_time(&mut self, ui: Ui, ticket: &Ticket, now: UnixMillis) {
        let says = timed(ui, ticket, now);
        let parts = std::iter::once(None).chain(self.parts.iter().map(Option::as_ref));
        for ((part, said), says) in parts.zip(&mut self.says.timed).zip(says) {
            if *said == says {
                continue;
            }
            match part.map(|part| (part, part.first_child())) {
                None => self.item.set_class_name(&says),
                // The text alone, once a second: its element stays as it is.
                Some((_, Some(text))) => text.set_node_value(Some(&says)),
                Some((part, None)) => part.set_text_content(Some(&says)),
            }
            *said = says;
        }
    }
}

fn title(order: &FoodOrder) -> Html {
    let mut html = Html::default();
    html.raw("<span class=\"unseen\">Order </span><span class=\"number\">");
    html.number(order.number.0).raw("</span> <span class=\"service\">");
    html.icon(order.fulfilment.service.as_str()).raw("<span>");
    match (&order.fulfilment.table, order.fulfilment.service) {
        (Some(table), Service::DineIn) => html.raw("Table <bdi>").text(table).raw("</bdi>"),
        (_, service) => html.raw(text::service(service)),
    };
    html.raw("</span></span>");
    html
}

/// Between head and items.
fn about(ui: Ui, ticket: &Ticket) -> Html {
    let Ticket { order, mark } = ticket;
    let mut html = Html::default();
    html.raw("<div class=\"meta\">");
    if !order.customer.name.is_empty() {
        html.raw("<bdi class=\"who\">").text(&order.customer.name).raw("</bdi> ");
    }
    html.raw("<bdi>").text(order.source.channel.as_str()).raw("</bdi>");
    if let Some(at) = order.times.due_at {
        html.raw(" <span class=\"due\">due ").text(&ui.time_of_day(at, false)).raw("</span>");
    }
    badges(&mut html, order, mark);
    html.raw("</div>");
    let allergens = order.allergens().join(", ");
    if !allergens.is_empty() {
        html.raw("<p class=\"allergens\">").icon("warning").raw("<b>Allergy</b> <bdi>");
        html.text(&allergens).raw("</bdi></p>");
    }
    html
}

/// The lines that the page shows of the order.
fn lines(ui: Ui, Ticket { order, mark }: &Ticket) -> Vec<Line> {
    let open = matches!(
        order.status,
        OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing
    );
    let ticking = match mark.pending {
        Some(Action::Tick { item, .. }) => Some(item),
        _ => None,
    };
    ui.station.with_value(|station| {
        let here = |item: &&OrderItem| station.as_ref().is_none_or(|it| item.station == *it);
        let items = order.items.iter().filter(here);
        items.map(|item| line(item, open, ticking == Some(item.id), station.is_none())).collect()
    })
}

/// `lines` as the items of a list.
fn listed(lines: &[Line]) -> Html {
    let mut html = Html::default();
    for line in lines {
        html.raw("<li>");
        line.write(&mut html);
        html.raw("</li>");
    }
    html
}

/// How the order stands at the stations that the page does not show.
fn elsewhere(ui: Ui, order: &FoodOrder) -> Html {
    let mut html = Html::default();
    ui.station.with_value(|station| {
        if let Some(station) = station {
            also(&mut html, order, station);
        }
    });
    html
}

fn badges(html: &mut Html, order: &FoodOrder, mark: &Mark) {
    let flags = &order.flags;
    let badges = [
        (mark.fresh_until.is_some(), "<li class=\"badge badge-new\">", "", "New"),
        (flags.rush, "<li class=\"badge badge-rush\">", "rush", "Rush"),
        (flags.changed, "<li class=\"badge\">", "", "Changed"),
        (flags.recalled, "<li class=\"badge\">", "back", "Recalled"),
        (flags.held, "<li class=\"badge\">", "pause", "Held"),
    ];
    if badges.iter().all(|(shown, ..)| !shown) {
        return;
    }
    html.raw("<ul class=\"badges\" aria-label=\"Marks\">");
    for (shown, begin, icon, word) in badges {
        if shown {
            html.raw(begin);
            if !icon.is_empty() {
                html.icon(icon);
            }
            html.raw(word).raw("</li>");
        }
    }
    html.raw("</ul>");
}

/// One line of the order.
fn line(item: &OrderItem, open: bool, ticking: bool, with_station: bool) -> Line {
    let mut html = Html::default();
    let (class, pressed, word) = match (item.status, ticking) {
        (ItemStatus::Void, _) => ("item is-void", "false", "Void"),
        (ItemStatus::Done, false) => ("item is-done", "true", ""),
        (ItemStatus::Done, true) => ("item is-done is-ticking", "true", ""),
        (ItemStatus::Doing, false) => ("item is-doing", "false", "Started"),
        (ItemStatus::Doing, true) => ("item is-doing is-ticking", "false", "Started"),
        (ItemStatus::Todo, false) => ("item", "false", ""),
        (ItemStatus::Todo, true) => ("item is-ticking", "false", ""),
    };
    html.raw(" data-act=\"item-").number(item.id.0);
    html.raw(if open && item.status != ItemStatus::Void { "\"" } else { "\" disabled" });
    html.raw(if item.quantity > 1 {
        "><span class=\"qty is-many\">"
    } else {
        "><span class=\"qty\">"
    });
    html.number(item.quantity).raw("</span> <span class=\"what\"><bdi class=\"name\">");
    html.text(&item.name).raw("</bdi>");
    for modifier in &item.modifiers {
        html.raw(match modifier.kind {
            ModifierKind::No => "<span class=\"mod mod-no\"><b>NO</b> <bdi>",
            ModifierKind::Add => "<span class=\"mod\"><b>ADD</b> <bdi>",
            ModifierKind::Extra => "<span class=\"mod\"><b>EXTRA</b> <bdi>",
            ModifierKind::Sub => "<span class=\"mod\"><b>SUB</b> <bdi>",
        });
        html.text(&modifier.name).raw("</bdi>");
        if modifier.quantity > 1 {
            html.raw(" ×").number(modifier.quantity);
        }
        html.raw("</span>");
    }
    if let Some(note) = &item.note {
        html.raw("<q class=\"note\" dir=\"auto\">").text(note).raw("</q>");
    }
    html.raw("</span><span class=\"aside\">");
    if !word.is_empty() {
        html.raw("<b class=\"state\">").raw(word).raw("</b>");
    }
    if with_station {
        html.raw("<bdi>").text(item.station.as_str()).raw("</bdi>");
    }
    html.raw("</span><span class=\"tick icon icon-check\" aria-hidden=\"true\"></span></button>");
    Line { class, pressed, rest: html }
}

/// How far the other stations are: "also: fry 1/2 · bar 0/1".
fn also(html: &mut Html, order: &FoodOrder, here: &Station) {
    let mut begin = "<p class=\"also\">also: <bdi>";
    let mut any = false;
    for station in order.stations() {
        let (mut lines, mut done) = (0, 0);
        for item in &order.items {
            if item.station == *station && item.status != ItemStatus::Void {
                lines += 1;
                done += u32::from(item.status == ItemStatus::Done);
            }
        }
        if station != here && lines > 0 {
            html.raw(begin).text(station.as_str()).raw("</bdi>");
            html.raw(" ").number(done).raw("/").number(lines);
            begin = " · <bdi>";
            any = true;
        }
    }
    if any {
        html.raw("</p>");
    }
}

/// What can be done with the order as it stands, and what could not be.
fn foot(Ticket { order, mark }: &Ticket) -> Html {
    let mut html = Html::default();
    let number = order.number.0;
    if let Some((_, failure)) = &mark.refused {
        html.raw("<div class=\"refused\"><p>").text(&failure.words).raw(
            "</p><button type=\"button\" class=\"button\" data-act=\"retry\">Retry</button> \
             <button type=\"button\" class=\"button\" data-act=\"dismiss\">Dismiss</button></div>",
        );
    }
    if !order.status.is_open() {
        html.raw("<div class=\"cancelled\"><p><b>Cancelled</b>");
        if let Some(why) = &order.last_change.reason {
            html.raw(" <bdi>").text(why).raw("</bdi>");
        }
        html.raw("</p><button type=\"button\" class=\"button\" data-act=\"seen\">Seen");
        of_order(&mut html, number);
        html.raw("</div>");
        return html;
    }
    let word = if order.status == OrderStatus::Placed { "Reject" } else { "Cancel" };
    html.raw("<div class=\"foot\"><button type=\"button\" class=\"button square\" data-act=\"cancel\" title=\"");
    html.raw(word).raw("\">").icon("close").raw("<span class=\"unseen\">").raw(word).raw("</span>");
    of_order(&mut html, number);
    if order.status == OrderStatus::Ready {
        html.raw("<button type=\"button\" class=\"button\" data-act=\"recall\">");
        html.icon("back").raw("Recall");
        of_order(&mut html, number);
    }
    if let Some(to) = order.status.next(order.fulfilment.service) {
        html.raw("<button type=\"button\" class=\"button bump\" data-act=\"bump\"");
        if mark.pending.is_some() {
            html.raw(" aria-disabled=\"true\">Saving…");
        } else {
            html.raw(">").raw(text::bump(to, order.fulfilment.service));
        }
        of_order(&mut html, number);
    }
    html.raw("</div>");
    html
}

/// Ends a button by saying, to those who cannot see where it is, of which order.
fn of_order(html: &mut Html, number: u32) {
    html.raw("<span class=\"unseen\"> order ").number(number).raw("</span></button>");
}
