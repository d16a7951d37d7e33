//! Readers that ask for everything and never read.

use std::{net::SocketAddr, sync::Arc};

use tokio::{io::AsyncWriteExt as _, net::TcpSocket, net::TcpStream};

/// Those of one run; each holds its connection until all is over.
#[derive(Default)]
pub(crate) struct DeadReaders {
    held: Vec<TcpStream>,
}

impl DeadReaders {
    /// Has one more come, straight to the program: a proxy would read for it.
    pub(crate) async fn come(&mut self, address: SocketAddr, cookie: &Arc<str>) -> Option<()> {
        let socket = TcpSocket::new_v4().ok()?;
        // So that the program soon has nowhere to write to.
        socket.set_recv_buffer_size(2048).ok()?;
        let mut stream = socket.connect(address).await.ok()?;
        let request = format!(
            "GET /live-orders?after=earliest HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        self.held.push(stream);
        Some(())
    }
}
