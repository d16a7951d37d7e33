//! Which order somebody means who says a number or a name.

use super::order::FoodOrder;

impl FoodOrder {
    /// Whether it is called `wanted`: its number, or a part of its customer's
    /// name. `wanted` is in lower case, and `lower` makes a name so: a browser
    /// has that already, and need not fetch it again.
    #[must_use]
    pub fn is_called(&self, wanted: &str, lower: impl Fn(&str) -> String) -> bool {
        let wanted = wanted.trim();
        if wanted.is_empty() {
            return false;
        }
        let number = wanted.strip_prefix('#').unwrap_or(wanted);
        if number.bytes().all(|byte| byte.is_ascii_digit()) {
            return number.parse() == Ok(self.number.0);
        }
        lower(&self.customer.name).contains(wanted)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::testing::order;

    #[test]
    fn a_number_is_exact_and_a_name_may_be_a_part() {
        let mut order = order(142);
        "Ana Žižek".clone_into(&mut order.customer.name);
        let is_called = |wanted: &str| order.is_called(&wanted.to_lowercase(), str::to_lowercase);
        for wanted in ["142", "#142", " 142 ", "ana", "ŽIŽ", "a ž"] {
            assert!(is_called(wanted), "{wanted}");
        }
        for other in ["", " ", "14", "1420", "42", "anna", "#"] {
            assert!(!is_called(other), "{other}");
        }
    }
}
