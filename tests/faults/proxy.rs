//! The network between the program and its clients: a proxy whose connections can be
//! cut, reset, stalled and throttled, and that can be made to deceive them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

use crate::{
    deceit::{Deceit, Editor},
    plan::Share,
};

/// Pieces are small, so that a connection is often cut within a frame.
const PIECE: usize = 700;
const TICK: Duration = Duration::from_millis(10);

/// How the network is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weather {
    /// Where connections lead; nowhere while the program is down.
    pub(crate) upstream: Option<SocketAddr>,
    pub(crate) stalled: Option<Share>,
    pub(crate) throttled: Option<(Share, usize)>,
    /// The last end of connections, and how many there were.
    pub(crate) ended: (u64, Option<(Share, End)>),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
}

impl Share {
    fn takes(self, connection: u64) -> bool {
        let mixed = (connection ^ self.salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) % 100 < self.percent
    }
}

/// A proxy on a port of its own.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(
        weather: watch::Receiver<Weather>,
        deceit: Option<Deceit>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let requests = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(async move {
            for number in 0.. {
                let Ok((client, _)) = listener.accept().await else { continue };
                let (weather, requests) = (weather.clone(), Arc::clone(&requests));
                tokio::spawn(carry(client, number, weather, deceit, requests));
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(
    client: TcpStream,
    number: u64,
    mut weather: watch::Receiver<Weather>,
    deceit: Option<Deceit>,
    requests: Arc<AtomicU64>,
) {
    let (upstream, before) = {
        let now = weather.borrow_and_update();
        (now.upstream, now.ended.0)
    };
    let server = match upstream {
        Some(upstream) => TcpStream::connect(upstream).await.ok(),
        None => None,
    };
    let Some(server) = server else { return reset(&client) };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let socket = socket2::SockRef::from(&client).try_clone();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let pump = |from, to, editor| Pump { from, to, number, weather: weather.clone(), editor };
    let mut down = pump(from_server, to_client, deceit.and_then(Deceit::editor));
    let mut up = pump(from_client, to_server, None);
    let ended = async {
        let ended = weather
            .wait_for(|now| {
                now.ended.0 > before && now.ended.1.is_some_and(|(share, _)| share.takes(number))
            })
            .await;
        ended.ok().and_then(|now| now.ended.1).map_or(End::Closed, |(_, end)| end)
    };
    let end = tokio::select! {
        end = ended => end,
        // The program's own end of a connection is passed on as it is.
        end = down.run() => end,
        end = up.run_asking(deceit, &requests) => match end {
            Some(forged) => {
                let _ = down.to.write_all(&forged).await;
                End::Closed
            }
            None => End::Closed,
        },
    };
    if end == End::Reset
        && let Ok(socket) = socket
    {
        let _ = socket.set_linger(Some(Duration::ZERO));
    }
}

fn reset(client: &TcpStream) {
    let _ = socket2::SockRef::from(client).set_linger(Some(Duration::ZERO));
}

/// One direction of a connection.
struct Pump {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    number: u64,
    weather: watch::Receiver<Weather>,
    editor: Option<Editor>,
}

impl Pump {
    /// The next piece, when the weather lets it through; none at the end.
    async fn next(&mut self, piece: &mut [u8]) -> Result<usize, End> {
        let number = self.number;
        let throttled = {
            let clear = |now: &Weather| !now.stalled.is_some_and(|share| share.takes(number));
            let now = self.weather.wait_for(clear).await.map_err(|_| End::Closed)?;
            now.throttled.filter(|(share, _)| share.takes(number)).map(|(_, bytes)| bytes)
        };
        if throttled.is_some() {
            sleep(TICK).await;
        }
        let most = throttled.unwrap_or(piece.len()).min(piece.len());
        match self.from.read(&mut piece[..most]).await {
            Ok(0) => Err(End::Closed),
            Ok(read) => Ok(read),
            Err(_) => Err(End::Reset),
        }
    }

    async fn run(&mut self) -> End {
        let mut piece = vec![0; PIECE];
        loop {
            let read = match self.next(&mut piece).await {
                Ok(read) => read,
                Err(end) => return end,
            };
            let edited = self.editor.as_mut().map(|editor| editor.push(&piece[..read]));
            let bytes = edited.as_deref().unwrap_or(&piece[..read]);
            if self.to.write_all(bytes).await.is_err() {
                return End::Closed;
            }
        }
    }

    /// The way from the client; the answer that was forged to one of its requests, if so.
    async fn run_asking(
        &mut self,
        deceit: Option<Deceit>,
        requests: &AtomicU64,
    ) -> Option<Vec<u8>> {
        let mut piece = vec![0; 16 * 1024];
        loop {
            let read = self.next(&mut piece).await.ok()?;
            if deceit == Some(Deceit::Smuggle) {
                Deceit::mend(&mut piece[..read]);
            }
            if deceit == Some(Deceit::Forge) && piece.starts_with(b"POST /api/orders HTTP") {
                let count = requests.fetch_add(1, Ordering::Relaxed);
                if let Some(answer) = Deceit::forged(count) {
                    return Some(answer);
                }
            }
            self.to.write_all(&piece[..read]).await.ok()?;
        }
    }
}
