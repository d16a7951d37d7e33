//! Counts the events of one stream and checks their numbers, whatever the cuts.

use crate::sample::{DIGITS, MARK};

/// Something is missing, doubled, out of order, or no event at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// An event with another number than the one that was due.
    Number { due: u32, came: u32 },
    /// What stands behind a mark is no number.
    Garbled,
}

/// What one stream has had.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    due: u32,
    step: u32,
    /// Digits of the number that a cut has parted, and what they come to.
    parted: Option<(usize, u32)>,
}

impl Counter {
    /// A stream whose first event is number `due`, and each one after it by `step` more.
    pub(crate) fn new(due: u32, step: u32) -> Self {
        Self { due, step, parted: None }
    }

    /// The number that comes next.
    pub(crate) fn due(&self) -> u32 {
        self.due
    }

    /// Takes in the next piece; how many events it completes.
    pub(crate) fn count(&mut self, piece: &[u8]) -> Result<u32, Wrong> {
        let mut rest = piece;
        let mut count = 0;
        loop {
            let (have, value) = match self.parted.take() {
                Some(parted) => parted,
                None => match memchr::memchr(MARK, rest) {
                    Some(index) => {
                        rest = rest.get(index + 1..).unwrap_or_default();
                        (0, 0)
                    }
                    None => return Ok(count),
                },
            };
            let here = rest.len().min(DIGITS - have);
            let (digits, after) = rest.split_at(here);
            rest = after;
            let mut value = value;
            for digit in digits {
                if !digit.is_ascii_digit() {
                    return Err(Wrong::Garbled);
                }
                value = value * 10 + u32::from(digit - b'0');
            }
            if have + here < DIGITS {
                self.parted = Some((have + here, value));
                return Ok(count);
            }
            if value != self.due {
                return Err(Wrong::Number { due: self.due, came: value });
            }
            self.due += self.step;
            count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"id: 7\ndata: x~00000007\n\n:\n\ndata: ~00000008\n\n~00000009";

    #[test]
    fn it_counts_across_every_cut() {
        for first in 0..=TEXT.len() {
            for second in first..=TEXT.len() {
                let mut counter = Counter::new(7, 1);
                let cuts = [0, first, second, TEXT.len()];
                let found: u32 = cuts
                    .windows(2)
                    .map(|cut| counter.count(&TEXT[cut[0]..cut[1]]).expect("right"))
                    .sum();
                assert_eq!((found, counter.due()), (3, 10), "{first} {second}");
            }
        }
    }

    #[test]
    fn it_sees_what_is_missing_doubled_or_garbled() {
        let mut counter = Counter::new(1, 1);
        assert_eq!(counter.count(b"~00000002"), Err(Wrong::Number { due: 1, came: 2 }));
        let mut counter = Counter::new(1, 1);
        assert_eq!(counter.count(b"~00000001~00000001"), Err(Wrong::Number { due: 2, came: 1 }));
        let mut counter = Counter::new(1, 1);
        assert_eq!(counter.count(b"~0000~0001"), Err(Wrong::Garbled));
        let mut counter = Counter::new(3, 10);
        assert_eq!(counter.count(b"~00000003 ~00000013"), Ok(2));
    }
}
