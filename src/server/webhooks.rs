//! Webhooks, both ways.
//!
//! *Out*: everything that follows orders is a cursor over the log, and a webhook
//! is one that is kept in the store. A [`courier`] for each reads on from its
//! cursor, as every reader does, and posts what matches its filter; what fails
//! waits in a [`queue`] and is tried again. A message is sent at least once, with
//! the same id each time, and those of one order in order.
//!
//! *In*: a channel that cannot hold a key may sign its orders instead ([`inbound`]).
//!
//! | module | does |
//! |---|---|
//! | [`signature`] | signs and checks, as Standard Webhooks 1.0 has it |
//! | [`schedule`] | when what failed is tried again |
//! | [`guard`] | which addresses may be called |
//! | [`target`] | where a webhook goes, read from its address |
//! | [`post`] | sends one message |
//! | [`message`] | what is in it |
//! | [`queue`] | what is to be sent next; pure |
//! | [`parking`] | orders that wait in the store alone; pure |
//! | [`courier`] | one receiver's task |
//! | [`setup`] | what is done with them, whoever asks |
//! | [`manage`] | the requests of whoever sets webhooks up |
//! | [`channels`] | the secrets of channels that sign |
//! | [`inbound`] | orders that are signed |
//! | [`problem`] | what is refused |
//! | [`command`] | the same from the command line |

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::JoinHandle,
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use super::{
    access::limits::Limits,
    clock::Clock,
    hub::Hub,
    store::{
        Store, Unavailable,
        webhooks::{Attempt, Plan, SwitchState, Verdict, Webhook},
    },
};

pub(super) mod channels;
pub mod command;
mod courier;
pub mod guard;
pub(super) mod inbound;
pub(super) mod manage;
mod message;
mod parking;
mod post;
mod problem;
mod queue;
pub mod schedule;
pub(super) mod setup;
pub mod signature;
mod target;

use guard::Allowed;
use message::Message;
use post::Post;
pub use problem::WebhookProblem;
use queue::{Answer, Patience};
use schedule::Schedule;
pub use signature::{Keys, Secret};
use target::Target;

/// Webhooks that are kept.
const MOST: usize = 50;
/// Attempts that are kept of each.
const ATTEMPTS: usize = 2000;
/// How often what is kept is looked through for what may go.
const TIDY_EVERY: Duration = Duration::from_mins(10);
/// How often it is looked whether couriers run as the store has it, which
/// another process may have changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many requests a minute one network may send that are not signed as they should be.
const FORGED_A_MINUTE: u32 = 60;

/// What the configuration says of webhooks.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// What may be called though it is not public.
    pub allowed: Allowed,
    /// How long a receiver may take to answer.
    pub timeout: Duration,
    /// When what failed is tried again.
    pub schedule: Schedule,
    /// For how long nothing may be accepted before a webhook is switched off, in milliseconds.
    pub broken_after_millis: i64,
    /// How long attempts are kept, in milliseconds.
    pub attempts_millis: i64,
}

impl WebhookSettings {
    fn patience(&self) -> Patience {
        let Self { schedule, broken_after_millis, .. } = self;
        Patience { schedule: schedule.clone(), broken_after_millis: *broken_after_millis }
    }
}

/// The id of a webhook: `wh_` and twenty letters or digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebhookId(String);

impl WebhookId {
    const PREFIX: &'static str = "wh_";

    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        let number = rand::random::<u128>() >> 48;
        Self(format!("{}{number:020x}", Self::PREFIX))
    }

    /// The id that is written so.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let rest = raw.strip_prefix(Self::PREFIX)?;
        let hex = rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (hex && rest.len() == 20).then(|| Self(raw.to_owned()))
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What couriers share.
struct Shared {
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    /// Always the system's: others check its time.
    clock: Clock,
    post: Post,
    settings: WebhookSettings,
}

/// All webhooks of one server.
pub struct Webhooks {
    shared: Arc<Shared>,
    /// Held by whoever changes a webhook, whose courier does not run meanwhile.
    running: Arc<Mutex<Couriers>>,
    /// How often each network may still send what is not signed as it should be.
    forged: Limits,
}

type Couriers = HashMap<WebhookId, Running>;

struct Running {
    /// What the courier goes by.
    plan: Plan,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

impl Webhooks {
    /// The webhooks that `store` has. None is sent anything before [`run`](Self::run).
    #[must_use]
    pub fn new(store: Arc<dyn Store>, hub: Arc<Hub>, settings: WebhookSettings) -> Self {
        let post = Post::new(settings.allowed.clone(), settings.timeout);
        let shared = Shared { store, hub, clock: Clock::system(), post, settings };
        let forged = Limits::new(FORGED_A_MINUTE);
        Self { shared: Arc::new(shared), running: Arc::default(), forged }
    }

    /// Sends events until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tidied: Option<Instant> = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = shutdown.cancelled() => break,
            }
            if let Err(error) = self.reconcile(&shutdown).await {
                tracing::warn!(%error, "webhook.look.failed");
                continue;
            }
            if tidied.is_some_and(|at| at.elapsed() < TIDY_EVERY) {
                continue;
            }
            tidied = Some(Instant::now());
            let now = self.shared.clock.now();
            let before = now.plus(-self.shared.settings.attempts_millis);
            if let Err(error) = self.shared.store.webhooks().tidy(before, ATTEMPTS, now).await {
                tracing::warn!(%error, "webhook.tidy.failed");
            }
        }
        let mut running = self.running.lock().await;
        let stopping: Vec<_> = running.drain().map(|(_, courier)| courier.stop()).collect();
        futures_util::future::join_all(stopping).await;
    }

    /// Has a courier run for each webhook that is on, as it is in the store, and
    /// none for others. One that has ended by itself, because its receiver is
    /// gone, say, stands so in the store; one that has not is begun again.
    async fn reconcile(&self, shutdown: &CancellationToken) -> Result<(), Unavailable> {
        let plans = self.shared.store.webhooks().plans().await?;
        let mut running = Arc::clone(&self.running).lock_owned().await;
        let changed = running.iter().filter(|(id, courier)| {
            plans.get(*id) != Some(&courier.plan) || courier.task.is_finished()
        });
        let missing = plans.keys().filter(|id| !running.contains_key(*id));
        let ids: HashSet<WebhookId> = changed.map(|(id, _)| id).chain(missing).cloned().collect();
        if ids.is_empty() {
            return Ok(());
        }
        // Read once more: it may have been changed before it was nobody's turn but ours.
        let plans = self.shared.store.webhooks().plans().await?;
        for id in ids {
            let plan = plans.get(&id);
            let same = |it: &Running| Some(&it.plan) == plan && !it.task.is_finished();
            if running.get(&id).is_some_and(same) {
                continue;
            }
            let changing = Changing::begin(self, running, id, shutdown).await;
            running = changing.end().await?;
        }
        Ok(())
    }

    /// Whether events may be sent to `url`.
    fn takes(&self, url: &str) -> Result<(), &'static str> {
        Target::parse(url, &self.shared.settings.allowed).map(drop)
    }

    /// Does `change` to webhook `id` while nothing is sent to it, and has it go
    /// on as it is then.
    async fn changing<T, E>(
        &self,
        id: &WebhookId,
        shutdown: &CancellationToken,
        change: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let running = Arc::clone(&self.running).lock_owned().await;
        let changing = Changing::begin(self, running, id.clone(), shutdown).await;
        let changed = change().await;
        // Whatever came of it: it was stopped only for this. Where that cannot be read now,
        // it is looked for again, and what was done is done all the same.
        if let Err(Unavailable { why, .. }) = changing.end().await {
            tracing::warn!(webhook = %id, %why, "webhook.resume.failed");
        }
        changed
    }

    /// Sends `webhook` a message that concerns no order.
    async fn test(&self, webhook: &Webhook) -> Attempt {
        let message = Message::test(&webhook.id, self.shared.clock.now());
        let answer = courier::post(&self.shared, webhook, message).await;
        let Answer { at, took_ms, status, error, retry_after: _ } = answer;
        let outcome = if error.is_none() { Verdict::Delivered } else { Verdict::Failed };
        Attempt {
            event: None,
            kind: message::TEST.to_owned(),
            attempt: 1,
            at,
            took_ms,
            status,
            error,
            outcome,
            next_at: None,
        }
    }
}

/// A webhook that is being changed, while nothing is sent to it. Whoever changes it
/// may be gone before they are done, as a client is that hangs up: the courier goes
/// on all the same.
struct Changing {
    shared: Arc<Shared>,
    id: WebhookId,
    shutdown: CancellationToken,
    /// Nobody else changes one meanwhile; none when it is over.
    running: Option<OwnedMutexGuard<Couriers>>,
    /// The courier that is to stop.
    stopping: Option<Running>,
}

impl Changing {
    /// Has the courier of `id` stop.
    async fn begin(
        of: &Webhooks,
        mut running: OwnedMutexGuard<Couriers>,
        id: WebhookId,
        shutdown: &CancellationToken,
    ) -> Self {
        let stopping = running.remove(&id);
        let mut changing = Self {
            shared: Arc::clone(&of.shared),
            id,
            shutdown: shutdown.clone(),
            running: Some(running),
            stopping,
        };
        changing.stop().await;
        changing
    }

    async fn stop(&mut self) {
        if let Some(courier) = &mut self.stopping {
            courier.stop.cancel();
            let _ = (&mut courier.task).await;
        }
        self.stopping = None;
    }

    /// Has a courier carry to the webhook as it is now, if it is on.
    async fn end(mut self) -> Result<OwnedMutexGuard<Couriers>, Unavailable> {
        self.resume().await?;
        self.running.take().ok_or_else(|| Unavailable::new("it is being stopped"))
    }

    async fn resume(&mut self) -> Result<(), Unavailable> {
        let store = self.shared.store.webhooks();
        let (webhook, plan) = (store.one(self.id.clone()).await?, store.plans().await?);
        let plan = plan.get(&self.id).cloned();
        let (Some(webhook), Some(plan), Some(running)) = (webhook, plan, &mut self.running) else {
            return Ok(());
        };
        if webhook.switch.state == SwitchState::On && !self.shutdown.is_cancelled() {
            let stop = self.shutdown.child_token();
            let courier = courier::run(Arc::clone(&self.shared), webhook, stop.clone());
            running.insert(self.id.clone(), Running { plan, stop, task: tokio::spawn(courier) });
        }
        Ok(())
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else { return };
        let mut rest = Self {
            shared: Arc::clone(&self.shared),
            id: self.id.clone(),
            shutdown: self.shutdown.clone(),
            running: Some(running),
            stopping: self.stopping.take(),
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            drop(rest.running.take());
            return;
        };
        runtime.spawn(async move {
            rest.stop().await;
            // What cannot be read now is when it is looked for the next time.
            let _ = rest.resume().await;
            drop(rest.running.take());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::WebhookId;

    #[test]
    fn an_id_has_one_spelling() {
        let id = WebhookId::random();
        assert_eq!(WebhookId::parse(id.as_str()), Some(id.clone()));
        assert_ne!(WebhookId::random(), id);
        for raw in ["", "wh_", "wh_1", "wh_00000000000000000000A", "WH_00000000000000000000"] {
            assert_eq!(WebhookId::parse(raw), None, "{raw}");
        }
    }
}
