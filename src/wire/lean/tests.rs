use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    domain::text,
    wire::{Epoch, Seq},
};

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|raw| text::clean(&raw))
}

fn time() -> impl Strategy<Value = UnixMillis> {
    any::<i64>().prop_map(UnixMillis)
}

fn label() -> impl Strategy<Value = String> {
    "[a-zé \"\\\\<]{1,12}".prop_map(|raw| format!("x{raw}"))
}

fn station() -> impl Strategy<Value = Station> {
    label().prop_map(|raw| Station::parse(&raw).expect("valid"))
}

fn item() -> impl Strategy<Value = OrderItem> {
    let modifier =
        (prop::sample::select(ModifierKind::ALL.as_slice()), text(), any::<u32>(), any::<i64>())
            .prop_map(|(kind, name, quantity, price)| Modifier {
                kind,
                name,
                quantity,
                unit_price: MinorUnits(price),
            });
    (
        any::<u32>(),
        text(),
        any::<u32>(),
        station(),
        prop::collection::vec(modifier, 0..3),
        prop::collection::vec(text(), 0..3),
        prop::option::of(text()),
        prop::sample::select(ItemStatus::ALL.as_slice()),
    )
        .prop_map(|(id, name, quantity, station, modifiers, allergens, note, status)| {
            OrderItem {
                id: ItemId(id),
                name,
                quantity,
                unit_price: MinorUnits(950),
                station,
                modifiers,
                allergens,
                note,
                status,
                quantity_before: Some(id).filter(|id| id % 2 == 0),
                added_at: Some(UnixMillis(i64::from(id))).filter(|at| at.0 % 3 == 0),
                added: Added(id % 5 == 0),
            }
        })
}

fn order() -> impl Strategy<Value = FoodOrder> {
    let whose = (text(), prop::option::of(text()), prop::option::of(text()));
    let when = (time(), prop::option::of(time()), prop::option::of(time()));
    let what = (
        prop::sample::select(OrderStatus::ALL.as_slice()),
        prop::option::of(prop::sample::select(OrderStatus::ALL.as_slice())),
        prop::sample::select(Service::ALL.as_slice()),
        prop::sample::select(ActorKind::ALL.as_slice()),
    );
    (
        any::<u128>(),
        any::<u32>(),
        label(),
        whose,
        when,
        what,
        prop::collection::vec(item(), 0..3),
        any::<[bool; 7]>(),
    )
        .prop_map(|(id, number, label, whose, when, what, items, flags)| {
            let (name, phone, reason) = whose;
            let (placed_at, due_at, ready_at) = when;
            let (status, from, service, kind) = what;
            let [rush, held, recalled, changed, scheduled, cancel_unseen, allergens_seen] = flags;
            FoodOrder {
                id: OrderId(uuid::Uuid::from_u128(id)),
                number: OrderNumber(number),
                location: Location::parse(&label).expect("valid"),
                version: Version(number),
                status,
                source: Source {
                    channel: Channel::parse(&label).expect("valid"),
                    external_id: phone.clone(),
                    accept_by: due_at,
                    placed_at: due_at,
                },
                fulfilment: Fulfilment {
                    service,
                    due_at,
                    table: phone.clone(),
                    address: reason.clone(),
                    instructions: None,
                    arrived_note: phone.clone(),
                },
                customer: Customer { name: name.clone(), phone },
                unaware: Station::parse(&label).into_iter().filter(|_| recalled).collect(),
                erased: Erased(rush && recalled),
                revision: number,
                items,
                money: Money {
                    currency: Currency::parse("EUR").expect("valid"),
                    subtotal: MinorUnits(placed_at.0),
                    tax: MinorUnits(1),
                    tip: MinorUnits(2),
                    fees: MinorUnits(3),
                    discount: MinorUnits(-4),
                    total: MinorUnits(5),
                },
                flags: Flags {
                    rush,
                    held,
                    recalled,
                    changed,
                    scheduled,
                    cancel_unseen,
                    allergens_seen,
                },
                times: Times {
                    placed_at,
                    ready_at,
                    due_at,
                    fires_at: due_at,
                    promised_at: ready_at,
                    arrived_at: due_at,
                    ..Times::default()
                },
                last_change: LastChange {
                    from,
                    to: status,
                    what: What::ALL[usize::from(rush) + 2 * usize::from(held)],
                    at: placed_at,
                    actor: Actor { kind, id: name },
                    reason,
                },
            }
        })
}

fn screen() -> impl Strategy<Value = ScreenSettings> {
    let words = (
        prop::sample::select(Role::ALL),
        prop::sample::select(View::ALL),
        prop::sample::select(Sort::ALL),
        prop::sample::select(Digits::ALL),
        prop::sample::select(Announce::ALL),
    );
    let size = (prop::option::of(any::<u32>()), any::<u32>(), any::<u32>());
    let keys = prop::collection::vec((label(), label()), 0..3);
    (text(), prop::option::of(text()), words, size, keys, any::<[bool; 10]>()).prop_map(
        |(title, warning, words, size, keys, on)| ScreenSettings {
            version: Version(7),
            name: "grill-2".to_owned(),
            title,
            warning,
            role: words.0,
            shared: on[9].then(|| Station::parse("unrouted").expect("a station")),
            view: words.1,
            sort: words.2,
            page_size: size.0,
            columns: size.1,
            sounds: Sounds {
                new: on[0],
                changed: on[1],
                cancelled: on[2],
                ready: on[3],
                late: on[4],
                offline: on[5],
            },
            volume: size.2,
            quiet_from: size.0,
            quiet_until: size.0,
            digits: words.3,
            bump_bar: on[6],
            single_keys: on[7],
            keys: keys.into_iter().map(|(action, code)| KeyBinding { action, code }).collect(),
            announce: words.4,
            hold_to_bump: on[8],
            acknowledge_allergens: on[9],
        },
    )
}

/// The same value, as `serde_json` sees it; floats aside, which the wire has not.
fn same(json: &Json, value: &Value) -> bool {
    match (json, value) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(a), Value::Bool(b)) => a == b,
        (Json::Number(a), Value::Number(b)) => b.as_i64().is_none_or(|b| *a == b),
        (Json::Text(a), Value::String(b)) => a == b,
        (Json::List(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        // Of two fields of one name either reader may take either.
        (Json::Map(a), Value::Object(b)) => {
            a.len() != b.len() || a.iter().all(|(name, a)| same(a, &b[name]))
        }
        _ => false,
    }
}

fn cursor() -> EventId {
    EventId { epoch: Epoch(7), seq: Seq(42) }
}

proptest! {
    #[test]
    fn reads_every_order_that_serde_writes(order in order()) {
        let json = serde_json::to_string(&order).expect("serialises");
        prop_assert_eq!(FoodOrder::parse(&json), Some(order.clone()));
        let pretty = serde_json::to_string_pretty(&order).expect("serialises");
        prop_assert_eq!(FoodOrder::parse(&pretty), Some(order));
    }

    #[test]
    fn serde_reads_every_order_that_a_browser_writes(order in order()) {
        let mut json = String::new();
        order.write(&mut json);
        prop_assert_eq!(serde_json::from_str::<FoodOrder>(&json).ok(), Some(order.clone()));
        prop_assert_eq!(FoodOrder::parse(&json), Some(order));
    }

    #[test]
    fn reads_every_page_and_message_that_serde_writes(
        orders in prop::collection::vec(order(), 0..3),
        time in time(),
        stations in prop::collection::vec(station(), 0..3),
        average_ticket_ms in any::<Option<i64>>(),
        screen in prop::option::of(screen()),
    ) {
        let stats = Stats { placed: 1, ready: 2, average_ticket_ms, late: 3 };
        let filter = StreamFilter {
            stations: stations.clone(),
            statuses: OrderStatus::ALL.to_vec(),
            ..StreamFilter::default()
        };
        let intake = Intake {
            state: IntakeState::Busy,
            until: Some(time),
            extra_min: 10,
            reason: average_ticket_ms.map(|it| it.to_string()),
        };
        let page = BoardPage {
            orders: orders.clone(),
            cursor: cursor(),
            server_time: time,
            open: 9,
            stations,
            stats,
            intake: intake.clone(),
            words: vec!["Ready".to_owned(), "fertig".to_owned()],
            filter,
            settings: BoardSettings {
                version: "0.1.0".to_owned(),
                location: "Main <Street>".to_owned(),
                currency: Currency::parse("EUR").expect("valid"),
                heartbeat_ms: 5_000,
                utc_offset_s: -3_600,
                clock_change: Some(ClockChange { at: time, utc_offset_s: 0 }),
                clock_rate: 20,
                language: Language::Arabic,
                demo: true,
                view: View::Grid,
                screen,
                actor: Some("Ana \"K\"".to_owned()),
            },
        };
        let json = serde_json::to_string(&page).expect("serialises");
        prop_assert_eq!(BoardPage::parse(&json), Some(page.clone()));
        let unseen = orders.iter().map(|order| Unseen {
            id: order.id,
            number: order.number,
            stations: page.stations.clone(),
            since: time,
        });
        let unseen = unseen.collect();
        let quiet = orders.iter().map(|order| order.source.channel.to_string());
        let quiet = quiet.collect();
        let heartbeat = Heartbeat { server_time: time, open: 3, stats, intake, unseen, quiet };
        let json = serde_json::to_string(&heartbeat).expect("serialises");
        prop_assert_eq!(Heartbeat::parse(&json), Some(heartbeat));
        let sources = orders.iter().map(|order| SourceHealth {
            channel: order.source.channel.clone(),
            last_order_at: time,
            today: order.number.0,
            usual_gap_ms: average_ticket_ms,
            quiet: order.flags.rush,
        });
        let sources = SourceList { server_time: time, sources: sources.collect() };
        let json = serde_json::to_string(&sources).expect("serialises");
        prop_assert_eq!(SourceList::parse(&json), Some(sources));
        for reason in [SnapshotReason::Requested, SnapshotReason::UnknownId, SnapshotReason::Pruned] {
            let snapshot =
                Snapshot { reason, orders: orders.clone(), cursor: cursor(), server_time: time };
            let json = serde_json::to_string(&snapshot).expect("serialises");
            prop_assert_eq!(Snapshot::parse(&json), Some(snapshot));
        }
        let hello = Hello {
            cursor: cursor(),
            server_time: time,
            heartbeat_ms: 5_000,
            version: "0.1.0".to_owned(),
        };
        let json = serde_json::to_string(&hello).expect("serialises");
        prop_assert_eq!(Hello::parse(&json), Some(hello));
    }

    /// Text in any script, escaped in any way that JSON allows.
    #[test]
    fn reads_escaped_text(raw in any::<String>()) {
        let plain = serde_json::to_string(&raw).expect("serialises");
        prop_assert_eq!(Json::parse(&plain), Some(Json::Text(raw.clone())));
        let mut escaped = String::new();
        for unit in raw.encode_utf16() {
            write!(escaped, "\\u{unit:04x}").expect("a string takes it");
        }
        prop_assert_eq!(Json::parse(&format!("\"{escaped}\"")), Some(Json::Text(raw)));
    }

    /// Whatever comes, it does not panic, and takes nothing that serde refuses
    /// for another value than serde reads.
    #[test]
    fn agrees_with_serde_on_anything(raw in "[\\[\\]{}:,\"\\\\ntrue0-9.eu -]{0,24}") {
        if let (Some(json), Ok(value)) = (Json::parse(&raw), serde_json::from_str::<Value>(&raw)) {
            prop_assert!(same(&json, &value), "{json:?} is not {value:?}");
        }
    }

    #[test]
    fn writes_text_that_serde_reads(raw in any::<String>()) {
        let clean = text::clean(&raw);
        let mut json = String::new();
        push_text(&mut json, &clean);
        prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), clean);
    }
}

#[test]
fn a_stack_of_lists_is_refused_before_it_is_too_high() {
    assert_eq!(Json::parse(&"[".repeat(100_000)), None);
}

#[test]
fn what_is_not_whole_is_not_taken() {
    for raw in ["", "{", "[1,]", "{\"a\"}", "\"a", "1 2", "nul", "-", "99999999999999999999"] {
        assert_eq!(Json::parse(raw), None, "{raw}");
    }
    assert_eq!(Hello::parse("{\"cursor\":\"00000001-1\"}"), None);
    assert_eq!(
        Json::parse(" [1.5e3, -2] "),
        Some(Json::List(vec![Json::Number(1), Json::Number(-2)]))
    );
}
