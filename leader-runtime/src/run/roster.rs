//! Which jobs are due together: those of one schedule.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::sync::Arc;

use leader_core::Schedule;

use crate::job::Registration;

/// The schedules that an engine goes by, in its order, each with its jobs by their places.
#[derive(Debug, Default)]
pub(crate) struct Roster(Vec<(Arc<Schedule>, Vec<usize>)>);

impl Roster {
    /// Jobs of one schedule are one tick.
    pub(crate) fn together(jobs: &[Registration]) -> Self {
        let mut roster = Self::default();
        let mut known: HashMap<_, usize> = HashMap::new();
        for (job, schedule) in jobs.iter().map(|job| &job.schedule).enumerate() {
            match known.entry(schedule) {
                Occupied(place) => roster.0[*place.get()].1.push(job),
                Vacant(place) => {
                    place.insert(roster.0.len());
                    roster.0.push((Arc::clone(schedule), vec![job]));
                }
            }
        }
        roster
    }

    /// Each job is a tick of its own, for an engine that knows them by their names.
    #[cfg(any(feature = "tokio_cron_scheduler", test))]
    pub(crate) fn apart(jobs: &[Registration]) -> Self {
        let schedules = jobs.iter().map(|job| Arc::clone(&job.schedule));
        Self(schedules.enumerate().map(|(job, schedule)| (schedule, vec![job])).collect())
    }

    pub(crate) fn schedules(&self) -> impl Iterator<Item = Arc<Schedule>> {
        self.0.iter().map(|(schedule, _)| Arc::clone(schedule))
    }

    /// The jobs of each schedule.
    pub(super) fn jobs(self) -> impl Iterator<Item = Vec<usize>> {
        self.0.into_iter().map(|(_, jobs)| jobs)
    }
}
