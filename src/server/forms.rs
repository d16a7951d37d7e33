//! Forms of the server's pages: what was typed into one, kept as it was typed.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use super::{error::FieldError, ingest::whole_body};

/// What a form was filled in with: names and values, as a browser sends them.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

/// What a browser sends of a switch that is on; nothing when it is off.
pub(super) const ON: &str = "on";

impl Form {
    /// What a browser sent.
    pub(super) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// Adds a field, or another value of one.
    pub(super) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Empties a field.
    pub(super) fn clear(&mut self, name: &str) {
        self.0.retain(|(other, _)| other != name);
    }

    /// Fills in one field anew.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.clear(name);
        self.add(name, value);
    }

    /// What stands in a field.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Whether `value` is among what was chosen.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|other| other == value)
    }

    /// Whether a switch is on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.has(name, ON)
    }

    /// Every value of a field, in its order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// What was chosen and what was typed beside it, parted by commas.
    pub(super) fn names<'a>(&'a self, chosen: &'a str, typed: &'a str) -> Vec<&'a str> {
        let typed = self.text(typed).split(',').map(str::trim).filter(|name| !name.is_empty());
        self.all(chosen).chain(typed).collect()
    }
}

/// A form as it is shown: what stands in it and what is wrong with that.
#[derive(Clone, Copy)]
pub(super) struct Filled<'a> {
    /// What stands in it.
    pub(super) form: &'a Form,
    /// What is wrong with it.
    pub(super) errors: &'a [FieldError],
}

/// The form that a page has sent. Whether it was a page of ours has been looked at
/// before.
///
/// # Errors
/// It is no form, or not whole: the answer to that.
pub(super) async fn posted(request: Request) -> Result<Form, Response> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
    }
    match whole_body(request).await {
        Ok(body) => Ok(Form::parse(&body)),
        Err(problem) => Err(problem.into_response()),
    }
}

/// What was asked for is done; the answer is elsewhere.
pub(super) fn see(address: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
