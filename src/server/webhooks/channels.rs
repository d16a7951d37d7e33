//! The secrets of channels that sign their orders. One is told once, when it is made.

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Keys, Secret, WebhookProblem, manage::nothing, setup};
use crate::{
    domain::{Channel, Location, UnixMillis, ids::LABEL_RULE},
    server::{
        access::principal::Caller,
        error::{FieldError, Problem},
        ingest::{Successor, json_body_if_any},
        reads::answer,
        state::App,
        store::{WebhookStore, webhooks::SigningChannel},
    },
};

type Name = Result<Path<String>, PathRejection>;

/// The channel that an address names.
pub(super) fn named(name: Name) -> Option<Channel> {
    name.ok().and_then(|Path(raw)| Channel::parse(&raw).ok())
}

/// Gives `channel` a secret: that of `successor` or a new one, which is good in
/// its locations, or in those of before where it names none. The secret that it
/// has stays good for the overlap.
pub(super) async fn give(
    store: &dyn WebhookStore,
    channel: Channel,
    successor: Successor,
    now: UnixMillis,
) -> Result<(SigningChannel, bool), Problem> {
    let Successor { secret, overlap_millis, locations } = successor;
    let next = secret.unwrap_or_else(Secret::random);
    let before = store.channel(channel.clone()).await?;
    let is_new = before.is_none();
    let signing = match before {
        Some(before) => {
            let keys = before.keys.rotated(next, now, overlap_millis);
            SigningChannel {
                keys: keys.ok_or(WebhookProblem::TooManySecrets)?,
                locations: locations.unwrap_or(before.locations),
                ..before
            }
        }
        None => SigningChannel {
            channel,
            keys: Keys::new(next),
            locations: locations.unwrap_or_default(),
            created_at: now,
            used_at: None,
        },
    };
    store.put_channel(signing.clone()).await?;
    Ok((signing, is_new))
}

/// The channels that sign.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "SigningChannelList")]
pub(in crate::server) struct Views<'a> {
    channels: Vec<View<'a>>,
}

/// A channel that signs, without its secret.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "SigningChannel")]
pub(in crate::server) struct View<'a> {
    channel: &'a str,
    locations: &'a [Location],
    created_at: UnixMillis,
    /// When it placed an order last.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<UnixMillis>,
    /// How long secrets before stay good.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_secret_until: Option<UnixMillis>,
    /// Told once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl<'a> View<'a> {
    fn of(signing: &'a SigningChannel) -> Self {
        let SigningChannel { channel, keys, locations, created_at, used_at } = signing;
        Self {
            channel: channel.as_str(),
            locations,
            created_at: *created_at,
            used_at: *used_at,
            previous_secret_until: keys.former_until(),
            secret: None,
        }
    }
}

/// `GET /api/channel-secrets`: the channels that sign, by name.
pub(in crate::server) async fn list(State(app): State<App>) -> Result<Response, Problem> {
    let channels = app.store.webhooks().channels().await?;
    answer(&Views { channels: channels.iter().map(View::of).collect() })
}

/// `POST /api/channel-secrets/{channel}`: gives a channel a secret, or another one.
pub(in crate::server) async fn create(
    State(app): State<App>,
    caller: Caller,
    name: Name,
    request: Request,
) -> Result<Response, Problem> {
    let channel = named(name).ok_or_else(|| {
        let detail = format!("must be {LABEL_RULE}");
        Problem::InvalidFields(vec![FieldError { pointer: "/channel".to_owned(), detail }])
    })?;
    let body = json_body_if_any(request).await?;
    let (signing, is_new) = setup::give_secret(&app, &caller, channel, &body).await?;
    let secret = Some(signing.keys.current.reveal());
    let mut response = answer(&View { secret, ..View::of(&signing) })?;
    if is_new {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// `DELETE /api/channel-secrets/{channel}`: what it signs is believed no longer.
pub(in crate::server) async fn delete(
    State(app): State<App>,
    caller: Caller,
    name: Name,
) -> Result<Response, Problem> {
    let channel = named(name).ok_or(WebhookProblem::SecretNotFound)?;
    setup::remove_secret(&app, &caller, &channel).await?;
    Ok(nothing())
}
