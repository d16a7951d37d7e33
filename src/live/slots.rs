//! Where tickets stand in the grid, and when they may move: pure.
//!
//! A cook reaches for the third slot while looking at the pan. So a ticket keeps
//! its slot: one that goes leaves it empty, one that comes takes a free one
//! behind all others, and only after a moment of rest does the grid *settle* into
//! the order that is wanted. Nothing settles while a finger or a selection is
//! on the board, or while somebody has frozen it.
//!
//! Tickets stand below each other, each as tall as it has to be, in rows that are
//! as low as a line of text; what has no room below begins the next column, as a
//! style sheet's own grid does it. One that is too tall goes on in the column
//! beside it.

use super::table::Table;
use crate::domain::OrderId;

/// How many columns one ticket takes at most.
pub const WIDEST: usize = 3;
/// How many rows it takes, before it goes on in another column.
pub const TALLEST: usize = 30;
/// So many rows have room at all.
pub const MOST_ROWS: usize = 60;
/// What a ticket that goes on in another column needs besides: its columns are
/// not as long as each other.
const UNEVEN: usize = 22;
/// How many tickets a page has before it is known how many have room, and at most.
pub const MOST: usize = 24;
/// How long a slot stays empty before the grid settles.
pub const REST_MS: i64 = 400;
/// However much goes on, it settles after this.
const RESTLESS_MS: i64 = 2_000;
/// What has changed for less than this, nobody has seen who presses now.
const JUST_NOW_MS: i64 = 300;

/// Whether what happened `at` has just happened at `now`. A clock that was set
/// back says nothing.
#[must_use]
pub fn is_just_now(at: i64, now: i64) -> bool {
    (0..JUST_NOW_MS).contains(&(now - at))
}

/// What a page has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Columns of tickets.
    pub columns: usize,
    /// Rows, as low as a line of text; none where the page scrolls and tickets
    /// stand as they come.
    pub rows: usize,
    /// Tickets, however small.
    pub most: usize,
}

impl Default for Fit {
    /// Before it is known.
    fn default() -> Self {
        Self { columns: WIDEST, rows: 0, most: MOST }
    }
}

/// How much room a ticket needs, in tenths of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// What stands above and below its lines.
    pub frame: usize,
    /// All of its lines.
    pub lines: usize,
    /// How many lines can stand apart.
    pub parts: usize,
}

impl Size {
    /// How many columns it takes of `columns`, and how many rows of each of `rows`.
    #[must_use]
    pub fn shape(self, columns: usize, rows: usize) -> (usize, usize) {
        let rows = if rows == 0 { TALLEST } else { rows };
        let widest = WIDEST.min(columns).min(self.parts).max(1);
        let low = |span: &usize| self.tall(*span) <= rows.min(TALLEST);
        let span = (1..widest).find(low).unwrap_or(widest);
        (span, self.tall(span).min(rows))
    }

    /// How many rows it takes of each of `span` columns.
    fn tall(self, span: usize) -> usize {
        let uneven = if span > 1 { UNEVEN } else { 0 };
        (self.frame + self.lines.div_ceil(span) + uneven).div_ceil(10).max(1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    id: OrderId,
    size: Size,
    gone: bool,
}

/// A ticket on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Whose ticket.
    pub id: OrderId,
    /// The number of its slot, from 1.
    pub slot: usize,
    /// Its first row, from 1; 0 where it stands as it comes.
    pub row: usize,
    /// Its first column, from 1.
    pub column: usize,
    /// How many columns it takes.
    pub span: usize,
    /// How many rows.
    pub tall: usize,
}

/// The grid: every ticket in its place, on whichever page.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    places: Vec<Place>,
    fit: Fit,
    page: usize,
    /// Since when it has been out of order, and when a slot became empty last.
    restless: Option<(i64, i64)>,
    /// What is wanted and has no place yet.
    unplaced: Vec<OrderId>,
    /// When it settled last, and what stands since where something else stood.
    moved: (i64, Vec<OrderId>),
}

impl Slots {
    /// Has room for `fit` from now on.
    pub fn set_fit(&mut self, fit: Fit) {
        self.fit = Fit {
            columns: fit.columns.max(1),
            rows: fit.rows.min(MOST_ROWS),
            most: fit.most.clamp(1, MOST),
        };
    }

    /// Takes in which tickets are wanted, in which order, and how much room each
    /// needs; while the board stands `still`, nothing but the ones that go. Whether
    /// it has settled.
    pub fn take_in(&mut self, wanted: &[(OrderId, Size)], now: i64, still: bool) -> bool {
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
            let before = self.shown();
            self.settle(wanted);
            self.moved = (now, Vec::new());
            for (seat, before) in self.shown().iter().zip(&before) {
                if seat.id != before.id {
                    self.moved.1.push(seat.id);
                }
            }
        } else {
            self.note_unplaced(wanted);
        }
        settles
    }

    /// Whether ticket `id` has just come into a slot that another one had: whoever
    /// presses the slot now means that one.
    #[must_use]
    pub fn has_just_moved(&self, id: OrderId, now: i64) -> bool {
        let (at, moved) = &self.moved;
        is_just_now(*at, now) && moved.contains(&id)
    }

    fn note_unplaced(&mut self, wanted: &[(OrderId, Size)]) {
        self.unplaced.clear();
        let standing = self.places.iter().filter(|place| !place.gone);
        if standing.count() == wanted.len() {
            return;
        }
        let mut placed = Table::default();
        for place in &self.places {
            placed.insert(place.id, ());
        }
        let new = wanted.iter().map(|(id, _)| *id).filter(|id| placed.get(*id).is_none());
        self.unplaced.extend(new);
    }

    /// Adds the tickets that come behind all others, which moves none.
    fn append(&mut self, wanted: &[(OrderId, Size)]) {
        let standing = self.places.iter().filter(|place| !place.gone);
        let in_order = standing.clone().zip(wanted).all(|(place, (id, _))| place.id == *id);
        let count = standing.count();
        if in_order {
            let come = wanted.iter().skip(count);
            self.places.extend(come.map(|(id, size)| Place { id: *id, size: *size, gone: false }));
        }
    }

    fn is_settled(&self, wanted: &[(OrderId, Size)]) -> bool {
        let is = |(place, (id, size)): (&Place, &(OrderId, Size))| {
            !place.gone && place.id == *id && place.size == *size
        };
        self.places.len() == wanted.len() && self.places.iter().zip(wanted).all(is)
    }

    /// Every ticket takes the place where it is wanted.
    pub fn settle(&mut self, wanted: &[(OrderId, Size)]) {
        self.places.clear();
        self.places.extend(wanted.iter().map(|(id, size)| Place {
            id: *id,
            size: *size,
            gone: false,
        }));
        self.restless = None;
        self.unplaced.clear();
        self.turn(self.page);
    }

    /// When it would settle.
    #[must_use]
    pub fn due(&self) -> Option<i64> {
        self.restless.map(|(since, last)| (last + REST_MS).min(since + RESTLESS_MS))
    }

    /// How many changes wait for it to settle.
    #[must_use]
    pub fn waiting(&self, wanted: &[(OrderId, Size)]) -> usize {
        let gone = self.places.iter().filter(|place| place.gone).count();
        let come = wanted.len().saturating_sub(self.places.len() - gone);
        match gone + come {
            // The same tickets in another order.
            0 => usize::from(!self.is_settled(wanted)),
            changes => changes,
        }
    }

    /// Where every ticket stands, page by page, also those that have gone.
    fn pages(&self) -> Vec<Vec<Seat>> {
        let Fit { columns, rows, most } = self.fit;
        let mut pages = Vec::new();
        let mut page = Page::new(columns);
        for Place { id, size, .. } in &self.places {
            let (mut span, mut tall) = size.shape(columns, rows);
            let full = page.seats.len() >= most;
            let mut found = if full { None } else { page.find(span, tall, rows) };
            // Before a column is left empty, it is one that is very tall.
            if found.is_none() && !full && span > 1 && size.tall(1) <= rows {
                found = page.find(1, size.tall(1), rows);
                if found.is_some() {
                    (span, tall) = (1, size.tall(1));
                }
            }
            if found.is_none() {
                pages.push(std::mem::replace(&mut page, Page::new(columns)).seats);
                found = page.find(span, tall, rows);
            }
            let (column, row) = found.unwrap_or_default();
            let slot = page.seats.len() + 1;
            page.seats.push(Seat { id: *id, slot, row, column, span, tall });
        }
        pages.push(page.seats);
        pages
    }

    /// Where each ticket of the page stands, or stood that has gone.
    fn shown(&self) -> Vec<Seat> {
        self.pages().into_iter().nth(self.page).unwrap_or_default()
    }

    /// Where each ticket of the page stands.
    #[must_use]
    pub fn seats(&self) -> Vec<Seat> {
        let mut seats = self.shown();
        let gone = |seat: &Seat| self.places.iter().any(|it| it.gone && it.id == seat.id);
        seats.retain(|seat| !gone(seat));
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
        let there = self.places.iter().any(|place| place.id == id && !place.gone);
        let has = |page: &Vec<Seat>| page.iter().any(|seat| seat.id == id);
        let page = self.pages().iter().position(has).filter(|_| there);
        self.page = page.unwrap_or(self.page);
        page.is_some()
    }

    /// The tickets on other pages, and those that have no place yet.
    pub fn hidden(&self) -> impl Iterator<Item = OrderId> {
        let pages = self.pages();
        let before: usize = pages.iter().take(self.page).map(Vec::len).sum();
        let page = before..before + pages.get(self.page).map_or(0, Vec::len);
        let places = self.places.iter().enumerate();
        let elsewhere = places.filter(move |(at, place)| !place.gone && !page.contains(at));
        elsewhere.map(|(_, it)| it.id).chain(self.unplaced.iter().copied())
    }
}

/// A page while it fills up.
struct Page {
    seats: Vec<Seat>,
    /// Of each column, a bit for each row that is taken.
    taken: Vec<u64>,
    /// Where the last ticket stands: column and row, from 0.
    last: (usize, usize),
}

impl Page {
    fn new(columns: usize) -> Self {
        Self { seats: Vec::new(), taken: vec![0; columns], last: (0, 0) }
    }

    /// Takes the first place behind the last ticket that has room, and says which
    /// column and row it is, from 1.
    fn find(&mut self, span: usize, tall: usize, rows: usize) -> Option<(usize, usize)> {
        if rows == 0 {
            return Some((0, 0));
        }
        let (mut column, mut row) = self.last;
        while let Some(over) = self.taken.get_mut(column..column + span) {
            while row + tall <= rows {
                let area = ((1_u64 << tall) - 1) << row;
                if over.iter().all(|taken| taken & area == 0) {
                    for taken in over {
                        *taken |= area;
                    }
                    self.last = (column, row);
                    return Some((column + 1, row + 1));
                }
                row += 1;
            }
            (column, row) = (column + 1, 0);
        }
        None
    }
}

/// For how long nothing moves after a pointer was on the board.
const NEAR_MS: i64 = 300;
/// Nobody holds the board still for longer than this without freezing it.
const HOLD_MS: i64 = 5_000;
/// For how long a board is frozen. It ends by itself, as whoever froze it may have
/// left: orders come meanwhile.
pub const FREEZE_MS: i64 = 300_000;

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

    /// Whether there has been anybody yet.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.pointer.is_some() || self.chosen.is_some()
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
