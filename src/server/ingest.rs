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
use serde_json::{Map, Value};

use super::{
    access::{
        principal::{Caller, Principal},
        roles::Right,
    },
    error::Problem,
    reads,
    state::App,
    store::{Fingerprint, PlaceError, Placed, PlacedBefore, Sought, Unavailable},
};
use crate::{
    domain::{
        Change, Channel, FoodOrder, ItemId, Location, NewOrder, OrderId, OrderNumber, Promise,
        change::Action, limits,
    },
    wire::Wall,
};

mod decode;
pub use decode::Defaults;
pub(super) use decode::{
    Replay, Successor, WishedScreen, WishedWebhook, erasure, new_order, replay, screen, successor,
    webhook, webhook_change,
};
pub mod idempotency;

/// Why a body of the shape that the API's description calls `shape` is refused, if it
/// is, whatever it is about.
#[cfg(test)]
pub(super) fn refusal(shape: &str, body: &Value, defaults: &Defaults) -> Option<Problem> {
    use uuid::Uuid;
    let (order, item) = (OrderId(Uuid::nil()), ItemId(1));
    let address = |url: &str| {
        let good = url.starts_with("https://") || url.starts_with("http://");
        if good && url.len() <= 2000 { Ok(()) } else { Err("an address") }
    };
    match shape {
        "PlaceOrder" => new_order(body, defaults).err(),
        "ChangeStatus" => decode::transition(body).err(),
        "EditOrder" => decode::edit(body, defaults).err(),
        "MarkItem" => decode::mark_item(body, item).err(),
        "MarkStations" => decode::mark_stations(body).err(),
        "Fire" => decode::fire(body).err(),
        "Acknowledge" => decode::acknowledge(body).err(),
        "Arrived" => decode::arrival(body).err(),
        "Erase" => erasure(body).err(),
        "SeenOne" => decode::seen_one(body, order).err(),
        "SeenAll" => decode::seen(body).err(),
        "SetIntake" => decode::intake(body, defaults.now).err(),
        "PutScreen" => {
            let name = crate::domain::ScreenName::parse("grill").ok();
            screen(name, body).err()
        }
        "MakeWebhook" => webhook(body, address).err(),
        "ChangeWebhook" => webhook_change(body, address).err(),
        "Rotate" => successor(body, false).err(),
        "GiveSecret" => successor(body, true).err(),
        "Replay" => replay(body).err(),
        other => panic!("nobody reads {other}"),
    }
}

/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// `POST /api/orders`: places an order. Answers when it is durable.
///
/// # Errors
/// See `docs/api.md`.
pub async fn place(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let body = json_body(request).await?;
    place_as(&app, &caller, &body, key).await
}

/// Places the order in `body` by `key`, as `caller` may. Answers when it is durable.
///
/// # Errors
/// As [`place`].
pub(super) async fn place_as(
    app: &App,
    caller: &Principal,
    body: &Value,
    key: Option<String>,
) -> Result<Response, Problem> {
    let defaults = defaults(app, caller);
    let order = new_order(body, &defaults);
    let sent = Sent { key, typed: body, body, order, defaults };
    let placed = place_sent(app, caller, sent).await?;
    let page = app.page.tracking.address(&app.orders.token(placed.id));
    let mut response = json(StatusCode::CREATED, with_page(&placed.order_json, &page));
    let location = HeaderValue::try_from(format!("/api/orders/{}", placed.id));
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if placed.replayed {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// An order as somebody has sent it.
pub(super) struct Sent<'a> {
    /// What it is known by when it is sent again.
    pub(super) key: Option<String>,
    /// What a repeat has in common with it.
    pub(super) typed: &'a Value,
    /// What the order was read from.
    pub(super) body: &'a Value,
    /// The order, or why there is none.
    pub(super) order: Result<NewOrder, Problem>,
    /// What it was read with.
    pub(super) defaults: Defaults,
}

/// Places an order, unless it was refused; or finds the one that the same sender has
/// placed before.
///
/// # Errors
/// The order was refused, or is beyond the wall of `caller`; the key belongs to another
/// order or to a request that is being worked on; no order is taken now; the store
/// cannot write.
pub(super) async fn place_sent(
    app: &App,
    caller: &Principal,
    order: Sent<'_>,
) -> Result<Placed, Problem> {
    let Sent { key, typed: sent, body, order, defaults } = order;
    if let Ok(order) = &order {
        caller.may_place(&order.location, &order.source.channel)?;
    } else if let Some((location, channel, _)) = decode::external_id(body, &defaults) {
        caller.may_place(&location, &channel)?;
    }
    let key = key.map(|key| own_key(&key, caller));
    let _in_flight = match &key {
        Some(key) => Some(app.keys_in_flight.enter(key).ok_or(Problem::IdempotencyKeyInFlight)?),
        None => None,
    };
    let placed = match order {
        Ok(order) => {
            let by = caller.placed_by(&order.source.channel);
            match app.orders.place_sent(order, key, sent, by).await {
                Err(PlaceError::KeyReused { order, .. }) if !sees(app, caller, order).await? => {
                    return Err(Problem::OutsideYourLocations);
                }
                placed => placed?,
            }
        }
        Err(refusal) => repeated(app, sent, body, key, defaults).await?.ok_or(refusal)?,
    };
    // Another location's order may have the same external id: nothing of it is shown.
    let sees = async |id| sees(app, caller, id).await.map_err(Unavailable::behind_a_write);
    if placed.replayed && !sees(placed.id).await? {
        return Err(Problem::OutsideYourLocations);
    }
    Ok(placed)
}

/// What an order of `caller` has that does not say: their own channel, and one of their
/// own locations.
pub(super) fn defaults(app: &App, caller: &Principal) -> Defaults {
    let mut defaults = app.orders.defaults();
    let Wall { locations, channel } = &caller.wall;
    if let Some(own) = channel {
        defaults.channel = own.clone();
    }
    if let Some(own) = locations.first()
        && !locations.contains(&defaults.location)
    {
        defaults.location = own.clone();
    }
    defaults
}

/// The idempotency key `key` of `caller`: those behind other walls are not theirs.
pub(super) fn own_key(key: &str, caller: &Principal) -> String {
    let Wall { locations, channel } = &caller.wall;
    if caller.wall.is_open() {
        return key.to_owned();
    }
    let locations: Vec<&str> = locations.iter().map(Location::as_str).collect();
    let channel = channel.as_ref().map_or("", Channel::as_str);
    // What a client sends has no line end.
    format!("{}\n{channel}\n{key}", locations.join(","))
}

/// Whether `caller` may know of order `id`.
pub(super) async fn sees(app: &App, caller: &Principal, id: OrderId) -> Result<bool, Unavailable> {
    if caller.wall.is_open() {
        return Ok(true);
    }
    let order = app.store.order(id).await?;
    Ok(order.is_some_and(|it| caller.wall.lets(&it.location, &it.source.channel)))
}

/// The order of the answer to whoever has placed it, with the address of its
/// tracking page: nobody else is told that.
fn with_page(order_json: &Bytes, page: &str) -> Bytes {
    let order = order_json.strip_suffix(b"}").unwrap_or(order_json);
    let page = Value::from(page).to_string();
    [order, b",\"tracking_url\":", page.as_bytes(), b"}"].concat().into()
}

/// The order that `body` has placed before, when it could not be placed now: what
/// was near then may be past, and the kitchen makes the order all the same.
async fn repeated(
    app: &App,
    sent: &Value,
    body: &Value,
    key: Option<String>,
    defaults: Defaults,
) -> Result<Option<Placed>, Problem> {
    let sought = Sought { key, source: decode::external_id(body, &defaults) };
    if sought.key.is_none() && sought.source.is_none() {
        return Ok(None);
    }
    let Some(before) = app.store.placed_before(sought).await? else { return Ok(None) };
    let then = Defaults { now: before.placed_at, ..defaults };
    let PlacedBefore { id, fingerprint, placed_at, order_json } = before;
    let mut sent = Fingerprint::of_body(sent);
    if let Ok(order) = new_order(body, &then) {
        sent = sent.and(Fingerprint::of_order(&order));
        // It may have been erased since, and then only what was left is known.
        let placed = order.place(id, OrderNumber(0), placed_at, Promise::default());
        sent = sent.and(Fingerprint::of_erased(&placed));
    }
    Ok(fingerprint.agrees(&sent).then_some(Placed { id, order_json, replayed: true }))
}

/// `POST /api/orders/{id}/transitions`: changes an order's status.
///
/// # Errors
/// See `docs/api.md`.
pub async fn transition(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let change = decode::transition(&json_body(request).await?)?;
    changed(&app, id, change, &caller).await
}

/// Carries out `change` to order `id`, signed with whoever asks for it.
async fn changed(
    app: &App,
    id: OrderId,
    change: Change,
    caller: &Caller,
) -> Result<Response, Problem> {
    if !caller.rights.has(Right::Direct) {
        let order = app.store.order(id).await?.ok_or(Problem::OrderNotFound)?;
        // What is decided here is about this version, and no later one.
        if order.version != change.expected_version {
            return Err(Problem::StaleVersion(order.version));
        }
        if change.directs(&order) {
            caller.may(Right::Direct)?;
        }
    }
    let change = Change { actor: caller.sign(change.actor), ..change };
    Ok(json(StatusCode::OK, app.orders.change(id, change).await?))
}

/// `PATCH /api/orders/{id}/items/{item}`: marks one line of an order.
///
/// # Errors
/// See `docs/api.md`.
pub async fn mark_item(
    State(app): State<App>,
    path: Result<Path<(String, String)>, PathRejection>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let Path((id, item)) = path.map_err(|_| Problem::OrderNotFound)?;
    let id = order_id(Ok(Path(id)))?;
    let number: Option<u32> = item.parse().ok().filter(|number| *number > 0);
    let item = number.ok_or(Problem::ItemNotFound(item))?;
    let change = decode::mark_item(&json_body(request).await?, ItemId(item))?;
    changed(&app, id, change, &caller).await
}

/// `PATCH /api/orders/{id}`: sets rush or hold, or changes what is to be made.
///
/// # Errors
/// See `docs/api.md`.
pub async fn edit(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let change = decode::edit(&json_body(request).await?, &app.orders.defaults())?;
    changed(&app, id, change, &caller).await
}

/// `POST /api/orders/{id}/stations`: marks every line of some stations.
///
/// # Errors
/// See `docs/api.md`.
pub async fn mark_stations(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let change = decode::mark_stations(&json_body(request).await?)?;
    changed(&app, id, change, &caller).await
}

/// `POST /api/orders/{id}/fire`: sends an order for later to the kitchen now.
///
/// # Errors
/// See `docs/api.md`.
pub async fn fire(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let change = decode::fire(&json_body(request).await?)?;
    changed(&app, id, change, &caller).await
}

/// `POST /api/orders/{id}/acknowledge`: somebody knows of a change, of a
/// cancellation or of the allergens.
///
/// # Errors
/// See `docs/api.md`.
pub async fn acknowledge(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let change = decode::acknowledge(&json_body(request).await?)?;
    changed(&app, id, change, &caller).await
}

/// `POST /api/orders/{id}/arrived`: the customer is here, to have it brought to
/// their car. Whoever says so need not have seen the order: it is true of any version.
///
/// # Errors
/// See `docs/api.md`.
pub async fn arrived(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let (note, actor) = decode::arrival(&json_body_if_any(request).await?)?;
    let wish = |_: &FoodOrder| Some(Action::Arrive { note: note.clone() });
    let order = app.orders.change_standing(id, &caller.sign(actor), wish).await?;
    Ok(json(StatusCode::OK, order.unwrap_or_default()))
}

/// `POST /api/seen`: a screen shows these orders.
///
/// # Errors
/// See `docs/api.md`.
pub async fn seen(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let mut seen = decode::seen(&json_body(request).await?)?;
    if caller.sees_for_the_kitchen() {
        if !caller.wall.is_open() {
            seen.orders = app.store.of_these(caller.wall.clone(), seen.orders).await?;
        }
        app.kitchen.seen(&seen.screen, &seen.stations, seen.orders).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/orders/{id}/seen`: a screen shows this order.
///
/// # Errors
/// See `docs/api.md`.
pub async fn seen_one(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let id = order_id(id)?;
    let seen = decode::seen_one(&json_body(request).await?, id)?;
    if app.store.order(id).await?.is_none() {
        return Err(Problem::OrderNotFound);
    }
    if caller.sees_for_the_kitchen() {
        app.kitchen.seen(&seen.screen, &seen.stations, seen.orders).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /api/intake`: sets whether new orders are taken. Answers when it is durable.
///
/// # Errors
/// See `docs/api.md`.
pub async fn set_intake(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let (intake, actor) = decode::intake(&json_body(request).await?, app.clock.now())?;
    app.kitchen.set_intake(intake.clone(), caller.sign(actor)).await?;
    app.access.note(app.access.by(&caller), "intake.set", intake.state.as_str().to_owned()).await;
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

/// The JSON that a request carries, or an empty object where it carries nothing.
///
/// # Errors
/// What it carries is not JSON, or not whole.
pub(super) async fn json_body_if_any(request: Request) -> Result<Value, Problem> {
    if request.headers().contains_key(header::CONTENT_TYPE) {
        return json_body(request).await;
    }
    if whole_body(request).await?.is_empty() {
        Ok(Value::Object(Map::new()))
    } else {
        Err(Problem::NotJson)
    }
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

pub(super) fn is_json(headers: &HeaderMap) -> bool {
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
