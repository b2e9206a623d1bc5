//! When jobs fire: the instants at which each is due, told as they come.

mod alarm;
#[cfg(test)]
mod conformance;
mod lived;
mod precise;
#[cfg(feature = "tokio_cron_scheduler")]
mod tokio_cron_scheduler;

use std::time::{Duration, SystemTime};

pub(crate) use precise::Precise;
#[cfg(feature = "tokio_cron_scheduler")]
pub(crate) use tokio_cron_scheduler::{Scheduler, TokioCronScheduler};

/// Tells when schedules are due.
pub(crate) trait Engine: Send {
    /// The next tick, when it is due. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Tick> + Send;

    /// Another tick that was due when the last one came.
    fn try_next(&mut self) -> Option<Tick>;

    /// A tick that is due by now, when the process ends: it waits for nobody any more.
    fn last(&mut self) -> Option<Tick>;
}

/// A schedule is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Which of the schedules that the engine goes by, by its place among them.
    pub(crate) place: usize,
    /// When it was due; the same on every node.
    pub(crate) due: SystemTime,
    /// It was found so much too late that it is not to be run.
    pub(crate) too_late: Option<Duration>,
}
