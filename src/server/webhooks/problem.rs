//! Refusals that have to do with webhooks alone.

use crate::server::error::{Code, Problem};

/// Why a request that has to do with webhooks was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookProblem {
    /// No such webhook.
    NotFound,
    /// As many webhooks are kept as there may be.
    TooMany,
    /// No such delivery, or one that concerned no order.
    DeliveryNotFound,
    /// The log does not have the event, or no longer.
    EventNotKept,
    /// The channel has no secret.
    SecretNotFound,
    /// As many secrets are good as may be at one time.
    TooManySecrets,
    /// An order should be signed and is not.
    SignatureMissing,
    /// An order is signed by nobody who is known.
    SignatureInvalid,
    /// An order was signed too long ago, or too far ahead.
    SignatureExpired,
    /// An order has come before with the same signature.
    SignatureReplayed,
}

impl WebhookProblem {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::NotFound => Code::WebhookNotFound,
            Self::TooMany => Code::TooManyWebhooks,
            Self::DeliveryNotFound => Code::DeliveryNotFound,
            Self::EventNotKept => Code::EventNotKept,
            Self::SecretNotFound => Code::ChannelSecretNotFound,
            Self::TooManySecrets => Code::TooManySecrets,
            Self::SignatureMissing => Code::SignatureMissing,
            Self::SignatureInvalid => Code::SignatureInvalid,
            Self::SignatureExpired => Code::SignatureExpired,
            Self::SignatureReplayed => Code::SignatureReplayed,
        }
    }

    /// What it is, the same each time.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::NotFound => "There is no such webhook",
            Self::TooMany => "Too many webhooks are kept",
            Self::DeliveryNotFound => "There is no such delivery",
            Self::EventNotKept => "The event is not kept",
            Self::SecretNotFound => "The channel has no secret",
            Self::TooManySecrets => "Too many secrets are good",
            Self::SignatureMissing => "The order is not signed",
            Self::SignatureInvalid => "The signature is not known",
            Self::SignatureExpired => "The signature is too old",
            Self::SignatureReplayed => "The signature was used before",
        }
    }

    /// What to do.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::NotFound => "GET /api/webhooks lists those there are",
            Self::TooMany => "delete one that nobody reads",
            Self::DeliveryNotFound => {
                "its webhook's deliveries list those that are kept; a test cannot be sent again"
            }
            Self::EventNotKept => {
                "its id is of another log, ahead of this one, or older than what is kept; nothing \
                 was changed"
            }
            Self::SecretNotFound => "GET /api/channel-secrets lists the channels that have one",
            Self::TooManySecrets => {
                "those before stay good for the hours that were asked for; wait until the first of \
                 them is over, or end them all with overlap_hours 0"
            }
            Self::SignatureMissing => {
                "send webhook-id, webhook-timestamp and webhook-signature, each once"
            }
            Self::SignatureInvalid => {
                "no signature is one of this channel's secret over \
                 webhook-id.webhook-timestamp.body, byte by byte as sent; nothing was placed"
            }
            Self::SignatureExpired => {
                "webhook-timestamp is more than five minutes from now; sign each attempt anew, \
                 and check the clock; nothing was placed"
            }
            Self::SignatureReplayed => {
                "a request with this webhook-id and webhook-timestamp was let through already; \
                 to ask again, sign anew with the same id and the present time"
            }
        }
    }
}

impl From<WebhookProblem> for Problem {
    fn from(problem: WebhookProblem) -> Self {
        Self::Webhook(problem)
    }
}
