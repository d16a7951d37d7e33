//! The server's clock as the browser estimates it, so that a wrong clock in
//! the device shows no wrong age. Pure: both clocks are handed in.

use crate::domain::UnixMillis;

/// How many readings the estimate rests on.
const READINGS: usize = 5;

/// An estimate of the server's clock: the median of the last readings, so that
/// one heartbeat that was held up on its way does not move it.
#[derive(Clone, Debug)]
pub struct ServerClock {
    rate: i64,
    /// `server - local * rate` of each reading, the oldest first.
    offsets: Vec<i64>,
}

impl ServerClock {
    /// A clock that runs `rate` times as fast as time and showed `server` when
    /// the local clock showed `local`.
    #[must_use]
    pub fn new(rate: u32, server: UnixMillis, local: i64) -> Self {
        let mut clock = Self { rate: i64::from(rate.max(1)), offsets: Vec::new() };
        clock.read(server, local);
        clock
    }

    /// Takes in one more reading. Nothing on its way makes the server's clock
    /// seem ahead: where it is, the local one stood still, as it may in sleep,
    /// and the readings before say nothing any longer.
    pub fn read(&mut self, server: UnixMillis, local: i64) {
        const AHEAD_MS: i64 = 2_000;
        if server.since(self.at(local)) > AHEAD_MS.saturating_mul(self.rate) {
            self.offsets.clear();
        }
        if self.offsets.len() == READINGS {
            self.offsets.remove(0);
        }
        self.offsets.push(server.0.saturating_sub(local.saturating_mul(self.rate)));
    }

    /// What the server's clock shows when the local one shows `local`.
    #[must_use]
    pub fn at(&self, local: i64) -> UnixMillis {
        // The one that half of the others do not exceed; five need no sort.
        let below = |offset: i64| self.offsets.iter().filter(|other| **other < offset).count();
        let upto = |offset: i64| self.offsets.iter().filter(|other| **other <= offset).count();
        let middle = self.offsets.len() / 2;
        let median = self
            .offsets
            .iter()
            .copied()
            .find(|offset| below(*offset) <= middle && middle < upto(*offset))
            .unwrap_or_default();
        UnixMillis(local.saturating_mul(self.rate).saturating_add(median))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_reading_does_not_move_it() {
        let mut clock = ServerClock::new(1, UnixMillis(1_000_000), 0);
        for second in 1..4 {
            clock.read(UnixMillis(1_000_000 + second * 1000), second * 1000);
        }
        clock.read(UnixMillis(1_000_000), 9_000);
        assert_eq!(clock.at(10_000), UnixMillis(1_010_000));
    }

    #[test]
    fn a_jump_back_of_the_server_is_followed_after_three_readings() {
        let mut clock = ServerClock::new(1, UnixMillis(500_000), 0);
        for local in 1..=5 {
            clock.read(UnixMillis(100_000 + local), local);
        }
        assert_eq!(clock.at(10), UnixMillis(100_010));
    }

    #[test]
    fn a_local_clock_that_stood_still_is_put_right_at_once() {
        let mut clock = ServerClock::new(1, UnixMillis(1_000_000), 0);
        for second in 1..5 {
            clock.read(UnixMillis(1_000_000 + second * 1000), second * 1000);
        }
        // The device slept for an hour.
        clock.read(UnixMillis(4_605_000), 5_000);
        assert_eq!(clock.at(6_000), UnixMillis(4_606_000));
    }

    #[test]
    fn a_fast_clock_runs_fast() {
        let clock = ServerClock::new(20, UnixMillis(7_000), 100);
        assert_eq!(clock.at(1_100), UnixMillis(27_000));
    }
}
