//! The customer's page, health, and this description itself.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use crate::server::{
    contract::{
        answers::{Beat, Live, Over, TrackedState},
        operation::{Group, Operation, event},
    },
    error::Code,
    reads,
};

const GONE: &str = "A page: the order was over a day ago, or was erased.";
const NOWHERE: &str = "A page: the address leads nowhere.";
const HTML: &str = "text/html";

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "/t/{token}/state",
            "readTracked",
            Group::Customers,
            "What the customer's page shows",
        )
        .answers::<TrackedState>(StatusCode::OK, "What it shows now.")
        .answers_text(StatusCode::NOT_FOUND, HTML, NOWHERE)
        .answers_text(StatusCode::GONE, HTML, GONE),
        Operation::new(
            Method::GET,
            "/t/{token}/events",
            "followTracked",
            Group::Customers,
            "Follow what the customer's page shows",
        )
        .header(
            "Last-Event-ID",
            false,
            serde_json::json!({"type": "string"}),
            "The view that the page has: it is not sent again.",
        )
        .streams(
            "The stream. `x-events` has the shape of each event's `data:`.",
            vec![
                event::<TrackedState>("state", "Each time that something else is shown."),
                event::<Beat>("beat", "Every three heartbeats."),
                event::<Over>("over", "The page is gone."),
                event::<Over>("bye", "Before the server ends the stream."),
            ],
        )
        .answers_text(StatusCode::NOT_FOUND, HTML, NOWHERE)
        .answers_text(StatusCode::GONE, HTML, GONE)
        .refuses(&[Code::TooManyStreams]),
        Operation::new(
            Method::GET,
            "/health/live",
            "live",
            Group::Health,
            "Whether the process answers",
        )
        .without_store()
        .answers::<Live>(StatusCode::OK, "It answers."),
        Operation::new(Method::GET, "/health/ready", "ready", Group::Health, "Whether it can work")
            .text("A write would be durable, and readers have all that is written.")
            .answers::<reads::Ready>(StatusCode::OK, "It can."),
        Operation::new(
            Method::GET,
            "/api/openapi.json",
            "readContract",
            Group::Contract,
            "This description as OpenAPI 3.1",
        )
        .without_store()
        .answers::<Value>(StatusCode::OK, "The description.")
        .with_header("ETag", "The same as long as the description is.", true)
        .answers_nothing(StatusCode::NOT_MODIFIED, "`If-None-Match` names its present `ETag`."),
    ]
}
