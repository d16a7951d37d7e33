//! The thin reactive layer: what the pure modules say, as signals. One signal
//! for each order and one list of the drawn ones for each lane, so that a change
//! touches its own ticket and nothing else.

use std::time::Duration;

use leptos::prelude::{
    ArcRwSignal, GetUntracked, Notify, RwSignal, Set, StoredValue, Track, Trigger, Update,
    UpdateValue, WithUntracked, WithValue, document, set_interval, window,
};
use web_sys::MessageEvent;

use super::{
    actions::{Action, Mark, Undo},
    api::Failure,
    board_state::{BoardState, Outcome, Rank, Rest, Step, index},
    clock::ServerClock,
    freshness::{Command, Freshness, Input, State},
    source::{self, Source},
    table::Table,
    window::{STEP, Window},
};
use crate::{
    domain::{FoodOrder, Lane, OrderId, UnixMillis, Version, text::count},
    wire::{
        BoardPage, BoardSettings, Bye, ByeReason, Heartbeat, Hello, Snapshot, Stats, lean::Lean,
    },
};

/// How long a ticket that came over the stream is marked as new.
const FRESH_MS: i64 = 20_000;
/// How long a line such as "Resynced" stays.
const NOTICE_MS: i64 = 6_000;
/// New orders are read out together, at most this often.
const ANNOUNCE_EVERY_MS: i64 = 4_000;
/// A board whose count differs from the server's reads everything anew, at most this often.
const RESYNC_EVERY_MS: i64 = 60_000;

/// One order on the board, and what is under way with it.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// The order as the stream last brought it.
    pub order: FoodOrder,
    /// What is under way.
    pub mark: Mark,
}

/// A ticket in its lane.
#[derive(Clone)]
pub struct Row {
    /// Of which order.
    pub id: OrderId,
    /// The ticket.
    pub ticket: ArcRwSignal<Ticket>,
}

/// What the page says of the whole.
#[derive(Clone, Debug)]
pub struct Pulse {
    /// How far the board can be trusted.
    pub state: State,
    /// When the server was last heard, in its own time.
    pub last_sign: UnixMillis,
    /// For how long it has not been heard. A demo's clock may run fast; silence
    /// is reckoned in the time of whoever looks at the board.
    pub silent_ms: i64,
    /// How the last hour went.
    pub stats: Stats,
    /// How many orders are open, whatever the filter.
    pub open: u64,
    /// The bump that can be taken back.
    pub undo: Option<Undo>,
    /// One line about the board itself, until the local clock shows this.
    pub notice: Option<(String, i64)>,
}

/// The board's signals, and the connection that feeds them.
#[derive(Clone, Copy)]
pub struct LiveBoard {
    /// The server's time, once a second. Every age on the page is reckoned from it.
    pub now: RwSignal<UnixMillis>,
    /// The local time, once a second; for what runs out.
    pub local: RwSignal<UnixMillis>,
    /// What the page says of the whole.
    pub pulse: RwSignal<Pulse>,
    /// Read out when there is time.
    pub polite: RwSignal<String>,
    /// Read out at once.
    pub alert: RwSignal<String>,
    /// Tells that some ticket has just been drawn anew.
    pub changes: Trigger,
    /// Whether there is no ticket at all.
    pub empty: RwSignal<bool>,
    lanes: [RwSignal<Vec<Row>>; 4],
    windows: StoredValue<[Window<Rank>; 4]>,
    board: StoredValue<BoardState>,
    rows: StoredValue<Table<ArcRwSignal<Ticket>>>,
    /// The tickets that are marked as new.
    fresh: StoredValue<Vec<OrderId>>,
    line: StoredValue<Line>,
}

/// What the connection needs to know.
struct Line {
    /// The filter, as the stream takes it; empty when it wants everything.
    query: String,
    version: String,
    heartbeat_ms: u64,
    clock_rate: u32,
    cursor: String,
    freshness: Freshness,
    clock: ServerClock,
    /// How many heartbeats in a row counted other open orders than the board.
    mismatches: u32,
    resynced_at: Option<i64>,
    /// Whether something came that cannot be read, so that the board lacks it.
    unread: bool,
    /// Whether the next connection asks for everything.
    resync: bool,
    unannounced: Vec<String>,
    announced_at: i64,
}

fn local_now() -> i64 {
    // Whole milliseconds since 1970 fit an `f64` exactly.
    #[expect(clippy::cast_possible_truncation, reason = "see above")]
    let now = js_sys::Date::now() as i64;
    now
}

impl LiveBoard {
    /// The board as `page` shows it; on the server and in the browser the same.
    /// `query` is the page's filter, as the stream takes it.
    #[must_use]
    pub fn new(page: BoardPage, query: String) -> Self {
        let BoardPage { orders, cursor, server_time, stats, settings, open, .. } = page;
        let BoardSettings { version, promises, heartbeat_ms, clock_rate, .. } = settings;
        let mut board = BoardState::new(promises);
        let outcome = board.replace(orders);
        let live = Self {
            now: RwSignal::new(server_time),
            local: RwSignal::new(server_time),
            pulse: RwSignal::new(Pulse {
                state: State::Connecting,
                last_sign: server_time,
                silent_ms: 0,
                stats,
                open,
                undo: None,
                notice: None,
            }),
            polite: RwSignal::new(String::new()),
            alert: RwSignal::new(String::new()),
            changes: Trigger::new(),
            empty: RwSignal::new(true),
            lanes: [(); 4].map(|()| RwSignal::new(Vec::new())),
            windows: StoredValue::new([Window::default(); 4]),
            board: StoredValue::new(board),
            rows: StoredValue::new(Table::default()),
            fresh: StoredValue::new(Vec::new()),
            line: StoredValue::new(Line {
                query,
                version,
                heartbeat_ms,
                clock_rate,
                cursor: cursor.to_string(),
                freshness: Freshness::new(heartbeat_ms, server_time.0, 1),
                clock: ServerClock::new(clock_rate, server_time, server_time.0),
                mismatches: 0,
                resynced_at: None,
                unread: false,
                resync: false,
                unannounced: Vec::new(),
                announced_at: 0,
            }),
        };
        live.step(outcome, None);
        live
    }

    /// The tickets of `lane` that are drawn, the most urgent first. Told whenever
    /// the lane changes, below them too.
    #[must_use]
    pub fn lane(self, lane: Lane) -> RwSignal<Vec<Row>> {
        self.lanes[index(lane)]
    }

    /// What of `lane` is not drawn; follow the lane to be told of changes.
    #[must_use]
    pub fn rest(self, lane: Lane, now: UnixMillis) -> Rest {
        let drawn = self.drawn(lane);
        self.read(|board| board.rest(lane, drawn, now))
    }

    /// How many tickets of `lane` are drawn.
    #[must_use]
    pub fn drawn(self, lane: Lane) -> usize {
        self.lane(lane).with_untracked(Vec::len)
    }

    /// The tickets of `lane` that are not drawn.
    #[must_use]
    pub fn undrawn(self, lane: Lane) -> Vec<Row> {
        let drawn = self.drawn(lane);
        self.rows_of(lane, drawn, usize::MAX)
    }

    /// Draws the first `count` tickets of `lane`; never fewer than fill a screen.
    pub fn draw(self, lane: Lane, count: usize) {
        self.windows.update_value(|windows| {
            self.read(|board| windows[index(lane)].draw(board.ranks(lane), count));
        });
        self.list(lane);
    }

    /// Draws some more tickets of `lane`.
    pub fn draw_more(self, lane: Lane) {
        self.draw(lane, self.drawn(lane) + STEP);
    }

    /// Draws order `id`, wherever it stands; whether it is on the board.
    pub fn draw_order(self, id: OrderId) -> bool {
        let place = self.read(|board| board.place(id));
        if let Some((lane, place)) = place
            && place >= self.drawn(lane)
        {
            self.draw(lane, place + 1);
        }
        place.is_some()
    }

    fn rows_of(self, lane: Lane, from: usize, count: usize) -> Vec<Row> {
        self.rows.with_value(|rows| {
            let row = |rank: &Rank| Some(Row { id: rank.3, ticket: rows.get(rank.3)?.clone() });
            let ranks = |board: &BoardState| {
                board.ranks(lane).iter().skip(from).take(count).filter_map(row).collect()
            };
            self.read(ranks)
        })
    }

    /// Tells what of `lane` is drawn now.
    fn list(self, lane: Lane) {
        let drawn = self.windows.try_update_value(|windows| {
            self.read(|board| windows[index(lane)].drawn(board.ranks(lane)))
        });
        self.lane(lane).set(self.rows_of(lane, 0, drawn.unwrap_or_default()));
    }

    /// The ticket of order `id`.
    #[must_use]
    pub fn row(self, id: OrderId) -> Option<ArcRwSignal<Ticket>> {
        self.rows.with_value(|rows| rows.get(id).cloned())
    }

    /// A ticket has been drawn anew, and perhaps the keyboard was on it.
    pub(super) fn changed_something(self) {
        self.changes.notify();
    }

    /// Reads the board as it stands; follow a lane or the time to be told of changes.
    pub fn read<T>(self, read: impl FnOnce(&BoardState) -> T) -> T {
        self.board.with_value(read)
    }

    /// Whether the page leaves out some orders.
    #[must_use]
    pub fn filtered(self) -> bool {
        self.line.with_value(|line| !line.query.is_empty())
    }

    /// The tickets of `lane` that have just come, the most urgent first; follows
    /// whatever changes.
    #[must_use]
    pub fn fresh(self, lane: Lane) -> Vec<OrderId> {
        self.changes.track();
        let mut fresh: Vec<(usize, OrderId)> = self.fresh.with_value(|fresh| {
            let is_fresh = |ticket: &Ticket| ticket.mark.fresh_until.is_some();
            let place = |id: &OrderId| match self.read(|board| board.place(*id)) {
                Some((there, place)) if there == lane => Some((place, *id)),
                _ => None,
            };
            let fresh = fresh
                .iter()
                .filter(|id| self.row(**id).is_some_and(|row| row.with_untracked(is_fresh)));
            fresh.filter_map(place).collect()
        });
        fresh.sort_unstable();
        fresh.into_iter().map(|(_, id)| id).collect()
    }

    /// The local clock.
    #[must_use]
    pub fn local_now(self) -> i64 {
        local_now()
    }

    /// Has `text` read out when there is time.
    pub fn say(self, text: String) {
        self.line.update_value(|line| line.unannounced.push(text));
    }

    /// Has `text` read out at once.
    pub fn alarm(self, text: &str) {
        self.alert.set(text.to_owned());
    }

    /// Somebody pressed Retry.
    pub fn reconnect(self) {
        self.feed(Input::Retry);
    }

    /// Somebody has seen that order `id` is cancelled.
    pub fn acknowledge(self, id: OrderId) {
        if let Some(outcome) = self.board.try_update_value(|board| board.acknowledge(id)) {
            self.step(outcome, None);
        }
    }

    /// The server answered that `version` holds what was done to order `id`.
    pub(super) fn saved(self, id: OrderId, version: Version) {
        let Some(row) = self.row(id) else { return };
        row.update(|ticket| {
            ticket.mark.confirmed_by = Some(version);
            // The stream may have been faster than the answer.
            if ticket.order.version >= version {
                ticket.mark.pending = None;
            }
        });
        self.changed_something();
    }

    /// Connects, and lets the time run. In the browser alone.
    pub fn start(self) {
        let server_time = self.now.get_untracked();
        let now = local_now();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a random number between 0 and 2^32"
        )]
        let seed = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
        self.line.update_value(|line| {
            line.freshness = Freshness::new(line.heartbeat_ms, now, seed);
            line.clock = ServerClock::new(line.clock_rate, server_time, now);
        });
        self.open_source();
        set_interval(move || self.feed(Input::Tick), Duration::from_secs(1));
        for (event, input) in [
            ("offline", Input::NetworkLost),
            ("online", Input::NetworkBack),
            ("pageshow", Input::Shown),
            ("focus", Input::Shown),
        ] {
            super::listen(event, move |_| self.feed(input));
        }
        // Heard by the window too, because it bubbles.
        super::listen("visibilitychange", move |_| self.shown());
    }

    fn shown(self) {
        if !document().hidden() {
            self.feed(Input::Shown);
        }
    }

    fn open_source(self) {
        let url = self.line.try_update_value(|line| {
            // Who says where to continue is not given a snapshot.
            let mut url = String::from("/live-orders?");
            if std::mem::take(&mut line.resync) {
                url.push_str("snapshot=1");
            } else {
                url.push_str("after=");
                url.push_str(&line.cursor);
            }
            if !line.query.is_empty() {
                url.push('&');
                url.push_str(&line.query);
            }
            url
        });
        let Some(url) = url else { return };
        // The old connection goes first: browsers allow few to one host.
        source::keep(None);
        let source = Source::open(
            &url,
            move |event| self.receive(&event),
            move |closed| self.feed(Input::Failed { closed }),
        );
        source::keep(source);
    }

    /// Tells the freshness what happened and does what it says.
    fn feed(self, input: Input) {
        let now = local_now();
        let told = self.line.try_update_value(|line| {
            let command = line.freshness.on(input, now);
            (command, line.freshness.state(now), line.freshness.last_sign())
        });
        let Some((command, state, last_sign)) = told else { return };
        let (server_now, heard_at) =
            self.line.with_value(|line| (line.clock.at(now), line.clock.at(last_sign)));
        if input == Input::Tick {
            self.now.set(server_now);
            self.local.set(UnixMillis(now));
        }
        // Twenty changes a second do not say twenty times that all is well.
        self.pulse.maybe_update(|pulse| {
            let mut told = input == Input::Tick || pulse.state != state;
            if pulse.state != state {
                self.announce_state(state);
            }
            told |= pulse.silent_ms / 1000 != (now - last_sign) / 1000;
            pulse.state = state;
            pulse.last_sign = heard_at;
            pulse.silent_ms = now - last_sign;
            if input == Input::Tick {
                let over = |undo: &Undo| !undo.pending && now >= undo.until.0;
                if pulse.undo.as_ref().is_some_and(over) {
                    pulse.undo = None;
                }
                if pulse.notice.as_ref().is_some_and(|(_, until)| now >= *until) {
                    pulse.notice = None;
                }
            }
            told
        });
        if input == Input::Tick {
            self.expire(now);
        }
        match command {
            // Not from inside the old connection's own listener.
            Some(Command::Open) => super::later(0, move || self.open_source()),
            Some(Command::WakeIn(millis)) => super::later(millis, move || self.feed(Input::Tick)),
            None => {}
        }
    }

    fn announce_state(self, state: State) {
        match state {
            State::NotLive => self.say("The board is not live".to_owned()),
            State::Offline { .. } => {
                self.alarm("The board is offline. Orders shown may be out of date.");
            }
            State::LiveAgain { .. } => {
                self.alarm("");
                self.say("Live again".to_owned());
            }
            _ => {}
        }
    }

    fn receive(self, event: &MessageEvent) {
        let data = event.data().as_string().unwrap_or_default();
        let id = event.last_event_id();
        let name = event.type_();
        let known = match name.as_str() {
            Hello::NAME => Hello::parse(&data).map(|hello| self.hello(&hello)),
            Heartbeat::NAME => Heartbeat::parse(&data).map(|heartbeat| self.heartbeat(&heartbeat)),
            Snapshot::NAME => Snapshot::parse(&data).map(|snapshot| self.snapshot(snapshot)),
            Bye::NAME => Bye::parse(&data).map(|bye| self.goodbye(&bye)),
            _ => FoodOrder::parse(&data).map(|order| self.changed(order)),
        };
        if known.is_some() {
            // A hello before a snapshot has no id: what it names is not here yet.
            if name != Hello::NAME {
                self.line.update_value(|line| line.cursor = id);
            }
        } else if !reload_once(&name) {
            // What cannot be read is another version's, and a page that is loaded
            // anew is of that version. Where that did not help, the whole may.
            self.line.update_value(|line| line.unread = true);
            self.resync_if_due();
        }
    }

    fn hello(self, hello: &Hello) {
        let same = self.line.with_value(|line| line.version == hello.version);
        if !same {
            reload_once(&hello.version);
        }
        self.read_clock(hello.server_time);
        self.feed(Input::Opened);
    }

    fn goodbye(self, bye: &Bye) {
        // A stream that is only of age is followed by the next one at once.
        if bye.reason == ByeReason::Shutdown {
            self.feed(Input::Farewell);
        }
    }

    fn heartbeat(self, heartbeat: &Heartbeat) {
        self.read_clock(heartbeat.server_time);
        self.feed(Input::Heartbeat);
        self.pulse.update(|pulse| {
            pulse.stats = heartbeat.stats;
            pulse.open = heartbeat.open;
        });
        let here = self.board.with_value(BoardState::open) as u64;
        let missing = !self.filtered() && here != heartbeat.open;
        self.line.update_value(|line| {
            line.mismatches = if missing { line.mismatches + 1 } else { 0 };
        });
        self.resync_if_due();
    }

    /// Reads everything anew if the board is known to lack something.
    fn resync_if_due(self) {
        let now = local_now();
        let due = self.line.try_update_value(|line| {
            // Twice in a row: the count may have been made a moment before the last event.
            let due = (line.unread || line.mismatches >= 2)
                && line.resynced_at.is_none_or(|at| now - at >= RESYNC_EVERY_MS);
            if due {
                line.resync = true;
                line.resynced_at = Some(now);
            }
            due
        });
        if due == Some(true) {
            super::later(0, move || self.open_source());
        }
    }

    fn snapshot(self, snapshot: Snapshot) {
        self.read_clock(snapshot.server_time);
        let Some(outcome) = self.board.try_update_value(|board| board.replace(snapshot.orders))
        else {
            return;
        };
        let (new, gone) = (outcome.new, outcome.gone);
        let resynced = self.line.try_update_value(|line| {
            let resynced = line.unread || line.mismatches > 0;
            (line.unread, line.mismatches) = (false, 0);
            resynced
        });
        self.take_in(outcome);
        if resynced == Some(true) {
            let text = match (new, gone) {
                (0, 0) => "Resynced, nothing was missing".to_owned(),
                (0, gone) => format!("Resynced, {} removed", count(u64::from(gone), "order")),
                (new, 0) => format!("Resynced, {} added", count(u64::from(new), "order")),
                (new, gone) => {
                    format!("Resynced, {} added, {gone} removed", count(u64::from(new), "order"))
                }
            };
            self.say(text.clone());
            self.pulse.update(|pulse| pulse.notice = Some((text, local_now() + NOTICE_MS)));
        }
    }

    fn changed(self, order: FoodOrder) {
        if let Some(outcome) = self.board.try_update_value(|board| board.apply(order)) {
            self.take_in(outcome);
        }
    }

    fn take_in(self, outcome: Outcome) {
        let Outcome { new, cancelled, gone, .. } = outcome;
        self.step(outcome, Some(local_now() + FRESH_MS));
        self.feed(Input::Changed { new, cancelled, gone });
    }

    fn read_clock(self, server_time: UnixMillis) {
        let now = local_now();
        self.line.update_value(|line| line.clock.read(server_time, now));
    }

    /// Carries `outcome` to the signals. A ticket that comes is new until `fresh_until`.
    fn step(self, outcome: Outcome, fresh_until: Option<i64>) {
        let mut gone = Vec::new();
        for step in outcome.steps {
            match step {
                Step::Insert(order) => self.insert(order, fresh_until),
                Step::Update(order) => self.update(order),
                Step::Remove(id) => gone.push(id),
            }
        }
        for lane in Lane::ALL {
            if outcome.touched[index(lane)] {
                self.list(lane);
            }
        }
        let now_empty = self.read(|board| board.tickets() == 0);
        self.empty.maybe_update(|empty| std::mem::replace(empty, now_empty) != now_empty);
        self.changed_something();
        self.rows.update_value(|rows| {
            for id in &gone {
                rows.remove(*id);
            }
        });
    }

    fn insert(self, order: FoodOrder, fresh_until: Option<i64>) {
        if fresh_until.is_some() {
            self.say(format!("New order {}", order.number));
        }
        let mark = Mark {
            // A ticket that was brought back is not a new one.
            fresh_until: fresh_until.filter(|_| !order.flags.recalled),
            ..Mark::default()
        };
        let id = order.id;
        if mark.fresh_until.is_some() {
            self.fresh.update_value(|fresh| fresh.push(id));
        }
        let row = ArcRwSignal::new(Ticket { order, mark });
        self.rows.update_value(|rows| {
            rows.insert(id, row);
        });
    }

    fn update(self, order: FoodOrder) {
        let Some(row) = self.row(order.id) else { return };
        let (id, version, number) = (order.id, order.version, order.number);
        let cancelled = !order.status.is_open();
        // Whoever ticks an item has not called the order off, nor has anybody
        // who was refused: only a lost answer may belong to what comes now.
        let own = row.with_untracked(|Ticket { mark, .. }| {
            let lost = mark.refused.as_ref().filter(|(_, failure)| !failure.answered);
            let tried = mark.pending.as_ref().or(lost.map(|(action, _)| action));
            matches!(tried, Some(Action::Go { to, .. }) if !to.is_open())
        });
        row.update(|ticket| {
            let only_the_answer_was_lost = |(action, failure): &(Action, Failure)| {
                !failure.answered && action.is_done_in(&order)
            };
            if ticket.mark.refused.as_ref().is_some_and(only_the_answer_was_lost) {
                ticket.mark.refused = None;
            }
            if ticket.mark.pending.as_ref().is_some_and(|action| action.is_done_in(&order)) {
                ticket.mark.seen_done = true;
            }
            if ticket.mark.confirmed_by.is_some_and(|confirmed| confirmed <= version) {
                ticket.mark.pending = None;
            }
            ticket.order = order;
        });
        if cancelled && own {
            // Whoever cancelled it here knows.
            super::later(0, move || self.acknowledge(id));
        } else if cancelled {
            self.alarm(&format!("Order {number} is cancelled"));
        }
    }

    /// What runs out with time: marks; and what is read out.
    fn expire(self, now: i64) {
        let over = self.fresh.try_update_value(|fresh| {
            let until = |row: &ArcRwSignal<Ticket>| row.with_untracked(|it| it.mark.fresh_until);
            let is_over = |id: &mut OrderId| {
                self.row(*id).as_ref().and_then(until).is_none_or(|until| now >= until)
            };
            fresh.extract_if(.., is_over).collect::<Vec<_>>()
        });
        for id in over.into_iter().flatten() {
            if let Some(row) = self.row(id) {
                row.update(|ticket| ticket.mark.fresh_until = None);
            }
            self.changed_something();
        }
        let text = self.line.try_update_value(|line| {
            if line.unannounced.is_empty() || now - line.announced_at < ANNOUNCE_EVERY_MS {
                return None;
            }
            line.announced_at = now;
            Some(std::mem::take(&mut line.unannounced).join(". "))
        });
        if let Some(text) = text.flatten() {
            self.polite.set(text);
        }
    }
}

/// Where this tab remembers what it was loaded anew for.
const RELOADED_FOR: &str = "reloaded-for";

/// Loads the page anew, once for each `cause`; whether it does.
fn reload_once(cause: &str) -> bool {
    let Ok(Some(storage)) = window().session_storage() else { return false };
    storage.get_item(RELOADED_FOR).ok().flatten().as_deref() != Some(cause)
        && storage.set_item(RELOADED_FOR, cause).is_ok()
        && window().location().reload().is_ok()
}
