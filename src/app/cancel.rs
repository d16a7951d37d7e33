//! The dialog that asks why an order is cancelled, or rejected when nobody has
//! accepted it yet. It cannot be undone, so it is asked.

use leptos::{html::Dialog, prelude::*};

use super::Ui;
use crate::{domain::OrderStatus, live::Action};

/// The reasons that a kitchen gives.
const REASONS: [&str; 5] =
    ["Customer asked", "Item is 86'd", "Kitchen too busy", "Closing", "Duplicate or test"];

/// The dialog. It is shown while [`Ui::cancelling`] names an order.
pub fn dialog(ui: Ui) -> impl IntoView {
    let node = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        match ui.cancelling.get() {
            Some(_) if !dialog.open() => drop(dialog.show_modal()),
            None if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    let asked = move || {
        let row = ui.live.row(ui.cancelling.get()?)?;
        Some(row.order.with(|order| (order.number, order.status)))
    };
    let verb = move || match asked() {
        Some((_, OrderStatus::Placed)) => "Reject",
        _ => "Cancel",
    };
    let title = move || format!("{} order {}", verb(), asked().map_or(0, |(number, _)| number.0));
    let go = move |reason: &'static str| {
        if let (Some(id), Some((_, status))) = (ui.cancelling.get_untracked(), untrack(asked)) {
            let to = if status == OrderStatus::Placed {
                OrderStatus::Rejected
            } else {
                OrderStatus::Cancelled
            };
            ui.cancelling.set(None);
            ui.live.act(id, Action::Go { to, reason: Some(reason.to_owned()) });
        }
    };
    let reasons = REASONS
        .map(|reason| {
            view! {
                <li>
                    <button type="button" class="button wide" on:click=move |_| go(reason)>
                        {reason}
                    </button>
                </li>
            }
        })
        .into_iter()
        .collect_view();
    view! {
        <dialog class="dialog" node_ref=node aria-labelledby="cancel-title"
            on:close=move |_| ui.cancelling.set(None)>
            <h2 id="cancel-title">{title}</h2>
            <p>"Why? The reason goes into the order's history. This cannot be undone."</p>
            <ul class="reasons">{reasons}</ul>
            <button type="button" class="button wide keep" autofocus
                on:click=move |_| ui.cancelling.set(None)>
                "Keep the order"
            </button>
        </dialog>
    }
}
