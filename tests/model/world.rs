//! What stands around the hub: a log in memory that keeps to what the store
//! promises, and no more; and what a stream asks of the app.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use live_orders::{
    domain::{
        Channel, Currency, Customer, FoodOrder, Fulfilment, Location, MinorUnits, NewItem,
        NewOrder, OrderId, OrderNumber, OrderStatus, Promise, Source, Station, UnixMillis, What,
    },
    server::store::{CommitSink, Committed, EventPage, StoredEvent},
    wire::{Epoch, EventFacts, EventId, Seq, StreamFilter, Wall},
};
use shuttle::sync::{Mutex, MutexGuard};

use crate::{
    faults::{self, Fault},
    server::hub::{Hub, HubSettings},
};

pub(crate) const EPOCH: Epoch = Epoch(7);
/// What is known of a person until it is erased.
pub(crate) const PERSON: &str = "Ana Kovac";

/// The store cannot be read. It always can here.
#[derive(Debug)]
pub(crate) struct Problem;

/// What a stream asks of the app.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) hub: Arc<Hub>,
    pub(crate) store: Arc<Log>,
    pub(crate) snapshots: Snapshots,
    pub(crate) stream: Settings,
    pub(crate) clock: Clock,
}

#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) heartbeat: Duration,
}

/// It stands still: time is nothing that decides here.
#[derive(Clone, Copy)]
pub(crate) struct Clock(i64);

const CLOCK: Clock = Clock(1_760_000_000_000);

impl Clock {
    pub(crate) fn now(self) -> UnixMillis {
        UnixMillis(self.0)
    }
}

/// Snapshots, of which only the position matters here.
#[derive(Clone, Copy)]
pub(crate) struct Snapshots;

impl Snapshots {
    #[expect(clippy::unused_async, reason = "as the server's")]
    pub(crate) async fn take<Encoding>(
        self,
        app: &App,
        filter: &StreamFilter,
        _encoding: Encoding,
    ) -> Result<(Seq, EventId, Bytes), Problem> {
        let page = app.store.page(&filter.wall, Seq::START, 0);
        let seq = if faults::is(Fault::Boasts) { Seq(page.last.0 + 1) } else { page.last };
        let cursor = EventId { epoch: EPOCH, seq };
        Ok((page.head, cursor, Bytes::from_static(b"[]}\n\n")))
    }
}

/// The log. Whoever reads it sees a commit before the hub hears of it.
pub(crate) struct Log(Mutex<Rows>);

struct Rows {
    events: Vec<StoredEvent>,
    pruned: Seq,
}

impl Rows {
    fn head(&self) -> Seq {
        self.events.last().map_or(Seq::START, |it| it.seq)
    }
}

impl Log {
    pub(crate) fn append(&self, changes: &[Committed]) {
        let mut rows = self.lock();
        for change in changes {
            if change.order.last_change.what == What::Erased {
                let erased = |it: &&mut StoredEvent| it.facts.order == change.order.id;
                for event in rows.events.iter_mut().filter(erased) {
                    let text = String::from_utf8_lossy(&event.order_json).replace(PERSON, "");
                    event.order_json = Bytes::from(text);
                }
            }
            rows.events.push(change.event.clone());
        }
    }

    pub(crate) fn prune(&self, up_to: Seq) {
        self.lock().pruned = up_to;
    }

    #[expect(clippy::unused_async, reason = "as the server's")]
    pub(crate) async fn events_behind(
        &self,
        wall: Wall,
        after: Seq,
        limit: usize,
    ) -> Result<EventPage, Problem> {
        Ok(self.page(&wall, after, limit))
    }

    /// The position of the last event.
    pub(crate) fn head(&self) -> Seq {
        self.lock().head()
    }

    fn page(&self, wall: &Wall, after: Seq, limit: usize) -> EventPage {
        let rows = self.lock();
        let here = |it: &&StoredEvent| wall.lets(&it.facts.location, &it.facts.channel);
        let last = |up_to: Seq| {
            let here = rows.events.iter().filter(here).filter(|it| it.seq <= up_to);
            here.map(|it| it.seq).max().unwrap_or(Seq::START)
        };
        let kept = rows.events.iter().filter(here).filter(|it| it.seq > rows.pruned);
        let head = rows.head();
        let floor = last(rows.pruned);
        EventPage {
            events: kept.filter(|it| it.seq > after).take(limit).cloned().collect(),
            floor: if faults::is(Fault::PrunesInSilence) { Seq::START } else { floor },
            last: last(head),
            head,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The app before anybody reads, with `before` in its log, of which the hub has been
/// shown the last `preloaded`.
pub(crate) fn app(before: &[Committed], preloaded: usize, ring_bytes: usize) -> App {
    let head = before.last().map_or(Seq::START, |it| it.event.seq);
    let hub = Hub::new(EPOCH, head, HubSettings { ring_bytes });
    let kept = &before[before.len().saturating_sub(preloaded)..];
    let kept: Vec<_> = kept.iter().map(|it| it.event.clone()).collect();
    hub.preload(&kept);
    hub.preload_sides(before.iter().map(|it| {
        let EventFacts { location, channel, .. } = &it.event.facts;
        (location.clone(), channel.clone(), it.event.seq)
    }));
    let log = Log(Mutex::new(Rows { events: Vec::new(), pruned: Seq::START }));
    log.append(before);
    App {
        hub,
        store: Arc::new(log),
        snapshots: Snapshots,
        stream: Settings { heartbeat: Duration::from_hours(1) },
        clock: CLOCK,
    }
}

/// What the store's writer does with a commit, in its order.
pub(crate) fn commit(app: &App, changes: &[Committed]) {
    app.store.append(changes);
    if faults::is(Fault::WakesFirst) {
        app.hub.announce();
        app.hub.committed(changes);
    } else {
        app.hub.committed(changes);
        app.hub.announce();
    }
}

pub(crate) fn id(number: u64) -> OrderId {
    OrderId(uuid::Uuid::from_u128(u128::from(number)))
}

/// The log of an evening: three orders in turn, two at the main location over the
/// web and one at the airport over the phone. `erased` says where the first is erased.
pub(crate) fn history(length: u64, erased: Option<u64>) -> Vec<Committed> {
    let mut orders: Vec<FoodOrder> = (0..3).map(placed).collect();
    if erased.is_some() {
        // So much that a reader takes the log in several goes, and an erasure comes between.
        let about = orders.iter_mut().map(|order| &mut order.customer.name);
        about.for_each(|name| name.push_str(&"x".repeat(9000)));
    }
    let step = |seq: u64| {
        let forgets = erased == Some(seq);
        let index = if forgets { 0 } else { usize::try_from((seq - 1) % 3).expect("small") };
        let order = &mut orders[index];
        if seq > 3 {
            order.version = order.version.next();
            order.last_change.from = Some(order.status);
            order.status = OrderStatus::Accepted;
            order.last_change.to = OrderStatus::Accepted;
        }
        if forgets {
            order.last_change.what = What::Erased;
            order.customer = Customer::default();
        }
        let event = StoredEvent {
            seq: Seq(seq),
            facts: EventFacts::of(order),
            order_json: serde_json::to_vec(order).expect("serialises").into(),
        };
        Committed { event, order: order.clone() }
    };
    (1..=length).map(step).collect()
}

fn placed(number: u64) -> FoodOrder {
    let (location, channel) = if number == 2 { ("airport", "phone") } else { ("main", "web") };
    let order = NewOrder {
        location: Location::parse(location).expect("a label"),
        source: Source {
            channel: Channel::parse(channel).expect("a label"),
            external_id: None,
            accept_by: None,
            placed_at: None,
        },
        fulfilment: Fulfilment::default(),
        customer: Customer { name: PERSON.to_owned(), phone: None },
        items: vec![NewItem {
            name: "Soup".to_owned(),
            quantity: 1,
            unit_price: MinorUnits(500),
            station: Station::parse("grill").expect("a label"),
            modifiers: Vec::new(),
            allergens: Vec::new(),
            note: None,
        }],
        currency: Currency::parse("EUR").expect("a currency"),
        tax: MinorUnits(0),
        tip: MinorUnits(0),
        fees: MinorUnits(0),
        discount: MinorUnits(0),
        rush: false,
    };
    let number = u32::try_from(number).expect("small");
    order.place(id(number.into()), OrderNumber(number), CLOCK.now(), Promise::default())
}
