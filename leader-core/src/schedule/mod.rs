//! When a job is due, decided without a clock: from one instant, the next.

mod after;
mod cron;
mod due;
mod every;
mod field;
mod wall;
mod words;
mod zone;

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

pub use after::After;
pub use cron::Cron;
pub use due::Due;
pub use every::Every;
pub use zone::Zone;

use crate::error::Error;
use crate::span;

const MINUTE: Duration = Duration::from_secs(60);

/// When a job is due. Every node that knows the schedule knows the same instants.
///
/// It prints as the options that make it, in one line that is read again: `every 1h offset 10m`,
/// `cron 0 9 * * MON-FRI tz Europe/Oslo`, `after 10s`, `while_leading`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schedule {
    /// At a fixed rate.
    Every(Every),
    /// By the wall clock.
    Cron(Cron),
    /// A fixed delay after the run before.
    After(After),
    /// As long as the term lasts.
    WhileLeading,
}

impl Schedule {
    /// The first due instant after `instant`; `None` past the end of the calendar, and where no
    /// instant is due. For a delay, `instant` is when the run before ended.
    #[must_use]
    pub fn next_after(&self, instant: SystemTime) -> Option<SystemTime> {
        match self {
            Self::Every(every) => every.next_after(instant),
            Self::Cron(cron) => cron.next_after(instant),
            Self::After(after) => after.next_after(instant),
            Self::WhileLeading => None,
        }
    }

    /// Whether due instants lie a minute apart or more, whenever one looks.
    pub(crate) fn is_rare(&self) -> bool {
        match self {
            Self::Every(every) => every.interval() >= MINUTE,
            Self::Cron(cron) => cron.is_by_the_minute(),
            Self::After(_) | Self::WhileLeading => false,
        }
    }

    /// The zone whose clock it goes by.
    #[must_use]
    pub const fn zone(&self) -> Zone {
        match self {
            Self::Cron(cron) => cron.zone(),
            _ => Zone::UTC,
        }
    }

    /// It in words: `every 3 seconds`, `at 09:00 from Monday to Friday, in Europe/Oslo`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Every(every) => words::every(*every),
            Self::Cron(cron) => words::cron(cron),
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
            "cron" => Self::Cron(match value.split_once(" tz ") {
                Some((expression, zone)) => expression.parse::<Cron>()?.in_zone(zone.parse()?),
                None => value.parse()?,
            }),
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
            Self::Cron(cron) if cron.zone() == Zone::UTC => write!(f, "cron {}", cron.text()),
            Self::Cron(cron) => write!(f, "cron {} tz {}", cron.text(), cron.zone()),
            Self::After(after) => write!(f, "after {after}"),
            Self::WhileLeading => f.write_str("while_leading"),
        }
    }
}
