//! Webhooks out and in.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::whole;
use crate::server::{
    contract::{
        answers::PlacedOrder,
        bodies::{ChangeWebhook, GiveSecret, MakeWebhook, PlaceOrder, Replay, Rotate},
        operation::{Group, Operation},
    },
    error::Code,
    webhooks::{channels, manage},
};

fn out(method: Method, path: &'static str, id: &'static str, title: &'static str) -> Operation {
    Operation::new(method, path, id, Group::Webhooks, title)
}

fn of_one(method: Method, path: &'static str, id: &'static str, title: &'static str) -> Operation {
    out(method, path, id, title).refuses(&[Code::WebhookNotFound])
}

pub(super) fn all() -> Vec<Operation> {
    let mut all = outgoing();
    all.extend(secrets());
    all.push(signed());
    all
}

fn outgoing() -> Vec<Operation> {
    let ok = StatusCode::OK;
    vec![
        out(Method::GET, "/api/webhooks", "listWebhooks", "List webhooks")
            .answers::<manage::Views<'_>>(ok, "Every webhook, the first made first."),
        out(Method::POST, "/api/webhooks", "makeWebhook", "Make a webhook")
            .text("Its `secret` is told this once.")
            .takes::<MakeWebhook>(json!({
                "url": "https://till.example.com/hooks",
                "filter": {"types": ["order.ready"]}
            }))
            .answers::<manage::View<'_>>(StatusCode::CREATED, "The webhook, with its secret.")
            .with_header("Location", "The address of the webhook.", true)
            .refuses(&[Code::TooManyWebhooks, Code::EventNotKept]),
        of_one(Method::GET, "/api/webhooks/{id}", "readWebhook", "Read a webhook")
            .answers::<manage::View<'_>>(ok, "The webhook."),
        of_one(Method::PATCH, "/api/webhooks/{id}", "changeWebhook", "Change a webhook")
            .text("What is named is changed. Switched on, it goes on where it was.")
            .takes::<ChangeWebhook>(json!({"state": "off"}))
            .answers::<manage::View<'_>>(ok, "The webhook, changed."),
        of_one(Method::DELETE, "/api/webhooks/{id}", "deleteWebhook", "Delete a webhook")
            .answers_nothing(StatusCode::NO_CONTENT, "It and what waited for it are gone."),
        of_one(Method::POST, "/api/webhooks/{id}/rotate", "rotateSecret", "Rotate the secret")
            .text("The present one stays good for `overlap_hours`.")
            .may_take::<Rotate>(json!({"overlap_hours": 24}))
            .refuses(&[Code::TooManySecrets])
            .answers::<manage::View<'_>>(ok, "The webhook, with its new secret."),
        of_one(Method::GET, "/api/webhooks/{id}/deliveries", "listDeliveries", "List deliveries")
            .query("limit", false, whole(1, 500), "How many at most; 50 by default.")
            .query(
                "before",
                false,
                json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}),
                "Those before this delivery.",
            )
            .answers::<manage::Deliveries<'_>>(ok, "What was tried, the last first."),
        of_one(Method::POST, "/api/webhooks/{id}/replay", "replay", "Send again")
            .takes::<Replay>(json!({"after": "9f3a01c4-42"}))
            .answers::<manage::View<'_>>(StatusCode::ACCEPTED, "It will be sent.")
            .refuses(&[Code::EventNotKept, Code::DeliveryNotFound]),
        of_one(Method::POST, "/api/webhooks/{id}/test", "testWebhook", "Send a test")
            .text("A `webhook.test`, which concerns no order, whether it is on or off.")
            .answers::<manage::Tested<'_>>(ok, "What came of it."),
    ]
}

fn secrets() -> Vec<Operation> {
    let ok = StatusCode::OK;
    vec![
        Operation::new(
            Method::GET,
            "/api/channel-secrets",
            "listSigningChannels",
            Group::Signed,
            "List the channels that sign",
        )
        .answers::<channels::Views<'_>>(ok, "The channels, by name."),
        Operation::new(
            Method::POST,
            "/api/channel-secrets/{channel}",
            "giveSecret",
            Group::Signed,
            "Give a channel a secret",
        )
        .text("Done again, it gives another one; the one before stays good for `overlap_hours`.")
        .may_take::<GiveSecret>(json!({"overlap_hours": 24}))
        .refuses(&[Code::TooManySecrets])
        .answers::<channels::View<'_>>(ok, "Another secret, told this once.")
        .answers::<channels::View<'_>>(StatusCode::CREATED, "Its first secret, told this once."),
        Operation::new(
            Method::DELETE,
            "/api/channel-secrets/{channel}",
            "takeSecret",
            Group::Signed,
            "Take a channel's secret away",
        )
        .answers_nothing(StatusCode::NO_CONTENT, "What it signs is believed no longer.")
        .refuses(&[Code::ChannelSecretNotFound]),
    ]
}

fn signed() -> Operation {
    Operation::new(
        Method::POST,
        "/api/hooks/{channel}",
        "placeSignedOrder",
        Group::Signed,
        "Place an order that is signed",
    )
    .text(
        "As `POST /api/orders`, but signed as Standard Webhooks 1.0 has it instead of sent \
             with a key. `webhook-id` is the order's idempotency key: sign each attempt anew, \
             with the same id.",
    )
    .signed()
    .header(
        "webhook-id",
        true,
        json!({"type": "string", "pattern": "^[!-\\-/-~]{1,200}$"}),
        "1 to 200 visible ASCII characters without a full stop.",
    )
    .header(
        "webhook-timestamp",
        true,
        json!({"type": "string", "pattern": "^[0-9]{1,12}$"}),
        "Seconds since 1970, five minutes from the server's clock at most.",
    )
    .takes::<PlaceOrder>(super::orders::example())
    .answers::<PlacedOrder>(StatusCode::CREATED, "The order, durable.")
    .with_header("Location", "The address of the order.", true)
    .with_header("Idempotency-Replayed", "`true` where the order was placed before.", false)
    .refuses(&[
        Code::SignatureMissing,
        Code::SignatureInvalid,
        Code::SignatureExpired,
        Code::SignatureReplayed,
        Code::IdempotencyKeyReused,
        Code::IdempotencyKeyInFlight,
        Code::ExternalIdReused,
        Code::IntakePaused,
        Code::OutsideYourLocations,
    ])
}
