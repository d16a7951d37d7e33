//! What programs have: keys, each shown once.

use axum::{
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
};

use super::parts::{
    Desk, LOCATIONS, Number, Part, Question, actions, label, lead, locations, not_saved, nothing,
    of, time, whereabouts, wrong,
};
use crate::{
    app::html::Html,
    domain::{Channel, ids::LABEL_RULE, text::count},
    server::{
        access::{
            flash::Flash,
            principal::Caller,
            register::{self, Key, KeyId, NewKey},
            roles::Scope,
        },
        documents::fields,
        forms::{Filled, Form, posted},
        state::App,
    },
};

const PATH: &str = "/access/keys";

fn desk<'a>(app: &'a App, caller: &'a Caller) -> Desk<'a> {
    Desk { app, caller, part: Part::Keys }
}

/// What a scope lets a program do.
fn told(scope: Scope) -> &'static str {
    match scope {
        Scope::OrdersWrite => "orders:write: place orders and change them",
        Scope::OrdersRead => "orders:read: read orders, and poll",
        Scope::Stream => "stream: follow along",
        Scope::Screens => "screens: make and change screens",
        Scope::Webhooks => "webhooks: send events to other servers, and let channels sign",
    }
}

/// `GET /access/keys`: every key.
pub(in crate::server) async fn list(State(app): State<App>, caller: Caller) -> Response {
    let desk = desk(&app, &caller);
    let keys = match app.access.look(register::keys).await {
        Ok(keys) => keys,
        Err(unavailable) => return desk.away(&unavailable),
    };
    let (good, over): (Vec<&Key>, Vec<&Key>) =
        keys.iter().partition(|key| key.revoked_at.is_none());
    let mut html = Html::default();
    lead(&mut html, "Keys", Some(("/access/keys/new", "New key")));
    if good.is_empty() {
        nothing(
            &mut html,
            "No key yet",
            "A program that places orders, reads them or follows along has a key of its own. It \
             sends it as <code>Authorization: Bearer lo_…</code>.",
        );
    } else {
        rows(&mut html, desk, &good);
    }
    if !over.is_empty() {
        html.raw("<details><summary>").text(&count(over.len() as u64, "key"));
        html.raw(" taken back</summary>");
        rows(&mut html, desk, &over);
        html.raw("</details>");
    }
    desk.page(PATH, "Keys", &html.done())
}

fn rows(html: &mut Html, desk: Desk<'_>, keys: &[&Key]) {
    html.raw("<ul class=\"screens-list\">");
    for key in keys {
        html.raw("<li><div class=\"which\"><h2><bdi>").text(&key.name).raw("</bdi></h2><code>");
        html.text(&key.begins).raw("…</code></div><p class=\"role\">");
        match &key.channel {
            Some(channel) => html.text(channel.as_str()),
            None => html.raw("All channels"),
        };
        html.raw("</p><p class=\"what\">");
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        html.text(&scopes.join(", ")).raw("<span class=\"sub\">");
        whereabouts(html, &key.locations);
        html.raw(" · ");
        match (key.revoked_at, key.used_at) {
            (Some(at), _) => {
                html.raw("taken back ");
                time(html, at, desk.zone());
            }
            (None, Some(at)) => {
                html.raw("last used ");
                time(html, at, desk.zone());
            }
            (None, None) => {
                html.raw("never used");
            }
        }
        html.raw("</span></p>");
        if key.revoked_at.is_none() {
            html.raw("<div class=\"does\"><a class=\"button\" href=\"/access/keys/");
            html.text(&key.id.0.to_string()).raw("/revoke\">Take back");
            of(html, &key.name);
            html.raw("</a></div>");
        }
        html.raw("</li>");
    }
    html.raw("</ul>");
}

/// `GET /access/keys/new`: the form for a key.
pub(in crate::server) async fn new(State(app): State<App>, caller: Caller) -> Response {
    let form = Form::default();
    desk(&app, &caller).page("", "New key", &new_form(Filled { form: &form, errors: &[] }))
}

fn new_form(filled: Filled<'_>) -> String {
    let mut html = Html::default();
    lead(&mut html, "New key", None);
    not_saved(&mut html, filled);
    html.raw("<form class=\"edit sheet group\" method=\"post\" action=\"/access/keys\">");
    fields::line(
        &mut html,
        filled,
        "name",
        "Name",
        "Which program it is for. It signs what the program does.",
        " required maxlength=\"40\" autocomplete=\"off\"",
    );
    fields::begin_set(&mut html, filled, "scopes", "What it is for", "");
    for scope in Scope::ALL {
        let on = filled.form.has("scopes", scope.as_str());
        fields::tick(&mut html, "scopes", scope.as_str(), told(scope), on);
    }
    html.raw("</div></fieldset>");
    fields::line(
        &mut html,
        filled,
        "channel",
        "Channel",
        "Whose orders it is for, and alone; empty for all.",
        " maxlength=\"40\" autocomplete=\"off\"",
    );
    let (name, hint) = LOCATIONS;
    fields::line(&mut html, filled, "locations", name, hint, "");
    actions(&mut html, "Make the key", PATH);
    html.raw("</form>").done()
}

/// `POST /access/keys`: makes a key, which the list shows this once.
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
    let channel = match form.text("channel").trim() {
        "" => None,
        raw => Channel::parse(raw)
            .map_err(|_| errors.push(wrong("channel", format!("must have {LABEL_RULE}"))))
            .ok(),
    };
    let scopes: Vec<Scope> =
        Scope::ALL.into_iter().filter(|scope| form.has("scopes", scope.as_str())).collect();
    if scopes.is_empty() {
        errors.push(wrong("scopes", "must be one or more: a key is for something"));
    }
    let locations = locations(&form, &mut errors);
    if !errors.is_empty() {
        let main = new_form(Filled { form: &form, errors: &errors });
        return desk.refused(StatusCode::UNPROCESSABLE_ENTITY, "New key", &main);
    }
    let (new, by) = (NewKey { name, channel, scopes, locations }, app.access.by(&caller));
    let told = format!("The key “{}” is made. Send it as Authorization: Bearer …", new.name);
    match app.access.change(move |to| register::make_key(to, &new, &by)).await {
        Ok((_, key)) => desk.leave(Flash::done(PATH, told).with(key)),
        Err(unavailable) => desk.away(&unavailable),
    }
}

/// `GET /access/keys/{id}/revoke`: asks whether a key is to be taken back.
pub(in crate::server) async fn ask(State(app): State<App>, caller: Caller, id: Number) -> Response {
    let desk = desk(&app, &caller);
    let keys = match app.access.look(register::keys).await {
        Ok(keys) => keys,
        Err(unavailable) => return desk.away(&unavailable),
    };
    let good = |key: &&Key| key.revoked_at.is_none();
    let found = id.ok().and_then(|Path(id)| keys.iter().filter(good).find(|key| key.id.0 == id));
    let Some(key) = found else { return desk.missing("key") };
    Question {
        title: "Take back the key",
        of: &key.name,
        what: "Whoever uses it is refused from then on, and what was opened with it ends within \
               two seconds. It cannot be undone.",
        action: &format!("{PATH}/{}/revoke", key.id.0),
        yes: "Take it back",
        back: PATH,
    }
    .ask(desk)
}

/// `POST /access/keys/{id}/revoke`: takes a key back.
pub(in crate::server) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    id: Number,
    request: Request,
) -> Response {
    if let Err(refusal) = posted(request).await {
        return refusal;
    }
    let desk = desk(&app, &caller);
    let Ok(Path(id)) = id else { return desk.missing("key") };
    let by = app.access.by(&caller);
    match app.access.change(move |of| register::revoke_key(of, KeyId(id), &by)).await {
        Ok(true) => desk.done(PATH, "The key is taken back: what was opened with it ends now."),
        Ok(false) => desk.missing("key"),
        Err(unavailable) => desk.away(&unavailable),
    }
}
