//! What a firing does: gate, slot, attempt.

mod attempt;
mod slot;

use leader_core::Due;
use tokio::task::JoinSet;
use tracing::{Instrument, debug, error, info_span, warn};

use self::attempt::attempt;
use self::slot::Slot;
use crate::engine::Tick;
use crate::job::Registration;
use crate::lock::Claim;

/// The runs of a process. Dropping this drops them.
#[derive(Debug)]
pub(crate) struct Runs {
    jobs: Vec<Job>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Job {
    registration: Registration,
    /// While this is here, the process stands for the job's key.
    claim: Claim,
    slot: Slot,
    standby_slot: Slot,
}

impl Runs {
    /// Of these jobs, each with its claim on its key.
    pub(crate) fn new(jobs: Vec<(Registration, Claim)>) -> Self {
        let job = |(registration, claim)| Job {
            registration,
            claim,
            slot: Slot::default(),
            standby_slot: Slot::default(),
        };
        Self { jobs: jobs.into_iter().map(job).collect(), tasks: JoinSet::new() }
    }

    /// A job is due: on the leader it runs, elsewhere what stands in for it does.
    pub(crate) fn fire(&mut self, tick: Tick) {
        // those that have ended
        while self.tasks.try_join_next().is_some() {}
        let job = &self.jobs[tick.job];
        let (name, due) = (&job.registration.name, Due::new(tick.due));
        let Some(guard) = job.claim.gate().enter() else {
            if tick.too_late.is_none() {
                self.stand_by(tick.job);
            }
            return;
        };
        if let Some(late) = tick.too_late {
            warn!(job = %name, %due, ?late, "skipped: found too late");
            return;
        }
        let Some(slot) = job.slot.take() else {
            // a job that is slower than its schedule would fill the log
            match job.slot.skipped() {
                1 => warn!(job = %name, %due, "skipped: the run before still goes on"),
                more => debug!(job = %name, %due, more, "skipped again"),
            }
            return;
        };
        let fence = guard.term().fence.0;
        let span = info_span!("run", job = %name, key = %job.registration.key, %due, fence);
        let run = attempt(job.registration.start, tick.due, guard);
        self.tasks.spawn(
            async move {
                run.await;
                let skipped = slot.skipped();
                if skipped > 1 {
                    warn!(skipped, "due instants were skipped while it went on");
                }
                drop(slot);
            }
            .instrument(span),
        );
    }

    fn stand_by(&mut self, job: usize) {
        let job = &self.jobs[job];
        let name = job.registration.name.clone();
        let Some(standby) = job.registration.standby else { return };
        let Some(slot) = job.standby_slot.take() else {
            debug!(job = %name, "the standby before still goes on");
            return;
        };
        self.tasks.spawn(async move {
            if let Err(panic) = attempt::caught(standby()).await {
                error!(job = %name, panic, "the standby panicked");
            }
            drop(slot);
        });
    }
}
