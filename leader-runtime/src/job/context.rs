//! What a run is told, and how a job's parameters take their part of it.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::sync::Arc;

use leader_core::record::Missing;
use leader_core::{Due, Key};

use super::data::{Data, Values};
use super::fence::Fence;
use super::kv::{Kv, Store};
use super::leading::Leading;
use super::run::Run;
use super::stop::{Stop, Stopper};
use super::tasks::{Gone, Spare, Tasks};
use crate::lock::Guard;

/// What a run is told, all of it borrowed: a parameter makes what it takes, and most take little.
pub struct Context<'r> {
    attempt: Attempt<'r>,
    stopper: &'r Stopper,
    supplies: &'r Supplies,
    /// The lock that it runs under.
    lock: Option<(&'r Key, &'r Arc<Guard>)>,
    /// What it starts beside itself; made for the first parameter that can.
    tasks: OnceCell<Arc<Tasks>>,
    spare: Cell<Spare>,
    /// What its parameters asked for in vain, each in words.
    lacks: RefCell<Vec<String>>,
}

/// Which attempt of which run of which job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'r> {
    pub(crate) job: &'r Arc<str>,
    pub(crate) due: Due,
    pub(crate) fence: Fence,
    /// Of the run, and of the attempt.
    pub(crate) numbers: (u64, u32),
    pub(crate) missing: Missing,
}

/// What the process has for its jobs beside their runs.
#[derive(Debug, Default)]
pub(crate) struct Supplies {
    pub(crate) data: Arc<Values>,
    /// `None` where locks are no keys of Consul.
    pub(crate) store: Option<Store>,
    pub(crate) key_prefix: Arc<str>,
}

impl<'r> Attempt<'r> {
    /// The first of a run that has no number yet.
    pub(crate) fn first(job: &'r Arc<str>, due: Due, fence: Fence) -> Self {
        Self { job, due, fence, numbers: (1, 1), missing: Missing::default() }
    }
}

impl<'r> Context<'r> {
    pub(crate) fn new(
        attempt: Attempt<'r>,
        stopper: &'r Stopper,
        supplies: &'r Supplies,
        lock: Option<(&'r Key, &'r Arc<Guard>)>,
    ) -> Self {
        let (tasks, spare, lacks) = Default::default();
        Self { attempt, stopper, supplies, lock, tasks, spare, lacks }
    }

    /// The same, where a run under the same lock has left this.
    pub(crate) fn with_spare(self, spare: Spare) -> Self {
        self.spare.set(spare);
        self
    }

    /// Ends what the run has started beside itself; where there was any, it is to be waited for.
    /// And what the next run under the same lock can have.
    pub(crate) fn end_tasks(&mut self) -> (Option<Gone>, Spare) {
        match self.tasks.take() {
            Some(tasks) => Tasks::end(tasks),
            None => (None, self.spare.take()),
        }
    }

    fn tasks(&self) -> Arc<Tasks> {
        let guard = self.lock.map(|(_, guard)| guard);
        let spare = || self.spare.take().filter(|spare| spare.is_under(guard));
        let new = || Arc::new(Tasks::new(guard.map(Arc::downgrade)));
        Arc::clone(self.tasks.get_or_init(|| spare().unwrap_or_else(new)))
    }

    fn lacking<T>(&self, what: String) -> Option<T> {
        self.lacks.borrow_mut().push(what);
        None
    }

    /// What the parameters lacked that asked until now.
    pub(crate) fn into_lacks(self) -> Vec<String> {
        self.lacks.take()
    }
}

/// A type that a job may have as a parameter: [`Run`], [`Due`], [`Fence`], [`Stop`], [`Data`],
/// [`Leading`] or [`Kv`].
///
/// A job takes any number of them in any order. The trait is sealed: what a job needs beyond these,
/// a pool or a client, is a [`Data`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a job",
    label = "not a parameter that a run could fill",
    note = "a job takes `Run`, `Due`, `Fence`, `Stop`, `Kv`, `Leading<'_>` and `Data<T>`, each as \
            often and in the order you like; for a pool or a client of your own, write \
            `Data<{Self}>` and put it in with `.data(…)` on the `Runtime`"
)]
pub trait FromRun<'r>: Sized + sealed::Sealed {
    #[doc(hidden)]
    fn from_run(context: &'r Context<'r>) -> Option<Self>;
}

impl FromRun<'_> for Run {
    fn from_run(context: &Context<'_>) -> Option<Self> {
        Some(Self::of(context.attempt, context.tasks()))
    }
}

impl FromRun<'_> for Due {
    fn from_run(context: &Context<'_>) -> Option<Self> {
        Some(context.attempt.due)
    }
}

impl FromRun<'_> for Fence {
    fn from_run(context: &Context<'_>) -> Option<Self> {
        Some(context.attempt.fence)
    }
}

impl FromRun<'_> for Stop {
    fn from_run(context: &Context<'_>) -> Option<Self> {
        Some(context.stopper.stop())
    }
}

impl<'r> FromRun<'r> for Leading<'r> {
    fn from_run(context: &'r Context<'r>) -> Option<Self> {
        Some(Leading::new(context.attempt.fence))
    }
}

impl FromRun<'_> for Kv {
    fn from_run(context: &Context<'_>) -> Option<Self> {
        let Supplies { store, key_prefix, .. } = context.supplies;
        let Some(store) = store else {
            let what = "takes a `Kv`, which writes to Consul, while the locks are files here; set \
                        LEADER_LOCK=consul, or keep its state elsewhere";
            return context.lacking(what.into());
        };
        let lock = context.lock.map(|(key, guard)| (key.clone(), guard.term()));
        Some(Self::new(store.clone(), Arc::clone(key_prefix), lock))
    }
}

impl<T: Send + Sync + 'static> FromRun<'_> for Data<T> {
    fn from_run(context: &Context<'_>) -> Option<Self> {
        context.supplies.data.get().or_else(|| {
            let name = std::any::type_name::<T>();
            context.lacking(format!(
                "takes a `Data<{name}>`, and none was put in; write `.data(…)` with a `{name}` on \
                 the `Runtime`"
            ))
        })
    }
}

/// The call carries the span of the parameter's type, and with it the one error of a wrong type.
pub fn param<'r, T: FromRun<'r>>(context: &'r Context<'r>) -> Option<T> {
    T::from_run(context)
}

/// What a run has started ends with it, also where nobody polls that to its end.
impl Drop for Context<'_> {
    fn drop(&mut self) {
        self.end_tasks();
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Run {}
    impl Sealed for super::Due {}
    impl Sealed for super::Fence {}
    impl Sealed for super::Stop {}
    impl Sealed for super::Leading<'_> {}
    impl Sealed for super::Kv {}
    impl<T> Sealed for super::Data<T> {}
}
