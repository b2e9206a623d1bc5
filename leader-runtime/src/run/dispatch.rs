//! How runs begin that are due together: out of one queue, which a task on each thread of the
//! runtime works off.
//!
//! A run that ends at its first poll costs no task. One that suspends keeps the task that took it
//! up, and another task goes on with the queue. One that blocks keeps its thread, and nothing of
//! the queue: the others are taken up on the other threads.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::poll;
use tokio::runtime::Handle;
use tokio::task::{JoinSet, yield_now};

use super::batch::Batch;
use super::firing::Firing;
use super::{Shared, take_slot, take_turns};
use crate::clock;
use crate::job::Spare;

/// After a run that took longer than this, whatever else waits for the thread has its turn.
pub(super) const QUICK: Duration = Duration::from_micros(100);

/// Of a batch, so many are taken up before it is the turn of another, and of what else waits for the
/// thread.
const IN_A_ROW: usize = 64;

/// Batches whose jobs wait for their turn: of each round, at most one.
#[derive(Debug)]
pub(super) struct Queue {
    line: Mutex<Line>,
    /// How many tasks work it off, those apart that wait for what they took up.
    takers: AtomicUsize,
}

#[derive(Debug)]
struct Line {
    /// The rounds that have a batch.
    order: VecDeque<usize>,
    /// Of each round.
    batches: Box<[Option<Arc<Batch>>]>,
    /// Whether anything was taken since that was last asked.
    moves: bool,
}

/// A task that works off the queue.
#[derive(Debug)]
struct Taker(Arc<Shared>);

/// The tasks of a process's runs; none any more, when its runs are dropped.
#[derive(Debug)]
pub(super) struct Tasks(Mutex<Option<JoinSet<()>>>);

impl Queue {
    /// For so many rounds.
    pub(super) fn new(rounds: usize) -> Self {
        let batches = (0..rounds).map(|_| None).collect();
        let line = Line { order: VecDeque::new(), batches, moves: false };
        Self { line: Mutex::new(line), takers: AtomicUsize::new(0) }
    }

    /// The jobs of this round run for this, each in its turn.
    ///
    /// Some may still wait for their turn from when they were due before. They are not run for
    /// that: after a stall there is no burst.
    pub(super) fn put(&self, round: usize, jobs: &Arc<[usize]>, firing: Firing, shared: &Shared) {
        let mut line = locked(&self.line);
        let overtaken = line.batches[round].take();
        let late = overtaken.as_ref().map(|batch| batch.take_rest()).unwrap_or_default();
        let first = overtaken.as_ref().map_or(0, |batch| batch.next_first(late.len()));
        line.batches[round] = Some(Arc::new(Batch::new(round, jobs, first, firing, threads())));
        if overtaken.is_none() {
            line.order.push_back(round);
        }
        drop(line);
        if let Some(overtaken) = overtaken {
            let firing = &overtaken.firing;
            let by = clock::wall().duration_since(firing.due.timestamp()).unwrap_or_default();
            late.iter().for_each(|&job| shared.tell_too_late(&shared.jobs[job], firing, by));
        }
    }

    /// The batch whose turn it is, and the next job of it for this thread.
    fn next(&self, thread: usize) -> Option<(Arc<Batch>, usize)> {
        let mut line = locked(&self.line);
        let Line { order, batches, moves } = &mut *line;
        *moves = true;
        while let Some(round) = order.pop_front() {
            let batch = batches[round].take()?;
            let job = batch.take(thread);
            if !batch.is_empty() {
                batches[round] = Some(Arc::clone(&batch));
                order.push_back(round);
            }
            if let Some(job) = job {
                return Some((batch, job));
            }
        }
        None
    }

    /// This batch has no more jobs: its guard would keep its key.
    fn remove(&self, batch: &Arc<Batch>) {
        let mut line = locked(&self.line);
        let Line { order, batches, .. } = &mut *line;
        if batches[batch.round].take_if(|there| Arc::ptr_eq(there, batch)).is_some() {
            // it was put at the back when it was last looked at
            let place = order.iter().rposition(|round| *round == batch.round);
            place.and_then(|place| order.remove(place));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        locked(&self.line).order.is_empty()
    }

    /// Whether there are jobs in it, and none was taken since this was last asked.
    fn stands_still(&self) -> bool {
        let mut line = locked(&self.line);
        let moves = std::mem::take(&mut line.moves);
        !moves && !line.order.is_empty()
    }

    /// Nothing is taken up any more.
    pub(super) fn clear(&self) {
        let mut line = locked(&self.line);
        line.order.clear();
        for batch in &mut line.batches {
            // whoever holds it takes nothing more of it
            batch.take().map(|batch| batch.take_rest());
        }
    }
}

/// Begins so many jobs that were put into the queue.
pub(super) fn work_off(jobs: usize, shared: &Arc<Shared>) {
    for thread in 0..threads().min(jobs) {
        // one on each thread, and as many again, since some may be where no other thread finds them
        if shared.queue.takers.load(Ordering::Relaxed) >= 2 * threads() {
            return;
        }
        shared.tasks.spawn(take_up(thread, shared));
    }
}

/// The same, where nothing was taken up since this was asked before: the takers are blocked.
pub(super) fn work_on(shared: &Arc<Shared>) {
    if shared.queue.stands_still() {
        (0..threads()).for_each(|thread| shared.tasks.spawn(take_up(thread, shared)));
    }
}

/// Polls one run after the other until none is left; where one suspends, another task goes on.
fn take_up(thread: usize, shared: &Arc<Shared>) -> BoxFuture<'static, ()> {
    let (mut taker, shared) = (Taker::new(shared), Arc::clone(shared));
    Box::pin(async move {
        while let Some((batch, first)) = shared.queue.next(thread) {
            let Some(goes_on) = take_some(thread, batch, first, taker, &shared).await else {
                return;
            };
            taker = goes_on;
            // with no batch: its guard keeps a key
            yield_now().await;
        }
    })
}

/// Takes up some jobs of this batch. Where the last one suspended, another taker goes on.
async fn take_some(
    thread: usize,
    batch: Arc<Batch>,
    first: usize,
    taker: Taker,
    shared: &Arc<Shared>,
) -> Option<Taker> {
    let (firing, mut spare) = (batch.firing.fork(), Spare::default());
    let (mut place, mut taken) = (first, 1);
    loop {
        let job = &shared.jobs[place];
        if take_slot(job, shared, &firing) {
            let mut turns = pin!(take_turns(job, shared, &firing, &mut spare));
            if poll!(turns.as_mut()).is_pending() {
                drop(taker);
                shared.tasks.spawn(take_up(thread, shared));
                turns.await;
                return None;
            }
            if !job.was_quick() {
                return Some(taker);
            }
        }
        if taken == IN_A_ROW {
            return Some(taker);
        }
        let Some(next) = batch.take(thread) else {
            shared.queue.remove(&batch);
            return Some(taker);
        };
        (place, taken) = (next, taken + 1);
    }
}

impl Taker {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.queue.takers.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        self.0.queue.takers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Of the runtime.
fn threads() -> usize {
    Handle::current().metrics().num_workers()
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
