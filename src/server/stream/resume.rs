//! Where a stream begins.

use crate::wire::{Epoch, EventId, Seq, SnapshotReason};

/// What a reader says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing: it wants what happens from now on.
    Now,
    /// Nothing: it wants all that is kept.
    Earliest,
    /// Everything up to this id.
    Id(EventId),
    /// Something that is no id of this server's.
    Foreign,
}

/// Where its stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// After this position.
    After(Seq),
    /// With a snapshot, and after it.
    Snapshot(SnapshotReason),
}

/// Where a stream begins for a reader that has `after`, in the log `epoch`
/// that is kept from after `floor` to `head`; for one behind a wall, what there is of
/// the log on their side of it. What is beyond the last event there is the future to
/// them, whatever has happened elsewhere.
#[must_use]
pub fn start(after: After, epoch: Epoch, floor: Seq, head: Seq, wants_snapshot: bool) -> Start {
    match after {
        After::Foreign => Start::Snapshot(SnapshotReason::UnknownId),
        After::Id(id) if id.epoch != epoch || id.seq > head => {
            Start::Snapshot(SnapshotReason::UnknownId)
        }
        After::Id(id) if id.seq < floor => Start::Snapshot(SnapshotReason::Pruned),
        // Who has a good id continues: a page that asked for a snapshot once
        // asks again with the same address when it comes back.
        After::Id(id) => Start::After(id.seq),
        After::Now | After::Earliest if wants_snapshot => {
            Start::Snapshot(SnapshotReason::Requested)
        }
        After::Now => Start::After(head),
        After::Earliest => Start::After(floor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Epoch = Epoch(7);

    fn from(after: After, wants_snapshot: bool) -> Start {
        start(after, EPOCH, Seq(10), Seq(20), wants_snapshot)
    }

    fn id(epoch: u32, seq: u64) -> After {
        After::Id(EventId { epoch: Epoch(epoch), seq: Seq(seq) })
    }

    #[test]
    fn an_id_that_is_kept_continues() {
        for seq in 10..=20 {
            assert_eq!(from(id(7, seq), false), Start::After(Seq(seq)));
            assert_eq!(from(id(7, seq), true), Start::After(Seq(seq)));
        }
    }

    #[test]
    fn an_id_that_is_not_gets_a_snapshot_and_the_reason() {
        let unknown = Start::Snapshot(SnapshotReason::UnknownId);
        assert_eq!(from(id(8, 15), false), unknown, "another log");
        assert_eq!(from(id(7, 21), false), unknown, "the future");
        assert_eq!(from(After::Foreign, false), unknown, "no id at all");
        assert_eq!(from(id(7, 9), false), Start::Snapshot(SnapshotReason::Pruned));
    }

    #[test]
    fn without_an_id_it_begins_as_asked() {
        assert_eq!(from(After::Now, false), Start::After(Seq(20)));
        assert_eq!(from(After::Earliest, false), Start::After(Seq(10)));
        let requested = Start::Snapshot(SnapshotReason::Requested);
        assert_eq!(from(After::Now, true), requested);
        assert_eq!(from(After::Earliest, true), requested);
    }
}
