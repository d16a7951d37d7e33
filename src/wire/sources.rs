//! How the channels stand that orders come from.

use serde::{Deserialize, Serialize};

use crate::domain::{Channel, UnixMillis};

/// What `GET /api/sources` answers.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceList {
    /// The server's clock.
    pub server_time: UnixMillis,
    /// Every channel that an order came from lately, by name.
    pub sources: Vec<SourceHealth>,
}

/// How one channel stands.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceHealth {
    /// Which.
    pub channel: Channel,
    /// When its last order came.
    pub last_order_at: UnixMillis,
    /// How many orders of the business day came from it.
    pub today: u32,
    /// The mean time between its orders, in milliseconds, when there are enough
    /// of them to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_gap_ms: Option<i64>,
    /// Whether it has been silent for much longer than usual.
    pub quiet: bool,
}
