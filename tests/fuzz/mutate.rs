//! Makes other inputs out of those there are: by their bytes, and where they are
//! JSON by what they are made of.

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Map, Number, Value};

/// Inputs of one kind.
pub(crate) struct Mutator {
    /// Words that mean something in them.
    pub(crate) words: &'static [&'static str],
    /// Whether they are JSON, which is mostly to stay so.
    pub(crate) json: bool,
}

/// Larger ones say no more than smaller ones, and take longer.
const MOST_BYTES: usize = 8 * 1024;
/// Text that is often read otherwise than it looks.
const TEXTS: [&str; 18] = [
    "",
    " ",
    "0",
    "-1",
    "null",
    "a",
    "é",
    "\u{0}",
    "\u{feff}x",
    "a\r\nb",
    "\u{202e}x",
    "💥",
    "~1/~0",
    "x\u{301}",
    "%00",
    "..",
    "\u{2028}",
    "ß",
];
/// Numbers at the edges of what can be said.
const NUMBERS: [&str; 20] = [
    "0",
    "-0",
    "1",
    "-1",
    "2",
    "5.0",
    "0.5",
    "99",
    "100",
    "999",
    "1000",
    "1e2",
    "1e400",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "1790000000000",
];

impl Mutator {
    /// Another input, made of some in `pool`.
    pub(crate) fn next(&self, pool: &[Vec<u8>], random: &mut StdRng) -> Vec<u8> {
        let Some(from) = pool.choose(random) else { return Vec::new() };
        let other = pool.choose(random).unwrap_or(from);
        let mut input = match serde_json::from_slice(from) {
            Ok(value) if self.json && random.random_ratio(9, 10) => {
                let other = serde_json::from_slice(other).unwrap_or(Value::Null);
                self.of_json(value, &other, random)
            }
            _ => self.of_bytes(from.clone(), other, random),
        };
        input.truncate(MOST_BYTES);
        input
    }

    fn of_bytes(&self, mut bytes: Vec<u8>, other: &[u8], random: &mut StdRng) -> Vec<u8> {
        for _ in 0..random.random_range(1..=4) {
            let at = random.random_range(0..=bytes.len());
            let to = (at + random.random_range(0..=16)).min(bytes.len());
            match random.random_range(0..8) {
                0 => bytes.insert(at, random.random()),
                1 => drop(bytes.drain(at..to)),
                2 => {
                    let piece = bytes[at..to].to_vec();
                    bytes.splice(at..at, piece);
                }
                3 => {
                    let from = random.random_range(0..=other.len());
                    let end = (from + random.random_range(0..=32)).min(other.len());
                    bytes.splice(at..to, other[from..end].iter().copied());
                }
                4 => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << random.random_range(0..8);
                    }
                }
                5 => drop(bytes.splice(at..to, self.text(random).into_bytes())),
                6 => drop(bytes.splice(at..at, self.text(random).into_bytes())),
                _ => {
                    let number = NUMBERS.choose(random).copied().unwrap_or_default();
                    bytes.splice(at..to, number.bytes());
                }
            }
        }
        bytes
    }

    fn of_json(&self, mut value: Value, other: &Value, random: &mut StdRng) -> Vec<u8> {
        for _ in 0..random.random_range(1..=3) {
            let mut paths = Vec::new();
            paths_of(&value, String::new(), &mut paths);
            let Some(path) = paths.choose(random) else { break };
            let (parent, name) = path.rsplit_once('/').unwrap_or_default();
            match random.random_range(0..10) {
                0 | 1 => self.put(&mut value, path, random),
                2 => match value.pointer_mut(parent) {
                    Some(Value::Object(fields)) if !path.is_empty() => {
                        fields.remove(&name.replace("~1", "/").replace("~0", "~"));
                    }
                    Some(Value::Array(entries)) => {
                        if let Ok(index) = name.parse::<usize>()
                            && index < entries.len()
                        {
                            entries.remove(index);
                        }
                    }
                    _ => {}
                },
                3 | 4 => match value.pointer_mut(path) {
                    Some(Value::Array(entries)) => {
                        let times = *[1, 1, 2, 13, 19, 31, 99, 100].choose(random).unwrap_or(&1);
                        if let Some(entry) = entries.choose(random).cloned() {
                            entries.extend(std::iter::repeat_n(entry, times));
                        }
                    }
                    Some(Value::String(text)) => {
                        *text = String::from_utf8_lossy(&self.of_bytes(
                            text.clone().into_bytes(),
                            b"",
                            random,
                        ))
                        .into_owned();
                    }
                    Some(Value::Object(fields)) => {
                        let word = self.text(random);
                        fields.insert(word, self.value(random));
                    }
                    _ => {}
                },
                5 => {
                    if let Some(Value::String(text)) = value.pointer_mut(path) {
                        let most =
                            *[1, 39, 40, 59, 119, 120, 200, 499, 500].choose(random).unwrap_or(&1);
                        *text = "ü".repeat(most + random.random_range(0..=1));
                    }
                }
                6 | 7 => {
                    let mut others = Vec::new();
                    paths_of(other, String::new(), &mut others);
                    let piece = others.choose(random).and_then(|path| other.pointer(path)).cloned();
                    if let (Some(piece), Some(place)) = (piece, value.pointer_mut(path)) {
                        *place = piece;
                    }
                }
                8 => {
                    if let Some(Value::Number(number)) = value.pointer_mut(path) {
                        let near =
                            number.as_i64().unwrap_or(0).wrapping_add(random.random_range(-2..=2));
                        *number = near.into();
                    }
                }
                _ => {
                    if let Some(place) = value.pointer_mut(path) {
                        let inside = place.take();
                        *place = Value::Array(vec![inside]);
                    }
                }
            }
        }
        value.to_string().into_bytes()
    }

    fn put(&self, value: &mut Value, path: &str, random: &mut StdRng) {
        if let Some(place) = value.pointer_mut(path) {
            *place = self.value(random);
        }
    }

    fn value(&self, random: &mut StdRng) -> Value {
        match random.random_range(0..8) {
            0 => Value::Null,
            1 => Value::Bool(random.random()),
            2 | 3 => {
                let number = NUMBERS.choose(random).copied().unwrap_or_default();
                number.parse().map_or(Value::Null, |number: Number| Value::Number(number))
            }
            4 => Value::Array(vec![]),
            5 => Value::Object(Map::new()),
            _ => Value::String(self.text(random)),
        }
    }

    fn text(&self, random: &mut StdRng) -> String {
        let words = if random.random_ratio(2, 3) { self.words } else { &TEXTS };
        (*words.choose(random).unwrap_or(&"")).to_owned()
    }
}

/// A pointer to each value in `value`.
pub(crate) fn paths_of(value: &Value, at: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                paths_of(field, format!("{at}/{name}"), paths);
            }
        }
        Value::Array(entries) => {
            // Of a long list the first say as much as all.
            for (index, entry) in entries.iter().enumerate().take(8) {
                paths_of(entry, format!("{at}/{index}"), paths);
            }
        }
        _ => {}
    }
    paths.push(at);
}
