//! What the wall clock has shown already: stretches of it, of which none touches another.

use std::time::SystemTime;

/// As many are told apart. Of a clock that is set more often than that, the two nearest count as
/// one: an instant between them may be left out, none is run twice.
const MOST: usize = 64;

/// Stretches of the wall clock in their order, each without its first instant and with its last.
#[derive(Debug, Default)]
pub(super) struct Lived(Vec<(SystemTime, SystemTime)>);

impl Lived {
    /// Adds the stretch after `start`, up to and with `end`.
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
        if self.0.len() > MOST {
            self.join_the_nearest();
        }
    }

    fn join_the_nearest(&mut self) {
        let gap = |&before: &usize| self.0[before + 1].0.duration_since(self.0[before].1).ok();
        let Some(before) = (0..self.0.len() - 1).min_by_key(gap) else { return };
        let (_, end) = self.0.remove(before + 1);
        self.0[before].1 = end;
    }

    /// The end of the stretch that holds this instant, where one does.
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
    fn a_stretch_holds_its_end_and_not_its_start() {
        let mut lived = Lived::default();
        lived.add(at(10), at(20));
        let end_of = |second| lived.end_of(at(second));
        assert_eq!((end_of(10), end_of(11), end_of(20)), (None, Some(at(20)), Some(at(20))));
        assert_eq!(end_of(21), None);
    }

    #[test]
    fn stretches_that_touch_are_one() {
        let mut lived = Lived::default();
        lived.add(at(10), at(20));
        lived.add(at(40), at(50));
        lived.add(at(15), at(40));
        assert_eq!(lived.0, [(at(10), at(50))]);
    }

    #[test]
    fn of_a_clock_that_is_set_again_and_again_nothing_is_forgotten() {
        let mut lived = Lived::default();
        let hours = (0..1_000).map(|hour| hour * 3_600);
        hours.clone().for_each(|start| lived.add(at(start), at(start + 1)));
        assert_eq!(lived.0.len(), MOST);
        assert!(hours.clone().all(|start| lived.end_of(at(start + 1)).is_some()));
    }
}
