//! The jobs of a process, listed by hand: what no code names cannot get lost.

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
/// let jobs = jobs![call_time].extend(billing::jobs());
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Jobs(Vec<Entry>);

impl Jobs {
    /// None yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// These and then `others`.
    pub fn extend(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    #[doc(hidden)]
    pub fn push(&mut self, entry: Entry) {
        self.0.push(entry);
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
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
            jobs.push(<$job as $crate::__private::Job>::ENTRY);
        )*
        jobs
    }};
}
