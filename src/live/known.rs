//! What the board knew last, on the device: for when the page is loaded while
//! the server is away. Then the page is one that was rendered earlier, marked
//! with the time it is from, and this brings it to where the board was.

use leptos::prelude::*;
use web_sys::Storage;

use super::board::LiveBoard;
use crate::{
    domain::FoodOrder,
    wire::lean::{Json, Lean, LeanWrite, push_text},
};

/// What every name in the storage begins with; the page's address follows.
const NAMES: &str = "known/";
/// The same for the position and the time when nothing had come after it.
const TIMES: &str = "known-at/";
/// It is written at most this often, and less often for very many orders.
const EVERY_MS: i64 = 5_000;
/// What was known so long ago is of no use, and names and telephone numbers stand
/// in it.
const DAY_MS: i64 = 86_400_000;
/// What writing one order may cost of that.
const EACH_MS: i64 = 25;

/// The attribute of the document with the time, by this device's clock, that a
/// page is from which the server did not render just now.
const STALE: &str = "data-stale";

/// Orders as they stood at a position of the log.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    cursor: String,
    orders: Vec<FoodOrder>,
}

/// The orders that `each` goes through, as text.
fn to_text(cursor: &str, each: impl FnOnce(&mut dyn FnMut(&FoodOrder))) -> String {
    let mut json = "{\"cursor\":".to_owned();
    push_text(&mut json, cursor);
    let mut before = ",\"orders\":[";
    each(&mut |order| {
        json.push_str(before);
        before = ",";
        order.write(&mut json);
    });
    json.push_str(if before.len() > 1 { ",\"orders\":[]}" } else { "]}" });
    json
}

fn read(text: &str) -> Option<Known> {
    let mut json = Json::parse(text)?;
    Some(Known {
        cursor: Lean::read(json.take("cursor")?)?,
        orders: Lean::read(json.take("orders")?)?,
    })
}

/// The time in `text` that a board stood at position `cursor`. A time that was
/// written down with another position says nothing of this one.
fn time_at(text: &str, cursor: &str) -> Option<i64> {
    let (at, known) = text.split_once(' ')?;
    at.parse().ok().filter(|_| known == cursor)
}

/// When and what this device wrote last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    at: i64,
    cursor: String,
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn name(begin: &str) -> String {
    let location = window().location();
    let parts = [location.pathname(), location.search()].map(Result::unwrap_or_default);
    [begin, &parts[0], &parts[1]].concat()
}

/// Forgets what other pages of this device knew, or this one too; whether there
/// is more room now.
pub(super) fn forget(own: bool) -> bool {
    let Some(storage) = storage() else { return false };
    let mut any = false;
    for place in (0..storage.length().unwrap_or_default()).rev() {
        let Ok(Some(other)) = storage.key(place) else { continue };
        if other.starts_with(NAMES) && (own || other != name(NAMES)) {
            any |= storage.remove_item(&other).is_ok();
        }
    }
    any
}

/// Forgets what pages of this device knew a day before `now`.
pub fn forget_old(now: i64) {
    let Some(storage) = storage() else { return };
    for place in (0..storage.length().unwrap_or_default()).rev() {
        let Ok(Some(other)) = storage.key(place) else { continue };
        let Some(page) = other.strip_prefix(TIMES) else { continue };
        let at = storage.get_item(&other).ok().flatten();
        let at = at.and_then(|text| text.split(' ').next()?.parse::<i64>().ok());
        if at.is_none_or(|at| now - at > DAY_MS) {
            for begin in [NAMES, TIMES] {
                let _ = storage.remove_item(&[begin, page].concat());
            }
        }
    }
}

/// The time that this page is from, if the server did not render it just now.
pub(super) fn stale_since() -> Option<i64> {
    document().document_element()?.get_attribute(STALE)?.parse().ok()
}

impl LiveBoard {
    /// Brings a page that is `stale` to where the board was when it was last
    /// heard of; since when it has not been. That is never later than what is
    /// shown: without what was known, the page is all there is.
    pub(super) fn recall_known(self, stale: i64) -> i64 {
        let Some(storage) = storage() else { return stale };
        let get = |begin| storage.get_item(&name(begin)).ok().flatten();
        if let Some(Known { cursor, orders }) = get(NAMES).as_deref().and_then(read) {
            self.take_known(cursor, orders);
        }
        let at = get(TIMES).and_then(|text| time_at(&text, &self.cursor()));
        at.unwrap_or(stale).clamp(stale, self.local_now().max(stale))
    }

    /// Writes down what the board knows, which was all there was at `heard_at`,
    /// when that is due, or at once if the page `goes`.
    pub(super) fn remember_known(
        self,
        written: &mut Written,
        cursor: &str,
        heard_at: i64,
        goes: bool,
    ) {
        let now = self.local_now();
        let orders = self.read(super::BoardState::tickets);
        let pause = i64::try_from(orders).unwrap_or(i64::MAX).saturating_mul(EACH_MS).max(EVERY_MS);
        // A clock that was set back holds nothing up.
        if !goes && (0..pause).contains(&(now - written.at)) {
            return;
        }
        written.at = now;
        let Some(storage) = storage() else { return };
        let _ = storage.set_item(&name(TIMES), &[&heard_at.to_string(), cursor].join(" "));
        if written.cursor == cursor {
            return;
        }
        cursor.clone_into(&mut written.cursor);
        let (place, text) = (name(NAMES), to_text(cursor, |write| self.each_order(write)));
        let keep = || storage.set_item(&place, &text).is_ok();
        if !(keep() || forget(false) && keep()) {
            // Better nothing than what is long over.
            let _ = storage.remove_item(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let known = read(&to_text("9f3a01c4-7", |_| {}));
        assert_eq!(known, Some(Known { cursor: "9f3a01c4-7".to_owned(), orders: Vec::new() }));
        assert_eq!(read("{\"cursor\":\"9f3a01c4-7\"}"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_time_is_of_its_own_position_alone() {
        assert_eq!(time_at("1700 9f3a01c4-7", "9f3a01c4-7"), Some(1_700));
        assert_eq!(time_at("1700 9f3a01c4-9", "9f3a01c4-7"), None, "the board was not written");
        assert_eq!(time_at("1700", "9f3a01c4-7"), None);
        assert_eq!(time_at("", "9f3a01c4-7"), None);
    }
}
