//! A fixed rate, on a grid that all nodes share: tick *n* is due at the Unix epoch + *n*·interval.
//!
//! So a change of leader neither shifts the beat nor repeats a tick, and `1h` is the full hour.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Error;
use crate::span;

/// A fixed rate: an interval of 10 ms to 366 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Every(Duration);

impl Every {
    /// The shortest interval: 10 ms, ten times what a timer of the operating system is late by.
    pub const MIN: Duration = Duration::from_millis(10);
    /// The longest interval: 366 days.
    pub const MAX: Duration = Duration::from_secs(366 * 24 * 3600);

    /// A tick each `interval`.
    ///
    /// # Errors
    ///
    /// Where it is shorter than [`Every::MIN`] or longer than [`Every::MAX`].
    pub fn new(interval: Duration) -> Result<Self, Error> {
        let refuse = |what| {
            let interval = span::print(interval);
            Err(Error::new(format!("an interval of {interval} is too {what}; use 10ms to 366d")))
        };
        match interval {
            short if short < Self::MIN => refuse("short"),
            long if long > Self::MAX => refuse("long"),
            interval => Ok(Self(interval)),
        }
    }

    /// The time from one tick to the next.
    #[must_use]
    pub const fn interval(self) -> Duration {
        self.0
    }

    /// The first tick after `instant`; `None` where the platform cannot express it.
    #[must_use]
    pub fn next_after(self, instant: SystemTime) -> Option<SystemTime> {
        let interval = self.0.as_nanos().cast_signed();
        let since_epoch = match instant.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_nanos().cast_signed(),
            Err(before) => -before.duration().as_nanos().cast_signed(),
        };
        let next = (since_epoch.div_euclid(interval) + 1) * interval;
        let distance = span::from_nanos(next.unsigned_abs())?;
        if next < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
    }
}

impl FromStr for Every {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(span::parse(text)?)
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&span::print(self.0))
    }
}
