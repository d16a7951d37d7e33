//! How tickets are laid out: in lanes, or in the grid's numbered slots, page by
//! page; and when the layout stands still. Where a ticket stands is decided in
//! [`slots`](crate::live::slots); [`pile`](super::pile) puts it there.
//!
//! The server draws the first page before it knows how many tickets have room:
//! too many, in the same rows and columns. What is too much lies below the end
//! of the list, out of sight, until the browser has counted.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, MouseEvent, ResizeObserver};

use super::{
    Ui,
    html::{Html, Spots, effect},
    text,
    ticket::ticket,
    words::Word,
};
use crate::{
    domain::{
        FoodOrder, Lane, OrderId, UnixMillis, Version,
        screen::{Role, View},
    },
    live::{
        LiveBoard, Row, Ticket,
        board_state::{Rank, Rest},
        later, listen,
        slots::{FREEZE_MS, Fit, Hold, MOST, Seat, Size, Slots, WIDEST},
        table::Table,
    },
    wire::BoardSettings,
};

/// The list of the grid's tickets.
pub const SLOTS_ID: &str = "slots";
/// Tickets on a page where the page itself is scrolled.
const ON_A_PHONE: usize = 12;
/// How tickets are laid out.
#[derive(Clone, Copy)]
pub struct Grid {
    /// In lanes or in slots.
    pub view: RwSignal<View>,
    /// Until when somebody has frozen the layout.
    pub frozen: RwSignal<Option<UnixMillis>>,
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
    page_size: Option<usize>,
    /// What has room, as far as is known.
    fit: StoredValue<Fit>,
    /// How many pixels all rows are high.
    height: StoredValue<i32>,
    /// Tickets that were found to need more room than reckoned, and how much.
    more: StoredValue<Table<usize>>,
    /// How much room each ticket was reckoned to need, and for which version.
    sizes: StoredValue<Table<(Version, Size)>>,
    /// Whether it is known what has room. Before, the list places its tickets itself.
    measured: StoredValue<bool>,
}

impl Grid {
    /// The layout that the page begins with.
    #[must_use]
    pub fn new(settings: &BoardSettings) -> Self {
        let screen = settings.screen.as_ref();
        let columns = screen.map_or(WIDEST, |screen| screen.columns as usize);
        let fit = Fit { columns, ..Fit::default() };
        Self {
            view: RwSignal::new(settings.view),
            frozen: RwSignal::new(None),
            waiting: RwSignal::new(0),
            none: RwSignal::new(false),
            wake: Trigger::new(),
            arranged: Trigger::new(),
            selected: RwSignal::new(None),
            slots: StoredValue::new(Slots::default()),
            hold: StoredValue::new(Hold::default()),
            role: screen.map_or(Role::All, |screen| screen.role),
            page_size: screen.and_then(|screen| screen.page_size).map(|size| size as usize),
            fit: StoredValue::new(fit),
            height: StoredValue::new(1),
            more: StoredValue::new(Table::default()),
            sizes: StoredValue::new(Table::default()),
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
        self.frozen.get_untracked().is_some()
            || self.hold.with_value(|hold| hold.until(now).is_some())
    }

    /// Whether somebody is on the tickets, for a few seconds at most.
    #[must_use]
    pub fn is_held(self, live: LiveBoard) -> bool {
        // Only the browser has fingers, and a clock of its own.
        let is_held = |hold: &Hold| hold.is_used() && hold.until(live.local_now()).is_some();
        self.hold.with_value(is_held)
    }

    /// Has tickets arranged anew after `millis`.
    pub fn again(self, millis: i64) {
        later(u32::try_from(millis.clamp(20, 5_000)).unwrap_or(20), move || self.wake.notify());
    }

    /// Has tickets arranged anew as soon as nobody holds the board still.
    pub fn when_it_moves(self, now: i64) {
        if self.frozen.get_untracked().is_none()
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

    /// Whether the grid has just put ticket `id` where another one stood. What is
    /// selected is meant wherever it stands.
    #[must_use]
    pub fn has_just_moved(self, id: OrderId, now: i64) -> bool {
        self.view.get_untracked() == View::Grid
            && self.selected.get_untracked() != Some(id)
            && self.slots.with_value(|slots| slots.has_just_moved(id, now))
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

/// Every ticket that the grid has, the most urgent first, and how much room it needs.
fn wanted(ui: Ui) -> Vec<(OrderId, Size)> {
    let mut ranks: Vec<Rank> = Vec::new();
    ui.live.read(|board| {
        for lane in ui.grid.lanes() {
            // Each lane is in order.
            let mut before = std::mem::take(&mut ranks).into_iter().peekable();
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
    let sizes = ui.grid.sizes.try_update_value(std::mem::take).unwrap_or_default();
    let mut now = Table::default();
    let wanted = ranks.into_iter().map(|(.., id)| {
        let mut size = ui.live.row(id).map_or_else(Size::default, |row| {
            row.with_untracked(|Ticket { order, .. }| {
                let known = sizes.get(id).filter(|(version, _)| *version == order.version);
                let size = known.map_or_else(|| size(ui, order), |(_, size)| *size);
                now.insert(id, (order.version, size));
                size
            })
        });
        size.lines += ui.grid.more.with_value(|more| more.get(id).copied().unwrap_or_default());
        (id, size)
    });
    let wanted = wanted.collect();
    ui.grid.sizes.set_value(now);
    wanted
}

/// How much room the ticket of `order` needs: reckoned and not measured, so that
/// the server comes to the same. In tenths of a row, which are tenths of the size
/// of an item's text.
fn size(ui: Ui, order: &FoodOrder) -> Size {
    let wraps = |text: &str, letters: usize| text.chars().count().saturating_sub(1) / letters * 12;
    let flags = &order.flags;
    // The head, whose order it is, and what can be done with it.
    let mut frame = 71;
    if flags.rush || flags.held || flags.recalled {
        frame += 12;
    }
    if order.here_since().is_some() {
        frame += 15;
    }
    let allergens = order.allergens().join(", ");
    if !allergens.is_empty() {
        frame += 20 + wraps(&allergens, 20);
    }
    let (mut lines, mut parts) = (0, 0);
    ui.live.read(|board| {
        let part = board.part();
        if order.stations().len() > 1 || !part.is_whole() {
            frame += 13;
        }
        if part.has_change(order) {
            frame += 26;
        }
        for item in part.items(order) {
            let mut line = 18 + wraps(&item.name, 15);
            for modifier in &item.modifiers {
                line += 12 + wraps(&modifier.name, 14);
            }
            line += item.note.as_ref().map_or(0, |note| 12 + wraps(note, 14));
            lines += line.max(22);
            parts += 1;
        }
    });
    Size { frame, lines, parts }
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
        let frozen = grid.frozen.get().is_some();
        if frozen { "button freeze is-frozen" } else { "button freeze" }.to_owned()
    });
    spots.content("freeze", move || {
        let mut html = Html::default();
        html.icon("pause").raw("<span>");
        if let Some(until) = grid.frozen.get() {
            let left = until.since(ui.live.local.get()).max(0) + 999;
            html.text(ui.say(Word::Frozen)).raw(" ").text(&text::span(left));
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

/// The tickets that are on another page, or on none yet.
#[must_use]
pub fn hidden(ui: Ui) -> Vec<OrderId> {
    ui.grid.slots.with_value(|slots| slots.hidden().collect())
}

/// How many tickets are not to be seen, and how long the oldest of them has stood.
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

/// Tickets, each as large as it has to be.
fn slots(html: &mut Html, ui: Ui, ids: impl Iterator<Item = OrderId>) {
    for id in ids {
        let Some(row) = ui.live.row(id).map(|ticket| Row { id, ticket }) else { continue };
        let size = row.ticket.with_untracked(|it| size(ui, &it.order));
        let Fit { columns, rows, .. } = ui.grid.fit.get_value();
        let (span, tall) = size.shape(columns, rows);
        let mut one = Html::default();
        ticket(&mut one, ui, &row);
        html.sized(&one, span, tall);
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
    for name in ["style", "data-span", "data-tall"] {
        let _ = item.remove_attribute(name);
    }
    let Some(Seat { slot, row, column, span, tall, .. }) = seat else {
        let _ = item.remove_attribute("data-slot");
        return proceed(ui, item, 1);
    };
    let _ = item.set_attribute("data-slot", &slot.to_string());
    if row == 0 {
        return proceed(ui, item, 1);
    }
    if let Some(item) = item.dyn_ref::<HtmlElement>() {
        let [row, column, tall] = [row, column, tall].map(|it| it.to_string());
        let area = [&row, "/", &column, "/span ", &tall, "/span ", &span.to_string()].concat();
        let _ = item.style().set_property("grid-area", &area);
    }
    if span > 1 {
        let _ = item.set_attribute("data-span", &span.to_string());
    }
    proceed(ui, item, span);
}

/// Says of the lines of a ticket that takes `span` columns which of them begin
/// another one.
fn proceed(ui: Ui, item: &Element, span: usize) {
    const SAYS: &str = "data-continued";
    let mut line = item.query_selector(".items > li").ok().flatten();
    let mut left = None;
    while let Some(it) = line {
        let here = if span > 1 { it.get_bounding_client_rect().left() } else { 0.0 };
        let begins = left.replace(here).is_some_and(|left: f64| (left - here).abs() > 1.0);
        if begins != it.has_attribute(SAYS) {
            let _ = if begins {
                it.set_attribute(SAYS, ui.say(Word::Continued))
            } else {
                it.remove_attribute(SAYS)
            };
        }
        line = it.next_element_sibling();
    }
}

/// Gives a ticket more room whose lines have none in what it has.
pub fn widen(ui: Ui, item: &Element, seat: Seat) {
    if seat.row == 0 {
        return;
    }
    if seat.span > 1 {
        proceed(ui, item, seat.span);
    }
    let Ok(Some(details)) = item.query_selector(".details") else { return };
    let lacks = details.scroll_height() - details.client_height();
    let Fit { columns, rows, .. } = ui.grid.fit.get_value();
    if lacks <= 2 || (seat.tall == rows && seat.span == WIDEST.min(columns)) {
        return;
    }
    let whole = usize::try_from(ui.grid.height.get_value()).unwrap_or_default();
    let tenths = usize::try_from(lacks * 10).unwrap_or_default() * rows / whole.max(1) + 1;
    ui.grid.more.update_value(|more| {
        let before = more.get(seat.id).copied().unwrap_or_default();
        more.insert(seat.id, before + tenths * seat.span);
    });
    ui.grid.wake.notify();
}

/// Counts what has room, now and whenever the room changes: a strip above takes
/// some, and a panel beside. And minds where the pointer is.
pub fn follow(ui: Ui) {
    let changed: Box<dyn FnMut()> = Box::new(move || measure(ui));
    let changed = Closure::wrap(changed).into_js_value();
    if let Ok(observer) = ResizeObserver::new(changed.unchecked_ref())
        && let Some(list) = document().get_element_by_id(SLOTS_ID)
    {
        observer.observe(&list);
    }
    effect(move || thaw(ui));
    for (event, down) in [
        ("pointerdown", Some(true)),
        ("pointermove", None),
        ("pointerup", Some(false)),
        ("pointercancel", Some(false)),
    ] {
        listen(event, move |event| point(ui, &event, down));
    }
}

/// Lets the layout go on when it has been frozen for long enough.
fn thaw(ui: Ui) {
    let over = |until: UnixMillis| until <= ui.live.local.get();
    if ui.grid.frozen.get().is_some_and(over) {
        ui.grid.frozen.set(None);
        ui.grid.wake.notify();
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
    // What nobody has asked for has no size, and says "0px".
    let tracks = |name| {
        let says = style.get_property_value(name).unwrap_or_default();
        says.split(' ').filter(|size| size.ends_with("px") && !size.starts_with('0')).count()
    };
    let columns = tracks("grid-template-columns");
    let mut fit = Fit { columns, rows: 0, most: grid.page_size.unwrap_or(MOST) };
    // The page scrolls where nothing says how high a grid is at least.
    if tracks("min-height") == 0 {
        fit.most = fit.most.min(ON_A_PHONE);
    } else {
        fit.rows = tracks("grid-template-rows");
    }
    if grid.measured.get_value() {
        if grid.fit.get_value() == fit {
            return;
        }
        // A strip above takes some room while a finger is on its way to a ticket.
        if grid.is_still(ui.live.local_now()) {
            return later(1_000, move || measure(ui));
        }
    }
    grid.height.set_value(list.client_height());
    // Lines break anew where a column is narrower.
    if grid.fit.get_value().columns != columns {
        grid.more.update_value(Table::clear);
    }
    grid.fit.set_value(fit);
    grid.measured.set_value(true);
    grid.slots.update_value(|slots| slots.set_fit(fit));
    grid.wake.notify();
}

/// Lays tickets out as `view` from now on, and writes that into the page's
/// address, so that it lasts.
pub fn show(ui: Ui, view: View) {
    if ui.grid.view.get_untracked() == view {
        return;
    }
    ui.grid.frozen.set(None);
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
            let until = UnixMillis(ui.live.local_now() + FREEZE_MS);
            ui.grid.frozen.update(|frozen| *frozen = frozen.is_none().then_some(until));
            ui.grid.wake.notify();
        }
        "view-grid" => show(ui, View::Grid),
        "view-columns" => show(ui, View::Columns),
        _ => return false,
    }
    true
}
