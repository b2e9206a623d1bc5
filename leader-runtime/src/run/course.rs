//! The course of a run: its attempts and the waits between them, to its outcome.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use leader_core::{Overlap, span};
use tracing::{Span, debug, info_span, warn};

use super::Shared;
use super::attempt::{Attempted, Ended, attempt, message};
use super::event::{RunEvent, RunReport};
use super::firing::{Firing, Past};
use super::job::Job;
use super::outcome::{RunOutcome, SkipReason};
use crate::clock;
use crate::job::{Attempt, Ending, Retry, Spare, StopReason};
use crate::lock::Guard;

/// A run that is over.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) outcome: RunOutcome,
    /// What a failed one says of another try.
    pub(super) retry: Retry,
    /// What its last attempt was asked to end for.
    pub(super) asked: Option<StopReason>,
    /// How long its last attempt went on.
    pub(super) took: Duration,
}

/// Runs a job until an attempt does not fail, or no other is to be made.
pub(super) async fn run(
    job: &Job,
    shared: &Shared,
    firing: &Firing,
    past: Past,
    spare: &mut Spare,
) -> Finished {
    let mut told = job.first_attempt(firing, past, job.next_number());
    let Attempt { due, fence, numbers: (number, _), .. } = told;
    let name = || job.name.clone().into();
    shared.events.tell(|| RunEvent::Began { job: name(), due, fence, number });
    let mut began = None;
    let mut count = 1;
    loop {
        let span = info_span!(
            "run",
            job = %job.name,
            key = %job.key(),
            %due,
            number,
            attempt = told.numbers.1,
            %fence,
        );
        let Attempted { ended, asked, took, over } =
            attempt(job, shared, firing, told, &mut began, spare, &span).await;
        let (outcome, retry) = judge(job, ended);
        if let RunOutcome::Failed(error) = &outcome
            && let Some(wait) = wait(job, retry, count)
            && Box::pin(pause(job, &firing.guard, wait, error, &span)).await
        {
            count += 1;
            told.numbers.1 += 1;
            continue;
        }
        span.in_scope(|| tell(job, &outcome));
        let began = began.unwrap_or_else(|| job.begin(firing, over));
        shared.events.tell(|| {
            RunEvent::Ended(RunReport {
                job: name(),
                due,
                fence,
                number,
                attempts: count,
                started: began.wall(),
                ended: clock::wall(),
                outcome: outcome.clone(),
            })
        });
        let which = (job.name.as_str(), job.schedule());
        job.meter().end(which, &outcome, due.timestamp(), began, over.since(began.now));
        return Finished { outcome, retry, asked, took };
    }
}

fn judge(job: &Job, ended: Ended) -> (RunOutcome, Retry) {
    let failed = |error: String| RunOutcome::Failed(error.into());
    match ended {
        Ended::Returned(outcome) => match outcome.ending() {
            Ending::Ok => (RunOutcome::Ok, Retry::Never),
            Ending::Skipped(why) => {
                (RunOutcome::Skipped(SkipReason::ByJob(why.into())), Retry::Never)
            }
            Ending::Failed { error, retry } => (failed(printed(&*error)), retry),
        },
        Ended::Panicked(panic) => (failed(format!("it panicked: {panic}")), Retry::ByPolicy),
        Ended::Stopped(StopReason::Timeout) => {
            let timeout = span::print(job.policies().timeout.unwrap_or_default());
            (failed(format!("it took longer than its timeout of {timeout}")), Retry::ByPolicy)
        }
        Ended::Stopped(reason) => (RunOutcome::Cancelled(reason), Retry::Never),
    }
}

/// The error in a line; one that panics there takes no other run with it.
fn printed(error: &dyn std::error::Error) -> String {
    catch_unwind(AssertUnwindSafe(|| chain(error))).unwrap_or_else(|panic| {
        format!("its error cannot be printed, which panicked: {}", message(&*panic))
    })
}

/// The error and what caused it, as people write them in a line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // many errors print their source themselves
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// How long to wait for the attempt after the one of this number; `None` where there is none.
fn wait(job: &Job, retry: Retry, count: u32) -> Option<Duration> {
    let policies = job.policies();
    match retry {
        _ if count > policies.retries => None,
        Retry::Never => None,
        Retry::After(wait) => Some(wait),
        Retry::ByPolicy => Some(policies.backoff.wait(count, fastrand::f64())),
    }
}

/// Waits before another attempt; false where there will be none, since the term ends or the next
/// run takes this one's place.
async fn pause(job: &Job, guard: &Guard, wait: Duration, error: &str, span: &Span) -> bool {
    let mut watch = guard.watch();
    if watch.is_draining() {
        return false;
    }
    span.in_scope(|| job.faults().tell_retry(error, wait));
    let until = clock::now() + wait;
    while clock::now() < until {
        tokio::select! {
            () = job.slot.wanted(), if job.policies().overlap == Overlap::Replace => return false,
            () = watch.changed(until) => {}
        }
        if watch.is_draining() || !watch.holds() {
            span.in_scope(|| debug!("is not tried again: the term ends"));
            return false;
        }
    }
    true
}

fn tell(job: &Job, outcome: &RunOutcome) {
    match outcome {
        RunOutcome::Ok => job.faults().tell_ok(),
        RunOutcome::Failed(error) => job.faults().tell_failed(error),
        RunOutcome::Cancelled(reason) => warn!(%reason, "cancelled"),
        RunOutcome::Skipped(reason) => debug!(%reason, "skipped"),
    }
    match outcome {
        RunOutcome::Ok | RunOutcome::Skipped(_) => job.succeeds(),
        RunOutcome::Failed(_) if job.fails() => {
            warn!("has failed too often here: gives the key to another node");
            job.step_down();
        }
        RunOutcome::Failed(_) | RunOutcome::Cancelled(_) => {}
    }
}
