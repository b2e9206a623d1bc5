//! Descriptions of schedules in words, for the documentation of a job and for lists of jobs.

use std::time::Duration;

use super::Every;
use crate::span::{Unit, parts};

pub(super) fn every(every: Every) -> String {
    let interval = span(every.interval());
    let interval = interval.strip_prefix("1 ").filter(|unit| !unit.contains(' '));
    let each = interval.map_or_else(|| span(every.interval()), str::to_owned);
    if every.offset().is_zero() {
        return format!("every {each}");
    }
    format!("every {each}, shifted by {}", span(every.offset()))
}

/// `1 hour and 30 minutes`
pub(super) fn span(span: Duration) -> String {
    let part = |(count, unit): (u128, &Unit)| match count {
        1 => format!("1 {}", unit.word),
        count => format!("{count} {}s", unit.word),
    };
    listed(&parts(span).map(part).collect::<Vec<_>>())
}

/// `a, b and c`
pub(super) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
