//! How far the board can be trusted, and when to connect anew: a pure state
//! machine over what the connection, the network and the clock say.
//!
//! It rests on heartbeats, not on the connection's own errors: a connection
//! that died in its sleep reports nothing at all.

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The stream said hello: it is open and replays what was missed. Nothing is
    /// known to be here yet.
    Opened,
    /// A heartbeat: all that happened before it has been sent.
    Heartbeat,
    /// A heartbeat, or something else, by which the board is not what the server has.
    Lacking {
        /// Whether that is certain: a heartbeat's count may be of a moment before the last
        /// event, or after it.
        certain: bool,
    },
    /// Orders changed.
    Changed {
        /// Orders that came onto the board.
        new: u32,
        /// Orders that were cancelled.
        cancelled: u32,
        /// Orders that went in any other way.
        gone: u32,
    },
    /// The server said that it stops.
    Farewell,
    /// The connection failed. Unless it is `closed` the browser itself tries again.
    Failed {
        /// Whether the browser gave up.
        closed: bool,
    },
    /// A second went by.
    Tick,
    /// The device lost its network.
    NetworkLost,
    /// The device has a network again.
    NetworkBack,
    /// The page came into view.
    Shown,
    /// Somebody pressed Retry.
    Retry,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Drop the connection and open a new one after the last event that came.
    Open,
    /// Send [`Input::Tick`] after so many milliseconds.
    WakeIn(u32),
    /// The same, without a connection until then.
    Rest(u32),
}

/// What the page says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// First load; the stream is not open yet.
    Connecting,
    /// Everything is on the board.
    Live,
    /// The connection broke just now; only the dot shows it.
    Interrupted,
    /// Connected; what was missed is coming in.
    CatchingUp {
        /// Changes so far.
        changes: u32,
    },
    /// Broken for a while.
    Reconnecting,
    /// Nothing heard for too long to trust the board blindly.
    NotLive,
    /// Nothing heard for so long that the board is probably wrong.
    Offline {
        /// Whether the device itself has no network.
        device: bool,
    },
    /// Just back.
    LiveAgain {
        /// Orders that came meanwhile.
        new: u32,
        /// Orders cancelled meanwhile.
        cancelled: u32,
        /// Orders that went in any other way meanwhile.
        gone: u32,
    },
}

/// A break shorter than this shows nothing but the dot, unless the server has
/// said that it stops.
const BLIP_MS: i64 = 3_000;
/// An attempt that has brought nothing after this is given up.
const ATTEMPT_MS: i64 = 10_000;
/// How long "Live again" stays.
const AGAIN_MS: i64 = 4_000;
/// Retries wait from here …
const FIRST_WAIT_MS: u32 = 500;
/// … to here.
const LONGEST_WAIT_MS: u32 = 8_000;
/// A failure sooner after the one before is hasty: somebody has told the browser to come
/// back at once.
const HASTY_MS: i64 = 1_000;
/// How many hasty ones in a row are let pass.
const HASTY_MOST: u32 = 2;
/// What they count as, at least, for the wait after them.
const HASTY_ATTEMPTS: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Opening { since: i64 },
    Open,
    Waiting { until: i64 },
}

/// What has come since the stream was opened, or since a long silence. The board
/// is whole when a heartbeat comes, and not before: a replay may pause, and a
/// connection that says hello may break before it has brought anything.
#[derive(Clone, Copy, Debug, Default)]
struct Replay {
    changes: u32,
    new: u32,
    cancelled: u32,
    gone: u32,
}

/// The state machine. Every time is in milliseconds of the local wall clock: a
/// monotonic one stands still while a laptop sleeps, which is exactly when the
/// connection dies.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or not whatever the others are")]
pub struct Freshness {
    heartbeat_ms: i64,
    /// When the server was last heard, whatever it said.
    last_sign: i64,
    /// When the board last had everything.
    whole_at: i64,
    link: Link,
    broken_since: Option<i64>,
    ever_whole: bool,
    /// Whether the page has said that it is not live.
    outage_shown: bool,
    device_offline: bool,
    /// Whether the page was loaded without the server, and it has not been heard since.
    away: bool,
    replay: Option<Replay>,
    /// What "Live again" tells, and until when.
    again: Option<(i64, Replay)>,
    attempts: u32,
    failed_at: i64,
    /// Hasty failures in a row.
    hasty: u32,
    random: u32,
}

impl Freshness {
    /// A page rendered at `now`, about to open its first connection. `seed`
    /// spreads the retries of many screens.
    #[must_use]
    pub fn new(heartbeat_ms: u64, now: i64, seed: u32) -> Self {
        Self {
            heartbeat_ms: i64::try_from(heartbeat_ms).unwrap_or(5_000).max(1),
            last_sign: now,
            whole_at: now,
            link: Link::Opening { since: now },
            broken_since: None,
            ever_whole: false,
            outage_shown: false,
            device_offline: false,
            away: false,
            replay: None,
            again: None,
            attempts: 0,
            failed_at: now - HASTY_MS,
            hasty: 0,
            random: seed | 1,
        }
    }

    /// The page was not rendered just now: it was last known to be right at `at`.
    pub fn away_since(&mut self, at: i64) {
        self.last_sign = self.last_sign.min(at);
        self.whole_at = self.whole_at.min(at);
        self.away = true;
        self.outage_shown = true;
    }

    /// When the board last had everything, by the local clock.
    #[must_use]
    pub fn whole_at(&self) -> i64 {
        self.whole_at
    }

    /// Whether the connection is open, as far as anybody can tell.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.link == Link::Open
    }

    /// Silence after which the board no longer counts as live: two heartbeats.
    fn stale_ms(&self) -> i64 {
        (2 * self.heartbeat_ms).max(10_000)
    }

    /// Silence after which the connection is taken for dead.
    fn watchdog_ms(&self) -> i64 {
        self.stale_ms() + 2_000
    }

    /// Silence after which the board counts as offline.
    fn offline_ms(&self) -> i64 {
        2 * self.stale_ms()
    }

    /// Takes in `input` at `now`.
    pub fn on(&mut self, input: Input, now: i64) -> Option<Command> {
        self.clamp(now);
        // Whoever wakes has not ticked since: what the page would say at this
        // moment counts, not what it said last.
        let stands = self.state(now);
        self.outage_shown |= matches!(
            stands,
            State::CatchingUp { .. } | State::Reconnecting | State::NotLive | State::Offline { .. }
        );
        match input {
            Input::Opened => {
                self.link = Link::Open;
                self.last_sign = now;
                self.broken_since.get_or_insert(now);
                self.replay.get_or_insert_default();
                None
            }
            Input::Heartbeat => {
                self.last_sign = now;
                if self.link == Link::Open {
                    self.whole(now);
                }
                None
            }
            Input::Lacking { certain } => {
                self.last_sign = now;
                if certain {
                    self.broken(now);
                }
                None
            }
            Input::Changed { new, cancelled, gone } => {
                self.last_sign = now;
                if self.outage_shown && self.link == Link::Open {
                    self.replay.get_or_insert_default();
                }
                if let Some(replay) = &mut self.replay {
                    replay.changes += 1;
                    replay.new += new;
                    replay.cancelled += cancelled;
                    replay.gone += gone;
                } else if self.link == Link::Open && self.broken_since.is_none() {
                    self.whole_at = now;
                }
                None
            }
            Input::Farewell => {
                // No blip: whoever says goodbye is away for as long as a start takes.
                self.outage_shown = true;
                self.broken(now);
                None
            }
            Input::Failed { closed } => {
                self.broken(now);
                let hasty = now - self.failed_at < HASTY_MS;
                self.hasty = if hasty { self.hasty + 1 } else { 0 };
                self.failed_at = now;
                if closed {
                    return Some(self.retry_later(now));
                }
                if self.hasty > HASTY_MOST {
                    self.attempts = self.attempts.max(HASTY_ATTEMPTS);
                    let wait = self.wait(now);
                    return Some(Command::Rest(wait));
                }
                if self.link == Link::Open {
                    self.link = Link::Opening { since: now };
                }
                None
            }
            Input::Tick => self.tick(now),
            Input::NetworkLost => {
                self.device_offline = true;
                self.broken(now);
                None
            }
            Input::NetworkBack => {
                let was_lost = std::mem::take(&mut self.device_offline);
                if was_lost && self.link != Link::Open {
                    // However young an attempt is: it began without a network.
                    return Some(self.reopen(now));
                }
                self.reopen_if_stale(now)
            }
            Input::Shown => self.reopen_if_stale(now),
            Input::Retry => Some(self.reopen(now)),
        }
    }

    /// What the page says at `now`.
    #[must_use]
    pub fn state(&self, now: i64) -> State {
        let silent = now - self.whole_at;
        let heard = self.link == Link::Open && now - self.last_sign <= self.stale_ms();
        let blip =
            !self.outage_shown && self.broken_since.is_none_or(|since| now - since <= BLIP_MS);
        match (self.replay, self.again) {
            (Some(replay), _) if heard && !blip => State::CatchingUp { changes: replay.changes },
            (Some(_), _) if heard && !self.ever_whole => State::Connecting,
            (Some(_), _) if heard => State::Interrupted,
            _ if self.away || silent > self.offline_ms() => {
                State::Offline { device: self.device_offline }
            }
            _ if silent > self.stale_ms() => State::NotLive,
            _ if !self.ever_whole && blip => State::Connecting,
            _ if self.broken_since.is_some() && !blip => State::Reconnecting,
            _ if self.broken_since.is_some() => State::Interrupted,
            (_, Some((until, Replay { new, cancelled, gone, .. }))) if now < until => {
                State::LiveAgain { new, cancelled, gone }
            }
            _ => State::Live,
        }
    }

    /// The device's clock may be set back: nothing has happened later than now,
    /// and nothing is waited for longer than it ever is.
    fn clamp(&mut self, now: i64) {
        self.last_sign = self.last_sign.min(now);
        self.whole_at = self.whole_at.min(now);
        self.failed_at = self.failed_at.min(now);
        self.broken_since = self.broken_since.map(|since| since.min(now));
        self.again = self.again.map(|(until, what)| (until.min(now + AGAIN_MS), what));
        match &mut self.link {
            Link::Opening { since } => *since = (*since).min(now),
            Link::Waiting { until } => *until = (*until).min(now + i64::from(LONGEST_WAIT_MS)),
            Link::Open => {}
        }
    }

    fn broken(&mut self, now: i64) {
        self.broken_since.get_or_insert(now);
        self.again = None;
    }

    /// All that happened before now is on the board.
    fn whole(&mut self, now: i64) {
        self.whole_at = now;
        self.attempts = 0;
        self.ever_whole = true;
        self.broken_since = None;
        self.device_offline = false;
        self.away = false;
        let replay = self.replay.take();
        if std::mem::take(&mut self.outage_shown) {
            self.again = Some((now + AGAIN_MS, replay.unwrap_or_default()));
        }
    }

    fn tick(&mut self, now: i64) -> Option<Command> {
        match self.link {
            Link::Open if now - self.last_sign >= self.watchdog_ms() => Some(self.open(now)),
            Link::Opening { since } if now - since >= ATTEMPT_MS => Some(self.retry_later(now)),
            Link::Waiting { until } if now >= until => Some(self.open(now)),
            _ => None,
        }
    }

    fn reopen_if_stale(&mut self, now: i64) -> Option<Command> {
        let stale = match self.link {
            Link::Open => now - self.last_sign > self.heartbeat_ms * 3 / 2,
            // Several of these come at once when a device wakes: once is enough.
            Link::Opening { since } => now - since > 1_000,
            Link::Waiting { .. } => true,
        };
        stale.then(|| self.reopen(now))
    }

    /// Opens at once, and is quick again if that fails.
    fn reopen(&mut self, now: i64) -> Command {
        self.attempts = 0;
        self.open(now)
    }

    fn open(&mut self, now: i64) -> Command {
        self.broken(now);
        self.link = Link::Opening { since: now };
        Command::Open
    }

    /// The first retry at once, then 0.5 to 8 s, each wait spread over its
    /// upper half.
    fn retry_later(&mut self, now: i64) -> Command {
        self.broken(now);
        if self.attempts == 0 {
            self.attempts = 1;
            return self.open(now);
        }
        Command::WakeIn(self.wait(now))
    }

    /// Waits from now on, longer with each attempt; for how long.
    fn wait(&mut self, now: i64) -> u32 {
        let longest = FIRST_WAIT_MS << self.attempts.saturating_sub(1).min(4);
        self.attempts += 1;
        let wait = longest / 2 + self.random() % (longest / 2);
        self.link = Link::Waiting { until: now + i64::from(wait) };
        wait
    }

    /// Xorshift: enough to keep many screens from coming back together.
    fn random(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page that has been whole since 0 and heard its second heartbeat at 5 s.
    fn live() -> Freshness {
        let mut freshness = Freshness::new(5_000, 0, 7);
        assert_eq!(freshness.on(Input::Opened, 0), None);
        assert_eq!(freshness.on(Input::Heartbeat, 0), None);
        assert_eq!(freshness.on(Input::Heartbeat, 5_000), None);
        assert_eq!(freshness.state(5_000), State::Live);
        freshness
    }

    /// Lets the seconds go by, `from` and `to` included; the commands given, with their time.
    fn ticks(freshness: &mut Freshness, from: i64, to: i64) -> Vec<(i64, Command)> {
        (from..=to)
            .step_by(1_000)
            .filter_map(|now| freshness.on(Input::Tick, now).map(|command| (now, command)))
            .collect()
    }

    fn again(new: u32, cancelled: u32, gone: u32) -> State {
        State::LiveAgain { new, cancelled, gone }
    }

    #[test]
    fn a_page_connects_before_it_claims_to_be_live() {
        let mut freshness = Freshness::new(5_000, 0, 7);
        assert_eq!(freshness.state(0), State::Connecting);
        assert_eq!(ticks(&mut freshness, 1_000, 9_000), []);
        assert_eq!(freshness.state(9_000), State::Connecting);
        freshness.on(Input::Opened, 9_500);
        assert_eq!(freshness.state(9_500), State::Connecting);
        freshness.on(Input::Heartbeat, 9_600);
        assert_eq!(freshness.state(9_600), State::Live);
    }

    #[test]
    fn a_connection_that_only_says_hello_is_not_live() {
        for first in [true, false] {
            let mut freshness = if first { Freshness::new(5_000, 6_000, 7) } else { live() };
            let mut said = Vec::new();
            for now in (7_000..40_000).step_by(1_000) {
                freshness.on(Input::Opened, now);
                freshness.on(Input::Tick, now + 10);
                said.push(freshness.state(now + 10));
                freshness.on(Input::Failed { closed: false }, now + 20);
                freshness.on(Input::Tick, now + 900);
                said.push(freshness.state(now + 900));
            }
            assert!(!said.contains(&State::Live), "{said:?}");
            // A blip at first, and then a break however often it says hello.
            let begins = said.iter().position(|state| *state == State::Reconnecting);
            assert!(begins.is_some_and(|begins| begins < 10), "{said:?}");
            assert!(said.contains(&State::NotLive), "{said:?}");
            assert_eq!(said.last(), Some(&State::Offline { device: false }));
            freshness.on(Input::Opened, 41_000);
            freshness.on(Input::Changed { new: 1, cancelled: 0, gone: 0 }, 41_100);
            assert_eq!(freshness.state(41_100), State::CatchingUp { changes: 1 });
            freshness.on(Input::Heartbeat, 41_200);
            assert_eq!(freshness.state(41_200), again(1, 0, 0));
        }
    }

    #[test]
    fn whoever_answers_with_a_hello_and_nothing_else_is_not_asked_faster() {
        let mut freshness = live();
        let mut waits = Vec::new();
        for now in (6_000..).step_by(10_000).take(4) {
            let refused = freshness.on(Input::Failed { closed: true }, now);
            if let Some(Command::WakeIn(wait)) = refused {
                waits.push(wait);
            }
            freshness.on(Input::Opened, now + 9_000);
        }
        assert_eq!(waits.len(), 3);
        assert!(waits.is_sorted(), "{waits:?}");
    }

    #[test]
    fn who_is_told_to_come_back_at_once_takes_its_time() {
        // A server that says hello, all is well, and nothing more, as often as it is asked.
        for says_all_is_well in [true, false] {
            let mut freshness = live();
            let mut now = 6_000;
            let mut asked = 0;
            while now < 66_000 {
                asked += 1;
                freshness.on(Input::Opened, now);
                if says_all_is_well {
                    freshness.on(Input::Heartbeat, now);
                }
                now += 1;
                match freshness.on(Input::Failed { closed: false }, now) {
                    None => {}
                    Some(Command::Rest(wait)) => {
                        assert_eq!(freshness.on(Input::Tick, now + i64::from(wait) - 1), None);
                        now += i64::from(wait);
                        assert_eq!(freshness.on(Input::Tick, now), Some(Command::Open));
                    }
                    other => panic!("{other:?}"),
                }
            }
            // Otherwise it would be sixty thousand.
            assert!((20..250).contains(&asked), "{asked}");
        }
    }

    #[test]
    fn a_board_that_lacks_something_is_not_live() {
        let mut freshness = live();
        // It may have been counted a moment too late: the next one will tell.
        freshness.on(Input::Lacking { certain: false }, 10_000);
        assert_eq!(freshness.state(10_000), State::Live);
        freshness.on(Input::Heartbeat, 15_000);
        assert_eq!(freshness.state(20_000), State::Live);
        freshness.on(Input::Lacking { certain: false }, 20_000);
        freshness.on(Input::Lacking { certain: true }, 25_000);
        assert_eq!(freshness.state(25_000), State::Interrupted);
        // Whatever else comes, and however alive the connection is.
        let mut said = Vec::new();
        for now in (26_000..60_000).step_by(1_000) {
            freshness.on(Input::Changed { new: 1, cancelled: 0, gone: 0 }, now);
            freshness.on(Input::Lacking { certain: true }, now);
            assert_eq!(freshness.on(Input::Tick, now), None, "it hears all the time");
            said.push(freshness.state(now));
        }
        assert!(!said.contains(&State::Live), "{said:?}");
        assert!(!said[4..].contains(&State::Interrupted), "{said:?}");
        freshness.on(Input::Heartbeat, 60_000);
        assert!(matches!(freshness.state(60_000), State::LiveAgain { .. }));
    }

    #[test]
    fn a_break_does_not_end_with_a_heartbeat_by_which_something_is_missing() {
        let mut freshness = live();
        freshness.on(Input::Failed { closed: false }, 6_000);
        ticks(&mut freshness, 7_000, 10_000);
        freshness.on(Input::Opened, 10_100);
        freshness.on(Input::Lacking { certain: false }, 10_200);
        assert_eq!(freshness.state(10_200), State::CatchingUp { changes: 0 });
        freshness.on(Input::Heartbeat, 15_200);
        assert_eq!(freshness.state(15_200), again(0, 0, 0));
    }

    #[test]
    fn a_page_that_never_connects_says_so() {
        let mut freshness = Freshness::new(5_000, 0, 7);
        assert_eq!(ticks(&mut freshness, 1_000, 10_000), [(10_000, Command::Open)]);
        assert_eq!(freshness.state(10_001), State::NotLive);
        assert_eq!(freshness.state(20_001), State::Offline { device: false });
    }

    #[test]
    fn silence_alone_is_noticed() {
        let mut freshness = live();
        assert_eq!(ticks(&mut freshness, 6_000, 16_000), []);
        assert_eq!(freshness.state(15_000), State::Live);
        assert_eq!(freshness.state(15_001), State::NotLive);
        assert_eq!(ticks(&mut freshness, 17_000, 17_000), [(17_000, Command::Open)]);
        assert_eq!(freshness.state(25_000), State::NotLive);
        assert_eq!(freshness.state(25_001), State::Offline { device: false });
    }

    #[test]
    fn a_blip_shows_nothing_but_the_dot() {
        let mut freshness = live();
        freshness.on(Input::Failed { closed: false }, 6_000);
        assert_eq!(freshness.state(6_000), State::Interrupted);
        ticks(&mut freshness, 7_000, 8_000);
        freshness.on(Input::Opened, 8_500);
        freshness.on(Input::Changed { new: 1, cancelled: 0, gone: 0 }, 8_600);
        assert_eq!(freshness.state(8_600), State::Interrupted);
        freshness.on(Input::Heartbeat, 8_700);
        assert_eq!(freshness.state(8_700), State::Live);
    }

    #[test]
    fn a_server_that_says_it_stops_is_believed_at_once() {
        let mut freshness = live();
        assert_eq!(freshness.on(Input::Farewell, 6_000), None);
        assert_eq!(freshness.state(6_000), State::Reconnecting);
        freshness.on(Input::Failed { closed: false }, 6_010);
        assert_eq!(freshness.state(6_010), State::Reconnecting);
        freshness.on(Input::Opened, 7_000);
        assert_eq!(freshness.state(7_000), State::CatchingUp { changes: 0 });
        freshness.on(Input::Heartbeat, 7_010);
        assert_eq!(freshness.state(7_010), again(0, 0, 0));
        // The next break is a blip again.
        freshness.on(Input::Failed { closed: false }, 8_000);
        assert_eq!(freshness.state(8_000), State::Interrupted);
    }

    #[test]
    fn a_break_ends_with_what_was_missed() {
        let mut freshness = live();
        freshness.on(Input::Failed { closed: false }, 6_000);
        ticks(&mut freshness, 7_000, 10_000);
        assert_eq!(freshness.state(9_001), State::Reconnecting);
        freshness.on(Input::Opened, 10_500);
        assert_eq!(freshness.state(10_500), State::CatchingUp { changes: 0 });
        freshness.on(Input::Changed { new: 3, cancelled: 0, gone: 0 }, 10_600);
        freshness.on(Input::Changed { new: 0, cancelled: 1, gone: 0 }, 10_700);
        assert_eq!(freshness.state(10_700), State::CatchingUp { changes: 2 });
        freshness.on(Input::Heartbeat, 10_800);
        assert_eq!(freshness.state(10_800), again(3, 1, 0));
        assert_eq!(freshness.state(14_799), again(3, 1, 0));
        assert_eq!(freshness.state(14_800), State::Live);
    }

    #[test]
    fn a_replay_ends_with_a_heartbeat_however_long_it_pauses() {
        let mut freshness = live();
        freshness.on(Input::Failed { closed: false }, 6_000);
        ticks(&mut freshness, 7_000, 10_000);
        freshness.on(Input::Opened, 10_100);
        freshness.on(Input::Changed { new: 1, cancelled: 0, gone: 2 }, 10_200);
        assert_eq!(ticks(&mut freshness, 11_000, 15_000), []);
        assert_eq!(freshness.state(15_000), State::CatchingUp { changes: 1 });
        freshness.on(Input::Changed { new: 1, cancelled: 0, gone: 0 }, 15_100);
        freshness.on(Input::Heartbeat, 15_200);
        assert_eq!(freshness.state(15_200), again(2, 0, 2));
    }

    #[test]
    fn a_connection_that_was_only_held_up_catches_up_too() {
        let mut freshness = live();
        // Not a tick since the last heartbeat: the tab was frozen.
        freshness.on(Input::Changed { new: 1, cancelled: 0, gone: 0 }, 16_000);
        assert_eq!(freshness.state(16_000), State::CatchingUp { changes: 1 });
        freshness.on(Input::Heartbeat, 16_100);
        assert_eq!(freshness.state(16_100), again(1, 0, 0));
        // What was said is forgotten: the next blip is one again.
        freshness.on(Input::Failed { closed: false }, 17_000);
        assert_eq!(freshness.state(17_000), State::Interrupted);
    }

    #[test]
    fn a_replay_that_breaks_again_counts_on() {
        let mut freshness = live();
        freshness.on(Input::Failed { closed: false }, 6_000);
        ticks(&mut freshness, 7_000, 10_000);
        freshness.on(Input::Opened, 10_100);
        freshness.on(Input::Changed { new: 2, cancelled: 0, gone: 0 }, 10_200);
        freshness.on(Input::Failed { closed: false }, 10_300);
        assert_eq!(freshness.state(10_300), State::Reconnecting);
        freshness.on(Input::Opened, 11_000);
        freshness.on(Input::Changed { new: 1, cancelled: 0, gone: 0 }, 11_100);
        freshness.on(Input::Heartbeat, 11_200);
        assert_eq!(freshness.state(11_200), again(3, 0, 0));
    }

    #[test]
    fn a_closed_connection_is_retried_at_once_and_then_ever_more_slowly() {
        let mut freshness = live();
        assert_eq!(freshness.on(Input::Failed { closed: true }, 6_000), Some(Command::Open));
        let mut now = 6_000;
        let mut waits = Vec::new();
        for _ in 0..7 {
            let Some(Command::WakeIn(wait)) = freshness.on(Input::Failed { closed: true }, now)
            else {
                panic!("waits");
            };
            assert_eq!(freshness.on(Input::Tick, now + i64::from(wait) - 1), None);
            now += i64::from(wait);
            assert_eq!(freshness.on(Input::Tick, now), Some(Command::Open));
            waits.push(wait);
        }
        for (wait, longest) in
            waits.into_iter().zip([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000])
        {
            assert!((longest / 2..longest).contains(&wait), "{wait} of {longest}");
        }
    }

    #[test]
    fn an_attempt_that_brings_nothing_is_given_up() {
        let mut freshness = live();
        freshness.on(Input::Failed { closed: false }, 6_000);
        assert_eq!(ticks(&mut freshness, 7_000, 16_000), [(16_000, Command::Open)]);
    }

    #[test]
    fn waking_reconnects_at_once_and_only_once() {
        let mut freshness = live();
        assert_eq!(freshness.on(Input::Shown, 7_000), None, "fresh enough");
        assert_eq!(freshness.on(Input::Shown, 900_000), Some(Command::Open));
        assert_eq!(freshness.on(Input::NetworkBack, 900_001), None);
        assert_eq!(freshness.on(Input::Shown, 900_002), None);
        // What comes before the next tick finds an outage that nobody has ticked.
        assert_eq!(freshness.state(900_002), State::Offline { device: false });
        freshness.on(Input::Opened, 900_300);
        assert_eq!(freshness.state(900_300), State::CatchingUp { changes: 0 });
        freshness.on(Input::Changed { new: 4, cancelled: 0, gone: 1 }, 900_400);
        assert_eq!(freshness.state(900_400), State::CatchingUp { changes: 1 });
        freshness.on(Input::Heartbeat, 900_500);
        assert_eq!(freshness.state(900_500), again(4, 0, 1));
        assert_eq!(freshness.state(904_500), State::Live);
    }

    #[test]
    fn the_network_coming_back_cuts_the_wait_short() {
        let mut freshness = live();
        freshness.on(Input::NetworkLost, 6_000);
        freshness.on(Input::Failed { closed: true }, 6_000);
        freshness.on(Input::Failed { closed: true }, 6_001);
        assert_eq!(freshness.state(25_002), State::Offline { device: true });
        assert_eq!(freshness.on(Input::NetworkBack, 25_002), Some(Command::Open));
    }

    #[test]
    fn a_page_from_before_is_offline_until_the_server_is_heard() {
        let mut freshness = Freshness::new(5_000, 100_000, 7);
        freshness.away_since(99_000);
        assert_eq!(freshness.state(100_000), State::Offline { device: false });
        assert_eq!(freshness.whole_at(), 99_000);
        freshness.on(Input::Opened, 101_000);
        assert_eq!(freshness.state(101_000), State::CatchingUp { changes: 0 });
        freshness.on(Input::Changed { new: 1, cancelled: 0, gone: 0 }, 101_100);
        freshness.on(Input::Heartbeat, 101_200);
        assert_eq!(freshness.state(101_200), again(1, 0, 0));
    }

    #[test]
    fn an_attempt_begun_without_a_network_is_not_waited_for() {
        let mut freshness = live();
        freshness.on(Input::NetworkLost, 6_000);
        freshness.on(Input::Failed { closed: false }, 6_000);
        assert_eq!(ticks(&mut freshness, 7_000, 16_000), [(16_000, Command::Open)]);
        assert_eq!(freshness.on(Input::NetworkBack, 16_100), Some(Command::Open));
        // The one begun with it is.
        assert_eq!(freshness.on(Input::NetworkBack, 16_200), None);
        assert_eq!(freshness.on(Input::Shown, 16_200), None);
    }

    #[test]
    fn a_clock_set_back_keeps_the_board_live() {
        let mut freshness = live();
        freshness.on(Input::Tick, -3_600_000);
        assert_eq!(freshness.state(-3_600_000), State::Live);
        assert_eq!(freshness.on(Input::Tick, -3_588_000), Some(Command::Open), "silence counts on");
    }

    #[test]
    fn a_clock_set_back_holds_nothing_up() {
        let hour = 3_600_000;
        // An attempt that is under way is given up in its time.
        let mut freshness = live();
        freshness.on(Input::Failed { closed: false }, 6_000);
        assert_eq!(ticks(&mut freshness, -hour, 10_000 - hour), [(10_000 - hour, Command::Open)]);
        assert_eq!(freshness.state(3_001 - hour), State::Reconnecting);
        // So is a wait, and words that go by themselves go.
        let mut freshness = live();
        freshness.on(Input::Failed { closed: true }, 6_000);
        freshness.on(Input::Failed { closed: true }, 6_000);
        assert_eq!(ticks(&mut freshness, -hour, 8_000 - hour), [(8_000 - hour, Command::Open)]);
        freshness.on(Input::Opened, 8_100 - hour);
        freshness.on(Input::Heartbeat, 8_200 - hour);
        assert_eq!(freshness.state(8_200 - hour), again(0, 0, 0));
        freshness.on(Input::Heartbeat, -2 * hour);
        assert_eq!(freshness.state(4_000 - 2 * hour), State::Live);
    }

    #[test]
    fn a_slow_heartbeat_moves_the_limits() {
        let mut freshness = Freshness::new(15_000, 0, 7);
        freshness.on(Input::Opened, 0);
        freshness.on(Input::Heartbeat, 0);
        assert_eq!(freshness.state(30_000), State::Live);
        assert_eq!(freshness.state(30_001), State::NotLive);
    }
}
