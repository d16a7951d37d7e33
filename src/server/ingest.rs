//! 1 · Accept: requests that bring orders or change them, parsed before anything else sees them.
//!
//! [`decode`] turns a body into a checked order or a list of every rule that
//! it breaks; [`idempotency`] keeps two requests with one key apart.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use super::{
    error::Problem,
    reads,
    state::App,
    store::{Fingerprint, Placed, PlacedBefore, Sought},
};
use crate::domain::{ItemId, NewOrder, OrderId, limits};

mod decode;
pub use decode::Defaults;
pub(super) use decode::{WishedScreen, new_order, screen};
pub mod idempotency;

/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// `POST /api/orders`: places an order. Answers when it is durable.
///
/// # Errors
/// See `docs/api.md`.
pub async fn place(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let body = json_body(request).await?;
    let order = new_order(&body, &app.orders.defaults());
    let placed = place_sent(&app, key, &body, &body, order).await?;
    let mut response = json(StatusCode::CREATED, placed.order_json);
    let location = HeaderValue::try_from(format!("/api/orders/{}", placed.id));
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if placed.replayed {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Places `order`, which was read from `body`, unless that was refused; or finds the
/// one that the same `sent` has placed before.
///
/// # Errors
/// The order was refused; the key belongs to another order or to a request that is
/// being worked on; no order is taken now; the store cannot write.
pub(super) async fn place_sent(
    app: &App,
    key: Option<String>,
    sent: &Value,
    body: &Value,
    order: Result<NewOrder, Problem>,
) -> Result<Placed, Problem> {
    let _in_flight = match &key {
        Some(key) => Some(app.keys_in_flight.enter(key).ok_or(Problem::IdempotencyKeyInFlight)?),
        None => None,
    };
    match order {
        Ok(order) => Ok(app.orders.place_sent(order, key, sent).await?),
        Err(refusal) => repeated(app, sent, body, key).await?.ok_or(refusal),
    }
}

/// The order that `body` has placed before, when it could not be placed now: what
/// was near then may be past, and the kitchen makes the order all the same.
async fn repeated(
    app: &App,
    sent: &Value,
    body: &Value,
    key: Option<String>,
) -> Result<Option<Placed>, Problem> {
    let defaults = app.orders.defaults();
    let sought = Sought { key, source: decode::external_id(body, &defaults) };
    if sought.key.is_none() && sought.source.is_none() {
        return Ok(None);
    }
    let Some(before) = app.store.placed_before(sought).await? else { return Ok(None) };
    let then = Defaults { now: before.placed_at, ..defaults };
    let mut sent = Fingerprint::of_body(sent);
    if let Ok(order) = new_order(body, &then) {
        sent = sent.and(Fingerprint::of_order(&order));
    }
    let PlacedBefore { id, fingerprint, order_json, .. } = before;
    Ok(fingerprint.agrees(&sent).then_some(Placed { id, order_json, replayed: true }))
}

/// `POST /api/orders/{id}/transitions`: changes an order's status.
///
/// # Errors
/// See `docs/api.md`.
pub async fn transition(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let change = decode::transition(&json_body(request).await?)?;
    Ok(json(StatusCode::OK, app.orders.change(id, change).await?))
}

/// `PATCH /api/orders/{id}/items/{item}`: marks one line of an order.
///
/// # Errors
/// See `docs/api.md`.
pub async fn mark_item(
    State(app): State<App>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path((id, item)) = path.map_err(|_| Problem::OrderNotFound)?;
    let id = order_id(Ok(Path(id)))?;
    let item: u32 = item.parse().map_err(|_| Problem::ItemNotFound(item))?;
    let change = decode::mark_item(&json_body(request).await?, ItemId(item))?;
    Ok(json(StatusCode::OK, app.orders.change(id, change).await?))
}

/// `PATCH /api/orders/{id}`: sets rush or hold, or changes what is to be made.
///
/// # Errors
/// See `docs/api.md`.
pub async fn edit(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let change = decode::edit(&json_body(request).await?, &app.orders.defaults())?;
    Ok(json(StatusCode::OK, app.orders.change(id, change).await?))
}

/// `POST /api/orders/{id}/stations`: marks every line of some stations.
///
/// # Errors
/// See `docs/api.md`.
pub async fn mark_stations(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let change = decode::mark_stations(&json_body(request).await?)?;
    Ok(json(StatusCode::OK, app.orders.change(id, change).await?))
}

/// `POST /api/orders/{id}/fire`: sends an order for later to the kitchen now.
///
/// # Errors
/// See `docs/api.md`.
pub async fn fire(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let change = decode::fire(&json_body(request).await?)?;
    Ok(json(StatusCode::OK, app.orders.change(id, change).await?))
}

/// `POST /api/orders/{id}/acknowledge`: somebody knows of a change, of a
/// cancellation or of the allergens.
///
/// # Errors
/// See `docs/api.md`.
pub async fn acknowledge(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let change = decode::acknowledge(&json_body(request).await?)?;
    Ok(json(StatusCode::OK, app.orders.change(id, change).await?))
}

/// `POST /api/seen`: a screen shows these orders.
///
/// # Errors
/// See `docs/api.md`.
pub async fn seen(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let seen = decode::seen(&json_body(request).await?)?;
    app.kitchen.seen(&seen.screen, &seen.stations, seen.orders).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/orders/{id}/seen`: a screen shows this order.
///
/// # Errors
/// See `docs/api.md`.
pub async fn seen_one(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let seen = decode::seen_one(&json_body(request).await?, id)?;
    if app.store.order(id).await?.is_none() {
        return Err(Problem::OrderNotFound);
    }
    app.kitchen.seen(&seen.screen, &seen.stations, seen.orders).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /api/intake`: sets whether new orders are taken. Answers when it is durable.
///
/// # Errors
/// See `docs/api.md`.
pub async fn set_intake(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (intake, actor) = decode::intake(&json_body(request).await?, app.clock.now())?;
    app.kitchen.set_intake(intake.clone(), actor).await?;
    // What was set, which somebody else may have moved on since.
    reads::answer(&intake)
}

/// The order that an address names.
///
/// # Errors
/// `404`: what is no id names no order.
pub fn order_id(raw: Result<Path<String>, PathRejection>) -> Result<OrderId, Problem> {
    let Path(raw) = raw.map_err(|_| Problem::OrderNotFound)?;
    raw.parse().map_err(|_| Problem::OrderNotFound)
}

/// An answer of ready-made JSON.
#[must_use]
pub fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The JSON that a request carries.
///
/// # Errors
/// There is none, or it is not whole.
pub(super) async fn json_body(request: Request) -> Result<Value, Problem> {
    if !is_json(request.headers()) {
        return Err(Problem::NotJson);
    }
    let bytes = whole_body(request).await?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::BadJson(error.to_string()))
}

/// All of what a request carries.
///
/// # Errors
/// It is too large, or does not come.
pub(super) async fn whole_body(request: Request) -> Result<Bytes, Problem> {
    let body = Limited::new(request.into_body(), limits::BODY_BYTES).collect();
    match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::BodyTooLarge),
        Ok(Err(_)) | Err(_) => Err(Problem::BodyIncomplete),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let raw = value.to_str().map_err(|_| Problem::InvalidIdempotencyKey)?.trim();
    // The IETF draft writes a key as a quoted string; most clients do not.
    let key = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if key.is_empty() || key.len() > limits::KEY || !visible {
        return Err(Problem::InvalidIdempotencyKey);
    }
    Ok(Some(key.to_owned()))
}
