//! What a stream says besides changes.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    domain::UnixMillis,
    wire::{Bye, ByeReason, EventId, Hello, Snapshot, SnapshotReason, frame},
};

/// The first frame of a stream. Where a snapshot follows it carries no id: a
/// reader that is cut off between the two would come back to the snapshot's
/// position without having it.
pub(super) fn hello(out: &mut Vec<u8>, retry: Duration, hello: &Hello, snapshot_follows: bool) {
    frame::push_retry(out, millis(retry));
    let data = serde_json::to_vec(hello).unwrap_or_default();
    let id = if snapshot_follows { String::new() } else { hello.cursor.to_string() };
    frame::push_event(out, &id, Hello::NAME, &data);
}

/// The open orders at `cursor`. The orders are spliced in as the store has
/// them: nothing is parsed to be written again.
pub(super) fn snapshot(
    out: &mut Vec<u8>,
    cursor: EventId,
    reason: SnapshotReason,
    orders: &[Bytes],
    now: UnixMillis,
) {
    let data = snapshot_json(cursor, reason, orders, now);
    frame::push_event(out, &cursor.to_string(), Snapshot::NAME, &data);
}

/// A [`Snapshot`] as JSON.
pub(super) fn snapshot_json(
    cursor: EventId,
    reason: SnapshotReason,
    orders: &[Bytes],
    now: UnixMillis,
) -> Vec<u8> {
    let shell = Snapshot { reason, orders: Vec::new(), cursor, server_time: now };
    let shell = serde_json::to_string(&shell).unwrap_or_default();
    let (head, tail) = shell.split_once("[]").unwrap_or((&shell, ""));
    let mut json = Vec::with_capacity(shell.len() + orders.iter().map(Bytes::len).sum::<usize>());
    json.extend_from_slice(head.as_bytes());
    json.push(b'[');
    for (index, order) in orders.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(order);
    }
    json.push(b']');
    json.extend_from_slice(tail.as_bytes());
    json
}

/// The last frame of a stream that the server ends. It leaves the reader's
/// position as it is: `id:` carries `cursor`.
pub(super) fn bye(cursor: EventId, reason: ByeReason, retry: Duration) -> Bytes {
    let mut out = Vec::new();
    let retry_ms = millis(retry);
    frame::push_retry(&mut out, retry_ms);
    let data = serde_json::to_vec(&Bye { reason, retry_ms }).unwrap_or_default();
    frame::push_event(&mut out, &cursor.to_string(), Bye::NAME, &data);
    Bytes::from(out)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
