//! What the hub is built of here: each lock, wake and wait is a step after which
//! shuttle may let anybody else go on. Same names as in the server's `sync`.

pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic::AtomicBool};

use std::{
    io,
    pin::pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use shuttle::sync::Condvar;

/// One waker, registered by whoever waits and taken by whoever wakes.
#[derive(Debug, Default)]
pub(crate) struct AtomicWaker(Mutex<Option<Waker>>);

impl AtomicWaker {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn register(&self, waker: &Waker) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }

    pub(crate) fn wake(&self) {
        let waker = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Rings until it is heard, as the system does for a thread that polls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Bell {
    #[expect(clippy::unnecessary_wraps, reason = "the system's may fail")]
    pub(crate) fn wake(&self) -> io::Result<()> {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_one();
        Ok(())
    }

    /// It has not rung.
    pub(crate) fn hush(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }

    /// Waits until it has rung since the last time.
    pub(crate) fn wait(&self) {
        let (rung, ringing) = &*self.0;
        let mut rung = rung.lock().unwrap_or_else(PoisonError::into_inner);
        while !std::mem::take(&mut *rung) {
            rung = ringing.wait(rung).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Runs futures, one after the other, as a task does: what wakes it before it looks is
/// seen by that look, and wakes it no second time. (shuttle's own looks once more after
/// each wake, and by that would hide a wake that is lost.)
#[derive(Debug, Default)]
pub(crate) struct Sleeper(Bell);

impl Sleeper {
    pub(crate) fn run<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        let mut future = pin!(future);
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        loop {
            self.0.hush();
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            self.0.wait();
        }
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        let _ = self.0.wake();
    }
}

/// A value that can be waited for, as far as the hub needs one.
pub(crate) mod watch {
    use std::{
        convert::Infallible,
        future::poll_fn,
        sync::{Arc, PoisonError},
        task::{Poll, Waker},
    };

    use shuttle::sync::Mutex;

    use crate::faults::{self, Fault};

    type Shared<T> = Arc<Mutex<(T, Vec<Waker>)>>;

    pub(crate) struct Sender<T>(Shared<T>);

    pub(crate) struct Receiver<T>(Shared<T>);

    impl<T> Sender<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(Arc::new(Mutex::new((value, Vec::new()))))
        }

        pub(crate) fn send_replace(&self, value: T) -> T {
            let (before, waiting) = {
                let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                (std::mem::replace(&mut shared.0, value), std::mem::take(&mut shared.1))
            };
            waiting.into_iter().for_each(Waker::wake);
            before
        }

        pub(crate) fn subscribe(&self) -> Receiver<T> {
            Receiver(Arc::clone(&self.0))
        }
    }

    impl<T> Receiver<T> {
        pub(crate) async fn wait_for(
            &mut self,
            is_so: impl Fn(&T) -> bool,
        ) -> Result<(), Infallible> {
            poll_fn(|context| {
                let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if is_so(&shared.0) || faults::is(Fault::Impatient) {
                    return Poll::Ready(Ok(()));
                }
                shared.1.push(context.waker().clone());
                Poll::Pending
            })
            .await
        }
    }
}
