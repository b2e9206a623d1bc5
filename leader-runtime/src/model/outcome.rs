//! The outcome of a run, the reason for a skip, and the reason for a stop.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use leader_core::span;
use serde::{Serialize, Serializer};

/// The outcome of a run, or the reason why there was none.
///
/// `Display` prints a few words: `ok`, `failed: …`, `cancelled: leadership was lost`, `skipped: …`.
/// It serializes as `"ok"`, `{"failed": "…"}`, `{"cancelled": "loss"}` or `{"skipped": "overlap"}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunOutcome {
    /// The run succeeded.
    Ok,
    /// The last attempt returned an error, panicked or timed out; with the message.
    Failed(Arc<str>),
    /// The run was ended before its own end.
    Cancelled(StopReason),
    /// Nothing was to be done.
    Skipped(SkipReason),
}

/// The reason for a due instant without a run, or for a run without work.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// The previous run was still in progress.
    Overlap,
    /// The run waited in the queue, and a newer run took its place.
    Overtaken,
    /// The instant was found this much too late: the process or its machine had been suspended, or
    /// every thread was blocked until the job was due again.
    #[serde(serialize_with = "seconds")]
    TooLate(Duration),
    /// The instant was missed, longer ago than the job's `missed_within`.
    Expired,
    /// The instant was missed, and a newer one is run for it, by `missed = "once"`.
    Coalesced,
    /// The job returned [`Outcome::skip`](crate::Outcome::skip).
    ByJob(Arc<str>),
}

impl fmt::Display for RunOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Cancelled(reason) => write!(f, "cancelled: {reason}"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap => f.write_str("the run before still went on"),
            Self::Overtaken => f.write_str("a newer one took its place in the queue"),
            Self::TooLate(late) => write!(f, "found {} too late", span::print(*late)),
            Self::Expired => f.write_str("missed too long ago"),
            Self::Coalesced => f.write_str("missed, and a newer one is run for it"),
            Self::ByJob(why) => f.write_str(why),
        }
    }
}

/// The reason why a run is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// The process shuts down, or steps down from the key.
    Drain,
    /// Leadership is lost; or, with `on_loss = "grace"`, a heartbeat was missed.
    Loss,
    /// The `timeout` of the attempt has passed.
    Timeout,
    /// The next run takes its place, by `overlap = "replace"`.
    Replaced,
    /// The run has ended, and the listener has outlived it.
    Ended,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drain => "its drain was used up",
            Self::Loss => "leadership was lost",
            Self::Timeout => "its timeout was used up",
            Self::Replaced => "the next run took its place",
            Self::Ended => "it is over",
        })
    }
}

/// How late a run was found, as a number of seconds.
fn seconds<S: Serializer>(late: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(late.as_secs_f64())
}
