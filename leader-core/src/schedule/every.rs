//! A fixed rate, on a grid that all nodes share: tick *n* is due at the Unix epoch + offset +
//! *n*·interval.
//!
//! So a change of leader neither shifts the beat nor repeats a tick, and `1h` is the full hour.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Error;
use crate::span;

/// A fixed rate: an interval of 10 ms to 366 days, and by how much its grid is shifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Every {
    interval: Duration,
    offset: Duration,
}

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
        let interval = within_bounds("an interval", interval)?;
        Ok(Self { interval, offset: Duration::ZERO })
    }

    /// Whether [`Every::new`] takes this, for a constant.
    #[must_use]
    pub const fn takes(interval: Duration) -> bool {
        interval.as_nanos() >= Self::MIN.as_nanos() && interval.as_nanos() <= Self::MAX.as_nanos()
    }

    /// The same, each tick so much later.
    ///
    /// # Errors
    ///
    /// Where it is not less than the interval.
    pub fn with_offset(self, offset: Duration) -> Result<Self, Error> {
        if offset < self.interval {
            return Ok(Self { offset, ..self });
        }
        let (offset, interval) = (span::print(offset), span::print(self.interval));
        Err(Error::new(format!(
            "an offset of {offset} is not less than the interval of `every`; use less than \
             {interval}"
        )))
    }

    /// The time from one tick to the next.
    #[must_use]
    pub const fn interval(self) -> Duration {
        self.interval
    }

    /// By how much its grid is shifted.
    #[must_use]
    pub const fn offset(self) -> Duration {
        self.offset
    }

    /// The first tick after `instant`; `None` where the platform cannot express it.
    #[must_use]
    pub fn next_after(self, instant: SystemTime) -> Option<SystemTime> {
        let interval = self.interval.as_nanos().cast_signed();
        let offset = self.offset.as_nanos().cast_signed();
        let since_epoch = match instant.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_nanos().cast_signed(),
            Err(before) => -before.duration().as_nanos().cast_signed(),
        };
        let next = ((since_epoch - offset).div_euclid(interval) + 1) * interval + offset;
        let distance = span::from_nanos(next.unsigned_abs())?;
        if next < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
    }
}

/// The bounds of whatever comes again and again.
pub(super) fn within_bounds(what: &str, span: Duration) -> Result<Duration, Error> {
    if Every::takes(span) {
        return Ok(span);
    }
    let kind = if span < Every::MIN { "short" } else { "long" };
    let span = span::print(span);
    Err(Error::new(format!("{what} of {span} is too {kind}; use 10ms to 366d")))
}

impl FromStr for Every {
    type Err = Error;

    /// The interval alone.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(span::parse(text)?)
    }
}
