//! Workers: tasks that run the jobs of the queue, one on each thread of the runtime, by work
//! stealing.
//!
//! A run that ends in its first poll costs no task. A run that suspends keeps the task of its worker,
//! and another worker goes on with the queue. A run that blocks keeps its thread, and no job of the
//! queue: the other threads steal them.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::poll;
use tokio::runtime::Handle;
use tokio::task::yield_now;

use super::shard::Batch;
use crate::job::Spare;
use crate::run::Shared;
use crate::run::admission::{admit_queued, run_in_turn};

/// Maximum duration of a run after which its worker takes the next job without yielding.
pub(in crate::run) const QUICK_RUN: Duration = Duration::from_micros(100);

/// Maximum number of jobs that a worker runs from one batch before it yields to other batches and
/// to other tasks of its thread.
const MAX_JOBS_IN_A_ROW: usize = 64;

/// A worker that is counted as active, until this is dropped.
#[derive(Debug)]
struct Worker(Arc<Shared>);

/// Spawns workers for so many jobs that were put into the queue.
pub(super) fn spawn_workers(jobs: usize, shared: &Arc<Shared>) {
    for thread in 0..threads().min(jobs) {
        // up to two for each thread: a worker in a thread's LIFO slot cannot be stolen
        if shared.queue.workers.load(Ordering::Relaxed) >= 2 * threads() {
            return;
        }
        shared.tasks.spawn(run_worker(thread, shared));
    }
}

/// Spawns replacements where no job was taken since the last call, since all workers are blocked.
pub(in crate::run) fn respawn_if_stalled(shared: &Arc<Shared>) {
    if shared.queue.is_stalled() {
        (0..threads()).for_each(|thread| shared.tasks.spawn(run_worker(thread, shared)));
    }
}

/// Polls one run after the other until no job is left. Where a run suspends, another worker takes
/// over.
fn run_worker(thread: usize, shared: &Arc<Shared>) -> BoxFuture<'static, ()> {
    let (mut worker, shared) = (Worker::new(shared), Arc::clone(shared));
    Box::pin(async move {
        while let Some((batch, first)) = shared.queue.pop(thread) {
            let Some(goes_on) = work_on(thread, batch, first, worker, &shared).await else {
                return;
            };
            worker = goes_on;
            // without a batch, whose guard keeps a key held
            yield_now().await;
        }
    })
}

/// Runs some jobs of this batch; `None` where the last one suspended, and another worker has taken
/// over.
async fn work_on(
    thread: usize,
    batch: Arc<Batch>,
    first: usize,
    worker: Worker,
    shared: &Arc<Shared>,
) -> Option<Worker> {
    let (firing, mut spare) = (batch.firing.fork(), Spare::default());
    let (mut place, mut taken) = (first, 1);
    loop {
        let job = &shared.jobs[place];
        if admit_queued(job, shared, &firing) {
            let mut turns = pin!(run_in_turn(job, shared, &firing, &mut spare));
            if poll!(turns.as_mut()).is_pending() {
                drop(worker);
                shared.tasks.spawn(run_worker(thread, shared));
                turns.await;
                return None;
            }
            if !job.was_quick() {
                return Some(worker);
            }
        }
        if taken == MAX_JOBS_IN_A_ROW {
            return Some(worker);
        }
        let Some(next) = batch.pop(thread) else {
            shared.queue.remove(&batch);
            return Some(worker);
        };
        (place, taken) = (next, taken + 1);
    }
}

impl Worker {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.queue.workers.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.queue.workers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Number of worker threads of the Tokio runtime.
pub(super) fn threads() -> usize {
    Handle::current().metrics().num_workers()
}
