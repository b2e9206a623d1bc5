//! Due instants, as a job and a log see them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::time::SystemTime;

use jiff_core::Timestamp;

use super::{Zone, clock, rfc3339};
use crate::error::Error;

/// The instant at which a run is due: the same on every node, however late the run begins.
///
/// It prints as RFC 3339 in UTC: `2026-11-24T05:00:00.2Z`. An instant after the year 9999 prints as
/// the end of that year. Two are equal if their instants are equal.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    instant: SystemTime,
    zone: Zone,
}

impl Due {
    /// This instant, in UTC; in a test, to call a job by hand.
    #[must_use]
    pub const fn new(instant: SystemTime) -> Self {
        Self { instant, zone: Zone::UTC }
    }

    /// This instant, by the clock of the job's zone.
    #[doc(hidden)]
    #[must_use]
    pub const fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// Time zone of the job.
    #[doc(hidden)]
    #[must_use]
    pub const fn zone(self) -> Zone {
        self.zone
    }

    /// Another instant, by the clock of the same zone.
    #[doc(hidden)]
    #[must_use]
    pub const fn at(self, instant: SystemTime) -> Self {
        Self { instant, ..self }
    }

    /// The instant itself.
    #[must_use]
    pub const fn timestamp(self) -> SystemTime {
        self.instant
    }

    /// Prints the instant by the clock of the job's zone (its `tz`, or UTC) in the form of RFC 9557:
    /// `2026-11-24T06:00:00+01:00[Europe/Oslo]`. Calendar libraries read this form:
    /// `due.zoned().parse::<jiff::ZonedDateTime>()`.
    #[must_use]
    pub fn zoned(self) -> String {
        let instant = self.of_the_calendar();
        rfc3339::in_zone(instant, self.zone.offset(instant), self.zone.name())
    }

    /// Prints the instant by the same clock, without the date: `Tue 06:00:00 +01:00`.
    #[doc(hidden)]
    #[must_use]
    pub fn time_of_day(self) -> String {
        let instant = self.of_the_calendar();
        rfc3339::time_of_day(instant, self.zone.offset(instant))
    }

    fn of_the_calendar(self) -> Timestamp {
        clock::to_calendar(self.instant).unwrap_or(Timestamp::MAX)
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.instant == other.instant
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        self.instant.cmp(&other.instant)
    }
}

impl Hash for Due {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.instant.hash(state);
    }
}

impl From<Due> for SystemTime {
    fn from(due: Due) -> Self {
        due.instant
    }
}

/// Reads an instant of RFC 3339 with any offset.
impl FromStr for Due {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let instant = rfc3339::parse(text).and_then(clock::from_calendar);
        instant.map(Self::new).ok_or_else(|| {
            Error::new(format!("`{text}` is no instant; write one such as `2026-11-24T05:00:00Z`"))
        })
    }
}

/// RFC 3339 in UTC, as it prints.
#[cfg(feature = "serde")]
impl serde::Serialize for Due {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&rfc3339::in_utc(self.of_the_calendar()))
    }
}
