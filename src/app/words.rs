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

    /// All-day.
    AllDay,
    /// Nothing to make.
    NothingToMake,
    /// Search.
    Search,
    /// Number or name.
    NumberOrName,
    /// Open orders.
    OpenOrders,
    /// Closed today.
    ClosedToday,
    /// Show.
    ShowTicket,
    /// Recall.
    BringBack,
    /// Searching….
    Searching,
    /// Closed orders could not be searched: `{}`.
    SearchFailed,
    /// No order of this day has that number or name.
    NothingFound,
    /// Close.
    ClosePanel,
    /// Intake.
    Intake,
    /// Open.
    IntakeOpen,
    /// Busy +`{}`.
    IntakeBusy,
    /// Paused.
    IntakePaused,
    /// Intake paused until `{}`.
    IntakePausedUntil,
    /// Take orders as usual.
    IntakeTake,
    /// Busy: promise more time.
    IntakeLonger,
    /// `{}` more minutes, for `[]` minutes.
    IntakeBusyFor,
    /// Pause: take no orders.
    IntakeNone,
    /// For `{}` min.
    IntakePauseFor,
    /// Reason (optional).
    IntakeReason,
    /// Saving….
    SavingSwitch,
    /// Notices.
    Notices,
    /// Resume.
    Resume,
    /// until `{}`.
    Until,
    /// Order `{}` is on no screen of the stations `[]`.
    UnseenOn,
    /// and `{}` more.
    AndMore,
    /// Came while away.
    CameWhileAway,
    /// Start screen.
    StartScreen,
    /// This screen is silent and may go to sleep. Starting it turns on sound and full screen and keeps it awake.
    GateSays,
    /// Not now.
    NotNow,
    /// Sound on.
    SoundOn,
    /// Sound BLOCKED.
    SoundBlocked,
    /// tap.
    Tap,
    /// Muted.
    Muted,
    /// Muted for 10 minutes.
    MutedTen,
    /// screen may sleep.
    MaySleep,
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
