//! What `compare` says to a peer, and the peer's first word.

use std::{
    io::{BufRead as _, Write as _},
    net::SocketAddr,
    str::FromStr,
    thread,
};

use anyhow::Context as _;

/// A line on a peer's standard input: so many events, about the orders
/// `0..orders`, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Publish {
    pub(crate) count: u32,
    pub(crate) orders: u32,
}

impl FromStr for Publish {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> anyhow::Result<Self> {
        let mut words = line.split_ascii_whitespace();
        anyhow::ensure!(words.next() == Some("publish"), "{line:?} is no command");
        let mut number = || words.next().and_then(|word| word.parse().ok());
        let count = number().with_context(|| format!("{line:?} has no count"))?;
        Ok(Self { count, orders: number().unwrap_or(crate::sample::OPEN_ORDERS).max(1) })
    }
}

/// What a peer says of itself when it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) address: SocketAddr,
    /// Where its streams are.
    pub(crate) path: String,
    /// What its event ids begin with; the event's number follows.
    pub(crate) id_prefix: String,
}

impl Ready {
    /// Says it.
    pub(crate) fn say(&self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "ready {} {} {}", self.address, self.path, self.id_prefix)?;
        Ok(out.flush()?)
    }
}

impl FromStr for Ready {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> anyhow::Result<Self> {
        let words: Vec<&str> = line.trim_end_matches('\n').split(' ').collect();
        let ["ready", address, path, id_prefix] = words[..] else {
            anyhow::bail!("{line:?} is not what a peer says when it is ready");
        };
        let (path, id_prefix) = (path.to_owned(), id_prefix.to_owned());
        Ok(Self { address: address.parse()?, path, id_prefix })
    }
}

/// Has `publish` called for every command, on a thread of its own, and ends
/// the process with the standard input: no peer outlives who started it.
pub(crate) fn obey(mut publish: impl FnMut(Publish) + Send + 'static) {
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            match line.map_err(anyhow::Error::from).and_then(|line| line.parse()) {
                Ok(command) => publish(command),
                Err(_) => std::process::exit(2),
            }
        }
        std::process::exit(0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_says_is_understood() {
        let line = "ready 127.0.0.1:80 /live 9f3a01c4-\n";
        let ready: Ready = line.parse().expect("understood");
        assert_eq!((ready.path.as_str(), ready.id_prefix.as_str()), ("/live", "9f3a01c4-"));
        assert_eq!("ready 127.0.0.1:80 /live \n".parse::<Ready>().expect("well").id_prefix, "");
        assert!("listening on 127.0.0.1:80".parse::<Ready>().is_err());
    }

    #[test]
    fn a_command_is_understood() {
        let all: Publish = "publish 16".parse().expect("understood");
        assert_eq!(all, Publish { count: 16, orders: 500 });
        assert_eq!("publish 1 7".parse::<Publish>().expect("well").orders, 7);
        assert!("publish".parse::<Publish>().is_err());
        assert!("pub 1".parse::<Publish>().is_err());
    }
}
