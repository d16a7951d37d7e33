//! The bodies that requests have, as [`ingest`](crate::server::ingest) reads them. They are
//! read by hand there, so that a refusal can name every field that breaks a rule; what
//! is described here is held against that by tests.
//!
//! A field that may be left out may be `null` too.

#![expect(dead_code, reason = "they describe what is read; nobody makes one")]

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::shapes::{Filled, InTenths, List, Text, Whole};
use crate::{
    domain::{
        ActorKind, Channel, Currency, ItemId, ItemStatus, Location, ModifierKind, OrderId,
        OrderStatus, ScreenName, Service, Station, TimeOfDay, UnixMillis, Version,
        change::Acknowledged,
        limits,
        screen::{Announce, Digits, KEY_ACTIONS, Language, Role, Sort, Theme, View},
    },
    wire::{EventId, EventKind},
};

/// So many of one thing.
type Quantity = Whole<1, { limits::QUANTITY as i64 }>;
/// An amount of money, in minor units.
type Amount = Whole<0, { limits::AMOUNT }>;
/// A sum of amounts.
type Sum = Whole<0, { i64::MAX }>;
/// Stations that are named, or none.
type Stations<const LEAST: usize> = List<Station, LEAST, { limits::FILTER_VALUES }>;

/// An order as a channel sends it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PlaceOrder {
    /// What is to be made.
    items: List<PlaceItem, 1, { limits::ITEMS }>,
    /// Where it is made; by default as configured, or yours.
    location: Option<Location>,
    source: Option<PlaceSource>,
    fulfilment: Option<PlaceFulfilment>,
    customer: Option<PlaceCustomer>,
    /// By default as configured.
    currency: Option<Currency>,
    /// If it is sent, it must be what the server computes: the items with their modifiers.
    subtotal: Option<Sum>,
    /// Tax that is not already in the prices.
    tax: Option<Amount>,
    /// For the staff.
    tip: Option<Amount>,
    /// Delivery, service, packaging.
    fees: Option<Amount>,
    /// Taken off, as a positive amount: at most what the order costs without it.
    discount: Option<Amount>,
    /// If it is sent, it must be what the server computes: subtotal + tax + tip + fees − discount.
    total: Option<Sum>,
    /// Before all others.
    rush: Option<bool>,
}

/// One line of an order.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PlaceItem {
    /// What it is.
    name: Filled<{ limits::ITEM_NAME }>,
    /// How many.
    quantity: Quantity,
    /// The price of one, without modifiers; 0 by default.
    unit_price: Option<Amount>,
    /// Where it is made; by default by the `[routing]` table of the configuration.
    station: Option<Station>,
    /// What is different from the menu.
    modifiers: Option<List<PlaceModifier, 0, { limits::MODIFIERS }>>,
    /// What somebody is allergic to.
    allergens: Option<List<Filled<{ limits::LABEL }>, 0, { limits::ALLERGENS }>>,
    /// In the customer's words.
    note: Option<Text<{ limits::NOTE }>>,
}

/// What is different from the menu.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PlaceModifier {
    /// Left out, added, more of it, or instead.
    kind: ModifierKind,
    /// What.
    name: Filled<{ limits::ITEM_NAME }>,
    /// How many times; 1 by default.
    quantity: Option<Quantity>,
    /// What one costs; 0 by default.
    unit_price: Option<Amount>,
}

/// Where an order comes from.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PlaceSource {
    /// By default the key's own, or `api`. `test` is kept for test orders.
    channel: Option<Channel>,
    /// The channel's own id of the order; unique within the location and the channel.
    external_id: Option<Text<{ limits::KEY }>>,
    /// Until when the channel wants an answer: from now on, at most a day ahead.
    accept_by: Option<UnixMillis>,
    /// When the customer placed it there: at most a day ago and five minutes ahead.
    placed_at: Option<UnixMillis>,
}

/// How, when and where an order is handed over.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PlaceFulfilment {
    /// `pickup` by default.
    r#type: Option<Service>,
    /// When it is promised: at most a day ago and 366 days ahead.
    due_at: Option<UnixMillis>,
    /// The table of a guest.
    table: Option<Text<{ limits::LABEL }>>,
    /// Where a delivery goes.
    address: Option<Text<{ limits::ADDRESS }>>,
    /// What whoever hands it over should know.
    instructions: Option<Text<{ limits::NOTE }>>,
}

/// Whose order it is.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PlaceCustomer {
    /// As the customer gave it.
    name: Option<Text<{ limits::CUSTOMER_NAME }>>,
    /// For the courier.
    phone: Option<Text<{ limits::PHONE }>>,
}

/// Who is to have done it. It counts for managers only: all others sign for themselves.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct SignAs {
    /// What sort of somebody.
    kind: ActorKind,
    /// Which one.
    id: Filled<{ limits::LABEL }>,
}

/// Where an order is to go.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ChangeStatus {
    /// The status. `rejected`, `cancelled` and `failed` take the right `direct`.
    to: OrderStatus,
    /// The version that whoever decides has seen.
    expected_version: Version,
    /// Why.
    reason: Option<Text<{ limits::NOTE }>>,
    actor: Option<SignAs>,
}

/// How far an item is.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct MarkItem {
    status: ItemStatus,
    /// The version that whoever decides has seen.
    expected_version: Version,
    actor: Option<SignAs>,
}

/// How far the items of some stations are.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct MarkStations {
    stations: Stations<1>,
    status: StationStatus,
    /// The version that whoever decides has seen.
    expected_version: Version,
    actor: Option<SignAs>,
}

/// How far a station is.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum StationStatus {
    Todo,
    Doing,
    Done,
}

/// That an order is to be made now.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Fire {
    /// The version that whoever decides has seen.
    expected_version: Version,
    actor: Option<SignAs>,
}

/// What somebody knows of.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Acknowledge {
    of: Acknowledged,
    /// For whom; for all where there are none.
    stations: Option<Stations<0>>,
    /// The version that whoever decides has seen.
    expected_version: Version,
    actor: Option<SignAs>,
}

/// Where the customer has come to.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Arrived {
    /// Where the car stands, or what it looks like.
    note: Option<Text<{ limits::ARRIVED_NOTE }>>,
    actor: Option<SignAs>,
}

/// How an order is to be erased.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Erase {
    /// Also while somebody still has work with it.
    while_open: Option<bool>,
    actor: Option<SignAs>,
}

/// That a screen shows an order.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct SeenOne {
    /// The screen's name.
    screen: Filled<{ limits::LABEL }>,
    /// For which stations; for all where there are none.
    stations: Option<Stations<0>>,
}

/// That a screen shows some orders.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct SeenAll {
    /// The screen's name.
    screen: Filled<{ limits::LABEL }>,
    /// For which stations; for all where there are none.
    stations: Option<Stations<0>>,
    orders: List<OrderId, 1, { limits::PAGE }>,
}

/// The fields of a change of what is to be made, before it is said which go together.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct EditMarks {
    /// Before all others, or no longer.
    rush: Option<bool>,
    /// Not to be begun yet, or no longer so.
    held: Option<bool>,
    /// The version that whoever decides has seen.
    expected_version: Version,
    actor: Option<SignAs>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct EditItems {
    /// New items.
    add: Option<List<PlaceItem, 1, { limits::ITEMS }>>,
    /// Items to take off.
    remove: Option<List<ItemId, 1, { limits::ITEMS }>>,
    /// Items of which there are to be another number.
    quantities: Option<List<NewQuantity, 1, { limits::ITEMS }>>,
    /// When it is due instead: at most a day ago and 366 days ahead.
    due_at: Option<UnixMillis>,
    /// The version that whoever decides has seen.
    expected_version: Version,
    actor: Option<SignAs>,
}

/// Another number of an item.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct NewQuantity {
    item: ItemId,
    quantity: Quantity,
}

/// That one of these fields says something, beside what `schema` says.
fn with_one_of(mut schema: Schema, fields: &[(&str, &str)]) -> Schema {
    let ways = fields.iter().map(|(name, kind)| {
        json_schema!({"required": [name], "properties": {(*name): {"type": kind}}}).to_value()
    });
    schema.insert("anyOf".to_owned(), ways.collect());
    schema
}

/// Marks of an order, or what is to be made of it: one or the other.
pub(super) struct EditOrder;

impl JsonSchema for EditOrder {
    fn schema_name() -> Cow<'static, str> {
        "EditOrder".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let marks = EditMarks::json_schema(generator);
        let items = EditItems::json_schema(generator);
        let mut marks = with_one_of(marks, &[("rush", "boolean"), ("held", "boolean")]);
        marks.insert("title".to_owned(), "Marks".into());
        let fields =
            [("add", "array"), ("remove", "array"), ("quantities", "array"), ("due_at", "integer")];
        let mut items = with_one_of(items, &fields);
        items.insert("title".to_owned(), "Items and time".into());
        json_schema!({
            "description": "Marks of an order, or what is to be made of it and when: one or the other.",
            "oneOf": [marks, items]
        })
    }
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct IntakeOpen {
    state: OpenState,
    /// Not looked at.
    minutes: Option<Whole<1, { limits::INTAKE_MINUTES }>>,
    /// Not looked at.
    extra_min: Option<Whole<1, { limits::BUSY_MINUTES }>>,
    reason: Option<Text<{ limits::NOTE }>>,
    actor: Option<SignAs>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum OpenState {
    Open,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct IntakeNotOpen {
    state: NotOpenState,
    /// It opens by itself after so many minutes.
    minutes: Whole<1, { limits::INTAKE_MINUTES }>,
    /// Minutes that a busy kitchen promises on top; 10 by default.
    extra_min: Option<Whole<1, { limits::BUSY_MINUTES }>>,
    /// Why, for whoever is refused.
    reason: Option<Text<{ limits::NOTE }>>,
    actor: Option<SignAs>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum NotOpenState {
    Busy,
    Paused,
}

/// Whether orders are taken: what is not open ends by itself.
pub(super) struct SetIntake;

impl JsonSchema for SetIntake {
    fn schema_name() -> Cow<'static, str> {
        "SetIntake".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut open = IntakeOpen::json_schema(generator);
        open.insert("title".to_owned(), "Open".into());
        let mut not = IntakeNotOpen::json_schema(generator);
        not.insert("title".to_owned(), "Busy or paused".into());
        json_schema!({
            "description": "Whether orders are taken. What is not open ends after `minutes`, always.",
            "oneOf": [open, not]
        })
    }
}

/// What a screen shows, and how. What is left out is at its default.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct PutScreen {
    /// As in the address, or left out.
    name: Option<ScreenName>,
    /// What is written in its head; the name by default.
    title: Option<Text<{ limits::SCREEN_TITLE }>>,
    /// `prep` by default where it has stations, else `all`.
    role: Option<Role>,
    /// Orders with items of these stations; all where there are none.
    stations: Option<List<Station, 0, { limits::SCREEN_VALUES }>>,
    /// Orders of these channels; all where there are none.
    channels: Option<List<Channel, 0, { limits::SCREEN_VALUES }>>,
    /// Orders of these services; all where there are none.
    services: Option<List<Service, 0, { limits::SCREEN_VALUES }>>,
    view: Option<View>,
    sort: Option<Sort>,
    /// Slots on one page of the grid; as many as can be read by default.
    page_size: Option<Whole<4, 20>>,
    sounds: Option<SwitchSounds>,
    /// 70 by default.
    volume: Option<Whole<0, 100>>,
    quiet_hours: Option<SetQuietHours>,
    language: Option<Language>,
    theme: Option<Theme>,
    /// The visible diagonal, in inches; 24 by default.
    diagonal_in: Option<InTenths<30, 1500>>,
    /// In the pixels that its browser counts; 1920 by default.
    width_px: Option<Whole<240, 16_384>>,
    /// In the same; 1080 by default.
    height_px: Option<Whole<240, 16_384>>,
    /// From how far it is read, in metres; 1 by default.
    distance_m: Option<InTenths<3, 200>>,
    digits: Option<Digits>,
    /// Whether a bump bar is plugged in.
    bump_bar: Option<bool>,
    /// Whether single keys do anything; they do by default.
    single_keys: Option<bool>,
    keys: Option<Keys>,
    announce: Option<Announce>,
    /// Whether a bump has to be held.
    hold_to_bump: Option<bool>,
    /// Whether somebody must confirm to have seen an allergen before the bump.
    acknowledge_allergens: Option<bool>,
    /// The version that whoever decides has seen; none to make a new one.
    expected_version: Option<Version>,
}

/// At which events a screen makes a sound. What is left out is as its role has it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SwitchSounds {
    new: Option<bool>,
    changed: Option<bool>,
    cancelled: Option<bool>,
    ready: Option<bool>,
    late: Option<bool>,
    offline: Option<bool>,
}

/// From when to when only alarms sound, each day; two different times.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SetQuietHours {
    from: TimeOfDay,
    until: TimeOfDay,
}

/// Keys that differ from the usual ones, by what they do: no two may be the same.
struct Keys;

impl JsonSchema for Keys {
    fn schema_name() -> Cow<'static, str> {
        "Keys".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let code = json_schema!({
            "description": "A `KeyboardEvent.code`.",
            "type": ["string", "null"],
            "pattern": "^[0-9A-Za-z]{1,32}$"
        });
        let actions = KEY_ACTIONS.map(|(action, _)| (action, code.clone()));
        let actions: BTreeMap<&str, Schema> = actions.into_iter().collect();
        json_schema!({
            "description": "Keys that differ from the usual ones, by what they do: no two may be the same.",
            "type": "object",
            "properties": actions,
            "additionalProperties": false,
            "examples": [{"bump": "Numpad1"}]
        })
    }
}

/// Which events a webhook is sent; a list that is left out wants all.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Filter {
    /// Events of these types.
    types: Option<List<EventKind, 1, { limits::FILTER_VALUES }>>,
    /// Orders with an item of one of these stations.
    station: Option<List<Station, 1, { limits::FILTER_VALUES }>>,
    /// Orders of these channels.
    channel: Option<List<Channel, 1, { limits::FILTER_VALUES }>>,
    /// Orders of these services.
    service: Option<List<Service, 1, { limits::FILTER_VALUES }>>,
    /// Orders of these locations.
    location: Option<List<Location, 1, { limits::FILTER_VALUES }>>,
    /// Orders that come to, stand in or leave these statuses.
    status: Option<List<StatusOrSome, 1, { limits::FILTER_VALUES }>>,
    /// These orders alone.
    order: Option<List<OrderId, 1, { limits::FILTER_VALUES }>>,
}

/// A status, or `open` or `closed` for all such.
pub(super) struct StatusOrSome;

impl JsonSchema for StatusOrSome {
    fn schema_name() -> Cow<'static, str> {
        "StatusFilter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let statuses = OrderStatus::ALL.iter().map(|status| status.as_str());
        let all: Vec<&str> = statuses.chain(["open", "closed"]).collect();
        json_schema!({
            "description": "A status; `open` and `closed` stand for all such.",
            "type": "string",
            "enum": all
        })
    }
}

/// Where a webhook begins: `now`, `earliest`, or after an event.
struct Beginning;

impl JsonSchema for Beginning {
    fn schema_name() -> Cow<'static, str> {
        "Beginning".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(now|earliest|[0-9a-f]{8}-(0|[1-9][0-9]{0,18}))$"
        })
    }
}

/// An `https` address without a name or password in it; `http` only to hosts that
/// `webhooks.allow_hosts` names.
struct Address;

impl JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An `https` address without a name or password in it; `http` only to \
                            hosts that `webhooks.allow_hosts` names.",
            "type": "string",
            "pattern": r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?][A-Za-z0-9._~/?&=%+-]*)?$",
            "maxLength": 2000,
            "examples": ["https://till.example.com/hooks"]
        })
    }
}

/// Where events are to be sent.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct MakeWebhook {
    url: Address,
    /// What it is for.
    description: Option<Text<{ limits::CUSTOMER_NAME }>>,
    filter: Option<Filter>,
    /// From where on: an event's id, `earliest`, or `now`, which is the default.
    after: Option<Beginning>,
}

/// What is to be changed of a webhook; what is left out stays.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ChangeWebhook {
    url: Option<Address>,
    /// What it is for; an empty one takes it off.
    description: Option<Text<{ limits::CUSTOMER_NAME }>>,
    filter: Option<Filter>,
    state: Option<OnOrOff>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum OnOrOff {
    On,
    Off,
}

/// How a secret is followed by another.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Rotate {
    /// For how long the present one stays good; 24 by default.
    overlap_hours: Option<Whole<0, 168>>,
}

/// How a channel is given a secret.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct GiveSecret {
    /// One that the channel has chosen; a new one by default.
    secret: Option<ChosenSecret>,
    /// For how long the present one stays good; 24 by default.
    overlap_hours: Option<Whole<0, 168>>,
    /// Where it may place orders; everywhere where there are none. As before, or
    /// everywhere, by default.
    locations: Option<List<Location, 0, { limits::FILTER_VALUES }>>,
}

/// `whsec_` and 24 to 64 bytes in base64.
struct ChosenSecret;

impl JsonSchema for ChosenSecret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Groups of four letters are three bytes; what is over has its own last letters.
        json_schema!({
            "description": "`whsec_` and 24 to 64 bytes in base64.",
            "type": "string",
            "pattern": "^whsec_(?:(?:[A-Za-z0-9+/]{4}){8,20}(?:[A-Za-z0-9+/]{4}|\
                        [A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)?|\
                        (?:[A-Za-z0-9+/]{4}){21}[A-Za-z0-9+/][AQgw]==)$"
        })
    }
}

/// What is to be sent again: one of the four.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ReplayFields {
    /// Everything after this: an event's id, `earliest`, or `now` to skip what waits.
    after: Option<Beginning>,
    /// Everything that has happened since this time.
    since: Option<Whole<0, { i64::MAX }>>,
    /// This event.
    event: Option<EventId>,
    /// The event of this delivery.
    delivery: Option<Whole<1, { i64::MAX }>>,
}

/// What is to be sent again.
pub(super) struct Replay;

impl JsonSchema for Replay {
    fn schema_name() -> Cow<'static, str> {
        "Replay".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = ReplayFields::json_schema(generator);
        let ways = [
            ("after", "string"),
            ("since", "integer"),
            ("event", "string"),
            ("delivery", "integer"),
        ];
        let ways = ways.map(|(name, kind)| {
            json_schema!({"required": [name], "properties": {(name): {"type": kind}}}).to_value()
        });
        schema.insert("oneOf".to_owned(), ways.into_iter().collect());
        schema
    }
}
