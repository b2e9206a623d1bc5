//! Fixed rates.

use std::time::{Duration, UNIX_EPOCH};

use leader_core::{Due, Every, Schedule};
use proptest::prelude::*;

use crate::{assert_says, at, fault, parsed};

pub(crate) fn spans_in_bounds() -> impl Strategy<Value = Duration> {
    (Every::MIN.as_nanos() as u64..=Every::MAX.as_nanos() as u64).prop_map(Duration::from_nanos)
}

/// Half of them shifted.
pub(crate) fn intervals() -> impl Strategy<Value = Every> {
    (spans_in_bounds(), 0.0..1.0_f64, any::<bool>()).prop_map(|(interval, part, is_shifted)| {
        let offset = if is_shifted { interval.mul_f64(part) } else { Duration::ZERO };
        Every::new(interval).and_then(|every| every.with_offset(offset)).expect("in bounds")
    })
}

proptest! {
    #[test]
    fn an_interval_prints_as_it_is_read(every in intervals()) {
        let schedule = Schedule::Every(every);
        prop_assert_eq!(schedule.to_string().parse(), Ok(schedule));
    }

    #[test]
    fn the_next_tick_is_the_first_one_of_the_grid(every in intervals(), seconds in 0..4_000_000_000_u64, nanos in 0..1_000_000_000_u64) {
        let now = at(seconds) + Duration::from_nanos(nanos);
        let next = every.next_after(now).unwrap();
        prop_assert!(now < next && next <= now + every.interval());
        let since_epoch = next.duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let interval = every.interval().as_nanos();
        prop_assert_eq!(since_epoch % interval, every.offset().as_nanos() % interval);
    }
}

#[test]
fn a_tick_is_followed_by_the_next_one_not_by_itself() {
    let every: Every = "3s".parse().unwrap();
    assert_eq!(every.next_after(at(0)), Some(at(3)));
    assert_eq!(every.next_after(at(2)), Some(at(3)));
    assert_eq!(every.next_after(at(3)), Some(at(6)));
    assert_eq!(every.next_after(at(3) - Duration::from_nanos(1)), Some(at(3)));
}

#[test]
fn an_hour_is_the_full_hour() {
    let schedule = Schedule::Every("1h".parse().unwrap());
    let next = schedule.next_after(parsed("2026-11-24T04:59:59.999Z")).unwrap();
    assert_eq!(Due::new(next).to_string(), "2026-11-24T05:00:00Z");
}

#[test]
fn the_grid_goes_on_before_the_epoch() {
    let every: Every = "10s".parse().unwrap();
    assert_eq!(every.next_after(UNIX_EPOCH - Duration::from_secs(1)), Some(UNIX_EPOCH));
    let tick = UNIX_EPOCH - Duration::from_secs(20);
    assert_eq!(every.next_after(tick), Some(UNIX_EPOCH - Duration::from_secs(10)));
    assert_eq!(every.next_after(tick - Duration::from_secs(1)), Some(tick));
}

#[test]
fn an_interval_out_of_bounds_names_them() {
    for (text, what) in [("0s", "0s is too short"), ("9ms", "9ms is too short"), ("367d", "long")] {
        assert_says(&fault::<Every>(text), &[what, "10ms to 366d"]);
    }
    assert!("10ms".parse::<Every>().is_ok());
    assert!("366d".parse::<Every>().is_ok());
}
