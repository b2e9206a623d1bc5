//! The runtime: jobs and settings in, one leader for each key until it is told to stop.

mod drive;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

use leader_core::election::Layout;

use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::job::{AttemptFuture, AttemptInfo, Hook, Jobs, Outcome, Supplies, Values};
use crate::leadership::{Keyspace, LockService, Policy, RecordKey, SharedLayout};
use crate::log;
use crate::registry::{Registration, list, register};
#[cfg(feature = "cli")]
use crate::settings::EffectiveSetting;
use crate::settings::{Overrides, Settings};
use crate::shutdown::Shutdown;
use crate::system::systemd::Notifier;

/// Runs jobs, each on the one node that leads its key.
///
/// It wants Tokio's drivers for time and I/O, as `#[tokio::main]` has them, and a runtime that is
/// built with `enable_all`.
///
/// # Examples
///
/// ```no_run
/// use leader_runtime::{Runtime, jobs, leader_job};
///
/// #[leader_job(key = "service/report", cron = "0 5 * * *")]
/// async fn report() {}
///
/// #[tokio::main]
/// async fn main() -> leader_runtime::Result<()> {
///     Runtime::from_env()?.jobs(jobs![report]).run().await
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Runtime {
    settings: Settings,
    jobs: Jobs,
    data: Values,
    hooks: Vec<Hook>,
    handle: Handle,
    #[cfg(feature = "tokio-cron-scheduler")]
    scheduler: Option<crate::engine::Scheduler>,
}

impl Runtime {
    /// A runtime by the settings of files and of the environment: [`Settings`] has them all.
    ///
    /// # Errors
    ///
    /// Those of [`Settings::from_env`].
    pub fn from_env() -> Result<Self> {
        Ok(Self::new(Settings::from_env()?))
    }

    /// A runtime by these settings.
    pub fn new(settings: Settings) -> Self {
        let handle = Handle::new(settings.prefix(), settings.timing());
        Self {
            settings,
            jobs: Jobs::new(),
            data: Values::default(),
            hooks: Vec::new(),
            handle,
            #[cfg(feature = "tokio-cron-scheduler")]
            scheduler: None,
        }
    }

    /// A handle for the rest of the process, valid before, while and after the runtime runs.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Adds jobs.
    pub fn jobs(mut self, jobs: Jobs) -> Self {
        self.jobs = self.jobs.merge(jobs);
        self
    }

    /// Puts in a value that jobs take as a [`Data`](crate::Data) of its type: a pool, a client. One
    /// of each type; where there are two, [`FromRun`](crate::FromRun) has an example.
    pub fn data<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.data.put(value);
        self
    }

    /// Puts a hook around each attempt of each job: an error reporter, a trace, a transaction.
    ///
    /// The hook gets the facts of the attempt and its future, and returns the future that is polled
    /// in its place. It sees the job's [`Outcome`](crate::Outcome), a panic as a failed one, and may
    /// replace it. The first hook that is added is the outermost.
    ///
    /// A hook is a part of the run: it is polled only while leadership is believed, and dropped
    /// together with the job where the run is ended (by `timeout`, a loss, a drain). A panic of the
    /// hook is a failed run. It is neither called for a run that is skipped before it begins, nor for
    /// a `standby`. The work of a plain `fn` is on another thread: a span that the hook enters covers
    /// the job's own waits alone.
    ///
    /// A hook that is an `async fn` is put in as `.around(|info, attempt| Box::pin(hook(info, attempt)))`.
    /// It awaits the attempt's future: one that blocks its thread on it also blocks the checks of the
    /// run.
    ///
    /// # Examples
    ///
    /// ```
    /// use leader_runtime::{Runtime, Settings, jobs, leader_job};
    /// use tracing::Instrument;
    ///
    /// #[leader_job(key = "service/report", cron = "0 5 * * *")]
    /// async fn report() -> Result<(), std::io::Error> {
    ///     Ok(())
    /// }
    ///
    /// let runtime = Runtime::new(Settings::new())
    ///     .around(|info, attempt| {
    ///         Box::pin(async move {
    ///             let span = tracing::info_span!("transaction", fence = info.fence().get());
    ///             let outcome = attempt.instrument(span).await;
    ///             if let Some(error) = outcome.error() {
    ///                 eprintln!("{} failed: {error}", info.job());
    ///             }
    ///             outcome
    ///         })
    ///     })
    ///     .jobs(jobs![report]);
    /// ```
    pub fn around<F>(mut self, hook: F) -> Self
    where
        F: for<'r> Fn(
                AttemptInfo<'r>,
                AttemptFuture<'r>,
            ) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'r>>
            + Send
            + Sync
            + 'static,
    {
        self.hooks.push(Hook::new(hook));
        self
    }

    /// Fires the jobs through this scheduler, for a service that runs one already: they are in its
    /// list, each with its name as `extra`, and in its notifications, from the start of the runtime
    /// to its end. Without this, the runtime has an engine of its own, which is more precise.
    ///
    /// The crate `tokio_cron_scheduler` 0.15 is a part of this API: it is re-exported as
    /// [`leader_runtime::tokio_cron_scheduler`](crate::tokio_cron_scheduler), and a new minor version
    /// of it is a breaking change here.
    ///
    /// It need not have been started. Only the firing goes through it: schedules, time zones,
    /// leadership and the policies of a job stay what they are. `Done` means that a firing was
    /// handed over, not that its run has ended; to remove a job there does not stop it.
    #[cfg(feature = "tokio-cron-scheduler")]
    pub fn scheduler(mut self, scheduler: tokio_cron_scheduler::JobScheduler) -> Self {
        self.scheduler = Some(crate::engine::Scheduler(scheduler));
        self
    }

    /// The least that the ACL token of a node must permit for these jobs, as the HCL of a policy:
    /// what `consul acl policy create -name NAME -rules -` takes. Jobs that are not enabled need
    /// nothing; what jobs write through [`Kv`](crate::Kv) is not in it, since only they know.
    ///
    /// # Errors
    ///
    /// Where settings or jobs are wrong, as [`Runtime::run`]; but what they take need not be there.
    pub fn acl_policy(&self) -> Result<String> {
        Ok(self.policy(&self.listed()?).0.to_string())
    }

    /// Asks whether the lock service answers, and whether the ACL token permits what these jobs
    /// need. Leads nothing, and writes no key.
    ///
    /// # Errors
    ///
    /// [`Error::is_configuration`], where settings or jobs are wrong, as [`Runtime::run`], or the
    /// token lacks rights, all of them at once; [`Error::is_unavailable`], where the lock service does
    /// not answer.
    pub async fn check(&self) -> Result<()> {
        let (service, policy, _) = self.lock_service()?;
        let rights = service.rights(policy).await.map_err(Error::no_answer)?;
        let lacks = rights.iter().filter(|(_, is_there)| !is_there);
        let faults: Vec<String> = lacks.map(|(rule, _)| rule.lacking()).collect();
        if faults.is_empty() { Ok(()) } else { Err(Error::wrong(faults)) }
    }

    /// The policy that these jobs need, and their keys.
    fn policy(&self, jobs: &[Registration]) -> (Policy, Layout) {
        let jobs = || jobs.iter().filter(|job| job.is_enabled);
        let keys: BTreeSet<String> = jobs().map(|job| job.key.to_string()).collect();
        let records = jobs()
            .filter(|job| job.keeping.is_some())
            .map(|job| RecordKey { lock: job.key.to_string(), job: job.name.to_string() });
        let layout = Layout::new(keys);
        (Policy::new(Keyspace::new(self.settings.prefix()), &layout, records), layout)
    }

    /// Everything that keeps the runtime from starting, or the jobs that it would run.
    fn ready(&self) -> Result<Vec<Registration>> {
        self.registrations(&Arc::new(self.data.clone()))
    }

    /// Runs until SIGTERM or SIGINT, then lets go of everything and comes back. A run that goes on
    /// has its `drain` to end, 10 s unless told otherwise.
    ///
    /// # The end of the process
    ///
    /// A process that was told to stop ends in bounded time, whatever blocks. A thread that needs no
    /// Tokio runtime hears both signals from now on, as long as the process lives, also after this
    /// has come back:
    ///
    /// | signal | effect |
    /// |---|---|
    /// | the first | the keys are given up, and this comes back; at once where it is called later |
    /// | the second | runs that go on are cancelled |
    /// | the third | the process ends with exit code 130, whatever goes on |
    ///
    /// A blocking thread (`tokio::task::spawn_blocking`, `tokio::io::stdin()`, a job that sleeps in
    /// `std::thread::sleep`) cannot be cancelled, and `#[tokio::main]` waits for it when `main` has
    /// returned. After the first signal alone the process therefore ends by itself:
    ///
    /// * 30 s after this has come back: the service's own code has that long for its own end. The
    ///   exit code is 130. A service that needs longer uses [`Runtime::run_until`].
    /// * 5 s after the service's Tokio runtime was shut down, as `#[tokio::main]` does when `main`
    ///   has returned. The exit code is 0; 1 if a call of this returned an error; or 130 if a run of a
    ///   job still goes on. A service that
    ///   shuts that runtime down itself and has more to do, or has a second one, is cut off by this,
    ///   too: it uses [`Runtime::run_until`].
    ///
    /// Destructors and handlers of `atexit` do not run then. A run that holds its key and cannot be
    /// ended is given up 5 s after the longest drain, which is taken to be 10 s at least. The log
    /// names what is waited for within a second of the drain's end.
    ///
    /// Tells systemd, where `NOTIFY_SOCKET` names its socket: that it is ready, which keys it leads,
    /// that it is live, and that it stops; and asks for more time as long as runs drain.
    ///
    /// Installs a subscriber that logs to stderr where the process has set none (feature `log`):
    /// from INFO on, or as `RUST_LOG` says (`debug`, or `warn,leader_runtime=debug`). One that cannot
    /// be read is told there, and then it is INFO.
    ///
    /// # Errors
    ///
    /// [`Error::is_configuration`], where settings or jobs are wrong, all of them at once, before
    /// anything runs. Where the machine gives no thread, no lock directory, or not the address for
    /// probes. Not where Consul does not answer: that is logged, and tried again until it does.
    pub async fn run(self) -> Result<()> {
        log::install();
        let shutdown = Shutdown::listen()?;
        let signalled = shutdown.signalled();
        let ended = self.run_between(signalled, Some(&shutdown), Notifier::from_env()).await;
        ended.inspect_err(|_| shutdown.set_failed())
    }

    /// Runs until this future ends, then lets go of everything and comes back. For a service that
    /// has its own way to stop; installs no signal handler and no subscriber, and leaves it to the
    /// service to tell systemd that it is ready. Dropping it drops the runs, and lets go without
    /// anybody waiting for it.
    ///
    /// Where a job has left a blocking thread (`tokio::task::spawn_blocking`, `tokio::io::stdin()`),
    /// `#[tokio::main]` waits for it without end when `main` has returned, and the signal handlers of
    /// the service keep further signals from ending the process. `shutdown_timeout` bounds that wait:
    ///
    /// ```no_run
    /// # async fn told() {}
    /// # fn main() -> leader_runtime::Result<()> {
    /// # use leader_runtime::{Runtime, jobs, leader_job};
    /// # #[leader_job(key = "service/report", cron = "0 5 * * *")]
    /// # async fn report() {}
    /// let tokio = tokio::runtime::Runtime::new().expect("a Tokio runtime");
    /// let ended = tokio.block_on(async {
    ///     Runtime::from_env()?.jobs(jobs![report]).run_until(told()).await
    /// });
    /// tokio.shutdown_timeout(std::time::Duration::from_secs(5));
    /// ended
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Runtime::run`].
    pub async fn run_until(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        self.run_between(shutdown, None, None).await
    }

    /// Everything that is wrong with the settings, the data and the jobs, or the jobs.
    fn registrations(&self, data: &Arc<Values>) -> Result<Vec<Registration>> {
        let supplies = Arc::new(Supplies { data: Arc::clone(data), ..Supplies::default() });
        self.right(data.faults(), |overrides| {
            register(&self.jobs, self.settings.prefix(), overrides, &supplies)
        })
    }

    /// Everything that is wrong with the settings and the jobs, or all jobs, enabled or not. What
    /// they take need not be there.
    pub(crate) fn listed(&self) -> Result<Vec<Registration>> {
        self.right(std::iter::empty(), |overrides| {
            list(&self.jobs, self.settings.prefix(), overrides)
        })
    }

    /// The lock service of the jobs, the policy that their token needs, and their keys.
    pub(crate) fn lock_service(&self) -> Result<(Arc<dyn LockService>, Policy, Vec<String>)> {
        let (policy, layout) = self.policy(&self.ready()?);
        let keys = layout.keys().map(|(_, key)| key.to_owned()).collect();
        Ok((self.settings.lock_service(&SharedLayout::new(layout))?, policy, keys))
    }

    /// Each setting, and where it is written.
    #[cfg(feature = "cli")]
    pub(crate) fn effective(&self) -> Vec<EffectiveSetting> {
        self.settings.effective(&self.settings.overrides(&self.jobs))
    }

    fn right<F: ToString>(
        &self,
        others: impl Iterator<Item = String>,
        jobs: impl FnOnce(&Overrides) -> Result<Vec<Registration>, Vec<F>>,
    ) -> Result<Vec<Registration>> {
        let overrides = self.settings.overrides(&self.jobs);
        let mut faults = self.settings.faults();
        faults.extend_from_slice(overrides.faults());
        if let Some(address) = self.settings.health_address().filter(|_| !cfg!(feature = "health"))
        {
            faults.push(format!(
                "health.listen=`{address}`: this program was built without the endpoint; switch on \
                 the feature `health` of leader-runtime, or unset it"
            ));
        }
        faults.extend(others);
        if self.jobs.is_empty() {
            faults.push("there are no jobs; list them: `.jobs(jobs![…])`".into());
        }
        match jobs(&overrides) {
            Ok(jobs) if faults.is_empty() => return Ok(jobs),
            Ok(_) => {}
            Err(wrong) => faults.extend(wrong.iter().map(ToString::to_string)),
        }
        Err(Error::wrong(faults))
    }
}
