//! Logs: dotted names, units in names, never a customer's data.

use std::{io::IsTerminal as _, time::Instant};

use anyhow::Context as _;
use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use tracing_subscriber::EnvFilter;

/// Writes logs to standard error from now on.
///
/// # Errors
/// `filter` is not understood, or logging was begun before.
pub(super) fn init(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("server.log = {filter:?}: it takes error, warn, info, debug, trace, off, or a list with levels of modules such as \"warn,live_orders=debug\""))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // It would be told on standard error, and whoever reads that is gone: a panic.
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| anyhow::anyhow!("cannot begin logging: {error}"))
}

/// Logs one line for each request: its route, not its address, which may name
/// an order.
pub(super) async fn log_request(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let begun = Instant::now();
    let response = next.run(request).await;
    tracing::debug!(
        http.method = %method,
        http.route = route,
        http.status = response.status().as_u16(),
        http.head_ms = begun.elapsed().as_secs_f64() * 1000.0,
        "http.request"
    );
    response
}
