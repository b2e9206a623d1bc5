//! Detection of jobs that block their thread, and of runs that do not end.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

use leader_core::election::Timestamp;
use leader_core::{JobName, span};
use tracing::warn;

use crate::unwind::shielded;

/// Marks of the runs of a job, and whether their faults are already logged.
#[derive(Debug, Default)]
pub(in crate::run) struct Watchdog {
    /// Start of the poll that is under way, in nanoseconds; 0 where none is.
    polled_since: AtomicU64,
    /// Number of runs that are under way without a slot.
    running: AtomicU16,
    /// Number of runs whose future has ended and whose blocking work has not.
    outliving: AtomicU16,
    is_blocking_logged: AtomicBool,
    is_outliving_logged: AtomicBool,
}

/// A mark that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Counted<'a>(&'a AtomicU16);

/// Minimum duration of a poll that is logged, since it makes other jobs late.
const BLOCKING_POLL: Duration = Duration::from_secs(1);

impl Watchdog {
    pub(super) fn begin_poll(&self, now: Timestamp) {
        self.polled_since.store(now.as_nanos(), Ordering::Relaxed);
    }

    pub(super) fn end_poll(&self, job: &JobName, now: Timestamp) {
        let since = self.polled_since.load(Ordering::Relaxed);
        self.polled_since.store(0, Ordering::Relaxed);
        self.judge_poll(job, since, now);
    }

    /// Logs the poll under way where it takes too long, once for each job.
    pub(in crate::run) fn check_poll(&self, job: &JobName, now: Timestamp) {
        self.judge_poll(job, self.polled_since.load(Ordering::Relaxed), now);
    }

    fn judge_poll(&self, job: &JobName, since: u64, now: Timestamp) {
        if since == 0 || now.since(Timestamp::from_nanos(since)) < BLOCKING_POLL {
            return;
        }
        if !self.is_blocking_logged.swap(true, Ordering::Relaxed) {
            shielded(|| {
                warn!(
                    %job,
                    "job blocks its thread for longer than {BLOCKING_POLL:?} between two awaits: \
                     nothing can end it there, and other jobs may be late; use `Run::block` for \
                     blocking work"
                );
            });
        }
    }

    /// Counts a run that takes no slot.
    pub(super) fn count_run(&self) -> Counted<'_> {
        Counted::up(&self.running)
    }

    /// Counts a run whose blocking work is waited for.
    pub(super) fn count_outliving(&self) -> Counted<'_> {
        Counted::up(&self.outliving)
    }

    /// Logs a run whose blocking work outlives it, once for each job.
    pub(super) fn log_outliving(&self) {
        if !self.is_outliving_logged.swap(true, Ordering::Relaxed) {
            warn!(
                "run ended but its blocking work is still running: the job and its key stay busy \
                 until that returns; check `Stop::is_requested()` inside `Run::block`"
            );
        }
    }

    /// The end of a sentence about a job that has a run under way, with the obstacle to its end where
    /// that is known; `None` where no run is under way. `has_slot` is whether the slot is taken.
    pub(in crate::run) fn obstacle(&self, has_slot: bool, now: Timestamp) -> Option<String> {
        let since = self.polled_since.load(Ordering::Relaxed);
        let blocked = now.since(Timestamp::from_nanos(since));
        if !has_slot && self.running.load(Ordering::Relaxed) == 0 {
            None
        } else if since != 0 && blocked >= BLOCKING_POLL {
            let blocked = span::print(Duration::from_secs(blocked.as_secs()));
            Some(format!(", which has blocked its thread for {blocked}, between two awaits"))
        } else if self.outliving.load(Ordering::Relaxed) > 0 {
            Some(", whose blocking work (`Run::block`) goes on".into())
        } else {
            Some(String::new())
        }
    }
}

impl<'a> Counted<'a> {
    fn up(number: &'a AtomicU16) -> Self {
        number.fetch_add(1, Ordering::Relaxed);
        Self(number)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
