//! Execution of a run: its attempts, and the waits between them, up to its outcome.

mod attempt;
mod judge;
mod limits;
mod watchdog;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use leader_core::election::Timestamp;
use tracing::field::Empty;
use tracing::{Span, debug, info_span, warn};

use self::attempt::EndedAttempt;
pub(super) use self::watchdog::Watchdog;
use super::Shared;
use super::firing::{Firing, Past};
use super::job::Job;
use super::report::{RunEvent, RunReport, RunStart};
use crate::job::{Attempt, Retry, Spare};
use crate::model::{RunOutcome, StopReason};
use crate::system::clock::{self, ClockReading};
use crate::unwind::{caught, shielded};

/// A firing of a job that was admitted.
#[derive(Clone, Copy)]
pub(super) struct Execution<'a> {
    pub(super) job: &'a Job,
    pub(super) shared: &'a Shared,
    pub(super) firing: &'a Firing,
}

/// A run that has ended.
#[derive(Debug)]
pub(super) struct EndedRun {
    pub(super) outcome: RunOutcome,
    /// For a failed run: the job's own decision about another try.
    pub(super) retry: Retry,
    /// The reason for which its last attempt was asked to end, if it was.
    pub(super) asked: Option<StopReason>,
    /// Duration of its last attempt.
    pub(super) took: Duration,
    /// Whether another attempt was to come when the key was to be given up.
    pub(super) lost_retry: bool,
}

/// The end of a wait before another attempt.
enum RetryWait {
    /// The attempt is to be made.
    Over,
    /// There is none: the next run replaces this one.
    Replaced,
    /// There is none in this term.
    TermEnds,
}

/// State of a run that is also known where the run panics.
#[derive(Debug)]
struct Progress {
    began: Option<ClockReading>,
    attempts: u32,
    /// The instant from which nothing of its last attempt went on.
    over: Option<Timestamp>,
    /// The span of its last attempt.
    span: Span,
}

impl<'a> Execution<'a> {
    /// Runs the job until an attempt does not fail, or no other attempt is to be made. A panic of a
    /// user's code anywhere in here is a failed run.
    pub(super) async fn run(self, past: Past, spare: &mut Spare) -> EndedRun {
        let Self { job, shared, firing } = self;
        // a run with a slot is known by its slot
        let without_slot = !job.overlap_rules().takes_slot;
        let _counted = without_slot.then(|| job.watchdog().count_run());
        let first = self.first_attempt(past);
        let Attempt { due, fence, numbers: (number, _), .. } = first;
        let name = || job.name.clone().into();
        shielded(|| {
            shared.events.publish(|| RunEvent::Began(RunStart { job: name(), due, fence, number }))
        });
        let mut progress = Progress { began: None, attempts: 1, over: None, span: Span::none() };
        let done = {
            // pinned in place: of thousands of runs that begin together, each would be moved
            let mut attempts = pin!(self.attempts(first, &mut progress, spare));
            poll_fn(|cx| match caught(|| attempts.as_mut().poll(cx)) {
                Ok(polled) => polled.map(Ok),
                Err(panic) => Poll::Ready(Err(panic)),
            })
            .await
        };
        let mut ended = done.unwrap_or_else(|panic| EndedRun {
            outcome: judge::panicked(&panic),
            retry: Retry::ByPolicy,
            asked: None,
            took: Duration::ZERO,
            lost_retry: false,
        });
        let Progress { began, attempts, over, span } = progress;
        let over = over.unwrap_or_else(clock::now);
        if let Err(panic) = caught(|| span.in_scope(|| log_outcome(job, &ended.outcome))) {
            ended.outcome = judge::panicked(&panic);
        }
        shielded(|| judge::record(&span, &ended.outcome));
        shielded(|| drop(span));
        let outcome = &ended.outcome;
        count_failures(job, outcome);
        let began = began.unwrap_or_else(|| job.begin(firing, over));
        shielded(|| {
            shared.events.publish(|| {
                RunEvent::Ended(RunReport {
                    job: name(),
                    due,
                    fence,
                    number,
                    attempts,
                    started: began.wall(),
                    ended: clock::wall(),
                    outcome: outcome.clone(),
                })
            });
        });
        let which = (job.name.as_str(), job.schedule());
        job.meter().end(which, outcome, due.timestamp(), began, over.since(began.now));
        ended
    }

    async fn attempts(
        self,
        mut info: Attempt<'a>,
        progress: &mut Progress,
        spare: &mut Spare,
    ) -> EndedRun {
        let Self { job, .. } = self;
        loop {
            progress.span = info_span!(
                "run",
                job = %job.name,
                key = %job.key(),
                due = %info.due,
                number = info.numbers.0,
                attempt = info.numbers.1,
                fence = %info.fence,
                outcome = Empty,
                reason = Empty,
                error = Empty,
                otel.status_code = Empty,
                otel.status_description = Empty,
            );
            let Progress { began, span, .. } = progress;
            let EndedAttempt { end, asked, took, over } =
                self.attempt(info, began, spare, span).await;
            progress.over = Some(over);
            let (outcome, retry) = judge::outcome(job, end, asked);
            let mut lost_retry = false;
            if let RunOutcome::Failed(error) = &outcome
                && let Some(delay) = retry_delay(job, retry, progress.attempts)
            {
                match Box::pin(self.wait_before_retry(delay, error, &progress.span)).await {
                    RetryWait::Over => {
                        judge::record(&progress.span, &outcome);
                        progress.attempts += 1;
                        info.numbers.1 += 1;
                        continue;
                    }
                    RetryWait::Replaced => {}
                    RetryWait::TermEnds => lost_retry = true,
                }
            }
            return EndedRun { outcome, retry, asked, took, lost_retry };
        }
    }

    fn first_attempt(self, past: Past) -> Attempt<'a> {
        let Self { job, firing, .. } = self;
        let (fence, Past { interrupted, missing }) = (firing.guard.began().fence(), past);
        let numbers = (job.next_number(), 1 + interrupted);
        Attempt {
            job: job.name.shared(),
            key: job.key().as_str(),
            due: firing.due,
            fence,
            numbers,
            missing,
        }
    }

    /// Waits before another attempt.
    async fn wait_before_retry(self, delay: Duration, error: &str, span: &Span) -> RetryWait {
        let Self { job, firing, .. } = self;
        let mut watch = firing.guard.watch();
        if watch.is_draining() {
            return RetryWait::TermEnds;
        }
        span.in_scope(|| job.log().log_retry(error, delay));
        let until = clock::now() + delay;
        while clock::now() < until {
            tokio::select! {
                () = job.slot.wanted(), if job.overlap_rules().replaces => {
                    return RetryWait::Replaced;
                }
                () = watch.changed(until) => {}
            }
            if watch.is_ending() {
                span.in_scope(|| debug!("retry dropped: the term ends"));
                return RetryWait::TermEnds;
            }
        }
        RetryWait::Over
    }
}

/// Delay before the next attempt after `attempts` of them; `None` where there is no other.
fn retry_delay(job: &Job, retry: Retry, attempts: u32) -> Option<Duration> {
    let policies = job.policies();
    match retry {
        _ if attempts > policies.retries => None,
        Retry::Never => None,
        Retry::After(delay) => Some(delay),
        Retry::ByPolicy => Some(policies.backoff.wait(attempts, fastrand::f64())),
    }
}

fn log_outcome(job: &Job, outcome: &RunOutcome) {
    match outcome {
        RunOutcome::Ok => job.log().log_ok(),
        RunOutcome::Failed(error) => job.log().log_failed(error),
        RunOutcome::Cancelled(reason) => warn!(%reason, "run cancelled"),
        RunOutcome::Skipped(reason) => debug!(%reason, "run skipped by its job"),
    }
}

/// Counts the failed runs in a row, and gives the key to another node after too many.
fn count_failures(job: &Job, outcome: &RunOutcome) {
    match outcome {
        RunOutcome::Ok | RunOutcome::Skipped(_) => job.reset_failures(),
        RunOutcome::Failed(_) => {
            if let Some(failures) = job.count_failure() {
                job.step_down();
                shielded(|| {
                    warn!(job = %job.name, "stepping down after {failures} failed runs in a row");
                });
            }
        }
        RunOutcome::Cancelled(_) => {}
    }
}
