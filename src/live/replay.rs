//! What was done without a server waits on the device, and is sent when the
//! board is live again. Each entry of the [`outbox`](super::outbox) has a place
//! of its own in the browser's storage, because several tabs share that: each
//! shows what waits there, and whichever is live sends it.

use std::{cell::RefCell, mem::replace};

use leptos::prelude::*;
use web_sys::Storage;

use super::{
    actions::Undo,
    api::{self, Failure},
    board::{LiveBoard, Ticket},
    freshness::State,
    known,
    outbox::{Entry, Outbox, Request, Wish},
};
use crate::{
    domain::{FoodOrder, ItemId, OrderId, OrderStatus, Version},
    wire::lean::Lean,
    words::{Word, say, spoken},
};

/// What every place in the storage begins with.
const PLACES: &str = "outbox/";
/// What another tab writes is read after this: most of it is an action that has
/// its answer by then, and has been taken out again.
const OTHERS_MS: u32 = 1_000;
/// For so long an action that another tab has sent may be under way there.
const UNDER_WAY_MS: u64 = 12_000;
/// The longest pause between two tries, in milliseconds.
const LONGEST_WAIT_MS: i64 = 30_000;

/// What a ticket shows of what waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// What waits, in this order.
    pub wishes: Vec<Wish>,
    /// The status that all of it leads to, if it leads to another.
    pub status: Option<OrderStatus>,
    /// Whether the first was sent and may have been carried out.
    pub lost: bool,
    /// Why the first was refused.
    pub refused: Option<String>,
}

impl Waiting {
    /// Whether line `item` is to be marked.
    #[must_use]
    pub fn has(&self, item: ItemId) -> bool {
        self.wishes.contains(&Wish::Item(item))
    }
}

impl Ticket {
    /// The order as it will stand when all that waits is carried out.
    #[must_use]
    pub fn as_wanted(&self) -> FoodOrder {
        let mut order = self.order.clone();
        if self.mark.waiting.as_ref().is_some_and(|waiting| waiting.refused.is_none()) {
            DESK.with_borrow(|desk| desk.apply(&mut order));
        }
        order
    }
}

/// Where an action has gone.
pub(super) enum Placed {
    /// It can be sent now.
    Now(u64),
    /// It waits.
    Later,
    /// It cannot even wait.
    Barred(Failure),
}

#[derive(Default)]
struct Desk {
    outbox: Outbox,
    /// What the places of this database begin with, whichever screen the device
    /// showed: what was done on one is not lost because it shows another now.
    places: String,
    sending: bool,
    /// Whether it is about to be read again.
    reads: bool,
    /// What is being sent that had to wait.
    replayed: Option<u64>,
    /// How often in a row there was no answer, and when the next try is due.
    tries: u32,
    not_before: i64,
}

impl Desk {
    /// Whether this is being sent and has never waited.
    fn is_first_try(&self, key: u64) -> bool {
        self.outbox.is_under_way(key) && self.replayed != Some(key)
    }

    /// Has `order` stand as it will when all that waits for it is carried out.
    fn apply(&self, order: &mut FoodOrder) {
        for entry in self.outbox.of(order.id).filter(|entry| !self.is_first_try(entry.key)) {
            entry.request.apply(order);
        }
    }
}

thread_local! {
    /// Not among the board's values, which the server has too.
    static DESK: RefCell<Desk> = RefCell::default();
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Lets `run` change the outbox, and the device remember what it did.
fn with_outbox<T>(run: impl FnOnce(&mut Outbox) -> T) -> T {
    let result = DESK.with_borrow_mut(|desk| run(&mut desk.outbox));
    write_changes();
    result
}

fn write_changes() {
    DESK.with_borrow_mut(|desk| {
        let Desk { outbox, places, .. } = desk;
        outbox.save(&mut |key, text| {
            let place = [&**places, &key.to_string()].concat();
            let Some(storage) = storage() else { return text.is_none() };
            match text {
                Some(text) => {
                    let keep = || storage.set_item(&place, &text).is_ok();
                    // What is done is worth more than what was shown.
                    keep() || known::forget(false) && keep() || known::forget(true) && keep()
                }
                None => storage.remove_item(&place).is_ok(),
            }
        });
    });
}

/// Reads what the device remembers: another tab may have sent some of it. What
/// was meant for another database is nobody's any more; how many that are. What
/// is perhaps still under way there is left to it, unless `whole` is asked for;
/// then there may be more to read, which is told too.
fn read_again(whole: bool) -> (u64, bool) {
    let (mut dropped, mut left) = (0, Vec::new());
    let long_ago = new_key().saturating_sub(UNDER_WAY_MS * 1_000);
    DESK.with_borrow_mut(|desk| {
        let Some(storage) = storage() else { return };
        let mut entries = Vec::new();
        for place in (0..storage.length().unwrap_or_default()).rev() {
            let Ok(Some(name)) = storage.key(place) else { continue };
            if let Some(key) = name.strip_prefix(&desk.places) {
                let text = storage.get_item(&name).ok().flatten().unwrap_or_default();
                let entry = key.parse().ok().and_then(|key| Entry::parse(key, &text));
                if let Some(entry) = entry {
                    let here = whole || desk.outbox.get(entry.key).is_some();
                    if !here && entry.sent && entry.key > long_ago {
                        left.push(entry.order);
                    }
                    entries.push(entry);
                }
            } else if name.starts_with(PLACES) {
                dropped += u64::from(storage.remove_item(&name).is_ok());
            }
        }
        // What waits behind it is nothing without it.
        entries.retain(|entry| !left.contains(&entry.order));
        desk.outbox.take_up(entries);
    });
    (dropped, !left.is_empty())
}

/// The place of what is done now. A thousand for each millisecond keep tabs apart.
fn new_key() -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below 2^53, and not negative"
    )]
    let key = ((js_sys::Date::now() + js_sys::Math::random()) * 1000.0) as u64;
    key
}

/// The orders that something waits for.
fn waiting_orders() -> Vec<OrderId> {
    DESK.with_borrow(|desk| desk.outbox.entries().iter().map(|it| it.order).collect())
}

/// Has what is under `key` change `version` instead: somebody else was faster
/// with something that it does not touch.
pub(super) fn go_by(key: u64, version: Version) {
    with_outbox(|outbox| outbox.go_by(key, version));
}

/// Lets go of what is under `key`: whoever pressed the button is told, and
/// need not be told twice.
pub(super) fn give_up(key: u64) {
    with_outbox(|outbox| outbox.forget(key));
}

impl LiveBoard {
    /// Takes up what waited when the page went.
    pub(super) fn take_up_waiting(self) {
        DESK.with_borrow_mut(|desk| desk.places = [PLACES, &self.epoch(), "/"].concat());
        let (dropped, _) = read_again(true);
        if dropped > 0 {
            let text = spoken().count(Word::ActionsDropped, dropped);
            self.alarm(&text);
            self.note(text);
        }
        for id in waiting_orders() {
            match self.row(id) {
                Some(row) => row.with_untracked(|ticket| self.settle_waiting(&ticket.order)),
                None => self.tell_if_gone(id),
            }
        }
        self.mark_all();
        super::listen("storage", move |event| {
            let key = js_sys::Reflect::get(&event, &"key".into()).ok();
            let key = key.and_then(|key| key.as_string()).unwrap_or_default();
            if key.starts_with(PLACES) {
                self.read_others_soon();
            }
        });
    }

    fn read_others_soon(self) {
        if !DESK.with_borrow_mut(|desk| replace(&mut desk.reads, true)) {
            super::later(OTHERS_MS, move || self.read_others());
        }
    }

    /// Takes up what other tabs have put in, and lets go of what they have sent or
    /// taken back.
    pub(super) fn read_others(self) {
        DESK.with_borrow_mut(|desk| desk.reads = false);
        let before = waiting_orders();
        if read_again(false).1 {
            self.read_others_soon();
        }
        self.mark_all();
        for order in before {
            self.mark_waiting(order);
        }
    }

    /// Puts `request` in, of the order that `row` shows. A tick or a mark that is
    /// the last that waits is taken out by the same once more.
    pub(super) fn put_in(self, row: &ArcRwSignal<Ticket>, request: Request) -> Placed {
        let (id, number, version) =
            row.with_untracked(|Ticket { order, .. }| (order.id, order.number, order.version));
        let state = self.pulse.with_untracked(|pulse| pulse.state);
        let live = matches!(
            state,
            State::Connecting | State::Live | State::Interrupted | State::LiveAgain { .. }
        );
        let placed = with_outbox(|outbox| {
            if outbox.is_again(id, &request) {
                return Placed::Later;
            }
            let alone = outbox.of(id).next().is_none();
            match outbox.put(new_key(), id, number, version, request) {
                Ok(key) if live && alone => Placed::Now(key),
                Ok(_) => Placed::Later,
                Err(why) => Placed::Barred(Failure {
                    why: say(why).to_owned(),
                    words: say(why).to_owned(),
                    status: 0,
                }),
            }
        });
        if matches!(placed, Placed::Later) {
            // What was refused before is not what somebody wants now.
            row.update(|ticket| ticket.mark.refused = None);
            self.mark_waiting(id);
        }
        if !matches!(placed, Placed::Barred(_)) {
            // What is taken back from now on is what was done last.
            let later = matches!(placed, Placed::Later);
            let over = |undo: &mut Undo| !undo.pending && (later || undo.id == id);
            self.pulse.maybe_update(|pulse| pulse.undo.take_if(over).is_some());
        }
        placed
    }

    /// Sends what waits under `key`. Without an answer it waits on.
    pub(super) async fn send(self, key: u64) -> Result<FoodOrder, Failure> {
        let Some((request, version)) = with_outbox(|outbox| outbox.sending(key)) else {
            return Err(Failure { why: String::new(), words: String::new(), status: 0 });
        };
        let body = request.body_for(version);
        let answer = api::change(request.method, &request.path, body).await;
        with_outbox(|outbox| match &answer {
            Ok(order) => outbox.done(key, order.version),
            Err(failure) if !failure.answered() => outbox.lost(key),
            Err(_) => {}
        });
        answer
    }

    /// Sends what waits, one after the other, as long as there are answers.
    pub(super) fn send_waiting(self) {
        let now = self.local_now();
        let due = DESK.with_borrow_mut(|desk| {
            // A clock that was set back holds nothing up.
            desk.not_before = desk.not_before.min(now + LONGEST_WAIT_MS);
            let due = !desk.sending && now >= desk.not_before && desk.outbox.next().is_some();
            desk.sending |= due;
            due
        });
        if !due {
            return;
        }
        api::spawn(Box::pin(async move {
            self.read_others();
            let mut answered = true;
            while let Some(key) = with_outbox(|outbox| outbox.next()).filter(|_| answered) {
                DESK.with_borrow_mut(|desk| desk.replayed = Some(key));
                let of = with_outbox(|outbox| outbox.get(key).map(|entry| entry.order));
                answered = match self.send(key).await {
                    Ok(_) => true,
                    Err(failure) if failure.is_conflict() => self.look(key, &failure).await,
                    Err(failure) if failure.is_for_now() => {
                        with_outbox(|outbox| outbox.not_now(key));
                        false
                    }
                    Err(failure) => {
                        with_outbox(|outbox| outbox.refuse(key, &failure.words));
                        true
                    }
                };
                if let Some(of) = of {
                    self.mark_waiting(of);
                    self.tell_if_gone(of);
                }
            }
            DESK.with_borrow_mut(|desk| {
                desk.sending = false;
                desk.replayed = None;
                desk.tries = if answered { 0 } else { desk.tries + 1 };
                let wait = (500_i64 << desk.tries.min(6)).min(LONGEST_WAIT_MS);
                desk.not_before = if answered { 0 } else { self.local_now() + wait };
            });
            self.mark_all();
        }));
    }

    /// Looks whether what was refused is done all the same; whether there was
    /// an answer to that.
    async fn look(self, key: u64, failure: &Failure) -> bool {
        let Some((request, Some(expected), order)) = with_outbox(|outbox| {
            outbox.get(key).map(|entry| (entry.request.clone(), entry.expected, entry.order))
        }) else {
            return true;
        };
        let answer = api::get(&api::path_of(order)).await;
        let Some(mut answer) = answer else {
            with_outbox(|outbox| outbox.lost(key));
            return false;
        };
        let history = answer.take("history");
        let made = history.is_some_and(|history| request.is_made_in(expected, history));
        let order = FoodOrder::read(answer);
        // How the order stands says more than which version that is.
        let why = if failure.status == 412 { "" } else { &failure.words };
        with_outbox(|outbox| match order {
            Some(order) => {
                outbox.looked(key, &order, made, why);
            }
            None => outbox.refuse(key, &failure.words),
        });
        true
    }

    /// What was refused is told on the ticket. Where there is none any more, it
    /// is told once.
    pub(super) fn tell_if_gone(self, id: OrderId) {
        if self.row(id).is_some() {
            return;
        }
        let why = with_outbox(|outbox| {
            let told = outbox.of(id).find_map(|entry| Some((entry.number, entry.refused.clone()?)));
            if told.is_some() {
                outbox.dismiss(id);
            }
            told
        });
        if let Some((number, why)) = why {
            let mut text = spoken().with(Word::OrderColon, &number.to_string());
            if why.is_empty() {
                text.push_str(&spoken().with(Word::NotDone, say(Word::SomeChange)));
            }
            text.push_str(&why);
            self.alarm(&text);
            self.note(text);
            self.count_waiting();
        }
    }

    /// The stream brought `order`: what is done need not be sent.
    pub(super) fn settle_waiting(self, order: &FoodOrder) {
        let waits = DESK.with_borrow(|desk| !desk.outbox.entries().is_empty());
        if waits && with_outbox(|outbox| outbox.seen(order)) {
            self.count_waiting();
        }
    }

    /// Does again what was refused of order `id`, or lets go of what waits.
    pub fn settle_refused(self, id: OrderId, retry: bool) {
        let version = self.row(id).map(|row| row.with_untracked(|ticket| ticket.order.version));
        with_outbox(|outbox| match version {
            Some(version) if retry => outbox.retry(id, version),
            _ => outbox.dismiss(id),
        });
        DESK.with_borrow_mut(|desk| desk.not_before = 0);
        self.mark_waiting(id);
        let state = self.pulse.with_untracked(|pulse| pulse.state);
        if retry && matches!(state, State::Live | State::LiveAgain { .. }) {
            self.send_waiting();
        }
    }

    /// Shows on the ticket of order `id` what waits for it.
    pub(super) fn mark_waiting(self, id: OrderId) {
        self.count_waiting();
        let Some(row) = self.row(id) else { return };
        let waiting = DESK.with_borrow(|desk| {
            let mut waiting = Waiting::default();
            for entry in desk.outbox.of(id) {
                // That one is shown as being saved.
                if desk.is_first_try(entry.key) {
                    continue;
                }
                waiting.wishes.push(entry.request.wish());
                waiting.lost |= entry.sent;
                waiting.refused = waiting.refused.or_else(|| entry.refused.clone());
            }
            if waiting.wishes.is_empty() {
                return None;
            }
            let mut order = row.with_untracked(|ticket| ticket.order.clone());
            let before = order.status;
            desk.apply(&mut order);
            waiting.status = Some(order.status).filter(|status| *status != before);
            Some(waiting)
        });
        if row.with_untracked(|ticket| ticket.mark.waiting != waiting) {
            row.update(|ticket| ticket.mark.waiting = waiting);
            self.changed_something();
        }
    }

    /// Takes back what was done last here and waits, if it was never sent.
    pub(super) fn take_back_last(self) {
        let last = with_outbox(|outbox| {
            let last = outbox.last_unsent(|order| self.row(order).is_some())?;
            let (key, order, number) = (last.key, last.order, last.number);
            outbox.forget(key);
            Some((order, number))
        });
        if let Some((order, number)) = last {
            self.mark_waiting(order);
            self.say(spoken().with(Word::OrderIsBack, &number.to_string()));
        }
    }

    fn mark_all(self) {
        for order in waiting_orders() {
            self.mark_waiting(order);
        }
        self.count_waiting();
    }

    fn count_waiting(self) {
        let waiting = DESK.with_borrow(|desk| {
            let waits = |entry: &&Entry| !desk.is_first_try(entry.key);
            (desk.outbox.to_send().filter(waits).count(), desk.outbox.is_saved())
        });
        self.pulse.maybe_update(|pulse| replace(&mut pulse.waiting, waiting) != waiting);
    }
}
