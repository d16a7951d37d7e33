//! The dialog of what was closed last, to bring a completed order back.

use leptos::{html::Dialog, prelude::*, task::spawn_local};

use super::{Ui, icons::icon, keys, text};
use crate::{
    domain::{FoodOrder, OrderId, OrderStatus},
    live::{actions::transition, api},
};

/// What is asked for when the dialog opens.
const URL: &str = "/api/orders?status=closed&limit=30";

/// How far the list is.
#[derive(Clone, PartialEq)]
enum List {
    Loading,
    There(Vec<FoodOrder>),
    Failed(String),
}

/// The dialog. It is shown while [`Ui::recalling`].
pub fn dialog(ui: Ui) -> impl IntoView {
    let node = NodeRef::<Dialog>::new();
    let list = RwSignal::new(List::Loading);
    let refused = RwSignal::new(None::<String>);
    let load = move || {
        list.set(List::Loading);
        refused.set(None);
        spawn_local(async move {
            list.set(match api::get::<api::OrderList>(URL).await {
                Ok(answer) => List::There(answer.orders),
                Err(why) => List::Failed(why),
            });
        });
    };
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        match ui.recalling.get() {
            true if !dialog.open() => {
                drop(dialog.show_modal());
                load();
            }
            false if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    let recall = move |id: OrderId, version| {
        spawn_local(async move {
            match transition(id, OrderStatus::Ready, version, Some("recall")).await {
                Ok(order) => {
                    ui.live.say(format!("Order {} is back", order.number));
                    ui.recalling.set(false);
                }
                Err(why) => refused.set(Some(why)),
            }
        });
    };
    let row = move |order: FoodOrder| {
        let (id, version, number) = (order.id, order.version, order.number);
        let closed = order.times.closed_at.unwrap_or(order.last_change.at);
        let items: u32 = order.items.iter().map(|item| item.quantity).sum();
        view! {
            <li>
                <span class="at">{ui.time_of_day(closed, false)}</span>
                <b class="number">{number.0}</b>
                <span class="closed-who">
                    <bdi>{order.customer.name}</bdi>
                    <span class="sub">
                        {text::service(order.fulfilment.service)} " · " {text::count(u64::from(items), "item")} " · "
                        {text::status(order.status)}
                    </span>
                </span>
                {(order.status == OrderStatus::Completed).then(|| view! {
                    <button type="button" class="button" on:click=move |_| recall(id, version)>
                        {icon("#i-back")} "Recall" <span class="unseen">" order " {number.0}</span>
                    </button>
                })}
            </li>
        }
    };
    let content = move || match list.get() {
        List::Loading => view! { <p class="sub">"Loading…"</p> }.into_any(),
        List::Failed(why) => view! {
            <p>"The list could not be loaded: " {why}</p>
            <button type="button" class="button wide" on:click=move |_| load()>"Retry"</button>
        }
        .into_any(),
        List::There(orders) if orders.is_empty() => {
            view! { <p class="sub">"No order has been closed yet."</p> }.into_any()
        }
        List::There(orders) => {
            view! { <ul class="closed">{orders.into_iter().map(row).collect::<Vec<_>>()}</ul> }
                .into_any()
        }
    };
    view! {
        <dialog class="dialog dialog-recall" node_ref=node aria-labelledby="recall-title"
            on:close=move |_| ui.recalling.set(false)>
            <header class="dialog-head">
                <h2 id="recall-title">"Closed last"</h2>
                <button type="button" class="button square" aria-label="Close"
                    on:click=move |_| ui.recalling.set(false)>{icon("#i-close")}</button>
            </header>
            {move || refused.get().map(|why| view! { <p class="refused">"Not saved – " {why}</p> })}
            {content}
            <footer class="keys">
                <span>"Single keys: " <kbd>"Z"</kbd> " undo, " <kbd>"R"</kbd> " this list"</span>
                <button type="button" class="button" on:click=move |_| keys::switch(ui)>
                    {move || if ui.keys.get() { "Switch off" } else { "Switch on" }}
                </button>
            </footer>
        </dialog>
    }
}
