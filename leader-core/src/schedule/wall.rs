//! From what a wall clock shows to instants, as in Vixie cron, where the clock of a zone is set
//! forwards and back.
//!
//! croner is asked about a clock that is never set. What it says of zones by itself makes up for
//! nothing where several times lie in the gap: `0,20,40 2 * * *` would leave out that night.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// The first time that matches after this one, or at it where the flag says so.
pub(super) trait Search: Fn(DateTime, bool) -> Option<DateTime> {}

impl<F: Fn(DateTime, bool) -> Option<DateTime>> Search for F {}

/// The first instant after `now` at which the clock shows a time that matches: twice, where it
/// comes twice, and never, where it is left out.
pub(super) fn next_shown(
    zone: &TimeZone,
    now: Timestamp,
    search: impl Search,
) -> Option<Timestamp> {
    let mut offset = zone.to_offset(now);
    let mut time = search(offset.to_datetime(now), false)?;
    for change in zone.following(now) {
        let instant = offset.to_timestamp(time).ok()?;
        if instant < change.timestamp() {
            return Some(instant);
        }
        offset = change.offset();
        time = search(offset.to_datetime(change.timestamp()), true)?;
    }
    offset.to_timestamp(time).ok()
}

/// The first instant after `now` at which the clock comes to a time that matches, or past it: once,
/// where it comes twice, and at the end of the gap, where it is left out.
pub(super) fn next_passed(
    zone: &TimeZone,
    now: Timestamp,
    search: impl Search,
) -> Option<Timestamp> {
    let offset = zone.to_offset(now);
    let shown = offset.to_datetime(now);
    let time = match zone.to_ambiguous_timestamp(shown).offset() {
        // all that the clock shows until it is where it was has passed
        AmbiguousOffset::Fold { before, after } if offset == after => {
            let change = change_after(zone, before.to_timestamp(shown).ok()?)?;
            search(before.to_datetime(change), true)
        }
        _ => search(shown, false),
    }?;
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(time).ok(),
        AmbiguousOffset::Gap { after, .. } => change_after(zone, after.to_timestamp(time).ok()?),
    }
}

/// When the clock is set, the first time after this instant.
fn change_after(zone: &TimeZone, instant: Timestamp) -> Option<Timestamp> {
    zone.following(instant).next().map(|change| change.timestamp())
}
