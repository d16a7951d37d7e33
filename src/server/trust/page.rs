//! The page as a document: one style sheet of its own, no script.

use super::{code, texts::Texts};
use crate::{app::html::Html, domain::screen::Language};

/// What the page shows.
pub(super) struct Shown<'a> {
    pub(super) location: &'a str,
    pub(super) fingerprint: &'a str,
    /// Where the board is.
    pub(super) board: String,
    /// Where this page is, for other devices.
    pub(super) address: String,
    pub(super) texts: &'static Texts,
    pub(super) language: Language,
}

/// The page.
pub(super) fn page(shown: &Shown<'_>) -> String {
    let Shown { texts, language, .. } = shown;
    let mut html = Html::default();
    html.raw("<!DOCTYPE html><html lang=\"").raw(language.as_str());
    html.raw("\" dir=\"").raw(language.dir());
    html.raw(
        "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" \
         content=\"dark light\"><link rel=\"stylesheet\" href=\"/trust/page.css\"><title>",
    );
    html.text(&texts.title).raw(" – ").text(shown.location).raw(" – live orders</title></head>");
    html.raw("<body><main><h1>").text(&texts.title).raw("</h1><p>").text(&texts.lead);
    html.raw("</p><p class=\"quiet\">").text(&texts.limits);
    html.raw("</p><h2>").text(&texts.get).raw("</h2><p><a class=\"button\" download href=\"");
    html.raw("/trust/ca.crt\">").text(&texts.download).raw("</a></p><p>").text(&texts.compare);
    html.raw("</p><p><b>").text(&texts.fingerprint);
    html.raw("</b><br><code class=\"fingerprint\" dir=\"ltr\">").text(shown.fingerprint);
    html.raw("</code></p>");
    if let Some((path, width)) = code::path(&shown.address) {
        html.raw("<p>").text(&texts.code).raw("<br><code dir=\"ltr\">").text(&shown.address);
        html.raw("</code></p><svg class=\"code\" role=\"img\" aria-label=\"")
            .text(&texts.code_label);
        html.raw("\" viewBox=\"0 0 ").text(&format!("{width} {width}"));
        html.raw("\"><path class=\"ground\" d=\"M0 0h").text(&width.to_string());
        html.raw("v").text(&width.to_string()).raw("H0z\"/><path class=\"ink\" d=\"");
        html.text(&path).raw("\"/></svg>");
    }
    html.raw("<h2>").text(&texts.then).raw("</h2>");
    for (name, list) in [
        ("Android", &texts.android),
        ("iPhone, iPad", &texts.ios),
        ("Windows", &texts.windows),
        ("macOS", &texts.macos),
        ("Linux", &texts.linux),
        ("Firefox", &texts.firefox),
    ] {
        html.raw("<details><summary>").raw(name).raw("</summary><ol>");
        for step in list {
            html.raw("<li>");
            steps(&mut html, step);
            html.raw("</li>");
        }
        html.raw("</ol></details>");
    }
    html.raw("<h2>")
        .text(&texts.open)
        .raw("</h2><p><a class=\"button\" href=\"")
        .text(&shown.board);
    html.raw("\"><span dir=\"ltr\">")
        .text(&shown.board)
        .raw("</span></a></p></main></body></html>");
    html.done()
}

/// A step, in which code stands between backquotes.
fn steps(html: &mut Html, step: &str) {
    for (place, part) in step.split('`').enumerate() {
        if place % 2 == 1 {
            html.raw("<code dir=\"ltr\">").text(part).raw("</code>");
        } else {
            html.text(part);
        }
    }
}
