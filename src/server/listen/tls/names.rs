//! By what names other devices reach this machine.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv6Addr},
};

use tokio_rustls::rustls::pki_types::ServerName;

/// Whether `text` can be a name in a certificate: a host or an address.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    ServerName::try_from(text).is_ok()
}

/// The address under which devices of the same network reach this machine, if
/// it is in one.
#[must_use]
pub fn address_of_this_machine() -> Option<IpAddr> {
    addresses().into_iter().find(|address| address.is_ipv4() && !address.is_loopback())
}

/// The names that a certificate for this machine has, `configured` ones first.
pub(super) fn of_this_machine(configured: &[String]) -> Vec<String> {
    let mut names = configured.to_vec();
    let host = gethostname::gethostname().to_string_lossy().to_lowercase();
    let short = host.split('.').next().unwrap_or_default().to_owned();
    // By the last of these a device finds this machine without any name server.
    let local = format!("{short}.local");
    names.extend([host, short, local].into_iter().filter(|name| is_host_name(name)));
    names.push("localhost".to_owned());
    names.extend(addresses().iter().map(ToString::to_string));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// The addresses of this machine that mean nothing outside of its network. One
/// that can be reached from everywhere needs a certificate that everybody trusts.
fn addresses() -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .iter()
        .map(if_addrs::Interface::ip)
        .filter(is_private)
        .collect();
    addresses.extend([IpAddr::from([127, 0, 0, 1]), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    addresses.sort();
    addresses.dedup();
    addresses
}

/// Whether an address belongs to a network of somebody's own. Those that hold
/// on one wire only are left out: no browser takes them.
fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_reached_by_its_own_names_and_those_it_is_given() {
        let names = of_this_machine(&["kitchen.example".to_owned(), "localhost".to_owned()]);
        assert_eq!(names[0], "kitchen.example");
        for name in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(names.iter().filter(|it| *it == name).count(), 1, "{names:?}");
        }
        assert!(names.iter().all(|name| is_host_name(name)), "{names:?}");
    }

    #[test]
    fn only_addresses_of_ones_own_network_are_taken() {
        for (address, own) in [
            ("192.168.1.7", true),
            ("10.0.0.7", true),
            ("172.20.0.7", true),
            ("100.100.0.7", true),
            ("fd12::7", true),
            ("203.0.113.7", false),
            ("100.7.0.7", false),
            ("169.254.0.7", false),
            ("fe80::7", false),
            ("2001:db8::7", false),
        ] {
            assert_eq!(is_private(&address.parse().expect("an address")), own, "{address}");
        }
    }

    #[test]
    fn what_a_certificate_cannot_name_is_no_host() {
        for name in ["orders.local", "kitchen", "192.168.1.7", "fd12::7"] {
            assert!(is_host_name(name), "{name}");
        }
        for name in ["", "a b", "http://orders", "orders:3000", "[::1]", "orders/x"] {
            assert!(!is_host_name(name), "{name}");
        }
    }
}
