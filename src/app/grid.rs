//! How tickets are laid out: in lanes, or in the grid's numbered slots, page by
//! page; and when the layout stands still. Where a ticket stands is decided in
//! [`slots`](crate::live::slots); [`pile`](super::pile) puts it there.
//!
//! The server draws the first page before it knows how many tickets have room:
//! too many, in the same rows and columns. What is too much lies below the end
//! of the list, out of sight, until the browser has counted.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent};

use super::{
    Ui,
    html::{Html, Spots, effect},
    text,
    ticket::ticket,
    words::Word,
};
use crate::{
    domain::{
        FoodOrder, Lane, OrderId, Version,
        screen::{Role, Sort, View},
    },
    live::{
        Row, Ticket,
        board_state::{Rank, Rest},
        later, listen,
        slots::{Fit, Hold, MOST, Seat, Slots, WIDEST},
        table::Table,
    },
    wire::BoardSettings,
};

/// The list of the grid's tickets.
pub const SLOTS_ID: &str = "slots";
/// Tickets on a page where the page itself is scrolled.
const ON_A_PHONE: usize = 12;
/// A row of slots may become this much lower than it should be, in percent,
/// where a screen wants more of them than have room.
const LOWEST: i32 = 55;
/// And this much, so that there are two.
const LOW: i32 = 82;

/// How tickets are laid out.
#[derive(Clone, Copy)]
pub struct Grid {
    /// In lanes or in slots.
    pub view: RwSignal<View>,
    /// Whether somebody has frozen the layout.
    pub frozen: RwSignal<bool>,
    /// How many changes of the layout wait.
    pub waiting: RwSignal<usize>,
    /// Whether the grid has no ticket.
    pub none: RwSignal<bool>,
    /// Tells that tickets are to be arranged anew.
    pub wake: Trigger,
    /// Tells that they have been.
    pub arranged: Trigger,
    /// The ticket that keys act on.
    pub selected: RwSignal<Option<OrderId>>,
    slots: StoredValue<Slots>,
    hold: StoredValue<Hold>,
    role: Role,
    sort: Sort,
    page_size: Option<usize>,
    /// As many slots are beside each other, as far as is known.
    columns: StoredValue<usize>,
    /// Tickets that were found to need more slots than reckoned, and how many.
    wider: StoredValue<Table<usize>>,
    /// How many slots each ticket was reckoned to need, and for which version.
    spans: StoredValue<Table<(Version, usize)>>,
    /// Whether it is known what has room. Before, the list places its tickets itself.
    measured: StoredValue<bool>,
}

impl Grid {
    /// The layout that the page begins with.
    #[must_use]
    pub fn new(settings: &BoardSettings) -> Self {
        let screen = settings.screen.as_ref();
        let columns = screen.map_or(WIDEST, |screen| screen.columns as usize);
        Self {
            view: RwSignal::new(settings.view),
            frozen: RwSignal::new(false),
            waiting: RwSignal::new(0),
            none: RwSignal::new(false),
            wake: Trigger::new(),
            arranged: Trigger::new(),
            selected: RwSignal::new(None),
            slots: StoredValue::new(Slots::default()),
            hold: StoredValue::new(Hold::default()),
            role: screen.map_or(Role::All, |screen| screen.role),
            sort: screen.map_or(Sort::Due, |screen| screen.sort),
            page_size: screen.and_then(|screen| screen.page_size).map(|size| size as usize),
            columns: StoredValue::new(columns),
            wider: StoredValue::new(Table::default()),
            spans: StoredValue::new(Table::default()),
            measured: StoredValue::new(false),
        }
    }

    /// Whether tickets stand in the grid's slots; follows that.
    #[must_use]
    pub fn is_on(self) -> bool {
        self.view.get() == View::Grid
    }

    /// The lanes whose tickets stand in the grid.
    fn lanes(self) -> &'static [Lane] {
        match self.role {
            Role::Prep => &[Lane::New, Lane::Preparing],
            Role::Expo => &[Lane::New, Lane::Preparing, Lane::Ready],
            Role::Dispatch => &[Lane::Ready, Lane::Out],
            Role::All => &Lane::ALL,
        }
    }

    /// Whether nothing may move at `now`. What waits is looked at again when it may.
    pub fn is_still(self, now: i64) -> bool {
        self.frozen.get_untracked() || self.hold.with_value(|hold| hold.until(now).is_some())
    }

    /// Has tickets arranged anew after `millis`.
    pub fn again(self, millis: i64) {
        later(u32::try_from(millis.clamp(20, 5_000)).unwrap_or(20), move || self.wake.notify());
    }

    /// Has tickets arranged anew as soon as nobody holds the board still.
    pub fn when_it_moves(self, now: i64) {
        if !self.frozen.get_untracked()
            && let Some(until) = self.hold.with_value(|hold| hold.until(now))
        {
            self.again(until - now);
        }
    }

    /// A key has selected something, or taken the selection away.
    pub fn choose(self, id: Option<OrderId>, now: i64) {
        self.hold.update_value(|hold| hold.choose(id.map(|_| now)));
        self.selected.set(id);
        self.wake.notify();
    }

    /// Whether it is known what has room.
    #[must_use]
    pub fn is_measured(self) -> bool {
        self.measured.get_value()
    }

    /// Nothing is about to be done with what is selected.
    pub fn release(self) {
        self.hold.update_value(|hold| hold.choose(None));
        self.wake.notify();
    }

    /// The tickets on the page, in the order of their slots.
    #[must_use]
    pub fn seats(self) -> Vec<Seat> {
        self.slots.with_value(Slots::seats)
    }

    /// The page, from 0, and how many there are.
    #[must_use]
    pub fn page(self) -> (usize, usize) {
        self.slots.with_value(Slots::page)
    }

    /// Shows `page`, or the last one.
    pub fn turn(self, page: usize) {
        self.slots.update_value(|slots| slots.turn(page));
        self.selected.set(None);
        self.wake.notify();
    }
}

/// Every ticket that the grid has, the most urgent first, and how wide it is.
fn wanted(ui: Ui) -> Vec<(OrderId, usize)> {
    let mut ranks: Vec<Rank> = Vec::new();
    ui.live.read(|board| {
        for lane in ui.grid.lanes() {
            let before = std::mem::take(&mut ranks);
            let mut before = before.into_iter().peekable();
            if ui.grid.sort == Sort::Age {
                ranks.extend(before);
                for rank in board.ranks(*lane) {
                    let rank = (rank.0, rank.2, rank.2, rank.3);
                    let place = ranks.partition_point(|other| *other < rank);
                    ranks.insert(place, rank);
                }
                continue;
            }
            // Each lane is in order.
            for rank in board.ranks(*lane) {
                while let Some(earlier) = before.next_if(|other| other < rank) {
                    ranks.push(earlier);
                }
                ranks.push(*rank);
            }
            ranks.extend(before);
        }
    });
    // Of five hundred tickets few have changed since they were asked last.
    let spans = ui.grid.spans.try_update_value(std::mem::take).unwrap_or_default();
    let mut now = Table::default();
    let wanted = ranks.into_iter().map(|(.., id)| {
        let span = ui.live.row(id).map_or(1, |row| {
            row.with_untracked(|Ticket { order, .. }| {
                let known = spans.get(id).filter(|(version, _)| *version == order.version);
                let span = known.map_or_else(|| span(ui, order), |(_, span)| *span);
                now.insert(id, (order.version, span));
                span
            })
        });
        let wider = ui.grid.wider.with_value(|wider| wider.get(id).copied().unwrap_or_default());
        (id, wider.max(span))
    });
    let wanted = wanted.collect();
    ui.grid.spans.set_value(now);
    wanted
}

/// How many slots `order` takes: reckoned and not measured, so that the server
/// comes to the same. In tenths of the size
/// of an item's text; the third slot is the last, however much there is.
fn span(ui: Ui, order: &FoodOrder) -> usize {
    const ONE: usize = 105;
    const TWO: usize = 210;
    let wraps = |text: &str, letters: usize| text.chars().count().saturating_sub(1) / letters * 12;
    let mut height = if order.allergens().is_empty() { 0 } else { 20 };
    ui.live.read(|board| {
        for item in board.part().items(order) {
            height += 22 + wraps(&item.name, 15);
            for modifier in &item.modifiers {
                height += 13 + wraps(&modifier.name, 14);
            }
            height += item.note.as_ref().map_or(0, |note| 13 + wraps(note, 18));
        }
    });
    1 + usize::from(height > ONE) + usize::from(height > TWO)
}

/// The grid's tickets as they are to stand now.
pub fn rows(ui: Ui, still: bool, now: i64) -> Vec<Row> {
    let (grid, wanted) = (ui.grid, wanted(ui));
    let told = grid.slots.try_update_value(|slots| {
        let settled = slots.take_in(&wanted, now, still);
        // What keys act on is followed to where it stands now.
        if let Some(id) = grid.selected.get_untracked().filter(|_| settled) {
            slots.turn_to(id);
        }
        (slots.waiting(&wanted), slots.due())
    });
    let (waiting, due) = told.unwrap_or_default();
    grid.waiting.maybe_update(|before| std::mem::replace(before, waiting) != waiting);
    grid.none.maybe_update(|none| std::mem::replace(none, wanted.is_empty()) != wanted.is_empty());
    if still && waiting > 0 {
        grid.when_it_moves(now);
    } else if let Some(due) = due {
        grid.again(due - now);
    }
    let row = |seat: Seat| Some(Row { id: seat.id, ticket: ui.live.row(seat.id)? });
    grid.seats().into_iter().filter_map(row).collect()
}

/// What of the grid, and of what stands still, follows signals.
pub fn spots(ui: Ui, spots: &mut Spots) {
    let grid = ui.grid;
    spots.class("pager", move || {
        grid.arranged.track();
        if grid.page().1 > 1 { "pager" } else { "pager is-away" }.to_owned()
    });
    spots.content("pager-of", move || {
        grid.arranged.track();
        let (page, pages) = grid.page();
        ui.words.with(Word::PageOf, &format!("{}/{pages}", page + 1))
    });
    spots.content("pager-more", move || more(ui));
    spots.content("pager-numbers", move || {
        // Told by the second: nobody reads it while it is out of sight.
        ui.live.local.track();
        grid.view.track();
        let mut html = Html::default();
        for (place, id) in hidden(ui).into_iter().enumerate() {
            let number = ui.live.row(id).map(|row| row.with_untracked(|it| it.order.number.0));
            html.raw(if place == 0 { "" } else { ", " }).number(number.unwrap_or_default());
        }
        html.done()
    });
    spots.class("freeze", move || {
        if grid.frozen.get() { "button freeze is-frozen" } else { "button freeze" }.to_owned()
    });
    spots.content("freeze", move || {
        let mut html = Html::default();
        html.icon("pause").raw("<span>");
        if grid.frozen.get() {
            html.text(ui.say(Word::Frozen));
            let waiting = grid.waiting.get() as u64;
            if waiting > 0 {
                html.raw(" · ").text(&ui.words.count(Word::ChangesWaiting, waiting));
            }
        } else {
            html.text(ui.say(Word::Freeze));
        }
        html.raw("</span>").done()
    });
}

/// The tickets that are on no page yet or on another one.
fn hidden(ui: Ui) -> Vec<OrderId> {
    ui.grid.slots.with_value(|slots| slots.hidden().collect())
}

/// How many tickets are on other pages, and how long the oldest of them has stood.
fn more(ui: Ui) -> String {
    ui.grid.arranged.track();
    let now = ui.live.now.get();
    let hidden = hidden(ui);
    let mut html = Html::default();
    if hidden.is_empty() {
        return html.done();
    }
    let Rest { oldest, late, .. } = ui.live.read(|board| board.rest_of(&hidden, now));
    html.raw(if late { "<span class=\"is-late\">" } else { "<span>" });
    html.text(&ui.words.count(Word::MoreTickets, hidden.len() as u64));
    if let Some(since) = oldest {
        html.raw(" (").text(&ui.words.with(Word::OldestStands, &text::span(now.since(since))));
        html.raw(")");
    }
    if late {
        html.raw(" <b>").text(ui.say(Word::LateThere)).raw("</b>");
    }
    html.raw("</span>").done()
}

/// The grid with its tickets, and the way to its other pages.
pub fn grid(html: &mut Html, spots: &mut Spots, ui: Ui) {
    html.raw("<section class=\"grid\" id=\"grid\" aria-labelledby=\"grid-title\">");
    html.raw("<h2 class=\"unseen\" id=\"grid-title\" tabindex=\"-1\">");
    html.text(ui.say(Word::Tickets)).raw("</h2><ul class=\"tickets slots\" id=\"slots\">");
    slots(html, ui, ui.grid.seats().into_iter().map(|seat| seat.id));
    html.raw("</ul>");
    let hidden = hidden(ui);
    if !hidden.is_empty() {
        // Whoever has no script cannot turn the page.
        html.raw("<noscript><ul class=\"tickets slots\">");
        slots(html, ui, hidden.into_iter());
        html.raw("</ul></noscript>");
    }
    html.raw("<nav id=\"pager\" class=\"").class(spots, "pager").raw("\" aria-label=\"");
    html.text(ui.say(Word::Pages)).raw("\">");
    button(html, ui, "page-previous", Word::PreviousPage, "‹");
    html.raw("<span class=\"pager-of\" id=\"pager-of\">").content(spots, "pager-of");
    html.raw("</span>");
    button(html, ui, "page-next", Word::NextPage, "›");
    html.raw("<button type=\"button\" class=\"more\" data-act=\"page-next\" id=\"pager-more\">");
    html.content(spots, "pager-more").raw("</button><p class=\"numbers\" id=\"pager-numbers\">");
    html.content(spots, "pager-numbers").raw("</p></nav></section>");
}

fn button(html: &mut Html, ui: Ui, act: &'static str, word: Word, mark: &'static str) {
    html.raw("<button type=\"button\" class=\"button square\" data-act=\"").raw(act);
    html.raw("\" aria-label=\"").text(ui.say(word)).raw("\">").raw(mark).raw("</button>");
}

/// Tickets, each as wide as it has to be.
fn slots(html: &mut Html, ui: Ui, ids: impl Iterator<Item = OrderId>) {
    for id in ids {
        let Some(row) = ui.live.row(id).map(|ticket| Row { id, ticket }) else { continue };
        let span = row.ticket.with_untracked(|it| span(ui, &it.order));
        let span = span.min(ui.grid.columns.get_value());
        let mut one = Html::default();
        ticket(&mut one, ui, &row);
        if span > 1 {
            html.wide(&one, span, ui.say(Word::Continued));
        } else {
            html.html(&one);
        }
    }
}

/// The button that freezes the layout.
pub fn freeze(html: &mut Html, spots: &mut Spots) {
    html.raw("<button type=\"button\" data-act=\"freeze\" aria-keyshortcuts=\"f\" id=\"freeze\"");
    html.raw(" class=\"").class(spots, "freeze").raw("\">").content(spots, "freeze");
    html.raw("</button>");
}

/// Puts `item` into the slot of `seat`, or back into a lane.
pub fn place(ui: Ui, item: &Element, seat: Option<Seat>) {
    let Some(seat) = seat else {
        for name in ["style", "data-slot", "data-span", "data-continued"] {
            let _ = item.remove_attribute(name);
        }
        return;
    };
    let Seat { slot, row, column, span, .. } = seat;
    if let Some(item) = item.dyn_ref::<HtmlElement>() {
        let area = [row.to_string(), column.to_string(), "auto".to_owned(), format!("span {span}")];
        let _ = item.style().set_property("grid-area", &area.join("/"));
    }
    let _ = item.set_attribute("data-slot", &slot.to_string());
    if span > 1 {
        let _ = item.set_attribute("data-span", &span.to_string());
        let _ = item.set_attribute("data-continued", ui.say(Word::Continued));
    } else {
        let _ = item.remove_attribute("data-span");
        let _ = item.remove_attribute("data-continued");
    }
}

/// Gives a ticket one more slot whose lines have no room in those it has.
pub fn widen(ui: Ui, item: &Element, seat: Seat) {
    let Ok(Some(details)) = item.query_selector(".details") else { return };
    let widest = ui.grid.columns.get_value().min(WIDEST);
    if seat.span < widest && details.scroll_height() > details.client_height() + 2 {
        ui.grid.wider.update_value(|wider| {
            wider.insert(seat.id, seat.span + 1);
        });
        ui.grid.wake.notify();
    }
}

/// Counts how many slots have room, now and whenever the window's size changes,
/// and minds where the pointer is.
pub fn follow(ui: Ui) {
    effect(move || {
        ui.grid.view.track();
        // When the page says so, and has been laid out like that.
        later(0, move || measure(ui));
    });
    listen("resize", move |_| measure(ui));
    for (event, down) in [
        ("pointerdown", Some(true)),
        ("pointermove", None),
        ("pointerup", Some(false)),
        ("pointercancel", Some(false)),
    ] {
        listen(event, move |event| point(ui, &event, down));
    }
}

/// A pointer is somewhere, and pressed or let go.
fn point(ui: Ui, event: &web_sys::Event, down: Option<bool>) {
    let now = ui.live.local_now();
    ui.grid.hold.update_value(|hold| {
        let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
        let there = target.is_some_and(|it| it.closest(".tickets").ok().flatten().is_some());
        // A finger that slips off the tickets and is lifted there is gone too.
        if there || (down == Some(false) && hold.is_down()) {
            hold.point(now, down.unwrap_or(hold.is_down()));
        }
    });
    // A mouse that left the window while it was pressed tells nobody.
    if down.is_none()
        && event.dyn_ref::<MouseEvent>().is_some_and(|event| event.buttons() == 0)
        && ui.grid.hold.with_value(Hold::is_down)
    {
        ui.grid.hold.update_value(|hold| hold.point(now, false));
    }
}

/// Counts the rows and columns that have room.
fn measure(ui: Ui) {
    let grid = ui.grid;
    if grid.view.get_untracked() != View::Grid {
        return;
    }
    let Some(list) = document().get_element_by_id(SLOTS_ID) else { return };
    let Ok(Some(style)) = window().get_computed_style(&list) else { return };
    let says = |name| style.get_property_value(name).unwrap_or_default();
    let pixels = |name| -> Option<i32> { says(name).split(['.', 'p']).next()?.parse().ok() };
    let columns = says("grid-template-columns").split(' ').count();
    let mut fit = Fit { columns, rows: MOST, most: grid.page_size.unwrap_or(MOST) };
    if let Some(least) = pixels("min-height").filter(|least| *least > 0) {
        let height = list.client_height() - pixels("padding-top").unwrap_or_default();
        let fitting = |least: i32| usize::try_from(height / least.max(1)).unwrap_or(1);
        // Two rows where they have room at all, as the style sheet has it.
        let least = least.min((height / 2).max(least * LOW / 100));
        fit.rows = match grid.page_size {
            Some(size) => size.div_ceil(columns).min(fitting(least * LOWEST / 100)),
            None => fitting(least),
        }
        .max(1);
        if let Some(list) = list.dyn_ref::<HtmlElement>() {
            let _ = list.style().set_property("--rows", &fit.rows.to_string());
            if grid.page_size.is_some() {
                let _ = list.style().set_property("--low", "0px");
            }
        }
    } else if grid.page_size.is_none() {
        fit.most = ON_A_PHONE;
    }
    grid.columns.set_value(columns);
    grid.measured.set_value(true);
    grid.wider.update_value(Table::clear);
    grid.slots.update_value(|slots| slots.set_fit(fit));
    grid.wake.notify();
}

/// Lays tickets out as `view` from now on, and writes that into the page's
/// address, so that it lasts.
pub fn show(ui: Ui, view: View) {
    if ui.grid.view.get_untracked() == view {
        return;
    }
    ui.grid.frozen.set(false);
    ui.grid.slots.update_value(|slots| slots.settle(&wanted(ui)));
    ui.grid.view.set(view);
    let location = window().location();
    let (Ok(path), Ok(search)) = (location.pathname(), location.search()) else { return };
    let mut address = [&path, "?view=", view.as_str()].concat();
    for part in search.trim_start_matches('?').split('&') {
        if !part.is_empty() && !part.starts_with("view=") {
            address.push('&');
            address.push_str(part);
        }
    }
    if let Ok(history) = window().history() {
        let state = wasm_bindgen::JsValue::NULL;
        let _ = history.replace_state_with_url(&state, "", Some(&address));
    }
}

/// Shows the page that has order `id`, if the grid has it.
pub fn turn_to(ui: Ui, id: OrderId) {
    let there = ui.grid.slots.try_update_value(|slots| slots.turn_to(id));
    if there == Some(true) {
        ui.grid.wake.notify();
    }
}

/// Does what a button of the layout says; whether it is one.
pub fn pressed(ui: Ui, act: &str) -> bool {
    let (page, pages) = ui.grid.page();
    match act {
        // After the last page comes the first one again: "+7 more" always leads there.
        "page-next" => ui.grid.turn(if page + 1 < pages { page + 1 } else { 0 }),
        "page-previous" => ui.grid.turn(page.checked_sub(1).unwrap_or(pages - 1)),
        "freeze" => {
            ui.grid.frozen.update(|frozen| *frozen = !*frozen);
            ui.grid.wake.notify();
        }
        "view-grid" => show(ui, View::Grid),
        "view-columns" => show(ui, View::Columns),
        _ => return false,
    }
    true
}
