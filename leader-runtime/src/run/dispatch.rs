//! How runs begin that are due together: out of one queue, which a task on each thread of the
//! runtime works off.
//!
//! A run that ends at its first poll costs no task. One that suspends keeps the task that took it
//! up, and another task goes on with the queue. One that blocks keeps its thread, and nothing of
//! the queue: the others are taken up on the other threads.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::vec;

use futures_util::future::BoxFuture;
use futures_util::poll;
use tokio::runtime::Handle;
use tokio::task::{JoinSet, yield_now};

use super::job::Firing;
use super::{Shared, take_turns};

/// After a run that took longer than this, whatever else waits for the thread has its turn.
pub(super) const QUICK: Duration = Duration::from_micros(100);

/// As many are taken up while the rest is still being told.
const AT_ONCE: usize = 256;

/// Runs that are due together, have their slots, and are to begin.
#[derive(Debug, Default)]
pub(super) struct Batch(Vec<Turn>);

/// A job by its place, and what it runs for.
type Turn = (usize, Firing);

/// The tasks of a process's runs; none any more, when its runs are dropped.
#[derive(Debug)]
pub(super) struct Tasks(Mutex<Option<JoinSet<()>>>);

impl Batch {
    pub(super) fn add(&mut self, job: usize, firing: Firing, shared: &Arc<Shared>) {
        self.0.push((job, firing));
        if self.0.len() >= AT_ONCE {
            self.begin(shared);
        }
    }

    /// Begins what it holds.
    pub(super) fn begin(&mut self, shared: &Arc<Shared>) {
        let takers = Handle::current().metrics().num_workers().min(self.0.len());
        let queue = Arc::new(Mutex::new(std::mem::take(&mut self.0).into_iter()));
        for _ in 0..takers {
            shared.tasks.spawn(take_up(Arc::clone(&queue), Arc::clone(shared)));
        }
    }
}

/// Polls one run after the other until none is left; where one suspends, another task goes on.
fn take_up(queue: Arc<Mutex<vec::IntoIter<Turn>>>, shared: Arc<Shared>) -> BoxFuture<'static, ()> {
    let next = |queue: &Mutex<vec::IntoIter<_>>| locked(queue).next();
    Box::pin(async move {
        while let Some((job, firing)) = next(&queue) {
            let job = &shared.jobs[job];
            let mut turns = pin!(take_turns(job, &shared, firing));
            if poll!(turns.as_mut()).is_pending() {
                shared.tasks.spawn(take_up(Arc::clone(&queue), Arc::clone(&shared)));
                turns.await;
            }
            if !job.was_quick() {
                yield_now().await;
            }
        }
    })
}

impl Tasks {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Some(JoinSet::new())))
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = &mut *locked(&self.0) {
            // those that have ended
            while tasks.try_join_next().is_some() {}
            tasks.spawn(task);
        }
    }

    /// How many go on.
    pub(super) fn len(&self) -> usize {
        let mut tasks = locked(&self.0);
        let Some(tasks) = &mut *tasks else { return 0 };
        while tasks.try_join_next().is_some() {}
        tasks.len()
    }

    /// Drops them all, and begins no more.
    pub(super) fn end(&self) {
        let tasks = locked(&self.0).take();
        drop(tasks);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
