//! The series of one job.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use leader_core::Schedule;
use leader_core::election::Timestamp;

use super::{Counter, Gauge, Histogram, is_recording};
use super::{LAST_SUCCESS, LATENESS, OVERRUNS, RUN, RUNNING, RUNS, SKIPS};
use crate::clock::Glance;
use crate::run::{RunOutcome, SkipReason};

const OK: &str = "ok";
const FAILED: &str = "failed";
const CANCELLED: &str = "cancelled";
const SKIPPED: &str = "skipped";
const OVERLAP: &str = "overlap";
const OVERTAKEN: &str = "overtaken";
const TOO_LATE: &str = "too_late";

/// Of one job; nothing where no recorder hears of it, since there may be thousands.
#[derive(Debug)]
pub(crate) struct JobMeter(Option<Box<Series>>);

/// What is told of most runs is kept at hand; the rest is looked up when there is something to tell,
/// and begins with a 0 at the start.
#[derive(Debug)]
struct Series {
    ok: Counter,
    run: Histogram,
    lateness: Histogram,
    /// A series that said 0 would be a success in 1970.
    last_success: OnceLock<Gauge>,
    running: Gauge,
    /// How many runs go on, and since when the latest does, in nanoseconds.
    going: AtomicU32,
    since: AtomicU64,
    /// Whether the recorder was told that one goes on.
    is_shown: AtomicBool,
}

/// No schedule has a shorter interval: a run that takes less overruns none.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

impl JobMeter {
    pub(crate) fn new(job: &str) -> Self {
        let running = RUNNING.gauge(&[job]);
        if !is_recording(&running) {
            return Self(None);
        }
        for outcome in [FAILED, CANCELLED, SKIPPED] {
            RUNS.counter(&[job, outcome]).increment(0);
        }
        for reason in [OVERLAP, OVERTAKEN, TOO_LATE] {
            SKIPS.counter(&[job, reason]).increment(0);
        }
        OVERRUNS.counter(&[job]).increment(0);
        Self(Some(Box::new(Series {
            ok: RUNS.counter(&[job, OK]),
            run: RUN.histogram(&[job]),
            lateness: LATENESS.histogram(&[job]),
            last_success: OnceLock::new(),
            running,
            going: AtomicU32::new(0),
            since: AtomicU64::new(0),
            is_shown: AtomicBool::new(false),
        })))
    }

    /// A run begins, so late.
    pub(crate) fn begin(&self, late: Duration, now: Timestamp) {
        let Some(series) = &self.0 else { return };
        series.lateness.record(late.as_secs_f64());
        series.since.store(now.as_nanos(), Ordering::Relaxed);
        series.going.fetch_add(1, Ordering::Relaxed);
    }

    /// A run of this job, by this schedule, is over that began at this instant and took so long.
    pub(crate) fn end(
        &self,
        (job, schedule): (&str, &Schedule),
        outcome: &RunOutcome,
        due: SystemTime,
        began: Glance,
        took: Duration,
    ) {
        let Some(series) = &self.0 else { return };
        series.going.fetch_sub(1, Ordering::Relaxed);
        series.run.record(took.as_secs_f64());
        if took >= SHORTEST_INTERVAL
            && let Schedule::Every(_) | Schedule::Cron(_) = schedule
            && let Some(next) = schedule.next_after(due)
            && next.duration_since(due).is_ok_and(|interval| interval < took)
        {
            OVERRUNS.counter(&[job]).increment(1);
        }
        match outcome {
            RunOutcome::Ok => {
                series.ok.increment(1);
                self.succeeded(job, began.since_epoch + took);
            }
            RunOutcome::Failed(_) => RUNS.counter(&[job, FAILED]).increment(1),
            RunOutcome::Cancelled(_) => RUNS.counter(&[job, CANCELLED]).increment(1),
            RunOutcome::Skipped(_) => RUNS.counter(&[job, SKIPPED]).increment(1),
        }
    }

    /// No run begins.
    pub(crate) fn skip(&self, job: &str, reason: &SkipReason) {
        if self.0.is_none() {
            return;
        }
        let reason = match reason {
            SkipReason::Overlap => OVERLAP,
            SkipReason::Overtaken => OVERTAKEN,
            SkipReason::TooLate(_) => TOO_LATE,
            // said by a run that began
            SkipReason::ByJob(_) => return,
        };
        SKIPS.counter(&[job, reason]).increment(1);
    }

    /// A run ended so, at that time since the Unix epoch, perhaps on another node.
    pub(crate) fn succeeded(&self, job: &str, at: Duration) {
        let Some(series) = &self.0 else { return };
        let last = series.last_success.get_or_init(|| LAST_SUCCESS.gauge(&[job]));
        last.set(at.as_secs_f64());
    }

    /// Says how long the run that goes on has taken; whether one does.
    pub(crate) fn refresh(&self, now: Timestamp) -> bool {
        let Some(series) = &self.0 else { return false };
        let goes_on = series.going.load(Ordering::Relaxed) > 0;
        // once more when it is over
        if !series.is_shown.swap(goes_on, Ordering::Relaxed) && !goes_on {
            return false;
        }
        let since = Timestamp::from_nanos(series.since.load(Ordering::Relaxed));
        let taken = if goes_on { now.since(since) } else { Duration::ZERO };
        series.running.set(taken.as_secs_f64());
        goes_on
    }

    /// Nothing goes on any more: runs that did were dropped.
    pub(crate) fn close(&self) {
        let Some(series) = &self.0 else { return };
        if series.is_shown.swap(false, Ordering::Relaxed) {
            series.running.set(0.0);
        }
    }
}
