//! The pages where people make, copy, change and delete screens. They are plain
//! documents with plain forms: they work without a script, and nothing on them
//! changes anything by a `GET`.

use axum::{
    extract::{RawQuery, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::Value;

use super::{
    Name, away, find, named, note,
    view::{self, Edit, Notice},
};
use crate::{
    domain::{
        Channel, FoodOrder, Profile, Screen, ScreenName, Station, Version, legibility::Legibility,
        limits, screen::Role,
    },
    server::{
        access::{principal::Caller, roles::Right},
        documents::{Shown, fragment},
        error::{FieldError, Problem},
        forms::{Filled, Form, posted, see},
        ingest::{self, WishedScreen},
        reads,
        state::App,
        store::{ScreenError, Unavailable},
    },
    wire::StreamFilter,
};

/// `GET /screens`: every screen.
pub(in crate::server) async fn list(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Response {
    let screens = match app.store.screens().await {
        Ok(screens) => screens,
        Err(unavailable) => return away(&app, &unavailable),
    };
    let parameters = Form::parse(query.unwrap_or_default().as_bytes());
    // What has just happened, if an address may be believed that far.
    let saved = screens.iter().find(|screen| screen.name.as_str() == parameters.text("saved"));
    let notice = match saved {
        Some(screen) => Some(Notice::Saved(screen)),
        None => ScreenName::parse(parameters.text("deleted"))
            .ok()
            .filter(|name| screens.iter().all(|screen| screen.name != *name))
            .map(Notice::Deleted),
    };
    let manages = caller.rights.has(Right::Admit);
    view::list(&Shown::of(&app), &screens, notice.as_ref(), manages)
}

/// `GET /screens/new`: a form for a new screen; `from` names one to copy,
/// `role` begins with what such a screen mostly has, `name` is filled in.
pub(in crate::server) async fn new(
    State(app): State<App>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Form::parse(query.unwrap_or_default().as_bytes());
    let choices = match Choices::read(&app, &caller).await {
        Ok(choices) => choices,
        Err(unavailable) => return away(&app, &unavailable),
    };
    let from = parameters.text("from");
    let original = choices.screens.iter().find(|screen| screen.name.as_str() == from);
    let form = if let Some(original) = original {
        copy_of(original, &choices.screens)
    } else {
        let role = parameters.text("role").parse().unwrap_or(Role::Prep);
        let mut form = Form::of(&Profile::of(role));
        form.set("name", parameters.text("name"));
        form
    };
    choices.edit(&app, StatusCode::OK, None, &form, &[], original.map(Notice::CopyOf).as_ref())
}

/// What the copy of a screen begins with: everything but its name.
fn copy_of(original: &Screen, screens: &[Screen]) -> Form {
    let mut form = Form::of(&original.profile);
    let (stem, title) = (original.name.as_str(), original.profile.title.as_str());
    let taken = |name: &str| screens.iter().any(|screen| screen.name.as_str() == name);
    // One more than there can be screens: one of them is free.
    for number in 2..=limits::SCREENS + 2 {
        let ending = format!("-{number}");
        let stem: String = stem.chars().take(40 - ending.len()).collect();
        let name = [&stem, ending.as_str()].concat();
        if !taken(&name) {
            form.set("name", &name);
            let title: String = title.chars().take(limits::SCREEN_TITLE - ending.len()).collect();
            form.set("title", &format!("{title} {number}"));
            break;
        }
    }
    form
}

/// `POST /screens`: makes a screen.
pub(in crate::server) async fn create(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Response {
    keep(&app, &caller, None, request).await
}

/// `GET /screens/{name}/edit`: the form of a screen.
pub(in crate::server) async fn edit(
    State(app): State<App>,
    caller: Caller,
    name: Name,
) -> Response {
    let asked = asked(&name);
    let choices = match Choices::read(&app, &caller).await {
        Ok(choices) => choices,
        Err(unavailable) => return away(&app, &unavailable),
    };
    let name = named(name);
    let Some(screen) = choices.screens.iter().find(|screen| Some(&screen.name) == name.as_ref())
    else {
        return view::unknown(&Shown::of(&app), &asked, &choices.screens);
    };
    choices.edit(&app, StatusCode::OK, Some(screen), &Form::of_screen(screen), &[], None)
}

/// `POST /screens/{name}/edit`: changes a screen.
pub(in crate::server) async fn save(
    State(app): State<App>,
    caller: Caller,
    name: Name,
    request: Request,
) -> Response {
    let asked = asked(&name);
    match named(name) {
        Some(name) => keep(&app, &caller, Some(name), request).await,
        None => unknown(&app, &asked).await,
    }
}

/// Keeps what a form says, or shows it again with what is wrong with it.
async fn keep(app: &App, caller: &Caller, name: Option<ScreenName>, request: Request) -> Response {
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let wished = ingest::screen(name.clone(), &form.json());
    let (form, errors, trouble, status) = match wished {
        Err(Problem::InvalidFields(errors)) => {
            (form, errors, None, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(problem) => return problem.into_response(),
        Ok(wished) => {
            let WishedScreen { name: kept, profile, expected_version } = wished;
            let now = app.clock.now();
            match app.store.put_screen(kept, profile, expected_version, now).await {
                Ok(screen) => {
                    let what = if name.is_none() { "profile.made" } else { "profile.changed" };
                    note(app, caller, what, &screen.name).await;
                    return see(&format!("/screens?saved={}", screen.name));
                }
                Err(error) => refused(form, name.is_none(), error),
            }
        }
    };
    // What was typed is worth more than a list of what could be chosen.
    let choices = Choices::read(app, caller).await.unwrap_or_default();
    let screen = choices.screens.iter().find(|screen| Some(&screen.name) == name.as_ref());
    choices.edit(app, status, screen, &form, &errors, trouble.as_ref())
}

/// What a form that could not be kept is shown again with.
fn refused(
    mut form: Form,
    is_new: bool,
    error: ScreenError,
) -> (Form, Vec<FieldError>, Option<Notice<'static>>, StatusCode) {
    match error {
        ScreenError::Stale(_) if is_new => {
            let detail = "must be another: there is a screen of this name".to_owned();
            let taken = FieldError { pointer: "/name".to_owned(), detail };
            (form, vec![taken], None, StatusCode::CONFLICT)
        }
        ScreenError::Stale(current) => {
            // Whoever saves again has been told.
            form.set("expected_version", &current.to_string());
            (form, Vec::new(), Some(Notice::Stale), StatusCode::CONFLICT)
        }
        ScreenError::NotFound => {
            form.set("expected_version", "");
            (form, Vec::new(), Some(Notice::Gone), StatusCode::CONFLICT)
        }
        ScreenError::TooMany => (form, Vec::new(), Some(Notice::TooMany), StatusCode::CONFLICT),
        ScreenError::Unavailable(unavailable) => {
            let notice = Notice::NotSaved(unavailable);
            (form, Vec::new(), Some(notice), StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// `GET /screens/{name}/delete`: asks whether a screen is to go, for that
/// cannot be undone.
pub(in crate::server) async fn ask(State(app): State<App>, name: Name) -> Response {
    let asked = asked(&name);
    match find(&app, name).await {
        Ok(Some(screen)) => view::ask(&Shown::of(&app), StatusCode::OK, &screen, None),
        Ok(None) => unknown(&app, &asked).await,
        Err(unavailable) => away(&app, &unavailable),
    }
}

/// `POST /screens/{name}/delete`: lets go of a screen.
pub(in crate::server) async fn delete(
    State(app): State<App>,
    caller: Caller,
    name: Name,
    request: Request,
) -> Response {
    let asked = asked(&name);
    let form = match posted(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let Some(name) = named(name) else { return unknown(&app, &asked).await };
    let expected = form.text("expected_version").parse().ok().map(Version);
    match app.store.delete_screen(name.clone(), expected).await {
        // Whoever presses twice wanted it gone.
        done @ (Ok(()) | Err(ScreenError::NotFound)) => {
            if done.is_ok() {
                note(&app, &caller, "profile.deleted", &name).await;
            }
            see(&format!("/screens?deleted={name}"))
        }
        Err(ScreenError::Unavailable(unavailable)) => away(&app, &unavailable),
        Err(ScreenError::Stale(_) | ScreenError::TooMany) => match app.store.screen(name).await {
            Ok(Some(screen)) => {
                view::ask(&Shown::of(&app), StatusCode::CONFLICT, &screen, Some(&Notice::Stale))
            }
            Ok(None) => unknown(&app, &asked).await,
            Err(unavailable) => away(&app, &unavailable),
        },
    }
}

/// `GET /screens/new/legibility`: what can be read on a screen with these
/// measures, for the form to show while somebody types.
pub(in crate::server) async fn legibility(RawQuery(query): RawQuery) -> Response {
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    fragment(&view::verdict(read_by(&form).as_ref()))
}

/// What can be read, as far as the form's measures say.
fn read_by(form: &Form) -> Option<(Profile, Legibility)> {
    let name = ScreenName::parse("measures").ok();
    let wished = ingest::screen(name, &Value::Object(form.measures())).ok()?;
    Some((wished.profile.clone(), Legibility::of(&wished.profile)))
}

/// The page for the name of no screen.
pub(in crate::server) async fn unknown(app: &App, asked: &str) -> Response {
    match app.store.screens().await {
        Ok(screens) => view::unknown(&Shown::of(app), asked, &screens),
        Err(unavailable) => away(app, &unavailable),
    }
}

fn asked(name: &Name) -> String {
    name.as_ref().map_or_else(|_| String::new(), |path| path.0.clone())
}

/// What is known of the kitchen, to choose from.
#[derive(Default)]
struct Choices {
    screens: Vec<Screen>,
    stations: Vec<Station>,
    channels: Vec<Channel>,
}

impl Choices {
    /// The stations and channels of the orders that are open and of the screens
    /// that there are.
    async fn read(app: &App, caller: &Caller) -> Result<Self, Unavailable> {
        let screens = app.store.screens().await?;
        let behind = StreamFilter { wall: caller.wall.clone(), ..StreamFilter::default() };
        let open = app.store.snapshot(behind).await?;
        let mut stations: Vec<Station> =
            screens.iter().flat_map(|screen| screen.profile.stations.clone()).collect();
        let mut channels: Vec<Channel> =
            screens.iter().flat_map(|screen| screen.profile.channels.clone()).collect();
        for json in &open.orders {
            let order: FoodOrder = reads::parse(json)?;
            stations.extend(order.stations().into_iter().cloned());
            channels.push(order.source.channel);
        }
        Ok(Self { screens, stations, channels })
    }

    fn edit(
        &self,
        app: &App,
        status: StatusCode,
        screen: Option<&Screen>,
        form: &Form,
        errors: &[FieldError],
        notice: Option<&Notice<'_>>,
    ) -> Response {
        let read = read_by(form);
        let edit = Edit {
            screen,
            filled: Filled { form, errors },
            notice,
            stations: form.station_choices(
                self.stations.iter().chain(app.orders.routing().stations()).cloned(),
            ),
            channels: form.channel_choices(self.channels.iter().cloned()),
            read: read.as_ref(),
        };
        view::edit(&Shown::of(app), status, &edit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_a_name_of_its_own() {
        let screen = |name: &str| Screen {
            name: ScreenName::parse(name).expect("a name"),
            version: Version::FIRST,
            changed_at: crate::domain::UnixMillis(0),
            profile: Profile { title: "Grill".to_owned(), ..Profile::of(Role::Prep) },
        };
        let screens = [screen("grill"), screen("grill-2"), screen(&"g".repeat(40))];
        let form = copy_of(&screens[0], &screens);
        assert_eq!((form.text("name"), form.text("title")), ("grill-3", "Grill 3"));
        assert_eq!(form.text("expected_version"), "");
        let long = copy_of(&screens[2], &screens);
        assert_eq!(long.text("name").len(), 40);
    }
}
