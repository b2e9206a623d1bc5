//! The parameters of a job: each is made from the context of an attempt.

use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use leader_core::Due;

use super::context::{RunContext, Supplies};
use super::data::Data;
use super::kv::Kv;
use super::leading::Leading;
use super::run::Run;
use super::stop::Stop;
use crate::model::Fence;

/// A type that a job may have as a parameter: [`Run`], [`Due`], [`Fence`], [`Stop`], [`Data`],
/// [`Leading`], [`Kv`], or a type of your own.
///
/// A job takes any number of them in any order. Implement the trait for a type that is made from
/// [`Data`], or from the facts of the attempt ([`AttemptInfo`](crate::AttemptInfo)).
///
/// It is called at the start of the runtime too, before anything runs, to find values that are
/// missing: with the real job and key, and a fence of 0. So it only looks things up. A missing value
/// keeps the runtime from starting; where it is missing only later, the run fails.
///
/// # Examples
///
/// Two pools of one type, without a newtype for each in every job:
///
/// ```
/// use std::sync::Arc;
///
/// use leader_runtime::{
///     FromRun, Missing, RunContext, Runtime, Settings, jobs, leader_job,
/// };
///
/// struct Pool; // of connections to a database
///
/// struct Pools {
///     primary: Arc<Pool>,
///     replica: Arc<Pool>,
/// }
///
/// struct Primary(Arc<Pool>);
/// struct Replica(Arc<Pool>);
///
/// impl FromRun<'_> for Primary {
///     fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
///         Ok(Self(run.info().data::<Pools>()?.primary.clone()))
///     }
/// }
///
/// impl FromRun<'_> for Replica {
///     fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
///         Ok(Self(run.info().data::<Pools>()?.replica.clone()))
///     }
/// }
///
/// #[leader_job(key = "billing/report", cron = "0 3 * * *")]
/// async fn report(Primary(to): Primary, Replica(from): Replica) {
///     // …
/// #   drop((to, from));
/// }
///
/// let pools = Pools { primary: Arc::new(Pool), replica: Arc::new(Pool) };
/// let runtime = Runtime::new(Settings::new()).data(pools).jobs(jobs![report]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a job",
    label = "not a parameter that a run could fill",
    note = "a job takes `Run`, `Due`, `Fence`, `Stop`, `Kv`, `Leading<'_>` and `Data<T>`, each as \
            often and in the order you like; for a pool or a client of your own, write \
            `Data<{Self}>` and put it in with `.data(…)` on the `Runtime`, or implement `FromRun`"
)]
pub trait FromRun<'r>: Sized {
    /// Makes the value for one attempt.
    ///
    /// # Errors
    ///
    /// Where the process lacks a value that it is made from.
    fn from_run(run: &'r RunContext<'r>) -> Result<Self, Missing>;
}

/// A value that the parameter of a job is made from, and that the process lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(String);

impl Missing {
    /// A missing value, by a text that follows on the name of the job: ``takes a `Primary`, and no
    /// pool was put in``.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn data<T>() -> Self {
        let name = type_name::<T>();
        Self(format!(
            "takes a `Data<{name}>`, and none was put in; write `.data(…)` with a `{name}` on the \
             `Runtime`"
        ))
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Missing {}

impl FromRun<'_> for Run {
    fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
        Ok(Self::of(run.attempt, run.tasks()))
    }
}

impl FromRun<'_> for Due {
    fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
        Ok(run.attempt.due)
    }
}

impl FromRun<'_> for Fence {
    fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
        Ok(run.attempt.fence)
    }
}

impl FromRun<'_> for Stop {
    fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
        Ok(run.stopper.stop())
    }
}

impl<'r> FromRun<'r> for Leading<'r> {
    fn from_run(run: &'r RunContext<'r>) -> Result<Self, Missing> {
        Ok(Self::new(run.attempt.fence))
    }
}

impl FromRun<'_> for Kv {
    fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
        let Supplies { store, key_prefix, .. } = run.supplies;
        let lock = run.lock.map(|(key, guard)| (key.clone(), guard.term()));
        Ok(Self::new(store.clone(), Arc::clone(key_prefix), lock))
    }
}

impl<T: Send + Sync + 'static> FromRun<'_> for Data<T> {
    fn from_run(run: &RunContext<'_>) -> Result<Self, Missing> {
        run.info().data()
    }
}

/// The parameter of this type; `None` where it is missing, which is noted. The call carries the span
/// of the type, and with it the one error of a wrong type.
pub fn param<'r, T: FromRun<'r>>(run: &'r RunContext<'r>) -> Option<T> {
    T::from_run(run).map_err(|missing| run.lacks(missing)).ok()
}
