//! The body of an answer over HTTP/2, handed out in pieces.
//!
//! A client decides for each stream how much it takes, and may take nothing for
//! ever while its socket takes all. So no more than a piece lies ready for it, the
//! next one is given out only when there is room, and whether somebody waits
//! for room can be seen from outside.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::server::stream::Cut;

/// The most that is handed out at once.
const PIECE_BYTES: usize = 16 * 1024;
/// The last piece of an answer. Nobody waits for it to be taken, so it is small.
const LAST_BYTES: usize = 1024;

/// Whether a piece was handed out and the next one not asked for. Odd while it is so.
#[derive(Debug, Default)]
pub(super) struct Progress {
    state: AtomicU32,
    /// What resets the stream, whatever its client has not taken yet.
    pub(super) cut: Cut,
}

impl Progress {
    /// The number of the piece that waits for room, if one does.
    pub(super) fn waits_with(&self) -> Option<u32> {
        let state = self.state.load(Ordering::Relaxed);
        (state % 2 == 1).then_some(state)
    }

    fn asked(&self) {
        if self.waits_with().is_some() {
            self.state.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn handed(&self) {
        self.state.fetch_add(1, Ordering::Relaxed);
    }
}

/// A body in pieces.
#[derive(Debug)]
pub(super) struct Paced {
    body: Body,
    rest: Bytes,
    progress: Arc<Progress>,
}

impl Paced {
    /// `body`, whose `progress` somebody watches.
    pub(super) fn new(body: Body, progress: Arc<Progress>) -> Self {
        Self { body, rest: Bytes::new(), progress }
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        this.progress.asked();
        while this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let ends = this.body.is_end_stream();
        let most = match this.rest.len() {
            length if ends && length > LAST_BYTES => PIECE_BYTES.min(length - LAST_BYTES),
            length => PIECE_BYTES.min(length),
        };
        this.progress.handed();
        Poll::Ready(Some(Ok(Frame::data(this.rest.split_to(most)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn an_answer_goes_out_in_pieces_of_which_the_last_is_small() {
        let whole: Vec<u8> = (0..40_000_u32).map(|it| it.to_le_bytes()[0]).collect();
        let progress = Arc::<Progress>::default();
        let mut paced = Paced::new(Body::from(whole.clone()), Arc::clone(&progress));
        assert_eq!(paced.size_hint().exact(), Some(40_000));
        let (mut sizes, mut all) = (Vec::new(), Vec::new());
        let mut numbers = Vec::new();
        while let Some(frame) = paced.frame().await {
            let piece = frame.expect("a piece").into_data().expect("data");
            numbers.push(progress.waits_with().expect("it waits to be taken"));
            sizes.push((piece.len(), paced.is_end_stream()));
            all.extend_from_slice(&piece);
        }
        assert_eq!(sizes, [(16_384, false), (16_384, false), (6_208, false), (1024, true)]);
        assert_eq!(all, whole);
        assert!(numbers.is_sorted_by(|a, b| a < b), "each piece is another: {numbers:?}");
        assert_eq!(progress.waits_with(), None, "the end is nothing to wait with");
    }

    #[tokio::test]
    async fn an_answer_without_a_body_ends_at_once() {
        let paced = Paced::new(Body::empty(), Arc::default());
        assert!(paced.is_end_stream());
        assert_eq!(paced.size_hint().exact(), Some(0));
    }
}
