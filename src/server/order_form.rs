//! The page on which staff enter an order from the telephone or the counter. A plain
//! document with a plain form: without a script every Enter adds a line by a round to
//! the server; with one the page does that by itself, and asks for the preview alone.

use std::time::Duration;

use axum::{
    extract::{RawQuery, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{
    access::principal::Caller,
    documents::{Shown, fragment},
    error::{FieldError, Problem},
    forms::{Filled, Form, posted, see},
    ingest::{self, Sent},
    language, pages,
    state::App,
    store::{Paused, Placed, Unavailable},
};
use crate::domain::{FoodOrder, OrderId, ScreenName, UnixMillis};

mod known;
mod lines;
mod view;
mod wish;

use known::Known;
pub use known::Suggestions;
use view::{Notice, Page, Quote};
use wish::{Wish, typed};

/// How long a second press waits for what comes of the first one.
const PATIENCE: Duration = Duration::from_secs(2);
/// What is kept from one order to the next: whoever is at the telephone stays there.
const KEPT: [&str; 2] = ["channel", "back"];

/// `GET /orders/new`: the empty form; `placed` names the order that has just been
/// placed with it.
pub(super) async fn open(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let asked = Form::parse(query.unwrap_or_default().as_bytes());
    let mut form = Form::default();
    for name in KEPT {
        form.set(name, asked.text(name));
    }
    if form.text("back").is_empty() {
        let from = headers.get(header::REFERER).and_then(|from| from.to_str().ok());
        form.set("back", from.map_or("/", path_of));
    }
    form.set("key", &new_key());
    let placed = match asked.text("placed").parse::<OrderId>() {
        Ok(id) => match app.store.order(id).await {
            Ok(order) => order.filter(|it| caller.wall.lets(&it.location, &it.source.channel)),
            Err(unavailable) => return away(&app, &unavailable),
        },
        Err(_) => None,
    };
    let known = match Known::read(&app, &caller).await {
        Ok(known) => known,
        Err(unavailable) => return away(&app, &unavailable),
    };
    let notice = match placed {
        Some(order) => Some(Notice::Placed(Box::new(order))),
        None => app.orders.paused(app.clock.now()).map(Notice::Paused),
    };
    show(&app, &caller, StatusCode::OK, &form, &known, &[], notice.as_ref())
}

/// `POST /orders/new`: places the order, or adds or takes off a line.
pub(super) async fn send(State(app): State<App>, caller: Caller, request: Request) -> Response {
    let mut form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    if Uuid::try_parse(form.text("key")).is_err() {
        form.set("key", &new_key());
    }
    // What was typed is worth more than suggestions.
    let known = Known::read(&app, &caller).await.unwrap_or_default();
    if form.text("do") != "place" {
        edit(&mut form);
        return show(&app, &caller, StatusCode::OK, &form, &known, &[], None);
    }
    let wish = Wish::of(&app, &caller, &form, &known, app.clock.now());
    let lines: Vec<String> = typed(&form).into_iter().map(str::to_owned).collect();
    match place(&app, &caller, form.text("key"), &wish).await {
        Ok(placed) => see(&placed_at(&form, placed.id)),
        Err(problem) => {
            set_lines(&mut form, lines);
            refused(&app, &caller, form, &known, problem).await
        }
    }
}

/// Places what is wished, by the same way as the API; or finds what a press before
/// this one has placed.
async fn place(app: &App, caller: &Caller, key: &str, wish: &Wish) -> Result<Placed, Problem> {
    let until = Instant::now() + PATIENCE;
    let own = ingest::own_key(key, caller);
    loop {
        let sent = Sent {
            key: Some(key.to_owned()),
            typed: &wish.sent,
            body: &wish.body,
            order: wish.order(app).map_err(Problem::InvalidFields),
            defaults: wish.defaults(app),
        };
        let placed = ingest::place_sent(app, caller, sent).await;
        let waits = matches!(placed, Err(Problem::IdempotencyKeyInFlight));
        if !waits || timeout_at(until, app.keys_in_flight.free(&own)).await.is_err() {
            return placed;
        }
    }
}

/// The form again, with why its order was not placed.
async fn refused(
    app: &App,
    caller: &Caller,
    mut form: Form,
    known: &Known,
    problem: Problem,
) -> Response {
    let status = problem.status();
    let (errors, notice) = match problem {
        Problem::InvalidFields(errors) => (errors, None),
        Problem::IntakePaused(paused) => (Vec::new(), Some(Notice::NotTaken(paused))),
        Problem::StoreUnavailable(Unavailable { why, unsure }) => {
            let notice = if unsure { Notice::Unsure(why) } else { Notice::NotPlaced(why) };
            (Vec::new(), Some(notice))
        }
        Problem::IdempotencyKeyInFlight => {
            let why = "it is being placed by a press before this one".to_owned();
            (Vec::new(), Some(Notice::NotPlaced(why)))
        }
        Problem::IdempotencyKeyReused(id) => {
            // Whoever presses again means another order.
            form.set("key", &new_key());
            let before = app.store.order(id).await.ok().flatten();
            (Vec::new(), Some(Notice::PlacedBefore(before.map(|order| order.number))))
        }
        other => return other.into_response(),
    };
    let seconds = match &notice {
        Some(Notice::NotTaken(paused)) => paused.for_millis.max(0).unsigned_abs().div_ceil(1000),
        _ => 2,
    };
    let mut response = show(app, caller, status, &form, known, &errors, notice.as_ref());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// `POST /orders/new/preview`: the ticket as the kitchen would see it, for the page's
/// script. By `POST`, because names and telephone numbers are in it.
pub(super) async fn preview(State(app): State<App>, caller: Caller, request: Request) -> Response {
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let known = Known::read(&app, &caller).await.unwrap_or_default();
    fragment(&previewed(&app, &caller, &form, &known))
}

/// The preview of what stands in `form`.
fn previewed(app: &App, caller: &Caller, form: &Form, known: &Known) -> String {
    let shown = Shown::of(app);
    let wish = Wish::of(app, caller, form, known, shown.now);
    let promise = app.orders.promise(wish.service, wish.due_at, shown.now);
    let quote = Quote { promise, intake: app.kitchen.intake() };
    view::preview(&shown, wish.ticket(app, shown.now).as_ref(), &quote)
}

/// Adds the line that is being typed, and takes off the one whose button was pressed.
fn edit(form: &mut Form) {
    let drop: Option<usize> = form.text("drop").parse().ok();
    // Each has the place that its button says, whether it is empty or not.
    let kept = form.all("item").enumerate().filter(|(place, _)| Some(*place) != drop);
    let mut lines: Vec<String> = kept.map(|(_, line)| line.to_owned()).collect();
    if drop.is_none() {
        lines.push(form.text("line").to_owned());
        form.set("line", "");
    }
    lines.retain(|line| !line.trim().is_empty());
    let line = form.text("line").to_owned();
    set_lines(form, lines);
    form.set("line", &line);
}

/// Lets `lines` be those of the order, and none be typed.
fn set_lines(form: &mut Form, lines: Vec<String>) {
    form.set("line", "");
    form.clear("item");
    for line in lines {
        form.add("item", line);
    }
}

fn show(
    app: &App,
    caller: &Caller,
    status: StatusCode,
    form: &Form,
    known: &Known,
    errors: &[FieldError],
    notice: Option<&Notice>,
) -> Response {
    let shown = Shown { board: board_at(form.text("back")), ..Shown::of(app) };
    let page = Page {
        filled: Filled { form, errors },
        notice,
        known,
        zone: app.page.time_zone.iana_name(),
        preview: previewed(app, caller, form, known),
    };
    view::page(&shown, status, &page)
}

fn away(app: &App, Unavailable { why, .. }: &Unavailable) -> Response {
    tracing::warn!(%why, "page.new_order.unavailable");
    pages::away(app.assets.page(), language::words(app.page.language))
}

/// What tells the order of one form from that of another.
fn new_key() -> String {
    Uuid::now_v7().to_string()
}

/// The page that says that order `id` is placed, ready for the next one.
fn placed_at(form: &Form, id: OrderId) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("placed", &id.to_string());
    for name in KEPT {
        query.append_pair(name, form.text(name));
    }
    format!("/orders/new?{}", query.finish())
}

/// The path and query of an address.
fn path_of(address: &str) -> &str {
    let path = address.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    path.unwrap_or("/")
}

/// The board at `address`, or the one with all orders: what says where to go back to
/// comes from outside, and leads to no other page.
fn board_at(address: &str) -> &str {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let screen = path.strip_prefix("/screens/").is_some_and(|name| ScreenName::parse(name).is_ok());
    if path == "/" || screen { address } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_to_a_board_and_nowhere_else() {
        for board in ["/", "/?view=grid&station=fry", "/screens/expo", "/screens/expo?view=grid"] {
            assert_eq!(board_at(board), board);
            assert_eq!(path_of(&format!("http://10.0.0.5:3000{board}")), board);
        }
        for other in [
            "",
            "//evil.example/",
            "https://evil.example/",
            "/screens/new",
            "/screens",
            "/screens/a/edit",
        ] {
            assert_eq!(board_at(other), "/", "{other}");
        }
    }

    #[test]
    fn lines_come_and_go_by_their_buttons() {
        let mut form = Form::parse(b"item=Fries&item=&item=Tea&line=2+Pie&do=add");
        edit(&mut form);
        assert_eq!(form.all("item").collect::<Vec<_>>(), ["Fries", "Tea", "2 Pie"]);
        assert_eq!(form.text("line"), "");
        form.set("line", "Soup");
        form.set("drop", "1");
        edit(&mut form);
        assert_eq!(form.all("item").collect::<Vec<_>>(), ["Fries", "2 Pie"]);
        assert_eq!(typed(&form), ["Fries", "2 Pie", "Soup"]);
    }
}
