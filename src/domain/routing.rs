//! Which station makes what, for orders that do not say.

use std::fmt;

use super::{ids::Station, text};

/// The table from items to stations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// Patterns, lower case, with their stations; exact names first, then the
    /// longest pattern.
    routes: Vec<(Pattern, Station)>,
    /// Where items go that no pattern names.
    fallback: Station,
    /// The patterns that are an item's whole name, as they were written.
    names: Vec<String>,
}

/// A name, or a part of one with `*` for the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern {
    begins_anywhere: bool,
    ends_anywhere: bool,
    text: String,
}

impl Pattern {
    fn parse(raw: &str) -> Option<Self> {
        let raw = text::clean(raw).to_lowercase();
        let (begins_anywhere, rest) = match raw.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, raw.as_str()),
        };
        let (ends_anywhere, rest) = match rest.strip_suffix('*') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        if rest.is_empty() || rest.contains('*') {
            return None;
        }
        Some(Self { begins_anywhere, ends_anywhere, text: rest.to_owned() })
    }

    fn matches(&self, name: &str) -> bool {
        match (self.begins_anywhere, self.ends_anywhere) {
            (false, false) => name == self.text,
            (false, true) => name.starts_with(&self.text),
            (true, false) => name.ends_with(&self.text),
            (true, true) => name.contains(&self.text),
        }
    }

    fn is_exact(&self) -> bool {
        !self.begins_anywhere && !self.ends_anywhere
    }
}

/// Why a table from items to stations is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadRoute {
    /// This is no pattern.
    NoPattern(String),
    /// This stands at two stations.
    Twice {
        /// The pattern.
        item: String,
        /// Where it stands.
        stations: [Station; 2],
    },
}

impl fmt::Display for BadRoute {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPattern(item) => write!(
                formatter,
                "{item:?} names no item: it takes a name, or part of one with * before or after it"
            ),
            Self::Twice { item, stations: [first, second] } => write!(
                formatter,
                "{item:?} stands at two stations, {first} and {second}: only one can make it"
            ),
        }
    }
}

/// Where an item goes, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route<'a> {
    /// The station.
    pub station: &'a Station,
    /// Whether a pattern of the table named it.
    pub named: bool,
}

impl Routing {
    /// The station of items that nobody has routed, where others are.
    pub const UNROUTED: &'static str = "unrouted";

    /// A table of `routes`, each a pattern and its station; items that none
    /// names go to `fallback`. A pattern is an item's name, in any case of
    /// letters, with `*` at either end for any text.
    ///
    /// # Errors
    /// The first pattern that is none, or that stands at two stations.
    pub fn new(
        routes: impl IntoIterator<Item = (String, Station)>,
        fallback: Station,
    ) -> Result<Self, BadRoute> {
        let mut parsed: Vec<(Pattern, Station)> = Vec::new();
        let mut names = Vec::new();
        for (raw, station) in routes {
            let Some(pattern) = Pattern::parse(&raw) else {
                return Err(BadRoute::NoPattern(raw));
            };
            let twice = parsed.iter().find(|(known, at)| *known == pattern && *at != station);
            if let Some((_, other)) = twice {
                return Err(BadRoute::Twice { item: raw, stations: [other.clone(), station] });
            }
            if pattern.is_exact() {
                names.push(text::clean(&raw));
            }
            parsed.push((pattern, station));
        }
        parsed.sort_by_key(|(pattern, _)| {
            (!pattern.is_exact(), std::cmp::Reverse(pattern.text.chars().count()))
        });
        Ok(Self { routes: parsed, fallback, names })
    }

    /// Where an item called `name` goes.
    #[must_use]
    pub fn of(&self, name: &str) -> Route<'_> {
        let name = name.to_lowercase();
        let found = self.routes.iter().find(|(pattern, _)| pattern.matches(&name));
        match found {
            Some((_, station)) => Route { station, named: true },
            None => Route { station: &self.fallback, named: false },
        }
    }

    /// Whether the table names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// The stations that the table names, each as often as it does.
    pub fn stations(&self) -> impl Iterator<Item = &Station> {
        self.routes.iter().map(|(_, station)| station)
    }

    /// The items that the table names whole, as they are written there.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Where items go that no pattern names. Every screen of a station shows
    /// them besides its own, so that nothing is overlooked.
    #[must_use]
    pub fn fallback(&self) -> &Station {
        &self.fallback
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routing(routes: &[(&str, &str)]) -> Routing {
        let station = |name: &str| Station::parse(name).expect("a station");
        let routes = routes.iter().map(|(item, name)| ((*item).to_owned(), station(name)));
        Routing::new(routes, station(Routing::UNROUTED)).expect("patterns")
    }

    #[test]
    fn the_exact_name_wins_over_patterns_and_the_longer_over_the_shorter() {
        let routing = routing(&[
            ("*burger*", "grill"),
            ("veggie burger*", "cold"),
            ("Veggie Burger", "wok"),
            ("*fries", "fry"),
        ]);
        for (item, station, named) in [
            ("Cheeseburger", "grill", true),
            ("veggie burger deluxe", "cold", true),
            ("VEGGIE BURGER", "wok", true),
            ("Sweet potato fries", "fry", true),
            ("Lemonade", "unrouted", false),
        ] {
            let route = routing.of(item);
            assert_eq!((route.station.as_str(), route.named), (station, named), "{item}");
        }
        assert_eq!(routing.names(), ["Veggie Burger"]);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for raw in ["", "*", "**", "a*b", " "] {
            let route = [(raw.to_owned(), Station::parse("grill").expect("a station"))];
            let fallback = Station::parse("kitchen").expect("a station");
            assert_eq!(Routing::new(route, fallback), Err(BadRoute::NoPattern(raw.to_owned())));
        }
    }

    #[test]
    fn an_item_has_one_station() {
        let station = |name: &str| Station::parse(name).expect("a station");
        let table = |items: [(&str, &str); 2]| {
            let routes = items.map(|(item, at)| (item.to_owned(), station(at)));
            Routing::new(routes, station("kitchen"))
        };
        for item in ["FRIES", "*fries"] {
            let refused = table([(&item.to_lowercase(), "grill"), (item, "fry")]);
            let stations = [station("grill"), station("fry")];
            assert_eq!(refused, Err(BadRoute::Twice { item: item.to_owned(), stations }));
        }
        table([("Fries", "fry"), ("fries", "fry")]).expect("the same twice");
        table([("Fries", "fry"), ("*fries", "grill")]).expect("another pattern");
    }
}
