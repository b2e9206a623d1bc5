//! Timers of self-paced jobs.

use std::collections::{BTreeMap, BTreeSet};

use leader_core::election::Timestamp;

/// At most one timer for each job.
#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(Timestamp, usize)>,
    by_job: BTreeMap<usize, Timestamp>,
}

impl Timers {
    /// Sets the timer of a job, in place of its previous one.
    pub(super) fn set(&mut self, job: usize, at: Timestamp) {
        self.cancel(job);
        self.by_job.insert(job, at);
        self.order.insert((at, job));
    }

    pub(super) fn cancel(&mut self, job: usize) {
        if let Some(at) = self.by_job.remove(&job) {
            self.order.remove(&(at, job));
        }
    }

    pub(super) fn get(&self, job: usize) -> Option<Timestamp> {
        self.by_job.get(&job).copied()
    }

    /// The instant of the first timer.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Removes the first timer that is due by `now`, and returns its job.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<usize> {
        let (at, job) = *self.order.first()?;
        (at <= now).then(|| {
            self.cancel(job);
            job
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_has_one_timer_and_the_soonest_comes_first() {
        let at = Timestamp::from_nanos;
        let mut timers = Timers::default();
        timers.set(1, at(50));
        timers.set(2, at(30));
        timers.set(1, at(20));
        timers.set(3, at(40));
        timers.cancel(3);
        assert_eq!((timers.next(), timers.get(3)), (Some(at(20)), None));
        assert_eq!(timers.pop_due(at(19)), None);
        assert_eq!([timers.pop_due(at(30)), timers.pop_due(at(30))], [Some(1), Some(2)]);
        assert_eq!((timers.pop_due(at(99)), timers.next()), (None, None));
    }
}
