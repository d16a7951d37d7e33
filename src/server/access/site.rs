//! The pages by which people come in: log-in, set-up, pairing, their own password.
//! Plain documents with plain forms, for they must work whatever else does not.
//! Where managers let others in is the [`back_office`](crate::server::back_office).

use std::net::IpAddr;

use self::view::Notice;
use super::{
    Access, Doors, address,
    cookies::Cookie,
    flash::Flash,
    pairing::Standing,
    passwords::{self, Busy},
    principal::{Caller, Who},
    register::{self, By, NewUser, User},
    roles::{Right, Role},
    secret::Secret,
};
use crate::{
    domain::{Location, ScreenName},
    server::{
        documents::Shown,
        error::{FieldError, Problem},
        forms::{Form, posted, see},
        state::App,
        store::Unavailable,
    },
};
use axum::{
    extract::{RawQuery, Request, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

mod view;

/// For as long as browsers keep anything.
pub(super) const FOR_EVER_S: i64 = 400 * 24 * 60 * 60;
/// How long a device that waits is known again.
const WAITING_S: i64 = 10 * 60;
/// Characters of a user's, a screen's and a key's name: it signs what they do.
const NAME: usize = crate::domain::limits::LABEL;

/// The way to whatever lets somebody in who wants to go `to`.
pub(super) fn way_in(app: &App, was_screen: bool, to: &str) -> Response {
    if app.access.doors() == Doors::Open {
        return see("/");
    }
    if was_screen {
        return see("/pair");
    }
    match to {
        "/" => see("/login"),
        to => {
            let next: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
            see(&format!("/login?next={next}"))
        }
    }
}

/// The answer to somebody who is in, but may not.
pub(super) fn not_allowed(app: &App) -> Response {
    match app.access.doors() {
        Doors::Open => view::open_to_everybody(&Shown::of(app)),
        Doors::Closed => view::not_allowed(&Shown::of(app)),
    }
}

/// An address of this server, or else the board.
fn own_address(next: &str) -> &str {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        // Every browser writes an address so, and a header takes nothing else.
        && next.chars().all(|character| character.is_ascii_graphic());
    if own { next } else { "/" }
}

/// `GET /login`: the form.
pub(super) async fn login(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    if app.access.doors() == Doors::Open {
        return see("/");
    }
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let has_manager = app.access.has_manager();
    view::login(&Shown::of(&app), StatusCode::OK, query.text("next"), "", None, has_manager)
}

/// `POST /login`: lets somebody in by name and password.
pub(super) async fn log_in(State(app): State<App>, request: Request) -> Response {
    let secured = app.access.is_secured(request.extensions());
    let from = address(request.extensions());
    let before = Cookie::Session.read(request.headers(), secured).and_then(Secret::parse);
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let (name, next) = (form.text("name").trim(), form.text("next"));
    let again = |status, notice| {
        view::login(&Shown::of(&app), status, next, name, Some(&notice), app.access.has_manager())
    };
    let user = match check(&app.access, app.clock.now(), name, form.text("password"), from).await {
        Ok(user) => user,
        Err(Refused::Wrong) => return again(StatusCode::UNAUTHORIZED, Notice::Wrong),
        Err(Refused::Wait(seconds)) => {
            let mut response = again(StatusCode::TOO_MANY_REQUESTS, Notice::Wait(seconds));
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            return response;
        }
        Err(Refused::Unavailable) => {
            return again(StatusCode::SERVICE_UNAVAILABLE, Notice::NotNow);
        }
    };
    let id = user.id.0;
    match begin_session(&app, user, before).await {
        Ok(Some(secret)) => {
            tracing::info!(user = id, "access.log_in");
            entered(&app, secret, secured, own_address(next))
        }
        // Their password was changed, or they were, while it was looked at.
        Ok(None) => again(StatusCode::UNAUTHORIZED, Notice::Wrong),
        Err(unavailable) => Problem::from(unavailable).into_response(),
    }
}

/// Why somebody is not let in.
enum Refused {
    Wrong,
    Wait(i64),
    Unavailable,
}

/// The user of this name, if it is their password.
async fn check(
    access: &std::sync::Arc<Access>,
    now: crate::domain::UnixMillis,
    name: &str,
    password: &str,
    from: Option<IpAddr>,
) -> Result<User, Refused> {
    let is_one = password.chars().count() <= passwords::LONGEST && name.chars().count() <= NAME;
    let user = if is_one {
        let called = name.to_owned();
        let user = access.look(move |of| register::user_called(of, &called)).await;
        user.map_err(|Unavailable { .. }| Refused::Unavailable)?.filter(|user| !user.disabled)
    } else {
        None
    };
    let kept = user.as_ref().and_then(|user| user.password.clone());
    let tried = access.throttle.begin(name, kept.as_deref(), from, now).map_err(Refused::Wait)?;
    if !is_one {
        return Err(Refused::Wrong);
    }
    let Ok(is_right) = access.passwords.is(password.to_owned(), kept).await else {
        access.throttle.not_tried(&tried);
        return Err(Refused::Unavailable);
    };
    let user = user.filter(|_| is_right).ok_or(Refused::Wrong)?;
    access.throttle.succeeded(&tried, now);
    Ok(user)
}

/// A new session of `user` as they were when they were looked at, whatever was there
/// before; none when they are not so any more.
async fn begin_session(
    app: &App,
    user: User,
    before: Option<Secret>,
) -> Result<Option<Secret>, Unavailable> {
    let now = app.clock.now();
    let begun = app.access.change(move |of| {
        if let Some(before) = before {
            register::end_session(of, before.digest())?;
        }
        register::begin_session(of, &user, now)
    });
    begun.await
}

/// Sends somebody who is in on to where they wanted to go.
fn entered(app: &App, secret: Secret, secured: bool, to: &str) -> Response {
    let keep = app.access.session_seconds();
    with_cookies(see(to), [Cookie::Session.keep(&secret.reveal(), keep, secured)])
}

fn with_cookies<const N: usize>(mut response: Response, cookies: [HeaderValue; N]) -> Response {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `POST /logout`: ends the session.
pub(super) async fn log_out(State(app): State<App>, caller: Caller, request: Request) -> Response {
    let secured = app.access.is_secured(request.extensions());
    // Whoever brings none that there is need not have the register written.
    let session = caller.credential.filter(|_| matches!(caller.who, Who::User { .. }));
    if let Some(session) = session
        && let Err(unavailable) =
            app.access.change(move |of| register::end_session(of, session)).await
    {
        // Who believes to be out must be.
        return Problem::from(unavailable).into_response();
    }
    let mut response = with_cookies(see("/login"), [Cookie::Session.forget(secured)]);
    // What the browser keeps of boards for when there is no server is for nobody else.
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"storage\""));
    response
}

/// `GET /setup`: the form for the first manager, by the link that was printed.
pub(super) async fn setup(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let link = query.text("link");
    if app.access.setup.is_good(Secret::parse(link), app.clock.now()) {
        view::setup(&Shown::of(&app), StatusCode::OK, link, "", None)
    } else {
        view::setup_over(&Shown::of(&app))
    }
}

/// `POST /setup`: makes the first manager and lets them in.
pub(super) async fn set_up(State(app): State<App>, request: Request) -> Response {
    let secured = app.access.is_secured(request.extensions());
    let from = address(request.extensions());
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let (link, name) = (form.text("link"), form.text("name"));
    let secret = Secret::parse(link);
    if !app.access.setup.is_good(secret, app.clock.now()) {
        return view::setup_over(&Shown::of(&app));
    }
    let again = |complaint: &str| {
        let notice = Notice::Refused(complaint.to_owned());
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        view::setup(&Shown::of(&app), status, link, name, Some(&notice))
    };
    let new = match new_user(&app, name, form.text("password"), Role::Manager, Vec::new()).await {
        Ok(new) => new,
        Err(complaint) => return again(&complaint),
    };
    let Some(spent) = app.access.setup.take(secret, app.clock.now()) else {
        return view::setup_over(&Shown::of(&app));
    };
    let by = By { address: from, ..By::here("set-up link", app.clock.now()) };
    let now = app.clock.now();
    let made = app.access.change(move |to| {
        if register::make_user(to, &new, &by)?.is_none() {
            return Ok(None);
        }
        let user = register::user_called(to, &new.name)?;
        user.map_or(Ok(None), |user| register::begin_session(to, &user, now))
    });
    match made.await {
        Ok(Some(secret)) => entered(&app, secret, secured, "/access"),
        Ok(None) => {
            app.access.setup.give_back(spent);
            again(TAKEN)
        }
        Err(unavailable) => {
            app.access.setup.give_back(spent);
            Problem::from(unavailable).into_response()
        }
    }
}

const TAKEN: &str = "there is somebody of this name already";

/// A user as a form has them.
async fn new_user(
    app: &App,
    name: &str,
    password: &str,
    role: Role,
    locations: Vec<Location>,
) -> Result<NewUser, String> {
    let name = label(name)?;
    if let Some(complaint) = passwords::complaint(password, &name) {
        return Err(complaint);
    }
    let hash = app.access.passwords.hash(password.to_owned()).await;
    let password = hash.map_err(|Busy| "too many are at it; try again".to_owned())?;
    Ok(NewUser { name, role, locations, password: Some(password) })
}

/// A name as a form has it.
pub(in crate::server) fn label(name: &str) -> Result<String, String> {
    // The same rule as for everything else that stands in an order's history.
    let label = Location::parse(name).map_err(|rule| format!("a name has {rule}"))?;
    Ok(label.as_str().to_owned())
}

/// `GET /pair`: the code that this device shows, until it is let in.
pub(super) async fn pair(State(app): State<App>, caller: Caller, request: Request) -> Response {
    if caller.rights.has(Right::Read) && !matches!(caller.who, Who::User { .. }) {
        return see(&home(&app, &caller).await);
    }
    if is_from_a_page_of_another_site(request.headers()) {
        return Problem::CrossSite.into_response();
    }
    match waits(&app, request.headers(), request.extensions()).await {
        Ok(Waits::Shows { code, cookie, link }) => {
            let mut response = view::pair(&Shown::of(&app), &code, &link);
            response.headers_mut().insert("refresh", HeaderValue::from_static("3"));
            match cookie {
                Some(cookie) => with_cookies(response, [cookie]),
                None => response,
            }
        }
        Ok(Waits::In { to, cookies }) => with_cookies(see(&to), cookies),
        Ok(Waits::TooMany) => view::too_many_wait(&Shown::of(&app)),
        Err(unavailable) => Problem::from(unavailable).into_response(),
    }
}

/// `GET /pair/again`: for a board whose stream was refused. Nothing when the
/// device is let in; else the code that it shows, to be put on the board.
pub(super) async fn pair_again(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Response {
    // Where it belongs now may be another place than it is at.
    let in_again = |to: String| {
        let mut response = StatusCode::NO_CONTENT.into_response();
        if let Ok(to) = HeaderValue::try_from(to) {
            response.headers_mut().insert(header::CONTENT_LOCATION, to);
        }
        response
    };
    if matches!(caller.who, Who::Screen { .. }) {
        return in_again(home(&app, &caller).await);
    }
    if caller.rights.has(Right::Read) {
        return StatusCode::NO_CONTENT.into_response();
    }
    if is_from_a_page_of_another_site(request.headers()) {
        return Problem::CrossSite.into_response();
    }
    match waits(&app, request.headers(), request.extensions()).await {
        Ok(Waits::Shows { code, cookie, link }) => {
            let response = view::pair_again(&code, &link);
            match cookie {
                Some(cookie) => with_cookies(response, [cookie]),
                None => response,
            }
        }
        Ok(Waits::In { to, cookies }) => with_cookies(in_again(to), cookies),
        Ok(Waits::TooMany) => Problem::NotAuthenticated.into_response(),
        Err(unavailable) => Problem::from(unavailable).into_response(),
    }
}

/// Whether another site's page has a browser load this as a part of itself: it would
/// take up the places of devices that wait.
fn is_from_a_page_of_another_site(headers: &HeaderMap) -> bool {
    let says = |name: &str, what: &str| headers.get(name).is_some_and(|it| it == what);
    says("sec-fetch-site", "cross-site") && !says("sec-fetch-dest", "document")
}

/// How a device stands that is not let in.
enum Waits {
    Shows { code: String, cookie: Option<HeaderValue>, link: String },
    In { to: String, cookies: [HeaderValue; 2] },
    TooMany,
}

async fn waits(app: &App, headers: &HeaderMap, request: &Extensions) -> Result<Waits, Unavailable> {
    let secured = app.access.is_secured(request);
    let now = app.clock.now();
    let read = |cookie: Cookie| cookie.read(headers, secured).and_then(Secret::parse);
    let before = || read(Cookie::Screen).map(|secret| secret.to_wait_with());
    let secret = read(Cookie::Waiting).or_else(before);
    let standing = secret.and_then(|secret| app.access.pairing.standing(secret, now));
    let standing = match standing {
        // By the command line, which is another process: here it waits until now.
        Some(Standing::Shows(code)) => Some(match app.access.approved(&code) {
            Some(screen) => {
                app.access.pairing.let_in(&code, screen, now);
                Standing::LetIn(screen)
            }
            None => Standing::Shows(code),
        }),
        standing => standing,
    };
    let shows = |code: String, cookie| {
        let link = approve_link(headers, secured, &code);
        Waits::Shows { code, cookie, link }
    };
    match standing {
        Some(Standing::Shows(code)) => return Ok(shows(code, None)),
        Some(Standing::LetIn(screen)) => {
            // A token of its own: what it waited with has been shown around.
            let token = secret.map_or_else(Secret::random, |it| app.access.pairing.token(it, now));
            let given = app
                .access
                .change(move |of| {
                    Ok((register::give_token(of, screen, token)?, register::paired(of)?))
                })
                .await?;
            if let (true, paired) = given {
                let screen = paired.into_iter().find(|it| it.id == screen).and_then(|it| it.screen);
                let cookies = [
                    Cookie::Screen.keep(&token.reveal(), FOR_EVER_S, secured),
                    Cookie::Waiting.forget(secured),
                ];
                return Ok(Waits::In { to: board_of(screen.as_ref()), cookies });
            }
        }
        None => {}
    }
    let secret = before().unwrap_or_else(Secret::random);
    Ok(match app.access.pairing.begin(secret, address(request), now) {
        Some((secret, code)) => {
            let cookie = Cookie::Waiting.keep(&secret.reveal(), WAITING_S, secured);
            shows(code, Some(cookie))
        }
        None => Waits::TooMany,
    })
}

/// Where a manager lets the device in that shows `code`. The code is no secret.
fn approve_link(headers: &HeaderMap, secured: bool, code: &str) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scheme = if secured { "https" } else { "http" };
    format!("{scheme}://{host}/access/approve?code={code}")
}

fn board_of(screen: Option<&ScreenName>) -> String {
    screen.map_or_else(|| "/".to_owned(), |name| format!("/screens/{name}"))
}

/// Where somebody who is in begins.
async fn home(app: &App, caller: &Caller) -> String {
    let Who::Screen { id, .. } = caller.who else { return "/".to_owned() };
    let paired = app.access.look(register::paired).await.unwrap_or_default();
    let screen = paired.into_iter().find(|it| it.id == id).and_then(|it| it.screen);
    board_of(screen.as_ref())
}

const ACCOUNT: &str = "/account";

/// `GET /account`: who somebody is, and their password.
pub(super) async fn account(State(app): State<App>, caller: Caller) -> Response {
    let flash = app.access.flashes.take(&caller, ACCOUNT, app.clock.now());
    view::account(&Shown::of(&app), StatusCode::OK, &caller, flash.as_ref(), &[])
}

/// `POST /account`: changes the password of whoever is logged in. Their other
/// sessions end.
pub(super) async fn change_password(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Response {
    let from = address(request.extensions());
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let again = |status, field: &str, detail: String| {
        let wrong = FieldError { pointer: format!("/{field}"), detail };
        view::account(&Shown::of(&app), status, &caller, None, &[wrong])
    };
    let Who::User { name, .. } = &caller.who else { return not_allowed(&app) };
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    if let Some(complaint) = passwords::complaint(form.text("new_password"), name) {
        return again(refused, "new_password", complaint);
    }
    let now = app.clock.now();
    let busy = || {
        let detail = "cannot be looked at now; try again in a moment".to_owned();
        again(StatusCode::SERVICE_UNAVAILABLE, "password", detail)
    };
    let user = match check(&app.access, now, name, form.text("password"), from).await {
        Ok(user) => user,
        Err(Refused::Wrong) => return again(refused, "password", "is another".to_owned()),
        Err(Refused::Wait(seconds)) => {
            let detail = format!("was wrong too often; try again in {seconds} s");
            return again(StatusCode::TOO_MANY_REQUESTS, "password", detail);
        }
        Err(Refused::Unavailable) => return busy(),
    };
    let Ok(hash) = app.access.passwords.hash(form.text("new_password").to_owned()).await else {
        return busy();
    };
    let (by, keep) = (app.access.by(&caller), caller.credential);
    match app.access.change(move |of| register::set_password(of, &user, &hash, keep, &by)).await {
        Ok(()) => {
            let flash = Flash::done(ACCOUNT, "The password is changed.");
            app.access.flashes.leave(&caller, flash, app.clock.now());
            see(ACCOUNT)
        }
        Err(unavailable) => Problem::from(unavailable).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_server() {
        assert_eq!(own_address("/screens/grill?view=grid"), "/screens/grill?view=grid");
        for other in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "/ä", "/ b"]
        {
            assert_eq!(own_address(other), "/", "{other}");
        }
    }
}
