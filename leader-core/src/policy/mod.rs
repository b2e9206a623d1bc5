//! Policies of a job's runs: overlap, misfires, interruption, retries, and loss of leadership.

mod backoff;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use self::backoff::Backoff;
use crate::error::Error;
use crate::nearest::nearest;

/// Policies of a job's runs, from its options and the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Policies {
    /// Maximum random delay of a firing: 0 to 366 days, and less than the interval of `every`.
    pub jitter: Duration,
    /// Whether the job also runs once when its node begins to lead.
    pub on_elected: bool,
    /// Timeout of an attempt: 1 ms to 366 days; `None` for no timeout.
    pub timeout: Option<Duration>,
    /// Policy for a run that is due while the run before goes on.
    pub overlap: Overlap,
    /// Maximum number of retries of a failed attempt, 0 to 1000.
    pub retries: u32,
    /// Delay between a failed attempt and its retry.
    pub backoff: Backoff,
    /// Policy for a run when leadership is lost.
    pub on_loss: OnLoss,
    /// Time that a run has to end once its key is to be given up (its drain): 0 to 1 day.
    pub drain: Duration,
    /// Number of failed runs in a row, 1 to 1000, after which the node gives the key to another; `None`
    /// for never.
    pub step_down_after: Option<u32>,
}

impl Default for Policies {
    /// No jitter, no timeout and no retries; `drain` is 10 s.
    fn default() -> Self {
        Self {
            jitter: Duration::ZERO,
            on_elected: false,
            timeout: None,
            overlap: Overlap::default(),
            retries: 0,
            backoff: Backoff::default(),
            on_loss: OnLoss::default(),
            drain: Duration::from_secs(10),
            step_down_after: None,
        }
    }
}

/// Policy for a run that is due while the run before goes on. Exhaustive, so that another policy does
/// not compile before the runtime's admission has an arm for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// The new run is skipped.
    #[default]
    Skip,
    /// The new run waits for the end of the run before; at most one run waits.
    Queue,
    /// The run before is cancelled, and the new run takes its place.
    Replace,
    /// Both run at once.
    Allow,
}

/// Catch-up policy for due instants that no node ran (misfires).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missed {
    /// No missed instant is run.
    Skip,
    /// The newest missed instant is run.
    Once,
    /// Each missed instant is run, the oldest first.
    All,
}

/// Policy for a run that ended without an outcome of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interrupted {
    /// The run is not repeated.
    #[default]
    Skip,
    /// The next leader repeats the run first.
    Rerun,
}

/// Policy for a run when leadership is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnLoss {
    /// The run is dropped at once.
    #[default]
    Cancel,
    /// The run is notified at the first missed heartbeat, and dropped when trust ends.
    Grace,
}

/// Words of a policy's variants, for the reader, the printer and the error.
macro_rules! words {
    ($policy:ident, $option:literal, $($variant:ident = $word:literal),+) => {
        impl $policy {
            const WORDS: &[(Self, &'static str)] = &[$((Self::$variant, $word)),+];
        }

        impl FromStr for $policy {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                let found = Self::WORDS.iter().find(|(_, word)| *word == text);
                found.map(|(policy, _)| *policy).ok_or_else(|| {
                    unknown($option, text, &Self::WORDS.iter().map(|(_, word)| *word).collect::<Vec<_>>())
                })
            }
        }

        impl fmt::Display for $policy {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $word),+
                })
            }
        }
    };
}

words!(Overlap, "overlap", Skip = "skip", Queue = "queue", Replace = "replace", Allow = "allow");
words!(Missed, "missed", Skip = "skip", Once = "once", All = "all");
words!(Interrupted, "interrupted", Skip = "skip", Rerun = "rerun");
words!(OnLoss, "on_loss", Cancel = "cancel", Grace = "grace");

fn unknown(option: &str, text: &str, words: &[&str]) -> Error {
    if let Some(meant) = nearest(&text.to_lowercase(), words.iter().copied()) {
        return Error::new(format!("{option} `{text}` is unknown; did you mean `{meant}`?"));
    }
    let known: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    let (last, others) = known.split_last().map_or(("", [].as_slice()), |(l, o)| (l.as_str(), o));
    Error::new(format!("{option} `{text}` is unknown; use {} or {last}", others.join(", ")))
}
