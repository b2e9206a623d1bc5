//! The run queue: batches whose jobs wait for a worker.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::shard::Batch;
use crate::run::firing::Firing;
use crate::sync::Mutex;

/// Batches in turn, at most one for each due group.
#[derive(Debug)]
pub(in crate::run) struct Queue {
    state: Mutex<State>,
    /// Number of active workers, not counting those that are suspended in a run.
    pub(super) workers: AtomicUsize,
}

#[derive(Debug)]
struct State {
    /// The groups that have a batch.
    order: VecDeque<usize>,
    /// The batch of each group.
    batches: Box<[Option<Arc<Batch>>]>,
    /// Whether a job was taken since the last call of [`Queue::is_stalled`].
    has_progress: bool,
}

impl Queue {
    /// A queue for so many due groups.
    pub(in crate::run) fn new(groups: usize) -> Self {
        let batches = (0..groups).map(|_| None).collect();
        let state = State { order: VecDeque::new(), batches, has_progress: false };
        Self { state: Mutex::new(state), workers: AtomicUsize::new(0) }
    }

    /// Puts in the jobs of a group, in a shard for each of `threads`. Returns the group's previous
    /// batch, and those of its jobs that have not had their turn. They do not run for that firing:
    /// after a stall there is no burst.
    pub(in crate::run) fn put(
        &self,
        group: usize,
        jobs: &Arc<[usize]>,
        firing: Firing,
        threads: usize,
    ) -> Option<(Arc<Batch>, Vec<usize>)> {
        let mut state = self.state.lock();
        let overtaken = state.batches[group].take().map(|batch| {
            let late = batch.drain();
            (batch, late)
        });
        let first = overtaken.as_ref().map_or(0, |(batch, late)| batch.next_first(late.len()));
        state.batches[group] = Some(Arc::new(Batch::new(group, jobs, first, firing, threads)));
        if overtaken.is_none() {
            state.order.push_back(group);
        }
        overtaken
    }

    /// Takes a job for this thread from the batch in turn.
    pub(super) fn pop(&self, thread: usize) -> Option<(Arc<Batch>, usize)> {
        let mut state = self.state.lock();
        let State { order, batches, has_progress } = &mut *state;
        *has_progress = true;
        while let Some(group) = order.pop_front() {
            let batch = batches[group].take()?;
            let job = batch.pop(thread);
            if !batch.is_empty() {
                batches[group] = Some(Arc::clone(&batch));
                order.push_back(group);
            }
            if let Some(job) = job {
                return Some((batch, job));
            }
        }
        None
    }

    /// Removes a batch that has become empty: its guard would keep the key held.
    pub(super) fn remove(&self, batch: &Arc<Batch>) {
        let mut state = self.state.lock();
        let State { order, batches, .. } = &mut *state;
        if batches[batch.group].take_if(|there| Arc::ptr_eq(there, batch)).is_some() {
            // `pop` has put it at the back
            let index = order.iter().rposition(|group| *group == batch.group);
            index.and_then(|index| order.remove(index));
        }
    }

    pub(in crate::run) fn is_empty(&self) -> bool {
        self.state.lock().order.is_empty()
    }

    /// Whether jobs wait, and none was taken since the last call.
    pub(super) fn is_stalled(&self) -> bool {
        let mut state = self.state.lock();
        let has_progress = std::mem::take(&mut state.has_progress);
        !has_progress && !state.order.is_empty()
    }

    /// Removes all batches, and the jobs of a batch that a worker still holds.
    pub(in crate::run) fn clear(&self) {
        let mut state = self.state.lock();
        state.order.clear();
        for batch in &mut state.batches {
            batch.take().map(|batch| batch.drain());
        }
    }
}
