//! Profiles of screens, by the same rules whether they come over the API or
//! from a form.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde_json::Value;

use super::{Errors, Fields, Pointer};
use crate::{
    domain::{
        Channel, Profile, QuietHours, ScreenName, Service, Station, TimeOfDay, Version, limits,
        screen::{KEY_ACTIONS, KEY_CODE_RULE, Role, Sounds, Tenths, is_key_code},
    },
    server::error::Problem,
};

/// A screen as somebody wishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct WishedScreen {
    /// What it is called.
    pub(in crate::server) name: ScreenName,
    /// What it shows, and how.
    pub(in crate::server) profile: Profile,
    /// The version that whoever wishes it has seen; none for a new screen.
    pub(in crate::server) expected_version: Option<Version>,
}

/// The screen that `body` wishes. Where the address says its `name`, the body
/// may repeat it.
pub(in crate::server) fn screen(
    name: Option<ScreenName>,
    body: &Value,
) -> Result<WishedScreen, Problem> {
    let mut errors = Errors::default();
    let screen = errors.screen(name, body);
    errors.finish(screen)
}

const FIELDS: [&str; 26] = [
    "name",
    "title",
    "role",
    "stations",
    "channels",
    "services",
    "view",
    "sort",
    "page_size",
    "sounds",
    "volume",
    "quiet_hours",
    "language",
    "theme",
    "diagonal_in",
    "width_px",
    "height_px",
    "distance_m",
    "digits",
    "bump_bar",
    "single_keys",
    "keys",
    "announce",
    "hold_to_bump",
    "acknowledge_allergens",
    "expected_version",
];

/// Inches, in tenths.
const DIAGONAL: RangeInclusive<u16> = 30..=1500;
/// Metres, in tenths.
const DISTANCE: RangeInclusive<u16> = 3..=200;
const PIXELS: RangeInclusive<i64> = 240..=16_384;

impl Errors {
    fn screen(&mut self, name: Option<ScreenName>, body: &Value) -> Option<WishedScreen> {
        let fields = self.object(Pointer::ROOT, body, &FIELDS)?;
        let name = self.screen_name(&fields, name);
        // What is not said is as a screen with this role mostly has it. One that
        // names its stations prepares what they make.
        let named = fields.get("stations").and_then(Value::as_array);
        let usual =
            if named.is_some_and(|stations| !stations.is_empty()) { Role::Prep } else { Role::All };
        let role = fields.or(self, "role", usual, Self::parsed::<Role>);
        let usual = Profile::of(role.unwrap_or(usual));

        let title = fields.optional(self, "title", super::text_of(limits::SCREEN_TITLE)).flatten();
        let stations = fields.or(self, "stations", Vec::new(), |errors, at, value| {
            errors.set(&at, value, |errors, at, value| errors.label(at, value, Station::parse))
        });
        let channels = fields.or(self, "channels", Vec::new(), |errors, at, value| {
            errors.set(&at, value, |errors, at, value| errors.label(at, value, Channel::parse))
        });
        let services = fields.or(self, "services", Vec::new(), |errors, at, value| {
            errors.set(&at, value, Self::parsed::<Service>)
        });
        let view = fields.or(self, "view", usual.view, Self::parsed);
        let sort = fields.or(self, "sort", usual.sort, Self::parsed);
        let page_size = fields.or(self, "page_size", None, |errors, at, value| {
            let (least, most) = Profile::PAGE_SIZE.into_inner();
            let slots = errors.whole(at, value, &(i64::from(least)..=i64::from(most)))?;
            u8::try_from(slots).ok().map(Some)
        });
        let sounds = fields.or(self, "sounds", usual.sounds, |errors, at, value| {
            errors.sounds(at, value, usual.sounds)
        });
        let volume = fields.or(self, "volume", usual.volume, |errors, at, value| {
            errors.whole(at, value, &(0..=100)).and_then(|volume| u8::try_from(volume).ok())
        });
        let quiet_hours = fields.or(self, "quiet_hours", usual.quiet_hours, |errors, at, value| {
            errors.quiet_hours(at, value).map(Some)
        });
        let language = fields.or(self, "language", usual.language, Self::parsed);
        let theme = fields.or(self, "theme", usual.theme, Self::parsed);
        let diagonal_in = fields.or(self, "diagonal_in", usual.diagonal_in, |errors, at, value| {
            errors.tenths(at, value, &DIAGONAL)
        });
        let width_px = fields.or(self, "width_px", usual.width_px, Self::pixels);
        let height_px = fields.or(self, "height_px", usual.height_px, Self::pixels);
        let distance_m = fields.or(self, "distance_m", usual.distance_m, |errors, at, value| {
            errors.tenths(at, value, &DISTANCE)
        });
        let digits = fields.or(self, "digits", usual.digits, Self::parsed);
        let bump_bar = fields.or(self, "bump_bar", usual.bump_bar, Self::boolean);
        let single_keys = fields.or(self, "single_keys", usual.single_keys, Self::boolean);
        let keys = fields.or(self, "keys", BTreeMap::new(), Self::keys);
        let announce = fields.or(self, "announce", usual.announce, Self::parsed);
        let hold_to_bump = fields.or(self, "hold_to_bump", usual.hold_to_bump, Self::boolean);
        let acknowledge_allergens =
            fields.or(self, "acknowledge_allergens", usual.acknowledge_allergens, Self::boolean);
        let expected_version = fields.or(self, "expected_version", None, |errors, at, value| {
            let version = errors.whole(at, value, &(1..=i64::from(u32::MAX)))?;
            u32::try_from(version).ok().map(|version| Some(Version(version)))
        });
        let name = name?;
        let profile = Profile {
            title: title.unwrap_or_else(|| name.title()),
            role: role?,
            stations: stations?,
            channels: channels?,
            services: services?,
            view: view?,
            sort: sort?,
            page_size: page_size?,
            sounds: sounds?,
            volume: volume?,
            quiet_hours: quiet_hours?,
            language: language?,
            theme: theme?,
            diagonal_in: diagonal_in?,
            width_px: width_px?,
            height_px: height_px?,
            distance_m: distance_m?,
            digits: digits?,
            bump_bar: bump_bar?,
            single_keys: single_keys?,
            keys: keys?,
            announce: announce?,
            hold_to_bump: hold_to_bump?,
            acknowledge_allergens: acknowledge_allergens?,
        };
        Some(WishedScreen { name, profile, expected_version: expected_version? })
    }

    fn screen_name(
        &mut self,
        fields: &Fields<'_>,
        known: Option<ScreenName>,
    ) -> Option<ScreenName> {
        let Some(known) = known else {
            return fields.required(self, "name", |errors, at, value| {
                errors.label(at, value, ScreenName::parse)
            });
        };
        let repeated = fields.get("name");
        if repeated.is_some_and(|name| name.as_str() != Some(known.as_str())) {
            return self.refuse(
                Pointer::ROOT.field("name"),
                format!("must be {known}, as the address says, or left out"),
            );
        }
        Some(known)
    }

    /// A list in which each value stands once; an empty one stands for all.
    fn set<T: PartialEq>(
        &mut self,
        at: &Pointer,
        value: &Value,
        read: impl Fn(&mut Self, Pointer, &Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let values = self.array(at, value, &(0..=limits::SCREEN_VALUES))?;
        let mut set: Vec<T> = Vec::new();
        for value in self.each(at, values, read)? {
            if !set.contains(&value) {
                set.push(value);
            }
        }
        Some(set)
    }

    fn sounds(&mut self, at: Pointer, value: &Value, usual: Sounds) -> Option<Sounds> {
        let fields = self.object(at, value, &Sounds::EVENTS)?;
        let mut sounds = usual;
        let mut whole = true;
        for event in Sounds::EVENTS {
            if fields.get(event).is_none() {
                continue;
            }
            let on = fields.required(self, event, Self::boolean);
            whole &= on.is_some();
            if let (Some(on), Some(switch)) = (on, sounds.switch(event)) {
                *switch = on;
            }
        }
        whole.then_some(sounds)
    }

    fn quiet_hours(&mut self, at: Pointer, value: &Value) -> Option<QuietHours> {
        let fields = self.object(at.clone(), value, &["from", "until"])?;
        let from = fields.required(self, "from", Self::parsed::<TimeOfDay>);
        let until = fields.required(self, "until", Self::parsed::<TimeOfDay>);
        let (from, until) = (from?, until?);
        if from == until {
            return self.refuse(at.field("until"), "must be another time than from");
        }
        Some(QuietHours { from, until })
    }

    fn keys(&mut self, at: Pointer, value: &Value) -> Option<BTreeMap<String, String>> {
        let actions = KEY_ACTIONS.map(|(action, _)| action);
        let fields = self.object(at.clone(), value, &actions)?;
        let mut keys: BTreeMap<String, String> = BTreeMap::new();
        let mut whole = true;
        // In the order of the actions, so that a refusal is the same each time.
        for action in actions {
            let Some(value) = fields.get(action) else { continue };
            let at = at.field(action);
            let code = self.label(at.clone(), value, |raw| {
                is_key_code(raw).then(|| raw.to_owned()).ok_or(KEY_CODE_RULE)
            });
            let taken = keys.iter().find(|(_, other)| Some(*other) == code.as_ref());
            let taken = taken.map(|(other, _)| other.clone());
            match (code, taken) {
                (Some(code), None) => {
                    keys.insert(action.to_owned(), code);
                }
                (Some(code), Some(other)) => {
                    let detail = format!("must be another key: {code} is that of {other}");
                    self.refuse::<()>(at, detail);
                    whole = false;
                }
                (None, _) => whole = false,
            }
        }
        whole.then_some(keys)
    }

    fn tenths(
        &mut self,
        at: Pointer,
        value: &Value,
        range: &RangeInclusive<u16>,
    ) -> Option<Tenths> {
        let (least, most) = (Tenths(*range.start()).value(), Tenths(*range.end()).value());
        let number = value.as_f64().filter(|number| (least..=most).contains(number));
        match number.and_then(Tenths::near) {
            Some(tenths) => Some(tenths),
            None => self.refuse(
                at,
                format!(
                    "must be a number from {} to {}",
                    Tenths(*range.start()),
                    Tenths(*range.end())
                ),
            ),
        }
    }

    fn pixels(&mut self, at: Pointer, value: &Value) -> Option<u16> {
        self.whole(at, value, &PIXELS).and_then(|pixels| u16::try_from(pixels).ok())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::screen::View;

    fn named(name: &str) -> ScreenName {
        ScreenName::parse(name).expect("a name")
    }

    fn refused(body: &Value) -> Vec<String> {
        match screen(Some(named("grill")), body) {
            Err(Problem::InvalidFields(errors)) => {
                errors.into_iter().map(|error| error.pointer).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_name_and_its_stations_are_a_whole_screen() {
        let wished = screen(None, &json!({"name": "grill", "stations": ["grill", "grill"]}));
        let wished = wished.expect("a screen");
        assert_eq!(wished.name.as_str(), "grill");
        assert_eq!(wished.expected_version, None);
        assert_eq!(
            wished.profile,
            Profile {
                title: "Grill".to_owned(),
                stations: vec![Station::parse("grill").expect("a label")],
                ..Profile::of(Role::Prep)
            }
        );
    }

    #[test]
    fn what_is_not_said_follows_the_role() {
        let expo = screen(Some(named("pass")), &json!({"role": "expo", "sounds": {"new": false}}));
        let expo = expo.expect("a screen").profile;
        assert_eq!(expo.view, View::Grid);
        assert!(expo.sounds.late && !expo.sounds.new);
        let all = screen(Some(named("pass")), &json!({})).expect("a screen").profile;
        assert_eq!(all, Profile { title: "Pass".to_owned(), ..Profile::of(Role::All) });
    }

    #[test]
    fn every_field_that_breaks_a_rule_is_told() {
        let wrong = json!({
            "name": "fry", "title": "x".repeat(41), "role": "chef", "stations": ["a,b"],
            "channels": "web", "services": ["drive_in"], "view": "list", "sort": "name",
            "page_size": 21, "sounds": {"new": 1, "bang": true}, "volume": 101, "language": "fr",
            "theme": "blue", "diagonal_in": 2, "width_px": 10, "height_px": 1.5, "distance_m": 0,
            "digits": "none", "bump_bar": "yes", "single_keys": 1, "announce": "some",
            "keys": {"bump": "Key B", "undo": "KeyU", "recall": "KeyU", "jump": "KeyJ"},
            "hold_to_bump": 0, "acknowledge_allergens": 0, "expected_version": 0, "colour": 1,
            "quiet_hours": {"from": "25:00", "to": "06:00"}
        });
        let mut told = refused(&wrong);
        told.sort();
        let mut expected = [
            "/acknowledge_allergens",
            "/announce",
            "/bump_bar",
            "/channels",
            "/colour",
            "/diagonal_in",
            "/digits",
            "/distance_m",
            "/expected_version",
            "/height_px",
            "/hold_to_bump",
            "/keys/bump",
            "/keys/jump",
            "/keys/recall",
            "/language",
            "/name",
            "/page_size",
            "/quiet_hours/from",
            "/quiet_hours/to",
            "/quiet_hours/until",
            "/role",
            "/services/0",
            "/single_keys",
            "/sort",
            "/sounds/bang",
            "/sounds/new",
            "/stations/0",
            "/theme",
            "/title",
            "/view",
            "/volume",
            "/width_px",
        ];
        expected.sort_unstable();
        assert_eq!(told, expected);
    }

    #[test]
    fn quiet_hours_begin_and_end_at_different_times() {
        let quiet =
            |from: &str, until: &str| json!({"quiet_hours": {"from": from, "until": until}});
        let wished = screen(Some(named("bar")), &quiet("22:00", "06:30")).expect("a screen");
        let hours = wished.profile.quiet_hours.expect("hours");
        assert_eq!((hours.from.to_string(), hours.until.minutes()), ("22:00".to_owned(), 390));
        assert_eq!(refused(&quiet("22:00", "22:00")), ["/quiet_hours/until"]);
        let none = screen(Some(named("bar")), &json!({"quiet_hours": null})).expect("a screen");
        assert_eq!(none.profile.quiet_hours, None);
    }

    #[test]
    fn a_number_may_have_one_digit_after_the_point() {
        let wished = screen(Some(named("bar")), &json!({"diagonal_in": 10.1, "distance_m": 0.6}));
        let profile = wished.expect("a screen").profile;
        assert_eq!((profile.diagonal_in, profile.distance_m), (Tenths(101), Tenths(6)));
    }
}
