//! Cron expressions as in Vixie cron, by the clock of a time zone.
//!
//! The page `leader_runtime::cron` has the rules, each with its source.
//!
//! ```text
//!  text ──▶ expression ──▶ field, hash ──▶ pattern, days, month ──▶ wall ──▶ instant
//!           six fields     sets of values  next time, as bits      zone
//! ```
//!
//! The next time is found field by field, the largest field first.

mod bits;
mod days;
mod except;
mod expression;
mod field;
mod hash;
mod month;
mod pattern;
mod wall;
pub(super) mod words;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use self::except::Except;
use self::hash::Pick;
use self::pattern::Pattern;
use super::{Zone, clock};
use crate::error::Error;
use crate::seed::Seed;

/// A wall clock schedule: `0 9 * * MON-FRI`, `*/10 * * * * *`, `@daily`.
///
/// | fields | | |
/// |---|---|---|
/// | second | 0-59 | only where there are six fields; else 0 |
/// | minute | 0-59 | |
/// | hour | 0-23 | |
/// | day of month | 1-31 | also `L` the last, `L-3` three days before it, `15W` the working day nearest the 15th, `LW`, `?` |
/// | month | 1-12 | or `JAN`-`DEC` |
/// | weekday | 0-7 | 0 and 7 are Sunday, or `SUN`-`SAT`; also `5L` the last Friday, `5#2` the second, `?` |
///
/// Each takes `*`, ranges `1-5`, steps `*/2` and `1-9/2`, and lists `1,3`. Where both a day of month
/// and a weekday are given, a day that is either is due; where one of them begins with `*`, one that
/// is both. `@yearly` (`@annually`), `@monthly`, `@weekly`, `@daily` (`@midnight`) and `@hourly` are
/// read too, and with [`Cron::hashed`] an `H`. An expression that no date fulfils is refused.
///
/// A fixed time that the zone skips in spring is made up for at the first instant after the gap; one
/// that comes twice in autumn is due once, the first time. Where second, minute or hour begins with
/// a `*`, real time is followed: what is skipped is not due, and what comes twice is due twice.
///
/// The page `leader_runtime::cron` has each rule with its source.
#[derive(Clone)]
pub struct Cron {
    parsed: Arc<Parsed>,
    zone: Zone,
    except: Option<Except>,
}

struct Parsed {
    text: Box<str>,
    /// The six fields in numbers alone, a space between two.
    numbers: Box<str>,
    pattern: Pattern,
}

impl Cron {
    /// Reads an expression that may have an `H` in it, for the job of this seed.
    ///
    /// # Errors
    ///
    /// Same as [`Cron::from_str`], which refuses `H`.
    pub fn hashed(text: &str, seed: Seed) -> Result<Self, Error> {
        Expression::from_str(text)?.for_job(seed)
    }

    /// Sets the time zone.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// Leaves out these days.
    ///
    /// # Errors
    ///
    /// Where no day is left on which the cron is due.
    pub fn with_except(self, except: Except) -> Result<Self, Error> {
        if except.is_none() {
            return Ok(Self { except: None, ..self });
        }
        if self.parsed.pattern.days.ever(Some(&except)) {
            return Ok(Self { except: Some(except), ..self });
        }
        let text = self.text();
        Err(Error::new(format!(
            "except `{except}` leaves nothing of cron `{text}`; leave a day of it, or switch the job \
             off with `enabled = false`"
        )))
    }

    /// Time zone; UTC by default.
    #[must_use]
    pub const fn zone(&self) -> Zone {
        self.zone
    }

    /// Days that are left out; `None` where there are none.
    #[must_use]
    pub const fn except(&self) -> Option<&Except> {
        self.except.as_ref()
    }

    /// The expression as it was written, with single spaces, and with a number for each `H`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.parsed.text
    }

    /// The six fields, in numbers alone.
    fn fields(&self) -> [&str; 6] {
        let mut fields = self.parsed.numbers.split(' ');
        std::array::from_fn(|_| fields.next().unwrap_or("*"))
    }

    /// Whether it is due at all. It is not if its zone leaves out each of its times in spring, and a
    /// `*` in a field for the time of day means that these are not made up for.
    pub(crate) fn is_ever_due(&self) -> bool {
        // by the rules of today
        let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        let is_whole = self.zone == Zone::UTC || !self.parsed.pattern.is_wild();
        is_whole || self.next_after(begin).is_some()
    }

    /// Whether it is due at most once a minute.
    pub(crate) fn is_at_most_minutely(&self) -> bool {
        self.parsed.pattern.is_at_most_minutely()
    }

    /// Returns the first due instant after `instant`; `None` past the year 9999.
    #[must_use]
    pub fn next_after(&self, instant: SystemTime) -> Option<SystemTime> {
        let now = clock::to_calendar(instant)?;
        let pattern = &self.parsed.pattern;
        let search = |time, inclusive| pattern.next(time, inclusive, self.except());
        let next = if pattern.is_wild() {
            wall::next_shown(self.zone, now, search)
        } else {
            wall::next_passed(self.zone, now, search)
        };
        clock::from_calendar(next?)
    }

    /// Returns the last due instant before `instant`; `None` before the year -9999.
    #[must_use]
    pub fn previous_before(&self, instant: SystemTime) -> Option<SystemTime> {
        let now = clock::to_calendar(instant)?;
        let pattern = &self.parsed.pattern;
        let search = |time| pattern.previous(time, self.except());
        let previous = if pattern.is_wild() {
            wall::previous_shown(self.zone, now, search)
        } else {
            wall::previous_passed(self.zone, now, search)
        };
        clock::from_calendar(previous?)
    }
}

impl FromStr for Cron {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let expression: Expression = text.parse()?;
        match expression.for_every_job() {
            Some(cron) => Ok(cron),
            None => Err(Error::new(format!(
                "cron `{}`: `H` is a value that each job has of its own, and this is of no job; \
                 write a value",
                expression.text
            ))),
        }
    }
}

/// An expression whose `H` have no values yet, since the job is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expression {
    text: Box<str>,
    has_hash: bool,
    /// The schedule with the lowest value for each `H`.
    first: Cron,
}

impl Expression {
    /// The expression as it was written, with single spaces.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it has an `H`.
    pub(crate) const fn has_hash(&self) -> bool {
        self.has_hash
    }

    /// The schedule of the job of this seed.
    ///
    /// # Errors
    ///
    /// Where the values of several `H` for this job never meet: days of month, months and weekdays.
    pub(crate) fn for_job(&self, seed: Seed) -> Result<Cron, Error> {
        if !self.has_hash {
            return Ok(self.first.clone());
        }
        let pick = |field: &str, count: u32| seed.pick(field, count.into()) as u32;
        read(&self.text, &pick)
            .map(|(_, cron)| cron)
            .map_err(|fault| Error::new(format!("cron `{}`: {fault}", self.text)))
    }

    /// The schedule, if it is the same for every job.
    pub(crate) fn for_every_job(&self) -> Option<Cron> {
        (!self.has_hash).then(|| self.first.clone())
    }

    /// Whether it is due at most once a minute, whatever values its `H` have.
    pub(crate) fn is_at_most_minutely(&self) -> bool {
        match expression::fields(&self.text) {
            Ok(fields) if self.has_hash => expression::has_one_second(fields),
            _ => self.first.is_at_most_minutely(),
        }
    }
}

impl FromStr for Expression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match read(&text, &|_, _| 0) {
            Ok((has_hash, first)) => Ok(Self { text: text.into(), has_hash, first }),
            Err(fault) => Err(Error::new(format!("cron `{text}`: {fault}"))),
        }
    }
}

/// Reads the schedule with these hashed values; also returns whether there is any hashed value.
fn read(text: &str, pick: Pick<'_>) -> Result<(bool, Cron), String> {
    let fields = expression::fields(text)?;
    let has_hash = expression::has_hash(fields);
    let values = expression::values(fields, pick)?;
    if let Some(fault) = expression::never(fields, &values) {
        return Err(fault);
    }
    let text = match has_hash {
        true => {
            let is_short = text.split(' ').count() == 5;
            let written = values.iter().skip(is_short.into()).map(|values| values.written.as_str());
            written.collect::<Vec<_>>().join(" ")
        }
        false => text.to_owned(),
    };
    let pattern = Pattern::new(&values);
    let numbers = values.map(|values| values.text).join(" ");
    let parsed = Parsed { text: text.into(), numbers: numbers.into(), pattern };
    Ok((has_hash, Cron { parsed: Arc::new(parsed), zone: Zone::UTC, except: None }))
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        (self.text(), self.zone, &self.except) == (other.text(), other.zone, &other.except)
    }
}

impl Eq for Cron {}

impl Hash for Cron {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.text(), self.zone, &self.except).hash(state);
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("Cron");
        tuple.field(&self.parsed.text).field(&self.zone);
        if let Some(except) = &self.except {
            tuple.field(except);
        }
        tuple.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_in_one_place_is_right_in_all() {
        let days = ["*", "H", "H/9", "H(20-28)", "*/30", "*/7,H", "31", "L-28", "LW", "30W,H"];
        let months = ["*", "H", "H(2-2)", "H/5", "H(1-6)/2", "2", "H,4"];
        let weekdays = ["*", "H", "H/3", "H(5-7)", "*/7", "*/7,H", "5#5", "0L"];
        let mut read_at_all = 0;
        for day in days {
            for (month, weekday) in months.into_iter().flat_map(|m| weekdays.map(|w| (m, w))) {
                let text = format!("H H {day} {month} {weekday}");
                if read(&text, &|_, _| 0).is_err() {
                    continue;
                }
                read_at_all += 1;
                for number in 0..60 {
                    let seed = Seed::of("service/clock", &format!("job_{number}"));
                    let pick = |field: &str, count: u32| seed.pick(field, count.into()) as u32;
                    let fault = read(&text, &pick).err();
                    assert_eq!(fault, None, "{text} of {number}");
                }
            }
        }
        assert!(read_at_all > 300, "{read_at_all}");
    }
}
