//! Shapes in words: what a value may be, in one line, and the fields of an object.

use serde_json::Value;

use super::{fields, list, prose, text};
use crate::app::html::Html;

/// What a reference leads to; else `schema` itself.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// What a value may be, in one line.
pub(super) fn kind(html: &mut Html, schema: &Value) {
    html.raw("<span class=\"kind\">");
    inside(html, schema);
    html.raw("</span>");
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null"
}

fn inside(html: &mut Html, schema: &Value) {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap_or_default();
        html.raw("<a href=\"#schema-").text(name).raw("\">").text(name).raw("</a>");
        return;
    }
    for key in ["anyOf", "oneOf"] {
        // What may be left out may be null too, which is said once for all.
        let choices = list(&schema[key]).iter().filter(|choice| !is_null(choice));
        let choices: Vec<&Value> = choices.collect();
        if choices.is_empty() || schema["properties"].is_object() {
            continue;
        }
        for (place, choice) in choices.into_iter().enumerate() {
            html.raw(if place == 0 { "" } else { " or " });
            inside(html, choice);
        }
        return;
    }
    let words = list(&schema["enum"]);
    if !words.is_empty() {
        for (place, word) in words.iter().filter(|word| !word.is_null()).enumerate() {
            html.raw(if place == 0 { "<code>" } else { ", <code>" });
            html.text(&plain(word)).raw("</code>");
        }
        return;
    }
    if !schema["const"].is_null() {
        html.raw("<code>").text(&plain(&schema["const"])).raw("</code>");
        return;
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).find(|kind| *kind != "null"),
        kind => kind.as_str(),
    };
    match kind {
        Some("array") => {
            html.raw("list of ");
            inside(html, &schema["items"]);
            limits(html, schema, ["minItems", "maxItems"], "entries");
        }
        Some("string") => {
            html.raw("text");
            limits(html, schema, ["minLength", "maxLength"], "characters");
            if let Some(format) = schema["format"].as_str() {
                html.raw(", ").text(format);
            }
        }
        Some("integer") => {
            html.raw("whole number");
            limits(html, schema, ["minimum", "maximum"], "");
        }
        Some("number") => {
            html.raw("number");
            limits(html, schema, ["minimum", "maximum"], "");
        }
        Some("boolean") => {
            html.raw("true or false");
        }
        Some("object") => {
            html.raw("object");
        }
        _ => {
            html.raw("any JSON");
        }
    }
}

/// A value of JSON as it is read, without the quotes of a text.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// From what to what; nothing where no limit is worth a word.
fn limits(html: &mut Html, schema: &Value, [least, most]: [&str; 2], of: &str) {
    let worth = |value: &Value| {
        let beyond = value.as_i64().is_some_and(|it| it == i64::MIN || it == i64::MAX);
        (!value.is_null() && !beyond).then(|| value.to_string())
    };
    let said = match (worth(&schema[least]), worth(&schema[most])) {
        (None, None) => return,
        (Some(least), None) if of.is_empty() => format!(" from {least}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", up to {most}"),
        (Some(least), Some(most)) => format!(", {least} to {most}"),
    };
    html.text(&said);
    if !of.is_empty() {
        html.raw(" ").text(of);
    }
}

/// All that is to be said of a shape: the fields of an object, the ways of a choice, the
/// meanings of words.
pub(super) fn whole(html: &mut Html, schema: &Value) {
    let ways = list(&schema["oneOf"]);
    if ways.iter().any(|way| way["properties"].is_object() && way["title"].is_string()) {
        for way in ways {
            html.raw("<p class=\"way-of\">").text(text(&way["title"])).raw("</p>");
            whole(html, way);
        }
        return;
    }
    if let Some(properties) = schema["properties"].as_object() {
        let required: Vec<&str> = list(&schema["required"]).iter().map(text).collect();
        let mut properties: Vec<_> = properties.iter().collect();
        properties.sort_by_key(|(name, _)| !required.contains(&name.as_str()));
        html.raw("<dl class=\"fields\">");
        for (name, property) in properties {
            html.raw("<div><dt><code>").text(name).raw("</code>");
            if required.contains(&name.as_str()) {
                html.raw(" <span class=\"must\">required</span>");
            }
            html.raw("</dt><dd>");
            kind(html, property);
            prose(html, text(&property["description"]));
            html.raw("</dd></div>");
        }
        html.raw("</dl>");
        return;
    }
    let meanings: Vec<_> = fields(&schema["x-enum"]).collect();
    if meanings.is_empty() {
        html.raw("<p>");
        kind(html, schema);
        if let Some(pattern) = schema["pattern"].as_str() {
            html.raw(" <code class=\"pattern\">").text(pattern).raw("</code>");
        }
        html.raw("</p>");
        return;
    }
    html.raw("<dl class=\"fields\">");
    for (word, meaning) in meanings {
        html.raw("<div><dt><code>").text(word).raw("</code></dt><dd>");
        prose(html, text(meaning));
        html.raw("</dd></div>");
    }
    html.raw("</dl>");
}
