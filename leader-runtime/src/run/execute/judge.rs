//! The outcome that follows from the end of an attempt, and its record in the span of the run.

use std::iter::successors;

use leader_core::span;
use tracing::Span;
use tracing::field::display;

use super::attempt::AttemptEnd;
use crate::job::{Ending, Retry};
use crate::model::{RunOutcome, SkipReason, StopReason};
use crate::run::job::Job;
use crate::unwind::{caught, shielded};

/// Maximum number of causes of an error that are printed: a cause may lead back to itself.
const MAX_CAUSES: usize = 32;

/// The outcome of an attempt, and the job's decision about another one.
///
/// `asked` is the reason for which it was asked to end, if it was.
pub(super) fn outcome(
    job: &Job,
    end: AttemptEnd,
    asked: Option<StopReason>,
) -> (RunOutcome, Retry) {
    let failed = |error: String| RunOutcome::Failed(error.into());
    let end = match (end, asked) {
        (AttemptEnd::Returned(outcome), Some(reason)) if outcome.is_interrupted() => {
            AttemptEnd::Stopped(reason)
        }
        (end, _) => end,
    };
    match end {
        AttemptEnd::Returned(outcome) => match outcome.ending() {
            Ending::Ok => (RunOutcome::Ok, Retry::Never),
            Ending::Skipped(why) => {
                (RunOutcome::Skipped(SkipReason::ByJob(why.into())), Retry::Never)
            }
            Ending::Interrupted => (
                failed("it ended as interrupted, and was not asked to end".into()),
                Retry::ByPolicy,
            ),
            Ending::Failed { error, retry } => {
                let text = printed(&*error);
                // a panic of its destructor does not change the outcome
                shielded(|| drop(error));
                (failed(text), retry)
            }
        },
        AttemptEnd::Panicked(panic) => (panicked(&panic), Retry::ByPolicy),
        AttemptEnd::Stopped(StopReason::Timeout) => {
            let timeout = span::print(job.policies().timeout.unwrap_or_default());
            (failed(format!("it took longer than its timeout of {timeout}")), Retry::ByPolicy)
        }
        AttemptEnd::Stopped(reason) => (RunOutcome::Cancelled(reason), Retry::Never),
    }
}

pub(super) fn panicked(panic: &str) -> RunOutcome {
    RunOutcome::Failed(format!("it panicked: {panic}").into())
}

/// Records the outcome in the span of an attempt, at any log level. The fields that begin with
/// `otel` are read by tracing-opentelemetry.
pub(super) fn record(span: &Span, outcome: &RunOutcome) {
    match outcome {
        RunOutcome::Ok => span.record("outcome", "ok").record("otel.status_code", "OK"),
        RunOutcome::Failed(error) => span
            .record("outcome", "failed")
            .record("error", &**error)
            .record("otel.status_code", "ERROR")
            .record("otel.status_description", &**error),
        RunOutcome::Cancelled(reason) => {
            span.record("outcome", "cancelled").record("reason", display(reason))
        }
        RunOutcome::Skipped(reason) => {
            span.record("outcome", "skipped").record("reason", display(reason))
        }
    };
}

/// The error and its causes in one line, also where printing them panics.
fn printed(error: &dyn std::error::Error) -> String {
    caught(|| chain(error))
        .unwrap_or_else(|panic| format!("its error cannot be printed, which panicked: {panic}"))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    for cause in successors(error.source(), |cause| cause.source()).take(MAX_CAUSES) {
        let cause_text = cause.to_string();
        // many errors print their source themselves
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
    }
    text
}
