//! The tickets in the browser. Each lane draws the tickets that somebody can come
//! near ([`window`](crate::live::window)), the grid those of its page
//! ([`slots`](crate::live::slots)); this brings the page into line with that. A
//! ticket that moves, within its lane, to another or into the grid, is carried
//! there and not made anew.
//!
//! Time goes on for the tickets in view alone: the others are told the time
//! before they are seen.

use std::{cell::RefCell, rc::Rc};

use leptos::{prelude::*, reactive::effect::RenderEffect};
use web_sys::Element;

use super::{
    Ui,
    grid::{self, SLOTS_ID},
    html::effect,
    lane::part,
    ticket::Drawn,
};
use crate::{
    domain::{Lane, OrderId, UnixMillis, screen::View},
    live::{
        Row, Ticket,
        board_state::index,
        listen,
        slots::Seat,
        table::Table,
        window::{FIRST, STEP},
    },
};

/// One ticket on the page.
struct Card {
    ticket: ArcRwSignal<Ticket>,
    drawn: Rc<RefCell<Drawn>>,
    told: UnixMillis,
    _follows: RenderEffect<()>,
}

/// The grid's place among the lists; before it stand the lanes.
const GRID: usize = 4;

/// Every ticket on the page, and where it is.
#[derive(Default)]
struct Piles {
    cards: Table<Card>,
    shown: [Vec<OrderId>; 5],
    /// From which to which of them are in view.
    seen: [(usize, usize); 4],
    lists: [Option<Element>; 5],
    /// Where the tickets of the grid stand.
    seats: Vec<Seat>,
}

thread_local! {
    /// Not among the board's values, which the server has too.
    static PILES: RefCell<Piles> = RefCell::default();
}

fn with_piles(run: impl FnOnce(&mut Piles)) {
    PILES.with(|piles| {
        if let Ok(mut piles) = piles.try_borrow_mut() {
            run(&mut piles);
        }
    });
}

/// Takes over the tickets on the page and keeps them in line from now on.
pub fn follow(ui: Ui) {
    with_piles(|piles| piles.take_over(ui));
    effect(move || arrange(ui));
    effect(move || {
        ui.live.now.track();
        // Whatever was not told, or not heard: what is on the page is what is known.
        ui.live.list_what_differs();
        let mut astray = false;
        with_piles(|piles| astray = piles.is_astray(ui));
        if astray {
            untrack(|| arrange(ui));
        }
        with_piles(|piles| piles.look(ui, true));
    });
    for event in ["scroll", "resize"] {
        listen(event, move |_| with_piles(|piles| piles.look(ui, false)));
    }
}

/// Brings what is on the page into line, unless it is held still; follows what it reads.
fn arrange(ui: Ui) {
    ui.grid.wake.track();
    let in_grid = ui.grid.is_on();
    let [new, preparing, ready, out] = Lane::ALL.map(|lane| ui.live.lane(lane).get());
    let now = ui.live.local_now();
    let still = ui.grid.is_still(now);
    if in_grid {
        // Of a ticket that takes more room now, its lane says nothing.
        ui.live.changes.track();
        let mut rows = [const { Vec::new() }; 5];
        rows[GRID] = grid::rows(ui, still, now);
        with_piles(|piles| {
            piles.arrange(ui, &rows);
            piles.seat(ui);
        });
    } else {
        let rows = [new, preparing, ready, out, Vec::new()];
        with_piles(|piles| {
            let waiting = if still { piles.waiting(&rows) } else { 0 };
            if waiting == 0 {
                piles.arrange(ui, &rows);
            } else {
                ui.grid.when_it_moves(now);
            }
            ui.grid.waiting.set(waiting);
        });
    }
    ui.grid.arranged.notify();
}

impl Card {
    /// Keeps `drawn` up to date, which shows `row` as it is.
    fn new(ui: Ui, row: &Row, drawn: Drawn) -> Self {
        let drawn = Rc::new(RefCell::new(drawn));
        let (followed, shows) = (row.ticket.clone(), Rc::clone(&drawn));
        let follows = RenderEffect::new(move |before| {
            followed.track();
            if before.is_some() {
                let now = ui.live.now.get_untracked();
                followed.with_untracked(|ticket| shows.borrow_mut().show(ui, ticket, now));
            }
        });
        let told = ui.live.now.get_untracked();
        Self { ticket: row.ticket.clone(), drawn, told, _follows: follows }
    }

    /// The ticket that `item` is.
    fn take_over(ui: Ui, row: &Row, item: Element) -> Self {
        let now = ui.live.now.get_untracked();
        let drawn = row.ticket.with_untracked(|it| Drawn::take_over(ui, item, it, now));
        Self::new(ui, row, drawn)
    }

    /// A ticket that the page does not have yet.
    fn make(ui: Ui, row: &Row) -> Option<Self> {
        let now = ui.live.now.get_untracked();
        let drawn = row.ticket.with_untracked(|it| Drawn::make(ui, row.id, it, now));
        Some(Self::new(ui, row, drawn?))
    }

    fn item(&self) -> Element {
        self.drawn.borrow().item().clone()
    }

    fn tell(&mut self, now: UnixMillis) {
        if self.told != now {
            self.told = now;
            self.ticket.with_untracked(|it| self.drawn.borrow_mut().show_time(it, now));
        }
    }
}

impl Piles {
    /// Takes over the tickets that the server has drawn.
    fn take_over(&mut self, ui: Ui) {
        for lane in Lane::ALL {
            let pile = document().get_element_by_id(&part("pile", lane));
            let list = pile.and_then(|pile| pile.first_element_child());
            let mut next = list.as_ref().and_then(Element::first_element_child);
            for row in ui.live.lane(lane).get_untracked() {
                let Some(item) = next else { break };
                next = item.next_element_sibling();
                self.cards.insert(row.id, Card::take_over(ui, &row, item));
                self.shown[index(lane)].push(row.id);
            }
            self.lists[index(lane)] = list;
        }
        let list = document().get_element_by_id(SLOTS_ID);
        let mut next = list.as_ref().and_then(Element::first_element_child);
        for seat in ui.grid.seats() {
            let (Some(item), Some(ticket)) = (next, ui.live.row(seat.id)) else { break };
            next = item.next_element_sibling();
            let row = Row { id: seat.id, ticket };
            self.cards.insert(row.id, Card::take_over(ui, &row, item));
            self.shown[GRID].push(row.id);
        }
        self.lists[GRID] = list;
    }

    /// Whether a ticket is not where it has to be. A list in which one should be and is
    /// not will be filled anew.
    fn is_astray(&mut self, ui: Ui) -> bool {
        let mut astray = false;
        for (list, shown) in self.lists.iter().zip(&mut self.shown) {
            let strays = |id: &OrderId| {
                self.cards.get(*id).is_none_or(|card| card.item().parent_element() != *list)
            };
            if shown.iter().any(strays) {
                shown.clear();
                astray = true;
            }
        }
        let in_line = |lane: Lane| {
            let rows = ui.live.lane(lane);
            rows.with_untracked(|rows| {
                self.shown[index(lane)].iter().eq(rows.iter().map(|it| &it.id))
            })
        };
        astray
            || (ui.grid.view.get_untracked() != View::Grid && !Lane::ALL.into_iter().all(in_line))
    }

    /// How many tickets would come, go or move to another lane. What has gone for
    /// good says so meanwhile.
    fn waiting(&self, rows: &[Vec<Row>; 5]) -> usize {
        let mut waiting = 0;
        for (shown, rows) in self.shown.iter().zip(rows) {
            let lacks = |row: &&Row| !shown.contains(&row.id);
            waiting += rows.iter().filter(lacks).count();
        }
        for (id, card) in self.cards.iter() {
            if rows.iter().flatten().all(|row| row.id != *id) {
                waiting += 1;
                let _ = card.item().set_attribute("data-gone", "");
            }
        }
        let in_line = |(shown, rows): (&Vec<OrderId>, &Vec<Row>)| {
            shown.iter().eq(rows.iter().map(|row| &row.id))
        };
        let moved = !self.shown.iter().zip(rows).all(in_line);
        waiting.max(usize::from(moved))
    }

    /// Puts the tickets of the grid into their slots.
    fn seat(&mut self, ui: Ui) {
        if !ui.grid.is_measured() {
            return;
        }
        let seats = ui.grid.seats();
        for seat in seats.iter().filter(|seat| !self.seats.contains(seat)) {
            if let Some(card) = self.cards.get(seat.id) {
                grid::place(ui, &card.item(), Some(*seat));
            }
        }
        if self.seats != seats {
            self.seats = seats;
            self.widen(ui);
        }
    }

    /// Looks for tickets in the grid whose lines have no room.
    fn widen(&self, ui: Ui) {
        for seat in &self.seats {
            if let Some(card) = self.cards.get(seat.id) {
                grid::widen(ui, &card.item(), *seat);
            }
        }
    }

    /// Brings the tickets of each lane into line with `rows`.
    fn arrange(&mut self, ui: Ui, rows: &[Vec<Row>; 5]) {
        let in_line = |(shown, rows): (&Vec<OrderId>, &Vec<Row>)| {
            shown.iter().eq(rows.iter().map(|row| &row.id))
        };
        if self.shown.iter().zip(rows).all(in_line) {
            return;
        }
        if rows[GRID].is_empty() {
            for seat in std::mem::take(&mut self.seats) {
                if let Some(card) = self.cards.get(seat.id) {
                    grid::place(ui, &card.item(), None);
                }
            }
        }
        let mut wanted = Table::default();
        for row in rows.iter().flatten() {
            wanted.insert(row.id, row.ticket.clone());
        }
        // One that went and came back while nothing moved is another one.
        let is_gone = |(id, card): &&(OrderId, Card)| wanted.get(*id) != Some(&card.ticket);
        let gone = self.cards.iter().filter(is_gone).map(|(id, _)| *id);
        for id in gone.collect::<Vec<_>>() {
            if let Some(card) = self.cards.remove(id) {
                card.item().remove();
            }
        }
        self.seats.retain(|seat| wanted.get(seat.id).is_some());
        for (lane, rows) in rows.iter().enumerate() {
            self.fill(ui, lane, rows);
        }
    }

    /// Puts `rows` in their order into `lane`, moving as few as it can.
    fn fill(&mut self, ui: Ui, lane: usize, rows: &[Row]) {
        let Some(list) = self.lists[lane].clone() else { return };
        let mut shown = std::mem::take(&mut self.shown[lane]);
        shown.retain(|id| rows.iter().any(|row| row.id == *id));
        for (place, row) in rows.iter().enumerate() {
            // One ticket went further down: it is put there when its turn comes.
            if shown.get(place) != Some(&row.id) && shown.get(place + 1) == Some(&row.id) {
                shown.remove(place);
            }
            if shown.get(place) == Some(&row.id) {
                continue;
            }
            shown.retain(|id| *id != row.id);
            if self.cards.get(row.id).is_none()
                && let Some(card) = Card::make(ui, row)
            {
                self.cards.insert(row.id, card);
            }
            let Some(item) = self.cards.get(row.id).map(Card::item) else { continue };
            let next = shown.get(place).and_then(|next| self.cards.get(*next)).map(Card::item);
            let _ = list.insert_before(&item, next.as_deref());
            shown.insert(place.min(shown.len()), row.id);
        }
        self.shown[lane] = shown;
    }

    /// Tells the tickets in view the time, and draws more where the end of what
    /// is drawn comes near; where it has gone far away again, `may_fold` it up.
    /// Asks where everything is before it writes anything, so that nothing is
    /// laid out twice.
    fn look(&mut self, ui: Ui, may_fold: bool) {
        let now = ui.live.now.get_untracked();
        // A page of the grid is in view as a whole.
        for id in &self.shown[GRID] {
            if let Some(card) = self.cards.get_mut(*id) {
                card.tell(now);
            }
        }
        if ui.grid.view.get_untracked() == View::Grid {
            // A line may have come meanwhile.
            return self.widen(ui);
        }
        let height = window().inner_height().ok().and_then(|height| height.as_f64());
        let (Some(height), Some(page)) = (height, document().document_element()) else { return };
        // Below a lane there is another one where the page scrolls as a whole.
        let page_scrolls = f64::from(page.scroll_height()) > height;
        for lane in Lane::ALL {
            let shown = &self.shown[index(lane)];
            let card = |place: usize| shown.get(place).and_then(|id| self.cards.get(*id));
            let bounds = |place| card(place).map(|card| card.item().get_bounding_client_rect());
            let ends_above = |place, line| bounds(place).is_some_and(|it| it.bottom() < line);
            let begins_above = |place, line| bounds(place).is_some_and(|it| it.top() < line);
            // Most of the time they are where they were.
            let (mut first, mut last) = self.seen[index(lane)];
            first = first.min(shown.len());
            while first > 0 && !ends_above(first - 1, height / -8.0) {
                first -= 1;
            }
            while ends_above(first, height / -8.0) {
                first += 1;
            }
            last = last.clamp(first, shown.len());
            while last > first && !begins_above(last - 1, height * 1.125) {
                last -= 1;
            }
            while begins_above(last, height * 1.125) {
                last += 1;
            }
            let mut keep = usize::MAX;
            if may_fold && shown.len() > FIRST {
                keep = last.max(focused(shown)) + STEP;
                while begins_above(keep - 1, height * 4.0) {
                    keep += STEP;
                }
            }
            if keep < shown.len() {
                ui.live.draw(lane, keep);
            } else if shown.len() < ui.live.read(|board| board.ranks(lane).len()) {
                let more = document().get_element_by_id(&part("more", lane));
                let end = more.map_or(f64::MAX, |more| more.get_bounding_client_rect().top());
                if end < height * 2.0 && (end >= height || !page_scrolls) {
                    ui.live.draw_more(lane);
                }
            }
            self.seen[index(lane)] = (first, last);
        }
        for (shown, (first, last)) in self.shown.iter().zip(self.seen) {
            for id in shown.iter().take(last).skip(first) {
                if let Some(card) = self.cards.get_mut(*id) {
                    card.tell(now);
                }
            }
        }
    }
}

/// After which of `shown` the keyboard is.
fn focused(shown: &[OrderId]) -> usize {
    let ticket = document().active_element().and_then(|it| it.closest("[data-order]").ok()?);
    let order = ticket.and_then(|it| it.get_attribute("data-order")?.parse().ok());
    let place = order.and_then(|order: OrderId| shown.iter().position(|id| *id == order));
    place.map_or(0, |place| place + 1)
}
