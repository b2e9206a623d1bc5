//! The series of one key, and of the lease of a process.

use std::sync::MutexGuard;
use std::time::Duration;

use leader_core::Timing;
use leader_core::election::Timestamp;

use super::{Counter, Gauge, Histogram};
use super::{IS_LEADING, LEASE, LEASE_MARGIN, LEASE_REMAINING, TAKEOVER, TRANSITIONS};
use crate::sync::Mutex;
use crate::system::clock;

/// The meters of one key.
#[derive(Debug)]
pub(crate) struct KeyMeter {
    is_leading: Gauge,
    leading: Counter,
    standby: Counter,
}

/// The meters of all keys of a process.
#[derive(Debug)]
pub(crate) struct TermMeter {
    lease_remaining: Gauge,
    margin: Mutex<Margin>,
    from_gone: Histogram,
    from_silent: Histogram,
}

/// Minimum of the current and the previous minute: a scrape each minute misses none.
#[derive(Debug, Default)]
struct Margin {
    gauge: Option<Gauge>,
    /// Start and minimum of the current minute and of the previous one.
    minutes: [Option<(Timestamp, Duration)>; 2],
}

const MINUTE: Duration = Duration::from_secs(60);

impl Margin {
    fn take_in(&mut self, now: Timestamp, left: Duration) {
        let [minute, before] = &mut self.minutes;
        match minute {
            Some((began, least)) if now.since(*began) < MINUTE => *least = left.min(*least),
            _ => *before = minute.replace((now, left)),
        }
    }

    fn least(&self, now: Timestamp) -> Option<Duration> {
        let recent = |(began, _): &&(Timestamp, Duration)| now.since(*began) < MINUTE * 2;
        self.minutes.iter().flatten().filter(recent).map(|(_, least)| *least).min()
    }

    fn refresh(&self, now: Timestamp) {
        if let Some(gauge) = &self.gauge {
            gauge.set(self.least(now).map_or(f64::NAN, |least| least.as_secs_f64()));
        }
    }
}

impl KeyMeter {
    pub(crate) fn new(key: &str) -> Self {
        let transitions = |to| TRANSITIONS.counter(&[key, to]);
        let (leading, standby) = (transitions("leading"), transitions("standby"));
        Self { is_leading: IS_LEADING.gauge(&[key]), leading, standby }
    }

    /// Counts the beginning of leadership.
    pub(crate) fn lead(&self) {
        self.leading.increment(1);
        self.refresh(true);
    }

    /// Counts the end of leadership.
    pub(crate) fn stand_by(&self) {
        self.standby.increment(1);
        self.refresh(false);
    }

    pub(crate) fn refresh(&self, is_leading: bool) {
        self.is_leading.set(if is_leading { 1.0 } else { 0.0 });
    }
}

impl TermMeter {
    pub(crate) fn new() -> Self {
        Self {
            lease_remaining: LEASE_REMAINING.gauge(&[]),
            margin: Mutex::default(),
            from_gone: TAKEOVER.histogram(&["gone"]),
            from_silent: TAKEOVER.histogram(&["silent"]),
        }
    }

    pub(crate) fn promise(timing: Timing) {
        LEASE.gauge(&[]).set(timing.lease().length().as_secs_f64());
    }

    /// Records the time from the end of the previous term to the beginning of this one.
    pub(crate) fn take_over(&self, was_silent: bool, after: Duration) {
        let takeovers = if was_silent { &self.from_silent } else { &self.from_gone };
        takeovers.record(after.as_secs_f64());
    }

    /// Records the trust that was left when a heartbeat extended it.
    pub(crate) fn extend(&self, now: Timestamp, left: Duration) {
        let mut margin = self.margin();
        margin.take_in(now, left);
        // the series begins with the first known value
        margin.gauge.get_or_insert_with(|| LEASE_MARGIN.gauge(&[]));
        margin.refresh(now);
    }

    fn margin(&self) -> MutexGuard<'_, Margin> {
        self.margin.lock()
    }

    /// Updates the remaining trust; `until` is 0 without a term.
    pub(crate) fn refresh(&self, until: Timestamp) {
        self.margin().refresh(clock::now());
        self.lease_remaining.set(match until {
            Timestamp::NEVER => f64::INFINITY,
            until => until.since(clock::now()).as_secs_f64(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_the_least_of_the_last_minute_and_forgets_what_is_older_than_two() {
        let mut margin = Margin::default();
        let at = |seconds: u64| Timestamp::from_nanos(seconds * 1_000_000_000);
        let mut least = Vec::new();
        for (second, left) in [(1, 4), (10, 2), (40, 4), (61, 4), (100, 3), (125, 4), (500, 4)] {
            margin.take_in(at(second), Duration::from_secs(left));
            least.push(margin.least(at(second)).map_or(0, |least| least.as_secs()));
        }
        assert_eq!(least, [4, 2, 2, 2, 2, 3, 4]);
        assert_eq!(margin.least(at(700)), None);
    }
}
