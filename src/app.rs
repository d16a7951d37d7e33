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
//! | [`ticket`] | one order |
//! | [`undo`] | the bar that takes the last bump back |
//! | [`cancel`] | the dialog that asks why |
//! | [`recall`] | the dialog of what was closed last |
//! | [`focus`] | keeps the keyboard where it was when tickets move |
//! | [`keys`] | the single keys |
//! | [`icons`] | the stroke icons |
//! | [`text`] | times and names in words |

pub mod board;
pub mod cancel;
pub mod connection;
pub mod focus;
pub mod header;
pub mod icons;
pub mod keys;
pub mod lane;
pub mod recall;
pub mod text;
pub mod ticket;
pub mod undo;

use leptos::prelude::*;

use crate::{
    domain::{OrderId, Promises, Station, UnixMillis},
    live::LiveBoard,
};

/// The element that the browser takes over.
pub const ROOT_ID: &str = "app";
/// The element that holds the page's data.
pub const DATA_ID: &str = "page-data";
/// The page's own event for a module that stopped working; the page's script
/// says so and loads the page anew.
pub const CRASHED_EVENT: &str = "live-orders:crashed";

/// What every view needs. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Ui {
    /// The board's signals.
    pub live: LiveBoard,
    /// When a ticket is late.
    pub promises: Promises,
    /// The location's distance from UTC.
    pub utc_offset_s: i32,
    /// The one station that the page shows, if it shows only one.
    pub station: StoredValue<Option<Station>>,
    /// The order whose cancelling is being asked about.
    pub cancelling: RwSignal<Option<OrderId>>,
    /// Whether the list of closed orders is open.
    pub recalling: RwSignal<bool>,
    /// Whether single keys do anything; some people's software types them by itself.
    pub keys: RwSignal<bool>,
    /// Where and when the last bump was pressed.
    pub pressed: StoredValue<Option<(i64, i32, i32)>>,
}

impl Ui {
    /// `at` as a time of day at the location.
    #[must_use]
    pub fn time_of_day(self, at: UnixMillis, seconds: bool) -> String {
        text::time_of_day(at, self.utc_offset_s, seconds)
    }
}

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    use wasm_bindgen::JsCast;
    use web_sys::HtmlElement;

    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
        crashed();
    }));
    let root =
        document().get_element_by_id(ROOT_ID).and_then(|it| it.dyn_into::<HtmlElement>().ok());
    let data = document().get_element_by_id(DATA_ID).and_then(|it| it.text_content());
    let page = data.and_then(|data| serde_json::from_str(&data).ok());
    match (root, page) {
        (Some(root), Some(page)) if root.dataset().get("page").as_deref() == Some("board") => {
            leptos::mount::hydrate_from(root, move || board::board(page)).forget();
        }
        _ => crashed(),
    }
}

#[cfg(feature = "hydrate")]
fn crashed() {
    if let Ok(event) = web_sys::CustomEvent::new(CRASHED_EVENT) {
        let _ = window().dispatch_event(&event);
    }
}
