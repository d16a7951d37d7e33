//! Streams of every kind, and orders that come meanwhile: what a server has to
//! bear while it is looked at.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Context as _;

use crate::{
    client::{Reading, Wanted},
    http::Poster,
    sample,
};

/// The newest orders, for streams that follow one each.
const FOLLOWED: usize = 500;

/// The stream `index` of a crowd: a third follows everything, a third what a
/// screen filters by, a third one order. Every second one takes gzip.
pub(crate) fn wanted(index: usize, orders: &[String], reading: Reading) -> Wanted {
    let filters = ["station=grill", "status=open", "station=bar&status=open"];
    let query = match index % 3 {
        0 => String::new(),
        1 => format!("?{}", filters[index / 3 % filters.len()]),
        _ => match orders.get(index / 3 % orders.len().max(1)) {
            Some(order) => format!("?order={order}"),
            None => String::new(),
        },
    };
    Wanted {
        path: format!("/live-orders{query}"),
        last_event_id: None,
        gzip: index.is_multiple_of(2),
        reading,
        polite: index % 4 == 1,
    }
}

/// Posts orders until it is told to stop, on a thread of its own.
pub(crate) struct Guests {
    shared: Arc<Shared>,
    thread: thread::JoinHandle<anyhow::Result<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    posted: AtomicU32,
    orders: Mutex<Vec<String>>,
}

impl Guests {
    /// Begins, with a pause between two orders.
    pub(crate) fn arrive(address: SocketAddr, pause: Duration) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || runtime.block_on(order(address, pause, &shared)))
        };
        Ok(Self { shared, thread })
    }

    /// How many orders were acknowledged.
    pub(crate) fn posted(&self) -> u32 {
        self.shared.posted.load(Ordering::Relaxed)
    }

    /// Waits until so many were acknowledged.
    #[expect(clippy::disallowed_methods, reason = "a poll a millisecond costs the server nothing")]
    pub(crate) fn wait_for(&self, posted: u32) -> anyhow::Result<()> {
        while self.posted() < posted {
            anyhow::ensure!(!self.thread.is_finished(), "an order was refused");
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// The ids of the newest orders.
    pub(crate) fn orders(&self) -> Vec<String> {
        self.shared.orders.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has no more orders come; an error when one was refused before.
    pub(crate) fn leave(self) -> anyhow::Result<()> {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow::anyhow!("the guests' thread is gone"))?
    }
}

async fn order(address: SocketAddr, pause: Duration, shared: &Shared) -> anyhow::Result<()> {
    let mut poster = Poster::connect(address).await?;
    while !shared.stop.load(Ordering::Relaxed) {
        let answer = poster.post(&sample::request(shared.posted.load(Ordering::Relaxed))).await?;
        let answer: serde_json::Value = serde_json::from_slice(&answer)?;
        let id = answer["id"].as_str().context("an order without an id")?;
        {
            let mut orders = shared.orders.lock().unwrap_or_else(PoisonError::into_inner);
            if orders.len() == FOLLOWED {
                orders.remove(0);
            }
            orders.push(id.to_owned());
        }
        shared.posted.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_has_streams_of_every_kind() {
        let orders = ["1".to_owned(), "2".to_owned()];
        let crowd: Vec<_> = (0..12).map(|index| wanted(index, &orders, Reading::Forgets)).collect();
        let with = |part: &str| crowd.iter().filter(|it| it.path.contains(part)).count();
        assert_eq!((with("?"), with("?order=1"), with("?order=2")), (8, 2, 2));
        assert_eq!(with("station="), 3);
        assert_eq!(crowd.iter().filter(|it| it.gzip).count(), 6);
        assert_eq!(crowd.iter().filter(|it| it.polite).count(), 3);
        assert_eq!(wanted(2, &[], Reading::Forgets).path, "/live-orders");
    }
}
