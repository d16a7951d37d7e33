//! The browser's side of the stream: from the connection to the signals that
//! the views read.
//!
//! ```text
//! GET /live-orders ─► source ─► board ─► board_state (what changes)  ─► signals ─► app
//!                        ▲        └────► freshness   (may it be trusted) ──┘
//!                        └──────────────── open again
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`source`] | one connection, closed when it is dropped |
//! | [`shared`] | one connection for all tabs of a browser |
//! | [`freshness`] | pure: how far the board can be trusted, and when to reconnect |
//! | [`board_state`] | pure: what an event or a snapshot changes on the board |
//! | [`part`] | pure: what of an order is a screen's to make, and what it can do |
//! | [`check`] | pure: when a board that leaves orders out compares itself with the server's |
//! | [`clock`] | pure: the server's clock, estimated |
//! | [`board`] | the thin reactive layer that puts them together |
//! | [`slots`] | pure: where tickets stand in the grid, and when they may move |
//! | [`window`] | pure: how much of a lane is drawn |
//! | [`aside`] | what a board knows besides its orders |
//! | [`all_day`] | pure: how much of everything is still to be made |
//! | [`ringer`] | pure: when the screen makes a sound, and which |
//! | [`seen`] | pure: what the server has to be told that the screen shows |
//! | [`table`] | pure: what is kept for each order |
//! | [`actions`] | what staff do to an order: pending, confirmed, refused |
//! | [`outbox`] | pure: what waits to be sent |
//! | [`replay`] | keeps it on the device, and sends it when there is a server |
//! | [`known`] | what the board knew last, on the device |
//! | [`api`] | requests to the server |
//!
//! The pure modules know no browser and are tested without one.

pub mod actions;
pub mod all_day;
pub mod api;
pub mod aside;
pub mod board;
pub mod board_state;
pub mod check;
pub mod clock;
pub mod freshness;
pub mod known;
pub mod outbox;
pub mod part;
pub mod replay;
pub mod ringer;
pub mod seen;
pub mod shared;
pub mod slots;
pub mod source;
pub mod table;
pub mod window;

use wasm_bindgen::{JsCast, closure::Closure};

use board_state::BoardState;

pub use actions::{Action, Mark, Undo};
pub use board::{LiveBoard, Pulse, Row, Ticket};

/// Has `then` called after `millis`. One type for all, for the browser's sake.
pub fn later(millis: u32, then: impl FnOnce() + 'static) {
    let then: Box<dyn FnOnce()> = Box::new(then);
    leptos::prelude::set_timeout(then, std::time::Duration::from_millis(u64::from(millis)));
}

/// Has `then` called whenever `event` happens anywhere on the page, as long as
/// the page lives; on its way down, because not every event comes up again.
pub fn listen(event: &'static str, then: impl Fn(web_sys::Event) + 'static) {
    let then: Box<dyn Fn(web_sys::Event)> = Box::new(then);
    let listener = Closure::wrap(then).into_js_value();
    let _ = leptos::prelude::window().add_event_listener_with_callback_and_bool(
        event,
        listener.unchecked_ref(),
        true,
    );
}
