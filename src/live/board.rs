//! The thin reactive layer: what the pure modules say, as signals. One signal
//! for each order and one list of the drawn ones for each lane, so that a change
//! touches its own ticket and nothing else.

use std::time::Duration;

use leptos::prelude::{
    ArcRwSignal, GetUntracked, Notify, RwSignal, Set, StoredValue, Track, Trigger, Update,
    UpdateValue, WithUntracked, WithValue, document, set_interval, window,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, MessageEvent};

use super::{
    actions::{Action, Mark, Undo},
    api,
    aside::Aside,
    board_state::{BoardState, Outcome, Rank, Rest, Step, index},
    check::Check,
    clock::ServerClock,
    freshness::{Command, Freshness, Input, State},
    known::{self, Written},
    part::Part,
    ringer::Sound,
    shared::{self, Told},
    slots::is_just_now,
    source::{self, Source},
    table::Table,
    window::{STEP, Window},
};
use crate::{
    domain::{
        FoodOrder, Lane, OrderId, UnixMillis, Version,
        change::Acknowledged,
        screen::{Announce, Sort, Sounds},
    },
    wire::{
        BoardPage, BoardSettings, Bye, ByeReason, EventId, Heartbeat, Hello, Snapshot, Stats,
        lean::{Json, Lean},
    },
    words::{Word, say, spoken},
};

/// Changes are shown together, at most this often; one that comes alone is shown
/// at once. Twenty of them a second would be twenty frames, and nobody sees more
/// than a few: what they cost is taken from whoever touches the board.
const TOGETHER_MS: i64 = 200;
/// Whoever touches the board sees what that does before anything else.
const TOUCH_FIRST_MS: i64 = 100;
/// How long a ticket that came over the stream is marked as new.
const FRESH_MS: i64 = 20_000;
/// Who a board acts as that is of no screen.
pub const ANY_BOARD: &str = "board";
/// Whoever has the connection for other tabs answers them within this.
const ANSWER_MS: u32 = 1_500;
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
    /// When the board last had everything, in the server's time.
    pub whole_at: UnixMillis,
    /// For how long it has not. A demo's clock may run fast; silence is reckoned in
    /// the time of whoever looks at the board.
    pub silent_ms: i64,
    /// How the last hour went.
    pub stats: Stats,
    /// How many orders are open, whatever the filter.
    pub open: u64,
    /// The bump that can be taken back.
    pub undo: Option<Undo>,
    /// How many orders are for later.
    pub later: usize,
    /// How many minutes the device's clock is fast, if that is worth a word.
    pub clock_is_fast: i64,
    /// One line about the board itself, until the local clock shows this.
    pub notice: Option<(String, i64)>,
    /// How many actions wait to be sent, and whether the device remembers all of them.
    pub waiting: (usize, bool),
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
    /// What the board knows besides its orders.
    pub aside: Aside,
    lanes: [RwSignal<Vec<Row>>; 4],
    windows: StoredValue<[Window<Rank>; 4]>,
    board: StoredValue<BoardState>,
    rows: StoredValue<Table<ArcRwSignal<Ticket>>>,
    /// The tickets that are marked as new.
    fresh: StoredValue<Vec<OrderId>>,
    line: StoredValue<Line>,
}

/// Tickets stay where they are while somebody touches them, and until the
/// finger is out of the way.
#[derive(Clone, Copy, Debug, Default)]
struct Still {
    /// Until when, by the local clock.
    until: i64,
    /// The lanes that have changed meanwhile.
    touched: [bool; 4],
}

/// What the connection needs to know.
#[expect(clippy::struct_excessive_bools, reason = "each stands or falls by itself")]
struct Line {
    /// The filter, as the stream takes it; empty when it wants everything.
    query: String,
    /// Who the board acts as: its screen's name.
    actor: String,
    /// What of the orders is read out.
    announce: Announce,
    /// Whether an allergen has to be acknowledged before the bump.
    careful: bool,
    version: String,
    heartbeat_ms: u64,
    clock_rate: u32,
    /// Whether the server's clock is that of a demo, which is at another time.
    demo: bool,
    cursor: String,
    freshness: Freshness,
    clock: ServerClock,
    /// How many heartbeats in a row counted other open orders than the board.
    mismatches: u32,
    resynced_at: Option<i64>,
    /// When the board looks whether it is what the server has.
    check: Check,
    /// Whether something came that cannot be read, so that the board lacks it.
    unread: bool,
    /// What the page is to be loaded anew for, as a newer version of the server, and
    /// since when.
    newer: Option<(String, i64)>,
    /// Whether connections ask for everything, until it has come.
    resync: bool,
    /// What the device remembers of the board.
    written: Written,
    /// What other tabs have told while this one reads what it lacks.
    held: Option<Vec<[String; 3]>>,
    unannounced: Vec<String>,
    announced_at: i64,
    still: Still,
    coming: Coming,
    /// The order whose last bump is being taken back here.
    undone: Option<OrderId>,
}

impl Line {
    /// Whether the board is known to lack something. A count twice in a row: once may be of
    /// a moment before the last event.
    fn lacks(&self) -> bool {
        self.unread || self.mismatches >= 2
    }
}

/// What a board reads that may lack something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// What came after the last event that it has.
    Events,
    /// The board as it stands.
    Whole,
    /// The same, to see whether it lacks anything at all.
    Check,
}

/// What has come and is not shown yet.
#[derive(Default)]
struct Coming {
    orders: Vec<FoodOrder>,
    /// Whether a finger is down: a ticket that grows pushes others away under it,
    /// and one whose order moves on has another button there.
    held: bool,
    /// Not before this, by the clock that nobody sets.
    not_before: i64,
    /// Whether it is looked at again.
    waits: bool,
}

/// Longest that a touch keeps the tickets where they are.
const TOUCH_MS: i64 = 5_000;
/// How long they stay after it.
const AFTER_TOUCH_MS: i64 = 400;
/// After a touch the page is not loaded anew for so long.
const FREE_MS: i64 = 5_000;
/// A page of another version is loaded anew within this, whoever is busy at it.
const RELOAD_WITHIN_MS: i64 = 300_000;
/// A device whose clock differs from the server's by less says nothing of it.
const SKEW_MS: i64 = 60_000;

/// Milliseconds since the page was opened, by a clock that nobody sets.
fn monotonic_now() -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds are enough")]
    let now = window().performance().map_or_else(js_sys::Date::now, |it| it.now()) as i64;
    now
}

pub(super) fn local_now() -> i64 {
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
        let part = Part::of_page(&page);
        let BoardPage { orders, cursor, server_time, stats, settings, open, intake, .. } = page;
        let BoardSettings { version, heartbeat_ms, clock_rate, screen, demo, actor, .. } = settings;
        let sort = screen.as_ref().map_or(Sort::Due, |screen| screen.sort);
        let mut board = BoardState::of(part, sort);
        let outcome = board.replace(orders);
        let live = Self {
            now: RwSignal::new(server_time),
            local: RwSignal::new(server_time),
            pulse: RwSignal::new(Pulse {
                state: State::Connecting,
                whole_at: server_time,
                silent_ms: 0,
                stats,
                open,
                undo: None,
                later: 0,
                clock_is_fast: 0,
                notice: None,
                waiting: (0, true),
            }),
            polite: RwSignal::new(String::new()),
            alert: RwSignal::new(String::new()),
            changes: Trigger::new(),
            empty: RwSignal::new(true),
            aside: Aside::new(
                intake,
                screen.as_ref().map_or_else(Sounds::default, |screen| screen.sounds),
            ),
            lanes: [(); 4].map(|()| RwSignal::new(Vec::new())),
            windows: StoredValue::new([Window::default(); 4]),
            board: StoredValue::new(board),
            rows: StoredValue::new(Table::default()),
            fresh: StoredValue::new(Vec::new()),
            line: StoredValue::new(Line {
                query,
                announce: screen.as_ref().map_or(Announce::New, |screen| screen.announce),
                careful: screen.as_ref().is_some_and(|screen| screen.acknowledge_allergens),
                actor: actor
                    .or_else(|| screen.map(|screen| screen.name))
                    .unwrap_or_else(|| ANY_BOARD.to_owned()),
                version,
                heartbeat_ms,
                clock_rate,
                demo,
                cursor: cursor.to_string(),
                freshness: Freshness::new(heartbeat_ms, server_time.0, 1),
                clock: ServerClock::new(clock_rate, server_time, server_time.0),
                mismatches: 0,
                resynced_at: None,
                check: Check::new(server_time.0),
                unread: false,
                newer: None,
                resync: false,
                written: Written::default(),
                held: None,
                unannounced: Vec::new(),
                announced_at: 0,
                still: Still::default(),
                coming: Coming::default(),
                undone: None,
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

    /// Somebody puts a finger on the tickets, or takes it off.
    pub fn touched(self, down: bool) {
        let now = local_now();
        let (stays, rests) =
            if down { (TOUCH_MS, TOUCH_MS) } else { (AFTER_TOUCH_MS, TOUCH_FIRST_MS) };
        let not_before = monotonic_now() + rests;
        self.line.update_value(|line| {
            line.still.until = now + stays;
            line.coming.not_before = not_before;
            line.coming.held = down;
        });
        self.settle_in(stays);
        if !down {
            self.show_coming_when_due();
        }
    }

    /// Whether what comes waits for a finger.
    fn holds_back(self) -> bool {
        self.line.with_value(|line| line.coming.held && monotonic_now() < line.coming.not_before)
    }

    /// Lists, after `millis`, the lanes that have changed while tickets stayed
    /// where they were.
    fn settle_in(self, millis: i64) {
        super::later(u32::try_from(millis).unwrap_or_default(), move || {
            let left = self.line.with_value(|line| line.still.until - local_now());
            if left > 0 {
                return self.settle_in(left);
            }
            let touched =
                self.line.try_update_value(|line| std::mem::take(&mut line.still.touched));
            let touched = touched.unwrap_or_default();
            for lane in Lane::ALL.into_iter().filter(|lane| touched[index(*lane)]) {
                self.list(lane);
            }
            if touched.contains(&true) {
                self.changed_something();
            }
        });
    }

    /// Tells what of `lane` is drawn now, or when nobody touches it any longer.
    fn list_when_still(self, lane: Lane) {
        let stays = self.line.try_update_value(|Line { still, .. }| {
            // Only the browser has fingers, and a clock of its own.
            let stays = still.until > 0 && local_now() < still.until;
            still.touched[index(lane)] |= stays;
            stays
        });
        if stays != Some(true) {
            self.list(lane);
        }
    }

    /// Tells what of `lane` is drawn now.
    fn list(self, lane: Lane) {
        self.lane(lane).set(self.rows_of(lane, 0, self.drawn_of(lane)));
    }

    /// How many tickets of `lane` are to be drawn.
    fn drawn_of(self, lane: Lane) -> usize {
        let drawn = self.windows.try_update_value(|windows| {
            self.read(|board| windows[index(lane)].drawn(board.ranks(lane)))
        });
        drawn.unwrap_or_default()
    }

    /// Lists the lanes whose list is not what the board holds, unless they stay as they
    /// are for somebody's finger. None should differ; a ticket that stood in the wrong
    /// lane would be wrong until the next change.
    pub fn list_what_differs(self) {
        for lane in Lane::ALL {
            let drawn = self.drawn_of(lane);
            let differs = |listed: &Vec<Row>| {
                let listed = listed.iter().map(|row| row.id);
                self.read(|board| {
                    !listed.eq(board.ranks(lane).iter().take(drawn).map(|rank| rank.3))
                })
            };
            if self.lane(lane).with_untracked(differs) {
                self.list_when_still(lane);
            }
        }
    }

    /// The ticket of order `id`.
    #[must_use]
    pub fn row(self, id: OrderId) -> Option<ArcRwSignal<Ticket>> {
        self.rows.with_value(|rows| rows.get(id).cloned())
    }

    /// Calls `look` with every ticket on the board, drawn or not.
    pub fn each(self, look: &mut dyn FnMut(&Ticket)) {
        self.rows.with_value(|rows| {
            for (_, row) in rows.iter() {
                row.with_untracked(|ticket| look(ticket));
            }
        });
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

    /// Whether an allergen has to be acknowledged before the bump.
    #[must_use]
    pub fn is_careful(self) -> bool {
        self.line.with_value(|line| line.careful)
    }

    /// Who the board acts as.
    #[must_use]
    pub fn actor(self) -> String {
        self.line.with_value(|line| line.actor.clone())
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

    /// The same for what came of an order, where the screen wants so much.
    fn tell(self, what: Announce, text: String) {
        let wanted = self.line.with_value(|line| line.announce);
        if wanted == Announce::All || wanted == what {
            self.say(text);
        }
    }

    /// Has `text` read out at once.
    pub fn alarm(self, text: &str) {
        self.alert.set(text.to_owned());
    }

    /// Somebody pressed Retry.
    pub fn reconnect(self) {
        self.feed(Input::Retry);
    }

    /// The last bump of order `id` is being taken back here.
    pub(super) fn undoing(self, id: OrderId) {
        self.line.update_value(|line| line.undone = Some(id));
    }

    /// Whether somebody else has just moved order `id` on, so that its button says
    /// something that nobody can have read.
    #[must_use]
    pub fn has_just_turned(self, id: OrderId) -> bool {
        let turned_at = |ticket: &Ticket| ticket.mark.turned_at;
        let at = self.row(id).map_or(0, |row| row.with_untracked(turned_at));
        is_just_now(at, local_now())
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
            line.check = Check::new(now);
            // A page from before was rendered when it says, and not now.
            let age = known::stale_since().map_or(0, |rendered| now - rendered);
            line.clock = ServerClock::new(line.clock_rate, server_time, monotonic_now() - age);
        });
        // What the page says is taken over before anything else is said.
        super::later(0, move || self.begin());
        set_interval(move || self.feed(Input::Tick), Duration::from_secs(1));
        for (event, input) in [
            ("offline", Input::NetworkLost),
            ("online", Input::NetworkBack),
            ("pageshow", Input::Shown),
            ("focus", Input::Shown),
        ] {
            super::listen(event, move |event| {
                // What has the focus within the page now says nothing of the page.
                let target = event.target();
                if target.is_none_or(|it| it.dyn_into::<Element>().is_err()) {
                    self.feed(input);
                }
            });
        }
        super::listen("pagehide", move |_| self.remember(true));
        // Heard by the window too, because it bubbles.
        super::listen("visibilitychange", move |_| self.shown());
    }

    fn shown(self) {
        if document().hidden() {
            self.remember(true);
        } else {
            // A page that was frozen was not told what other tabs did.
            self.read_others();
            self.feed(Input::Shown);
        }
    }

    /// Writes down what the board knows, if it is all there is.
    fn remember(self, goes: bool) {
        if !goes && self.holds_back() {
            return;
        }
        self.show_coming();
        if !matches!(
            self.pulse.with_untracked(|pulse| pulse.state),
            State::Live | State::LiveAgain { .. }
        ) {
            return;
        }
        let (mut written, cursor, heard_at) = self.line.with_value(|line| {
            (line.written.clone(), line.cursor.clone(), line.freshness.whole_at())
        });
        self.remember_known(&mut written, &cursor, heard_at, goes);
        self.line.update_value(|line| line.written = written);
    }

    /// Shows `see` every order on the board.
    pub(super) fn each_order(self, see: &mut dyn FnMut(&FoodOrder)) {
        self.rows.with_value(|rows| {
            for (_, row) in rows.iter() {
                row.with_untracked(|ticket| see(&ticket.order));
            }
        });
    }

    /// Takes in the orders that were known at `cursor`, if that is of the page's
    /// log and not before the page.
    pub(super) fn take_known(self, cursor: String, orders: Vec<FoodOrder>) {
        let page = self.line.with_value(|line| line.cursor.clone());
        if cursor != page && !shared::is_after(&cursor, &page) {
            return;
        }
        if let Some(outcome) = self.board.try_update_value(|board| board.replace(orders)) {
            self.step(outcome, None);
            self.line.update_value(|line| line.cursor = cursor);
        }
    }

    /// Goes on from what was known and done before the page was loaded, and connects.
    fn begin(self) {
        if let Some(stale) = known::stale_since() {
            let at = self.recall_known(stale);
            self.line.update_value(|line| line.freshness.away_since(at));
            self.feed(Input::Tick);
        }
        self.take_up_waiting();
        let query = self.line.with_value(|line| line.query.clone());
        shared::join(&query, move |told| self.overheard(told), move |leads| self.lead(leads));
        self.open_source();
    }

    /// This tab has the connection for all of them now, or no longer.
    fn lead(self, leads: bool) {
        if leads {
            self.open_source();
        } else {
            source::keep(None);
        }
    }

    fn open_source(self) {
        if shared::follows() {
            return self.ask();
        }
        let url = self.line.with_value(|line| {
            // Who says where to continue is not given a snapshot.
            let mut url = String::from("/live-orders?");
            if line.resync {
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
        // The old connection goes first: browsers allow few to one host.
        source::keep(None);
        let source = Source::open(
            &url,
            move |event| self.hear(&event),
            move |closed| {
                if closed {
                    crate::app::refused();
                }
                shared::tell(Told::Failed);
                // The browser would go on after the last id that it has seen, and not be
                // given the whole.
                let resync = self.line.with_value(|line| line.resync);
                if resync {
                    super::later(0, || source::keep(None));
                }
                self.feed(Input::Failed { closed: closed || resync });
            },
        );
        source::keep(source);
    }

    /// Asks the tab that has the connection; without an answer this one takes it.
    fn ask(self) {
        shared::ask();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a random number between 0 and 1500"
        )]
        // Not all tabs at once.
        let spread = (js_sys::Math::random() * 1_500.0) as u32;
        super::later(ANSWER_MS + spread, shared::take_if_unanswered);
        if self.line.with_value(|line| line.resync) {
            self.catch_up(Reads::Whole);
        }
    }

    /// Another tab says something.
    fn overheard(self, told: Told) {
        let follows = shared::follows();
        match told {
            Told::Ask if !follows => {
                let open = self.line.with_value(|line| line.freshness.is_open());
                shared::tell(Told::Here { open });
                // Whoever asks has not heard anything for a while.
                self.feed(Input::Shown);
            }
            Told::Here { open } if follows => {
                shared::answered();
                if open {
                    self.feed(Input::Opened);
                    self.catch_up(Reads::Events);
                } else {
                    self.feed(Input::Failed { closed: false });
                }
            }
            Told::Failed if follows => {
                shared::answered();
                self.feed(Input::Failed { closed: false });
            }
            Told::Event { name, id, before, data } if follows => {
                shared::answered();
                let lacks = self.line.try_update_value(|line| {
                    if line.held.is_some() {
                        return None;
                    }
                    Some(name != Snapshot::NAME && shared::lacks(&line.cursor, before))
                });
                match lacks.flatten() {
                    None => self.hold([name, id, data]),
                    Some(false) => self.receive(name, data, id),
                    // Until it has what it lacks, nothing says that it is live.
                    Some(true) => {
                        self.catch_up(Reads::Events);
                        self.hold([name, id, data]);
                    }
                }
            }
            _ => {}
        }
    }

    /// Reads what it lacks. What other tabs tell meanwhile waits.
    fn catch_up(self, reads: Reads) {
        let begun = self.line.try_update_value(|line| {
            let begin = line.held.is_none();
            line.held.get_or_insert_default();
            begin
        });
        if begun == Some(true) {
            api::spawn(Box::pin(async move {
                let caught_up = self.read_events(reads).await.is_some();
                let held = self.line.try_update_value(|line| line.held.take()).flatten();
                for [name, id, data] in held.unwrap_or_default() {
                    // Without what is missing, the position stays where it is,
                    // and the board is not live. What came may be older than
                    // what is missing: the higher version wins.
                    if caught_up {
                        self.receive(&name, &data, &id);
                    } else if name != Heartbeat::NAME {
                        self.receive(&name, &data, "");
                    }
                }
                self.show_coming();
                if caught_up {
                    // What it could not read, it has not read now either.
                    if !self.line.with_value(Line::lacks) {
                        self.feed(Input::Heartbeat);
                    }
                    self.send_waiting();
                }
            }));
        }
    }

    /// What another tab tells waits until this one has what it lacks.
    fn hold(self, told: [&str; 3]) {
        self.line.update_value(|line| {
            line.held.get_or_insert_default().push(told.map(str::to_owned));
        });
    }

    async fn read_events(self, mut reads: Reads) -> Option<()> {
        loop {
            let whole = reads != Reads::Events;
            let mut url = "/api/events?limit=1000&".to_owned();
            self.line.with_value(|line| {
                url.push_str(if whole { "snapshot=1" } else { "after=" });
                url.push_str(if whole { "" } else { &line.cursor });
                url.push_str(if line.query.is_empty() { "" } else { "&" });
                url.push_str(&line.query);
            });
            let mut answer = api::get(&url).await?;
            let cursor = EventId::read(answer.take("cursor")?)?;
            if std::mem::replace(&mut reads, Reads::Events) == Reads::Check {
                let there = cursor.to_string();
                let compares = self.line.try_update_value(|line| {
                    line.check.compares(&line.cursor, &there, local_now())
                });
                // What is on its way to the board, it does not lack.
                if compares != Some(true) || self.holds_back() {
                    return Some(());
                }
                self.show_coming();
            }
            // This tab has the connection by now, and has heard more by it than
            // this answer knows.
            if shared::is_after(&self.cursor(), &cursor.to_string()) {
                return None;
            }
            if let Some(mut snapshot) = answer.take("snapshot") {
                let snapshot = Snapshot {
                    reason: Lean::read(snapshot.take("reason")?)?,
                    cursor,
                    server_time: Lean::read(snapshot.take("server_time")?)?,
                    orders: Lean::read(snapshot.take("orders")?)?,
                };
                self.snapshot(snapshot, true);
            }
            let Some(Json::List(events)) = answer.take("events") else { return None };
            for mut event in events {
                self.changed(FoodOrder::read(event.take("order")?)?);
            }
            self.line.update_value(|line| line.cursor = cursor.to_string());
            if answer.take("more") != Some(Json::Bool(true)) {
                return Some(());
            }
        }
    }

    /// Tells the freshness what happened and does what it says.
    fn feed(self, input: Input) {
        let now = local_now();
        let told = self.line.try_update_value(|line| {
            let command = line.freshness.on(input, now);
            (command, line.freshness.state(now), line.freshness.whole_at())
        });
        let Some((command, state, whole_at)) = told else { return };
        // The device's own time of day may be wrong, or be put right at any
        // moment: nothing on the page is reckoned from it but what runs out.
        let monotonic = monotonic_now();
        let (server_now, server_whole_at, demo) = self.line.with_value(|line| {
            let server_whole_at = line.clock.at(monotonic - (now - whole_at));
            (line.clock.at(monotonic), server_whole_at, line.demo)
        });
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
            told |= pulse.silent_ms / 1000 != (now - whole_at) / 1000;
            pulse.state = state;
            pulse.whole_at = server_whole_at;
            pulse.silent_ms = now - whole_at;
            if input == Input::Tick {
                // A demo's clock is at another time, and says nothing of this one.
                let fast = if demo { 0 } else { now - server_now.0 };
                let half = fast.signum() * 30_000;
                pulse.clock_is_fast = if fast.abs() > SKEW_MS { (fast + half) / 60_000 } else { 0 };
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
            self.remember(false);
        }
        match command {
            // Not from inside the old connection's own listener.
            Some(Command::Open) => super::later(0, move || self.open_source()),
            Some(Command::WakeIn(millis)) => super::later(millis, move || self.feed(Input::Tick)),
            Some(Command::Rest(millis)) => {
                super::later(0, || source::keep(None));
                super::later(millis, move || self.feed(Input::Tick));
            }
            None => {}
        }
    }

    fn announce_state(self, state: State) {
        match state {
            State::NotLive => self.say(say(Word::BoardNotLive).to_owned()),
            State::Offline { .. } => {
                self.alarm(say(Word::BoardOffline));
            }
            State::LiveAgain { .. } => {
                self.alarm("");
                self.say(say(Word::LiveAgain).to_owned());
            }
            _ => {}
        }
    }

    /// The connection brought `event`: this tab passes it on and takes it in.
    fn hear(self, event: &MessageEvent) {
        let data = event.data().as_string().unwrap_or_default();
        let (id, name) = (event.last_event_id(), event.type_());
        let before = self.cursor();
        shared::tell(Told::Event { name: &name, id: &id, before: &before, data: &data });
        self.receive(&name, &data, &id);
    }

    fn receive(self, name: &str, data: &str, id: &str) {
        if [Hello::NAME, Heartbeat::NAME, Snapshot::NAME, Bye::NAME].contains(&name) {
            // What came before it is on the board before it says anything.
            if !self.holds_back() {
                self.show_coming();
            }
        }
        let known = match name {
            Hello::NAME => Hello::parse(data).map(|hello| self.hello(&hello)),
            Heartbeat::NAME => Heartbeat::parse(data).map(|heartbeat| self.heartbeat(&heartbeat)),
            Snapshot::NAME => Snapshot::parse(data).map(|snapshot| self.snapshot(snapshot, false)),
            Bye::NAME => Bye::parse(data).map(|bye| self.goodbye(&bye)),
            _ => FoodOrder::parse(data).map(|order| self.changed(order)),
        };
        if known.is_some() {
            // A hello before a snapshot has no id: what it names is not here yet.
            // What another tab tells late does not take this one back.
            self.line.update_value(|line| {
                if name == Snapshot::NAME || shared::is_after(id, &line.cursor) {
                    id.clone_into(&mut line.cursor);
                }
            });
            return;
        }
        // What cannot be read is another version's, and a page that is loaded anew is of
        // that version. Where that did not help, the whole may.
        let version = self.line.with_value(|line| line.version.clone());
        if !reload_once(RELOADED_UNREAD, &version) {
            self.line.update_value(|line| line.unread = true);
            self.feed(Input::Lacking { certain: true });
            self.resync_if_due();
        }
    }

    fn hello(self, hello: &Hello) {
        if self.line.with_value(|line| line.version != hello.version) {
            self.load_anew(hello.version.clone());
        }
        self.read_clock(hello.server_time);
        self.aside.with(&mut |things| things.seen.connected());
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
        let here = self.board.with_value(BoardState::tickets) as u64;
        let filtered = self.filtered();
        let held = self.line.with_value(|line| !line.coming.orders.is_empty());
        let missing = !filtered && !held && here != heartbeat.open;
        let now = local_now();
        let looked = self.line.try_update_value(|line| {
            line.mismatches = if missing { line.mismatches + 1 } else { 0 };
            (line.lacks(), filtered && line.check.is_due(now))
        });
        let Some((lacks, check)) = looked else { return };
        // Proof of life, and not of more, when the board is not what it tells of.
        self.feed(if lacks || missing {
            Input::Lacking { certain: lacks }
        } else {
            Input::Heartbeat
        });
        self.pulse.update(|pulse| {
            pulse.stats = heartbeat.stats;
            pulse.open = heartbeat.open;
        });
        self.aside.heartbeat(heartbeat);
        if check {
            self.catch_up(Reads::Check);
        }
        self.resync_if_due();
        // All that happened meanwhile is on the board.
        self.send_waiting();
        self.reload_when_free();
    }

    /// Has the page loaded anew for `cause`, once for each, at the next heartbeat at
    /// which nobody is busy at it.
    pub fn load_anew(self, cause: String) {
        self.line.update_value(|line| {
            line.newer.get_or_insert_with(|| (cause, local_now()));
        });
    }

    /// Loads the page anew for another version of the server: not under a finger,
    /// nor while somebody reads or types something, but within a while; and never
    /// while the page alone knows what is to be sent.
    fn reload_when_free(self) {
        let newer = self.line.with_value(|line| Some((line.newer.clone()?, line.still.until)));
        let Some(((version, since), still_until)) = newer else { return };
        let (waiting, kept) = self.pulse.with_untracked(|pulse| pulse.waiting);
        let now = local_now();
        let reads =
            document().query_selector("dialog[open], .has-panel").is_ok_and(|it| it.is_some());
        let busy = reads || now < still_until + FREE_MS;
        if (waiting == 0 || kept) && !(busy && now - since < RELOAD_WITHIN_MS) {
            reload_once(RELOADED_FOR, &version);
        }
    }

    /// Reads everything anew if the board is known to lack something.
    fn resync_if_due(self) {
        let now = local_now();
        let due = self.line.try_update_value(|line| {
            let due = line.lacks() && line.resynced_at.is_none_or(|at| now - at >= RESYNC_EVERY_MS);
            if due {
                line.resync = true;
                line.resynced_at = Some(now);
            }
            due
        });
        if due == Some(true) {
            self.feed(Input::Retry);
        }
    }

    /// Takes in the board as the server has it; `told` says that it is worth a
    /// word if that is another than it was here.
    fn snapshot(self, snapshot: Snapshot, told: bool) {
        self.read_clock(snapshot.server_time);
        for order in &snapshot.orders {
            self.settle_waiting(order);
        }
        let Some(outcome) = self.board.try_update_value(|board| board.replace(snapshot.orders))
        else {
            return;
        };
        let (new, gone) = (outcome.new, outcome.gone);
        let resynced = self.line.try_update_value(|line| {
            let resynced = line.unread || line.mismatches > 0;
            (line.unread, line.mismatches, line.resync) = (false, 0, false);
            resynced
        });
        self.take_in(outcome);
        if resynced == Some(true) || told && (new, gone) != (0, 0) {
            let words = spoken();
            let orders = |count: u32| words.count(Word::Orders, u64::from(count));
            let text = match (new, gone) {
                (0, 0) => say(Word::ResyncedSame).to_owned(),
                (0, gone) => words.with(Word::ResyncedRemoved, &orders(gone)),
                (new, 0) => words.with(Word::ResyncedAdded, &orders(new)),
                (new, gone) => {
                    let removed = words.with(Word::ManyGone, &gone.to_string());
                    [words.with(Word::ResyncedAdded, &orders(new)), removed].join(", ")
                }
            };
            self.note(text);
        }
    }

    /// Says `text`, a line about the board itself, for a while.
    pub fn note(self, text: String) {
        self.say(text.clone());
        self.pulse.update(|pulse| pulse.notice = Some((text, local_now() + NOTICE_MS)));
    }

    /// Up to where the board has everything.
    pub(super) fn cursor(self) -> String {
        self.line.with_value(|line| line.cursor.clone())
    }

    /// Which database the board shows the orders of.
    pub(super) fn epoch(self) -> String {
        self.cursor().split('-').next().unwrap_or_default().to_owned()
    }

    /// Shows `order` when it is time for what has come.
    fn changed(self, order: FoodOrder) {
        // Whoever has just done it waits for it, and a page that nobody sees has
        // timers that come late.
        let awaited = self
            .row(order.id)
            .is_some_and(|row| row.with_untracked(|ticket| ticket.mark.pending.is_some()));
        if awaited && self.holds_back() {
            // What others did waits for the finger all the same.
            return self.show_orders(vec![order]);
        }
        self.line.update_value(|line| line.coming.orders.push(order));
        if awaited || document().hidden() {
            self.show_coming();
        } else if self.line.with_value(|line| !line.coming.waits) {
            self.show_coming_when_due();
        }
    }

    fn show_coming_when_due(self) {
        let wait = self.line.with_value(|line| line.coming.not_before - monotonic_now());
        if wait <= 0 {
            return self.show_coming();
        }
        self.line.update_value(|line| line.coming.waits = true);
        super::later(u32::try_from(wait).unwrap_or_default(), move || {
            self.line.update_value(|line| line.coming.waits = false);
            self.show_coming_when_due();
        });
    }

    /// Shows what has come.
    fn show_coming(self) {
        let coming = self.line.try_update_value(|line| std::mem::take(&mut line.coming.orders));
        let coming = coming.unwrap_or_default();
        if !coming.is_empty() {
            self.show_orders(coming);
        }
    }

    fn show_orders(self, coming: Vec<FoodOrder>) {
        for order in &coming {
            self.settle_waiting(order);
        }
        if let Some(outcome) = self.board.try_update_value(|board| board.apply_all(coming)) {
            self.take_in(outcome);
        }
        let not_before = monotonic_now() + TOGETHER_MS;
        self.line.update_value(|line| {
            line.coming.not_before = line.coming.not_before.max(not_before);
        });
    }

    fn take_in(self, outcome: Outcome) {
        let Outcome { new, cancelled, gone, .. } = outcome;
        self.step(outcome, Some(local_now() + FRESH_MS));
        self.feed(Input::Changed { new, cancelled, gone });
    }

    fn read_clock(self, server_time: UnixMillis) {
        let now = monotonic_now();
        self.line.update_value(|line| line.clock.read(server_time, now));
    }

    /// Carries `outcome` to the signals. A ticket that comes is new until `fresh_until`.
    fn step(self, outcome: Outcome, fresh_until: Option<i64>) {
        let mut gone = Vec::new();
        for step in outcome.steps {
            match step {
                Step::Insert(order) => {
                    // One that went may have come back with the same news.
                    gone.retain(|id| *id != order.id);
                    self.insert(order, fresh_until);
                }
                Step::Update(order) => self.update(order),
                Step::Fire(order) => self.fire(order, fresh_until),
                Step::Remove(id) => gone.push(id),
            }
        }
        for lane in Lane::ALL {
            if outcome.touched[index(lane)] {
                self.list_when_still(lane);
            }
        }
        if outcome.later {
            let later = self.read(|board| board.later().len());
            self.pulse.update(|pulse| pulse.later = later);
        }
        let now_empty = self.read(BoardState::is_empty);
        self.empty.maybe_update(|empty| std::mem::replace(empty, now_empty) != now_empty);
        self.changed_something();
        self.rows.update_value(|rows| {
            for id in &gone {
                rows.remove(*id);
            }
        });
        // What a ticket said of something refused has gone with it.
        for id in gone {
            self.tell_if_gone(id);
        }
    }

    /// A ticket that was for later comes into a lane, as new as any other.
    fn fire(self, order: FoodOrder, fresh_until: Option<i64>) {
        let (id, open) = (order.id, order.status.is_open());
        self.update(order);
        if let (Some(until), Some(row), true) = (fresh_until, self.row(id), open) {
            row.with_untracked(|ticket| self.tell_new(&ticket.order));
            row.update(|ticket| ticket.mark.fresh_until = Some(until));
            self.fresh.update_value(|fresh| fresh.push(id));
        }
    }

    /// Somebody who cannot see the board hears of an allergen at once.
    fn tell_new(self, order: &FoodOrder) {
        let mut told = spoken().with(Word::NewOrder, &order.number.to_string());
        let allergens = order.allergens();
        if allergens.is_empty() {
            return self.tell(Announce::New, told);
        }
        for part in [", ", say(Word::Allergy), ": ", &allergens.join(", ")] {
            told.push_str(part);
        }
        if self.line.with_value(|line| line.announce != Announce::Off) {
            self.alarm(&told);
        }
    }

    fn insert(self, order: FoodOrder, fresh_until: Option<i64>) {
        // One that is for later is new when it fires.
        let in_lane = self.read(|board| board.place(order.id).is_some());
        let fresh_until = fresh_until.filter(|_| in_lane);
        if fresh_until.is_some() {
            self.tell_new(&order);
        }
        let sound = fresh_until.and_then(|_| self.sound(None, &order));
        if let Some(sound) = sound {
            self.aside.with(&mut |things| things.ringer.note(sound));
        }
        let mark = Mark {
            // A ticket that was brought back is not a new one.
            fresh_until: fresh_until.filter(|_| !order.flags.recalled),
            came_while_away: sound == Some(Sound::New) && self.catches_up(),
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
        // It may have been here before, with something that waits.
        self.mark_waiting(id);
    }

    fn sound(self, before: Option<&FoodOrder>, after: &FoodOrder) -> Option<Sound> {
        self.read(|board| Sound::of(before, after, board.part()))
    }

    fn update(self, order: FoodOrder) {
        let Some(row) = self.row(order.id) else { return };
        // What this screen does itself, it need not be told. A board that is of
        // no screen shares its name with every other one.
        let actor = self.actor();
        let mine = actor != ANY_BOARD && order.last_change.actor.id == actor;
        row.with_untracked(|Ticket { order: before, mark }| {
            if let Some(sound) = self.sound(Some(before), &order)
                && !mine
                && mark.pending.is_none()
            {
                self.aside.with(&mut |things| things.ringer.note(sound));
            }
        });
        let (id, version, number) = (order.id, order.version, order.number);
        let went = row.with_untracked(|before| before.order.status != order.status);
        if went && !mine && order.status.is_open() {
            let is = spoken().with(Word::OrderIs, &number.to_string());
            self.tell(Announce::All, [&is, " ", say(Word::of_status(order.status))].concat());
        }
        let cancelled = !order.status.is_open();
        // What a cook may have in hand goes only when somebody at it says so.
        let begun = order.times.preparing_at.is_some();
        // Whoever ticks an item has not called the order off, nor has anybody
        // who was refused: only what waits may belong to what comes now.
        let own = row.with_untracked(|Ticket { mark, .. }| {
            let tried = match (&mark.pending, &mark.waiting) {
                (Some(Action::Go { to, .. }), _) => Some(*to),
                (_, Some(waiting)) => waiting.status,
                _ => None,
            };
            tried.is_some_and(|to| !to.is_open())
        });
        // Once, however many stations say afterwards that they know.
        let was_open = row.with_untracked(|ticket| ticket.order.status.is_open());
        let cancelled = cancelled && was_open;
        let undone = self.line.try_update_value(|line| line.undone.take_if(|it| *it == id));
        let undone = undone.flatten().is_some();
        let now = local_now();
        row.update(|ticket| {
            let Mark { pending, waiting, .. } = &ticket.mark;
            let awaited = waiting.as_ref().and_then(|it| it.status) == Some(order.status);
            if went && pending.is_none() && !awaited && !undone {
                ticket.mark.turned_at = now;
            }
            if ticket.mark.confirmed_by.is_some_and(|confirmed| confirmed <= version) {
                ticket.mark.pending = None;
            }
            // What is held back is asked for anew when the order is another one.
            ticket.mark.anyway = false;
            ticket.mark.came_while_away &= ticket.order.status == order.status;
            ticket.order = order;
        });
        self.mark_waiting(id);
        if cancelled && own && !begun {
            // Whoever cancelled it here knows, and nobody else has it in hand.
            super::later(0, move || {
                // Done, whether its answer has come or not.
                if let Some(row) = self.row(id) {
                    row.update(|ticket| ticket.mark.pending = None);
                }
                self.know(id, Acknowledged::Cancel);
            });
        } else if cancelled && !own {
            self.alarm(&spoken().with(Word::OrderIsCancelled, &number.to_string()));
        }
    }

    /// Whether what was missed is coming in.
    fn catches_up(self) -> bool {
        let state = self.line.with_value(|line| line.freshness.state(local_now()));
        matches!(state, State::CatchingUp { .. })
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

/// The same, of the version of the page that could not read something.
const RELOADED_UNREAD: &str = "reloaded-unread";

/// Loads the page anew, once for each `cause` that is kept in `place`; whether it does.
fn reload_once(place: &str, cause: &str) -> bool {
    let Ok(Some(storage)) = window().session_storage() else { return false };
    storage.get_item(place).ok().flatten().as_deref() != Some(cause)
        && storage.set_item(place, cause).is_ok()
        && window().location().reload().is_ok()
}
