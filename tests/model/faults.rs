//! Faults that are made on purpose, one at a time: a model that holds with one of
//! them shows nothing.

use std::{
    fmt,
    sync::atomic::{AtomicU8, Ordering},
};

/// What is done wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fault {
    /// Readers are woken before the hub has what they are woken for.
    WakesFirst = 1,
    /// A reader looks, and listens only after that.
    ListensLate,
    /// A reader that is ahead of the hub does not wait for it.
    Impatient,
    /// The store does not say that it has pruned what a reader asks for.
    PrunesInSilence,
    /// A sweeper that is told of news takes the telling for done after it has looked.
    LooksLate,
    /// A reader comes back with the id before the one that it had last.
    ForgetsOne,
    /// Who is behind a wall is told at the end how much there was beyond it.
    TellsOfOthers,
    /// A snapshot says that it has one event more than there is in it.
    Boasts,
}

impl Fault {
    pub(crate) const ALL: [Self; 8] = [
        Self::WakesFirst,
        Self::ListensLate,
        Self::Impatient,
        Self::PrunesInSilence,
        Self::LooksLate,
        Self::ForgetsOne,
        Self::TellsOfOthers,
        Self::Boasts,
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::WakesFirst => "readers are woken before there is anything",
            Self::ListensLate => "a reader looks before it listens, and not again",
            Self::Impatient => "a reader does not wait for the hub",
            Self::PrunesInSilence => "the store prunes and does not say so",
            Self::LooksLate => "a sweeper forgets what it is told while it looks",
            Self::ForgetsOne => "a reader comes back with an older id",
            Self::TellsOfOthers => "a bye tells of what is beyond a wall",
            Self::Boasts => "a snapshot says that it has more than it has",
        })
    }
}

static NOW: AtomicU8 = AtomicU8::new(0);

/// Whether `fault` is made at present.
pub(crate) fn is(fault: Fault) -> bool {
    NOW.load(Ordering::Relaxed) == fault as u8
}

/// Has `fault` made from now on, or none.
pub(crate) fn set(fault: Option<Fault>) {
    NOW.store(fault.map_or(0, |fault| fault as u8), Ordering::Relaxed);
}
