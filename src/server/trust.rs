//! `/trust`: how a device comes to trust the certificate authority of this
//! server. There where the server signs its own certificate, and nowhere else.
//!
//! Whoever reads it does not trust this server yet, so it is served over plain
//! HTTP too, needs nothing that is not below its own address, and shows a
//! fingerprint to compare with what the program said at its start.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use super::{
    error::Problem,
    language,
    listen::tls::{Trusted, address_of_this_machine},
    redirect::host_of,
    state::App,
};

mod code;
mod page;
mod texts;

/// What devices are to trust.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The authority.
    pub authority: Trusted,
    /// The port that speaks HTTPS.
    pub port: u16,
}

const STYLE: &str = include_str!("trust/page.css");

/// `GET /trust`
pub(super) async fn page(State(app): State<App>, request: Request) -> Response {
    let Some(trust) = &app.trust else { return Problem::NotFound.into_response() };
    let host = host_of(&request).unwrap_or_else(|| "localhost".to_owned());
    let language = language::preferred(request.headers()).unwrap_or(app.page.language);
    let html = page::page(&page::Shown {
        location: app.page.location.as_str(),
        fingerprint: &trust.authority.fingerprint,
        board: format!("https://{}{}/", host, port(trust.port)),
        // The same port takes plain HTTP too.
        address: format!("http://{}{}/trust", from_outside(&host), port(trust.port)),
        texts: texts::of(language),
        language,
    });
    answer(html, "text/html; charset=utf-8")
}

/// `GET /trust/ca.crt`: the authority's certificate.
pub(super) async fn certificate(State(app): State<App>) -> Response {
    match &app.trust {
        Some(trust) => answer(trust.authority.pem.clone(), "application/x-x509-ca-cert"),
        None => Problem::NotFound.into_response(),
    }
}

/// `GET /trust/page.css`
pub(super) async fn style(State(app): State<App>) -> Response {
    match &app.trust {
        Some(_) => answer(STYLE.to_owned(), "text/css; charset=utf-8"),
        None => Problem::NotFound.into_response(),
    }
}

fn answer(body: String, kind: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept-language"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn port(port: u16) -> String {
    if port == 443 { String::new() } else { format!(":{port}") }
}

/// `host` as another device of the network can call it.
fn from_outside(host: &str) -> String {
    let here = host == "localhost" || host.starts_with("127.") || host == "[::1]";
    let address = here.then(address_of_this_machine).flatten();
    address.map_or_else(|| host.to_owned(), |address| address.to_string())
}
