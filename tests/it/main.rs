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

mod assets;
mod crash;
mod disk;
mod events;
mod health;
mod items;
mod kitchen;
mod limits;
mod messages;
mod order_form;
mod orders;
mod pages;
mod processes;
mod properties;
mod replay;
mod screens;
mod sources;
#[macro_use]
mod stream;
mod readers;
mod support;
mod transitions;
mod upgrade;
