//! Secrets that nobody can guess, and what is kept of them.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::server::hex;

/// 256 random bits: a session, a screen's token, an API key. Whoever has it is
/// whom it was given to, so it is shown once and only its [`Digest`] is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The secret that somebody brings.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        hex::decode(raw)?.try_into().ok().map(Self)
    }

    /// The secret in words: for whom it is for, and for nobody else.
    #[must_use]
    pub fn reveal(&self) -> String {
        hex::encode(&self.0)
    }

    /// What a device waits with that has had this before: the same in each of its tabs.
    #[must_use]
    pub fn to_wait_with(&self) -> Self {
        Self(Sha256::new().chain_update(b"to wait with").chain_update(self.0).finalize().into())
    }

    /// What is kept of it. It needs no salt and no slow hash: nobody goes
    /// through 2^256 of them.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// What is kept of a [`Secret`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_it_was_shown_and_in_no_other_way() {
        let secret = Secret::random();
        let shown = secret.reveal();
        assert_eq!((shown.len(), Secret::parse(&shown)), (64, Some(secret)));
        assert_ne!(secret, Secret::random());
        for other in [&shown[1..], &shown.to_uppercase().replace(char::is_numeric, "A"), "é", ""] {
            assert_eq!(Secret::parse(other), None, "{other}");
        }
        assert!(!format!("{secret:?}").contains(&shown));
    }
}
