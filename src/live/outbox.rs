//! What waits to be sent: pure, so that lost answers, conflicts and reloads are
//! tested without a browser.
//!
//! An action is put in before it is sent and taken out when it is known to be
//! carried out. So none is lost, whenever the page or the network goes away.
//! None is carried out twice either: each names the version that it changes,
//! and the server takes one change of a version. Several actions on one order
//! wait in a chain; the next changes the version that the one before made.
//!
//! It knows requests, not what they are for: whatever the board learns to do
//! waits here too.

use super::part::Part;
use crate::{
    domain::{
        FoodOrder, ItemId, ItemStatus, OrderId, OrderNumber, OrderStatus, Station, Version, change,
    },
    wire::lean::{Json, Lean, LeanWrite},
    words::Word,
};

/// So many may wait. Nobody works on through more without looking at the board.
pub const MOST: usize = 200;

/// A change of an order, but for the version that it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `POST` or `PATCH`.
    pub method: &'static str,
    /// Where to.
    pub path: String,
    /// What, a JSON object that is not empty.
    pub body: String,
}

/// What a request would have, as far as a ticket shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The order in this status.
    Status(OrderStatus),
    /// One of its lines marked.
    Item(ItemId),
    /// All lines of some stations marked as this.
    Stations(ItemStatus),
    /// Something else.
    Other,
}

impl Request {
    /// The body, when it is to change `version`.
    #[must_use]
    pub fn body_for(&self, version: Version) -> String {
        let rest = self.body.strip_prefix('{').unwrap_or_default();
        format!("{{\"expected_version\":{version},{rest}")
    }

    /// What comes after the order's id in the path.
    fn way(&self) -> (Option<&str>, Option<&str>) {
        let mut parts = self.path.split('/').skip(4);
        (parts.next(), parts.next())
    }

    fn field<T: Lean>(&self, name: &str) -> Option<T> {
        T::read(Json::parse(&self.body)?.take(name)?)
    }

    /// What it would have.
    #[must_use]
    pub fn wish(&self) -> Wish {
        let wish = match self.way() {
            (Some("transitions"), _) => self.field("to").map(Wish::Status),
            (Some("items"), Some(item)) => item.parse().ok().map(|item| Wish::Item(ItemId(item))),
            (Some("stations"), _) => self.field("status").map(Wish::Stations),
            _ => None,
        };
        wish.unwrap_or(Wish::Other)
    }

    /// Whether the same once more takes it back: a tick and a mark, which one
    /// button sets and takes off. Every other button goes on to the next step.
    fn is_switch(&self) -> bool {
        matches!(self.way().0, None | Some("items"))
    }

    /// Has `order` stand as the server will have it; what it will refuse changes
    /// nothing.
    pub fn apply(&self, order: &mut FoodOrder) {
        let (mut after, at) = (order.clone(), order.last_change.at);
        let done = match self.wish() {
            Wish::Status(to) => change::transition(&mut after, to, at),
            Wish::Item(item) => {
                let Some(status) = self.field("status") else { return };
                change::mark_item(&mut after, item, status, at)
            }
            Wish::Stations(status) => {
                let stations: Vec<Station> = self.field("stations").unwrap_or_default();
                change::mark_stations(&mut after, &stations, status, at)
            }
            Wish::Other => return,
        };
        if done.is_ok() {
            *order = after;
        }
    }

    /// Whether `order` is as this would have it, whoever did it.
    #[must_use]
    pub fn is_done_in(&self, order: &FoodOrder) -> bool {
        let status = || self.field::<ItemStatus>("status");
        match (self.wish(), self.way().0) {
            (Wish::Status(to), _) => order.status == to,
            (Wish::Item(item), _) => {
                let line = order.items.iter().find(|line| line.id == item);
                line.is_some_and(|line| Some(line.status) == status())
            }
            (Wish::Stations(status), _) => {
                let part = Part::new(self.field("stations").unwrap_or_default());
                let mut any = false;
                for line in part.items(order).filter(|line| line.status != ItemStatus::Void) {
                    any = true;
                    if line.status != status {
                        return false;
                    }
                }
                any && !part.is_whole()
            }
            (Wish::Other, Some("acknowledge")) => {
                let of = self.field::<String>("of").and_then(|of| of.parse().ok());
                let part = Part::new(self.field("stations").unwrap_or_default());
                of.is_some_and(|of| !part.wants_to_know(of, order))
            }
            (Wish::Other, Some("fire")) => !order.flags.scheduled,
            (Wish::Other, None) => {
                let (rush, held) = (self.field::<Option<bool>>("rush"), self.field("held"));
                let is =
                    |wanted: Option<Option<bool>>, is| wanted.flatten().is_none_or(|it| it == is);
                (rush.is_some() || held.is_some())
                    && is(rush, order.flags.rush)
                    && is(held, order.flags.held)
            }
            _ => false,
        }
    }

    /// Whether it was this request that made the version after `expected`, by
    /// the order's history as the server tells it. Another device that stands
    /// for the same screen and did the same has done it.
    #[must_use]
    pub fn is_made_in(&self, expected: Version, history: Json) -> bool {
        let Json::List(steps) = history else { return false };
        let text = |json: &mut Json, name: &str| match json.take(name) {
            Some(Json::Text(text)) => Some(text),
            _ => None,
        };
        let mut actor = Json::parse(&self.body).and_then(|mut body| body.take("actor"));
        let actor = actor.as_mut().and_then(|actor| text(actor, "id"));
        steps.into_iter().any(|mut step| {
            let made = step.take("version").and_then(Version::read);
            let by = step.take("actor").and_then(|mut by| text(&mut by, "id"));
            if made != Some(expected.next()) || by != actor {
                return false;
            }
            match self.wish() {
                Wish::Status(to) => text(&mut step, "to").as_deref() == Some(to.as_str()),
                Wish::Item(item) => {
                    let Some(Json::List(lines)) = step.take("items") else { return false };
                    lines.into_iter().any(|mut line| {
                        line.take("id").and_then(ItemId::read) == Some(item)
                            && line.take("status").and_then(ItemStatus::read)
                                == self.field("status")
                    })
                }
                // The history does not tell these apart: what stands now decides.
                Wish::Stations(_) | Wish::Other => false,
            }
        })
    }
}

/// One action that is not known to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the line; also what it is stored under.
    pub key: u64,
    /// Of which order.
    pub order: OrderId,
    /// What that is called.
    pub number: OrderNumber,
    /// What is to be sent.
    pub request: Request,
    /// The version that it changes; none while the one before it in its chain
    /// has not made that.
    pub expected: Option<Version>,
    /// Whether it was sent and may have been carried out.
    pub sent: bool,
    /// Why it was refused, when it was.
    pub refused: Option<String>,
}

impl Entry {
    /// As text, for the device's memory.
    #[must_use]
    pub fn to_text(&self) -> String {
        let expected = self.expected.map_or(0, |expected| expected.0);
        let fields = vec![
            self.order.to_string(),
            self.number.to_string(),
            self.request.method.to_owned(),
            self.request.path.clone(),
            self.request.body.clone(),
            expected.to_string(),
            if self.sent { "sent" } else { "" }.to_owned(),
            self.refused.as_ref().map_or_else(String::new, |why| ["!", why].concat()),
        ];
        let mut text = String::new();
        fields.write(&mut text);
        text
    }

    /// What [`to_text`](Self::to_text) wrote under `key`.
    #[must_use]
    pub fn parse(key: u64, text: &str) -> Option<Self> {
        let fields: Vec<String> = Lean::parse(text)?;
        let [order, number, method, path, body, expected, sent, refused] =
            fields.try_into().ok()?;
        let expected = Some(Version(expected.parse().ok()?)).filter(|it| it.0 > 0);
        let method = if method == "PATCH" { "PATCH" } else { "POST" };
        Some(Self {
            key,
            order: order.parse().ok()?,
            number: OrderNumber(number.parse().ok()?),
            request: Request { method, path, body },
            expected,
            sent: !sent.is_empty(),
            refused: refused.strip_prefix('!').map(str::to_owned),
        })
    }
}

/// Everything that waits, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    entries: Vec<Entry>,
    /// What is being sent at this moment, and whether it may have been carried
    /// out before that.
    under_way: Vec<(u64, bool)>,
    /// What differs from what the device remembers. A device without room for
    /// it remembers it later.
    changed: Vec<u64>,
}

impl Outbox {
    /// What the device remembers, in any order. It knows nothing of what it
    /// could not be told.
    pub fn take_up(&mut self, entries: Vec<Entry>) {
        let Self { entries: there, changed, .. } = self;
        there.retain(|entry| changed.contains(&entry.key));
        // They are few: a sort would be more to fetch than it is worth.
        for entry in entries.into_iter().filter(|entry| !changed.contains(&entry.key)) {
            let place = there.partition_point(|it| it.key < entry.key);
            there.insert(place, entry);
        }
        // What waits behind something that the device had no room for goes by a
        // version that nobody knows: somebody has to look.
        let orphans: Vec<u64> =
            self.entries.iter().filter(|it| self.is_orphan(it)).map(|it| it.key).collect();
        for key in orphans {
            self.refuse(key, "");
        }
    }

    fn is_orphan(&self, entry: &Entry) -> bool {
        entry.expected.is_none()
            && entry.refused.is_none()
            && self.first(entry.order).is_some_and(|first| first.key == entry.key)
    }

    /// Has the device `keep` what it has to remember now, new texts and what to
    /// forget; `keep` tells whether it does.
    pub fn save(&mut self, keep: &mut dyn FnMut(u64, Option<String>) -> bool) {
        let mut changed = std::mem::take(&mut self.changed);
        changed.retain(|key| !keep(*key, self.get(*key).map(Entry::to_text)));
        self.changed = changed;
    }

    /// Whether the device remembers all that waits.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        self.changed.iter().all(|key| self.get(*key).is_none())
    }

    fn note(&mut self, key: u64) {
        if !self.changed.contains(&key) {
            self.changed.push(key);
        }
    }

    /// Everything that waits.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What waits for `order`, the first first.
    pub fn of(&self, order: OrderId) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.order == order)
    }

    /// What will be sent by itself, unlike what was refused, and what comes behind
    /// that: there somebody has to decide.
    pub fn to_send(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|it| self.of(it.order).all(|it| it.refused.is_none()))
    }

    /// What was put in last of the orders that are `here`, and never sent.
    pub fn last_unsent(&self, here: impl Fn(OrderId) -> bool) -> Option<&Entry> {
        self.to_send().filter(|it| !it.sent && here(it.order)).last()
    }

    fn first(&self, order: OrderId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.order == order)
    }

    /// The one of that key.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn change(&mut self, key: u64) -> Option<&mut Entry> {
        self.note(key);
        self.entries.iter_mut().find(|entry| entry.key == key)
    }

    /// Whether this is being sent.
    #[must_use]
    pub fn is_under_way(&self, key: u64) -> bool {
        self.under_way.iter().any(|(it, _)| *it == key)
    }

    /// Puts `request` in, made by somebody who saw `version`; `key` grows with
    /// time. Its key.
    ///
    /// # Errors
    /// Too many wait; or something was refused of the order, and nobody has
    /// decided on that: behind it, this would wait for ever.
    pub fn put(
        &mut self,
        key: u64,
        order: OrderId,
        number: OrderNumber,
        version: Version,
        request: Request,
    ) -> Result<u64, Word> {
        if self.entries.len() >= MOST {
            return Err(Word::TooManyWait);
        }
        if self.of(order).any(|entry| entry.refused.is_some()) {
            return Err(Word::DecideFirst);
        }
        let key = self.entries.last().map_or(key, |last| key.max(last.key + 1));
        let expected = self.first(order).is_none().then_some(version);
        self.note(key);
        self.entries.push(Entry {
            key,
            order,
            number,
            request,
            expected,
            sent: false,
            refused: None,
        });
        Ok(key)
    }

    /// Somebody wants `request` of `order`, which may be what they wanted last, and
    /// which has not been sent. Then it need not be put in once more; a switch is
    /// put back.
    pub fn is_again(&mut self, order: OrderId, request: &Request) -> bool {
        let last = self.of(order).next_back();
        let Some(last) = last.filter(|it| it.request == *request && it.refused.is_none()) else {
            return false;
        };
        if request.is_switch() {
            let (key, sent) = (last.key, last.sent);
            if sent {
                return false;
            }
            self.forget(key);
        }
        true
    }

    /// What can be sent next, in the order in which it was put in.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        let can = |entry: &&Entry| {
            entry.expected.is_some() && entry.refused.is_none() && !self.is_under_way(entry.key)
        };
        self.entries.iter().find(can).map(|entry| entry.key)
    }

    /// It is about to be sent; what and with which version. Not while it is
    /// being sent: the second of two answers would be taken for the first.
    pub fn sending(&mut self, key: u64) -> Option<(Request, Version)> {
        if self.is_under_way(key) {
            return None;
        }
        let entry = self.change(key)?;
        let version = entry.expected?;
        let before = std::mem::replace(&mut entry.sent, true);
        let request = entry.request.clone();
        self.under_way.push((key, before));
        Some((request, version))
    }

    /// Whether it may have been carried out by an earlier try than the one that
    /// is under way or has just been refused.
    fn land(&mut self, key: u64) -> Option<bool> {
        let place = self.under_way.iter().position(|(it, _)| *it == key)?;
        Some(self.under_way.swap_remove(place).1)
    }

    /// It is carried out, and made `version`.
    pub fn done(&mut self, key: u64, version: Version) {
        self.take_out(key, Some(version));
    }

    /// Takes one out. What waits behind it changes `version`, or else the one
    /// that this would have changed.
    fn take_out(&mut self, key: u64, version: Option<Version>) {
        self.land(key);
        let Some(place) = self.entries.iter().position(|entry| entry.key == key) else { return };
        let Entry { order, expected, .. } = self.entries.remove(place);
        let next = self.first(order).map(|entry| entry.key);
        if let Some(version) = version.or(expected)
            && let Some(next) = next.and_then(|next| self.change(next))
        {
            next.expected = Some(version);
        }
        // Last, so that another tab never finds the next without a version and
        // nothing before it.
        self.note(key);
    }

    /// There is no answer: it may have been carried out.
    pub fn lost(&mut self, key: u64) {
        self.land(key);
    }

    /// The server has answered that it cannot at present.
    pub fn not_now(&mut self, key: u64) {
        if let Some(before) = self.land(key)
            && let Some(entry) = self.change(key)
        {
            entry.sent = before;
        }
    }

    /// The server would not, and `order` is how it stands; `made` tells whether
    /// its history has this very change. Whether it is settled all the same.
    pub fn looked(&mut self, key: u64, order: &FoodOrder, made: bool, why: &str) -> bool {
        let Some(entry) = self.get(key) else { return true };
        let made = made.then(|| entry.expected.map(Version::next)).flatten();
        let done = made.or_else(|| entry.request.is_done_in(order).then_some(order.version));
        match done {
            Some(version) => self.done(key, version),
            None => self.refuse(key, why),
        }
        done.is_some()
    }

    /// It was refused for another version than it was meant for, and is as good
    /// for `version`.
    pub fn go_by(&mut self, key: u64, version: Version) {
        if let Some(before) = self.land(key)
            && let Some(entry) = self.change(key)
        {
            entry.sent = before;
            entry.expected = Some(version);
        }
    }

    /// It is refused; what waits behind it has to wait on.
    pub fn refuse(&mut self, key: u64, why: &str) {
        self.land(key);
        if let Some(entry) = self.change(key) {
            entry.refused = Some(why.to_owned());
            entry.sent = false;
        }
    }

    /// The stream brought `order`. What was to be done and is done need not be
    /// sent; whether there was such a thing.
    pub fn seen(&mut self, order: &FoodOrder) -> bool {
        let mut any = false;
        while let Some(first) = self.first(order.id)
            && first.expected.is_some_and(|expected| expected < order.version)
            && first.request.is_done_in(order)
        {
            self.done(first.key, order.version);
            any = true;
        }
        any
    }

    /// Somebody wants what was refused done to the order as it now stands.
    pub fn retry(&mut self, order: OrderId, version: Version) {
        let refused = self.of(order).find(|entry| entry.refused.is_some());
        if let Some(key) = refused.map(|entry| entry.key)
            && let Some(entry) = self.change(key)
        {
            entry.refused = None;
            entry.expected = Some(version);
        }
    }

    /// Somebody no longer wants it: the last that waits for `order`, or all of
    /// it when it was refused, because the rest went by that.
    pub fn dismiss(&mut self, order: OrderId) {
        let whole = self.of(order).any(|entry| entry.refused.is_some());
        let keys: Vec<u64> = self
            .of(order)
            .rev()
            .take(if whole { usize::MAX } else { 1 })
            .map(|entry| entry.key)
            .collect();
        for key in keys {
            self.forget(key);
        }
    }

    /// Lets go of one, whatever became of it.
    pub fn forget(&mut self, key: u64) {
        self.take_out(key, None);
    }
}

#[cfg(test)]
mod tests;
