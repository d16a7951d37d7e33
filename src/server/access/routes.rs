//! Every route, and what it needs: one table. The router is made of it, so there
//! is no route without a row, and each goes through the same guard.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{Request, State},
    handler::Handler,
    http::{Extensions, HeaderMap, Method, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, MethodRouter, on},
};

use super::{
    cookies::Cookie,
    csrf,
    limits::{Standing, Subject},
    principal::{Caller, Principal, Who},
    roles::Right,
    site,
};
use crate::{
    domain::OrderId,
    server::{
        back_office::{self, audit, devices, keys, secrets, users, webhooks},
        contract,
        documents::{self, Shown},
        error::Problem,
        ingest, order_form, privacy, reads,
        screens::{self, site as screens_site},
        sources,
        state::App,
        stream, timeline, tracking, trust,
        webhooks::{channels, inbound, manage},
        worker,
    },
};

/// What whoever calls a route must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it is for those too who are still outside.
    Nothing,
    /// To have said who they are.
    Name,
    /// This right.
    Right(Right),
}

/// Whom a route answers, and so how it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// A program: with a problem.
    Program,
    /// A person: with a page, or the way to the log-in.
    Person,
}

/// What every row says.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The method; `GET` stands for `HEAD` too.
    pub method: Method,
    /// The address, with its parameters in braces.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// Whom it answers.
    pub face: Face,
    /// Whether the API's description tells of it: it is neither a page nor a part of one.
    pub told: bool,
}

impl Facts {
    /// Whether the address names an order, which must be on the caller's side of
    /// their wall.
    #[must_use]
    pub fn names_order(&self) -> bool {
        self.path.contains("/orders/{id}")
    }

    /// The order that `path` names where this row has one; none where it names
    /// none at all.
    fn order(&self, path: &str) -> Option<OrderId> {
        let place = self.path.split('/').position(|part| part == "{id}")?;
        path.split('/').nth(place)?.parse().ok()
    }
}

/// A route.
struct Row {
    facts: Facts,
    handler: MethodRouter<App>,
}

fn row<H: Handler<T, App>, T: 'static>(
    method: Method,
    path: &'static str,
    needs: Needs,
    face: Face,
    handler: H,
) -> Row {
    // What is no method of HTTP's has no handler either.
    let filter = MethodFilter::try_from(method.clone());
    let handler = filter.map_or_else(|_| MethodRouter::new(), |filter| on(filter, handler));
    Row { facts: Facts { method, path, needs, face, told: false }, handler }
}

/// A route for programs, which the API's description tells of.
fn api<H: Handler<T, App>, T: 'static>(
    method: Method,
    path: &'static str,
    needs: Needs,
    handler: H,
) -> Row {
    let mut row = row(method, path, needs, Face::Program, handler);
    row.facts.told = true;
    row
}

/// A route by which a page of ours fetches a part of itself.
fn part<H: Handler<T, App>, T: 'static>(
    method: Method,
    path: &'static str,
    needs: Needs,
    handler: H,
) -> Row {
    row(method, path, needs, Face::Program, handler)
}

/// A route for people.
fn page<H: Handler<T, App>, T: 'static>(
    method: Method,
    path: &'static str,
    needs: Needs,
    handler: H,
) -> Row {
    row(method, path, needs, Face::Person, handler)
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

const READ: Needs = Needs::Right(Right::Read);
const PLACE: Needs = Needs::Right(Right::Place);
const WORK: Needs = Needs::Right(Right::Work);
const DIRECT: Needs = Needs::Right(Right::Direct);
const ARRANGE: Needs = Needs::Right(Right::Arrange);
const ERASE: Needs = Needs::Right(Right::Erase);
const ADMIT: Needs = Needs::Right(Right::Admit);
const CONNECT: Needs = Needs::Right(Right::Connect);

/// The table.
fn rows() -> Vec<Row> {
    let mut rows = of_orders_and_ways_in();
    rows.extend(of_the_back_office());
    rows
}

/// Managers, in a browser: who is let in, where events go, who did what.
fn of_the_back_office() -> Vec<Row> {
    vec![
        page(GET, "/access", ADMIT, back_office::begin),
        page(GET, "/access/users", ADMIT, users::list),
        page(POST, "/access/users", ADMIT, users::make),
        page(GET, "/access/users/new", ADMIT, users::new),
        page(GET, "/access/users/{id}", ADMIT, users::one),
        page(POST, "/access/users/{id}", ADMIT, users::change),
        page(GET, "/access/users/{id}/disable", ADMIT, users::ask),
        page(POST, "/access/users/{id}/disable", ADMIT, users::disable),
        page(GET, "/access/keys", ADMIT, keys::list),
        page(POST, "/access/keys", ADMIT, keys::make),
        page(GET, "/access/keys/new", ADMIT, keys::new),
        page(GET, "/access/keys/{id}/revoke", ADMIT, keys::ask),
        page(POST, "/access/keys/{id}/revoke", ADMIT, keys::revoke),
        page(GET, "/access/screens", ADMIT, devices::list),
        page(GET, "/access/approve", ADMIT, devices::approve),
        page(POST, "/access/approve", ADMIT, devices::approved),
        page(POST, "/access/screens/{id}/revoke", ADMIT, devices::revoke),
        page(GET, "/access/webhooks", ADMIT, webhooks::list),
        page(POST, "/access/webhooks", ADMIT, webhooks::make),
        page(GET, "/access/webhooks/new", ADMIT, webhooks::new),
        page(GET, "/access/webhooks/{id}", ADMIT, webhooks::one),
        page(GET, "/access/webhooks/{id}/edit", ADMIT, webhooks::edit_form),
        page(POST, "/access/webhooks/{id}/edit", ADMIT, webhooks::save),
        page(POST, "/access/webhooks/{id}/switch", ADMIT, webhooks::switch),
        page(POST, "/access/webhooks/{id}/rotate", ADMIT, webhooks::rotate),
        page(POST, "/access/webhooks/{id}/test", ADMIT, webhooks::test),
        page(POST, "/access/webhooks/{id}/replay", ADMIT, webhooks::replay),
        page(GET, "/access/webhooks/{id}/delete", ADMIT, webhooks::ask),
        page(POST, "/access/webhooks/{id}/delete", ADMIT, webhooks::delete),
        page(GET, "/access/secrets", ADMIT, secrets::list),
        page(POST, "/access/secrets", ADMIT, secrets::give),
        page(GET, "/access/secrets/new", ADMIT, secrets::new),
        page(GET, "/access/secrets/{channel}/delete", ADMIT, secrets::ask),
        page(POST, "/access/secrets/{channel}/delete", ADMIT, secrets::delete),
        page(GET, "/access/audit", ADMIT, audit::list),
    ]
}

/// Everything else.
fn of_orders_and_ways_in() -> Vec<Row> {
    vec![
        // Cooks, expo and dispatch: the board.
        page(GET, "/", READ, reads::board),
        // The board, and every client that follows along.
        api(GET, "/live-orders", Needs::Right(Right::Follow), stream::live_orders),
        // Channels that bring orders in, and clients that look.
        api(POST, "/api/orders", PLACE, ingest::place),
        api(GET, "/api/orders", READ, reads::list),
        api(GET, "/api/orders/{id}", READ, reads::one),
        api(PATCH, "/api/orders/{id}", DIRECT, ingest::edit),
        // The board's buttons, and whoever else moves orders along. To reject or
        // cancel takes more than to bump: the handler sees which it is.
        api(POST, "/api/orders/{id}/transitions", WORK, ingest::transition),
        api(PATCH, "/api/orders/{id}/items/{item}", WORK, ingest::mark_item),
        api(POST, "/api/orders/{id}/stations", WORK, ingest::mark_stations),
        api(POST, "/api/orders/{id}/fire", DIRECT, ingest::fire),
        api(POST, "/api/orders/{id}/acknowledge", WORK, ingest::acknowledge),
        // A partner's app, and whoever sees the car: the customer has come.
        api(POST, "/api/orders/{id}/arrived", WORK, ingest::arrived),
        // Managers: a customer who is to be forgotten.
        api(POST, "/api/orders/{id}/erase", ERASE, privacy::erase),
        // Screens that say what they show. Those where nobody works may say so too;
        // it counts for nothing.
        api(POST, "/api/orders/{id}/seen", READ, ingest::seen_one),
        api(POST, "/api/seen", READ, ingest::seen),
        // Whether orders are taken, and which station an item goes to.
        api(GET, "/api/intake", READ, reads::intake),
        api(PUT, "/api/intake", Needs::Right(Right::Switch), ingest::set_intake),
        api(GET, "/api/routing", READ, reads::routing),
        // The board's intake panel, and whoever watches that orders still come.
        api(GET, "/api/sources", READ, sources::list),
        // Clients that poll because they cannot hold a stream.
        api(GET, "/api/events", READ, reads::events),
        // Whoever sets screens up by a program. A board keeps its own keys there.
        api(GET, "/api/screens", READ, screens::list),
        api(GET, "/api/screens/{name}", READ, screens::one),
        api(PUT, "/api/screens/{name}", ARRANGE, screens::put),
        api(DELETE, "/api/screens/{name}", ARRANGE, screens::delete),
        // Managers: where events are sent to, and which channels sign their orders.
        api(GET, "/api/webhooks", CONNECT, manage::list),
        api(POST, "/api/webhooks", CONNECT, manage::create),
        api(GET, "/api/webhooks/{id}", CONNECT, manage::one),
        api(PATCH, "/api/webhooks/{id}", CONNECT, manage::change),
        api(DELETE, "/api/webhooks/{id}", CONNECT, manage::delete),
        api(POST, "/api/webhooks/{id}/rotate", CONNECT, manage::rotate),
        api(GET, "/api/webhooks/{id}/deliveries", CONNECT, manage::deliveries),
        api(POST, "/api/webhooks/{id}/replay", CONNECT, manage::replay),
        api(POST, "/api/webhooks/{id}/test", CONNECT, manage::test),
        api(GET, "/api/channel-secrets", CONNECT, channels::list),
        api(POST, "/api/channel-secrets/{channel}", CONNECT, channels::create),
        api(DELETE, "/api/channel-secrets/{channel}", CONNECT, channels::delete),
        // Channels that sign their orders instead of bringing a key.
        api(POST, "/api/hooks/{channel}", Needs::Nothing, inbound::receive),
        // Cooks, expo and dispatch: the board as their screen has it.
        page(GET, "/screens/{name}", READ, screens::open),
        part(GET, "/screens/{name}/scale.css", READ, screens::scale),
        // Whoever makes screens, in a browser. What changes something is a POST.
        page(GET, "/screens", READ, screens_site::list),
        page(POST, "/screens", ARRANGE, screens_site::create),
        page(GET, "/screens/new", ARRANGE, screens_site::new),
        page(GET, "/screens/new/legibility", ARRANGE, screens_site::legibility),
        page(GET, "/screens/{name}/edit", ARRANGE, screens_site::edit),
        page(POST, "/screens/{name}/edit", ARRANGE, screens_site::save),
        page(GET, "/screens/{name}/delete", ARRANGE, screens_site::ask),
        page(POST, "/screens/{name}/delete", ARRANGE, screens_site::delete),
        // Whoever takes orders by telephone or at the counter.
        page(GET, "/orders/new", PLACE, order_form::open),
        page(POST, "/orders/new", PLACE, order_form::send),
        part(POST, "/orders/new/preview", PLACE, order_form::preview),
        // The board's details: what happened to an order.
        part(GET, "/orders/{id}/timeline", READ, timeline::timeline),
        // Customers: the page of their own order, by the address that they were given.
        page(GET, "/t/{token}", Needs::Nothing, tracking::page),
        api(GET, "/t/{token}/state", Needs::Nothing, tracking::state),
        api(GET, "/t/{token}/events", Needs::Nothing, tracking::events),
        page(GET, "/t/{token}/cancel", Needs::Nothing, tracking::ask_to_cancel),
        page(POST, "/t/{token}/cancel", Needs::Nothing, tracking::cancel),
        page(POST, "/t/{token}/arrived", Needs::Nothing, tracking::arrived),
        // Whoever wants in: people by name, the first manager by a link, a screen
        // by its code.
        page(GET, "/login", Needs::Nothing, site::login),
        page(POST, "/login", Needs::Nothing, site::log_in),
        page(POST, "/logout", Needs::Nothing, site::log_out),
        page(GET, "/setup", Needs::Nothing, site::setup),
        page(POST, "/setup", Needs::Nothing, site::set_up),
        page(GET, "/pair", Needs::Nothing, site::pair),
        page(GET, "/pair/again", Needs::Nothing, site::pair_again),
        // Whoever is in: their own password.
        page(GET, "/account", Needs::Name, site::account),
        page(POST, "/account", Needs::Name, site::change_password),
        // Devices that are to trust a certificate of our own.
        page(GET, "/trust", Needs::Nothing, trust::page),
        part(GET, "/trust/page.css", Needs::Nothing, trust::style),
        part(GET, "/trust/ca.crt", Needs::Nothing, trust::certificate),
        // Whoever writes a client: what the API is, which tells nothing of anybody.
        api(GET, "/api/openapi.json", Needs::Nothing, contract::openapi),
        page(GET, "/api/reference", Needs::Nothing, contract::reference),
        // Load balancers and supervisors.
        api(GET, "/health/live", Needs::Nothing, reads::live),
        api(GET, "/health/ready", Needs::Nothing, reads::ready),
        // Browsers that keep the board for when there is no server.
        part(GET, worker::ADDRESS, Needs::Nothing, worker::serve),
    ]
}

/// What every row says, for whoever checks that each route is as it should be.
#[must_use]
pub fn table() -> Vec<Facts> {
    rows().into_iter().map(|row| row.facts).collect()
}

/// The routes, each behind the guard.
pub(in crate::server) fn router(app: &App) -> Router<App> {
    rows().into_iter().fold(Router::new(), |router, Row { facts, handler }| {
        let path = facts.path;
        let row = Guarded { app: app.clone(), facts: Arc::new(facts) };
        router.route(path, handler.route_layer(middleware::from_fn_with_state(row, guard)))
    })
}

/// A row that is guarded.
#[derive(Clone)]
struct Guarded {
    app: App,
    facts: Arc<Facts>,
}

/// Lets a request through to its handler, or refuses it.
async fn guard(State(row): State<Guarded>, mut request: Request, next: Next) -> Response {
    let Guarded { app, facts } = row;
    let secured = app.access.is_secured(request.extensions());
    let asked = Asked {
        method: request.method(),
        path: request.uri().path(),
        headers: request.headers(),
        extensions: request.extensions(),
    };
    let (admitted, standing) = admit(&app, &facts, asked).await;
    let principal = match admitted {
        Ok(principal) => principal,
        Err(problem) => {
            let mut response = refuse(&app, &facts, &request, secured, problem);
            if let Some(standing) = standing {
                standing.tell(response.headers_mut());
            }
            return response;
        }
    };
    // A browser forgets what is not set again; a screen that is used is never let go of.
    let screen = matches!(principal.who, Who::Screen { .. })
        .then(|| Cookie::Screen.read(request.headers(), secured))
        .flatten()
        .filter(|_| facts.face == Face::Person)
        .map(|token| Cookie::Screen.keep(token, site::FOR_EVER_S, secured));
    // Only what stays open has to be ended when they are let in no longer.
    if facts.needs == Needs::Right(Right::Follow)
        && let Some(pass) = app.access.pass(&principal)
    {
        request.extensions_mut().insert(pass);
    }
    request.extensions_mut().insert(Caller(Arc::new(principal)));
    let mut response = next.run(request).await;
    if let Some(standing) = standing {
        standing.tell(response.headers_mut());
    }
    if let Some(cookie) = screen {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What of a request is looked at before it is let through.
#[derive(Clone, Copy)]
struct Asked<'a> {
    method: &'a Method,
    path: &'a str,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

/// Who a request comes from, if it is let through; and how their key stands, of which
/// every write counts, whatever comes of it.
async fn admit(
    app: &App,
    facts: &Facts,
    request: Asked<'_>,
) -> (Result<Principal, Problem>, Option<Standing>) {
    let changes = !matches!(*request.method, Method::GET | Method::HEAD);
    let mut found = app.access.who(request.headers, request.extensions);
    if found.is_err() && facts.needs != Needs::Nothing {
        app.access.look_for_key(request.headers).await;
        found = app.access.who(request.headers, request.extensions);
    }
    let principal = match (found, facts.needs) {
        (Ok(principal), _) => principal,
        // Whether a process answers is told to everybody.
        (Err(_), Needs::Nothing) => Principal::nobody(),
        (Err(problem), _) => return (Err(problem), None),
    };
    let standing = match principal.who {
        Who::Key { id, .. } if changes => {
            match app.access.limits.take(Subject::Key(id), Instant::now()) {
                Ok(standing) => Some(standing),
                Err(standing) => return (Err(Problem::TooManyRequests(standing)), None),
            }
        }
        _ => None,
    };
    let let_in = let_in(app, facts, request, &principal, changes).await;
    (let_in.map(|()| principal), standing)
}

/// Refuses what `principal` may not do.
async fn let_in(
    app: &App,
    facts: &Facts,
    request: Asked<'_>,
    principal: &Principal,
    changes: bool,
) -> Result<(), Problem> {
    // A key is never sent by a browser of its own accord. A page of another origin that
    // is listed may use the API as whoever sits before it, but no form of ours.
    let by_key = matches!(principal.who, Who::Key { .. });
    let from_here =
        || csrf::is_same_origin(request.headers) || app.cors.lets(facts.path, request.headers);
    if changes && !by_key && !from_here() {
        return Err(Problem::CrossSite);
    }
    match facts.needs {
        Needs::Name if principal.who == Who::Nobody => return Err(Problem::NotAuthenticated),
        Needs::Nothing | Needs::Name => {}
        Needs::Right(right) => principal.may(right)?,
    }
    if facts.names_order() && !principal.wall.is_open() {
        // What is beyond the wall is answered as what is not there at all.
        let id = facts.order(request.path).ok_or(Problem::OrderNotFound)?;
        let order = app.store.order(id).await?;
        let here = order.is_some_and(|it| principal.wall.lets(&it.location, &it.source.channel));
        if !here {
            return Err(Problem::OrderNotFound);
        }
    }
    Ok(())
}

/// Refuses a request as it is understood.
fn refuse(
    app: &App,
    facts: &Facts,
    request: &Request,
    secured: bool,
    problem: Problem,
) -> Response {
    if facts.face == Face::Program {
        return problem.into_response();
    }
    match problem {
        Problem::CrossSite => documents::foreign(&Shown::of(app)),
        Problem::NotAuthenticated if facts.method == GET => {
            // A screen that was let in once shows its code again.
            let was_screen = Cookie::Screen.read(request.headers(), secured).is_some();
            let to = request.uri().path_and_query().map_or("/", |it| it.as_str());
            site::way_in(app, was_screen, to)
        }
        Problem::NotAuthenticated => site::way_in(app, false, "/"),
        Problem::NotAllowed(_) => site::not_allowed(app),
        problem => problem.into_response(),
    }
}
