//! The whole service: the routes of the table in [`access::routes`](super::access::routes),
//! the browser's files, and what goes around all of them.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};

use super::{access::routes, assets, cors, error::Problem, language, state::App, telemetry};

/// What an answer may load, and where it may stand, that is no page.
pub(super) fn no_page() -> HeaderValue {
    HeaderValue::from_static(
        "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    )
}

/// What of a device no page asks for. Keeping the screen awake and filling it is for the
/// board alone, and needs no word here: no page may be framed.
const NOT_ASKED_FOR: &str = "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), \
                             midi=(), payment=(), serial=(), usb=()";

/// The whole service.
pub fn router(app: App) -> Router {
    routes::router(&app)
        // Browsers: scripts, styles, fonts, icons. They are the same for everybody.
        .fallback(assets::serve)
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer(middleware::from_fn_with_state(app.clone(), cors::across))
        .layer(middleware::from_fn(for_browsers))
        .layer(middleware::from_fn(telemetry::log_request))
        .with_state(app)
}

/// What every answer says to browsers, whatever it is; and refusals in their language.
pub(super) async fn for_browsers(request: Request, next: Next) -> Response {
    let words = language::asked_for(request.headers());
    let mut response = next.run(request).await;
    if let Some(words) = words {
        Problem::translate(&mut response, words);
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A page whose address is a secret says more than that.
    headers
        .entry(header::REFERRER_POLICY)
        .or_insert_with(|| HeaderValue::from_static("same-origin"));
    // What says nothing of it is neither a page nor to be kept.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(no_page);
    headers.entry(header::CACHE_CONTROL).or_insert_with(|| HeaderValue::from_static("no-store"));
    headers.insert("permissions-policy", HeaderValue::from_static(NOT_ASKED_FOR));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
