//! The pages of [`site`](super::site) as documents. Each is whole before any
//! script has run; the few lines of script only spare whoever fills in the form
//! a way.

use axum::{http::StatusCode, response::Response};

use crate::{
    app::{html::Html, text},
    domain::{
        Channel, Profile, Screen, ScreenName, Station,
        legibility::{Legibility, Verdict},
        screen::{Role, Sort, View},
    },
    server::{
        documents::{Script, Shown, in_english, page, trouble},
        store::Unavailable,
    },
};

mod edit;
mod verdict;

pub(super) use edit::{Edit, edit};
pub(super) use verdict::verdict;

/// What a page says of what has just happened.
pub(super) enum Notice<'a> {
    Saved(&'a Screen),
    Deleted(ScreenName),
    CopyOf(&'a Screen),
    Stale,
    Gone,
    TooMany,
    NotSaved(Unavailable),
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
pub(super) fn list(
    shown: &Shown<'_>,
    screens: &[Screen],
    notice: Option<&Notice<'_>>,
    manages: bool,
) -> Response {
    in_english();
    let mut html = Html::default();
    html.raw("<div class=\"lead\"><h1>Screens</h1><div class=\"actions\">");
    if !screens.is_empty() {
        html.raw("<a class=\"button primary\" href=\"/screens/new\">New screen</a>");
    }
    if manages {
        html.raw("<a class=\"button\" href=\"/access\">Manage</a>");
    }
    html.raw("</div></div>");
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
    page(shown, StatusCode::OK, "Screens", "", &html.done(), Script::None)
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
    let stations: Vec<&str> = profile.stations.iter().map(Station::as_str).collect();
    let channels: Vec<&str> = profile.channels.iter().map(Channel::as_str).collect();
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
        Notice::NotSaved(Unavailable { why, unsure }) => {
            html.raw("<p class=\"notice is-bad\" role=\"alert\">").icon("warning");
            let begin =
                if *unsure { "It is not known whether this is saved: " } else { "Not saved: " };
            html.raw("<span>").raw(begin).text(why);
            html.raw(". What you typed is still here: try again later.</span></p>");
        }
    }
}

/// Asks whether a screen is to go.
pub(super) fn ask(
    shown: &Shown<'_>,
    status: StatusCode,
    screen: &Screen,
    notice: Option<&Notice<'_>>,
) -> Response {
    in_english();
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
    page(shown, status, "Delete a screen", TO_LIST, &html.done(), Script::None)
}

/// The page for the name of no screen.
pub(super) fn unknown(shown: &Shown<'_>, asked: &str, screens: &[Screen]) -> Response {
    in_english();
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
    page(shown, StatusCode::NOT_FOUND, "No such screen", TO_LIST, &html.done(), Script::None)
}

const TO_LIST: &str = "<a href=\"/screens\">Screens</a>";
