//! One attempt of a run: the job's own future, polled only while the belief in its term holds.

use std::future::poll_fn;
use std::mem;
use std::task::Poll;
use std::time::Duration;

use leader_core::election::Timestamp;
use tokio::task::coop::unconstrained;
use tracing::Span;

use super::Execution;
use super::limits::Limits;
use crate::job::{Attempt, Gone, Outcome, RunContext, Spare, Stopper};
use crate::model::StopReason;
use crate::run::due::QUICK_RUN;
use crate::run::job::Job;
use crate::system::clock::{self, ClockReading};
use crate::unwind::{caught, shielded};

/// An attempt that has ended.
pub(super) struct EndedAttempt {
    pub(super) end: AttemptEnd,
    /// The reason for which it was asked to end, if it was; it may have ended by itself after that.
    pub(super) asked: Option<StopReason>,
    /// Duration from the beginning of its first poll to the end of its last.
    pub(super) took: Duration,
    /// The instant from which nothing of it went on.
    pub(super) over: Timestamp,
}

/// The end of an attempt.
pub(super) enum AttemptEnd {
    Returned(Outcome),
    /// The job panicked with this message.
    Panicked(String),
    /// The job's future was dropped.
    Stopped(StopReason),
}

/// Delay after which work that outlives its attempt is logged.
const OUTLIVING: Duration = Duration::from_secs(1);

impl Execution<'_> {
    /// Runs the job once, in this span, and sets the beginning of the run in its first attempt.
    /// Nothing of the attempt goes on when this returns.
    pub(super) async fn attempt(
        self,
        info: Attempt<'_>,
        run_began: &mut Option<ClockReading>,
        spare: &mut Spare,
        span: &Span,
    ) -> EndedAttempt {
        let Self { job, shared, firing } = self;
        let stopper = Stopper::unheard();
        let lock = Some((job.key(), &firing.guard));
        let mut context =
            RunContext::new(info, &stopper, &shared.supplies, lock).with_spare(mem::take(spare));
        // hooks are code of the service, which is not called for a term that has ended
        let has_ended = !shared.supplies.hooks.is_empty() && !firing.guard.belief().holds();
        let mut work = match caught(|| {
            span.in_scope(|| (!has_ended).then(|| context.start(job.entry)).flatten())
        }) {
            Ok(Some(work)) => Ok(work),
            Ok(None) if has_ended => Err(AttemptEnd::Stopped(StopReason::Loss)),
            // the start has checked that each parameter has its value; a type of the service's own
            // may lose it
            Ok(None) => {
                let lacks = context.take_lacks().join("; ");
                Err(AttemptEnd::Returned(Outcome::failed(lacks)))
            }
            Err(panic) => Err(AttemptEnd::Panicked(panic)),
        };
        let (mut began, mut latest) = (None, None);
        let mut limits = None;
        let mut end = poll_fn(|cx| {
            let work = match &mut work {
                Ok(work) => work,
                Err(end) => {
                    let over = AttemptEnd::Panicked(String::new());
                    return Poll::Ready(mem::replace(end, over));
                }
            };
            // A process that was frozen resumes into this check, not into the job.
            let Some(now) = firing.guard.belief().held_at() else {
                return Poll::Ready(AttemptEnd::Stopped(StopReason::Loss));
            };
            run_began.get_or_insert_with(|| job.begin(firing, now));
            let begins = *began.get_or_insert(now);
            job.watchdog().begin_poll(now);
            let mut polled = Ok(Poll::Pending);
            // entering and leaving the span call the subscriber, which may panic
            let entered = caught(|| span.in_scope(|| polled = caught(|| work.as_mut().poll(cx))));
            let now = clock::now();
            latest = Some(now);
            job.watchdog().end_poll(&job.name, now);
            match (polled, entered) {
                (Err(panic), _) => return Poll::Ready(AttemptEnd::Panicked(panic)),
                (Ok(polled), Err(panic)) => {
                    shielded(|| drop(polled));
                    return Poll::Ready(AttemptEnd::Panicked(panic));
                }
                (Ok(Poll::Ready(outcome)), _) => {
                    return Poll::Ready(AttemptEnd::Returned(outcome));
                }
                (Ok(Poll::Pending), _) => {}
            }
            // made late: most jobs that come by the thousand do not wait for anything
            let limits = limits.get_or_insert_with(|| {
                let limits = Limits::new(job, &firing.guard, &stopper, begins, shared.missed_beat);
                // outside of the task's budget, which a job that is never short of work uses up
                Box::pin(unconstrained(limits.reached()))
            });
            limits.as_mut().poll(cx).map(AttemptEnd::Stopped)
        })
        .await;
        let mut over = latest.unwrap_or_else(clock::now);
        let took = over.since(began.unwrap_or(over));
        job.note_quick(limits.is_none() && took <= QUICK_RUN);
        drop(limits);
        if let Err(panic) = caught(|| span.in_scope(|| drop(work))) {
            let before = mem::replace(&mut end, AttemptEnd::Panicked(panic));
            shielded(|| drop(before));
        }
        let asked = stopper.asked();
        if let AttemptEnd::Stopped(reason) = end {
            stopper.request(reason, Duration::ZERO);
        }
        let gone;
        (gone, *spare) = context.end_tasks();
        drop(context);
        drop(stopper);
        if let Some(gone) = gone {
            Box::pin(until_gone(job, gone, span)).await;
            over = clock::now();
        }
        EndedAttempt { end, asked, took, over }
    }
}

async fn until_gone(job: &Job, mut gone: Gone, span: &Span) {
    let _counted = job.watchdog().count_outliving();
    if tokio::time::timeout(OUTLIVING, gone.wait()).await.is_err() {
        shielded(|| span.in_scope(|| job.watchdog().log_outliving()));
        gone.wait().await;
    }
}
