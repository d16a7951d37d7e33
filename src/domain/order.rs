//! [`FoodOrder`], the one shape of an order everywhere: in the store, on the
//! wire and on the board.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    ids::{Channel, ItemId, Location, OrderId, OrderNumber, Station, Version},
    money::{MinorUnits, Money},
    status::{Lane, OrderStatus},
    time::UnixMillis,
};

/// An order with everything that anybody needs to know of it.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoodOrder {
    /// Its identity.
    pub id: OrderId,
    /// What is called out.
    pub number: OrderNumber,
    /// Where it is made.
    pub location: Location,
    /// How often it has changed.
    pub version: Version,
    /// Where it stands.
    pub status: OrderStatus,
    /// Where it came from.
    pub source: Source,
    /// How it gets to the customer.
    pub fulfilment: Fulfilment,
    /// Whose it is.
    pub customer: Customer,
    /// How often what is to be made has changed since it was placed.
    #[serde(default)]
    pub revision: u32,
    /// What is to be made.
    pub items: Vec<OrderItem>,
    /// What it costs.
    pub money: Money,
    /// Marks that the kitchen must see.
    pub flags: Flags,
    /// Whether what tells of a person was erased.
    #[serde(default, skip_serializing_if = "Erased::is_not")]
    pub erased: Erased,
    /// Stations that have not said yet that they know of what concerns the whole
    /// order: that it is cancelled, or due at another time. None where anybody may say
    /// it for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unaware: Vec<Station>,
    /// When it came to each point of its life.
    pub times: Times,
    /// The change that made this version.
    pub last_change: LastChange,
}

/// The channel of test orders: by it a kitchen sees that orders come through, and
/// nobody takes one for a customer's.
pub const TEST_CHANNEL: &str = "test";

impl FoodOrder {
    /// Whether nobody is to make it: it is on the screens to be seen there.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.source.channel.as_str() == TEST_CHANNEL
    }

    /// Whether boards show it: somebody still has work with it, or it was
    /// cancelled and nobody has said yet that they know.
    #[must_use]
    pub fn is_on_board(&self) -> bool {
        self.status.is_open() || self.flags.cancel_unseen
    }

    /// The lane of the board that shows it. A cancelled order stays where it
    /// stood until everybody knows who has to.
    #[must_use]
    pub fn lane(&self) -> Option<Lane> {
        if !self.flags.cancel_unseen {
            return self.status.lane();
        }
        let Times { out_for_delivery_at, ready_at, preparing_at, .. } = self.times;
        let stood = if out_for_delivery_at.is_some() {
            OrderStatus::OutForDelivery
        } else if ready_at.is_some() {
            OrderStatus::Ready
        } else if preparing_at.is_some() {
            OrderStatus::Preparing
        } else {
            OrderStatus::Accepted
        };
        stood.lane()
    }

    /// Whether one of `stations`, or anybody where there are none, has yet to
    /// say that they know of what concerns the whole order.
    #[must_use]
    pub fn waits_for(&self, stations: &[Station]) -> bool {
        let waits = |station| stations.contains(station);
        self.unaware.is_empty() || stations.is_empty() || self.unaware.iter().any(waits)
    }

    /// The stations that have items of this order, each once, in the order of the items.
    #[must_use]
    pub fn stations(&self) -> Vec<&Station> {
        let mut stations: Vec<&Station> = Vec::new();
        for item in &self.items {
            if !stations.contains(&&item.station) {
                stations.push(&item.station);
            }
        }
        stations
    }

    /// For how long the order was on its way here from where the customer placed
    /// it; none when that is not known, or not long enough for anybody to care.
    #[must_use]
    pub fn arrived_late_by(&self) -> Option<i64> {
        let delay = self.times.placed_at.since(self.source.placed_at?);
        (delay >= LATE_ARRIVAL_MILLIS).then_some(delay)
    }

    /// Whether somebody makes it, or has made some of it.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        let begun = |it: &OrderItem| matches!(it.status, ItemStatus::Doing | ItemStatus::Done);
        self.times.preparing_at.is_some() || self.items.iter().any(begun)
    }

    /// Where it may go from where it stands. What is made in part is not as if
    /// nobody had begun it.
    #[must_use]
    pub fn allowed(&self) -> &'static [OrderStatus] {
        let allowed = self.status.allowed(self.fulfilment.service);
        let made = self.items.iter().any(|item| item.status == ItemStatus::Done);
        match allowed {
            [ways @ .., OrderStatus::Accepted] if made => ways,
            all => all,
        }
    }

    /// Whether whoever ordered it may still call it off by themselves: nobody has
    /// answered it, and nobody makes it.
    #[must_use]
    pub fn customer_may_cancel(&self) -> bool {
        self.status == OrderStatus::Placed && !self.is_begun()
    }

    /// Whether whoever ordered it may say that they are here: it is to be brought to
    /// their car, and they have not said so.
    #[must_use]
    pub fn customer_may_arrive(&self) -> bool {
        let waits = self.status.is_open() && self.times.arrived_at.is_none();
        waits && self.fulfilment.service == Service::Curbside
    }

    /// Since when whoever ordered it waits outside, if they do.
    #[must_use]
    pub fn here_since(&self) -> Option<UnixMillis> {
        self.times.arrived_at.filter(|_| self.status.is_open())
    }

    /// Whether the kitchen has yet to see it: it is for later, and nobody has
    /// to answer it.
    #[must_use]
    pub fn is_for_later(&self) -> bool {
        let asked = self.status == OrderStatus::Placed && self.source.accept_by.is_some();
        self.flags.scheduled && !asked
    }

    /// Since when screens show all that is to be made of it.
    #[must_use]
    pub fn whole_since(&self) -> UnixMillis {
        let sent_at = self.times.sent_at();
        self.items.iter().filter_map(|item| item.added_at).fold(sent_at, UnixMillis::max)
    }

    /// Every allergen named on a line that is still to be made, each once.
    #[must_use]
    pub fn allergens(&self) -> Vec<&str> {
        let mut allergens: Vec<&str> = Vec::new();
        for item in self.items.iter().filter(|item| item.status != ItemStatus::Void) {
            for allergen in &item.allergens {
                if !allergens.contains(&allergen.as_str()) {
                    allergens.push(allergen);
                }
            }
        }
        allergens
    }
}

/// An order that was on its way for this long, in milliseconds, says so on its
/// ticket: half a minute.
pub const LATE_ARRIVAL_MILLIS: i64 = 30_000;

/// Where an order came from.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The channel.
    pub channel: Channel,
    /// The channel's own id of the order; unique within the location and the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Until when the channel wants an answer: an order that is still placed
    /// then expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_by: Option<UnixMillis>,
    /// When the customer placed the order there, by the channel's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed_at: Option<UnixMillis>,
}

/// How an order gets to the customer.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Fetched at the counter.
    #[default]
    Pickup,
    /// Brought by a courier.
    Delivery,
    /// Eaten at a table.
    DineIn,
    /// Brought to the car.
    Curbside,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 4] = [Self::Pickup, Self::Delivery, Self::DineIn, Self::Curbside];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pickup => "pickup",
            Self::Delivery => "delivery",
            Self::DineIn => "dine_in",
            Self::Curbside => "curbside",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Service {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|service| service.as_str() == raw)
            .ok_or("pickup, delivery, dine_in or curbside")
    }
}

/// How, when and where an order is handed over.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfilment {
    /// The service.
    #[serde(rename = "type")]
    pub service: Service,
    /// When the customer was promised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<UnixMillis>,
    /// The table of a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Where a delivery goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What whoever hands it over should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Where the customer's car stands or what it looks like, as they said when they
    /// had come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_note: Option<String>,
}

/// Whose order it is.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// As the customer gave it; empty when nobody asked.
    pub name: String,
    /// For the courier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// One line of an order.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// Its place in the order.
    pub id: ItemId,
    /// What it is.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// The price of one, without modifiers.
    pub unit_price: MinorUnits,
    /// Where it is made.
    pub station: Station,
    /// What is different from the menu.
    pub modifiers: Vec<Modifier>,
    /// What somebody is allergic to.
    pub allergens: Vec<String>,
    /// In the customer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How far it is.
    pub status: ItemStatus,
    /// How many there were before a change that nobody has acknowledged yet: 0
    /// for a line that was added; on a void line, how many were taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity_before: Option<u32>,
    /// When the line was added, if that was after the order was placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_at: Option<UnixMillis>,
    /// Whether the line came after the order was placed.
    #[serde(default, skip_serializing_if = "Added::is_not")]
    pub added: Added,
}

impl OrderItem {
    /// What the line costs with its modifiers; nothing when it is void.
    #[must_use]
    pub fn price(&self) -> MinorUnits {
        if self.status == ItemStatus::Void {
            return MinorUnits(0);
        }
        line_price(self.unit_price, &self.modifiers, self.quantity)
    }
}

/// What `quantity` of something cost with its modifiers.
pub(super) fn line_price(
    unit_price: MinorUnits,
    modifiers: &[Modifier],
    quantity: u32,
) -> MinorUnits {
    let modifiers: MinorUnits =
        modifiers.iter().map(|modifier| modifier.unit_price.times(modifier.quantity)).sum();
    (unit_price + modifiers).times(quantity)
}

/// What is different from the menu.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modifier {
    /// Left out, added, more of it, or instead.
    pub kind: ModifierKind,
    /// What.
    pub name: String,
    /// How many times.
    pub quantity: u32,
    /// What one costs.
    pub unit_price: MinorUnits,
}

/// How a modifier changes its item.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModifierKind {
    /// Leave it out.
    No,
    /// Put it on.
    Add,
    /// More of what is there.
    Extra,
    /// Instead of what is there.
    Sub,
}

impl ModifierKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::No, Self::Add, Self::Extra, Self::Sub];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Add => "add",
            Self::Extra => "extra",
            Self::Sub => "sub",
        }
    }
}

impl FromStr for ModifierKind {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == raw).ok_or("no, add, extra or sub")
    }
}

/// How far one line is.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Not begun.
    #[default]
    Todo,
    /// Being made.
    Doing,
    /// Made.
    Done,
    /// Taken off the order; it cannot come back.
    Void,
}

impl ItemStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Todo, Self::Doing, Self::Done, Self::Void];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::Doing => "doing",
            Self::Done => "done",
            Self::Void => "void",
        }
    }
}

impl FromStr for ItemStatus {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == raw)
            .ok_or("todo, doing, done or void")
    }
}

/// Marks that the kitchen must see.
#[expect(clippy::struct_excessive_bools, reason = "marks that go with each other in any mix")]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flags {
    /// Before all others.
    pub rush: bool,
    /// Not to be begun yet.
    pub held: bool,
    /// Brought back, and not yet bumped on.
    pub recalled: bool,
    /// What is to be made has changed, and nobody has acknowledged it.
    pub changed: bool,
    /// For later: the kitchen is not to see it before it fires.
    pub scheduled: bool,
    /// Cancelled, and nobody has acknowledged it.
    pub cancel_unseen: bool,
    /// Somebody has acknowledged its allergens.
    pub allergens_seen: bool,
}

/// Whether a line was added to an order that was placed; left out of its JSON where
/// it was not. What for later is changed unseen has no
/// [`added_at`](OrderItem::added_at), and is added all the same.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Added(pub bool);

impl Added {
    /// Whether it came with the order.
    #[must_use]
    pub fn is_not(&self) -> bool {
        !self.0
    }
}

/// Whether what tells of a person was erased from an order; left out of its
/// JSON where it was not.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Erased(pub bool);

impl Erased {
    /// Whether nothing was erased.
    #[must_use]
    pub fn is_not(&self) -> bool {
        !self.0
    }
}

/// When an order came to each point of its life.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// When it was durable. A recall never restarts this.
    pub placed_at: UnixMillis,
    /// When it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<UnixMillis>,
    /// When the kitchen first began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparing_at: Option<UnixMillis>,
    /// When it was last made; gone while it is recalled to the kitchen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<UnixMillis>,
    /// When the courier left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_for_delivery_at: Option<UnixMillis>,
    /// When it was completed, rejected, expired, cancelled or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<UnixMillis>,
    /// When the customer was promised it, as in [`Fulfilment::due_at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<UnixMillis>,
    /// For an order for later: when it is to be sent to the kitchen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fires_at: Option<UnixMillis>,
    /// When an order for later was sent to the kitchen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<UnixMillis>,
    /// When the ticket begins to warn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_at: Option<UnixMillis>,
    /// When the ticket is late: the due time, or else what the service may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<UnixMillis>,
    /// When the customer said that they are here, to have it brought to their car.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<UnixMillis>,
}

/// The change that made a version.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastChange {
    /// The status before; none when the order was placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<OrderStatus>,
    /// The status after; the same as before when items or flags changed.
    pub to: OrderStatus,
    /// What was done.
    #[serde(default)]
    pub what: What,
    /// When.
    pub at: UnixMillis,
    /// Who.
    pub actor: Actor,
    /// Why, in the actor's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was done to an order.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It came to another status, or was placed.
    #[default]
    Status,
    /// A line was marked.
    Item,
    /// All lines of a station were marked.
    Station,
    /// Rush or hold was set or taken off.
    Flags,
    /// It was sent to the kitchen.
    Fired,
    /// Lines were added, taken off or counted anew, or it is due at another time.
    Edited,
    /// Somebody said that they know of a change, a cancellation or the allergens.
    Acknowledged,
    /// The customer said that they are here.
    Arrived,
    /// What tells of a person was erased.
    Erased,
}

impl What {
    /// Everything.
    pub const ALL: [Self; 9] = [
        Self::Status,
        Self::Item,
        Self::Station,
        Self::Flags,
        Self::Fired,
        Self::Edited,
        Self::Acknowledged,
        Self::Arrived,
        Self::Erased,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Item => "item",
            Self::Station => "station",
            Self::Flags => "flags",
            Self::Fired => "fired",
            Self::Edited => "edited",
            Self::Acknowledged => "acknowledged",
            Self::Arrived => "arrived",
            Self::Erased => "erased",
        }
    }
}

impl FromStr for What {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|what| what.as_str() == raw)
            .ok_or("status, item, station, flags, fired, edited, acknowledged, arrived or erased")
    }
}

/// Who changed an order.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// What sort of somebody.
    pub kind: ActorKind,
    /// Which one: a screen, a channel, a rule.
    pub id: String,
}

/// What sort of somebody changed an order.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// Somebody of the restaurant.
    Staff,
    /// Whoever ordered.
    Customer,
    /// A rule of the server.
    System,
    /// A delivery partner or another system.
    Partner,
}

impl ActorKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Staff, Self::Customer, Self::System, Self::Partner];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Customer => "customer",
            Self::System => "system",
            Self::Partner => "partner",
        }
    }
}

impl FromStr for ActorKind {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == raw)
            .ok_or("staff, customer, system or partner")
    }
}
