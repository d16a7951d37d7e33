//! Screens that wait to be let in, and those that are paired.

use std::net::IpAddr;

use axum::{
    extract::{Path, RawQuery, Request, State},
    http::StatusCode,
    response::Response,
};

use super::{
    parts::{
        Desk, LOCATIONS, Number, Part, actions, lead, locations, not_saved, nothing, of, time,
        whereabouts, wrong,
    },
    users::{ROLES, role_name},
};
use crate::{
    app::html::Html,
    domain::{Screen, ScreenName},
    server::{
        access::{
            pairing::Shows,
            principal::Caller,
            register::{self, NewPaired, Paired, ScreenId},
            roles::Role,
            site::label,
        },
        documents::fields,
        error::FieldError,
        forms::{Filled, Form, posted},
        state::App,
    },
};

const PATH: &str = "/access/screens";
const NO_CODE: &str = "no screen shows this code now; a code stands for ten minutes";

fn desk<'a>(app: &'a App, caller: &'a Caller) -> Desk<'a> {
    Desk { app, caller, part: Part::Devices }
}

/// `GET /access/screens`: the devices that wait, and those that are let in.
pub(in crate::server) async fn list(State(app): State<App>, caller: Caller) -> Response {
    let desk = desk(&app, &caller);
    let paired = match app.access.look(register::paired).await {
        Ok(paired) => paired,
        Err(unavailable) => return desk.away(&unavailable),
    };
    let waiting = app.access.pairing.waiting(app.clock.now());
    let mut html = Html::default();
    lead(&mut html, "Paired screens", Some(("/access/approve", "Pair a screen")));
    if !waiting.is_empty() {
        html.raw(
            "<section aria-labelledby=\"waiting\"><h2 id=\"waiting\">These wait</h2><p \
             class=\"sub\">Let in only what you see in front of you.</p><ul \
             class=\"screens-list\">",
        );
        for device in &waiting {
            waits(&mut html, desk, device);
        }
        html.raw("</ul></section>");
    }
    if paired.is_empty() {
        nothing(
            &mut html,
            "No screen is paired yet",
            "Open this server’s address on the device, at <code>/pair</code>: it shows a code. \
             The device then stays in for as long as it is used.",
        );
    } else {
        html.raw(
            "<section aria-labelledby=\"paired\"><h2 id=\"paired\">These are let in</h2><ul \
             class=\"screens-list\">",
        );
        for screen in &paired {
            row(&mut html, desk, screen);
        }
        html.raw("</ul></section>");
    }
    desk.page(PATH, "Paired screens", &html.done())
}

fn waits(html: &mut Html, desk: Desk<'_>, device: &Shows) {
    html.raw("<li><div class=\"which\"><h3 class=\"shown-code\">").text(&device.code);
    html.raw("</h3></div><p class=\"role\">Waits</p><p class=\"what\">");
    at(html, device.address);
    html.raw("<span class=\"sub\">Since ");
    time(html, device.since, desk.zone());
    html.raw("</span></p><div class=\"does\"><a class=\"button\" href=\"/access/approve?code=");
    html.text(&device.code).raw("\">Let in…");
    of(html, &device.code);
    html.raw("</a></div></li>");
}

fn at(html: &mut Html, address: Option<IpAddr>) {
    match address {
        Some(address) => html.raw("At <code>").text(&address.to_string()).raw("</code>"),
        None => html.raw("Nobody knows where"),
    };
}

fn row(html: &mut Html, desk: Desk<'_>, screen: &Paired) {
    html.raw("<li><div class=\"which\"><h3><bdi>").text(&screen.name).raw("</bdi></h3><code>");
    match &screen.screen {
        Some(name) => html.raw("/screens/").text(name.as_str()),
        None => html.raw("/"),
    };
    html.raw("</code></div><p class=\"role\">").raw(role_name(screen.role));
    html.raw("</p><p class=\"what\">");
    whereabouts(html, &screen.locations);
    html.raw("<span class=\"sub\">");
    if screen.token.is_some() {
        html.raw("Last there ");
        time(html, screen.used_at, desk.zone());
    } else {
        html.raw("Has not come in yet");
    }
    // By one press: a device that is in the wrong hands is not to stay while somebody reads.
    html.raw("</span></p><form class=\"does\" method=\"post\" action=\"/access/screens/");
    html.text(&screen.id.0.to_string()).raw("/revoke\"><button class=\"button\">Let in no longer");
    of(html, &screen.name);
    html.raw("</button></form></li>");
}

/// `POST /access/screens/{id}/revoke`: lets a device in no longer.
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
    let Ok(Path(id)) = id else { return desk.missing("screen") };
    let by = app.access.by(&caller);
    match app.access.change(move |of| register::unpair(of, ScreenId(id), &by)).await {
        Ok(true) => desk.done(PATH, "The screen is let in no longer: it shows its code again."),
        Ok(false) => desk.missing("screen"),
        Err(unavailable) => desk.away(&unavailable),
    }
}

/// `GET /access/approve`: the form that lets in the device which shows a code.
pub(in crate::server) async fn approve(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Response {
    let mut form = Form::parse(query.unwrap_or_default().as_bytes());
    if form.text("role").is_empty() {
        form.set("role", Role::Cook.as_str());
    }
    let mut errors = Vec::new();
    if !form.text("code").is_empty()
        && app.access.pairing.find(form.text("code"), app.clock.now()).is_none()
    {
        errors.push(wrong("code", NO_CODE));
    }
    approving(desk(&app, &caller), StatusCode::OK, &form, &errors).await
}

async fn approving(
    desk: Desk<'_>,
    status: StatusCode,
    form: &Form,
    errors: &[FieldError],
) -> Response {
    let screens = match desk.app.store.screens().await {
        Ok(screens) => screens,
        Err(unavailable) => return desk.away(&unavailable),
    };
    let found = desk.app.access.pairing.find(form.text("code"), desk.app.clock.now());
    let from = found.and_then(|device| device.address);
    let main = approve_form(Filled { form, errors }, from, &screens);
    desk.refused(status, "Pair a screen", &main)
}

fn approve_form(filled: Filled<'_>, from: Option<IpAddr>, screens: &[Screen]) -> String {
    let mut html = Html::default();
    html.raw(
        "<div class=\"lead\"><h1>Pair a screen</h1></div><p>Open this server on the device: it \
         shows a code. Let in only what you see in front of you.</p>",
    );
    not_saved(&mut html, filled);
    html.raw("<form class=\"edit sheet group\" method=\"post\" action=\"/access/approve\">");
    fields::line(
        &mut html,
        filled,
        "code",
        "Code",
        "",
        " required maxlength=\"12\" autocomplete=\"off\" autocapitalize=\"characters\"",
    );
    if from.is_some() {
        html.raw("<p>The device is ");
        at(&mut html, from);
        html.raw(".</p>");
    }
    let boards = screens.iter().map(|it| (it.name.as_str(), it.profile.title.as_str()));
    let boards = [("", "The board with all orders")].into_iter().chain(boards);
    fields::choose(&mut html, filled, "screen", "It shows", "", boards);
    // Nobody stands before a screen to be asked who they are, so none is a manager.
    let [viewer, cook, expo, _] = ROLES;
    fields::segments(&mut html, filled, "role", "Role", "", &[viewer, cook, expo]);
    fields::line(
        &mut html,
        filled,
        "name",
        "Name",
        "What it is called in the history of orders; empty for the screen’s name.",
        " maxlength=\"40\" autocomplete=\"off\"",
    );
    let (name, hint) = LOCATIONS;
    fields::line(&mut html, filled, "locations", name, hint, "");
    actions(&mut html, "Let it in", PATH);
    html.raw("</form>").done()
}

/// `POST /access/approve`: lets the device in that shows a code.
pub(in crate::server) async fn approved(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Response {
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let desk = desk(&app, &caller);
    let now = app.clock.now();
    let mut errors = Vec::new();
    if app.access.pairing.find(form.text("code"), now).is_none() {
        errors.push(wrong("code", NO_CODE));
    }
    let new = wished(&form, &mut errors);
    if errors.is_empty() {
        let by = app.access.by(&caller);
        let id = match app.access.change(move |to| register::pair(to, &new, &by)).await {
            Ok(id) => id,
            Err(unavailable) => return desk.away(&unavailable),
        };
        if app.access.pairing.let_in(form.text("code"), id, now) {
            return desk.done(PATH, "The screen is let in.");
        }
        let by = app.access.by(&caller);
        let _ = app.access.change(move |of| register::unpair(of, id, &by)).await;
        errors.push(wrong("code", NO_CODE));
    }
    approving(desk, StatusCode::UNPROCESSABLE_ENTITY, &form, &errors).await
}

/// The device as a form has it.
fn wished(form: &Form, errors: &mut Vec<FieldError>) -> NewPaired {
    let screen = match form.text("screen") {
        "" => None,
        name => ScreenName::parse(name)
            .map_err(|rule| errors.push(wrong("screen", format!("must be {rule}"))))
            .ok(),
    };
    let name = match (form.text("name").trim(), &screen) {
        ("", Some(screen)) => screen.to_string(),
        ("", None) => "board".to_owned(),
        (name, _) => label(name).unwrap_or_else(|rule| {
            errors.push(wrong("name", rule));
            String::new()
        }),
    };
    let role = match form.text("role").parse() {
        Ok(role) if role != Role::Manager => role,
        _ => {
            errors.push(wrong("role", "must be viewer, cook or expo"));
            Role::Viewer
        }
    };
    NewPaired { code: None, screen, name, role, locations: locations(form, errors) }
}
