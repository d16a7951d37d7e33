//! One stream for all tabs of a browser that show the same orders. HTTP/1.1
//! gives a host six connections, and a seventh tab would wait for ever.
//!
//! The tab that holds a lock has the connection and passes on what it hears
//! (Web Locks and `BroadcastChannel`); when it goes, the browser gives the lock
//! to the next, which continues after the last event that it has itself. Each
//! event tells the one before it: whoever has not got that one reads what it
//! lacks from `/api/events`. Each tab goes by the heartbeats that it hears
//! itself. One that misses them asks; when nobody answers, the tab with the lock
//! hangs, and the lock is taken from it.
//!
//! Browsers have locks in secure contexts alone, some not at all, and some refuse
//! them: there each tab has a connection of its own.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BroadcastChannel, MessageEvent};

use crate::wire::EventId;

/// What one tab tells the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// Is there anybody who has the connection?
    Ask,
    /// It is me.
    Here {
        /// Whether it is open.
        open: bool,
    },
    /// The connection failed.
    Failed,
    /// An event came.
    Event {
        /// Its `event:`.
        name: &'a str,
        /// Its `id:`.
        id: &'a str,
        /// The position before it.
        before: &'a str,
        /// Its `data:`.
        data: &'a str,
    },
}

impl<'a> Told<'a> {
    fn write(self) -> String {
        match self {
            Self::Ask => "?".to_owned(),
            Self::Here { open: true } => "+".to_owned(),
            Self::Here { open: false } => "-".to_owned(),
            Self::Failed => "!".to_owned(),
            // A field of the stream has no line break in it.
            Self::Event { name, id, before, data } => [name, id, before, data].join("\n"),
        }
    }

    fn read(text: &'a str) -> Option<Self> {
        Some(match text {
            "?" => Self::Ask,
            "+" => Self::Here { open: true },
            "-" => Self::Here { open: false },
            "!" => Self::Failed,
            _ => {
                let mut parts = text.splitn(4, '\n');
                Self::Event {
                    name: parts.next()?,
                    id: parts.next()?,
                    before: parts.next()?,
                    data: parts.next()?,
                }
            }
        })
    }
}

/// Whether position `id` comes after `cursor` in the same log.
#[must_use]
pub fn is_after(id: &str, cursor: &str) -> bool {
    match (id.parse::<EventId>(), cursor.parse::<EventId>()) {
        (Ok(id), Ok(cursor)) => id.epoch == cursor.epoch && id.seq > cursor.seq,
        _ => false,
    }
}

/// Whether who stands at `cursor` lacks something that came up to `before`.
#[must_use]
pub fn lacks(cursor: &str, before: &str) -> bool {
    match (cursor.parse::<EventId>(), before.parse::<EventId>()) {
        (Ok(cursor), Ok(before)) => cursor.epoch != before.epoch || cursor.seq < before.seq,
        _ => false,
    }
}

/// What a tab does that learns whether it has the connection now.
type OnLead = Rc<dyn Fn(bool)>;

struct Tab {
    name: String,
    channel: BroadcastChannel,
    on_lead: OnLead,
    leads: bool,
    /// Whether the lock will be given to it when its turn comes.
    in_line: bool,
    /// Whether somebody with the connection has been heard since it asked.
    answered: bool,
}

thread_local! {
    /// Not among the board's values, which the server has too.
    static TAB: RefCell<Option<Tab>> = const { RefCell::new(None) };
}

/// Shares the stream of `query` with other tabs from now on; whether it can.
pub fn join(
    query: &str,
    on_told: impl Fn(Told) + 'static,
    on_lead: impl Fn(bool) + 'static,
) -> bool {
    if locks().is_none() {
        return false;
    }
    let name = ["live-orders?", query].concat();
    let Ok(channel) = BroadcastChannel::new(&name) else { return false };
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let text = event.data().as_string().unwrap_or_default();
        if let Some(told) = Told::read(&text) {
            on_told(told);
        }
    });
    // It lives as long as the page.
    channel.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    TAB.set(Some(Tab {
        name,
        channel,
        on_lead: Rc::new(on_lead),
        leads: false,
        in_line: false,
        answered: false,
    }));
    stand_in_line();
    true
}

/// Whether another tab has the connection, or should.
#[must_use]
pub fn follows() -> bool {
    TAB.with_borrow(|tab| tab.as_ref().is_some_and(|tab| !tab.leads))
}

/// Tells the other tabs.
pub fn tell(told: Told) {
    TAB.with_borrow(|tab| {
        if let Some(tab) = tab {
            let _ = tab.channel.post_message(&JsValue::from_str(&told.write()));
        }
    });
}

/// Asks who has the connection.
pub fn ask() {
    note(|tab| tab.answered = false);
    tell(Told::Ask);
}

/// Somebody who has the connection has been heard.
pub fn answered() {
    note(|tab| tab.answered = true);
}

/// Takes the lock from a tab that does not answer.
pub fn take_if_unanswered() {
    if TAB.with_borrow(|tab| tab.as_ref().is_some_and(|tab| !tab.leads && !tab.answered)) {
        request(true);
    }
}

fn note(change: impl FnOnce(&mut Tab)) {
    TAB.with_borrow_mut(|tab| tab.as_mut().map(change));
}

fn stand_in_line() {
    let in_line = TAB.with_borrow_mut(|tab| {
        tab.as_mut().is_none_or(|tab| std::mem::replace(&mut tab.in_line, true))
    });
    if !in_line {
        request(false);
    }
}

fn lead(leads: bool) {
    let on_lead = TAB.with_borrow_mut(|tab| {
        let tab = tab.as_mut()?;
        (std::mem::replace(&mut tab.leads, leads) != leads).then(|| Rc::clone(&tab.on_lead))
    });
    if let Some(on_lead) = on_lead {
        on_lead(leads);
    }
}

/// There are no locks after all: this tab has a connection of its own.
fn leave() {
    if let Some(tab) = TAB.take() {
        tab.channel.close();
        (tab.on_lead)(true);
    }
}

fn locks() -> Option<(JsValue, Function)> {
    let navigator = Reflect::get(&leptos::prelude::window(), &"navigator".into()).ok()?;
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    let request = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    Some((locks, request))
}

/// What the browser calls with a lock, or with why there is none.
pub type OnLock = Box<dyn FnOnce(JsValue) -> JsValue>;

/// Asks the browser for the lock `name`. It is held until what `granted` gives is
/// settled; `taken` is told that another tab has taken it, or that there are no
/// locks after all. Whether the browser has locks.
pub fn lock(name: &str, steal: bool, granted: OnLock, taken: OnLock) -> bool {
    let Some((locks, request)) = locks() else { return false };
    let options = Object::new();
    let _ = Reflect::set(&options, &"steal".into(), &steal.into());
    let (granted, taken) = (Closure::once_into_js(granted), Closure::once_into_js(taken));
    let Ok(held) = request.call3(&locks, &name.into(), &options, &granted) else { return false };
    if let Ok(Ok(catch)) = Reflect::get(&held, &"catch".into()).map(JsCast::dyn_into::<Function>) {
        let _ = catch.call1(&held, &taken);
    }
    true
}

/// Asks for the tabs' lock, and keeps it until the page goes or another tab takes it.
fn request(steal: bool) {
    let name = TAB.with_borrow(|tab| tab.as_ref().map(|tab| tab.name.clone()));
    let granted: OnLock = Box::new(move |_| {
        if !steal {
            note(|tab| tab.in_line = false);
        }
        lead(true);
        // The lock is held until this is settled, which it never is.
        Promise::new(&mut |_, _| {}).into()
    });
    let taken: OnLock = Box::new(|why| {
        let name = Reflect::get(&why, &"name".into()).ok().and_then(|name| name.as_string());
        if name.as_deref() == Some("AbortError") {
            lead(false);
            stand_in_line();
        } else {
            leave();
        }
        JsValue::UNDEFINED
    });
    if !lock(&name.unwrap_or_default(), steal, granted, taken) {
        leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard() {
        let event = Told::Event {
            name: "order.placed",
            id: "9f3a01c4-42",
            before: "9f3a01c4-41",
            data: "{\"name\":\"a\\nb\"}",
        };
        for told in
            [Told::Ask, Told::Here { open: true }, Told::Here { open: false }, Told::Failed, event]
        {
            assert_eq!(Told::read(&told.write()), Some(told));
        }
    }

    #[test]
    fn who_stands_before_the_event_before_lacks_something() {
        assert!(!lacks("9f3a01c4-41", "9f3a01c4-41"));
        assert!(!lacks("9f3a01c4-42", "9f3a01c4-41"), "it came twice");
        assert!(lacks("9f3a01c4-40", "9f3a01c4-41"));
        assert!(lacks("00000001-90", "9f3a01c4-41"), "another log");
        assert!(is_after("9f3a01c4-42", "9f3a01c4-41") && !is_after("9f3a01c4-41", "9f3a01c4-41"));
        assert!(!is_after("00000001-90", "9f3a01c4-41") && !is_after("", "9f3a01c4-41"));
    }
}
