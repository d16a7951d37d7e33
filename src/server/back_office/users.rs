//! Who logs in: made, let in as something else, given another password, shown out.

use axum::{
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
};
use rusqlite::Connection;

use super::parts::{
    Desk, LOCATIONS, Number, Part, Question, actions, label, lead, locations, not_saved, of, time,
    typed, whereabouts, wrong,
};
use crate::{
    app::html::Html,
    domain::{UnixMillis, text::count},
    server::{
        access::{
            flash::Flash,
            passwords::{self, Busy},
            principal::{Caller, Who},
            register::{self, By, NewUser, Session, User, UserId},
            roles::Role,
        },
        documents::fields,
        error::FieldError,
        forms::{Filled, Form, posted, see},
        state::App,
    },
};

const PATH: &str = "/access/users";
const TAKEN: &str = "must be another: there is somebody of this name";
const LAST: &str = "This is the last manager of all locations. Make another one first.";
const AT_IT: &str = "cannot be taken now, for too many are at it; try again in a moment";

/// What somebody can be let in as.
pub(super) const ROLES: [(&str, &str, &str); 4] = [
    ("viewer", "Viewer", "Looks"),
    ("cook", "Cook", "Works at a station"),
    ("expo", "Expo", "Decides about orders"),
    ("manager", "Manager", "Runs the place"),
];

/// What a role is called.
pub(super) fn role_name(role: Role) -> &'static str {
    ROLES.iter().find(|(value, ..)| *value == role.as_str()).map_or("", |(_, name, _)| name)
}

fn desk<'a>(app: &'a App, caller: &'a Caller) -> Desk<'a> {
    Desk { app, caller, part: Part::Users }
}

fn page_of(user: &User) -> String {
    format!("{PATH}/{}", user.id.0)
}

/// `GET /access/users`: everybody who may log in.
pub(in crate::server) async fn list(State(app): State<App>, caller: Caller) -> Response {
    let desk = desk(&app, &caller);
    let found = app.access.look(|of| Ok((register::users(of)?, register::sessions(of)?))).await;
    let (users, sessions) = match found {
        Ok(found) => found,
        Err(unavailable) => return desk.away(&unavailable),
    };
    let mut html = Html::default();
    lead(&mut html, "Users", Some(("/access/users/new", "New user")));
    html.raw("<ul class=\"screens-list\">");
    for user in &users {
        row(&mut html, desk, user, &sessions);
    }
    html.raw("</ul>");
    desk.page(PATH, "Users", &html.done())
}

fn row(html: &mut Html, desk: Desk<'_>, user: &User, sessions: &[Session]) {
    let page = page_of(user);
    html.raw("<li><div class=\"which\"><h2><a href=\"").text(&page).raw("\"><bdi>");
    html.text(&user.name).raw("</bdi></a></h2></div><p class=\"role\">");
    html.raw(role_name(user.role)).raw("</p><p class=\"what\">");
    whereabouts(html, &user.locations);
    html.raw("<span class=\"sub\">");
    let own = || sessions.iter().filter(|session| session.user == user.id);
    match (user.disabled, own().map(|session| session.used_at.0).max()) {
        (true, _) => {
            html.raw("Let in no longer");
        }
        (false, Some(at)) => {
            html.text(&count(own().count() as u64, "session")).raw(", last there ");
            time(html, UnixMillis(at), desk.zone());
        }
        (false, None) if user.password.is_none() => {
            html.raw("No password yet");
        }
        (false, None) => {
            html.raw("Not logged in");
        }
    }
    html.raw("</span></p><div class=\"does\"><a class=\"button\" href=\"").text(&page);
    html.raw("\">Change");
    of(html, &user.name);
    html.raw("</a></div></li>");
}

/// `GET /access/users/new`: the form for somebody new.
pub(in crate::server) async fn new(State(app): State<App>, caller: Caller) -> Response {
    let mut form = Form::default();
    form.set("role", Role::Cook.as_str());
    desk(&app, &caller).page("", "New user", &new_form(Filled { form: &form, errors: &[] }))
}

fn new_form(filled: Filled<'_>) -> String {
    let mut html = Html::default();
    lead(&mut html, "New user", None);
    not_saved(&mut html, filled);
    html.raw("<form class=\"edit sheet group\" method=\"post\" action=\"/access/users\">");
    fields::line(
        &mut html,
        filled,
        "name",
        "Name",
        "What they log in as, and what signs their work. It stays.",
        " required maxlength=\"40\" autocomplete=\"off\"",
    );
    fields::segments(&mut html, filled, "role", "Role", "", &ROLES);
    let (name, hint) = LOCATIONS;
    fields::line(&mut html, filled, "locations", name, hint, "");
    password(&mut html, filled, "Password");
    actions(&mut html, "Make the user", PATH);
    html.raw("</form>").done()
}

fn password(html: &mut Html, filled: Filled<'_>, label: &'static str) {
    let attributes = " required minlength=\"12\" autocomplete=\"new-password\"";
    fields::password(html, filled, "password", label, "12 characters or more.", attributes);
}

const OWN: &str =
    "is your own: change it on your account's page, where the present one is asked for";

/// What is kept of the password in a form, or what is wrong with it.
async fn hashed(
    app: &App,
    form: &Form,
    name: &str,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    let typed = form.text("password");
    if let Some(complaint) = passwords::complaint(typed, name) {
        errors.push(wrong("password", complaint));
        return None;
    }
    if !errors.is_empty() {
        return None;
    }
    let hash = app.access.passwords.hash(typed.to_owned()).await;
    hash.map_err(|Busy| errors.push(wrong("password", AT_IT))).ok()
}

/// `POST /access/users`: lets somebody log in.
pub(in crate::server) async fn make(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Response {
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let desk = desk(&app, &caller);
    let mut errors = Vec::new();
    let name = label(&form, "name", &mut errors);
    let role = role(&form, &mut errors);
    let locations = locations(&form, &mut errors);
    let password = hashed(&app, &form, &name, &mut errors).await;
    if errors.is_empty() {
        let (new, by) = (NewUser { name, role, locations, password }, app.access.by(&caller));
        let told = format!("{} can log in.", new.name);
        match app.access.change(move |to| register::make_user(to, &new, &by)).await {
            Ok(Some(_)) => return desk.done(PATH, told),
            Ok(None) => errors.push(wrong("name", TAKEN)),
            Err(unavailable) => return desk.away(&unavailable),
        }
    }
    let main = new_form(Filled { form: &form, errors: &errors });
    desk.refused(StatusCode::UNPROCESSABLE_ENTITY, "New user", &main)
}

fn role(form: &Form, errors: &mut Vec<FieldError>) -> Role {
    form.text("role").parse().unwrap_or_else(|rule| {
        errors.push(wrong("role", format!("must be {rule}")));
        Role::Viewer
    })
}

/// One user with what is known of them.
struct Known {
    user: User,
    sessions: Vec<Session>,
}

async fn find(desk: Desk<'_>, id: Number) -> Result<Known, Response> {
    let found = desk.app.access.look(|of| Ok((register::users(of)?, register::sessions(of)?)));
    let (users, mut sessions) = found.await.map_err(|unavailable| desk.away(&unavailable))?;
    let user = id.ok().and_then(|Path(id)| users.iter().find(|user| user.id == UserId(id)));
    let user = user.cloned().ok_or_else(|| desk.missing("user"))?;
    sessions.retain(|session| session.user == user.id);
    sessions.sort_by_key(|session| std::cmp::Reverse(session.used_at));
    Ok(Known { user, sessions })
}

/// `GET /access/users/{id}`: one user.
pub(in crate::server) async fn one(State(app): State<App>, caller: Caller, id: Number) -> Response {
    let desk = desk(&app, &caller);
    match find(desk, id).await {
        Ok(known) => {
            let form = form_of(&known.user);
            let main = one_page(desk, &known, Filled { form: &form, errors: &[] });
            desk.page(&page_of(&known.user), &known.user.name, &main)
        }
        Err(response) => response,
    }
}

fn form_of(user: &User) -> Form {
    let mut form = Form::default();
    form.set("role", user.role.as_str());
    form.set("locations", &typed(&user.locations));
    form
}

fn one_page(desk: Desk<'_>, known: &Known, filled: Filled<'_>) -> String {
    let Known { user, sessions, .. } = known;
    let page = page_of(user);
    let mut html = Html::default();
    html.raw("<div class=\"lead\"><div><h1><bdi>").text(&user.name).raw("</bdi></h1>");
    if user.disabled {
        html.raw("<p class=\"sub\">Let in no longer</p>");
    }
    html.raw("</div></div>");
    not_saved(&mut html, filled);
    html.raw("<form class=\"edit sheet group\" method=\"post\" action=\"").text(&page);
    html.raw("\"><h2>What they may do</h2>");
    fields::segments(&mut html, filled, "role", "Role", "", &ROLES);
    let (name, hint) = LOCATIONS;
    fields::line(&mut html, filled, "locations", name, hint, "");
    html.raw(
        "<p class=\"actions\"><button class=\"button primary\" name=\"do\" \
         value=\"save\">Save</button></p></form>",
    );
    html.raw("<form class=\"edit sheet group\" method=\"post\" action=\"").text(&page);
    html.raw("\"><h2>Password</h2>");
    password(&mut html, filled, "New password");
    html.raw(
        "<p class=\"hint\">Whoever is logged in as this user is logged out.</p><p \
         class=\"actions\"><button class=\"button\" name=\"do\" value=\"password\">Set the \
         password</button></p></form><section class=\"group sheet\" \
         aria-labelledby=\"sessions\"><h2 id=\"sessions\">Where they are logged in</h2>",
    );
    if sessions.is_empty() {
        html.raw("<p class=\"sub\">Nowhere.</p>");
    } else {
        html.raw("<ul class=\"sessions\">");
        for session in sessions {
            html.raw("<li>Since ");
            time(&mut html, session.created_at, desk.zone());
            html.raw(", last used ");
            time(&mut html, session.used_at, desk.zone());
            let own = desk.caller.credential == Some(session.token);
            html.raw(if own { " <b>(this one)</b></li>" } else { "</li>" });
        }
        html.raw("</ul><form method=\"post\" action=\"").text(&page).raw(
            "\"><button class=\"button\" name=\"do\" value=\"sessions\">End all sessions but \
             this one</button></form>",
        );
    }
    html.raw("</section><section class=\"group sheet\" aria-labelledby=\"in\"><h2 id=\"in\">");
    if user.disabled {
        html.raw("Let in again</h2><p>They log in with the password that they had.</p>");
        html.raw("<form method=\"post\" action=\"").text(&page);
        html.raw(
            "\"><button class=\"button\" name=\"do\" value=\"enable\">Let in again</button></form>",
        );
    } else {
        html.raw(
            "Let in no longer</h2><p>What they have open ends within two seconds. Their name \
             stays in the history of orders.</p><p class=\"actions\"><a class=\"button\" href=\"",
        );
        html.text(&page).raw("/disable\">Let in no longer</a></p>");
    }
    html.raw("</section>").done()
}

/// `POST /access/users/{id}`: another role, another password, or an end of what is open.
pub(in crate::server) async fn change(
    State(app): State<App>,
    caller: Caller,
    id: Number,
    request: Request,
) -> Response {
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let desk = desk(&app, &caller);
    let known = match find(desk, id).await {
        Ok(known) => known,
        Err(response) => return response,
    };
    let (user, keep) = (known.user.clone(), caller.credential);
    let mut errors = Vec::new();
    match form.text("do") {
        "enable" => {
            return carry_out(desk, &known.user, "They are let in again.", move |of, by| {
                register::set_disabled(of, &user, false, by)
            })
            .await;
        }
        "sessions" => {
            return carry_out(desk, &known.user, "The sessions have ended.", move |of, by| {
                register::end_sessions(of, &user, keep, by)
            })
            .await;
        }
        // Whoever finds a desk that is left alone is not to keep it.
        "password" if is_self(&caller, &user) => errors.push(wrong("password", OWN)),
        "password" => {
            if let Some(hash) = hashed(&app, &form, &user.name, &mut errors).await {
                return carry_out(desk, &known.user, "The password is set.", move |of, by| {
                    register::set_password(of, &user, &hash, keep, by)
                })
                .await;
            }
        }
        _ => {
            let role = role(&form, &mut errors);
            // What a form does not have it does not change.
            let bound = match form.all("locations").next() {
                Some(_) => locations(&form, &mut errors),
                None => user.locations.clone(),
            };
            if errors.is_empty() {
                let by = app.access.by(&caller);
                let demotes = role != Role::Manager;
                let stays = !demotes && bound.is_empty();
                // Two managers may take it from each other at once.
                let changed = app.access.change(move |of| {
                    let goes = stays || !register::is_last_manager(of, user.id)?;
                    if goes {
                        register::set_role(of, &user, role, &bound, &by)?;
                    }
                    Ok(goes)
                });
                match changed.await {
                    Ok(true) => return desk.done(&page_of(&known.user), "Saved."),
                    Ok(false) if demotes => errors.push(wrong("role", LAST)),
                    Ok(false) => errors.push(wrong("locations", LAST)),
                    Err(unavailable) => return desk.away(&unavailable),
                }
            }
        }
    }
    // What belongs to the other form stands as it is.
    let mut shown = form_of(&known.user);
    if form.text("do") != "password" {
        shown.set("role", form.text("role"));
        shown.set("locations", form.text("locations"));
    }
    let main = one_page(desk, &known, Filled { form: &shown, errors: &errors });
    desk.refused(StatusCode::UNPROCESSABLE_ENTITY, &known.user.name, &main)
}

fn is_self(caller: &Caller, user: &User) -> bool {
    matches!(caller.who, Who::User { id, .. } if id == user.id)
}

/// Changes the register, and leads back to the user's page.
async fn carry_out(
    desk: Desk<'_>,
    user: &User,
    done: &'static str,
    work: impl FnOnce(&Connection, &By) -> rusqlite::Result<()> + Send + 'static,
) -> Response {
    let by = desk.app.access.by(desk.caller);
    match desk.app.access.change(move |to| work(to, &by)).await {
        Ok(()) => desk.done(&page_of(user), done),
        Err(unavailable) => desk.away(&unavailable),
    }
}

/// `GET /access/users/{id}/disable`: asks whether somebody is to be let in no longer.
pub(in crate::server) async fn ask(State(app): State<App>, caller: Caller, id: Number) -> Response {
    let desk = desk(&app, &caller);
    let user = match find(desk, id).await {
        Ok(known) => known.user,
        Err(response) => return response,
    };
    let page = page_of(&user);
    Question {
        title: "Let in no longer:",
        of: &user.name,
        what: "What they have open ends within two seconds, and they cannot log in. You can let \
               them in again later.",
        action: &format!("{page}/disable"),
        yes: "Let in no longer",
        back: &page,
    }
    .ask(desk)
}

/// `POST /access/users/{id}/disable`: lets somebody in no longer.
pub(in crate::server) async fn disable(
    State(app): State<App>,
    caller: Caller,
    id: Number,
    request: Request,
) -> Response {
    if let Err(refusal) = posted(request).await {
        return refusal;
    }
    let desk = desk(&app, &caller);
    let known = match find(desk, id).await {
        Ok(known) => known,
        Err(response) => return response,
    };
    let page = page_of(&known.user);
    let is_self = is_self(&caller, &known.user);
    let (user, by) = (known.user, app.access.by(&caller));
    let disabled = app.access.change(move |of| {
        let goes = !register::is_last_manager(of, user.id)?;
        if goes {
            register::set_disabled(of, &user, true, &by)?;
        }
        Ok(goes)
    });
    match disabled.await {
        Ok(true) if is_self => see("/login"),
        Ok(true) => desk.done(&page, "They are let in no longer."),
        Ok(false) => desk.leave(Flash::trouble(page, LAST)),
        Err(unavailable) => desk.away(&unavailable),
    }
}
