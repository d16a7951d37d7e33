//! axum's `Sse` over tokio's broadcast channel, as it is usually done.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, PoisonError, RwLock},
};

use axum::{
    Router,
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
    routing::get,
    serve::ListenerExt as _,
};
use futures_util::{Stream, stream};
use tokio::{net::TcpListener, sync::broadcast};

use super::control::{Ready, obey};
use crate::sample::{EVENT, Ticket};

/// Events that a returning client can still get.
const HISTORY: usize = 2000;

/// What goes through the channel.
pub(super) trait Carried: Clone + Send + Sync + 'static {
    fn of(number: u32, ticket: Ticket) -> Self;
    fn number(&self) -> u32;
    fn event(&self) -> Event;
}

/// A struct, cloned and serialised for each stream.
#[derive(Clone)]
pub(super) struct Cloned(u32, Ticket);

impl Carried for Cloned {
    fn of(number: u32, ticket: Ticket) -> Self {
        Self(number, ticket)
    }

    fn number(&self) -> u32 {
        self.0
    }

    fn event(&self) -> Event {
        let event = Event::default().id(self.0.to_string()).event(EVENT);
        event.json_data(&self.1).unwrap_or_default()
    }
}

/// JSON, made once and shared.
#[derive(Clone)]
pub(super) struct Shared(u32, Arc<str>);

impl Carried for Shared {
    fn of(number: u32, ticket: Ticket) -> Self {
        Self(number, String::from_utf8_lossy(&ticket.json()).into())
    }

    fn number(&self) -> u32 {
        self.0
    }

    fn event(&self) -> Event {
        Event::default().id(self.0.to_string()).event(EVENT).data(&*self.1)
    }
}

struct Channel<T> {
    history: RwLock<VecDeque<T>>,
    sender: broadcast::Sender<T>,
}

impl<T: Carried> Channel<T> {
    fn publish(&self, carried: T) {
        let mut history = self.history.write().unwrap_or_else(PoisonError::into_inner);
        if history.len() == HISTORY {
            history.pop_front();
        }
        history.push_back(carried.clone());
        drop(history);
        // Nobody listens: nobody misses it.
        let _ = self.sender.send(carried);
    }

    /// The first event after `number` that is kept.
    fn after(&self, number: u32) -> Option<T> {
        let history = self.history.read().unwrap_or_else(PoisonError::into_inner);
        let index = history.partition_point(|carried| carried.number() <= number);
        history.get(index).cloned()
    }
}

pub(super) fn run<T: Carried>() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve::<T>())
}

async fn serve<T: Carried>() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let channel =
        Arc::new(Channel::<T> { history: RwLock::default(), sender: broadcast::Sender::new(1024) });
    let router = Router::new().route("/events", get(events::<T>)).with_state(Arc::clone(&channel));
    let mut number = 0;
    obey(move |publish| {
        for _ in 0..publish.count {
            let order = number % publish.orders;
            number += 1;
            channel.publish(T::of(number, Ticket::new(number, order)));
        }
    });
    Ready { address, path: "/events".to_owned(), id_prefix: String::new() }.say()?;
    // Without this the algorithm of Nagle would be what is measured.
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

/// One stream: out of the history first, then as it happens.
struct Reader<T> {
    channel: Arc<Channel<T>>,
    receiver: broadcast::Receiver<T>,
    reached: u32,
    behind: bool,
}

impl<T: Carried> Reader<T> {
    async fn next(&mut self) -> Option<T> {
        if self.behind {
            if let Some(carried) = self.channel.after(self.reached) {
                self.reached = carried.number();
                return Some(carried);
            }
            self.behind = false;
        }
        loop {
            match self.receiver.recv().await {
                Ok(carried) if carried.number() > self.reached => {
                    self.reached = carried.number();
                    return Some(carried);
                }
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

async fn events<T: Carried>(
    State(channel): State<Arc<Channel<T>>>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let receiver = channel.sender.subscribe();
    let id = headers.get("last-event-id");
    let id: Option<u32> = id.and_then(|id| id.to_str().ok()?.parse().ok());
    let reader = Reader { channel, receiver, reached: id.unwrap_or(0), behind: id.is_some() };
    let events = stream::unfold(reader, async |mut reader| {
        let carried = reader.next().await?;
        Some((Ok(carried.event()), reader))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
