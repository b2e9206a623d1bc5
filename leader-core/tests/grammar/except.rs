//! Days that are left out.

use leader_core::{Cron, Except, Schedule};
use proptest::prelude::*;

use crate::{assert_says, due, fault};

fn days() -> impl Strategy<Value = String> {
    let each_year = (1..=12_u8, 1..=28_u8).prop_map(|(month, day)| format!("{month:02}-{day:02}"));
    let once = (2000..2100_u16, each_year.clone()).prop_map(|(year, day)| format!("{year}-{day}"));
    let range = (each_year.clone(), each_year.clone()).prop_map(|(a, b)| format!("{a}..{b}"));
    let range_once = (2000..2100_u16, each_year.clone(), each_year.clone())
        .prop_map(|(year, a, b)| format!("{year}-{}..{year}-{}", (&a).min(&b), (&a).max(&b)));
    prop_oneof![each_year, once, range, range_once]
}

fn excepts() -> impl Strategy<Value = String> {
    proptest::collection::vec(days(), 1..6).prop_map(|days| days.join(", "))
}

proptest! {
    #[test]
    fn what_is_left_out_prints_as_it_is_read(text in excepts()) {
        let except: Except = text.parse().unwrap();
        prop_assert_eq!(except.to_string().parse(), Ok(except));
        if let Ok(schedule) = format!("cron 0 9 * * * except {text}").parse::<Schedule>() {
            prop_assert_eq!(schedule.to_string().parse(), Ok(schedule.clone()));
            prop_assert!(schedule.words().contains(", except "), "{}", schedule.words());
        }
    }

    /// The days that are due with it are those that are due without, but for those that it names.
    #[test]
    fn nothing_else_is_left_out(text in excepts(), year in 1999..2101_u16) {
        let daily: Cron = "0 12 * * *".parse().unwrap();
        let Ok(but) = daily.clone().with_except(text.parse().unwrap()) else { return Ok(()) };
        let mut instant = crate::parsed(&format!("{year}-12-20T00:00:00Z"));
        let mut next = but.next_after(instant);
        for _ in 0..400 {
            let all = daily.next_after(instant).unwrap();
            let day = leader_core::Due::new(all).to_string()[..10].to_owned();
            let is_left_out = text.split(", ").any(|item| names(item, &day));
            prop_assert_eq!(next == Some(all), !is_left_out, "{} of {}", day, text);
            if !is_left_out {
                next = but.next_after(all);
            }
            instant = all;
        }
    }
}

/// By the texts alone: dates of one form are in the order of their texts.
fn names(item: &str, day: &str) -> bool {
    let (first, last) = item.split_once("..").unwrap_or((item, item));
    let day = if first.len() == 5 { &day[5..] } else { day };
    match first <= last {
        true => first <= day && day <= last,
        false => first <= day || day <= last,
    }
}

#[test]
fn days_are_left_out_once_or_each_year() {
    let schedule = "cron 0 9 24-26 12 * except 2026-12-24..2026-12-25, 12-26";
    let schedule: Schedule = schedule.parse().unwrap();
    let next = |from: &str| {
        let next = schedule.next_after(crate::parsed(from)).unwrap();
        leader_core::Due::new(next).to_string()
    };
    assert_eq!(next("2026-01-01T00:00:00Z"), "2027-12-24T09:00:00Z");
    assert_eq!(next("2027-12-25T12:00:00Z"), "2028-12-24T09:00:00Z");
    assert_eq!(due("0 9 24-26 12 *", "2026-01-01T00:00:00Z", 1), ["2026-12-24T09:00:00Z"]);
}

#[test]
fn none_leaves_nothing_out() {
    let daily: Cron = "@daily".parse().unwrap();
    let none: Except = "none".parse().unwrap();
    assert_eq!((none.is_none(), none.to_string().as_str()), (true, "none"));
    assert_eq!(daily.clone().with_except(none), Ok(daily));
}

#[test]
fn what_is_left_out_is_told_in_words() {
    for (text, words) in [
        ("cron @daily except 12-25", "at 00:00 every day, in UTC, except on 25 December"),
        (
            "cron 0 9 * * MON-FRI tz Europe/Oslo except 2026-12-24..2027-01-02, 12-30..01-02",
            "at 09:00 from Monday to Friday, in Europe/Oslo, except from 24 December 2026 to 2 \
             January 2027 and from 30 December to 2 January",
        ),
    ] {
        assert_eq!(text.parse::<Schedule>().expect(text).words(), words, "{text}");
    }
}

#[test]
fn a_bad_day_is_told_what_to_write() {
    for (text, parts) in [
        ("", &["empty item", "`12-25, 2026-12-24..2027-01-02`", "`none`"][..]),
        ("12-25,", &["empty item"]),
        ("25.12.2026", &["`25.12.2026` is no date", "`2026-12-24`"]),
        ("12-5", &["`12-5` is no date"]),
        ("26-12-24", &["`26-12-24` is no date"]),
        ("2026-12-24-25", &["is no date"]),
        ("2026-12-24...2026-12-25", &["`.2026-12-25` is no date"]),
        ("2026-12-24 - 2026-12-25", &["is no date", "`..` between the ends"]),
        ("02-30", &["no day 30 in February", "write another"]),
        ("2027-02-29", &["no day 29 in February 2027"]),
        ("11-31", &["no day 31 in November"]),
        ("13-01", &["no month 13", "01 to 12"]),
        ("00-01", &["no month 00"]),
        ("12-00", &["no day 00 in December"]),
        ("2027-01-02..2026-12-24", &["runs backwards", "`2026-12-24..2027-01-02`"]),
        ("2026-12-24..01-02", &["a year at one end alone", "at both"]),
        ("2026-01-01..2027-01-02", &["longer than a year", "366 days", "`enabled = false`"]),
        (&["12-25"; 101].join(","), &["101 items", "at most 100"]),
    ] {
        assert_says(&fault::<Except>(text), parts);
        assert_says(&fault::<Except>(text), &["except"]);
    }
}

#[test]
fn what_leaves_nothing_of_a_cron_is_refused() {
    for (cron, except) in [
        ("0 9 24 12 *", "12-20..01-02"),
        ("0 9 * * *", "01-01..12-31"),
        ("0 9 * * *", "07-01..06-30"),
        ("0 0 29 2 *", "02-29"),
        ("0 0 L 2 *", "02-28, 02-29"),
        ("0 0 * 1,2 *", "01-01..02-29"),
        ("0 0 31 * *", "01-31, 03-31, 05-31, 07-31, 08-31, 10-31, 12-31"),
    ] {
        let parsed = cron.parse::<Cron>().expect(cron);
        let fault = parsed.with_except(except.parse().expect(except)).expect_err(cron).to_string();
        assert_says(&fault, &["leaves nothing", cron, except, "`enabled = false`"]);
    }
    for (cron, except) in [
        ("0 0 L 2 *", "02-28"),
        ("0 0 L 2 *", "02-29"),
        ("0 9 * * *", "01-02..12-31"),
        // a year that is left out is over some day
        ("0 9 24 12 *", "2026-12-01..2027-11-30"),
    ] {
        let parsed = cron.parse::<Cron>().expect(cron);
        let but = parsed.with_except(except.parse().expect(except)).expect(except);
        assert!(but.next_after(crate::parsed("2026-01-01T00:00:00Z")).is_some(), "{except}");
    }
}
