//! The form of a screen: every field of a profile, in groups, each with what
//! is wrong with it beside it.

use std::collections::BTreeSet;

use axum::{http::StatusCode, response::Response};

use super::{Notice, ROLES, TO_LIST, role, told, verdict::verdict, view_name};
use crate::{
    app::{html::Html, text},
    domain::{
        Profile, Screen,
        legibility::Legibility,
        screen::{Announce, Digits, KEY_ACTIONS, Language, Sort, Sounds, Theme, View},
    },
    server::{
        documents::{
            Script, Shown,
            fields::{
                begin_set, complain, hinted, line, measure, segments, summary, switch, tick, ties,
                wrong,
            },
            in_english, page,
        },
        forms::Filled,
    },
};

/// A form that is to be shown.
pub(in crate::server::screens) struct Edit<'a> {
    /// The screen that it changes; none for a new one.
    pub(in crate::server::screens) screen: Option<&'a Screen>,
    pub(in crate::server::screens) filled: Filled<'a>,
    pub(in crate::server::screens) notice: Option<&'a Notice<'a>>,
    pub(in crate::server::screens) stations: BTreeSet<String>,
    pub(in crate::server::screens) channels: BTreeSet<String>,
    /// What can be read, where the measures say.
    pub(in crate::server::screens) read: Option<&'a (Profile, Legibility)>,
}

/// The form of a screen.
pub(in crate::server::screens) fn edit(
    shown: &Shown<'_>,
    status: StatusCode,
    edit: &Edit<'_>,
) -> Response {
    in_english();
    let mut html = Html::default();
    let title = if edit.screen.is_some() { "Edit screen" } else { "New screen" };
    match edit.screen {
        Some(screen) => {
            html.raw("<div class=\"lead\"><div><h1><bdi>").text(&screen.profile.title);
            html.raw("</bdi></h1><p class=\"sub\"><code>/screens/").text(screen.name.as_str());
            html.raw("</code> · version ").number(screen.version.0).raw(", saved ");
            html.text(&text::time_of_day(screen.changed_at, shown.utc_offset_s, false));
            html.raw("</p></div><a class=\"button\" href=\"/screens/").text(screen.name.as_str());
            html.raw("\">Open</a></div>");
        }
        None => {
            html.raw("<div class=\"lead\"><h1>New screen</h1></div>");
        }
    }
    told(&mut html, shown, edit.notice);
    summary(&mut html, "Not saved", edit.filled.errors, |field| {
        LABELS.iter().find(|(name, _)| *name == field).copied().unwrap_or(("screen", "This form"))
    });
    html.raw("<form id=\"screen\" class=\"edit\" method=\"post\" autocomplete=\"off\" action=\"");
    match edit.screen {
        Some(screen) => html.raw("/screens/").text(screen.name.as_str()).raw("/edit\">"),
        None => html.raw("/screens\">"),
    };
    html.raw("<input type=\"hidden\" name=\"expected_version\" value=\"");
    html.text(edit.filled.form.text("expected_version")).raw("\"><div class=\"groups\">");
    groups(&mut html, edit);
    html.raw("</div><aside class=\"side\" aria-label=\"Legibility\"><div id=\"verdict\">");
    let verdict = verdict(edit.read);
    // Read out only when it says something else; see the script.
    let begin = html.done();
    let mut html = Html::default();
    html.raw(
        "</div><p class=\"unseen\" role=\"status\" id=\"verdict-said\"></p></aside>\
         <div class=\"save\"><button class=\"button primary\">Save screen</button>\
         <a class=\"button\" href=\"/screens\">Cancel</a></div></form>",
    );
    let main = [begin, verdict, html.done()].concat();
    page(shown, status, title, TO_LIST, &main, Script::Inline(SCRIPT))
}

/// Fields, by the name that they have everywhere, and what people call them.
const LABELS: [(&str, &str); 23] = [
    ("name", "Name"),
    ("title", "Title"),
    ("role", "Role"),
    ("stations", "Stations"),
    ("channels", "Channels"),
    ("services", "Services"),
    ("view", "View"),
    ("sort", "First comes"),
    ("page_size", "Slots on a page"),
    ("theme", "Theme"),
    ("language", "Language"),
    ("diagonal_in", "Diagonal"),
    ("width_px", "Width"),
    ("height_px", "Height"),
    ("distance_m", "Distance"),
    ("digits", "A digit"),
    ("keys", "Keys"),
    ("sounds", "Sounds"),
    ("volume", "Volume"),
    ("quiet_hours", "Quiet hours"),
    ("announce", "Read out"),
    ("hold_to_bump", "Hold to bump"),
    ("bump_bar", "Bump bar"),
];

#[expect(clippy::too_many_lines, reason = "a form, field by field")]
fn groups(html: &mut Html, edit: &Edit<'_>) {
    group(html, "who", "Name and role");
    line(html, edit.filled, "title", "Title", "In the head of the screen.", " maxlength=\"40\"");
    if edit.screen.is_none() {
        line(
            html,
            edit.filled,
            "name",
            "Name",
            "Its address will be /screens/ and this: lower-case letters, digits and hyphens. It \
             also signs what is done at this screen.",
            " required maxlength=\"40\" autocapitalize=\"none\" spellcheck=\"false\"",
        );
    }
    segments(
        html,
        edit.filled,
        "role",
        "Role",
        "",
        &ROLES.map(|(it, what)| (it.as_str(), role(it), what)),
    );

    group(html, "what", "What it shows");
    boxes(html, edit.filled, "stations", "Stations", "None ticked: all of them.", &edit.stations);
    line(html, edit.filled, "more_stations", "Other stations", "With commas between them.", "");
    boxes(html, edit.filled, "channels", "Channels", "None ticked: all of them.", &edit.channels);
    line(html, edit.filled, "more_channels", "Other channels", "With commas between them.", "");
    begin_set(html, edit.filled, "services", "Services", "None ticked: all of them.");
    for (service, on) in edit.filled.form.services() {
        tick(html, "services", service.as_str(), text::service(service), on);
    }
    html.raw("</div></fieldset>");

    group(html, "how", "How it looks");
    let views =
        [(View::Columns, "A column for each step"), (View::Grid, "Numbered slots, page by page")];
    let views = views.map(|(it, what)| (it.as_str(), view_name(it), what));
    segments(html, edit.filled, "view", "View", "", &views);
    slots(html, edit);
    let sorts = [
        (Sort::Due.as_str(), "What is due", "The promise that ends first"),
        (Sort::Age.as_str(), "What is oldest", "The order that came first"),
    ];
    segments(html, edit.filled, "sort", "First comes", "After what rushes.", &sorts);
    let themes = [
        (Theme::Auto.as_str(), "Automatic", ""),
        (Theme::Dark.as_str(), "Dark", ""),
        (Theme::Light.as_str(), "Light", ""),
    ];
    segments(
        html,
        edit.filled,
        "theme",
        "Theme",
        "Dark for dim lines, light for bright kitchens.",
        &themes,
    );
    let languages: Vec<_> = Language::ALL.iter().map(|it| (it.as_str(), it.name(), "")).collect();
    segments(html, edit.filled, "language", "Language", "", &languages);

    group(html, "who-reads", "Who reads it, from where");
    html.raw("<div class=\"row\">");
    measure(
        html,
        edit.filled,
        "diagonal_in",
        "Diagonal",
        "inches",
        " min=\"3\" max=\"150\" step=\"0.1\"",
    );
    measure(html, edit.filled, "width_px", "Width", "px", " min=\"240\" max=\"16384\"");
    measure(html, edit.filled, "height_px", "Height", "px", " min=\"240\" max=\"16384\"");
    measure(
        html,
        edit.filled,
        "distance_m",
        "Distance",
        "m",
        " min=\"0.3\" max=\"20\" step=\"0.1\"",
    );
    html.raw(
        "</div><p class=\"hint\">The visible picture, and its pixels as the browser counts them. \
         Distance: 0.6 m to touch, 1 m along the line, 2 m across the kitchen.</p>\
         <button type=\"button\" class=\"button\" id=\"this-device\" hidden>Take this device’s \
         pixels</button>",
    );

    group(html, "hands", "Hands and keys");
    let digits = [
        (Digits::Select.as_str(), "Selects a slot", "Another key bumps it"),
        (Digits::Bump.as_str(), "Bumps a slot", "As some bump bars do"),
    ];
    segments(html, edit.filled, "digits", "A digit", "", &digits);
    for (name, label, hint) in [
        ("bump_bar", "A bump bar is plugged in", "The left Ctrl key bumps too."),
        (
            "single_keys",
            "Single keys",
            "Off where software for speech or magnification types them.",
        ),
        ("hold_to_bump", "Hold to bump", "A touch that is too short does nothing."),
        (
            "acknowledge_allergens",
            "Confirm allergens",
            "Before the bump of a ticket with an allergy.",
        ),
    ] {
        switch(html, edit.filled, name, label, hint);
    }
    keys(html, edit);

    group(html, "ears", "Sounds and speech");
    begin_set(html, edit.filled, "sounds", "A sound when", "");
    for (event, label) in Sounds::EVENTS.into_iter().zip(SOUNDS) {
        tick(html, "sounds", event, label, edit.filled.form.has("sounds", event));
    }
    html.raw("</div></fieldset>");
    measure(html, edit.filled, "volume", "Volume", "%", " min=\"0\" max=\"100\"");
    quiet_hours(html, edit);
    let announce = [
        (Announce::Off.as_str(), "Alarms only", ""),
        (Announce::New.as_str(), "New orders", ""),
        (Announce::All.as_str(), "Every change", ""),
    ];
    segments(
        html,
        edit.filled,
        "announce",
        "Read out",
        "To those who use a screen reader.",
        &announce,
    );
    html.raw("</section>");
}

/// From when to when, each day.
fn quiet_hours(html: &mut Html, edit: &Edit<'_>) {
    let hint = "Only alarms sound then, at half the volume: an order that wants an answer, one \
                that is on no screen, a cancellation, being cut off. By the location’s clock, \
                over midnight too; empty for none.";
    begin_set(html, edit.filled, "quiet_hours", "Quiet hours", hint);
    for (name, label) in [("quiet_from", "From"), ("quiet_until", "Until")] {
        html.raw("<label class=\"time\">").raw(label).raw(" <input type=\"time\" name=\"");
        html.raw(name).raw("\" value=\"").text(edit.filled.form.text(name)).raw("\"></label>");
    }
    html.raw("</div></fieldset>");
}

/// In the order of [`Sounds::EVENTS`].
const SOUNDS: [&str; 6] = [
    "An order comes",
    "An order is changed",
    "An order is cancelled",
    "An order is ready",
    "An order is late",
    "The screen is cut off",
];

/// Begins a group of fields, and ends the one before.
fn group(html: &mut Html, id: &'static str, title: &'static str) {
    html.raw(if id == "who" { "" } else { "</section>" });
    html.raw("<section class=\"group\" id=\"").raw(id).raw("\" aria-labelledby=\"title-").raw(id);
    html.raw("\"><h2 id=\"title-").raw(id).raw("\">").raw(title).raw("</h2>");
}

fn boxes(
    html: &mut Html,
    filled: Filled<'_>,
    name: &'static str,
    legend: &'static str,
    hint: &'static str,
    choices: &BTreeSet<String>,
) {
    begin_set(html, filled, name, legend, hint);
    for choice in choices {
        tick(html, name, choice, choice, filled.form.has(name, choice));
    }
    if choices.is_empty() {
        html.raw("<p class=\"sub\">None is known yet; type them below.</p>");
    }
    html.raw("</div></fieldset>");
}

fn slots(html: &mut Html, edit: &Edit<'_>) {
    html.raw(
        "<div class=\"entry\"><label for=\"page_size\">Slots on a page</label>\
         <select id=\"page_size\" name=\"page_size\"",
    );
    ties(html, edit.filled, "page_size", true);
    html.raw("><option value=\"\">As many as can be read</option>");
    for slots in Profile::PAGE_SIZE {
        let slots = slots.to_string();
        html.raw("<option").raw(if edit.filled.form.has("page_size", &slots) {
            " selected>"
        } else {
            ">"
        });
        html.text(&slots).raw("</option>");
    }
    html.raw("</select>");
    complain(html, edit.filled, "page_size");
    hinted(html, "page_size", "Of the grid. More slots, smaller text.");
    html.raw("</div>");
}

fn keys(html: &mut Html, edit: &Edit<'_>) {
    let changed = KEY_ACTIONS
        .iter()
        .filter(|(action, _)| !edit.filled.form.text(&format!("key_{action}")).is_empty())
        .count();
    let bad = wrong(edit.filled, "keys").next().is_some();
    html.raw("<details class=\"keys-of\" id=\"keys\"").raw(if bad { " open>" } else { ">" });
    html.raw("<summary>Other keys <span class=\"sub\">");
    html.text(&match changed {
        0 => "as usual".to_owned(),
        changed => format!("{changed} changed"),
    });
    html.raw("</span></summary>");
    complain(html, edit.filled, "keys");
    html.raw(
        "<p class=\"hint\">Choose a field and press the key or the button of the bump bar that is \
         to do it; Delete empties the field. Without a script, type the key’s code, such as \
         Numpad1.</p><div class=\"bindings\">",
    );
    for ((action, usual), label) in KEY_ACTIONS.into_iter().zip(KEYS) {
        html.raw("<label><span>").raw(label);
        html.raw("</span><input type=\"text\" data-key maxlength=\"32\" spellcheck=\"false\" ");
        html.raw("autocapitalize=\"none\" name=\"key_").raw(action).raw("\" placeholder=\"");
        html.raw(usual).raw("\" value=\"").text(edit.filled.form.text(&format!("key_{action}")));
        html.raw("\"></label>");
    }
    html.raw("</div></details>");
}

/// In the order of [`KEY_ACTIONS`].
const KEYS: [&str; 39] = [
    "Bump",
    "Undo the last bump",
    "Recall list",
    "Left",
    "Right",
    "Up",
    "Down",
    "Item done",
    "Start",
    "Hold",
    "Rush",
    "Details",
    "Print",
    "First ticket",
    "Last ticket",
    "Next page",
    "Previous page",
    "Next station",
    "Previous station",
    "Grid",
    "Columns",
    "All-day panel",
    "Freeze",
    "Search",
    "New order",
    "Intake",
    "Mute",
    "Help",
    "Clear",
    "Slot 1",
    "Slot 2",
    "Slot 3",
    "Slot 4",
    "Slot 5",
    "Slot 6",
    "Slot 7",
    "Slot 8",
    "Slot 9",
    "Slot 10",
];

/// Asks anew what can be read while somebody types, takes the device's own
/// pixels, and learns a key by its press.
const SCRIPT: &str = "{\
    const form=document.forms.screen,verdict=document.getElementById('verdict'),\
    said=document.getElementById('verdict-said');let timer,turn=0;\
    const says=()=>verdict.querySelector('.says').textContent;\
    const ask=async()=>{const mine=++turn,before=says(),fields=new URLSearchParams();\
    for(const name of['view','page_size','diagonal_in','width_px','height_px','distance_m'])\
    fields.set(name,new FormData(form).get(name)??'');\
    try{const answer=await fetch('/screens/new/legibility?'+fields);\
    const html=await answer.text();if(answer.ok&&mine===turn){verdict.innerHTML=html;\
    if(says()!==before)said.textContent=says()}}catch{}};\
    form.addEventListener('input',()=>{clearTimeout(timer);timer=setTimeout(ask,150)});\
    const device=document.getElementById('this-device');device.hidden=false;\
    device.textContent=`This device: ${screen.width} × ${screen.height}`;\
    device.addEventListener('click',()=>{form.width_px.value=screen.width;\
    form.height_px.value=screen.height;ask()});\
    for(const key of form.querySelectorAll('[data-key]'))key.addEventListener('keydown',event=>{\
    if(event.code==='Tab'||!event.code)return;event.preventDefault();\
    key.value=event.code==='Delete'?'':event.code})}";
