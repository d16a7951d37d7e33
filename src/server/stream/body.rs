//! The body of a stream: a cursor that hands out frames.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use http_body::{Body, Frame};
use rand::Rng as _;

use super::{StreamSettings, frames};
use crate::{
    server::{
        hub::{CatchUp, FeedReader, Hub, Next},
        state::App,
        store::{EventPage, Store, Unavailable},
    },
    wire::{ByeReason, EventId, Seq, StreamFilter},
};

/// Events that one page out of the store has at most.
const PAGE: usize = 512;

/// Frames from a position on: out of the store, then out of the ring, then as
/// they happen. It holds what is to be sent next and nothing behind that, so
/// a reader that does not read costs no more than one that does.
pub(super) struct StreamBody {
    hub: Arc<Hub>,
    store: Arc<dyn Store>,
    settings: StreamSettings,
    filter: StreamFilter,
    ready: VecDeque<Bytes>,
    phase: Phase,
    ends_at: Instant,
}

enum Phase {
    /// Behind the feed, with everything up to this position.
    Behind(Seq),
    /// Behind the ring too: a page is on its way from the store.
    Paging(BoxFuture<'static, Result<EventPage, Unavailable>>, Seq),
    /// At its place in the feed.
    Following(FeedReader),
    /// The last frame is out.
    Done,
}

impl StreamBody {
    /// A stream that says `prelude` and then everything after `after` that matches `filter`.
    pub(super) fn new(
        app: &App,
        filter: StreamFilter,
        after: Seq,
        prelude: Vec<u8>,
        max_age: Duration,
    ) -> Self {
        Self {
            hub: Arc::clone(&app.hub),
            store: Arc::clone(&app.store),
            settings: app.stream,
            filter,
            ready: VecDeque::from([Bytes::from(prelude)]),
            phase: Phase::Behind(after),
            ends_at: Instant::now() + max_age,
        }
    }

    /// Moves on by one step: after it, something is ready, or the phase is another.
    fn step(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.phase {
            Phase::Behind(after) => {
                let after = *after;
                match self.hub.catch_up(&self.filter, after) {
                    CatchUp::Frames { frames, reached } => {
                        self.ready.extend(frames);
                        self.phase = Phase::Behind(reached);
                    }
                    CatchUp::Joined { frames, reader } => {
                        self.ready.extend(frames);
                        self.phase = Phase::Following(reader);
                    }
                    CatchUp::FromStore => {
                        let store = Arc::clone(&self.store);
                        let page = async move { store.events(after, PAGE).await }.boxed();
                        self.phase = Phase::Paging(page, after);
                    }
                    CatchUp::Closed => self.end(after, ByeReason::Shutdown),
                }
            }
            Phase::Paging(page, after) => {
                let after = *after;
                let page = ready!(page.poll_unpin(context));
                self.phase = self.take_page(page, after);
            }
            Phase::Following(reader) => {
                if Instant::now() >= self.ends_at {
                    let reached = reader.reached();
                    self.end(reached, ByeReason::Rotated);
                    return Poll::Ready(());
                }
                match ready!(reader.poll_next(context)) {
                    Next::Frames(frames) => self.ready.push_back(frames),
                    Next::Behind(reached) => self.phase = Phase::Behind(reached),
                    Next::Closed => {
                        let reached = reader.reached();
                        self.end(reached, ByeReason::Shutdown);
                    }
                }
            }
            Phase::Done => {}
        }
        Poll::Ready(())
    }

    fn take_page(&mut self, page: Result<EventPage, Unavailable>, after: Seq) -> Phase {
        let Ok(page) = page else {
            // The reader comes back with its id and tries again.
            return Phase::Done;
        };
        if page.floor > after {
            // Pruned while it was being read: it comes back and gets a snapshot.
            return Phase::Done;
        }
        let reached = page.events.last().map_or(after, |event| event.seq);
        self.ready.extend(
            page.events
                .iter()
                .filter(|event| self.filter.matches(&event.facts))
                .map(|event| self.hub.encode(event)),
        );
        Phase::Behind(reached)
    }

    /// Says bye. Who goes for a shutdown comes back spread over a while.
    fn end(&mut self, reached: Seq, reason: ByeReason) {
        let spread = match reason {
            ByeReason::Shutdown => self.settings.spread,
            ByeReason::Rotated => self.settings.retry,
        };
        let retry = self.settings.retry / 2 + spread.mul_f64(rand::rng().random());
        let cursor = EventId { epoch: self.hub.epoch(), seq: reached };
        self.ready.push_back(frames::bye(cursor, reason, retry));
        self.phase = Phase::Done;
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        loop {
            if let Some(bytes) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if matches!(this.phase, Phase::Done) {
                return Poll::Ready(None);
            }
            ready!(this.step(context));
        }
    }
}
