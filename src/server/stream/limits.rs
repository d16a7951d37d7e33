//! How many streams there may be: in all, and for one client.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// In a request's extensions: who is at the other end of its connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// How many streams there may be.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// In all.
    pub most: usize,
    /// For one client address; none when nothing is said.
    pub most_per_address: Option<usize>,
}

/// Counts the streams that are open.
#[derive(Debug)]
pub struct OpenStreams {
    limits: StreamLimits,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why a stream may not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// There are as many as there may be.
    All,
    /// This client has as many as it may have.
    Address,
    /// There are as many different filters as there may be.
    Filters,
    /// Readers have not taken yet what there may be of snapshots.
    Snapshots,
}

/// One stream that is counted; it is not any more when this is dropped.
#[derive(Debug)]
pub struct Permit {
    streams: Arc<OpenStreams>,
    address: Option<IpAddr>,
}

impl OpenStreams {
    /// None yet.
    #[must_use]
    pub fn new(limits: StreamLimits) -> Arc<Self> {
        Arc::new(Self { limits, counts: Mutex::default() })
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().all
    }

    /// Counts one more, of a client at `address`.
    ///
    /// # Errors
    /// There are too many already.
    pub fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, Full> {
        let address = address.map(network).filter(|_| self.limits.most_per_address.is_some());
        let mut counts = self.lock();
        if counts.all >= self.limits.most {
            return Err(Full::All);
        }
        if let (Some(address), Some(most)) = (address, self.limits.most_per_address) {
            let here = counts.by_address.entry(address).or_default();
            if *here >= most {
                return Err(Full::Address);
            }
            *here += 1;
        }
        counts.all += 1;
        Ok(Permit { streams: Arc::clone(self), address })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.streams.lock();
        counts.all -= 1;
        if let Some(address) = self.address
            && let Some(here) = counts.by_address.get_mut(&address)
        {
            *here -= 1;
            if *here == 0 {
                counts.by_address.remove(&address);
            }
        }
    }
}

/// What counts as one client. With IPv6 each has 2^64 addresses of its own.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::from((address.to_bits() >> 64 << 64).to_be_bytes()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(streams: &Arc<OpenStreams>, address: &str) -> Result<Permit, Full> {
        streams.enter(Some(address.parse().expect("an address")))
    }

    #[test]
    fn a_stream_is_counted_as_long_as_it_is_open() {
        let limits = StreamLimits { most: 3, most_per_address: Some(2) };
        let streams = OpenStreams::new(limits);
        let first = enter(&streams, "10.0.0.1").expect("the first");
        let _second = enter(&streams, "::ffff:10.0.0.1").expect("the second");
        let refused = enter(&streams, "10.0.0.1").expect_err("the third of one client");
        assert_eq!(refused, Full::Address);
        let third = enter(&streams, "10.0.0.2").expect("the third of all");
        assert_eq!(enter(&streams, "10.0.0.3").expect_err("one too many"), Full::All);
        drop((first, third));
        assert_eq!(streams.count(), 1);
        drop(enter(&streams, "10.0.0.1").expect("there is room again"));
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let limits = StreamLimits { most: 9, most_per_address: Some(1) };
        let streams = OpenStreams::new(limits);
        let _first = enter(&streams, "2001:db8:1:2::1").expect("the first");
        assert_eq!(enter(&streams, "2001:db8:1:2:3::4").err(), Some(Full::Address));
        enter(&streams, "2001:db8:1:3::1").expect("another network");
    }

    #[test]
    fn without_a_limit_for_one_client_none_is_kept() {
        let streams = OpenStreams::new(StreamLimits { most: 9, most_per_address: None });
        let open: Vec<_> = (0..9).map(|_| enter(&streams, "10.0.0.1")).collect();
        assert!(open.iter().all(Result::is_ok));
        assert!(streams.lock().by_address.is_empty());
    }
}
