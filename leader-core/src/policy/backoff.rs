//! How long a failed attempt waits for the next one.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::Error;
use crate::span;

/// The wait before a retry: `1s..1m` doubles from the first to the last, less a random part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    last: Duration,
}

impl Backoff {
    /// The shortest wait: 1 ms.
    pub const MIN: Duration = Duration::from_millis(1);
    /// The longest wait: 1 day.
    pub const MAX: Duration = Duration::from_secs(24 * 3600);

    /// From the first wait to the longest.
    ///
    /// # Errors
    ///
    /// Where one of them is out of [`Backoff::MIN`] and [`Backoff::MAX`], or the first is longer
    /// than the last.
    pub fn new(first: Duration, last: Duration) -> Result<Self, Error> {
        for wait in [first, last] {
            if !(Self::MIN..=Self::MAX).contains(&wait) {
                let wait = span::print(wait);
                return Err(Error::new(format!("a backoff of {wait} cannot be; use 1ms to 1d")));
            }
        }
        if first > last {
            let (first, last) = (span::print(first), span::print(last));
            return Err(Error::new(format!(
                "backoff `{first}..{last}` runs backwards; write `{last}..{first}`"
            )));
        }
        Ok(Self { first, last })
    }

    /// The first wait.
    #[must_use]
    pub const fn first(self) -> Duration {
        self.first
    }

    /// The longest wait.
    #[must_use]
    pub const fn last(self) -> Duration {
        self.last
    }
}

impl Default for Backoff {
    /// `1s..1m`
    fn default() -> Self {
        Self { first: Duration::from_secs(1), last: Duration::from_secs(60) }
    }
}

impl FromStr for Backoff {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once("..") {
            Some((first, last)) => Self::new(span::parse(first.trim())?, span::parse(last.trim())?),
            None => Err(Error::new(format!(
                "backoff `{text}` has no `..` between its first and its longest wait; write one \
                 such as `1s..1m`"
            ))),
        }
    }
}

impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", span::print(self.first), span::print(self.last))
    }
}
