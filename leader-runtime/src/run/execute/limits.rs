//! The limits of an attempt: its timeout, its drain, its trust, and the run that replaces it.

use std::time::Duration;

use leader_core::OnLoss;
use leader_core::election::Timestamp;

use crate::job::Stopper;
use crate::leadership::{Guard, TermWatch};
use crate::model::StopReason;
use crate::run::job::Job;
use crate::system::clock;

/// The limits of one attempt.
pub(super) struct Limits<'a> {
    job: &'a Job,
    watch: TermWatch,
    stopper: &'a Stopper,
    timeout_at: Option<Timestamp>,
    /// End of the drain, once there is one.
    drained_at: Option<Timestamp>,
    /// For `on_loss = "grace"`: the remaining trust at which the job is notified.
    missed_beat: Option<Duration>,
}

impl<'a> Limits<'a> {
    /// The limits of an attempt that began at this instant. `missed_beat` is the remaining trust when
    /// a heartbeat (*beat*) was missed.
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

    /// Waits until the attempt must end.
    pub(super) async fn reached(mut self) -> StopReason {
        let is_replaceable = self.job.overlap_rules().replaces;
        loop {
            let wake_at = match self.check(clock::now()) {
                Ok(wake_at) => wake_at,
                Err(reason) => return reason,
            };
            tokio::select! {
                () = self.job.slot.wanted(), if is_replaceable => return StopReason::Replaced,
                () = self.watch.changed(wake_at) => {}
            }
        }
    }

    /// Returns the instant of the next check, or the reason why the attempt must end now.
    fn check(&mut self, now: Timestamp) -> Result<Timestamp, StopReason> {
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
            // where answers are late, less trust is left after each beat
            let missed_beat = missed_beat.min(self.watch.missed_beat());
            let left = self.watch.trusted_until().since(now);
            if left <= missed_beat {
                // notified once: a beat that comes through later does not take the notice back
                self.missed_beat = None;
                self.stopper.request(StopReason::Loss, left);
            } else {
                wake_at = wake_at.min(now + (left - missed_beat));
            }
        }
        Ok(wake_at)
    }
}
