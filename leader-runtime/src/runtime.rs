//! The runtime: jobs and settings in, one leader for each key until it is told to stop.

use std::collections::BTreeSet;
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use leader_core::Timing;
use leader_core::election::Layout;
use tracing::info;

use crate::engine::Precise;
use crate::error::{Error, Result};
use crate::job::{Jobs, Registration, register};
use crate::lock::{Consul, Driver, Local, LockService, describe};
use crate::run::Runs;
use crate::settings::{Lock, Settings};
use crate::{log, signal};

/// Runs jobs, each on the one node that leads its key.
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
}

impl Runtime {
    /// A runtime by the settings of the environment: [`Settings`] has the variables.
    ///
    /// # Errors
    ///
    /// Those of [`Settings::from_env`].
    pub fn from_env() -> Result<Self> {
        Ok(Self::new(Settings::from_env()?))
    }

    /// A runtime by these settings.
    pub const fn new(settings: Settings) -> Self {
        Self { settings, jobs: Jobs::new() }
    }

    /// Adds jobs.
    pub fn jobs(mut self, jobs: Jobs) -> Self {
        self.jobs = self.jobs.extend(jobs);
        self
    }

    /// Runs until SIGTERM or SIGINT, then lets go of everything and comes back. A run that goes on
    /// has 10 s to end; a second signal ends it at once.
    ///
    /// Installs a subscriber that logs to stderr where the process has set none (feature `log`):
    /// from INFO on, or as `RUST_LOG` says (`debug`, or `warn,leader_runtime=debug`).
    ///
    /// # Errors
    ///
    /// Where settings or jobs are wrong, all of them at once, before anything runs; where the
    /// machine gives no thread or no lock directory. Not where Consul does not answer: that is
    /// logged, and tried again until it does.
    pub async fn run(self) -> Result<()> {
        log::install();
        let mut signals = signal::Signals::listen()?;
        let (hurry, hurried) = tokio::sync::oneshot::channel();
        let first = async move {
            signals.next().await;
            tokio::spawn(async move {
                signals.next().await;
                let _ = hurry.send(());
            });
        };
        let second = async move {
            if hurried.await.is_err() {
                pending().await
            }
        };
        self.run_between(first, second).await
    }

    /// Runs until this future ends, then lets go of everything and comes back. For a service that
    /// has its own way to stop; installs no signal handler and no subscriber. Dropping it drops
    /// the runs, and lets go without anybody waiting for it.
    ///
    /// # Errors
    ///
    /// As [`Runtime::run`].
    pub async fn run_until(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        self.run_between(shutdown, pending()).await
    }

    async fn run_between(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
        hurry: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        let jobs = self.registrations()?;
        let keys: BTreeSet<String> = jobs.iter().map(|job| job.key.to_string()).collect();
        let layout = Layout::new(keys);
        let service = self.lock_service(&layout)?;
        info!(
            "stands for {} with {}: {}",
            count(layout.keys().len(), "key"),
            count(jobs.len(), "job"),
            describe(&*service)
        );
        let keyed = |job: Registration| layout.find(job.key.as_str()).map(|key| (job, key));
        let schedules = jobs.iter().map(|job| job.schedule.clone()).collect();
        let jobs = jobs.into_iter().filter_map(keyed).collect();
        let mut driver = Driver::start(service, layout)?;
        let mut runs = Runs::new(Arc::clone(driver.board()), jobs);
        let mut engine = Precise::new(schedules, SystemTime::now());
        {
            let mut shutdown = std::pin::pin!(shutdown);
            loop {
                tokio::select! {
                    biased;
                    () = &mut shutdown => break,
                    () = driver.ended() => return Err(Error::driver()),
                    tick = engine.next() => runs.fire(tick),
                }
            }
        }
        // what was due before the word came is run here, since no other node will
        while let Some(tick) = engine.due_by_now() {
            runs.fire(tick);
        }
        info!("lets go");
        driver.shut_down();
        let mut hurry = std::pin::pin!(hurry);
        loop {
            tokio::select! {
                () = driver.ended() => return Ok(()),
                () = &mut hurry, if !driver.board().is_hurried() => driver.board().hurry(),
            }
        }
    }

    /// Everything that is wrong with the settings and the jobs, or the jobs.
    fn registrations(&self) -> Result<Vec<Registration>> {
        let mut faults = self.settings.faults().to_vec();
        match register(&self.jobs, self.settings.prefix()) {
            Ok(jobs) if faults.is_empty() => return Ok(jobs),
            Ok(_) => {}
            Err(wrong) => faults.extend(wrong.iter().map(ToString::to_string)),
        }
        Err(Error::wrong(faults))
    }

    fn lock_service(&self, layout: &Layout) -> Result<Arc<dyn LockService>> {
        let (settings, layout) = (&self.settings, layout.clone());
        let identity = settings.identity().clone();
        Ok(match settings.lock() {
            Lock::Consul => Arc::new(Consul::new(
                settings.address(),
                settings.secret(),
                Timing::new(settings.length_of_lease()),
                settings.prefix(),
                layout,
                identity,
            )?),
            Lock::Local(directory) => {
                let directory = match directory {
                    Some(directory) => directory.clone(),
                    None => own_directory()?,
                };
                let local = Local::new(&directory, layout, identity);
                Arc::new(local.map_err(|cause| Error::lock_directory(&directory, cause))?)
            }
        })
    }
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Where a user's own state is kept, and survives a restart of the machine: the fence must not go
/// back.
fn own_directory() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = variable("XDG_STATE_HOME").map(PathBuf::from).or_else(|| {
        variable("HOME")
            .or_else(|| variable("USERPROFILE"))
            .map(|home| PathBuf::from(home).join(".local/state"))
    });
    state.map(|state| state.join("leader-runtime/locks")).ok_or_else(|| {
        Error::setting(
            "LEADER_LOCK",
            "local",
            "this user has no home directory; use `local:DIR` with a directory that it may write",
        )
    })
}
