//! Where a webhook goes, read from its address.

use axum::http::Uri;

use super::guard::Allowed;

/// Characters of an address.
const LONGEST: usize = 2000;

/// What an address must be, for messages to users.
pub(super) const RULE: &str = "an https address without a name or password in it; http only to \
                               hosts that webhooks.allow_hosts names";

/// Where a webhook goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Whether by TLS.
    pub(super) secure: bool,
    /// The host as a name or an address, without brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// What the `Host` header says.
    pub(super) authority: String,
    /// Path and query.
    pub(super) path: String,
}

impl Target {
    /// The target of `url`, where one without TLS must be `allowed`.
    ///
    /// # Errors
    /// What an address must be.
    pub(super) fn parse(url: &str, allowed: &Allowed) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| RULE)?;
        let authority = uri.authority().ok_or(RULE)?;
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let secure = uri.scheme_str() == Some("https");
        let plain = uri.scheme_str() == Some("http") && allowed.names(host);
        let named = !host.is_empty() && !authority.as_str().contains('@');
        if url.len() > LONGEST || !named || !(secure || plain) {
            return Err(RULE);
        }
        Ok(Self {
            secure,
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            authority: authority.to_string(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let target = |url: &str| Target::parse(url, &Allowed::default()).expect("an address");
        let plain = target("https://example.com/hooks?a=1#part");
        assert_eq!((plain.host.as_str(), plain.port), ("example.com", 443));
        assert_eq!((plain.path.as_str(), plain.authority.as_str()), ("/hooks?a=1", "example.com"));
        let six = target("https://[2606:4700::1]:8443");
        assert_eq!((six.host.as_str(), six.port, six.path.as_str()), ("2606:4700::1", 8443, "/"));
        assert_eq!(six.authority, "[2606:4700::1]:8443");
    }

    #[test]
    fn what_is_not_https_must_be_named() {
        let allowed = Allowed::parse(["pos.lan", "10.0.0.0/8"]).expect("a list");
        for url in ["http://pos.lan/x", "http://10.1.2.3:9000/x", "https://anywhere.example/"] {
            assert!(Target::parse(url, &allowed).is_ok(), "{url}");
        }
        for url in [
            "",
            "/hooks",
            "example.com/x",
            "http://example.com/",
            "http://192.168.1.1/",
            "ftp://pos.lan/",
            "file:///etc/passwd",
            "https://",
            "https://user:secret@example.com/",
            "https://user@pos.lan/",
            "https://exa mple.com/",
            "javascript:alert(1)",
        ] {
            assert_eq!(Target::parse(url, &allowed), Err(RULE), "{url}");
        }
        let long = format!("https://example.com/{}", "a".repeat(LONGEST));
        assert_eq!(Target::parse(&long, &allowed), Err(RULE));
    }
}
