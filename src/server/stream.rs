//! 5 · Server-Sent Events: `GET /live-orders`.
//!
//! [`resume`] decides where a stream begins, [`body`] hands out frames from
//! there on, [`frames`] writes what a stream says besides changes.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use rand::Rng as _;

use super::{error::Problem, hub::Hub, query::Query, state::App, store::Unavailable};
use crate::wire::{EventId, Hello, Seq, SnapshotReason, StreamFilter};

mod body;
mod frames;
pub mod resume;

use body::StreamBody;
use resume::{After, Start};

/// How streams behave.
#[derive(Clone, Copy, Debug)]
pub struct StreamSettings {
    /// How often a heartbeat comes.
    pub heartbeat: Duration,
    /// How soon a client that lost its stream should come back.
    pub retry: Duration,
    /// When the server ends a stream by itself, so that none outlives a balance of load.
    pub max_age: Duration,
    /// Over what time clients are told to come back after a shutdown.
    pub spread: Duration,
}

/// `GET /live-orders`
///
/// # Errors
/// `400` for a parameter that is unknown or has an unknown value, `503` when
/// the store cannot be read.
pub async fn live_orders(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let filter = query.filter()?;
    let wants_snapshot = query.flag("snapshot")?;
    let after = query.after()?;
    query.finish(&["after", "snapshot"])?;
    let after = last_event_id(&headers).unwrap_or(after);

    let mut prelude = Vec::new();
    let start = begin(&app, &filter, after, wants_snapshot).await?;
    let cursor = EventId { epoch: app.hub.epoch(), seq: start.after };
    let now = app.clock.now();
    frames::hello(
        &mut prelude,
        app.stream.retry,
        &Hello {
            cursor,
            server_time: now,
            heartbeat_ms: u64::try_from(app.stream.heartbeat.as_millis()).unwrap_or(u64::MAX),
            version: crate::VERSION.to_owned(),
        },
        start.snapshot.is_some(),
    );
    if let Some((reason, orders)) = start.snapshot {
        frames::snapshot(&mut prelude, cursor, reason, &orders, now);
    }

    // A little earlier or later each, so that streams opened together do not
    // end together.
    let max_age = app.stream.max_age.mul_f64(rand::rng().random_range(0.9..1.1));
    let body = StreamBody::new(&app, filter, start.after, prelude, max_age);
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// Where a stream begins and what it begins with.
struct Beginning {
    after: Seq,
    snapshot: Option<(SnapshotReason, Vec<bytes::Bytes>)>,
}

async fn begin(
    app: &App,
    filter: &StreamFilter,
    after: After,
    wants_snapshot: bool,
) -> Result<Beginning, Unavailable> {
    // The store's head and not the hub's, which follows a moment later: an id
    // that an answer has just given must not be taken for one from the future.
    let bounds = app.store.events(Seq::START, 0).await?;
    let beginning =
        match resume::start(after, app.hub.epoch(), bounds.floor, bounds.head, wants_snapshot) {
            Start::After(after) => Beginning { after, snapshot: None },
            Start::Snapshot(reason) => {
                let stored = app.store.snapshot(filter.clone()).await?;
                Beginning { after: stored.cursor.seq, snapshot: Some((reason, stored.orders)) }
            }
        };
    app.hub.reach(beginning.after).await;
    Ok(beginning)
}

/// The id that a returning `EventSource` sends; it wins over `after`.
fn last_event_id(headers: &HeaderMap) -> Option<After> {
    let value = headers.get("last-event-id")?;
    match value.to_str() {
        Ok("") => None,
        // What is no id of ours is answered with a snapshot, as a foreign one is.
        Ok(raw) => Some(raw.parse().map_or(After::Foreign, After::Id)),
        Err(_) => Some(After::Foreign),
    }
}

/// Sends heartbeats until the hub's app shuts down.
pub async fn heartbeats(hub: Arc<Hub>, app: App) {
    // Not at once: whoever is there at the start has just been told hello.
    let first = tokio::time::Instant::now() + app.stream.heartbeat;
    let mut ticks = tokio::time::interval_at(first, app.stream.heartbeat);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => hub.heartbeat(app.clock.now()),
            () = app.shutdown.cancelled() => return,
        }
    }
}
