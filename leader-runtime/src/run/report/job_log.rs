//! Log lines about a job. The same fault is not logged in every run.

use std::sync::OnceLock;
use std::time::Duration;

use leader_core::election::Timestamp;
use leader_core::{Due, JobName};
use tracing::{debug, error, info, warn};

use crate::sync::Mutex;
use crate::system::clock;
use crate::throttle::LOG_AGAIN;

/// The faults of a job that are already logged; made for the first of them.
#[derive(Debug, Default)]
pub(in crate::run) struct JobLog(OnceLock<Box<Mutex<Logged>>>);

#[derive(Debug, Default)]
struct Logged {
    attempt: Option<Fault>,
    run: Option<Fault>,
    overlap: Option<Fault>,
    too_late: Option<Fault>,
    expired: Option<Fault>,
}

#[derive(Debug)]
struct Fault {
    error: String,
    at: Timestamp,
    /// How often it has come again since it was logged.
    again: u64,
}

impl JobLog {
    pub(in crate::run) fn log_retry(&self, error: &str, wait: Duration) {
        match self.news(|logged| &mut logged.attempt, error) {
            Some(again) => warn!(error, ?wait, again, "attempt failed; retrying"),
            None => debug!(error, ?wait, "attempt failed as before; retrying"),
        }
    }

    pub(in crate::run) fn log_failed(&self, error: &str) {
        match self.news(|logged| &mut logged.run, error) {
            Some(0) => error!(error, "run failed"),
            Some(again) => error!(error, again, "run still failing"),
            None => debug!(error, "run failed as before"),
        }
    }

    pub(in crate::run) fn log_ok(&self) {
        let failed = self.0.get().and_then(|logged| {
            let mut logged = logged.lock();
            logged.attempt = None;
            logged.run.take()
        });
        match failed {
            Some(fault) => info!(failed_again = fault.again, "run succeeded after failed runs"),
            None => debug!("run succeeded"),
        }
    }

    pub(super) fn log_overlap(&self, job: &JobName, due: Due) {
        match self.news(|logged| &mut logged.overlap, "") {
            Some(again) => warn!(%job, %due, again, "run skipped: the previous run still goes on"),
            None => debug!(%job, %due, "run skipped: the previous run still goes on"),
        }
    }

    /// Logs a run that is skipped since it is found `late`: the machine slept, or all threads were
    /// blocked.
    pub(super) fn log_too_late(&self, job: &JobName, due: Due, late: Duration) {
        match self.news(|logged| &mut logged.too_late, "") {
            Some(again) => warn!(%job, %due, ?late, again, "run skipped: found too late"),
            None => debug!(%job, %due, ?late, "run skipped: found too late"),
        }
    }

    /// Logs missed instants that are too old to be run: their number, and the oldest of them.
    pub(super) fn log_expired(&self, job: &JobName, count: &str, oldest: Due) {
        match self.news(|logged| &mut logged.expired, "") {
            Some(again) => warn!(%job, count, %oldest, again, "missed instants expired"),
            None => debug!(%job, count, %oldest, "missed instants expired"),
        }
    }

    /// How often this fault has come again since it was logged, where it is to be logged now.
    fn news(
        &self,
        kind: impl FnOnce(&mut Logged) -> &mut Option<Fault>,
        error: &str,
    ) -> Option<u64> {
        let now = clock::now();
        let mut logged = self.0.get_or_init(Box::default).lock();
        let last = kind(&mut logged);
        let again = match last.as_mut().filter(|last| last.error == error) {
            Some(last) if now.since(last.at) < LOG_AGAIN => {
                last.again += 1;
                return None;
            }
            Some(last) => last.again + 1,
            None => 0,
        };
        *last = Some(Fault { error: error.to_owned(), at: now, again: 0 });
        Some(again)
    }
}
