//! The browser's own reader of JSON: it reads what serde reads, and whatever serde
//! writes of what it has read.

use std::collections::BTreeMap;

use live_orders::{
    domain::{Currency, FoodOrder, Station},
    wire::{
        BoardPage, Bye, Heartbeat, Hello, Snapshot, SourceList,
        lean::{Json, Lean},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Fault, Target, orders::WORDS};
use crate::mutate::Mutator;

struct Lines {
    fault: Option<Fault>,
}

pub(super) fn make(fault: Option<Fault>) -> Box<dyn Target> {
    Box::new(Lines { fault })
}

impl Target for Lines {
    fn mutator(&self) -> Mutator {
        Mutator { words: WORDS, json: true }
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let Ok(text) = std::str::from_utf8(input) else { return Ok("no text".to_owned()) };
        let mut lean = Json::parse(text);
        if self.fault == Some(Fault::Escaped) && text.contains("\\u") {
            lean = None;
        }
        if let Some(Json::Map(fields)) = &mut lean
            && self.fault == Some(Fault::FieldLess)
        {
            fields.pop();
        }
        let value: Option<Value> = serde_json::from_str(text).ok();
        if let Some(value) = &value
            && is_of_the_wire(value, 0)
            && !lean.as_ref().is_some_and(|lean| agree(lean, value))
        {
            return Err(format!("read as {lean:?} and not as {value}"));
        }
        let known = [
            alike::<FoodOrder>(text)?,
            alike::<Snapshot>(text)?,
            alike::<Hello>(text)?,
            alike::<Heartbeat>(text)?,
            alike::<Bye>(text)?,
            alike::<SourceList>(text)?,
            alike::<BoardPage>(text)?,
        ];
        Ok(format!("{} {} {known:?}", value.is_some(), lean.is_some()))
    }
}

/// Whether `value` is made as the wire's is: whole numbers, and not too deep.
fn is_of_the_wire(value: &Value, depth: usize) -> bool {
    depth < 30
        && match value {
            Value::Number(number) => number.is_i64(),
            Value::Array(entries) => entries.iter().all(|it| is_of_the_wire(it, depth + 1)),
            Value::Object(fields) => fields.values().all(|it| is_of_the_wire(it, depth + 1)),
            _ => true,
        }
}

fn agree(lean: &Json, value: &Value) -> bool {
    match (lean, value) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(lean), Value::Bool(value)) => lean == value,
        (Json::Number(lean), Value::Number(value)) => value.as_i64() == Some(*lean),
        (Json::Text(lean), Value::String(value)) => lean == value,
        (Json::List(lean), Value::Array(value)) => {
            lean.len() == value.len()
                && lean.iter().zip(value).all(|(lean, value)| agree(lean, value))
        }
        (Json::Map(lean), Value::Object(value)) => {
            // Of two fields of one name serde keeps the last.
            let lean: BTreeMap<_, _> = lean.iter().map(|(name, lean)| (name, lean)).collect();
            lean.len() == value.len()
                && lean
                    .into_iter()
                    .all(|(name, lean)| value.get(name).is_some_and(|it| agree(lean, it)))
        }
        _ => false,
    }
}

/// Whether the server can have written this `value` of the field `name`: what it reads
/// back, it takes at its word, and the browser does not.
fn can_be(value: &Value, name: &str) -> bool {
    let labels = ["location", "channel", "station", "stations", "locations", "channels", "unaware"];
    match value {
        Value::String(text) if labels.contains(&name) => {
            Station::parse(text).is_ok_and(|label| label.as_str() == text)
        }
        Value::String(text) if name == "currency" => {
            Currency::parse(text).is_ok_and(|currency| currency.as_str() == text)
        }
        // No time of ours is as long as that.
        Value::Number(number) => number.is_i64(),
        Value::Array(entries) => entries.iter().all(|it| can_be(it, name)),
        Value::Object(fields) => fields.iter().all(|(name, it)| can_be(it, name)),
        _ => true,
    }
}

/// Where serde reads a `T` in `text`: whether the browser reads the same in what
/// serde writes of it.
fn alike<T: DeserializeOwned + Serialize + Lean + PartialEq>(text: &str) -> Result<bool, String> {
    let Ok(value) = serde_json::from_str::<T>(text) else {
        let _ = T::parse(text);
        return Ok(false);
    };
    let written = serde_json::to_value(&value).map_err(|error| error.to_string())?;
    if !can_be(&written, "") {
        return Ok(false);
    }
    let written = written.to_string();
    match T::parse(&written) {
        Some(read) if read == value => Ok(true),
        _ => Err(format!("the browser reads something else: {written}")),
    }
}
