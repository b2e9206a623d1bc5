//! What is wrong with a job, told once and not in every run.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use leader_core::election::Timestamp;
use leader_core::{Due, JobName};
use tracing::{debug, error, info, warn};

use crate::clock;

/// What was told of a job.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Made for the first that is told.
    told: OnceLock<Box<Mutex<Memory>>>,
    /// When the poll began that goes on, in nanoseconds; 0 where none does.
    polled_since: AtomicU64,
    is_blocking: AtomicBool,
    is_stubborn: AtomicBool,
}

#[derive(Debug, Default)]
struct Memory {
    attempt: Option<Told>,
    run: Option<Told>,
    overlap: Option<Told>,
    too_late: Option<Told>,
}

#[derive(Debug)]
struct Told {
    error: String,
    at: Timestamp,
    /// How often it came again since.
    again: u64,
}

/// The same fault is told again after so long.
const QUIET: Duration = Duration::from_secs(600);

/// A job that keeps its thread for longer than this makes others late.
const BLOCKS: Duration = Duration::from_secs(1);

impl Faults {
    /// An attempt failed, and another follows.
    pub(super) fn tell_retry(&self, error: &str, wait: Duration) {
        match self.news(|memory| &mut memory.attempt, error) {
            Some(again) => warn!(error, ?wait, again, "failed: is tried again"),
            None => debug!(error, ?wait, "failed as before: is tried again"),
        }
    }

    /// The run failed.
    pub(super) fn tell_failed(&self, error: &str) {
        match self.news(|memory| &mut memory.run, error) {
            Some(0) => error!(error, "failed"),
            Some(again) => error!(error, again, "still fails"),
            None => debug!(error, "failed as before"),
        }
    }

    /// The run did not fail.
    pub(super) fn tell_ok(&self) {
        let failed = self.told.get().and_then(|memory| {
            let mut memory = locked(memory);
            memory.attempt = None;
            memory.run.take()
        });
        match failed {
            Some(told) => info!(failed_again = told.again, "runs again without a fault"),
            None => debug!("ran"),
        }
    }

    /// A run was due while the one before went on.
    pub(super) fn tell_overlap(&self, job: &JobName, due: Due) {
        match self.news(|memory| &mut memory.overlap, "") {
            Some(again) => warn!(%job, %due, again, "skipped: the run before still goes on"),
            None => debug!(%job, %due, "skipped: the run before still goes on"),
        }
    }

    /// It is not run, so much too late: the machine slept, or all threads were blocked.
    pub(super) fn tell_too_late(&self, job: &JobName, due: Due, late: Duration) {
        match self.news(|memory| &mut memory.too_late, "") {
            Some(again) => warn!(%job, %due, ?late, again, "skipped: found too late"),
            None => debug!(%job, %due, ?late, "skipped: found too late"),
        }
    }

    /// The job is polled from now on.
    pub(super) fn begin_poll(&self, now: Timestamp) {
        self.polled_since.store(now.as_nanos(), Ordering::Relaxed);
    }

    pub(super) fn end_poll(&self, job: &JobName, now: Timestamp) {
        self.look_at_poll(job, now);
        self.polled_since.store(0, Ordering::Relaxed);
    }

    /// Tells a poll that takes too long, once.
    pub(super) fn look_at_poll(&self, job: &JobName, now: Timestamp) {
        let since = self.polled_since.load(Ordering::Relaxed);
        if since == 0 || now.since(Timestamp::from_nanos(since)) < BLOCKS {
            return;
        }
        if !self.is_blocking.swap(true, Ordering::Relaxed) {
            warn!(
                %job,
                "blocks its thread for longer than {BLOCKS:?} between two awaits, where nothing can \
                 end it and other jobs may wait for it; use `Run::block` for blocking work"
            );
        }
    }

    /// The run is over, and what it has started goes on.
    pub(super) fn tell_stubborn(&self) {
        if !self.is_stubborn.swap(true, Ordering::Relaxed) {
            warn!(
                "is over, and blocking work of it goes on: before that has ended the job does not \
                 run again, nor is its key released; look at a `Stop` in there"
            );
        }
    }

    /// How often this error came again since it was told, where it is to be told now.
    fn news(
        &self,
        kind: impl FnOnce(&mut Memory) -> &mut Option<Told>,
        error: &str,
    ) -> Option<u64> {
        let now = clock::now();
        let mut memory = locked(self.told.get_or_init(Box::default));
        let last = kind(&mut memory);
        let again = match last.as_mut().filter(|last| last.error == error) {
            Some(last) if now.since(last.at) < QUIET => {
                last.again += 1;
                return None;
            }
            Some(last) => last.again + 1,
            None => 0,
        };
        *last = Some(Told { error: error.to_owned(), at: now, again: 0 });
        Some(again)
    }
}

fn locked(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
