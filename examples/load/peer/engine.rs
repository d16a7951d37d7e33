//! This project's server with all its routes, on a store of its own. Events go
//! straight to where the store's writer hands a commit over, so that it is the
//! fan-out that is measured and not the disk.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use live_orders::{
    domain::{
        Actor, ActorKind, Change, Channel, FoodOrder, OrderId, OrderNumber, OrderStatus, Profile,
        Promise, Promises, Screen, ScreenName, UnixMillis, Version,
    },
    server::{
        access::Access,
        assets::Assets,
        clock::Clock,
        clockwork::Clockwork,
        config::Config,
        hub::Hub,
        ingest::idempotency::KeysInFlight,
        kitchen::Kitchen,
        listen,
        orders::Orders,
        router::router,
        sources::Sources,
        state::{App, PageSettings, Parts, Suggestions},
        store::{
            ChangeError, CommitSink, Committed, EraseError, Erased, Erasure, EventPage, History,
            PlaceError, Placed, PlacedBefore, Placement, ScreenError, Seen, Setting, Sides, Sought,
            SqliteStore, Store, StoredEvent, StoredOrders, Unavailable, Wanted, WebhookStore,
            sqlite::Purpose,
        },
        stream::{self, OpenStreams, Snapshots, Sweepers},
        tracking::{TokenDigest, TrackingKey},
        webhooks::Webhooks,
    },
    wire::{Epoch, EventFacts, Seq, StreamFilter, Wall},
};
use tokio_util::sync::CancellationToken;

use super::control::{Publish, Ready, obey};
use crate::sample::{Ticket, new_order, order_id};

/// The store is in the working directory, which is the peer's own.
pub(super) fn run(settings: &[String]) -> anyhow::Result<()> {
    let mut flags = vec![
        ("server.listen".to_owned(), "127.0.0.1:0".to_owned()),
        ("server.data".to_owned(), "data".to_owned()),
        ("stream.max".to_owned(), "1000000".to_owned()),
        ("stream.max_per_address".to_owned(), "0".to_owned()),
        ("stream.max_each".to_owned(), "0".to_owned()),
    ];
    for setting in settings {
        let (key, value) = setting.split_once('=').context("a setting is KEY=VALUE")?;
        flags.push((key.to_owned(), value.to_owned()));
    }
    let config = Config::load(None, [], &flags)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let listener = listen::bind(config.listen)?;
    let address = listener.local_addr()?;
    let store = SqliteStore::open(&config.data, Purpose::Service, Arc::new(Deaf))?;
    let epoch = store.epoch();
    let hub = Hub::new(epoch, store.head_at_start(), config.hub);
    let store: Arc<dyn Store> = Arc::new(Ahead { inner: store, hub: Arc::clone(&hub) });
    let clock = Clock::system();
    let shutdown = CancellationToken::new();
    let kitchen = Kitchen::new(Arc::clone(&store), Arc::clone(&hub), clock.clone(), config.kitchen);
    let kitchen = Arc::new(kitchen);
    let app = App::new(Parts {
        orders: Orders::new(
            Arc::clone(&store),
            clock.clone(),
            Arc::clone(&kitchen),
            config.orders.clone(),
        ),
        clockwork: Arc::new(Clockwork::new(
            Arc::clone(&store),
            Arc::clone(&kitchen),
            clock.clone(),
        )),
        webhooks: Arc::new(Webhooks::new(
            Arc::clone(&store),
            Arc::clone(&hub),
            config.webhooks.clone(),
        )),
        kitchen,
        sources: Arc::new(Sources::new(Arc::clone(&hub), config.sources, config.orders.clone())),
        store,
        access: Access::of_everybody(Arc::clone(&hub), clock.clone(), config.access)?,
        hub: Arc::clone(&hub),
        clock,
        stream: config.stream,
        open_streams: OpenStreams::new(config.stream.limits),
        snapshots: Snapshots::default(),
        sweepers: Sweepers::of(&config)?,
        suggestions: Suggestions::default(),
        keys_in_flight: KeysInFlight::default(),
        assets: Assets::find(&config.leptos),
        page: PageSettings {
            location: config.orders.location.clone(),
            currency: config.orders.currency,
            time_zone: config.orders.time_zone.clone(),
            language: config.language,
            demo: false,
            tracking: config.tracking.clone(),
        },
        cors: config.cors.clone(),
        trust: None,
        shutdown: shutdown.clone(),
    });
    tokio::spawn(stream::heartbeats(Arc::clone(&hub), app.clone()));
    let mut commits = Commits::new()?;
    obey(move |publish| {
        hub.committed(&commits.next(publish));
        hub.announce();
    });
    Ready { address, path: "/live-orders".to_owned(), id_prefix: format!("{epoch}-") }.say()?;
    listen::serve(listener, router(app), config.connections, shutdown).await;
    Ok(())
}

/// Commits as the store's writer makes them.
struct Commits {
    head: Seq,
    order: FoodOrder,
}

impl Commits {
    fn new() -> anyhow::Result<Self> {
        let at = Clock::system().now();
        let mut order = new_order()?.place(order_id(0), OrderNumber(101), at, Promise::default());
        order.version = Version(3);
        order.status = OrderStatus::Preparing;
        order.last_change.from = Some(OrderStatus::Accepted);
        order.last_change.to = OrderStatus::Preparing;
        order.last_change.actor = Actor { kind: ActorKind::Staff, id: "screen".to_owned() };
        Ok(Self { head: Seq::START, order })
    }

    fn next(&mut self, publish: Publish) -> Vec<Committed> {
        (0..publish.count)
            .map(|_| {
                let about = u32::try_from(self.head.0).unwrap_or_default() % publish.orders;
                self.head = self.head.next();
                let number = u32::try_from(self.head.0).unwrap_or_default();
                self.order.id = order_id(about);
                let event = StoredEvent {
                    seq: self.head,
                    facts: EventFacts::of(&self.order),
                    order_json: Bytes::from(Ticket::new(number, about).json()),
                };
                Committed { event, order: self.order.clone() }
            })
            .collect()
    }
}

/// Nothing is committed through the store itself.
struct Deaf;

impl CommitSink for Deaf {
    fn committed(&self, _: &[Committed]) {}

    fn announce(&self) {}
}

/// The store, with the head that the hub has: what was published never went
/// through it.
struct Ahead {
    inner: SqliteStore,
    hub: Arc<Hub>,
}

impl Store for Ahead {
    fn epoch(&self) -> Epoch {
        self.inner.epoch()
    }

    fn place(&self, placement: Placement) -> BoxFuture<'_, Result<Placed, PlaceError>> {
        self.inner.place(placement)
    }

    fn change(
        &self,
        id: OrderId,
        change: Change,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<Bytes, ChangeError>> {
        self.inner.change(id, change, at)
    }

    fn events(&self, after: Seq, limit: usize) -> BoxFuture<'_, Result<EventPage, Unavailable>> {
        async move {
            // Asked all the same: a stream that begins pays for this.
            let page = self.inner.events(after, limit).await?;
            if limit > 0 {
                // Further behind than the hub reaches. What it wants is not here.
                return Err(Unavailable::new("these events were never stored"));
            }
            let head = self.hub.head();
            Ok(EventPage { last: head, head, ..page })
        }
        .boxed()
    }

    fn events_behind(
        &self,
        _wall: Wall,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<EventPage, Unavailable>> {
        // Everybody is let in, and nobody is behind a wall.
        self.events(after, limit)
    }

    fn sides(&self) -> BoxFuture<'_, Result<Sides, Unavailable>> {
        self.inner.sides()
    }

    fn of_these(
        &self,
        wall: Wall,
        orders: Vec<OrderId>,
    ) -> BoxFuture<'_, Result<Vec<OrderId>, Unavailable>> {
        self.inner.of_these(wall, orders)
    }

    fn snapshot(&self, filter: StreamFilter) -> BoxFuture<'_, Result<StoredOrders, Unavailable>> {
        self.inner.snapshot(filter)
    }

    fn list(
        &self,
        filter: StreamFilter,
        wanted: Wanted,
    ) -> BoxFuture<'_, Result<StoredOrders, Unavailable>> {
        self.inner.list(filter, wanted)
    }

    fn history(&self, id: OrderId) -> BoxFuture<'_, Result<Option<History>, Unavailable>> {
        self.inner.history(id)
    }

    fn order(&self, id: OrderId) -> BoxFuture<'_, Result<Option<FoodOrder>, Unavailable>> {
        self.inner.order(id)
    }

    fn note_seen(&self, seen: Vec<Seen>) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.inner.note_seen(seen)
    }

    fn setting(&self, name: Setting) -> BoxFuture<'_, Result<Option<String>, Unavailable>> {
        self.inner.setting(name)
    }

    fn set(&self, name: Setting, value: String) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.inner.set(name, value)
    }

    fn placed_before(
        &self,
        sought: Sought,
    ) -> BoxFuture<'_, Result<Option<PlacedBefore>, Unavailable>> {
        self.inner.placed_before(sought)
    }

    fn promise_the_old(&self, promises: Promises) -> BoxFuture<'_, Result<u64, Unavailable>> {
        self.inner.promise_the_old(promises)
    }

    fn recent(&self, since: UnixMillis) -> BoxFuture<'_, Result<Vec<FoodOrder>, Unavailable>> {
        self.inner.recent(since)
    }

    fn arrivals(
        &self,
        since: UnixMillis,
    ) -> BoxFuture<'_, Result<Vec<(Channel, UnixMillis)>, Unavailable>> {
        self.inner.arrivals(since)
    }

    fn prune(
        &self,
        before: UnixMillis,
        keys_before: UnixMillis,
    ) -> BoxFuture<'_, Result<u64, Unavailable>> {
        self.inner.prune(before, keys_before)
    }

    fn screens(&self) -> BoxFuture<'_, Result<Vec<Screen>, Unavailable>> {
        self.inner.screens()
    }

    fn screen(&self, name: ScreenName) -> BoxFuture<'_, Result<Option<Screen>, Unavailable>> {
        self.inner.screen(name)
    }

    fn put_screen(
        &self,
        name: ScreenName,
        profile: Profile,
        expected: Option<Version>,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<Screen, ScreenError>> {
        self.inner.put_screen(name, profile, expected, at)
    }

    fn delete_screen(
        &self,
        name: ScreenName,
        expected: Option<Version>,
    ) -> BoxFuture<'_, Result<(), ScreenError>> {
        self.inner.delete_screen(name, expected)
    }

    fn tracking_key(&self) -> TrackingKey {
        self.inner.tracking_key()
    }

    fn tracked(&self, token: TokenDigest) -> BoxFuture<'_, Result<Option<FoodOrder>, Unavailable>> {
        self.inner.tracked(token)
    }

    fn erase(&self, erasure: Erasure) -> BoxFuture<'_, Result<Erased, EraseError>> {
        self.inner.erase(erasure)
    }

    fn erase_old(
        &self,
        before: UnixMillis,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<u64, Unavailable>> {
        self.inner.erase_old(before, at)
    }

    fn erasures_asked(&self) -> BoxFuture<'_, Result<Vec<OrderId>, Unavailable>> {
        self.inner.erasures_asked()
    }

    fn webhooks(&self) -> &dyn WebhookStore {
        self.inner.webhooks()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.inner.check()
    }
}
