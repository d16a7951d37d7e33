//! Everything that the board says, by what it means. Which language it says it
//! in comes with the page: the server has a table for each, and the browser gets
//! the one that it needs, so that its module holds none.

use std::cell::Cell;

use crate::domain::{OrderStatus, screen::Language};

macro_rules! words {
    ($($(#[$meta:meta])* $name:ident,)+) => {
        /// Something that the board says. Its English text stands in `language/en.toml`.
        #[expect(missing_docs, reason = "each is what its English text says")]
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
    LaneNew,
    LanePreparing,
    LanePreparingShort,
    LaneReady,
    LaneOut,
    Pickup,
    Delivery,
    DineIn,
    Curbside,
    BumpAccept,
    BumpStart,
    BumpReady,
    BumpSendOut,
    BumpHandOut,
    BumpDelivered,
    BumpServe,
    Bump,
    IsNew,
    IsAccepted,
    IsBeingMade,
    IsReady,
    IsOut,
    IsCompleted,
    IsRejected,
    IsExpired,
    IsCancelled,
    IsFailed,
    Late,
    FigureOpen,
    FigureOrders,
    FigureTicket,
    FigureLate,
    DemoData,
    Lanes,
    Stations,
    All,
    AllOrders,
    Theme,
    Screens,
    Recall,
    Connection,
    Retry,
    Connecting,
    Live,
    CatchingUp,
    Reconnecting,
    NotLive,
    Offline,
    NotLiveSince,
    OfflineSince,
    NoNetwork,
    NoServer,
    LiveAgain,
    WhileOffline,
    NothingNew,
    ManyNew,
    ManyCancelled,
    ManyGone,
    BoardNotLive,
    BoardOffline,
    ResyncedSame,
    ResyncedAdded,
    ResyncedRemoved,
    NewOrder,
    OrderIsCancelled,
    OrderIsBack,
    OrderIs,
    OrderColon,
    Undo,
    NoOrders,
    NoItemsOf,
    NoMatch,
    Elsewhere,
    ShowAll,
    AllCaughtUp,
    CheckedAgo,
    Oldest,
    More,
    MoreOldest,
    Show,
    OrdersTitle,
    NoAnswer,
    Unreadable,
    ServerAnswered,
    NotSaved,
    NotConfirmed,
    Crashed,
    ReloadNow,
    NoScript,

    /// What of the order other stations make.
    Also,
    /// Every station has made its part.
    AllDone,
    /// This station has made its part, or is to say that it has.
    DoneHere,
    /// Before the time that is left to answer a channel.
    AnswerIn,
    /// Something else is to be made than before.
    ChangedMark,
    /// Says that one knows.
    GotIt,
    /// The order is called off.
    CancelledBar,
    /// Before what somebody is allergic to.
    Allergy,
    /// Somebody has seen the allergens.
    AllergensSeen,
    /// Asks for a tap on the allergens.
    TapWhenSeen,
    /// A bump that waits for the allergens to be seen.
    AllergensFirst,
    /// The same, read out, of order `{}`.
    AllergensSaid,
    /// The bump of a held order.
    HeldAnyway,
    /// The same after one press.
    PressAgain,
    /// The same, read out, of order `{}`.
    HeldSaid,
    /// Above what was added at `{}`.
    AddedAt,
    /// A line that was added.
    Added,
    /// A line that was taken off.
    Removed,
    /// Nobody has said where the line is made.
    NoStation,
    /// Order `{}` is made here.
    DoneWords,
    /// The details of order `{}`.
    OrderDetails,
    /// Closes something.
    Close,
    /// Puts an order before all others.
    RushOn,
    /// Takes that back.
    RushOff,
    /// Has an order wait.
    HoldOn,
    /// Takes that back.
    HoldOff,
    /// Sends an order for later to the kitchen now.
    FireNow,
    /// Calls an order off.
    CancelOrder,
    /// Turns an order down.
    RejectOrder,
    /// Brings an order back to be made.
    RecallOrder,
    /// When the order was placed.
    PlacedAt,
    /// When the order is due.
    DueAt,
    /// When the order is promised.
    PromisedAt,
    /// When the order fires.
    FiresAt,
    /// Which channel the order came from.
    From,
    /// The customer's telephone.
    Phone,
    /// Where a delivery goes.
    Address,
    /// What whoever hands it over should know.
    Instructions,
    /// What happened to the order.
    History,
    /// It is on its way.
    HistoryLoading,
    /// It could not be loaded.
    HistoryAway,
    /// Before the screens that have shown the order.
    ShownOn,
    /// None has.
    ShownNowhere,
    /// `{}` orders are for later.
    Scheduled,
    /// Over the list of them.
    ScheduledTitle,
    /// There are none.
    ScheduledNone,
    /// The device's clock is `{}` minutes fast.
    ClockFast,
    /// The device's clock is `{}` minutes slow.
    ClockSlow,
    /// In the history: marks were set or taken off.
    StepFlags,
    /// In the history: it was sent to the kitchen.
    StepFired,
    /// In the history: something else is to be made.
    StepEdited,
    /// In the history: somebody said that they know.
    StepKnown,
    /// In the history: nobody said so for hours, and it was cleared away.
    StepCleared,
    StepErased,
    /// A line is not begun.
    ItemTodo,
    /// A line is being made.
    ItemDoing,
    /// A line is made.
    ItemDone,
    /// A line is taken off.
    ItemVoid,
    TimeLeft,
    Off,
    Table,
    Items,
    OfOrder,
    BadgeNew,
    Rush,
    Recalled,
    Held,
    Marks,
    No,
    Add,
    Extra,
    Sub,
    Void,
    Started,
    Dismiss,
    Reject,
    Cancel,
    Saving,
    OrderWord,
    AllDay,
    NothingToMake,
    Search,
    NumberOrName,
    OpenOrders,
    ClosedToday,
    ShowTicket,
    BringBack,
    Searching,
    SearchFailed,
    NothingFound,
    ClosePanel,
    Intake,
    IntakeOpen,
    IntakeBusy,
    IntakePaused,
    IntakePausedUntil,
    IntakeTake,
    IntakeLonger,
    IntakeBusyFor,
    IntakeNone,
    IntakePauseFor,
    IntakeReason,
    SavingSwitch,
    Notices,
    Resume,
    Until,
    UnseenOn,
    AndMore,
    CameWhileAway,
    StartScreen,
    GateSays,
    NotNow,
    SoundOn,
    SoundBlocked,
    Tap,
    Muted,
    MutedTen,
    MaySleep,
    Tickets,
    Pages,
    PageOf,
    PreviousPage,
    NextPage,
    MoreTickets,
    OldestStands,
    LateThere,
    Continued,
    Freeze,
    Frozen,
    ChangesWaiting,
    Keys,
    CloseKeys,
    TeachKey,
    PressKey,
    EscapeKeeps,
    KeyNotKept,
    ShiftGoesBack,
    SingleKeysOff,
    SingleKeysOn,
    KeyBump,
    KeyUndo,
    KeyRecall,
    KeyLeft,
    KeyRight,
    KeyUp,
    KeyDown,
    KeyItem,
    KeyStart,
    KeyHold,
    KeyRush,
    KeyDetails,
    KeyPrint,
    KeyFirst,
    KeyLast,
    KeyNextPage,
    KeyPreviousPage,
    KeyNextStation,
    KeyPreviousStation,
    KeyGrid,
    KeyColumns,
    KeyAllDay,
    KeyFreeze,
    KeySearch,
    KeyNewOrder,
    KeyIntake,
    KeyMute,
    KeyHelp,
    KeyClear,
    KeySlot,
    Waiting,
    WaitingAgain,
    /// `{}` actions waiting.
    ActionsWaiting,
    TooManyWait,
    TakeBack,
    NotDone,
    Meanwhile,
    ByWhom,
    SomeChange,

    ReasonCustomer,
    ReasonSoldOut,
    ReasonBusy,
    ReasonClosing,
    ReasonDuplicate,
    CancelTitle,
    RejectTitle,
    WhyCancel,
    KeepOrder,
    ListFailed,
    NoneClosed,
    /// `{}` items of an order.
    ItemCount,
    /// On a ticket: due at `{}`.
    DueBy,
    ThemeAuto,
    ThemeDark,
    ThemeLight,
    /// It took `{}` to come here from channel `[]`.
    ArrivedLate,
    /// When the customer placed it, by the channel's clock.
    SourceAt,
    /// When it came here.
    ReceivedAt,
    /// The items' text has `{}` pixels and needs `<>` from `[]` metres.
    TooSmall,
    AwayTitle,
    AwayText,
    RefusedStale,
    RefusedWay,
    RefusedClosed,
    RefusedVoid,
    RefusedNothingHere,
    RefusedGone,
    RefusedStore,
    /// The server does not know whether it was done.
    RefusedUnsure,
    RefusedFields,
    DecideFirst,
    NotKept,
    /// `{}` actions dropped.
    ActionsDropped,
    ListMore,
    /// The last `{}` alone.
    ListEnds,

    /// On a ticket that nobody is to make.
    TestMark,
    TestItem,
    TestCustomer,
    TestSend,
    TestHint,
    /// Test order `{}` was placed.
    TestSent,
    SourcesTitle,
    SourcesNone,
    SourcesAway,
    /// The last order came at `{}`.
    SourceLast,
    /// `{}` orders came today.
    SourceToday,
    SourceNoneToday,
    /// Beside a channel that has been silent for much longer than usual.
    SourceQuiet,
    /// Channel `{}` has been silent for much longer than usual.
    SourceIsQuiet,
    /// Channel `{}` has been silent for `[]` minutes.
    SourceSilent,
    /// These are the screen's quiet hours.
    SoundQuiet,
    SoundsTitle,
    /// `{}` sounds.
    SoundsInHour,
    SoundsTooMany,
    /// Most of them were for `{}`, `[]` times.
    SoundsMost,
    SoundsChange,
    SoundReady,
    SoundChanged,
    SoundNew,
    SoundLate,
    SoundCancelled,
    SoundAnswer,
    SoundUnseen,
    SoundOffline,
    HintSounds,
    HintAnswer,
    HintUnseen,

    CapEnter,
    CapSpace,
    CapBackspace,
    CapHome,
    CapEnd,
    CapPage,
    CapControl,

    WishDone,
    WishRecalled,
    /// A press that came too soon after order `{}` changed.
    JustChanged,

    RefusedUnknown,
    RefusedRight,

    ReasonCustomerOnline,
    Here,
    HereSince,
    HereWhere,
    StepArrived,
}

/// A language's table. Cheap to copy: it lasts as long as the program or page.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    texts: &'static [&'static str],
    /// Which language it is.
    pub language: Language,
}

impl Word {
    /// What is said of an order whose status is `status`: that it is this.
    #[must_use]
    pub fn of_status(status: OrderStatus) -> Self {
        match status {
            OrderStatus::Placed => Self::IsNew,
            OrderStatus::Accepted => Self::IsAccepted,
            OrderStatus::Preparing => Self::IsBeingMade,
            OrderStatus::Ready => Self::IsReady,
            OrderStatus::OutForDelivery => Self::IsOut,
            OrderStatus::Completed => Self::IsCompleted,
            OrderStatus::Rejected => Self::IsRejected,
            OrderStatus::Expired => Self::IsExpired,
            OrderStatus::Cancelled => Self::IsCancelled,
            OrderStatus::Failed => Self::IsFailed,
        }
    }
}

thread_local! {
    /// What this page says, or the one that this thread renders just now. Every
    /// text would else have to be handed down to it from far above.
    static SPOKEN: Cell<Words> = const { Cell::new(Words { texts: &[], language: Language::English }) };
}

/// Has `words` spoken on this thread from now on.
pub fn speak(words: Words) {
    SPOKEN.set(words);
}

/// The words that are spoken now.
#[must_use]
pub fn spoken() -> Words {
    SPOKEN.get()
}

/// What the page says for `word`.
#[must_use]
pub fn say(word: Word) -> &'static str {
    spoken().say(word)
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
