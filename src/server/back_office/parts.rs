//! What the pages of the back office have in common.

use axum::{
    extract::{Path, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    app::html::Html,
    domain::{Location, UnixMillis},
    server::{
        access::{flash::Flash, principal::Caller},
        documents::{Script, Shown, in_english, page},
        error::{FieldError, Problem},
        forms::{Filled, Form, see},
        state::App,
        store::Unavailable,
    },
};

/// The number in an address.
pub(super) type Number = Result<Path<i64>, PathRejection>;
/// The name in an address.
pub(super) type Named = Result<Path<String>, PathRejection>;

/// Puts what was made into the clipboard, where the browser lets it.
const COPY: &str = "for(const b of document.querySelectorAll('[data-copy]')){\
    const f=document.getElementById(b.dataset.copy);f.select();\
    if(!navigator.clipboard)continue;b.hidden=false;\
    b.onclick=()=>navigator.clipboard.writeText(f.value).then(()=>b.textContent='Copied')}";

/// A part of the back office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Users,
    Keys,
    Devices,
    Webhooks,
    Secrets,
    Audit,
}

impl Part {
    const ALL: [Self; 6] =
        [Self::Users, Self::Keys, Self::Devices, Self::Webhooks, Self::Secrets, Self::Audit];

    /// What it is called, and its address.
    fn is(self) -> (&'static str, &'static str) {
        match self {
            Self::Users => ("Users", "/access/users"),
            Self::Keys => ("Keys", "/access/keys"),
            Self::Devices => ("Screens", "/access/screens"),
            Self::Webhooks => ("Webhooks", "/access/webhooks"),
            Self::Secrets => ("Channel secrets", "/access/secrets"),
            Self::Audit => ("Audit", "/access/audit"),
        }
    }

    /// Its address.
    pub(super) fn path(self) -> &'static str {
        self.is().1
    }
}

/// A page of the back office: for whom, and in which part.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) app: &'a App,
    pub(super) caller: &'a Caller,
    pub(super) part: Part,
}

impl Desk<'_> {
    /// The page `main` with what is to be told on it, which it says now, and never again.
    pub(super) fn page(self, on: &str, title: &str, main: &str) -> Response {
        let Desk { app, caller, .. } = self;
        let flash = app.access.flashes.take(caller, on, app.clock.now());
        self.show(StatusCode::OK, title, flash.as_ref(), main)
    }

    /// The page with a form that was not taken.
    pub(super) fn refused(self, status: StatusCode, title: &str, main: &str) -> Response {
        self.show(status, title, None, main)
    }

    fn show(self, status: StatusCode, title: &str, flash: Option<&Flash>, main: &str) -> Response {
        in_english();
        let mut html = Html::default();
        html.raw("<nav class=\"parts\" aria-label=\"Manage\"><ul>");
        for part in Part::ALL {
            let (name, path) = part.is();
            html.raw("<li><a href=\"").raw(path).raw("\"");
            html.raw(if part == self.part { " aria-current=\"true\">" } else { ">" });
            html.raw(name).raw("</a></li>");
        }
        html.raw("</ul><a class=\"you\" href=\"/account\"><bdi>").text(self.caller.name());
        html.raw("</bdi></a></nav>");
        if let Some(flash) = flash {
            told(&mut html, flash);
        }
        let script = match flash {
            Some(Flash { secret: Some(_), .. }) => Script::Inline(COPY),
            _ => Script::None,
        };
        let html = html.done() + main;
        let way = "<a href=\"/screens\">Screens</a>";
        page(&Shown::of(self.app), status, title, way, &html, script)
    }

    /// Leads to the page `to`, which says `text`.
    pub(super) fn done(self, to: &str, text: impl Into<String>) -> Response {
        self.leave(Flash::done(to, text))
    }

    /// Leads to the page that says `flash`.
    pub(super) fn leave(self, flash: Flash) -> Response {
        let to = see(&flash.on);
        self.app.access.flashes.leave(self.caller, flash, self.app.clock.now());
        to
    }

    /// The page for what is not there, or no longer.
    pub(super) fn missing(self, what: &'static str) -> Response {
        let mut html = Html::default();
        html.raw("<h1>This ").raw(what).raw(" is not there</h1><p>Perhaps somebody else has ");
        html.raw("deleted it meanwhile.</p><p class=\"actions\"><a class=\"button\" href=\"");
        html.raw(self.part.path()).raw("\">Back to the list</a></p>");
        self.show(StatusCode::NOT_FOUND, "Not there", None, &html.done())
    }

    /// The page for what cannot be done now.
    pub(super) fn away(self, Unavailable { why, unsure }: &Unavailable) -> Response {
        tracing::warn!(%why, "page.back_office.unavailable");
        let main = if *unsure {
            "<h1>This may be done, or not</h1><p>The disk took it and did not answer for it. \
             Look once something can be saved again, and do it again if it is not there.</p>"
        } else {
            "<h1>This cannot be done now</h1><p>Nothing was changed. Try again in a moment.</p>"
        };
        self.show(StatusCode::SERVICE_UNAVAILABLE, "Not now", None, main)
    }

    /// The page for a refusal that has no field to stand beside.
    pub(super) fn problem(self, problem: Problem) -> Response {
        match problem {
            Problem::StoreUnavailable(unavailable) => self.away(&unavailable),
            problem => problem.into_response(),
        }
    }

    /// The clock's zone on the wall.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.app.page.time_zone
    }
}

/// What has just happened, with what is shown this once.
pub(super) fn told(html: &mut Html, flash: &Flash) {
    html.raw(if flash.good {
        "<div class=\"notice is-good\" role=\"status\">"
    } else {
        "<div class=\"notice is-bad\" role=\"alert\">"
    });
    html.icon(if flash.good { "check" } else { "warning" }).raw("<div><p>").text(&flash.text);
    html.raw("</p>");
    if let Some(secret) = &flash.secret {
        html.raw(
            "<div class=\"once\"><label for=\"once\">Copy it now: it is never shown \
             again</label><div><input type=\"text\" readonly id=\"once\" spellcheck=\"false\" \
             autocomplete=\"off\" value=\"",
        );
        html.text(secret).raw(
            "\"><button type=\"button\" class=\"button\" data-copy=\"once\" \
             hidden>Copy</button></div></div>",
        );
    }
    html.raw("</div></div>");
}

/// A question before what cannot be undone: `what` happens when it is said yes to.
pub(super) struct Question<'a> {
    pub(super) title: &'static str,
    /// Whom or what it is about.
    pub(super) of: &'a str,
    /// What follows from it.
    pub(super) what: &'static str,
    /// Where it is done.
    pub(super) action: &'a str,
    pub(super) yes: &'static str,
    /// Where it is not.
    pub(super) back: &'a str,
}

impl Question<'_> {
    pub(super) fn ask(&self, desk: Desk<'_>) -> Response {
        let mut html = Html::default();
        html.raw("<h1>").raw(self.title).raw(" <bdi>").text(self.of).raw("</bdi>?</h1><p>");
        html.raw(self.what).raw("</p><form method=\"post\" class=\"actions\" action=\"");
        html.text(self.action).raw("\"><button class=\"button danger\">").raw(self.yes);
        html.raw("</button><a class=\"button\" href=\"").text(self.back).raw("\">No</a></form>");
        desk.show(StatusCode::OK, self.title, None, &html.done())
    }
}

/// A page's heading, and the way to what is made on it.
pub(super) fn lead(
    html: &mut Html,
    title: &'static str,
    new: Option<(&'static str, &'static str)>,
) {
    html.raw("<div class=\"lead\"><h1>").raw(title).raw("</h1>");
    if let Some((path, name)) = new {
        html.raw("<a class=\"button primary\" href=\"").raw(path).raw("\">").raw(name);
        html.raw("</a>");
    }
    html.raw("</div>");
}

/// A list that has nothing in it, and what it is for.
pub(super) fn nothing(html: &mut Html, title: &'static str, what: &'static str) {
    html.raw("<div class=\"none\"><h2>").raw(title).raw("</h2><p>").raw(what).raw("</p></div>");
}

/// Says of a form that it was not taken, where something in it is wrong.
pub(super) fn not_saved(html: &mut Html, filled: Filled<'_>) {
    if !filled.errors.is_empty() {
        html.raw("<p class=\"notice is-bad\" role=\"alert\">").icon("warning");
        html.raw("<span>Nothing was changed: what is marked below needs another look.</span></p>");
    }
}

/// The end of a form: what it does, and the way out of it.
pub(super) fn actions(html: &mut Html, yes: &'static str, back: &str) {
    html.raw("<p class=\"actions\"><button class=\"button primary\">").raw(yes);
    html.raw("</button><a class=\"button\" href=\"").text(back).raw("\">Cancel</a></p>");
}

/// What is wrong with the field `name`.
pub(super) fn wrong(name: &str, detail: impl Into<String>) -> FieldError {
    FieldError { pointer: format!("/{name}"), detail: detail.into() }
}

/// What a field with locations says, or what is wrong with it.
pub(super) fn locations(form: &Form, errors: &mut Vec<FieldError>) -> Vec<Location> {
    let labels = form.text("locations").split(',').map(str::trim).filter(|it| !it.is_empty());
    let parsed: Result<Vec<_>, _> = labels.map(Location::parse).collect();
    parsed.unwrap_or_else(|rule| {
        errors.push(wrong("locations", format!("each must have {rule}")));
        Vec::new()
    })
}

/// What a field with a name says, or what is wrong with it. The rule is that of
/// everything that signs an order.
pub(super) fn label(form: &Form, name: &str, errors: &mut Vec<FieldError>) -> String {
    match Location::parse(form.text(name)) {
        Ok(label) => label.as_str().to_owned(),
        Err(rule) => {
            errors.push(wrong(name, format!("must have {rule}")));
            String::new()
        }
    }
}

/// Locations as a field shows them.
pub(super) fn typed(locations: &[Location]) -> String {
    locations.iter().map(Location::as_str).collect::<Vec<_>>().join(", ")
}

/// Where somebody or something is let in.
pub(super) fn whereabouts(html: &mut Html, locations: &[Location]) {
    if locations.is_empty() {
        html.raw("All locations");
    } else {
        html.raw("Only <bdi>").text(&typed(locations)).raw("</bdi>");
    }
}

/// The label of the field in which locations are typed, and what helps with it.
pub(super) const LOCATIONS: (&str, &str) = (
    "Locations",
    "Parted by commas; empty for all. What is of other locations is not there for them at all.",
);

/// Why a secret is not given.
pub(super) const TOO_MANY_SECRETS: &str =
    "must be 0: as many secrets are still good as may be, and all but the new one end then";

/// A time with its day, as the clock on the wall shows it.
pub(super) fn time(html: &mut Html, at: UnixMillis, zone: &TimeZone) {
    let timestamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = zone.to_datetime(timestamp);
    let told = format!("{} {:02}:{:02}", local.date(), local.hour(), local.minute());
    html.raw("<time datetime=\"").text(&timestamp.to_string()).raw("\">").text(&told);
    html.raw("</time>");
}

/// Ends the words of a link or a button by saying of what, to those who hear them alone.
pub(super) fn of(html: &mut Html, name: &str) {
    html.raw("<span class=\"unseen\"> ").text(name).raw("</span>");
}
