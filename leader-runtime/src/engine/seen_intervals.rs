//! The intervals that the wall clock has already shown; no two of them touch.

use std::time::SystemTime;

/// Maximum number of intervals. Where a clock is set more often, the two nearest are joined: an
/// instant between them may be skipped, and none runs twice.
const MAX_INTERVALS: usize = 64;

/// Intervals in their order, each without its start and with its end.
#[derive(Debug, Default)]
pub(super) struct SeenIntervals(Vec<(SystemTime, SystemTime)>);

impl SeenIntervals {
    /// Adds the interval after `start`, up to and including `end`.
    pub(super) fn add(&mut self, mut start: SystemTime, mut end: SystemTime) {
        self.0.retain(|&(from, to)| {
            let is_apart = to < start || end < from;
            if !is_apart {
                (start, end) = (start.min(from), end.max(to));
            }
            is_apart
        });
        let place = self.0.partition_point(|&(from, _)| from < start);
        self.0.insert(place, (start, end));
        if self.0.len() > MAX_INTERVALS {
            self.join_the_nearest();
        }
    }

    fn join_the_nearest(&mut self) {
        let gap = |&before: &usize| self.0[before + 1].0.duration_since(self.0[before].1).ok();
        let Some(before) = (0..self.0.len() - 1).min_by_key(gap) else { return };
        let (_, end) = self.0.remove(before + 1);
        self.0[before].1 = end;
    }

    /// The end of the interval that contains this instant, if one does.
    pub(super) fn end_of(&self, instant: SystemTime) -> Option<SystemTime> {
        self.0.iter().find(|&&(start, end)| start < instant && instant <= end).map(|&(_, end)| end)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn an_interval_contains_its_end_and_not_its_start() {
        let mut seen = SeenIntervals::default();
        seen.add(at(10), at(20));
        let end_of = |second| seen.end_of(at(second));
        assert_eq!((end_of(10), end_of(11), end_of(20)), (None, Some(at(20)), Some(at(20))));
        assert_eq!(end_of(21), None);
    }

    #[test]
    fn intervals_that_touch_are_joined() {
        let mut seen = SeenIntervals::default();
        seen.add(at(10), at(20));
        seen.add(at(40), at(50));
        seen.add(at(15), at(40));
        assert_eq!(seen.0, [(at(10), at(50))]);
    }

    #[test]
    fn of_a_clock_that_is_set_again_and_again_nothing_is_forgotten() {
        let mut seen = SeenIntervals::default();
        let hours = (0..1_000).map(|hour| hour * 3_600);
        hours.clone().for_each(|start| seen.add(at(start), at(start + 1)));
        assert_eq!(seen.0.len(), MAX_INTERVALS);
        assert!(hours.clone().all(|start| seen.end_of(at(start + 1)).is_some()));
    }
}
