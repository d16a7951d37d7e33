//! 4 · Fan-out: each commit is encoded once, kept for a while, and wakes whoever reads on.
//!
//! A reader is a cursor: a position and a filter. Readers with the same filter
//! share one [`Feed`], a contiguous log of the frames that match it, in which
//! each has a [`Place`] and nothing else. A feed is made when its first reader
//! comes, from the [`Recent`] events, so a reader who has been away for a while
//! takes its seat where it was ([`Hub::join`]). Who was away for longer reads
//! the store until it can. Feeds of single orders are found by the order, so
//! an event costs as much as it has readers, and nothing for all others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::watch;

use super::store::{CommitSink, Committed, StoredEvent};
use crate::{
    domain::{FoodOrder, Intake, OrderId, UnixMillis},
    wire::{Epoch, EventId, Heartbeat, Seq, Stats, StreamFilter, Unseen, frame},
};

mod feed;
mod figures;
mod pack;
mod recent;

use feed::Feed;
pub use feed::{FeedReader, Next, Once, Part, Place, Read, Seat, Watcher, joined};
use figures::Figures;
pub use pack::{GZIP_HEAD, packed_alone};
use recent::Recent;

/// How long the figures of the last hour may be told again.
const TOLD_MILLIS: i64 = 500;

/// How many different filters there may be besides those of certain orders.
const BROAD_FEEDS: usize = 1024;

/// How much the hub keeps.
#[derive(Clone, Copy, Debug)]
pub struct HubSettings {
    /// Bytes of frames of recent events.
    pub ring_bytes: usize,
}

/// Where commits go out from.
pub struct Hub {
    epoch: Epoch,
    /// The feed of all events, which always is.
    everything: Arc<Feed>,
    state: Mutex<State>,
    /// The newest position that has gone out, for those who wait for one. The
    /// store's readers see a commit a moment before the hub hears of it.
    gone_out: watch::Sender<Seq>,
    /// Held by whoever sends a heartbeat.
    beating: Mutex<()>,
}

/// One lock for what must agree: recent events, every feed and the figures
/// stand at the same position whenever it is free.
struct State {
    recent: Recent,
    /// Feeds that have readers, by filter, but for the one of all events.
    feeds: HashMap<StreamFilter, Served>,
    /// Those of them that every commit is held against. Shared, so that all
    /// can be woken without the lock.
    broad: Arc<Vec<Arc<Feed>>>,
    /// Those of them that want certain orders alone.
    by_order: HashMap<OrderId, Vec<Arc<Feed>>>,
    /// Feeds of certain orders that something has come in and nobody was told.
    stirred: Vec<Arc<Feed>>,
    figures: Figures,
    /// What else a heartbeat tells of the kitchen.
    kitchen: KitchenState,
    /// The last figures that were told, and when.
    told: Option<(UnixMillis, Stats)>,
    closing: bool,
}

/// What every heartbeat tells of the kitchen besides its figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KitchenState {
    /// The intake switch.
    pub intake: Intake,
    /// Orders that should be on a screen and are on none.
    pub unseen: Vec<Unseen>,
    /// Channels that have been silent for much longer than usual.
    pub quiet: Vec<String>,
}

struct Served {
    feed: Arc<Feed>,
    readers: usize,
}

/// Where a reader goes on.
pub enum Join {
    /// In the feed.
    Seat(Seat),
    /// In the store: the hub does not reach back that far.
    Store,
    /// Nowhere: the hub has closed, and the reader is too far behind to be
    /// shown the rest in the time that is left. It comes back with its id.
    Closed,
}

impl Hub {
    /// A hub for the log `epoch`, which stands at `head`.
    #[must_use]
    pub fn new(epoch: Epoch, head: Seq, settings: HubSettings) -> Arc<Self> {
        Arc::new(Self {
            epoch,
            everything: Arc::new(Feed::new(StreamFilter::default())),
            state: Mutex::new(State {
                recent: Recent::new(head, settings.ring_bytes),
                feeds: HashMap::new(),
                broad: Arc::default(),
                by_order: HashMap::new(),
                stirred: Vec::new(),
                figures: Figures::default(),
                kitchen: KitchenState::default(),
                told: None,
                closing: false,
            }),
            gone_out: watch::Sender::new(head),
            beating: Mutex::default(),
        })
    }

    /// Takes in events of before the start, oldest first and up to the head,
    /// so that readers who come back need not go to the store.
    pub fn preload(&self, events: &[StoredEvent]) {
        let mut state = self.lock();
        for event in events {
            let frame = self.encode(event);
            state.recent.push(event.seq, &event.facts, frame.clone());
            self.everything.append([(event.seq, frame)], state.recent.floor());
        }
    }

    /// Fills the figures with orders of before the start.
    pub fn preload_figures(&self, orders: &[FoodOrder]) {
        let mut state = self.lock();
        for order in orders {
            state.figures.preload(order);
        }
    }

    /// Which log this is.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The newest position that has gone out.
    #[must_use]
    pub fn head(&self) -> Seq {
        self.lock().recent.head()
    }

    /// Between which positions a reader can join: what is before the first is
    /// in the store alone; the second is the newest that has gone out.
    #[must_use]
    pub fn bounds(&self) -> (Seq, Seq) {
        let state = self.lock();
        (state.recent.floor(), state.recent.head())
    }

    /// Waits until everything up to `seq` has gone out. A reader that begins
    /// at a position which the store has just shown waits here for a moment;
    /// otherwise it would be sent what it has.
    pub async fn reach(&self, seq: Seq) {
        // Fails only when the hub is gone, and it is not: this borrows it.
        let _ = self.gone_out.subscribe().wait_for(|gone_out| *gone_out >= seq).await;
    }

    /// How the hour before `now` went.
    #[must_use]
    pub fn stats(&self, now: UnixMillis) -> Stats {
        self.lock().figures.stats(now)
    }

    /// Where a reader with `filter` that has everything up to `after` goes on.
    #[must_use]
    pub fn join(self: &Arc<Self>, filter: &StreamFilter, after: Seq) -> Join {
        let mut state = self.lock();
        let state = &mut *state;
        if after < state.recent.floor() {
            return if state.closing { Join::Closed } else { Join::Store };
        }
        if filter.is_everything() {
            return Join::Seat(Seat::new(Arc::clone(self), Arc::clone(&self.everything), after));
        }
        let served = state.feeds.entry(filter.clone()).or_insert_with(|| {
            let feed = Arc::new(Feed::new(filter.clone()));
            feed.append(state.recent.matching(filter), state.recent.floor());
            if state.closing {
                feed.close();
            }
            if filter.orders.is_empty() {
                Arc::make_mut(&mut state.broad).push(Arc::clone(&feed));
            }
            for order in &filter.orders {
                state.by_order.entry(*order).or_default().push(Arc::clone(&feed));
            }
            Served { feed, readers: 0 }
        });
        served.readers += 1;
        // While the lock is held: nothing comes between what the feed was made
        // of and what it is given from now on.
        Join::Seat(Seat::new(Arc::clone(self), Arc::clone(&served.feed), after))
    }

    /// Whether there is room for a reader with `filter`. Every commit is held
    /// against every broad filter, so there are not any number of those.
    #[must_use]
    pub fn takes(&self, filter: &StreamFilter) -> bool {
        let state = self.lock();
        filter.is_everything()
            || !filter.orders.is_empty()
            || state.broad.len() < BROAD_FEEDS
            || state.feeds.contains_key(filter)
    }

    /// How many different filters have readers, besides the one that wants everything.
    #[must_use]
    pub fn filters(&self) -> usize {
        self.lock().feeds.len()
    }

    /// Encodes the frame of an event.
    #[must_use]
    pub fn encode(&self, event: &StoredEvent) -> Bytes {
        let mut frame = Vec::with_capacity(event.order_json.len() + 96);
        self.encode_into(&mut frame, event);
        Bytes::from(frame)
    }

    /// Encodes the frame of an event behind what is in `out`.
    pub fn encode_into(&self, out: &mut Vec<u8>, event: &StoredEvent) {
        let id = EventId { epoch: self.epoch, seq: event.seq };
        frame::push_event(out, &id.to_string(), event.facts.kind.as_str(), &event.order_json);
    }

    /// What heartbeats tell of the kitchen.
    #[must_use]
    pub fn kitchen(&self) -> KitchenState {
        self.lock().kitchen.clone()
    }

    /// Has heartbeats tell of another intake switch. If it is another, every
    /// reader is told at once.
    pub fn tell_intake(&self, now: UnixMillis, intake: Intake) {
        let differs = {
            let mut state = self.lock();
            let before = std::mem::replace(&mut state.kitchen.intake, intake);
            state.kitchen.intake != before
        };
        if differs {
            self.heartbeat(now);
        }
    }

    /// Has heartbeats tell of the orders that are on no screen, the oldest first.
    /// If what they tell is something else now, whoever is told of all orders is
    /// told at once. Whether it is.
    pub fn tell_unseen(&self, now: UnixMillis, mut unseen: Vec<Unseen>) -> bool {
        // What nobody is told makes no difference.
        unseen.truncate(Heartbeat::UNSEEN_MOST);
        let differs = {
            let mut state = self.lock();
            let before = std::mem::replace(&mut state.kitchen.unseen, unseen);
            state.kitchen.unseen != before
        };
        if differs {
            self.beat(now, false);
        }
        differs
    }

    /// Has heartbeats tell of the channels that are quiet. If they are others than
    /// before, whoever is told of all orders is told at once.
    pub fn tell_quiet(&self, now: UnixMillis, quiet: Vec<String>) {
        let differs = {
            let mut state = self.lock();
            let before = std::mem::replace(&mut state.kitchen.quiet, quiet);
            state.kitchen.quiet != before
        };
        if differs {
            self.beat(now, false);
        }
    }

    /// Sends every reader a heartbeat. It comes behind all events up to the id
    /// it carries; who has had a later one in the meantime needs none.
    pub fn heartbeat(&self, now: UnixMillis) {
        self.beat(now, true);
    }

    /// Sends a heartbeat to those who are told of all orders, and to those who
    /// asked for certain ones if `everybody` is to have one.
    fn beat(&self, now: UnixMillis, everybody: bool) {
        // What is told last is what was known last.
        let _turn = self.beating.lock().unwrap_or_else(PoisonError::into_inner);
        let (head, floor, beat, feeds) = {
            let mut state = self.lock();
            state.told = None;
            let beat = state.beat(now);
            (state.recent.head(), state.recent.floor(), beat, self.feeds(&state))
        };
        let encode = |beat: &Heartbeat| {
            let frame = self.encode_beat(head, beat);
            let packed = packed_alone(&frame);
            (frame, packed)
        };
        let of_all = encode(&beat);
        let of_some = everybody.then(|| encode(&without_others(beat)));
        for feed in feeds {
            let certain = is_of_certain_orders(feed.filter());
            let frames = if certain { of_some.as_ref() } else { Some(&of_all) };
            if let Some(frames) = frames {
                feed.beat(frames.clone(), head, floor);
                feed.wake();
            }
        }
    }

    /// A heartbeat for one reader with `filter`, which has come up to `reached`.
    #[must_use]
    pub fn heartbeat_at(&self, filter: &StreamFilter, reached: Seq, now: UnixMillis) -> Bytes {
        let beat = self.lock().beat(now);
        let beat = if is_of_certain_orders(filter) { without_others(beat) } else { beat };
        self.encode_beat(reached, &beat)
    }

    fn encode_beat(&self, reached: Seq, beat: &Heartbeat) -> Bytes {
        let id = EventId { epoch: self.epoch, seq: reached };
        let mut frame = Vec::new();
        let data = serde_json::to_vec(beat).unwrap_or_default();
        frame::push_event(&mut frame, &id.to_string(), Heartbeat::NAME, &data);
        Bytes::from(frame)
    }

    /// Has every reader look again: something has changed that no feed holds.
    pub fn nudge(&self) {
        let feeds = self.feeds(&self.lock());
        for feed in feeds {
            feed.nudge();
        }
    }

    fn feeds(&self, state: &State) -> Vec<Arc<Feed>> {
        state.feeds.values().map(|served| &served.feed).chain([&self.everything]).cloned().collect()
    }

    /// Ends every feed: readers get what is left of it and then know.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        for feed in self.feeds(&state) {
            feed.close();
        }
    }

    /// A reader of `feed` has gone.
    fn leave(&self, feed: &Arc<Feed>) {
        let filter = feed.filter();
        if filter.is_everything() {
            return;
        }
        let mut state = self.lock();
        let Some(served) = state.feeds.get_mut(filter) else { return };
        served.readers -= 1;
        if served.readers > 0 {
            return;
        }
        state.feeds.remove(filter);
        let others = |other: &Arc<Feed>| !Arc::ptr_eq(other, feed);
        if filter.orders.is_empty() {
            Arc::make_mut(&mut state.broad).retain(others);
        }
        for order in &filter.orders {
            if let Some(feeds) = state.by_order.get_mut(order) {
                feeds.retain(others);
                if feeds.is_empty() {
                    state.by_order.remove(order);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `filter` is that of whoever follows an order of theirs, and is to
/// hear nothing of anybody else's.
fn is_of_certain_orders(filter: &StreamFilter) -> bool {
    !filter.orders.is_empty()
}

fn without_others(beat: Heartbeat) -> Heartbeat {
    Heartbeat { unseen: Vec::new(), quiet: Vec::new(), ..beat }
}

impl State {
    /// What a heartbeat says at `now`.
    fn beat(&mut self, now: UnixMillis) -> Heartbeat {
        // Many readers come at once, and the figures of an hour take a while.
        let stats = match self.told {
            Some((at, hour)) if (0..TOLD_MILLIS).contains(&now.since(at)) => hour,
            _ => {
                let hour = self.figures.stats(now);
                self.told = Some((now, hour));
                hour
            }
        };
        let KitchenState { intake, unseen, quiet } = &self.kitchen;
        Heartbeat {
            server_time: now,
            open: self.figures.open(),
            stats,
            intake: intake.at(now),
            unseen: unseen.clone(),
            quiet: quiet.clone(),
        }
    }
}

impl CommitSink for Hub {
    fn committed(&self, changes: &[Committed]) {
        // All frames of a commit stand in one buffer, whose memory the recent
        // events and every feed share.
        let mut buffer = Vec::new();
        let mut ends = Vec::with_capacity(changes.len());
        for change in changes {
            self.encode_into(&mut buffer, &change.event);
            ends.push(buffer.len());
        }
        let buffer = Bytes::from(buffer);
        let mut start = 0;
        let frames: Vec<Bytes> = ends
            .into_iter()
            .map(|end| buffer.slice(std::mem::replace(&mut start, end)..end))
            .collect();

        let mut state = self.lock();
        let state = &mut *state;
        for (change, frame) in changes.iter().zip(&frames) {
            state.recent.push(change.event.seq, &change.event.facts, frame.clone());
            state.figures.apply(&change.order);
        }
        let (head, floor) = (state.recent.head(), state.recent.floor());
        for feed in state.broad.iter().chain([&self.everything]) {
            let wanted = changes.iter().zip(&frames).filter_map(|(change, frame)| {
                let event = &change.event;
                feed.filter().matches(&event.facts).then(|| (event.seq, frame.clone()))
            });
            feed.append(wanted, floor);
        }
        for (change, frame) in changes.iter().zip(&frames) {
            let event = &change.event;
            for feed in state.by_order.get(&event.facts.order).into_iter().flatten() {
                if feed.filter().matches(&event.facts) {
                    feed.append([(event.seq, frame.clone())], floor);
                    state.stirred.push(Arc::clone(feed));
                }
            }
        }
        self.gone_out.send_replace(head);
    }

    fn announce(&self) {
        let (stirred, broad) = {
            let mut state = self.lock();
            (std::mem::take(&mut state.stirred), Arc::clone(&state.broad))
        };
        for feed in stirred.iter().chain(&*broad).chain([&self.everything]) {
            feed.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{OrderNumber, Station};

    fn unseen(count: u32) -> Vec<Unseen> {
        let station = Station::parse("grill").expect("a station");
        let one = |number: u32| Unseen {
            id: OrderId(uuid::Uuid::from_u128(number.into())),
            number: OrderNumber(number),
            stations: vec![station.clone()],
            since: UnixMillis(number.into()),
        };
        (1..=count).map(one).collect()
    }

    fn text(frame: &Bytes) -> &str {
        std::str::from_utf8(frame).expect("UTF-8")
    }

    #[test]
    fn what_no_heartbeat_tells_is_no_reason_for_one() {
        let hub = Hub::new(Epoch(1), Seq(0), HubSettings { ring_bytes: 1024 });
        let most = u32::try_from(Heartbeat::UNSEEN_MOST).expect("few");
        let now = UnixMillis(1_000_000);
        assert!(hub.tell_unseen(now, unseen(most)));
        assert!(!hub.tell_unseen(now, unseen(most + 30)), "nobody is told of those");
        assert!(hub.tell_unseen(now, unseen(most - 1)));
    }

    #[test]
    fn whoever_follows_one_order_hears_of_no_other() {
        let hub = Hub::new(Epoch(1), Seq(0), HubSettings { ring_bytes: 1024 });
        let now = UnixMillis(1_000_000);
        let own = StreamFilter { orders: vec![OrderId(uuid::Uuid::nil())], ..Default::default() };
        hub.tell_unseen(now, unseen(1));
        let all = hub.heartbeat_at(&StreamFilter::default(), Seq(0), now);
        assert!(text(&all).contains("unseen"), "{}", text(&all));
        let one = hub.heartbeat_at(&own, Seq(0), now);
        assert!(!text(&one).contains("unseen"), "{}", text(&one));

        let Join::Seat(seat) = hub.join(&own, Seq(0)) else { panic!("there is a seat") };
        hub.heartbeat(now);
        let Next::Parts(parts, _) = seat.next(1024) else { panic!("a heartbeat") };
        let beat = joined(&parts);
        assert!(text(&beat).contains("heartbeat"), "{}", text(&beat));
        assert!(!text(&beat).contains("unseen"), "{}", text(&beat));
    }
}
