//! The days of a month as bits: day 1 is bit 1.

use jiff_core::civil::Date;

use super::bits;

/// A month of the calendar: the weekday of its first day, and its length.
#[derive(Clone, Copy)]
pub(super) struct Month {
    /// The weekday of its first day; Sunday is 0.
    first: u32,
    length: u32,
}

/// Monday to Friday.
const WORKING: u32 = 0b011_1110;

/// The first days of five weeks.
const WEEKS: u64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28;

impl Month {
    pub(super) fn of(year: i16, month: i8) -> Option<Self> {
        let date = Date::new(year, month, 1).ok()?;
        let first = date.weekday().to_sunday_zero_offset();
        Some(Self {
            first: first.unsigned_abs().into(),
            length: date.days_in_month().unsigned_abs().into(),
        })
    }

    /// The twelve months of a year that begins with this weekday.
    pub(super) fn of_year(first: u32, is_leap: bool) -> impl Iterator<Item = (u32, Self)> {
        (1..=12).scan(first % 7, move |first, month| {
            let length = if month == 2 && !is_leap { 28 } else { longest(month) };
            let found = Self { first: *first, length };
            *first = (*first + length) % 7;
            Some((month, found))
        })
    }

    /// Every day of the month.
    const fn all(self) -> u32 {
        (u32::MAX >> (31 - self.length)) & !1
    }

    /// These days, without those that the month does not have.
    pub(super) const fn days(self, days: u32) -> u32 {
        days & self.all()
    }

    /// Days at these distances before the last day; bit 0 is the last day itself.
    pub(super) const fn before_last(self, distances: u32) -> u32 {
        self.days(distances.reverse_bits() >> (31 - self.length))
    }

    /// Days with these weekdays; Sunday is bit 0.
    pub(super) const fn weekdays(self, weekdays: u8) -> u32 {
        let weeks = self.week(weekdays) as u64 * WEEKS;
        self.days((weeks << 1) as u32)
    }

    /// Days with these weekdays in the `nth` seven days, from 0 on.
    pub(super) const fn nth_weekdays(self, weekdays: u8, nth: u32) -> u32 {
        self.days(self.week(weekdays) << (7 * nth + 1))
    }

    /// Days with these weekdays in the last seven days.
    pub(super) const fn last_weekdays(self, weekdays: u8) -> u32 {
        self.weekdays(weekdays) & (0x7f << (self.length - 6))
    }

    /// These weekdays as places within seven days of this month.
    const fn week(self, weekdays: u8) -> u32 {
        let weekdays = weekdays as u32;
        (weekdays >> self.first | weekdays << (7 - self.first)) & 0x7f
    }

    const fn weekday(self, day: u32) -> u32 {
        (self.first + day - 1) % 7
    }

    /// The working day that is nearest to this one, within the month.
    pub(super) const fn nearest_working(self, day: u32) -> u32 {
        match self.weekday(day) {
            6 if day == 1 => 3,
            6 => day - 1,
            0 if day == self.length => day - 2,
            0 => day + 1,
            _ => day,
        }
    }

    /// The nearest working day of each of these days that the month has.
    pub(super) fn nearest(self, days: u32) -> u32 {
        let days = bits::each(self.days(days).into());
        days.fold(0, |found, day| found | 1 << self.nearest_working(day))
    }

    /// The last working day.
    pub(super) const fn last_working(self) -> u32 {
        let mut day = self.length;
        while WORKING >> self.weekday(day) & 1 == 0 {
            day -= 1;
        }
        1 << day
    }
}

/// Maximum length of this month.
pub(super) const fn longest(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::Month;

    /// Day by day, as a wall calendar has it.
    #[test]
    fn bits_are_the_days_of_a_calendar() {
        for (year, month) in (2000..2030).flat_map(|year| (1..=12).map(move |month| (year, month)))
        {
            let days = Month::of(year, month).unwrap();
            let first = Date::new(year, month, 1).unwrap();
            let all: Vec<_> = first
                .series(jiff::Span::new().days(1))
                .take_while(|day| day.month() == month)
                .collect();
            let bit = |day: &Date| 1_u32 << day.day();
            let bits = |days: &[Date]| days.iter().fold(0, |bits, day| bits | bit(day));
            assert_eq!(days.all(), bits(&all));
            for weekday in 0..7_u8 {
                let of: Vec<_> = all
                    .iter()
                    .filter(|day| day.weekday().to_sunday_zero_offset() == weekday.cast_signed())
                    .copied()
                    .collect();
                assert_eq!(days.weekdays(1 << weekday), bits(&of), "{first} {weekday}");
                for nth in 0..5 {
                    let nth_day = of.get(nth as usize).map_or(0, bit);
                    assert_eq!(
                        days.nth_weekdays(1 << weekday, nth),
                        nth_day,
                        "{first} {weekday}#{nth}"
                    );
                }
                assert_eq!(
                    days.last_weekdays(1 << weekday),
                    of.last().map_or(0, bit),
                    "{first} {weekday}L"
                );
            }
            for distance in 0..31_usize {
                let day = all.len().checked_sub(distance + 1).map_or(0, |place| bit(&all[place]));
                assert_eq!(days.before_last(1 << distance), day, "{first} L-{distance}");
            }
            let works = |day: &&Date| (1..6).contains(&day.weekday().to_sunday_zero_offset());
            assert_eq!(days.last_working(), all.iter().rfind(works).map_or(0, bit), "{first} LW");
            for day in &all {
                let near =
                    all.iter().filter(works).min_by_key(|other| (other.day() - day.day()).abs());
                assert_eq!(
                    1 << days.nearest_working(day.day().unsigned_abs().into()),
                    near.map_or(0, bit),
                    "{day} W"
                );
            }
        }
    }

    #[test]
    fn a_year_has_its_twelve_months_also_without_a_number() {
        for year in 2000..2030 {
            let first = Month::of(year, 1).unwrap().first;
            let is_leap = Date::new(year, 1, 1).unwrap().in_leap_year();
            for (month, found) in Month::of_year(first, is_leap) {
                let known = Month::of(year, month as i8).unwrap();
                assert_eq!(
                    (found.first, found.length),
                    (known.first, known.length),
                    "{year}-{month}"
                );
            }
        }
    }
}
