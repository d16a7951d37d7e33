//! What is fed, and what has to be true of whatever comes of it.

use crate::mutate::Mutator;

mod bodies;
mod configurations;
mod ids;
mod keys;
mod lean;
mod orders;
mod queries;
mod signatures;

/// Something that takes what others have written.
pub(crate) trait Target {
    /// How others are made of its inputs.
    fn mutator(&self) -> Mutator;

    /// Feeds it `input`. What kind of answer it gave, or what is not as it has to be.
    fn feed(&mut self, input: &[u8]) -> Result<String, String>;

    /// What has to be true when all is over.
    fn end(&mut self) -> Result<(), Wrong> {
        Ok(())
    }
}

/// What is not as it has to be when all is over.
pub(crate) struct Wrong {
    pub(crate) what: String,
    /// The input that it comes from, where one can be told.
    pub(crate) input: Option<Vec<u8>>,
}

/// What is done wrongly on purpose, one thing at a time: a check that holds whatever is
/// done shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A part of what was sent is kept otherwise: each part there is, one after another.
    Kept,
    /// A number is read back otherwise.
    Read,
    /// An order is another one after a restart.
    Restarted,
    /// What is refused leaves something behind.
    Leaves,
    /// A key of no letters is one.
    NoKey,
    /// A filter's own query leaves out its last value.
    Query,
    /// A list leaves an order out.
    Listed,
    /// The last id of the log is one of the future.
    Future,
    /// A signature is believed for its first letters.
    Letters,
    /// A line does not name its file.
    NoFile,
    /// A line does not name its key.
    NoName,
    /// What is escaped cannot be read.
    Escaped,
    /// The last field of an object is not read.
    FieldLess,
}

/// A target, by name.
pub(crate) struct Entry {
    /// Its name, and its folder's in the corpus.
    pub(crate) name: &'static str,
    /// Makes one, with a fault in it if there is to be one.
    pub(crate) make: fn(fault: Option<Fault>) -> Box<dyn Target>,
    /// Inputs of the short run.
    pub(crate) inputs: usize,
    /// The faults that it can have, each with how what it breaks is told: anything else
    /// that goes wrong with a fault in it is not that fault.
    pub(crate) faults: &'static [(Fault, &'static str)],
}

pub(crate) const ALL: &[Entry] = &[
    Entry {
        name: "orders",
        make: orders::make,
        inputs: 1200,
        faults: &[
            (Fault::Kept, "every part that is kept otherwise is seen"),
            (Fault::Read, "placed as "),
            (Fault::Restarted, "acknowledged as "),
        ],
    },
    Entry {
        name: "bodies",
        make: bodies::make,
        inputs: 700,
        faults: &[(Fault::Read, "answered "), (Fault::Leaves, "refused, and changed all the same")],
    },
    Entry {
        name: "keys",
        make: keys::make,
        inputs: 500,
        faults: &[(Fault::NoKey, "a key that is good: true, and 400 ")],
    },
    Entry {
        name: "queries",
        make: queries::make,
        inputs: 1500,
        faults: &[(Fault::Query, "the filter of "), (Fault::Listed, "a list of ")],
    },
    Entry { name: "ids", make: ids::make, inputs: 400, faults: &[(Fault::Future, "is taken: ")] },
    Entry {
        name: "signatures",
        make: signatures::make,
        inputs: 6000,
        faults: &[(Fault::Letters, "found Ok(()) and not ")],
    },
    Entry {
        name: "configurations",
        make: configurations::make,
        inputs: 2500,
        faults: &[
            (Fault::NoFile, "it does not say which file"),
            (Fault::NoName, "it does not say which key"),
        ],
    },
    Entry {
        name: "lean",
        make: lean::make,
        inputs: 6000,
        faults: &[(Fault::Escaped, "read as None"), (Fault::FieldLess, "read as Some(")],
    },
];
