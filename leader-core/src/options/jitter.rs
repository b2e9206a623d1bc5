//! `jitter`: by how much runs are late.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::value::bounded;
use crate::error::Error;
use crate::schedule::Every;
use crate::span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Jitter {
    /// A random part of this duration, another for each run.
    Random(Duration),
    /// The job's own offset in the interval, by a hash; always the same.
    Hash,
}

impl Jitter {
    /// Maximum random delay of a run.
    pub(super) const fn longest(self) -> Duration {
        match self {
            Self::Random(longest) => longest,
            Self::Hash => Duration::ZERO,
        }
    }
}

impl FromStr for Jitter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "hash" => Ok(Self::Hash),
            text => bounded("jitter", text, Duration::ZERO, Every::MAX).map(Self::Random),
        }
    }
}

impl fmt::Display for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random(longest) => f.write_str(&span::print(*longest)),
            Self::Hash => f.write_str("hash"),
        }
    }
}
