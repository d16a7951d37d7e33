//! How much a key or a channel that signs may write, and how often an address may
//! send what nobody has signed: a bucket of tokens each, that fills up again.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use axum::http::{HeaderMap, HeaderValue};

use super::register::KeyId;
use crate::domain::Channel;

/// The time in which a bucket fills up.
const WINDOW_S: f64 = 60.0;
/// Buckets that are kept before those that are full again are let go of.
const MOST: usize = 10_000;

/// Whose bucket it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A key's.
    Key(KeyId),
    /// That of a channel that signs its orders.
    Channel(Channel),
    /// Of a network that sends what is not signed as it should be.
    Network(IpAddr),
}

/// How much each of them may still do.
#[derive(Debug)]
pub struct Limits {
    /// Writes a minute; also how many may come at once.
    per_minute: u32,
    buckets: Mutex<HashMap<Subject, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Writes a minute.
    pub limit: u32,
    /// Writes that it may send at once.
    pub left: u32,
    /// Seconds until there is one more.
    pub more_in_s: u32,
}

impl Standing {
    /// Says it in the headers of an answer.
    pub fn tell(self, headers: &mut HeaderMap) {
        let Self { limit, left, more_in_s } = self;
        let said = [
            ("ratelimit-policy", format!("\"writes\";q={limit};w=60")),
            ("ratelimit", format!("\"writes\";r={left};t={more_in_s}")),
        ];
        for (name, value) in said {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

impl Limits {
    /// So many writes a minute for each.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, buckets: Mutex::default() }
    }

    /// Counts one write of `subject`.
    ///
    /// # Errors
    /// It has written too much: how it stands.
    pub fn take(&self, subject: Subject, now: Instant) -> Result<Standing, Standing> {
        self.stands(subject, now, true)
    }

    /// Whether `subject` has one write left, without counting it.
    ///
    /// # Errors
    /// It has written too much: how it stands.
    pub fn look(&self, subject: Subject, now: Instant) -> Result<Standing, Standing> {
        self.stands(subject, now, false)
    }

    fn stands(&self, subject: Subject, now: Instant, take: bool) -> Result<Standing, Standing> {
        let most = f64::from(self.per_minute);
        let a_second = most / WINDOW_S;
        let filled = |bucket: &Bucket| {
            let since = now.saturating_duration_since(bucket.at).as_secs_f64();
            since.mul_add(a_second, bucket.tokens).min(most)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(&subject) {
            // A bucket that is full says no more than none.
            buckets.retain(|_, bucket| filled(bucket) < most);
        }
        let crowded = buckets.len() >= MOST && !buckets.contains_key(&subject);
        let subject = match subject {
            // Whoever has so many addresses has one bucket for the rest of them.
            Subject::Network(_) if crowded => Subject::Network(Ipv4Addr::UNSPECIFIED.into()),
            subject => subject,
        };
        let mut tokens = buckets.get(&subject).map_or(most, filled);
        let has_one = tokens >= 1.0;
        if has_one && take {
            tokens -= 1.0;
        }
        if take {
            buckets.insert(subject, Bucket { tokens, at: now });
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small and not negative"
        )]
        let standing = Standing {
            limit: self.per_minute,
            left: tokens as u32,
            more_in_s: ((1.0 - tokens.fract()) / a_second).ceil().max(1.0) as u32,
        };
        if has_one { Ok(standing) } else { Err(standing) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_key_that_writes_too_much_waits_and_others_do_not() {
        let limits = Limits::new(30);
        let (busy, quiet) = (Subject::Key(KeyId(1)), Subject::Key(KeyId(2)));
        let begun = Instant::now();
        for left in (0..30).rev() {
            assert!(limits.look(busy.clone(), begun).is_ok());
            assert_eq!(limits.take(busy.clone(), begun).expect("there is room").left, left);
        }
        let refused = limits.take(busy.clone(), begun).expect_err("one too many");
        assert_eq!(refused, Standing { limit: 30, left: 0, more_in_s: 2 });
        assert!(limits.look(busy.clone(), begun).is_err());
        assert!(limits.take(quiet, begun).is_ok());
        let later = begun + Duration::from_secs(2);
        assert!(limits.take(busy.clone(), later).is_ok());
        assert!(limits.take(busy, later).is_err());
    }

    #[test]
    fn nobody_fills_the_memory_with_addresses() {
        let limits = Limits::new(30);
        let network = |number: u32| Subject::Network(IpAddr::from(number.to_be_bytes()));
        let begun = Instant::now();
        let few = u32::try_from(MOST).expect("few");
        for number in 1..=2 * few {
            let _ = limits.take(network(number), begun);
        }
        let kept = || limits.buckets.lock().expect("not poisoned").len();
        assert_eq!(kept(), MOST + 1);
        assert!(limits.take(network(2 * few + 1), begun).is_err(), "the others share one");
        let later = begun + Duration::from_mins(1);
        assert!(limits.take(network(2 * few + 1), later).is_ok());
        assert_eq!(kept(), 1, "those that are full again are let go of");
    }
}
