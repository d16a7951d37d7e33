//! `/t/{token}`: the page on which a customer follows their own order.
//!
//! Whoever has the address may see it, so the address is the secret ([`token`]),
//! and [`view`] is all that a customer may see. The page is whole without a
//! script, and small: a phone on the street is to show one sentence. A few lines
//! of script put in what [`follow`] sends, which is the same markup. An address
//! that there never was and one that is a guess get the same answer.

use std::io::Write as _;

use axum::{
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use flate2::{Compression, write::GzEncoder};
use leptos::nonce::Nonce;

use super::{
    error::Problem,
    forms,
    router::no_page,
    state::App,
    store::{ChangeError, Unavailable},
    stream::{self, accepts},
};
use crate::{
    app::text::CUSTOMER_CANCELLED,
    domain::{
        Actor, ActorKind, FoodOrder, OrderStatus, UnixMillis, change::Action, limits, text::clean,
    },
};

mod estimate;
mod follow;
mod page;
mod texts;
mod token;
mod view;

use texts::Texts;
pub use token::{Token, TokenDigest, TrackingKey};
use view::View;

/// For how long after an order has closed its page is there.
const AFTER_CLOSE_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// What customers are told of the restaurant.
#[derive(Clone, Debug, Default)]
pub struct TrackingSettings {
    /// The address of this server as customers have it; empty where nobody has said.
    pub base_url: String,
    /// How to reach the restaurant; empty where nobody has said.
    pub contact: String,
}

impl TrackingSettings {
    /// The address of the page with `token`.
    #[must_use]
    pub fn address(&self, token: &Token) -> String {
        format!("{}{}", self.base_url, token.path())
    }
}

/// What an address leads to.
enum Found {
    /// An order that its customer may follow.
    Order(Box<FoodOrder>),
    /// One that was over long ago.
    Over,
    /// Nothing, and nothing is said of why.
    Nothing,
}

impl Found {
    fn of(order: Option<FoodOrder>, now: UnixMillis) -> Self {
        match order {
            None => Self::Nothing,
            Some(order) if is_over(&order, now) => Self::Over,
            Some(order) => Self::Order(Box::new(order)),
        }
    }
}

/// Whether the page of `order` is gone. A closed one that was erased is at once:
/// whoever it was wants to be forgotten.
fn is_over(order: &FoodOrder, now: UnixMillis) -> bool {
    let closed = order.times.closed_at.filter(|_| !order.status.is_open());
    closed.is_some_and(|at| order.erased.0 || now.since(at) >= AFTER_CLOSE_MILLIS)
}

async fn find(app: &App, token: Result<Path<String>, PathRejection>) -> Result<Found, Unavailable> {
    // What cannot even be read is looked for all the same: no answer is quicker.
    let token = token.map_or_else(|_| String::new(), |Path(token)| token);
    let order = app.store.tracked(TokenDigest::of(&token)).await?;
    Ok(Found::of(order, app.clock.now()))
}

/// `GET /t/{token}`: the page.
pub(super) async fn page(
    State(app): State<App>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let headers = request.headers();
    let texts = Texts::asked_for(headers, app.page.language);
    match find(&app, token).await {
        Ok(Found::Order(order)) => {
            let view = View::of(&order, &app, texts);
            let nonce = Nonce::new();
            let beat = follow::beat(&app);
            let html = page::order(&view, texts, &app.page.tracking, &nonce, beat);
            answer(StatusCode::OK, html, &nonce, headers)
        }
        Ok(Found::Over) => over(&app, texts, headers),
        Ok(Found::Nothing) => nothing(&app, texts, headers),
        Err(unavailable) => away(&app, texts, headers, &unavailable, None),
    }
}

/// `GET /t/{token}/cancel`: asks once more.
pub(super) async fn ask_to_cancel(
    State(app): State<App>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let headers = request.headers();
    let texts = Texts::asked_for(headers, app.page.language);
    match find(&app, token).await {
        Ok(Found::Order(order)) if order.customer_may_cancel() => {
            let nonce = Nonce::new();
            let (number, token) = (order.number.0, token_of(&app, &order));
            let settings = &app.page.tracking;
            let html = page::ask_to_cancel(number, &token, texts, settings, &nonce);
            answer(StatusCode::OK, html, &nonce, headers)
        }
        Ok(Found::Order(order)) => not_cancelled(&app, texts, headers, &order, StatusCode::OK),
        Ok(Found::Over) => over(&app, texts, headers),
        Ok(Found::Nothing) => nothing(&app, texts, headers),
        Err(unavailable) => away(&app, texts, headers, &unavailable, None),
    }
}

/// `POST /t/{token}/cancel`: calls the order off, as long as nobody has answered it.
pub(super) async fn cancel(
    State(app): State<App>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let headers = request.headers();
    let texts = Texts::asked_for(headers, app.page.language);
    let order = match find(&app, token).await {
        Ok(Found::Order(order)) => *order,
        Ok(Found::Over) => return over(&app, texts, headers),
        Ok(Found::Nothing) => return nothing(&app, texts, headers),
        Err(unavailable) => return away(&app, texts, headers, &unavailable, None),
    };
    let wish = |order: &FoodOrder| {
        order.customer_may_cancel().then(|| Action::Transition {
            to: OrderStatus::Cancelled,
            reason: Some(CUSTOMER_CANCELLED.to_owned()),
        })
    };
    match app.orders.change_standing(order.id, &customer(&order), wish).await {
        Ok(Some(_)) => {
            tracing::info!(order = %order.id, "tracking.order.cancelled");
            back(&app, &order)
        }
        // Somebody was faster, of whom the order tells.
        Ok(None) | Err(ChangeError::Refused(_) | ChangeError::NotFound) => {
            match app.store.order(order.id).await {
                Ok(now) => {
                    let order = now.unwrap_or(order);
                    not_cancelled(&app, texts, headers, &order, StatusCode::CONFLICT)
                }
                Err(unavailable) => away(&app, texts, headers, &unavailable, None),
            }
        }
        Err(ChangeError::Unavailable(unavailable)) => {
            away(&app, texts, headers, &unavailable, None)
        }
    }
}

/// `POST /t/{token}/arrived`: the customer is here, to have it brought to their car.
pub(super) async fn arrived(
    State(app): State<App>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let texts = Texts::asked_for(&headers, app.page.language);
    let order = match find(&app, token).await {
        Ok(Found::Order(order)) => *order,
        Ok(Found::Over) => return over(&app, texts, &headers),
        Ok(Found::Nothing) => return nothing(&app, texts, &headers),
        Err(unavailable) => return away(&app, texts, &headers, &unavailable, None),
    };
    let form = match forms::posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    // The field takes no more; what is over is no reason to leave somebody waiting.
    let note: String = clean(form.text("note")).chars().take(limits::ARRIVED_NOTE).collect();
    let note = Some(note).filter(|note| !note.is_empty());
    let wish = |order: &FoodOrder| {
        order.customer_may_arrive().then(|| Action::Arrive { note: note.clone() })
    };
    match app.orders.change_standing(order.id, &customer(&order), wish).await {
        Err(ChangeError::Unavailable(unavailable)) => {
            let token = token_of(&app, &order);
            away(&app, texts, &headers, &unavailable, Some(&token))
        }
        // Where it cannot be any more, the page says why.
        Ok(_) | Err(ChangeError::Refused(_) | ChangeError::NotFound) => back(&app, &order),
    }
}

/// Who does something on the page of `order`, as when it was placed: the channel
/// speaks for its customer.
fn customer(order: &FoodOrder) -> Actor {
    Actor { kind: ActorKind::Customer, id: order.source.channel.as_str().to_owned() }
}

/// The last part of the address of the page of `order`.
fn token_of(app: &App, order: &FoodOrder) -> String {
    let page = app.orders.token(order.id).path();
    page.rsplit('/').next().unwrap_or_default().to_owned()
}

/// From one of its addresses back to the page of `order`.
fn back(app: &App, order: &FoodOrder) -> Response {
    let mut response = forms::see(&format!("../{}", token_of(app, order)));
    private(response.headers_mut());
    response
}

/// What stands in the way of calling `order` off; the page of one that is over says
/// so itself.
fn not_cancelled(
    app: &App,
    texts: &Texts,
    headers: &HeaderMap,
    order: &FoodOrder,
    status: StatusCode,
) -> Response {
    if !order.status.is_open() {
        return back(app, order);
    }
    let nonce = Nonce::new();
    let html = page::too_late(&token_of(app, order), texts, &app.page.tracking, &nonce);
    answer(status, html, &nonce, headers)
}

/// `GET /t/{token}/state`: what the page shows, for one that cannot hold a stream.
pub(super) async fn state(
    State(app): State<App>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let texts = Texts::asked_for(headers, app.page.language);
    Ok(match find(&app, token).await? {
        Found::Order(order) => {
            let view = View::of(&order, &app, texts);
            let mut response = packed(view.to_json().into_bytes(), headers);
            private(response.headers_mut());
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Found::Over => over(&app, texts, headers),
        Found::Nothing => nothing(&app, texts, headers),
    })
}

/// `GET /t/{token}/events`: what the page shows, each time that it is something else.
pub(super) async fn events(
    State(app): State<App>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let texts = Texts::asked_for(headers, app.page.language);
    // Before the order is read: what happens in between comes by the hub.
    let head = app.hub.head();
    let order = match find(&app, token).await? {
        Found::Order(order) => *order,
        Found::Over => return Ok(over(&app, texts, headers)),
        Found::Nothing => return Ok(nothing(&app, texts, headers)),
    };
    let peer = request.extensions().get::<stream::Peer>().map(|peer| peer.0);
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let body = follow::follow(&app, order, head, texts, peer, known)?;
    let mut response = Response::new(body);
    private(response.headers_mut());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn away(
    app: &App,
    texts: &Texts,
    headers: &HeaderMap,
    Unavailable { why, .. }: &Unavailable,
    token: Option<&str>,
) -> Response {
    tracing::warn!(%why, "tracking.order.unavailable");
    let nonce = Nonce::new();
    let html = page::away(texts, &app.page.tracking, &nonce, token);
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, html, &nonce, headers);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

fn over(app: &App, texts: &Texts, headers: &HeaderMap) -> Response {
    let nonce = Nonce::new();
    let html = page::plain(&texts.over_title, &texts.over_text, texts, &app.page.tracking, &nonce);
    answer(StatusCode::GONE, html, &nonce, headers)
}

fn nothing(app: &App, texts: &Texts, headers: &HeaderMap) -> Response {
    let nonce = Nonce::new();
    let html =
        page::plain(&texts.nothing_title, &texts.nothing_text, texts, &app.page.tracking, &nonce);
    answer(StatusCode::NOT_FOUND, html, &nonce, headers)
}

/// A page that may load nothing but itself, and is kept nowhere.
fn answer(status: StatusCode, html: String, nonce: &Nonce, asked: &HeaderMap) -> Response {
    let mut response = packed(html.into_bytes(), asked);
    *response.status_mut() = status;
    private(response.headers_mut());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // No other site is told. A browser that told us neither would send the page's forms
    // as if they were a stranger's.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    // A nonce is base64: always a header value. Otherwise nothing may load.
    let policy = HeaderValue::from_str(&policy).unwrap_or_else(|_| no_page());
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// What every answer says whose address is a secret.
fn private(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language, accept-encoding"));
}

/// A whole answer, compressed for who takes that. It says nothing that a request
/// has brought, so its length tells nobody anything.
fn packed(plain: Vec<u8>, asked: &HeaderMap) -> Response {
    if accepts(asked, "gzip") {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        if encoder.write_all(&plain).is_ok()
            && let Ok(packed) = encoder.finish()
        {
            let encoding = [(header::CONTENT_ENCODING, "gzip")];
            return (encoding, Body::from(packed)).into_response();
        }
    }
    Response::new(Body::from(plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{OrderStatus, testing};

    #[test]
    fn a_page_is_gone_a_day_after_its_order_closed() {
        let mut order = testing::order(7);
        let closed_at = UnixMillis(1_000_000);
        let later = |millis: i64| closed_at.plus(millis);
        assert!(!is_over(&order, later(i64::from(i32::MAX))), "an open one stays");
        order.status = OrderStatus::Completed;
        order.times.closed_at = Some(closed_at);
        assert!(!is_over(&order, later(AFTER_CLOSE_MILLIS - 1)));
        assert!(is_over(&order, later(AFTER_CLOSE_MILLIS)));
        let erased = order.clone().without_person();
        assert!(is_over(&erased, closed_at));
        order.status = OrderStatus::Ready;
        assert!(!is_over(&order, later(AFTER_CLOSE_MILLIS)), "one that was recalled is back");
    }

    #[test]
    fn an_address_is_whole_where_somebody_has_said_how_it_begins() {
        let key = TrackingKey::random();
        let token = key.token(testing::order(7).id);
        let mut settings = TrackingSettings::default();
        assert_eq!(settings.address(&token), token.path());
        settings.base_url = "https://orders.example.com".to_owned();
        assert_eq!(settings.address(&token), format!("https://orders.example.com{}", token.path()));
    }
}
