//! Channels that sign their orders: given a secret, another one, or none any longer.

use axum::{
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
};
use serde_json::json;

use super::{
    parts::{
        Desk, LOCATIONS, Named, Part, Question, TOO_MANY_SECRETS, actions, lead, not_saved,
        nothing, of, time, whereabouts, wrong,
    },
    webhooks::{overlap, rotated},
};
use crate::{
    app::html::Html,
    domain::{Channel, ids::LABEL_RULE},
    server::{
        access::{flash::Flash, principal::Caller},
        documents::fields,
        error::{FieldError, Problem},
        forms::{Filled, Form, posted},
        state::App,
        webhooks::{WebhookProblem, setup},
    },
};

const PATH: &str = "/access/secrets";

fn desk<'a>(app: &'a App, caller: &'a Caller) -> Desk<'a> {
    Desk { app, caller, part: Part::Secrets }
}

/// `GET /access/secrets`: the channels that sign.
pub(in crate::server) async fn list(State(app): State<App>, caller: Caller) -> Response {
    let desk = desk(&app, &caller);
    let channels = match app.store.webhooks().channels().await {
        Ok(channels) => channels,
        Err(unavailable) => return desk.away(&unavailable),
    };
    let mut html = Html::default();
    lead(&mut html, "Channel secrets", Some(("/access/secrets/new", "New secret")));
    if channels.is_empty() {
        nothing(
            &mut html,
            "No channel signs yet",
            "A channel that cannot hold a key signs its orders with a secret of its own, and \
             posts them to <code>/api/hooks/</code> and its name.",
        );
    } else {
        html.raw("<ul class=\"screens-list\">");
        for signing in &channels {
            let channel = signing.channel.as_str();
            let address: String =
                form_urlencoded::byte_serialize(channel.as_bytes()).collect::<String>();
            // A plus would be one in a path.
            let address = address.replace('+', "%20");
            html.raw("<li><div class=\"which\"><h2><bdi>").text(channel).raw("</bdi></h2><code>");
            html.raw("/api/hooks/").text(&address).raw("</code></div><p class=\"role\">Signs</p>");
            html.raw("<p class=\"what\">Since ");
            time(&mut html, signing.created_at, desk.zone());
            if !signing.locations.is_empty() {
                html.raw("<span class=\"sub\">");
                whereabouts(&mut html, &signing.locations);
                html.raw("</span>");
            }
            if let Some(at) = signing.used_at {
                html.raw("<span class=\"sub\">Last order ");
                time(&mut html, at, desk.zone());
                html.raw("</span>");
            }
            if let Some(until) = signing.keys.former_until() {
                html.raw("<span class=\"sub\">The secret before is good until ");
                time(&mut html, until, desk.zone());
                html.raw("</span>");
            }
            html.raw(
                "</p><div class=\"does\"><a class=\"button\" href=\"/access/secrets/new?channel=",
            );
            html.text(&address).raw("\">New secret");
            of(&mut html, channel);
            html.raw("</a><a class=\"button quiet\" href=\"/access/secrets/").text(&address);
            html.raw("/delete\">Delete");
            of(&mut html, channel);
            html.raw("</a></div></li>");
        }
        html.raw("</ul>");
    }
    desk.page(PATH, "Channel secrets", &html.done())
}

/// `GET /access/secrets/new`: the form for a secret; `channel` is filled in.
pub(in crate::server) async fn new(
    State(app): State<App>,
    caller: Caller,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Response {
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    desk(&app, &caller).page("", "New secret", &new_form(Filled { form: &form, errors: &[] }))
}

fn new_form(filled: Filled<'_>) -> String {
    let mut html = Html::default();
    lead(&mut html, "New secret for a channel", None);
    not_saved(&mut html, filled);
    html.raw("<form class=\"edit sheet group\" method=\"post\" action=\"/access/secrets\">");
    fields::line(
        &mut html,
        filled,
        "channel",
        "Channel",
        "A channel that has a secret gets another one.",
        " required maxlength=\"40\" autocomplete=\"off\"",
    );
    fields::password(
        &mut html,
        filled,
        "secret",
        "Secret",
        "Only where the channel has chosen one: whsec_ and 24 to 64 bytes in base64. Empty for a \
         new one, which is shown once.",
        " autocomplete=\"off\"",
    );
    let (name, hint) = LOCATIONS;
    fields::line(&mut html, filled, "locations", name, hint, "");
    overlap(&mut html, filled);
    actions(&mut html, "Give the secret", PATH);
    html.raw("</form>").done()
}

/// `POST /access/secrets`: gives a channel a secret, which the list shows this once.
pub(in crate::server) async fn give(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Response {
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let desk = desk(&app, &caller);
    let own = form.text("secret").trim();
    let mut body = rotated(&form);
    if !own.is_empty() {
        body["secret"] = json!(own);
    }
    if form.all("locations").next().is_some() {
        body["locations"] = form.names("none", "locations").into();
    }
    let errors: Vec<FieldError> = match Channel::parse(form.text("channel")) {
        Err(_) => vec![wrong("channel", format!("must have {LABEL_RULE}"))],
        Ok(channel) => match setup::give_secret(&app, &caller, channel, &body).await {
            Ok((signing, _)) => {
                let told = format!("{} signs its orders with this secret:", signing.channel);
                let flash = Flash::done(PATH, told);
                return desk.leave(if own.is_empty() {
                    flash.with(signing.keys.current.reveal())
                } else {
                    Flash::done(PATH, format!("{} signs with its secret.", signing.channel))
                });
            }
            // Locations are one field here, and a list to the API.
            Err(Problem::InvalidFields(errors)) => errors
                .into_iter()
                .map(|error| {
                    let of_one = error.pointer.starts_with("/locations/");
                    if of_one { wrong("locations", error.detail) } else { error }
                })
                .collect(),
            Err(Problem::Webhook(WebhookProblem::TooManySecrets)) => {
                vec![wrong("overlap_hours", TOO_MANY_SECRETS)]
            }
            Err(problem) => return desk.problem(problem),
        },
    };
    let main = new_form(Filled { form: &form, errors: &errors });
    desk.refused(StatusCode::UNPROCESSABLE_ENTITY, "New secret", &main)
}

async fn find(desk: Desk<'_>, name: Named) -> Result<Channel, Response> {
    let channel = name.ok().and_then(|Path(raw)| Channel::parse(&raw).ok());
    let channel = channel.ok_or_else(|| desk.missing("secret"))?;
    match desk.app.store.webhooks().channel(channel).await {
        Ok(Some(signing)) => Ok(signing.channel),
        Ok(None) => Err(desk.missing("secret")),
        Err(unavailable) => Err(desk.away(&unavailable)),
    }
}

/// `GET /access/secrets/{channel}/delete`: asks whether a channel is to sign no longer.
pub(in crate::server) async fn ask(
    State(app): State<App>,
    caller: Caller,
    name: Named,
) -> Response {
    let desk = desk(&app, &caller);
    let channel = match find(desk, name).await {
        Ok(channel) => channel,
        Err(response) => return response,
    };
    let address: String = form_urlencoded::byte_serialize(channel.as_str().as_bytes()).collect();
    Question {
        title: "Delete the secret of",
        of: channel.as_str(),
        what: "Orders that it signs are refused from then on. It cannot be undone; you can give \
               it another one.",
        action: &format!("{PATH}/{}/delete", address.replace('+', "%20")),
        yes: "Delete",
        back: PATH,
    }
    .ask(desk)
}

/// `POST /access/secrets/{channel}/delete`: what the channel signs is believed no longer.
pub(in crate::server) async fn delete(
    State(app): State<App>,
    caller: Caller,
    name: Named,
    request: Request,
) -> Response {
    if let Err(refusal) = posted(request).await {
        return refusal;
    }
    let desk = desk(&app, &caller);
    let channel = match find(desk, name).await {
        Ok(channel) => channel,
        Err(response) => return response,
    };
    match setup::remove_secret(&app, &caller, &channel).await {
        Ok(()) => desk.done(PATH, "The secret is deleted."),
        Err(problem) => desk.problem(problem),
    }
}
