//! A stream as the body of an answer, for connections whose socket cannot be
//! taken: hyper writes it.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use http_body::{Body, Frame};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    Cut, Prelude, Reader, Term, farewell,
    pager::{Page, Pager},
};
use crate::{
    server::hub::{FeedReader, Read},
    wire::ByeReason,
};

/// Frames from a position on: out of the store, then out of the hub as they
/// happen. It holds what is to be sent next and nothing behind that, so a
/// reader that does not read costs no more than one that does.
pub(super) struct StreamBody {
    reader: Reader,
    ready: VecDeque<Bytes>,
    phase: Phase,
    /// Whether it was told that it has caught up.
    greeted: bool,
    /// Goes with it.
    _watch: Option<DropGuard>,
}

/// Has `cut` made when `term` is over before its time, unless what this gives is
/// dropped before that.
fn watch(term: &Term, cut: Option<Cut>) -> Option<DropGuard> {
    term.pass.as_ref()?;
    let cut_off = term.clone().cut_off(cut?);
    let done = CancellationToken::new();
    let guard = done.clone().drop_guard();
    tokio::spawn(async move {
        tokio::select! {
            () = cut_off => {}
            () = done.cancelled() => {}
        }
    });
    Some(guard)
}

enum Phase {
    /// What comes next is looked for.
    Paging(BoxFuture<'static, (Pager, Page)>),
    /// At its place in the feed.
    Following(FeedReader),
    /// The last frame is out.
    Done,
}

impl Phase {
    fn paging(mut pager: Pager, term: Term) -> Self {
        Self::Paging(
            async move {
                let page = pager.next(&term).await;
                (pager, page)
            }
            .boxed(),
        )
    }
}

impl StreamBody {
    /// A stream that says `prelude` and then what `pager` comes to. Where its reader
    /// takes nothing of it, nobody asks for more: then `cut` ends it.
    pub(super) fn new(reader: Reader, pager: Pager, prelude: Prelude, cut: Option<Cut>) -> Self {
        let own = reader.encoding.begin(prelude.own);
        Self {
            ready: [own].into_iter().chain(prelude.shared).collect(),
            phase: Phase::paging(pager, reader.term.clone()),
            greeted: false,
            _watch: watch(&reader.term, cut),
            reader,
        }
    }

    /// Moves on by one step: after it, something is ready, or the phase is another.
    fn step(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.phase {
            Phase::Paging(page) => {
                let (pager, page) = ready!(page.poll_unpin(context));
                let encoding = self.reader.encoding;
                self.phase = match page {
                    Page::Frames(frames) => {
                        self.ready.push_back(encoding.more(frames));
                        Phase::paging(pager, self.reader.term.clone())
                    }
                    Page::Seat(seat) => Phase::Following(FeedReader::new(encoding.seat(seat))),
                    Page::End(bye) => {
                        self.ready.push_back(encoding.more(bye));
                        Phase::Done
                    }
                    Page::Gone => Phase::Done,
                };
            }
            Phase::Following(follower) => {
                let reached = follower.reached();
                let app = &self.reader.app;
                let over = self.reader.over(Instant::now());
                let read = over.map_or_else(|| follower.poll_next(context), |_| Poll::Pending);
                // Looks again after registering: what came in between woke nobody.
                let bye = match (over.or_else(|| self.reader.over(Instant::now())), read) {
                    (Some(reason), Poll::Pending) => reason,
                    (None, Poll::Pending) if self.greeted => return Poll::Pending,
                    (None, Poll::Pending) => {
                        // A heartbeat tells a reader that it has caught up.
                        self.greeted = true;
                        follower.interrupted();
                        let beat =
                            app.hub.heartbeat_at(follower.filter(), reached, app.clock.now());
                        self.ready.push_back(self.reader.encoding.more(beat));
                        return Poll::Ready(());
                    }
                    (_, Poll::Ready(Read::Frames(frames))) => {
                        self.ready.push_back(frames);
                        return Poll::Ready(());
                    }
                    (_, Poll::Ready(Read::Behind(reached))) => {
                        self.greeted = false;
                        let filter = follower.filter().clone();
                        let pager = Pager::new(app.clone(), filter, reached);
                        self.phase = Phase::paging(pager, self.reader.term.clone());
                        return Poll::Ready(());
                    }
                    (_, Poll::Ready(Read::Closed)) => ByeReason::Shutdown,
                };
                let bye = farewell(app, &follower.filter().wall, reached, bye);
                self.ready.push_back(self.reader.encoding.more(bye));
                self.phase = Phase::Done;
            }
            Phase::Done => {}
        }
        Poll::Ready(())
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

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
