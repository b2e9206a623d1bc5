//! What a run has started beside itself, which ends with it.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle};
use tracing::{Instrument, Span};

use crate::lock::Guard;

/// The tasks of one attempt.
#[derive(Debug)]
pub(crate) struct Tasks {
    /// Held by each of them, and not by this: a run may leave it with anyone. `None` in a test that
    /// calls a job by hand.
    guard: Option<Weak<Guard>>,
    going: Mutex<Going>,
}

#[derive(Debug, Default)]
struct Going {
    aborts: Vec<AbortHandle>,
    /// The sender is shared by all that goes on; made for the first of it.
    alive: Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>,
    is_over: bool,
}

/// What goes on has this, until nothing of it does: the key is not released before, whatever became
/// of the run.
#[derive(Debug)]
struct Alive {
    guard: Option<Arc<Guard>>,
    _ended: mpsc::Sender<()>,
}

/// The tasks of a run that has none any more: thousands of runs that begin together need not each
/// make their own.
pub(crate) type Spare = Option<Arc<Tasks>>;

/// The end of all tasks of an attempt.
#[derive(Debug)]
pub(crate) struct Gone(mpsc::Receiver<()>);

impl Gone {
    /// Comes back when none goes on. Dropping the future loses nothing.
    pub(crate) async fn wait(&mut self) {
        // nothing is ever sent
        let _ = self.0.recv().await;
    }
}

impl Going {
    fn end(&mut self) -> Option<Gone> {
        self.aborts.drain(..).for_each(|task| task.abort());
        self.alive.take().map(|(_, ended)| Gone(ended))
    }
}

impl Tasks {
    /// None yet; each is polled only while this guard's belief holds, and keeps it.
    pub(crate) const fn new(guard: Option<Weak<Guard>>) -> Self {
        let going = Going { aborts: Vec::new(), alive: None, is_over: false };
        Self { guard, going: Mutex::new(going) }
    }

    /// Whether this guard is the one that each of them keeps.
    pub(super) fn is_under(&self, guard: Option<&Arc<Guard>>) -> bool {
        self.guard.as_ref().map(Weak::as_ptr) == guard.map(Arc::as_ptr)
    }

    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.start(|alive| {
            let work = async move {
                // all of it, to the end of this
                let alive = alive;
                let mut work = pin!(work);
                poll_fn(|cx| match &alive.guard {
                    // the end of the run ends this, too
                    Some(guard) if !guard.belief().holds() => Poll::Pending,
                    _ => work.as_mut().poll(cx),
                })
                .await
            };
            tokio::spawn(work.in_current_span())
        })
    }

    pub(super) fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let span = Span::current();
        self.start(|alive| {
            tokio::task::spawn_blocking(move || {
                let _alive = alive;
                span.in_scope(work)
            })
        })
    }

    fn start<T: Send + 'static>(
        &self,
        start: impl FnOnce(Alive) -> JoinHandle<T>,
    ) -> JoinHandle<T> {
        let mut going = self.going();
        let guard = self.guard.as_ref().map(Weak::upgrade);
        if going.is_over || matches!(guard, Some(None)) {
            let never = tokio::spawn(pending());
            never.abort();
            return never;
        }
        let (ended, _) = going.alive.get_or_insert_with(|| mpsc::channel(1));
        let task = start(Alive { guard: guard.flatten(), _ended: ended.clone() });
        if going.aborts.len() == going.aborts.capacity() {
            // or a consumer that lives for months would keep one of each
            going.aborts.retain(|task| !task.is_finished());
        }
        going.aborts.push(task.abort_handle());
        task
    }

    /// Ends them all, and starts no more; where there were any, it is to be waited for their end.
    /// Where nobody was left with a `Run`, another can have this.
    pub(crate) fn end(mut tasks: Arc<Self>) -> (Option<Gone>, Spare) {
        if let Some(Self { going, .. }) = Arc::get_mut(&mut tasks) {
            let gone = going.get_mut().unwrap_or_else(PoisonError::into_inner).end();
            return (gone, Some(tasks));
        }
        let mut going = tasks.going();
        going.is_over = true;
        (going.end(), None)
    }

    fn going(&self) -> MutexGuard<'_, Going> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
