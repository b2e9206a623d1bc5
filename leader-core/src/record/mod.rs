//! The record of a job: which due instants were claimed, and which are still to be run. With a record,
//! no instant is run by two leaders, and none is lost between them.
//!
//! A leader *claims* a due instant before it runs the job, in a write that only the leader of the term
//! can make, and that fails if the record has changed since it was read. So two claims never
//! overlap. The next leader reads the record, and sees which instants nobody claimed (misfires), and
//! which run was claimed and never ended.
//!
//! ```text
//!             through                                now
//!  ───●────●────●────────○────────○────────○──────────┤
//!   claimed, or not to   └── pending: nobody ran them ┘
//!   be run any more
//! ```

//!
//! # Stored form
//!
//! A record is stored as JSON and outlives the version that wrote it. Nodes of two versions share it
//! during a deploy, so the form has a number, [`Record::FORMAT`]:
//!
//! | format | fields |
//! |---|---|
//! | 1 | `format`, `schedule`, `through`, `succeeded`, `failures`, and `runs`: `due`, `attempt`, `node`, `fence`, `claimed`, `ended`: `at`, `outcome` (`ok`, `skipped`, `failed`, `interrupted`), `why` |
//!
//! * Instants are RFC 3339 in UTC, as a [`Due`](crate::Due) prints; the schedule is a text as a
//!   [`Schedule`] prints. The hash of a [`Seed`](crate::Seed) is a part of that text.
//! * `format` may be missing, which means 1. `succeeded` and `failures` may be missing: then the runs
//!   show them ([`Record::from_runs`]).
//! * A reader ignores fields that it does not know. So a field that old nodes may drop needs no new
//!   number; a change that they would misread does. A node never writes over a record of a later
//!   format: it does not run the job until an upgrade, or until another node leads.

mod pending;

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

pub use self::pending::MissedInstants;
use self::pending::Pending;
use crate::policy::{Interrupted, Missed};
use crate::schedule::Schedule;

/// Policy of a job's record: catch-up of missed instants and of interrupted runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordPolicy {
    /// Policy for due instants that no node ran.
    pub missed: Missed,
    /// Maximum age of a missed instant that is run; `None` for an hour, or for the age of the newest
    /// missed instant if that is older.
    pub within: Option<Duration>,
    /// Policy for a run that was claimed and has no outcome of its own.
    pub interrupted: Interrupted,
}

/// The record of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Schedule of the instants, as it prints.
    pub schedule: String,
    /// High-water mark: every due instant up to it was claimed, or will not be run.
    pub through: SystemTime,
    /// End of the latest successful run; `None` where there was none.
    pub succeeded: Option<SystemTime>,
    /// Number of failed runs in a row, up to the latest that ended. Interrupted runs do not count.
    pub failures: u32,
    /// Latest runs, the newest last, at most [`Record::RUNS`]. The other fields remember older runs.
    pub runs: VecDeque<ClaimedRun>,
}

/// A run that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedRun {
    /// Due instant.
    pub due: SystemTime,
    /// Number of the attempt to finish the run, over all nodes; the first is 1.
    pub attempt: u32,
    /// Node that claimed the run.
    pub node: String,
    /// Fence of the term in which it was claimed.
    pub fence: u64,
    /// Time of the claim.
    pub claimed: SystemTime,
    /// Time and outcome of its end; `None` while it goes on, and if its node died.
    pub ended: Option<(SystemTime, RecordedOutcome)>,
}

/// Outcome of a claimed run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordedOutcome {
    /// The run succeeded.
    Ok,
    /// The job had nothing to do, for this reason.
    Skipped(String),
    /// The run failed or timed out, with this error.
    Failed(String),
    /// The run was cut off before it had an outcome of its own, for this reason.
    Interrupted(String),
}

/// A run that is to be claimed next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextRun {
    /// Due instant.
    pub due: SystemTime,
    /// Number of the attempt; more than 1 if the run was interrupted.
    pub attempt: u32,
    /// Earlier instants that no node ran, and that will not be run.
    pub missing: MissedInstants,
}

/// A record that is ahead of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordAhead {
    /// Time by which the record is ahead.
    pub by: Duration,
    /// Whether no run begins before the clock has caught up.
    pub waits: bool,
}

/// Default of [`RecordPolicy::within`].
const HOUR: Duration = Duration::from_secs(3600);

/// Less than the time between any two due instants.
const MOMENT: Duration = Duration::from_millis(1);

impl Record {
    /// Version of the stored form, described [above](self).
    pub const FORMAT: u32 = 1;

    /// Maximum number of runs that are kept.
    pub const RUNS: usize = 20;

    /// Maximum difference of two nodes' clocks that counts as normal.
    const SKEW: Duration = Duration::from_secs(60);

    /// The record of a job that no node has led before: no instant up to `now` was missed.
    #[must_use]
    pub fn new(schedule: &Schedule, now: SystemTime) -> Self {
        let (schedule, runs) = (schedule.to_string(), VecDeque::new());
        Self { schedule, through: now, succeeded: None, failures: 0, runs }
    }

    /// Rebuilds a record from its runs, as far back as they go: earlier versions stored nothing else.
    #[must_use]
    pub fn from_runs(schedule: String, through: SystemTime, runs: VecDeque<ClaimedRun>) -> Self {
        let mut record = Self { schedule, through, succeeded: None, failures: 0, runs };
        for place in 0..record.runs.len() {
            if let Some((at, ended)) = record.runs[place].ended.clone() {
                record.count(&ended, at);
            }
        }
        record
    }

    /// Continues with this schedule. If the schedule has changed, no instant up to `now` was missed: an
    /// edited schedule must not fire at the deploy.
    pub fn adopt(&mut self, schedule: &Schedule, now: SystemTime) {
        let text = schedule.to_string();
        if self.schedule != text {
            self.schedule = text;
            self.through = self.through.max(now);
        }
    }

    /// Continues after `from` if the record is more than a minute ahead of `now`, and returns by how
    /// much: a clock was wrong, this one or that of an earlier leader. Instants that were claimed beyond
    /// `from` are not run again. If all known runs are such instants, there may be more that the record
    /// has forgotten, and no run begins before the clock has caught up.
    pub fn rewind(&mut self, now: SystemTime, from: SystemTime) -> Option<RecordAhead> {
        let by = self.through.duration_since(now).ok().filter(|by| *by > Self::SKEW)?;
        let waits = self.runs.len() >= Self::RUNS && self.runs.iter().all(|run| run.due > now);
        if !waits {
            self.through = from;
        }
        Some(RecordAhead { by, waits })
    }

    fn is_claimed(&self, due: SystemTime) -> bool {
        self.runs.iter().any(|run| run.due == due)
    }

    /// Gives up pending instants that are too old, and returns their number and the oldest.
    pub fn expire(
        &mut self,
        schedule: &Schedule,
        policy: RecordPolicy,
        now: SystemTime,
    ) -> MissedInstants {
        let within = policy.within.unwrap_or(HOUR);
        let Some(oldest_kept) = now.checked_sub(within) else { return MissedInstants::default() };
        let old = Pending::new(schedule, &self.runs, self.through, oldest_kept);
        let is_followed =
            || Pending::new(schedule, &self.runs, oldest_kept, now).oldest().is_some();
        if policy.within.is_none()
            && !is_followed()
            && let Some(newest) = old.newest()
        {
            let missing =
                Pending::new(schedule, &self.runs, self.through, newest).missing_before_last();
            self.through = self.through.max(newest - MOMENT);
            return missing;
        }
        self.through = self.through.max(oldest_kept);
        old.missing()
    }

    /// Gives up the instants up to `until`, during which an earlier run went on, and returns their number
    /// and the oldest.
    pub fn skip_until(&mut self, schedule: &Schedule, until: SystemTime) -> MissedInstants {
        let passed = Pending::new(schedule, &self.runs, self.through, until).missing();
        self.through = self.through.max(until);
        passed
    }

    /// Returns the next run for a leader that runs nothing of the job: the interrupted run first, then
    /// pending instants.
    #[must_use]
    pub fn next(
        &self,
        schedule: &Schedule,
        policy: RecordPolicy,
        now: SystemTime,
    ) -> Option<NextRun> {
        if let Some(interrupted) = self.interrupted()
            && policy.interrupted == Interrupted::Rerun
        {
            let ClaimedRun { due, attempt, .. } = *interrupted;
            return Some(NextRun { due, attempt: attempt + 1, missing: MissedInstants::default() });
        }
        let pending = Pending::new(schedule, &self.runs, self.through, now);
        let (due, missing) = match policy.missed {
            Missed::Skip => return None,
            Missed::All => (pending.oldest()?, MissedInstants::default()),
            Missed::Once => {
                let newest = pending.newest()?;
                let all = Pending::new(schedule, &self.runs, self.through, newest);
                (newest, all.missing_before_last())
            }
        };
        Some(NextRun { due, attempt: 1, missing })
    }

    /// Returns the run for an instant that becomes due now; `None` if it was claimed.
    #[must_use]
    pub fn on_time(&self, due: SystemTime) -> Option<NextRun> {
        let is_new = due > self.through && !self.is_claimed(due);
        is_new.then(|| NextRun { due, attempt: 1, missing: MissedInstants::default() })
    }

    /// The latest claimed run, if it has no outcome of its own.
    #[must_use]
    pub fn interrupted(&self) -> Option<&ClaimedRun> {
        self.runs
            .back()
            .filter(|run| matches!(run.ended, None | Some((_, RecordedOutcome::Interrupted(_)))))
    }

    /// Claims a run for this node, in this term.
    pub fn claim(&mut self, todo: NextRun, node: &str, fence: u64, now: SystemTime) {
        let NextRun { due, attempt, .. } = todo;
        if let Some(before) = self.runs.back_mut() {
            let lost =
                || (now, RecordedOutcome::Interrupted("its node died, or lost the lead".into()));
            before.ended.get_or_insert_with(lost);
        }
        self.through = self.through.max(due);
        let (node, claimed) = (node.to_owned(), now);
        self.runs.push_back(ClaimedRun { due, attempt, node, fence, claimed, ended: None });
        while self.runs.len() > Self::RUNS {
            // claims by a clock that was ahead are kept until the clock has caught up
            let before = self.runs.iter().enumerate().take(Self::RUNS);
            let oldest = before.min_by_key(|(_, run)| run.due).map(|(place, _)| place);
            self.runs.remove(oldest.unwrap_or_default());
        }
    }

    /// Records the end of the latest claimed run.
    pub fn end(&mut self, ended: RecordedOutcome, now: SystemTime) {
        if let Some(run) = self.runs.back_mut().filter(|run| run.ended.is_none()) {
            run.ended = Some((now, ended.clone()));
            self.count(&ended, now);
        }
    }

    fn count(&mut self, ended: &RecordedOutcome, at: SystemTime) {
        match ended {
            RecordedOutcome::Ok => (self.succeeded, self.failures) = (Some(at), 0),
            RecordedOutcome::Skipped(_) => self.failures = 0,
            RecordedOutcome::Failed(_) => self.failures = self.failures.saturating_add(1),
            RecordedOutcome::Interrupted(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
