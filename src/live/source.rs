//! One connection to `GET /live-orders`, closed when it is dropped.

use std::cell::RefCell;

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

use crate::wire::{Bye, EventKind, Heartbeat, Hello, Snapshot};

/// An open `EventSource` with its listeners. Dropping it closes the connection
/// and frees the listeners, so that no event of an old connection can reach a
/// board that has moved on.
pub struct Source {
    events: EventSource,
    on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(Event)>,
}

thread_local! {
    /// The page's one connection. Not among the board's values, which the
    /// server has too: it renders on many threads, and this belongs to one.
    static CURRENT: RefCell<Option<Source>> = const { RefCell::new(None) };
}

/// Keeps `source` as the page's connection, in the place of the one before.
pub fn keep(source: Option<Source>) {
    let before = CURRENT.with_borrow_mut(|current| std::mem::replace(current, source));
    // Dropped when nothing is borrowed: closing a connection runs code of the browser's.
    drop(before);
}

/// Every `event:` that the stream has.
fn names() -> impl Iterator<Item = &'static str> {
    [Hello::NAME, Snapshot::NAME, Heartbeat::NAME, Bye::NAME]
        .into_iter()
        .chain(EventKind::ALL.into_iter().map(EventKind::as_str))
}

impl Source {
    /// Connects to `url`. `on_error` gets whether the browser gave up.
    pub fn open(
        url: &str,
        on_message: impl Fn(MessageEvent) + 'static,
        on_error: impl Fn(bool) + 'static,
    ) -> Option<Self> {
        let events = EventSource::new(url).ok()?;
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(on_message);
        for name in names() {
            events
                .add_event_listener_with_callback(name, on_message.as_ref().unchecked_ref())
                .ok()?;
        }
        let failed = events.clone();
        let on_error = Closure::<dyn Fn(Event)>::new(move |_| {
            on_error(failed.ready_state() == EventSource::CLOSED);
        });
        events.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(Self { events, on_message, _on_error: on_error })
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.events.close();
        self.events.set_onerror(None);
        for name in names() {
            let _ = self.events.remove_event_listener_with_callback(
                name,
                self.on_message.as_ref().unchecked_ref(),
            );
        }
    }
}
