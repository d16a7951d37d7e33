//! What an order is and how it may change: pure types and rules, shared by the
//! server and the browser. No I/O, no clock, no framework.
//!
//! | module | holds |
//! |---|---|
//! | [`order`] | [`FoodOrder`] and its parts |
//! | [`status`] | [`OrderStatus`], the one state machine |
//! | [`change`] | what may happen to an order, and the rules that decide it |
//! | [`erasure`] | forgetting whose an order was |
//! | [`new_order`] | an order as it is placed, before it has an id |
//! | [`money`] | minor units, currencies and the sum that must add up |
//! | [`ids`] | the newtypes that must not be mixed |
//! | [`ageing`] | when a ticket turns from on time to late |
//! | [`routing`] | which station makes what, for orders that do not say |
//! | [`intake`] | whether new orders are taken |
//! | [`rhythm`] | how often orders of a channel come, and when it is quiet |
//! | [`hours`] | times of day, and when a screen is quiet |
//! | [`search`] | which order is meant by a number or a name |
//! | [`screen`] | what each device in the kitchen shows, and how |
//! | [`legibility`] | what can be read on a screen from where people stand |
//! | [`limits`] | every limit on what a client may send, once |
//! | [`text`] | what is kept of text that a client sends |

pub mod ageing;
pub mod change;
pub mod erasure;
pub mod hours;
pub mod ids;
pub mod intake;
pub mod legibility;
pub mod limits;
pub mod money;
pub mod new_order;
pub mod order;
pub mod rhythm;
pub mod routing;
pub mod screen;
pub mod search;
pub mod status;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod time;

pub use ageing::{Ageing, Busy, Promise, Promises, Thresholds};
pub use change::{Change, Refusal};
pub use hours::{QuietHours, TimeOfDay};
pub use ids::{Channel, ItemId, Location, OrderId, OrderNumber, Station, Version};
pub use intake::{Intake, IntakeState};
pub use money::{Currency, MinorUnits, Money};
pub use new_order::{NewItem, NewOrder};
pub use order::{
    Actor, ActorKind, Added, Customer, Erased, Flags, FoodOrder, Fulfilment, ItemStatus,
    LastChange, Modifier, ModifierKind, OrderItem, Service, Source, Times, What,
};
pub use routing::Routing;
pub use screen::{Profile, Screen, ScreenName};
pub use status::{Lane, OrderStatus};
pub use time::UnixMillis;
