//! Runs: from a tick to the report of its outcome.
//!
//! ```text
//!  engine ──Tick──▶ due ──enter──▶ leadership/gate
//!                    │ Firing, with the guard of its term
//!       ┌────────────┴─────────────┐
//!  due/queue, due/worker       a task of its own            term_jobs, control
//!  (skip, allow)               (jitter, queue, replace,     (a term begins, a run
//!       │                       record)                      ends, a trigger)
//!       └────────────┬─────────────┘◀────────────────────────────┘
//!                admission ──skipped──▶ report
//!                    │ the runs in the slot, one after the other
//!        ┌───────────┴─────────────┐
//!        │                      history (claim ▸ execute ▸ record)
//!     execute ◀────────────────────┘
//!        ├─ execute/attempt ◀── execute/limits (timeout, drain, trust, replace)
//!        └─ report ──▶ log, metrics, events
//! ```
//!
//! A firing enters its gate first: its key is not released before the run has ended. A job has no
//! Tokio task between runs.

mod admission;
mod control;
mod due;
mod execute;
mod firing;
mod history;
mod job;
mod report;
mod tasks;
mod term_jobs;
#[cfg(test)]
mod tests;
mod timers;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use leader_core::Timing;
use leader_core::election::{Fence, KeyId, Timestamp};
use tokio::sync::mpsc;

use self::admission::{admit, run_in_turn};
pub use self::control::JobStatus;
use self::control::Trigger;
pub(crate) use self::control::{Control, JobSelector, TriggerResult};
pub(crate) use self::due::ScheduleTable;
use self::due::{DueGroup, Queue, due_groups, respawn_if_stalled};
use self::execute::EndedRun;
use self::firing::Firing;
pub(crate) use self::history::RecordAccess;
use self::job::{ConfigInterner, Job};
pub(crate) use self::report::Events;
pub use self::report::{MissedReport, RunEvent, RunReport, RunStart};
use self::tasks::TaskSet;
use self::term_jobs::{TermJob, term_jobs};
use self::timers::Timers;
use crate::job::{Spare, Supplies};
use crate::leadership::{Claim, Terms};
use crate::registry::Registration;
use crate::system::clock::{self, LONGEST_SLEEP};

/// The runs of a process. Dropping this drops them.
#[derive(Debug)]
pub(crate) struct Runs {
    shared: Arc<Shared>,
    /// For each schedule of the engine, its range in [`Shared::groups`].
    groups_by_schedule: Vec<Range<usize>>,
    terms: Terms,
    /// The jobs that terms start, by index.
    term_jobs: BTreeMap<usize, TermJob>,
    /// Indices of the jobs that terms start, by key.
    by_key: BTreeMap<KeyId, Vec<usize>>,
    timers: Timers,
    ended: mpsc::UnboundedReceiver<SelfPacedEnd>,
    triggers: mpsc::UnboundedReceiver<Trigger>,
    control: Control,
    /// The instant of the next check for jobs that block their threads.
    next_check: Timestamp,
}

/// State that all runs of a process share.
#[derive(Debug)]
struct Shared {
    /// All jobs in one allocation, since all of them may be due together.
    jobs: Box<[Job]>,
    groups: Vec<DueGroup>,
    queue: Queue,
    supplies: Arc<Supplies>,
    /// The remaining trust when a heartbeat (*beat*) was missed; `None` where there are no beats.
    missed_beat: Option<Duration>,
    ended: mpsc::UnboundedSender<SelfPacedEnd>,
    events: Arc<Events>,
    tasks: TaskSet,
    /// Whether the meters show a run that is under way.
    is_busy: AtomicBool,
}

/// The parts of a process that its runs need.
pub(crate) struct Surroundings {
    /// The terms of this process, as they begin.
    pub(crate) terms: Terms,
    /// `None` where the lock service has no beats.
    pub(crate) timing: Option<Timing>,
    pub(crate) supplies: Arc<Supplies>,
    pub(crate) records: RecordAccess,
    pub(crate) events: Arc<Events>,
}

/// The result of a start.
#[derive(Debug)]
enum StartResult {
    Runs,
    Waits,
    Skipped,
}

/// The end of a run of a self-paced job.
#[derive(Debug)]
struct SelfPacedEnd {
    job: usize,
    fence: Fence,
    run: EndedRun,
}

impl Runs {
    /// Runs of these jobs, which the ticks of this table make due; `claim` claims a key.
    pub(crate) fn new(
        jobs: Vec<Registration>,
        table: ScheduleTable,
        claim: impl FnMut(&str) -> Claim,
        surroundings: Surroundings,
    ) -> Self {
        let Surroundings { terms, timing, supplies, records, events } = surroundings;
        let mut configs = ConfigInterner::new(claim);
        let job = |(place, job)| Job::new(place, job, &mut configs, &records);
        let jobs: Box<[_]> = jobs.into_iter().enumerate().map(job).collect();
        let (groups_by_schedule, groups) = due_groups(table, &jobs);
        let (term_jobs, by_key) = term_jobs(&jobs);
        let (sender, ended) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            jobs,
            queue: Queue::new(groups.len()),
            groups,
            supplies,
            missed_beat: timing.map(|timing| timing.trust() - timing.beat() * 2),
            ended: sender,
            events,
            tasks: TaskSet::new(),
            is_busy: AtomicBool::new(false),
        });
        let (sender, triggers) = mpsc::unbounded_channel();
        Self {
            control: Control::new(Arc::downgrade(&shared), sender),
            shared,
            groups_by_schedule,
            terms,
            term_jobs,
            by_key,
            timers: Timers::default(),
            ended,
            triggers,
            next_check: clock::now(),
        }
    }

    pub(crate) fn control(&self) -> Control {
        self.control.clone()
    }

    /// Starts what terms, timers, triggers and the ends of runs demand. Cancel safe.
    pub(crate) async fn tend(&mut self) -> Infallible {
        loop {
            let timer = self.timers.next();
            tokio::select! {
                // ends of runs before the timers that they set
                biased;
                Some(term) = self.terms.recv() => self.begin_term(term),
                Some(end) = self.ended.recv() => self.follow(end),
                Some(trigger) = self.triggers.recv() => self.handle_trigger(trigger),
                () = clock::sleep_towards(timer.unwrap_or(Timestamp::NEVER)), if timer.is_some() => {
                    self.start_due();
                }
                () = clock::sleep_towards(self.next_check), if self.is_busy() => {
                    self.next_check = clock::now() + LONGEST_SLEEP;
                    self.check_threads();
                }
            }
        }
    }

    /// Refuses triggers from now on: only due jobs are started.
    pub(crate) fn close(&mut self) {
        self.triggers.close();
        // nobody is to wait for an answer
        while self.triggers.try_recv().is_ok() {}
    }

    /// Starts a job now, where its slot is free.
    fn start(&self, place: usize, firing: Firing) -> StartResult {
        match admit(&self.shared.jobs[place], &self.shared, firing) {
            Ok(firing) => {
                let shared = Arc::clone(&self.shared);
                self.shared.tasks.spawn(async move {
                    let (job, spare) = (&shared.jobs[place], &mut Spare::default());
                    run_in_turn(job, &shared, &firing, spare).await;
                });
                StartResult::Runs
            }
            Err(result) => result,
        }
    }

    fn is_busy(&self) -> bool {
        self.shared.tasks.len() > 0 || !self.shared.queue.is_empty()
    }

    /// Logs jobs that block their threads, since a poll that never ends cannot log itself, and
    /// replaces the workers that they block.
    fn check_threads(&self) {
        if self.shared.tasks.len() > 0 {
            let now = clock::now();
            let jobs = self.shared.jobs.iter();
            jobs.for_each(|job| job.watchdog().check_poll(&job.name, now));
        }
        respawn_if_stalled(&self.shared);
    }

    /// Checks for blocked threads from time to time, once [`Runs::tend`] is no longer polled.
    pub(crate) async fn keep_checking_threads(&self) -> Infallible {
        loop {
            tokio::time::sleep(LONGEST_SLEEP).await;
            self.check_threads();
        }
    }
}

impl Shared {
    /// Maximum time that the runs under way may take to end, once their keys are given up; zero where
    /// none is under way.
    fn longest_drain(&self) -> Duration {
        // a run that waits has a drain of its own
        let drain =
            |job: &Job| job.policies().drain * if job.overlap_rules().may_wait() { 2 } else { 1 };
        let jobs = self.jobs.iter().filter(|job| job.gate().has_work());
        jobs.map(drain).max().unwrap_or_default()
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        // a job that blocks its thread keeps all this, and its own key alone
        self.shared.queue.clear();
        self.shared.tasks.abort_all();
        self.shared.events.close();
        for job in &self.shared.jobs {
            drop(job.slot.withdraw(|_| true));
            job.meter().close();
        }
    }
}
