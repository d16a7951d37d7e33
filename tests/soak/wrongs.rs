//! What has gone wrong, counted; the first of it in words.

/// In words at most.
const TOLD: u64 = 20;

#[derive(Debug, Default)]
pub(crate) struct Wrongs {
    /// Missing, doubled or out of order, on any stream.
    pub(crate) order: u64,
    /// Requests and streams that were answered otherwise than they should be, or not at all.
    pub(crate) refused: u64,
}

impl Wrongs {
    pub(crate) fn order(&mut self, what: String) {
        self.tell(&what);
        self.order += 1;
    }

    pub(crate) fn refused(&mut self, what: String) {
        self.tell(&what);
        self.refused += 1;
    }

    fn tell(&self, what: &str) {
        if self.order + self.refused < TOLD {
            eprintln!("WRONG: {what}");
        }
    }
}
