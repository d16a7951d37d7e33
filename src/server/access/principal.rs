//! Who a request comes from, and what follows from it.

use std::{convert::Infallible, net::IpAddr, ops::Deref, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{
    register::{KeyId, ScreenId, UserId},
    roles::{OF_ALL_LOCATIONS, Right, Rights, Role},
    secret::Digest,
};
use crate::{
    domain::{Actor, ActorKind, Channel, Location},
    live::board::ANY_BOARD,
    server::error::Problem,
    wire::{StreamFilter, Wall},
};

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Somebody who has logged in.
    User {
        /// Which of the users.
        id: UserId,
        /// What they log in as.
        name: String,
        /// What they are let in as.
        role: Role,
    },
    /// A device that a manager has paired.
    Screen {
        /// Which of the devices.
        id: ScreenId,
        /// What it is called in the history of orders.
        name: String,
        /// What it is let in as.
        role: Role,
    },
    /// A program with an API key.
    Key {
        /// Which of the keys.
        id: KeyId,
        /// What the key is called.
        name: String,
    },
    /// Anybody at all, where that is allowed: a demo.
    Everybody,
    /// Somebody who has not said who they are.
    Nobody,
}

/// Who a request comes from, what they may do, and to which orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub who: Who,
    /// What they may do.
    pub rights: Rights,
    /// Which orders there are for them.
    pub wall: Wall,
    /// What they were let in by, if by anything.
    pub(in crate::server) credential: Option<Digest>,
    /// Where they are, as far as that is known.
    pub(super) address: Option<IpAddr>,
}

impl Principal {
    /// Somebody with a role, bound to `locations` if there are any.
    pub(super) fn with_role(
        who: Who,
        role: Role,
        locations: Vec<Location>,
        credential: Digest,
    ) -> Self {
        let wall = Wall { locations, channel: None };
        Self::new(who, role.rights(), wall, Some(credential))
    }

    /// A program with a key.
    pub(super) fn with_key(who: Who, rights: Rights, wall: Wall, credential: Digest) -> Self {
        Self::new(who, rights, wall, Some(credential))
    }

    /// Anybody, where nobody is asked.
    pub(super) fn everybody() -> Self {
        let rights = Rights::ALL.without(Rights::of(&[Right::Admit, Right::Connect]));
        Self::new(Who::Everybody, rights, Wall::default(), None)
    }

    /// Somebody who has not said who they are.
    #[must_use]
    pub fn nobody() -> Self {
        Self::new(Who::Nobody, Rights::NONE, Wall::default(), None)
    }

    /// A channel that has signed what it sends, and so has one thing to do: to place
    /// orders of its own, at `locations` if there are any.
    #[must_use]
    pub fn of_channel(channel: Channel, locations: Vec<Location>) -> Self {
        let wall = Wall { locations, channel: Some(channel) };
        Self::new(Who::Nobody, Rights::of(&[Right::Place]), wall, None)
    }

    fn new(who: Who, rights: Rights, mut wall: Wall, credential: Option<Digest>) -> Self {
        wall.locations.sort_unstable();
        wall.locations.dedup();
        let bound = !wall.is_open();
        let rights = if bound { rights.without(OF_ALL_LOCATIONS) } else { rights };
        Self { who, rights, wall, credential, address: None }
    }

    /// Whether what they have seen has been seen by the kitchen: somebody who works
    /// there, and no program of a partner's.
    #[must_use]
    pub fn sees_for_the_kitchen(&self) -> bool {
        self.rights.has(Right::Work) && !matches!(self.who, Who::Key { .. })
    }

    /// Refuses what they may not do.
    ///
    /// # Errors
    /// They have not said who they are, or may not.
    pub fn may(&self, right: Right) -> Result<(), Problem> {
        match self.who {
            _ if self.rights.has(right) => Ok(()),
            Who::Nobody => Err(Problem::NotAuthenticated),
            _ => Err(Problem::NotAllowed(right)),
        }
    }

    /// Puts the wall around what they ask for.
    ///
    /// # Errors
    /// They ask for nothing but what is beyond it.
    pub fn narrow(&self, filter: &mut StreamFilter) -> Result<(), Problem> {
        let Wall { locations, channel } = &self.wall;
        let beyond = !locations.is_empty()
            && !filter.locations.is_empty()
            && !filter.locations.iter().any(|location| locations.contains(location));
        if beyond {
            return Err(Problem::OutsideYourLocations);
        }
        if let Some(own) = channel
            && !filter.channels.is_empty()
            && !filter.channels.contains(own)
        {
            return Err(Problem::OtherChannel);
        }
        filter.wall = self.wall.clone();
        Ok(())
    }

    /// Refuses an order that is to be placed beyond the wall.
    ///
    /// # Errors
    /// It is for another location, or of another channel.
    pub fn may_place(&self, location: &Location, channel: &Channel) -> Result<(), Problem> {
        if !self.wall.locations.is_empty() && !self.wall.locations.contains(location) {
            return Err(Problem::OutsideYourLocations);
        }
        if self.wall.channel.as_ref().is_some_and(|own| own != channel) {
            return Err(Problem::OtherChannel);
        }
        Ok(())
    }

    /// Who a change is signed with: whoever asks for it, whatever the request
    /// says. Managers may sign for others, as a till does that knows its staff.
    #[must_use]
    pub fn sign(&self, said: Actor) -> Actor {
        // Who says nothing, or nothing but that it was at a board, has said nothing about
        // others. Nor is anybody the clock.
        let is_nobody = said.kind == ActorKind::System || said == unsaid() || said == any_board();
        let own = self.actor().filter(|_| is_nobody || !self.signs_for_others());
        own.unwrap_or(said)
    }

    /// Whether they may say who has done what they do.
    #[must_use]
    pub fn signs_for_others(&self) -> bool {
        matches!(self.who, Who::Everybody | Who::User { role: Role::Manager, .. })
    }

    /// Who they are in the history of an order; none where nobody knows.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        let (kind, id) = match &self.who {
            Who::User { name, .. } | Who::Screen { name, .. } => (ActorKind::Staff, name),
            Who::Key { name, .. } => (ActorKind::Partner, name),
            Who::Everybody | Who::Nobody => return None,
        };
        Some(Actor { kind, id: id.clone() })
    }

    /// Who has placed an order of `channel`. What comes over a channel's own key
    /// comes from the channel's customers.
    #[must_use]
    pub fn placed_by(&self, channel: &Channel) -> Option<Actor> {
        self.actor().filter(|_| self.wall.channel.as_ref() != Some(channel))
    }

    /// What tells them from everybody else who uses the same device; empty where
    /// nobody is asked.
    #[must_use]
    pub fn person(&self) -> String {
        match &self.who {
            Who::User { id, .. } => format!("user-{}", id.0),
            Who::Screen { id, .. } => format!("screen-{}", id.0),
            Who::Key { id, .. } => format!("key-{}", id.0),
            Who::Everybody | Who::Nobody => String::new(),
        }
    }

    /// Who has logged in; none where it is no person who can log out again.
    #[must_use]
    pub fn logged_in_as(&self) -> Option<String> {
        match &self.who {
            Who::User { name, .. } => Some(name.clone()),
            _ => None,
        }
    }

    /// What they are called in the list of who did what.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.who {
            Who::User { name, .. } | Who::Screen { name, .. } | Who::Key { name, .. } => name,
            Who::Everybody => "everybody",
            Who::Nobody => "nobody",
        }
    }
}

/// Who a change is by that does not say.
#[must_use]
pub fn unsaid() -> Actor {
    Actor { kind: ActorKind::Staff, id: "api".to_owned() }
}

/// Whoever is at a board of no screen, as the board itself says it.
fn any_board() -> Actor {
    Actor { kind: ActorKind::Staff, id: ANY_BOARD.to_owned() }
}

/// The principal of a request, as its handler gets it.
#[derive(Clone, Debug)]
pub struct Caller(pub Arc<Principal>);

impl Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let found = parts.extensions.get::<Self>().cloned();
        // What has come by no door has no rights.
        Ok(found.unwrap_or_else(|| Self(Arc::new(Principal::nobody()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(name: &str) -> Location {
        Location::parse(name).expect("a location")
    }

    fn cook(locations: &[&str]) -> Principal {
        let who = Who::User { id: UserId(1), name: "Mo".to_owned(), role: Role::Manager };
        let locations = locations.iter().map(|name| location(name)).collect();
        Principal::with_role(who, Role::Manager, locations, Digest([0; 32]))
    }

    #[test]
    fn whoever_is_bound_to_a_location_decides_nothing_for_all() {
        assert!(cook(&[]).may(Right::Admit).is_ok());
        let bound = cook(&["airport"]);
        assert_eq!(bound.may(Right::Admit), Err(Problem::NotAllowed(Right::Admit)));
        assert!(bound.may(Right::Direct).is_ok());
        assert_eq!(Principal::nobody().may(Right::Read), Err(Problem::NotAuthenticated));
    }

    #[test]
    fn a_filter_never_reaches_beyond_the_wall() {
        let bound = cook(&["airport", "main"]);
        let mut all = StreamFilter::default();
        bound.narrow(&mut all).expect("something of it");
        assert_eq!(all.wall.locations, [location("airport"), location("main")]);
        let mut both =
            StreamFilter { locations: vec![location("beach"), location("main")], ..all.clone() };
        bound.narrow(&mut both).expect("something of it");
        assert!(!both.wall.lets(&location("beach"), &Channel::parse("web").expect("a channel")));
        let mut other = StreamFilter { locations: vec![location("beach")], ..all };
        assert_eq!(bound.narrow(&mut other), Err(Problem::OutsideYourLocations));
    }

    #[test]
    fn a_change_is_signed_with_whoever_makes_it() {
        let said = Actor { kind: ActorKind::Staff, id: "somebody else".to_owned() };
        let screen = Who::Screen { id: ScreenId(1), name: "grill".to_owned(), role: Role::Cook };
        let screen = Principal::with_role(screen, Role::Cook, Vec::new(), Digest([0; 32]));
        assert_eq!(screen.sign(said.clone()).id, "grill");
        assert_eq!(cook(&[]).sign(said.clone()), said);
        assert_eq!(cook(&[]).sign(unsaid()).id, "Mo");
        assert_eq!(Principal::everybody().sign(said.clone()), said);
    }
}
