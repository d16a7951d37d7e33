//! What a sweeper is told, by whoever has something for it.

use std::sync::{Arc, PoisonError};

use crate::server::{
    hub::{Once, Watcher},
    sync::{Bell, Mutex, MutexGuard},
};

/// What a sweeper is told.
pub(super) enum Message<Follower> {
    Take(Box<Follower>),
    /// Something has come for this group.
    Stir(usize),
    Stop,
}

/// Where it is told that.
pub(super) struct Inbox<Follower> {
    /// None when nobody will look any more: what would lie there is dropped.
    messages: Mutex<Option<Vec<Message<Follower>>>>,
    told: Once,
    bell: Bell,
}

impl<Follower> Inbox<Follower> {
    /// An empty one, whose sweeper hears `bell`.
    pub(super) fn new(bell: Bell) -> Self {
        Self { messages: Mutex::new(Some(Vec::new())), told: Once::default(), bell }
    }

    pub(super) fn push(&self, message: Message<Follower>) {
        match &mut *self.lock() {
            Some(messages) => messages.push(message),
            None => return,
        }
        if self.told.set()
            && let Err(error) = self.bell.wake()
        {
            tracing::error!(%error, "stream.sweeper.waker.failed");
        }
    }

    pub(super) fn take(&self) -> Vec<Message<Follower>> {
        self.told.look();
        self.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn close(&self) {
        let left = self.lock().take();
        // Without the lock: who is dropped here leaves a feed.
        drop(left);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Message<Follower>>>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes that something has come in the feed of a group.
pub(super) struct GroupWatch<Follower> {
    inbox: Arc<Inbox<Follower>>,
    group: usize,
    stirred: Once,
}

impl<Follower> GroupWatch<Follower> {
    pub(super) fn new(inbox: Arc<Inbox<Follower>>, group: usize) -> Self {
        Self { inbox, group, stirred: Once::default() }
    }

    /// The sweeper looks now: what comes from here on is told anew.
    pub(super) fn look(&self) {
        self.stirred.look();
    }
}

impl<Follower: Send> Watcher for GroupWatch<Follower> {
    fn stir(&self) {
        if self.stirred.set() {
            self.inbox.push(Message::Stir(self.group));
        }
    }
}
