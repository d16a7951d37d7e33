//! The pages of webhooks as documents.

use jiff::tz::TimeZone;

use super::{
    super::parts::{Desk, actions, not_saved, of, time},
    form::OVERLAP_HOURS,
    page_of,
};
use crate::{
    app::{html::Html, text},
    domain::{OrderStatus, Service, text::count},
    server::{
        documents::fields,
        forms::{Filled, Form},
        store::webhooks::{Attempted, SwitchState, Verdict, Webhook},
    },
    wire::{EventId, EventKind, StreamFilter},
};

/// A webhook with what was sent to it.
pub(super) struct Found {
    pub(super) webhook: Webhook,
    pub(super) attempts: Vec<Attempted>,
    /// Whether there are older ones.
    pub(super) more: bool,
    /// Whether these are older ones.
    pub(super) older: bool,
}

/// What a webhook is called: by what it is for, or else by where it goes.
pub(super) fn title(webhook: &Webhook) -> &str {
    webhook.description.as_deref().unwrap_or(&webhook.url)
}

/// One line of the list.
pub(super) fn row(html: &mut Html, desk: Desk<'_>, webhook: &Webhook) {
    let page = page_of(webhook);
    html.raw("<li><div class=\"which\"><h2><a href=\"").text(&page).raw("\"><bdi>");
    html.text(title(webhook)).raw("</bdi></a></h2>");
    if webhook.description.is_some() {
        html.raw("<code>").text(&webhook.url).raw("</code>");
    }
    html.raw("</div>");
    state(html, webhook);
    html.raw("<p class=\"what\">");
    wants(html, &webhook.filter);
    html.raw("<span class=\"sub\">");
    behind(html, desk, webhook);
    html.raw(" · ");
    delivered(html, desk.zone(), webhook);
    html.raw("</span></p>");
    trouble(html, desk.zone(), webhook);
    html.raw("<div class=\"does\"><a class=\"button\" href=\"").text(&page).raw("\">Open");
    of(html, title(webhook));
    html.raw("</a></div></li>");
}

/// Whether it is on, in a word.
fn state(html: &mut Html, webhook: &Webhook) {
    html.raw(match (webhook.switch.state, webhook.failing_since) {
        (SwitchState::On, None) => "<p class=\"role is-on\">On</p>",
        (SwitchState::On, Some(_)) => "<p class=\"role is-bad\">Failing</p>",
        (SwitchState::Off, _) => "<p class=\"role\">Off</p>",
        (SwitchState::Broken, _) => "<p class=\"role is-bad\">Broken</p>",
    });
}

/// What stands in its way, where something does.
fn trouble(html: &mut Html, zone: &TimeZone, webhook: &Webhook) {
    let mut mark = |words: &'static str, why: &str, at| {
        html.raw("<p class=\"mark is-bad\">").icon("warning").raw("<span>").raw(words);
        time(html, at, zone);
        if !why.is_empty() {
            html.raw(": ").text(why);
        }
        html.raw("</span></p>");
    };
    if webhook.switch.state != SwitchState::On {
        mark("Off since ", webhook.switch.why.as_deref().unwrap_or_default(), webhook.switch.since);
    } else if let Some(since) = webhook.failing_since {
        mark("Nothing accepted since ", "", since);
    }
    if let Some(until) = webhook.held_until
        && webhook.switch.state == SwitchState::On
    {
        mark("The receiver asked to be left alone until ", "", until);
    }
}

/// Which events it is sent.
fn wants(html: &mut Html, filter: &StreamFilter) {
    if filter.types.is_empty() {
        html.raw("All events");
    } else {
        let types: Vec<&str> = filter.types.iter().map(|kind| kind.as_str()).collect();
        html.text(&types.join(", "));
    }
    let rest = StreamFilter { types: Vec::new(), ..filter.clone() };
    for (name, values) in form_urlencoded::parse(rest.to_query().as_bytes()) {
        html.raw(" · ").text(&name).raw(": ").text(&values.replace(',', ", "));
    }
}

/// How far it is behind the log. What it does not want is noted some at a time,
/// so it may be less.
fn behind(html: &mut Html, desk: Desk<'_>, webhook: &Webhook) {
    let behind = desk.app.hub.head().0.saturating_sub(webhook.cursor.0);
    match (behind, webhook.waiting) {
        (0, 0) => {
            html.raw("Up to date");
        }
        (0, waiting) => {
            html.text(&count(waiting, "event")).raw(" to be sent");
        }
        (behind, 0) => {
            html.raw("At most ").text(&count(behind, "event")).raw(" behind");
        }
        (behind, waiting) => {
            html.raw("At most ").text(&count(behind, "event")).raw(" behind, ");
            html.text(&waiting.to_string()).raw(" to be sent");
        }
    }
}

fn delivered(html: &mut Html, zone: &TimeZone, webhook: &Webhook) {
    match webhook.delivered_at {
        Some(at) => {
            html.raw("last accepted ");
            time(html, at, zone);
        }
        None => {
            html.raw("nothing accepted yet");
        }
    }
}

/// The form of a webhook; of a new one where there is none.
pub(super) fn edit(webhook: Option<&Webhook>, filled: Filled<'_>) -> String {
    let mut html = Html::default();
    let back = webhook.map_or_else(|| super::PATH.to_owned(), page_of);
    html.raw("<div class=\"lead\"><h1>");
    match webhook {
        Some(webhook) => html.raw("Change <bdi>").text(title(webhook)).raw("</bdi>"),
        None => html.raw("New webhook"),
    };
    html.raw("</h1></div>");
    not_saved(&mut html, filled);
    html.raw("<form class=\"edit sheet\" method=\"post\" action=\"").text(&back);
    html.raw(if webhook.is_some() { "/edit\">" } else { "\">" });
    html.raw("<div class=\"group\"><h2>Where to</h2>");
    fields::line(
        &mut html,
        filled,
        "url",
        "Address",
        "An https address on the public internet; others only where the configuration names \
         their host.",
        " required maxlength=\"2000\" inputmode=\"url\" autocomplete=\"off\" spellcheck=\"false\"",
    );
    fields::line(
        &mut html,
        filled,
        "description",
        "What it is for",
        "So that others know it in the list.",
        " maxlength=\"120\" autocomplete=\"off\"",
    );
    html.raw("</div><div class=\"group\"><h2>What of</h2>");
    events(&mut html, filled);
    html.raw("</div>");
    if webhook.is_none() {
        html.raw("<div class=\"group\"><h2>From where on</h2>");
        fields::segments(
            &mut html,
            filled,
            "from",
            "It begins",
            "",
            &[
                ("now", "Now", "With what happens from here on"),
                ("earliest", "At the beginning", "With all that is kept"),
                ("event", "After an event", "Named below"),
            ],
        );
        fields::line(
            &mut html,
            filled,
            "after",
            "The event",
            "Its id, such as 9f3a01c4-42.",
            " maxlength=\"40\" autocomplete=\"off\"",
        );
        html.raw("</div>");
    }
    actions(&mut html, if webhook.is_some() { "Save" } else { "Make the webhook" }, &back);
    html.raw("</form>").done()
}

/// The fields of a filter.
fn events(html: &mut Html, filled: Filled<'_>) {
    let hint = "None ticked: all of them.";
    fields::begin_set(html, filled, "types", "Events", hint);
    for kind in EventKind::ALL {
        let on = filled.form.has("types", kind.as_str());
        fields::tick(html, "types", kind.as_str(), kind.as_str(), on);
    }
    html.raw("</div></fieldset>");
    let narrowed =
        ["station", "channel", "location", "order", "service", "status"].iter().any(|name| {
            !filled.form.text(name).is_empty() || fields::wrong(filled, name).next().is_some()
        });
    html.raw(if narrowed { "<details open>" } else { "<details>" });
    html.raw("<summary>Only some orders</summary><div class=\"narrowing\">");
    for (name, label, hint) in [
        ("station", "Stations", "Orders with something to make at one of these. Parted by commas."),
        ("channel", "Channels", "Orders that came through one of these. Parted by commas."),
        ("location", "Locations", "Orders that are made at one of these. Parted by commas."),
        ("order", "Orders", "These alone, by their ids. Parted by commas."),
    ] {
        fields::line(html, filled, name, label, hint, " autocomplete=\"off\"");
    }
    fields::begin_set(html, filled, "service", "Ways to the customer", "None ticked: all of them.");
    for service in Service::ALL {
        let on = filled.form.has("service", service.as_str());
        fields::tick(html, "service", service.as_str(), text::service(service), on);
    }
    html.raw("</div></fieldset>");
    fields::begin_set(html, filled, "status", "Statuses", "None ticked: all of them.");
    for status in OrderStatus::ALL {
        let on = filled.form.has("status", status.as_str());
        fields::tick(html, "status", status.as_str(), text::status(status), on);
    }
    html.raw("</div></fieldset></div></details>");
}

/// One webhook.
pub(super) fn one_page(desk: Desk<'_>, found: &Found, filled: Filled<'_>) -> String {
    let Found { webhook, .. } = found;
    let page = page_of(webhook);
    let mut html = Html::default();
    html.raw("<div class=\"lead\"><div><h1><bdi>").text(title(webhook)).raw("</bdi></h1>");
    html.raw("<p class=\"sub\"><code>").text(&webhook.url).raw("</code></p></div>");
    html.raw("<div class=\"actions\"><a class=\"button\" href=\"").text(&page);
    html.raw("/edit\">Change</a><form method=\"post\" action=\"").text(&page);
    html.raw("/switch\">");
    html.raw(if webhook.switch.state == SwitchState::On {
        "<button class=\"button\" name=\"state\" value=\"off\">Pause</button></form>"
    } else {
        "<button class=\"button primary\" name=\"state\" value=\"on\">Switch on</button></form>"
    });
    html.raw("<form method=\"post\" action=\"").text(&page);
    html.raw("/test\"><button class=\"button\">Send a test</button></form>");
    html.raw("<a class=\"button quiet\" href=\"").text(&page);
    html.raw("/delete\">Delete</a></div></div>");
    not_saved(&mut html, filled);
    facts(&mut html, desk, webhook);
    deliveries(&mut html, desk, found);
    html.raw("<div class=\"beside\">");
    again(&mut html, &page, filled);
    rotate(&mut html, desk.zone(), webhook, filled);
    html.raw("</div>").done()
}

fn facts(html: &mut Html, desk: Desk<'_>, webhook: &Webhook) {
    html.raw("<section class=\"group standing\" aria-label=\"How it stands\"><div>");
    state(html, webhook);
    html.raw("</div>");
    trouble(html, desk.zone(), webhook);
    html.raw("<dl class=\"readings\"><div><dt>Sent</dt><dd>");
    wants(html, &webhook.filter);
    html.raw("</dd></div><div><dt>How far</dt><dd>");
    behind(html, desk, webhook);
    html.raw("</dd></div><div><dt>Last accepted</dt><dd>");
    match webhook.delivered_at {
        Some(at) => time(html, at, desk.zone()),
        None => {
            html.raw("Nothing yet");
        }
    }
    html.raw("</dd></div>");
    if let Some(seq) = webhook.missed {
        let event = EventId { epoch: desk.app.store.epoch(), seq };
        html.raw("<div><dt>Never sent, as the log had let go of it</dt><dd>Up to <code>");
        html.text(&event.to_string()).raw("</code></dd></div>");
    }
    html.raw("<div><dt>Made</dt><dd>");
    time(html, webhook.created_at, desk.zone());
    html.raw("</dd></div></dl></section>");
}

fn deliveries(html: &mut Html, desk: Desk<'_>, found: &Found) {
    let Found { webhook, attempts, more, older } = found;
    let page = page_of(webhook);
    html.raw("<section aria-labelledby=\"deliveries\"><h2 id=\"deliveries\">Deliveries</h2>");
    if attempts.is_empty() {
        html.raw("<p class=\"sub\">Nothing was sent yet.</p>");
    } else {
        html.raw("<ul class=\"screens-list deliveries\">");
        for attempted in attempts {
            delivery(html, desk, &page, attempted);
        }
        html.raw("</ul>");
    }
    if *older || *more {
        html.raw("<p class=\"actions\">");
        if *older {
            html.raw("<a class=\"button\" href=\"").text(&page).raw("\">Newest</a>");
        }
        if let Some(last) = attempts.last().filter(|_| *more) {
            html.raw("<a class=\"button\" href=\"").text(&page).raw("?before=");
            html.text(&last.number.to_string()).raw("\">Older</a>");
        }
        html.raw("</p>");
    }
    html.raw("</section>");
}

fn delivery(
    html: &mut Html,
    desk: Desk<'_>,
    page: &str,
    Attempted { number, attempt }: &Attempted,
) {
    html.raw("<li><div class=\"which\"><h3>").text(&attempt.kind).raw("</h3>");
    let event = attempt.event.map(|(seq, _)| EventId { epoch: desk.app.store.epoch(), seq });
    if let Some(event) = event {
        html.raw("<code>").text(&event.to_string()).raw("</code>");
    }
    html.raw("</div>");
    html.raw(match attempt.outcome {
        Verdict::Delivered => "<p class=\"role is-on\">Accepted</p>",
        Verdict::Failed => "<p class=\"role is-bad\">Failed</p>",
        Verdict::GivenUp => "<p class=\"role is-bad\">Given up</p>",
    });
    html.raw("<p class=\"what\">");
    match attempt.status {
        Some(status) => html.raw("Status ").text(&status.to_string()),
        None => html.raw("No answer"),
    };
    html.raw(" in ").text(&attempt.took_ms.to_string()).raw(" ms");
    if let Some(error) = &attempt.error {
        html.raw(": ").text(error);
    }
    html.raw("<span class=\"sub\">");
    time(html, attempt.at, desk.zone());
    if attempt.attempt > 1 {
        html.raw(" · attempt ").text(&attempt.attempt.to_string());
    }
    if let Some(at) = attempt.next_at {
        html.raw(" · next ");
        time(html, at, desk.zone());
    }
    html.raw("</span></p>");
    if let Some(event) = event {
        html.raw("<form class=\"does\" method=\"post\" action=\"").text(page);
        html.raw("/replay\"><input type=\"hidden\" name=\"from\" value=\"delivery\"><input ");
        html.raw("type=\"hidden\" name=\"delivery\" value=\"").text(&number.to_string());
        html.raw("\"><button class=\"button\">Send again");
        of(html, &event.to_string());
        html.raw("</button></form>");
    }
    html.raw("</li>");
}

fn again(html: &mut Html, page: &str, filled: Filled<'_>) {
    html.raw("<form class=\"edit group\" method=\"post\" action=\"").text(page);
    html.raw("/replay\"><h2>Send again</h2>");
    fields::segments(
        html,
        filled,
        "from",
        "What",
        "",
        &[
            ("time", "All since a time", "What waits is dropped, because it comes again"),
            ("after", "All after an event", "What waits is dropped, because it comes again"),
            ("event", "One event", "As if for the first time"),
        ],
    );
    fields::moment(html, filled, "time", "Time", "As the clock on the wall shows it.");
    fields::line(
        html,
        filled,
        "event",
        "Event",
        "Its id, such as 9f3a01c4-42.",
        " maxlength=\"40\" autocomplete=\"off\"",
    );
    html.raw("<p class=\"actions\"><button class=\"button\">Send again</button></p></form>");
}

fn rotate(html: &mut Html, zone: &TimeZone, webhook: &Webhook, filled: Filled<'_>) {
    html.raw("<form class=\"edit group\" method=\"post\" action=\"").text(&page_of(webhook));
    html.raw(
        "/rotate\"><h2>Secret</h2><p>The receiver checks signatures with it. A new one is \
              shown once.</p>",
    );
    if let Some(until) = webhook.keys.former_until() {
        html.raw("<p class=\"sub\">The one before is good until ");
        time(html, until, zone);
        html.raw(".</p>");
    }
    overlap(html, filled);
    html.raw("<p class=\"actions\"><button class=\"button\">Make a new secret</button></p></form>");
}

/// For how long a secret stays good behind its successor.
pub(in crate::server::back_office) fn overlap(html: &mut Html, filled: Filled<'_>) {
    let mut form = Form::default();
    let typed = filled.form.text("overlap_hours");
    let untouched = typed.is_empty() && fields::wrong(filled, "overlap_hours").next().is_none();
    form.set("overlap_hours", if untouched { OVERLAP_HOURS } else { typed });
    fields::measure(
        html,
        Filled { form: &form, errors: filled.errors },
        "overlap_hours",
        "The present one stays good for",
        "hours, up to 168",
        " min=\"0\" max=\"168\" required",
    );
}
