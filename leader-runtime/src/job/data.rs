//! What the process puts in for its jobs to use: a pool, a client, a configuration.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A value that [`Runtime::data`](crate::Runtime::data) put in, as a parameter of a job; one for
/// all runs of all jobs that take one of this type. It derefs to the value.
///
/// A job that takes a `Data<T>` where no `T` was put in keeps the runtime from starting.
#[derive(Debug)]
pub struct Data<T>(Arc<T>);

impl<T> Data<T> {
    /// This value; in a test, to call a job by hand.
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

/// All that was put in, one of each type.
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

    /// What is wrong with them, in words.
    pub(crate) fn faults(&self) -> impl Iterator<Item = String> {
        self.twice.iter().map(|name| {
            format!(
                "Runtime::data: two values of the type `{name}`, of which a job could get only \
                 one; put in one, or wrap each in a type of its own"
            )
        })
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.values().map(|(name, _)| name)).finish()
    }
}
