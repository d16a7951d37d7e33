//! Holds what a reader is sent against the log: every event after its cursor that
//! matches its filter, in order, once; and no id that would make it lose one.

use std::{str, sync::Arc};

use flate2::{Decompress, FlushDecompress};
use live_orders::{
    server::store::{Committed, StoredEvent},
    wire::{EventId, Seq, StreamFilter},
};

use crate::world::{self, EPOCH, PERSON};

/// How a stream ended, as far as the stream said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bye {
    Shutdown,
    Revoked,
}

/// What one reader has been sent.
pub(crate) struct Judge {
    log: Arc<Vec<Committed>>,
    filter: StreamFilter,
    /// Up to where it has everything.
    pub(crate) has: Seq,
    /// Up to where the log is pruned at some time: there it may have to jump.
    pruned: Seq,
    /// How many events it was sent.
    pub(crate) events: usize,
    unread: Vec<u8>,
    inflate: Option<(Decompress, usize)>,
    /// Whether what tells of a person was erased before it asked for more.
    erased: bool,
}

impl Judge {
    pub(crate) fn new(log: Arc<Vec<Committed>>, filter: StreamFilter, pruned: Seq) -> Self {
        let has = Seq::START;
        Self {
            log,
            filter,
            has,
            pruned,
            events: 0,
            unread: Vec::new(),
            inflate: None,
            erased: false,
        }
    }

    /// The position of the next event that the reader is to be sent.
    fn next(&self) -> Option<Seq> {
        let events = self.log.iter().map(|it| &it.event).filter(|it| it.seq > self.has);
        events.filter(|it| self.filter.matches(&it.facts)).map(|it| it.seq).next()
    }

    /// Whether it has all that there will be.
    pub(crate) fn has_all(&self) -> bool {
        self.next().is_none()
    }

    /// A stream begins at `told`; the first of this reader, or one that goes on. What had
    /// gone out before it was asked for, and what the store has since, is `between`.
    pub(crate) fn begins(
        &mut self,
        told: Seq,
        first: bool,
        snapshot: bool,
        packed: bool,
        between: (Seq, Seq),
    ) {
        assert!(self.unread.is_empty(), "a stream ended inside a frame");
        self.inflate = packed.then(|| (Decompress::new(false), 10));
        if first || snapshot {
            let pruned = self.next().is_some_and(|next| next <= self.pruned);
            assert!(first || pruned, "a reader that has {} is begun anew at {told}", self.has);
            assert!(told >= self.has, "a snapshot of {told} for a reader that has {}", self.has);
            let (gone_out, head) = between;
            let events = self.log.iter().map(|it| &it.event).filter(|it| it.seq <= gone_out);
            let least = events.filter(|it| self.lets(it)).map(|it| it.seq).max();
            let least = least.unwrap_or(Seq::START);
            assert!(least <= told, "it begins at {told}, and {least} had gone out");
            assert!(told <= head, "it begins at {told}, and there is nothing after {head}");
            self.may_know(told, "hello");
            self.has = told;
        } else {
            self.comes_to(told, "hello");
        }
    }

    pub(crate) fn erased_before(&mut self, erased: bool) {
        self.erased = erased;
    }

    /// Whether `event` is on this side of the reader's wall.
    fn lets(&self, event: &StoredEvent) -> bool {
        self.filter.wall.lets(&event.facts.location, &event.facts.channel)
    }

    /// It is told of the position `seq`. A position tells how much has happened before it:
    /// who is behind a wall is told of none but those of events on their side.
    fn may_know(&self, seq: Seq, by: &str) {
        let own = |it: &Committed| it.event.seq == seq && self.lets(&it.event);
        let known = self.filter.wall.is_open() || seq == Seq::START || self.log.iter().any(own);
        assert!(known, "{by} tells of {seq}, which is beyond the wall");
    }

    /// It is told that it has everything up to `seq`.
    fn comes_to(&mut self, seq: Seq, by: &str) {
        self.may_know(seq, by);
        assert!(seq >= self.has, "{by} takes a reader back from {} to {seq}", self.has);
        if let Some(next) = self.next() {
            assert!(next > seq, "{by} at {seq} says nothing of {next}");
        }
        self.has = seq;
    }

    /// Takes in some bytes of the stream. How it ends, if they say so.
    pub(crate) fn reads(&mut self, bytes: &[u8]) -> Option<Bye> {
        match &mut self.inflate {
            None => self.unread.extend_from_slice(bytes),
            Some((inflate, head)) => {
                let skipped = (*head).min(bytes.len());
                *head -= skipped;
                let mut rest = &bytes[skipped..];
                while !rest.is_empty() {
                    self.unread.reserve(64 * 1024);
                    let before = inflate.total_in();
                    let done =
                        inflate.decompress_vec(rest, &mut self.unread, FlushDecompress::Sync);
                    done.expect("a block that follows the one before");
                    let read = usize::try_from(inflate.total_in() - before).expect("small");
                    assert!(read > 0, "a block that cannot be read");
                    rest = &rest[read..];
                }
            }
        }
        let mut bye = None;
        while let Some(end) = self.unread.windows(2).position(|it| it == b"\n\n") {
            let frame: Vec<u8> = self.unread.drain(..end + 2).collect();
            assert_eq!(bye, None, "something comes after bye");
            bye = self.frame(str::from_utf8(&frame).expect("UTF-8"));
        }
        bye
    }

    fn frame(&mut self, frame: &str) -> Option<Bye> {
        let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
        let id = field("id: ").map(|id| id.parse::<EventId>().expect("an id"));
        let (name, data) = (field("event: ").expect("a name"), field("data: ").expect("data"));
        if let Some(id) = id {
            assert_eq!(id.epoch, EPOCH);
        }
        if name.starts_with("order.") {
            let seq = id.expect("an event has an id").seq;
            assert_eq!(Some(seq), self.next(), "a reader that has {}", self.has);
            let index = usize::try_from(seq.0 - 1).expect("small");
            let event = &self.log[index].event;
            let sent = event.order_json == data.as_bytes();
            let erased = String::from_utf8_lossy(&event.order_json).replace(PERSON, "") == data;
            assert!(sent || erased, "event {seq} is not as it was committed");
            let known = self.erased && event.facts.order == world::id(0);
            assert!(!known || erased, "event {seq} tells of a person that was erased");
            self.has = seq;
            self.events += 1;
            return None;
        }
        if let Some(id) = id {
            self.comes_to(id.seq, name);
        }
        match name {
            "heartbeat" => None,
            "bye" if data.contains("shutdown") => Some(Bye::Shutdown),
            "bye" if data.contains("revoked") => Some(Bye::Revoked),
            other => panic!("nobody says {other}: {data}"),
        }
    }
}
