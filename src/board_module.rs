//! What the browser loads: the library, linked as a WebAssembly module.

#![forbid(unsafe_code)]

#[cfg(feature = "hydrate")]
pub use live_orders::hydrate;
