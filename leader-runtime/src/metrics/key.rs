//! The series of one key, and of the lease that all keys of a process are led by.

use std::time::Duration;

use leader_core::Timing;
use leader_core::election::Timestamp;

use super::{Counter, Gauge, Histogram};
use super::{IS_LEADING, LEASE, LEASE_REMAINING, TAKEOVER, TRANSITIONS};
use crate::clock;

/// Of one key.
#[derive(Debug)]
pub(crate) struct KeyMeter {
    is_leading: Gauge,
    leading: Counter,
    standby: Counter,
}

/// Of all keys of a process.
#[derive(Debug)]
pub(crate) struct TermMeter {
    lease_remaining: Gauge,
    from_gone: Histogram,
    from_silent: Histogram,
}

impl KeyMeter {
    pub(crate) fn new(key: &str) -> Self {
        let transitions = |to| TRANSITIONS.counter(&[key, to]);
        let (leading, standby) = (transitions("leading"), transitions("standby"));
        Self { is_leading: IS_LEADING.gauge(&[key]), leading, standby }
    }

    /// This process leads it from now on.
    pub(crate) fn lead(&self) {
        self.leading.increment(1);
        self.refresh(true);
    }

    /// It leads no longer.
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
            from_gone: TAKEOVER.histogram(&["gone"]),
            from_silent: TAKEOVER.histogram(&["silent"]),
        }
    }

    pub(crate) fn promise(timing: Timing) {
        LEASE.gauge(&[]).set(timing.lease().length().as_secs_f64());
    }

    /// A term began so long after the end of the one before it.
    pub(crate) fn take_over(&self, was_silent: bool, after: Duration) {
        let takeovers = if was_silent { &self.from_silent } else { &self.from_gone };
        takeovers.record(after.as_secs_f64());
    }

    /// Says until when the terms are believed; the instant 0 where none is.
    pub(crate) fn refresh(&self, until: Timestamp) {
        self.lease_remaining.set(match until {
            Timestamp::NEVER => f64::INFINITY,
            until => until.since(clock::now()).as_secs_f64(),
        });
    }
}
