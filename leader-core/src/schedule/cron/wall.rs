//! Wall clock times as instants, and back, as in Vixie cron, where the clock of a zone is set forward or
//! back.
//!
//! The search itself is for a clock that is never set. A wildcard follows real time: an instant is due
//! by the time that the clock *shows*. Fixed times come once a day: an instant is due when the clock
//! has *passed* the time.

use jiff_core::Timestamp;
use jiff_core::civil::DateTime;
use jiff_core::tz::AmbiguousOffset;

use crate::schedule::Zone;

/// Finds the first time that matches after this one, or at this one if the flag is set.
pub(super) trait Search: Fn(DateTime, bool) -> Option<DateTime> {}

impl<F: Fn(DateTime, bool) -> Option<DateTime>> Search for F {}

/// Returns the first instant after `now` at which the clock shows a time that matches. A time that
/// comes twice matches twice, and a time that is left out never.
pub(super) fn next_shown(zone: Zone, now: Timestamp, search: impl Search) -> Option<Timestamp> {
    let mut offset = zone.offset(now);
    let mut time = search(offset.to_datetime(now), false)?;
    let mut from = now;
    loop {
        let instant = offset.to_timestamp(time).ok()?;
        let Some(change) = zone.change_after(from) else { return Some(instant) };
        let change_at = change.timestamp();
        if instant < change_at {
            return Some(instant);
        }
        (from, offset) = match instant.checked_sub_seconds(NEAR) {
            // no change this far away repeats a time that was shown
            Ok(near) if near > change_at && since(from, change_at) > NEAR => {
                (near, zone.offset(near))
            }
            _ => (change_at, change.offset()),
        };
        time = search(offset.to_datetime(from), true)?;
    }
}

/// Returns the first instant after `now` at which the clock reaches or passes a time that matches. A
/// time that comes twice matches once, and a time that is left out at the end of the gap.
pub(super) fn next_passed(zone: Zone, now: Timestamp, search: impl Search) -> Option<Timestamp> {
    let offset = zone.offset(now);
    let shown = offset.to_datetime(now);
    let time = match zone.offset_of(shown) {
        // the clock repeats times that have passed, up to the time before the change
        AmbiguousOffset::Fold { before, after } if offset == after => {
            let change = change_after(zone, before.to_timestamp(shown).ok()?)?;
            search(before.to_datetime(change), true)
        }
        _ => search(shown, false),
    }?;
    match zone.offset_of(time) {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(time).ok(),
        AmbiguousOffset::Gap { after, .. } => change_after(zone, after.to_timestamp(time).ok()?),
    }
}

/// Returns the last instant before `now` at which the clock shows a time that matches.
pub(super) fn previous_shown(
    zone: Zone,
    now: Timestamp,
    search: impl Fn(DateTime) -> Option<DateTime>,
) -> Option<Timestamp> {
    let mut end = now;
    loop {
        let change = zone.change_before(end);
        let offset = match &change {
            Some(change) => change.offset(),
            // before its clock was set for the first time
            None => zone.offset(end.checked_sub(0, 1).ok()?),
        };
        let instant = offset.to_timestamp(search(offset.to_datetime(end))?).ok()?;
        let change_at = match change {
            Some(change) if instant < change.timestamp() => change.timestamp(),
            _ => return Some(instant),
        };
        end = match instant.checked_add_seconds(NEAR) {
            Ok(near) if near < change_at && since(change_at, end) > NEAR => near,
            _ => change_at,
        };
    }
}

/// Returns the last instant before `now` at which the clock reached or passed a time that matches.
pub(super) fn previous_passed(
    zone: Zone,
    now: Timestamp,
    search: impl Fn(DateTime) -> Option<DateTime>,
) -> Option<Timestamp> {
    let offset = zone.offset(now);
    let shown = offset.to_datetime(now);
    let mut end = match zone.offset_of(shown) {
        // all that the clock shows until it is where it was has passed
        AmbiguousOffset::Fold { before, after } if offset == after => {
            before.to_datetime(change_after(zone, before.to_timestamp(shown).ok()?)?)
        }
        _ => shown,
    };
    loop {
        let time = search(end)?;
        match zone.offset_of(time) {
            AmbiguousOffset::Unambiguous { offset } => return offset.to_timestamp(time).ok(),
            AmbiguousOffset::Fold { before, .. } => return before.to_timestamp(time).ok(),
            AmbiguousOffset::Gap { before, after } => {
                let change = change_after(zone, after.to_timestamp(time).ok()?)?;
                if change < now {
                    return Some(change);
                }
                // made up for only now: the time before the gap is meant
                end = before.to_datetime(change);
            }
        }
    }
}

/// Maximum number of seconds by which a clock is set, so that times which a change repeats are no
/// further away. A schedule that is due every twenty years is not searched at each of forty changes.
const NEAR: i64 = 2 * 24 * 3600;

/// Seconds from one instant to a later one.
const fn since(earlier: Timestamp, later: Timestamp) -> i64 {
    later.as_second() - earlier.as_second()
}

/// First change of the clock after this instant.
fn change_after(zone: Zone, instant: Timestamp) -> Option<Timestamp> {
    Some(zone.change_after(instant)?.timestamp())
}
