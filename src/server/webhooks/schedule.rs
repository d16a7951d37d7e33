//! When what failed is tried again.

use std::str::FromStr;

/// For how long a receiver can ask to be left alone.
const RETRY_AFTER_MOST_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// The waits between attempts: the first is after the first failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<i64>);

impl Schedule {
    /// What a schedule must be, for messages to users.
    pub const RULE: &'static str = "1 to 20 waits such as \"5s, 5m, 30m, 2h\", of ms, s, m, h or \
                                    d, each from 10ms to 7d";

    /// How long to wait after failure number `failures`, from 1, in milliseconds;
    /// after the last of the schedule, as long as its last wait. `chance` from 0
    /// to 1 spreads it by a tenth either way, so that what failed together does
    /// not come back together. `retry_after` is what the receiver asked for, and
    /// is never undercut.
    #[must_use]
    pub fn wait(&self, failures: u32, chance: f64, retry_after: Option<i64>) -> i64 {
        let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.0.get(index).or(self.0.last()).copied().unwrap_or_default();
        let tenth = wait / 10;
        #[expect(clippy::cast_possible_truncation, reason = "a fifth of a week at most")]
        #[expect(clippy::cast_precision_loss, reason = "a few milliseconds are no matter")]
        let spread = (tenth as f64 * 2.0 * chance.clamp(0.0, 1.0)) as i64;
        let asked = retry_after.map_or(0, Self::asked);
        (wait - tenth + spread).max(asked)
    }

    /// Whether failure number `failures`, so many milliseconds after the first, was
    /// that of the last attempt. All of the waits have passed by then: attempts
    /// that come faster than they should end nothing any sooner.
    #[must_use]
    pub fn is_over(&self, failures: u32, since_first: i64) -> bool {
        // As long as they are at the shortest.
        let waits: i64 = self.0.iter().map(|wait| wait - wait / 10).sum();
        let all = usize::try_from(failures).is_ok_and(|failures| failures > self.0.len());
        all && since_first >= waits
    }

    /// For how long a receiver that asked for `retry_after` is left alone.
    #[must_use]
    pub fn asked(retry_after: i64) -> i64 {
        retry_after.clamp(0, RETRY_AFTER_MOST_MILLIS)
    }
}

impl FromStr for Schedule {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        let waits: Option<Vec<i64>> = raw.split(',').map(|wait| millis(wait.trim())).collect();
        let good = waits.filter(|waits| {
            waits.len() <= 20 && waits.iter().all(|wait| (10..=7 * 86_400_000).contains(wait))
        });
        good.map(Self).ok_or(Self::RULE)
    }
}

fn millis(raw: &str) -> Option<i64> {
    let digits = raw.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = raw.split_at(digits);
    let unit: i64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: &str = "5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h";

    #[test]
    fn the_waits_are_those_of_the_standard() {
        let schedule: Schedule = STANDARD.parse().expect("a schedule");
        let waits: Vec<i64> =
            (1..=10).map(|failures| schedule.wait(failures, 0.5, None) / 1000).collect();
        let hours = |hours: i64| hours * 3600;
        let (five, ten, fourteen, twenty, day) =
            (hours(5), hours(10), hours(14), hours(20), 86_400);
        assert_eq!(waits, [5, 300, 1800, 7200, five, ten, fourteen, twenty, day, day]);
        let all = waits[..9].iter().sum::<i64>() * 1000;
        assert!(!schedule.is_over(9, all), "the tenth attempt is to come");
        assert!(schedule.is_over(10, all));
    }

    #[test]
    fn attempts_that_come_too_soon_end_nothing() {
        let schedule: Schedule = "10s, 20s".parse().expect("a schedule");
        assert!(!schedule.is_over(100, 26_999));
        assert!(schedule.is_over(3, 27_000), "each wait may be a tenth shorter");
        assert!(!schedule.is_over(2, i64::MAX));
    }

    #[test]
    fn chance_spreads_by_a_tenth_and_never_undercuts_the_receiver() {
        let schedule: Schedule = "10s".parse().expect("a schedule");
        assert_eq!(schedule.wait(1, 0.0, None), 9_000);
        assert_eq!(schedule.wait(1, 1.0, None), 11_000);
        assert_eq!(schedule.wait(1, 0.0, Some(60_000)), 60_000);
        assert_eq!(schedule.wait(1, 0.0, Some(1)), 9_000);
        assert_eq!(schedule.wait(1, 0.0, Some(i64::MAX)), 86_400_000, "a day at most");
        assert_eq!(schedule.wait(1, 0.0, Some(-5)), 9_000);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for raw in ["", "5", "s", "5 s", "-5s", "5s,", "0s", "8d", "99999999999999999h", "5w"] {
            assert_eq!(raw.parse::<Schedule>(), Err(Schedule::RULE), "{raw}");
        }
        assert!("50ms".parse::<Schedule>().is_ok());
    }
}
