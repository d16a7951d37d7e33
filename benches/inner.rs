//! The inner loops: what the server does for each event, and the board for
//! each change.
//!
//! ```text
//! cargo bench --bench inner
//! ```

#![expect(clippy::expect_used, reason = "what is measured is known to work")]

use std::hint::black_box;

use divan::Bencher;
use live_orders::{
    domain::{
        Channel, Currency, Customer, FoodOrder, Fulfilment, Location, MinorUnits, Modifier,
        ModifierKind, NewItem, NewOrder, OrderId, OrderNumber, OrderStatus, Promise, Source,
        Station, UnixMillis,
    },
    live::board_state::BoardState,
    wire::{
        Epoch, EventFacts, EventId, EventKind, Seq, Snapshot, SnapshotReason, StreamFilter, frame,
        lean::Lean,
    },
};
use uuid::Uuid;

/// Orders that are open in a busy restaurant.
const OPEN: u32 = 500;

fn main() {
    divan::main();
}

fn order(number: u32) -> FoodOrder {
    let item = |name: &str, station: &str| NewItem {
        name: name.to_owned(),
        quantity: 1 + number % 3,
        unit_price: MinorUnits(950),
        station: Station::parse(station).expect("a label"),
        modifiers: vec![Modifier {
            kind: ModifierKind::No,
            name: "onion".to_owned(),
            quantity: 1,
            unit_price: MinorUnits(0),
        }],
        allergens: Vec::new(),
        note: None,
    };
    let order = NewOrder {
        location: Location::parse("main").expect("a label"),
        source: Source {
            channel: Channel::parse("web").expect("a label"),
            external_id: None,
            accept_by: None,
            placed_at: None,
        },
        fulfilment: Fulfilment::default(),
        customer: Customer { name: "Ana K".to_owned(), phone: None },
        items: vec![item("Cheeseburger", "grill"), item("Fries", "fry")],
        currency: Currency::parse("EUR").expect("a currency"),
        tax: MinorUnits(0),
        tip: MinorUnits(0),
        fees: MinorUnits(0),
        discount: MinorUnits(0),
        rush: number.is_multiple_of(17),
    };
    let id =
        OrderId(Uuid::from_u128(0x0197_f2a0_6c1e_7d3a_9f10_0000_0000_0000 | u128::from(number)));
    let at = UnixMillis(1_760_000_000_000 + i64::from(number) * 1000);
    let promise = Promise { promised_at: Some(at.plus(900_000)), ..Promise::default() };
    order.place(id, OrderNumber(101 + number), at, promise)
}

/// The same order one step on.
fn begun(order: &FoodOrder) -> FoodOrder {
    let mut order = order.clone();
    order.version = order.version.next();
    order.status = OrderStatus::Preparing;
    order.last_change.from = Some(OrderStatus::Accepted);
    order.last_change.to = OrderStatus::Preparing;
    order
}

fn orders() -> Vec<FoodOrder> {
    (0..OPEN).map(order).collect()
}

fn board() -> BoardState {
    let mut board = BoardState::default();
    board.replace(orders());
    board
}

#[divan::bench]
fn an_event_as_a_frame(bencher: Bencher<'_, '_>) {
    let json = serde_json::to_vec(&order(1)).expect("serialises");
    let id = EventId { epoch: Epoch(0x9f3a_01c4), seq: Seq(123_456) };
    let kind = EventKind::of(&order(1));
    let mut out = Vec::new();
    bencher.bench_local(|| {
        out.clear();
        frame::push_event(&mut out, &black_box(id).to_string(), kind.as_str(), &json);
        out.len()
    });
}

#[divan::bench]
fn an_order_as_json(bencher: Bencher<'_, '_>) {
    let order = order(1);
    bencher.bench(|| serde_json::to_vec(black_box(&order)).expect("serialises").len());
}

const FILTERS: [&str; 4] =
    ["", "station=grill,fry", "status=open&channel=web&location=main", ONE_ORDER];
const ONE_ORDER: &str = "order=0197f2a0-6c1e-7d3a-9f10-000000000001";

fn filter(query: &str) -> StreamFilter {
    let mut filter = StreamFilter::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        assert!(filter.add(&name, &value).expect("a value that it takes"), "{name}");
    }
    filter
}

#[divan::bench(args = FILTERS)]
fn a_filter_matches(bencher: Bencher<'_, '_>, query: &str) {
    let (filter, facts) = (filter(query), EventFacts::of(&order(1)));
    bencher.bench(|| black_box(&filter).matches(black_box(&facts)));
}

#[divan::bench(args = FILTERS)]
fn a_filter_from_a_query(bencher: Bencher<'_, '_>, query: &str) {
    bencher.bench(|| filter(black_box(query)));
}

#[divan::bench]
fn what_a_filter_looks_at(bencher: Bencher<'_, '_>) {
    let order = order(1);
    bencher.bench(|| EventFacts::of(black_box(&order)));
}

#[divan::bench]
fn a_change_among_500_open_orders(bencher: Bencher<'_, '_>) {
    let board = board();
    let change = begun(&order(250));
    bencher
        .with_inputs(|| (board.clone(), change.clone()))
        .bench_values(|(mut board, change)| (board.apply(change), board));
}

#[divan::bench]
fn a_snapshot_of_500_orders(bencher: Bencher<'_, '_>) {
    let snapshot = Snapshot {
        reason: SnapshotReason::Requested,
        orders: orders(),
        cursor: EventId { epoch: Epoch(1), seq: Seq(500) },
        server_time: UnixMillis(1_760_000_000_000),
    };
    bencher.bench(|| serde_json::to_vec(black_box(&snapshot)).expect("serialises").len());
}

#[divan::bench]
fn an_order_out_of_json(bencher: Bencher<'_, '_>) {
    let json = serde_json::to_string(&order(1)).expect("serialises");
    bencher.bench(|| serde_json::from_str::<FoodOrder>(black_box(&json)).expect("parses"));
}

#[divan::bench]
fn an_order_out_of_json_in_the_browser(bencher: Bencher<'_, '_>) {
    let json = serde_json::to_string(&order(1)).expect("serialises");
    bencher.bench(|| <FoodOrder as Lean>::parse(black_box(&json)).expect("parses"));
}
