//! When jobs are to be begun that go by their own runs, and not by a grid or a calendar.

use std::collections::{BTreeMap, BTreeSet};

use leader_core::election::Timestamp;

/// At most one instant a job.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    order: BTreeSet<(Timestamp, usize)>,
    at: BTreeMap<usize, Timestamp>,
}

impl Agenda {
    /// The job is to be begun at this instant, and at none that was put down before.
    pub(super) fn put(&mut self, job: usize, at: Timestamp) {
        self.strike(job);
        self.at.insert(job, at);
        self.order.insert((at, job));
    }

    /// The job is to be begun at no instant.
    pub(super) fn strike(&mut self, job: usize) {
        if let Some(at) = self.at.remove(&job) {
            self.order.remove(&(at, job));
        }
    }

    pub(super) fn at(&self, job: usize) -> Option<Timestamp> {
        self.at.get(&job).copied()
    }

    pub(super) fn first(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Strikes out a job that is due by `now`.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<usize> {
        let (at, job) = *self.order.first()?;
        (at <= now).then(|| {
            self.strike(job);
            job
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_has_one_instant_and_the_soonest_comes_first() {
        let at = Timestamp::from_nanos;
        let mut agenda = Agenda::default();
        agenda.put(1, at(50));
        agenda.put(2, at(30));
        agenda.put(1, at(20));
        agenda.put(3, at(40));
        agenda.strike(3);
        assert_eq!((agenda.first(), agenda.at(3)), (Some(at(20)), None));
        assert_eq!(agenda.pop(at(19)), None);
        assert_eq!([agenda.pop(at(30)), agenda.pop(at(30))], [Some(1), Some(2)]);
        assert_eq!((agenda.pop(at(99)), agenda.first()), (None, None));
    }
}
