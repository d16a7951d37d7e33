//! One order: what it is, how it stands, what can be done with it.

use leptos::prelude::*;
use web_sys::MouseEvent;

use super::{
    Ui,
    icons::{self, icon},
    text,
};
use crate::{
    domain::{
        Ageing, FoodOrder, ItemStatus, ModifierKind, OrderId, OrderItem, OrderStatus, Promises,
        Service, Station, UnixMillis,
    },
    live::{Action, Mark},
};

/// What a ticket's head says at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    OnTime,
    Warn,
    Late,
    Ready,
    Out,
    Cancelled,
}

impl Face {
    fn of(order: &FoodOrder, promises: &Promises, now: UnixMillis) -> Self {
        match order.status {
            OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing => {
                match promises.ageing(order, now) {
                    Ageing::OnTime => Self::OnTime,
                    Ageing::Warn => Self::Warn,
                    Ageing::Late => Self::Late,
                }
            }
            OrderStatus::Ready => Self::Ready,
            OrderStatus::OutForDelivery | OrderStatus::Completed => Self::Out,
            _ => Self::Cancelled,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::OnTime => "is-on-time",
            Self::Warn => "is-warn",
            Self::Late => "is-late",
            Self::Ready => "is-ready",
            Self::Out => "is-out",
            Self::Cancelled => "is-cancelled",
        }
    }

    /// The word beside the digits: colour is never alone.
    fn word(self) -> &'static str {
        match self {
            Self::OnTime => "",
            Self::Warn => "Left",
            Self::Late => "Late",
            Self::Ready => "Ready",
            Self::Out => "Out",
            Self::Cancelled => "Off",
        }
    }

    fn digits(self, order: &FoodOrder, promises: &Promises, now: UnixMillis) -> String {
        let times = &order.times;
        let since = |at: Option<UnixMillis>| text::span(now.since(at.unwrap_or(times.placed_at)));
        match self {
            Self::OnTime => since(None),
            Self::Warn => text::span(promises.promised_at(order).since(now)),
            Self::Late => format!("+{}", text::span(now.since(promises.promised_at(order)))),
            Self::Ready => since(times.ready_at),
            Self::Out => since(times.out_for_delivery_at),
            Self::Cancelled => since(times.closed_at),
        }
    }
}

/// The ticket of order `id`.
pub fn ticket(ui: Ui, id: OrderId) -> impl IntoView {
    let row = ui.live.row(id)?;
    let order = RwSignal::from(row.order);
    let mark = RwSignal::from(row.mark);
    let promises = ui.promises;
    let now = ui.live.now;
    let face = Memo::new(move |_| order.with(|order| Face::of(order, &promises, now.get())));
    let class = move || {
        let mark = mark.read();
        format!(
            "ticket {}{}{}{}",
            face.get().class(),
            if mark.fresh_until.is_some() { " is-new" } else { "" },
            if mark.pending.is_some() { " is-pending" } else { "" },
            if mark.refused.is_some() { " is-refused" } else { "" },
        )
    };
    let digits = move || order.with(|order| face.get().digits(order, &promises, now.get()));
    // Read out by the minute, not by the second.
    let spoken = Memo::new(move |_| {
        let minutes = order.with(|order| now.get().since(order.times.placed_at).max(0) / 60_000);
        let late = if face.get() == Face::Late { ", late" } else { "" };
        format!(", {}{late}", text::count(minutes.unsigned_abs(), "minute"))
    });
    let (number, service) = order.with_untracked(|order| (order.number, service(order)));
    Some(view! {
        <li class=class data-order=id.to_string()>
            <article aria-labelledby=format!("order-{id}")>
                <header class="head">
                    <h3 id=format!("order-{id}")>
                        <span class="unseen">"Order "</span>
                        <span class="number">{number.0}</span>
                        {service}
                        <span class="unseen">{spoken}</span>
                    </h3>
                    <span class="timer" aria-hidden="true">
                        <b>{move || face.get().word()}</b>
                        <span class="digits">{digits}</span>
                    </span>
                </header>
                {move || order.with(|order| details(ui, order, &mark.read()))}
                {move || mark.with(|mark| mark.refused.as_ref().map(|(_, why)| refused(ui, id, why)))}
                {move || foot(ui, id, &order.read(), mark.read().pending.is_some())}
            </article>
        </li>
    })
}

fn service(order: &FoodOrder) -> impl IntoView + use<> {
    let fulfilment = &order.fulfilment;
    let words = match (&fulfilment.table, fulfilment.service) {
        (Some(table), Service::DineIn) => view! { "Table " <bdi>{table.clone()}</bdi> }.into_any(),
        (_, service) => text::service(service).into_any(),
    };
    view! {
        <span class="service">{icon(icons::of_service(fulfilment.service))} <span>{words}</span></span>
    }
}

/// Everything between head and foot.
fn details(ui: Ui, order: &FoodOrder, mark: &Mark) -> impl IntoView + use<> {
    let name = (!order.customer.name.is_empty()).then(|| {
        view! { <bdi class="who">{order.customer.name.clone()}</bdi> }
    });
    let due = order.times.due_at.map(|at| {
        view! { <span class="due">"due " {ui.time_of_day(at, false)}</span> }
    });
    let allergens = order.allergens().join(", ");
    let allergens = (!allergens.is_empty()).then(|| {
        view! {
            <p class="allergens">{icon("#i-warning")} <b>"Allergy"</b> <bdi>{allergens}</bdi></p>
        }
    });
    let flags = &order.flags;
    let badges = [
        (mark.fresh_until.is_some(), "badge badge-new", "New", ""),
        (flags.rush, "badge badge-rush", "Rush", "#i-rush"),
        (flags.changed, "badge", "Changed", ""),
        (flags.recalled, "badge", "Recalled", "#i-back"),
        (flags.held, "badge", "Held", "#i-pause"),
    ]
    .into_iter()
    .filter(|(shown, ..)| *shown)
    .map(|(_, class, word, shape)| {
        view! { <li class=class>{(!shape.is_empty()).then(|| icon(shape))} {word}</li> }
    })
    .collect::<Vec<_>>();
    let badges =
        (!badges.is_empty()).then(|| view! { <ul class="badges" aria-label="Marks">{badges}</ul> });
    let ticking = match &mark.pending {
        Some(Action::Tick { item, .. }) => Some(*item),
        _ => None,
    };
    let open = matches!(
        order.status,
        OrderStatus::Placed | OrderStatus::Accepted | OrderStatus::Preparing
    );
    let station = ui.station.get_value();
    let here = |item: &&OrderItem| station.as_ref().is_none_or(|station| item.station == *station);
    let items = order
        .items
        .iter()
        .filter(here)
        .map(|item| line(ui, order.id, item, open, ticking == Some(item.id), station.is_none()))
        .collect::<Vec<_>>();
    let also = station.as_ref().and_then(|station| also(order, station));
    view! {
        <div class="details">
            <div class="meta">
                {name} <span>{order.source.channel.as_str().to_owned()}</span> {due} {badges}
            </div>
            {allergens}
            <ul class=if open { "items" } else { "items is-made" } aria-label="Items">{items}</ul>
            {also.map(|also| view! { <p class="also">"also: " <bdi>{also}</bdi></p> })}
        </div>
    }
}

/// One line of the order.
fn line(
    ui: Ui,
    id: OrderId,
    item: &OrderItem,
    open: bool,
    pending: bool,
    with_station: bool,
) -> impl IntoView + use<> {
    let (line, status) = (item.id, item.status);
    let tick = move |_| {
        let to = if status == ItemStatus::Done { ItemStatus::Todo } else { ItemStatus::Done };
        ui.live.act(id, Action::Tick { item: line, status: to });
    };
    let class = match (status, pending) {
        (ItemStatus::Void, _) => "item is-void",
        (_, true) => "item is-ticking",
        (ItemStatus::Done, _) => "item is-done",
        (ItemStatus::Doing, _) => "item is-doing",
        (ItemStatus::Todo, _) => "item",
    };
    let modifiers = item
        .modifiers
        .iter()
        .map(|modifier| {
            let word = match modifier.kind {
                ModifierKind::No => "NO",
                ModifierKind::Add => "ADD",
                ModifierKind::Extra => "EXTRA",
                ModifierKind::Sub => "SUB",
            };
            let times = (modifier.quantity > 1).then(|| format!(" ×{}", modifier.quantity));
            let class = if modifier.kind == ModifierKind::No { "mod mod-no" } else { "mod" };
            view! {
                <span class=class><b>{word}</b> " " <bdi>{modifier.name.clone()}</bdi> {times}</span>
            }
        })
        .collect::<Vec<_>>();
    let quantity = if item.quantity > 1 { "qty is-many" } else { "qty" };
    let word = match status {
        ItemStatus::Void => Some("VOID"),
        ItemStatus::Doing => Some("STARTED"),
        _ => None,
    };
    view! {
        <li>
            <button type="button" class=class data-act=format!("item-{line}")
                disabled=!open || status == ItemStatus::Void
                aria-pressed=if status == ItemStatus::Done { "true" } else { "false" }
                on:click=tick>
                <span class=quantity>{item.quantity}</span>
                <span class="what">
                    <bdi class="name">{item.name.clone()}</bdi>
                    {modifiers}
                    {item.note.clone().map(|note| view! { <q class="note" dir="auto">{note}</q> })}
                </span>
                <span class="aside">
                    {word.map(|word| view! { <b class="state">{word}</b> })}
                    {with_station.then(|| view! { <span class="station">{item.station.as_str().to_owned()}</span> })}
                </span>
                <span class="tick">{icon("#i-check")}</span>
            </button>
        </li>
    }
}

/// How far the other stations are: "fry 1/2 · bar 0/1".
fn also(order: &FoodOrder, here: &Station) -> Option<String> {
    let parts: Vec<String> = order
        .stations()
        .into_iter()
        .filter(|station| *station != here)
        .filter_map(|station| {
            let lines = order
                .items
                .iter()
                .filter(|item| item.station == *station && item.status != ItemStatus::Void);
            let done = lines.clone().filter(|item| item.status == ItemStatus::Done).count();
            let lines = lines.count();
            (lines > 0).then(|| format!("{station} {done}/{lines}"))
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// An action that was refused stays on the ticket with its reason.
fn refused(ui: Ui, id: OrderId, why: &str) -> impl IntoView + use<> {
    view! {
        <div class="refused">
            <p>"Not saved – " {why.to_owned()}</p>
            <button type="button" class="button" data-act="retry"
                on:click=move |_| ui.live.settle(id, true)>"Retry"</button>
            <button type="button" class="button" data-act="dismiss"
                on:click=move |_| ui.live.settle(id, false)>"Dismiss"</button>
        </div>
    }
}

/// Whether this press is the second of a double press: the first one may have
/// moved the next ticket under the finger, which nobody meant.
fn twice(ui: Ui, event: &MouseEvent) -> bool {
    const AGAIN_MS: i64 = 400;
    const NEAR: i32 = 40;
    // A key is pressed on what has the focus, wherever that is.
    if event.detail() == 0 {
        return false;
    }
    let (now, x, y) = (ui.live.local_now(), event.client_x(), event.client_y());
    let before = ui.pressed.get_value();
    ui.pressed.set_value(Some((now, x, y)));
    before.is_some_and(|(at, left, top)| {
        now - at < AGAIN_MS && (x - left).abs() < NEAR && (y - top).abs() < NEAR
    })
}

/// What can be done with the order as it stands.
fn foot(ui: Ui, id: OrderId, order: &FoodOrder, pending: bool) -> AnyView {
    let (status, service, number) = (order.status, order.fulfilment.service, order.number);
    if !status.is_open() {
        let why = order.last_change.reason.clone();
        return view! {
            <footer class="cancelled">
                <p><b>"Cancelled"</b> {why.map(|why| view! { <bdi class="why">{why}</bdi> })}</p>
                <button type="button" class="button" data-act="seen"
                    on:click=move |_| ui.live.acknowledge(id)>
                    "Seen" <span class="unseen">" order " {number.0}</span>
                </button>
            </footer>
        }
        .into_any();
    }
    let go = move |to| ui.live.act(id, Action::Go { to, reason: None });
    let cancel = move |_| ui.cancelling.set(Some(id));
    let word = if status == OrderStatus::Placed { "Reject" } else { "Cancel" };
    let recall = (status == OrderStatus::Ready).then(|| {
        view! {
            <button type="button" class="button" data-act="recall" disabled=pending
                on:click=move |_| go(OrderStatus::Preparing)>
                {icon("#i-back")} "Recall" <span class="unseen">" order " {number.0}</span>
            </button>
        }
    });
    let bump = status.next(service).map(|to| {
        let word = if pending { "Saving…" } else { text::bump(to, service) };
        let press = move |event: MouseEvent| {
            if !twice(ui, &event) {
                go(to);
            }
        };
        view! {
            <button type="button" class="button bump" data-act="bump" aria-disabled=pending.then_some("true")
                on:click=press>
                {word} <span class="unseen">" order " {number.0}</span>
            </button>
        }
    });
    view! {
        <footer class="foot">
            <button type="button" class="button square" data-act="cancel" on:click=cancel
                aria-label=format!("{word} order {number}") title=word>
                {icon("#i-close")}
            </button>
            {recall}
            {bump}
        </footer>
    }
    .into_any()
}
