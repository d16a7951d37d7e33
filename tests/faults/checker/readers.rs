//! What readers were told, held against the log; and what their boards show in the end.

use std::collections::{BTreeSet, HashMap};

use super::history::{Digest, Event, Heard, History, Order, Reader};
use super::{Broken, Verdict};

pub(super) fn check(history: &History, verdict: &mut Verdict) {
    let known: HashMap<Digest, &Event> =
        history.log.iter().map(|event| (event.digest, event)).collect();
    for reader in &history.readers {
        Walk::new(reader, history, verdict).go();
        board(reader, history, &known, verdict);
    }
}

/// The way of one reader along the part of the log that is for it.
struct Walk<'a> {
    reader: &'a Reader,
    log: &'a [Event],
    head: u64,
    verdict: &'a mut Verdict,
    /// What it is to be told, and how far along that it is.
    due: Vec<&'a Event>,
    next: usize,
    /// What it was told.
    told: BTreeSet<u64>,
    /// What it should have been told before something that it was told: it is lost, or
    /// comes too late.
    missing: BTreeSet<u64>,
    /// The last position that it was told; none before the first.
    position: Option<u64>,
}

impl<'a> Walk<'a> {
    fn new(reader: &'a Reader, history: &'a History, verdict: &'a mut Verdict) -> Self {
        let due = history.log.iter().filter(|event| reader.filter.wants(event)).collect();
        Self {
            reader,
            log: &history.log,
            head: history.head,
            verdict,
            due,
            next: 0,
            told: BTreeSet::new(),
            missing: BTreeSet::new(),
            position: reader.from_earliest.then_some(0),
        }
    }

    fn say(&mut self, broken: Broken, what: &str) {
        self.verdict.say(broken, format!("{}: {what}", self.reader.name));
    }

    fn go(mut self) {
        for heard in &self.reader.heard {
            match heard {
                Heard::Opened { after } => self.opened(*after),
                Heard::Event { seq, kind, digest } => self.event(*seq, kind, *digest),
                Heard::Reached { seq } => {
                    self.pass_over(*seq);
                    self.reach(*seq);
                }
                Heard::Snapshot { seq, reason, orders } => self.snapshot(*seq, reason, orders),
                Heard::Broken => {}
            }
        }
        if self.position.is_none_or(|position| position < self.head) {
            let what = format!("is at {:?} of {}", self.position, self.head);
            self.say(Broken::Behind, &what);
        } else {
            self.pass_over(self.head);
        }
        for seq in std::mem::take(&mut self.missing) {
            self.say(Broken::Lost, &format!("{seq} was never told"));
        }
    }

    /// Everything up to `seq` should have been told by now.
    fn pass_over(&mut self, seq: u64) {
        while let Some(event) = self.due.get(self.next).filter(|event| event.seq <= seq) {
            self.missing.insert(event.seq);
            self.next += 1;
        }
    }

    fn reach(&mut self, seq: u64) {
        if self.position.is_some_and(|position| seq < position) {
            let what = format!("back from {:?} to {seq}", self.position);
            self.say(Broken::OutOfOrder, &what);
        }
        self.position = self.position.max(Some(seq));
    }

    /// The stream goes on where the reader was; or begins, for who comes anew.
    fn opened(&mut self, after: u64) {
        match self.position {
            None => {
                self.next = self.due.partition_point(|event| event.seq <= after);
                self.position = Some(after);
            }
            Some(position) if position != after => {
                let what = format!("was at {position}, and goes on at {after}");
                self.say(Broken::Forgotten, &what);
            }
            Some(_) => {}
        }
    }

    fn event(&mut self, seq: u64, kind: &str, digest: Digest) {
        self.verdict.delivered += 1;
        // A log with a gap is told of elsewhere.
        let there = self.log.binary_search_by_key(&seq, |event| event.seq);
        let Some(event) = there.ok().map(|index| &self.log[index]) else {
            return self.say(Broken::MadeUp, &format!("{seq} is not in the log"));
        };
        if event.kind != kind || event.digest != digest {
            self.say(Broken::Differs, &format!("{seq} came as {kind}"));
        }
        if !self.reader.filter.wants(event) {
            return self.say(Broken::Leak, &format!("{seq}"));
        }
        if !self.told.insert(seq) {
            return self.say(Broken::Doubled, &format!("{seq}"));
        }
        if self.missing.remove(&seq) {
            return self.say(Broken::OutOfOrder, &format!("{seq} after {:?}", self.position));
        }
        self.pass_over(seq - 1);
        if self.due.get(self.next).is_some_and(|event| event.seq == seq) {
            self.next += 1;
        }
        self.reach(seq);
    }

    /// The open orders at one position, in place of what came before.
    fn snapshot(&mut self, seq: u64, reason: &str, orders: &[Digest]) {
        // Whoever comes back goes on where they were, whatever their address asks for.
        if reason != "requested" || self.position.is_some() {
            let what = format!("was at {:?}, and got a snapshot at {seq}: {reason}", self.position);
            self.say(Broken::Forgotten, &what);
        }
        self.reach(seq);
        self.next = self.next.max(self.due.partition_point(|event| event.seq <= seq));
        let mut open: HashMap<&str, (&Order, Digest)> = HashMap::new();
        for event in self.log.iter().take_while(|event| event.seq <= seq) {
            open.insert(&event.order.id, (&event.order, event.digest));
        }
        let shown =
            open.values().filter(|(it, _)| it.is_on_board() && self.reader.filter.shows(it));
        let shown: BTreeSet<Digest> = shown.map(|(_, digest)| *digest).collect();
        let told: BTreeSet<Digest> = orders.iter().copied().collect();
        if shown != told || told.len() != orders.len() {
            let what = format!("a snapshot of {} at {seq}, not of {}", orders.len(), shown.len());
            self.say(Broken::Differs, &what);
        }
    }
}

/// The board of a reader that has all it takes for one, as README says that it is kept:
/// the higher version wins.
fn board(
    reader: &Reader,
    history: &History,
    known: &HashMap<Digest, &Event>,
    verdict: &mut Verdict,
) {
    let whole =
        reader.from_earliest || reader.heard.iter().any(|it| matches!(it, Heard::Snapshot { .. }));
    let Some(list) = history.lists.get(&reader.filter.parameters()) else { return };
    if !whole || !reader.filter.types.is_empty() {
        return;
    }
    let mut board: HashMap<&str, &Event> = HashMap::new();
    for heard in &reader.heard {
        let digests = match heard {
            Heard::Event { digest, .. } => std::slice::from_ref(digest),
            Heard::Snapshot { orders, .. } => {
                board.clear();
                orders
            }
            _ => &[],
        };
        for event in digests.iter().filter_map(|digest| known.get(digest)) {
            let place = board.entry(&event.order.id).or_insert(event);
            if place.order.version < event.order.version {
                *place = event;
            }
        }
    }
    let open = board.values().filter(|it| it.order.is_open() && reader.filter.shows(&it.order));
    let shown: BTreeSet<Digest> = open.map(|event| event.digest).collect();
    let listed: BTreeSet<Digest> = list.iter().copied().collect();
    if shown != listed {
        let (more, less) = (shown.difference(&listed).count(), listed.difference(&shown).count());
        let what = format!("{}: {more} too many or old, {less} missing or newer", reader.name);
        verdict.say(Broken::Astray, what);
    }
}
