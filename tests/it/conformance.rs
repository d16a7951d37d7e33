//! The stream by the rules of the HTML standard: the streams of `tests/wire`, and what a
//! reader must make of each, through our own reader and another one. Chromium and clients in
//! JavaScript and Python read the same ones in `end2end/specs/conformance.spec.ts`.
//!
//! Where a foreign reader departs from the rules, the case says how and why (`departs`),
//! and it is held to that: a departure that is mended is noticed too.

use std::{convert::Infallible, fmt::Write as _, ops::Range, path::PathBuf, pin::pin};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use live_orders::{
    domain::{
        Channel, Currency, Customer, FoodOrder, Fulfilment, Intake, Location, MinorUnits, NewItem,
        NewOrder, OrderId, OrderNumber, Promise, Service, Source, Station, UnixMillis,
    },
    wire::{
        Bye, ByeReason, Epoch, EventId, EventKind, Heartbeat, Hello, Seq, Snapshot, SnapshotReason,
        Stats,
        frame::{self, Frame, FrameReader},
    },
};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde::Serialize;
use serde_json::{Value, json};
use sseer::event_stream::EventStream;
use uuid::Uuid;

use crate::{
    stream::Way,
    support::{TestServer, order_of, within},
};

/// What a reader makes of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    frames: Vec<Frame>,
    retry: Option<u64>,
    /// Whether it gave up before the end.
    failed: bool,
}

/// One stream.
struct Case {
    name: String,
    bytes: Vec<u8>,
    /// By the rules.
    told: Told,
    /// As the reader in the crate `sseer` departs from them.
    sseer: Option<Told>,
}

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "wire", name].iter().collect()
}

/// The cases that are kept in `name`.
fn kept(name: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(file(name)).expect("the matrix");
    let matrix: Value = serde_json::from_str(&text).expect("JSON");
    matrix["cases"].as_array().expect("cases").iter().map(case).collect()
}

fn matrix() -> Vec<Case> {
    let mut cases = kept("frames.json");
    cases.extend(kept("ours.json"));
    cases
}

fn case(case: &Value) -> Case {
    let departs = &case["departs"]["sseer"];
    assert!(departs.is_null() || departs["why"].is_string(), "{case}");
    Case {
        name: case["name"].as_str().expect("a name").to_owned(),
        bytes: bytes(&case["stream"]),
        told: told(case),
        sseer: (!departs.is_null()).then(|| told(departs)),
    }
}

fn told(case: &Value) -> Told {
    let mut frames = Vec::new();
    for event in case["events"].as_array().expect("events") {
        let field = |name: &str| String::from_utf8(bytes(&event[name])).expect("UTF-8");
        let event_type = if event["type"].is_null() { "message".to_owned() } else { field("type") };
        let frame = Frame { id: field("id"), event: event_type, data: field("data") };
        let times = event["times"].as_u64().unwrap_or(1);
        frames.extend((0..times).map(|_| frame.clone()));
    }
    Told { frames, retry: case["retry"].as_u64(), failed: case["fails"] == true }
}

/// The bytes of a text, of bytes in hexadecimal, of something repeated, or of a list of these.
fn bytes(pieces: &Value) -> Vec<u8> {
    match pieces {
        Value::Null => Vec::new(),
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(pieces) => pieces.iter().flat_map(bytes).collect(),
        piece => {
            if let Some(hex) = piece["bytes"].as_str() {
                let byte = |hex| u8::from_str_radix(hex, 16).expect("a byte");
                return hex.split(' ').map(byte).collect();
            }
            let times = piece["times"].as_u64().expect("a piece");
            bytes(&piece["repeat"]).repeat(usize::try_from(times).expect("a number"))
        }
    }
}

impl Case {
    /// What the crate makes of it.
    fn by_sseer(&self) -> &Told {
        self.sseer.as_ref().unwrap_or(&self.told)
    }
}

fn through_ours(pieces: Vec<&[u8]>) -> Told {
    let mut reader = FrameReader::default();
    let frames = pieces.into_iter().flat_map(|piece| reader.push(piece)).collect();
    Told { frames, retry: reader.retry, failed: false }
}

fn through_sseer(pieces: Vec<&[u8]>) -> Told {
    let pieces = pieces.into_iter().map(|it| Ok::<_, Infallible>(Bytes::copy_from_slice(it)));
    let pieces: Vec<_> = pieces.collect();
    let mut events = pin!(EventStream::new(stream::iter(pieces)));
    let mut told = Told::default();
    while let Some(event) = events.next().now_or_never().expect("nothing is waited for") {
        let Ok(event) = event else {
            told.failed = true;
            break;
        };
        let millis = |retry: std::time::Duration| u64::try_from(retry.as_millis()).expect("a time");
        told.retry = event.retry.map(millis).or(told.retry);
        let text = ToString::to_string;
        told.frames.push(Frame {
            id: text(&event.id),
            event: text(&event.event),
            data: text(&event.data),
        });
    }
    told
}

/// What is wrong where `read` is not `due`. A line of 1 MiB is not printed.
fn wrong(what: &str, read: &Told, due: &Told) -> Option<String> {
    let brief = |told: &Told| {
        let text = format!("{told:?}");
        let cut = text.char_indices().nth(600).map_or(text.len(), |(at, _)| at);
        text[..cut].to_owned()
    };
    (read != due).then(|| format!("{what}\n read: {}\n  due: {}\n", brief(read), brief(due)))
}

/// Pieces of `bytes`, cut at each of `cuts`, which grow.
fn pieces(bytes: &[u8], cuts: impl IntoIterator<Item = usize>) -> Vec<&[u8]> {
    let mut begin = 0;
    let mut pieces: Vec<_> = cuts
        .into_iter()
        .map(|cut| {
            let Range { start, end } = begin..cut;
            begin = cut;
            &bytes[start..end]
        })
        .collect();
    pieces.push(&bytes[begin..]);
    pieces
}

/// Every way in which a stream of this many bytes is cut: nowhere, everywhere, in pieces of
/// one size, and a short one once at each place.
fn ways_to_cut(length: usize) -> Vec<Vec<usize>> {
    let each = |size: usize| (size..length).step_by(size).collect();
    let mut ways = vec![vec![], each(1021), each(65536)];
    if length < 100_000 {
        ways.extend([each(1), each(2), each(3), each(7)]);
    }
    if length < 2_000 {
        ways.extend((1..length).map(|cut| vec![cut]));
    }
    ways
}

/// What `read` makes of a case in another way than is due.
fn wrongs(case: &Case, read: impl Fn(Vec<&[u8]>) -> Told, due: &Told) -> Option<String> {
    ways_to_cut(case.bytes.len()).into_iter().find_map(|cuts| {
        let pieces = pieces(&case.bytes, cuts);
        let what = format!("{}, {} pieces", case.name, pieces.len());
        wrong(&what, &read(pieces), due)
    })
}

#[test]
fn our_reader_goes_by_the_rules_wherever_a_stream_is_cut() {
    let wrong: Vec<_> =
        matrix().iter().filter_map(|case| wrongs(case, through_ours, &case.told)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn another_reader_goes_by_them_but_where_it_is_known_to_depart() {
    let cases = matrix();
    let wrong: Vec<_> =
        cases.iter().filter_map(|case| wrongs(case, through_sseer, case.by_sseer())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for case in cases {
        assert_ne!(case.sseer, Some(case.told), "{}: this is no departure", case.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn it_does_not_matter_where_a_stream_is_cut(
        which in any::<Index>(),
        cuts in vec(any::<Index>(), 1..24),
    ) {
        thread_local! {
            static SHORT: Vec<Case> =
                matrix().into_iter().filter(|it| (1..100_000).contains(&it.bytes.len())).collect();
        }
        SHORT.with(|cases| {
            let case = &cases[which.index(cases.len())];
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(case.bytes.len())).collect();
            cuts.sort_unstable();
            let pieces = pieces(&case.bytes, cuts);
            let ours = wrong(&case.name, &through_ours(pieces.clone()), &case.told);
            let sseer = wrong(&case.name, &through_sseer(pieces), case.by_sseer());
            prop_assert_eq!((ours, sseer), (None, None));
            Ok(())
        })?;
    }
}

/// What customers write, and worse.
const TEXTS: [(&str, &str); 16] = [
    ("plain", "no onion"),
    ("emoji", "\u{1F355}\u{1F469}\u{1F3FD}\u{200D}\u{1F373}\u{1F1EA}\u{1F1FA}"),
    ("right to left", "ללא בצל \u{202E}بدون بصل\u{202C} 2×"),
    ("quotes and backslashes", r#"the "hot" one \ \n '7' \u0041"#),
    ("ends of lines", "one\r\ntwo\nthree\rfour\n\nfive"),
    ("other ends of lines", "a\u{2028}b\u{2029}c\u{85}d\u{B}e\u{C}f\u{1C}g"),
    ("NUL and other controls", "a\0b\u{1}c\u{1B}[31md\u{7F}e\tf"),
    ("a frame of its own", "\n\nevent: order.cancelled\nid: 0-0\ndata: {}\n\n"),
    ("fields at the start", "data: x"),
    ("colons", ":: : a:b:"),
    ("spaces", "  two before and two after  "),
    ("markup", "</script><!--<b>&amp;"),
    ("byte order marks", "\u{FEFF}a\u{FEFF}"),
    ("the last code points", "\u{D7FF}\u{E000}\u{FFFD}\u{FFFE}\u{FFFF}\u{10FFFF}"),
    ("letters that are made of several", "e\u{301}\u{327}\u{5BF} ﷽ ﬁ ſ"),
    ("nothing", ""),
];

/// An order with `text` wherever a client may say something.
fn order(number: u32, text: &str) -> FoodOrder {
    let item = NewItem {
        name: text.to_owned(),
        quantity: 2,
        unit_price: MinorUnits(950),
        station: Station::parse("grill").expect("a station"),
        modifiers: Vec::new(),
        allergens: vec![text.to_owned()],
        note: Some(text.to_owned()),
    };
    let order = NewOrder {
        location: Location::parse("main").expect("a location"),
        source: Source {
            channel: Channel::parse("web").expect("a channel"),
            external_id: Some(text.to_owned()),
            accept_by: None,
            placed_at: None,
        },
        fulfilment: Fulfilment {
            service: Service::Delivery,
            address: Some(text.to_owned()),
            instructions: Some(text.to_owned()),
            ..Fulfilment::default()
        },
        customer: Customer { name: text.to_owned(), phone: Some(text.to_owned()) },
        items: vec![item],
        currency: Currency::parse("EUR").expect("a currency"),
        tax: MinorUnits(0),
        tip: MinorUnits(0),
        fees: MinorUnits(0),
        discount: MinorUnits(0),
        rush: false,
    };
    let id = OrderId(Uuid::from_u128(u128::from(number)));
    order.place(id, OrderNumber(number), UnixMillis(1_795_360_401_667), Promise::default())
}

fn text_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("JSON")
}

/// Cases that the product's own writer makes of what is awkward.
fn ours() -> Value {
    let at = |seq| EventId { epoch: Epoch(0x9F3A_01C4), seq: Seq(seq) };
    let mut cases = Vec::new();
    // What is written, and what has to come of it.
    let mut add = |name: String, retry: Option<u64>, events: &[(&str, &'static str, &str)]| {
        let mut out = Vec::new();
        if let Some(retry) = retry {
            frame::push_retry(&mut out, retry);
        }
        let mut last = String::new();
        let mut told = Vec::new();
        for (id, event, data) in events {
            frame::push_event(&mut out, id, event, data.as_bytes());
            if !id.is_empty() && !id.contains(['\r', '\n', '\0']) {
                (*id).clone_into(&mut last);
            }
            let data = data.replace(['\r', '\n'], "\n").replace('\0', "");
            told.push(json!({"id": last, "type": event, "data": data}));
        }
        let stream = String::from_utf8(out).expect("text");
        let mut case = json!({"name": format!("ours: {name}"), "stream": [stream], "events": told});
        if let Some(retry) = retry {
            case["retry"] = retry.into();
        }
        cases.push(case);
    };

    let now = UnixMillis(1_795_360_401_667);
    let version = "0.1.0".to_owned();
    let hello = Hello { cursor: at(7), server_time: now, heartbeat_ms: 5_000, version };
    let beat = Heartbeat {
        server_time: now,
        open: 1,
        stats: Stats::default(),
        intake: Intake::default(),
        unseen: Vec::new(),
        quiet: TEXTS.iter().map(|(_, text)| (*text).to_owned()).collect(),
    };
    let bye = Bye { reason: ByeReason::Shutdown, retry_ms: 2_345 };
    let (hello, beat, bye) = (text_of(&hello), text_of(&beat), text_of(&bye));
    let placed = text_of(&order(1, TEXTS[1].1));
    let kind = EventKind::ALL[0].as_str();
    let id = |seq| at(seq).to_string();
    add("hello".to_owned(), Some(2_000), &[(&id(7), Hello::NAME, &hello)]);
    add(
        "hello, an order, a heartbeat and bye".to_owned(),
        Some(2_000),
        &[
            (&id(7), Hello::NAME, &hello),
            (&id(8), kind, &placed),
            (&id(8), Heartbeat::NAME, &beat),
            (&id(8), Bye::NAME, &bye),
        ],
    );
    let orders = (1..).zip(TEXTS).map(|(number, (_, text))| order(number, text)).collect();
    let reason = SnapshotReason::Requested;
    let snapshot = text_of(&Snapshot { reason, cursor: at(16), server_time: now, orders });
    add(
        "hello without a position, and a snapshot".to_owned(),
        Some(2_000),
        &[("", Hello::NAME, &hello), (&id(16), Snapshot::NAME, &snapshot)],
    );
    for (seq, event) in (1..).zip(EventKind::ALL) {
        add(event.to_string(), None, &[(&id(seq), event.as_str(), &placed)]);
    }
    for (number, (what, text)) in (1..).zip(TEXTS) {
        let order = text_of(&order(number, text));
        add(format!("an order with {what}"), None, &[(&id(u64::from(number)), kind, &order)]);
        add(format!("data with {what}"), None, &[(&id(1), kind, text), (&id(2), kind, "{}")]);
    }
    for odd in ["", "a\nb", "a\rb", "a\0b", "ключ-\u{1F355}", " 7 ", "a:b", "\t", "\u{FEFF}"] {
        let events = [(&*id(1), kind, "{}"), (odd, kind, "{}"), ("", kind, "{}")];
        add(format!("the id {odd:?}"), None, &events);
    }
    json!({ "cases": cases })
}

#[test]
fn the_matrix_has_what_our_writer_writes() {
    let text = std::fs::read_to_string(file("ours.json")).expect("the matrix");
    let mut kept: Value = serde_json::from_str(&text).expect("JSON");
    for case in kept["cases"].as_array_mut().expect("cases") {
        // What others make of it is written by hand.
        case.as_object_mut().expect("a case").remove("departs");
    }
    let (kept, made) = (kept["cases"].as_array(), ours());
    let made = made["cases"].as_array().expect("cases");
    for (kept, made) in kept.expect("cases").iter().zip(made) {
        assert_eq!(kept, made, "keep it anew: cargo test --test it keep_our_frames -- --ignored");
    }
    assert_eq!(kept.map(Vec::len), Some(made.len()));
}

/// Writes what the product's writer makes into the matrix.
#[test]
#[ignore = "writes a file: for whoever changes what is on the wire"]
fn keep_our_frames() {
    let before = std::fs::read_to_string(file("ours.json")).unwrap_or_default();
    let before: Value = serde_json::from_str(&before).unwrap_or_default();
    let mut made = ours();
    let cases = made["cases"].as_array_mut().expect("cases");
    for case in cases.iter_mut() {
        let same = |kept: &&Value| kept["name"] == case["name"];
        let kept = before["cases"].as_array().and_then(|kept| kept.iter().find(same));
        if let Some(departs) = kept.and_then(|kept| kept.get("departs")) {
            case["departs"] = departs.clone();
        }
    }
    let lines: Vec<_> = cases.iter().map(|case| format!("    {case}")).collect();
    let text = format!("{{\n  \"cases\": [\n{}\n  ]\n}}\n", lines.join(",\n"));
    // In ASCII: some of the letters turn around what is beside them.
    let mut plain = String::new();
    for letter in text.chars() {
        if letter.is_ascii() {
            plain.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(plain, "\\u{unit:04x}");
            }
        }
    }
    std::fs::write(file("ours.json"), plain).expect("written");
}

/// A real server's stream, hello and snapshot and heartbeat and all, through both readers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_readers_make_the_same_of_a_real_stream() {
    for way in [Way::Taken, Way::Body] {
        let configure = |config: &mut live_orders::server::config::Config| {
            way.set(config, |config| {
                config.stream.heartbeat = std::time::Duration::from_millis(100);
            });
        };
        let server = TestServer::start_with(configure).await;
        let mut placed = Vec::new();
        for (what, text) in TEXTS {
            let text = if text.trim().is_empty() { what } else { text };
            let order = json!({
                "items": [{"name": text, "quantity": 1, "note": text}],
                "customer": {"name": text},
            });
            placed.push(server.place(&order).await);
        }
        for (query, orders) in [("after=earliest", placed.len()), ("snapshot=1", 0)] {
            let mut stream = server.stream(query).await;
            stream.expect("hello").await;
            // Of the snapshot more is said below.
            let told: Vec<_> = within("the orders", stream.orders(orders)).await;
            assert_eq!(told, placed[..orders]);
            stream.until("heartbeat").await;
            let read = through_ours(vec![&stream.bytes]);
            assert!(read.frames.len() > orders + 1, "{read:?}");
            assert_eq!(read.retry, Some(2_000));
            let sseer = through_sseer(stream.bytes.chunks(1).collect());
            assert_eq!(wrong(query, &sseer, &read), None);
            if orders == 0 {
                let snapshot = read.frames.iter().find(|it| it.event == Snapshot::NAME);
                let snapshot = &snapshot.expect("a snapshot").data;
                let snapshot: Snapshot = serde_json::from_str(snapshot).expect("a snapshot");
                assert_eq!(snapshot.orders, placed);
            } else {
                let of_orders = read.frames.iter().filter(|it| it.event.starts_with("order."));
                assert_eq!(of_orders.map(order_of).collect::<Vec<_>>(), placed);
            }
        }
    }
}
