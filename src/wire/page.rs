//! What a rendered page carries for its hydration.

use serde::{Deserialize, Serialize};

use super::{event_id::EventId, filter::StreamFilter, message::Stats};
use crate::domain::{Currency, FoodOrder, Intake, Station, UnixMillis};

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
    /// How fast the server's clock runs: 1 but in a demo.
    pub clock_rate: u32,
    /// Whether the store holds demo data.
    pub demo: bool,
}
