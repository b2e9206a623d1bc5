//! How a run ended, or why there was none.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use leader_core::span;

use crate::job::StopReason;

/// How a run ended, or why there was none.
///
/// It prints as a few words: `ok`, `failed: …`, `cancelled: leadership was lost`, `skipped: …`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunOutcome {
    /// It did its work.
    Ok,
    /// It returned an error, panicked or took too long, in its last attempt; and how it says so.
    Failed(Arc<str>),
    /// It was ended before it had an outcome of its own.
    Cancelled(StopReason),
    /// Nothing was done.
    Skipped(SkipReason),
}

/// Why nothing was done at a due instant, or in a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// The run before still went on.
    Overlap,
    /// It waited for the run before, and a newer one took its place.
    Overtaken,
    /// It was found so much too late: the process, or its machine, had stood still, or its turn did
    /// not come before it was due again, since every thread was blocked.
    TooLate(Duration),
    /// The job said so itself, with an [`Outcome::skip`](crate::Outcome::skip).
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
            Self::ByJob(why) => f.write_str(why),
        }
    }
}
