//! The runtime: jobs and settings in, one leader for each key until it is told to stop.

use std::collections::BTreeSet;
use std::future::pending;
use std::iter::{from_fn, once};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use leader_core::election::Layout;
use leader_core::span;
use tracing::{info, warn};

#[cfg(feature = "tokio_cron_scheduler")]
use crate::engine::TokioCronScheduler;
use crate::engine::{Engine, Precise};
use crate::error::{Error, Result};
use crate::handle::Handle;
use crate::job::{Jobs, Registration, Store, Supplies, Values, list, register};
use crate::lock::{Keyspace, LockService, Manager, Place, Policy, SharedLayout};
use crate::observer::Observer;
use crate::run::{Archive, Roster, Runs};
#[cfg(feature = "cli")]
use crate::settings::Origin;
use crate::settings::{Overrides, Settings};
use crate::systemd::Notifier;
use crate::{log, signal};

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
    handle: Handle,
    #[cfg(feature = "tokio_cron_scheduler")]
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
            handle,
            #[cfg(feature = "tokio_cron_scheduler")]
            scheduler: None,
        }
    }

    /// What the rest of the process asks the runtime by, before, while and after it runs.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Adds jobs.
    pub fn jobs(mut self, jobs: Jobs) -> Self {
        self.jobs = self.jobs.extend(jobs);
        self
    }

    /// Puts in a value that jobs take as a [`Data`](crate::Data) of its type: a pool, a client. One
    /// of each type.
    pub fn data<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.data.put(value);
        self
    }

    /// Fires the jobs through this scheduler, for a service that runs one already: they are in its
    /// list, each with its name as `extra`, and in its notifications, from the start of the runtime
    /// to its end. Without this, the runtime has an engine of its own, which is more precise.
    ///
    /// It need not have been started. Only the firing goes through it: schedules, time zones,
    /// leadership and the policies of a job stay what they are. `Done` means that a firing was
    /// handed over, not that its run has ended; to remove a job there does not stop it.
    #[cfg(feature = "tokio_cron_scheduler")]
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
    /// [`Error::is_wrong_settings`], where settings or jobs are wrong, as [`Runtime::run`], or the
    /// token lacks rights, all of them at once; [`Error::is_no_answer`], where the lock service does
    /// not answer.
    pub async fn check(&self) -> Result<()> {
        let (service, policy, _) = self.lock_service()?;
        let rights = service.rights(policy).await.map_err(Error::no_answer)?;
        let lacks = rights.iter().filter(|(_, is_there)| !is_there);
        let faults: Vec<String> = lacks.map(|(rule, _)| rule.lacking()).collect();
        if faults.is_empty() { Ok(()) } else { Err(Error::wrong(faults)) }
    }

    /// What these jobs need, and the keys that they need it for.
    fn policy(&self, jobs: &[Registration]) -> (Policy, Layout) {
        let jobs = || jobs.iter().filter(|job| job.is_enabled);
        let keys: BTreeSet<String> = jobs().map(|job| job.key.to_string()).collect();
        let records = jobs()
            .filter(|job| job.keeping.is_some())
            .map(|job| Place { lock: job.key.to_string(), job: job.name.to_string() });
        let layout = Layout::new(keys);
        (Policy::new(Keyspace::new(self.settings.prefix()), &layout, records), layout)
    }

    /// Everything that keeps the runtime from starting, or the jobs that it would run.
    fn ready(&self) -> Result<Vec<Registration>> {
        self.registrations(&Arc::new(self.data.clone()))
    }

    /// Runs until SIGTERM or SIGINT, then lets go of everything and comes back. A run that goes on
    /// has its `drain` to end, 10 s unless told otherwise; a second signal cancels it, and a third
    /// ends the process. Neither signal ends the process by itself any more, also after this has
    /// come back.
    ///
    /// Tells systemd, where `NOTIFY_SOCKET` names its socket: that it is ready, which keys it leads,
    /// that it is live, and that it stops and how long that may take.
    ///
    /// Installs a subscriber that logs to stderr where the process has set none (feature `log`):
    /// from INFO on, or as `RUST_LOG` says (`debug`, or `warn,leader_runtime=debug`). One that cannot
    /// be read is told there, and then it is INFO.
    ///
    /// # Errors
    ///
    /// [`Error::is_wrong_settings`], where settings or jobs are wrong, all of them at once, before
    /// anything runs. Where the machine gives no thread, no lock directory, or not the address for
    /// probes. Not where Consul does not answer: that is logged, and tried again until it does.
    pub async fn run(self) -> Result<()> {
        log::install();
        let mut signals = signal::Signals::listen()?;
        let (hurry, hurried) = tokio::sync::oneshot::channel();
        let first = async move {
            signals.next().await;
            tokio::spawn(async move {
                signals.next().await;
                let _ = hurry.send(());
                signals.next().await;
                warn!("ends at once");
                std::process::exit(130);
            });
        };
        let second = async move {
            if hurried.await.is_err() {
                pending().await
            }
        };
        self.run_between(first, second, Notifier::from_env()).await
    }

    /// Runs until this future ends, then lets go of everything and comes back. For a service that
    /// has its own way to stop; installs no signal handler and no subscriber, and leaves it to the
    /// service to tell systemd that it is ready. Dropping it drops the runs, and lets go without
    /// anybody waiting for it.
    ///
    /// # Errors
    ///
    /// As [`Runtime::run`].
    pub async fn run_until(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        self.run_between(shutdown, pending(), None).await
    }

    async fn run_between(
        mut self,
        shutdown: impl Future<Output = ()> + Send + 'static,
        hurry: impl Future<Output = ()> + Send + 'static,
        notifier: Option<Notifier>,
    ) -> Result<()> {
        let data = Arc::new(std::mem::take(&mut self.data));
        let jobs = self.registrations(&data)?;
        self.settings.log(&self.settings.overrides(&self.jobs));
        self.jobs = Jobs::new();
        let observer = Observer::start(&self.settings, notifier, &self.handle)?;
        #[cfg(feature = "tokio_cron_scheduler")]
        if let Some(scheduler) = self.scheduler.take() {
            let roster = Roster::apart(&jobs);
            let names: Vec<_> = jobs.iter().map(|job| job.name.to_string()).collect();
            let engine = Precise::new(roster.schedules());
            let engine = TokioCronScheduler::new(scheduler, &names, engine).await?;
            return self.drive(engine, (jobs, roster), data, observer, (shutdown, hurry)).await;
        }
        let roster = Roster::together(&jobs);
        let engine = Precise::new(roster.schedules());
        self.drive(engine, (jobs, roster), data, observer, (shutdown, hurry)).await
    }

    async fn drive(
        self,
        mut engine: impl Engine,
        (jobs, roster): (Vec<Registration>, Roster),
        data: Arc<Values>,
        observer: Observer,
        (shutdown, hurry): (
            impl Future<Output = ()> + Send + 'static,
            impl Future<Output = ()> + Send + 'static,
        ),
    ) -> Result<()> {
        let keys: BTreeSet<String> = jobs.iter().map(|job| job.key.to_string()).collect();
        let number_of_keys = keys.len();
        let layout = SharedLayout::new(Layout::new(keys));
        let service = self.settings.lock_service(&layout)?;
        let store = service.kv().map(Store::Consul);
        let records = service.records();
        let supplies =
            Arc::new(Supplies { data, store, key_prefix: self.settings.prefix().into() });
        info!(
            "stands for {} with {}: {service}",
            count(number_of_keys, "key"),
            count(jobs.len(), "job"),
        );
        let (manager, terms) = Manager::start(service, layout, self.settings.base_of_fences())?;
        let _lets_go = LetsGo(&manager);
        let archive = Archive { records, node: self.settings.node_name().into() };
        let events = Arc::clone(self.handle.event_channel());
        let claim = |key: &str| manager.claim(key);
        let terms = (terms, self.settings.timing());
        let mut runs = Runs::new(jobs, roster, claim, supplies, terms, &archive, events);
        self.handle.vitals().beat();
        self.handle.set(&manager, runs.remote());
        let (mut shutdown, mut beat) = (pin!(shutdown), pin!(self.handle.beat()));
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = manager.ended() => return Err(Error::driver()),
                never = &mut beat => match never {},
                never = runs.tend() => match never {},
                tick = engine.next() => {
                    let due = once(tick).chain(from_fn(|| engine.try_next()));
                    runs.fire_all(due.take(TOGETHER));
                }
            }
        }
        self.handle.vitals().close();
        runs.close();
        // what was due before the word came is run here, since no other node will
        runs.fire_all(from_fn(|| engine.last()));
        let drain = runs.longest_drain();
        info!("shuts down: runs that go on have at most {} to end", span::print(drain));
        observer.stopping(manager.shut_down(drain));
        let ended = async {
            tokio::select! {
                () = manager.ended() => {}
                () = hurry => {
                    manager.hurry();
                    manager.ended().await;
                }
            }
        };
        tokio::select! {
            () = ended => Ok(()),
            never = beat => match never {},
            never = runs.look_on() => match never {},
        }
    }

    /// Everything that is wrong with the settings, the data and the jobs, or the jobs.
    fn registrations(&self, data: &Arc<Values>) -> Result<Vec<Registration>> {
        // as they will be
        let store = self.settings.has_kv().then(Store::in_memory);
        let supplies = Supplies { data: Arc::clone(data), store, key_prefix: "".into() };
        let supplies = Arc::new(supplies);
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

    /// What the jobs would be led through, what their token needs, and their keys.
    pub(crate) fn lock_service(&self) -> Result<(Arc<dyn LockService>, Policy, Vec<String>)> {
        let (policy, layout) = self.policy(&self.ready()?);
        let keys = layout.keys().map(|(_, key)| key.to_owned()).collect();
        Ok((self.settings.lock_service(&SharedLayout::new(layout))?, policy, keys))
    }

    /// Each setting, and where it is written.
    #[cfg(feature = "cli")]
    pub(crate) fn origins(&self) -> Vec<Origin> {
        self.settings.origins(&self.settings.overrides(&self.jobs))
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

/// Lets go of everything where nobody polls the runtime to its end: a job that blocks its thread
/// keeps the claims of all.
struct LetsGo<'a>(&'a Manager);

impl Drop for LetsGo<'_> {
    fn drop(&mut self) {
        self.0.shut_down(Duration::ZERO);
    }
}

/// So many schedules that are due together are begun before anything else is looked at.
const TOGETHER: usize = 1024;

/// `1 key`, `2 keys`
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
