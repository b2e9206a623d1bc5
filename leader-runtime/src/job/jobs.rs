//! The jobs of a process, listed by hand: what no code names cannot get lost.

use std::fmt;

use super::entry::Entry;

/// Jobs, as [`jobs!`](crate::jobs!) lists them.
///
/// A library offers its own as a function, and the binary adds them to the rest:
///
/// ```
/// # use leader_runtime::{Jobs, jobs, leader_job};
/// mod billing {
///     # use leader_runtime::{Jobs, jobs, leader_job};
///     #[leader_job(key = "billing/sweep", cron = "0 3 * * *")]
///     async fn sweep() {}
///
///     pub fn jobs() -> Jobs {
///         jobs![sweep]
///     }
/// }
///
/// #[leader_job(key = "service/clock", every = "3s")]
/// async fn call_time() {}
///
/// let all = jobs![call_time].merge(billing::jobs());
/// // or of many libraries
/// let all: Jobs = [jobs![call_time], billing::jobs()].into_iter().collect();
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Jobs(Vec<Listed>);

/// One job, and what stands before its name.
#[derive(Clone)]
pub(crate) struct Listed {
    prefix: String,
    pub(crate) entry: &'static Entry,
}

impl Jobs {
    /// An empty list.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds the jobs of `others` behind these.
    pub fn merge(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Puts `prefix` before the name of each job: `billing::jobs().prefix("billing_")`
    /// mends a clash of names from the binary. Keys stay as they are.
    pub fn prefix(mut self, prefix: &str) -> Self {
        for listed in &mut self.0 {
            listed.prefix.insert_str(0, prefix);
        }
        self
    }

    #[doc(hidden)]
    pub fn push(&mut self, entry: &'static Entry) {
        self.0.push(Listed { prefix: String::new(), entry });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn listed(&self) -> impl Iterator<Item = &Listed> {
        self.0.iter()
    }
}

impl Extend<Self> for Jobs {
    fn extend<I: IntoIterator<Item = Self>>(&mut self, others: I) {
        self.0.extend(others.into_iter().flat_map(|jobs| jobs.0));
    }
}

impl FromIterator<Self> for Jobs {
    fn from_iter<I: IntoIterator<Item = Self>>(lists: I) -> Self {
        let mut jobs = Self::new();
        jobs.extend(lists);
        jobs
    }
}

impl Listed {
    pub(crate) fn name(&self) -> String {
        format!("{}{}", self.prefix, self.entry.name)
    }
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.prefix, self.entry)
    }
}

/// Lists jobs by the paths of their functions: `jobs![call_time, billing::sweep]`.
///
/// An item may stand under a `#[cfg(…)]`. The value is a [`Jobs`].
#[macro_export]
macro_rules! jobs {
    ($($(#[$attribute:meta])* $job:path),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut jobs = $crate::Jobs::new();
        $(
            $(#[$attribute])*
            jobs.push(&<$job as $crate::__private::Job>::ENTRY);
        )*
        jobs
    }};
}
