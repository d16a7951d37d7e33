//! The lanes' tickets in the browser. Each lane draws the tickets that somebody
//! can come near ([`window`](crate::live::window)); this brings the page into
//! line with that. A ticket that moves, within its lane or to another, is
//! carried there and not made anew.
//!
//! Time goes on for the tickets in view alone: the others are told the time
//! before they are seen.

use std::{cell::RefCell, rc::Rc};

use leptos::{prelude::*, reactive::effect::RenderEffect};
use web_sys::Element;

use super::{Ui, html::effect, lane::part, ticket::Drawn};
use crate::{
    domain::{Lane, OrderId, UnixMillis},
    live::{
        Row, Ticket,
        board_state::index,
        listen,
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

/// Every ticket on the page, and where it is.
#[derive(Default)]
struct Piles {
    cards: Table<Card>,
    shown: [Vec<OrderId>; 4],
    /// From which to which of them are in view.
    seen: [(usize, usize); 4],
    lists: [Option<Element>; 4],
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
    effect(move || {
        let rows = Lane::ALL.map(|lane| ui.live.lane(lane).get());
        with_piles(|piles| piles.arrange(ui, &rows));
    });
    effect(move || {
        ui.live.now.track();
        with_piles(|piles| piles.look(ui, true));
    });
    for event in ["scroll", "resize"] {
        listen(event, move |_| with_piles(|piles| piles.look(ui, false)));
    }
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

    fn tell(&mut self, ui: Ui, now: UnixMillis) {
        if self.told != now {
            self.told = now;
            self.ticket.with_untracked(|it| self.drawn.borrow_mut().show_time(ui, it, now));
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
    }

    /// Brings the tickets of each lane into line with `rows`.
    fn arrange(&mut self, ui: Ui, rows: &[Vec<Row>; 4]) {
        let in_line = |(shown, rows): (&Vec<OrderId>, &Vec<Row>)| {
            shown.iter().eq(rows.iter().map(|row| &row.id))
        };
        if self.shown.iter().zip(rows).all(in_line) {
            return;
        }
        let mut wanted = Table::default();
        for row in rows.iter().flatten() {
            wanted.insert(row.id, ());
        }
        let cards = self.cards.iter();
        let gone = cards.filter(|(id, _)| wanted.get(*id).is_none()).map(|(id, _)| *id);
        for id in gone.collect::<Vec<_>>() {
            if let Some(card) = self.cards.remove(id) {
                card.item().remove();
            }
        }
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
        let now = ui.live.now.get_untracked();
        for (shown, (first, last)) in self.shown.iter().zip(self.seen) {
            for id in shown.iter().take(last).skip(first) {
                if let Some(card) = self.cards.get_mut(*id) {
                    card.tell(ui, now);
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
