//! The server: everything between a request and the log, and between the log
//! and the readers. In the order of the flow:
//!
//! 1. [`ingest`] accepts: parses a request, or refuses it with every rule it breaks.
//! 2. [`orders`] commands: places orders and changes them.
//! 3. [`store`] makes it durable: the append-only log and the state of each order.
//! 4. [`hub`] fans out: encodes each change once and wakes its readers.
//! 5. [`stream`] sends: Server-Sent Events from any position on.
//!
//! Around them: [`access`] says who may call what and [`router`] lets them, [`cors`] which pages
//! of other origins may too, [`reads`] answers
//! questions, [`screens`] keeps what each device shows, [`sources`] watches whether orders
//! still come, [`contract`] describes the API, [`order_form`] takes orders by telephone,
//! [`back_office`] is where managers let others in, [`webhooks`] sends events and takes
//! signed orders, [`tracking`] shows customers their own order, [`privacy`] forgets them,
//! [`documents`], [`forms`], [`pages`]
//! and [`assets`] serve the browser, [`demo`] plays an evening,
//! [`trust`] brings devices to trust a certificate of our own, and [`proxy`] says
//! who is behind one. [`files`] looks at databases before they are opened, and [`upkeep`]
//! checks and copies them. [`cli`], [`config`], [`state`], [`listen`] and [`telemetry`] run it all,
//! [`sync`] is what the hub is built of, and [`error`] says no.

pub mod access;
pub mod assets;
mod back_office;
pub mod cli;
pub mod clock;
pub mod clockwork;
pub mod config;
pub mod contract;
pub mod cors;
pub mod demo;
mod documents;
pub mod error;
pub mod files;
mod folder;
mod forms;
pub mod hex;
pub mod hub;
pub mod ingest;
pub mod kitchen;
pub mod language;
pub mod listen;
mod order_form;
pub mod orders;
pub mod pages;
pub mod privacy;
pub mod proxy;
mod query;
mod reads;
mod redirect;
pub mod router;
pub mod run;
mod screens;
pub mod sources;
pub mod state;
pub mod store;
pub mod stream;
mod sync;
mod telemetry;
mod timeline;
pub mod tracking;
pub mod trust;
pub mod upkeep;
pub mod webhooks;
mod worker;
