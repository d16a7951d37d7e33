//! What plain HTTP is answered where the service speaks HTTPS: the way there.
//! Only what cannot wait for trust is served: the pages that say how to trust this
//! server, and the health of it for those who watch from beside it.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header, uri::Authority},
    middleware,
    response::{IntoResponse as _, Response},
    routing::get,
};

use super::{error::Problem, reads, router::for_browsers, state::App, telemetry, trust};

/// The port that browsers take for HTTPS when none is named.
const HTTPS_PORT: u16 = 443;

/// Answers plain HTTP beside a service that speaks HTTPS on `port`.
pub(super) fn router(app: App, port: u16) -> Router {
    Router::new()
        .route("/trust", get(trust::page))
        .route("/trust/page.css", get(trust::style))
        .route("/trust/ca.crt", get(trust::certificate))
        .route("/health/live", get(reads::live))
        .route("/health/ready", get(reads::ready))
        .fallback(async move |request: Request| to_https(&request, port))
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer(middleware::from_fn(for_browsers))
        .layer(middleware::from_fn(telemetry::log_request))
        .with_state(app)
}

/// The same address over HTTPS. The method and the body stay what they are.
fn to_https(request: &Request, port: u16) -> Response {
    let Some(host) = host_of(request) else { return StatusCode::BAD_REQUEST.into_response() };
    let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let port = if port == HTTPS_PORT { String::new() } else { format!(":{port}") };
    let Ok(address) = HeaderValue::try_from(format!("https://{host}{port}{path}")) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, address);
    // Who goes back to plain HTTP must not be sent here by what a browser remembers.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The name by which a client calls this machine, without a port.
pub(super) fn host_of(request: &Request) -> Option<String> {
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let authority: Authority = host.parse().ok()?;
    let named = !authority.host().is_empty() && !authority.as_str().contains('@');
    named.then(|| authority.host().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_to(host: &str, path: &str, port: u16) -> Option<String> {
        let request = Request::builder().uri(path).header("host", host);
        let response = to_https(&request.body(Body::empty()).expect("a request"), port);
        let location = response.headers().get(header::LOCATION)?;
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        Some(location.to_str().expect("text").to_owned())
    }

    #[test]
    fn everything_else_is_sent_to_the_same_address_over_https() {
        let sent = |host, path, port| sent_to(host, path, port).expect("a way");
        assert_eq!(sent("orders.local", "/", 443), "https://orders.local/");
        assert_eq!(sent("orders.local:80", "/a?b=c&d", 8443), "https://orders.local:8443/a?b=c&d");
        assert_eq!(sent("[fd12::7]:8080", "/", 3000), "https://[fd12::7]:3000/");
        assert_eq!(
            sent("192.168.1.7", "//evil.example/", 443),
            "https://192.168.1.7//evil.example/"
        );
    }

    #[test]
    fn who_names_no_host_is_sent_nowhere() {
        for host in ["", "a b", "user@evil.example", "orders.local/x", ":80"] {
            assert_eq!(sent_to(host, "/", 443), None, "{host}");
        }
    }
}
