//! How often orders of a channel come, and when it has been silent for too long
//! to be chance.

use std::collections::VecDeque;

use super::time::UnixMillis;

/// How far back, from a channel's last order, its gaps are looked at.
const LOOK_BACK_MILLIS: i64 = 2 * 60 * 60 * 1000;
/// So many orders have to be in that time before anything can be said.
const ENOUGH: usize = 8;
/// So many orders are remembered; what is beyond says nothing new.
const MOST: usize = 256;
/// A silence of so many mean gaps is a long one …
const TIMES_THE_MEAN: i64 = 5;
/// … if it is also so many times the longest gap: channels come in bursts.
const TIMES_THE_LONGEST: i64 = 2;

/// When the last orders of a channel came.
///
/// A kitchen does not notice what does not come. So a channel is *quiet* when its
/// silence is longer than five times the mean gap of its last two hours of orders,
/// and twice the longest of them, and a time that is set. Gaps that are only chance
/// seldom reach that: with a dozen orders an hour once in some days. A channel with
/// fewer than eight orders in those hours is never quiet, because nobody could know.
#[derive(Clone, Debug, Default)]
pub struct Rhythm {
    /// Oldest first, none older than [`LOOK_BACK_MILLIS`] before the last.
    came: VecDeque<UnixMillis>,
}

impl Rhythm {
    /// An order came.
    pub fn note(&mut self, at: UnixMillis) {
        // A clock that was set back makes no gap.
        let at = self.last().map_or(at, |last| last.max(at));
        self.came.push_back(at);
        let since = at.plus(-LOOK_BACK_MILLIS);
        while self.came.len() > MOST || self.came.front().is_some_and(|first| *first < since) {
            self.came.pop_front();
        }
    }

    /// When the last one came.
    #[must_use]
    pub fn last(&self) -> Option<UnixMillis> {
        self.came.back().copied()
    }

    /// The mean time between two orders, in milliseconds; none when there are too
    /// few to know.
    #[must_use]
    pub fn usual_gap(&self) -> Option<i64> {
        let (first, last) = (self.came.front()?, self.came.back()?);
        let gaps = i64::try_from(self.came.len()).ok()? - 1;
        (self.came.len() >= ENOUGH).then(|| last.since(*first) / gaps.max(1))
    }

    /// How long a silence has to be, in milliseconds, to be longer than chance
    /// makes it; none when there are too few orders to know.
    #[must_use]
    pub fn long_silence(&self) -> Option<i64> {
        let usual = self.usual_gap()?;
        let gaps = self.came.iter().zip(self.came.iter().skip(1));
        let longest = gaps.map(|(before, after)| after.since(*before)).max().unwrap_or_default();
        Some((TIMES_THE_MEAN * usual).max(TIMES_THE_LONGEST * longest))
    }

    /// Whether the channel is quiet at `now`. Its silence counts from
    /// `listening_since` where that is later than its last order: who takes no
    /// orders hears of none. `least` is what every silence has to exceed.
    #[must_use]
    pub fn is_quiet(&self, now: UnixMillis, listening_since: UnixMillis, least: i64) -> bool {
        let (Some(came), Some(long)) = (self.last(), self.long_silence()) else { return false };
        now.since(came.max(listening_since)) > long.max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const LEAST: i64 = 15 * MINUTE;
    const ALWAYS: UnixMillis = UnixMillis(0);

    fn at(minute: i64) -> UnixMillis {
        UnixMillis(1_000_000_000 + minute * MINUTE)
    }

    fn rhythm(minutes: impl IntoIterator<Item = i64>) -> Rhythm {
        let mut rhythm = Rhythm::default();
        minutes.into_iter().for_each(|minute| rhythm.note(at(minute)));
        rhythm
    }

    #[test]
    fn a_channel_is_quiet_after_five_times_its_usual_gap() {
        // One in four minutes, the last at 40.
        let rhythm = rhythm((0..=10).map(|order| order * 4));
        assert_eq!(rhythm.usual_gap(), Some(4 * MINUTE));
        assert!(!rhythm.is_quiet(at(60), ALWAYS, LEAST));
        assert!(rhythm.is_quiet(at(60).plus(1), ALWAYS, LEAST));
    }

    #[test]
    fn a_busy_channel_is_not_quiet_before_the_time_that_is_set() {
        let rhythm = rhythm(0..=20);
        assert!(!rhythm.is_quiet(at(35), ALWAYS, LEAST));
        assert!(rhythm.is_quiet(at(35).plus(1), ALWAYS, LEAST));
    }

    #[test]
    fn a_channel_that_comes_in_bursts_may_pause_between_them() {
        // Four at once, and four more half an hour later: 30 / 7 minutes on average.
        let rhythm = rhythm([0, 0, 0, 0, 30, 30, 30, 30]);
        assert!(!rhythm.is_quiet(at(90), ALWAYS, LEAST));
        assert!(rhythm.is_quiet(at(90).plus(1), ALWAYS, LEAST));
    }

    #[test]
    fn too_few_orders_say_nothing() {
        assert!(!Rhythm::default().is_quiet(at(10_000), ALWAYS, LEAST));
        let few = rhythm(0..7);
        assert_eq!(few.usual_gap(), None);
        assert!(!few.is_quiet(at(10_000), ALWAYS, LEAST));
        // What came more than two hours before the last is not looked at.
        let long_ago = rhythm((0..7).chain([200]));
        assert_eq!(long_ago.usual_gap(), None);
    }

    #[test]
    fn nobody_is_quiet_whom_nobody_listened_to() {
        let rhythm = rhythm((0..=10).map(|order| order * 4));
        let paused_until = at(100);
        assert!(!rhythm.is_quiet(at(101), paused_until, LEAST));
        assert!(!rhythm.is_quiet(at(120), paused_until, LEAST));
        assert!(rhythm.is_quiet(at(120).plus(1), paused_until, LEAST));
    }

    #[test]
    fn many_orders_take_no_more_room_than_some() {
        let mut rhythm = Rhythm::default();
        for second in 0..10_000 {
            rhythm.note(UnixMillis(second * 100));
        }
        assert_eq!(rhythm.came.len(), MOST);
        assert_eq!(rhythm.usual_gap(), Some(100));
        // A clock that was set back.
        rhythm.note(UnixMillis(0));
        assert_eq!(rhythm.last(), Some(UnixMillis(999_900)));
    }
}
