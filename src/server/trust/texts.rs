//! What the page says, in each language: one table for each, compiled in.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::screen::Language;

/// Everything that the page says. `{}` is the address of the board.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub(super) title: String,
    pub(super) lead: String,
    pub(super) limits: String,
    pub(super) get: String,
    pub(super) download: String,
    pub(super) compare: String,
    pub(super) fingerprint: String,
    pub(super) code: String,
    pub(super) code_label: String,
    pub(super) then: String,
    pub(super) open: String,
    pub(super) android: Vec<String>,
    pub(super) ios: Vec<String>,
    pub(super) windows: Vec<String>,
    pub(super) macos: Vec<String>,
    pub(super) linux: Vec<String>,
    pub(super) firefox: Vec<String>,
}

static TEXTS: LazyLock<[Texts; 3]> = LazyLock::new(|| {
    // The tests see to it that each of them can be read.
    [include_str!("texts/en.toml"), include_str!("texts/de.toml"), include_str!("texts/ar.toml")]
        .map(|file| toml::from_str(file).unwrap_or_default())
});

/// What the page says in `language`.
pub(super) fn of(language: Language) -> &'static Texts {
    let [english, german, arabic] = &*TEXTS;
    match language {
        Language::English => english,
        Language::German => german,
        Language::Arabic => arabic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_text_and_as_many_steps() {
        let steps = |texts: &Texts| {
            [&texts.android, &texts.ios, &texts.windows, &texts.macos, &texts.linux, &texts.firefox]
                .map(Vec::len)
        };
        let english = of(Language::English);
        for language in [Language::English, Language::German, Language::Arabic] {
            let texts = of(language);
            assert!(!texts.title.is_empty(), "{language:?} cannot be read");
            assert_eq!(steps(texts), steps(english));
            assert!(steps(texts).iter().all(|count| *count > 0));
        }
        assert_ne!(of(Language::German).title, english.title);
    }
}
