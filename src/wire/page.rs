//! What a rendered page carries for its hydration.

use serde::{Deserialize, Serialize};

use super::{event_id::EventId, filter::StreamFilter, message::Stats};
use crate::domain::{
    Currency, FoodOrder, Intake, Station, UnixMillis, Version,
    screen::{Announce, Digits, Language, Role, Sort, Sounds, View},
};

/// Everything that the board is rendered from, on the server and again in the
/// browser. The stream continues from its cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardPage {
    /// Every open order that matches the filter.
    pub orders: Vec<FoodOrder>,
    /// The position of the log that they were read at.
    pub cursor: EventId,
    /// The server's clock when they were read.
    pub server_time: UnixMillis,
    /// How many orders are open, whatever the filter.
    pub open: u64,
    /// The stations of every open order, whatever the filter, each once; the
    /// page offers them as filters.
    pub stations: Vec<Station>,
    /// How the last hour went.
    pub stats: Stats,
    /// Whether new orders are taken.
    pub intake: Intake,
    /// What the board says, in the page's language, in the order of its words.
    pub words: Vec<String>,
    /// Which orders the page shows.
    pub filter: StreamFilter,
    /// What does not change while the page is open.
    pub settings: BoardSettings,
}

/// What the board needs to know of the server's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardSettings {
    /// The server's version.
    pub version: String,
    /// The name in the page's head.
    pub location: String,
    /// The currency of orders that name none.
    pub currency: Currency,
    /// How often a heartbeat comes, in milliseconds.
    pub heartbeat_ms: u64,
    /// The location's distance from UTC, in seconds east, for times of day.
    pub utc_offset_s: i32,
    /// When that changes next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_change: Option<ClockChange>,
    /// How fast the server's clock runs: 1 but in a demo.
    pub clock_rate: u32,
    /// The language of the page.
    pub language: Language,
    /// Whether the store holds demo data.
    pub demo: bool,
    /// How tickets are laid out at first.
    #[serde(default)]
    pub view: View,
    /// The screen that the board is opened as; none at `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen: Option<ScreenSettings>,
    /// Who the server signs with what is done at the board, whatever the board
    /// says itself; none where it takes the board's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// The clocks of the location are put forward or back. A board hangs for longer
/// than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockChange {
    /// When.
    pub at: UnixMillis,
    /// How far the location is from UTC from then on, in seconds east.
    pub utc_offset_s: i32,
}

/// How far a location is from UTC, before its clocks are changed and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    now_s: i32,
    change: Option<ClockChange>,
}

impl Offset {
    /// As the page has it.
    #[must_use]
    pub fn of(settings: &BoardSettings) -> Self {
        Self { now_s: settings.utc_offset_s, change: settings.clock_change }
    }

    /// In seconds east, at `at`.
    #[must_use]
    pub fn at(self, at: UnixMillis) -> i32 {
        let after = self.change.filter(|change| change.at <= at);
        after.map_or(self.now_s, |change| change.utc_offset_s)
    }
}

/// What the board needs to know of its screen. What it shows is in the page's
/// filter, and how large in a style sheet of the screen's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "a row of switches")]
pub struct ScreenSettings {
    /// What it is called in addresses and in the history of orders.
    pub name: String,
    /// The version of its profile.
    pub version: Version,
    /// What is written in its head.
    pub title: String,
    /// What cannot be read from where it is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// What is done at it.
    pub role: Role,
    /// The station of what nobody has routed, where it shows that beside its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<Station>,
    /// How tickets are laid out.
    pub view: View,
    /// Which ticket comes first.
    pub sort: Sort,
    /// Slots on one page of the grid; none for as many as can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// Tickets beside each other, so that they can be read.
    pub columns: u32,
    /// At which events it makes a sound.
    pub sounds: Sounds,
    /// How loud, from 0 to 100.
    pub volume: u32,
    /// From which minute of the day only alarms sound, at half the volume, by the
    /// location's clock; none where there are no quiet hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_from: Option<u32>,
    /// Until which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_until: Option<u32>,
    /// What a digit does.
    pub digits: Digits,
    /// Whether a bump bar is plugged in.
    pub bump_bar: bool,
    /// Whether single keys do anything.
    pub single_keys: bool,
    /// Keys that differ from the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyBinding>,
    /// What is read out.
    pub announce: Announce,
    /// Whether a bump has to be held.
    pub hold_to_bump: bool,
    /// Whether somebody must confirm to have seen an allergen before the bump.
    pub acknowledge_allergens: bool,
}

/// A key that does something else than usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBinding {
    /// What it does.
    pub action: String,
    /// Which key, by its `KeyboardEvent.code`.
    pub code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_after_the_clocks_are_changed_are_told_by_the_changed_ones() {
        let change = Some(ClockChange { at: UnixMillis(1_000), utc_offset_s: 3_600 });
        let offset = Offset { now_s: 7_200, change };
        assert_eq!(offset.at(UnixMillis(999)), 7_200);
        assert_eq!(offset.at(UnixMillis(1_000)), 3_600);
        assert_eq!(Offset { change: None, ..offset }.at(UnixMillis(2_000)), 7_200);
    }
}
