//! Days on which a cron is not due: `2026-12-24..2027-01-02, 12-25`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff_core::civil::Date;

use crate::error::Error;

/// Days on which a cron is not due, by the calendar of its zone.
///
/// A list of dates and of ranges that include both ends: `2026-12-24..2027-01-02, 12-25`. A date
/// without a year is left out each year; such a range may run over the end of the year. `none` leaves
/// nothing out, so that settings can take back the `except` of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Except(Arc<Parsed>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parsed {
    items: Box<[Item]>,
    /// Days of each month that are left out in any year; January is 0, and bit 1 is the first day.
    each_year: [u32; 12],
    /// Ranges of one year, in order and disjoint, with a day between each two.
    once: Box<[(Date, Date)]>,
}

/// An item as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Item {
    EachYear((i8, i8), (i8, i8)),
    Once(Date, Date),
}

/// A date, with or without a year.
type Day = (Option<i16>, i8, i8);

/// Maximum number of items: more are surely not meant.
const MOST: usize = 100;

/// Maximum length of a range, in days.
const LONGEST: i32 = 366;

/// A year in which every month has all of its days.
const LEAP: i16 = 2000;

impl Except {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.items.is_empty()
    }

    /// Days of this month that are left out in any year.
    pub(super) fn each_year(&self, month: u32) -> u32 {
        self.0.each_year[month as usize - 1]
    }

    /// First and last day of the range of one year that has this day, if any has.
    pub(super) fn of_this_year(&self, day: Date) -> Option<(Date, Date)> {
        let after = self.0.once.partition_point(|(first, _)| *first <= day);
        let (first, last) = self.0.once[..after].last()?;
        (day <= *last).then_some((*first, *last))
    }

    /// Describes the days, to follow the word `except`.
    pub(super) fn words(&self) -> String {
        let date =
            |date: &Date| format!("{} {}", month_and_day(date.month(), date.day()), date.year());
        let item = |item: &Item| match item {
            Item::EachYear(one, other) if one == other => {
                format!("on {}", month_and_day(one.0, one.1))
            }
            Item::EachYear(first, last) => {
                format!(
                    "from {} to {}",
                    month_and_day(first.0, first.1),
                    month_and_day(last.0, last.1)
                )
            }
            Item::Once(one, other) if one == other => format!("on {}", date(one)),
            Item::Once(first, last) => format!("from {} to {}", date(first), date(last)),
        };
        crate::schedule::words::listed(&self.0.items.iter().map(item).collect::<Vec<_>>())
    }
}

/// Prints `25 December`.
fn month_and_day(month: i8, day: i8) -> String {
    format!("{day} {}", super::words::MONTHS[month.unsigned_abs() as usize])
}

impl Default for Except {
    /// Leaves nothing out.
    fn default() -> Self {
        Self(Arc::new(Parsed { items: [].into(), each_year: [0; 12], once: [].into() }))
    }
}

impl FromStr for Except {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let items = match text {
            "none" => Ok(Vec::new()),
            text => text.split(',').map(|text| item(text.trim())).collect::<Result<Vec<_>, _>>(),
        };
        let items = items.map_err(|fault| Error::new(format!("except `{text}`: {fault}")))?;
        if items.len() > MOST {
            let count = items.len();
            return Err(Error::new(format!(
                "except has {count} items; use at most {MOST}, of which one may be a range"
            )));
        }
        let mut each_year = [0; 12];
        let mut once = Vec::new();
        for &item in &items {
            match item {
                Item::EachYear(first, last) => {
                    let is_within = |day: (i8, i8)| match first <= last {
                        true => first <= day && day <= last,
                        false => first <= day || day <= last,
                    };
                    for (month, days) in (1..).zip(&mut each_year) {
                        let within = (1..=31).filter(|day| is_within((month, *day)));
                        *days |= within.fold(0, |days, day| days | 1 << day);
                    }
                }
                Item::Once(first, last) => once.push((first, last)),
            }
        }
        let (items, once) = (items.into(), joined(once).into());
        Ok(Self(Arc::new(Parsed { items, each_year, once })))
    }
}

/// Sorts ranges, and joins those that touch.
fn joined(mut ranges: Vec<(Date, Date)>) -> Vec<(Date, Date)> {
    ranges.sort();
    let mut joined: Vec<(Date, Date)> = Vec::new();
    for (first, last) in ranges {
        match joined.last_mut() {
            Some((_, end)) if end.tomorrow().is_ok_and(|next| first <= next) => {
                *end = last.max(*end)
            }
            _ => joined.push((first, last)),
        }
    }
    joined
}

fn item(text: &str) -> Result<Item, String> {
    if text.is_empty() {
        return Err("has an empty item; write dates such as `12-25, 2026-12-24..2027-01-02`, or \
                    `none`"
            .into());
    }
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (day(first.trim())?, day(last.trim())?);
    match (first, last) {
        ((None, month, day), (None, to_month, to_day)) => {
            Ok(Item::EachYear((month, day), (to_month, to_day)))
        }
        ((Some(_), ..), (Some(_), ..)) => {
            let (first, last) = (date(first)?, date(last)?);
            if last < first {
                let (first, last) = (printed(first), printed(last));
                return Err(format!("`{text}` runs backwards; write `{last}..{first}`"));
            }
            match first.until(last) {
                days if days >= LONGEST => Err(format!(
                    "`{text}` is longer than a year; use at most {LONGEST} days, or switch the job \
                     off with `enabled = false`"
                )),
                _ => Ok(Item::Once(first, last)),
            }
        }
        _ => Err(format!(
            "`{text}` has a year at one end alone; write it at both, or at none for each year"
        )),
    }
}

/// Reads `2026-12-24` or `12-24`.
fn day(text: &str) -> Result<Day, String> {
    let parts: Vec<_> = text.split('-').collect();
    let number = |text: &str, digits: usize| -> Option<i16> {
        let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok())?
    };
    let day = match parts[..] {
        [month, day] => number(month, 2).zip(number(day, 2)).map(|(month, day)| (None, month, day)),
        [year, month, day] => number(year, 4)
            .zip(number(month, 2))
            .zip(number(day, 2))
            .map(|((year, month), day)| (Some(year), month, day)),
        _ => None,
    };
    let Some((year, month, day)) = day else {
        return Err(format!(
            "`{text}` is no date; write `2026-12-24`, or `12-24` for each year, and `..` between \
             the ends of a range"
        ));
    };
    let day = (year, month as i8, day as i8);
    date(day).map(|_| day)
}

/// Returns the date, in a leap year where it has no year.
fn date((year, month, day): Day) -> Result<Date, String> {
    Date::new(year.unwrap_or(LEAP), month, day).map_err(|_| {
        let of = match (year, month) {
            (_, ..=0 | 13..) => return format!("there is no month {month:02}; write 01 to 12"),
            (Some(year), 2) => format!("February {year}"),
            _ => super::words::MONTHS[month.unsigned_abs() as usize].to_owned(),
        };
        format!("there is no day {day:02} in {of}; write another, or remove it")
    })
}

/// Prints `2026-12-24`.
fn printed(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

impl fmt::Display for Except {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("none");
        }
        for (place, item) in self.0.items.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            match item {
                Item::EachYear((month, day), _) => write!(f, "{month:02}-{day:02}")?,
                Item::Once(first, _) => f.write_str(&printed(*first))?,
            }
            match item {
                Item::EachYear(first, last) if first != last => {
                    write!(f, "..{:02}-{:02}", last.0, last.1)?
                }
                Item::Once(first, last) if first != last => write!(f, "..{}", printed(*last))?,
                _ => {}
            }
        }
        Ok(())
    }
}
