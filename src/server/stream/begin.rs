//! Where a stream begins and what it begins with: where the hub still is, or
//! what the store says.

use bytes::Bytes;

use super::{
    Encoding,
    resume::{self, After, Start},
};
use crate::{
    server::{error::Problem, hub::Bounds, state::App},
    wire::{EventId, Seq, SnapshotReason, StreamFilter},
};

/// Where a stream begins and what it begins with.
pub(super) struct Beginning {
    pub(super) after: Seq,
    /// The position that the reader is told: there is nothing for it between this
    /// one and `after`.
    pub(super) told: Seq,
    pub(super) snapshot: Option<(SnapshotReason, Bytes)>,
}

/// Where the stream of a reader with `filter` begins that says it has `after`.
///
/// # Errors
/// The store cannot be read, or there are too many snapshots.
pub(super) async fn begin(
    app: &App,
    filter: &StreamFilter,
    after: After,
    wants_snapshot: bool,
    encoding: Encoding,
) -> Result<Beginning, Problem> {
    // Most come back to where the hub still is. Nothing waits for the store then.
    let Bounds { floor, head, last } = app.hub.bounds(&filter.wall);
    match after {
        After::Now if !wants_snapshot => {
            return Ok(Beginning { after: head, told: last, snapshot: None });
        }
        After::Id(EventId { epoch, seq }) if epoch == app.hub.epoch() => {
            // Who has the last of theirs has everything.
            let after = if seq == last { head } else { seq };
            if seq <= last && after >= floor {
                return Ok(Beginning { after, told: seq, snapshot: None });
            }
        }
        _ => {}
    }
    // The store's head and not the hub's, which follows a moment later: an id
    // that an answer has just given must not be taken for one from the future.
    let bounds = app.store.events_behind(filter.wall.clone(), Seq::START, 0).await?;
    let beginning =
        match resume::start(after, app.hub.epoch(), bounds.floor, bounds.last, wants_snapshot) {
            Start::After(told) => {
                let after = if told == bounds.last { bounds.head } else { told };
                Beginning { after, told, snapshot: None }
            }
            Start::Snapshot(reason) => {
                let (after, cursor, orders) = app.snapshots.take(app, filter, encoding).await?;
                Beginning { after, told: cursor.seq, snapshot: Some((reason, orders)) }
            }
        };
    app.hub.reach(beginning.after).await;
    Ok(beginning)
}
