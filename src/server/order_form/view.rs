//! The page as a document.

use axum::{http::StatusCode, response::Response};

use super::{FoodOrder, Paused, UnixMillis, known::Known};
use crate::{
    app::{html::Html, text, ticket},
    domain::{Intake, IntakeState, OrderNumber, OrderStatus, Promise, Service},
    server::{
        documents::{
            self, Script, Shown,
            fields::{
                begin_set, complain, hinted, line, segments, summary, switch, tick, ties, wrong,
            },
            in_english, trouble,
        },
        error::FieldError,
        forms::Filled,
    },
};

/// What the page does in a browser that runs scripts.
const SCRIPT: &str = "/new-order.js";

/// The allergens that food in the European Union has to name.
const ALLERGENS: [&str; 14] = [
    "gluten",
    "crustaceans",
    "egg",
    "fish",
    "peanut",
    "soy",
    "milk",
    "nuts",
    "celery",
    "mustard",
    "sesame",
    "sulphites",
    "lupin",
    "molluscs",
];

/// The page as it is to be shown.
pub(super) struct Page<'a> {
    pub(super) filled: Filled<'a>,
    pub(super) notice: Option<&'a Notice>,
    pub(super) known: &'a Known,
    /// What the location's time zone is called.
    pub(super) zone: Option<&'a str>,
    pub(super) preview: String,
}

/// What has just happened, or what stands in the way.
pub(super) enum Notice {
    Placed(Box<FoodOrder>),
    /// No orders are taken just now; nobody has tried yet.
    Paused(Paused),
    NotTaken(Paused),
    NotPlaced(String),
    /// It may be placed, or not.
    Unsure(String),
    /// The form has placed another order before.
    PlacedBefore(Option<OrderNumber>),
}

/// What an order is promised that comes now.
pub(super) struct Quote {
    pub(super) promise: Promise,
    pub(super) intake: Intake,
}

/// The page.
pub(super) fn page(shown: &Shown<'_>, status: StatusCode, page: &Page<'_>) -> Response {
    in_english();
    let mut html = Html::default();
    html.raw("<h1>New order</h1>");
    let title = match page.notice {
        Some(Notice::Placed(order)) => format!("Order {} is placed", order.number),
        Some(Notice::NotTaken(_) | Notice::NotPlaced(_)) => "Not placed".to_owned(),
        Some(Notice::Unsure(_)) => "Perhaps not placed".to_owned(),
        _ if !page.filled.errors.is_empty() => "Not placed".to_owned(),
        _ => "New order".to_owned(),
    };
    if let Some(notice) = page.notice {
        told(&mut html, shown, notice);
    }
    summary(&mut html, "Not placed", page.filled.errors, |field| {
        let known = LABELS.iter().find(|(name, _)| *name == field).copied();
        known.unwrap_or(if field.starts_with("item-") {
            ("lines", "A line")
        } else {
            ("line", "The order")
        })
    });
    html.raw(
        "<form id=\"order\" class=\"edit order-form\" method=\"post\" action=\"/orders/new\" \
         autocomplete=\"off\">",
    );
    for name in ["key", "back"] {
        html.raw("<input type=\"hidden\" name=\"").raw(name).raw("\" value=\"");
        html.text(page.filled.form.text(name)).raw("\">");
    }
    html.raw("<div class=\"groups\">");
    groups(&mut html, shown, page);
    html.raw("</div><aside class=\"side\" aria-label=\"Preview\"><div id=\"preview\">");
    let begin = html.done();
    html.raw(
        "</div><p class=\"unseen\" role=\"status\" id=\"said\"></p></aside>\
         <div class=\"save\"><button class=\"button primary\" name=\"do\" value=\"place\" \
         aria-keyshortcuts=\"Control+Enter\">Place order</button>\
         <span class=\"hint chord\" hidden><kbd>Ctrl</kbd> <kbd>Enter</kbd></span><p class=\"wrong\" role=\"alert\" id=\"away\"></p></div></form>\
         <template id=\"row\">",
    );
    row(&mut html, 0, "", &[]);
    html.raw("</template>");
    let main = [begin, page.preview.clone(), html.done()].concat();
    documents::page(shown, status, &title, "", &main, Script::File(SCRIPT))
}

/// Fields by the name that they have everywhere, and what people call them.
const LABELS: [(&str, &str); 11] = [
    ("line", "Item"),
    ("channel", "Came by"),
    ("service", "Service"),
    ("table", "Table"),
    ("address", "Address"),
    ("name", "Name"),
    ("phone", "Telephone"),
    ("due", "Due"),
    ("allergens", "Allergens"),
    ("instructions", "Note"),
    ("rush", "Rush"),
];

fn groups(html: &mut Html, shown: &Shown<'_>, page: &Page<'_>) {
    let filled = page.filled;
    begin(html, "what", "Items");
    items(html, page);
    html.raw("</section>");

    begin(html, "who", "Who and how");
    let channels = [("phone", "Telephone", ""), ("counter", "Counter", "")];
    html.raw("<div class=\"beside\">");
    segments(html, filled, "channel", "Came by", "", &channels);
    let services = Service::ALL.map(|it| (it.as_str(), text::service(it), ""));
    segments(html, filled, "service", "Service", "", &services);
    html.raw("</div><div class=\"of-dine-in\">");
    line(html, filled, "table", "Table", "", " maxlength=\"40\" inputmode=\"numeric\"");
    html.raw("</div><div class=\"of-delivery\">");
    line(html, filled, "address", "Address", "", " maxlength=\"300\"");
    html.raw("</div><div class=\"row pair\">");
    line(html, filled, "name", "Name", "", " maxlength=\"120\"");
    line(html, filled, "phone", "Telephone", "", " maxlength=\"40\" inputmode=\"tel\"");
    html.raw("</div>");
    due(html, shown, page);
    html.raw("</section>");

    begin(html, "care", "What the kitchen must know");
    begin_set(html, filled, "allergens", "Allergens", "On every line, whoever makes it.");
    for allergen in ALLERGENS {
        tick(html, "allergens", allergen, allergen, filled.form.has("allergens", allergen));
    }
    html.raw("</div></fieldset>");
    line(html, filled, "more_allergens", "Other allergens", "With commas between them.", "");
    line(
        html,
        filled,
        "instructions",
        "Note for whoever hands it over",
        "In the order’s details. A note for the cook belongs in the line: 2 cheeseburger, well done.",
        " maxlength=\"500\"",
    );
    switch(html, filled, "rush", "Rush", "Before all others.");
    html.raw("</section>");
}

fn begin(html: &mut Html, id: &'static str, title: &'static str) {
    html.raw("<section class=\"group\" id=\"").raw(id).raw("\" aria-labelledby=\"title-").raw(id);
    html.raw("\"><h2 id=\"title-").raw(id).raw("\">").raw(title).raw("</h2>");
}

/// The line that is being typed, and those that have been.
fn items(html: &mut Html, page: &Page<'_>) {
    let Page { filled, known, .. } = page;
    let lines: Vec<&str> = filled.form.all("item").collect();
    html.raw("<div class=\"entry\"><label class=\"unseen\" for=\"line\">Item</label><div class=\"typed\">");
    html.raw("<input type=\"text\" id=\"line\" name=\"line\" list=\"names\" value=\"");
    html.text(filled.form.text("line")).raw("\" autocapitalize=\"none\" enterkeyhint=\"enter\"");
    // After a refusal the reader begins with what was refused.
    html.raw(if filled.errors.is_empty() { " autofocus" } else { "" });
    ties(html, *filled, "line", true);
    html.raw("><button class=\"button\" name=\"do\" value=\"add\">Add</button></div>");
    complain(html, *filled, "line");
    hinted(
        html,
        "line",
        "As it is said, Enter after each: 2 cheeseburger, no onion, + bacon, well done",
    );
    html.raw("</div><ol class=\"typed-lines\" id=\"lines\" tabindex=\"-1\" aria-label=\"Lines\">");
    for (place, line) in lines.into_iter().enumerate() {
        let field = format!("item-{place}");
        let errors: Vec<&FieldError> = wrong(*filled, &field).collect();
        row(html, place, line, &errors);
    }
    html.raw("</ol><datalist id=\"names\">");
    options(html, &known.names());
    html.raw("</datalist><datalist id=\"differences\">");
    options(html, &known.modifiers());
    html.raw("</datalist>");
}

fn options(html: &mut Html, names: &[&str]) {
    for name in names {
        html.raw("<option value=\"").text(name).raw("\">");
    }
}

/// One line that has been typed.
fn row(html: &mut Html, place: usize, line: &str, errors: &[&FieldError]) {
    let (number, place) = ((place + 1).to_string(), place.to_string());
    html.raw("<li><input type=\"text\" name=\"item\" value=\"").text(line);
    html.raw("\" aria-label=\"Line ").text(&number).raw("\"");
    if !errors.is_empty() {
        html.raw(" aria-invalid=\"true\" aria-describedby=\"item-").text(&place).raw("-wrong\"");
    }
    html.raw("><button class=\"button square\" name=\"drop\" value=\"").text(&place);
    html.raw("\" aria-label=\"Take off line ").text(&number).raw("\">").icon("close");
    html.raw("</button>");
    if !errors.is_empty() {
        html.raw("<p class=\"wrong\" id=\"item-").text(&place).raw("-wrong\">").icon("warning");
        html.raw("<span>");
        for (place, error) in errors.iter().enumerate() {
            html.raw(if place > 0 { "; " } else { "" }).text(&error.detail);
        }
        html.raw("</span></p>");
    }
    html.raw("</li>");
}

fn due(html: &mut Html, shown: &Shown<'_>, page: &Page<'_>) {
    html.raw("<div class=\"entry measure\"><label for=\"due\">Due</label>");
    html.raw("<input type=\"time\" id=\"due\" name=\"due\" value=\"");
    html.text(page.filled.form.text("due")).raw("\"");
    ties(html, page.filled, "due", true);
    html.raw(">");
    complain(html, page.filled, "due");
    html.raw("</div><p class=\"hint\" id=\"due-hint\">Empty: as soon as possible. A time today");
    if let Some(zone) = page.zone.filter(|zone| !zone.ends_with("UTC")) {
        html.raw(", ").text(zone);
    }
    html.raw("; it is ").text(&clock(shown, shown.now)).raw(" now.</p>");
}

fn clock(shown: &Shown<'_>, at: UnixMillis) -> String {
    text::time_of_day(at, shown.utc_offset_s, false)
}

/// The ticket as the kitchen would see it, and what it is promised.
pub(super) fn preview(shown: &Shown<'_>, order: Option<&FoodOrder>, quote: &Quote) -> String {
    in_english();
    let mut html = Html::default();
    html.raw("<section class=\"preview\"><h2>As the kitchen sees it</h2>");
    match order {
        Some(order) => ticket::preview(&mut html, order, shown.utc_offset_s),
        None => {
            html.raw("<p class=\"nothing-yet\">The ticket, as soon as there is an item.</p>");
        }
    }
    html.raw("<dl class=\"readings\">");
    let Promise { fires_at, promised_at, .. } = quote.promise;
    let mut say = |name: &'static str, value: &str| {
        html.raw("<div><dt>").raw(name).raw("</dt><dd>").text(value).raw("</dd></div>");
    };
    if let Some(at) = promised_at {
        let minutes = (at.since(shown.now).max(0) + 30_000) / 60_000;
        let inside = if minutes < 100 { format!(" (in {minutes} min)") } else { String::new() };
        say("Promised for", &[clock(shown, at), inside].concat());
    }
    if let Some(at) = fires_at {
        say("Goes to the kitchen at", &clock(shown, at));
    }
    if let Some(order) = order {
        let stations = order.stations().into_iter().map(|station| {
            let lines = order.items.iter().filter(|item| item.station == *station);
            format!("{station} {}", lines.map(|item| item.quantity).sum::<u32>())
        });
        say("Stations", &stations.collect::<Vec<_>>().join(" · "));
    }
    html.raw("</dl>");
    if let Some(until) = quote.intake.until.filter(|_| quote.intake.state == IntakeState::Busy) {
        html.raw("<p class=\"hint\">The kitchen is busy until ").text(&clock(shown, until));
        html.raw(": ").text(&quote.intake.extra_min.to_string());
        html.raw(" minutes are on top already.</p>");
    }
    html.raw("</section>");
    html.done()
}

/// What has just happened.
fn told(html: &mut Html, shown: &Shown<'_>, notice: &Notice) {
    match notice {
        Notice::Placed(order) => placed(html, shown, order),
        Notice::Paused(paused) => {
            trouble(html, &format!("No new orders are taken {}.", pause(shown, paused)));
        }
        Notice::NotTaken(paused) => trouble(
            html,
            &format!(
                "Not placed: no new orders are taken {}. What you typed is still here.",
                pause(shown, paused)
            ),
        ),
        Notice::NotPlaced(why) => trouble(
            html,
            &format!("Not placed: {why}. What you typed is still here: place it again later."),
        ),
        Notice::Unsure(why) => trouble(
            html,
            &format!(
                "It is not known whether this is placed: {why}. Press “Place order” again until \
                 it says so: it is placed once."
            ),
        ),
        Notice::PlacedBefore(number) => {
            let number = number.map_or("another order".to_owned(), |it| format!("order {it}"));
            trouble(
                html,
                &format!(
                    "This form has placed {number} already, with something else in it; that \
                     stands as it is. Place this one too if it is another order."
                ),
            );
        }
    }
}

/// Until when, and why.
fn pause(shown: &Shown<'_>, Paused { until, reason, .. }: &Paused) -> String {
    let until = clock(shown, *until);
    match reason {
        Some(reason) => format!("until {until} ({reason})"),
        None => format!("until {until}"),
    }
}

fn placed(html: &mut Html, shown: &Shown<'_>, order: &FoodOrder) {
    html.raw("<div class=\"notice is-good\" role=\"status\">").icon("check");
    html.raw("<div><b>Order ").text(&order.number.to_string()).raw(" is placed.</b> ");
    html.text(text::service(order.fulfilment.service));
    if !order.customer.name.is_empty() {
        html.raw(", <bdi>").text(&order.customer.name).raw("</bdi>");
    }
    if let Some(at) = order.times.promised() {
        html.raw(", promised for ").text(&clock(shown, at));
    }
    if let Some(at) = order.times.fires_at.filter(|_| order.status == OrderStatus::Placed) {
        html.raw("; it goes to the kitchen at ").text(&clock(shown, at));
    }
    html.raw(". <a href=\"").text(shown.board).raw("\">Back to the board</a></div></div>");
}
