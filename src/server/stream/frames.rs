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

/// A [`Snapshot`] of the open orders at `cursor`, up to the orders.
pub(super) fn begin_snapshot(
    out: &mut Vec<u8>,
    cursor: EventId,
    reason: SnapshotReason,
    now: UnixMillis,
) {
    let shell = Snapshot { reason, cursor, server_time: now, orders: Vec::new() };
    let shell = serde_json::to_vec(&shell).unwrap_or_default();
    frame::begin_event(out, &cursor.to_string(), Snapshot::NAME);
    frame::push_data(out, shell.strip_suffix(b"[]}").unwrap_or(&shell));
}

/// The orders of a [`Snapshot`] and its end. They are spliced in as the store
/// has them: nothing is parsed to be written again.
pub(super) fn orders_of_snapshot(orders: &[Bytes]) -> Bytes {
    let mut out = Vec::with_capacity(8 + orders.iter().map(|order| order.len() + 1).sum::<usize>());
    out.push(b'[');
    for (index, order) in orders.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        frame::push_data(&mut out, order);
    }
    out.extend_from_slice(b"]}");
    frame::end_event(&mut out);
    Bytes::from(out)
}

/// The last frame of a stream that the server ends. It leaves the reader's
/// position as it is: `id:` carries `cursor`, or nothing.
pub(super) fn bye(cursor: Option<EventId>, reason: ByeReason, retry: Duration) -> Bytes {
    let mut out = Vec::new();
    let retry_ms = millis(retry);
    frame::push_retry(&mut out, retry_ms);
    let data = serde_json::to_vec(&Bye { reason, retry_ms }).unwrap_or_default();
    let id = cursor.map_or_else(String::new, |cursor| cursor.to_string());
    frame::push_event(&mut out, &id, Bye::NAME, &data);
    Bytes::from(out)
}

/// As the wire writes how long something takes.
pub(in crate::server) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
