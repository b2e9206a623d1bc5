//! What a firing does: gate, slot, attempts.
//!
//! A job that is due enters its gate, and from then on its key is not released before the run is
//! over. It waits for its jitter, wants its slot, and then has its course: attempts, and waits
//! between them. A job that waits to be due is no task.

mod agenda;
mod attempt;
mod course;
mod faults;
mod job;
mod ledger;
mod limits;
mod outcome;
mod paper;
mod settle;
mod slot;
mod tenure;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use leader_core::election::{Fence, KeyId};
use leader_core::{Due, Overlap, Schedule, Timing};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{debug, error, warn};

use self::agenda::Agenda;
use self::course::Finished;
use self::job::{Firing, Job, Occasion};
pub use self::outcome::{RunOutcome, SkipReason};
pub(crate) use self::settle::Archive;
use self::settle::settle;
use self::slot::Admission;
use self::tenure::Tenant;
use crate::clock;
use crate::engine::Tick;
use crate::job::{Registration, Stopper, Supplies, Tasks};
use crate::lock::{Claim, Guard, Terms};

/// The runs of a process. Dropping this drops them.
#[derive(Debug)]
pub(crate) struct Runs {
    jobs: Vec<Arc<Job>>,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    terms: Terms,
    /// The jobs that terms begin, and those of each key.
    tenants: BTreeMap<usize, Tenant>,
    by_key: BTreeMap<KeyId, Vec<usize>>,
    agenda: Agenda,
    over: mpsc::UnboundedReceiver<Over>,
}

/// What all runs of a process share.
#[derive(Debug)]
struct Shared {
    supplies: Arc<Supplies>,
    /// How much trust is left when a beat was missed; `None` where there are no beats.
    missed_beat: Option<Duration>,
    over: mpsc::UnboundedSender<Over>,
}

/// The end of a run of a job that goes by its own runs.
#[derive(Debug)]
struct Over {
    job: usize,
    fence: Fence,
    finished: Finished,
}

impl Runs {
    /// Of these jobs, each with its claim on its key.
    pub(crate) fn new(
        jobs: Vec<(Registration, Claim)>,
        supplies: Arc<Supplies>,
        terms: Terms,
        timing: Option<Timing>,
        archive: &Archive,
    ) -> Self {
        let job = |(place, (registration, claim))| {
            Arc::new(Job::new(place, registration, claim, archive))
        };
        let jobs: Vec<_> = jobs.into_iter().enumerate().map(job).collect();
        let (sender, over) = mpsc::unbounded_channel();
        let missed_beat = timing.map(|timing| timing.trust() - timing.gap());
        let shared = Arc::new(Shared { supplies, missed_beat, over: sender });
        let (tasks, agenda) = (JoinSet::new(), Agenda::default());
        let (tenants, by_key) = tenure::tenants(&jobs);
        Self { jobs, shared, tasks, terms, tenants, by_key, agenda, over }
    }

    /// How long the runs that go on may take to end, once their keys are given up.
    pub(crate) fn longest_drain(&self) -> Duration {
        let drain = |job: &Arc<Job>| match job.policies().overlap {
            // the one that waits has a drain of its own
            Overlap::Queue | Overlap::Replace => 2 * job.policies().drain,
            _ => job.policies().drain,
        };
        self.jobs.iter().map(drain).max().unwrap_or_default()
    }

    /// A job is due: on the leader it runs, elsewhere what stands in for it does.
    pub(crate) fn fire(&mut self, tick: Tick) {
        let job = Arc::clone(&self.jobs[tick.job]);
        let due = job.due(tick.due);
        match (job.claim.gate().enter(), tick.too_late) {
            (None, None) => self.stand_by(job, due),
            (None, Some(_)) => {}
            // its own runs say when it is due
            (Some(_), _) if matches!(job.registration.schedule, Schedule::After(_)) => {}
            // the record says what becomes of it
            (Some(guard), Some(_)) if job.book.is_some() => {
                self.begin(job, Firing::new(due, guard, Occasion::Look));
            }
            (Some(_), Some(late)) => {
                warn!(job = %job.registration.name, %due, ?late, "skipped: found too late");
            }
            (Some(guard), None) => self.launch(job, Firing::new(due, guard, Occasion::Due)),
        }
    }

    /// Runs a job now, or in a random part of its jitter.
    fn launch(&mut self, job: Arc<Job>, firing: Firing) {
        let jitter = job.policies().jitter;
        if jitter.is_zero() {
            return self.begin(job, firing);
        }
        let shared = Arc::clone(&self.shared);
        self.spawn(async move {
            linger(&firing.guard, jitter.mul_f64(fastrand::f64())).await;
            if let Some(firing) = admit(&job, firing) {
                take_turns(job, shared, firing).await;
            }
        });
    }

    /// Runs a job now, where its slot is free.
    fn begin(&mut self, job: Arc<Job>, firing: Firing) {
        if let Some(firing) = admit(&job, firing) {
            self.spawn(take_turns(job, Arc::clone(&self.shared), firing));
        }
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        // those that have ended
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(task);
    }

    fn stand_by(&mut self, job: Arc<Job>, due: Due) {
        let Some(standby) = job.registration.standby else { return };
        if job.stands_in.swap(true, Ordering::AcqRel) {
            debug!(job = %job.registration.name, "the standby before still goes on");
            return;
        }
        let (_stopper, stop) = Stopper::new();
        let run = job.run(due, None, (1, 1), Arc::new(Tasks::new(None)));
        // the start has seen that its parameters lack nothing
        let Some(call) = standby(&job.context(&self.shared, run, stop, None)) else { return };
        self.spawn(async move {
            if let Err(panic) = attempt::caught(call).await {
                error!(job = %job.registration.name, panic, "the standby panicked");
            }
            job.stands_in.store(false, Ordering::Release);
        });
    }
}

/// Waits for so long; where the term ends, no longer, since no other node will run this.
async fn linger(guard: &Guard, wait: Duration) {
    let mut watch = guard.watch();
    let until = clock::now() + wait;
    while clock::now() < until && watch.holds() && !watch.is_draining() {
        watch.changed(until).await;
    }
}

/// The firing, where its slot is free.
fn admit(job: &Job, firing: Firing) -> Option<Firing> {
    if job.overlap() == Overlap::Allow {
        return Some(firing);
    }
    let (name, due) = (&job.registration.name, firing.due);
    match job.slot.admit(firing, job.overlap()) {
        Admission::Runs(firing) => return Some(firing),
        Admission::Waits { instead_of: None } => {}
        Admission::Waits { instead_of: Some(older) } => {
            let reason = SkipReason::Overtaken;
            debug!(job = %name, due = %older.due, %reason, "skipped");
        }
        // a job that is slower than its schedule would fill the log
        Admission::Skipped(0) => {
            warn!(job = %name, %due, "skipped: the run before still goes on");
        }
        Admission::Skipped(before) => debug!(job = %name, %due, before, "skipped again"),
    }
    None
}

/// Runs a job that has its slot, and then the run that waits for it.
async fn take_turns(job: Arc<Job>, shared: Arc<Shared>, first: Firing) {
    let has_slot = job.policies().overlap != Overlap::Allow;
    let mut next = Some(first);
    while let Some(firing) = next {
        if let Some(book) = &job.book {
            settle(&job, &shared, book, &firing).await;
            next = job.slot.pass_on();
            continue;
        }
        let finished = course::run(&job, &shared, &firing).await;
        if tenure::is_by_runs(&job) {
            let fence = firing.guard.term().fence;
            // when nobody listens any more, nothing is begun any more
            let _ = shared.over.send(Over { job: job.place, fence, finished });
        }
        let skipped = job.slot.skipped();
        if skipped > 1 {
            let name = &job.registration.name;
            warn!(job = %name, skipped, "due instants were skipped while a run went on");
        }
        next = if has_slot { job.slot.pass_on() } else { None };
    }
}
