//! Where events go: webhooks made, changed, paused, tested, sent again and deleted,
//! by the same functions and rules as over the API.

use axum::{
    extract::{Path, RawQuery, Request, State},
    http::StatusCode,
    response::Response,
};

use self::{
    form::{of_webhook, replayed, wished},
    view::{Found, edit, one_page},
};
use super::parts::{Desk, Named, Part, Question, TOO_MANY_SECRETS, lead, nothing};
use crate::{
    app::html::Html,
    server::{
        access::{flash::Flash, principal::Caller},
        error::{FieldError, Problem},
        forms::{Filled, Form, posted},
        state::App,
        store::webhooks::{SwitchState, Webhook},
        webhooks::{WebhookProblem, setup},
    },
};

mod form;
mod view;

pub(super) use form::rotated;
pub(super) use view::overlap;

const PATH: &str = "/access/webhooks";
/// Deliveries on one page.
const DELIVERIES: usize = 25;

fn desk<'a>(app: &'a App, caller: &'a Caller) -> Desk<'a> {
    Desk { app, caller, part: Part::Webhooks }
}

fn page_of(webhook: &Webhook) -> String {
    format!("{PATH}/{}", webhook.id)
}

async fn find(desk: Desk<'_>, id: Named) -> Result<Webhook, Response> {
    let raw = id.map_or_else(|_| String::new(), |Path(raw)| raw);
    setup::find(desk.app, &raw).await.map_err(|problem| not_done(desk, problem))
}

/// The page for a refusal that has no field to stand beside.
fn not_done(desk: Desk<'_>, problem: Problem) -> Response {
    match problem {
        Problem::Webhook(WebhookProblem::NotFound) => desk.missing("webhook"),
        problem => desk.problem(problem),
    }
}

/// What of a refusal stands beside a field of the form; `event` is the field that
/// names an event.
fn beside(problem: Problem, event: &'static str) -> Result<Vec<FieldError>, Problem> {
    match problem {
        Problem::InvalidFields(errors) => Ok(errors.into_iter().map(form::own_field).collect()),
        Problem::Webhook(WebhookProblem::EventNotKept) => {
            let detail = "must be of this log and still kept".to_owned();
            Ok(vec![FieldError { pointer: format!("/{event}"), detail }])
        }
        Problem::Webhook(WebhookProblem::TooMany) => {
            let detail = "cannot be kept: there are as many webhooks as there may be".to_owned();
            Ok(vec![FieldError { pointer: "/url".to_owned(), detail }])
        }
        Problem::Webhook(WebhookProblem::TooManySecrets) => Ok(vec![FieldError {
            pointer: "/overlap_hours".to_owned(),
            detail: TOO_MANY_SECRETS.to_owned(),
        }]),
        problem => Err(problem),
    }
}

/// `GET /access/webhooks`: every webhook.
pub(in crate::server) async fn list(State(app): State<App>, caller: Caller) -> Response {
    let desk = desk(&app, &caller);
    let webhooks = match app.store.webhooks().all().await {
        Ok(webhooks) => webhooks,
        Err(unavailable) => return desk.away(&unavailable),
    };
    let mut html = Html::default();
    lead(&mut html, "Webhooks", Some(("/access/webhooks/new", "New webhook")));
    if webhooks.is_empty() {
        nothing(
            &mut html,
            "No webhook yet",
            "A webhook has every event that you choose sent to another server, signed, and again \
             until that server has accepted it.",
        );
    } else {
        html.raw("<ul class=\"screens-list\">");
        for webhook in &webhooks {
            view::row(&mut html, desk, webhook);
        }
        html.raw("</ul>");
    }
    desk.page(PATH, "Webhooks", &html.done())
}

/// `GET /access/webhooks/new`: the form for a webhook.
pub(in crate::server) async fn new(State(app): State<App>, caller: Caller) -> Response {
    let form = Form::default();
    let main = edit(None, Filled { form: &form, errors: &[] });
    desk(&app, &caller).page("", "New webhook", &main)
}

/// `POST /access/webhooks`: makes a webhook, whose page shows its secret this once.
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
    match setup::make(&app, &caller, &wished(&form, true)).await {
        Ok(webhook) => {
            let told = "The webhook is made and on. Its receiver checks signatures with this \
                        secret:";
            let secret = webhook.keys.current.reveal();
            desk.leave(Flash::done(page_of(&webhook), told).with(secret))
        }
        Err(problem) => match beside(problem, "after") {
            Ok(errors) => {
                let main = edit(None, Filled { form: &form, errors: &errors });
                desk.refused(StatusCode::UNPROCESSABLE_ENTITY, "New webhook", &main)
            }
            Err(problem) => not_done(desk, problem),
        },
    }
}

/// `GET /access/webhooks/{id}`: one webhook with what was sent to it; `before` has
/// older deliveries.
pub(in crate::server) async fn one(
    State(app): State<App>,
    caller: Caller,
    id: Named,
    RawQuery(query): RawQuery,
) -> Response {
    let desk = desk(&app, &caller);
    let webhook = match find(desk, id).await {
        Ok(webhook) => webhook,
        Err(response) => return response,
    };
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let before = query.text("before").parse().ok();
    let form = Form::default();
    match show(desk, webhook, before, Filled { form: &form, errors: &[] }).await {
        Ok((page, title, main)) => desk.page(&page, &title, &main),
        Err(response) => response,
    }
}

/// The address, the title and the content of a webhook's page.
async fn show(
    desk: Desk<'_>,
    webhook: Webhook,
    before: Option<u64>,
    filled: Filled<'_>,
) -> Result<(String, String, String), Response> {
    let store = desk.app.store.webhooks();
    let attempts = store.attempts(webhook.id.clone(), before, DELIVERIES + 1).await;
    let mut attempts = attempts.map_err(|unavailable| desk.away(&unavailable))?;
    let more = attempts.len() > DELIVERIES;
    attempts.truncate(DELIVERIES);
    let (page, title) = (page_of(&webhook), view::title(&webhook).to_owned());
    let older = before.is_some();
    let main = one_page(desk, &Found { webhook, attempts, more, older }, filled);
    Ok((page, title, main))
}

/// `GET /access/webhooks/{id}/edit`: the form of a webhook.
pub(in crate::server) async fn edit_form(
    State(app): State<App>,
    caller: Caller,
    id: Named,
) -> Response {
    let desk = desk(&app, &caller);
    match find(desk, id).await {
        Ok(webhook) => {
            let form = of_webhook(&webhook);
            let main = edit(Some(&webhook), Filled { form: &form, errors: &[] });
            desk.page("", "Change a webhook", &main)
        }
        Err(response) => response,
    }
}

/// `POST /access/webhooks/{id}/edit`: changes a webhook.
pub(in crate::server) async fn save(
    State(app): State<App>,
    caller: Caller,
    id: Named,
    request: Request,
) -> Response {
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let desk = desk(&app, &caller);
    let webhook = match find(desk, id).await {
        Ok(webhook) => webhook,
        Err(response) => return response,
    };
    match setup::change(&app, &caller, webhook.id.clone(), &wished(&form, false)).await {
        Ok(webhook) => desk.done(&page_of(&webhook), "Saved."),
        Err(problem) => match beside(problem, "after") {
            Ok(errors) => {
                let main = edit(Some(&webhook), Filled { form: &form, errors: &errors });
                desk.refused(StatusCode::UNPROCESSABLE_ENTITY, "Change a webhook", &main)
            }
            Err(problem) => not_done(desk, problem),
        },
    }
}

/// `POST /access/webhooks/{id}/switch`: pauses a webhook, or has it go on.
pub(in crate::server) async fn switch(
    State(app): State<App>,
    caller: Caller,
    id: Named,
    request: Request,
) -> Response {
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let desk = desk(&app, &caller);
    let webhook = match find(desk, id).await {
        Ok(webhook) => webhook,
        Err(response) => return response,
    };
    let body = serde_json::json!({"state": form.text("state")});
    match setup::change(&app, &caller, webhook.id, &body).await {
        Ok(webhook) => {
            let told = match webhook.switch.state {
                SwitchState::On => "It is on: what waits is sent now.",
                SwitchState::Off | SwitchState::Broken => "It is paused: nothing is sent.",
            };
            desk.done(&page_of(&webhook), told)
        }
        Err(problem) => not_done(desk, problem),
    }
}

/// `POST /access/webhooks/{id}/rotate`: a new secret, which its page shows this once.
pub(in crate::server) async fn rotate(
    State(app): State<App>,
    caller: Caller,
    id: Named,
    request: Request,
) -> Response {
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let desk = desk(&app, &caller);
    let webhook = match find(desk, id).await {
        Ok(webhook) => webhook,
        Err(response) => return response,
    };
    match setup::rotate(&app, &caller, webhook.id.clone(), &rotated(&form)).await {
        Ok(webhook) => {
            let told = "The webhook has a new secret. Both are good until the time that is said \
                        below:";
            let secret = webhook.keys.current.reveal();
            desk.leave(Flash::done(page_of(&webhook), told).with(secret))
        }
        Err(problem) => refused(desk, webhook, &form, problem).await,
    }
}

/// A webhook's page with a form on it that was not taken.
async fn refused(desk: Desk<'_>, webhook: Webhook, form: &Form, problem: Problem) -> Response {
    let event = if form.text("from") == "time" { "time" } else { "event" };
    let errors = match beside(problem, event) {
        Ok(mut errors) => {
            // On this page there is one field for events.
            for error in errors.iter_mut().filter(|error| error.pointer == "/after") {
                "/event".clone_into(&mut error.pointer);
            }
            errors
        }
        Err(problem) => return not_done(desk, problem),
    };
    match show(desk, webhook, None, Filled { form, errors: &errors }).await {
        Ok((_, title, main)) => desk.refused(StatusCode::UNPROCESSABLE_ENTITY, &title, &main),
        Err(response) => response,
    }
}

/// `POST /access/webhooks/{id}/test`: sends a message that concerns no order.
pub(in crate::server) async fn test(
    State(app): State<App>,
    caller: Caller,
    id: Named,
    request: Request,
) -> Response {
    if let Err(refusal) = posted(request).await {
        return refusal;
    }
    let desk = desk(&app, &caller);
    let webhook = match find(desk, id).await {
        Ok(webhook) => webhook,
        Err(response) => return response,
    };
    match setup::test(&app, &caller, &webhook).await {
        Ok(attempt) => {
            let page = page_of(&webhook);
            let took = attempt.took_ms;
            desk.leave(match (attempt.error, attempt.status) {
                (Some(error), _) => {
                    Flash::trouble(page, format!("The test was not accepted: {error}."))
                }
                (None, Some(status)) => Flash::done(
                    page,
                    format!("The test was accepted: the receiver answered {status} in {took} ms."),
                ),
                (None, None) => Flash::done(page, "The test was accepted."),
            })
        }
        Err(problem) => not_done(desk, problem),
    }
}

/// `POST /access/webhooks/{id}/replay`: sends again an event, or everything from an
/// event or a time on.
pub(in crate::server) async fn replay(
    State(app): State<App>,
    caller: Caller,
    id: Named,
    request: Request,
) -> Response {
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let desk = desk(&app, &caller);
    let webhook = match find(desk, id).await {
        Ok(webhook) => webhook,
        Err(response) => return response,
    };
    let asked = match replayed(&form, desk.zone()) {
        Ok(body) => setup::replay(&app, &caller, webhook.id.clone(), &body).await,
        Err(error) => Err(Problem::InvalidFields(vec![error])),
    };
    match asked {
        Ok(webhook) if webhook.switch.state == SwitchState::On => {
            desk.done(&page_of(&webhook), "It is sent again.")
        }
        Ok(webhook) => {
            desk.done(&page_of(&webhook), "It is sent again as soon as the webhook goes on.")
        }
        Err(problem) => refused(desk, webhook, &form, problem).await,
    }
}

/// `GET /access/webhooks/{id}/delete`: asks whether a webhook is to go.
pub(in crate::server) async fn ask(State(app): State<App>, caller: Caller, id: Named) -> Response {
    let desk = desk(&app, &caller);
    let webhook = match find(desk, id).await {
        Ok(webhook) => webhook,
        Err(response) => return response,
    };
    let page = page_of(&webhook);
    Question {
        title: "Delete the webhook",
        of: view::title(&webhook),
        what: "Nothing more is sent to it; what waits for it and the list of its deliveries go \
               with it. It cannot be undone.",
        action: &format!("{page}/delete"),
        yes: "Delete",
        back: &page,
    }
    .ask(desk)
}

/// `POST /access/webhooks/{id}/delete`: lets go of a webhook.
pub(in crate::server) async fn delete(
    State(app): State<App>,
    caller: Caller,
    id: Named,
    request: Request,
) -> Response {
    if let Err(refusal) = posted(request).await {
        return refusal;
    }
    let desk = desk(&app, &caller);
    let webhook = match find(desk, id).await {
        Ok(webhook) => webhook,
        Err(response) => return response,
    };
    match setup::remove(&app, &caller, &webhook).await {
        Ok(()) => desk.done(PATH, "The webhook is deleted."),
        Err(problem) => not_done(desk, problem),
    }
}
