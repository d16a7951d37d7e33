//! What crosses the network, shared by the server that writes it and the
//! browser that reads it.
//!
//! | module | holds |
//! |---|---|
//! | [`event_id`] | `<epoch>-<seq>`: a position in one particular log |
//! | [`event`] | a change to an order as every reader gets it |
//! | [`message`] | what else a stream says: hello, snapshot, heartbeat, bye |
//! | [`filter`] | which events a reader wants |
//! | [`frame`] | Server-Sent Events, written and read |
//! | [`lean`] | reads all of this in the browser, with little code |
//! | [`page`] | what a rendered page carries for its hydration |
//! | [`sources`] | how the channels stand that orders come from |

pub mod event;
pub mod event_id;
pub mod filter;
pub mod frame;
pub mod lean;
pub mod message;
pub mod page;
pub mod sources;

pub use event::{EventKind, OrderEvent};
pub use event_id::{Epoch, EventId, Seq};
pub use filter::{EventFacts, StreamFilter, Wall};
pub use message::{Bye, ByeReason, Heartbeat, Hello, Snapshot, SnapshotReason, Stats, Unseen};
pub use page::{BoardPage, BoardSettings, ClockChange, KeyBinding, Offset, ScreenSettings};
pub use sources::{SourceHealth, SourceList};
