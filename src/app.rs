//! What the browser shows. The server renders it with the data of the page;
//! the browser takes it over from the same data and lets [`live`](crate::live)
//! move it. The same code on both sides, so the two cannot differ.
//!
//! | module | shows |
//! |---|---|
//! | [`board`] | the whole page |
//! | [`header`] | name, counts, figures, connection, theme; the station filter |
//! | [`connection`] | how far the board can be trusted, in words |
//! | [`lane`] | one column |
//! | [`grid`] | numbered slots, page by page; when the layout stands still |
//! | [`pile`] | nothing: which tickets of a lane are on the page |
//! | [`ticket`] | one order |
//! | [`waiting`] | what of an order waits to be sent, and what came of it |
//! | [`dialog`] | why an order is cancelled; what was closed last |
//! | [`extras`] | nothing: brings what is not needed to see an order: dialogs, panels, keys, sound |
//! | [`hold`] | nothing: what a finger on a ticket does before it is a press |
//! | [`panels`] | what is beside the board: totals, search, intake; strips above it |
//! | [`sound`] | the sound chip; makes the screen sound and stay awake |
//! | [`press`] | nothing: what buttons do |
//! | [`keys`] | nothing: what keys do; and a list of them |
//! | [`focus`] | nothing: keeps the keyboard where it was when tickets move |
//! | [`html`] | nothing: markup as text, escaped |
//! | [`text`] | times and names in words |
//!
//! The browser's module has to stay small, because every screen fetches it
//! before it is live, and a change has to be cheap, because twenty may come in a
//! second. So the page is written as markup, by the same functions on both
//! sides; see [`html`]. The browser makes no view of its own: around the tickets
//! stand a few places that follow a signal each, and a ticket follows its
//! order's signal and writes the parts of it that say something else now.

pub mod board;
pub mod connection;
pub mod dialog;
pub mod extras;
pub mod focus;
pub mod grid;
pub mod header;
pub mod hold;
pub mod html;
pub mod keys;
pub mod lane;
pub mod panels;
pub mod pile;
pub mod press;
pub mod sound;
pub mod text;
pub mod ticket;
pub mod waiting;

use leptos::prelude::*;

pub use crate::words;

use self::{dialog::Dialog, extras::Extras, grid::Grid, keys::Keys, panels::Panels};
use crate::{
    domain::UnixMillis,
    live::LiveBoard,
    wire::Offset,
    words::{Word, Words},
};

/// The element that the browser takes over.
pub const ROOT_ID: &str = "app";
/// The element that holds the page's data.
pub const DATA_ID: &str = "page-data";
/// The page's own event for a module that stopped working; the page's script
/// says so and loads the page anew.
pub const CRASHED_EVENT: &str = "live-orders:crashed";
/// What the page hears when its stream was refused.
pub const REFUSED_EVENT: &str = "live-orders:refused";

/// Tells the page that its stream was refused: it finds out why.
pub(crate) fn refused() {
    if let Ok(event) = web_sys::Event::new(REFUSED_EVENT) {
        let _ = window().dispatch_event(&event);
    }
}

/// What every view needs. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Ui {
    /// The board's signals.
    pub live: LiveBoard,
    /// What the board says.
    pub words: Words,
    /// The location's distance from UTC.
    pub offset: Offset,
    /// Whether a bump has to be held.
    pub hold_to_bump: bool,
    /// What the dialog is about.
    pub dialog: RwSignal<Dialog>,
    /// What is fetched when the board is live.
    pub extras: Extras,
    /// Whether single keys do anything; some people's software types them by itself.
    pub keys: RwSignal<bool>,
    /// What is beside the board.
    pub panels: Panels,
    /// When and where the last bump was pressed.
    pub pressed: StoredValue<Option<(i64, i32, i32)>>,
    /// How tickets are laid out.
    pub grid: Grid,
    /// What keys do.
    pub keymap: Keys,
}

impl Ui {
    /// What the board says for `word`.
    #[must_use]
    pub fn say(self, word: Word) -> &'static str {
        self.words.say(word)
    }

    /// `at` as a time of day at the location.
    #[must_use]
    pub fn time_of_day(self, at: UnixMillis, seconds: bool) -> String {
        text::time_of_day(at, self.offset.at(at), seconds)
    }
}

/// Takes over the page that the server rendered; `load` brings the [`extras`].
#[cfg(feature = "hydrate")]
pub fn hydrate(load: extras::Load) {
    use leptos::reactive::owner::Owner;

    use crate::wire::{BoardPage, lean::Lean};

    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
        crashed();
    }));
    let element = |id| document().get_element_by_id(id);
    let root = element(ROOT_ID).and_then(|root| root.get_attribute("data-page"));
    let data = element(DATA_ID).and_then(|data| data.text_content());
    let page = data.and_then(|data| BoardPage::parse(&data));
    match (root.as_deref(), page) {
        (Some("board"), Some(page)) => {
            let _ = any_spawner::Executor::init_wasm_bindgen();
            let owner = Owner::new();
            owner.with(|| board::take_over(page, load));
            // It lives as long as the page.
            std::mem::forget(owner);
        }
        _ => crashed(),
    }
}

#[cfg(feature = "hydrate")]
fn crashed() {
    if let Ok(event) = web_sys::Event::new(CRASHED_EVENT) {
        let _ = window().dispatch_event(&event);
    }
}
