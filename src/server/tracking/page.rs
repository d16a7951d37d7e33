//! The page as a document: style and script stand in it, so that it is one answer.

use std::{ops::RangeInclusive, time::Duration};

use leptos::nonce::Nonce;

use super::{TrackingSettings, texts::Texts, view::View};
use crate::app::html::Html;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// A telephone number has so many digits: more than a postcode, and at most what
/// any network dials.
const DIGITS: RangeInclusive<usize> = 7..=15;

/// The page of an order.
pub(super) fn order(
    view: &View,
    texts: &Texts,
    settings: &TrackingSettings,
    nonce: &Nonce,
    beat: Duration,
) -> String {
    let mut html = head(&view.title, texts, nonce);
    // Without a script there is nobody else to look.
    html.raw("<noscript><meta http-equiv=\"refresh\" content=\"");
    // What is half typed into a field would be gone.
    html.raw(if view.asks { "60" } else { "20" }).raw("\"></noscript>");
    html.raw("<link rel=\"icon\" id=\"icon\" href=\"").text(view.icon).raw("\"></head>");
    html.raw("<body data-tone=\"").raw(view.tone).raw("\" data-id=\"").text(&view.id);
    html.raw("\" data-at=\"").text(&view.at).raw("\" data-beat=\"");
    html.text(&beat.as_millis().to_string()).raw("\" data-live=\"").text(&texts.live);
    html.raw("\" data-lost=\"").text(&texts.not_live).raw("\" data-offline=\"");
    html.text(&texts.offline).raw("\"><main id=\"view\">").fragment(&view.view);
    html.raw("</main><footer><p id=\"live\">").text(&texts.as_of.replacen("{}", &view.at, 1));
    html.raw("</p><noscript><p>").text(&texts.refreshes).raw("</p></noscript>");
    contact(&mut html, texts, settings);
    // For who hears the page: what changes, once it changes.
    html.raw("</footer><p id=\"said\" class=\"heard\" role=\"status\"></p><script nonce=\"");
    html.text(&nonce.to_string()).raw("\">").raw(SCRIPT).raw("</script></body></html>");
    html.done()
}

/// A page that says one thing.
pub(super) fn plain(
    title: &str,
    text: &str,
    texts: &Texts,
    settings: &TrackingSettings,
    nonce: &Nonce,
) -> String {
    let html = head(title, texts, nonce);
    say(html, [title, text], texts, settings, |_| {})
}

/// The page that stands in while the order cannot be read; it tries again by itself,
/// at the page whose address ends in `token` where there is one to go back to.
pub(super) fn away(
    texts: &Texts,
    settings: &TrackingSettings,
    nonce: &Nonce,
    token: Option<&str>,
) -> String {
    let mut html = head(&texts.away_title, texts, nonce);
    html.raw("<meta http-equiv=\"refresh\" content=\"10");
    if let Some(token) = token {
        html.raw(";url=../").text(token);
    }
    html.raw("\">");
    say(html, [&texts.away_title, &texts.away_text], texts, settings, |_| {})
}

/// The page that asks once more before order `number` is called off.
pub(super) fn ask_to_cancel(
    number: u32,
    token: &str,
    texts: &Texts,
    settings: &TrackingSettings,
    nonce: &Nonce,
) -> String {
    let title = texts.cancel_title.replacen("{}", &number.to_string(), 1);
    let html = head(&title, texts, nonce);
    say(html, [&title, &texts.cancel_text], texts, settings, |html| {
        html.raw("<form method=\"post\" action=\"cancel\"><button class=\"act first\">");
        html.text(&texts.cancel_yes).raw("</button></form>");
        link_back(html, token, &texts.cancel_no);
    })
}

/// The page that says that an order can no longer be called off by itself.
pub(super) fn too_late(
    token: &str,
    texts: &Texts,
    settings: &TrackingSettings,
    nonce: &Nonce,
) -> String {
    let html = head(&texts.late_title, texts, nonce);
    say(html, [&texts.late_title, &texts.late_text], texts, settings, |html| {
        link_back(html, token, &texts.back);
    })
}

fn link_back(html: &mut Html, token: &str, says: &str) {
    html.raw("<p><a class=\"act\" href=\"../").text(token).raw("\">").text(says).raw("</a></p>");
}

fn say(
    mut html: Html,
    [title, text]: [&str; 2],
    texts: &Texts,
    settings: &TrackingSettings,
    more: impl FnOnce(&mut Html),
) -> String {
    html.raw("</head><body data-tone=\"done\"><main><h1>").text(title);
    html.raw("</h1><p class=\"eta\">").text(text).raw("</p>");
    more(&mut html);
    html.raw("</main><footer>");
    contact(&mut html, texts, settings);
    html.raw("</footer></body></html>");
    html.done()
}

fn head(title: &str, texts: &Texts, nonce: &Nonce) -> Html {
    let mut html = Html::default();
    html.raw("<!DOCTYPE html><html lang=\"").raw(texts.language.as_str()).raw("\" dir=\"");
    html.raw(texts.language.dir()).raw("\"><head><meta charset=\"utf-8\">");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\"><title>").text(title);
    html.raw("</title><style nonce=\"").text(&nonce.to_string()).raw("\">").raw(STYLE);
    html.raw("</style>");
    html
}

fn contact(html: &mut Html, texts: &Texts, TrackingSettings { contact, .. }: &TrackingSettings) {
    let number = telephone(contact);
    if !contact.is_empty() && number != Some(contact) {
        html.raw("<p>").text(&texts.contact).raw(": <bdi>").text(contact).raw("</bdi></p>");
    }
    if let Some(number) = number {
        let digits: String = number.chars().filter(|it| *it != ' ').collect();
        let (before, after) = texts.call.split_once("{}").unwrap_or_default();
        html.raw("<p><a class=\"act\" href=\"tel:").text(&digits).raw("\">").text(before);
        html.raw("<bdi dir=\"ltr\">").text(number).raw("</bdi>").text(after).raw("</a></p>");
    }
}

/// The telephone number in `contact`, where there is one that cannot be taken for
/// anything else: digits, spaces and a plus at its beginning. It is all of the text, or
/// begins as what is dialled from elsewhere does, which house numbers and postcodes do not.
fn telephone(contact: &str) -> Option<&str> {
    // What numbers are written with, though not by us: what has it is no number of ours,
    // and no piece of it is one.
    let goes_on = |it: char| it.is_ascii_digit() || " +-/().".contains(it);
    contact.split(|it| !goes_on(it)).find_map(|part| {
        let part = part.trim_start_matches([' ', '.', '-', '/', ')']);
        let part = part.trim_end_matches([' ', '.', '(']);
        let digits = part.strip_prefix('+').unwrap_or(part);
        let plain = digits.chars().all(|it| it == ' ' || it.is_ascii_digit());
        let many = digits.chars().filter(char::is_ascii_digit).count();
        let dialled = part.starts_with(['+', '0']) || part == contact.trim();
        (plain && dialled && DIGITS.contains(&many)).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_dialled_only_where_it_is_one() {
        for (contact, number) in [
            ("+49 30 1234567", Some("+49 30 1234567")),
            ("5550134", Some("5550134")),
            ("Main St 1, 10115 Berlin, +49 30 1234567.", Some("+49 30 1234567")),
            ("Tel. 030 1234567 (until 22:00)", Some("030 1234567")),
            ("Ana – / +49 30 1234567", Some("+49 30 1234567")),
            ("Main St 1, 10115 Berlin", None),
            ("Main St 1, 1234567 Town", None),
            ("call 555-0134 or 030/1234567", None),
            ("(030) 1234567", None),
            ("+1+2345678", None),
            ("+49 30 12345678901234567890", None),
            ("٠٣٠١٢٣٤٥٦٧", None),
            ("javascript:alert(1)", None),
            ("", None),
        ] {
            assert_eq!(telephone(contact), number, "{contact}");
        }
    }

    #[test]
    fn a_link_is_made_of_digits_alone() {
        let settings = TrackingSettings {
            contact: "<b>Ana</b>, +49 30 1234567".to_owned(),
            ..TrackingSettings::default()
        };
        let mut html = Html::default();
        contact(&mut html, Texts::of(crate::domain::screen::Language::German), &settings);
        assert_eq!(
            html.done(),
            "<p>Kontakt: <bdi>&lt;b&gt;Ana&lt;/b&gt;, +49 30 1234567</bdi></p><p><a class=\"act\" \
             href=\"tel:+49301234567\"><bdi dir=\"ltr\">+49 30 1234567</bdi> anrufen</a></p>"
        );
    }
}
