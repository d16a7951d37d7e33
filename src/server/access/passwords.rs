//! Passwords, kept so that whoever steals them has won nothing soon.

use std::collections::HashSet;

use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::server::hex;

/// Memory, passes and lanes of a new password's hash.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
const HASH_BYTES: usize = 32;

/// Passwords that are worked on at once: each takes a core and much memory.
const AT_ONCE: usize = 2;
/// Those that may wait besides; more are turned away.
const WAITING: usize = 32;

/// Characters that a password has at least.
pub const SHORTEST: usize = 12;
/// And at most.
pub const LONGEST: usize = 200;

/// Makes and checks hashes of passwords, a few at a time and off the threads
/// that serve requests.
#[derive(Debug)]
pub struct Passwords {
    waiting: Semaphore,
    turns: Semaphore,
}

/// Too many passwords are waiting to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl Default for Passwords {
    fn default() -> Self {
        Self { waiting: Semaphore::new(AT_ONCE + WAITING), turns: Semaphore::new(AT_ONCE) }
    }
}

impl Passwords {
    /// What is kept of `password`.
    ///
    /// # Errors
    /// Too many are waiting.
    pub async fn hash(&self, password: String) -> Result<String, Busy> {
        self.work(move || hash(&password)).await?.ok_or(Busy)
    }

    /// Whether `password` is the one that `kept` was made of. Without one it
    /// takes as long to say no, so that nobody learns who has one.
    ///
    /// # Errors
    /// Too many are waiting.
    pub async fn is(&self, password: String, kept: Option<String>) -> Result<bool, Busy> {
        self.work(move || {
            if let Some(kept) = kept {
                return is(&password, &kept);
            }
            let _ = hash(&password);
            false
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let _waits = self.waiting.try_acquire().map_err(|_| Busy)?;
        let _turn = self.turns.acquire().await.map_err(|_| Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Busy)
    }
}

/// What is kept of `password`: how it was made, the salt, the hash.
#[must_use]
pub fn hash(password: &str) -> Option<String> {
    let salt: [u8; 16] = rand::random();
    let hash = derive(password, &salt, COST)?;
    let (memory, passes, lanes) = COST;
    Some(format!(
        "argon2id${memory}${passes}${lanes}${}${}",
        hex::encode(&salt),
        hex::encode(&hash)
    ))
}

fn is(password: &str, kept: &str) -> bool {
    let parts: Vec<&str> = kept.split('$').collect();
    let &["argon2id", memory, passes, lanes, salt, expected] = parts.as_slice() else {
        return false;
    };
    let number = |text: &str| text.parse::<u32>().ok();
    let hash = || {
        let cost = (number(memory)?, number(passes)?, number(lanes)?);
        derive(password, &hex::decode(salt)?, cost)
    };
    let (Some(hash), Some(expected)) = (hash(), hex::decode(expected)) else { return false };
    // Takes as long wherever they differ.
    let differs = hash.iter().zip(&expected).fold(0, |sum, (one, other)| sum | (one ^ other));
    expected.len() == HASH_BYTES && differs == 0
}

fn derive(password: &str, salt: &[u8], cost: (u32, u32, u32)) -> Option<[u8; HASH_BYTES]> {
    let (memory, passes, lanes) = cost;
    let params = Params::new(memory, passes, lanes, Some(HASH_BYTES)).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; HASH_BYTES];
    argon2.hash_password_into(password.as_bytes(), salt, &mut hash).ok()?;
    Some(hash)
}

/// Words that most guessed passwords are made of: what is left of one without its
/// digits and signs, and with its letters put back.
const GUESSED: [&str; 40] = [
    "abcd",
    "access",
    "admin",
    "administrator",
    "asdf",
    "baseball",
    "burger",
    "changeme",
    "cook",
    "default",
    "dragon",
    "expo",
    "football",
    "hello",
    "iloveyou",
    "kitchen",
    "letmein",
    "liveorders",
    "login",
    "love",
    "manager",
    "master",
    "monkey",
    "orders",
    "passwd",
    "password",
    "passwort",
    "pizza",
    "princess",
    "qwer",
    "qwerty",
    "qwertyuiop",
    "qwertz",
    "restaurant",
    "secret",
    "sunshine",
    "superman",
    "test",
    "trustno",
    "welcome",
];
/// Different characters that a password has at least.
const DIFFERENT: usize = 5;

/// What is wrong with a new password of the user `name`, if anything is.
#[must_use]
pub fn complaint(password: &str, name: &str) -> Option<String> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Some(format!("a password has {SHORTEST} to {LONGEST} characters"));
    }
    is_guessed(password, name).then(|| {
        "this password is among the first that anybody would try; take some words that have \
         nothing to do with each other"
            .to_owned()
    })
}

/// Whether it is one character after another, or a well-known word or the user's own
/// name with something around it.
fn is_guessed(password: &str, name: &str) -> bool {
    let different: HashSet<char> = password.chars().collect();
    let codes = || password.chars().map(u32::from);
    let runs = codes().zip(codes().skip(1)).filter(|(one, next)| one.abs_diff(*next) <= 1).count();
    let letters = |text: &str| -> String {
        let put_back = |letter: char| match letter {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            letter => letter,
        };
        let text = text.trim_matches(|it: char| !it.is_alphabetic());
        text.chars()
            .flat_map(char::to_lowercase)
            .map(put_back)
            .filter(|it| it.is_alphabetic())
            .collect()
    };
    let (word, name) = (letters(password), letters(name));
    let repeats = |of: &str| !of.is_empty() && !word.is_empty() && word.replace(of, "").is_empty();
    different.len() < DIFFERENT
        || runs * 4 >= password.chars().count() * 3
        || word.is_empty() && password.chars().all(|it| it.is_ascii_digit())
        || repeats(&name)
        || GUESSED.iter().any(|guessed| repeats(guessed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other_is() {
        let passwords = Passwords::default();
        let kept = passwords.hash("correct horse".to_owned()).await.expect("a hash");
        assert!(kept.starts_with("argon2id$19456$2$1$") && !kept.contains("horse"), "{kept}");
        assert_ne!(passwords.hash("correct horse".to_owned()).await, Ok(kept.clone()), "salted");
        let is = async |password: &str, kept: Option<&str>| {
            passwords.is(password.to_owned(), kept.map(str::to_owned)).await
        };
        assert_eq!(is("correct horse", Some(&kept)).await, Ok(true));
        assert_eq!(is("correct horsf", Some(&kept)).await, Ok(false));
        assert_eq!(is("correct horse", None).await, Ok(false));
        assert_eq!(is("", Some("argon2id$1$1$1$$")).await, Ok(false));
    }

    #[test]
    fn a_password_is_long() {
        assert!(complaint("eleven char", "Mo").is_some());
        assert_eq!(complaint("twelve chars", "Mo"), None);
        assert!(complaint(&"x".repeat(201), "Mo").is_some());
    }

    #[test]
    fn a_password_is_not_the_first_that_anybody_would_try() {
        for guessed in [
            "password1234",
            "P@ssw0rd2026!",
            "passwordpassword",
            "123456789012",
            "abcdefghijkl",
            "aaaaaaaaaaaa",
            "Guadalupe2026!",
            "qwertyqwerty1",
            "Kitchen-12345",
        ] {
            assert!(complaint(guessed, "Guadalupe").is_some(), "{guessed}");
        }
        for own in
            ["correct horse battery", "Zwiebelsuppe um 7", "k7-qm-2xpd-vb9", "مطبخ الليل الكبير"]
        {
            assert_eq!(complaint(own, "Guadalupe"), None, "{own}");
        }
    }
}
