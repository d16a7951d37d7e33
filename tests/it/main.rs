//! The whole service from outside: over HTTP as clients see it, over its
//! process as an operator sees it, and its hub on a real store.
//!
//! The modules follow the addresses (`orders`, `transitions`, `items`,
//! `events`, `stream`, `health`), then what goes through all of them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at what is not as it should be"
)]

mod access;
mod assets;
mod back_office;
mod bounds;
mod conformance;
mod contract;
mod cors;
mod crash;
mod disk;
mod doors;
mod events;
mod faults;
mod headers;
mod health;
mod hooks;
mod items;
mod kitchen;
mod limits;
mod messages;
mod order_form;
mod orders;
mod pages;
mod payloads;
mod privacy;
mod processes;
mod promises;
mod properties;
mod refusals;
mod replay;
mod screens;
mod sources;
mod stores;
#[macro_use]
mod stream;
mod readers;
mod support;
mod tls;
mod tracking;
mod transitions;
mod upgrade;
mod upkeep;
mod webhooks;
