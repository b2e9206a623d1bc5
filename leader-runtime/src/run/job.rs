//! A job as its runs share it: where it is led, what goes on of it, and how many there were.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::SystemTime;

use leader_core::record::Missing;
use leader_core::{Due, Overlap, Policies};

use super::Shared;
use super::faults::Faults;
use super::settle::{Archive, Book};
use super::slot::Slot;
use crate::job::{Attempt, Context, Registration, Stopper};
use crate::lock::{Claim, Guard};
use crate::metrics::JobMeter;

#[derive(Debug)]
pub(super) struct Job {
    /// Its place in the list.
    pub(super) place: usize,
    pub(super) registration: Registration,
    /// While this is here, the process stands for the job's key.
    pub(super) claim: Claim,
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

/// A run that is to be, inside a term.
#[derive(Debug)]
pub(super) struct Firing {
    pub(super) due: Due,
    /// From here on, the key is not released before the run is over.
    pub(super) guard: Arc<Guard>,
    pub(super) occasion: Occasion,
}

/// What a record knows that was before a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Past {
    /// How often leaders were interrupted at it.
    pub(super) interrupted: u32,
    /// What nobody ran before it.
    pub(super) missing: Missing,
}

/// What a firing comes of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// An instant that is due, or the run before.
    Due,
    /// The process has come to lead, and the job wants a run for that.
    Elected,
    /// The process has come to lead, or something was found too late: the record may have more.
    Look,
    /// Somebody wants a run now, whatever is due.
    Asked,
}

impl Occasion {
    /// Whether it is for no instant that a schedule says.
    pub(super) const fn is_wish(self) -> bool {
        matches!(self, Self::Elected | Self::Asked)
    }
}

impl Firing {
    pub(super) fn new(due: Due, guard: impl Into<Arc<Guard>>, occasion: Occasion) -> Self {
        Self { due, guard: guard.into(), occasion }
    }
}

impl Job {
    pub(super) fn new(
        place: usize,
        registration: Registration,
        claim: Claim,
        archive: &Archive,
    ) -> Self {
        let book = registration.keeping.as_deref().map(|&keeping| {
            let (key, name) = (registration.key.as_str(), registration.name.as_str());
            Box::new(archive.book(keeping, key, name))
        });
        let meter = JobMeter::new(registration.name.as_str());
        Self {
            place,
            book,
            meter,
            registration,
            claim,
            slot: Slot::default(),
            stands_in: AtomicBool::new(false),
            was_quick: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            failed: AtomicU32::new(0),
            faults: Faults::default(),
        }
    }

    pub(super) fn policies(&self) -> &Policies {
        &self.registration.policies
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
        Due::new(instant).in_zone(self.registration.schedule.zone())
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

    /// What the first attempt of a run is told.
    pub(super) fn first_attempt(&self, firing: &Firing, past: Past, number: u64) -> Attempt<'_> {
        let (job, fence) = (self.registration.name.shared(), firing.guard.began().fence());
        let Past { interrupted, missing } = past;
        Attempt { job, due: firing.due, fence, numbers: (number, 1 + interrupted), missing }
    }

    pub(super) fn context<'r>(
        &'r self,
        shared: &'r Shared,
        stopper: &'r Stopper,
        guard: &'r Arc<Guard>,
        attempt: Attempt<'r>,
    ) -> Context<'r> {
        Context::new(attempt, stopper, &shared.supplies, Some((&self.registration.key, guard)))
    }
}
