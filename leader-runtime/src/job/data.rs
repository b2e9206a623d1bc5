//! Values of the service for its jobs: a pool, a client, a configuration.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::unwind::shielded;

/// A value of the service, as a parameter of a job: a pool, a client, a configuration.
///
/// [`Runtime::data`](crate::Runtime::data) puts it in; all runs of all jobs share it. `Data<T>`
/// derefs to `T`, and its field is the `Arc` itself:
///
/// ```
/// use std::sync::Arc;
///
/// use leader_runtime::{Data, Runtime, Settings, jobs, leader_job};
///
/// struct Pool; // of connections to a database
///
/// impl Pool {
///     async fn sweep(&self) {}
/// }
///
/// #[leader_job(key = "service/sweep", every = "1h")]
/// async fn sweep(pool: Data<Pool>) {
///     pool.sweep().await;
/// }
///
/// #[leader_job(key = "service/sweep", every = "1h")]
/// async fn sweep_too(Data(pool): Data<Pool>) {
///     let pool: Arc<Pool> = pool;
///     pool.sweep().await;
/// }
///
/// let runtime = Runtime::new(Settings::new()).data(Pool).jobs(jobs![sweep, sweep_too]);
/// ```
///
/// A missing value keeps the runtime from starting, with the name of the job and of the type; a job
/// that is not enabled needs none.
#[derive(Debug)]
pub struct Data<T>(pub Arc<T>);

impl<T> Data<T> {
    /// Wraps a value: in a test, to call a job by hand.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Clone for Data<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Data<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// All values, one of each type.
#[derive(Clone, Default)]
pub(crate) struct Values {
    values: BTreeMap<TypeId, (&'static str, Arc<dyn Any + Send + Sync>)>,
    /// Types that came twice.
    twice: Vec<&'static str>,
}

impl Values {
    pub(crate) fn put<T: Send + Sync + 'static>(&mut self, value: T) {
        let name = type_name::<T>();
        let of_type = (name, Arc::new(value) as Arc<dyn Any + Send + Sync>);
        if self.values.insert(TypeId::of::<T>(), of_type).is_some() {
            self.twice.push(name);
        }
    }

    pub(super) fn get<T: Send + Sync + 'static>(&self) -> Option<Data<T>> {
        let (_, value) = self.values.get(&TypeId::of::<T>())?;
        Arc::clone(value).downcast().ok().map(Data)
    }

    /// Faults of the values, in words.
    pub(crate) fn faults(&self) -> impl Iterator<Item = String> {
        self.twice.iter().map(|name| {
            format!(
                "Runtime::data: two values of the type `{name}`, of which a job could get only \
                 one; put in one, or wrap each in a type of its own"
            )
        })
    }
}

/// Each of them by itself: one that panics there keeps no other from its end.
impl Drop for Values {
    fn drop(&mut self) {
        for (_, value) in std::mem::take(&mut self.values).into_values() {
            shielded(|| drop(value));
        }
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.values().map(|(name, _)| name)).finish()
    }
}
