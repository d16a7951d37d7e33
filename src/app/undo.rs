//! The bar that takes the last bump back. It goes by itself, so the list of
//! closed orders and the ticket's own Recall do the same without a hurry.

use leptos::prelude::*;

use super::{Ui, icons::icon, text};

/// The undo bar; empty when there is nothing to take back.
pub fn undo(ui: Ui) -> impl IntoView {
    let live = ui.live;
    move || {
        live.undo.get().map(|undo| {
            let until = undo.until;
            let left = move || format!("{} s", ((until - live.local.get()).max(0) + 999) / 1000);
            let words = match &undo.refused {
                Some(why) => format!("Order {}: not saved – {why}", undo.number),
                None => format!("Order {} is {}", undo.number, text::status(undo.from)),
            };
            view! {
                <section class="undo" aria-label="Undo">
                    <p>{words}</p>
                    <span class="left">{left}</span>
                    <button type="button" class="button" disabled=undo.pending aria-keyshortcuts="z"
                        on:click=move |_| live.undo_last()>
                        {icon("#i-back")} "Undo" <kbd>"Z"</kbd>
                    </button>
                </section>
            }
        })
    }
}
