//! Times of day, and the hours in which a screen is quiet.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::time::UnixMillis;

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// A time of day, to the minute, by the clock on the location's wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// What a time must be, for messages to users.
    pub const RULE: &str = "hours and minutes, such as 22:00";

    /// So many minutes after midnight.
    #[must_use]
    pub fn of_minutes(minutes: u32) -> Option<Self> {
        (minutes < DAY).then_some(Self(minutes))
    }

    /// What the clock shows at `at`, `utc_offset_s` seconds east of UTC.
    #[must_use]
    pub fn at(at: UnixMillis, utc_offset_s: i32) -> Self {
        let minute = (at.0.div_euclid(1000) + i64::from(utc_offset_s)).div_euclid(60);
        Self(u32::try_from(minute.rem_euclid(i64::from(DAY))).unwrap_or_default())
    }

    /// Minutes after midnight.
    #[must_use]
    pub fn minutes(self) -> u32 {
        self.0
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        let number = |text: &str, most: u32| {
            let digits =
                (1..=2).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
            text.parse().ok().filter(|number: &u32| digits && *number <= most)
        };
        let (hours, minutes) = raw.split_once(':').ok_or(Self::RULE)?;
        let (hours, minutes) =
            (number(hours, 23), number(minutes, 59).filter(|_| minutes.len() == 2));
        hours.zip(minutes).map(|(hours, minutes)| Self(hours * 60 + minutes)).ok_or(Self::RULE)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        raw.parse().map_err(serde::de::Error::custom)
    }
}

/// From when to when a screen is quiet, each day; over midnight where it ends
/// before it begins.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// The first quiet minute.
    pub from: TimeOfDay,
    /// The first that is not quiet any more; another than the first quiet one.
    pub until: TimeOfDay,
}

impl QuietHours {
    /// Whether it is quiet at `time`.
    #[must_use]
    pub fn cover(self, time: TimeOfDay) -> bool {
        if self.from < self.until {
            (self.from..self.until).contains(&time)
        } else {
            time >= self.from || time < self.until
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(raw: &str) -> TimeOfDay {
        raw.parse().expect("a time")
    }

    #[test]
    fn times_of_day_are_read_and_written() {
        for (raw, written) in [("00:00", "00:00"), ("9:05", "09:05"), ("23:59", "23:59")] {
            assert_eq!(time(raw).to_string(), written);
        }
        for raw in ["", "24:00", "12:60", "12", "12:5", "+1:00", "1200", "012:00", "12:00:00"] {
            assert_eq!(raw.parse::<TimeOfDay>(), Err(TimeOfDay::RULE), "{raw}");
        }
        assert_eq!(TimeOfDay::of_minutes(1439), Some(time("23:59")));
        assert_eq!(TimeOfDay::of_minutes(1440), None);
    }

    #[test]
    fn the_wall_s_clock_is_the_location_s() {
        assert_eq!(TimeOfDay::at(UnixMillis(0), 0), time("00:00"));
        assert_eq!(TimeOfDay::at(UnixMillis(0), -60), time("23:59"));
        assert_eq!(TimeOfDay::at(UnixMillis(86_399_999), 3600), time("00:59"));
    }

    #[test]
    fn quiet_hours_may_go_over_midnight() {
        let day = QuietHours { from: time("14:00"), until: time("17:30") };
        let night = QuietHours { from: time("22:00"), until: time("06:30") };
        for (now, by_day, by_night) in [
            ("13:59", false, false),
            ("14:00", true, false),
            ("17:29", true, false),
            ("17:30", false, false),
            ("21:59", false, false),
            ("22:00", false, true),
            ("00:00", false, true),
            ("06:29", false, true),
            ("06:30", false, false),
        ] {
            assert_eq!((day.cover(time(now)), night.cover(time(now))), (by_day, by_night), "{now}");
        }
    }
}
