//! `<epoch>-<seq>`: a position in one particular log.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A position in the log, given in commit order from 1 and never reused; 0 is
/// before the first event.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first event.
    pub const START: Self = Self(0);

    /// The position after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Which log: made at random with the database, so that a position in another
/// database is known as foreign instead of silently matching. Eight
/// hexadecimal digits on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub u32);

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}", self.0)
    }
}

impl FromStr for Epoch {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        let hex =
            raw.len() == 8 && raw.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match u32::from_str_radix(raw, 16) {
            Ok(epoch) if hex => Ok(Self(epoch)),
            _ => Err("eight hexadecimal digits"),
        }
    }
}

/// A position in one particular log, written `<epoch>-<seq>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    /// Which log.
    pub epoch: Epoch,
    /// Where in it.
    pub seq: Seq,
}

impl EventId {
    /// What an id looks like, for messages to users.
    pub const FORM: &str = "an event id such as 9f3a01c4-42";
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.epoch, self.seq)
    }
}

impl FromStr for EventId {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (epoch, seq) = raw.split_once('-')?;
            // One spelling only: no sign, no leading zeros.
            let canonical = seq == "0" || (!seq.starts_with('0') && !seq.starts_with('+'));
            let seq = seq.parse().ok().filter(|_| canonical)?;
            Some(Self { epoch: epoch.parse().ok()?, seq: Seq(seq) })
        };
        parse().ok_or(Self::FORM)
    }
}

impl Serialize for EventId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        raw.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(epoch in any::<u32>(), seq in any::<u64>()) {
            let id = EventId { epoch: Epoch(epoch), seq: Seq(seq) };
            prop_assert_eq!(id.to_string().parse::<EventId>(), Ok(id));
        }

        #[test]
        fn an_id_has_one_spelling(raw in any::<String>()) {
            if let Ok(id) = raw.parse::<EventId>() {
                prop_assert_eq!(id.to_string(), raw);
            }
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for raw in [
            "",
            "-",
            "9f3a01c4",
            "9f3a01c4-",
            "9F3A01C4-1",
            "9f3a01c4-01",
            "9f3a01c4-+1",
            "1-1",
            "9f3a01c4--1",
        ] {
            assert!(raw.parse::<EventId>().is_err(), "{raw}");
        }
    }
}
