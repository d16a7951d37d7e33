//! Whether new orders are taken, and how much longer they take.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ageing::Busy, time::UnixMillis};

/// Whether new orders are taken.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntakeState {
    /// All are taken.
    #[default]
    Open,
    /// All are taken, and promised later.
    Busy,
    /// None is taken.
    Paused,
}

impl IntakeState {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Busy => "busy",
            Self::Paused => "paused",
        }
    }
}

impl FromStr for IntakeState {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        [Self::Open, Self::Busy, Self::Paused]
            .into_iter()
            .find(|state| state.as_str() == raw)
            .ok_or("open, busy or paused")
    }
}

/// The intake switch. Whatever is not open has an end, so that nobody forgets
/// a pause until the next morning.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    /// How it stands.
    pub state: IntakeState,
    /// When it opens by itself; none when it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixMillis>,
    /// Minutes that a busy kitchen promises on top.
    #[serde(default)]
    pub extra_min: u32,
    /// Why, in the words of whoever switched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Intake {
    /// How it stands at `now`: open when its end has come.
    #[must_use]
    pub fn at(&self, now: UnixMillis) -> Self {
        match self.until {
            Some(until) if now < until => self.clone(),
            _ => Self::default(),
        }
    }

    /// When orders are taken again, if they are not taken at `now`.
    #[must_use]
    pub fn paused_until(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.until.filter(|until| self.state == IntakeState::Paused && now < *until)
    }

    /// How much longer orders of `now` take.
    #[must_use]
    pub fn busy(&self, now: UnixMillis) -> Busy {
        match self.until {
            Some(until) if self.state == IntakeState::Busy && now < until => {
                Busy { extra: i64::from(self.extra_min) * 60_000, until }
            }
            _ => Busy::NOT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_but_open_ends_by_itself() {
        let until = UnixMillis(1000);
        for state in [IntakeState::Busy, IntakeState::Paused] {
            let intake = Intake { state, until: Some(until), extra_min: 10, reason: None };
            assert_eq!(intake.at(UnixMillis(999)).state, state);
            assert_eq!(intake.at(until), Intake::default());
            assert_eq!(intake.paused_until(until), None);
            assert_eq!(intake.busy(until), Busy::NOT);
            let endless = Intake { until: None, ..intake };
            assert_eq!(endless.at(UnixMillis(0)), Intake::default());
            assert_eq!(endless.paused_until(UnixMillis(0)), None);
        }
    }
}
