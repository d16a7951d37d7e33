//! What has been ordered here: names to suggest, and where they were made.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use crate::{
    domain::{FoodOrder, ModifierKind, Station},
    server::{
        access::principal::Caller,
        reads,
        state::App,
        store::{Unavailable, Wanted},
    },
    wire::{Seq, StreamFilter, Wall},
};

/// How many of the last orders are looked at.
const ORDERS: usize = 200;
/// How many names of each kind are suggested.
const NAMES: usize = 200;

/// How long they are told again where nothing has happened since: whoever types asks
/// at every line.
const TOLD_FOR: Duration = Duration::from_mins(1);
/// For how many walls at a time.
const WALLS: usize = 64;

/// What was told a moment ago, on each side of a wall.
#[derive(Debug, Default)]
pub struct Suggestions(Mutex<HashMap<Wall, Told>>);

#[derive(Debug)]
struct Told {
    at: Instant,
    /// Where the last event on this side of the wall stood.
    last: Seq,
    known: Arc<Known>,
}

/// What has been ordered here.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Items by their names in lower case.
    items: HashMap<String, Item>,
    /// What was different from the menu, as it is typed.
    modifiers: HashMap<String, usize>,
}

#[derive(Debug)]
struct Item {
    name: String,
    /// Where the last one was made; the routing table may know better.
    station: Option<Station>,
    /// How often it was ordered.
    count: usize,
}

impl Known {
    /// What the routing table names, and what the last orders are of that `caller` may
    /// know of.
    pub(super) async fn read(app: &App, caller: &Caller) -> Result<Arc<Self>, Unavailable> {
        // Held while they are read: who comes meanwhile wants the same.
        let mut told = app.suggestions.0.lock().await;
        let now = Instant::now();
        told.retain(|_, told| now.duration_since(told.at) < TOLD_FOR);
        let last = app.hub.bounds(&caller.wall).last;
        if let Some(told) = told.get(&caller.wall).filter(|told| told.last == last) {
            return Ok(Arc::clone(&told.known));
        }
        let known = Arc::new(Self::of_last_orders(app, &caller.wall).await?);
        if told.len() < WALLS || told.contains_key(&caller.wall) {
            let fresh = Told { at: now, last, known: Arc::clone(&known) };
            told.insert(caller.wall.clone(), fresh);
        }
        Ok(known)
    }

    async fn of_last_orders(app: &App, wall: &Wall) -> Result<Self, Unavailable> {
        let mut known = Self::default();
        for name in app.orders.routing().names() {
            known.note(name, None);
        }
        let behind = StreamFilter { wall: wall.clone(), ..StreamFilter::default() };
        let wanted = Wanted { limit: ORDERS, since: None, called: None };
        for json in &app.store.list(behind, wanted).await?.orders {
            known.note_order(&reads::parse(json)?);
        }
        Ok(known)
    }

    fn note_order(&mut self, order: &FoodOrder) {
        for item in &order.items {
            self.note(&item.name, Some(&item.station));
            for modifier in &item.modifiers {
                let sign =
                    if modifier.kind == ModifierKind::Add { "+" } else { modifier.kind.as_str() };
                *self.modifiers.entry(format!("{sign} {}", modifier.name)).or_default() += 1;
            }
        }
    }

    fn note(&mut self, name: &str, station: Option<&Station>) {
        let item = self.items.entry(name.to_lowercase());
        let item = item.or_insert_with(|| Item { name: name.to_owned(), station: None, count: 0 });
        item.count += 1;
        if item.station.is_none() {
            item.station = station.cloned();
        }
    }

    /// What `typed` is called here, and where the last one was made.
    pub(super) fn item(&self, typed: &str) -> Option<(&str, Option<&Station>)> {
        let item = self.items.get(&typed.trim().to_lowercase())?;
        Some((&item.name, item.station.as_ref()))
    }

    /// Items to suggest, the most wanted first.
    pub(super) fn names(&self) -> Vec<&str> {
        let names = self.items.values().map(|item| (item.name.as_str(), item.count));
        first(names.collect())
    }

    /// Differences to suggest, the most wanted first.
    pub(super) fn modifiers(&self) -> Vec<&str> {
        first(self.modifiers.iter().map(|(name, count)| (name.as_str(), *count)).collect())
    }
}

fn first(mut names: Vec<(&str, usize)>) -> Vec<&str> {
    names.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    names.into_iter().take(NAMES).map(|(name, _)| name).collect()
}
