//! Tasks that a run starts beside its job, and that end with the run.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, MutexGuard, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::sleep;
use tracing::{Instrument, Span};

use crate::leadership::Guard;
use crate::sync::Mutex;

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

/// Delay after which a task whose leadership is in doubt looks at it again.
const IN_DOUBT: Duration = Duration::from_millis(20);

/// The mark of a task that goes on: the key is not released before the last is dropped, whatever
/// becomes of the run.
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
                loop {
                    let polled = poll_fn(|cx| match &alive.guard {
                        Some(guard) if !guard.belief().holds() => Poll::Ready(None),
                        _ => work.as_mut().poll(cx).map(Some),
                    });
                    match polled.await {
                        Some(output) => return output,
                        // the end of the run ends this, too; or a heartbeat that is answered late
                        // confirms the term after all
                        None => sleep(IN_DOUBT).await,
                    }
                }
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

    /// Does blocking work. Returns the work where its thread, when it begins, finds that leadership has
    /// ended or is in doubt: a heartbeat that is answered late may confirm it after all.
    pub(super) fn block_while_led<T: Send + 'static, W>(&self, work: W) -> JoinHandle<Result<T, W>>
    where
        W: FnOnce() -> T + Send + 'static,
    {
        let span = Span::current();
        self.start(|alive| {
            tokio::task::spawn_blocking(move || {
                let is_led = alive.guard.as_ref().is_none_or(|guard| guard.belief().holds());
                let done = if is_led { Ok(span.in_scope(work)) } else { Err(work) };
                drop(alive);
                done
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
            let gone = going.get_mut().end();
            return (gone, Some(tasks));
        }
        let mut going = tasks.going();
        going.is_over = true;
        (going.end(), None)
    }

    fn going(&self) -> MutexGuard<'_, Going> {
        self.going.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leadership::Stage;

    /// The tasks of a run in a term that is in doubt: its deadline has come, and a heartbeat that is
    /// answered late may confirm it.
    fn in_doubt() -> (Stage, impl Sized, Tasks) {
        let (mut stage, _) = Stage::new();
        let claim = stage.manager.claim(Stage::KEY);
        stage.lead();
        let guard = Arc::new(stage.gate().enter().expect("it leads"));
        stage.believe_for(Duration::ZERO);
        let tasks = Tasks::new(Some(Arc::downgrade(&guard)));
        (stage, (claim, guard), tasks)
    }

    #[tokio::test(start_paused = true)]
    async fn a_thread_that_begins_while_leadership_is_in_doubt_hands_its_work_back() {
        let (stage, _held, tasks) = in_doubt();
        let back = tasks.block_while_led(|| 7).await.expect("it does not panic");
        let work = back.expect_err("the term is in doubt");
        stage.believe_for(Duration::from_secs(1));
        let done = tasks.block_while_led(work).await.expect("it does not panic");
        assert_eq!(done.ok(), Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_polled_while_leadership_is_in_doubt_goes_on_when_that_is_over() {
        let (stage, _held, tasks) = in_doubt();
        let task = tasks.spawn(async { 7 });
        sleep(IN_DOUBT * 2).await;
        assert!(!task.is_finished());
        stage.believe_for(Duration::from_secs(1));
        let done = tokio::time::timeout(IN_DOUBT * 2, task).await.expect("it goes on");
        assert_eq!(done.expect("it does not panic"), 7);
    }
}
