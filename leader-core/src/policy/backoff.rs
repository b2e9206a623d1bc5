//! Exponential backoff: the delay between a failed attempt and its retry.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::Error;
use crate::span;

/// Exponential backoff with jitter: `1s..1m` doubles from the first delay to the longest, and each
/// delay is shortened by a random part of up to half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Backoff {
    first: Duration,
    last: Duration,
}

impl Backoff {
    /// Minimum delay: 1 ms.
    pub const MIN: Duration = Duration::from_millis(1);
    /// Maximum delay: 1 day.
    pub const MAX: Duration = Duration::from_secs(24 * 3600);

    /// A backoff from the first delay to the longest.
    ///
    /// # Errors
    ///
    /// Where a delay is not within [`Backoff::MIN`] and [`Backoff::MAX`], or the first is longer than
    /// the last.
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

    /// A backoff of this crate's or the runtime's own, which is no option of a job: nothing is checked.
    #[must_use]
    pub const fn between(first: Duration, last: Duration) -> Self {
        Self { first, last }
    }

    /// First delay.
    #[must_use]
    pub const fn first(self) -> Duration {
        self.first
    }

    /// Longest delay.
    #[must_use]
    pub const fn last(self) -> Duration {
        self.last
    }

    /// Returns the delay after this number of failures in a row. `chance`, from 0 to 1, is the share of
    /// the random part, half of the delay, that is taken off: many jobs that failed together do not
    /// retry together.
    #[must_use]
    pub fn wait(self, failures: u32, chance: f64) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let whole = self.first.saturating_mul(doubled).min(self.last);
        whole.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_the_first_to_the_last_less_up_to_half_of_it() {
        let backoff: Backoff = "1s..1m".parse().unwrap();
        let seconds = |chance| {
            [0, 1, 2, 3, 6, 7, 33, u32::MAX].map(|n| backoff.wait(n, chance).as_secs_f64())
        };
        assert_eq!(seconds(0.0), [1.0, 1.0, 2.0, 4.0, 32.0, 60.0, 60.0, 60.0]);
        assert_eq!(seconds(1.0), [0.5, 0.5, 1.0, 2.0, 16.0, 30.0, 30.0, 30.0]);
    }
}
