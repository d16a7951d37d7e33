//! What holds the contract, the routes and what is read of bodies together.

use std::collections::BTreeSet;

use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::Value;

use super::*;
use crate::{
    domain::{Busy, UnixMillis},
    server::{
        config::Config,
        error::{FieldError, Problem},
        ingest,
    },
};

mod drawn;
mod fits;

use drawn::{drawn, junk, places};
use fits::fits;

fn names(of: impl Iterator<Item = (Method, &'static str)>) -> BTreeSet<String> {
    of.map(|(method, path)| format!("{method} {path}")).collect()
}

#[test]
fn every_route_for_programs_has_an_operation_and_every_operation_a_route() {
    let table = routes::table();
    let told = table.into_iter().filter(|facts| facts.told);
    let rows = names(told.map(|facts| (facts.method, facts.path)));
    let described = operations::all();
    let count = described.len();
    let described = names(described.into_iter().map(|it| (it.method, it.path)));
    assert_eq!(rows, described);
    assert_eq!(described.len(), count, "each once");
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let ids: Vec<_> = operations::all().iter().map(|it| it.id).collect();
    let set: BTreeSet<_> = ids.iter().collect();
    assert_eq!(set.len(), ids.len());
}

/// Every place in `value`, which `look` is shown.
fn walk<'a>(value: &'a Value, look: &mut impl FnMut(&'a Value)) {
    look(value);
    match value {
        Value::Array(all) => all.iter().for_each(|it| walk(it, look)),
        Value::Object(fields) => fields.values().for_each(|it| walk(it, look)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_no_name_means_two_things() {
    let document = document();
    walk(&document, &mut |value| {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let pointer = target.strip_prefix('#').expect("in the document");
            assert!(document.pointer(pointer).is_some(), "{target}");
        }
        if let Some(text) = value.get("description").and_then(Value::as_str) {
            assert!(!text.contains("[`"), "{text}");
        }
    });
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for name in schemas.keys() {
        assert!(!name.ends_with("AsRead") && !name.ends_with('2'), "{name}");
    }
}

#[test]
fn every_code_is_listed_and_refused_with_somewhere() {
    let document = document();
    let listed = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    let listed: BTreeSet<&str> =
        listed.as_array().expect("codes").iter().filter_map(Value::as_str).collect();
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, all);
    let text = document["paths"].to_string();
    // These two come from addresses and methods that have no operation.
    let outside = [Code::NotFound, Code::MethodNotAllowed];
    for code in Code::ALL.iter().filter(|code| !outside.contains(code)) {
        assert!(text.contains(&format!("\"{code}\"")), "{code}");
    }
}

/// Every body that is described, with an example.
fn described_bodies() -> Vec<(String, Value)> {
    let document = document();
    let bodies = operations::all().into_iter().filter_map(|operation| {
        let method = operation.method.as_str().to_ascii_lowercase();
        let told = &document["paths"][operation.path][method]["requestBody"];
        let target = told["content"]["application/json"]["schema"]["$ref"].as_str()?;
        Some((target.rsplit('/').next()?.to_owned(), operation.example?))
    });
    bodies.collect()
}

/// Where a value may be refused for a reason that no schema can tell: it must be near
/// now, add up, or differ from another field.
fn is_beyond_schemas(pointer: &str) -> bool {
    let moving = ["/accept_by", "/placed_at", "/due_at", "/subtotal", "/total", "/discount"];
    moving.iter().any(|end| pointer.ends_with(end))
        || pointer.starts_with("/keys")
        || pointer == "/quiet_hours/until"
        || pointer == "/name"
}

fn defaults() -> ingest::Defaults {
    let settings = Config::load(None, [], &[]).expect("the defaults are allowed").orders;
    ingest::Defaults {
        location: settings.location,
        channel: settings.channel,
        currency: settings.currency,
        routing: settings.routing,
        promises: settings.promises,
        busy: Busy::NOT,
        now: UnixMillis(1_790_000_000_000),
    }
}

#[test]
fn every_example_fits_and_is_taken() {
    let document = document();
    for (name, example) in described_bodies() {
        let schema = &document["components"]["schemas"][&name];
        assert!(fits(&document, schema, &example), "{name}: {example}");
        assert_eq!(ingest::refusal(&name, &example, &defaults()), None, "{name}: {example}");
    }
}

/// Whether `body` is taken as far as a schema could tell.
fn is_taken(name: &str, body: &Value, defaults: &ingest::Defaults) -> Result<(), Vec<FieldError>> {
    match ingest::refusal(name, body, defaults) {
        None => Ok(()),
        Some(Problem::InvalidFields(errors)) => {
            let told: Vec<_> =
                errors.into_iter().filter(|it| !is_beyond_schemas(&it.pointer)).collect();
            if told.is_empty() { Ok(()) } else { Err(told) }
        }
        Some(other) => panic!("{other:?}"),
    }
}

#[test]
fn what_a_schema_takes_is_read_and_what_it_refuses_is_refused() {
    let document = document();
    let defaults = defaults();
    for (name, _) in described_bodies() {
        let schema = &document["components"]["schemas"][&name];
        let config = ProptestConfig { cases: 48, ..ProptestConfig::default() };
        let mut runner = TestRunner::new(config);
        let bodies = drawn(&document, schema);
        let strategy = (bodies, any::<prop::sample::Index>(), junk());
        let held = runner.run(&strategy, |(body, place, junk)| {
            let taken = is_taken(&name, &body, &defaults);
            prop_assert!(taken.is_ok(), "{}: {} {:?}", name, body, taken);
            // The same with one value that is mostly not allowed there.
            let places = places(&body);
            let place = place.get(&places);
            let mut spoilt = body.clone();
            *spoilt.pointer_mut(place).expect("a place") = junk;
            let taken = is_taken(&name, &spoilt, &defaults);
            if !is_beyond_schemas(place) {
                let fits = fits(&document, schema, &spoilt);
                prop_assert_eq!(
                    fits,
                    taken.is_ok(),
                    "{}: {} at {} {:?}",
                    name,
                    spoilt,
                    place,
                    taken
                );
            }
            Ok(())
        });
        if let Err(error) = held {
            panic!("{error}");
        }
    }
}
