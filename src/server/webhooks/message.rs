//! What a receiver is sent: an event of the log, or a test.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::WebhookId;
use crate::{
    domain::UnixMillis,
    server::{hex, store::StoredEvent},
    wire::{Epoch, EventId},
};

/// The type of a test.
pub(super) const TEST: &str = "webhook.test";

/// A message before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Its id, the same however often it is sent.
    pub(super) id: String,
    /// Its body.
    pub(super) body: Vec<u8>,
}

/// What the body needs of the order besides all of it.
#[derive(Deserialize)]
struct Then {
    last_change: At,
}

#[derive(Deserialize)]
struct At {
    at: UnixMillis,
}

impl Message {
    /// The message by which `webhook` is told of `event`. Its id follows from
    /// both, so that it is the same after a crash.
    pub(super) fn of_event(
        webhook: &WebhookId,
        epoch: Epoch,
        event: &StoredEvent,
    ) -> Result<Self, serde_json::Error> {
        let then: Then = serde_json::from_slice(&event.order_json)?;
        let id = EventId { epoch, seq: event.seq };
        let head = json!({
            "type": event.facts.kind,
            "timestamp": rfc3339(then.last_change.at),
            "id": id,
        });
        // The order stands in it as the log has it, byte by byte.
        let mut body = head.to_string().into_bytes();
        body.pop();
        body.extend_from_slice(b",\"data\":");
        body.extend_from_slice(&event.order_json);
        body.push(b'}');
        Ok(Self { id: message_id(webhook, &id.to_string()), body })
    }

    /// A test, which concerns no order. Each has an id of its own.
    pub(super) fn test(webhook: &WebhookId, now: UnixMillis) -> Self {
        let id = message_id(webhook, &format!("test {}", rand::random::<u128>()));
        let body = json!({"type": TEST, "timestamp": rfc3339(now), "data": {}});
        Self { id, body: body.to_string().into_bytes() }
    }
}

fn message_id(webhook: &WebhookId, of: &str) -> String {
    let hash = Sha256::new().chain_update(webhook.as_str()).chain_update(" ").chain_update(of);
    format!("msg_{}", hex::encode(&hash.finalize()[..16]))
}

fn rfc3339(at: UnixMillis) -> String {
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::Value;

    use super::*;
    use crate::{
        domain::testing::order,
        wire::{EventFacts, Seq},
    };

    #[test]
    fn a_message_is_the_same_each_time_and_another_for_each_webhook_and_event() {
        let order = order(7);
        let event = |seq: u64| StoredEvent {
            seq: Seq(seq),
            facts: EventFacts::of(&order),
            order_json: Bytes::from(serde_json::to_vec(&order).expect("JSON")),
        };
        let (webhook, epoch) = (WebhookId::random(), Epoch(0x9f3a_01c4));
        let of = |webhook: &WebhookId, seq: u64| {
            Message::of_event(webhook, epoch, &event(seq)).expect("a message")
        };
        let message = of(&webhook, 1);
        assert_eq!(of(&webhook, 1), message);
        assert_ne!(of(&webhook, 2).id, message.id);
        assert_ne!(of(&WebhookId::random(), 1).id, message.id);
        assert!(!message.id.contains('.'));

        let body: Value = serde_json::from_slice(&message.body).expect("JSON");
        assert_eq!(body["type"], "order.placed");
        assert_eq!(body["id"], "9f3a01c4-1");
        assert_eq!(body["timestamp"], "1970-01-01T00:00:07Z");
        assert_eq!(body["data"], serde_json::to_value(&order).expect("JSON"));
    }

    #[test]
    fn every_test_is_a_message_of_its_own() {
        let webhook = WebhookId::random();
        let (one, other) =
            (Message::test(&webhook, UnixMillis(1)), Message::test(&webhook, UnixMillis(1)));
        assert_ne!(one.id, other.id);
        let body: Value = serde_json::from_slice(&one.body).expect("JSON");
        assert_eq!(body["type"], TEST);
    }
}
