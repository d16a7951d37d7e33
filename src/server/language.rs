//! What the board says, in each language: one file for each, compiled in. Every
//! file has every text, and a text that counts has as many forms as its
//! language needs, parted by `|`; the tests see to both.

use std::sync::LazyLock;

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

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
                assert_eq!(text.contains("{}"), in_english.contains("{}"), "{name}: {text}");
                if in_english.contains('|') {
                    assert_eq!(text.split('|').count(), forms, "{name}: {text}");
                } else {
                    assert!(!text.contains('|'), "{name}: {text}");
                }
            }
        }
    }
}
