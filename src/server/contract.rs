//! The contract: the whole HTTP API as `OpenAPI` 3.1, made from the table of routes, the
//! domain's types and the list of refusals, and a page on which people read it.
//!
//! A route for programs is told of ([`Facts::told`]); a test sees to it that each has an
//! [`Operation`], and each operation a route. What its row says (what
//! it needs), and what follows from its body and its parameters, is not written down again.

use std::{io::Write as _, sync::LazyLock};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    access::{
        roles::{Right, Role, Scope},
        routes::{self, Facts, Needs},
    },
    assets::is_known,
    error::Code,
    hex,
    state::App,
    stream::accepts,
};
use crate::wire::EventKind;

mod answers;
mod bodies;
mod newtypes;
mod operation;
mod operations;
mod reference;
mod shapes;
mod tidy;

use operation::{Answer, Content, Group, Operation, Parameter, Place};

/// Where the schemas are in the document.
const SCHEMAS: &str = "/components/schemas";

/// What every integrator should know first.
const ABOUT: &str = "Live food orders for restaurants: channels place orders, kitchens follow them \
    live, and every change is an event that can be resumed from.\n\n\
    JSON in, JSON out, UTF-8. Times are milliseconds since 1970-01-01 UTC; money is whole minor \
    units of an ISO 4217 currency. An unknown field or parameter is refused, so that a typing \
    error is never silently lost; `null` is as good as leaving a field out. Text is kept as sent, \
    minus control characters and white space at either end.\n\n\
    Refusals are `application/problem+json` (RFC 9457). Programs decide by `code`, which is \
    stable; the texts are for people. Besides those that an operation lists, an address that there \
    is not is `404 not_found`, and a method that it does not take `405 method_not_allowed` with \
    `Allow`.";

/// The document, and how it is sent.
struct Contract {
    /// What of the page at `/api/reference` is about it.
    page: String,
    json: Bytes,
    packed: Bytes,
    etag: String,
}

/// It follows from the program alone, so it is made once.
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let value = document();
    let json = Bytes::from(value.to_string());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    let _ = encoder.write_all(&json);
    let packed = encoder.finish().unwrap_or_default().into();
    let hash = Sha256::digest(&json);
    let etag = format!("\"{}\"", hex::encode(&hash[..12]));
    Contract { page: reference::main(&value), json, packed, etag }
});

/// `GET /api/openapi.json`: the document. It is the same for everybody and tells no
/// secret, so it needs no log-in.
pub(super) async fn openapi(headers: HeaderMap) -> Response {
    let Contract { json, packed, etag, .. } = &*CONTRACT;
    let mut response = Response::new(Body::empty());
    let said = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(etag) {
        said.insert(header::ETAG, etag);
    }
    said.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    said.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_known(&headers, etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    said.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = if accepts(&headers, "gzip") {
        said.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        packed
    } else {
        json
    };
    *response.body_mut() = Body::from(body.clone());
    response
}

/// `GET /api/reference`: the page.
pub(super) async fn reference(State(app): State<App>) -> Response {
    reference::page(&app, &CONTRACT.page)
}

/// The document as it stands for this version.
#[must_use]
pub fn document() -> Value {
    let settings = |settings: SchemaSettings| {
        let settings = settings.with(|settings| {
            settings.definitions_path = SCHEMAS.into();
            settings.meta_schema = None;
        });
        SchemaGenerator::new(settings)
    };
    let mut writer = Writer {
        sent: settings(SchemaSettings::draft2020_12().for_serialize()),
        read: settings(SchemaSettings::draft2020_12().for_deserialize()),
    };
    let table = routes::table();
    let mut paths = Map::new();
    for operation in operations::all() {
        let Some(facts) = table.iter().find(|facts| is_of(facts, &operation)) else { continue };
        let told = writer.operation(&operation, facts);
        let path = paths.entry(operation.path).or_insert_with(|| Value::Object(Map::new()));
        if let Some(path) = path.as_object_mut() {
            path.insert(operation.method.as_str().to_ascii_lowercase(), told);
        }
    }
    let webhooks = writer.webhooks();
    let schemas = writer.schemas();
    let tags = Group::ALL.map(|group| {
        let (name, text) = group.told();
        json!({"name": name, "description": text})
    });
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "live orders",
            "version": crate::VERSION,
            "summary": "Live food orders for restaurants",
            "description": ABOUT
        },
        "servers": [{"url": "/", "description": "This server"}],
        "tags": tags,
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": schemas,
            "securitySchemes": security_schemes(),
            "headers": headers()
        }
    })
}

/// Whether `operation` is what is said of the row `facts`.
fn is_of(facts: &Facts, operation: &Operation) -> bool {
    facts.method == operation.method && facts.path == operation.path
}

fn reference_to(schema: &str) -> Value {
    json!({"$ref": format!("#{SCHEMAS}/{schema}")})
}

/// Who may send a request, in the document.
fn security_schemes() -> Value {
    json!({
        "key": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "lo_…",
            "description": format!(
                "An API key: made at /access or by `live-orders key create`, for a channel or \
                 for all, with some of the scopes {}.",
                Scope::ALL.map(Scope::as_str).join(", ")
            )
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "live-orders-session",
            "description": "The session of a browser in which somebody has logged in at /login. \
                            Under TLS its name begins with __Host-. Whoever sends it from another \
                            site's page is refused."
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "Standard Webhooks 1.0: `v1,` and the HMAC-SHA256, in base64, of \
                            webhook-id, webhook-timestamp and the body, parted by full stops, with \
                            the channel's secret."
        }
    })
}

fn headers() -> Value {
    let text = |text: &str| json!({"description": text, "schema": {"type": "string"}});
    json!({
        "RateLimit": text("How much a key may still write: `\"writes\";r=LEFT;t=SECONDS`."),
        "RateLimit-Policy": text("How much a key may write: `\"writes\";q=COUNT;w=60`."),
        "Retry-After": {
            "description": "When to try again, in seconds.",
            "schema": {"type": "integer", "minimum": 0}
        },
        "WWW-Authenticate": text("What would let the request in.")
    })
}

/// What writes operations, and describes the types that they name on the way.
struct Writer {
    /// Describes types as they are sent by the server.
    sent: SchemaGenerator,
    /// Describes types as they are read by it.
    read: SchemaGenerator,
}

impl Writer {
    fn operation(&mut self, operation: &Operation, facts: &Facts) -> Value {
        let mut told = Map::new();
        let mut add = |name: &str, value: Value| told.insert(name.to_owned(), value);
        add("operationId", json!(operation.id));
        add("tags", json!([operation.group.told().0]));
        add("summary", json!(operation.title));
        add("description", json!(text_of(operation, facts)));
        if let Needs::Right(right) = facts.needs {
            add("x-right", json!(right.as_str()));
        }
        add("security", security(operation, facts));
        let named = path_parameters(operation.path);
        let others = operation.parameters.iter().map(parameter);
        let parameters: Vec<Value> = named.into_iter().chain(others).collect();
        if !parameters.is_empty() {
            add("parameters", Value::Array(parameters));
        }
        if let Some(describe) = operation.body {
            let schema = describe(&mut self.read).to_value();
            let example = operation.example.clone().unwrap_or_default();
            add(
                "requestBody",
                json!({
                    "required": !operation.body_optional,
                    "content": {"application/json": {"schema": schema, "example": example}}
                }),
            );
        }
        add("responses", self.responses(operation, facts));
        Value::Object(told)
    }

    fn responses(&mut self, operation: &Operation, facts: &Facts) -> Value {
        let mut responses = Map::new();
        for answer in &operation.answers {
            let told = self.answer(answer, operation, facts);
            responses.insert(answer.status.as_u16().to_string(), told);
        }
        let mut codes = codes(operation, facts);
        codes.sort_unstable_by_key(|code| (code.status().as_u16(), code.as_str()));
        codes.dedup();
        for codes in codes.chunk_by(|one, other| one.status() == other.status()) {
            let Some(first) = codes.first() else { continue };
            let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
            let texts: Vec<String> =
                codes.iter().map(|code| format!("- `{code}`: {}", code.text())).collect();
            let mut refusal = json!({
                "description": texts.join("\n"),
                "content": {"application/problem+json": {"schema": {"allOf": [
                    reference_to("Problem"),
                    {"properties": {
                        "code": {"enum": names},
                        "status": {"const": first.status().as_u16()}
                    }}
                ]}}}
            });
            let headers: &[&str] = match first.status() {
                StatusCode::UNAUTHORIZED => &["WWW-Authenticate"],
                // The others are about a place that is taken, not about a quota.
                StatusCode::TOO_MANY_REQUESTS if codes.contains(&Code::TooManyRequests) => {
                    &["Retry-After", "RateLimit", "RateLimit-Policy"]
                }
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => &["Retry-After"],
                _ => &[],
            };
            if !headers.is_empty() {
                refusal["headers"] = headers.iter().map(|name| said(name)).collect();
            }
            responses.insert(first.status().as_u16().to_string(), refusal);
        }
        Value::Object(responses)
    }

    fn answer(&mut self, answer: &Answer, operation: &Operation, facts: &Facts) -> Value {
        let mut told = json!({"description": answer.text});
        match &answer.content {
            Content::None => {}
            Content::Json(describe) => {
                let schema = describe(&mut self.sent).to_value();
                told["content"] = json!({"application/json": {"schema": schema}});
            }
            Content::Text(media_type) => {
                told["content"] = json!({*media_type: {"schema": {"type": "string"}}});
            }
            Content::Events(events) => {
                let events = events.iter().map(|(name, text, describe)| {
                    let data = describe(&mut self.sent).to_value();
                    ((*name).to_owned(), json!({"description": text, "data": data}))
                });
                let events: Map<String, Value> = events.collect();
                told["content"] = json!({
                    "text/event-stream": {"x-events": events}
                });
            }
        }
        let mut headers: Map<String, Value> = answer
            .headers
            .iter()
            .map(|(name, text, always)| {
                let header =
                    json!({"description": text, "required": always, "schema": {"type": "string"}});
                ((*name).to_owned(), header)
            })
            .collect();
        if answer.status.is_success() && is_counted(operation, facts) {
            headers.extend(["RateLimit", "RateLimit-Policy"].map(said));
        }
        if !headers.is_empty() {
            told["headers"] = Value::Object(headers);
        }
        told
    }

    /// What the server posts to others.
    fn webhooks(&mut self) -> Value {
        use crate::domain::FoodOrder;
        let order = self.sent.subschema_for::<FoodOrder>().to_value();
        let id = self.sent.subschema_for::<crate::wire::EventId>().to_value();
        let message = |title: &str, text: &str, kinds: Value, id: Option<Value>, data: Value| {
            let mut properties = json!({
                "type": {"type": "string", "enum": kinds},
                "timestamp": {
                    "description": "When it happened.",
                    "type": "string",
                    "format": "date-time"
                },
                "data": data
            });
            let mut required = vec!["type", "timestamp", "data"];
            if let Some(id) = id {
                properties["id"] = id;
                required.push("id");
            }
            let header = |name: &str, text: &str| {
                json!({
                    "name": name,
                    "in": "header",
                    "required": true,
                    "description": text,
                    "schema": {"type": "string"}
                })
            };
            json!({"post": {
                "summary": title,
                "description": text,
                "tags": [Group::Webhooks.told().0],
                "parameters": [
                    header("webhook-id", "The same however often it is sent."),
                    header("webhook-timestamp", "When it was signed, in seconds since 1970."),
                    header("webhook-signature", "`v1,` and the signature; several parted by spaces.")
                ],
                "requestBody": {"required": true, "content": {"application/json": {"schema": {
                    "type": "object",
                    "properties": properties,
                    "required": required
                }}}},
                "responses": {"2XX": {"description": "You have it."}}
            }})
        };
        let kinds = json!(EventKind::ALL.map(EventKind::as_str));
        json!({
            "order": message(
                "An order has changed",
                "At least once, and in order for each order. `data` is the whole order after the \
                 event.",
                kinds,
                Some(id),
                order,
            ),
            "test": message(
                "A test",
                "Sent by `POST /api/webhooks/{id}/test`; it concerns no order.",
                json!(["webhook.test"]),
                None,
                json!({"type": "object"}),
            )
        })
    }

    /// Every type that was named.
    fn schemas(mut self) -> Map<String, Value> {
        // Parameters name it too.
        let _ = self.read.subschema_for::<bodies::StatusOrSome>();
        let mut schemas = Map::new();
        for (name, mut schema) in self.sent.take_definitions(true) {
            tidy::tidy(&mut schema);
            tidy::leave_out(&mut schema);
            schemas.insert(name, schema);
        }
        for (name, mut schema) in self.read.take_definitions(true) {
            tidy::tidy(&mut schema);
            // A name that means two things would mislead; a test looks for that.
            let name = match schemas.get(&name) {
                Some(other) if *other != schema => format!("{name}AsRead"),
                _ => name,
            };
            schemas.insert(name, schema);
        }
        schemas.insert("Problem".to_owned(), problem());
        schemas
    }
}

/// A header that stands in many answers.
fn said(name: &str) -> (String, Value) {
    (name.to_owned(), json!({"$ref": format!("#/components/headers/{name}")}))
}

/// What `operation` does, and who may have it done.
fn text_of(operation: &Operation, facts: &Facts) -> String {
    let who = match facts.needs {
        Needs::Nothing if operation.signed => "Needs the signature of the channel.".to_owned(),
        Needs::Nothing => "Needs no log-in.".to_owned(),
        Needs::Name => "Needs a log-in.".to_owned(),
        Needs::Right(right) => {
            let has = |of: super::access::roles::Rights| of.has(right);
            let scopes = Scope::ALL.into_iter().filter(|scope| has(scope.rights()));
            let scopes: Vec<String> = scopes.map(|scope| format!("`{scope}`")).collect();
            let least = Role::ALL.into_iter().find(|role| has(role.rights()));
            let least = least.map_or(String::new(), |role| match role {
                Role::Manager => " managers".to_owned(),
                role => format!(" the role {role} and those above it"),
            });
            let keys = if scopes.is_empty() {
                "no key".to_owned()
            } else {
                format!("keys with {}", scopes.join(" or "))
            };
            format!("Needs the right `{}`:{least}, and {keys}.", right.as_str())
        }
    };
    if operation.text.is_empty() { who } else { format!("{}\n\n{who}", operation.text) }
}

fn security(operation: &Operation, facts: &Facts) -> Value {
    match facts.needs {
        Needs::Nothing if operation.signed => json!([{"signature": []}]),
        Needs::Nothing => json!([]),
        Needs::Name => json!([{"session": []}]),
        Needs::Right(right) => {
            let scopes = right.scopes();
            if scopes.is_empty() {
                json!([{"session": []}])
            } else {
                json!([{"key": scopes}, {"session": []}])
            }
        }
    }
}

/// Whether writes by this operation are counted, of a key or of who signs.
fn is_counted(operation: &Operation, facts: &Facts) -> bool {
    let by_key = matches!(facts.needs, Needs::Right(right) if !right.scopes().is_empty());
    (by_key || operation.signed) && operation.method != Method::GET
}

/// Every code that `operation` refuses with.
fn codes(operation: &Operation, facts: &Facts) -> Vec<Code> {
    let mut codes = operation.refusals.clone();
    if !matches!(facts.needs, Needs::Nothing) {
        codes.push(Code::NotAuthenticated);
    }
    if matches!(facts.needs, Needs::Right(_)) {
        codes.push(Code::NotAllowed);
    }
    if operation.method != Method::GET {
        codes.push(Code::CrossSite);
    }
    if is_counted(operation, facts) {
        codes.push(Code::TooManyRequests);
    }
    if operation.body.is_some() {
        codes.extend([
            Code::NotJson,
            Code::BadJson,
            Code::BodyTooLarge,
            Code::BodyIncomplete,
            Code::InvalidFields,
        ]);
    }
    if operation.reads_query() {
        codes.push(Code::InvalidParameter);
    }
    if facts.names_order() {
        codes.push(Code::OrderNotFound);
    }
    if operation.stored {
        codes.push(Code::StoreUnavailable);
        if operation.method != Method::GET {
            codes.push(Code::OutcomeUnknown);
        }
    }
    codes
}

/// The parameters that stand in `path`.
fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let described = names.map(|name| {
        let (schema, text) = match name {
            "id" if path.starts_with("/api/webhooks") => {
                let schema = json!({
                    "type": "string",
                    "pattern": "^wh_[0-9a-f]{20}$",
                    "examples": ["wh_0123456789abcdef0123"]
                });
                (schema, "The webhook's id.")
            }
            "id" => (reference_to("OrderId"), "The order's id."),
            "item" => (reference_to("ItemId"), "The item's id in the order."),
            "name" => (reference_to("ScreenName"), "The screen's name."),
            "channel" => (reference_to("Channel"), "The channel."),
            _ => (json!({"type": "string", "minLength": 1}), "What the order's page ends with."),
        };
        json!({"name": name, "in": "path", "required": true, "description": text, "schema": schema})
    });
    described.collect()
}

fn parameter(parameter: &Parameter) -> Value {
    let Parameter { name, place, required, text, schema } = parameter;
    let mut told = json!({
        "name": name,
        "in": match place {
            Place::Query => "query",
            Place::Header => "header",
        },
        "required": required,
        "description": text,
        "schema": schema
    });
    if schema["type"] == "array" {
        told["style"] = json!("form");
        told["explode"] = json!(false);
    }
    told
}

/// A refusal.
fn problem() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let texts: Map<String, Value> = Code::ALL
        .iter()
        .map(|code| {
            (
                code.as_str().to_owned(),
                json!(format!("{}: {}", code.status().as_u16(), code.text())),
            )
        })
        .collect();
    json!({
        "description": "A refusal (RFC 9457).",
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {
                "description": "`urn:live-orders:problem:` and the code.",
                "type": "string",
                "format": "uri"
            },
            "title": {"description": "What it is, the same each time.", "type": "string"},
            "status": {"description": "The HTTP status.", "type": "integer"},
            "code": {
                "description": "What programs decide by.",
                "type": "string",
                "enum": codes,
                "x-enum": texts
            },
            "detail": {
                "description": "What happened this time, and what to do. German or Arabic where \
                                `Accept-Language` says so and boards show it.",
                "type": "string"
            },
            "errors": {
                "description": "With `invalid_fields`: every field that breaks a rule.",
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": {
                            "description": "Where it stands in the body, as a JSON pointer.",
                            "type": "string"
                        },
                        "detail": {"description": "Which rule it breaks.", "type": "string"}
                    }
                }
            },
            "parameter": {
                "description": "With `invalid_parameter`: its name.",
                "type": "string"
            },
            "order_id": reference_to("OrderId"),
            "status_of_order": reference_to("OrderStatus"),
            "current_status": reference_to("OrderStatus"),
            "allowed_transitions": {
                "description": "With `illegal_transition`: where the order can go.",
                "type": "array",
                "items": reference_to("OrderStatus")
            },
            "current_version": reference_to("Version"),
            "paused_until": reference_to("UnixMillis"),
            "right": {
                "description": "With `not_allowed`: the right that it takes.",
                "type": "string",
                "enum": Right::ALL.map(Right::as_str)
            }
        }
    })
}

#[cfg(test)]
mod tests;
