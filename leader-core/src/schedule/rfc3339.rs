//! Instants as texts: RFC 3339 in UTC, and RFC 9557 in a time zone.

use jiff_core::Timestamp;
use jiff_core::civil::{Date, DateTime, Time};
use jiff_core::tz::Offset;

/// `2026-11-24T05:00:00.2Z`
pub(super) fn in_utc(instant: Timestamp) -> String {
    civil(instant.to_datetime(Offset::UTC)) + "Z"
}

/// `2026-11-24T06:00:00.2+01:00[Europe/Oslo]`
pub(super) fn in_zone(instant: Timestamp, offset: Offset, name: &str) -> String {
    format!("{}{}[{name}]", civil(instant.to_datetime(offset)), hours(offset))
}

/// `Tue 06:00:00 +01:00`
pub(super) fn time_of_day(instant: Timestamp, offset: Offset) -> String {
    let time = instant.to_datetime(offset);
    let weekday = usize::from(time.date().weekday().to_sunday_zero_offset().unsigned_abs());
    let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][weekday];
    let (hour, minute, second) = (time.time().hour(), time.time().minute(), time.time().second());
    format!("{weekday} {hour:02}:{minute:02}:{second:02} {}", hours(offset))
}

fn civil(time: DateTime) -> String {
    let (date, time) = (time.date(), time.time());
    let year = match date.year() {
        before @ ..=-1 => format!("-{:06}", before.unsigned_abs()),
        year => format!("{year:04}"),
    };
    let (month, day) = (date.month(), date.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let text = format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    match time.subsec_nanosecond() {
        0 => text,
        nanos => text + "." + format!("{nanos:09}").trim_end_matches('0'),
    }
}

/// Prints an offset to the nearest minute, the resolution of the format: `+01:00`.
fn hours(offset: Offset) -> String {
    let sign = if offset.seconds() < 0 { '-' } else { '+' };
    let minutes = (offset.seconds().unsigned_abs() + 30) / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Reads an instant of RFC 3339 with any offset, and ignores the annotations of RFC 9557.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let mut rest = Rest(text.as_bytes());
    let year = match rest.take(b"-+") {
        Some(b'-') => -rest.number(6)?,
        Some(_) => rest.number(6)?,
        None => rest.number(4)?,
    };
    rest.take(b"-")?;
    let month = rest.number(2)?;
    rest.take(b"-")?;
    let day = rest.number(2)?;
    rest.take(b"Tt ")?;
    let hour = rest.number(2)?;
    rest.take(b":")?;
    let minute = rest.number(2)?;
    let (mut second, mut nanos) = (0, 0);
    if rest.take(b":").is_some() {
        // a leap second is the one before
        second = rest.number(2)?;
        second = if second == 60 { 59 } else { second };
        if rest.take(b".,").is_some() {
            nanos = rest.fraction()?;
        }
    }
    let offset = rest.offset()?;
    let is_annotated = rest.0.first() == Some(&b'[') && rest.0.last() == Some(&b']');
    if !rest.0.is_empty() && !is_annotated {
        return None;
    }
    let date = Date::new(i16::try_from(year).ok()?, month as i8, day as i8).ok()?;
    let time = Time::new(hour as i8, minute as i8, second as i8, nanos).ok()?;
    offset.to_timestamp(DateTime::from_parts(date, time)).ok()
}

/// Bytes that were not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Reads one byte, if it is one of these.
    fn take(&mut self, any: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        any.contains(&first).then(|| {
            self.0 = rest;
            first
        })
    }

    /// Reads a number with this count of digits.
    fn number(&mut self, digits: usize) -> Option<i32> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| i32::from(byte - b'0'));
        let number = number.iter().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))?;
        self.0 = rest;
        Some(number)
    }

    /// Reads nanoseconds, of one to nine digits.
    fn fraction(&mut self) -> Option<i32> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        Some(self.number(digits)? * 10_i32.pow(9 - digits as u32))
    }

    /// Reads `Z`, `+01:00`, `+0100` or `+01`.
    fn offset(&mut self) -> Option<Offset> {
        let sign = match self.take(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(Offset::UTC),
        };
        let hours = self.number(2)?;
        let is_parted = self.take(b":").is_some();
        let minutes = self.number(2);
        if (is_parted && minutes.is_none()) || minutes.is_some_and(|minutes| minutes > 59) {
            return None;
        }
        Offset::from_seconds(sign * (hours * 60 + minutes.unwrap_or(0)) * 60).ok()
    }
}
