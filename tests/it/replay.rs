//! Cut and replay: whatever happens, whatever the filter and wherever a stream
//! is cut, a reader that comes back with its last id ends up with what one that
//! was never cut has. The service on the real store, without a network or with
//! sockets that a sweeper writes to, and a ring of a few events so that resumes
//! come from the hub, from the store, and from before what is kept.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::{Buf as _, Bytes};
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use hyper::Request;
use live_orders::{
    domain::{
        Actor, ActorKind, Change, Channel, Currency, Customer, FoodOrder, Fulfilment, Intake,
        IntakeState, ItemId, ItemStatus, Location, MinorUnits, NewItem, NewOrder, OrderId,
        OrderStatus, Profile, Promises, Screen, ScreenName, Service, Station, UnixMillis, Version,
        change::{Acknowledged, Action},
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
        listen::{self, ListenSettings},
        orders::Orders,
        router::router,
        sources::Sources,
        state::{App, PageSettings, Parts, Suggestions},
        store::{
            ChangeError, CommitSink, Committed, EraseError, Erased, Erasure, EventPage, History,
            PlaceError, Placed, PlacedBefore, Placement, ScreenError, Seen, Setting, Sides, Sought,
            SqliteStore, Store, StoredOrders, Unavailable, Wanted, WebhookStore, sqlite::Purpose,
        },
        stream::{OpenStreams, Snapshots, Sweepers},
        tracking::{TokenDigest, TrackingKey},
        webhooks::Webhooks,
    },
    wire::{
        Epoch, EventKind, Seq, Snapshot, StreamFilter, Wall,
        frame::{Frame, FrameReader},
    },
};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tokio_util::sync::CancellationToken;

use crate::{
    properties::action,
    support::{Gunzip, config, id_of, order_of, read, within},
};

const STATIONS: [&str; 3] = ["grill", "fry", "bar"];
const CHANNELS: [&str; 2] = ["web", "kiosk"];

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Place {
        station: usize,
        /// Of a second line, if it has one.
        second: Option<usize>,
        channel: usize,
        service: usize,
    },
    Go {
        order: Index,
        to: Index,
    },
    Tick {
        order: Index,
        status: Index,
    },
    /// Whatever else may be done to it; nothing where that is refused.
    Do {
        order: Index,
        action: Box<Action>,
    },
    /// Somebody knows that it is cancelled, at one station or for all.
    Know {
        order: Index,
        station: Option<usize>,
    },
    /// Both readers take what is there for them; the one that may be cut takes
    /// at most this many pieces. With none it only connects, and may be cut in
    /// the middle of the first.
    Read(usize),
    /// The reader is cut in the middle of a piece; it comes back when it reads.
    Cut {
        within: Index,
    },
    Heartbeat,
    /// What is older than so many steps is no longer kept.
    Prune {
        steps: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize, prop::option::of(0..3_usize), 0..2_usize, 0..4_usize).prop_map(
            |(station, second, channel, service)| Step::Place { station, second, channel, service }
        ),
        6 => (any::<Index>(), action()).prop_map(|(order, action)| {
            Step::Do { order, action: Box::new(action) }
        }),
        2 => (any::<Index>(), prop::option::of(0..3_usize))
            .prop_map(|(order, station)| Step::Know { order, station }),
        8 => any::<(Index, Index)>().prop_map(|(order, to)| Step::Go { order, to }),
        2 => any::<(Index, Index)>().prop_map(|(order, status)| Step::Tick { order, status }),
        4 => (0..6_usize).prop_map(Step::Read),
        3 => any::<Index>().prop_map(|within| Step::Cut { within }),
        1 => Just(Step::Heartbeat),
    ]
}

fn step_or_prune() -> impl Strategy<Value = Step> {
    prop_oneof![12 => step(), 1 => (0..12_i64).prop_map(|steps| Step::Prune { steps })]
}

fn filter(types: bool) -> impl Strategy<Value = StreamFilter> {
    use prop::sample::subsequence;
    let kinds = if types { 0..=3 } else { 0..=0 };
    (
        subsequence(EventKind::ALL.to_vec(), kinds),
        subsequence(STATIONS.to_vec(), 0..=2),
        subsequence(CHANNELS.to_vec(), 0..=1),
        subsequence(OrderStatus::ALL.to_vec(), 0..=4),
    )
        .prop_map(|(types, stations, channels, statuses)| StreamFilter {
            types,
            stations: stations.into_iter().map(station).collect(),
            channels: channels.into_iter().map(channel).collect(),
            statuses,
            ..StreamFilter::default()
        })
}

pub(crate) fn station(name: &str) -> Station {
    Station::parse(name).expect("a station")
}

pub(crate) fn channel(name: &str) -> Channel {
    Channel::parse(name).expect("a channel")
}

/// Hands commits on to the hub, which is made after the store.
#[derive(Default)]
struct Relay {
    hub: OnceLock<Arc<Hub>>,
    /// While the other end is there, commits wait here: the store has them and
    /// the hub has not.
    held: Mutex<Option<mpsc::Receiver<()>>>,
}

impl Relay {
    /// Holds commits until what this gives is dropped.
    fn hold(&self) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel();
        *self.held.lock().expect("not poisoned") = Some(held);
        release
    }
}

impl CommitSink for Relay {
    fn committed(&self, changes: &[Committed]) {
        if let Some(held) = self.held.lock().expect("not poisoned").take() {
            let _ = held.recv();
        }
        if let Some(hub) = self.hub.get() {
            hub.committed(changes);
        }
    }

    fn announce(&self) {
        if let Some(hub) = self.hub.get() {
            hub.announce();
        }
    }
}

/// The service without a network.
pub(crate) struct Offline {
    pub(crate) app: App,
    relay: Arc<Relay>,
    pub(crate) router: Router,
    pub(crate) orders: Vec<FoodOrder>,
    /// Where it listens, if it does.
    address: Option<SocketAddr>,
    _folder: TempDir,
}

impl Drop for Offline {
    fn drop(&mut self) {
        self.app.shutdown.cancel();
        if let Some(sweepers) = &self.app.sweepers {
            sweepers.stop();
        }
    }
}

/// Milliseconds from one step to the next.
const STEP_MILLIS: i64 = 1000;

impl Offline {
    pub(crate) fn new(ring_bytes: usize) -> Self {
        Self::with_store(ring_bytes, |store| store)
    }

    /// One whose streams go over sockets.
    pub(crate) fn listening(configure: impl FnOnce(&mut Config)) -> Self {
        let (mut service, config) = Self::make(configure, |store| store);
        service.listen(service.router.clone(), config.connections);
        service
    }

    /// Answers as `router` does, on a port of its own.
    pub(crate) fn listen(&mut self, router: Router, settings: ListenSettings) {
        let listener = listen::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        self.address = Some(listener.local_addr().expect("its address"));
        tokio::spawn(listen::serve(listener, router, settings, self.app.shutdown.clone()));
    }

    fn with_store(ring_bytes: usize, wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let configure = |config: &mut Config| {
            config.hub.ring_bytes = ring_bytes;
            config.stream.take_sockets = false;
        };
        Self::make(configure, wrap).0
    }

    pub(crate) fn make(
        configure: impl FnOnce(&mut Config),
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> (Self, Config) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = config(folder.path());
        configure(&mut config);
        let relay = Arc::new(Relay::default());
        let sink = Arc::clone(&relay) as Arc<dyn CommitSink>;
        let store = SqliteStore::open(folder.path(), Purpose::Service, sink).expect("a store");
        let hub = Hub::new(store.epoch(), store.head_at_start(), config.hub);
        let _ = relay.hub.set(Arc::clone(&hub));
        let store = wrap(Arc::new(store));
        let clock = Clock::manual(UnixMillis(1_790_000_000_000));
        let kitchen =
            Kitchen::new(Arc::clone(&store), Arc::clone(&hub), clock.clone(), config.kitchen);
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
            sources: Arc::new(Sources::new(
                Arc::clone(&hub),
                config.sources,
                config.orders.clone(),
            )),
            store,
            access: Access::of_everybody(Arc::clone(&hub), clock.clone(), config.access)
                .expect("memory"),
            cors: config.cors.clone(),
            hub,
            clock,
            stream: config.stream,
            open_streams: OpenStreams::new(config.stream.limits),
            snapshots: Snapshots::default(),
            sweepers: Sweepers::of(&config).expect("threads"),
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
            trust: None,
            shutdown: CancellationToken::new(),
        });
        let router = router(app.clone());
        let orders = Vec::new();
        (Self { router, app, relay, orders, address: None, _folder: folder }, config)
    }

    async fn carry_out(&mut self, step: &Step) {
        self.app.clock.set(self.app.clock.now().plus(STEP_MILLIS));
        match step {
            Step::Place { station: at, second, channel: from, service } => {
                let mut order = new_order(
                    station(STATIONS[*at]),
                    channel(CHANNELS[*from]),
                    Service::ALL[*service],
                );
                if let Some(second) = second {
                    let line =
                        NewItem { station: station(STATIONS[*second]), ..order.items[0].clone() };
                    order.items.push(line);
                }
                let placed = self.app.orders.place(order, None).await.expect("placed");
                self.orders.push(serde_json::from_slice(&placed.order_json).expect("an order"));
            }
            Step::Go { order, to } if !self.orders.is_empty() => {
                let order = order.get_mut(&mut self.orders);
                let allowed = order.allowed();
                if !allowed.is_empty() {
                    let action = Action::Transition { to: *to.get(allowed), reason: None };
                    *order = change(&self.app, order, action).await;
                }
            }
            Step::Tick { order, status } if !self.orders.is_empty() => {
                let order = order.get_mut(&mut self.orders);
                let status = *status.get(&ItemStatus::ALL);
                let action = Action::Item { item: ItemId(1), status };
                try_change(&self.app, order, action).await;
            }
            Step::Do { order, action } if !self.orders.is_empty() => {
                try_change(&self.app, order.get_mut(&mut self.orders), (**action).clone()).await;
            }
            Step::Know { order, station: at } if !self.orders.is_empty() => {
                let stations = at.iter().map(|at| station(STATIONS[*at])).collect();
                let action = Action::Acknowledge { of: Acknowledged::Cancel, stations };
                try_change(&self.app, order.get_mut(&mut self.orders), action).await;
            }
            Step::Heartbeat => self.app.hub.heartbeat(self.app.clock.now()),
            Step::Prune { steps } => {
                let before = self.app.clock.now().plus(-steps * STEP_MILLIS);
                self.app.store.prune(before, before).await.expect("pruned");
            }
            _ => {}
        }
    }

    pub(crate) async fn open(&self, filter: &StreamFilter, last_id: Option<&str>) -> Body {
        let path = format!("/live-orders?{}", filter.to_query());
        get(self.router.clone(), path, &[("last-event-id", last_id.unwrap_or_default())]).await
    }

    async fn source(&self, filter: &StreamFilter, last_id: Option<&str>, packed: bool) -> Source {
        let path = format!("/live-orders?{}", filter.to_query());
        let headers = [
            ("last-event-id", last_id.unwrap_or_default()),
            ("accept-encoding", if packed { "gzip" } else { "" }),
        ];
        match self.address {
            None => Source::Body(get(self.router.clone(), path, &headers).await),
            Some(_) => self.connect(&path, &headers).await,
        }
    }

    /// A socket on which a stream was asked for.
    pub(crate) async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> TcpStream {
        // Hyper sends chunks to whoever knows of them.
        let version = if self.app.sweepers.is_some() { "1.1" } else { "1.0" };
        let mut request = format!("GET {path} HTTP/{version}\r\nhost: test\r\n");
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = [request.as_str(), name, ": ", value, "\r\n"].concat();
        }
        request.push_str("\r\n");
        let socket = TcpSocket::new_v4().expect("a socket");
        // Little room, so that a reader that does not read is soon not written to.
        socket.set_recv_buffer_size(2048).expect("a small buffer");
        let address = self.address.expect("it listens");
        let mut socket = within("a connection", socket.connect(address)).await.expect("connected");
        socket.write_all(request.as_bytes()).await.expect("a request");
        socket
    }

    /// A stream over a socket, up to and with its first bytes.
    pub(crate) async fn connect(&self, path: &str, headers: &[(&str, &str)]) -> Source {
        let mut socket = self.ask(path, headers).await;
        let mut answer = Vec::new();
        loop {
            within("an answer", socket.read_buf(&mut answer)).await.expect("an answer");
            let head = answer.windows(4).position(|it| it == b"\r\n\r\n");
            if let Some(head) = head.filter(|head| head + 4 < answer.len()) {
                assert_eq!(&answer[8..13], b" 200 ");
                return Source::Socket(socket, answer.split_off(head + 4).into());
            }
        }
    }

    pub(crate) async fn poll(&self, query: &str) -> Value {
        let body = get(self.router.clone(), format!("/api/events?{query}"), &[]).await;
        let body = body.collect().await.expect("a body").to_bytes();
        serde_json::from_slice(&body).expect("JSON")
    }

    pub(crate) async fn place(&mut self) {
        self.carry_out(&Step::Place { station: 0, second: None, channel: 0, service: 0 }).await;
    }
}

pub(crate) async fn get(router: Router, path: String, headers: &[(&'static str, &str)]) -> Body {
    let mut request = Request::get(path);
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let answer = tower::ServiceExt::oneshot(router, request).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.into_body()
}

/// Does `action` to `order` where the rules allow it.
async fn try_change(app: &App, order: &mut FoodOrder, action: Action) {
    let actor = Actor { kind: ActorKind::Staff, id: "test".to_owned() };
    let change = Change { action, expected_version: order.version, actor };
    match app.orders.change(order.id, change).await {
        Ok(json) => *order = serde_json::from_slice(&json).expect("an order"),
        Err(ChangeError::Refused(_)) => {}
        Err(error) => panic!("{error:?}"),
    }
}

pub(crate) async fn change(app: &App, order: &FoodOrder, action: Action) -> FoodOrder {
    let actor = Actor { kind: ActorKind::Staff, id: "test".to_owned() };
    let change = Change { action, expected_version: order.version, actor };
    let json = app.orders.change(order.id, change).await.expect("a change that is allowed");
    serde_json::from_slice(&json).expect("an order")
}

pub(crate) fn new_order(station: Station, channel: Channel, service: Service) -> NewOrder {
    NewOrder {
        location: Location::parse("main").expect("a location"),
        source: live_orders::domain::Source {
            channel,
            external_id: None,
            accept_by: None,
            placed_at: None,
        },
        fulfilment: Fulfilment { service, ..Fulfilment::default() },
        customer: Customer::default(),
        items: vec![NewItem {
            name: "x".to_owned(),
            quantity: 1,
            unit_price: MinorUnits(100),
            station,
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
    }
}

/// Where a reader reads from.
pub(crate) enum Source {
    Body(Body),
    /// A socket, and what came with the answer's head.
    Socket(TcpStream, Bytes),
}

impl Source {
    /// The next piece; none at the end.
    pub(crate) async fn piece(&mut self) -> Option<Bytes> {
        match self {
            Self::Body(body) => body.frame().await?.expect("bytes").into_data().ok(),
            Self::Socket(_, first) if !first.is_empty() => Some(std::mem::take(first)),
            Self::Socket(socket, _) => {
                let mut piece = Vec::with_capacity(512);
                // A server that goes may do so with a reset.
                let count = socket.read_buf(&mut piece).await.unwrap_or(0);
                (count > 0).then(|| piece.into())
            }
        }
    }
}

impl Source {
    /// The next byte; none at the end.
    pub(crate) async fn byte(&mut self) -> Option<u8> {
        match self {
            Self::Socket(socket, first) if first.is_empty() => socket.read_u8().await.ok(),
            Self::Socket(_, first) => Some(first.get_u8()),
            Self::Body(_) => panic!("a body comes in pieces"),
        }
    }
}

/// A reader, and what it has made of what it read.
struct Reader {
    filter: StreamFilter,
    /// Whether it takes its stream compressed.
    packed: bool,
    gunzip: Option<Gunzip>,
    source: Option<Source>,
    frames: FrameReader,
    last_id: Option<String>,
    /// The events in the order in which they came.
    events: Vec<Frame>,
    /// The open orders that its filter shows.
    shown: BTreeMap<OrderId, FoodOrder>,
    snapshots: usize,
}

impl Reader {
    fn new(filter: &StreamFilter, packed: bool) -> Self {
        Self {
            filter: filter.clone(),
            packed,
            gunzip: None,
            source: None,
            frames: FrameReader::default(),
            last_id: None,
            events: Vec::new(),
            shown: BTreeMap::new(),
            snapshots: 0,
        }
    }

    async fn connect(&mut self, service: &Offline) {
        if self.source.is_none() {
            self.frames = FrameReader::default();
            self.gunzip = self.packed.then(Gunzip::default);
            let last_id = self.last_id.as_deref();
            self.source = Some(service.source(&self.filter, last_id, self.packed).await);
        }
    }

    /// The next piece; none when there is none yet, and when the stream has ended.
    fn piece(&mut self) -> Option<Bytes> {
        let source = self.source.as_mut()?;
        let ready = futures_util::FutureExt::now_or_never(source.piece())?;
        if ready.is_none() {
            self.source = None;
        }
        ready
    }

    async fn read(&mut self, service: &Offline, most: usize) {
        self.connect(service).await;
        for _ in 0..most {
            let Some(piece) = self.piece() else { break };
            self.take(&piece);
        }
    }

    /// Reads on until it has everything up to the head.
    async fn finish(&mut self, service: &Offline) {
        let head = service.app.hub.head();
        // A stream hears heartbeats once it has caught up, so they go on as in life.
        let mut beats = tokio::time::interval(Duration::from_millis(1));
        loop {
            self.connect(service).await;
            let Some(source) = self.source.as_mut() else { continue };
            let piece = tokio::select! {
                piece = source.piece() => piece,
                _ = beats.tick() => {
                    service.app.hub.heartbeat(service.app.clock.now());
                    continue;
                }
            };
            let Some(piece) = piece else {
                self.source = None;
                continue;
            };
            let seen = self.take(&piece);
            if seen.iter().any(|it| it.event == "heartbeat" && id_of(it).seq == head) {
                return;
            }
        }
    }

    fn take(&mut self, piece: &[u8]) -> Vec<Frame> {
        let frames = match &mut self.gunzip {
            Some(gunzip) => self.frames.push(&gunzip.push(piece)),
            None => self.frames.push(piece),
        };
        for frame in &frames {
            // A hello before a snapshot leaves the reader where it was.
            if frame.event == "hello" && frame.id.is_empty() {
                continue;
            }
            let id = id_of(frame);
            let last = self.last_id.replace(frame.id.clone());
            let grows = |than: &String| {
                id.seq > than.parse::<live_orders::wire::EventId>().expect("an id").seq
            };
            match frame.event.as_str() {
                "hello" | "heartbeat" => {}
                "snapshot" => {
                    let snapshot: Snapshot = read(frame);
                    self.snapshots += 1;
                    self.shown = snapshot.orders.into_iter().map(|it| (it.id, it)).collect();
                }
                _ => {
                    assert!(last.as_ref().is_none_or(grows), "{last:?} and then {frame:?}");
                    self.events.push(frame.clone());
                    let order = order_of(frame);
                    if order.is_on_board() && self.filter.shows(&order) {
                        self.shown.insert(order.id, order);
                    } else {
                        self.shown.remove(&order.id);
                    }
                }
            }
        }
        frames
    }

    /// The connection breaks after a part of what is there.
    fn cut(&mut self, within: Index) {
        if let Some(piece) = self.piece() {
            let kept = within.index(piece.len() + 1);
            self.take(&piece[..kept]);
        }
        self.source = None;
    }
}

/// Plays `steps` with two readers, one of which is cut; gives both at the end.
async fn play(
    steps: &[Step],
    filter: &StreamFilter,
    ring: usize,
    packed: [bool; 2],
    sockets: bool,
) -> (Reader, Reader) {
    let mut service = if sockets {
        Offline::listening(|config| config.hub.ring_bytes = ring)
    } else {
        Offline::new(ring)
    };
    let (mut whole, mut cut) = (Reader::new(filter, packed[0]), Reader::new(filter, packed[1]));
    // Both have begun: hello gives them the position that they come back with.
    whole.read(&service, 1).await;
    cut.read(&service, 1).await;
    for step in steps {
        match step {
            Step::Read(most) => cut.read(&service, *most).await,
            Step::Cut { within } => cut.cut(*within),
            step => service.carry_out(step).await,
        }
        // The other one always keeps up, so that nothing is pruned before it has it.
        whole.read(&service, usize::MAX).await;
    }
    within("the end of the one", whole.finish(&service)).await;
    within("the end of the other", cut.finish(&service)).await;
    (whole, cut)
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

fn sizes() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![1, 2000, 8000, 1 << 20])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Nothing is pruned: a reader that is cut has every event once, in order.
    #[test]
    fn who_comes_back_has_every_event_once(
        steps in vec(step(), 1..60),
        filter in filter(true),
        ring in sizes(),
        packed: [bool; 2],
        sockets: bool,
    ) {
        let (whole, cut) = block_on(play(&steps, &filter, ring, packed, sockets));
        prop_assert_eq!((whole.snapshots, cut.snapshots), (0, 0));
        prop_assert_eq!(&whole.events, &cut.events);
    }

    /// Events are pruned: a reader that is cut is told so where it matters, and
    /// shows the same orders in the end.
    #[test]
    fn who_comes_back_too_late_shows_the_same_orders(
        steps in vec(step_or_prune(), 1..60),
        filter in filter(false),
        ring in sizes(),
        packed: [bool; 2],
        sockets: bool,
    ) {
        let (whole, cut) = block_on(play(&steps, &filter, ring, packed, sockets));
        prop_assert_eq!(&whole.shown, &cut.shown);
        if cut.snapshots + whole.snapshots == 0 {
            prop_assert_eq!(&whole.events, &cut.events);
        }
    }
}

/// The next piece of a body, as text.
async fn text(body: &mut Body) -> String {
    let piece = within("a piece", body.frame()).await.expect("more").expect("bytes");
    String::from_utf8(piece.into_data().expect("data").to_vec()).expect("UTF-8")
}

/// The store's readers see a commit a moment before the hub hears of it. A
/// position from there is none of the future, and is not sent again.
#[tokio::test]
async fn a_position_that_the_hub_has_not_heard_of_is_waited_for() {
    for query in ["after=", "snapshot=1&after="] {
        let mut service = Offline::new(1 << 20);
        let earliest = service.poll("").await["cursor"].as_str().expect("a cursor").to_owned();
        let release = service.relay.hold();
        let app = service.app.clone();
        let placing = tokio::spawn(async move {
            let order = new_order(station("grill"), channel("web"), Service::Pickup);
            app.orders.place(order, None).await.expect("placed")
        });
        let cursor = loop {
            let cursor = service.poll("").await["cursor"].as_str().expect("a cursor").to_owned();
            if cursor != earliest {
                break cursor;
            }
        };
        // By its id, and by a snapshot that is read now.
        let given = if query == "after=" { cursor.as_str() } else { "earliest" };
        let path = format!("/live-orders?{query}{given}");
        let opening = tokio::spawn(get(service.router.clone(), path, &[]));
        // Gives it time to come to where it must wait.
        for _ in 0..20 {
            service.poll("").await;
        }
        drop(release);
        let mut body = within("a stream", opening).await.expect("it did not panic");
        within("the order", placing).await.expect("it did not panic");
        let mut begun = text(&mut body).await;
        while !begun.ends_with("\n\n") {
            begun.push_str(&text(&mut body).await);
        }
        assert!(begun.contains(&format!("data: {{\"cursor\":\"{cursor}\"")), "{begun}");
        assert_eq!(begun.contains("event: snapshot"), query.starts_with("snapshot"), "{begun}");
        service.place().await;
        let next = text(&mut body).await;
        let (epoch, _) = cursor.split_once('-').expect("an id");
        assert!(next.starts_with(&format!("id: {epoch}-2\n")), "{next}");
    }
}

/// Who is still catching up when the server stops is told so, and comes back.
#[tokio::test]
async fn a_reader_far_behind_is_told_when_the_server_stops() {
    let mut service = Offline::new(1);
    let mut body = service.open(&StreamFilter::default(), None).await;
    let hello = text(&mut body).await;
    for _ in 0..5 {
        service.place().await;
    }
    service.app.hub.close();
    let bye = text(&mut body).await;
    assert!(hello.contains("-0\nevent: hello\n"), "{hello}");
    assert!(bye.contains("-0\nevent: bye\n"), "{bye}");
    assert!(within("the end", body.frame()).await.is_none());
}

/// Lets go of everything as soon as somebody has asked what there is, and is long
/// about the first setting, after it is kept.
struct Forgetful(Arc<dyn Store>, AtomicBool);

impl Forgetful {
    fn of(store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Self(store, AtomicBool::default()))
    }
}

impl Store for Forgetful {
    fn epoch(&self) -> Epoch {
        self.0.epoch()
    }

    fn place(&self, placement: Placement) -> BoxFuture<'_, Result<Placed, PlaceError>> {
        self.0.place(placement)
    }

    fn change(
        &self,
        id: OrderId,
        change: Change,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<Bytes, ChangeError>> {
        self.0.change(id, change, at)
    }

    fn events(&self, after: Seq, limit: usize) -> BoxFuture<'_, Result<EventPage, Unavailable>> {
        Box::pin(async move {
            let page = self.0.events(after, limit).await?;
            let end = UnixMillis(i64::MAX);
            self.0.prune(end, end).await?;
            Ok(page)
        })
    }

    fn events_behind(
        &self,
        wall: Wall,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<EventPage, Unavailable>> {
        Box::pin(async move {
            let page = self.0.events_behind(wall, after, limit).await?;
            let end = UnixMillis(i64::MAX);
            self.0.prune(end, end).await?;
            Ok(page)
        })
    }

    fn sides(&self) -> BoxFuture<'_, Result<Sides, Unavailable>> {
        self.0.sides()
    }

    fn of_these(
        &self,
        wall: Wall,
        orders: Vec<OrderId>,
    ) -> BoxFuture<'_, Result<Vec<OrderId>, Unavailable>> {
        self.0.of_these(wall, orders)
    }

    fn snapshot(&self, filter: StreamFilter) -> BoxFuture<'_, Result<StoredOrders, Unavailable>> {
        self.0.snapshot(filter)
    }

    fn list(
        &self,
        filter: StreamFilter,
        wanted: Wanted,
    ) -> BoxFuture<'_, Result<StoredOrders, Unavailable>> {
        self.0.list(filter, wanted)
    }

    fn history(&self, id: OrderId) -> BoxFuture<'_, Result<Option<History>, Unavailable>> {
        self.0.history(id)
    }

    fn order(&self, id: OrderId) -> BoxFuture<'_, Result<Option<FoodOrder>, Unavailable>> {
        self.0.order(id)
    }

    fn note_seen(&self, seen: Vec<Seen>) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.0.note_seen(seen)
    }

    fn setting(&self, name: Setting) -> BoxFuture<'_, Result<Option<String>, Unavailable>> {
        self.0.setting(name)
    }

    fn set(&self, name: Setting, value: String) -> BoxFuture<'_, Result<(), Unavailable>> {
        Box::pin(async move {
            self.0.set(name, value).await?;
            if !self.1.swap(true, Ordering::SeqCst) {
                // Whatever was asked for meanwhile is done, and was answered.
                for _ in 0..3 {
                    self.0.check().await?;
                }
            }
            Ok(())
        })
    }

    fn placed_before(
        &self,
        sought: Sought,
    ) -> BoxFuture<'_, Result<Option<PlacedBefore>, Unavailable>> {
        self.0.placed_before(sought)
    }

    fn promise_the_old(&self, promises: Promises) -> BoxFuture<'_, Result<u64, Unavailable>> {
        self.0.promise_the_old(promises)
    }

    fn recent(&self, since: UnixMillis) -> BoxFuture<'_, Result<Vec<FoodOrder>, Unavailable>> {
        self.0.recent(since)
    }

    fn arrivals(
        &self,
        since: UnixMillis,
    ) -> BoxFuture<'_, Result<Vec<(Channel, UnixMillis)>, Unavailable>> {
        self.0.arrivals(since)
    }

    fn prune(
        &self,
        before: UnixMillis,
        keys_before: UnixMillis,
    ) -> BoxFuture<'_, Result<u64, Unavailable>> {
        self.0.prune(before, keys_before)
    }

    fn screens(&self) -> BoxFuture<'_, Result<Vec<Screen>, Unavailable>> {
        self.0.screens()
    }

    fn screen(&self, name: ScreenName) -> BoxFuture<'_, Result<Option<Screen>, Unavailable>> {
        self.0.screen(name)
    }

    fn put_screen(
        &self,
        name: ScreenName,
        profile: Profile,
        expected: Option<Version>,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<Screen, ScreenError>> {
        self.0.put_screen(name, profile, expected, at)
    }

    fn delete_screen(
        &self,
        name: ScreenName,
        expected: Option<Version>,
    ) -> BoxFuture<'_, Result<(), ScreenError>> {
        self.0.delete_screen(name, expected)
    }

    fn webhooks(&self) -> &dyn WebhookStore {
        self.0.webhooks()
    }

    fn tracking_key(&self) -> TrackingKey {
        self.0.tracking_key()
    }

    fn tracked(&self, token: TokenDigest) -> BoxFuture<'_, Result<Option<FoodOrder>, Unavailable>> {
        self.0.tracked(token)
    }

    fn erase(&self, erasure: Erasure) -> BoxFuture<'_, Result<Erased, EraseError>> {
        self.0.erase(erasure)
    }

    fn erase_old(
        &self,
        before: UnixMillis,
        at: UnixMillis,
    ) -> BoxFuture<'_, Result<u64, Unavailable>> {
        self.0.erase_old(before, at)
    }

    fn erasures_asked(&self) -> BoxFuture<'_, Result<Vec<OrderId>, Unavailable>> {
        self.0.erasures_asked()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.0.check()
    }
}

#[tokio::test]
async fn what_is_pruned_while_it_is_asked_for_is_a_snapshot_and_no_gap() {
    let mut service = Offline::with_store(1, Forgetful::of);
    let earliest = service.poll("").await["cursor"].as_str().expect("a cursor").to_owned();
    for _ in 0..3 {
        service.place().await;
    }
    let page = service.poll(&format!("after={earliest}")).await;
    assert_eq!(page["snapshot"]["reason"], "pruned", "{page}");
    assert_eq!(page["snapshot"]["orders"].as_array().map(Vec::len), Some(3));
    // The stream ends instead of going on behind the gap; its reader comes back.
    for _ in 0..3 {
        service.place().await;
    }
    let last = page["cursor"].as_str();
    let mut body = service.open(&StreamFilter::default(), last).await;
    let hello = text(&mut body).await;
    assert!(hello.contains("-3\nevent: hello\n"), "{hello}");
    assert!(within("the end", body.frame()).await.is_none());
    let mut body = service.open(&StreamFilter::default(), last).await;
    let begun = text(&mut body).await;
    assert!(begun.contains("-6\nevent: snapshot\ndata: {\"reason\":\"pruned\""), "{begun}");
}

/// Two move the switch at once, and the store is long about the first of them.
#[tokio::test]
async fn what_is_told_of_the_switch_is_what_was_kept_last() {
    let service = Offline::with_store(1, Forgetful::of);
    let Parts { kitchen, store, clock, .. } = &*service.app;
    let until = clock.now().plus(60_000);
    let paused = |more: i64| {
        let until = Some(until.plus(more));
        let intake = Intake { state: IntakeState::Paused, until, ..Intake::default() };
        kitchen.set_intake(intake, Actor { kind: ActorKind::Staff, id: "test".to_owned() })
    };
    let (first, second) = tokio::join!(paused(1), paused(2));
    first.expect("kept");
    second.expect("kept");
    let kept = store.setting(Setting::Intake).await.expect("read").expect("a switch");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!(kept["until"], serde_json::json!(kitchen.intake().until));
}
