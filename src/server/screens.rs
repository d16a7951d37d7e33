//! Screens: what each device in the kitchen shows, kept under a name. Over the
//! API, as the board itself, and ([`site`]) on pages where people make them.

use std::fmt::Write as _;

use axum::{
    body::Body,
    extract::{Path, RawQuery, Request, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::principal::Caller,
    error::{FieldError, Problem},
    ingest::{self, json_body},
    language,
    pages::{self, Dress},
    reads::{answer, board_page, view_of},
    state::App,
    store::Unavailable,
};
use crate::{
    domain::{
        Channel, Profile, Screen, ScreenName, Station, Version,
        legibility::{Legibility, Verdict},
        order::TEST_CHANNEL,
        screen::View,
    },
    wire::{KeyBinding, ScreenSettings, StreamFilter},
    words::Word,
};

pub(super) mod form;
pub(super) mod site;
pub(super) mod view;

type Name = Result<Path<String>, PathRejection>;

/// The screen that an address names, if it can be one at all.
fn named(name: Name) -> Option<ScreenName> {
    let Path(raw) = name.ok()?;
    ScreenName::parse(&raw).ok()
}

/// Notes that `caller` has done `what` to the profile of a screen.
async fn note(app: &App, caller: &Caller, what: &'static str, name: &ScreenName) {
    app.access.note(app.access.by(caller), what, name.to_string()).await;
}

/// `GET /api/screens`: every screen, by name.
pub(super) async fn list(State(app): State<App>) -> Result<Response, Problem> {
    answer(&Screens { screens: app.store.screens().await? })
}

/// Every screen.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ScreenList")]
pub(super) struct Screens {
    screens: Vec<Screen>,
}

/// `GET /api/screens/{name}`: one screen.
pub(super) async fn one(State(app): State<App>, name: Name) -> Result<Response, Problem> {
    let name = named(name).ok_or(Problem::ScreenNotFound)?;
    answer(&app.store.screen(name).await?.ok_or(Problem::ScreenNotFound)?)
}

/// `PUT /api/screens/{name}`: makes a screen, or changes the one of the
/// expected version. Answers when it is durable.
pub(super) async fn put(
    State(app): State<App>,
    caller: Caller,
    name: Name,
    request: Request,
) -> Result<Response, Problem> {
    let body = json_body(request).await?;
    let name = named(name).ok_or_else(|| {
        let detail = format!("must be {}", ScreenName::RULE);
        Problem::InvalidFields(vec![FieldError { pointer: "/name".to_owned(), detail }])
    })?;
    let wished = ingest::screen(Some(name), &body)?;
    let now = app.clock.now();
    let made = wished.expected_version.is_none();
    let screen =
        app.store.put_screen(wished.name, wished.profile, wished.expected_version, now).await?;
    note(&app, &caller, if made { "profile.made" } else { "profile.changed" }, &screen.name).await;
    let mut response = answer(&screen)?;
    if made {
        *response.status_mut() = StatusCode::CREATED;
        if let Ok(location) = HeaderValue::try_from(format!("/api/screens/{}", screen.name)) {
            response.headers_mut().insert(header::LOCATION, location);
        }
    }
    Ok(response)
}

/// `DELETE /api/screens/{name}`: lets go of a screen, with `expected_version`
/// only if it stands at that.
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    name: Name,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let name = named(name).ok_or(Problem::ScreenNotFound)?;
    let mut expected = None;
    for (parameter, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let refuse = |detail| Problem::InvalidParameter {
            parameter: parameter.clone().into_owned(),
            detail,
        };
        if parameter != "expected_version" {
            return Err(refuse(format!(
                "there is no parameter {parameter:?}; it takes expected_version"
            )));
        }
        let version = value.parse().ok().filter(|version| *version > 0).map(Version);
        expected = Some(version.ok_or_else(|| {
            refuse(format!("expected_version is a whole number from 1, not {value:?}"))
        })?);
    }
    app.store.delete_screen(name.clone(), expected).await?;
    note(&app, &caller, "profile.deleted", &name).await;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// `GET /screens/{name}`: the board as this screen has it.
pub(super) async fn open(
    State(app): State<App>,
    caller: Caller,
    name: Name,
    request: Request,
) -> Response {
    let asked = name.as_ref().map_or_else(|_| String::new(), |Path(raw)| raw.clone());
    let screen = match find(&app, name).await {
        Ok(Some(screen)) => screen,
        Ok(None) => return site::unknown(&app, &asked).await,
        Err(unavailable) => return away(&app, &unavailable),
    };
    let filter = filter_of(&screen.profile, app.orders.routing().fallback());
    match board_page(&app, &caller, filter, screen.profile.language).await {
        Ok(mut page) => {
            let dress = Dress {
                theme: screen.profile.theme,
                scale: Some(scale_address(&screen)),
                person: caller.person(),
                you: caller.logged_in_as(),
            };
            page.settings.view = view_of(request.uri().query()).unwrap_or(screen.profile.view);
            page.settings.screen = Some(settings_of(&screen, app.orders.routing().fallback()));
            pages::board(page, dress, app.assets.page(), request).await
        }
        Err(unavailable) => away(&app, &unavailable),
    }
}

async fn find(app: &App, name: Name) -> Result<Option<Screen>, Unavailable> {
    match named(name) {
        Some(name) => app.store.screen(name).await,
        None => Ok(None),
    }
}

fn away(app: &App, Unavailable { why, .. }: &Unavailable) -> Response {
    tracing::warn!(%why, "page.screens.unavailable");
    pages::away(app.assets.page(), language::words(app.page.language))
}

/// What of all orders a screen shows: the one place where a profile becomes a filter.
/// A screen of some stations also shows what goes to `fallback`, because nobody
/// has said who makes it.
fn filter_of(profile: &Profile, fallback: &Station) -> StreamFilter {
    let mut filter = StreamFilter {
        stations: profile.stations.clone(),
        channels: profile.channels.clone(),
        services: profile.services.clone(),
        ..StreamFilter::default()
    };
    filter.stations.extend(shared_by(profile, fallback));
    // A test order is to come up wherever it is looked for.
    if !filter.channels.is_empty() {
        filter.channels.extend(Channel::parse(TEST_CHANNEL));
    }
    // Who wants the same in another order wants the same.
    filter.stations.sort_unstable();
    filter.channels.sort_unstable();
    filter.channels.dedup();
    filter.services.sort_unstable();
    filter
}

/// What a screen of some stations shows beside their work, if it does.
fn shared_by(profile: &Profile, fallback: &Station) -> Option<Station> {
    let beside = !profile.stations.is_empty() && !profile.stations.contains(fallback);
    beside.then(|| fallback.clone())
}

/// What the board needs to know of its screen.
fn settings_of(screen: &Screen, fallback: &Station) -> ScreenSettings {
    let Screen { name, profile, .. } = screen;
    let legibility = Legibility::of(profile);
    ScreenSettings {
        name: name.to_string(),
        version: screen.version,
        title: profile.title.clone(),
        warning: (legibility.verdict == Verdict::TooSmall).then(|| too_small(screen, &legibility)),
        role: profile.role,
        shared: shared_by(profile, fallback),
        view: profile.view,
        sort: profile.sort,
        page_size: profile.page_size.map(u32::from),
        columns: legibility.columns,
        sounds: profile.sounds,
        volume: u32::from(profile.volume),
        quiet_from: profile.quiet_hours.map(|hours| hours.from.minutes()),
        quiet_until: profile.quiet_hours.map(|hours| hours.until.minutes()),
        digits: profile.digits,
        bump_bar: profile.bump_bar,
        single_keys: profile.single_keys,
        keys: profile
            .keys
            .iter()
            .map(|(action, code)| KeyBinding { action: action.clone(), code: code.clone() })
            .collect(),
        announce: profile.announce,
        hold_to_bump: profile.hold_to_bump,
        acknowledge_allergens: profile.acknowledge_allergens,
    }
}

/// That text on the screen is too small to be read, in the screen's language.
fn too_small(screen: &Screen, legibility: &Legibility) -> String {
    let words = language::words(screen.profile.language);
    words
        .with(Word::TooSmall, &legibility.item_px.to_string())
        .replacen("[]", &screen.profile.distance_m.to_string(), 1)
        .replacen("<>", &legibility.least_px.to_string(), 1)
}

/// The style sheet of a screen as it is now: when the screen changes, it has
/// another address.
fn scale_address(Screen { name, version, changed_at, .. }: &Screen) -> String {
    format!("/screens/{name}/scale.css?v={version}-{changed_at}", changed_at = changed_at.0)
}

/// `GET /screens/{name}/scale.css`: the sizes that follow from the screen's
/// diagonal and distance. A style sheet, because the page's policy allows no
/// style of its own.
pub(super) async fn scale(State(app): State<App>, name: Name) -> Result<Response, Problem> {
    let screen = find(&app, name).await?.ok_or(Problem::ScreenNotFound)?;
    let mut response = Response::new(Body::from(scale_of(&screen.profile)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    // Its address changes with it.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=31536000, immutable"),
    );
    Ok(response)
}

/// An item's text has the size that the profile asks for, but never one that
/// leaves a ticket fewer than 18 letters a line: the same profile is opened on
/// a phone too, and people zoom.
fn scale_of(profile: &Profile) -> String {
    let Legibility { item_px, columns, root, .. } = Legibility::of(profile);
    let lanes = |count: u32, edges: u32| {
        format!("--item:clamp(20px,(100vw / {count} - {edges}px) / 9.9,{item_px}px)")
    };
    let mut css = format!(
        ":root{{font-size:max(100%,min({root}px,100vw / 72));--item-px:{item_px}px;\
         --columns:{columns};{one}}}\
         @media (min-width:640px){{:root{{{two}}}}}\
         @media (min-width:1000px){{:root{{{four}}}}}",
        one = lanes(1, 60),
        two = lanes(2, 62),
        four = lanes(4, 57),
    );
    // Where only four have room, the kitchen's own lane is not as wide as two.
    if profile.view == View::Columns && columns < 5 {
        css.push_str(
            "@media (min-width:1500px){.lanes{grid-template-columns:repeat(4,minmax(0,1fr))}\
             .lane-preparing .tickets{grid-template-columns:minmax(0,1fr)}}",
        );
    } else {
        css.push_str("@media (min-width:1500px){:root{");
        css.push_str(&lanes(5, 56));
        css.push_str("}}");
    }
    // The grid has as many slots beside each other as can be read.
    let Legibility { columns, item_px, .. } =
        Legibility::of(&Profile { view: View::Grid, ..profile.clone() });
    for (least, count) in [(1, 1), (640, columns.min(2)), (1000, columns)] {
        // Writing to text cannot fail.
        let _ = write!(
            css,
            "@media (min-width:{least}px){{.is-grid{{--columns:{columns};\
             --item:clamp(20px,(100vw / {count} - 57px) / 9.9,{item_px}px)}}}}"
        );
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::screen::{Role, Tenths};

    #[test]
    fn a_screen_of_some_channels_shows_tests_too() {
        let fallback = Station::parse("kitchen").expect("a label");
        let channel = |name: &str| Channel::parse(name).expect("a label");
        let mut profile = Profile::of(Role::All);
        assert_eq!(filter_of(&profile, &fallback).channels, []);
        profile.channels = vec![channel("web"), channel("test"), channel("app")];
        let expected = [channel("app"), channel("test"), channel("web")];
        assert_eq!(filter_of(&profile, &fallback).channels, expected);
    }

    #[test]
    fn text_has_the_profile_s_size_where_there_is_room() {
        let near = Profile::of(Role::All);
        let css = scale_of(&near);
        assert!(css.contains("min(23.2px,100vw / 72)"), "{css}");
        assert!(css.contains("--item:clamp(20px,(100vw / 4 - 57px) / 9.9,29px)"), "{css}");
        assert!(!css.contains(".lanes"), "{css}");
        let far = Profile { distance_m: Tenths(20), ..near };
        let css = scale_of(&far);
        assert!(css.contains("42px") && css.contains(".lanes{"), "{css}");
    }
}
