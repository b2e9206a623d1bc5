//! What ends an attempt before it ends by itself, and when it is told.

use std::time::Duration;

use leader_core::election::Timestamp;
use leader_core::{OnLoss, Overlap};

use super::job::Job;
use crate::clock;
use crate::job::{StopReason, Stopper};
use crate::lock::{Guard, Watch};

/// The limits of one attempt.
pub(super) struct Limits<'a> {
    job: &'a Job,
    watch: Watch,
    stopper: &'a Stopper,
    timeout_at: Option<Timestamp>,
    /// When the drain is used up, once there is one.
    drained_at: Option<Timestamp>,
    /// Of a job that is told: how much trust is left when a beat was missed.
    missed_beat: Option<Duration>,
}

impl<'a> Limits<'a> {
    /// Of an attempt that began at this instant. `missed_beat` is how much trust is left when a
    /// beat was missed.
    pub(super) fn new(
        job: &'a Job,
        guard: &Guard,
        stopper: &'a Stopper,
        began: Timestamp,
        missed_beat: Option<Duration>,
    ) -> Self {
        let policies = job.policies();
        Self {
            job,
            watch: guard.watch(),
            stopper,
            timeout_at: policies.timeout.map(|timeout| began + timeout),
            drained_at: None,
            missed_beat: missed_beat.filter(|_| policies.on_loss == OnLoss::Grace),
        }
    }

    /// Comes back when the attempt must end.
    pub(super) async fn reached(mut self) -> StopReason {
        let replaces = self.job.policies().overlap == Overlap::Replace;
        loop {
            let wake_at = match self.look(clock::now()) {
                Ok(wake_at) => wake_at,
                Err(reason) => return reason,
            };
            tokio::select! {
                () = self.job.slot.wanted(), if replaces => return StopReason::Replaced,
                () = self.watch.changed(wake_at) => {}
            }
        }
    }

    /// When to look again; or why the attempt must end, now.
    fn look(&mut self, now: Timestamp) -> Result<Timestamp, StopReason> {
        if !self.watch.holds() {
            return Err(StopReason::Loss);
        }
        let mut wake_at = Timestamp::NEVER;
        if let Some(at) = self.timeout_at {
            if now >= at {
                return Err(StopReason::Timeout);
            }
            wake_at = at;
        }
        if self.watch.is_draining() {
            let drain = self.job.policies().drain;
            let at = *self.drained_at.get_or_insert_with(|| {
                self.stopper.request(StopReason::Drain, drain);
                now + drain
            });
            if now >= at || self.watch.is_hurried() {
                return Err(StopReason::Drain);
            }
            wake_at = wake_at.min(at);
        }
        if let Some(missed_beat) = self.missed_beat {
            let left = self.watch.trusted_until().since(now);
            if left <= missed_beat {
                // it is told once: a beat that comes through after all does not take it back
                self.missed_beat = None;
                self.stopper.request(StopReason::Loss, left);
            } else {
                wake_at = wake_at.min(now + (left - missed_beat));
            }
        }
        Ok(wake_at)
    }
}
