//! What a run is told, and how a job's parameters take their part of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use leader_core::election::Term;
use leader_core::{Due, Key};

use super::data::{Data, Values};
use super::fence::Fence;
use super::kv::{Kv, Store};
use super::leading::Leading;
use super::run::Run;
use super::stop::Stop;

/// What a run is told.
pub struct Context {
    run: Run,
    stop: Stop,
    supplies: Arc<Supplies>,
    /// The lock that it runs under, and its term.
    lock: Option<(Key, Term)>,
    /// What its parameters asked for in vain, each in words.
    lacks: Mutex<Vec<String>>,
}

/// What the process has for its jobs beside their runs.
#[derive(Debug, Default)]
pub(crate) struct Supplies {
    pub(crate) data: Arc<Values>,
    /// `None` where locks are no keys of Consul.
    pub(crate) store: Option<Store>,
    pub(crate) key_prefix: Arc<str>,
}

impl Context {
    pub(crate) const fn new(
        run: Run,
        stop: Stop,
        supplies: Arc<Supplies>,
        lock: Option<(Key, Term)>,
    ) -> Self {
        Self { run, stop, supplies, lock, lacks: Mutex::new(Vec::new()) }
    }

    fn lacking<T>(&self, what: String) -> Option<T> {
        self.lacks.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        None
    }

    /// What the parameters lacked that asked until now.
    pub(crate) fn into_lacks(self) -> Vec<String> {
        self.lacks.into_inner().unwrap_or_else(PoisonError::into_inner)
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
    fn from_run(context: &'r Context) -> Option<Self>;
}

impl FromRun<'_> for Run {
    fn from_run(context: &Context) -> Option<Self> {
        Some(context.run.clone())
    }
}

impl FromRun<'_> for Due {
    fn from_run(context: &Context) -> Option<Self> {
        Some(context.run.due())
    }
}

impl FromRun<'_> for Fence {
    fn from_run(context: &Context) -> Option<Self> {
        Some(context.run.fence())
    }
}

impl FromRun<'_> for Stop {
    fn from_run(context: &Context) -> Option<Self> {
        Some(context.stop.clone())
    }
}

impl<'r> FromRun<'r> for Leading<'r> {
    fn from_run(context: &'r Context) -> Option<Self> {
        Some(Leading::new(context.run.fence()))
    }
}

impl FromRun<'_> for Kv {
    fn from_run(context: &Context) -> Option<Self> {
        let Supplies { store, key_prefix, .. } = &*context.supplies;
        let Some(store) = store else {
            let what = "takes a `Kv`, which writes to Consul, while the locks are files here; set \
                        LEADER_LOCK=consul, or keep its state elsewhere";
            return context.lacking(what.into());
        };
        Some(Self::new(store.clone(), Arc::clone(key_prefix), context.lock.clone()))
    }
}

impl<T: Send + Sync + 'static> FromRun<'_> for Data<T> {
    fn from_run(context: &Context) -> Option<Self> {
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
pub fn param<'r, T: FromRun<'r>>(context: &'r Context) -> Option<T> {
    T::from_run(context)
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("run", &self.run).finish_non_exhaustive()
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
