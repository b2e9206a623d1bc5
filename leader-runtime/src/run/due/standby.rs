//! The `standby` function of a job, which runs where another node leads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use leader_core::Due;
use tracing::{debug, error};

use crate::job::{Attempt, RunContext, Stopper};
use crate::model::Fence;
use crate::run::job::Job;
use crate::run::{Runs, Shared};
use crate::unwind::{caught, caught_polls, shielded};

/// A `standby` that is running, until this is dropped.
struct RunningStandby {
    shared: Arc<Shared>,
    place: usize,
}

impl Runs {
    /// Calls the `standby` function of a job, unless its previous call is still running.
    pub(super) fn stand_by(&self, place: usize, due: Due) {
        let job = &self.shared.jobs[place];
        let Some(standby) = job.entry.standby else { return };
        if job.is_standby_running.swap(true, Ordering::AcqRel) {
            shielded(|| debug!(job = %job.name, "standby skipped: the previous one still runs"));
            return;
        }
        let running = RunningStandby { shared: Arc::clone(&self.shared), place };
        let stopper = Stopper::unheard();
        let attempt = Attempt::first(job.name.shared(), job.key().as_str(), due, Fence::new(0));
        let context = RunContext::new(attempt, &stopper, &self.shared.supplies, None);
        // the start has checked that each parameter has its value
        match caught(|| standby(&context)) {
            Ok(None) => {}
            Ok(Some(call)) => self.shared.tasks.spawn(async move {
                if let Err(panic) = caught_polls(call).await {
                    running.log_panic(&panic);
                }
            }),
            Err(panic) => running.log_panic(&panic),
        }
    }
}

impl RunningStandby {
    fn job(&self) -> &Job {
        &self.shared.jobs[self.place]
    }

    fn log_panic(&self, panic: &str) {
        shielded(|| error!(job = %self.job().name, panic, "standby panicked"));
    }
}

impl Drop for RunningStandby {
    fn drop(&mut self) {
        self.job().is_standby_running.store(false, Ordering::Release);
    }
}
