//! Refusals, as RFC 9457 `application/problem+json`.
//!
//! Every refusal of the HTTP API is one variant here. It knows its stable [`Code`] (programs
//! decide by that, never by the text), by that its status, and says in
//! `detail` what whoever sent the request may do next. What went wrong inside
//! is logged where it happens, never told.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    access::{limits::Standing, roles::Right},
    store::{ChangeError, EraseError, Paused, PlaceError, ScreenError, Unavailable},
    stream::Full,
    webhooks::WebhookProblem,
};
use crate::{
    domain::{ItemId, OrderId, OrderStatus, Refusal, Version, limits},
    wire::filter::FilterError,
    words::{Word, Words},
};

mod code;
pub use code::Code;

/// A field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where it stands in the body, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Which rule it breaks.
    pub detail: String,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No such address.
    NotFound,
    /// The address exists, but not with this method.
    MethodNotAllowed,
    /// The body is not declared as JSON.
    NotJson,
    /// The body is declared as JSON and is none.
    BadJson(String),
    /// The body is larger than [`limits::BODY_BYTES`].
    BodyTooLarge,
    /// The body did not come in time, or broke off.
    BodyIncomplete,
    /// Fields break rules.
    InvalidFields(Vec<FieldError>),
    /// A parameter is unknown or has an unknown value.
    InvalidParameter {
        /// Its name.
        parameter: String,
        /// What is wrong and what is allowed.
        detail: String,
    },
    /// The `Idempotency-Key` header is none.
    InvalidIdempotencyKey,
    /// The same key came with another order before.
    IdempotencyKeyReused(OrderId),
    /// The same key is being worked on.
    IdempotencyKeyInFlight,
    /// The channel gave the same external id to another order before.
    ExternalIdReused(OrderId),
    /// No such order.
    OrderNotFound,
    /// The order has no such line.
    ItemNotFound(String),
    /// The line was taken off.
    ItemIsVoid(ItemId),
    /// Lines of a closed order cannot be marked.
    OrderIsClosed(OrderStatus),
    /// What an order tells of a person is erased when it is closed.
    OrderIsOpen(OrderStatus),
    /// The order has no line of these stations.
    NothingAtStation,
    /// The order would have more lines than an order may have.
    TooManyItems,
    /// The change would leave nothing to make.
    NothingLeft,
    /// Nobody waits in a car for it.
    NotCurbside,
    /// No new order is taken now.
    IntakePaused(Paused),
    /// The state machine has no such way.
    IllegalTransition {
        /// Where the order stands.
        from: OrderStatus,
        /// Where it was to go.
        to: OrderStatus,
        /// Where it may go.
        allowed: &'static [OrderStatus],
    },
    /// Somebody else changed the order first.
    StaleVersion(Version),
    /// No such screen.
    ScreenNotFound,
    /// Somebody else changed the screen first, or made one of this name.
    StaleScreen(Version),
    /// As many screens are kept as there may be.
    TooManyScreens,
    /// Something of webhooks.
    Webhook(WebhookProblem),
    /// The store cannot work now.
    StoreUnavailable(Unavailable),
    /// As many streams are open as there may be.
    TooManyStreams(Full),
    /// Nobody knows who sent it.
    NotAuthenticated,
    /// Whoever sent it may not.
    NotAllowed(Right),
    /// It is about a location that whoever sent it is not bound to.
    OutsideYourLocations,
    /// It is about another channel than the key's.
    OtherChannel,
    /// Another site's page had a browser send it.
    CrossSite,
    /// Whoever sent it has sent too much.
    TooManyRequests(Standing),
}

impl Problem {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.code().status()
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::MethodNotAllowed => Code::MethodNotAllowed,
            Self::NotJson => Code::NotJson,
            Self::BadJson(_) => Code::BadJson,
            Self::BodyTooLarge => Code::BodyTooLarge,
            Self::BodyIncomplete => Code::BodyIncomplete,
            Self::InvalidFields(_) => Code::InvalidFields,
            Self::InvalidParameter { .. } => Code::InvalidParameter,
            Self::InvalidIdempotencyKey => Code::InvalidIdempotencyKey,
            Self::IdempotencyKeyReused(_) => Code::IdempotencyKeyReused,
            Self::IdempotencyKeyInFlight => Code::IdempotencyKeyInFlight,
            Self::ExternalIdReused(_) => Code::ExternalIdReused,
            Self::OrderNotFound => Code::OrderNotFound,
            Self::ItemNotFound(_) => Code::ItemNotFound,
            Self::ItemIsVoid(_) => Code::ItemIsVoid,
            Self::OrderIsClosed(_) => Code::OrderIsClosed,
            Self::OrderIsOpen(_) => Code::OrderIsOpen,
            Self::NothingAtStation => Code::NothingAtStation,
            Self::TooManyItems => Code::TooManyItems,
            Self::NothingLeft => Code::NothingLeft,
            Self::NotCurbside => Code::NotCurbside,
            Self::IntakePaused(_) => Code::IntakePaused,
            Self::IllegalTransition { .. } => Code::IllegalTransition,
            Self::StaleVersion(_) | Self::StaleScreen(_) => Code::StaleVersion,
            Self::ScreenNotFound => Code::ScreenNotFound,
            Self::TooManyScreens => Code::TooManyScreens,
            Self::Webhook(problem) => problem.code(),
            Self::StoreUnavailable(Unavailable { unsure: false, .. }) => Code::StoreUnavailable,
            Self::StoreUnavailable(Unavailable { unsure: true, .. }) => Code::OutcomeUnknown,
            Self::TooManyStreams(full) if full.is_own() => Code::TooManyOwnStreams,
            Self::TooManyStreams(_) => Code::TooManyStreams,
            Self::NotAuthenticated => Code::NotAuthenticated,
            Self::NotAllowed(_) => Code::NotAllowed,
            Self::OutsideYourLocations => Code::OutsideYourLocations,
            Self::OtherChannel => Code::OtherChannel,
            Self::CrossSite => Code::CrossSite,
            Self::TooManyRequests(_) => Code::TooManyRequests,
        }
    }

    /// What it is, the same each time.
    fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "There is nothing at this address",
            Self::MethodNotAllowed => "This address does not take this method",
            Self::NotJson => "The body must be JSON",
            Self::BadJson(_) => "The body is not valid JSON",
            Self::BodyTooLarge => "The body is too large",
            Self::BodyIncomplete => "The body is not complete",
            Self::InvalidFields(_) => "Some fields break a rule",
            Self::InvalidParameter { .. } => "A parameter is not understood",
            Self::InvalidIdempotencyKey => "The idempotency key is not usable",
            Self::IdempotencyKeyReused(_) => "The idempotency key belongs to another order",
            Self::IdempotencyKeyInFlight => "An order with this idempotency key is being placed",
            Self::ExternalIdReused(_) => "The external id belongs to another order",
            Self::OrderNotFound => "There is no such order",
            Self::ItemNotFound(_) => "The order has no such item",
            Self::ItemIsVoid(_) => "The item was taken off the order",
            Self::OrderIsClosed(_) => "The order is closed",
            Self::OrderIsOpen(_) => "The order is open",
            Self::NothingAtStation => "The order has nothing at this station",
            Self::TooManyItems => "The order would have too many items",
            Self::NothingLeft => "Nothing would be left to make",
            Self::NotCurbside => "The order is not brought to a car",
            Self::IntakePaused(_) => "No new orders are taken now",
            Self::IllegalTransition { .. } => "The order cannot go there",
            Self::StaleVersion(_) => "Somebody else changed the order first",
            Self::ScreenNotFound => "There is no such screen",
            Self::StaleScreen(_) => "Somebody else changed the screen first",
            Self::TooManyScreens => "Too many screens are kept",
            Self::Webhook(problem) => problem.title(),
            Self::StoreUnavailable(Unavailable { unsure: false, .. }) => {
                "The order store is not available"
            }
            Self::StoreUnavailable(Unavailable { unsure: true, .. }) => {
                "It is not known whether this was done"
            }
            Self::TooManyStreams(_) => "Too many streams are open",
            Self::NotAuthenticated => "Nobody knows who you are",
            Self::NotAllowed(_) => "You may not do this",
            Self::OutsideYourLocations => "This is not one of your locations",
            Self::OtherChannel => "The key is for another channel",
            Self::CrossSite => "Another site's page has sent this",
            Self::TooManyRequests(_) => "There were too many requests",
        }
    }

    /// What happened this time and what to do.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::NotFound => {
                "check the address: the stream is /live-orders, /api/reference lists \
                               what is under /api/, health is under /health/"
                    .to_owned()
            }
            Self::MethodNotAllowed => "the Allow header lists the methods it takes".to_owned(),
            Self::NotJson => "send it with Content-Type: application/json".to_owned(),
            Self::BadJson(reason) => format!("{reason}; nothing was changed"),
            Self::BodyTooLarge => {
                format!("a body has at most {} bytes; nothing was changed", limits::BODY_BYTES)
            }
            Self::BodyIncomplete => {
                "it did not come in time or broke off; nothing was changed, send it again"
                    .to_owned()
            }
            Self::InvalidFields(errors) => format!(
                "{} listed in errors; nothing was changed",
                match errors.len() {
                    1 => "the one field is".to_owned(),
                    count => format!("the {count} fields are"),
                }
            ),
            Self::InvalidParameter { detail, .. } => detail.clone(),
            Self::InvalidIdempotencyKey => {
                format!("a key has 1 to {} visible ASCII characters", limits::KEY)
            }
            Self::IdempotencyKeyReused(order) => format!(
                "order {order} was placed with this key and another body; use a new key for a new order"
            ),
            Self::IdempotencyKeyInFlight => {
                "wait for the first request's answer, or send this one again".to_owned()
            }
            Self::ExternalIdReused(order) => format!(
                "this channel placed order {order} with the same external_id and another body"
            ),
            Self::OrderNotFound => "check the id; it is the id field of the order".to_owned(),
            Self::ItemNotFound(item) => format!("the order has no item {item:?}"),
            Self::ItemIsVoid(item) => format!("item {item} is void and stays so"),
            Self::OrderIsClosed(status) => {
                format!("the order is {status}; it changes only while it is open")
            }
            Self::OrderIsOpen(status) => format!(
                "the order is {status}, and whoever works on it may need its notes and its address; \
                 close it first, or send while_open"
            ),
            Self::NothingAtStation => "none of its items is made there".to_owned(),
            Self::TooManyItems => format!("an order has at most {} items", limits::ITEMS),
            Self::NothingLeft => "to take off everything, cancel the order".to_owned(),
            Self::NotCurbside => {
                "only whoever waits for it outside can say that they are here".to_owned()
            }
            Self::IntakePaused(Paused { reason: Some(reason), .. }) => {
                format!("the restaurant has paused: {reason}; nothing was placed, try again later")
            }
            Self::IntakePaused(Paused { reason: None, .. }) => {
                "the restaurant has paused; nothing was placed, try again later".to_owned()
            }
            Self::IllegalTransition { from, to, allowed } => {
                let allowed: Vec<&str> = allowed.iter().map(|status| status.as_str()).collect();
                if allowed.is_empty() {
                    format!("an order that is {from} stays so; it cannot become {to}")
                } else {
                    format!("an order that is {from} can become {}, not {to}", allowed.join(", "))
                }
            }
            Self::StaleVersion(current) => {
                format!("the order is at version {current}; read it again and decide anew")
            }
            Self::ScreenNotFound => "GET /api/screens lists those there are".to_owned(),
            Self::StaleScreen(current) => {
                format!("the screen is at version {current}; read it again and decide anew")
            }
            Self::TooManyScreens => {
                format!("there may be {}; delete one that nobody opens", limits::SCREENS)
            }
            Self::Webhook(problem) => problem.detail().to_owned(),
            Self::StoreUnavailable(unavailable) => not_stored(unavailable),
            Self::TooManyStreams(full) => too_many(*full).to_owned(),
            Self::NotAuthenticated => "send a key as Authorization: Bearer lo_…, or log in at \
                                       /login; a key that was revoked is none"
                .to_owned(),
            Self::NotAllowed(right) => not_allowed(*right),
            Self::OutsideYourLocations => {
                "leave the location out, or name one that you are bound to".to_owned()
            }
            Self::OtherChannel => "leave the channel out, or name the key's".to_owned(),
            Self::CrossSite => "do it on a page of this server; nothing was changed".to_owned(),
            Self::TooManyRequests(Standing { limit, more_in_s, .. }) => format!(
                "there may be {limit} a minute; nothing was changed, send it again in {more_in_s} s"
            ),
        }
    }

    /// What a board in another language than English says of it; none where no
    /// board brings it about.
    fn said(&self, words: Words) -> Option<String> {
        let word = match self {
            Self::StaleVersion(_) | Self::StaleScreen(_) => Word::RefusedStale,
            Self::ItemIsVoid(_) => Word::RefusedVoid,
            Self::NothingAtStation => Word::RefusedNothingHere,
            Self::OrderNotFound | Self::ItemNotFound(_) | Self::ScreenNotFound => Word::RefusedGone,
            Self::StoreUnavailable(Unavailable { unsure: false, .. }) => Word::RefusedStore,
            Self::StoreUnavailable(Unavailable { unsure: true, .. }) => Word::RefusedUnsure,
            Self::NotAuthenticated => Word::RefusedUnknown,
            Self::NotAllowed(_) | Self::OutsideYourLocations => Word::RefusedRight,
            Self::InvalidFields(_) => Word::RefusedFields,
            Self::IllegalTransition { from: is, .. } | Self::OrderIsClosed(is) => {
                let word = if matches!(self, Self::OrderIsClosed(_)) {
                    Word::RefusedClosed
                } else {
                    Word::RefusedWay
                };
                return Some(words.with(word, words.say(Word::of_status(*is))));
            }
            _ => return None,
        };
        Some(words.say(word).to_owned())
    }

    /// The body, with the detail in the language of `words` where there is one.
    fn body(&self, words: Option<Words>) -> Body {
        let detail = words.and_then(|words| self.said(words)).unwrap_or_else(|| self.detail());
        let mut body = Map::new();
        body.insert("type".to_owned(), json!(format!("urn:live-orders:problem:{}", self.code())));
        body.insert("title".to_owned(), json!(self.title()));
        body.insert("status".to_owned(), json!(self.status().as_u16()));
        body.insert("code".to_owned(), json!(self.code().as_str()));
        body.insert("detail".to_owned(), json!(detail));
        body.extend(self.extensions());
        Body::from(Value::Object(body).to_string())
    }

    /// Says again what `response` refuses, if it does, in the language that the
    /// client asked for: boards show it as it comes.
    pub(super) fn translate(response: &mut Response, words: Words) {
        if let Some(problem) = response.extensions_mut().remove::<Self>() {
            *response.body_mut() = problem.body(Some(words));
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
    }

    /// What programs need to go on.
    fn extensions(&self) -> Map<String, Value> {
        let mut extensions = Map::new();
        let mut add = |name: &str, value: Value| extensions.insert(name.to_owned(), value);
        match self {
            Self::InvalidFields(errors) => {
                let errors = errors
                    .iter()
                    .map(|error| json!({"pointer": error.pointer, "detail": error.detail}))
                    .collect();
                add("errors", errors);
            }
            Self::InvalidParameter { parameter, .. } => {
                add("parameter", json!(parameter));
            }
            Self::IdempotencyKeyReused(order) | Self::ExternalIdReused(order) => {
                add("order_id", json!(order));
            }
            Self::OrderIsClosed(status) | Self::OrderIsOpen(status) => {
                add("status_of_order", json!(status));
            }
            Self::IllegalTransition { from, allowed, .. } => {
                add("current_status", json!(from));
                add("allowed_transitions", json!(allowed));
            }
            Self::NotAllowed(right) => {
                add("right", json!(right.as_str()));
            }
            Self::IntakePaused(Paused { until, .. }) => {
                add("paused_until", json!(until));
            }
            Self::StaleVersion(current) | Self::StaleScreen(current) => {
                add("current_version", json!(current));
            }
            _ => {}
        }
        extensions
    }
}

/// What right it takes, and how a key comes by it.
fn not_allowed(right: Right) -> String {
    let (name, scopes) = (right.as_str(), right.scopes().join(" or "));
    if scopes.is_empty() {
        format!("it takes the right {name:?}, which no key has; ask a manager for it")
    } else {
        format!("it takes the right {name:?} (of a key, the scope {scopes}); ask a manager for it")
    }
}

/// What became of what was to be written, and what to do.
fn not_stored(Unavailable { why, unsure }: &Unavailable) -> String {
    if *unsure {
        format!(
            "{why}; whether it was done is not known: send it again with the same \
             Idempotency-Key or version, which does it once; if it had neither, look what is \
             there once something can be written again"
        )
    } else {
        format!("{why}; nothing was changed, try again later")
    }
}

/// What to do when there are too many streams.
fn too_many(full: Full) -> &'static str {
    match full {
        Full::All => "the server has as many as it may; close some, or raise stream.max",
        Full::Filters => "they have too many different filters; use one that others use",
        Full::Snapshots => "too many of them are still being sent a snapshot; try again shortly",
        Full::Order => "as many pages follow this order as may; close some",
        Full::Each => "you have as many as you may; close some, or raise stream.max_each",
        Full::FiltersEach => "you have too many different filters; use one for several streams",
        Full::FiltersOfKeys => "keys have too many different filters; use one that others use",
        Full::Address => {
            "this address has as many as it may; close some, or raise stream.max_per_address"
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = Response::new(self.body(None));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Self::TooManyRequests(standing) = &self {
            standing.tell(headers);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(standing.more_in_s));
        } else if let Self::IntakePaused(Paused { for_millis, .. }) = &self {
            let seconds = (*for_millis).max(0).unsigned_abs().div_ceil(1000);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        } else if status == StatusCode::UNAUTHORIZED {
            let signs = matches!(self, Self::Webhook(_));
            let challenge = if signs { "StandardWebhooks" } else { "Bearer" };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        } else if status == StatusCode::SERVICE_UNAVAILABLE
            || matches!(self, Self::TooManyStreams(_))
        {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Unavailable> for Problem {
    fn from(unavailable: Unavailable) -> Self {
        Self::StoreUnavailable(unavailable)
    }
}

impl From<FilterError> for Problem {
    fn from(FilterError { parameter, detail }: FilterError) -> Self {
        Self::InvalidParameter { parameter, detail }
    }
}

impl From<PlaceError> for Problem {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::KeyReused { by_key: true, order } => Self::IdempotencyKeyReused(order),
            PlaceError::KeyReused { by_key: false, order } => Self::ExternalIdReused(order),
            PlaceError::Paused(paused) => Self::IntakePaused(paused),
            PlaceError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<EraseError> for Problem {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::NotFound => Self::OrderNotFound,
            EraseError::Open(status) => Self::OrderIsOpen(status),
            EraseError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<ScreenError> for Problem {
    fn from(error: ScreenError) -> Self {
        match error {
            ScreenError::NotFound => Self::ScreenNotFound,
            ScreenError::Stale(current) => Self::StaleScreen(current),
            ScreenError::TooMany => Self::TooManyScreens,
            ScreenError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotFound => Self::OrderNotFound,
            ChangeError::Unavailable(unavailable) => unavailable.into(),
            ChangeError::Refused(refusal) => match refusal {
                Refusal::StaleVersion { current } => Self::StaleVersion(current),
                Refusal::IllegalTransition { from, to, allowed } => {
                    Self::IllegalTransition { from, to, allowed }
                }
                Refusal::UnknownItem { item } => Self::ItemNotFound(item.to_string()),
                Refusal::ItemIsVoid { item } => Self::ItemIsVoid(item),
                Refusal::OrderIsClosed { status } => Self::OrderIsClosed(status),
                Refusal::NothingAtStation => Self::NothingAtStation,
                Refusal::TooManyItems => Self::TooManyItems,
                Refusal::NothingLeft => Self::NothingLeft,
                Refusal::NotCurbside => Self::NotCurbside,
            },
        }
    }
}
