//! The series of one job.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use leader_core::Schedule;
use leader_core::election::Timestamp;

use super::{Counter, Gauge, Histogram};
use super::{LAST_SUCCESS, LATENESS, OVERRUNS, RUN, RUNNING, RUNS, SKIPS};
use crate::job::Registration;
use crate::run::{RunOutcome, SkipReason};

/// Made once, at the start.
#[derive(Debug)]
pub(crate) struct JobMeter {
    ok: Counter,
    failed: Counter,
    cancelled: Counter,
    skipped: Counter,
    overlap: Counter,
    overtaken: Counter,
    too_late: Counter,
    overruns: Counter,
    run: Histogram,
    lateness: Histogram,
    running: Gauge,
    /// A series that said 0 would be a success in 1970.
    last_success: OnceLock<Gauge>,
    /// How many runs go on, and since when the latest does, in nanoseconds.
    going: AtomicU32,
    since: AtomicU64,
}

/// No schedule has a shorter interval: a run that takes less overruns none.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

impl JobMeter {
    pub(crate) fn new(job: &str) -> Self {
        let runs = |outcome| RUNS.counter(&[job, outcome]);
        let skips = |reason| SKIPS.counter(&[job, reason]);
        Self {
            ok: runs("ok"),
            failed: runs("failed"),
            cancelled: runs("cancelled"),
            skipped: runs("skipped"),
            overlap: skips("overlap"),
            overtaken: skips("overtaken"),
            too_late: skips("too_late"),
            overruns: OVERRUNS.counter(&[job]),
            run: RUN.histogram(&[job]),
            lateness: LATENESS.histogram(&[job]),
            running: RUNNING.gauge(&[job]),
            last_success: OnceLock::new(),
            going: AtomicU32::new(0),
            since: AtomicU64::new(0),
        }
    }

    /// A run begins, `began` on the one clock and `started` on the other.
    pub(crate) fn begin(&self, due: SystemTime, started: SystemTime, began: Timestamp) {
        self.lateness.record(started.duration_since(due).unwrap_or_default().as_secs_f64());
        self.since.store(began.as_nanos(), Ordering::Relaxed);
        self.going.fetch_add(1, Ordering::Relaxed);
    }

    /// A run is over that began then and took so long.
    pub(crate) fn end(
        &self,
        job: &Registration,
        outcome: &RunOutcome,
        due: SystemTime,
        started: SystemTime,
        took: Duration,
    ) {
        self.going.fetch_sub(1, Ordering::Relaxed);
        self.run.record(took.as_secs_f64());
        if took >= SHORTEST_INTERVAL
            && let Schedule::Every(_) | Schedule::Cron(_) = *job.schedule
            && let Some(next) = job.schedule.next_after(due)
            && next.duration_since(due).is_ok_and(|interval| interval < took)
        {
            self.overruns.increment(1);
        }
        match outcome {
            RunOutcome::Ok => {
                self.ok.increment(1);
                self.succeeded(job.name.as_str(), started + took);
            }
            RunOutcome::Failed(_) => self.failed.increment(1),
            RunOutcome::Cancelled(_) => self.cancelled.increment(1),
            RunOutcome::Skipped(_) => self.skipped.increment(1),
        }
    }

    /// No run begins.
    pub(crate) fn skip(&self, reason: &SkipReason) {
        match reason {
            SkipReason::Overlap => self.overlap.increment(1),
            SkipReason::Overtaken => self.overtaken.increment(1),
            SkipReason::TooLate(_) => self.too_late.increment(1),
            // said by a run that began
            SkipReason::ByJob(_) => {}
        }
    }

    /// A run ended so at that time, perhaps on another node.
    pub(crate) fn succeeded(&self, job: &str, at: SystemTime) {
        let last = self.last_success.get_or_init(|| LAST_SUCCESS.gauge(&[job]));
        last.set(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64());
    }

    /// Says how long the run that goes on has taken.
    pub(crate) fn refresh(&self, now: Timestamp) {
        let taken = match self.going.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            _ => now.since(Timestamp::from_nanos(self.since.load(Ordering::Relaxed))),
        };
        self.running.set(taken.as_secs_f64());
    }
}

/// A run that was dropped goes on no longer.
impl Drop for JobMeter {
    fn drop(&mut self) {
        self.running.set(0.0);
    }
}
