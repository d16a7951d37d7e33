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
//! | [`freshness`] | pure: how far the board can be trusted, and when to reconnect |
//! | [`board_state`] | pure: what an event or a snapshot changes on the board |
//! | [`clock`] | pure: the server's clock, estimated |
//! | [`board`] | the thin reactive layer that puts them together |
//! | [`window`] | pure: how much of a lane is drawn |
//! | [`table`] | pure: what is kept for each order |
//! | [`actions`] | what staff do to an order: pending, confirmed, refused |
//! | [`api`] | requests to the server |
//!
//! The pure modules know no browser and are tested without one.

pub mod actions;
pub mod api;
pub mod board;
pub mod board_state;
pub mod clock;
pub mod freshness;
pub mod source;
pub mod table;
pub mod window;

use wasm_bindgen::{JsCast, closure::Closure};

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
