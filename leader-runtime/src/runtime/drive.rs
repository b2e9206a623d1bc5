//! A runtime that runs: starts the parts, passes ticks and terms between them, and ends them in order.

use std::collections::BTreeSet;
use std::iter::{from_fn, once};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use leader_core::election::Layout;
use leader_core::span;
use tracing::info;

use super::Runtime;
#[cfg(feature = "tokio-cron-scheduler")]
use crate::engine::TokioCronScheduler;
use crate::engine::{Engine, Precise};
use crate::error::{Error, Result};
use crate::job::{Jobs, Store, Supplies, Values};
use crate::leadership::{SessionManager, SharedLayout};
use crate::observer::Observer;
use crate::registry::Registration;
use crate::run::{RecordAccess, Runs, ScheduleTable, Surroundings};
use crate::shutdown::{Held, Shutdown};
use crate::system::systemd::Notifier;
use crate::text::count;
use crate::unwind::shielded;

impl Runtime {
    pub(super) async fn run_between(
        mut self,
        told: impl Future<Output = ()> + Send + 'static,
        by_signal: Option<&Shutdown>,
        notifier: Option<Notifier>,
    ) -> Result<()> {
        let data = Arc::new(std::mem::take(&mut self.data));
        let jobs = self.registrations(&data)?;
        shielded(|| self.settings.log(&self.settings.overrides(&self.jobs)));
        self.jobs = Jobs::new();
        let observer = Observer::start(&self.settings, notifier, &self.handle)?;
        #[cfg(feature = "tokio-cron-scheduler")]
        if let Some(scheduler) = self.scheduler.take() {
            let table = ScheduleTable::one_each(&jobs);
            let names: Vec<_> = jobs.iter().map(|job| job.name.to_string()).collect();
            let engine = Precise::new(table.schedules());
            let engine = TokioCronScheduler::new(scheduler, &names, engine).await?;
            return self.drive(engine, (jobs, table), data, observer, (told, by_signal)).await;
        }
        let table = ScheduleTable::shared(&jobs);
        let engine = Precise::new(table.schedules());
        self.drive(engine, (jobs, table), data, observer, (told, by_signal)).await
    }

    async fn drive(
        self,
        mut engine: impl Engine,
        (jobs, table): (Vec<Registration>, ScheduleTable),
        data: Arc<Values>,
        observer: Observer,
        (told, by_signal): (impl Future<Output = ()> + Send + 'static, Option<&Shutdown>),
    ) -> Result<()> {
        let keys: BTreeSet<String> = jobs.iter().map(|job| job.key.to_string()).collect();
        let number_of_keys = keys.len();
        let layout = SharedLayout::new(Layout::new(keys));
        let service = self.settings.lock_service(&layout)?;
        let store = Store::Shared(service.value_store());
        let records = service.record_store();
        let (key_prefix, hooks) = (self.settings.prefix().into(), self.hooks.clone().into());
        let supplies = Arc::new(Supplies { data, store, key_prefix, hooks });
        shielded(|| {
            info!(
                "stands for {} with {}: {service}",
                count(number_of_keys, "key"),
                count(jobs.len(), "job"),
            );
        });
        let (manager, terms) =
            SessionManager::start(service, layout, self.settings.base_of_fences())?;
        let _lets_go = LetsGo(&manager);
        let surroundings = Surroundings {
            terms,
            timing: self.settings.timing(),
            supplies,
            records: RecordAccess { store: records, node: self.settings.node_name().into() },
            events: Arc::clone(self.handle.event_channel()),
        };
        let mut runs = Runs::new(jobs, table, |key| manager.claim(key), surroundings);
        self.handle.liveness().mark();
        self.handle.set(&manager, runs.control());
        let held = Held {
            manager: Arc::downgrade(&manager),
            runs: runs.control(),
            notifier: observer.notifier().cloned(),
        };
        if let Some(shutdown) = by_signal {
            shutdown.set_held(held.clone());
        }
        let (mut told, mut beat) = (pin!(told), pin!(self.handle.beat()));
        loop {
            tokio::select! {
                biased;
                () = &mut told => break,
                () = manager.ended() => return Err(Error::driver()),
                never = &mut beat => match never {},
                never = runs.tend() => match never {},
                tick = engine.next() => {
                    let due = once(tick).chain(from_fn(|| engine.try_next()));
                    runs.fire_all(due.take(TOGETHER));
                }
            }
        }
        self.handle.liveness().close();
        runs.close();
        // what was due before the word came is run here, since no other node will
        runs.fire_all(from_fn(|| engine.pop_due()));
        let drain = held.drain();
        let longest = drain.longest;
        if let Some(shutdown) = by_signal {
            shutdown.set_drain(drain);
        }
        shielded(|| match longest {
            Duration::ZERO => info!("shutting down: no run in progress"),
            longest => {
                info!("shutting down: runs in progress have {} to end", span::print(longest));
            }
        });
        tokio::select! {
            () = manager.ended() => Ok(()),
            never = beat => match never {},
            never = runs.keep_checking_threads() => match never {},
        }
    }
}

/// Lets go of everything where nobody polls the runtime to its end: a job that blocks its thread
/// keeps the claims of all.
struct LetsGo<'a>(&'a SessionManager);

impl Drop for LetsGo<'_> {
    fn drop(&mut self) {
        self.0.shut_down(Duration::ZERO);
    }
}

/// Maximum number of due schedules that are begun before other events are looked at.
const TOGETHER: usize = 1024;
