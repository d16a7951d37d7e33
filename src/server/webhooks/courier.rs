//! Sends the events of the log to one receiver, from its cursor on.

use std::{future::Future, sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    message::Message,
    post::Answered,
    queue::{Answer, Job, Outcome, Queue},
    signature,
};
use crate::{
    server::store::{
        StoredEvent, Unavailable,
        webhooks::{SwitchState, Webhook},
    },
    wire::{EventFacts, EventKind, Seq, StreamFilter},
};

/// Events that are read at once.
const PAGE: usize = 200;
/// How long it waits when the store cannot read or write.
const STORE_AGAIN: Duration = Duration::from_secs(1);
/// Positions that it may be ahead of what the store knows, while nothing of
/// them is wanted: whoever starts again reads them again.
const UNNOTED: u64 = 500;
/// After how much quiet it has the store know all the same, so that the log can
/// be pruned.
const NOTE_EVERY: Duration = Duration::from_mins(1);
/// How soon it sees that the clock was put on or back, while it waits for a time.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long requests that are under way may take when it is to stop; what has
/// no answer by then is sent again.
const FAREWELL: Duration = Duration::from_millis(1500);

/// Requests that are under way.
type UnderWay = FuturesUnordered<BoxFuture<'static, (Job, Outcome)>>;

/// Sends what `webhook` wants until `stop`, or until it is switched off.
pub(super) async fn run(shared: Arc<Shared>, webhook: Webhook, stop: CancellationToken) {
    let waiting = again(&stop, || shared.store.webhooks().orders_waiting(webhook.id.clone())).await;
    let Some(waiting) = waiting else { return };
    let queue = Queue::new(shared.settings.patience(), &webhook, waiting);
    let courier = Courier {
        shared,
        webhook: Arc::new(webhook),
        queue,
        under_way: FuturesUnordered::new(),
        stop,
    };
    courier.run().await;
}

struct Courier {
    shared: Arc<Shared>,
    webhook: Arc<Webhook>,
    queue: Queue,
    under_way: UnderWay,
    stop: CancellationToken,
}

/// Does what the store is asked for again and again until it can; none when it
/// is to stop.
async fn again<'a, T, F>(stop: &CancellationToken, ask: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = Result<T, Unavailable>> + 'a,
{
    loop {
        let asked = tokio::select! {
            asked = ask() => asked,
            () = stop.cancelled() => return None,
        };
        if let Ok(answer) = asked {
            return Some(answer);
        }
        tokio::select! {
            () = tokio::time::sleep(STORE_AGAIN) => {}
            () = stop.cancelled() => return None,
        }
    }
}

impl Courier {
    async fn run(mut self) {
        while !self.stop.is_cancelled() {
            // What came of a request is noted before the next is sent.
            let crowded = self.queue.is_crowded(self.shared.clock.now());
            if self.queue.has_news() || self.queue.unnoted() >= UNNOTED || crowded {
                self.note().await;
                if self.queue.off().is_some() {
                    self.say_off();
                    return;
                }
            }
            self.queue.heed(self.shared.clock.now());
            self.queue.park(self.shared.clock.now());
            if self.stop.is_cancelled() || !self.unpark().await || !self.take_up().await {
                break;
            }
            self.start();
            self.wait().await;
        }
        let _ = tokio::time::timeout(FAREWELL, async {
            while let Some((job, outcome)) = self.under_way.next().await {
                self.finish(&job, outcome);
            }
        })
        .await;
        // Once, and without `stop`, which has come already.
        let (id, progress) = (self.webhook.id.clone(), self.queue.progress());
        if self.shared.store.webhooks().record(id, progress).await.is_ok() {
            self.say_off();
        }
    }

    /// Takes in what is due again; false when it is to stop.
    async fn unpark(&mut self) -> bool {
        let orders = self.queue.due(self.shared.clock.now());
        if orders.is_empty() {
            return true;
        }
        let (id, store) = (self.webhook.id.clone(), self.shared.store.webhooks());
        let waiting = again(&self.stop, || store.waiting(id.clone(), orders.clone())).await;
        let Some(waiting) = waiting else { return false };
        self.queue.unpark(&orders, waiting, self.shared.clock.now());
        true
    }

    /// Takes up what the log has, as far as there is room; false when it is to stop.
    async fn take_up(&mut self) -> bool {
        while self.queue.room() > 0 && self.queue.read() < self.shared.hub.head() {
            let (after, limit) = (self.queue.read(), self.queue.room().min(PAGE));
            let page = again(&self.stop, || self.shared.store.events(after, limit)).await;
            let Some(page) = page else { return false };
            if page.floor > after {
                tracing::warn!(
                    webhook = %self.webhook.id,
                    up_to_seq = page.floor.0,
                    "webhook.events.missed"
                );
                self.queue.skip(page.floor);
                continue;
            }
            if page.events.is_empty() {
                break;
            }
            for event in &page.events {
                let wanted = wants(&self.webhook.filter, &event.facts);
                self.queue.take(event.seq, &event.facts, wanted);
            }
            // Much that is not wanted, and nothing to wait for in between.
            if self.queue.unnoted() >= UNNOTED {
                break;
            }
        }
        true
    }

    fn start(&mut self) {
        if self.queue.has_news() {
            return;
        }
        while let Some(job) = self.queue.start(self.shared.clock.now()) {
            let sending = send(Arc::clone(&self.shared), Arc::clone(&self.webhook), job);
            self.under_way.push(sending.map(move |outcome| (job, outcome)).boxed());
        }
    }

    /// Waits until there is something to be done.
    async fn wait(&mut self) {
        if self.queue.unnoted() >= UNNOTED || self.queue.has_news() {
            return;
        }
        let now = self.shared.clock.now();
        let until_due = self
            .queue
            .next_at()
            .map(|at| Duration::from_millis(u64::try_from(at.since(now)).unwrap_or(0)))
            // While requests are under way, room for more comes with their end.
            .filter(|wait| !wait.is_zero() || !self.queue.is_busy())
            .map(|wait| wait.min(LOOK_EVERY));
        let (room, read) = (self.queue.room() > 0, self.queue.read());
        let quiet = self.queue.unnoted() > 0;
        tokio::select! {
            Some((job, outcome)) = self.under_way.next() => {
                self.finish(&job, outcome);
                while let Some(Some((job, outcome))) = self.under_way.next().now_or_never() {
                    self.finish(&job, outcome);
                }
            }
            () = self.shared.hub.reach(read.next()), if room => {}
            () = tokio::time::sleep(until_due.unwrap_or_default()), if until_due.is_some() => {}
            () = tokio::time::sleep(NOTE_EVERY), if quiet => self.note().await,
            () = self.stop.cancelled() => {}
        }
    }

    fn finish(&mut self, job: &Job, outcome: Outcome) {
        if let Outcome::Tried(Answer { error: Some(error), .. }) = &outcome {
            tracing::info!(
                webhook = %self.webhook.id,
                seq = job.seq.0,
                attempt = job.attempt,
                %error,
                "webhook.attempt.failed"
            );
        }
        self.queue.finish(job, outcome, self.shared.clock.now(), rand::random());
    }

    /// Has the store note how far it is.
    async fn note(&mut self) {
        let progress = self.queue.progress();
        let (id, store) = (self.webhook.id.clone(), self.shared.store.webhooks());
        let record = || store.record(id.clone(), progress.clone());
        if again(&self.stop, record).await.is_some() {
            self.queue.noted();
        }
    }

    fn say_off(&self) {
        let Some(off) = self.queue.off() else { return };
        let why = off.why.as_deref().unwrap_or_default();
        match off.state {
            SwitchState::Broken => {
                tracing::error!(webhook = %self.webhook.id, why, "webhook.broken");
            }
            SwitchState::On | SwitchState::Off => {
                tracing::warn!(webhook = %self.webhook.id, why, "webhook.switched_off");
            }
        }
    }
}

/// Whether a webhook with `filter` is sent an event. Whoever may have been sent an
/// order is told that it is to be forgotten, though they have not asked to be.
fn wants(filter: &StreamFilter, facts: &EventFacts) -> bool {
    filter.matches(facts) || (facts.kind == EventKind::Erased && filter.may_know(facts))
}

/// Sends the event of `job`.
async fn send(shared: Arc<Shared>, webhook: Arc<Webhook>, job: Job) -> Outcome {
    // Read when it is sent and not before: what is erased in the meantime is
    // not sent, and what waits costs no memory.
    let before = Seq(job.seq.0.saturating_sub(1));
    let Ok(page) = shared.store.events(before, 1).await else { return Outcome::NotTried };
    let Some(event) = page.events.first().filter(|event| event.seq == job.seq) else {
        return Outcome::Unkept;
    };
    match message(&shared, &webhook, event) {
        Some(message) => Outcome::Tried(post(&shared, &webhook, message).await),
        None => Outcome::Unkept,
    }
}

fn message(shared: &Shared, webhook: &Webhook, event: &StoredEvent) -> Option<Message> {
    let message = Message::of_event(&webhook.id, shared.store.epoch(), event);
    // Where, not what: the text of the error may quote a customer.
    message.inspect_err(|error| tracing::error!(column = error.column(), "store.row.damaged")).ok()
}

/// Signs and sends `message`, once.
pub(super) async fn post(shared: &Shared, webhook: &Webhook, message: Message) -> Answer {
    let at = shared.clock.now();
    let Message { id, body } = message;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::USER_AGENT, format!("live-orders/{}", crate::VERSION)),
        (HeaderName::from_static(signature::TIMESTAMP), signature::seconds(at).to_string()),
        (HeaderName::from_static(signature::SIGNATURE), webhook.keys.sign(&id, at, &body)),
        (HeaderName::from_static(signature::ID), id),
    ];
    let headers: HeaderMap = headers
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)))
        .collect();
    let sent = shared.post.send(&webhook.url, headers, body).await;
    let took_ms = shared.clock.now().since(at).max(0);
    match sent {
        Ok(Answered { status, .. }) if (200..300).contains(&status) => {
            Answer { at, took_ms, status: Some(status), error: None, retry_after: None }
        }
        Ok(Answered { status, retry_after }) => {
            let error = match status {
                300..=399 => format!("it answered {status}, and redirects are not followed"),
                _ => format!("it answered {status}"),
            };
            Answer { at, took_ms, status: Some(status), error: Some(error), retry_after }
        }
        Err(error) => Answer { at, took_ms, status: None, error: Some(error), retry_after: None },
    }
}
