//! The stream of one customer's page: what the page shows, each time that it is
//! something else.
//!
//! The hub tells when something happened to the order, as it tells everybody who
//! follows certain orders; what goes out is only what [`View`] shows. Its ids are
//! those of views. A position in the log would tell how much the restaurant has
//! to do, and whoever comes back is sent the view that there is, unless they have it.

use std::{
    convert::Infallible,
    future::poll_fn,
    net::IpAddr,
    time::{Duration, Instant},
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use rand::Rng as _;
use serde::Serialize;
use tokio::time::sleep_until;

use super::{is_over, texts::Texts, view::View};
use crate::{
    domain::FoodOrder,
    server::{
        error::Problem,
        hub::{FeedReader, Join, Read},
        state::App,
        stream::{Permit, millis},
    },
    wire::{
        Seq, StreamFilter,
        frame::{self, FrameReader},
    },
};

/// A telephone is not woken as often as a board in a kitchen.
const BEATS: u32 = 3;

/// How often a page hears something.
pub(super) fn beat(app: &App) -> Duration {
    app.stream.heartbeat * BEATS
}

/// The stream of whoever follows `order`, which was read when the hub stood at
/// `head` or later, and has the view `known`.
///
/// # Errors
/// There are as many streams as there may be.
pub(super) fn follow(
    app: &App,
    order: FoodOrder,
    head: Seq,
    texts: &'static Texts,
    peer: Option<IpAddr>,
    known: &str,
) -> Result<Body, Problem> {
    let permit = app.open_streams.enter_guest(peer, order.id).map_err(Problem::TooManyStreams)?;
    let max_age = app.stream.max_age.mul_f64(rand::rng().random_range(0.9..1.1));
    let reader = Follower {
        app: app.clone(),
        texts,
        after: head,
        stale: false,
        reader: None,
        frames: FrameReader::default(),
        shown: known.to_owned(),
        order,
        spoke_at: None,
        ends_at: Instant::now() + max_age,
        ended: false,
        _permit: permit,
    };
    Ok(Body::from_stream(stream::unfold(reader, |mut reader| async move {
        let bytes = reader.next().await?;
        Some((Ok::<_, Infallible>(bytes), reader))
    })))
}

struct Follower {
    app: App,
    texts: &'static Texts,
    order: FoodOrder,
    /// Up to where the order stands as it is here.
    after: Seq,
    /// Whether the order is to be read anew.
    stale: bool,
    /// Its place in the hub, once it has one.
    reader: Option<FeedReader>,
    frames: FrameReader,
    /// The view that the page has.
    shown: String,
    spoke_at: Option<Instant>,
    ends_at: Instant,
    ended: bool,
    /// It is counted as long as it is open.
    _permit: Permit,
}

/// What a page is told when there is nothing to show.
#[derive(Serialize)]
struct Beat {
    at: String,
}

/// What has become of the order.
enum News {
    /// Perhaps something.
    Some,
    /// The server stops.
    Closed,
    /// The store cannot be read; the page comes back.
    Lost,
}

impl Follower {
    /// What the page is told next; none when the stream is over.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        loop {
            if let Some(bytes) = self.speak() {
                self.spoke_at = Some(Instant::now());
                return Some(bytes);
            }
            let beat = self.spoke_at.unwrap_or_else(Instant::now) + beat(&self.app);
            let until = beat.min(self.ends_at);
            tokio::select! {
                news = self.news() => match news {
                    News::Some => {}
                    // Who goes for a shutdown comes back spread over a while.
                    News::Closed => return Some(self.end()),
                    News::Lost => return None,
                },
                () = sleep_until(until.into()) => {
                    if until == self.ends_at {
                        return Some(self.end());
                    }
                }
            }
        }
    }

    /// What there is to say now.
    fn speak(&mut self) -> Option<Bytes> {
        let now = self.app.clock.now();
        let mut out = Vec::new();
        if self.spoke_at.is_none() {
            frame::push_retry(&mut out, millis(self.app.stream.retry));
        }
        if is_over(&self.order, now) {
            self.ended = true;
            frame::push_event(&mut out, "", "over", b"{}");
            return Some(out.into());
        }
        let view = View::of(&self.order, &self.app, self.texts);
        if view.id != self.shown {
            frame::push_event(&mut out, &view.id, "state", view.to_json().as_bytes());
            self.shown = view.id;
            return Some(out.into());
        }
        if self.spoke_at.is_none_or(|at| at.elapsed() >= beat(&self.app)) {
            let data = serde_json::to_vec(&Beat { at: view.at }).unwrap_or_default();
            frame::push_event(&mut out, &view.id, "beat", &data);
            return Some(out.into());
        }
        None
    }

    /// The last words.
    fn end(&mut self) -> Bytes {
        self.ended = true;
        let mut out = Vec::new();
        let retry = self.app.stream.retry.mul_f64(rand::rng().random_range(0.5..1.5));
        frame::push_retry(&mut out, millis(retry));
        frame::push_event(&mut out, "", "bye", b"{}");
        out.into()
    }

    /// Waits until something has happened to the order, and takes it in.
    async fn news(&mut self) -> News {
        let Some(reader) = &mut self.reader else {
            return self.sit_down().await;
        };
        match poll_fn(|context| reader.poll_next(context)).await {
            Read::Frames(frames) => {
                for frame in self.frames.push(&frames) {
                    // Heartbeats tell of the kitchen, which is no customer's affair.
                    if let Ok(order) = serde_json::from_str::<FoodOrder>(&frame.data)
                        && order.version > self.order.version
                    {
                        self.order = order;
                    }
                }
                News::Some
            }
            Read::Behind(_) => {
                self.reader = None;
                self.stale = true;
                News::Some
            }
            Read::Closed => News::Closed,
        }
    }

    async fn sit_down(&mut self) -> News {
        // It may be left at any point, and begun again.
        if self.stale {
            let head = self.app.hub.head();
            let Ok(Some(order)) = self.app.store.order(self.order.id).await else {
                return News::Lost;
            };
            (self.order, self.after, self.stale) = (order, head, false);
        }
        let filter = StreamFilter { orders: vec![self.order.id], ..StreamFilter::default() };
        match self.app.hub.join(&filter, self.after) {
            Join::Seat(seat) => self.reader = Some(FeedReader::new(seat)),
            Join::Closed => return News::Closed,
            // The hub has let go of what was since the order was read.
            Join::Store => self.stale = true,
        }
        News::Some
    }
}
