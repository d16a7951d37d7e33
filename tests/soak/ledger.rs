//! What one reader has had, and whether it is what it should have had: positions that
//! only grow, none twice, and none left out that it can tell of.
//!
//! Who follows everything knows every position. Boards and screens, which are there before
//! the first order is placed, know every order from its first version to its last, without
//! a gap; who follows one order knows that its versions have none. Who looks at a customer's
//! page is never sent what it shows already. All of it holds across connections, for who
//! comes back names the last id they had.

use std::collections::HashMap;

use live_orders::wire::{EventId, Seq, frame::Frame};

/// What a reader has asked for.
#[derive(Clone, Debug)]
pub(crate) enum Follows {
    /// Nothing yet.
    Nothing,
    /// A whole board.
    Everything,
    /// The screen of a station.
    Station {
        name: &'static str,
        /// Whether it asks for open orders alone: one that was called off is over for it.
        open: bool,
    },
    /// One order, by the stream.
    Order {
        id: String,
        /// Whether it begins with the order as it stands.
        whole: bool,
    },
    /// One order, by its customer's page.
    Page { id: String },
}

/// An order as whoever works on it has it acknowledged.
#[derive(Debug)]
pub(crate) struct Stand<'a> {
    pub(crate) id: &'a str,
    pub(crate) version: u32,
    pub(crate) stations: &'a [String],
    /// Whether it was called off, and nobody has said yet that they know.
    pub(crate) called_off: bool,
}

/// What an event was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A change of an order, by whoever works there.
    Change,
    /// A change that retention has made.
    Erasure,
    /// The last change of what is followed.
    Last,
    /// The server is about to end the stream.
    Bye,
    /// Whatever else there is.
    Other,
}

/// What one reader has had.
#[derive(Debug)]
pub(crate) struct Ledger {
    follows: Follows,
    position: Option<EventId>,
    /// What is said when coming back.
    last_id: String,
    /// Whether this connection goes on where another was cut off.
    resumed: bool,
    /// The version of each order that is still open, as far as it is known.
    versions: HashMap<String, u32>,
    /// Whether what is followed has come to its end, and whether that is still to be said.
    over: bool,
    ended: bool,
}

impl Ledger {
    pub(crate) fn new(follows: Follows) -> Self {
        Self {
            follows,
            position: None,
            last_id: String::new(),
            resumed: false,
            versions: HashMap::new(),
            over: false,
            ended: false,
        }
    }

    pub(crate) fn follows(&self) -> &Follows {
        &self.follows
    }

    /// The last id that came; none before the first.
    pub(crate) fn last_id(&self) -> Option<&str> {
        Some(self.last_id.as_str()).filter(|id| !id.is_empty())
    }

    /// Up to where it has everything; none for a page, which is not told.
    pub(crate) fn position(&self) -> Option<Seq> {
        self.position.map(|id| id.seq)
    }

    /// Whether what is followed has ended: said once.
    pub(crate) fn has_ended(&mut self) -> bool {
        std::mem::take(&mut self.ended)
    }

    /// What is wrong with what it knows, where `open` are all orders that are open by now.
    pub(crate) fn lacks(&self, open: &[Stand<'_>]) -> Option<String> {
        let known = |id: &str| self.versions.get(id).copied();
        let wants = |stand: &&Stand<'_>| match &self.follows {
            Follows::Everything => true,
            Follows::Station { name, open } => {
                stand.stations.iter().any(|it| it == name) && !(*open && stand.called_off)
            }
            Follows::Order { id, whole } => {
                stand.id == id && (*whole || self.versions.contains_key(id))
            }
            Follows::Page { .. } | Follows::Nothing => false,
        };
        let wanted: HashMap<&str, &Stand<'_>> =
            open.iter().filter(wants).map(|stand| (stand.id, stand)).collect();
        let behind = wanted
            .values()
            .find(|stand| known(stand.id) != Some(stand.version))
            .map(|stand| format!("{stand:?} is known as {:?}", known(stand.id)));
        let left = || {
            let gone = self.versions.keys().find(|id| !wanted.contains_key(id.as_str()))?;
            Some(format!("{gone} is over, and is known as {:?}", known(gone)))
        };
        let unfinished = || match &self.follows {
            Follows::Page { id } if !self.over && open.iter().all(|stand| stand.id != id) => {
                Some(format!("{id} is over, and its page does not show it"))
            }
            _ => None,
        };
        behind.or_else(left).or_else(unfinished)
    }

    /// A connection begins.
    pub(crate) fn begin(&mut self) {
        self.resumed = !self.last_id.is_empty();
    }

    /// Takes in what came; in words what is wrong with it.
    pub(crate) fn take(&mut self, frame: &Frame) -> Result<Kind, String> {
        let kind = match self.follows {
            Follows::Page { .. } => self.page(frame),
            _ => self.stream(frame),
        };
        if !frame.id.is_empty() {
            frame.id.clone_into(&mut self.last_id);
        }
        self.ended |= kind == Ok(Kind::Last);
        self.over |= self.ended;
        let about = |wrong| format!("{:?}, at {} {}: {wrong}", self.follows, frame.event, frame.id);
        kind.map_err(about)
    }

    fn page(&mut self, frame: &Frame) -> Result<Kind, String> {
        match frame.event.as_str() {
            "state" if frame.id == self.last_id => Err("it is shown already".to_owned()),
            "state"
                if ["done", "stop"]
                    .map(|it| format!("\"tone\":\"{it}\""))
                    .iter()
                    .any(|it| frame.data.contains(it)) =>
            {
                Ok(Kind::Last)
            }
            "state" => Ok(Kind::Change),
            "beat" if !self.last_id.is_empty() && frame.id != self.last_id => {
                Err("a heartbeat of what was never shown".to_owned())
            }
            "beat" => Ok(Kind::Other),
            "bye" => Ok(Kind::Bye),
            other => Err(format!("nobody asked for {other}")),
        }
    }

    fn stream(&mut self, frame: &Frame) -> Result<Kind, String> {
        let change = frame.event.starts_with("order.");
        if frame.event == "hello" && frame.id.is_empty() {
            return if self.resumed {
                Err("it does not go on where it was cut off".to_owned())
            } else {
                Ok(Kind::Other)
            };
        }
        let id: EventId = frame.id.parse().map_err(str::to_owned)?;
        match self.position {
            None => {}
            Some(before) if before.epoch != id.epoch => return Err("another log".to_owned()),
            Some(before) => {
                let (before, now) = (before.seq.0, id.seq.0);
                let everything = matches!(self.follows, Follows::Everything);
                if change && now <= before {
                    return Err(format!("again or out of order: it was at {before}"));
                }
                if now < before {
                    return Err(format!("back from {before}"));
                }
                if everything && now != before + u64::from(change) {
                    return Err(format!("something is missing after {before}"));
                }
                if frame.event == "hello" && now != before {
                    return Err(format!("it does not go on at {before}"));
                }
            }
        }
        self.position = Some(id);
        match frame.event.as_str() {
            "hello" | "heartbeat" => Ok(Kind::Other),
            "bye" => Ok(Kind::Bye),
            "snapshot" if self.resumed => Err("a snapshot in place of what was missed".to_owned()),
            "snapshot" => {
                if matches!(self.follows, Follows::Order { .. })
                    && frame.data.contains("\"version\":")
                {
                    self.version(frame)?;
                }
                Ok(Kind::Other)
            }
            _ if change => self.version(frame),
            other => Err(format!("nobody asked for {other}")),
        }
    }

    /// Looks at the version of the order in `frame`.
    fn version(&mut self, frame: &Frame) -> Result<Kind, String> {
        let erasure = frame.event == "order.erased";
        let asked_for = match &self.follows {
            Follows::Everything => true,
            // The first id of a snapshot is that of its order too.
            Follows::Order { id, .. } => frame.data.contains(id.as_str()),
            Follows::Station { name, .. } => {
                frame.data.contains(&format!("\"station\":\"{name}\""))
            }
            Follows::Page { .. } | Follows::Nothing => false,
        };
        if !asked_for {
            return Err(format!("not asked for: {:.200}", frame.data));
        }
        let (Some(id), Some(version)) = (text(&frame.data), number(&frame.data)) else {
            return Err(format!("no order: {:.200}", frame.data));
        };
        match self.versions.get(id) {
            Some(before) if version != before + 1 => {
                return Err(format!("version {version} of {id} after {before}"));
            }
            // What is erased is of yesterday.
            None if version != 1 && !erasure && !matches!(self.follows, Follows::Order { .. }) => {
                return Err(format!("the first that came of {id} is its version {version}"));
            }
            _ => {}
        }
        let over = erasure || self.is_over(&frame.data);
        if over {
            self.versions.remove(id);
        } else {
            self.versions.insert(id.to_owned(), version);
        }
        Ok(if erasure {
            Kind::Erasure
        } else if over && matches!(self.follows, Follows::Order { .. }) {
            Kind::Last
        } else {
            Kind::Change
        })
    }

    /// Whether nothing more comes here of the order in `data`.
    fn is_over(&self, data: &str) -> bool {
        let open_alone = matches!(self.follows, Follows::Station { open: true, .. });
        data.contains("\"status\":\"completed\"")
            || data.contains("\"status\":\"cancelled\"")
                && (open_alone || data.contains("\"cancel_unseen\":false"))
    }
}

/// The first id in an order's JSON: its own. Reading all of it would cost more than the
/// server takes to send it.
fn text(data: &str) -> Option<&str> {
    let (_, rest) = data.split_once("\"id\":\"")?;
    rest.split('"').next()
}

/// The first version in an order's JSON: its own.
fn number(data: &str) -> Option<u32> {
    let (_, rest) = data.split_once("\"version\":")?;
    rest.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}
