//! The contract as a page: what a client can ask for, what it is answered, and why it is
//! refused. Whole without a script; a few lines of one filter it and copy examples.

use axum::{http::StatusCode, response::Response};
use serde_json::Value;

use crate::{
    app::html::Html,
    server::{
        documents::{self, Script, Shown},
        error::Code,
        state::App,
    },
};

mod example;
mod schema;

/// The page with what `main` has made.
pub(super) fn page(app: &App, main: &str) -> Response {
    let script = Script::File("/reference.js");
    documents::page(
        &Shown::of(app),
        StatusCode::OK,
        "HTTP API",
        "<a href=\"/api/reference\" aria-current=\"page\">HTTP API</a>",
        main,
        script,
    )
}

/// The fields of `value`, where it is an object.
fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An operation of the document.
struct Told<'a> {
    path: &'a str,
    method: &'a str,
    value: &'a Value,
}

impl Told<'_> {
    fn id(&self) -> &str {
        text(&self.value["operationId"])
    }

    fn method(&self) -> String {
        self.method.to_ascii_uppercase()
    }
}

fn operations(document: &Value) -> Vec<Told<'_>> {
    let paths = fields(&document["paths"]);
    let told = paths.flat_map(|(path, methods)| {
        fields(methods).map(move |(method, value)| Told { path, method, value })
    });
    let mut told: Vec<Told<'_>> = told.collect();
    // As a client comes to them: what makes, reads, changes, and lets go.
    let rank = |method: &str| ["post", "get", "put", "patch"].iter().position(|it| *it == method);
    told.sort_by_key(|told| (told.path, rank(told.method).unwrap_or(usize::MAX)));
    told
}

/// The page's content.
pub(super) fn main(document: &Value) -> String {
    let told = operations(document);
    let mut html = Html::default();
    html.raw("<link rel=\"stylesheet\" href=\"/reference.css\"><div class=\"lead\"><div><h1>HTTP API</h1>");
    html.raw("<p class=\"sub\">Version ").text(text(&document["info"]["version"])).raw(", ");
    html.text(&told.len().to_string()).raw(" operations</p></div>");
    html.raw("<p class=\"actions\"><a class=\"button\" href=\"/api/openapi.json\">OpenAPI 3.1</a></p></div>");
    html.raw("<div class=\"reference\">");
    contents(&mut html, document, &told);
    html.raw("<div class=\"told\"><section class=\"about\" aria-label=\"About\">");
    prose(&mut html, text(&document["info"]["description"]));
    html.raw("<h2 id=\"keys\">Who may ask</h2><dl class=\"ways\">");
    for (name, scheme) in fields(&document["components"]["securitySchemes"]) {
        html.raw("<div><dt><code>").text(name).raw("</code></dt><dd>");
        prose(&mut html, text(&scheme["description"]));
        html.raw("</dd></div>");
    }
    html.raw("</dl></section>");
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        html.raw("<section class=\"of-group\" data-group><h2 id=\"").text(&anchor(name)).raw("\">");
        html.text(name).raw("</h2>");
        prose(&mut html, text(&tag["description"]));
        for told in told.iter().filter(|told| told.value["tags"][0] == name) {
            operation(&mut html, document, told);
        }
        for (_, webhook) in fields(&document["webhooks"]) {
            let sent = &webhook["post"];
            if sent["tags"][0] == name {
                sent_to_others(&mut html, sent);
            }
        }
        html.raw("</section>");
    }
    problems(&mut html);
    html.raw("<section data-group><h2 id=\"schemas\">Schemas</h2><div class=\"schemas\">");
    for (name, value) in fields(&document["components"]["schemas"]) {
        html.raw("<details data-find><summary><code>")
            .text(name)
            .raw("</code></summary><div id=\"schema-");
        html.text(name).raw("\">");
        prose(&mut html, text(&value["description"]));
        schema::whole(&mut html, value);
        html.raw("</div></details>");
    }
    html.raw("</div></section></div></div>");
    html.done()
}

/// What is on the page, by group.
fn contents(html: &mut Html, document: &Value, told: &[Told<'_>]) {
    html.raw("<nav class=\"contents\" aria-label=\"Operations\"><p class=\"find\" hidden><label for=\"find\">Find</label>");
    html.raw("<input id=\"find\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\"><span id=\"found\" role=\"status\"></span></p>");
    html.raw("<details open><summary>Contents</summary>");
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        html.raw("<div data-links><p><a href=\"#").text(&anchor(name)).raw("\">").text(name);
        html.raw("</a></p><ul>");
        for told in told.iter().filter(|told| told.value["tags"][0] == name) {
            html.raw("<li><a href=\"#").text(told.id()).raw("\">");
            method(html, told);
            html.raw("<span>").text(text(&told.value["summary"])).raw("</span></a></li>");
        }
        html.raw("</ul></div>");
    }
    html.raw("<div><p><a href=\"#problems\">Problems</a></p></div>");
    html.raw("<div><p><a href=\"#schemas\">Schemas</a></p></div></details></nav>");
}

fn method(html: &mut Html, told: &Told<'_>) {
    html.raw("<span class=\"method is-").text(told.method).raw("\">").text(&told.method());
    html.raw("</span> ");
}

fn operation(html: &mut Html, document: &Value, told: &Told<'_>) {
    let value = told.value;
    html.raw("<article class=\"operation\" data-find id=\"").text(told.id()).raw("\"><h3>");
    html.raw("<a href=\"#")
        .text(told.id())
        .raw("\">")
        .text(text(&value["summary"]))
        .raw("</a></h3><p class=\"address\">");
    method(html, told);
    html.raw("<code>").text(told.path).raw("</code></p>");
    prose(html, text(&value["description"]));
    let parameters = list(&value["parameters"]);
    if !parameters.is_empty() {
        html.raw("<h4>Parameters</h4><dl class=\"fields\">");
        for parameter in parameters {
            let required = parameter["required"] == true;
            html.raw("<div><dt><code>")
                .text(text(&parameter["name"]))
                .raw("</code> <span class=\"stands\">");
            html.text(text(&parameter["in"])).raw("</span>");
            html.raw(if required { " <span class=\"must\">required</span>" } else { "" });
            html.raw("</dt><dd>");
            schema::kind(html, &parameter["schema"]);
            prose(html, text(&parameter["description"]));
            html.raw("</dd></div>");
        }
        html.raw("</dl>");
    }
    let body = &value["requestBody"];
    if body.is_object() {
        let shape = &body["content"]["application/json"]["schema"];
        html.raw("<h4>Body ");
        html.raw(if body["required"] == true {
            ""
        } else {
            "<span class=\"stands\">may be left out</span> "
        });
        schema::kind(html, shape);
        html.raw("</h4>");
        schema::whole(html, schema::resolve(document, shape));
    }
    html.raw("<h4>Answers</h4><dl class=\"answers\">");
    for (status, answer) in fields(&value["responses"]) {
        html.raw("<div><dt class=\"is-")
            .text(status.get(..1).unwrap_or_default())
            .raw("\">")
            .text(status);
        html.raw("</dt><dd>");
        prose(html, text(&answer["description"]));
        for (media_type, content) in fields(&answer["content"]) {
            if media_type == "application/problem+json" {
                continue;
            }
            html.raw("<p class=\"carries\">");
            schema::kind(html, &content["schema"]);
            html.raw(" <span class=\"stands\">").text(media_type).raw("</span></p>");
            events(html, &content["x-events"]);
        }
        headers(html, &answer["headers"]);
        html.raw("</dd></div>");
    }
    html.raw("</dl><h4>Example</h4><pre class=\"example\" data-copy><code>");
    example::curl(html, document, told);
    html.raw("</code></pre></article>");
}

fn events(html: &mut Html, events: &Value) {
    let Some(events) = events.as_object().filter(|events| !events.is_empty()) else { return };
    html.raw("<dl class=\"fields\">");
    for (name, event) in events {
        html.raw("<div><dt><code>").text(name).raw("</code></dt><dd>");
        schema::kind(html, &event["data"]);
        prose(html, text(&event["description"]));
        html.raw("</dd></div>");
    }
    html.raw("</dl>");
}

fn headers(html: &mut Html, headers: &Value) {
    let Some(headers) = headers.as_object().filter(|headers| !headers.is_empty()) else { return };
    html.raw("<p class=\"headers\">Headers: ");
    let names: Vec<&str> = headers.keys().map(String::as_str).collect();
    for (place, name) in names.iter().enumerate() {
        html.raw(if place == 0 { "<code>" } else { ", <code>" }).text(name).raw("</code>");
    }
    html.raw("</p>");
}

/// What the server sends to others.
fn sent_to_others(html: &mut Html, sent: &Value) {
    let kind = if sent["requestBody"]["content"].to_string().contains("webhook.test") {
        "message-test"
    } else {
        "message-order"
    };
    html.raw("<article class=\"operation\" data-find id=\"").text(kind).raw("\"><h3>");
    html.text(text(&sent["summary"])).raw("</h3><p class=\"address\">");
    html.raw("<span class=\"method is-post\">POST</span> <code>to the webhook's url</code></p>");
    prose(html, text(&sent["description"]));
    html.raw("<h4>Headers</h4><dl class=\"fields\">");
    for header in list(&sent["parameters"]) {
        html.raw("<div><dt><code>").text(text(&header["name"])).raw("</code></dt><dd>");
        prose(html, text(&header["description"]));
        html.raw("</dd></div>");
    }
    html.raw("</dl><h4>Body</h4>");
    schema::whole(html, &sent["requestBody"]["content"]["application/json"]["schema"]);
    html.raw("</article>");
}

fn problems(html: &mut Html) {
    html.raw("<section data-group><h2 id=\"problems\">Problems</h2>");
    prose(
        html,
        "Every refusal is a `Problem`. `code` is stable, and each code always comes with the same \
         status.",
    );
    html.raw("<p><a href=\"#schema-Problem\">Its fields</a></p><dl class=\"fields codes\">");
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| (code.status().as_u16(), code.as_str()));
    for code in codes {
        html.raw("<div data-find id=\"code-")
            .text(code.as_str())
            .raw("\"><dt><span class=\"status\">");
        html.text(code.status().as_str()).raw("</span> <code>").text(code.as_str());
        html.raw("</code></dt><dd>");
        prose(html, code.text());
        html.raw("</dd></div>");
    }
    html.raw("</dl></section>");
}

/// Text with paragraphs, lists and code, each between backticks.
fn prose(html: &mut Html, told: &str) {
    for part in told.split("\n\n").filter(|part| !part.is_empty()) {
        if part.starts_with("- ") {
            html.raw("<ul class=\"codes\">");
            for line in part.lines() {
                html.raw("<li>");
                inline(html, line.trim_start_matches("- "));
                html.raw("</li>");
            }
            html.raw("</ul>");
        } else {
            html.raw("<p>");
            inline(html, part);
            html.raw("</p>");
        }
    }
}

fn inline(html: &mut Html, told: &str) {
    for (place, part) in told.split('`').enumerate() {
        if place % 2 == 0 {
            html.text(part);
        } else {
            html.raw("<code>").text(part).raw("</code>");
        }
    }
}

/// A name as an anchor.
fn anchor(name: &str) -> String {
    let letters = name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' });
    format!("group-{}", letters.collect::<String>().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::contract::document;

    #[test]
    fn every_operation_every_schema_and_every_code_is_on_the_page() {
        let document = document();
        let html = main(&document);
        for told in operations(&document) {
            assert!(html.contains(&format!("data-find id=\"{}\"", told.id())), "{}", told.id());
        }
        for (name, _) in fields(&document["components"]["schemas"]) {
            assert!(html.contains(&format!("id=\"schema-{name}\"")), "{name}");
        }
        for code in Code::ALL {
            assert!(html.contains(&format!("id=\"code-{code}\"")), "{code}");
        }
        // Every link on the page leads to a place on it.
        for link in html.split("href=\"#").skip(1) {
            let (target, _) = link.split_once('"').expect("quoted");
            assert!(html.contains(&format!("id=\"{target}\"")), "{target}");
        }
    }

    #[test]
    fn text_is_never_markup() {
        let mut html = Html::default();
        prose(&mut html, "a `<b>` & <i>\n\n- x\n- `y`");
        let expected = "<p>a <code>&lt;b&gt;</code> &amp; &lt;i&gt;</p><ul class=\"codes\"><li>x</li>\
                        <li><code>y</code></li></ul>";
        assert_eq!(html.done(), expected);
    }
}
