//! The server: everything between a request and the log, and between the log
//! and the readers. In the order of the flow:
//!
//! 1. [`ingest`] accepts: parses a request, or refuses it with every rule it breaks.
//! 2. [`orders`] commands: places orders and changes them.
//! 3. [`store`] makes it durable: the append-only log and the state of each order.
//! 4. [`hub`] fans out: encodes each change once and wakes its readers.
//! 5. [`stream`] sends: Server-Sent Events from any position on.
//!
//! Around them: [`router`] says who calls what, [`reads`] answers questions,
//! [`screens`] keeps what each device shows, [`sources`] watches whether orders still
//! come, [`order_form`] takes orders by telephone, [`documents`], [`forms`], [`pages`]
//! and [`assets`] serve the browser, [`demo`] plays an evening,
//! [`cli`], [`config`], [`state`], [`listen`] and [`telemetry`] run it all, and
//! [`error`] says no.

pub mod assets;
pub mod cli;
pub mod clock;
pub mod clockwork;
pub mod config;
pub mod demo;
mod documents;
pub mod error;
mod forms;
pub mod hub;
pub mod ingest;
pub mod kitchen;
pub mod language;
pub mod listen;
mod order_form;
pub mod orders;
pub mod pages;
mod query;
mod reads;
pub mod router;
pub mod run;
mod screens;
pub mod sources;
pub mod state;
pub mod store;
pub mod stream;
mod telemetry;
mod timeline;
mod worker;
