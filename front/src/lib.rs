//! What the browser loads: the library, linked as a WebAssembly module.
//!
//! It is a package of its own for one reason. A library that is both a module
//! and a Rust library is linked without link-time optimisation, which makes
//! the module a sixth larger; this one is a module only.

#![forbid(unsafe_code)]

pub use live_orders::hydrate;
