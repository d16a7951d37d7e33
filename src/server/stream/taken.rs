//! Streams whose socket is taken back from hyper.
//!
//! A stream is only ever written to, and hyper costs several kilobytes and
//! nearly half the time for that. So a request for one is parsed, routed and
//! authorised like every other; but where its connection is plain HTTP/1, which
//! the request says by carrying [`Takeable`], the handler answers with a
//! [`Taken`] in the response's extensions. The connection then holds the answer
//! back, takes itself apart and hands the socket over. The answer's head is
//! written here, and its body ends with the connection, so that it needs no
//! chunks and both ways send the same bytes.

use std::{
    future::pending,
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use axum::http::{HeaderName, header, response};
use bytes::Bytes;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{
    Cut, Prelude, Reader,
    pager::{Page, Pager},
    sweep::Follower,
};
use crate::server::{clock::Clock, listen::Patient};

/// In a request's extensions: its connection can be taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Takeable;

/// In a response's extensions: it is a stream that wants the socket.
#[derive(Clone)]
pub struct Taken(Arc<Mutex<Option<Beginning>>>);

/// A stream that has not begun.
struct Beginning {
    reader: Reader,
    pager: Pager,
    prelude: Prelude,
}

impl Taken {
    /// A stream that says `prelude` and then what `pager` comes to.
    pub(super) fn new(reader: Reader, pager: Pager, prelude: Prelude) -> Self {
        Self(Arc::new(Mutex::new(Some(Beginning { reader, pager, prelude }))))
    }

    /// Answers with `head` on `socket` and goes on with the stream. Returns
    /// when somebody else has taken it over; `open` goes when it has ended.
    pub async fn run(self, head: response::Parts, socket: TcpStream, open: TaskTrackerToken) {
        let beginning = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Beginning { reader, pager, prelude }) = beginning else { return };
        let mut first = answer_head(&head, Clock::system().now().0);
        first.extend_from_slice(&reader.encoding.begin(prelude.own));
        catch_up(reader, pager, [first.into(), prelude.shared.unwrap_or_default()], socket, open)
            .await;
    }
}

/// Sends what is to be sent `first` and what the reader has missed, until a
/// sweeper takes over.
pub(super) async fn catch_up(
    reader: Reader,
    pager: Pager,
    first: [Bytes; 2],
    socket: TcpStream,
    open: TaskTrackerToken,
) {
    let cut = Cut::default();
    let cut_off = reader.term.clone().cut_off(cut.clone());
    tokio::select! {
        () = send(reader, pager, first, (socket, cut), open) => {}
        // From now on the socket refuses whatever is left.
        never = async { cut_off.await; pending().await } => never,
    }
}

async fn send(
    reader: Reader,
    mut pager: Pager,
    first: [Bytes; 2],
    (socket, cut): (TcpStream, Cut),
    open: TaskTrackerToken,
) {
    let Some(sweepers) = reader.app.sweepers.clone() else { return };
    let mut socket = Patient::new(socket, sweepers.write_timeout, cut);
    let mut seat = pager.seat();
    let [mut first, shared] = first;
    // The first bytes do not wait for the store. What is shared is not copied
    // to go out with them; they fit into the socket.
    if seat.is_none() || !shared.is_empty() {
        if socket.write_all(&first).await.is_err() {
            return;
        }
        first = shared;
    }
    if seat.is_none() && socket.write_all(&std::mem::take(&mut first)).await.is_err() {
        return;
    }
    while seat.is_none() {
        let (bytes, last) = match pager.next(&reader.term).await {
            Page::Seat(found) => {
                seat = Some(found);
                break;
            }
            Page::Frames(frames) => (frames, false),
            Page::End(bye) => (bye, true),
            Page::Gone => (Bytes::new(), true),
        };
        if socket.write_all(&reader.encoding.more(bytes)).await.is_err() {
            return;
        }
        if last {
            let _ = socket.shutdown().await;
            return;
        }
    }
    if let (Some(seat), Ok(socket)) = (seat, socket.into_inner().into_std()) {
        let seat = reader.encoding.seat(seat);
        sweepers.take(Follower { reader, seat, socket, first, open });
    }
}

/// The head of an answer as hyper would write it, but for a body that ends
/// with the connection.
fn answer_head(head: &response::Parts, now_millis: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let reason = head.status.canonical_reason().unwrap_or_default();
    let _ = write!(out, "HTTP/1.1 {} {reason}\r\n", head.status.as_u16());
    for (name, value) in &head.headers {
        if !framing(name) {
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    if !head.headers.contains_key(header::DATE) {
        let since = Duration::from_millis(u64::try_from(now_millis).unwrap_or_default());
        let _ = write!(out, "date: {}\r\n", httpdate::fmt_http_date(UNIX_EPOCH + since));
    }
    out.extend_from_slice(b"connection: close\r\n\r\n");
    out
}

/// Whether a header says where the body ends.
fn framing(name: &HeaderName) -> bool {
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION].contains(name)
}
