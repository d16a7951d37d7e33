//! Carries out over HTTP what the simulation comes up with, and tells it what
//! became of it and what others did: as fast as the server takes it for the
//! day so far, then at the pace of the clock.

use std::{net::SocketAddr, time::Duration};

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    client::{Answer, Call, Client},
    simulation::{Action, Outcome, Simulation, Step},
};
use crate::{
    domain::{Actor, FoodOrder, ItemStatus, OrderId, UnixMillis},
    server::clock::Clock,
    wire::{EventId, OrderEvent},
};

/// How many actions of the past are sent at once. They share a commit on the
/// server, which is what takes time.
const AT_ONCE: usize = 8;
/// How far apart, in virtual milliseconds, actions may be to be sent at once.
const TOGETHER_MILLIS: i64 = 20_000;
/// How often the staff look up to see what others did.
const LOOK_UP_EVERY: Duration = Duration::from_millis(700);
/// The first pause before something is tried again, and the longest.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Events read at once.
const EVENTS_PAGE: usize = 200;
/// How long before it opens the restaurant wakes up.
const WAKE_BEFORE_MILLIS: i64 = 60_000;

/// Plays a simulation against a server.
pub(super) struct Driver {
    server: SocketAddr,
    clock: Clock,
    shutdown: CancellationToken,
    clients: Vec<Client>,
}

/// The demo was asked to stop.
#[derive(Debug)]
pub(super) struct Stopped;

#[derive(Deserialize)]
struct Page {
    events: Vec<OrderEvent>,
    cursor: EventId,
    more: bool,
    /// Instead of events, when those asked for are gone.
    snapshot: Option<Snapshot>,
}

#[derive(Deserialize)]
struct Snapshot {
    orders: Vec<FoodOrder>,
}

#[derive(Deserialize)]
struct List {
    orders: Vec<FoodOrder>,
    cursor: EventId,
}

#[derive(Serialize)]
struct Transition<'a> {
    to: crate::domain::OrderStatus,
    expected_version: crate::domain::Version,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    actor: &'a Actor,
}

#[derive(Serialize)]
struct Mark<'a> {
    status: ItemStatus,
    expected_version: crate::domain::Version,
    actor: &'a Actor,
}

impl Driver {
    /// A driver for the server at `server` that keeps the time with `clock`.
    pub(super) fn new(server: SocketAddr, clock: Clock, shutdown: CancellationToken) -> Self {
        let clients = (0..AT_ONCE).map(|_| Client::new(server)).collect();
        Self { server, clock, shutdown, clients }
    }

    /// Plays the day up to `until`.
    pub(super) async fn catch_up(
        &mut self,
        simulation: &mut Simulation,
        until: UnixMillis,
    ) -> Result<(), Stopped> {
        loop {
            let batch = next_batch(simulation, until);
            let Some(first) = batch.first() else {
                self.clock.set(until);
                return Ok(());
            };
            self.clock.set(first.at);
            let shutdown = &self.shutdown;
            let outcomes = join_all(
                self.clients
                    .iter_mut()
                    .zip(&batch)
                    .map(|(client, step)| carry_out(client, step, shutdown)),
            )
            .await;
            for (step, outcome) in batch.iter().zip(outcomes) {
                simulation.settle(step.ticket, outcome?);
            }
        }
    }

    /// Goes on at `speed` until the shift `ends`, if it does, or it is stopped.
    /// What is due before the end is done, however late it has become.
    pub(super) async fn keep_going(
        &mut self,
        simulation: &mut Simulation,
        speed: u32,
        ends: Option<UnixMillis>,
    ) -> Result<(), Stopped> {
        let mut client = Client::new(self.server);
        let mut cursor = None;
        let mut look_up_at = Instant::now();
        loop {
            self.skip_the_night(simulation, speed);
            let next = simulation.next_at().into_iter().chain(ends).min();
            if ends.is_some_and(|ends| next == Some(ends) && self.clock.now() >= ends) {
                return Ok(());
            }
            let due_at = next.map(|at| self.moment_of(at, speed));
            let wake_at = due_at.map_or(look_up_at, |due_at| due_at.min(look_up_at));
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return Err(Stopped),
                () = sleep_until(wake_at) => {}
            }
            if Instant::now() >= look_up_at {
                cursor = self.look_up(&mut client, simulation, cursor).await?;
                look_up_at = Instant::now() + LOOK_UP_EVERY;
            }
            if simulation.next_at().is_some_and(|at| at <= self.clock.now())
                && let Some(step) = simulation.advance()
            {
                let outcome = carry_out(&mut client, &step, &self.shutdown).await?;
                simulation.settle(step.ticket, outcome);
            }
        }
    }

    /// When, on the machine's own clock, it is `at` on the restaurant's.
    fn moment_of(&self, at: UnixMillis, speed: u32) -> Instant {
        let away = at.since(self.clock.now()).max(0);
        // Rounded up, so that nothing is due a moment before it is.
        let real = u64::try_from(away).unwrap_or_default().div_ceil(u64::from(speed.max(1)));
        Instant::now() + Duration::from_millis(real)
    }

    /// When the last ticket of the day is done, goes on with the next morning.
    fn skip_the_night(&self, simulation: &Simulation, speed: u32) {
        let Some(opening) = simulation.asleep_until() else { return };
        let waking = opening.plus(-WAKE_BEFORE_MILLIS);
        if self.clock.now() < waking {
            tracing::info!("demo.night.skipped");
            self.clock.set(waking);
            self.clock.run(speed);
        }
    }

    /// Shows the simulation what has happened since `cursor`, or at first
    /// every open order; where to go on from. A server that is away is asked
    /// again the next time.
    async fn look_up(
        &self,
        client: &mut Client,
        simulation: &mut Simulation,
        cursor: Option<EventId>,
    ) -> Result<Option<EventId>, Stopped> {
        let Some(mut cursor) = cursor else {
            let list: Option<List> = self.get(client, "/api/orders?status=open".to_owned()).await?;
            let Some(list) = list else { return Ok(None) };
            for order in &list.orders {
                simulation.notice(order, self.clock.now());
            }
            return Ok(Some(list.cursor));
        };
        loop {
            let path = format!("/api/events?after={cursor}&limit={EVENTS_PAGE}");
            let page: Option<Page> = self.get(client, path).await?;
            // Whatever is wrong, what is open now is a good beginning.
            let Some(page) = page else { return Ok(None) };
            let open = page.snapshot.iter().flat_map(|snapshot| &snapshot.orders);
            for order in page.events.iter().map(|event| &event.order).chain(open) {
                simulation.notice(order, self.clock.now());
            }
            let stuck = page.cursor == cursor;
            cursor = page.cursor;
            if !page.more || stuck {
                return Ok(Some(cursor));
            }
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        client: &mut Client,
        path: String,
    ) -> Result<Option<T>, Stopped> {
        let call = Call { method: Method::GET, path, key: None, body: Bytes::new() };
        let answer = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => return Err(Stopped),
            answer = client.send(&call) => answer,
        };
        match answer {
            Ok(answer) if answer.status == StatusCode::OK => {
                Ok(serde_json::from_slice(&answer.body).inspect_err(unreadable).ok())
            }
            Ok(answer) => {
                tracing::debug!(http.status = answer.status.as_u16(), "demo.look_up.failed");
                Ok(None)
            }
            Err(error) => {
                tracing::debug!(%error, "demo.look_up.failed");
                Ok(None)
            }
        }
    }
}

/// The next steps before `until` that may be sent at once. A new order is the
/// last of its batch, so that orders are numbered as they came.
pub(super) fn next_batch(simulation: &mut Simulation, until: UnixMillis) -> Vec<Step> {
    let mut batch: Vec<Step> = Vec::new();
    while batch.len() < AT_ONCE && !simulation.awaits_answer() {
        let end = batch.first().map_or(until, |first| until.min(first.at.plus(TOGETHER_MILLIS)));
        if simulation.next_at().is_none_or(|at| at >= end) {
            break;
        }
        if let Some(step) = simulation.advance() {
            let is_last = matches!(step.action, Action::Place { .. });
            batch.push(step);
            if is_last {
                break;
            }
        }
    }
    batch
}

/// Carries out one step, however long the server is away.
async fn carry_out(
    client: &mut Client,
    step: &Step,
    shutdown: &CancellationToken,
) -> Result<Outcome, Stopped> {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Err(Stopped),
        outcome = persist(client, &step.action) => Ok(outcome),
    }
}

async fn persist(client: &mut Client, action: &Action) -> Outcome {
    let Some(call) = call_of(action) else { return Outcome::Refused };
    let (mut pause, longest) = RETRY;
    let mut tried_before = false;
    loop {
        match client.send(&call).await {
            // The house is closed for a while: this guest goes elsewhere.
            Ok(answer) if is_paused(&answer) => return Outcome::Refused,
            Ok(answer) if may_pass(action, answer.status) => {
                tracing::debug!(http.status = answer.status.as_u16(), "demo.retry");
            }
            Ok(answer) => match judge(&answer) {
                // The first try may have worked without anybody hearing of it.
                Outcome::Conflict if tried_before => return recheck(client, action).await,
                outcome => return outcome,
            },
            Err(error) => tracing::debug!(%error, "demo.retry"),
        }
        tried_before = true;
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// Whether no order is taken now, because somebody has said so.
fn is_paused(answer: &Answer) -> bool {
    let code = |body: &[u8]| Some(serde_json::from_slice::<Value>(body).ok()?["code"] == PAUSED);
    answer.status == StatusCode::SERVICE_UNAVAILABLE && code(&answer.body) == Some(true)
}

/// The code of a refusal while no order is taken.
const PAUSED: &str = "intake_paused";

/// Whether the same request may work a little later.
fn may_pass(action: &Action, status: StatusCode) -> bool {
    let in_flight = status == StatusCode::CONFLICT && matches!(action, Action::Place { .. });
    in_flight
        || status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

fn judge(answer: &Answer) -> Outcome {
    match answer.status {
        StatusCode::OK | StatusCode::CREATED => match serde_json::from_slice(&answer.body) {
            Ok(order) => Outcome::Stands(order),
            Err(error) => {
                unreadable(&error);
                Outcome::Refused
            }
        },
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => Outcome::Conflict,
        status => {
            tracing::warn!(http.status = status.as_u16(), "demo.refused");
            Outcome::Refused
        }
    }
}

/// Says where an answer could not be read, but not what stands there: that may be a name.
fn unreadable(error: &serde_json::Error) {
    tracing::warn!(json.line = error.line(), json.column = error.column(), "demo.unreadable");
}

/// Whether a change that now conflicts is one that was made before.
async fn recheck(client: &mut Client, action: &Action) -> Outcome {
    let order = match action {
        Action::Transition { order, .. }
        | Action::Item { order, .. }
        | Action::Recount { order, .. }
        | Action::Mark { order, .. }
        | Action::Acknowledge { order, .. } => *order,
        Action::Place { .. } | Action::Look { .. } => return Outcome::Conflict,
    };
    let Ok(answer) = client.send(&look(order)).await else { return Outcome::Conflict };
    let Outcome::Stands(found) = judge(&answer) else { return Outcome::Conflict };
    let is_done = match action {
        Action::Transition { to, expected_version, .. } => {
            found.status == *to && found.version == expected_version.next()
        }
        Action::Item { item, status, expected_version, .. } => {
            found.version == expected_version.next()
                && found.items.iter().any(|line| line.id == *item && line.status == *status)
        }
        Action::Recount { item, quantity, expected_version, .. } => {
            found.version == expected_version.next()
                && found.items.iter().any(|line| line.id == *item && line.quantity == *quantity)
        }
        Action::Mark { rush, held, expected_version, .. } => {
            let is = |wanted: &Option<bool>, flag| wanted.is_none_or(|wanted| wanted == flag);
            found.version == expected_version.next()
                && is(rush, found.flags.rush)
                && is(held, found.flags.held)
        }
        Action::Acknowledge { of, .. } => of.is_known(&found),
        Action::Place { .. } | Action::Look { .. } => false,
    };
    if is_done { Outcome::Stands(found) } else { Outcome::Conflict }
}

fn call_of(action: &Action) -> Option<Call> {
    match action {
        Action::Place { key, order } => {
            let body = without_nothing(json!(order));
            Some(Call {
                method: Method::POST,
                path: "/api/orders".to_owned(),
                key: Some(key.clone()),
                body: body.to_string().into(),
            })
        }
        Action::Transition { order, expected_version, to, reason, actor } => {
            let body = Transition {
                to: *to,
                expected_version: *expected_version,
                reason: reason.as_deref(),
                actor,
            };
            Some(Call {
                method: Method::POST,
                path: format!("/api/orders/{order}/transitions"),
                key: None,
                body: serde_json::to_vec(&body).ok()?.into(),
            })
        }
        Action::Item { order, expected_version, item, status, actor } => {
            let body = Mark { status: *status, expected_version: *expected_version, actor };
            Some(Call {
                method: Method::PATCH,
                path: format!("/api/orders/{order}/items/{item}"),
                key: None,
                body: serde_json::to_vec(&body).ok()?.into(),
            })
        }
        Action::Recount { order, expected_version, item, quantity, actor } => {
            let body = json!({
                "quantities": [{"item": item, "quantity": quantity}],
                "expected_version": expected_version,
                "actor": actor,
            });
            Some(Call {
                method: Method::PATCH,
                path: format!("/api/orders/{order}"),
                key: None,
                body: body.to_string().into(),
            })
        }
        Action::Mark { order, expected_version, rush, held, actor } => {
            let body = json!({
                "rush": rush, "held": held, "expected_version": expected_version, "actor": actor,
            });
            Some(Call {
                method: Method::PATCH,
                path: format!("/api/orders/{order}"),
                key: None,
                body: without_nothing(body).to_string().into(),
            })
        }
        Action::Acknowledge { order, expected_version, of, actor } => {
            let body = json!({
                "of": of.as_str(), "expected_version": expected_version, "actor": actor,
            });
            Some(Call {
                method: Method::POST,
                path: format!("/api/orders/{order}/acknowledge"),
                key: None,
                body: body.to_string().into(),
            })
        }
        Action::Look { order } => Some(look(*order)),
    }
}

fn look(order: OrderId) -> Call {
    Call {
        method: Method::GET,
        path: format!("/api/orders/{order}"),
        key: None,
        body: Bytes::new(),
    }
}

/// `value` without fields that say nothing, as a person would write it.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name, without_nothing(value)))
                .filter(|(_, value)| value.as_array().is_none_or(|array| !array.is_empty()))
                .collect(),
        ),
        Value::Array(values) => Value::Array(values.into_iter().map(without_nothing).collect()),
        value => value,
    }
}
