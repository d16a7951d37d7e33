//! The requests of whoever sets webhooks up. A secret is told once, when it is made.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{Path, RawQuery, Request, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Secret, WebhookProblem, setup};
use crate::{
    domain::{OrderId, UnixMillis},
    server::{
        access::principal::Caller,
        error::Problem,
        ingest::{json_body, json_body_if_any},
        query::Query,
        reads::answer,
        state::App,
        store::webhooks::{Attempted, Webhook},
    },
    wire::{Epoch, EventId, Seq, StreamFilter},
};

/// Attempts of a list that names no limit, and at most.
const PAGE: usize = 50;
const PAGE_MOST: usize = 500;

type Id = Result<Path<String>, PathRejection>;

/// The webhook that an address names.
async fn find(app: &App, id: Id) -> Result<Webhook, Problem> {
    let Path(raw) = id.map_err(|_| WebhookProblem::NotFound)?;
    setup::find(app, &raw).await
}

/// `GET /api/webhooks`: every webhook, the first made first.
pub(in crate::server) async fn list(State(app): State<App>) -> Result<Response, Problem> {
    let webhooks = app.store.webhooks().all().await?;
    let (epoch, head) = (app.store.epoch(), app.hub.head());
    let webhooks = webhooks.iter().map(|webhook| View::of(webhook, epoch, head)).collect();
    answer(&Views { webhooks })
}

/// Every webhook.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "WebhookList")]
pub(in crate::server) struct Views<'a> {
    webhooks: Vec<View<'a>>,
}

/// A webhook as it is told: all but its secrets.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Webhook")]
pub(in crate::server) struct View<'a> {
    id: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// By the names of the stream's parameters.
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    filter: Value,
    /// `on`, `off` or `broken`.
    state: &'static str,
    /// Why it is not on.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    /// Since when it stands so.
    since: UnixMillis,
    /// Up to here it has taken up the log.
    cursor: EventId,
    /// Events of the log that it has not taken up yet.
    behind: u64,
    /// Events that wait to be sent, or to be sent again.
    waiting: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_until: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<UnixMillis>,
    /// Up to here it has lost what the log kept no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    missed_up_to: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_secret_until: Option<UnixMillis>,
    created_at: UnixMillis,
    /// Told once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl<'a> View<'a> {
    fn of(webhook: &'a Webhook, epoch: Epoch, head: Seq) -> Self {
        let id = |seq| EventId { epoch, seq };
        Self {
            id: webhook.id.as_str(),
            url: &webhook.url,
            description: webhook.description.as_deref(),
            filter: filter_as_sent(&webhook.filter),
            state: webhook.switch.state.as_str(),
            why: webhook.switch.why.as_deref(),
            since: webhook.switch.since,
            cursor: id(webhook.cursor),
            behind: head.0.saturating_sub(webhook.cursor.0),
            waiting: webhook.waiting,
            failing_since: webhook.failing_since,
            held_until: webhook.held_until,
            delivered_at: webhook.delivered_at,
            missed_up_to: webhook.missed.map(id),
            previous_secret_until: webhook.keys.former_until(),
            created_at: webhook.created_at,
            secret: None,
        }
    }
}

/// A filter by the names of the stream's parameters, as it was sent.
pub(in crate::server) fn filter_as_sent(filter: &StreamFilter) -> Value {
    let query = filter.to_query();
    let lists = form_urlencoded::parse(query.as_bytes()).map(|(name, values)| {
        let values: Vec<&str> = values.split(',').collect();
        (name.clone().into_owned(), json!(values))
    });
    Value::Object(lists.collect::<Map<_, _>>())
}

fn show(app: &App, webhook: &Webhook, secret: Option<&Secret>) -> Result<Response, Problem> {
    let secret = secret.map(Secret::reveal);
    answer(&View { secret, ..View::of(webhook, app.store.epoch(), app.hub.head()) })
}

/// `POST /api/webhooks`: makes one, and tells its secret.
pub(in crate::server) async fn create(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let webhook = setup::make(&app, &caller, &json_body(request).await?).await?;
    let mut response = show(&app, &webhook, Some(&webhook.keys.current))?;
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::try_from(format!("/api/webhooks/{}", webhook.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `GET /api/webhooks/{id}`: one webhook.
pub(in crate::server) async fn one(State(app): State<App>, id: Id) -> Result<Response, Problem> {
    show(&app, &find(&app, id).await?, None)
}

/// `PATCH /api/webhooks/{id}`: changes what the body names, and switches on or off.
pub(in crate::server) async fn change(
    State(app): State<App>,
    caller: Caller,
    id: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = find(&app, id).await?.id;
    let webhook = setup::change(&app, &caller, id, &json_body(request).await?).await?;
    show(&app, &webhook, None)
}

/// `DELETE /api/webhooks/{id}`: lets go of it and of all that waits for it.
pub(in crate::server) async fn delete(
    State(app): State<App>,
    caller: Caller,
    id: Id,
) -> Result<Response, Problem> {
    setup::remove(&app, &caller, &find(&app, id).await?).await?;
    Ok(nothing())
}

pub(super) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// `POST /api/webhooks/{id}/rotate`: a new secret; the present one stays good for a while.
pub(in crate::server) async fn rotate(
    State(app): State<App>,
    caller: Caller,
    id: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = find(&app, id).await?.id;
    let webhook = setup::rotate(&app, &caller, id, &json_body_if_any(request).await?).await?;
    show(&app, &webhook, Some(&webhook.keys.current))
}

/// `GET /api/webhooks/{id}/deliveries`: what was tried, the last first.
pub(in crate::server) async fn deliveries(
    State(app): State<App>,
    id: Id,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let webhook = find(&app, id).await?;
    let mut query = Query::parse(query.as_deref());
    let limit = query.limit(PAGE_MOST)?.unwrap_or(PAGE);
    let before = query.number("before")?;
    query.finish_alone(&["limit", "before"])?;
    let mut attempts = app.store.webhooks().attempts(webhook.id, before, limit + 1).await?;
    let more = attempts.len() > limit;
    attempts.truncate(limit);
    let epoch = app.store.epoch();
    let deliveries = attempts.iter().map(|attempted| Delivery::of(attempted, epoch)).collect();
    answer(&Deliveries { deliveries, more })
}

/// What was tried, the last first.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "DeliveryList")]
pub(in crate::server) struct Deliveries<'a> {
    deliveries: Vec<Delivery<'a>>,
    /// Whether there are earlier ones.
    more: bool,
}

/// One attempt to send a message.
#[derive(JsonSchema, Serialize)]
struct Delivery<'a> {
    id: u64,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderId>,
    attempt: u32,
    at: UnixMillis,
    took_ms: i64,
    /// `delivered`, `failed` or `given_up`.
    outcome: &'static str,
    /// The status that it was answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<UnixMillis>,
}

impl<'a> Delivery<'a> {
    fn of(Attempted { number, attempt }: &'a Attempted, epoch: Epoch) -> Self {
        Self {
            id: *number,
            kind: &attempt.kind,
            event: attempt.event.map(|(seq, _)| EventId { epoch, seq }),
            order: attempt.event.map(|(_, order)| order),
            attempt: attempt.attempt,
            at: attempt.at,
            took_ms: attempt.took_ms,
            outcome: attempt.outcome.as_str(),
            status: attempt.status,
            error: attempt.error.as_deref(),
            next_at: attempt.next_at,
        }
    }
}

/// `POST /api/webhooks/{id}/replay`: sends again what was sent, one event or
/// all after a position, as if for the first time.
pub(in crate::server) async fn replay(
    State(app): State<App>,
    caller: Caller,
    id: Id,
    request: Request,
) -> Result<Response, Problem> {
    let id = find(&app, id).await?.id;
    let webhook = setup::replay(&app, &caller, id, &json_body(request).await?).await?;
    let mut response = show(&app, &webhook, None)?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// `POST /api/webhooks/{id}/test`: sends a message that concerns no order, on
/// or off, and answers what came of it.
pub(in crate::server) async fn test(
    State(app): State<App>,
    caller: Caller,
    id: Id,
) -> Result<Response, Problem> {
    let webhook = find(&app, id).await?;
    let attempt = setup::test(&app, &caller, &webhook).await?;
    answer(&Tested {
        delivered: attempt.error.is_none(),
        status: attempt.status,
        error: attempt.error.as_deref(),
        took_ms: attempt.took_ms,
    })
}

/// What came of a test.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TestOutcome")]
pub(in crate::server) struct Tested<'a> {
    delivered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    took_ms: i64,
}
