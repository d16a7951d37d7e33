//! When a screen makes a sound, and which: pure. What happens is noted as it
//! comes; the clock asks what is to be heard of it.
//!
//! A kitchen that is rung at for everything stops listening. So there is at most
//! one sound in three seconds, however much happens: a burst of orders is one
//! sound, the most important thing is what is heard, and what this screen did
//! itself is not. In a screen's quiet hours only alarms are heard. What was heard
//! in the last hour is counted, so that a screen can say when it is too much.

use super::{part::Part, table::Table};
use crate::domain::{FoodOrder, OrderId, OrderStatus, UnixMillis, screen::Sounds};

/// There is at most one sound in this time.
const QUIET_MS: i64 = 3_000;
/// How often an order rings that a channel wants answered.
const ANSWER_EVERY_MS: i64 = 5_000;
/// How often a screen that is cut off says so, and that an order is on no screen.
const AGAIN_MS: i64 = 60_000;
/// For how long it is remembered what was heard.
const HOUR_MS: i64 = 3_600_000;
/// More sounds in an hour than this are more than anybody heeds.
pub const MOST_AN_HOUR: usize = 60;
/// How long a screen is silent when it is muted. A mute has an end, always.
pub const MUTE_MS: i64 = 600_000;

/// Something to be heard; what comes first here matters least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sound {
    /// An order is ready to be handed over.
    Ready,
    /// An order has changed after it was sent.
    Changed,
    /// An order has come.
    New,
    /// An order is late.
    Late,
    /// An order is called off.
    Cancelled,
    /// An order waits for an answer.
    Answer,
    /// An order is on no screen of its station.
    Unseen,
    /// The screen is cut off.
    Offline,
}

impl Sound {
    /// Everything, in the order of what matters.
    pub const ALL: [Self; 8] = [
        Self::Ready,
        Self::Changed,
        Self::New,
        Self::Late,
        Self::Cancelled,
        Self::Answer,
        Self::Unseen,
        Self::Offline,
    ];

    /// Whether it is heard in quiet hours too.
    fn is_alarm(self) -> bool {
        self >= Self::Cancelled
    }

    /// What the page's script calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Changed => "changed",
            Self::New => "new",
            Self::Late => "late",
            Self::Cancelled => "cancelled",
            Self::Answer => "answer",
            Self::Unseen => "unseen",
            Self::Offline => "offline",
        }
    }

    /// What a screen that makes `part` is to hear of an order that was `before` and
    /// is `after` now. One for later is new when it fires, and one that was brought
    /// back is neither new nor ready once more.
    #[must_use]
    pub fn of(before: Option<&FoodOrder>, after: &FoodOrder, part: &Part) -> Option<Self> {
        let flags = &after.flags;
        let Some(before) = before else {
            let new = after.status.is_open() && !flags.recalled && !flags.scheduled;
            return new.then_some(Self::New);
        };
        if before.status.is_open() && flags.cancel_unseen {
            return Some(Self::Cancelled);
        }
        if before.flags.scheduled && !flags.scheduled && after.status.is_open() {
            return Some(Self::New);
        }
        if after.revision > before.revision && after.status.is_open() {
            // Where no badge shows what has changed, a sound would say nothing.
            return part.has_change(after).then_some(Self::Changed);
        }
        let made = after.status == OrderStatus::Ready && before.status != OrderStatus::Ready;
        (made && !flags.recalled).then_some(Self::Ready)
    }
}

/// Whether `order` rings until somebody answers.
#[must_use]
pub fn wants_answer(order: &FoodOrder, now: UnixMillis) -> bool {
    order.status == OrderStatus::Placed && order.source.accept_by.is_some_and(|by| now < by)
}

/// How the screen stands when the clock asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each stands or falls by itself")]
pub struct Standing {
    /// What was missed is still coming in.
    pub replaying: bool,
    /// The screen is cut off.
    pub offline: bool,
    /// An order waits for an answer.
    pub answer: bool,
    /// An order is on no screen of its station.
    pub unseen: bool,
    /// These are the screen's quiet hours.
    pub quiet: bool,
}

impl Standing {
    /// How loud it is where the screen is set to `volume`.
    #[must_use]
    pub fn loudness(self, volume: u32) -> u32 {
        if self.quiet { volume / 2 } else { volume }
    }
}

/// What was heard in the last hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastHour {
    /// How many sounds.
    pub sounds: usize,
    /// What was heard most often, and how often.
    pub most: Option<(Sound, usize)>,
}

/// Decides what is heard.
#[derive(Clone, Debug)]
pub struct Ringer {
    sounds: Sounds,
    /// What has happened since the last sound and matters most.
    noted: Option<Sound>,
    last: Option<(Sound, i64)>,
    answered_at: Option<i64>,
    offline_at: Option<i64>,
    unseen_at: Option<i64>,
    /// Tickets that were late already; none before the first look.
    late: Option<Table<()>>,
    muted_until: Option<i64>,
    /// What was heard, and when, oldest first.
    heard: Vec<(Sound, i64)>,
}

impl Ringer {
    /// A screen with these sounds, by which nothing has been heard yet.
    #[must_use]
    pub fn new(sounds: Sounds) -> Self {
        Self {
            sounds,
            noted: None,
            last: None,
            answered_at: None,
            offline_at: None,
            unseen_at: None,
            late: None,
            muted_until: None,
            heard: Vec::new(),
        }
    }

    fn wants(&self, sound: Sound) -> bool {
        match sound {
            Sound::Ready => self.sounds.ready,
            Sound::Changed => self.sounds.changed,
            Sound::New => self.sounds.new,
            Sound::Late => self.sounds.late,
            Sound::Cancelled => self.sounds.cancelled,
            Sound::Offline => self.sounds.offline,
            // Alarms: a profile cannot switch them off, a mute can for a while.
            Sound::Answer | Sound::Unseen => true,
        }
    }

    /// Something happened that is to be heard.
    pub fn note(&mut self, sound: Sound) {
        if self.wants(sound) {
            self.noted = self.noted.max(Some(sound));
        }
    }

    /// These tickets are late now. One that is late for the first time is
    /// noted, once for all; not what was late before anybody looked.
    pub fn late(&mut self, now_late: &[OrderId]) {
        let looked = self.late.is_some();
        let late = self.late.get_or_insert_default();
        let mut came = false;
        for id in now_late {
            came |= late.insert(*id, ()).is_none();
        }
        if came && looked {
            self.note(Sound::Late);
        }
    }

    /// Orders are on no screen that were on one before, or not there at all.
    pub fn unseen_anew(&mut self) {
        self.unseen_at = None;
    }

    /// What is to be heard at `now`, by the local clock.
    pub fn due(&mut self, now: i64, standing: Standing) -> Option<Sound> {
        if self.muted(now).is_some() {
            // Nobody wants to hear later what was to be heard while it was quiet.
            self.noted = None;
            return None;
        }
        if standing.quiet {
            self.noted = self.noted.filter(|sound| sound.is_alarm());
        }
        let again = |at: Option<i64>, every: i64| at.is_none_or(|at| now - at >= every || now < at);
        let mut due = self.noted.filter(|_| !standing.replaying && !standing.offline);
        for (stands, sound, at, every) in [
            (standing.answer, Sound::Answer, &mut self.answered_at, ANSWER_EVERY_MS),
            (standing.unseen, Sound::Unseen, &mut self.unseen_at, AGAIN_MS),
            (standing.offline, Sound::Offline, &mut self.offline_at, AGAIN_MS),
        ] {
            if !stands {
                *at = None;
            } else if again(*at, every) {
                due = due.max(Some(sound));
            }
        }
        let sound = due.filter(|sound| self.wants(*sound))?;
        if let Some((last, at)) = self.last
            && (0..QUIET_MS).contains(&(now - at))
        {
            // More of the same is the same burst.
            if self.noted == Some(last) {
                self.noted = None;
            }
            return None;
        }
        match sound {
            Sound::Answer => self.answered_at = Some(now),
            Sound::Unseen => self.unseen_at = Some(now),
            Sound::Offline => self.offline_at = Some(now),
            _ => {}
        }
        // Whoever is called looks, and sees the rest too.
        if !standing.replaying && !standing.offline {
            self.noted = None;
        }
        self.last = Some((sound, now));
        Some(sound)
    }

    /// Until when the screen is silent, if it is at `now`.
    #[must_use]
    pub fn muted(&self, now: i64) -> Option<i64> {
        self.muted_until.filter(|until| (now..=now + MUTE_MS).contains(until) && *until != now)
    }

    /// `sound` was heard at `now`, by the local clock.
    pub fn sounded(&mut self, sound: Sound, now: i64) {
        self.forget(now);
        self.heard.push((sound, now));
    }

    /// Lets go of what was heard before the last hour, and of what a clock that was
    /// set back has yet to reach.
    fn forget(&mut self, now: i64) {
        self.heard.retain(|(_, at)| (now - HOUR_MS..=now).contains(at));
    }

    /// What was heard in the hour before `now`.
    pub fn last_hour(&mut self, now: i64) -> LastHour {
        self.forget(now);
        let count = |sound| self.heard.iter().filter(|(heard, _)| *heard == sound).count();
        let counts = Sound::ALL.into_iter().map(|sound| (sound, count(sound)));
        let most = counts.max_by_key(|(_, count)| *count).filter(|(_, count)| *count > 0);
        LastHour { sounds: self.heard.len(), most }
    }

    /// What was heard, as a device remembers it.
    #[must_use]
    pub fn kept(&self) -> String {
        let mut kept = String::new();
        for (sound, at) in &self.heard {
            for part in [sound.as_str(), " ", &at.to_string(), ";"] {
                kept.push_str(part);
            }
        }
        kept
    }

    /// Takes up what a device remembers.
    pub fn take_up(&mut self, kept: &str, now: i64) {
        self.heard = kept
            .split_terminator(';')
            .filter_map(|entry| {
                let (sound, at) = entry.split_once(' ')?;
                let sound = Sound::ALL.into_iter().find(|it| it.as_str() == sound)?;
                Some((sound, at.parse().ok()?))
            })
            .collect();
        self.forget(now);
    }

    /// Silences the screen until `until`, which is never far; none: not any more.
    pub fn mute(&mut self, until: Option<i64>) {
        self.muted_until = until;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Station, screen::Role, testing::order};

    const STILL: Standing =
        Standing { replaying: false, offline: false, answer: false, unseen: false, quiet: false };

    fn every() -> Sounds {
        Sounds { late: true, ready: true, ..Sounds::default() }
    }

    /// What is heard, second by second, when `happens` says what happens.
    fn heard(
        ringer: &mut Ringer,
        seconds: std::ops::Range<i64>,
        mut happens: impl FnMut(i64, &mut Ringer) -> Standing,
    ) -> Vec<(i64, Sound)> {
        seconds
            .filter_map(|second| {
                let standing = happens(second, ringer);
                ringer.due(second * 1000, standing).map(|sound| (second, sound))
            })
            .collect()
    }

    #[test]
    fn a_burst_is_one_sound() {
        let mut ringer = Ringer::new(every());
        for _ in 0..10 {
            ringer.note(Sound::New);
        }
        assert_eq!(ringer.due(0, STILL), Some(Sound::New));
        for millis in 1..3_000 {
            ringer.note(Sound::New);
            assert_eq!(ringer.due(millis, STILL), None);
        }
        assert_eq!(ringer.due(3_000, STILL), None);
        ringer.note(Sound::New);
        assert_eq!(ringer.due(3_001, STILL), Some(Sound::New));
    }

    #[test]
    fn something_else_is_heard_when_the_quiet_is_over() {
        let mut ringer = Ringer::new(every());
        ringer.note(Sound::New);
        assert_eq!(ringer.due(0, STILL), Some(Sound::New));
        ringer.note(Sound::Ready);
        ringer.note(Sound::Cancelled);
        assert_eq!(ringer.due(1_000, STILL), None);
        assert_eq!(ringer.due(3_000, STILL), Some(Sound::Cancelled));
        assert_eq!(ringer.due(9_000, STILL), None);
    }

    #[test]
    fn a_profile_says_what_is_heard() {
        let mut ringer = Ringer::new(Sounds::of(Role::Dispatch));
        ringer.note(Sound::New);
        assert_eq!(ringer.due(0, STILL), None);
        ringer.note(Sound::Ready);
        assert_eq!(ringer.due(0, STILL), Some(Sound::Ready));
        let silent = Sounds { offline: false, ..every() };
        let offline = Standing { offline: true, ..STILL };
        assert_eq!(Ringer::new(silent).due(0, offline), None);
    }

    #[test]
    fn late_is_heard_once_a_ticket_and_not_for_what_was_late_before() {
        let mut ringer = Ringer::new(every());
        let [first, second, third] = [1, 2, 3].map(|number| order(number).id);
        let sounds = heard(&mut ringer, 0..60, |second_now, ringer| {
            let late: &[OrderId] = match second_now {
                10..20 => &[first, second],
                // The second was late, is made, is recalled then.
                0..30 => &[first],
                _ => &[first, second, third],
            };
            ringer.late(late);
            STILL
        });
        assert_eq!(sounds, [(10, Sound::Late), (30, Sound::Late)]);
    }

    #[test]
    fn offline_is_heard_at_once_and_every_minute() {
        let mut ringer = Ringer::new(every());
        let sounds = heard(&mut ringer, 0..200, |second, _| Standing {
            offline: (5..130).contains(&second) || second >= 190,
            ..STILL
        });
        assert_eq!(
            sounds,
            [
                (5, Sound::Offline),
                (65, Sound::Offline),
                (125, Sound::Offline),
                (190, Sound::Offline)
            ]
        );
    }

    #[test]
    fn what_came_while_the_screen_was_away_is_one_sound() {
        let mut ringer = Ringer::new(every());
        let sounds = heard(&mut ringer, 0..20, |second, ringer| {
            if second < 10 {
                ringer.note(Sound::New);
            }
            Standing { replaying: second < 10, ..STILL }
        });
        assert_eq!(sounds, [(10, Sound::New)]);
    }

    #[test]
    fn an_order_that_wants_an_answer_rings_until_somebody_acts() {
        let mut ringer = Ringer::new(Sounds { new: false, ..every() });
        let sounds = heard(&mut ringer, 0..30, |second, _| Standing {
            answer: (2..14).contains(&second),
            ..STILL
        });
        assert_eq!(sounds, [(2, Sound::Answer), (7, Sound::Answer), (12, Sound::Answer)]);
    }

    #[test]
    fn other_sounds_do_not_put_off_an_answer_for_long() {
        let mut ringer = Ringer::new(every());
        let sounds = heard(&mut ringer, 0..12, |second, ringer| {
            if second == 4 {
                ringer.note(Sound::New);
            }
            Standing { answer: true, ..STILL }
        });
        assert_eq!(sounds, [(0, Sound::Answer), (4, Sound::New), (7, Sound::Answer)]);
    }

    #[test]
    fn an_alarm_for_what_is_unseen_comes_anew_for_every_order() {
        let mut ringer = Ringer::new(every());
        let sounds = heard(&mut ringer, 0..100, |second, ringer| {
            if second == 20 {
                ringer.unseen_anew();
            }
            Standing { unseen: true, ..STILL }
        });
        assert_eq!(sounds, [(0, Sound::Unseen), (20, Sound::Unseen), (80, Sound::Unseen)]);
    }

    #[test]
    fn a_mute_ends_and_nothing_is_heard_later_of_what_happened_meanwhile() {
        let mut ringer = Ringer::new(every());
        ringer.mute(Some(600_000));
        ringer.note(Sound::New);
        assert_eq!(ringer.muted(0), Some(600_000));
        assert_eq!(ringer.due(0, STILL), None);
        assert_eq!(ringer.due(599_999, Standing { offline: true, ..STILL }), None);
        assert_eq!(ringer.muted(600_000), None);
        assert_eq!(ringer.due(600_000, STILL), None);
        ringer.note(Sound::New);
        assert_eq!(ringer.due(600_000, STILL), Some(Sound::New));
        // A clock that is set back makes no mute longer than it can be.
        ringer.mute(Some(5_000_000));
        assert_eq!(ringer.muted(600_000), None);
    }

    #[test]
    fn in_quiet_hours_only_alarms_are_heard() {
        let mut ringer = Ringer::new(every());
        let quiet = Standing { quiet: true, ..STILL };
        for sound in [Sound::Ready, Sound::Changed, Sound::New, Sound::Late] {
            ringer.note(sound);
            assert_eq!(ringer.due(0, quiet), None);
        }
        // What happened then is not heard when they are over.
        assert_eq!(ringer.due(1_000, STILL), None);
        ringer.note(Sound::New);
        ringer.note(Sound::Cancelled);
        assert_eq!(ringer.due(2_000, quiet), Some(Sound::Cancelled));
        for (standing, sound) in [
            (Standing { answer: true, ..quiet }, Sound::Answer),
            (Standing { unseen: true, ..quiet }, Sound::Unseen),
            (Standing { offline: true, ..quiet }, Sound::Offline),
        ] {
            assert_eq!(Ringer::new(every()).due(0, standing), Some(sound));
        }
        assert_eq!((quiet.loudness(70), STILL.loudness(70)), (35, 70));
    }

    #[test]
    fn what_was_heard_in_the_last_hour_is_counted() {
        const MINUTE: i64 = 60_000;
        let mut ringer = Ringer::new(every());
        assert_eq!(ringer.last_hour(0), LastHour { sounds: 0, most: None });
        for minute in 0..70 {
            ringer.sounded(Sound::New, minute * MINUTE);
        }
        ringer.sounded(Sound::Offline, 69 * MINUTE);
        let hour = LastHour { sounds: 62, most: Some((Sound::New, 61)) };
        assert_eq!(ringer.last_hour(69 * MINUTE), hour);
        // A reload keeps it.
        let mut after = Ringer::new(every());
        after.take_up(&ringer.kept(), 69 * MINUTE);
        assert_eq!(after.last_hour(69 * MINUTE), hour);
        assert_eq!(after.last_hour(129 * MINUTE).sounds, 2);
        // What stands there may be anything, and a clock may be set back.
        after.take_up("new 5;new;bang 7;new x;;offline 9000000", 10);
        assert_eq!(after.last_hour(10), LastHour { sounds: 1, most: Some((Sound::New, 1)) });
    }

    #[test]
    fn what_is_heard_of_a_change() {
        let of = |before: Option<&FoodOrder>, after: &FoodOrder| {
            Sound::of(before, after, &Part::default())
        };
        let placed = order(1);
        assert_eq!(of(None, &placed), Some(Sound::New));
        assert_eq!(of(Some(&placed), &placed), None);
        let with = |change: &dyn Fn(&mut FoodOrder)| {
            let mut order = placed.clone();
            change(&mut order);
            order
        };
        let scheduled = with(&|order| order.flags.scheduled = true);
        assert_eq!(of(None, &scheduled), None);
        assert_eq!(of(Some(&scheduled), &placed), Some(Sound::New));
        let changed = with(&|order| {
            order.revision += 1;
            order.flags.changed = true;
        });
        assert_eq!(of(Some(&placed), &changed), Some(Sound::Changed));
        let ready = with(&|order| order.status = OrderStatus::Ready);
        assert_eq!(of(Some(&placed), &ready), Some(Sound::Ready));
        assert_eq!(of(Some(&ready), &ready), None);
        let back = with(&|order| {
            order.status = OrderStatus::Ready;
            order.flags.recalled = true;
        });
        assert_eq!(of(None, &back), None);
        assert_eq!(of(Some(&placed), &back), None);
        let cancelled = with(&|order| {
            order.status = OrderStatus::Cancelled;
            order.flags.cancel_unseen = true;
        });
        assert_eq!(of(Some(&placed), &cancelled), Some(Sound::Cancelled));
        assert_eq!(of(Some(&cancelled), &cancelled), None);
    }

    #[test]
    fn a_change_of_what_others_make_is_not_heard() {
        let station = |name: &str| Station::parse(name).expect("valid");
        let before = order(1);
        let mut after = before.clone();
        after.revision += 1;
        after.flags.changed = true;
        after.items[0].quantity_before = Some(1);
        let there = Part::new(vec![after.items[0].station.clone()]);
        assert_eq!(Sound::of(Some(&before), &after, &there), Some(Sound::Changed));
        let elsewhere = Part::new(vec![station("somewhere-else")]);
        assert_eq!(Sound::of(Some(&before), &after, &elsewhere), None);
    }

    #[test]
    fn only_an_order_that_nobody_answered_wants_an_answer() {
        let mut order = order(1);
        assert!(!wants_answer(&order, UnixMillis(0)));
        order.source.accept_by = Some(UnixMillis(10));
        assert!(wants_answer(&order, UnixMillis(9)));
        assert!(!wants_answer(&order, UnixMillis(10)));
        order.status = OrderStatus::Accepted;
        assert!(!wants_answer(&order, UnixMillis(9)));
    }
}
