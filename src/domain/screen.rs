//! Screens: what each device in the kitchen shows, and how. A screen is a
//! profile that is kept on the server under a name, so that a device needs to
//! know nothing but an address.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    hours::QuietHours,
    ids::{Channel, Station, Version},
    order::Service,
    time::UnixMillis,
};

/// What a screen is called in addresses and in the history of orders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ScreenName(String);

impl ScreenName {
    /// What a name must be, for messages to users.
    pub const RULE: &str = "1 to 40 lower-case letters, digits and hyphens, and not new";
    /// Where a new screen is made, and so no screen's name.
    const RESERVED: &str = "new";

    /// The name `raw`.
    ///
    /// # Errors
    /// [`Self::RULE`] when it is none.
    pub fn parse(raw: &str) -> Result<Self, &'static str> {
        let fits = (1..=40).contains(&raw.len()) && raw != Self::RESERVED;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if fits && raw.bytes().all(plain) { Ok(Self(raw.to_owned())) } else { Err(Self::RULE) }
    }

    /// The name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a screen of this name is called as long as nobody says otherwise.
    #[must_use]
    pub fn title(&self) -> String {
        let words = self.0.replace('-', " ");
        let words = words.trim();
        let Some(first) = words.chars().next() else { return self.0.clone() };
        [&first.to_ascii_uppercase().to_string(), words.get(1..).unwrap_or_default()].concat()
    }
}

impl fmt::Display for ScreenName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ScreenName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&raw).map_err(serde::de::Error::custom)
    }
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident: $allowed:literal {
        $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])*
        #[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(raw: &str) -> Result<Self, Self::Err> {
                match raw {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($allowed),
                }
            }
        }
    };
}

words! {
    /// What is done at a screen.
    Role: "prep, expo, dispatch or all" {
        /// Some stations make their items.
        Prep = "prep",
        /// Orders are put together and handed over.
        Expo = "expo",
        /// Orders go out with couriers.
        Dispatch = "dispatch",
        /// Everything, as in a kitchen with one screen.
        #[default]
        All = "all",
    }
}

words! {
    /// How tickets are laid out.
    View: "columns or grid" {
        /// A column for each step of an order's life.
        #[default]
        Columns = "columns",
        /// Numbered slots, page by page.
        Grid = "grid",
    }
}

words! {
    /// Which ticket comes first, after those that rush.
    Sort: "due or age" {
        /// The one whose promise ends first.
        #[default]
        Due = "due",
        /// The one that was placed first.
        Age = "age",
    }
}

words! {
    /// The language of a screen.
    Language: "en, de or ar" {
        /// English.
        #[default]
        English = "en",
        /// German.
        German = "de",
        /// Arabic.
        Arabic = "ar",
    }
}

impl Language {
    /// The direction that it is written in, as HTML has it.
    #[must_use]
    pub fn dir(self) -> &'static str {
        match self {
            Self::English | Self::German => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// What its speakers call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Arabic => "العربية",
        }
    }
}

words! {
    /// Light or dark.
    Theme: "auto, dark or light" {
        /// As the device says, or whoever stands before it.
        #[default]
        Auto = "auto",
        /// For dim lines and bars.
        Dark = "dark",
        /// For bright kitchens.
        Light = "light",
    }
}

words! {
    /// What a digit does.
    Digits: "select or bump" {
        /// It selects the slot; another key bumps it.
        #[default]
        Select = "select",
        /// It bumps the slot.
        Bump = "bump",
    }
}

words! {
    /// What is read out to those who cannot see the board.
    Announce: "off, new or all" {
        /// Nothing but alarms.
        Off = "off",
        /// New orders.
        #[default]
        New = "new",
        /// Every change.
        All = "all",
    }
}

/// A number with one digit after the point, without the surprises of a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenths(pub u16);

impl Tenths {
    /// The nearest to `value`; none when it is out of reach.
    #[must_use]
    pub fn near(value: f64) -> Option<Self> {
        let tenths = (value * 10.0).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and in range, as the condition says"
        )]
        (0.0..=f64::from(u16::MAX)).contains(&tenths).then_some(Self(tenths as u16))
    }

    /// As a float, for reckoning.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl fmt::Display for Tenths {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 10, self.0 % 10) {
            (whole, 0) => write!(formatter, "{whole}"),
            (whole, tenth) => write!(formatter, "{whole}.{tenth}"),
        }
    }
}

impl Serialize for Tenths {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 % 10 {
            0 => serializer.serialize_u16(self.0 / 10),
            _ => serializer.serialize_f64(self.value()),
        }
    }
}

impl<'de> Deserialize<'de> for Tenths {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Self::near(value).ok_or_else(|| serde::de::Error::custom("a number from 0 to 6553.5"))
    }
}

/// At which events a screen makes a sound.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "a row of switches")]
pub struct Sounds {
    /// An order comes.
    pub new: bool,
    /// An order changes after it was sent.
    pub changed: bool,
    /// An order is called off.
    pub cancelled: bool,
    /// An order is ready to be handed over.
    pub ready: bool,
    /// An order is late.
    pub late: bool,
    /// The screen is cut off.
    pub offline: bool,
}

impl Sounds {
    /// The names on the wire, in the order of the fields.
    pub const EVENTS: [&str; 6] = ["new", "changed", "cancelled", "ready", "late", "offline"];

    /// The sounds of a screen with this role. One screen of a kitchen says that
    /// an order is late; more would be noise.
    #[must_use]
    pub fn of(role: Role) -> Self {
        Self {
            new: role != Role::Dispatch,
            changed: true,
            cancelled: true,
            ready: matches!(role, Role::Expo | Role::Dispatch),
            late: role == Role::Expo,
            offline: true,
        }
    }

    /// The switch of `event`.
    pub fn switch(&mut self, event: &str) -> Option<&mut bool> {
        Some(match event {
            "new" => &mut self.new,
            "changed" => &mut self.changed,
            "cancelled" => &mut self.cancelled,
            "ready" => &mut self.ready,
            "late" => &mut self.late,
            "offline" => &mut self.offline,
            _ => return None,
        })
    }
}

impl Default for Sounds {
    fn default() -> Self {
        Self::of(Role::All)
    }
}

/// What keys can do, each with the key that does it where nothing else is
/// said, by its `KeyboardEvent.code`.
pub const KEY_ACTIONS: [(&str, &str); 39] = [
    ("bump", "Enter"),
    ("undo", "KeyZ"),
    ("recall", "KeyR"),
    ("left", "ArrowLeft"),
    ("right", "ArrowRight"),
    ("up", "ArrowUp"),
    ("down", "ArrowDown"),
    ("item", "KeyX"),
    ("start", "KeyS"),
    ("hold", "KeyH"),
    ("rush", "KeyP"),
    ("details", "KeyD"),
    ("print", "KeyO"),
    ("first", "Home"),
    ("last", "End"),
    ("next_page", "PageDown"),
    ("previous_page", "PageUp"),
    ("next_station", "BracketRight"),
    ("previous_station", "BracketLeft"),
    ("grid", "KeyG"),
    ("columns", "KeyC"),
    ("all_day", "KeyA"),
    ("freeze", "KeyF"),
    ("search", "Slash"),
    ("new_order", "KeyN"),
    ("intake", "KeyI"),
    ("mute", "KeyM"),
    ("help", "F1"),
    ("clear", "Escape"),
    ("slot_1", "Digit1"),
    ("slot_2", "Digit2"),
    ("slot_3", "Digit3"),
    ("slot_4", "Digit4"),
    ("slot_5", "Digit5"),
    ("slot_6", "Digit6"),
    ("slot_7", "Digit7"),
    ("slot_8", "Digit8"),
    ("slot_9", "Digit9"),
    ("slot_10", "Digit0"),
];

/// What a key's code must be, for messages to users.
pub const KEY_CODE_RULE: &str = "a KeyboardEvent.code such as KeyB, Numpad1 or ControlLeft";

/// Whether `raw` can be the code of a key.
#[must_use]
pub fn is_key_code(raw: &str) -> bool {
    (1..=32).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What a screen shows and how it behaves. Every field has a default.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "a form with switches")]
pub struct Profile {
    /// What is written in its head.
    pub title: String,
    /// What is done at it.
    pub role: Role,
    /// Orders with items of these stations; empty for all.
    pub stations: Vec<Station>,
    /// Orders of these channels; empty for all.
    pub channels: Vec<Channel>,
    /// Orders of these services; empty for all.
    pub services: Vec<Service>,
    /// How tickets are laid out.
    pub view: View,
    /// Which ticket comes first.
    pub sort: Sort,
    /// Slots on one page of the grid; none for as many as can be read.
    pub page_size: Option<u8>,
    /// At which events it makes a sound.
    pub sounds: Sounds,
    /// How loud, from 0 to 100.
    pub volume: u8,
    /// When only alarms sound, and those at half the volume.
    pub quiet_hours: Option<QuietHours>,
    /// Its language.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// The visible diagonal, in inches.
    pub diagonal_in: Tenths,
    /// Its width, in the pixels that its browser counts.
    pub width_px: u16,
    /// Its height, in the same.
    pub height_px: u16,
    /// From how far it is read, in metres.
    pub distance_m: Tenths,
    /// What a digit does.
    pub digits: Digits,
    /// Whether a bump bar is plugged in: then the left control key bumps too.
    pub bump_bar: bool,
    /// Whether single keys do anything.
    pub single_keys: bool,
    /// Keys that differ from [`KEY_ACTIONS`], by action.
    pub keys: BTreeMap<String, String>,
    /// What is read out.
    pub announce: Announce,
    /// Whether a bump has to be held, so that none happens by accident.
    pub hold_to_bump: bool,
    /// Whether somebody must confirm to have seen an allergen before the bump.
    pub acknowledge_allergens: bool,
}

impl Profile {
    /// Slots that a page of the grid may have.
    pub const PAGE_SIZE: std::ops::RangeInclusive<u8> = 4..=20;

    /// The profile of a screen of which only the role is known.
    #[must_use]
    pub fn of(role: Role) -> Self {
        Self {
            title: String::new(),
            role,
            stations: Vec::new(),
            channels: Vec::new(),
            services: Vec::new(),
            view: match role {
                Role::Prep | Role::Expo => View::Grid,
                Role::Dispatch | Role::All => View::Columns,
            },
            sort: Sort::Due,
            page_size: None,
            sounds: Sounds::of(role),
            volume: 70,
            quiet_hours: None,
            language: Language::English,
            theme: Theme::Auto,
            diagonal_in: Tenths(240),
            width_px: 1920,
            height_px: 1080,
            distance_m: Tenths(10),
            digits: Digits::Select,
            bump_bar: false,
            single_keys: true,
            keys: BTreeMap::new(),
            announce: Announce::New,
            hold_to_bump: false,
            acknowledge_allergens: false,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::of(Role::All)
    }
}

/// A profile that is kept.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// What it is called in addresses.
    pub name: ScreenName,
    /// How often it has changed: 1 when it is made.
    pub version: Version,
    /// When it changed last.
    pub changed_at: UnixMillis,
    /// What it shows, and how.
    #[serde(flatten)]
    pub profile: Profile,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_an_address() {
        for name in ["grill", "grill-2", "4", "a".repeat(40).as_str()] {
            assert_eq!(ScreenName::parse(name).expect("a name").as_str(), name);
        }
        for other in ["", "Grill", "grill 2", "grill/2", "küche", "new", "a.css", &"a".repeat(41)]
        {
            assert_eq!(ScreenName::parse(other), Err(ScreenName::RULE), "{other}");
        }
    }

    #[test]
    fn a_name_without_a_title_makes_one() {
        let title = |raw| ScreenName::parse(raw).expect("a name").title();
        assert_eq!(title("grill"), "Grill");
        assert_eq!(title("fry-2"), "Fry 2");
        assert_eq!(title("-"), "-");
    }

    #[test]
    fn every_field_has_a_default() {
        let empty: Profile = serde_json::from_str("{}").expect("a profile");
        assert_eq!(empty, Profile::default());
        let grill: Profile = serde_json::from_str(r#"{"stations":["grill"]}"#).expect("a profile");
        assert_eq!(grill.stations, [Station::parse("grill").expect("a label")]);
        assert_eq!(grill.view, View::Columns);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut profile = Profile::of(Role::Expo);
        profile.diagonal_in = Tenths(215);
        profile.page_size = Some(12);
        profile.services = vec![Service::DineIn];
        profile.keys.insert("bump".to_owned(), "Numpad1".to_owned());
        let screen = Screen {
            name: ScreenName::parse("expo").expect("a name"),
            version: Version(3),
            changed_at: UnixMillis(7),
            profile,
        };
        let json = serde_json::to_value(&screen).expect("serialises");
        assert_eq!(json["diagonal_in"], 21.5);
        assert_eq!(json["distance_m"], 1);
        assert_eq!(json["name"], "expo");
        assert_eq!(json["role"], "expo");
        assert_eq!(serde_json::from_value::<Screen>(json).expect("a screen"), screen);
    }

    #[test]
    fn one_role_says_that_an_order_is_late() {
        let loud: Vec<&Role> = Role::ALL.iter().filter(|role| Sounds::of(**role).late).collect();
        assert_eq!(loud, [&Role::Expo]);
        assert!(!Sounds::default().late);
    }

    #[test]
    fn words_are_what_serde_writes() {
        for language in Language::ALL {
            let json = serde_json::to_value(language).expect("serialises");
            assert_eq!(json, language.as_str());
            assert_eq!(language.as_str().parse(), Ok(*language));
        }
        assert_eq!(Language::Arabic.dir(), "rtl");
        assert_eq!("fr".parse::<Language>(), Err("en, de or ar"));
    }

    #[test]
    fn every_action_and_every_default_key_stands_once() {
        for (place, (action, code)) in KEY_ACTIONS.iter().enumerate() {
            assert!(is_key_code(code), "{code}");
            for (other, same) in &KEY_ACTIONS[place + 1..] {
                assert!(action != other && code != same, "{action}, {other}");
            }
        }
        assert!(!is_key_code("") && !is_key_code("Key B") && !is_key_code(&"a".repeat(33)));
    }
}
