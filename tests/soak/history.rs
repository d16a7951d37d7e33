//! A store that has been in use for as long as the log is kept: from the first minute on,
//! as much becomes old as is added.
//!
//! The log is kept for a day at least, so a run of an hour would never see any of it go.
//! The orders of yesterday are therefore placed before the run, by the program's own store
//! and with the times that they would have.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::anyhow;
use futures_util::future::try_join_all;
use live_orders::{
    domain::{
        Actor, ActorKind, Change, OrderId, OrderStatus, Promise, UnixMillis, Version,
        change::Action,
    },
    server::{
        clock::Clock,
        store::{
            CommitSink, Committed, Fingerprint, Placement, SqliteStore, Store as _, sqlite::Purpose,
        },
    },
};
use uuid::Uuid;

use crate::{
    sample,
    staff::{LIFE, Step},
};

/// What the run's server is told of how long things are kept.
pub(crate) const SETTINGS: [&str; 3] =
    ["log.keep_days=1", "log.keep_keys_hours=24", "privacy.erase_after_days=1"];
/// The same.
const KEPT_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// Lives that are led at the same time, so that many share a commit.
const TOGETHER: u32 = 1000;

struct Deaf;

impl CommitSink for Deaf {
    fn committed(&self, _: &[Committed]) {}
    fn announce(&self) {}
}

/// Fills the store in `folder` with the changes, so many a second, that become old within
/// `span` from now on; how many there are.
pub(crate) async fn fill(folder: &Path, rate: u32, span: Duration) -> anyhow::Result<u64> {
    let store = SqliteStore::open(folder, Purpose::Service, Arc::new(Deaf))?;
    let each = u32::try_from(LIFE.len())? + 1;
    let orders = u32::try_from(span.as_secs())? * rate / each;
    let begun = Clock::system().now().plus(-KEPT_MILLIS);
    let mut first = 0;
    while first < orders {
        crate::unless_ended()?;
        let last = orders.min(first + TOGETHER);
        // All that is done together is done at the time of its place among all changes.
        let at = |order: u32, step: u32| {
            let change = first * each + step * (last - first) + (order - first);
            begun.plus(i64::from(change) * 1000 / i64::from(rate))
        };
        try_join_all((first..last).map(|order| live(&store, order, move |step| at(order, step))))
            .await?;
        first = last;
    }
    Ok(u64::from(orders) * u64::from(each))
}

/// An order, from when it is placed until it is handed over.
async fn live(
    store: &SqliteStore,
    number: u32,
    at: impl Fn(u32) -> UnixMillis,
) -> anyhow::Result<()> {
    let id = OrderId(Uuid::now_v7());
    let order = sample::new_order()?;
    let placement = Placement {
        by: None,
        fingerprint: Fingerprint::of_order(&order),
        order,
        id,
        at: at(0),
        business_day: 20_251_009,
        key: Some(format!("yesterday-{number}")),
        promise: Promise::default(),
        tracking: store.tracking_key().digest(id),
        paused: None,
    };
    store.place(placement).await.map_err(|error| anyhow!("{error:?}"))?;
    let mut version = Version::FIRST;
    for (done, step) in (1..).zip(LIFE) {
        let action = match step {
            Step::To(to) => {
                let to = to.parse::<OrderStatus>().map_err(|error| anyhow!("{error:?}"))?;
                Action::Transition { to, reason: None }
            }
            Step::Rush | Step::Acknowledge => Action::Flags { rush: Some(true), held: None },
        };
        let actor = Actor { kind: ActorKind::Staff, id: "yesterday".to_owned() };
        let change = Change { action, expected_version: version, actor };
        store.change(id, change, at(done)).await.map_err(|error| anyhow!("{error:?}"))?;
        version = version.next();
    }
    Ok(())
}
