//! Small kitchens, each with one thing in it that has to be right in every order.

use std::{
    fmt,
    future::poll_fn,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use live_orders::{
    domain::Location,
    server::store::Committed,
    wire::{EventId, EventKind, Seq, StreamFilter, Wall},
};
use shuttle::{
    sync::{Condvar, Mutex, atomic::AtomicBool},
    thread,
};

use super::{
    Encoding, Pass, Stream,
    inbox::{GroupWatch, Inbox, Message},
    open,
    resume::After,
};
use crate::{
    faults::{self, Fault},
    judge::{Bye, Judge},
    server::hub::{Join, Next, Seat},
    sync::{Bell, Sleeper},
    world::{self, App, EPOCH, commit},
};

/// What a reader wants to be sent.
#[derive(Clone, Copy, Debug)]
enum Wants {
    Everything,
    OverTheWeb,
    Order(u64),
    /// What somebody at the airport may see.
    Airport,
}

impl Wants {
    fn filter(self) -> StreamFilter {
        let mut filter = StreamFilter::default();
        match self {
            Self::Everything => {}
            Self::OverTheWeb => assert!(filter.add("channel", "web").expect("a channel")),
            Self::Order(number) => filter.orders.push(world::id(number)),
            Self::Airport => {
                let locations = vec![Location::parse("airport").expect("a label")];
                filter.wall = Wall { locations, channel: None };
            }
        }
        filter
    }
}

/// A reader and how it behaves.
#[derive(Clone, Copy, Debug)]
struct Visitor {
    wants: Wants,
    /// Where it begins: after this position, or with what happens from now on.
    after: Option<u64>,
    /// Leaves with each event that it gets, and comes back with its id.
    hops: bool,
    packed: bool,
    /// What lets it in is taken back at some time.
    revoked: bool,
}

const fn visitor(wants: Wants, after: u64) -> Visitor {
    Visitor { wants, after: Some(after), hops: false, packed: false, revoked: false }
}

/// A small kitchen.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    /// Events before anybody reads, and how many of them the hub knows.
    before: usize,
    preloaded: usize,
    /// How many events each commit has after that.
    commits: &'static [usize],
    /// About how many events the hub keeps.
    kept: usize,
    /// Which event erases what tells of a person.
    erased: Option<u64>,
    /// Up to where the store lets go of its log while they read.
    pruned: u64,
    heartbeats: usize,
    /// The hub closes while they read, and not when all have everything.
    closes: bool,
    visitors: &'static [Visitor],
    /// Readers that a sweeper writes to, as many as this.
    swept: usize,
    /// How many runs of it are worth one of the others.
    pub(crate) share: usize,
}

const PLAIN: Scenario = Scenario {
    name: "",
    says: "",
    before: 1,
    preloaded: 1,
    commits: &[1, 1],
    kept: 100,
    erased: None,
    pruned: 0,
    heartbeats: 0,
    closes: false,
    visitors: &[],
    swept: 0,
    share: 1,
};

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "wake",
        says: "two readers of everything sleep and are woken; commits and heartbeats come",
        commits: &[1, 2, 1],
        heartbeats: 1,
        visitors: &[visitor(Wants::Everything, 1), visitor(Wants::Everything, 1)],
        ..PLAIN
    },
    Scenario {
        name: "resume",
        says: "a reader reads the store while the hub lets go of what it reads",
        before: 4,
        preloaded: 2,
        commits: &[1, 1, 2, 1],
        kept: 1,
        visitors: &[visitor(Wants::Everything, 1), visitor(Wants::OverTheWeb, 2)],
        ..PLAIN
    },
    Scenario {
        name: "hop",
        says: "the last reader of a filter leaves and another joins while a commit goes out",
        before: 2,
        commits: &[1, 1, 1, 1],
        kept: 3,
        visitors: &[
            Visitor { hops: true, ..visitor(Wants::OverTheWeb, 1) },
            Visitor { hops: true, ..visitor(Wants::OverTheWeb, 2) },
        ],
        ..PLAIN
    },
    Scenario {
        name: "order",
        says: "one order is followed by two while others happen",
        before: 3,
        preloaded: 3,
        commits: &[1, 2, 1, 1],
        heartbeats: 1,
        visitors: &[
            visitor(Wants::Order(0), 1),
            Visitor { hops: true, ..visitor(Wants::Order(0), 0) },
        ],
        ..PLAIN
    },
    Scenario {
        name: "wall",
        says: "a reader behind a wall is told of nothing beyond it, and misses nothing",
        before: 3,
        preloaded: 2,
        commits: &[1, 1, 1, 1],
        kept: 2,
        heartbeats: 2,
        visitors: &[
            visitor(Wants::Airport, 0),
            Visitor { hops: true, ..visitor(Wants::Airport, 3) },
        ],
        ..PLAIN
    },
    Scenario {
        name: "now",
        says: "a reader begins with what happens from now on, while it happens",
        commits: &[1, 1, 1],
        kept: 2,
        visitors: &[
            Visitor { after: None, hops: true, ..visitor(Wants::Everything, 0) },
            Visitor { after: None, ..visitor(Wants::OverTheWeb, 0) },
        ],
        ..PLAIN
    },
    Scenario {
        name: "prune",
        says: "the store prunes what a reader is about to read",
        before: 5,
        preloaded: 1,
        commits: &[1, 1],
        kept: 1,
        pruned: 3,
        visitors: &[visitor(Wants::Everything, 1), visitor(Wants::Airport, 0)],
        ..PLAIN
    },
    Scenario {
        name: "erase",
        says: "an order is erased while its events are read",
        before: 4,
        preloaded: 4,
        commits: &[1, 1, 1],
        erased: Some(6),
        visitors: &[visitor(Wants::Everything, 1), visitor(Wants::Order(0), 0)],
        ..PLAIN
    },
    Scenario {
        name: "close",
        says: "the hub closes while commits go out and readers join",
        before: 3,
        preloaded: 1,
        commits: &[1, 1, 1],
        kept: 1,
        closes: true,
        visitors: &[
            visitor(Wants::Everything, 1),
            Visitor { hops: true, ..visitor(Wants::OverTheWeb, 3) },
        ],
        ..PLAIN
    },
    Scenario {
        name: "revoke",
        says: "what let a reader in is taken back while it sleeps",
        heartbeats: 1,
        visitors: &[
            Visitor { revoked: true, ..visitor(Wants::Everything, 1) },
            Visitor { revoked: true, ..visitor(Wants::OverTheWeb, 1) },
        ],
        ..PLAIN
    },
    Scenario {
        name: "sweep",
        says: "a sweeper takes readers over and is told of news of their feed",
        commits: &[1, 1, 1],
        heartbeats: 1,
        swept: 2,
        ..PLAIN
    },
    Scenario {
        name: "packed",
        says: "readers share compressed blocks that are made while the hub lets go",
        before: 3,
        preloaded: 2,
        commits: &[1, 2, 1],
        kept: 2,
        heartbeats: 1,
        visitors: &[
            Visitor { packed: true, ..visitor(Wants::Everything, 2) },
            Visitor { packed: true, hops: true, ..visitor(Wants::Everything, 3) },
        ],
        share: 6,
        ..PLAIN
    },
];

/// Counts those who have all that there will be, or are let in no longer.
#[derive(Default)]
struct Table {
    served: Mutex<usize>,
    one_more: Condvar,
}

impl Table {
    fn note(&self) {
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.one_more.notify_all();
    }

    fn wait_for(&self, count: usize) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        while *served < count {
            served = self.one_more.wait(served).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What all who are in one run share.
struct Run {
    app: App,
    log: Arc<Vec<Committed>>,
    table: Table,
    pruned: Seq,
    /// Whether the hub may close before all have everything.
    closes: bool,
    erased: AtomicBool,
    /// Up to where everything has gone out. No lock of the program's: nobody waits for it.
    gone_out: AtomicU64,
}

/// Events that readers were sent, in all runs.
pub(crate) static SENT: AtomicU64 = AtomicU64::new(0);

impl Scenario {
    /// What happens in it.
    pub(crate) fn log(&self) -> Arc<Vec<Committed>> {
        let length = self.before + self.commits.iter().sum::<usize>();
        Arc::new(world::history(length as u64, self.erased))
    }

    /// Plays it once, in the order that the scheduler wants.
    pub(crate) fn play(&self, log: &Arc<Vec<Committed>>) {
        let ring_bytes = self.kept * 1000;
        let app = world::app(&log[..self.before], self.preloaded, ring_bytes);
        let run = Arc::new(Run {
            app,
            log: Arc::clone(log),
            table: Table::default(),
            pruned: Seq(self.pruned),
            closes: self.closes,
            erased: AtomicBool::new(false),
            gone_out: AtomicU64::new(self.before as u64),
        });
        let mut threads = Vec::new();
        let mut go = |work: Box<dyn FnOnce(&Run) + Send>| {
            let run = Arc::clone(&run);
            threads.push(thread::spawn(move || work(&run)));
        };
        let (before, commits) = (self.before, self.commits);
        go(Box::new(move |run| {
            let mut rest = &run.log[before..];
            for count in commits {
                let (changes, others) = rest.split_at(*count);
                rest = others;
                commit(&run.app, changes);
                run.gone_out.fetch_add(*count as u64, Ordering::SeqCst);
                if changes.iter().any(|it| it.event.facts.kind == EventKind::Erased) {
                    run.erased.store(true, Ordering::SeqCst);
                }
            }
        }));
        if self.heartbeats > 0 {
            let beats = self.heartbeats;
            go(Box::new(move |run| {
                for _ in 0..beats {
                    run.app.hub.heartbeat(run.app.clock.now());
                }
            }));
        }
        if self.pruned > 0 {
            go(Box::new(|run| run.app.store.prune(run.pruned)));
        }
        for visitor in self.visitors {
            let pass = visitor.revoked.then(Pass::default);
            if let Some(pass) = pass.clone() {
                go(Box::new(move |run| pass.revoke(&run.app.hub)));
            }
            go(Box::new(move |run| run.visit(visitor, pass.as_ref())));
        }
        if self.swept > 0 {
            let (inbox, bell) = inbox();
            let (swept, filter) = (self.swept, Wants::OverTheWeb.filter());
            let after = Seq(self.before as u64);
            let (own, its) = (Arc::clone(&inbox), filter.clone());
            go(Box::new(move |run| {
                for _ in 0..swept {
                    let Join::Seat(seat) = run.app.hub.join(&its, after) else {
                        panic!("the hub keeps it all");
                    };
                    own.push(Message::Take(Box::new(seat)));
                }
            }));
            go(Box::new(move |run| run.sweep(&inbox, &bell, &filter, after, swept)));
        }
        if !self.closes {
            let readers = self.visitors.len() + self.swept;
            run.table.wait_for(readers);
        }
        run.app.hub.close();
        for thread in threads {
            thread.join().expect("nobody stumbles");
        }
        assert_eq!(run.app.hub.filters(), 0, "a filter that nobody reads is kept");
    }
}

impl Run {
    fn judge(&self, filter: &StreamFilter) -> Judge {
        Judge::new(Arc::clone(&self.log), filter.clone(), self.pruned)
    }

    /// Reads until the server says that there will be no more.
    fn visit(&self, visitor: &Visitor, pass: Option<&Pass>) {
        let filter = visitor.wants.filter();
        let id = |seq: Seq| After::Id(EventId { epoch: EPOCH, seq });
        let mut judge = self.judge(&filter);
        let mut after = visitor.after.map_or(After::Now, |seq| id(Seq(seq)));
        // Who comes with an id has what is before it.
        judge.has = Seq(visitor.after.unwrap_or_default());
        let mut first = visitor.after.is_none();
        let mut noted = visitor.revoked;
        let encoding = if visitor.packed { Encoding::Gzip } else { Encoding::Plain };
        let sleeper = Arc::new(Sleeper::default());
        loop {
            let gone_out = Seq(self.gone_out.load(Ordering::SeqCst));
            let open = open(&self.app, filter.clone(), after, encoding, pass.cloned());
            let (mut stream, told, snapshot) = sleeper.run(open);
            let between = (gone_out, self.app.store.head());
            judge.begins(told, first, snapshot, visitor.packed, between);
            first = false;
            loop {
                if judge.has_all() && !std::mem::replace(&mut noted, true) {
                    self.table.note();
                }
                // They come out of the hub's memory: what is erased there is there no more.
                judge.erased_before(self.erased.load(Ordering::SeqCst));
                let Some(bytes) = next(&mut stream, &sleeper) else { break };
                let before = judge.events;
                match judge.reads(&bytes) {
                    None => {}
                    Some(Bye::Shutdown) => {
                        let enough = self.closes || judge.has_all();
                        assert!(enough, "the hub closed on a reader that has {}", judge.has);
                        assert!(next(&mut stream, &sleeper).is_none(), "something comes after bye");
                        SENT.fetch_add(judge.events as u64, Ordering::Relaxed);
                        return;
                    }
                    Some(Bye::Revoked) => {
                        assert!(visitor.revoked, "nobody has taken it back");
                        self.table.note();
                        return;
                    }
                }
                if visitor.hops && judge.events > before && !judge.has_all() {
                    break;
                }
            }
            after = id(judge.has);
            if faults::is(Fault::ForgetsOne) {
                after = id(Seq(judge.has.0.saturating_sub(1)));
            }
        }
    }

    /// Serves readers that are handed over, as a sweeper does.
    fn sweep(
        &self,
        inbox: &Arc<Inbox<Seat>>,
        bell: &Bell,
        filter: &StreamFilter,
        after: Seq,
        count: usize,
    ) {
        let watch = Arc::new(GroupWatch::new(Arc::clone(inbox), 0));
        let mut members: Vec<(Seat, Judge, bool)> = Vec::new();
        let mut left = count;
        while left > 0 {
            bell.wait();
            for message in inbox.take() {
                match message {
                    Message::Take(seat) => {
                        if members.is_empty() {
                            seat.watch(Arc::clone(&watch) as _);
                        }
                        let mut judge = self.judge(filter);
                        judge.has = after;
                        members.push((*seat, judge, false));
                        let member = members.last_mut().expect("just put there");
                        left -= usize::from(self.serve(member));
                    }
                    Message::Stir(_) => {
                        if !faults::is(Fault::LooksLate) {
                            watch.look();
                        }
                        for member in &mut members {
                            left -= usize::from(self.serve(member));
                        }
                        if faults::is(Fault::LooksLate) {
                            watch.look();
                        }
                    }
                    Message::Stop => return,
                }
            }
        }
        inbox.close();
    }

    /// Gives a reader all that there is. Whether that is the end of it.
    fn serve(&self, (seat, judge, over): &mut (Seat, Judge, bool)) -> bool {
        loop {
            match seat.next(128 * 1024) {
                Next::Parts(parts, _) => {
                    for part in parts {
                        let had_all = judge.has_all();
                        assert_eq!(judge.reads(&part.bytes), None, "a feed says no bye");
                        assert!(part.after.reached() >= judge.has, "a place before what is read");
                        seat.place = part.after;
                        if judge.has_all() && !had_all {
                            self.table.note();
                        }
                    }
                }
                Next::Nothing => return false,
                Next::Behind => panic!("the hub keeps it all"),
                Next::Closed => {
                    assert!(judge.has_all(), "the hub closed on a reader that has {}", judge.has);
                    SENT.fetch_add(judge.events as u64, Ordering::Relaxed);
                    return !std::mem::replace(over, true);
                }
            }
        }
    }
}

fn inbox() -> (Arc<Inbox<Seat>>, Bell) {
    let bell = Bell::default();
    (Arc::new(Inbox::new(bell.clone())), bell)
}

/// What comes next in a stream; waits for it as hyper does.
fn next(stream: &mut Stream, sleeper: &Arc<Sleeper>) -> Option<Bytes> {
    if !faults::is(Fault::ListensLate) {
        return sleeper.run(poll_fn(|context| stream.poll(context)));
    }
    let mut late = None;
    sleeper.run(poll_fn(|context| {
        let late = late.get_or_insert_with(|| {
            Arc::new(Late { listens: AtomicBool::new(false), waker: context.waker().clone() })
        });
        late.listens.store(false, Ordering::SeqCst);
        let polled = stream.poll(&mut Context::from_waker(&Waker::from(Arc::clone(late))));
        if polled.is_pending() {
            late.listens.store(true, Ordering::SeqCst);
            return Poll::Pending;
        }
        polled
    }))
}

/// Hears nothing until it listens.
struct Late {
    listens: AtomicBool,
    waker: Waker,
}

impl Wake for Late {
    fn wake(self: Arc<Self>) {
        if self.listens.load(Ordering::SeqCst) {
            self.waker.wake_by_ref();
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:<7} {}", self.name, self.says)
    }
}
