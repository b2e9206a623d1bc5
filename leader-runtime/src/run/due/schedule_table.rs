//! The schedules of an engine, and the jobs that each of them makes due.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::sync::Arc;

use leader_core::Schedule;

use crate::registry::Registration;

/// Schedules in the order of the engine, each with the indices of its jobs.
#[derive(Debug, Default)]
pub(crate) struct ScheduleTable(Vec<(Arc<Schedule>, Vec<usize>)>);

impl ScheduleTable {
    /// One entry for each different schedule: jobs with equal schedules share a tick.
    pub(crate) fn shared(jobs: &[Registration]) -> Self {
        let mut table = Self::default();
        let mut known: HashMap<_, usize> = HashMap::new();
        for (job, schedule) in jobs.iter().map(|job| &job.schedule).enumerate() {
            match known.entry(schedule) {
                Occupied(index) => table.0[*index.get()].1.push(job),
                Vacant(index) => {
                    index.insert(table.0.len());
                    table.0.push((Arc::clone(schedule), vec![job]));
                }
            }
        }
        table
    }

    /// One entry for each job, for an engine that knows jobs by their names.
    #[cfg(any(feature = "tokio-cron-scheduler", test))]
    pub(crate) fn one_each(jobs: &[Registration]) -> Self {
        let schedules = jobs.iter().map(|job| Arc::clone(&job.schedule));
        Self(schedules.enumerate().map(|(job, schedule)| (schedule, vec![job])).collect())
    }

    pub(crate) fn schedules(&self) -> impl Iterator<Item = Arc<Schedule>> {
        self.0.iter().map(|(schedule, _)| Arc::clone(schedule))
    }

    /// The jobs of each schedule.
    pub(super) fn into_jobs(self) -> impl Iterator<Item = Vec<usize>> {
        self.0.into_iter().map(|(_, jobs)| jobs)
    }
}
