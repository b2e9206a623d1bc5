//! Middleware: hooks of the service around each attempt of each run.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use leader_core::Due;

use super::context::{Attempt, Supplies};
use super::data::Data;
use super::entry::RunFuture;
use super::from_run::Missing;
use super::outcome::Outcome;
use crate::leadership::Guard;
use crate::model::Fence;
use crate::unwind::caught;

/// An attempt of a run: of which job, for which instant, in which term; and the data of the process.
#[derive(Clone, Copy)]
pub struct AttemptInfo<'r> {
    pub(super) attempt: Attempt<'r>,
    pub(super) supplies: &'r Supplies,
}

impl<'r> AttemptInfo<'r> {
    /// The job's name.
    #[must_use]
    pub fn job(self) -> &'r str {
        self.attempt.job
    }

    /// The lock key, with the prefix of the settings.
    #[must_use]
    pub const fn key(self) -> &'r str {
        self.attempt.key
    }

    /// When the run is due, which is not when it begins.
    #[must_use]
    pub const fn due(self) -> Due {
        self.attempt.due
    }

    /// The fencing token of the term.
    #[must_use]
    pub const fn fence(self) -> Fence {
        self.attempt.fence
    }

    /// Number of the run among those of the job in this process: 1 is the first.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.attempt.numbers.0
    }

    /// Number of the attempt in the run: 1 is the first, the others are `retries` or reruns.
    #[must_use]
    pub const fn attempt(self) -> u32 {
        self.attempt.numbers.1
    }

    /// The value of this type that [`Runtime::data`](crate::Runtime::data) put in.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn data<T: Send + Sync + 'static>(self) -> Result<Data<T>, Missing> {
        self.supplies.data.get().ok_or_else(Missing::data::<T>)
    }
}

impl fmt::Debug for AttemptInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptInfo").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

/// The future of one attempt, inside the hooks of [`Runtime::around`](crate::Runtime::around).
///
/// Its output is the job's own outcome; a panic of the job is a failed one. Where the runtime ends
/// the attempt before that (loss of leadership, `timeout`, drain), it drops this future, and the
/// hook around it.
#[must_use]
pub struct AttemptFuture<'r> {
    work: RunFuture<'r>,
    /// `None` in a test that calls a job without a lock.
    guard: Option<&'r Guard>,
}

impl<'r> AttemptFuture<'r> {
    pub(super) const fn new(work: RunFuture<'r>, guard: Option<&'r Guard>) -> Self {
        Self { work, guard }
    }
}

impl Future for AttemptFuture<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        // a hook may block on this future, past the check of the attempt
        if self.guard.is_some_and(|guard| !guard.belief().holds()) {
            return Poll::Ready(Outcome::failed(NotLed));
        }
        caught(|| self.work.as_mut().poll(cx))
            .unwrap_or_else(|panic| Poll::Ready(Outcome::failed(Panicked(panic))))
    }
}

impl fmt::Debug for AttemptFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttemptFuture")
    }
}

/// A panic of a job, as a hook sees it.
#[derive(Debug)]
struct Panicked(String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it panicked: {}", self.0)
    }
}

impl Error for Panicked {}

/// The end of leadership, as seen by a hook that goes on to poll the job.
#[derive(Debug)]
struct NotLed;

impl fmt::Display for NotLed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("leadership has ended, or is in doubt")
    }
}

impl Error for NotLed {}

/// A hook around each attempt.
#[derive(Clone)]
pub(crate) struct Hook(Arc<dyn Around>);

trait Around: Send + Sync {
    fn around<'r>(&self, info: AttemptInfo<'r>, attempt: AttemptFuture<'r>) -> RunFuture<'r>;
}

impl<F> Around for F
where
    F: for<'r> Fn(AttemptInfo<'r>, AttemptFuture<'r>) -> RunFuture<'r> + Send + Sync,
{
    fn around<'r>(&self, info: AttemptInfo<'r>, attempt: AttemptFuture<'r>) -> RunFuture<'r> {
        self(info, attempt)
    }
}

impl Hook {
    pub(crate) fn new<F>(hook: F) -> Self
    where
        F: for<'r> Fn(AttemptInfo<'r>, AttemptFuture<'r>) -> RunFuture<'r> + Send + Sync + 'static,
    {
        Self(Arc::new(hook))
    }

    pub(super) fn around<'r>(
        &self,
        info: AttemptInfo<'r>,
        attempt: AttemptFuture<'r>,
    ) -> RunFuture<'r> {
        self.0.around(info, attempt)
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hook")
    }
}
