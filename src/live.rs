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

pub use actions::{Action, Mark, Undo};
pub use board::LiveBoard;
