//! The handle on a runtime, for the rest of the process: who leads, which jobs run, to run one now.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures_util::stream::Stream;
use leader_core::Timing;

use crate::error::{Error, Result};
use crate::health::EngineLiveness;
use crate::job::Job;
use crate::key_handle::KeyHandle;
use crate::leadership::{SessionManager, whole_key};
use crate::locks::Lock;
use crate::model::Health;
use crate::run::{Control, Events, JobSelector, JobStatus, RunEvent, TriggerResult};
use crate::system::clock::{self, LONGEST_SLEEP};

/// A handle on a [`Runtime`](crate::Runtime), valid before, while and after it runs. Holding it
/// keeps nothing alive.
///
/// # Examples
///
/// ```
/// use leader_runtime::{Handle, Result, leader_job};
///
/// #[leader_job(key = "service/report", cron = "0 5 * * *")]
/// async fn report() {}
///
/// async fn operate(handle: &Handle) -> Result<()> {
///     for job in handle.jobs()? {
///         println!("{} on {}, next {:?}", job.name, job.key, job.next);
///     }
///     let key = handle.key("service/report")?;
///     if key.is_leading() {
///         handle.trigger::<report>().await?;
///         key.step_down()?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Handle {
    running: Arc<OnceLock<Running>>,
    liveness: Arc<EngineLiveness>,
    events: Arc<Events>,
    key_prefix: Arc<str>,
    timing: Option<Timing>,
}

/// The parts of a runtime that runs.
#[derive(Debug)]
struct Running {
    manager: Weak<SessionManager>,
    runs: Control,
}

impl Handle {
    pub(crate) fn new(key_prefix: &str, timing: Option<Timing>) -> Self {
        let (running, liveness, events) = (Arc::default(), Arc::default(), Arc::default());
        Self { running, liveness, events, key_prefix: key_prefix.into(), timing }
    }

    pub(crate) fn set(&self, manager: &Arc<SessionManager>, runs: Control) {
        // a runtime runs once
        let _ = self.running.set(Running { manager: Arc::downgrade(manager), runs });
    }

    pub(crate) fn has_started(&self) -> bool {
        self.running.get().is_some()
    }

    pub(crate) fn liveness(&self) -> &EngineLiveness {
        &self.liveness
    }

    pub(crate) const fn event_channel(&self) -> &Arc<Events> {
        &self.events
    }

    /// A key of this runtime, of a job or a [`Lock`]: who leads it, in which term, and a way to give
    /// it away. `key` is without the prefix of the settings, here as below.
    ///
    /// # Errors
    ///
    /// [`Error::is_configuration`], where the key is malformed, or no job and no lock of this runtime
    /// has it: the message names the nearest key that there is. [`Error::is_not_started`], where the
    /// runtime has not started; [`Error::is_closed`], where it is over.
    pub fn key(&self, key: &str) -> Result<KeyHandle> {
        KeyHandle::find(&self.running()?, &self.key_prefix, key)
    }

    /// Intervals of the lease: how soon another leads after a death, and how long Consul may be
    /// away. `None` where locks are files, which the system frees by itself.
    #[must_use]
    pub const fn timing(&self) -> Option<Timing> {
        self.timing
    }

    /// A lock on this key, on the session that the jobs' keys are led by. This process stands for
    /// the key until the lock is released or dropped, or the runtime is over. Keys are few, and never
    /// forgotten: [`LockManager::lock`](crate::LockManager::lock) says what to do with many.
    ///
    /// # Errors
    ///
    /// [`Error::is_configuration`], where the key is malformed; [`Error::is_not_started`], where the
    /// runtime has not started; [`Error::is_closed`], where it is over.
    pub fn lock(&self, key: &str) -> Result<Lock> {
        Ok(Lock::of(&self.running()?, &whole_key(&self.key_prefix, key)?))
    }

    /// Every enabled job and when it is due next, in the order of the list.
    ///
    /// # Errors
    ///
    /// Where the runtime has not started ([`Error::is_not_started`]), or is over
    /// ([`Error::is_closed`]).
    pub fn jobs(&self) -> Result<Vec<JobStatus>> {
        self.runs()?.jobs()
    }

    /// Runs a job now, where this node leads its key: `handle.trigger::<nightly>()`. It is due now,
    /// and in all else a run like the others: it has its slot by its `overlap`, its attempts and its
    /// drain. Comes back when it has begun, or waits in the queue for that.
    ///
    /// # Errors
    ///
    /// [`Error::is_not_leading`], where another node leads or nobody does, with who it is.
    /// [`Error::is_busy`], where a run goes on and `overlap` is `skip`.
    /// [`Error::is_configuration`], where it is no job of this runtime, is listed more than once, or
    /// is one that runs `while_leading`. [`Error::is_not_started`], where the runtime has not
    /// started; [`Error::is_closed`], where it is over.
    pub async fn trigger<J: Job>(&self) -> Result<()> {
        self.run_now(JobSelector::Entry(J::ENTRY.name, J::ENTRY.place), J::ENTRY.name).await
    }

    /// Runs the job of this name now: the name comes from a request, or from an operator.
    ///
    /// # Errors
    ///
    /// Those of [`Handle::trigger`].
    pub async fn trigger_by_name(&self, job: &str) -> Result<()> {
        self.run_now(JobSelector::Name(job), job).await
    }

    async fn run_now(&self, wanted: JobSelector<'_>, name: &str) -> Result<()> {
        match self.runs()?.trigger(wanted).await? {
            TriggerResult::Started => Ok(()),
            TriggerResult::Busy => Err(Error::busy(name)),
            TriggerResult::NotLed { key } => {
                // whom we cannot ask for is unknown
                let leader = self.running()?.leader(key.clone()).await.ok().flatten();
                Err(Error::not_leading(name, key, leader))
            }
        }
    }

    /// How the runtime is, now. Asks nobody, and answers whatever becomes of the runtime's own tasks:
    /// the endpoint of the feature `health` says the same, for services that have no server.
    #[must_use]
    pub fn health(&self) -> Health {
        if !self.has_started() {
            return Health::none(true, "the runtime has not started");
        }
        self.liveness.health(self.running().ok().as_deref(), self.timing)
    }

    /// Events of runs on this node from now on, in order for each job; and the due instants that no
    /// node has run and none will. The stream ends with the runtime. A reader that falls more than
    /// 1024 events behind loses the oldest, and gets their number as [`RunEvent::Lost`].
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use leader_runtime::{Handle, RunEvent};
    ///
    /// async fn print(handle: Handle) {
    ///     let mut events = handle.events();
    ///     while let Some(event) = events.next().await {
    ///         if let RunEvent::Ended(run) = event {
    ///             println!("{} of {}: {}", run.job, run.due, run.outcome);
    ///         }
    ///     }
    /// }
    /// ```
    pub fn events(&self) -> impl Stream<Item = RunEvent> + Send + Unpin + use<> {
        self.events.listen()
    }

    /// Does, each second, what is to be done as long as the runtime lives.
    pub(crate) async fn beat(&self) -> Infallible {
        loop {
            self.liveness.mark();
            self.refresh_meters();
            // at a full second, when jobs are due: what is idle else is to wake once
            let past = clock::since_epoch(clock::wall()).subsec_nanos();
            tokio::time::sleep(LONGEST_SLEEP - Duration::from_nanos(past.into())).await;
        }
    }

    /// Says what moves by itself.
    pub(crate) fn refresh_meters(&self) {
        if let Some(running) = self.running.get() {
            running.runs.refresh_meters();
        }
        if let Ok(manager) = self.running() {
            manager.refresh_meters();
        }
    }

    fn runs(&self) -> Result<&Control> {
        Ok(&self.running.get().ok_or_else(Error::not_started)?.runs)
    }

    fn running(&self) -> Result<Arc<SessionManager>> {
        let running = self.running.get().ok_or_else(Error::not_started)?;
        // a lock by hand may have outlived it
        running.manager.upgrade().filter(|manager| !manager.has_ended()).ok_or_else(Error::closed)
    }
}
