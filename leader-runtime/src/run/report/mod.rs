//! Reports of runs: log lines, metrics and events.

mod event;
mod job_log;

use std::time::Duration;

use leader_core::record::MissedInstants;
use tracing::debug;

pub(crate) use self::event::Events;
pub use self::event::{MissedReport, RunEvent, RunReport, RunStart};
pub(super) use self::job_log::JobLog;
use super::Shared;
use super::firing::Firing;
use super::job::Job;
use crate::model::{RunOutcome, SkipReason};
use crate::system::clock;
use crate::unwind::shielded;

impl Shared {
    /// Reports a firing that is skipped, since the previous run of its job still goes on.
    pub(super) fn report_overlap(&self, job: &Job, firing: &Firing) {
        shielded(|| job.log().log_overlap(&job.name, firing.due));
        self.report_skipped(job, firing, SkipReason::Overlap);
    }

    /// Reports a firing that is skipped, since its turn has come `late`.
    pub(super) fn report_too_late(&self, job: &Job, firing: &Firing, late: Duration) {
        shielded(|| job.log().log_too_late(&job.name, firing.due, late));
        self.report_skipped(job, firing, SkipReason::TooLate(late));
    }

    /// Reports a firing that is skipped, since a newer one takes its place in the queue.
    pub(super) fn report_overtaken(&self, job: &Job, firing: &Firing) {
        shielded(|| {
            debug!(job = %job.name, due = %firing.due, "run skipped: a newer one takes its place");
        });
        self.report_skipped(job, firing, SkipReason::Overtaken);
    }

    /// Reports missed instants that are given up, once this is written in the record.
    pub(super) fn report_missed(
        &self,
        job: &Job,
        firing: &Firing,
        reason: SkipReason,
        missed: MissedInstants,
    ) {
        let MissedInstants { count, or_more, oldest: Some(oldest) } = missed else { return };
        let oldest = job.due(oldest);
        let number = if or_more { format!("{count} or more") } else { count.to_string() };
        shielded(|| match reason {
            SkipReason::Expired => job.log().log_expired(&job.name, &number, oldest),
            _ => {
                debug!(job = %job.name, count = number, %oldest, %reason, "missed instants not run")
            }
        });
        job.meter().skip(job.name.as_str(), &reason, count);
        let report = || {
            let (name, fence) = (job.name.clone().into(), firing.guard.began().fence());
            RunEvent::Missed(MissedReport { job: name, fence, reason, count, or_more, oldest })
        };
        shielded(|| self.events.publish(report));
    }

    fn report_skipped(&self, job: &Job, firing: &Firing, reason: SkipReason) {
        job.meter().skip(job.name.as_str(), &reason, 1);
        let now = clock::wall();
        let report = || RunReport {
            job: job.name.clone().into(),
            due: firing.due,
            fence: firing.guard.began().fence(),
            number: 0,
            attempts: 0,
            started: now,
            ended: now,
            outcome: RunOutcome::Skipped(reason),
        };
        shielded(|| self.events.publish(|| RunEvent::Ended(report())));
    }
}
