//! Guessing passwords takes time: for an account from one address, for an account
//! from everywhere, and for an address.
//!
//! Whoever guesses at an account must not be able to keep its owner out. So what is
//! wrong from elsewhere has an owner wait for seconds at most, and not at all where
//! they have logged in before.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{domain::UnixMillis, server::stream::network};

/// After how long without a failure everything is forgotten.
const FORGET_MILLIS: i64 = 15 * 60_000;
/// After how long an account's addresses are.
const FAMILIAR_MILLIS: i64 = 30 * 24 * 60 * 60_000;
/// Accounts and addresses that are remembered. Beyond that the oldest go.
const MOST: usize = 10_000;

/// Who has failed how often, and who has logged in from where.
#[derive(Debug, Default)]
pub struct Throttle {
    names: RandomState,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    failures: HashMap<Subject, Failures>,
    familiar: HashMap<(u64, IpAddr), UnixMillis>,
}

/// Accounts are hashes of names with their present passwords: another password
/// begins anew, and a name of any length takes the same room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    /// An account from one address.
    Here(u64, IpAddr),
    /// An account from wherever nobody has logged in to it.
    Account(u64),
    /// An address.
    Address(IpAddr),
    /// What one customer of a provider has of IPv6.
    Site(IpAddr),
}

impl Subject {
    /// How many wrong passwords are forgiven before each further one has to wait,
    /// and the longest that it waits.
    fn patience(self) -> (u32, i64) {
        match self {
            Self::Here(..) => (5, 5 * 60_000),
            Self::Account(_) => (20, 15_000),
            // Many people may be behind one.
            Self::Address(_) => (20, 5 * 60_000),
            Self::Site(_) => (100, 5 * 60_000),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: UnixMillis,
}

impl Failures {
    /// Until when whoever failed so often has to wait.
    fn until(self, subject: Subject) -> UnixMillis {
        let (forgiven, longest) = subject.patience();
        let Some(beyond) = self.count.checked_sub(forgiven) else { return self.last };
        self.last.plus((1000_i64 << beyond.min(20)).min(longest))
    }
}

/// A password that is being tried, counted as wrong until it is known to be right.
#[derive(Debug)]
#[must_use]
pub struct Try {
    subjects: Vec<Subject>,
    account: u64,
    name: u64,
    address: Option<IpAddr>,
}

impl Throttle {
    /// Somebody at `address` wants to try a password of the account `name`, of whose
    /// password `kept` is kept. It is counted as a failure at once, so that many at
    /// the same time are not forgiven together.
    ///
    /// # Errors
    /// For how many seconds they may not.
    pub fn begin(
        &self,
        name: &str,
        kept: Option<&str>,
        address: Option<IpAddr>,
        now: UnixMillis,
    ) -> Result<Try, i64> {
        let name = name.to_lowercase();
        let (account, name) = (self.names.hash_one((&name, kept)), self.names.hash_one(&name));
        let mut known = self.known();
        let here = address.map(network);
        let familiar = here.is_some_and(|here| known.familiar.contains_key(&(name, here)));
        let mut subjects = Vec::with_capacity(4);
        if let Some(here) = here {
            subjects.extend([Subject::Here(account, here), Subject::Address(here)]);
            subjects.extend(site(here).map(Subject::Site));
        }
        if !familiar {
            subjects.push(Subject::Account(account));
        }
        let wait = |subject: &Subject| {
            let failures = known.failures.get(subject)?;
            Some(failures.until(*subject).since(now))
        };
        let longest = subjects.iter().filter_map(wait).max().unwrap_or_default();
        if longest > 0 {
            return Err((longest + 999) / 1000);
        }
        known.forget(now);
        for subject in &subjects {
            let failures =
                known.failures.entry(*subject).or_insert(Failures { count: 0, last: now });
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
        }
        Ok(Try { subjects, account, name, address: here })
    }

    /// The password could not be tried at all.
    pub fn not_tried(&self, tried: &Try) {
        let mut known = self.known();
        for subject in &tried.subjects {
            known.take_back(*subject);
        }
    }

    /// The password was right: the account has no failures any more. The address
    /// keeps the others, or one account would pay for guessing at the rest.
    pub fn succeeded(&self, tried: &Try, now: UnixMillis) {
        let mut known = self.known();
        for subject in &tried.subjects {
            match subject {
                Subject::Address(_) | Subject::Site(_) => known.take_back(*subject),
                Subject::Here(..) | Subject::Account(_) => {
                    known.failures.remove(subject);
                }
            }
        }
        known.failures.remove(&Subject::Account(tried.account));
        if let Some(address) = tried.address {
            known.familiar.insert((tried.name, address), now);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn take_back(&mut self, subject: Subject) {
        if let Some(failures) = self.failures.get_mut(&subject) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    /// Forgets what is over, and the oldest where there is too much.
    fn forget(&mut self, now: UnixMillis) {
        self.failures.retain(|_, failures| now.since(failures.last) < FORGET_MILLIS);
        self.familiar.retain(|_, at| now.since(*at) < FAMILIAR_MILLIS);
        let oldest = self.failures.iter().min_by_key(|(_, failures)| failures.last);
        if self.failures.len() >= MOST
            && let Some(oldest) = oldest.map(|(subject, _)| *subject)
        {
            // The four of one attempt come together, and so do they go.
            let last = self.failures.get(&oldest).map(|failures| failures.last);
            self.failures.retain(|_, failures| Some(failures.last) != last);
        }
        let oldest = self.familiar.iter().min_by_key(|(_, at)| **at).map(|(pair, _)| *pair);
        if self.familiar.len() >= MOST
            && let Some(oldest) = oldest
        {
            self.familiar.remove(&oldest);
        }
    }
}

/// The 48 bits that a provider hands to one customer.
fn site(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    let [a, b, c, ..] = address.segments();
    Some(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: UnixMillis = UnixMillis(1_000_000);

    fn from(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    /// Tries a wrong password; for how many seconds they have to wait instead.
    fn wrong(throttle: &Throttle, name: &str, address: u8, now: UnixMillis) -> Option<i64> {
        throttle.begin(name, Some("kept"), Some(from(address)), now).err()
    }

    #[test]
    fn an_account_waits_longer_with_each_wrong_password_from_an_address() {
        let throttle = Throttle::default();
        for _ in 0..5 {
            assert_eq!(wrong(&throttle, "Mo", 1, BEGUN), None);
        }
        assert_eq!(wrong(&throttle, "mo", 1, BEGUN), Some(1));
        assert_eq!(wrong(&throttle, "Ana", 1, BEGUN), None, "of nobody else");
        let later = BEGUN.plus(1000);
        assert_eq!(wrong(&throttle, "Mo", 1, later), None);
        assert_eq!(wrong(&throttle, "Mo", 1, later), Some(2));
        let tried =
            throttle.begin("Mo", Some("another"), Some(from(1)), later).expect("a new password");
        throttle.succeeded(&tried, later);
    }

    #[test]
    fn nobody_is_kept_out_by_who_guesses_at_their_account() {
        let throttle = Throttle::default();
        let tried = throttle.begin("Mo", Some("kept"), Some(from(1)), BEGUN).expect("a try");
        throttle.succeeded(&tried, BEGUN);
        let mut now = BEGUN;
        for address in 2..250 {
            now = now.plus(20_000);
            assert_eq!(wrong(&throttle, "Mo", address, now), None);
        }
        assert_eq!(
            wrong(&throttle, "Mo", 250, now),
            Some(15),
            "a stranger waits, and not for long"
        );
        assert_eq!(wrong(&throttle, "Mo", 1, now), None, "whoever was here before does not");
    }

    #[test]
    fn an_address_pays_for_all_accounts_that_it_guesses_at() {
        let throttle = Throttle::default();
        for number in 0..20 {
            assert_eq!(wrong(&throttle, &format!("user {number}"), 1, BEGUN), None);
        }
        assert_eq!(wrong(&throttle, "another", 1, BEGUN), Some(1));
        assert_eq!(wrong(&throttle, "another", 2, BEGUN), None);
        let forgotten = BEGUN.plus(FORGET_MILLIS);
        assert_eq!(wrong(&throttle, "another", 1, forgotten), None);
    }

    #[test]
    fn many_addresses_of_one_customer_are_one() {
        let throttle = Throttle::default();
        let address = |number: u16| Some(IpAddr::from([0x2001, 0xDB8, 7, number, 0, 0, 0, 1]));
        let wrong = |number: u16| {
            throttle.begin(&format!("user {number}"), None, address(number), BEGUN).is_err()
        };
        assert_eq!((0..100).filter(|number| wrong(*number)).count(), 0);
        assert!(wrong(100));
    }

    #[test]
    fn what_could_not_be_tried_is_no_failure() {
        let throttle = Throttle::default();
        for _ in 0..30 {
            let tried = throttle.begin("Mo", None, Some(from(1)), BEGUN).expect("a try");
            throttle.not_tried(&tried);
        }
    }

    #[test]
    fn what_is_remembered_has_an_end_and_still_counts() {
        let throttle = Throttle::default();
        let mut now = BEGUN;
        for number in 0..2 * MOST {
            now = now.plus(1);
            let [high, low] = u16::try_from(number % 60_000).unwrap_or_default().to_be_bytes();
            let address = Some(IpAddr::from([10, 1, high, low]));
            let _ = throttle.begin(&"x".repeat(1000), None, address, now);
        }
        assert!(throttle.known().failures.len() <= MOST + 4);
        for _ in 0..5 {
            assert_eq!(wrong(&throttle, "Mo", 1, now), None);
        }
        assert_eq!(wrong(&throttle, "Mo", 1, now), Some(1));
    }
}
