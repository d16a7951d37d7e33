//! Whether orders still come: below the intake switch, where each channel stands,
//! how often this screen has sounded, and the button that sends a test order; above
//! the board, which channels are quiet.

use leptos::prelude::*;

use super::Panel;
use crate::{
    app::{
        Ui,
        html::{Html, Spots, effect},
        words::Word,
    },
    domain::order::TEST_CHANNEL,
    live::{
        api::{self, Failure},
        ringer::{LastHour, MOST_AN_HOUR, Sound},
    },
    wire::{
        SourceHealth, SourceList,
        lean::{Json, Lean, push_text},
    },
};

/// How often the list is asked for while somebody looks at it.
const ASK_EVERY_MS: i64 = 10_000;

/// What was asked of the server here. Text alone: what is done with it is no part
/// of what a browser fetches first.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// When the channels were asked for last, by the local clock; none when they are
    /// to be asked for now.
    at: Option<i64>,
    /// The server's answer, empty when there is none; none before it.
    sources: Option<String>,
    /// What the test order is sent with, until it is known what became of it.
    key: Option<String>,
    /// Whether it is on its way.
    sending: bool,
    /// Which number it got; 0 for none.
    number: i64,
    /// Why it was not placed, or nobody knows.
    refused: Option<String>,
}

impl Asked {
    /// Somebody opens the panel, or closes it.
    pub(super) fn begin_anew(&mut self) {
        self.at = None;
        self.number = 0;
        self.refused = None;
    }

    /// The channels as the server told last; none before that, and when it did not.
    fn list(&self) -> Option<Vec<SourceHealth>> {
        self.sources.as_deref().and_then(SourceList::parse).map(|list| list.sources)
    }
}

fn asked(ui: Ui) -> Asked {
    let mut asked = Asked::default();
    ui.panels.with(&mut |state| asked.clone_from(&state.asked));
    asked
}

/// The strip above the board.
pub(super) fn spots(ui: Ui, spots: &mut Spots) {
    spots.content("quiet", move || {
        let (quiet, mut html) = (quiet(ui), Html::default());
        if quiet.is_empty() {
            return html.done();
        }
        ui.live.now.track();
        ui.panels.track();
        let list = asked(ui).list().unwrap_or_default();
        html.raw("<div class=\"strip\">").icon("warning").raw("<span class=\"says\">");
        for (place, channel) in quiet.iter().enumerate() {
            html.raw(if place == 0 { "" } else { " · " });
            match list.iter().find(|it| it.channel.as_str() == channel.as_str()) {
                Some(source) => silent(ui, &mut html, source),
                // The list is on its way.
                None => named(&mut html, ui.say(Word::SourceIsQuiet), channel),
            }
        }
        html.raw("</span><button type=\"button\" class=\"button\" data-act=\"intake\">");
        html.text(ui.say(Word::Intake)).raw("</button></div>").done()
    });
}

/// The channels that are quiet; follows them.
fn quiet(ui: Ui) -> Vec<String> {
    let mut quiet = Vec::new();
    ui.live.aside.track();
    ui.live.aside.with(&mut |things| quiet.clone_from(&things.quiet));
    quiet
}

/// For how long a channel has been silent.
fn silent(ui: Ui, html: &mut Html, source: &SourceHealth) {
    let silence = ui.live.now.get_untracked().since(source.last_order_at);
    let minutes = (silence / 60_000).max(1).to_string();
    let says = ui.say(Word::SourceSilent).replacen("[]", &minutes, 1);
    named(html, &says, source.channel.as_str());
}

/// `says`, with the channel's name where its place is.
fn named(html: &mut Html, says: &str, channel: &str) {
    let (before, after) = says.split_once("{}").unwrap_or((says, ""));
    html.text(before).raw("<bdi class=\"channel\">").text(channel).raw("</bdi>").text(after);
}

/// What stands below the intake switch.
pub(super) fn body(ui: Ui, html: &mut Html) {
    let asked = asked(ui);
    html.raw("<h3>").text(ui.say(Word::SourcesTitle)).raw("</h3>");
    match asked.list() {
        None if asked.sources.is_none() => {
            html.raw("<p>").text(ui.say(Word::HistoryLoading)).raw("</p>")
        }
        None => html.raw("<p class=\"refused\">").text(ui.say(Word::SourcesAway)).raw("</p>"),
        Some(sources) if sources.is_empty() => {
            html.raw("<p>").text(ui.say(Word::SourcesNone)).raw("</p>")
        }
        Some(sources) => {
            html.raw("<ul class=\"sources\">");
            for it in &sources {
                source(ui, html, it);
            }
            html.raw("</ul>")
        }
    };
    html.raw("<p><button type=\"button\" class=\"button wide\" data-act=\"test-order\"");
    html.raw(if asked.sending { " aria-disabled=\"true\">" } else { ">" });
    html.text(ui.say(if asked.sending { Word::Saving } else { Word::TestSend }));
    html.raw("</button></p>");
    if let Some(why) = &asked.refused {
        html.raw("<p class=\"refused\" role=\"alert\">").text(why);
    } else if asked.number > 0 {
        let says = ui.words.with(Word::TestSent, &asked.number.to_string());
        html.raw("<p class=\"sub\" role=\"status\">").text(&says);
    } else {
        html.raw("<p class=\"sub\">").text(ui.say(Word::TestHint));
    }
    html.raw("</p>");
    sounds(ui, html);
}

fn source(ui: Ui, html: &mut Html, source: &SourceHealth) {
    let SourceHealth { channel, last_order_at, today, quiet, .. } = source;
    html.raw(if *quiet { "<li class=\"is-quiet\"><b>" } else { "<li><b>" });
    html.raw("<bdi class=\"channel\">").text(channel.as_str()).raw("</bdi></b>");
    if *quiet {
        html.raw("<b class=\"mark\">").icon("warning").text(ui.say(Word::SourceQuiet)).raw("</b>");
    }
    html.raw("<span class=\"sub\">");
    if *quiet {
        silent(ui, html, source);
        html.raw(" · ");
    }
    if *today == 0 {
        html.text(ui.say(Word::SourceNoneToday));
    } else {
        let at = ui.time_of_day(*last_order_at, false);
        html.text(&ui.words.with(Word::SourceLast, &at)).raw(" · ");
        html.text(&ui.words.with(Word::SourceToday, &today.to_string()));
    }
    html.raw("</span></li>");
}

/// How often this screen has sounded, and what to do where that is too often.
fn sounds(ui: Ui, html: &mut Html) {
    let mut hour = LastHour { sounds: 0, most: None };
    let now = ui.live.local_now();
    ui.live.aside.with(&mut |things| hour = things.ringer.last_hour(now));
    html.raw("<h3>").text(ui.say(Word::SoundsTitle)).raw("</h3><p>");
    html.text(&ui.words.count(Word::SoundsInHour, hour.sounds as u64)).raw("</p>");
    let Some((most, times)) = hour.most.filter(|_| hour.sounds > MOST_AN_HOUR) else { return };
    html.raw("<p class=\"refused\">").icon("warning").raw(" ");
    html.text(ui.say(Word::SoundsTooMany)).raw("</p><p>");
    let says = ui.words.with(Word::SoundsMost, ui.say(called(most)));
    html.text(&says.replacen("[]", &times.to_string(), 1)).raw(" ");
    let hint = match most {
        Sound::Answer => Word::HintAnswer,
        Sound::Unseen => Word::HintUnseen,
        _ => Word::HintSounds,
    };
    html.text(ui.say(hint)).raw("</p><p><a class=\"button wide\" href=\"/screens");
    let screen = ui.panels.screen();
    let mut word = Word::Screens;
    if !screen.is_empty() {
        html.raw("/").text(&screen).raw("/edit#sounds");
        word = Word::SoundsChange;
    }
    html.raw("\">").text(ui.say(word));
    html.raw("</a></p>");
}

/// What a sound is for.
fn called(sound: Sound) -> Word {
    match sound {
        Sound::Ready => Word::SoundReady,
        Sound::Changed => Word::SoundChanged,
        Sound::New => Word::SoundNew,
        Sound::Late => Word::SoundLate,
        Sound::Cancelled => Word::SoundCancelled,
        Sound::Answer => Word::SoundAnswer,
        Sound::Unseen => Word::SoundUnseen,
        Sound::Offline => Word::SoundOffline,
    }
}

/// Asks for the channels while somebody looks, and when others are quiet than before;
/// has it read out once.
pub(super) fn follow(ui: Ui) {
    let mut told: Vec<String> = Vec::new();
    effect(move || {
        let quiet = quiet(ui);
        if quiet == told {
            return;
        }
        for channel in quiet.iter().filter(|channel| !told.contains(channel)) {
            ui.live.say(ui.words.with(Word::SourceIsQuiet, channel));
        }
        told = quiet;
        ask(ui);
    });
    effect(move || {
        ui.live.local.track();
        ui.panels.track();
        let (now, mut due) = (ui.live.local_now(), false);
        ui.panels.with(&mut |state| {
            let waits = state.asked.at.is_some_and(|at| (0..ASK_EVERY_MS).contains(&(now - at)));
            due = state.open == Panel::Intake && !waits;
        });
        if due {
            ask(ui);
        }
    });
}

fn ask(ui: Ui) {
    let now = ui.live.local_now();
    ui.panels.with(&mut |state| state.asked.at = Some(now));
    let then = move |answer: Result<String, Failure>| {
        let answer = answer.unwrap_or_default();
        ui.panels.change(&mut |state| state.asked.sources = Some(answer.clone()));
    };
    api::ask("GET", "/api/sources".to_owned(), None, Box::new(then));
}

/// Sends a test order.
pub(super) fn act(ui: Ui, act: &str) -> bool {
    if act != "test-order" {
        return false;
    }
    let before = asked(ui);
    if before.sending {
        return true;
    }
    // One that has no answer may be there: the same key places no other.
    let key = before.key.unwrap_or_else(|| new_key(ui));
    let mut body = String::from("{\"source\":{\"channel\":");
    push_text(&mut body, TEST_CHANNEL);
    body.push_str("},\"customer\":{\"name\":");
    push_text(&mut body, ui.say(Word::TestCustomer));
    // It names no station, so it goes where every screen looks.
    body.push_str("},\"items\":[{\"quantity\":1,\"name\":");
    push_text(&mut body, ui.say(Word::TestItem));
    body.push_str("}]}");
    ui.panels.change(&mut |state| {
        state.asked.key = Some(key.clone());
        state.asked.sending = true;
        state.asked.refused = None;
    });
    let then = move |answer: Result<String, Failure>| {
        ui.panels.change(&mut |state| {
            let asked = &mut state.asked;
            asked.sending = false;
            let number = |order: &String| match Json::parse(order)?.take("number")? {
                Json::Number(number) => Some(number),
                _ => None,
            };
            asked.number = answer.as_ref().ok().and_then(number).unwrap_or_default();
            asked.refused = answer.as_ref().err().map(|failure| failure.words.clone());
            if answer.as_ref().err().is_none_or(Failure::answered) {
                asked.key = None;
            }
        });
    };
    api::make("/api/orders", body, key, Box::new(then));
    true
}

fn new_key(ui: Ui) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a random number between 0 and 2^32"
    )]
    let random = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    ["test-", &ui.live.local_now().to_string(), "-", &random.to_string()].concat()
}
