//! Every route and who calls it.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, patch, post},
};

use super::{
    assets,
    error::Problem,
    ingest, language, order_form, reads,
    screens::{self, site},
    sources,
    state::App,
    stream, telemetry, timeline, worker,
};

/// The whole service.
pub fn router(app: App) -> Router {
    Router::new()
        // Cooks, expo and dispatch: the board.
        .route("/", get(reads::board))
        // The board, and every client that follows along.
        .route("/live-orders", get(stream::live_orders))
        // Channels that bring orders in, and clients that look.
        .route("/api/orders", post(ingest::place).get(reads::list))
        .route("/api/orders/{id}", get(reads::one).patch(ingest::edit))
        // The board's buttons, and whoever else moves orders along.
        .route("/api/orders/{id}/transitions", post(ingest::transition))
        .route("/api/orders/{id}/items/{item}", patch(ingest::mark_item))
        .route("/api/orders/{id}/stations", post(ingest::mark_stations))
        .route("/api/orders/{id}/fire", post(ingest::fire))
        .route("/api/orders/{id}/acknowledge", post(ingest::acknowledge))
        // Screens that say what they show.
        .route("/api/orders/{id}/seen", post(ingest::seen_one))
        .route("/api/seen", post(ingest::seen))
        // Managers: whether orders are taken, and which station an item goes to.
        .route("/api/intake", get(reads::intake).put(ingest::set_intake))
        .route("/api/routing", get(reads::routing))
        // The board's intake panel, and whoever watches that orders still come.
        .route("/api/sources", get(sources::list))
        // Clients that poll because they cannot hold a stream.
        .route("/api/events", get(reads::events))
        // Whoever sets screens up by a program.
        .route("/api/screens", get(screens::list))
        .route("/api/screens/{name}", get(screens::one).put(screens::put).delete(screens::delete))
        // Cooks, expo and dispatch: the board as their screen has it.
        .route("/screens/{name}", get(screens::open))
        .route("/screens/{name}/scale.css", get(screens::scale))
        // Whoever makes screens, in a browser. What changes something is a POST.
        .route("/screens", get(site::list).post(site::create))
        .route("/screens/new", get(site::new))
        .route("/screens/new/legibility", get(site::legibility))
        .route("/screens/{name}/edit", get(site::edit).post(site::save))
        .route("/screens/{name}/delete", get(site::ask).post(site::delete))
        // Whoever takes orders by telephone or at the counter.
        .route("/orders/new", get(order_form::open).post(order_form::send))
        .route("/orders/new/preview", post(order_form::preview))
        // The board's details: what happened to an order.
        .route("/orders/{id}/timeline", get(timeline::timeline))
        // Load balancers and supervisors.
        .route("/health/live", get(reads::live))
        .route("/health/ready", get(reads::ready))
        // Browsers that keep the board for when there is no server.
        .route(worker::ADDRESS, get(worker::serve))
        // Browsers: scripts, styles, fonts, icons.
        .fallback(assets::serve)
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer(middleware::from_fn(for_browsers))
        .layer(middleware::from_fn(telemetry::log_request))
        .with_state(app)
}

/// What every answer says to browsers, whatever it is; and refusals in their language.
async fn for_browsers(request: Request, next: Next) -> Response {
    let words = language::asked_for(request.headers());
    let mut response = next.run(request).await;
    if let Some(words) = words {
        Problem::translate(&mut response, words);
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
