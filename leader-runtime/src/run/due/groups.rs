//! Jobs that one tick makes due, grouped so that each group enters its gate once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use leader_core::Schedule;
use leader_core::election::KeyId;

use super::schedule_table::ScheduleTable;
use crate::run::job::Job;

/// Jobs of one schedule on one key that are started in one way.
#[derive(Debug)]
pub(in crate::run) struct DueGroup {
    /// Indices of the jobs.
    pub(super) jobs: Arc<[usize]>,
    pub(super) mode: StartMode,
    /// Whether any of the jobs has a `standby`.
    pub(super) has_standby: bool,
}

/// The way in which a due job is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StartMode {
    /// By a worker of the queue: the job starts or is skipped, and waits for nothing.
    Queued,
    /// In a task of its own: the job has a jitter, a record, or may wait for its slot.
    Spawned,
    /// Not by a tick: by a term, or by the end of the previous run.
    SelfPaced,
}

impl StartMode {
    fn of(job: &Job) -> Self {
        match job.schedule() {
            Schedule::After(_) | Schedule::WhileLeading => Self::SelfPaced,
            _ if job.policies().jitter.is_zero()
                && job.history.is_none()
                && !job.overlap_rules().may_wait() =>
            {
                Self::Queued
            }
            _ => Self::Spawned,
        }
    }
}

/// The groups of all schedules in a row, and the range of groups for each schedule.
pub(in crate::run) fn due_groups(
    table: ScheduleTable,
    jobs: &[Job],
) -> (Vec<Range<usize>>, Vec<DueGroup>) {
    let mut groups = Vec::new();
    let of_schedule = |places: Vec<usize>| {
        let mut alike: BTreeMap<(KeyId, StartMode), Vec<usize>> = BTreeMap::new();
        for place in places {
            let job = &jobs[place];
            alike.entry((job.gate().key(), StartMode::of(job))).or_default().push(place);
        }
        let begin = groups.len();
        groups.extend(alike.into_iter().map(|((_, mode), places)| {
            let has_standby = places.iter().any(|&place| jobs[place].entry.standby.is_some());
            DueGroup { jobs: places.into(), mode, has_standby }
        }));
        begin..groups.len()
    };
    (table.into_jobs().map(of_schedule).collect(), groups)
}
