//! Schedules: from one instant they compute the next due instant, without a clock.

mod after;
mod clock;
mod cron;
mod due;
mod every;
mod rfc3339;
mod words;
mod zone;

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

pub use after::After;
pub(crate) use cron::Expression;
pub use cron::{Cron, Except};
pub use due::Due;
pub use every::Every;
pub use zone::Zone;

use crate::error::Error;
use crate::span;

/// The schedule of a job. Every node computes the same instants from it.
///
/// It prints as its options, in one line that can be read again: `every 1h offset 10m`,
/// `cron 0 9 * * MON-FRI tz Europe/Oslo except 12-25`, `after 10s`, `while_leading`. A hashed value
/// prints as its number: `cron 37 3 * * *`, `every 1h offset 21m 7s 12ms`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schedule {
    /// A fixed rate.
    Every(Every),
    /// The wall clock.
    Cron(Cron),
    /// A fixed delay after the end of the run before.
    After(After),
    /// One run for the whole term.
    WhileLeading,
}

impl Schedule {
    /// Returns the first due instant after `instant`; `None` past the end of the calendar, and if no
    /// instant is due. For a delay, `instant` is the end of the run before.
    #[must_use]
    pub fn next_after(&self, instant: SystemTime) -> Option<SystemTime> {
        match self {
            Self::Every(every) => every.next_after(instant),
            Self::Cron(cron) => cron.next_after(instant),
            Self::After(after) => after.next_after(instant),
            Self::WhileLeading => None,
        }
    }

    /// Returns the last due instant before `instant`; `None` before the calendar begins, if no instant
    /// is due, and for a delay, which follows its runs.
    #[must_use]
    pub fn previous_before(&self, instant: SystemTime) -> Option<SystemTime> {
        match self {
            Self::Every(every) => every.previous_before(instant),
            Self::Cron(cron) => cron.previous_before(instant),
            Self::After(_) | Self::WhileLeading => None,
        }
    }

    /// Time zone of the schedule.
    #[must_use]
    pub const fn zone(&self) -> Zone {
        match self {
            Self::Cron(cron) => cron.zone(),
            _ => Zone::UTC,
        }
    }

    /// Describes the schedule in words: `every 3 seconds`, `at 09:00 from Monday to Friday, in
    /// Europe/Oslo`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Every(every) => words::every(*every),
            Self::Cron(cron) => cron::words::cron(cron),
            Self::After(after) => {
                let delay = words::span(after.delay());
                format!("at once when a term begins, then {delay} after the end of each run")
            }
            Self::WhileLeading => "as long as this node leads".into(),
        }
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (kind, value) = text.split_once(' ').unwrap_or((text, ""));
        Ok(match kind {
            "every" => Self::Every(match value.split_once(" offset ") {
                Some((interval, offset)) => {
                    interval.parse::<Every>()?.with_offset(span::parse(offset)?)?
                }
                None => value.parse()?,
            }),
            "cron" => {
                let (value, except) = match value.split_once(" except ") {
                    Some((value, except)) => (value, except.parse()?),
                    None => (value, Except::default()),
                };
                let (expression, zone) = match value.split_once(" tz ") {
                    Some((expression, zone)) => (expression, zone.parse()?),
                    None => (value, Zone::UTC),
                };
                Self::Cron(expression.parse::<Cron>()?.in_zone(zone).with_except(except)?)
            }
            "after" => Self::After(value.parse()?),
            "while_leading" if value.is_empty() => Self::WhileLeading,
            _ => {
                return Err(Error::new(format!(
                    "schedule `{text}` is unknown; write one such as `every 3s`, `cron 0 9 * * *`, \
                     `after 10s` or `while_leading`"
                )));
            }
        })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(every) => {
                write!(f, "every {}", span::print(every.interval()))?;
                if every.offset().is_zero() {
                    return Ok(());
                }
                write!(f, " offset {}", span::print(every.offset()))
            }
            Self::Cron(cron) => {
                write!(f, "cron {}", cron.text())?;
                if cron.zone() != Zone::UTC {
                    write!(f, " tz {}", cron.zone())?;
                }
                cron.except().map_or(Ok(()), |except| write!(f, " except {except}"))
            }
            Self::After(after) => write!(f, "after {after}"),
            Self::WhileLeading => f.write_str("while_leading"),
        }
    }
}
