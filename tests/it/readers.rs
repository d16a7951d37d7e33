//! Readers that do not behave: whatever they do, the others have everything,
//! and what they have taken up is given back.

use axum::{extract::Request, middleware::from_fn};
use live_orders::{
    domain::{FoodOrder, NewItem, NewOrder, Service},
    server::{config::Config, stream::Pass},
    wire::{
        Bye, ByeReason, Snapshot,
        frame::{Frame, FrameReader},
    },
};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

use crate::{
    replay::{Offline, Source, channel, new_order, station},
    stream::Way,
    support::{Gunzip, order_of, read, within},
};

all_ways! {
    a_reader_of_single_bytes_gets_everything_once,
    readers_that_never_read_share_a_snapshot_and_give_it_back,
    readers_that_vanish_within_a_frame_leave_nothing_behind,
    a_reader_that_goes_on_talking_leaves_nothing_behind,
    a_stream_ends_when_what_it_was_opened_with_is_taken_back,
    whoever_is_let_in_no_longer_is_cut_off_however_slowly_they_read,
}

/// A service that is quick to give up on who does not read.
fn service(way: Way) -> Offline {
    Offline::listening(|config| {
        way.set(config, |config| {
            config.connections.write_timeout = Duration::from_secs(1);
        });
    })
}

/// Some hundred bytes for each of so many lines, none like another, so that
/// they do not compress to nothing.
fn long_order(lines: usize) -> NewOrder {
    let mut order = new_order(station("grill"), channel("web"), Service::Pickup);
    let line = order.items.remove(0);
    order.items = (0..lines)
        .map(|_| {
            let words = (0..12).map(|_| format!("{:x}", rand::random::<u128>()));
            NewItem { note: Some(words.collect()), ..line.clone() }
        })
        .collect();
    order
}

impl Offline {
    async fn place_long(&self, lines: usize) -> FoodOrder {
        let placed = self.app.orders.place(long_order(lines), None).await.expect("placed");
        serde_json::from_slice(&placed.order_json).expect("an order")
    }

    async fn stream(&self, way: Way, query: &str) -> Source {
        self.stream_with(way, query, "").await
    }

    async fn stream_with(&self, way: Way, query: &str, key: &str) -> Source {
        let encoding = if way.is_gzip() { "gzip" } else { "" };
        let headers = [("accept-encoding", encoding), ("x-key", key)];
        self.connect(&format!("/live-orders?{query}"), &headers).await
    }

    /// Waits until nothing is left of any stream.
    async fn is_quiet(&self) {
        let figures =
            || (self.app.open_streams.count(), self.app.snapshots.held(), self.app.hub.filters());
        within("everything to be given back", async {
            // Who is gone without a word is noticed when it is written to.
            let mut beats = tokio::time::interval(Duration::from_millis(1));
            while figures() != (0, 0, 0) {
                beats.tick().await;
                self.app.hub.heartbeat(self.app.clock.now());
            }
        })
        .await;
    }
}

/// What a reader makes of the bytes that come.
struct Reading {
    gunzip: Option<Gunzip>,
    frames: FrameReader,
}

impl Reading {
    fn new(way: Way) -> Self {
        Self { gunzip: way.is_gzip().then(Gunzip::default), frames: FrameReader::default() }
    }

    fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        match &mut self.gunzip {
            Some(gunzip) => self.frames.push(&gunzip.push(bytes)),
            None => self.frames.push(bytes),
        }
    }

    /// The next frames of `source`; none at its end.
    async fn next(&mut self, source: &mut Source) -> Vec<Frame> {
        loop {
            let Some(piece) = within("a piece", source.piece()).await else { return Vec::new() };
            let frames = self.push(&piece);
            if !frames.is_empty() {
                return frames;
            }
        }
    }

    /// Reads until a frame of this kind comes.
    async fn until(&mut self, source: &mut Source, event: &str) -> Frame {
        loop {
            let frames = self.next(source).await;
            assert!(!frames.is_empty(), "it ended before {event}");
            if let Some(frame) = frames.into_iter().find(|frame| frame.event == event) {
                return frame;
            }
        }
    }
}

async fn a_reader_of_single_bytes_gets_everything_once(way: Way) {
    let service = service(way);
    let mut orders = vec![service.place_long(4).await];
    let mut source = service.stream(way, "after=earliest").await;
    let mut reading = Reading::new(way);
    let mut seen = Vec::new();
    // Far slower than orders come: one byte for each.
    for _ in 0..40 {
        orders.push(service.place_long(2).await);
        let byte = within("a byte", source.byte()).await.expect("it goes on");
        seen.extend(reading.push(&[byte]));
    }
    // And then not much faster, to the end.
    while seen.iter().filter(|frame| frame.event.starts_with("order.")).count() < orders.len() {
        let byte = within("a byte", source.byte()).await.expect("it goes on");
        seen.extend(reading.push(&[byte]));
    }
    let placed = seen.iter().filter(|frame| frame.event.starts_with("order.")).map(order_of);
    assert_eq!(placed.collect::<Vec<_>>(), orders);
    drop(source);
    service.is_quiet().await;
}

async fn readers_that_never_read_share_a_snapshot_and_give_it_back(way: Way) {
    let service = service(way);
    // More than all that is between the two can hold.
    let mut orders = Vec::new();
    for _ in 0..40 {
        orders.push(service.place_long(100).await);
    }
    let first = service.stream(way, "snapshot=1&station=grill").await;
    let held = service.app.snapshots.held();
    assert!(held > 500_000, "{held}");
    let others = [
        service.stream(way, "snapshot=1&station=grill").await,
        service.stream(way, "snapshot=1&station=grill").await,
    ];
    assert_eq!((service.app.open_streams.count(), service.app.snapshots.held()), (3, held));
    // Who reads has the same at the same time.
    let mut source = service.stream(way, "snapshot=1&station=grill").await;
    let frame = Reading::new(way).until(&mut source, "snapshot").await;
    assert_eq!(read::<Snapshot>(&frame).orders, orders);
    assert_eq!(service.app.snapshots.held(), held);
    // Something has happened: what is shared is not old.
    let later = service.place_long(1).await;
    let mut source = service.stream(way, "snapshot=1&station=grill").await;
    let frame = Reading::new(way).until(&mut source, "snapshot").await;
    assert_eq!(read::<Snapshot>(&frame).orders.last(), Some(&later));
    drop(source);
    // Nobody closes them but the server.
    service.is_quiet().await;
    drop((first, others));
}

async fn readers_that_vanish_within_a_frame_leave_nothing_behind(way: Way) {
    let mut service = service(way);
    for _ in 0..10 {
        service.place_long(50).await;
    }
    let mut healthy = service.stream(way, "").await;
    let mut reading = Reading::new(way);
    for (index, query) in ["snapshot=1", "after=earliest", "after=earliest&station=grill"]
        .into_iter()
        .cycle()
        .take(12)
        .enumerate()
    {
        let mut source = service.stream(way, query).await;
        for _ in 0..index {
            let _ = within("a piece", source.piece()).await;
        }
        if let (Source::Socket(socket, _), true) = (&source, index % 2 == 0) {
            // Without a word, as when the power goes.
            socket.set_zero_linger().expect("an option");
        }
    }
    service.place().await;
    let expected = service.orders.last().cloned().expect("an order");
    let frame = reading.until(&mut healthy, "order.placed").await;
    assert_eq!(order_of(&frame), expected);
    drop(healthy);
    service.is_quiet().await;
}

async fn a_reader_that_goes_on_talking_leaves_nothing_behind(way: Way) {
    let service = service(way);
    let mut source = service.stream(way, "station=grill").await;
    let noise = vec![b'x'; 96 * 1024];
    if let Source::Socket(socket, _) = &mut source {
        let _ = within("the system to take it", socket.write_all(&noise)).await;
    }
    if way.is_taken() {
        // It is let go though it reads on.
        while within("the end", source.piece()).await.is_some() {}
    } else {
        // Hyper reads no more of it, so only its end ends the stream.
        drop(source);
    }
    service.is_quiet().await;
}

async fn a_stream_ends_when_what_it_was_opened_with_is_taken_back(way: Way) {
    let configure = |config: &mut Config| way.set(config, |_| {});
    let (mut service, config) = Offline::make(configure, |store| store);
    let pass = Pass::default();
    let given = pass.clone();
    let door = from_fn(move |mut request: Request, next: axum::middleware::Next| {
        if request.headers().contains_key("x-key") {
            request.extensions_mut().insert(given.clone());
        }
        next.run(request)
    });
    service.listen(service.router.clone().layer(door), config.connections);
    let mut staying = service.stream(way, "").await;
    let mut stays = Reading::new(way);
    stays.until(&mut staying, "heartbeat").await;
    let mut ending = Vec::new();
    for query in ["", "station=grill", "station=bar"] {
        let (mut source, mut reading) =
            (service.stream_with(way, query, "a").await, Reading::new(way));
        // It waits for what comes.
        reading.until(&mut source, "heartbeat").await;
        ending.push((source, reading));
    }
    pass.revoke(&service.app.hub);
    for (mut source, mut reading) in ending {
        let bye: Bye = read(&reading.until(&mut source, "bye").await);
        assert_eq!(bye.reason, ByeReason::Revoked);
        assert!(reading.next(&mut source).await.is_empty(), "it ends");
    }
    // Who comes with it again is told so at once.
    let (mut source, mut reading) = (service.stream_with(way, "", "a").await, Reading::new(way));
    let bye: Bye = read(&reading.until(&mut source, "bye").await);
    assert_eq!(bye.reason, ByeReason::Revoked);
    service.place().await;
    let frame = stays.until(&mut staying, "order.placed").await;
    assert_eq!(order_of(&frame), service.orders[0]);
}

async fn whoever_is_let_in_no_longer_is_cut_off_however_slowly_they_read(way: Way) {
    let configure = |config: &mut Config| {
        way.set(config, |config| {
            // Nothing else lets them go while the test lasts.
            config.connections.write_timeout = Duration::from_mins(10);
        });
    };
    let (mut service, config) = Offline::make(configure, |store| store);
    let pass = Pass::default();
    let given = pass.clone();
    let door = from_fn(move |mut request: Request, next: axum::middleware::Next| {
        request.extensions_mut().insert(given.clone());
        next.run(request)
    });
    service.listen(service.router.clone().layer(door), config.connections);
    let mut following = service.stream(way, "station=grill").await;
    Reading::new(way).until(&mut following, "heartbeat").await;
    // More than all that is between the two can hold.
    for _ in 0..40 {
        service.place_long(100).await;
    }
    let snapshot = service.stream(way, "snapshot=1").await;
    let paging = service.stream(way, "after=earliest").await;
    let mut slow = service.stream(way, "after=earliest&channel=web").await;
    assert_eq!(service.app.open_streams.count(), 4);
    pass.revoke(&service.app.hub);
    // One takes a byte now and then, the others nothing.
    tokio::select! {
        () = service.is_quiet() => {}
        () = async {
            let mut turns = tokio::time::interval(Duration::from_millis(5));
            while slow.byte().await.is_some() {
                turns.tick().await;
            }
            std::future::pending::<()>().await;
        } => {}
    }
    drop((following, snapshot, paging));
}

/// A socket that is handed over when nobody is left to write to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_begins_after_the_sweepers_have_stopped_is_closed() {
    let service = service(Way::Taken);
    let sweepers = service.app.sweepers.clone().expect("sweepers");
    tokio::task::spawn_blocking(move || sweepers.stop()).await.expect("stopped");
    let mut socket = service.ask("/live-orders", &[]).await;
    let mut answer = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut answer);
    let _ = within("the end", read).await;
    service.is_quiet().await;
}
