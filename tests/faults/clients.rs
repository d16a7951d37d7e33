//! Those who use the program: who places orders, staff who change them, readers of
//! streams, clients that poll, receivers of webhooks, and readers that never read.

pub(crate) mod dead;
pub(crate) mod hooks;
pub(crate) mod http;
pub(crate) mod pollers;
pub(crate) mod readers;
pub(crate) mod staff;
mod stream;
pub(crate) mod writers;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{Rng as _, rngs::StdRng};
use tokio::{sync::watch, time::Instant};

use crate::history::{Change, Look, Post, Reader, Told};

/// Taken even from somebody who has panicked: that is told elsewhere.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What all clients of a run share.
#[derive(Default)]
pub(crate) struct Common {
    /// Whether it is closing time: nobody begins anything new.
    closing: AtomicBool,
    pub(crate) requests: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    /// Orders that had to be refused, and were.
    pub(crate) refused: AtomicU64,
    pub(crate) streams: AtomicU64,
    /// Requests that had no answer at all.
    pub(crate) unanswered: AtomicU64,
    /// What nobody may see.
    pub(crate) odd: Mutex<Vec<String>>,
    /// What was wanted to be placed, once it is known what came of it, or never will be.
    pub(crate) posts: Mutex<Vec<Post>>,
    /// The same of changes.
    pub(crate) changes: Mutex<Vec<Change>>,
    /// What is known of orders, the newest last.
    orders: Mutex<Vec<Known>>,
    /// Up to which version an order's changes were acknowledged.
    acknowledged_up_to: Mutex<HashMap<String, u64>>,
    /// What those were answered who looked how an order stands.
    pub(crate) looks: Mutex<Vec<Look>>,
}

/// What somebody who was given an answer knows of an order.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) status: String,
    /// Its lines and their stations.
    pub(crate) lines: Vec<(u32, String)>,
}

impl Known {
    /// What an answer tells of an order; none where it is not one.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let order: serde_json::Value = serde_json::from_slice(body).ok()?;
        let no_lines = Vec::new();
        let lines = order["items"].as_array().unwrap_or(&no_lines).iter();
        Some(Self {
            id: order["id"].as_str()?.to_owned(),
            version: order["version"].as_u64()?,
            status: order["status"].as_str()?.to_owned(),
            lines: lines
                .filter_map(|line| {
                    let id = u32::try_from(line["id"].as_u64()?).ok()?;
                    Some((id, line["station"].as_str()?.to_owned()))
                })
                .collect(),
        })
    }
}

impl Common {
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    pub(crate) fn say_odd(&self, what: String) {
        lock(&self.odd).push(what);
    }

    /// Counts an answer, or with 0 that there was none, and keeps it if there is no such answer to `what`.
    fn answered(&self, status: u16, due: &[u16], what: &str, text: &[u8]) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if status == 0 {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        } else if !due.contains(&status) {
            let text = String::from_utf8_lossy(text);
            self.say_odd(format!("{status} to {what}: {text:.300}"));
        }
    }

    /// Notes an answer that said yes: whoever asks from now on is told no older state.
    fn acknowledge(&self, told: &Told) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        let mut all = lock(&self.acknowledged_up_to);
        let version = all.entry(told.order.clone()).or_default();
        *version = told.version.max(*version);
    }

    /// The version that whoever asks for order `id` now is told at least.
    fn acknowledged_up_to(&self, id: &str) -> u64 {
        lock(&self.acknowledged_up_to).get(id).copied().unwrap_or(0)
    }

    /// Notes that somebody was told that order `id` has this version, or is not there.
    fn looked(&self, id: &str, at_least: u64, told: Option<u64>) {
        lock(&self.looks).push(Look { order: id.to_owned(), at_least, told });
    }

    /// Notes what is known of an order; who hears of one later goes by that.
    fn learn(&self, known: Known) {
        let mut orders = lock(&self.orders);
        match orders.iter_mut().find(|order| order.id == known.id) {
            Some(order) if order.version < known.version => *order = known,
            Some(_) => {}
            None => orders.push(known),
        }
    }

    fn forget(&self, id: &str) {
        lock(&self.orders).retain(|order| order.id != id);
    }

    /// One of the newest orders: few, so that several want to change the same.
    fn pick(&self, random: &mut StdRng) -> Option<Known> {
        let orders = lock(&self.orders);
        let newest = orders.len().saturating_sub(40);
        // Some look further back.
        let from = if random.random_bool(0.2) { 0 } else { newest };
        let among = &orders[from..];
        (!among.is_empty()).then(|| among[random.random_range(0..among.len())].clone())
    }
}

/// How often, and for how long, somebody asks who wants an answer: long after all faults
/// are over. Who has none then says so.
struct Tries {
    left: usize,
    until: Instant,
}

impl Tries {
    fn new() -> Self {
        Self { left: 200, until: Instant::now() + Duration::from_secs(30) }
    }

    /// Whether there is another.
    fn next(&mut self) -> bool {
        let more = self.left > 0 || Instant::now() < self.until;
        self.left = self.left.saturating_sub(1);
        more
    }
}

/// A while that somebody takes.
async fn moment(random: &mut StdRng, millis: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_millis(random.random_range(millis))).await;
}

/// What a reader hears, where the run can read it even if the reader does not end.
pub(crate) type Ear = Arc<Mutex<Reader>>;

/// Where readers may stop: at this position, once it is known.
pub(crate) type Until = watch::Receiver<Option<u64>>;

/// The position in `<epoch>-<seq>`.
fn seq_of(id: &str) -> Option<u64> {
    id.split_once('-')?.1.parse().ok()
}
