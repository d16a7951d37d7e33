//! A line of an order as somebody types it at the telephone: "2 cheeseburger, no
//! onion, + bacon, well done".

use serde_json::{Value, json};

use crate::domain::ModifierKind;

/// What a part begins with that says what is different from the menu. Signs need
/// no space behind them.
const KINDS: [(&str, ModifierKind); 11] = [
    ("+", ModifierKind::Add),
    ("-", ModifierKind::No),
    ("–", ModifierKind::No),
    ("−", ModifierKind::No),
    ("no ", ModifierKind::No),
    ("without ", ModifierKind::No),
    ("add ", ModifierKind::Add),
    ("with ", ModifierKind::Add),
    ("extra ", ModifierKind::Extra),
    ("sub ", ModifierKind::Sub),
    ("instead ", ModifierKind::Sub),
];

/// The line as the API takes an item. What is neither a sign nor a word of these
/// is a note.
pub(super) fn item(typed: &str) -> Value {
    let mut parts = typed.split([',', ';']).map(str::trim);
    let (quantity, name) = counted(parts.next().unwrap_or_default());
    let mut modifiers = Vec::new();
    let mut notes = Vec::new();
    for part in parts.filter(|part| !part.is_empty()) {
        match modifier(part) {
            Some(modifier) => modifiers.push(modifier),
            None => notes.push(part),
        }
    }
    let mut item = json!({"name": name, "quantity": quantity, "modifiers": modifiers});
    if !notes.is_empty() {
        item["note"] = notes.join(", ").into();
    }
    item
}

fn modifier(part: &str) -> Option<Value> {
    KINDS.iter().find_map(|(begin, kind)| {
        let rest = part.get(begin.len()..)?;
        let begins = part.get(..begin.len())?.eq_ignore_ascii_case(begin);
        let (quantity, name) = counted(rest.trim());
        begins.then(|| json!({"kind": kind.as_str(), "name": name, "quantity": quantity}))
    })
}

/// A number before a name, if there is one: "2 fries", "2x fries", "2 × fries", but
/// neither "7up" nor the dish that is called 23. One that is too large for a number
/// stays text, which the order's own rules refuse.
fn counted(text: &str) -> (Value, &str) {
    let digits = text.len() - text.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    let (number, rest) = text.split_at(digits);
    let after_sign = |rest: &'_ str| {
        let rest = rest.trim_start();
        let word = rest.strip_prefix(['x', 'X']).is_some_and(|it| it.starts_with(' '));
        word || rest.starts_with(['×', '*'])
    };
    let name = if after_sign(rest) {
        rest.trim_start().trim_start_matches(['x', 'X', '×', '*'])
    } else {
        rest
    };
    if number.is_empty() || name.is_empty() || (name == rest && !rest.starts_with(' ')) {
        return (1.into(), text);
    }
    let number = number.parse::<u32>().map_or_else(|_| number.into(), Value::from);
    (number, name.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_many_of_what_and_what_is_different() {
        assert_eq!(
            item(" 2 cheeseburger,no onion, + bacon,extra 2 cheese , sub tofu; well done,cut "),
            json!({
                "name": "cheeseburger",
                "quantity": 2,
                "modifiers": [
                    {"kind": "no", "name": "onion", "quantity": 1},
                    {"kind": "add", "name": "bacon", "quantity": 1},
                    {"kind": "extra", "name": "cheese", "quantity": 2},
                    {"kind": "sub", "name": "tofu", "quantity": 1},
                ],
                "note": "well done, cut",
            })
        );
        assert_eq!(
            item("Fries, -salt, No ketchup, nothing else")["modifiers"][1]["name"],
            "ketchup"
        );
        assert_eq!(item("Fries, nothing else")["note"], "nothing else");
    }

    #[test]
    fn a_number_before_a_name_counts_and_a_number_in_one_does_not() {
        for (typed, quantity, name) in [
            ("Fries", json!(1), "Fries"),
            ("2x fries", json!(2), "fries"),
            ("2 x fries", json!(2), "fries"),
            ("3×fries", json!(3), "fries"),
            ("12 * fries", json!(12), "fries"),
            ("2 xylo soup", json!(2), "xylo soup"),
            ("7up", json!(1), "7up"),
            ("2 7up", json!(2), "7up"),
            ("23", json!(1), "23"),
            ("0 fries", json!(0), "fries"),
            ("99999999999 fries", json!("99999999999"), "fries"),
            ("", json!(1), ""),
            ("Крем-суп, без", json!(1), "Крем-суп"),
        ] {
            let item = item(typed);
            assert_eq!((&item["quantity"], &item["name"]), (&quantity, &json!(name)), "{typed}");
        }
    }
}
