//! 5 · Server-Sent Events: `GET /live-orders`.
//!
//! [`begin()`] and [`resume`] decide where a stream begins and [`frames`] writes what it says
//! besides changes. From there on [`pager`] brings a reader out of the store
//! up to the hub, and then its socket is written to by [`sweep`], which [`taken`]
//! hands it to; or, where the socket cannot be had, by hyper from a [`body`].
//! Both send the same bytes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{RawQuery, Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    response::Response,
};
use bytes::Bytes;
use rand::Rng as _;

use super::{access::principal::Caller, error::Problem, hub::Hub, query::Query, state::App};
use crate::wire::{ByeReason, EventId, Hello, Seq, Wall};

mod begin;
mod body;
mod encoding;
mod frames;
mod inbox;
mod limits;
mod pager;
mod pass;
pub mod resume;
mod snapshots;
mod sweep;
mod taken;

use begin::begin;
use body::StreamBody;
use encoding::Encoding;
pub(super) use encoding::accepts;
pub(super) use frames::millis;
pub use limits::{Full, Holder, OpenStreams, Peer, Permit, Secured, StreamLimits, network};
use pager::Pager;
use pass::Term;
pub use pass::{Cut, Pass};
use resume::After;
pub use snapshots::Snapshots;
pub use sweep::Sweepers;
pub use taken::{Takeable, Taken};

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
    /// Whether sockets are taken from hyper where they can be.
    pub take_sockets: bool,
    /// Whether streams are compressed for clients that take that.
    pub gzip: bool,
    /// How many streams there may be.
    pub limits: StreamLimits,
}

/// What a stream is for as long as it runs.
struct Reader {
    app: App,
    encoding: Encoding,
    term: Term,
    /// It is counted as long as it is open.
    _permit: Permit,
}

impl Reader {
    /// Why the server is to end it now, if it is.
    fn over(&self, now: Instant) -> Option<ByeReason> {
        self.term.over(now)
    }
}

/// What a stream begins with.
struct Prelude {
    /// What is said to this reader alone.
    own: Vec<u8>,
    /// The orders of a snapshot, encoded as the stream is.
    shared: Option<Bytes>,
}

/// `GET /live-orders`
///
/// # Errors
/// `400` for a parameter that is unknown or has an unknown value, `429` and `503`
/// when there are too many streams, `503` when the store cannot be read.
pub async fn live_orders(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let mut filter = query.filter()?;
    caller.narrow(&mut filter)?;
    let wants_snapshot = query.flag("snapshot")?;
    let after = query.after()?;
    query.finish(&["after", "snapshot"])?;
    let after = last_event_id(request.headers()).unwrap_or(after);

    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let holder = Holder::of(&caller.who);
    let permit = app.open_streams.enter_as(peer, holder, &filter);
    let permit = permit.map_err(Problem::TooManyStreams)?;
    let always = holder.is_some_and(|holder| holder.is_always_taken(&filter));
    if !always && !app.hub.takes(&filter) {
        return Err(Problem::TooManyStreams(Full::Filters));
    }
    let encoding = Encoding::of(request.headers(), app.stream.gzip);
    let start = begin(&app, &filter, after, wants_snapshot, encoding).await?;
    let mut own = Vec::new();
    let cursor = EventId { epoch: app.hub.epoch(), seq: start.told };
    let now = app.clock.now();
    frames::hello(
        &mut own,
        app.stream.retry,
        &Hello {
            cursor,
            server_time: now,
            heartbeat_ms: u64::try_from(app.stream.heartbeat.as_millis()).unwrap_or(u64::MAX),
            version: crate::VERSION.to_owned(),
        },
        start.snapshot.is_some(),
    );
    let shared = start.snapshot.map(|(reason, orders)| {
        frames::begin_snapshot(&mut own, cursor, reason, now);
        orders
    });
    let prelude = Prelude { own, shared };

    // A little earlier or later each, so that streams opened together do not
    // end together.
    let max_age = app.stream.max_age.mul_f64(rand::rng().random_range(0.9..1.1));
    let reader = Reader {
        app: app.clone(),
        encoding,
        term: Term {
            ends_at: Instant::now() + max_age,
            pass: request.extensions().get::<Pass>().cloned(),
        },
        _permit: permit,
    };
    let pager = Pager::new(app.clone(), filter, start.after);
    let takeable = app.sweepers.is_some()
        && request.extensions().get::<Takeable>().is_some()
        && request.method() == Method::GET;
    let mut response = if takeable {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Taken::new(reader, pager, prelude));
        response
    } else {
        let cut = request.extensions().get::<Cut>().cloned();
        Response::new(Body::new(StreamBody::new(reader, pager, prelude, cut)))
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if encoding == Encoding::Gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// The last frame of a stream whose reader behind `wall` has everything up to
/// `reached`. Who goes for a shutdown comes back spread over a while.
fn farewell(app: &App, wall: &Wall, reached: Seq, reason: ByeReason) -> Bytes {
    let spread = match reason {
        ByeReason::Shutdown => app.stream.spread,
        ByeReason::Rotated | ByeReason::Revoked => app.stream.retry,
    };
    let retry = app.stream.retry / 2 + spread.mul_f64(rand::rng().random());
    frames::bye(app.hub.told(wall, reached), reason, retry)
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
