//! The pages of [`site`](super::site) as documents. Each is whole before any
//! script has run; the few lines of script only spare whoever fills in the form
//! a way.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use leptos::nonce::Nonce;

use super::form::Form;
use crate::{
    app::{html::Html, text},
    domain::{
        Profile, Screen, ScreenName,
        legibility::{LEAST_ARC, Legibility, PREFERRED_ARC, Verdict},
        screen::{Announce, Digits, KEY_ACTIONS, Language, Role, Sort, Sounds, Theme, View},
    },
    server::{
        error::FieldError,
        pages::{FONT, PageAssets, THEME, policy},
    },
};

/// The style sheet that these pages have beside the board's.
const CSS: &str = "/pages.css";

/// What every page shows of the server.
pub(super) struct Shown<'a> {
    pub(super) assets: &'a PageAssets,
    pub(super) location: &'a str,
    pub(super) utc_offset_s: i32,
}

/// What a page says of what has just happened.
pub(super) enum Notice<'a> {
    Saved(&'a Screen),
    Deleted(ScreenName),
    CopyOf(&'a Screen),
    Stale,
    Gone,
    TooMany,
    NotSaved(String),
}

/// A form that is to be shown.
pub(super) struct Edit<'a> {
    /// The screen that it changes; none for a new one.
    pub(super) screen: Option<&'a Screen>,
    pub(super) form: &'a Form,
    pub(super) errors: &'a [FieldError],
    pub(super) notice: Option<&'a Notice<'a>>,
    pub(super) stations: BTreeSet<String>,
    pub(super) channels: BTreeSet<String>,
    /// What can be read, where the measures say.
    pub(super) read: Option<&'a (Profile, Legibility)>,
}

/// What a role is called.
fn role(role: Role) -> &'static str {
    match role {
        Role::Prep => "Prep",
        Role::Expo => "Expo",
        Role::Dispatch => "Dispatch",
        Role::All => "All",
    }
}

fn view_name(view: View) -> &'static str {
    match view {
        View::Columns => "Columns",
        View::Grid => "Grid",
    }
}

/// The list of all screens.
pub(super) fn list(shown: &Shown<'_>, screens: &[Screen], notice: Option<&Notice<'_>>) -> Response {
    let mut html = Html::default();
    html.raw("<div class=\"lead\"><h1>Screens</h1>");
    if !screens.is_empty() {
        html.raw("<a class=\"button primary\" href=\"/screens/new\">New screen</a>");
    }
    html.raw("</div>");
    told(&mut html, shown, notice);
    if screens.is_empty() {
        html.raw(
            "<section class=\"none\"><h2>No screen yet</h2><p>A screen is what one device in the \
             kitchen shows: which orders, how large, with which sounds. It is kept on this server, \
             so a device needs to know nothing but its address.</p><p>Begin with what is done at \
             it:</p>",
        );
        begin(&mut html);
        html.raw("</section>");
    } else {
        rows(&mut html, screens);
        html.raw(
            "<p class=\"sub small\">A screen that is open takes changes when it is loaded \
             again.</p>",
        );
    }
    page(shown, StatusCode::OK, "Screens", "", &html.done(), None)
}

/// One way into the form for each role.
fn begin(html: &mut Html) {
    html.raw("<ul class=\"begin\">");
    for (it, what) in ROLES {
        html.raw("<li><a href=\"/screens/new?role=").raw(it.as_str()).raw("\"><b>");
        html.raw(role(it)).raw("</b><span>").raw(what).raw("</span></a></li>");
    }
    html.raw("</ul>");
}

const ROLES: [(Role, &str); 4] = [
    (Role::Prep, "A station makes its items"),
    (Role::Expo, "Orders are put together"),
    (Role::Dispatch, "Orders go out"),
    (Role::All, "Everything on one screen"),
];

fn rows(html: &mut Html, screens: &[Screen]) {
    html.raw("<ul class=\"screens-list\">");
    for screen in screens {
        let Screen { name, profile, .. } = screen;
        let read = Legibility::of(profile);
        html.raw("<li><div class=\"which\"><h2><a href=\"/screens/").text(name.as_str());
        html.raw("\"><bdi>").text(&profile.title).raw("</bdi></a></h2><code>/screens/");
        html.text(name.as_str()).raw("</code></div><p class=\"role\">");
        html.raw(role(profile.role)).raw("</p><p class=\"what\">").text(&what(profile));
        html.raw("<span class=\"sub\">").text(&how(profile)).raw("</span></p>");
        if read.verdict == Verdict::TooSmall {
            html.raw("<p class=\"mark is-bad\">").icon("warning").raw("<span>");
            html.text(&read.says()).raw("</span></p>");
        }
        html.raw("<div class=\"does\">");
        for (path, word) in [("", "Open"), ("/edit", "Edit")] {
            html.raw("<a class=\"button\" href=\"/screens/").text(name.as_str()).raw(path);
            html.raw("\">").raw(word);
            of(html, screen).raw("</a>");
        }
        html.raw("<a class=\"button\" href=\"/screens/new?from=").text(name.as_str());
        html.raw("\">Copy");
        of(html, screen).raw("</a><a class=\"button quiet\" href=\"/screens/");
        html.text(name.as_str()).raw("/delete\">Delete");
        of(html, screen).raw("</a></div></li>");
    }
    html.raw("</ul>");
}

/// Ends the words of a link by saying of which screen, to those who hear them alone.
fn of<'a>(html: &'a mut Html, screen: &Screen) -> &'a mut Html {
    html.raw("<span class=\"unseen\"> ").text(&screen.profile.title).raw("</span>")
}

/// Which orders a screen shows.
fn what(profile: &Profile) -> String {
    let mut parts = Vec::new();
    let stations: Vec<&str> = profile.stations.iter().map(|it| it.as_str()).collect();
    let channels: Vec<&str> = profile.channels.iter().map(|it| it.as_str()).collect();
    let services: Vec<&str> = profile.services.iter().map(|it| text::service(*it)).collect();
    parts.push(if stations.is_empty() { "All stations".to_owned() } else { stations.join(", ") });
    for names in [channels, services] {
        if !names.is_empty() {
            parts.push(names.join(", "));
        }
    }
    parts.join(" · ")
}

/// How a screen shows them.
fn how(profile: &Profile) -> String {
    let order = match profile.sort {
        Sort::Due => "by promise",
        Sort::Age => "by age",
    };
    let slots = profile.page_size.filter(|_| profile.view == View::Grid);
    let slots = slots.map_or(String::new(), |slots| format!(" of {slots}"));
    format!(
        "{}{slots}, {order} · {}″ from {} m",
        view_name(profile.view),
        profile.diagonal_in,
        profile.distance_m
    )
}

/// What has just happened.
fn told(html: &mut Html, shown: &Shown<'_>, notice: Option<&Notice<'_>>) {
    let Some(notice) = notice else { return };
    match notice {
        Notice::Saved(screen) => {
            let at = text::time_of_day(screen.changed_at, shown.utc_offset_s, true);
            html.raw("<p class=\"notice is-good\" role=\"status\">").icon("check");
            html.raw("<span><b><bdi>").text(&screen.profile.title).raw("</bdi></b> saved ");
            html.text(&at).raw(".</span></p>");
        }
        Notice::Deleted(name) => {
            html.raw("<p class=\"notice is-good\" role=\"status\">").icon("check");
            html.raw("<span><b>").text(name.as_str()).raw("</b> is deleted.</span></p>");
        }
        Notice::CopyOf(screen) => {
            html.raw("<p class=\"notice\">A copy of <b><bdi>").text(&screen.profile.title);
            html.raw("</bdi></b>, not saved yet. It needs a name of its own.</p>");
        }
        Notice::Stale => trouble(
            html,
            "Somebody else has changed this screen since you opened it. What you typed is still \
             here: save again to have it instead of theirs.",
        ),
        Notice::Gone => trouble(
            html,
            "Somebody else has deleted this screen since you opened it. What you typed is still \
             here: save again to make it anew.",
        ),
        Notice::TooMany => trouble(
            html,
            "There are as many screens as there may be. Delete one that nobody opens, then save \
             again.",
        ),
        Notice::NotSaved(why) => {
            html.raw("<p class=\"notice is-bad\" role=\"alert\">").icon("warning");
            html.raw("<span>Not saved: ").text(why);
            html.raw(". What you typed is still here: try again later.</span></p>");
        }
    }
}

fn trouble(html: &mut Html, what: &'static str) {
    html.raw("<p class=\"notice is-bad\" role=\"alert\">").icon("warning").raw("<span>");
    html.raw(what).raw("</span></p>");
}

/// Asks whether a screen is to go.
pub(super) fn ask(
    shown: &Shown<'_>,
    status: StatusCode,
    screen: &Screen,
    notice: Option<&Notice<'_>>,
) -> Response {
    let mut html = Html::default();
    html.raw("<h1>Delete <bdi>").text(&screen.profile.title).raw("</bdi>?</h1>");
    if notice.is_some() {
        trouble(&mut html, "Somebody else has changed this screen since you opened this page.");
    }
    html.raw("<p>").text(&what(&screen.profile)).raw("<br>").text(&how(&screen.profile));
    html.raw(
        "</p><p>Orders are not touched. Devices that have this screen open keep what they show \
         until they are loaded again. It cannot be undone.</p><form method=\"post\" \
         class=\"actions\" action=\"/screens/",
    );
    html.text(screen.name.as_str());
    html.raw("/delete\"><input type=\"hidden\" name=\"expected_version\" value=\"");
    html.number(screen.version.0).raw(
        "\"><button class=\"button danger\">Delete</button><a class=\"button\" \
         href=\"/screens\">Keep it</a></form>",
    );
    page(shown, status, "Delete a screen", TO_LIST, &html.done(), None)
}

/// The page for the name of no screen.
pub(super) fn unknown(shown: &Shown<'_>, asked: &str, screens: &[Screen]) -> Response {
    let mut html = Html::default();
    html.raw("<h1>There is no screen called “<bdi>").text(asked).raw("</bdi>”</h1><p>");
    if screens.is_empty() {
        html.raw("No screen has been made yet.");
    } else {
        html.raw("Perhaps it has another name, or was deleted. These are there:");
    }
    html.raw("</p>");
    if !screens.is_empty() {
        html.raw("<ul class=\"begin\">");
        for screen in screens {
            html.raw("<li><a href=\"/screens/").text(screen.name.as_str()).raw("\"><b><bdi>");
            html.text(&screen.profile.title).raw("</bdi></b><span>").text(&what(&screen.profile));
            html.raw("</span></a></li>");
        }
        html.raw("</ul>");
    }
    html.raw("<p class=\"actions\"><a class=\"button primary\" href=\"/screens/new");
    if let Ok(name) = ScreenName::parse(asked) {
        html.raw("?name=").text(name.as_str()).raw("\">Make ").text(name.as_str());
    } else {
        html.raw("\">New screen");
    }
    html.raw("</a><a class=\"button\" href=\"/\">Board with all orders</a></p>");
    page(shown, StatusCode::NOT_FOUND, "No such screen", TO_LIST, &html.done(), None)
}

/// The page for a form that another site has sent.
pub(super) fn refused(shown: &Shown<'_>) -> Response {
    let main = "<h1>Nothing was changed</h1><p>The form came from a page of another site. Open \
                the screens here and save them here.</p><p class=\"actions\"><a class=\"button\" \
                href=\"/screens\">Screens</a></p>";
    page(shown, StatusCode::FORBIDDEN, "Nothing was changed", TO_LIST, main, None)
}

const TO_LIST: &str = "<a href=\"/screens\">Screens</a>";

/// The form of a screen.
pub(super) fn edit(shown: &Shown<'_>, status: StatusCode, edit: &Edit<'_>) -> Response {
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
    summary(&mut html, edit.errors);
    html.raw("<form id=\"screen\" class=\"edit\" method=\"post\" autocomplete=\"off\" action=\"");
    match edit.screen {
        Some(screen) => html.raw("/screens/").text(screen.name.as_str()).raw("/edit\">"),
        None => html.raw("/screens\">"),
    };
    html.raw("<input type=\"hidden\" name=\"expected_version\" value=\"");
    html.text(edit.form.text("expected_version")).raw("\"><div class=\"groups\">");
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
    page(shown, status, title, TO_LIST, &main, Some(SCRIPT))
}

/// The fields that were refused, as links to them.
fn summary(html: &mut Html, errors: &[FieldError]) {
    if errors.is_empty() {
        return;
    }
    html.raw("<div class=\"notice is-bad\" role=\"alert\">").icon("warning");
    html.raw("<div><b>Not saved: ");
    html.text(&text::count(errors.len() as u64, "field"));
    html.raw(if errors.len() == 1 { " needs" } else { " need" });
    html.raw(" another look.</b><ul>");
    for error in errors {
        let field = error.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        let known = LABELS.iter().find(|(name, _)| *name == field);
        let (id, label) = known.unwrap_or(&("screen", "This form"));
        html.raw("<li><a href=\"#").raw(id).raw("\">").raw(label).raw("</a> ");
        html.text(&error.detail).raw("</li>");
    }
    html.raw("</ul></div></div>");
}

/// Fields, by the name that they have everywhere, and what people call them.
const LABELS: [(&str, &str); 22] = [
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
    ("announce", "Read out"),
    ("hold_to_bump", "Hold to bump"),
    ("bump_bar", "Bump bar"),
];

fn groups(html: &mut Html, edit: &Edit<'_>) {
    group(html, "who", "Name and role");
    line(html, edit, "title", "Title", "In the head of the screen.", " maxlength=\"40\"");
    if edit.screen.is_none() {
        line(
            html,
            edit,
            "name",
            "Name",
            "Its address will be /screens/ and this: lower-case letters, digits and hyphens. It \
             also signs what is done at this screen.",
            " required maxlength=\"40\" autocapitalize=\"none\" spellcheck=\"false\"",
        );
    }
    segments(
        html,
        edit,
        "role",
        "Role",
        "",
        &ROLES.map(|(it, what)| (it.as_str(), role(it), what)),
    );

    group(html, "what", "What it shows");
    boxes(html, edit, "stations", "Stations", "None ticked: all of them.", &edit.stations);
    line(html, edit, "more_stations", "Other stations", "With commas between them.", "");
    boxes(html, edit, "channels", "Channels", "None ticked: all of them.", &edit.channels);
    line(html, edit, "more_channels", "Other channels", "With commas between them.", "");
    begin_set(html, edit, "services", "Services", "None ticked: all of them.");
    for (service, on) in edit.form.services() {
        tick(html, "services", service.as_str(), text::service(service), on);
    }
    html.raw("</div></fieldset>");

    group(html, "how", "How it looks");
    let views =
        [(View::Columns, "A column for each step"), (View::Grid, "Numbered slots, page by page")];
    let views = views.map(|(it, what)| (it.as_str(), view_name(it), what));
    segments(html, edit, "view", "View", "", &views);
    slots(html, edit);
    let sorts = [
        (Sort::Due.as_str(), "What is due", "The promise that ends first"),
        (Sort::Age.as_str(), "What is oldest", "The order that came first"),
    ];
    segments(html, edit, "sort", "First comes", "After what rushes.", &sorts);
    let themes = [
        (Theme::Auto.as_str(), "Automatic", ""),
        (Theme::Dark.as_str(), "Dark", ""),
        (Theme::Light.as_str(), "Light", ""),
    ];
    segments(
        html,
        edit,
        "theme",
        "Theme",
        "Dark for dim lines, light for bright kitchens.",
        &themes,
    );
    let languages: Vec<_> = Language::ALL.iter().map(|it| (it.as_str(), it.name(), "")).collect();
    segments(html, edit, "language", "Language", "", &languages);

    group(html, "who-reads", "Who reads it, from where");
    html.raw("<div class=\"row\">");
    measure(html, edit, "diagonal_in", "Diagonal", "inches", " min=\"3\" max=\"150\" step=\"0.1\"");
    measure(html, edit, "width_px", "Width", "px", " min=\"240\" max=\"16384\"");
    measure(html, edit, "height_px", "Height", "px", " min=\"240\" max=\"16384\"");
    measure(html, edit, "distance_m", "Distance", "m", " min=\"0.3\" max=\"20\" step=\"0.1\"");
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
    segments(html, edit, "digits", "A digit", "", &digits);
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
        switch(html, edit, name, label, hint);
    }
    keys(html, edit);

    group(html, "ears", "Sounds and speech");
    begin_set(html, edit, "sounds", "A sound when", "");
    for (event, label) in Sounds::EVENTS.into_iter().zip(SOUNDS) {
        tick(html, "sounds", event, label, edit.form.has("sounds", event));
    }
    html.raw("</div></fieldset>");
    measure(html, edit, "volume", "Volume", "%", " min=\"0\" max=\"100\"");
    let announce = [
        (Announce::Off.as_str(), "Alarms only", ""),
        (Announce::New.as_str(), "New orders", ""),
        (Announce::All.as_str(), "Every change", ""),
    ];
    segments(html, edit, "announce", "Read out", "To those who use a screen reader.", &announce);
    html.raw("</section>");
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

/// What is wrong with a field, or with a part of it.
fn wrong<'a>(edit: &'a Edit<'_>, name: &'a str) -> impl Iterator<Item = &'a FieldError> {
    // What is typed beside the boxes belongs to them.
    edit.errors.iter().filter(move |error| {
        error.pointer.strip_prefix('/').is_some_and(|pointer| {
            pointer == name || pointer.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
        })
    })
}

/// Says what is wrong with a field. Whether anything is.
fn complain(html: &mut Html, edit: &Edit<'_>, name: &'static str) {
    let mut errors = wrong(edit, name).peekable();
    if errors.peek().is_none() {
        return;
    }
    html.raw("<p class=\"wrong\" id=\"").raw(name).raw("-wrong\">").icon("warning").raw("<span>");
    for (place, error) in errors.enumerate() {
        html.raw(if place > 0 { "; " } else { "" }).text(&error.detail);
    }
    html.raw("</span></p>");
}

/// The attributes that tie a field to its hint and to what is wrong with it.
fn ties(html: &mut Html, edit: &Edit<'_>, name: &'static str, hint: bool) {
    let bad = wrong(edit, name).next().is_some();
    if !bad && !hint {
        return;
    }
    html.raw(" aria-describedby=\"");
    if bad {
        html.raw(name).raw("-wrong ");
    }
    if hint {
        html.raw(name).raw("-hint");
    }
    html.raw(if bad { "\" aria-invalid=\"true\"" } else { "\"" });
}

fn hinted(html: &mut Html, name: &'static str, hint: &'static str) {
    if !hint.is_empty() {
        html.raw("<p class=\"hint\" id=\"").raw(name).raw("-hint\">").raw(hint).raw("</p>");
    }
}

fn line(
    html: &mut Html,
    edit: &Edit<'_>,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    attributes: &'static str,
) {
    html.raw("<div class=\"field\"><label for=\"").raw(name).raw("\">").raw(label);
    html.raw("</label><input type=\"text\" id=\"").raw(name).raw("\" name=\"").raw(name);
    html.raw("\" value=\"").text(edit.form.text(name)).raw("\"").raw(attributes);
    ties(html, edit, name, !hint.is_empty());
    html.raw(">");
    complain(html, edit, name);
    hinted(html, name, hint);
    html.raw("</div>");
}

fn measure(
    html: &mut Html,
    edit: &Edit<'_>,
    name: &'static str,
    label: &'static str,
    unit: &'static str,
    attributes: &'static str,
) {
    html.raw("<div class=\"field measure\"><label for=\"").raw(name).raw("\">").raw(label);
    html.raw(" <span class=\"unit\">").raw(unit).raw("</span></label>");
    html.raw("<input type=\"number\" inputmode=\"decimal\" id=\"").raw(name).raw("\" name=\"");
    html.raw(name).raw("\" value=\"").text(edit.form.text(name)).raw("\"").raw(attributes);
    ties(html, edit, name, false);
    html.raw(">");
    complain(html, edit, name);
    html.raw("</div>");
}

/// One of a few, all in sight.
fn segments(
    html: &mut Html,
    edit: &Edit<'_>,
    name: &'static str,
    legend: &'static str,
    hint: &'static str,
    choices: &[(&'static str, &'static str, &'static str)],
) {
    begin_set(html, edit, name, legend, hint);
    for (place, (value, label, what)) in choices.iter().enumerate() {
        html.raw("<label class=\"choice\"><input type=\"radio\" name=\"").raw(name);
        html.raw("\" value=\"").raw(value).raw("\"");
        // Of what is none of them, such as nothing, the first is taken.
        let known = choices.iter().any(|(value, ..)| edit.form.has(name, value));
        let on = edit.form.has(name, value) || (!known && place == 0);
        html.raw(if on { " checked" } else { "" }).raw("><span><b>").raw(label).raw("</b>");
        if !what.is_empty() {
            html.raw("<span class=\"what\">").raw(what).raw("</span>");
        }
        html.raw("</span></label>");
    }
    html.raw("</div></fieldset>");
}

fn begin_set(
    html: &mut Html,
    edit: &Edit<'_>,
    name: &'static str,
    legend: &'static str,
    hint: &'static str,
) {
    html.raw("<fieldset class=\"field\" id=\"").raw(name).raw("\" tabindex=\"-1\"");
    ties(html, edit, name, !hint.is_empty());
    html.raw("><legend>").raw(legend).raw("</legend>");
    complain(html, edit, name);
    hinted(html, name, hint);
    html.raw("<div class=\"choices\">");
}

fn boxes(
    html: &mut Html,
    edit: &Edit<'_>,
    name: &'static str,
    legend: &'static str,
    hint: &'static str,
    choices: &BTreeSet<String>,
) {
    begin_set(html, edit, name, legend, hint);
    for choice in choices {
        tick(html, name, choice, choice, edit.form.has(name, choice));
    }
    if choices.is_empty() {
        html.raw("<p class=\"sub\">None is known yet; type them below.</p>");
    }
    html.raw("</div></fieldset>");
}

fn tick(html: &mut Html, name: &'static str, value: &str, label: &str, on: bool) {
    html.raw("<label class=\"choice\"><input type=\"checkbox\" name=\"").raw(name);
    html.raw("\" value=\"").text(value).raw(if on { "\" checked" } else { "\"" });
    html.raw("><span><b><bdi>").text(label).raw("</bdi></b></span></label>");
}

fn switch(
    html: &mut Html,
    edit: &Edit<'_>,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
) {
    html.raw("<label class=\"switch\"><input type=\"checkbox\" id=\"").raw(name);
    html.raw("\" name=\"").raw(name).raw("\" value=\"on\"");
    html.raw(if edit.form.is_on(name) { " checked" } else { "" }).raw("><span><b>").raw(label);
    html.raw("</b> <span class=\"hint\">").raw(hint).raw("</span></span></label>");
}

fn slots(html: &mut Html, edit: &Edit<'_>) {
    html.raw(
        "<div class=\"field\"><label for=\"page_size\">Slots on a page</label>\
         <select id=\"page_size\" name=\"page_size\"",
    );
    ties(html, edit, "page_size", true);
    html.raw("><option value=\"\">As many as can be read</option>");
    for slots in Profile::PAGE_SIZE {
        let slots = slots.to_string();
        html.raw("<option").raw(if edit.form.has("page_size", &slots) {
            " selected>"
        } else {
            ">"
        });
        html.text(&slots).raw("</option>");
    }
    html.raw("</select>");
    complain(html, edit, "page_size");
    hinted(html, "page_size", "Of the grid. More slots, smaller text.");
    html.raw("</div>");
}

fn keys(html: &mut Html, edit: &Edit<'_>) {
    let changed = KEY_ACTIONS
        .iter()
        .filter(|(action, _)| !edit.form.text(&format!("key_{action}")).is_empty())
        .count();
    let bad = wrong(edit, "keys").next().is_some();
    html.raw("<details class=\"keys-of\" id=\"keys\"").raw(if bad { " open>" } else { ">" });
    html.raw("<summary>Other keys <span class=\"sub\">");
    html.text(&match changed {
        0 => "as usual".to_owned(),
        changed => format!("{changed} changed"),
    });
    html.raw("</span></summary>");
    complain(html, edit, "keys");
    html.raw(
        "<p class=\"hint\">Choose a field and press the key or the button of the bump bar that is \
         to do it; Delete empties the field. Without a script, type the key’s code, such as \
         Numpad1.</p><div class=\"bindings\">",
    );
    for ((action, usual), label) in KEY_ACTIONS.into_iter().zip(KEYS) {
        html.raw("<label><span>").raw(label);
        html.raw("</span><input type=\"text\" data-key maxlength=\"32\" spellcheck=\"false\" ");
        html.raw("autocapitalize=\"none\" name=\"key_").raw(action).raw("\" placeholder=\"");
        html.raw(usual).raw("\" value=\"").text(edit.form.text(&format!("key_{action}")));
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

/// What can be read, as figures and as a picture.
pub(super) fn verdict(read: Option<&(Profile, Legibility)>) -> String {
    let mut html = Html::default();
    let Some((profile, read)) = read else {
        html.raw(
            "<section class=\"verdict\"><h2>Legibility</h2><p class=\"says\">Say how large the \
             screen is and from where it is read.</p></section>",
        );
        return html.done();
    };
    let (class, icon) = match read.verdict {
        Verdict::Comfortable => ("verdict is-good", "check"),
        Verdict::Readable => ("verdict is-fair", "check"),
        Verdict::TooSmall => ("verdict is-bad", "warning"),
    };
    html.raw("<section class=\"").raw(class).raw("\"><h2>Legibility</h2>");
    picture(&mut html, profile, read);
    html.raw("<p class=\"says\">").icon(icon).raw("<span>").text(&read.says());
    html.raw("</span></p>");
    if let Some(advice) = read.advice() {
        html.raw("<p class=\"advice\">").raw(advice).raw("</p>");
    }
    gauge(&mut html, read);
    html.raw("<dl class=\"readings\">");
    for (name, value) in [
        ("Item text", format!("{} px", read.item_px)),
        ("Capital letters", format!("{:.1} mm", read.letter_mm)),
        ("Needed", format!("{}–{} px", read.least_px, read.preferred_px)),
        ("Tickets beside each other", read.beside.to_string()),
    ] {
        html.raw("<div><dt>").raw(name).raw("</dt><dd>").text(&value).raw("</dd></div>");
    }
    html.raw("</dl></section>");
    html.done()
}

fn rect(html: &mut Html, class: &'static str, at: (f64, f64), size: (f64, f64)) {
    html.raw("<rect class=\"").raw(class);
    for (name, value) in
        [("\" x=\"", at.0), ("\" y=\"", at.1), ("\" width=\"", size.0), ("\" height=\"", size.1)]
    {
        html.raw(name).text(&format!("{value:.1}"));
    }
    html.raw("\"/>");
}

/// The screen, drawn to scale with its tickets and the size of their letters.
fn picture(html: &mut Html, profile: &Profile, read: &Legibility) {
    let width = 320.0;
    let scale = width / f64::from(profile.width_px);
    let height = (f64::from(profile.height_px) * scale).clamp(80.0, 420.0);
    html.raw("<svg class=\"picture\" aria-hidden=\"true\" focusable=\"false\" viewBox=\"0 0 320 ");
    html.text(&format!("{height:.1}")).raw("\">");
    rect(html, "p-screen", (0.5, 0.5), (width - 1.0, height - 1.0));
    let head = (read.root.value() * 3.75 * scale).min(height / 4.0);
    rect(html, "p-head", (1.0, 1.0), (width - 2.0, head));
    let beside = f64::from(read.beside.max(1));
    let gap = (12.0 * scale).max(2.0);
    let ticket = (width - gap * (beside + 1.0)) / beside;
    let item = f64::from(read.item_px) * scale;
    let top = head + gap + 1.0;
    for place in 0..read.beside.max(1) {
        let left = gap + f64::from(place) * (ticket + gap);
        // Some tickets are longer than others.
        let lines = [4.0, 6.0, 3.0, 5.0][place as usize % 4];
        let tall = (item * (2.2 + lines * 1.5)).min(height - top - gap);
        rect(html, "p-ticket", (left, top), (ticket, tall));
        rect(html, "p-bar", (left, top), (ticket, (item * 1.9).min(tall)));
        let mut y = top + item * 2.6;
        let mut line = 0;
        while y + item * 0.73 < top + tall - 1.0 {
            let letters = [13.0, 8.0, 15.0, 10.0][line % 4];
            let long = (letters * item * 0.55).min(ticket - item * 0.6);
            rect(html, "p-text", (left + item * 0.4, y), (long, item * 0.73));
            y += item * 1.5;
            line += 1;
        }
    }
    html.raw("</svg>");
}

/// The angle that a letter fills, on a scale with what is needed.
fn gauge(html: &mut Html, read: &Legibility) {
    const FROM: f64 = 8.0;
    const LONG: f64 = 304.0;
    const MOST: f64 = 28.0;
    let at = |arc: f64| FROM + arc.clamp(0.0, MOST) / MOST * LONG;
    html.raw("<svg class=\"gauge\" role=\"img\" aria-label=\"A letter fills ");
    html.text(&format!("{:.1}", read.arc));
    html.raw(" minutes of arc; 16 can be read, 20 are comfortable\" viewBox=\"0 0 320 46\">");
    rect(html, "g-bad", (at(0.0), 18.0), (at(LEAST_ARC) - at(0.0), 6.0));
    rect(html, "g-fair", (at(LEAST_ARC), 18.0), (at(PREFERRED_ARC) - at(LEAST_ARC), 6.0));
    rect(html, "g-good", (at(PREFERRED_ARC), 18.0), (at(MOST) - at(PREFERRED_ARC), 6.0));
    for (arc, label) in [(LEAST_ARC, "16′"), (PREFERRED_ARC, "20′")] {
        html.raw("<text x=\"").text(&format!("{:.1}", at(arc))).raw("\" y=\"42\">").raw(label);
        html.raw("</text>");
    }
    let marker = at(read.arc);
    html.raw("<path class=\"g-mark\" d=\"M").text(&format!("{marker:.1}"));
    html.raw(" 27V14\"/><text class=\"g-now\" x=\"");
    html.text(&format!("{:.1}", marker.clamp(20.0, 300.0))).raw("\" y=\"10\">");
    html.text(&format!("{:.1}′", read.arc)).raw("</text></svg>");
}

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

/// A part of a page, for its script to put in.
pub(super) fn fragment(html: &str) -> Response {
    respond(StatusCode::OK, html.to_owned(), HeaderValue::from_static("default-src 'none'"))
}

/// A whole document; `way` leads from the board to it.
fn page(
    shown: &Shown<'_>,
    status: StatusCode,
    title: &'static str,
    way: &'static str,
    main: &str,
    script: Option<&'static str>,
) -> Response {
    let nonce = Nonce::new();
    let mut location = Html::default();
    let location = location.text(shown.location).done();
    let css = &shown.assets.css;
    let script = script.map_or(String::new(), |script| {
        format!("<script type=\"module\" nonce=\"{nonce}\">{script}</script>")
    });
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\" data-theme=\"auto\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} – {location} – live orders</title>\
         <meta name=\"color-scheme\" content=\"dark light\">\
         <script nonce=\"{nonce}\">{THEME}</script>\
         <link rel=\"preload\" href=\"{FONT}\" as=\"font\" type=\"font/woff2\" crossorigin>\
         <link rel=\"stylesheet\" href=\"{css}\"><link rel=\"stylesheet\" href=\"{CSS}\">\
         <link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\"></head>\
         <body class=\"site\"><header class=\"way\">\
         <nav aria-label=\"Way\"><a href=\"/\"><bdi>{location}</bdi></a>{way}</nav></header>\
         <main class=\"page\">{main}</main>{script}</body></html>"
    );
    respond(status, html, policy(&nonce, None))
}

fn respond(status: StatusCode, html: String, policy: HeaderValue) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
