//! What can be read on a screen from where people stand.
//!
//! A letter is read by the angle that its height fills. ISO 9241 asks for 20
//! to 22 minutes of arc and takes 16 as the least; the height of a capital of
//! the board's font is 0.727 of its size. From the diagonal, the resolution and
//! the distance follow the size that text must have, and from that how many
//! tickets have room beside each other.

use super::screen::{Profile, Tenths, View};

/// Minutes of arc that are comfortable to read.
pub const PREFERRED_ARC: f64 = 20.0;
/// Minutes of arc that can be read.
pub const LEAST_ARC: f64 = 16.0;
/// The height of a capital letter of the board's font, as a share of its size.
const CAP_HEIGHT: f64 = 0.727;
/// Text is never smaller, however near somebody stands.
const LEAST_PX: f64 = 20.0;
/// The size of the rest of the page where a ticket's text is not larger.
const LEAST_ROOT_PX: f64 = 16.0;
/// An item's text, in root sizes.
const ITEM_ROOTS: f64 = 1.25;
/// The widths of the root size that the header's row needs.
const HEADER_ROOTS: f64 = 72.0;

/// Letters that a ticket's line must hold, and how wide one is on average.
const LETTERS: f64 = 18.0;
const LETTER_WIDTH: f64 = 0.55;
/// What a ticket needs beside its letters.
const TICKET_EDGES: f64 = 40.0;
/// What is left free at the edges of the page, and between two tickets.
const PAGE_EDGES: f64 = 32.0;
const GAP: f64 = 12.0;

/// How well text can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// At least [`PREFERRED_ARC`].
    Comfortable,
    /// At least [`LEAST_ARC`].
    Readable,
    /// Less.
    TooSmall,
}

/// What a screen's profile makes of its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Legibility {
    /// The size of an item's text, in pixels.
    pub item_px: u32,
    /// The size that is comfortable from the profile's distance.
    pub preferred_px: u32,
    /// The size that can be read from there.
    pub least_px: u32,
    /// The angle that a capital letter of an item fills, in minutes.
    pub arc: f64,
    /// How high that letter is, in millimetres.
    pub letter_mm: f64,
    /// Tickets of this text beside each other.
    pub columns: u32,
    /// Tickets that the view puts beside each other: its lanes, or the grid's slots.
    pub beside: u32,
    /// The root size that everything around the tickets follows, in tenths of
    /// a pixel. It is read from near, and must leave room for the tickets.
    pub root: Tenths,
    /// Whether it can be read.
    pub verdict: Verdict,
    view: View,
    distance_m: Tenths,
}

/// Millimetres from one pixel to the next.
#[must_use]
pub fn pitch_mm(diagonal_in: Tenths, width_px: u16, height_px: u16) -> f64 {
    diagonal_in.value() * 25.4 / f64::from(width_px).hypot(f64::from(height_px)).max(1.0)
}

/// The size in pixels of text whose capitals fill `arc` minutes from `distance_m`.
#[must_use]
pub fn needed_px(distance_m: Tenths, pitch_mm: f64, arc: f64) -> f64 {
    let half = (arc / 120.0).to_radians();
    2.0 * distance_m.value() * 1000.0 * half.tan() / pitch_mm / CAP_HEIGHT
}

impl Legibility {
    /// What `profile` makes of its text.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        let pitch = pitch_mm(profile.diagonal_in, profile.width_px, profile.height_px);
        let preferred = needed_px(profile.distance_m, pitch, PREFERRED_ARC);
        let least = needed_px(profile.distance_m, pitch, LEAST_ARC);
        let width = f64::from(profile.width_px);
        let beside = tickets_beside(profile);
        // Rounded to the nearest where there is room, down where there is not.
        let item = preferred.round().min(room(width, beside).floor()).max(LEAST_PX);
        let columns = match (profile.view, profile.page_size) {
            (View::Grid, Some(_)) => beside,
            _ => f64::from(fit(width, item)).max(1.0),
        };
        let letter_mm = item * CAP_HEIGHT * pitch;
        let arc = 2.0
            * (letter_mm / 2.0 / (profile.distance_m.value() * 1000.0)).atan().to_degrees()
            * 60.0;
        let verdict = if item >= preferred.round() {
            Verdict::Comfortable
        } else if item >= least.round() {
            Verdict::Readable
        } else {
            Verdict::TooSmall
        };
        let root = (item / ITEM_ROOTS).min(width / HEADER_ROOTS).max(LEAST_ROOT_PX);
        Self {
            item_px: whole(item),
            preferred_px: whole(preferred),
            least_px: whole(least),
            arc,
            letter_mm,
            columns: whole(columns),
            beside: match profile.view {
                View::Columns => whole(beside),
                View::Grid => whole(columns),
            },
            // Down, so that the header keeps its room.
            root: Tenths::near((root * 10.0).floor() / 10.0).unwrap_or(Tenths(160)),
            verdict,
            view: profile.view,
            distance_m: profile.distance_m,
        }
    }

    /// What can and what cannot be read from there, in a sentence.
    #[must_use]
    pub fn says(&self) -> String {
        let Self { item_px, preferred_px, least_px, distance_m, .. } = self;
        match self.verdict {
            Verdict::Comfortable => {
                format!("Item text is {item_px} px: comfortable to read from {distance_m} m.")
            }
            Verdict::Readable => format!(
                "Item text is {item_px} px: it can be read from {distance_m} m, and {preferred_px} \
                 px would be comfortable."
            ),
            Verdict::TooSmall => format!(
                "Item text is {item_px} px; from {distance_m} m on this screen it needs {least_px} \
                 px."
            ),
        }
    }

    /// What would help; nothing where it can be read.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        (self.verdict == Verdict::TooSmall).then_some(match self.view {
            View::Columns => {
                "Four columns leave no more room. The grid has larger tickets; a larger screen or a \
                 shorter distance helps too."
            }
            View::Grid => {
                "Put fewer slots on a page, take a larger screen, or bring it nearer."
            }
        })
    }
}

/// How many tickets must have room beside each other.
fn tickets_beside(profile: &Profile) -> f64 {
    let width = profile.width_px;
    match (profile.view, profile.page_size) {
        (View::Columns, _) if width >= 1000 => 4.0,
        (View::Columns, _) if width >= 640 => 2.0,
        (View::Columns, _) => 1.0,
        (View::Grid, None) => {
            if width >= 1000 {
                2.0
            } else {
                1.0
            }
        }
        (View::Grid, Some(slots)) => {
            let rows = if slots <= 10 { 2 } else { 3 };
            f64::from(slots.div_ceil(rows))
        }
    }
}

/// The largest text of which `beside` tickets have room on `width` pixels.
fn room(width: f64, beside: f64) -> f64 {
    let ticket = (width - PAGE_EDGES - GAP * (beside - 1.0)) / beside;
    (ticket - TICKET_EDGES) / (LETTERS * LETTER_WIDTH)
}

/// How many tickets with text of `item` pixels have room on `width` pixels.
fn fit(width: f64, item: f64) -> u32 {
    let ticket = LETTERS * LETTER_WIDTH * item + TICKET_EDGES;
    whole(((width - PAGE_EDGES + GAP) / (ticket + GAP)).floor())
}

fn whole(value: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float that is too large or below nothing becomes the nearest that is not"
    )]
    let whole = value.round() as u32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::screen::Role;

    /// Diagonal of the panel, resolution; the sizes for 0.6 m, 1 m, 2 m at the
    /// least angle, 2 m, 4 m and 6 m. (What is sold as 24, 32, 43 and 55 inches
    /// mostly is a little less.)
    const TABLE: [(u16, u16, u16, [u32; 6]); 7] = [
        (101, 1280, 800, [28, 47, 75, 94, 188, 283]),
        (156, 1366, 768, [19, 32, 51, 63, 127, 190]),
        (215, 1920, 1080, [19, 32, 52, 65, 129, 194]),
        (238, 1920, 1080, [17, 29, 47, 58, 117, 175]),
        (315, 1920, 1080, [13, 22, 35, 44, 88, 132]),
        (425, 1920, 1080, [10, 16, 26, 33, 65, 98]),
        (546, 1920, 1080, [8, 13, 20, 25, 51, 76]),
    ];

    fn profile(diagonal: u16, distance: u16) -> Profile {
        Profile {
            diagonal_in: Tenths(diagonal),
            distance_m: Tenths(distance),
            ..Profile::of(Role::Expo)
        }
    }

    #[test]
    fn text_has_the_size_that_the_table_says() {
        let distances = [
            (6, PREFERRED_ARC),
            (10, PREFERRED_ARC),
            (20, LEAST_ARC),
            (20, PREFERRED_ARC),
            (40, PREFERRED_ARC),
            (60, PREFERRED_ARC),
        ];
        for (diagonal, width, height, row) in TABLE {
            let pitch = pitch_mm(Tenths(diagonal), width, height);
            for ((distance, arc), expected) in distances.into_iter().zip(row) {
                let needed = needed_px(Tenths(distance), pitch, arc);
                // The table is rounded, and so is the diagonal.
                let off = (needed - f64::from(expected)).abs();
                assert!(off <= 1.0, "{diagonal} at {distance}: {needed}, not {expected}");
            }
        }
    }

    #[test]
    fn as_many_columns_have_room_as_the_table_says() {
        let columns = |diagonal, least: u32| {
            let screen = profile(diagonal, 20);
            assert_eq!(Legibility::of(&screen).least_px, least);
            fit(1920.0, f64::from(least))
        };
        assert_eq!(columns(238, 47), 3);
        assert_eq!(columns(315, 35), 4);
        assert_eq!(columns(425, 26), 6);
    }

    #[test]
    fn a_grid_takes_the_comfortable_size_and_as_many_columns_as_that_leaves() {
        let across = Legibility::of(&profile(238, 20));
        assert_eq!((across.item_px, across.columns), (58, 3));
        assert_eq!(across.verdict, Verdict::Comfortable);
        assert!((across.arc - 20.0).abs() < 0.3, "{}", across.arc);
        assert_eq!(across.advice(), None);
        // Nobody needs letters as small as a distance of a hand would allow.
        assert_eq!(Legibility::of(&profile(546, 6)).item_px, 20);
    }

    #[test]
    fn four_lanes_leave_less_room_and_that_is_said() {
        let columns = Profile { view: View::Columns, ..profile(238, 20) };
        let read = Legibility::of(&columns);
        assert_eq!(read.verdict, Verdict::TooSmall);
        assert_eq!(read.says(), "Item text is 42 px; from 2 m on this screen it needs 47 px.");
        assert!(read.advice().is_some_and(|advice| advice.contains("grid")));
    }

    #[test]
    fn row_16_too_many_tiles_cannot_be_read_and_fewer_can() {
        let tiles = |slots| Legibility::of(&Profile { page_size: Some(slots), ..profile(238, 20) });
        let many = tiles(20);
        assert_eq!(many.says(), "Item text is 22 px; from 2 m on this screen it needs 47 px.");
        assert_eq!(many.columns, 7);
        let few = tiles(6);
        assert_eq!(few.verdict, Verdict::Comfortable);
        assert_eq!(few.columns, 3);
        let some = tiles(7);
        assert_eq!(some.verdict, Verdict::TooSmall);
        // On a larger screen the same number of tiles is no trouble.
        let large = Profile { page_size: Some(8), ..profile(315, 20) };
        assert_eq!(Legibility::of(&large).verdict, Verdict::Readable);
        assert!(Legibility::of(&large).says().contains("44 px would be comfortable"));
    }

    #[test]
    fn what_is_around_the_tickets_never_outgrows_the_page() {
        for distance in [3, 10, 20, 60, 120] {
            for diagonal in [70, 101, 238, 546] {
                let read = Legibility::of(&profile(diagonal, distance));
                assert!(read.root.value() * HEADER_ROOTS <= 1921.0, "{read:?}");
                assert!(read.root.value() >= 16.0, "{read:?}");
            }
        }
        // A profile that nobody could have saved still has an answer.
        let nothing = Profile { width_px: 0, height_px: 0, ..profile(0, 0) };
        assert_eq!(Legibility::of(&nothing).columns, 1);
    }
}
