//! What a firing does: gate, slot, attempts.
//!
//! A job that is due enters its gate, and from then on its key is not released before the run is
//! over. It waits for its jitter, wants its slot, and then has its course: attempts, and waits
//! between them. A job that waits to be due is no task.

mod agenda;
mod attempt;
mod course;
mod dispatch;
mod event;
mod faults;
mod job;
mod ledger;
mod limits;
mod outcome;
mod paper;
mod remote;
mod settle;
mod slot;
mod tenure;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use leader_core::election::{self, KeyId, Timestamp};
use leader_core::{Due, Overlap, Schedule, Timing};
use tokio::sync::mpsc;
use tracing::{debug, error, warn};

use self::agenda::Agenda;
use self::course::Finished;
use self::dispatch::{Batch, Tasks};
pub(crate) use self::event::Events;
pub use self::event::{RunEvent, RunReport};
use self::job::{Firing, Job, Occasion, Past};
pub use self::outcome::{RunOutcome, SkipReason};
pub use self::remote::JobStatus;
use self::remote::Trigger;
pub(crate) use self::remote::{Answer, Remote, Wanted};
pub(crate) use self::settle::Archive;
use self::settle::settle;
use self::slot::Admission;
use self::tenure::Tenant;
use crate::clock;
use crate::engine::Tick;
use crate::job::{Attempt, Context, Fence, Registration, Stopper, Supplies};
use crate::lock::{Claim, Guard, Terms};
use crate::metrics::JobMeter;

/// The runs of a process. Dropping this drops them.
#[derive(Debug)]
pub(crate) struct Runs {
    shared: Arc<Shared>,
    batch: Batch,
    terms: Terms,
    /// The jobs that terms begin, and those of each key.
    tenants: BTreeMap<usize, Tenant>,
    by_key: BTreeMap<KeyId, Vec<usize>>,
    agenda: Agenda,
    over: mpsc::UnboundedReceiver<Over>,
    triggers: mpsc::UnboundedReceiver<Trigger>,
    remote: Remote,
    /// When to look again for jobs that block their threads.
    look_at: Timestamp,
}

/// What all runs of a process share.
#[derive(Debug)]
struct Shared {
    /// Side by side, since all of them may be due together.
    jobs: Box<[Job]>,
    supplies: Arc<Supplies>,
    /// How much trust is left when a beat was missed; `None` where there are no beats.
    missed_beat: Option<Duration>,
    over: mpsc::UnboundedSender<Over>,
    events: Arc<Events>,
    tasks: Tasks,
    /// Whether the meters show a run that goes on.
    is_busy: AtomicBool,
}

/// What became of a firing.
#[derive(Debug)]
enum Begun {
    Runs,
    Waits,
    Skipped,
}

/// The end of a run of a job that goes by its own runs.
#[derive(Debug)]
struct Over {
    job: usize,
    fence: election::Fence,
    finished: Finished,
}

impl Runs {
    /// Of these jobs, each with its claim on its key.
    pub(crate) fn new(
        jobs: impl IntoIterator<Item = (Registration, Claim)>,
        supplies: Arc<Supplies>,
        terms: Terms,
        timing: Option<Timing>,
        archive: &Archive,
        events: Arc<Events>,
    ) -> Self {
        let job = |(place, (registration, claim))| Job::new(place, registration, claim, archive);
        let jobs: Box<[_]> = jobs.into_iter().enumerate().map(job).collect();
        let (tenants, by_key) = tenure::tenants(&jobs);
        let (sender, over) = mpsc::unbounded_channel();
        let missed_beat = timing.map(|timing| timing.trust() - timing.gap());
        let shared = Arc::new(Shared {
            jobs,
            supplies,
            missed_beat,
            over: sender,
            events,
            tasks: Tasks::new(),
            is_busy: AtomicBool::new(false),
        });
        let (sender, triggers) = mpsc::unbounded_channel();
        let remote = Remote::new(Arc::downgrade(&shared), sender);
        Self {
            shared,
            batch: Batch::default(),
            terms,
            tenants,
            by_key,
            agenda: Agenda::default(),
            over,
            triggers,
            remote,
            look_at: clock::now(),
        }
    }

    /// What the rest of the process sees of them.
    pub(crate) fn remote(&self) -> Remote {
        self.remote.clone()
    }

    /// Nothing but what is due is begun from now on.
    pub(crate) fn close(&mut self) {
        self.triggers.close();
        // nobody is to wait for an answer
        while self.triggers.try_recv().is_ok() {}
    }

    /// How long the runs that go on may take to end, once their keys are given up.
    pub(crate) fn longest_drain(&self) -> Duration {
        let drain = |job: &Job| match job.policies().overlap {
            Overlap::Allow => job.policies().drain,
            Overlap::Skip if job.book.is_none() => job.policies().drain,
            // the one that waits has a drain of its own
            _ => 2 * job.policies().drain,
        };
        self.shared.jobs.iter().map(drain).max().unwrap_or_default()
    }

    /// Jobs are due: on the leader they run, elsewhere what stands in for them does.
    pub(crate) fn fire_all(&mut self, ticks: impl IntoIterator<Item = Tick>) {
        // what is due together on one key enters its gate as one
        let mut entered: Option<Arc<Guard>> = None;
        for tick in ticks {
            let gate = self.shared.jobs[tick.job].claim.gate();
            if entered.as_ref().is_none_or(|guard| !guard.is_of(gate)) {
                entered = gate.enter().map(Arc::new);
            }
            self.fire(tick, entered.clone());
        }
        self.batch.begin(&self.shared);
    }

    fn fire(&mut self, tick: Tick, guard: Option<Arc<Guard>>) {
        let job = &self.shared.jobs[tick.job];
        let due = job.due(tick.due);
        match (guard, tick.too_late) {
            (None, None) => self.stand_by(tick.job, due),
            (None, Some(_)) => {}
            // its own runs say when it is due
            (Some(_), _) if matches!(*job.registration.schedule, Schedule::After(_)) => {}
            // the record says what becomes of it
            (Some(guard), Some(_)) if job.book.is_some() => {
                self.begin(tick.job, Firing::new(due, guard, Occasion::Look));
            }
            (Some(guard), Some(late)) => {
                warn!(job = %job.registration.name, %due, ?late, "skipped: found too late");
                let firing = Firing::new(due, guard, Occasion::Due);
                self.shared.tell_skipped(job, &firing, SkipReason::TooLate(late));
            }
            (Some(guard), None) => self.launch(tick.job, Firing::new(due, guard, Occasion::Due)),
        }
    }

    /// Runs a job with those that are due together with it, or in a random part of its jitter.
    fn launch(&mut self, place: usize, firing: Firing) {
        let job = &self.shared.jobs[place];
        let jitter = job.policies().jitter;
        if jitter.is_zero() {
            if let Ok(firing) = admit(job, &self.shared, firing) {
                self.batch.add(place, firing, &self.shared);
            }
            return;
        }
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            linger(&firing.guard, jitter.mul_f64(fastrand::f64())).await;
            let job = &shared.jobs[place];
            if let Ok(firing) = admit(job, &shared, firing) {
                take_turns(job, &shared, firing).await;
            }
        });
    }

    /// Runs a job now, where its slot is free.
    fn begin(&self, place: usize, firing: Firing) -> Begun {
        match admit(&self.shared.jobs[place], &self.shared, firing) {
            Ok(firing) => {
                let shared = Arc::clone(&self.shared);
                self.shared.tasks.spawn(async move {
                    take_turns(&shared.jobs[place], &shared, firing).await;
                });
                Begun::Runs
            }
            Err(begun) => begun,
        }
    }

    /// Looks for jobs that block their threads: where that has no end, their polls cannot tell it.
    fn look_after(&self) {
        if self.shared.tasks.len() > 0 {
            let now = clock::now();
            let jobs = self.shared.jobs.iter();
            jobs.for_each(|job| job.faults().look_at_poll(&job.registration.name, now));
        }
    }

    fn stand_by(&self, place: usize, due: Due) {
        let job = &self.shared.jobs[place];
        let Some(standby) = job.registration.entry.standby else { return };
        if job.stands_in.swap(true, Ordering::AcqRel) {
            debug!(job = %job.registration.name, "the standby before still goes on");
            return;
        }
        let stopper = Stopper::unheard();
        let attempt = Attempt::first(job.registration.name.shared(), due, Fence::new(0));
        let context = Context::new(attempt, &stopper, &self.shared.supplies, None);
        // the start has seen that its parameters lack nothing
        let Some(call) = standby(&context) else { return };
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let job = &shared.jobs[place];
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

/// The firing, where its slot is free; else what becomes of it.
fn admit(job: &Job, shared: &Shared, firing: Firing) -> Result<Firing, Begun> {
    let overlap = job.overlap(firing.occasion);
    if overlap == Overlap::Allow {
        return Ok(firing);
    }
    let (name, due) = (&job.registration.name, firing.due);
    match job.slot.admit(firing, overlap) {
        Admission::Runs(firing) => Ok(firing),
        Admission::Waits { instead_of } => {
            let is_kept = job.book.as_ref().is_some_and(|book| book.keeps_missed());
            let is_lost = |older: &Firing| older.occasion.is_wish() || !is_kept;
            if let Some(older) = instead_of.map(|older| *older).filter(is_lost) {
                debug!(job = %name, due = %older.due, "skipped: a newer one takes its place");
                shared.tell_skipped(job, &older, SkipReason::Overtaken);
            }
            Err(Begun::Waits)
        }
        // the end of the run says when the next one begins
        Admission::Skipped(_) if tenure::is_by_runs(job) => Err(Begun::Skipped),
        Admission::Skipped(firing) => {
            job.faults().tell_overlap(name, due);
            shared.tell_skipped(job, &firing, SkipReason::Overlap);
            Err(Begun::Skipped)
        }
    }
}

impl Shared {
    fn tell_skipped(&self, job: &Job, firing: &Firing, reason: SkipReason) {
        JobMeter::skip(job.registration.name.as_str(), &reason);
        self.events.tell(|| {
            let now = clock::wall();
            RunEvent::Ended(RunReport {
                job: job.registration.name.clone().into(),
                due: firing.due,
                fence: firing.guard.began().fence(),
                number: 0,
                attempts: 0,
                started: now,
                ended: now,
                outcome: RunOutcome::Skipped(reason),
            })
        });
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.shared.tasks.end();
        self.shared.events.close();
        let jobs = self.shared.jobs.iter();
        jobs.for_each(|job| job.meter().close(&job.registration));
    }
}

/// Runs a job that has its slot, and then the run that waits for it.
async fn take_turns(job: &Job, shared: &Shared, first: Firing) {
    let has_slot = job.policies().overlap != Overlap::Allow;
    let mut next = Some(first);
    while let Some(firing) = next {
        if let Some(book) = &job.book {
            settle(job, shared, book, &firing).await;
            next = job.slot.pass_on();
            continue;
        }
        let finished = course::run(job, shared, &firing, Past::default()).await;
        // before its end is told, which may begin the next one
        next = if has_slot { job.slot.pass_on() } else { None };
        if tenure::is_by_runs(job) {
            let fence = firing.guard.term().fence;
            // when nobody listens any more, nothing is begun any more
            let _ = shared.over.send(Over { job: job.place, fence, finished });
        }
    }
}
