//! What a term begins: `on_elected`, `after` and `while_leading`, which go by terms and by their own
//! runs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use leader_core::Schedule;
use leader_core::election::{Fence, KeyId, Term, Timestamp};

use super::firing::{Firing, Occasion};
use super::job::Job;
use super::outcome::RunOutcome;
use super::{Over, Runs};
use crate::clock::{self, LONGEST_SLEEP};
use crate::job::{Retry, StopReason};
use crate::lock::Guard;

/// What is known of a job that terms begin.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    /// The term in which it is not begun again.
    over_in: Option<Fence>,
    /// Runs that failed since one went on for long.
    failures: u32,
    /// What it was to begin for when its gate had just closed.
    put_off: Option<Occasion>,
}

/// A run that went on for so long is no part of a row of failures.
const SETTLED: Duration = Duration::from_secs(60);

/// Those of the jobs that terms begin, and which they are by their keys.
pub(super) fn tenants(jobs: &[Job]) -> (BTreeMap<usize, Tenant>, BTreeMap<KeyId, Vec<usize>>) {
    let mut by_key: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut tenants = BTreeMap::new();
    let begins = |job: &&Job| is_by_runs(job) || job.policies().on_elected || job.book.is_some();
    for job in jobs.iter().filter(begins) {
        tenants.insert(job.place, Tenant::default());
        by_key.entry(job.gate().key()).or_default().push(job.place);
    }
    (tenants, by_key)
}

/// Whether the end of a run says when the next one begins.
pub(super) fn is_by_runs(job: &Job) -> bool {
    matches!(*job.schedule(), Schedule::After(_) | Schedule::WhileLeading)
}

impl Runs {
    /// Begins what terms and runs begin. Dropping the future loses nothing.
    pub(crate) async fn tend(&mut self) -> Infallible {
        loop {
            let first = self.agenda.first();
            tokio::select! {
                // ends before what they put down
                biased;
                Some(term) = self.terms.recv() => self.begin_term(term),
                Some(over) = self.over.recv() => self.follow(over),
                Some(trigger) = self.triggers.recv() => self.obey(trigger),
                () = clock::sleep_towards(first.unwrap_or(Timestamp::NEVER)), if first.is_some() => {
                    while let Some(job) = self.agenda.pop(clock::now()) {
                        let tenant = self.tenants.entry(job).or_default();
                        let occasion = tenant.put_off.take().unwrap_or(Occasion::Due);
                        self.begin_due(job, occasion);
                    }
                }
                () = clock::sleep_towards(self.look_at), if self.is_busy() => {
                    self.look_at = clock::now() + LONGEST_SLEEP;
                    self.look_after();
                }
            }
        }
    }

    /// This process leads a key, or leads it again in the same term.
    fn begin_term(&mut self, term: Term) {
        for job in self.by_key.get(&term.key).cloned().unwrap_or_default() {
            let is_new = term.stint == 0;
            let tenant = self.tenants.entry(job).or_default();
            let is_owed = tenant.put_off.take() == Some(Occasion::Elected);
            let occasion = match &self.shared.jobs[job] {
                job if job.policies().on_elected && (is_new || is_owed) => Occasion::Elected,
                job if job.book.is_some() => Occasion::Look,
                _ => Occasion::Due,
            };
            let is_begun = match self.shared.jobs[job].schedule() {
                // where its last run ended not long ago, the next one is put down
                Schedule::After(_) => is_new || self.agenda.at(job).is_none(),
                Schedule::WhileLeading => true,
                _ => is_new || is_owed || occasion == Occasion::Look,
            };
            if is_begun {
                self.agenda.strike(job);
                self.begin_due(job, occasion);
            }
        }
    }

    /// A job is to begin, where its key is led.
    fn begin_due(&mut self, place: usize, occasion: Occasion) {
        let job = &self.shared.jobs[place];
        let gate = job.gate();
        if let Some(guard) = gate.enter() {
            if self.tenants.get(&place).and_then(|tenant| tenant.over_in)
                == Some(guard.term().fence)
            {
                return;
            }
            let due = job.due(clock::wall());
            self.begin(place, Firing::new(due, guard, occasion));
        } else if gate.is_said_to_lead() {
            // A gate that closed at its deadline may be opened again by a beat that was on its way,
            // which begins no term.
            self.tenants.entry(place).or_default().put_off = Some(occasion);
            self.agenda.put(place, clock::now() + LONGEST_SLEEP);
        }
    }

    /// Puts down when the next run begins, after one that is over.
    fn follow(&mut self, Over { job: place, fence, finished }: Over) {
        let job = &self.shared.jobs[place];
        let tenant = self.tenants.entry(place).or_default();
        if finished.took >= SETTLED {
            tenant.failures = 0;
        }
        let leads_anew = |guard: Guard| guard.term().fence != fence;
        let wait = match (job.schedule(), finished.outcome, finished.retry) {
            (Schedule::After(after), ..) => after.delay(),
            // that term found the slot taken
            _ if job.gate().enter().is_some_and(leads_anew) => Duration::ZERO,
            (_, RunOutcome::Cancelled(StopReason::Loss), _) => LONGEST_SLEEP,
            (_, RunOutcome::Cancelled(_), _) => return,
            // it has ended for a loss that may not come
            (_, RunOutcome::Ok | RunOutcome::Skipped(_), _)
                if finished.asked == Some(StopReason::Loss) =>
            {
                LONGEST_SLEEP
            }
            (_, RunOutcome::Ok | RunOutcome::Skipped(_), _)
            | (_, RunOutcome::Failed(_), Retry::Never) => {
                tenant.over_in = Some(fence);
                return;
            }
            (_, RunOutcome::Failed(_), Retry::After(wait)) => wait,
            (_, RunOutcome::Failed(_), Retry::ByPolicy) => {
                tenant.failures += 1;
                job.policies().backoff.wait(tenant.failures, fastrand::f64())
            }
        };
        self.agenda.put(place, clock::now() + wait);
    }
}
