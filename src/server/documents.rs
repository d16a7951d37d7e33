//! The server's pages around the board as documents: lists and forms that are whole
//! before any script has run. What they have in common; [`fields`] writes forms.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use leptos::nonce::Nonce;

use super::{
    language,
    orders::utc_offset_seconds,
    pages::{FONT, PageAssets, THEME, policy},
    router::no_page,
    state::App,
};
use crate::{
    app::html::Html,
    domain::{UnixMillis, screen::Language},
    words,
};

pub(super) mod fields;

/// The style sheet that these pages have beside the board's.
const CSS: &str = "/pages.css";

/// What every page shows of the server.
pub(super) struct Shown<'a> {
    pub(super) assets: &'a PageAssets,
    pub(super) location: &'a str,
    /// The server's time.
    pub(super) now: UnixMillis,
    pub(super) utc_offset_s: i32,
    /// The board that the page leads back to.
    pub(super) board: &'a str,
}

impl<'a> Shown<'a> {
    /// As it is now.
    pub(super) fn of(app: &'a App) -> Self {
        let now = app.clock.now();
        Self {
            assets: app.assets.page(),
            location: app.page.location.as_str(),
            now,
            utc_offset_s: utc_offset_seconds(now, &app.page.time_zone),
            board: "/",
        }
    }
}

/// The few lines of script that spare whoever fills in a form a way.
#[derive(Clone, Copy)]
pub(super) enum Script {
    /// None.
    None,
    /// In the page.
    Inline(&'static str),
    /// A file of its own.
    File(&'static str),
}

/// These pages are for whoever sets a kitchen up or takes orders for it, and speak
/// one language so far.
pub(super) fn in_english() {
    words::speak(language::words(Language::English));
}

/// What stands in the way.
pub(super) fn trouble(html: &mut Html, what: &str) {
    html.raw("<p class=\"notice is-bad\" role=\"alert\">").icon("warning").raw("<span>");
    html.text(what).raw("</span></p>");
}

/// A part of a page, for its script to put in.
pub(super) fn fragment(html: &str) -> Response {
    respond(StatusCode::OK, html.to_owned(), no_page())
}

/// A whole document; `way` leads from the board to it.
pub(super) fn page(
    shown: &Shown<'_>,
    status: StatusCode,
    title: &str,
    way: &'static str,
    main: &str,
    script: Script,
) -> Response {
    let mut html = Html::default();
    html.raw("<body class=\"site\"><header class=\"way\"><nav aria-label=\"Way\"><a href=\"");
    html.text(shown.board).raw("\">").icon("back").raw("Board</a>").raw(way);
    html.raw("</nav><p><bdi>").text(shown.location).raw("</bdi></p></header>");
    let head = html.done();
    let body = format!("{head}<main class=\"page\">{main}</main>");
    document(shown, status, title, &body, script)
}

/// A document for whoever is still outside, from which no way leads to the board.
pub(super) fn door(shown: &Shown<'_>, status: StatusCode, title: &str, main: &str) -> Response {
    let mut html = Html::default();
    html.raw("<body class=\"site outside\"><main class=\"page card\"><p class=\"house\">");
    html.raw("<img src=\"/favicon.svg\" alt=\"\" width=\"28\" height=\"28\"><span>live orders");
    html.raw("</span><bdi>").text(shown.location).raw("</bdi></p>");
    let head = html.done();
    document(shown, status, title, &format!("{head}{main}</main>"), Script::None)
}

/// A document; `body` begins with the tag of that name.
fn document(
    shown: &Shown<'_>,
    status: StatusCode,
    title: &str,
    body: &str,
    script: Script,
) -> Response {
    let nonce = Nonce::new();
    let location = Html::default().text(shown.location).done();
    let title = Html::default().text(title).done();
    let css = &shown.assets.css;
    let script = match script {
        Script::None => String::new(),
        Script::Inline(script) => {
            format!("<script type=\"module\" nonce=\"{nonce}\">{script}</script>")
        }
        Script::File(file) => {
            format!("<script type=\"module\" nonce=\"{nonce}\" src=\"{file}\"></script>")
        }
    };
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\" data-theme=\"auto\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} – {location} – live orders</title>\
         <meta name=\"color-scheme\" content=\"dark light\">\
         <script nonce=\"{nonce}\">{THEME}</script>\
         <link rel=\"preload\" href=\"{FONT}\" as=\"font\" type=\"font/woff2\" crossorigin>\
         <link rel=\"stylesheet\" href=\"{css}\"><link rel=\"stylesheet\" href=\"{CSS}\">\
         <link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\"></head>\
         {body}{script}</body></html>"
    );
    respond(status, html, policy(&nonce))
}

/// The page for a form that another site's page had a browser send.
pub(super) fn foreign(shown: &Shown<'_>) -> Response {
    let main = "<h1>Nothing was changed</h1><p>The form came from a page of another site. Open it \
                here and send it from here.</p>";
    page(shown, StatusCode::FORBIDDEN, "Nothing was changed", "", main, Script::None)
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
