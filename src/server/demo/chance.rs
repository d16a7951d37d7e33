//! Chance that can be repeated: everything random in the demo is drawn here,
//! from a seed.

use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, Exp, Gamma, LogNormal};

/// A seeded source of chance.
#[derive(Clone, Debug)]
pub(super) struct Chance(StdRng);

impl Chance {
    /// The source that belongs to `seed` and `purpose`. Purposes do not
    /// disturb each other: what a visitor makes the staff do does not change
    /// who orders what.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        Self(StdRng::seed_from_u64(
            seed.rotate_left(17) ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        ))
    }

    /// Yes, in `share` of all cases.
    pub(super) fn yes(&mut self, share: f64) -> bool {
        self.0.random::<f64>() < share
    }

    /// Evenly between `low` and `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn whole(&mut self, low: u32, high: u32) -> u32 {
        if low >= high { low } else { self.0.random_range(low..=high) }
    }

    /// Around `median`, never negative, with a tail to the right.
    pub(super) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        LogNormal::new(median.max(f64::MIN_POSITIVE).ln(), sigma)
            .map_or(median, |distribution| distribution.sample(&mut self.0))
    }

    /// Waiting for something that may happen at any moment.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        Exp::new(1.0 / mean).map_or(mean, |distribution| distribution.sample(&mut self.0))
    }

    /// A factor around 1 with this coefficient of variation.
    pub(super) fn factor(&mut self, variation: f64) -> f64 {
        let shape = 1.0 / (variation * variation);
        Gamma::new(shape, 1.0 / shape).map_or(1.0, |distribution| distribution.sample(&mut self.0))
    }

    /// One of `choices`; none when there are none.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        if choices.is_empty() {
            return None;
        }
        choices.get(self.0.random_range(0..choices.len()))
    }

    /// One of `choices`, each as often as its weight says; none when no weight is positive.
    pub(super) fn weighted<T: Copy>(
        &mut self,
        choices: impl Iterator<Item = (T, f64)> + Clone,
    ) -> Option<T> {
        let total: f64 = choices.clone().map(|(_, weight)| weight).sum();
        let mut left = total * self.0.random::<f64>();
        let mut last = None;
        for (choice, weight) in choices {
            if weight > 0.0 {
                last = Some(choice);
                left -= weight;
                if left < 0.0 {
                    break;
                }
            }
        }
        last
    }
}

/// Seconds as the milliseconds of the wire.
#[expect(clippy::cast_possible_truncation, reason = "rounded, and a day of milliseconds fits")]
pub(super) fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// Minutes as the milliseconds of the wire.
pub(super) fn minutes(minutes: f64) -> i64 {
    millis(minutes * 60.0)
}
