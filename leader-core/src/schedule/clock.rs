//! Conversion between instants of the standard library and of the calendar.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff_core::Timestamp;

/// Returns `None` outside the calendar, which has the years -9999 to 9999.
pub(super) fn to_calendar(instant: SystemTime) -> Option<Timestamp> {
    let (since, sign) = match instant.duration_since(UNIX_EPOCH) {
        Ok(after) => (after, 1),
        Err(before) => (before.duration(), -1),
    };
    let seconds = i64::try_from(since.as_secs()).ok()?;
    Timestamp::new(sign * seconds, sign as i32 * since.subsec_nanos().cast_signed()).ok()
}

/// Returns `None` where the platform cannot express the instant.
pub(super) fn from_calendar(instant: Timestamp) -> Option<SystemTime> {
    let (seconds, nanos) = (instant.as_second(), instant.subsec_nanosecond());
    let distance = Duration::new(seconds.unsigned_abs(), nanos.unsigned_abs());
    // both have one sign
    match (seconds, nanos) {
        (..=-1, _) | (0, ..=-1) => UNIX_EPOCH.checked_sub(distance),
        _ => UNIX_EPOCH.checked_add(distance),
    }
}
