//! Questions that change nothing: orders, events for clients that poll, health, the board's page.

use axum::{
    extract::{Path, RawQuery, Request, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    access::{principal::Caller, roles::Right},
    error::Problem,
    ingest::{json, order_id},
    language,
    pages::{self, Dress},
    query::Query,
    state::App,
    store::{EventPage, StoredEvent, Unavailable, Wanted},
    stream::resume::{self, Start},
};
use crate::{
    domain::{
        FoodOrder, ItemId, ItemStatus, LastChange, OrderStatus, Station, UnixMillis, Version,
        limits,
        routing::Route,
        screen::{Language, View},
    },
    wire::{
        BoardPage, BoardSettings, Epoch, EventId, EventKind, Seq, SnapshotReason, StreamFilter,
    },
};

/// Rows of a list that names no limit.
const PAGE: usize = 100;

/// `GET /api/orders`: orders with the position they stand at. Without a
/// `status`, or with `status=open`, all open ones, the first placed first;
/// otherwise, and for who asks for a day or a name, the last changed first.
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let mut filter = query.filter()?;
    caller.narrow(&mut filter)?;
    if filter.statuses.is_empty() {
        filter.statuses = OrderStatus::ALL.into_iter().filter(|it| it.is_open()).collect();
    }
    let limit = query.limit(limits::PAGE)?;
    let since = query.since(|| app.orders.day_began(app.clock.now()))?;
    let name = query.called()?;
    query.finish(&["limit", "since", "q"])?;
    let only_open = filter.statuses.iter().all(|status| status.is_open());
    // All that are open are few: who asks for some of them looks at the rest too.
    let mut stored = if only_open && since.is_none() && name.is_none() {
        app.store.snapshot(filter).await?
    } else {
        let wanted = Wanted { limit: limit.unwrap_or(PAGE), since, called: name };
        app.store.list(filter, wanted).await?
    };
    if let Some(limit) = limit.filter(|limit| *limit < stored.orders.len()) {
        stored.orders.truncate(limit);
        stored.more = true;
    }
    let body = Orders {
        orders: stored.orders.iter().map(raw).collect::<Result<_, _>>()?,
        cursor: stored.cursor,
        more: stored.more,
    };
    answer(&body)
}

/// Orders, read at one moment.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "OrderList")]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(super) struct Orders<'a> {
    #[schemars(with = "Vec<FoodOrder>")]
    orders: Vec<&'a RawValue>,
    /// The position that they stand at.
    cursor: EventId,
    /// Whether there are others.
    more: bool,
}

/// `GET /api/orders/{id}`: one order, its history, oldest first, and the
/// screens that have shown it.
pub(super) async fn one(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let stored = app.store.history(order_id(id)?).await?.ok_or(Problem::OrderNotFound)?;
    let order: FoodOrder = parse(&stored.order_json)?;
    let history = stored
        .events
        .iter()
        .map(|event| {
            let then: Then = parse(&event.order_json)?;
            Ok(Step {
                id: EventId { epoch: app.store.epoch(), seq: event.seq },
                kind: event.facts.kind,
                version: then.version,
                change: then.last_change,
                items: then.items,
            })
        })
        .collect::<Result<_, Problem>>()?;
    let seen = stored.seen.iter().map(|seen| SeenBy { screen: &seen.screen, at: seen.at });
    answer(&WithHistory { order, history, seen: seen.collect() })
}

/// An order with what happened to it.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "OrderWithHistory")]
pub(super) struct WithHistory<'a> {
    #[serde(flatten)]
    order: FoodOrder,
    /// What happened to it, oldest first, as far back as the log is kept.
    history: Vec<Step>,
    /// The screens that have shown it.
    seen: Vec<SeenBy<'a>>,
}

/// A screen that has shown an order.
#[derive(JsonSchema, Serialize)]
struct SeenBy<'a> {
    screen: &'a str,
    at: UnixMillis,
}

/// One step of an order's life.
#[derive(JsonSchema, Serialize)]
struct Step {
    id: EventId,
    #[serde(rename = "type")]
    kind: EventKind,
    version: Version,
    #[serde(flatten)]
    change: LastChange,
    items: Vec<ItemMark>,
}

/// What a step needs of the order as it was.
#[derive(Deserialize)]
struct Then {
    version: Version,
    last_change: LastChange,
    items: Vec<ItemMark>,
}

/// How far an item was.
#[derive(JsonSchema, Serialize, Deserialize)]
struct ItemMark {
    id: ItemId,
    status: ItemStatus,
}

/// `GET /api/events`: the events of the stream for clients that poll. A client
/// goes on with `after` set to the `cursor` of the last answer. Where the
/// stream would begin with a snapshot, so does this.
pub(super) async fn events(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let mut filter = query.filter()?;
    caller.narrow(&mut filter)?;
    let after = query.after()?;
    let wants_snapshot = query.flag("snapshot")?;
    let limit = query.limit(limits::PAGE)?.unwrap_or(PAGE);
    query.finish(&["after", "limit", "snapshot"])?;

    let epoch = app.store.epoch();
    let wall = &filter.wall;
    let bounds = app.store.events_behind(wall.clone(), Seq::START, 0).await?;
    let reason = match resume::start(after, epoch, bounds.floor, bounds.last, wants_snapshot) {
        Start::Snapshot(reason) => reason,
        Start::After(after) => {
            let page = app.store.events_behind(wall.clone(), after, limit).await?;
            if page.floor <= after {
                return answer(&event_page(&page, after, epoch, &filter)?);
            }
            // Pruned since the bounds were read.
            SnapshotReason::Pruned
        }
    };
    let stored = app.store.snapshot(filter).await?;
    answer(&Events {
        events: Vec::new(),
        cursor: stored.cursor,
        more: false,
        snapshot: Some(PolledSnapshot {
            reason,
            orders: stored.orders.iter().map(raw).collect::<Result<_, _>>()?,
            server_time: app.clock.now(),
        }),
    })
}

/// What of `page`, which was read after `after`, `filter` wants.
fn event_page<'a>(
    page: &'a EventPage,
    after: Seq,
    epoch: Epoch,
    filter: &StreamFilter,
) -> Result<Events<'a>, Unavailable> {
    let reached = page.events.last().map_or(after, |event| event.seq);
    let events = page
        .events
        .iter()
        .filter(|event| filter.matches(&event.facts))
        .map(|event| polled(event, EventId { epoch, seq: event.seq }))
        .collect::<Result<_, _>>()?;
    Ok(Events {
        events,
        cursor: EventId { epoch, seq: reached },
        more: reached < page.last,
        snapshot: None,
    })
}

/// Events of the log.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "EventPage")]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(super) struct Events<'a> {
    events: Vec<PolledEvent<'a>>,
    /// Where to go on.
    cursor: EventId,
    /// Whether there are others already.
    more: bool,
    /// Where the stream would begin with a snapshot: that.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<PolledSnapshot<'a>>,
}

/// A change to an order.
#[derive(JsonSchema, Serialize)]
struct PolledEvent<'a> {
    id: EventId,
    #[serde(rename = "type")]
    kind: EventKind,
    /// The order after it.
    #[schemars(with = "FoodOrder")]
    order: &'a RawValue,
}

/// The open orders at one position.
#[derive(JsonSchema, Serialize)]
struct PolledSnapshot<'a> {
    reason: SnapshotReason,
    #[schemars(with = "Vec<FoodOrder>")]
    orders: Vec<&'a RawValue>,
    server_time: UnixMillis,
}

fn polled(event: &StoredEvent, id: EventId) -> Result<PolledEvent<'_>, Unavailable> {
    Ok(PolledEvent { id, kind: event.facts.kind, order: raw(&event.order_json)? })
}

/// `GET /health/live`: the process answers.
pub(super) async fn live() -> Response {
    json(StatusCode::OK, r#"{"status":"live"}"#)
}

/// `GET /health/ready`: a write would be durable, and readers have all that is written.
pub(super) async fn ready(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    app.store.check().await?;
    let bounds = app.store.events_behind(caller.wall.clone(), Seq::START, 0).await?;
    if app.hub.head() < bounds.head || app.shutdown.is_cancelled() {
        return Err(Unavailable::new("the server is starting or stopping").into());
    }
    // How much has happened is nobody's business who may not read it, and when
    // something happens elsewhere nobody's who may not see it.
    let reads = caller.rights.has(Right::Read);
    let cursor = reads.then(|| EventId { epoch: app.store.epoch(), seq: bounds.last });
    answer(&Ready { status: "ready", cursor })
}

/// That the server can work.
#[derive(JsonSchema, Serialize)]
pub(super) struct Ready {
    /// `ready`.
    status: &'static str,
    /// The end of the log, for whoever may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<EventId>,
}

/// `GET /api/intake`: whether new orders are taken.
pub(super) async fn intake(State(app): State<App>) -> Result<Response, Problem> {
    answer(&app.kitchen.intake())
}

/// `GET /api/routing?item=…`: which station an item goes to that names none.
pub(super) async fn routing(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut query = Query::parse(query.as_deref());
    let item = query.required("item")?;
    query.finish(&["item"])?;
    let Route { station, named } = app.orders.routing().of(&item);
    answer(&Routed { item: &item, station, named })
}

/// Where an item is made that names no station.
#[derive(JsonSchema, Serialize)]
pub(super) struct Routed<'a> {
    item: &'a str,
    #[schemars(with = "Station")]
    station: &'a Station,
    /// Whether the routing table names it.
    named: bool,
}

/// `GET /`: the board, complete before any script runs.
pub(super) async fn board(State(app): State<App>, caller: Caller, request: Request) -> Response {
    let filter = board_filter(request.uri().query());
    match board_page(&app, &caller, filter, app.page.language).await {
        Ok(mut page) => {
            page.settings.view = view_of(request.uri().query()).unwrap_or_default();
            let (person, you) = (caller.person(), caller.logged_in_as());
            let dress = Dress { person, you, ..Dress::default() };
            pages::board(page, dress, app.assets.page(), request).await
        }
        Err(Unavailable { why, .. }) => {
            tracing::warn!(%why, "page.orders.unavailable");
            pages::away(app.assets.page(), language::words(app.page.language))
        }
    }
}

/// The board's page with what `filter` shows, as it stands now.
///
/// # Errors
/// The orders cannot be read.
pub(super) async fn board_page(
    app: &App,
    caller: &Caller,
    mut filter: StreamFilter,
    language: Language,
) -> Result<BoardPage, Unavailable> {
    filter.wall = caller.wall.clone();
    let all = StreamFilter { wall: filter.wall.clone(), ..StreamFilter::default() };
    let stored = app.store.snapshot(all).await?;
    let now = app.clock.now();
    let mut orders: Vec<FoodOrder> = stored.orders.iter().map(parse).collect::<Result<_, _>>()?;
    let open = orders.len() as u64;
    let mut stations: Vec<Station> =
        orders.iter().flat_map(FoodOrder::stations).chain(&filter.stations).cloned().collect();
    stations.sort();
    stations.dedup();
    orders.retain(|order| filter.shows(order));
    // Who may sign for others says by themselves where they are.
    let actor = caller.actor().filter(|_| !caller.signs_for_others()).map(|own| own.id);
    Ok(BoardPage {
        orders,
        open,
        stations,
        cursor: stored.cursor,
        server_time: now,
        stats: app.hub.stats(&filter.wall, now),
        intake: app.kitchen.intake(),
        words: language::words(language).texts(),
        filter,
        settings: BoardSettings { actor, ..app.board_settings(language) },
    })
}

/// What of a page's address narrows the board. People share and mistype
/// addresses, so a page shows what it can instead of refusing.
fn board_filter(query: Option<&str>) -> StreamFilter {
    let mut filter = StreamFilter::default();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if matches!(&*name, "station" | "channel" | "location") {
            let _ = filter.add(&name, &value);
        }
    }
    filter
}

/// How the address of a page would have its tickets laid out.
pub(super) fn view_of(query: Option<&str>) -> Option<View> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .filter(|(name, _)| name == "view")
        .find_map(|(_, view)| view.parse().ok())
}

/// An answer of JSON.
///
/// # Errors
/// It cannot be written as such.
pub(super) fn answer(body: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(body).map_err(|error| damaged(&error))?;
    Ok(json(StatusCode::OK, body))
}

/// Ready-made JSON as it is.
fn raw(bytes: &Bytes) -> Result<&RawValue, Unavailable> {
    serde_json::from_slice(bytes).map_err(|error| damaged(&error))
}

pub(super) fn parse<'a, T: Deserialize<'a>>(bytes: &'a Bytes) -> Result<T, Unavailable> {
    serde_json::from_slice(bytes).map_err(|error| damaged(&error))
}

fn damaged(error: &serde_json::Error) -> Unavailable {
    // Where, not what: the text of the error may quote a customer.
    tracing::error!(line = error.line(), column = error.column(), "store.row.damaged");
    Unavailable::new("a row of it is damaged")
}
