//! A throttle for log lines: an event is logged once, and again only after a while.

use std::collections::BTreeMap;
use std::time::Duration;

use leader_core::election::Timestamp;

/// Delay until an event that keeps occurring is logged again.
pub(crate) const LOG_AGAIN: Duration = Duration::from_secs(600);

/// Minimum number of events before old ones are removed.
const REMOVES_AT: usize = 32;

/// A rate limit of one log line per event and period. Events are told apart by their key.
#[derive(Debug)]
pub(crate) struct Throttle<K> {
    period: Duration,
    logged: BTreeMap<K, Logged>,
    /// Number of events at which old ones are removed.
    removes_at: usize,
}

#[derive(Debug)]
struct Logged {
    at: Timestamp,
    /// Occurrences that were not logged since.
    suppressed: u64,
}

impl<K: Ord> Throttle<K> {
    pub(crate) const fn new(period: Duration) -> Self {
        Self { period, logged: BTreeMap::new(), removes_at: REMOVES_AT }
    }

    /// Counts an occurrence. Returns `None` if it is not to be logged; otherwise how often the event
    /// occurred again since its last log line, 0 for the first occurrence.
    pub(crate) fn admit(&mut self, now: Timestamp, key: K) -> Option<u64> {
        let period = self.period;
        let is_recent = |logged: &Logged| now < logged.at + period;
        let again = match self.logged.get_mut(&key) {
            Some(logged) if is_recent(logged) => {
                logged.suppressed += 1;
                return None;
            }
            Some(logged) => logged.suppressed + 1,
            None => 0,
        };
        // keys may be texts of faults, which would pile up
        if self.logged.len() >= self.removes_at {
            self.logged.retain(|_, logged| is_recent(logged));
            self.removes_at = REMOVES_AT.max(self.logged.len() * 2);
        }
        self.logged.insert(key, Logged { at: now, suppressed: 0 });
        Some(again)
    }

    /// Whether an occurrence at `now` would be logged.
    pub(crate) fn is_open(&self, now: Timestamp, key: &K) -> bool {
        self.logged.get(key).is_none_or(|logged| now >= logged.at + self.period)
    }

    /// Forgets all events: each is logged when it occurs next.
    pub(crate) fn clear(&mut self) {
        self.logged.clear();
    }
}

impl<K: Ord> Default for Throttle<K> {
    fn default() -> Self {
        Self::new(LOG_AGAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_logged_once_a_period_with_how_often_it_came_again() {
        let mut throttle = Throttle::default();
        let at = |seconds| Timestamp::from_nanos(1) + Duration::from_secs(seconds);
        assert_eq!(throttle.admit(at(0), "denied"), Some(0));
        assert_eq!(throttle.admit(at(1), "other"), Some(0));
        assert_eq!([at(2), at(599)].map(|now| throttle.admit(now, "denied")), [None, None]);
        assert!(!throttle.is_open(at(599), &"denied") && throttle.is_open(at(600), &"denied"));
        assert_eq!(throttle.admit(at(600), "denied"), Some(3));
        assert_eq!(throttle.admit(at(601), "denied"), None);
        throttle.clear();
        assert_eq!(throttle.admit(at(602), "denied"), Some(0));
    }

    #[test]
    fn events_of_long_ago_take_no_memory() {
        let mut throttle = Throttle::default();
        for minute in 0..100 {
            let now = Timestamp::from_nanos(1) + Duration::from_secs(60 * minute);
            assert_eq!(throttle.admit(now, minute), Some(0));
        }
        assert!(throttle.logged.len() <= REMOVES_AT, "{}", throttle.logged.len());
    }
}
