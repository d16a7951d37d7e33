//! Idempotency keys: which are taken, by a rule written a second time; and that two
//! orders of one key are one, or the second is refused.

use hyper::Method;
use serde_json::Value;

use super::{Fault, Target};
use crate::{
    mutate::Mutator,
    server::{Server, kind},
};

struct Keys {
    server: Server,
    fault: Option<Fault>,
}

pub(super) fn make(fault: Option<Fault>) -> Box<dyn Target> {
    Box::new(Keys { server: Server::start(), fault })
}

impl Target for Keys {
    fn mutator(&self) -> Mutator {
        Mutator { words: &["\"", "\\", "key", "\t", "\u{7f}", "hook web 1", "%20"], json: false }
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let sent = |byte: &u8| (*byte >= 0x20 && *byte != 0x7f) || *byte == b'\t';
        if !input.iter().all(sent) {
            return Ok("no header".to_owned());
        }
        // What is between a header's colon and its line's end, without the blanks around it.
        let trimmed = input.trim_ascii();
        let quoted = trimmed.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\""));
        let bare = quoted.unwrap_or(trimmed);
        let visible = bare.iter().all(|byte| (0x21..=0x7e).contains(byte));
        let mut good = visible && (1..=200).contains(&bare.len());
        if self.fault == Some(Fault::NoKey) {
            good = visible;
        }
        let headers = [("idempotency-key", input)];
        let mut ids = Vec::new();
        for body in [&br#"{"items":[{"name":"Soup","quantity":1}]}"#[..]; 2] {
            let answer = self.server.ask(Method::POST, "/api/orders", &headers, Some(body))?;
            let kind = kind(&answer, None)?;
            if good != (answer.status == 201) {
                return Err(format!("a key that is good: {good}, and {kind}"));
            }
            if !good {
                return if kind == "400 invalid_idempotency_key" { Ok(kind) } else { Err(kind) };
            }
            ids.push(answer.json()["id"].take());
        }
        if ids[0] != ids[1] || ids[0] == Value::Null {
            return Err(format!("two orders of one key: {ids:?}"));
        }
        let other = br#"{"items":[{"name":"Soup","quantity":2}]}"#;
        let answer = self.server.ask(Method::POST, "/api/orders", &headers, Some(other))?;
        let kind = kind(&answer, None)?;
        if !kind.contains("idempotency_key_reused") {
            return Err(format!("another order with the same key: {kind}"));
        }
        Ok(format!("{kind} {}", bare.len() != trimmed.len()))
    }
}
