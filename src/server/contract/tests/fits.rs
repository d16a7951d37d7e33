//! Whether a value has a shape: as much of JSON Schema as the document uses.

use regex::Regex;
use serde_json::Value;

/// Whether `value` fits `schema`, of which `document` has the parts.
pub(super) fn fits(document: &Value, schema: &Value, value: &Value) -> bool {
    let all = |key: &str| schema[key].as_array().map(Vec::as_slice);
    let part = |schema: &Value, value: &Value| fits(document, schema, value);
    if let Some(target) = schema["$ref"].as_str() {
        let target = document.pointer(&target[1..]).expect("a schema");
        if !part(target, value) {
            return false;
        }
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    (kinds.is_empty() || kinds.iter().any(|kind| is_a(kind, value)))
        && all("enum").is_none_or(|words| words.contains(value))
        && (schema["const"].is_null() || schema["const"] == *value)
        && all("allOf").is_none_or(|parts| parts.iter().all(|it| part(it, value)))
        && all("anyOf").is_none_or(|ways| ways.iter().any(|it| part(it, value)))
        && all("oneOf").is_none_or(|ways| ways.iter().filter(|it| part(it, value)).count() == 1)
        && (schema["not"].is_null() || !part(&schema["not"], value))
        && match value {
            Value::String(text) => text_fits(schema, text),
            Value::Number(_) => number_fits(schema, value),
            Value::Array(entries) => {
                count_fits(schema, "Items", entries.len())
                    && (schema["items"].is_null()
                        || entries.iter().all(|entry| part(&schema["items"], entry)))
            }
            Value::Object(fields) => {
                let required = all("required").unwrap_or_default();
                required.iter().all(|name| fields.contains_key(name.as_str().expect("a name")))
                    && fields.iter().all(|(name, value)| match &schema["properties"][name] {
                        Value::Null => schema["additionalProperties"] != false,
                        property => part(property, value),
                    })
            }
            Value::Null | Value::Bool(_) => true,
        }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|it| it.fract() == 0.0)
        }
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    }
}

fn text_fits(schema: &Value, text: &str) -> bool {
    let pattern = schema["pattern"].as_str();
    count_fits(schema, "Length", text.chars().count())
        && pattern.is_none_or(|pattern| Regex::new(pattern).expect("a pattern").is_match(text))
}

fn number_fits(schema: &Value, value: &Value) -> bool {
    // Whole numbers exactly, all others as they come.
    let at_least = |one: &Value, other: &Value| match (one.as_i64(), other.as_i64()) {
        (Some(one), Some(other)) => one >= other,
        _ => one.as_f64().expect("a number") >= other.as_f64().expect("a number"),
    };
    (schema["minimum"].is_null() || at_least(value, &schema["minimum"]))
        && (schema["maximum"].is_null() || at_least(&schema["maximum"], value))
}

fn count_fits(schema: &Value, of: &str, count: usize) -> bool {
    let limit = |which: &str| schema[format!("{which}{of}")].as_u64();
    let count = count as u64;
    limit("min").is_none_or(|least| count >= least) && limit("max").is_none_or(|most| count <= most)
}
