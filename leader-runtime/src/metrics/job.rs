//! The series of one job.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use leader_core::Schedule;
use leader_core::election::Timestamp;

use super::{Counter, Gauge, Histogram, is_recording};
use super::{LAST_SUCCESS, LATENESS, OVERRUNS, REGISTERED, RUN, RUNNING, RUNS, SKIPS};
use crate::model::{RunOutcome, SkipReason};
use crate::system::clock::{self, ClockReading};

const OK: &str = "ok";
const FAILED: &str = "failed";
const CANCELLED: &str = "cancelled";
const SKIPPED: &str = "skipped";
const OVERLAP: &str = "overlap";
const OVERTAKEN: &str = "overtaken";
const TOO_LATE: &str = "too_late";
const EXPIRED: &str = "expired";
const COALESCED: &str = "coalesced";

/// The meters of one job; empty without a recorder, since there may be thousands of jobs.
#[derive(Debug)]
pub(crate) struct JobMeter(Option<Box<Series>>);

/// The series that most runs update. The rarer series are looked up when they change, and begin
/// with 0 at the start.
#[derive(Debug)]
struct Series {
    ok: Counter,
    run: Histogram,
    lateness: Histogram,
    /// Unset before the first success: 0 would be a success in 1970.
    last_success: OnceLock<Gauge>,
    /// Time of the last success in nanoseconds, 0 if unknown.
    succeeded: AtomicU64,
    running: Gauge,
    /// Number of runs in progress; and the start of the latest, in nanoseconds.
    going: AtomicU32,
    since: AtomicU64,
    /// Whether the recorder shows a run in progress.
    is_shown: AtomicBool,
}

/// Minimum interval of a schedule: a shorter run cannot overrun.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

impl JobMeter {
    /// `has_record`: missed instants are known.
    pub(crate) fn new(job: &str, has_record: bool) -> Self {
        let running = RUNNING.gauge(&[job]);
        if !is_recording(&running) {
            return Self(None);
        }
        for outcome in [FAILED, CANCELLED, SKIPPED] {
            RUNS.counter(&[job, outcome]).increment(0);
        }
        let missed: &[_] = if has_record { &[EXPIRED, COALESCED] } else { &[] };
        for reason in [OVERLAP, OVERTAKEN, TOO_LATE].iter().chain(missed) {
            SKIPS.counter(&[job, reason]).increment(0);
        }
        OVERRUNS.counter(&[job]).increment(0);
        REGISTERED.gauge(&[job]).set(clock::since_epoch(clock::wall()).as_secs_f64());
        Self(Some(Box::new(Series {
            ok: RUNS.counter(&[job, OK]),
            run: RUN.histogram(&[job]),
            lateness: LATENESS.histogram(&[job]),
            last_success: OnceLock::new(),
            succeeded: AtomicU64::new(0),
            running,
            going: AtomicU32::new(0),
            since: AtomicU64::new(0),
            is_shown: AtomicBool::new(false),
        })))
    }

    /// Counts a run that begins, `late` after its due instant.
    pub(crate) fn begin(&self, late: Duration, now: Timestamp) {
        let Some(series) = &self.0 else { return };
        series.lateness.record(late.as_secs_f64());
        series.since.store(now.as_nanos(), Ordering::Relaxed);
        series.going.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the end of a run of this job with this schedule.
    pub(crate) fn end(
        &self,
        (job, schedule): (&str, &Schedule),
        outcome: &RunOutcome,
        due: SystemTime,
        began: ClockReading,
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
                series.succeed(job, began.since_epoch + took);
            }
            RunOutcome::Failed(_) => RUNS.counter(&[job, FAILED]).increment(1),
            RunOutcome::Cancelled(_) => RUNS.counter(&[job, CANCELLED]).increment(1),
            RunOutcome::Skipped(_) => RUNS.counter(&[job, SKIPPED]).increment(1),
        }
    }

    /// Counts due instants without a run.
    pub(crate) fn skip(&self, job: &str, reason: &SkipReason, count: u64) {
        if self.0.is_none() {
            return;
        }
        let reason = match reason {
            SkipReason::Overlap => OVERLAP,
            SkipReason::Overtaken => OVERTAKEN,
            SkipReason::TooLate(_) => TOO_LATE,
            SkipReason::Expired => EXPIRED,
            SkipReason::Coalesced => COALESCED,
            // said by a run that began
            SkipReason::ByJob(_) => return,
        };
        SKIPS.counter(&[job, reason]).increment(count);
    }

    /// Takes in the last success of the record, as a time since the Unix epoch; perhaps of another
    /// node. A later success of this node, as of a manual run, stays.
    pub(crate) fn has_succeeded(&self, job: &str, at: Duration) {
        let Some(series) = &self.0 else { return };
        if at.as_nanos() as u64 > series.succeeded.load(Ordering::Relaxed) {
            series.succeed(job, at);
        }
    }

    /// Updates the duration of the run in progress. Returns whether there is one.
    pub(crate) fn refresh(&self, now: Timestamp) -> bool {
        let Some(series) = &self.0 else { return false };
        let goes_on = series.going.load(Ordering::Relaxed) > 0;
        // once more after its end
        if !series.is_shown.swap(goes_on, Ordering::Relaxed) && !goes_on {
            return false;
        }
        let since = Timestamp::from_nanos(series.since.load(Ordering::Relaxed));
        let taken = if goes_on { now.since(since) } else { Duration::ZERO };
        series.running.set(taken.as_secs_f64());
        goes_on
    }

    /// Clears the run in progress: its runs were dropped.
    pub(crate) fn close(&self) {
        let Some(series) = &self.0 else { return };
        if series.is_shown.swap(false, Ordering::Relaxed) {
            series.running.set(0.0);
        }
    }
}

impl Series {
    fn succeed(&self, job: &str, at: Duration) {
        self.succeeded.store(at.as_nanos() as u64, Ordering::Relaxed);
        self.last_success.get_or_init(|| LAST_SUCCESS.gauge(&[job])).set(at.as_secs_f64());
    }
}
