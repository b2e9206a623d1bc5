//! Start of everything that a tick makes due: the jobs on the leader, their `standby` functions on
//! the other nodes.

mod groups;
mod queue;
mod schedule_table;
mod shard;
mod standby;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use self::groups::StartMode;
pub(super) use self::groups::{DueGroup, due_groups};
pub(super) use self::queue::Queue;
pub(crate) use self::schedule_table::ScheduleTable;
pub(super) use self::worker::{QUICK_RUN, respawn_if_stalled};
use self::worker::{spawn_workers, threads};
use super::admission::{admit, run_in_turn};
use super::firing::{Cause, Firing};
use super::job::Job;
use super::{Runs, Shared};
use crate::engine::Tick;
use crate::job::Spare;
use crate::leadership::Guard;
use crate::system::clock;

/// Number of queued jobs for which workers are spawned while further ticks are still handled.
const JOBS_BEFORE_WORKERS: usize = 256;

impl Runs {
    /// Starts the jobs of these ticks.
    pub(crate) fn fire_all(&mut self, ticks: impl IntoIterator<Item = Tick>) {
        let mut queued = 0;
        for tick in ticks {
            for group in self.groups_by_schedule[tick.place].clone() {
                queued += self.fire(group, tick);
                if queued >= JOBS_BEFORE_WORKERS {
                    spawn_workers(std::mem::take(&mut queued), &self.shared);
                }
            }
        }
        spawn_workers(queued, &self.shared);
    }

    /// Starts the jobs of a group, and returns how many of them were put into the queue.
    fn fire(&self, index: usize, tick: Tick) -> usize {
        let group = &self.shared.groups[index];
        let jobs = || group.jobs.iter().map(|&place| (place, &self.shared.jobs[place]));
        // the jobs of a group share their key and the time zone of their schedule
        let Some((_, first)) = jobs().next() else { return 0 };
        let due = first.due(tick.due);
        let Some(guard) = first.gate().enter() else {
            if group.has_standby && tick.too_late.is_none() {
                jobs().for_each(|(place, _)| self.stand_by(place, due));
            }
            return 0;
        };
        let firing = Firing::new(due, guard, Cause::Schedule);
        match (group.mode, tick.too_late) {
            (StartMode::SelfPaced, _) => {}
            (StartMode::Queued, None) => {
                self.enqueue(index, &group.jobs, firing);
                return group.jobs.len();
            }
            (StartMode::Spawned, None) => {
                jobs().for_each(|(place, job)| self.start_after_jitter(place, job, firing.clone()));
            }
            (StartMode::Queued | StartMode::Spawned, Some(late)) => {
                for (place, job) in jobs() {
                    // the record decides about the instant
                    if job.history.is_some() {
                        self.start(place, firing.with_cause(Cause::RecordCheck));
                    } else {
                        self.shared.report_too_late(job, &firing, late);
                    }
                }
            }
        }
        0
    }

    fn enqueue(&self, group: usize, jobs: &Arc<[usize]>, firing: Firing) {
        let Shared { jobs: all, queue, .. } = &*self.shared;
        if let Some((overtaken, late)) = queue.put(group, jobs, firing, threads()) {
            let firing = &overtaken.firing;
            let by = clock::wall().duration_since(firing.due.timestamp()).unwrap_or_default();
            late.iter().for_each(|&job| self.shared.report_too_late(&all[job], firing, by));
        }
    }

    /// Starts a job now, or after a random part of its jitter.
    fn start_after_jitter(&self, place: usize, job: &Job, firing: Firing) {
        let jitter = job.policies().jitter;
        if jitter.is_zero() {
            self.start(place, firing);
            return;
        }
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            wait_in_term(&firing.guard, jitter.mul_f64(fastrand::f64())).await;
            let job = &shared.jobs[place];
            if let Ok(firing) = admit(job, &shared, firing) {
                run_in_turn(job, &shared, &firing, &mut Spare::default()).await;
            }
        });
    }
}

/// Waits for `wait`, or until the term ends: no other node will run this firing.
async fn wait_in_term(guard: &Guard, wait: Duration) {
    let mut watch = guard.watch();
    let until = clock::now() + wait;
    while clock::now() < until && !watch.is_ending() {
        watch.changed(until).await;
    }
}
