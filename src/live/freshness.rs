//! How far the board can be trusted, and when to connect anew: a pure state
//! machine over what the connection, the network and the clock say.
//!
//! It rests on heartbeats, not on the connection's own errors: a connection
//! that died in its sleep reports nothing at all.

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The stream said hello: it is open and will replay what was missed.
    Opened,
    /// A heartbeat: the stream has caught up.
    Heartbeat,
    /// Orders changed.
    Changed {
        /// Orders that came onto the board.
        new: u32,
        /// Orders that were cancelled.
        cancelled: u32,
    },
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
    },
}

/// A break shorter than this shows nothing but the dot.
const BLIP_MS: i64 = 3_000;
/// An attempt that has brought nothing after this is given up.
const ATTEMPT_MS: i64 = 10_000;
/// A replay that pauses for this long is over.
const QUIET_MS: i64 = 600;
/// How long "Live again" stays.
const AGAIN_MS: i64 = 4_000;
/// Retries wait from here …
const FIRST_WAIT_MS: u32 = 500;
/// … to here.
const LONGEST_WAIT_MS: u32 = 8_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Opening { since: i64 },
    Open,
    Waiting { until: i64 },
}

#[derive(Clone, Copy, Debug)]
struct Replay {
    last: i64,
    new: u32,
    cancelled: u32,
    changes: u32,
}

/// The state machine. Every time is in milliseconds of the local wall clock: a
/// monotonic one stands still while a laptop sleeps, which is exactly when the
/// connection dies.
#[derive(Clone, Debug)]
pub struct Freshness {
    heartbeat_ms: i64,
    /// When the server was last heard.
    last_sign: i64,
    link: Link,
    broken_since: Option<i64>,
    ever_open: bool,
    /// Whether the page has said that it is not live.
    outage_shown: bool,
    device_offline: bool,
    replay: Option<Replay>,
    again: Option<(i64, u32, u32)>,
    attempts: u32,
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
            link: Link::Opening { since: now },
            broken_since: None,
            ever_open: false,
            outage_shown: false,
            device_offline: false,
            replay: None,
            again: None,
            attempts: 0,
            random: seed | 1,
        }
    }

    /// When the server was last heard, by the local clock.
    #[must_use]
    pub fn last_sign(&self) -> i64 {
        self.last_sign
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
        // The device's clock was set back: do not wait for it to catch up.
        self.last_sign = self.last_sign.min(now);
        match input {
            Input::Opened => {
                self.link = Link::Open;
                self.attempts = 0;
                self.ever_open = true;
                self.sign(now);
                if self.outage_shown {
                    self.replay
                        .get_or_insert(Replay { last: now, new: 0, cancelled: 0, changes: 0 })
                        .last = now;
                }
                None
            }
            Input::Heartbeat => {
                self.sign(now);
                self.end_replay(now);
                None
            }
            Input::Changed { new, cancelled } => {
                self.sign(now);
                if let Some(replay) = &mut self.replay {
                    replay.last = now;
                    replay.changes += 1;
                    replay.new += new;
                    replay.cancelled += cancelled;
                }
                None
            }
            Input::Failed { closed } => {
                self.broken(now);
                if closed {
                    return Some(self.retry_later(now));
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
                self.device_offline = false;
                self.reopen_if_stale(now)
            }
            Input::Shown => self.reopen_if_stale(now),
            Input::Retry => {
                self.attempts = 0;
                Some(self.open(now))
            }
        }
    }

    /// What the page says at `now`.
    #[must_use]
    pub fn state(&self, now: i64) -> State {
        let silent = now - self.last_sign;
        if silent > self.offline_ms() {
            return State::Offline { device: self.device_offline };
        }
        if silent > self.stale_ms() {
            return State::NotLive;
        }
        match (self.broken_since, self.replay, self.again) {
            _ if !self.ever_open => State::Connecting,
            (Some(since), _, _) if now - since > BLIP_MS => State::Reconnecting,
            (Some(_), _, _) if self.outage_shown => State::Reconnecting,
            (Some(_), _, _) => State::Interrupted,
            (None, Some(replay), _) => State::CatchingUp { changes: replay.changes },
            (None, None, Some((until, new, cancelled))) if now < until => {
                State::LiveAgain { new, cancelled }
            }
            _ => State::Live,
        }
    }

    fn sign(&mut self, now: i64) {
        self.last_sign = now;
        if self.link == Link::Open {
            self.broken_since = None;
            self.device_offline = false;
        }
    }

    fn broken(&mut self, now: i64) {
        self.broken_since.get_or_insert(now);
        self.again = None;
    }

    fn end_replay(&mut self, now: i64) {
        if let Some(replay) = self.replay.take() {
            self.outage_shown = false;
            self.again = Some((now + AGAIN_MS, replay.new, replay.cancelled));
        }
    }

    fn tick(&mut self, now: i64) -> Option<Command> {
        if self.replay.is_some_and(|replay| now - replay.last >= QUIET_MS)
            && self.broken_since.is_none()
        {
            self.end_replay(now);
        }
        if matches!(self.state(now), State::Reconnecting | State::NotLive | State::Offline { .. }) {
            self.outage_shown = true;
        }
        match self.link {
            Link::Open if now - self.last_sign >= self.watchdog_ms() => Some(self.open(now)),
            Link::Opening { since } if now - since >= ATTEMPT_MS => Some(self.retry_later(now)),
            Link::Waiting { until } if now >= until => Some(self.open(now)),
            // Set back by hours, the clock must not hold a retry for hours.
            Link::Waiting { until } if until - now > i64::from(LONGEST_WAIT_MS) => {
                Some(self.open(now))
            }
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
        if !stale {
            return None;
        }
        self.attempts = 0;
        Some(self.open(now))
    }

    fn open(&mut self, now: i64) -> Command {
        self.broken(now);
        self.link = Link::Opening { since: now };
        Command::Open
    }

    /// The first retry at once, then 0.5 to 8 s, each wait spread over its
    /// upper half.
    fn retry_later(&mut self, now: i64) -> Command {
        let attempt = self.attempts;
        self.attempts += 1;
        self.broken(now);
        if attempt == 0 {
            return self.open(now);
        }
        let longest = (FIRST_WAIT_MS << (attempt - 1).min(4)).min(LONGEST_WAIT_MS);
        let wait = longest / 2 + self.random() % (longest / 2);
        self.link = Link::Waiting { until: now + i64::from(wait) };
        Command::WakeIn(wait)
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

    /// A page that has been open since 0 and heard its first heartbeat at 5 s.
    fn live() -> Freshness {
        let mut freshness = Freshness::new(5_000, 0, 7);
        assert_eq!(freshness.on(Input::Opened, 0), None);
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

    #[test]
    fn a_page_connects_before_it_claims_to_be_live() {
        let mut freshness = Freshness::new(5_000, 0, 7);
        assert_eq!(freshness.state(0), State::Connecting);
        assert_eq!(ticks(&mut freshness, 1_000, 9_000), []);
        assert_eq!(freshness.state(9_000), State::Connecting);
        freshness.on(Input::Opened, 9_500);
        assert_eq!(freshness.state(9_500), State::Live);
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
        freshness.on(Input::Changed { new: 1, cancelled: 0 }, 8_600);
        assert_eq!(freshness.state(8_600), State::Live);
    }

    #[test]
    fn a_break_ends_with_what_was_missed() {
        let mut freshness = live();
        freshness.on(Input::Failed { closed: false }, 6_000);
        ticks(&mut freshness, 7_000, 10_000);
        assert_eq!(freshness.state(9_001), State::Reconnecting);
        freshness.on(Input::Opened, 10_500);
        assert_eq!(freshness.state(10_500), State::CatchingUp { changes: 0 });
        freshness.on(Input::Changed { new: 3, cancelled: 0 }, 10_600);
        freshness.on(Input::Changed { new: 0, cancelled: 1 }, 10_700);
        assert_eq!(freshness.state(10_700), State::CatchingUp { changes: 2 });
        freshness.on(Input::Heartbeat, 10_800);
        assert_eq!(freshness.state(10_800), State::LiveAgain { new: 3, cancelled: 1 });
        assert_eq!(freshness.state(14_799), State::LiveAgain { new: 3, cancelled: 1 });
        assert_eq!(freshness.state(14_800), State::Live);
    }

    #[test]
    fn a_quiet_replay_ends_without_a_heartbeat() {
        let mut freshness = live();
        freshness.on(Input::Failed { closed: false }, 6_000);
        ticks(&mut freshness, 7_000, 10_000);
        freshness.on(Input::Opened, 10_100);
        freshness.on(Input::Tick, 10_699);
        assert_eq!(freshness.state(10_699), State::CatchingUp { changes: 0 });
        freshness.on(Input::Tick, 10_700);
        assert_eq!(freshness.state(10_700), State::LiveAgain { new: 0, cancelled: 0 });
    }

    #[test]
    fn a_replay_that_breaks_again_counts_on() {
        let mut freshness = live();
        freshness.on(Input::Failed { closed: false }, 6_000);
        ticks(&mut freshness, 7_000, 10_000);
        freshness.on(Input::Opened, 10_100);
        freshness.on(Input::Changed { new: 2, cancelled: 0 }, 10_200);
        freshness.on(Input::Failed { closed: false }, 10_300);
        assert_eq!(freshness.state(10_300), State::Reconnecting);
        freshness.on(Input::Opened, 11_000);
        freshness.on(Input::Changed { new: 1, cancelled: 0 }, 11_100);
        freshness.on(Input::Heartbeat, 11_200);
        assert_eq!(freshness.state(11_200), State::LiveAgain { new: 3, cancelled: 0 });
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
    fn a_clock_set_back_keeps_the_board_live() {
        let mut freshness = live();
        freshness.on(Input::Tick, -3_600_000);
        assert_eq!(freshness.state(-3_600_000), State::Live);
        assert_eq!(freshness.on(Input::Tick, -3_588_000), Some(Command::Open), "silence counts on");
    }

    #[test]
    fn a_slow_heartbeat_moves_the_limits() {
        let mut freshness = Freshness::new(15_000, 0, 7);
        freshness.on(Input::Opened, 0);
        assert_eq!(freshness.state(30_000), State::Live);
        assert_eq!(freshness.state(30_001), State::NotLive);
    }
}
