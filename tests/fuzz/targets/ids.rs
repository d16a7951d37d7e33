//! Event ids: each has one spelling, which is read back; and a stream goes on from
//! an id of its own log, and from any other begins anew and says why.
//!
//! In an input, `EPOCH` stands for the log's own.

use hyper::Method;
use live_orders::wire::EventId;
use regex::Regex;

use super::{Fault, Target};
use crate::{mutate::Mutator, server::Server};

/// Events in the log.
const HEAD: u64 = 3;

struct Ids {
    server: Server,
    form: Regex,
    epoch: String,
    fault: Option<Fault>,
}

pub(super) fn make(fault: Option<Fault>) -> Box<dyn Target> {
    let mut server = Server::start();
    for _ in 0..HEAD {
        let body = br#"{"items":[{"name":"Soup","quantity":1}]}"#;
        server.ask(Method::POST, "/api/orders", &[], Some(body)).expect("an order");
    }
    let events = server.ask(Method::GET, "/api/events?after=earliest", &[], None);
    let cursor = events.expect("events").json()["cursor"].as_str().expect("a cursor").to_owned();
    let epoch = cursor.split('-').next().expect("an epoch").to_owned();
    let form = Regex::new("^([0-9a-f]{8})-(0|[1-9][0-9]*)$").expect("a pattern");
    Box::new(Ids { server, form, epoch, fault })
}

impl Target for Ids {
    fn mutator(&self) -> Mutator {
        let words = &[
            "EPOCH",
            "-",
            "EPOCH-0",
            "EPOCH-3",
            "EPOCH-4",
            "EPOCH-03",
            "EPOCH-+3",
            "earliest",
            "0",
            "00000000-0",
            "18446744073709551615",
            "18446744073709551616",
            "A",
            " ",
            "0x",
        ];
        Mutator { words, json: false }
    }

    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let raw = String::from_utf8_lossy(input).replace("EPOCH", &self.epoch);
        let read = raw.parse::<EventId>();
        let parts = self.form.captures(&raw);
        let seq = parts.as_ref().and_then(|parts| parts[2].parse::<u64>().ok());
        if read.is_ok() != seq.is_some() {
            return Err(format!("{raw:?} is an id: {}", read.is_ok()));
        }
        if let Ok(id) = &read
            && id.to_string() != raw
        {
            return Err(format!("{raw:?} is written as {id}"));
        }
        let sent = |byte: u8| (byte >= 0x20 && byte != 0x7f) || byte == b'\t';
        // A header that is empty is none; one with blanks around it is without them.
        let header = raw.trim_matches([' ', '\t']);
        if !raw.bytes().all(sent) {
            return Ok(format!("{} {}", read.is_ok(), seq.is_some()));
        }
        let frames = self.server.stream(raw.as_bytes())?;
        let hello = frames.first().filter(|(event, ..)| event == "hello").ok_or("no hello")?;
        let snapshot = frames.iter().find(|(event, ..)| event == "snapshot");
        let own = header.strip_prefix(&format!("{}-", self.epoch));
        let own =
            own.filter(|_| self.form.is_match(header)).and_then(|seq| seq.parse::<u64>().ok());
        let head = if self.fault == Some(Fault::Future) { HEAD - 1 } else { HEAD };
        match own.filter(|seq| *seq <= head) {
            Some(seq) => {
                let rest: Vec<_> =
                    frames.iter().filter(|(event, ..)| event.starts_with("order.")).collect();
                let ids: Vec<_> =
                    (seq + 1..=HEAD).map(|seq| format!("{}-{seq}", self.epoch)).collect();
                if snapshot.is_some() || hello.1 != header || !rest.iter().map(|it| &it.1).eq(&ids)
                {
                    return Err(format!("after {header} comes {frames:?}"));
                }
                Ok(format!("goes on from {seq}"))
            }
            None if header.is_empty() => {
                if snapshot.is_some() {
                    Err("a snapshot for nothing".to_owned())
                } else {
                    Ok("new".to_owned())
                }
            }
            None => {
                let known = snapshot.is_some_and(|it| it.2.contains(r#""reason":"unknown_id""#));
                if known {
                    Ok(format!("anew {}", read.is_ok()))
                } else {
                    Err(format!("is taken: {header:?}: {frames:?}"))
                }
            }
        }
    }
}
