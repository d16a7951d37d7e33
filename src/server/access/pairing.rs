//! Devices that wait to be let in. Each shows a code; whoever types it into the
//! page of a manager lets that device in. The code itself opens nothing.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rand::seq::IndexedRandom as _;

use super::{
    register::ScreenId,
    secret::{Digest, Secret},
};
use crate::{domain::UnixMillis, server::stream::network};

/// How long a code stands.
pub(super) const GOOD_FOR_MILLIS: i64 = 10 * 60_000;
/// For how long a device that does not ask how it stands is taken to be there.
const STILL_HERE_MILLIS: i64 = 15_000;
/// Devices that may wait, in all and at one address.
const MOST: usize = 200;
const MOST_PER_ADDRESS: usize = 20;
/// What codes are made of: nothing that is taken for something else.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 8;

/// The devices that wait.
#[derive(Debug, Default)]
pub struct Pairing(Mutex<HashMap<Digest, Waiting>>);

#[derive(Clone, Debug)]
struct Waiting {
    code: String,
    since: UnixMillis,
    /// When it asked last how it stands.
    asked: UnixMillis,
    address: Option<IpAddr>,
    let_in: Option<ScreenId>,
    /// What it is given when it is let in. Two tabs of it may come for it.
    token: Secret,
}

/// A device that shows a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is, as far as that is known.
    pub address: Option<IpAddr>,
}

/// A device that nobody has let in yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shows {
    /// The code that it shows.
    pub code: String,
    /// Since when it waits.
    pub since: UnixMillis,
    /// Where it is, as far as that is known.
    pub address: Option<IpAddr>,
}

/// How a device stands that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It shows this code.
    Shows(String),
    /// It is let in.
    LetIn(ScreenId),
}

impl Pairing {
    /// Has a device at `address` wait with `secret`: that, and the code that it shows. Where
    /// too many wait, the one goes that has not asked for longest how it stands; none
    /// when all of them do.
    pub fn begin(
        &self,
        secret: Secret,
        address: Option<IpAddr>,
        now: UnixMillis,
    ) -> Option<(Secret, String)> {
        let address = address.map(network);
        let mut waiting = self.lock(now);
        if let Some(device) = waiting.get(&secret.digest()).filter(|it| it.let_in.is_none()) {
            // Two of its tabs have asked at once: they show the same.
            return Some((secret, device.code.clone()));
        }
        let here = waiting.values().filter(|other| other.address == address).count();
        if here >= MOST_PER_ADDRESS {
            make_room(&mut waiting, now, |other| other.address == address)?;
        } else if waiting.len() >= MOST {
            make_room(&mut waiting, now, |_| true)?;
        }
        let code = code();
        let device = Waiting {
            code: code.clone(),
            since: now,
            asked: now,
            address,
            let_in: None,
            token: Secret::random(),
        };
        waiting.insert(secret.digest(), device);
        Some((secret, code))
    }

    /// How the device with this secret stands; none when it does not wait.
    pub fn standing(&self, secret: Secret, now: UnixMillis) -> Option<Standing> {
        let mut waiting = self.lock(now);
        let device = waiting.get_mut(&secret.digest())?;
        device.asked = now;
        Some(device.let_in.map_or_else(|| Standing::Shows(device.code.clone()), Standing::LetIn))
    }

    /// What the device with this secret is known by when it is let in: the same
    /// each time that it comes for it.
    pub fn token(&self, secret: Secret, now: UnixMillis) -> Secret {
        let waiting = self.lock(now);
        waiting.get(&secret.digest()).map_or_else(Secret::random, |device| device.token)
    }

    /// The device that shows `code`; none when none does.
    pub fn find(&self, code: &str, now: UnixMillis) -> Option<Found> {
        let code = plain(code);
        let waiting = self.lock(now);
        let shows = |device: &&Waiting| device.let_in.is_none() && plain(&device.code) == code;
        waiting.values().find(shows).map(|device| Found { address: device.address })
    }

    /// The devices that wait, the last to come first.
    pub fn waiting(&self, now: UnixMillis) -> Vec<Shows> {
        let waiting = self.lock(now);
        let shows = waiting.values().filter(|device| device.let_in.is_none()).map(|device| Shows {
            code: device.code.clone(),
            since: device.since,
            address: device.address,
        });
        let mut shows: Vec<Shows> = shows.collect();
        shows.sort_by(|one, other| (other.since, &other.code).cmp(&(one.since, &one.code)));
        shows
    }

    /// Lets the device in that shows `code`. Whether one does.
    pub fn let_in(&self, code: &str, screen: ScreenId, now: UnixMillis) -> bool {
        let code = plain(code);
        let mut waiting = self.lock(now);
        let shows = |device: &&mut Waiting| device.let_in.is_none() && plain(&device.code) == code;
        let Some(device) = waiting.values_mut().find(shows) else { return false };
        device.let_in = Some(screen);
        device.since = now;
        true
    }

    fn lock(&self, now: UnixMillis) -> MutexGuard<'_, HashMap<Digest, Waiting>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, device| now.since(device.since) < GOOD_FOR_MILLIS);
        waiting
    }
}

/// Takes out, of those that `may_go`, the one that has not asked for longest; none where
/// each has asked just now, as a page that shows a code does every three seconds.
fn make_room(
    waiting: &mut HashMap<Digest, Waiting>,
    now: UnixMillis,
    may_go: impl Fn(&Waiting) -> bool,
) -> Option<()> {
    let gone = |device: &Waiting| {
        device.let_in.is_none() && now.since(device.asked) >= STILL_HERE_MILLIS && may_go(device)
    };
    let longest = waiting.iter().filter(|(_, device)| gone(device));
    let longest = longest.min_by_key(|(_, device)| device.asked).map(|(digest, _)| *digest)?;
    waiting.remove(&longest);
    Some(())
}

/// A code such as `K7QM-2XPD`.
fn code() -> String {
    let mut rng = rand::rng();
    let mut code = String::with_capacity(CODE_LENGTH + 1);
    for place in 0..CODE_LENGTH {
        if place == CODE_LENGTH / 2 {
            code.push('-');
        }
        code.extend(ALPHABET.choose(&mut rng).copied().map(char::from));
    }
    code
}

/// A code as somebody may have typed it.
pub(super) fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_uppercase()).collect()
}

/// Reads a code that somebody has typed.
///
/// # Errors
/// It cannot be one; what one is.
pub(super) fn read_code(raw: &str) -> Result<String, String> {
    let code = plain(raw);
    let is_one = code.len() == CODE_LENGTH && code.bytes().all(|it| ALPHABET.contains(&it));
    let is_clean = raw.chars().all(|it| it.is_ascii_alphanumeric() || it == '-' || it == ' ');
    if is_one && is_clean {
        Ok(code)
    } else {
        Err("a code is eight letters and digits that the screen shows, such as 7K3M-PQ9D"
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    #[test]
    fn a_device_waits_until_somebody_types_its_code() {
        let pairing = Pairing::default();
        let (secret, code) = pairing.begin(Secret::random(), None, NOW).expect("room");
        let (other, _) = pairing.begin(Secret::random(), None, NOW).expect("room");
        assert_eq!(pairing.standing(secret, NOW), Some(Standing::Shows(code.clone())));
        assert!(!pairing.let_in("no code", ScreenId(7), NOW));
        let typed = code.to_lowercase().replace('-', " ");
        assert_eq!(pairing.find(&typed, NOW), Some(Found { address: None }));
        assert!(pairing.let_in(&typed, ScreenId(7), NOW));
        assert_eq!(pairing.standing(secret, NOW), Some(Standing::LetIn(ScreenId(7))));
        assert!(matches!(pairing.standing(other, NOW), Some(Standing::Shows(_))));
        assert!(!pairing.let_in(&typed, ScreenId(8), NOW), "a code is good for one device");
        assert_eq!(pairing.standing(secret, NOW.plus(GOOD_FOR_MILLIS)), None);
    }

    #[test]
    fn two_tabs_of_a_device_show_the_same_code() {
        let pairing = Pairing::default();
        let (secret, code) = pairing.begin(Secret::random(), None, NOW).expect("room");
        let again = pairing.begin(secret, None, NOW).expect("room");
        assert_eq!(again.1, code);
        assert!(pairing.let_in(&code, ScreenId(7), NOW));
    }

    #[test]
    fn not_everybody_can_wait() {
        let pairing = Pairing::default();
        let address = |last| Some(IpAddr::from([10, 0, 0, last]));
        for _ in 0..MOST_PER_ADDRESS {
            assert!(pairing.begin(Secret::random(), address(1), NOW).is_some());
        }
        assert!(pairing.begin(Secret::random(), address(1), NOW).is_none());
        let (secret, _) = pairing.begin(Secret::random(), address(2), NOW).expect("room");
        let later = NOW.plus(STILL_HERE_MILLIS);
        assert!(pairing.standing(secret, later).is_some());
        // Nobody keeps a place who does not show its code to anybody.
        for _ in 0..MOST_PER_ADDRESS {
            assert!(pairing.begin(Secret::random(), address(1), later).is_some());
        }
        assert!(pairing.begin(Secret::random(), address(1), later).is_none());
        assert!(pairing.standing(secret, later).is_some());
        assert!(pairing.begin(Secret::random(), address(1), NOW.plus(GOOD_FOR_MILLIS)).is_some());
    }
}
