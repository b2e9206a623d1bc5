//! When a job is due, decided without a clock: from one instant, the next.

mod cron;
mod due;
mod every;
mod field;

use std::fmt;
use std::time::SystemTime;

pub use cron::Cron;
pub use due::Due;
pub use every::Every;

/// When a job is due. Every node that knows the schedule knows the same instants.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// At a fixed rate.
    Every(Every),
    /// By the wall clock.
    Cron(Cron),
}

impl Schedule {
    /// The first due instant after `instant`; `None` past the end of the calendar.
    #[must_use]
    pub fn next_after(&self, instant: SystemTime) -> Option<SystemTime> {
        match self {
            Self::Every(every) => every.next_after(instant),
            Self::Cron(cron) => cron.next_after(instant),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(every) => write!(f, "every {every}"),
            Self::Cron(cron) => write!(f, "cron {cron}"),
        }
    }
}
