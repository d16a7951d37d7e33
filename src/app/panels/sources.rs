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
    domain::{Channel, UnixMillis, order::TEST_CHANNEL},
    live::{
        api::{self, Failure},
        ringer::{LastHour, MOST_AN_HOUR, Sound},
    },
    wire::{
        QuietSource, SourceHealth, SourceList,
        lean::{Json, Lean, push_text},
    },
};

/// How often the list is asked for while somebody looks at it.
const ASK_EVERY_MS: i64 = 10_000;

/// What was asked of the server here.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// When the channels were asked for last, by the local clock; none since the
    /// panel came.
    at: Option<i64>,
    /// The channels, or that they could not be had; none before the answer.
    sources: Option<Option<Vec<SourceHealth>>>,
    test: Test,
}

impl Asked {
    /// Somebody opens the panel, or closes it.
    pub(super) fn begin_anew(&mut self) {
        self.at = None;
        if !matches!(self.test, Test::Sending | Test::Unanswered(..)) {
            self.test = Test::None;
        }
    }
}

/// The test order.
#[derive(Clone, Debug, Default)]
enum Test {
    #[default]
    None,
    /// It is on its way.
    Sending,
    /// It is there, with this number.
    Sent(i64),
    /// It was refused, for this.
    Refused(String),
    /// Nobody knows what became of it: it is sent again with the same key.
    Unanswered(String, String),
}

/// The strip above the board.
pub(super) fn spots(ui: Ui, spots: &mut Spots) {
    spots.content("quiet", move || {
        let now = ui.live.now.get();
        let mut html = Html::default();
        for (place, QuietSource { channel, since }) in quiet(ui).iter().enumerate() {
            if place == 0 {
                html.raw("<div class=\"strip\">").icon("warning").raw("<span class=\"says\">");
            } else {
                html.raw(" · ");
            }
            silent(ui, &mut html, channel, *since, now);
        }
        if html != Html::default() {
            html.raw("</span><button type=\"button\" class=\"button\" data-act=\"intake\">");
            html.text(ui.say(Word::Intake)).raw("</button></div>");
        }
        html.done()
    });
}

/// The channels that are quiet; follows them.
fn quiet(ui: Ui) -> Vec<QuietSource> {
    let mut quiet = Vec::new();
    ui.live.aside.track();
    ui.live.aside.with(&mut |things| quiet.clone_from(&things.quiet));
    quiet
}

/// For how long a channel has been silent.
fn silent(ui: Ui, html: &mut Html, channel: &Channel, since: UnixMillis, now: UnixMillis) {
    let minutes = (now.since(since) / 60_000).max(1).to_string();
    let says = ui.say(Word::SourceSilent).replacen("[]", &minutes, 1);
    named(html, &says, channel);
}

/// `says`, with the channel's name where its place is.
fn named(html: &mut Html, says: &str, channel: &Channel) {
    let (before, after) = says.split_once("{}").unwrap_or((says, ""));
    html.text(before).raw("<bdi class=\"channel\">").text(channel.as_str()).raw("</bdi>");
    html.text(after);
}

/// What stands below the intake switch.
pub(super) fn body(ui: Ui, html: &mut Html) {
    let mut asked = Asked::default();
    ui.panels.with(&mut |state| asked.clone_from(&state.asked));
    html.raw("<h3>").text(ui.say(Word::SourcesTitle)).raw("</h3>");
    match &asked.sources {
        None => html.raw("<p>").text(ui.say(Word::HistoryLoading)).raw("</p>"),
        Some(None) => html.raw("<p class=\"refused\">").text(ui.say(Word::SourcesAway)).raw("</p>"),
        Some(Some(sources)) if sources.is_empty() => {
            html.raw("<p>").text(ui.say(Word::SourcesNone)).raw("</p>")
        }
        Some(Some(sources)) => {
            html.raw("<ul class=\"sources\">");
            for source in sources {
                self::source(ui, html, source);
            }
            html.raw("</ul>")
        }
    };
    html.raw("<p><button type=\"button\" class=\"button wide\" data-act=\"test-order\"");
    let sending = matches!(asked.test, Test::Sending);
    html.raw(if sending { " aria-disabled=\"true\">" } else { ">" });
    html.text(ui.say(if sending { Word::Saving } else { Word::TestSend })).raw("</button></p>");
    match &asked.test {
        Test::Refused(why) | Test::Unanswered(_, why) => {
            html.raw("<p class=\"refused\" role=\"alert\">").text(why)
        }
        Test::Sent(number) => {
            let says = ui.words.with(Word::TestSent, &number.to_string());
            html.raw("<p class=\"sub\" role=\"status\">").text(&says)
        }
        Test::None | Test::Sending => html.raw("<p class=\"sub\">").text(ui.say(Word::TestHint)),
    };
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
        silent(ui, html, channel, *last_order_at, ui.live.now.get_untracked());
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
    let mut screen = false;
    ui.panels.with(&mut |state| screen = state.is_screen);
    if screen {
        html.raw("/").text(&ui.live.actor()).raw("/edit#sounds");
    }
    html.raw("\">").text(ui.say(if screen { Word::SoundsChange } else { Word::Screens }));
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

/// Asks for the channels while somebody looks, and has it read out once when one
/// becomes quiet.
pub(super) fn follow(ui: Ui) {
    effect(move || {
        ui.live.local.track();
        ui.panels.track();
        ui.live.aside.track();
        ask(ui);
    });
    let mut told: Vec<Channel> = Vec::new();
    effect(move || {
        let quiet = quiet(ui);
        for QuietSource { channel, since } in &quiet {
            if !told.contains(channel) {
                let minutes = ui.live.now.get_untracked().since(*since) / 60_000;
                let says = ui.words.with(Word::SourceSilent, channel.as_str());
                ui.live.say(says.replacen("[]", &minutes.max(1).to_string(), 1));
            }
        }
        told = quiet.into_iter().map(|it| it.channel).collect();
    });
}

fn ask(ui: Ui) {
    let now = ui.live.local_now();
    let mut due = false;
    ui.panels.with(&mut |state| {
        let waits = state.asked.at.is_some_and(|at| (0..ASK_EVERY_MS).contains(&(now - at)));
        due = state.open == Panel::Intake && !waits;
        if due {
            state.asked.at = Some(now);
        }
    });
    if !due {
        return;
    }
    let then = move |answer: Result<String, Failure>| {
        let sources = answer.ok().and_then(|answer| SourceList::parse(&answer));
        let sources = sources.map(|list| list.sources);
        ui.panels.change(&mut |state| state.asked.sources = Some(sources.clone()));
    };
    api::ask("GET", "/api/sources".to_owned(), None, Box::new(then));
}

/// Sends a test order.
pub(super) fn act(ui: Ui, act: &str) -> bool {
    if act != "test-order" {
        return false;
    }
    let mut before = Test::None;
    ui.panels.with(&mut |state| before.clone_from(&state.asked.test));
    let key = match before {
        Test::Sending => return true,
        // It may be there: the same key places no other.
        Test::Unanswered(key, _) => key,
        _ => new_key(ui),
    };
    let mut body = String::from("{\"source\":{\"channel\":");
    push_text(&mut body, TEST_CHANNEL);
    body.push_str("},\"customer\":{\"name\":");
    push_text(&mut body, ui.say(Word::TestCustomer));
    // It names no station, so it goes where every screen looks.
    body.push_str("},\"items\":[{\"quantity\":1,\"name\":");
    push_text(&mut body, ui.say(Word::TestItem));
    body.push_str("}]}");
    ui.panels.change(&mut |state| state.asked.test = Test::Sending);
    let sent = key.clone();
    let then = move |answer: Result<String, Failure>| {
        let test = match &answer {
            Ok(order) => match Json::parse(order).and_then(|mut order| order.take("number")) {
                Some(Json::Number(number)) => Test::Sent(number),
                _ => Test::None,
            },
            Err(failure) if failure.answered => Test::Refused(failure.words.clone()),
            Err(failure) => Test::Unanswered(sent.clone(), failure.words.clone()),
        };
        ui.panels.change(&mut |state| state.asked.test.clone_from(&test));
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
