//! From what was seen to a verdict: a pure function.
//!
//! What must hold, whatever was done to the program meanwhile:
//!
//! - what was acknowledged is there exactly once and as it was asked for and answered, and
//!   what was refused is not;
//! - whoever looks is told no older state than was acknowledged before;
//! - a key made one order;
//! - the log has no gap, and each order's versions are one legal path, each built on the
//!   one before;
//! - what a reader was told is the log, filtered: nothing missing, nothing twice, in order;
//! - a webhook was sent all that it wants, each order's events in order;
//! - all boards show in the end what the server lists.

mod hooks;
mod log;
mod readers;
mod rules;
mod writes;

use std::{collections::BTreeMap, fmt};

use super::history::{self, History};

/// A promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Broken {
    /// An acknowledged write is not there, or a reader was not told something.
    Lost,
    /// A write is there twice, or a reader was told something twice.
    Doubled,
    /// Told after what came later.
    OutOfOrder,
    /// A key made two orders.
    TwoOrders,
    /// A change was carried out on another state than its author had seen.
    LostUpdate,
    /// A step that the state machine does not have, or that changed what it may not.
    Illegal,
    /// Something is there that was refused.
    Undead,
    /// Something is there, or was told, that nobody has done.
    MadeUp,
    /// A position of the log is not there.
    Gap,
    /// A number was given to two orders of a day.
    NumberTwice,
    /// A reader was told what its filter leaves out.
    Leak,
    /// Somebody asked for, or was told, something else than the log has.
    Differs,
    /// Somebody was told an older state than one that was acknowledged before they asked.
    Stale,
    /// A position that was told is known no more.
    Forgotten,
    /// A reader or a webhook never came to the end of the log.
    Behind,
    /// A board shows something else than the server lists.
    Astray,
    /// The run did not come to its end.
    Stuck,
    /// What nobody may see at all.
    Odd,
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Lost => "lost",
            Self::Doubled => "doubled",
            Self::OutOfOrder => "out of order",
            Self::TwoOrders => "a key made two orders",
            Self::LostUpdate => "lost update",
            Self::Illegal => "illegal step",
            Self::Undead => "refused, and there",
            Self::MadeUp => "nobody did that",
            Self::Gap => "gap in the log",
            Self::NumberTwice => "a number twice",
            Self::Leak => "not for this reader",
            Self::Differs => "not what the log has",
            Self::Stale => "an older state was told",
            Self::Forgotten => "position forgotten",
            Self::Behind => "never came to the end",
            Self::Astray => "a board went astray",
            Self::Stuck => "did not come to its end",
            Self::Odd => "odd",
        })
    }
}

/// What the checker found.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// What is broken, and where.
    pub(crate) broken: Vec<(Broken, String)>,
    /// How many events readers were told, and receivers sent.
    pub(crate) delivered: usize,
    /// How many of those came to a receiver again, as they may after a fault.
    pub(crate) repeats: u64,
}

impl Verdict {
    /// That a run ended for this reason before there was anything to be checked.
    pub(crate) fn stuck(why: String, history: &History) -> Self {
        let mut verdict = Self::default();
        verdict.say(Broken::Stuck, why);
        verdict.odd(history);
        verdict
    }

    fn odd(&mut self, history: &History) {
        for odd in &history.odd {
            self.say(Broken::Odd, odd);
        }
    }

    pub(crate) fn holds(&self) -> bool {
        self.broken.is_empty()
    }

    pub(crate) fn count(&self, which: Broken) -> usize {
        self.broken.iter().filter(|(broken, _)| *broken == which).count()
    }

    /// How much of what is broken.
    pub(crate) fn counts(&self) -> BTreeMap<Broken, usize> {
        let mut counts = BTreeMap::new();
        for (broken, _) in &self.broken {
            *counts.entry(*broken).or_default() += 1;
        }
        counts
    }

    fn say(&mut self, broken: Broken, what: impl Into<String>) {
        self.broken.push((broken, what.into()));
    }
}

/// What is broken in `history`.
pub(crate) fn check(history: &History) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.odd(history);
    log::check(history, &mut verdict);
    writes::check(history, &mut verdict);
    readers::check(history, &mut verdict);
    hooks::check(history, &mut verdict);
    verdict
}
