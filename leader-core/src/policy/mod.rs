//! What a run does when it is not alone, late, broken off or unlucky.

mod backoff;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use self::backoff::Backoff;
use crate::error::Error;
use crate::nearest::nearest;

/// What the runs of a job do, as its options say or else by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Policies {
    /// Each firing is late by a random part of this; 0 to 366 days, and less than the interval of
    /// `every`.
    pub jitter: Duration,
    /// Whether it also runs once when its node begins to lead.
    pub on_elected: bool,
    /// How long an attempt may take: 1 ms to 366 days, or without an end.
    pub timeout: Option<Duration>,
    /// What a run does that is due while the one before still goes on.
    pub overlap: Overlap,
    /// How often a failed attempt is followed by another, 0 to 1000.
    pub retries: u32,
    /// How long a failed attempt waits for the next one.
    pub backoff: Backoff,
    /// What becomes of a run when leadership is lost under it.
    pub on_loss: OnLoss,
    /// How long a run may go on after its key was to be given up; 0 to 1 day.
    pub drain: Duration,
    /// So many failed runs in a row, 1 to 1000, make the node give the key to another; never where
    /// it is `None`.
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

/// What a run does that is due while the one before still goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overlap {
    /// It is skipped.
    #[default]
    Skip,
    /// It waits for the other's end; at most one waits.
    Queue,
    /// It cancels the other and takes its place.
    Replace,
    /// It runs beside the other.
    Allow,
}

/// What becomes of due instants that no node ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missed {
    /// Nothing.
    Skip,
    /// The newest of them is run.
    Once,
    /// Each is run, the oldest first.
    All,
}

/// What becomes of a run that ended without an outcome of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interrupted {
    /// Nothing.
    #[default]
    Skip,
    /// The next leader runs it first.
    Rerun,
}

/// What becomes of a run when leadership is lost under it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnLoss {
    /// It is dropped at once.
    #[default]
    Cancel,
    /// It is told at the first missed beat, and dropped when trust ends.
    Grace,
}

/// A word for each variant: what is read, what is printed, and what the error lists.
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
