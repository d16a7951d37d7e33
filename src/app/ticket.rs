//! One order: what it is, how it stands, what can be done with it.
//!
//! What a button does is not told here but by its `data-act`; see
//! [`press`](super::press).

use leptos::prelude::*;
use web_sys::Element;

use super::{
    Ui,
    html::Html,
    text, waiting,
    words::{Word, say, spoken},
};
use crate::{
    domain::{
        Ageing, FoodOrder, Fulfilment, ItemStatus, ModifierKind, OrderId, OrderItem, OrderStatus,
        Service, UnixMillis, change::Acknowledged, routing::Routing,
    },
    live::{
        Action, Mark, Row, Ticket,
        actions::Barred,
        part::{Part, Progress},
    },
};

/// How long before the end a channel that waits for an answer is warned of.
const ANSWER_WARN_MS: i64 = 60_000;

/// What a ticket's head says at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    /// Its channel waits for an answer; whether there is little time left.
    Answer {
        soon: bool,
    },
    OnTime,
    Warn,
    Late,
    /// Made here, and not everywhere.
    Done,
    Ready,
    Out,
    Cancelled,
}

impl Face {
    fn of(part: &Part, order: &FoodOrder, now: UnixMillis) -> Self {
        match order.status {
            OrderStatus::Placed if let Some(answer_by) = order.source.accept_by => {
                Self::Answer { soon: answer_by.since(now) <= ANSWER_WARN_MS }
            }
            _ if part.is_done(order) => Self::Done,
            OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing => {
                match order.ageing(now) {
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
            Self::Answer { soon: false } => "ticket is-answer",
            Self::Answer { soon: true } => "ticket is-answer is-warn",
            Self::OnTime => "ticket is-on-time",
            Self::Done => "ticket is-ready is-done-here is-made",
            Self::Warn => "ticket is-warn",
            Self::Late => "ticket is-late",
            Self::Ready => "ticket is-ready is-made",
            Self::Out => "ticket is-out is-made",
            Self::Cancelled => "ticket is-cancelled is-made",
        }
    }

    /// The word beside the digits: colour is never alone.
    fn word(self, ui: Ui) -> &'static str {
        match self {
            Self::Answer { .. } => ui.say(Word::AnswerIn),
            Self::Done => ui.say(Word::DoneHere),
            Self::OnTime => "",
            Self::Warn => ui.say(Word::TimeLeft),
            Self::Late => ui.say(Word::Late),
            Self::Ready => ui.say(Word::LaneReady),
            Self::Out => ui.say(Word::LaneOut),
            Self::Cancelled => ui.say(Word::Off),
        }
    }

    fn digits(self, order: &FoodOrder, now: UnixMillis) -> String {
        let times = &order.times;
        let promised = times.promised().unwrap_or(now);
        let since = match self {
            Self::OnTime | Self::Done => None,
            Self::Answer { .. } => {
                return text::span(order.source.accept_by.unwrap_or(now).since(now));
            }
            Self::Warn => {
                let mut left = text::span(promised.since(now));
                left.insert(0, '−');
                return left;
            }
            Self::Late => {
                let mut late = text::span(now.since(promised));
                late.insert(0, '+');
                return late;
            }
            Self::Ready => times.ready_at,
            Self::Out => times.out_for_delivery_at,
            Self::Cancelled => times.closed_at,
        };
        text::span(now.since(since.unwrap_or(times.sent_at())))
    }
}

/// The parts of a ticket that change, and how a browser finds them in it.
const PARTS: [&str; 8] =
    [".timer > b", ".digits", ".spoken", ".here", ".title", ".about", ".elsewhere", "footer"];
/// How many of [`PARTS`] change with the time: the first ones, all of them text.
const TIMED: usize = 4;

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
    /// What stands above it, where it begins another round.
    round: Html,
    class: String,
    pressed: &'static str,
    rest: Html,
}

impl Line {
    fn write(&self, html: &mut Html) {
        html.html(&self.round).raw("<button type=\"button\" class=\"").text(&self.class);
        html.raw("\" aria-pressed=\"").raw(self.pressed).raw("\"").html(&self.rest);
    }

    /// Brings `item` into line, where `before` stands.
    fn show(&self, before: &Self, item: &Element) {
        let same = self.rest == before.rest && self.round == before.round;
        let button = item.last_element_child().filter(|_| same);
        if let Some(button) = button {
            // The same button, which keeps the keyboard.
            button.set_class_name(&self.class);
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
            lasting: [title(order), about(ui, ticket), elsewhere(ui, order), foot(ui, ticket)],
            lines: lines(ui, ticket),
        }
    }

    fn write(&self, html: &mut Html, id: OrderId) {
        let [class, word, digits, spoken, here] = &self.timed;
        let [title, about, elsewhere, foot] = &self.lasting;
        let id = &id.to_string();
        html.raw("<li class=\"").text(class).raw("\" data-order=\"").text(id);
        html.raw("\"><article aria-labelledby=\"order-").text(id);
        // All of the head opens the details; for a keyboard, what it is called does.
        html.raw("\"><header class=\"head\" data-act=\"details\"><h3 id=\"order-").text(id);
        html.raw("\"><button type=\"button\" class=\"open\" data-act=\"details\"");
        html.raw(" aria-haspopup=\"dialog\"><span class=\"title\">").html(title);
        html.raw("</span><span class=\"unseen spoken\">").text(spoken);
        html.raw("</span></button></h3><span class=\"timer\" aria-hidden=\"true\"><b>").text(word);
        html.raw("</b><span class=\"digits\">").text(digits).raw("</span></span></header>");
        html.raw("<div class=\"details\"><p class=\"badge badge-new here\">").text(here);
        html.raw("</p><div class=\"about\">").html(about).raw("</div>");
        html.raw("<ul class=\"items\" aria-label=\"").raw(say(Word::Items));
        html.raw("\">").html(&listed(&self.lines));
        html.raw("</ul><div class=\"elsewhere\">").html(elsewhere).raw("</div></div><footer>");
        html.html(foot).raw("</footer></article></li>");
    }
}

fn timed(ui: Ui, Ticket { order, mark }: &Ticket, now: UnixMillis) -> [String; 1 + TIMED] {
    let face = ui.live.read(|board| Face::of(board.part(), order, now));
    let mut class = face.class().to_owned();
    for (on, name) in [
        (mark.fresh_until.is_some(), " is-new"),
        (mark.pending.is_some(), " is-pending"),
        (mark.refused.is_some(), " is-refused"),
    ] {
        class.push_str(if on { name } else { "" });
    }
    // Read out by the minute, not by the second.
    let minutes = now.since(order.times.sent_at()).max(0) / 60_000;
    let mut spoken = String::from(", ");
    spoken.push_str(&ui.words.count(Word::Minutes, minutes.unsigned_abs()));
    if face == Face::Late {
        spoken.push_str(", ");
        spoken.push_str(say(Word::Late));
    }
    if let Face::Answer { .. } = face {
        spoken.push_str(", ");
        spoken.push_str(face.word(ui));
    }
    let mut here = String::new();
    if let Some(since) = order.here_since() {
        here.push_str(say(Word::Here));
        here.push(' ');
        here.push_str(&text::span(now.since(since)));
    }
    [class, face.word(ui).to_owned(), face.digits(order, now), spoken, here]
}

/// Writes the ticket of one order as it stands now.
pub fn ticket(html: &mut Html, ui: Ui, row: &Row) {
    let now = ui.live.now.get_untracked();
    row.ticket.with_untracked(|ticket| Says::of(ui, ticket, now)).write(html, row.id);
}

/// Writes the ticket of an order that is not placed yet, as it would stand there:
/// without a number, and with nothing to press.
#[cfg(feature = "ssr")]
pub fn preview(html: &mut Html, order: &FoodOrder, utc_offset_s: i32) {
    html.raw("<div class=\"ticket is-on-time\"><header class=\"head\"><h3><span class=\"title\">");
    html.html(&titled("–", &order.fulfilment)).raw("</span></h3><span class=\"timer\" ");
    html.raw("aria-hidden=\"true\"><span class=\"digits\">").text(&text::span(0));
    html.raw("</span></span></header><div class=\"details\"><div class=\"about\">");
    let due = order.times.due_at.map(|at| text::time_of_day(at, utc_offset_s, false));
    meta(html, order, &Mark::default(), due);
    let allergens = order.allergens().join(", ");
    if !allergens.is_empty() {
        html.raw("<p class=\"allergens\">");
        allergy(html, &allergens);
        html.raw("</p>");
    }
    let lines: Vec<Line> = order.items.iter().map(|it| line(it, false, false, true)).collect();
    html.raw("</div><ul class=\"items\" aria-label=\"").raw(say(Word::Items)).raw("\">");
    html.html(&listed(&lines)).raw("</ul></div></div>");
}

/// A ticket on the page, which the browser keeps up to date part by part.
pub struct Drawn {
    ui: Ui,
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
        Self::of(ui, item, Says::of(ui, ticket, now))
    }

    /// A ticket that the page does not have yet.
    #[must_use]
    pub fn make(ui: Ui, id: OrderId, ticket: &Ticket, now: UnixMillis) -> Option<Self> {
        let holder = document().create_element("ul").ok()?;
        let (says, mut html) = (Says::of(ui, ticket, now), Html::default());
        says.write(&mut html, id);
        holder.set_inner_html(html.as_str());
        Some(Self::of(ui, holder.first_element_child()?, says))
    }

    fn of(ui: Ui, item: Element, says: Says) -> Self {
        let part = |part| item.query_selector(part).ok().flatten();
        Self { parts: PARTS.map(part), list: part(".items"), ui, item, says }
    }

    /// Where it is on the page.
    #[must_use]
    pub fn item(&self) -> &Element {
        &self.item
    }

    /// Shows `ticket` as it stands.
    pub fn show(&mut self, ui: Ui, ticket: &Ticket, now: UnixMillis) {
        self.show_time(ticket, now);
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
    pub fn show_time(&mut self, ticket: &Ticket, now: UnixMillis) {
        let says = timed(self.ui, ticket, now);
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
    titled(&order.number.to_string(), &order.fulfilment)
}

fn titled(number: &str, fulfilment: &Fulfilment) -> Html {
    let mut html = Html::default();
    html.raw("<span class=\"unseen\">")
        .raw(say(Word::OrderWord))
        .raw(" </span><span class=\"number\">");
    html.text(number).raw("</span> <span class=\"service\">");
    html.icon(fulfilment.service.as_str()).raw("<span>");
    match (&fulfilment.table, fulfilment.service) {
        (Some(table), Service::DineIn) => {
            html.raw(say(Word::Table)).raw(" <bdi>").text(table).raw("</bdi>")
        }
        (_, service) => html.raw(text::service(service)),
    };
    html.raw("</span></span>");
    html
}

/// Between head and items.
fn about(ui: Ui, ticket: &Ticket) -> Html {
    let Ticket { order, mark } = ticket;
    let mut html = Html::default();
    meta(&mut html, order, mark, order.times.due_at.map(|at| ui.time_of_day(at, false)));
    allergens(&mut html, ui, ticket);
    if order.status.is_open() && ui.live.read(|board| board.part().has_change(order)) {
        let saving = matches!(&mark.pending, Some(Action::Know { of: Acknowledged::Change, .. }));
        html.raw("<button type=\"button\" class=\"changed\" data-act=\"changed\"");
        html.raw(if saving { " aria-disabled=\"true\"><b>" } else { "><b>" });
        html.text(ui.say(Word::ChangedMark)).raw("</b><span>");
        html.text(if saving { "…" } else { ui.say(Word::GotIt) });
        of_order(html.raw("</span>"), order.number.0);
    }
    html
}

/// Whose it is, from where, for when, and its marks.
fn meta(html: &mut Html, order: &FoodOrder, mark: &Mark, due: Option<String>) {
    html.raw("<div class=\"meta\">");
    if !order.customer.name.is_empty() {
        html.raw("<bdi class=\"who\">").text(&order.customer.name).raw("</bdi> ");
    }
    html.raw("<bdi>").text(order.source.channel.as_str()).raw("</bdi>");
    if let Some(at) = due {
        let due = spoken().with(Word::DueBy, &at);
        html.raw(" <span class=\"due\">").text(&due).raw("</span>");
    }
    badges(html, order, mark);
    html.raw("</div>");
}

/// What somebody is allergic to, in a strip that cannot be overlooked; where the
/// screen asks for it, to be pressed by whoever has seen it.
fn allergens(html: &mut Html, ui: Ui, ticket: &Ticket) {
    let Ticket { order, mark } = ticket;
    let allergens = order.allergens().join(", ");
    if allergens.is_empty() {
        return;
    }
    let asks = order.status.is_open() && ui.live.is_careful() && !order.flags.allergens_seen;
    html.raw(if asks {
        "<button type=\"button\" class=\"allergens\" data-act=\"allergens\">"
    } else {
        "<p class=\"allergens\">"
    });
    allergy(html, &allergens);
    if asks {
        let saving =
            matches!(&mark.pending, Some(Action::Know { of: Acknowledged::Allergens, .. }));
        html.raw("<span class=\"ask\">");
        html.text(if saving { "…" } else { ui.say(Word::TapWhenSeen) });
        of_order(html.raw("</span>"), order.number.0);
        return;
    }
    if order.flags.allergens_seen {
        html.raw("<span class=\"ask\">").icon("check").text(ui.say(Word::AllergensSeen));
        html.raw("</span>");
    }
    html.raw("</p>");
}

fn allergy(html: &mut Html, allergens: &str) {
    html.icon("warning").raw("<b>").text(say(Word::Allergy)).raw("</b> <bdi>");
    html.text(allergens).raw("</bdi>");
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
    let waits = |item: &OrderItem| mark.waiting.as_ref().is_some_and(|it| it.has(item.id));
    ui.live.read(|board| {
        let part = board.part();
        let mut stations = part.items(order).map(|item| &item.station);
        let first = stations.next();
        let with_station = part.is_whole() || stations.any(|station| Some(station) != first);
        let mut added_at = None;
        let mut lines = Vec::new();
        for item in part.items(order) {
            let mut here = line(item, open, ticking == Some(item.id) || waits(item), with_station);
            if let Some(at) = item.added_at.filter(|at| added_at != Some(*at)) {
                let at = ui.words.with(Word::AddedAt, &ui.time_of_day(at, false));
                here.round.raw("<p class=\"round\"><span>").text(&at).raw("</span></p>");
            }
            added_at = item.added_at;
            lines.push(here);
        }
        lines
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

/// How the order stands at the stations that the page does not show, "also: fry
/// 1/2 · bar 0/1", or where it shows them all at each.
fn elsewhere(ui: Ui, order: &FoodOrder) -> Html {
    let mut html = Html::default();
    let open = matches!(
        order.status,
        OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing
    );
    ui.live.read(|board| {
        let part = board.part();
        let stations = order.stations();
        let others = stations.iter().filter(|it| !part.stations().contains(it));
        let mut any = false;
        for station in others.filter(|_| !part.is_whole() || (open && stations.len() > 1)) {
            let items = order.items.iter().filter(|item| item.station == **station);
            let progress = Progress::of(items);
            if progress.lines == 0 {
                continue;
            }
            if any {
                html.raw(" · ");
            } else if part.is_whole() {
                html.raw("<p class=\"also\">");
            } else {
                html.raw("<p class=\"also\">").text(ui.say(Word::Also)).raw(" ");
            }
            any = true;
            html.raw(if progress.is_done() { "<span class=\"is-done\">" } else { "<span>" });
            html.raw("<bdi>").text(station.as_str()).raw("</bdi> ").number(progress.done);
            html.raw("/").number(progress.lines).raw("</span>");
        }
        html.raw(if any { "</p>" } else { "" });
        let made = open && part.is_whole() && Progress::of(order.items.iter()).is_done();
        if made {
            html.raw("<p class=\"all-done\">").text(ui.say(Word::AllDone)).icon("check");
            html.raw("</p>");
        }
    });
    html
}

fn badges(html: &mut Html, order: &FoodOrder, mark: &Mark) {
    let flags = &order.flags;
    let badges = [
        (order.is_test(), "<li class=\"badge badge-test\">", "warning", Word::TestMark),
        (mark.came_while_away, "<li class=\"badge\">", "", Word::CameWhileAway),
        (mark.fresh_until.is_some(), "<li class=\"badge badge-new\">", "", Word::BadgeNew),
        (flags.rush, "<li class=\"badge badge-rush\">", "rush", Word::Rush),
        (flags.recalled, "<li class=\"badge\">", "back", Word::Recalled),
        (flags.held, "<li class=\"badge badge-held\">", "pause", Word::Held),
    ];
    let delay = order.arrived_late_by();
    if badges.iter().all(|(shown, ..)| !shown) && delay.is_none() {
        return;
    }
    html.raw("<ul class=\"badges\" aria-label=\"").raw(say(Word::Marks)).raw("\">");
    for (shown, begin, icon, word) in badges {
        if shown {
            html.raw(begin);
            if !icon.is_empty() {
                html.icon(icon);
            }
            html.raw(say(word)).raw("</li>");
        }
    }
    if let Some(delay) = delay {
        let says = spoken().with(Word::ArrivedLate, &text::span(delay));
        let says = says.replacen("[]", order.source.channel.as_str(), 1);
        html.raw("<li class=\"badge badge-delay\">").text(&says).raw("</li>");
    }
    html.raw("</ul>");
}

/// One line of the order.
fn line(item: &OrderItem, open: bool, ticking: bool, with_station: bool) -> Line {
    let mut html = Html::default();
    let (class, pressed, word) = match item.status {
        ItemStatus::Void if item.quantity_before.is_some() => {
            ("item is-void is-removed", "false", say(Word::Removed))
        }
        ItemStatus::Void => ("item is-void", "false", say(Word::Void)),
        _ if item.quantity_before == Some(0) => ("item is-added", "false", say(Word::Added)),
        ItemStatus::Done => ("item is-done", "true", ""),
        ItemStatus::Doing => ("item is-doing", "false", say(Word::Started)),
        ItemStatus::Todo => ("item", "false", ""),
    };
    html.raw(" data-act=\"item-").number(item.id.0);
    html.raw(if open && item.status != ItemStatus::Void { "\"" } else { "\" disabled" });
    let before =
        item.quantity_before.filter(|before| *before > 0 && item.status != ItemStatus::Void);
    html.raw("><span class=\"qty");
    html.raw(if item.quantity > 1 { " is-many" } else { "" });
    html.raw(if before.is_some() { " is-was\">" } else { "\">" });
    if let Some(before) = before {
        html.raw("<s>").number(before).raw("</s>→");
    }
    html.number(item.quantity).raw("</span> <span class=\"what\"><bdi class=\"name\">");
    html.text(&item.name).raw("</bdi>");
    for modifier in &item.modifiers {
        html.raw(if modifier.kind == ModifierKind::No {
            "<span class=\"mod mod-no\"><b>"
        } else {
            "<span class=\"mod\"><b>"
        });
        html.raw(say(match modifier.kind {
            ModifierKind::No => Word::No,
            ModifierKind::Add => Word::Add,
            ModifierKind::Extra => Word::Extra,
            ModifierKind::Sub => Word::Sub,
        }));
        html.raw("</b> <bdi>").text(&modifier.name).raw("</bdi>");
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
        html.raw("<b class=\"state\">").text(word).raw("</b>");
    }
    if item.station.as_str() == Routing::UNROUTED {
        html.raw("<b class=\"unrouted\">").icon("warning").text(say(Word::NoStation));
        html.raw("</b>");
    } else if with_station {
        html.raw("<bdi>").text(item.station.as_str()).raw("</bdi>");
    }
    html.raw("</span><span class=\"tick icon icon-check\" aria-hidden=\"true\"></span></button>");
    let mut class = class.to_owned();
    class.push_str(if before.is_some() { " is-changed" } else { "" });
    class.push_str(if ticking { " is-ticking" } else { "" });
    Line { round: Html::default(), class, pressed, rest: html }
}

/// What can be done with the order as it stands, and what could not be.
fn foot(ui: Ui, ticket: &Ticket) -> Html {
    let Ticket { order, mark } = ticket;
    let mut html = Html::default();
    let number = order.number.0;
    // What waits is as good as done to whoever goes on working.
    let wanted = ticket.as_wanted();
    waiting::waiting(&mut html, ticket);
    if let Some((_, failure)) = &mark.refused {
        html.raw("<div class=\"refused\"><p>").text(&failure.words);
        html.raw("</p><button type=\"button\" class=\"button\" data-act=\"retry\">");
        html.raw(say(Word::Retry)).raw("</button> ");
        html.raw("<button type=\"button\" class=\"button\" data-act=\"dismiss\">");
        html.raw(say(Word::Dismiss)).raw("</button></div>");
    }
    if !order.status.is_open() {
        html.raw("<div class=\"cancelled\"><p><b>").text(ui.say(Word::CancelledBar)).raw("</b>");
        if let Some(why) = &order.last_change.reason {
            html.raw(" <bdi>").text(text::reason(ui.words, why)).raw("</bdi>");
        }
        html.raw("</p><button type=\"button\" class=\"button\" data-act=\"seen\">");
        html.text(if mark.pending.is_some() { "…" } else { ui.say(Word::GotIt) });
        of_order(&mut html, number);
        html.raw("</div>");
        return html;
    }
    let (whole, bump, recall) = ui.live.read(|board| {
        let part = board.part();
        (part.is_whole(), part.bump(&wanted), part.recall(&wanted))
    });
    html.raw("<div class=\"foot\">");
    // A cook calls nothing off by a slip of the hand: that is in the details.
    if whole {
        let placed = wanted.status == OrderStatus::Placed;
        let word = say(if placed { Word::Reject } else { Word::Cancel });
        html.raw("<button type=\"button\" class=\"button square\" data-act=\"cancel\" title=\"");
        html.raw(word).raw("\">").icon("close");
        html.raw("<span class=\"unseen\">").raw(word).raw("</span>");
        of_order(&mut html, number);
    }
    if recall.is_some() {
        html.raw("<button type=\"button\" class=\"button\" data-act=\"recall\"");
        html.raw(if mark.pending.is_some() { " aria-disabled=\"true\">" } else { ">" });
        html.icon("back").raw(say(Word::Recall));
        of_order(&mut html, number);
    }
    if let Some(bump) = bump {
        let barred = ui.live.barred(ticket);
        html.raw("<button type=\"button\" class=\"button bump");
        html.raw(if barred.is_some() { " is-barred\"" } else { "\"" });
        html.raw(" data-act=\"bump\"");
        if mark.pending.is_some() {
            html.raw(" aria-disabled=\"true\">").raw(say(Word::Saving));
        } else {
            let service = order.fulfilment.service;
            html.raw(">").text(match (barred, bump) {
                (Some(Barred::Allergens), _) => ui.say(Word::AllergensFirst),
                (Some(Barred::Held), _) => ui.say(Word::HeldAnyway),
                _ if mark.anyway => ui.say(Word::PressAgain),
                (None, Action::Go { to, .. }) => text::bump(to, service),
                (None, Action::Stations { status: ItemStatus::Doing, .. }) => {
                    text::bump(OrderStatus::Preparing, service)
                }
                _ => ui.say(Word::DoneHere),
            });
        }
        of_order(&mut html, number);
    }
    html.raw("</div>");
    html
}

/// Ends a button by saying, to those who cannot see where it is, of which order.
fn of_order(html: &mut Html, number: u32) {
    html.raw("<span class=\"unseen\">").text(&spoken().with(Word::OfOrder, &number.to_string()));
    html.raw("</span></button>");
}
