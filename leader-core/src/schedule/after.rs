//! Fixed delay: a run at once when a term begins, then each run a delay after the end of the run
//! before.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use super::every::within_bounds;
use crate::error::Error;
use crate::span;

/// A delay of 10 ms to 366 days between the end of a run and the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct After(Duration);

impl After {
    /// A schedule with this delay after the end of each run.
    ///
    /// # Errors
    ///
    /// Where it is shorter than 10 ms or longer than 366 days.
    pub fn new(delay: Duration) -> Result<Self, Error> {
        within_bounds("a delay", delay).map(Self)
    }

    /// Delay between the end of a run and the next run.
    #[must_use]
    pub const fn delay(self) -> Duration {
        self.0
    }

    /// Due instant of the run after one that ended at `end`.
    #[must_use]
    pub fn next_after(self, end: SystemTime) -> Option<SystemTime> {
        end.checked_add(self.0)
    }
}

impl FromStr for After {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(span::parse(text)?)
    }
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&span::print(self.0))
    }
}
