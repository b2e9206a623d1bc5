//! Readers of the options' texts, and printers of what they read.

use std::str::FromStr;
use std::time::Duration;

use super::jitter::Jitter;
use crate::error::Error;
use crate::policy::{Backoff, Interrupted, Missed, OnLoss, Overlap};
use crate::schedule::{After, Every, Except, Expression, Zone};
use crate::span;

/// Prints a value as the text that is read again.
pub(super) trait Print {
    fn print(&self) -> String;
}

macro_rules! printed {
    ($($type:ty),+) => {
        $(impl Print for $type {
            fn print(&self) -> String {
                self.to_string()
            }
        })+
    };
}

printed!(After, Backoff, Except, Interrupted, Jitter, Missed, OnLoss, Overlap, Zone, bool, u32);

impl Print for Duration {
    fn print(&self) -> String {
        span::print(*self)
    }
}

impl Print for Every {
    fn print(&self) -> String {
        span::print(self.interval())
    }
}

impl Print for Expression {
    fn print(&self) -> String {
        self.text().to_owned()
    }
}

/// Fills a field of the policies with an option that was given, and leaves its default otherwise.
pub(super) trait Fill<T> {
    fn fill(self, field: &mut T);
}

impl<T> Fill<T> for Option<T> {
    fn fill(self, field: &mut T) {
        if let Some(value) = self {
            *field = value;
        }
    }
}

impl<T> Fill<Self> for Option<T> {
    fn fill(self, field: &mut Self) {
        *field = self;
    }
}

/// A jitter by hash shifts the schedule, and no run.
impl Fill<Duration> for Option<Jitter> {
    fn fill(self, field: &mut Duration) {
        *field = self.map_or(Duration::ZERO, Jitter::longest);
    }
}

/// Reads a value whose type knows its texts.
pub(super) fn parsed<T: FromStr<Err = Error>>(_: &str, text: &str) -> Result<T, Error> {
    text.parse()
}

/// Reads a duration within bounds, both included.
pub(super) fn bounded(
    option: &str,
    text: &str,
    min: Duration,
    max: Duration,
) -> Result<Duration, Error> {
    let span = span::parse(text)?;
    if (min..=max).contains(&span) {
        return Ok(span);
    }
    let kind = if span < min { "short" } else { "long" };
    let [span, min, max] = [span, min, max].map(span::print);
    Err(Error::new(format!("{option} {span} is too {kind}; use {min} to {max}")))
}

/// Reads `true` or `false`.
pub(super) fn truth(option: &str, text: &str) -> Result<bool, Error> {
    text.parse()
        .map_err(|_| Error::new(format!("{option} `{text}` is neither; use `true` or `false`")))
}

/// Reads the value of an option that is only ever switched on.
pub(super) fn flag(option: &str, text: &str) -> Result<bool, Error> {
    match text {
        "true" => Ok(true),
        _ => Err(Error::new(format!(
            "{option} `{text}` is no schedule; use `true`, or give the job another, such as \
             `every = \"3s\"`"
        ))),
    }
}

/// Maximum of a count: more is surely not meant.
const MAX_COUNT: u32 = 1000;

/// Reads a whole number from `min` to [`MAX_COUNT`].
pub(super) fn count(option: &str, text: &str, min: u32) -> Result<u32, Error> {
    let count = text.parse().ok().filter(|count| (min..=MAX_COUNT).contains(count));
    count.ok_or_else(|| {
        Error::new(format!(
            "{option} `{text}` cannot be; use a whole number from {min} to {MAX_COUNT}"
        ))
    })
}
