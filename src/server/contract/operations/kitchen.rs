//! The kitchen and its screens.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::whole;
use crate::{
    domain::{Intake, Screen},
    server::{
        contract::{
            bodies::{PutScreen, SetIntake},
            operation::{Group, Operation},
        },
        error::Code,
        reads,
    },
    wire::SourceList,
};

pub(super) fn all() -> Vec<Operation> {
    let mut all = kitchen();
    all.extend(screens());
    all
}

fn kitchen() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "/api/intake",
            "readIntake",
            Group::Kitchen,
            "Whether orders are taken",
        )
        .without_store()
        .answers::<Intake>(StatusCode::OK, "How the switch stands."),
        Operation::new(
            Method::PUT,
            "/api/intake",
            "setIntake",
            Group::Kitchen,
            "Switch the intake",
        )
        .text(
            "`open`; `busy`, which promises orders later; `paused`, which refuses them with \
             `intake_paused`. What is not open ends after `minutes`, always.",
        )
        .takes::<SetIntake>(json!({"state": "busy", "minutes": 30, "extra_min": 15}))
        .answers::<Intake>(StatusCode::OK, "What was set."),
        Operation::new(
            Method::GET,
            "/api/routing",
            "routeItem",
            Group::Kitchen,
            "Which station an item goes to",
        )
        .without_store()
        .query(
            "item",
            true,
            json!({"type": "string", "minLength": 1, "examples": ["Cheeseburger"]}),
            "The item's name.",
        )
        .answers::<reads::Routed<'_>>(StatusCode::OK, "Where it is made that names no station."),
        Operation::new(
            Method::GET,
            "/api/sources",
            "listSources",
            Group::Kitchen,
            "Whether orders still come",
        )
        .text("Each channel of the last seven days, by name, 64 at most.")
        .without_store()
        .answers::<SourceList>(StatusCode::OK, "The channels."),
    ]
}

fn screens() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/api/screens", "listScreens", Group::Screens, "List screens")
            .answers::<crate::server::screens::Screens>(StatusCode::OK, "Every screen, by name."),
        Operation::new(
            Method::GET,
            "/api/screens/{name}",
            "readScreen",
            Group::Screens,
            "Read a screen",
        )
        .answers::<Screen>(StatusCode::OK, "The screen.")
        .refuses(&[Code::ScreenNotFound]),
        Operation::new(
            Method::PUT,
            "/api/screens/{name}",
            "putScreen",
            Group::Screens,
            "Make or change a screen",
        )
        .text(
            "Without `expected_version` it is made; with the version that whoever decides has \
             seen, it is changed. All of it is put: what is left out is at its default again.",
        )
        .takes::<PutScreen>(json!({"role": "prep", "stations": ["grill"], "distance_m": 1.5}))
        .answers::<Screen>(StatusCode::OK, "The screen, changed.")
        .answers::<Screen>(StatusCode::CREATED, "The screen, made.")
        .with_header("Location", "The address of the screen.", true)
        .refuses(&[Code::ScreenNotFound, Code::StaleVersion, Code::TooManyScreens]),
        Operation::new(
            Method::DELETE,
            "/api/screens/{name}",
            "deleteScreen",
            Group::Screens,
            "Delete a screen",
        )
        .query(
            "expected_version",
            false,
            whole(1, i64::from(u32::MAX)),
            "Only if it stands at this version.",
        )
        .answers_nothing(StatusCode::NO_CONTENT, "It is gone.")
        .refuses(&[Code::ScreenNotFound, Code::StaleVersion]),
    ]
}
