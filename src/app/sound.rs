//! What a screen does besides showing orders: it sounds, stays awake and fills
//! the device, once somebody has started it with one tap, because browsers want
//! that. Nothing else waits for the tap.
//!
//! When a sound is due is decided by [`ringer`](crate::live::ringer); how it is
//! made, by a script that is fetched when the screen is started. The two speak
//! by events of the page.

use leptos::prelude::*;
use web_sys::{CustomEvent, CustomEventInit};

use super::{
    Ui,
    html::{Html, Spots, effect},
    words::Word,
};
use crate::{
    domain::{Ageing, Lane},
    live::{
        freshness::State,
        listen,
        ringer::{MUTE_MS, Ringer, Sound, Standing, wants_answer},
    },
    wire::BoardSettings,
};

/// Tells the page's script what to do.
pub const COMMAND_EVENT: &str = "live-orders:screen";
/// The page's script says how the screen stands, on the root element.
pub const STANDING_EVENT: &str = "live-orders:screen-is";

/// Where this device remembers that it was started.
const STARTED: &str = "screen-started";
/// Where it remembers until when it is muted.
const MUTED: &str = "muted-until";
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
#[derive(Clone, Copy)]
pub struct Device {
    speaker: RwSignal<Speaker>,
    /// Whether the device may go to sleep although the screen was started.
    may_sleep: RwSignal<bool>,
    /// Until when it is muted, by the local clock.
    muted: RwSignal<Option<i64>>,
    /// Whether the screen asks to be started.
    asks: RwSignal<bool>,
    volume: u32,
    /// Whether an order waits for an answer, as of the last second.
    answer: StoredValue<bool>,
}

impl Device {
    /// The device of a page with these settings.
    #[must_use]
    pub fn new(settings: &BoardSettings) -> Self {
        Self {
            speaker: RwSignal::new(Speaker::Off),
            may_sleep: RwSignal::new(false),
            muted: RwSignal::new(None),
            asks: RwSignal::new(settings.screen.is_some()),
            volume: settings.screen.as_ref().map_or(VOLUME, |screen| screen.volume),
            answer: StoredValue::new(false),
        }
    }
}

/// The chip in the header.
pub fn spots(ui: Ui, spots: &mut Spots) {
    let device = ui.device;
    spots.class("sound", move || {
        let look = match device.speaker.get() {
            Speaker::Blocked => "switch is-blocked",
            Speaker::On if device.muted.get().is_some() => "switch is-some",
            _ => "switch",
        };
        look.to_owned()
    });
    spots.content("sound", move || {
        let muted = device.muted.get();
        let until = muted.map(|until| {
            // The clock on the wall, which is the location's.
            let now = ui.live.now.get_untracked();
            now.plus(until - ui.live.local.get_untracked().0)
        });
        let sleepy = if device.may_sleep.get() { ui.say(Word::MaySleep) } else { "" };
        let mut html = Html::default();
        let (word, more) = match (device.speaker.get(), until) {
            (Speaker::Blocked, _) => (ui.say(Word::SoundBlocked), ui.say(Word::Tap).to_owned()),
            (_, Some(until)) => {
                let until = ui.time_of_day(until, false);
                (ui.say(Word::Muted), ui.words.with(Word::Until, &until))
            }
            (Speaker::On, None) => (ui.say(Word::SoundOn), sleepy.to_owned()),
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
        if device.asks.get() && device.speaker.get() != Speaker::On {
            html.raw("<div class=\"strip is-quiet\"><span>").text(ui.say(Word::GateSays));
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
    let device = ui.device;
    if let Some(until) = recall(MUTED).and_then(|until| until.parse().ok()) {
        ui.live.ringer.update_value(|ringer| ringer.mute(Some(until)));
    }
    listen(STANDING_EVENT, move |_| {
        let Some(root) = document().document_element() else { return };
        let is = |name, value| root.get_attribute(name).as_deref() == Some(value);
        let speaker = if is("data-sound", "on") { Speaker::On } else { Speaker::Blocked };
        if device.speaker.get_untracked() != speaker {
            device.speaker.set(speaker);
        }
        device.may_sleep.set(is("data-awake", "no"));
    });
    if recall(STARTED).is_some() {
        device.asks.set(false);
        command("again");
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
    ui.live.each(|ticket| {
        answer |= wants_answer(&ticket.order, now);
        let made = !matches!(ticket.order.lane(), Some(Lane::New | Lane::Preparing));
        if !made && ticket.order.status.is_open() && ticket.order.ageing(now) == Ageing::Late {
            late.push(ticket.order.id);
        }
    });
    ui.device.answer.set_value(answer);
    // Before the first heartbeat nobody has looked yet.
    if !matches!(ui.live.pulse.with_untracked(|pulse| pulse.state), State::Connecting) {
        ui.live.ringer.update_value(|ringer| ringer.late(late.into_iter()));
    }
    ring(ui);
    let muted = ui.live.ringer.with_value(|ringer| ringer.muted(ui.live.local_now()));
    if ui.device.muted.get_untracked() != muted {
        ui.device.muted.set(muted);
    }
}

fn ring(ui: Ui) {
    let state = ui.live.pulse.with_untracked(|pulse| pulse.state);
    let standing = Standing {
        replaying: matches!(state, State::CatchingUp { .. }),
        offline: matches!(state, State::Offline { .. }),
        answer: ui.device.answer.get_value(),
        unseen: ui.live.unseen.with_untracked(|unseen| !unseen.is_empty()),
    };
    let now = ui.live.local_now();
    let due = ui.live.ringer.try_update_value(|ringer| ringer.due(now, standing)).flatten();
    if let Some(sound) = due {
        play(ui, sound);
    }
}

fn play(ui: Ui, sound: Sound) {
    let Device { speaker, volume, .. } = ui.device;
    match speaker.get_untracked() {
        // Something was to be heard and was not: that is not quiet, that is blocked.
        Speaker::Off => speaker.set(Speaker::Blocked),
        _ => command(&["play ", sound.as_str(), " ", &volume.to_string()].concat()),
    }
}

/// What of the board's acts is about the device; whether `act` is.
pub fn act(ui: Ui, act: &str) -> bool {
    match act {
        "start-screen" => start(ui),
        "no-start" => ui.device.asks.set(false),
        "sound" => match ui.device.speaker.get_untracked() {
            Speaker::On => mute(ui),
            Speaker::Off | Speaker::Blocked => start(ui),
        },
        "mute" => mute(ui),
        _ => return false,
    }
    true
}

fn start(ui: Ui) {
    remember(STARTED, "yes");
    ui.device.asks.set(false);
    command("start");
}

/// Mutes the screen for a while, or lets it sound again.
fn mute(ui: Ui) {
    let now = ui.live.local_now();
    let muted = ui.live.ringer.with_value(|ringer: &Ringer| ringer.muted(now)).is_some();
    let until = (!muted).then_some(now + MUTE_MS);
    remember(MUTED, &until.map_or_else(String::new, |until| until.to_string()));
    ui.live.ringer.update_value(|ringer| ringer.mute(until));
    ui.device.muted.set(until);
    ui.live.say(ui.say(if muted { Word::SoundOn } else { Word::MutedTen }).to_owned());
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
