//! The newtypes that must not be mixed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{limits, text};

/// An order's identity: a UUID version 7, so that ids sort by the time they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub Uuid);

impl fmt::Display for OrderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), formatter)
    }
}

impl FromStr for OrderId {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        // Only the form that `Display` writes: an id has one spelling.
        match Uuid::try_parse(raw) {
            Ok(id) if raw.len() == 36 && !raw.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Ok(Self(id))
            }
            _ => Err("a UUID such as 0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f"),
        }
    }
}

impl Serialize for OrderId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl<'de> Deserialize<'de> for OrderId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        raw.parse().map_err(serde::de::Error::custom)
    }
}

/// What is called out at the counter: short, from 101, anew for each location
/// and business day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderNumber(pub u32);

impl fmt::Display for OrderNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// How often an order has changed: 1 when it is placed, one more with each
/// change. Of two states of an order the one with the higher version wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u32);

impl Version {
    /// The version that an order is placed with.
    pub const FIRST: Self = Self(1);

    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A line of an order: 1 for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId(pub u32);

impl fmt::Display for ItemId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What a label must be, for messages to users.
pub const LABEL_RULE: &str = "1 to 40 characters, without a comma";

/// `raw`, cleaned, if a label may be so.
fn checked(raw: &str) -> Result<String, &'static str> {
    let label = text::clean(raw);
    // As it was sent: that is what the API's description can say of its length.
    if label.is_empty() || label.contains(',') || raw.chars().count() > limits::LABEL {
        return Err(LABEL_RULE);
    }
    Ok(label)
}

macro_rules! label {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        ///
        /// One to 40 characters without control characters or commas (a comma
        /// parts the values of a filter).
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// `raw`, cleaned.
            ///
            /// # Errors
            /// [`LABEL_RULE`] when it is empty, longer than 40 characters or has a comma.
            pub fn parse(raw: &str) -> Result<Self, &'static str> {
                checked(raw).map(Self)
            }

            /// The label's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

label!(
    /// A restaurant, kitchen or counter.
    Location
);
label!(
    /// Where an order came from: `web`, `pos`, `kiosk`, `phone`, a delivery partner.
    Channel
);
label!(
    /// Where an item is made: `grill`, `fry`, `cold`, `bar`.
    Station
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_has_one_spelling() {
        let id: OrderId = "0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f".parse().expect("valid");
        assert_eq!(id.to_string(), "0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f");
        let json = serde_json::to_string(&id).expect("serialises");
        assert_eq!(json, "\"0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f\"");
        assert_eq!(serde_json::from_str::<OrderId>(&json).expect("parses"), id);
        for other in
            ["{0197f2a0-6c1e-7d3a-9f10-3f2b8c4d5e6f}", "0197f2a06c1e7d3a9f103f2b8c4d5e6f", "x"]
        {
            assert!(other.parse::<OrderId>().is_err(), "{other}");
        }
    }

    #[test]
    fn a_label_is_short_and_has_no_comma() {
        assert_eq!(Station::parse(" grill ").expect("valid").as_str(), "grill");
        assert!(Station::parse("").is_err());
        assert!(Station::parse("\r\n").is_err());
        assert!(Station::parse("a,b").is_err());
        assert!(Station::parse(&"ü".repeat(40)).is_ok());
        assert!(Station::parse(&"ü".repeat(41)).is_err());
    }
}
