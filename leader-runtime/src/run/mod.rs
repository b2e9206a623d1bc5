//! What a firing does: gate, slot, attempt.

mod attempt;
mod slot;

use std::sync::Arc;

use leader_core::Due;
use leader_core::election::Term;
use tokio::task::JoinSet;
use tracing::{Instrument, debug, error, info_span, warn};

use self::attempt::attempt;
use self::slot::Slot;
use crate::engine::Tick;
use crate::job::{Context, Fence, Registration, Run, Stop, Stopper, Supplies};
use crate::lock::Claim;

/// The runs of a process. Dropping this drops them.
#[derive(Debug)]
pub(crate) struct Runs {
    jobs: Vec<Job>,
    supplies: Arc<Supplies>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Job {
    name: Arc<str>,
    registration: Registration,
    /// While this is here, the process stands for the job's key.
    claim: Claim,
    slot: Slot,
    standby_slot: Slot,
    /// Runs that have begun.
    begun: u64,
}

impl Job {
    /// What a run in this term is told; without a term, what a standby is.
    fn context(
        &self,
        supplies: &Arc<Supplies>,
        due: Due,
        stop: Stop,
        term: Option<Term>,
    ) -> Context {
        let fence = term.map_or(Fence::new(0), Fence::of);
        let run = Run::numbered(Arc::clone(&self.name), due, fence, self.begun);
        let lock = term.map(|term| (self.registration.key.clone(), term));
        Context::new(run, stop, Arc::clone(supplies), lock)
    }
}

impl Runs {
    /// Of these jobs, each with its claim on its key.
    pub(crate) fn new(jobs: Vec<(Registration, Claim)>, supplies: Arc<Supplies>) -> Self {
        let job = |(registration, claim): (Registration, _)| Job {
            name: registration.name.as_str().into(),
            registration,
            claim,
            slot: Slot::default(),
            standby_slot: Slot::default(),
            begun: 0,
        };
        Self { jobs: jobs.into_iter().map(job).collect(), supplies, tasks: JoinSet::new() }
    }

    /// A job is due: on the leader it runs, elsewhere what stands in for it does.
    pub(crate) fn fire(&mut self, tick: Tick) {
        // those that have ended
        while self.tasks.try_join_next().is_some() {}
        let job = &mut self.jobs[tick.job];
        let name = &job.registration.name;
        let due = Due::new(tick.due).in_zone(job.registration.schedule.zone());
        let Some(guard) = job.claim.gate().enter() else {
            if tick.too_late.is_none() {
                self.stand_by(tick.job, due);
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
        job.begun += 1;
        let fence = guard.term().fence.0;
        let span = info_span!("run", job = %name, key = %job.registration.key, %due, fence);
        let (stopper, stop) = Stopper::new();
        let context = job.context(&self.supplies, due, stop, Some(guard.term()));
        let run = attempt(job.registration.start, context, stopper, guard);
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

    fn stand_by(&mut self, job: usize, due: Due) {
        let job = &self.jobs[job];
        let name = job.registration.name.clone();
        let Some(standby) = job.registration.standby else { return };
        let Some(slot) = job.standby_slot.take() else {
            debug!(job = %name, "the standby before still goes on");
            return;
        };
        let (_stopper, stop) = Stopper::new();
        // the start has seen that its parameters lack nothing
        let Some(call) = standby(&job.context(&self.supplies, due, stop, None)) else { return };
        self.tasks.spawn(async move {
            if let Err(panic) = attempt::caught(call).await {
                error!(job = %name, panic, "the standby panicked");
            }
            drop(slot);
        });
    }
}
