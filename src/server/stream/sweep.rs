//! The sweepers: threads that write to sockets which were taken from hyper.
//!
//! A sweeper has its readers in groups, one for each feed. When something has
//! come in a feed, it goes through the group and writes to each socket, straight
//! from the feed's log, what its reader has not got yet: however many events
//! that are, it is one write. Who is still behind after that has its next turn
//! when all others have had theirs. A socket that takes no more is left until the
//! system says that it does again; one that has not for the write time-out
//! is closed, and its reader comes back with its id. What it was sent a part of
//! is at most a frame or a block: it holds a copy of the rest, and nothing else.
//!
//! ```text
//! Hub ── stir ──► Inbox ──► group ──► write, write, write …
//! taken sockets ──► Inbox      └─ behind the feed ──► catch_up, and back
//! ```

use std::{
    collections::{HashMap, HashSet},
    io::{self, IoSlice, Read as _, Write as _},
    net::Shutdown,
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::{Buf as _, Bytes};
use mio::{Events, Interest, Poll, Token, Waker, net::TcpStream};
use slab::Slab;
use socket2::SockRef;
use tokio::runtime::Handle;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{
    Reader, farewell,
    inbox::{GroupWatch, Inbox, Message},
    pager::Pager,
    pass::GRACE,
    taken::catch_up,
};
use crate::{
    server::{
        config::Config,
        hub::{self, Next, Part, Place, Seat, Watcher},
    },
    wire::ByeReason,
};

/// Bytes that a reader is sent in one turn at most.
const BURST_BYTES: usize = 128 * 1024;
/// Pieces that one write gathers.
const GATHERED: usize = 256;
/// What a client may send behind its request before it is cut off.
const GARBAGE_BYTES: usize = 64 * 1024;
/// How long a client may take to close after the last frame.
const LINGER: Duration = Duration::from_secs(1);
/// How often sockets that take nothing are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Events of the system that are taken in at once.
const EVENTS: usize = 1024;
/// Stands for the inbox among the sockets.
const INBOX: Token = Token(usize::MAX);

/// A reader that has taken its seat, with the socket that it reads from.
pub(super) struct Follower {
    pub(super) reader: Reader,
    pub(super) seat: Seat,
    pub(super) socket: std::net::TcpStream,
    /// What is to be sent before anything else.
    pub(super) first: Bytes,
    /// Goes when the stream has ended.
    pub(super) open: TaskTrackerToken,
}

/// The threads that write. One for each core.
pub struct Sweepers {
    /// How long a socket may take nothing.
    pub(super) write_timeout: Duration,
    inboxes: Vec<Arc<Inbox<Follower>>>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
    turn: AtomicUsize,
}

impl Sweepers {
    /// Starts those that `config` wants: one for each core, or none.
    ///
    /// # Errors
    /// The system gives no threads, or nothing to wait with.
    pub fn of(config: &Config) -> io::Result<Option<Arc<Self>>> {
        if !config.stream.take_sockets {
            return Ok(None);
        }
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        let write_timeout = config.connections.write_timeout;
        let mut inboxes = Vec::new();
        let mut threads = Vec::new();
        for number in 0..count {
            let poll = Poll::new()?;
            let inbox = Arc::new(Inbox::new(Waker::new(poll.registry(), INBOX)?));
            let sweeper = Sweeper::new(poll, Arc::clone(&inbox), write_timeout, Handle::current());
            let thread =
                thread::Builder::new().name(format!("sweeper-{number}")).spawn(|| sweeper.run())?;
            inboxes.push(inbox);
            threads.push(thread);
        }
        Ok(Some(Arc::new(Self {
            write_timeout,
            inboxes,
            threads: Mutex::new(threads),
            turn: AtomicUsize::new(0),
        })))
    }

    /// Hands a reader over. Its socket is closed if the sweepers have stopped.
    pub(super) fn take(&self, follower: Follower) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.inboxes.len().max(1);
        if let Some(inbox) = self.inboxes.get(turn) {
            inbox.push(Message::Take(Box::new(follower)));
        }
    }

    /// Closes every socket that is left, and waits for the threads to end.
    pub fn stop(&self) {
        for inbox in &self.inboxes {
            inbox.push(Message::Stop);
        }
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// The readers of one feed.
struct Group {
    feed: u64,
    watch: Arc<GroupWatch<Follower>>,
    members: Vec<usize>,
}

struct Member {
    socket: TcpStream,
    reader: Reader,
    seat: Seat,
    /// The rest of what was taken on and could not be written at once.
    rest: Bytes,
    /// Since when the socket takes no more.
    stuck_since: Option<Instant>,
    /// When it is closed whatever is unsent: it is let in no longer.
    cut_at: Option<Instant>,
    /// Whether it stands among those that have another turn.
    unfinished: bool,
    /// Whether it was told that it has caught up.
    greeted: bool,
    /// The last frame is in `rest`, or out.
    leaving: bool,
    garbage: usize,
    group: usize,
    /// Where it stands in its group.
    index: usize,
    open: TaskTrackerToken,
}

/// What became of a reader that was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Served {
    Stays,
    /// There is more for it.
    Unfinished,
    /// It is gone, or has to go.
    Gone,
    /// What it needs is in the store alone.
    Behind,
}

/// The last look into a feed: readers who stand together share it.
#[derive(Default)]
struct Look {
    from: Option<(u64, bool, Place)>,
    seen: Option<Seen>,
}

/// What a reader finds at its place.
struct Seen {
    next: Next,
    /// Its parts in one piece, once several want them: gathering pieces is
    /// cheaper than copying them for one reader, and dearer for many.
    joined: Option<Bytes>,
}

impl Look {
    fn at(&mut self, seat: &Seat) -> &Seen {
        let from = seat.key();
        if self.from != Some(from) {
            *self = Self { from: Some(from), seen: None };
        } else if let Some(Seen { next: Next::Parts(parts, _), joined }) = &mut self.seen {
            joined.get_or_insert_with(|| hub::joined(parts));
        }
        self.seen.get_or_insert_with(|| Seen { next: seat.next(BURST_BYTES), joined: None })
    }
}

struct Sweeper {
    poll: Poll,
    inbox: Arc<Inbox<Follower>>,
    write_timeout: Duration,
    runtime: Handle,
    members: Slab<Member>,
    groups: Slab<Group>,
    by_feed: HashMap<u64, usize>,
    /// Members that were stuck or leaving when they were last served.
    waiting: HashSet<usize>,
    /// Members that have another turn before anything is waited for.
    unfinished: Vec<usize>,
    scratch: Vec<u8>,
}

impl Sweeper {
    fn new(
        poll: Poll,
        inbox: Arc<Inbox<Follower>>,
        write_timeout: Duration,
        runtime: Handle,
    ) -> Self {
        Self {
            poll,
            inbox,
            write_timeout,
            runtime,
            members: Slab::new(),
            groups: Slab::new(),
            by_feed: HashMap::new(),
            waiting: HashSet::new(),
            unfinished: Vec::new(),
            scratch: vec![0; 4096],
        }
    }

    fn run(mut self) {
        self.work();
        self.inbox.close();
    }

    fn work(&mut self) {
        let mut events = Events::with_capacity(EVENTS);
        let mut look_at = Instant::now();
        loop {
            let timeout = match (self.unfinished.is_empty(), self.waiting.is_empty()) {
                (false, _) => Some(Duration::ZERO),
                (true, false) => Some(LOOK_EVERY),
                (true, true) => None,
            };
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "stream.sweeper.poll.failed");
                return;
            }
            let now = Instant::now();
            for event in &events {
                if event.token() == INBOX {
                    continue;
                }
                let key = event.token().0;
                if (event.is_readable() || event.is_read_closed() || event.is_error())
                    && !self.hear(key)
                {
                    self.remove(key);
                } else if event.is_writable() {
                    self.unstick(key, now);
                }
            }
            let mut look = Look::default();
            for message in self.inbox.take() {
                match message {
                    Message::Take(follower) => self.add(*follower, now, &mut look),
                    Message::Stir(group) => {
                        self.sweep(group, now);
                        // What it saw may be less than there is now, and nobody
                        // would say so again.
                        look = Look::default();
                    }
                    Message::Stop => return,
                }
            }
            let mut look = Look::default();
            for key in std::mem::take(&mut self.unfinished) {
                if let Some(member) = self.members.get_mut(key)
                    && std::mem::take(&mut member.unfinished)
                {
                    self.serve(key, now, &mut look);
                }
            }
            if now.duration_since(look_at) >= LOOK_EVERY {
                look_at = now;
                self.look_after_waiting(now);
            }
        }
    }

    fn add(&mut self, follower: Follower, now: Instant, look: &mut Look) {
        let Follower { reader, seat, socket, first, open } = follower;
        let feed = seat.feed_id();
        let group = *self.by_feed.entry(feed).or_insert_with(|| {
            let entry = self.groups.vacant_entry();
            let inbox = Arc::clone(&self.inbox);
            let group = entry.key();
            let watch = Arc::new(GroupWatch::new(inbox, group));
            seat.watch(Arc::clone(&watch) as Arc<dyn Watcher>);
            entry.insert(Group { feed, watch, members: Vec::new() });
            group
        });
        let members = &mut self.groups[group].members;
        let entry = self.members.vacant_entry();
        let key = entry.key();
        let index = members.len();
        members.push(key);
        let member = entry.insert(Member {
            socket: TcpStream::from_std(socket),
            reader,
            seat,
            rest: first,
            stuck_since: None,
            cut_at: None,
            unfinished: false,
            greeted: false,
            leaving: false,
            garbage: 0,
            group,
            index,
            open,
        });
        let both = Interest::READABLE | Interest::WRITABLE;
        if self.poll.registry().register(&mut member.socket, Token(key), both).is_err() {
            return self.remove(key);
        }
        self.serve(key, now, look);
    }

    /// Goes through a group in which something has come.
    fn sweep(&mut self, group: usize, now: Instant) {
        let Some(there) = self.groups.get(group) else { return };
        there.watch.look();
        let mut look = Look::default();
        // Backwards: who leaves is replaced by the last, who was served already.
        for index in (0..there.members.len()).rev() {
            let key = self.groups.get(group).and_then(|it| it.members.get(index)).copied();
            if let Some(key) = key {
                self.serve(key, now, &mut look);
            }
        }
    }

    fn serve(&mut self, key: usize, now: Instant, look: &mut Look) {
        let Some(member) = self.members.get_mut(key) else { return };
        if member.cut_at.is_none() && member.reader.term.is_revoked() {
            member.cut_at = Some(now + GRACE);
            self.waiting.insert(key);
        }
        if member.stuck_since.is_some() {
            return;
        }
        match member.serve(now, look) {
            Served::Stays => {
                if member.stuck_since.is_some() {
                    self.waiting.insert(key);
                }
            }
            Served::Unfinished => {
                if !std::mem::replace(&mut member.unfinished, true) {
                    self.unfinished.push(key);
                }
            }
            Served::Gone => self.remove(key),
            Served::Behind => self.hand_back(key),
        }
    }

    /// A socket takes bytes again.
    fn unstick(&mut self, key: usize, now: Instant) {
        let Some(member) = self.members.get_mut(key) else { return };
        if !member.is_done() && member.stuck_since.take().is_some() {
            self.serve(key, now, &mut Look::default());
        }
    }

    /// Reads what a client sends, which nobody asked for. Whether it is still there.
    fn hear(&mut self, key: usize) -> bool {
        let Some(member) = self.members.get_mut(key) else { return true };
        loop {
            match member.socket.read(&mut self.scratch) {
                Ok(0) => return false,
                Ok(count) => member.garbage += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
            if member.garbage > GARBAGE_BYTES {
                return false;
            }
        }
    }

    /// Closes sockets that have taken nothing for too long, and those of readers who
    /// are let in no longer.
    fn look_after_waiting(&mut self, now: Instant) {
        let mut late = Vec::new();
        self.waiting.retain(|key| {
            let Some(member) = self.members.get(*key) else { return false };
            let patience = if member.is_done() { LINGER } else { self.write_timeout };
            let stuck_until = member.stuck_since.map(|since| since + patience);
            let Some(until) = member.cut_at.into_iter().chain(stuck_until).min() else {
                return false;
            };
            if now >= until {
                late.push(*key);
            }
            true
        });
        for key in late {
            if let Some(member) = self.members.get(key).filter(|it| it.cut_at.is_some())
                && !member.is_done()
            {
                // What the system holds for it is not for it any more.
                let _ = SockRef::from(&member.socket).set_linger(Some(Duration::ZERO));
            }
            self.remove(key);
        }
    }

    fn remove(&mut self, key: usize) {
        let _ = self.extract(key);
    }

    /// Takes a member out of everything.
    fn extract(&mut self, key: usize) -> Option<Member> {
        let mut member = self.members.try_remove(key)?;
        self.waiting.remove(&key);
        let _ = self.poll.registry().deregister(&mut member.socket);
        let group = self.groups.get_mut(member.group)?;
        group.members.swap_remove(member.index);
        if let Some(moved) = group.members.get(member.index) {
            if let Some(moved) = self.members.get_mut(*moved) {
                moved.index = member.index;
            }
        } else if group.members.is_empty() {
            let group = self.groups.remove(member.group);
            member.seat.unwatch(&(group.watch as Arc<dyn Watcher>));
            self.by_feed.remove(&group.feed);
        }
        Some(member)
    }

    /// The hub keeps no longer what a reader needs next: it catches up out of
    /// the store, with a task of its own, and comes back.
    fn hand_back(&mut self, key: usize) {
        let Some(member) = self.extract(key) else { return };
        let Member { socket, reader, seat, rest, open, .. } = member;
        let pager = Pager::new(reader.app.clone(), seat.filter().clone(), seat.place.reached());
        self.runtime.spawn(async move {
            if let Ok(socket) = tokio::net::TcpStream::from_std(socket.into()) {
                catch_up(reader, pager, [rest, Bytes::new()], socket, open).await;
            }
        });
    }
}

impl Member {
    /// Whether its last byte is out.
    fn is_done(&self) -> bool {
        self.leaving && self.rest.is_empty()
    }

    /// Whether `rest` goes out before anything is put behind it: it is the end,
    /// or much, such as a snapshot that others hold too.
    fn goes_alone(&self) -> bool {
        self.leaving || self.rest.len() >= BURST_BYTES
    }

    /// Writes what there is for it, as far as the socket takes it, and not more
    /// than one look shows.
    fn serve(&mut self, now: Instant, look: &mut Look) -> Served {
        loop {
            if self.is_done() {
                // Closed when the client has closed, so that it gets the last
                // bytes even if it has sent some that nobody has read.
                if self.socket.shutdown(Shutdown::Write).is_err() {
                    return Served::Gone;
                }
                self.stuck_since = Some(now);
                return Served::Stays;
            }
            if let Some(reason) = self.reader.over(now).filter(|_| !self.goes_alone()) {
                self.leave(reason);
            }
            let alone = self.goes_alone();
            let seen = (!alone).then(|| look.at(&self.seat));
            let (parts, more) = match seen.map(|seen| &seen.next) {
                Some(Next::Parts(parts, more)) => (&parts[..], *more),
                Some(Next::Behind) => return Served::Behind,
                Some(Next::Closed) => {
                    self.leave(ByeReason::Shutdown);
                    continue;
                }
                Some(Next::Nothing) if !self.greeted => {
                    self.greet();
                    continue;
                }
                Some(Next::Nothing) if self.rest.is_empty() => return Served::Stays,
                Some(Next::Nothing) | None => (&[][..], false),
            };
            let joined = seen.and_then(|seen| seen.joined.as_ref());
            match write(&mut self.socket, &self.rest, parts, joined) {
                Ok((0, _)) => return Served::Gone,
                Ok((count, whole)) => {
                    let own = count.min(self.rest.len());
                    self.rest.advance(own);
                    let Sent { place, rest, left } = sent(parts, count - own);
                    if let Some(place) = place {
                        (self.seat.place, self.rest) = (place, rest);
                    }
                    if !whole {
                        // It is full, and the system says when it is no more.
                        self.stuck_since = Some(now);
                        return Served::Stays;
                    }
                    if alone {
                        continue;
                    }
                    // Those who stand together go on together: a look at the
                    // next place now would be one for each.
                    let over = left == 0 && !more && self.greeted;
                    return if over { Served::Stays } else { Served::Unfinished };
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => {
                        self.stuck_since = Some(now);
                        return Served::Stays;
                    }
                    _ => return Served::Gone,
                },
            }
        }
    }

    /// A heartbeat tells a reader that it has caught up.
    fn greet(&mut self) {
        let app = &self.reader.app;
        let beat =
            app.hub.heartbeat_at(self.seat.filter(), self.seat.place.reached(), app.clock.now());
        self.say(beat);
        self.seat.interrupted();
        self.greeted = true;
    }

    fn leave(&mut self, reason: ByeReason) {
        let wall = &self.seat.filter().wall;
        let bye = farewell(&self.reader.app, wall, self.seat.place.reached(), reason);
        self.say(bye);
        self.leaving = true;
    }

    /// Puts a frame for it alone behind what is to be sent first.
    fn say(&mut self, frame: Bytes) {
        let frame = self.reader.encoding.more(frame);
        let rest = std::mem::take(&mut self.rest);
        self.rest = if rest.is_empty() { frame } else { [rest, frame].concat().into() };
    }
}

/// Writes what is the reader's `own` and then `parts`, or so many of them as can
/// be gathered. How many bytes are out, and whether that is all that was tried.
fn write(
    socket: &mut TcpStream,
    own: &[u8],
    parts: &[Part],
    joined: Option<&Bytes>,
) -> io::Result<(usize, bool)> {
    let parts = &parts[..parts.len().min(GATHERED)];
    let one = joined.or(match parts {
        [one] => Some(&one.bytes),
        _ => None,
    });
    // What nearly every write is, without anything being gathered.
    if let Some(bytes) = one.filter(|_| own.is_empty()) {
        let count = socket.write(bytes)?;
        return Ok((count, count == bytes.len()));
    }
    let many = parts.iter().filter(|_| one.is_none()).map(|part| &part.bytes);
    let shared = one.into_iter().chain(many).map(|bytes| &bytes[..]);
    let slices: Vec<_> = [own].into_iter().chain(shared).map(IoSlice::new).collect();
    let count = socket.write_vectored(&slices)?;
    Ok((count, count == slices.iter().map(|slice| slice.len()).sum::<usize>()))
}

/// What is so when some bytes of a few parts are out.
#[derive(Debug, Default)]
struct Sent {
    /// Where the reader stands with those that are out, and the one that is in part.
    place: Option<Place>,
    /// The rest of that one: a copy, so that nothing else is held for it.
    rest: Bytes,
    /// How many are left.
    left: usize,
}

fn sent(parts: &[Part], count: usize) -> Sent {
    let mut out = count;
    let mut place = None;
    for (index, part) in parts.iter().enumerate() {
        if out == 0 {
            return Sent { place, rest: Bytes::new(), left: parts.len() - index };
        }
        place = Some(part.after);
        if let Some(rest) = part.bytes.get(out..).filter(|rest| !rest.is_empty()) {
            let rest = Bytes::copy_from_slice(rest);
            return Sent { place, rest, left: parts.len() - index - 1 };
        }
        out -= part.bytes.len();
    }
    Sent { place, ..Sent::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        server::hub::{Hub, HubSettings, Join},
        wire::{Epoch, Seq, StreamFilter},
    };

    /// Wherever the socket stops: what is out, what is kept and what is left
    /// are the whole; and what is kept holds none of what it was cut from.
    #[test]
    fn of_a_part_that_is_cut_only_its_rest_is_kept() {
        let settings = HubSettings { ring_bytes: 1 << 20 };
        let hub = Hub::new(Epoch(1), Seq::START, settings);
        let Join::Seat(seat) = hub.join(&StreamFilter::default(), Seq::START) else {
            panic!("the hub is at its beginning");
        };
        let texts: [&'static [u8]; 3] = [b"data: one\n\n", b"data: two\n\n", b"data: three\n\n"];
        let parts = texts.map(|text| Part { bytes: Bytes::from(text.to_vec()), after: seat.place });
        let whole = texts.concat();
        for count in 0..=whole.len() {
            let Sent { place, rest, left } = sent(&parts, count);
            assert_eq!(place.is_some(), count > 0);
            let left = texts[texts.len() - left..].concat();
            assert_eq!([&whole[..count], &rest, &left].concat(), whole, "{count}");
            assert!(rest.is_empty() || rest.is_unique(), "{count}");
            assert!(rest.len() < 13);
        }
    }
}
