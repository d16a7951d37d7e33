//! The cookies that say who a browser is.
//!
//! No script reads them, no other site's page sends them along with what would
//! change something, and over an encrypted connection they carry the prefix by
//! which a browser keeps them to this host and this connection.

use axum::http::{HeaderMap, HeaderValue, header};

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Somebody who has logged in.
    Session,
    /// A device that was paired.
    Screen,
    /// A device that waits to be paired.
    Waiting,
}

impl Cookie {
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::Session => ["live-orders-session", "__Host-live-orders-session"],
            Self::Screen => ["live-orders-screen", "__Host-live-orders-screen"],
            Self::Waiting => ["live-orders-waiting", "__Host-live-orders-waiting"],
        }
    }

    /// What it is called; `secured` over an encrypted connection.
    #[must_use]
    pub fn name(self, secured: bool) -> &'static str {
        self.names()[usize::from(secured)]
    }

    /// What a browser sends of it.
    #[must_use]
    pub fn read(self, headers: &HeaderMap, secured: bool) -> Option<&str> {
        let name = self.name(secured);
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = all.flat_map(|value| value.split(';'));
        pairs.filter_map(|pair| pair.trim().split_once('=')).find(|it| it.0 == name).map(|it| it.1)
    }

    /// Has a browser keep `value` for `seconds`.
    #[must_use]
    pub fn keep(self, value: &str, seconds: i64, secured: bool) -> HeaderValue {
        let secure = if secured { "; Secure" } else { "" };
        let name = self.name(secured);
        let cookie =
            format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        // A secret is hexadecimal digits, which a header takes.
        HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// Has a browser forget it.
    #[must_use]
    pub fn forget(self, secured: bool) -> HeaderValue {
        self.keep("", 0, secured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_no_script_and_no_other_site() {
        let plain = Cookie::Session.keep("ab12", 60, false);
        assert_eq!(plain, "live-orders-session=ab12; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        let secured = Cookie::Session.keep("ab12", 60, true);
        assert_eq!(
            secured,
            "__Host-live-orders-session=ab12; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn a_cookie_of_a_plain_connection_counts_for_nothing_on_an_encrypted_one() {
        let mut headers = HeaderMap::new();
        let sent = "theme=dark; live-orders-session=ab12; live-orders-screen=cd34";
        headers.insert(header::COOKIE, HeaderValue::from_static(sent));
        assert_eq!(Cookie::Session.read(&headers, false), Some("ab12"));
        assert_eq!(Cookie::Screen.read(&headers, false), Some("cd34"));
        assert_eq!(Cookie::Session.read(&headers, true), None);
    }
}
