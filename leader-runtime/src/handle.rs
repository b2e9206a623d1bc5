//! What the rest of a process asks its runtime by: who leads, what runs, to run now, to step down.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures_util::stream::Stream;
use leader_core::Timing;

use crate::clock::{self, LONGEST_SLEEP};
use crate::error::{Error, Result};
use crate::health::{Health, Vitals};
use crate::job::private::Job;
use crate::lock::{Leader, Lock, Manager, Term, whole_key};
use crate::run::{Answer, Events, JobStatus, Remote, RunEvent, Wanted};

/// A handle on a [`Runtime`](crate::Runtime), valid before, while and after it runs. Holding it
/// keeps nothing alive.
#[derive(Clone, Debug)]
pub struct Handle {
    running: Arc<OnceLock<Running>>,
    vitals: Arc<Vitals>,
    events: Arc<Events>,
    key_prefix: Arc<str>,
    timing: Option<Timing>,
}

/// What a runtime that runs is asked through.
#[derive(Debug)]
struct Running {
    manager: Weak<Manager>,
    runs: Remote,
}

impl Handle {
    pub(crate) fn new(key_prefix: &str, timing: Option<Timing>) -> Self {
        let (running, vitals, events) = (Arc::default(), Arc::default(), Arc::default());
        Self { running, vitals, events, key_prefix: key_prefix.into(), timing }
    }

    pub(crate) fn set(&self, manager: &Arc<Manager>, runs: Remote) {
        // a runtime runs once
        let _ = self.running.set(Running { manager: Arc::downgrade(manager), runs });
    }

    pub(crate) fn has_started(&self) -> bool {
        self.running.get().is_some()
    }

    pub(crate) fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    pub(crate) const fn event_channel(&self) -> &Arc<Events> {
        &self.events
    }

    /// Whether this process leads the key, now. Asks nobody. `key` is without the prefix of the
    /// settings, here as below.
    #[must_use]
    pub fn is_leading(&self, key: &str) -> bool {
        self.term(key).is_some()
    }

    /// The term in which this process leads the key, now. Asks nobody.
    #[must_use]
    pub fn term(&self, key: &str) -> Option<Term> {
        self.running().ok()?.gate(&self.whole(key))?.term()
    }

    /// What the lease of the settings means: how soon another leads after a death, and how long
    /// Consul may be away. `None` where locks are files, which the system frees by itself.
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
    /// Where the key is none ([`Error::is_wrong_settings`]); where the runtime has not started
    /// ([`Error::is_not_started`]), or is over ([`Error::is_closed`]).
    pub fn lock(&self, key: &str) -> Result<Lock> {
        Ok(Lock::of(&self.running()?, &whole_key(&self.key_prefix, key)?))
    }

    /// Who leads the key, as the lock's value says; `None` where nobody does. Asks the lock service.
    ///
    /// # Errors
    ///
    /// Those of [`Handle::lock`]; and [`Error::is_no_answer`], where the lock service does not answer
    /// within 5 s, or refuses.
    pub async fn leader(&self, key: &str) -> Result<Option<Leader>> {
        let key = whole_key(&self.key_prefix, key)?;
        let leader = self.running()?.leader(key).await;
        leader.map_err(|fault| fault.map_or_else(Error::closed, Error::no_answer))
    }

    /// Gives the key to another node, where this one leads it: when its runs have ended, the key is
    /// released, and this node stands for it again after 10 s. Where no other node stands for it, it
    /// leads again then. Where another leads it, nothing happens. Ask the one that leads
    /// ([`Handle::leader`]): of several that are asked one after the other, each gives up what it has
    /// come to lead by then.
    ///
    /// # Errors
    ///
    /// Where the runtime has neither a job nor a lock on this key ([`Error::is_wrong_settings`]);
    /// where it has not started ([`Error::is_not_started`]), or is over ([`Error::is_closed`]).
    pub fn step_down(&self, key: &str) -> Result<()> {
        let manager = self.running()?;
        let key = self.whole(key);
        let gate = manager.gate(&key).ok_or_else(|| {
            Error::wrong(vec![format!("no job of this runtime has the key `{key}`")])
        })?;
        manager.step_down(&gate);
        Ok(())
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
    /// [`Error::is_wrong_settings`], where it is no job of this runtime, is listed more than once, or
    /// is one that runs `while_leading`. [`Error::is_not_started`], where the runtime has not
    /// started; [`Error::is_closed`], where it is over.
    pub async fn trigger<J: Job>(&self) -> Result<()> {
        self.run_now(Wanted::Entry(J::ENTRY.name, J::ENTRY.place), J::ENTRY.name).await
    }

    /// The same, by a name that comes from outside: of a request, of an operator.
    ///
    /// # Errors
    ///
    /// Those of [`Handle::trigger`].
    pub async fn trigger_by_name(&self, job: &str) -> Result<()> {
        self.run_now(Wanted::Name(job), job).await
    }

    async fn run_now(&self, wanted: Wanted<'_>, name: &str) -> Result<()> {
        match self.runs()?.trigger(wanted).await? {
            Answer::Begun => Ok(()),
            Answer::Busy => Err(Error::busy(name)),
            Answer::NotLed { key } => {
                // whom we cannot ask for is unknown
                let leader = self.running()?.leader(key.clone()).await.ok().flatten();
                Err(Error::not_leading(name, &key, leader.as_ref()))
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
        self.vitals.health(self.running().ok().as_deref(), self.timing)
    }

    /// What happens to runs on this node, from now on; in the order in which it happens to each job.
    /// The stream ends with the runtime. Whoever takes too long to read loses the oldest beyond
    /// 1024, and is told how many.
    pub fn events(&self) -> impl Stream<Item = RunEvent> + Send + Unpin + use<> {
        self.events.listen()
    }

    /// Does, each second, what is to be done as long as the runtime lives.
    pub(crate) async fn beat(&self) -> Infallible {
        loop {
            self.vitals.beat();
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

    fn runs(&self) -> Result<&Remote> {
        Ok(&self.running.get().ok_or_else(Error::not_started)?.runs)
    }

    fn running(&self) -> Result<Arc<Manager>> {
        let running = self.running.get().ok_or_else(Error::not_started)?;
        // a lock by hand may have outlived it
        running.manager.upgrade().filter(|manager| !manager.has_ended()).ok_or_else(Error::closed)
    }

    fn whole(&self, key: &str) -> String {
        format!("{}{key}", self.key_prefix)
    }
}
