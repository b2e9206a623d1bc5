//! The instant at which a run is due, as a job and a log see it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::time::SystemTime;

use jiff::Timestamp;

use super::Zone;
use crate::error::Error;

/// The instant at which a run is due: the same on every node, however late the run begins.
///
/// It prints as RFC 3339 in UTC: `2026-11-24T05:00:00.2Z`. What lies beyond the year 9999 is
/// printed as that year's end. Two are equal where their instants are.
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

    /// The same instant, by the clock of the job's zone.
    #[doc(hidden)]
    #[must_use]
    pub const fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// Whose clock it goes by.
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

    /// It by the clock of the job's zone, which is that of its `tz` or else UTC, in the form of RFC
    /// 9557: `2026-11-24T06:00:00+01:00[Europe/Oslo]`. Libraries of the calendar read that, as
    /// `due.zoned().parse::<jiff::Zoned>()` does.
    #[must_use]
    pub fn zoned(self) -> String {
        self.by_jiff().to_zoned(self.zone.of_jiff()).to_string()
    }

    /// It by the same clock, for people who know the date: `Tue 06:00:00 +01:00`.
    #[doc(hidden)]
    #[must_use]
    pub fn time_of_day(self) -> String {
        self.by_jiff().to_zoned(self.zone.of_jiff()).strftime("%a %T %:z").to_string()
    }

    fn by_jiff(self) -> Timestamp {
        Timestamp::try_from(self.instant).unwrap_or(Timestamp::MAX)
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

/// What it prints as.
impl FromStr for Due {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let instant: Timestamp = text.parse().map_err(|_| {
            Error::new(format!("`{text}` is no instant; write one such as `2026-11-24T05:00:00Z`"))
        })?;
        Ok(Self::new(instant.into()))
    }
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.by_jiff().fmt(f)
    }
}
