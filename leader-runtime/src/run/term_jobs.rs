//! Jobs that terms start: `on_elected`, `after`, `while_leading`, and the record check of jobs with a
//! record. `after` and `while_leading` are self-paced: the end of a run sets the timer of the next.

use std::collections::BTreeMap;
use std::time::Duration;

use leader_core::Schedule;
use leader_core::election::{Fence, KeyId, Term};

use super::execute::EndedRun;
use super::firing::{Cause, Firing};
use super::job::Job;
use super::{Runs, SelfPacedEnd};
use crate::job::Retry;
use crate::leadership::Guard;
use crate::model::{RunOutcome, StopReason};
use crate::system::clock::{self, LONGEST_SLEEP};

/// State of a job that terms start.
#[derive(Debug, Default)]
pub(super) struct TermJob {
    /// The term in which it is not started again.
    finished_in: Option<Fence>,
    /// Failed runs since a run lasted for [`LASTING`].
    failures: u32,
    /// The cause of a start that was postponed, because the gate had just closed.
    postponed: Option<Cause>,
}

/// Minimum duration of a run that ends a row of failures.
const LASTING: Duration = Duration::from_secs(60);

/// The jobs that terms start, and their indices by key.
pub(super) fn term_jobs(jobs: &[Job]) -> (BTreeMap<usize, TermJob>, BTreeMap<KeyId, Vec<usize>>) {
    let mut by_key: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut term_jobs = BTreeMap::new();
    let is_term_job =
        |job: &&Job| job.is_self_paced() || job.policies().on_elected || job.history.is_some();
    for job in jobs.iter().filter(is_term_job) {
        term_jobs.insert(job.place, TermJob::default());
        by_key.entry(job.gate().key()).or_default().push(job.place);
    }
    (term_jobs, by_key)
}

impl Runs {
    /// Starts the jobs of a key where this process leads it, or leads it again in the same term.
    pub(super) fn begin_term(&mut self, term: Term) {
        for place in self.by_key.get(&term.key).cloned().unwrap_or_default() {
            let is_new = term.resumptions == 0;
            let term_job = self.term_jobs.entry(place).or_default();
            let is_owed = term_job.postponed.take() == Some(Cause::Elected);
            let job = &self.shared.jobs[place];
            let cause = if job.policies().on_elected && (is_new || is_owed) {
                Cause::Elected
            } else if job.history.is_some() {
                Cause::RecordCheck
            } else {
                Cause::Schedule
            };
            let is_started = match job.schedule() {
                // where its last run ended not long ago, its timer is set
                Schedule::After(_) => is_new || self.timers.get(place).is_none(),
                Schedule::WhileLeading => true,
                _ => is_new || is_owed || cause == Cause::RecordCheck,
            };
            if is_started {
                self.timers.cancel(place);
                self.start_in_term(place, cause);
            }
        }
    }

    /// Starts the jobs whose timers are due.
    pub(super) fn start_due(&mut self) {
        while let Some(place) = self.timers.pop_due(clock::now()) {
            let term_job = self.term_jobs.entry(place).or_default();
            let cause = term_job.postponed.take().unwrap_or(Cause::Schedule);
            self.start_in_term(place, cause);
        }
    }

    /// Starts a job where its key is led.
    fn start_in_term(&mut self, place: usize, cause: Cause) {
        let job = &self.shared.jobs[place];
        let gate = job.gate();
        if let Some(guard) = gate.enter() {
            let finished_in = self.term_jobs.get(&place).and_then(|job| job.finished_in);
            if finished_in == Some(guard.term().fence) {
                return;
            }
            let due = job.due(clock::wall());
            self.start(place, Firing::new(due, guard, cause));
        } else if gate.is_announced() {
            // A gate that closed at its deadline may be opened again by a beat that was on its way,
            // which begins no term.
            self.term_jobs.entry(place).or_default().postponed = Some(cause);
            self.timers.set(place, clock::now() + LONGEST_SLEEP);
        }
    }

    /// Sets the timer of the next run after one that has ended.
    pub(super) fn follow(&mut self, SelfPacedEnd { job: place, fence, run }: SelfPacedEnd) {
        let EndedRun { outcome, retry, asked, took, .. } = run;
        let job = &self.shared.jobs[place];
        let term_job = self.term_jobs.entry(place).or_default();
        if took >= LASTING {
            term_job.failures = 0;
        }
        let is_other_term = |guard: Guard| guard.term().fence != fence;
        let delay = match (job.schedule(), outcome, retry) {
            (Schedule::After(after), ..) => after.delay(),
            // the new term found the slot taken
            _ if job.gate().enter().is_some_and(is_other_term) => Duration::ZERO,
            (_, RunOutcome::Cancelled(StopReason::Loss), _) => LONGEST_SLEEP,
            (_, RunOutcome::Cancelled(_), _) => return,
            // it has ended for a loss that may not come
            (_, RunOutcome::Ok | RunOutcome::Skipped(_), _) if asked == Some(StopReason::Loss) => {
                LONGEST_SLEEP
            }
            (_, RunOutcome::Ok | RunOutcome::Skipped(_), _)
            | (_, RunOutcome::Failed(_), Retry::Never) => {
                term_job.finished_in = Some(fence);
                return;
            }
            (_, RunOutcome::Failed(_), Retry::After(delay)) => delay,
            (_, RunOutcome::Failed(_), Retry::ByPolicy) => {
                term_job.failures += 1;
                job.policies().backoff.wait(term_job.failures, fastrand::f64())
            }
        };
        self.timers.set(place, clock::now() + delay);
    }
}
