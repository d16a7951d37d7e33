//! The secret in a tracking page's address.
//!
//! A token is derived: the first 128 bits of an HMAC of the order's id, by a key
//! that was made at random with the store. So the same answer can be given again
//! to a repeat, and the store keeps only a digest of each token: who reads a
//! row, a list or an event cannot follow anybody's order. From the digest an
//! order is found; a token says nothing of its order, nor of any other's.

use std::fmt;

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::{domain::OrderId, server::hex};

/// Bytes of a token.
const TOKEN: usize = 16;
/// Bytes of a key.
const KEY: usize = 32;

/// Makes the tokens of one store.
#[derive(Clone)]
pub struct TrackingKey([u8; KEY]);

/// The secret part of the address of one order's tracking page.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// What the store keeps of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenDigest(pub [u8; 32]);

impl TrackingKey {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The key that was written as `raw`.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        hex::decode(raw)?.try_into().ok().map(Self)
    }

    /// The key as text, for the store alone.
    #[must_use]
    pub fn write(&self) -> String {
        hex::encode(&self.0)
    }

    /// The token of order `id`.
    #[must_use]
    pub fn token(&self, id: OrderId) -> Token {
        // Takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return Token(String::new());
        };
        mac.update(b"tracking ");
        mac.update(id.0.as_bytes());
        let code = mac.finalize().into_bytes();
        Token(hex::encode(code.get(..TOKEN).unwrap_or_default()))
    }

    /// What the store keeps of the token of order `id`.
    #[must_use]
    pub fn digest(&self, id: OrderId) -> TokenDigest {
        TokenDigest::of(&self.token(id).0)
    }
}

impl fmt::Debug for TrackingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TrackingKey(…)")
    }
}

impl Token {
    /// The path of the page. The only way to read a token, so that none gets
    /// into a log by the way.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/t/{}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

impl TokenDigest {
    /// That of whatever stands in an address. The store is searched for it, so
    /// how long the search takes tells nothing of how near a guess was.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> OrderId {
        OrderId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_token_has_128_bits_and_is_the_same_each_time() {
        let key = TrackingKey::random();
        let path = key.token(id(1)).path();
        let token = path.strip_prefix("/t/").expect("a path");
        assert_eq!(token.len(), 32);
        assert!(token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        let read_back = TrackingKey::parse(&key.write()).expect("a key");
        assert_eq!(read_back.token(id(1)), key.token(id(1)));
        assert_eq!(TokenDigest::of(token), key.digest(id(1)));
    }

    #[test]
    fn another_order_or_another_key_has_another_token() {
        let key = TrackingKey::random();
        assert_ne!(key.token(id(1)), key.token(id(2)));
        assert_ne!(key.token(id(1)), TrackingKey::random().token(id(1)));
    }

    #[test]
    fn neither_key_nor_token_is_written_by_accident() {
        let key = TrackingKey::parse(&"ab".repeat(32)).expect("a key");
        assert!(!format!("{key:?}").contains("ab"));
        assert_eq!(format!("{:?}", key.token(id(1))), "Token(…)");
        assert!(
            TrackingKey::parse("ab").is_none() && TrackingKey::parse(&"é".repeat(32)).is_none()
        );
    }
}
