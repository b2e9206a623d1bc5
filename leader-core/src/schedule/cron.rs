//! Cron expressions with the meaning that Vixie cron gives them, by the clock of a time zone.
//!
//! A fixed time that the zone skips in spring is made up for at the first instant after the gap; one
//! that comes twice in autumn is due once, the first time. Where second, minute or hour begins with
//! a `*`, real time is followed: what is skipped is not due, and what comes twice is due twice.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::field::{FIELDS, MONTHS, Values};
use super::{Zone, wall};
use crate::error::Error;

/// A wall clock schedule: `0 9 * * MON-FRI`, `*/10 * * * * *`, `@daily`.
///
/// | fields | | |
/// |---|---|---|
/// | second | 0-59 | only where there are six fields; else 0 |
/// | minute | 0-59 | |
/// | hour | 0-23 | |
/// | day of month | 1-31 | also `L` the last, `15W` the weekday nearest the 15th, `LW`, `?` |
/// | month | 1-12 | or `JAN`-`DEC` |
/// | weekday | 0-7 | 0 and 7 are Sunday, or `SUN`-`SAT`; also `5L` the last Friday, `5#2` the second, `?` |
///
/// Each takes `*`, ranges `1-5`, steps `*/2` and `1-9/2`, and lists `1,3`. Where both a day of month
/// and a weekday are given, a day that is either is due. `@yearly` (`@annually`), `@monthly`,
/// `@weekly`, `@daily` (`@midnight`) and `@hourly` are read too. An expression that no date fulfils
/// is refused.
#[derive(Clone)]
pub struct Cron {
    parsed: Arc<Parsed>,
    zone: Zone,
}

struct Parsed {
    text: Box<str>,
    /// The six fields in numbers alone.
    fields: [Box<str>; 6],
    /// Whether it is due once in a minute at the most.
    is_by_the_minute: bool,
    pattern: croner::Cron,
}

impl Cron {
    /// The same, by the clock of this zone.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// The zone by whose clock it is due: UTC unless told otherwise.
    #[must_use]
    pub const fn zone(&self) -> Zone {
        self.zone
    }

    /// The expression as it was written, in single spaces.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.parsed.text
    }

    pub(super) fn fields(&self) -> &[Box<str>; 6] {
        &self.parsed.fields
    }

    pub(super) fn is_by_the_minute(&self) -> bool {
        self.parsed.is_by_the_minute
    }

    /// The first due instant after `instant`; `None` past the year 4999.
    #[must_use]
    pub fn next_after(&self, instant: SystemTime) -> Option<SystemTime> {
        let now = Timestamp::try_from(instant).ok()?;
        let zone = self.zone.of_jiff();
        let search = |time: DateTime, inclusive| {
            let time = time.to_zoned(TimeZone::UTC).ok()?;
            Some(self.parsed.pattern.find_next_occurrence(&time, inclusive).ok()?.datetime())
        };
        let next = if self.is_by_real_time() {
            wall::next_shown(&zone, now, search)
        } else {
            wall::next_passed(&zone, now, search)
        };
        next.map(SystemTime::from)
    }

    /// Whether second, minute or hour is a wildcard.
    fn is_by_real_time(&self) -> bool {
        self.parsed.fields[..3].iter().any(|field| field.starts_with('*'))
    }
}

impl FromStr for Cron {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let refuse = |fault| Error::new(format!("cron `{text}`: {fault}"));
        let fields = expand(&text).map_err(refuse)?;
        let [.., day, month, weekday] = &fields;
        if weekday.is_open()
            && let Some(fault) = never(day, month)
        {
            return Err(refuse(fault));
        }
        let is_by_the_minute = fields[0].iter().count() == 1;
        let fields = fields.map(|field| field.text.into_boxed_str());
        let numbers = fields.join(" ");
        let pattern = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Disallowed)
            .build()
            .parse(&numbers)
            .map_err(|error| refuse(format!("is beyond what can be computed ({error})")))?;
        let parsed = Arc::new(Parsed { text: text.into(), fields, is_by_the_minute, pattern });
        Ok(Self { parsed, zone: Zone::UTC })
    }
}

fn expand(text: &str) -> Result<[Values; 6], String> {
    let text = match text {
        nickname if nickname.starts_with('@') => expression(nickname)?,
        text => text,
    };
    let parts: Vec<_> = text.split(' ').filter(|part| !part.is_empty()).collect();
    if let Some(zone) = parts.iter().find(|part| names_zone(part)) {
        let zone = zone.rsplit('=').next().unwrap_or(zone);
        return Err(format!("`{zone}` names a time zone; write it as `tz = \"{zone}\"`"));
    }
    let parts = match parts[..] {
        [minute, hour, day, month, weekday] => ["0", minute, hour, day, month, weekday],
        [second, minute, hour, day, month, weekday] => [second, minute, hour, day, month, weekday],
        _ => {
            let count = parts.len();
            return Err(format!(
                "has {count} fields; write 5 (minute hour day month weekday) or 6 (a second before \
                 them)"
            ));
        }
    };
    let mut fields: [Values; 6] = Default::default();
    for ((values, field), part) in fields.iter_mut().zip(&FIELDS).zip(parts) {
        *values = field.parse(part)?;
    }
    Ok(fields)
}

/// `Europe/Zurich`, or `TZ=…`: more than one letter on both sides.
fn names_zone(part: &str) -> bool {
    let is_word = |word: &str| word.len() > 1 && word.starts_with(char::is_alphabetic);
    part.split_once(['/', '=']).is_some_and(|(area, place)| is_word(area) && is_word(place))
}

fn expression(nickname: &str) -> Result<&'static str, String> {
    Ok(match nickname.to_ascii_lowercase().as_str() {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        every if every.starts_with("@every") => {
            return Err("`@every` is not a wall clock; use `every = \"5m\"`".into());
        }
        _ => {
            return Err("is unknown; use @yearly, @monthly, @weekly, @daily or @hourly".into());
        }
    })
}

/// Decided by arithmetic: croner would look at every day of three thousand years.
fn never(day: &Values, month: &Values) -> Option<String> {
    let longest = month.iter().map(days_in).max().unwrap_or(31);
    let earliest = day.iter().min()?;
    if day.floating || earliest <= longest {
        return None;
    }
    let months: Vec<_> = month.iter().map(|month| MONTHS[month as usize - 1]).collect();
    let months = months.join(", ");
    Some(format!("never fires, there is no day {earliest} in {months}; use `L` for the last day"))
}

const fn days_in(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.parsed.text == other.parsed.text && self.zone == other.zone
    }
}

impl Eq for Cron {}

impl Hash for Cron {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.text(), self.zone).hash(state);
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cron").field(&self.parsed.text).field(&self.zone).finish()
    }
}
