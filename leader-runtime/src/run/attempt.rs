//! One attempt of a run: the job's own future, which is polled only while its term is believed.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use leader_core::election::Timestamp;
use tokio::task::coop::unconstrained;
use tracing::{Instrument, Span};

use super::Shared;
use super::dispatch::QUICK;
use super::firing::Firing;
use super::job::Job;
use super::limits::Limits;
use crate::clock::{self, Glance};
use crate::job::{Gone, Outcome, Spare, StopReason, Stopper};

/// An attempt that is over.
pub(super) struct Attempted {
    pub(super) ended: Ended,
    /// What it was asked to end for, and may have ended for by itself.
    pub(super) asked: Option<StopReason>,
    /// How long it was polled for, from the first to the last.
    pub(super) took: Duration,
    /// When nothing of it went on any more.
    pub(super) over: Timestamp,
}

/// How an attempt ended.
pub(super) enum Ended {
    /// By itself.
    Returned(Outcome),
    /// With this message.
    Panicked(String),
    /// It was dropped.
    Stopped(StopReason),
}

/// What a job has started beside itself is given so long to be gone before that is told.
const STUBBORN: Duration = Duration::from_secs(1);

/// Runs a job once, in this span. When this comes back nothing of it goes on. Writes down when the
/// run began, in its first attempt.
pub(super) async fn attempt(
    job: &Job,
    shared: &Shared,
    firing: &Firing,
    told: crate::job::Attempt<'_>,
    run_began: &mut Option<Glance>,
    spare: &mut Spare,
    span: &Span,
) -> Attempted {
    let stopper = Stopper::unheard();
    let mut context = job.context(shared, &stopper, &firing.guard, told, std::mem::take(spare));
    let Some(mut work) = span.in_scope(|| (job.entry.start)(&context)) else {
        // the start has seen that its parameters lack nothing
        let ended = Ended::Panicked("a parameter lacks its value".into());
        return Attempted { ended, asked: None, took: Duration::ZERO, over: clock::now() };
    };
    let (mut began, mut latest) = (None, None);
    let mut limits = None;
    let mut ended = poll_fn(|cx| {
        let _entered = span.enter();
        // A process that was frozen resumes into this check, not into the job.
        let Some(now) = firing.guard.belief().held_at() else {
            return Poll::Ready(Ended::Stopped(StopReason::Loss));
        };
        run_began.get_or_insert_with(|| job.begin(firing, now));
        let begins = *began.get_or_insert(now);
        job.faults().begin_poll(now);
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        let now = clock::now();
        latest = Some(now);
        job.faults().end_poll(&job.name, now);
        match polled {
            Ok(Poll::Ready(outcome)) => return Poll::Ready(Ended::Returned(outcome)),
            Err(panic) => return Poll::Ready(Ended::Panicked(message(&*panic))),
            Ok(Poll::Pending) => {}
        }
        // most jobs that come by the thousand do not wait for anything
        let limits = limits.get_or_insert_with(|| {
            let limits = Limits::new(job, &firing.guard, &stopper, begins, shared.missed_beat);
            // a job that is never short of work must not keep its limits from being looked at
            Box::pin(unconstrained(limits.reached()))
        });
        limits.as_mut().poll(cx).map(Ended::Stopped)
    })
    .await;
    let mut over = latest.unwrap_or_else(clock::now);
    let took = over.since(began.unwrap_or(over));
    job.note_quick(limits.is_none() && took <= QUICK);
    drop(limits);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| span.in_scope(|| drop(work)))) {
        ended = Ended::Panicked(message(&*panic));
    }
    let asked = stopper.asked();
    if let Ended::Stopped(reason) = ended {
        stopper.request(reason, Duration::ZERO);
    }
    let gone;
    (gone, *spare) = context.end_tasks();
    drop(context);
    drop(stopper);
    if let Some(gone) = gone {
        Box::pin(until_gone(job, gone).instrument(span.clone())).await;
        over = clock::now();
    }
    Attempted { ended, asked, took, over }
}

async fn until_gone(job: &Job, mut gone: Gone) {
    if tokio::time::timeout(STUBBORN, gone.wait()).await.is_err() {
        job.faults().tell_stubborn();
        gone.wait().await;
    }
}

/// This future's output, or the message that it panicked with.
pub(super) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(future).catch_unwind().await.map_err(|panic| message(&*panic))
}

pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked with something that is no text".into())
}
