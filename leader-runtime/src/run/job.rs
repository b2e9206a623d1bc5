//! A job as its runs share it: where it is led, what goes on of it, and how many there were.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::SystemTime;

use leader_core::election::Timestamp;
use leader_core::{Due, JobName, Key, Overlap, Policies, Schedule};

use super::Shared;
use super::faults::Faults;
use super::firing::{Firing, Occasion, Past};
use super::plan::{Plan, Plans};
use super::settle::{Archive, Book};
use super::slot::Slot;
use crate::clock::Glance;
use crate::job::{Attempt, Context, Entry, Registration, Spare, Stopper};
use crate::lock::{Claim, Gate, Guard};
use crate::metrics::JobMeter;

/// It fills two lines of memory: of thousands of jobs, each line that a run touches is a wait.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Job {
    /// Its place in the list.
    pub(super) place: usize,
    pub(super) name: JobName,
    /// What its attribute wrote down.
    pub(super) entry: &'static Entry,
    plan: Arc<Plan>,
    pub(super) slot: Slot<Firing>,
    /// Where it keeps a record.
    pub(super) book: Option<Box<Book>>,
    /// Whether what stands in for it goes on.
    pub(super) stands_in: AtomicBool,
    /// Whether its last attempt was over in one short poll.
    was_quick: AtomicBool,
    /// Runs that have begun.
    begun: AtomicU64,
    /// Runs that have failed since one did not.
    failed: AtomicU32,
    faults: Faults,
    meter: JobMeter,
}

impl Job {
    pub(super) fn new(
        place: usize,
        registration: Registration,
        plans: &mut Plans<impl FnMut(&str) -> Claim>,
        archive: &Archive,
    ) -> Self {
        let plan = plans.of(&registration);
        let Registration { name, entry, keeping, .. } = registration;
        let book = keeping
            .map(|keeping| Box::new(archive.book(*keeping, plan.key.as_str(), name.as_str())));
        let meter = JobMeter::new(name.as_str());
        Self {
            place,
            name,
            entry,
            plan,
            slot: Slot::default(),
            book,
            stands_in: AtomicBool::new(false),
            was_quick: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            failed: AtomicU32::new(0),
            faults: Faults::default(),
            meter,
        }
    }

    pub(super) fn key(&self) -> &Key {
        &self.plan.key
    }

    pub(super) fn schedule(&self) -> &Schedule {
        &self.plan.schedule
    }

    pub(super) fn policies(&self) -> &Policies {
        &self.plan.policies
    }

    pub(super) fn gate(&self) -> &Gate {
        self.plan.claim.gate()
    }

    /// Gives its key to another node.
    pub(super) fn step_down(&self) {
        self.plan.claim.step_down();
    }

    /// What becomes of a firing while the slot is taken. Of a job with a record it waits: what it
    /// was for may be no more when its turn comes; and the slot may be taken by a look at the record
    /// alone, which is no run that somebody's wish could be in the way of.
    pub(super) fn overlap(&self, occasion: Occasion) -> Overlap {
        match (self.policies().overlap, &self.book) {
            (Overlap::Skip, Some(book)) if occasion != Occasion::Asked || !book.is_running() => {
                Overlap::Queue
            }
            (overlap, _) => overlap,
        }
    }

    /// Gives the slot to the firing that waits for it; there is none where none waits.
    pub(super) fn pass_slot_on(&self) -> Option<Firing> {
        match self.policies().overlap {
            Overlap::Queue | Overlap::Replace => self.slot.pass_on(),
            _ if self.book.is_some() => self.slot.pass_on(),
            Overlap::Skip => {
                self.slot.free();
                None
            }
            // it has taken none
            _ => None,
        }
    }

    pub(super) fn was_quick(&self) -> bool {
        self.was_quick.load(Ordering::Relaxed)
    }

    pub(super) fn note_quick(&self, was_quick: bool) {
        self.was_quick.store(was_quick, Ordering::Relaxed);
    }

    pub(super) const fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(super) const fn meter(&self) -> &JobMeter {
        &self.meter
    }

    pub(super) fn due(&self, instant: SystemTime) -> Due {
        Due::new(instant).in_zone(self.schedule().zone())
    }

    /// Counts a run that begins.
    pub(super) fn next_number(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts the failed runs in a row; true where they are so many that another node is to try.
    pub(super) fn fails(&self) -> bool {
        let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
        let steps_down = self.policies().step_down_after.is_some_and(|most| failed >= most);
        if steps_down {
            self.failed.store(0, Ordering::Relaxed);
        }
        steps_down
    }

    pub(super) fn succeeds(&self) {
        self.failed.store(0, Ordering::Relaxed);
    }

    /// A run of this begins, now.
    pub(super) fn begin(&self, firing: &Firing, now: Timestamp) -> Glance {
        let began = firing.seen.renew(now);
        let late = began.since_epoch.saturating_sub(firing.due_since_epoch);
        self.meter.begin(late, began.now);
        began
    }

    /// What the first attempt of a run is told.
    pub(super) fn first_attempt(&self, firing: &Firing, past: Past, number: u64) -> Attempt<'_> {
        let (job, fence) = (self.name.shared(), firing.guard.began().fence());
        let Past { interrupted, missing } = past;
        Attempt { job, due: firing.due, fence, numbers: (number, 1 + interrupted), missing }
    }

    pub(super) fn context<'r>(
        &'r self,
        shared: &'r Shared,
        stopper: &'r Stopper,
        guard: &'r Arc<Guard>,
        attempt: Attempt<'r>,
        spare: Spare,
    ) -> Context<'r> {
        let lock = Some((self.key(), guard));
        Context::new(attempt, stopper, &shared.supplies, lock).with_spare(spare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_job_fills_two_lines_of_memory() {
        assert_eq!(size_of::<Job>(), 128);
    }
}
