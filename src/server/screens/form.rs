//! The form of a screen: what it says of a profile, read by the same rules as the
//! API's JSON.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use crate::{
    domain::{
        Channel, Profile, Screen, Service, Station,
        screen::{KEY_ACTIONS, Sounds},
    },
    server::forms::{Form, ON},
};

impl Form {
    /// The form that says what `profile` says.
    pub(in crate::server) fn of(profile: &Profile) -> Self {
        let mut form = Self::default();
        let Profile { sounds, .. } = profile;
        form.add("title", &profile.title);
        form.add("role", profile.role.as_str());
        for station in &profile.stations {
            form.add("stations", station.as_str());
        }
        for channel in &profile.channels {
            form.add("channels", channel.as_str());
        }
        for service in &profile.services {
            form.add("services", service.as_str());
        }
        form.add("view", profile.view.as_str());
        form.add("sort", profile.sort.as_str());
        form.add("page_size", profile.page_size.map_or(String::new(), |it| it.to_string()));
        let mut sounds = *sounds;
        for event in Sounds::EVENTS {
            if sounds.switch(event).is_some_and(|on| *on) {
                form.add("sounds", event);
            }
        }
        form.add("volume", profile.volume.to_string());
        if let Some(hours) = profile.quiet_hours {
            form.add("quiet_from", hours.from.to_string());
            form.add("quiet_until", hours.until.to_string());
        }
        form.add("language", profile.language.as_str());
        form.add("theme", profile.theme.as_str());
        form.add("diagonal_in", profile.diagonal_in.to_string());
        form.add("width_px", profile.width_px.to_string());
        form.add("height_px", profile.height_px.to_string());
        form.add("distance_m", profile.distance_m.to_string());
        form.add("digits", profile.digits.as_str());
        form.add("announce", profile.announce.as_str());
        for (name, on) in [
            ("bump_bar", profile.bump_bar),
            ("single_keys", profile.single_keys),
            ("hold_to_bump", profile.hold_to_bump),
            ("acknowledge_allergens", profile.acknowledge_allergens),
        ] {
            if on {
                form.add(name, ON);
            }
        }
        for (action, code) in &profile.keys {
            form.add(&format!("key_{action}"), code);
        }
        form
    }

    /// The form of a screen that is there.
    pub(in crate::server) fn of_screen(screen: &Screen) -> Self {
        let mut form = Self::of(&screen.profile);
        form.set("expected_version", &screen.version.to_string());
        form
    }

    fn stations(&self) -> Vec<&str> {
        self.names("stations", "more_stations")
    }

    fn channels(&self) -> Vec<&str> {
        self.names("channels", "more_channels")
    }

    /// The stations to choose from: those that are known, and those in the form.
    pub(in crate::server) fn station_choices(
        &self,
        known: impl Iterator<Item = Station>,
    ) -> BTreeSet<String> {
        let known = known.map(|station| station.as_str().to_owned());
        known.chain(self.all("stations").map(str::to_owned)).collect()
    }

    /// The channels to choose from.
    pub(in crate::server) fn channel_choices(
        &self,
        known: impl Iterator<Item = Channel>,
    ) -> BTreeSet<String> {
        let known = known.map(|channel| channel.as_str().to_owned());
        known.chain(self.all("channels").map(str::to_owned)).collect()
    }

    /// The same as the API would be sent.
    pub(in crate::server) fn json(&self) -> Value {
        let mut json = self.measures();
        for name in ["name", "title", "role", "sort", "language", "theme", "digits", "announce"] {
            if !self.text(name).is_empty() {
                json.insert(name.to_owned(), self.text(name).into());
            }
        }
        json.insert("stations".to_owned(), self.stations().into());
        json.insert("channels".to_owned(), self.channels().into());
        json.insert("services".to_owned(), self.all("services").collect::<Vec<_>>().into());
        json.insert("quiet_hours".to_owned(), self.quiet_hours());
        for name in ["volume", "expected_version"] {
            json.insert(name.to_owned(), number(self.text(name)));
        }
        for name in ["bump_bar", "single_keys", "hold_to_bump", "acknowledge_allergens"] {
            json.insert(name.to_owned(), self.is_on(name).into());
        }
        let sounds =
            Sounds::EVENTS.map(|event| (event.to_owned(), self.has("sounds", event).into()));
        json.insert("sounds".to_owned(), Value::Object(Map::from_iter(sounds)));
        let keys = KEY_ACTIONS.iter().filter_map(|(action, _)| {
            let code = self.text(&format!("key_{action}")).trim().to_owned();
            (!code.is_empty()).then(|| ((*action).to_owned(), code.into()))
        });
        json.insert("keys".to_owned(), Value::Object(keys.collect()));
        Value::Object(json)
    }

    /// Nothing where neither time is filled in.
    fn quiet_hours(&self) -> Value {
        let times = [("from", "quiet_from"), ("until", "quiet_until")];
        let typed: Map<String, Value> = times
            .into_iter()
            .map(|(name, field)| (name.to_owned(), self.text(field).trim()))
            .filter(|(_, time)| !time.is_empty())
            .map(|(name, time)| (name, time.into()))
            .collect();
        if typed.is_empty() { Value::Null } else { Value::Object(typed) }
    }

    /// What the size of text follows from.
    pub(in crate::server) fn measures(&self) -> Map<String, Value> {
        let mut json = Map::new();
        if !self.text("view").is_empty() {
            json.insert("view".to_owned(), self.text("view").into());
        }
        for name in ["page_size", "diagonal_in", "width_px", "height_px", "distance_m"] {
            json.insert(name.to_owned(), number(self.text(name)));
        }
        json
    }

    /// The services that are chosen, in the order in which they are offered.
    pub(in crate::server) fn services(&self) -> impl Iterator<Item = (Service, bool)> {
        Service::ALL.into_iter().map(|service| (service, self.has("services", service.as_str())))
    }
}

/// What somebody typed as a number; as text where it is none, so that it is
/// refused with the field's own rule.
fn number(typed: &str) -> Value {
    let typed = typed.trim();
    if typed.is_empty() {
        return Value::Null;
    }
    let whole = typed.parse::<i64>().ok().map(Value::from);
    // Half of Europe writes a comma.
    let decimal = || typed.replace(',', ".").parse().ok().and_then(Number::from_f64);
    whole.or_else(|| decimal().map(Value::Number)).unwrap_or_else(|| typed.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            QuietHours, ScreenName,
            screen::{Role, Tenths},
        },
        server::ingest,
    };

    #[test]
    fn what_a_form_says_of_a_profile_is_that_profile() {
        let mut profile = Profile::of(Role::Expo);
        profile.title = "Expo & pass".to_owned();
        profile.stations = vec![Station::parse("grill").expect("a label")];
        profile.channels = vec![Channel::parse("web").expect("a label")];
        profile.services = vec![Service::DineIn, Service::Pickup];
        profile.page_size = Some(12);
        profile.diagonal_in = Tenths(215);
        profile.single_keys = false;
        profile.bump_bar = true;
        let time = |raw: &str| raw.parse().expect("a time");
        profile.quiet_hours = Some(QuietHours { from: time("22:00"), until: time("06:30") });
        profile.keys.insert("undo".to_owned(), "NumpadSubtract".to_owned());
        for profile in [profile, Profile { title: "All".to_owned(), ..Profile::of(Role::All) }] {
            let name = ScreenName::parse("pass").expect("a name");
            let wished = ingest::screen(Some(name), &Form::of(&profile).json());
            assert_eq!(wished.expect("a screen").profile, profile);
        }
    }

    #[test]
    fn what_is_typed_beside_the_boxes_counts_too() {
        let form = Form::parse(b"stations=grill&more_stations=+fry+,%2C+cold+bar&distance_m=1%2C5");
        assert_eq!(form.json()["stations"], serde_json::json!(["grill", "fry", "cold bar"]));
        assert_eq!(form.json()["distance_m"], 1.5);
        assert_eq!(form.json()["quiet_hours"], Value::Null);
        let half = Form::parse(b"quiet_from=22%3A00&quiet_until=");
        assert_eq!(half.json()["quiet_hours"], serde_json::json!({"from": "22:00"}));
        assert_eq!(number("far"), "far");
        assert_eq!(number(" "), Value::Null);
    }
}
