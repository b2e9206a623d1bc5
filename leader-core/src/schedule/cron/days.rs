//! The days on which a cron expression is due: its day of month, month and weekday together.

use jiff_core::civil::Date;

use super::bits;
use super::except::Except;
use super::field::Values;
use super::month::Month;

/// Days of the months.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Days {
    /// Months; bit 1 is January.
    months: u16,
    numbers: u32,
    from_last: u32,
    nearest: u32,
    last_working: bool,
    weekdays: u8,
    nth: [u8; 5],
    last: u8,
    /// Whether a day must match by its number and by its weekday; otherwise either is enough.
    both: bool,
}

/// Last year of the calendar.
const LAST_YEAR: i16 = 9999;
const FIRST_YEAR: i16 = -9999;

impl Days {
    pub(super) const fn new(day: &Values, month: &Values, weekday: &Values) -> Self {
        // 7 is Sunday too
        let weekdays = (weekday.bits | weekday.bits >> 7) as u8 & 0x7f;
        Self {
            months: month.bits as u16,
            numbers: day.bits as u32,
            from_last: day.from_last,
            nearest: day.nearest,
            last_working: day.last_working,
            weekdays,
            nth: weekday.nth,
            last: weekday.last,
            both: day.is_wild || weekday.is_wild,
        }
    }

    /// Days of this month, as if the expression had every month.
    fn of(&self, month: Month) -> u32 {
        let mut days = month.days(self.numbers);
        if self.from_last != 0 {
            days |= month.before_last(self.from_last);
        }
        if self.nearest != 0 {
            days |= month.nearest(self.nearest);
        }
        if self.last_working {
            days |= month.last_working();
        }
        let mut weekdays = month.weekdays(self.weekdays);
        for (nth, &of) in (0..).zip(&self.nth).filter(|(_, of)| **of != 0) {
            weekdays |= month.nth_weekdays(of, nth);
        }
        if self.last != 0 {
            weekdays |= month.last_weekdays(self.last);
        }
        if self.both { days & weekdays } else { days | weekdays }
    }

    /// Days of a month of the calendar, without those that are left out each year.
    fn in_month(&self, year: i16, month: u32, except: Option<&Except>) -> u32 {
        let days = Month::of(year, month as i8).map_or(0, |month| self.of(month));
        days & !except.map_or(0, |except| except.each_year(month))
    }

    /// Whether there is a day in any year. There are fourteen kinds of years, and each comes again and
    /// again.
    pub(super) fn ever(&self, except: Option<&Except>) -> bool {
        let kinds = (0..7).flat_map(|first| [(first, false), (first, true)]);
        kinds.flat_map(|(first, is_leap)| Month::of_year(first, is_leap)).any(|(number, month)| {
            let left_out = except.map_or(0, |except| except.each_year(number));
            self.months >> number & 1 == 1 && self.of(month) & !left_out != 0
        })
    }

    /// Returns the first day from this date on.
    pub(super) fn next(&self, from: Date, except: Option<&Except>) -> Option<Date> {
        let mut from = from;
        loop {
            let found = self.next_of_any_year(from, except)?;
            match except.and_then(|except| except.of_this_year(found)) {
                Some((_, last)) => from = last.tomorrow().ok()?,
                None => return Some(found),
            }
        }
    }

    /// Returns the last day up to this date.
    pub(super) fn previous(&self, upto: Date, except: Option<&Except>) -> Option<Date> {
        let mut upto = upto;
        loop {
            let found = self.previous_of_any_year(upto, except)?;
            match except.and_then(|except| except.of_this_year(found)) {
                Some((first, _)) => upto = first.yesterday().ok()?,
                None => return Some(found),
            }
        }
    }

    fn next_of_any_year(&self, from: Date, except: Option<&Except>) -> Option<Date> {
        let (mut year, mut month, mut day) = parts(from);
        loop {
            match bits::next(self.months.into(), month) {
                Some(next) if next == month => {}
                Some(next) => (month, day) = (next, 1),
                None if year == LAST_YEAR => return None,
                None => (year, month, day) = (year + 1, bits::least(self.months.into()), 1),
            }
            let days = self.in_month(year, month, except);
            if let Some(day) = bits::next(days.into(), day) {
                return Date::new(year, month as i8, day as i8).ok();
            }
            (month, day) = (month + 1, 1);
        }
    }

    fn previous_of_any_year(&self, upto: Date, except: Option<&Except>) -> Option<Date> {
        let (mut year, mut month, mut day) = parts(upto);
        loop {
            match bits::previous(self.months.into(), month) {
                Some(previous) if previous == month => {}
                Some(previous) => (month, day) = (previous, 31),
                None if year == FIRST_YEAR => return None,
                None => (year, month, day) = (year - 1, bits::greatest(self.months.into()), 31),
            }
            let days = self.in_month(year, month, except);
            if let Some(day) = bits::previous(days.into(), day) {
                return Date::new(year, month as i8, day as i8).ok();
            }
            (month, day) = (month - 1, 31);
        }
    }
}

fn parts(date: Date) -> (i16, u32, u32) {
    (date.year(), date.month().unsigned_abs().into(), date.day().unsigned_abs().into())
}
