//! Personal data: erased on request, and by itself when it has been kept for
//! long enough.
//!
//! What an erasure takes away is decided in [`crate::domain::erasure`]; the store
//! takes it out of the order and out of its events, and the hub out of what it
//! keeps of them.

use std::time::Duration;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use tokio::time::MissedTickBehavior;

use super::{
    access::{command::COMMAND_LINE, principal::Caller, register::By},
    error::Problem,
    ingest::{self, json, order_id},
    state::App,
    store::{EraseError, Erased, Erasure},
};
use crate::domain::{Actor, ActorKind, text::count};

/// How often it is looked whether the command line has asked for something.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked for what has been kept for long enough.
const OLD_EVERY: Duration = Duration::from_mins(1);

/// How long personal data is kept.
#[derive(Clone, Copy, Debug)]
pub struct PrivacySettings {
    /// After how many milliseconds an order that nobody has touched is erased;
    /// none: never by itself.
    pub erase_after: Option<i64>,
}

/// `POST /api/orders/{id}/erase`: erases what tells of a person. Answers `200` when it
/// is gone from the disk, `202` when another program keeps that from happening.
///
/// # Errors
/// See `docs/api.md`.
pub(super) async fn erase(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let order = order_id(id)?;
    let (while_open, actor) = ingest::erasure(&ingest::json_body_if_any(request).await?)?;
    let actor = caller.sign(actor);
    let erasure = Erasure { order, while_open, actor, at: app.clock.now() };
    let Erased { order_json, from_disk } = app.store.erase(erasure).await?;
    tracing::info!(order = %order, from_disk, "order.erased");
    app.access.note(app.access.by(&caller), "order.erased", order.to_string()).await;
    Ok(json(if from_disk { StatusCode::OK } else { StatusCode::ACCEPTED }, order_json))
}

/// Erases what is asked for by the command line, and what has been kept for long
/// enough, until the server stops.
pub(super) async fn keep(app: App, settings: PrivacySettings) {
    let (mut asked, mut old) =
        (tokio::time::interval(ASKED_EVERY), tokio::time::interval(OLD_EVERY));
    asked.set_missed_tick_behavior(MissedTickBehavior::Delay);
    old.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = asked.tick() => erase_asked(&app).await,
            _ = old.tick() => erase_old(&app, settings).await,
            () = app.shutdown.cancelled() => return,
        }
    }
}

async fn erase_asked(app: &App) {
    let Ok(orders) = app.store.erasures_asked().await else { return };
    for order in orders {
        // Whether it may be open was asked where it was asked for.
        let actor = Actor { kind: ActorKind::Staff, id: COMMAND_LINE.to_owned() };
        let by = By::here(COMMAND_LINE, app.clock.now());
        let erasure = Erasure { order, while_open: true, actor, at: app.clock.now() };
        match app.store.erase(erasure).await {
            Ok(Erased { from_disk, .. }) => {
                tracing::info!(order = %order, from_disk, "order.erased");
                app.access.note(by, "order.erased", order.to_string()).await;
            }
            Err(EraseError::Unavailable(error)) => {
                tracing::warn!(error = %error, "order.erase.failed");
                return;
            }
            Err(EraseError::NotFound | EraseError::Open(_)) => {}
        }
    }
}

async fn erase_old(app: &App, settings: PrivacySettings) {
    let Some(after) = settings.erase_after else { return };
    let now = app.clock.now();
    // One step each time: after a long pause there may be very many, and each is
    // an event that every reader is told.
    match app.store.erase_old(now.plus(-after), now).await {
        Ok(0) => {}
        Ok(orders) => {
            tracing::info!(orders, "orders.erased");
            let by = By::here("retention", now);
            app.access.note(by, "order.erased", count(orders, "order")).await;
        }
        Err(error) => tracing::warn!(error = %error, "orders.erase.failed"),
    }
}
