//! What the hub's hand-over is built of: locks, wakers and what can be waited for.
//!
//! They are those of the standard library and of tokio. They stand here by name so
//! that `tests/model` can compile the very same files of [`super::hub`] and
//! [`super::stream`] with others, whose every step a scheduler decides.

pub(super) use std::sync::{Mutex, MutexGuard, atomic::AtomicBool};

pub(super) use futures_util::task::AtomicWaker;
/// Rings where a sweeper waits for its sockets.
pub(super) use mio::Waker as Bell;
pub(super) use tokio::sync::watch;
