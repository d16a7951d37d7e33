//! The limit: ready-made bytes into sockets from one loop. It looks for the
//! blank line at the end of a request, and for nothing else but the id that a
//! returning client sends.

use std::{
    io::{self, Read as _, Write as _},
    sync::{Arc, mpsc},
};

use mio::{
    Events, Interest, Poll, Token, Waker,
    net::{TcpListener, TcpStream},
};
use socket2::{Domain, Protocol, Socket, Type};

use super::control::{Publish, Ready, obey};
use crate::sample::{DIGITS, EVENT, Ticket};

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\nconnection: close\r\n\r\n";
/// Bytes of events that are kept; whoever is further behind is cut off.
const KEPT_BYTES: usize = 32 * 1024 * 1024;

pub(super) fn run() -> anyhow::Result<()> {
    let mut poll = Poll::new()?;
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(4096)?;
    let mut listener = TcpListener::from_std(socket.into());
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let (sender, commands) = mpsc::channel();
    obey(move |publish| {
        if sender.send(publish).is_ok() {
            let _ = waker.wake();
        }
    });
    let address = listener.local_addr()?;
    Ready { address, path: "/events".to_owned(), id_prefix: String::new() }.say()?;

    let mut server = Raw { log: Log::default(), connections: Vec::new() };
    let mut events = Events::with_capacity(1024);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        }
        for event in &events {
            match event.token() {
                LISTENER => server.accept(&listener, &poll)?,
                WAKER => commands.try_iter().for_each(|publish| server.publish(publish)),
                Token(index) => server.step(index, event.is_readable()),
            }
        }
    }
}

struct Raw {
    log: Log,
    connections: Vec<Option<Connection>>,
}

struct Connection {
    socket: TcpStream,
    phase: Phase,
}

enum Phase {
    Request(Vec<u8>),
    /// Has everything of the log up to here.
    Stream(u64),
}

/// All events one behind the other.
#[derive(Default)]
struct Log {
    bytes: Vec<u8>,
    /// Where the first byte that is kept stands.
    base: u64,
    published: u32,
    /// Where each event ends, from the first one on.
    ends: Vec<u64>,
}

impl Log {
    fn append(&mut self, order: u32) {
        self.published += 1;
        let number = self.published;
        let head = format!("id: {number:0DIGITS$}\nevent: {EVENT}\ndata: ");
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.extend_from_slice(&Ticket::new(number, order).json());
        self.bytes.extend_from_slice(b"\n\n");
        self.ends.push(self.end());
        if self.bytes.len() > 2 * KEPT_BYTES {
            self.bytes.drain(..KEPT_BYTES);
            self.base += KEPT_BYTES as u64;
        }
    }

    /// Where the event after `number` begins.
    fn after(&self, number: u32) -> u64 {
        let index = number.min(self.published).checked_sub(1);
        index.and_then(|index| self.ends.get(index as usize).copied()).unwrap_or(0)
    }

    fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    fn from(&self, position: u64) -> Option<&[u8]> {
        self.bytes.get(usize::try_from(position.checked_sub(self.base)?).ok()?..)
    }
}

impl Raw {
    fn accept(&mut self, listener: &TcpListener, poll: &Poll) -> anyhow::Result<()> {
        loop {
            let mut socket = match listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            socket.set_nodelay(true)?;
            // Readers that stop would fill the kernel's memory instead.
            #[cfg(target_os = "linux")]
            socket2::SockRef::from(&socket).set_tcp_notsent_lowat(64 * 1024)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut socket, Token(self.connections.len()), interest)?;
            self.connections.push(Some(Connection { socket, phase: Phase::Request(Vec::new()) }));
        }
    }

    fn publish(&mut self, publish: Publish) {
        for _ in 0..publish.count {
            let order = self.log.published % publish.orders;
            self.log.append(order);
        }
        for slot in &mut self.connections {
            if slot.as_mut().is_some_and(|connection| connection.write(&self.log).is_err()) {
                *slot = None;
            }
        }
    }

    fn step(&mut self, index: usize, readable: bool) {
        let Some(slot) = self.connections.get_mut(index) else { return };
        let Some(connection) = slot else { return };
        let done = (if readable { connection.read(&self.log) } else { Ok(()) })
            .and_then(|()| connection.write(&self.log));
        if done.is_err() {
            *slot = None;
        }
    }
}

impl Connection {
    fn read(&mut self, log: &Log) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            let length = match self.socket.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let Phase::Request(request) = &mut self.phase else { continue };
            request.extend_from_slice(buffer.get(..length).unwrap_or_default());
            if request.ends_with(b"\r\n\r\n") {
                let position = last_event_id(request).map_or(log.end(), |id| log.after(id));
                self.phase = Phase::Stream(position);
                // Its buffer has room for so little.
                self.socket.write_all(HEAD)?;
            }
        }
    }

    /// Writes what the socket takes; the rest when it takes more.
    fn write(&mut self, log: &Log) -> io::Result<()> {
        let Phase::Stream(position) = &mut self.phase else { return Ok(()) };
        loop {
            let rest = log.from(*position).ok_or(io::ErrorKind::TimedOut)?;
            if rest.is_empty() {
                return Ok(());
            }
            match self.socket.write(rest) {
                Ok(length) => *position += length as u64,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

fn last_event_id(request: &[u8]) -> Option<u32> {
    let request = std::str::from_utf8(request).ok()?;
    request.lines().find_map(|line| line.strip_prefix("last-event-id: ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_found_by_the_number_before_it() {
        let mut log = Log::default();
        for order in 0..1500 {
            log.append(order);
        }
        for number in [0, 1, 2, 899, 1499] {
            let rest = log.from(log.after(number)).expect("kept");
            assert!(rest.starts_with(format!("id: {:08}\n", number + 1).as_bytes()), "{number}");
        }
        for number in [1500, 9999] {
            assert!(log.from(log.after(number)).expect("kept").is_empty());
        }
    }
}
