//! Admission: whether a firing runs now, waits for the slot of its job, or is skipped; and the runs in
//! a slot, one after the other. Nothing else in `run` reads a job's `overlap`.

mod slot;

use leader_core::Overlap;
use tracing::error;

use self::slot::Admission;
pub(super) use self::slot::Slot;
use super::execute::Execution;
use super::firing::{Cause, Firing, Past};
use super::history::catch_up;
use super::job::Job;
use super::{SelfPacedEnd, Shared, StartResult};
use crate::job::Spare;
use crate::unwind::{caught_polls, shielded};

/// The meaning of a job's `overlap` at each step of a run. A new policy is a new arm of
/// [`OverlapRules::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OverlapRules {
    /// Whether a run takes the slot, so that the job has one run at a time.
    pub(super) takes_slot: bool,
    /// Whether a firing that waits for the slot cancels the run that has it.
    pub(super) replaces: bool,
    when_taken: WhenTaken,
}

/// The fate of a firing that finds the slot taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenTaken {
    Skip,
    Wait,
    /// The firing waits for the record, and is skipped where the run before it was the newest one.
    /// The instant may already be claimed when its turn comes. The slot may also be held by a record
    /// check, which must not make a manual trigger fail as busy.
    WaitForRecord,
}

impl OverlapRules {
    pub(super) const fn of(overlap: Overlap, has_record: bool) -> Self {
        let (takes_slot, replaces, when_taken) = match overlap {
            Overlap::Allow => (false, false, WhenTaken::Skip),
            Overlap::Queue => (true, false, WhenTaken::Wait),
            Overlap::Replace => (true, true, WhenTaken::Wait),
            Overlap::Skip if has_record => (true, false, WhenTaken::WaitForRecord),
            Overlap::Skip => (true, false, WhenTaken::Skip),
        };
        Self { takes_slot, replaces, when_taken }
    }

    /// Whether any firing can wait for the slot.
    pub(super) const fn may_wait(self) -> bool {
        !matches!(self.when_taken, WhenTaken::Skip)
    }

    /// Whether a firing that waited through the newest run of a record is skipped.
    pub(super) const fn skips_after_newest(self) -> bool {
        matches!(self.when_taken, WhenTaken::WaitForRecord)
    }

    fn waits(self, job: &Job, cause: Cause) -> bool {
        match self.when_taken {
            WhenTaken::Skip => false,
            WhenTaken::Wait => true,
            WhenTaken::WaitForRecord => {
                let is_running = || job.history.as_ref().is_some_and(|it| it.is_running());
                cause != Cause::Manual || !is_running()
            }
        }
    }
}

/// Returns the firing where it runs now, or else what became of it.
pub(super) fn admit(job: &Job, shared: &Shared, firing: Firing) -> Result<Firing, StartResult> {
    let rules = job.overlap_rules();
    if !rules.takes_slot {
        return Ok(firing);
    }
    let waits = rules.waits(job, firing.cause);
    match job.slot.admit(firing, waits) {
        Admission::Runs(firing) => Ok(firing),
        Admission::Waits { instead_of } => {
            let is_kept = job.history.as_ref().is_some_and(|history| history.keeps_missed());
            let is_lost = |older: &Firing| older.cause.is_unscheduled() || !is_kept;
            if let Some(older) = instead_of.filter(is_lost) {
                shared.report_overtaken(job, &older);
            }
            Err(StartResult::Waits)
        }
        // the end of the run sets the timer of the next one
        Admission::Skipped(_) if job.is_self_paced() => Err(StartResult::Skipped),
        Admission::Skipped(firing) => {
            shared.report_overlap(job, &firing);
            Err(StartResult::Skipped)
        }
    }
}

/// Whether the firing of a queued job runs now; its job lets no firing wait, so otherwise the firing
/// is skipped.
pub(super) fn admit_queued(job: &Job, shared: &Shared, firing: &Firing) -> bool {
    let is_admitted = !job.overlap_rules().takes_slot || job.slot.take();
    if !is_admitted {
        shared.report_overlap(job, firing);
    }
    is_admitted
}

/// The slot of a job, held until this is dropped.
pub(super) struct SlotHold<'a>(Option<&'a Job>);

impl<'a> SlotHold<'a> {
    /// The hold of a run that was admitted.
    pub(super) const fn of(job: &'a Job) -> Self {
        Self(Some(job))
    }

    /// Gives the slot to the firing that waits for it, and returns that firing; where none waits, the
    /// slot is free.
    pub(super) fn pass_on(&mut self) -> Option<Firing> {
        let job = self.0?;
        let rules = job.overlap_rules();
        let next = if rules.may_wait() {
            job.slot.pass_on()
        } else {
            if rules.takes_slot {
                job.slot.free();
            }
            None
        };
        if next.is_none() {
            self.0 = None;
        }
        next
    }
}

impl Drop for SlotHold<'_> {
    /// A run that could not pass the slot on has ended in a panic: what waited is not run either.
    fn drop(&mut self) {
        while self.pass_on().is_some() {}
    }
}

/// Runs a firing that was admitted, and then each firing that waits for the slot.
pub(super) async fn run_in_turn(job: &Job, shared: &Shared, first: &Firing, spare: &mut Spare) {
    let mut slot = SlotHold::of(job);
    let mut following: Option<Firing> = None;
    loop {
        let firing = following.as_ref().unwrap_or(first);
        let execution = Execution { job, shared, firing };
        let next = if let Some(history) = &job.history {
            if let Err(panic) = caught_polls(catch_up(execution, history)).await {
                shielded(|| error!(job = %job.name, panic, "record left: catching up panicked"));
            }
            slot.pass_on()
        } else {
            let run = execution.run(Past::default(), spare).await;
            // before its end is sent, which may start the next run
            let next = slot.pass_on();
            if job.is_self_paced() {
                let fence = firing.guard.term().fence;
                // after the end of `Runs` nobody receives it, and nothing is started
                let _ = shared.ended.send(SelfPacedEnd { job: job.place, fence, run });
            }
            next
        };
        if next.is_none() {
            return;
        }
        following = next;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let is_source = |path: &PathBuf| !path.ends_with("tests") && !path.ends_with("admission");
        entries
            .filter(is_source)
            .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
            .collect()
    }

    #[test]
    fn no_other_module_of_the_runs_reads_the_policy() {
        let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/run");
        let sources = sources(&run);
        assert!(sources.len() > 20, "{sources:?}");
        let reads = |path: &&PathBuf| fs::read_to_string(path).unwrap().contains("Overlap::");
        let reading: Vec<_> = sources.iter().filter(reads).collect();
        assert!(reading.is_empty(), "{reading:?}");
    }
}
