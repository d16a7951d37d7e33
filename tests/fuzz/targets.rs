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
    fn end(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// One of them, by name.
pub(crate) struct Entry {
    /// Its name, and its folder's in the corpus.
    pub(crate) name: &'static str,
    /// Makes one; with a fault in it if it is to be `broken`.
    pub(crate) make: fn(broken: bool) -> Box<dyn Target>,
    /// Inputs of the short run.
    pub(crate) inputs: usize,
}

pub(crate) const ALL: &[Entry] = &[
    Entry { name: "orders", make: orders::make, inputs: 1200 },
    Entry { name: "bodies", make: bodies::make, inputs: 700 },
    Entry { name: "keys", make: keys::make, inputs: 500 },
    Entry { name: "queries", make: queries::make, inputs: 1500 },
    Entry { name: "ids", make: ids::make, inputs: 400 },
    Entry { name: "signatures", make: signatures::make, inputs: 6000 },
    Entry { name: "configurations", make: configurations::make, inputs: 2500 },
    Entry { name: "lean", make: lean::make, inputs: 6000 },
];
