//! Food orders taken over HTTP, and a board that shows them live.
//!
//! One package, one binary, two compile targets: the server (feature `ssr`)
//! and the board in the browser (feature `hydrate`, WebAssembly). Reading
//! `src/` in this order follows an order from the request that brings it in to
//! the pixels that show it:
//!
//! ```text
//! POST /api/orders ─► server::ingest ─► server::orders ─► server::store ─► server::hub
//!                                                          (the log)       (encode once,
//!                                                                           wake cursors)
//!                                                                               │
//! board card ◄─ app ◄─ live::board_state ◄─ live::source ◄─ GET /live-orders ◄─ server::stream
//! ```
//!
//! [`domain`] says what an order is and how it may change; [`wire`] says how
//! that crosses the network. Both are pure and shared by the two targets.

#![forbid(unsafe_code)]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("`ssr` is the server, `hydrate` the browser: build with one of them, not both");

pub mod app;
pub mod domain;
pub mod live;
pub mod wire;
pub mod words;

/// This program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(feature = "ssr")]
pub mod server;

#[cfg(feature = "hydrate")]
pub use app::hydrate;
