//! When orders come in: a restaurant's day with its lunch and its dinner rush,
//! the difference between weekdays, good and bad days, and the bus that stops
//! outside.

use super::chance::{Chance, millis, minutes};
use crate::domain::UnixMillis;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HALF_HOUR: i64 = 30 * MINUTE;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// From when orders come in, after local midnight.
const OPENS: i64 = 9 * HOUR;
/// When the rush is near its height: where the demo begins.
const RUSH: i64 = 18 * HOUR + 40 * MINUTE;
/// When the last hour begins, in which more is called off.
const LAST_HOUR: i64 = 22 * HOUR;

/// How many of a day's orders come in around each half hour from [`OPENS`] on,
/// in percent. Nothing comes in half an hour after the last.
const SHAPE: [f64; 28] = [
    0.3, 0.7, 1.2, 1.5, 2.8, 3.4, 3.7, 3.6, 3.4, 2.9, 2.8, 2.5, 2.5, 2.3, 2.6, 3.1, 3.9, 5.4, 6.4,
    9.0, 8.0, 7.8, 6.2, 4.5, 3.8, 2.4, 1.8, 0.9,
];

/// How busy each weekday is, Monday first.
const WEEKDAYS: [f64; 7] = [0.85, 0.88, 0.92, 1.0, 1.25, 1.2, 0.95];

/// How much good days differ from bad ones.
const DAY_VARIATION: f64 = 0.15;
/// No day is so far off that the kitchen could not be staffed for it.
const DAY_FACTOR: (f64, f64) = (0.85, 1.15);

/// A day at the restaurant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    midnight: UnixMillis,
    /// Orders a millisecond at one percent a half hour.
    rate_of_percent: f64,
}

impl Day {
    /// The local day that `at` falls on, as busy as its weekday and chance make it.
    pub(super) fn around(
        at: UnixMillis,
        utc_offset_s: i32,
        orders: u32,
        chance: &mut Chance,
    ) -> Self {
        let midnight = midnight_before(at, utc_offset_s);
        let (least, most) = DAY_FACTOR;
        let factor = chance.factor(DAY_VARIATION).clamp(least, most);
        let expected = f64::from(orders) * weekday_factor(local(midnight, utc_offset_s)) * factor;
        let percent: f64 = SHAPE.iter().sum();
        Self { midnight, rate_of_percent: expected / percent / lossy(HALF_HOUR) }
    }

    /// When orders begin to come in.
    pub(super) fn opens(&self) -> UnixMillis {
        self.midnight.plus(OPENS)
    }

    /// From when on more is called off.
    pub(super) fn last_hour(&self) -> UnixMillis {
        self.midnight.plus(LAST_HOUR)
    }

    /// When the last orders have come in.
    pub(super) fn closes(&self) -> UnixMillis {
        self.opens().plus(HALF_HOUR * i64::try_from(SHAPE.len()).unwrap_or_default())
    }

    /// A time on this day, in hours after midnight.
    pub(super) fn hour(&self, hour: f64) -> UnixMillis {
        self.midnight.plus(minutes(hour * 60.0))
    }

    /// A moment on the next day.
    pub(super) fn tomorrow(&self) -> UnixMillis {
        self.midnight.plus(DAY + DAY / 2)
    }

    /// Orders a millisecond at `at`.
    pub(super) fn rate(&self, at: UnixMillis) -> f64 {
        let since_opening = at.since(self.opens());
        let share = |index: i64| {
            usize::try_from(index).ok().and_then(|index| SHAPE.get(index)).copied().unwrap_or(0.0)
        };
        if since_opening < 0 {
            return 0.0;
        }
        let before = since_opening / HALF_HOUR;
        let part = lossy(since_opening % HALF_HOUR) / lossy(HALF_HOUR);
        self.rate_of_percent * (share(before) * (1.0 - part) + share(before + 1) * part)
    }

    /// When the next order after `at` comes in; none when the day is over.
    ///
    /// Candidates come at the day's highest rate and are kept as often as the
    /// rate at their moment asks for. Drawing each pause from the rate at its
    /// beginning would jump over the rush.
    pub(super) fn next_arrival(&self, at: UnixMillis, chance: &mut Chance) -> Option<UnixMillis> {
        let highest = self.rate_of_percent * SHAPE.iter().copied().fold(0.0, f64::max);
        if highest <= 0.0 {
            return None;
        }
        let mut at = at.max(self.opens());
        while at < self.closes() {
            at = at.plus(millis(chance.exponential(1.0 / highest) / 1000.0).max(1));
            if chance.yes(self.rate(at) / highest) {
                return (at < self.closes()).then_some(at);
            }
        }
        None
    }

    /// When groups come in at once, and how many each: a bus, an office, the end of a match.
    pub(super) fn bursts(&self, chance: &mut Chance) -> Vec<(UnixMillis, u32)> {
        let mut bursts = Vec::new();
        let mut hour = self.hour(11.0);
        while hour < self.hour(22.0) {
            if chance.yes(0.10) {
                bursts.push((hour.plus(minutes(chance.between(0.0, 60.0))), chance.whole(3, 8)));
            }
            hour = hour.plus(HOUR);
        }
        bursts
    }
}

/// The most orders a minute that the kitchen is staffed for on the day of `at`.
pub(super) fn staffed_rate(at: UnixMillis, utc_offset_s: i32, orders: u32) -> f64 {
    let percent: f64 = SHAPE.iter().sum();
    let highest = SHAPE.iter().copied().fold(0.0, f64::max);
    f64::from(orders) * weekday_factor(local(at, utc_offset_s)) * highest / percent / 30.0
}

/// When the rush is near its height on the local day of `at`.
pub(super) fn rush_on_the_day_of(at: UnixMillis, utc_offset_s: i32) -> UnixMillis {
    midnight_before(at, utc_offset_s).plus(RUSH)
}

/// The local time as if it were UTC.
fn local(at: UnixMillis, utc_offset_s: i32) -> UnixMillis {
    at.plus(i64::from(utc_offset_s) * SECOND)
}

fn midnight_before(at: UnixMillis, utc_offset_s: i32) -> UnixMillis {
    at.plus(-local(at, utc_offset_s).0.rem_euclid(DAY))
}

fn weekday_factor(local: UnixMillis) -> f64 {
    // 1 January 1970 was a Thursday, three days after a Monday.
    let weekday = (local.0.div_euclid(DAY) + 3).rem_euclid(7);
    usize::try_from(weekday).ok().and_then(|day| WEEKDAYS.get(day)).copied().unwrap_or(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "differences within a day are far below 2^52")]
fn lossy(millis: i64) -> f64 {
    millis as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    // A Thursday.
    const NOON: UnixMillis = UnixMillis(1_780_574_400_000);

    #[test]
    fn a_day_begins_at_local_midnight() {
        let mut chance = Chance::new(1, 1);
        for offset in [0, 7200, -18000, 20700] {
            let day = Day::around(NOON, offset, 600, &mut chance);
            let local = day.opens().plus(i64::from(offset) * SECOND);
            assert_eq!(local.0.rem_euclid(DAY), OPENS);
            assert!(day.midnight <= NOON && NOON.since(day.midnight) < DAY);
            assert_eq!(
                Day::around(day.tomorrow(), offset, 600, &mut chance).opens(),
                day.opens().plus(DAY)
            );
        }
    }

    #[test]
    fn the_day_has_as_many_orders_as_asked_and_peaks_at_dinner() {
        let mut chance = Chance::new(7, 1);
        let (mut count, mut dinner, mut lunch) = (0, 0, 0);
        let days = 40;
        for _ in 0..days {
            let day = Day::around(NOON, 0, 600, &mut chance);
            let mut at = day.opens();
            while let Some(next) = day.next_arrival(at, &mut chance) {
                assert!(next > at && next < day.closes());
                at = next;
                count += 1;
                dinner += i32::from(at >= day.hour(18.5) && at < day.hour(19.5));
                lunch += i32::from(at >= day.hour(12.0) && at < day.hour(13.0));
            }
        }
        let a_day = f64::from(count) / f64::from(days);
        assert!((540.0..660.0).contains(&a_day), "{a_day}");
        let ratio = f64::from(dinner) / f64::from(lunch);
        assert!((1.8..3.0).contains(&ratio), "{ratio}");
    }

    #[test]
    fn nothing_comes_in_at_night() {
        let mut chance = Chance::new(7, 1);
        let day = Day::around(NOON, 0, 600, &mut chance);
        assert_eq!(day.next_arrival(day.closes(), &mut chance), None);
        assert!(day.rate(day.opens().plus(-1)) <= 0.0);
        assert!(day.next_arrival(day.midnight, &mut chance).is_some_and(|at| at > day.opens()));
    }
}
