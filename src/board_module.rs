//! What the browser loads: the library, linked as a WebAssembly module. With the
//! feature `split`, as a release has it, what [`live_orders::app::extras`] holds is
//! cut out of it and becomes a module of its own, which is fetched when it is
//! first called.

#![forbid(unsafe_code)]
#![cfg_attr(
    feature = "split",
    expect(clippy::unnecessary_wraps, reason = "what cannot be fetched is an error of its type")
)]

#[cfg(feature = "hydrate")]
use {
    live_orders::app::{Ui, extras},
    wasm_bindgen::prelude::wasm_bindgen,
};

/// Where the browser begins: the page calls it when it has loaded this module.
/// It takes over what the server rendered, from the same data.
#[cfg(feature = "hydrate")]
#[wasm_bindgen]
pub fn hydrate() {
    live_orders::hydrate(|ui| Box::pin(async move { begin(ui).await }));
}

#[cfg(all(feature = "hydrate", not(feature = "split")))]
#[expect(clippy::unused_async, reason = "the other one has something to wait for")]
async fn begin(ui: Ui) -> bool {
    extras::begin(ui);
    true
}

#[cfg(feature = "split")]
async fn begin(ui: Ui) -> bool {
    second_module(Box::new(ui)).await.is_ok()
}

#[cfg(feature = "split")]
#[leptos::wasm_split::wasm_split(extras, fallible, wasm_split_path = leptos::wasm_split)]
fn second_module(ui: Box<Ui>) -> Result<(), leptos::wasm_split::SplitLoaderError> {
    extras::begin(*ui);
    Ok(())
}
