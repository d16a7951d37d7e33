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
    respond(StatusCode::OK, html.to_owned(), HeaderValue::from_static("default-src 'none'"))
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
    let nonce = Nonce::new();
    let mut location = Html::default();
    let location = location.text(shown.location).done();
    let title = Html::default().text(title).done();
    let mut board = Html::default();
    board.raw("<a href=\"").text(shown.board).raw("\">").icon("back").raw("Board</a>");
    let board = board.done();
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
         <body class=\"site\"><header class=\"way\">\
         <nav aria-label=\"Way\">{board}{way}</nav><p><bdi>{location}</bdi></p>\
         </header>\
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
