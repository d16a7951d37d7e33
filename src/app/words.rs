//! Everything that the board says, by what it means. Which language it says it
//! in comes with the page: the server has a table for each, and the browser gets
//! the one that it needs, so that its module holds none.

use crate::domain::screen::Language;

macro_rules! words {
    ($($(#[$meta:meta])* $name:ident,)+) => {
        /// Something that the board says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Word {
            $($(#[$meta])* $name,)+
        }

        impl Word {
            /// Everything, in the order of the tables.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in the files of the languages.
            #[cfg(feature = "ssr")]
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

words! {
    /// `{}` orders.
    Orders,
    /// `{}` minutes.
    Minutes,
    /// `{}` changes.
    Changes,

    /// The grid’s heading.
    Tickets,
    /// What the way to other pages is called.
    Pages,
    /// Page `{}`, as in 1/3.
    PageOf,
    /// The page before.
    PreviousPage,
    /// The page after.
    NextPage,
    /// `{}` tickets are on other pages.
    MoreTickets,
    /// For how long the oldest of them has stood.
    OldestStands,
    /// One of them is late.
    LateThere,
    /// Where a tall ticket goes on in the next slot.
    Continued,
    /// Lets nothing move.
    Freeze,
    /// Nothing moves.
    Frozen,
    /// `{}` changes would move something.
    ChangesWaiting,
    /// The list of keys.
    Keys,
    /// Closes the list of keys.
    CloseKeys,
    /// Asks for another key.
    TeachKey,
    /// Which key is to do `{}`?
    PressKey,
    /// How to leave it at that.
    EscapeKeeps,
    /// Why a taught key is not kept.
    KeyNotKept,
    /// What shift does.
    ShiftGoesBack,
    /// No key does anything any more.
    SingleKeysOff,
    /// Keys do something again.
    SingleKeysOn,
    /// What a key does: bump.
    KeyBump,
    /// What a key does: undo the last bump.
    KeyUndo,
    /// What a key does: closed orders.
    KeyRecall,
    /// What a key does: ticket before.
    KeyLeft,
    /// What a key does: next ticket.
    KeyRight,
    /// What a key does: item above.
    KeyUp,
    /// What a key does: item below.
    KeyDown,
    /// What a key does: tick the item.
    KeyItem,
    /// What a key does: start.
    KeyStart,
    /// What a key does: hold.
    KeyHold,
    /// What a key does: rush.
    KeyRush,
    /// What a key does: details.
    KeyDetails,
    /// What a key does: print.
    KeyPrint,
    /// What a key does: first ticket.
    KeyFirst,
    /// What a key does: last ticket.
    KeyLast,
    /// What a key does: next page.
    KeyNextPage,
    /// What a key does: previous page.
    KeyPreviousPage,
    /// What a key does: next station.
    KeyNextStation,
    /// What a key does: previous station.
    KeyPreviousStation,
    /// What a key does: grid.
    KeyGrid,
    /// What a key does: columns.
    KeyColumns,
    /// What a key does: all-day totals.
    KeyAllDay,
    /// What a key does: freeze or move on.
    KeyFreeze,
    /// What a key does: search.
    KeySearch,
    /// What a key does: new order.
    KeyNewOrder,
    /// What a key does: order intake.
    KeyIntake,
    /// What a key does: mute for 10 minutes.
    KeyMute,
    /// What a key does: this list.
    KeyHelp,
    /// What a key does: select nothing.
    KeyClear,
    /// What a key does: the slot `{}`.
    KeySlot,
}

/// A language's table. Cheap to copy: it lasts as long as the program or page.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    texts: &'static [&'static str],
    /// Which language it is.
    pub language: Language,
}

/// Parts the forms of a text that counts something.
const FORMS: char = '|';

impl Words {
    /// The table `texts`, in the order of [`Word::ALL`].
    #[must_use]
    pub fn new(language: Language, texts: &'static [&'static str]) -> Self {
        Self { texts, language }
    }

    /// The table that came with the page.
    #[must_use]
    pub fn of_page(language: Language, texts: Vec<String>) -> Self {
        let texts: Vec<&'static str> =
            texts.into_iter().map(|text| &*Box::leak(text.into_boxed_str())).collect();
        Self::new(language, Box::leak(texts.into_boxed_slice()))
    }

    /// The whole table, as the page carries it.
    #[must_use]
    pub fn texts(self) -> Vec<String> {
        self.texts.iter().map(|text| (*text).to_owned()).collect()
    }

    /// What the board says for `word`.
    #[must_use]
    pub fn say(self, word: Word) -> &'static str {
        self.texts.get(word as usize).copied().unwrap_or_default()
    }

    /// The same with `value` in the place of `{}`.
    #[must_use]
    pub fn with(self, word: Word, value: &str) -> String {
        self.say(word).replacen("{}", value, 1)
    }

    /// The form of `word` for `count` things, with the number in it.
    #[must_use]
    pub fn count(self, word: Word, count: u64) -> String {
        let text = self.say(word);
        let form = plural(self.language, count);
        let chosen = text.split(FORMS).nth(form).or_else(|| text.rsplit(FORMS).next());
        chosen.unwrap_or_default().replacen("{}", &count.to_string(), 1)
    }
}

/// Which form a language has for `count` things, by the rules of the Unicode
/// CLDR: one and other in English and German; zero, one, two, few, many and
/// other in Arabic.
fn plural(language: Language, count: u64) -> usize {
    match language {
        Language::English | Language::German => usize::from(count != 1),
        Language::Arabic => match (count, count % 100) {
            (0, _) => 0,
            (1, _) => 1,
            (2, _) => 2,
            (_, 3..=10) => 3,
            (_, 11..=99) => 4,
            _ => 5,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arabic_has_six_forms() {
        let forms = [0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 111]
            .map(|count| plural(Language::Arabic, count));
        assert_eq!(forms, [0, 1, 2, 3, 3, 4, 4, 5, 5, 3, 4]);
    }
}
