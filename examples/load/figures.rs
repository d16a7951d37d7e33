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

/// One figure out of several runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs(Vec<f64>);

impl Runs {
    /// The run in the middle; between two, their mean.
    pub(crate) fn median(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = sorted.get(middle).copied()?;
        if sorted.len() % 2 == 1 {
            return Some(upper);
        }
        sorted.get(middle - 1).map(|lower| f64::midpoint(*lower, upper))
    }

    /// The least and the greatest.
    pub(crate) fn range(&self) -> Option<(f64, f64)> {
        let least = self.0.iter().copied().min_by(f64::total_cmp)?;
        let greatest = self.0.iter().copied().max_by(f64::total_cmp)?;
        Some((least, greatest))
    }
}

impl FromIterator<f64> for Runs {
    fn from_iter<I: IntoIterator<Item = f64>>(figures: I) -> Self {
        Self(figures.into_iter().collect())
    }
}

/// A figure with three digits that mean something.
pub(crate) fn short(figure: f64) -> String {
    let size = figure.abs();
    if size >= 100.0 {
        // Parted by thousands, for the eye.
        let whole = format!("{figure:.0}");
        let digits = whole.len();
        let mut text = String::new();
        for (index, digit) in whole.char_indices() {
            if index > 0 && (digits - index).is_multiple_of(3) && !text.ends_with('-') {
                text.push(',');
            }
            text.push(digit);
        }
        text
    } else if size >= 10.0 {
        format!("{figure:.1}")
    } else if size >= 1.0 {
        format!("{figure:.2}")
    } else {
        format!("{figure:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_have_a_median_and_a_range() {
        let runs: Runs = [3.0, 1.0, 2.0].into_iter().collect();
        assert_eq!(runs.median(), Some(2.0));
        assert_eq!(runs.range(), Some((1.0, 3.0)));
        let runs: Runs = [4.0, 1.0].into_iter().collect();
        assert_eq!(runs.median(), Some(2.5));
        assert_eq!(Runs::default().median(), None);
        assert_eq!(Runs::default().range(), None);
    }

    #[test]
    fn a_figure_is_short() {
        let shown = [1_234_567.8, 123.4, -123_456.0, -123.0, 12.34, 1.234, 0.1234, 0.0];
        assert_eq!(
            shown.map(short),
            ["1,234,568", "123", "-123,456", "-123", "12.3", "1.23", "0.123", "0.000"]
        );
    }

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
