//! The run, as its job sees it.

use std::sync::Arc;

use leader_core::Due;
use leader_core::record::MissedInstants;
use tokio::task::JoinHandle;

use super::context::Attempt;
use super::tasks::Tasks;
use crate::model::Fence;

/// The run, as a parameter of its job: its numbers, and the tasks that end with it.
#[derive(Clone, Debug)]
pub struct Run {
    job: Arc<str>,
    due: Due,
    fence: Fence,
    number: u64,
    attempt: u32,
    missing: MissedInstants,
    tasks: Arc<Tasks>,
}

impl Run {
    /// The first run of this job; in a test, to call a job by hand.
    #[must_use]
    pub fn new(job: &str, due: Due, fence: Fence) -> Self {
        Self::of(Attempt::first(&job.into(), "", due, fence), Arc::new(Tasks::new(None)))
    }

    /// The run of this attempt, with what it starts beside itself.
    pub(super) fn of(attempt: Attempt<'_>, tasks: Arc<Tasks>) -> Self {
        let Attempt { job, due, fence, numbers: (number, attempt), missing, .. } = attempt;
        Self { job: Arc::clone(job), due, fence, number, attempt, missing, tasks }
    }

    /// The job's name.
    #[must_use]
    pub fn job(&self) -> &str {
        &self.job
    }

    /// When the run is due, which is not when it begins.
    #[must_use]
    pub const fn due(&self) -> Due {
        self.due
    }

    /// The fencing token of its term.
    #[must_use]
    pub const fn fence(&self) -> Fence {
        self.fence
    }

    /// Number of the run among those of the job in this process: 1 is the first.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Number of due instants before this one that nobody ran, and that this run stands for, by
    /// `missed = "once"`; of a cron, at most 10000.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missing.count
    }

    /// The oldest of those that [`Run::missed`] counts.
    #[must_use]
    pub fn oldest_missed(&self) -> Option<Due> {
        self.missing.oldest.map(|oldest| self.due.at(oldest))
    }

    /// Number of the attempt in the run: 1 is the first; `retries` follow, and with `interrupted =
    /// "rerun"` the reruns of interrupted ones by other leaders.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Starts a task that ends with the run: it is polled only while leadership is believed, and
    /// aborted when the job's own future is over, however that came about. (What is started with
    /// `tokio::spawn` outlives the run, and leadership too.)
    ///
    /// The handle says whether the task was aborted
    /// ([`JoinError::is_cancelled`](tokio::task::JoinError::is_cancelled)), or panicked: that is no
    /// failure of the run unless the job makes it one.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, where no run is.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn fetch(_: u8) {}
    /// use leader_runtime::{Run, leader_job};
    ///
    /// #[leader_job(key = "service/fetch", every = "1m")]
    /// async fn fetch_all(run: Run) -> Result<(), tokio::task::JoinError> {
    ///     let all: Vec<_> = (0..4).map(|part| run.spawn(fetch(part))).collect();
    ///     for part in all {
    ///         part.await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn(work)
    }

    /// Does blocking work on a thread of Tokio's blocking pool, so that no other job is late for it. A
    /// job that is a plain `fn` is such work as a whole.
    ///
    /// Nothing can cut off a thread. What becomes of a run whose blocking work goes on when the run
    /// is to end: the job's future is dropped, its [`Stop`](crate::Stop) says why, and *the run is
    /// over when this work has returned*; until then the job does not run again, and the key is not
    /// released. So work that takes long looks at a `Stop` between its steps. Once leadership is
    /// lost it goes on beside the next leader: what it writes is to carry the
    /// [`Fence`](crate::Fence).
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, where no run is.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn compress(_: u64) {}
    /// use leader_runtime::{Run, Stop, leader_job};
    ///
    /// #[leader_job(key = "service/compress", every = "1h")]
    /// async fn compress_all(run: Run, stop: Stop) -> Result<(), tokio::task::JoinError> {
    ///     run.block(move || (0..1000).take_while(|_| !stop.is_requested()).for_each(compress)).await
    /// }
    /// ```
    pub fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.block(work)
    }
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        let all = |run: &Self| (run.due, run.fence, run.number, run.attempt);
        self.job == other.job && all(self) == all(other)
    }
}

impl Eq for Run {}
