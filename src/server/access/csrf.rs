//! Requests that another site's page makes a browser send.

use axum::http::HeaderMap;

/// Whether a request that changes something comes from a page of this server.
/// A browser says so; what says neither is no browser, and no page of a
/// stranger's can make it speak.
pub(in crate::server) fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text("host")
        }
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_page_of_a_stranger_changes_nothing() {
        let says = |headers: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_static(value));
            }
            is_same_origin(&map)
        };
        let host = ("host", "10.0.0.5:3000");
        assert!(says(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(says(&[host, ("sec-fetch-site", "none")]));
        assert!(!says(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(!says(&[
            host,
            ("sec-fetch-site", "same-site"),
            ("origin", "http://10.0.0.5:3000")
        ]));
        assert!(says(&[host, ("origin", "http://10.0.0.5:3000")]));
        assert!(!says(&[host, ("origin", "http://10.0.0.5:8080")]));
        assert!(!says(&[host, ("origin", "null")]));
        assert!(says(&[host]));
    }
}
