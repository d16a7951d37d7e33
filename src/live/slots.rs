//! Where tickets stand in the grid, and when they may move: pure.
//!
//! A cook reaches for the third slot while looking at the pan. So a ticket keeps
//! its slot: one that goes leaves it empty, one that comes takes a free one
//! behind all others, and only after a moment of rest does the grid *settle* into
//! the order that is wanted. Nothing settles while a finger or a selection is
//! on the board, or while somebody has frozen it.

use std::ops::Range;

use super::table::Table;
use crate::domain::OrderId;

/// How many slots one ticket takes at most.
pub const WIDEST: usize = 3;
/// How many tickets a page has before it is known how many have room, and at most.
pub const MOST: usize = 24;
/// How long a slot stays empty before the grid settles.
pub const REST_MS: i64 = 400;
/// However much goes on, it settles after this.
const RESTLESS_MS: i64 = 2_000;

/// What a page has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Slots beside each other.
    pub columns: usize,
    /// Rows of slots.
    pub rows: usize,
    /// Tickets, however small.
    pub most: usize,
}

impl Default for Fit {
    /// Before it is known.
    fn default() -> Self {
        Self { columns: WIDEST, rows: MOST, most: MOST }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    id: OrderId,
    span: usize,
    gone: bool,
}

/// A ticket on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Whose ticket.
    pub id: OrderId,
    /// The number of its slot, from 1.
    pub slot: usize,
    /// Its row, from 1.
    pub row: usize,
    /// Its first column, from 1.
    pub column: usize,
    /// How many slots it takes.
    pub span: usize,
}

/// The grid: every ticket in its place, on whichever page.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    places: Vec<Place>,
    fit: Fit,
    page: usize,
    /// Since when it has been out of order, and when a slot became empty last.
    restless: Option<(i64, i64)>,
}

impl Slots {
    /// Has room for `fit` from now on.
    pub fn set_fit(&mut self, fit: Fit) {
        self.fit = Fit {
            columns: fit.columns.max(1),
            rows: fit.rows.max(1),
            most: fit.most.clamp(1, MOST),
        };
    }

    /// Takes in which tickets are wanted, in which order, and how many slots each
    /// takes; while the board stands `still`, nothing but the ones that go. Whether
    /// it has settled.
    pub fn take_in(&mut self, wanted: &[(OrderId, usize)], now: i64, still: bool) -> bool {
        if self.places.is_empty() {
            self.settle(wanted);
            return true;
        }
        let mut there = Table::default();
        for (id, _) in wanted {
            there.insert(*id, ());
        }
        for place in &mut self.places {
            let gone = there.get(place.id).is_none();
            if gone && !place.gone {
                self.restless = Some((self.restless.map_or(now, |(since, _)| since), now));
            }
            place.gone = gone;
        }
        if !still {
            self.append(wanted);
        }
        if self.is_settled(wanted) {
            self.restless = None;
        } else {
            self.restless.get_or_insert((now, now));
        }
        let settles = !still && self.due().is_some_and(|due| now >= due);
        if settles {
            self.settle(wanted);
        }
        settles
    }

    /// Adds the tickets that come behind all others, which moves none.
    fn append(&mut self, wanted: &[(OrderId, usize)]) {
        let standing = self.places.iter().filter(|place| !place.gone);
        let in_order = standing.clone().zip(wanted).all(|(place, (id, _))| place.id == *id);
        let count = standing.count();
        if in_order {
            let come = wanted.iter().skip(count);
            self.places.extend(come.map(|(id, span)| Place { id: *id, span: *span, gone: false }));
        }
    }

    fn is_settled(&self, wanted: &[(OrderId, usize)]) -> bool {
        let is = |(place, (id, span)): (&Place, &(OrderId, usize))| {
            !place.gone && place.id == *id && place.span == *span
        };
        self.places.len() == wanted.len() && self.places.iter().zip(wanted).all(is)
    }

    /// Every ticket takes the place where it is wanted.
    pub fn settle(&mut self, wanted: &[(OrderId, usize)]) {
        self.places.clear();
        self.places.extend(wanted.iter().map(|(id, span)| Place {
            id: *id,
            span: *span,
            gone: false,
        }));
        self.restless = None;
        self.turn(self.page);
    }

    /// When it would settle.
    #[must_use]
    pub fn due(&self) -> Option<i64> {
        self.restless.map(|(since, last)| (last + REST_MS).min(since + RESTLESS_MS))
    }

    /// How many changes wait for it to settle.
    #[must_use]
    pub fn waiting(&self, wanted: &[(OrderId, usize)]) -> usize {
        let gone = self.places.iter().filter(|place| place.gone).count();
        let come = wanted.len().saturating_sub(self.places.len() - gone);
        match gone + come {
            // The same tickets in another order.
            0 => usize::from(!self.is_settled(wanted)),
            changes => changes,
        }
    }

    /// Which places stand on which page.
    fn pages(&self) -> Vec<Range<usize>> {
        let mut pages = Vec::new();
        let (mut first, mut row, mut column) = (0, 0, 0);
        for (place, Place { span, .. }) in self.places.iter().enumerate() {
            let span = (*span).min(self.fit.columns);
            if column + span > self.fit.columns {
                (row, column) = (row + 1, 0);
            }
            if row >= self.fit.rows || place - first >= self.fit.most {
                pages.push(first..place);
                (first, row, column) = (place, 0, 0);
            }
            column += span;
        }
        pages.push(first..self.places.len());
        pages
    }

    /// Where each ticket of the page stands.
    #[must_use]
    pub fn seats(&self) -> Vec<Seat> {
        let mut seats = Vec::new();
        let (mut row, mut column) = (0, 0);
        let page = self.pages().get(self.page).cloned().unwrap_or_default();
        for (slot, place) in (1..).zip(self.places.get(page).unwrap_or_default()) {
            let span = place.span.min(self.fit.columns);
            if column + span > self.fit.columns {
                (row, column) = (row + 1, 0);
            }
            if !place.gone {
                seats.push(Seat { id: place.id, slot, row: row + 1, column: column + 1, span });
            }
            column += span;
        }
        seats
    }

    /// The page that is shown, from 0, and how many there are.
    #[must_use]
    pub fn page(&self) -> (usize, usize) {
        (self.page, self.pages().len())
    }

    /// Shows `page`, or the last one.
    pub fn turn(&mut self, page: usize) {
        self.page = page.min(self.pages().len() - 1);
    }

    /// Shows the page that has ticket `id`; whether one does.
    pub fn turn_to(&mut self, id: OrderId) -> bool {
        let place = self.places.iter().position(|place| place.id == id && !place.gone);
        let page = place.and_then(|it| self.pages().iter().position(|page| page.contains(&it)));
        self.page = page.unwrap_or(self.page);
        page.is_some()
    }

    /// The tickets on other pages.
    pub fn hidden(&self) -> impl Iterator<Item = OrderId> {
        let page = self.pages().get(self.page).cloned().unwrap_or_default();
        let places = self.places.iter().enumerate();
        places.filter(move |(at, place)| !place.gone && !page.contains(at)).map(|(_, it)| it.id)
    }
}

/// For how long nothing moves after a pointer was on the board.
const NEAR_MS: i64 = 300;
/// Nobody holds the board still for longer than this without freezing it.
const HOLD_MS: i64 = 5_000;

/// Who is on the board, so that nothing may move.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hold {
    /// Since when a pointer has been there, when it was last, and whether it is down.
    pointer: Option<(i64, i64, bool)>,
    /// When something was selected by a key.
    chosen: Option<i64>,
}

impl Hold {
    /// A pointer is on the board at `now`, pressed `down` or not.
    pub fn point(&mut self, now: i64, down: bool) {
        let since = match self.pointer {
            Some((since, last, was_down)) if was_down || now - last < NEAR_MS => since,
            _ => now,
        };
        self.pointer = Some((since, now, down));
    }

    /// Whether a pointer is down.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.pointer.is_some_and(|(_, _, down)| down)
    }

    /// A key selected something, or took the selection away.
    pub fn choose(&mut self, at: Option<i64>) {
        self.chosen = at;
    }

    /// Until when nothing may move, if that is after `now`.
    #[must_use]
    pub fn until(&self, now: i64) -> Option<i64> {
        let pointer = self.pointer.map(|(since, last, down)| {
            if down { since + HOLD_MS } else { (last + NEAR_MS).min(since + HOLD_MS) }
        });
        pointer.max(self.chosen.map(|at| at + HOLD_MS)).filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests;
