//! Who did what, when and from where.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};

use super::parts::{Desk, Part, nothing, time};
use crate::{
    app::html::Html,
    server::{
        access::{
            principal::Caller,
            register::{self, Deed, Sought},
        },
        documents::fields,
        forms::{Filled, Form},
        state::App,
    },
};

const PATH: &str = "/access/audit";
/// Lines on one page.
const LINES: usize = 50;

/// What deeds are about, by how they begin.
const KINDS: [(&str, &str); 9] = [
    ("", "Everything"),
    ("user", "Users"),
    ("key", "Keys"),
    ("screen", "Paired screens"),
    ("profile", "Screens’ profiles"),
    ("webhook", "Webhooks"),
    ("secret", "Channel secrets"),
    ("intake", "Intake"),
    ("order", "Erasures"),
];

/// A deed in words; none where it is of another version.
fn said(what: &str) -> Option<&'static str> {
    Some(match what {
        "user.made" => "made the user",
        "user.password" => "set the password of",
        "user.disabled" => "let in no longer the user",
        "user.enabled" => "let in again the user",
        "user.role" => "changed what the user may do:",
        "user.sessions" => "ended the sessions of",
        "key.made" => "made the key",
        "key.revoked" => "took back the key",
        "screen.paired" => "paired the screen",
        "screen.revoked" => "let in no longer the screen",
        "profile.made" => "made the screen",
        "profile.changed" => "changed the screen",
        "profile.deleted" => "deleted the screen",
        "webhook.made" => "made the webhook",
        "webhook.changed" => "changed the webhook",
        "webhook.on" => "switched on the webhook",
        "webhook.off" => "paused the webhook",
        "webhook.rotated" => "gave another secret to the webhook",
        "webhook.tested" => "sent a test to the webhook",
        "webhook.replayed" => "had sent again what went to the webhook",
        "webhook.deleted" => "deleted the webhook",
        "secret.given" => "gave a secret to the channel",
        "secret.rotated" => "gave another secret to the channel",
        "secret.deleted" => "deleted the secret of the channel",
        "intake.set" => "set the intake switch:",
        "order.erased" => "erased the personal data of",
        _ => return None,
    })
}

/// `GET /access/audit`: the last deeds; `who` and `kind` narrow them, `before` has
/// older ones.
pub(in crate::server) async fn list(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Response {
    let desk = Desk { app: &app, caller: &caller, part: Part::Audit };
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let named = |name: &str| Some(query.text(name).to_owned()).filter(|it| !it.is_empty());
    let before = query.text("before").parse().ok();
    let sought = Sought { who: named("who"), kind: named("kind"), before };
    let found = app
        .access
        .look(move |of| Ok((register::deeds(of, &sought, LINES + 1)?, register::doers(of)?)));
    let (mut deeds, doers) = match found.await {
        Ok(found) => found,
        Err(unavailable) => return desk.away(&unavailable),
    };
    let more = deeds.len() > LINES;
    deeds.truncate(LINES);
    let mut html = Html::default();
    html.raw("<div class=\"lead\"><h1>Who did what</h1></div>");
    filter(&mut html, &query, &doers);
    if deeds.is_empty() {
        nothing(&mut html, "Nothing here", "Nothing of this kind was done by whom you chose.");
    } else {
        html.raw("<ul class=\"deeds\">");
        for deed in &deeds {
            line(&mut html, desk, deed);
        }
        html.raw("</ul>");
    }
    pages(&mut html, &query, before.is_some(), deeds.last().filter(|_| more));
    desk.page(PATH, "Who did what", &html.done())
}

fn filter(html: &mut Html, query: &Form, doers: &[String]) {
    let filled = Filled { form: query, errors: &[] };
    html.raw("<form class=\"edit sought\" method=\"get\" action=\"").raw(PATH).raw("\">");
    let everybody = [("", "Everybody")].into_iter();
    let doers = everybody.chain(doers.iter().map(|who| (who.as_str(), who.as_str())));
    fields::choose(html, filled, "who", "By", "", doers);
    fields::choose(html, filled, "kind", "About", "", KINDS);
    html.raw("<button class=\"button\">Show</button></form>");
}

fn line(html: &mut Html, desk: Desk<'_>, deed: &Deed) {
    html.raw("<li>");
    time(html, deed.at, desk.zone());
    html.raw("<p><b><bdi>").text(&deed.who).raw("</bdi></b> ");
    match said(&deed.what) {
        Some(words) => html.raw(words),
        None => html.raw("<code>").text(&deed.what).raw("</code>"),
    };
    html.raw(" <bdi>").text(&deed.subject).raw("</bdi></p><code>");
    html.text(deed.address.as_deref().unwrap_or_default()).raw("</code></li>");
}

fn pages(html: &mut Html, query: &Form, older: bool, last: Option<&Deed>) {
    let address = |before: Option<i64>| {
        let mut address = form_urlencoded::Serializer::new(String::new());
        for name in ["who", "kind"] {
            if !query.text(name).is_empty() {
                address.append_pair(name, query.text(name));
            }
        }
        if let Some(before) = before {
            address.append_pair("before", &before.to_string());
        }
        format!("{PATH}?{}", address.finish())
    };
    if older || last.is_some() {
        html.raw("<p class=\"actions\">");
        if older {
            html.raw("<a class=\"button\" href=\"").text(&address(None)).raw("\">Newest</a>");
        }
        if let Some(last) = last {
            html.raw("<a class=\"button\" href=\"").text(&address(Some(last.number)));
            html.raw("\">Older</a>");
        }
        html.raw("</p>");
    }
}
