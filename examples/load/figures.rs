//! Medians and the like.

use std::{fmt, time::Duration};

/// Durations, to be summed up.
#[derive(Debug, Default)]
pub(crate) struct Spread(Vec<Duration>);

impl Spread {
    /// Takes in one more.
    pub(crate) fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// The duration that so many percent do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |percent| self.percentile(percent).as_secs_f64() * 1000.0;
        write!(
            formatter,
            "median {:.2} ms · p90 {:.2} ms · p99 {:.2} ms · max {:.2} ms",
            millis(50),
            millis(90),
            millis(99),
            millis(100)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_durations() {
        let mut spread = Spread::default();
        assert_eq!(spread.percentile(50), Duration::ZERO);
        for millis in (1..=100).rev() {
            spread.add(Duration::from_millis(millis));
        }
        for percent in [1, 50, 99, 100] {
            assert_eq!(spread.percentile(percent), Duration::from_millis(percent as u64));
        }
    }
}
