//! Values of a shape, drawn at random.

use proptest::{prelude::*, sample::select, string::string_regex};
use serde_json::{Map, Value, json};

use super::fits::fits;

/// Values that fit `schema`.
pub(super) fn drawn(document: &Value, schema: &Value) -> BoxedStrategy<Value> {
    let (whole, shape) = (document.clone(), schema.clone());
    let any = any_of(document, schema);
    // What goes together in an object is said in ways that are not drawn by.
    any.prop_filter("it fits", move |value| fits(&whole, &shape, value)).boxed()
}

fn any_of(document: &Value, schema: &Value) -> BoxedStrategy<Value> {
    if let Some(target) = schema["$ref"].as_str() {
        return any_of(document, document.pointer(&target[1..]).expect("a schema"));
    }
    if let Some(words) = schema["enum"].as_array() {
        return select(words.clone()).boxed();
    }
    if !schema["const"].is_null() {
        return Just(schema["const"].clone()).boxed();
    }
    if schema["properties"].is_object() {
        return object(document, schema);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(ways) = schema[key].as_array() {
            let ways: Vec<_> = ways.iter().map(|way| drawn(document, way)).collect();
            return proptest::strategy::Union::new(ways).boxed();
        }
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let kinds = kinds.iter().map(|kind| of_kind(document, schema, kind.as_str().expect("a type")));
    proptest::strategy::Union::new(kinds).boxed()
}

fn of_kind(document: &Value, schema: &Value, kind: &str) -> BoxedStrategy<Value> {
    match kind {
        "null" => Just(Value::Null).boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "integer" => {
            let least = schema["minimum"].as_i64().expect("a limit");
            let most = schema["maximum"].as_i64().expect("a limit");
            prop_oneof![Just(least), Just(most), least..=most].prop_map(Value::from).boxed()
        }
        "number" => {
            let least = schema["minimum"].as_f64().expect("a limit");
            let most = schema["maximum"].as_f64().expect("a limit");
            prop_oneof![Just(least), Just(most), least..=most].prop_map(Value::from).boxed()
        }
        "array" => {
            let limit =
                |name: &str| schema[name].as_u64().map(|it| usize::try_from(it).expect("few"));
            let least = limit("minItems").unwrap_or(0);
            let most = limit("maxItems").unwrap_or(3).min(least + 2);
            let entries = prop::collection::vec(drawn(document, &schema["items"]), least..=most);
            entries.prop_map(Value::from).boxed()
        }
        "string" => text(schema),
        other => panic!("{other}"),
    }
}

fn text(schema: &Value) -> BoxedStrategy<Value> {
    let most = schema["maxLength"].as_u64().map_or(12, |it| usize::try_from(it).expect("few"));
    let longest = "ü".repeat(most);
    let drawn = match schema["pattern"].as_str() {
        None => prop_oneof![string_regex("\\PC{0,8}").expect("a pattern"), Just(longest)].boxed(),
        // Whole texts of which something is left: one letter among others.
        Some(pattern) if pattern.contains("\\s") => {
            let letters = string_regex("[ a-zé\u{1}\t]{0,6}[a-zA-Zé0-9][ a-z0-9\u{7f}]{0,6}");
            prop_oneof![letters.expect("a pattern"), Just(longest)].boxed()
        }
        Some(pattern) => {
            let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
            string_regex(pattern).expect("a pattern").boxed()
        }
    };
    drawn.prop_map(Value::from).boxed()
}

fn object(document: &Value, schema: &Value) -> BoxedStrategy<Value> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let fields =
        schema["properties"].as_object().expect("fields").iter().map(|(name, property)| {
            let value = drawn(document, property);
            let value = if required.contains(&json!(name)) {
                value.prop_map(Some).boxed()
            } else {
                prop::option::weighted(0.3, value).boxed()
            };
            (Just(name.clone()), value).boxed()
        });
    let fields: Vec<_> = fields.collect();
    let object = fields.prop_map(|fields| {
        let there = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Value::Object(there.collect::<Map<_, _>>())
    });
    object.boxed()
}

/// What is no value of most fields.
pub(super) fn junk() -> BoxedStrategy<Value> {
    select(vec![
        json!(null),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(2.0),
        json!(4_294_967_296_u64),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("a,b"),
        json!("x".repeat(2001)),
        json!(true),
        json!([]),
        json!([null]),
        json!({}),
        json!({"colour": 1}),
    ])
    .boxed()
}

/// The pointers of every place in `value`.
pub(super) fn places(value: &Value) -> Vec<String> {
    let mut places = vec![String::new()];
    let parts: Vec<(String, &Value)> = match value {
        Value::Array(entries) => {
            entries.iter().enumerate().map(|(index, it)| (index.to_string(), it)).collect()
        }
        Value::Object(fields) => fields.iter().map(|(name, it)| (name.clone(), it)).collect(),
        _ => Vec::new(),
    };
    for (name, part) in parts {
        places.extend(self::places(part).into_iter().map(|place| format!("/{name}{place}")));
    }
    places
}
