//! Streams as they are, or compressed.

use axum::http::{HeaderMap, header};
use bytes::Bytes;

use crate::server::hub::{GZIP_HEAD, Seat, packed_alone};

/// In what form a stream goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Encoding {
    /// As it is.
    Plain,
    /// As one gzip stream. It has no end, so it has no checksum either.
    Gzip,
}

impl Encoding {
    /// What the client of a request with `headers` takes best.
    pub(super) fn of(headers: &HeaderMap, gzip: bool) -> Self {
        if gzip && accepts(headers, "gzip") { Self::Gzip } else { Self::Plain }
    }

    /// The first bytes of a stream.
    pub(super) fn begin(self, plain: Vec<u8>) -> Bytes {
        match self {
            Self::Plain => Bytes::from(plain),
            Self::Gzip => [&GZIP_HEAD[..], &packed_alone(&plain)].concat().into(),
        }
    }

    /// More bytes, for one reader alone.
    pub(super) fn more(self, plain: Bytes) -> Bytes {
        match self {
            Self::Plain => plain,
            Self::Gzip if plain.is_empty() => plain,
            Self::Gzip => packed_alone(&plain),
        }
    }

    /// A seat that gives what it gives in this form.
    pub(super) fn seat(self, seat: Seat) -> Seat {
        match self {
            Self::Plain => seat,
            Self::Gzip => seat.packed(),
        }
    }
}

/// Whether a client takes answers with this `Content-Encoding`.
pub(in crate::server) fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let listed = headers.get_all(header::ACCEPT_ENCODING);
    listed.iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(',')).any(
        |entry| {
            let (name, quality) = entry.split_once(';').unwrap_or((entry, "q=1"));
            let refused = quality.trim().trim_start_matches("q=").parse() == Ok(0.0_f32);
            name.trim().eq_ignore_ascii_case(encoding) && !refused
        },
    )
}
