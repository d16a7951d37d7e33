//! A socket that does not wait for ever to be read from.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

use crate::server::stream::Cut;

/// A socket on which writing fails when nothing has gone out for a while.
/// Unlike a time-out around it, it lets the socket be taken out again.
pub struct Patient {
    socket: TcpStream,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    cut: Cut,
    /// Looked at while the socket takes nothing.
    is_cut: Option<BoxFuture<'static, ()>>,
}

impl Patient {
    /// `socket`, whose peer may read nothing for `patience`, and nothing at all any
    /// more once `cut` is made.
    #[must_use]
    pub fn new(socket: TcpStream, patience: Duration, cut: Cut) -> Self {
        Self { socket, patience, waiting: None, cut, is_cut: None }
    }

    /// Fails when it is cut off. What the system holds for the peer goes too.
    fn unless_cut(&self) -> io::Result<()> {
        if self.cut.is_made() {
            let _ = self.socket.set_zero_linger();
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }

    /// The socket.
    #[must_use]
    pub fn into_inner(self) -> TcpStream {
        self.socket
    }

    /// `written`, or a failure when it has been pending for too long.
    fn unless_waited<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            (self.waiting, self.is_cut) = (None, None);
            return written;
        }
        let is_cut = self.is_cut.get_or_insert_with(|| self.cut.clone().made().boxed());
        if is_cut.poll_unpin(context).is_ready() {
            return Poll::Ready(self.unless_cut().and(Err(io::ErrorKind::TimedOut.into())));
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        waiting.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl std::fmt::Debug for Patient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Patient").finish_non_exhaustive()
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.unless_cut()?;
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.unless_waited(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.unless_cut()?;
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.unless_waited(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
