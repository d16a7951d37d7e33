//! What the board says, in each language: one file for each, compiled in. Every
//! file has every text, and a text that counts has as many forms as its
//! language needs, parted by `|`; the tests see to both.

use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use toml::Table;

use crate::{
    domain::screen::Language,
    words::{Word, Words},
};

const ENGLISH: &str = include_str!("language/en.toml");
const GERMAN: &str = include_str!("language/de.toml");
const ARABIC: &str = include_str!("language/ar.toml");

static TABLES: LazyLock<[&'static [&'static str]; 3]> =
    LazyLock::new(|| [ENGLISH, GERMAN, ARABIC].map(table));

/// The texts of `file` in the order of [`Word::ALL`]. What is missing is empty:
/// the tests do not let that happen.
fn table(file: &'static str) -> &'static [&'static str] {
    let texts: Table = file.parse().unwrap_or_default();
    let text = |word: &Word| -> &'static str {
        let text = texts.get(word.name()).and_then(|text| text.as_str()).unwrap_or_default();
        Box::leak(text.to_owned().into_boxed_str())
    };
    Box::leak(Word::ALL.iter().map(text).collect::<Vec<_>>().into_boxed_slice())
}

/// What the board says in `language`.
#[must_use]
pub fn words(language: Language) -> Words {
    let [english, german, arabic] = *TABLES;
    let texts = match language {
        Language::English => english,
        Language::German => german,
        Language::Arabic => arabic,
    };
    Words::new(language, texts)
}

/// The language of ours that a client would have most, by its `Accept-Language`.
#[must_use]
pub fn preferred(headers: &HeaderMap) -> Option<Language> {
    best(headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?)
}

/// The language of ours that `asked`, an `Accept-Language`, wants most.
fn best(asked: &str) -> Option<Language> {
    let mut best = None;
    for entry in asked.split(',') {
        let (tag, rest) = entry.split_once(';').unwrap_or((entry, ""));
        let weight: f32 = rest.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse).unwrap_or(0.0);
        let primary = tag.split('-').next().unwrap_or_default().trim().to_ascii_lowercase();
        let Ok(language) = primary.parse::<Language>() else { continue };
        // Of two that are wanted as much, the first.
        if weight > 0.0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// The words of the language that a client would have most, if it is another
/// than English, which everything is in anyway.
#[must_use]
pub fn asked_for(headers: &HeaderMap) -> Option<Words> {
    preferred(headers).filter(|it| *it != Language::English).map(words)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_client_is_answered_in_the_language_of_ours_that_it_reads_best() {
        for (asked, language) in [
            ("de", Some(Language::German)),
            ("de-AT,de;q=0.9,en;q=0.8", Some(Language::German)),
            ("fr-CH, fr;q=0.9, ar;q=0.8, en;q=0.7", Some(Language::Arabic)),
            ("en;q=0.3, de;q=0.7", Some(Language::German)),
            ("en;q=0, AR", Some(Language::Arabic)),
            ("fr", None),
            ("*", None),
            ("de;q=nonsense", None),
            ("", None),
        ] {
            let headers = [(header::ACCEPT_LANGUAGE, asked.parse().expect("a header"))];
            assert_eq!(preferred(&headers.into_iter().collect()), language, "{asked}");
        }
    }

    #[test]
    fn english_is_there_without_words_of_its_own() {
        let asked = |text: &'static str| {
            let headers = [(header::ACCEPT_LANGUAGE, text.parse().expect("a header"))];
            asked_for(&headers.into_iter().collect()).map(|words| words.language)
        };
        assert_eq!(asked("de-DE,de;q=0.9,en;q=0.8"), Some(Language::German));
        assert_eq!(asked("en,de"), None);
    }

    /// Every language says everything, and nothing that nobody asks for; a text
    /// that has a place for a value has one in each language.
    #[test]
    fn every_language_is_whole() {
        let names: BTreeSet<&str> = Word::ALL.iter().map(|word| word.name()).collect();
        let english: Table = ENGLISH.parse().expect("TOML");
        for (file, forms) in [(ENGLISH, 2), (GERMAN, 2), (ARABIC, 6)] {
            let table: Table = file.parse().expect("TOML");
            let has: BTreeSet<&str> = table.keys().map(String::as_str).collect();
            assert_eq!(has, names);
            for (name, text) in &table {
                let text = text.as_str().expect("a text");
                let in_english = english[name].as_str().expect("a text");
                assert!(!text.is_empty(), "{name}");
                for place in ["{}", "[]", "<>"] {
                    let has = text.contains(place);
                    assert_eq!(has, in_english.contains(place), "{name}: {text}");
                }
                if in_english.contains('|') {
                    assert_eq!(text.split('|').count(), forms, "{name}: {text}");
                } else {
                    assert!(!text.contains('|'), "{name}: {text}");
                }
            }
        }
    }
}
