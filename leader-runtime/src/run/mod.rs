//! What a firing does: gate, slot, attempts.
//!
//! What is due enters its gate, and from then on its key is not released before the run is over. A
//! job waits for its jitter or its turn, wants its slot, and then has its course: attempts, and
//! waits between them. A job that waits to be due is no task.

mod agenda;
mod attempt;
mod batch;
mod course;
mod dispatch;
mod event;
mod faults;
mod firing;
mod job;
mod ledger;
mod limits;
mod outcome;
mod paper;
mod plan;
mod remote;
mod roster;
mod round;
mod settle;
mod slot;
mod tenure;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use leader_core::election::{self, KeyId, Timestamp};
use leader_core::{Overlap, Timing};
use tokio::sync::mpsc;
use tracing::debug;

use self::agenda::Agenda;
use self::course::Finished;
use self::dispatch::{Queue, Tasks};
pub(crate) use self::event::Events;
pub use self::event::{RunEvent, RunReport};
use self::firing::{Firing, Past};
use self::job::Job;
pub use self::outcome::{RunOutcome, SkipReason};
use self::plan::Plans;
pub use self::remote::JobStatus;
use self::remote::Trigger;
pub(crate) use self::remote::{Answer, Remote, Wanted};
pub(crate) use self::roster::Roster;
use self::round::{Round, Rounds};
pub(crate) use self::settle::Archive;
use self::settle::settle;
use self::slot::Admission;
use self::tenure::Tenant;
use crate::clock::{self, LONGEST_SLEEP};
use crate::job::{Registration, Spare, Supplies};
use crate::lock::{Claim, Terms};

/// The runs of a process. Dropping this drops them.
#[derive(Debug)]
pub(crate) struct Runs {
    shared: Arc<Shared>,
    /// What is due with each schedule of the engine.
    rounds: Rounds,
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
    rounds: Vec<Round>,
    queue: Queue,
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
    /// Of these jobs, by this roster; `claim` stands for a key.
    pub(crate) fn new(
        jobs: Vec<Registration>,
        roster: Roster,
        claim: impl FnMut(&str) -> Claim,
        supplies: Arc<Supplies>,
        (terms, timing): (Terms, Option<Timing>),
        archive: &Archive,
        events: Arc<Events>,
    ) -> Self {
        let mut plans = Plans::new(claim);
        let job = |(place, job)| Job::new(place, job, &mut plans, archive);
        let jobs: Box<[_]> = jobs.into_iter().enumerate().map(job).collect();
        let (rounds, all) = round::rounds(roster, &jobs);
        let (tenants, by_key) = tenure::tenants(&jobs);
        let (sender, over) = mpsc::unbounded_channel();
        let missed_beat = timing.map(|timing| timing.trust() - timing.gap());
        let shared = Arc::new(Shared {
            jobs,
            queue: Queue::new(all.len()),
            rounds: all,
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
            rounds,
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

    /// Runs a job now, where its slot is free.
    fn begin(&self, place: usize, firing: Firing) -> Begun {
        match admit(&self.shared.jobs[place], &self.shared, firing) {
            Ok(firing) => {
                let shared = Arc::clone(&self.shared);
                self.shared.tasks.spawn(async move {
                    let (job, spare) = (&shared.jobs[place], &mut Spare::default());
                    take_turns(job, &shared, &firing, spare).await;
                });
                Begun::Runs
            }
            Err(begun) => begun,
        }
    }

    /// Whether anything goes on or is to.
    fn is_busy(&self) -> bool {
        self.shared.tasks.len() > 0 || !self.shared.queue.is_empty()
    }

    /// Looks for jobs that block their threads: where that has no end, their polls cannot tell it.
    /// Those that they have taken from the queue's takers are replaced.
    fn look_after(&self) {
        if self.shared.tasks.len() > 0 {
            let now = clock::now();
            let jobs = self.shared.jobs.iter();
            jobs.for_each(|job| job.faults().look_at_poll(&job.name, now));
        }
        dispatch::work_on(&self.shared);
    }

    /// The same from time to time, when nothing is tended any more.
    pub(crate) async fn look_on(&self) -> Infallible {
        loop {
            tokio::time::sleep(LONGEST_SLEEP).await;
            self.look_after();
        }
    }
}

/// The firing, where its slot is free; else what becomes of it.
fn admit(job: &Job, shared: &Shared, firing: Firing) -> Result<Firing, Begun> {
    let overlap = job.overlap(firing.occasion);
    if overlap == Overlap::Allow {
        return Ok(firing);
    }
    match job.slot.admit(firing, overlap) {
        Admission::Runs(firing) => Ok(firing),
        Admission::Waits { instead_of } => {
            let is_kept = job.book.as_ref().is_some_and(|book| book.keeps_missed());
            let is_lost = |older: &Firing| older.occasion.is_wish() || !is_kept;
            if let Some(older) = instead_of.filter(is_lost) {
                debug!(job = %job.name, due = %older.due, "skipped: a newer one takes its place");
                shared.tell_skipped(job, &older, SkipReason::Overtaken);
            }
            Err(Begun::Waits)
        }
        // the end of the run says when the next one begins
        Admission::Skipped(_) if tenure::is_by_runs(job) => Err(Begun::Skipped),
        Admission::Skipped(firing) => {
            shared.tell_overlap(job, &firing);
            Err(Begun::Skipped)
        }
    }
}

/// Takes the slot of a job whose firings do not wait for it; false where that is taken.
fn take_slot(job: &Job, shared: &Shared, firing: &Firing) -> bool {
    let is_free = job.policies().overlap == Overlap::Allow || job.slot.take();
    if !is_free {
        shared.tell_overlap(job, firing);
    }
    is_free
}

impl Shared {
    /// A job is due while its run before goes on.
    fn tell_overlap(&self, job: &Job, firing: &Firing) {
        job.faults().tell_overlap(&job.name, firing.due);
        self.tell_skipped(job, firing, SkipReason::Overlap);
    }

    /// A job's turn has not come for so long that it is not run for this.
    fn tell_too_late(&self, job: &Job, firing: &Firing, late: Duration) {
        job.faults().tell_too_late(&job.name, firing.due, late);
        self.tell_skipped(job, firing, SkipReason::TooLate(late));
    }

    fn tell_skipped(&self, job: &Job, firing: &Firing, reason: SkipReason) {
        job.meter().skip(job.name.as_str(), &reason);
        self.events.tell(|| {
            let now = clock::wall();
            RunEvent::Ended(RunReport {
                job: job.name.clone().into(),
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
        // a job that blocks its thread keeps all this, and its own key alone
        self.shared.queue.clear();
        self.shared.tasks.end();
        self.shared.events.close();
        for job in &self.shared.jobs {
            drop(job.slot.withdraw(|_| true));
            job.meter().close();
        }
    }
}

/// Runs a job that has its slot, and then the run that waits for it.
async fn take_turns(job: &Job, shared: &Shared, first: &Firing, spare: &mut Spare) {
    let mut follows: Option<Firing> = None;
    loop {
        let firing = follows.as_ref().unwrap_or(first);
        let next = if let Some(book) = &job.book {
            settle(job, shared, book, firing).await;
            job.pass_slot_on()
        } else {
            let finished = course::run(job, shared, firing, Past::default(), spare).await;
            // before its end is told, which may begin the next one
            let next = job.pass_slot_on();
            if tenure::is_by_runs(job) {
                let fence = firing.guard.term().fence;
                // when nobody listens any more, nothing is begun any more
                let _ = shared.over.send(Over { job: job.place, fence, finished });
            }
            next
        };
        if next.is_none() {
            return;
        }
        follows = next;
    }
}
