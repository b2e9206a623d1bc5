//! A job as its runs share it: its configuration, its slot, and its counters.

mod config;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::SystemTime;

use leader_core::election::Timestamp;
use leader_core::{Due, JobName, Key, Policies, Schedule};

pub(super) use self::config::ConfigInterner;
use self::config::JobConfig;
use super::admission::{OverlapRules, Slot};
use super::execute::Watchdog;
use super::firing::Firing;
use super::history::{History, RecordAccess};
use super::report::JobLog;
use crate::job::Entry;
use crate::leadership::{Claim, Gate};
use crate::metrics::JobMeter;
use crate::registry::Registration;
use crate::system::clock::ClockReading;

/// State of a job in two cache lines: with thousands of jobs, each line that a run touches is a
/// cache miss.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Job {
    /// Index of the job in [`Shared::jobs`].
    pub(super) place: usize,
    pub(super) name: JobName,
    /// The descriptor that the attribute has made.
    pub(super) entry: &'static Entry,
    config: Arc<JobConfig>,
    pub(super) slot: Slot<Firing>,
    /// `None` where the job keeps no record.
    pub(super) history: Option<Box<History>>,
    /// Whether its `standby` function is running.
    pub(super) is_standby_running: AtomicBool,
    /// Whether its last attempt ended in one short poll.
    was_quick: AtomicBool,
    /// Number of runs that have begun.
    runs: AtomicU64,
    /// Number of failed runs in a row.
    failures: AtomicU32,
    watchdog: Watchdog,
    log: JobLog,
    meter: JobMeter,
}

impl Job {
    pub(super) fn new(
        place: usize,
        registration: Registration,
        configs: &mut ConfigInterner<impl FnMut(&str) -> Claim>,
        access: &RecordAccess,
    ) -> Self {
        let config = configs.intern(&registration);
        let Registration { name, entry, keeping: record_policy, .. } = registration;
        let history = record_policy
            .map(|policy| Box::new(access.history(*policy, config.key.as_str(), name.as_str())));
        let meter = JobMeter::new(name.as_str(), history.is_some());
        Self {
            place,
            name,
            entry,
            config,
            slot: Slot::default(),
            history,
            is_standby_running: AtomicBool::new(false),
            was_quick: AtomicBool::new(false),
            runs: AtomicU64::new(0),
            failures: AtomicU32::new(0),
            watchdog: Watchdog::default(),
            log: JobLog::default(),
            meter,
        }
    }

    pub(super) fn key(&self) -> &Key {
        &self.config.key
    }

    pub(super) fn schedule(&self) -> &Schedule {
        &self.config.schedule
    }

    pub(super) fn policies(&self) -> &Policies {
        &self.config.policies
    }

    pub(super) fn gate(&self) -> &Gate {
        self.config.claim.gate()
    }

    /// Gives the key to another node.
    pub(super) fn step_down(&self) {
        self.config.claim.step_down();
    }

    /// Whether the next run follows from a term or from the end of the previous run, and not from ticks.
    pub(super) fn is_self_paced(&self) -> bool {
        matches!(*self.schedule(), Schedule::After(_) | Schedule::WhileLeading)
    }

    pub(super) fn overlap_rules(&self) -> OverlapRules {
        OverlapRules::of(self.policies().overlap, self.history.is_some())
    }

    pub(super) fn was_quick(&self) -> bool {
        self.was_quick.load(Ordering::Relaxed)
    }

    pub(super) fn note_quick(&self, was_quick: bool) {
        self.was_quick.store(was_quick, Ordering::Relaxed);
    }

    pub(super) const fn watchdog(&self) -> &Watchdog {
        &self.watchdog
    }

    pub(super) const fn log(&self) -> &JobLog {
        &self.log
    }

    pub(super) const fn meter(&self) -> &JobMeter {
        &self.meter
    }

    /// A due instant of this job, which prints in the time zone of its schedule.
    pub(super) fn due(&self, instant: SystemTime) -> Due {
        Due::new(instant).in_zone(self.schedule().zone())
    }

    /// Number of a run that begins; the first is 1.
    pub(super) fn next_number(&self) -> u64 {
        self.runs.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts a failed run. Returns the number of failed runs in a row where another node is to take
    /// over, by `step_down_after`, and counts from zero again.
    pub(super) fn count_failure(&self) -> Option<u32> {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        let steps_down = self.policies().step_down_after.is_some_and(|max| failures >= max);
        steps_down.then(|| {
            self.failures.store(0, Ordering::Relaxed);
            failures
        })
    }

    /// Ends the row of failed runs.
    pub(super) fn reset_failures(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Measures the beginning of a run, and returns the clocks at it.
    pub(super) fn begin(&self, firing: &Firing, now: Timestamp) -> ClockReading {
        let began = firing.seen.advanced_to(now);
        let late = began.since_epoch.saturating_sub(firing.due_since_epoch);
        self.meter.begin(late, began.now);
        began
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_job_fills_two_cache_lines() {
        assert_eq!(size_of::<Job>(), 128);
    }
}
