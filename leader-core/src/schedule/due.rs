//! The instant at which a run is due, as a job and a log see it.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;

/// The instant at which a run is due: the same on every node, however late the run begins.
///
/// It prints as RFC 3339 in UTC: `2026-11-24T05:00:00.2Z`. What lies beyond the year 9999 is
/// printed as that year's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due(SystemTime);

impl Due {
    /// This instant; in a test, to call a job by hand.
    #[must_use]
    pub const fn new(instant: SystemTime) -> Self {
        Self(instant)
    }

    /// The instant itself.
    #[must_use]
    pub const fn timestamp(self) -> SystemTime {
        self.0
    }
}

impl From<Due> for SystemTime {
    fn from(due: Due) -> Self {
        due.0
    }
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Timestamp::try_from(self.0).unwrap_or(Timestamp::MAX).fmt(f)
    }
}
