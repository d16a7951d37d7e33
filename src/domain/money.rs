//! Money: whole minor units and the sum that must add up. No floats.

use std::{fmt, iter::Sum, ops::Add};

use serde::{Deserialize, Serialize};

/// An amount in the currency's smallest unit (cents, pence, yen).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MinorUnits(pub i64);

impl MinorUnits {
    /// This amount `quantity` times.
    #[must_use]
    pub fn times(self, quantity: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(quantity)))
    }
}

impl Add for MinorUnits {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for MinorUnits {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), Add::add)
    }
}

/// An ISO 4217 code: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency named by `code`.
    ///
    /// # Errors
    /// What a code must look like.
    pub fn parse(code: &str) -> Result<Self, &'static str> {
        match *code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err("an ISO 4217 code: three capital letters, such as EUR"),
        }
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// What an order costs. `total = subtotal + tax + tip + fees - discount`, but
/// nothing where that would be less.
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The currency of every amount here.
    pub currency: Currency,
    /// The items with their modifiers.
    pub subtotal: MinorUnits,
    /// Tax that is not already in the prices.
    pub tax: MinorUnits,
    /// For the staff.
    pub tip: MinorUnits,
    /// Delivery, service, packaging.
    pub fees: MinorUnits,
    /// Taken off, as a positive amount.
    pub discount: MinorUnits,
    /// What the customer pays.
    pub total: MinorUnits,
}

impl Money {
    /// The same money for other items: a new subtotal, and the total that
    /// follows from it. A discount stays what was granted, though there may be less
    /// for a while that it can take off.
    #[must_use]
    pub fn with_subtotal(self, subtotal: MinorUnits) -> Self {
        let before_discount = subtotal + self.tax + self.tip + self.fees;
        let total = before_discount.0.saturating_sub(self.discount.0).max(0);
        Self { subtotal, total: MinorUnits(total), ..self }
    }
}
