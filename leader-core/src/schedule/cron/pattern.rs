//! The normal form of a cron expression: sets of bits. Finds the next and the previous time of a wall
//! clock, the largest field first and without an allocation.

use jiff_core::civil::{Date, DateTime, Time};

use super::bits;
use super::days::Days;
use super::except::Except;
use super::field::Values;

/// Days, and times of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    seconds: u64,
    minutes: u64,
    hours: u32,
    pub(super) days: Days,
    /// Whether second, minute or hour begins with a `*`.
    is_wild: bool,
}

impl Pattern {
    pub(super) const fn new([second, minute, hour, day, month, weekday]: &[Values; 6]) -> Self {
        Self {
            seconds: second.bits,
            minutes: minute.bits,
            hours: hour.bits as u32,
            days: Days::new(day, month, weekday),
            is_wild: second.is_wild || minute.is_wild || hour.is_wild,
        }
    }

    /// Whether it follows real time when the clock of its zone is set.
    pub(super) const fn is_wild(&self) -> bool {
        self.is_wild
    }

    /// Whether it is due at most once a minute.
    pub(super) const fn is_at_most_minutely(&self) -> bool {
        self.seconds.is_power_of_two()
    }

    /// Returns the first time after `time`, or at `time` if `inclusive`.
    pub(super) fn next(
        &self,
        time: DateTime,
        inclusive: bool,
        except: Option<&Except>,
    ) -> Option<DateTime> {
        let date = self.days.next(time.date(), except)?;
        if date != time.date() {
            return at(date, self.first_time());
        }
        let (hour, minute, second) = parts(time.time());
        // a fraction of the second has passed
        let is_past = !inclusive || time.time().subsec_nanosecond() > 0;
        match self.next_time(hour, minute, second + u32::from(is_past)) {
            Some(time) => at(date, time),
            None => at(self.days.next(date.tomorrow().ok()?, except)?, self.first_time()),
        }
    }

    /// Returns the last time before `time`.
    pub(super) fn previous(&self, time: DateTime, except: Option<&Except>) -> Option<DateTime> {
        let date = self.days.previous(time.date(), except)?;
        if date != time.date() {
            return at(date, self.last_time());
        }
        let (hour, minute, second) = parts(time.time());
        // the second that has begun lies before `time`
        let end = second + u32::from(time.time().subsec_nanosecond() > 0);
        match self.previous_time(hour, minute, end) {
            Some(time) => at(date, time),
            None => at(self.days.previous(date.yesterday().ok()?, except)?, self.last_time()),
        }
    }

    /// Returns the first time of a day from this time on; a second of 60 is the next minute.
    fn next_time(&self, hour: u32, minute: u32, second: u32) -> Option<(u32, u32, u32)> {
        let is_hour = self.hours >> hour & 1 == 1;
        if is_hour
            && self.minutes >> minute & 1 == 1
            && let Some(second) = bits::next(self.seconds, second)
        {
            return Some((hour, minute, second));
        }
        if is_hour && let Some(minute) = bits::next(self.minutes, minute + 1) {
            return Some((hour, minute, bits::least(self.seconds)));
        }
        let hour = bits::next(self.hours.into(), hour + 1)?;
        Some((hour, bits::least(self.minutes), bits::least(self.seconds)))
    }

    /// Returns the last time of a day before this time.
    fn previous_time(&self, hour: u32, minute: u32, second: u32) -> Option<(u32, u32, u32)> {
        let previous = |bits, end: u32| bits::previous(bits, end.checked_sub(1)?);
        let is_hour = self.hours >> hour & 1 == 1;
        if is_hour
            && self.minutes >> minute & 1 == 1
            && let Some(second) = previous(self.seconds, second)
        {
            return Some((hour, minute, second));
        }
        if is_hour && let Some(minute) = previous(self.minutes, minute) {
            return Some((hour, minute, bits::greatest(self.seconds)));
        }
        let hour = previous(self.hours.into(), hour)?;
        Some((hour, bits::greatest(self.minutes), bits::greatest(self.seconds)))
    }

    const fn first_time(&self) -> (u32, u32, u32) {
        let hour = bits::least(self.hours as u64);
        (hour, bits::least(self.minutes), bits::least(self.seconds))
    }

    const fn last_time(&self) -> (u32, u32, u32) {
        let hour = bits::greatest(self.hours as u64);
        (hour, bits::greatest(self.minutes), bits::greatest(self.seconds))
    }
}

fn parts(time: Time) -> (u32, u32, u32) {
    let part = |part: i8| part.unsigned_abs().into();
    (part(time.hour()), part(time.minute()), part(time.second()))
}

fn at(date: Date, (hour, minute, second): (u32, u32, u32)) -> Option<DateTime> {
    let time = Time::new(hour as i8, minute as i8, second as i8, 0).ok()?;
    Some(DateTime::from_parts(date, time))
}
