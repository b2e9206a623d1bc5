//! The context of one attempt of a run, from which the parameters of its job are made.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::sync::Arc;

use leader_core::record::MissedInstants;
use leader_core::{Due, Key};

use super::around::{AttemptFuture, AttemptInfo, Hook};
use super::data::Values;
use super::entry::{Entry, RunFuture};
use super::from_run::Missing;
use super::kv::Store;
use super::stop::Stopper;
use super::tasks::{Gone, Spare, Tasks};
use crate::leadership::Guard;
use crate::model::Fence;

/// The context of one attempt of a run, from which [`FromRun`](crate::FromRun) makes the parameters
/// of its job. All of it is borrowed: most parameters take little.
pub struct RunContext<'r> {
    pub(super) attempt: Attempt<'r>,
    pub(super) stopper: &'r Stopper,
    pub(super) supplies: &'r Supplies,
    /// The lock that it runs under.
    pub(super) lock: Option<(&'r Key, &'r Arc<Guard>)>,
    /// Tasks beside the job; made for the first parameter that can start one.
    tasks: OnceCell<Arc<Tasks>>,
    spare: Cell<Spare>,
    /// Values that its parameters lack, each in words.
    lacks: RefCell<Vec<String>>,
}

/// Identity of an attempt: of which run, of which job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'r> {
    pub(crate) job: &'r Arc<str>,
    /// With the prefix of the settings.
    pub(crate) key: &'r str,
    pub(crate) due: Due,
    pub(crate) fence: Fence,
    /// Number of the run, and of the attempt.
    pub(crate) numbers: (u64, u32),
    pub(crate) missing: MissedInstants,
}

/// Resources of the process that its jobs share.
#[derive(Debug, Default)]
pub(crate) struct Supplies {
    pub(crate) data: Arc<Values>,
    pub(crate) store: Store,
    pub(crate) key_prefix: Arc<str>,
    /// Around each attempt; the first is the outermost.
    pub(crate) hooks: Box<[Hook]>,
}

impl<'r> Attempt<'r> {
    /// The first of a run that has no number yet.
    pub(crate) fn first(job: &'r Arc<str>, key: &'r str, due: Due, fence: Fence) -> Self {
        Self { job, key, due, fence, numbers: (1, 1), missing: MissedInstants::default() }
    }
}

impl<'r> RunContext<'r> {
    pub(crate) fn new(
        attempt: Attempt<'r>,
        stopper: &'r Stopper,
        supplies: &'r Supplies,
        lock: Option<(&'r Key, &'r Arc<Guard>)>,
    ) -> Self {
        let (tasks, spare, lacks) = Default::default();
        Self { attempt, stopper, supplies, lock, tasks, spare, lacks }
    }

    /// Takes over the tasks that a run under the same lock has left.
    pub(crate) fn with_spare(self, spare: Spare) -> Self {
        self.spare.set(spare);
        self
    }

    /// Ends the tasks of the run. Returns their end, to be waited for, where there was any; and the
    /// empty list of tasks, for the next run under the same lock.
    pub(crate) fn end_tasks(&mut self) -> (Option<Gone>, Spare) {
        match self.tasks.take() {
            Some(tasks) => Tasks::end(tasks),
            None => (None, self.spare.take()),
        }
    }

    /// The attempt, for a [`FromRun`](crate::FromRun) of your own: its job, key, fence and data.
    #[must_use]
    pub const fn info(&self) -> AttemptInfo<'r> {
        AttemptInfo { attempt: self.attempt, supplies: self.supplies }
    }

    /// Makes the future of the attempt, with every hook around it; `None` where a parameter lacks
    /// its value.
    pub(crate) fn start(&'r self, entry: &Entry) -> Option<RunFuture<'r>> {
        let mut work = (entry.start)(self)?;
        for hook in self.supplies.hooks.iter().rev() {
            let guard = self.lock.map(|(_, guard)| &**guard);
            work = hook.around(self.info(), AttemptFuture::new(work, guard));
        }
        Some(work)
    }

    pub(super) fn tasks(&self) -> Arc<Tasks> {
        let guard = self.lock.map(|(_, guard)| guard);
        let spare = || self.spare.take().filter(|spare| spare.is_under(guard));
        let new = || Arc::new(Tasks::new(guard.map(Arc::downgrade)));
        Arc::clone(self.tasks.get_or_init(|| spare().unwrap_or_else(new)))
    }

    /// Notes that a parameter lacks its value.
    pub(super) fn lacks(&self, missing: Missing) {
        self.lacks.borrow_mut().push(missing.to_string());
    }

    /// The values that parameters lacked until now, each in words.
    pub(crate) fn take_lacks(&self) -> Vec<String> {
        self.lacks.take()
    }
}

/// Ends the tasks of the run, also where nobody polls them to their end.
impl Drop for RunContext<'_> {
    fn drop(&mut self) {
        self.end_tasks();
    }
}

impl fmt::Debug for RunContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunContext").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}
