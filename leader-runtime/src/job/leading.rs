//! A proof of leadership that cannot outlive the run.

use std::marker::PhantomData;

use crate::model::Fence;

/// A proof that this node leads, as a parameter of a job: a function that takes it runs under the
/// job's own leadership.
///
/// It borrows from the run. So the job can hand it down to all that it awaits, and can neither keep
/// it in a static nor move it into a task or a thread that outlives the run; both do not compile. A function
/// that must run on the leader alone asks for one:
///
/// ```
/// use leader_runtime::{Leading, leader_job};
///
/// async fn charge(_: Leading<'_>, customer: u64) {
///     // …
/// #   let _ = customer;
/// }
///
/// #[leader_job(key = "billing/charge", cron = "0 3 * * *")]
/// async fn charge_all(leading: Leading<'_>) {
///     charge(leading, 17).await;
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Leading<'r> {
    fence: Fence,
    /// Neither shorter nor longer than the run.
    run: PhantomData<fn(&'r ()) -> &'r ()>,
}

impl Leading<'_> {
    pub(crate) const fn new(fence: Fence) -> Self {
        Self { fence, run: PhantomData }
    }

    /// The fence of the term.
    #[must_use]
    pub const fn fence(self) -> Fence {
        self.fence
    }
}
