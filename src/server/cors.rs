//! Pages of other origins that may use the API: those that the configuration names.
//!
//! What others are answered has no header about it at all. A layer that is bought
//! ready answers everybody's preflight and tells everybody what it would allow, and
//! for every address; only the API and the stream are open to other pages here, so
//! these few lines stand in its place.

use std::str::FromStr;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Authority},
    middleware::Next,
    response::Response,
};

use super::{listen::tls::is_host_name, state::App};

/// What an [`Origin`] is written as.
pub const ORIGIN_RULE: &str = "a list of origins such as \"https://shop.example.com\" or \
                               \"http://10.0.0.7:8080\": http or https, a host, and a port where \
                               it is not the usual one; no path, no slash at the end, no *";

/// What a page of another origin may ask with: every method of the API.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// Which headers it may send besides those that every page may: all that the API
/// reads. The last two are for clients that read the stream by `fetch`.
const ASKS_WITH: &str =
    "authorization, content-type, idempotency-key, last-event-id, cache-control";
/// Which headers of an answer it may read: all that docs/api.md speaks of.
const TELLS: &str = "location, idempotency-replayed, retry-after, ratelimit, ratelimit-policy";
/// For how many seconds a browser need not ask again.
const KNOWN_FOR_S: &str = "600";

/// Scheme, host and port of a page, as browsers write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (scheme, rest) = text.split_once("://").ok_or(())?;
        let scheme = scheme.to_ascii_lowercase();
        let usual: u16 = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return Err(()),
        };
        let authority: Authority = rest.parse().map_err(drop)?;
        // It takes more than a host and a port.
        let host = authority.host().to_ascii_lowercase();
        let port = match authority.as_str().strip_prefix(authority.host()).ok_or(())? {
            "" => usual,
            port => {
                let digits = port.strip_prefix(':').ok_or(())?;
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
                digits.parse().ok().filter(|_| plain).ok_or(())?
            }
        };
        let named = match host.strip_prefix('[') {
            Some(address) => address.strip_suffix(']').is_some_and(is_host_name),
            None => is_host_name(&host),
        };
        if !named || port == 0 {
            return Err(());
        }
        // A browser leaves out the port that goes without saying.
        let port = if port == usual { String::new() } else { format!(":{port}") };
        Ok(Self(format!("{scheme}://{host}{port}")))
    }
}

/// Which pages of other origins may use the API.
#[derive(Clone, Debug, Default)]
pub struct CorsSettings {
    /// Those of these origins.
    pub origins: Vec<Origin>,
}

impl CorsSettings {
    /// The origin that a request comes from, if it is one of them.
    fn listed<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.origins.iter().any(|listed| listed.0.as_bytes() == origin.as_bytes()).then_some(origin)
    }

    /// Whether a page of one of them has sent a request for `path`, and may.
    #[must_use]
    pub fn lets(&self, path: &str, headers: &HeaderMap) -> bool {
        is_open(path) && self.listed(headers).is_some()
    }
}

/// Whether what is at `path` is for pages of other origins too. What people see in a
/// browser, and how they come in, is not.
fn is_open(path: &str) -> bool {
    path.starts_with("/api/") || path == "/live-orders"
}

/// Tells the browser of a page which is listed that the page may read the answer.
pub(super) async fn across(State(app): State<App>, request: Request, next: Next) -> Response {
    if app.cors.origins.is_empty() || !is_open(request.uri().path()) {
        return next.run(request).await;
    }
    let origin = app.cors.listed(request.headers()).cloned();
    let asks_first = *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(_) if asks_first => preflight(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    // What is kept for one origin is not the answer to another.
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(TELLS));
    }
    response
}

/// What a browser is answered that asks before it sends what a page wants sent. It
/// asks without saying who it is for.
fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ASKS_WITH),
        (header::ACCESS_CONTROL_MAX_AGE, KNOWN_FOR_S),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_as_browsers_write_them() {
        for (text, origin) in [
            ("https://shop.example.com", "https://shop.example.com"),
            ("HTTPS://Shop.Example.com:443", "https://shop.example.com"),
            ("http://shop.example.com:80", "http://shop.example.com"),
            ("http://shop.example.com:443", "http://shop.example.com:443"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://10.0.0.7:8080", "http://10.0.0.7:8080"),
            ("https://[fd00::7]:8443", "https://[fd00::7]:8443"),
        ] {
            assert_eq!(text.parse(), Ok(Origin(origin.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_no_single_origin_is_refused() {
        for text in [
            "",
            "*",
            "null",
            "shop.example.com",
            "//shop.example.com",
            "https://",
            "https://*",
            "https://*.example.com",
            "https://shop.example.com/",
            "https://shop.example.com/orders",
            "https://shop.example.com?x",
            "https://shop.example.com#x",
            "https://ana@shop.example.com",
            "https://shop.example.com:",
            "https://shop.example.com:0",
            "https://shop.example.com:65536",
            "https://shop.example.com:80a",
            "https://shop.example.com:+80",
            "https://shop.example.com evil.example",
            "https://shop.example.com\r\nX: y",
            "https://bücher.example",
            "https://[fd00::7",
            "ftp://shop.example.com",
            "file://",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(()), "{text:?}");
        }
    }

    #[test]
    fn a_page_of_a_listed_origin_reaches_the_api_and_no_page() {
        let origin = "https://shop.example.com".parse().expect("an origin");
        let settings = CorsSettings { origins: vec![origin] };
        let lets = |path: &str, origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            settings.lets(path, &headers)
        };
        assert!(lets("/api/orders", "https://shop.example.com"));
        assert!(lets("/live-orders", "https://shop.example.com"));
        for path in
            ["/", "/login", "/access/users", "/orders/new", "/api", "/live-orders/x", "/t/x"]
        {
            assert!(!lets(path, "https://shop.example.com"), "{path}");
        }
        for other in [
            "http://shop.example.com",
            "https://shop.example.com:8443",
            "https://shop.example.com.evil.example",
            "https://evil.example",
            "null",
        ] {
            assert!(!lets("/api/orders", other), "{other}");
        }
        assert!(!settings.lets("/api/orders", &HeaderMap::new()));
    }
}
