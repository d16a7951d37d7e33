//! The stable names of refusals: one list, from which statuses, the description of
//! the API and its checks are made.

use std::fmt;

use axum::http::StatusCode;

macro_rules! codes {
    ($($variant:ident = $name:literal, $status:ident, $text:literal;)+) => {
        /// The stable code of a refusal. Programs decide by it, never by a text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $text] $variant,)+
        }

        impl Code {
            /// Every code that there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The HTTP status that it comes with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self {
                    $(Self::$variant => StatusCode::$status,)+
                }
            }

            /// What it says, for whoever writes a client.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

codes! {
    NotFound = "not_found", NOT_FOUND, "There is nothing at the address.";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The address does not take the method; `Allow` lists those it takes.";
    NotJson = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body is not declared as JSON.";
    BadJson = "bad_json", BAD_REQUEST, "The body is declared as JSON and is none.";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is larger than 256 KiB.";
    BodyIncomplete = "body_incomplete", REQUEST_TIMEOUT, "Not all of the body came within 30 s.";
    InvalidFields = "invalid_fields", UNPROCESSABLE_ENTITY, "Fields of the body break a rule; `errors` lists each.";
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A parameter is unknown, or has a value that it does not take; `parameter` names it.";
    InvalidIdempotencyKey = "invalid_idempotency_key", BAD_REQUEST, "The `Idempotency-Key` is not usable.";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The key came with another body before; `order_id` is the order that it placed.";
    IdempotencyKeyInFlight = "idempotency_key_in_flight", CONFLICT, "The first request with the key is still being worked on.";
    ExternalIdReused = "external_id_reused", UNPROCESSABLE_ENTITY, "The channel gave the same `external_id` to another body; `order_id` is the order that it placed.";
    OrderNotFound = "order_not_found", NOT_FOUND, "There is no such order, or none that you may see.";
    ItemNotFound = "item_not_found", NOT_FOUND, "The order has no such item.";
    ItemIsVoid = "item_is_void", CONFLICT, "The item was taken off, and stays so.";
    OrderIsClosed = "order_is_closed", CONFLICT, "The order is closed, or out; `status_of_order` says which.";
    OrderIsOpen = "order_is_open", CONFLICT, "The order is open; close it first, or send `while_open`.";
    NothingAtStation = "nothing_at_station", CONFLICT, "The order has no item of these stations.";
    TooManyItems = "too_many_items", UNPROCESSABLE_ENTITY, "The order would have more items than an order may have.";
    NotCurbside = "not_curbside", CONFLICT, "The order is not brought to a car; nobody has to say that they are there.";
    NothingLeft = "nothing_left", CONFLICT, "Nothing would be left to make; cancel the order instead.";
    IntakePaused = "intake_paused", SERVICE_UNAVAILABLE, "No new orders are taken now; `paused_until` says until when.";
    IllegalTransition = "illegal_transition", CONFLICT, "The order cannot go there; `allowed_transitions` lists where it can.";
    StaleVersion = "stale_version", PRECONDITION_FAILED, "Somebody else was faster; `current_version` is where it stands.";
    ScreenNotFound = "screen_not_found", NOT_FOUND, "There is no such screen.";
    TooManyScreens = "too_many_screens", CONFLICT, "As many screens are kept as there may be.";
    WebhookNotFound = "webhook_not_found", NOT_FOUND, "There is no such webhook.";
    TooManyWebhooks = "too_many_webhooks", CONFLICT, "As many webhooks are kept as there may be.";
    DeliveryNotFound = "delivery_not_found", NOT_FOUND, "There is no such delivery, or it concerned no order.";
    EventNotKept = "event_not_kept", CONFLICT, "The log does not have the event, or no longer.";
    ChannelSecretNotFound = "channel_secret_not_found", NOT_FOUND, "The channel has no secret.";
    TooManySecrets = "too_many_secrets", CONFLICT, "As many secrets are still good as may be; wait until one has ended, or let none overlap.";
    SignatureReplayed = "signature_replayed", UNAUTHORIZED, "The very same signed request was taken before.";
    SignatureMissing = "signature_missing", UNAUTHORIZED, "One of the three headers of a signature is missing, or there twice.";
    SignatureInvalid = "signature_invalid", UNAUTHORIZED, "No signature is the channel's.";
    SignatureExpired = "signature_expired", UNAUTHORIZED, "It was signed too long ago, or too far ahead.";
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE, "The store cannot work now; nothing was changed.";
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE, "The store cannot work now, and whether this was done is not known; with the same `Idempotency-Key` or `expected_version` it is done once, however often it is sent.";
    TooManyOwnStreams = "too_many_own_streams", TOO_MANY_REQUESTS, "This user, screen or key has as many streams, or filters, as it may.";
    TooManyStreams = "too_many_streams", SERVICE_UNAVAILABLE, "As many streams are open as there may be.";
    NotAuthenticated = "not_authenticated", UNAUTHORIZED, "No key or session came with it, or one that is none.";
    NotAllowed = "not_allowed", FORBIDDEN, "It takes a right that you do not have; `right` names it.";
    OutsideYourLocations = "outside_your_locations", FORBIDDEN, "It is about a location that you are not bound to.";
    OtherChannel = "other_channel", FORBIDDEN, "It is about another channel than the key's.";
    CrossSite = "cross_site", FORBIDDEN, "Another site's page had a browser send it.";
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too much was written; `Retry-After` says when it may again.";
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_is_in_the_documentation_with_its_status() {
        let told = include_str!("../../../docs/api.md");
        for code in Code::ALL {
            let (status, name) = (code.status().as_u16(), format!("`{code}`"));
            let begins = format!("| {status} |");
            let found = told.lines().any(|line| line.starts_with(&begins) && line.contains(&name));
            assert!(found, "docs/api.md has no row for {status} {code}");
        }
    }

    #[test]
    fn every_code_stands_once() {
        let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
