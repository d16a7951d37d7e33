//! Servers to compare with each other. Each runs in a process of its own,
//! started by `compare`, and is told on its standard input what to publish.
//!
//! | module | holds |
//! |---|---|
//! | [`control`] | what `compare` says to a peer, and the peer's first word |
//! | [`raw`] | the limit: ready-made bytes into sockets, nothing else |
//! | [`engine`] | this project's server, fed where its store's writer feeds it |
//! | [`framework`] | axum's `Sse` over a broadcast channel, as it is usually done |

pub(crate) mod control;
mod engine;
mod framework;
mod raw;

use clap::{Args, ValueEnum};

/// Which server to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Ready-made bytes into sockets
    Raw,
    /// This project's server
    Engine,
    /// axum's `Sse`, each stream serialising a struct of its own
    Axum,
    /// axum's `Sse`, JSON made once and shared
    AxumArc,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which server to be
    name: Name,
    /// Keys of this project's configuration
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

/// Serves until the standard input ends.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    match options.name {
        Name::Raw => raw::run(),
        Name::Engine => engine::run(&options.settings),
        Name::Axum => framework::run::<framework::Cloned>(),
        Name::AxumArc => framework::run::<framework::Shared>(),
    }
}
