//! Engines: the source of ticks, which are the due instants of schedules.

#[cfg(test)]
mod conformance;
mod precise;
mod seen_intervals;
mod timer;
#[cfg(feature = "tokio-cron-scheduler")]
mod tokio_cron_scheduler;

use std::time::{Duration, SystemTime};

pub(crate) use precise::Precise;
#[cfg(feature = "tokio-cron-scheduler")]
pub(crate) use tokio_cron_scheduler::{Scheduler, TokioCronScheduler};

/// A source of ticks.
pub(crate) trait Engine: Send {
    /// Waits until a schedule is due. Cancel safe.
    fn next(&mut self) -> impl Future<Output = Tick> + Send;

    /// Returns another tick that was due when the last one was returned.
    fn try_next(&mut self) -> Option<Tick>;

    /// Returns the next tick that is already due, without waiting; used during shutdown.
    fn pop_due(&mut self) -> Option<Tick>;
}

/// A due instant of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Index of the schedule among those of the engine.
    pub(crate) place: usize,
    /// The due instant, which is the same on every node.
    pub(crate) due: SystemTime,
    /// How late the tick was found, where that is too late for its jobs to run.
    pub(crate) too_late: Option<Duration>,
}
