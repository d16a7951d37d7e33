//! The driver over real sockets, against a server that has its bad moments.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, patch, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    domain::{
        Actor, Channel, Customer, Fulfilment, ItemId, ItemStatus, MinorUnits, Modifier, NewItem,
        OrderStatus, Service, Source, Station, Version,
    },
    server::{clock::Clock, demo},
    wire::{Epoch, EventId, EventKind, OrderEvent, Seq},
};

/// The API as far as the demo needs it, over the [`Model`].
#[derive(Clone)]
struct Fake {
    model: Arc<Mutex<Model>>,
    log: Arc<Mutex<Vec<OrderEvent>>>,
    /// Counts changes, for whoever waits for one.
    changes: watch::Sender<u64>,
    clock: Clock,
    requests: Arc<AtomicU32>,
    /// Every so many requests goes wrong; never when 0.
    trouble_every: u32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceBody {
    location: Location,
    source: Source,
    fulfilment: Fulfilment,
    customer: Customer,
    items: Vec<ItemBody>,
    currency: Currency,
    tax: MinorUnits,
    tip: MinorUnits,
    fees: MinorUnits,
    discount: MinorUnits,
    rush: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemBody {
    name: String,
    quantity: u32,
    unit_price: MinorUnits,
    station: Station,
    #[serde(default)]
    modifiers: Vec<Modifier>,
    #[serde(default)]
    allergens: Vec<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransitionBody {
    to: OrderStatus,
    expected_version: Version,
    reason: Option<String>,
    actor: Actor,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemPatch {
    status: ItemStatus,
    expected_version: Version,
    actor: Actor,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditBody {
    #[serde(default)]
    quantities: Vec<Recounted>,
    rush: Option<bool>,
    held: Option<bool>,
    expected_version: Version,
    actor: Actor,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recounted {
    item: ItemId,
    quantity: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcknowledgeBody {
    of: String,
    expected_version: Version,
    actor: Actor,
}

impl PlaceBody {
    fn order(self) -> NewOrder {
        let items = self
            .items
            .into_iter()
            .map(|item| NewItem {
                name: item.name,
                quantity: item.quantity,
                unit_price: item.unit_price,
                station: item.station,
                modifiers: item.modifiers,
                allergens: item.allergens,
                note: item.note,
            })
            .collect();
        NewOrder {
            location: self.location,
            source: self.source,
            fulfilment: self.fulfilment,
            customer: self.customer,
            items,
            currency: self.currency,
            tax: self.tax,
            tip: self.tip,
            fees: self.fees,
            discount: self.discount,
            rush: self.rush,
        }
    }
}

impl Fake {
    fn new(clock: &Clock, trouble_every: u32) -> Self {
        Self {
            model: Arc::default(),
            log: Arc::default(),
            changes: watch::Sender::new(0),
            clock: clock.clone(),
            requests: Arc::default(),
            trouble_every,
        }
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/api/orders", post(place).get(list))
            .route("/api/orders/{id}", get(read).patch(edit))
            .route("/api/orders/{id}/acknowledge", post(acknowledge))
            .route("/api/orders/{id}/transitions", post(transition))
            .route("/api/orders/{id}/items/{item}", patch(mark))
            .route("/api/events", get(events))
            .layer(middleware::from_fn_with_state(self.clone(), trouble))
            .with_state(self.clone())
    }

    fn place(&self, key: &str, order: NewOrder) -> FoodOrder {
        let placed = lock(&self.model).place(key.to_owned(), order, self.clock.now()).clone();
        if placed.version == Version::FIRST {
            self.append(&placed);
        }
        placed
    }

    fn change(&self, id: OrderId, change: &Change) -> Result<FoodOrder, Refusal> {
        let after = lock(&self.model).change(id, change, self.clock.now())?.clone();
        self.append(&after);
        Ok(after)
    }

    fn append(&self, order: &FoodOrder) {
        let mut log = lock(&self.log);
        let seq = Seq(u64::try_from(log.len()).expect("small") + 1);
        let id = EventId { epoch: Epoch(7), seq };
        log.push(OrderEvent { id, kind: EventKind::of(order), order: order.clone() });
        self.changes.send_modify(|count| *count += 1);
    }

    fn cursor(&self) -> EventId {
        let seq = Seq(u64::try_from(lock(&self.log).len()).expect("small"));
        EventId { epoch: Epoch(7), seq }
    }

    /// Waits until an order is as it should be.
    async fn until(&self, test: impl Fn(&Model) -> bool) {
        let mut changes = self.changes.subscribe();
        while !test(&lock(&self.model)) {
            changes.changed().await.expect("the server is there");
        }
    }
}

/// Fails before or after the work is done, in turns.
async fn trouble(State(fake): State<Fake>, request: Request, next: Next) -> Response {
    let count = fake.requests.fetch_add(1, Ordering::Relaxed) + 1;
    if fake.trouble_every == 0 || !count.is_multiple_of(fake.trouble_every) {
        return next.run(request).await;
    }
    if (count / fake.trouble_every).is_multiple_of(2) {
        next.run(request).await;
    }
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

async fn place(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Json(body): Json<PlaceBody>,
) -> Response {
    let key = headers["idempotency-key"].to_str().expect("text").to_owned();
    (StatusCode::CREATED, Json(fake.place(&key, body.order()))).into_response()
}

async fn list(State(fake): State<Fake>) -> Json<Value> {
    let orders: Vec<FoodOrder> =
        lock(&fake.model).orders.values().filter(|order| order.status.is_open()).cloned().collect();
    Json(json!({ "orders": orders, "cursor": fake.cursor() }))
}

async fn read(State(fake): State<Fake>, Path(id): Path<OrderId>) -> Json<FoodOrder> {
    Json(lock(&fake.model).orders[&id].clone())
}

async fn transition(
    State(fake): State<Fake>,
    Path(id): Path<OrderId>,
    Json(body): Json<TransitionBody>,
) -> Response {
    let action = DomainAction::Transition { to: body.to, reason: body.reason };
    let change = Change { action, expected_version: body.expected_version, actor: body.actor };
    answer(fake.change(id, &change))
}

async fn edit(
    State(fake): State<Fake>,
    Path(id): Path<OrderId>,
    Json(body): Json<EditBody>,
) -> Response {
    let quantities: Vec<_> = body.quantities.into_iter().map(|it| (it.item, it.quantity)).collect();
    let action = if quantities.is_empty() {
        DomainAction::Flags { rush: body.rush, held: body.held }
    } else {
        DomainAction::Edit(Edit { quantities, ..Edit::default() })
    };
    let change = Change { action, expected_version: body.expected_version, actor: body.actor };
    answer(fake.change(id, &change))
}

async fn acknowledge(
    State(fake): State<Fake>,
    Path(id): Path<OrderId>,
    Json(body): Json<AcknowledgeBody>,
) -> Response {
    let of = body.of.parse().expect("something to know");
    let action = DomainAction::Acknowledge { of, stations: Vec::new() };
    let change = Change { action, expected_version: body.expected_version, actor: body.actor };
    answer(fake.change(id, &change))
}

async fn mark(
    State(fake): State<Fake>,
    Path((id, item)): Path<(OrderId, ItemId)>,
    Json(body): Json<ItemPatch>,
) -> Response {
    let action = DomainAction::Item { item, status: body.status };
    let change = Change { action, expected_version: body.expected_version, actor: body.actor };
    answer(fake.change(id, &change))
}

fn answer(result: Result<FoodOrder, Refusal>) -> Response {
    match result {
        Ok(order) => Json(order).into_response(),
        Err(Refusal::StaleVersion { .. }) => StatusCode::PRECONDITION_FAILED.into_response(),
        Err(_) => StatusCode::CONFLICT.into_response(),
    }
}

#[derive(Deserialize)]
struct Position {
    after: EventId,
    limit: usize,
}

async fn events(State(fake): State<Fake>, Query(position): Query<Position>) -> Json<Value> {
    let log = lock(&fake.log);
    let after = usize::try_from(position.after.seq.0).expect("small");
    let events: Vec<OrderEvent> = log.iter().skip(after).take(position.limit).cloned().collect();
    let cursor = events.last().map_or(position.after, |event| event.id);
    let more = cursor.seq.0 < u64::try_from(log.len()).expect("small");
    Json(json!({ "events": events, "cursor": cursor, "more": more }))
}

/// A demo that runs against `fake` until the token is cancelled.
struct Running {
    shutdown: CancellationToken,
    demo: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.shutdown.cancel();
        self.demo.await.expect("the demo does not panic");
    }
}

/// Starts a demo; comes back when its rush has begun.
async fn start(fake: &Fake, settings: DemoSettings) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = fake.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let shutdown = CancellationToken::new();
    let (opened, open) = oneshot::channel();
    let on_open = move || opened.send(()).expect("somebody waits");
    let demo = tokio::spawn(demo::run(
        settings,
        address,
        fake.clock.clone(),
        on_open,
        |_| {},
        shutdown.clone(),
    ));
    open.await.expect("the rush begins");
    Running { shutdown, demo }
}

#[tokio::test]
async fn the_day_so_far_is_the_same_through_a_server_that_stumbles() {
    let mut settings = settings(1);
    settings.orders_per_day = 120;
    let mut results = Vec::new();
    for trouble_every in [0, 7] {
        let clock = Clock::manual(NOON);
        let fake = Fake::new(&clock, trouble_every);
        let running = start(&fake, settings.clone()).await;
        running.stop().await;
        assert!(clock.now() >= demo::opens_at(NOON, &settings));
        let placed: Vec<_> = lock(&fake.model)
            .orders
            .values()
            .map(|order| (order.number, order.source.clone(), order.times.placed_at))
            .collect();
        assert!(placed.len() > 50, "{}", placed.len());
        assert!(placed.is_sorted_by_key(|(_, _, placed_at)| *placed_at));
        results.push(placed);
    }
    assert_eq!(results[0], results[1]);
}

#[tokio::test]
async fn a_visitors_order_is_made_and_handed_out() {
    let mut settings = settings(2);
    settings.orders_per_day = 60;
    // Far faster than any visitor would bear, so that the test need not wait.
    settings.speed = 600;
    let fake = Fake::new(&Clock::manual(NOON), 0);
    let running = start(&fake, settings.clone()).await;
    let order = NewOrder {
        location: settings.location.clone(),
        source: Source {
            channel: Channel::parse("api").expect("valid"),
            external_id: None,
            accept_by: None,
            placed_at: None,
        },
        fulfilment: Fulfilment { service: Service::Pickup, ..Fulfilment::default() },
        customer: Customer::default(),
        items: vec![NewItem {
            name: "Cheeseburger".to_owned(),
            quantity: 2,
            unit_price: MinorUnits(0),
            station: Station::parse("kitchen").expect("valid"),
            modifiers: Vec::new(),
            allergens: Vec::new(),
            note: None,
        }],
        currency: settings.currency,
        tax: MinorUnits(0),
        tip: MinorUnits(0),
        fees: MinorUnits(0),
        discount: MinorUnits(0),
        rush: false,
    };
    let id = fake.place("from a visitor", order).id;
    fake.until(|model| model.orders[&id].status == OrderStatus::Completed).await;
    running.stop().await;
    let order = lock(&fake.model).orders[&id].clone();
    assert!(order.times.accepted_at < order.times.preparing_at);
    assert_eq!(order.items[0].status, ItemStatus::Done);
}

#[tokio::test]
async fn a_shift_ends_when_all_that_was_due_is_done() {
    let mut settings = settings(3);
    settings.orders_per_day = 60;
    settings.speed = 600;
    settings.shift_minutes = Some(60);
    let fake = Fake::new(&Clock::manual(NOON), 0);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = fake.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (ended, end) = oneshot::channel();
    let on_end = move |open| ended.send(open).expect("somebody waits");
    let (clock, rush) = (fake.clock.clone(), demo::opens_at(NOON, &settings));
    demo::run(settings, address, clock, || {}, on_end, CancellationToken::new()).await;
    let open = end.await.expect("the shift ends");
    let model = lock(&fake.model);
    assert_eq!(open, model.open());
    assert!(fake.clock.now() >= rush.plus(60 * 60_000));
    // Somebody was at work in the last minutes too.
    let last = model.orders.values().map(|order| order.last_change.at).max();
    assert!(last > Some(rush.plus(40 * 60_000)), "{last:?}");
}

#[tokio::test]
async fn a_demo_without_a_server_can_be_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let shutdown = CancellationToken::new();
    let demo = tokio::spawn(demo::run(
        settings(1),
        address,
        Clock::manual(NOON),
        || {},
        |_| {},
        shutdown.clone(),
    ));
    tokio::task::yield_now().await;
    shutdown.cancel();
    demo.await.expect("the demo does not panic");
}
