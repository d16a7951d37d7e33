//! Answers that are put together as they are sent, and so have no type to be described by.

#![expect(dead_code, reason = "they describe what is sent; nobody makes one")]

use schemars::JsonSchema;

use crate::domain::FoodOrder;

/// An order as whoever has placed it is answered.
#[derive(JsonSchema)]
pub(super) struct PlacedOrder {
    #[serde(flatten)]
    order: FoodOrder,
    /// The customer's page, which is told nowhere else: hand it on to the customer.
    tracking_url: String,
}

/// What a customer's page shows.
#[derive(JsonSchema)]
pub(super) struct TrackedState {
    /// Another one when something else is shown.
    id: String,
    /// The page's title.
    title: String,
    tone: Tone,
    /// The page's icon.
    icon: String,
    /// When it was so, as a time of day.
    at: String,
    /// Markup that is safe to put in.
    view: String,
}

/// What the page looks like.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum Tone {
    Wait,
    Ready,
    Done,
    Stop,
}

/// Proof of life of a customer's stream.
#[derive(JsonSchema)]
pub(super) struct Beat {
    /// A time of day.
    at: String,
}

/// Nothing more to say.
#[derive(JsonSchema)]
pub(super) struct Over {}

/// That the process answers.
#[derive(JsonSchema)]
pub(super) struct Live {
    status: IsLive,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum IsLive {
    Live,
}
