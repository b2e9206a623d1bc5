//! What was claimed of a job's due instants, and what is still to be run: how no instant is run by
//! two leaders, and none lost between them.
//!
//! A leader *claims* a due instant before it runs it, in a write that only the leader of the term
//! can make, and that fails where the record has moved since it was read. So two claims never
//! overlap. Whoever leads next reads the record, and knows which instants nobody claimed, and
//! which run was claimed and never ended.
//!
//! ```text
//!             through                                now
//!  ───●────●────●────────○────────○────────○──────────┤
//!   claimed, or not to   └── pending: nobody ran them ┘
//!   be run any more
//! ```

mod pending;

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

pub use self::pending::Missing;
use self::pending::Pending;
use crate::policy::{Interrupted, Missed};
use crate::schedule::Schedule;

/// What a job wants kept of its due instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// What becomes of due instants that no node ran.
    pub missed: Missed,
    /// How far back these are looked for; unless told otherwise an hour, and in any case back to the
    /// newest of them.
    pub within: Option<Duration>,
    /// What becomes of a run that was claimed and has no outcome of its own.
    pub interrupted: Interrupted,
}

/// The record of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The schedule that the instants are of, as it prints.
    pub schedule: String,
    /// Every due instant up to this one was claimed, or is not to be run.
    pub through: SystemTime,
    /// The latest runs, the newest last, at most [`Record::RUNS`].
    pub runs: VecDeque<Claimed>,
}

/// A run that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its due instant.
    pub due: SystemTime,
    /// Which attempt to bring it to an end, over all nodes: 1 is the first.
    pub attempt: u32,
    /// Who claimed it.
    pub node: String,
    /// In which term.
    pub fence: u64,
    /// When.
    pub claimed: SystemTime,
    /// When and how it ended; `None` while it goes on, and for ever where its node died.
    pub ended: Option<(SystemTime, Ended)>,
}

/// How a claimed run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// It did its work.
    Ok,
    /// It said itself that there was nothing to do, and why.
    Skipped(String),
    /// It failed, or took too long, and how.
    Failed(String),
    /// It was cut off before it had an outcome of its own, and by what.
    Interrupted(String),
}

/// A run that is to be claimed next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Todo {
    /// Its due instant.
    pub due: SystemTime,
    /// 1, or more where it was interrupted.
    pub attempt: u32,
    /// The instants before it that nobody ran, and nobody will.
    pub missing: Missing,
}

/// A record that is ahead of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// By how much.
    pub by: Duration,
    /// Whether nothing is run before the clock is past that.
    pub waits: bool,
}

/// How far back missed instants are looked for, unless told otherwise and but for the newest.
const HOUR: Duration = Duration::from_secs(3600);

/// Less than what lies between any two due instants.
const MOMENT: Duration = Duration::from_millis(1);

impl Record {
    /// So many runs are kept.
    pub const RUNS: usize = 20;

    /// The clocks of nodes may differ by so much.
    const SKEW: Duration = Duration::from_secs(60);

    /// Of a job that was never led before: what was due until now is nobody's fault.
    #[must_use]
    pub fn new(schedule: &Schedule, now: SystemTime) -> Self {
        Self { schedule: schedule.to_string(), through: now, runs: VecDeque::new() }
    }

    /// Goes on by this schedule. Where it is another one than before, what was due until now is not
    /// missed: an edited schedule must not fire at the deploy.
    pub fn adopt(&mut self, schedule: &Schedule, now: SystemTime) {
        let text = schedule.to_string();
        if self.schedule != text {
            self.schedule = text;
            self.through = self.through.max(now);
        }
    }

    /// Goes on after `from` where the record is further ahead of `now` than a minute, and says by how
    /// much: some clock was wrong, this one or that of a leader before. What was claimed beyond that
    /// is not run again; where that is all that the record knows, there may be more of it, and nothing
    /// is run before the clock is past that.
    pub fn set_right(&mut self, now: SystemTime, from: SystemTime) -> Option<Ahead> {
        let by = self.through.duration_since(now).ok().filter(|by| *by > Self::SKEW)?;
        let waits = self.runs.len() >= Self::RUNS && self.runs.iter().all(|run| run.due > now);
        if !waits {
            self.through = from;
        }
        Some(Ahead { by, waits })
    }

    fn is_claimed(&self, due: SystemTime) -> bool {
        self.runs.iter().any(|run| run.due == due)
    }

    /// Gives up pending instants that are too old to be run; how many, and the oldest.
    pub fn give_up(&mut self, schedule: &Schedule, keeping: Keeping, now: SystemTime) -> Missing {
        let within = keeping.within.unwrap_or(HOUR);
        let Some(oldest_kept) = now.checked_sub(within) else { return Missing::default() };
        let old = Pending::new(schedule, &self.runs, self.through, oldest_kept);
        let is_followed =
            || Pending::new(schedule, &self.runs, oldest_kept, now).oldest().is_some();
        if keeping.within.is_none()
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

    /// These instants are not to be run any more: the run before still went on.
    pub fn pass_over(&mut self, until: SystemTime) {
        self.through = self.through.max(until);
    }

    /// What is to be run next by a leader that runs nothing of the job: what was interrupted, then
    /// what is pending.
    #[must_use]
    pub fn next(&self, schedule: &Schedule, keeping: Keeping, now: SystemTime) -> Option<Todo> {
        if let Some(interrupted) = self.interrupted()
            && keeping.interrupted == Interrupted::Rerun
        {
            let Claimed { due, attempt, .. } = *interrupted;
            return Some(Todo { due, attempt: attempt + 1, missing: Missing::default() });
        }
        let pending = Pending::new(schedule, &self.runs, self.through, now);
        let (due, missing) = match keeping.missed {
            Missed::Skip => return None,
            Missed::All => (pending.oldest()?, Missing::default()),
            Missed::Once => {
                let newest = pending.newest()?;
                let all = Pending::new(schedule, &self.runs, self.through, newest);
                (newest, all.missing_before_last())
            }
        };
        Some(Todo { due, attempt: 1, missing })
    }

    /// A due instant that this leader saw come, where nobody claimed it.
    #[must_use]
    pub fn live(&self, due: SystemTime) -> Option<Todo> {
        let is_new = due > self.through && !self.is_claimed(due);
        is_new.then(|| Todo { due, attempt: 1, missing: Missing::default() })
    }

    /// The run that was claimed last and has no outcome of its own.
    #[must_use]
    pub fn interrupted(&self) -> Option<&Claimed> {
        self.runs.back().filter(|run| matches!(run.ended, None | Some((_, Ended::Interrupted(_)))))
    }

    /// When the latest run that did its work ended, where it is among those that are kept.
    #[must_use]
    pub fn last_success(&self) -> Option<SystemTime> {
        self.runs.iter().rev().find_map(|run| match run.ended {
            Some((at, Ended::Ok)) => Some(at),
            _ => None,
        })
    }

    /// Writes down that this is run now, by this node and in this term.
    pub fn claim(&mut self, todo: Todo, node: &str, fence: u64, now: SystemTime) {
        let Todo { due, attempt, .. } = todo;
        if let Some(before) = self.runs.back_mut() {
            let lost = || (now, Ended::Interrupted("its node died, or lost the lead".into()));
            before.ended.get_or_insert_with(lost);
        }
        self.through = self.through.max(due);
        let (node, claimed) = (node.to_owned(), now);
        self.runs.push_back(Claimed { due, attempt, node, fence, claimed, ended: None });
        while self.runs.len() > Self::RUNS {
            // what a clock that was ahead has claimed is known until the clock is past that
            let before = self.runs.iter().enumerate().take(Self::RUNS);
            let oldest = before.min_by_key(|(_, run)| run.due).map(|(place, _)| place);
            self.runs.remove(oldest.unwrap_or_default());
        }
    }

    /// Writes down how the run that was claimed last ended.
    pub fn end(&mut self, ended: Ended, now: SystemTime) {
        if let Some(run) = self.runs.back_mut() {
            run.ended.get_or_insert((now, ended));
        }
    }
}

#[cfg(test)]
mod tests;
