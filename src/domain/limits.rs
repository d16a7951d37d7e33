//! Every limit on what a client may send, in one place. `docs/api.md` lists
//! them for users; a refusal names the limit that was broken.

/// A request body, in bytes. Larger: `413`.
pub const BODY_BYTES: usize = 256 * 1024;

/// Lines of an order.
pub const ITEMS: usize = 100;
/// Modifiers of one line.
pub const MODIFIERS: usize = 20;
/// Allergens of one line.
pub const ALLERGENS: usize = 14;
/// How many of one item, and how many times one modifier.
pub const QUANTITY: u32 = 999;
/// One amount of money, in minor units.
pub const AMOUNT: i64 = 100_000_000;

/// Characters of an item's or modifier's name.
pub const ITEM_NAME: usize = 120;
/// Characters of a customer's name.
pub const CUSTOMER_NAME: usize = 120;
/// Characters of a phone number.
pub const PHONE: usize = 40;
/// Characters of a note, of delivery instructions and of a reason.
pub const NOTE: usize = 500;
/// Characters of where a customer's car stands.
pub const ARRIVED_NOTE: usize = 60;
/// Characters of an address.
pub const ADDRESS: usize = 300;
/// Characters of a location, channel, station, table, allergen or actor.
pub const LABEL: usize = 40;
/// Characters of an external id or an idempotency key.
pub const KEY: usize = 200;

/// How far ahead, in milliseconds, an order may be due: 366 days.
pub const DUE_AHEAD_MILLIS: i64 = 366 * 24 * 60 * 60 * 1000;
/// How long ago, in milliseconds, an order may have been due: one day, for
/// channels that deliver late.
pub const DUE_BEHIND_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// How long ago, in milliseconds, a channel may have taken an order: one day.
pub const SOURCE_BEHIND_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// How far ahead, in milliseconds, a channel's clock may be: five minutes.
pub const SOURCE_AHEAD_MILLIS: i64 = 5 * 60 * 1000;
/// How far ahead, in milliseconds, a channel may want its answer: one day.
pub const ACCEPT_AHEAD_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// For how many minutes the intake may be paused or busy.
pub const INTAKE_MINUTES: i64 = 24 * 60;
/// How many minutes a busy kitchen may promise on top.
pub const BUSY_MINUTES: i64 = 120;

/// Rows of one page of a list or of events.
pub const PAGE: usize = 1000;
/// Values of one parameter of a stream's filter: those of a screen, and the
/// station of what nobody has routed, which it shows beside them.
pub const FILTER_VALUES: usize = SCREEN_VALUES + 1;

/// Screens that are noted to have shown one order.
pub const SEEN_BY: u32 = 32;
/// Stations, channels or services of one screen.
pub const SCREEN_VALUES: usize = 32;
/// Screens that are kept.
pub const SCREENS: usize = 200;
/// Characters of a screen's title.
pub const SCREEN_TITLE: usize = 40;
