//! What a screen does besides showing orders: it sounds, stays awake and fills
//! the device, once somebody has started it with one tap, because browsers want
//! that. Nothing else waits for the tap. Of several tabs with the same screen, one
//! sounds: one that can, as long as it can.
//!
//! When a sound is due is decided by [`ringer`](crate::live::ringer); how it is
//! made, by a script that is fetched when the screen is started. The two speak
//! by events of the page.

use std::cell::RefCell;

use js_sys::{Function, Promise};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{CustomEvent, CustomEventInit};

use super::{
    Ui,
    html::{Html, Spots, effect},
    words::Word,
};
use crate::{
    domain::{Ageing, Lane, QuietHours, TimeOfDay},
    live::{
        freshness::State,
        later, listen,
        ringer::{MUTE_MS, Standing, wants_answer},
        shared,
    },
    wire::BoardSettings,
};

/// Tells the page's script what to do.
pub const COMMAND_EVENT: &str = "live-orders:screen";
/// The page's script says how the screen stands, on the root element.
pub const STANDING_EVENT: &str = "live-orders:screen-is";

/// Where this device remembers that it was started.
const STARTED: &str = "screen-started";
/// Where it remembers what was heard on a screen, whose name follows.
const HEARD: &str = "heard-on-";
/// Where it remembers until when it is muted.
const MUTED: &str = "muted-until";
/// For how long a screen that was started before is waited for.
const LONGEST_START_MS: u32 = 5_000;
/// A turn to sound that has not come after this is another tab's.
const TURN_MS: u32 = 500;
/// A tap that comes this soon after the screen can be heard is the one that browsers
/// waited for, and no wish to mute it.
const TAP_MS: i64 = 1_000;
/// How loud a board is that is of no screen.
const VOLUME: u32 = 70;

/// Whether the screen can be heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speaker {
    /// Nobody has started it.
    #[default]
    Off,
    /// It can.
    On,
    /// The browser does not let it.
    Blocked,
}

/// How the screen stands besides its orders.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each stands or falls by itself")]
pub struct Device {
    speaker: Speaker,
    /// Since when, by the local clock.
    since: i64,
    /// Whether the device may go to sleep although the screen was started.
    may_sleep: bool,
    /// Until when it is muted, by the local clock.
    muted: Option<i64>,
    /// Whether the screen asks to be started.
    asks: bool,
    /// Whether it was started before the page was loaded, and has not said yet how
    /// it stands: what is to be heard waits for that.
    starting: bool,
    volume: u32,
    /// When only alarms sound.
    hours: Option<QuietHours>,
    /// Whether it is so now.
    quiet: bool,
    /// Whether an order waits for an answer, as of the last second.
    answer: bool,
    /// Whether another tab sounds.
    elsewhere: bool,
}

impl Device {
    /// The device of a page with these settings.
    #[must_use]
    pub fn new(settings: &BoardSettings) -> Self {
        let screen = settings.screen.as_ref();
        let time = |minutes: Option<u32>| minutes.and_then(TimeOfDay::of_minutes);
        let hours = screen.and_then(|it| time(it.quiet_from).zip(time(it.quiet_until)));
        Self {
            speaker: Speaker::Off,
            since: 0,
            may_sleep: false,
            muted: None,
            asks: screen.is_some(),
            starting: false,
            volume: screen.map_or(VOLUME, |screen| screen.volume),
            hours: hours.map(|(from, until)| QuietHours { from, until }),
            quiet: false,
            answer: false,
            elsewhere: false,
        }
    }

    /// As it stands.
    fn of(ui: Ui) -> Option<Self> {
        let mut device = None;
        ui.panels.with(&mut |state| device = Some(state.device));
        device
    }

    /// Whether it can be heard, and could a moment ago.
    fn sounds(ui: Ui) -> bool {
        let now = ui.live.local_now();
        Self::of(ui).is_some_and(|it| it.speaker == Speaker::On && (now - it.since).abs() > TAP_MS)
    }

    /// As it stands; follows it.
    fn followed(ui: Ui) -> Option<Self> {
        ui.panels.track();
        Self::of(ui)
    }

    /// Changes it, and tells whoever follows if that made a difference.
    fn change(ui: Ui, change: &mut dyn FnMut(&mut Self)) {
        let Some(before) = Self::of(ui) else { return };
        let mut after = before;
        change(&mut after);
        let look = |it: &Self| (it.speaker, it.may_sleep, it.muted, it.asks, it.quiet);
        if look(&before) == look(&after) {
            ui.panels.with(&mut |state| state.device = after);
        } else {
            ui.panels.change(&mut |state| state.device = after);
        }
    }
}

/// The chip in the header.
pub fn spots(ui: Ui, spots: &mut Spots) {
    spots.class("sound", move || {
        let look = match Device::followed(ui) {
            Some(Device { speaker: Speaker::Blocked, .. }) => "switch is-blocked",
            Some(Device { muted: Some(_), .. } | Device { quiet: true, .. }) => "switch is-some",
            _ => "switch",
        };
        look.to_owned()
    });
    spots.content("sound", move || {
        let Some(device) = Device::followed(ui) else { return String::new() };
        let until = device.muted.map(|until| {
            // The clock on the wall, which is the location's.
            let now = ui.live.now.get_untracked();
            now.plus(until - ui.live.local.get_untracked().0)
        });
        let sleepy = if device.may_sleep { ui.say(Word::MaySleep) } else { "" };
        let mut html = Html::default();
        let (word, more) = match (device.speaker, until) {
            (Speaker::Blocked, _) => (ui.say(Word::SoundBlocked), ui.say(Word::Tap).to_owned()),
            (_, Some(until)) => {
                let until = ui.time_of_day(until, false);
                (ui.say(Word::Muted), ui.words.with(Word::Until, &until))
            }
            (Speaker::On, None) => match device.hours.filter(|_| device.quiet) {
                Some(hours) => {
                    let until = ui.words.with(Word::Until, &hours.until.to_string());
                    (ui.say(Word::SoundQuiet), until)
                }
                None => (ui.say(Word::SoundOn), sleepy.to_owned()),
            },
            (Speaker::Off, None) => (ui.say(Word::StartScreen), String::new()),
        };
        html.raw("<b>").text(word).raw("</b>");
        if !more.is_empty() {
            html.raw(" <span>").text(&more).raw("</span>");
        }
        html.done()
    });
    spots.content("gate", move || {
        let mut html = Html::default();
        if Device::followed(ui).is_some_and(|it| it.asks && it.speaker != Speaker::On) {
            html.raw("<div class=\"strip is-quiet\"><span class=\"says\">")
                .text(ui.say(Word::GateSays));
            html.raw(
                "</span><span><button type=\"button\" class=\"button\" data-act=\"start-screen\">",
            );
            html.text(ui.say(Word::StartScreen));
            html.raw("</button> <button type=\"button\" class=\"button\" data-act=\"no-start\">");
            html.text(ui.say(Word::NotNow)).raw("</button></span></div>");
        }
        html.done()
    });
}

/// Rings from now on, and remembers what the device was told before.
pub fn follow(ui: Ui) {
    read_mute(ui);
    // Another tab was muted, or is to be heard again.
    listen("storage", move |_| read_mute(ui));
    if let Some(heard) = recall(&heard_on(ui)) {
        let now = ui.live.local_now();
        ui.live.aside.with(&mut |things| things.ringer.take_up(&heard, now));
    }
    listen(STANDING_EVENT, move |_| {
        let Some(root) = document().document_element() else { return };
        let is = |name, value| root.get_attribute(name).as_deref() == Some(value);
        Device::change(ui, &mut |device| {
            let speaker = if is("data-sound", "on") { Speaker::On } else { Speaker::Blocked };
            if device.speaker != speaker {
                (device.speaker, device.since) = (speaker, ui.live.local_now());
            }
            device.may_sleep = is("data-awake", "no");
            let asked = TURN.with_borrow(|turn| matches!(turn, Some(Turn::Asked)));
            device.starting = asked && !device.elsewhere;
        });
        if is("data-sound", "on") {
            take_turn(ui);
        } else {
            give_turn(ui);
        }
    });
    if recall(STARTED).is_some() {
        Device::change(ui, &mut |device| device.starting = true);
        // Its script may not come.
        later(LONGEST_START_MS, move || {
            Device::change(ui, &mut |device| device.starting = false);
        });
        // What the server wrote is in line with the first that is said of it.
        later(0, move || {
            Device::change(ui, &mut |device| device.asks = false);
            command("again");
        });
    }
    effect(move || {
        ui.live.local.track();
        every_second(ui);
    });
    effect(move || {
        ui.live.changes.track();
        ring(ui);
    });
}

/// What the clock has to say: what became late, who waits, and when a mute ends.
fn every_second(ui: Ui) {
    let now = ui.live.now.get_untracked();
    let (mut late, mut answer) = (Vec::new(), false);
    ui.live.each(&mut |ticket| {
        answer |= wants_answer(&ticket.order, now);
        let made = !matches!(ticket.order.lane(), Some(Lane::New | Lane::Preparing));
        if !made && ticket.order.status.is_open() && ticket.order.ageing(now) == Ageing::Late {
            late.push(ticket.order.id);
        }
    });
    // Before the first heartbeat nobody has looked yet.
    let connecting = matches!(state(ui), State::Connecting);
    let (local, mut muted) = (ui.live.local_now(), None);
    ui.live.aside.with(&mut |things| {
        if !connecting {
            things.ringer.late(&late);
        }
        muted = things.ringer.muted(local);
    });
    let time = TimeOfDay::at(now, ui.offset.at(now));
    Device::change(ui, &mut |device| {
        (device.answer, device.muted) = (answer, muted);
        device.quiet = device.hours.is_some_and(|hours| hours.cover(time));
    });
    ring(ui);
}

fn state(ui: Ui) -> State {
    ui.live.pulse.with_untracked(|pulse| pulse.state)
}

fn ring(ui: Ui) {
    let (state, now, mut due) = (state(ui), ui.live.local_now(), None);
    let Some(device) = Device::of(ui).filter(|device| !device.starting) else { return };
    let mut standing = Standing {
        replaying: matches!(state, State::CatchingUp { .. }),
        offline: matches!(state, State::Offline { .. }),
        answer: device.answer,
        unseen: false,
        quiet: device.quiet,
    };
    let mut heard = None;
    ui.live.aside.with(&mut |things| {
        standing.unseen = !things.unseen.is_empty();
        due = things.ringer.due(now, standing);
        // What a screen could not make is no sound that it made.
        if let Some(sound) = due.filter(|_| device.speaker == Speaker::On) {
            things.ringer.sounded(sound, now);
            heard = Some(things.ringer.kept());
        }
    });
    if let Some(heard) = heard {
        remember(&heard_on(ui), &heard);
    }
    let Some(sound) = due else { return };
    if device.speaker == Speaker::Off {
        // Something was to be heard and was not: that is not quiet, that is blocked.
        Device::change(ui, &mut |device| device.speaker = Speaker::Blocked);
    } else if !device.elsewhere {
        let volume = standing.loudness(device.volume).to_string();
        command(&["play ", sound.as_str(), " ", &volume].concat());
    }
}

fn heard_on(ui: Ui) -> String {
    [HEARD, &ui.live.actor()].concat()
}

/// What of the board's acts is about the device; whether `act` is.
pub fn act(ui: Ui, act: &str) -> bool {
    match act {
        "mute" => mute(ui),
        "sound" if Device::sounds(ui) => mute(ui),
        "start-screen" | "sound" => start(ui),
        "no-start" => Device::change(ui, &mut |device| device.asks = false),
        _ => return false,
    }
    true
}

fn start(ui: Ui) {
    remember(STARTED, "yes");
    Device::change(ui, &mut |device| device.asks = false);
    command("start");
}

/// Mutes the screen for a while, or lets it sound again.
fn mute(ui: Ui) {
    let now = ui.live.local_now();
    let mut until = None;
    ui.live.aside.with(&mut |things| {
        until = things.ringer.muted(now).is_none().then_some(now + MUTE_MS);
        things.ringer.mute(until);
    });
    remember(MUTED, &until.map_or_else(String::new, |until| until.to_string()));
    Device::change(ui, &mut |device| device.muted = until);
    ui.live.say(ui.say(if until.is_some() { Word::MutedTen } else { Word::SoundOn }).to_owned());
}

/// Whose turn it is to sound is a lock of the browser's.
enum Turn {
    /// It has been asked for.
    Asked,
    /// It is this tab's; calling what there is gives it to the next.
    Here(Option<Function>),
}

thread_local! {
    /// Not among the page's values, which the server has too.
    static TURN: RefCell<Option<Turn>> = const { RefCell::new(None) };
}

/// Asks for the turn to sound. What is to be heard waits for a moment, in which it
/// comes if no other tab has it. Without locks every tab sounds.
fn take_turn(ui: Ui) {
    if TURN.with_borrow(Option::is_some) {
        return;
    }
    TURN.set(Some(Turn::Asked));
    Device::change(ui, &mut |device| device.starting = true);
    later(TURN_MS, move || {
        let asked = TURN.with_borrow(|turn| matches!(turn, Some(Turn::Asked)));
        set_elsewhere(ui, asked);
    });
    let board = document().get_element_by_id("board");
    let query = board.and_then(|board| board.get_attribute("data-query")).unwrap_or_default();
    let name = ["sound/", &ui.live.actor(), "?", &query].concat();
    let granted: shared::OnLock = Box::new(move |_| {
        set_elsewhere(ui, false);
        let mut give = None;
        let held = Promise::new(&mut |settle, _| give = Some(settle));
        // It may no longer be able to sound.
        if TURN.replace(Some(Turn::Here(give))).is_none() {
            give_turn(ui);
        }
        held.into()
    });
    let on_refusal: shared::OnLock = Box::new(move |_| {
        refused(ui);
        JsValue::UNDEFINED
    });
    if !shared::lock(&name, false, granted, on_refusal) {
        refused(ui);
    }
}

/// There are no turns: this tab sounds.
fn refused(ui: Ui) {
    TURN.set(Some(Turn::Here(None)));
    set_elsewhere(ui, false);
}

/// Lets another tab sound, because this one cannot.
fn give_turn(ui: Ui) {
    if let Some(Turn::Here(Some(give))) = TURN.take() {
        let _ = give.call0(&JsValue::UNDEFINED);
    }
    set_elsewhere(ui, false);
}

fn set_elsewhere(ui: Ui, elsewhere: bool) {
    Device::change(ui, &mut |device| (device.elsewhere, device.starting) = (elsewhere, false));
}

fn read_mute(ui: Ui) {
    let until = recall(MUTED).and_then(|until| until.parse().ok());
    ui.live.aside.with(&mut |things| things.ringer.mute(until));
}

fn command(what: &str) {
    let init = CustomEventInit::new();
    init.set_detail(&what.into());
    if let Ok(event) = CustomEvent::new_with_event_init_dict(COMMAND_EVENT, &init) {
        let _ = window().dispatch_event(&event);
    }
}

fn recall(name: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(name).ok().flatten()
}

fn remember(name: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(name, value);
    }
}
