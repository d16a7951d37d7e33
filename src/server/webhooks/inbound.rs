//! Orders that are signed instead of sent with a key.

use std::time::Instant;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::HeaderMap,
    response::Response,
};
use bytes::Bytes;
use serde_json::Value;

use super::{
    Keys, Secret, WebhookProblem, channels,
    signature::{Forged, ID, SIGNATURE, Signed, TIMESTAMP, TOLERANCE_MILLIS},
};
use crate::{
    domain::{Channel, UnixMillis},
    server::{
        access::{limits::Subject, principal::Principal},
        error::{FieldError, Problem},
        ingest::{self, is_json, whole_body},
        state::App,
        store::webhooks::{Seen, SigningChannel},
        stream::{Peer, network},
    },
};

/// For how long a message that was let through is remembered from when it was
/// sent: as long as it is good, and as long again, should the clock be set back.
const REMEMBERED_MILLIS: i64 = 2 * TOLERANCE_MILLIS;

/// `POST /api/hooks/{channel}`: places an order that the channel has signed.
/// Answers as `POST /api/orders` does, when it is durable.
pub(in crate::server) async fn receive(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let peer = request.extensions().get::<Peer>().map(|peer| network(peer.0));
    let forger = peer.map(Subject::Network);
    if let Some(forger) = &forger {
        // To see whether something is forged costs more than to send it.
        let standing = app.webhooks.forged.look(forger.clone(), Instant::now());
        standing.map_err(Problem::TooManyRequests)?;
    }
    let believed = believe(&app, name, request).await;
    if let (Err(Problem::Webhook(_)), Some(forger)) = (&believed, forger) {
        let _ = app.webhooks.forged.take(forger, Instant::now());
    }
    let Believed { channel, seen, headers, bytes } = believed?;
    if !is_json(&headers) {
        return Err(Problem::NotJson);
    }
    let body: Value =
        serde_json::from_slice(&bytes).map_err(|error| Problem::BadJson(error.to_string()))?;
    names_no_other(&body, &channel.channel)?;
    let subject = Subject::Channel(channel.channel.clone());
    let standing = app.access.limits.take(subject, Instant::now());
    let standing = standing.map_err(Problem::TooManyRequests)?;
    let (now, store) = (app.webhooks.shared.clock.now(), app.store.webhooks());
    let until = UnixMillis(seen.sent.saturating_mul(1000)).plus(REMEMBERED_MILLIS);
    // Noted before the order is placed: after it, a crash between the two would
    // leave a signature that is good once more.
    if !store.let_through(seen.clone(), now, until).await? {
        return Err(WebhookProblem::SignatureReplayed.into());
    }
    // A space is in no key of a request's own, so nobody else can have this one.
    let key = format!("hook {} {}", channel.channel, seen.id);
    let caller = Principal::of_channel(channel.channel, channel.locations);
    match ingest::place_as(&app, &caller, &body, Some(key)).await {
        Ok(mut placed) => {
            standing.tell(placed.headers_mut());
            Ok(placed)
        }
        Err(problem) => {
            // Nothing came of it, so it may come again as it is.
            let _ = store.forget(seen).await;
            Err(problem)
        }
    }
}

/// A request that its channel has signed.
struct Believed {
    channel: SigningChannel,
    seen: Seen,
    headers: HeaderMap,
    bytes: Bytes,
}

/// Reads a request, and whether it is signed by the channel that its address names.
async fn believe(
    app: &App,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Believed, Problem> {
    let headers = request.headers().clone();
    let bytes = whole_body(request).await?;
    let (id, timestamp) = (header(&headers, ID)?, header(&headers, TIMESTAMP)?);
    let signature = header(&headers, SIGNATURE)?;
    let signed = Signed { id, timestamp, signature, body: &bytes };
    let channel = channels::named(name);
    let known = match &channel {
        Some(channel) => app.store.webhooks().channel(channel.clone()).await?,
        None => None,
    };
    // Of a channel that does not sign, one is told no more than of one that
    // does, nor any sooner.
    let stranger = known.is_none().then(|| Keys::new(Secret::random()));
    let keys = known.as_ref().map(|known| &known.keys).or(stranger.as_ref());
    let keys = keys.ok_or(WebhookProblem::SignatureInvalid)?;
    keys.check(&signed, app.webhooks.shared.clock.now()).map_err(|forged| match forged {
        Forged::Signature => WebhookProblem::SignatureInvalid,
        Forged::Time => WebhookProblem::SignatureExpired,
    })?;
    let channel = known.ok_or(WebhookProblem::SignatureInvalid)?;
    let sent = timestamp.parse().map_err(|_| WebhookProblem::SignatureInvalid)?;
    let seen = Seen { channel: channel.channel.clone(), id: id.to_owned(), sent };
    Ok(Believed { channel, seen, headers, bytes })
}

/// A header that is there once.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, WebhookProblem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| WebhookProblem::SignatureInvalid),
        _ => Err(WebhookProblem::SignatureMissing),
    }
}

/// Whoever signs for one channel brings no orders of another.
fn names_no_other(body: &Value, channel: &Channel) -> Result<(), Problem> {
    let named = body.get("source").and_then(|source| source.get("channel"));
    let named = named.and_then(Value::as_str).and_then(|raw| Channel::parse(raw).ok());
    if named.is_none_or(|named| named == *channel) {
        return Ok(());
    }
    let detail = format!("must be {channel}, the channel that signed it, or left out");
    Err(Problem::InvalidFields(vec![FieldError { pointer: "/source/channel".to_owned(), detail }]))
}
