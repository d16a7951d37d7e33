//! Text: what is kept of what a client sends, and how a number of things is said.

/// `raw` as it was sent, in any script, minus control characters. A line break
/// or tab becomes one space, so that two lines of a note do not run together
/// into a word that nobody wrote; every other control character is dropped.
/// White space at either end goes too.
///
/// ```
/// use live_orders::domain::text::clean;
/// assert_eq!(clean("no nuts\r\nsauce apart\0"), "no nuts sauce apart");
/// ```
#[must_use]
pub fn clean(raw: &str) -> String {
    let mut kept = String::with_capacity(raw.len());
    let mut after_break = false;
    for character in raw.chars() {
        match character {
            '\r' | '\n' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                if !after_break {
                    kept.push(' ');
                }
                after_break = true;
            }
            character if character.is_control() => {}
            character => {
                kept.push(character);
                after_break = false;
            }
        }
    }
    let trimmed = kept.trim();
    if trimmed.len() == kept.len() { kept } else { trimmed.to_owned() }
}

/// `count` of something that takes an s.
#[must_use]
pub fn count(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::clean;

    #[test]
    fn keeps_every_script() {
        for text in ["Žluťoučký kůň", "محمد", "陳大文", "👩‍🍳 naïve"] {
            assert_eq!(clean(text), text);
        }
    }

    proptest! {
        #[test]
        fn never_leaves_a_control_character(raw in any::<String>()) {
            let once = clean(&raw);
            prop_assert!(!once.chars().any(char::is_control));
            prop_assert_eq!(clean(&once), once);
        }
    }
}
