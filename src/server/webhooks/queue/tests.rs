//! The queue against receivers that fail and servers that are killed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    domain::{Channel, Location, OrderStatus, Service},
    server::webhooks::{Keys, Secret, WebhookId},
    wire::StreamFilter,
};

const DAY: i64 = 86_400_000;

fn patience(schedule: &str) -> Patience {
    let schedule = schedule.parse().expect("a schedule");
    Patience { schedule, broken_after_millis: 5 * DAY }
}

fn webhook() -> Webhook {
    Webhook {
        id: WebhookId::random(),
        url: "https://example.com/".to_owned(),
        description: None,
        filter: StreamFilter::default(),
        keys: Keys::new(Secret::random()),
        switch: Switch::on(UnixMillis(0)),
        cursor: Seq(0),
        waiting: 0,
        missed: None,
        failing_since: None,
        held_until: None,
        delivered_at: None,
        created_at: UnixMillis(0),
    }
}

fn facts(order: u8) -> EventFacts {
    EventFacts {
        kind: EventKind::Updated,
        order: OrderId(Uuid::from_u128(order.into())),
        location: Location::parse("main").expect("a location"),
        channel: Channel::parse("web").expect("a channel"),
        service: Service::Pickup,
        stations: Vec::new(),
        from: Some(OrderStatus::Placed),
        to: OrderStatus::Placed,
    }
}

fn queue(orders: &[u8], schedule: &str) -> Queue {
    let mut queue = Queue::new(patience(schedule), &webhook(), Vec::new());
    for (seq, order) in (1..).zip(orders) {
        queue.take(Seq(seq), &facts(*order), true);
    }
    queue
}

fn accepted() -> Outcome {
    Outcome::Tried(Answer { status: Some(204), ..Answer::default() })
}

fn refused(status: u16, retry_after: Option<i64>) -> Outcome {
    let error = Some(format!("it answered {status}"));
    Outcome::Tried(Answer { status: Some(status), error, retry_after, ..Answer::default() })
}

fn started(queue: &mut Queue, now: i64) -> Vec<Job> {
    std::iter::from_fn(|| queue.start(UnixMillis(now))).collect()
}

fn seqs(jobs: &[Job]) -> Vec<u64> {
    jobs.iter().map(|job| job.seq.0).collect()
}

#[test]
fn one_event_of_each_order_is_under_way() {
    let mut queue = queue(&[1, 1, 2, 1, 3], "5s");
    let jobs = started(&mut queue, 0);
    assert_eq!(seqs(&jobs), [1, 3, 5]);
    queue.finish(&jobs[0], accepted(), UnixMillis(0), 0.5);
    assert_eq!(seqs(&started(&mut queue, 0)), [2]);
}

#[test]
fn a_failure_holds_back_its_order_and_no_other() {
    let mut queue = queue(&[1, 2, 1, 2], "5s, 5m");
    let jobs = started(&mut queue, 0);
    queue.finish(&jobs[0], refused(500, None), UnixMillis(0), 0.5);
    queue.finish(&jobs[1], accepted(), UnixMillis(0), 0.5);
    let next = started(&mut queue, 0);
    assert_eq!(seqs(&next), [4]);
    queue.finish(&next[0], accepted(), UnixMillis(0), 0.5);
    assert_eq!(queue.next_at(), Some(UnixMillis(5_000)));
    assert_eq!(started(&mut queue, 4_999), []);
    let again = started(&mut queue, 5_000);
    assert_eq!((seqs(&again), again[0].attempt), (vec![1], 2));
    queue.finish(&again[0], refused(500, None), UnixMillis(5_000), 0.5);
    assert_eq!(queue.next_at(), Some(UnixMillis(305_000)));
}

#[test]
fn a_receiver_in_trouble_is_asked_once_at_a_time_and_gets_all_when_it_is_back() {
    let orders: Vec<u8> = (0..20).collect();
    let mut queue = queue(&orders, "1h");
    let jobs = started(&mut queue, 0);
    assert_eq!(jobs.len(), AT_ONCE);
    for job in &jobs {
        queue.finish(job, refused(502, None), UnixMillis(0), 0.5);
    }
    let probe = started(&mut queue, 1);
    assert_eq!(probe.len(), 1);
    queue.finish(&probe[0], accepted(), UnixMillis(1), 0.5);
    assert_eq!(started(&mut queue, 1).len(), AT_ONCE, "what failed does not wait for its hour");
}

#[test]
fn a_receiver_that_asks_to_be_left_alone_is() {
    let mut queue = queue(&[1, 2], "5s");
    let job = queue.start(UnixMillis(0)).expect("a job");
    queue.finish(&job, refused(429, Some(60_000)), UnixMillis(0), 0.5);
    assert_eq!(started(&mut queue, 59_999), []);
    assert_eq!(queue.next_at(), Some(UnixMillis(60_000)));
    assert_eq!(seqs(&started(&mut queue, 60_000)), [1, 2]);
}

#[test]
fn what_was_gone_is_switched_off_and_keeps_what_waits() {
    let mut queue = queue(&[1, 1], "5s");
    let job = queue.start(UnixMillis(7)).expect("a job");
    queue.finish(&job, refused(410, None), UnixMillis(7), 0.5);
    assert_eq!(queue.off().map(|off| off.state), Some(SwitchState::Off));
    let progress = queue.progress();
    assert_eq!(progress.put.len(), 2);
    assert_eq!(progress.attempts[0].next_at, None);
}

#[test]
fn a_receiver_that_accepts_nothing_for_days_is_switched_off_without_giving_up_an_event() {
    let mut queue = queue(&[1], "5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h");
    let mut now = UnixMillis(0);
    let mut attempts = 0;
    while queue.off().is_none() {
        now = queue.next_at().map_or(now, |next| next.max(now));
        let job = queue.start(now).expect("a job");
        queue.finish(&job, refused(500, None), now, 0.5);
        attempts += 1;
    }
    assert_eq!(queue.off().map(|off| off.state), Some(SwitchState::Broken));
    assert!((5 * DAY..6 * DAY).contains(&now.0), "{now:?}");
    assert_eq!(attempts, 12, "ten of the standard, then one each day");
    assert_eq!(queue.progress().put.len(), 1);
}

#[test]
fn an_event_that_is_refused_for_days_while_others_are_accepted_is_given_up() {
    let mut queue = queue(&[1, 1, 2], "1h, 1h");
    let jobs = started(&mut queue, 0);
    queue.finish(&jobs[0], refused(400, None), UnixMillis(0), 0.5);
    queue.finish(&jobs[1], accepted(), UnixMillis(1), 0.5);
    let mut now = 0;
    for attempt in 2..=3 {
        now += 3_600_000;
        let job = queue.start(UnixMillis(now)).expect("a job");
        assert_eq!((job.seq, job.attempt), (Seq(1), attempt));
        queue.finish(&job, refused(400, None), UnixMillis(now), 0.5);
    }
    let outcomes: Vec<Verdict> =
        queue.progress().attempts.iter().map(|attempt| attempt.outcome).collect();
    let (failed, delivered) = (Verdict::Failed, Verdict::Delivered);
    assert_eq!(outcomes, [failed, delivered, failed, Verdict::GivenUp]);
    assert_eq!(seqs(&started(&mut queue, now)), [2], "its order goes on");
}

#[test]
fn a_receiver_that_comes_and_goes_loses_nothing_by_it() {
    // It is down for a moment again and again, always when order 1 is tried, and
    // each time it is back, order 1 is tried at once.
    let mut queue = Queue::new(patience("5s, 5m, 30m, 2h"), &webhook(), Vec::new());
    queue.take(Seq(1), &facts(1), true);
    let mut tries = 0;
    for round in 0..50 {
        let now = UnixMillis(round * 10);
        for number in 0..3 {
            queue.take(Seq(2 + u64::try_from(round).expect("few") * 3 + number), &facts(2), true);
        }
        while queue.failures < TROUBLE {
            let job = queue.start(now).expect("a job");
            tries += usize::from(job.seq == Seq(1));
            queue.finish(&job, refused(502, None), now, 0.5);
            for entry in queue.entries.values_mut().filter(|entry| entry.order != facts(1).order) {
                entry.next_at = now;
            }
        }
        let job = queue.start(now).expect("a job");
        assert_ne!(job.seq, Seq(1), "that waits");
        queue.finish(&job, accepted(), now, 0.5);
    }
    assert!(tries > 40, "{tries}");
    let attempts = queue.progress().attempts;
    assert!(attempts.iter().all(|attempt| attempt.outcome != Verdict::GivenUp));
    let waiting = queue.progress().put;
    let first = waiting.iter().find(|waiting| waiting.seq == Seq(1)).expect("it waits");
    assert_eq!(first.attempts, 1, "what was tried before its time does not count");
}

#[test]
fn what_was_tried_before_its_time_goes_back_to_its_place() {
    let mut queue = queue(&[1, 2, 3, 4], "1h");
    let jobs = started(&mut queue, 0);
    for job in &jobs[..3] {
        queue.finish(job, refused(502, None), UnixMillis(0), 0.5);
    }
    queue.finish(&jobs[3], accepted(), UnixMillis(1), 0.5);
    let early = started(&mut queue, 1);
    assert_eq!(seqs(&early), [1, 2, 3]);
    queue.finish(&early[0], refused(400, None), UnixMillis(2), 0.5);
    assert_eq!(queue.next_at(), Some(UnixMillis(3_600_000)));
}

#[test]
fn what_is_accepted_takes_back_nothing_of_what_the_receiver_asked_for() {
    let mut queue = queue(&[1, 2, 3, 4, 5], "5s");
    let jobs = started(&mut queue, 0);
    queue.finish(&jobs[0], refused(429, Some(60_000)), UnixMillis(0), 0.5);
    queue.finish(&jobs[1], refused(500, Some(90_000)), UnixMillis(0), 0.5);
    queue.finish(&jobs[2], refused(500, None), UnixMillis(0), 0.5);
    queue.finish(&jobs[3], accepted(), UnixMillis(1), 0.5);
    queue.finish(&jobs[4], accepted(), UnixMillis(2), 0.5);
    assert_eq!(queue.progress().held_until, Some(UnixMillis(60_000)));
    assert_eq!(started(&mut queue, 59_999), []);
    assert_eq!(seqs(&started(&mut queue, 60_000)), [1, 3]);
    assert_eq!(started(&mut queue, 89_999), []);
    assert_eq!(seqs(&started(&mut queue, 90_000)), [2]);
}

#[test]
fn any_number_of_orders_may_be_refused_and_the_others_go_on() {
    let mut kept = Kept { webhook: webhook(), waiting: BTreeMap::new() };
    let mut queue = Queue::new(patience("1h, 1h"), &kept.webhook, Vec::new());
    queue.capacity = 10;
    let mut came = Vec::new();
    for seq in 1..=255_u8 {
        // Of ten orders, nine are refused.
        kept.note(&mut queue, UnixMillis(0));
        assert!(queue.room() > 0, "at {seq}");
        queue.take(Seq(seq.into()), &facts(seq), true);
        // After one that is accepted, the others are tried early, and refused early.
        loop {
            kept.note(&mut queue, UnixMillis(0));
            let Some(job) = queue.start(UnixMillis(0)) else { break };
            let good = job.seq.0 % 10 == 0;
            came.extend(good.then_some(job.seq.0));
            let outcome = if good { accepted() } else { refused(400, None) };
            queue.finish(&job, outcome, UnixMillis(0), 0.5);
        }
    }
    assert_eq!(came, (1..=25).map(|ten| ten * 10).collect::<Vec<u64>>());
    assert!(queue.entries.len() <= 2 * queue.capacity);
    assert_eq!(kept.waiting.len(), 230);
}

#[test]
fn the_window_is_bounded() {
    let mut queue = Queue::new(patience("1h"), &webhook(), Vec::new());
    let mut seq = 0;
    while queue.room() > 0 {
        seq += 1;
        queue.take(Seq(seq), &facts(1), seq % 2 == 0);
    }
    assert_eq!((queue.entries.len(), seq), (ROOM, 2 * ROOM as u64));
    // Nor can it be filled with orders that wait.
    let orders = (0..PARKED as u128).map(|it| OrderId(Uuid::from_u128(it)));
    let queue = Queue::new(patience("1h"), &webhook(), orders.collect());
    assert_eq!((queue.room(), queue.due(UnixMillis(1)).len()), (0, DUE_AT_ONCE));
}

#[test]
fn what_the_log_no_longer_has_is_told() {
    let mut queue = queue(&[1, 1], "1h");
    let job = queue.start(UnixMillis(0)).expect("a job");
    queue.finish(&job, Outcome::Unkept, UnixMillis(0), 0.5);
    assert_eq!(queue.progress().missed, Some(Seq(1)));
    assert_eq!(seqs(&started(&mut queue, 0)), [2]);
    queue.noted();
    queue.skip(Seq(9));
    assert_eq!((queue.read(), queue.progress().missed), (Seq(9), Some(Seq(9))));
}

#[test]
fn a_clock_that_is_put_back_holds_nothing_up() {
    let mut queue = queue(&[1, 2], "10s, 1h");
    let (ahead, right) = (UnixMillis(3 * DAY), UnixMillis(500));
    queue.heed(ahead);
    for job in started(&mut queue, ahead.0) {
        queue.finish(&job, refused(503, Some(20_000)), ahead, 0.5);
    }
    let mut kept = Kept { webhook: webhook(), waiting: BTreeMap::new() };
    kept.note(&mut queue, ahead);
    queue.heed(right);
    // What it asked for is known no better than that it was a day at most.
    assert!(queue.next_at().is_some_and(|at| at <= right.plus(DAY)));
    kept.note(&mut queue, right);
    assert!(kept.waiting.values().all(|it| it.next_at <= right.plus(DAY)));
}

#[test]
fn what_a_clock_that_was_ahead_has_noted_holds_nothing_up_after_a_start() {
    let mut queue = queue(&[1, 2], "10s, 1h");
    let (ahead, right) = (UnixMillis(3 * DAY), UnixMillis(500));
    for job in started(&mut queue, ahead.0) {
        queue.finish(&job, refused(500, None), ahead, 0.5);
    }
    let mut kept = Kept { webhook: webhook(), waiting: BTreeMap::new() };
    kept.note(&mut queue, ahead);
    assert!(kept.waiting.values().all(|it| it.next_at > ahead));
    let patience = patience("10s, 1h");
    let orders = kept.waiting.values().map(|it| it.order).collect();
    let mut queue = Queue::new(patience, &kept.webhook, orders);
    kept.note(&mut queue, right);
    assert_eq!(queue.next_at(), Some(right.plus(11_000)));
    kept.note(&mut queue, right);
    assert!(kept.waiting.values().all(|it| it.next_at == right.plus(11_000)));
}

#[test]
fn a_clock_that_wobbles_changes_nothing() {
    let mut queue = queue(&[1], "10s");
    queue.heed(UnixMillis(5_000));
    let job = started(&mut queue, 5_000)[0];
    queue.finish(&job, refused(500, None), UnixMillis(5_000), 0.5);
    queue.noted();
    queue.heed(UnixMillis(4_500));
    assert_eq!((queue.next_at(), queue.has_news()), (Some(UnixMillis(15_000)), false));
}

/// What the store has of a webhook.
struct Kept {
    webhook: Webhook,
    waiting: BTreeMap<Seq, Waiting>,
}

impl Kept {
    fn record(&mut self, progress: Progress) {
        self.webhook.cursor = progress.cursor;
        self.webhook.failing_since = progress.failing_since;
        self.webhook.held_until = progress.held_until;
        self.webhook.delivered_at = progress.delivered_at;
        if let Some(now) = progress.hastened {
            for waiting in self.waiting.values_mut() {
                let next_at = waiting.not_before.map_or(now, |until| until.max(now));
                if waiting.next_at > next_at {
                    waiting.due_at.get_or_insert(waiting.next_at);
                    waiting.next_at = next_at;
                }
            }
        }
        for waiting in progress.put {
            self.waiting.insert(waiting.seq, waiting);
        }
        for seq in progress.done {
            assert!(self.waiting.remove(&seq).is_some(), "only what is kept is taken out");
        }
    }

    fn queue(&self, capacity: usize) -> Queue {
        let orders: BTreeSet<OrderId> = self.waiting.values().map(|it| it.order).collect();
        let orders = orders.into_iter().collect();
        let patience = patience("1s, 2s, 5s, 1m, 1h, 1h, 1h, 1h, 1h, 1h");
        Queue { capacity, ..Queue::new(patience, &self.webhook, orders) }
    }

    /// Does between two requests what the courier does.
    fn note(&mut self, queue: &mut Queue, now: UnixMillis) {
        if queue.has_news() || queue.is_crowded(now) {
            self.record(queue.progress());
            queue.noted();
        }
        queue.park(now);
        let due = queue.due(now);
        let waiting = self.waiting.values().filter(|it| due.contains(&it.order)).cloned();
        queue.unpark(&due, waiting.collect(), now);
    }
}

/// What happens to a request.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Accepted,
    Failed,
    Held,
    /// The server is killed while the request is under way; whether the receiver had it.
    Killed(bool),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Accepted),
        4 => Just(Fate::Failed),
        1 => Just(Fate::Held),
        1 => any::<bool>().prop_map(Fate::Killed),
    ]
}

proptest! {
    /// Whatever fails and whenever the server is killed, every event arrives, and
    /// of each order never an older one behind a newer.
    #[test]
    fn every_event_arrives_in_order_per_order(
        orders in prop::collection::vec(0u8..6, 1..60),
        fates in prop::collection::vec((fate(), any::<prop::sample::Index>()), 0..150),
        capacity in 1usize..12,
    ) {
        // Order 0 is not wanted.
        let wanted = |order: u8| order != 0;
        let head = Seq(orders.len() as u64);
        let mut kept = Kept { webhook: webhook(), waiting: BTreeMap::new() };
        let mut queue = kept.queue(capacity);
        let mut under_way: Vec<Job> = Vec::new();
        let mut received: Vec<(OrderId, Seq)> = Vec::new();
        let mut fates = fates.into_iter();
        let mut now = UnixMillis(0);
        loop {
            kept.note(&mut queue, now);
            while queue.room() > 0 && queue.read() < head {
                let seq = queue.read().next();
                let order = orders[usize::try_from(seq.0).expect("few") - 1];
                queue.take(seq, &facts(order), wanted(order));
            }
            while let Some(job) = queue.start(now) {
                prop_assert!(under_way.iter().all(|other| other.order != job.order));
                under_way.push(job);
            }
            if under_way.is_empty() {
                match queue.next_at() {
                    Some(next) => {
                        // What was just taken up may make room for itself first.
                        prop_assert!(next > now || queue.is_crowded(now));
                        now = next.max(now);
                        continue;
                    }
                    None => break,
                }
            }
            let (fate, index) = fates.next().map_or((Fate::Accepted, 0), |(fate, index)| {
                (fate, index.index(under_way.len()))
            });
            let job = under_way.swap_remove(index);
            match fate {
                // Nothing is given up here: that is tested apart.
                Fate::Failed if job.attempt < 10 => {
                    queue.finish(&job, refused(500, None), now, 0.3);
                }
                Fate::Held if job.attempt < 10 => {
                    queue.finish(&job, refused(503, Some(7_000)), now, 0.3);
                }
                Fate::Accepted | Fate::Failed | Fate::Held => {
                    received.push((job.order, job.seq));
                    queue.finish(&job, accepted(), now, 0.3);
                }
                Fate::Killed(had) => {
                    for job in under_way.drain(..).chain([job]) {
                        if had {
                            received.push((job.order, job.seq));
                        }
                    }
                    queue = kept.queue(capacity);
                }
            }
        }
        prop_assert!(kept.waiting.is_empty());
        prop_assert_eq!(queue.read(), head);
        for order in 0..6u8 {
            let id = facts(order).order;
            let mut seqs: Vec<u64> =
                received.iter().filter(|(of, _)| *of == id).map(|(_, seq)| seq.0).collect();
            prop_assert!(seqs.is_sorted(), "order {}: {:?}", order, seqs);
            seqs.dedup();
            let expected: Vec<u64> = (1..)
                .zip(&orders)
                .filter(|(_, of)| **of == order && wanted(order))
                .map(|(seq, _)| seq)
                .collect();
            prop_assert_eq!(seqs, expected);
        }
    }
}
