//! The parsers: texts that they read, print and refuse; due instants of schedules.

mod cron;
mod every;
mod except;
mod formats;
mod key;
mod options;
mod schedule;
mod seed;
mod span;
mod zone;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use leader_core::{Cron, Due, Zone};

pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(crate) fn parsed(text: &str) -> SystemTime {
    text.parse::<Due>().expect(text).timestamp()
}

/// The first `count` instants after `start`, as they print.
pub(crate) fn due(cron: &str, start: &str, count: usize) -> Vec<String> {
    let cron: Cron = cron.parse().expect(cron);
    std::iter::successors(cron.next_after(parsed(start)), |&instant| cron.next_after(instant))
        .take(count)
        .map(|instant| Due::new(instant).to_string())
        .collect()
}

/// Due instants in a zone, as they print there.
pub(crate) fn due_in(zone: &str, cron: &str, start: &str, count: usize) -> Vec<String> {
    let zone: Zone = zone.parse().expect(zone);
    let cron = cron.parse::<Cron>().expect(cron).in_zone(zone);
    std::iter::successors(cron.next_after(parsed(start)), |&instant| cron.next_after(instant))
        .take(count)
        .map(|instant| Due::new(instant).in_zone(zone).zoned())
        .collect()
}

pub(crate) fn fault<T: std::str::FromStr<Err = leader_core::Error> + std::fmt::Debug>(
    text: &str,
) -> String {
    text.parse::<T>().expect_err(text).to_string()
}

pub(crate) fn assert_says(fault: &str, parts: &[&str]) {
    for part in parts {
        assert!(fault.contains(part), "`{fault}` does not say `{part}`");
    }
}
