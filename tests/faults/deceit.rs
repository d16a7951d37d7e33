//! Guarantees broken on purpose, from outside of the program: what the harness must
//! notice, or it would notice nothing.

use std::{fmt, str::FromStr};

use memchr::memmem;

/// How clients are deceived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deceit {
    /// A reader is not passed every twentieth event.
    Drop,
    /// A reader is passed every twentieth event twice.
    Repeat,
    /// A reader is passed every twentieth event after the one behind it.
    Swap,
    /// Some orders are acknowledged without the program knowing of them.
    Forge,
    /// Some orders that have to be refused are mended on their way, and placed.
    Smuggle,
    /// Syncs say that they are done and do nothing; then the power is cut.
    NoSync,
}

impl Deceit {
    pub(crate) const ALL: [Self; 6] =
        [Self::Drop, Self::Repeat, Self::Swap, Self::Forge, Self::Smuggle, Self::NoSync];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Repeat => "repeat",
            Self::Swap => "swap",
            Self::Forge => "forge",
            Self::Smuggle => "smuggle",
            Self::NoSync => "no-sync",
        }
    }

    /// What takes a stream's bytes in hand, if it is done there.
    pub(crate) fn editor(self) -> Option<Editor> {
        matches!(self, Self::Drop | Self::Repeat | Self::Swap).then(|| Editor {
            deceit: self,
            kept: Vec::new(),
            held: Vec::new(),
            events: 0,
        })
    }

    /// An answer that nobody has given, to some of the requests.
    pub(crate) fn forged(count: u64) -> Option<Vec<u8>> {
        if count % 40 != 39 {
            return None;
        }
        let body = format!(
            "{{\"id\":\"00000000-0000-7000-8000-{count:012}\",\"version\":1,\"status\":\"placed\"}}"
        );
        let head = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nconnection: close";
        Some(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes())
    }

    /// Mends what is wrong with an order in `request`, if it is a quantity of nothing.
    pub(crate) fn mend(request: &mut [u8]) {
        let wrong = b"\"quantity\":0";
        while let Some(at) = memmem::find(request, wrong) {
            request[at + wrong.len() - 1] = b'1';
        }
    }
}

impl fmt::Display for Deceit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Deceit {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|deceit| deceit.name() == raw);
        known.ok_or_else(|| format!("{raw:?}: it takes {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// Takes the bytes of a stream in hand.
pub(crate) struct Editor {
    deceit: Deceit,
    kept: Vec<u8>,
    held: Vec<u8>,
    events: u64,
}

impl Editor {
    /// What is passed on instead of `piece`.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.kept.extend_from_slice(piece);
        let mut out = Vec::new();
        while let Some(end) = memmem::find(&self.kept, b"\n\n") {
            let frame: Vec<u8> = self.kept.drain(..end + 2).collect();
            if memmem::find(&frame, b"event: order.").is_none() {
                out.extend_from_slice(&frame);
                continue;
            }
            self.events += 1;
            match self.deceit {
                _ if !self.events.is_multiple_of(20) => {
                    out.extend_from_slice(&frame);
                    out.append(&mut self.held);
                }
                Deceit::Repeat => out.extend_from_slice(&frame.repeat(2)),
                Deceit::Swap => self.held = frame,
                _ => {}
            }
        }
        out
    }
}
