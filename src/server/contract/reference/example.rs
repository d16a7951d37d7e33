//! A request as somebody would type it.

use serde_json::Value;

use super::{Told, list, schema::resolve, text};
use crate::app::html::Html;

/// Where a server is, until the page's script knows better.
const ORIGIN: &str = "http://localhost:3000";

/// The operation `told` by curl.
pub(super) fn curl(html: &mut Html, document: &Value, told: &Told<'_>) {
    let value = told.value;
    let body = &value["requestBody"]["content"]["application/json"]["example"];
    let streams = value["responses"]["200"]["content"]["text/event-stream"].is_object();
    html.raw("curl");
    html.raw(if streams { " -N --compressed" } else { "" });
    let usual = if body.is_object() { "post" } else { "get" };
    if told.method != usual {
        html.raw(" -X ").text(&told.method());
    }
    html.raw(" '<span data-origin>").text(ORIGIN).raw("</span>");
    html.text(&path(document, told)).raw("'");
    let first = value["security"][0].as_object().and_then(|scheme| scheme.keys().next());
    match first.map(String::as_str) {
        Some("key") => {
            html.raw(" \\\n  -H \"Authorization: Bearer $KEY\"");
        }
        Some("session") => {
            html.raw(" \\\n  -b \"live-orders-session=$SESSION\"");
        }
        Some("signature") => {
            html.raw(" \\\n  -H \"webhook-id: $ID\" -H \"webhook-timestamp: $(date +%s)\"");
            html.raw(" \\\n  -H \"webhook-signature: v1,$SIGNATURE\"");
        }
        _ => {}
    }
    if body.is_object() {
        let pretty = serde_json::to_string_pretty(body).unwrap_or_default();
        // A shell ends a text at a quote of its own.
        html.raw(" \\\n  --json '").text(&pretty.replace('\'', "'\\''")).raw("'");
    }
}

/// The path with examples in the place of its parameters, and of those that must be there.
fn path(document: &Value, told: &Told<'_>) -> String {
    let mut path = told.path.to_owned();
    for parameter in list(&told.value["parameters"]) {
        let name = text(&parameter["name"]);
        let schema = resolve(document, &parameter["schema"]);
        let example = schema["examples"][0].as_str().unwrap_or(match name {
            "item" => "1",
            "name" => "grill",
            "channel" => "partner",
            "token" => "TOKEN",
            _ => "…",
        });
        match text(&parameter["in"]) {
            "path" => path = path.replace(&format!("{{{name}}}"), example),
            "query" if parameter["required"] == true => {
                path.push(if path.contains('?') { '&' } else { '?' });
                path.extend([name, "=", example]);
            }
            _ => {}
        }
    }
    path
}
