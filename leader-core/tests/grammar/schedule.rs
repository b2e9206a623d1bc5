//! Whole schedules: printed, read again, in words.

use std::time::{Duration, SystemTime};

use leader_core::{After, Cron, Due, Schedule, Zone};
use proptest::prelude::*;
use proptest::sample::select;

use crate::at;
use crate::cron::crons;
use crate::every::{intervals, spans_in_bounds};

pub(crate) fn zones() -> impl Strategy<Value = Zone> {
    select(vec!["UTC", "Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Etc/GMT+5"])
        .prop_map(|name| name.parse().expect("a zone"))
}

fn schedules() -> impl Strategy<Value = Schedule> {
    prop_oneof![
        intervals().prop_map(Schedule::Every),
        (crons(), zones()).prop_filter_map("never fires", |(text, zone)| {
            Some(Schedule::Cron(text.parse::<Cron>().ok()?.in_zone(zone)))
        }),
        spans_in_bounds().prop_map(|span| Schedule::After(After::new(span).expect("in bounds"))),
        Just(Schedule::WhileLeading),
    ]
}

proptest! {
    #[test]
    fn a_schedule_prints_as_it_is_read_and_has_words(schedule in schedules()) {
        prop_assert_eq!(schedule.to_string().parse(), Ok(schedule.clone()));
        prop_assert!(!schedule.words().is_empty());
    }
}

#[test]
fn a_schedule_prints_as_the_options_that_make_it() {
    for text in [
        "every 1m 30s",
        "every 1h offset 10m",
        "cron 0 9 * * MON-FRI",
        "cron 0 9 * * MON-FRI tz Europe/Oslo",
        "cron 0 9 * * MON-FRI tz Europe/Oslo except 2026-12-24..2027-01-02, 12-25",
        "cron 0 9 * * * except 12-30..01-02",
        "after 10s",
        "while_leading",
    ] {
        assert_eq!(text.parse::<Schedule>().expect(text).to_string(), text);
    }
    assert_eq!("cron   0 9  * * *".parse::<Schedule>().unwrap().to_string(), "cron 0 9 * * *");
    for text in ["", "hourly", "while_leading 3s", "every 1h offset 2h", "after 1ms"] {
        assert!(text.parse::<Schedule>().is_err(), "{text}");
    }
}

#[test]
fn a_delay_counts_from_the_end_of_the_run_before() {
    let schedule: Schedule = "after 10s".parse().unwrap();
    assert_eq!(schedule.next_after(at(7)), Some(at(17)));
    assert_eq!(Schedule::WhileLeading.next_after(at(7)), None);
}

#[test]
fn schedules_are_told_in_words() {
    for (text, words) in [
        ("every 3s", "every 3 seconds"),
        ("every 1h", "every hour"),
        ("every 1h 30m", "every 1 hour and 30 minutes"),
        ("every 1d offset 3h", "every day, shifted by 3 hours"),
        ("after 10s", "at once when a term begins, then 10 seconds after the end of each run"),
        ("while_leading", "as long as this node leads"),
        ("cron 0 9 * * MON-FRI", "at 09:00 from Monday to Friday, in UTC"),
        ("cron @daily tz Europe/Oslo", "at 00:00 every day, in Europe/Oslo"),
        ("cron 30 9,17 * * *", "at 09:30 and 17:30 every day, in UTC"),
        ("cron */10 * * * * *", "every 10 seconds, in UTC"),
        ("cron */5 8-18 * * *", "every 5 minutes of hours 8 to 18, in UTC"),
        ("cron 0-30/5 8 * * *", "every 5th minute from 0 to 30 of hour 8, in UTC"),
        ("cron */7 * * * *", "every 7th minute from the first, in UTC"),
        ("cron 15 * * * *", "at minute 15 of every hour, in UTC"),
        ("cron 15 * * * * *", "at second 15 of every minute, in UTC"),
        ("cron 15 30 6 * * *", "at 06:30:15 every day, in UTC"),
        ("cron 0 0 L * *", "at 00:00 on the last day of the month, in UTC"),
        ("cron 0 0 1,15 * *", "at 00:00 on days 1 and 15, in UTC"),
        (
            "cron 0 0 15W JAN-MAR *",
            "at 00:00 on the working day nearest day 15 in January to March, in UTC",
        ),
        ("cron 0 0 * * 5L", "at 00:00 on the last Friday of the month, in UTC"),
        ("cron 0 0 * * FRI#2", "at 00:00 on the 2nd Friday of the month, in UTC"),
        ("cron 0 0 10 * FRI", "at 00:00 on day 10 or on Friday, in UTC"),
        ("cron 0 16 */2 * SAT", "at 16:00 on every 2nd day from the first, if on Saturday, in UTC"),
        ("cron 0 0 */1 * MON-FRI", "at 00:00 from Monday to Friday, in UTC"),
        ("cron 0 0 1-9 * */7", "at 00:00 on days 1 to 9, if on Sunday, in UTC"),
        ("cron 0 0 L-3 * *", "at 00:00 on the 3rd day before the last of the month, in UTC"),
        ("cron 0 0 * */6 *", "at 00:00 every day in January and July, in UTC"),
    ] {
        assert_eq!(text.parse::<Schedule>().expect(text).words(), words, "{text}");
    }
}

#[test]
fn an_instant_prints_in_utc() {
    let instant = at(1_795_496_400) + Duration::from_millis(200);
    assert_eq!(Due::new(instant).to_string(), "2026-11-24T05:00:00.2Z");
    assert_eq!(SystemTime::from(Due::new(instant)), instant);
    assert_eq!(Due::new(instant).zoned(), "2026-11-24T05:00:00.2+00:00[UTC]");
}

proptest! {
    /// As jiff has them, of which no more than the calendar is taken.
    #[test]
    fn an_instant_prints_and_is_read_as_another_library_does(
        seconds in -377_705_023_201..253_402_207_200_i64, nanos in 0..1_000_000_000_i32,
        digits in 0..=9_u32, zone in zones(),
    ) {
        let nanos = nanos / 10_i32.pow(digits) * 10_i32.pow(digits);
        let theirs = jiff::Timestamp::new(seconds, nanos).unwrap();
        let due = Due::new(theirs.try_into().unwrap()).in_zone(zone);
        prop_assert_eq!(due.to_string(), theirs.to_string());
        prop_assert_eq!(theirs.to_string().parse::<Due>().unwrap().timestamp(), due.timestamp());
        let zoned = theirs.to_zoned_datetime(in_jiff(zone));
        prop_assert_eq!(due.zoned(), zoned.to_string());
        // an offset of seconds is not told to the second, of years long ago
        if seconds > 0 {
            prop_assert_eq!(due.time_of_day(), zoned.strftime("%a %T %:z").to_string());
            prop_assert_eq!(due.zoned().parse::<Due>().unwrap(), due);
        }
    }
}

fn in_jiff(zone: Zone) -> jiff::tz::TimeZone {
    match zone.name() {
        "UTC" => jiff::tz::TimeZone::UTC,
        name => jiff::tz::TimeZoneDatabase::bundled().get(name).expect("a zone that is built in"),
    }
}

#[test]
fn an_instant_is_read_with_any_offset() {
    for text in [
        "2026-11-24T05:00:00Z",
        "2026-11-24t05:00:00z",
        "2026-11-24 05:00Z",
        "2026-11-24T06:00:00+01:00",
        "2026-11-24T06:00:00+01",
        "2026-11-24T06:00:00.000+0100",
        "2026-11-24T06:00:00+01:00[Europe/Oslo]",
        "2026-11-23T19:30:00-09:30",
        "+002026-11-24T05:00:00Z",
    ] {
        assert_eq!(text.parse::<Due>().expect(text).to_string(), "2026-11-24T05:00:00Z", "{text}");
    }
    for text in [
        "",
        "now",
        "2026-11-24",
        "2026-11-24T05:00:00",
        "2026-11-31T05:00:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T05:00:00+1:00",
        "2026-11-24T05:00:00+01:",
        "2026-11-24T05:00:00.Z",
        "2026-11-24T05:00:00Z!",
        "26-11-24T05:00:00Z",
        "2026-11-24T05:00:00.0000000001Z",
        "2026-11-24T05:00:00+01:00[",
        "2026-11-24T06:00:00+99:00",
    ] {
        let fault = text.parse::<Due>().expect_err(text).to_string();
        crate::assert_says(&fault, &["is no instant", "`2026-11-24T05:00:00Z`"]);
    }
}
