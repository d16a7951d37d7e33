//! Which addresses may be called. Whoever makes a webhook names any host; it
//! must not become a way into the network that this program stands in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Hosts and networks that may be called though they are not public.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    names: Vec<String>,
    networks: Vec<(IpAddr, u32)>,
}

impl Allowed {
    /// What an entry must be, for messages to users.
    pub const RULE: &'static str = "a list of host names, addresses and networks, such as \
                                    \"pos.lan, 192.168.1.20, 10.0.0.0/8\"";

    /// What is written as `entries`; none when one of them is nothing of the kind.
    #[must_use]
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut allowed = Self::default();
        for entry in entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty()) {
            if let Ok(address) = entry.parse::<IpAddr>() {
                allowed.networks.push((address, bits(address)));
            } else if let Some((address, length)) = entry.split_once('/') {
                let address: IpAddr = address.parse().ok()?;
                let length = length.parse().ok().filter(|length| *length <= bits(address))?;
                allowed.networks.push((address, length));
            } else {
                let host = host_name(entry);
                let allows = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                if !host.bytes().all(allows) {
                    return None;
                }
                allowed.names.push(host);
            }
        }
        Some(allowed)
    }

    /// Whether `host` is named, so that it may be called wherever it is, and
    /// without TLS.
    #[must_use]
    pub fn names(&self, host: &str) -> bool {
        match host.parse::<IpAddr>() {
            Ok(address) => self.holds(address),
            Err(_) => self.names.contains(&host_name(host)),
        }
    }

    fn holds(&self, address: IpAddr) -> bool {
        let address = plain(address);
        self.networks.iter().any(|(network, length)| is_within(address, plain(*network), *length))
    }

    /// `addresses`, those of `host`, if every one of them may be called: of a
    /// name that also leads inside, no address is called.
    ///
    /// # Errors
    /// Which may not, and what it is.
    pub fn check(
        &self,
        host: &str,
        addresses: Vec<SocketAddr>,
    ) -> Result<Vec<SocketAddr>, (IpAddr, &'static str)> {
        if self.names(host) {
            return Ok(addresses);
        }
        for address in &addresses {
            let address = address.ip();
            if let Some(what) = inside(address).filter(|_| !self.holds(address)) {
                return Err((address, what));
            }
        }
        Ok(addresses)
    }
}

/// A host's name in the one spelling that is compared.
fn host_name(raw: &str) -> String {
    raw.trim_end_matches('.').to_ascii_lowercase()
}

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// An IPv4 address that is written as an IPv6 one, as what it is.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn is_within(address: IpAddr, network: IpAddr, length: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => four(address, network, length.min(32)),
        (IpAddr::V6(address), IpAddr::V6(network)) => six(address, network, length),
        _ => false,
    }
}

fn four(address: Ipv4Addr, network: Ipv4Addr, length: u32) -> bool {
    let differ = u32::from(address) ^ u32::from(network);
    differ.checked_shr(32 - length).unwrap_or(0) == 0
}

fn six(address: Ipv6Addr, network: Ipv6Addr, length: u32) -> bool {
    let differ = u128::from(address) ^ u128::from(network);
    differ.checked_shr(128 - length).unwrap_or(0) == 0
}

/// IPv4 networks that are nobody's on the internet (IANA's special-purpose registry).
const INSIDE_FOUR: [([u8; 4], u32, &str); 15] = [
    ([0, 0, 0, 0], 8, "this network"),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "a provider's inner network"),
    ([127, 0, 0, 0], 8, "loopback"),
    ([169, 254, 0, 0], 16, "link-local"),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "reserved"),
    ([192, 0, 2, 0], 24, "for documentation"),
    ([192, 88, 99, 0], 24, "reserved"),
    ([192, 168, 0, 0], 16, "private"),
    ([198, 18, 0, 0], 15, "for measurements"),
    ([198, 51, 100, 0], 24, "for documentation"),
    ([203, 0, 113, 0], 24, "for documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([240, 0, 0, 0], 4, "reserved"),
];

/// Where the internet is in IPv6; all else is inside, or nothing.
const PUBLIC_SIX: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks within it that are not the internet.
const INSIDE_SIX: [(Ipv6Addr, u32, &str); 4] = [
    // Also Teredo and ORCHID.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "reserved"),
    (Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    // Leads to any IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "a tunnel"),
    (Ipv6Addr::new(0x3FFF, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
];

/// By which networks without IPv4 reach IPv4 addresses (NAT64).
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xFF9B, 0, 0, 0, 0, 0, 0), 96);

/// What `address` is that is not of the internet; none when it is.
#[must_use]
pub fn inside(address: IpAddr) -> Option<&'static str> {
    match plain(address) {
        IpAddr::V4(address) => inside_four(address),
        IpAddr::V6(address) if six(address, NAT64.0, NAT64.1) => {
            let [.., a, b, c, d] = address.octets();
            inside_four(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(address) if !six(address, PUBLIC_SIX.0, PUBLIC_SIX.1) => {
            Some(match address.segments()[0] {
                _ if address.is_loopback() => "loopback",
                0xFE80..=0xFEBF => "link-local",
                0xFC00..=0xFDFF => "private",
                0xFF00..=0xFFFF => "multicast",
                _ => "reserved",
            })
        }
        IpAddr::V6(address) => INSIDE_SIX
            .iter()
            .find(|(network, length, _)| six(address, *network, *length))
            .map(|(_, _, what)| *what),
    }
}

fn inside_four(address: Ipv4Addr) -> Option<&'static str> {
    INSIDE_FOUR
        .iter()
        .find(|(network, length, _)| four(address, Ipv4Addr::from(*network), *length))
        .map(|(_, _, what)| *what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(raw: &str) -> IpAddr {
        raw.parse().unwrap_or_else(|_| panic!("{raw} is an address"))
    }

    #[test]
    fn what_is_inside_is_known_in_every_spelling() {
        for (raw, what) in [
            ("127.0.0.1", "loopback"),
            ("127.255.255.255", "loopback"),
            ("0.0.0.0", "this network"),
            ("10.0.0.1", "private"),
            ("10.255.255.255", "private"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.168.0.1", "private"),
            ("169.254.169.254", "link-local"),
            ("100.64.0.1", "a provider's inner network"),
            ("100.127.255.255", "a provider's inner network"),
            ("192.0.0.170", "reserved"),
            ("192.0.2.1", "for documentation"),
            ("198.18.0.1", "for measurements"),
            ("198.19.255.255", "for measurements"),
            ("198.51.100.7", "for documentation"),
            ("203.0.113.7", "for documentation"),
            ("192.88.99.1", "reserved"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.250", "multicast"),
            ("240.0.0.1", "reserved"),
            ("255.255.255.255", "reserved"),
            ("::", "reserved"),
            ("::1", "loopback"),
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:10.1.2.3", "private"),
            ("::ffff:a9fe:a9fe", "link-local"),
            ("::127.0.0.1", "reserved"),
            ("::ffff:0:127.0.0.1", "reserved"),
            ("64:ff9b::127.0.0.1", "loopback"),
            ("64:ff9b::a9fe:a9fe", "link-local"),
            ("64:ff9b:1::10.0.0.1", "reserved"),
            ("100::1", "reserved"),
            ("2001::1", "reserved"),
            ("2001:db8::1", "for documentation"),
            ("2002:7f00:1::", "a tunnel"),
            ("2002:a00:1::1", "a tunnel"),
            ("3fff::1", "for documentation"),
            ("5f00::1", "reserved"),
            ("fc00::1", "private"),
            ("fdff::1", "private"),
            ("fe80::1", "link-local"),
            ("febf::1", "link-local"),
            ("fec0::1", "reserved"),
            ("ff02::1", "multicast"),
        ] {
            assert_eq!(inside(address(raw)), Some(what), "{raw}");
        }
    }

    #[test]
    fn what_is_public_is_not_refused() {
        for raw in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
        ] {
            assert_eq!(inside(address(raw)), None, "{raw}");
        }
    }

    fn sockets(raw: &[&str]) -> Vec<SocketAddr> {
        raw.iter().map(|raw| SocketAddr::new(address(raw), 443)).collect()
    }

    #[test]
    fn one_inner_address_of_a_name_is_one_too_many() {
        let nobody = Allowed::default();
        let public = sockets(&["8.8.8.8", "2606:4700:4700::1111"]);
        assert_eq!(nobody.check("example.com", public.clone()), Ok(public));
        let rebound = sockets(&["8.8.8.8", "::ffff:192.168.1.1"]);
        let refused = Err((address("::ffff:192.168.1.1"), "private"));
        assert_eq!(nobody.check("example.com", rebound), refused);
    }

    #[test]
    fn what_is_named_may_be_called() {
        let allowed = Allowed::parse(["POS.lan.", "10.1.0.0/16", "fd00::/8", "127.0.0.1", " "])
            .expect("a list");
        assert!(allowed.names("pos.lan") && allowed.names("Pos.Lan."));
        assert!(!allowed.names("evil-pos.lan") && !allowed.names("pos.lan.example.com"));
        let check = |host: &str, raw: &str| allowed.check(host, sockets(&[raw])).is_ok();
        assert!(check("pos.lan", "192.168.7.7"));
        for (raw, may) in [
            ("10.1.255.1", true),
            ("::ffff:10.1.255.1", true),
            ("10.2.0.1", false),
            ("fd12::1", true),
            ("fc12::1", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
        ] {
            assert_eq!(check("example.com", raw), may, "{raw}");
        }
        assert!(Allowed::parse(["0.0.0.0/0"]).expect("all").names("127.0.0.1"));
        for raw in ["10.0.0.0/33", "a/8", "http://pos.lan", "pos lan", "::/129"] {
            assert_eq!(Allowed::parse([raw]), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_mapped_address_is_what_it_maps(raw in any::<u32>()) {
            let four = Ipv4Addr::from(raw);
            prop_assert_eq!(inside(IpAddr::V6(four.to_ipv6_mapped())), inside(IpAddr::V4(four)));
        }
    }
}
