//! What the headers of a proxy say: pure, so that it can be held against a table.

use std::{net::IpAddr, str::FromStr};

use axum::http::HeaderMap;

/// More proxies than any request has come through.
const MOST_HOPS: usize = 32;

/// Which header the trusted proxies write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedBy {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`, as most do.
    #[default]
    XForwarded,
    /// `Forwarded` of RFC 7239.
    Forwarded,
}

impl FromStr for ForwardedBy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_ascii_lowercase().as_str() {
            "x-forwarded-for" => Ok(Self::XForwarded),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err(()),
        }
    }
}

/// Who a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The nearest address that is no trusted proxy's.
    pub address: IpAddr,
    /// Whether the client's own connection is encrypted, if that is said.
    pub https: Option<bool>,
}

/// One proxy's word: whom it was called by, and how.
struct Hop<'a> {
    address: Option<IpAddr>,
    scheme: Option<&'a str>,
}

impl ForwardedBy {
    /// Who a request comes from that the trusted proxy `peer` has sent. Each
    /// proxy adds to the right, so that is where reading begins; what stands
    /// left of an address that is not trusted, or of what is none, anybody may
    /// have written.
    #[must_use]
    pub fn client(
        self,
        headers: &HeaderMap,
        peer: IpAddr,
        trusts: impl Fn(IpAddr) -> bool,
    ) -> Client {
        let hops = match self {
            Self::XForwarded => x_forwarded(headers),
            Self::Forwarded => forwarded(headers),
        };
        let mut client = Client { address: peer.to_canonical(), https: None };
        for hop in hops {
            // Who this hop was called over what is its own word, whoever called.
            client.https = hop.scheme.map(is_https).or(client.https);
            let Some(address) = hop.address else { break };
            client.address = address;
            if !trusts(address) {
                break;
            }
        }
        client
    }
}

fn is_https(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss")
}

/// The parts of all headers of this name, the last first.
fn parts<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    for value in headers.get_all(name) {
        // What cannot be read must not be skipped: it stands for somebody.
        match value.to_str() {
            Ok(text) => parts.extend(split(text, ',')),
            Err(_) => parts.push(""),
        }
    }
    parts.reverse();
    parts.truncate(MOST_HOPS);
    parts
}

/// `text` at each `mark` that stands outside of quotes.
fn split(text: &str, mark: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        let literal = std::mem::take(&mut escaped);
        match character {
            '\\' if quoted && !literal => escaped = true,
            '"' if !literal => quoted = !quoted,
            _ => return character == mark && !quoted,
        }
        false
    })
    .map(str::trim)
}

fn x_forwarded(headers: &HeaderMap) -> Vec<Hop<'_>> {
    let schemes = parts(headers, "x-forwarded-proto");
    let addresses = parts(headers, "x-forwarded-for");
    if addresses.is_empty() {
        return schemes
            .first()
            .map(|it| Hop { address: None, scheme: Some(it) })
            .into_iter()
            .collect();
    }
    let hop = |(place, address): (usize, &&str)| Hop {
        address: node(address),
        // Mostly one word is handed on by all; else each proxy has added its own.
        scheme: schemes.get(place).copied(),
    };
    addresses.iter().enumerate().map(hop).collect()
}

fn forwarded(headers: &HeaderMap) -> Vec<Hop<'_>> {
    parts(headers, "forwarded").into_iter().map(element).collect()
}

/// What one proxy says of who has called it.
fn element(text: &str) -> Hop<'_> {
    let mut hop = Hop { address: None, scheme: None };
    for pair in split(text, ';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = unquoted(value.trim());
        if name.trim().eq_ignore_ascii_case("for") {
            hop.address = node(value);
        } else if name.trim().eq_ignore_ascii_case("proto") {
            hop.scheme = Some(value);
        }
    }
    hop
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// The address of a node, which may have a port behind it. What a proxy hides
/// ("unknown", "_name") is none.
fn node(text: &str) -> Option<IpAddr> {
    let text = unquoted(text.trim());
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        IpAddr::V6(address.parse().ok().filter(|_| port)?)
    } else if let Ok(address) = text.parse() {
        address
    } else {
        let (address, port) = text.split_once(':')?;
        IpAddr::V4(address.parse().ok().filter(|_| is_port(port))?)
    };
    Some(address.to_canonical())
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok() || text.strip_prefix('_').is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::server::proxy::Network;

    /// Who comes, when `10.0.0.0/8` and `fd00::/8` are trusted and 10.0.0.1 calls.
    fn client(by: ForwardedBy, headers: &[(&'static str, &str)]) -> (String, Option<bool>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        let trusted: [Network; 2] =
            ["10.0.0.0/8", "fd00::/8"].map(|it| it.parse().expect("a network"));
        let peer = "10.0.0.1".parse().expect("an address");
        let found = by.client(&map, peer, |it| trusted.iter().any(|net| net.contains(it)));
        (found.address.to_string(), found.https)
    }

    #[test]
    fn the_client_is_the_nearest_address_that_is_not_trusted() {
        for (value, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:55123", "203.0.113.9"),
            ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
            ("203.0.113.9, 10.0.0.7", "203.0.113.9"),
            ("1.1.1.1,203.0.113.9,10.0.0.7,10.0.0.8", "203.0.113.9"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("203.0.113.9, fd00::5", "203.0.113.9"),
            // Everybody is trusted: the first of them.
            ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
            // Nothing left of what cannot be read is believed.
            ("", "10.0.0.1"),
            ("unknown", "10.0.0.1"),
            ("203.0.113.9, unknown", "10.0.0.1"),
            ("203.0.113.9, garbage, 10.0.0.8", "10.0.0.8"),
            ("203.0.113.9,, 10.0.0.8", "10.0.0.8"),
            ("203.0.113.9, 10.0.0.8,", "10.0.0.1"),
            ("203.0.113.9:notaport", "10.0.0.1"),
            ("203.0.113.999", "10.0.0.1"),
            ("[2001:db8::7", "10.0.0.1"),
            ("[2001:db8::7]x", "10.0.0.1"),
            ("[203.0.113.9]", "10.0.0.1"),
            ("2001:db8::7:443:1:2:3:4:5", "10.0.0.1"),
            ("<script>", "10.0.0.1"),
            ("203.0.113.9\u{e9}", "10.0.0.1"),
        ] {
            let found = client(ForwardedBy::XForwarded, &[("x-forwarded-for", value)]);
            assert_eq!(found, (expected.to_owned(), None), "{value:?}");
        }
        assert_eq!(client(ForwardedBy::XForwarded, &[]).0, "10.0.0.1");
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client(ForwardedBy::XForwarded, &lines).0, "203.0.113.9");
    }

    #[test]
    fn the_scheme_is_the_word_of_the_proxy_that_the_client_called() {
        let says = |address: &'static str, scheme: &'static str| {
            let headers = [("x-forwarded-for", address), ("x-forwarded-proto", scheme)];
            client(ForwardedBy::XForwarded, &headers).1
        };
        assert_eq!(says("203.0.113.9", "https"), Some(true));
        assert_eq!(says("203.0.113.9", "HTTPS"), Some(true));
        assert_eq!(says("203.0.113.9", "http"), Some(false));
        assert_eq!(says("203.0.113.9", "gopher"), Some(false));
        // What the client wrote itself stands left of the proxy's own word.
        assert_eq!(says("203.0.113.9", "https, http"), Some(false));
        assert_eq!(says("203.0.113.9, 10.0.0.7", "https, http"), Some(true));
        assert_eq!(says("203.0.113.9, 10.0.0.7", "https"), Some(true));
        let alone = client(ForwardedBy::XForwarded, &[("x-forwarded-proto", "https")]);
        assert_eq!(alone, ("10.0.0.1".to_owned(), Some(true)));
    }

    #[test]
    fn the_standard_header_is_read_with_quotes_ports_and_hidden_names() {
        for (value, expected) in [
            ("for=203.0.113.9", ("203.0.113.9", None)),
            ("For=\"203.0.113.9:4711\";proto=https", ("203.0.113.9", Some(true))),
            ("for=\"[2001:db8:cafe::17]:4711\"", ("2001:db8:cafe::17", None)),
            ("for=\"[2001:db8:cafe::17]\";proto=http", ("2001:db8:cafe::17", Some(false))),
            ("for=1.1.1.1, for=203.0.113.9;by=10.0.0.1", ("203.0.113.9", None)),
            ("for=203.0.113.9;proto=https, for=10.0.0.7;proto=http", ("203.0.113.9", Some(true))),
            ("for=203.0.113.9;host=\"a,b;for=6.6.6.6\"", ("203.0.113.9", None)),
            ("for=\"203.0.113.9:_obf\" ; PROTO=\"https\"", ("203.0.113.9", Some(true))),
            ("for=_hidden;proto=https", ("10.0.0.1", Some(true))),
            ("for=203.0.113.9, for=unknown", ("10.0.0.1", None)),
            ("for=203.0.113.9, for=", ("10.0.0.1", None)),
            ("for=\"203.0.113.9", ("10.0.0.1", None)),
            ("203.0.113.9", ("10.0.0.1", None)),
            (";;;,,,===", ("10.0.0.1", None)),
        ] {
            let (address, https) = client(ForwardedBy::Forwarded, &[("forwarded", value)]);
            assert_eq!((address.as_str(), https), expected, "{value:?}");
        }
    }

    #[test]
    fn the_other_header_is_not_read() {
        let both = [("x-forwarded-for", "6.6.6.6"), ("forwarded", "for=203.0.113.9")];
        assert_eq!(client(ForwardedBy::Forwarded, &both).0, "203.0.113.9");
        assert_eq!(client(ForwardedBy::XForwarded, &both).0, "6.6.6.6");
    }
}
