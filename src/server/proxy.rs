//! Proxies before this program: who is believed what they say of the client.
//!
//! Everybody can write a header, so it is believed only on connections from an
//! address that the configuration names, and only the one header that it names:
//! a proxy that appends to one of them passes the other on as the client sent it.

use std::{net::IpAddr, str::FromStr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};

use super::stream::{Peer, Secured};

mod forwarded;

pub use forwarded::{Client, ForwardedBy};

/// What the configuration says of proxies.
#[derive(Clone, Debug, Default)]
pub struct ProxySettings {
    /// From where headers are believed.
    pub trusted: Vec<Network>,
    /// Which header is.
    pub header: ForwardedBy,
}

/// Addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// What a [`Network`] is written as.
pub const NETWORK_RULE: &str =
    "networks such as 10.0.0.0/8 or fd00::/8, or addresses, in a list or parted by commas";

impl Network {
    /// Whether `address` is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let rest = 32 - u32::from(self.prefix);
                (network.to_bits() ^ address.to_bits()).checked_shr(rest).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let rest = 128 - u32::from(self.prefix);
                (network.to_bits() ^ address.to_bits()).checked_shr(rest).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(drop)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(drop)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix }).ok_or(())
    }
}

impl ProxySettings {
    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }
}

/// `router`, for which requests that come through a trusted proxy are those of the
/// client that the proxy names. Without one nothing is looked at.
pub fn behind(router: Router, settings: &ProxySettings) -> Router {
    if settings.trusted.is_empty() {
        return router;
    }
    let settings = Arc::new(settings.clone());
    router.layer(middleware::from_fn_with_state(settings, believe))
}

async fn believe(
    State(settings): State<Arc<ProxySettings>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    if let Some(peer) = peer.filter(|peer| settings.trusts(*peer)) {
        let client = settings.header.client(request.headers(), peer, |it| settings.trusts(it));
        let extensions = request.extensions_mut();
        extensions.insert(Peer(client.address));
        match client.https {
            Some(true) => {
                extensions.insert(Secured);
            }
            // The way to the proxy is encrypted, the client's own is not.
            Some(false) => {
                extensions.remove::<Secured>();
            }
            None => {}
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_what_begins_alike() {
        let holds = |network: &str, address: &str| {
            let network: Network = network.parse().expect("a network");
            network.contains(address.parse().expect("an address"))
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("192.168.7.128/25", "192.168.7.200"));
        assert!(!holds("192.168.7.128/25", "192.168.7.100"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && !holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("::/0", "2001:db8::1") && !holds("::/0", "203.0.113.9"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("fd00::/8", "fdab::1") && !holds("fd00::/8", "fe80::1"));
        assert!(holds("2001:db8::1", "2001:db8::1") && !holds("2001:db8::1", "2001:db8::2"));
        // A socket of both families names those of the old one so.
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "proxy"] {
            assert_eq!(text.parse::<Network>(), Err(()), "{text}");
        }
    }
}
