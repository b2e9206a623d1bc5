//! Fixed rate, on a grid that all nodes share: tick *n* is due at the Unix epoch + offset +
//! *n*·interval.
//!
//! So a change of leader neither shifts the grid nor repeats a tick, and `1h` is the full hour.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Error;
use crate::seed::Seed;
use crate::span;

/// A fixed rate: an interval of 10 ms to 366 days, and the offset of its grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Every {
    interval: Duration,
    offset: Duration,
}

impl Every {
    /// Minimum interval: 10 ms, ten times the lateness of a timer of the operating system.
    pub const MIN: Duration = Duration::from_millis(10);
    /// Maximum interval: 366 days.
    pub const MAX: Duration = Duration::from_secs(366 * 24 * 3600);

    /// A schedule with a tick each `interval`.
    ///
    /// # Errors
    ///
    /// Where it is shorter than [`Every::MIN`] or longer than [`Every::MAX`].
    pub fn new(interval: Duration) -> Result<Self, Error> {
        let interval = within_bounds("an interval", interval)?;
        Ok(Self { interval, offset: Duration::ZERO })
    }

    /// Whether [`Every::new`] takes this interval; for constants.
    #[must_use]
    pub const fn takes(interval: Duration) -> bool {
        interval.as_nanos() >= Self::MIN.as_nanos() && interval.as_nanos() <= Self::MAX.as_nanos()
    }

    /// Shifts the grid, so that each tick is later by `offset`.
    ///
    /// # Errors
    ///
    /// Where the offset is not less than the interval.
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

    /// Shifts the grid by the job's own offset in the interval, in whole milliseconds, from this seed.
    #[must_use]
    pub fn hashed(self, seed: Seed) -> Self {
        let millis = self.interval.as_millis() as u64;
        Self { offset: Duration::from_millis(seed.pick("every", millis)), ..self }
    }

    /// Time from one tick to the next.
    #[must_use]
    pub const fn interval(self) -> Duration {
        self.interval
    }

    /// Offset of the grid.
    #[must_use]
    pub const fn offset(self) -> Duration {
        self.offset
    }

    /// Returns the first tick after `instant`; `None` where the platform cannot express the tick.
    #[must_use]
    pub fn next_after(self, instant: SystemTime) -> Option<SystemTime> {
        self.tick(self.last_by(nanos(instant)) + 1)
    }

    /// Returns the last tick before `instant`; `None` where the platform cannot express the tick.
    #[must_use]
    pub fn previous_before(self, instant: SystemTime) -> Option<SystemTime> {
        self.tick(self.last_by(nanos(instant) - 1))
    }

    /// Number of ticks after one instant and up to another.
    #[must_use]
    pub fn count(self, after: SystemTime, until: SystemTime) -> u64 {
        let last_by = |instant| self.last_by(nanos(instant));
        (last_by(until) - last_by(after)).try_into().unwrap_or_default()
    }

    /// The tick of this number.
    fn tick(self, number: i128) -> Option<SystemTime> {
        let interval = self.interval.as_nanos().cast_signed();
        let tick = number * interval + self.offset.as_nanos().cast_signed();
        let distance = span::from_nanos(tick.unsigned_abs())?;
        if tick < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
    }

    /// Number of the latest tick that is not after `instant`, in nanoseconds since the epoch.
    fn last_by(self, instant: i128) -> i128 {
        let offset = self.offset.as_nanos().cast_signed();
        (instant - offset).div_euclid(self.interval.as_nanos().cast_signed())
    }
}

/// Nanoseconds since the epoch.
fn nanos(instant: SystemTime) -> i128 {
    match instant.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos().cast_signed(),
        Err(before) => -before.duration().as_nanos().cast_signed(),
    }
}

/// Checks the bounds of an interval or a delay.
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

    /// Reads the interval alone.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(span::parse(text)?)
    }
}
