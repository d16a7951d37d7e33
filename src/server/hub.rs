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
    sync::{Arc, PoisonError},
};

use bytes::Bytes;

use super::{
    store::{CommitSink, Committed, StoredEvent},
    sync::{Mutex, MutexGuard, watch},
};
use crate::{
    domain::{Channel, FoodOrder, Intake, Location, OrderId, UnixMillis},
    wire::{
        Epoch, EventFacts, EventId, EventKind, Heartbeat, Seq, Stats, StreamFilter, Unseen, Wall,
        frame,
    },
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
    /// Where the last event of each location and channel stands.
    sides: HashMap<Location, HashMap<Channel, Seq>>,
    /// What else a heartbeat tells of the kitchen.
    kitchen: KitchenState,
    /// The last figures that were told to those behind one wall, and when.
    told: HashMap<Wall, (UnixMillis, Stats)>,
    closing: bool,
}

/// What every heartbeat tells of the kitchen besides its figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KitchenState {
    /// The intake switch.
    pub intake: Intake,
    /// Orders that should be on a screen and are on none.
    pub unseen: Vec<Missing>,
    /// Channels that have been silent for much longer than usual.
    pub quiet: Vec<Channel>,
}

/// An order that should be on a screen and is on none, and who may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is told of it.
    pub unseen: Unseen,
    /// Where it is made.
    pub location: Location,
    /// Where it came from.
    pub channel: Channel,
}

struct Served {
    feed: Arc<Feed>,
    readers: usize,
}

/// Between which positions a reader can join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What is before it is in the store alone.
    pub floor: Seq,
    /// The newest position that has gone out.
    pub head: Seq,
    /// The last event on this side of the reader's wall.
    pub last: Seq,
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
                sides: HashMap::new(),
                kitchen: KitchenState::default(),
                told: HashMap::new(),
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

    /// Takes in where the last event of each location and channel stood before the start.
    pub fn preload_sides(&self, sides: impl IntoIterator<Item = (Location, Channel, Seq)>) {
        let mut state = self.lock();
        for (location, channel, last) in sides {
            let noted = state.sides.entry(location).or_default().entry(channel).or_default();
            *noted = last.max(*noted);
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

    /// Between which positions a reader behind `wall` can join.
    #[must_use]
    pub fn bounds(&self, wall: &Wall) -> Bounds {
        let state = self.lock();
        let (floor, head) = (state.recent.floor(), state.recent.head());
        Bounds { floor, head, last: state.last(wall) }
    }

    /// What a reader behind `wall` that has everything up to `reached` is told of
    /// where it stands. A position tells how much has happened before it, so nobody
    /// is told one that is beyond the last event on their side of their wall; and
    /// none at all where that is still to come.
    #[must_use]
    pub fn told(&self, wall: &Wall, reached: Seq) -> Option<EventId> {
        let seq = if wall.is_open() { reached } else { self.lock().last(wall) };
        (seq <= reached).then_some(EventId { epoch: self.epoch, seq })
    }

    /// Waits until everything up to `seq` has gone out. A reader that begins
    /// at a position which the store has just shown waits here for a moment;
    /// otherwise it would be sent what it has.
    pub async fn reach(&self, seq: Seq) {
        // Fails only when the hub is gone, and it is not: this borrows it.
        let _ = self.gone_out.subscribe().wait_for(|gone_out| *gone_out >= seq).await;
    }

    /// How the hour before `now` went on this side of `wall`.
    #[must_use]
    pub fn stats(&self, wall: &Wall, now: UnixMillis) -> Stats {
        self.lock().figures.stats(wall, now)
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
        let mut frame = Vec::with_capacity(frame_bytes(event));
        self.encode_into(&mut frame, event);
        Bytes::from(frame)
    }

    /// Encodes the frame of an event behind what is in `out`.
    pub fn encode_into(&self, out: &mut Vec<u8>, event: &StoredEvent) {
        let id = EventId { epoch: self.epoch, seq: event.seq };
        frame::push_event(out, &id.to_string(), event.facts.kind.as_str(), &event.order_json);
    }

    /// The intake switch that heartbeats tell of.
    #[must_use]
    pub fn intake(&self) -> Intake {
        self.lock().kitchen.intake.clone()
    }

    /// The channels that heartbeats tell of as quiet.
    #[cfg(test)]
    pub fn quiet(&self) -> Vec<Channel> {
        self.lock().kitchen.quiet.clone()
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
            self.beat(now, &Told::All);
        }
    }

    /// Has heartbeats tell of the orders that are on no screen, the oldest first.
    /// Whoever is told something else than before is told at once, and nobody else:
    /// a heartbeat out of turn tells that there is news. Whether there is any.
    pub fn tell_unseen(&self, now: UnixMillis, mut unseen: Vec<Missing>) -> bool {
        // What nobody is told makes no difference.
        let mut told: HashMap<(Location, Channel), usize> = HashMap::new();
        unseen.retain(|it| {
            let told = told.entry((it.location.clone(), it.channel.clone())).or_default();
            *told += 1;
            *told <= Heartbeat::UNSEEN_MOST
        });
        let before = {
            let mut state = self.lock();
            std::mem::replace(&mut state.kitchen.unseen, unseen.clone())
        };
        let differs = unseen != before;
        if differs {
            self.beat(now, &Told::Unseen([&before, &unseen]));
        }
        differs
    }

    /// Has heartbeats tell of the channels that are quiet. Whoever is told of others
    /// than before is told at once, and nobody else.
    pub fn tell_quiet(&self, now: UnixMillis, quiet: Vec<Channel>) {
        let before = {
            let mut state = self.lock();
            std::mem::replace(&mut state.kitchen.quiet, quiet.clone())
        };
        if quiet != before {
            self.beat(now, &Told::Quiet([&before, &quiet]));
        }
    }

    /// Sends every reader a heartbeat. It comes behind all events up to the id
    /// it carries; who has had a later one in the meantime needs none.
    pub fn heartbeat(&self, now: UnixMillis) {
        pack::tidy();
        self.beat(now, &Told::All);
    }

    /// Sends a heartbeat to those to whom `told` is news.
    fn beat(&self, now: UnixMillis, told: &Told<'_>) {
        // What is told last is what was known last.
        let _turn = self.beating.lock().unwrap_or_else(PoisonError::into_inner);
        let (head, floor, beats, feeds) = {
            let mut state = self.lock();
            state.told.clear();
            let feeds = self.feeds(&state);
            let mut beats: HashMap<Wall, Option<(Seq, Heartbeat)>> = HashMap::new();
            for feed in &feeds {
                let wall = &feed.filter().wall;
                if !beats.contains_key(wall) {
                    let news = told.is_news(wall);
                    let beat = news.then(|| (state.last(wall), state.beat(wall, now)));
                    beats.insert(wall.clone(), beat);
                }
            }
            (state.recent.head(), state.recent.floor(), beats, feeds)
        };
        let encode = |last: Seq, beat: &Heartbeat| {
            let frame = Self::encode_beat(Some(EventId { epoch: self.epoch, seq: last }), beat);
            let packed = packed_alone(&frame);
            (frame, packed)
        };
        let everybody = matches!(told, Told::All);
        let frames: HashMap<Wall, _> = beats
            .into_iter()
            .filter_map(|(wall, beat)| {
                let (last, beat) = beat?;
                let of_all = encode(last, &beat);
                let of_some = everybody.then(|| {
                    if tells_of_others(&beat) {
                        encode(last, &without_others(beat))
                    } else {
                        of_all.clone()
                    }
                });
                Some((wall, (of_all, of_some)))
            })
            .collect();
        for feed in feeds {
            let certain = is_of_certain_orders(feed.filter());
            let frames = frames.get(&feed.filter().wall).and_then(|(of_all, of_some)| {
                if certain { of_some.as_ref() } else { Some(of_all) }
            });
            if let Some(frames) = frames {
                feed.beat(frames.clone(), head, floor);
                feed.wake();
            }
        }
    }

    /// A heartbeat for one reader with `filter`, which has come up to `reached`.
    #[must_use]
    pub fn heartbeat_at(&self, filter: &StreamFilter, reached: Seq, now: UnixMillis) -> Bytes {
        let beat = self.lock().beat(&filter.wall, now);
        let beat = if is_of_certain_orders(filter) { without_others(beat) } else { beat };
        Self::encode_beat(self.told(&filter.wall, reached), &beat)
    }

    /// Encodes a heartbeat; without an id its reader stays where it was.
    fn encode_beat(id: Option<EventId>, beat: &Heartbeat) -> Bytes {
        let mut frame = Vec::new();
        let id = id.map_or_else(String::new, |id| id.to_string());
        let data = serde_json::to_vec(beat).unwrap_or_default();
        frame::push_event(&mut frame, &id, Heartbeat::NAME, &data);
        Bytes::from(frame)
    }

    /// Has every reader look again: something has changed that no feed holds.
    pub fn nudge(&self) {
        let feeds = self.feeds(&self.lock());
        for feed in feeds {
            feed.nudge();
        }
    }

    /// Lets go of the events of orders that `changes` have erased. Frames lie one
    /// behind the other, so all that is older goes with them: who has not had it
    /// yet reads it in the store, where it is erased.
    fn forget_erased(&self, state: &mut State, changes: &[Committed]) {
        let is_erasure = |it: &&Committed| it.event.facts.kind == EventKind::Erased;
        let mut erased = changes.iter().filter(is_erasure).peekable();
        if erased.peek().is_none() {
            return;
        }
        let last = |it: &Committed| state.recent.last_before(it.event.facts.order, it.event.seq);
        if let Some(seq) = erased.filter_map(last).max() {
            state.recent.forget_up_to(seq);
            let floor = state.recent.floor();
            for feed in self.feeds(state) {
                feed.forget(floor);
            }
        }
        // Also of what is too old for the rest: what readers had missed is kept by the clock.
        pack::forget();
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

/// Whether `beat` tells what only those are to hear who look after others' orders.
fn tells_of_others(beat: &Heartbeat) -> bool {
    !(beat.unseen.is_empty() && beat.quiet.is_empty())
}

fn without_others(beat: Heartbeat) -> Heartbeat {
    Heartbeat { unseen: Vec::new(), quiet: Vec::new(), ..beat }
}

/// What a heartbeat out of turn is about.
enum Told<'a> {
    /// Something that everybody is told.
    All,
    /// Orders that are on no screen, before and now.
    Unseen([&'a [Missing]; 2]),
    /// Channels that are quiet, before and now.
    Quiet([&'a [Channel]; 2]),
}

impl Told<'_> {
    /// Whether those behind `wall` are told something else than before.
    fn is_news(&self, wall: &Wall) -> bool {
        match self {
            Self::All => true,
            Self::Unseen([before, now]) => !unseen(before, wall).eq(unseen(now, wall)),
            Self::Quiet([before, now]) => !quiet(before, wall).eq(quiet(now, wall)),
        }
    }
}

/// Those of `all` that those behind `wall` are told of.
fn unseen<'a>(all: &'a [Missing], wall: &Wall) -> impl Iterator<Item = &'a Unseen> {
    let here = all.iter().filter(|it| wall.lets(&it.location, &it.channel));
    here.take(Heartbeat::UNSEEN_MOST).map(|it| &it.unseen)
}

/// Those of `all` that those behind `wall` are told of. Who is bound to a location is
/// told of no channel: how often orders come over it elsewhere is not theirs to know.
fn quiet<'a>(all: &'a [Channel], wall: &Wall) -> impl Iterator<Item = &'a Channel> {
    all.iter().filter(|channel| wall.lets_channel_everywhere(channel))
}

impl State {
    /// Where the last event on this side of `wall` stands.
    fn last(&self, wall: &Wall) -> Seq {
        if wall.is_open() {
            return self.recent.head();
        }
        let sides = self.sides.iter().flat_map(|(location, channels)| {
            channels.iter().filter(|(channel, _)| wall.lets(location, channel))
        });
        sides.map(|(_, last)| *last).max().unwrap_or(Seq::START)
    }

    /// Notes where an event stands.
    fn note_side(&mut self, event: &StoredEvent) {
        let EventFacts { location, channel, .. } = &event.facts;
        let known = self.sides.get_mut(location).and_then(|it| it.get_mut(channel));
        if let Some(last) = known {
            *last = event.seq;
        } else {
            let channels = self.sides.entry(location.clone()).or_default();
            channels.insert(channel.clone(), event.seq);
        }
    }

    /// What a heartbeat says at `now` to those behind `wall`.
    fn beat(&mut self, wall: &Wall, now: UnixMillis) -> Heartbeat {
        // Many readers come at once, and the figures of an hour take a while.
        let stats = match self.told.get(wall) {
            Some((at, hour)) if (0..TOLD_MILLIS).contains(&now.since(*at)) => *hour,
            _ => {
                let hour = self.figures.stats(wall, now);
                self.told.insert(wall.clone(), (now, hour));
                hour
            }
        };
        Heartbeat {
            server_time: now,
            open: self.figures.open(wall),
            stats,
            intake: self.kitchen.intake.at(now),
            unseen: unseen(&self.kitchen.unseen, wall).cloned().collect(),
            quiet: quiet(&self.kitchen.quiet, wall).map(Channel::to_string).collect(),
        }
    }
}

/// Room for the frame of an event: what is around the order is shorter than this.
fn frame_bytes(event: &StoredEvent) -> usize {
    event.order_json.len() + 96
}

impl CommitSink for Hub {
    fn committed(&self, changes: &[Committed]) {
        // All frames of a commit stand in one buffer, whose memory the recent
        // events and every feed share: one that grew would hold twice as much as is in it.
        let bytes = changes.iter().map(|change| frame_bytes(&change.event)).sum();
        let mut buffer = Vec::with_capacity(bytes);
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
            state.note_side(&change.event);
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
        self.forget_erased(state, changes);
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

    fn missing(count: u32) -> Vec<Missing> {
        let station = Station::parse("grill").expect("a station");
        let one = |number: u32| Missing {
            unseen: Unseen {
                id: OrderId(uuid::Uuid::from_u128(number.into())),
                number: OrderNumber(number),
                stations: vec![station.clone()],
                since: UnixMillis(number.into()),
            },
            location: Location::parse("main").expect("a location"),
            channel: Channel::parse("web").expect("a channel"),
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
        assert!(hub.tell_unseen(now, missing(most)));
        assert!(!hub.tell_unseen(now, missing(most + 30)), "nobody is told of those");
        assert!(hub.tell_unseen(now, missing(most - 1)));
    }

    #[test]
    fn whoever_is_behind_a_wall_hears_of_nothing_beyond_it() {
        let hub = Hub::new(Epoch(1), Seq(0), HubSettings { ring_bytes: 1024 });
        let now = UnixMillis(1_000_000);
        hub.preload_figures(&[crate::domain::testing::order(1)]);
        hub.tell_unseen(now, missing(1));
        let behind = |location: &str| {
            let locations = vec![Location::parse(location).expect("a location")];
            StreamFilter { wall: Wall { locations, channel: None }, ..Default::default() }
        };
        let beat = |filter: &StreamFilter| text(&hub.heartbeat_at(filter, Seq(0), now)).to_owned();
        let (here, elsewhere) = (beat(&behind("main")), beat(&behind("airport")));
        assert!(here.contains("unseen") && here.contains("\"open\":1"), "{here}");
        assert!(!elsewhere.contains("unseen"), "{elsewhere}");
        assert!(elsewhere.contains("\"open\":0"), "{elsewhere}");
        assert!(elsewhere.contains("\"placed\":0"), "{elsewhere}");
    }

    #[test]
    fn whoever_follows_one_order_hears_of_no_other() {
        let hub = Hub::new(Epoch(1), Seq(0), HubSettings { ring_bytes: 1024 });
        let now = UnixMillis(1_000_000);
        let own = StreamFilter { orders: vec![OrderId(uuid::Uuid::nil())], ..Default::default() };
        hub.tell_unseen(now, missing(1));
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

    #[test]
    fn what_changes_elsewhere_is_no_reason_for_a_heartbeat() {
        let hub = Hub::new(Epoch(1), Seq(0), HubSettings { ring_bytes: 1024 });
        let now = UnixMillis(1_000_000);
        let seat = |location: &str| {
            let locations = vec![Location::parse(location).expect("a location")];
            let wall = Wall { locations, channel: None };
            let filter = StreamFilter { wall, ..StreamFilter::default() };
            let Join::Seat(seat) = hub.join(&filter, Seq(0)) else { panic!("there is a seat") };
            seat
        };
        let (here, elsewhere) = (seat("main"), seat("airport"));
        let all = StreamFilter::default();
        let Join::Seat(all) = hub.join(&all, Seq(0)) else { panic!("there is a seat") };
        let hears = |seat: &Seat| matches!(seat.next(1024), Next::Parts(..));
        hub.tell_unseen(now, missing(1));
        assert!(hears(&here) && hears(&all));
        assert!(!hears(&elsewhere));
        // Nor is a channel, which is nobody's who is bound to a location.
        hub.tell_quiet(now, vec![Channel::parse("web").expect("a channel")]);
        assert!(!hears(&elsewhere));
        hub.tell_intake(now, Intake { extra_min: 5, ..Intake::default() });
        assert!(hears(&elsewhere), "that is of the whole kitchen");
    }
}
