//! What somebody may do: a few rights, and the roles and scopes that are made of them.

use std::{fmt, str::FromStr};

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Right {
    /// See orders and boards.
    Read = 1,
    /// Follow along: the stream.
    Follow = 1 << 1,
    /// Do the kitchen's work: bump, mark items, acknowledge.
    Work = 1 << 2,
    /// Decide about orders: edit, hold, rush, fire, reject, cancel.
    Direct = 1 << 3,
    /// Place orders.
    Place = 1 << 4,
    /// Say whether orders are taken at all.
    Switch = 1 << 5,
    /// Make, change and delete screens.
    Arrange = 1 << 6,
    /// Let others in: users, keys, paired screens.
    Admit = 1 << 7,
    /// Erase what an order tells of a person.
    Erase = 1 << 8,
    /// Connect other servers: webhooks, and channels that sign their orders.
    Connect = 1 << 9,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 10] = [
        Self::Read,
        Self::Follow,
        Self::Work,
        Self::Direct,
        Self::Place,
        Self::Switch,
        Self::Arrange,
        Self::Admit,
        Self::Erase,
        Self::Connect,
    ];

    /// The scopes by which a key has it.
    #[must_use]
    pub fn scopes(self) -> Vec<&'static str> {
        let scopes = Scope::ALL.into_iter().filter(|scope| scope.rights().has(self));
        scopes.map(Scope::as_str).collect()
    }

    /// Its stable name, as refusals tell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Follow => "follow",
            Self::Work => "work",
            Self::Direct => "direct",
            Self::Place => "place",
            Self::Switch => "switch",
            Self::Arrange => "arrange",
            Self::Admit => "admit",
            Self::Erase => "erase",
            Self::Connect => "connect",
        }
    }
}

/// Some of the rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u16);

impl Rights {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(u16::MAX);

    /// These.
    #[must_use]
    pub const fn of(rights: &[Right]) -> Self {
        let (mut bits, mut index) = (0, 0);
        while index < rights.len() {
            bits |= rights[index] as u16;
            index += 1;
        }
        Self(bits)
    }

    /// Whether `right` is among them.
    #[must_use]
    pub fn has(self, right: Right) -> bool {
        self.0 & right as u16 != 0
    }

    /// All that are here or there.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// All but these.
    #[must_use]
    pub fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }
}

/// What concerns every location, so that nobody who is bound to some has it.
pub const OF_ALL_LOCATIONS: Rights =
    Rights::of(&[Right::Switch, Right::Arrange, Right::Admit, Right::Connect]);

/// What a user or a screen is let in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Works at a station.
    Cook,
    /// Puts orders together and decides about them.
    Expo,
    /// Runs the place.
    Manager,
}

impl Role {
    /// Every role; each may do what the one before it may.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Cook, Self::Expo, Self::Manager];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Cook => "cook",
            Self::Expo => "expo",
            Self::Manager => "manager",
        }
    }

    /// What it may do.
    #[must_use]
    pub fn rights(self) -> Rights {
        let viewer = Rights::of(&[Right::Read, Right::Follow]);
        let cook = viewer.and(Rights::of(&[Right::Work]));
        match self {
            Self::Viewer => viewer,
            Self::Cook => cook,
            Self::Expo => cook.and(Rights::of(&[Right::Direct, Right::Place, Right::Switch])),
            Self::Manager => Rights::ALL,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == raw);
        found.ok_or("viewer, cook, expo or manager")
    }
}

/// What an API key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Place orders and change them.
    OrdersWrite,
    /// Read orders, and poll.
    OrdersRead,
    /// Follow the stream.
    Stream,
    /// Make, change and delete screens.
    Screens,
    /// Connect other servers. Whoever has it can have every order sent anywhere.
    Webhooks,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] =
        [Self::OrdersWrite, Self::OrdersRead, Self::Stream, Self::Screens, Self::Webhooks];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrdersWrite => "orders:write",
            Self::OrdersRead => "orders:read",
            Self::Stream => "stream",
            Self::Screens => "screens",
            Self::Webhooks => "webhooks",
        }
    }

    /// What it lets a key do.
    #[must_use]
    pub fn rights(self) -> Rights {
        match self {
            Self::OrdersWrite => Rights::of(&[Right::Place, Right::Work, Right::Direct]),
            Self::OrdersRead => Rights::of(&[Right::Read]),
            Self::Stream => Rights::of(&[Right::Follow]),
            Self::Screens => Rights::of(&[Right::Arrange]),
            Self::Webhooks => Rights::of(&[Right::Connect]),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == raw);
        found.ok_or("orders:write, orders:read, stream, screens or webhooks")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_may_what_the_one_before_it_may_and_more() {
        for pair in Role::ALL.windows(2) {
            let (less, more) = (pair[0].rights(), pair[1].rights());
            assert_eq!(less.without(more), Rights::NONE, "{pair:?}");
            assert_ne!(more, less, "{pair:?}");
        }
        assert!(Right::ALL.into_iter().all(|right| Role::Manager.rights().has(right)));
    }

    #[test]
    fn no_key_lets_anybody_in_or_stops_the_kitchen() {
        let all = Scope::ALL.into_iter().fold(Rights::NONE, |all, it| all.and(it.rights()));
        for right in [Right::Admit, Right::Erase, Right::Switch] {
            assert!(!all.has(right), "{right:?}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        assert!("owner".parse::<Role>().is_err());
    }
}
