//! What tells another order from a repeat of one.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::domain::{FoodOrder, NewOrder};

/// Bytes of one digest.
const DIGEST: usize = 32;

/// What tells another order from a repeat: digests of the body as it was sent and
/// of the order that was read from it. One of them that is the same is enough. The
/// second alone would make another order of the same bytes once the stations or
/// the defaults of the configuration are others; the first alone, of the same order
/// that is written down otherwise. Before there was the first, stores kept the second
/// alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// That of a body.
    #[must_use]
    pub fn of_body(body: &Value) -> Self {
        let mut content = b"body ".to_vec();
        write(body, &mut content);
        Self(Sha256::digest(content).to_vec())
    }

    /// That of an order.
    #[must_use]
    pub fn of_order(order: &NewOrder) -> Self {
        let content = serde_json::to_vec(order).unwrap_or_default();
        Self(Sha256::digest(content).to_vec())
    }

    /// That of what is left of an order as it was placed, once it is erased: the
    /// only one that is kept then, for a digest of a telephone number is one that
    /// can be found by trying them all. Stations are not part of it, which the
    /// configuration may have changed.
    #[must_use]
    pub fn of_erased(placed: &FoodOrder) -> Self {
        let lines: Vec<_> = placed
            .items
            .iter()
            .map(|it| (&it.name, it.quantity, it.unit_price, &it.modifiers, &it.allergens))
            .collect();
        let how = (placed.fulfilment.service, placed.fulfilment.due_at, placed.flags.rush);
        let all = (&placed.location, &placed.source, how, lines, &placed.money);
        let mut content = b"erased ".to_vec();
        content.extend(serde_json::to_vec(&all).unwrap_or_default());
        Self(Sha256::digest(content).to_vec())
    }

    /// One that the store has kept.
    #[must_use]
    pub fn kept(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// What the store keeps.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// This one and `other` for the same order.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether both are of the same order.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let mut digests = self.0.chunks_exact(DIGEST);
        digests.any(|digest| other.0.chunks_exact(DIGEST).any(|it| it == digest))
    }
}

/// Adds `value` to `out` as it is whatever the order of its fields; one that is
/// `null` is as good as left out.
fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().filter(|(_, value)| !value.is_null()).collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            out.push(b'{');
            for (name, value) in fields {
                write(&Value::from(name.as_str()), out);
                out.push(b':');
                write(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(values) => {
            out.push(b'[');
            for value in values {
                write(value, out);
                out.push(b',');
            }
            out.push(b']');
        }
        single => out.extend(single.to_string().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_is_the_same_however_its_fields_are_ordered() {
        let body = Fingerprint::of_body(&json!({"a": [1, {"b": "x", "c": null}], "d": true}));
        let same: Value = serde_json::from_str(r#"{"d":true, "a":[1, {"b":"x"}]}"#).expect("JSON");
        assert!(body.agrees(&Fingerprint::of_body(&same)));
        for other in [
            json!({"a": [1, {"b": "y"}], "d": true}),
            json!({"a": [{"b": "x"}, 1], "d": true}),
            json!({"a": [1, {"b": "x"}], "d": "true"}),
            json!({"a": [1], "b": "x", "d": true}),
        ] {
            assert!(!body.agrees(&Fingerprint::of_body(&other)), "{other}");
        }
    }

    #[test]
    fn one_digest_that_is_the_same_is_enough() {
        let [one, two, three] = [1, 2, 3].map(|it| Fingerprint::of_body(&json!(it)));
        let both = one.clone().and(two.clone());
        assert!(both.agrees(&one) && two.agrees(&both));
        assert!(Fingerprint::kept(both.bytes().to_vec()).agrees(&two));
        assert!(!both.agrees(&three) && !both.agrees(&Fingerprint::default()));
    }
}
