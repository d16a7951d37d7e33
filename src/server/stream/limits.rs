//! How many streams there may be: in all, and for one client.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    domain::OrderId,
    server::access::{
        principal::Who,
        register::{KeyId, ScreenId, UserId},
    },
    wire::StreamFilter,
};

/// In a request's extensions: who is at the other end of its connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// In a request's extensions: the client's connection is encrypted.
#[derive(Clone, Copy, Debug)]
pub struct Secured;

/// Streams of customers who follow one order: a family, each with a telephone.
const GUESTS_OF_ORDER: usize = 20;

/// Different broad filters of one user, screen or key.
const FILTERS_EACH: usize = 64;
/// Different broad filters of all keys. The hub takes twice as many: whatever
/// programs do, the other half is for people and screens.
const FILTERS_OF_KEYS: usize = 512;

/// Who a stream is counted for besides its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Somebody who has logged in.
    User(UserId),
    /// A paired device.
    Screen(ScreenId),
    /// A program.
    Key(KeyId),
}

impl Holder {
    /// Whoever `who` is; none where nobody is asked.
    #[must_use]
    pub fn of(who: &Who) -> Option<Self> {
        match who {
            Who::User { id, .. } => Some(Self::User(*id)),
            Who::Screen { id, .. } => Some(Self::Screen(*id)),
            Who::Key { id, .. } => Some(Self::Key(*id)),
            Who::Everybody | Who::Nobody => None,
        }
    }

    /// Whether there is always room for its stream with `filter`: a board of all that
    /// somebody may see. There are as many of those filters as managers make walls.
    #[must_use]
    pub fn is_always_taken(self, filter: &StreamFilter) -> bool {
        let all = StreamFilter { wall: filter.wall.clone(), ..StreamFilter::default() };
        !matches!(self, Self::Key(_)) && *filter == all
    }
}

/// How many streams there may be.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// In all.
    pub most: usize,
    /// For one client address; none when nothing is said.
    pub most_per_address: Option<usize>,
    /// For one user, screen or key; none when nothing is said.
    pub most_each: Option<usize>,
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
    /// Of all, those of customers.
    guests: usize,
    by_order: HashMap<OrderId, usize>,
    by_holder: HashMap<Holder, Held>,
    /// How many keys hold each broad filter.
    of_keys: HashMap<StreamFilter, usize>,
}

/// What one user, screen or key has open.
#[derive(Debug, Default)]
struct Held {
    streams: usize,
    /// Broad filters, each with how many streams go by it.
    filters: HashMap<StreamFilter, usize>,
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
    /// As many pages follow this order as may.
    Order,
    /// This user, screen or key has as many as it may have.
    Each,
    /// This user, screen or key has as many different filters as it may have.
    FiltersEach,
    /// Keys have as many different filters as they may have.
    FiltersOfKeys,
}

impl Full {
    /// Whether it is the client's own doing, whatever others do.
    #[must_use]
    pub fn is_own(self) -> bool {
        matches!(self, Self::Each | Self::FiltersEach)
    }
}

/// One stream that is counted; it is not any more when this is dropped.
#[derive(Debug)]
pub struct Permit {
    streams: Arc<OpenStreams>,
    address: Option<IpAddr>,
    /// The order that a customer follows.
    guest: Option<OrderId>,
    /// Whose it is, and the broad filter that it goes by.
    held: Option<(Holder, Option<StreamFilter>)>,
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
        Ok(Permit { streams: Arc::clone(self), address, guest: None, held: None })
    }

    /// Counts one more, of a customer at `address` who follows `order`. Customers
    /// never take the places of the kitchen's screens.
    ///
    /// # Errors
    /// There are too many already.
    pub fn enter_guest(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        order: OrderId,
    ) -> Result<Permit, Full> {
        let mut permit = self.enter(address)?;
        let mut counts = self.lock();
        if counts.guests >= self.limits.most.div_ceil(2) {
            return Err(Full::All);
        }
        let here = counts.by_order.entry(order).or_default();
        if *here >= GUESTS_OF_ORDER {
            return Err(Full::Order);
        }
        *here += 1;
        counts.guests += 1;
        drop(counts);
        permit.guest = Some(order);
        Ok(permit)
    }

    /// Counts one more, of a client at `address` that is let in as `holder`, with `filter`.
    ///
    /// # Errors
    /// There are too many already.
    pub fn enter_as(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        holder: Option<Holder>,
        filter: &StreamFilter,
    ) -> Result<Permit, Full> {
        let mut permit = self.enter(address)?;
        let Some(holder) = holder else { return Ok(permit) };
        let mut counts = self.lock();
        let Counts { by_holder, of_keys, .. } = &mut *counts;
        let none = Held::default();
        let held = by_holder.get(&holder).unwrap_or(&none);
        if self.limits.most_each.is_some_and(|most| held.streams >= most) {
            return Err(Full::Each);
        }
        let broad =
            filter.orders.is_empty() && !filter.is_everything() && !holder.is_always_taken(filter);
        let of_key = matches!(holder, Holder::Key(_));
        if broad && !held.filters.contains_key(filter) {
            if held.filters.len() >= FILTERS_EACH {
                return Err(Full::FiltersEach);
            }
            if of_key && of_keys.len() >= FILTERS_OF_KEYS && !of_keys.contains_key(filter) {
                return Err(Full::FiltersOfKeys);
            }
        }
        let held = by_holder.entry(holder).or_default();
        held.streams += 1;
        if broad {
            let streams = held.filters.entry(filter.clone()).or_default();
            *streams += 1;
            if of_key && *streams == 1 {
                *of_keys.entry(filter.clone()).or_default() += 1;
            }
        }
        drop(counts);
        permit.held = Some((holder, broad.then(|| filter.clone())));
        Ok(permit)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.streams.lock();
        counts.all -= 1;
        if let Some(order) = self.guest {
            counts.guests -= 1;
            if let Some(here) = counts.by_order.get_mut(&order) {
                *here -= 1;
                if *here == 0 {
                    counts.by_order.remove(&order);
                }
            }
        }
        if let Some((holder, filter)) = &self.held {
            counts.let_go(*holder, filter.as_ref());
        }
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

impl Counts {
    /// A stream of `holder`, by this broad filter, has ended.
    fn let_go(&mut self, holder: Holder, filter: Option<&StreamFilter>) {
        let Some(held) = self.by_holder.get_mut(&holder) else { return };
        held.streams -= 1;
        if let Some(filter) = filter
            && let Some(streams) = held.filters.get_mut(filter)
        {
            *streams -= 1;
            if *streams == 0 {
                held.filters.remove(filter);
                if matches!(holder, Holder::Key(_))
                    && let Some(keys) = self.of_keys.get_mut(filter)
                {
                    *keys -= 1;
                    if *keys == 0 {
                        self.of_keys.remove(filter);
                    }
                }
            }
        }
        if held.streams == 0 {
            self.by_holder.remove(&holder);
        }
    }
}

/// What counts as one client. With IPv6 each has 2^64 addresses of its own.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::from((address.to_bits() >> 64 << 64).to_be_bytes()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Location;

    fn enter(streams: &Arc<OpenStreams>, address: &str) -> Result<Permit, Full> {
        streams.enter(Some(address.parse().expect("an address")))
    }

    #[test]
    fn a_stream_is_counted_as_long_as_it_is_open() {
        let limits = StreamLimits { most: 3, most_per_address: Some(2), most_each: None };
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
    fn customers_leave_room_for_screens() {
        let order = |number: u128| OrderId(uuid::Uuid::from_u128(number));
        let limits = StreamLimits { most: 60, most_per_address: None, most_each: None };
        let streams = OpenStreams::new(limits);
        let one: Vec<_> = (0..GUESTS_OF_ORDER)
            .map(|_| streams.enter_guest(None, order(1)).expect("a place"))
            .collect();
        assert_eq!(streams.enter_guest(None, order(1)).expect_err("enough"), Full::Order);
        let others: Vec<_> =
            (2..12).map(|it| streams.enter_guest(None, order(it)).expect("a place")).collect();
        assert_eq!(streams.enter_guest(None, order(99)).expect_err("half"), Full::All);
        let screen = streams.enter(None).expect("screens have their half");
        assert_eq!(streams.count(), 31);
        drop((one, others, screen));
        assert_eq!((streams.count(), streams.lock().guests), (0, 0));
        assert!(streams.lock().by_order.is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let limits = StreamLimits { most: 9, most_per_address: Some(1), most_each: None };
        let streams = OpenStreams::new(limits);
        let _first = enter(&streams, "2001:db8:1:2::1").expect("the first");
        assert_eq!(enter(&streams, "2001:db8:1:2:3::4").err(), Some(Full::Address));
        enter(&streams, "2001:db8:1:3::1").expect("another network");
    }

    #[test]
    fn without_a_limit_for_one_client_none_is_kept() {
        let streams =
            OpenStreams::new(StreamLimits { most: 9, most_per_address: None, most_each: None });
        let open: Vec<_> = (0..9).map(|_| enter(&streams, "10.0.0.1")).collect();
        assert!(open.iter().all(Result::is_ok));
        assert!(streams.lock().by_address.is_empty());
    }

    fn filter(number: usize, location: &str) -> StreamFilter {
        let mut filter = StreamFilter::default();
        if number > 0 {
            filter.add("station", &format!("s{number}")).expect("a station");
        }
        filter.wall.locations = vec![Location::parse(location).expect("a location")];
        filter
    }

    #[test]
    fn nobody_takes_the_places_of_others() {
        let limits = StreamLimits { most: 9999, most_per_address: None, most_each: Some(70) };
        let streams = OpenStreams::new(limits);
        let key = |number: i64| Some(Holder::Key(KeyId(number)));
        let enter = |holder, filter: &StreamFilter| streams.enter_as(None, holder, filter);
        let mut open = Vec::new();
        for number in 1..=FILTERS_EACH {
            open.push(enter(key(1), &filter(number, "main")).expect("a place"));
        }
        let refused = |holder, filter: &StreamFilter| enter(holder, filter).expect_err("full");
        assert_eq!(refused(key(1), &filter(0, "main")), Full::FiltersEach);
        for _ in FILTERS_EACH..70 {
            open.push(enter(key(1), &filter(1, "main")).expect("one that it has"));
        }
        assert_eq!(refused(key(1), &filter(1, "main")), Full::Each);
        assert!(Full::Each.is_own() && !Full::FiltersOfKeys.is_own());
        // All keys together have their share, and what others of them have is no more.
        for number in FILTERS_EACH..FILTERS_OF_KEYS {
            let other = i64::try_from(number).expect("few");
            open.push(enter(key(other), &filter(number + 1, "main")).expect("a place"));
        }
        assert_eq!(refused(key(9999), &filter(9999, "main")), Full::FiltersOfKeys);
        open.push(enter(key(9999), &filter(2, "main")).expect("one that others have"));
        // Screens and people have theirs, and their boards always.
        let screen = Some(Holder::Screen(ScreenId(1)));
        for number in 1..=FILTERS_EACH {
            open.push(enter(screen, &filter(number, "airport")).expect("a place"));
        }
        assert_eq!(refused(screen, &filter(9999, "airport")), Full::FiltersEach);
        open.push(enter(screen, &filter(0, "airport")).expect("its board"));
        drop(open);
        let counts = streams.lock();
        assert!(counts.by_holder.is_empty() && counts.of_keys.is_empty() && counts.all == 0);
    }
}
