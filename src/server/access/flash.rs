//! What somebody is to be told on the page that they are sent to after a form.
//! It is told once, to the session that has sent the form, and on that page: so
//! no address can make a page say what did not happen, and a secret is shown
//! once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::{principal::Principal, secret::Digest};
use crate::domain::UnixMillis;

/// How long it waits for its page.
const GOOD_FOR_MILLIS: i64 = 5 * 60_000;
/// Sessions that something waits for.
const MOST: usize = 1000;

/// What waits, at most one for each session.
#[derive(Default)]
pub(in crate::server) struct Flashes(Mutex<HashMap<Digest, (UnixMillis, Flash)>>);

/// Something to be told once.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::server) struct Flash {
    /// The path of the page that it is told on.
    pub(in crate::server) on: String,
    /// What has happened.
    pub(in crate::server) text: String,
    /// Whether that is good.
    pub(in crate::server) good: bool,
    /// What was made and is never shown again.
    pub(in crate::server) secret: Option<String>,
}

impl Flash {
    /// That something is done.
    pub(in crate::server) fn done(on: impl Into<String>, text: impl Into<String>) -> Self {
        Self { on: on.into(), text: text.into(), good: true, secret: None }
    }

    /// That something is not done, or not as it should be.
    pub(in crate::server) fn trouble(on: impl Into<String>, text: impl Into<String>) -> Self {
        Self { good: false, ..Self::done(on, text) }
    }

    /// With something that is shown this once.
    pub(in crate::server) fn with(self, secret: String) -> Self {
        Self { secret: Some(secret), ..self }
    }
}

impl Flashes {
    /// Has `flash` wait for the session of `principal`.
    pub(in crate::server) fn leave(&self, principal: &Principal, flash: Flash, now: UnixMillis) {
        let Some(session) = principal.credential else { return };
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (at, _)| now.since(*at) < GOOD_FOR_MILLIS);
        if waiting.len() < MOST || waiting.contains_key(&session) {
            waiting.insert(session, (now, flash));
        }
    }

    /// What waits for the session of `principal` on the page `on`.
    pub(in crate::server) fn take(
        &self,
        principal: &Principal,
        on: &str,
        now: UnixMillis,
    ) -> Option<Flash> {
        let session = principal.credential?;
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (at, _)| now.since(*at) < GOOD_FOR_MILLIS);
        if waiting.get(&session).is_none_or(|(_, flash)| flash.on != on) {
            return None;
        }
        waiting.remove(&session).map(|(_, flash)| flash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Location,
        server::access::{principal::Who, register::UserId, roles::Role},
    };

    fn manager(session: u8) -> Principal {
        let who = Who::User { id: UserId(1), name: "Ana".to_owned(), role: Role::Manager };
        Principal::with_role(who, Role::Manager, Vec::<Location>::new(), Digest([session; 32]))
    }

    #[test]
    fn a_secret_is_told_once_to_whoever_made_it_and_not_for_long() {
        let (flashes, now) = (Flashes::default(), UnixMillis(1_000_000));
        let flash = Flash::done("/access/keys", "made").with("lo_1".to_owned());
        flashes.leave(&manager(1), flash.clone(), now);
        assert!(flashes.take(&manager(2), "/access/keys", now).is_none(), "another session");
        assert!(flashes.take(&manager(1), "/access/users", now).is_none(), "another page");
        assert!(flashes.take(&manager(1), "/access/keys", now) == Some(flash.clone()));
        assert!(flashes.take(&manager(1), "/access/keys", now).is_none(), "told already");
        flashes.leave(&manager(1), flash.clone(), now);
        let late = now.plus(GOOD_FOR_MILLIS);
        assert!(flashes.take(&manager(1), "/access/keys", late).is_none());
        flashes.leave(&Principal::nobody(), flash, now);
        assert!(flashes.take(&Principal::nobody(), "/access/keys", now).is_none());
    }
}
