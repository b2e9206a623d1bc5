//! Durations as people write them: whole numbers with units, the largest unit first, each once.
//!
//! `3s`, `1h30m`, `1h 30m`, `250ms`. Units are `w d h m s ms us ns`. Refused are a number without a
//! unit, since people read it in different units; months and years, since their lengths differ; and
//! fractions, since `1s 500ms` means the same.

use std::time::Duration;

use crate::error::Error;

const SECOND: u64 = 1_000_000_000;

/// A unit of time.
pub(crate) struct Unit {
    name: &'static str,
    /// Singular of the unit in a sentence.
    pub(crate) word: &'static str,
    nanos: u64,
}

/// Units, the largest first.
const UNITS: [Unit; 8] = [
    Unit { name: "w", word: "week", nanos: 7 * 24 * 3600 * SECOND },
    Unit { name: "d", word: "day", nanos: 24 * 3600 * SECOND },
    Unit { name: "h", word: "hour", nanos: 3600 * SECOND },
    Unit { name: "m", word: "minute", nanos: 60 * SECOND },
    Unit { name: "s", word: "second", nanos: SECOND },
    Unit { name: "ms", word: "millisecond", nanos: 1_000_000 },
    Unit { name: "us", word: "microsecond", nanos: 1_000 },
    Unit { name: "ns", word: "nanosecond", nanos: 1 },
];

/// Reads a duration, which may be `0s`: the caller checks the bounds.
///
/// # Errors
///
/// Where the text has no unit, an unknown unit, or units out of order; where the duration is longer
/// than a [`Duration`] can be (584 billion years).
pub fn parse(text: &str) -> Result<Duration, Error> {
    let mut nanos: u128 = 0;
    let mut allowed = &UNITS[..];
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, tail) = split(rest, |c| c.is_ascii_digit());
        let (unit, tail) = split(tail, char::is_alphabetic);
        if digits.is_empty() || unit.is_empty() {
            return Err(malformed(text, digits, tail));
        }
        let Some(Unit { nanos: length, .. }) = UNITS.iter().find(|one| one.name == unit) else {
            return Err(unknown_unit(text, digits, unit));
        };
        let Some(place) = allowed.iter().position(|one| one.name == unit) else {
            return Err(Error::new(format!(
                "duration `{text}` is out of order; write the largest unit first, each once: \
                 `1h 30m`"
            )));
        };
        allowed = &allowed[place + 1..];
        let count: u64 = digits.parse().map_err(|_| too_long(text))?;
        nanos += u128::from(count) * u128::from(*length);
        rest = tail.trim_start_matches(' ');
    }
    if allowed.len() == UNITS.len() {
        return Err(Error::new("the duration is empty; write one such as `3s` or `1h 30m`"));
    }
    from_nanos(nanos).ok_or_else(|| too_long(text))
}

/// Prints a duration as [`parse`] reads it: `1h 30m`. Weeks are printed as days.
#[must_use]
pub fn print(span: Duration) -> String {
    let parts: Vec<_> = parts(span).map(|(count, unit)| format!("{count}{}", unit.name)).collect();
    if parts.is_empty() { "0s".into() } else { parts.join(" ") }
}

/// Parts of a duration: each unit with its count, without zeros and weeks.
pub(crate) fn parts(span: Duration) -> impl Iterator<Item = (u128, &'static Unit)> {
    let mut rest = span.as_nanos();
    UNITS[1..].iter().filter_map(move |unit| {
        let count = rest / u128::from(unit.nanos);
        rest %= u128::from(unit.nanos);
        (count > 0).then_some((count, unit))
    })
}

/// Returns `None` where a [`Duration`] cannot hold the nanoseconds.
pub(crate) fn from_nanos(nanos: u128) -> Option<Duration> {
    let second = u128::from(SECOND);
    let seconds = u64::try_from(nanos / second).ok()?;
    let nanos = u32::try_from(nanos % second).ok()?;
    Some(Duration::new(seconds, nanos))
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

fn malformed(text: &str, digits: &str, tail: &str) -> Error {
    let (word, _) = split(tail.trim_start(), char::is_alphabetic);
    Error::new(if let (false, Some(unit)) = (digits.is_empty(), meant(word)) {
        format!("duration `{text}` has a space before its unit; write `{digits}{unit}`")
    } else if digits.is_empty() {
        format!("duration `{text}` is not a number with a unit; write one such as `3s` or `1h 30m`")
    } else if tail.starts_with(['.', ',']) {
        format!("duration `{text}` has a fraction; write whole numbers: `1s 500ms` for 1.5 s")
    } else {
        format!("duration `{text}` has no unit after `{digits}`; write `{digits}s` for seconds")
    })
}

fn unknown_unit(text: &str, digits: &str, unit: &str) -> Error {
    if matches!(
        unit.to_lowercase().as_str(),
        "mo" | "mon" | "month" | "months" | "y" | "yr" | "year" | "years"
    ) {
        return Error::new(format!(
            "duration `{text}`: no two months or years are of one length; count days: `30d`"
        ));
    }
    Error::new(match meant(unit) {
        Some(meant) => {
            format!("duration `{text}` has the unknown unit `{unit}`; write `{digits}{meant}`")
        }
        None => format!(
            "duration `{text}` has the unknown unit `{unit}`; units are w, d, h, m, s, ms, us and ns"
        ),
    })
}

/// Unit that a word means, such as `hours`.
fn meant(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "w" | "week" | "weeks" => "w",
        "d" | "day" | "days" => "d",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "ms" | "msec" | "milli" | "millis" | "millisecond" | "milliseconds" => "ms",
        "us" | "µs" | "μs" | "micro" | "micros" | "microsecond" | "microseconds" => "us",
        "ns" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => "ns",
        _ => return None,
    })
}

fn too_long(text: &str) -> Error {
    Error::new(format!("duration `{text}` is too long to count; use less than 584 billion years"))
}
