//! `GET /live-orders`: from the first byte to the last.

use std::{collections::HashSet, path::Path, time::Duration};

use hyper::Method;
use live_orders::{
    domain::{FoodOrder, OrderStatus},
    server::config::Config,
    wire::{
        Bye, ByeReason, EventFacts, EventId, Heartbeat, Hello, Seq, Snapshot, SnapshotReason,
        StreamFilter,
        frame::{Frame, FrameReader},
    },
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{
    Client, EventStream, TestServer, burger, cookie, cursor_of, id_of, order_for, order_of, read,
    request, within,
};

/// Short enough that a test that needs a heartbeat has one at once.
const BEAT: Duration = Duration::from_millis(100);

/// How a stream goes out. The tests of this file hold for all ways.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// By a sweeper, over a socket that was taken from hyper.
    Taken,
    /// The same, compressed.
    TakenGzip,
    /// By hyper.
    Body,
    /// The same, compressed.
    BodyGzip,
}

impl Way {
    async fn start(self) -> TestServer {
        self.start_with(|_| {}).await
    }

    async fn start_with(self, configure: impl FnOnce(&mut Config)) -> TestServer {
        self.told(TestServer::start_with(|config| self.set(config, configure)).await)
    }

    async fn start_in(self, data: &Path, configure: impl FnOnce(&mut Config)) -> TestServer {
        self.told(TestServer::start_in(data, |config| self.set(config, configure)).await)
    }

    pub(crate) fn set(self, config: &mut Config, configure: impl FnOnce(&mut Config)) {
        config.stream.take_sockets = self.is_taken();
        configure(config);
    }

    fn told(self, mut server: TestServer) -> TestServer {
        server.client.gzip = self.is_gzip();
        server
    }

    pub(crate) fn is_gzip(self) -> bool {
        matches!(self, Self::TakenGzip | Self::BodyGzip)
    }

    pub(crate) fn is_taken(self) -> bool {
        matches!(self, Self::Taken | Self::TakenGzip)
    }
}

macro_rules! all_ways {
    ($test:ident, $($more:ident,)*) => {
        all_ways!(@one $test, taken Taken, taken_gzip TakenGzip, body Body, body_gzip BodyGzip);
        all_ways!($($more,)*);
    };
    () => {};
    (@one $test:ident, $($name:ident $way:ident),*) => {
        mod $test {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$test(super::Way::$way).await;
            })*
        }
    };
}

all_ways! {
    the_first_bytes_go_out_before_there_is_any_order,
    a_heartbeat_carries_the_position_that_was_reached,
    a_filter_gives_what_it_asks_for_live_and_later,
    a_filter_by_status_shows_who_leaves,
    a_reader_that_comes_back_misses_nothing_and_gets_nothing_twice,
    a_reader_comes_back_to_a_server_that_was_restarted,
    it_begins_with_a_snapshot_when_it_is_asked_to,
    an_id_that_cannot_be_continued_from_gets_a_snapshot_and_the_reason,
    the_header_wins_over_the_address,
    a_position_that_the_server_has_just_given_is_known,
    a_client_that_stops_reading_is_let_go_and_loses_nothing,
    a_shutdown_ends_every_stream_with_bye,
    a_stream_that_is_old_is_ended_and_its_client_goes_on,
    ids_grow_on_every_stream_whatever_happens,
    a_question_about_the_stream_without_reading_it_is_answered,
    one_stream_too_many_is_refused_until_another_ends,
    one_stream_too_many_for_one_client_is_refused,
    what_is_sent_behind_the_request_disturbs_nobody,
    who_has_caught_up_is_told_at_once,
    a_reader_far_behind_comes_back_to_a_server_that_was_restarted,
}

async fn the_first_bytes_go_out_before_there_is_any_order(way: Way) {
    let server = way.start().await;
    let mut stream = server.stream("").await;
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.headers["cache-control"], "no-store, no-transform");
    assert_eq!(stream.headers["x-accel-buffering"], "no");
    assert!(!stream.headers.contains_key("content-length"));
    let frame = stream.expect("hello").await;
    let hello: Hello = read(&frame);
    assert_eq!(hello.cursor, id_of(&frame));
    assert_eq!(hello.cursor.seq, Seq(0));
    assert_eq!(hello.heartbeat_ms, 60_000);
    assert_eq!(hello.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(stream.reader.retry, Some(2000));
}

async fn a_heartbeat_carries_the_position_that_was_reached(way: Way) {
    let server = way.start_with(|config| config.stream.heartbeat = BEAT).await;
    // A filter that matches nothing gets no event, and its position moves all the same.
    let mut stream = server.stream("station=nowhere").await;
    let hello = stream.expect("hello").await;
    let order = server.place(&burger()).await;
    let place = id_of(&hello).epoch;
    let reached = loop {
        let frame = stream.expect("heartbeat").await;
        let beat: Heartbeat = read(&frame);
        if id_of(&frame).seq > Seq(0) {
            assert_eq!(beat.open, 1);
            assert_eq!(beat.stats.placed, 1);
            break frame;
        }
    };
    assert_eq!(reached.id, format!("{place}-1"));
    // Whoever comes back with it has missed nothing.
    drop(stream);
    let mut stream = server.stream_from("", Some(&reached.id)).await;
    let hello = stream.expect("hello").await;
    assert_eq!(hello.id, reached.id);
    let accepted = server.go(&order, OrderStatus::Accepted).await;
    assert_eq!(stream.orders(1).await, [accepted]);
}

/// Reads on until a heartbeat says that everything up to `head` has been sent.
async fn up_to(stream: &mut EventStream, head: Seq) -> Vec<Frame> {
    let mut frames = Vec::new();
    loop {
        let frame = stream.next_or_beat().await;
        if frame.event == "heartbeat" {
            if id_of(&frame).seq >= head {
                return frames;
            }
        } else if frame.event != "hello" {
            frames.push(frame);
        }
    }
}

/// Orders of all sorts, moved to all sorts of statuses.
async fn busy_evening(client: Client) -> Vec<FoodOrder> {
    let mut orders = Vec::new();
    for (index, (station, channel, location, service)) in [
        ("grill", "web", "main", "pickup"),
        ("fry", "kiosk", "main", "delivery"),
        ("grill", "kiosk", "harbour", "dine_in"),
        ("bar", "web", "harbour", "delivery"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({
            "items": [{"name": "x", "quantity": 1, "station": station},
                      {"name": "y", "quantity": 1, "station": "cold"}],
            "source": {"channel": channel}, "location": location, "fulfilment": {"type": service},
        });
        let mut order = client.place(&body).await;
        for status in [OrderStatus::Accepted, OrderStatus::Preparing, OrderStatus::Ready]
            .into_iter()
            .take(index)
        {
            order = client.go(&order, status).await;
        }
        orders.push(order);
    }
    let path = format!("/api/orders/{}/items/1", orders[0].id);
    let ticked =
        client.patch(&path, &json!({"status": "done", "expected_version": 1})).await.order();
    orders[0] = client.go(&ticked, OrderStatus::Cancelled).await;
    orders[3] = client.go(&orders[3], OrderStatus::OutForDelivery).await;
    orders
}

async fn a_filter_gives_what_it_asks_for_live_and_later(way: Way) {
    let server = way.start_with(|config| config.stream.heartbeat = BEAT).await;
    let mut queries: Vec<String> = [
        "",
        "types=order.placed",
        "types=order.placed,order.cancelled",
        "types=order.updated",
        "station=grill",
        "station=grill,bar",
        "station=cold&channel=kiosk",
        "channel=web",
        "location=harbour&status=ready",
        "status=placed",
        "status=accepted",
        "status=open",
        "status=closed",
        "status=preparing&types=order.ready",
        "station=grill&station=fry",
    ]
    .map(str::to_owned)
    .to_vec();
    let first = server.place(&burger()).await;
    queries.push(format!("order={}", first.id));
    let mut live = Vec::new();
    for query in &queries {
        live.push(server.stream(&format!("{query}&after=earliest")).await);
    }
    busy_evening(server.client).await;
    server.go(&first, OrderStatus::Rejected).await;

    let log = server.log().await;
    let head = log.last().expect("events").0.seq;
    for (query, mut live) in queries.into_iter().zip(live) {
        let mut filter = StreamFilter::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            assert_eq!(filter.add(&name, &value), Ok(true), "{query}");
        }
        let expected: Vec<_> = log
            .iter()
            .filter(|(_, order)| wanted(&filter, order))
            .map(|(id, order)| (*id, order.clone()))
            .collect();
        assert!(!expected.is_empty(), "{query}");
        let seen = |frames: Vec<Frame>| -> Vec<_> {
            frames.iter().map(|frame| (id_of(frame), order_of(frame))).collect()
        };
        assert_eq!(seen(up_to(&mut live, head).await), expected, "{query}, live");
        let mut later = server.stream(&format!("{query}&after=earliest")).await;
        assert_eq!(seen(up_to(&mut later, head).await), expected, "{query}, later");
    }
}

/// What a filter wants, thought out once more, the long way.
fn wanted(filter: &StreamFilter, order: &FoodOrder) -> bool {
    let facts = EventFacts::of(order);
    let all_or = |empty: bool, contains: bool| empty || contains;
    let mut yes = all_or(filter.types.is_empty(), filter.types.contains(&facts.kind));
    yes &= all_or(filter.channels.is_empty(), filter.channels.contains(&order.source.channel));
    yes &= all_or(filter.locations.is_empty(), filter.locations.contains(&order.location));
    yes &= all_or(filter.orders.is_empty(), filter.orders.contains(&order.id));
    let stations = order.items.iter().any(|item| filter.stations.contains(&item.station));
    yes &= all_or(filter.stations.is_empty(), stations);
    let comes = filter.statuses.contains(&order.status);
    let leaves = order.last_change.from.is_some_and(|from| filter.statuses.contains(&from));
    yes & all_or(filter.statuses.is_empty(), comes || leaves)
}

async fn a_filter_by_status_shows_who_leaves(way: Way) {
    let server = way.start().await;
    let mut stream = server.stream("status=placed").await;
    stream.expect("hello").await;
    let order = server.place(&burger()).await;
    let accepted = server.go(&order, OrderStatus::Accepted).await;
    let preparing = server.go(&accepted, OrderStatus::Preparing).await;
    let next = server.place(&burger()).await;
    assert_eq!(stream.orders(3).await, [order, accepted, next]);
    drop(preparing);
}

async fn a_reader_that_comes_back_misses_nothing_and_gets_nothing_twice(way: Way) {
    // A ring of a few events, so that who is further behind is served from the store.
    for ring_bytes in [16 * 1024 * 1024, 3000, 1] {
        let server = way
            .start_with(|config| {
                config.hub.ring_bytes = ring_bytes;
            })
            .await;
        let mut last_id = None;
        let mut seen = Vec::new();
        for missed in [0, 1, 3, 40, 2] {
            let mut stream = server.stream_from("after=earliest", last_id.as_deref()).await;
            stream.expect("hello").await;
            let order = server.place(&burger()).await;
            loop {
                let frame = stream.next().await;
                last_id = Some(frame.id.clone());
                seen.push(id_of(&frame).seq.0);
                if order_of(&frame).id == order.id {
                    break;
                }
            }
            drop(stream);
            for _ in 0..missed {
                server.place(&burger()).await;
            }
        }
        let mut stream = server.stream_from("", last_id.as_deref()).await;
        stream.expect("hello").await;
        seen.extend([id_of(&stream.next().await).seq.0, id_of(&stream.next().await).seq.0]);
        let expected: Vec<u64> = (1..=51).collect();
        assert_eq!(seen, expected, "a ring of {ring_bytes} bytes");
    }
}

async fn a_reader_comes_back_to_a_server_that_was_restarted(way: Way) {
    let server = way.start().await;
    let mut stream = server.stream("").await;
    stream.expect("hello").await;
    server.place(&burger()).await;
    let seen = stream.next().await;
    drop(stream);
    let missed = server.place(&burger()).await;
    let folder = server.stop().await.expect("a folder");
    let server = way.start_in(folder.path(), |_| {}).await;
    let mut stream = server.stream_from("", Some(&seen.id)).await;
    assert_eq!(stream.expect("hello").await.id, seen.id);
    assert_eq!(stream.orders(1).await, [missed]);
    server.stop().await;
}

async fn it_begins_with_a_snapshot_when_it_is_asked_to(way: Way) {
    let server = way.start().await;
    let open = server.place(&order_for("dine_in")).await;
    let closed = server.place(&burger()).await;
    server.go(&closed, OrderStatus::Rejected).await;
    let mut stream = server.stream("snapshot=1").await;
    let hello = stream.expect("hello").await;
    let frame = stream.expect("snapshot").await;
    let snapshot: Snapshot = read(&frame);
    assert_eq!(snapshot.reason, SnapshotReason::Requested);
    assert_eq!(snapshot.orders, std::slice::from_ref(&open));
    assert_eq!((snapshot.cursor, snapshot.cursor.seq), (id_of(&frame), Seq(3)));
    // Cut off between the two, a reader must not come back as if it had the snapshot.
    assert_eq!((hello.id.as_str(), cursor_of(&hello)), ("", id_of(&frame)));
    let accepted = server.go(&open, OrderStatus::Accepted).await;
    assert_eq!(stream.orders(1).await, [accepted]);
    // Narrowed as the stream is.
    let mut stream = server.stream("snapshot=1&station=nowhere").await;
    stream.expect("hello").await;
    let snapshot: Snapshot = read(&stream.expect("snapshot").await);
    assert_eq!(snapshot.orders, []);
    // Who comes back with a good id continues instead.
    let mut stream = server.stream_from("snapshot=1", Some(&frame.id)).await;
    stream.expect("hello").await;
    stream.expect("order.accepted").await;
}

async fn an_id_that_cannot_be_continued_from_gets_a_snapshot_and_the_reason(way: Way) {
    let server = way.start().await;
    let order = server.place(&burger()).await;
    let id: EventId = {
        let mut stream = server.stream("").await;
        id_of(&stream.expect("hello").await)
    };
    let future = format!("{}-2", id.epoch);
    for unknown in ["00000000-1", future.as_str()] {
        for by_header in [true, false] {
            let mut stream = if by_header {
                server.stream_from("", Some(unknown)).await
            } else {
                server.stream(&format!("after={unknown}")).await
            };
            let hello = stream.expect("hello").await;
            assert_eq!((hello.id.as_str(), cursor_of(&hello)), ("", id));
            let frame = stream.expect("snapshot").await;
            let snapshot: Snapshot = read(&frame);
            assert_eq!(snapshot.reason, SnapshotReason::UnknownId);
            assert_eq!(snapshot.orders, std::slice::from_ref(&order));
            assert_eq!(id_of(&frame), id);
        }
    }
    // A header that is no id at all: the client cannot mend it, so it is helped.
    for malformed in ["1", "earliest", "9F3A01C4-1", "x y", "\u{fc}"] {
        let mut stream = server.stream_from("", Some(malformed)).await;
        stream.expect("hello").await;
        let snapshot: Snapshot = read(&stream.expect("snapshot").await);
        assert_eq!(snapshot.reason, SnapshotReason::UnknownId, "{malformed}");
    }
}

async fn the_header_wins_over_the_address(way: Way) {
    let server = way.start().await;
    server.place(&burger()).await;
    let second = server.place(&burger()).await;
    let mut stream = server.stream("after=earliest").await;
    stream.expect("hello").await;
    let first = stream.next().await;
    let mut stream = server.stream_from("after=earliest", Some(&first.id)).await;
    stream.expect("hello").await;
    assert_eq!(stream.orders(1).await, std::slice::from_ref(&second));
    let mut stream = server.stream_from(&format!("after={}", first.id), Some("00000000-1")).await;
    stream.expect("hello").await;
    let snapshot: Snapshot = read(&stream.expect("snapshot").await);
    assert_eq!(snapshot.reason, SnapshotReason::UnknownId);
    // An address that is refused is refused whatever the header.
    let headers = [("last-event-id", first.id.as_str())];
    let answer = server.send(request(Method::GET, "/live-orders?after=x", &headers, None)).await;
    answer.problem(400, "invalid_parameter");
}

/// The store's readers see a commit a moment before the hub does. A position
/// that was read there must not be taken for one from the future, and nothing
/// up to it may be sent again.
async fn a_position_that_the_server_has_just_given_is_known(way: Way) {
    let server = way.start_with(|config| config.stream.heartbeat = BEAT).await;
    let client = server.client;
    let writing = tokio::spawn(async move {
        loop {
            client.place(&burger()).await;
        }
    });
    for round in 0..150 {
        let (query, from) = if round % 2 == 0 {
            let list = server.get("/api/orders?limit=1").await.json();
            let cursor = list["cursor"].as_str().expect("a cursor").to_owned();
            (format!("after={cursor}"), cursor)
        } else {
            ("snapshot=1".to_owned(), String::new())
        };
        let mut stream = server.stream(&query).await;
        let hello = stream.expect("hello").await;
        let mut last = cursor_of(&hello).seq;
        if from.is_empty() {
            assert_eq!(id_of(&stream.expect("snapshot").await).seq, last);
        } else {
            assert_eq!(hello.id, from);
        }
        for _ in 0..3 {
            let frame = stream.next_or_beat().await;
            let seq = id_of(&frame).seq;
            if frame.event == "heartbeat" {
                assert!(seq >= last, "{last} and then {frame:?}");
            } else {
                assert_eq!(seq, last.next(), "{frame:?}");
            }
            last = seq;
        }
    }
    writing.abort();
}

/// An order of about ten kilobytes.
fn long_order() -> Value {
    let line = json!({"name": "Soup", "quantity": 1, "note": "n".repeat(500)});
    json!({"items": vec![line; 16]})
}

async fn a_client_that_stops_reading_is_let_go_and_loses_nothing(way: Way) {
    let server = way
        .start_with(|config| {
            config.connections.write_timeout = Duration::from_secs(1);
            config.hub.ring_bytes = 256 * 1024;
        })
        .await;
    let mut healthy = server.stream("").await;
    healthy.expect("hello").await;
    // A small window, so that the kernel takes little of what nobody reads.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut socket =
        within("a connection", socket.connect(server.address)).await.expect("connected");
    let cookie = cookie(server.session.expect("a session"));
    let request = format!("GET /live-orders HTTP/1.1\r\nhost: test\r\ncookie: {cookie}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("a request");
    // It has begun, and then it reads no more.
    let mut begun = [0; 1];
    socket.read_exact(&mut begun).await.expect("the first byte");
    // Meanwhile the others have everything.
    let healthy = tokio::spawn(async move {
        let mut frames = Vec::new();
        for seq in 1..=300 {
            let frame = healthy.next().await;
            assert_eq!(id_of(&frame).seq, Seq(seq));
            frames.push(frame);
        }
        frames
    });
    for _ in 0..300 {
        server.place(&long_order()).await;
    }
    let expected = within("the healthy reader", healthy).await.expect("it did not panic");
    // Not reading for longer than the time-out is what is tried here.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut bytes = Vec::new();
    // Ends because the server has closed it, by whatever name the kernel gives that.
    let _ = within("the end", socket.read_to_end(&mut bytes)).await;
    let mut reader = FrameReader::default();
    let frames: Vec<Frame> = chunks(&bytes).into_iter().flat_map(|it| reader.push(&it)).collect();
    let seen: Vec<Frame> = frames.into_iter().filter(|it| it.event.starts_with("order.")).collect();
    assert!(seen.len() < expected.len(), "it was cut off");
    assert_eq!(seen, expected[..seen.len()], "what it had read is whole");
    let last_id =
        seen.last().map_or_else(|| format!("{}-0", id_of(&expected[0]).epoch), |it| it.id.clone());
    let mut back = server.stream_from("", Some(&last_id)).await;
    back.expect("hello").await;
    for frame in &expected[seen.len()..] {
        assert_eq!(&back.next().await, frame);
    }
}

/// The pieces of a body with chunked encoding, head and all, as far as they came whole.
fn chunks(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    while let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") {
        let line = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes = &bytes[end + 2..];
        // The lines of the head are no sizes.
        if let Ok(size) = usize::from_str_radix(&line, 16) {
            if bytes.len() < size + 2 {
                break;
            }
            chunks.push(bytes[..size].to_vec());
            bytes = &bytes[size + 2..];
        }
    }
    chunks
}

async fn a_shutdown_ends_every_stream_with_bye(way: Way) {
    let server = way
        .start_with(|config| {
            // Streams end because they are told to, not because the time is over.
            config.connections.drain = Duration::from_mins(10);
            config.stream.retry = Duration::from_secs(2);
            config.stream.spread = Duration::from_secs(2);
        })
        .await;
    let mut streams = Vec::new();
    for index in 0..200 {
        let query = ["", "station=kitchen", "status=open", "types=order.placed"][index % 4];
        let mut stream = server.stream(query).await;
        stream.expect("hello").await;
        streams.push(stream);
    }
    // Connections that ask nothing, as browsers open them ahead of time, do not hold it up.
    let idle = within("a connection", tokio::net::TcpStream::connect(server.address)).await;
    let mut used = server.connect().await.expect("a connection");
    used.send(request(Method::GET, "/health/live", &[], None)).await.expect("an answer");
    let order = server.place(&burger()).await;
    server.begin_stop();
    let mut retries = HashSet::new();
    for mut stream in streams {
        assert_eq!(
            stream.orders(1).await,
            std::slice::from_ref(&order),
            "what was there is sent before"
        );
        let frame = stream.expect("bye").await;
        let bye: Bye = read(&frame);
        assert_eq!(bye.reason, ByeReason::Shutdown);
        assert_eq!(id_of(&frame).seq, Seq(1), "it leaves the position as it is");
        assert!((1000..=3000).contains(&bye.retry_ms), "{bye:?}");
        assert_eq!(stream.reader.retry, Some(bye.retry_ms));
        retries.insert(bye.retry_ms);
        stream.end().await;
    }
    assert!(retries.len() > 20, "they do not come back all at once");
    server.stop().await;
    drop((idle, used));
}

async fn a_stream_that_is_old_is_ended_and_its_client_goes_on(way: Way) {
    let server = way
        .start_with(|config| {
            config.stream.heartbeat = BEAT;
            config.stream.max_age = Duration::from_millis(300);
        })
        .await;
    let mut last_id = None;
    for _ in 0..2 {
        let order = server.place(&burger()).await;
        let mut stream = server.stream_from("after=earliest", last_id.as_deref()).await;
        stream.expect("hello").await;
        assert_eq!(stream.orders(1).await, [order]);
        let bye = stream.expect("bye").await;
        assert_eq!(read::<Bye>(&bye).reason, ByeReason::Rotated);
        stream.end().await;
        last_id = Some(bye.id);
    }
}

async fn ids_grow_on_every_stream_whatever_happens(way: Way) {
    let server = way
        .start_with(|config| {
            config.stream.heartbeat = BEAT;
            config.hub.ring_bytes = 4000;
        })
        .await;
    let client = server.client;
    let mut readers = tokio::task::JoinSet::new();
    for index in 0..12 {
        let query = ["", "station=grill", "status=placed"][index % 3];
        let mut stream = client.stream(query).await;
        readers.spawn(async move {
            let mut last = None;
            let mut events = 0;
            loop {
                let frame = stream.next_or_beat().await;
                let id = id_of(&frame).seq;
                let grows = match frame.event.as_str() {
                    // These say where the stream stands; orders move it on.
                    "heartbeat" | "bye" | "hello" => last.is_none_or(|last| id >= last),
                    _ => last.is_none_or(|last| id > last),
                };
                assert!(grows, "{last:?} and then {frame:?}");
                last = Some(id);
                events += usize::from(frame.event.starts_with("order."));
                if frame.event == "bye" {
                    return events;
                }
            }
        });
    }
    let mut writers = tokio::task::JoinSet::new();
    for station in ["grill", "fry", "bar", "cold"] {
        writers.spawn(async move {
            for _ in 0..40 {
                let body = json!({"items": [{"name": "x", "quantity": 1, "station": station}]});
                let order = client.place(&body).await;
                client.go(&order, OrderStatus::Accepted).await;
            }
        });
    }
    writers.join_all().await;
    server.begin_stop();
    let mut counts = readers.join_all().await;
    counts.sort_unstable();
    assert_eq!(counts, [[80; 4], [320; 4], [320; 4]].concat());
    server.stop().await;
}

async fn a_question_about_the_stream_without_reading_it_is_answered(way: Way) {
    let server = way.start().await;
    let answer = server.send(request(Method::HEAD, "/live-orders", &[], None)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/event-stream");
}

async fn one_stream_too_many_is_refused_until_another_ends(way: Way) {
    let server = way.start_with(|config| config.stream.limits.most = 2).await;
    let first = server.stream("").await;
    let mut second = server.stream("station=grill").await;
    let refused = server.get("/live-orders").await;
    refused.problem(503, "too_many_streams");
    assert_eq!(refused.header("retry-after"), "2");
    drop(first);
    // The server hears of it in its own time, and then there is room.
    within("room for another", async {
        while server.client.try_stream("", None).await.is_err() {}
    })
    .await;
    second.expect("hello").await;
}

async fn one_stream_too_many_for_one_client_is_refused(way: Way) {
    let server = way.start_with(|config| config.stream.limits.most_per_address = Some(1)).await;
    let mut stream = server.stream("").await;
    stream.expect("hello").await;
    let problem = server.get("/live-orders").await.problem(503, "too_many_streams");
    assert!(problem["detail"].as_str().expect("a detail").contains("this address"));
}

async fn what_is_sent_behind_the_request_disturbs_nobody(way: Way) {
    let server = way.start().await;
    let mut healthy = server.stream("").await;
    healthy.expect("hello").await;
    let socket = tokio::net::TcpStream::connect(server.address);
    let mut socket = within("a connection", socket).await.expect("connected");
    let cookie = cookie(server.session.expect("a session"));
    let request = format!("GET /live-orders HTTP/1.1\r\nhost: test\r\ncookie: {cookie}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut head = vec![0; 15];
    within("an answer", socket.read_exact(&mut head)).await.expect("an answer");
    assert_eq!(head, b"HTTP/1.1 200 OK");
    // More than anybody sends who means well. A sweeper lets such a client go;
    // hyper reads no more of it.
    let noise = vec![b'x'; 96 * 1024];
    let _ = within("the system to take it", socket.write_all(&noise)).await;
    if way.is_taken() {
        let mut rest = Vec::new();
        let _ = within("the end", socket.read_to_end(&mut rest)).await;
    }
    let order = server.place(&burger()).await;
    assert_eq!(healthy.orders(1).await, [order]);
}

async fn who_has_caught_up_is_told_at_once(way: Way) {
    // A ring of a few events: some of what is missed comes from the store.
    let server = way.start_with(|config| config.hub.ring_bytes = 3000).await;
    for _ in 0..20 {
        server.place(&burger()).await;
    }
    // Heartbeats come once a minute; this one comes because all is there.
    for (query, events) in [("after=earliest", 20), ("", 0), ("after=earliest&station=x", 0)] {
        let mut stream = server.stream(query).await;
        stream.expect("hello").await;
        assert_eq!(stream.orders(events).await.len(), events);
        let beat = stream.next_or_beat().await;
        assert_eq!((beat.event.as_str(), id_of(&beat).seq), ("heartbeat", Seq(20)), "{query}");
    }
}

async fn a_reader_far_behind_comes_back_to_a_server_that_was_restarted(way: Way) {
    let server = way.start().await;
    let mut placed = Vec::new();
    for _ in 0..30 {
        placed.push(server.place(&burger()).await);
    }
    let folder = server.stop().await.expect("a folder");
    // All in memory again, some of it, and next to nothing.
    for ring_bytes in [1 << 20, 3000, 1] {
        let set = |config: &mut Config| config.hub.ring_bytes = ring_bytes;
        let server = way.start_in(folder.path(), set).await;
        for (query, from) in [("", 0), ("", 29), ("station=kitchen", 0), ("station=kitchen", 20)] {
            let epoch = cursor_of(&server.stream("").await.expect("hello").await).epoch;
            let last_id = EventId { epoch, seq: Seq(from) }.to_string();
            let mut stream = server.stream_from(query, Some(&last_id)).await;
            stream.expect("hello").await;
            let from = usize::try_from(from).expect("a small number");
            assert_eq!(stream.orders(30 - from).await, placed[from..], "{ring_bytes} {query}");
        }
        server.stop().await;
    }
}
