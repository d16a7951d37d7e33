//! What of the log is still to be sent to one receiver, and what of it next. Pure.
//!
//! The events of one order are sent one after another, each when the one before
//! was accepted; the orders go on without each other. The queue takes up events
//! as long as it has room. Orders that wait for a later attempt make room: their
//! events stay in the store, and are read again when they are due. So a receiver
//! may refuse as many orders as it likes, and the others go on.
//!
//! What is noted in the store is the whole queue: everything up to the cursor
//! was accepted, is not wanted, or is written down as waiting. Whoever sends
//! must note what came of it before the next event is sent. Then all that a
//! crash can repeat is the last event of each order that was under way, and an
//! old event never comes behind a newer one of the same order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{parking::Parking, schedule::Schedule};
use crate::{
    domain::{OrderId, UnixMillis},
    server::store::webhooks::{Attempt, Progress, Switch, SwitchState, Verdict, Waiting, Webhook},
    wire::{EventFacts, EventKind, Seq},
};

/// Events that are in memory at one time.
const ROOM: usize = 1000;
/// Orders that wait in the store before nothing more is taken up.
const PARKED: usize = 20_000;
/// Orders that are read again at one time.
const DUE_AT_ONCE: usize = 50;
/// Requests to one receiver at one time.
const AT_ONCE: usize = 8;
/// After so many failures in a row the receiver itself is taken to be in
/// trouble: it gets one request at a time, and when it is back it gets at once
/// what waits.
const TROUBLE: u32 = 3;

/// When the queue tries again, and when it gives up.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    /// The waits between attempts.
    pub(super) schedule: Schedule,
    /// For how long nothing may be accepted before the webhook is switched off.
    pub(super) broken_after_millis: i64,
}

/// By how much the clock may go back without anybody having put it back.
const WOBBLE_MILLIS: i64 = 1000;

/// What is still to be sent to one receiver.
#[derive(Debug)]
pub(super) struct Queue {
    patience: Patience,
    /// What the clock showed last.
    clock: UnixMillis,
    /// How many events are in memory at one time.
    capacity: usize,
    /// Up to here the log was taken up.
    read: Seq,
    /// What of that the store knows.
    noted: Seq,
    entries: BTreeMap<Seq, Entry>,
    /// The orders of which something waits in the store and not here. Of these,
    /// what is here may not be sent.
    parked: Parking,
    /// The entries of each order; its first is the one that may be sent.
    by_order: HashMap<OrderId, BTreeSet<Seq>>,
    under_way: usize,
    failures: u32,
    failing_since: Option<UnixMillis>,
    held_until: Option<UnixMillis>,
    delivered_at: Option<UnixMillis>,
    /// What is to be noted.
    done: Vec<Seq>,
    attempts: Vec<Attempt>,
    missed: Option<Seq>,
    off: Option<Switch>,
    /// From when on everything that waits may be tried, because the receiver is back.
    hastened: Option<UnixMillis>,
    changed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    order: OrderId,
    kind: EventKind,
    attempts: u32,
    failed_at: Option<UnixMillis>,
    next_at: UnixMillis,
    /// When it would have been tried, had the receiver not come back.
    due_at: Option<UnixMillis>,
    /// The receiver has asked not to be sent it before this.
    not_before: Option<UnixMillis>,
    under_way: bool,
    /// Whether the store has it as it is here.
    noted: bool,
    /// Whether the store has it at all.
    kept: bool,
}

/// What is to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) seq: Seq,
    pub(super) order: OrderId,
    pub(super) kind: EventKind,
    /// The how-manieth attempt this is, from 1.
    pub(super) attempt: u32,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver answered or was asked in vain.
    Tried(Answer),
    /// The event is no longer in the log.
    Unkept,
    /// It was not tried: the log could not be read.
    NotTried,
}

/// What the receiver made of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) at: UnixMillis,
    pub(super) took_ms: i64,
    /// The answer's status, if there was one.
    pub(super) status: Option<u16>,
    /// What went wrong; none when it was accepted.
    pub(super) error: Option<String>,
    /// For how many milliseconds it asked to be left alone.
    pub(super) retry_after: Option<i64>,
}

impl Queue {
    /// The queue of `webhook` as the store has it, with the orders of which
    /// something waits.
    pub(super) fn new(patience: Patience, webhook: &Webhook, waiting: Vec<OrderId>) -> Self {
        let mut parked = Parking::default();
        for order in waiting {
            // Until when it waits was said by a clock that may have been another: that is
            // seen when it is read.
            parked.put(order, UnixMillis(i64::MIN));
        }
        Self {
            patience,
            clock: UnixMillis(i64::MIN),
            capacity: ROOM,
            read: webhook.cursor,
            noted: webhook.cursor,
            entries: BTreeMap::new(),
            parked,
            by_order: HashMap::new(),
            under_way: 0,
            failures: if webhook.failing_since.is_some() { TROUBLE } else { 0 },
            failing_since: webhook.failing_since,
            held_until: webhook.held_until,
            delivered_at: webhook.delivered_at,
            done: Vec::new(),
            attempts: Vec::new(),
            missed: None,
            off: None,
            hastened: None,
            changed: false,
        }
    }

    /// Up to where the log was taken up.
    pub(super) fn read(&self) -> Seq {
        self.read
    }

    /// How many more events it takes up.
    pub(super) fn room(&self) -> usize {
        let room = self.capacity.saturating_sub(self.entries.len());
        if self.parked.len() < PARKED { room } else { 0 }
    }

    /// Whether there is no room, and would be if the store knew all that is here.
    pub(super) fn is_crowded(&self, now: UnixMillis) -> bool {
        self.entries.len() >= self.capacity
            && self.by_order.keys().any(|order| self.waits(*order, now))
    }

    /// Lets go of what the store has and what is not to be sent yet, where there
    /// is no room for anything else.
    pub(super) fn park(&mut self, now: UnixMillis) {
        if self.entries.len() < self.capacity {
            return;
        }
        let waiting: Vec<OrderId> =
            self.by_order.keys().copied().filter(|order| self.waits(*order, now)).collect();
        for order in waiting {
            let Some(of_order) = self.by_order.get(&order) else { continue };
            let entries: Vec<(Seq, &Entry)> =
                of_order.iter().filter_map(|seq| Some((*seq, self.entries.get(seq)?))).collect();
            let Some((_, first)) = entries.first() else { continue };
            if !entries.iter().all(|(_, entry)| entry.noted && entry.kept) {
                continue;
            }
            self.parked.put(order, first.next_at);
            for seq in self.by_order.remove(&order).unwrap_or_default() {
                self.entries.remove(&seq);
            }
        }
    }

    /// Whether nothing of `order` is to be sent yet.
    fn waits(&self, order: OrderId, now: UnixMillis) -> bool {
        let first = self.by_order.get(&order).and_then(BTreeSet::first);
        let first = first.and_then(|seq| self.entries.get(seq));
        self.parked.holds(order) || first.is_some_and(|it| !it.under_way && it.next_at > now)
    }

    /// The orders whose events are to be read again and given to [`unpark`](Self::unpark).
    pub(super) fn due(&self, now: UnixMillis) -> Vec<OrderId> {
        let room = self.capacity.saturating_sub(self.entries.len()).min(DUE_AT_ONCE);
        self.parked.due(now, room)
    }

    /// Notices when the clock is put back: nothing waits for as long as it was wrong.
    pub(super) fn heed(&mut self, now: UnixMillis) {
        let put_back = self.clock.0.saturating_sub(WOBBLE_MILLIS) > now.0;
        self.clock = now;
        if put_back {
            let longest = now.plus(Schedule::asked(i64::MAX));
            self.held_until = self.held_until.map(|until| until.min(longest));
            for entry in self.entries.values_mut() {
                entry.bound(&self.patience.schedule, now);
            }
            // What is bounded of these is seen when they are read.
            self.parked.hasten(now);
            self.changed = true;
        }
    }

    /// Takes in all that waits of `orders`.
    pub(super) fn unpark(&mut self, orders: &[OrderId], waiting: Vec<Waiting>, now: UnixMillis) {
        for order in orders {
            self.parked.take(*order);
        }
        for Waiting { seq, order, kind, attempts, failed_at, next_at, due_at, not_before } in
            waiting
        {
            let mut entry = Entry {
                order,
                kind,
                attempts,
                failed_at,
                next_at,
                due_at,
                not_before,
                under_way: false,
                noted: true,
                kept: true,
            };
            if !self.entries.contains_key(&seq) {
                entry.bound(&self.patience.schedule, now);
                self.changed |= !entry.noted;
                self.insert(seq, entry);
            }
        }
    }

    /// How many positions the store does not know of yet.
    pub(super) fn unnoted(&self) -> u64 {
        self.read.0.saturating_sub(self.noted.0)
    }

    /// Whether requests are under way.
    pub(super) fn is_busy(&self) -> bool {
        self.under_way > 0
    }

    /// Takes up the next event of the log.
    pub(super) fn take(&mut self, seq: Seq, facts: &EventFacts, wanted: bool) {
        if seq <= self.read {
            return;
        }
        self.read = seq;
        if wanted {
            let entry = Entry {
                order: facts.order,
                kind: facts.kind,
                attempts: 0,
                failed_at: None,
                next_at: UnixMillis(i64::MIN),
                due_at: None,
                not_before: None,
                under_way: false,
                noted: false,
                kept: false,
            };
            self.insert(seq, entry);
        }
    }

    /// The log begins after `floor` now, and the queue had not come so far.
    pub(super) fn skip(&mut self, floor: Seq) {
        if floor > self.read {
            self.read = floor;
            self.missed = Some(floor);
            self.changed = true;
        }
    }

    /// What is to be sent now, if anything is.
    pub(super) fn start(&mut self, now: UnixMillis) -> Option<Job> {
        let at_once = if self.failures >= TROUBLE { 1 } else { AT_ONCE };
        if self.under_way >= at_once || self.held_until.is_some_and(|until| until > now) {
            return None;
        }
        let (seq, entry) = self.heads().find(|(_, entry)| entry.next_at <= now)?;
        let Entry { order, kind, attempts, .. } = *entry;
        if let Some(entry) = self.entries.get_mut(&seq) {
            entry.under_way = true;
        }
        self.under_way += 1;
        Some(Job { seq, order, kind, attempt: attempts + 1 })
    }

    /// When there may be something to be sent; none when there is nothing that
    /// only waits for a time.
    pub(super) fn next_at(&self) -> Option<UnixMillis> {
        let here = self.heads().map(|(_, entry)| entry.next_at).min();
        let first = here.into_iter().chain(self.parked.first_due()).min()?;
        Some(self.held_until.map_or(first, |until| first.max(until)))
    }

    /// The first event of each order that is not under way.
    fn heads(&self) -> impl Iterator<Item = (Seq, &Entry)> {
        self.entries.iter().map(|(seq, entry)| (*seq, entry)).filter(|(seq, entry)| {
            let first = self.by_order.get(&entry.order).and_then(BTreeSet::first);
            !entry.under_way && first == Some(seq) && !self.parked.holds(entry.order)
        })
    }

    /// Takes in what came of `job`. `chance` from 0 to 1 spreads the retries.
    pub(super) fn finish(&mut self, job: &Job, outcome: Outcome, now: UnixMillis, chance: f64) {
        let Some(entry) = self.entries.get_mut(&job.seq) else { return };
        entry.under_way = false;
        self.under_way -= 1;
        match outcome {
            Outcome::NotTried => entry.next_at = now.plus(1000),
            Outcome::Unkept => {
                self.missed = Some(self.missed.map_or(job.seq, |missed| missed.max(job.seq)));
                self.remove(job.seq);
            }
            Outcome::Tried(answer) if answer.error.is_none() => self.accepted(job, answer, now),
            Outcome::Tried(answer) => self.failed(job, answer, now, chance),
        }
        self.changed = true;
    }

    fn accepted(&mut self, job: &Job, answer: Answer, now: UnixMillis) {
        self.note(job, answer, Verdict::Delivered, None);
        self.remove(job.seq);
        if self.failures >= TROUBLE {
            // It is back: nothing waits until tomorrow for what is over.
            for entry in self.entries.values_mut() {
                entry.hasten(now);
            }
            self.parked.hasten(now);
            self.hastened = Some(now);
        }
        self.failures = 0;
        self.failing_since = None;
        // What it takes meanwhile takes nothing back of what it has asked for.
        self.held_until = self.held_until.filter(|until| *until > now);
        self.delivered_at = Some(now);
    }

    fn failed(&mut self, job: &Job, answer: Answer, now: UnixMillis, chance: f64) {
        self.failures = self.failures.saturating_add(1);
        let failing_since = *self.failing_since.get_or_insert(now);
        let Some(entry) = self.entries.get_mut(&job.seq) else { return };
        entry.noted = false;
        let failed_at = *entry.failed_at.get_or_insert(now);
        let asked = answer.retry_after.map(|asked| now.plus(Schedule::asked(asked)));
        entry.not_before = asked;
        let early = entry.due_at.take();
        if early.is_none() {
            entry.attempts = job.attempt;
        }
        // Others were accepted meanwhile, and this one not for days: it is the
        // event that the receiver does not take, and no day will change that.
        let others = self.delivered_at.is_some_and(|delivered| delivered > failed_at);
        let over = self.patience.schedule.is_over(job.attempt, now.since(failed_at));
        if over && others && early.is_none() {
            self.note(job, answer, Verdict::GivenUp, None);
            self.remove(job.seq);
            return;
        }
        let failures = entry.attempts.max(1);
        let wait = self.patience.schedule.wait(failures, chance, answer.retry_after);
        let next_at = match early {
            // It was tried before its time, and that counts for nothing.
            Some(due) if due > now => due.max(asked.unwrap_or(due)),
            _ => now.plus(wait),
        };
        entry.next_at = next_at;
        if let (Some(429 | 503), Some(until)) = (answer.status, asked) {
            // It speaks for all of itself.
            self.held_until = Some(self.held_until.map_or(until, |held| held.max(until)));
        }
        let gone = answer.status == Some(410);
        let broken = now.since(failing_since) >= self.patience.broken_after_millis;
        if gone {
            let why = "its receiver answered 410 Gone".to_owned();
            self.off = Some(Switch { state: SwitchState::Off, why: Some(why), since: now });
        } else if broken {
            let error = answer.error.clone().unwrap_or_default();
            let why = format!("nothing was accepted for too long; the last attempt: {error}");
            self.off = Some(Switch { state: SwitchState::Broken, why: Some(why), since: now });
        }
        let next_at = Some(next_at).filter(|_| self.off.is_none());
        self.note(job, answer, Verdict::Failed, next_at);
    }

    fn note(&mut self, job: &Job, answer: Answer, outcome: Verdict, next_at: Option<UnixMillis>) {
        let Answer { at, took_ms, status, error, retry_after: _ } = answer;
        self.attempts.push(Attempt {
            event: Some((job.seq, job.order)),
            kind: job.kind.as_str().to_owned(),
            attempt: job.attempt,
            at,
            took_ms,
            status,
            error,
            outcome,
            next_at,
        });
    }

    /// Why the webhook is to be switched off, if it is.
    pub(super) fn off(&self) -> Option<&Switch> {
        self.off.as_ref()
    }

    /// Whether something has happened that must be noted before anything is sent.
    pub(super) fn has_news(&self) -> bool {
        self.changed
    }

    /// What the store is to note. It has noted it when [`noted`](Self::noted) is told.
    pub(super) fn progress(&self) -> Progress {
        let put = self.entries.iter().filter(|(_, entry)| !entry.noted);
        Progress {
            cursor: self.read,
            failing_since: self.failing_since,
            held_until: self.held_until,
            delivered_at: self.delivered_at,
            missed: self.missed,
            put: put.map(|(seq, entry)| entry.waiting(*seq)).collect(),
            done: self.done.clone(),
            attempts: self.attempts.clone(),
            off: self.off.clone(),
            hastened: self.hastened,
        }
    }

    /// The store has noted all of [`progress`](Self::progress).
    pub(super) fn noted(&mut self) {
        self.noted = self.read;
        self.done.clear();
        self.attempts.clear();
        self.missed = None;
        self.hastened = None;
        self.changed = false;
        for entry in self.entries.values_mut() {
            entry.noted = true;
            entry.kept = true;
        }
    }

    fn insert(&mut self, seq: Seq, entry: Entry) {
        self.by_order.entry(entry.order).or_default().insert(seq);
        self.entries.insert(seq, entry);
    }

    fn remove(&mut self, seq: Seq) {
        let Some(entry) = self.entries.remove(&seq) else { return };
        if entry.kept {
            self.done.push(seq);
        }
        if let Some(of_order) = self.by_order.get_mut(&entry.order) {
            of_order.remove(&seq);
            if of_order.is_empty() {
                self.by_order.remove(&entry.order);
            }
        }
    }
}

impl Entry {
    /// Has it wait no longer than until `now`, or as its receiver has asked. The
    /// store does the same by itself to what it has.
    fn hasten(&mut self, now: UnixMillis) {
        let next_at = self.not_before.map_or(now, |until| until.max(now));
        if !self.under_way && next_at < self.next_at {
            self.due_at.get_or_insert(self.next_at);
            self.next_at = next_at;
        }
    }

    /// Has it wait no longer than the schedule says or its receiver may ask for: what
    /// waits for longer was told so by a clock that was put back since.
    fn bound(&mut self, schedule: &Schedule, now: UnixMillis) {
        let wait = now.plus(schedule.wait(self.attempts.max(1), 1.0, None));
        let asked = now.plus(Schedule::asked(i64::MAX));
        let not_before = self.not_before.map(|until| until.min(asked));
        let due_at = self.due_at.map(|due| due.min(not_before.map_or(wait, |it| it.max(wait))));
        let next_at = self.next_at.min(not_before.map_or(wait, |until| until.max(wait)));
        self.noted &= (not_before, due_at, next_at) == (self.not_before, self.due_at, self.next_at);
        (self.not_before, self.due_at, self.next_at) = (not_before, due_at, next_at);
    }

    fn waiting(&self, seq: Seq) -> Waiting {
        Waiting {
            seq,
            order: self.order,
            kind: self.kind,
            attempts: self.attempts,
            failed_at: self.failed_at,
            next_at: self.next_at,
            due_at: self.due_at,
            not_before: self.not_before,
        }
    }
}

#[cfg(test)]
mod tests;
