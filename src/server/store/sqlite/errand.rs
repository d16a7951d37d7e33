//! Writes that need nothing of the log: each brings what it does with it, and
//! shares the writer's transaction with all others.

use std::any::Any;

use futures_util::{FutureExt as _, future::BoxFuture};
use rusqlite::Connection;

use super::{super::Unavailable, SqliteStore, writer::Job, writer::Reply};

/// What came of an errand, for itself alone.
pub(super) type Fruit = Box<dyn Any + Send>;

/// A write that knows what it does and whom it answers.
pub(super) trait Errand: Send {
    /// Does it; again where the transaction did not come about.
    fn carry_out(&self, connection: &Connection) -> rusqlite::Result<Fruit>;

    /// Tells whoever asked what came of it.
    fn answer(self: Box<Self>, fruit: Fruit);

    /// Tells whoever asked that it was not done.
    fn fail(self: Box<Self>, error: &Unavailable);
}

struct Asked<T, F> {
    work: F,
    reply: Reply<Result<T, Unavailable>>,
}

impl<T, F> Errand for Asked<T, F>
where
    T: Send + 'static,
    F: Fn(&Connection) -> rusqlite::Result<T> + Send,
{
    fn carry_out(&self, connection: &Connection) -> rusqlite::Result<Fruit> {
        Ok(Box::new((self.work)(connection)?))
    }

    fn answer(self: Box<Self>, fruit: Fruit) {
        let answer = fruit.downcast::<T>().map(|fruit| *fruit);
        drop(self.reply.send(answer.map_err(|_| Unavailable::unsure("it answered otherwise"))));
    }

    fn fail(self: Box<Self>, error: &Unavailable) {
        drop(self.reply.send(Err(error.clone())));
    }
}

impl SqliteStore {
    /// Has the writer do `work`. Durable when this returns.
    pub(super) fn run_errand<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, Unavailable>> {
        async move { self.ask(|reply| Job::Errand(Box::new(Asked { work, reply }))).await? }.boxed()
    }
}
